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

/* The n-th call fails, for each n: the old file stays, and no temporary one. */
static void writing_fails(void)
{
    struct place place;
    place_init(&place);
    struct world *world = world_chain_new(5, 1000);
    world->path = place.path;
    CHECK(process(world, 4, 1).err == OK);
    world_cell_set(world, 0, 1);
    size_t calls = 0;
    for (size_t n = 1; calls == 0; n++) {
        struct io_fail fail;
        io_fail_init(&fail, n, ENOSPC, IO_FAIL_ONCE);
        world->io = &fail.io;
        struct dice *dice = world_open(world, 1);
        CHECK(world_node_run(dice, 4).value == model(world, 4));
        enum err err = save(dice);
        CHECK(err == (fail.call_count < n ? OK : ERR_IO));
        calls = err == OK ? n : 0;
        dice_close(dice);
        io_fail_release(&fail);
        world->io = NULL;
        if (err != OK) {
            CHECK(access(place.path, F_OK) == 0);
            CHECK(rmdir(place.folder) != 0 && errno == ENOTEMPTY);
        }
    }
    CHECK(calls > 3);
    CHECK(process(world, 4, 1).value == model(world, 4) && world->computed == 0);
    CHECK(unlink(place.path) == 0 && rmdir(place.folder) == 0); /* nothing else was left */
    free(world);
}

/* What nobody asked for during many writings goes, what still serves stays. */
static void old_rows_go(void)
{
    struct place place;
    place_init(&place);
    struct world *world = world_new(6, 1000);
    world->path = place.path;
    for (uint32_t node = 1; node < 3; node++) {
        world->deps[node][0][0] = 0;
        world->dep_counts[node][0] = 1;
    }
    CHECK(process(world, 2, 1).err == OK);
    struct dice_statistics statistics;
    for (uint32_t round = 0; round < 120; round++) {
        world_cell_set(world, 0, 2 * round);
        CHECK(process(world, 1, 1).err == OK);
        struct dice *dice = world_open(world, 1);
        dice_statistics_get(dice, &statistics);
        CHECK(statistics.key_count == (round < 100 ? 6 : 4));
        dice_close(dice);
    }
    CHECK(process(world, 2, 1).value == model(world, 2));
    free(world);
    place_release(&place);
}

/* A file of format 1, as it was first written; hexadecimal. */
static const char golden[] = "73747261796c69676874206469636520677261706820310a0000000000000000"
                             "0000000000000000010000000000010000000000000000000100000000000100"
                             "0000000000000000010000000000010000000000000000000100000000000100"
                             "0000000001000000010000000100010001000000020000000100000001000100"
                             "0300000002000000010000000100010005000000020000000100000001000100"
                             "0000000000000000040000000400000004000000f441e4b70c00000000000000"
                             "040000000400000004000000263aee7518000000000000000400000004000000"
                             "0400000008257bff2400000000000000040000000400000004000000a1685e5a"
                             "30000000000000000400000004000000000000003ee207bc3800000000000000"
                             "040000000400000000000000ff89c40c40000000000000000400000004000000"
                             "00000000d37802c448000000000000000400000004000000000000004d6b952f"
                             "df3f619804a92fdb4057192dc43dd74800000000000000000000000000000000"
                             "0000000000000000df3f619804a92fdb4057192dc43dd7480000000000000000"
                             "00000000000000000000000000000000df3f619804a92fdb4057192dc43dd748"
                             "000000000000000000000000000000000000000000000000df3f619804a92fdb"
                             "4057192dc43dd748000000000000000000000000000000000000000000000000"
                             "df3f619804a92fdb4057192dc43dd74800000000000000000000000000000000"
                             "0000000000000000df3f619804a92fdb4057192dc43dd7480000000000000000"
                             "00000000000000000000000000000000df3f619804a92fdb4057192dc43dd748"
                             "000000000000000000000000000000000000000000000000df3f619804a92fdb"
                             "4057192dc43dd748000000000000000000000000000000000000000000000000"
                             "0300008001000000020000800100000004000080010000000100008001000000"
                             "0500008001000000000000800100000006000080010000000000000000000000"
                             "04000000a1685e5a000000000000000007000000d37802c401000000f441e4b7"
                             "000000000000000002000000263aee7500000000000000000300000008257bff"
                             "0000000000000000000000000000000000000000000000000000000000000000"
                             "080000004d6b952f050000003ee207bc06000000ff89c40c0300000000000000"
                             "0000000002000000000000000000000001000000000000000000000000000000"
                             "0000000000000000000000000000000001000000000000000200000000000000"
                             "0300000000000000dabb9072c4bd5a4450000000000000000800000007000000"
                             "1000000001000000000000000000000000000000000000000000000000000000"
                             "000000000000000000000000000000000080000001000000797c5daff9679c33"
                             "6cb6bf924fb25680";

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
    CHECK(process(world, 3, 1).value == model(world, 3) && world->computed == 0);
    CHECK(unlink(place.path) == 0);
    CHECK(process(world, 3, 1).value == model(world, 3) && world->computed == 4);
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
    TEST(random_graphs);
    TEST(damaged);
    TEST(damaged_under_us);
    TEST(writing_fails);
    TEST(old_rows_go);
    return test_done();
}
