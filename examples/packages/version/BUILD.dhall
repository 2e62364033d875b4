-- A header made by a program of this workspace. Who depends on `version` can include "version.h".
let P = ../packages.dhall

let make_header =
      P.C.binary
        P.C.Binary::{ name = "make_header", srcs = [ "make_header.c" ] }

let version =
      P.A.run
        P.A.Run::{
        , name = "version"
        , tool = P.A.built make_header
        , trees = P.C.trees
        , args = [ P.C.D.source "VERSION" ]
        , srcs = [ "VERSION" ]
        , stdout = Some "version.h"
        , exports = P.C.made-headers [ "version.h" ] [ "." ]
        }

in  { make_header, version }
