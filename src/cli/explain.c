/* src/cli/explain.c: `straylight explain LABEL`: why actions ran, or would run.
 *
 *   the plan (build/plan.h)    what would run now   \
 *   the log, newest first      what ran, with what   > one answer for each action of the label
 *   the actions as described   what there is        /
 *
 * A reason is what differs between the recorded inputs of an action and those of the time before;
 * where the log does not know the time before, what dice saw change. */
#include "base/file.h"
#include "build/plan.h"
#include "build/query.h"
#include "build/workspace.h"
#include "cli/command.h"
#include "codec/json.h"
#include <fcntl.h>
#include <stdio.h>

enum {
    EXPLAIN_BUILDS,
    EXPLAIN_TEST,
    EXPLAIN_JSON,
};
static const struct option_spec options[] = {
    [EXPLAIN_BUILDS] = {.name = "builds",
        .kind = OPTION_TEXT,
        .value = "A..B",
        .help = "what differs between builds A and B of the log, instead"},
    [EXPLAIN_TEST] = {.name = "test",
        .kind = OPTION_FLAG,
        .help = "whether the tests would run, instead of what builds the outputs"},
    [EXPLAIN_JSON] = {.name = "json", .kind = OPTION_FLAG, .help = "print the result as JSON"},
};

struct explain {
    struct cli *cli;
    struct engine *engine;
    struct pattern pattern;
    struct log_action *actions; /* as they are described now */
    size_t action_count;
    struct log_build plan;
    struct log_build *builds; /* of the log, rising */
    size_t build_count;
    struct buf text;
    struct json json;
};

/* Numbers shift when a target gets or loses an action; what it does stays. */
static bool is_same(const struct log_action *a, const struct log_action *b)
{
    struct str left = str_sub(a->key, 0, str_find(a->key, '#'));
    struct str right = str_sub(b->key, 0, str_find(b->key, '#'));
    return str_eq(left, right) && str_eq(a->what, b->what);
}

static const struct log_action *action_find(
    const struct log_build *build, const struct log_action *action)
{
    for (size_t i = build->action_count; i > 0; i--) {
        if (is_same(&build->actions[i - 1], action)) {
            return &build->actions[i - 1];
        }
    }
    return NULL;
}

/* The newest one in the first `before` builds; *ret_index: in which. */
static const struct log_action *history_find(const struct explain *explain,
    const struct log_action *action, size_t before, size_t *ret_index)
{
    for (size_t i = before; i > 0; i--) {
        const struct log_action *found = action_find(&explain->builds[i - 1], action);
        if (found != NULL) {
            *ret_index = i - 1;
            return found;
        }
    }
    return NULL;
}

/* The newest that may have made what stands now: a failure is not kept. */
static const struct log_action *standing_find(
    const struct explain *explain, const struct log_action *action, size_t *ret_index)
{
    size_t before = explain->build_count;
    const struct log_action *found = history_find(explain, action, before, ret_index);
    while (found != NULL && found->end == LOG_FAILED && found->check == LOG_UNCHECKED) {
        before = *ret_index;
        found = history_find(explain, action, before, ret_index);
    }
    return found;
}

static struct strs reason_one(struct explain *explain, struct str text)
{
    struct str *at = ARENA_NEW(&explain->cli->arena, struct str, 1);
    *at = text;
    return (struct strs){.at = at, .count = 1};
}

/* "//a:b -> a/defs.dhall": its target was made anew, because of that file. */
static struct strs since_add(struct explain *explain, struct strs reasons, struct str cause)
{
    size_t arrow = str_find(cause, '>');
    if (!str_starts(cause, STR("//")) || arrow == cause.len) {
        return reasons;
    }
    struct arena *arena = &explain->cli->arena;
    struct str *at = ARENA_NEW(arena, struct str, reasons.count + 1);
    memcpy(at, reasons.at, reasons.count * sizeof *at);
    at[reasons.count] = arena_printf(arena, "since %.*s changed, which its package is made of",
        STR_ARG(str_sub(cause, arrow + 2, cause.len)));
    return (struct strs){.at = at, .count = reasons.count + 1};
}

