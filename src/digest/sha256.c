/* src/digest/sha256.c: FIPS 180-4, sections 4.1.2, 4.2.2, 5.1.1, 5.3.3 and 6.2. */
#include "digest/sha256.h"
#include <stdalign.h>

enum {
    BLOCK_BYTES = 64,
    LENGTH_AT = 56, /* where the message's length in bits stands in the last block */
};

static const alignas(16) uint32_t round_constants[64] = {0x428a2f98, 0x71374491, 0xb5c0fbcf,
    0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6,
    0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
    0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70,
    0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c,
    0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814,
    0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate_right(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static uint32_t read_be32(const uint8_t *ptr)
{
    uint32_t word;
    memcpy(&word, ptr, sizeof word);
    return __builtin_bswap32(word);
}

static void write_be32(uint8_t *ptr, uint32_t word)
{
    word = __builtin_bswap32(word);
    memcpy(ptr, &word, sizeof word);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "read_be32 swaps always");

static void schedule_fill(uint32_t w[static 64], const uint8_t *block)
{
    for (size_t t = 0; t < 16; t++) {
        w[t] = read_be32(block + 4 * t);
    }
    for (size_t t = 16; t < 64; t++) {
        uint32_t s0 = rotate_right(w[t - 15], 7) ^ rotate_right(w[t - 15], 18) ^ (w[t - 15] >> 3);
        uint32_t s1 = rotate_right(w[t - 2], 17) ^ rotate_right(w[t - 2], 19) ^ (w[t - 2] >> 10);
        w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
}

void sha256_blocks_portable(uint32_t state[static 8], const uint8_t *blocks, size_t count)
{
    for (; count > 0; count--, blocks += BLOCK_BYTES) {
        uint32_t w[64];
        schedule_fill(w, blocks);
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
        uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
        for (size_t t = 0; t < 64; t++) {
            uint32_t sum1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
            uint32_t t1 = h + sum1 + ((e & f) ^ (~e & g)) + round_constants[t] + w[t];
            uint32_t sum0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
            uint32_t t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
            h = g;
            g = f;
            f = e;
            e = d + t1;
            d = c;
            c = b;
            b = a;
            a = t1 + t2;
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }
}

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

bool sha256_has_native(void)
{
    /* Leaf 7, EBX bit 29: SHA; leaf 1, ECX bits 9 and 19: SSSE3 and SSE4.1. */
    unsigned a, b, c, d;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & 1U << 9) == 0 || (c & 1U << 19) == 0) {
        return false;
    }
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & 1U << 29) != 0;
}

#define NATIVE __attribute__((target("sha,ssse3,sse4.1")))

/* The instructions hold the state as the words ABEF and CDGH, from high to low; states in memory
 * are ABCD, EFGH from low to high. */
struct halves {
    __m128i abef, cdgh;
};

NATIVE static inline struct halves halves_load(const uint32_t *state)
{
    __m128i dcba = _mm_loadu_si128((const __m128i_u *)state);
    __m128i hgfe = _mm_loadu_si128((const __m128i_u *)(state + 4));
    __m128i cdab = _mm_shuffle_epi32(dcba, 0xB1);
    __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1B);
    return (struct halves){
        .abef = _mm_alignr_epi8(cdab, efgh, 8), .cdgh = _mm_blend_epi16(efgh, cdab, 0xF0)};
}

NATIVE static inline void halves_store(struct halves h, uint32_t *state)
{
    __m128i feba = _mm_shuffle_epi32(h.abef, 0x1B);
    __m128i dchg = _mm_shuffle_epi32(h.cdgh, 0xB1);
    _mm_storeu_si128((__m128i_u *)state, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i_u *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/* Rounds 4 * group to 4 * group + 3 with the four schedule words w. */
NATIVE static inline struct halves rounds_four(struct halves h, __m128i w, size_t group)
{
    __m128i wk = _mm_add_epi32(
        w, _mm_load_si128((const __m128i *)(const void *)(round_constants + 4 * group)));
    h.cdgh = _mm_sha256rnds2_epu32(h.cdgh, h.abef, wk);
    h.abef = _mm_sha256rnds2_epu32(h.abef, h.cdgh, _mm_shuffle_epi32(wk, 0x0E));
    return h;
}

/* The next four schedule words after w0 .. w3 (four words each, oldest first). */
NATIVE static inline __m128i schedule_four(__m128i w0, __m128i w1, __m128i w2, __m128i w3)
{
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));
    return _mm_sha256msg2_epu32(sum, w3);
}

