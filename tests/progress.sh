#!/bin/sh
# tests/progress.sh: what stands on a terminal while something runs, and nothing of it elsewhere.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1
mkdir -p t
package t <<'END2'
in  { long = C.test C.Test::{ name = "long", srcs = [ "long.c" ] }
    , slow = C.test C.Test::{ name = "slow", srcs = [ "slow.c" ] } }
END2
cat >t/slow.c <<'END2'
#include <unistd.h>
int main(void) { return usleep(700000); }
END2
sed s/700000/1900000/ t/slow.c >t/long.c
expect "not on a terminal" 0 "$straylight" test //t:slow
err_lacks "nothing is drawn" "running"
expect "on one" 0 "$straylight" test --progress=always --runs-per-test 1 //t:slow
cp "$err" drawn
err_has "the counts stand there" "] 1 running, "
err_has "they are drawn anew" "$(printf '\r\033[2A\033[J[')"
ok "and what runs, for how long" grep -aq '    [0-9]\.[0-9] s  //t:slow: ' drawn
ok "and are gone at the end" python3 -c '
assert open("drawn", "rb").read().endswith(b"\r\x1b[2A\x1b[J")'
expect "no terminal wanted" 0 "$straylight" test --progress=never --runs-per-test 1 //t:slow
err_lacks "nothing is drawn then" "running"

# A failure is told when it happens, whole and once, not when all is over.
mkdir -p f
package f <<'END2'
let A = ../dhall/rules/action/v1.dhall
let slow = C.binary C.Binary::{ name = "slow", srcs = [ "slow.c" ] }
in  { bad = C.binary C.Binary::{ name = "bad", srcs = [ "bad.c" ] }
    , slow
    , made = A.run A.Run::{ name = "made", trees = C.trees, tool = A.Tool.Built { target = ":slow", output = "slow" }, stdout = Some "made.txt" }
    }
END2
printf '#include <unistd.h>\nint main(void) { return usleep(6000000); }\n' >f/slow.c
echo 'int main(void) { return x; }' >f/bad.c
"$straylight" build -k //f/... >summary 2>failure &
builder=$!
for _ in $(seq 1200); do
    grep -q "to repeat it alone" failure && break
    sleep 0.05
done
cp summary early
cp failure told
wait "$builder"
builder_status=$?
cp failure "$out"
ok "the build went on, and failed" test "$builder_status" -eq 1
cp failure "$out"
out_has "the failure is whole" "'x' undeclared"
ok "it was told" grep -q "to repeat it alone" told
ok "before the end" test ! -s early
ok "and is not told again" test "$(grep -c "failed with status 1" failure)" -eq 1
ok "the end is told, too" grep -q "failed; " summary

# A real terminal, twice: what is known of the first is told the second time.
cat >person.py <<'END2'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "test", "-j1", "--runs-per-test", "1", "//t:long"])
text = b""
while True:
    try:
        chunk = os.read(fd, 4096)
    except OSError:
        break
    if not chunk:
        break
    text += chunk
sys.stdout.buffer.write(text)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END2
expect "on a terminal of its own" 0 env TERM=xterm python3 person.py "$straylight"
out_has "there are the lines" "] 1 running, "
out_has "and what runs" "//t:long: "
out_lacks "nobody knows how long it takes" " left"
expect "again" 0 env TERM=xterm python3 person.py "$straylight"
out_has "it takes as long as before" ", about 2 s left"
out_has "less and less" ", about 1 s left"
expect "with no terminal" 0 env TERM=dumb python3 person.py "$straylight"
out_lacks "that can be redrawn nothing is drawn" "running"
finish
