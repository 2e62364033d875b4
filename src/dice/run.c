/* src/dice/run.c: the scheduler of one transaction.
 *
 *   job_start -> VALIDATING --all as seen--------------------------------> DONE
 *                  |  ^ group by group    --something differs--> QUEUED
 *                  v  | waits for rows                              |
 *                (waiters)                                          v
 *   (waiters) <- WAITING <---DICE_PENDING--- RUNNING <--------------+
 *                  |                           +--DICE_OK--> DONE, DICE_FAILED --> FAILED
 *                  +--all there--> QUEUED
 *
 * The caller of dice_run is a worker; threads are started only when more is queued than it can
 * take. Computes and the storing of their values run without the lock. */
#include "dice/internal.h"
#include "digest/sha256.h"
#include <assert.h>
#include <signal.h>
#include <stdlib.h>

enum {
    LEAVES_ALONE_MAX = 64,          /* queued behind one: more are worth other threads */
    STACK_BYTES = 16 * 1024 * 1024, /* virtual; computes may recurse */
};

bool thread_start(pthread_t *ret_thread, void *(*start)(void *), void *argument)
{
    pthread_attr_t attr;
    sigset_t all;
    sigset_t old;
    (void)sigfillset(&all);
    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setstacksize(&attr, STACK_BYTES);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(ret_thread, &attr, start, argument);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    (void)pthread_attr_destroy(&attr);
    return error == 0;
}

struct job *job_get(struct dice *dice, uint32_t row)
{
    struct body *body = row_body(dice, row);
    if (body == NULL || body->job != NULL) {
        return body == NULL ? NULL : body->job;
    }
    struct run *run = &dice->run;
    if (run->job_count == run->chunks.len * JOBS_PER_CHUNK) {
        struct job *chunk = memory_calloc(JOBS_PER_CHUNK, sizeof *chunk);
        *(struct job **)vector_add(&run->chunks, sizeof(struct job *)) = chunk;
    }
    struct job *chunk = ((struct job **)run->chunks.ptr)[run->job_count / JOBS_PER_CHUNK];
    struct job *job = &chunk[run->job_count++ % JOBS_PER_CHUNK];
    *job = (struct job){.body = body, .row = row, .cause = ROW_NONE};
    body->job = job;
    return job;
}

static void *worker_main(void *argument);

/* One for each that blocks may stand in, up to twice as many as there should be. */
static unsigned workers_max(const struct dice *dice)
{
    unsigned blocked = dice->blocked < dice->worker_count ? dice->blocked : dice->worker_count;
    return dice->worker_count + blocked;
}

/* Another worker is wanted if more is queued than the one that queues will take itself. */
static void worker_call(struct dice *dice)
{
    if (dice->run.queue_len < (dice->blocked > 0 ? 1 : 2) || !dice->run.opened) {
        return;
    }
    if (dice->run.caller_sleeping) {
        dice->run.caller_sleeping = false; /* the next call is for another */
        (void)pthread_cond_signal(&dice->caller);
    } else if (dice->run.sleeping > dice->run.called) {
        dice->run.called++;
        (void)pthread_cond_signal(&dice->work);
    } else if (dice->thread_count + 1 < workers_max(dice) &&
               thread_start(&dice->threads[dice->thread_count], worker_main, dice)) {
        dice->thread_count++;
    }
}

void dice_task_blocks(struct dice_task *task, bool begins)
{
    struct dice *dice = task->dice;
    (void)pthread_mutex_lock(&dice->lock);
    dice->blocked += begins ? 1U : -1U;
    worker_call(dice);
    (void)pthread_mutex_unlock(&dice->lock);
}

void job_queue(struct dice *dice, struct job *job, bool first)
{
    struct run *run = &dice->run;
    job->state = JOB_QUEUED;
    job->next = first ? run->queue_first : NULL;
    if (run->queue_first == NULL) {
        run->queue_first = run->queue_last = job;
    } else if (first) {
        run->queue_first = job;
    } else {
        run->queue_last->next = job;
        run->queue_last = job;
    }
    run->queue_len++;
    worker_call(dice);
}

