-- src/armitage: what talks to a network.
let S = ../common.dhall

let armitage =
      S.part
        S.Library::{
        , name = "armitage"
        , srcs = [ "fetch.c", "server.c" ]
        , hdrs = [ "fetch.h", "server.h" ]
        , deps =
          [ S.at "//src/base"
          , S.at "//src/digest"
          , S.at "//src/link"
          , S.at "//src/store"
          ]
        , libs = [ S.libs.libcurl ]
        }

in  { armitage }
