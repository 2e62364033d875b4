#!/bin/sh
# tests/build.sh: build, run, test and clean over a small workspace: what must work.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1

# The first build, and one with nothing to do.
mkdir -p greet app
cat >greet/greet.h <<'END'
const char *greeting(void);
END
cat >greet/greet.c <<'END'
#include "greet.h"
const char *greeting(void) { return "hello"; }
END
package greet <<'END'
let greet = C.library C.Library::{ name = "greet", srcs = [ "greet.c" ], hdrs = [ "greet.h" ], include = [ "." ] }
in  { greet }
END
cat >app/main.c <<'END'
#include <stdio.h>
#include "greet.h"
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        printf("[%s]", argv[i]);
    }
    puts(greeting());
    return argc > 3;
}
END
package app <<'END'
let app = C.binary C.Binary::{ name = "app", srcs = [ "main.c" ], deps = [ D.at "//greet" ], args = [ "first" ] }
let good = C.test C.Test::{ name = "good", srcs = [ "good.c" ] }
in  { app, good }
END
cat >app/good.c <<'END'
#include <stdio.h>
int main(void) { puts("what a good test prints"); return 0; }
END
expect "the first build" 0 "$straylight" build //...
out_has "says what it did" "6 actions: 6 run, 0 cached"
ok "out/ links to the program" test -x out/app/app
ok "out/ holds links" test -h out/app/app
ok "the program runs" out/app/app
expect "nothing to do" 0 "$straylight" build //...
out_has "says so" "6 actions: 0 run, 6 cached"
expect "one target" 0 "$straylight" build //greet
out_has "of two actions" "2 actions: 0 run, 2 cached"
expect "outputs are listed" 0 "$straylight" build --outputs //greet:greet
out_has "with path and label" "out/greet/libgreet.a"
expect "as JSON" 0 "$straylight" build --json //app
out_has "JSON has labels" '"label":"//app:app"'
out_has "JSON has paths" '"path":"out/app/app"'
cd app || exit 1
expect "a relative label" 0 "$straylight" build :app
cd ..
expect "a package by its folder" 0 "$straylight" build app
out_has "is //app" "4 actions"
expect "the same, as shells complete it" 0 "$straylight" build --outputs app/
out_has "is //app, too" "out/app/app"
expect "a target of it" 0 "$straylight" build app:good
cd app || exit 1
expect "no label is all below here" 0 "$straylight" build
out_has "of this folder" "6 actions"
cd ..

# run
expect "run builds and runs" 0 "$straylight" run //app -- second
out_has "with the target's arguments and ours" "[first][second]hello"
expect "run hands on the exit status" 1 "$straylight" run //app -- second third
cat >app/name.c <<'NAMED'
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    char path[4096] = "";
    (void)argc;
    printf("[%s] [%s]\n", argv[0], readlink("/proc/self/exe", path, sizeof path - 1) > 0 ? path : "");
    return 0;
}
NAMED
mkdir -p named && mv app/name.c named/ && package named <<'NAMED'
let named = C.binary C.Binary::{ name = "named", srcs = [ "name.c" ] }
in  { named }
NAMED
expect "a program that looks at its name" 0 "$straylight" run named
out_has "is told that of its link" "[$PWD/out/named/named]"
out_has "and runs from the store" "[$STRAYLIGHT_STORE/"
rm -r named
expect "run of a library" 1 "$straylight" run //greet
err_has "says that it is none" "//greet:greet is nothing that can be run"

# test
expect "test runs tests" 0 "$straylight" test //...
out_has "and names them" "PASS //app:good"
out_has "and counts them" "1 passed, 0 failed"
out_lacks "and keeps quiet about what they print" "what a good test prints"
expect "test again" 0 "$straylight" test //...
out_has "is cached" "cached)"
expect "all output on request" 0 "$straylight" test --all-output //app:good
out_has "shows what it printed" "what a good test prints"
expect "a program is no test" 1 "$straylight" test //app:app
err_has "is refused by name" "//app:app is not a test but a c.binary"
cat >app/bad.c <<'END'
#include <stdio.h>
int main(void) { puts("why it failed"); return 7; }
END
package app <<'END'
let app = C.binary C.Binary::{ name = "app", srcs = [ "main.c" ], deps = [ D.at "//greet" ], args = [ "first" ] }
let good = C.test C.Test::{ name = "good", srcs = [ "good.c" ] }
let bad = C.test C.Test::{ name = "bad", srcs = [ "bad.c" ] }
in  { app, good, bad }
END
expect "a test that fails" 1 "$straylight" test //...
out_has "is named" "FAIL //app:bad: failed with status 7"
out_has "its output is shown" "why it failed"
out_has "and counted" "1 passed, 1 failed"
expect "a failure is not cached" 1 "$straylight" test --json //app:bad
out_has "it ran again" '"passed":false,"why":"failed with status 7","cached":false'
cat >app/bad.c <<'END'
#include <unistd.h>
int main(void) { sleep(60); return 0; }
END
sed -i 's/"bad.c" \]/"bad.c" ], timeout_seconds = 1/; s/"good.c" \]/"good.c" ], runs = 3/' app/BUILD.dhall
expect "a test that does not end" 1 "$straylight" test //...
out_has "is ended" "FAIL //app:bad: did not end within 1 s"
sed -i 's/(.* ms/(N ms/' "$out"
out_has "time-out and runs are not in the key" "PASS //app:good (N ms, cached)"

