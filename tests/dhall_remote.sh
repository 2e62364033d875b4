#!/bin/sh
# tests/dhall_remote.sh: imports over a network, through armitage, from servers on loopback.
#
# "localhost" and "127.0.0.1" are two origins of one server.
. "$(dirname "$0")/lib.sh"

server=
trap 'kill $server $tls_server 2>/dev/null; clean_up' EXIT
tls_server=
mkdir site
"$build/test_http_server" site >port &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ -s port ] && break
    sleep 0.1
done
port=$(cat port)
here=http://localhost:$port
there=http://127.0.0.1:$port

# raw PATH BODY HEADER...: what the server sends for it, whole.
raw() {
    raw_path=site/$1.http
    raw_body=$2
    shift 2
    {
        printf 'HTTP/1.1 200 OK\r\n'
        for raw_header in "$@"; do
            printf '%s\r\n' "$raw_header"
        done
        printf 'Content-Length: %d\r\nConnection: close\r\n\r\n%s' "${#raw_body}" "$raw_body"
    } >"$raw_path"
}
# redirect PATH URL
redirect() {
    printf 'HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc' \
        "$2" >"site/$1.http"
}
# evaluates STATUS TEXT [ARGUMENT...]
evaluates() {
    printf '%s\n' "$2" >input.dhall
    evaluates_want=$1
    evaluates_text=$2
    shift 2
    expect "$(echo "$evaluates_text" | head -n 1 | sed "s/$port/PORT/g")" "$evaluates_want" \
        "$straylight" dhall "$@" input.dhall
}
shows() {
    printf '%s\n' "$2" >want
    out_is "$1" want
}

echo '1 + 1' >site/two.dhall
echo './two.dhall + 1' >site/three.dhall
evaluates 0 "$here/two.dhall"
shows "an import over http" 2
evaluates 0 "$here/three.dhall"
shows "a relative import of a remote file" 3
evaluates 0 "$here/two.dhall as Text"
shows "as Text" "''
1 + 1
''"
evaluates 0 "$here/two.dhall as Bytes"
shows "as Bytes" '0x"31202b20310a"'
evaluates 1 "$here/absent.dhall"
err_has "the status is told" "status 404"
err_has "so is the place" "input.dhall:1:1"
evaluates 0 "$here/absent.dhall ? 5"
shows "? takes the other side" 5
evaluates 0 "http://localhost:1/nobody ? 6"
shows "... of what nobody serves too" 6
printf 'this is no HTTP\n' >site/garbage.http
evaluates 0 "$here/garbage ? 8"
shows "... of what does not speak HTTP" 8
evaluates 0 "http://nobody:99999/x ? 9"
shows "... of what is no URL to curl" 9
evaluates 1 "$here/garbage"
err_has "which is said" "input.dhall:1:1: error: cannot fetch $here/garbage: what answers there does not speak HTTP"
echo '1 +' >site/wrong.dhall
evaluates 1 "$here/wrong.dhall ? 7"
err_has "a mistake there is final" "wrong.dhall:"
evaluates 1 "https://straylight.cx/none/v1.dhall ? 1"
err_has "our own packages are never fetched" "is not one of the packages that straylight holds"

# Once a run; frozen ones once and for all.
: >site/requests
evaluates 0 "[ $here/two.dhall, $here/two.dhall ]"
ok "one file is fetched once" sh -c "test \$(grep -c '^GET /two.dhall ' site/requests) -eq 1"
hash=$(echo 2 | "$straylight" dhall hash)
evaluates 0 "$here/two.dhall $hash"
: >site/requests
evaluates 0 "$here/two.dhall $hash"
out_has "a frozen import" 2
ok "is not fetched again" sh -c "! grep -q GET site/requests"
evaluates 0 "$here/two.dhall $hash" --no-cache
ok "but with --no-cache" grep -q '^GET /two.dhall ' site/requests
evaluates 1 "$here/three.dhall $hash" --no-cache
err_has "another hash is refused" "has another hash"

# What a remote file may not import.
echo 'env:HOME as Text' >site/env.dhall
echo '/etc/hostname as Text' >site/local.dhall
evaluates 1 "$here/env.dhall"
err_has "variables" "may not import"
evaluates 1 "$here/local.dhall"
err_has "files" "may not import"

# CORS
raw open 42 'Access-Control-Allow-Origin: *'
raw named 43 "access-control-allow-origin:  $here "
raw other 44 'Access-Control-Allow-Origin: https://example.com'
raw both 45 'Access-Control-Allow-Origin: *' 'Access-Control-Allow-Origin: *'
raw closed 46
for page in open named other both closed; do
    echo "$there/$page" >"site/to-$page.dhall"
