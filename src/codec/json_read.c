/* src/codec/json_read.c */
#include "codec/json_read.h"
#include "base/buf.h"
#include "base/table.h"
#include "base/utf8.h"
#include <stdlib.h>

struct parser {
    const char *begin, *at, *end;
    struct arena *arena;
    unsigned depth_max;
};
/* Items while their number is not known. */
struct items {
    struct json_value *ptr; /* owned */
    size_t count, cap;
};

static bool take(struct parser *parser, char c)
{
    bool found = parser->at < parser->end && *parser->at == c;
    parser->at += found ? 1 : 0;
    return found;
}

static void space_skip(struct parser *parser)
{
    while (parser->at < parser->end && (*parser->at == ' ' || *parser->at == '\t' ||
                                           *parser->at == '\n' || *parser->at == '\r')) {
        parser->at++;
    }
}

static size_t digits_skip(struct parser *parser)
{
    const char *from = parser->at;
    while (parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9') {
        parser->at++;
    }
    return (size_t)(parser->at - from);
}

static enum err number_read(struct parser *parser, struct json_value *value)
{
    const char *from = parser->at;
    (void)take(parser, '-');
    bool good = take(parser, '0') || digits_skip(parser) > 0; /* no leading zero */
    if (good && take(parser, '.')) {
        good = digits_skip(parser) > 0;
    }
    if (good && (take(parser, 'e') || take(parser, 'E'))) {
        (void)(take(parser, '+') || take(parser, '-'));
        good = digits_skip(parser) > 0;
    }
    value->kind = JSON_NUMBER;
    value->text = (struct str){.ptr = from, .len = (size_t)(parser->at - from)};
    return good ? OK : ERR_INVALID;
}

static bool hex4_read(struct parser *parser, uint32_t *ret_unit)
{
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++, parser->at++) {
        unsigned char c = parser->at < parser->end ? (unsigned char)*parser->at : 0;
        uint32_t low = (uint32_t)c | 0x20;
        if (c >= '0' && c <= '9') {
            unit = unit << 4 | (uint32_t)(c - '0');
        } else if (low >= 'a' && low <= 'f') {
            unit = unit << 4 | (low - 'a' + 10);
        } else {
            return false;
        }
    }
    *ret_unit = unit;
    return true;
}

static void code_point_add(struct buf *buf, uint32_t code)
{
    if (code < 0x80) {
        buf_add_byte(buf, (uint8_t)code);
        return;
    }
    unsigned tail = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t leads[] = {0, 0xC0, 0xE0, 0xF0};
    buf_add_byte(buf, (uint8_t)(leads[tail] | code >> (6 * tail)));
    while (tail-- > 0) {
        buf_add_byte(buf, (uint8_t)(0x80 | (code >> (6 * tail) & 0x3F)));
    }
}

/* Behind the backslash. */
static bool escape_read(struct parser *parser, struct buf *buf)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (take(parser, 'u')) {
        uint32_t unit, low;
        if (!hex4_read(parser, &unit) || (unit >= 0xDC00 && unit <= 0xDFFF)) {
            return false;
        }
        if (unit >= 0xD800 && unit <= 0xDBFF) {
            if (!take(parser, '\\') || !take(parser, 'u') || !hex4_read(parser, &low) ||
                low < 0xDC00 || low > 0xDFFF) {
                return false;
            }
            unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        }
        code_point_add(buf, unit);
        return true;
    }
    for (size_t i = 0; i < sizeof letters - 1; i++) {
        if (take(parser, letters[i])) {
            buf_add_byte(buf, (uint8_t)meanings[i]);
            return true;
        }
    }
    return false;
}

static enum err string_read(struct parser *parser, struct str *ret_text)
{
    AUTO_BUF buf = {0};
    bool escaped = false;
    if (!take(parser, '"')) {
        return ERR_INVALID;
    }
    const char *from = parser->at;
    while (parser->at < parser->end && *parser->at != '"') {
        struct str rest = {.ptr = parser->at, .len = (size_t)(parser->end - parser->at)};
        size_t len = utf8_len(rest);
        if (len == 0 || (unsigned char)*parser->at < 0x20) {
            return ERR_INVALID;
        }
        if (*parser->at != '\\') {
            parser->at += len;
            continue;
        }
        buf_add(&buf, (struct str){.ptr = from, .len = (size_t)(parser->at - from)});
        parser->at++;
        if (!escape_read(parser, &buf)) {
            return ERR_INVALID;
        }
        escaped = true;
        from = parser->at;
    }
    struct str tail = {.ptr = from, .len = (size_t)(parser->at - from)};
    if (!take(parser, '"')) {
        return ERR_INVALID;
    }
    if (escaped) {
        buf_add(&buf, tail);
        tail = arena_str(parser->arena, buf_str(&buf));
    }
    *ret_text = tail;
    return OK;
}

static enum err value_read(struct parser *parser, unsigned depth, struct json_value *value);

static struct json_value *item_new(struct items *items)
{
    if (items->count == items->cap) {
        items->cap = items->cap == 0 ? 8 : 2 * items->cap;
        items->ptr = memory_realloc(items->ptr, items->cap * sizeof items->ptr[0]);
    }
    items->ptr[items->count] = (struct json_value){0};
    return &items->ptr[items->count++];
}

