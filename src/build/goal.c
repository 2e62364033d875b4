/* src/build/goal.c: from what the user names to the actions that are needed for it.
 *
 *   patterns -> labels -> TARGETs, SETs -> ACTIONs of their outputs -> struct goal */
#include "build/engine.h"
#include <stdlib.h>

struct str goal_key(const struct build_options *options, struct strs patterns, struct arena *arena)
{
    AUTO_BUF key = {0};
    bool tests = options->mode == BUILD_TESTS;
    struct strs args = tests ? options->test_args : (struct strs){0};
    cbor_bool_add(&key, tests);
    cbor_bool_add(&key, tests && build_is_trial(options));
    cbor_head_add(&key, CBOR_ARRAY, patterns.count);
    for (size_t i = 0; i < patterns.count; i++) {
        cbor_text_add(&key, patterns.at[i]);
    }
    cbor_head_add(&key, CBOR_UNSIGNED, tests ? options->test_runs : 0);
    cbor_text_add(&key, tests ? options->test_filter : STR(""));
    for (size_t i = 0; i < args.count; i++) {
        cbor_text_add(&key, args.at[i]);
    }
    return arena_str(arena, buf_str(&key));
}

bool build_is_trial(const struct build_options *options)
{
    return options->test_runs > 0 || options->test_args.count > 0 || options->test_filter.len > 0;
}

/* One goal being computed. */
struct wanted {
    struct label label;
    struct str selector; /* of an action; empty: what the mode says */
    bool named;          /* by the user, not by a wildcard */
    struct target target;
    struct dice_want *actions; /* one for each action that is needed */
    size_t *numbers;           /* of those actions */
    size_t action_count;
    bool failed;
};
struct work {
    struct dice_task *task;
    struct engine *engine;
    struct diags *diags;
    struct arena *arena;
    bool tests;
    bool trials; /* tests are run as the options say */
    struct settings settings;
    struct table labels; /* key -> row of wanted_at */
    struct wanted *wanted_at;
    uint32_t cap;
};

static void label_add(struct work *work, struct label label, struct str selector, bool named)
{
    uint32_t before = work->labels.len;
    uint32_t row = table_add(&work->labels, work->arena, label_key(label, work->arena));
    if (row < before) {
        return;
    }
    if (row >= work->cap) {
        work->cap = work->cap == 0 ? 64 : work->cap * 2;
        work->wanted_at = memory_realloc(work->wanted_at, work->cap * sizeof *work->wanted_at);
    }
    work->wanted_at[row] = (struct wanted){
        .label = label_of_key(work->labels.keys[row]), .selector = selector, .named = named};
}

static bool is_config(const struct work *work, struct str name)
{
    for (size_t i = 0; i < work->settings.configs.count; i++) {
        if (str_eq(work->settings.configs.at[i], name)) {
            return true;
        }
    }
    return false;
}

/* "//pkg:config" where no target has that name means "//pkg@config". */
static enum dice_status config_form(struct work *work, struct pattern *pattern, bool has_config)
{
    struct label *label = &pattern->label;
    if (has_config || !is_config(work, label->name) || label->package.len == 0) {
        return DICE_OK;
    }
    struct str key =
        arena_printf(work->arena, "//%.*s:@%.*s", STR_ARG(label->package), STR_ARG(label->config));
    struct str value;
    enum dice_status status = dice_need(work->task, KEY_PACKAGE, key, &value);
    struct package_entry *entries;
    size_t count;
    if (status != DICE_OK || package_decode(value, work->arena, &entries, &count) != OK) {
        return status == DICE_OK ? DICE_FAILED : status;
    }
    for (size_t i = 0; i < count; i++) {
        if (str_eq(entries[i].name, label->name)) {
            return DICE_OK;
        }
    }
    label->config = label->name;
    size_t slash = str_find_last(label->package, '/');
    label->name = slash == label->package.len
                      ? label->package
                      : str_sub(label->package, slash + 1, label->package.len);
    return DICE_OK;
}

