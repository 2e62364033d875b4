-- What builds things: compilers as artifacts, and flags as types.
--
-- `straylight toolchain add` writes values of these types into toolchains.dhall; rules read them; flags become text in
-- a rule, at the last moment. A flag without meaning for a compiler and target is a problem (see `problems`): an assert
-- of toolchains.dhall finds it for a whole toolchain, the engine for the flags of one target. Neither can be built.
let D = ../dice/v1.dhall

let T = ../targets/v1.dhall

let OptLevel = < O0 | O1 | O2 | O3 | Og | Os | Oz >

let LTO = < Off | Thin | Fat >

let Debug = < None | Lines | Full >

let Link =
      < Static -- no shared objects: the C library's archive too
      | Pie
      | NoPie
      | AsNeeded -- no entry for a shared object that is not used
      | Relro -- relocations read-only, and all made at start
      | GcSections
      | Strip
      >

let Codegen =
      < Pic
      | FunctionSections
      | DataSections
      | NoCommon
      | NoExceptions
      | NoPlt
      | StackProtector
      | FramePointer
      | Threads -- -pthread, for compiling and for linking
      >

let Standard = < C99 | C11 | C17 | Gnu99 | Gnu11 | Gnu17 >

-- Which of a compiler's jobs a raw flag is for.
let Stage = < Compile | Link | Both >

let Define = { name : Text, value : Optional Text }

let Flag =
      < OptLevel : OptLevel
      | TargetCpu : T.Cpu
      | LTO : LTO
      | Codegen : Codegen
      | Link : Link
      | Debug : Debug
      | Standard : Standard
      | Define : Define
      | Warn : { name : Text, enable : Bool, error : Bool } -- "shadow": -Wshadow, -Wno-shadow or -Werror=shadow
      | Feature : { name : Text, enable : Bool } -- "wrapv": -fwrapv or -fno-wrapv
      | Raw : { stage : Stage, text : Text } -- the escape hatch: passed on as it is, and warned about
      >

-- A compiler is a version and an artifact: the tree of what it reads when it runs, libc's part included, nothing else's.
let Artifact = { version : Text, tree : D.Tree }

let Compiler =
      < Clang : Artifact
      | GHC : Artifact
      | Gcc : Artifact
      | Lean : Artifact
      | Rustc : Artifact
      >

-- What links in place of the compiler's own linker.
let Linker = < Lld : Artifact >

-- One library of the machine as an artifact: its headers, archive, shared object, and the shared objects that it needs.
let Library =
      { name : Text
      , version : Text
      , tree : D.Tree
      , include : List Text -- folders to search beyond the compiler's own: "/usr/include/x"
      , shared : List Text -- files of the tree to link with, in order: "usr/lib/x86_64-linux-gnu/libgmp.so"
      , archives : List Text -- the same for a program that is linked statically; empty if that cannot be
      , system : List Text -- parts of the C library that they need: "m"
      }

let Toolchain =
      { compiler : Compiler
      , host : T.Target
      , target : T.Target
      , flags : List Flag
      , linker : Optional Linker
      , sysroot : Optional Artifact
      }

-- What a BUILD.dhall is applied to that builds with the toolchain of its configuration: config/v1.dhall's Config, and the
-- entry of toolchains.dhall that `toolchains` of straylight.dhall names for it.
let Config =
      { name : Text
      , mode : < Debug | Release >
      , exec : Bool
      , toolchain : Toolchain
      }

let CompilerKind = < Clang | GHC | Gcc | Lean | Rustc >

let compiler-kind =
      \(compiler : Compiler) ->
        merge
          { Clang = \(_ : Artifact) -> CompilerKind.Clang
          , GHC = \(_ : Artifact) -> CompilerKind.GHC
          , Gcc = \(_ : Artifact) -> CompilerKind.Gcc
          , Lean = \(_ : Artifact) -> CompilerKind.Lean
          , Rustc = \(_ : Artifact) -> CompilerKind.Rustc
          }
          compiler

let compiler-artifact =
      \(compiler : Compiler) ->
        merge
          { Clang = \(a : Artifact) -> a
          , GHC = \(a : Artifact) -> a
          , Gcc = \(a : Artifact) -> a
          , Lean = \(a : Artifact) -> a
          , Rustc = \(a : Artifact) -> a
          }
          compiler

