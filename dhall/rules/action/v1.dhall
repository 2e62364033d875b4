-- One action, spelt out: run a program on files to make files. For what no rule of a language covers.
--
--     let A = https://straylight.cx/rules/action/v1.dhall sha256:...
--
--     let version-h =
--           A.run
--             A.Run::{
--             , name = "version-h"
--             , tool = A.built make-header
--             , args = [ D.source "VERSION" ]
--             , outputs = [] : List Text
--             , stdout = Some "version.h"
--             , exports = C.made-headers [ "version.h" ] [ "." ]
--             }
let D = ../../dice/v1.dhall

-- What is run: a target's program, built in the exec configuration, or a file of a tree.
let Tool = < Built : D.Output | Pinned : { tree : D.Tree, path : Text } >

let Run =
      { Type =
          { name : Text
          , doc : Text
          , tool : Tool
          , trees : List D.Tree -- what the tool needs beside: the tree with its loader and C library
          , args : List D.Arg
          , env : List { mapKey : Text, mapValue : Text }
          , inputs : List D.Arg -- files that it reads, though they are not among args
          , srcs : List Text -- the files of this package among args and inputs, which the target owns
          , outputs : List Text
          , folders : List Text
          , stdout : Optional Text -- an output that gets the standard output
          , deps : List D.Target
          , exports : List D.Export
          , requires : List D.Resource
          , jobserver : Bool -- its tool is make, or runs it
          , memory_mib : Optional Natural -- what it takes while it runs; else it is learnt
          , visibility : List Text
          }
      , default =
        { doc = ""
        , trees = [] : List D.Tree
        , args = [] : List D.Arg
        , env = [] : List { mapKey : Text, mapValue : Text }
        , inputs = [] : List D.Arg
        , srcs = [] : List Text
        , outputs = [] : List Text
        , folders = [] : List Text
        , stdout = None Text
        , deps = [] : List D.Target
        , exports = [] : List D.Export
        , requires = [] : List D.Resource
        , jobserver = False
        , memory_mib = None Natural
        , visibility = [ "//..." ]
        }
      }

let tool-tree =
      \(tool : Tool) ->
        merge
          { Built = \(_ : D.Output) -> [] : List D.Tree
          , Pinned = \(p : { tree : D.Tree, path : Text }) -> [ p.tree ]
          }
          tool

let tool-piece =
      \(tool : Tool) ->
        merge
          { Built = D.Piece.Program
          , Pinned =
              \(p : { tree : D.Tree, path : Text }) -> D.Piece.Tool p.path
          }
          tool

let run =
      \(cfg : Run.Type) ->
              D.nothing
          //  { label = ":${cfg.name}"
              , kind = "action"
              , doc = cfg.doc
              , visibility = cfg.visibility
              , srcs = cfg.srcs
              , deps =
                  List/fold
                    D.Target
                    cfg.deps
                    (List D.Dep)
                    ( \(t : D.Target) ->
                      \(rest : List D.Dep) ->
                        [ D.dep t ] # rest
                    )
                    ([] : List D.Dep)
              , actions =
                [     D.action
                  //  { category = "action"
                      , identifier = cfg.name
                      , trees = tool-tree cfg.tool # cfg.trees
                      , argv = [ D.Arg.One [ tool-piece cfg.tool ] ] # cfg.args
                      , env = cfg.env
                      , inputs = cfg.inputs
                      , outputs = cfg.outputs
                      , folders = cfg.folders
                      , stdout = cfg.stdout
                      , requires = cfg.requires
                      , jobserver = cfg.jobserver
                      , memory_mib = cfg.memory_mib
                      }
                ]
              , exports = cfg.exports
              , outputs =
                    cfg.outputs
                  # cfg.folders
                  # merge
                      { None = [] : List Text
                      , Some = \(file : Text) -> [ file ]
                      }
                      cfg.stdout
              }
        : D.Target

-- A test of a program that some target makes.
let Test =
      { Type =
          { name : Text
          , doc : Text
          , tool : Tool
          , trees : List D.Tree
          , args : List D.Arg
          , env : List { mapKey : Text, mapValue : Text }
          , data : List D.Arg
          , srcs : List Text
          , timeout_seconds : Natural
          , runs : Natural
          , flaky : Bool
          , shard_count : Natural
          , memory_mib : Optional Natural
          , visibility : List Text
          }
      , default =
        { doc = ""
        , trees = [] : List D.Tree
        , args = [] : List D.Arg
        , env = [] : List { mapKey : Text, mapValue : Text }
        , data = [] : List D.Arg
        , srcs = [] : List Text
        , timeout_seconds = 300
        , runs = 1
        , flaky = False
        , shard_count = 1
        , memory_mib = None Natural
        , visibility = [ "//..." ]
        }
      }

let test =
      \(cfg : Test.Type) ->
              D.nothing
          //  { label = ":${cfg.name}"
              , kind = "action.test"
              , doc = cfg.doc
              , visibility = cfg.visibility
              , srcs = cfg.srcs
              , test = Some
                { action =
                        D.action
                    //  { category = "test"
                        , identifier = cfg.name
                        , trees = tool-tree cfg.tool # cfg.trees
                        , argv =
                            [ D.Arg.One [ tool-piece cfg.tool ] ] # cfg.args
                        , env = cfg.env
                        , inputs = cfg.data
                        , memory_mib = cfg.memory_mib
                        }
                , timeout_seconds = cfg.timeout_seconds
                , runs = cfg.runs
                , flaky = cfg.flaky
                , shard_count = cfg.shard_count
                }
              }
        : D.Target

-- The program of a target of this package; of another one: `Tool.Built { target = "//tools:gen", output = "gen" }`.
let built =
      \(t : D.Target) ->
        Tool.Built
          { target = t.label
          , output =
              merge
                { None = ""
                , Some =
                    \(run : { program : Text
                            , args : List Text
                            , data : List D.Arg
                            }) ->
                      run.program
                }
                t.run
          }

in  { Tool, Run, run, Test, test, built }
