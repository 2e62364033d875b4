#!/bin/sh
# tests/toolchain.sh: compilers and libraries as artifacts; builds without the machine's compiler;
# flags and processors as types.
. "$(dirname "$0")/lib.sh"

cp -r "$top/examples/hello" hello && cd hello || exit 1
rm -rf out toolchains.dhall

expect "list without toolchains.dhall" 1 "$straylight" toolchain list
err_has "says how to pin one" "straylight toolchain add cc"
expect "build without toolchains.dhall" 1 "$straylight" build //...
err_has "names the file" "toolchains.dhall"

expect "add cc" 0 "$straylight" toolchain add cc
out_has "prints what it pinned" "gcc "
cp toolchains.dhall first.dhall
expect "add cc again" 0 "$straylight" toolchain add cc
ok "gives the same digest" cmp toolchains.dhall first.dhall
ok "LIBRARY_PATH and the like change nothing" env LIBRARY_PATH=/nonexistent CPATH=/nonexistent \
    GCC_EXEC_PREFIX=/nonexistent COMPILER_PATH=/nonexistent "$straylight" toolchain add cc
ok "the digest is the same" cmp toolchains.dhall first.dhall

# What somebody changes in one entry stays when another one is added.
sed -i 's/OptLevel.O2/OptLevel.O3/; s/^let native =/-- by hand\n&/' toolchains.dhall
expect "add lib" 0 "$straylight" toolchain add lib gmp
ok "a changed entry stays as it is" grep -q "OptLevel.O3" toolchains.dhall
ok "with its comment" grep -q -- "-- by hand" toolchains.dhall
expect "list" 0 "$straylight" toolchain list
out_has "lists the compiler" "compiler  native"
out_has "lists the library" "library   gmp"
expect "list --json" 0 "$straylight" toolchain list --json
out_has "has the same" '"kind":"library","name":"gmp"'
expect "show" 0 "$straylight" toolchain show gmp --files
out_has "shows the link record" 'libgmp.so" ]'
out_has "and the name that the loader asks for" "libgmp.so.10 -> "
expect "show of the compiler" 0 "$straylight" toolchain show native
out_has "names the packages that it was made from" "-- from gcc-12"
out_has "with the size of its tree" "MiB"
expect "show of what is not there" 1 "$straylight" toolchain show nothing
err_has "says so" 'no entry "nothing"'
expect "the whole toolchain has no folder but libc's and the kernel's" 0 \
    "$straylight" toolchain show native --files
out_lacks "no header of another library" "include/gmp"

expect "add of an unknown library" 1 "$straylight" toolchain add lib no-such-library
err_has "says what to install" "-dev package"
expect "add of an unknown compiler" 1 "$straylight" toolchain add cc --compiler no-such-compiler
err_has "says what to do" "apt-get install gcc"
expect "add of nothing" 2 "$straylight" toolchain add frobnicate
mkdir bin
for program in gcc as ld ar; do
    ln -s "$(command -v $program)" "bin/$program"
done
expect "add cc without a package database" 1 env PATH="$PWD/bin" "$straylight" toolchain add cc
err_has "names dpkg-query" "dpkg-query"
printf '{ native = 1 }\n' >other.dhall
mv toolchains.dhall kept.dhall
cp other.dhall toolchains.dhall
expect "add to a toolchains.dhall of another form" 1 "$straylight" toolchain add cc
err_has "refuses" "not of the form"
ok "and leaves it alone" cmp toolchains.dhall other.dhall
cp first.dhall toolchains.dhall

# The store is damaged below a tree.
expect "verify" 0 "$straylight" toolchain verify
out_has "all is whole" "native: whole"
victim=$(find "$STRAYLIGHT_STORE/cas" -type f -size +2000k | sort | head -n 1)
chmod u+w "$victim"
printf x | dd of="$victim" bs=1 seek=100 conv=notrunc 2>/dev/null
expect "verify with a damaged file" 1 "$straylight" toolchain verify
err_has "says how to pin it again" "straylight toolchain add cc --name native"
expect "pinning again" 0 "$straylight" toolchain add cc
ok "gives the same digest" cmp toolchains.dhall first.dhall
expect "verify is content again" 0 "$straylight" toolchain verify
expect "and so is store verify" 0 "$straylight" store verify

# A header that only trees have.
header=$(find "$STRAYLIGHT_STORE"/trees/*/*/usr/include -maxdepth 1 -name assert.h | head -n 1)
chmod u+w "$header"
printf x | dd of="$header" bs=1 seek=100 conv=notrunc 2>/dev/null
for n in first second; do
    expect "the $n build without it" 1 "$straylight" build //...
    err_has "the $n build says which tree is not whole" "is not whole in the store"
    err_has "and the $n what to do" "straylight toolchain add cc"
    expect "store verify finds it, for the $n time" 1 "$straylight" store verify
done
expect "pinning again" 0 "$straylight" toolchain add cc
expect "verify is content again" 0 "$straylight" toolchain verify
expect "and so is store verify" 0 "$straylight" store verify

# A file more in the laid out compiler, its folder's time as before.
for file in "$STRAYLIGHT_STORE"/trees/*/*/usr/include/assert.h; do
    folder=$(dirname "$file")
done
add_header() {
    chmod u+w "$folder" && echo '#error found' >"$folder/assert.h.new" && touch -d @1 "$folder" &&
        chmod u-w "$folder"
}
ok "a file is added to it" add_header
expect "toolchain verify" 1 "$straylight" toolchain verify
err_has "says that it was altered" "the laid out tree"
not_ok "it is not there any more" test -e "$folder/assert.h.new"
expect "toolchain verify once more" 0 "$straylight" toolchain verify
ok "again a file is added" add_header
expect "store verify" 1 "$straylight" store verify
expect "store verify once more" 0 "$straylight" store verify
ok "and once more" add_header
echo '/* something to compile */' >>main.c
expect "a build" 0 "$straylight" build //...
not_ok "has not used it" test -e "$folder/assert.h.new"

