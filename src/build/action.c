/* src/build/action.c: what an action needs, and what becomes of it. */
#include "base/file.h"
#include "build/peaks.h"
#include "build/record.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>

struct str action_key(struct label label, size_t number, struct arena *arena)
{
    struct str key = label_key(label, arena);
    return arena_printf(arena, "%.*s#%zu", STR_ARG(key), number);
}

enum err action_of_key(struct str key, struct label *ret_label, size_t *ret_number)
{
    size_t hash = str_find(key, '#');
    size_t number = 0;
    for (size_t i = hash + 1; i < key.len; i++) {
        if (key.ptr[i] < '0' || key.ptr[i] > '9' || number > SIZE_MAX / 16) {
            return ERR_INVALID;
        }
        number = number * 10 + (size_t)(key.ptr[i] - '0');
    }
    *ret_label = label_of_key(str_sub(key, 0, hash));
    *ret_number = number;
    return hash + 1 < key.len ? OK : ERR_INVALID;
}

/* Value: [producers], [path, kind, digest, ...], and of a test how it ended. What may differ from
 * one run to the next without meaning anything is not in it. */
void outcome_encode(const struct outcome *outcome, bool is_test, struct buf *ret_value)
{
    char text[DIGEST_TEXT_MAX];
    cbor_head_add(ret_value, CBOR_ARRAY, outcome->producers.count);
    for (size_t i = 0; i < outcome->producers.count; i++) {
        cbor_text_add(ret_value, outcome->producers.at[i]);
    }
    cbor_head_add(ret_value, CBOR_ARRAY, outcome->output_count);
    for (size_t i = 0; i < outcome->output_count; i++) {
        cbor_text_add(ret_value, outcome->outputs[i].path);
        cbor_head_add(ret_value, CBOR_UNSIGNED, (uint64_t)outcome->outputs[i].kind);
        cbor_text_add(ret_value, digest_format(&outcome->outputs[i].digest, text));
    }
    cbor_bool_add(ret_value, is_test);
    if (is_test) {
        cbor_bool_add(ret_value, outcome->passed);
        cbor_text_add(ret_value, outcome->why);
        cbor_head_add(ret_value, CBOR_UNSIGNED, outcome->wall_us);
        cbor_head_add(ret_value, CBOR_UNSIGNED, outcome->run_count);
        cbor_head_add(ret_value, CBOR_UNSIGNED, outcome->failed_count);
        cbor_text_add(ret_value, digest_format(&outcome->stdout_digest, text));
        cbor_text_add(ret_value, digest_format(&outcome->stderr_digest, text));
    }
}

static enum err digest_decode(struct cbor_reader *reader, struct digest *ret_digest)
{
    struct str text;
    enum err err = cbor_read_text(reader, &text);
    return err == OK ? digest_parse(text, ret_digest) : err;
}

static enum err outputs_decode(
    struct cbor_reader *reader, struct arena *arena, struct outcome *outcome)
{
    uint64_t count = 0;
    enum err err = cbor_read_array(reader, reader->input.len, &count);
    struct made *at = err == OK ? ARENA_NEW(arena, struct made, (size_t)count) : NULL;
    for (uint64_t i = 0; err == OK && i < count; i++) {
        uint64_t kind = 0;
        err = cbor_read_text(reader, &at[i].path);
        err = err == OK ? cbor_read_unsigned(reader, &kind) : err;
        err = err == OK ? digest_decode(reader, &at[i].digest) : err;
        err = err == OK && kind > TREE_DIRECTORY ? ERR_INVALID : err;
        at[i].kind = (enum tree_entry_kind)kind;
    }
    outcome->outputs = at;
    outcome->output_count = (size_t)count;
    return err;
}

