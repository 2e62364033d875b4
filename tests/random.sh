#!/bin/sh
# tests/random.sh [FACTOR]: random edits of random projects, and builds that are killed at random
# moments. FACTOR: that many times as many steps (./dev night), with further seeds.
. "$(dirname "$0")/lib.sh"
factor=${1:-1}

workspace_make ws || exit 1
(cd ws && STRAYLIGHT_STORE=$work/clean "$straylight" toolchain add cc >/dev/null) || exit 1

# random KIND SEED STEPS
random() {
    rm -rf ws/out ws/app ws/l[0-9]*
    ok "$1, seed $2, $3 steps" python3 "$top/tests/random_edits.py" \
        "$straylight" "$work/ws" "$STRAYLIGHT_STORE" "$work/clean" "$1" "$2" "$3"
}

seed=1
while [ $seed -le "$factor" ]; do
    random edits $((seed * 2)) 12
    random edits $((seed * 2 + 1)) 12
    random kills $((seed * 2)) 20
    seed=$((seed + 1))
done

finish