/* A leaf may have been read by somebody who needed it at once: such an entry is passed over. */
static struct job *job_pop(struct run *run)
{
    while (run->queue_first != NULL) {
        struct job *job = run->queue_first;
        run->queue_first = job->next;
        run->queue_len--;
        if (job->state == JOB_QUEUED) {
            return job;
        }
    }
    return NULL;
}

static void job_ready(struct run *run, struct job *job)
{
    job->next = run->ready;
    run->ready = job;
}

void job_wait(struct dice *dice, struct job *job, struct job *dep)
{
    struct run *run = &dice->run;
    struct waiter *waiter = vector_add(&run->waiters, sizeof *waiter);
    *waiter =
        (struct waiter){.job = job, .serial = job == NULL ? 0 : job->serial, .next = dep->waiters};
    dep->waiters = run->waiters.len - 1;
    if (job == NULL) {
        run->root_pending++;
    } else {
        job->pending++;
    }
}

/* The job is over: whoever waits for it waits for one less. */
static void job_end(struct dice *dice, struct job *job, enum job_state state)
{
    struct run *run = &dice->run;
    job->state = state;
    uint32_t next = job->waiters;
    while (next != 0) {
        const struct waiter *waiter = (const struct waiter *)run->waiters.ptr + next;
        struct job *who = waiter->job;
        next = waiter->next;
        if (who == NULL) {
            run->root_pending--;
        } else if (who->serial == waiter->serial && --who->pending == 0 &&
                   (who->state == JOB_VALIDATING || who->state == JOB_WAITING)) {
            job_ready(run, who);
        }
    }
    job->waiters = 0;
}

static void job_verify(struct dice *dice, struct job *job)
{
    struct row *row = row_at(&dice->keys, job->row);
    atomic_store_explicit(&row->verified, dice->version, memory_order_release);
    job_end(dice, job, JOB_DONE);
}

void job_fail(struct dice *dice, struct job *job, const struct diags *diags)
{
    struct run *run = &dice->run;
    if (diags != NULL) {
        diags_append(&run->diags, diags);
    }
    run->failed = true;
    if (!run->request->keep_going) {
        atomic_store(&dice->stopped, true);
    }
    job_end(dice, job, JOB_FAILED);
}

static bool dice_is_leaf(const struct dice *dice, const struct body *body)
{
    return (dice->options.kinds[body->kind].flags & DICE_LEAF) != 0;
}

void job_start(struct dice *dice, struct job *job)
{
    if (dice_is_leaf(dice, job->body) || !job->body->has_value) {
        job_queue(dice, job, false);
    } else {
        job->state = JOB_VALIDATING;
        job->position = 0;
        job->serial++;
        job->pending = 0;
        job_ready(&dice->run, job);
    }
}

/* One group of edges. True: all are there, as they were seen; false: the job went elsewhere. */
static bool group_validate(struct dice *dice, struct job *job, uint32_t end)
{
    const struct edge *edges = job->body->edges;
    for (uint32_t i = job->position; i < end; i++) {
        uint32_t dep = edges[i].dep & ~EDGE_GROUP;
        struct row *row = row_at(&dice->keys, dep);
        bool verified = row_verified(dice, row);
        struct job *dep_job = verified ? NULL : job_get(dice, dep);
        if (!verified && dep_job == NULL) {
            atomic_store(&dice->damaged, true);
            return false;
        }
        if (verified ? row->value_id != edges[i].value_id : dep_job->state == JOB_FAILED) {
            job->cause = dep;
            job_queue(dice, job, false);
            return false;
        }
    }
    for (uint32_t i = job->position; i < end; i++) {
        uint32_t dep = edges[i].dep & ~EDGE_GROUP;
        if (!row_verified(dice, row_at(&dice->keys, dep))) {
            struct job *dep_job = job_get(dice, dep);
            if (dep_job->state == JOB_IDLE) {
                job_start(dice, dep_job);
            }
            job_wait(dice, job, dep_job);
        }
    }
    if (job->pending > 0) {
        (void)cycle_close(dice, job); /* one that validates may be computed instead */
        return false;
    }
    return true;
}

