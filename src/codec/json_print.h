/* src/codec/json_print.h: a JSON value (codec/json_read.h) as text: JSON, or YAML 1.2 in block
 * style.
 *
 * JSON has no newline at its end; YAML, which is lines, has. Needs C stack by depth: a value
 * that json_parse_within gave, or that is no deeper than JSON_PRINT_DEPTH_MAX. */
#ifndef CODEC_JSON_PRINT_H
#define CODEC_JSON_PRINT_H
#include "base/buf.h"
#include "codec/json_read.h"

enum {
    JSON_PRINT_DEPTH_MAX = 2000,
};
/* indent: spaces for each level; 0: all on one line, without blanks. */
void json_print(const struct json_value *value, unsigned indent, struct buf *ret_text);
/* Strings are plain where no reader could take them for something else, literal blocks (|) where
 * they have lines, else in double quotes. quoted: never plain. */
void yaml_print(const struct json_value *value, bool quoted, struct buf *ret_text);
#endif
