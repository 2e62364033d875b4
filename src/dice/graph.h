/* src/dice/graph.h: the graph file (docs/format/graph.md).
 *
 *   magic | rows | texts | pasts | edges | slots | bytes          data, in blocks of 32 KiB
 *   sums: one checksum for each block                             tail
 *   tail: counts, schema, checksum of the sums, checksum of the tail
 *
 * It never changes; the next one replaces it by rename. It is not mapped but read block by block
 * into an address range of its size, a block when it is first touched: a mapping would die by
 * SIGBUS when somebody truncates the file, and could change after its checksum was found right.
 * Copying costs some 0.1 ms a megabyte, and only what is touched is read. */
#ifndef DICE_GRAPH_H
#define DICE_GRAPH_H
#include "dice/internal.h"

enum {
    GRAPH_BLOCK_BYTES = 32 * 1024,
    GRAPH_FORMAT = 1,
    GRAPH_MAGIC_BYTES = 32,
    GRAPH_HAS_VALUE = 1,
};
extern const char graph_magic[GRAPH_MAGIC_BYTES];

/* Little-endian, as all machines are that this runs on; no padding. */
struct graph_row {
    uint32_t edge_begin, edge_count;
    uint32_t value_id;
    uint16_t kind;
    uint8_t flags; /* GRAPH_HAS_VALUE: it need not be computed if its edges are as they were */
    uint8_t age;   /* times the file was written since the row was last up to date */
};
struct graph_text {
    uint64_t at; /* in bytes: argument, value, stamp, one behind the other */
    uint32_t arg_len, value_len, stamp_len;
    uint32_t hash; /* of the key */
};
struct graph_past {
    uint8_t digest[VALUE_HASH_BYTES], previous[VALUE_HASH_BYTES];
    uint32_t previous_id;
    uint32_t zero;
};
struct graph_tail {
    uint64_t bytes_len; /* of the section */
    uint32_t row_count, edge_count;
    uint32_t slot_count; /* a power of two */
    uint32_t block_count;
    uint8_t schema[DIGEST_HASH_BYTES];
    uint64_t schema_bytes;
    uint32_t block_bytes, format;
    uint64_t sums_check, tail_check;
};

struct graph {
    int fd;
    char *range; /* of addresses */
    char *data;  /* in it; a block holds its bytes once its state says so */
    uint64_t data_len, range_bytes;
    struct row *row_space; /* zeroed room for the rows, behind the data in the range */
    uint32_t row_capacity; /* a power of two */
    struct graph_tail tail;
    uint64_t rows_at, texts_at, pasts_at, edges_at, slots_at, bytes_at;
    uint64_t *sums;
    _Atomic uint8_t *states; /* enum block_state */
    pthread_mutex_t lock;    /* of reading a block */
};

uint64_t graph_checksum(const void *ptr, size_t len);
/* Places of the sections, by the counts. False if they are more than 64 bits can say. */
bool graph_layout(struct graph *graph);
/* NULL: there is none that can be used. */
struct graph *graph_open(const char *path, const struct digest *schema);
void graph_close(struct graph *graph);
/* The rest gives NULL, or false, if the file is damaged. row < row_count. */
const struct graph_row *graph_row_get(struct graph *graph, uint32_t row);
const struct graph_text *graph_text_get(struct graph *graph, uint32_t row);
const struct graph_past *graph_past_get(struct graph *graph, uint32_t row);
const struct edge *graph_edges_get(struct graph *graph, const struct graph_row *row);
/* Argument, value and stamp of a text. ret_arg alone: the others may be NULL. */
bool graph_bytes_get(struct graph *graph, const struct graph_text *text, struct str *ret_arg,
    struct str *ret_value, struct str *ret_stamp);
/* ret_row is ROW_NONE if the key is not there. */
bool graph_find(
    struct graph *graph, uint32_t hash, unsigned kind, struct str arg, uint32_t *ret_row);
#endif
