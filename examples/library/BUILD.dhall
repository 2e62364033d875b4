-- A library of text wrapping. What others may include lies in include/; src/ is its own affair.
let C =
      ( https://straylight.cx/rules/c/v1.dhall
          sha256:c61efcbc28c653900f224f59cbdc84133cb08ae1eba218268f7c9b9206384258
      ).with-toolchain
        (./toolchains.dhall).native

let strict =
      [ C.Tc.warn "all"
      , C.Tc.warn "extra"
      , C.Tc.warn "error"
      , C.Tc.Flag.Standard C.Tc.Standard.C17
      ]

let wrap =
      C.library
        C.Library::{
        , name = "wrap"
        , srcs = [ "src/wrap.c", "src/words.c" ]
        , hdrs = [ "include/wrap.h" ]
        , private_hdrs = [ "src/words.h" ]
        , include = [ "include" ]
        , flags = strict
        }

let wrap_test =
      C.test
        C.Test::{
        , name = "wrap_test"
        , srcs = [ "tests/wrap_test.c" ]
        , deps = [ wrap ]
        , flags = strict
        , timeout_seconds = 10
        }

-- The same program on a file: a test's arguments name what it reads, and it sees nothing else.
let fold =
      C.binary
        C.Binary::{
        , name = "fold"
        , srcs = [ "src/fold.c" ]
        , deps = [ wrap ]
        , flags = strict
        }

let golden_test =
      C.test
        C.Test::{
        , name = "golden_test"
        , srcs = [ "tests/golden_test.c" ]
        , deps = [ wrap ]
        , flags = strict
        , args = [ C.D.source "tests/poem.txt", C.D.source "tests/poem.folded" ]
        }

in  { wrap, wrap_test, fold, golden_test }
