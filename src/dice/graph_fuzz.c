/* src/dice/graph_fuzz.c */
#include "base/file.h"
#include "dice/graph.h"
#include "dice/test_world.h"
#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    NODES = 4,
    SEALED = 1, /* first byte of the input, lowest bit */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Makes the checks of the segments right, and that each names what it follows. */
static void segments_seal(char *ptr, size_t len, uint64_t before)
{
    struct graph_segment segment;
    while (len >= sizeof segment + sizeof before) {
        memcpy(&segment, ptr, sizeof segment);
        if (segment.size_bytes > len || segment.size_bytes < sizeof segment + sizeof before) {
            return;
        }
        segment.before = before;
        memcpy(ptr, &segment, sizeof segment);
        before = graph_checksum(ptr, segment.size_bytes - sizeof before);
        memcpy(ptr + segment.size_bytes - sizeof before, &before, sizeof before);
        ptr += segment.size_bytes;
        len -= segment.size_bytes;
    }
}

/* Makes all checksums right, so that what lies behind them is tried too. */
static void seal(char *ptr, size_t len)
{
    struct graph graph = {.fd = -1};
    struct graph_head head;
    if (len < sizeof head + sizeof graph.tail) {
        return;
    }
    memcpy(&head, ptr, sizeof head);
    if (head.base_bytes > len || head.base_bytes < sizeof head + sizeof graph.tail) {
        return;
    }
    char *tail_at = ptr + head.base_bytes - sizeof graph.tail;
    memcpy(&graph.tail, tail_at, sizeof graph.tail);
    size_t left = head.base_bytes - sizeof graph.tail;
    if (!graph_layout(&graph) || graph.data_len > left ||
        (left - graph.data_len) / sizeof(uint64_t) != graph.tail.block_count) {
        return;
    }
    for (uint32_t block = 0; block < graph.tail.block_count; block++) {
        size_t at = (size_t)block * GRAPH_BLOCK_BYTES;
        size_t part = graph.data_len - at;
        if (at >= graph.data_len) {
            return;
        }
        uint64_t sum =
            graph_checksum(ptr + at, part < GRAPH_BLOCK_BYTES ? part : GRAPH_BLOCK_BYTES);
        memcpy(ptr + graph.data_len + block * sizeof sum, &sum, sizeof sum);
    }
    graph.tail.sums_check =
        graph_checksum(ptr + graph.data_len, graph.tail.block_count * sizeof(uint64_t));
    graph.tail.tail_check = graph_checksum(&graph.tail, offsetof(struct graph_tail, tail_check));
    memcpy(tail_at, &graph.tail, sizeof graph.tail);
    segments_seal(ptr + head.base_bytes, len - head.base_bytes, graph.tail.tail_check);
}

/* Law: whatever the graph file holds, the answer is that of a run without one; and if the checksums
 * are right although the content was forged, then at least it ends, and the next run is right once
 * the file is gone. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    char path[64];
    (void)snprintf(path, sizeof path, "/tmp/graph_fuzz_XXXXXX");
    AUTO_CLOSE int file = mkstemp(path);
    assert(file >= 0);
    size_t len = size - 1;
    char *copy = memory_alloc(size);
    memcpy(copy, data + 1, len);
    bool sealed = (data[0] & SEALED) != 0;
    if (sealed) {
        seal(copy, len);
    }
    enum err err = fd_write_all(file, (struct str){.ptr = copy, .len = len});
    assert(err == OK);
    free(copy);
    struct world *world = world_chain_new(NODES, 1000);
    uint32_t memo[NODES] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
    uint32_t want = world_model(world, NODES - 1, memo);
    world->path = path;
    struct dice *dice = world_open(world, 1);
    for (unsigned round = 0; round < 2; round++) {
        struct outcome outcome = world_run(dice, KIND_NODE, NODES - 1, true);
        assert(sealed || (outcome.err == OK && outcome.value == want));
    }
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    err = dice_save(dice, &diags);
    assert(err == OK);
    dice_close(dice);
    arena_release(&arena);
    free(world);
    (void)unlink(path);
    return 0;
}
