#!/bin/sh
# tests/tutorial.sh: docs/tutorial.md, step by step: each "sh" block runs, each "text" block's lines
# are in what the one before it printed, "file NAME" blocks are written, "build" blocks become the
# end of BUILD.dhall.
. "$(dirname "$0")/lib.sh"

# Blocks as files NUMBER.KIND, in order.
awk -v to="$work/block" '
    /^```[a-z]/ { kind = substr($1, 4); name = $2; number++; inside = 1
                  file = sprintf("%s.%03d.%s", to, number, kind); printf "" >file
                  if (name != "") print name >(file ".name"); next }
    /^```$/     { inside = 0; next }
    inside      { print >file }' "$top/docs/tutorial.md"

PATH=$build:$PATH
export PATH
cd "$work" || exit 1
steps=0
for block in "$work"/block.*; do
    case $block in
    *.sh)
        steps=$((steps + 1))
        title="step $steps: $(head -n 1 "$block" | tr -d '\\' | cut -c 1-60)"
        # Both outputs together, as a person sees them; the next step goes on in the same folder.
        if sh -ec '. "$1"; pwd >"$2"' sh "$block" "$work/.folder" >"$out" 2>&1 </dev/null; then
            tap_ok "$title"
        else
            tap_not_ok "$title"
        fi
        cd "$(cat "$work/.folder")" || exit 1
        ;;
    *.text)
        while read -r line; do
            out_has "step $steps prints: $line" "$line"
        done <"$block"
        ;;
    *.file)
        cp "$block" "$(cat "$block.name")"
        ;;
    *.build)
        sed -i '/^let hello/,$d' BUILD.dhall
        cat "$block" >>BUILD.dhall
        ;;
    esac
done
ok "all steps were there" test "$steps" -ge 9

finish
