-- The root: what is made of files that lie outside src/. The programs are //src/cli:straylight and
-- //src/cli:armitage.
let S = ./src/common.dhall

let files =
      [ "dhall/config/v1.dhall"
      , "dhall/dice/v1.dhall"
      , "dhall/rules/action/v1.dhall"
      , "dhall/rules/c/v1.dhall"
      , "dhall/targets/v1.dhall"
      , "dhall/toolchains/v1.dhall"
      ]

let packages-data =
      S.A.run
        S.A.Run::{
        , name = "packages-data"
        , doc = "the Dhall packages as C arrays, for the library of //src/build"
        , tool =
            S.A.Tool.Built { target = "//src/build:embed", output = "embed" }
        , trees = S.C.trees
        , args =
              [ S.D.text "--strip", S.D.text "dhall/" ]
            # List/fold
                Text
                files
                (List S.D.Arg)
                ( \(file : Text) ->
                  \(rest : List S.D.Arg) ->
                    [ S.D.source file ] # rest
                )
                ([] : List S.D.Arg)
        , srcs = files
        , stdout = Some "packages_data.c"
        }

in  { packages-data }
