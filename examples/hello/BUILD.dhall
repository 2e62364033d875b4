let C =
      ( https://straylight.cx/rules/c/v1.dhall
          sha256:e4a82d3694568d80158eef10bc0b4f93e847137ce1647b80af82a9cf4b81ae12
      ).with-toolchain
        (./toolchains.dhall).native

let hello = C.binary C.Binary::{ name = "hello", srcs = [ "main.c" ] }

in  { hello }
