#!/bin/sh
# tests/incremental.sh: builds after a change are exact: what must run does, what need not does not.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1

# runs "title" COUNT: a build in which COUNT actions run.
runs() {
    "$straylight" build //... >"$out" 2>"$err" </dev/null
    if grep -q " $2 run" "$out"; then
        tap_ok "$1"
    else
        tap_not_ok "$1" "not $2 run"
    fi
}

says() {
    ok "$1" sh -c "[ \"\$(out/app/app)\" = \"$2\" ]"
}

# Two folders that are searched in order, two compiles, an archive, a link.
mkdir -p app/near app/far lib
cat >app/far/value.h <<'END'
#define VALUE "far"
END
echo '#define OTHER 1' >app/far/other.h
cat >app/main.c <<'END'
#include <stdio.h>
#include "value.h"
#if __has_include("option.h")
#define OPTION " option"
#else
#define OPTION ""
#endif
const char *lib(void);
int main(void) { printf("%s%s %s\n", VALUE, OPTION, lib()); return 0; }
END
echo 'const char *lib(void) { return "lib"; } /* a */' >lib/lib.c
echo '#define LIB 1' >lib/lib.h
echo '#define UNUSED 1' >lib/unused.h
package lib <<'END'
let lib = C.library C.Library::{ name = "lib", srcs = [ "lib.c" ], hdrs = [ "lib.h", "unused.h" ], include = [ "." ] }
in  { lib }
END
app_package() {
    package app <<END
let app = C.binary C.Binary::{ name = "app", srcs = [ "main.c" ], private_hdrs = [ $1 ]
  , private_include = [ "near", "far" ], deps = [ D.at "//lib" ] }
in  { app }
END
}
app_package '"far/value.h", "far/other.h"'
runs "the first build runs all" 4
says "its program" "far lib"

# Contents.
runs "nothing to do runs nothing" 0
echo '#define VALUE "changed"' >app/far/value.h
runs "a header that was read: compile and link" 2
says "its new value" "changed lib"
echo '#define OTHER 2' >app/far/other.h
runs "a header that was declared and not read" 0
echo '#define UNUSED 2' >lib/unused.h
expect "a dependency's header that nobody read" 0 "$straylight" build -v //...
out_has "runs nothing" " 0 run"
err_has "and -v says why" "pruned by depfile"
runs "nothing to do after that" 0
echo '#define VALUE "far"' >app/far/value.h
echo '#define OTHER 1' >app/far/other.h
echo '#define UNUSED 1' >lib/unused.h
runs "all restored runs nothing" 0
echo '#define UNUSED 3' >lib/unused.h
runs "another unread header, pruned" 0
echo 'const char *lib(void) { return "new"; } /* a */' >lib/lib.c
runs "then a source" 3
echo 'const char *lib(void) { return "lib"; } /* a */' >lib/lib.c
expect "and that one restored" 0 "$straylight" build -v //...
out_has "runs nothing, though no cache has that action" " 0 run"
err_has "and -v says why" "pruned by depfile: what it reads was built before"
echo '#define UNUSED 1' >lib/unused.h
runs "all restored runs nothing" 0
says "the program is restored" "far lib"
echo 'const char *lib(void) { return "lib"; } /* b */' >lib/lib.c
runs "a comment stops at the identical object" 1
echo 'const char *lib(void) { return "bil"; }' >lib/lib.c
runs "a change does not" 3
says "the program has it" "far bil"
echo 'const char *lib(void) { return "lib"; } /* a */' >lib/lib.c
runs "changed back runs nothing" 0
touch lib/lib.c lib/lib.h app/main.c app/BUILD.dhall
runs "touched runs nothing" 0
rm -r out
runs "links that are gone" 0
says "are made again" "far lib"

# Same size, same mtime, another file.
sleep 0.1
runs "times are old enough to be trusted" 0
echo 'const char *lib(void) { return "abc"; } /* a */' >lib/lib.new
touch -r lib/lib.c lib/lib.new
mv lib/lib.new lib/lib.c
runs "another file of the same size and time" 3
says "is seen" "far abc"
cp -p lib/lib.c lib/stamp
printf 'const char *lib(void) { return "xyz"; } /* a */\n' >lib/lib.c
touch -r lib/stamp lib/lib.c
runs "written in place, its time set back" 3
says "is seen" "far xyz"
rm lib/stamp
for value in 111 222 333 444; do
    echo "const char *lib(void) { return \"$value\"; } /* a */" >lib/lib.c
    runs "a change just after a build ($value)" 3
    says "is seen" "far $value"
done

# Names.
echo '#define VALUE "near"' >app/near/value.h
runs "a header that is not declared" 0
app_package '"far/value.h", "far/other.h", "near/value.h"'
runs "one that shadows another" 2
says "is taken" "near 444"
app_package '"far/value.h", "far/other.h"'
runs "gone again" 0
says "as before" "far 444"
echo >app/far/option.h
app_package '"far/value.h", "far/other.h", "far/option.h"'
runs "__has_include sees a new name" 2
says "and says so" "far option 444"
echo '#define O 1' >app/far/option.h
runs "but not what is in it" 0
app_package '"far/value.h", "far/other.h"'
runs "and not when it is gone" 0
says "as before" "far 444"
mv app/far/other.h app/far/another.h
expect "an unread header that is gone" 1 "$straylight" build //...
err_has "is an error still" "app/far/other.h"
app_package '"far/value.h", "far/another.h"'
runs "renamed in BUILD.dhall too: the compile, whose object is the same" 1
app_package '"far/value.h"'
runs "no longer declared" 1

# -isystem: a folder of the toolchain's kind, by a raw flag.
mkdir -p app/sys && echo '#define SYS "sys"' >app/sys/sys.h
cat >app/main.c <<'END'
#include <stdio.h>
#include <sys.h>
const char *lib(void);
int main(void) { printf("%s %s\n", SYS, lib()); return 0; }
END
package app <<'END'
let app = C.binary C.Binary::{ name = "app", srcs = [ "main.c" ], private_hdrs = [ "sys/sys.h" ]
  , flags = [ C.Tc.Flag.Raw { stage = C.Tc.Stage.Compile, text = "-isystemapp/sys" } ], deps = [ D.at "//lib" ] }
in  { app }
END
runs "a header by -isystem" 2
says "is found" "sys 444"
echo '#define SYS "tem"' >app/sys/sys.h
runs "and its change is seen" 2
says "is taken" "tem 444"

# A file that an assembler reads is in no depfile: nothing is pruned.
printf 'one' >app/data.txt
cat >app/main.c <<'END'
#include <stdio.h>
__asm__(".section .rodata\n.globl data\ndata: .incbin \"app/data.txt\"\n.byte 0\n.text\n");
extern const char data[];
int main(void) { puts(data); return 0; }
END
package app <<'END'
let app = C.binary C.Binary::{ name = "app", srcs = [ "main.c" ], private_hdrs = [ "data.txt" ], flags = [ C.Tc.Flag.Link C.Tc.Link.NoPie ] }
in  { app }
END
runs "a file by .incbin" 2
says "is in the program" "one"
printf 'two' >app/data.txt
runs "its change is seen" 2
says "is in the program" "two"
sed 's|\.incbin \\"app/data.txt\\"|.inc" "lude \\"app/data.txt\\"|' app/main.c >app/main.new
mv app/main.new app/main.c
printf '.ascii "three"\n' >app/data.txt
runs "a file by .include, its word in pieces" 2
says "is in the program" "three"
printf '.ascii "four"\n' >app/data.txt
runs "and its change is seen" 2
says "is in the program" "four"

finish
