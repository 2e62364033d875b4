/* src/digest/digest_test.c */
#include "base/test.h"
#include "digest/digest.h"
#include "digest/sha256.h"
#include <sodium.h>
#include <stdlib.h>

static struct str hash_hex(const uint8_t hash[static 32], char buf[static DIGEST_HEX_BYTES])
{
    struct digest digest = {0};
    memcpy(digest.hash, hash, sizeof digest.hash);
    return digest_hex(&digest, buf);
}

/* NIST's examples for FIPS 180-4 and its SHA256ShortMsg vectors, as count repetitions of text. */
static const struct {
    const char *text;
    size_t count;
    const char *hex;
} nist_vectors[] = {
    {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
     "lmnopqrsmnopqrstnopqrstu",
        1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    {"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    {"\xd3", 1, "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"},
    {"\x11\xaf", 1, "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98"},
};

static void sha256_meets_nist_vectors(void)
{
    for (size_t i = 0; i < sizeof nist_vectors / sizeof nist_vectors[0]; i++) {
        struct sha256 sha;
        sha256_init(&sha);
        for (size_t n = 0; n < nist_vectors[i].count; n++) {
            sha256_add(&sha, str_of(nist_vectors[i].text));
        }
        uint8_t hash[32];
        sha256_final(&sha, hash);
        char hex[DIGEST_HEX_BYTES];
        CHECK_STR(hash_hex(hash, hex), str_of(nist_vectors[i].hex));
    }
}

enum {
    SAMPLE_BYTES = 1 << 16
};

static char *sample_new(void)
{
    char *bytes = malloc(SAMPLE_BYTES);
    if (bytes == NULL) {
        abort();
    }
    uint32_t x = 1;
    for (size_t i = 0; i < SAMPLE_BYTES; i++) {
        x = x * 1664525 + 1013904223;
        bytes[i] = (char)(x >> 24);
    }
    return bytes;
}

/* Every length around the block's edges, and some far from them. */
static void sha256_agrees_with_libsodium(void)
{
    char *bytes = sample_new();
    for (size_t len = 0; len <= SAMPLE_BYTES; len += len < 300 ? 1 : 4093) {
        struct digest digest = digest_of((struct str){.ptr = bytes, .len = len});
        uint8_t want[crypto_hash_sha256_BYTES];
        CHECK(crypto_hash_sha256(want, (const uint8_t *)bytes, len) == 0);
        CHECK(memcmp(digest.hash, want, sizeof want) == 0);
        CHECK(digest.size_bytes == len);
    }
    free(bytes);
}

static void sha256_does_not_see_how_bytes_arrive(void)
{
    char *bytes = sample_new();
    struct digest want = digest_of((struct str){.ptr = bytes, .len = 5000});
    for (size_t step = 1; step < 300; step++) {
        struct sha256 sha;
        sha256_init(&sha);
        for (size_t at = 0; at < 5000; at += step) {
            sha256_add(&sha, str_sub((struct str){.ptr = bytes, .len = 5000}, at, at + step));
        }
        uint8_t hash[32];
        sha256_final(&sha, hash);
        CHECK(memcmp(hash, want.hash, sizeof hash) == 0);
    }
    free(bytes);
}

static void native_blocks_equal_portable_ones(void)
{
    char *bytes = sample_new();
    for (size_t count = 0; count < 20; count++) {
        uint32_t portable[8], native[8];
        for (uint32_t i = 0; i < 8; i++) {
            portable[i] = native[i] = 0x9E3779B9U * (i + 1 + (uint32_t)count);
        }
        /* An odd address: no alignment is assumed. */
        sha256_blocks_portable(portable, (const uint8_t *)bytes + 1, count);
        sha256_blocks_native(native, (const uint8_t *)bytes + 1, count);
        CHECK(memcmp(portable, native, sizeof native) == 0);
    }
    free(bytes);
}

#define HEX_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void digest_has_one_text(void)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t size_bytes;
    } cases[] = {
        {HEX_EMPTY "/0", true, 0},
        {HEX_EMPTY "/7", true, 7},
        {HEX_EMPTY "/18446744073709551615", true, UINT64_MAX},
        {HEX_EMPTY "/18446744073709551616", false, 0},
        {HEX_EMPTY "/99999999999999999999", false, 0},
        {HEX_EMPTY "/00", false, 0},
        {HEX_EMPTY "/07", false, 0},
        {HEX_EMPTY "/+7", false, 0},
        {HEX_EMPTY "/-7", false, 0},
        {HEX_EMPTY "/ 7", false, 0},
        {HEX_EMPTY "/7 ", false, 0},
        {HEX_EMPTY "/", false, 0},
        {HEX_EMPTY, false, 0},
        {HEX_EMPTY "0/7", false, 0},
        {"E3B0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/0", false, 0},
        {"g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/0", false, 0},
        {"", false, 0},
        {"/0", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct digest digest = digest_empty;
        CHECK((digest_parse(str_of(cases[i].text), &digest) == OK) == cases[i].good);
        if (cases[i].good) {
            char buf[DIGEST_TEXT_MAX];
            CHECK(digest.size_bytes == cases[i].size_bytes);
            CHECK_STR(digest_format(&digest, buf), str_of(cases[i].text));
        }
    }
}

static void empty_digest_is_that_of_no_bytes(void)
{
    struct digest digest = digest_of((struct str){0});
    CHECK(digest_eq(&digest, &digest_empty));
    struct digest other = digest_of(STR("x"));
    CHECK(!digest_eq(&digest, &other));
    other = digest;
    other.size_bytes = 1;
    CHECK(!digest_eq(&digest, &other)); /* the length is part of the name */
}

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    TEST(sha256_meets_nist_vectors);
    TEST(sha256_agrees_with_libsodium);
    TEST(sha256_does_not_see_how_bytes_arrive);
    if (sha256_has_native()) {
        TEST(native_blocks_equal_portable_ones);
    } else {
        test_skip("native_blocks_equal_portable_ones", "this CPU has no SHA instructions");
    }
    TEST(digest_has_one_text);
    TEST(empty_digest_is_that_of_no_bytes);
    return test_done();
}
