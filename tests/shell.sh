#!/bin/sh
# tests/shell.sh: one action again, alone in its sandbox.
. "$(dirname "$0")/lib.sh"

workspace_two_make ws || exit 1
cd ws || exit 1
echo secret >app/undeclared

# As it would run now: nothing was built yet.
expect "what an action reads is built first" 0 "$straylight" shell --action "//app#app" --run
err_has "and it runs" "straylight: out/app/app  "
err_has "alone" "nothing is recorded of it"
expect "build" 0 "$straylight" build //app
out_has "of all but what was made on the way" "4 actions: 1 run"
expect "again" 0 "$straylight" shell --action "//app:app#main.c" --run
err_has "what it makes is what it made" "main.c.o"
err_has "to the byte" "as recorded"
err_lacks "of all outputs" "not what is recorded"

expect "commands" 0 "$straylight" shell --action "//app#main.c" -c 'pwd; find . -type f; env | sort'
out_has "run where the action does" "/build"
out_has "see its inputs" "./app/main.c"
out_has "of other packages, too" "./lib/two.h"
out_lacks "and no other file" "undeclared"
out_lacks "no source of another action" "two.c"
out_has "have its environment" "SOURCE_DATE_EPOCH=1"
out_lacks "and not ours" "STRAYLIGHT_STORE"
expect "the action's own command" 0 "$straylight" shell --action "//app#main.c" -c '/.straylight/action && ls out/app/app.p'
out_has "makes its outputs" "main.c.o"
ok "which are gone with it" sh -c '! find . -name main.c.o | grep -q .'
expect "an exit status" 7 "$straylight" shell --action "//app#main.c" -c 'exit 7'
expect "a signal" 137 "$straylight" shell --action "//app#main.c" -c 'kill -9 $$'
expect "what is printed" 0 "$straylight" shell --action "//app#main.c" -c 'echo one; echo two >&2'
out_has "goes to the standard output" "one"
err_has "and the standard error" "two"
expect "inputs cannot be altered" 0 "$straylight" shell --action "//app#main.c" -c 'echo x >app/main.c || echo refused'
out_has "since they are read-only" "refused"
expect "no network" 0 "$straylight" shell --action "//app#main.c" -c 'cat /proc/net/dev 2>/dev/null | grep -c eth || true'
expect "commands on standard input" 5 sh -c 'echo "ls app; exit 5" | "$1" shell --action "//app#main.c"' sh "$straylight"
out_has "are run" "main.c"

# As it was.
cp app/main.c main.old
digest=$("$straylight" log --action "//app#main.c" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["digest"])')
echo 'int main(void) { return x; }' >app/main.c
expect "a failing build" 1 "$straylight" build //app
err_has "says how to look around" "straylight shell --action //app:app#main.c"
expect "the action that failed" 1 "$straylight" shell --action "//app#main.c" --run
err_has "fails again" "'x' undeclared"
expect "the one before, by its digest" 0 "$straylight" shell --action "$(echo "$digest" | cut -c-10)" --run
err_has "is as it was" "as recorded"
expect "its source, too" 0 "$straylight" shell --action "$digest" -c 'cat app/main.c'
out_is "to the byte" main.old

# A terminal.
cat >person.py <<'END2'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "shell", "--action", "//app#main.c"])
text, typed = b"", 0
lines = [(b"gone at the end", b"echo $((6*7))\n"), (b"42", b"test -t 0 && test -t 1 && echo is-a-$((1+1))-terminal\n"),
         (b"is-a-2-terminal", b"tail -f /.straylight/action\n"), (b"exec env -i", b"\x03"), (b"^C", b"echo still-$((1+2))\n"), (b"still-3", b"exit 6\n")]
while True:
    try:
        chunk = os.read(fd, 4096)
    except OSError:
        break
    if not chunk:
        break
    text += chunk
    while typed < len(lines) and lines[typed][0] in text:
        os.write(fd, lines[typed][1])
        typed += 1
sys.stdout.buffer.write(text)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END2
expect "a shell for a person" 6 timeout 20 python3 person.py "$straylight"
out_has "says where one is" "straylight: //app:app: c.compile main.c, in its sandbox"
out_has "how to run the command" "to run its command: /.straylight/action"
out_has "what is there beside" "files around the shell"
out_has "is a terminal" "is-a-2-terminal"
out_has "Ctrl-C is the shell's" "still-3"

# Where a shell comes from.
mkdir -p tools/usr/bin
echo '#include <stdio.h>
int main(int argc, char **argv) { for (int i = 0; i < argc; i++) puts(argv[i]); return 0; }' >box.c
if cc -static -o tools/usr/bin/busybox box.c 2>/dev/null; then
    tools=$("$straylight" store add tools | cut -f1)
    tools=${tools%% *}
    expect "a tree of tools" 0 "$straylight" shell --action "$digest" --tools "$tools" -c 'what is asked'
    printf '/usr/bin/busybox\nsh\n-c\nwhat is asked\n' >want
    out_is "has the shell" want
else
    skip "a tree of tools" "no static C library here"
fi
empty=$("$straylight" store add dhall/dice | cut -f1)
expect "a tree without a shell" 1 "$straylight" shell --action "$digest" --tools "${empty%% *}"
err_has "is told" "there is no shell, neither in the action's trees nor in that tree"
expect "no digest" 1 "$straylight" shell --action "$digest" --tools nonsense
err_has "is told, too" "the digest of a tree is wanted"
mkdir nothing
expect "a machine without programs" 1 env PATH="$PWD/nothing" "$straylight" shell --action "$digest" -c ls
err_has "has no shell either" "nor on this machine"
expect "and needs none for the action itself" 0 env PATH="$PWD/nothing" "$straylight" shell --action "$digest" --run

# Wrong use.
expect "no action" 2 "$straylight" shell
err_has "is asked for" "--action is needed"
expect "both" 2 "$straylight" shell --action "//app" --run -c ls
expect "which of two" 1 "$straylight" shell --action //app
err_has "is asked" "//app:app has 2 actions, where one is wanted"
err_has "with an example" "as //app:app#main.c; there are main.c, app"
expect "no such action" 1 "$straylight" shell --action "//app#man.c"
err_has "near misses" "did you mean main.c?"
expect "no such label" 1 "$straylight" shell --action "//app:ap#main.c"
err_has "is told" "//app:app"
expect "a pattern" 1 "$straylight" shell --action "//..."
err_has "is more than one" "names more than one target"
expect "a digest that nobody knows" 1 "$straylight" shell --action 0123456789abcdef
err_has "is said so" "no build that the log knows"
mv main.old app/main.c
echo 'int two(void) { return y; }' >lib/two.c
expect "what it reads cannot be made" 1 "$straylight" shell --action "//app#app" -c ls
err_has "and why" "'y' undeclared"
finish
