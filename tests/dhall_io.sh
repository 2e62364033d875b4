#!/bin/sh
# tests/dhall_io.sh: where the input of `straylight dhall` comes from and its output goes to: pipes,
# devices, closed descriptors, variables that are empty, files that are none.
. "$(dirname "$0")/lib.sh"

echo '"a"' >one.dhall

# What cannot be written is an error, whoever notices it.
for command in '' type hash normalize resolve encode text to-json to-yaml format lint; do
    # shellcheck disable=SC2016,SC2086
    expect "closed standard output: dhall $command" 1 \
        sh -c '"$0" dhall "$@" <one.dhall >&-' "$straylight" $command
    err_has "it is told" "cannot write to standard output"
done
expect "closed standard output: version" 3 sh -c '"$0" version >&-' "$straylight"
expect "closed standard output: --version" 1 sh -c '"$0" dhall --version >&-' "$straylight"
expect "no file becomes the standard output" 1 \
    sh -c '"$0" dhall --output=made one.dhall >&- && "$0" dhall one.dhall >&-' "$straylight"
printf '"a"\n' >want
ok "it has what it should" cmp -s made want
if [ -c /dev/full ]; then
    echo 'Natural/fold 12 Text (\(t : Text) -> t ++ t) "0123456789abcdef"' >long.dhall
    expect "a full disk" 1 sh -c '"$0" dhall long.dhall >/dev/full' "$straylight"
    err_has "it is told" "cannot write to standard output: No space left on device"
fi
expect "closed standard input" 1 sh -c '"$0" dhall <&-' "$straylight"
err_has "it is told, too" "cannot read standard input"
expect "closed standard error" 1 sh -c '"$0" dhall one.dhal 2>&-' "$straylight"

# An input may be a pipe or a device.
mkfifo pipe
# shellcheck disable=SC2016
expect "--file of a pipe" 0 sh -c 'echo "1 + 1" >pipe & "$0" dhall --file pipe' "$straylight"
out_has "it is read" 2
# shellcheck disable=SC2016
expect "--file /dev/stdin" 0 sh -c 'echo "1 + 2" | "$0" dhall --file /dev/stdin' "$straylight"
out_has "it is read, too" 3
# shellcheck disable=SC2016
expect "from-json of a pipe" 0 \
    sh -c 'echo "[ 4 ]" >pipe & "$0" dhall from-json "List Natural" --file pipe' "$straylight"
out_has "so is JSON" "[ 4 ]"
expect "a folder is no input" 1 "$straylight" dhall --file .
err_has "it is said" "cannot read .: Is a directory"

# A variable that is set and empty is set.
expect "an empty variable as Text" 0 env EMPTY= sh -c 'echo "env:EMPTY as Text" | "$0" dhall' "$straylight"
printf '""\n' >want
out_is "is an empty Text" want
expect "an empty variable as code" 1 env EMPTY= sh -c 'echo "env:EMPTY ? 3" | "$0" dhall' "$straylight"
err_has "is no expression, and not absent" "env:EMPTY:1:1: error: expected an expression"
expect "an unset one" 0 sh -c 'unset EMPTY; echo "env:EMPTY ? 3" | "$0" dhall' "$straylight"
out_has "is absent" 3

# What is there and no file is absent, as in dhall; what is there and cannot be read is not.
mkdir folder
ln -s loop loop
long=$(awk 'BEGIN { for (i = 0; i < 300; i++) printf "a" }')
import() { # TITLE PATH MESSAGE
    echo "./$2 ? 5" >input.dhall
    expect "? behind $1" 0 "$straylight" dhall input.dhall
    out_has "goes on" 5
    echo "./$2" >middle.dhall
    echo "[ ./middle.dhall ]" >input.dhall
    expect "$1 is imported" 1 "$straylight" dhall input.dhall
    err_has "where" "middle.dhall:1:1: error: $3"
    err_has "by whom" "input.dhall:1:3: note: ./middle.dhall is imported here"
}
import "a folder" folder "./folder is a folder, not a file"
import "a loop of links" loop "cannot open ./loop: Too many levels of symbolic links"
import "a name too long" "$long" "cannot open ./$long: File name too long"
import "what lies below a file" one.dhall/x "./one.dhall/x does not exist"
echo './pipe ? 5' >input.dhall
expect "an imported pipe" 1 "$straylight" dhall input.dhall
err_has "is refused, with its place" "input.dhall:1:1: error: ./pipe is not a regular file"

# Of long chains and cycles the ends are shown.
mkdir chain
for i in 0 1 2 3 4 5 6 7 8 9; do
    for j in 0 1 2 3 4 5 6 7 8 9; do
        echo "./$((1 + 10 * i + j)).dhall" >"chain/$((10 * i + j)).dhall"
    done
done
echo '1 + True' >chain/100.dhall
expect "an error 101 imports deep" 1 "$straylight" dhall chain/0.dhall
err_has "the first note" "99.dhall:1:1: note:"
err_has "what is left out" "... and 85 more of such notes"
err_has "the last note" "chain/0.dhall:1:1: note:"
ok "no more than that" sh -c 'test "$(wc -l <"$1")" -le 50' - "$err"
echo './3.dhall' >chain/100.dhall
expect "a cycle of 98 files" 1 "$straylight" dhall chain/0.dhall
err_has "its ends are named" "8.dhall -> ... 86 more ... -> "
rm chain/100.dhall
echo '1 + 1' >chain/100.dhall
expect "a long chain without an error" 0 "$straylight" dhall chain/0.dhall

# A file that is nearly there.
expect "a slip in a file's name" 1 sh -c 'echo ./chain/99.dhal | "$0" dhall' "$straylight"
err_has "where" "(input):1:1: error: ./chain/99.dhal does not exist"
err_has "which is near" "help: did you mean ./chain/9"
expect "behind ? it is absent" 0 sh -c 'echo "./chain/99.dhal ? 3" | "$0" dhall' "$straylight"
out_has "as any other" 3

# from-json says what is wrong with its JSON, and reads what to-json prints.
json() { # TITLE TYPE TEXT MESSAGE
    printf '%s' "$3" >in.json
    expect "$1" 1 "$straylight" dhall from-json "$2" --file in.json
    err_has "$1: told" "$4"
}
json "nothing" Natural ' ' 'there is no JSON: the input is empty'
json "an end too early" 'List Natural' '[ 1' 'it ends before the value does'
json "two values" Natural '1 2' 'in.json:1:3: error: not JSON: something stands behind the value'
json "a number too big" '{ a : Double }' '{ "a": 1e400 }' 'at `.a`: 1e400 is too big for a Double'
json "no date" Date '"2026-13-01"' 'expected Date, found a string (2026-13-01)'
json "Dhall is no date" Date '"let x = 1"' 'expected Date, found a string'
echo '{ d = 2026-08-01, t = 12:30:00.5, z = +02:00 }' >dates.dhall
expect "to-json of dates" 0 "$straylight" dhall to-json dates.dhall
cp "$out" dates.json
expect "from-json of dates" 0 "$straylight" dhall from-json '{ d : Date, t : Time, z : TimeZone }' --file dates.json
out_is "is what it was" dates.dhall

finish
