/* src/dice/keys.c: keys, rows and bodies. */
#include "dice/graph.h"
#include <stdlib.h>

void vector_grow(struct vector *vector, size_t element_bytes)
{
    vector->cap = vector->cap == 0 ? 64 : vector->cap * 2;
    vector->ptr = memory_realloc(vector->ptr, vector->cap * element_bytes);
}

uint32_t key_hash(unsigned kind, struct str arg)
{
    const uint64_t factor = 0xD6E8FEB86659FD93U;
    uint64_t hash = (kind + 1) * 0x9E3779B97F4A7C15U ^ arg.len;
    const char *ptr = arg.ptr;
    size_t len = arg.len;
    uint64_t word;
    for (; len > 8; len -= 8, ptr += 8) {
        memcpy(&word, ptr, sizeof word);
        hash = (hash ^ word) * factor;
        hash ^= hash >> 32;
    }
    word = 0;
    if (len > 0) {
        memcpy(&word, ptr, len);
    }
    hash = (hash ^ word) * factor;
    hash ^= hash >> 32;
    hash *= factor;
    return (uint32_t)(hash >> 32);
}

/* Chunk 0 has 1 << shift rows, chunk n > 0 has 1 << (shift + n - 1): as many as all before it. */
static unsigned chunk_of(const struct keys *keys, uint32_t row)
{
    uint32_t rest = row >> keys->shift;
    return rest == 0 ? 0 : 32 - (unsigned)__builtin_clz(rest);
}

static uint32_t chunk_begin(const struct keys *keys, unsigned chunk)
{
    return chunk == 0 ? 0 : UINT32_C(1) << (keys->shift + chunk - 1);
}

struct row *row_at_far(const struct keys *keys, uint32_t row)
{
    unsigned chunk = chunk_of(keys, row);
    return atomic_load_explicit(&keys->chunks[chunk], memory_order_acquire) +
           (row - chunk_begin(keys, chunk));
}

/* The chunk that the next row begins, if it begins one. */
static void chunk_make(struct keys *keys)
{
    unsigned chunk = chunk_of(keys, keys->row_count);
    uint32_t begin = chunk_begin(keys, chunk);
    if (keys->row_count != begin || chunk == 0) {
        return;
    }
    atomic_store_explicit(
        &keys->chunks[chunk], memory_calloc(begin, sizeof(struct row)), memory_order_release);
}

void keys_init(struct keys *keys, struct graph *graph)
{
    memset(keys, 0, sizeof *keys);
    uint32_t capacity = CHUNK_ROWS;
    if (graph == NULL) {
        keys->rows_owned = keys->rows = memory_calloc(capacity, sizeof *keys->rows);
    } else {
        capacity = graph->row_capacity;
        keys->rows = graph->row_space;
        keys->row_count = graph->tail.row_count;
    }
    keys->shift = (unsigned)__builtin_ctz(capacity);
    chunk_make(keys);
}

static struct slots *slots_new(uint32_t count, struct slots *older)
{
    struct slots *slots = memory_calloc(1, sizeof *slots + count * sizeof slots->slot[0]);
    slots->mask = count - 1;
    slots->older = older;
    return slots;
}

static void slot_set(struct slots *slots, uint64_t entry)
{
    uint32_t i = (uint32_t)(entry >> 32) & slots->mask;
    while (atomic_load_explicit(&slots->slot[i], memory_order_relaxed) != 0) {
        i = (i + 1) & slots->mask;
    }
    atomic_store_explicit(&slots->slot[i], entry, memory_order_release);
}

/* At most 3/4 full. */
static struct slots *slots_grow(struct keys *keys)
{
    struct slots *slots = atomic_load_explicit(&keys->slots, memory_order_relaxed);
    if (slots != NULL && keys->slot_count < (slots->mask + 1) / 4 * 3) {
        return slots;
    }
    struct slots *wider = slots_new(slots == NULL ? 256 : (slots->mask + 1) * 2, slots);
    for (uint32_t i = 0; slots != NULL && i <= slots->mask; i++) {
        uint64_t entry = atomic_load_explicit(&slots->slot[i], memory_order_relaxed);
        if (entry != 0) {
            slot_set(wider, entry);
        }
    }
    atomic_store_explicit(&keys->slots, wider, memory_order_release);
    return wider;
}

