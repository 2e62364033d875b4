/* src/codec/yaml_read.c: libyaml parses; here its events become a value. */
#include "codec/yaml_read.h"
#include "base/buf.h"
#include "base/table.h"
#include "base/utf8.h"
#include <stdlib.h>
#include <yaml.h>

/* Of a node, as if no alias were in it. */
struct measure {
    uint64_t size;  /* nodes */
    unsigned depth; /* collections within each other */
};
/* What an alias stands for. */
struct anchor {
    struct json_value value;
    struct measure measure;
};
struct yaml {
    struct str text;
    struct arena *arena;
    yaml_parser_t parser;
    struct table anchor_names; /* name -> row of anchors */
    struct anchor *anchors;    /* owned */
    size_t anchors_cap;
    uint64_t expanded; /* nodes that aliases stand for */
    unsigned depth, depth_max;
    const char *why; /* NULL while all is well */
    size_t at;       /* a byte of text */
    enum err err;
};
struct items {
    struct json_value *ptr; /* owned */
    size_t count, cap;
    struct table keys;         /* borrowed texts of the arena */
    struct json_value *merges; /* owned; values of the key << */
    size_t merges_count;
    struct measure measure;
};

/* libyaml counts characters. */
static size_t byte_of(struct str text, size_t character)
{
    size_t at = 0;
    for (; character > 0 && at < text.len; character--) {
        size_t len = utf8_len(str_sub(text, at, text.len));
        at += len == 0 ? 1 : len;
    }
    return at;
}

static bool fail_at(struct yaml *yaml, yaml_mark_t mark, enum err err, const char *why)
{
    if (yaml->why == NULL) {
        yaml->why = why;
        yaml->err = err;
        yaml->at = byte_of(yaml->text, mark.index);
    }
    return false;
}

static bool fail(struct yaml *yaml, const yaml_event_t *event, const char *why)
{
    return fail_at(yaml, event->start_mark, ERR_INVALID, why);
}

/* The next event, which is the caller's. */
static bool next(struct yaml *yaml, yaml_event_t *event)
{
    if (yaml_parser_parse(&yaml->parser, event) == 1) {
        return true;
    }
    const yaml_parser_t *parser = &yaml->parser;
    if (parser->error == YAML_MEMORY_ERROR) {
        memory_exhausted();
    }
    const char *problem = parser->problem == NULL ? "not YAML" : parser->problem;
    const char *why = parser->context == NULL
                          ? arena_printf(yaml->arena, "%s", problem).ptr
                          : arena_printf(yaml->arena, "%s %s", problem, parser->context).ptr;
    (void)fail_at(yaml, parser->problem_mark, ERR_INVALID, why);
    if (parser->error == YAML_READER_ERROR) {
        yaml->at = parser->problem_offset;
    }
    return false;
}

static struct json_value *item_new(struct items *items)
{
    if (items->count == items->cap) {
        items->cap = items->cap == 0 ? 8 : 2 * items->cap;
        items->ptr = memory_realloc(items->ptr, items->cap * sizeof items->ptr[0]);
    }
    items->ptr[items->count] = (struct json_value){0};
    return &items->ptr[items->count++];
}

static struct json_value text_value(enum json_kind kind, struct str text)
{
    return (struct json_value){.kind = kind, .text = text};
}

/* What a plain scalar means (YAML 1.2, 10.3.2). */

static bool is_word(struct str text, const char *lower, const char *title, const char *upper)
{
    return str_eq(text, str_of(lower)) || str_eq(text, str_of(title)) ||
           str_eq(text, str_of(upper));
}

static size_t digits_len(struct str text, size_t from)
{
    size_t at = from;
    while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9') {
        at++;
    }
    return at - from;
}

