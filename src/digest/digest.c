/* src/digest/digest.c */
#include "digest/digest.h"
#include "digest/sha256.h"

const struct digest digest_empty = {
    .hash = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f,
        0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78,
        0x52, 0xb8, 0x55},
    .size_bytes = 0,
};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One text for a number: no sign, no leading zero; at most UINT64_MAX. */
static enum err decimal_parse(struct str text, uint64_t *ret_value)
{
    if (text.len == 0 || text.len > 20 || (text.len > 1 && text.ptr[0] == '0')) {
        return ERR_INVALID;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return ERR_INVALID;
        }
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text.ptr[i] - '0'), &value)) {
            return ERR_INVALID;
        }
    }
    *ret_value = value;
    return OK;
}

enum err digest_hex_parse(struct str hex, uint8_t ret_hash[static DIGEST_HASH_BYTES])
{
    if (hex.len != DIGEST_HEX_BYTES) {
        return ERR_INVALID;
    }
    uint8_t hash[DIGEST_HASH_BYTES];
    for (size_t i = 0; i < DIGEST_HASH_BYTES; i++) {
        int high = hex_value(hex.ptr[2 * i]);
        int low = hex_value(hex.ptr[2 * i + 1]);
        if (high < 0 || low < 0) {
            return ERR_INVALID;
        }
        hash[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(ret_hash, hash, sizeof hash);
    return OK;
}

enum err digest_parse(struct str text, struct digest *ret_digest)
{
    struct digest digest;
    if (text.len < DIGEST_HEX_BYTES + 2 || text.ptr[DIGEST_HEX_BYTES] != '/') {
        return ERR_INVALID;
    }
    enum err err = digest_hex_parse(str_sub(text, 0, DIGEST_HEX_BYTES), digest.hash);
    if (err == OK) {
        err = decimal_parse(str_sub(text, DIGEST_HEX_BYTES + 1, text.len), &digest.size_bytes);
    }
    if (err == OK) {
        *ret_digest = digest;
    }
    return err;
}

struct str digest_hex(const struct digest *digest, char buf[static DIGEST_HEX_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < DIGEST_HASH_BYTES; i++) {
        buf[2 * i] = digits[digest->hash[i] >> 4];
        buf[2 * i + 1] = digits[digest->hash[i] & 15];
    }
    return (struct str){.ptr = buf, .len = DIGEST_HEX_BYTES};
}

struct str digest_format(const struct digest *digest, char buf[static DIGEST_TEXT_MAX])
{
    size_t len = digest_hex(digest, buf).len;
    buf[len++] = '/';
    char decimal[20];
    size_t count = 0;
    uint64_t value = digest->size_bytes;
    do {
        decimal[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (count > 0) {
        buf[len++] = decimal[--count];
    }
    return (struct str){.ptr = buf, .len = len};
}

struct digest digest_of(struct str bytes)
{
    struct digest digest = {.size_bytes = bytes.len};
    struct sha256 sha;
    sha256_init(&sha);
    sha256_add(&sha, bytes);
    sha256_final(&sha, digest.hash);
    return digest;
}

bool digest_eq(const struct digest *a, const struct digest *b)
{
    return a->size_bytes == b->size_bytes && memcmp(a->hash, b->hash, DIGEST_HASH_BYTES) == 0;
}
