/* src/codec/yaml_read.h: reads the part of YAML 1.2 that files of configuration are made of, as a
 * JSON value (codec/json_read.h).
 *
 *   block mappings and sequences, flow ones ([a, b], {a: b}), plain, 'single' and "double" quoted
 *   scalars, literal (|) and folded (>) blocks, comments, one document with or without --- and ...
 *   Plain scalars mean what the core schema says: null, ~, true, false, numbers, .inf, .nan.
 *
 * Not read, and an error each: anchors, aliases, tags, directives, complex keys (? ...), several
 * documents, tabs as indentation, a name twice in a mapping. JSON is a part of it. */
#ifndef CODEC_YAML_READ_H
#define CODEC_YAML_READ_H
#include "codec/json_read.h"

/* ERR_INVALID: ret_at is the byte where it is wrong and ret_why what (a literal). ERR_LIMIT: nested
 * deeper than depth_max. Numbers are written as JSON's, but for .nan, .inf and -.inf. */
enum err yaml_parse(struct str text, unsigned depth_max, struct arena *arena,
    struct json_value *ret_value, size_t *ret_at, const char **ret_why);
#endif
