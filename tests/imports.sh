#!/bin/sh
# tests/imports.sh: what an edit of a Dhall file makes straylight evaluate again, and what not.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1
mkdir -p a b c shared


# evaluated WORD...: the packages that the last build evaluated, in any order.
evaluated() {
    python3 - "$@" <<'END2'
import json, sys
rows = [json.loads(line) for line in open("events")]
got = sorted(row["package"] for row in rows if row["event"] == "package")
if got != sorted(sys.argv[1:]):
    raise SystemExit("evaluated: %s" % [row for row in rows if row["event"] == "package"])
END2
}
# cause PACKAGE TEXT: why it was.
cause() {
    python3 - "$@" <<'END2'
import json, sys
rows = [json.loads(line) for line in open("events")]
got = [row["cause"] for row in rows if row["event"] == "package" and row["package"] == sys.argv[1]]
if got != [sys.argv[2]]:
    raise SystemExit("causes: %s" % got)
END2
}
# again TITLE PACKAGE...: builds; these packages are evaluated and no others.
again() {
    title=$1
    shift
    expect "$title" 0 "$straylight" build --events events //a //b //c
    ok "evaluates: ${*:-nothing}" evaluated "$@"
}
# user DIR TEXT: a package whose program prints TEXT, a Dhall expression.
user() {
    package "$1" <<END2
let text = $2
in  { $1 = C.binary C.Binary::{ name = "$1", srcs = [ "main.c" ], flags = [ C.Tc.define "TEXT=\${text}" ] } }
END2
    echo 'int main(void) { return 0; }' >"$1/main.c"
}

echo '{ name = "one", width = 1 }' >shared/defs.dhall
echo '(./defs.dhall).name' >shared/name.dhall
user a '(../shared/name.dhall)'
user b '(../shared/defs.dhall).name'
user c '"none"'
again "the first build" //a //b //c
again "nothing to do"

# Layout and comments.
echo '-- a comment
{ name = "one"
, width = 1 }' >shared/defs.dhall
again "a comment in a file that is imported"
{ echo '{- another -}'; cat a/BUILD.dhall; } >BUILD.new && mv BUILD.new a/BUILD.dhall
again "a comment in a package"

# Meaning.
echo 'let n = "one" in { name = n, width = 0x1 + 0 }' >shared/defs.dhall
again "the same value in other words"
echo '{ name = "one", width = 2 }' >shared/defs.dhall
again "a field that one of them does not read" //b
ok "says which file" cause //b shared/defs.dhall
expect "and no action runs" 0 "$straylight" build -n //a //b //c
out_has "at all" "0 would run, 0 wait"
echo '{ name = "two", width = 2 }' >shared/defs.dhall
expect "explain an argument" 0 "$straylight" explain "//a#main.c"
out_has "that changed" "    argument -DTEXT=two is new"
out_has "since an import did" "    since shared/name.dhall -> shared/defs.dhall changed"
expect "explain it again" 0 "$straylight" explain "//a#main.c"
out_has "with the same answer" "    since shared/name.dhall -> shared/defs.dhall changed"
expect "explain the same in another package" 0 "$straylight" explain --json "//b#main.c"
out_has "as JSON" "since shared/defs.dhall changed"
again "a field that both read" //a //b
ok "through the chain of imports" cause //a "shared/name.dhall -> shared/defs.dhall"
expect "explain it later" 0 "$straylight" explain "//a#main.c"
out_has "by the log" "    since shared/name.dhall -> shared/defs.dhall changed"
echo '"two"' >shared/name.dhall
again "an import that is imported no more, but means the same"
echo '{ name = "three", width = 2 }' >shared/defs.dhall
again "then what it imported" //b

# A package of functions: the syntax decides, however big its normal form is.
echo '\(n : Natural) -> Natural/fold n Text (\(t : Text) -> "x${t}") ""' >shared/times.dhall
user c '(../shared/times.dhall 3)'
again "a function" //c
echo '\(n : Natural) -> Natural/fold n Text (\(t : Text) -> "x${t}") "" -- what it does' >shared/times.dhall
again "a comment in it"
mkdir -p heavy
echo '{ cheap = "c", costly = Natural/fold 300000000 Natural (\(n : Natural) -> n + 1) 0 }' >shared/heavy.dhall
user c '(../shared/heavy.dhall).cheap'
again "a field that nobody could wait for" //c
sed -i 's/"c"/"d"/' shared/heavy.dhall
again "beside one that is read" //c

