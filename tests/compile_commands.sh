#!/bin/sh
# tests/compile_commands.sh: compile_commands.json, and that an editor could use it.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1
mkdir -p lib app
echo 'int two(void);' >lib/two.h
echo '#include "two.h"
int two(void) { return 2; }' >lib/two.c
package lib <<'END2'
in  { lib = C.library C.Library::{ name = "lib", srcs = [ "two.c" ], hdrs = [ "two.h" ], include = [ "." ] } }
END2
echo '#include "two.h"
int main(void) { return two() - 2; }' >app/main.c
package app <<'END2'
in  { app = C.binary C.Binary::{ name = "app", srcs = [ "main.c" ], deps = [ D.at "//lib" ] } }
END2
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
echo 'int main(void) { return x; }' >app/main.c
rm compile_commands.json
expect "where the build fails" 1 "$straylight" build --compile-commands //...
ok "it is written all the same" test -s compile_commands.json
rm compile_commands.json && mkdir compile_commands.json
expect "where it cannot be written" 3 "$straylight" build --compile-commands //lib
err_has "that is told" "compile_commands.json"
finish
