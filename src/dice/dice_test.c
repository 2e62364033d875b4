/* src/dice/dice_test.c: graphs in memory; what persists is in graph_test.c. */
#include "base/test.h"
#include "dice/dice.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* A world of numbered cells (leaves) and nodes. Node n first needs its switch cell n; an even value
 * lets it need the nodes and cells of list 0, an odd one those of list 1; all have smaller numbers.
 * Its value is a small number, so that changes often stop on their way. */
enum {
    WORLD_MAX = 400,
    DEPS_MAX = 6,
    KIND_CELL = 0,
    KIND_NODE = 1,
    KIND_FLAKY = 2,
};
struct world {
    uint32_t cells[WORLD_MAX];
    uint32_t stamps[WORLD_MAX]; /* changes when a cell is touched */
    uint32_t deps[WORLD_MAX][2][DEPS_MAX];
    uint32_t dep_counts[WORLD_MAX][2];
    uint32_t count;
    uint32_t modulus;
    uint32_t fail; /* the cell value at which a node fails; 0: none */
    _Atomic uint32_t computed, cells_read, compute_calls, busy, busy_max;
    _Atomic uint32_t runs_of[WORLD_MAX];
    _Atomic bool overlap; /* a node was computed by two at a time */
    _Atomic bool running[WORLD_MAX];
    bool sleepy;
    char cause[64];
    uint32_t cause_of;
    struct dice *dice_to_cancel;
    uint32_t before_count;
};

static uint32_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 32);
}

static struct str number_str(const uint32_t *number)
{
    return (struct str){.ptr = (const char *)number, .len = sizeof *number};
}

static uint32_t str_number(struct str bytes)
{
    uint32_t number = UINT32_MAX;
    if (bytes.len == sizeof number) {
        memcpy(&number, bytes.ptr, sizeof number);
    }
    return number;
}

static enum dice_status cell_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    (void)diags;
    struct world *world = dice_task_context(task);
    uint32_t cell = str_number(arg);
    atomic_fetch_add(&world->cells_read, 1);
    dice_task_stamp(task, number_str(&world->stamps[cell]));
    buf_add(ret_value, number_str(&world->cells[cell]));
    return DICE_OK;
}

static bool cell_unchanged(void *context, struct str arg, struct str value, struct str stamp)
{
    const struct world *world = context;
    uint32_t cell = str_number(arg);
    return value.len == sizeof(uint32_t) && str_number(stamp) == world->stamps[cell];
}

/* Nodes above world.count are cells: number - count. */
static enum dice_status node_work(struct world *world, struct dice_task *task, uint32_t node,
    struct buf *ret_value, struct diags *diags)
{
    struct str value;
    if (world->dice_to_cancel != NULL && node == 3) {
        dice_cancel(world->dice_to_cancel);
    }
    enum dice_status status = dice_need(task, KIND_CELL, number_str(&node), &value);
    if (status != DICE_OK) {
        return status;
    }
    uint32_t sum = str_number(value);
    if (world->fail != 0 && sum == world->fail) {
        diags_end_chain(diags);
        (void)diag_add(diags, ERR_INVALID, SPAN_NONE, "node %u fails", node);
        return DICE_FAILED;
    }
    uint32_t list = sum % 2;
    struct dice_want wants[DEPS_MAX];
    uint32_t numbers[DEPS_MAX];
    uint32_t count = world->dep_counts[node][list];
    for (uint32_t i = 0; i < count; i++) {
        uint32_t dep = world->deps[node][list][i];
        numbers[i] = dep < world->count ? dep : dep - world->count;
        wants[i] = (struct dice_want){
            .kind = dep < world->count ? KIND_NODE : KIND_CELL, .arg = number_str(&numbers[i])};
    }
    status = dice_need_all(task, wants, count);
    if (status != DICE_OK) {
        return status;
    }
    for (uint32_t i = 0; i < count; i++) {
        sum = sum * 31 + str_number(wants[i].value);
    }
    sum %= world->modulus;
    buf_add(ret_value, number_str(&sum));
    atomic_fetch_add(&world->computed, 1);
    atomic_fetch_add(&world->runs_of[node], 1);
    return DICE_OK;
}

