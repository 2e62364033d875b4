let C =
      ( https://straylight.cx/rules/c/v1.dhall
          sha256:c61efcbc28c653900f224f59cbdc84133cb08ae1eba218268f7c9b9206384258
      ).with-toolchain
        (./toolchains.dhall).native

let hello = C.binary C.Binary::{ name = "hello", srcs = [ "main.c" ] }

in  { hello }