static enum err member_read(
    struct parser *parser, unsigned depth, struct table *keys, struct items *items)
{
    struct str key;
    enum err err = string_read(parser, &key);
    if (err != OK) {
        return err;
    }
    if (table_add(keys, NULL, key) != items->count) {
        return ERR_INVALID; /* a name twice */
    }
    space_skip(parser);
    if (!take(parser, ':')) {
        return ERR_INVALID;
    }
    struct json_value value = {0};
    err = value_read(parser, depth + 1, &value);
    if (err == OK) {
        value.key = key;
        *item_new(items) = value;
    }
    return err;
}

static enum err element_read(struct parser *parser, unsigned depth, struct items *items)
{
    struct json_value value = {0};
    enum err err = value_read(parser, depth + 1, &value);
    if (err == OK) {
        *item_new(items) = value;
    }
    return err;
}

static enum err items_read(
    struct parser *parser, unsigned depth, char end, struct table *keys, struct items *items)
{
    space_skip(parser);
    if (take(parser, end)) {
        return OK;
    }
    do {
        space_skip(parser);
        enum err err = end == '}' ? member_read(parser, depth, keys, items)
                                  : element_read(parser, depth, items);
        if (err != OK) {
            return err;
        }
        space_skip(parser);
    } while (take(parser, ','));
    return take(parser, end) ? OK : ERR_INVALID;
}

static enum err composite_read(
    struct parser *parser, unsigned depth, char end, struct json_value *value)
{
    struct table keys = {0};
    struct items items = {0};
    if (depth >= parser->depth_max) {
        return ERR_LIMIT;
    }
    enum err err = items_read(parser, depth, end, &keys, &items);
    if (err == OK && items.count > 0) {
        struct json_value *copy = ARENA_NEW(parser->arena, struct json_value, items.count);
        memcpy(copy, items.ptr, items.count * sizeof copy[0]);
        value->items = copy;
        value->count = items.count;
    }
    value->kind = end == '}' ? JSON_OBJECT : JSON_ARRAY;
    table_release(&keys);
    free(items.ptr);
    return err;
}

static bool word_take(struct parser *parser, struct str word)
{
    struct str rest = {.ptr = parser->at, .len = (size_t)(parser->end - parser->at)};
    bool found = str_starts(rest, word);
    parser->at += found ? word.len : 0;
    return found;
}

static enum err value_read(struct parser *parser, unsigned depth, struct json_value *value)
{
    space_skip(parser);
    if (take(parser, '{')) {
        return composite_read(parser, depth, '}', value);
    }
    if (take(parser, '[')) {
        return composite_read(parser, depth, ']', value);
    }
    if (parser->at < parser->end && *parser->at == '"') {
        value->kind = JSON_STRING;
        return string_read(parser, &value->text);
    }
    if (word_take(parser, STR("null"))) {
        value->kind = JSON_NULL;
    } else if (word_take(parser, STR("true"))) {
        value->kind = JSON_TRUE;
    } else if (word_take(parser, STR("false"))) {
        value->kind = JSON_FALSE;
    } else {
        return number_read(parser, value);
    }
    return OK;
}

enum err json_parse_within(struct str text, unsigned depth_max, size_t bytes_max,
    struct arena *arena, struct json_value *ret_value, size_t *ret_at)
{
    if (text.len > bytes_max) {
        return ERR_LIMIT;
    }
    struct parser parser = {.begin = text.ptr,
        .at = text.ptr,
        .end = text.ptr + text.len,
        .arena = arena,
        .depth_max = depth_max};
    struct json_value value = {0};
    enum err err = text.len == 0 ? ERR_INVALID : value_read(&parser, 0, &value);
    if (err == OK) {
        space_skip(&parser);
        err = parser.at == parser.end ? OK : ERR_INVALID;
    }
    if (err == OK) {
        *ret_value = value;
    } else if (ret_at != NULL) {
        *ret_at = (size_t)(parser.at - parser.begin);
    }
    return err;
}

enum err json_parse(
    struct str text, struct arena *arena, struct json_value *ret_value, size_t *ret_at)
{
    return json_parse_within(text, JSON_DEPTH_MAX, JSON_BYTES_MAX, arena, ret_value, ret_at);
}

const struct json_value *json_get(const struct json_value *value, const char *key)
{
    struct str name = str_of(key);
    for (size_t i = 0; value != NULL && value->kind == JSON_OBJECT && i < value->count; i++) {
        if (str_eq(value->items[i].key, name)) {
            return &value->items[i];
        }
    }
    return NULL;
}

enum err json_uint(const struct json_value *value, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (value == NULL || value->kind != JSON_NUMBER) {
        return ERR_INVALID;
    }
    for (size_t i = 0; i < value->text.len; i++) {
        char c = value->text.ptr[i];
        if (c < '0' || c > '9' || __builtin_mul_overflow(number, (uint64_t)10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(c - '0'), &number)) {
            return ERR_INVALID;
        }
    }
    *ret_number = number;
    return OK;
}
