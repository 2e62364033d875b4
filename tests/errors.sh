#!/bin/sh
# tests/errors.sh: what builds say when something is wrong. Each message is looked at.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1
echo 'int main(void) { return 0; }' >ok.c

# refused TITLE TEXT...: a build of //... fails with status 1 and says each TEXT.
refused() {
    title=$1
    shift
    expect "$title" 1 "$straylight" build //...
    for text in "$@"; do
        err_has "$title: $text" "$text"
    done
}

# BUILD.dhall itself.
package . <<'END'
let a = C.binary C.Binary::{ name = "a", srcs = [ "ok.c" }
in  { a }
END
refused "a syntax error" "BUILD.dhall:3:58: error: " "let a = C.binary C.Binary::{ name = \"a\", srcs = [ \"ok.c\" }" \
    "^" "cannot load the package //"
package . <<'END'
let a = C.binary C.Binary::{ name = "a", srcs = "ok.c" }
in  { a }
END
refused "a type error" "BUILD.dhall:3:" "srcs = \"ok.c\"" "^"
package . <<'END'
let a = C.binary C.Binary::{ name = "a", srcs = [ "ok.c" ] }
in  { b = a }
END
refused "a field with another name" "BUILD.dhall:3:" "field and name differ" "call the field a"
package . <<'END'
in  { a = "text" }
END
sed -i 's/^in /let x = 1 in /' BUILD.dhall
refused "a field that is no target" "target \"a\": is not a target" "what a rule returns"
package . <<'END'
in  { a = https://example.org/x.dhall }
END
sed -i 's/^in /let x = 1 in /' BUILD.dhall
refused "a remote import that is not frozen" "https://example.org/x.dhall" "sha256:"

# Labels.
package . <<'END'
let a = C.binary C.Binary::{ name = "a", srcs = [ "ok.c" ], deps = [ D.at "//lib:grete" ] }
in  { a }
END
package lib <<'END'
let greet = C.library C.Library::{ name = "greet" }
let other = C.library C.Library::{ name = "other" }
in  { greet, other }
END
refused "a misspelt target" "BUILD.dhall:3:" "there is no target //lib:grete" "did you mean //lib:greet?" "^"
expect "a misspelt label on the command line" 1 "$straylight" build //lib:greeet
err_has "is told" "there is no target //lib:greeet"
err_has "with what is near" "did you mean //lib:greet?"
expect "a misspelt package" 1 "$straylight" build //libs
err_has "is told, too" "there is no package //libs: libs/BUILD.dhall does not exist"
err_has "with what is near" "did you mean //lib?"
expect "a pattern without targets" 1 "$straylight" build //libs/...
err_has "is told" "//libs/... matches no target"
expect "an unknown configuration" 1 "$straylight" build //lib:greet@defualt
err_has "is told with what is near" "did you mean default?"
expect "a folder without a package" 1 "$straylight" build lib/greet
err_has "is told, as a label" "there is no package //lib/greet"
expect "what is no label" 1 "$straylight" build lib:greet:x
err_has "says how they look" "labels are //package:name"

# Visibility.
package . <<'END'
let a = C.binary C.Binary::{ name = "a", srcs = [ "ok.c" ], deps = [ D.at "//lib:greet" ] }
in  { a }
END
package lib <<'END'
let greet = C.library C.Library::{ name = "greet", visibility = [ "//elsewhere/..." ] }
in  { greet }
END
refused "an invisible target" "//lib:greet is not visible to //:a" "lib/BUILD.dhall"

# A cycle, over packages.
package . <<'END'
let a = C.library C.Library::{ name = "a", deps = [ D.at "//lib:b" ] }
in  { a }
END
package lib <<'END'
let b = C.library C.Library::{ name = "b", deps = [ D.at ":c" ] }
let c = C.library C.Library::{ name = "c", deps = [ D.at "//:a" ] }
in  { b, c }
END
refused "a cycle" "dependency cycle: //" "//:a -> //lib:b" "//lib:b -> //lib:c" "BUILD.dhall:"
err_lacks "is told without the configuration that everything is in" "@default"
{
    echo "let D = ../dhall/dice/v1.dhall"
    echo "let C = (../dhall/rules/c/v1.dhall).with-toolchain (../toolchains.dhall).native"
    echo "in {"
    for i in $(seq 0 199); do
        [ "$i" = 0 ] || echo ","
        echo "t$i = C.library C.Library::{ name = \"t$i\", deps = [ D.at \":t$(((i + 1) % 200))\" ] }"
    done
    echo "}"
} >lib/BUILD.dhall
expect "a long cycle" 1 "$straylight" build //lib/...
err_has "is shortened" " -> ... 190 more ... -> "
err_has "and has a place" "lib/BUILD.dhall:"
ok "and is one line" test "$(wc -c <"$err")" -lt 1000
rm -r lib

# Sources and outputs.
package . <<'END'
let a = C.binary C.Binary::{ name = "a", srcs = [ "okk.c" ] }
in  { a }
END
refused "a source that does not exist" "BUILD.dhall:3:" "okk.c, a source of //:a, does not exist" "did you mean ok.c?"
mkdir -p sub && echo 'int main(void) { return 0; }' >sub/x.c
package . <<'END'
let a = C.binary C.Binary::{ name = "a", srcs = [ "sub" ] }
in  { a }
END
refused "a source that is a folder" "sub, a source of //:a, is a folder"
package . <<'END'
let a = C.binary C.Binary::{ name = "a", srcs = [ "sub/x.c" ] }
in  { a }
END
package sub <<'END'
let x = C.binary C.Binary::{ name = "x", srcs = [ "x.c" ] }
in  { x }
END
refused "a source of another package" "lists sources below sub, which is a package of its own"
rm -r sub
for bad in ../x.c /x.c; do
    package . <<END
let a = C.binary C.Binary::{ name = "a", srcs = [ "$bad" ] }
in  { a }
END
    refused "a source outside: $bad" "\"$bad\"" "paths are relative to the package"
done
package . <<'END'
let action = \(name : Text) -> \(out : Text) ->
    D.action // { category = "copy", identifier = name, trees = C.trees
    , argv = [ D.text "/usr/bin/as", D.text "-o", D.out out, D.text "/dev/null" ]
    , outputs = [ out ], requires = [] : List D.Resource }
let target = \(name : Text) -> \(out : Text) ->
    D.nothing // { label = ":${name}", kind = "copy", actions = [ action name out ], outputs = [ out ] }
in  { a = target "a" "same", b = target "b" "same" }
END
refused "one output of two actions" "two actions make the output \"same\": copy a of //:a and copy b of //:b"
sed -i 's/{ a = target "a" "same", b = target "b" "same" }/{ a = target "a" "..\/out" }/' BUILD.dhall
refused "an output outside" "output \"../out\" has \".\" or \"..\" in it"
sed -i 's/"..\/out"/"a"/; s/requires = \[\] : List D.Resource/requires = [ D.Resource.Network ]/' BUILD.dhall
refused "the network" "//:a requires Network, which this workspace does not grant" "straylight.dhall"

mkdir -p lib && mv BUILD.dhall lib/BUILD.dhall && sed -i 's#(\./#(../#g; s#= \./#= ../#g' lib/BUILD.dhall
package . <<'END'
let A = ./dhall/rules/action/v1.dhall
let b = A.run A.Run::{ name = "b", trees = C.trees, tool = A.Tool.Built { target = "//lib:a", output = "a" }, stdout = Some "b" }
let c = A.run A.Run::{ name = "c", trees = C.trees, tool = A.Tool.Built { target = ":b", output = "b" }, stdout = Some "c" }
in  { b, c }
END
expect "the network, somewhere below" 1 "$straylight" build //:c
err_has "is told with who needs it" "//lib:a@exec requires Network, which this workspace does not grant, needed by //:b@exec, needed by //:c"
rm -r lib

# What rules find wrong, and a store that has not what the workspace pins.
package . <<'END'
let Tc = ./dhall/toolchains/v1.dhall
let a = C.binary C.Binary::{ name = "a", srcs = [ "ok.c" ], flags = [ Tc.Flag.LTO Tc.LTO.Thin ] }
in  { a }
END
refused "a flag that means nothing to the compiler" "BUILD.dhall:4:" "//:a: "
package . <<'END'
let a = C.binary C.Binary::{ name = "a", srcs = [ "ok.c" ] }
in  { a }
END
expect "an empty store" 1 env STRAYLIGHT_STORE="$work/empty" "$straylight" build //...
err_has "is told" "which //:a uses, is not whole in the store"
err_has "and what to do" "straylight toolchain add cc"

# Compilers that fail.
package . <<'END'
let a = C.binary C.Binary::{ name = "a", srcs = [ "bad.c" ] }
in  { a }
END
printf 'int main(void)\n{\n    return nothing;\n}\n' >bad.c
refused "a failing compile" "//:a: c.compile bad.c failed with status 1" "bad.c:3:12: error:" \
    "to repeat it alone: straylight build -v //:a#bad.c"
ok "its output is there once" test "$(grep -c 'bad.c:3:12: error:' "$err")" = 1
expect "it can be repeated alone" 1 "$straylight" build -v '//:a#bad.c'
err_has "with its whole command" "/usr/bin/gcc"
expect "an action that is not there" 1 "$straylight" build '//:a#bads.c'
err_has "is told" '//:a has no action "bads.c"'
package . <<'END'
let a = C.binary C.Binary::{ name = "a", srcs = [ "bad.c", "ok.c" ] }
let b = C.binary C.Binary::{ name = "b", srcs = [ "ok.c" ] }
in  { a, b }
END
expect "the rest is built with -k" 1 "$straylight" build -k //...
ok "and linked" test -x out/b

# Headers that are there, but were not declared.
printf '#include "here.h"\nint main(void) { return 0; }\n' >bad.c
: >here.h
: >there.h
package . <<'END'
let a = C.binary C.Binary::{ name = "a", srcs = [ "bad.c" ], private_hdrs = [ "there.h" ] }
in  { a }
END
refused "an undeclared header" "fatal error: here.h: No such file" \
    'here.h exists, but the action does not see it: add "here.h" to private_hdrs of "a" in BUILD.dhall'
printf '#include "lib/x.h"\nint main(void) { return 0; }\n' >bad.c
mkdir -p lib && : >lib/x.h
package lib <<'END'
let x = C.library C.Library::{ name = "x", hdrs = [ "x.h" ] }
in  { x }
END
refused "a header of another target" \
    'lib/x.h is a file of //lib:x: add that target to the deps of "a" in BUILD.dhall'
package lib <<'END'
let x = C.library C.Library::{ name = "x" }
in  { x }
END
refused "a header that no target has" \
    'lib/x.h exists, but no target has it: add "x.h" to a list of one in lib/BUILD.dhall'
rm -r lib

# What a linker says of a dependency's files is no such hint.
printf 'int missing(void);\nint x(void) { return missing(); }\n' >x.c
printf 'int x(void);\nint main(void) { return x(); }\n' >bad.c
package . <<'END'
let x = C.library C.Library::{ name = "x", srcs = [ "x.c" ], flags = [ (./dhall/toolchains/v1.dhall).Flag.Debug (./dhall/toolchains/v1.dhall).Debug.Full ] }
let a = C.binary C.Binary::{ name = "a", srcs = [ "bad.c" ], deps = [ x ] }
in  { x, a }
END
refused "a failing link" "x.c:2: undefined reference" "to repeat it alone: straylight build -v //:a#a"
err_lacks "does not ask for sources" "does not see it"
err_lacks "nor for dependencies that are there" "add that target"

# A test that cannot be built is not passed over.
printf 'int main(void) { return nothing; }\n' >bad.c
package . <<'END'
let t = C.test C.Test::{ name = "t", srcs = [ "bad.c" ] }
in  { t }
END
expect "a test that does not compile" 1 "$straylight" test //...
out_has "is no pass" "not all were run; 0 passed, 0 failed"

# Interrupted.
package . <<'END'
let slow = C.test C.Test::{ name = "slow", srcs = [ "slow.c" ] }
let fast = C.test C.Test::{ name = "fast", srcs = [ "ok.c" ] }
in  { slow, fast }
END
printf '#include <unistd.h>\nint main(void) { sleep(100); return 0; }\n' >slow.c
"$straylight" test //... >"$out" 2>"$err" </dev/null &
pid=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    sleep 0.25
    pgrep -P "$pid" >/dev/null && ls "$STRAYLIGHT_STORE"/actions/*/* >/dev/null 2>&1 &&
        [ "$(find "$STRAYLIGHT_STORE/actions" -type f | wc -l)" -ge 5 ] && break
done
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
ok "an interrupted build ends with 130" test "$status" = 130
out_file=$out
ok "quickly, and leaves no process" sh -c "! pgrep -s $pid"
expect "and the next build goes on" 0 "$straylight" test //:fast

# Out of wedlock: no workspace, no store.
cd "$work" || exit 1
expect "outside of any workspace" 1 "$straylight" build //...
err_has "is told" "no workspace"
err_has "and what to do" "straylight init"
cd ws || exit 1
if [ "$(id -u)" = 0 ]; then
    mkdir "$work/foreign" && chmod 700 "$work/foreign" && chown 12345 "$work/foreign"
    expect "another user's store" 3 env STRAYLIGHT_STORE="$work/foreign" "$straylight" build //...
    err_has "is refused" "$work/foreign"
else
    skip "another user's store" "only root can make one"
fi
: "$out_file"
finish