/* Why did (would) `now` run, where the log's first `before` builds had been? */
static struct strs reasons_of(struct explain *explain, const struct log_action *now, size_t before)
{
    struct arena *arena = &explain->cli->arena;
    size_t index = 0;
    const struct log_action *then = history_find(explain, now, before, &index);
    if (now->check != LOG_UNCHECKED) {
        return reason_one(explain, STR("--check ran it once more"));
    }
    if (then == NULL) {
        return reason_one(explain, now->cause.len == 0
                                       ? STR("it is new")
                                       : arena_printf(arena, "%.*s changed", STR_ARG(now->cause)));
    }
    struct strs reasons = log_action_compare(then, now, arena);
    if (reasons.count > 0) {
        return since_add(explain, reasons, now->cause);
    }
    unsigned long long number = explain->builds[index].number;
    if (then->end == LOG_FAILED && then->check == LOG_UNCHECKED) {
        return reason_one(explain,
            arena_printf(arena, "it failed in build %llu, and a failure is not kept", number));
    }
    if (now->end == LOG_CACHED) {
        return reason_one(
            explain, arena_printf(arena, "nothing that it sees changed since build %llu", number));
    }
    return reason_one(explain,
        arena_printf(arena,
            "an output that build %llu made is not in the store as it was: it is gone or damaged",
            number));
}

/* Sources whose content is not what the action was given: it did not read them. */
static struct strs pruned_find(struct explain *explain, const struct log_action *then)
{
    struct arena *arena = &explain->cli->arena;
    struct str *at = ARENA_NEW(arena, struct str, then->input_count);
    size_t count = 0;
    const char *root = build_workspace(explain->engine)->root;
    for (size_t i = 0; i < then->input_count; i++) {
        struct str path = then->inputs[i].path;
        if (str_starts(path, STR("gen/")) || str_starts(path, STR("exec/"))) {
            continue;
        }
        struct arena file = {0};
        struct diags ignored;
        struct str bytes;
        diags_init(&ignored, &file, NULL);
        if (file_read(AT_FDCWD, arena_printf(&file, "%s/%.*s", root, STR_ARG(path)).ptr,
                FILE_BYTES_MAX, &file, &bytes, &ignored) == OK) {
            struct digest digest = digest_of(bytes);
            char text[DIGEST_TEXT_MAX];
            if (!str_eq(digest_format(&digest, text), then->inputs[i].digest)) {
                at[count++] = arena_printf(arena,
                    "%.*s changed, but is pruned by depfile: it was not read", STR_ARG(path));
            }
        }
        arena_release(&file);
    }
    return (struct strs){.at = at, .count = count};
}

static void answer_add(struct explain *explain, const struct log_action *action, struct str state,
    uint64_t build, struct strs reasons)
{
    struct buf *text = &explain->text;
    if (!explain->cli->args.values[EXPLAIN_JSON].given) {
        buf_printf(text, "%.*s: %.*s\n  %.*s%s\n", STR_ARG(action->label), STR_ARG(action->what),
            STR_ARG(state), reasons.count > 0 ? ":" : "");
        for (size_t i = 0; i < reasons.count; i++) {
            buf_printf(text, "    %.*s\n", STR_ARG(reasons.at[i]));
        }
        return;
    }
    struct json *json = &explain->json;
    json_begin(json, '{');
    json_key_str(json, STR("label"), action->label);
    json_key_str(json, STR("action"), action->identifier);
    json_key_str(json, STR("what"), action->what);
    json_key_str(json, STR("state"), state);
    json_key_number(json, STR("build"), build);
    json_key_strs(json, STR("reasons"), reasons.at, reasons.count);
    json_end(json, '}');
}

/* What it waits for: those of the plan that make what it reads. */
static struct strs waits_for(struct explain *explain, const struct log_action *action)
{
    const struct log_build *plan = &explain->plan;
    struct str *at = ARENA_NEW(&explain->cli->arena, struct str, action->producers.count);
    size_t count = 0;
    for (size_t i = 0; i < action->producers.count; i++) {
        for (size_t j = 0; j < plan->action_count; j++) {
            const struct log_action *other = &plan->actions[j];
            if (str_eq(other->key, action->producers.at[i]) && other->end != LOG_CACHED) {
                at[count++] = arena_printf(&explain->cli->arena, "what %.*s: %.*s will make",
                    STR_ARG(other->label), STR_ARG(other->what));
            }
        }
    }
    return (struct strs){.at = at, .count = count};
}