static enum dice_status node_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    struct world *world = dice_task_context(task);
    uint32_t node = str_number(arg);
    if (atomic_exchange(&world->running[node], true)) {
        atomic_store(&world->overlap, true);
    }
    atomic_fetch_add(&world->compute_calls, 1);
    if (node == world->cause_of) {
        struct arena arena = {0};
        struct str cause = dice_task_cause(task, &arena);
        (void)snprintf(world->cause, sizeof world->cause, "%.*s", STR_ARG(cause));
        arena_release(&arena);
    }
    enum dice_status status = node_work(world, task, node, ret_value, diags);
    atomic_store(&world->running[node], false);
    return status;
}

static enum dice_status flaky_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    (void)diags;
    struct world *world = dice_task_context(task);
    uint32_t run = atomic_fetch_add(&world->computed, 1);
    if (str_number(arg) == 1) {
        dice_task_transient(task);
        run = 7;
    }
    buf_add(ret_value, number_str(&run));
    return DICE_OK;
}

static const struct dice_kind world_kinds[] = {
    {.name = "cell", .flags = DICE_LEAF, .compute = cell_compute, .unchanged = cell_unchanged},
    {.name = "node", .compute = node_compute},
    {.name = "flaky", .compute = flaky_compute},
};

static struct str world_describe(unsigned kind, struct str arg, struct arena *arena)
{
    return arena_printf(arena, "%s%u", kind == KIND_CELL ? "c" : "n", str_number(arg));
}

static enum err world_before(void *context, struct diags *diags)
{
    (void)diags;
    ((struct world *)context)->before_count++;
    return OK;
}

static struct dice *world_open(struct world *world, unsigned workers)
{
    struct dice_options options = {
        .kinds = world_kinds,
        .kind_count = sizeof world_kinds / sizeof world_kinds[0],
        .worker_count = workers,
        .context = world,
        .before_compute = world_before,
    };
    struct dice *dice = NULL;
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    CHECK(dice_open(&options, &dice, &diags) == OK);
    arena_release(&arena);
    return dice;
}

static struct world *world_new(uint32_t count, uint32_t modulus)
{
    struct world *world = memory_calloc(1, sizeof *world);
    world->count = count;
    world->modulus = modulus;
    world->cause_of = UINT32_MAX;
    return world;
}

static void cell_set(struct world *world, uint32_t cell, uint32_t value)
{
    world->cells[cell] = value;
    world->stamps[cell]++;
}

/* The model: what node is worth, without dice. */
static uint32_t world_model(const struct world *world, uint32_t node, uint32_t *memo)
{
    if (memo[node] != UINT32_MAX) {
        return memo[node];
    }
    uint32_t sum = world->cells[node];
    uint32_t list = sum % 2;
    for (uint32_t i = 0; i < world->dep_counts[node][list]; i++) {
        uint32_t dep = world->deps[node][list][i];
        sum = sum * 31 + (dep < world->count ? world_model(world, dep, memo)
                                             : world->cells[dep - world->count]);
    }
    return memo[node] = sum % world->modulus;
}

/* What one run came to; text is of its diags. */
struct outcome {
    enum err err;
    uint32_t value;
    enum dice_status status;
    char text[8192];
};

static struct outcome kind_run(struct dice *dice, unsigned kind, uint32_t number, bool keep_going)
{
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    struct dice_want want = {.kind = kind, .arg = number_str(&number)};
    struct dice_request request = {
        .wants = &want, .count = 1, .keep_going = keep_going, .describe = world_describe};
    struct outcome outcome = {.err = dice_run(dice, &request, &diags)};
    outcome.status = want.status;
    outcome.value = want.status == DICE_OK ? str_number(want.value) : UINT32_MAX;
    AUTO_BUF text = {0};
    diags_format(&diags, false, &text);
    (void)snprintf(outcome.text, sizeof outcome.text, "%.*s", STR_ARG(buf_str(&text)));
    arena_release(&arena);
    return outcome;
}

static struct outcome node_run(struct dice *dice, uint32_t node)
{
    return kind_run(dice, KIND_NODE, node, false);
}

/* Node i needs node i - 1; node 0 needs nothing but its switch. */
static struct world *chain_new(uint32_t count, uint32_t modulus)
{
    struct world *world = world_new(count, modulus);
    for (uint32_t node = 1; node < count; node++) {
        for (uint32_t list = 0; list < 2; list++) {
            world->deps[node][list][0] = node - 1;
            world->dep_counts[node][list] = 1;
        }
    }
    return world;
}