static enum err producers_decode(
    struct cbor_reader *reader, struct arena *arena, struct strs *ret_producers)
{
    uint64_t count = 0;
    enum err err = cbor_read_array(reader, reader->input.len, &count);
    struct str *producers = err == OK ? ARENA_NEW(arena, struct str, (size_t)count) : NULL;
    for (uint64_t i = 0; err == OK && i < count; i++) {
        err = cbor_read_text(reader, &producers[i]);
    }
    *ret_producers = (struct strs){.at = producers, .count = (size_t)count};
    return err;
}

enum err outcome_producers(struct str value, struct arena *arena, struct strs *ret_producers)
{
    struct cbor_reader reader;
    cbor_reader_init(&reader, value);
    return producers_decode(&reader, arena, ret_producers);
}

enum err outcome_decode(struct str value, struct arena *arena, struct outcome *ret_outcome)
{
    struct outcome outcome = {.passed = true};
    struct cbor_reader reader;
    cbor_reader_init(&reader, value);
    bool is_test = false;
    enum err err = producers_decode(&reader, arena, &outcome.producers);
    err = err == OK ? outputs_decode(&reader, arena, &outcome) : err;
    err = err == OK ? cbor_read_bool(&reader, &is_test) : err;
    if (err == OK && is_test) {
        err = cbor_read_bool(&reader, &outcome.passed);
        err = err == OK ? cbor_read_text(&reader, &outcome.why) : err;
        err = err == OK ? cbor_read_unsigned(&reader, &outcome.wall_us) : err;
        err = err == OK ? cbor_read_unsigned(&reader, &outcome.run_count) : err;
        err = err == OK ? cbor_read_unsigned(&reader, &outcome.failed_count) : err;
        err = err == OK ? digest_decode(&reader, &outcome.stdout_digest) : err;
        err = err == OK ? digest_decode(&reader, &outcome.stderr_digest) : err;
    }
    *ret_outcome = outcome;
    return err;
}

static enum dice_status failed(enum err err)
{
    return err == OK ? DICE_OK : DICE_FAILED;
}

/* The network and what else is not there yet is refused before anything runs. */
static enum dice_status requires_check(struct job *job)
{
    struct grade required = grade_of(job->action->requires, job->action->require_count, job->arena);
    if (required.count == 0) {
        return DICE_OK;
    }
    struct resource missing = required.at[0];
    bool granted = grade_within(required, job->settings.grants, &missing);
    struct str label = label_show(job->engine, job->label, job->arena);
    struct str resource = resource_format(missing, job->arena);
    struct str chain = needed_by_show(job->engine, job->label, job->arena);
    struct span span =
        engine_place(job->engine, job->label.package, job->label.name, STR(""), job->arena);
    enum err err = diag_add(job->diags, ERR_INVALID, span, "%.*s requires %.*s, which %s%.*s",
        STR_ARG(label), STR_ARG(resource),
        granted ? "this version of straylight cannot give yet" : "this workspace does not grant",
        STR_ARG(chain));
    if (!granted) {
        diag_help(job->diags, "grants stand in %s", WORKSPACE_FILE);
    }
    return failed(err);
}

/* What is near to a source that does not exist: the files of its folder. */
static void source_near_help(struct job *job, struct str path)
{
    size_t slash = str_find_last(path, '/');
    struct str folder = slash == path.len ? STR(".") : str_sub(path, 0, slash);
    int fd = openat(
        job->engine->root_fd, arena_cstr(job->arena, folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        fd_close(&fd);
        return;
    }
    AUTO_BUF names = {0};
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        struct str name = arena_str(job->arena, str_of(entry->d_name));
        if (str_eq(name, STR(".")) || str_eq(name, STR(".."))) {
            continue;
        }
        struct str whole = slash == path.len ? name : path_join(folder, name, job->arena);
        buf_add(&names, (struct str){.ptr = (const char *)&whole, .len = sizeof whole});
    }
    near_help(job->diags, path, (const struct str *)(const void *)names.ptr,
        names.len / sizeof(struct str));
    (void)closedir(dir);
}

