-- What the engine understands: first-order data, and nothing about any language.
let Resource = < Network | Auth : Text | Sandbox : Text | Filesystem : Text >

-- A tree from the store, and where it is seen: a compiler, a sysroot, a library. digest: "<hex>/<size>".
let Tree = { at : Text, digest : Text }

-- An output of another target, by its file name.
let Output = { target : Text, output : Text }

-- A part of one argument. Naming a file declares it as an input: there is no other way to see it.
let Piece =
      < Text : Text -- as it stands
      | Source : Text -- a file of this package
      | Made : Text -- an output of another action of this target
      | Out : Text -- an output of this action
      | Output : Output -- an output of another target
      | Program : Output -- the same, in the exec configuration: something to run
      | Tool : Text -- a file of the action's trees, absolute there: "usr/bin/ar"
      | Dir : Text -- a folder of this package ("." is its own, "//a/b" one of the workspace): its argument appears twice, for the folder and for its generated twin; declares nothing
      | Tree : Tree -- makes a tree visible; no text
      >

-- How the engine orders a transitive set, each element once: dependents before dependencies (archives), or
-- depth first as declared (include paths).
let Order = < Preorder | Topological >

-- One argument; or one for each element of a transitive set of the dependencies, expanded and shared by the engine.
let Arg =
      < One : List Piece
      | Each :
          { set : Text
          , before : List Piece
          , after : List Piece
          , joined : Bool -- all elements in one argument
          , order : Order
          }
      >

let Action =
      { category : Text -- "c.compile"
      , identifier : Text -- what distinguishes it among those of its category: a file's name
      , trees : List Tree
      , argv : List Arg
      , env : List { mapKey : Text, mapValue : Text }
      , inputs : List Arg -- seen, though not on the command line
      , outputs : List Text -- files, relative to the package; no two actions of a package share one ("<target>/x.o")
      , folders : List Text -- outputs that are folders
      , stdout : Optional Text -- an output (not listed above) that gets the standard output
      , depfile : Optional Text -- an output (not listed above): Makefile syntax, what was read; local only
      , requires : List Resource
      , jobserver : Bool -- what it runs shares our jobs: it has a GNU make jobserver, by MAKEFLAGS; not in its key
      , memory_mib : Optional Natural -- what it takes while it runs; else what it took before; not in its key
      }

-- What most actions leave as it is: `D.action // { category, identifier, argv, outputs }`.
let action =
      { trees = [] : List Tree
      , env = [] : List { mapKey : Text, mapValue : Text }
      , inputs = [] : List Arg
      , outputs = [] : List Text
      , folders = [] : List Text
      , stdout = None Text
      , depfile = None Text
      , requires = [] : List Resource
      , jobserver = False
      , memory_mib = None Natural
      }

-- A dependency, and which transitive sets do not pass over it to those who depend on this target.
let Dep = { label : Text, hide : List Text }

-- What a target adds to a transitive set, for those who depend on it.
let Export = { set : Text, value : List Piece }

-- A test: an action that makes nothing; it passes if it ends with 0. How it is run is not in its key.
let Test =
      { action : Action
      , timeout_seconds : Natural
      , runs : Natural -- how many times it must pass
      , flaky : Bool -- it is known to fail at times: it may try again
      , shard_count : Natural -- more than 1: it is run in that many parts, each an action of its own
      }

let Target =
      { label : Text -- ":name"; absolute once the package is loaded
      , kind : Text -- "c.library"
      , doc : Text
      , visibility : List Text -- patterns: "//...", "//a/...", "//a:__pkg__" as "//a:*"
      , srcs : List Text -- files of the package that this target owns
      , deps : List Dep
      , actions : List Action
      , exports : List Export
      , outputs : List Text -- what `build` links into out/
      , run : Optional { program : Text, args : List Text, data : List Arg }
      , test : Optional Test
      , errors : List Text -- what the rule found wrong: the engine refuses the target, and says it
      , warnings : List Text -- what the engine says and goes on
      }

let nothing =
      { kind = "reference"
      , doc = ""
      , visibility = [ "//..." ]
      , srcs = [] : List Text
      , deps = [] : List Dep
      , actions = [] : List Action
      , exports = [] : List Export
      , outputs = [] : List Text
      , run = None { program : Text, args : List Text, data : List Arg }
      , test = None Test
      , errors = [] : List Text
      , warnings = [] : List Text
      }

in  { Resource
    , Tree
    , Output
    , Piece
    , Order
    , Arg
    , Action
    , action
    , Dep
    , Export
    , Test
    , Target
    , text = \(t : Text) -> Arg.One [ Piece.Text t ]
    , source = \(t : Text) -> Arg.One [ Piece.Source t ]
    , out = \(t : Text) -> Arg.One [ Piece.Out t ]
    , made = \(t : Text) -> Arg.One [ Piece.Made t ]
    , each =
        \(set : Text) ->
        \(order : Order) ->
        \(before : List Piece) ->
          Arg.Each
            { set, before, after = [] : List Piece, joined = False, order }
    , output =
        \(t : Target) ->
        \(file : Text) ->
          { target = t.label, output = file } : Output
    , nothing = nothing /\ { label = "" } : Target
    , dep = \(t : Target) -> { label = t.label, hide = [] : List Text }
    , at = \(label : Text) -> nothing /\ { label } : Target
    }
