/* src/link/message.h: what straylight and armitage say to each other.
 *
 * A message is one packet of a SOCK_SEQPACKET socket pair: canonical CBOR (RFC 8949), an array
 *
 *   [kind, id, fields...]        at most LINK_MESSAGE_MAX bytes
 *
 *   hello     1  [version, store root]   the first message of straylight; armitage answers the same
 *   fetch     2  [url, sha256 or empty, bytes_max, ca_file or empty, http too?, request headers]
 *   fetched   3  [hash, size, url that answered, how many Access-Control-Allow-Origin, the first]
 *                                          the bytes are in the store
 *   progress  4  [bytes so far, bytes in all or 0]   any number before fetched or failed
 *   failed    5  [code, text, help or empty]         code is enum link_failure
 *
 * Request headers are lines "Name: value\n", each with a name, no NUL and no CR in it.
 *
 * Bytes travel through the store, never here. Sans I/O; link/client.h moves packets. */
#ifndef LINK_MESSAGE_H
#define LINK_MESSAGE_H
#include "base/diag.h"
#include "digest/digest.h"

enum {
    LINK_MESSAGE_MAX = 64 * 1024, /* bytes of a packet */
    LINK_URL_MAX = 8192,          /* bytes of a URL */
    LINK_VERSION = 2,             /* both programs are of one release: another version is refused */
};
enum link_kind {
    LINK_HELLO = 1,
    LINK_FETCH,
    LINK_FETCHED,
    LINK_PROGRESS,
    LINK_FAILED,
};
/* Numbers of the wire, and what the other side makes of them (enum err). */
enum link_failure {
    LINK_FAILURE_INVALID = 1, /* ERR_INVALID: a URL that is none, a refused scheme */
    LINK_FAILURE_ABSENT,      /* ERR_ABSENT: 404, 410, no such host */
    LINK_FAILURE_CORRUPT,     /* ERR_CORRUPT: not the bytes that were asked for */
    LINK_FAILURE_LIMIT,       /* ERR_LIMIT */
    LINK_FAILURE_IO,          /* ERR_IO */
    LINK_FAILURE_RETRY,       /* ERR_RETRY: time-out, 429, 5xx */
};
struct link_message {
    enum link_kind kind;
    uint64_t id;        /* of the request; an answer repeats it */
    uint64_t version;   /* hello */
    struct str text;    /* hello: store root; fetch, fetched: url; failed: text */
    struct str hash;    /* fetch: 32 bytes or none */
    struct str file;    /* fetch: CA file or none; failed: help or none */
    struct str headers; /* fetch: of the request; fetched: the first Access-Control-Allow-Origin */
    bool allow_http;    /* fetch: an http URL, and redirects to one, are fetched too */
    uint64_t count;     /* fetch: bytes_max; progress: bytes so far; failed: enum link_failure;
                           fetched: Access-Control-Allow-Origin headers that came */
    uint64_t total;     /* progress: bytes in all, or 0 */
    struct digest digest; /* fetched */
};
/* The next "Name: value" of request headers, which is taken off them; ERR_ABSENT at the end,
 * ERR_INVALID (as decoding gives) for what is no such line. */
enum err link_header_next(struct str *headers, struct str *ret_line);
/* Appends the one encoding of message. */
void link_message_encode(const struct link_message *message, struct buf *ret_bytes);
/* Views into bytes. ERR_INVALID without a diag for whatever link_message_encode does not make. */
enum err link_message_decode(struct str bytes, struct link_message *ret_message);
enum err link_failure_err(enum link_failure failure);
enum link_failure link_failure_of(enum err err);
#endif
