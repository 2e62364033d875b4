#!/bin/sh
# tests/compile_commands.sh: compile_commands.json, and that an editor could use it.
. "$(dirname "$0")/lib.sh"

workspace_two_make ws || exit 1
cd ws || exit 1
expect "a build does not write it" 0 "$straylight" build //app
ok "unasked" test ! -e compile_commands.json
expect "on request" 0 "$straylight" build --compile-commands //lib
ok "it has all of the workspace, and commands that compile it" python3 -c '
import json, os, subprocess
entries = json.load(open("compile_commands.json"))
assert sorted(e["file"] for e in entries) == ["app/main.c", "lib/two.c"], entries
for e in entries:
    assert e["directory"] == os.getcwd(), e
    words = [w for w in e["arguments"][1:] if w.startswith("-I") or w.startswith("-std")]
    subprocess.run(["cc", "-fsyntax-only", *words, e["file"]], cwd=e["directory"], check=True)'
touch -d @1000000000 compile_commands.json
expect "again" 0 "$straylight" build --compile-commands //...
ok "leaves it as it is" test "$(stat -c %Y compile_commands.json)" -eq 1000000000

# Once written, it is kept up to date.
cp compile_commands.json before
echo 'int more(void) { return 3; }' >lib/more.c
package lib <<'END2'
in  { lib = C.library C.Library::{ name = "lib", srcs = [ "two.c", "more.c" ], hdrs = [ "two.h" ], include = [ "." ] } }
END2
expect "a build of something else" 0 "$straylight" build //app
ok "that reads the package that changed writes it again" grep -q more.c compile_commands.json
touch -d @1000000000 compile_commands.json
echo 'int more(void) { return 4; }' >lib/more.c
expect "a source that changes" 0 "$straylight" build //...
ok "is no reason to" test "$(stat -c %Y compile_commands.json)" -eq 1000000000
sed -i 's/, "more.c"//' lib/BUILD.dhall
expect "a query that reads a package" 0 "$straylight" query //...
ok "does not write" grep -q more.c compile_commands.json
expect "the next build" 0 "$straylight" test //...
ok "does" cmp compile_commands.json before
echo '-- a comment' >>lib/BUILD.dhall
touch -d @1000000000 compile_commands.json
expect "a comment" 0 "$straylight" build //...
ok "changes nothing" test "$(stat -c %Y compile_commands.json)" -eq 1000000000
echo '[]' >compile_commands.json
sed -i 's/"two.c"/"two.c", "more.c"/' lib/BUILD.dhall
expect "one that somebody else wrote" 0 "$straylight" build //...
ok "stays" grep -qx '\[\]' compile_commands.json
expect "on request" 0 "$straylight" build --compile-commands
rm compile_commands.json
sed -i 's/, "more.c"//' lib/BUILD.dhall
expect "one that was removed" 0 "$straylight" build //...
ok "stays away" test ! -e compile_commands.json
touch compile_commands.json
echo 'int main(void) { return x; }' >app/main.c
rm compile_commands.json
expect "where the build fails" 1 "$straylight" build --compile-commands //...
ok "it is written all the same" test -s compile_commands.json
rm compile_commands.json && mkdir compile_commands.json
expect "where it cannot be written" 3 "$straylight" build --compile-commands //lib
err_has "that is told" "compile_commands.json"
finish
