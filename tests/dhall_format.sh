#!/bin/sh
# tests/dhall_format.sh: `straylight dhall format` over the real program. dhall_format/*.in are
# texts, *.want what they are formatted to.
. "$(dirname "$0")/lib.sh"

for input in "$top"/tests/dhall_format/*.in; do
    name=$(basename "$input" .in)
    want=${input%.in}.want
    expect "$name: format" 0 sh -c '"$1" dhall format <"$2"' sh "$straylight" "$input"
    out_is "$name: as it should be" "$want"
    expect "$name: once is enough" 0 sh -c '"$1" dhall format --check <"$2"' sh "$straylight" "$want"
    expect "$name: --check" 1 sh -c '"$1" dhall format --check <"$2"' sh "$straylight" "$input"
done

mkdir -p folder/deep
echo '{a=1,b= ./deep/b.dhall,c= ./absent.dhall ? 1}' >folder/a.dhall
echo '\(x:Natural)->x' >folder/bad.dhall
echo 'let c = ../c.dhall in λ(x : Natural) -> [x,c]' >folder/deep/b.dhall
echo '[1,2]' >folder/c.dhall
chmod 640 folder/c.dhall
cp -r folder kept
expect "--check of a folder's files" 1 "$straylight" dhall format --check folder/a.dhall folder/c.dhall
err_has "the first is named" "folder/a.dhall is not formatted"
err_has "so is the second" "folder/c.dhall is not formatted"
err_has "and what to do" "straylight dhall format folder/c.dhall"
ok "--check writes nothing" diff -r folder kept
expect "a file that does not parse" 1 "$straylight" dhall format folder/bad.dhall folder/c.dhall
err_has "is told with its place" "folder/bad.dhall:1:5"
echo '[ 1, 2 ]' >want
ok "others are formatted all the same" cmp want folder/c.dhall
ok "the mode stays" sh -c 'test "$(stat -c %a folder/c.dhall)" = 640'
ok "one that does not parse stays" cmp folder/bad.dhall kept/bad.dhall
ln -s c.dhall folder/link.dhall
echo '[1,2]' >folder/c.dhall
expect "through a link" 0 "$straylight" dhall format folder/link.dhall
ok "it stays a link" test -L folder/link.dhall
ok "its file is written" cmp want folder/c.dhall
echo '[1,2]' >folder/c.dhall
expect "--transitive" 0 "$straylight" dhall format --transitive --ascii --file folder/a.dhall
ok "reaches what is imported" cmp want folder/c.dhall
echo 'let c = ../c.dhall in \(x : Natural) -> [ x, c ]' >want
ok "--ascii" cmp want folder/deep/b.dhall
expect "--unicode" 0 sh -c 'echo "\\(x : Natural) -> x" | "$1" dhall format --unicode' sh "$straylight"
out_has "symbols" "λ(x : Natural) → x"
expect "a file that is not there" 1 "$straylight" dhall format absent.dhall
err_has "its name" "absent.dhall does not exist"
expect "standard input and a file" 1 "$straylight" dhall format - folder/a.dhall

# This repository's own.
find "$top/dhall" "$top/src" "$top/fuzz" "$top/examples" "$top"/*.dhall -name '*.dhall' \
    ! -name toolchains.dhall >own
ok "there are some" test "$(wc -l <own)" -gt 20
# shellcheck disable=SC2046 # no blank in a name
expect "this repository's Dhall is formatted" 0 "$straylight" dhall format --check $(cat own)
finish