# A build never looks at the machine: no PATH, and no compiler, headers or start files there.
expect "build with an empty environment" 0 env -i STRAYLIGHT_STORE="$STRAYLIGHT_STORE" \
    "$straylight" build //...
cat >hide <<'END'
set -e
for place in /usr/lib/gcc /usr/include /usr/lib/x86_64-linux-gnu/pkgconfig; do
    [ ! -d $place ] || mount -t tmpfs none $place
done
for program in gcc cc as ld ar clang; do
    file=$(readlink -f "$(command -v $program)" || true)
    [ -z "$file" ] || mount --bind /dev/null "$file"
done
if gcc --version >/dev/null 2>&1; then
    exit 1
fi
exec env -i STRAYLIGHT_STORE="$STRAYLIGHT_STORE" PATH= "$1" run //:hello
END
echo '/* changed */' >>main.c
if unshare -rm true 2>/dev/null; then
    expect "build with the compiler hidden" 0 unshare -rm sh ./hide "$straylight"
    out_has "runs what it built" "Hello from a sandbox."
else
    skip "build with the compiler hidden" "this machine does not let unshare make a user namespace"
fi

# Flags and processors are types.
flagged() {
    sed "s/OptLevel.O2/OptLevel.O2, $1/" first.dhall >toolchains.dhall
}
flagged "Tc.Flag.LTO Tc.LTO.Thin"
expect "ThinLTO under gcc, for the toolchain" 1 "$straylight" build //...
err_has "is an assertion that says why" "LTO.Thin means nothing to gcc"
sed 's/X86_64.generic/X86_64.native/' first.dhall >toolchains.dhall
expect "the processor of the machine" 1 "$straylight" build //...
err_has "is a type error that says why" "native is refused"
sed 's/X86_64.generic/Aarch64.neoverse-n1/' first.dhall >toolchains.dhall
expect "a processor of another architecture" 1 "$straylight" build //...
err_has "is a type error" "toolchains.dhall:"
cp first.dhall toolchains.dhall
rules=$(sed -n 's/^ *sha256:\(.*\)/\1/p' BUILD.dhall | head -n 1)
tools=$(grep -A1 'toolchains/v1.dhall' toolchains.dhall | sed -n 's/.*sha256://p')
package() {
    cat >BUILD.dhall <<END
let T = https://straylight.cx/targets/v1.dhall sha256:$(grep -A1 'targets/v1.dhall' first.dhall | sed -n 's/.*sha256://p')
let Tc = https://straylight.cx/toolchains/v1.dhall sha256:$tools
let C = (https://straylight.cx/rules/c/v1.dhall sha256:$rules).with-toolchain (./toolchains.dhall).native
in  { hello = C.binary C.Binary::{ name = "hello", srcs = [ "main.c" ], flags = [ $1 ] } }
END
}
package "Tc.Flag.LTO Tc.LTO.Thin"
expect "ThinLTO under gcc, for a target" 1 "$straylight" build //...
err_has "is an error of the target" "//:hello"
err_has "that says why" "LTO.Thin means nothing to gcc"
package "Tc.Flag.TargetCpu (T.Cpu.aarch64 T.Aarch64.neoverse-n1)"
expect "a processor of another architecture, for a target" 1 "$straylight" build //...
err_has "is an error of the target too" "processor of aarch64"
package "Tc.Flag.Link Tc.Link.Static, Tc.Flag.Link Tc.Link.Pie"
expect "flags that contradict" 1 "$straylight" build //...
err_has "are an error at the target" "BUILD.dhall:4:"
err_has "that says why" "Link.Static and Link.Pie contradict"
flagged "Tc.Flag.Link Tc.Link.Static, Tc.Flag.Link Tc.Link.Pie"
expect "flags that contradict, for the toolchain" 1 "$straylight" build //...
err_has "are an assertion" "Link.Static and Link.Pie contradict"
cp first.dhall toolchains.dhall
package "Tc.Flag.Link Tc.Link.Static, Tc.Flag.Link Tc.Link.Pie, Tc.Flag.Link Tc.Link.NoPie"
expect "of two that say the same the last counts" 0 "$straylight" build //...
package "Tc.Flag.LTO Tc.LTO.Fat"
expect "LTO under gcc" 0 "$straylight" build //...
package "Tc.Flag.TargetCpu (T.Cpu.x86_64 T.X86_64.x86-64-v2)"
expect "a processor of this architecture" 0 "$straylight" build -v //...
err_has "is a flag" "-march=x86-64-v2"
package 'Tc.Flag.Raw { stage = Tc.Stage.Compile, text = "-funroll-loops" }'
expect "a raw flag" 0 "$straylight" build //...
err_has "is warned about" 'Flag.Raw "-funroll-loops"'
package 'Tc.Flag.OptLevel Tc.OptLevel.O9'
expect "a flag that is none" 1 "$straylight" build //...
err_has "is a type error in BUILD.dhall" "BUILD.dhall:4:"

# The packages are inside the program: a name that is not among them never goes to the network.
echo "https://straylight.cx/rules/none/v1.dhall sha256:$rules" >BUILD.dhall
expect "a package of straylight.cx that there is not" 1 "$straylight" build //...
err_has "is not fetched" "is not one of the packages that straylight holds"

finish
