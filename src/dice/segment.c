/* src/dice/segment.c: what stands behind the base of the graph file.
 *
 *   base | segment | segment | ...      each: head | records | edges | bytes | check
 *
 * A save appends one segment: the rows that changed, whole, as they are then. It costs what changed
 * and not what there is. The next run makes bodies of them when it opens the file (they are at most
 * a sixteenth of the base and 64 KiB), so that they hide the base's rows like those that this
 * process computed.
 *
 * Each segment names the check of what it follows. What is torn, or does not follow, ends the
 * chain: what was good before it is an older state, which is as good as any since every value in it
 * is validated. Nothing is appended behind it; the file is written whole then (save.c). The same if
 * another process has appended or replaced the file meanwhile: a lock on the file and its length
 * tell. */
#include "base/file.h"
#include "base/io.h"
#include "dice/graph.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    CHECK_BYTES = sizeof(uint64_t), /* behind all else of a segment */
};

/* Reading. */

uint64_t graph_segment_check(const struct graph_segment *segment)
{
    return graph_checksum(segment, segment->size_bytes - CHECK_BYTES);
}

static uint64_t check_stored(const struct graph_segment *segment)
{
    uint64_t check;
    memcpy(&check, (const char *)segment + segment->size_bytes - CHECK_BYTES, sizeof check);
    return check;
}

const struct graph_segment *graph_segment_get(const struct graph *graph, uint64_t at)
{
    return at == graph->segments_bytes ? NULL : (const void *)(graph->segments + at);
}

/* The segment at `at` of what was read, whole and in its place. */
static bool segment_good(const struct graph *graph, uint64_t at, uint64_t bytes_read)
{
    const struct graph_segment *segment = (const void *)(graph->segments + at);
    uint64_t left = bytes_read - at;
    if (left < sizeof *segment + CHECK_BYTES || segment->size_bytes % 8 != 0 ||
        segment->size_bytes > left || segment->size_bytes < sizeof *segment + CHECK_BYTES) {
        return false;
    }
    uint64_t used = sizeof *segment + CHECK_BYTES +
                    (uint64_t)segment->record_count * sizeof(struct graph_record) +
                    (uint64_t)segment->edge_count * sizeof(struct edge);
    return used <= segment->size_bytes && segment->before == graph->chain &&
           segment->row_count < EDGE_GROUP && check_stored(segment) == graph_segment_check(segment);
}

void graph_segments_read(struct graph *graph, uint64_t file_bytes)
{
    uint64_t len = file_bytes - graph->base_bytes;
    graph->chain = graph->tail.tail_check;
    if (len == 0) {
        return;
    }
    if (len > graph_segments_max(graph->base_bytes)) { /* nothing that was written here */
        graph->torn = true;
        return;
    }
    graph->segments = memory_alloc(len);
    if (lseek(graph->fd, (off_t)graph->base_bytes, SEEK_SET) < 0) {
        graph->torn = true;
        return;
    }
    ssize_t got = fd_read_full(graph->fd, graph->segments, len);
    uint64_t bytes_read = got < 0 ? 0 : (uint64_t)got;
    while (graph->segments_bytes < bytes_read &&
           segment_good(graph, graph->segments_bytes, bytes_read)) {
        const struct graph_segment *segment =
            (const void *)(graph->segments + graph->segments_bytes);
        graph->chain = check_stored(segment);
        graph->segments_bytes += segment->size_bytes;
    }
    graph->torn = graph->segments_bytes < len;
}

/* Loading. */

static bool record_load(struct dice *dice, const struct graph_segment *segment, uint32_t i)
{
    struct keys *keys = &dice->keys;
    const struct graph_record *records = (const void *)(segment + 1);
    const struct graph_record *record = &records[i];
    const struct edge *edges = (const void *)(records + segment->record_count);
    struct body read;
    uint64_t edge_end = (uint64_t)record->row.edge_begin + record->row.edge_count;
    if (record->number > keys->row_count || record->number >= segment->row_count ||
        !body_decode(dice, &record->row, &record->text, &record->past, &read) ||
        read.part_of > segment->row_count || edge_end > segment->edge_count ||
        !edges_bounded(
            edges + record->row.edge_begin, record->row.edge_count, segment->row_count)) {
        return false;
    }
    read.edges = edges + record->row.edge_begin;
    struct body *body =
        record->number == keys->row_count
            ? NULL
            : atomic_load_explicit(&row_at(keys, record->number)->body, memory_order_relaxed);
    if (body == NULL) {
        body = body_new(keys);
    }
    read.older = body->older;
    *body = read;
    if (record->number == keys->row_count) {
        (void)keys_append(keys, body);
    }
    struct row *row = row_at(keys, record->number);
    row->value_id = record->row.value_id;
    atomic_store_explicit(&row->body, body, memory_order_release);
    return true;
}

