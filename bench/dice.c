/* bench/dice.c: what the engine itself costs. bench_dice [--json] [NAME...]
 *
 * Keys are texts of some 25 bytes, values are 8 bytes. The published figures that the table names
 * are of Buck2's engine (a hit 91 ns, a chain of ten 195 ns, an incremental run over 1,000 8.9 ms).
 * Each figure is the best of several runs, but those of a million keys. */
#include "dice/dice.h"
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    KIND_LEAF,
    KIND_NODE,
    KIND_HITS,
    ARG_BYTES = 25,
};

/* Node i needs edges[begin[i] .. begin[i + 1]): numbers of nodes, or of leaves with LEAF_BIT. */
#define LEAF_BIT (UINT32_C(1) << 31)
struct world {
    uint32_t leaf_count, node_count;
    uint32_t *begin, *edges;
    uint64_t *leaves;
    bool *changed;
    const uint32_t *hits; /* what KIND_HITS needs, again and again */
    uint32_t hit_count, hit_rounds;
    double hit_ns;
    struct dice *cancel;
    char path[64];
};

static double now_ns(clockid_t clock)
{
    struct timespec at;
    (void)clock_gettime(clock, &at);
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

static struct str arg_make(char *buf, char what, uint32_t number)
{
    static const char form[] = "some/folder/x-00000000.cc";
    memcpy(buf, form, ARG_BYTES);
    buf[12] = what;
    for (unsigned i = 0; i < 8; i++) {
        buf[21 - i] = (char)('a' + (number >> 4 * i & 15));
    }
    return (struct str){.ptr = buf, .len = ARG_BYTES};
}

static uint32_t arg_number(struct str arg)
{
    uint32_t number = 0;
    for (unsigned i = 0; i < 8; i++) {
        number = number << 4 | (uint32_t)(arg.ptr[14 + i] - 'a');
    }
    return number;
}

static enum dice_status leaf_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    (void)diags;
    const struct world *world = dice_task_context(task);
    buf_add(ret_value, (struct str){.ptr = (const char *)&world->leaves[arg_number(arg)],
                           .len = sizeof(uint64_t)});
    return DICE_OK;
}

static bool leaf_unchanged(void *context, struct str arg, struct str value, struct str stamp)
{
    (void)value;
    (void)stamp;
    const struct world *world = context;
    return !world->changed[arg_number(arg)];
}

static enum dice_status node_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    (void)diags;
    const struct world *world = dice_task_context(task);
    uint32_t node = arg_number(arg);
    uint32_t count = world->begin[node + 1] - world->begin[node];
    const uint32_t *edges = world->edges + world->begin[node];
    struct dice_want few[16];
    char few_args[16][ARG_BYTES];
    struct dice_want *wants = count <= 16 ? few : memory_calloc(count, sizeof *wants);
    char(*args)[ARG_BYTES] = count <= 16 ? few_args : memory_calloc(count, ARG_BYTES);
    for (uint32_t i = 0; i < count; i++) {
        bool leaf = (edges[i] & LEAF_BIT) != 0;
        wants[i] = (struct dice_want){.kind = leaf ? KIND_LEAF : KIND_NODE,
            .arg = arg_make(args[i], leaf ? 'l' : 'n', edges[i] & ~LEAF_BIT)};
    }
    if (world->cancel != NULL && node == world->node_count / 2) {
        dice_cancel(world->cancel);
    }
    enum dice_status status = dice_need_all(task, wants, count);
    uint64_t sum = node;
    for (uint32_t i = 0; status == DICE_OK && i < count; i++) {
        uint64_t value;
        memcpy(&value, wants[i].value.ptr, sizeof value);
        sum = (sum ^ value) * 0x9E3779B97F4A7C15U;
        sum ^= sum >> 32;
    }
    buf_add(ret_value, (struct str){.ptr = (const char *)&sum, .len = sizeof sum});
    if (wants != few) {
        free(wants);
        free(args);
    }
    return status;
}

