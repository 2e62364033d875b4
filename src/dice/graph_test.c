/* src/dice/graph_test.c: what persists. */
#include "base/file.h"
#include "base/io_fail.h"
#include "base/test.h"
#include "dice/graph.h"
#include "dice/test_world.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char folder[64];
    char path[96];
};

static void place_init(struct place *place)
{
    (void)snprintf(place->folder, sizeof place->folder, "/tmp/dice_test_XXXXXX");
    if (mkdtemp(place->folder) == NULL) {
        abort();
    }
    (void)snprintf(place->path, sizeof place->path, "%s/graph", place->folder);
}

static void place_release(const struct place *place)
{
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    CHECK(tree_remove(AT_FDCWD, place->folder, &diags) == OK);
    arena_release(&arena);
}

static enum err save(struct dice *dice)
{
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    enum err err = dice_save(dice, &diags);
    arena_release(&arena);
    return err;
}

/* One process: opens, brings node up to date, saves, closes. */
static struct outcome process(struct world *world, uint32_t node, unsigned workers)
{
    world->computed = world->cells_read = 0;
    struct dice *dice = world_open(world, workers);
    struct outcome outcome = world_node_run(dice, node);
    CHECK(save(dice) == OK);
    dice_close(dice);
    return outcome;
}

static uint32_t model(const struct world *world, uint32_t node)
{
    uint32_t memo[WORLD_MAX];
    memset(memo, 0xFF, sizeof memo);
    return world_model(world, node, memo);
}

static struct str bytes_read(const char *path, struct arena *arena)
{
    struct diags diags;
    diags_init(&diags, arena, NULL);
    struct str bytes = {0};
    if (file_read(AT_FDCWD, path, FILE_BYTES_MAX, arena, &bytes, &diags) != OK) {
        abort();
    }
    return bytes;
}

static void bytes_write(const char *path, struct str bytes)
{
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || fd_write_all(fd, bytes) != OK) {
        abort();
    }
}

static void remembered(void)
{
    struct place place;
    place_init(&place);
    struct world *world = world_chain_new(20, 1000);
    world->path = place.path;
    CHECK(process(world, 19, 1).value == model(world, 19) && world->computed == 20);
    struct stat before;
    struct stat after;
    CHECK(stat(place.path, &before) == 0);
    CHECK(process(world, 19, 1).value == model(world, 19) && world->computed == 0);
    CHECK(world->cells_read == 0);
    CHECK(stat(place.path, &after) == 0 && before.st_ino == after.st_ino);
    CHECK(process(world, 7, 1).value == model(world, 7) && world->computed == 0);
    world_cell_set(world, 18, 7);
    CHECK(process(world, 19, 1).value == model(world, 19) && world->computed == 2);
    world_cell_set(world, 0, 4);
    CHECK(process(world, 3, 1).value == model(world, 3) && world->computed == 4);
    CHECK(process(world, 19, 1).value == model(world, 19) && world->computed == 16);
    free(world);
    place_release(&place);
}

/* Values before the last are known across processes: what was made of them while nobody looked
 * stays good. */
static void restored(void)
{
    struct place place;
    place_init(&place);
    struct world *world = world_chain_new(6, 1000);
    world->path = place.path;
    CHECK(process(world, 5, 1).err == OK);
    world_cell_set(world, 1, 10);
    CHECK(process(world, 1, 1).err == OK);
    world_cell_set(world, 1, 0);
    CHECK(process(world, 5, 1).value == model(world, 5) && world->computed == 1);
    free(world);
    place_release(&place);
}

static void transient_forgotten(void)
{
    struct place place;
    place_init(&place);
    struct world *world = world_new(1, 1000);
    world->path = place.path;
    for (uint32_t round = 0; round < 2; round++) {
        struct dice *dice = world_open(world, 1);
        CHECK(world_run(dice, KIND_FLAKY, 1, false).value == 7 && world->computed == round + 1);
        CHECK(world_run(dice, KIND_FLAKY, 0, false).err == OK);
        CHECK(save(dice) == OK);
        dice_close(dice);
        world->computed = round + 1;
    }
    free(world);
    place_release(&place);
}

static void other_schema(void)
{
    struct place place;
    place_init(&place);
    struct world *world = world_chain_new(5, 1000);
    world->path = place.path;
    CHECK(process(world, 4, 1).err == OK);
    world->schema = 1;
    CHECK(process(world, 4, 1).err == OK && world->computed == 5);
    CHECK(process(world, 4, 1).err == OK && world->computed == 0);
    free(world);
    place_release(&place);
}