static bool segments_load(struct dice *dice)
{
    const struct graph_segment *segment;
    uint64_t at = 0;
    while ((segment = graph_segment_get(dice->graph, at)) != NULL) {
        for (uint32_t i = 0; i < segment->record_count; i++) {
            if (!record_load(dice, segment, i)) {
                return false;
            }
        }
        if (dice->keys.row_count != segment->row_count) {
            return false;
        }
        at += segment->size_bytes;
    }
    return true;
}

void disk_load(struct dice *dice)
{
    const struct graph *graph = dice->graph;
    if (graph == NULL) {
        return;
    }
    if (!segments_load(dice)) {
        dice_forget(dice);
        return;
    }
    dice->disk = (struct disk){.known = !graph->torn,
        .fd = -1,
        .base_bytes = graph->base_bytes,
        .bytes_len = graph->tail.bytes_len,
        .end = graph->base_bytes + graph->segments_bytes,
        .chain = graph->chain,
        .row_count = dice->keys.row_count};
}

void disk_release(struct disk *disk)
{
    fd_close(&disk->fd);
    free(disk->numbers);
    *disk = (struct disk){.fd = -1};
}

/* Writing. */

struct writing {
    struct dice *dice;
    struct vector rows; /* uint32_t: to be written, those that the file does not have in order */
    struct buf records, edges, bytes;
    uint64_t bytes_at; /* place of the first of bytes */
};

/* The row's number + 1, or 0. */
static uint32_t number_of(const struct disk *disk, uint32_t row)
{
    return row < disk->number_count ? disk->numbers[row] : 0;
}

static void numbers_make(struct dice *dice)
{
    struct disk *disk = &dice->disk;
    uint32_t known = disk->numbers == NULL ? disk->row_count : 0;
    if (disk->number_count == dice->keys.row_count) {
        return;
    }
    disk->numbers =
        memory_realloc(disk->numbers, (size_t)dice->keys.row_count * sizeof *disk->numbers);
    for (uint32_t row = disk->number_count; row < dice->keys.row_count; row++) {
        disk->numbers[row] = row < known ? row + 1 : 0;
    }
    disk->number_count = dice->keys.row_count;
}

static void row_want(struct writing *writing, uint32_t row)
{
    *(uint32_t *)vector_add(&writing->rows, sizeof row) = row;
    struct disk *disk = &writing->dice->disk;
    if (disk->numbers[row] == 0) {
        disk->numbers[row] = ++disk->row_count;
    }
}

/* The rows that changed, and what they need that is new; a new row that was never computed is there
 * for its number alone. */
static bool rows_gather(struct writing *writing)
{
    struct dice *dice = writing->dice;
    const uint32_t *dirty = dice->dirty.ptr;
    for (uint32_t i = 0; i < dice->dirty.len; i++) {
        const struct body *body =
            atomic_load_explicit(&row_at(&dice->keys, dirty[i])->body, memory_order_relaxed);
        if (number_of(&dice->disk, dirty[i]) != 0 || body->has_value) {
            row_want(writing, dirty[i]);
        }
    }
    for (uint32_t i = 0; i < writing->rows.len; i++) {
        uint32_t row = ((const uint32_t *)writing->rows.ptr)[i];
        const struct body *body =
            atomic_load_explicit(&row_at(&dice->keys, row)->body, memory_order_relaxed);
        for (uint32_t j = 0; body->has_value && j < body->edge_count; j++) {
            uint32_t dep = body->edges[j].dep & ~EDGE_GROUP;
            if (number_of(&dice->disk, dep) == 0) {
                row_want(writing, dep);
            }
        }
    }
    return dice->disk.row_count < EDGE_GROUP;
}

