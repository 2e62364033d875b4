#!/bin/sh
# tests/dhall_limits.sh: hostile Dhall meets a bound that the user can set, with its place, and never
# takes more memory than the machine is told to give.
. "$(dirname "$0")/lib.sh"

# limited TITLE STATUS ARGUMENT...: `straylight dhall` in 2 GiB of address space.
space_bytes=2147483648
limited() {
    limited_title=$1
    limited_want=$2
    shift 2
    expect "$limited_title" "$limited_want" prlimit --as="$space_bytes" "$straylight" dhall "$@"
}
# tells TITLE PLACE MESSAGE NAME: the last command's message has all of them.
tells() {
    err_has "$1: the place" "$2"
    err_has "$1: the bound" "$3"
    err_has "$1: how to raise it" "help: to allow more, say --limit $4"
}
# repeat COUNT TEXT: TEXT that often; %d in it is its number.
repeat() {
    awk -v count="$1" -v text="$2" 'BEGIN {
        for (i = 0; i < count; i++) { line = text; gsub(/%d/, i, line); printf "%s", line }
    }'
}

echo 1 >one.dhall
if ! prlimit --as="$space_bytes" "$straylight" dhall one.dhall >"$out" 2>"$err"; then
    skip "bounds in little address space" "the program does not start in 2 GiB"
    finish
    exit
fi

# Each bound: passed, told, raised.
echo 'Natural/fold 2000 (List Bool) (\(l : List Bool) -> [ Natural/even (List/length Bool l) ] # l) ([] : List Bool)' \
    >count.dhall
limited "steps" 1 --limit steps=1000 count.dhall
tells "steps" "count.dhall:1:" "took more than 1000 steps" "steps=N"
limited "steps: more" 0 --limit steps=10000000 count.dhall
limited "steps: the last one counts" 0 --limit steps=1000 --limit steps=10000000 count.dhall

echo 'Text/replace "x" "" (Natural/fold 22 Text (\(t : Text) -> t ++ t) "x")' >memory.dhall
limited "memory" 1 --limit memory=1 memory.dhall
tells "memory" "memory.dhall:1:" "took more than 1 MiB of memory" "memory=MIB"
limited "memory: more" 0 --limit memory=400 memory.dhall

{
    repeat 3000 '[ '
    echo 1
    repeat 3000 ' ]'
} >deep.dhall
limited "nesting" 1 deep.dhall
tells "nesting" "deep.dhall:1:2001" "nested deeper than 1000 levels" "nesting=N"
limited "nesting: less" 1 --limit nesting=10 deep.dhall
err_has "the bound is that" "deep.dhall:1:21: error: nested deeper than 10 levels"
limited "nesting: more" 0 --limit nesting=4000 hash deep.dhall
for command in normalize encode 'resolve --immediate-dependencies' type; do
    # shellcheck disable=SC2086 # a command and its option
    limited "nesting: $command" 1 $command deep.dhall
    # shellcheck disable=SC2086
    limited "nesting: $command, more" 0 $command --limit nesting=4000 deep.dhall
done
limited "stack" 1 --limit nesting=4000 --limit stack=1 deep.dhall
tells "stack" "deep.dhall:1:" "nested deeper than" "stack=MIB"
repeat 30000 '\(x : Natural) -> ' >binders.dhall
echo x >>binders.dhall
limited "stack of values" 1 --limit stack=1 binders.dhall
tells "stack of values" "binders.dhall:1:" "nested too deeply" "stack=MIB"
limited "stack of values: more" 0 --limit stack=256 hash binders.dhall
repeat 70000 '\(x : Natural) -> ' >more.dhall
echo x >>more.dhall
limited "too many functions within each other" 1 hash more.dhall
err_has "the place" "more.dhall:1:"
err_has "the bound" "more than 65534 functions around each other"

