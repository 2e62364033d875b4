-- What the packages of this workspace have in common: one place for the imports and the toolchain.
let toolchains = ./toolchains.dhall

in  { A =
        https://straylight.cx/rules/action/v1.dhall
          sha256:c3c854efb4f29abe00437abd02d42358918c435b2a3d77ebf7875a492ae91123
    , C =
        ( https://straylight.cx/rules/c/v1.dhall
            sha256:8c8a838982e1f72f237b62c23e65d3d9a43c78e8037d3b50dc705ba10a9313b5
        ).with-toolchain
          toolchains.native
    , libs = toolchains.libs
    }
