#!/bin/sh
# tests/doctor.sh: what doctor says of a sound machine, and of one without a store.
. "$(dirname "$0")/lib.sh"

status=0
"$straylight" doctor >"$out" 2>"$err" || status=$?
out_has "the kernel" "$(uname -r)"
out_has "the store" "$STRAYLIGHT_STORE"
out_has "disk space" "MiB free"
out_has "the second program" "$armitage"
if [ "$status" -eq 0 ]; then
    tap_ok "this machine can build"
    out_lacks "nothing that is needed fails" "FAILED"
else
    # Whatever it is, doctor must say what to do about it.
    out_has "what fails is marked" "FAILED"
    out_has "and there is help" "help:"
    ok "status 3" test "$status" -eq 3
fi
expect "no store" 3 env STRAYLIGHT_STORE=/proc/nowhere "$straylight" doctor
out_has "the store fails" "FAILED  store"
expect "JSON" "$status" "$straylight" doctor --json
out_has "has the kernel" '{"name":"kernel","works":true,'
if command -v python3 >/dev/null; then
    cp "$out" json
    ok "JSON is JSON" python3 -m json.tool json
fi
finish
