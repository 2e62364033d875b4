/* src/codec/json_print.c */
#include "codec/json_print.h"
#include "codec/json.h"
#include <strings.h>

static void spaces_add(struct buf *text, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        buf_add_byte(text, ' ');
    }
}

/* Is the character at `at` a control or line break to YAML 1.1 that JSON takes as it is? These are
 * U+0080 to U+009F, U+2028, U+2029, U+FEFF, U+FFFE and U+FFFF. Its code and length then. */
static bool is_yaml_break(struct str text, size_t at, unsigned *ret_code, size_t *ret_len)
{
    const unsigned char *p = (const unsigned char *)text.ptr + at;
    size_t left = text.len - at;
    if (left >= 2 && p[0] == 0xC2 && p[1] < 0xA0) {
        *ret_code = p[1];
        *ret_len = 2;
        return true;
    }
    if (left < 3 || (p[0] != 0xE2 && p[0] != 0xEF)) {
        return false;
    }
    unsigned code = (p[0] & 0x0FU) << 12 | (p[1] & 0x3FU) << 6 | (p[2] & 0x3FU);
    *ret_code = code;
    *ret_len = 3;
    return code == 0x2028 || code == 0x2029 || code == 0xFEFF || code >= 0xFFFE;
}

/* In double quotes, so that readers of JSON and of both versions of YAML take it for the same. */
static void string_add(struct buf *text, struct str string)
{
    AUTO_BUF quoted = {0};
    struct json json = {.text = &quoted};
    json_str(&json, string);
    struct str all = buf_str(&quoted);
    size_t done = 0;
    for (size_t at = 0; at < all.len; at++) {
        unsigned code = 0;
        size_t len = 0;
        if (((unsigned char)all.ptr[at] & 0x80U) != 0 && is_yaml_break(all, at, &code, &len)) {
            buf_add(text, str_sub(all, done, at));
            buf_printf(text, "\\u%04x", code);
            done = at + len;
            at = done - 1;
        }
    }
    buf_add(text, str_sub(all, done, all.len));
}

static void scalar_add(struct buf *text, const struct json_value *value)
{
    switch (value->kind) {
    case JSON_NULL:
        buf_add(text, STR("null"));
        break;
    case JSON_FALSE:
        buf_add(text, STR("false"));
        break;
    case JSON_TRUE:
        buf_add(text, STR("true"));
        break;
    case JSON_NUMBER:
        buf_add(text, value->text);
        break;
    case JSON_STRING:
        string_add(text, value->text);
        break;
    case JSON_ARRAY: /* an empty one */
        buf_add(text, STR("[]"));
        break;
    case JSON_OBJECT:
        buf_add(text, STR("{}"));
        break;
    }
}

static void print(const struct json_value *value, unsigned indent, unsigned level, struct buf *text)
{
    if (value->count == 0) {
        scalar_add(text, value);
        return;
    }
    bool is_object = value->kind == JSON_OBJECT;
    buf_add_byte(text, is_object ? '{' : '[');
    for (size_t i = 0; i < value->count; i++) {
        buf_add(text, i == 0 ? STR("") : STR(","));
        if (indent > 0) {
            buf_add_byte(text, '\n');
            spaces_add(text, indent * (level + 1));
        }
        if (is_object) {
            string_add(text, value->items[i].key);
            buf_add(text, indent > 0 ? STR(": ") : STR(":"));
        }
        print(&value->items[i], indent, level + 1, text);
    }
    if (indent > 0) {
        buf_add_byte(text, '\n');
        spaces_add(text, indent * level);
    }
    buf_add_byte(text, is_object ? '}' : ']');
}

void json_print(const struct json_value *value, unsigned indent, struct buf *ret_text)
{
    print(value, indent, 0, ret_text);
}

