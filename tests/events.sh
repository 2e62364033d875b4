#!/bin/sh
# tests/events.sh: what a build tells a machine while it runs.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1
mkdir -p app
echo 'int main(void) { return 0; }' >app/main.c
package app <<'END2'
in  { app = C.binary C.Binary::{ name = "app", srcs = [ "main.c" ] } }
END2
expect "a build with events" 0 "$straylight" build --events events //app
ok "tells what happens, in order" python3 -c '
import json
rows = [json.loads(line) for line in open("events")]
assert [row["event"] for row in rows] == ["begin", "package", "start", "end", "start", "end", "done"], rows
assert rows[1] == {"event": "package", "package": "//app", "configuration": "default", "cause": ""}, rows
del rows[1]
assert rows[0]["patterns"] == ["//app"] and not rows[0]["test"], rows
assert rows[1]["what"] == "c.compile main.c" and rows[1]["cause"] == "", rows
assert rows[2]["end"] == "ran" and rows[2]["wall_us"] > 0 and rows[2]["user_us"] + rows[2]["system_us"] > 0, rows
assert rows[2]["time_us"] >= rows[1]["time_us"], rows
assert rows[5]["ok"] and rows[5]["run"] == 2, rows'
expect "nothing to do" 0 "$straylight" build --events events //app
ok "is told in two lines" test "$(wc -l <events)" -eq 2
echo 'int main(void) { return x; }' >app/main.c
expect "a failure, into a pipe" 1 sh -c '"$1" build --events /dev/fd/3 //app 3>&1 >/dev/null 2>&1 | cat >events; "$1" build //app' sh "$straylight"
ok "is told" python3 -c '
import json
rows = [json.loads(line) for line in open("events")]
assert rows[1]["cause"] == "app/main.c" and rows[2]["end"] == "failed" and not rows[-1]["ok"], rows'
echo 'int main(void) { return 0; }' >app/main.c
expect "back" 0 "$straylight" build --events events //app
ok "is no event, or one from the cache" sh -c '! grep -q "\"start\"" events'
echo 'int main(void) { return 1 - 1; }' >app/main.c
expect "a reader that goes away" 0 sh -c '{ "$1" build --events /dev/fd/3 //app 3>&1 >/dev/null; echo $? >status; } | head -c 1 >/dev/null; exit "$(cat status)"' sh "$straylight"
ok "does not end the build" test "$(cat status)" -eq 0
expect "events into nowhere" 3 "$straylight" build --events nowhere/events //app
err_has "are told" "cannot open nowhere/events"
finish
