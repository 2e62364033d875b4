-- One side of a diamond: app needs left and right, and both need core.
let P = ../packages.dhall

let left =
      P.C.library
        P.C.Library::{
        , name = "left"
        , srcs = [ "left.c" ]
        , hdrs = [ "left.h" ]
        , include = [ "." ]
        , implementation_deps = [ P.C.D.at "//core" ]
        }

in  { left }
