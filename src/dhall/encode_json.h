/* src/dhall/encode_json.h: the CBOR of a term as JSON, and back.
 *
 *   array, map, text, bool, null   the same in JSON
 *   integers                       numbers of any size, without "." and "e" (bignums too)
 *   doubles                        numbers with "." or "e"
 *   byte strings                   base64url without padding (RFC 8949, 6.1): of [33, bytes], a
 *                                  Bytes literal, and [24, hash, ...], an import
 *   decimal fractions              [exponent, mantissa]: of [31, h, m, s], a Time
 *
 * Those places say what a string or an array of two is, so nothing is lost on the way. NaN and the
 * infinities have no JSON. */
#ifndef DHALL_ENCODE_JSON_H
#define DHALL_ENCODE_JSON_H
#include "base/buf.h"
#include "base/diag.h"

enum {
    DHALL_JSON_DEPTH_MAX = 2000,
};
/* cbor is what dhall_encode made. ERR_INVALID for NaN or an infinity; ERR_LIMIT: nested deeper than
 * DHALL_JSON_DEPTH_MAX. */
enum err dhall_cbor_to_json(struct str cbor, struct buf *ret_json, struct diags *diags);
/* source: the number of json in diags->sources. ERR_INVALID: not JSON. Whether it is an expression,
 * dhall_decode says. */
enum err dhall_cbor_of_json(
    struct str json, uint32_t source, struct buf *ret_cbor, struct diags *diags);
#endif
