-- One side of a diamond: app needs left and right, and both need core.
let P = ../packages.dhall

let right =
      P.C.library
        P.C.Library::{
        , name = "right"
        , srcs = [ "right.c" ]
        , hdrs = [ "right.h" ]
        , include = [ "." ]
        , implementation_deps = [ P.C.D.at "//core" ]
        }

in  { right }
