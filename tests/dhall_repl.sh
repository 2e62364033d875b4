#!/bin/sh
# tests/dhall_repl.sh: `straylight dhall repl`, with lines from a pipe and with keys on a terminal.
. "$(dirname "$0")/lib.sh"

# repl TITLE LINE...: the session's output in $out, messages in $err.
repl() {
    repl_title=$1
    shift
    printf '%s\n' "$@" >.input
    expect "$repl_title" 0 sh -c '"$1" dhall repl --ascii <.input' sh "$straylight"
}

repl "expressions" '1 + 1' 'it + 40'
out_has "a value" "2"
out_has "it is the last one" "42"
repl "names" ':let x = 41' ':let f : Natural -> Natural = \(y : Natural) -> y + x' ':let x = 5' 'f 1' ':type f'
out_has "what is bound" "x : Natural"
out_has "a name keeps what it meant" "42"
out_has ":type" "forall (y : Natural) -> Natural"
repl ":hash" ':hash 1'
out_has "the hash" "sha256:d60d8415e36e86dae7f42933d3b0c4fe3ca238f057fba206c7e9fbf5d784fe15"
repl "mistakes" '1 + True' ':nope' ':let 1' ':set it' '2 * 3'
err_has "a type error" "must be a Natural, but its type is Bool"
err_has "a command" "there is no command :nope"
err_has ":let" ":let should be of the form"
out_has "do not end the session" "6"
repl ":save, :clear, :load" ':let x = 1' ':let y = x + 1' ':save' ':save e.dhall = [ y ]' ':clear' 'x' ':load' '{ x, y }'
err_has "forgotten" 'unknown variable `x`'
out_has "loaded" '{ x = 1, y = 2 }'
ok "the default name" test -f .dhall-repl-0
ok "an expression" sh -c 'test "$(cat e.dhall)" = "[ 2 ]"'
repl ":paste" ':paste' 'let a = 1' 'let b = 2' 'in a + b'
out_has "several lines" "3"
repl ":set --explain" ':set --explain' '{ a = 1 } : { a : Bool }'
err_has "whole types" "the whole type that was expected"
repl ":help" ':help'
out_has "lists the commands" ":type EXPRESSION"
repl ":quit" ':quit' '1'
out_has "a word for the road" "Goodbye."

# Keys, on a pseudo-terminal: each step waits until the prompt is there again.
cat >keys.py <<'END'
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    os.execv(sys.argv[1], [sys.argv[1], "dhall", "repl", "--ascii"])
shown = b""
at = 0
EMPTY = b"\r|- \x1b[K\r\x1b[3C"
def wait(text):
    global shown, at
    deadline = time.monotonic() + 20
    while text not in shown[at:]:
        if not select.select([fd], [], [], max(0, deadline - time.monotonic()))[0]:
            sys.exit("nothing came: %r after %r" % (text, shown[-400:]))
        try:
            shown += os.read(fd, 4096)
        except OSError:
            sys.exit("it ended: %r after %r" % (text, shown[-400:]))
    at = shown.index(text, at) + len(text)
wait(EMPTY)
for text, until in [
    (b":let record = { alpha = 7, beta = 8 }\r", b"}\r\n\r\n"),
    (b"record.al\t + 1\r", b"\n8\r\n"),               # completes a field
    (b"2\x01" b"1" b"\x05" b"3\r", b"\n123\r\n"),      # Ctrl-A, Ctrl-E
    (b"\x1b[A\x7f4\r", b"\n124\r\n"),                  # up, backspace
    (b"99\x1b[D\x1b[D5\x0b6\r", b"\n56\r\n"),          # left, Ctrl-K
    (b"1 2 3\x17\x17\x17 7\x15" b"8\r", b"\n8\r\n"),   # Ctrl-W, Ctrl-U
    (b"\x12alpha\r", b"record"),                       # Ctrl-R
    (b"xyz\x03", b"^C"),                               # Ctrl-C
    (b"Natural/sh\t 5\r", b'"5"'),                     # completes a builtin
    (b"./e.dh\t\r", b"[ 2 ]"),                         # completes a file
    (b"\xce\xbb\x7f4\r", b"\n4\r\n"),                  # one character of two bytes
]:
    os.write(fd, text)
    wait(until)
    wait(EMPTY)
os.write(fd, b"\x04")
wait(b"Goodbye.")
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
END
# Places in what is typed do not count what was bound before.
printf '%s\n' ':let x = 1' ':let y = x' 'x + "a"' >.input
expect "a mistake behind bindings" 0 sh -c '"$1" dhall repl --ascii <.input' sh "$straylight"
err_has "has its line" '(input):1:5: error:'

XDG_STATE_HOME=$work/state
export XDG_STATE_HOME
ok "keys on a terminal" env NO_COLOR=1 python3 keys.py "$straylight"
ok "the lines are kept" grep -q '^record.alpha + 1$' state/straylight/dhall-history

finish