/* [-+]? digits and a fraction and an exponent, as JSON writes it. */
static bool decimal_read(struct yaml *yaml, struct str text, struct str *ret_number)
{
    size_t at = text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+') ? 1 : 0;
    bool negative = at == 1 && text.ptr[0] == '-';
    size_t whole = digits_len(text, at);
    size_t zeros = 0;
    while (zeros + 1 < whole && text.ptr[at + zeros] == '0') {
        zeros++;
    }
    struct str digits = str_sub(text, at + zeros, at + whole);
    at += whole;
    size_t fraction = 0;
    struct str behind = {0};
    if (at < text.len && text.ptr[at] == '.') {
        fraction = digits_len(text, at + 1);
        behind = str_sub(text, at + 1, at + 1 + fraction);
        at += 1 + fraction;
    }
    struct str exponent = str_sub(text, at, text.len);
    if (whole + fraction == 0) {
        return false;
    }
    if (exponent.len > 0) {
        size_t sign = exponent.len > 1 && strchr("+-", exponent.ptr[1]) != NULL ? 2 : 1;
        size_t len = digits_len(exponent, sign);
        if ((exponent.ptr[0] | 32) != 'e' || len == 0 || sign + len != exponent.len) {
            return false;
        }
    }
    *ret_number = arena_printf(yaml->arena, "%s%.*s%s%.*s%.*s", negative ? "-" : "",
        STR_ARG(digits.len == 0 ? STR("0") : digits), behind.len > 0 ? "." : "", STR_ARG(behind),
        STR_ARG(exponent));
    return true;
}

/* 0x1F and 0o17, up to 64 bits; a longer one is text. */
static bool radix_read(struct yaml *yaml, struct str text, struct str *ret_number)
{
    if (text.len < 3 || text.ptr[0] != '0' || (text.ptr[1] != 'x' && text.ptr[1] != 'o')) {
        return false;
    }
    unsigned radix = text.ptr[1] == 'x' ? 16 : 8;
    uint64_t number = 0;
    for (size_t i = 2; i < text.len; i++) {
        char c = text.ptr[i];
        unsigned digit = c >= '0' && c <= '9'                 ? (unsigned)(c - '0')
                         : (c | 32) >= 'a' && (c | 32) <= 'f' ? (unsigned)((c | 32) - 'a') + 10
                                                              : 99;
        if (digit >= radix || __builtin_mul_overflow(number, (uint64_t)radix, &number) ||
            __builtin_add_overflow(number, (uint64_t)digit, &number)) {
            return false;
        }
    }
    *ret_number = arena_printf(yaml->arena, "%ju", (uintmax_t)number);
    return true;
}

static struct json_value plain_value(struct yaml *yaml, struct str text)
{
    struct str number;
    if (text.len == 0 || str_eq(text, STR("~")) || is_word(text, "null", "Null", "NULL")) {
        return (struct json_value){.kind = JSON_NULL};
    }
    if (is_word(text, "true", "True", "TRUE") || is_word(text, "false", "False", "FALSE")) {
        return (struct json_value){.kind = (text.ptr[0] | 32) == 't' ? JSON_TRUE : JSON_FALSE};
    }
    if (is_word(text, ".nan", ".NaN", ".NAN")) {
        return text_value(JSON_NUMBER, STR(".nan"));
    }
    struct str unsigned_ = str_sub(text, strchr("+-", text.ptr[0]) != NULL ? 1 : 0, text.len);
    if (is_word(unsigned_, ".inf", ".Inf", ".INF")) {
        return text_value(JSON_NUMBER, text.ptr[0] == '-' ? STR("-.inf") : STR(".inf"));
    }
    if (decimal_read(yaml, text, &number) || radix_read(yaml, text, &number)) {
        return text_value(JSON_NUMBER, number);
    }
    return text_value(JSON_STRING, text);
}

/* NULL for no tag and for "!"; else what is behind "!!" in its short form; "?" of others. */
static const char *tag_name(const yaml_char_t *tag)
{
    static const char prefix[] = "tag:yaml.org,2002:";
    const char *text = (const char *)tag;
    if (text == NULL || strcmp(text, "!") == 0) {
        return NULL;
    }
    return strncmp(text, prefix, strlen(prefix)) == 0 ? text + strlen(prefix) : "?";
}

