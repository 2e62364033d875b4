#!/bin/sh
# tests/standard.sh: the acceptance tests of the Dhall standard, by the real program.
#
# src/dhall/standard_test.c judges the same cases in one process. Here each is what a user would
# type, and imports over a network are fetched by armitage, over TLS, from servers on loopback
# (standard_server.c): the test runs in a network namespace of its own, where /etc/hosts says that
# the hosts of the suite are here. STRAYLIGHT_PRELUDE names a Prelude, for the cases that import it.
if [ -z "${STANDARD_INSIDE:-}" ]; then
    STANDARD_INSIDE=plain
    unshare -rnm true 2>/dev/null && STANDARD_INSIDE=net
    export STANDARD_INSIDE
    [ "$STANDARD_INSIDE" = plain ] || exec unshare -rnm sh "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"

suite=$(suite dhall-standard) || {
    skip "dhall-standard" "suite dhall-standard is not there"
    finish
}
mkdir dhall-lang
ln -s "$suite/tests" dhall-lang/tests
[ -z "${STRAYLIGHT_PRELUDE:-}" ] || ln -s "$STRAYLIGHT_PRELUDE" dhall-lang/Prelude
HOME=$suite/tests/import/home
DHALL_TEST_VAR='6 * 7'
export HOME DHALL_TEST_VAR
unset DHALL_TEST_UNSET UNSET UNSET1 UNSET2 UNSET3 DHALL_HEADERS
XDG_CACHE_HOME=$work/cache

# --- the world outside ---

# world_begin: the servers; status 1, and why in $reason, if they cannot be had.
world_begin() {
    reason="no network namespace (unshare)"
    [ "$STANDARD_INSIDE" = net ] || return 1
    reason="no test_standard_server: libssl-dev was not there when the build folder was made"
    [ -x "$build/test_standard_server" ] || return 1
    names="raw.githubusercontent.com prelude.dhall-lang.org httpbin.org test.dhall-lang.org"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
        -subj /CN=test-ca -keyout ca.key -out ca.pem 2>/dev/null
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=test \
        -keyout server.key -out server.csr 2>/dev/null
    echo "subjectAltName=$(echo "$names" | sed 's/^/DNS:/; s/ /,DNS:/g')" >san
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
        -extfile san -out server.pem 2>/dev/null
    echo "127.0.0.1 $names" >hosts
    reason="/etc/hosts cannot be another file here"
    mount --bind hosts /etc/hosts 2>/dev/null || return 1
    "$build/test_standard_server" "$suite/tests" "${STRAYLIGHT_PRELUDE:-/nowhere}" server.pem \
        server.key requests >ready &
    server=$!
    trap 'kill "$server" 2>/dev/null; clean_up' EXIT
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ ! -s ready ] || return 0
        sleep 0.1
    done
    reason="the servers do not start"
    return 1
}

# --- judges: each is given a case's path, without A.dhall or .dhall, and a file of it ---

# encoded FILE: its bytes, as it is written.
encoded() {
    "$straylight" dhall encode --file "$1"
}
# same FILE ARGUMENT...: what straylight dhall prints is, encoded, what FILE is.
same() {
    encoded "$1" >want.bytes || return 1
    shift
    dhall "$@" >got && encoded got >got.bytes && cmp got.bytes want.bytes
}
# fails ARGUMENT...: with a message, not with a signal.
fails() {
    fails_status=0
    dhall "$@" >got || fails_status=$?
    [ "$fails_status" -eq 1 ]
}
# dhall ARGUMENT...: with a cache as the suite has it.
dhall() {
    rm -rf "$XDG_CACHE_HOME"
    cp -r "$suite/tests/import/cache" "$XDG_CACHE_HOME"
    # shellcheck disable=SC2086 # a list of options, or none
    "$straylight" dhall "$@" $options
}
# The variables of a case, which are a List { mapKey : Text, mapValue : Text }.
variables_set() {
    [ -f "$1ENV.dhall" ] || return 0
    cat >variables.dhall <<'END'
let Entry = { mapKey : Text, mapValue : Text }

let quoted = \(text : Text) -> "'${Text/replace "'" "'\\''" text}'"

in  \(entries : List Entry) ->
      List/fold
        Entry
        entries
        Text
        ( \(entry : Entry) ->
          \(rest : Text) ->
            "export ${entry.mapKey}=${quoted entry.mapValue}\n${rest}"
        )
        ""
END
    echo "./variables.dhall (./$1ENV.dhall)" | "$straylight" dhall text >variables || return 1
    # shellcheck disable=SC1091
    . ./variables
}

