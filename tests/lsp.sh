#!/bin/sh
# tests/lsp.sh: `straylight dhall lsp` over its protocol: messages into the real program, its
# messages out, one a line.
. "$(dirname "$0")/lib.sh"

# json_text FILE: its text as a JSON string.
json_text() {
    printf '"'
    sed 's/\\/\\\\/g; s/"/\\"/g; s/\t/\\t/g' "$1" | awk '{ printf "%s\\n", $0 }'
    printf '"'
}
# message JSON: one of the protocol, added to .messages.
message() {
    printf 'Content-Length: %d\r\n\r\n%s' "$(printf %s "$1" | wc -c)" "$1" >>.messages
}
# begin: a new conversation.
begin() {
    : >.messages
    message '{"jsonrpc":"2.0","id":"first","method":"initialize","params":{"processId":null,"rootUri":null,"capabilities":{}}}'
    message '{"jsonrpc":"2.0","method":"initialized","params":{}}'
}
# open_file PATH: as an editor would that shows it.
open_file() {
    message '{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file://'"$work/$1"'","languageId":"dhall","version":1,"text":'"$(json_text "$1")"'}}}'
}
# request ID METHOD PATH [REST]: about a document.
request() {
    message '{"jsonrpc":"2.0","id":'"$1"',"method":"textDocument/'"$2"'","params":{"textDocument":{"uri":"file://'"$work/$3"'"}'"${4:-}"'}}'
}
# at ID METHOD PATH LINE CHARACTER
at() {
    request "$1" "$2" "$3" ',"position":{"line":'"$4"',"character":'"$5"'}'
}
# speak TITLE STATUS: says all of it; what comes back is in $out, one message a line.
speak() {
    expect "$1" "$2" sh -c 'cat .messages | "$1" dhall lsp >.answers' sh "$straylight"
    sed 's/Content-Length: [0-9]*\r$//; s/\r$//' .answers | sed '/^$/d' |
        sed 's/Content-Length: [0-9]*$//' >"$out"
}

# Life.
begin
message '{"jsonrpc":"2.0","id":2,"method":"shutdown","params":null}'
message '{"jsonrpc":"2.0","id":3,"method":"textDocument/hover","params":{}}'
message '{"jsonrpc":"2.0","method":"exit","params":null}'
speak "initialize, shutdown, exit" 0
out_has "the id is a text, as it was" '"id":"first","result":{"capabilities":{'
out_has "an answer to shutdown" '{"jsonrpc":"2.0","id":2,"result":null}'
out_has "nothing after it" '"id":3,"error":{"code":-32600'
begin
message '{"jsonrpc":"2.0","id":1,"method":"textDocument/rename","params":{}}'
message '{"jsonrpc":"2.0","id":2,"method":'
message '{"jsonrpc":"2.0","method":"exit"}'
speak "exit without shutdown" 1
out_has "an unknown method" '"id":1,"error":{"code":-32601'
out_has "what is no JSON" '"id":null,"error":{"code":-32700'
: >.messages
message '{"jsonrpc":"2.0","id":1,"method":"shutdown"}'
speak "no initialize" 1
out_has "is an error" '"id":1,"error":{"code":-32002'
printf 'Content-Length: 99999999999\r\n\r\n' >.messages
speak "a length that nobody has" 1
printf 'Content-Size: 5\r\n\r\n12345' >.messages
speak "a message without a length" 1
head -c 10000 /dev/zero | tr '\0' 'x' >.messages
speak "a header without an end" 1

