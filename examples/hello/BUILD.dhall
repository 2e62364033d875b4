let C =
      ( https://straylight.cx/rules/c/v1.dhall
          sha256:ebc2326530b6b5f033dcc48d3a99af509cde268ad15342d656d4b9d555d23f08
      ).with-toolchain
        (./toolchains.dhall).native

let hello = C.binary C.Binary::{ name = "hello", srcs = [ "main.c" ] }

in  { hello }
