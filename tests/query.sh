#!/bin/sh
# tests/query.sh: what needs what: query and graph.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1
mkdir -p base left right app
package base <<'END2'
in  { base = C.library C.Library::{ name = "base", srcs = [ "base.c" ], hdrs = [ "base.h" ] } }
END2
for side in left right; do
    package $side <<END2
let it = C.library C.Library::{ name = "$side", srcs = [ "$side.c" ], deps = [ D.at "//base" ] }
in  { $side = it }
END2
done
package app <<'END2'
let app = C.binary C.Binary::{ name = "app", srcs = [ "main.c" ], deps = [ D.at "//left", D.at "//right" ] }
let check = C.test C.Test::{ name = "check", srcs = [ "check.c" ], deps = [ D.at "//base" ] }
in  { app, check }
END2

# An expression, and the labels that it names.
while IFS='|' read -r expression want; do
    expect "query $expression" 0 "$straylight" query "$expression"
    echo "$want" | tr ' ' '\n' | grep . >want
    out_is "query $expression: the answer" want
done <<'END2'
//app|//app:app
//...|//app:app //app:check //base:base //left:left //right:right
//app:*|//app:app //app:check
deps(//app)|//app:app //base:base //left:left //right:right
deps(//app, 0)|//app:app
deps(//app, 1)|//app:app //left:left //right:right
rdeps(//..., //base)|//app:app //app:check //base:base //left:left //right:right
rdeps(//..., //base, 1)|//app:check //base:base //left:left //right:right
rdeps(//app, //base)|//app:app //base:base //left:left //right:right
somepath(//app, //base)|//app:app //left:left //base:base
somepath(//base, //app)|
allpaths(//app, //base)|//app:app //base:base //left:left //right:right
allpaths(//left, //right)|
kind("c.library", //...)|//base:base //left:left //right:right
kind(c.*, deps(//left))|//base:base //left:left
attr(test, true, //...)|//app:check
attr(srcs, */main.c, //...)|//app:app
attr(name, [lr]*, //...)|//left:left //right:right
//left + //right|//left:left //right:right
deps(//app) - deps(//left)|//app:app //right:right
deps(//left) ^ deps(//right)|//base:base
deps(//app) - (//left + //right)|//app:app //base:base
//left + //right - //left|//right:right
END2
cd app || exit 1
expect "a relative label" 0 "$straylight" query :app + :check
out_has "is of the working folder" "//app:check"
cd ..

# Forms.
"$straylight" query --output json "deps(//app)" >rows.json
ok "JSON" python3 -c '
import json
rows = {row["label"]: row for row in json.load(open("rows.json"))}
assert rows["//app:app"]["needs"] == ["//left:left", "//right:right"], rows
assert rows["//app:app"]["kind"] == "c.binary" and rows["//app:app"]["srcs"] == ["app/main.c"], rows'
expect "dot" 0 "$straylight" query --output dot "deps(//left)"
out_has "has the edges" '  "//left:left" -> "//base:base";'
expect "graph" 0 "$straylight" graph //left
out_has "has them too" '  "//left:left" -> "//base:base";'
expect "graph of actions" 0 "$straylight" graph --actions //app
out_has "has theirs" '  "//app:app#app" -> "//app:app#main.c";'
expect "actions" 0 "$straylight" query --actions //app
out_has "are named" "$(printf '//app:app#main.c\tc.compile main.c')"
"$straylight" query --actions --output json //app >rows.json
ok "actions as JSON" python3 -c '
import json
rows = {row["action"]: row for row in json.load(open("rows.json"))}
assert "app/main.c" in rows["main.c"]["argv"] and "app/main.c" in rows["main.c"]["inputs"], rows'
ok "nothing was built" test ! -e out

# What is wrong.
while IFS='|' read -r expression want; do
    expect "query $expression" 1 "$straylight" query "$expression"
    err_has "query $expression: says what is wrong" "$want"
done <<'END2'
dep(//app)|there is no function "dep"
dep(//app)|help: did you mean deps?
deps(//app|query:1:11: error: a ")" is wanted here
deps()|a label, a function or "(" is wanted here
deps(//app, x)|a number of steps is wanted here
rdeps(//app)|a "," is wanted here
//ap|//ap names no target
attr(colour, x, //app)|a target has no attribute "colour"
//app )|nothing is wanted here any more
//app + |a label, a function or "(" is wanted here
"//app|the quoted word does not end
app|
END2
deep=$(printf '%80s' '' | tr ' ' '(')
expect "too many parentheses" 1 "$straylight" query "$deep"
err_has "are refused" "more than 64 parentheses within each other"
echo '{ nonsense' >left/BUILD.dhall
expect "a package that cannot be read" 1 "$straylight" query "//base"
out_has "hides no other" "//base:base"
err_has "and is told" "left/BUILD.dhall"
finish