# Diagnostics: ranges count UTF-16.
mkdir -p a
echo '{ field = 1, text = "a", inner = { deep = True } }' >a/import.dhall
cat >a/wrong.dhall <<'END'
let x = "𝄞" ++ 1
in  x
END
begin
open_file a/wrong.dhall
speak "a type error" 1
out_has "at its place" '"range":{"start":{"line":0,"character":16},"end":{"line":0,"character":17}},"severity":1'
echo 'let x = in x' >a/wrong.dhall
begin
open_file a/wrong.dhall
speak "a text that does not parse" 1
out_has "at its place" '"start":{"line":0,"character":8}'
echo './missing.dhall' >a/other.dhall
printf -- '-- see\n[ ./other.dhall ]\n' >a/wrong.dhall
begin
open_file a/wrong.dhall
speak "a mistake in another file" 1
out_has "is told where that is imported" '"range":{"start":{"line":1,"character":2},"end":{"line":1,"character":15}}'
out_has "with its own place" "a/other.dhall:1:1"
echo 'let unused = 1 in 2' >a/lint.dhall
begin
open_file a/lint.dhall
speak "lint" 1
out_has "is a hint" '"severity":4'
out_has "that fades what is not used" '`unused` is never used","tags":[1]'
begin
open_file a/wrong.dhall
message '{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file://'"$work"'/a/other.dhall","text":"1"}}}'
speak "an open document" 1
out_has "is what others import" '{"uri":"file://'"$work"'/a/wrong.dhall","diagnostics":[]}'
begin
open_file a/wrong.dhall
message '{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"file://'"$work"'/a/wrong.dhall","version":2},"contentChanges":[{"text":"1 + True"}]}}'
message '{"jsonrpc":"2.0","method":"textDocument/didClose","params":{"textDocument":{"uri":"file://'"$work"'/a/wrong.dhall"}}}'
speak "a changed and a closed document" 1
out_has "has nothing wrong" '"diagnostics":[]}'

# Hover, definition.
cat >a/good.dhall <<'END'
let import = ./import.dhall

let double = \(n : Natural) -> n * 2

let T = < Left : Natural | Right >

let Schema = { Type = { name : Text, size : Natural }, default = { size = 1 } }

in  { a = double import.field, t = T.Left 1, s = Schema::{ name = "é" } }
END
begin
open_file a/good.dhall
at 1 hover a/good.dhall 8 12
at 2 hover a/good.dhall 8 25
at 3 hover a/good.dhall 2 5
at 4 hover a/good.dhall 2 31
at 5 hover a/good.dhall 1 0
at 11 definition a/good.dhall 8 12
at 12 definition a/good.dhall 8 20
at 13 definition a/good.dhall 0 16
at 14 definition a/good.dhall 2 31
at 15 definition a/good.dhall 4 20
speak "questions" 1
cp "$out" answers
# result ID: the answer in $out
result() {
    grep -F "\"id\":$1," answers >"$out"
}
answers() {
    result "$1"
    out_has "$2" "$3"
}
answers 1 "hover: a function" '"value":"```dhall\nforall (n : Natural) -> Natural\n```"},"range":{"start":{"line":8,"character":10}'
answers 2 "hover: a field of an import" '"value":"```dhall\nNatural\n```"'
answers 3 "hover: a name that is bound" '"range":{"start":{"line":2,"character":4},"end":{"line":2,"character":10}}'
answers 4 "hover: a variable of a function" 'Natural\n```"},"range":{"start":{"line":2,"character":31}'
answers 5 "hover: nothing" '"result":null'
answers 11 "definition: a let" '/a/good.dhall","range":{"start":{"line":2,"character":4},"end":{"line":2,"character":10}'
answers 12 "definition: of what a field is of" '/a/good.dhall","range":{"start":{"line":0,"character":4}'
answers 13 "definition: an import" '/a/import.dhall","range":{"start":{"line":0,"character":0}'
answers 14 "definition: a parameter" '"range":{"start":{"line":2,"character":15},"end":{"line":2,"character":16}'
answers 15 "definition: none" '"result":null'

