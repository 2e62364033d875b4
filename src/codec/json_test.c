/* src/codec/json_test.c */
#include "base/test.h"
#include "codec/json.h"

static void strings(void)
{
    static const struct {
        struct str plain, json;
    } cases[] = {
        {{"", 0}, {"\"\"", 2}},
        {{"a\"b\\c", 5}, {"\"a\\\"b\\\\c\"", 9}},
        {{"\n\t\x01\x7f", 4}, {"\"\\n\\t\\u0001\\u007f\"", 18}},
        {{"\0", 1}, {"\"\\u0000\"", 8}},
        {{"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9},
            {"\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"", 11}},
        {{"\xC0\x80", 2}, {"\"\xEF\xBF\xBD\xEF\xBF\xBD\"", 8}},                  /* overlong */
        {{"\xED\xA0\x80", 3}, {"\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"", 11}}, /* surrogate */
        {{"\xC3", 1}, {"\"\xEF\xBF\xBD\"", 5}},                                  /* cut short */
        {{"\xFFz", 2}, {"\"\xEF\xBF\xBDz\"", 6}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        AUTO_BUF text = {0};
        struct json json = {.text = &text};
        json_str(&json, cases[i].plain);
        CHECK_STR(buf_str(&text), cases[i].json);
    }
}

static void structure(void)
{
    AUTO_BUF text = {0};
    struct json json = {.text = &text};
    json_begin(&json, '{');
    json_key_number(&json, STR("n"), UINT64_MAX);
    json_key(&json, STR("list"));
    json_begin(&json, '[');
    json_begin(&json, '[');
    json_end(&json, ']');
    json_null(&json);
    json_begin(&json, '{');
    json_key_bool(&json, STR("yes"), true);
    json_key_str(&json, STR("s"), STR("x"));
    json_end(&json, '}');
    json_end(&json, ']');
    const struct str words[] = {{"a", 1}, {"\"", 1}};
    json_key_strs(&json, STR("words"), words, 2);
    json_key_strs(&json, STR("none"), NULL, 0);
    json_key_bool(&json, STR("no"), false);
    json_end(&json, '}');
    CHECK_STR(buf_str(&text), STR("{\"n\":18446744073709551615,\"list\":[[],null,{\"yes\":true,"
                                  "\"s\":\"x\"}],\"words\":[\"a\",\"\\\"\"],\"none\":[],"
                                  "\"no\":false}"));
}

int main(void)
{
    TEST(strings);
    TEST(structure);
    return test_done();
}
