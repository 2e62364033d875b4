#!/bin/sh
# tests/store.sh: the store by hand, and stores that are not as they should be.
. "$(dirname "$0")/lib.sh"

printf 'hello\n' >hello
hash=5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
expect "add a file" 0 "$straylight" store add hello
out_has "its digest is its SHA-256 and its size" "$hash/6  hello"
expect "add it again" 0 "$straylight" store add --json hello
out_has "as JSON" "{\"digest\":\"$hash/6\",\"path\":\"hello\"}"
ok "the store is private" test "$(stat -c %a "$STRAYLIGHT_STORE")" = 700
expect "get it" 0 "$straylight" store get $hash/6
out_is "get gives the bytes" hello
expect "get it into a file" 0 "$straylight" store get $hash/6 -o copy
ok "the file is the same" cmp hello copy
expect "has it" 0 "$straylight" store has $hash/6
expect "does not have another" 1 "$straylight" store has ${hash%??}00/6
err_has "says which" "the store has no ${hash%??}00/6"
expect "does not get another" 1 "$straylight" store get ${hash%??}00/6
for bad in nonsense ${hash%?}/6 $hash $hash/06 $hash/x "$hash/6 "; do
    expect "no digest: $bad" 2 "$straylight" store get "$bad"
done
err_has "says what a digest is" "64 hexadecimal digits"
expect "ls lists it" 0 "$straylight" store ls
out_has "ls has the digest" "$hash/6"
expect "add what is not there" 1 "$straylight" store add hello nowhere
err_has "says what is not there" "nowhere"
out_has "the others are added all the same" "$hash/6  hello"
mkfifo fifo
expect "add a fifo" 1 timeout 10 "$straylight" store add fifo
err_has "a fifo is refused" "neither a file nor a folder"

# Folders.
mkdir -p tree/sub tree/empty
printf 'a\n' >tree/a
printf '#!/bin/sh\n' >tree/sub/run
chmod +x tree/sub/run
ln -s ../a tree/sub/link
expect "add a folder" 0 "$straylight" store add tree
tree=$(awk '{ print $1 }' "$out")
expect "ls of a folder" 0 "$straylight" store ls "$tree"
out_has "a file" "file        a  "
out_has "an executable" "executable  sub/run  "
out_has "a link, not followed" "link        sub/link  ../a"
out_has "an empty folder" "folder      empty"
expect "ls as JSON" 0 "$straylight" store ls --json "$tree"
out_has "a link as JSON" '{"path":"sub/link","kind":"link","target":"../a"}'
expect "get a folder" 0 "$straylight" store get --tree "$tree" --output again
ok "the folder is the same" diff -r --no-dereference tree again
ok "execute bits are kept" test -x again/sub/run
expect "get into a folder that is there" 3 "$straylight" store get --tree "$tree" --output again
touch -d 2001-01-01 tree/a
expect "add the folder again" 0 "$straylight" store add tree
out_has "times do not count" "$tree"
chmod +x tree/a
expect "add it with another mode" 0 "$straylight" store add tree
out_lacks "execute bits do" "$tree"

# A store file that was altered is found, named, not used.
expect "verify a sound store" 0 "$straylight" store verify
out_has "nothing is damaged" " 0 damaged"
file=$(find "$STRAYLIGHT_STORE/cas" -name $hash)
chmod u+w "$file"
printf 'HELLO\n' >"$file"
chmod a-w "$file"
expect "get what was altered" 1 "$straylight" store get $hash/6
err_has "it is named" "$hash"
out_lacks "its bytes are not used" "HELLO"
expect "add it again" 0 "$straylight" store add hello
expect "get it again" 0 "$straylight" store get $hash/6
out_is "it is sound again" hello
file=$(find "$STRAYLIGHT_STORE/cas" -name $hash)
chmod u+w "$file"
printf 'HELLO\n' >"$file"
expect "verify finds what was altered" 1 "$straylight" store verify
err_has "verify names it" "$hash"
out_has "verify counts it" " 1 damaged"
expect "verify once more" 0 "$straylight" store verify

# Stores that cannot be used are the environment's failure.
expect "a store at a relative path" 3 env STRAYLIGHT_STORE=here "$straylight" store ls
err_has "says that it is not absolute" "not an absolute path"
expect "no place at all" 3 env -u STRAYLIGHT_STORE -u XDG_CACHE_HOME -u HOME "$straylight" store ls
err_has "says what to set" "set STRAYLIGHT_STORE"
if [ "$(id -u)" -eq 0 ]; then
    mkdir -m 700 theirs
    chown 12345 theirs
    expect "a store of another user" 3 env STRAYLIGHT_STORE="$work/theirs" "$straylight" store ls
    err_has "says whose it is" "12345"
else
    skip "a store of another user" "only root can make a folder of another user"
fi
mkdir -m 700 old
echo 999 >old/version
expect "a store of another format" 3 env STRAYLIGHT_STORE="$work/old" "$straylight" store ls
err_has "says so" "another format"
finish