# What changes, and what does not.
touch greet/greet.c
expect "a touched file" 0 "$straylight" build //app //greet
out_has "runs nothing" " 0 run"
cat >>greet/greet.c <<'END'
/* a comment */
END
expect "a comment" 0 "$straylight" build -v //app //greet
out_has "compiles one file, and stops there if the object is the same" "actions: 1 run"
err_has "and -v says why" "because of greet/greet.c"
sed -i 's/"hello"/"good day"/' greet/greet.c
expect "a real change" 0 "$straylight" build //app
ok "arrives in the program" sh -c 'out/app/app | grep -q "good day"'
sed -i 's/"good day"/"hello"/' greet/greet.c
expect "and back" 0 "$straylight" build //app
out_has "is found in the action cache" " 0 run"
echo '-- only a comment' >>greet/BUILD.dhall
expect "a comment in BUILD.dhall" 0 "$straylight" build //app
out_has "runs nothing at all" " 0 run"

# out/
rm out/app/app
expect "a deleted link" 0 "$straylight" build //app
ok "is restored" test -x out/app/app
ln -sf /bin/false out/app/app
expect "an altered link" 0 "$straylight" build //app
ok "is restored too" out/app/app
rm out/app/app && echo mine >out/app/app
expect "a file in its place" 0 "$straylight" build //app
ok "gives way" test -h out/app/app
mkdir elsewhere && mv out/app out/app.old && ln -s ../elsewhere out/app
expect "a folder of out/ that became a link" 3 "$straylight" build //app
err_has "is refused" "out/app is not a folder of links"
ok "and not followed" test ! -e elsewhere/app
rm -r out/app out/app.old elsewhere
expect "all of out/app gone" 0 "$straylight" build //app
cp greet/BUILD.dhall kept && echo 'nonsense (' >greet/BUILD.dhall
expect "a broken package, with -k" 1 "$straylight" build -k //...
ok "keeps its links" test -h out/greet/libgreet.a
mv kept greet/BUILD.dhall
rm -r greet
package app <<'END'
let good = C.test C.Test::{ name = "good", srcs = [ "good.c" ] }
in  { good }
END
expect "targets that are gone" 0 "$straylight" build //...
ok "have no links any more" test ! -h out/app/app
ok "nor folders" test ! -e out/greet
ok "others have" test -h out/app/good
expect "clean" 0 "$straylight" clean
out_has "says how many" "1 link removed from out/"
ok "out/ is gone" test ! -e out
expect "clean is safe twice" 0 "$straylight" clean
expect "a build after clean" 0 "$straylight" build //...
out_has "runs nothing" "2 actions: 0 run, 2 cached"

# A graph that is damaged, cut or of another program is no trouble.
graph=$(ls "$STRAYLIGHT_STORE"/workspaces/*/graph)
dd if=/dev/urandom of="$graph" bs=64 count=4 seek=3 conv=notrunc 2>/dev/null
expect "a damaged graph" 0 "$straylight" build //...
out_has "costs only time" "2 actions: 0 run, 2 cached"
truncate -s 100 "$graph"
expect "a cut graph" 0 "$straylight" build //...
out_has "costs only time, too" "2 actions: 0 run, 2 cached"

# Hermetic: nothing undeclared exists, the machine's compiler is not used.
expect "with an empty PATH" 0 env PATH=/nonexistent "$straylight" build //...
"$straylight" clean >/dev/null && find "$STRAYLIGHT_STORE/actions" -type f -delete
expect "and all of it again" 0 env PATH=/nonexistent "$straylight" build //...
out_has "runs everything" "2 actions: 2 run"

# Two builds at once.
"$straylight" clean >/dev/null && find "$STRAYLIGHT_STORE/actions" -type f -delete
"$straylight" build //... >one 2>&1 &
pid=$!
expect "two builds at once: one" 0 "$straylight" build //...
ok "two builds at once: the other" wait $pid
finish
