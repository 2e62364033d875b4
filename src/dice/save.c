/* src/dice/save.c: writing the graph file whole; segment.c appends to it.
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
 * A value that stands within another one (dice_task_part) is not written again. */
#include "base/file.h"
#include "base/io.h"
#include "dice/graph.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    AGE_MAX = 20, /* between two there are some dozens of segments, if the graph is large */
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

/* Is the value of row `number` written as a part of another, which was numbered before it? False
 * too if that cannot be read: then the file is found damaged elsewhere. ret_at: where in it. */
static bool is_part(struct dice *dice, const struct image *image, uint32_t number,
    const struct body *body, uint64_t *ret_at)
{
    struct body whole;
    uint32_t value_id;
    uint8_t age;
    if (!body->has_value || body->part_of == 0) {
        return false;
    }
    uint32_t whole_number = image->numbers[body->part_of - 1];
    if (whole_number == 0 || whole_number - 1 >= number ||
        !row_read(dice, body->part_of - 1, &whole, &value_id, &age) || whole.part_of != 0 ||
        !body_holds(&whole, body)) {
        return false;
    }
    *ret_at = (uint64_t)(body->value - whole.value);
    return true;
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
        uint64_t at;
        uint64_t bytes = is_part(dice, image, i, &body, &at) ? body.arg_len : body_bytes(&body);
        edge_count += body.has_value ? body.edge_count : 0;
        image->other_next += is_leaf(dice, &body) ? bytes : 0;
        tail->bytes_len += bytes;
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

/* Argument, value and stamp; a part of another value leads into that one. */
static void text_put(struct dice *dice, struct image *image, uint32_t number,
    const struct body *body, struct graph_past *past)
{
    const struct graph *graph = &image->graph;
    uint64_t *next = is_leaf(dice, body) ? &image->leaf_next : &image->other_next;
    struct graph_text text = {
        .arg_at = *next,
        .value_at = *next + body->arg_len,
        .arg_len = body->arg_len,
        .value_len = body->has_value ? body->value_len : 0,
        .stamp_len = body->has_value ? body->stamp_len : 0,
        .hash = body->hash,
    };
    uint64_t at;
    image_put(image, graph->bytes_at + *next, body->arg, body->arg_len);
    *next += body->arg_len;
    if (is_part(dice, image, number, body, &at)) {
        uint32_t whole_number = image->numbers[body->part_of - 1] - 1;
        struct graph_text whole;
        memcpy(&whole, image->ptr + graph->texts_at + whole_number * sizeof whole, sizeof whole);
        text.value_at = whole.value_at + at;
        past->part_of = whole_number + 1;
    } else if (body->has_value) {
        size_t len = (size_t)body->value_len + body->stamp_len;
        image_put(image, graph->bytes_at + *next, body->value, len);
        *next += len;
    }
    image_put(image, graph->texts_at + number * sizeof text, &text, sizeof text);
}

static bool row_put(struct dice *dice, struct image *image, uint32_t number)
{
    struct body body;
    uint32_t value_id;
    uint8_t age;
    if (!row_read(dice, image->rows[number], &body, &value_id, &age)) {
        return false;
    }
    const struct graph *graph = &image->graph;
    struct graph_row row = {
        .edge_begin = image->edge_next,
        .edge_count = body.has_value ? body.edge_count : 0,
        .value_id = value_id,
        .kind = body.kind,
        .flags = body.has_value ? GRAPH_HAS_VALUE : 0,
        .age = age,
    };
    struct graph_past past = {.previous_id = body.previous_id};
    memcpy(past.digest, body.digest, VALUE_HASH_BYTES);
    memcpy(past.previous, body.previous, VALUE_HASH_BYTES);
    text_put(dice, image, number, &body, &past);
    image_put(image, graph->rows_at + number * sizeof row, &row, sizeof row);
    image_put(image, graph->pasts_at + number * sizeof past, &past, sizeof past);
    if (body.has_value) {
        edges_put(image, &body);
    }
    slot_put(image, body.hash, number);
    return true;
}

static bool image_fill(struct dice *dice, struct image *image)
{
    struct graph_tail *tail = &image->graph.tail;
    const struct graph *graph = &image->graph;
    struct graph_head head = {.base_bytes = image->size_bytes};
    memcpy(head.magic, graph_magic, sizeof head.magic);
    image_put(image, 0, &head, sizeof head);
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

/* ret_fd: of the file that is in place now. */
static enum err image_write(
    struct dice *dice, const struct image *image, int *ret_fd, struct diags *diags)
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
    int kept_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (close(fd) != 0 && result == 0) {
        result = -1;
        error_number = errno;
    }
    if (result == 0) {
        result = io_rename(io, AT_FDCWD, temporary.ptr, AT_FDCWD, path, 0);
        error_number = errno;
    }
    if (result != 0) {
        fd_close(&kept_fd);
        (void)io_unlink(io, AT_FDCWD, temporary.ptr, 0);
        return diag_add_errno(diags, error_number, "cannot write %s", path);
    }
    *ret_fd = kept_fd;
    return OK;
}

/* What was written is what the next save may append to. */
static void image_adopt(struct dice *dice, struct image *image, int fd)
{
    disk_release(&dice->disk);
    dice->disk = (struct disk){.known = fd >= 0,
        .fd = fd,
        .base_bytes = image->size_bytes,
        .bytes_len = image->graph.tail.bytes_len,
        .end = image->size_bytes,
        .chain = image->graph.tail.tail_check,
        .row_count = image->graph.tail.row_count,
        .numbers = image->numbers,
        .number_count = dice->keys.row_count};
    image->numbers = NULL;
}

static enum err save_whole(struct dice *dice, struct diags *diags)
{
    struct image image = {0};
    enum err err = OK;
    int fd = -1;
    if (rows_number(dice, &image) && image_measure(dice, &image) && image_fill(dice, &image)) {
        err = image_write(dice, &image, &fd, diags);
        if (err == OK) {
            image_adopt(dice, &image, fd);
        }
    } else { /* what is kept from the last file is damaged: begin anew with the next run */
        const struct io *io = dice->options.io == NULL ? &io_real : dice->options.io;
        (void)io_unlink(io, AT_FDCWD, dice->options.path, 0);
    }
    free(image.numbers);
    free(image.rows);
    free(image.ptr);
    return err;
}

static enum err save(struct dice *dice, bool whole, struct diags *diags)
{
    bool done = false;
    enum err err = whole ? OK : graph_append(dice, &done, diags);
    if (!done) {
        err = save_whole(dice, diags);
    }
    if (err == OK) {
        const uint32_t *dirty = dice->dirty.ptr;
        for (uint32_t i = 0; i < dice->dirty.len; i++) {
            atomic_load_explicit(&row_at(&dice->keys, dirty[i])->body, memory_order_relaxed)
                ->dirty = false;
        }
        dice->dirty.len = 0;
        dice->changed = false;
    }
    return err;
}

enum err dice_save(struct dice *dice, struct diags *diags)
{
    return dice->options.path == NULL || !dice->changed ? OK : save(dice, false, diags);
}

enum err dice_save_whole(struct dice *dice, struct diags *diags)
{
    return dice->options.path == NULL ? OK : save(dice, true, diags);
}