static enum dice_status nothing_matches(struct work *work, struct str text)
{
    enum err err = diag_add(work->diags, ERR_INVALID, SPAN_NONE,
        "%.*s matches no target: there is no %s there", STR_ARG(text), PACKAGE_FILE);
    struct strs packages;
    if (packages_need(work->task, STR(""), work->arena, &packages) == DICE_OK) {
        struct str *names = ARENA_NEW(work->arena, struct str, packages.count);
        for (size_t i = 0; i < packages.count; i++) {
            names[i] = arena_printf(work->arena, "//%.*s/...", STR_ARG(packages.at[i]));
        }
        near_help(work->diags, text, names, packages.count);
    }
    return err == OK ? DICE_OK : DICE_FAILED;
}

/* All targets of some packages. */
static enum dice_status packages_add(struct work *work, struct strs packages, struct str config)
{
    struct dice_want *wants = ARENA_NEW(work->arena, struct dice_want, packages.count);
    for (size_t i = 0; i < packages.count; i++) {
        wants[i].kind = KEY_PACKAGE;
        wants[i].arg =
            arena_printf(work->arena, "//%.*s:@%.*s", STR_ARG(packages.at[i]), STR_ARG(config));
    }
    enum dice_status status = dice_need_all(work->task, wants, packages.count);
    if (status == DICE_FAILED && work->engine->options.keep_going) {
        status = DICE_OK; /* the others are built; the failure is told */
    }
    for (size_t i = 0; i < packages.count && status == DICE_OK; i++) {
        struct package_entry *entries;
        size_t count;
        if (wants[i].status != DICE_OK) {
            continue;
        }
        if (package_decode(wants[i].value, work->arena, &entries, &count) != OK) {
            return DICE_FAILED;
        }
        for (size_t j = 0; j < count; j++) {
            struct label label = {
                .package = packages.at[i], .name = entries[j].name, .config = config};
            label_add(work, label, STR(""), false);
        }
    }
    return status;
}

static enum dice_status pattern_add(struct work *work, struct str text)
{
    struct pattern pattern;
    if (pattern_parse(text, STR(""), SPAN_NONE, work->arena, &pattern, work->diags) != OK) {
        return DICE_FAILED;
    }
    bool has_config = pattern.label.config.len > 0;
    if (!has_config) {
        pattern.label.config = work->settings.configs.at[0];
    }
    struct strs packages = {.at = &pattern.label.package, .count = 1};
    enum dice_status status = DICE_OK;
    switch (pattern.kind) {
    case PATTERN_TARGET:
        status = config_form(work, &pattern, has_config);
        if (status == DICE_OK) {
            status = target_exists(work->task, pattern.label, NULL, work->diags);
        }
        if (status == DICE_OK) {
            label_add(work, pattern.label, pattern.selector, true);
        }
        return status;
    case PATTERN_TREE:
        status = packages_need(work->task, pattern.label.package, work->arena, &packages);
        break;
    case PATTERN_PACKAGE: {
        struct str value;
        struct str file = path_join(pattern.label.package, STR(PACKAGE_FILE), work->arena);
        status = dice_need(work->task, KEY_FILE, file, &value);
        packages.count = status == DICE_OK && file_decode(value).kind == FILE_ABSENT ? 0 : 1;
        break;
    }
    }
    if (status == DICE_OK && packages.count == 0) {
        return nothing_matches(work, text);
    }
    return status == DICE_OK ? packages_add(work, packages, pattern.label.config) : status;
}

static enum dice_status selector_unknown(struct work *work, const struct wanted *wanted)
{
    const struct target *target = &wanted->target;
    struct str *names = ARENA_NEW(work->arena, struct str, target->action_count);
    for (size_t i = 0; i < target->action_count; i++) {
        names[i] = target->actions[i].identifier;
    }
    struct str shown = label_show(work->engine, wanted->label, work->arena);
    enum err err = diag_add(work->diags, ERR_INVALID, SPAN_NONE, "%.*s has no action \"%.*s\"",
        STR_ARG(shown), STR_ARG(wanted->selector));
    near_help(work->diags, wanted->selector, names, target->action_count);
    return err == OK ? DICE_OK : DICE_FAILED;
}

