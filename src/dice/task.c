/* src/dice/task.c: what a compute function may call. */
#include "dice/internal.h"
#include <assert.h>

/* A key asked for again is recorded once. seen may be overwritten by another worker: then an edge
 * is there twice, which costs its bytes only. */
static void edge_record(struct dice_task *task, uint32_t row, struct row *r, uint32_t value_id)
{
    if (task->glancing || atomic_load_explicit(&r->seen, memory_order_relaxed) == task->serial) {
        return;
    }
    atomic_store_explicit(&r->seen, task->serial, memory_order_relaxed);
    struct edge *edge = vector_add(&task->edges, sizeof *edge);
    *edge = (struct edge){.dep = row | (task->group_start ? EDGE_GROUP : 0), .value_id = value_id};
    task->group_start = false;
}

static enum dice_status need_kept(
    struct dice_task *task, uint32_t row, struct row *r, struct str *ret_value)
{
    edge_record(task, row, r, r->value_id);
    if (!row_value(task->dice, row, ret_value)) {
        atomic_store(&task->dice->damaged, true);
        task->pending = true;
        return DICE_PENDING;
    }
    return DICE_OK;
}

/* Under the lock; the key is not verified. DICE_OK: now it is. */
static enum dice_status job_need(struct dice_task *task, uint32_t row)
{
    struct dice *dice = task->dice;
    struct row *r = row_at(&dice->keys, row);
    while (!row_verified(dice, r)) {
        if (dice_stopping(dice)) {
            return DICE_PENDING; /* the transaction ends early */
        }
        struct job *job = job_get(dice, row);
        if (job == NULL) {
            atomic_store(&dice->damaged, true);
            return DICE_PENDING;
        }
        if (job->state == JOB_FAILED) {
            return DICE_FAILED;
        }
        if ((dice->options.kinds[job->body->kind].flags & DICE_LEAF) != 0) {
            if (job->state == JOB_RUNNING) {
                dice->run.leaf_waiting++;
                (void)pthread_cond_wait(&dice->leaf_done, &dice->lock);
                dice->run.leaf_waiting--;
            } else {
                leaf_read(dice, job);
            }
            continue;
        }
        if (job->state == JOB_IDLE) {
            job_start(dice, job);
            jobs_advance(dice);
            if (job->state == JOB_DONE || job->state == JOB_FAILED) {
                continue;
            }
        }
        job_wait(dice, task->job, job);
        *(uint32_t *)vector_add(&task->waits, sizeof(uint32_t)) = row;
        return DICE_PENDING;
    }
    return DICE_OK;
}

static enum dice_status need_slow(
    struct dice_task *task, uint32_t hash, unsigned kind, struct str arg, struct str *ret_value)
{
    struct dice *dice = task->dice;
    (void)pthread_mutex_lock(&dice->lock);
    uint32_t row = keys_add(dice, hash, kind, arg);
    enum dice_status status = job_need(task, row);
    (void)pthread_mutex_unlock(&dice->lock);
    struct row *r = row_at(&dice->keys, row);
    switch (status) {
    case DICE_OK:
        return need_kept(task, row, r, ret_value);
    case DICE_FAILED:
        edge_record(task, row, r, 0);
        break;
    case DICE_PENDING:
        task->pending = true;
        break;
    }
    return status;
}

static enum dice_status need(
    struct dice_task *task, unsigned kind, struct str arg, struct str *ret_value)
{
    struct dice *dice = task->dice;
    assert(kind < dice->options.kind_count && !task->leaf);
    uint32_t hash = key_hash(kind, arg);
    uint32_t row = keys_get(dice, hash, kind, arg);
    if (row != ROW_NONE) {
        struct row *r = row_at(&dice->keys, row);
        if (row_verified(dice, r)) {
            return need_kept(task, row, r, ret_value);
        }
    }
    return need_slow(task, hash, kind, arg, ret_value);
}

enum dice_status dice_need(
    struct dice_task *task, unsigned kind, struct str arg, struct str *ret_value)
{
    task->group_start = true;
    return need(task, kind, arg, ret_value);
}

enum dice_status dice_glance(
    struct dice_task *task, unsigned kind, struct str arg, struct str *ret_value)
{
    task->glancing = true;
    enum dice_status status = need(task, kind, arg, ret_value);
    task->glancing = false;
    return status;
}

enum {
    LEAVES_ALONE_MAX = 8, /* more than so many are worth another worker */
};

