/* src/build/rerun.c */
#include "build/rerun.h"
#include "build/host.h"
#include "build/record.h"
#include <stdlib.h>

/* The RERUN key. */

static enum dice_status selector_fault(struct job *job, struct str selector)
{
    const struct target *target = &job->analysis->target;
    struct str label = label_show(job->engine, job->label, job->arena);
    struct str *names = ARENA_NEW(job->arena, struct str, target->action_count);
    AUTO_BUF list = {0};
    for (size_t i = 0; i < target->action_count; i++) {
        names[i] = target->actions[i].identifier;
        buf_printf(&list, "%s%.*s", i > 0 ? ", " : "", STR_ARG(names[i]));
    }
    enum err err;
    if (selector.len > 0) {
        err = diag_add(job->diags, ERR_INVALID, SPAN_NONE, "%.*s has no action \"%.*s\"",
            STR_ARG(label), STR_ARG(selector));
        near_help(job->diags, selector, names, target->action_count);
    } else {
        err = diag_add(job->diags, ERR_INVALID, SPAN_NONE,
            "%.*s has %zu actions, where one is wanted", STR_ARG(label), target->action_count);
    }
    if (target->action_count > 0) {
        diag_help(job->diags, "name one behind a '#', as %.*s#%.*s; there are %.*s", STR_ARG(label),
            STR_ARG(names[0]), STR_ARG(buf_str(&list)));
    }
    return err == OK ? DICE_OK : DICE_FAILED;
}

static enum dice_status number_find(struct job *job, struct str selector)
{
    const struct target *target = &job->analysis->target;
    for (size_t i = 0; i < target->action_count; i++) {
        if (selector.len == 0 ? target->action_count == 1
                              : str_eq(target->actions[i].identifier, selector)) {
            job->number = i;
            return DICE_OK;
        }
    }
    return selector_fault(job, selector);
}

static enum dice_status rerun_work(struct job *job, struct str arg, struct buf *ret_value)
{
    struct pattern pattern;
    enum dice_status status = settings_need(job->task, job->arena, &job->settings);
    if (status == DICE_OK &&
        pattern_parse(arg, STR(""), SPAN_NONE, job->arena, &pattern, job->diags) != OK) {
        return DICE_FAILED;
    }
    if (status == DICE_OK) {
        job->label = pattern.label;
        if (job->label.config.len == 0) {
            job->label.config = job->settings.configs.at[0];
        }
        status = target_exists(job->task, job->label, NULL, job->diags);
    }
    if (status == DICE_OK) {
        status = analysis_need(job->task, job->label, &job->analysis);
    }
    status = status == DICE_OK ? number_find(job, pattern.selector) : status;
    status = status == DICE_OK ? action_prepare(job) : status;
    if (status != DICE_OK) {
        return status;
    }
    if (action_inputs_ready(job) != OK) {
        return DICE_FAILED;
    }
    struct log_action action;
    char digest[DIGEST_TEXT_MAX];
    record_describe(job, &action);
    action.digest = digest_format(&job->key, digest);
    struct table texts = {0};
    AUTO_BUF actions = {0};
    log_action_encode(&action, &texts, job->arena, &actions);
    struct log_build build = {.action_count = 1};
    log_build_encode(&build, &texts, buf_str(&actions), ret_value);
    table_release(&texts);
    return DICE_OK;
}

enum dice_status rerun_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    struct arena arena = {0};
    struct job job = {
        .engine = dice_task_context(task), .task = task, .diags = diags, .arena = &arena};
    enum dice_status status = rerun_work(&job, arg, ret_value);
    arena_release(&arena);
    return status;
}

enum err rerun_find(struct engine *engine, const char *text, struct arena *arena,
    struct log_action *ret_action, struct diags *diags)
{
    struct strs patterns;
    struct pattern pattern;
    enum err err = build_patterns_read(engine, &text, 1, arena, &patterns, diags);
    if (err == OK) {
        err = pattern_parse(patterns.at[0], STR(""), SPAN_NONE, arena, &pattern, diags);
    }
    if (err == OK && pattern.kind != PATTERN_TARGET) {
        err = diag_add(diags, ERR_INVALID, SPAN_NONE, "%.*s names more than one target",
            STR_ARG(patterns.at[0]));
    }
    if (err != OK) {
        return err;
    }
    struct dice_want want = {.kind = KEY_RERUN, .arg = patterns.at[0]};
    struct dice_request request = {.wants = &want, .count = 1, .describe = build_key_describe};
    err = dice_run(engine->dice, &request, diags);
    progress_clear(engine);
    struct log_build build = {0};
    if (err == OK && (log_build_decode(arena_str(arena, want.value), arena, &build) != OK ||
                         build.action_count != 1)) {
        err = diag_add(diags, ERR_INVALID, SPAN_NONE, "the graph is damaged");
    }
    if (engine->exec != NULL) { /* what was made on the way is remembered, whatever failed */
        enum err saved = build_save(engine, diags);
        err = err == OK ? saved : err;
        record_write(engine, &(const struct goal){.patterns = patterns}, err == OK);
    }
    if (err == OK) {
        *ret_action = build.actions[0];
    }
    return err;
}

