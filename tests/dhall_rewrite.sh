#!/bin/sh
# tests/dhall_rewrite.sh: `straylight dhall lint` and `freeze` over the real program.
. "$(dirname "$0")/lib.sh"

# Lint.
cat >a.dhall <<'END'
-- header
let unused = 1

-- used
let a = 2 -- trailing

-- about b
let b = a

let c = let d = 1 in 2
in let e = 1
let claim = a === 2
let check = assert : a === 2
let sub = ./folder/./../a.dhall ? ./../up.dhall ? https://prelude.dhall-lang.org/List/map
in { a, sub }
END
cat >want <<'END'
-- header

-- used
let a = 2 -- trailing

let claim = assert : a === 2

let check = assert : a === 2

let sub =
        ./folder/./../a.dhall
      ? ../up.dhall
      ? https://prelude.dhall-lang.org/List/map.dhall

in  { a, sub }
END
cp a.dhall kept
expect "lint --check" 1 "$straylight" dhall lint --check a.dhall
err_has "the file is named" "a.dhall has lint"
ok "nothing is written" cmp a.dhall kept
expect "lint" 0 "$straylight" dhall lint a.dhall
ok "what is not used goes, comments stay" diff want a.dhall
expect "lint again" 0 "$straylight" dhall lint --check a.dhall
expect "of standard input" 0 sh -c 'echo "let x = 1 in 2" | "$1" dhall lint' sh "$straylight"
echo 2 >want
out_is "to standard output" want
expect "a claim behind lets of its own" 0 sh -c 'echo "let x = let a = 1 in (a === 1) in 2" | "$1" dhall lint' sh "$straylight"
out_has "is asserted" "let x = let a = 1 in (assert : a === 1) in 2"
expect "what does not parse" 1 sh -c 'echo "let x = in 2" | "$1" dhall lint' sh "$straylight"
err_has "has a place" "(input):1:9"

