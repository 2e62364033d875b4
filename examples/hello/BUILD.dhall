let C =
      ( https://straylight.cx/rules/c/v1.dhall
          sha256:898dbea21210da7486182d1e2dd79c90583b61a1def877d6513637e5868130fa
      ).with-toolchain
        (./toolchains.dhall).native

let hello = C.binary C.Binary::{ name = "hello", srcs = [ "main.c" ] }

in  { hello }
