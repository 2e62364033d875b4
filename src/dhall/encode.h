/* src/dhall/encode.h: terms as CBOR (dhall-lang standard 23.1.0, binary.md). */
#ifndef DHALL_ENCODE_H
#define DHALL_ENCODE_H
#include "dhall/term.h"

/* Adds the one canonical encoding of term to ret_bytes. Needs no C stack for deep terms. */
void dhall_encode(const struct dhall_terms *terms, dhall_term root, struct buf *ret_bytes);
/* The other way; accepts what the standard says a decoder must: integers in any width, bignums with
 * zeros, tag 55799 anywhere, indefinite lengths. ERR_INVALID (with a diag that says at which byte)
 * for all else, ERR_LIMIT. input need not outlive the call. */
enum err dhall_decode(
    struct dhall_terms *terms, struct str input, dhall_term *ret_term, struct diags *diags);
#endif
