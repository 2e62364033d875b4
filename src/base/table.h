/* src/base/table.h: from texts to numbers.
 *
 *   keys:  row 0 .. len-1, in order of first sight (borrowed bytes, or copies in an arena)
 *   slots: open addressing, power of two, row + 1 or 0
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H
#include "base/arena.h"
#include "base/view.h"

struct table {
    struct str *keys;   /* owned array; the bytes belong to the arena, or to the caller */
    uint32_t *hashes;   /* owned */
    uint32_t *slots;    /* owned */
    uint32_t len, cap;  /* rows */
    uint32_t slot_mask; /* number of slots - 1; 0 while there are none */
};
#define TABLE_NONE UINT32_MAX /* no row */
/* (struct table){0} is an empty table. */
void table_release(struct table *table);
/* The row of key, or TABLE_NONE. */
uint32_t table_get(const struct table *table, struct str key);
/* The row of key, a new one (== the old len) if there is none. A new key is copied into arena, or
 * borrowed for the table's life if arena is NULL. At most 2^31 rows. */
uint32_t table_add(struct table *table, struct arena *arena, struct str key);
/* FNV-like mixing, 32 bits; not for hostile keys beyond the table's own bound. */
uint32_t table_hash(struct str key);
#endif
