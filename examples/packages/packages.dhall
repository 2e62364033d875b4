-- What the packages of this workspace have in common: one place for the imports and the toolchain.
let toolchains = ./toolchains.dhall

in  { D =
        https://straylight.cx/dice/v1.dhall
          sha256:3af0fd6259e2cd42e0d3639d7ff315012be68a4c571725c110c2fd168aff6ea8
    , A =
        https://straylight.cx/rules/action/v1.dhall
          sha256:7424e08d092d1d6be26eb4e8421d7176fddd6caaa82111d35859a77ccc598299
    , C =
        ( https://straylight.cx/rules/c/v1.dhall
            sha256:95c0c6b8d81e365acd19ab158f9191d959b9e9a45d42a1cf66b681cdafc59a0b
        ).with-toolchain
          toolchains.native
    , libs = toolchains.libs
    }
