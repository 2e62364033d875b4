-- src/dhall: the language.
let S = ../common.dhall

let dhall =
      S.library
        S.Library::{
        , name = "dhall"
        , srcs =
          [ "decode.c"
          , "encode.c"
          , "parse.c"
          , "parse_import.c"
          , "parse_number.c"
          , "parse_primitive.c"
          , "parse_text.c"
          , "print.c"
          , "print_literal.c"
          , "scan.c"
          , "term.c"
          ]
        , hdrs =
          [ "dhall.h"
          , "encode.h"
          , "parse.h"
          , "print.h"
          , "print_literal.h"
          , "scan.h"
          , "term.h"
          ]
        , deps = [ S.at "//src/base", S.at "//src/codec" ]
        , libs = [ S.libs.gmp ]
        }

let dhall_standard_test =
      S.test
        S.Test::{
        , name = "dhall_standard_test"
        , srcs = [ "standard_test.c" ]
        , deps = [ dhall, S.at "//src/base" ]
        , libs = [ S.libs.gmp ]
        }

in  { dhall, dhall_standard_test }
