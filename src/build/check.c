/* src/build/check.c: the CHECK key: an action done once more, under other conditions, and what it
 * makes compared with what it made.
 *
 *   ACTION -> outputs as recorded ---.
 *   exec_run (varied) -> outputs ----+-> same: LOG_REPRODUCIBLE
 *                                    '-> not:  LOG_DIFFERS, the story (build/differ.h)
 *
 * Tests are not checked: what they print may tell how long they took. */
#include "build/differ.h"
#include "build/record.h"

enum {
    COMPARED_BYTES_MAX = 256 * 1024 * 1024, /* of a file, to say where it differs */
    FILES_SHOWN_MAX = 4,                    /* of a folder */
};

static struct str file_text(struct job *job, const struct digest *digest)
{
    struct str text = STR("");
    struct diags ignored;
    diags_init(&ignored, job->arena, NULL);
    bool there = store_get(job->engine->store, digest, COMPARED_BYTES_MAX, job->arena, &text,
                     &ignored) == OK;
    return there ? text : STR("");
}

static void file_differ(
    struct job *job, const struct digest *first, const struct digest *again, struct buf *out)
{
    size_t before = out->len;
    struct str texts[2] = {file_text(job, first), file_text(job, again)};
    differ_add(texts[0], texts[1], out);
    if (out->len == before) { /* too large to look into */
        buf_printf(out, "  %llu bytes, then %llu\n", (unsigned long long)first->size_bytes,
            (unsigned long long)again->size_bytes);
    }
}

static const char *kind_name(enum tree_entry_kind kind)
{
    static const char *const names[] = {[TREE_FILE] = "a file",
        [TREE_EXECUTABLE] = "an executable file",
        [TREE_SYMLINK] = "a link",
        [TREE_DIRECTORY] = "an empty folder"};
    return names[kind];
}

/* One path of two folders; NULL: it is not in that one. */
static void entry_differ(struct job *job, const struct tree_entry *first,
    const struct tree_entry *again, struct buf *out)
{
    const struct tree_entry *one = first != NULL ? first : again;
    buf_printf(
        out, "%.*s: %s", STR_ARG(one->path), first == NULL ? "absent" : kind_name(first->kind));
    if (first == NULL || again == NULL || first->kind != again->kind) {
        buf_printf(out, ", then %s\n", again == NULL ? "absent" : kind_name(again->kind));
    } else if (first->kind == TREE_SYMLINK) {
        buf_printf(out, " to %.*s, then to %.*s\n", STR_ARG(first->target), STR_ARG(again->target));
    } else {
        buf_add_byte(out, '\n');
        file_differ(job, &first->digest, &again->digest, out);
    }
}

static bool entry_same(const struct tree_entry *first, const struct tree_entry *again)
{
    return first->kind == again->kind && digest_eq(&first->digest, &again->digest) &&
           str_eq(first->target, again->target);
}

static void folder_differ(
    struct job *job, const struct digest *first, const struct digest *again, struct buf *out)
{
    struct tree_entry *entries[2] = {NULL, NULL};
    size_t counts[2] = {0, 0}, at[2] = {0, 0}, found = 0;
    struct diags ignored;
    diags_init(&ignored, job->arena, NULL);
    struct store *store = job->engine->store;
    if (tree_list(store, first, job->arena, &entries[0], &counts[0], &ignored) != OK ||
        tree_list(store, again, job->arena, &entries[1], &counts[1], &ignored) != OK) {
        return;
    }
    while (at[0] < counts[0] || at[1] < counts[1]) {
        const struct tree_entry *one = at[0] < counts[0] ? &entries[0][at[0]] : NULL;
        const struct tree_entry *two = at[1] < counts[1] ? &entries[1][at[1]] : NULL;
        int cmp = one == NULL ? 1 : two == NULL ? -1 : str_cmp(one->path, two->path);
        at[0] += cmp <= 0 ? 1 : 0;
        at[1] += cmp >= 0 ? 1 : 0;
        if (cmp == 0 && entry_same(one, two)) {
            continue;
        }
        if (found++ < FILES_SHOWN_MAX) {
            entry_differ(job, cmp <= 0 ? one : NULL, cmp >= 0 ? two : NULL, out);
        }
    }
    if (found > FILES_SHOWN_MAX) {
        buf_printf(out, "and %zu more\n", found - FILES_SHOWN_MAX);
    }
}

/* What the second run made in the place of `made`; false if it made nothing there. */
static bool again_find(struct job *job, const struct made *made, const struct exec_result *result,
    struct exec_output *ret_output)
{
    if (str_eq(made->path, job->action->stdout_path)) {
        *ret_output = (struct exec_output){.kind = TREE_FILE, .digest = result->stdout_digest};
        return true;
    }
    struct str folder = path_join(STR("out"), job->label.package, job->arena);
    struct str path = path_join(folder, made->path, job->arena);
    for (size_t i = 0; i < result->output_count; i++) {
        if (str_eq(result->outputs[i].path, path)) {
            *ret_output = result->outputs[i];
            return true;
        }
    }
    return false;
}

