#!/bin/sh
# tests/dhall.sh: the commands of `straylight dhall` over the real program.
. "$(dirname "$0")/lib.sh"

# dhall_in STATUS TEXT ARGUMENT...: a command with TEXT as standard input.
dhall_in() {
    in_want=$1
    printf '%s\n' "$2" >.input
    shift 2
    expect "dhall $*: $(head -n 1 .input | cut -c1-60 | tr -d '\\')" "$in_want" \
        sh -c '"$@" <.input' sh "$straylight" dhall "$@"
}
# shows TITLE TEXT: the last command's output is TEXT and a newline.
shows() {
    printf '%s\n' "$2" >.want
    out_is "$1" .want
}

# The default: evaluate.
dhall_in 0 '1 + 1'
shows "a value" 2
dhall_in 0 'λ(x : Natural) → x'
shows "symbols where the input has them" 'λ(x : Natural) → x'
dhall_in 0 '\(x : Natural) -> x'
shows "ASCII where it has none" '\(x : Natural) -> x'
dhall_in 0 'λ(x : Natural) → x' --ascii
shows "--ascii" '\(x : Natural) -> x'
dhall_in 0 '\(x : Natural) -> x' --unicode --plain
shows "--unicode" 'λ(x : Natural) → x'
dhall_in 0 '\(x : Natural) -> x' --alpha
shows "--alpha" '\(_ : Natural) -> _'
dhall_in 0 '{ a = 1 }' --annotate
shows "--annotate" '{ a = 1 } : { a : Natural }'
dhall_in 0 '[ 1 ]' --output result.dhall
ok "--output writes the file" sh -c 'test "$(cat result.dhall)" = "[ 1 ]"'
out_is "... and nothing else" /dev/null
# Long output leaves line by line, with the same layout.
long='let r = { name = "a name of some length", list = [ 1, 2, 3 ], text = "a text that lets no two lines become one" }
in  Natural/fold 12 (List { name : Text, list : List Natural, text : Text })
      (\(l : List { name : Text, list : List Natural, text : Text }) -> l # l) [ r ]'
dhall_in 0 "$long" --output long.dhall
dhall_in 0 "$long"
out_is "long output is that of --output" long.dhall
dhall_in 0 "$(cat long.dhall)"
out_is "... and comes back" long.dhall
expect "--version" 0 "$straylight" dhall --version
out_has "the standard's version" "23.1.0"

mkdir -p folder
echo '{ x = ./leaf.dhall, y = env:STRAYLIGHT_TEST_Y ? "none" }' >folder/root.dhall
echo '../number.dhall + 1' >folder/leaf.dhall
echo '41' >number.dhall
expect "a file as operand" 0 "$straylight" dhall folder/root.dhall
shows "imports are relative to the file" '{ x = 42, y = "none" }'
expect "a file as --file" 0 "$straylight" dhall --file folder/root.dhall
shows "the same" '{ x = 42, y = "none" }'
expect "an environment variable" 0 env STRAYLIGHT_TEST_Y='"set"' "$straylight" dhall folder/root.dhall
shows "it is imported" '{ x = 42, y = "set" }'
expect "both are wrong use" 1 "$straylight" dhall folder/root.dhall --file folder/root.dhall
expect "a file that is not there" 1 "$straylight" dhall missing.dhall
err_has "its name" "missing.dhall does not exist"
expect "a slip of the sub-command" 1 "$straylight" dhall nromalize
err_has "it is offered" "straylight dhall normalize"
dhall_in 0 'λ(x : Natural) → x' --ascii --explain type
shows "options before the command" 'forall (x : Natural) -> Natural'

# Colours: on a terminal, or where they are asked for.
dhall_in 0 '\(x : Natural) -> { a = "b${Natural/show (x + 1)}c", List = [ 1, 2 ] }' --color always
escape=$(printf '\033')
out_has "keywords and operators" "${escape}[0;1;32m"
out_has "builtins" "${escape}[0;4mNatural/show"
out_has "literals" "${escape}[0;35m\"b"
sed "s/$escape\\[[0-9;]*m//g" "$out" >stripped
dhall_in 0 '\(x : Natural) -> { a = "b${Natural/show (x + 1)}c", List = [ 1, 2 ] }' --color always --plain
out_is "--plain has none, and the same text" stripped
cat >odd.dhall <<'END'
let a = ''
  x ${"y\"${z}"} ''' ''${ }
  '' in {- c -} ./p.dhall ? a.List ? `let` -- d
END
"$straylight" dhall format - --color always <odd.dhall >painted
"$straylight" dhall format - <odd.dhall >bare
sed "s/$escape\\[[0-9;]*m//g" painted >stripped
ok "colours change no byte of any text" cmp stripped bare
not_ok "... but add some" cmp painted bare
expect "a file has none" 0 "$straylight" dhall --color always --output coloured.dhall --file number.dhall
ok "nothing but the value" sh -c 'test "$(cat coloured.dhall)" = 41'

# Errors.
dhall_in 1 '1 + "a"'
err_has "place" "(input):1:5"
dhall_in 1 'let x = in 1'
err_has "a caret" "^"
dhall_in 1 '1 + "a"' --censor
err_lacks "--censor quotes nothing" '1 + "a"'
err_has "... and says the place" "(input):1:5: error:"
echo '{ a = ./wrong.dhall }' >imports-wrong.dhall
echo '1 + True' >wrong.dhall
expect "a mistake in an import" 1 "$straylight" dhall imports-wrong.dhall
err_has "its own place" "wrong.dhall:1:5"
err_has "where it is imported" "imports-wrong.dhall:1:7"
echo './cycle.dhall' >cycle.dhall
expect "a cycle" 1 "$straylight" dhall cycle.dhall
err_has "is told" "cycle"
dhall_in 1 './nowhere.dhall'
err_has "an import that is not there" "./nowhere.dhall does not exist"

# type
dhall_in 0 '{ a = 1, b = [ True ] }' type
shows "a type" '{ a : Natural, b : List Bool }'
dhall_in 0 '1' type --quiet
out_is "--quiet prints nothing" /dev/null
dhall_in 1 '1 + True' type --quiet

# normalize
dhall_in 0 'let x = 1 in x + 1' normalize
shows "normalize" 2
dhall_in 0 '\(x : Bool) -> x' normalize --alpha
shows "normalize --alpha" '\(_ : Bool) -> _'
dhall_in 1 './number.dhall' normalize
err_has "imports are refused" "an import is not resolved here"

# hash; the semantic cache in the place and form of other implementations
dhall_in 0 '1' hash
shows "hash" 'sha256:d60d8415e36e86dae7f42933d3b0c4fe3ca238f057fba206c7e9fbf5d784fe15'
cache=$XDG_CACHE_HOME/dhall
entry=$cache/1220d60d8415e36e86dae7f42933d3b0c4fe3ca238f057fba206c7e9fbf5d784fe15
not_ok "hash alone leaves the cache as it is" test -e "$entry"
dhall_in 0 '1' hash --cache
ok "hash --cache fills it" test -f "$entry"
ok "with the encoding" sh -c "echo 1 | '$straylight' dhall encode | cmp - '$entry'"
frozen='missing sha256:d60d8415e36e86dae7f42933d3b0c4fe3ca238f057fba206c7e9fbf5d784fe15'
dhall_in 0 "$frozen"
shows "the cache answers" 1
dhall_in 1 "$frozen" --no-cache
rm "$entry"
dhall_in 1 "$frozen"
echo '40 + 1' >forty-one.dhall
hash=$("$straylight" dhall hash forty-one.dhall)
dhall_in 0 "./forty-one.dhall $hash"
entry=$cache/1220${hash#sha256:}
ok "a frozen import is kept" test -f "$entry"
printf 'poison' >"$entry"
dhall_in 0 "./forty-one.dhall $hash"
shows "a poisoned entry does no harm" 41
err_has "there is a warning" "warning: $entry"
dhall_in 0 "missing $hash"
shows "it was replaced" 41
dhall_in 1 "./number.dhall sha256:0000000000000000000000000000000000000000000000000000000000000000" --no-cache
ok "a cache that cannot be written is no error" sh -c "
    chmod 500 '$cache' && echo '[ ./forty-one.dhall ]' >list.dhall &&
    h=\$('$straylight' dhall hash list.dhall) && echo \"./list.dhall \$h\" | '$straylight' dhall; s=\$?
    chmod 700 '$cache'; exit \$s"

# decode: what text cannot say is not said.
# decodes STATUS OCTAL
decodes() {
    # shellcheck disable=SC2059 # bytes
    printf "$2" >bytes.dhallb
    expect "decode $2" "$1" "$straylight" dhall decode bytes.dhallb
}
decodes 1 '\202\010\241\142\303\251\202\017\001'
err_has "a label that is not ASCII" "a label may hold printable ASCII only"
err_has "... has no text" "cannot be written as text"
expect "... but is an expression" 0 "$straylight" dhall decode --quiet bytes.dhallb
decodes 1 '\202\010\241\141\140\202\017\001'
err_has "a label with a backtick" "cannot be written as text"
decodes 0 '\202\010\241\143a b\202\017\001'
out_has "a label with a space" '{ `a b` = 1 }'
decodes 0 '\205\030\030\366\000\003\142\303\251'
out_has "a path that is not ASCII" './"é"'
decodes 1 '\205\030\030\366\000\003\141\042'
err_has "a path with a quote" "cannot be written as text"
decodes 1 '\205\030\030\366\000\006\142\303\251'
err_has "a variable that is not ASCII" "cannot be written as text"

# resolve
echo 'let x = ./number.dhall in x + (./nowhere.dhall ? ./number.dhall)' >resolve.dhall
expect "resolve" 0 "$straylight" dhall resolve resolve.dhall
shows "imports became values" 'let x = 41 in x + 41'
echo '[ -36893488147419103232, +36893488147419103232, -1 ]' >big.dhall
expect "resolve keeps signs" 0 "$straylight" dhall resolve big.dhall
out_is "... of big numbers too" big.dhall
expect "resolve --immediate-dependencies" 0 "$straylight" dhall resolve --immediate-dependencies folder/root.dhall
shows "as they are written" './leaf.dhall
env:STRAYLIGHT_TEST_Y'
expect "resolve --transitive-dependencies" 0 "$straylight" dhall resolve --transitive-dependencies folder/root.dhall
shows "the deepest first" './number.dhall
./folder/leaf.dhall'
expect "resolve --dot" 0 "$straylight" dhall resolve --dot folder/root.dhall
shows "a graph" 'strict digraph G {
rankdir="LR";
u0 [label="./number.dhall",shape="box",style="rounded"];
u1 [label="./folder/leaf.dhall",shape="box",style="rounded"];
u2 [label="folder/root.dhall",shape="box",style="rounded"];
u1 -> u0;
u2 -> u1;
}'
expect "two forms at once" 1 "$straylight" dhall resolve --dot --immediate-dependencies folder/root.dhall

# text
dhall_in 0 "''
  a
    b
  ''" text
printf 'a\n  b\n' >.want
out_is "text as it is" .want
dhall_in 0 '"x"' text --output text.txt
ok "text --output" sh -c 'printf x | cmp - text.txt'
dhall_in 1 '1' text
err_has "only Text" "expected a value of type Text, got one of type Natural"

# encode, decode
dhall_in 0 '1' encode
printf '\202\017\001' >.want
out_is "encode" .want
dhall_in 0 '[ 1, -2, +3, 1.5 ]' encode --json
shows "encode --json" '[4, null, [15, 1], [16, -2], [16, 3], 1.5]'
cat >all.dhall <<'END'
{ big = 123456789012345678901234567890
, bytes = 0x"00ff10"
, double = 1.0
, import_ =
    ./x.dhall
      sha256:d60d8415e36e86dae7f42933d3b0c4fe3ca238f057fba206c7e9fbf5d784fe15
, negative = -123456789012345678901234567890
, text = "a${"\"b"}c"
, time = 10:20:30.50
}
END
expect "encode all sorts" 0 "$straylight" dhall encode all.dhall
cp "$out" all.cbor
expect "decode" 0 "$straylight" dhall decode all.cbor
cp "$out" decoded.dhall
expect "encode it again" 0 "$straylight" dhall encode decoded.dhall
out_is "the same bytes" all.cbor
expect "encode --json" 0 "$straylight" dhall encode --json all.dhall
cp "$out" all.json
expect "decode --json" 0 "$straylight" dhall decode --json all.json
out_is "the same expression" decoded.dhall
expect "decode --quiet" 0 "$straylight" dhall decode --quiet all.cbor
out_is "prints nothing" /dev/null
dhall_in 1 'not cbor' decode
dhall_in 1 '[15, ' decode --json
err_has "where JSON is wrong" "(input):"
dhall_in 1 'NaN' encode --json

# --explain
dhall_in 1 '{ a = 1, b = { c = "x" } } : { a : Natural, b : { c : Natural } }'
err_has "the differing part" 'at `.b.c`: expected Natural, found Text'
err_lacks "and no more" "whole type"
dhall_in 1 '{ a = 1, b = { c = "x" } } : { a : Natural, b : { c : Natural } }' --explain
err_has "--explain" '{ a : Natural, b : { c : Text } }'

finish
