# shellcheck shell=sh disable=SC2034
# tests/lib.sh: what the tests of the real programs share; POSIX sh, speaks TAP.
#
#   . "$(dirname "$0")/lib.sh"            temporary folder, own store, then:
#   expect "title" STATUS command...      exit status; stdout and stderr are in $out and $err
#   out_has "title" TEXT                  the last command's stdout holds TEXT (err_has: stderr)
#   out_is "title" FILE                   ... is this file, byte for byte
#   ok "title" command...                 command succeeds (its output is shown if not)
#   not_ok "title" command...             command fails
#   skip "title" "reason"
#   suite NAME                            path of an acceptance suite on stdout, or status 1
#   workspace_make DIR     a workspace there: this repository's Dhall packages, the C compiler pinned
#   workspace_two_make DIR [TEXT]  ... with a program //app of a library //lib; TEXT: app's other targets
#   package DIR <<END      DIR/BUILD.dhall: C and D (rules, data) are there, the text goes on
#   finish                                the plan; must be the last line
#
# A test writes only below $work, and its store is $STRAYLIGHT_STORE in there.
set -u

top=$(cd "$(dirname "$0")/.." && pwd -P)
build=${STRAYLIGHT_BUILD:-$top/build}
straylight=$build/straylight
armitage=$build/armitage
suites=${STRAYLIGHT_SUITES:-$top/../shared}
work=$(mktemp -d "${TMPDIR:-/tmp}/straylight-test.XXXXXX") || exit 1
out=$work/.stdout
err=$work/.stderr
tap_count=0
tap_failed=0

# Read-only folders of a store would stop rm.
clean_up() {
    cd / || exit 1
    chmod -R u+rwX "$work" 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

STRAYLIGHT_STORE=$work/.store
HOME=$work/.home
XDG_CACHE_HOME=$HOME/.cache
XDG_CONFIG_HOME=$HOME/.config
mkdir -p "$XDG_CACHE_HOME" "$XDG_CONFIG_HOME"
export STRAYLIGHT_STORE HOME XDG_CACHE_HOME XDG_CONFIG_HOME
unset NO_COLOR LIBRARY_PATH CPATH C_INCLUDE_PATH LD_LIBRARY_PATH MAKEFLAGS
LC_ALL=C.UTF-8
export LC_ALL
cd "$work" || exit 1
: >"$out"
: >"$err"

tap_ok() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1"
}

# What the last command printed goes with the failure, as TAP comments.
tap_not_ok() {
    tap_count=$((tap_count + 1))
    tap_failed=$((tap_failed + 1))
    echo "not ok $tap_count - $1"
    shift
    for tap_line in "$@"; do
        echo "# $tap_line"
    done
    sed 's/^/#  out: /' "$out" | head -n 60
    sed 's/^/#  err: /' "$err" | head -n 60
}

expect() {
    tap_title=$1
    tap_want=$2
    shift 2
    tap_status=0
    "$@" >"$out" 2>"$err" </dev/null || tap_status=$?
    if [ "$tap_status" -eq "$tap_want" ]; then
        tap_ok "$tap_title"
    else
        tap_not_ok "$tap_title" "status $tap_status, not $tap_want: $*"
    fi
}

ok() {
    tap_title=$1
    shift
    if "$@" >"$out" 2>"$err" </dev/null; then
        tap_ok "$tap_title"
    else
        tap_not_ok "$tap_title" "status $?: $*"
    fi
}

not_ok() {
    tap_title=$1
    shift
    if "$@" >"$out" 2>"$err" </dev/null; then
        tap_not_ok "$tap_title" "status 0: $*"
    else
        tap_ok "$tap_title"
    fi
}

tap_has() {
    if grep -qF -e "$3" "$1"; then
        tap_ok "$2"
    else
        tap_not_ok "$2" "nowhere: $3"
    fi
}

out_has() {
    tap_has "$out" "$1" "$2"
}

err_has() {
    tap_has "$err" "$1" "$2"
}

tap_lacks() {
    if grep -qF -e "$3" "$1"; then
        tap_not_ok "$2" "is there: $3"
    else
        tap_ok "$2"
    fi
}

out_lacks() {
    tap_lacks "$out" "$1" "$2"
}

err_lacks() {
    tap_lacks "$err" "$1" "$2"
}

out_is() {
    if cmp -s "$out" "$2"; then
        tap_ok "$1"
    else
        tap_not_ok "$1" "differs from $2"
        diff "$2" "$out" | sed 's/^/# diff: /' | head -n 40
    fi
}

skip() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}

# Where it is absent: skip "title" "suite NAME is not there". .ci/run looks for "suite NAME".
suite() {
    if [ -d "$suites/$1" ]; then
        echo "$suites/$1"
    else
        return 1
    fi
}

workspace_make() {
    mkdir -p "$1" && cp -r "$top/dhall" "$1/dhall" && rm -f "$1/dhall/BUILD.dhall" || return 1
    cat >"$1/straylight.dhall" <<'END'
let W = ./dhall/config/v1.dhall

in  W.Workspace::{ name = "test", packages = W.Packages.Path "./dhall" }
END
    (cd "$1" && "$straylight" toolchain add cc >"$out" 2>"$err") && return 0
    cat "$err"
    return 1
}

package() {
    mkdir -p "$1"
    up=$(echo "./$1" | sed 's#^\./\.$#.#; s#/[^/]*#/..#g; s#^\./##')
    case $1 in
    .) up=. ;;
    esac
    {
        echo "let D = $up/dhall/dice/v1.dhall"
        echo "let C = ($up/dhall/rules/c/v1.dhall).with-toolchain ($up/toolchains.dhall).native"
        cat
    } >"$1/BUILD.dhall"
}

# lib/two.c and two.h make //lib, app/main.c makes //app of it.
workspace_two_make() {
    workspace_make "$1" || return 1
    (
        cd "$1" || exit 1
        package lib <<'END'
in  { lib = C.library C.Library::{ name = "lib", srcs = [ "two.c" ], hdrs = [ "two.h" ], include = [ "." ] } }
END
        package app <<END
in  { app = C.binary C.Binary::{ name = "app", srcs = [ "main.c" ], deps = [ D.at "//lib" ] }${2:-} }
END
        echo 'int two(void);' >lib/two.h
        echo '#include "two.h"
int two(void) { return 2; }' >lib/two.c
        echo '#include "two.h"
int main(void) { return two() - 2; }' >app/main.c
    )
}

finish() {
    echo "1..$tap_count"
    exit $((tap_failed > 0))
}
