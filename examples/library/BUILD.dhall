-- A library of text wrapping. What others may include lies in include/; src/ is its own affair.
let D =
      https://straylight.cx/dice/v1.dhall
        sha256:3af0fd6259e2cd42e0d3639d7ff315012be68a4c571725c110c2fd168aff6ea8

let Tc =
      https://straylight.cx/toolchains/v1.dhall
        sha256:849e2030493ce8db0544a6b318dcf3f7c5fb3cda3785ec2a328b35610ad29cfb

let C =
      ( https://straylight.cx/rules/c/v1.dhall
          sha256:95c0c6b8d81e365acd19ab158f9191d959b9e9a45d42a1cf66b681cdafc59a0b
      ).with-toolchain
        (./toolchains.dhall).native

let strict =
      [ Tc.warn "all", Tc.warn "extra", Tc.warn "error", Tc.Flag.Standard Tc.Standard.C17 ]

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
let fold = C.binary C.Binary::{ name = "fold", srcs = [ "src/fold.c" ], deps = [ wrap ], flags = strict }

let golden_test =
      C.test
        C.Test::{
        , name = "golden_test"
        , srcs = [ "tests/golden_test.c" ]
        , deps = [ wrap ]
        , flags = strict
        , args = [ D.source "tests/poem.txt", D.source "tests/poem.folded" ]
        }

in  { wrap, wrap_test, fold, golden_test }