/* Leaves that are not there are queued first, so that other workers help to read them. */
static void leaves_queue(struct dice_task *task, const struct dice_want *wants, size_t count)
{
    struct dice *dice = task->dice;
    if (count <= LEAVES_ALONE_MAX || dice->worker_count < 2) {
        return;
    }
    for (size_t i = 0; i < count && !dice_stopping(dice); i++) {
        if ((dice->options.kinds[wants[i].kind].flags & DICE_LEAF) == 0) {
            continue;
        }
        uint32_t hash = key_hash(wants[i].kind, wants[i].arg);
        uint32_t row = keys_get(dice, hash, wants[i].kind, wants[i].arg);
        if (row != ROW_NONE && row_verified(dice, row_at(&dice->keys, row))) {
            continue;
        }
        (void)pthread_mutex_lock(&dice->lock);
        row = keys_add(dice, hash, wants[i].kind, wants[i].arg);
        struct job *job = row_verified(dice, row_at(&dice->keys, row)) ? NULL : job_get(dice, row);
        if (job != NULL && job->state == JOB_IDLE) {
            job_start(dice, job);
        }
        (void)pthread_mutex_unlock(&dice->lock);
    }
}

enum dice_status dice_need_all(struct dice_task *task, struct dice_want *wants, size_t count)
{
    bool pending = false;
    bool failed = false;
    leaves_queue(task, wants, count);
    task->group_start = true;
    for (size_t i = 0; i < count; i++) {
        wants[i].status = need(task, wants[i].kind, wants[i].arg, &wants[i].value);
        pending = pending || wants[i].status == DICE_PENDING;
        failed = failed || wants[i].status == DICE_FAILED;
    }
    return pending ? DICE_PENDING : failed ? DICE_FAILED : DICE_OK;
}

void dice_unneed(struct dice_task *task, unsigned kind, struct str arg)
{
    struct dice *dice = task->dice;
    uint32_t row = keys_get(dice, key_hash(kind, arg), kind, arg);
    struct edge *edges = task->edges.ptr;
    uint32_t i = 0;
    while (i < task->edges.len && (edges[i].dep & ~EDGE_GROUP) != row) {
        i++;
    }
    if (row == ROW_NONE || i == task->edges.len) {
        return;
    }
    if (i + 1 < task->edges.len) { /* the next one may begin the group now */
        edges[i + 1].dep |= edges[i].dep & EDGE_GROUP;
        memmove(edges + i, edges + i + 1, (task->edges.len - i - 1) * sizeof *edges);
    }
    task->edges.len--;
    atomic_store_explicit(&row_at(&dice->keys, row)->seen, 0, memory_order_relaxed);
}

void *dice_task_context(struct dice_task *task)
{
    return task->dice->options.context;
}

void dice_task_part(struct dice_task *task, unsigned kind, struct str arg, struct str part)
{
    struct dice *dice = task->dice;
    struct str value = {0};
    uint32_t row = keys_get(dice, key_hash(kind, arg), kind, arg);
    bool there = row != ROW_NONE && row_verified(dice, row_at(&dice->keys, row)) &&
                 row_value(dice, row, &value);
    if (!there) {
        assert(atomic_load(&dice->damaged)); /* it was needed: so it is there */
        return;
    }
    assert(!task->leaf && part.ptr >= value.ptr && part.len <= value.len &&
           (size_t)(part.ptr - value.ptr) <= value.len - part.len);
    task->part_of = row;
    task->part = part;
}

void dice_task_stamp(struct dice_task *task, struct str stamp)
{
    assert(task->leaf);
    task->stamp.len = 0;
    buf_add(&task->stamp, stamp);
}

void dice_task_transient(struct dice_task *task)
{
    task->transient = true;
}

bool dice_task_previous(struct dice_task *task, struct str *ret_value)
{
    const struct body *body = task->job->body;
    if (!body->has_value) {
        return false;
    }
    *ret_value = (struct str){.ptr = body->value, .len = body->value_len};
    return true;
}

bool dice_task_cancelled(struct dice_task *task)
{
    return dice_stopping(task->dice);
}

struct str key_describe(struct dice *dice, const struct body *body, struct arena *arena)
{
    struct str arg = {.ptr = body->arg, .len = body->arg_len};
    const struct dice_request *request = dice->run.request;
    if (request->describe != NULL) {
        return request->describe(dice->options.context, body->kind, arg, arena);
    }
    return arena_printf(arena, "%s %.*s", dice->options.kinds[body->kind].name, STR_ARG(arg));
}

struct str dice_task_cause(struct dice_task *task, struct arena *arena)
{
    struct dice *dice = task->dice;
    if (task->job->cause == ROW_NONE) {
        return STR("");
    }
    (void)pthread_mutex_lock(&dice->lock);
    const struct body *body = row_body(dice, task->job->cause);
    (void)pthread_mutex_unlock(&dice->lock);
    return body == NULL ? STR("") : key_describe(dice, body, arena);
}
