-- src/store: the local content-addressed store and action cache.
let S = ../common.dhall

let store =
      S.library
        S.Library::{
        , name = "store"
        , srcs =
          [ "action.c"
          , "batch.c"
          , "blob.c"
          , "index.c"
          , "pending.c"
          , "stage.c"
          , "stale.c"
          , "store.c"
          , "tree.c"
          , "walk.c"
          ]
        , hdrs = [ "private.h", "store.h", "tree.h" ]
        , deps = [ S.at "//src/base", S.at "//src/digest", S.at "//src/codec" ]
        }

let store_test =
      S.test
        S.Test::{
        , name = "store_test"
        , srcs = [ "store_test.c" ]
        , private_hdrs = [ "test_store.h" ]
        , deps = [ store, S.at "//src/base", S.at "//src/digest" ]
        }

let tree_test =
      S.test
        S.Test::{
        , name = "tree_test"
        , srcs = [ "tree_test.c" ]
        , private_hdrs = [ "test_store.h" ]
        , deps = [ store, S.at "//src/base", S.at "//src/digest" ]
        }

let store_crash_test =
      S.test
        S.Test::{
        , name = "store_crash_test"
        , srcs = [ "store_crash_test.c" ]
        , deps =
          [ store
          , S.at "//src/base"
          , S.at "//src/digest"
          , S.at "//src/base:io_fail"
          ]
        }

in  { store, store_test, tree_test, store_crash_test }