static bool scalar_fits(const char *tag, const struct json_value *value)
{
    bool is_number = value->kind == JSON_NUMBER;
    size_t whole = is_number && value->text.ptr[0] == '-' ? 1 : 0;
    if (strcmp(tag, "null") == 0) {
        return value->kind == JSON_NULL;
    }
    if (strcmp(tag, "bool") == 0) {
        return value->kind == JSON_TRUE || value->kind == JSON_FALSE;
    }
    return is_number && (strcmp(tag, "float") == 0 ||
                            (strcmp(tag, "int") == 0 &&
                                whole + digits_len(value->text, whole) == value->text.len));
}

static bool scalar_read(struct yaml *yaml, const yaml_event_t *event, struct json_value *ret_value,
    struct measure *ret_measure)
{
    struct str text = arena_str(yaml->arena,
        (struct str){(const char *)event->data.scalar.value, event->data.scalar.length});
    const char *tag = tag_name(event->data.scalar.tag);
    *ret_measure = (struct measure){.size = 1 + text.len / 16};
    *ret_value = text_value(JSON_STRING, text);
    if (event->data.scalar.tag == NULL && event->data.scalar.plain_implicit == 1) {
        *ret_value = plain_value(yaml, text);
        return true;
    }
    if (tag == NULL || strcmp(tag, "str") == 0) {
        return true;
    }
    if (strcmp(tag, "null") != 0 && strcmp(tag, "bool") != 0 && strcmp(tag, "int") != 0 &&
        strcmp(tag, "float") != 0) {
        return fail(yaml, event, "the tag is not !!str, !!null, !!bool, !!int, !!float");
    }
    *ret_value = plain_value(yaml, text);
    return scalar_fits(tag, ret_value) ? true : fail(yaml, event, "it is not what its tag says");
}

static bool depth_fail(struct yaml *yaml, const yaml_event_t *event)
{
    return fail_at(yaml, event->start_mark, ERR_LIMIT,
        arena_printf(yaml->arena, "it is nested deeper than %u", yaml->depth_max).ptr);
}

/* Billions of nodes may be named in a few lines. What is not an alias is as long as the text. */
static bool alias_read(struct yaml *yaml, const yaml_event_t *event, struct json_value *ret_value,
    struct measure *ret_measure)
{
    uint32_t row = table_get(&yaml->anchor_names, str_of((const char *)event->data.alias.anchor));
    if (row == TABLE_NONE) {
        return fail(yaml, event, "no anchor of that name is finished before this alias");
    }
    *ret_value = yaml->anchors[row].value;
    *ret_measure = yaml->anchors[row].measure;
    yaml->expanded += ret_measure->size;
    if (ret_measure->depth > yaml->depth_max - yaml->depth) {
        return depth_fail(yaml, event);
    }
    return yaml->expanded <= YAML_EXPANDED_MAX
               ? true
               : fail_at(yaml, event->start_mark, ERR_LIMIT,
                     arena_printf(
                         yaml->arena, "aliases stand for more than %d nodes", YAML_EXPANDED_MAX)
                         .ptr);
}

static void anchor_add(struct yaml *yaml, struct str name, const struct json_value *value,
    const struct measure *measure)
{
    uint32_t row = table_add(&yaml->anchor_names, yaml->arena, name);
    if (row >= yaml->anchors_cap) {
        yaml->anchors_cap = yaml->anchors_cap == 0 ? 8 : 2 * yaml->anchors_cap;
        yaml->anchors = memory_realloc(yaml->anchors, yaml->anchors_cap * sizeof yaml->anchors[0]);
    }
    yaml->anchors[row] = (struct anchor){.value = *value, .measure = *measure};
    yaml->anchors[row].value.key = STR("");
}

static bool node_read(struct yaml *yaml, const yaml_event_t *event, struct json_value *ret_value,
    struct measure *ret_measure);

/* Reads the event and node of a value that follows. */
static bool value_read(struct yaml *yaml, struct json_value *ret_value, struct measure *ret_measure)
{
    yaml_event_t event;
    if (!next(yaml, &event)) {
        return false;
    }
    bool good = node_read(yaml, &event, ret_value, ret_measure);
    yaml_event_delete(&event);
    return good;
}