bool rerun_is_digest(struct str text)
{
    size_t end = str_find(text, '/');
    for (size_t i = 0; i < end; i++) {
        char c = text.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }
    return end >= RERUN_DIGEST_DIGITS_MIN;
}

enum err rerun_find_digest(const struct log_build *builds, size_t count, struct str digits,
    const struct log_action **ret_action)
{
    for (size_t i = count; i > 0; i--) {
        for (size_t j = builds[i - 1].action_count; j > 0; j--) {
            const struct log_action *action = &builds[i - 1].actions[j - 1];
            if (str_starts(action->digest, digits)) {
                *ret_action = action;
                return OK;
            }
        }
    }
    return ERR_ABSENT;
}

/* Its root. */

/* Trees of the action, each at its place, and more; as one. */
static enum err root_make(struct store *store, const struct log_action *action,
    const struct digest *more, struct arena *arena, struct digest *ret_root, struct diags *diags)
{
    size_t count = action->trees.count;
    struct digest *roots = ARENA_NEW(arena, struct digest, count + 1);
    enum err err = OK;
    for (size_t i = 0; i < count && err == OK; i++) {
        struct str text = action->trees.at[i]; /* "/place digest" */
        size_t blank = str_find_last(text, ' ');
        struct tree_entry entry = {.path = str_sub(text, 1, blank), .kind = TREE_DIRECTORY};
        if (digest_parse(str_sub(text, blank + 1, text.len), &entry.digest) != OK) {
            return diag_add(diags, ERR_CORRUPT, SPAN_NONE, "the record of the action is damaged");
        }
        roots[i] = entry.digest;
        if (entry.path.len > 0) {
            err = tree_build(store, &entry, 1, true, &roots[i], diags);
        }
    }
    if (more != NULL) {
        roots[count++] = *more;
    }
    if (err == OK && count == 1) {
        *ret_root = roots[0];
    } else if (err == OK) {
        err = tree_merge(store, roots, count, ret_root, diags);
    }
    if (err == ERR_ABSENT) {
        err = diag_add(diags, ERR_INVALID, SPAN_NONE, "a tree of the action is not in the store");
        diag_help(diags, "\"straylight toolchain add\" puts the present ones there again");
    }
    return err;
}

/* Tools. */

/* What a person needs to look around, and the shells first. */
static const char *const program_names[] = {"sh", "bash", "awk", "basename", "cat", "chmod", "cmp",
    "cp", "cut", "date", "diff", "dirname", "du", "echo", "env", "expr", "false", "find", "grep",
    "head", "id", "less", "ln", "ls", "mkdir", "mv", "nl", "od", "paste", "printf", "ps", "pwd",
    "readelf", "readlink", "rm", "rmdir", "sed", "seq", "sha256sum", "sleep", "sort", "stat",
    "strace", "strings", "tail", "tee", "test", "touch", "tr", "true", "uniq", "wc", "which",
    "xargs"};

/* Paths of a tree, and all folders above them. */
struct paths {
    struct arena arena;
    struct table files, folders;
};

static void paths_release(struct paths *paths)
{
    table_release(&paths->files);
    table_release(&paths->folders);
    arena_release(&paths->arena);
}
#define AUTO_PATHS __attribute__((cleanup(paths_release))) struct paths

static enum err paths_read(
    struct store *store, const struct digest *root, struct paths *paths, struct diags *diags)
{
    struct tree_entry *entries;
    size_t count = 0;
    enum err err = tree_list(store, root, &paths->arena, &entries, &count, diags);
    for (size_t i = 0; i < count && err == OK; i++) {
        struct str path = entries[i].path;
        (void)table_add(
            entries[i].kind == TREE_DIRECTORY ? &paths->folders : &paths->files, NULL, path);
        for (size_t at = str_find_last(path, '/'); at < path.len; at = str_find_last(path, '/')) {
            path = str_sub(path, 0, at);
            (void)table_add(&paths->folders, NULL, path);
        }
    }
    return err == ERR_ABSENT
               ? diag_add(diags, ERR_INVALID, SPAN_NONE, "a tree is not whole in the store")
               : err;
}

