#!/bin/sh
# tests/selfbuild.sh: straylight builds straylight; what it builds builds it again, byte for byte;
# and BUILD.dhall compiles as meson.build does.
. "$(dirname "$0")/lib.sh"

# A copy: out/ and toolchains.dhall of the repository stay as they are.
mkdir repo
if git -C "$top" rev-parse --git-dir >/dev/null 2>&1; then
    (cd "$top" && git ls-files -z --cached --others --exclude-standard) >files
else
    (cd "$top" && find . -path ./build -prune -o -path ./out -prune -o -type f -print0) >files
fi
(cd "$top" && tar --null --files-from="$work/files" --ignore-failed-read -cf - 2>/dev/null) |
    tar -xf - -C repo
cd repo || exit 1

# The compiler that made the program under test, so that commands can be compared.
compiler=gcc
case $(sed -n 's/.*"command": "\([^ ]*\) .*/\1/p' "$build/compile_commands.json" | head -n 1) in
*clang*) compiler=clang ;;
esac
pin() {
    sed "s/toolchain add cc/toolchain add cc --compiler $compiler/" tools/pin >../pin &&
        sh ../pin "$1"
}
expect "compiler and libraries are pinned" 0 pin "$straylight"
cp toolchains.dhall ../toolchains.first

expect "straylight builds straylight" 0 "$straylight" build -v //...
cp "$err" ../commands.log
cp "$out" ../built.out
expect "the program that it built runs" 0 out/src/cli/straylight --version
out_has "and is straylight" "straylight "
expect "run through its link, it finds armitage" 3 out/src/cli/straylight fetch https://127.0.0.1:1/
err_has "which says what it could not do" "cannot fetch"
if grep -q -e -fsanitize "$build/compile_commands.json"; then
    skip "meson.build and BUILD.dhall compile alike" "Meson's build is one with sanitizers"
else
    ok "meson.build and BUILD.dhall compile alike" \
        "$top/tools/compare-commands" "$build/compile_commands.json" ../commands.log
fi
expect "a second build has nothing to do" 0 "$straylight" build //...
out_has "and says so" " 0 run, "

# Stage 2: with the program that was built, from nothing: another store, another folder.
cp -L out/src/cli/straylight ../stage1
cp -L out/src/cli/armitage ../armitage1
cp -r ../repo ../again
cd ../again || exit 1
rm -rf out toolchains.dhall
STRAYLIGHT_STORE=$work/.store2
expect "what was built pins the compiler" 0 pin "$work/stage1"
ok "as the first one did" cmp toolchains.dhall ../toolchains.first
expect "what was built builds straylight" 0 "$work/stage1" build //src/cli:straylight //src/cli:armitage
out_lacks "with nothing from a cache" " 0 run, "
ok "straylight is the same, byte for byte" cmp out/src/cli/straylight ../stage1
ok "armitage is the same, byte for byte" cmp out/src/cli/armitage ../armitage1

finish
