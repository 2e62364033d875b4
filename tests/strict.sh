#!/bin/sh
# tests/strict.sh: what a build may not depend on, and what it may not pass over.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1
echo 'int main(void) { return 0; }' >ok.c

# action TEXT: the package of the root has one target that runs /usr/bin/as; TEXT replaces fields.
action() {
    package . <<END2
let action =
    D.action // { category = "make", identifier = "it", trees = C.trees
    , argv = [ D.text "/usr/bin/as", D.text "-o", D.out "it", D.text "/dev/null" ]
    , outputs = [ "it" ] }
in  { a = D.nothing // { label = ":a", kind = "make", actions = [ action // $1 ], outputs = [ "it" ] } }
END2
}

# A result in the action cache that is not what the action promises now.
action '{=}'
expect "an output that is a file" 0 "$straylight" build //...
action '{ outputs = [] : List Text, folders = [ "it" ] }'
expect "the same, said to be a folder" 1 "$straylight" build //...
err_has "is not taken from the cache" "output out/it is a file, not a folder"
action '{=}'
expect "and a file again" 0 "$straylight" build //...

# The environment is the action's own, but for what every action gets.
action '{ env = [ { mapKey = "TZ", mapValue = "Europe/Berlin" } ] }'
expect "a variable that is fixed" 1 "$straylight" build //...
err_has "is refused by name" "an action cannot set the variable TZ"
err_has "with the action" "//:a: cannot run make it"
out_has "which did not run" "failed; 0 actions: 0 run, 0 cached"
action '{ argv = [ D.text "/usr/bin/none" ] }'
expect "a program that is not there" 1 "$straylight" build //...
err_has "is told" "/usr/bin/none"
out_has "and is no action that ran" " 0 run, 0 cached"

# refused TITLE TEXT...: a build of //... fails with status 1 and says each TEXT.
refused() {
    title=$1
    shift
    expect "$title" 1 "$straylight" build //...
    for text in "$@"; do
        err_has "$title: $text" "$text"
    done
}

# Dhall: nothing of the machine gets into a build.
argument() {
    action "{ argv = [ D.text \"/usr/bin/as\", D.text \"-o\", D.out \"it\", D.text ($1) ] }"
}
argument 'merge { Local = \(path : Text) -> path, Remote = \(path : Text) -> path, Environment = \(path : Text) -> path, Missing = "" } (./ok.c as Location)'
refused "where a file lies" "BUILD.dhall:" "a build may not depend on where $work/ws/ok.c lies (as Location)" \
    "write the path as a Text"
argument '/etc/hostname as Text'
refused "a file of the machine" "BUILD.dhall:" "a build may not import /etc/hostname, which lies outside of the workspace" \
    "put it into a file of the workspace and import that"
echo secret >../outside
argument '../outside as Text'
refused "a file beside the workspace" "BUILD.dhall:" "a build may not import $work/outside, which lies outside"
argument '../absent as Text ? "fallback"'
refused "even where there is another choice" "a build may not import $work/absent, which lies outside"
argument "$PWD/ok.c as Text"
refused "an absolute path" "BUILD.dhall:" "a build may not import $work/ws/ok.c by an absolute path" "import it by its path from this file"
# shellcheck disable=SC2088 # Dhall's, not the shell's
argument '~/x as Text'
refused "the home" "a build may not depend on"
argument 'env:HOME as Text'
refused "a variable" "a build may not depend on env:HOME"

# A workspace or package of the wrong shape: the place is in the user's file.
action '{=}'
cp straylight.dhall kept
sed -i 's/name = "test"/name = "test", tools = 3/' straylight.dhall
refused "a field of another type" "straylight.dhall:3:43: error:" 'expected W.Configuration ({ mode : < Debug | Release >, name : Text }), found Natural'
err_lacks "is told in the user's file alone" "as a workspace"
printf '{ configurations = [ { mode = < Debug | Release >.Debug, name = "x" } ]\n, tools = 3\n, grants = [] : List Text }\n' >straylight.dhall
refused "a workspace of the wrong type" "straylight.dhall:2:3: error: tools of straylight.dhall is not a { mode" "W.Workspace::{ name"
echo '{ a = 1 }' >straylight.dhall
refused "a workspace without fields" "straylight.dhall:1:1: error: straylight.dhall has no field configurations"
mv kept straylight.dhall
printf -- '-- a function\n\\(x : Natural) -> { a = 1 }\n' >BUILD.dhall
refused "a function of something else" "BUILD.dhall:2:1: error: BUILD.dhall is a function, but not one of the configuration" \
    "its type is" "Natural" "let it begin with"