static enum err difference_tell(struct job *job, struct str what, struct buf *text)
{
    struct str label = label_show(job->engine, job->label, job->arena);
    struct str named = action_describe(job->action, job->arena);
    struct span span =
        engine_place(job->engine, job->label.package, job->label.name, STR(""), job->arena);
    enum err err = diag_add(job->diags, ERR_INVALID, span, "%.*s: %.*s is not reproducible: %.*s",
        STR_ARG(label), STR_ARG(named), STR_ARG(what));
    diag_extra(job->diags, buf_str(text));
    diag_help(job->diags, "the second time it had one CPU, other process numbers, folders in "
                          "another order, and a later time");
    return err;
}

static enum err output_compare(
    struct job *job, const struct made *made, const struct exec_result *result)
{
    struct exec_output again = {.kind = TREE_FILE};
    AUTO_BUF text = {0};
    bool there = again_find(job, made, result, &again);
    if (there && again.kind == made->kind && digest_eq(&again.digest, &made->digest)) {
        return OK;
    }
    if (!there || again.kind != made->kind) {
        buf_printf(&text, "%s, then %s\n", kind_name(made->kind),
            there ? kind_name(again.kind) : "nothing");
    }
    if (there && made->kind == TREE_DIRECTORY && again.kind == TREE_DIRECTORY) {
        folder_differ(job, &made->digest, &again.digest, &text);
    } else if (there && !digest_eq(&again.digest, &made->digest)) {
        file_differ(job, &made->digest, &again.digest, &text);
    }
    struct str what = arena_printf(job->arena, "its output %.*s differs", STR_ARG(made->path));
    return difference_tell(job, what, &text);
}

/* DICE_FAILED: told. */
static enum dice_status result_compare(
    struct job *job, const struct outcome *known, const struct exec_result *result)
{
    enum err worst = OK;
    job->check = LOG_DIFFERS;
    if (!result_is_good(result)) {
        AUTO_BUF none = {0};
        failure_tell(job, result);
        struct str what = arena_printf(
            job->arena, "run once more, it %.*s", STR_ARG(failure_ending(job, result)));
        return difference_tell(job, what, &none) == OK ? DICE_OK : DICE_FAILED;
    }
    for (size_t i = 0; i < known->output_count; i++) {
        enum err err = output_compare(job, &known->outputs[i], result);
        if (err != OK) { /* the next is a story of its own */
            diags_end_chain(job->diags);
            worst = err;
        }
    }
    job->check = worst == OK ? LOG_REPRODUCIBLE : LOG_DIFFERS;
    return worst == OK ? DICE_OK : DICE_FAILED;
}

static void verdict_count(struct job *job)
{
    struct engine *engine = job->engine;
    if (pthread_mutex_lock(&engine->lock) == 0) {
        engine->checked_count++;
        engine->differing_count += job->check == LOG_DIFFERS ? 1 : 0;
        (void)pthread_mutex_unlock(&engine->lock);
    }
}

static enum dice_status run(struct job *job, const struct outcome *known)
{
    struct engine *engine = job->engine;
    struct exec_result result = {0};
    if (dice_task_cancelled(job->task) || !action_enter(job)) {
        return DICE_PENDING;
    }
    struct str label = label_show(engine, job->label, job->arena);
    struct str what = action_describe(job->action, job->arena);
    job->check = LOG_REPRODUCIBLE; /* until it is known: why it runs */
    events_start(job, label, what);
    progress_start(engine, job->lane,
        arena_printf(job->arena, "%.*s: %.*s (check)", STR_ARG(label), STR_ARG(what)));
    enum err err = action_run_varied(job, &result);
    action_measure(job, &result);
    progress_end(engine, job->lane);
    if (result.end == EXEC_CANCELLED || atomic_load(&engine->interrupted)) {
        return DICE_PENDING;
    }
    if (err != OK) {
        err = diag_add(job->diags, err, SPAN_NONE, "%.*s: cannot run %.*s once more",
            STR_ARG(label), STR_ARG(what));
        return err == OK ? DICE_OK : DICE_FAILED;
    }
    enum dice_status status = result_compare(job, known, &result);
    verdict_count(job);
    record_end(job, status == DICE_OK ? LOG_RAN : LOG_FAILED);
    return status;
}

static enum dice_status check_work(struct job *job, struct str arg)
{
    struct str value;
    struct outcome known;
    enum dice_status status = dice_need(job->task, KEY_ACTION, arg, &value);
    if (status != DICE_OK || action_of_key(arg, &job->label, &job->number) != OK ||
        outcome_decode(value, job->arena, &known) != OK) {
        return status == DICE_OK ? DICE_FAILED : status;
    }
    status = action_prepare(job);
    if (status != DICE_OK || job->is_test) {
        return status;
    }
    if (action_inputs_ready(job) != OK) {
        return DICE_FAILED;
    }
    record_begin(job);
    status = run(job, &known);
    if (status != DICE_OK && job->check != LOG_DIFFERS) {
        record_cancel(job);
    }
    action_leave(job);
    return status;
}

enum dice_status check_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    (void)ret_value;
    struct arena arena = {0};
    struct job job = {
        .engine = dice_task_context(task), .task = task, .diags = diags, .arena = &arena};
    enum dice_status status = check_work(&job, arg);
    arena_release(&arena);
    return status;
}
