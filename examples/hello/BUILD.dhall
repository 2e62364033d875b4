let C =
      ( https://straylight.cx/rules/c/v1.dhall
          sha256:0000000000000000000000000000000000000000000000000000000000000000
      ).with-toolchain
        (./toolchains.dhall).native

let hello = C.binary C.Binary::{ name = "hello", srcs = [ "main.c" ] }

in  { hello }
