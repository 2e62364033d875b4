/* src/dice/save.c: writing the graph file.
 *
 *   1. number the rows that stay, each behind those it needs: the next walk reads the file forwards
 *   2. fill an image of the file, bytes of leaves before all others: a walk needs no more of them
 *   3. temporary file, rename
 *
 * No fsync: after a power failure the file may be an old one or a damaged one. Both are harmless,
 * since every value in it is checked against the world and every block against its checksum; an
 * fsync would cost each build that did something several milliseconds.
 *
 * A row stays while it, or one that needs it, was up to date in one of the last AGE_MAX writings.
 */
#include "base/io.h"
#include "dice/graph.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    AGE_MAX = 100,
};

struct frame {
    uint32_t row, next;
    const struct edge *edges;
    uint32_t edge_count;
};

struct image {
    struct graph graph; /* the tail, and the places of the sections */
    uint32_t *numbers;  /* row -> new number + 1, or 0 */
    uint32_t *rows;     /* new number -> row */
    char *ptr;          /* the file, heap */
    uint64_t size_bytes;
    uint32_t edge_next;
    uint64_t leaf_next, other_next; /* in the section of bytes */
};

static bool is_leaf(const struct dice *dice, const struct body *body)
{
    return (dice->options.kinds[body->kind].flags & DICE_LEAF) != 0;
}

static uint64_t body_bytes(const struct body *body)
{
    return (uint64_t)body->arg_len +
           (body->has_value ? (uint64_t)body->value_len + body->stamp_len : 0);
}

/* Begins with a row that has no number yet. */
static bool row_begin(struct dice *dice, struct image *image, uint32_t row)
{
    struct body body;
    uint32_t value_id;
    uint8_t age;
    if (!row_read(dice, row, &body, &value_id, &age)) {
        return false;
    }
    image->numbers[row] = 1; /* met */
    *(struct frame *)vector_add(&dice->stack, sizeof(struct frame)) = (struct frame){
        .row = row, .edges = body.edges, .edge_count = body.has_value ? body.edge_count : 0};
    return true;
}

static bool rows_number_from(struct dice *dice, struct image *image, uint32_t root)
{
    dice->stack.len = 0;
    if (!row_begin(dice, image, root)) {
        return false;
    }
    while (dice->stack.len > 0) {
        struct frame *frame = (struct frame *)dice->stack.ptr + (dice->stack.len - 1);
        if (frame->next == frame->edge_count) {
            image->rows[image->graph.tail.row_count] = frame->row;
            image->numbers[frame->row] = ++image->graph.tail.row_count;
            dice->stack.len--;
            continue;
        }
        uint32_t dep = frame->edges[frame->next++].dep & ~EDGE_GROUP;
        if (image->numbers[dep] == 0 && !row_begin(dice, image, dep)) {
            return false;
        }
    }
    return true;
}

/* False: the file that rows come from is damaged. */
static bool rows_number(struct dice *dice, struct image *image)
{
    image->numbers = memory_calloc((size_t)dice->keys.row_count + 1, sizeof *image->numbers);
    image->rows = memory_calloc((size_t)dice->keys.row_count + 1, sizeof *image->rows);
    for (uint32_t row = 0; row < dice->keys.row_count; row++) {
        struct body body;
        uint32_t value_id;
        uint8_t age;
        if (image->numbers[row] != 0) {
            continue;
        }
        if (!row_read(dice, row, &body, &value_id, &age)) {
            return false;
        }
        if (body.has_value && age <= AGE_MAX && !rows_number_from(dice, image, row)) {
            return false;
        }
    }
    return true;
}

/* Sizes of the sections. */
static bool image_measure(struct dice *dice, struct image *image)
{
    struct graph_tail *tail = &image->graph.tail;
    uint64_t edge_count = 0;
    for (uint32_t i = 0; i < tail->row_count; i++) {
        struct body body;
        uint32_t value_id;
        uint8_t age;
        if (!row_read(dice, image->rows[i], &body, &value_id, &age)) {
            return false;
        }
        edge_count += body.has_value ? body.edge_count : 0;
        image->other_next += is_leaf(dice, &body) ? body_bytes(&body) : 0;
        tail->bytes_len += body_bytes(&body);
    }
    tail->edge_count = (uint32_t)edge_count;
    tail->slot_count = 1;
    while (tail->slot_count < tail->row_count + tail->row_count / 2 + 1) {
        tail->slot_count *= 2;
    }
    tail->format = GRAPH_FORMAT;
    tail->block_bytes = GRAPH_BLOCK_BYTES;
    memcpy(tail->schema, dice->options.schema.hash, sizeof tail->schema);
    tail->schema_bytes = dice->options.schema.size_bytes;
    if (edge_count > UINT32_MAX || !graph_layout(&image->graph)) {
        return false;
    }
    uint64_t blocks = (image->graph.data_len + GRAPH_BLOCK_BYTES - 1) / GRAPH_BLOCK_BYTES;
    tail->block_count = (uint32_t)blocks;
    image->size_bytes = image->graph.data_len + blocks * sizeof(uint64_t) + sizeof *tail;
    image->ptr = memory_calloc(1, image->size_bytes);
    return true;
}

/* Copies to a place of the image, which is not aligned for all of them. */
static void image_put(struct image *image, uint64_t at, const void *ptr, size_t len)
{
    assert(at + len <= image->size_bytes);
    if (len > 0) {
        memcpy(image->ptr + at, ptr, len);
    }
}