static enum dice_status source_fault(struct job *job, struct str path, enum file_kind kind)
{
    struct str label = label_show(job->engine, job->label, job->arena);
    struct str package = job->label.package;
    struct str written = str_sub(path, package.len + (package.len > 0), path.len);
    struct span span = engine_place(job->engine, package, job->label.name, written, job->arena);
    if (kind != FILE_ABSENT) {
        return failed(diag_add(job->diags, ERR_INVALID, span, "%.*s, a source of %.*s, is %s",
            STR_ARG(path), STR_ARG(label),
            kind == FILE_FOLDER ? "a folder: name the files in it"
                                : "not a file that can be read"));
    }
    enum err err = diag_add(job->diags, ERR_INVALID, span, "%.*s, a source of %.*s, does not exist",
        STR_ARG(path), STR_ARG(label));
    source_near_help(job, path);
    return failed(err);
}

static enum dice_status no_output(struct job *job, const struct piece *piece)
{
    struct analysis *owner = job->analysis;
    if (!label_eq(piece->label, job->label)) {
        enum dice_status status = analysis_need(job->task, piece->label, &owner);
        if (status != DICE_OK) {
            return status;
        }
    }
    struct str label = label_show(job->engine, job->label, job->arena);
    struct str other = label_show(job->engine, piece->label, job->arena);
    struct span span =
        engine_place(job->engine, job->label.package, job->label.name, piece->text, job->arena);
    enum err err = diag_add(job->diags, ERR_INVALID, span,
        "%.*s names the output \"%.*s\" of %.*s, which has no such output", STR_ARG(label),
        STR_ARG(piece->text), STR_ARG(other));
    near_help(job->diags, piece->text, owner->target.outputs.at, owner->target.outputs.count);
    return failed(err);
}

/* The action that makes a piece, as a key. Of another target only that is looked at. */
static enum dice_status producer_find(
    struct job *job, const struct piece *piece, struct str *ret_key)
{
    size_t number = 0;
    bool found;
    if (label_eq(piece->label, job->label)) {
        number = target_action_of(&job->analysis->target, piece->text);
        found = number < job->analysis->target.action_count;
    } else {
        struct str bytes;
        needed_by_add(job->engine, piece->label, job->label);
        struct str key = label_key(piece->label, job->arena);
        enum dice_status status = dice_need(job->task, KEY_TARGET, key, &bytes);
        if (status != DICE_OK) {
            return status;
        }
        found = target_maker_find(bytes, piece->text, &number);
    }
    if (!found) {
        return no_output(job, piece);
    }
    *ret_key = action_key(piece->label, number, job->arena);
    return DICE_OK;
}

/* Labels that the action itself names must be visible to its target; what comes through sets has
 * been passed on by those who may. */
static enum dice_status named_check(struct job *job, struct args args)
{
    for (size_t i = 0; i < args.count; i++) {
        for (size_t j = 0; j < args.at[i].before.count; j++) {
            const struct piece *piece = &args.at[i].before.at[j];
            if ((piece->kind != PIECE_MADE && piece->kind != PIECE_PROGRAM) ||
                label_eq(piece->label, job->label)) {
                continue;
            }
            enum dice_status status =
                target_exists(job->task, piece->label, &job->analysis->target, job->diags);
            if (status != DICE_OK) {
                return status;
            }
        }
    }
    return DICE_OK;
}