static enum dice_status hits_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    (void)arg;
    (void)diags;
    (void)ret_value;
    struct world *world = dice_task_context(task);
    struct str value;
    for (uint32_t i = 0; i < world->hit_count; i++) {
        char buf[ARG_BYTES];
        enum dice_status status =
            dice_need(task, KIND_NODE, arg_make(buf, 'n', world->hits[i]), &value);
        if (status != DICE_OK) {
            return status;
        }
    }
    char(*args)[ARG_BYTES] = memory_calloc(world->hit_count, ARG_BYTES);
    for (uint32_t i = 0; i < world->hit_count; i++) {
        (void)arg_make(args[i], 'n', world->hits[i]);
    }
    double begin = now_ns(CLOCK_MONOTONIC);
    for (uint32_t round = 0; round < world->hit_rounds; round++) {
        for (uint32_t i = 0; i < world->hit_count; i++) {
            (void)dice_need(
                task, KIND_NODE, (struct str){.ptr = args[i], .len = ARG_BYTES}, &value);
        }
    }
    world->hit_ns =
        (now_ns(CLOCK_MONOTONIC) - begin) / ((double)world->hit_rounds * world->hit_count);
    free(args);
    dice_task_transient(task);
    return DICE_OK;
}

static const struct dice_kind kinds[] = {
    {.name = "leaf", .flags = DICE_LEAF, .compute = leaf_compute, .unchanged = leaf_unchanged},
    {.name = "node", .compute = node_compute},
    {.name = "hits", .flags = DICE_TRANSIENT, .compute = hits_compute},
};

static struct world *world_new(uint32_t leaf_count, uint32_t node_count, uint32_t edge_max)
{
    struct world *world = memory_calloc(1, sizeof *world);
    world->leaf_count = leaf_count;
    world->node_count = node_count;
    world->begin = memory_calloc((size_t)node_count + 1, sizeof *world->begin);
    world->edges = memory_calloc(edge_max, sizeof *world->edges);
    world->leaves = memory_calloc(leaf_count, sizeof *world->leaves);
    world->changed = memory_calloc(leaf_count, sizeof *world->changed);
    return world;
}

static void world_free(struct world *world)
{
    free(world->begin);
    free(world->edges);
    free(world->leaves);
    free(world->changed);
    free(world);
}

/* Edges are added node by node. */
static void edge_add(struct world *world, uint32_t node, uint32_t dep)
{
    world->edges[world->begin[node + 1]++] = dep;
}

static void node_begin(struct world *world, uint32_t node)
{
    world->begin[node + 1] = world->begin[node];
}

static struct dice *world_open(struct world *world, unsigned workers)
{
    struct dice_options options = {
        .kinds = kinds,
        .kind_count = sizeof kinds / sizeof kinds[0],
        .worker_count = workers,
        .path = world->path[0] == '\0' ? NULL : world->path,
        .context = world,
    };
    struct dice *dice = NULL;
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    if (dice_open(&options, &dice, &diags) != OK) {
        abort();
    }
    arena_release(&arena);
    return dice;
}

static enum err node_run(struct dice *dice, unsigned kind, uint32_t node)
{
    char buf[ARG_BYTES];
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    struct dice_want want = {.kind = kind, .arg = arg_make(buf, 'n', node)};
    struct dice_request request = {.wants = &want, .count = 1};
    enum err err = dice_run(dice, &request, &diags);
    arena_release(&arena);
    return err;
}

static void run_or_abort(struct dice *dice, uint32_t node)
{
    if (node_run(dice, KIND_NODE, node) != OK) {
        abort();
    }
}

struct report {
    bool json;
    int name_count;
    char **names;
};

static bool wanted(const struct report *report, const char *name)
{
    for (int i = 0; i < report->name_count; i++) {
        if (strcmp(report->names[i], name) == 0) {
            return true;
        }
    }
    return report->name_count == 0;
}

/* aim 0: none is stated. */
static void row(
    const struct report *report, const char *name, double value, const char *unit, double aim)
{
    if (report->json) {
        (void)printf("{\"engine\":\"dice\",\"row\":\"%s\",\"value\":%.4f,\"unit\":\"%s\"}\n", name,
            value, unit);
    } else if (aim > 0) {
        (void)printf("%-58s %12.2f %-6s aim %6.1f: x %.2f\n", name, value, unit, aim, value / aim);
    } else {
        (void)printf("%-58s %12.2f %s\n", name, value, unit);
    }
}

