let C =
      ( https://straylight.cx/rules/c/v1.dhall
          sha256:95c0c6b8d81e365acd19ab158f9191d959b9e9a45d42a1cf66b681cdafc59a0b
      ).with-toolchain
        (./toolchains.dhall).native

let hello = C.binary C.Binary::{ name = "hello", srcs = [ "main.c" ] }

in  { hello }
