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
    { category = "make", identifier = "it", trees = C.trees, env = [] : List { mapKey : Text, mapValue : Text }, inputs = [] : List D.Arg
    , argv = [ D.text "/usr/bin/as", D.text "-o", D.out "it", D.text "/dev/null" ]
    , outputs = [ "it" ], folders = [] : List Text, stdout = None Text, depfile = None Text, requires = [] : List D.Resource }
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
finish