static void number_add(struct work *work, struct wanted *wanted, size_t number)
{
    for (size_t i = 0; i < wanted->action_count; i++) {
        if (wanted->numbers[i] == number) {
            return;
        }
    }
    wanted->numbers[wanted->action_count] = number;
    wanted->actions[wanted->action_count++] =
        (struct dice_want){.kind = work->trials ? KEY_TRIAL : KEY_ACTION,
            .arg = action_key(wanted->label, number, work->arena)};
}

/* Which actions of the target the goal is about. */
static enum dice_status actions_choose(struct work *work, struct wanted *wanted)
{
    const struct target *target = &wanted->target;
    wanted->actions = ARENA_NEW(work->arena, struct dice_want, target->action_count + 1);
    wanted->numbers = ARENA_NEW(work->arena, size_t, target->action_count + 1);
    if (wanted->selector.len > 0) {
        for (size_t i = 0; i < target->action_count; i++) {
            if (str_eq(target->actions[i].identifier, wanted->selector)) {
                number_add(work, wanted, i);
            }
        }
        return wanted->action_count > 0 ? DICE_OK : selector_unknown(work, wanted);
    }
    if (work->tests) {
        for (size_t i = target->action_count - target->test_count; i < target->action_count; i++) {
            number_add(work, wanted, i);
        }
        if (target->test_count > 0) {
            return DICE_OK;
        }
        if (wanted->named) {
            struct str shown = label_show(work->engine, wanted->label, work->arena);
            enum err err = diag_add(work->diags, ERR_INVALID, SPAN_NONE,
                "%.*s is not a test but a %.*s", STR_ARG(shown), STR_ARG(target->kind));
            return err == OK ? DICE_OK : DICE_FAILED;
        }
        return DICE_OK;
    }
    for (size_t i = 0; i < target->outputs.count; i++) {
        number_add(work, wanted, target_action_of(target, target->outputs.at[i]));
    }
    return DICE_OK;
}

/* TARGET, SET and ACTION keys of all that is wanted. */
static enum dice_status wanted_need(struct work *work)
{
    size_t count = work->labels.len;
    bool keep_going = work->engine->options.keep_going;
    struct dice_want *wants = ARENA_NEW(work->arena, struct dice_want, count * 2);
    for (size_t i = 0; i < count; i++) {
        wants[2 * i] = (struct dice_want){.kind = KEY_TARGET, .arg = work->labels.keys[i]};
        wants[2 * i + 1] = (struct dice_want){.kind = KEY_SET, .arg = work->labels.keys[i]};
    }
    enum dice_status status = dice_need_all(work->task, wants, count * 2);
    if (status == DICE_PENDING || (status == DICE_FAILED && !keep_going)) {
        return status;
    }
    size_t action_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct wanted *wanted = &work->wanted_at[i];
        wanted->failed = wants[2 * i].status != DICE_OK || wants[2 * i + 1].status != DICE_OK;
        if (wanted->failed) {
            continue;
        }
        if (target_decode(wants[2 * i].value, work->arena, &wanted->target) != OK) {
            return DICE_FAILED;
        }
        status = actions_choose(work, wanted);
        if (status != DICE_OK) {
            return status;
        }
        action_count += wanted->action_count;
    }
    struct dice_want *all = ARENA_NEW(work->arena, struct dice_want, action_count);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        struct wanted *wanted = &work->wanted_at[i];
        if (wanted->action_count > 0) {
            memcpy(all + at, wanted->actions, wanted->action_count * sizeof *all);
        }
        wanted->actions = all + at;
        at += wanted->action_count;
    }
    status = dice_need_all(work->task, all, action_count);
    return status == DICE_FAILED && keep_going ? DICE_OK : status;
}

