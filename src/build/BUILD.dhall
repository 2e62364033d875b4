-- src/build: packages, labels, targets, the action graph, toolchains.
let S = ../common.dhall

let build =
      S.library
        S.Library::{
        , name = "build"
        , srcs =
          [ "action.c"
          , "attempt.c"
          , "build.c"
          , "check.c"
          , "commands.c"
          , "debian.c"
          , "depfile.c"
          , "differ.c"
          , "differ_ar.c"
          , "differ_elf.c"
          , "elf.c"
          , "events.c"
          , "expand.c"
          , "failure.c"
          , "goal.c"
          , "graph.c"
          , "host.c"
          , "import.c"
          , "key.c"
          , "label.c"
          , "leaf.c"
          , "lines.c"
          , "links.c"
          , "load.c"
          , "loader.c"
          , "log.c"
          , "log_compare.c"
          , "memory.c"
          , "package.c"
          , "package_check.c"
          , "packages.c"
          , "peaks.c"
          , "perform.c"
          , "picture.c"
          , "plan.c"
          , "probe.c"
          , "progress.c"
          , "prune.c"
          , "query.c"
          , "query_expr.c"
          , "recall.c"
          , "record.c"
          , "rerun.c"
          , "stale.c"
          , "stamp.c"
          , "target.c"
          , "tokens.c"
          , "toolchain_cc.c"
          , "toolchain_file.c"
          , "toolchain_lib.c"
          , "tset.c"
          , "unread.c"
          , "watch.c"
          , "workspace.c"
          ]
        , hdrs =
          [ "action.h"
          , "build.h"
          , "debian.h"
          , "depfile.h"
          , "differ.h"
          , "differ_part.h"
          , "elf.h"
          , "engine.h"
          , "events.h"
          , "expand.h"
          , "host.h"
          , "label.h"
          , "lines.h"
          , "loader.h"
          , "log.h"
          , "memory.h"
          , "package.h"
          , "packages.h"
          , "peaks.h"
          , "picture.h"
          , "plan.h"
          , "probe.h"
          , "query.h"
          , "query_expr.h"
          , "recall.h"
          , "record.h"
          , "rerun.h"
          , "stamp.h"
          , "target.h"
          , "tokens.h"
          , "toolchain.h"
          , "tset.h"
          , "unread.h"
          , "watch.h"
          , "workspace.h"
          ]
        , made_srcs =
          [ { target = "//:packages-data", output = "packages_data.c" } ]
        , deps =
          [ S.at "//src/base"
          , S.at "//src/digest"
          , S.at "//src/codec"
          , S.at "//src/dhall"
          , S.at "//src/store"
          , S.at "//src/coeffect"
          , S.at "//src/dice"
          , S.at "//src/exec"
          ]
        }

let embed = S.binary S.Binary::{ name = "embed", srcs = [ "embed.c" ] }

let packages_test =
      S.test
        S.Test::{
        , name = "packages_test"
        , srcs = [ "packages_test.c" ]
        , deps = [ build, S.at "//src/base", S.at "//src/dhall" ]
        }

let host_test =
      S.test
        S.Test::{
        , name = "host_test"
        , srcs = [ "host_test.c" ]
        , deps = [ build, S.at "//src/base", S.at "//src/store" ]
        }

let toolchain_test =
      S.test
        S.Test::{
        , name = "toolchain_test"
        , srcs = [ "toolchain_test.c" ]
        , deps =
          [ build, S.at "//src/base", S.at "//src/digest", S.at "//src/store" ]
        }

let label_test =
      S.test
        S.Test::{
        , name = "label_test"
        , srcs = [ "label_test.c" ]
        , deps = [ build, S.at "//src/base" ]
        }

let lines_test =
      S.test
        S.Test::{
        , name = "lines_test"
        , srcs = [ "lines_test.c" ]
        , deps = [ build, S.at "//src/base" ]
        }

let memory_test =
      S.test
        S.Test::{
        , name = "memory_test"
        , srcs = [ "memory_test.c" ]
        , deps = [ build, S.at "//src/base" ]
        }

let tokens_test =
      S.test
        S.Test::{
        , name = "tokens_test"
        , srcs = [ "tokens_test.c" ]
        , deps = [ build, S.at "//src/base" ]
        }

let log_test =
      S.test
        S.Test::{
        , name = "log_test"
        , srcs = [ "log_test.c" ]
        , deps =
          [ build
          , S.at "//src/base"
          , S.at "//src/digest"
          , S.at "//src/coeffect"
          ]
        }

let picture_test =
      S.test
        S.Test::{
        , name = "picture_test"
        , srcs = [ "picture_test.c" ]
        , deps = [ build, S.at "//src/base" ]
        }

let expand_test =
      S.test
        S.Test::{
        , name = "expand_test"
        , srcs = [ "expand_test.c" ]
        , deps =
          [ build
          , S.at "//src/base"
          , S.at "//src/digest"
          , S.at "//src/dhall"
          , S.at "//src/coeffect"
          ]
        }

let depfile_test =
      S.test
        S.Test::{
        , name = "depfile_test"
        , srcs = [ "depfile_test.c" ]
        , deps =
          [ build
          , S.at "//src/base"
          , S.at "//src/digest"
          , S.at "//src/dhall"
          , S.at "//src/coeffect"
          ]
        }

let stamp_test =
      S.test
        S.Test::{
        , name = "stamp_test"
        , srcs = [ "stamp_test.c" ]
        , deps = [ build, S.at "//src/base" ]
        }

let differ_test =
      S.test
        S.Test::{
        , name = "differ_test"
        , srcs = [ "differ_test.c" ]
        , deps = [ build, S.at "//src/base" ]
        }

let differ_fuzz =
      S.test
        S.Test::{
        , name = "differ_fuzz"
        , srcs = [ "differ_fuzz.c" ]
        , args = [ S.D.text "fuzz/differ_fuzz" ]
        , deps =
          [ build
          , S.at "//src/base"
          , S.at "//src/base:fuzz_replay"
          , S.at "//fuzz:differ_fuzz"
          ]
        }

let label_fuzz =
      S.test
        S.Test::{
        , name = "label_fuzz"
        , srcs = [ "label_fuzz.c" ]
        , args = [ S.D.text "fuzz/label_fuzz" ]
        , deps =
          [ build
          , S.at "//src/base"
          , S.at "//src/base:fuzz_replay"
          , S.at "//fuzz:label_fuzz"
          ]
        }

let target_fuzz =
      S.test
        S.Test::{
        , name = "target_fuzz"
        , srcs = [ "target_fuzz.c" ]
        , args = [ S.D.text "fuzz/target_fuzz" ]
        , deps =
          [ build
          , S.at "//src/base"
          , S.at "//src/digest"
          , S.at "//src/coeffect"
          , S.at "//src/base:fuzz_replay"
          , S.at "//fuzz:target_fuzz"
          ]
        }

in  { build
    , embed
    , packages_test
    , host_test
    , toolchain_test
    , label_test
    , depfile_test
    , lines_test
    , log_test
    , memory_test
    , tokens_test
    , picture_test
    , expand_test
    , stamp_test
    , differ_test
    , differ_fuzz
    , label_fuzz
    , target_fuzz
    }
