#!/bin/sh
# tests/cli.sh: the command line itself: help, wrong use, exit status, completions.
. "$(dirname "$0")/lib.sh"

expect "--version" 0 "$straylight" --version
out_has "--version says the version" "straylight 0."
version=$(sed 's/straylight //' "$out")
ok "meson.build has the same version" grep -q "version: '$version'" "$top/meson.build"
ok "CHANGELOG.md has the same version" grep -q "^## $version" "$top/CHANGELOG.md"

expect "--help" 0 "$straylight" --help
out_has "--help lists the commands" "  version "
expect "no command" 2 "$straylight"
expect "help of an unknown command" 2 "$straylight" help frobnicate
expect "unknown command" 2 "$straylight" vresion
err_has "unknown command: near miss" 'did you mean "straylight version"?'
out_lacks "unknown command: nothing on stdout" " "
expect "unknown option" 2 "$straylight" version --colour=never
err_has "unknown option: near miss" "did you mean --color?"
err_has "unknown option: where help is" 'see "straylight version --help"'
expect "unknown first option" 2 "$straylight" --frobnicate

"$straylight" complete commands >commands
ok "there are commands" test -s commands
while read -r command; do
    # shellcheck disable=SC2086 # a command's name is one or two words
    expect "$command --help" 0 "$straylight" $command --help
    out_has "$command --help has the usage" "usage: straylight $command"
    misuse=2
    case $command in dhall*) misuse=1 ;; esac # as of dhall's own program
    # shellcheck disable=SC2086
    expect "$command --frobnicate" $misuse "$straylight" $command --frobnicate
    # shellcheck disable=SC2086
    "$straylight" $command --help >"$out"
    if awk 'length($0) > 100 { exit 1 }' "$out"; then
        tap_ok "$command --help fits a terminal"
    else
        tap_not_ok "$command --help fits a terminal"
    fi
done <commands

# A full standard output is told, not lost.
expect "full standard output" 3 sh -c '"$1" --help >/dev/full' sh "$straylight"
err_has "full standard output is told" "cannot write to standard output"

expect "colour when asked for" 2 "$straylight" version --color=always extra
err_has "colour is there" "$(printf '\033[')"
expect "no colour otherwise" 2 "$straylight" version extra
err_lacks "colour is not there" "$(printf '\033[')"

# Completion scripts.
for shell in bash zsh fish; do
    expect "complete $shell" 0 "$straylight" complete "$shell"
    cp "$out" "script.$shell"
    case $shell in
    fish) syntax="fish --no-execute" ;;
    *) syntax="$shell -n" ;;
    esac
    if command -v "$shell" >/dev/null; then
        # shellcheck disable=SC2086
        ok "$shell takes the script" $syntax "script.$shell"
    else
        skip "$shell takes the script" "$shell is not installed"
    fi
done
expect "complete nonsense" 2 "$straylight" complete tcsh

# Labels: what a workspace describes, without building any of it.
mkdir -p ws/pkg/sub ws/broken
cp -r "$top/dhall" ws/
echo 'let W = ./dhall/config/v1.dhall in W.Workspace::{ name = "ws", packages = W.Packages.Path "./dhall" }' \
    >ws/straylight.dhall
cat >ws/pkg/BUILD.dhall <<'EOF'
let D = ../dhall/dice/v1.dhall

in  { first = D.nothing // { label = ":first" }, second = D.nothing // { label = ":second" } }
EOF
echo '{ other = (../../dhall/dice/v1.dhall).nothing // { label = ":other" } }' >ws/pkg/sub/BUILD.dhall
echo '{ this is not Dhall' >ws/broken/BUILD.dhall
cd ws || exit 1
printf '//pkg/sub:other\n//pkg:first\n//pkg:second\n' >../all
expect "labels of a workspace" 0 "$straylight" complete labels //p
sort "$out" >../sorted
ok "all of them, but those of a broken package" cmp ../all ../sorted
expect "labels that begin so" 0 "$straylight" complete labels //pkg:f
echo //pkg:first >../one
out_is "only those" ../one
cd pkg || exit 1
expect "labels of the folder one is in" 0 "$straylight" complete labels :s
echo :second >../../one
out_is "in the short form" ../../one
cd "$work" || exit 1
expect "labels outside of a workspace" 0 "$straylight" complete labels //
: >none
out_is "there are none" none

# What bash would offer: words of the line so far, the last one is being completed.
bash_offers() {
    PATH=$build:$PATH bash -c '
        source ./script.bash
        COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _straylight
        printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}
if command -v bash >/dev/null; then
    expect "bash completes a command" 0 bash_offers straylight ver
    out_has "bash offers version" "version"
    expect "bash completes an option" 0 bash_offers straylight version --col
    out_has "bash offers --color" "--color"
    expect "bash completes a choice" 0 bash_offers straylight version --color al
    out_has "bash offers always" "always"
    printf '#!/bin/sh\ncd "%s/ws" && exec "%s" "$@"\n' "$work" "$straylight" >straylight
    chmod +x straylight
    if "$straylight" complete commands | grep -qx build; then
        expect "bash completes a label" 0 env PATH="$work:$PATH" bash -c '
            source ./script.bash
            COMP_LINE="straylight build //pkg:f" COMP_POINT=${#COMP_LINE}
            COMP_WORDS=(straylight build //pkg : f) COMP_CWORD=4
            _straylight
            printf "%s\n" "${COMPREPLY[@]}"'
        echo first >one
        out_is "bash offers what is behind the colon" one
    fi
else
    skip "bash completes" "bash is not installed"
fi

if command -v fish >/dev/null; then
    expect "fish completes a command" 0 fish -c 'source script.fish; complete -C "straylight ver"'
    out_has "fish offers version" "version"
    expect "fish completes an option" 0 \
        fish -c 'source script.fish; complete -C "straylight version --col"'
    out_has "fish offers --color" "--color"
else
    skip "fish completes" "fish is not installed"
fi
if command -v zsh >/dev/null; then
    expect "zsh loads the script" 0 \
        zsh -f -c 'autoload -U compinit && compinit -u -d ./zcompdump && source ./script.zsh && whence -w _straylight'
    out_has "zsh has the function" "_straylight: function"
else
    skip "zsh loads the script" "zsh is not installed"
fi

# Manual pages.
while read -r command; do
    page=$top/man/straylight-$(echo "$command" | tr ' ' '-').1
    # shellcheck disable=SC2086
    "$straylight" complete mdoc $command >mdoc
    awk '/^\.Sh / { on = $2 == "SYNOPSIS" || $2 == "OPTIONS" } on' "$page" >page
    ok "man page of $command has the table's options" cmp page mdoc
done <commands
for page in "$top"/man/*.1; do
    if command -v mandoc >/dev/null; then
        ok "mandoc -T lint $(basename "$page")" mandoc -T lint -W warning "$page"
    else
        skip "mandoc -T lint $(basename "$page")" "mandoc is not installed"
    fi
done
finish