# Failure, and mending.
echo '{ name = "three", width = }' >shared/defs.dhall
expect "an import that does not parse" 1 "$straylight" build --events events //a //b //c
err_has "is told where" "shared/defs.dhall:1:27"
err_has "and by whom it is imported" "is imported here"
echo '{ name = "three", width = 2 }' >shared/defs.dhall
again "mended, as it was before"
echo '{ name = 3, width = 2 }' >shared/defs.dhall
expect "an import of another type" 1 "$straylight" build --events events //b
echo '{ name = "four", width = 2 }' >shared/defs.dhall
again "mended" //b
rm shared/name.dhall
expect "an import that is gone" 1 "$straylight" build //a
err_has "is told" "shared/name.dhall does not exist"
echo '"two"' >shared/name.dhall
again "back again"
echo 'assert : 1 === 2' >shared/name.dhall
expect "an assertion that does not hold" 1 "$straylight" build //a
err_has "is told" "shared/name.dhall:1"
echo '"two"' >shared/name.dhall
again "taken back"
echo './times.dhall 3' >shared/name.dhall
echo './name.dhall' >shared/times.dhall
expect "a cycle" 1 "$straylight" build //a
err_has "is told" "imports form a cycle"
echo '"two"' >shared/name.dhall
again "broken up"

# Alternatives.
user a '(missing ? ../shared/local.dhall ? ../shared/name.dhall)'
again "alternatives" //a
echo '"local"' >shared/local.dhall
again "a file that is there now" //a
ok "says so" cause //a shared/local.dhall
echo '"nobody reads this"' >shared/name.dhall
again "the alternative that is not taken"
echo './nowhere.dhall' >shared/local.dhall
again "a file whose own import is absent" //a
echo '"nowhere"' >shared/nowhere.dhall
again "that import appears" //a
ok "says so" cause //a "shared/local.dhall -> shared/nowhere.dhall"
rm shared/nowhere.dhall shared/local.dhall
again "all is gone" //a

# Texts, bytes.
printf 'plain' >shared/text
user a '(../shared/text as Text)'
again "a text" //a
printf 'other' >shared/text
again "changes" //a
ok "says so" cause //a shared/text
printf -- '-- text' >shared/text
again "even in what would be a comment" //a

# Nothing of the environment.
user a '(env:HOME as Text)'
expect "an environment variable" 1 "$straylight" build //a
err_has "is refused" "a build may not depend on env:HOME"
err_has "with what to do" "put it into a file of the workspace and import that"
user a '(env:HOME as Text ? "x")'
expect "an alternative to one" 1 "$straylight" build //a
err_has "is no way around it" "a build may not depend on env:HOME"
user a '"one"'
again "back to a text" //a

# A file that all import.
echo '-- again' >>toolchains.dhall
again "a comment in the toolchains"

# One process that goes on: what it read before counts no more.
# comes TITLE FILE TEXT COUNT: so many lines with TEXT, within 20 s.
comes() {
    title=$1
    for _ in $(seq 400); do
        [ "$(grep -cF -e "$3" "$2")" -lt "$4" ] || break
        sleep 0.05
    done
    ok "$title" test "$(grep -cF -e "$3" "$2")" -ge "$4"
}
echo '"one"' >shared/name.dhall
user a '(../shared/name.dhall)'
: >log
: >watched
"$straylight" watch build --events watched //a >log 2>&1 </dev/null &
watcher=$!
comes "a watching build waits" log "Ctrl-C ends this" 1
cause='"package":"//a","configuration":"default","cause":"shared/name.dhall"'
echo '"two"' >shared/name.dhall
comes "an import that changes" log "shared/name.dhall changed" 1
comes "is read again" watched "$cause" 1
echo '"three"' >shared/name.dhall
comes "once more" watched "$cause" 2
echo '"four' >shared/name.dhall
comes "one that does not parse" log "cannot load the package //a" 1
echo '"five"' >shared/name.dhall
comes "and is mended" watched '"what":"c.compile main.c","end":"ran"' 2
kill "$watcher"
wait "$watcher"
expect "what it ran with" 0 "$straylight" explain "//a#main.c"
out_has "is the new value" "argument -DTEXT=five is new"
finish
