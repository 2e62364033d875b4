/* src/dice/dice.c: opening, transactions, statistics. */
#include "dice/graph.h"
#include <assert.h>
#include <sched.h>
#include <stdlib.h>

static unsigned cpu_count(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

enum err dice_open(const struct dice_options *options, struct dice **ret_dice, struct diags *diags)
{
    (void)diags;
    assert(options->kind_count > 0 && options->kind_count <= UINT16_MAX);
    struct dice *dice = memory_calloc(1, sizeof *dice);
    dice->options = *options;
    dice->worker_count = options->worker_count == 0 ? cpu_count() : options->worker_count;
    dice->threads = memory_calloc((size_t)dice->worker_count * 2, sizeof *dice->threads);
    (void)pthread_mutex_init(&dice->lock, NULL);
    (void)pthread_cond_init(&dice->work, NULL);
    (void)pthread_cond_init(&dice->caller, NULL);
    (void)pthread_cond_init(&dice->leaf_done, NULL);
    dice->graph = options->path == NULL ? NULL : graph_open(options->path, &options->schema);
    keys_init(&dice->keys, dice->graph);
    dice->disk.fd = -1;
    disk_load(dice);
    *ret_dice = dice;
    return OK;
}

void dice_close(struct dice *dice)
{
    if (dice == NULL) {
        return;
    }
    run_release(dice);
    keys_release(&dice->keys);
    graph_close(dice->graph);
    disk_release(&dice->disk);
    free(dice->dirty.ptr);
    arena_release(&dice->run.arena);
    free(dice->order.ptr);
    free(dice->leaves.ptr);
    free(dice->stack.ptr);
    free(dice->roots.ptr);
    (void)pthread_mutex_destroy(&dice->lock);
    (void)pthread_cond_destroy(&dice->work);
    (void)pthread_cond_destroy(&dice->caller);
    (void)pthread_cond_destroy(&dice->leaf_done);
    free(dice);
}

void dice_forget(struct dice *dice)
{
    keys_release(&dice->keys);
    graph_close(dice->graph);
    dice->graph = NULL;
    keys_init(&dice->keys, NULL);
    disk_release(&dice->disk);
    dice->dirty.len = 0;
    dice->changed = true;
}

/* OK, or what before_compute said. */
static enum err transaction(
    struct dice *dice, const struct dice_request *request, struct diags *diags)
{
    dice->version++;
    dice->statistics = (struct dice_statistics){0};
    dice->roots.len = 0;
    for (size_t i = 0; i < request->count; i++) {
        struct dice_want *want = &request->wants[i];
        want->status = DICE_PENDING;
        assert(want->kind < dice->options.kind_count);
        *(uint32_t *)vector_add(&dice->roots, sizeof(uint32_t)) =
            keys_add(dice, key_hash(want->kind, want->arg), want->kind, want->arg);
    }
    const uint32_t *roots = dice->roots.ptr;
    bool kept = walk(dice, roots, request->count);
    if (!kept && !dice_stopping(dice)) {
        enum err err = run_roots(dice, roots, request->count, diags);
        if (err != OK) {
            return err;
        }
    }
    for (size_t i = 0; i < request->count && !atomic_load(&dice->damaged); i++) {
        struct dice_want *want = &request->wants[i];
        if (!row_verified(dice, row_at(&dice->keys, roots[i]))) {
            continue;
        }
        want->status = DICE_OK;
        if (!row_value(dice, roots[i], &want->value)) {
            atomic_store(&dice->damaged, true);
        }
    }
    return OK;
}

enum err dice_run(struct dice *dice, const struct dice_request *request, struct diags *diags)
{
    struct run *run = &dice->run;
    enum err err;
    bool damaged;
    run->opened = dice->options.before_compute == NULL;
    run->hook_err = OK;
    do { /* once more, from nothing, if the graph file turns out to be damaged */
        arena_release(&run->arena);
        diags_init(&run->diags, &run->arena, dice->options.sources);
        run->request = request;
        run->failed = false;
        atomic_store_explicit(&dice->stopped, false, memory_order_relaxed);
        err = transaction(dice, request, diags);
        damaged = atomic_load(&dice->damaged);
        if (damaged) {
            dice_forget(dice);
            atomic_store(&dice->damaged, false);
        }
    } while (err == OK && damaged);
    bool cancelled = atomic_load(&dice->cancelled) && atomic_exchange(&dice->cancelled, false);
    bool given_up = false;
    for (size_t i = 0; i < request->count; i++) {
        given_up = given_up || request->wants[i].status == DICE_PENDING;
    }
    diags_append(diags, &run->diags);
    if (err != OK) {
        return err;
    }
    return run->failed ? ERR_INVALID : cancelled && given_up ? ERR_RETRY : OK;
}

void dice_cancel(struct dice *dice)
{
    atomic_store(&dice->cancelled, true);
}

void dice_statistics_get(const struct dice *dice, struct dice_statistics *ret_statistics)
{
    *ret_statistics = dice->statistics;
    ret_statistics->key_count = dice->keys.row_count;
    ret_statistics->thread_count = dice->thread_count;
}