/* Distinct actions from `key` down: each outcome names those that it read from. Which they are
 * follows from the targets and sets that warnings_add asks for: ten thousand edges less. */
static enum dice_status actions_count(
    struct work *work, struct table *seen, const struct dice_want *first)
{
    uint32_t next = seen->len;
    if (table_add(seen, work->arena, first->arg) < next) {
        return DICE_OK;
    }
    for (; next < seen->len; next++) {
        struct str value;
        bool is_first = str_eq(seen->keys[next], first->arg);
        enum dice_status status =
            dice_glance(work->task, is_first ? first->kind : KEY_ACTION, seen->keys[next], &value);
        struct strs producers;
        if (status != DICE_OK) {
            return status;
        }
        if (outcome_producers(value, work->arena, &producers) != OK) {
            return DICE_FAILED;
        }
        for (size_t i = 0; i < producers.count; i++) {
            (void)table_add(seen, NULL, producers.at[i]); /* dice's, as long as the transaction */
        }
    }
    return DICE_OK;
}

static void digest_add(struct buf *value, const struct digest *digest)
{
    char text[DIGEST_TEXT_MAX];
    cbor_text_add(value, digest_format(digest, text));
}

static void output_add(struct buf *value, const struct made *made)
{
    cbor_text_add(value, made->path);
    cbor_head_add(value, CBOR_UNSIGNED, (uint64_t)made->kind);
    digest_add(value, &made->digest);
}

static void test_add(struct buf *value, const struct outcome *outcome)
{
    cbor_bool_add(value, outcome->passed);
    cbor_text_add(value, outcome->why);
    cbor_head_add(value, CBOR_UNSIGNED, outcome->wall_us);
    cbor_head_add(value, CBOR_UNSIGNED, outcome->run_count);
    cbor_head_add(value, CBOR_UNSIGNED, outcome->failed_count);
    digest_add(value, &outcome->stdout_digest);
    digest_add(value, &outcome->stderr_digest);
}

static bool is_output(const struct wanted *wanted, struct str path)
{
    for (size_t i = 0; i < wanted->target.outputs.count; i++) {
        if (str_eq(wanted->target.outputs.at[i], path)) {
            return true;
        }
    }
    return wanted->selector.len > 0;
}

/* One finished target: label, outputs, how to run it, how its test ended. */
static enum err target_add(struct work *work, const struct wanted *wanted, struct buf *value)
{
    AUTO_BUF outputs = {0}, test = {0};
    size_t output_count = 0, test_count = 0;
    const struct target *target = &wanted->target;
    for (size_t i = 0; i < wanted->action_count; i++) {
        struct outcome outcome;
        enum err err = outcome_decode(wanted->actions[i].value, work->arena, &outcome);
        if (err != OK) {
            return err;
        }
        for (size_t j = 0; j < outcome.output_count; j++) {
            if (is_output(wanted, outcome.outputs[j].path)) {
                output_add(&outputs, &outcome.outputs[j]);
                output_count++;
            }
        }
        if (target_action_is_test(target, wanted->numbers[i])) {
            test_add(&test, &outcome);
            test_count++;
        }
    }
    cbor_text_add(value, wanted->label.package);
    cbor_text_add(value, wanted->label.name);
    cbor_text_add(value, wanted->label.config);
    cbor_bool_add(value, str_eq(wanted->label.config, work->settings.configs.at[0]));
    cbor_head_add(value, CBOR_ARRAY, output_count);
    buf_add(value, buf_str(&outputs));
    cbor_bool_add(value, target->has_run);
    cbor_text_add(value, target->run.program);
    cbor_head_add(value, CBOR_ARRAY, target->run.args.count);
    for (size_t i = 0; i < target->run.args.count; i++) {
        cbor_text_add(value, target->run.args.at[i]);
    }
    cbor_head_add(value, CBOR_ARRAY, test_count);
    buf_add(value, buf_str(&test));
    return OK;
}

