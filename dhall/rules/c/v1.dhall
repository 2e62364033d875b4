-- C, as data. `with-toolchain` gives the rules of one toolchain:
--
--     let C = (https://straylight.cx/rules/c/v1.dhall sha256:...).with-toolchain (./toolchains.dhall).native
--
--     let greet = C.library C.Library::{ name = "greet", srcs = [ "greet.c" ], hdrs = [ "greet.h" ], include = [ "." ] }
--
--     let hello = C.binary C.Binary::{ name = "hello", srcs = [ "main.c" ], deps = [ greet ] }
--
--     in  { greet, hello }
--
-- `C.D`, `C.T` and `C.Tc` are the packages dice, targets and toolchains: `C.D.at "//core"` names a target of another
-- package, `C.Tc.warn "shadow"` is a flag.
--
-- What goes from a target to those who depend on it, as transitive sets:
--
--     c.headers        header files, its own and what they include           when they compile
--     c.includes       folders to search for them                            when they compile
--     c.defines        -D                                                    when they compile
--     c.compile-trees  pinned libraries whose headers its headers include    when they compile
--     c.archives       lib*.a, dependents before dependencies, each once     when they link
--     c.libs           shared objects of pinned libraries, -lm and the like  when they link
--     c.static-libs    the same for a static link: their archives            when they link
--     c.link-trees     pinned libraries                                      when they link and when they run
--     c.data           files that the program reads                          when they run
--
-- `deps` pass all of them on; `implementation_deps` (and `implementation_libs`) only what linking and running needs, so
-- that nobody can come to rest on a header that a library uses inside.
let D = ../../dice/v1.dhall

let T = ../../targets/v1.dhall

let Tc = ../../toolchains/v1.dhall

let map
    : forall (a : Type) -> forall (b : Type) -> (a -> b) -> List a -> List b
    = \(a : Type) ->
      \(b : Type) ->
      \(f : a -> b) ->
      \(xs : List a) ->
        List/fold
          a
          xs
          (List b)
          (\(x : a) -> \(rest : List b) -> [ f x ] # rest)
          ([] : List b)

let concat-map
    : forall (a : Type) ->
      forall (b : Type) ->
      (a -> List b) ->
      List a ->
        List b
    = \(a : Type) ->
      \(b : Type) ->
      \(f : a -> List b) ->
      \(xs : List a) ->
        List/fold
          a
          xs
          (List b)
          (\(x : a) -> \(rest : List b) -> f x # rest)
          ([] : List b)

let is-empty
    : forall (a : Type) -> List a -> Bool
    = \(a : Type) -> \(xs : List a) -> Natural/isZero (List/length a xs)

let headers = "c.headers"

let includes = "c.includes"

let defines = "c.defines"

let compile-trees = "c.compile-trees"

let archives = "c.archives"

let libs = "c.libs"

let static-libs = "c.static-libs"

let link-trees = "c.link-trees"

let data = "c.data"

-- What an implementation dependency does not pass on.
let interface = [ headers, includes, defines, compile-trees ]

-- Which spelling a processor has depends on the target: gcc on x86_64 has no -mcpu.
let cpu-flag =
      \(cpu : T.Cpu) ->
        merge
          { x86_64 =
              \(c : T.X86_64) ->
                let name = T.cpu-name.x86_64 c in "-march=${name}"
          , aarch64 =
              \(c : T.Aarch64) ->
                let name = T.cpu-name.aarch64 c in "-mcpu=${name}"
          , riscv64 =
              \(c : T.Riscv64) ->
                let name = T.cpu-name.riscv64 c in "-mcpu=${name}"
          , wasm32 =
              \(c : T.Wasm32) ->
                let name = T.cpu-name.wasm32 c in "-mcpu=${name}"
          }
          cpu

-- The text of a flag when compiling and when linking; none if that job has no use for it.
let flag-texts =
      \(compile : Bool) ->
      \(flag : Tc.Flag) ->
        let none = [] : List Text

        let both = \(t : Text) -> [ t ]

        let compiling = \(t : Text) -> if compile then [ t ] else none

        let linking = \(t : Text) -> if compile then none else [ t ]

        in  merge
              { OptLevel =
                  \(o : Tc.OptLevel) ->
                    both
                      ( merge
                          { O0 = "-O0"
                          , O1 = "-O1"
                          , O2 = "-O2"
                          , O3 = "-O3"
                          , Og = "-Og"
                          , Os = "-Os"
                          , Oz = "-Oz"
                          }
                          o
                      )
              , TargetCpu = \(c : T.Cpu) -> both (cpu-flag c)
              , LTO =
                  \(l : Tc.LTO) ->
                    both
                      ( merge
                          { Off = "-fno-lto"
                          , Thin = "-flto=thin"
                          , Fat = "-flto"
                          }
                          l
                      )
              , Codegen =
                  \(c : Tc.Codegen) ->
                    merge
                      { Pic = compiling "-fPIC"
                      , FunctionSections = compiling "-ffunction-sections"
                      , DataSections = compiling "-fdata-sections"
                      , NoCommon = compiling "-fno-common"
                      , NoExceptions = compiling "-fno-exceptions"
                      , NoPlt = compiling "-fno-plt"
                      , StackProtector = compiling "-fstack-protector-strong"
                      , FramePointer = compiling "-fno-omit-frame-pointer"
                      , Threads = both "-pthread"
                      }
                      c
              , Link =
                  \(l : Tc.Link) ->
                    merge
                      { Static = linking "-static"
                      , Pie = linking "-pie"
                      , NoPie = linking "-no-pie"
                      , AsNeeded = linking "-Wl,--as-needed"
                      , Relro = linking "-Wl,-z,relro,-z,now"
                      , GcSections = linking "-Wl,--gc-sections"
                      , Strip = linking "-s"
                      }
                      l
              , Debug =
                  \(d : Tc.Debug) ->
                    both (merge { None = "-g0", Lines = "-g1", Full = "-g" } d)
              , Standard =
                  \(s : Tc.Standard) ->
                    compiling
                      ( merge
                          { C99 = "-std=c99"
                          , C11 = "-std=c11"
                          , C17 = "-std=c17"
                          , Gnu99 = "-std=gnu99"
                          , Gnu11 = "-std=gnu11"
                          , Gnu17 = "-std=gnu17"
                          }
                          s
                      )
              , Define =
                  \(d : Tc.Define) ->
                    compiling
                      ( merge
                          { None = "-D${d.name}"
                          , Some = \(value : Text) -> "-D${d.name}=${value}"
                          }
                          d.value
                      )
              , Warn =
                  \(w : { name : Text, enable : Bool, error : Bool }) ->
                    compiling
                      ( if    w.error
                        then  if    w.enable
                              then  "-Werror=${w.name}"
                              else  "-Wno-error=${w.name}"
                        else  if w.enable
                        then  "-W${w.name}"
                        else  "-Wno-${w.name}"
                      )
              , Feature =
                  \(f : { name : Text, enable : Bool }) ->
                    both (if f.enable then "-f${f.name}" else "-fno-${f.name}")
              , Raw =
                  \(raw : { stage : Tc.Stage, text : Text }) ->
                    merge
                      { Compile = compiling raw.text
                      , Link = linking raw.text
                      , Both = both raw.text
                      }
                      raw.stage
              }
              flag

-- What all three rules have in common.
let Common =
      { Type =
          { name : Text
          , doc : Text
          , srcs : List Text -- C files of this package
          , made_srcs : List D.Output -- C files that other targets make: D.output parser "parser.c"
          , private_hdrs : List Text -- headers that only this target's own files include
          , include : List Text -- folders to search, for this target and its dependents: "." is this package, "//src" from the root
          , private_include : List Text -- folders to search, for this target alone
          , flags : List Tc.Flag -- for this target alone, after the toolchain's
          , deps : List D.Target
          , implementation_deps : List D.Target -- used, but not in this target's headers
          , libs : List Tc.Library -- pinned libraries: (./toolchains.dhall).libs.gmp
          , implementation_libs : List Tc.Library
          , system : List Text -- parts of the C library that are files of their own: "m", "dl"
          , data : List D.Piece -- what its program, or that of a dependent, reads when it runs
          , visibility : List Text
          }
      , default =
        { doc = ""
        , srcs = [] : List Text
        , made_srcs = [] : List D.Output
        , private_hdrs = [] : List Text
        , include = [] : List Text
        , private_include = [] : List Text
        , flags = [] : List Tc.Flag
        , deps = [] : List D.Target
        , implementation_deps = [] : List D.Target
        , libs = [] : List Tc.Library
        , implementation_libs = [] : List Tc.Library
        , system = [] : List Text
        , data = [] : List D.Piece
        , visibility = [ "//..." ]
        }
      }

let Library =
      { Type =
                Common.Type
          //\\  { hdrs : List Text -- headers for its dependents
                , defines : List Tc.Define -- for this target and its dependents
                , whole_archive : Bool -- link every object, named by someone or not
                }
      , default =
              Common.default
          /\  { hdrs = [] : List Text
              , defines = [] : List Tc.Define
              , whole_archive = False
              }
      }

let Binary =
      { Type = Common.Type //\\ { link_flags : List Tc.Flag, args : List Text }
      , default =
              Common.default
          /\  { link_flags = [] : List Tc.Flag, args = [] : List Text }
      }

let Test =
      { Type =
                Common.Type
          //\\  { link_flags : List Tc.Flag
                , args : List D.Arg -- D.text "--fast", D.source "golden.txt"
                , env : List { mapKey : Text, mapValue : Text }
                , timeout_seconds : Natural
                , runs : Natural -- how many times it must pass
                , flaky : Bool -- it is known to fail at times: up to three attempts
                , memory_mib : Optional Natural -- what it takes; else it is learnt
                , shard_count : Natural -- parts that run at once; the test picks by TEST_SHARD_INDEX
                }
      , default =
              Common.default
          /\  { link_flags = [] : List Tc.Flag
              , args = [] : List D.Arg
              , env = [] : List { mapKey : Text, mapValue : Text }
              , timeout_seconds = 300
              , runs = 1
              , flaky = False
              , shard_count = 1
              , memory_mib = None Natural
              }
      }

let export =
      \(set : Text) ->
      \(piece : Text -> List D.Piece) ->
        map Text D.Export (\(name : Text) -> { set, value = piece name })

-- For targets of other rules that make headers: what they must export so that C's targets can depend on them.
let made-headers =
      \(names : List Text) ->
      \(folders : List Text) ->
          export headers (\(name : Text) -> [ D.Piece.Made name ]) names
        # export includes (\(folder : Text) -> [ D.Piece.Dir folder ]) folders

let no-pieces = [] : List D.Piece

-- Does any of these flags ask for a static link?
let is-static =
      \(flags : List Tc.Flag) ->
        let asks =
              concat-map
                Tc.Flag
                Text
                ( \(flag : Tc.Flag) ->
                    merge
                      { OptLevel = \(_ : Tc.OptLevel) -> [] : List Text
                      , TargetCpu = \(_ : T.Cpu) -> [] : List Text
                      , LTO = \(_ : Tc.LTO) -> [] : List Text
                      , Codegen = \(_ : Tc.Codegen) -> [] : List Text
                      , Link =
                          \(l : Tc.Link) ->
                            merge
                              { Static = [ "-static" ]
                              , Pie = [] : List Text
                              , NoPie = [] : List Text
                              , AsNeeded = [] : List Text
                              , Relro = [] : List Text
                              , GcSections = [] : List Text
                              , Strip = [] : List Text
                              }
                              l
                      , Debug = \(_ : Tc.Debug) -> [] : List Text
                      , Standard = \(_ : Tc.Standard) -> [] : List Text
                      , Define = \(_ : Tc.Define) -> [] : List Text
                      , Warn =
                          \(_ : { name : Text, enable : Bool, error : Bool }) ->
                            [] : List Text
                      , Feature =
                          \(_ : { name : Text, enable : Bool }) ->
                            [] : List Text
                      , Raw =
                          \(_ : { stage : Tc.Stage, text : Text }) ->
                            [] : List Text
                      }
                      flag
                )
                flags

        in  if is-empty Text asks then False else True

let with-toolchain =
      \(tc : Tc.Toolchain) ->
        let kind = Tc.compiler-kind tc.compiler

        let artifact = Tc.compiler-artifact tc.compiler

        let is-gcc =
              merge
                { Clang = False
                , GHC = False
                , Gcc = True
                , Lean = False
                , Rustc = False
                }
                kind

        let is-clang =
              merge
                { Clang = True
                , GHC = False
                , Gcc = False
                , Lean = False
                , Rustc = False
                }
                kind

        let driver = if is-clang then "usr/bin/clang" else "usr/bin/gcc"

        let compiler-problems =
              if    is-gcc || is-clang
              then  [] : List Text
              else  [ "the toolchain's compiler does not compile C" ]

        let trees =
                [ artifact.tree ]
              # merge
                  { None = [] : List D.Tree
                  , Some =
                      \(l : Tc.Linker) ->
                        merge { Lld = \(a : Tc.Artifact) -> [ a.tree ] } l
                  }
                  tc.linker
              # merge
                  { None = [] : List D.Tree
                  , Some = \(a : Tc.Artifact) -> [ a.tree ]
                  }
                  tc.sysroot

        let linker-flags =
              merge
                { None = [] : List D.Arg
                , Some =
                    \(l : Tc.Linker) ->
                      merge
                        { Lld = \(_ : Tc.Artifact) -> [ D.text "-fuse-ld=lld" ]
                        }
                        l
                }
                tc.linker

        let path = [ { mapKey = "PATH", mapValue = "/usr/bin" } ]

        let texts =
              \(compile : Bool) ->
              \(flags : List Tc.Flag) ->
                map
                  Text
                  D.Arg
                  D.text
                  (concat-map Tc.Flag Text (flag-texts compile) flags)

        -- One clang compiles for all targets; a gcc is for one.
        let cross-flags =
              if    is-clang
              then  if    T.same-arch tc.host.triple.arch tc.target.triple.arch
                    then  [] : List D.Arg
                    else  [ D.text "--target=${tc.target.triple.text}" ]
              else  [] : List D.Arg

        let target-flags =
              let cpu = [ D.text (cpu-flag tc.target.cpu) ]

              let none = [] : List D.Arg

              in    cross-flags
                  # merge
                      { x86_64 =
                          \(c : T.X86_64) ->
                            merge
                              { generic = none
                              , x86-64-v2 = cpu
                              , x86-64-v3 = cpu
                              , x86-64-v4 = cpu
                              , haswell = cpu
                              , skylake = cpu
                              , skylake-avx512 = cpu
                              , icelake-server = cpu
                              , sapphirerapids = cpu
                              , znver1 = cpu
                              , znver2 = cpu
                              , znver3 = cpu
                              , native =
                                  \(_ : T.`native is refused: the same key would name other code on every machine; name the processor`) ->
                                    none
                              }
                              c
                      , aarch64 = \(_ : T.Aarch64) -> cpu
                      , riscv64 = \(_ : T.Riscv64) -> none
                      , wasm32 = \(_ : T.Wasm32) -> none
                      }
                      tc.target.cpu

        let base-compile = target-flags # texts True tc.flags

        let base-link = linker-flags # target-flags # texts False tc.flags

        let include-args =
              map
                Text
                D.Arg
                ( \(folder : Text) ->
                    D.Arg.One [ D.Piece.Text "-I", D.Piece.Dir folder ]
                )

        -- One set of the dependencies, as inputs: nothing on the command line.
        let seen = \(set : Text) -> D.each set D.Order.Preorder no-pieces

        let tree-inputs =
              map
                Tc.Library
                D.Arg
                (\(l : Tc.Library) -> D.Arg.One [ D.Piece.Tree l.tree ])

        -- Folders of pinned libraries that the compiler does not search by itself.
        let library-include =
              concat-map
                Tc.Library
                D.Arg
                ( \(l : Tc.Library) ->
                    map
                      Text
                      D.Arg
                      ( \(folder : Text) ->
                          D.Arg.One [ D.Piece.Text "-I", D.Piece.Text folder ]
                      )
                      l.include
                )

        let system-pieces =
              map
                Text
                (List D.Piece)
                (\(name : Text) -> [ D.Piece.Text "-l${name}" ])

        -- The files that one pinned library is linked by: its archive if the whole link is static or there is no other.
        let library-pieces =
              \(static : Bool) ->
              \(l : Tc.Library) ->
                let files =
                      map
                        Text
                        (List D.Piece)
                        (\(file : Text) -> [ D.Piece.Tool file ])

                let shared = files l.shared

                let archive = files l.archives

                let or =
                      \(first : List (List D.Piece)) ->
                      \(second : List (List D.Piece)) ->
                        if is-empty (List D.Piece) first then second else first

                in    (if static then or archive shared else or shared archive)
                    # system-pieces l.system

        let link-libs =
              \(static : Bool) ->
              \(all : List Tc.Library) ->
              \(system : List Text) ->
                  concat-map
                    Tc.Library
                    (List D.Piece)
                    (library-pieces static)
                    all
                # system-pieces system

        let compile-of =
              \(cfg : Common.Type) ->
              \(hdrs : List Text) ->
              \(own-defines : List Tc.Define) ->
                let all-libs = cfg.libs # cfg.implementation_libs

                let before =
                        [ D.Arg.One [ D.Piece.Tool driver ] ]
                      # base-compile
                      # texts
                          True
                          (map Tc.Define Tc.Flag Tc.Flag.Define own-defines)
                      # [ D.each defines D.Order.Preorder no-pieces ]
                      # texts True cfg.flags
                      # include-args (cfg.private_include # cfg.include)
                      # [ D.each includes D.Order.Preorder [ D.Piece.Text "-I" ]
                        ]
                      # library-include all-libs

                let inputs =
                        map Text D.Arg D.source (hdrs # cfg.private_hdrs)
                      # [ seen headers, seen compile-trees ]
                      # tree-inputs all-libs

                in  \(name : Text) ->
                    \(file : D.Piece) ->
                            D.action
                        //  { category = "c.compile"
                            , identifier = name
                            , trees
                            , argv =
                                  before
                                # [ D.text "-MD"
                                  , D.text "-MF"
                                  , D.out "${cfg.name}.p/${name}.d"
                                  , D.text "-c"
                                  , D.Arg.One [ file ]
                                  , D.text "-o"
                                  , D.out "${cfg.name}.p/${name}.o"
                                  ]
                            , env = path
                            , inputs
                            , outputs = [ "${cfg.name}.p/${name}.o" ]
                            , depfile = Some "${cfg.name}.p/${name}.d"
                            }
                      : D.Action

        let compiles =
              \(cfg : Common.Type) ->
              \(hdrs : List Text) ->
              \(own-defines : List Tc.Define) ->
                let compile = compile-of cfg hdrs own-defines

                in    map
                        Text
                        D.Action
                        (\(src : Text) -> compile src (D.Piece.Source src))
                        cfg.srcs
                    # map
                        D.Output
                        D.Action
                        ( \(made : D.Output) ->
                            compile made.output (D.Piece.Output made)
                        )
                        cfg.made_srcs

        let objects =
              \(cfg : Common.Type) ->
                map
                  Text
                  D.Arg
                  (\(name : Text) -> D.made "${cfg.name}.p/${name}.o")
                  (   cfg.srcs
                    # map
                        D.Output
                        Text
                        (\(made : D.Output) -> made.output)
                        cfg.made_srcs
                  )

        let dependencies =
              \(cfg : Common.Type) ->
                  map D.Target D.Dep D.dep cfg.deps
                # map
                    D.Target
                    D.Dep
                    (\(t : D.Target) -> { label = t.label, hide = interface })
                    cfg.implementation_deps
                # map
                    D.Output
                    D.Dep
                    ( \(made : D.Output) ->
                        { label = made.target, hide = interface }
                    )
                    cfg.made_srcs

        let errors =
              \(flags : List Tc.Flag) ->
                compiler-problems # Tc.flags-problems tc flags

        let warnings =
              \(flags : List Tc.Flag) ->
                map
                  Text
                  Text
                  ( \(flag : Text) ->
                      "Flag.Raw \"${flag}\" is passed on unchecked"
                  )
                  (Tc.raw-flags flags)

        let library-exports =
              \(cfg : Library.Type) ->
              \(archive : Bool) ->
                  export headers (\(h : Text) -> [ D.Piece.Source h ]) cfg.hdrs
                # export
                    includes
                    (\(folder : Text) -> [ D.Piece.Dir folder ])
                    cfg.include
                # export
                    defines
                    (\(text : Text) -> [ D.Piece.Text text ])
                    ( concat-map
                        Tc.Define
                        Text
                        (\(d : Tc.Define) -> flag-texts True (Tc.Flag.Define d))
                        cfg.defines
                    )
                # map
                    Tc.Library
                    D.Export
                    ( \(l : Tc.Library) ->
                        { set = compile-trees, value = [ D.Piece.Tree l.tree ] }
                    )
                    cfg.libs
                # concat-map
                    Tc.Library
                    D.Export
                    ( \(l : Tc.Library) ->
                        export
                          includes
                          (\(folder : Text) -> [ D.Piece.Text folder ])
                          l.include
                    )
                    cfg.libs
                # ( if    archive
                    then  [ { set = archives
                            , value =
                                if    cfg.whole_archive
                                then  [ D.Piece.Text "-Wl,--whole-archive,"
                                      , D.Piece.Made "lib${cfg.name}.a"
                                      , D.Piece.Text ",--no-whole-archive"
                                      ]
                                else  [ D.Piece.Made "lib${cfg.name}.a" ]
                            }
                          ]
                    else  [] : List D.Export
                  )
                # map
                    (List D.Piece)
                    D.Export
                    (\(value : List D.Piece) -> { set = libs, value })
                    ( link-libs
                        False
                        (cfg.libs # cfg.implementation_libs)
                        cfg.system
                    )
                # map
                    (List D.Piece)
                    D.Export
                    (\(value : List D.Piece) -> { set = static-libs, value })
                    ( link-libs
                        True
                        (cfg.libs # cfg.implementation_libs)
                        cfg.system
                    )
                # map
                    Tc.Library
                    D.Export
                    ( \(l : Tc.Library) ->
                        { set = link-trees, value = [ D.Piece.Tree l.tree ] }
                    )
                    (cfg.libs # cfg.implementation_libs)
                # map
                    D.Piece
                    D.Export
                    (\(piece : D.Piece) -> { set = data, value = [ piece ] })
                    cfg.data

        let library =
              \(cfg : Library.Type) ->
                let common = cfg.(Common.Type)

                let file = "lib${cfg.name}.a"

                let archive =
                      if    is-empty Text cfg.srcs
                      then  if    is-empty D.Output cfg.made_srcs
                            then  False
                            else  True
                      else  True

                in        D.nothing
                      //  { label = ":${cfg.name}"
                          , kind = "c.library"
                          , doc = cfg.doc
                          , visibility = cfg.visibility
                          , srcs = cfg.srcs # cfg.hdrs # cfg.private_hdrs
                          , deps = dependencies common
                          , actions =
                                compiles common cfg.hdrs cfg.defines
                              # ( if    archive
                                  then  [     D.action
                                          //  { category = "c.archive"
                                              , identifier = cfg.name
                                              , trees
                                              , argv =
                                                    [ D.Arg.One
                                                        [ D.Piece.Tool
                                                            "usr/bin/ar"
                                                        ]
                                                    , D.text "rcsD"
                                                    , D.out file
                                                    ]
                                                  # objects common
                                              , env = path
                                              , inputs = [] : List D.Arg
                                              , outputs = [ file ]
                                              }
                                        ]
                                  else  [] : List D.Action
                                )
                          , exports = library-exports cfg archive
                          , outputs =
                              if archive then [ file ] else [] : List Text
                          , errors = errors cfg.flags
                          , warnings = warnings cfg.flags
                          }
                    : D.Target

        let link =
              \(cfg : Common.Type) ->
              \(link-flags : List Tc.Flag) ->
                let all-libs = cfg.libs # cfg.implementation_libs

                let static = is-static (tc.flags # cfg.flags # link-flags)

                in        D.action
                      //  { category = "c.link"
                          , identifier = cfg.name
                          , trees
                          , argv =
                                [ D.Arg.One [ D.Piece.Tool driver ] ]
                              # base-link
                              # texts False (cfg.flags # link-flags)
                              # [ D.text "-o", D.out cfg.name ]
                              # objects cfg
                              # [ D.each archives D.Order.Topological no-pieces
                                ]
                              # map
                                  (List D.Piece)
                                  D.Arg
                                  D.Arg.One
                                  (link-libs static all-libs cfg.system)
                              # [ D.each
                                    (if static then static-libs else libs)
                                    D.Order.Topological
                                    no-pieces
                                ]
                          , env = path
                          , inputs = tree-inputs all-libs # [ seen link-trees ]
                          , outputs = [ cfg.name ]
                          }
                    : D.Action

        -- What a program sees when it runs.
        let run-inputs =
              \(cfg : Common.Type) ->
                  map
                    D.Piece
                    D.Arg
                    (\(piece : D.Piece) -> D.Arg.One [ piece ])
                    cfg.data
                # tree-inputs (cfg.libs # cfg.implementation_libs)
                # [ seen data, seen link-trees ]

        let program =
              \(kind : Text) ->
              \(cfg : Common.Type) ->
              \(link-flags : List Tc.Flag) ->
              \(args : List Text) ->
                    D.nothing
                //  { label = ":${cfg.name}"
                    , kind
                    , doc = cfg.doc
                    , visibility = cfg.visibility
                    , srcs = cfg.srcs # cfg.private_hdrs
                    , deps = dependencies cfg
                    , actions =
                          compiles cfg ([] : List Text) ([] : List Tc.Define)
                        # [ link cfg link-flags ]
                    , outputs = [ cfg.name ]
                    , run = Some
                      { program = cfg.name, args, data = run-inputs cfg }
                    , errors =
                          errors (cfg.flags # link-flags)
                        # Tc.contradictions (tc.flags # cfg.flags # link-flags)
                    , warnings = warnings (cfg.flags # link-flags)
                    }

        let binary =
              \(cfg : Binary.Type) ->
                  program "c.binary" cfg.(Common.Type) cfg.link_flags cfg.args
                : D.Target

        let test =
              \(cfg : Test.Type) ->
                let common = cfg.(Common.Type)

                in        program
                            "c.test"
                            common
                            cfg.link_flags
                            ([] : List Text)
                      //  { test = Some
                            { action =
                                    D.action
                                //  { category = "test"
                                    , identifier = cfg.name
                                    , trees
                                    , argv = [ D.made cfg.name ] # cfg.args
                                    , env = cfg.env
                                    , inputs = run-inputs common
                                    , memory_mib = cfg.memory_mib
                                    , outputs = [] : List Text
                                    }
                            , timeout_seconds = cfg.timeout_seconds
                            , runs = cfg.runs
                            , flaky = cfg.flaky
                            , shard_count = cfg.shard_count
                            }
                          }
                    : D.Target

        in  { Library
            , library
            , Binary
            , binary
            , Test
            , test
            , D -- so that a BUILD.dhall of C needs no other import
            , T
            , Tc
            , made-headers
            , trees -- what a program that this toolchain links needs to run: the C library and its loader
            , when-gcc =
                \(flags : List Tc.Flag) ->
                  if is-gcc then flags else [] : List Tc.Flag
            , when-clang =
                \(flags : List Tc.Flag) ->
                  if is-clang then flags else [] : List Tc.Flag
            }

in  { with-toolchain
    , Config = Tc.Config -- \(config : R.Config) -> let C = R.with-toolchain config.toolchain in ...
    , Library
    , Binary
    , Test
    , flag-texts
    , made-headers
    }
