#!/bin/sh
# tests/concurrent.sh: several commands at once on one workspace and one store, and interrupts.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1
mkdir -p lib app
for i in 1 2 3 4 5 6; do
    echo "int f$i(void) { return $i; }" >"lib/f$i.c"
done
package lib <<'END'
in  { lib = C.library C.Library::{ name = "lib", srcs = [ "f1.c", "f2.c", "f3.c", "f4.c", "f5.c", "f6.c" ] } }
END
package app <<'END'
in  { app = C.binary C.Binary::{ name = "app", srcs = [ "main.c" ], deps = [ D.at "//lib" ] }
    , slow = C.binary C.Binary::{ name = "slow", srcs = [ "slow.c" ] }
    }
END
echo 'int f1(void), f6(void); int main(void) { return 10 * f1() + f6() - 16; }' >app/main.c
echo 'int main(void) { return 0; }' >app/slow.c

# together COMMAND...: each word is a command line of straylight; all at once; fails if one does.
together() {
    pids=
    number=0
    for line in "$@"; do
        number=$((number + 1))
        # shellcheck disable=SC2086 # words on purpose
        "$straylight" $line >"../together.$number" 2>&1 </dev/null &
        pids="$pids $!"
    done
    bad=0
    for pid in $pids; do
        wait "$pid" || bad=1
    done
    [ $bad -eq 0 ] || cat ../together.*
    return $bad
}
quiet() {
    "$straylight" build //... 2>&1 | grep -q ' 0 run, '
}

ok "two builds at once, nothing known" together "build //..." "build //..."
ok "the program is right" out/app/app
ok "then there is nothing to do" quiet
ok "six at once, nothing to do" together "build //..." "build //..." "build //..." "build //app" "build //lib" "build //..."
round=0
while [ $round -lt 5 ]; do
    round=$((round + 1))
    echo "int f6(void) { return 5 + $round; }" >lib/f6.c
    echo "int f1(void), f6(void); int main(void) { return 10 * f1() + f6() - $((15 + round)); }" >app/main.c
    ok "round $round: builds, a query and an explanation at once" together "build //app" "build //lib" \
        "query deps(//app)" "explain //app" "build //..."
    ok "round $round: the program is right" out/app/app
    ok "round $round: then there is nothing to do" quiet
done
expect "the store is whole" 0 "$straylight" store verify

# Interrupts. sh lets a background process ignore SIGINT: python3 gives it back.
cat >../interrupt.py <<'END'
import signal
import subprocess
import sys
import time

signal.signal(signal.SIGINT, signal.SIG_DFL)
process = subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
time.sleep(float(sys.argv[1]))
process.send_signal(signal.SIGINT)
process.communicate(timeout=60)
sys.exit(0 if process.returncode in (0, 1, 130, -2) else 1)
END
for after in 0.01 0.03 0.06 0.1 0.2; do
    for i in 1 2 3 4 5 6; do
        echo "int f$i(void) { return $i; } /* $after */" >"lib/f$i.c"
    done
    echo 'int f1(void), f6(void); int main(void) { return 10 * f1() + f6() - 16; }' >app/main.c
    ok "interrupted after $after s: it ends" python3 ../interrupt.py $after "$straylight" build //...
    expect "and the next build" 0 "$straylight" build //...
    ok "is right" out/app/app
    ok "and leaves nothing to do" quiet
done

finish
