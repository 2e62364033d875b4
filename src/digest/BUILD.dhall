-- src/digest: SHA-256, digests, Merkle trees.
let S = ../common.dhall

let digest =
      S.library
        S.Library::{
        , name = "digest"
        , srcs = [ "digest.c", "sha256.c" ]
        , hdrs = [ "digest.h", "sha256.h" ]
        , deps = [ S.at "//src/base" ]
        }

let digest_test =
      S.test
        S.Test::{
        , name = "digest_test"
        , srcs = [ "digest_test.c" ]
        , deps = [ digest, S.at "//src/base" ]
        , libs = [ S.libs.sodium ]
        }

let digest_fuzz =
      S.test
        S.Test::{
        , name = "digest_fuzz"
        , srcs = [ "digest_fuzz.c" ]
        , args = [ S.D.text "fuzz/digest_fuzz" ]
        , deps =
          [ digest
          , S.at "//src/base"
          , S.at "//src/base:fuzz_replay"
          , S.at "//fuzz:digest_fuzz"
          ]
        }

in  { digest, digest_test, digest_fuzz }