uint32_t keys_get(struct dice *dice, uint32_t hash, unsigned kind, struct str arg)
{
    const struct keys *keys = &dice->keys;
    uint32_t remembered = ROW_NONE;
    if (dice->graph != NULL) {
        if (!graph_find(dice->graph, hash, kind, arg, &remembered)) {
            atomic_store(&dice->damaged, true); /* this transaction will be forgotten */
        } else if (remembered != ROW_NONE) {
            return remembered;
        }
    }
    struct slots *slots = atomic_load_explicit(&keys->slots, memory_order_acquire);
    if (slots == NULL) {
        return ROW_NONE;
    }
    for (uint32_t i = hash & slots->mask;; i = (i + 1) & slots->mask) {
        uint64_t entry = atomic_load_explicit(&slots->slot[i], memory_order_acquire);
        if (entry == 0) {
            return ROW_NONE;
        }
        if (entry >> 32 != hash) {
            continue;
        }
        uint32_t row = (uint32_t)entry - 1;
        const struct body *body =
            atomic_load_explicit(&row_at(keys, row)->body, memory_order_acquire);
        if (body->kind == kind && body->arg_len == arg.len &&
            (arg.len == 0 || memcmp(body->arg, arg.ptr, arg.len) == 0)) {
            return row;
        }
    }
}

struct body *body_new(struct keys *keys)
{
    struct body *body = ARENA_NEW(&keys->arena, struct body, 1);
    body->older = keys->newest;
    keys->newest = body;
    return body;
}

uint32_t keys_append(struct keys *keys, struct body *body)
{
    uint32_t row = keys->row_count;
    atomic_store_explicit(&row_at(keys, row)->body, body, memory_order_release);
    keys->row_count++;
    chunk_make(keys);
    slot_set(slots_grow(keys), (uint64_t)body->hash << 32 | (row + 1));
    keys->slot_count++;
    return row;
}

uint32_t keys_add(struct dice *dice, uint32_t hash, unsigned kind, struct str arg)
{
    uint32_t row = keys_get(dice, hash, kind, arg);
    if (row != ROW_NONE) {
        return row;
    }
    struct keys *keys = &dice->keys;
    if (keys->row_count >= EDGE_GROUP || arg.len > UINT32_MAX) {
        memory_exhausted(); /* 2^31 keys need more than a hundred GB */
    }
    struct body *body = body_new(keys);
    body->arg = arena_str(&keys->arena, arg).ptr;
    body->arg_len = (uint32_t)arg.len;
    body->hash = hash;
    body->kind = (uint16_t)kind;
    return keys_append(keys, body);
}

void keys_release(struct keys *keys)
{
    for (struct body *body = keys->newest; body != NULL; body = body->older) {
        shared_release(body->owned);
        free(body->edges_owned);
    }
    free(keys->rows_owned);
    for (unsigned chunk = 1; chunk < CHUNK_COUNT; chunk++) {
        free(atomic_load_explicit(&keys->chunks[chunk], memory_order_relaxed));
    }
    struct slots *slots = atomic_load_explicit(&keys->slots, memory_order_relaxed);
    while (slots != NULL) {
        struct slots *older = slots->older;
        free(slots);
        slots = older;
    }
    arena_release(&keys->arena);
    memset(keys, 0, sizeof *keys);
}

bool edges_bounded(const struct edge *edges, uint32_t count, uint32_t row_count)
{
    for (uint32_t i = 0; i < count; i++) {
        if ((edges[i].dep & ~EDGE_GROUP) >= row_count) {
            return false;
        }
    }
    return true;
}

bool body_decode(struct dice *dice, const struct graph_row *r, const struct graph_text *text,
    const struct graph_past *past, struct body *body)
{
    struct str arg;
    struct str value;
    struct str stamp;
    if (r->kind >= dice->options.kind_count || r->value_id > VALUE_ID_MAX ||
        past->previous_id > VALUE_ID_MAX ||
        !graph_bytes_get(dice->graph, text, &arg, &value, &stamp)) {
        return false;
    }
    *body = (struct body){
        .arg = arg.ptr,
        .arg_len = text->arg_len,
        .hash = text->hash,
        .value = value.ptr,
        .value_len = (uint32_t)value.len,
        .stamp_len = text->stamp_len,
        .previous_id = past->previous_id,
        .part_of = past->part_of,
        .kind = r->kind,
        .age = r->age,
        .has_value = (r->flags & GRAPH_HAS_VALUE) != 0 && r->value_id != 0,
        .edge_count = r->edge_count,
    };
    memcpy(body->digest, past->digest, VALUE_HASH_BYTES);
    memcpy(body->previous, past->previous, VALUE_HASH_BYTES);
    if (!body->has_value) {
        body->value = NULL;
        body->value_len = body->stamp_len = body->part_of = 0;
    }
    return true;
}

