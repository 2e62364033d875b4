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
message '{"jsonrpc":"2.0","id":1,"method":"textDocument/implementation","params":{}}'
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
printf 'Content-Length: -5\r\n\r\n12345' >.messages
speak "a length below nothing" 1
printf 'Content-Length: 100\r\n\r\n{}' >.messages
speak "an end within a message" 1
begin
message '[]'
message '17'
message '{"id":{},"method":"shutdown"}'
message '{"jsonrpc":"2.0","id":7,"method":"initialize","params":{}}'
message '{"jsonrpc":"2.0","method":"no/such/notification"}'
message '{"jsonrpc":"2.0","id":8,"result":null}'
message '{"jsonrpc":"2.0","id":9,"method":"textDocument/hover","params":17}'
message '{"jsonrpc":"2.0","id":10,"method":"shutdown"}'
message '{"jsonrpc":"2.0","method":"exit"}'
speak "messages that are none" 0
ok "two that are no objects, and an id that is none" \
    test "$(grep -c '"id":null,"error":{"code":-32600' "$out")" = 3
speak "the same again" 0
out_has "a second initialize" '"id":7,"error":{"code":-32600'
out_lacks "answers are not answered" '"id":8'
out_has "parameters that are none" '"id":9,"result":null'
: >.messages
message '{"jsonrpc":"2.0","method":"exit"}'
speak "exit before all" 1
begin
printf 'content-length: 45\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n' >>.messages
printf '{"jsonrpc":"2.0","id":5,"method":"shutdown"} ' >>.messages
message '{"jsonrpc":"2.0","method":"exit"}'
speak "another header, other letters" 0
out_has "is read" '"id":5,"result":null'

# Cancellation: of a request that was not answered yet.
echo '1' >cancel.dhall
begin
open_file cancel.dhall
at 1 hover cancel.dhall 0 0
at 2 hover cancel.dhall 0 0
message '{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":2}}'
message '{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":99}}'
speak "cancellation" 1
out_has "of one request" '"id":2,"error":{"code":-32800'
out_has "the other is answered" '"id":1,"result":{"contents"'

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