-- What is wrong with one flag under a toolchain; no text if nothing is.
let flag-problems =
      \(tc : Toolchain) ->
        let none = [] : List Text

        let kind = compiler-kind tc.compiler

        let lld =
              merge
                { None = False
                , Some =
                    \(l : Linker) -> merge { Lld = \(_ : Artifact) -> True } l
                }
                tc.linker

        let is-wasm = T.same-arch T.Arch.wasm32 tc.target.triple.arch

        let lto =
              \(thin : Bool) ->
                merge
                  { Clang =
                      if    lld || is-wasm
                      then  none
                      else  [ "LTO under clang needs the linker lld: straylight toolchain add cc --compiler clang --linker lld"
                            ]
                  , Gcc =
                      if    thin
                      then  [ "LTO.Thin means nothing to gcc, which has no ThinLTO: use LTO.Fat, or a toolchain of clang with lld"
                            ]
                      else  none
                  , GHC = [ "LTO means nothing to GHC" ]
                  , Lean = [ "LTO means nothing to Lean" ]
                  , Rustc = none
                  }
                  kind

        let on-wasm =
              \(what : Text) ->
                if    is-wasm
                then  [ "${what} means nothing for ${tc.target.triple.text}" ]
                else  none

        let cpu =
              \(c : T.Cpu) ->
                if    T.same-arch (T.cpu-arch c) tc.target.triple.arch
                then  none
                else  [ "TargetCpu names a processor of ${T.arch-name (T.cpu-arch c)}, but the target is ${tc.target.triple.text}"
                      ]

        in  \(flag : Flag) ->
              merge
                { OptLevel = \(_ : OptLevel) -> none
                , TargetCpu = cpu
                , LTO =
                    \(l : LTO) ->
                      merge { Off = none, Thin = lto True, Fat = lto False } l
                , Codegen =
                    \(c : Codegen) ->
                      merge
                        { Pic = on-wasm "Codegen.Pic"
                        , FunctionSections = none
                        , DataSections = none
                        , NoCommon = none
                        , NoExceptions = none
                        , NoPlt = on-wasm "Codegen.NoPlt"
                        , StackProtector = on-wasm "Codegen.StackProtector"
                        , FramePointer = none
                        , Threads = on-wasm "Codegen.Threads"
                        }
                        c
                , Link =
                    \(l : Link) ->
                      merge
                        { Static = none
                        , Pie = on-wasm "Link.Pie"
                        , NoPie = on-wasm "Link.NoPie"
                        , AsNeeded = on-wasm "Link.AsNeeded"
                        , Relro = on-wasm "Link.Relro"
                        , GcSections = none
                        , Strip = none
                        }
                        l
                , Debug = \(_ : Debug) -> none
                , Standard = \(_ : Standard) -> none
                , Define = \(_ : Define) -> none
                , Warn =
                    \(_ : { name : Text, enable : Bool, error : Bool }) -> none
                , Feature = \(_ : { name : Text, enable : Bool }) -> none
                , Raw = \(_ : { stage : Stage, text : Text }) -> none
                }
                flag

-- What of one flag cannot go with others of a list.
let Asks = { static : Bool, pie : Bool, no-pie : Bool }

let asks =
      \(flag : Flag) ->
      \(later : Asks) ->
        merge
          { OptLevel = \(_ : OptLevel) -> later
          , TargetCpu = \(_ : T.Cpu) -> later
          , LTO = \(_ : LTO) -> later
          , Codegen = \(_ : Codegen) -> later
          , Link =
              \(l : Link) ->
                merge
                  { Static = later // { static = True }
                  , Pie =
                      if later.no-pie then later else later // { pie = True }
                  , NoPie = later // { no-pie = True }
                  , AsNeeded = later
                  , Relro = later
                  , GcSections = later
                  , Strip = later
                  }
                  l
          , Debug = \(_ : Debug) -> later
          , Standard = \(_ : Standard) -> later
          , Define = \(_ : Define) -> later
          , Warn = \(_ : { name : Text, enable : Bool, error : Bool }) -> later
          , Feature = \(_ : { name : Text, enable : Bool }) -> later
          , Raw = \(_ : { stage : Stage, text : Text }) -> later
          }
          flag

-- Flags of one link, in the order in which they are given: of two that say the same, the later one counts.
let contradictions =
      \(flags : List Flag) ->
        let all =
              List/fold
                Flag
                flags
                Asks
                asks
                { static = False, pie = False, no-pie = False }

        in  if    all.static && all.pie
            then  [ "Link.Static and Link.Pie contradict: a program without shared objects is linked to a fixed place; leave one out, or end with Link.NoPie"
                  ]
            else  [] : List Text

let flags-problems =
      \(tc : Toolchain) ->
      \(flags : List Flag) ->
        List/fold
          Flag
          flags
          (List Text)
          (\(f : Flag) -> \(rest : List Text) -> flag-problems tc f # rest)
          ([] : List Text)

-- What is wrong with a toolchain: toolchains.dhall asserts that nothing is.
let problems =
      \(tc : Toolchain) ->
          ( if    T.same-arch (T.cpu-arch tc.target.cpu) tc.target.triple.arch
            then  [] : List Text
            else  [ "the target's processor is not one of ${tc.target.triple.text}"
                  ]
          )
        # flags-problems tc tc.flags
        # contradictions tc.flags

-- Raw flags, which the engine warns about.
let raw-flags =
      \(flags : List Flag) ->
        let none = [] : List Text

        let raw =
              \(flag : Flag) ->
                merge
                  { OptLevel = \(_ : OptLevel) -> none
                  , TargetCpu = \(_ : T.Cpu) -> none
                  , LTO = \(_ : LTO) -> none
                  , Codegen = \(_ : Codegen) -> none
                  , Link = \(_ : Link) -> none
                  , Debug = \(_ : Debug) -> none
                  , Standard = \(_ : Standard) -> none
                  , Define = \(_ : Define) -> none
                  , Warn =
                      \(_ : { name : Text, enable : Bool, error : Bool }) ->
                        none
                  , Feature = \(_ : { name : Text, enable : Bool }) -> none
                  , Raw =
                      \(raw : { stage : Stage, text : Text }) -> [ raw.text ]
                  }
                  flag

        in  List/fold
              Flag
              flags
              (List Text)
              (\(f : Flag) -> \(rest : List Text) -> raw f # rest)
              ([] : List Text)

in  { OptLevel
    , LTO
    , Debug
    , Link
    , Codegen
    , Standard
    , Stage
    , Define
    , Flag
    , Artifact
    , Compiler
    , Linker
    , Library
    , Toolchain
    , Config
    , CompilerKind
    , compiler-kind
    , compiler-artifact
    , flags-problems
    , contradictions
    , problems
    , raw-flags
    , warn = \(name : Text) -> Flag.Warn { name, enable = True, error = False }
    , no-warn =
        \(name : Text) -> Flag.Warn { name, enable = False, error = False }
    , define = \(name : Text) -> Flag.Define { name, value = None Text }
    , define-as =
        \(name : Text) ->
        \(value : Text) ->
          Flag.Define { name, value = Some value }
    }
