let P = ../packages.dhall

let app =
      P.C.binary
        P.C.Binary::{
        , name = "app"
        , srcs = [ "main.c" ]
        , deps = [ P.C.D.at "//left", P.C.D.at "//right", P.C.D.at "//version" ]
        , args = [ "100" ]
        }

-- A test of a program that is built elsewhere: it runs `app`, and sees its output by its status.
let app_test =
      P.C.test
        P.C.Test::{
        , name = "app_test"
        , srcs = [ "app_test.c" ]
        , args =
          [ P.C.D.Arg.One [ P.C.D.Piece.Output (P.C.D.output app "app") ] ]
        , libs = [ P.libs.gmp ]
        }

in  { app, app_test }