static void chain_once(void)
{
    struct world *world = chain_new(10, 1000000);
    struct dice *dice = world_open(world, 1);
    cell_set(world, 0, 4);
    struct outcome first = node_run(dice, 9);
    CHECK(first.err == OK && world->computed == 10 && world->cells_read == 10);
    CHECK(world->before_count == 1);
    struct outcome again = node_run(dice, 9);
    CHECK(again.err == OK && again.value == first.value);
    CHECK(world->computed == 10 && world->cells_read == 10 && world->before_count == 1);
    struct dice_statistics statistics;
    dice_statistics_get(dice, &statistics);
    CHECK(statistics.key_count == 20 && statistics.leaf_count == 10);
    CHECK(statistics.validated_count == 20 && statistics.computed_count == 0);
    CHECK(statistics.thread_count == 0);
    dice_close(dice);
    free(world);
}

static void early_cutoff(void)
{
    struct world *world = chain_new(10, 4);
    struct dice *dice = world_open(world, 1);
    CHECK(node_run(dice, 9).err == OK);
    world->computed = 0;
    cell_set(world, 2, 4); /* node 2 is computed again, its value is 0 as before */
    CHECK(node_run(dice, 9).err == OK && world->computed == 1);
    struct dice_statistics statistics;
    dice_statistics_get(dice, &statistics);
    CHECK(statistics.cut_off_count == 1 && statistics.computed_count == 2);
    world->stamps[5]++; /* touched, not changed: read again, and no more */
    world->computed = world->cells_read = 0;
    CHECK(node_run(dice, 9).err == OK && world->computed == 0 && world->cells_read == 1);
    world->cells_read = 0;
    CHECK(node_run(dice, 9).err == OK && world->cells_read == 0);
    dice_close(dice);
    free(world);
}

/* A value that comes back while nothing looked keeps what was made of it. */
static void restored(void)
{
    struct world *world = chain_new(6, 1000000);
    struct dice *dice = world_open(world, 1);
    struct outcome first = node_run(dice, 5);
    cell_set(world, 1, 10);
    CHECK(node_run(dice, 1).err == OK); /* sees the change; 2 to 5 do not */
    cell_set(world, 1, 0);
    world->computed = 0;
    struct outcome again = node_run(dice, 5);
    CHECK(again.err == OK && again.value == first.value);
    CHECK(world->computed == 1); /* node 1 has forgotten its first value's inputs */
    CHECK(world->runs_of[2] == 1);
    dice_close(dice);
    free(world);
}

static void causes(void)
{
    struct world *world = chain_new(4, 1000000);
    struct dice *dice = world_open(world, 1);
    world->cause_of = 2;
    CHECK(node_run(dice, 3).err == OK);
    CHECK_STR(str_of(world->cause), STR(""));
    cell_set(world, 2, 2);
    CHECK(node_run(dice, 3).err == OK);
    CHECK_STR(str_of(world->cause), STR("c2"));
    cell_set(world, 1, 2);
    CHECK(node_run(dice, 3).err == OK);
    CHECK_STR(str_of(world->cause), STR("n1"));
    dice_close(dice);
    free(world);
}

/* The switch of node 2 says that it no longer needs node 1: node 1, which would fail, is left. */
static void order_of_need(void)
{
    struct world *world = chain_new(3, 1000000);
    world->dep_counts[2][1] = 0;
    world->fail = 100;
    struct dice *dice = world_open(world, 1);
    CHECK(node_run(dice, 2).err == OK);
    cell_set(world, 1, 100);
    cell_set(world, 2, 1);
    CHECK(node_run(dice, 2).err == OK);
    CHECK(world->runs_of[1] == 1);
    cell_set(world, 2, 2);
    struct outcome outcome = node_run(dice, 2);
    CHECK(outcome.err == ERR_INVALID && outcome.status != DICE_OK);
    CHECK_STR(str_of(outcome.text), STR("error: node 1 fails\n"));
    cell_set(world, 1, 0);
    CHECK(node_run(dice, 2).err == OK);
    dice_close(dice);
    free(world);
}

