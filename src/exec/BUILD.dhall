-- src/exec: run one action.
let S = ../common.dhall

let exec =
      S.library
        S.Library::{
        , name = "exec"
        , srcs =
          [ "collect.c"
          , "doctor.c"
          , "exec.c"
          , "namespace/group.c"
          , "namespace/init.c"
          , "namespace/landlock.c"
          , "namespace/mount.c"
          , "namespace/runner.c"
          , "namespace/seccomp.c"
          , "namespace/slot.c"
          , "namespace/stage.c"
          , "namespace/wire.c"
          , "share.c"
          ]
        , hdrs =
          [ "collect.h"
          , "exec.h"
          , "namespace/group.h"
          , "namespace/init.h"
          , "namespace/landlock.h"
          , "namespace/mount.h"
          , "namespace/runner.h"
          , "namespace/seccomp.h"
          , "namespace/slot.h"
          , "namespace/stage.h"
          , "namespace/wire.h"
          , "share.h"
          ]
        , deps = [ S.at "//src/base", S.at "//src/digest", S.at "//src/store" ]
        }

-- Makes sandboxes itself, which no program in a sandbox may: built here, run by Meson.
let exec_test =
      S.binary
        S.Binary::{
        , name = "exec_test"
        , srcs = [ "exec_probe.c", "exec_test.c" ]
        , private_hdrs = [ "exec_probe.h", "exec_world.h" ]
        , deps =
          [ exec, S.at "//src/base", S.at "//src/digest", S.at "//src/store" ]
        }

-- Makes sandboxes itself, which no program in a sandbox may: built here, run by Meson.
let exec_user_test =
      S.binary
        S.Binary::{
        , name = "exec_user_test"
        , srcs = [ "exec_probe.c", "exec_test.c" ]
        , private_hdrs = [ "exec_probe.h", "exec_world.h" ]
        , deps =
          [ exec, S.at "//src/base", S.at "//src/digest", S.at "//src/store" ]
        }

in  { exec, exec_test, exec_user_test }
