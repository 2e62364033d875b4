/* src/build/commands.c: the COMMANDS key: a target's actions as they would run, without what they
 * read being there. */
#include "build/plan.h"
#include "build/query.h"
#include "build/record.h"

static enum dice_status commands_work(struct job *job, struct str arg, struct buf *ret_value)
{
    struct settings settings;
    enum dice_status status = settings_need(job->task, job->arena, &settings);
    job->label = label_of_key(arg);
    status = status == DICE_OK ? analysis_need(job->task, job->label, &job->analysis) : status;
    if (status != DICE_OK) {
        return status;
    }
    const struct target *target = &job->analysis->target;
    struct table texts = {0};
    AUTO_BUF actions = {0};
    for (job->number = 0; job->number < target->action_count; job->number++) {
        job->action = &target->actions[job->number];
        enum err err = pthread_mutex_lock(&job->engine->graph_lock) == 0 ? OK : ERR_IO;
        if (err == OK) {
            err = expand_action(
                &job->analysis->expander, job->action, job->arena, &job->expansion, job->diags);
            (void)pthread_mutex_unlock(&job->engine->graph_lock);
        }
        if (err != OK) {
            status = DICE_FAILED;
            break;
        }
        struct log_action action;
        record_describe(job, &action);
        log_action_encode(&action, &texts, job->arena, &actions);
    }
    struct log_build build = {.action_count = target->action_count};
    if (status == DICE_OK) {
        log_build_encode(&build, &texts, buf_str(&actions), ret_value);
    }
    table_release(&texts);
    return status;
}

enum dice_status commands_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    struct arena arena = {0};
    struct job job = {
        .engine = dice_task_context(task), .task = task, .diags = diags, .arena = &arena};
    enum dice_status status = commands_work(&job, arg, ret_value);
    arena_release(&arena);
    return status;
}

enum err build_actions(struct engine *engine, const struct label *labels, size_t count,
    struct arena *arena, struct log_action **ret_actions, size_t *ret_count, struct diags *diags)
{
    struct dice_want *wants = ARENA_NEW(arena, struct dice_want, count);
    struct log_build *builds = ARENA_NEW(arena, struct log_build, count);
    for (size_t i = 0; i < count; i++) {
        wants[i].kind = KEY_COMMANDS;
        wants[i].arg = label_key(labels[i], arena);
    }
    struct dice_request request = {.wants = wants, .count = count, .describe = build_key_describe};
    build_analyses_forget(engine);
    enum err err = count > 0 ? dice_run(engine->dice, &request, diags) : OK;
    size_t total = 0;
    for (size_t i = 0; i < count && err == OK; i++) {
        if (log_build_decode(arena_str(arena, wants[i].value), arena, &builds[i]) != OK) {
            err = diag_add(diags, ERR_INVALID, SPAN_NONE, "the graph is damaged");
        }
        total += err == OK ? builds[i].action_count : 0;
    }
    if (err != OK) {
        return err;
    }
    *ret_actions = ARENA_NEW(arena, struct log_action, total);
    *ret_count = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < builds[i].action_count; j++) {
            (*ret_actions)[(*ret_count)++] = builds[i].actions[j];
        }
    }
    return build_save(engine, diags);
}

static bool target_is_in(const struct target *rows, size_t count, struct label label)
{
    for (size_t i = 0; i < count; i++) {
        if (label_eq(rows[i].label, label)) {
            return true;
        }
    }
    return false;
}

static enum err pattern_targets(struct engine *engine, struct str text, struct arena *arena,
    struct target **ret_targets, size_t *ret_count, struct diags *diags)
{
    struct pattern pattern;
    struct target *found = NULL;
    size_t found_count = 0, old_count = *ret_count;
    enum err err = pattern_parse(text, STR(""), SPAN_NONE, arena, &pattern, diags);
    if (err == OK && pattern.label.config.len > 0) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE,
            "%.*s: only targets of the default configuration are looked at", STR_ARG(text));
    }
    bool below = pattern.kind == PATTERN_TREE;
    if (err == OK) {
        err =
            build_targets(engine, pattern.label.package, below, arena, &found, &found_count, diags);
    }
    if (err != OK) {
        return err;
    }
    struct str *names = ARENA_NEW(arena, struct str, found_count);
    struct target *all = ARENA_NEW(arena, struct target, old_count + found_count);
    if (old_count > 0) {
        memcpy(all, *ret_targets, old_count * sizeof *all);
    }
    bool matched = false;
    for (size_t i = 0; i < found_count; i++) {
        names[i] = label_format(
            (struct label){found[i].label.package, found[i].label.name, STR("")}, arena);
        bool matches = pattern_matches(&pattern, found[i].label);
        matched = matched || matches;
        if (matches && (old_count == 0 || !target_is_in(all, *ret_count, found[i].label))) {
            all[(*ret_count)++] = found[i];
        }
    }
    *ret_targets = all;
    if (!matched) {
        err = diag_add(diags, ERR_INVALID, SPAN_NONE, "%.*s names no target", STR_ARG(text));
        near_help(diags, text, names, found_count);
    }
    return err;
}

enum err build_targets_named(struct engine *engine, const char *const *patterns, size_t count,
    struct arena *arena, struct target **ret_targets, size_t *ret_count, struct diags *diags)
{
    struct strs absolute;
    enum err err = build_patterns_read(engine, patterns, count, arena, &absolute, diags);
    *ret_targets = NULL;
    *ret_count = 0;
    for (size_t i = 0; i < absolute.count && err == OK; i++) {
        build_analyses_forget(engine);
        err = pattern_targets(engine, absolute.at[i], arena, ret_targets, ret_count, diags);
    }
    return err;
}