static struct outcome part_process(struct world *world, uint32_t cell, unsigned kind)
{
    world->computed = 0;
    struct dice *dice = world_open(world, 1);
    struct outcome outcome = world_run(dice, kind, cell, false);
    CHECK(save(dice) == OK);
    dice_close(dice);
    return outcome;
}

static size_t file_bytes(const struct place *place)
{
    struct stat st;
    return stat(place->path, &st) == 0 ? (size_t)st.st_size : 0;
}

/* A part takes no room beside the whole, is found again, and stays right when the whole goes on
 * without it. */
static void parts(void)
{
    for (unsigned round = 0; round < 4; round++) {
        struct place place;
        place_init(&place);
        struct world *world = world_new(3, 1000);
        world->path = place.path;
        world->always_whole = round % 2 == 0;
        world_cell_set(world, 0, 5);
        world_cell_set(world, 1, 6);
        CHECK(part_process(world, 0, KIND_PART).value == 5 && world->computed == 1);
        CHECK(file_bytes(&place) < 2 * WHOLE_BYTES);
        CHECK(part_process(world, 1, KIND_PART).value == 6 && world->computed == 1);
        CHECK(file_bytes(&place) < 3 * WHOLE_BYTES);
        CHECK(part_process(world, 0, KIND_PART).value == 5 && world->computed == 0);
        world_cell_set(world, 0, 7); /* the whole is another, nobody asks for its part */
        CHECK(part_process(world, 0, KIND_WHOLE).err == OK && world->computed == 0);
        world_cell_set(world, 0, 5 + round / 2);
        CHECK(part_process(world, 2, KIND_PART).value == 0);
        CHECK(part_process(world, 0, KIND_PART).value == 5 + round / 2);
        CHECK(world->computed == round / 2);
        CHECK(part_process(world, 1, KIND_PART).value == 6 && world->computed == 0);
        world->always_whole = true;
        world_cell_set(world, 1, 8);
        CHECK(part_process(world, 1, KIND_PART).value == 8 && world->computed == 1);
        CHECK(part_process(world, 0, KIND_PART).value == 5 + round / 2 && world->computed == 0);
        CHECK(file_bytes(&place) < 5 * WHOLE_BYTES);
        free(world);
        place_release(&place);
    }
}

/* A part of a whole that changes again and again while it is not asked for, in one process. */
static void parts_outlive(void)
{
    struct place place;
    place_init(&place);
    struct world *world = world_new(1, 1000);
    world->path = place.path;
    struct dice *dice = world_open(world, 1);
    world_cell_set(world, 0, 3);
    CHECK(world_run(dice, KIND_PART, 0, false).value == 3);
    for (uint32_t i = 0; i < 5; i++) {
        world_cell_set(world, 0, 10 + i);
        CHECK(world_run(dice, KIND_WHOLE, 0, false).err == OK);
        CHECK(save(dice) == OK);
    }
    world_cell_set(world, 0, 3);
    CHECK(world_run(dice, KIND_PART, 0, false).value == 3);
    CHECK(save(dice) == OK);
    dice_close(dice);
    CHECK(part_process(world, 0, KIND_PART).value == 3 && world->computed == 0);
    free(world);
    place_release(&place);
}

/* A save costs what changed: it appends, until there is so much that the file is written anew. */
static void appended(void)
{
    struct place place;
    place_init(&place);
    struct world *world = world_chain_new(WORLD_MAX, 1000);
    world->path = place.path;
    uint32_t node = WORLD_MAX - 1;
    CHECK(process(world, node, 1).err == OK);
    struct stat before;
    struct stat after;
    CHECK(stat(place.path, &before) == 0);
    size_t base_bytes = (size_t)before.st_size, whole_count = 0, bytes_max = base_bytes;
    for (uint32_t i = 1; i <= 800; i++) {
        world_cell_set(world, node, i % 100);
        CHECK(process(world, node, 1).value == model(world, node) && world->computed == 1);
        CHECK(process(world, node, 1).value == model(world, node) && world->computed == 0);
        CHECK(stat(place.path, &after) == 0);
        CHECK(after.st_ino != before.st_ino || after.st_size - before.st_size < 400);
        whole_count += after.st_ino != before.st_ino ? 1 : 0;
        bytes_max = bytes_max > (size_t)after.st_size ? bytes_max : (size_t)after.st_size;
        before = after;
    }
    CHECK(whole_count >= 1 && whole_count < 8);
    CHECK(bytes_max <= base_bytes + graph_segments_max(base_bytes) + 1000);
    free(world);
    place_release(&place);
}

