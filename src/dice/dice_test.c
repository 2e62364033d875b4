/* src/dice/dice_test.c: graphs in memory; what persists is in graph_test.c. */
#include "base/test.h"
#include "dice/test_world.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    MEETING_MAX = 4,
};

static void chain_once(void)
{
    struct world *world = world_chain_new(10, 1000000);
    struct dice *dice = world_open(world, 1);
    world_cell_set(world, 0, 4);
    struct outcome first = world_node_run(dice, 9);
    CHECK(first.err == OK && world->computed == 10 && world->cells_read == 10);
    CHECK(world->before_count == 1);
    struct outcome again = world_node_run(dice, 9);
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
    struct world *world = world_chain_new(10, 4);
    struct dice *dice = world_open(world, 1);
    CHECK(world_node_run(dice, 9).err == OK);
    world->computed = 0;
    world_cell_set(world, 2, 4); /* node 2 is computed again, its value is 0 as before */
    CHECK(world_node_run(dice, 9).err == OK && world->computed == 1);
    struct dice_statistics statistics;
    dice_statistics_get(dice, &statistics);
    CHECK(statistics.cut_off_count == 1 && statistics.computed_count == 2);
    world->stamps[5]++; /* touched, not changed: read again, and no more */
    world->computed = world->cells_read = world->before_count = 0;
    CHECK(world_node_run(dice, 9).err == OK && world->computed == 0 && world->cells_read == 1);
    CHECK(world->before_count == 0);
    world->cells_read = 0;
    CHECK(world_node_run(dice, 9).err == OK && world->cells_read == 0);
    dice_close(dice);
    free(world);
}

/* A value that comes back while nothing looked keeps what was made of it. */
static void restored(void)
{
    struct world *world = world_chain_new(6, 1000000);
    struct dice *dice = world_open(world, 1);
    struct outcome first = world_node_run(dice, 5);
    world_cell_set(world, 1, 10);
    CHECK(world_node_run(dice, 1).err == OK); /* sees the change; 2 to 5 do not */
    world_cell_set(world, 1, 0);
    world->computed = 0;
    struct outcome again = world_node_run(dice, 5);
    CHECK(again.err == OK && again.value == first.value);
    CHECK(world->computed == 1); /* node 1 has forgotten its first value's inputs */
    CHECK(world->runs_of[2] == 1);
    dice_close(dice);
    free(world);
}

static void causes(void)
{
    struct world *world = world_chain_new(4, 1000000);
    struct dice *dice = world_open(world, 1);
    world->cause_of = 2;
    CHECK(world_node_run(dice, 3).err == OK);
    CHECK_STR(str_of(world->cause), STR(""));
    world_cell_set(world, 2, 2);
    CHECK(world_node_run(dice, 3).err == OK);
    CHECK_STR(str_of(world->cause), STR("c2"));
    world_cell_set(world, 1, 2);
    CHECK(world_node_run(dice, 3).err == OK);
    CHECK_STR(str_of(world->cause), STR("n1"));
    dice_close(dice);
    free(world);
}

/* The switch of node 2 says that it no longer needs node 1: node 1, which would fail, is left. */
static void order_of_need(void)
{
    struct world *world = world_chain_new(3, 1000000);
    world->dep_counts[2][1] = 0;
    world->fail = 100;
    struct dice *dice = world_open(world, 1);
    CHECK(world_node_run(dice, 2).err == OK);
    world_cell_set(world, 1, 100);
    world_cell_set(world, 2, 1);
    CHECK(world_node_run(dice, 2).err == OK);
    CHECK(world->runs_of[1] == 1);
    world_cell_set(world, 2, 2);
    struct outcome outcome = world_node_run(dice, 2);
    CHECK(outcome.err == ERR_INVALID && outcome.status != DICE_OK);
    CHECK_STR(str_of(outcome.text), STR("error: node 1 fails\n"));
    world_cell_set(world, 1, 0);
    CHECK(world_node_run(dice, 2).err == OK);
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
        world_cell_set(world, 3, 8);
        struct dice *dice = world_open(world, workers);
        struct outcome outcome = world_run(dice, KIND_NODE, 0, true);
        CHECK(outcome.err == ERR_INVALID && outcome.status == DICE_FAILED);
        CHECK_STR(str_of(outcome.text), STR("error: node 3 fails\n"));
        CHECK(world->runs_of[4] == 1);
        world_cell_set(world, 3, 0);
        CHECK(world_run(dice, KIND_NODE, 0, true).err == OK);
        CHECK(world->runs_of[4] == 1);
        dice_close(dice);
        free(world);
    }
}

