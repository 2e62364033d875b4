/* src/armitage/fetch.h: one https (or, where that is asked for, http) fetch into the store,
 * verified.
 *
 *   https URL -> libcurl (TLS 1.2 or later, peer and host name verified) -> unnamed file in the
 * store's tmp/, hashed as it comes -> compared with the digest that was asked for -> store_put_fd
 *
 * Redirects are followed, ten at most: from https to https only; the headers of a request go to no
 * other origin (scheme, host, port) than the one that they were meant for. Nothing of the user's
 * environment or home is read (no proxy variables, no .netrc), so that a fetch is a function of its
 * URL. */
#ifndef ARMITAGE_FETCH_H
#define ARMITAGE_FETCH_H
#include "base/diag.h"
#include "digest/digest.h"
#include "store/store.h"

struct fetch_request {
    const char *url;
    const uint8_t
        *hash; /* SHA-256 that the content must have, or NULL: then TLS alone vouches for it */
    bool allow_http;     /* an http URL is fetched too */
    struct str headers;  /* lines as in link/message.h, checked there */
    uint64_t bytes_max;  /* ERR_LIMIT beyond */
    const char *ca_file; /* PEM certificates to trust instead of the system's; NULL: the system's */
    void (*progress)(void *context, uint64_t done_bytes, uint64_t total_bytes); /* may be NULL */
    void *context;
};
struct fetch_answer {
    struct digest digest;
    struct str url; /* that answered; in the arena, as allow_origin is */
    uint64_t allow_origin_count;
    struct str allow_origin; /* the first Access-Control-Allow-Origin of the answer */
};
/* Before the first fetch, while the process has one thread; and at its end. */
enum err fetch_start(struct diags *diags);
void fetch_stop(void);
/* ERR_INVALID: not an https URL. ERR_ABSENT (with a diag): 404, 410, or no such host. ERR_CORRUPT:
 * other bytes than `hash` names; nothing is stored. ERR_RETRY: time-out, 429, 5xx, connection lost.
 * ERR_IO: the rest. */
enum err fetch_url(struct store *store, const struct fetch_request *request, struct arena *arena,
    struct fetch_answer *ret_answer, struct diags *diags);
#endif
