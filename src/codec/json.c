/* src/codec/json.c */
#include "codec/json.h"

static void separate(struct json *json)
{
    if (json->comma) {
        buf_add_byte(json->text, ',');
    }
    json->comma = true;
}

void json_begin(struct json *json, char bracket)
{
    separate(json);
    buf_add_byte(json->text, (uint8_t)bracket);
    json->comma = false;
}

void json_end(struct json *json, char bracket)
{
    buf_add_byte(json->text, (uint8_t)bracket);
    json->comma = true;
}

/* Bytes of the UTF-8 sequence at the start of text (RFC 3629), 0 if there is none. */
static size_t utf8_len(struct str text)
{
    static const struct {
        uint8_t mask, lead;
        uint32_t least; /* the smallest code point of this length: a longer form is not UTF-8 */
    } forms[] = {{0x80, 0x00, 0}, {0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};
    uint8_t first = (uint8_t)text.ptr[0];
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if ((first & forms[i].mask) != forms[i].lead) {
            continue;
        }
        uint32_t point = first & (uint8_t)~forms[i].mask;
        for (size_t j = 1; j <= i; j++) {
            if (j >= text.len || ((uint8_t)text.ptr[j] & 0xC0U) != 0x80U) {
                return 0;
            }
            point = point << 6 | ((uint8_t)text.ptr[j] & 0x3FU);
        }
        bool surrogate = point >= 0xD800 && point <= 0xDFFF;
        return point < forms[i].least || point > 0x10FFFF || surrogate ? 0 : i + 1;
    }
    return 0;
}

static void add_quoted(struct buf *text, struct str plain)
{
    buf_add_byte(text, '"');
    while (plain.len > 0) {
        size_t len = utf8_len(plain);
        uint8_t byte = (uint8_t)plain.ptr[0];
        if (len == 0) {
            buf_add(text, STR("\xEF\xBF\xBD"));
            len = 1;
        } else if (byte == '"' || byte == '\\') {
            buf_printf(text, "\\%c", byte);
        } else if (byte == '\n') {
            buf_add(text, STR("\\n"));
        } else if (byte == '\t') {
            buf_add(text, STR("\\t"));
        } else if (byte < 0x20 || byte == 0x7F) {
            buf_printf(text, "\\u%04x", byte);
        } else {
            buf_add(text, str_sub(plain, 0, len));
        }
        plain = str_sub(plain, len, plain.len);
    }
    buf_add_byte(text, '"');
}

void json_key(struct json *json, struct str key)
{
    separate(json);
    add_quoted(json->text, key);
    buf_add_byte(json->text, ':');
    json->comma = false;
}

void json_str(struct json *json, struct str text)
{
    separate(json);
    add_quoted(json->text, text);
}

void json_number(struct json *json, uint64_t number)
{
    separate(json);
    buf_printf(json->text, "%llu", (unsigned long long)number);
}

void json_bool(struct json *json, bool value)
{
    separate(json);
    buf_add(json->text, value ? STR("true") : STR("false"));
}

void json_null(struct json *json)
{
    separate(json);
    buf_add(json->text, STR("null"));
}

void json_key_str(struct json *json, struct str key, struct str text)
{
    json_key(json, key);
    json_str(json, text);
}

void json_key_number(struct json *json, struct str key, uint64_t number)
{
    json_key(json, key);
    json_number(json, number);
}

void json_key_bool(struct json *json, struct str key, bool value)
{
    json_key(json, key);
    json_bool(json, value);
}
