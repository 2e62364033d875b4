#!/bin/sh
# tests/stale.sh: what nothing refers to any more is found, and that alone.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cp -r ws other
cd ws || exit 1
mkdir -p app
package app <<'END2'
in  { one = C.binary C.Binary::{ name = "one", srcs = [ "one.c" ] }
    , two = C.binary C.Binary::{ name = "two", srcs = [ "two.c" ] }
    }
END2
echo 'int main(void) { return 1; }' >app/one.c
echo 'int main(void) { return 2; }' >app/two.c
"$straylight" build //... >"$out" 2>"$err"
expect "after a build" 0 "$straylight" clean --stale
out_has "nothing is stale" "removed: 0 links of targets that are gone, states of 0 workspaces that are gone,"
out_has "in the store, too" "0 results of actions, 0 files, 0 bytes"
echo 'int main(void) { return 3; }' >app/one.c
"$straylight" build //... >"$out" 2>"$err"
added=$("$straylight" store add app/two.c | cut -c-64)
expect "after a change" 0 "$straylight" clean --stale -n --json
cp "$out" dry
ok "what was made before would go" python3 -c '
import json
dry = json.load(open("dry"))
assert not dry["removed"] and dry["results"] == 2 and dry["files"] >= 3 and dry["bytes"] > 1000 and dry["links"] == 0, dry'
expect "again" 0 "$straylight" clean --stale -n --json
out_is "nothing went" dry
expect "now it does" 0 "$straylight" clean --stale --json
cp "$out" real
ok "just that" python3 -c '
import json, sys
dry, real = json.load(open("dry")), json.load(open("real"))
assert real.pop("removed") and not dry.pop("removed") and real == dry, (dry, real)'
expect "once" 0 "$straylight" clean --stale
out_has "only" "0 results of actions, 0 files, 0 bytes"
expect "what is there is whole" 0 "$straylight" store verify
expect "nothing has to run" 0 "$straylight" build //...
out_has "for what there is" " 0 run"
ok "programs run" sh -c 'out/app/one; test $? -eq 3'
ok "what was added stays" test -e "$STRAYLIGHT_STORE/cas/$(echo "$added" | cut -c-2)/$added"
echo 'int main(void) { return 1; }' >app/one.c
expect "what went" 0 "$straylight" build //...
out_has "is made again" " 2 run"

# Another workspace of the same store keeps what it has.
cp -r app ../other/app
cd ../other || exit 1
"$straylight" build //... >"$out" 2>"$err"
cd ../ws || exit 1
echo 'int main(void) { return 4; }' >app/one.c
"$straylight" build //... >"$out" 2>"$err"
"$straylight" clean --stale >"$out" 2>"$err"
out_has "what was there before goes" "2 results of actions"
expect "again" 0 "$straylight" clean --stale
out_has "what another workspace has stays" "0 results of actions, 0 files"
expect "it" 0 sh -c 'cd ../other && rm -r out && "$1" build //... && out/app/two; test $? -eq 2' sh "$straylight"
out_has "has nothing to do" " 0 run"
mv ../other ../away
expect "unless it is gone" 0 "$straylight" clean --stale
out_has "with its state" "states of 1 workspaces that are gone"
out_has "and its results" "2 results of actions"
mv ../away ../other
cd ../other || exit 1
expect "one that comes back" 0 "$straylight" build //...
out_has "builds again" " 2 run"
cd ../ws || exit 1

# Links.
package app <<'END2'
in  { one = C.binary C.Binary::{ name = "one", srcs = [ "one.c" ] } }
END2
expect "a target that is gone" 0 "$straylight" clean --stale -n
out_has "leaves a link" "would be removed: 1 links"
ok "which is still there" test -L out/app/two
expect "until then" 0 "$straylight" clean --stale
ok "goes" test ! -L out/app/two
ok "and no other" test -L out/app/one
echo 'in {' >>app/BUILD.dhall
expect "a package that cannot be read" 1 "$straylight" clean --stale
err_has "is told" "app/BUILD.dhall"
ok "and loses no link" test -L out/app/one

# A folder is an output, too; who works with the store is not disturbed.
expect "alone" 2 "$straylight" clean -n
err_has "a dry run is nothing" "--dry-run is only for --stale"
mkdir -p "$STRAYLIGHT_STORE/tmp/1-1"
expect "while it does" 3 python3 -c '
import fcntl, os, subprocess, sys
fd = os.open(sys.argv[2], os.O_RDONLY)
fcntl.flock(fd, fcntl.LOCK_EX)
sys.exit(subprocess.run([sys.argv[1], "clean", "--stale"]).returncode)' "$straylight" "$STRAYLIGHT_STORE/tmp/1-1"
err_has "that is said" "another process works with the store just now"
finish