static void bytes_put(struct buf *buf, const void *ptr, size_t len)
{
    buf_add(buf, (struct str){.ptr = ptr, .len = len});
}

static void edges_put(struct writing *writing, const struct body *body)
{
    for (uint32_t i = 0; i < body->edge_count; i++) {
        uint32_t dep = body->edges[i].dep;
        struct edge edge = {
            .dep = (dep & EDGE_GROUP) | (number_of(&writing->dice->disk, dep & ~EDGE_GROUP) - 1),
            .value_id = body->edges[i].value_id,
        };
        bytes_put(&writing->edges, &edge, sizeof edge);
    }
}

static struct graph_record *record_at(struct writing *writing, uint32_t i)
{
    return (struct graph_record *)(void *)writing->records.ptr + i;
}

/* The place of a value that is a part of one in this segment; false: it stands for itself. */
static bool part_place(
    struct writing *writing, const struct body *body, const uint32_t *index_of, uint64_t *ret_at)
{
    struct dice *dice = writing->dice;
    if (body->part_of == 0 || index_of[body->part_of - 1] == 0) {
        return false;
    }
    const struct body *whole =
        atomic_load_explicit(&row_at(&dice->keys, body->part_of - 1)->body, memory_order_relaxed);
    const struct graph_record *record = record_at(writing, index_of[body->part_of - 1] - 1);
    if (!body_holds(whole, body) || record->past.part_of != 0) {
        return false;
    }
    *ret_at = record->text.value_at + (uint64_t)(body->value - whole->value);
    return true;
}

/* A row; the place of its value stays open if it may be a part of another's. */
static void record_put(struct writing *writing, uint32_t row)
{
    struct dice *dice = writing->dice;
    const struct row *r = row_at(&dice->keys, row);
    const struct body *body = atomic_load_explicit(&r->body, memory_order_relaxed);
    struct graph_record record = {
        .number = number_of(&dice->disk, row) - 1,
        .row = {.edge_begin = (uint32_t)(writing->edges.len / sizeof(struct edge)),
            .edge_count = body->has_value ? body->edge_count : 0,
            .value_id = r->value_id,
            .kind = body->kind,
            .flags = body->has_value ? GRAPH_HAS_VALUE : 0},
        .text = {.arg_at = writing->bytes_at + writing->bytes.len,
            .arg_len = body->arg_len,
            .hash = body->hash},
        .past = {.previous_id = body->previous_id},
    };
    memcpy(record.past.digest, body->digest, VALUE_HASH_BYTES);
    memcpy(record.past.previous, body->previous, VALUE_HASH_BYTES);
    bytes_put(&writing->bytes, body->arg, body->arg_len);
    if (body->has_value) {
        edges_put(writing, body);
        record.text.value_at = writing->bytes_at + writing->bytes.len;
        record.text.value_len = body->value_len;
        record.text.stamp_len = body->stamp_len;
        if (body->part_of == 0) {
            bytes_put(&writing->bytes, body->value, (size_t)body->value_len + body->stamp_len);
        }
    }
    bytes_put(&writing->records, &record, sizeof record);
}

/* Places of values that may be parts of others, which all have theirs now. */
static void parts_put(struct writing *writing)
{
    struct dice *dice = writing->dice;
    const uint32_t *rows = writing->rows.ptr;
    uint32_t *index_of = memory_calloc(dice->keys.row_count, sizeof *index_of);
    for (uint32_t i = 0; i < writing->rows.len; i++) {
        index_of[rows[i]] = i + 1;
    }
    for (uint32_t i = 0; i < writing->rows.len; i++) {
        const struct body *body =
            atomic_load_explicit(&row_at(&dice->keys, rows[i])->body, memory_order_relaxed);
        struct graph_record *record = record_at(writing, i);
        if (!body->has_value || body->part_of == 0) {
            continue;
        }
        if (part_place(writing, body, index_of, &record->text.value_at)) {
            record->past.part_of = number_of(&dice->disk, body->part_of - 1);
            continue;
        }
        record->text.value_at = writing->bytes_at + writing->bytes.len;
        bytes_put(&writing->bytes, body->value, (size_t)body->value_len + body->stamp_len);
    }
    free(index_of);
}

