#!/bin/sh
# tests/srcs.sh: files that BUILD.dhall does not list are proposed, and its lists edited in place.
. "$(dirname "$0")/lib.sh"
PATH=$build:$PATH
export PATH

cp -r "$top/dhall" .
echo 'let W = ./dhall/config/v1.dhall in W.Workspace::{ name = "ws", packages = W.Packages.Path "./dhall" }' \
    >straylight.dhall
mkdir -p p/deep p/other
# A toolchain that is never run: this test builds nothing.
cat >toolchains.dhall <<'EOF'
let T = ./dhall/targets/v1.dhall

let Tc = ./dhall/toolchains/v1.dhall

let host = T.x86_64-linux { cpu = T.X86_64.generic }

in  { native =
      { compiler =
          Tc.Compiler.Gcc
            { version = "12.2.0"
            , tree =
              { at = "/"
              , digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/0"
              }
            }
      , host
      , target = host
      , flags = [] : List Tc.Flag
      , linker = None Tc.Linker
      , sysroot = None Tc.Artifact
      }
    }
EOF
cat >p/BUILD.dhall <<'EOF'
-- My package.
let C = (../dhall/rules/c/v1.dhall).with-toolchain (../toolchains.dhall).native

let greet =
      C.library
        C.Library::{
        , name = "greet" -- the name
        , srcs =
          [ "a.c" -- first
          , "c.c"
          ]
        , hdrs = [ "greet.h" ]
        }

let greet_test =
      C.test C.Test::{ name = "greet_test", srcs = [ "greet_test.c" ], deps = [ greet ] }

in  { greet, greet_test }
EOF
for file in a.c b.c c.c greet_test.c more_test.c greet.h x.h deep/d.c other/o.c notes.txt .hidden.c; do
    echo "/* $file */" >p/$file
done
ln -s a.c p/link.c
echo '{=}' >p/other/BUILD.dhall
cp p/BUILD.dhall before

expect "it proposes" 0 straylight srcs //p:greet
for line in "srcs b.c" "srcs deep/d.c" "hdrs x.h"; do
    out_has "$line" "  $line"
done
for file in a.c greet.h _test.c other notes hidden link; do
    out_lacks "not $file" "$file"
done
ok "without an answer nothing is changed" cmp before p/BUILD.dhall
expect "no" 0 sh -c 'echo n | straylight srcs //p:greet'
ok "nothing is changed" cmp before p/BUILD.dhall
expect "as JSON" 0 straylight srcs --json //p:greet_test
out_has "a test gets tests alone" '[{"list":"srcs","path":"more_test.c"}]'
ok "nothing is changed" cmp before p/BUILD.dhall

expect "yes" 0 sh -c 'echo y | straylight srcs //p:greet'
out_has "it says how many" "3 added"
sed -e 's/^          , "c.c"/          , "b.c"\n          , "c.c"\n          , "deep\/d.c"/' \
    -e 's/\[ "greet.h" \]/[ "greet.h", "x.h" ]/' before >want
ok "the lists have them, in order; all else is as it was" diff want p/BUILD.dhall
expect "once more" 0 straylight srcs //p:greet
out_has "nothing is left" "every file that suits //p:greet is listed"

cp p/BUILD.dhall before
printf '#!/bin/sh\nsed -i /more_test/d "$1"\n' >editor
chmod +x editor
expect "an editor that takes it out" 0 \
    env EDITOR="$work/editor" sh -c 'echo edit | straylight srcs //p:greet_test'
ok "nothing is changed" cmp before p/BUILD.dhall
expect "an editor that fails" 1 \
    env EDITOR=false sh -c 'echo edit | straylight srcs //p:greet_test'
err_has "it is told" "false failed; nothing was changed"
printf '#!/bin/sh\necho "srcs nonsense.c" >>"$1"\n' >editor
expect "an editor that adds what was not proposed" 1 \
    env EDITOR="$work/editor" sh -c 'echo edit | straylight srcs //p:greet_test'
err_has "it is told" '"srcs nonsense.c" is no line that was proposed'
ok "nothing is changed" cmp before p/BUILD.dhall
expect "an editor that leaves it" 0 \
    env VISUAL=true EDITOR=false sh -c 'printf "what\nedit\n" | straylight srcs //p:greet_test'
ok "it is added" grep -q '"greet_test.c", "more_test.c" \]' p/BUILD.dhall

newline=$(printf 'p/a\nb.c')
: >"$newline"
expect "a file that no list can name" 0 sh -c 'echo n | straylight srcs //p:greet'
out_has "is left out, and told" "left out, since its name has a control character: a?b.c"
rm "$newline"

cd p || exit 1
expect "a short label" 0 straylight srcs :greet
expect "an unknown target" 1 straylight srcs :gret
err_has "near miss" "did you mean //p:greet?"
expect "no label" 1 straylight srcs ':a:b'
sed -i 's/srcs = \[ "greet_test.c"/srcs = [ 1 + "greet_test.c"/' BUILD.dhall
expect "a package that is wrong" 1 straylight srcs :greet
err_has "says where" "BUILD.dhall:"
finish
