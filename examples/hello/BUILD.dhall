let C =
      ( https://straylight.cx/rules/c/v1.dhall
          sha256:800a7219cd093327c7279d480ba6d771c3aa77a1b7a8d79c7643bdf1f950840e
      ).with-toolchain
        (./toolchains.dhall).native

let hello = C.binary C.Binary::{ name = "hello", srcs = [ "main.c" ] }

in  { hello }
