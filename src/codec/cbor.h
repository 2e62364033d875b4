/* src/codec/cbor.h: RFC 8949, as much of it as Dhall, the link and traces need.
 *
 * Sans I/O. The writer makes the one canonical form (RFC 8949, 4.2.1: shortest lengths, definite);
 * the reader takes any well-formed definite or indefinite item and says where it stands. */
#ifndef CODEC_CBOR_H
#define CODEC_CBOR_H
#include "base/buf.h"
#include "base/diag.h"

/* RFC 8949, 3.1: major types. */
enum cbor_major {
    CBOR_UNSIGNED = 0,
    CBOR_NEGATIVE, /* -1 - argument */
    CBOR_BYTES,
    CBOR_TEXT,
    CBOR_ARRAY,
    CBOR_MAP,
    CBOR_TAG,
    CBOR_SIMPLE, /* false 20, true 21, null 22; floats see cbor_item.is_float */
};

/* Writer: each adds one head (and bytes); the caller adds the children of arrays, maps and tags. */
void cbor_head_add(struct buf *buf, enum cbor_major major, uint64_t argument);
void cbor_text_add(struct buf *buf, struct str text);
void cbor_bytes_add(struct buf *buf, struct str bytes);
void cbor_bool_add(struct buf *buf, bool value);
void cbor_null_add(struct buf *buf);
/* The shortest of half, single and double that keeps the value; NaN is always 0x7e00. */
void cbor_double_add(struct buf *buf, double value);

struct cbor_reader {
    struct str input; /* what is left */
    const char *begin;
};
/* One head. */
struct cbor_item {
    enum cbor_major major;
    bool is_float;      /* major is CBOR_SIMPLE, the value is in `number` */
    bool is_indefinite; /* an array, map or string that a break ends (is_break) */
    bool is_break;
    uint64_t argument; /* value, length in bytes, count of children, tag, simple value */
    struct str bytes;  /* of a definite text or byte string: borrowed from the input */
    double number;
};
void cbor_reader_init(struct cbor_reader *reader, struct str input);
/* ERR_INVALID if the input ends early or the head is not well-formed; no diag (the caller knows
 * what was being read; reader->input.ptr - reader->begin is where). */
enum err cbor_read(struct cbor_reader *reader, struct cbor_item *ret_item);
/* Shorthands that insist on a kind; ERR_INVALID otherwise. */
enum err cbor_read_unsigned(struct cbor_reader *reader, uint64_t *ret_value);
enum err cbor_read_text(struct cbor_reader *reader, struct str *ret_text);
enum err cbor_read_bytes(struct cbor_reader *reader, struct str *ret_bytes);
enum err cbor_read_bool(struct cbor_reader *reader, bool *ret_value);
/* Definite arrays and maps; count_max bounds a hostile count. */
enum err cbor_read_array(struct cbor_reader *reader, uint64_t count_max, uint64_t *ret_count);
enum err cbor_read_map(struct cbor_reader *reader, uint64_t count_max, uint64_t *ret_count);
/* Past one whole item, however nested; depth at most depth_max. */
enum err cbor_skip(struct cbor_reader *reader, unsigned depth_max);
#endif
