-- Lua 5.4 as Debian has it: the interpreter and the compiler over one library. The source comes to src/
-- (tools/debian-source of straylight's repository fetches it: 5.4.4-3+deb12u1).
let C =
      ( https://straylight.cx/rules/c/v1.dhall
          sha256:c61efcbc28c653900f224f59cbdc84133cb08ae1eba218268f7c9b9206384258
      ).with-toolchain
        (./toolchains.dhall).native

let A =
      https://straylight.cx/rules/action/v1.dhall
        sha256:e78639fb52861b807e5b85e26b440edbd85696f42f2e03d62a3fbb17a6ae20a4

let flags =
      [ C.Tc.warn "all"
      , C.Tc.warn "extra"
      , C.Tc.Flag.Standard C.Tc.Standard.Gnu99
      , C.Tc.define "LUA_COMPAT_5_3"
      , C.Tc.define "LUA_USE_LINUX"
      ]

let liblua =
      C.library
        C.Library::{
        , name = "lua5.4"
        , srcs =
          [ "src/lapi.c"
          , "src/lauxlib.c"
          , "src/lbaselib.c"
          , "src/lcode.c"
          , "src/lcorolib.c"
          , "src/lctype.c"
          , "src/ldblib.c"
          , "src/ldebug.c"
          , "src/ldo.c"
          , "src/ldump.c"
          , "src/lfunc.c"
          , "src/lgc.c"
          , "src/linit.c"
          , "src/liolib.c"
          , "src/llex.c"
          , "src/lmathlib.c"
          , "src/lmem.c"
          , "src/loadlib.c"
          , "src/lobject.c"
          , "src/lopcodes.c"
          , "src/loslib.c"
          , "src/lparser.c"
          , "src/lstate.c"
          , "src/lstring.c"
          , "src/lstrlib.c"
          , "src/ltable.c"
          , "src/ltablib.c"
          , "src/ltm.c"
          , "src/lundump.c"
          , "src/lutf8lib.c"
          , "src/lvm.c"
          , "src/lzio.c"
          ]
        , hdrs =
          [ "lua5.4-deb-multiarch.h"
          , "src/lauxlib.h"
          , "src/lua.h"
          , "src/luaconf.h"
          , "src/lualib.h"
          ]
        , private_hdrs =
          [ "src/lapi.h"
          , "src/lcode.h"
          , "src/lctype.h"
          , "src/ldebug.h"
          , "src/ldo.h"
          , "src/lfunc.h"
          , "src/lgc.h"
          , "src/ljumptab.h"
          , "src/llex.h"
          , "src/llimits.h"
          , "src/lmem.h"
          , "src/lobject.h"
          , "src/lopcodes.h"
          , "src/lopnames.h"
          , "src/lparser.h"
          , "src/lprefix.h"
          , "src/lstate.h"
          , "src/lstring.h"
          , "src/ltable.h"
          , "src/ltm.h"
          , "src/lundump.h"
          , "src/lvm.h"
          , "src/lzio.h"
          ]
        , include = [ "src", "." ]
        , flags
        , system = [ "m", "dl" ]
        }

let exports-symbols =
      [ C.Tc.Flag.Raw { stage = C.Tc.Stage.Link, text = "-Wl,-E" } ]

let lua =
      C.binary
        C.Binary::{
        , name = "lua"
        , srcs = [ "src/lua.c" ]
        , private_hdrs = [ "src/lprefix.h" ]
        , deps = [ liblua ]
        , flags
        , link_flags = exports-symbols
        }

let luac =
      C.binary
        C.Binary::{
        , name = "luac"
        , srcs = [ "src/luac.c" ]
        , private_hdrs =
          [ "src/ldebug.h"
          , "src/llimits.h"
          , "src/lmem.h"
          , "src/lobject.h"
          , "src/lopcodes.h"
          , "src/lopnames.h"
          , "src/lprefix.h"
          , "src/lstate.h"
          , "src/ltm.h"
          , "src/lundump.h"
          , "src/lzio.h"
          ]
        , deps = [ liblua ]
        , flags
        }

-- Lua checks itself: check.lua runs in a sandbox, and ends with another status than 0 if an answer is wrong.
let check =
      A.test
        A.Test::{
        , name = "check"
        , tool = A.built lua
        , trees = C.trees
        , args = [ C.D.source "check.lua" ]
        , srcs = [ "check.lua" ]
        }

in  { `lua5.4` = liblua, lua, luac, check }
