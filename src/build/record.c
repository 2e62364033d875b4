/* src/build/record.c: what becomes the build's record in the log, gathered while it runs.
 *
 *   action_do -> record_begin: a lane, the time -> record_end: one action encoded
 *   build_run -> record_write: header, texts, actions -> log_write */
#include "build/record.h"
#include "build/peaks.h"
#include <stdlib.h>
#include <time.h>

struct record {
    struct arena arena;
    struct table texts;
    struct buf actions;
    uint64_t action_count;
    uint64_t started_us, monotonic_us;
    bool lanes[RECORD_LANES_MAX]; /* taken */
};

static uint64_t clock_us(clockid_t clock)
{
    struct timespec now;
    return clock_gettime(clock, &now) == 0
               ? (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000
               : 0;
}

uint64_t record_clock_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

struct record *record_new(void)
{
    struct record *record = memory_calloc(1, sizeof *record);
    record->started_us = clock_us(CLOCK_REALTIME);
    record->monotonic_us = clock_us(CLOCK_MONOTONIC);
    return record;
}

void record_free(struct record *record)
{
    if (record != NULL) {
        table_release(&record->texts);
        buf_release(&record->actions);
        arena_release(&record->arena);
        free(record);
    }
}

void record_begin(struct job *job)
{
    struct engine *engine = job->engine;
    job->start_us = clock_us(CLOCK_MONOTONIC) - engine->record->monotonic_us;
    if (pthread_mutex_lock(&engine->lock) == 0) {
        size_t lane = 0;
        while (lane + 1 < RECORD_LANES_MAX && engine->record->lanes[lane]) {
            lane++;
        }
        engine->record->lanes[lane] = true;
        job->lane = lane + 1;
        (void)pthread_mutex_unlock(&engine->lock);
    }
}

static struct strs env_of(const struct job *job)
{
    const struct exec_env *env = action_env(job->action, job->arena), *whole = env;
    size_t count = job->action->env_count;
    struct diags ignored; /* what cannot be is told where the key is made */
    diags_init(&ignored, job->arena, NULL);
    (void)!exec_env_whole(env, count, job->arena, &whole, &count, &ignored);
    struct str *at = ARENA_NEW(job->arena, struct str, count);
    for (size_t i = 0; i < count; i++) {
        at[i] =
            arena_printf(job->arena, "%.*s=%.*s", STR_ARG(whole[i].name), STR_ARG(whole[i].value));
    }
    return (struct strs){.at = at, .count = count};
}

static struct str digest_text(const struct job *job, const struct digest *digest)
{
    char text[DIGEST_TEXT_MAX];
    return arena_str(job->arena, digest_format(digest, text));
}

static struct strs trees_of(const struct job *job)
{
    size_t count = job->expansion.tree_count;
    struct str *at = ARENA_NEW(job->arena, struct str, count);
    for (size_t i = 0; i < count; i++) {
        const struct piece *tree = &job->expansion.trees[i];
        struct str text = digest_text(job, &tree->digest);
        at[i] = arena_printf(job->arena, "/%.*s %.*s", STR_ARG(tree->text), STR_ARG(text));
    }
    return (struct strs){.at = at, .count = count};
}

/* Files and folders that it makes, as it sees them. */
static struct strs outputs_of(const struct job *job)
{
    struct strs files = job->expansion.outputs, folders = job->expansion.folders;
    struct str *at = ARENA_NEW(job->arena, struct str, files.count + folders.count);
    for (size_t i = 0; i < files.count; i++) {
        at[i] = files.at[i];
    }
    for (size_t i = 0; i < folders.count; i++) {
        at[files.count + i] = folders.at[i];
    }
    return (struct strs){.at = at, .count = files.count + folders.count};
}

void record_describe(struct job *job, struct log_action *ret_action)
{
    size_t input_count = job->expansion.input_count;
    struct log_input *inputs = ARENA_NEW(job->arena, struct log_input, input_count);
    for (size_t i = 0; i < input_count; i++) {
        inputs[i].path = job->expansion.inputs[i].path;
        inputs[i].digest =
            job->entries == NULL ? STR("") : digest_text(job, &job->entries[i].digest);
        inputs[i].kind = job->entries == NULL ? TREE_FILE : job->entries[i].kind;
    }
    *ret_action = (struct log_action){.key = action_key(job->label, job->number, job->arena),
        .label = label_show(job->engine, job->label, job->arena),
        .what = action_describe(job->action, job->arena),
        .identifier = job->action->identifier,
        .argv = {.at = job->expansion.argv, .count = job->expansion.argv_count},
        .env = env_of(job),
        .trees = trees_of(job),
        .outputs = outputs_of(job),
        .folder_count = job->expansion.folders.count,
        .producers = job->outcome.producers,
        .inputs = inputs,
        .input_count = input_count};
}

struct str record_cause(struct job *job)
{
    if (job->check != LOG_UNCHECKED) {
        return STR("--check");
    }
    struct str cause = dice_task_cause(job->task, job->arena);
    if (!str_eq(cause, label_show(job->engine, job->label, job->arena))) {
        return cause;
    }
    struct str below = package_cause(job->engine, job->label, job->arena);
    return below.len == 0
               ? cause
               : arena_printf(job->arena, "%.*s -> %.*s", STR_ARG(cause), STR_ARG(below));
}

void record_end(struct job *job, enum log_end end)
{
    struct engine *engine = job->engine;
    struct record *record = engine->record;
    struct log_action action;
    record_describe(job, &action);
    action.end = end;
    action.cause = record_cause(job);
    action.start_us = job->start_us;
    action.wall_us = clock_us(CLOCK_MONOTONIC) - record->monotonic_us - job->start_us;
    action.user_us = job->user_us;
    action.system_us = job->system_us;
    action.rss_max_bytes = job->rss_max_bytes;
    action.memory_bytes = job->memory_bytes;
    action.waited_us = job->waited_us;
    action.check = job->check;
    action.lane = end == LOG_CACHED ? 0 : job->lane;
    action.digest = end == LOG_WAITS ? STR("") : digest_text(job, &job->key);
    events_end(engine, &action);
    progress_done(engine, action.key);
    if (end == LOG_RAN) {
        peaks_add(engine->durations, action_name(job), STR(""), action.wall_us);
    }
    if (pthread_mutex_lock(&engine->lock) == 0) {
        log_action_encode(&action, &record->texts, &record->arena, &record->actions);
        record->action_count++;
        if (job->lane > 0) {
            record->lanes[job->lane - 1] = false;
        }
        (void)pthread_mutex_unlock(&engine->lock);
    }
}

void record_cancel(struct job *job)
{
    if (job->lane > 0 && pthread_mutex_lock(&job->engine->lock) == 0) {
        job->engine->record->lanes[job->lane - 1] = false;
        (void)pthread_mutex_unlock(&job->engine->lock);
    }
}

void record_bytes(struct engine *engine, const struct goal *goal, bool ok, struct buf *ret_record)
{
    struct record *record = engine->record;
    struct log_build build = {.started_us = record->started_us,
        .wall_us = clock_us(CLOCK_MONOTONIC) - record->monotonic_us,
        .patterns = goal->patterns,
        .tests = engine->options.mode == BUILD_TESTS,
        .ok = ok,
        .interrupted = atomic_load(&engine->interrupted),
        .total = ok ? goal->action_count : 0,
        .action_count = record->action_count};
    log_build_encode(&build, &record->texts, buf_str(&record->actions), ret_record);
}

void record_write(struct engine *engine, const struct goal *goal, bool ok)
{
    if (engine->record->action_count == 0 || engine->store_is_read_only) {
        return;
    }
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, engine->sources);
    AUTO_BUF bytes = {0};
    record_bytes(engine, goal, ok, &bytes);
    if (log_write(engine->workspace.state, buf_str(&bytes), &arena, &diags) != OK) {
        progress_diags(engine, &diags); /* the build itself is none the worse */
    }
    arena_release(&arena);
}