done
evaluates 0 "$here/to-open.dhall"
shows "Access-Control-Allow-Origin: *" 42
evaluates 0 "$here/to-named.dhall"
shows "the origin itself" 43
for page in other both closed; do
    evaluates 1 "$here/to-$page.dhall"
    err_has "another origin may not import it" "does not let files of $here import it"
done
evaluates 0 "$there/closed"
shows "a local file may" 46
evaluates 1 "let a = $there/closed in $here/to-closed.dhall"
evaluates 0 "$here/to-open.dhall ? 1"
evaluates 1 "$here/to-closed.dhall ? 1"

# Redirects: what answers in the end decides.
redirect moved "$there/closed"
redirect loop "$here/loop"
redirect near /two.dhall
redirect away file:///etc/hostname
echo "$here/moved" >site/to-moved.dhall
evaluates 0 "$here/near"
shows "a redirect" 2
evaluates 0 "$here/moved"
shows "to another origin" 46
evaluates 1 "$here/to-moved.dhall"
err_has "is another origin's" "does not let files of"
evaluates 1 "$here/loop"
err_has "not for ever" "redirects more than"
evaluates 1 "$here/away"
not_ok "a file is not what a redirect gives" grep -q "$(cat /etc/hostname)" "$out"

# Headers
: >site/requests
evaluates 0 "$here/two.dhall using (toMap { Test = \"a b\", User-Agent = \"me\" })"
ok "a header of using" grep -q "^Test: a b$(printf '\r')\$" site/requests
ok "it replaces our own" grep -q "^User-Agent: me$(printf '\r')\$" site/requests
not_ok "which is not sent beside it" grep -q "^User-Agent: straylight" site/requests
: >site/requests
evaluates 0 "$here/three.dhall using [ { header = \"Test\", value = \"1\" } ]"
ok "relative imports get it" sh -c "test \$(grep -c '^Test: 1' site/requests) -eq 2"
redirect moved-two "$there/two.dhall"
: >site/requests
evaluates 0 "$here/moved-two using (toMap { Token = \"secret\" })"
ok "another origin does not" sh -c "test \$(grep -c '^Token: secret' site/requests) -eq 1"
evaluates 1 "$here/two.dhall using (toMap { A = \"1\\nB: 2\" })"
err_has "one header is one line" "cannot be a header"
evaluates 1 "$here/two.dhall using [ 1 ]"
err_has "their type" "List { mapKey : Text, mapValue : Text }"

mkdir -p "$XDG_CONFIG_HOME/dhall"
echo "toMap { \`localhost:$port\` = toMap { Test = \"mine\" } }" >"$XDG_CONFIG_HOME/dhall/headers.dhall"
: >site/requests
evaluates 0 "$here/two.dhall using (toMap { test = \"theirs\", Also = \"1\" })"
ok "the user's headers" grep -q '^Test: mine' site/requests
not_ok "win" grep -qi '^test: theirs' site/requests
ok "the others stay" grep -q '^Also: 1' site/requests
: >site/requests
evaluates 0 "$there/two.dhall"
not_ok "another host gets none" grep -q '^Test' site/requests
: >site/requests
expect "DHALL_HEADERS" 0 env DHALL_HEADERS="toMap { \`127.0.0.1:$port\` = toMap { Test = \"env\" } }" \
    "$straylight" dhall input.dhall
ok "takes its place" grep -q '^Test: env' site/requests
expect "headers that need headers" 1 env DHALL_HEADERS="$here/two.dhall" "$straylight" dhall input.dhall
err_has "are a cycle" "cycle"
rm "$XDG_CONFIG_HOME/dhall/headers.dhall"

# https, with a certificate authority of our own.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test-ca \
    -keyout ca.key -out ca.pem 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
    -keyout server.key -out server.csr 2>/dev/null
echo 'subjectAltName=DNS:localhost' >san
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
    -extfile san -out server.pem 2>/dev/null
(cd site && exec openssl s_server -accept 127.0.0.1:0 -cert ../server.pem -key ../server.key -HTTP \
    >../tls.log 2>&1) &
tls_server=$!
tls_port=
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    tls_port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' tls.log | head -n 1)
    [ -n "$tls_port" ] && break
    sleep 0.1
done
raw tls 47
redirect down "$here/two.dhall"
evaluates 0 "https://localhost:$tls_port/tls.http" --ca-file ca.pem
shows "an import over https" 47
evaluates 1 "https://localhost:$tls_port/tls.http"
err_has "nobody vouches for the certificate" "certificate"
evaluates 1 "https://localhost:$tls_port/down.http" --ca-file ca.pem
: >site/requests
evaluates 0 "https://localhost:$tls_port/down.http ? 8" --ca-file ca.pem
shows "https does not go on to http" 8
ok "nothing was asked there" sh -c "! grep -q GET site/requests"

finish
