-- src/link: the messages of the two programs.
let S = ../common.dhall

let link =
      S.library
        S.Library::{
        , name = "link"
        , srcs = [ "client.c", "message.c", "packet.c" ]
        , hdrs = [ "client.h", "message.h", "packet.h" ]
        , deps = [ S.at "//src/base", S.at "//src/digest", S.at "//src/codec" ]
        }

let link_test =
      S.test
        S.Test::{
        , name = "link_test"
        , srcs = [ "link_test.c" ]
        , deps = [ link, S.at "//src/base", S.at "//src/digest" ]
        }

let message_fuzz =
      S.test
        S.Test::{
        , name = "message_fuzz"
        , srcs = [ "message_fuzz.c" ]
        , args = [ S.D.text "fuzz/message_fuzz" ]
        , deps =
          [ link
          , S.at "//src/base"
          , S.at "//src/digest"
          , S.at "//src/base:fuzz_replay"
          , S.at "//fuzz:message_fuzz"
          ]
        }

in  { link, link_test, message_fuzz }