/* What the rules warn of, of each target that has one of these actions: a target is not computed
 * again as long as nothing of it changes, but its warnings are told each time. */
static enum dice_status warnings_add(
    struct work *work, const struct table *actions, struct buf *ret_value)
{
    struct table seen = {0};
    struct arena arena = {0};
    AUTO_BUF texts = {0};
    size_t count = 0;
    enum dice_status status = DICE_OK;
    for (uint32_t i = 0; i < actions->len && status == DICE_OK; i++) {
        struct str key = str_sub(actions->keys[i], 0, str_find(actions->keys[i], '#'));
        uint32_t before = seen.len;
        struct dice_want wants[2] = {
            {.kind = KEY_TARGET, .arg = key}, {.kind = KEY_SET, .arg = key}};
        struct target target;
        if (table_add(&seen, NULL, key) < before) {
            continue;
        }
        status = dice_need_all(work->task, wants, 2);
        if (status == DICE_OK && target_head_decode(wants[0].value, &arena, &target) != OK) {
            status = DICE_FAILED;
        }
        for (size_t j = 0; status == DICE_OK && j < target.warnings.count; j++) {
            cbor_text_add(&texts, warning_text(work->engine, &target, j, work->arena));
            count++;
        }
        arena_release(&arena);
    }
    cbor_head_add(ret_value, CBOR_ARRAY, count);
    buf_add(ret_value, buf_str(&texts));
    table_release(&seen);
    return status;
}

static enum dice_status goal_encode(struct work *work, struct buf *ret_value)
{
    struct table seen = {0};
    AUTO_BUF targets = {0}, failed = {0};
    size_t target_count = 0, failed_count = 0;
    enum dice_status status = DICE_OK;
    for (uint32_t i = 0; i < work->labels.len && status == DICE_OK; i++) {
        struct wanted *wanted = &work->wanted_at[i];
        for (size_t j = 0; j < wanted->action_count; j++) {
            wanted->failed = wanted->failed || wanted->actions[j].status != DICE_OK;
        }
        if (wanted->failed) {
            cbor_text_add(&failed, label_show(work->engine, wanted->label, work->arena));
            failed_count++;
            continue;
        }
        for (size_t j = 0; j < wanted->action_count && status == DICE_OK; j++) {
            status = actions_count(work, &seen, &wanted->actions[j]);
        }
        if (work->tests && wanted->target.test_count == 0) {
            continue;
        }
        if (status == DICE_OK && target_add(work, wanted, &targets) != OK) {
            status = DICE_FAILED;
        }
        target_count++;
    }
    cbor_head_add(ret_value, CBOR_UNSIGNED, seen.len);
    cbor_head_add(ret_value, CBOR_ARRAY, failed_count);
    buf_add(ret_value, buf_str(&failed));
    cbor_head_add(ret_value, CBOR_ARRAY, target_count);
    buf_add(ret_value, buf_str(&targets));
    if (status == DICE_OK) {
        status = warnings_add(work, &seen, ret_value);
    }
    table_release(&seen);
    return status;
}

/* What is wanted, all of it made. */
static enum dice_status goal_need(struct work *work, struct str arg)
{
    struct cbor_reader reader;
    cbor_reader_init(&reader, arg);
    uint64_t count;
    if (cbor_read_bool(&reader, &work->tests) != OK ||
        cbor_read_bool(&reader, &work->trials) != OK ||
        cbor_read_array(&reader, arg.len, &count) != OK) {
        return DICE_FAILED;
    }
    enum dice_status status = settings_need(work->task, work->arena, &work->settings);
    bool failed = false;
    for (uint64_t i = 0; i < count && status == DICE_OK; i++) {
        struct str text;
        if (cbor_read_text(&reader, &text) != OK) {
            return DICE_FAILED;
        }
        status = pattern_add(work, text);
        if (status == DICE_FAILED) { /* all that is misspelt is told at once */
            failed = true;
            status = DICE_OK;
            diags_end_chain(work->diags);
        }
    }
    if (failed && status == DICE_OK) {
        return DICE_FAILED;
    }
    return status == DICE_OK ? wanted_need(work) : status;
}

