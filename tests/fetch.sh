#!/bin/sh
# tests/fetch.sh: `straylight fetch` over real TLS: openssl's own server on loopback, a CA made here.
. "$(dirname "$0")/lib.sh"

mkdir -p site ca
printf 'hello over tls\n' >site/hello.txt
head -c 3000000 /dev/zero >site/big.bin
want=$(sha256sum site/hello.txt | cut -d' ' -f1)

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test-ca \
    -keyout ca/ca.key -out ca/ca.pem 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
    -keyout server.key -out server.csr 2>/dev/null
printf 'subjectAltName=DNS:localhost\n' >san
openssl x509 -req -in server.csr -CA ca/ca.pem -CAkey ca/ca.key -CAcreateserial -days 2 \
    -extfile san -out server.pem 2>/dev/null

(cd site && exec openssl s_server -accept 127.0.0.1:0 -cert ../server.pem -key ../server.key -WWW \
    >../server.log 2>&1) &
server=$!
trap 'kill "$server" 2>/dev/null; clean_up' EXIT
port=
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' server.log | head -n 1)
    [ -n "$port" ] && break
    sleep 0.1
done
url=https://localhost:$port

expect "a file is fetched into the store" 0 \
    "$straylight" fetch --ca-file "$work/ca/ca.pem" "$url/hello.txt"
out_has "its digest is printed" "$want/15"
path=$(sed -n 2p "$out")
ok "the store has the bytes" cmp "$path" site/hello.txt
expect "the right digest is accepted" 0 \
    "$straylight" fetch --ca-file "$work/ca/ca.pem" --sha256 "$want" --json "$url/hello.txt"
out_has "the result as JSON" "{\"sha256\":\"$want\",\"size_bytes\":15,\"verified\":true,"
expect "another digest is refused" 1 "$straylight" fetch --ca-file "$work/ca/ca.pem" \
    --sha256 0000000000000000000000000000000000000000000000000000000000000000 "$url/big.bin"
err_has "both digests are named" "its SHA-256 is $(sha256sum site/big.bin | cut -d' ' -f1), not 0000"
big=$(sha256sum site/big.bin | cut -d' ' -f1)
not_ok "and its bytes are not in the store" \
    test -e "$STRAYLIGHT_STORE/cas/$(echo "$big" | cut -c1-2)/$big"
expect "a bound holds" 1 "$straylight" fetch --ca-file "$work/ca/ca.pem" --max-mib 1 "$url/big.bin"
err_has "the bound is named" "it has more than 1048576 bytes"
expect "a certificate that nobody vouches for is refused" 3 "$straylight" fetch "$url/hello.txt"
err_has "the reason is the certificate" "certificate"
err_has "what to do about it" "--ca-file"
expect "another host name than the certificate's is refused" 3 \
    "$straylight" fetch --ca-file "$work/ca/ca.pem" "https://127.0.0.1:$port/hello.txt"
expect "a scheme other than https is refused" 1 "$straylight" fetch "http://localhost:$port/x"
err_has "the message says so" "only https:// is fetched"
expect "nobody listens" 3 "$straylight" fetch --ca-file "$work/ca/ca.pem" https://localhost:1/x
expect "a digest that is none is wrong use" 2 "$straylight" fetch --sha256 abc "$url/hello.txt"
expect "armitage says what it is" 0 "$armitage" --version
out_has "its version" "armitage "
expect "armitage by hand explains itself" 2 "$armitage" link
err_has "descriptor 3" "is not a link"

finish
