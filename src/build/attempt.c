/* src/build/attempt.c: one action run, when there is room for it, as often as it takes.
 *
 *   action_enter: memory, a token
 *   action_run: runs (a test's own, or --runs-per-test)
 *     run_attempts: until one is good (flaky tests)
 *       run_once -> exec_run
 *   action_measure, action_leave */
#include "build/peaks.h"
#include "build/record.h"
#include "build/tokens.h"

enum {
    FLAKY_ATTEMPTS = 3, /* as Bazel's --flaky_test_attempts has it */
};

static enum err run_once(struct job *job, bool varied, struct exec_result *ret_result)
{
    const struct action *action = job->action;
    const struct expansion *expansion = &job->expansion;
    struct exec_action run = {.root = job->merged.root,
        .inputs = job->entries,
        .input_count = expansion->input_count,
        .argv = expansion->argv,
        .argv_count = expansion->argv_count,
        .env = action_env(action, job->arena),
        .env_count = action->env_count,
        .outputs = expansion->outputs.at,
        .output_count = expansion->outputs.count,
        .folders = expansion->folders.at,
        .folder_count = expansion->folders.count,
        .shares_tokens = action->jobserver,
        .varied = varied,
        .timeout_ms = action_timeout_ms(job)};
    enum err err = exec_run(job->engine->exec, &run, job->arena, ret_result, job->diags);
    job->ran = job->ran || ret_result->ran;
    return err;
}

enum err action_run_varied(struct job *job, struct exec_result *ret_result)
{
    *ret_result = (struct exec_result){0};
    return run_once(job, true, ret_result);
}

bool result_is_good(const struct exec_result *result)
{
    return result->end == EXEC_EXITED && result->code == 0 && result->missing.len == 0;
}

/* How often one run of a test may be tried. Forced runs are there to see what fails. */
static uint64_t attempts_max(const struct job *job)
{
    uint64_t asked = job->engine->options.test_attempts;
    if (!job->is_test || job->is_forced) {
        return 1;
    }
    return asked > 0 ? asked : job->analysis->target.test_flaky ? FLAKY_ATTEMPTS : 1;
}

/* One run: over when an attempt is good, or there are no more. */
static enum err run_attempts(struct job *job, struct exec_result *ret_result, bool *ret_good)
{
    enum err err = OK;
    *ret_good = false;
    for (uint64_t i = attempts_max(job); i > 0 && !*ret_good && err == OK; i--) {
        *ret_result = (struct exec_result){0};
        err = run_once(job, false, ret_result);
        *ret_good = err == OK && result_is_good(ret_result);
        job->outcome.run_count++;
        if (!*ret_good) {
            job->outcome.failed_count++;
            job->failure = *ret_result;
        }
        if (ret_result->end == EXEC_CANCELLED) {
            break;
        }
    }
    return err;
}

/* A test must pass as often as its target says; a forced one goes on after a failure, to tell how
 * often it fails. The result is that of the last failure, unless another attempt was good. */
enum err action_run(struct job *job, struct exec_result *ret_result)
{
    uint64_t runs = job->is_test ? job->analysis->target.test_runs : 1;
    runs = job->is_forced ? job->engine->options.test_runs : runs;
    enum err err = OK;
    bool all_good = true;
    do {
        bool good = false;
        struct exec_result result;
        err = run_attempts(job, &result, &good);
        if (!good || all_good) {
            *ret_result = result;
        }
        all_good = all_good && good;
        runs -= runs > 0 ? 1 : 0;
        if (err != OK || result.end == EXEC_CANCELLED) {
            break;
        }
    } while (runs > 0 && (all_good || job->is_forced));
    return err;
}

/* Memory. */

static struct str peak_name(struct job *job)
{
    struct str label = label_key(job->label, job->arena);
    struct str what = action_describe(job->action, job->arena);
    return arena_printf(job->arena, "%.*s %.*s", STR_ARG(label), STR_ARG(what));
}

/* What it will take: what it says itself, else what it took before. */
static uint64_t memory_of(struct job *job)
{
    uint64_t declared = job->action->memory_bytes;
    return declared > 0 ? declared
                        : peaks_get(job->engine->peaks, peak_name(job), job->action->category);
}

static bool gives_up(void *context)
{
    struct job *job = context;
    return dice_task_cancelled(job->task) || atomic_load(&job->engine->interrupted);
}

static bool memory_enter(struct job *job)
{
    struct memory_turn *turn = &job->turn;
    struct memory *memory = job->engine->memory;
    turn->bytes = job->memory_bytes = memory_of(job);
    if (memory_try(memory, turn)) {
        return true;
    }
    uint64_t start_us = record_clock_us();
    dice_task_blocks(job->task, true);
    bool entered = memory_wait(memory, turn, gives_up, job);
    dice_task_blocks(job->task, false);
    job->waited_us = record_clock_us() - start_us;
    return entered;
}

/* Memory first: who waits for it does not keep a token from make. */
bool action_enter(struct job *job)
{
    struct tokens *tokens = job->engine->tokens;
    if (!memory_enter(job)) {
        return false;
    }
    bool entered =
        tokens_try(tokens, &job->token) || tokens_wait(tokens, gives_up, job, &job->token);
    if (!entered) {
        memory_leave(job->engine->memory, &job->turn);
    }
    job->entered = entered;
    return entered;
}

void action_leave(struct job *job)
{
    if (job->entered) {
        job->entered = false;
        tokens_give(job->engine->tokens, job->token);
        memory_leave(job->engine->memory, &job->turn);
    }
}

void action_measure(struct job *job, const struct exec_result *result)
{
    job->user_us = result->user_us;
    job->system_us = result->system_us;
    job->rss_max_bytes = result->rss_max_bytes;
    peaks_add(job->engine->peaks, peak_name(job), job->action->category, result->rss_max_bytes);
}
