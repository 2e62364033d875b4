#!/bin/sh
# tests/damage.sh: builds whose store was altered, is full, or whose process was killed.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1
touch marker # what the store gets from now on is newer
sleep 0.05
cat >one.c <<'END'
int one(void) { return 1; }
END
cat >main.c <<'END'
int one(void);
int main(void) { return one() - 1; }
END
package . <<'END'
let one = C.library C.Library::{ name = "one", srcs = [ "one.c" ] }
let main = C.binary C.Binary::{ name = "main", srcs = [ "main.c" ], deps = [ one ] }
in  { one, main }
END
expect "a build" 0 "$straylight" build //...
cp -L out/main main.good

# Alters the blob behind a link, all copies: same size, other bytes.
alter() {
    hash=$(basename "$(readlink "$1")")
    for file in "$STRAYLIGHT_STORE"/cas/*/"$hash" "$STRAYLIGHT_STORE"/exec/*/"$hash"; do
        if [ -e "$file" ]; then
            chmod u+w "$file" && printf 'X' | dd of="$file" bs=1 seek=20 conv=notrunc 2>/dev/null
            chmod u-w "$file"
        fi
    done
}

alter out/main
expect "an output that was altered" 0 "$straylight" build //...
err_has "is named" "$hash"
err_has "and made again" "what was damaged is made again"
out_has "by its action alone" "actions: 1 run"
ok "it is as it was" cmp main.good out/main
expect "and that is that" 0 "$straylight" build //...
out_has "nothing to do" " 0 run"

# An input of something that must run is looked at before it is used.
alter out/libone.a
echo 'int two(void) { return 2; }' >>main.c
expect "an input that was altered" 0 "$straylight" build //:main
err_has "is named, too" "$hash"
ok "and the program is right" out/main

# Gone altogether.
rm -f "$(readlink -f out/main)"
expect "an output that is gone" 0 "$straylight" build //...
ok "is made again" out/main
"$straylight" clean >/dev/null
find "$STRAYLIGHT_STORE"/cas "$STRAYLIGHT_STORE"/exec -type f -cnewer marker -delete
expect "all blobs that builds made gone" 0 "$straylight" build //...
ok "the program is there" out/main

# An altered source blob.
source_hash=$(sha256sum one.c | cut -d' ' -f1)
blob=$(find "$STRAYLIGHT_STORE/cas" -name "$source_hash")
if [ -n "$blob" ]; then
    chmod u+w "$blob" && printf 'Y' | dd of="$blob" bs=1 conv=notrunc 2>/dev/null
    find "$STRAYLIGHT_STORE/actions" -type f -delete
    "$straylight" clean >/dev/null
    expect "an altered source in the store" 0 "$straylight" build //...
    ok "the program is right" out/main
fi