/* 0 needs 1 and 2; 1 and 2 need 3; cells 1, 3 fail. */
static void failures_once(void)
{
    for (unsigned workers = 1; workers <= 3; workers++) {
        struct world *world = world_new(5, 1000);
        uint32_t deps[5][2] = {{1, 2}, {3, 4}, {3, 4}, {0, 0}, {0, 0}};
        for (uint32_t node = 0; node < 3; node++) {
            memcpy(world->deps[node][0], deps[node], sizeof deps[node]);
            world->dep_counts[node][0] = 2;
        }
        world->fail = 8;
        cell_set(world, 3, 8);
        struct dice *dice = world_open(world, workers);
        struct outcome outcome = kind_run(dice, KIND_NODE, 0, true);
        CHECK(outcome.err == ERR_INVALID && outcome.status == DICE_FAILED);
        CHECK_STR(str_of(outcome.text), STR("error: node 3 fails\n"));
        CHECK(world->runs_of[4] == 1);
        cell_set(world, 3, 0);
        CHECK(kind_run(dice, KIND_NODE, 0, true).err == OK);
        CHECK(world->runs_of[4] == 1);
        dice_close(dice);
        free(world);
    }
}

static void cycles(void)
{
    for (unsigned workers = 1; workers <= 3; workers++) {
        struct world *world = chain_new(4, 1000);
        world->deps[1][1][0] = 3; /* odd: 1 needs 3 */
        struct dice *dice = world_open(world, workers);
        cell_set(world, 1, 1);
        struct outcome outcome = kind_run(dice, KIND_NODE, 3, workers == 2);
        CHECK(outcome.err == ERR_INVALID);
        CHECK(strstr(outcome.text, "dependency cycle: n") != NULL);
        CHECK(strstr(outcome.text, "n3 -> n2 -> n1") != NULL ||
              strstr(outcome.text, "n2 -> n1 -> n3") != NULL ||
              strstr(outcome.text, "n1 -> n3 -> n2") != NULL);
        CHECK(strstr(outcome.text + 10, "error") == NULL);
        cell_set(world, 1, 2);
        CHECK(kind_run(dice, KIND_NODE, 3, false).err == OK);
        cell_set(world, 1, 3); /* now what is remembered leads into the cycle */
        CHECK(kind_run(dice, KIND_NODE, 3, false).err == ERR_INVALID);
        cell_set(world, 1, 4);
        CHECK(kind_run(dice, KIND_NODE, 3, false).err == OK);
        dice_close(dice);
        free(world);
    }
}

/* Remembered edges close a cycle that the present ones do not: 1 needed 0; now 0 needs 1. */
static void cycle_of_the_past(void)
{
    struct world *world = world_new(2, 1000);
    world->deps[1][0][0] = 0;
    world->dep_counts[1][0] = 1;
    world->deps[0][1][0] = 1;
    world->dep_counts[0][1] = 1;
    struct dice *dice = world_open(world, 1);
    CHECK(node_run(dice, 1).err == OK);
    cell_set(world, 0, 1); /* 0 needs 1 */
    cell_set(world, 1, 1); /* 1 needs nothing */
    struct outcome outcome = node_run(dice, 0);
    CHECK(outcome.err == OK);
    dice_close(dice);
    free(world);
}

static void cycle_long(void)
{
    struct world *world = chain_new(WORLD_MAX, 1000);
    world->deps[0][1][0] = WORLD_MAX - 1;
    world->dep_counts[0][1] = 1;
    cell_set(world, 0, 1);
    struct dice *dice = world_open(world, 2);
    struct outcome outcome = kind_run(dice, KIND_NODE, WORLD_MAX - 1, true);
    CHECK(outcome.err == ERR_INVALID && outcome.status == DICE_FAILED);
    CHECK(strstr(outcome.text, "n12 -> n11 -> n10") != NULL);
    dice_close(dice);
    free(world);
}

static void cancelled(void)
{
    struct world *world = chain_new(10, 1000);
    struct dice *dice = world_open(world, 2);
    world->dice_to_cancel = dice;
    struct outcome outcome = node_run(dice, 9);
    CHECK(outcome.err == ERR_RETRY && outcome.status == DICE_PENDING);
    CHECK(world->computed == 0);
    world->dice_to_cancel = NULL;
    CHECK(node_run(dice, 9).err == OK && world->computed == 10);
    dice_cancel(dice);
    cell_set(world, 0, 3);
    CHECK(node_run(dice, 9).err == ERR_RETRY);
    CHECK(node_run(dice, 9).err == OK);
    dice_close(dice);
    free(world);
}

