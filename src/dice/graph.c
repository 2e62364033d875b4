/* src/dice/graph.c: reading the graph file. */
#include "dice/graph.h"
#include "base/file.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the graph file is used in place");
static_assert(sizeof(struct graph_row) == 16, "docs/format/graph.md");
static_assert(sizeof(struct graph_text) == 32, "docs/format/graph.md");
static_assert(sizeof(struct graph_past) == 40, "docs/format/graph.md");
static_assert(sizeof(struct edge) == 8, "docs/format/graph.md");
static_assert(sizeof(struct graph_tail) == 88, "docs/format/graph.md");
static_assert(sizeof(struct graph_head) == 32, "docs/format/graph.md");
static_assert(sizeof(struct graph_segment) == 32, "docs/format/graph.md");
static_assert(sizeof(struct graph_record) == 96, "docs/format/graph.md");

const char graph_magic[GRAPH_MAGIC_BYTES + 1] = "straylight dice graph 2\n";

enum block_state {
    BLOCK_UNREAD,
    BLOCK_GOOD,
    BLOCK_BAD,
};
enum {
    ROW_SPACE_ALIGN = 64,
    HUGE_BYTES = 2 * 1024 * 1024,
    LANES = 8, /* of the checksum: enough that multiplications overlap */
};

/* Each step is a bijection of the lane and of the word, so that no change of one word can pass; not
 * against malice: who can write this file can write the store. */
uint64_t graph_checksum(const void *ptr, size_t len)
{
    const uint64_t factor = 0x9FB21C651E98DF25U;
    const char *next = ptr;
    uint64_t lane[LANES];
    uint64_t word[LANES];
    for (unsigned i = 0; i < LANES; i++) {
        lane[i] = factor * (i + 1) + len;
    }
    size_t left = len;
    for (; left >= sizeof word; left -= sizeof word, next += sizeof word) {
        memcpy(word, next, sizeof word);
        for (unsigned i = 0; i < LANES; i++) {
            lane[i] = (lane[i] ^ word[i]) * factor;
        }
    }
    memset(word, 0, sizeof word);
    if (left > 0) {
        memcpy(word, next, left);
    }
    uint64_t sum = len;
    for (unsigned i = 0; i < LANES; i++) {
        lane[i] = (lane[i] ^ word[i]) * factor;
        sum = (sum ^ lane[i] ^ lane[i] >> 32) * factor;
        sum ^= sum >> 29;
    }
    return sum;
}

static bool section_add(uint64_t *at, uint64_t count, uint64_t element_bytes, uint64_t *ret_at)
{
    uint64_t size_bytes;
    *ret_at = *at;
    return !__builtin_mul_overflow(count, element_bytes, &size_bytes) &&
           !__builtin_add_overflow(*at, size_bytes, at);
}

bool graph_layout(struct graph *graph)
{
    const struct graph_tail *tail = &graph->tail;
    uint64_t at = sizeof(struct graph_head);
    return section_add(&at, tail->row_count, sizeof(struct graph_row), &graph->rows_at) &&
           section_add(&at, tail->row_count, sizeof(struct graph_text), &graph->texts_at) &&
           section_add(&at, tail->row_count, sizeof(struct graph_past), &graph->pasts_at) &&
           section_add(&at, tail->edge_count, sizeof(struct edge), &graph->edges_at) &&
           section_add(&at, tail->slot_count, sizeof(uint64_t), &graph->slots_at) &&
           section_add(&at, tail->bytes_len, 1, &graph->bytes_at) &&
           section_add(&at, 0, 1, &graph->data_len);
}

