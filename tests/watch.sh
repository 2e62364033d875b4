#!/bin/sh
# tests/watch.sh: building and testing again when a content changes, and only then.
. "$(dirname "$0")/lib.sh"

# Is TEXT in the log within 20 s?
comes() {
    tap_title=$1
    cp "$2" "$out"
    : >"$err"
    for _ in $(seq 400); do
        if [ "$(grep -cF -e "$3" "$2")" -ge "${4:-1}" ]; then
            tap_ok "$tap_title"
            return
        fi
        sleep 0.05
    done
    cp "$2" "$out"
    tap_not_ok "$tap_title" "does not come: $3"
}

# sh lets a background process ignore SIGINT: python3 gives it back.
start() {
    log=$1
    : >"$log"
    shift
    python3 -c '
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$straylight" "$@" >"$log" 2>&1 </dev/null &
    watcher=$!
}

stop() {
    kill -s "$1" "$watcher"
    wait "$watcher"
    watcher_status=$?
}

workspace_two_make ws '
    , check = C.test C.Test::{ name = "check", srcs = [ "main.c" ], deps = [ D.at "//lib" ] }' || exit 1
cd ws || exit 1

start log watch build --events events //app
comes "the first build is like any other" log "actions: 4 run, 0 cached"
comes "then it waits, and says for how much" log "folders to change; Ctrl-C ends this"
echo 'int main(void) { return 0; }' >app/main.c
comes "a change is told" log "straylight: app/main.c changed"
comes "and built" log "actions: 2 run, 2 cached"

# What must not start a build: the next change's line has to be the next one that is told.
touch app/main.c lib/two.c
cp app/main.c app/copy.c
mv app/copy.c app/main.c
echo nothing >app/unrelated
rm app/unrelated
mkdir lib/sub
sleep 0.3
python3 -c '
import os
os.rename("lib/two.c", "lib/away.c")
os.rename("lib/away.c", "lib/two.c")'
echo 'int main(void) { return x; }' >app/main.c
comes "a failure is shown" log "app/main.c:1:25: error"
comes "as one" log "failed; "
echo '#include "two.h"
int main(void) { return two() - 2; }' >app/main.c.new
mv app/main.c.new app/main.c
comes "a save by rename mends it" log "straylight: app/main.c changed" 3
comes "from the cache" log "actions: 0 run, 4 cached"
out_lacks "the same content elsewhere is no change" "lib/two.c"

# A new package, a folder that moves, several files at once.
mkdir -p app/new/deep
package app/new/deep <<'END2'
in  { deep = C.binary C.Binary::{ name = "deep", srcs = [ "deep.c" ] } }
END2
stop INT
ok "Ctrl-C ends it with what the last build was" test "$watcher_status" -eq 0
ok "no build came of a package that is not asked for" python3 -c '
import json
rows = [json.loads(line) for line in open("events")]
begins = [row for row in rows if row["event"] == "begin"]
assert len(begins) == 4, begins
assert "changed" not in begins[0] and [b["changed"] for b in begins[1:]] == [["app/main.c"]] * 3, begins
assert len([row for row in rows if row["event"] == "done"]) == 4, rows'

start log watch
comes "everything below the folder" log "Ctrl-C ends this"
comes "a failure at first is no end" log "app/new/deep/deep.c, a source of"
out_lacks "what a folder has for every folder is not near" "app/new/deep/."
echo 'int main(void) { return 0; }' >app/new/deep/deep.c
comes "a source that was missing" log "straylight: app/new/deep/deep.c changed"
comes "is built" log "8 actions: "
mkdir other
comes "a folder that comes" log "straylight: ./ changed"
comes "and is looked through" log "8 actions: 0 run, 8 cached"
cp app/new/deep/BUILD.dhall other/b
sed -i 's,../../../dhall,../dhall,g; s,../../../toolchains,../toolchains,g; s/deep/other/g' other/b
cp app/new/deep/deep.c other/other.c
mv other/b other/BUILD.dhall
comes "and a package in it" log "other/ changed"
comes "are built" log "10 actions: 2 run, 8 cached"
ok "as it says" test -e out/other/other
mv other gone
comes "a package that moves" log "other/BUILD.dhall and 1 more changed"
comes "is built where it is" log "10 actions: 2 run, 8 cached" 2
stop TERM
ok "SIGTERM ends it" test "$watcher_status" -eq 0 -o "$watcher_status" -eq 1

# A branch is switched there and back while it looks away; a file is a link.
rm -rf gone app/new
mv lib/two.h lib/real.h
ln -s ../elsewhere/two.h lib/two.h
mkdir elsewhere
mv lib/real.h elsewhere/two.h
start log watch build //app
comes "ready" log "Ctrl-C ends this"
kill -s STOP "$watcher"
cp app/main.c main.old
echo 'int broken' >app/main.c
rm lib/two.c
mv main.old app/main.c
echo '#include "two.h"
int two(void) { return 2; }' >lib/two.c
kill -s CONT "$watcher"
echo '/* other */ int two(void);' >elsewhere/two.h
comes "what a link leads to" log "straylight: lib/two.h changed"
out_lacks "what came back is no change" "lib/two.c"
echo 'let' >>straylight.dhall
comes "a workspace that cannot be read" log "failed; "
mv straylight.dhall away.dhall
comes "or is none" log "no workspace"
sed '$d' away.dhall >straylight.dhall
comes "comes back" log "straylight: straylight.dhall changed" 3
comes "and is built" log "4 actions: 0 run, 4 cached" 2
stop INT
ok "the last one was good" test "$watcher_status" -eq 0

# Tests.
start log watch test //app:check
comes "a test" log "1 passed, 0 failed"
echo '#include "two.h"
int main(void) { return two(); }' >app/main.c
comes "is run again" log "0 passed, 1 failed"
comes "with its outcome" log "FAIL //app:check: failed with status 2"
stop INT
ok "and makes the status" test "$watcher_status" -eq 1

# Without inotify.
start log watch --poll build //app
comes "by looking" log "Ctrl-C ends this"
echo 'int main(void) { return 0; }' >app/main.c
comes "it is seen, too" log "straylight: app/main.c changed"
stop INT
if unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_inotify_watches' 2>/dev/null; then
    cat >few <<'END2'
echo 3 >/proc/sys/user/max_inotify_watches
exec "$1" watch build //app >log 2>&1
END2
    rm -f log
    : >log
    unshare -Ur sh few "$straylight" &
    watcher=$!
    comes "no watches left" log "the kernel grants no more inotify watches (fs.inotify.max_user_watches)"
    echo 'int main(void) { return 1 - 1; }' >app/main.c
    comes "it goes on by looking" log "straylight: app/main.c changed"
    stop TERM
else
    skip "no watches left" "user namespaces are not allowed here"
fi
expect "outside of a workspace" 1 sh -c 'cd / && "$1" watch' sh "$straylight"
err_has "there is nothing to wait for" "no workspace"
finish
