-- What the packages of this workspace have in common: one place for the imports and the toolchain.
let toolchains = ./toolchains.dhall

in  { A =
        https://straylight.cx/rules/action/v1.dhall
          sha256:e78639fb52861b807e5b85e26b440edbd85696f42f2e03d62a3fbb17a6ae20a4
    , C =
        ( https://straylight.cx/rules/c/v1.dhall
            sha256:c61efcbc28c653900f224f59cbdc84133cb08ae1eba218268f7c9b9206384258
        ).with-toolchain
          toolchains.native
    , libs = toolchains.libs
    }
