#!/bin/sh
# tests/cross.sh: compilers for other machines, from Debian's packages: pinned, and what they make is run.
. "$(dirname "$0")/lib.sh"

workspace_make w && cd w || exit 1

# Is there all that TARGET needs? `why` says what is not.
have() {
    why="$1 needs the packages $2"
    for needed in $3; do
        [ -e "$needed" ] || return 1
    done
}
have_target() {
    case $1 in
    aarch64-linux)
        have "$1" "gcc-aarch64-linux-gnu libc6-dev-arm64-cross" \
            "/usr/bin/aarch64-linux-gnu-gcc /usr/aarch64-linux-gnu/lib/crt1.o"
        ;;
    riscv64-linux)
        have "$1" "gcc-riscv64-linux-gnu libc6-dev-riscv64-cross" \
            "/usr/bin/riscv64-linux-gnu-gcc /usr/riscv64-linux-gnu/lib/crt1.o"
        ;;
    wasm32-wasi)
        have "$1" "clang lld llvm wasi-libc libclang-rt-14-dev-wasm32" \
            "/usr/bin/clang /usr/bin/wasm-ld /usr/bin/llvm-ar /usr/lib/wasm32-wasi/crt1.o
             /usr/lib/llvm-14/lib/clang/14.0.6/lib/wasi/libclang_rt.builtins-wasm32.a"
        ;;
    esac
}
# Runs what was built for TARGET, as this machine can.
run_for() {
    case $1 in
    wasm32-wasi)
        NODE_NO_WARNINGS=1 node --input-type=module -e "
            import { readFileSync } from 'node:fs'; import { WASI } from 'node:wasi';
            const wasi = new WASI({ version: 'preview1', args: [ 'app' ], env: {} });
            const module = await WebAssembly.compile(readFileSync('$2'));
            wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject()));"
        ;;
    *) "qemu-${1%-linux}" -L "/usr/${1%-linux}-linux-gnu" "$2" ;;
    esac
}
runner_of() {
    case $1 in
    wasm32-wasi) echo node ;;
    *) echo "qemu-${1%-linux}" ;;
    esac
}

mkdir app
cat >app/main.c <<'END_C'
#include "greet.h"
#include "number.h"
#include <stdio.h>
int main(void)
{
    printf("%s %d, %d bits\n", greet(), NUMBER, (int)(8 * sizeof(void *)));
    return 0;
}
END_C
echo 'const char *greet(void);' >app/greet.h
cat >app/number.c <<'END_C'
#include <stdio.h>
int main(void)
{
    return puts("#define NUMBER 42") < 0;
}
END_C
cat >app/greet.c <<'END_C'
#include "greet.h"
const char *greet(void)
{
#if defined(__aarch64__)
    return "aarch64";
#elif defined(__riscv)
    return "riscv64";
#elif defined(__wasm__)
    return "wasm";
#else
    return "another machine";
#endif
}
END_C

targets=
for target in aarch64-linux riscv64-linux wasm32-wasi; do
    if ! have_target $target; then
        skip "$target" "$why"
        continue
    fi
    expect "add cc --target $target" 0 "$straylight" toolchain add cc --target $target
    cp toolchains.dhall first.dhall
    expect "again" 0 "$straylight" toolchain add cc --target $target
    ok "gives the same digest" cmp toolchains.dhall first.dhall
    targets="$targets $target"
done

# One target for all of them, beside each other in one build.
cat >app/BUILD.dhall <<'END_DHALL'
let R = ../dhall/rules/c/v1.dhall
let A = ../dhall/rules/action/v1.dhall

in  \(config : R.Config) ->
      let C = R.with-toolchain config.toolchain

      let number = C.binary C.Binary::{ name = "number", srcs = [ "number.c" ] }

      let made =
            A.run
              A.Run::{
              , name = "made"
              , trees = C.trees
              , tool = A.built number
              , stdout = Some "number.h"
              , exports = C.made-headers [ "number.h" ] [ "." ]
              }

      let greet = C.library C.Library::{ name = "greet", srcs = [ "greet.c" ], hdrs = [ "greet.h" ] }

      let app = C.binary C.Binary::{ name = "app", srcs = [ "main.c" ], deps = [ greet, made ] }

      in  { number, made, greet, app }
END_DHALL
workspace() {
    {
        echo 'let W = ./dhall/config/v1.dhall'
        echo 'in  W.Workspace::{ name = "test", packages = W.Packages.Path "./dhall"'
        echo ', configurations = [ { name = "default", mode = W.Mode.Debug }'
        for target in $1; do
            echo ", { name = \"on-$target\", mode = W.Mode.Release }"
        done
        echo '], toolchains = toMap { exec = "native"'
        for target in $1; do
            echo ", on-$target = \"$target\""
        done
        echo '} }'
    } >straylight.dhall
}
workspace "$targets"
labels=//app
for target in $targets; do
    labels="$labels //app@on-$target"