# Completion, in texts that do not parse.
# offers TITLE LINE CHARACTER LABEL: in a/text.dhall; LABEL is among what comes back.
offers() {
    begin
    open_file a/text.dhall
    at 1 completion a/text.dhall "$2" "$3"
    speak "complete: $1" 1
    cp "$out" answers
    answers 1 "complete: $1: $4" "\"label\":\"$4\""
}
printf 'let i = ./import.dhall\nlet x = i.\nlet y = 1\nin x\n' >a/text.dhall
offers "fields of an import" 1 10 field
out_has "... with their types" '"detail":"Natural","textEdit":{"range":{"start":{"line":1,"character":10},"end":{"line":1,"character":10}},"newText":"field"}'
printf 'let i = ./import.dhall\nin [ i.inner.de' >a/text.dhall
offers "fields of a field, the rest is missing" 1 15 deep
out_has "... replace what was typed" '"start":{"line":1,"character":13},"end":{"line":1,"character":15}'
printf 'let T = < Left : Natural | Right >\nlet f = \\(variable : T) -> if True then T. else' >a/text.dhall
offers "alternatives" 1 42 Left
printf 'let outer = 1\nlet f = \\(variable : Natural) -> { a = (var' >a/text.dhall
offers "names that are bound" 1 43 variable
out_has "... further out too" '"label":"outer"'
out_has "... and builtins" '"label":"Natural/fold"'
printf 'let S = { Type = { name : Text, size : Natural }, default = { size = 1 } }\nin S::{ name = "a", si }' >a/text.dhall
offers "fields of a schema" 1 22 size
printf 'let `a b` = { `c d` = 1 } in `a b`.' >a/text.dhall
offers "a label in backticks" 0 35 "c d"
out_has "... is written so" '"newText":"`c d`"'
printf 'let x = ./im' >a/text.dhall
offers "a path" 0 12 ./import.dhall
printf 'let x = ../' >a/text.dhall
offers "a path above" 0 11 ../a/
printf -- '-- i.\n1' >a/text.dhall
begin
open_file a/text.dhall
at 1 completion a/text.dhall 0 5
speak "in a comment" 1
out_has "nothing is offered" '"id":1,"result":[]'

# Formatting, actions.
printf 'let unused = 1\nlet x = https://straylight.cx/dice/v1.dhall\nin [x] -- end\n' >a/text.dhall
begin
open_file a/text.dhall
request 1 formatting a/text.dhall ',"options":{"tabSize":2,"insertSpaces":true}'
request 2 formatting a/good.dhall
request 3 codeAction a/text.dhall ',"range":{"start":{"line":0,"character":5},"end":{"line":0,"character":6}},"context":{"diagnostics":[]}'
request 4 codeAction a/text.dhall ',"range":{"start":{"line":1,"character":20},"end":{"line":1,"character":20}},"context":{"diagnostics":[]}'
speak "formatting and actions" 1
cp "$out" answers
answers 1 "formatting: the whole text" '"result":[{"range":{"start":{"line":0,"character":0},"end":{"line":3,"character":0}},"newText":"let unused = 1\n\nlet x = https://straylight.cx/dice/v1.dhall\n\nin  [ x ] -- end\n"}]'
answers 2 "formatting: of what is not open" '"result":null'
answers 3 "an action: lint" '"title":"Correct: `unused` is never used","kind":"quickfix","edit":{"changes":{'
out_has "... of the whole file" '"kind":"source.fixAll"'
out_lacks "... no freezing of what is elsewhere" "Freeze"
answers 4 "an action: freeze" '"title":"Freeze remote imports"'
out_has "... with a hash" '"newText":"\n          sha256:'

# BUILD.dhall with our packages.
workspace_make ws >/dev/null
mkdir -p ws/lib ws/app
cat >ws/lib/BUILD.dhall <<'END'
let C = (../dhall/rules/c/v1.dhall).with-toolchain (../toolchains.dhall).native

in  { lib = C.library C.Library::{ name = "lib", hdrs = [ "lib.h" ] } }
END
: >ws/lib/lib.h
cat >ws/app/BUILD.dhall <<'END'
let D = ../dhall/dice/v1.dhall

let C = (../dhall/rules/c/v1.dhall).with-toolchain (../toolchains.dhall).native

in  { app = C.binary C.Binary::{ name = "app", deps = [ D.at "//li" ] } }
END
begin
open_file ws/app/BUILD.dhall
at 1 completion ws/app/BUILD.dhall 4 66
at 2 completion ws/app/BUILD.dhall 4 14
at 3 completion ws/app/BUILD.dhall 4 33
at 4 hover ws/app/BUILD.dhall 4 15
speak "BUILD.dhall" 1
cp "$out" answers
out_has "nothing is wrong with it" '"diagnostics":[]'
answers 1 "labels of targets" '"label":"//lib:lib"'
answers 2 "the rules" '"label":"library"'
answers 3 "what a target has" '"label":"visibility"'
answers 4 "the type of a rule" 'forall (cfg :'
mv ws/toolchains.dhall ws/gone
begin
open_file ws/app/BUILD.dhall
speak "without a toolchain" 1
out_has "the import that is missing is told" '"start":{"line":2,"character":52}'
out_has "and what to do" 'straylight toolchain add cc'
finish
