-- src/codec: CBOR, JSON, the Remote Execution API's messages.
let S = ../common.dhall

let codec =
      S.library
        S.Library::{
        , name = "codec"
        , srcs =
          [ "cbor.c"
          , "json.c"
          , "json_print.c"
          , "json_read.c"
          , "proto.c"
          , "reapi.c"
          , "yaml_read.c"
          ]
        , hdrs =
          [ "cbor.h"
          , "json.h"
          , "json_print.h"
          , "json_read.h"
          , "proto.h"
          , "reapi.h"
          , "yaml_read.h"
          ]
        , deps = [ S.at "//src/base", S.at "//src/digest" ]
        , implementation_libs = [ S.yaml-archive ]
        }

let cbor_test =
      S.test
        S.Test::{
        , name = "cbor_test"
        , srcs = [ "cbor_test.c" ]
        , deps = [ codec, S.at "//src/base" ]
        }

let json_test =
      S.test
        S.Test::{
        , name = "json_test"
        , srcs = [ "json_test.c" ]
        , deps = [ codec, S.at "//src/base" ]
        }

let json_read_test =
      S.test
        S.Test::{
        , name = "json_read_test"
        , srcs = [ "json_read_test.c" ]
        , deps = [ codec, S.at "//src/base" ]
        }

let reapi_test =
      S.test
        S.Test::{
        , name = "reapi_test"
        , srcs = [ "reapi_test.c" ]
        , deps = [ codec, S.at "//src/base", S.at "//src/digest" ]
        }

let reapi_fuzz =
      S.test
        S.Test::{
        , name = "reapi_fuzz"
        , srcs = [ "reapi_fuzz.c" ]
        , args = [ S.D.text "fuzz/reapi_fuzz" ]
        , deps =
          [ codec
          , S.at "//src/base"
          , S.at "//src/digest"
          , S.at "//src/base:fuzz_replay"
          , S.at "//fuzz:reapi_fuzz"
          ]
        }

let yaml_fuzz =
      S.test
        S.Test::{
        , name = "yaml_fuzz"
        , srcs = [ "yaml_fuzz.c" ]
        , args = [ S.D.text "fuzz/yaml_fuzz" ]
        , deps =
          [ codec
          , S.at "//src/base"
          , S.at "//src/digest"
          , S.at "//src/base:fuzz_replay"
          , S.at "//fuzz:yaml_fuzz"
          ]
        }

in  { codec
    , cbor_test
    , json_test
    , json_read_test
    , reapi_test
    , reapi_fuzz
    , yaml_fuzz
    }
