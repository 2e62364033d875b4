/* src/dice/test_world.c */
#include "dice/test_world.h"
#include <assert.h>
#include <stdio.h>

uint32_t world_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 32);
}

struct str world_number_str(const uint32_t *number)
{
    return (struct str){.ptr = (const char *)number, .len = sizeof *number};
}

uint32_t world_str_number(struct str bytes)
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
    struct world *world = dice_task_context(task);
    uint32_t cell = world_str_number(arg);
    if (cell >= WORLD_MAX) { /* a forged graph file can ask for it */
        return diag_add(diags, ERR_INVALID, SPAN_NONE, "no cell %u", cell) == OK ? DICE_OK
                                                                                 : DICE_FAILED;
    }
    atomic_fetch_add(&world->cells_read, 1);
    dice_task_stamp(task, world_number_str(&world->stamps[cell]));
    buf_add(ret_value, world_number_str(&world->cells[cell]));
    return DICE_OK;
}

static bool cell_unchanged(void *context, struct str arg, struct str value, struct str stamp)
{
    const struct world *world = context;
    uint32_t cell = world_str_number(arg);
    return cell < WORLD_MAX && value.len == sizeof(uint32_t) &&
           world_str_number(stamp) == world->stamps[cell];
}

/* Nodes above world.count are cells: number - count. */
static enum dice_status node_work(struct world *world, struct dice_task *task, uint32_t node,
    struct buf *ret_value, struct diags *diags)
{
    struct str value;
    if (world->dice_to_cancel != NULL && node == 3) {
        dice_cancel(world->dice_to_cancel);
    }
    enum dice_status status = dice_need(task, KIND_CELL, world_number_str(&node), &value);
    if (status != DICE_OK) {
        return status;
    }
    uint32_t sum = world_str_number(value);
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
        wants[i] = (struct dice_want){.kind = dep < world->count ? KIND_NODE : KIND_CELL,
            .arg = world_number_str(&numbers[i])};
    }
    status = dice_need_all(task, wants, count);
    if (status != DICE_OK) {
        return status;
    }
    for (uint32_t i = 0; i < count; i++) {
        sum = sum * 31 + world_str_number(wants[i].value);
    }
    sum %= world->modulus;
    buf_add(ret_value, world_number_str(&sum));
    atomic_fetch_add(&world->computed, 1);
    atomic_fetch_add(&world->runs_of[node], 1);
    return DICE_OK;
}

static enum dice_status node_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    struct world *world = dice_task_context(task);
    uint32_t node = world_str_number(arg);
    if (node >= world->count) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE, "no node %u", node) == OK ? DICE_OK
                                                                                 : DICE_FAILED;
    }
    if (atomic_exchange(&world->running[node], true)) {
        atomic_store(&world->overlap, true);
    }
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

/* Needs cells 0, 1, 2 at once; is the value of `which`, and unneeds the others. */
static enum dice_status unneed_compute(
    struct dice_task *task, uint32_t which, struct buf *ret_value)
{
    uint32_t cells[3] = {0, 1, 2};
    struct dice_want wants[3];
    for (unsigned i = 0; i < 3; i++) {
        wants[i] = (struct dice_want){.kind = KIND_CELL, .arg = world_number_str(&cells[i])};
    }
    enum dice_status status = dice_need_all(task, wants, 3);
    for (unsigned i = 0; status == DICE_OK && i < 3; i++) {
        if (cells[i] != which) {
            dice_unneed(task, KIND_CELL, wants[i].arg);
        } else {
            buf_add(ret_value, wants[i].value);
        }
    }
    return status;
}

static enum dice_status flaky_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    (void)diags;
    struct world *world = dice_task_context(task);
    uint32_t run = atomic_fetch_add(&world->computed, 1);
    if (world_str_number(arg) >= FLAKY_UNNEED) {
        return unneed_compute(task, world_str_number(arg) - FLAKY_UNNEED, ret_value);
    }
    if (world_str_number(arg) == FLAKY_GLANCE) {
        uint32_t cells[2] = {0, 1};
        struct str value;
        enum dice_status status = dice_need(task, KIND_CELL, world_number_str(&cells[0]), &value);
        status = status == DICE_OK
                     ? dice_glance(task, KIND_CELL, world_number_str(&cells[1]), &value)
                     : status;
        buf_add(ret_value, status == DICE_OK ? value : STR(""));
        return status;
    }
    if (world_str_number(arg) == 1) {
        dice_task_transient(task);
        run = 7;
    }
    buf_add(ret_value, world_number_str(&run));
    return DICE_OK;
}

