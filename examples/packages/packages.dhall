-- What the packages of this workspace have in common: one place for the imports and the toolchain.
let toolchains = ./toolchains.dhall

in  { A =
        https://straylight.cx/rules/action/v1.dhall
          sha256:e78639fb52861b807e5b85e26b440edbd85696f42f2e03d62a3fbb17a6ae20a4
    , C =
        ( https://straylight.cx/rules/c/v1.dhall
            sha256:800a7219cd093327c7279d480ba6d771c3aa77a1b7a8d79c7643bdf1f950840e
        ).with-toolchain
          toolchains.native
    , libs = toolchains.libs
    }