/* How an action ended in a build of the log, and why it was done. */
static struct str past_show(
    struct explain *explain, const struct log_action *then, size_t index, const char *lead)
{
    struct arena *arena = &explain->cli->arena;
    struct str waited =
        then->waited_us == 0
            ? STR("")
            : arena_printf(arena, ", when it had waited %llu ms for %llu MiB of memory",
                  (unsigned long long)(then->waited_us / 1000),
                  (unsigned long long)(then->memory_bytes >> 20));
    return arena_printf(arena, "%s%s in build %llu%.*s", lead,
        then->end == LOG_CACHED      ? "was found in the action cache"
        : then->check == LOG_DIFFERS ? "was not reproducible"
        : then->end == LOG_FAILED    ? "failed"
                                     : "ran",
        (unsigned long long)explain->builds[index].number, STR_ARG(waited));
}

static void action_explain(struct explain *explain, const struct log_action *action)
{
    const struct log_action *planned = action_find(&explain->plan, action);
    size_t index = 0;
    const struct log_action *then =
        planned != NULL ? history_find(explain, action, explain->build_count, &index)
                        : standing_find(explain, action, &index);
    uint64_t number = then == NULL ? 0 : explain->builds[index].number;
    if (planned != NULL) {
        bool waits = planned->end == LOG_WAITS;
        answer_add(explain, planned,
            waits                        ? STR("waits, and runs if this differs from before")
            : planned->end == LOG_CACHED ? STR("would be taken from the action cache")
                                         : STR("would run"),
            number,
            waits ? waits_for(explain, planned)
                  : reasons_of(explain, planned, explain->build_count));
        return;
    }
    if (then == NULL) {
        answer_add(explain, action,
            explain->cli->args.values[EXPLAIN_TEST].given
                ? STR("no test needs it, or the log does not know when it ran")
                : STR("is up to date; the log does not know when it ran"),
            number, (struct strs){0});
        return;
    }
    answer_add(explain, action, past_show(explain, then, index, "is up to date; "), number,
        reasons_of(explain, then, index));
    struct strs pruned = pruned_find(explain, then);
    if (pruned.count > 0) {
        answer_add(explain, action, STR("would not run now"), number, pruned);
    }
}

/* Between two builds of the log. */
static void builds_explain(
    struct explain *explain, const struct log_action *action, size_t from, size_t to)
{
    size_t old_index = 0, new_index = 0;
    const struct log_action *old = history_find(explain, action, from + 1, &old_index);
    const struct log_action *new = history_find(explain, action, to + 1, &new_index);
    if (new == NULL || new == old) {
        return;
    }
    struct strs reasons = old == NULL ? reasons_of(explain, new, new_index)
                                      : log_action_compare(old, new, &explain->cli->arena);
    if (old != NULL && reasons.count == 0) {
        reasons = reason_one(explain, STR("nothing that it sees is other than before"));
    }
    answer_add(explain, new, past_show(explain, new, new_index, ""),
        explain->builds[new_index].number, reasons);
}

static bool digits_read(struct str text, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || number > LOG_NUMBER_MAX) {
            return false;
        }
        number = number * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    *ret_number = number;
    return text.len > 0;
}

static enum err build_index(struct explain *explain, uint64_t number, size_t *ret_index)
{
    for (size_t i = 0; i < explain->build_count; i++) {
        if (explain->builds[i].number == number) {
            *ret_index = i;
            return OK;
        }
    }
    enum err err = diag_add(&explain->cli->diags, ERR_INVALID, SPAN_NONE,
        "the log has no build %llu", (unsigned long long)number);
    diag_help(&explain->cli->diags, "\"straylight log --list\" lists those that it has");
    return err;
}

/* "A..B" */
static enum err range_read(struct explain *explain, size_t *ret_from, size_t *ret_to)
{
    struct str text = explain->cli->args.values[EXPLAIN_BUILDS].text;
    size_t dot = str_find(text, '.');
    uint64_t from = 0, to = 0;
    if (!str_starts(str_sub(text, dot, text.len), STR("..")) ||
        !digits_read(str_sub(text, 0, dot), &from) ||
        !digits_read(str_sub(text, dot + 2, text.len), &to) || from >= to) {
        return diag_add(&explain->cli->diags, ERR_INVALID, SPAN_NONE,
            "--builds %.*s: two numbers of builds are wanted, the older first, as 3..5",
            STR_ARG(text));
    }
    enum err err = build_index(explain, from, ret_from);
    return err == OK ? build_index(explain, to, ret_to) : err;
}