static void chain_fill(struct world *world)
{
    for (uint32_t node = 0; node < world->node_count; node++) {
        node_begin(world, node);
        edge_add(world, node, node == 0 ? LEAF_BIT : node - 1);
    }
}

static void bench_hit(const struct report *report)
{
    enum {
        COUNT = 1000
    };
    struct world *world = world_new(1, COUNT, COUNT);
    chain_fill(world);
    uint32_t hits[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        hits[i] = i * 7919 % COUNT;
    }
    world->hits = hits;
    world->hit_rounds = 200;
    for (unsigned few = 0; few < 2; few++) {
        double best = 1e18;
        world->hit_count = few == 1 ? 1 : COUNT;
        struct dice *dice = world_open(world, 1);
        for (unsigned run = 0; run < 20; run++) {
            if (node_run(dice, KIND_HITS, 0) != OK) {
                abort();
            }
            best = world->hit_ns < best ? world->hit_ns : best;
        }
        dice_close(dice);
        row(report, few == 1 ? "hit, one key" : "hit, 1,000 keys in turn", best, "ns", 40);
    }
    world_free(world);
}

static void bench_chain(const struct report *report)
{
    enum {
        ROUNDS = 10000
    };
    struct world *world = world_new(1, 10, 10);
    chain_fill(world);
    struct dice *dice = world_open(world, 1);
    run_or_abort(dice, 9);
    double best = 1e18;
    for (unsigned run = 0; run < 20; run++) {
        double begin = now_ns(CLOCK_MONOTONIC);
        for (unsigned i = 0; i < ROUNDS; i++) {
            run_or_abort(dice, 9);
        }
        double ns = (now_ns(CLOCK_MONOTONIC) - begin) / ROUNDS;
        best = ns < best ? ns : best;
    }
    dice_close(dice);
    world_free(world);
    row(report, "chain of 10, nothing changed, whole transaction", best, "ns", 100);
}

/* Wall time of a run after leaf 0 changed; all nodes that see it are computed. */
static double incremental_ms(struct world *world, unsigned workers, unsigned runs)
{
    struct dice *dice = world_open(world, workers);
    uint32_t root = world->node_count - 1;
    run_or_abort(dice, root);
    double best = 1e18;
    for (unsigned run = 0; run < runs; run++) {
        world->leaves[0]++;
        world->changed[0] = true;
        double begin = now_ns(CLOCK_MONOTONIC);
        run_or_abort(dice, root);
        double ms = (now_ns(CLOCK_MONOTONIC) - begin) / 1e6;
        world->changed[0] = false;
        best = ms < best ? ms : best;
    }
    struct dice_statistics statistics;
    dice_statistics_get(dice, &statistics);
    if (statistics.computed_count < world->node_count) {
        abort();
    }
    dice_close(dice);
    return best;
}

static struct world *wide_new(uint32_t count)
{
    struct world *world = world_new(1, count, 2 * count);
    for (uint32_t node = 0; node + 1 < count; node++) {
        node_begin(world, node);
        edge_add(world, node, LEAF_BIT);
    }
    node_begin(world, count - 1);
    for (uint32_t node = 0; node + 1 < count; node++) {
        edge_add(world, count - 1, node);
    }
    return world;
}

/* A binary tree; its lowest nodes read the leaf. */
static struct world *tree_new(uint32_t count)
{
    struct world *world = world_new(1, count, 2 * count);
    for (uint32_t node = 0; node < count; node++) {
        uint32_t place = count - 1 - node; /* 0 is the root */
        node_begin(world, node);
        for (uint32_t child = 2 * place + 1; child <= 2 * place + 2; child++) {
            edge_add(world, node, child < count ? count - 1 - child : LEAF_BIT);
        }
    }
    return world;
}

