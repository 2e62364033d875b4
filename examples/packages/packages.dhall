-- What the packages of this workspace have in common: one place for the imports and the toolchain.
let toolchains = ./toolchains.dhall

in  { A =
        https://straylight.cx/rules/action/v1.dhall
          sha256:0e8cfaceaa9c2656f6fbff4e5fc919f4fe09addc81d1c4ae517c6cd6caefb879
    , C =
        ( https://straylight.cx/rules/c/v1.dhall
            sha256:137735793ddab5f5705d85db4fb59ab6b2ed2c7a1c53520bd3cbbbe61a37f109
        ).with-toolchain
          toolchains.native
    , libs = toolchains.libs
    }