static void work_release(struct work *work)
{
    table_release(&work->labels);
    free(work->wanted_at);
    arena_release(work->arena);
}

enum dice_status goal_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    struct arena arena = {0};
    struct work work = {
        .task = task, .engine = dice_task_context(task), .diags = diags, .arena = &arena};
    enum dice_status status = goal_need(&work, arg);
    status = status == DICE_OK ? goal_encode(&work, ret_value) : status;
    work_release(&work);
    return status;
}

/* All actions from the wanted ones down, each checked. */
static enum dice_status checks_need(struct work *work)
{
    struct table seen = {0};
    enum dice_status status = DICE_OK;
    for (uint32_t i = 0; i < work->labels.len && status == DICE_OK; i++) {
        struct wanted *wanted = &work->wanted_at[i];
        for (size_t j = 0; j < wanted->action_count && !wanted->failed && status == DICE_OK; j++) {
            if (wanted->actions[j].status == DICE_OK) {
                status = actions_count(work, &seen, &wanted->actions[j]);
            }
        }
    }
    struct dice_want *wants = ARENA_NEW(work->arena, struct dice_want, seen.len);
    for (uint32_t i = 0; i < seen.len; i++) {
        wants[i] = (struct dice_want){.kind = KEY_CHECK, .arg = seen.keys[i]};
    }
    status = status == DICE_OK ? dice_need_all(work->task, wants, seen.len) : status;
    table_release(&seen);
    return status;
}

enum dice_status checks_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    (void)ret_value;
    struct arena arena = {0};
    struct work work = {
        .task = task, .engine = dice_task_context(task), .diags = diags, .arena = &arena};
    enum dice_status status = goal_need(&work, arg);
    status = status == DICE_OK ? checks_need(&work) : status;
    work_release(&work);
    return status;
}

static enum err digest_decode(struct cbor_reader *reader, struct digest *ret_digest)
{
    struct str text;
    enum err err = cbor_read_text(reader, &text);
    return err == OK ? digest_parse(text, ret_digest) : err;
}

static enum err output_decode(struct cbor_reader *reader, struct goal_output *output)
{
    uint64_t kind = 0;
    enum err err = cbor_read_text(reader, &output->path);
    err = err == OK ? cbor_read_unsigned(reader, &kind) : err;
    output->kind = (enum tree_entry_kind)kind;
    err = err == OK ? digest_decode(reader, &output->digest) : err;
    return err == OK && kind > TREE_DIRECTORY ? ERR_INVALID : err;
}

static enum err test_decode(struct cbor_reader *reader, struct goal_test *test)
{
    enum err err = cbor_read_bool(reader, &test->passed);
    err = err == OK ? cbor_read_text(reader, &test->why) : err;
    err = err == OK ? cbor_read_unsigned(reader, &test->wall_us) : err;
    err = err == OK ? cbor_read_unsigned(reader, &test->run_count) : err;
    err = err == OK ? cbor_read_unsigned(reader, &test->failed_count) : err;
    test->flaky = test->failed_count > 0 && test->failed_count < test->run_count;
    err = err == OK ? digest_decode(reader, &test->stdout_digest) : err;
    return err == OK ? digest_decode(reader, &test->stderr_digest) : err;
}

/* From good to bad: it passed, at another attempt, failed at times, failed. */
static unsigned badness(const struct goal_test *test)
{
    return test->passed ? (test->flaky ? 1 : 0) : (test->flaky ? 2 : 3);
}