static enum dice_status whole_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    (void)diags;
    struct str value;
    enum dice_status status = dice_need(task, KIND_CELL, arg, &value);
    size_t len = world_str_number(arg) == 3 ? 40 : WHOLE_BYTES;
    while (status == DICE_OK && ret_value->len < len) {
        buf_add(ret_value, value);
    }
    return status;
}

static enum dice_status part_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    (void)diags;
    (void)ret_value;
    struct world *world = dice_task_context(task);
    struct str value;
    enum dice_status status = dice_need(task, KIND_WHOLE, arg, &value);
    if (status == DICE_OK) {
        atomic_fetch_add(&world->computed, 1);
        dice_task_part(task, KIND_WHOLE, arg, str_sub(value, 12, 16));
    }
    return status;
}

static const struct dice_kind world_kinds[] = {
    {.name = "cell", .flags = DICE_LEAF, .compute = cell_compute, .unchanged = cell_unchanged},
    {.name = "node", .compute = node_compute},
    {.name = "flaky", .compute = flaky_compute},
    {.name = "whole", .compute = whole_compute},
    {.name = "part", .compute = part_compute},
};

struct str world_describe(void *context, unsigned kind, struct str arg, struct arena *arena)
{
    (void)context;
    return arena_printf(arena, "%s%u", kind == KIND_CELL ? "c" : "n", world_str_number(arg));
}

static enum err world_before(void *context, struct diags *diags)
{
    struct world *world = context;
    world->before_count++;
    return world->before_fails ? diag_add(diags, ERR_LIMIT, SPAN_NONE, "no runners") : OK;
}

struct dice *world_open(struct world *world, unsigned workers)
{
    struct dice_options options = {
        .kinds = world_kinds,
        .kind_count = sizeof world_kinds / sizeof world_kinds[0],
        .worker_count = workers,
        .context = world,
        .path = world->path,
        .always_whole = world->always_whole,
        .io = world->io,
        .schema = {.hash = {world->schema}},
        .before_compute = world_before,
    };
    struct dice *dice = NULL;
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    enum err err = dice_open(&options, &dice, &diags);
    arena_release(&arena);
    assert(err == OK);
    return dice;
}

struct world *world_new(uint32_t count, uint32_t modulus)
{
    struct world *world = memory_calloc(1, sizeof *world);
    world->count = count;
    world->modulus = modulus;
    world->cause_of = UINT32_MAX;
    return world;
}

void world_cell_set(struct world *world, uint32_t cell, uint32_t value)
{
    world->cells[cell] = value;
    world->stamps[cell]++;
}

/* The model: what node is worth, without dice. */
uint32_t world_model(const struct world *world, uint32_t node, uint32_t *memo)
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

struct outcome world_run(struct dice *dice, unsigned kind, uint32_t number, bool keep_going)
{
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    struct dice_want want = {.kind = kind, .arg = world_number_str(&number)};
    struct dice_request request = {
        .wants = &want, .count = 1, .keep_going = keep_going, .describe = world_describe};
    struct outcome outcome = {.err = dice_run(dice, &request, &diags)};
    outcome.status = want.status;
    outcome.value = want.status == DICE_OK ? world_str_number(want.value) : UINT32_MAX;
    AUTO_BUF text = {0};
    diags_format(&diags, false, &text);
    (void)snprintf(outcome.text, sizeof outcome.text, "%.*s", STR_ARG(buf_str(&text)));
    arena_release(&arena);
    return outcome;
}

struct outcome world_node_run(struct dice *dice, uint32_t node)
{
    return world_run(dice, KIND_NODE, node, false);
}

/* Node i needs node i - 1; node 0 needs nothing but its switch. */
struct world *world_chain_new(uint32_t count, uint32_t modulus)
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

void world_randomize(struct world *world, uint64_t *random)
{
    for (uint32_t node = 0; node < world->count; node++) {
        world_cell_set(world, node, world_random(random) % 100);
        for (uint32_t list = 0; list < 2; list++) {
            uint32_t count = node == 0 ? 0 : world_random(random) % DEPS_MAX;
            world->dep_counts[node][list] = count;
            for (uint32_t i = 0; i < count; i++) {
                world->deps[node][list][i] =
                    world_random(random) % 3 == 0
                        ? world->count + world_random(random) % world->count
                        : world_random(random) % node;
            }
        }
    }
}