static enum err log_load(struct explain *explain)
{
    struct cli *cli = explain->cli;
    const char *state = build_workspace(explain->engine)->state;
    uint64_t *numbers;
    size_t count;
    enum err err = log_numbers(state, &cli->arena, &numbers, &count, &cli->diags);
    explain->builds = ARENA_NEW(&cli->arena, struct log_build, count);
    for (size_t i = 0; i < count && err == OK; i++) {
        err = log_read(
            state, numbers[i], &cli->arena, &explain->builds[explain->build_count], &cli->diags);
        explain->build_count += err == OK;
        err = err == ERR_ABSENT ? OK : err;
    }
    return err;
}

/* The plan, the log, and the actions that the label names. */
static enum err explain_load(struct explain *explain)
{
    struct cli *cli = explain->cli;
    const char *const *operands = (const char *const *)cli->args.operands;
    struct target *targets = NULL;
    size_t count = 0;
    bool past = cli->args.values[EXPLAIN_BUILDS].given;
    enum err err =
        past ? OK
             : build_plan(explain->engine, operands, 1, &cli->arena, &explain->plan, &cli->diags);
    struct str absolute =
        pattern_absolute(str_of(operands[0]), build_workspace(explain->engine)->here, &cli->arena);
    err = err == OK ? pattern_parse(
                          absolute, STR(""), SPAN_NONE, &cli->arena, &explain->pattern, &cli->diags)
                    : err;
    err = err == OK ? build_targets_named(
                          explain->engine, operands, 1, &cli->arena, &targets, &count, &cli->diags)
                    : err;
    struct label *labels = ARENA_NEW(&cli->arena, struct label, count);
    for (size_t i = 0; i < count && err == OK; i++) {
        labels[i] = targets[i].label;
    }
    err = err == OK ? build_actions(explain->engine, labels, count, &cli->arena, &explain->actions,
                          &explain->action_count, &cli->diags)
                    : err;
    return err == OK ? log_load(explain) : err;
}

static enum cli_status explain_command(struct cli *cli)
{
    struct explain explain = {.cli = cli};
    const struct option_value *values = cli->args.values;
    struct build_options build_options = {.jobs = 1,
        .dry_run = true,
        .mode = values[EXPLAIN_TEST].given ? BUILD_TESTS : BUILD_OUTPUTS};
    size_t from = 0, to = 0;
    explain.json.text = &explain.text;
    enum err err = cli_store_root(cli, &build_options.store_root);
    err = err == OK ? build_open(&build_options, cli->sources, &explain.engine, &cli->diags) : err;
    err = err == OK ? explain_load(&explain) : err;
    if (err == OK && values[EXPLAIN_BUILDS].given) {
        err = range_read(&explain, &from, &to);
    }
    if (err == OK && values[EXPLAIN_JSON].given) {
        json_begin(&explain.json, '[');
    }
    for (size_t i = 0; i < explain.action_count && err == OK; i++) {
        if (!log_action_matches(&explain.actions[i], &explain.pattern)) {
            continue;
        }
        if (values[EXPLAIN_BUILDS].given) {
            builds_explain(&explain, &explain.actions[i], from, to);
        } else {
            action_explain(&explain, &explain.actions[i]);
        }
    }
    if (err == OK && values[EXPLAIN_JSON].given) {
        json_end(&explain.json, ']');
        buf_add_byte(&explain.text, '\n');
    }
    cli_print(buf_str(&explain.text));
    buf_release(&explain.text);
    if (explain.engine != NULL) {
        build_close(explain.engine);
    }
    return cli_status_of(err);
}

const struct command command_explain = {
    .spec = {.name = "explain",
        .operands = "LABEL",
        .summary = "why the actions of a target ran, or would run",
        .about = "Says for each action of the target whether it would run now, and why: which\n"
                 "input, argument, variable or toolchain is another than when it was last done,\n"
                 "or that its output is gone. Of what is up to date it says why it ran last.\n"
                 "Nothing is built.",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .operand_kind = OPERAND_LABEL,
        .operand_min = 1,
        .operand_max = 1},
    .run = explain_command,
};