/* What a merge adds: members of a mapping that are not there yet. */
static bool members_merge(struct yaml *yaml, const yaml_event_t *event,
    const struct json_value *from, struct items *items)
{
    if (from->kind != JSON_OBJECT) {
        return fail(yaml, event, "<< wants a mapping, or a sequence of mappings");
    }
    for (size_t i = 0; i < from->count; i++) {
        if (table_add(&items->keys, NULL, from->items[i].key) == items->count) {
            *item_new(items) = from->items[i];
        }
    }
    return true;
}

/* The members that << named, behind all that the mapping has itself. */
static bool merges_read(struct yaml *yaml, const yaml_event_t *event, struct items *items)
{
    bool good = true;
    for (size_t i = 0; good && i < items->merges_count; i++) {
        const struct json_value *merge = &items->merges[i];
        bool many = merge->kind == JSON_ARRAY;
        for (size_t j = 0; good && j < (many ? merge->count : 1); j++) {
            good = members_merge(yaml, event, many ? &merge->items[j] : merge, items);
        }
    }
    return good;
}

static void measure_add(struct items *items, const struct measure *part)
{
    items->measure.size += part->size;
    if (part->depth >= items->measure.depth) {
        items->measure.depth = part->depth + 1;
    }
}

/* event: of the key. */
static bool member_read(struct yaml *yaml, const yaml_event_t *event, struct items *items)
{
    struct json_value key, value;
    struct measure measure;
    bool is_text = event->type == YAML_SCALAR_EVENT;
    if (!node_read(yaml, event, &key, &measure)) {
        return false;
    }
    measure_add(items, &measure);
    if (event->type == YAML_ALIAS_EVENT && key.kind != JSON_ARRAY && key.kind != JSON_OBJECT) {
        is_text = key.kind == JSON_STRING || key.kind == JSON_NUMBER;
    }
    if (!is_text) {
        return fail(yaml, event, "a key is to be a text");
    }
    struct str name = key.text;
    if (event->type == YAML_SCALAR_EVENT) { /* as it is written: 007, true */
        name = arena_str(yaml->arena,
            (struct str){(const char *)event->data.scalar.value, event->data.scalar.length});
    }
    bool merges = event->type == YAML_SCALAR_EVENT && event->data.scalar.plain_implicit == 1 &&
                  str_eq(name, STR("<<"));
    if (!merges && table_add(&items->keys, NULL, name) != items->count) {
        return fail(yaml, event, "the same key for the second time");
    }
    struct json_value *item = merges ? NULL : item_new(items);
    if (!value_read(yaml, &value, &measure)) {
        return false;
    }
    measure_add(items, &measure);
    value.key = name;
    if (!merges) {
        *item = value;
        return true;
    }
    items->merges =
        memory_realloc(items->merges, (items->merges_count + 1) * sizeof items->merges[0]);
    items->merges[items->merges_count++] = value;
    return true;
}

/* event: the beginning. Its end is taken. */
static bool collection_fill(struct yaml *yaml, const yaml_event_t *event, struct items *items)
{
    bool is_mapping = event->type == YAML_MAPPING_START_EVENT;
    bool good = true;
    bool ends = false;
    while (good && !ends) {
        yaml_event_t inner;
        if (!next(yaml, &inner)) {
            return false;
        }
        ends = inner.type == YAML_SEQUENCE_END_EVENT || inner.type == YAML_MAPPING_END_EVENT;
        if (!ends && is_mapping) {
            good = member_read(yaml, &inner, items);
        } else if (!ends) {
            struct json_value value;
            struct measure measure = {0};
            good = node_read(yaml, &inner, &value, &measure);
            measure_add(items, &measure);
            *item_new(items) = good ? value : (struct json_value){0};
        }
        yaml_event_delete(&inner);
    }
    return good && merges_read(yaml, event, items);
}

