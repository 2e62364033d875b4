-- What the packages of this workspace have in common: one place for the imports and the toolchain.
let toolchains = ./toolchains.dhall

in  { A =
        https://straylight.cx/rules/action/v1.dhall
          sha256:e78639fb52861b807e5b85e26b440edbd85696f42f2e03d62a3fbb17a6ae20a4
    , C =
        ( https://straylight.cx/rules/c/v1.dhall
            sha256:ebc2326530b6b5f033dcc48d3a99af509cde268ad15342d656d4b9d555d23f08
        ).with-toolchain
          toolchains.native
    , libs = toolchains.libs
    }