static void transient(void)
{
    struct world *world = world_new(1, 1000);
    struct dice *dice = world_open(world, 1);
    CHECK(kind_run(dice, KIND_FLAKY, 0, false).value == 0);
    CHECK(kind_run(dice, KIND_FLAKY, 0, false).value == 0);
    CHECK(kind_run(dice, KIND_FLAKY, 1, false).value == 7 && world->computed == 2);
    CHECK(kind_run(dice, KIND_FLAKY, 1, false).value == 7 && world->computed == 3);
    dice_close(dice);
    free(world);
}

static void graph_random(struct world *world, uint64_t *random)
{
    for (uint32_t node = 0; node < world->count; node++) {
        cell_set(world, node, random_next(random) % 100);
        for (uint32_t list = 0; list < 2; list++) {
            uint32_t count = node == 0 ? 0 : random_next(random) % DEPS_MAX;
            world->dep_counts[node][list] = count;
            for (uint32_t i = 0; i < count; i++) {
                world->deps[node][list][i] = random_next(random) % 3 == 0
                                                 ? world->count + random_next(random) % world->count
                                                 : random_next(random) % node;
            }
        }
    }
}

/* Law: after any edits, each node is worth what the model says, and one that was computed once is
 * not computed again by the next run. */
static void random_graphs(void)
{
    uint64_t random = 88172645463325252U;
    for (uint32_t round = 0; round < 60; round++) {
        struct world *world =
            world_new(2 + random_next(&random) % (WORLD_MAX - 2), 2 + random_next(&random) % 50);
        graph_random(world, &random);
        struct dice *dice = world_open(world, 1 + round % 4);
        for (uint32_t edit = 0; edit < 30; edit++) {
            uint32_t memo[WORLD_MAX];
            memset(memo, 0xFF, sizeof memo);
            uint32_t node = random_next(&random) % world->count;
            struct outcome outcome = node_run(dice, node);
            CHECK(outcome.err == OK && outcome.value == world_model(world, node, memo));
            uint32_t computed = world->computed;
            CHECK(node_run(dice, node).value == outcome.value && world->computed == computed);
            for (uint32_t i = random_next(&random) % 4; i > 0; i--) {
                cell_set(world, random_next(&random) % world->count, random_next(&random) % 100);
            }
        }
        CHECK(!world->overlap);
        dice_close(dice);
        free(world);
    }
}

/* All nodes are wanted at once, by many workers. */
static void parallel(void)
{
    uint64_t random = 1234567;
    struct world *world = world_new(WORLD_MAX, 1000);
    graph_random(world, &random);
    struct dice *dice = world_open(world, 8);
    struct dice_want wants[WORLD_MAX];
    uint32_t numbers[WORLD_MAX];
    for (uint32_t round = 0; round < 40; round++) {
        uint32_t memo[WORLD_MAX];
        memset(memo, 0xFF, sizeof memo);
        for (uint32_t i = 0; i < WORLD_MAX; i++) {
            numbers[i] = WORLD_MAX - 1 - i;
            wants[i] = (struct dice_want){.kind = KIND_NODE, .arg = number_str(&numbers[i])};
        }
        struct dice_request request = {.wants = wants, .count = WORLD_MAX};
        struct arena arena = {0};
        struct diags diags;
        diags_init(&diags, &arena, NULL);
        CHECK(dice_run(dice, &request, &diags) == OK);
        for (uint32_t i = 0; i < WORLD_MAX; i++) {
            CHECK(wants[i].status == DICE_OK &&
                  str_number(wants[i].value) == world_model(world, numbers[i], memo));
        }
        arena_release(&arena);
        for (uint32_t i = 0; i < 60; i++) {
            cell_set(world, random_next(&random) % WORLD_MAX, random_next(&random) % 100);
        }
    }
    CHECK(!world->overlap);
    struct dice_statistics statistics;
    dice_statistics_get(dice, &statistics);
    CHECK(statistics.thread_count > 0 && statistics.thread_count < 8);
    dice_close(dice);
    free(world);
}

int main(void)
{
    TEST(chain_once);
    TEST(early_cutoff);
    TEST(restored);
    TEST(causes);
    TEST(order_of_need);
    TEST(failures_once);
    TEST(cycles);
    TEST(cycle_of_the_past);
    TEST(cycle_long);
    TEST(cancelled);
    TEST(transient);
    TEST(random_graphs);
    TEST(parallel);
    return test_done();
}
