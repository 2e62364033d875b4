-- What every BUILD.dhall of this repository has in common: the toolchain, the flags, the folder of headers.
-- meson.build says the same for stage 0, and tests/drift.sh compares what the two would run.
let D = ../dhall/dice/v1.dhall

let Tc = ../dhall/toolchains/v1.dhall

let A = ../dhall/rules/action/v1.dhall

let toolchains = ../toolchains.dhall

let C = (../dhall/rules/c/v1.dhall).with-toolchain toolchains.native

let flags =
        [ Tc.warn "all"
        , Tc.warn "invalid-pch"
        , Tc.warn "extra"
        , Tc.warn "pedantic"
        , Tc.warn "error"
        , Tc.Flag.Standard Tc.Standard.Gnu17
        , Tc.Flag.OptLevel Tc.OptLevel.O2
        , Tc.Flag.Debug Tc.Debug.Full
        , Tc.define-as "_FILE_OFFSET_BITS" "64"
        , Tc.define "_GNU_SOURCE"
        , Tc.warn "shadow"
        , Tc.warn "conversion"
        , Tc.warn "sign-conversion"
        , Tc.warn "vla"
        , Tc.warn "alloca"
        , Tc.warn "strict-prototypes"
        , Tc.warn "missing-prototypes"
        , Tc.warn "format=2"
        , Tc.warn "write-strings"
        , Tc.warn "cast-qual"
        , Tc.warn "undef"
        , Tc.warn "implicit-fallthrough"
        , Tc.Flag.Codegen Tc.Codegen.NoCommon
        , Tc.Flag.Codegen Tc.Codegen.Threads
        ]
      # C.when-gcc
          [ Tc.warn "cast-align=strict"
          , Tc.warn "logical-op"
          , Tc.warn "duplicated-cond"
          , Tc.warn "duplicated-branches"
          ]
      # C.when-clang
          [ Tc.warn "missing-variable-declarations"
          , Tc.warn "comma"
          , Tc.warn "conditional-uninitialized"
          ]

let include = [ "//src" ]

in  { D
    , A
    , C
    , Tc
    , Library = C.Library
    , Binary = C.Binary
    , Test = C.Test
    , library =
        \(cfg : C.Library.Type) ->
          C.library
            ( cfg
              with flags =
                    flags # [ Tc.Flag.Codegen Tc.Codegen.Pic ] # cfg.flags
              with include = include # cfg.include
            )
    , part = -- what Meson compiles into each program that uses it: without -fPIC
        \(cfg : C.Library.Type) ->
          C.library
            ( cfg
              with flags = flags # cfg.flags
              with include = include # cfg.include
            )
    , binary =
        \(cfg : C.Binary.Type) ->
          C.binary
            ( cfg
              with flags = flags # cfg.flags
              with include = include # cfg.include
            )
    , test =
        \(cfg : C.Test.Type) ->
          C.test
            ( cfg
              with flags = flags # cfg.flags
              with include = include # cfg.include
            )
    , at = D.at
    , libs = toolchains.libs
    , yaml-archive = -- linked into the program: its start loads no library more
        toolchains.libs.yaml with shared = ([] : List Text)
    , native = toolchains.native
    }