/* Can there be such a file beside what is there? */
static bool path_is_free(const struct paths *paths, struct str path)
{
    if (table_get(&paths->files, path) != TABLE_NONE ||
        table_get(&paths->folders, path) != TABLE_NONE) {
        return false;
    }
    for (size_t at = str_find_last(path, '/'); at < path.len; at = str_find_last(path, '/')) {
        path = str_sub(path, 0, at);
        if (table_get(&paths->files, path) != TABLE_NONE) {
            return false;
        }
    }
    return true;
}

static enum err programs_gather(struct host *host, const struct probe *probe)
{
    enum err err = OK;
    for (size_t i = 0; i < sizeof program_names / sizeof program_names[0] && err == OK; i++) {
        const char *path;
        err = probe_find(probe, str_of(program_names[i]), &path);
        err = err == OK ? host_add(host, str_of(path), NULL) : err;
        err = err == ERR_ABSENT ? OK : err;
    }
    return err == OK ? host_close_over(host, NULL) : err;
}

/* This machine's, or those of a tree: entries in the probe's arena. */
static enum err entries_gather(struct store *store, const struct probe *probe,
    const struct digest *tools, struct tree_entry **ret_entries, size_t *ret_count)
{
    if (tools != NULL) {
        enum err err = tree_list(store, tools, probe->arena, ret_entries, ret_count, probe->diags);
        return err == ERR_ABSENT ? diag_add(probe->diags, ERR_INVALID, SPAN_NONE,
                                       "the tree of tools is not in the store")
                                 : err;
    }
    struct host host = host_new(probe, store);
    struct digest tree;
    enum err err = programs_gather(&host, probe);
    err = err == OK ? host_build(&host, &tree) : err;
    host_release(&host);
    return err == OK ? tree_list(store, &tree, probe->arena, ret_entries, ret_count, probe->diags)
                     : err;
}

/* "#!/usr/bin/sh", then the action's command, with nothing but its environment. */
static struct str script_of(const struct log_action *action, const struct rerun_tools *tools,
    bool has_env, struct arena *arena)
{
    AUTO_BUF text = {0};
    buf_printf(&text, "#!%s%s\nexec", tools->shell, tools->is_busybox ? " sh" : "");
    if (has_env) {
        buf_add(&text, STR(" env -i"));
        for (size_t i = 0; i < action->env.count; i++) {
            buf_add_byte(&text, ' ');
            shell_word_add(&text, action->env.at[i]);
        }
    }
    for (size_t i = 0; i < action->argv.count; i++) {
        buf_add_byte(&text, ' ');
        shell_word_add(&text, action->argv.at[i]);
    }
    buf_add_byte(&text, '\n');
    return arena_str(arena, buf_str(&text));
}

static bool is_there(const struct paths *base, const struct table *added, struct str path)
{
    return table_get(&base->files, path) != TABLE_NONE || table_get(added, path) != TABLE_NONE;
}

static void shells_find(
    const struct paths *base, const struct table *added, struct rerun_tools *tools)
{
    static const struct {
        struct str path;
        const char *absolute;
        bool is_busybox;
    } shells[] = {{{"usr/bin/sh", 10}, "/usr/bin/sh", false}, {{"bin/sh", 6}, "/bin/sh", false},
        {{"usr/bin/bash", 12}, "/usr/bin/bash", false}, {{"bin/bash", 8}, "/bin/bash", false},
        {{"usr/bin/busybox", 15}, "/usr/bin/busybox", true},
        {{"bin/busybox", 11}, "/bin/busybox", true}, {{"busybox", 7}, "/busybox", true}};
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (!is_there(base, added, shells[i].path)) {
            continue;
        }
        if (tools->shell == NULL) {
            tools->shell = tools->terminal = shells[i].absolute;
            tools->is_busybox = shells[i].is_busybox;
        }
        if (!tools->is_busybox && str_ends(shells[i].path, STR("bash"))) {
            tools->terminal = shells[i].absolute;
            return;
        }
    }
}

static enum err script_put(struct store *store, const struct log_action *action,
    const struct rerun_tools *tools, bool has_env, const struct probe *probe,
    struct tree_entry *ret_entry)
{
    struct str text = script_of(action, tools, has_env, probe->arena);
    *ret_entry = (struct tree_entry){.path = STR(RERUN_FOLDER "/action"), .kind = TREE_EXECUTABLE};
    return store_put(store, text, &ret_entry->digest, probe->diags);
}

