-- Numbers of any size, on a pinned library. Its header hides that: the library stays an
-- implementation matter.
let P = ../packages.dhall

let core =
      P.C.library
        P.C.Library::{
        , name = "core"
        , srcs = [ "number.c" ]
        , hdrs = [ "number.h" ]
        , include = [ "." ]
        , implementation_libs = [ P.libs.gmp ]
        }

in  { core }
