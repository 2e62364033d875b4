let C =
      ( https://straylight.cx/rules/c/v1.dhall
          sha256:8c8a838982e1f72f237b62c23e65d3d9a43c78e8037d3b50dc705ba10a9313b5
      ).with-toolchain
        (./toolchains.dhall).native

let hello = C.binary C.Binary::{ name = "hello", srcs = [ "main.c" ] }

in  { hello }
