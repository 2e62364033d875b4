#!/bin/sh
# tests/dhall_tree.sh: `straylight dhall to-directory-tree`, `diff` and `tags`.
. "$(dirname "$0")/lib.sh"

# tree STATUS TEXT ARGUMENT...: makes ./made of an expression.
tree() {
    tree_want=$1
    rm -rf made
    printf '%s\n' "$2" >.input
    shift 2
    expect "tree of $(head -n 1 .input | cut -c1-60 | tr -d '\\')" "$tree_want" \
        sh -c '"$@" --output made <.input' sh "$straylight" dhall to-directory-tree "$@"
}
# holds FILE TEXT
holds() {
    printf '%s' "$2" >.want
    ok "$1" cmp "made/$1" .want
}

tree 0 '{ dir = { `hello.txt` = "Hello" }, `goodbye.txt` = Some "Bye", absent = None Text, map = toMap { a = "1", b = "2" }, choice = < A : Text | B >.A "x", empty = [] : List { mapKey : Text, mapValue : Text } }'
holds dir/hello.txt Hello
holds goodbye.txt Bye
holds map/a 1
holds map/b 2
holds choice x
ok "an empty map is a folder" test -d made/empty
not_ok "None is nothing" test -e made/absent
tree 0 '"text"'
ok "a Text alone is a file" sh -c 'test "$(cat made)" = text'
tree 1 '{ a = 1 }'
err_has "what is neither" "made/a: only Text, records and maps"
tree 1 '[ 1 ]'
tree 1 'toMap { `../x` = "1" }'
err_has "names may not leave" "it leaves the folder"
tree 1 "toMap { \`$PWD/absolute\` = \"1\" }"
err_has "absolute names" "it is absolute"
not_ok "nothing was written" test -e absolute
tree 1 'toMap { `a/b` = "1" }'
err_has "slashes" "it has a slash"
tree 0 'toMap { `a/b/c` = "1" }' --allow-path-separators
holds a/b/c 1
tree 0 'toMap { `../x` = "1" }' --allow-path-separators --allow-parent-directory
ok "allowed" test -e x
tree 1 '{ `` = "1" }'
expect "no --output" 1 "$straylight" dhall to-directory-tree number.dhall

cat >fix.dhall <<'END'
let User = < UserId : Natural | UserName : Text >
let Group = < GroupId : Natural | GroupName : Text >
let Access = { execute : Optional Bool, read : Optional Bool, write : Optional Bool }
let Mode = { user : Optional Access, group : Optional Access, other : Optional Access }
let Entry =
      \(content : Type) ->
        { name : Text
        , content : content
        , user : Optional User
        , group : Optional Group
        , mode : Optional Mode
        }
let plain = { user = None User, group = None Group, mode = None Mode }
let no = { execute = Some False, read = Some False, write = Some False }
in  \(tree : Type) ->
    \(make : { directory : Entry (List tree) -> tree, file : Entry Text -> tree }) ->
      [ make.directory
          (   plain
            // { name = "bin"
               , content =
                 [ make.file
                     (   plain
                       // { name = "run"
                          , content = "#!/bin/sh\n"
                          , mode = Some
                            { user = Some
                                { execute = Some True, read = Some True, write = None Bool }
                            , group = Some no
                            , other = Some no
                            }
                          }
                     )
                 ]
               }
          )
      , make.file (plain // { name = "readme", content = "text" })
      ]
END
tree 0 ./fix.dhall
ok "a file with a mode" sh -c 'test "$(stat -c %a made/bin/run)" = 700'
holds readme text
cat >binary.dhall <<'END'
let User = < UserId : Natural | UserName : Text >
let Group = < GroupId : Natural | GroupName : Text >
let Access = { execute : Optional Bool, read : Optional Bool, write : Optional Bool }
let Mode = { user : Optional Access, group : Optional Access, other : Optional Access }
let Entry =
      \(content : Type) ->
        { name : Text, content : content, user : Optional User, group : Optional Group, mode : Optional Mode }