/* Two processes at once: whoever saves last finds another file than it read, and writes its own. */
static void two_at_once(void)
{
    struct place place;
    place_init(&place);
    struct world *world = world_chain_new(20, 1000);
    world->path = place.path;
    CHECK(process(world, 9, 1).err == OK);
    for (uint32_t round = 0; round < 3; round++) {
        struct dice *first = world_open(world, 1);
        struct dice *second = world_open(world, 1);
        world_cell_set(world, 3, 7 + round);
        CHECK(world_node_run(first, 9).value == model(world, 9));
        CHECK(world_node_run(second, 19).value == model(world, 19));
        CHECK(save(first) == OK);
        CHECK(save(second) == OK);
        CHECK(save(first) == OK);
        world_cell_set(world, 3, 70 + round);
        CHECK(world_node_run(first, 9).value == model(world, 9));
        CHECK(save(first) == OK);
        CHECK(world_node_run(second, 19).value == model(world, 19));
        dice_close(first);
        CHECK(process(world, 19, 1).value == model(world, 19));
        CHECK(save(second) == OK);
        dice_close(second);
        CHECK(process(world, 19, 1).value == model(world, 19) && world->computed == 0);
    }
    free(world);
    place_release(&place);
}

/* One process that lives long and saves again and again, whole or not; others read what it left. */
static void long_lived(void)
{
    uint64_t random = 88172645463325252;
    for (uint32_t round = 0; round < 12; round++) {
        struct place place;
        place_init(&place);
        struct world *world = world_new(2 + world_random(&random) % (WORLD_MAX - 2), 20);
        world->path = place.path;
        world->always_whole = round % 3 == 0;
        world_randomize(world, &random);
        struct dice *dice = world_open(world, 1 + round % 2);
        for (uint32_t edit = 0; edit < 30; edit++) {
            uint32_t node = world_random(&random) % world->count;
            CHECK(world_node_run(dice, node).value == model(world, node));
            CHECK(save(dice) == OK);
            if (edit % 7 == 6) { /* the file is another's now, and that process wrote it whole */
                bool always = world->always_whole;
                world->always_whole = true;
                world_cell_set(world, 0, world_random(&random) % 100);
                CHECK(process(world, node, 1).value == model(world, node));
                world->always_whole = always;
            } else {
                CHECK(process(world, node, 1).value == model(world, node) && world->computed == 0);
            }
            world_cell_set(
                world, world_random(&random) % world->count, world_random(&random) % 100);
        }
        dice_close(dice);
        free(world);
        place_release(&place);
    }
}

static void random_graphs(void)
{
    uint64_t random = 2463534242;
    for (uint32_t round = 0; round < 25; round++) {
        struct place place;
        place_init(&place);
        struct world *world =
            world_new(2 + world_random(&random) % (WORLD_MAX - 2), 2 + world_random(&random) % 50);
        world->path = place.path;
        world_randomize(world, &random);
        for (uint32_t edit = 0; edit < 20; edit++) {
            uint32_t node = world_random(&random) % world->count;
            CHECK(process(world, node, 1 + edit % 3).value == model(world, node));
            CHECK(process(world, node, 1).value == model(world, node) && world->computed == 0);
            for (uint32_t i = world_random(&random) % 4; i > 0; i--) {
                world_cell_set(
                    world, world_random(&random) % world->count, world_random(&random) % 100);
            }
        }
        free(world);
        place_release(&place);
    }
}

/* Every byte, changed; every length, cut. Law: the answer is right. Where the tail is hurt nothing
 * is remembered; elsewhere what is not touched may be. */
