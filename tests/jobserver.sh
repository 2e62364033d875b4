#!/bin/sh
# tests/jobserver.sh: jobs are shared with make, above us and in actions.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1
cat >nap.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    usleep(1000 * (unsigned)atoi(argv[1]));
    return argc > 3 ? 1 : puts(argv[2]) < 0;
}
END
package . <<'END'
let A = ./dhall/rules/action/v1.dhall
let nap = C.binary C.Binary::{ name = "nap", srcs = [ "nap.c" ] }
let take =
      \(name : Text) -> \(ms : Text) -> \(more : List D.Arg) ->
        A.run A.Run::{ name, tool = A.built nap, trees = C.trees, args = [ D.text ms, D.text name ] # more, stdout = Some name }
in  { nap
    , a = take "a" "300" ([] : List D.Arg)
    , b = take "b" "300" ([] : List D.Arg)
    , c = take "c" "300" ([] : List D.Arg)
    , d = take "d" "300" ([] : List D.Arg)
    , bad = take "bad" "300" [ D.text "fails" ]
    , long = take "long" "60000" ([] : List D.Arg)
    , longer = take "longer" "60001" ([] : List D.Arg)
    }
END
"$straylight" build //:nap@exec >"$out" 2>"$err"

# under.py TOKENS HOW INTERRUPTS command...: runs it below a jobserver of its own (HOW: fds or
# fifo), sends that many interrupts once two actions run, and says how many tokens are there then.
cat >under.py <<'END'
import os, signal, subprocess, sys, time
tokens, how, interrupts, command = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4:]
if how == "fifo":
    os.mkfifo("tokens.fifo")
    r = w = os.open("tokens.fifo", os.O_RDWR)
    auth, keep = "fifo:" + os.path.abspath("tokens.fifo"), ()
else:
    r, w = os.pipe()
    auth, keep = "%d,%d" % (r, w), (r, w)
os.write(w, b"+" * tokens)
environment = dict(os.environ, MAKEFLAGS=" -j --jobserver-auth=" + auth)
child = subprocess.Popen(command, env=environment, pass_fds=keep)
for i in range(interrupts):
    for _ in range(600):
        if i > 0 or open("events").read().count('"event":"start"') >= 2:
            break
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
status = child.wait()
os.set_blocking(r, False)
try:
    left = len(os.read(r, 100))
except BlockingIOError:
    left = 0
print("status", status, "tokens", left)
if how == "fifo":
    os.unlink("tokens.fifo")
END
# running: most actions that ran at once, by the events.
running() {
    python3 -c '
import json
now = most = 0
for line in open("events"):
    event = json.loads(line)
    if event["event"] == "start":
        now += 1
    if event["event"] == "end" and event["end"] != "cached":
        now -= 1
    most = max(most, now)
print(most)'
}
under() {
    : >events
    python3 under.py "$@"
}

for how in fds fifo; do
    expect "one token of a $how jobserver" 0 under 1 "$how" 0 "$straylight" build --events events //:a //:b //:c //:d
    out_has "is given back" "status 0 tokens 1"
    ok "two run at once" test "$(running)" -eq 2
    sed -i 's/"300" (/"301" (/' BUILD.dhall
done
sed -i 's/"301" (/"302" (/' BUILD.dhall
expect "no token" 0 under 0 fds 0 "$straylight" build --events events //:a //:b
out_has "is none more" "status 0 tokens 0"
ok "and one runs at a time" test "$(running)" -eq 1
expect "a build that fails" 0 under 3 fds 0 "$straylight" build -k --events events //:bad //:c
out_has "gives all back" "status 1 tokens 3"
expect "one that is interrupted" 0 under 3 fds 1 "$straylight" build --events events //:long //:longer
out_has "does, too" "status 130 tokens 3"
expect "one that is interrupted twice" 0 under 3 fifo 2 "$straylight" build --events events //:long //:longer
out_has "does even so" "tokens 3"
sed -i 's/"302" (/"303" (/' BUILD.dhall
expect "with -j" 0 under 1 fds 0 "$straylight" build -j3 --events events //:a //:b //:c
ok "the jobs are its own" test "$(running)" -eq 3

