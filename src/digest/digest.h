/* src/digest/digest.h: the name of a blob. */
#ifndef DIGEST_DIGEST_H
#define DIGEST_DIGEST_H
#include "base/diag.h"

enum {
    DIGEST_HASH_BYTES = 32, /* SHA-256, FIPS 180-4 */
    DIGEST_HEX_BYTES = 2 * DIGEST_HASH_BYTES,
    DIGEST_TEXT_MAX = DIGEST_HEX_BYTES + 1 + 20,
};
/* REAPI v2 `Digest`: hash and length are both part of the name. */
struct digest {
    uint8_t hash[DIGEST_HASH_BYTES];
    uint64_t size_bytes;
};
/* "<64 lower-case hex>/<decimal>"; there is one text for a digest, all else is ERR_INVALID. No
 * diag. */
enum err digest_parse(struct str text, struct digest *ret_digest);
/* A view of buf, as long-lived as buf. */
struct str digest_format(const struct digest *digest, char buf[static DIGEST_TEXT_MAX]);
/* The hash alone, 64 lower-case hex digits. */
struct str digest_hex(const struct digest *digest, char buf[static DIGEST_HEX_BYTES]);
/* The inverse of digest_hex: exactly 64 lower-case hex digits, else ERR_INVALID. No diag. */
enum err digest_hex_parse(struct str hex, uint8_t ret_hash[static DIGEST_HASH_BYTES]);
struct digest digest_of(struct str bytes);
bool digest_eq(const struct digest *a, const struct digest *b);
/* The digest of no bytes. */
extern const struct digest digest_empty;
#endif
