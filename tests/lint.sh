#!/bin/sh
# tests/lint.sh: the checks of tools/lint find what they are for.
. "$(dirname "$0")/lib.sh"

if ! command -v git >/dev/null; then
    skip "tools/lint" "git is not installed"
    finish
fi
mkdir -p tools docs src/base src/store
cp "$top/tools/lint" tools/
cp "$top/docs/architecture.md" docs/
git init -q .
cat >src/store/good.c <<'EOF'
/* src/store/good.c: getenv("X") in a comment, and in a text. */
#include "base/view.h"
static int settime(int time_ms)
{
    return time_ms + (int)sizeof "exit(1)" + '"'; /* strcpy( */
}
EOF
for name in layers calls sizes words; do
    expect "$name: clean" 0 tools/lint $name
done

echo '#include "store/store.h"' >src/base/up.c
expect "an include upward" 1 tools/lint layers
out_has "is named" "src/base/up.c:1: base/ must not include from store/"
echo '#include "unknown/x.h"' >src/base/up.c
expect "a folder without a floor" 1 tools/lint layers
rm src/base/up.c

for call in 'strcpy(a, b)' 'getenv ("X")' 'exit(1)' 'x = time(0)' 'system("ls")'; do
    echo "int f(void) { $call; }" >src/base/call.c
    expect "a banned call: $call" 1 tools/lint calls
    out_has "is named" "src/base/call.c:1: banned call"
done
echo 'int f(void) { _exit(1); my_exit(2); x->time(3); }' >src/base/call.c
expect "names that end alike" 0 tools/lint calls
rm src/base/call.c
echo 'char *f(void) { return getenv("X"); }' >src/base/env.c
expect "the door of a call" 0 tools/lint calls

{
    printf 'int f(void)\n{\n'
    seq 80 | sed 's/.*/    x++;/'
    printf '}\n'
} >src/base/long.c
expect "a function of 80 lines" 0 tools/lint sizes
sed -i 's/^}/    x++;\n}/' src/base/long.c
expect "a function of 81 lines" 1 tools/lint sizes
seq 1000 | sed 's/.*/int x;/' >src/base/long.c
expect "a file of 1,000 lines" 0 tools/lint sizes
echo 'int x;' >>src/base/long.c
expect "a file of 1,001 lines" 1 tools/lint sizes
out_has "is named" "src/base/long.c: 1001 lines"

echo "/* TO""DO: later */" >src/base/todo.c
git add -A
expect "a promise" 1 tools/lint words
expect "an unknown check" 2 tools/lint nonsense
finish
