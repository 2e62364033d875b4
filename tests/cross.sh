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
#include <stdio.h>
int main(void)
{
    printf("%s, %zu bits\n", greet(), 8 * sizeof(void *));
    return 0;
}
END_C
echo 'const char *greet(void);' >app/greet.h
cat >app/greet.c <<'END_C'
#include "greet.h"
const char *greet(void)
{
#if defined(__aarch64__)
    return "aarch64";
#elif defined(__riscv)
    return "riscv";
#elif defined(__wasm__)
    return "wasm";
#else
    return "another machine";
#endif
}
END_C

for target in aarch64-linux riscv64-linux wasm32-wasi; do
    if ! have_target $target; then
        skip "$target" "$why"
        continue
    fi
    expect "add cc --target $target" 0 "$straylight" toolchain add cc --target $target
    cp toolchains.dhall first.dhall
    expect "again" 0 "$straylight" toolchain add cc --target $target
    ok "gives the same digest" cmp toolchains.dhall first.dhall
    cat >app/BUILD.dhall <<END_DHALL
let C = (../dhall/rules/c/v1.dhall).with-toolchain (../toolchains.dhall).$target

let greet = C.library C.Library::{ name = "greet", srcs = [ "greet.c" ], hdrs = [ "greet.h" ] }

in  { greet, app = C.binary C.Binary::{ name = "app", srcs = [ "main.c" ], deps = [ greet ] } }
END_DHALL
    expect "build for $target" 0 "$straylight" build //app
    if command -v "$(runner_of $target)" >/dev/null; then
        expect "what was built for $target runs" 0 run_for $target out/app/app
        case $target in
        wasm32-wasi) out_has "as what it is" "wasm, 32 bits" ;;
        *) out_has "as what it is" "${target%64-linux}" ;;
        esac
    else
        skip "what was built for $target runs" "there is no $(runner_of $target)"
    fi
done
if have_target aarch64-linux && [ -e /usr/bin/clang ]; then
    expect "clang for aarch64-linux" 0 "$straylight" toolchain add cc --compiler clang \
        --target aarch64-linux --name orin
    ok "the entry has the name that was asked for" grep -q "^let orin =" toolchains.dhall
    sed -i 's/(\.\.\/toolchains.dhall)\.[a-z0-9-]*/(..\/toolchains.dhall).orin/' app/BUILD.dhall
    expect "builds too" 0 "$straylight" build //app
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
