#!/bin/sh
# tests/check.sh: build --check runs each action once more, under other conditions.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1
cat >tell.c <<'END'
#define _GNU_SOURCE
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
static int cpus(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}
static void order(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            printf("%s\n", entry->d_name);
        }
    }
    closedir(dir);
}
char stamp[32] = "STAMP STAMP STAMP STAMP STAMP 1";
static void itself(const char *program)
{
    static char bytes[1 << 20];
    FILE *file = fopen(program, "rb");
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    char *at = memmem(bytes, len, stamp, sizeof stamp);
    at[24] = (char)getpid();
    fwrite(bytes, 1, len, stdout);
}
static void archive(void)
{
    printf("!<arch>\n");
    printf("%-16s%-12d%-6d%-6d%-8s%-10d`\n%s", "same.txt/", 0, 0, 0, "644", 4, "abc\n");
    printf("%-16s%-12d%-6d%-6d%-8s%-10d`\n%-7d\n", "pid.txt/", 0, 0, 0, "644", 8, (int)getpid());
}
int main(int argc, char **argv)
{
    const char *what = argv[1];
    unsigned char bytes[8] = {0};
    FILE *file;
    if (strcmp(what, "time") == 0) {
        printf("first line\n%lld\nlast line\n", (long long)time(NULL));
    } else if (strcmp(what, "pid") == 0) {
        printf("pid %d\n", (int)getpid());
    } else if (strcmp(what, "cpus") == 0) {
        printf("%d CPUs\n", cpus());
    } else if (strcmp(what, "order") == 0) {
        order("many");
    } else if (strcmp(what, "random") == 0) {
        if (getrandom(bytes, 8, 0) == 8) {
            fwrite("\0\0\0\0", 1, 4, stdout);
            fwrite(bytes, 1, 8, stdout);
        }
    } else if (strcmp(what, "itself") == 0) {
        itself(argv[0]);
    } else if (strcmp(what, "archive") == 0) {
        archive();
    } else if (strcmp(what, "fails") == 0) {
        return getpid() > 20 ? 7 : 0;
    } else if (strcmp(what, "folder") == 0) {
        mkdir(argv[2], 0755);
        chdir(argv[2]);
        file = fopen("same", "w");
        fprintf(file, "same\n");
        fclose(file);
        file = fopen("pid", "w");
        fprintf(file, "%d\n", (int)getpid());
        fclose(file);
        file = fopen(getpid() > 20 ? "late" : "early", "w");
        fclose(file);
    } else {
        printf("%s %d\n", what, argc);
    }
    return 0;
}
END
cat >tell_test.c <<'END'
int main(void) { return 0; }
END
cat >dated.c <<'END'
const char *when(void) { return __DATE__ __TIME__; }
END
mkdir many
for name in a b c d e f g; do
    echo "$name" >"many/$name"
done
package . <<'END'
let A = ./dhall/rules/action/v1.dhall
let tell = C.binary C.Binary::{ name = "tell", srcs = [ "tell.c" ] }
let dated = C.library C.Library::{ name = "dated", srcs = [ "dated.c" ] }
let names = [ "many/a", "many/b", "many/c", "many/d", "many/e", "many/f", "many/g" ]
let telling =
      \(name : Text) ->
        A.run A.Run::{ name, tool = A.built tell, trees = C.trees, args = [ D.text name ], stdout = Some "${name}.out" }
in  { tell
    , dated
    , plain = telling "plain"
    , time = telling "time"
    , pid = telling "pid"
    , cpus = telling "cpus"
    , random = telling "random"
    , itself = telling "itself"
    , archive = telling "archive"
    , fails = telling "fails"
    , order =
        A.run
          A.Run::{
          , name = "order"
          , tool = A.built tell
          , trees = C.trees
          , args = [ D.text "order" ]
          , inputs =
            [ D.source "many/a", D.source "many/b", D.source "many/c", D.source "many/d", D.source "many/e" ]
          , srcs = [ "many/a", "many/b", "many/c", "many/d", "many/e" ]
          , stdout = Some "order.out"
          }
    , folder =
        A.run
          A.Run::{
          , name = "folder"
          , tool = A.built tell
          , trees = C.trees
          , args = [ D.text "folder", D.out "folder.d" ]
          , folders = [ "folder.d" ]
          }
    , good = C.test C.Test::{ name = "good", srcs = [ "tell_test.c" ] }
    }
