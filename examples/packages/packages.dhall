-- What the packages of this workspace have in common: one place for the imports and the toolchain.
let toolchains = ./toolchains.dhall

in  { D =
        https://straylight.cx/dice/v1.dhall
          sha256:0000000000000000000000000000000000000000000000000000000000000000
    , A =
        https://straylight.cx/rules/action/v1.dhall
          sha256:0000000000000000000000000000000000000000000000000000000000000000
    , C =
        ( https://straylight.cx/rules/c/v1.dhall
            sha256:0000000000000000000000000000000000000000000000000000000000000000
        ).with-toolchain
          toolchains.native
    , libs = toolchains.libs
    }
