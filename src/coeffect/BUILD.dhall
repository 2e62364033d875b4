-- src/coeffect: the resource algebra.
let S = ../common.dhall

let coeffect =
      S.library
        S.Library::{
        , name = "coeffect"
        , srcs = [ "coeffect.c" ]
        , hdrs = [ "coeffect.h" ]
        , deps = [ S.at "//src/base" ]
        }

let coeffect_test =
      S.test
        S.Test::{
        , name = "coeffect_test"
        , srcs = [ "coeffect_test.c" ]
        , deps = [ coeffect, S.at "//src/base" ]
        }

in  { coeffect, coeffect_test }
