#!/bin/sh
# tests/dhall_errors.sh: what `straylight dhall` says about programs that are wrong, word for word.
#
# dhall_errors/*.txt are cases: a line "== title", the program, a line "--", what is said. What a
# program may import lies in dhall_errors/files. With --update they are written anew; read the
# difference.
. "$(dirname "$0")/lib.sh"
update=${1:-}

cp -r "$top"/tests/dhall_errors/files/. .
for cases in "$top"/tests/dhall_errors/*.txt; do
    rm -rf parts
    mkdir parts
    awk '
        /^== / { n++; name = sprintf("parts/%03d", n); print substr($0, 4) >(name ".title"); out = name ".dhall"; next }
        /^--$/ { out = name ".want"; next }
        { print >out }
    ' "$cases"
    : >updated
    for title in parts/*.title; do
        stem=${title%.title}
        cp "$stem.dhall" input.dhall
        expect "$(basename "$cases" .txt): $(cat "$title")" 1 "$straylight" dhall input.dhall
        if cmp -s "$err" "$stem.want"; then
            tap_ok "... word for word"
        else
            [ "$update" = --update ] || diff "$stem.want" "$err" | sed 's/^/# /'
            tap_not_ok "... word for word"
        fi
        { printf '== ' && cat "$title" "$stem.dhall" && echo -- && cat "$err"; } >>updated
    done
    [ "$update" != --update ] || cp updated "$cases"
done
finish