static void job_validate(struct dice *dice, struct job *job)
{
    const struct body *body = job->body;
    while (job->position < body->edge_count) {
        uint32_t end = job->position + 1;
        while (end < body->edge_count && (body->edges[end].dep & EDGE_GROUP) == 0) {
            end++;
        }
        if (!group_validate(dice, job, end)) {
            return;
        }
        job->position = end;
    }
    dice->statistics.validated_count++;
    job_verify(dice, job);
}

void jobs_advance(struct dice *dice)
{
    while (dice->run.ready != NULL && !dice_stopping(dice)) {
        struct job *job = dice->run.ready;
        dice->run.ready = job->next;
        if (job->state == JOB_VALIDATING) {
            job_validate(dice, job);
        } else if (job->state == JOB_WAITING) {
            job_queue(dice, job, true);
        }
    }
}

/* What one worker uses again and again. */
struct worker {
    struct dice_task task;
    struct buf value;
    struct arena arena;
    struct diags diags;
};

static void worker_release(struct worker *worker)
{
    buf_release(&worker->value);
    buf_release(&worker->task.stamp);
    free(worker->task.edges.ptr);
    free(worker->task.waits.ptr);
    arena_release(&worker->arena);
}

/* The number of a value: its old one if it was the current or the one before. True if it is the
 * current one. */
static bool value_number(struct row *row, struct body *body, const uint8_t *digest)
{
    if (row->value_id != 0 && memcmp(body->digest, digest, VALUE_HASH_BYTES) == 0) {
        return true;
    }
    uint32_t previous_id = row->value_id;
    uint32_t id_max = row->value_id > body->previous_id ? row->value_id : body->previous_id;
    bool back = body->previous_id != 0 && memcmp(body->previous, digest, VALUE_HASH_BYTES) == 0;
    row->value_id = back ? body->previous_id : id_max + 1;
    assert(row->value_id != 0);
    body->previous_id = previous_id;
    memcpy(body->previous, body->digest, VALUE_HASH_BYTES);
    memcpy(body->digest, digest, VALUE_HASH_BYTES);
    return false;
}

/* True if they are new. */
static bool edges_store(struct body *body, const struct vector *edges)
{
    size_t size_bytes = edges->len * sizeof(struct edge);
    if (edges->len == body->edge_count &&
        (edges->len == 0 || memcmp(edges->ptr, body->edges, size_bytes) == 0)) {
        return false;
    }
    free(body->edges_owned);
    body->edges_owned = NULL;
    if (edges->len > 0) {
        body->edges_owned = memory_alloc(size_bytes);
        memcpy(body->edges_owned, edges->ptr, size_bytes);
    }
    body->edges = body->edges_owned;
    body->edge_count = edges->len;
    return true;
}

/* The bytes of a new value: of its own, or a part of those of another row. */
static void value_keep(struct dice *dice, struct body *body, const struct dice_task *task,
    struct str value, struct str stamp)
{
    struct shared *old = body->owned;
    body->part_of = 0;
    if (task->part_of == ROW_NONE) {
        body->owned = shared_new(value, stamp);
        body->value = body->owned->bytes;
    } else { /* that row is up to date: it has a body if its value is not in the file */
        const struct body *whole =
            atomic_load_explicit(&row_at(&dice->keys, task->part_of)->body, memory_order_acquire);
        body->part_of = task->part_of + 1;
        body->owned = whole == NULL ? NULL : whole->owned;
        body->value = value.ptr;
        if (body->owned != NULL) {
            atomic_fetch_add(&body->owned->count, 1);
        }
    }
    shared_release(old);
    body->value_len = (uint32_t)value.len;
    body->stamp_len = (uint32_t)stamp.len;
}

