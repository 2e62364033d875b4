#!/bin/sh
# tests/dhall_cache.sh: the semantic cache under two processes, kill -9 and damage.
. "$(dirname "$0")/lib.sh"

# A package of some size, frozen by a file that imports it.
{
    echo 'let f = \(x : Natural) -> { x, y = [ x, x + 1 ], z = "${Natural/show x}" }'
    echo 'in {'
    i=0
    while [ $i -lt 3000 ]; do
        echo ", f$i = f $i"
        i=$((i + 1))
    done
    echo '}'
} >big.dhall
"$straylight" dhall hash big.dhall >digest
hex=$(sed 's/^sha256://' digest)
printf '(./big.dhall %s).f2999.y\n' "$(cat digest)" >main.dhall
printf '(missing %s).f2999.y\n' "$(cat digest)" >cached.dhall
echo '[ 2999, 3000 ]' >want
cache=$XDG_CACHE_HOME/dhall
entry=$cache/1220$hex

expect "a first run fills the cache" 0 "$straylight" dhall main.dhall
out_is "its value" want
ok "the entry is there" test -f "$entry"
expect "the entry is enough" 0 "$straylight" dhall cached.dhall
out_is "... for the same value" want
cp "$entry" good

# Eight at once, on an empty cache.
rm -rf "$cache"
for i in 1 2 3 4 5 6 7 8; do
    "$straylight" dhall main.dhall >"many.$i" 2>"many.$i.err" &
done
wait
for i in 1 2 3 4 5 6 7 8; do
    ok "process $i of eight has the value" cmp want "many.$i"
    ok "... and nothing to say" test ! -s "many.$i.err"
done
ok "the entry is whole" cmp good "$entry"
ok "no temporary file is left" sh -c 'test "$(ls "$1" | wc -l)" -eq 1' sh "$cache"

# Killed at any moment, also while it writes: what is there is whole, or not there.
n=0
bad=0
while [ $n -lt 30 ]; do
    rm -rf "$cache"
    "$straylight" dhall main.dhall >/dev/null 2>&1 &
    pid=$!
    sleep "0.00$((n % 10))"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    [ ! -f "$entry" ] || cmp -s good "$entry" || bad=$((bad + 1))
    n=$((n + 1))
done
ok "kill -9: an entry is whole or not there" test "$bad" -eq 0
expect "after kill -9 the next run works" 0 "$straylight" dhall main.dhall
out_is "... with the same value" want
ok "... and a whole entry" cmp good "$entry"

# Damaged.
head -c 1000 good >"$entry"
expect "a cut entry warns" 0 "$straylight" dhall main.dhall
err_has "... that it is ignored" "it is ignored"
head -c 1000 good >"$entry"
expect "a cut entry is no value" 1 "$straylight" dhall cached.dhall
cp good "$entry"
printf 'X' | dd of="$entry" bs=1 seek=5000 conv=notrunc 2>/dev/null
expect "a changed byte is no value" 1 "$straylight" dhall cached.dhall
expect "... and the import is read instead" 0 "$straylight" dhall main.dhall
out_is "... for the same value" want
ok "... and the entry is mended" cmp good "$entry"
: >"$entry"
expect "an empty entry" 0 "$straylight" dhall main.dhall
out_is "... does no harm" want
rm -f "$entry"
mkdir "$entry"
expect "a folder in its place" 0 "$straylight" dhall main.dhall
out_is "... does no harm either" want
rmdir "$entry"
if [ "$(id -u)" -ne 0 ]; then
    chmod 0500 "$cache"
    expect "a cache that cannot be written" 0 "$straylight" dhall main.dhall
    out_is "... is no reason to fail" want
    chmod 0700 "$cache"
fi
finish