static void slot_put(struct image *image, uint32_t hash, uint32_t number)
{
    uint32_t mask = image->graph.tail.slot_count - 1;
    for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
        uint64_t slot;
        uint64_t at = image->graph.slots_at + i * sizeof slot;
        memcpy(&slot, image->ptr + at, sizeof slot);
        if (slot == 0) {
            slot = (uint64_t)hash << 32 | (number + 1);
            image_put(image, at, &slot, sizeof slot);
            return;
        }
    }
}

static void edges_put(struct image *image, const struct body *body)
{
    for (uint32_t i = 0; i < body->edge_count; i++) {
        uint32_t dep = body->edges[i].dep;
        struct edge edge = {
            .dep = (dep & EDGE_GROUP) | (image->numbers[dep & ~EDGE_GROUP] - 1),
            .value_id = body->edges[i].value_id,
        };
        image_put(
            image, image->graph.edges_at + image->edge_next++ * sizeof edge, &edge, sizeof edge);
    }
}

static bool row_put(struct dice *dice, struct image *image, uint32_t number)
{
    struct body body;
    uint32_t value_id;
    uint8_t age;
    if (!row_read(dice, image->rows[number], &body, &value_id, &age)) {
        return false;
    }
    uint64_t *next = is_leaf(dice, &body) ? &image->leaf_next : &image->other_next;
    const struct graph *graph = &image->graph;
    struct graph_row row = {
        .edge_begin = image->edge_next,
        .edge_count = body.has_value ? body.edge_count : 0,
        .value_id = value_id,
        .kind = body.kind,
        .flags = body.has_value ? GRAPH_HAS_VALUE : 0,
        .age = age,
    };
    struct graph_text text = {
        .at = *next,
        .arg_len = body.arg_len,
        .value_len = body.has_value ? body.value_len : 0,
        .stamp_len = body.has_value ? body.stamp_len : 0,
        .hash = body.hash,
    };
    struct graph_past past = {.previous_id = body.previous_id};
    memcpy(past.digest, body.digest, VALUE_HASH_BYTES);
    memcpy(past.previous, body.previous, VALUE_HASH_BYTES);
    image_put(image, graph->rows_at + number * sizeof row, &row, sizeof row);
    image_put(image, graph->texts_at + number * sizeof text, &text, sizeof text);
    image_put(image, graph->pasts_at + number * sizeof past, &past, sizeof past);
    image_put(image, graph->bytes_at + *next, body.arg, body.arg_len);
    if (body.has_value) {
        edges_put(image, &body);
        image_put(image, graph->bytes_at + *next + body.arg_len, body.value,
            (size_t)body.value_len + body.stamp_len);
    }
    *next += body_bytes(&body);
    slot_put(image, body.hash, number);
    return true;
}

static bool image_fill(struct dice *dice, struct image *image)
{
    struct graph_tail *tail = &image->graph.tail;
    const struct graph *graph = &image->graph;
    image_put(image, 0, graph_magic, GRAPH_MAGIC_BYTES);
    for (uint32_t i = 0; i < tail->row_count; i++) {
        if (!row_put(dice, image, i)) {
            return false;
        }
    }
    uint64_t sums_at = graph->data_len;
    for (uint32_t block = 0; block < tail->block_count; block++) {
        uint64_t at = (uint64_t)block * GRAPH_BLOCK_BYTES;
        uint64_t left = graph->data_len - at;
        uint64_t sum = graph_checksum(
            image->ptr + at, left < GRAPH_BLOCK_BYTES ? (size_t)left : GRAPH_BLOCK_BYTES);
        image_put(image, sums_at + block * sizeof sum, &sum, sizeof sum);
    }
    size_t sums_bytes = tail->block_count * sizeof(uint64_t);
    tail->sums_check = graph_checksum(image->ptr + sums_at, sums_bytes);
    tail->tail_check = graph_checksum(tail, offsetof(struct graph_tail, tail_check));
    image_put(image, sums_at + sums_bytes, tail, sizeof *tail);
    return true;
}

static enum err image_write(struct dice *dice, const struct image *image, struct diags *diags)
{
    const struct io *io = dice->options.io == NULL ? &io_real : dice->options.io;
    const char *path = dice->options.path;
    AUTO_BUF temporary = {0};
    buf_printf(&temporary, "%s.tmp.%ld%c", path, (long)getpid(), 0);
    int fd = io_open(
        io, AT_FDCWD, temporary.ptr, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return diag_add_errno(diags, errno, "cannot write %s", path);
    }
    int result = io_write_all(io, fd, image->ptr, image->size_bytes);
    int error_number = errno;
    if (close(fd) != 0 && result == 0) {
        result = -1;
        error_number = errno;
    }
    if (result == 0) {
        result = io_rename(io, AT_FDCWD, temporary.ptr, AT_FDCWD, path, 0);
        error_number = errno;
    }
    if (result != 0) {
        (void)io_unlink(io, AT_FDCWD, temporary.ptr, 0);
        return diag_add_errno(diags, error_number, "cannot write %s", path);
    }
    return OK;
}

enum err dice_save(struct dice *dice, struct diags *diags)
{
    if (dice->options.path == NULL || !dice->changed) {
        return OK;
    }
    struct image image = {0};
    enum err err = OK;
    if (rows_number(dice, &image) && image_measure(dice, &image) && image_fill(dice, &image)) {
        err = image_write(dice, &image, diags);
        dice->changed = err != OK;
    } else { /* what is kept from the last file is damaged: begin anew with the next run */
        const struct io *io = dice->options.io == NULL ? &io_real : dice->options.io;
        (void)io_unlink(io, AT_FDCWD, dice->options.path, 0);
    }
    free(image.numbers);
    free(image.rows);
    free(image.ptr);
    return err;
}
