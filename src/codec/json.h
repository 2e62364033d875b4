/* src/codec/json.h: writes JSON (RFC 8259), one line a value, for --json.
 *
 *   struct json json = {.text = &buf};
 *   json_begin(&json, '{'); json_key(&json, STR("size")); json_number(&json, 3); json_end(&json,
 * '}');
 *
 * Commas are the writer's; that keys are unique and brackets match is the caller's. */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H
#include "base/buf.h"

struct json {
    struct buf *text; /* borrowed */
    bool comma;       /* the next value or key is not the first */
};

/* bracket: '{' or '['; its end: '}' or ']'. */
void json_begin(struct json *json, char bracket);
void json_end(struct json *json, char bracket);
void json_key(struct json *json, struct str key);
/* A string. What is not UTF-8 (a file's name may be anything) becomes U+FFFD, byte by byte. */
void json_str(struct json *json, struct str text);
void json_number(struct json *json, uint64_t number);
void json_bool(struct json *json, bool value);
void json_null(struct json *json);
/* A key and its string, number, bool: what most fields are. */
void json_key_str(struct json *json, struct str key, struct str text);
void json_key_number(struct json *json, struct str key, uint64_t number);
void json_key_bool(struct json *json, struct str key, bool value);
/* A key and its array of strings. */
void json_key_strs(struct json *json, struct str key, const struct str *at, size_t count);
#endif
