#!/bin/sh
# tests/init.sh: a first workspace, from nothing to a program that runs, as README.md says it.
. "$(dirname "$0")/lib.sh"
PATH=$build:$PATH
export PATH

expect "init in a new folder" 0 straylight init first
for file in straylight.dhall BUILD.dhall main.c toolchains.dhall .gitignore; do
    ok "it wrote $file" test -s "first/$file"
done
cp -r first before
expect "init once more" 1 straylight init first
err_has "says what is there" "there is a file straylight.dhall already"
ok "nothing was changed" diff -r before first

cd first || exit 1
expect "it builds" 0 straylight build //...
expect "it runs" 0 straylight run :hello
out_has "the program speaks" "Hello, straylight"
expect "it builds with an empty PATH" 0 env PATH=/nowhere "$straylight" build //...

mkdir ../other ../other/dir
cd ../other/dir || exit 1
expect "outside a workspace" 1 straylight build //...
err_has "says what to do" "straylight init"
: >main.c
expect "init where a file is in the way" 1 straylight init
ok "it wrote nothing" test ! -e straylight.dhall
rm main.c
echo mine >.gitignore
expect "init beside a .gitignore" 0 straylight init
ok "it is left alone" grep -qx mine .gitignore
expect "init without a compiler" 3 env PATH=/nowhere "$straylight" init ../third
err_has "says what to install" "apt-get install gcc"
ok "no half of a workspace is left" test ! -e ../third/straylight.dhall

# The commands of README.md, as they stand there: the lines of its first workspace.
cd "$work" || exit 1
awk '/^## A first workspace/ { on = 1; next } /^## / { on = 0 } on && /^    / { sub(/^    /, ""); print }' \
    "$top/README.md" | grep -vE '^(\./dev build|export PATH)' >readme
ok "README.md has commands" grep -q "straylight init" readme
expect "README.md's commands work" 0 sh -e readme
out_has "and end with a program that speaks" "Hello, straylight"
finish