static void damaged(void)
{
    struct place place;
    struct arena arena = {0};
    place_init(&place);
    struct world *world = world_chain_new(4, 1000);
    world->path = place.path;
    CHECK(process(world, 3, 1).err == OK);
    struct str bytes = bytes_read(place.path, &arena);
    char *copy = memory_alloc(bytes.len);
    uint32_t forgotten = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        memcpy(copy, bytes.ptr, bytes.len);
        copy[i] = (char)(copy[i] ^ (1 << i % 8));
        bytes_write(place.path, (struct str){.ptr = copy, .len = bytes.len});
        CHECK(process(world, 3, 1).value == model(world, 3));
        forgotten += world->computed == 4 ? 1 : 0;
        CHECK(world->computed == 4 || world->computed == 0);
        CHECK(process(world, 3, 1).value == model(world, 3) && world->computed == 0);
    }
    CHECK(forgotten == bytes.len); /* a graph of one block: all of it is checked */
    for (size_t len = 0; len < bytes.len; len++) {
        bytes_write(place.path, (struct str){.ptr = bytes.ptr, .len = len});
        CHECK(process(world, 3, 1).value == model(world, 3) && world->computed == 4);
    }
    free(copy);
    free(world);
    arena_release(&arena);
    place_release(&place);
}

/* The same of segments: what is good before the hurt one counts, and nothing is appended to it. */
static void segments_damaged(void)
{
    struct place place;
    struct arena arena = {0};
    place_init(&place);
    struct world *world = world_chain_new(4, 1000);
    world->path = place.path;
    CHECK(process(world, 2, 1).err == OK);
    size_t base_bytes = file_bytes(&place);
    world_cell_set(world, 0, 3);
    CHECK(process(world, 2, 1).err == OK);
    size_t first_bytes = file_bytes(&place);
    CHECK(process(world, 3, 1).err == OK && world->computed == 1);
    struct str bytes = bytes_read(place.path, &arena);
    CHECK(base_bytes < first_bytes && first_bytes < bytes.len);
    char *copy = memory_alloc(bytes.len + 1);
    for (size_t i = base_bytes; i < bytes.len; i++) {
        memcpy(copy, bytes.ptr, bytes.len);
        copy[i] = (char)(copy[i] ^ (1 << i % 8));
        bytes_write(place.path, (struct str){.ptr = copy, .len = bytes.len});
        CHECK(process(world, 3, 1).value == model(world, 3));
        CHECK(world->computed == (i < first_bytes ? 4 : 1));
        CHECK(process(world, 3, 1).value == model(world, 3) && world->computed == 0);
    }
    for (size_t len = base_bytes; len <= bytes.len + 1; len++) {
        memcpy(copy, bytes.ptr, bytes.len);
        copy[bytes.len] = 0;
        bytes_write(place.path, (struct str){.ptr = copy, .len = len});
        CHECK(process(world, 3, 1).value == model(world, 3));
        CHECK(world->computed == (len < first_bytes ? 4 : len < bytes.len ? 1 : 0));
        CHECK(process(world, 3, 1).value == model(world, 3) && world->computed == 0);
    }
    free(copy);
    free(world);
    arena_release(&arena);
    place_release(&place);
}

/* A graph of many blocks loses its end, or is written over, while it is open. */
static void damaged_under_us(void)
{
    struct place place;
    struct arena arena = {0};
    place_init(&place);
    uint64_t random = 99;
    struct world *world = world_chain_new(WORLD_MAX, 1000);
    world->path = place.path;
    uint32_t node = WORLD_MAX - 1;
    CHECK(process(world, node, 1).err == OK);
    struct str bytes = bytes_read(place.path, &arena);
    CHECK(bytes.len > 2 * (size_t)GRAPH_BLOCK_BYTES);
    for (size_t len = 0; len < bytes.len; len += GRAPH_BLOCK_BYTES / 2) {
        bytes_write(place.path, bytes);
        struct dice *dice = world_open(world, 2);
        CHECK(truncate(place.path, (off_t)len) == 0);
        CHECK(world_node_run(dice, node).value == model(world, node));
        world_cell_set(world, node, world_random(&random) % 100);
        CHECK(world_node_run(dice, node).value == model(world, node));
        CHECK(save(dice) == OK);
        dice_close(dice);
    }
    bytes_write(place.path, bytes);
    struct dice *dice = world_open(world, 2);
    char *zeros = memory_calloc(1, bytes.len);
    bytes_write(place.path, (struct str){.ptr = zeros, .len = bytes.len});
    CHECK(world_node_run(dice, node).value == model(world, node));
    dice_close(dice);
    free(zeros);
    free(world);
    arena_release(&arena);
    place_release(&place);
}

/* The n-th call fails, for each n: what was good before is still good, and no temporary file stays.
 */
