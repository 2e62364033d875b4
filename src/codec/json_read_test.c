/* src/codec/json_read_test.c */
#include "base/test.h"
#include "codec/json_read.h"

static struct arena arena;

static void good_texts_are_read(void)
{
    struct json_value value;
    struct str text = STR(" {\"a\": [1, -2.5e+3, true, false, null], \"b\\u0041\":\"\\u00e9\\n"
                          "\\ud83d\\ude00/\\/\", \"\":{}, \"n\": 18446744073709551615}\n");
    CHECK(json_parse(text, &arena, &value, NULL) == OK);
    CHECK(value.kind == JSON_OBJECT && value.count == 4);
    const struct json_value *a = json_get(&value, "a");
    CHECK(a != NULL && a->kind == JSON_ARRAY && a->count == 5);
    if (a != NULL && a->count == 5) {
        CHECK_STR(a->items[1].text, STR("-2.5e+3"));
        CHECK(a->items[2].kind == JSON_TRUE && a->items[4].kind == JSON_NULL);
    }
    const struct json_value *b = json_get(&value, "bA");
    CHECK(b != NULL && b->kind == JSON_STRING);
    if (b != NULL) {
        CHECK_STR(b->text, STR("\xC3\xA9\n\xF0\x9F\x98\x80//"));
    }
    uint64_t number = 0;
    CHECK(json_uint(json_get(&value, "n"), &number) == OK && number == UINT64_MAX);
    CHECK(json_uint(json_get(&value, "none"), &number) == ERR_INVALID);
    CHECK(json_get(&value, "") != NULL && json_get(&value, "c") == NULL);
    arena_release(&arena);
}

static void bad_texts_are_refused(void)
{
    static const char *const cases[] = {"", " ", "{", "[1,]", "[1 2]", "{\"a\":1,}", "{\"a\" 1}",
        "{a:1}", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "01", "-", "1.", ".5", "1e", "+1",
        "nul", "True", "\"", "\"\t\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"",
        "\"\\ud800\\u0041\"", "\"\xFF\"", "\"\xC0\x80\"", "1 1", "[]]", "NaN", "// x\n1", "'a'"};
    struct json_value value;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum err err = json_parse(str_of(cases[i]), &arena, &value, NULL);
        CHECK(err == ERR_INVALID);
        if (err != ERR_INVALID) {
            (void)printf("# case %zu\n", i);
        }
    }
    size_t at = 0;
    CHECK(json_parse(STR("[1, x]"), &arena, &value, &at) == ERR_INVALID && at == 4);
    arena_release(&arena);
}

static void depth_is_bounded(void)
{
    char text[2 * JSON_DEPTH_MAX + 2];
    struct json_value value;
    for (size_t extra = 0; extra < 2; extra++) {
        size_t depth = JSON_DEPTH_MAX + extra;
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        struct str all = {.ptr = text, .len = 2 * depth};
        CHECK(json_parse(all, &arena, &value, NULL) == (extra == 0 ? OK : ERR_LIMIT));
    }
    arena_release(&arena);
}

static void numbers_are_whole_or_refused(void)
{
    static const char *const cases[] = {"-1", "1.0", "1e3", "18446744073709551616", "\"1\""};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json_value value;
        uint64_t number;
        CHECK(json_parse(str_of(cases[i]), &arena, &value, NULL) == OK);
        CHECK(json_uint(&value, &number) == ERR_INVALID);
    }
    arena_release(&arena);
}

int main(void)
{
    TEST(good_texts_are_read);
    TEST(bad_texts_are_refused);
    TEST(depth_is_bounded);
    TEST(numbers_are_whole_or_refused);
    return test_done();
}
