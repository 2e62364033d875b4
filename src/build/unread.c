/* src/build/unread.c */
#include "build/unread.h"
#include "build/action.h"
#include "build/plan.h"
#include "build/query.h"

/* The READS key. */

struct seen {
    struct table read, given;
    uint64_t silent_count;
};

/* One action: DICE_OK also where nothing is known of it. */
static enum dice_status action_look(struct job *job, struct seen *seen)
{
    const struct diag *before = job->diags->newest;
    enum dice_status status = action_prepare(job);
    if (status == DICE_PENDING || (status == DICE_FAILED && before != job->diags->newest)) {
        return status;
    }
    size_t count = job->expansion.input_count;
    bool *read = ARENA_NEW(job->arena, bool, count);
    bool known = status == DICE_OK && action_reads(job, read);
    seen->silent_count += known ? 0 : 1;
    for (size_t i = 0; i < count; i++) {
        const struct input *input = &job->expansion.inputs[i];
        if (input->piece.kind == PIECE_SOURCE) {
            struct table *table = !known || read[i] ? &seen->read : &seen->given;
            (void)table_add(table, NULL, input->piece.text);
        }
    }
    return DICE_OK;
}

static enum dice_status target_look(struct job *job, struct str arg, struct seen *seen)
{
    job->label = label_of_key(arg);
    enum dice_status status = analysis_need(job->task, job->label, &job->analysis);
    size_t count = status == DICE_OK ? job->analysis->target.action_count : 0;
    enum dice_status worst = status;
    for (size_t i = 0; i < count && worst != DICE_FAILED; i++) {
        if (job->analysis->target.actions[i].depfile.len == 0) {
            continue;
        }
        struct job one = {.engine = job->engine,
            .task = job->task,
            .diags = job->diags,
            .arena = job->arena,
            .label = job->label,
            .number = i};
        status = action_look(&one, seen);
        worst = status == DICE_OK ? worst : status;
    }
    return worst;
}

static void table_write(const struct table *table, struct buf *ret_value)
{
    cbor_head_add(ret_value, CBOR_ARRAY, table->len);
    for (uint32_t i = 0; i < table->len; i++) {
        cbor_text_add(ret_value, table->keys[i]);
    }
}

enum dice_status reads_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    struct arena arena = {0};
    struct seen seen = {0};
    struct job job = {
        .engine = dice_task_context(task), .task = task, .diags = diags, .arena = &arena};
    enum dice_status status = target_look(&job, arg, &seen);
    if (status == DICE_OK) {
        table_write(&seen.read, ret_value);
        table_write(&seen.given, ret_value);
        cbor_head_add(ret_value, CBOR_UNSIGNED, seen.silent_count);
    }
    table_release(&seen.read);
    table_release(&seen.given);
    arena_release(&arena);
    return status;
}

/* All of them. */

static enum err table_read(struct cbor_reader *reader, struct table *table)
{
    uint64_t count = 0;
    enum err err = cbor_read_array(reader, reader->input.len, &count);
    for (uint64_t i = 0; i < count && err == OK; i++) {
        struct str path;
        err = cbor_read_text(reader, &path);
        if (err == OK) {
            (void)table_add(table, NULL, path);
        }
    }
    return err;
}

static enum err seen_read(const struct dice_want *wants, size_t count, struct arena *arena,
    struct seen *seen, struct diags *diags)
{
    for (size_t i = 0; i < count; i++) {
        struct cbor_reader reader;
        uint64_t silent = 0;
        if (wants[i].status != DICE_OK) {
            continue;
        }
        cbor_reader_init(&reader, arena_str(arena, wants[i].value));
        if (table_read(&reader, &seen->read) != OK || table_read(&reader, &seen->given) != OK ||
            cbor_read_unsigned(&reader, &silent) != OK) {
            return diag_add(diags, ERR_INVALID, SPAN_NONE, "the graph is damaged");
        }
        seen->silent_count += silent;
    }
    return OK;
}

static enum err all_look(
    struct engine *engine, struct arena *arena, struct seen *seen, struct diags *diags)
{
    struct target *targets = NULL;
    size_t count = 0;
    enum err err = build_targets(engine, STR(""), true, arena, &targets, &count, diags);
    struct dice_want *wants = ARENA_NEW(arena, struct dice_want, count + 1);
    for (size_t i = 0; i < count; i++) {
        wants[i].kind = KEY_READS;
        wants[i].arg = label_key(targets[i].label, arena);
    }
    struct dice_request request = {
        .wants = wants, .count = count, .keep_going = true, .describe = build_key_describe};
    build_analyses_forget(engine);
    const struct diag *before = diags->newest;
    if (err == OK && count > 0) {
        err = dice_run(engine->dice, &request, diags);
        err = err == ERR_INVALID && before == diags->newest ? OK : err; /* what would run */
    }
    progress_clear(engine);
    return err == OK ? seen_read(wants, count, arena, seen, diags) : err;
}

static void target_judge(struct engine *engine, const struct target *target,
    const struct seen *seen, struct arena *arena, struct buf *findings)
{
    for (size_t i = 0; i < target->srcs.count; i++) {
        struct str path = target->srcs.at[i], package = target->label.package;
        if (table_get(&seen->given, path) == TABLE_NONE ||
            table_get(&seen->read, path) != TABLE_NONE) {
            continue;
        }
        struct str written = str_sub(path, package.len + (package.len > 0), path.len);
        struct unread_finding finding = {.label = target->label,
            .path = path,
            .span = engine_place(engine, package, target->label.name, written, arena)};
        buf_add(findings, (struct str){.ptr = (const char *)&finding, .len = sizeof finding});
    }
}

enum err build_unread(struct engine *engine, const char *const *patterns, size_t count,
    struct arena *arena, struct unread *ret_unread, struct diags *diags)
{
    struct seen seen = {0};
    struct target *targets = NULL;
    size_t target_count = 0;
    AUTO_BUF findings = {0};
    engine->options.keep_going = true;
    enum err err =
        build_targets_named(engine, patterns, count, arena, &targets, &target_count, diags);
    err = err == OK ? all_look(engine, arena, &seen, diags) : err;
    for (size_t i = 0; i < target_count && err == OK; i++) {
        target_judge(engine, &targets[i], &seen, arena, &findings);
    }
    *ret_unread = (struct unread){.silent_count = seen.silent_count,
        .finding_count = findings.len / sizeof(struct unread_finding)};
    ret_unread->findings = ARENA_NEW(arena, struct unread_finding, ret_unread->finding_count);
    if (findings.len > 0) {
        memcpy(ret_unread->findings, findings.ptr, findings.len);
    }
    table_release(&seen.read);
    table_release(&seen.given);
    return err;
}