parser_success() {
    want=$1B.dhallb
    [ -f "$want" ] || want=$1.dhallb # one case is without letters
    encoded "$2" >got && cmp got "$want"
}
parser_failure() {
    fails encode --file "$2"
}
decode_success() {
    same "$1B.dhall" decode --file "$2"
}
decode_failure() {
    fails decode --file "$2"
}
normalization_success() {
    dhall resolve --file "$2" >resolved && same "$1B.dhall" normalize --file resolved
}
alpha_success() {
    same "$1B.dhall" normalize --alpha --file "$2"
}
inference_success() {
    same "$1B.dhall" type --no-cache --file "$2"
}
inference_failure() {
    encoded "$2" >got && fails type --file "$2"
}
hash_success() {
    dhall hash --file "$2" >got && cmp got "$1B.hash"
}
import_success() {
    variables_set "$1" && dhall --ascii --file "$2" >got && dhall --ascii --file "$1B.dhall" >want &&
        cmp got want
}
import_failure() {
    encoded "$2" >got && variables_set "$1" && fails resolve --file "$2"
}

# --- all cases ---

# listed LIST FILE: is it a line of a list of the suite?
listed() {
    grep -qx "${2#dhall-lang/}" "$suite/$1"
}
# case_run JUDGE FILE ENDING
case_run() {
    run_name=${2#dhall-lang/tests/}
    case $run_name in
    parser/* | binary-decode/*) ;;
    *)
        if [ ! -e dhall-lang/Prelude ] && listed prelude-cases.txt "$2"; then
            prelude_skipped=$((prelude_skipped + 1))
            return
        fi
        if [ -n "$reason" ] && listed network-cases.txt "$2"; then
            skip "$run_name" "$reason"
            return
        fi
        ;;
    esac
    run_stem=${2%"$3"}
    case $1 in
    *_success) run_stem=${run_stem%A} ;;
    esac
    case $1 in
    normalization_* | alpha_*) # of terms that have no type too: no command makes those
        if ! dhall type --quiet --file "$2" >got 2>"$err"; then
            ill_typed=$((ill_typed + 1))
            return
        fi
        ;;
    esac
    # In a process of its own: variables of a case are not those of the next.
    if (exec 2>"$err" && "$1" "$run_stem" "$2"); then
        tap_ok "$run_name"
    else
        tap_not_ok "$run_name"
    fi
}
# cases FOLDER ENDING JUDGE: all of a folder.
cases() {
    find -L "dhall-lang/tests/$1" -type f -name "*$2" ! -name '*ENV.dhall' ! -name "*B.dhall" |
        sort >list
    while read -r file; do
        case_run "$3" "$file" "$2"
    done <list
}

options=
if world_begin; then
    reason=
    options="--ca-file $work/ca.pem"
fi
prelude_skipped=0
ill_typed=0
cases parser/success .dhall parser_success
cases parser/failure .dhall parser_failure
cases binary-decode/success .dhallb decode_success
cases binary-decode/failure .dhallb decode_failure
cases normalization/success .dhall normalization_success
cases alpha-normalization/success .dhall alpha_success
cases type-inference/success .dhall inference_success
cases type-inference/failure .dhall inference_failure
cases semantic-hash/success .dhall hash_success
cases import/success .dhall import_success
cases import/failure .dhall import_failure
[ "$ill_typed" -eq 0 ] || skip "$ill_typed terms to normalise" \
    "they have no type; dhall_standard_test judges them"
[ "$prelude_skipped" -eq 0 ] || skip "$prelude_skipped cases with the Prelude" \
    "no Prelude (STRAYLIGHT_PRELUDE names its folder)"

# The cases went over the wire.
data=dhall-lang/dhall-lang/master/tests/import/data
for asked in "httpbin.org /user-agent" "test.dhall-lang.org /bar" \
    "test.dhall-lang.org /cors/Null.dhall" \
    "raw.githubusercontent.com /$data/cors/OnlyGithub.dhall"; do
    if [ -n "$reason" ]; then
        skip "asked: https $asked" "$reason"
    else
        ok "asked: https $asked" grep -qxF "https $asked" requests
    fi
done
finish
