#!/bin/sh
# tests/graph.sh: configurations, tools that are built, what passes on to dependents and what not.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1

# Two configurations and the one of tools.
cat >straylight.dhall <<'END'
let W = ./dhall/config/v1.dhall
in  W.Workspace::{
    , name = "test"
    , packages = W.Packages.Path "./dhall"
    , configurations = [ { name = "fast", mode = W.Mode.Release }, { name = "debug", mode = W.Mode.Debug } ]
    }
END
printf '#include <stdio.h>\nint main(void) { puts(MODE); return 0; }\n' >mode.c
cat >BUILD.dhall <<'END'
let D = ./dhall/dice/v1.dhall
let W = ./dhall/config/v1.dhall
let Tc = ./dhall/toolchains/v1.dhall
let A = ./dhall/rules/action/v1.dhall
let C = (./dhall/rules/c/v1.dhall).with-toolchain (./toolchains.dhall).native
in  \(config : W.Config) ->
    let mode = "\"${config.name} ${if config.exec then "exec" else "target"} ${merge { Debug = "debug", Release = "release" } config.mode}\""
    let program = C.binary C.Binary::{ name = "mode", srcs = [ "mode.c" ], flags = [ Tc.define-as "MODE" mode ] }
    let made = A.run A.Run::{ name = "made", trees = C.trees, tool = A.Tool.Built { target = ":mode", output = "mode" }, stdout = Some "made.txt" }
    in  { mode = program, made }
END
expect "a function of the configuration" 0 "$straylight" build //...
ok "the first configuration is the default" sh -c 'out/mode | grep -qx "fast target release"'
ok "tools are built in their own" grep -qx "exec exec release" out/made.txt
expect "another one, by @" 0 "$straylight" build //...@debug
ok "has its own outputs" sh -c 'out/@debug/mode | grep -qx "debug target debug"'
ok "and leaves the default's alone" sh -c 'out/mode | grep -qx "fast target release"'
expect "run takes it, too" 0 "$straylight" run :mode@debug
out_has "it is the debug program" "debug target debug"
out_has "of the default there is only one" "debug"
expect "an action that both share" 0 "$straylight" build :made@debug
out_has "runs once" " 0 run"
mkdir -p sub/prog && echo 'int main(void) { return 0; }' >sub/prog/x.c
package sub/prog <<'END'
let prog = C.binary C.Binary::{ name = "prog", srcs = [ "x.c" ] }
in  { prog }
END
expect "//pkg:config means //pkg@config" 0 "$straylight" build --outputs //sub/prog:debug
out_has "of the package's own target" "//sub/prog:prog@debug"
cat >straylight.dhall <<'END'
let W = ./dhall/config/v1.dhall
in  W.Workspace::{ name = "test", configurations = [] : List W.Configuration }
END
expect "no configuration at all" 1 "$straylight" build //...
err_has "is refused" "straylight.dhall has no configuration"
echo '{ name = 1 }' >straylight.dhall
expect "what is no workspace" 1 "$straylight" build //...
err_has "is refused with the place" "cannot read straylight.dhall"
cat >straylight.dhall <<'END'
let W = ./dhall/config/v1.dhall
in  W.Workspace::{ name = "test", packages = W.Packages.Path "./dhall" }
END

# A header that a program of this workspace makes; its twin folder is searched.
rm -rf out sub mode.c
mkdir -p tool lib
cat >tool/gen.c <<'END'
#include <stdio.h>
int main(int argc, char **argv)
{
    FILE *in = fopen(argv[argc - 1], "r");
    int n = 0;
    if (in == NULL || fscanf(in, "%d", &n) != 1) {
        return 1;
    }
    printf("#define NUMBER %d\n", n);
    return 0;
}
END
package tool <<'END'
let gen = C.binary C.Binary::{ name = "gen", srcs = [ "gen.c" ] }
in  { gen }
END
echo 42 >lib/number.txt
echo 'int number(void);' >lib/lib.h
printf '#include "lib/lib.h"\n#include "lib/number.h"\nint number(void) { return NUMBER; }\n' >lib/lib.c
cat >lib/BUILD.dhall <<'END'
let D = ../dhall/dice/v1.dhall
let A = ../dhall/rules/action/v1.dhall
let C = (../dhall/rules/c/v1.dhall).with-toolchain (../toolchains.dhall).native
let number-h = A.run A.Run::{
    , name = "number-h"
    , tool = A.Tool.Built { target = "//tool:gen", output = "gen" }
    , trees = C.trees
    , args = [ D.source "number.txt" ]
    , srcs = [ "number.txt" ]
    , stdout = Some "number.h"
    , exports = C.made-headers [ "number.h" ] [ "//" ]
    }