static bool read_at(int fd, void *ptr, size_t len, uint64_t at)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(fd, (char *)ptr + done, len - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

/* The tail fits the file and is ours. */
static bool tail_read(struct graph *graph, uint64_t file_bytes, const struct digest *schema)
{
    struct graph_tail *tail = &graph->tail;
    struct graph_head head;
    if (file_bytes < sizeof head + sizeof *tail || file_bytes > INT64_MAX ||
        !read_at(graph->fd, &head, sizeof head, 0) ||
        memcmp(head.magic, graph_magic, GRAPH_MAGIC_BYTES) != 0 ||
        head.base_bytes < sizeof head + sizeof *tail || head.base_bytes > file_bytes) {
        return false;
    }
    uint64_t base_bytes = graph->base_bytes = head.base_bytes;
    if (!read_at(graph->fd, tail, sizeof *tail, base_bytes - sizeof *tail) ||
        tail->tail_check != graph_checksum(tail, offsetof(struct graph_tail, tail_check)) ||
        tail->format != GRAPH_FORMAT || tail->block_bytes != GRAPH_BLOCK_BYTES ||
        memcmp(tail->schema, schema->hash, sizeof tail->schema) != 0 ||
        tail->schema_bytes != schema->size_bytes || !graph_layout(graph)) {
        return false;
    }
    uint64_t block_count = graph->data_len / GRAPH_BLOCK_BYTES;
    block_count += graph->data_len % GRAPH_BLOCK_BYTES != 0 ? 1 : 0;
    return tail->block_count == block_count && tail->row_count < EDGE_GROUP &&
           tail->slot_count > 0 && (tail->slot_count & (tail->slot_count - 1)) == 0 &&
           graph->data_len < base_bytes &&
           base_bytes == graph->data_len + block_count * sizeof(uint64_t) + sizeof *tail;
}

static bool sums_read(struct graph *graph)
{
    size_t size_bytes = graph->tail.block_count * sizeof *graph->sums;
    graph->sums = memory_alloc(size_bytes);
    graph->states = memory_calloc(graph->tail.block_count, sizeof *graph->states);
    return read_at(graph->fd, graph->sums, size_bytes, graph->data_len) &&
           graph_checksum(graph->sums, size_bytes) == graph->tail.sums_check;
}

/* Huge pages spare a third of what a walk over a big graph costs; a small one fits few pages. */
static bool range_map(struct graph *graph)
{
    const struct graph_tail *tail = &graph->tail;
    graph->row_capacity = CHUNK_ROWS;
    while (graph->row_capacity < tail->row_count) {
        graph->row_capacity *= 2;
    }
    uint64_t rows_at = (graph->data_len + ROW_SPACE_ALIGN - 1) / ROW_SPACE_ALIGN * ROW_SPACE_ALIGN;
    uint64_t used_bytes = rows_at + (uint64_t)graph->row_capacity * sizeof(struct row);
    bool huge = used_bytes >= HUGE_BYTES;
    graph->range_bytes =
        used_bytes + (huge ? (uint64_t)2 * HUGE_BYTES : 0); /* to round both ends */
    graph->range = mmap(NULL, graph->range_bytes, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (graph->range == MAP_FAILED) {
        graph->range = NULL;
        return false;
    }
    graph->data = graph->range;
    if (huge) {
        graph->data += (HUGE_BYTES - (uintptr_t)graph->range % HUGE_BYTES) % HUGE_BYTES;
        (void)madvise(
            graph->data, used_bytes + (HUGE_BYTES - used_bytes % HUGE_BYTES), MADV_HUGEPAGE);
    }
    graph->row_space = (void *)(graph->data + rows_at);
    return true;
}

struct graph *graph_open(const char *path, const struct digest *schema)
{
    struct stat st;
    struct graph *graph = memory_calloc(1, sizeof *graph);
    (void)pthread_mutex_init(&graph->lock, NULL);
    graph->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (graph->fd < 0 || fstat(graph->fd, &st) != 0 || !S_ISREG(st.st_mode) ||
        !tail_read(graph, (uint64_t)st.st_size, schema) || !sums_read(graph)) {
        graph_close(graph);
        return NULL;
    }
    if (!range_map(graph)) {
        graph_close(graph);
        return NULL;
    }
    graph_segments_read(graph, (uint64_t)st.st_size);
    return graph;
}

void graph_close(struct graph *graph)
{
    if (graph == NULL) {
        return;
    }
    if (graph->range != NULL) {
        (void)munmap(graph->range, graph->range_bytes);
    }
    free(graph->segments);
    free(graph->sums);
    free(graph->states);
    fd_close(&graph->fd);
    (void)pthread_mutex_destroy(&graph->lock);
    free(graph);
}

static bool block_read(struct graph *graph, uint64_t block)
{
    (void)pthread_mutex_lock(&graph->lock);
    uint8_t state = atomic_load_explicit(&graph->states[block], memory_order_relaxed);
    if (state == BLOCK_UNREAD) {
        uint64_t at = block * GRAPH_BLOCK_BYTES;
        uint64_t left = graph->data_len - at;
        size_t len = left < GRAPH_BLOCK_BYTES ? (size_t)left : GRAPH_BLOCK_BYTES;
        bool good = read_at(graph->fd, graph->data + at, len, at) &&
                    graph_checksum(graph->data + at, len) == graph->sums[block];
        state = good ? BLOCK_GOOD : BLOCK_BAD;
        atomic_store_explicit(&graph->states[block], state, memory_order_release);
    }
    (void)pthread_mutex_unlock(&graph->lock);
    return state == BLOCK_GOOD;
}

static const void *blocks_read(struct graph *graph, uint64_t at, uint64_t last)
{
    for (uint64_t block = at / GRAPH_BLOCK_BYTES; block <= last; block++) {
        if (atomic_load_explicit(&graph->states[block], memory_order_acquire) != BLOCK_GOOD &&
            !block_read(graph, block)) {
            return NULL;
        }
    }
    return graph->data + at;
}

/* len > 0 bytes of the data, checked; NULL: damaged. */
static inline const void *data_get(struct graph *graph, uint64_t at, uint64_t len)
{
    uint64_t block = at / GRAPH_BLOCK_BYTES;
    uint64_t last = (at + len - 1) / GRAPH_BLOCK_BYTES;
    if (block == last &&
        atomic_load_explicit(&graph->states[block], memory_order_acquire) == BLOCK_GOOD) {
        return graph->data + at;
    }
    return blocks_read(graph, at, last);
}

const struct graph_row *graph_row_get(struct graph *graph, uint32_t row)
{
    assert(row < graph->tail.row_count);
    return data_get(
        graph, graph->rows_at + row * sizeof(struct graph_row), sizeof(struct graph_row));
}

const struct graph_text *graph_text_get(struct graph *graph, uint32_t row)
{
    assert(row < graph->tail.row_count);
    return data_get(
        graph, graph->texts_at + row * sizeof(struct graph_text), sizeof(struct graph_text));
}

const struct graph_past *graph_past_get(struct graph *graph, uint32_t row)
{
    assert(row < graph->tail.row_count);
    return data_get(
        graph, graph->pasts_at + row * sizeof(struct graph_past), sizeof(struct graph_past));
}

const struct edge *graph_edges_get(struct graph *graph, const struct graph_row *row)
{
    uint64_t end = (uint64_t)row->edge_begin + row->edge_count;
    if (end > graph->tail.edge_count || row->edge_count == 0) {
        return NULL;
    }
    return data_get(graph, graph->edges_at + row->edge_begin * sizeof(struct edge),
        row->edge_count * sizeof(struct edge));
}

/* len bytes at a place; NULL: damaged. */
static const char *place_get(struct graph *graph, uint64_t at, uint64_t len)
{
    uint64_t bytes_len = graph->tail.bytes_len;
    if (len == 0) {
        return graph->data;
    }
    if (at < bytes_len) {
        return len > bytes_len - at ? NULL : data_get(graph, graph->bytes_at + at, len);
    }
    uint64_t behind = at - bytes_len;
    return behind < graph->segments_bytes && len <= graph->segments_bytes - behind
               ? graph->segments + behind
               : NULL;
}

bool graph_bytes_get(struct graph *graph, const struct graph_text *text, struct str *ret_arg,
    struct str *ret_value, struct str *ret_stamp)
{
    uint64_t rest_len = (uint64_t)text->value_len + text->stamp_len;
    bool together = ret_value != NULL && text->arg_at <= UINT64_MAX - text->arg_len &&
                    text->value_at == text->arg_at + text->arg_len;
    const char *arg = place_get(graph, text->arg_at, text->arg_len + (together ? rest_len : 0));
    if (arg == NULL) {
        return false;
    }
    *ret_arg = (struct str){.ptr = arg, .len = text->arg_len};
    if (ret_value != NULL) {
        const char *value =
            together ? arg + text->arg_len : place_get(graph, text->value_at, rest_len);
        if (value == NULL) {
            return false;
        }
        *ret_value = (struct str){.ptr = value, .len = text->value_len};
        *ret_stamp = (struct str){.ptr = value + text->value_len, .len = text->stamp_len};
    }
    return true;
}

bool graph_find(
    struct graph *graph, uint32_t hash, unsigned kind, struct str arg, uint32_t *ret_row)
{
    uint32_t mask = graph->tail.slot_count - 1;
    for (uint32_t step = 0; step <= mask; step++) {
        uint64_t at = graph->slots_at + ((hash + step) & mask) * sizeof(uint64_t);
        const uint64_t *slot = data_get(graph, at, sizeof *slot);
        if (slot == NULL || (uint32_t)*slot > graph->tail.row_count) {
            return false;
        }
        if ((uint32_t)*slot == 0) {
            break;
        }
        if (*slot >> 32 != hash) {
            continue;
        }
        uint32_t row = (uint32_t)*slot - 1;
        struct str have;
        const struct graph_row *r = graph_row_get(graph, row);
        const struct graph_text *text = graph_text_get(graph, row);
        if (r == NULL || text == NULL || !graph_bytes_get(graph, text, &have, NULL, NULL)) {
            return false;
        }
        if (r->kind == kind && str_eq(have, arg)) {
            *ret_row = row;
            return true;
        }
    }
    *ret_row = ROW_NONE;
    return true;
}
