let C =
      ( https://straylight.cx/rules/c/v1.dhall
          sha256:137735793ddab5f5705d85db4fb59ab6b2ed2c7a1c53520bd3cbbbe61a37f109
      ).with-toolchain
        (./toolchains.dhall).native

let hello = C.binary C.Binary::{ name = "hello", srcs = [ "main.c" ] }

in  { hello }
