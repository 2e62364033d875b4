#!/bin/sh
# tests/explain.sh: why something runs: build -n and explain.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1
mkdir -p app
echo '#include "two.h"
int main(void) { return two() - 2; }' >app/main.c
echo 'int two(void);' >app/two.h
echo '/* nobody reads this */' >app/unread.h
echo '#include "two.h"
int two(void) { return 2; }' >app/two.c
app() {
    package app <<END2
let app = C.binary C.Binary::{ name = "app", srcs = [ "main.c", "two.c" ], private_hdrs = [ "two.h", "unread.h" ]$1 }
let check = C.test C.Test::{ name = "check", srcs = [ "check.c" ] }
in  { app, check }
END2
}
echo 'int main(void) { return 0; }' >app/check.c
app ""

# The plan.
expect "build -n before the first build" 0 "$straylight" build -n //app
out_has "names what would run" "would run  //app:app: c.compile main.c"
out_has "and what waits" "waits      //app:app: c.link app"
out_has "and counts" "2 would run, 1 wait for what those make, 0 are cached"
ok "nothing was built" test ! -e out
expect "build -n of nonsense" 1 "$straylight" build -n //nowhere
err_has "tells the story" "//nowhere"
"$straylight" build //app >"$out" 2>"$err"
expect "build -n with nothing to do" 0 "$straylight" build -n //app
out_has "says so" "0 would run, 0 wait for what those make, 0 are cached"
expect "build -n as JSON" 0 "$straylight" build -n --json //app
out_has "is an empty list" "[]"

# Up to date.
expect "explain what is up to date" 0 "$straylight" explain //app
out_has "names the action" "//app:app: c.compile main.c"
out_has "and when it ran" "is up to date; ran in build 1:"
out_has "and why" "    it is new"

# A source.
echo '#include "two.h"
int two(void) { return 1 + 1; }' >app/two.c
expect "explain a changed source" 0 "$straylight" explain "//app#two.c"
out_has "would run" "  would run:"
out_has "because of the file" "    app/two.c changed"
out_lacks "only what was asked for" "main.c"
expect "explain what waits" 0 "$straylight" explain //app
out_has "for whom" "    what //app:app: c.compile two.c will make"
expect "build -n -v" 0 "$straylight" build -n -v //app
out_has "has the command" " -c app/two.c"
"$straylight" build //app >"$out" 2>"$err"
expect "after the build" 0 "$straylight" explain "//app#two.c"
out_has "the reason is in the log" "    app/two.c changed"
out_has "with the build" "ran in build 2:"
expect "the link" 0 "$straylight" explain "//app#app"
out_has "has the object as its reason" "    gen/app/app.p/two.c.o changed"

# A header: changed, new, gone, unread.
echo '/* still nobody */' >app/unread.h
expect "an unread header" 0 "$straylight" explain "//app#main.c"
out_has "is pruned" "app/unread.h changed, but is pruned by depfile: it was not read"
echo 'int two(void); int three(void);' >app/two.h
expect "a header" 0 "$straylight" explain "//app#main.c"
out_has "is named" "    app/two.h changed"
"$straylight" build //app >"$out" 2>"$err"
sed -i 's/, "unread.h"//' app/BUILD.dhall
expect "a header less" 0 "$straylight" explain "//app#main.c"
out_has "is named" "    app/unread.h is not an input any more"
app ""
"$straylight" build //app >"$out" 2>"$err"

# A flag, and back.
app ', flags = [ C.Tc.define "X" ]'
expect "a flag" 0 "$straylight" explain "//app#main.c"
out_has "is named" "    argument -DX is new"
"$straylight" build //app >"$out" 2>"$err"
app ""
expect "the flag less" 0 "$straylight" explain "//app#main.c"
out_has "is in the cache" "would be taken from the action cache:"
out_has "and named" "    argument -DX is gone"
"$straylight" build //app >"$out" 2>"$err"

# The output is gone.
"$straylight" clean >"$out" 2>"$err"
"$straylight" build //app >"$out" 2>"$err"
find "$STRAYLIGHT_STORE/actions" -type f -delete
rm "$STRAYLIGHT_STORE"/workspaces/*/graph
expect "an output that is gone" 0 "$straylight" explain "//app#main.c"
out_has "would run" "  would run:"
out_has "and says so" "an output that build 1 made is not in the store as it was: it is gone or damaged"
"$straylight" build //app >"$out" 2>"$err"

# Between two builds; a failure; tests; JSON; wrong use.
echo '#include "two.h"
int two(void) { return 3; }' >app/two.c
"$straylight" build //app >"$out" 2>"$err"
expect "between two builds" 0 "$straylight" explain --builds 2..3 //app
out_has "what differs" "    app/two.c changed"
out_lacks "and nothing else" "main.c"
expect "builds that are none" 1 "$straylight" explain --builds 3..x //app
err_has "are refused" "--builds 3..x: two numbers of builds are wanted, the older first, as 3..5"
expect "builds that are not there" 1 "$straylight" explain --builds 3..99 //app
err_has "are named" "the log has no build 99"
echo '#include "two.h"
int two(void) { return x; }' >app/two.c
"$straylight" build //app >"$out" 2>"$err"
expect "after a failure" 0 "$straylight" explain "//app#two.c"
out_has "says so" "    it failed in build 4, and a failure is not kept"
cp app/two.c broken
echo '#include "two.h"
int two(void) { return 3; }' >app/two.c
"$straylight" build //app >"$out" 2>"$err"
expect "what is again as it was before a failure" 0 "$straylight" explain "//app#two.c"
out_has "is of the build before it" "  is up to date; ran in build 3:"
out_lacks "and was read" "pruned"
cp broken app/two.c
expect "a test" 0 "$straylight" explain --test //app:check
out_has "would run" "would run:"
"$straylight" explain --json "//app#two.c" >rows.json
ok "as JSON" python3 -c '
import json
rows = json.load(open("rows.json"))
assert len(rows) == 1 and rows[0]["state"] == "would run" and rows[0]["action"] == "two.c", rows'
expect "explain of no target" 1 "$straylight" explain //app:ap
err_has "tells the near one" "did you mean //app:app?"
expect "explain without a label" 2 "$straylight" explain
finish
