/* src/codec/yaml_read.c */
#include "codec/yaml_read.h"
#include "base/buf.h"
#include "base/table.h"
#include "base/utf8.h"
#include <stdlib.h>

struct yaml {
    const char *begin, *at, *end;
    struct arena *arena;
    unsigned depth, depth_max;
    const char *why; /* NULL while all is well */
    enum err err;
};
struct items {
    struct json_value *ptr; /* owned */
    size_t count, cap;
    struct table keys; /* borrowed texts of the arena */
};

static bool fail(struct yaml *yaml, const char *why)
{
    if (yaml->why == NULL) {
        yaml->why = why;
        yaml->err = ERR_INVALID;
    }
    return false;
}

static char peek(const struct yaml *yaml, size_t ahead)
{
    if ((size_t)(yaml->end - yaml->at) > ahead) {
        return yaml->at[ahead];
    }
    return '\0';
}

static bool at_end(const struct yaml *yaml)
{
    return yaml->at >= yaml->end;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_break(char c)
{
    return c == '\n' || c == '\r';
}

/* The count of bytes between the beginning of the line and at. */
static size_t column(const struct yaml *yaml)
{
    const char *from = yaml->at;
    while (from > yaml->begin && !is_break(from[-1])) {
        from--;
    }
    return (size_t)(yaml->at - from);
}

static void line_end_skip(struct yaml *yaml)
{
    while (!at_end(yaml) && !is_break(*yaml->at)) {
        yaml->at++;
    }
    if (peek(yaml, 0) == '\r' && peek(yaml, 1) == '\n') {
        yaml->at++;
    }
    yaml->at += at_end(yaml) ? 0 : 1;
}

/* Blanks and a comment of this line. */
static void blanks_skip(struct yaml *yaml)
{
    bool blank = yaml->at == yaml->begin || is_break(yaml->at[-1]);
    while (is_blank(peek(yaml, 0))) {
        yaml->at++;
        blank = true;
    }
    if (blank && peek(yaml, 0) == '#') {
        while (!at_end(yaml) && !is_break(*yaml->at)) {
            yaml->at++;
        }
    }
}

/* To the next thing that is neither white space nor comment, on whatever line. */
static bool space_skip(struct yaml *yaml)
{
    for (;;) {
        const char *from = yaml->at;
        bool fresh = from == yaml->begin || is_break(from[-1]);
        blanks_skip(yaml);
        if (at_end(yaml) || !is_break(*yaml->at)) {
            bool tab = fresh && yaml->at > from && memchr(from, '\t', (size_t)(yaml->at - from));
            return tab && !at_end(yaml) ? fail(yaml, "a tab indents this line; YAML wants spaces")
                                        : true;
        }
        line_end_skip(yaml);
    }
}

/* --- or ... at the beginning of a line. */
static bool is_marker(const struct yaml *yaml)
{
    struct str rest = {.ptr = yaml->at, .len = (size_t)(yaml->end - yaml->at)};
    char next = peek(yaml, 3);
    return (str_starts(rest, STR("---")) || str_starts(rest, STR("..."))) && column(yaml) == 0 &&
           (next == '\0' || is_blank(next) || is_break(next));
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

static bool items_finish(
    struct yaml *yaml, struct items *items, enum json_kind kind, struct json_value *ret_value)
{
    struct json_value *copy = ARENA_NEW(yaml->arena, struct json_value, items->count);
    if (items->count > 0) {
        memcpy(copy, items->ptr, items->count * sizeof copy[0]);
    }
    *ret_value = (struct json_value){.kind = kind, .items = copy, .count = items->count};
    table_release(&items->keys);
    free(items->ptr);
    *items = (struct items){0};
    return yaml->why == NULL;
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

/* Line breaks within a quoted or plain scalar: one is a blank, n + 1 are n of them. The breaks and
 * all blanks around them are taken. */
static void breaks_fold(struct yaml *yaml, struct buf *text)
{
    size_t breaks = 0;
    while (text->len > 0 && is_blank(text->ptr[text->len - 1])) {
        text->len--;
    }
    while (!at_end(yaml) && (is_blank(*yaml->at) || is_break(*yaml->at))) {
        if (is_break(*yaml->at)) {
            breaks++;
            line_end_skip(yaml);
        } else {
            yaml->at++;
        }
    }
    if (breaks == 1) {
        buf_add_byte(text, ' ');
    }
    for (size_t i = 1; i < breaks; i++) {
        buf_add_byte(text, '\n');
    }
}

static bool hex_read(struct yaml *yaml, unsigned count, uint32_t *ret_code)
{
    uint32_t code = 0;
    for (unsigned i = 0; i < count; i++, yaml->at++) {
        char c = peek(yaml, 0);
        char low = (char)(c | 32);
        if (c >= '0' && c <= '9') {
            code = code << 4 | (uint32_t)(c - '0');
        } else if (low >= 'a' && low <= 'f') {
            code = code << 4 | ((uint32_t)(low - 'a') + 10);
        } else {
            return fail(yaml, "a hexadecimal digit is missing");
        }
    }
    *ret_code = code;
    return true;
}

static bool code_point_add(struct yaml *yaml, struct buf *text, uint32_t code)
{
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
        return fail(yaml, "no such character");
    }
    if (code < 0x80) {
        buf_add_byte(text, (uint8_t)code);
    } else if (code < 0x800) {
        buf_add_byte(text, (uint8_t)(0xC0 | code >> 6));
    } else if (code < 0x10000) {
        buf_add_byte(text, (uint8_t)(0xE0 | code >> 12));
        buf_add_byte(text, (uint8_t)(0x80 | (code >> 6 & 0x3F)));
    } else {
        buf_add_byte(text, (uint8_t)(0xF0 | code >> 18));
        buf_add_byte(text, (uint8_t)(0x80 | (code >> 12 & 0x3F)));
        buf_add_byte(text, (uint8_t)(0x80 | (code >> 6 & 0x3F)));
    }
    if (code >= 0x80) {
        buf_add_byte(text, (uint8_t)(0x80 | (code & 0x3F)));
    }
    return true;
}

/* Behind a backslash. */
static bool escape_read(struct yaml *yaml, struct buf *text)
{
    static const struct {
        char letter;
        uint8_t code;
    } singles[] = {{'0', 0}, {'a', 7}, {'b', 8}, {'t', 9}, {'\t', 9}, {'n', 10}, {'v', 11},
        {'f', 12}, {'r', 13}, {'e', 27}, {' ', 32}, {'"', 34}, {'/', 47}, {'\\', 92}};
    char c = peek(yaml, 0);
    if (is_break(c)) { /* the break is none, nor are the blanks of the next line */
        line_end_skip(yaml);
        while (is_blank(peek(yaml, 0))) {
            yaml->at++;
        }
        return true;
    }
    yaml->at += at_end(yaml) ? 0 : 1;
    for (size_t i = 0; i < sizeof singles / sizeof singles[0]; i++) {
        if (c == singles[i].letter) {
            buf_add_byte(text, singles[i].code);
            return true;
        }
    }
    uint32_t code = 0;
    uint32_t low = 0;
    switch (c) {
    case 'x':
        return hex_read(yaml, 2, &code) && code_point_add(yaml, text, code);
    case 'u':
        if (!hex_read(yaml, 4, &code)) {
            return false;
        }
        if (code >= 0xD800 && code < 0xDC00 && peek(yaml, 0) == '\\' && peek(yaml, 1) == 'u') {
            yaml->at += 2; /* JSON's surrogate pairs */
            if (!hex_read(yaml, 4, &low) || low < 0xDC00 || low > 0xDFFF) {
                return fail(yaml, "half a surrogate pair");
            }
            code = 0x10000 + ((code & 0x3FF) << 10 | (low & 0x3FF));
        }
        return code_point_add(yaml, text, code);
    case 'U':
        return hex_read(yaml, 8, &code) && code_point_add(yaml, text, code);
    case 'N':
        return code_point_add(yaml, text, 0x85);
    case '_':
        return code_point_add(yaml, text, 0xA0);
    case 'L':
        return code_point_add(yaml, text, 0x2028);
    case 'P':
        return code_point_add(yaml, text, 0x2029);
    default:
        return fail(yaml, "no such escape in double quotes");
    }
}

static bool quoted_read(struct yaml *yaml, struct str *ret_text)
{
    char quote = *yaml->at++;
    AUTO_BUF text = {0};
    for (;;) {
        char c = peek(yaml, 0);
        if (at_end(yaml)) {
            return fail(yaml, "the quoted text has no end");
        }
        if (c == quote && quote == '\'' && peek(yaml, 1) == '\'') {
            buf_add_byte(&text, '\'');
            yaml->at += 2;
        } else if (c == quote) {
            yaml->at++;
            *ret_text = arena_str(yaml->arena, buf_str(&text));
            return true;
        } else if (is_break(c)) {
            breaks_fold(yaml, &text);
        } else if (c == '\\' && quote == '"') {
            yaml->at++;
            if (!escape_read(yaml, &text)) {
                return false;
            }
        } else {
            buf_add_byte(&text, (uint8_t)c);
            yaml->at++;
        }
    }
}

static bool is_flow_mark(char c)
{
    return c != '\0' && strchr(",[]{}", c) != NULL;
}

/* Does a plain scalar end here? */
static bool plain_ends(const struct yaml *yaml, bool flow)
{
    char c = peek(yaml, 0);
    char next = peek(yaml, 1);
    return at_end(yaml) || is_break(c) || (flow && is_flow_mark(c)) ||
           (c == ':' && (next == '\0' || is_blank(next) || is_break(next) ||
                            (flow && is_flow_mark(next)))) ||
           (c == '#' && yaml->at > yaml->begin && is_blank(yaml->at[-1]));
}

static void plain_line(struct yaml *yaml, bool flow, struct buf *text)
{
    while (!plain_ends(yaml, flow)) {
        buf_add_byte(text, (uint8_t)*yaml->at++);
    }
    while (text->len > 0 && is_blank(text->ptr[text->len - 1])) {
        text->len--;
    }
}

static bool plain_starts(struct yaml *yaml)
{
    char c = peek(yaml, 0);
    char next = peek(yaml, 1);
    bool alone = next == '\0' || is_blank(next) || is_break(next);
    if (c == '&' || c == '*' || c == '!') {
        return fail(yaml, c == '&'   ? "anchors (&) are not read"
                          : c == '*' ? "aliases (*) are not read"
                                     : "tags (!) are not read");
    }
    if (c == '?' && alone) {
        return fail(yaml, "complex keys (?) are not read");
    }
    if (strchr("%@`|>,]}", c) != NULL || (c == '-' && alone)) {
        return fail(yaml, "this cannot begin a plain scalar; put it in quotes");
    }
    return true;
}

/* Lines that are indented more than `indent` go on. */
static bool plain_read(struct yaml *yaml, long indent, bool flow, struct json_value *ret_value)
{
    AUTO_BUF text = {0};
    if (!plain_starts(yaml)) {
        return false;
    }
    plain_line(yaml, flow, &text);
    while (!at_end(yaml) && is_break(peek(yaml, 0))) {
        const char *before = yaml->at;
        size_t len = text.len;
        breaks_fold(yaml, &text);
        bool goes_on = !at_end(yaml) && (long)column(yaml) > indent && !is_marker(yaml) &&
                       peek(yaml, 0) != '#' && !plain_ends(yaml, flow);
        if (!goes_on) {
            yaml->at = before;
            text.len = len;
            break;
        }
        plain_line(yaml, flow, &text);
    }
    *ret_value = plain_value(yaml, arena_str(yaml->arena, buf_str(&text)));
    return true;
}

/* | and >: a header, then the lines that are indented more than what is around. */
struct block {
    bool folded;
    char chomp;       /* '+', '-' or 0 */
    long width;       /* columns of the indent; -1: the first line shows it */
    size_t breaks;    /* that stand behind the text so far */
    bool deep_before; /* the last line was indented more: such lines are not folded */
    struct buf text;
};

static bool block_header(struct yaml *yaml, long indent, struct block *block)
{
    long extra = 0;
    block->folded = *yaml->at++ == '>';
    for (;;) {
        char c = peek(yaml, 0);
        if ((c == '+' || c == '-') && block->chomp == 0) {
            block->chomp = c;
        } else if (c >= '1' && c <= '9' && extra == 0) {
            extra = c - '0';
        } else {
            break;
        }
        yaml->at++;
    }
    blanks_skip(yaml);
    if (!at_end(yaml) && !is_break(*yaml->at)) {
        return fail(yaml, "expected the end of the line behind | or >");
    }
    line_end_skip(yaml);
    block->width = extra > 0 ? (indent < 0 ? 0 : indent) + extra : -1;
    return true;
}

static void block_line(struct yaml *yaml, struct block *block)
{
    bool deep = is_blank(peek(yaml, 0));
    bool joins = block->folded && !deep && !block->deep_before && block->text.len > 0;
    if (joins && block->breaks == 1) {
        buf_add_byte(&block->text, ' ');
        block->breaks = 0;
    } else if (joins) {
        block->breaks--;
    }
    for (; block->breaks > 0; block->breaks--) {
        buf_add_byte(&block->text, '\n');
    }
    while (!at_end(yaml) && !is_break(*yaml->at)) {
        buf_add_byte(&block->text, (uint8_t)*yaml->at++);
    }
    block->breaks = at_end(yaml) ? 0 : 1;
    block->deep_before = deep;
    line_end_skip(yaml);
}

/* The next line; false if the block is over. */
static bool block_goes_on(struct yaml *yaml, long indent, struct block *block)
{
    const char *line = yaml->at;
    long spaces = 0;
    while (peek(yaml, 0) == ' ' && (block->width < 0 || spaces < block->width)) {
        yaml->at++;
        spaces++;
    }
    if (at_end(yaml)) {
        return false;
    }
    if (is_break(peek(yaml, 0))) {
        block->breaks++;
        line_end_skip(yaml);
        return true;
    }
    if (block->width < 0 && spaces > indent) {
        block->width = spaces;
    }
    if (block->width < 0 || spaces < block->width || is_marker(yaml)) {
        yaml->at = line;
        return false;
    }
    block_line(yaml, block);
    return true;
}

static bool block_scalar_read(struct yaml *yaml, long indent, struct json_value *ret_value)
{
    struct block block = {.deep_before = true};
    if (!block_header(yaml, indent, &block)) {
        return false;
    }
    while (!at_end(yaml) && block_goes_on(yaml, indent, &block)) {
    }
    size_t kept = block.chomp == '-'                       ? 0
                  : block.chomp == '+'                     ? block.breaks
                  : block.text.len > 0 && block.breaks > 0 ? 1
                                                           : 0;
    for (; kept > 0; kept--) {
        buf_add_byte(&block.text, '\n');
    }
    *ret_value = text_value(JSON_STRING, arena_str(yaml->arena, buf_str(&block.text)));
    buf_release(&block.text);
    return true;
}

/* Flow collections. */

static bool flow_read(struct yaml *yaml, struct json_value *ret_value);

static bool deeper(struct yaml *yaml)
{
    if (yaml->depth >= yaml->depth_max) {
        (void)fail(yaml, "it is nested too deeply");
        yaml->err = ERR_LIMIT;
        return false;
    }
    yaml->depth++;
    return true;
}

/* A key, as text: what it would be as a value does not matter. */
static bool key_read(struct yaml *yaml, bool flow, struct str *ret_key)
{
    char c = peek(yaml, 0);
    if (c == '"' || c == '\'') {
        return quoted_read(yaml, ret_key);
    }
    AUTO_BUF text = {0};
    if (!plain_starts(yaml)) {
        return false;
    }
    plain_line(yaml, flow, &text);
    *ret_key = arena_str(yaml->arena, buf_str(&text));
    return true;
}

static bool key_add(struct yaml *yaml, struct items *items, struct str key)
{
    return table_add(&items->keys, NULL, key) == items->count
               ? true
               : fail(yaml, "the same key for the second time");
}

static bool flow_member(struct yaml *yaml, struct items *items)
{
    struct str key;
    const char *from = yaml->at;
    if (!key_read(yaml, true, &key)) {
        return false;
    }
    if (!key_add(yaml, items, key)) {
        yaml->at = from;
        return false;
    }
    struct json_value value = {.kind = JSON_NULL};
    if (!space_skip(yaml)) {
        return false;
    }
    if (peek(yaml, 0) == ':') {
        yaml->at++;
        bool good = space_skip(yaml);
        bool nothing = peek(yaml, 0) == ',' || peek(yaml, 0) == '}';
        if (!good || (!nothing && !flow_read(yaml, &value))) {
            return false;
        }
    }
    value.key = key;
    *item_new(items) = value;
    return true;
}

static bool flow_items(struct yaml *yaml, char end, struct items *items)
{
    for (;;) {
        if (!space_skip(yaml)) {
            return false;
        }
        if (peek(yaml, 0) == end) {
            yaml->at++;
            return true;
        }
        struct json_value value = {0};
        if (end == ']' ? !flow_read(yaml, &value) : !flow_member(yaml, items)) {
            return false;
        }
        if (end == ']') {
            *item_new(items) = value;
        }
        if (!space_skip(yaml)) {
            return false;
        }
        if (peek(yaml, 0) == ',') {
            yaml->at++;
        } else if (peek(yaml, 0) != end) {
            return fail(yaml, end == ']' ? "expected , or ]" : "expected , or }");
        }
    }
}

static bool flow_read(struct yaml *yaml, struct json_value *ret_value)
{
    char c = peek(yaml, 0);
    if (c == '"' || c == '\'') {
        struct str text;
        if (!quoted_read(yaml, &text)) {
            return false;
        }
        *ret_value = text_value(JSON_STRING, text);
        return true;
    }
    if (c != '[' && c != '{') {
        return at_end(yaml) ? fail(yaml, "[ or { has no end")
                            : plain_read(yaml, -1, true, ret_value);
    }
    struct items items = {0};
    if (!deeper(yaml)) {
        return false;
    }
    yaml->at++;
    bool good = flow_items(yaml, c == '[' ? ']' : '}', &items);
    yaml->depth--;
    return items_finish(yaml, &items, c == '[' ? JSON_ARRAY : JSON_OBJECT, ret_value) && good;
}

/* Block collections. indent: the column of the collection around; what is in it stands deeper. */

static bool block_read(struct yaml *yaml, long indent, struct json_value *ret_value);

static bool is_dash(const struct yaml *yaml)
{
    char next = peek(yaml, 1);
    return peek(yaml, 0) == '-' && (next == '\0' || is_blank(next) || is_break(next));
}

/* Is there "key:" on this line? Nothing is taken. */
static bool is_key(const struct yaml *yaml)
{
    struct yaml ahead = *yaml;
    struct str key;
    char c = peek(&ahead, 0);
    const char *line_end = ahead.at;
    while (line_end < ahead.end && !is_break(*line_end)) {
        line_end++;
    }
    if (c == '[' || c == '{' || c == '|' || c == '>' || !key_read(&ahead, false, &key)) {
        return false;
    }
    while (is_blank(peek(&ahead, 0))) {
        ahead.at++;
    }
    char next = peek(&ahead, 1);
    return ahead.at < line_end && peek(&ahead, 0) == ':' &&
           (next == '\0' || is_blank(next) || is_break(next));
}

/* What stands behind "- " or "key: ", on the same line or below. same: a sequence at the column of
 * its key belongs to it. */
static bool entry_read(struct yaml *yaml, long indent, bool same, struct json_value *ret_value)
{
    const char *line = yaml->at;
    if (!space_skip(yaml)) {
        return false;
    }
    bool below = memchr(line, '\n', (size_t)(yaml->at - line)) != NULL;
    long at = (long)column(yaml);
    bool nothing = at_end(yaml) || is_marker(yaml) ||
                   (below && at <= indent && !(same && at == indent && is_dash(yaml)));
    if (nothing) {
        *ret_value = (struct json_value){.kind = JSON_NULL};
        return true;
    }
    if (same && !below && (is_dash(yaml) || is_key(yaml))) {
        return fail(yaml, "a collection must begin on a line of its own");
    }
    return block_read(yaml, below && at == indent ? indent - 1 : indent, ret_value);
}

static bool sequence_read(struct yaml *yaml, struct json_value *ret_value)
{
    struct items items = {0};
    long at = (long)column(yaml);
    bool good = true;
    while (good && !at_end(yaml) && (long)column(yaml) == at && is_dash(yaml) && !is_marker(yaml)) {
        struct json_value value = {0};
        yaml->at++;
        good = entry_read(yaml, at, false, &value) && space_skip(yaml);
        *item_new(&items) = value;
    }
    return items_finish(yaml, &items, JSON_ARRAY, ret_value) && good;
}

static bool mapping_read(struct yaml *yaml, struct json_value *ret_value)
{
    struct items items = {0};
    long at = (long)column(yaml);
    bool good = true;
    while (good && !at_end(yaml) && (long)column(yaml) == at && !is_marker(yaml)) {
        struct str key;
        const char *from = yaml->at;
        if (!is_key(yaml) || !key_read(yaml, false, &key)) {
            good = fail(yaml, "expected \"key: value\"");
            break;
        }
        if (!key_add(yaml, &items, key)) {
            yaml->at = from;
            good = false;
            break;
        }
        while (is_blank(peek(yaml, 0))) {
            yaml->at++;
        }
        yaml->at++; /* the colon, which is_key saw */
        struct json_value value = {0};
        good = entry_read(yaml, at, true, &value) && space_skip(yaml);
        value.key = key;
        *item_new(&items) = value;
    }
    return items_finish(yaml, &items, JSON_OBJECT, ret_value) && good;
}

/* Behind a scalar or flow collection the line is over. */
static bool line_over(struct yaml *yaml)
{
    blanks_skip(yaml);
    return at_end(yaml) || is_break(*yaml->at) ? true : fail(yaml, "expected the end of the line");
}

static bool block_node(struct yaml *yaml, long indent, struct json_value *ret_value)
{
    char c = peek(yaml, 0);
    if (is_dash(yaml)) {
        return sequence_read(yaml, ret_value);
    }
    if (is_key(yaml)) {
        return mapping_read(yaml, ret_value);
    }
    if (c == '|' || c == '>') {
        return block_scalar_read(yaml, indent, ret_value);
    }
    bool flow = c == '[' || c == '{' || c == '"' || c == '\'';
    return (flow ? flow_read(yaml, ret_value) : plain_read(yaml, indent, false, ret_value)) &&
           line_over(yaml);
}

static bool block_read(struct yaml *yaml, long indent, struct json_value *ret_value)
{
    if (!deeper(yaml)) {
        return false;
    }
    bool good = block_node(yaml, indent, ret_value);
    yaml->depth--;
    return good;
}

static bool document_read(struct yaml *yaml, struct json_value *ret_value)
{
    if (!space_skip(yaml)) {
        return false;
    }
    if (peek(yaml, 0) == '%') {
        return fail(yaml, "directives (%) are not read");
    }
    if (is_marker(yaml) && peek(yaml, 0) == '-') {
        yaml->at += 3;
        if (!space_skip(yaml)) {
            return false;
        }
    }
    *ret_value = (struct json_value){.kind = JSON_NULL};
    if (!at_end(yaml) && !is_marker(yaml) && !block_read(yaml, -1, ret_value)) {
        return false;
    }
    if (!space_skip(yaml)) {
        return false;
    }
    if (is_marker(yaml) && peek(yaml, 0) == '.') {
        yaml->at += 3;
        if (!space_skip(yaml)) {
            return false;
        }
    }
    return at_end(yaml)      ? true
           : is_marker(yaml) ? fail(yaml, "a second document; one is read")
                             : fail(yaml, "this is indented like nothing above it");
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
    struct yaml yaml = {.begin = text.ptr,
        .at = text.ptr,
        .end = text.ptr + text.len,
        .arena = arena,
        .depth_max = depth_max};
    struct json_value value = {0};
    size_t control = control_find(text);
    if (!utf8_is(text)) {
        (void)fail(&yaml, "not UTF-8");
    } else if (control < text.len) {
        yaml.at += control;
        (void)fail(&yaml, "a control character, which YAML has only as an escape in double quotes");
    } else if (document_read(&yaml, &value)) {
        *ret_value = value;
        return OK;
    }
    *ret_at = (size_t)(yaml.at - yaml.begin);
    *ret_why = yaml.why;
    return yaml.err;
}