/* The test as a whole: as its worst shard, the first of them; it takes as long as the longest. */
static void shards_join(struct goal_target *target, struct arena *arena)
{
    size_t worst = 0;
    struct goal_test whole = {.wall_us = 0};
    for (size_t i = 0; i < target->shard_count; i++) {
        const struct goal_test *shard = &target->shards[i];
        worst = badness(shard) > badness(&target->shards[worst]) ? i : worst;
        whole.wall_us = shard->wall_us > whole.wall_us ? shard->wall_us : whole.wall_us;
        whole.run_count += shard->run_count;
        whole.failed_count += shard->failed_count;
    }
    target->test = target->shards[worst];
    target->test.wall_us = whole.wall_us;
    target->test.run_count = whole.run_count;
    target->test.failed_count = whole.failed_count;
    if (target->shard_count > 1 && badness(&target->test) > 0) {
        target->test.why = arena_printf(arena, "shard %zu of %zu %.*s", worst + 1,
            target->shard_count, STR_ARG(target->test.why));
    }
}

static enum err target_read_back(
    struct cbor_reader *reader, struct arena *arena, struct goal_target *target)
{
    uint64_t count = 0;
    enum err err = cbor_read_text(reader, &target->label.package);
    err = err == OK ? cbor_read_text(reader, &target->label.name) : err;
    err = err == OK ? cbor_read_text(reader, &target->label.config) : err;
    err = err == OK ? cbor_read_bool(reader, &target->is_default_config) : err;
    err = err == OK ? cbor_read_array(reader, reader->input.len, &count) : err;
    target->outputs = err == OK ? ARENA_NEW(arena, struct goal_output, (size_t)count) : NULL;
    for (; err == OK && target->output_count < count; target->output_count++) {
        err = output_decode(reader, &target->outputs[target->output_count]);
    }
    err = err == OK ? cbor_read_bool(reader, &target->has_run) : err;
    err = err == OK ? cbor_read_text(reader, &target->run.program) : err;
    err = err == OK ? cbor_read_array(reader, reader->input.len, &count) : err;
    struct str *args = err == OK ? ARENA_NEW(arena, struct str, (size_t)count) : NULL;
    for (uint64_t i = 0; err == OK && i < count; i++) {
        err = cbor_read_text(reader, &args[i]);
    }
    target->run.args = (struct strs){.at = args, .count = (size_t)count};
    err = err == OK ? cbor_read_array(reader, reader->input.len, &count) : err;
    target->shards = err == OK ? ARENA_NEW(arena, struct goal_test, (size_t)count) : NULL;
    for (; err == OK && target->shard_count < count; target->shard_count++) {
        err = test_decode(reader, &target->shards[target->shard_count]);
    }
    if (err == OK && target->shard_count > 0) {
        shards_join(target, arena);
    }
    return err;
}

enum err goal_decode(struct str value, struct arena *arena, struct goal *ret_goal)
{
    struct goal goal = {0};
    struct cbor_reader reader;
    cbor_reader_init(&reader, value);
    uint64_t count = 0;
    enum err err = cbor_read_unsigned(&reader, &goal.action_count);
    err = err == OK ? cbor_read_array(&reader, value.len, &count) : err;
    struct str *failed = err == OK ? ARENA_NEW(arena, struct str, (size_t)count) : NULL;
    for (uint64_t i = 0; err == OK && i < count; i++) {
        err = cbor_read_text(&reader, &failed[i]);
    }
    goal.failed = (struct strs){.at = failed, .count = (size_t)count};
    err = err == OK ? cbor_read_array(&reader, value.len, &count) : err;
    goal.targets = err == OK ? ARENA_NEW(arena, struct goal_target, (size_t)count) : NULL;
    for (; err == OK && goal.target_count < count; goal.target_count++) {
        err = target_read_back(&reader, arena, &goal.targets[goal.target_count]);
    }
    err = err == OK ? cbor_read_array(&reader, value.len, &count) : err;
    struct str *warnings = err == OK ? ARENA_NEW(arena, struct str, (size_t)count) : NULL;
    for (uint64_t i = 0; err == OK && i < count; i++) {
        err = cbor_read_text(&reader, &warnings[i]);
    }
    goal.warnings = (struct strs){.at = warnings, .count = err == OK ? (size_t)count : 0};
    *ret_goal = goal;
    return err;
}