# The action cache.
for entry in "$STRAYLIGHT_STORE"/actions/*/*; do
    chmod u+w "$entry" && printf 'Z' | dd of="$entry" bs=1 seek=40 conv=notrunc 2>/dev/null
done
"$straylight" clean >/dev/null
expect "altered action results" 0 "$straylight" build //...
out_has "are not used" "4 run"
ok "the program is right again" out/main

# A folder that an action makes: what is altered deep in it is seen by the next build.
cat >tool.c <<'END'
#include <stdio.h>
#include <sys/stat.h>
int main(int argc, char **argv)
{
    char path[4096];
    FILE *f;
    if (argc < 2 || mkdir(argv[1], 0755) != 0) return 1;
    snprintf(path, sizeof path, "%s/deep", argv[1]);
    if (mkdir(path, 0755) != 0) return 1;
    snprintf(path, sizeof path, "%s/deep/file", argv[1]);
    if ((f = fopen(path, "w")) == NULL || fputs("what was made\n", f) < 0) return 1;
    return fclose(f);
}
END
package . <<'END'
let A = ./dhall/rules/action/v1.dhall
let tool = C.binary C.Binary::{ name = "tool", srcs = [ "tool.c" ] }
let folder = A.run A.Run::{ name = "folder", trees = C.trees, tool = A.Tool.Built (D.output tool "tool"), args = [ D.Arg.One [ D.Piece.Out "made" ] ], folders = [ "made" ] }
in  { tool, folder }
END
expect "a folder" 0 "$straylight" build //...
expect "a folder again" 0 "$straylight" build //...
out_has "has nothing to do" " 0 run"
deep=$(readlink out/made)/deep
whole() {
    test "$(cat out/made/deep/file)" = "what was made" && test "$(ls out/made/deep)" = file &&
        test -d out/made/deep && test ! -w out/made/deep -o "$(id -u)" -eq 0
}
damage() {
    chmod u+w "$deep" "$deep/file" "$(dirname "$deep")"
    case $1 in
    altered) echo "what was MADE" >"$deep/file" ;;
    emptied) rm -f "$deep/file" ;;
    more) echo more >"$deep/more" ;;
    removed) rm -rf "$deep" ;;
    esac
    [ ! -e "$deep/file" ] || { chmod 444 "$deep/file" && touch -d @1 "$deep/file"; }
    [ ! -d "$deep" ] || { chmod 555 "$deep" && touch -d @1 "$deep"; }
    chmod 555 "$(dirname "$deep")"
    touch -d @1 "$(dirname "$deep")"
}
for how in altered emptied more removed; do
    ok "a folder is $how" damage $how
    expect "the build after it ($how)" 0 "$straylight" build //...
    ok "has it whole again ($how)" whole
done
expect "a folder that is whole" 0 "$straylight" build //...
out_has "has nothing to do" " 0 run"

# A source that changes while it is being built: never its old key with its new content.
mkdir -p gen && rmdir gen
cat >slow.c <<'END'
#include <stdio.h>
#include <unistd.h>
int main(void) { sleep(2); puts("#define SLOW 1"); return 0; }
END
printf '#include "slow.h"\n#include <stdio.h>\nint main(void) { puts("old"); return 0; }\n' >user.c
package . <<'END'
let A = ./dhall/rules/action/v1.dhall
let slow = C.binary C.Binary::{ name = "slow", srcs = [ "slow.c" ] }
let slow-h = A.run A.Run::{ name = "slow-h", trees = C.trees, tool = A.Tool.Built (D.output slow "slow"), stdout = Some "slow.h", exports = C.made-headers [ "slow.h" ] [ "." ] }
let user = C.binary C.Binary::{ name = "user", srcs = [ "user.c" ], deps = [ slow-h ] }
let one = C.library C.Library::{ name = "one", srcs = [ "one.c" ] }
let main = C.binary C.Binary::{ name = "main", srcs = [ "main.c" ], deps = [ one ] }
in  { slow, slow-h, user, one, main }
END
expect "the slow tool" 0 "$straylight" build //:slow
"$straylight" build //:user >changed.out 2>&1 &
pid=$!
sleep 1.2
sed -i 's/old/new/' user.c
status=0
wait $pid || status=$?
if [ $status -ne 0 ]; then
    ok "a source that changes in the middle is an error" grep -q "user.c changed during the build" changed.out
else
    ok "or what was built is of one content" sh -c 'out/user | grep -qx -e old -e new'
fi
expect "the next build" 0 "$straylight" build //:user
ok "has the new content" sh -c 'out/user | grep -qx new'
sed -i 's/new/old/' user.c
expect "and the old one again" 0 "$straylight" build //:user
ok "has the old content" sh -c 'out/user | grep -qx old'

# kill -9, at any moment: the next build is right.
n=0
while [ "$n" -lt 12 ]; do
    n=$((n + 1))
    "$straylight" clean >/dev/null 2>&1
    find "$STRAYLIGHT_STORE/actions" -type f -delete
    "$straylight" build //... >/dev/null 2>&1 &
    pid=$!
    sleep "0.0$((n * 4 % 10))$n"
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
done
expect "after twelve kills" 0 "$straylight" build //...
ok "the program is right after them" out/main
expect "and the store is whole" 0 "$straylight" store verify

# A store that cannot be written to serves what it has.
cat >read_only.sh <<'END'
mount --bind "$STRAYLIGHT_STORE" "$STRAYLIGHT_STORE" || exit 77
mount -o remount,ro,bind "$STRAYLIGHT_STORE" || exit 77
"$1" build //... >ro.cached 2>&1
echo $? >ro.status
touch one.c
"$1" build //:one >>ro.cached 2>&1
echo $? >>ro.status
rm -rf out
"$1" build //... >>ro.cached 2>&1
echo $? >>ro.status
echo '/* another */' >>one.c
"$1" build //:one >ro.written 2>&1
echo $? >>ro.status
END
printf '0\n0\n0\n3\n' >ro.want
if unshare -rm true 2>/dev/null && unshare -rm sh ./read_only.sh "$straylight"; then
    ok "a store that is read-only: what is cached is built, what is not fails" cmp ro.want ro.status
    not_ok "no error where nothing was to be written" grep -q "error:" ro.cached
    ok "and one where it was, once" test "$(grep -c "Read-only file system" ro.written)" = 1
    ok "that says what to do" grep -q "set STRAYLIGHT_STORE" ro.written
    ok "out/ is there" out/main
else
    skip "a store that is read-only" "this user may not mount a file system of its own"
fi

# A full disk: a file system of its own, as root or in a user namespace that may mount.
cat >full.sh <<'END'
set -e
mount -t tmpfs -o size=400m,mode=700 none "$1/full"
cp -a "$STRAYLIGHT_STORE/." "$1/full/"
STRAYLIGHT_STORE=$1/full
export STRAYLIGHT_STORE
find "$STRAYLIGHT_STORE/actions" -type f -delete
rm -f "$STRAYLIGHT_STORE"/workspaces/*/graph
echo '/* new */ int three(void) { return 3; }' >>one.c
dd if=/dev/zero of="$1/full/filler" bs=64k 2>/dev/null || true
status=0
"$2" build //... >full.out 2>full.err || status=$?
rm "$1/full/filler"
echo $status >full.status
"$2" build //... >>full.out 2>>full.err
END
mkdir "$work/full"
if unshare -m true 2>/dev/null; then
    enter="unshare -m"
else
    enter="unshare -rm"
fi
if $enter sh -c "mount -t tmpfs none $work/full" 2>/dev/null; then
    expect "a full disk, and the same disk with room again" 0 $enter sh full.sh "$work" "$straylight"
    ok "is an error of the environment" test "$(cat full.status)" = 3
    ok "and is called by its name" grep -q "No space left on device" full.err
else
    skip "a full disk" "this user may not mount a file system of its own"
fi
finish
