/* src/codec/json.c */
#include "codec/json.h"
#include "base/utf8.h"

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

void json_key_strs(struct json *json, struct str key, const struct str *at, size_t count)
{
    json_key(json, key);
    json_begin(json, '[');
    for (size_t i = 0; i < count; i++) {
        json_str(json, at[i]);
    }
    json_end(json, ']');
}