done
# shellcheck disable=SC2086 # labels are words
expect "a target for all of these machines, in one build" 0 "$straylight" build $labels
ok "the default is this machine" sh -c 'out/app/app | grep -q "another machine 42, 64 bits"'
for target in $targets; do
    if command -v "$(runner_of "$target")" >/dev/null; then
        expect "what was built for $target runs" 0 run_for "$target" "out/@on-$target/app/app"
        case $target in
        wasm32-wasi) out_has "as what it is, with what a tool made" "wasm 42, 32 bits" ;;
        *) out_has "as what it is, with what a tool made" "${target%-linux} 42, 64 bits" ;;
        esac
    else
        skip "what was built for $target runs" "there is no $(runner_of "$target")"
    fi
done
cp app/BUILD.dhall kept.dhall
sed -i 's/deps = \[ greet, made \] }/deps = [ greet, made ], flags = [ C.Tc.Flag.Codegen C.Tc.Codegen.Pic ] }/' app/BUILD.dhall
for target in $targets; do
    if [ "$target" = wasm32-wasi ]; then
        expect "a flag that means nothing to WebAssembly" 1 "$straylight" build //app@on-wasm32-wasi
        err_has "is an error at the target" "app/BUILD.dhall:2"
        err_has "that says why" "Codegen.Pic means nothing for wasm32-unknown-wasi"
    else
        expect "where it means something" 0 "$straylight" build "//app@on-$target"
    fi
done
mv kept.dhall app/BUILD.dhall
# shellcheck disable=SC2086
expect "and again" 0 "$straylight" build $labels
out_has "there is nothing to do" " 0 run"
expect "//app:CONFIGURATION is the same" 0 "$straylight" build "//app:${labels##*@}"
echo '/* changed */' >>app/number.c
# shellcheck disable=SC2086
expect "a tool is changed" 0 "$straylight" build $labels
echo "-- a comment" >>toolchains.dhall
expect "a comment in toolchains.dhall" 0 "$straylight" build //app
out_has "changes nothing" "0 run"
cp straylight.dhall kept.dhall
workspace none
expect "a configuration whose toolchain there is not" 1 "$straylight" build //app@on-none
err_has "is told where it is named" "straylight.dhall:6:13: error: configuration \"on-none\""
err_has "with what to do" "straylight toolchain add cc --target TARGET --name none"
expect "a configuration that there is not" 1 "$straylight" build //app@on-nowhere
err_has "is told" 'there is no configuration "on-nowhere"'
mv kept.dhall straylight.dhall

if [ -n "$targets" ]; then
    target=${targets##* }
    mv "$STRAYLIGHT_STORE" "$STRAYLIGHT_STORE.kept"
    expect "a toolchain that is not in the store" 1 "$straylight" build "//app@on-$target"
    err_has "is told at the target" "app/BUILD.dhall:"
    err_has "and from where it can be had" "straylight toolchain add cc --name"
    chmod -R u+w "$STRAYLIGHT_STORE" && rm -rf "$STRAYLIGHT_STORE"
    mv "$STRAYLIGHT_STORE.kept" "$STRAYLIGHT_STORE"
else
    skip "a toolchain that is not in the store" "there is no cross compiler"
fi
if have_target aarch64-linux && [ -e /usr/bin/clang ]; then
    expect "clang for aarch64-linux" 0 "$straylight" toolchain add cc --compiler clang \
        --target aarch64-linux --name orin
    ok "the entry has the name that was asked for" grep -q "^let orin =" toolchains.dhall
    workspace orin
    expect "builds too" 0 "$straylight" build //app@on-orin
else
    skip "clang for aarch64-linux" "$why, and clang"
fi

expect "a target that there is not" 1 "$straylight" toolchain add cc --target pdp11-unix
err_has "is named, with those that there are" "it is one of x86_64-linux, aarch64-linux"
expect "gcc for WebAssembly" 1 "$straylight" toolchain add cc --target wasm32-wasi --compiler gcc
err_has "says what can" "--compiler clang"
mkdir bin
ln -s "$(command -v dpkg-query)" bin/
expect "a cross compiler that is not installed" 1 env PATH="$PWD/bin" "$straylight" toolchain add \
    cc --target riscv64-linux
err_has "names its packages" "apt-get install gcc-riscv64-linux-gnu libc6-dev-riscv64-cross"
expect "a compiler of another target" 1 "$straylight" toolchain add cc --compiler gcc \
    --compiler /usr/bin/gcc --target riscv64-linux
err_has "is refused" "not for riscv64-linux"

finish