static void writing_fails(void)
{
    for (unsigned round = 0; round < 2; round++) {
        struct place place;
        place_init(&place);
        struct world *world = world_chain_new(5, 1000);
        world->path = place.path;
        CHECK(process(world, 4, 1).err == OK);
        world_cell_set(world, 0, 1);
        world->always_whole = round == 0;
        size_t calls = 0;
        for (size_t n = 1; calls == 0; n++) {
            struct io_fail fail;
            io_fail_init(&fail, n, ENOSPC, IO_FAIL_ONCE);
            world->io = &fail.io;
            struct dice *dice = world_open(world, 1);
            CHECK(world_node_run(dice, 4).value == model(world, 4));
            enum err err = save(dice);
            bool opened = round == 1 && n == 1; /* what cannot be appended to is replaced */
            CHECK(err == (fail.call_count < n || opened ? OK : ERR_IO));
            calls = err == OK && !opened ? n : 0;
            dice_close(dice);
            io_fail_release(&fail);
            world->io = NULL;
            CHECK(access(place.path, F_OK) == 0);
            CHECK(rmdir(place.folder) != 0 && errno == ENOTEMPTY);
            world_cell_set(world, 0, 1 + (uint32_t)n);
        }
        CHECK(calls > (round == 0 ? 3 : 2));
        CHECK(process(world, 4, 1).value == model(world, 4));
        CHECK(unlink(place.path) == 0 && rmdir(place.folder) == 0); /* nothing else was left */
        free(world);
    }
}

/* What nobody asked for during many writings goes, what still serves stays. */
static void old_rows_go(void)
{
    struct place place;
    place_init(&place);
    struct world *world = world_new(6, 1000);
    world->path = place.path;
    world->always_whole = true;
    for (uint32_t node = 1; node < 3; node++) {
        world->deps[node][0][0] = 0;
        world->dep_counts[node][0] = 1;
    }
    CHECK(process(world, 2, 1).err == OK);
    struct dice_statistics statistics;
    for (uint32_t round = 0; round < 40; round++) {
        world_cell_set(world, 0, 2 * round);
        CHECK(process(world, 1, 1).err == OK);
        struct dice *dice = world_open(world, 1);
        dice_statistics_get(dice, &statistics);
        CHECK(statistics.key_count == (round < 20 ? 6 : 4));
        dice_close(dice);
    }
    CHECK(process(world, 2, 1).value == model(world, 2));
    free(world);
    place_release(&place);
}

