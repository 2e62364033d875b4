-- What the packages of this workspace have in common: one place for the imports and the toolchain.
let toolchains = ./toolchains.dhall

in  { A =
        https://straylight.cx/rules/action/v1.dhall
          sha256:7424e08d092d1d6be26eb4e8421d7176fddd6caaa82111d35859a77ccc598299
    , C =
        ( https://straylight.cx/rules/c/v1.dhall
            sha256:898dbea21210da7486182d1e2dd79c90583b61a1def877d6513637e5868130fa
        ).with-toolchain
          toolchains.native
    , libs = toolchains.libs
    }