/* Fills an entry from the value of the key that makes it. */
static enum dice_status entry_fill(
    struct job *job, const struct input *input, const struct dice_want *want)
{
    struct tree_entry *entry = &job->entries[input - job->expansion.inputs];
    entry->path = input->path;
    if (input->piece.kind == PIECE_SOURCE) {
        struct file file = file_decode(want->value);
        entry->kind = file.kind == FILE_EXECUTABLE ? TREE_EXECUTABLE : TREE_FILE;
        entry->digest = file.digest;
        return file.kind == FILE_REGULAR || file.kind == FILE_EXECUTABLE
                   ? DICE_OK
                   : source_fault(job, input->piece.text, file.kind);
    }
    struct outcome outcome;
    if (outcome_decode(want->value, job->arena, &outcome) != OK) {
        return DICE_FAILED;
    }
    for (size_t i = 0; i < outcome.output_count; i++) {
        if (str_eq(outcome.outputs[i].path, input->piece.text)) {
            entry->kind = outcome.outputs[i].kind;
            entry->digest = outcome.outputs[i].digest;
            return DICE_OK;
        }
    }
    return DICE_FAILED;
}

/* All inputs, asked for at once. */
static enum dice_status inputs_need(struct job *job)
{
    size_t count = job->expansion.input_count;
    struct dice_want *wants = ARENA_NEW(job->arena, struct dice_want, 2 * count + 1);
    struct str *producers = ARENA_NEW(job->arena, struct str, count);
    size_t producer_count = 0;
    struct table seen = {0};
    enum dice_status status = DICE_OK, worst = DICE_OK;
    for (size_t i = 0; i < count; i++) {
        const struct piece *piece = &job->expansion.inputs[i].piece;
        wants[i] = (struct dice_want){.kind = KEY_FILE, .arg = piece->text};
        if (piece->kind == PIECE_SOURCE) {
            continue;
        }
        wants[i].kind = KEY_ACTION;
        status = producer_find(job, piece, &wants[i].arg);
        if (status != DICE_OK) {
            worst = worst == DICE_FAILED ? worst : status;
            continue;
        }
        if (table_add(&seen, NULL, wants[i].arg) == producer_count) {
            producers[producer_count++] = wants[i].arg;
        }
    }
    table_release(&seen);
    job->outcome.producers = (struct strs){.at = producers, .count = producer_count};
    job->wants = wants;
    size_t all = prune_wants_add(job, wants, count);
    status = worst == DICE_OK ? dice_need_all(job->task, wants, all) : worst;
    job->entries = ARENA_NEW(job->arena, struct tree_entry, count);
    for (size_t i = 0; i < count && status == DICE_OK; i++) {
        status = entry_fill(job, &job->expansion.inputs[i], &wants[i]);
    }
    return status;
}

static enum err expand(struct job *job)
{
    if (pthread_mutex_lock(&job->engine->graph_lock) != 0) {
        return ERR_IO;
    }
    enum err err = expand_action(
        &job->analysis->expander, job->action, job->arena, &job->expansion, job->diags);
    (void)pthread_mutex_unlock(&job->engine->graph_lock);
    return err;
}

/* The test's action with what the options add. TESTBRIDGE_TEST_ONLY: as Bazel's test encyclopedia
 * has it. */
static void trial_prepare(struct job *job)
{
    const struct build_options *options = &job->engine->options;
    size_t argc = job->action->argv.count, more = options->test_args.count;
    struct action *action = ARENA_NEW(job->arena, struct action, 1);
    struct arg *argv = ARENA_NEW(job->arena, struct arg, argc + more);
    struct piece *texts = ARENA_NEW(job->arena, struct piece, more);
    *action = *job->action;
    for (size_t i = 0; i < argc; i++) {
        argv[i] = action->argv.at[i];
    }
    for (size_t i = 0; i < more; i++) {
        texts[i] = (struct piece){.kind = PIECE_TEXT, .text = options->test_args.at[i]};
        argv[argc + i].before = (struct pieces){.at = &texts[i], .count = 1};
    }
    action->argv = (struct args){.at = argv, .count = argc + more};
    if (options->test_filter.len > 0) {
        struct variable *env = ARENA_NEW(job->arena, struct variable, action->env_count + 1);
        for (size_t i = 0; i < action->env_count; i++) {
            env[i] = action->env[i];
        }
        env[action->env_count++] =
            (struct variable){.name = STR("TESTBRIDGE_TEST_ONLY"), .value = options->test_filter};
        action->env = env;
    }
    job->is_forced = options->test_runs > 0;
    job->action = action;
}

