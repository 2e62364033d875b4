/* src/codec/yaml_read.h: YAML as a JSON value (codec/json_read.h): libyaml's syntax (YAML 1.1, with
 * JSON as a part of it) and the meaning of YAML 1.2's core schema.
 *
 *   plain scalars  null, ~, true, false, numbers (0x1F, 0o17, .5), .inf, .nan; else text
 *   tags           !!str !!null !!bool !!int !!float !!seq !!map and !, which must fit; no other
 *   &a, *a         the same value again, as often as YAML_EXPANDED_MAX allows
 *   << : *a        the members of that mapping (or those of a sequence) that this one has not
 *   keys           scalars, as they are written; none twice in a mapping
 *   documents      one; none is null */
#ifndef CODEC_YAML_READ_H
#define CODEC_YAML_READ_H
#include "codec/json_read.h"

enum {
    YAML_EXPANDED_MAX =
        4 * 1024 * 1024, /* nodes that aliases stand for; 16 bytes of text are one */
};
/* ERR_INVALID: ret_at is the byte where it is wrong and ret_why what (in the arena). ERR_LIMIT,
 * told in the same way: nested deeper than depth_max, or YAML_EXPANDED_MAX. Numbers are written as
 * JSON's, but for .nan, .inf and -.inf. */
enum err yaml_parse(struct str text, unsigned depth_max, struct arena *arena,
    struct json_value *ret_value, size_t *ret_at, const char **ret_why);
#endif
