/* src/codec/cbor_test.c */
#include "base/test.h"
#include "codec/cbor.h"
#include <math.h>

static struct str hex_of(const struct buf *buf, char text[static 128])
{
    for (size_t i = 0; i < buf->len && i < 60; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", (unsigned)(unsigned char)buf->ptr[i]);
    }
    return (struct str){.ptr = text, .len = 2 * buf->len};
}

/* RFC 8949, appendix A. */
static void heads_are_shortest(void)
{
    static const struct {
        enum cbor_major major;
        uint64_t argument;
        const char *hex;
    } cases[] = {
        {CBOR_UNSIGNED, 0, "00"},
        {CBOR_UNSIGNED, 23, "17"},
        {CBOR_UNSIGNED, 24, "1818"},
        {CBOR_UNSIGNED, 255, "18ff"},
        {CBOR_UNSIGNED, 256, "190100"},
        {CBOR_UNSIGNED, 65535, "19ffff"},
        {CBOR_UNSIGNED, 65536, "1a00010000"},
        {CBOR_UNSIGNED, 1000000000000, "1b000000e8d4a51000"},
        {CBOR_NEGATIVE, 99, "3863"},
        {CBOR_ARRAY, 25, "9819"},
        {CBOR_MAP, 0, "a0"},
        {CBOR_TAG, 55799, "d9d9f7"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        AUTO_BUF buf = {0};
        char text[128];
        cbor_head_add(&buf, cases[i].major, cases[i].argument);
        CHECK_STR(hex_of(&buf, text), str_of(cases[i].hex));
        struct cbor_reader reader;
        struct cbor_item item;
        cbor_reader_init(&reader, buf_str(&buf));
        CHECK(cbor_read(&reader, &item) == OK);
        CHECK(item.major == cases[i].major && item.argument == cases[i].argument);
        CHECK(reader.input.len == 0);
    }
}

static void doubles_are_shortest(void)
{
    static const struct {
        double value;
        const char *hex;
    } cases[] = {
        {0.0, "f90000"},
        {-0.0, "f98000"},
        {1.0, "f93c00"},
        {1.5, "f93e00"},
        {65504.0, "f97bff"},
        {65505.0, "fa477fe100"},
        {100000.0, "fa47c35000"},
        {5.960464477539063e-8, "f90001"},
        {8.940696716308594e-8, "fa33c00000"},
        {2.9802322387695312e-8, "fa33000000"},
        {6.103515625e-5, "f90400"},
        {6.097555160522461e-5, "f903ff"},
        {3.4028234663852886e+38, "fa7f7fffff"},
        {1.0e+300, "fb7e37e43c8800759c"},
        {1.1, "fb3ff199999999999a"},
        {-4.1, "fbc010666666666666"},
        {1e-320, "fb00000000000007e8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        AUTO_BUF buf = {0};
        char text[128];
        cbor_double_add(&buf, cases[i].value);
        CHECK_STR(hex_of(&buf, text), str_of(cases[i].hex));
        struct cbor_reader reader;
        struct cbor_item item;
        cbor_reader_init(&reader, buf_str(&buf));
        CHECK(cbor_read(&reader, &item) == OK && item.is_float);
        /* Bit by bit: -0.0 is not 0.0 here. */
        CHECK(memcmp(&item.number, &cases[i].value, sizeof item.number) == 0);
    }
    AUTO_BUF special = {0};
    char text[128];
    cbor_double_add(&special, (double)NAN);
    cbor_double_add(&special, (double)INFINITY);
    cbor_double_add(&special, -(double)INFINITY);
    CHECK_STR(hex_of(&special, text), STR("f97e00f97c00f9fc00"));
}

static void shorthands_insist_on_their_kind(void)
{
    AUTO_BUF buf = {0};
    cbor_head_add(&buf, CBOR_ARRAY, 4);
    cbor_text_add(&buf, STR("abc"));
    cbor_bytes_add(&buf, STR("\x01"));
    cbor_bool_add(&buf, true);
    cbor_null_add(&buf);
    struct cbor_reader reader;
    uint64_t count;
    struct str text;
    struct str bytes;
    bool value;
    cbor_reader_init(&reader, buf_str(&buf));
    CHECK(cbor_read_array(&reader, 4, &count) == OK && count == 4);
    CHECK(cbor_read_text(&reader, &text) == OK);
    CHECK_STR(text, STR("abc"));
    CHECK(cbor_read_bytes(&reader, &bytes) == OK && bytes.len == 1);
    CHECK(cbor_read_bool(&reader, &value) == OK && value);
    CHECK(cbor_read_bool(&reader, &value) == ERR_INVALID);
    cbor_reader_init(&reader, buf_str(&buf));
    CHECK(cbor_read_array(&reader, 3, &count) == ERR_INVALID);
    cbor_reader_init(&reader, buf_str(&buf));
    CHECK(cbor_read_unsigned(&reader, &count) == ERR_INVALID);
    cbor_reader_init(&reader, buf_str(&buf));
    CHECK(cbor_read_map(&reader, 4, &count) == ERR_INVALID);
}

static void skips_and_refuses(void)
{
    const struct {
        struct str input;
        enum err err;
        size_t left;
    } cases[] = {
        {STR("\x00"), OK, 0},
        {STR("\x83\x01\x82\x02\x03\xA1\x61\x61\xF6\x05"), OK, 1},
        {STR("\x9F\x01\x9F\xFF\xFF\x05"), OK, 1},
        {STR("\xBF\x61\x61\x01\xFF"), OK, 0},
        {STR("\xBF\x61\x61\xFF"), ERR_INVALID, 0},
        {STR("\x7F\x61\x61\x60\xFF"), OK, 0},
        {STR("\x7F\x41\x61\xFF"), ERR_INVALID, 0},
        {STR("\xFF"), ERR_INVALID, 0},
        {STR("\x82\x01"), ERR_INVALID, 0},
        {STR("\x62\x61"), ERR_INVALID, 0},
        {STR("\x1C"), ERR_INVALID, 0},
        {STR("\x1F"), ERR_INVALID, 0},
        {STR("\x19\x01"), ERR_INVALID, 0},
        {STR("\xF8\x10"), ERR_INVALID, 0},
        {STR("\xBB\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), ERR_INVALID, 0},
        {STR("\x81\x81\x81\x81\x81\x81\x81\x81\x81\x00"), ERR_LIMIT, 0},
        {STR(""), ERR_INVALID, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cbor_reader reader;
        cbor_reader_init(&reader, cases[i].input);
        CHECK(cbor_skip(&reader, 8) == cases[i].err);
        CHECK(cases[i].err != OK || reader.input.len == cases[i].left);
    }
}

int main(void)
{
    TEST(heads_are_shortest);
    TEST(doubles_are_shortest);
    TEST(shorthands_insist_on_their_kind);
    TEST(skips_and_refuses);
    return test_done();
}
