/* src/codec/proto.h: Protocol Buffers (proto3) by tables.
 *
 *   struct reapi_directory { files, file_count, ... }   <->   0a 2b 0a 01 61 12 26 ...
 *              ^ offsets                                       ^ numbers
 *   struct proto_message { fields: [1 files repeated message FileNode at offset 0] ... }
 *
 * By tables and not by generated code: one encoder, whose form is canonical by construction (field
 * order, defaults left out, nothing unknown kept), and one decoder, which allocates in an arena and
 * is bounded, for all messages. A message costs a struct and a table.
 *
 * In C:   bool, enum int32 uint32 (int32_t, uint32_t), int64 (int64_t)
 *         string, bytes        struct str
 *         message              const struct x *, NULL if absent
 *         repeated             pointer to the first, then size_t count, adjacent
 *         REAPI Digest         struct digest; 32 zero bytes of hash are "absent" */
#ifndef CODEC_PROTO_H
#define CODEC_PROTO_H
#include "base/buf.h"
#include "base/diag.h"
#include "digest/digest.h"

enum proto_kind {
    PROTO_BOOL,
    PROTO_INT32, /* enums too */
    PROTO_INT64,
    PROTO_UINT32,
    PROTO_STRING, /* UTF-8, checked when decoding */
    PROTO_BYTES,
    PROTO_DIGEST,  /* REAPI v2 `Digest` with a SHA-256 */
    PROTO_MESSAGE, /* `message` says which */
};
struct proto_message;
struct proto_field {
    uint32_t number;
    enum proto_kind kind;
    bool repeated; /* strings, digests and messages only */
    size_t offset; /* in the C struct */
    const struct proto_message *message;
};
struct proto_message {
    const char *name;
    const struct proto_field *fields; /* sorted by number */
    size_t field_count;
    size_t size_bytes; /* of the C struct */
};
#define PROTO_COUNT_OFFSET sizeof(void *) /* of a repeated field's count, behind its pointer */

/* Canonical bytes of value, behind what is in ret_bytes. */
void proto_encode(const struct proto_message *message, const void *value, struct buf *ret_bytes);
/* ret_value: the C struct, all of it written on OK. Texts are borrowed from bytes; the rest is in
 * arena: at most 24 bytes for each byte of input, else ERR_LIMIT. Takes any well-formed message:
 * unknown fields are passed over, of a scalar seen twice the last one counts. ERR_INVALID: not
 * well-formed, a string that is no UTF-8, a digest that is no SHA-256, a sub-message twice. No
 * diag: the caller knows what the bytes are. */
enum err proto_decode(
    const struct proto_message *message, struct str bytes, struct arena *arena, void *ret_value);
#endif
