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
          , "run.c"
          , "save.c"
          , "task.c"
          , "walk.c"
          ]
        , hdrs = [ "dice.h", "graph.h", "internal.h", "test_world.h" ]
        , deps = [ S.at "//src/base", S.at "//src/digest" ]
        }

let dice_test =
      S.test
        S.Test::{
        , name = "dice_test"
        , srcs = [ "dice_test.c", "test_world.c" ]
        , deps = [ dice, S.at "//src/base", S.at "//src/digest" ]
        }

in  { dice, dice_test }