/* A file of format 2 as it was first written, a base and one segment; hexadecimal. */
static const char golden[] = "73747261796c69676874206469636520677261706820320a7403000000000000"
                             "0000000000000000010000000000010000000000000000000100000000000100"
                             "0000000000000000010000000000010000000000010000000100000001000100"
                             "0100000002000000010000000100010003000000020000000100000001000100"
                             "00000000000000000400000000000000040000000400000004000000263aee75"
                             "0c00000000000000100000000000000004000000040000000400000008257bff"
                             "18000000000000001c00000000000000040000000400000004000000a1685e5a"
                             "240000000000000028000000000000000400000004000000000000003ee207bc"
                             "2c000000000000003000000000000000040000000400000000000000ff89c40c"
                             "34000000000000003800000000000000040000000400000000000000d37802c4"
                             "df3f619804a92fdb4057192dc43dd74800000000000000000000000000000000"
                             "0000000000000000df3f619804a92fdb4057192dc43dd7480000000000000000"
                             "00000000000000000000000000000000df3f619804a92fdb4057192dc43dd748"
                             "000000000000000000000000000000000000000000000000df3f619804a92fdb"
                             "4057192dc43dd748000000000000000000000000000000000000000000000000"
                             "df3f619804a92fdb4057192dc43dd74800000000000000000000000000000000"
                             "0000000000000000df3f619804a92fdb4057192dc43dd7480000000000000000"
                             "0000000000000000000000000000000002000080010000000100008001000000"
                             "0300008001000000000000800100000004000080010000000000000000000000"
                             "03000000a1685e5a000000000000000006000000d37802c40000000000000000"
                             "000000000000000001000000263aee7500000000000000000200000008257bff"
                             "0000000000000000000000000000000000000000000000000000000000000000"
                             "0000000000000000040000003ee207bc05000000ff89c40c0200000000000000"
                             "0000000001000000000000000000000000000000000000000000000000000000"
                             "00000000010000000000000002000000000000008beaa541b952cdb23c000000"
                             "0000000006000000050000001000000001000000000000000000000000000000"
                             "0000000000000000000000000000000000000000000000000000000000800000"
                             "020000001f787f76e221583daabed63aa49d34c06802000000000000aabed63a"
                             "a49d34c005000000060000000800000000000000060000000000000000000000"
                             "0000000001000000000001006c02000000000000700200000000000004000000"
                             "0400000004000000f441e4b7dc765660b06ee03dd16fd7ca5b957e8c00000000"
                             "0000000000000000000000000000000000000000010000000000000000000000"
                             "00000000020000000000010078020000000000007c0200000000000004000000"
                             "040000000400000008257bff9d9f290527a6be626a8f5985b26e19b2df3f6198"
                             "04a92fdb4057192dc43dd7480100000000000000040000000000000000000000"
                             "0200000002000000010001008402000000000000880200000000000004000000"
                             "0400000000000000ff89c40cf16013a12cb22d3aaa68b7b619a02a8cdf3f6198"
                             "04a92fdb4057192dc43dd7480100000000000000050000000000000002000000"
                             "0200000002000000010001008c02000000000000900200000000000004000000"
                             "0400000000000000d37802c4f16013a12cb22d3aaa68b7b619a02a8cdf3f6198"
                             "04a92fdb4057192dc43dd7480100000000000000070000000000000004000000"
                             "0200000001000000010001009402000000000000980200000000000004000000"
                             "04000000000000004d6b952fd19340844a43de3899ab9c7c6d5c5cb400000000"
                             "0000000000000000000000000000000000000000010000800200000003000080"
                             "0100000000000080010000000400008002000000060000800100000005000080"
                             "0200000003000000080000000000000001000000030000000100000001000000"
                             "5d000000020000005d0000000300000055010000ff172ec790036f5c28010000"
                             "00000000ff172ec790036f5c02000000020000000a0000000000000008000000"
                             "0000000000000000010000000100000003000100940300000000000098030000"
                             "00000000040000002800000000000000fdfd9c89ba3c4d8a286736a9a4822a11"
                             "69025ad300000000000000000000000000000000000000000000000009000000"
                             "0000000001000000010000000100000004000100c003000000000000a4030000"
                             "00000000040000000400000000000000eedbe766dc765660b06ee03dd16fd7ca"
                             "5b957e8c00000000000000000000000000000000000000000900000006000080"
                             "0100000008000080010000000300000008000000080000000800000008000000"
                             "0800000008000000080000000800000008000000080000000300000099b3d3e7"
                             "2f789eca";

/* Golden file: it is understood as long as the format has this number, and written so. */
static void golden_file(void)
{
    struct place place;
    struct arena arena = {0};
    place_init(&place);
    AUTO_BUF bytes = {0};
    for (size_t i = 0; i + 1 < sizeof golden; i += 2) {
        unsigned high = (unsigned)(golden[i] <= '9' ? golden[i] - '0' : golden[i] - 'a' + 10);
        unsigned low =
            (unsigned)(golden[i + 1] <= '9' ? golden[i + 1] - '0' : golden[i + 1] - 'a' + 10);
        buf_add_byte(&bytes, (uint8_t)(high << 4 | low));
    }
    bytes_write(place.path, buf_str(&bytes));
    struct world *world = world_chain_new(4, 1000);
    world->path = place.path;
    world_cell_set(world, 1, 3);
    world->cells[3] = 8;
    CHECK(process(world, 3, 1).value == model(world, 3) && world->computed == 0);
    CHECK(part_process(world, 3, KIND_PART).value == 8 && world->computed == 0);
    CHECK(unlink(place.path) == 0);
    world->cells[1] = world->stamps[1] = 0;
    CHECK(process(world, 2, 1).value == model(world, 2) && world->computed == 3);
    world_cell_set(world, 1, 3);
    CHECK(process(world, 3, 1).value == model(world, 3) && world->computed == 3);
    CHECK(part_process(world, 3, KIND_PART).value == 8 && world->computed == 1);
    CHECK(str_eq(bytes_read(place.path, &arena), buf_str(&bytes)));
    arena_release(&arena);
    free(world);
    place_release(&place);
}

int main(void)
{
    TEST(golden_file);
    TEST(remembered);
    TEST(restored);
    TEST(transient_forgotten);
    TEST(other_schema);
    TEST(parts);
    TEST(parts_outlive);
    TEST(appended);
    TEST(two_at_once);
    TEST(long_lived);
    TEST(random_graphs);
    TEST(damaged);
    TEST(segments_damaged);
    TEST(damaged_under_us);
    TEST(writing_fails);
    TEST(old_rows_go);
    return test_done();
}