let plain = { user = None User, group = None Group, mode = None Mode }
in  \(tree : Type) ->
    \(make : { directory : Entry (List tree) -> tree, file : Entry Text -> tree, binary-file : Entry Bytes -> tree }) ->
      [ make.directory
          (   plain
            // { name = "d"
               , content = [ make.binary-file (plain // { name = "b", content = 0x"00ff0a80" }), make.file (plain // { name = "t", content = "x" }) ]
               }
          )
      ]
END
tree 0 ./binary.dhall
ok "a file of Bytes" sh -c 'test "$(od -An -tx1 made/d/b | tr -d " ")" = 00ff0a80'
holds d/t x
tree 1 '\(x : Natural) -> x'
err_has "another function" "fixpoint"

# diff
expect "no difference" 0 "$straylight" dhall diff '\(x : Natural) -> x + 0' '\(y : Natural) -> y'
out_is "says nothing" /dev/null
expect "differences" 1 "$straylight" dhall diff \
    '{ a = 1, b = { c = [ 1, 2, 3 ], d = "x" }, e = 1, g = Some { h = True } }' \
    '{ a = 2, b = { c = [ 1, 3 ], d = "x" }, f = < A | B >.A, g = Some { h = False } }'
cat >.want <<'END'
- .a = 1
+ .a = 2
- .b.c[1] = 2
- .e = 1
+ .f = < A | B >.A
- .g.Some.h = True
+ .g.Some.h = False
END
out_is "only what differs" .want
echo '{ a : Natural, b : Text }' >one.dhall
echo '{ a : Integer, b : Text }' >two.dhall
expect "of types, in files" 1 "$straylight" dhall diff ./one.dhall ./two.dhall
printf -- '- .a : Natural\n+ .a : Integer\n' >.want
out_is "as paths" .want
expect "an error in one" 1 "$straylight" dhall diff 1 '1 + True'
err_has "says in which" "(second):1:5"
expect "one expression" 1 "$straylight" dhall diff 1

# tags
mkdir -p src/.hidden src/deep
printf 'let foo = { bar = 1 }\nlet U = < A | B : Natural >\nin foo\n' >src/a.dhall
echo 'let below = 1 in below' >src/deep/b.dhall
echo 'let = 1' >src/broken.dhall
echo 'let hidden = 1 in hidden' >src/.hidden/h.dhall
echo 'let other = 1 in other' >src/c.txt
expect "tags" 0 "$straylight" dhall tags --path src
ok "a name that let binds" grep -q "^let foo $(printf '\177')foo$(printf '\001')1,5\$" tags
ok "a field" grep -q "^let foo = { bar $(printf '\177')bar$(printf '\001')1,13\$" tags
ok "an alternative" grep -q "$(printf '\177')B$(printf '\001')2," tags
ok "a file below" grep -q '^src/deep/b.dhall,' tags
ok "its sizes are right" awk -v RS='\f\n' 'NR > 1 { n = index($0, "\n"); split(substr($0, 1, n - 1), head, ",")
    if (length(substr($0, n + 1)) != head[2]) exit 1 }' tags
not_ok "a file that does not parse" grep -q broken tags
not_ok "a hidden folder" grep -q hidden tags
not_ok "another ending" grep -q c.txt tags
expect "--suffixes and --output" 0 "$straylight" dhall tags --path src --suffixes .txt --output t
ok "another ending" grep -q '^src/c.txt,' t
expect "names from standard input" 0 sh -c 'echo src/c.txt | "$1" dhall tags --output t2' sh "$straylight"
ok "the named file" grep -q other t2

mkdir order
cat >order/o.dhall <<'END'
let e = { let_e = 1 }
let f = \(x : Natural) -> let inner = x in { a = { b = inner } }
in e
END
expect "--output -" 0 "$straylight" dhall tags --path order --output -
cp "$out" printed
not_ok "is standard output, no file" test -e ./-
ok "a name is a whole word, names are in order" sh -c '
    tr "\177\001" "||" <"$1" | sed -n "s/.*|\(.*|.*\)/\1/p" | tail -n +3 | tr "\n" " " >got
    echo "e|1,5 let_e|1,11 f|2,27 inner|2,53 a|2,68 b|2,74 " | tr -d "\n" | diff - got' sh printed

finish