static void segment_make(struct writing *writing, struct buf *segment)
{
    const struct disk *disk = &writing->dice->disk;
    const uint32_t *rows = writing->rows.ptr;
    size_t edge_count = 0;
    for (uint32_t i = 0; i < writing->rows.len; i++) {
        const struct body *body = atomic_load_explicit(
            &row_at(&writing->dice->keys, rows[i])->body, memory_order_relaxed);
        edge_count += body->has_value ? body->edge_count : 0;
    }
    struct graph_segment head = {.before = disk->chain,
        .record_count = writing->rows.len,
        .edge_count = (uint32_t)edge_count,
        .row_count = disk->row_count};
    uint64_t ahead = sizeof head + head.record_count * sizeof(struct graph_record) +
                     edge_count * sizeof(struct edge);
    writing->bytes_at = disk->bytes_len + (disk->end - disk->base_bytes) + ahead;
    for (uint32_t i = 0; i < writing->rows.len; i++) {
        record_put(writing, rows[i]);
    }
    parts_put(writing);
    while ((ahead + writing->bytes.len) % 8 != 0) {
        buf_add_byte(&writing->bytes, 0);
    }
    head.size_bytes = ahead + writing->bytes.len + CHECK_BYTES;
    (void)buf_reserve(segment, head.size_bytes);
    bytes_put(segment, &head, sizeof head);
    buf_add(segment, buf_str(&writing->records));
    buf_add(segment, buf_str(&writing->edges));
    buf_add(segment, buf_str(&writing->bytes));
    uint64_t check = graph_checksum(segment->ptr, segment->len);
    bytes_put(segment, &check, sizeof check);
}

/* The file that was read or written, as it was left, and locked; or -1. */
static int file_open(struct dice *dice, const struct io *io)
{
    const struct disk *disk = &dice->disk;
    struct stat ours;
    struct stat now;
    int fd =
        io_open(io, AT_FDCWD, dice->options.path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0);
    int known_fd = disk->fd >= 0 ? disk->fd : dice->graph->fd;
    if (fd < 0 || fstat(known_fd, &ours) != 0 || flock(fd, LOCK_EX | LOCK_NB) != 0 ||
        fstat(fd, &now) != 0 || ours.st_dev != now.st_dev || ours.st_ino != now.st_ino ||
        (uint64_t)now.st_size != disk->end) {
        fd_close(&fd);
        return -1;
    }
    return fd;
}

static enum err segment_write(
    struct dice *dice, const struct buf *segment, bool *ret_done, struct diags *diags)
{
    struct disk *disk = &dice->disk;
    const struct io *io = dice->options.io == NULL ? &io_real : dice->options.io;
    int fd = file_open(dice, io);
    if (fd < 0) {
        return OK; /* it is written whole */
    }
    *ret_done = true;
    int result = io_write_all(io, fd, segment->ptr, segment->len);
    int error_number = errno;
    if (close(fd) != 0 && result == 0) {
        result = -1;
        error_number = errno;
    }
    if (result != 0) {
        return diag_add_errno(diags, error_number, "cannot write %s", dice->options.path);
    }
    disk->end += segment->len;
    memcpy(&disk->chain, segment->ptr + segment->len - CHECK_BYTES, CHECK_BYTES);
    return OK;
}

enum err graph_append(struct dice *dice, bool *ret_done, struct diags *diags)
{
    struct disk *disk = &dice->disk;
    enum err err = OK;
    *ret_done = false;
    if (!disk->known || dice->options.always_whole) {
        return OK;
    }
    struct writing writing = {.dice = dice};
    AUTO_BUF segment = {0};
    numbers_make(dice);
    if (rows_gather(&writing)) {
        segment_make(&writing, &segment);
        uint64_t behind = disk->end - disk->base_bytes + segment.len;
        if (behind <= graph_segments_max(disk->base_bytes)) {
            err = segment_write(dice, &segment, ret_done, diags);
        }
    }
    disk->known = *ret_done && err == OK; /* else rows have numbers that the file knows not */
    free(writing.rows.ptr);
    buf_release(&writing.records);
    buf_release(&writing.edges);
    buf_release(&writing.bytes);
    return err;
}