cat >Makefile <<END
all: shared lost
shared:
	+"$straylight" build --events events //:d
lost:
	"$straylight" build //:d
END
expect "below make -j" 0 make -j3 shared
ok "it builds" test -e out/d
err_lacks "with its jobs" "jobserver"
expect "without + in the rule" 0 make -j3 lost
err_has "it says what is missing" "make's jobserver is not passed on, so one action runs at a time"

# An action that declares it has our jobs.
cat >look.c <<'END'
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    char bytes[100];
    const char *flags = getenv("MAKEFLAGS"), *auth = flags == NULL ? NULL : strstr(flags, "--jobserver-auth=");
    int r = -1, w = -1;
    if (auth == NULL || sscanf(auth, "--jobserver-auth=%d,%d", &r, &w) != 2) {
        return printf("no jobserver, descriptor 3 is %s\n", fcntl(3, F_GETFD) < 0 ? "closed" : "open") < 0;
    }
    fcntl(r, F_SETFL, O_NONBLOCK);
    ssize_t count = read(r, bytes, sizeof bytes);
    printf("%s: %d tokens\n", argv[1], count < 0 ? 0 : (int)count);
    return argc > 2 || count < 0 ? 0 : write(w, bytes, (size_t)count) != count; /* or it keeps them */
}
END
mkdir -p mk && cp "$(command -v make)" mk/make
make_tree=$("$straylight" store add mk | cut -d" " -f1)
package . <<END
let A = ./dhall/rules/action/v1.dhall
let look = C.binary C.Binary::{ name = "look", srcs = [ "look.c" ] }
let take =
      \(name : Text) -> \(jobserver : Bool) -> \(args : List D.Arg) ->
        A.run A.Run::{ name, tool = A.built look, trees = C.trees, args, stdout = Some name, jobserver }
let real =
      A.run
        A.Run::{
        , name = "real"
        , tool = A.Tool.Pinned { tree = { at = "/opt", digest = "$make_tree" }, path = "opt/make" }
        , trees = C.trees
        , args = [ D.text "-s", D.text "-f", D.source "look.mk", D.Arg.One [ D.Piece.Text "LOOK=", D.Piece.Program (D.output look "look") ] ]
        , srcs = [ "look.mk" ]
        , stdout = Some "real"
        , jobserver = True
        }
in  { look
    , none = take "none" False [ D.text "a" ]
    , some = take "some" True [ D.text "b" ]
    , greedy = take "greedy" True [ D.text "c", D.text "keeps" ]
    , after = take "after" True [ D.text "d" ]
    , real
    }
END
printf 'all:\n\t+@$(LOOK) made\n' >look.mk
expect "one that does not" 0 "$straylight" build //:none
ok "has none" grep -q "no jobserver, descriptor 3 is closed" out/none
expect "one that does" 0 "$straylight" build -j4 //:some
ok "has those that are left" grep -q "b: 3 tokens" out/some
expect "one that keeps them" 0 "$straylight" build -j1 //:look@exec
expect "in the same build" 0 "$straylight" build -j3 //:greedy //:after
ok "harms no other build" grep -q "c: [12] tokens" out/greedy
expect "below a make" 0 under 5 fds 0 "$straylight" build --events events //:some
out_has "nothing runs" "status 0 tokens 5"
sed -i 's/"b"/"bb"/' BUILD.dhall
expect "below a make, anew" 0 under 5 fds 0 "$straylight" build --events events //:some
out_has "all is given back" "status 0 tokens 5"
ok "make's tokens are the action's" grep -q "bb: 5 tokens" out/some
sed -i 's/"some" True/"some" False/' BUILD.dhall
expect "what it declares" 0 "$straylight" build //:some
out_has "is not in its key" "0 run"
expect "make itself in an action" 0 "$straylight" build -j4 //:real
ok "shares our jobs" grep -q "made: 3 tokens" out/real
finish