static bool collection_read(struct yaml *yaml, const yaml_event_t *event,
    struct json_value *ret_value, struct measure *ret_measure)
{
    bool is_mapping = event->type == YAML_MAPPING_START_EVENT;
    const char *tag =
        tag_name(is_mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag);
    if (tag != NULL && strcmp(tag, is_mapping ? "map" : "seq") != 0) {
        return fail(yaml, event,
            is_mapping ? "the tag of a mapping is not !!map"
                       : "the tag of a sequence is not !!seq");
    }
    if (yaml->depth == yaml->depth_max) {
        return depth_fail(yaml, event);
    }
    struct items items = {.measure = {.size = 1, .depth = 1}};
    yaml->depth++;
    bool good = collection_fill(yaml, event, &items);
    yaml->depth--;
    struct json_value *copy = ARENA_NEW(yaml->arena, struct json_value, items.count);
    if (items.count > 0) {
        memcpy(copy, items.ptr, items.count * sizeof copy[0]);
    }
    *ret_value = (struct json_value){
        .kind = is_mapping ? JSON_OBJECT : JSON_ARRAY, .items = copy, .count = items.count};
    *ret_measure = items.measure;
    table_release(&items.keys);
    free(items.ptr);
    free(items.merges);
    return good;
}

static bool node_read(struct yaml *yaml, const yaml_event_t *event, struct json_value *ret_value,
    struct measure *ret_measure)
{
    const yaml_char_t *anchor = NULL;
    bool good = false;
    if (event->type == YAML_ALIAS_EVENT) {
        return alias_read(yaml, event, ret_value, ret_measure);
    }
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        good = scalar_read(yaml, event, ret_value, ret_measure);
    } else {
        anchor = event->type == YAML_MAPPING_START_EVENT ? event->data.mapping_start.anchor
                                                         : event->data.sequence_start.anchor;
        good = collection_read(yaml, event, ret_value, ret_measure);
    }
    if (good && anchor != NULL) {
        anchor_add(yaml, str_of((const char *)anchor), ret_value, ret_measure);
    }
    return good;
}

/* One document, or none, which is null. */
static bool stream_read(struct yaml *yaml, struct json_value *ret_value)
{
    bool good = true;
    bool seen = false;
    bool ends = false;
    *ret_value = (struct json_value){.kind = JSON_NULL};
    while (good && !ends) {
        yaml_event_t event;
        struct measure measure;
        if (!next(yaml, &event)) {
            return false;
        }
        if (event.type == YAML_DOCUMENT_START_EVENT) {
            good = seen ? fail(yaml, &event, "a second document; one is read")
                        : value_read(yaml, ret_value, &measure);
            seen = true;
        }
        ends = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    return good;
}

/* The first character that may not stand in YAML (5.1), or text.len. */
static size_t control_find(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) {
            return i;
        }
    }
    return text.len;
}

enum err yaml_parse(struct str text, unsigned depth_max, struct arena *arena,
    struct json_value *ret_value, size_t *ret_at, const char **ret_why)
{
    if (str_starts(text, STR("\xEF\xBB\xBF"))) {
        text = str_sub(text, 3, text.len);
    }
    struct yaml yaml = {.text = text, .arena = arena, .depth_max = depth_max};
    struct json_value value = {0};
    size_t control = control_find(text);
    if (!utf8_is(text) || control < text.len) {
        *ret_at = control < text.len ? control : 0;
        *ret_why = control < text.len
                       ? "a control character, which YAML has only as an escape in double quotes"
                       : "not UTF-8";
        return ERR_INVALID;
    }
    if (yaml_parser_initialize(&yaml.parser) != 1) {
        memory_exhausted();
    }
    yaml_parser_set_encoding(&yaml.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&yaml.parser, (const unsigned char *)text.ptr, text.len);
    bool good = stream_read(&yaml, &value);
    yaml_parser_delete(&yaml.parser);
    table_release(&yaml.anchor_names);
    free(yaml.anchors);
    if (good) {
        *ret_value = value;
        return OK;
    }
    *ret_at = yaml.at;
    *ret_why = yaml.why;
    return yaml.err;
}