err_lacks "is told in the user's file" "applied to"
action '{=}'
mv toolchains.dhall kept
refused "no toolchains.dhall" "BUILD.dhall:2:" "toolchains.dhall does not exist" '"straylight toolchain add cc" writes it'
mv kept toolchains.dhall

# No place for a store is the environment's fault.
expect "a store of a relative path" 3 env STRAYLIGHT_STORE=here "$straylight" build //...
err_has "is refused" 'STRAYLIGHT_STORE is "here", which is not an absolute path'
expect "no place for a store" 3 env -u STRAYLIGHT_STORE -u HOME -u XDG_CACHE_HOME "$straylight" build //...
err_has "is told" "there is no place for the store"
err_has "and what to do" "set STRAYLIGHT_STORE"
expect "the same for another command" 3 env -u STRAYLIGHT_STORE -u HOME -u XDG_CACHE_HOME "$straylight" clean

# Names that no file system takes.
long=$(printf 'n%.0s' $(seq 300))
package . <<END2
let a = C.binary C.Binary::{ name = "$long", srcs = [ "ok.c" ] }
in  { $long = a }
END2
refused "a name that is too long for a file" "BUILD.dhall:3:" "contains a name of more than 255 bytes"
action "{ outputs = [ \"$long\" ] }"
refused "an output of such a name" "BUILD.dhall:7:" "contains a name of more than 255 bytes"
deep=$(printf 'deep/%.0s' $(seq 799))
action "{ outputs = [ \"${deep}deep12\" ] }"
refused "an output of a path that is too long" "BUILD.dhall:7:" "deep/deep/...\" is longer than 4000 bytes"
action "{ outputs = [ \"$(printf 'd%.0s' $(seq 255))\" ] }"
expect "an output of the longest name" 1 "$straylight" build //...
err_lacks "is none of these" "contains a name"

# What rules warn of is told at each build that uses the target.
package . <<'END2'
let Tc = ./dhall/toolchains/v1.dhall
let raw = C.library C.Library::{ name = "raw", srcs = [ "raw.c" ], flags = [ Tc.Flag.Raw { stage = Tc.Stage.Compile, text = "-funroll-loops" } ] }
let a = C.binary C.Binary::{ name = "a", srcs = [ "ok.c" ], deps = [ D.at ":raw" ] }
let b = C.binary C.Binary::{ name = "b", srcs = [ "ok.c" ] }
in  { a, b, raw }
END2
echo 'int raw(void) { return 0; }' >raw.c
for time in first second third; do
    expect "the $time build" 0 "$straylight" build //:a
    err_has "of what uses it warns ($time)" 'warning: //:raw: Flag.Raw "-funroll-loops"'
    ok "once ($time)" test "$(grep -c warning: "$err")" = 1
done
expect "another target" 0 "$straylight" build //:b
err_lacks "does not" "warning"

# A test that prints without end is one that failed; others go on.
cat >flood.c <<'END2'
#include <stdio.h>
int main(void)
{
    while (puts("and so on and so on and so on and so on and so on and so on") != EOF) {
    }
    return 0;
}
END2
package . <<'END2'
let flood = C.test C.Test::{ name = "flood", srcs = [ "flood.c" ] }
let good = C.test C.Test::{ name = "good", srcs = [ "ok.c" ] }
in  { flood, good }
END2
expect "a test that prints without end" 1 "$straylight" test //...
out_has "failed" "FAIL //:flood: printed more than 64 MiB, and was ended"
out_has "and its beginning is shown" "and so on and so on"
out_has "the other one passed" "PASS //:good"
out_has "and both are counted" "1 passed, 1 failed"
ok "but not all of it" test "$(wc -c <"$out")" -lt 100000

# Nor does one that forks without end take the machine along.
cat >forks.c <<'END2'
#include <unistd.h>
int main(void)
{
    for (;;) {
        if (fork() == 0) {
            pause();
        }
    }
}
END2
package . <<'END2'
let forks = C.test C.Test::{ name = "forks", srcs = [ "forks.c" ] }
in  { forks }
END2
expect "a test that forks without end" 1 "$straylight" test //...
out_has "is ended" "FAIL //:forks: had more than 2048 processes at a time, and was ended"
finish
