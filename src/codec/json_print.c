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

static void string_add(struct buf *text, struct str string)
{
    struct json json = {.text = text};
    json_str(&json, string);
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
