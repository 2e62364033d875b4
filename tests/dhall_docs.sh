#!/bin/sh
# tests/dhall_docs.sh: docs/dhall.md: each "sh" block runs, each "text" block is exactly what the one
# before it printed.
. "$(dirname "$0")/lib.sh"

awk -v to="$work/block" '
    /^```[a-z]/ { kind = substr($1, 4); number++; inside = 1
                  file = sprintf("%s.%03d.%s", to, number, kind); printf "" >file; next }
    /^```$/     { inside = 0; next }
    inside      { print >file }' "$top/docs/dhall.md"

PATH=$build:$PATH
export PATH
unset EXTRA
mkdir here && cd here || exit 1
steps=0
for block in "$work"/block.*; do
    case $block in
    *.sh)
        steps=$((steps + 1))
        bash "$block" >"$out" 2>&1 </dev/null
        ;;
    *.text)
        out_is "step $steps prints what the page says" "$block"
        ;;
    esac
done
ok "all steps were there" test "$steps" -ge 10

finish
