/* src/dice/cycle.c: rows that wait for themselves.
 *
 *   job --needs--> dep --waits--> ... --waits--> job
 *
 * A cycle closes when a row begins to wait for one that waits already. Nearly all are short: a
 * bounded search at that moment tells of them early. A longer one is found when nothing runs any
 * more. A row that only validates may wait by what it remembers: it is computed, to see whether it
 * still does. */
#include "dice/internal.h"
#include <assert.h>
#include <stdlib.h>

enum {
    STEPS_MAX = 64, /* of the early search: waits looked at */
    SHOWN_MAX = 10, /* keys of a cycle that are told; of a longer one the first and last of them */
};

struct path {
    struct job *jobs[STEPS_MAX];
    uint32_t len;
    uint32_t steps;
};

static bool job_waits_now(const struct job *job)
{
    return (job->state == JOB_WAITING || job->state == JOB_VALIDATING) && job->pending > 0;
}

/* The rows a job waits for, some of which may be there meanwhile: number i, or ROW_NONE. */
static uint32_t job_waits_for(const struct dice *dice, const struct job *job, uint32_t i)
{
    if (job->state == JOB_WAITING) {
        return i < job->wait_count ? ((const uint32_t *)dice->run.waits.ptr)[job->wait_begin + i]
                                   : ROW_NONE;
    }
    const struct body *body = job->body;
    uint32_t at = job->position + i;
    if (at >= body->edge_count || (i > 0 && (body->edges[at].dep & EDGE_GROUP) != 0)) {
        return ROW_NONE;
    }
    return body->edges[at].dep & ~EDGE_GROUP;
}

static struct job *job_of(struct dice *dice, uint32_t row)
{
    const struct body *body =
        atomic_load_explicit(&row_at(&dice->keys, row)->body, memory_order_acquire);
    return body == NULL ? NULL : body->job;
}

/* Is there a way from the last job of the path to the first one? The path then has it. Depth is
 * bounded by steps. */
static bool path_find(struct dice *dice, struct path *path)
{
    const struct job *job = path->jobs[path->len - 1];
    uint32_t row;
    for (uint32_t i = 0; (row = job_waits_for(dice, job, i)) != ROW_NONE; i++) {
        if (path->steps == STEPS_MAX) {
            return false;
        }
        path->steps++;
        struct job *dep = job_of(dice, row);
        if (dep == NULL || !job_waits_now(dep)) {
            continue;
        }
        if (dep == path->jobs[0]) {
            return true;
        }
        if (dep->search == dice->run.search) {
            continue;
        }
        dep->search = dice->run.search;
        path->jobs[path->len++] = dep;
        if (path_find(dice, path)) {
            return true;
        }
        path->len--;
    }
    return false;
}

/* True: one of them only validates and is computed now. */
static bool cycle_recompute(struct dice *dice, struct job *const *jobs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        assert(jobs != NULL && jobs[i] != NULL);
        if (jobs[i]->state == JOB_VALIDATING) {
            job_queue(dice, jobs[i], true);
            return true;
        }
    }
    return false;
}

static void cycle_tell(struct dice *dice, struct job *const *jobs, uint32_t count)
{
    struct run *run = &dice->run;
    AUTO_BUF text = {0};
    assert(count > 0);
    for (uint32_t i = 0; i <= count; i++) {
        struct str key = key_describe(dice, jobs[i % count]->body, &run->arena);
        buf_add(&text, i == 0 ? STR("") : STR(" -> "));
        buf_add(&text, key);
        if (count > SHOWN_MAX && i + 1 == SHOWN_MAX / 2) {
            buf_printf(&text, " -> ... %u more ...", count - SHOWN_MAX);
            i += count - SHOWN_MAX;
        }
    }
    struct span span = SPAN_NONE;
    if (dice->options.place != NULL) {
        const struct body *from = jobs[0]->body, *to = jobs[1 % count]->body;
        span = dice->options.place(dice->options.context, from->kind,
            (struct str){.ptr = from->arg, .len = from->arg_len},
            (struct str){.ptr = to->arg, .len = to->arg_len});
    }
    diags_end_chain(&run->diags);
    run->failed = diag_add(&run->diags, ERR_INVALID, span, "dependency cycle: %.*s",
                      STR_ARG(buf_str(&text))) != OK;
    diags_end_chain(&run->diags);
    if (!run->request->keep_going) {
        atomic_store(&dice->stopped, true);
    }
}

bool cycle_close(struct dice *dice, struct job *job)
{
    struct path path; /* not cleared: this is called for each wait */
    path.len = path.steps = 1;
    path.jobs[0] = job;
    dice->run.search++;
    if (!path_find(dice, &path) || cycle_recompute(dice, path.jobs, path.len)) {
        return false;
    }
    cycle_tell(dice, path.jobs, path.len);
    return true;
}

void cycle_break(struct dice *dice, struct job *start)
{
    struct vector path = {0};
    struct job *job = start;
    while (job->path == 0) {
        *(struct job **)vector_add(&path, sizeof job) = job;
        job->path = path.len;
        struct job *next = NULL;
        uint32_t row;
        for (uint32_t i = 0; next == NULL && (row = job_waits_for(dice, job, i)) != ROW_NONE; i++) {
            struct job *dep = job_of(dice, row);
            next = dep != NULL && job_waits_now(dep) ? dep : NULL;
        }
        assert(next != NULL); /* nothing runs and nothing is queued: it waits for one that waits */
        job = next;
    }
    struct job **jobs = path.ptr;
    uint32_t begin = job->path - 1;
    assert(jobs != NULL && begin < path.len);
    for (uint32_t i = 0; i < path.len; i++) {
        jobs[i]->path = 0;
    }
    if (!cycle_recompute(dice, jobs + begin, path.len - begin)) {
        cycle_tell(dice, jobs + begin, path.len - begin);
        job_fail(dice, job, NULL);
    }
    free(path.ptr);
}
