#!/bin/sh
# tests/dhall_flags.sh: every option of the dhall program and its companions (dhall-to-json,
# dhall-to-yaml, json-to-dhall, yaml-to-dhall) has its name, its meaning and its exit status here.
. "$(dirname "$0")/lib.sh"

printf '{ b = 1, a = None Natural }\n' >plain.dhall
printf '\\(x : Natural) -> x\n' >function.dhall
printf -- '-- a header\n[ { mapKey = "k", mapValue = 1 } ]\n' >map.dhall
printf '"text"\n' >text.dhall
printf '{ `f.txt` = "x" }\n' >tree.dhall
printf '{ x = ./plain.dhall }\n' >import.dhall
printf '{ Point = { Type = { x : Natural }, default = {=} } }\n' >schemas.dhall
printf '1\n' >one.dhall
printf '{ a : Natural, z : Natural }\n' >both.dhall
printf '{ a : Natural }\n' >a.dhall
printf '{ a : < N : Natural >, z : Natural }\n' >union.dhall
printf '{"a":1,"z":2}\n' >one.json
"$straylight" dhall encode --file plain.dhall >plain.cbor
"$straylight" dhall encode --json --file plain.dhall >plain.cbor.json
echo './plain.dhall' >files

# STATUS | ARGUMENTS | what standard output holds ("": nothing is asked)
while IFS='|' read -r status arguments text; do
    # shellcheck disable=SC2086 # arguments are words, and have no blanks of their own
    expect "dhall $arguments" "$status" "$straylight" dhall $arguments
    if [ -n "$text" ]; then
        out_has "... prints $text" "$text"
    fi
done <<'END'
0|--file plain.dhall|a = None Natural
0|--file plain.dhall --annotate| : { a : Optional Natural
0|--file function.dhall --alpha|\(_ : Natural) -> _
0|--file plain.dhall --no-cache|b = 1
0|--file plain.dhall --output out.dhall|
0|--version|23.1.0
0|--file function.dhall --unicode|λ(x : Natural)
0|--file function.dhall --ascii --plain --explain --censor|\(x : Natural)
0|--explain type --file plain.dhall|Optional Natural
0|type --file plain.dhall --no-cache|Optional Natural
0|type --file plain.dhall --quiet|
0|normalize --file function.dhall --alpha|\(_ : Natural)
1|normalize --file import.dhall|
0|resolve --file import.dhall --no-cache|b = 1
0|resolve --file import.dhall --dot|digraph
0|resolve --file import.dhall --immediate-dependencies|./plain.dhall
0|resolve --file import.dhall --transitive-dependencies|plain.dhall
1|resolve --file import.dhall --dot --immediate-dependencies|
0|hash --file plain.dhall|sha256:
0|hash --file plain.dhall --cache|sha256:
0|format plain.dhall|
0|format plain.dhall --inplace|
0|format --inplace plain.dhall function.dhall|
0|format --check plain.dhall|
0|format --transitive import.dhall --ascii|
0|freeze --all --cache import.dhall|
0|freeze --check --all --cache import.dhall|
0|freeze --transitive import.dhall|
0|freeze --inplace import.dhall|
0|lint import.dhall|
0|lint --check import.dhall|
0|lint --inplace --transitive import.dhall|
1|rewrite-with-schemas --inplace plain.dhall|
0|rewrite-with-schemas --schemas ./schemas.dhall --inplace plain.dhall|
0|rewrite-with-schemas --schemas ./schemas.dhall --check plain.dhall|
0|text --file text.dhall|text
0|text --file text.dhall --output out.txt|
1|text --file plain.dhall|
0|to-directory-tree --file tree.dhall --output tree|
0|to-directory-tree --file tree.dhall --output tree --allow-absolute-paths --allow-parent-directory --allow-path-separators|
1|to-directory-tree --file tree.dhall|
0|encode --file plain.dhall --json|[
0|decode --file plain.cbor|b = 1
0|decode --file plain.cbor --quiet|
0|decode --file plain.cbor.json --json|b = 1
0|diff ./one.dhall ./one.dhall|
1|diff ./one.dhall ./text.dhall|- 1
1|diff ./one.dhall|
0|tags --path . --output out.tags|
0|tags --path . --output out.tags --suffixes .dhall|
0|tags --path . --output out.tags --suffixes= --follow-symlinks|
0|to-json --file plain.dhall|"b": 1
0|to-json --file plain.dhall --pretty|"b": 1
0|to-json --file plain.dhall --compact|{"b":1}
0|to-json --file plain.dhall --compact --preserve-null|{"a":null,"b":1}
0|to-json --file plain.dhall --omit-empty --output out.json|
0|to-json --file map.dhall --compact|{"k":1}
0|to-json --file map.dhall --compact --no-maps|[{"mapKey":"k","mapValue":1}]
0|to-json --file map.dhall --compact --key mapKey --value mapValue|{"k":1}
0|to-json --file map.dhall --compact --key name|[{"mapKey":"k","mapValue":1}]
0|to-json --file plain.dhall --approximate-special-doubles --explain|
0|to-json --version|23.1.0
1|to-json --file plain.dhall --compact --pretty|
1|to-json --file plain.dhall --omit-empty --preserve-null|
1|to-json --file plain.dhall --no-maps --key k|
0|to-yaml --file plain.dhall|b: 1
0|to-yaml --file text.dhall --quoted|"text"
0|to-yaml --file map.dhall --documents|---
0|to-yaml --file map.dhall --generated-comment|# Code generated
0|to-yaml --file map.dhall --preserve-header|# a header
0|to-yaml --file plain.dhall --omit-empty --no-maps --output out.yaml --explain|
0|to-yaml --file plain.dhall --preserve-null --key k --value v|a: null
0|to-yaml --version|23.1.0
0|from-json --file one.json|{ a = 1, z = 2 }
0|from-json type --file one.json|{ a : Natural, z : Natural }
0|from-json ./both.dhall --file one.json --records-strict|a = 1
1|from-json ./a.dhall --file one.json|
0|from-json ./a.dhall --file one.json --records-loose|{ a = 1 }
0|from-json ./union.dhall --file one.json --unions-first|N
0|from-json ./union.dhall --file one.json --unions-strict|N
1|from-json ./union.dhall --file one.json --unions-none|
0|from-json ./both.dhall --file one.json --version|23.1.0
0|from-json --file one.json --no-keyval-arrays --no-keyval-maps --omissible-lists --ascii --plain --output out.dhall|
0|from-json -V|23.1.0
1|from-json --file one.json --records-strict --records-loose|
1|from-json --file one.json --unions-first --unions-none|
0|from-yaml --file one.json|{ a = 1, z = 2 }
0|from-yaml type --file one.json --ascii --plain|{ a : Natural, z : Natural }
0|from-yaml --version|23.1.0
1|--file missing.dhall|
1|--no-such-option|
1|type --file|
1|--file function.dhall --ascii --unicode|
0|--help|usage:
0|type --help|usage:
END
ok "--output wrote the file" test -s out.dhall
finish
