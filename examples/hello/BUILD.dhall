let C =
      ( https://straylight.cx/rules/c/v1.dhall
          sha256:731968b1609a382e7a66a6e23e8e417173c5db634d286308a5315f4016134e5f
      ).with-toolchain
        (./toolchains.dhall).native

let hello = C.binary C.Binary::{ name = "hello", srcs = [ "main.c" ] }

in  { hello }