/* Only the worker that computes a row comes here, and nobody reads the row before it is verified:
 * so without the lock. ret_changed: the file must be written. True: the value is as it was. */
static bool value_store(struct dice *dice, struct worker *worker, bool *ret_changed)
{
    const struct dice_task *task = &worker->task;
    struct job *job = task->job;
    struct body *body = job->body;
    struct str stamp = buf_str(&task->stamp);
    struct str value = task->part_of == ROW_NONE ? buf_str(&worker->value) : task->part;
    struct sha256 sha;
    uint8_t hash[DIGEST_HASH_BYTES];
    assert(value.len < UINT32_MAX / 2 && stamp.len < UINT32_MAX / 2);
    sha256_init(&sha);
    sha256_add(&sha, value);
    sha256_final(&sha, hash);
    bool had_value = body->has_value;
    bool same = value_number(row_at(&dice->keys, job->row), body, hash);
    struct str old_stamp = {
        .ptr = body->value == NULL ? NULL : body->value + body->value_len, .len = body->stamp_len};
    *ret_changed = edges_store(body, &task->edges);
    if (!same || body->value == NULL || !str_eq(stamp, old_stamp) ||
        (task->part_of != ROW_NONE && body->value != value.ptr)) {
        *ret_changed = true;
        value_keep(dice, body, task, value, stamp);
    }
    body->has_value = !task->transient;
    *ret_changed = *ret_changed || had_value != body->has_value;
    return same;
}

/* Under the lock: the file does not have the row as it is now. */
static void row_dirty(struct dice *dice, struct job *job)
{
    dice->changed = true;
    if (!job->body->dirty) {
        job->body->dirty = true;
        *(uint32_t *)vector_add(&dice->dirty, sizeof(uint32_t)) = job->row;
    }
}

/* The compute said DICE_PENDING. */
static void job_suspend(struct dice *dice, const struct dice_task *task)
{
    struct run *run = &dice->run;
    struct job *job = task->job;
    const uint32_t *waits = task->waits.ptr;
    job->wait_begin = run->waits.len;
    job->wait_count = task->waits.len;
    for (uint32_t i = 0; i < task->waits.len; i++) {
        *(uint32_t *)vector_add(&run->waits, sizeof(uint32_t)) = waits[i];
    }
    job->state = JOB_WAITING;
    if (job->pending == 0) {
        job_ready(run, job);
        return;
    }
    if (cycle_close(dice, job)) {
        job_fail(dice, job, NULL);
    }
}

/* Computes a job; the lock is released meanwhile. */
static void job_compute(struct dice *dice, struct worker *worker, struct job *job)
{
    const struct body *body = job->body;
    const struct dice_kind *kind = &dice->options.kinds[body->kind];
    struct dice_task *task = &worker->task;
    bool changed = false;
    bool same = false;
    job->state = JOB_RUNNING;
    job->serial++;
    job->pending = 0;
    (void)pthread_mutex_unlock(&dice->lock);
    task->dice = dice;
    task->job = job;
    task->serial = atomic_fetch_add(&dice->task_serial, 1) + 1;
    task->pending = task->glancing = false;
    task->leaf = (kind->flags & DICE_LEAF) != 0;
    task->transient = (kind->flags & DICE_TRANSIENT) != 0;
    task->edges.len = task->waits.len = 0;
    task->stamp.len = worker->value.len = 0;
    task->part_of = ROW_NONE;
    diags_init(&worker->diags, &worker->arena, dice->options.sources);
    struct str arg = {.ptr = body->arg, .len = body->arg_len};
    enum dice_status status = kind->compute(task, arg, &worker->value, &worker->diags);
    if (status == DICE_OK) {
        assert(!task->pending); /* it cannot know its value: a needed one was not there */
        same = value_store(dice, worker, &changed);
    }
    (void)pthread_mutex_lock(&dice->lock);
    switch (status) {
    case DICE_OK:
        if (changed) {
            row_dirty(dice, job);
        }
        dice->statistics.computed_count++;
        dice->statistics.cut_off_count += same ? 1 : 0;
        job_verify(dice, job);
        break;
    case DICE_FAILED:
        job_fail(dice, job, &worker->diags);
        break;
    case DICE_PENDING:
        assert(task->waits.len > 0 || dice_stopping(dice));
        job_suspend(dice, task);
        break;
    }
    if (worker->arena.block != NULL) {
        arena_release(&worker->arena);
    }
}