# Freeze.
echo '[ 1, 2 ]' >list.dhall
hash=$("$straylight" dhall hash list.dhall)
zeros=sha256:0000000000000000000000000000000000000000000000000000000000000000
cat >b.dhall <<END
let D = (https://straylight.cx/dice/v1.dhall).Target -- the package

let x = ./list.dhall $zeros -- a stale hash

let y = ./list.dhall as Location

in  [ env:STRAYLIGHT_TEST_ABSENT ? ./list.dhall, missing ? List/length Natural ./list.dhall ]
END
cp b.dhall kept
expect "freeze --check" 1 "$straylight" dhall freeze --check b.dhall
err_has "the file is named" "b.dhall is not frozen"
ok "nothing is written" cmp b.dhall kept
expect "freeze" 0 "$straylight" dhall freeze b.dhall
ok "a remote import has its hash" grep -q '^ *sha256:[0-9a-f]*).Target -- the package' b.dhall
ok "a local one stays" grep -q "x = ./list.dhall $zeros -- a stale hash" b.dhall
expect "it is right" 0 sh -c 'sed -n "1,2p" b.dhall >c.dhall && echo "in D" >>c.dhall && "$1" dhall type c.dhall' \
    sh "$straylight"
expect "freeze again" 0 "$straylight" dhall freeze --check b.dhall
expect "freeze --all" 0 "$straylight" dhall freeze --all b.dhall
ok "a stale hash is brought up to date" grep -q "x = ./list.dhall $hash -- a stale hash" b.dhall
ok "one that has nothing to hash stays" grep -q "y = ./list.dhall as Location" b.dhall
ok "so does an absent one below a ?" grep -q "env:STRAYLIGHT_TEST_ABSENT ? ./list.dhall" b.dhall
expect "freeze --all again" 0 "$straylight" dhall freeze --all --check b.dhall

printf 'let x = ./list.dhall\n\nin  List/length Natural ./list.dhall\n' >c.dhall
expect "freeze --all --cache" 0 "$straylight" dhall freeze --all --cache c.dhall
ok "the import without its hash is the fallback" sh -c 'test "$(grep -c "? ./list.dhall" c.dhall)" = 2'
ok "the hash names a cache entry only" sh -c 'test "$(grep -c "missing" c.dhall)" = 2'
expect "again" 0 "$straylight" dhall freeze --all --cache --check c.dhall
expect "what was formatted stays so" 0 "$straylight" dhall format --check c.dhall
expect "it evaluates" 0 "$straylight" dhall c.dhall
echo 2 >want
out_is "to the same" want

mkdir -p cache other
XDG_CACHE_HOME=$PWD/cache "$straylight" dhall freeze --all --cache c.dhall
ok "the entry is written" test -s "cache/dhall/1220${hash#sha256:}"
mv list.dhall list
expect "and is enough" 0 env XDG_CACHE_HOME="$PWD/cache" "$straylight" dhall c.dhall
out_is "for the same" want
echo '[ 1, 2, 3 ]' >list.dhall
expect "without the entry" 0 env XDG_CACHE_HOME="$PWD/other" "$straylight" dhall c.dhall
echo 3 >want
out_is "the file is read as it is now" want
mv list list.dhall
printf 'let x = {- a -} ./list.dhall %s {- b -}\n\nin  missing %s ? ./list.dhall -- c\n' "$zeros" "$zeros" >h.dhall
cp h.dhall i.dhall
expect "hashes that were there, with --cache" 0 "$straylight" dhall freeze --all --cache h.dhall
ok "all are cache entries" test "$(grep -c "missing $hash\|sha256.*? ./list.dhall\|? ./list.dhall" h.dhall)" = 2
not_ok "none is stale" grep -q "$zeros" h.dhall
expect "and without" 0 "$straylight" dhall freeze --all i.dhall
not_ok "no cache entry stays" grep -q "missing\|?\|0000" i.dhall
ok "comments do" test "$(grep -c '{- a -}\|{- b -}\|-- c' i.dhall)" -ge 2
expect "what is a cache entry already" 0 "$straylight" dhall freeze --all --cache i.dhall
expect "is frozen" 0 "$straylight" dhall freeze --all --cache --check i.dhall

echo './absent.dhall' >d.dhall
expect "an import that is not there" 1 "$straylight" dhall freeze --all d.dhall
err_has "its place" "d.dhall:1:1"
echo './b.dhall' >e.dhall
cp kept b.dhall
expect "--transitive" 0 "$straylight" dhall freeze --transitive e.dhall
ok "reaches what is imported" grep -q '^ *sha256:[0-9a-f]*).Target' b.dhall

# Schemas.
schemas='{ Person = { Type = { name : Text, age : Natural }, default.age = 30 }, Pair = { Type = { a : { name : Text, age : Natural }, b : Natural }, default.b = 1 }, other = 1 }'
cat >f.dhall <<'END'
-- people
let n = "x"

let f = \(x : Natural) -> { name = n, age = x } -- depends

in  { alice = { name = "Alice", age = 30 } -- a
    , bob = { name = n, age = 4 }
    , number = { name = "", age = (30) }.age
    , pairs = [ { a = { age = 30, name = "c" }, b = 1 } ]
    , other = { name = "d" }
    , f
    }
END
cat >want <<'END'
-- people
let schemas =
      { Person = { Type = { name : Text, age : Natural }, default.age = 30 }
      , Pair =
        { Type = { a : { name : Text, age : Natural }, b : Natural }
        , default.b = 1
        }
      , other = 1
      }

let n = "x"

let f = \(x : Natural) -> schemas.Person::{ name = n, age = x } -- depends

in  { alice = schemas.Person::{ name = "Alice" } -- a
    , bob = schemas.Person::{ name = n, age = 4 }
    , number = (schemas.Person::{ name = "" }).age
    , pairs = [ schemas.Pair::{ a = schemas.Person::{ name = "c" } } ]
    , other = { name = "d" }
    , f
    }
END
before=$("$straylight" dhall hash f.dhall)
expect "rewrite-with-schemas --check" 1 "$straylight" dhall rewrite-with-schemas --schemas "$schemas" --check f.dhall
expect "rewrite-with-schemas" 0 "$straylight" dhall rewrite-with-schemas --schemas "$schemas" f.dhall
ok "records are completions" diff want f.dhall
ok "and mean the same" test "$("$straylight" dhall hash f.dhall)" = "$before"
expect "a text that binds the name" 1 "$straylight" dhall rewrite-with-schemas --schemas "$schemas" f.dhall
err_has "is told" "binds the name"
expect "without schemas" 1 "$straylight" dhall rewrite-with-schemas f.dhall
expect "what is no record" 1 "$straylight" dhall rewrite-with-schemas --schemas 1 e.dhall
nothings='{ No = { Type = {}, default = {=} }, Nothing = { Type = {}, default = {=} }, One = { Type = { a : Natural }, default.a = 1 } }'
# becomes TITLE TEXT LAST-LINES: what rewrite-with-schemas makes of TEXT behind the schemas.
becomes() {
    printf '%s\n' "$2" >g.dhall
    expect "$1" 0 "$straylight" dhall rewrite-with-schemas --schemas "$nothings" g.dhall
    printf '%s\n' "$3" >want
    ok "$1: so" sh -c 'tail -n "$(wc -l <want)" g.dhall | diff want -'
}
becomes "the empty record, of equal types the last" '{=}' 'in  schemas.Nothing::{=}'
becomes "with a comma" '{ =, }' 'in  schemas.Nothing::{=}'
becomes "within another" '{ x = {=}, y = { a = 1, }, z = Some {=} }' 'in  { x = schemas.Nothing::{=}
    , y = schemas.One::{=}
    , z = Some schemas.Nothing::{=}
    }'
becomes "comments behind fields that go" '{ a = (1) -- one
}' 'in  schemas.One::{ -- one
    =}'
nothings='{ `if` = { Type = { a : Natural, b : Natural }, default.b = 1 } }'
becomes "a schema named by a reserved word" '{ a = 1, b = 1 }' 'in  schemas.`if`::{ a = 1 }'
echo '\(T : { a : Natural, b : Natural } -> Type) -> forall (schemas : Natural) -> T { a = schemas, b = 1 }' >g.dhall
expect "a forall that binds the name" 1 "$straylight" dhall rewrite-with-schemas --schemas "$nothings" g.dhall
err_has "is told too" "binds the name"
echo '{ a = 1 }' >g.dhall
expect "a text without a match" 0 "$straylight" dhall rewrite-with-schemas --schemas "$schemas" g.dhall
ok "stays" sh -c 'test "$(cat g.dhall)" = "{ a = 1 }"'
finish
