-- What the packages of this workspace have in common: one place for the imports and the toolchain.
let toolchains = ./toolchains.dhall

in  { A =
        https://straylight.cx/rules/action/v1.dhall
          sha256:84bc8faa9675ccf94e868945baaa63569c8ee91571ad44c4a8d2ccba2c9a1e3f
    , C =
        ( https://straylight.cx/rules/c/v1.dhall
            sha256:e4a82d3694568d80158eef10bc0b4f93e847137ce1647b80af82a9cf4b81ae12
        ).with-toolchain
          toolchains.native
    , libs = toolchains.libs
    }
