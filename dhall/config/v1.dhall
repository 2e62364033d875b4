-- straylight.dhall: it marks the root of a workspace, and holds what is true of the whole of it.
--
--     let W = https://straylight.cx/config/v1.dhall sha256:...
--
--     in  W.Workspace::{ name = "hello" }
let D = ../dice/v1.dhall

-- How files that straylight writes (toolchains.dhall) import its packages.
let Packages =
      < Embedded -- by frozen URL, answered from the program itself
      | Path : Text -- by path, from the root of the workspace: "./dhall"
      >

let Mode = < Debug | Release >

-- What a BUILD.dhall that is a function is applied to, once for each configuration. Labels name one: //pkg:name@config.
-- Where a package builds with the toolchain of its configuration, it is Config of toolchains/v1.dhall (and rules/c/v1.dhall).
let Config = { name : Text, mode : Mode, exec : Bool }

-- A configuration; `exec` is not among them: it is `tools`, with `exec` set, for tools that actions run.
let Configuration = { name : Text, mode : Mode }

let Workspace =
      { Type =
          { name : Text
          , packages : Packages
          , configurations : List Configuration -- the first one is taken where a label names none
          , tools : Configuration
          , toolchains : List { mapKey : Text, mapValue : Text } -- configuration -> its entry of toolchains.dhall; else `native`
          , grants : List D.Resource -- what actions of this workspace may require; nothing unless it is said here
          }
      , default =
        { packages = Packages.Embedded
        , configurations = [ { name = "default", mode = Mode.Debug } ]
        , tools = { name = "exec", mode = Mode.Release }
        , toolchains = [] : List { mapKey : Text, mapValue : Text }
        , grants = [] : List D.Resource
        }
      }

in  { Packages, Mode, Config, Configuration, Workspace }
