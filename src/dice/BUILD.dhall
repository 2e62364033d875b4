-- src/dice: incremental computation.
let S = ../common.dhall

let dice =
      S.library
        S.Library::{
        , name = "dice"
        , srcs =
          [ "cycle.c"
          , "dice.c"
          , "graph.c"
          , "keys.c"
          , "leaves.c"
          , "run.c"
          , "save.c"
          , "segment.c"
          , "task.c"
          , "walk.c"
          ]
        , hdrs = [ "dice.h", "graph.h", "internal.h" ]
        , deps = [ S.at "//src/base", S.at "//src/digest" ]
        }

let dice_test =
      S.test
        S.Test::{
        , name = "dice_test"
        , srcs = [ "dice_test.c", "test_world.c" ]
        , private_hdrs = [ "test_world.h" ]
        , deps = [ dice, S.at "//src/base", S.at "//src/digest" ]
        }

let graph_test =
      S.test
        S.Test::{
        , name = "graph_test"
        , srcs = [ "graph_test.c", "test_world.c" ]
        , private_hdrs = [ "test_world.h" ]
        , deps =
          [ dice
          , S.at "//src/base"
          , S.at "//src/digest"
          , S.at "//src/base:io_fail"
          ]
        }

let graph_fuzz =
      S.test
        S.Test::{
        , name = "graph_fuzz"
        , srcs = [ "graph_fuzz.c", "test_world.c" ]
        , private_hdrs = [ "test_world.h" ]
        , args = [ S.D.text "fuzz/graph_fuzz" ]
        , deps =
          [ dice
          , S.at "//src/base"
          , S.at "//src/digest"
          , S.at "//src/base:fuzz_replay"
          , S.at "//fuzz:graph_fuzz"
          ]
        }

in  { dice, dice_test, graph_test, graph_fuzz }
