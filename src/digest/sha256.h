/* src/digest/sha256.h: SHA-256, FIPS 180-4, with the CPU's SHA instructions where it has them. */
#ifndef DIGEST_SHA256_H
#define DIGEST_SHA256_H
#include "base/view.h"

struct sha256 {
    uint32_t state[8];
    uint64_t len;      /* bytes so far */
    uint8_t block[64]; /* the len % 64 bytes that wait for more */
    bool native;       /* the CPU has the instructions */
};
void sha256_init(struct sha256 *sha);
void sha256_add(struct sha256 *sha, struct str bytes);
/* 32 bytes, big-endian words; sha must be initialised again before its next use. */
void sha256_final(struct sha256 *sha, uint8_t ret_hash[static 32]);

/* The compression function over count blocks of 64 bytes. portable works anywhere; native needs
 * sha256_has_native (x86-64 with SHA, SSSE3 and SSE4.1) and gives the same state. For tests and
 * benchmarks: sha256_add chooses by itself. */
bool sha256_has_native(void);
void sha256_blocks_native(uint32_t state[static 8], const uint8_t *blocks, size_t count);
void sha256_blocks_portable(uint32_t state[static 8], const uint8_t *blocks, size_t count);
#endif
