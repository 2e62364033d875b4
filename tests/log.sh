#!/bin/sh
# tests/log.sh: what the build log says of builds.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1
expect "log without any build" 1 "$straylight" log
err_has "says that there is none" "the log has no build yet"
mkdir -p app
echo 'int two(void); int main(void) { return two() - 2; }' >app/main.c
echo 'int two(void) { return 2; }' >app/two.c
package app <<'END2'
let app = C.binary C.Binary::{ name = "app", srcs = [ "main.c", "two.c" ] }
in  { app }
END2
"$straylight" build //... >"$out" 2>"$err"

expect "log of the first build" 0 "$straylight" log
out_has "says what was asked and done" "build 1 "
out_has "counts" "3 ran, 0 failed, 0 cached"
out_has "names an action" "ran     //app:app: c.compile main.c  (new)"
out_has "has the critical path" "critical path: "
"$straylight" build //... >"$out" 2>"$err"
expect "a build with nothing to do" 0 "$straylight" log --list
out_lacks "is not in the log" "build 2 "
echo 'int two(void) { return 1 + 1; }' >app/two.c
"$straylight" build //... >"$out" 2>"$err"
expect "log of a change" 0 "$straylight" log
out_has "names the cause" "c.compile two.c  (because of app/two.c)"
out_lacks "and nothing else" "c.compile main.c"
expect "an older build" 0 "$straylight" log --build 1
out_has "is still there" "c.compile main.c"
expect "a build that is not there" 1 "$straylight" log --build 77
err_has "is named" "the log has no build 77"

expect "the command of an action" 0 "$straylight" log --command "//app#main.c"
out_has "is whole" " -c app/main.c"
out_lacks "and alone" "two.c"
(cd app && "$straylight" log --command ":app#main.c") >relative
expect "again" 0 "$straylight" log --command "//app:app#main.c"
out_is "a short label is the same" relative
expect "the command of no action" 1 "$straylight" log --command "//app#nothing.c"
err_has "is refused by name" "no build that the log knows ran or looked up //app#nothing.c"
digest=$("$straylight" log --build 1 --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["actions"][0]["digest"])')
expect "all of an action" 0 "$straylight" log --action "//app#two.c"
out_has "the newest build that knows it" "build    2"
out_has "why" "because of app/two.c"
out_has "its whole command" "env -i HOME=/nonexistent LC_ALL=C SOURCE_DATE_EPOCH=1 TZ=UTC PATH="
out_has "its inputs" "inputs   app/two.c  "
out_has "its outputs" "out/app/app.p/two.c.o"
out_has "how to run it again" "straylight shell --action "
expect "by its digest" 0 "$straylight" log --action "$(echo "$digest" | cut -c-12)"
out_has "is that very action" "digest   $digest"
(cd app && "$straylight" log --action "...") >relative
expect "from the root" 0 "$straylight" log --action "app/..."
out_is "a short pattern is the same" relative
"$straylight" log --action "//app#two.c" --json >action.json
ok "as JSON" python3 -c '
import json
[action] = json.load(open("action.json"))
assert [i["path"] for i in action["inputs"]] == ["app/two.c"] and action["trees"], action
assert "TZ=UTC" in action["env"], action'
expect "no such digest" 1 "$straylight" log --action 0123456789
err_has "is told" "no build that the log knows ran or looked up 0123456789"
expect "the command of no label" 1 "$straylight" log --command "app:::"
expect "two things at once" 2 "$straylight" log --list --trace x
err_has "exclude each other" "--list, --command, --action and --trace exclude each other"

expect "a trace" 0 "$straylight" log --build 1 --trace trace.json
ok "is JSON with an event for each action" python3 -c '
import json
events = json.load(open("trace.json"))["traceEvents"]
assert len(events) == 3, events
assert all(e["ph"] == "X" and e["dur"] > 0 and e["tid"] > 0 for e in events), events
assert events[-1]["name"] == "c.link app", events
assert events[-1]["ts"] >= max(e["ts"] + e["dur"] for e in events[:-1]), events'
expect "a trace into nowhere" 3 "$straylight" log --trace nowhere/trace.json
"$straylight" log --build 1 --json >log.json
ok "as JSON" python3 -c '
import json
log = json.load(open("log.json"))
assert log["ran"] == 3 and log["ok"] and log["patterns"] == ["//..."], log
path = [log["actions"][i]["action"] for i in log["critical_path"]]
assert path[-1] == "app" and len(path) == 2, path
assert log["critical_path_us"] <= log["wall_us"], log
assert all(a["argv"] and a["end"] == "ran" and a["user_us"] + a["system_us"] > 0 for a in log["actions"])'
"$straylight" log --list --json >list.json
ok "the list as JSON" python3 -c '
import json
assert [b["number"] for b in json.load(open("list.json"))] == [1, 2]'

# A failure, a cache hit, damage.
echo 'int two(void) { return x; }' >app/two.c
"$straylight" build //... >"$out" 2>"$err"
expect "log of a failure" 0 "$straylight" log
out_has "says so" "1 failed"
echo 'int two(void) { return 2; }' >app/two.c
"$straylight" build //... >"$out" 2>"$err"
expect "log of going back" 0 "$straylight" log
out_has "tells of the cache" "cached  //app:app: c.compile two.c"
for file in "$STRAYLIGHT_STORE"/workspaces/*/log/*4; do
    echo nonsense >"$file"
done
expect "a damaged record" 0 "$straylight" log --list
out_lacks "is passed over" "build 4 "
out_has "the others are there" "build 3 "
expect "damage does not harm a build" 0 "$straylight" build //...
expect "clean" 0 "$straylight" clean
expect "log after clean" 1 "$straylight" log
finish
