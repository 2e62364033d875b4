#!/bin/sh
# tests/memory.sh: actions share the memory that is free.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1
cat >eat.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    size_t bytes = (size_t)atoi(argv[1]) << 20;
    char *all = malloc(bytes + 1);
    memset(all, 1, bytes);
    sleep(1);
    printf("%d %d %c\n", argc, all[bytes / 2], argv[2][0]);
    return 0;
}
END
package . <<'END'
let A = ./dhall/rules/action/v1.dhall
let eat = C.binary C.Binary::{ name = "eat", srcs = [ "eat.c" ] }
let meal =
      \(name : Text) -> \(size : Text) -> \(memory_mib : Optional Natural) -> \(salt : Text) ->
        A.run
          A.Run::{ name, tool = A.built eat, trees = C.trees, args = [ D.text size, D.text salt ], stdout = Some name, memory_mib }
in  { eat
    , a = meal "a" "1" (Some 80) "x"
    , b = meal "b" "1" (Some 80) "y"
    , c = meal "c" "1" (Some 10) "z"
    , large = meal "large" "1" (Some 5000) "w"
    , learnt = meal "learnt" "200" (None Natural) "v"
    }
END

# known NAME FIELD: a number of an action of the last build.
known() {
    "$straylight" log --json | python3 -c '
import json, sys
print(next(a[sys.argv[2]] for a in json.load(sys.stdin)["actions"] if a["label"] == "//:" + sys.argv[1]))' "$@"
}

expect "two that do not fit together" 0 "$straylight" build -j4 --memory 100 //:a //:b //:c
first=$(known a waited_us) second=$(known b waited_us)
ok "one waits for the other" test "$((first * second))" -eq 0 -a "$((first + second))" -gt 0
ok "one that fits beside one of them" sh -c 'test "$1" -eq 0' sh "$(known c waited_us)"
ok "does not wait, and each has what it declares" test "$(known a memory_bytes)" -eq 83886080
expect "the log" 0 "$straylight" log
out_has "says who waited" "; waited "
out_has "for how much" " for 80 MiB of memory)"
expect "explain" 0 "$straylight" explain //...
out_has "does too" ", when it had waited "
sed -i 's/"x"/"xx"/; s/"y"/"yy"/' BUILD.dhall
expect "two that fit together" 0 "$straylight" build -j4 --memory 1000 //:a //:b
ok "do not wait" test "$(($(known a waited_us) + $(known b waited_us)))" -eq 0
sed -i 's/Some 80/Some 90/g' BUILD.dhall
expect "what an action declares" 0 "$straylight" build //:a
out_has "is not in its key" "0 run"
expect "one that is larger than all" 0 "$straylight" build -j4 --memory 100 //:large
out_has "runs alone" "1 run"

expect "one that declares nothing" 0 "$straylight" build //:learnt
ok "is given as much as the largest of its kind" test "$(known learnt memory_bytes)" -lt 83886080
sed -i 's/"v"/"vv"/' BUILD.dhall
expect "when it runs again" 0 "$straylight" build //:learnt
ok "it is known what it takes" test "$(known learnt memory_bytes)" -gt 209715200
expect "no number" 2 "$straylight" build --memory all //:a

# An interrupt ends who waits, too.
sed -i 's/"xx"/"xxx"/; s/"yy"/"yyy"/; s/sleep(1)/sleep(60)/' BUILD.dhall eat.c
"$straylight" build -j4 --memory 100 //:a //:b >"$out" 2>"$err" &
pid=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    ps -o args= --ppid "$pid" >/dev/null && sleep 0.1
done
kill -INT "$pid"
status=0
wait "$pid" || status=$?
ok "an interrupt ends who waits" test "$status" -eq 130
finish
