#!/bin/sh
# tests/progress.sh: what stands on a terminal while something runs, and nothing of it elsewhere.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1
mkdir -p t
package t <<'END2'
in  { slow = C.test C.Test::{ name = "slow", srcs = [ "slow.c" ] } }
END2
cat >t/slow.c <<'END2'
#include <unistd.h>
int main(void) { return usleep(700000); }
END2
expect "not on a terminal" 0 "$straylight" test //t:slow
err_lacks "nothing is drawn" "running"
expect "on one" 0 "$straylight" test --progress=always --runs-per-test 1 //t:slow
cp "$err" drawn
err_has "the counts stand there" "] 1 running, "
err_has "and what runs, for how long" "    0.1 s  //t:slow: "
err_has "lines are drawn anew" "$(printf '\r\033[2A\033[J[')"
ok "and are gone at the end" python3 -c '
assert open("drawn", "rb").read().endswith(b"\r\x1b[2A\x1b[J")'
expect "no terminal wanted" 0 "$straylight" test --progress=never --runs-per-test 1 //t:slow
err_lacks "nothing is drawn then" "running"
finish
