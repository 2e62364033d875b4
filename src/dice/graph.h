/* src/dice/graph.h: the graph file (docs/format/graph.md).
 *
 *   base     head | rows | texts | pasts | edges | slots | bytes      data, in blocks of 32 KiB
 *            sums: one checksum for each block
 *            tail: counts, schema, checksum of the sums, checksum of the tail
 *   segments what later runs found different, one behind the other   (segment.c)
 *
 * The base never changes; the next one replaces the file by rename, when the segments have become
 * too many. It is not mapped but read block by block into an address range of its size, a block
 * when it is first touched: a mapping would die by SIGBUS when somebody truncates the file, and
 * could change after its checksum was found right. Copying costs some 0.1 ms a megabyte, and only
 * what is touched is read. Segments are read at once: they are a small part of the base. */
#ifndef DICE_GRAPH_H
#define DICE_GRAPH_H
#include "dice/internal.h"

enum {
    GRAPH_BLOCK_BYTES = 32 * 1024,
    GRAPH_FORMAT = 2,
    GRAPH_MAGIC_BYTES = 24,
    GRAPH_HAS_VALUE = 1,
    SEGMENTS_SHARE = 16,            /* the segments may be a sixteenth of the base */
    SEGMENTS_BYTES_MIN = 64 * 1024, /* and so much */
};
extern const char graph_magic[GRAPH_MAGIC_BYTES + 1];

/* Little-endian, as all machines are that this runs on; no padding. */
struct graph_head {
    char magic[GRAPH_MAGIC_BYTES];
    uint64_t base_bytes; /* length of the base */
};
struct graph_row {
    uint32_t edge_begin, edge_count;
    uint32_t value_id;
    uint16_t kind;
    uint8_t flags; /* GRAPH_HAS_VALUE: it need not be computed if its edges are as they were */
    uint8_t age;   /* times the file was written since the row was last up to date */
};
/* Places count from the beginning of the section bytes; those behind its end lie behind the base.
 */
struct graph_text {
    uint64_t arg_at, value_at; /* the stamp stands behind the value */
    uint32_t arg_len, value_len, stamp_len;
    uint32_t hash; /* of the key */
};
struct graph_past {
    uint8_t digest[VALUE_HASH_BYTES], previous[VALUE_HASH_BYTES];
    uint32_t previous_id;
    uint32_t part_of; /* row + 1 of which the value is a part, or 0 */
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

struct graph_segment {
    uint64_t size_bytes; /* of all of it, a multiple of 8 */
    uint64_t before;     /* the check of what it follows: of the base's tail, or of a segment */
    uint32_t record_count, edge_count;
    uint32_t row_count; /* of the graph, with those that it adds */
    uint32_t zero;
};
struct graph_record {
    uint32_t number; /* of the row: a new one if it is the next */
    uint32_t zero;
    struct graph_row row; /* edge_begin: in the segment's edges */
    struct graph_text text;
    struct graph_past past;
};

struct graph {
    int fd;
    uint64_t base_bytes;
    char *segments; /* owned: all that stands behind the base, up to the last good one */
    uint64_t segments_bytes;
    uint64_t chain; /* the check that the next segment names */
    bool torn;      /* something else stands behind them: nothing may be added */
    char *range;    /* of addresses */
    char *data;     /* in it; a block holds its bytes once its state says so */
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
/* What may stand behind a base of so many bytes. */
static inline uint64_t graph_segments_max(uint64_t base_bytes)
{
    return base_bytes / SEGMENTS_SHARE + SEGMENTS_BYTES_MIN;
}
/* segment.c. The segment at `at`, which the caller knows to be within the segments; NULL at their
 * end. */
const struct graph_segment *graph_segment_get(const struct graph *graph, uint64_t at);
/* Its checksum over what stands before it. */
uint64_t graph_segment_check(const struct graph_segment *segment);
/* Reads what stands behind the base. */
void graph_segments_read(struct graph *graph, uint64_t file_bytes);
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
/* Appends what changed; *ret_done is false if the file must be written whole (save.c). */
enum err graph_append(struct dice *dice, bool *ret_done, struct diags *diags);
#endif