END
sed -i '/^let names/d' BUILD.dhall

expect "a C project" 0 "$straylight" build --check //:tell //:dated //:plain
out_has "is the same when it is made again, __TIME__ and all" "checked, all reproducible; "
expect "the log" 0 "$straylight" log
out_has "knows" "(because of --check; reproducible)"
expect "of what is known already" 0 "$straylight" build --check --json --events events //:plain
out_has "all is made again" '"run":0,"cached":3,"checked":3,"differing":0,'
ok "the events tell" grep -q '"reproducible":true' events
ok "at the end, too" grep -q '"checked":3,"differing":0' events
expect "one action" 0 "$straylight" build --check '//:plain#plain'
expect "without" 0 "$straylight" build //:plain
out_lacks "nothing is" "checked"

# differs TITLE NAME: the action of that name is caught.
differs() {
    expect "$1" 1 "$straylight" build --check "//:$2"
    err_has "is caught" "is not reproducible: its output $2.out differs"
    err_has "at its place" "BUILD.dhall:"
    out_has "and counted" "1 not reproducible"
}
differs "the time" time
err_has "by its line" "  line 2:"
differs "a process number" pid
err_has "as it was" "  -pid 2"
err_has "and as it is" "  +pid 43"
if [ "$(nproc)" -gt 1 ]; then
    differs "the number of CPUs" cpus
    err_has "which is one" "  +1 CPUs"
else
    skip "the number of CPUs" "there is one"
fi
differs "the order of a folder" order
differs "chance" random
err_has "by its first byte" "byte 0x4 is the first that differs"
err_has "and those around it" "  -00000000  00 00 00 00 "
differs "a program" itself
err_has "by its section and symbol" "  section .data, in stamp + 0x18:"
differs "an archive" archive
err_has "by its member" "  member pid.txt:"
err_has "and inside of it" "    -2"
err_lacks "not by another" "same.txt"
expect "the log" 0 "$straylight" log
out_has "knows" "(because of --check; not reproducible)"
expect "explain" 0 "$straylight" explain //:archive
out_has "does, too" "was not reproducible in build"
out_has "and why it ran" "--check ran it once more"
expect "for programs" 0 "$straylight" log --json
out_has "too" '"reproducible":false'
expect "a folder" 1 "$straylight" build --check //:folder
err_has "is caught" "is not reproducible: its output folder.d differs"
err_has "by a file" "pid:"
err_has "by one that is gone" "early: a file, then absent"
err_has "and one that is new" "late: absent, then a file"
err_lacks "but not by one that is the same" "same:"
expect "an action that fails then" 1 "$straylight" build --check //:fails
err_has "is told" "is not reproducible: run once more, it failed with status 7"
expect "all" 1 "$straylight" build --check -k //...
err_has "are told" "its output pid.out differs"
err_has "each" "its output archive.out differs"
expect "what tests are made of" 0 "$straylight" test --check //:good
out_has "is checked" "checked, all reproducible"
expect "without --check" 0 "$straylight" build //...
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    chmod -R a+rX "$work"
    mkdir "$work/user" && cp -r "$work/ws" "$work/user/ws" && rm -rf "$work/user/ws/out"
    cp "$straylight" "$armitage" "$work/user" && chown -R 1234:1234 "$work/user"
    expect "an ordinary user: pin" 0 setpriv --reuid 1234 --regid 1234 --clear-groups \
        env STRAYLIGHT_STORE="$work/user/.store" HOME="$work/user" \
        sh -c 'cd "$1/ws" && ../straylight toolchain add cc' sh "$work/user"
    expect "a C project" 0 setpriv --reuid 1234 --regid 1234 --clear-groups \
        env STRAYLIGHT_STORE="$work/user/.store" HOME="$work/user" \
        sh -c 'cd "$1/ws" && ../straylight build --check //:plain' sh "$work/user"
    out_has "passes" "checked, all reproducible"
    expect "a process number" 1 setpriv --reuid 1234 --regid 1234 --clear-groups \
        env STRAYLIGHT_STORE="$work/user/.store" HOME="$work/user" \
        sh -c 'cd "$1/ws" && ../straylight build --check //:pid //:order' sh "$work/user"
    err_has "is caught" "is not reproducible: its output"
else
    skip "an ordinary user" "this is one, or setpriv is not there"
fi
finish
