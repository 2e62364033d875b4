-- src/cli: one file a command, and the two mains.
let S = ../common.dhall

let straylight =
      S.binary
        S.Binary::{
        , name = "straylight"
        , srcs =
          [ "build.c"
          , "building.c"
          , "clean.c"
          , "compile_commands.c"
          , "dhall_encode.c"
          , "dhall_evaluate.c"
          , "dhall_format.c"
          , "dhall_freeze.c"
          , "dhall_lint.c"
          , "dhall_lsp.c"
          , "dhall_resolve.c"
          , "dhall_rewrite_with_schemas.c"
          , "dhall_to_json.c"
          , "dhall_from_json.c"
          , "dhall_diff.c"
          , "dhall_tags.c"
          , "dhall_tree.c"
          , "dhall_paint.c"
          , "dhall_repl.c"
          , "dhalling.c"
          , "dhalling_fetch.c"
          , "doctor.c"
          , "explain.c"
          , "fetch.c"
          , "help.c"
          , "init.c"
          , "junit.c"
          , "line_edit.c"
          , "lint.c"
          , "log.c"
          , "lsp_answer.c"
          , "lsp_document.c"
          , "lsp_name.c"
          , "lsp_position.c"
          , "main.c"
          , "query.c"
          , "rewriting.c"
          , "run.c"
          , "shell.c"
          , "srcs.c"
          , "store.c"
          , "terminal.c"
          , "test.c"
          , "toolchain.c"
          , "watch.c"
          ]
        , private_hdrs =
          [ "building.h"
          , "command.h"
          , "compile_commands.h"
          , "dhall_paint.h"
          , "dhalling.h"
          , "junit.h"
          , "line_edit.h"
          , "lsp.h"
          , "rewriting.h"
          , "terminal.h"
          , "version.h"
          ]
        , deps =
          [ S.at "//src/base"
          , S.at "//src/codec"
          , S.at "//src/link"
          , S.at "//src/store"
          , S.at "//src/exec"
          , S.at "//src/dhall"
          , S.at "//src/digest"
          , S.at "//src/build"
          ]
        }

let armitage =
      S.binary
        S.Binary::{
        , name = "armitage"
        , srcs = [ "armitage.c" ]
        , private_hdrs = [ "building.h", "command.h", "version.h" ]
        , deps = [ S.at "//src/base", S.at "//src/armitage" ]
        }

in  { straylight, armitage }