# Changes of a range, in each encoding.
# change PATH LINE CHARACTER LINE CHARACTER TEXT
change() {
    message '{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"file://'"$work/$1"'"},"contentChanges":[{"range":{"start":{"line":'"$2"',"character":'"$3"'},"end":{"line":'"$4"',"character":'"$5"'}},"text":"'"$6"'"}]}}'
}
# begin_in ENCODINGS: what the editor speaks
begin_in() {
    : >.messages
    message '{"jsonrpc":"2.0","id":"first","method":"initialize","params":{"capabilities":{"general":{"positionEncodings":['"$1"']}}}}'
}
printf 'let x = "𝄞é"\nin  x ++ 1\n' >a/edit.dhall
for encoding in utf-8,15 utf-16,12 utf-32,11; do
    name=${encoding%,*}
    behind=${encoding#*,}
    begin_in "\"utf-7\",\"$name\",\"utf-16\""
    open_file a/edit.dhall
    change a/edit.dhall 0 "$behind" 0 "$behind" 'zz'
    change a/edit.dhall 1 9 1 10 'y'
    change a/edit.dhall 1 9 1 10 '\"b\"'
    request 1 formatting a/edit.dhall
    speak "$name" 1
    out_has "... is spoken" "\"positionEncoding\":\"$name\""
    out_has "... changes are where they are meant" '"newText":"let x = \"𝄞ézz\"\n\nin  x ++ \"b\"\n"'
done
begin_in '"utf-7"'
speak "no encoding that is known" 1
out_has "is UTF-16" '"positionEncoding":"utf-16"'
begin
open_file a/edit.dhall
message '{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"file://'"$work"'/a/edit.dhall"},"contentChanges":[{"text":"[ 1,2"},{"range":{"start":{"line":0,"character":99},"end":{"line":7,"character":0}},"text":" ]"},{"range":{"start":{"line":0,"character":0},"end":{"line":0,"character":0}},"text":"{- a -} "},{"text":7},{}]}}'
request 1 formatting a/edit.dhall
speak "several changes at once, beyond the end too" 1
out_has "come one after the other" '"newText":"{- a -} [ 1, 2 ]\n"'

# result ID: the answer in $out
result() {
    grep -F "\"id\":$1," answers >"$out"
}
answers() {
    result "$1"
    out_has "$2" "$3"
}

# Several mistakes, each once; what is imported wrongly hides nothing else.
cat >a/many.dhall <<'END'
let gone = ./nowhere.dhall

let number = 1 + "a"

let good = { field = 1, other = "x" }

let typed : Natural = "text"

let f = \(x : Nothing) -> good.field

in  { a = gone.field, b = number + 1, c = good.field, d = good.fiel, e = typed ++ "", f = f }
END
begin
open_file a/many.dhall
at 1 hover a/many.dhall 10 49
at 2 hover a/many.dhall 8 32
at 3 hover a/many.dhall 4 5
at 4 hover a/many.dhall 10 75
at 5 definition a/many.dhall 10 12
at 6 completion a/many.dhall 10 64
at 7 hover a/many.dhall 10 18
speak "several mistakes" 1
cp "$out" answers
for told in 'nowhere.dhall does not exist' 'an operand of `+` must be a Natural' 'not of the annotated type' \
    'unknown variable `Nothing`' 'has no field `fiel`' 'an operand of `++` must be a Text'; do
    ok "is told once: $told" test "$(grep -oF "$told" answers | wc -l)" = 1
done
answers 1 "hover behind a missing import" '"value":"```dhall\nNatural\n```"'
answers 2 "hover below a type that is wrong" '"value":"```dhall\nNatural\n```"'
answers 3 "hover of a let between mistakes" '{ field : Natural, other : Text }'
answers 4 "hover of what has the wrong value: the type that is written" '"value":"```dhall\nNatural\n```"'
answers 5 "definition of what is wrong" '"start":{"line":0,"character":4}'
answers 6 "completion between mistakes" '"label":"field"'
answers 7 "hover of what is not known" '"result":null'

# Texts that do not parse.
cat >a/broken.dhall <<'END'
let good = { field = 1, other = "x" }

let broken = [ 1, 2

let later = good.field

let worse =

in  { a = later, b = good.other, c = la }
END
begin
open_file a/broken.dhall
at 1 hover a/broken.dhall 4 18
at 2 hover a/broken.dhall 8 11
at 3 definition a/broken.dhall 8 22
at 4 completion a/broken.dhall 8 39
at 5 completion a/broken.dhall 8 27
at 6 hover a/broken.dhall 2 15
request 7 documentSymbol a/broken.dhall
at 8 references a/broken.dhall 0 5
speak "a text that does not parse" 1
cp "$out" answers
answers 1 "hover" '"value":"```dhall\nNatural\n```"'
answers 2 "hover of what stands behind" '"value":"```dhall\nNatural\n```"'
answers 3 "definition" '"range":{"start":{"line":0,"character":4},"end":{"line":0,"character":8}}'
answers 4 "completion of names" '"label":"later"'
answers 5 "completion of fields" '"label":"other"'
answers 6 "hover of what is broken" 'Natural'
answers 7 "symbols" '"name":"later"'
answers 8 "references" '"start":{"line":8,"character":21},"end":{"line":8,"character":25}'
printf '{ a = 1, b = [ 2, 3 ], c = ' >a/broken.dhall
begin
open_file a/broken.dhall
at 1 hover a/broken.dhall 0 15
speak "a record that is not closed" 1
out_has "hover" '"value":"```dhall\nNatural\n```"'

# Names.
cat >a/names.dhall <<'END'
let x : Natural = 1

let f = \(x : Text) -> x ++ "a"

let y =
      let inner = x
      in  inner

in  { x, y = x + y, f = f "x" }
END
begin
open_file a/names.dhall
request 1 documentSymbol a/names.dhall
at 2 references a/names.dhall 0 4
request 3 references a/names.dhall ',"position":{"line":2,"character":10},"context":{"includeDeclaration":false}'
at 4 prepareRename a/names.dhall 8 13
request 5 rename a/names.dhall ',"position":{"line":8,"character":13},"newName":"z"'
request 6 rename a/names.dhall ',"position":{"line":8,"character":13},"newName":"y"'
request 7 rename a/names.dhall ',"position":{"line":8,"character":13},"newName":"a b"'
request 8 rename a/names.dhall ',"position":{"line":8,"character":13},"newName":"ü"'
request 9 rename a/names.dhall ',"position":{"line":1,"character":0},"newName":"z"'
at 10 references a/names.dhall 8 27
speak "names" 1
cp "$out" answers
answers 1 "symbols" '{"name":"x","detail":"Natural","kind":13,"range":{"start":{"line":0,"character":0},"end":{"line":0,"character":19}},"selectionRange":{"start":{"line":0,"character":4}'
out_has "... inner ones" '"name":"inner"'
answers 2 "references, with the binding" '"range":{"start":{"line":0,"character":4},"end":{"line":0,"character":5}}'
ok "... of no other variable of that name" test "$(grep -F '"id":2,' answers | grep -o '"uri"' | wc -l)" = 4
answers 3 "references without the binding" '"range":{"start":{"line":2,"character":23},"end":{"line":2,"character":24}}'
ok "... only those" test "$(grep -F '"id":3,' answers | grep -o '"uri"' | wc -l)" = 1
answers 4 "prepareRename" '"placeholder":"x"'
answers 5 "rename" '"newText":"z"'
out_has "... a field stays" '"newText":"x = z"'
answers 6 "rename to what is bound between" '"error":{"code":-32602'
answers 7 "rename to what needs quotes" '"newText":"`a b`"'
answers 8 "rename to what no label can be" '"error":{"code":-32602'
answers 9 "rename of nothing" '"error":{"code":-32602'
answers 10 "references: no name" '"result":null'

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
printf 'let x = ./' >a/text.dhall
offers "every path of a folder" 0 10 ./import.dhall
out_lacks "... but the file itself" '"label":"./text.dhall"'
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
request 5 codeAction a/text.dhall ',"range":{"start":{"line":0,"character":5},"end":{"line":0,"character":6}},"context":{"diagnostics":[],"only":["source.format"]}'
speak "formatting and actions" 1
cp "$out" answers
answers 1 "formatting: the whole text" '"result":[{"range":{"start":{"line":0,"character":0},"end":{"line":3,"character":0}},"newText":"let unused = 1\n\nlet x = https://straylight.cx/dice/v1.dhall\n\nin  [ x ] -- end\n"}]'
answers 2 "formatting: of what is not open" '"result":null'
answers 3 "an action: lint" '"title":"Correct: `unused` is never used","kind":"quickfix","edit":{"changes":{'
out_has "... of the whole file" '"kind":"source.fixAll"'
out_lacks "... no freezing of what is elsewhere" "Freeze"
out_has "... and formatting" '"title":"Format the file","kind":"source.format"'
answers 4 "an action: freeze" '"title":"Freeze remote imports"'
out_has "... with a hash" '"newText":"\n          sha256:'

answers 5 "an action that is asked for" '"kind":"source.format"'
out_lacks "... and no other" quickfix

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
answers 4 "the type of a rule, by its names" '```dhall\nforall (cfg : C.Binary.Type) -> D.Target\n```'
mv ws/toolchains.dhall ws/gone
begin
open_file ws/app/BUILD.dhall
speak "without a toolchain" 1
out_has "the import that is missing is told" '"start":{"line":2,"character":52}'
out_has "and what to do" 'straylight toolchain add cc'
finish