/* True: the leaf is as it was. */
static bool leaf_keep(struct dice *dice, struct job *leaf)
{
    const struct body *body = leaf->body;
    const struct dice_kind *kind = &dice->options.kinds[body->kind];
    if (!body->has_value || kind->unchanged == NULL ||
        row_at(&dice->keys, leaf->row)->mark == dice->version) {
        return false; /* the walk has asked already */
    }
    leaf->state = JOB_RUNNING;
    dice->statistics.leaf_count++;
    (void)pthread_mutex_unlock(&dice->lock);
    bool kept =
        kind->unchanged(dice->options.context, (struct str){.ptr = body->arg, .len = body->arg_len},
            (struct str){.ptr = body->value, .len = body->value_len},
            (struct str){.ptr = body->value + body->value_len, .len = body->stamp_len});
    (void)pthread_mutex_lock(&dice->lock);
    if (kept) {
        dice->statistics.validated_count++;
        job_verify(dice, leaf);
    }
    return kept;
}

static void job_work(struct dice *dice, struct worker *worker, struct job *job)
{
    bool leaf = dice_is_leaf(dice, job->body);
    if (!leaf || !leaf_keep(dice, job)) {
        job_compute(dice, worker, job);
    }
    if (leaf && dice->run.leaf_waiting > 0) {
        (void)pthread_cond_broadcast(&dice->leaf_done);
    }
    jobs_advance(dice);
}

void leaf_read(struct dice *dice, struct job *leaf)
{
    struct worker worker = {0};
    job_work(dice, &worker, leaf);
    (void)pthread_mutex_unlock(&dice->lock);
    worker_release(&worker);
    (void)pthread_mutex_lock(&dice->lock);
}

static bool run_over(struct dice *dice)
{
    return dice->run.root_pending == 0 || dice_stopping(dice);
}

/* A row that waits while nothing runs. */
static struct job *job_stuck(struct run *run)
{
    for (uint32_t i = 0; i < run->job_count; i++) {
        struct job *job = &((struct job **)run->chunks.ptr)[i / JOBS_PER_CHUNK][i % JOBS_PER_CHUNK];
        if ((job->state == JOB_WAITING || job->state == JOB_VALIDATING) && job->pending > 0) {
            return job;
        }
    }
    return NULL;
}

/* Before the first job that is more than reading a few leaves. */
static void run_open(struct dice *dice, struct diags *diags)
{
    struct run *run = &dice->run;
    (void)pthread_mutex_unlock(&dice->lock);
    enum err err = dice->options.before_compute(dice->options.context, diags);
    (void)pthread_mutex_lock(&dice->lock);
    run->opened = true;
    run->hook_err = err;
    if (err != OK) {
        atomic_store(&dice->stopped, true);
    }
    worker_call(dice);
}

/* The caller of dice_run: works until the transaction is over. */
static void caller_work(struct dice *dice, struct worker *worker, struct diags *diags)
{
    struct run *run = &dice->run;
    while (!run_over(dice) || run->running > 0) {
        struct job *job = run_over(dice) ? NULL : job_pop(run);
        if (job != NULL && !run->opened &&
            (!dice_is_leaf(dice, job->body) || run->queue_len > LEAVES_ALONE_MAX)) {
            run_open(dice, diags);
            if (run->hook_err != OK) {
                continue;
            }
        }
        if (job != NULL) {
            run->running++;
            job_work(dice, worker, job);
            run->running--;
        } else if (run->running == 0) {
            struct job *stuck = job_stuck(run);
            assert(stuck != NULL);
            cycle_break(dice, stuck);
            jobs_advance(dice);
        } else {
            run->caller_sleeping = true;
            (void)pthread_cond_wait(&dice->caller, &dice->lock);
            run->caller_sleeping = false;
        }
    }
}

