/* src/base/table.c */
#include "base/table.h"
#include <stdlib.h>

void table_release(struct table *table)
{
    free(table->keys);
    free(table->hashes);
    free(table->slots);
    *table = (struct table){0};
}

uint32_t table_hash(struct str key)
{
    uint64_t hash = 0x9E3779B97F4A7C15U ^ key.len;
    size_t i = 0;
    for (; i + 8 <= key.len; i += 8) {
        uint64_t word;
        memcpy(&word, key.ptr + i, sizeof word);
        hash = (hash ^ word) * 0xD6E8FEB86659FD93U;
        hash ^= hash >> 32;
    }
    for (; i < key.len; i++) {
        hash = (hash ^ (unsigned char)key.ptr[i]) * 0x100000001B3U;
    }
    hash ^= hash >> 32;
    hash *= 0xD6E8FEB86659FD93U;
    return (uint32_t)(hash >> 32);
}

static uint32_t slot_find(const struct table *table, struct str key, uint32_t hash)
{
    uint32_t slot = hash & table->slot_mask;
    for (;;) {
        uint32_t row = table->slots[slot];
        if (row == 0 || (table->hashes[row - 1] == hash && str_eq(table->keys[row - 1], key))) {
            return slot;
        }
        slot = (slot + 1) & table->slot_mask;
    }
}

uint32_t table_get(const struct table *table, struct str key)
{
    if (table->slots == NULL) {
        return TABLE_NONE;
    }
    uint32_t row = table->slots[slot_find(table, key, table_hash(key))];
    return row == 0 ? TABLE_NONE : row - 1;
}

static void table_grow(struct table *table)
{
    uint32_t cap = table->cap == 0 ? 16 : table->cap * 2;
    table->keys = memory_realloc(table->keys, cap * sizeof *table->keys);
    table->hashes = memory_realloc(table->hashes, cap * sizeof *table->hashes);
    table->cap = cap;
    free(table->slots);
    table->slots = memory_calloc((size_t)cap * 2, sizeof *table->slots);
    table->slot_mask = cap * 2 - 1;
    for (uint32_t row = 0; row < table->len; row++) {
        uint32_t slot = table->hashes[row] & table->slot_mask;
        while (table->slots[slot] != 0) {
            slot = (slot + 1) & table->slot_mask;
        }
        table->slots[slot] = row + 1;
    }
}

uint32_t table_add(struct table *table, struct arena *arena, struct str key)
{
    if (table->len == table->cap) {
        table_grow(table);
    }
    uint32_t hash = table_hash(key);
    uint32_t slot = slot_find(table, key, hash);
    if (table->slots[slot] == 0) {
        table->keys[table->len] = arena == NULL ? key : arena_str(arena, key);
        table->hashes[table->len] = hash;
        table->slots[slot] = ++table->len;
    }
    return table->slots[slot] - 1;
}
