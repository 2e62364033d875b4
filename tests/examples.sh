#!/bin/sh
# tests/examples.sh: every example builds, runs and passes its tests, from a copy as a user makes it.
. "$(dirname "$0")/lib.sh"

# One toolchain for all: each copy has the same toolchains.dhall.
example() {
    cp -r "$top/examples/$1" "$work/$1" && cd "$work/$1" || exit 1
    rm -rf out toolchains.dhall
    if [ -f "$work/toolchains.dhall" ]; then
        cp "$work/toolchains.dhall" .
    fi
}

example hello
expect "hello: toolchain add cc" 0 "$straylight" toolchain add cc
expect "hello: toolchain add lib gmp" 0 "$straylight" toolchain add lib gmp
cp toolchains.dhall "$work/"
expect "hello: builds and runs" 0 "$straylight" run //:hello
out_has "hello: says so" "Hello from a sandbox."
ok "hello: the link in out/ is the program" out/hello

example library
expect "library: builds" 0 "$straylight" build //...
expect "library: its tests pass" 0 "$straylight" test //...
out_has "library: both of them" "2 passed, 0 failed"
printf 'No more words than this line can hold at once.\n' >poem
ok "library: its program runs" sh -c 'out/fold <poem | cut -c 41- | grep -q . && exit 1; exit 0'
sed -i 's/artifact/result/' tests/poem.txt
expect "library: a changed golden file fails its test" 1 "$straylight" test //...
out_has "library: what the test said is shown" "The hash is the"

example packages
expect "packages: builds" 0 "$straylight" build //...
expect "packages: runs, with a made header and a pinned library" 0 "$straylight" run //app
out_has "packages: the version is in the program" "app 1.2.3"
out_has "packages: and the library's answer" "2^100 = 1267650600228229401496703205376"
expect "packages: its test passes" 0 "$straylight" test //...
cp -L out/app/app ../app.before
echo 1.2.4 >version/VERSION
expect "packages: a changed input of the header" 0 "$straylight" run //app
out_has "packages: is in the program" "app 1.2.4"
echo 1.2.3 >version/VERSION
expect "packages: and back" 0 "$straylight" build //app
out_has "packages: is all from the cache" " 0 run, "
ok "packages: and the same program" cmp out/app/app ../app.before

# The diamond, app -> left, right -> core, with each linker that is here.
for linker in lld "clang lld"; do
    case $linker in
    clang*) set -- --compiler clang --linker lld ;;
    *) set -- --linker lld ;;
    esac
    if ! command -v ld.lld >/dev/null || { [ "$linker" != lld ] && ! command -v clang >/dev/null; }; then
        skip "packages: a diamond with $linker" "$linker is not installed"
        continue
    fi
    expect "packages: toolchain add cc $*" 0 "$straylight" toolchain add cc "$@"
    expect "packages: a diamond with $linker" 0 "$straylight" run //app
    out_has "packages: $linker's program answers" "3^100 = 515377520732011331036461129765621272702107522001"
    ok "packages: $linker linked it" sh -c 'grep -q "LLD 1" out/app/app'
done

# Lua: nobody here wrote it. Its source comes from Debian's archive, pinned by version and digest.
example lua
lua_title="lua: the source package is here"
lua_hash=164c7849653b80ae67bec4b7473b884bf5cc8d2dca05653475ec2ed27b9ebf61
if source=$("$top/tools/debian-source" "$work/debian" lua5.4 5.4.4-3+deb12u1); then
    tap_ok "$lua_title"
    echo "$lua_hash  $work/debian/lua5.4_5.4.4.orig.tar.gz" >../lua.sum
    ok "lua: has the pinned digest" sha256sum -c ../lua.sum
    cp -r "$source/src" .
    expect "lua: builds" 0 "$straylight" build //...
    err_has "lua: its raw flag is warned about" "Flag.Raw"
    expect "lua: checks itself in a sandbox" 0 "$straylight" test //...
    expect "lua: runs" 0 "$straylight" run //:lua -- -e 'print(_VERSION, 2^53 | 0)'
    out_has "lua: and answers" "Lua 5.4"
    echo 'print("compiled", 6 * 7)' >program.lua
    ok "lua: luac compiles" out/luac -o program.luac program.lua
    expect "lua: and lua runs that" 0 out/lua program.luac
    out_has "lua: as it should" "compiled	42"
else
    skip "$lua_title" "the Debian archive cannot be reached, or has no lua5.4 5.4.4-3+deb12u1"
fi

finish