/* A thread: works until dice closes. */
static void thread_work(struct dice *dice, struct worker *worker)
{
    struct run *run = &dice->run;
    while (!dice->closing) {
        struct job *job = run->active && run->opened && !run_over(dice) ? job_pop(run) : NULL;
        if (job != NULL) {
            run->running++;
            job_work(dice, worker, job);
            run->running--;
            continue;
        }
        if (run->running == 0 && run->caller_sleeping) {
            (void)pthread_cond_signal(&dice->caller);
        }
        run->sleeping++;
        (void)pthread_cond_wait(&dice->work, &dice->lock);
        run->sleeping--;
        run->called -= run->called > 0 ? 1 : 0;
    }
}

static void *worker_main(void *argument)
{
    struct dice *dice = argument;
    struct worker worker = {0};
    (void)pthread_mutex_lock(&dice->lock);
    thread_work(dice, &worker);
    (void)pthread_mutex_unlock(&dice->lock);
    worker_release(&worker);
    return NULL;
}

static void roots_start(struct dice *dice, const uint32_t *roots, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (row_verified(dice, row_at(&dice->keys, roots[i]))) {
            continue;
        }
        struct job *job = job_get(dice, roots[i]);
        if (job == NULL) {
            atomic_store(&dice->damaged, true);
            return;
        }
        if (job->state == JOB_IDLE) {
            job_start(dice, job);
        }
        job_wait(dice, NULL, job);
    }
    jobs_advance(dice);
}

static void run_end(struct dice *dice)
{
    struct run *run = &dice->run;
    for (uint32_t i = 0; i < run->job_count; i++) {
        struct job *job = &((struct job **)run->chunks.ptr)[i / JOBS_PER_CHUNK][i % JOBS_PER_CHUNK];
        job->body->job = NULL;
    }
    run->active = false;
}

enum err run_roots(struct dice *dice, const uint32_t *roots, size_t count, struct diags *diags)
{
    struct run *run = &dice->run;
    struct worker worker = {0};
    (void)pthread_mutex_lock(&dice->lock);
    run->job_count = run->queue_len = run->root_pending = 0;
    run->queue_first = run->queue_last = run->ready = NULL;
    run->waits.len = run->waiters.len = 0;
    (void)vector_add(&run->waiters, sizeof(struct waiter));
    run->active = true;
    roots_start(dice, roots, count);
    caller_work(dice, &worker, diags);
    for (size_t i = 0; i < count; i++) {
        struct row *row = row_at(&dice->keys, roots[i]);
        const struct body *body = atomic_load_explicit(&row->body, memory_order_relaxed);
        bool failed = body != NULL && body->job != NULL && body->job->state == JOB_FAILED;
        run->request->wants[i].status = row_verified(dice, row) ? DICE_OK
                                        : failed                ? DICE_FAILED
                                                                : DICE_PENDING;
    }
    run_end(dice);
    (void)pthread_mutex_unlock(&dice->lock);
    worker_release(&worker);
    return run->hook_err;
}

void run_release(struct dice *dice)
{
    struct run *run = &dice->run;
    (void)pthread_mutex_lock(&dice->lock);
    dice->closing = true;
    (void)pthread_cond_broadcast(&dice->work);
    (void)pthread_mutex_unlock(&dice->lock);
    for (unsigned i = 0; i < dice->thread_count; i++) {
        (void)pthread_join(dice->threads[i], NULL);
    }
    for (uint32_t i = 0; i < run->chunks.len; i++) {
        free(((struct job **)run->chunks.ptr)[i]);
    }
    free(run->chunks.ptr);
    free(run->waiters.ptr);
    free(run->waits.ptr);
    free(dice->threads);
}