repeat 200 'let x%d = %d ' >terms.dhall
echo 'in x3' >>terms.dhall
limited "terms" 1 --limit terms=100 terms.dhall
tells "terms" "terms.dhall:1:1" "more than 100 terms" "terms=N"
limited "terms: more" 0 --limit terms=1000 terms.dhall
echo '{ a = [ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ] }' >list.dhall
echo 'let l = ./list.dhall in { a = l, b = l, c = l }' >lists.dhall
limited "terms of a result" 1 --limit terms=30 lists.dhall
tells "terms of a result" "lists.dhall:1:" "normal form has more than 30 terms" "terms=N"

# Wrong use, and where options may stand.
limited "before the command's name, too" 0 --limit nesting=4000 --ascii hash deep.dhall
expect "no such bound" 1 "$straylight" dhall --limit width=1 one.dhall
err_has "which there are" "NAME one of steps|memory|stack|terms|nesting"
expect "no number" 1 "$straylight" dhall --limit steps=many one.dhall
err_has "what is wanted" '--limit steps= wants a number'

# Forty lines that are a value, or a type, of 2^40 nodes.
{
    echo 'let x0 = { a = 1, b = 2 }'
    awk 'BEGIN { for (i = 1; i <= 40; i++) printf "let x%d = { a = x%d, b = x%d }\n", i, i - 1, i - 1 }'
    echo 'in x40'
} >bomb.dhall
sed 's/b = 2/b = 3/' bomb.dhall >bomb2.dhall
{
    echo 'let x0 = { a : Natural, b : Natural }'
    awk 'BEGIN { for (i = 1; i <= 40; i++) printf "let x%d = { a : x%d, b : x%d }\n", i, i - 1, i - 1 }'
    echo 'in x40'
} >types.dhall
echo '[] : List ./types.dhall' >empty.dhall
echo '1 : ./types.dhall' >wrong.dhall
echo '{ x = ./bomb.dhall, y = ./bomb.dhall }' >twice.dhall
echo '[]' >array.json
bomb() { # TITLE PLACE NAME ARGUMENT...
    bomb_title=$1
    bomb_place=$2
    bomb_name=$3
    shift 3
    limited "bomb: $bomb_title" 1 "$@"
    tells "bomb: $bomb_title" "$bomb_place" "more than" "$bomb_name"
}
bomb evaluate bomb.dhall: terms=N bomb.dhall
bomb "--annotate" types.dhall: terms=N --annotate empty.dhall
bomb type types.dhall: terms=N type empty.dhall
bomb normalize bomb.dhall: terms=N normalize bomb.dhall
bomb resolve bomb.dhall: terms=N resolve twice.dhall
bomb "diff" bomb.dhall: terms=N diff ./bomb.dhall ./bomb2.dhall
bomb "diff of types" types.dhall: terms=N diff ./types.dhall ./one.dhall
bomb "to-json" bomb.dhall: memory=MIB to-json bomb.dhall
bomb "to-yaml" bomb.dhall: memory=MIB to-yaml bomb.dhall
bomb "from-json" types.dhall: terms=N from-json 'List ./types.dhall' --file array.json
bomb "from-yaml" types.dhall: terms=N from-yaml 'List ./types.dhall' --file array.json
bomb "hash" bomb.dhall: steps=N hash --limit steps=1000000 bomb.dhall
limited "a message that shows a bomb" 1 --explain wrong.dhall
err_has "it is cut, or a bound" "types.dhall:"

# Width: what many fields of a file take grows with their number, not with its square.
{
    printf '{ a.first = 0'
    repeat 20000 ', a.b%d = %d'
    echo ' }'
} >dots.dhall
{
    printf '{=}'
    repeat 20000 ' // { b%d = %d }'
    echo
} >prefer.dhall
space_bytes=536870912
limited "20,000 dotted fields" 0 hash dots.dhall
limited "their type" 0 type --quiet dots.dhall
limited "20,000 times //" 0 hash prefer.dhall
sed 's/ }$/, a.b77 = 1 }/' dots.dhall >again.dhall
limited "one of them twice" 1 type again.dhall
err_has "which" 'field `b77` was given before'

finish
