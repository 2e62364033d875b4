/* src/codec/json_read.h: reads JSON (RFC 8259), strictly, into an arena.
 *
 *   object -> items: [key "a", value] [key "b", array -> items: [value] [value]] ...
 *
 * Strict, since what is read here was signed or decides something: UTF-8, no name twice in an
 * object, no half of a surrogate pair, nothing behind the value but white space. */
#ifndef CODEC_JSON_READ_H
#define CODEC_JSON_READ_H
#include "base/diag.h"

enum {
    JSON_DEPTH_MAX = 64,
    JSON_BYTES_MAX = 4 * 1024 * 1024, /* a value of 2 bytes takes some 60 of memory */
};
enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER, /* text: as it was written */
    JSON_STRING, /* text: without escapes; may hold NUL */
    JSON_ARRAY,
    JSON_OBJECT,
};
struct json_value {
    enum json_kind kind;
    struct str key;  /* of a member of an object */
    struct str text; /* borrowed from the input where it has no escapes, else in the arena */
    const struct json_value *items; /* of an array or object, in their order */
    size_t count;
};
/* ERR_INVALID: ret_at (may be NULL) is the byte where the text is wrong; ERR_LIMIT. No diag. */
enum err json_parse(
    struct str text, struct arena *arena, struct json_value *ret_value, size_t *ret_at);
/* The same with other bounds, for what is not hostile to us: a user's own document. */
enum err json_parse_within(struct str text, unsigned depth_max, size_t bytes_max,
    struct arena *arena, struct json_value *ret_value, size_t *ret_at);
/* The member of an object, or NULL (also where value is NULL or no object). */
const struct json_value *json_get(const struct json_value *value, const char *key);
/* A whole number from 0 to UINT64_MAX, written as digits only; else ERR_INVALID. */
enum err json_uint(const struct json_value *value, uint64_t *ret_number);
#endif
