-- src/base: views, arenas, tables, errors with spans, files, the option table.
let S = ../common.dhall

let base =
      S.library
        S.Library::{
        , name = "base"
        , srcs =
          [ "arena.c"
          , "buf.c"
          , "complete.c"
          , "diag.c"
          , "env.c"
          , "file.c"
          , "io.c"
          , "near.c"
          , "option.c"
          , "table.c"
          , "utf8.c"
          ]
        , hdrs =
          [ "arena.h"
          , "buf.h"
          , "diag.h"
          , "env.h"
          , "file.h"
          , "io.h"
          , "io_fail.h"
          , "near.h"
          , "option.h"
          , "table.h"
          , "test.h"
          , "utf8.h"
          , "view.h"
          ]
        }

let io_fail =
      S.part
        S.Library::{ name = "io_fail", srcs = [ "io_fail.c" ], deps = [ base ] }

let fuzz_replay =
      S.part
        S.Library::{
        , name = "fuzz_replay"
        , srcs = [ "fuzz_replay.c" ]
        , deps = [ base ]
        }

let base_test =
      S.test
        S.Test::{
        , name = "base_test"
        , srcs = [ "base_test.c" ]
        , deps = [ base ]
        }

let io_test =
      S.test
        S.Test::{
        , name = "io_test"
        , srcs = [ "io_test.c" ]
        , deps = [ base, io_fail ]
        }

let option_test =
      S.test
        S.Test::{
        , name = "option_test"
        , srcs = [ "option_test.c" ]
        , deps = [ base ]
        }

in  { base, io_fail, fuzz_replay, base_test, io_test, option_test }