/* Each node needs the 16 before it. */
static struct world *dense_new(uint32_t count)
{
    struct world *world = world_new(1, count, 16 * count);
    for (uint32_t node = 0; node < count; node++) {
        node_begin(world, node);
        for (uint32_t i = 1; i <= 16 && i <= node; i++) {
            edge_add(world, node, node - i);
        }
        if (node == 0) {
            edge_add(world, node, LEAF_BIT);
        }
    }
    return world;
}

static struct world *chain_new(uint32_t count)
{
    struct world *world = world_new(1, count, count);
    chain_fill(world);
    return world;
}

static void bench_incremental(const struct report *report)
{
    static const struct {
        const char *name;
        struct world *(*make)(uint32_t count);
    } shapes[] = {
        {"wide", wide_new}, {"chain", chain_new}, {"tree", tree_new}, {"dense", dense_new}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        for (uint32_t count = 1000; count <= 100000; count *= 100) {
            for (unsigned workers = 1; workers <= 2; workers++) {
                char name[80];
                struct world *world = shapes[i].make(count);
                double ms = incremental_ms(world, workers, count > 1000 ? 3 : 50);
                (void)snprintf(name, sizeof name, "%s of %u, all computed again, %u worker%s",
                    shapes[i].name, count, workers, workers == 1 ? "" : "s");
                row(report, name, ms, "ms", count == 1000 ? 0.5 : 0);
                world_free(world);
            }
        }
    }
}

/* Leaves for sources, nodes with six dependencies each, as a build of C has. */
static struct world *build_new(uint32_t leaf_count, uint32_t node_count)
{
    struct world *world = world_new(leaf_count, node_count + 1, 7 * node_count);
    uint64_t random = 88172645463325252U;
    for (uint32_t node = 0; node < node_count; node++) {
        node_begin(world, node);
        for (uint32_t i = 0; i < 6; i++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            bool of_nodes = node > 0 && i >= 4;
            edge_add(world, node,
                i < 2      ? LEAF_BIT | ((2 * node + i) % leaf_count)
                : of_nodes ? (uint32_t)(random >> 32) % node
                           : LEAF_BIT | ((uint32_t)(random >> 32) % leaf_count));
        }
    }
    node_begin(world, node_count);
    for (uint32_t node = 0; node < node_count; node++) {
        edge_add(world, node_count, node);
    }
    return world;
}

static void file_make(struct world *world)
{
    const char *folder = "/tmp";
    (void)snprintf(world->path, sizeof world->path, "%s/bench_dice_XXXXXX", folder);
    int fd = mkstemp(world->path);
    if (fd < 0 || close(fd) != 0) {
        abort();
    }
}

static void saved_or_abort(struct dice *dice)
{
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    if (dice_save(dice, &diags) != OK) {
        abort();
    }
    arena_release(&arena);
}