static void cycles(void)
{
    for (unsigned workers = 1; workers <= 3; workers++) {
        struct world *world = world_chain_new(4, 1000);
        world->deps[1][1][0] = 3; /* odd: 1 needs 3 */
        struct dice *dice = world_open(world, workers);
        world_cell_set(world, 1, 1);
        struct outcome outcome = world_run(dice, KIND_NODE, 3, workers == 2);
        CHECK(outcome.err == ERR_INVALID);
        CHECK(strstr(outcome.text, "dependency cycle: n") != NULL);
        CHECK(strstr(outcome.text, "n3 -> n2 -> n1") != NULL ||
              strstr(outcome.text, "n2 -> n1 -> n3") != NULL ||
              strstr(outcome.text, "n1 -> n3 -> n2") != NULL);
        CHECK(strstr(outcome.text + 10, "error") == NULL);
        world_cell_set(world, 1, 2);
        CHECK(world_run(dice, KIND_NODE, 3, false).err == OK);
        world_cell_set(world, 1, 3); /* now what is remembered leads into the cycle */
        CHECK(world_run(dice, KIND_NODE, 3, false).err == ERR_INVALID);
        world_cell_set(world, 1, 4);
        CHECK(world_run(dice, KIND_NODE, 3, false).err == OK);
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
    CHECK(world_node_run(dice, 1).err == OK);
    world_cell_set(world, 0, 1); /* 0 needs 1 */
    world_cell_set(world, 1, 1); /* 1 needs nothing */
    struct outcome outcome = world_node_run(dice, 0);
    CHECK(outcome.err == OK);
    dice_close(dice);
    free(world);
}

static void cycle_long(void)
{
    struct world *world = world_chain_new(WORLD_MAX, 1000);
    world->deps[0][1][0] = WORLD_MAX - 1;
    world->dep_counts[0][1] = 1;
    world_cell_set(world, 0, 1);
    struct dice *dice = world_open(world, 2);
    struct outcome outcome = world_run(dice, KIND_NODE, WORLD_MAX - 1, true);
    CHECK(outcome.err == ERR_INVALID && outcome.status == DICE_FAILED);
    CHECK(strstr(outcome.text, " more ... -> n") != NULL);
    CHECK(strlen(outcome.text) < 200);
    dice_close(dice);
    free(world);
}

static void cancelled(void)
{
    struct world *world = world_chain_new(10, 1000);
    struct dice *dice = world_open(world, 2);
    world->dice_to_cancel = dice;
    struct outcome outcome = world_node_run(dice, 9);
    CHECK(outcome.err == ERR_RETRY && outcome.status == DICE_PENDING);
    CHECK(world->computed == 0);
    world->dice_to_cancel = NULL;
    CHECK(world_node_run(dice, 9).err == OK && world->computed == 10);
    dice_cancel(dice);
    world_cell_set(world, 0, 3);
    CHECK(world_node_run(dice, 9).err == ERR_RETRY);
    CHECK(world_node_run(dice, 9).err == OK);
    dice_close(dice);
    free(world);
}

static void transient(void)
{
    struct world *world = world_new(1, 1000);
    struct dice *dice = world_open(world, 1);
    CHECK(world_run(dice, KIND_FLAKY, 0, false).value == 0);
    CHECK(world_run(dice, KIND_FLAKY, 0, false).value == 0);
    CHECK(world_run(dice, KIND_FLAKY, 1, false).value == 7 && world->computed == 2);
    CHECK(world_run(dice, KIND_FLAKY, 1, false).value == 7 && world->computed == 3);
    dice_close(dice);
    free(world);
}

/* Law: after any edits, each node is worth what the model says, and one that was computed once is
 * not computed again by the next run. */
static void random_graphs(void)
{
    uint64_t random = 88172645463325252U;
    for (uint32_t round = 0; round < 60; round++) {
        struct world *world =
            world_new(2 + world_random(&random) % (WORLD_MAX - 2), 2 + world_random(&random) % 50);
        world_randomize(world, &random);
        struct dice *dice = world_open(world, 1 + round % 4);
        for (uint32_t edit = 0; edit < 30; edit++) {
            uint32_t memo[WORLD_MAX];
            memset(memo, 0xFF, sizeof memo);
            uint32_t node = world_random(&random) % world->count;
            struct outcome outcome = world_node_run(dice, node);
            CHECK(outcome.err == OK && outcome.value == world_model(world, node, memo));
            uint32_t computed = world->computed;
            CHECK(world_node_run(dice, node).value == outcome.value && world->computed == computed);
            for (uint32_t i = world_random(&random) % 4; i > 0; i--) {
                world_cell_set(
                    world, world_random(&random) % world->count, world_random(&random) % 100);
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
    world_randomize(world, &random);
    struct dice *dice = world_open(world, 8);
    struct dice_want wants[WORLD_MAX];
    uint32_t numbers[WORLD_MAX];
    for (uint32_t round = 0; round < 40; round++) {
        uint32_t memo[WORLD_MAX];
        memset(memo, 0xFF, sizeof memo);
        for (uint32_t i = 0; i < WORLD_MAX; i++) {
            numbers[i] = WORLD_MAX - 1 - i;
            wants[i] = (struct dice_want){.kind = KIND_NODE, .arg = world_number_str(&numbers[i])};
        }
        struct dice_request request = {.wants = wants, .count = WORLD_MAX};
        struct arena arena = {0};
        struct diags diags;
        diags_init(&diags, &arena, NULL);
        CHECK(dice_run(dice, &request, &diags) == OK);
        for (uint32_t i = 0; i < WORLD_MAX; i++) {
            CHECK(wants[i].status == DICE_OK &&
                  world_str_number(wants[i].value) == world_model(world, numbers[i], memo));
        }
        arena_release(&arena);
        for (uint32_t i = 0; i < 60; i++) {
            world_cell_set(world, world_random(&random) % WORLD_MAX, world_random(&random) % 100);
        }
    }
    CHECK(!world->overlap);
    struct dice_statistics statistics;
    dice_statistics_get(dice, &statistics);
    CHECK(statistics.thread_count > 0 && statistics.thread_count < 8);
    dice_close(dice);
    free(world);
}

/* For each of three: only its cell matters. */
static void unneeded(void)
{
    for (uint32_t which = 0; which < 3; which++) {
        struct world *world = world_new(3, 1000);
        struct dice *dice = world_open(world, 1);
        CHECK(world_run(dice, KIND_FLAKY, FLAKY_UNNEED + which, false).value == 0);
        for (uint32_t cell = 0; cell < 3; cell++) {
            world->computed = 0;
            world_cell_set(world, cell, 5);
            struct outcome outcome = world_run(dice, KIND_FLAKY, FLAKY_UNNEED + which, false);
            CHECK(outcome.value == (cell < which ? 0 : 5));
            CHECK(world->computed == (cell == which ? 1 : 0));
        }
        dice_close(dice);
        free(world);
    }
}

/* What was only glanced at matters when something else makes the key be computed. */
static void glanced(void)
{
    struct world *world = world_new(2, 1000);
    struct dice *dice = world_open(world, 1);
    CHECK(world_run(dice, KIND_FLAKY, FLAKY_GLANCE, false).value == 0);
    world->computed = 0;
    world_cell_set(world, 1, 5);
    CHECK(world_run(dice, KIND_FLAKY, FLAKY_GLANCE, false).value == 0 && world->computed == 0);
    world_cell_set(world, 0, 1);
    CHECK(world_run(dice, KIND_FLAKY, FLAKY_GLANCE, false).value == 5 && world->computed == 1);
    dice_close(dice);
    free(world);
}

/* Nothing is computed when what must be before it fails. */
static void before_fails(void)
{
    struct world *world = world_chain_new(4, 1000);
    world->before_fails = true;
    struct dice *dice = world_open(world, 2);
    struct outcome outcome = world_node_run(dice, 3);
    CHECK(outcome.err == ERR_LIMIT && world->computed == 0 && world->before_count == 1);
    CHECK_STR(str_of(outcome.text), STR("error: no runners\n"));
    world->before_fails = false;
    CHECK(world_node_run(dice, 3).err == OK && world->before_count == 2);
    dice_close(dice);
    free(world);
}

/* Two roots, one of which fails: with keep_going the other is brought to its end. */
static void keeps_going(void)
{
    for (unsigned workers = 1; workers <= 2; workers++) {
        struct world *world = world_new(2, 1000);
        world->fail = 8;
        world_cell_set(world, 0, 8);
        struct dice *dice = world_open(world, workers);
        uint32_t numbers[2] = {0, 1};
        struct dice_want wants[2];
        struct arena arena = {0};
        struct diags diags;
        for (unsigned going = 0; going < 2; going++) {
            diags_init(&diags, &arena, NULL);
            for (unsigned i = 0; i < 2; i++) {
                wants[i] =
                    (struct dice_want){.kind = KIND_NODE, .arg = world_number_str(&numbers[i])};
            }
            struct dice_request request = {.wants = wants, .count = 2, .keep_going = going == 1};
            CHECK(dice_run(dice, &request, &diags) == ERR_INVALID);
            CHECK(wants[0].status == DICE_FAILED);
            CHECK(going == 0 ? workers == 2 || wants[1].status == DICE_PENDING
                             : wants[1].status == DICE_OK);
        }
        arena_release(&arena);
        dice_close(dice);
        free(world);
    }
}

/* So many leaves that several threads check them. */
enum {
    MANY = 20000,
};
struct many {
    _Atomic uint32_t checked[MANY];
    uint32_t changed, read;
};

static enum dice_status many_leaf(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    (void)diags;
    struct many *many = dice_task_context(task);
    many->read++;
    buf_add(ret_value, arg);
    return DICE_OK;
}

static bool many_unchanged(void *context, struct str arg, struct str value, struct str stamp)
{
    struct many *many = context;
    uint32_t number = world_str_number(arg);
    atomic_fetch_add(&many->checked[number], 1);
    return str_eq(arg, value) && stamp.len == 0 && number != many->changed;
}

static enum dice_status many_sum(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    (void)arg;
    (void)diags;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        struct str value;
        enum dice_status status = dice_need(task, 0, world_number_str(&i), &value);
        if (status != DICE_OK) {
            return status;
        }
        sum += world_str_number(value);
    }
    buf_add(ret_value, world_number_str(&sum));
    return DICE_OK;
}

static void many_leaves(void)
{
    static const struct dice_kind kinds[] = {
        {.name = "leaf", .flags = DICE_LEAF, .compute = many_leaf, .unchanged = many_unchanged},
        {.name = "sum", .compute = many_sum},
    };
    struct many *many = memory_calloc(1, sizeof *many);
    many->changed = UINT32_MAX;
    struct dice_options options = {
        .kinds = kinds, .kind_count = 2, .worker_count = 4, .context = many};
    struct dice *dice = NULL;
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    CHECK(dice_open(&options, &dice, &diags) == OK);
    struct dice_statistics statistics;
    for (uint32_t round = 0; round < 4; round++) {
        CHECK(world_run(dice, 1, 0, false).value == (uint32_t)((uint64_t)MANY * (MANY - 1) / 2));
        dice_statistics_get(dice, &statistics);
        CHECK(many->read == (round < 3 ? MANY : MANY + 1));
        CHECK(statistics.validated_count == (round == 0 ? 0 : round < 3 ? MANY + 1 : MANY));
        for (uint32_t i = 0; i < MANY; i++) {
            CHECK(many->checked[i] == round);
        }
        many->changed = round == 2 ? 77 : UINT32_MAX;
    }
    arena_release(&arena);
    dice_close(dice);
    free(many);
}

/* Keys that are computed at once, or never: each waits for all. kind 0: "1" ... "3"; 1: they. */
struct meeting {
    atomic_uint here;
    uint32_t count;
    bool blocks; /* with fewer workers than keys */
};

static enum dice_status meet(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    struct meeting *meeting = dice_task_context(task);
    (void)diags;
    (void)atomic_fetch_add(&meeting->here, 1);
    if (meeting->blocks) {
        dice_task_blocks(task, true);
    }
    for (unsigned i = 0; i < 10000 && atomic_load(&meeting->here) < meeting->count; i++) {
        (void)usleep(1000);
    }
    if (meeting->blocks) {
        dice_task_blocks(task, false);
    }
    buf_add(ret_value, arg);
    return DICE_OK;
}

static enum dice_status meeting_need(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    const struct meeting *meeting = dice_task_context(task);
    struct dice_want wants[MEETING_MAX];
    uint32_t numbers[MEETING_MAX];
    (void)arg;
    (void)diags;
    for (uint32_t i = 0; i < meeting->count; i++) {
        numbers[i] = i;
        wants[i] = (struct dice_want){.kind = 0, .arg = world_number_str(&numbers[i])};
    }
    enum dice_status status = dice_need_all(task, wants, meeting->count);
    if (status == DICE_OK) {
        buf_add(ret_value, world_number_str(&numbers[1]));
    }
    return status;
}

static void meeting_hold(unsigned worker_count, bool blocks)
{
    static const struct dice_kind kinds[] = {
        {.name = "meet", .flags = DICE_TRANSIENT, .compute = meet},
        {.name = "need", .flags = DICE_TRANSIENT, .compute = meeting_need},
    };
    struct meeting meeting = {.blocks = blocks};
    struct dice_options options = {
        .kinds = kinds, .kind_count = 2, .worker_count = worker_count, .context = &meeting};
    struct dice *dice = NULL;
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    CHECK(dice_open(&options, &dice, &diags) == OK);
    for (meeting.count = 2; meeting.count <= MEETING_MAX; meeting.count++) {
        (void)usleep(20000); /* the threads of the meeting before sleep by then */
        atomic_store(&meeting.here, 0);
        CHECK(world_run(dice, 1, 0, false).value == 1);
        CHECK(atomic_load(&meeting.here) == meeting.count);
    }
    arena_release(&arena);
    dice_close(dice);
}

static void meetings(void)
{
    meeting_hold(MEETING_MAX, false);
    meeting_hold(2, true);
}

int main(void)
{
    TEST(meetings);
    TEST(unneeded);
    TEST(glanced);
    TEST(before_fails);
    TEST(keeps_going);
    TEST(many_leaves);
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
