#!/bin/sh
# tests/unread.sh: `straylight lint`, headers that are declared and never read.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1
mkdir -p lib app
echo 'int two(void);' >lib/two.h
echo 'int old(void);' >lib/old.h
echo 'int inner(void);' >lib/inner.h
echo 'int used(void);' >lib/outer.h
echo '#include "two.h"
int two(void) { return 2; }' >lib/two.c
package lib <<'END2'
in  { lib =
        C.library
          C.Library::{
          , name = "lib"
          , srcs = [ "two.c" ]
          , hdrs = [ "two.h", "old.h", "outer.h" ]
          , private_hdrs = [ "inner.h" ]
          , include = [ "." ]
          }
    }
END2
echo '#include "two.h"
#include "outer.h"
int main(void) { return two() - 2; }' >app/main.c
package app <<'END2'
in  { app = C.binary C.Binary::{ name = "app", srcs = [ "main.c" ], deps = [ D.at "//lib" ] } }
END2
expect "before anything was built" 0 "$straylight" lint
out_has "nothing is known" "2 compilations say nothing"
out_has "and so nothing found" "0 never read"
"$straylight" build //... >"$out" 2>"$err"
expect "what nobody reads" 1 "$straylight" lint
out_has "is found where it is declared" 'lib/BUILD.dhall:8:31: //lib:lib declares lib/old.h, and no compilation reads it'
out_has "also if it is private" "//lib:lib declares lib/inner.h"
out_lacks "what a dependent reads is read" "lib/outer.h"
out_has "all have a say" "2 never read"
out_lacks "none is silent" "say nothing"
expect "as JSON" 1 "$straylight" lint --json //lib
cp "$out" lint.json
ok "the same" python3 -c '
import json
lint = json.load(open("lint.json"))
assert sorted(f["path"] for f in lint["findings"]) == ["lib/inner.h", "lib/old.h"], lint
assert {f["path"]: f["line"] for f in lint["findings"]}["lib/old.h"] == 8, lint
assert lint["findings"][0]["file"] == "lib/BUILD.dhall" and lint["silent_actions"] == 0, lint'
expect "another target" 0 "$straylight" lint //app
out_has "has none" "0 never read"
echo 'int old(void), older(void);' >lib/old.h
expect "a change that is pruned" 1 "$straylight" lint //lib
out_has "makes it no less unread" "lib/old.h"
echo '#include "two.h"
#include "old.h"
int main(void) { return two() - 2; }' >app/main.c
expect "a change that was not built yet" 1 "$straylight" lint //lib
out_has "says nothing" "1 compilations say nothing"
out_lacks "so it may be read" "lib/old.h"
"$straylight" build //... >"$out" 2>"$err"
expect "once it is built" 1 "$straylight" lint
out_has "the other one is not" "lib/outer.h"
out_lacks "and this one is read" "lib/old.h"
expect "no such target" 1 "$straylight" lint //none
finish