/* Cold, save, then the run that finds nothing to do, in CPU time; leaves answer at once. */
static void persist(
    const struct report *report, const char *what, struct world *world, unsigned runs)
{
    char name[100];
    uint32_t root = world->node_count - 1;
    uint32_t edge_count = world->begin[world->node_count];
    uint32_t key_count = world->leaf_count + world->node_count;
    file_make(world);
    size_t heap_before = mallinfo2().uordblks + mallinfo2().hblkhd;
    struct dice *dice = world_open(world, 1);
    double begin = now_ns(CLOCK_MONOTONIC);
    run_or_abort(dice, root);
    double ms = (now_ns(CLOCK_MONOTONIC) - begin) / 1e6;
    (void)snprintf(name, sizeof name, "%s: all computed, 1 worker", what);
    row(report, name, ms, "ms", 0);
    size_t heap = mallinfo2().uordblks + mallinfo2().hblkhd - heap_before;
    (void)snprintf(name, sizeof name, "%s: heap for each key (with its edges)", what);
    row(report, name, (double)heap / key_count, "bytes", 0);
    (void)snprintf(name, sizeof name, "%s: edges for each key", what);
    row(report, name, (double)edge_count / key_count, "", 0);
    begin = now_ns(CLOCK_MONOTONIC);
    saved_or_abort(dice);
    (void)snprintf(name, sizeof name, "%s: save", what);
    row(report, name, (now_ns(CLOCK_MONOTONIC) - begin) / 1e6, "ms", 0);
    dice_close(dice);
    struct stat st;
    if (stat(world->path, &st) != 0) {
        abort();
    }
    (void)snprintf(name, sizeof name, "%s: file, each key (with its edges)", what);
    row(report, name, (double)st.st_size / key_count, "bytes", 0);
    double best = 1e18;
    for (unsigned run = 0; run < runs; run++) {
        begin = now_ns(CLOCK_PROCESS_CPUTIME_ID);
        dice = world_open(world, 1);
        run_or_abort(dice, root);
        ms = (now_ns(CLOCK_PROCESS_CPUTIME_ID) - begin) / 1e6;
        dice_close(dice);
        best = ms < best ? ms : best;
    }
    (void)snprintf(name, sizeof name, "%s: open and find all as it was", what);
    row(report, name, best, "ms", key_count <= 40000 ? 1 : 0);
    best = 1e18;
    for (unsigned run = 0; run < runs; run++) {
        begin = now_ns(CLOCK_PROCESS_CPUTIME_ID);
        dice = world_open(world, 1);
        run_or_abort(dice, 0);
        ms = (now_ns(CLOCK_PROCESS_CPUTIME_ID) - begin) / 1e6;
        dice_close(dice);
        best = ms < best ? ms : best;
    }
    (void)snprintf(name, sizeof name, "%s: open and read one node", what);
    row(report, name, best, "ms", 0);
    world->changed[0] = true;
    world->leaves[0]++;
    best = 1e18;
    for (unsigned run = 0; run < runs; run++) {
        begin = now_ns(CLOCK_PROCESS_CPUTIME_ID);
        dice = world_open(world, 1);
        run_or_abort(dice, root);
        ms = (now_ns(CLOCK_PROCESS_CPUTIME_ID) - begin) / 1e6;
        dice_close(dice);
        best = ms < best ? ms : best;
    }
    (void)snprintf(name, sizeof name, "%s: open, one leaf changed", what);
    row(report, name, best, "ms", 0);
    (void)unlink(world->path);
    world_free(world);
}

static void bench_persist(const struct report *report)
{
    persist(report, "300 leaves + 400", build_new(300, 400), 100);
    persist(report, "20,000 leaves + 10,500", build_new(20000, 10500), 20);
    persist(report, "100,000 keys", build_new(60000, 40000), 5);
}

static void bench_million(const struct report *report)
{
    persist(report, "1,000,000 keys", build_new(600000, 400000), 2);
}

static void bench_cancel(const struct report *report)
{
    enum {
        STORM = 1000
    };
    struct world *world = tree_new(10000);
    struct dice *dice = world_open(world, 2);
    world->cancel = dice;
    double begin = now_ns(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < STORM; i++) {
        world->leaves[0]++;
        world->changed[0] = true;
        if (node_run(dice, KIND_NODE, world->node_count - 1) != ERR_RETRY) {
            abort();
        }
    }
    row(report, "tree of 10,000: a run cancelled half-way, 2 workers",
        (now_ns(CLOCK_MONOTONIC) - begin) / 1e6 / STORM, "ms", 0);
    dice_close(dice);
    world_free(world);
}

int main(int argc, char **argv)
{
    struct report report = {0};
    report.json = argc > 1 && strcmp(argv[1], "--json") == 0;
    report.names = argv + 1 + (report.json ? 1 : 0);
    report.name_count = argc - 1 - (report.json ? 1 : 0);
    static const struct {
        const char *name;
        void (*run)(const struct report *report);
    } benches[] = {{"hit", bench_hit}, {"chain", bench_chain}, {"incremental", bench_incremental},
        {"persist", bench_persist}, {"million", bench_million}, {"cancel", bench_cancel}};
    for (size_t i = 0; i < sizeof benches / sizeof benches[0]; i++) {
        if (wanted(&report, benches[i].name)) {
            benches[i].run(&report);
        }
    }
    return 0;
}