enum err rerun_tools_find(struct store *store, const struct log_action *action,
    const struct probe *probe, const struct digest *tools, struct rerun_tools *ret_tools)
{
    AUTO_PATHS base = {0};
    struct digest root;
    struct tree_entry *entries = NULL;
    size_t count = 0, kept = 0;
    enum err err = root_make(store, action, NULL, probe->arena, &root, probe->diags);
    err = err == OK ? paths_read(store, &root, &base, probe->diags) : err;
    err = err == OK ? entries_gather(store, probe, tools, &entries, &count) : err;
    if (err != OK) {
        return err;
    }
    struct table added = {0};
    struct tree_entry *all = ARENA_NEW(probe->arena, struct tree_entry, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (path_is_free(&base, entries[i].path)) {
            (void)table_add(&added, NULL, entries[i].path);
            all[kept++] = entries[i];
        }
    }
    *ret_tools = (struct rerun_tools){.added_count = kept};
    shells_find(&base, &added, ret_tools);
    bool has_env =
        is_there(&base, &added, STR("usr/bin/env")) || is_there(&base, &added, STR("bin/env"));
    table_release(&added);
    if (ret_tools->shell != NULL) {
        err = script_put(store, action, ret_tools, has_env, probe, &all[kept++]);
    }
    return err == OK ? tree_build(store, all, kept, true, &ret_tools->tree, probe->diags) : err;
}

/* Running. */

static enum err inputs_of(const struct log_action *action, struct arena *arena,
    const struct tree_entry **ret_entries, struct diags *diags)
{
    struct tree_entry *entries = ARENA_NEW(arena, struct tree_entry, action->input_count);
    for (size_t i = 0; i < action->input_count; i++) {
        entries[i].path = action->inputs[i].path;
        entries[i].kind = action->inputs[i].kind;
        if (digest_parse(action->inputs[i].digest, &entries[i].digest) != OK) {
            return diag_add(diags, ERR_CORRUPT, SPAN_NONE, "the record of the action is damaged");
        }
    }
    *ret_entries = entries;
    return OK;
}

/* Without what exec gives to every action. */
static const struct exec_env *env_of(
    const struct log_action *action, struct arena *arena, size_t *ret_count)
{
    const struct exec_env *fixed;
    size_t fixed_count;
    struct diags ignored;
    diags_init(&ignored, arena, NULL);
    struct exec_env *env = ARENA_NEW(arena, struct exec_env, action->env.count);
    *ret_count = 0;
    if (exec_env_whole(NULL, 0, arena, &fixed, &fixed_count, &ignored) != OK) {
        fixed_count = 0;
    }
    for (size_t i = 0; i < action->env.count; i++) {
        size_t equals = str_find(action->env.at[i], '=');
        struct str name = str_sub(action->env.at[i], 0, equals);
        bool is_fixed = false;
        for (size_t j = 0; j < fixed_count; j++) {
            is_fixed = is_fixed || (str_eq(fixed[j].name, name) && !str_eq(name, STR("PATH")));
        }
        if (!is_fixed) {
            env[(*ret_count)++] = (struct exec_env){.name = name,
                .value = str_sub(action->env.at[i], equals + 1, action->env.at[i].len)};
        }
    }
    return env;
}

enum err rerun_run(struct exec *exec, struct store *store, const struct rerun *rerun,
    struct arena *arena, struct exec_result *ret_result, struct diags *diags)
{
    const struct log_action *action = rerun->action;
    struct strs argv = rerun->argv.count > 0 ? rerun->argv : action->argv;
    size_t output_count = action->outputs.count - action->folder_count;
    struct exec_action run = {.argv = argv.at,
        .argv_count = argv.count,
        .input_count = action->input_count,
        .outputs = action->outputs.at,
        .output_count = output_count,
        .folders = action->outputs.at + output_count,
        .folder_count = action->folder_count};
    run.env = env_of(action, arena, &run.env_count);
    enum err err = inputs_of(action, arena, &run.inputs, diags);
    err = err == OK ? root_make(store, action, rerun->tools, arena, &run.root, diags) : err;
    err = err == OK ? exec_run(exec, &run, arena, ret_result, diags) : err;
    if (err == ERR_ABSENT) {
        diag_help(diags, "the store has not kept what the action saw; name it by its label");
    }
    return err;
}
