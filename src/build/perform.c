/* src/build/perform.c: one action done: out of the action cache, or by running it.
 *
 *   cached whole? -> outcome
 *   else sources into the store -> exec_run -> ActionResult into the cache -> outcome
 *
 * Two keys of dice may come to the same action (two configurations): the second waits for the
 * first and takes its result. Failures are never cached. */
#include "base/file.h"
#include "build/record.h"
#include "codec/reapi.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    OUTPUT_SHOWN_MAX = 16 * 1024 * 1024, /* of what an action printed */
};

/* The action cache. */

static struct str output_name(const struct job *job, struct str path)
{
    struct str package = job->label.package;
    return str_sub(path, 4 + package.len + (package.len > 0), path.len); /* "out/a/x" */
}

static bool is_there(struct job *job, const struct digest *digest)
{
    return store_has(job->engine->store, digest) == OK && !damage_is(job->engine, digest);
}

/* Does the result hold what the action promises, by name and kind? The key does not say which
 * output is a folder (REAPI v2, Command.output_paths), so one from before may not. */
static bool result_fits(const struct job *job, const struct reapi_action_result *result)
{
    const struct expansion *expansion = &job->expansion;
    if (result->output_file_count != expansion->outputs.count ||
        result->output_directory_count != expansion->folders.count) {
        return false;
    }
    for (size_t i = 0; i < expansion->outputs.count; i++) {
        if (!str_eq(result->output_files[i].path, expansion->outputs.at[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < expansion->folders.count; i++) {
        if (!str_eq(result->output_directories[i].path, expansion->folders.at[i])) {
            return false;
        }
    }
    return true;
}

/* All that the action promises, out of its result; false if anything is not there. */
static bool result_take(struct job *job, const struct reapi_action_result *result)
{
    const struct action *action = job->action;
    if (!result_fits(job, result)) {
        return false;
    }
    struct strs names = action_outputs(action, job->arena);
    struct made *made = ARENA_NEW(job->arena, struct made, names.count + 1);
    size_t count = 0;
    for (size_t i = 0; i < result->output_file_count && count <= names.count; i++) {
        const struct reapi_output_file *file = &result->output_files[i];
        if (action->depfile.len > 0 && str_eq(output_name(job, file->path), action->depfile)) {
            job->has_depfile = true;
            job->depfile = file->digest;
            continue;
        }
        made[count++] = (struct made){.path = output_name(job, file->path),
            .kind = file->is_executable ? TREE_EXECUTABLE : TREE_FILE,
            .digest = file->digest};
    }
    for (size_t i = 0; i < result->output_directory_count && count < names.count; i++) {
        const struct reapi_output_directory *folder = &result->output_directories[i];
        made[count++] = (struct made){.path = output_name(job, folder->path),
            .kind = TREE_DIRECTORY,
            .digest = folder->root_directory_digest};
    }
    if (action->stdout_path.len > 0 && count < names.count) {
        made[count++] = (struct made){
            .path = action->stdout_path, .kind = TREE_FILE, .digest = result->stdout_digest};
    }
    bool whole = count == names.count && result->exit_code == 0;
    for (size_t i = 0; i < count && whole; i++) {
        whole = is_there(job, &made[i].digest);
    }
    if (job->is_test) {
        whole =
            whole && is_there(job, &result->stdout_digest) && is_there(job, &result->stderr_digest);
    }
    job->outcome.outputs = made;
    job->outcome.output_count = count;
    job->outcome.stdout_digest = result->stdout_digest;
    job->outcome.stderr_digest = result->stderr_digest;
    job->outcome.passed = true;
    return whole;
}

bool action_cached(struct job *job, const struct digest *key)
{
    struct str bytes;
    struct reapi_action_result result;
    struct diags ignored; /* a damaged entry is as good as none: the action runs */
    diags_init(&ignored, job->arena, NULL);
    return action_cache_get(job->engine->store, key, job->arena, &bytes, &ignored) == OK &&
           reapi_action_result_decode(bytes, job->arena, &result) == OK &&
           result_take(job, &result);
}

static enum err result_keep(struct job *job, const struct exec_result *exec_result)
{
    size_t count = exec_result->output_count;
    struct reapi_output_file *files = ARENA_NEW(job->arena, struct reapi_output_file, count);
    struct reapi_output_directory *folders =
        ARENA_NEW(job->arena, struct reapi_output_directory, count);
    struct reapi_action_result result = {.output_files = files,
        .output_directories = folders,
        .stdout_digest = exec_result->stdout_digest,
        .stderr_digest = exec_result->stderr_digest};
    for (size_t i = 0; i < count; i++) {
        const struct exec_output *output = &exec_result->outputs[i];
        if (output->kind == TREE_DIRECTORY) {
            folders[result.output_directory_count++] = (struct reapi_output_directory){
                .path = output->path, .root_directory_digest = output->digest};
        } else {
            files[result.output_file_count++] = (struct reapi_output_file){.path = output->path,
                .digest = output->digest,
                .is_executable = output->kind == TREE_EXECUTABLE};
        }
    }
    AUTO_BUF bytes = {0};
    reapi_action_result_encode(&result, &bytes);
    enum err err = action_cache_put(job->engine->store, &job->key, buf_str(&bytes), job->diags);
    for (size_t i = 0; i < count; i++) {
        damage_repaired(job->engine, &exec_result->outputs[i].digest);
    }
    damage_repaired(job->engine, &exec_result->stdout_digest);
    damage_repaired(job->engine, &exec_result->stderr_digest);
    if (err == OK && !result_take(job, &result)) {
        err = diag_add(job->diags, ERR_IO, SPAN_NONE, "an output left the store");
    }
    return err;
}

/* Inputs into the store. */

static enum err source_put(struct job *job, const struct input *input, const struct digest *want,
    struct store_batch *batch)
{
    struct engine *engine = job->engine;
    const char *path = arena_cstr(job->arena, input->piece.text);
    AUTO_CLOSE int fd = openat(engine->root_fd, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return diag_add_errno(job->diags, errno, "cannot read %s", path);
    }
    struct digest got;
    enum err err = store_batch_put_fd(batch, fd, &got, job->diags);
    if (err == OK && !digest_eq(&got, want)) {
        err = diag_add(job->diags, ERR_RETRY, SPAN_NONE, "%s changed during the build", path);
        diag_help(job->diags, "run the command again");
    }
    return err;
}

/* Each input is in the store and is what its name says. What is damaged is told, and made again: a
 * source out of the workspace, here; an output by its action, in a transaction of its own. */
static enum err input_ready(struct job *job, const struct input *input,
    const struct tree_entry *entry, struct store_batch *batch)
{
    struct engine *engine = job->engine;
    struct str paths[2];
    struct diags found;
    diags_init(&found, job->arena, engine->sources);
    enum err err = entry->kind == TREE_DIRECTORY
                       ? tree_stage(engine->store, &entry->digest, job->arena, paths, &found)
                       : store_blob_paths(engine->store, &entry->digest,
                             entry->kind == TREE_EXECUTABLE, job->arena, paths, &found);
    if (err == OK) {
        return OK;
    }
    if (input->piece.kind == PIECE_SOURCE) {
        progress_diags(engine, &found);
        return source_put(job, input, &entry->digest, batch);
    }
    damage_add(engine, &entry->digest);
    diags_append(job->diags, &found);
    return diag_add(job->diags, ERR_CORRUPT, SPAN_NONE, "%.*s is not in the store as it was made",
        STR_ARG(input->path));
}

/* The toolchain is laid out and whole; else it is said which part is not. */
static enum err root_ready(struct job *job)
{
    struct str path;
    enum err err = tree_stage(job->engine->store, &job->merged.root, job->arena, &path, job->diags);
    return err == ERR_ABSENT || err == ERR_CORRUPT ? trees_missing(job, err) : err;
}

static struct str ready_key(const struct tree_entry *entry)
{
    return (struct str){(const char *)entry->digest.hash, sizeof entry->digest.hash};
}

/* Headers are the inputs of many actions: each blob is looked at once in a process, here. (What
 * goes into a sandbox is looked at again when it does.) */
static bool *ready_find(struct job *job)
{
    size_t count = job->expansion.input_count;
    bool *ready = ARENA_NEW(job->arena, bool, count);
    if (pthread_mutex_lock(&job->engine->lock) == 0) {
        for (size_t i = 0; i < count; i++) {
            ready[i] = table_get(&job->engine->ready, ready_key(&job->entries[i])) != TABLE_NONE;
        }
        (void)pthread_mutex_unlock(&job->engine->lock);
    }
    return ready;
}

static void ready_note(struct job *job, const bool *ready)
{
    if (pthread_mutex_lock(&job->engine->lock) == 0) {
        for (size_t i = 0; i < job->expansion.input_count; i++) {
            if (!ready[i] && job->entries[i].kind != TREE_DIRECTORY) {
                (void)table_add(
                    &job->engine->ready, &job->engine->lock_arena, ready_key(&job->entries[i]));
            }
        }
        (void)pthread_mutex_unlock(&job->engine->lock);
    }
}

enum err action_inputs_ready(struct job *job)
{
    enum err err = root_ready(job);
    const bool *ready = ready_find(job);
    struct store_batch *batch = store_batch_new(job->engine->store);
    for (size_t i = 0; i < job->expansion.input_count && err == OK; i++) {
        err = ready[i] ? OK : input_ready(job, &job->expansion.inputs[i], &job->entries[i], batch);
    }
    err = store_batch_finish(batch, err, job->diags); /* the disk is waited for once */
    if (err == OK) {
        ready_note(job, ready);
    }
    return err;
}

/* Running. */

uint64_t action_timeout_ms(const struct job *job)
{
    return job->is_test ? job->analysis->target.test_timeout_ms : ACTION_TIMEOUT_MS;
}

static struct str blob_text(struct job *job, const struct digest *digest)
{
    struct str text = STR("");
    struct diags ignored;
    diags_init(&ignored, job->arena, NULL);
    return store_get(job->engine->store, digest, OUTPUT_SHOWN_MAX, job->arena, &text, &ignored) ==
                   OK
               ? text
               : STR("");
}

const struct exec_env *action_env(const struct action *action, struct arena *arena)
{
    struct exec_env *env = ARENA_NEW(arena, struct exec_env, action->env_count);
    for (size_t i = 0; i < action->env_count; i++) {
        env[i] = (struct exec_env){.name = action->env[i].name, .value = action->env[i].value};
    }
    return env;
}

/* What runs, and with -v why and how. */
static void start_tell(struct job *job)
{
    struct str what = action_describe(job->action, job->arena);
    struct str label = label_show(job->engine, job->label, job->arena);
    events_start(job, label, what);
    progress_start(job->engine, job->lane,
        arena_printf(job->arena, "%.*s: %.*s", STR_ARG(label), STR_ARG(what)));
    if (!job->engine->options.verbose) {
        return;
    }
    AUTO_BUF text = {0};
    struct str cause = dice_task_cause(job->task, job->arena);
    buf_printf(&text, "%.*s: %.*s (%s%.*s)\n ", STR_ARG(label), STR_ARG(what),
        cause.len > 0 ? "because of " : "new", STR_ARG(cause));
    for (size_t i = 0; i < job->expansion.argv_count; i++) {
        buf_add_byte(&text, ' ');
        shell_word_add(&text, job->expansion.argv[i]);
    }
    buf_add_byte(&text, '\n');
    progress_text(job->engine, buf_str(&text));
}

/* Warnings of an action that passed. */
static void printed_tell(struct job *job, const struct exec_result *result)
{
    struct str text =
        result->stderr_digest.size_bytes == 0 ? STR("") : blob_text(job, &result->stderr_digest);
    if (text.len == 0 || job->is_test) {
        return;
    }
    struct str label = label_show(job->engine, job->label, job->arena);
    struct str what = action_describe(job->action, job->arena);
    struct str head =
        arena_printf(job->arena, "%.*s: %.*s printed:\n", STR_ARG(label), STR_ARG(what));
    AUTO_BUF whole = {0};
    buf_add(&whole, head);
    buf_add(&whole, text);
    if (!str_ends(text, STR("\n"))) {
        buf_add_byte(&whole, '\n');
    }
    progress_text(job->engine, buf_str(&whole));
}

static void test_failure_take(struct job *job, const struct exec_result *failure)
{
    job->outcome.why = failure_ending(job, failure);
    job->outcome.stdout_digest = failure->stdout_digest;
    job->outcome.stderr_digest = failure->stderr_digest;
}

static enum dice_status result_use(struct job *job, const struct exec_result *result)
{
    if (result->end == EXEC_CANCELLED) {
        return DICE_PENDING;
    }
    job->outcome.wall_us = result->wall_us;
    if (result_is_good(result)) {
        printed_tell(job, result);
        enum err err = result_keep(job, result);
        if (job->outcome.failed_count > 0) { /* it passed at another attempt: the failure is told */
            test_failure_take(job, &job->failure);
        }
        return err == OK ? DICE_OK : DICE_FAILED;
    }
    if (job->is_test) { /* an outcome like another, but not one to keep */
        dice_task_transient(job->task);
        job->outcome.passed = false;
        job->outcome.output_count = 0;
        test_failure_take(job, result);
        /* nor does it hold that it passed before */
        return action_cache_remove(job->engine->store, &job->key, job->diags) == OK ? DICE_OK
                                                                                    : DICE_FAILED;
    }
    failure_tell(job, result);
    progress_diags(job->engine, job->diags); /* at once, and whole */
    diags_told(job->diags);
    return DICE_FAILED;
}

static void test_note(struct job *job)
{
    struct engine *engine = job->engine;
    struct str key = label_key(job->label, job->arena);
    if (pthread_mutex_lock(&engine->lock) == 0) {
        (void)table_add(&engine->tests_ran, &engine->lock_arena, key);
        (void)pthread_mutex_unlock(&engine->lock);
    }
}

static enum dice_status perform(struct job *job)
{
    struct engine *engine = job->engine;
    struct exec_result result = {0};
    if (dice_task_cancelled(job->task)) {
        return DICE_PENDING;
    }
    enum err err = action_inputs_ready(job);
    if (err == OK) {
        if (!action_enter(job)) {
            return DICE_PENDING;
        }
        if (job->is_test) {
            test_note(job);
        }
        start_tell(job);
        err = action_run(job, &result);
        action_measure(job, &result);
        progress_end(engine, job->lane);
    }
    if (err != OK) {
        if (atomic_load(&engine->interrupted)) {
            return DICE_PENDING;
        }
        struct str label = label_show(engine, job->label, job->arena);
        struct str what = action_describe(job->action, job->arena);
        err = diag_add(
            job->diags, err, SPAN_NONE, "%.*s: cannot run %.*s", STR_ARG(label), STR_ARG(what));
        return err == OK ? DICE_OK : DICE_FAILED;
    }
    return result_use(job, &result);
}

/* Is the action being run by another worker? Then waits until it is not. Else it is ours. */
static bool running_enter(struct engine *engine, struct str key)
{
    if (pthread_mutex_lock(&engine->lock) != 0) {
        return true;
    }
    uint32_t before = engine->running.len;
    uint32_t row = table_add(&engine->running, &engine->lock_arena, key);
    if (row == before && row >= engine->running_cap) {
        engine->running_cap = row == 0 ? 64 : row * 2;
        engine->running_at = memory_realloc(engine->running_at, engine->running_cap * sizeof(bool));
    }
    bool waited = false;
    while (row < before && engine->running_at[row]) {
        waited = true;
        if (pthread_cond_wait(&engine->finished, &engine->lock) != 0) {
            break;
        }
    }
    engine->running_at[row] = true;
    (void)pthread_mutex_unlock(&engine->lock);
    return waited;
}

static void running_leave(struct engine *engine, struct str key, bool ran, bool hit)
{
    if (pthread_mutex_lock(&engine->lock) == 0) {
        engine->running_at[table_get(&engine->running, key)] = false;
        engine->run_count += ran ? 1 : 0;
        engine->hit_count += hit ? 1 : 0;
        (void)pthread_cond_broadcast(&engine->finished);
        (void)pthread_mutex_unlock(&engine->lock);
    }
}

enum dice_status action_do(struct job *job)
{
    char hex[DIGEST_HEX_BYTES];
    struct str key = digest_hex(&job->key, hex);
    (void)running_enter(job->engine, key);
    record_begin(job);
    bool hit = !job->is_forced && (action_cached(job, &job->key) || prune_recall(job));
    bool dry = job->engine->options.dry_run;
    enum dice_status status = hit ? DICE_OK : dry ? DICE_FAILED : perform(job);
    running_leave(job->engine, key, job->ran, hit);
    if (status == DICE_PENDING) {
        record_cancel(job);
    } else {
        bool good = status == DICE_OK && job->outcome.passed;
        record_end(job, hit ? LOG_CACHED : dry ? LOG_WOULD : good ? LOG_RAN : LOG_FAILED);
    }
    action_leave(job); /* now that it is told: of those that run no more are seen than may be */
    return status;
}