/* What the base has of a row, as a body; false: damaged. */
static bool body_read(struct dice *dice, uint32_t row, struct body *body)
{
    struct graph *graph = dice->graph;
    const struct graph_row *r = graph_row_get(graph, row);
    const struct graph_text *text = graph_text_get(graph, row);
    const struct graph_past *past = graph_past_get(graph, row);
    if (r == NULL || text == NULL || past == NULL || !body_decode(dice, r, text, past, body) ||
        body->part_of > graph->tail.row_count) {
        return false;
    }
    if (r->edge_count > 0) {
        body->edges = graph_edges_get(graph, r);
        return body->edges != NULL &&
               edges_bounded(body->edges, body->edge_count, graph->tail.row_count);
    }
    return true;
}

struct body *row_body(struct dice *dice, uint32_t row)
{
    struct row *r = row_at(&dice->keys, row);
    struct body *body = atomic_load_explicit(&r->body, memory_order_acquire);
    if (body != NULL) {
        return body;
    }
    struct body read;
    if (!body_read(dice, row, &read)) {
        return NULL;
    }
    body = body_new(&dice->keys);
    read.older = body->older;
    *body = read;
    r->value_id = graph_row_get(dice->graph, row)->value_id;
    atomic_store_explicit(&r->body, body, memory_order_release);
    return body;
}

bool row_read(struct dice *dice, uint32_t row, struct body *ret_body, uint32_t *ret_value_id,
    uint8_t *ret_age)
{
    const struct row *r = row_at(&dice->keys, row);
    const struct body *body = atomic_load_explicit(&r->body, memory_order_acquire);
    if (body != NULL) {
        *ret_body = *body;
        *ret_value_id = r->value_id;
    } else {
        const struct graph_row *record = graph_row_get(dice->graph, row);
        if (record == NULL || !body_read(dice, row, ret_body)) {
            return false;
        }
        *ret_value_id = record->value_id;
    }
    uint8_t age = ret_body->age == UINT8_MAX ? UINT8_MAX : (uint8_t)(ret_body->age + 1);
    *ret_age = atomic_load_explicit(&r->verified, memory_order_relaxed) != 0 ? 0 : age;
    return true;
}

bool row_leaf(struct dice *dice, uint32_t row, struct str *ret_arg, struct str *ret_value,
    struct str *ret_stamp)
{
    const struct body *body =
        atomic_load_explicit(&row_at(&dice->keys, row)->body, memory_order_acquire);
    if (body == NULL) {
        const struct graph_text *text = graph_text_get(dice->graph, row);
        return text != NULL && graph_bytes_get(dice->graph, text, ret_arg, ret_value, ret_stamp);
    }
    *ret_arg = (struct str){.ptr = body->arg, .len = body->arg_len};
    *ret_value = (struct str){.ptr = body->value, .len = body->value_len};
    *ret_stamp = (struct str){
        .ptr = body->value == NULL ? NULL : body->value + body->value_len, .len = body->stamp_len};
    return true;
}

bool row_value(struct dice *dice, uint32_t row, struct str *ret_value)
{
    struct str arg;
    struct str stamp;
    return row_leaf(dice, row, &arg, ret_value, &stamp);
}

struct shared *shared_new(struct str value, struct str stamp)
{
    struct shared *shared = memory_alloc(sizeof *shared + value.len + stamp.len);
    atomic_init(&shared->count, 1);
    if (value.len > 0) {
        memcpy(shared->bytes, value.ptr, value.len);
    }
    if (stamp.len > 0) {
        memcpy(shared->bytes + value.len, stamp.ptr, stamp.len);
    }
    return shared;
}

void shared_release(struct shared *shared)
{
    if (shared != NULL && atomic_fetch_sub(&shared->count, 1) == 1) {
        free(shared);
    }
}

bool row_past_far(struct dice *dice, uint32_t row, struct past *ret_past)
{
    struct row *r = row_at(&dice->keys, row);
    const struct graph_row *record = graph_row_get(dice->graph, row);
    if (record == NULL || record->kind >= dice->options.kind_count) {
        return false;
    }
    r->value_id = record->value_id;
    *ret_past = (struct past){
        .kind = record->kind,
        .has_value = (record->flags & GRAPH_HAS_VALUE) != 0 && record->value_id != 0,
        .edge_count = record->edge_count,
    };
    if (record->edge_count > 0) {
        ret_past->edges = graph_edges_get(dice->graph, record);
        return ret_past->edges != NULL;
    }
    return true;
}