/* What YAML 1.1 and 1.2 readers take for null, a boolean or a number. */
static bool is_reserved(struct str text)
{
    static const char *const words[] = {
        "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (text.len == strlen(words[i]) && strncasecmp(text.ptr, words[i], text.len) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_letter(char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool is_plain(struct str text)
{
    if (text.len == 0 || !(is_letter(text.ptr[0]) || strchr("_/", text.ptr[0]) != NULL) ||
        is_reserved(text) || text.ptr[text.len - 1] == ' ') {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool good =
            is_letter(c) || (c >= '0' && c <= '9') || (c != 0 && strchr("_./@+=-", c) != NULL);
        good = good || (c == ' ' && text.ptr[i - 1] != ' ');
        if (!good) {
            return false;
        }
    }
    return true;
}

/* Could it be a literal block? Only printable characters, and a first line that shows the indent.
 */
static bool is_block(struct str text)
{
    if (text.len == 0 || str_find(text, '\n') == text.len || strchr(" \n\t", text.ptr[0]) != NULL) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7F || c == 0xC2 || c == 0xE2 ||
            c == 0xEF) {
            return false; /* controls, and the first bytes of U+0085, U+2028 and U+FEFF */
        }
    }
    return true;
}

static void block_add(struct buf *text, struct str string, unsigned indent)
{
    size_t newlines = 0;
    while (newlines < string.len && string.ptr[string.len - 1 - newlines] == '\n') {
        newlines++;
    }
    buf_add(text, newlines == 0 ? STR("|-\n") : newlines == 1 ? STR("|\n") : STR("|+\n"));
    while (string.len > 0) {
        size_t end = str_find(string, '\n');
        if (end > 0) {
            spaces_add(text, indent);
            buf_add(text, str_sub(string, 0, end));
        }
        buf_add_byte(text, '\n');
        string = str_sub(string, end + 1, string.len);
    }
}

static void yaml_string_add(struct buf *text, struct str string, bool quoted)
{
    if (!quoted && is_plain(string)) {
        buf_add(text, string);
    } else {
        string_add(text, string);
    }
}

/* A value behind "key:" or "-", with what parts it from that; ends the line. level: of the spaces
 * before the lines of its own that it has. */
static void yaml_value(const struct json_value *value, unsigned level, bool quoted,
    bool in_sequence, struct buf *text);

static void yaml_items(const struct json_value *value, unsigned level, bool quoted,
    bool first_inline, struct buf *text)
{
    for (size_t i = 0; i < value->count; i++) {
        if (i > 0 || !first_inline) {
            spaces_add(text, level);
        }
        if (value->kind == JSON_ARRAY) {
            buf_add_byte(text, '-');
            yaml_value(&value->items[i], level + 2, quoted, true, text);
        } else {
            yaml_string_add(text, value->items[i].key, quoted);
            buf_add_byte(text, ':');
            yaml_value(&value->items[i], level + 2, quoted, false, text);
        }
    }
}

static void yaml_value(
    const struct json_value *value, unsigned level, bool quoted, bool in_sequence, struct buf *text)
{
    if (value->count > 0) {
        buf_add_byte(text, in_sequence ? ' ' : '\n');
        yaml_items(value, level, quoted, in_sequence, text);
        return;
    }
    buf_add_byte(text, ' ');
    if (value->kind == JSON_STRING && !quoted && is_block(value->text)) {
        block_add(text, value->text, level);
        return;
    }
    if (value->kind == JSON_STRING) {
        yaml_string_add(text, value->text, quoted);
    } else {
        scalar_add(text, value);
    }
    buf_add_byte(text, '\n');
}

void yaml_print(const struct json_value *value, bool quoted, struct buf *ret_text)
{
    if (value->count > 0) {
        yaml_items(value, 0, quoted, true, ret_text);
    } else if (value->kind == JSON_STRING && !quoted && is_block(value->text)) {
        block_add(ret_text, value->text, 2);
    } else if (value->kind == JSON_STRING) {
        yaml_string_add(ret_text, value->text, quoted);
        buf_add_byte(ret_text, '\n');
    } else {
        scalar_add(ret_text, value);
        buf_add_byte(ret_text, '\n');
    }
}