let lib = C.library C.Library::{ name = "lib", srcs = [ "lib.c" ], hdrs = [ "lib.h" ], include = [ "//" ], implementation_deps = [ number-h ] }
in  { number-h, lib }
END
cat >main.c <<'END'
#include <stdio.h>
#include "lib/lib.h"
#ifdef CHEAT
#include "lib/number.h"
#endif
int main(void) { printf("%d\n", number()); return 0; }
END
package . <<'END'
let main = C.binary C.Binary::{ name = "main", srcs = [ "main.c" ], deps = [ D.at "//lib" ] }
in  { main }
END
expect "a generated header" 0 "$straylight" build //...
ok "is compiled in" sh -c 'out/main | grep -qx 42'
echo 43 >lib/number.txt
expect "its source changes" 0 "$straylight" build //:main
ok "and the program with it" sh -c 'out/main | grep -qx 43'
sed -i '1i #define CHEAT' main.c
expect "an implementation's header" 1 "$straylight" build //:main
err_has "is not passed on" "lib/number.h: No such file"

# An action sees what it declares and nothing else, and cannot write elsewhere.
cat >probe.c <<'END'
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    FILE *own = fopen("probe.c", "a"), *other = fopen("main.c", "r"), *etc = fopen("/etc/passwd", "r");
    printf("%d%d%d%d\n", own != NULL, other != NULL, etc != NULL, access("/root", F_OK) == 0);
    return 0;
}
END
package . <<'END'
let A = ./dhall/rules/action/v1.dhall
let probe = C.binary C.Binary::{ name = "probe", srcs = [ "probe.c" ] }
let seen = A.run A.Run::{ name = "seen", trees = C.trees, tool = A.Tool.Built { target = ":probe", output = "probe" }, inputs = [ D.source "probe.c" ], stdout = Some "seen.txt" }
in  { probe, seen }
END
expect "a probe" 0 "$straylight" build //:seen
ok "sees and writes nothing it should not" grep -qx 0000 out/seen.txt

# Nested workspaces, hidden folders, and out/ are not looked into.
mkdir -p nested .hidden out/x sub/deep
cp straylight.dhall nested/
for folder in nested nested/below .hidden out/x; do
    mkdir -p $folder && echo 'nonsense' >$folder/BUILD.dhall
done
mkdir sub/none
expect "//... stops at nested workspaces" 0 "$straylight" build -j 1 //...
rm -r nested .hidden out/x sub
expect "folders that are gone" 0 "$straylight" build //...
cp -r dhall/dice gen && rm -r gen && mkdir gen && echo 'int x;' >gen/x.c
mv BUILD.dhall BUILD.kept
package . <<'END'
let x = C.library C.Library::{ name = "x", srcs = [ "gen/x.c" ] }
in  { x }
END
expect "a source in gen/" 1 "$straylight" build //:x
err_has "is refused" "sources cannot lie in the workspace's out/, gen/ or exec/: gen/x.c"
mv BUILD.kept BUILD.dhall

# What BUILD.dhall names of others.
package . <<'END'
let A = ./dhall/rules/action/v1.dhall
let seen = A.run A.Run::{ name = "seen", trees = C.trees, tool = A.Tool.Built { target = "//tool:gen", output = "gem" }, stdout = Some "seen.txt" }
in  { seen }
END
expect "an output that is not there" 1 "$straylight" build //:seen
err_has "is told" 'names the output "gem" of //tool:gen'
err_has "with what is near" "did you mean gen?"
finish