NATIVE void sha256_blocks_native(uint32_t state[static 8], const uint8_t *blocks, size_t count)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    struct halves h = halves_load(state);
    for (; count > 0; count--, blocks += BLOCK_BYTES) {
        struct halves before = h;
        __m128i w[4];
        for (size_t i = 0; i < 4; i++) {
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i_u *)(blocks + 16 * i)), swap);
            h = rounds_four(h, w[i], i);
        }
        for (size_t i = 4; i < 16; i += 4) {
            w[0] = schedule_four(w[0], w[1], w[2], w[3]);
            h = rounds_four(h, w[0], i);
            w[1] = schedule_four(w[1], w[2], w[3], w[0]);
            h = rounds_four(h, w[1], i + 1);
            w[2] = schedule_four(w[2], w[3], w[0], w[1]);
            h = rounds_four(h, w[2], i + 2);
            w[3] = schedule_four(w[3], w[0], w[1], w[2]);
            h = rounds_four(h, w[3], i + 3);
        }
        h.abef = _mm_add_epi32(h.abef, before.abef);
        h.cdgh = _mm_add_epi32(h.cdgh, before.cdgh);
    }
    halves_store(h, state);
}
#else
bool sha256_has_native(void)
{
    return false;
}

void sha256_blocks_native(uint32_t state[static 8], const uint8_t *blocks, size_t count)
{
    sha256_blocks_portable(state, blocks, count);
}
#endif

static void blocks_add(struct sha256 *sha, const uint8_t *blocks, size_t count)
{
    if (sha->native) {
        sha256_blocks_native(sha->state, blocks, count);
    } else {
        sha256_blocks_portable(sha->state, blocks, count);
    }
}

void sha256_init(struct sha256 *sha)
{
    static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
        0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    /* 0: not asked yet. Racing threads find the same answer. */
    static _Atomic int native;
    if (native == 0) {
        native = sha256_has_native() ? 1 : -1;
    }
    memcpy(sha->state, initial, sizeof initial);
    sha->len = 0;
    sha->native = native > 0;
}

void sha256_add(struct sha256 *sha, struct str bytes)
{
    const uint8_t *ptr = (const uint8_t *)bytes.ptr;
    size_t left = bytes.len;
    size_t waiting = sha->len % BLOCK_BYTES;
    sha->len += left;
    if (waiting > 0) {
        size_t take = BLOCK_BYTES - waiting < left ? BLOCK_BYTES - waiting : left;
        memcpy(sha->block + waiting, ptr, take);
        ptr += take;
        left -= take;
        if (waiting + take < BLOCK_BYTES) {
            return;
        }
        blocks_add(sha, sha->block, 1);
    }
    if (left >= BLOCK_BYTES) {
        blocks_add(sha, ptr, left / BLOCK_BYTES);
        ptr += left - left % BLOCK_BYTES;
        left %= BLOCK_BYTES;
    }
    if (left > 0) {
        memcpy(sha->block, ptr, left);
    }
}

void sha256_final(struct sha256 *sha, uint8_t ret_hash[static 32])
{
    size_t waiting = sha->len % BLOCK_BYTES;
    uint64_t bits = sha->len * 8;
    sha->block[waiting++] = 0x80;
    if (waiting > LENGTH_AT) {
        memset(sha->block + waiting, 0, BLOCK_BYTES - waiting);
        blocks_add(sha, sha->block, 1);
        waiting = 0;
    }
    memset(sha->block + waiting, 0, LENGTH_AT - waiting);
    write_be32(sha->block + LENGTH_AT, (uint32_t)(bits >> 32));
    write_be32(sha->block + LENGTH_AT + 4, (uint32_t)bits);
    blocks_add(sha, sha->block, 1);
    for (size_t i = 0; i < 8; i++) {
        write_be32(ret_hash + 4 * i, sha->state[i]);
    }
}