/* Dice learns which blobs the value speaks of: if one is found damaged, the action runs again. */
static enum dice_status damages_need(struct job *job)
{
    for (size_t i = 0; i < job->outcome.output_count; i++) {
        char hex[DIGEST_HEX_BYTES];
        struct str value;
        enum dice_status status = dice_need(
            job->task, KEY_DAMAGE, damage_key(&job->outcome.outputs[i].digest, hex), &value);
        if (status != DICE_OK) {
            return status;
        }
    }
    return DICE_OK;
}

/* What is known of a test is asked for again in each build. */
static enum dice_status pass_need(struct job *job)
{
    char text[DIGEST_TEXT_MAX];
    struct str value;
    return job->is_test && job->outcome.passed
               ? dice_need(job->task, KEY_PASS, digest_format(&job->key, text), &value)
               : DICE_OK;
}

struct str action_name(struct job *job)
{
    struct str label = label_show(job->engine, job->label, job->arena);
    struct str what = action_describe(job->action, job->arena);
    return arena_printf(job->arena, "%.*s: %.*s", STR_ARG(label), STR_ARG(what));
}

enum dice_status action_prepare(struct job *job)
{
    enum dice_status status = settings_need(job->task, job->arena, &job->settings);
    if (status == DICE_OK) {
        status = analysis_need(job->task, job->label, &job->analysis);
    }
    if (status != DICE_OK || job->number >= job->analysis->target.action_count) {
        return status == DICE_OK ? DICE_FAILED : status;
    }
    const struct target *target = &job->analysis->target;
    job->action = &target->actions[job->number];
    job->is_test = target_action_is_test(target, job->number);
    if (job->is_trial) {
        trial_prepare(job);
    }
    status = requires_check(job);
    status = status == DICE_OK ? named_check(job, job->action->argv) : status;
    status = status == DICE_OK ? named_check(job, job->action->inputs) : status;
    status = status == DICE_OK ? failed(expand(job)) : status;
    if (job->engine->options.progress) {
        progress_asked(job->engine, action_key(job->label, job->number, job->arena),
            peaks_find(job->engine->durations, action_name(job)));
    }
    if (status == DICE_OK) {
        const struct diag *before = job->diags->newest;
        status = inputs_need(job);
        if (status == DICE_FAILED && job->engine->options.dry_run && before == job->diags->newest) {
            record_end(job, LOG_WAITS);
        }
    }
    return status == DICE_OK ? failed(action_key_make(job)) : status;
}

static enum dice_status job_work(struct job *job, struct str arg, struct buf *ret_value)
{
    if (action_of_key(arg, &job->label, &job->number) != OK) {
        return DICE_FAILED;
    }
    enum dice_status status = action_prepare(job);
    status = status == DICE_OK ? action_do(job) : status;
    status = status == DICE_OK ? damages_need(job) : status;
    status = status == DICE_OK ? pass_need(job) : status;
    if (status == DICE_OK) {
        prune(job);
        outcome_encode(&job->outcome, job->is_test, ret_value);
    }
    return status;
}

static enum dice_status compute(struct dice_task *task, struct str arg, bool is_trial,
    struct buf *ret_value, struct diags *diags)
{
    struct arena arena = {0};
    struct job job = {.engine = dice_task_context(task),
        .task = task,
        .diags = diags,
        .arena = &arena,
        .is_trial = is_trial};
    enum dice_status status = job_work(&job, arg, ret_value);
    arena_release(&arena);
    return status;
}

enum dice_status action_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    return compute(task, arg, false, ret_value, diags);
}

enum dice_status trial_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    return compute(task, arg, true, ret_value, diags);
}
