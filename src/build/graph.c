/* src/build/graph.c: which packages there are, targets cut out of them, what dependents see. */
#include "build/engine.h"
#include <stdlib.h>

struct str label_key(struct label label, struct arena *arena)
{
    return arena_printf(arena, "//%.*s:%.*s@%.*s", STR_ARG(label.package), STR_ARG(label.name),
        STR_ARG(label.config));
}

/* Keys are made by label_key alone: no check is needed. */
struct label label_of_key(struct str key)
{
    size_t colon = str_find(key, ':');
    size_t at = str_find(key, '@');
    return (struct label){.package = str_sub(key, 2, colon),
        .name = str_sub(key, colon + 1, at),
        .config = str_sub(key, at + 1, key.len)};
}

static struct str package_key(struct label label, struct arena *arena)
{
    return arena_printf(arena, "//%.*s:@%.*s", STR_ARG(label.package), STR_ARG(label.config));
}

struct str label_show(struct engine *engine, struct label label, struct arena *arena)
{
    if (pthread_mutex_lock(&engine->lock) == 0) {
        if (str_eq(label.config, engine->default_config)) {
            label.config = STR("");
        }
        (void)pthread_mutex_unlock(&engine->lock);
    }
    return label_format(label, arena);
}

/* Who asked first. A chain through it leads to what the user named. */
void needed_by_add(struct engine *engine, struct label label, struct label by)
{
    struct arena arena = {0};
    struct str key = label_key(label, &arena), by_key = label_key(by, &arena);
    if (pthread_mutex_lock(&engine->lock) == 0) {
        uint32_t before = engine->needed_by.len;
        uint32_t row = table_add(&engine->needed_by, &engine->lock_arena, key);
        if (row == before) {
            if (row >= engine->needed_by_cap) {
                engine->needed_by_cap = row == 0 ? 64 : row * 2;
                engine->needed_by_at = memory_realloc(
                    engine->needed_by_at, engine->needed_by_cap * sizeof *engine->needed_by_at);
            }
            engine->needed_by_at[row] = arena_str(&engine->lock_arena, by_key);
        }
        (void)pthread_mutex_unlock(&engine->lock);
    }
    arena_release(&arena);
}

struct str needed_by_show(struct engine *engine, struct label label, struct arena *arena)
{
    enum {
        CHAIN_MAX = 32,
    };
    struct str text = STR(""), key = label_key(label, arena);
    for (int i = 0; i < CHAIN_MAX; i++) {
        struct str by = STR("");
        if (pthread_mutex_lock(&engine->lock) == 0) {
            uint32_t row = table_get(&engine->needed_by, key);
            if (row != TABLE_NONE) {
                by = engine->needed_by_at[row];
            }
            (void)pthread_mutex_unlock(&engine->lock);
        }
        if (by.len == 0 || str_eq(by, key)) {
            break;
        }
        struct str shown = label_show(engine, label_of_key(by), arena);
        text = arena_printf(arena, "%.*s, needed by %.*s", STR_ARG(text), STR_ARG(shown));
        key = by;
    }
    return text;
}

/* Packages of a folder and below it. */

static enum dice_status packages_join(struct dice_task *task, struct str folder, struct strs below,
    struct arena *arena, struct buf *names, size_t *count)
{
    struct dice_want *wants = ARENA_NEW(arena, struct dice_want, below.count);
    for (size_t i = 0; i < below.count; i++) {
        wants[i].kind = KEY_PACKAGES;
        wants[i].arg = path_join(folder, below.at[i], arena);
    }
    enum dice_status status = dice_need_all(task, wants, below.count);
    for (size_t i = 0; i < below.count && status == DICE_OK; i++) {
        struct cbor_reader reader;
        cbor_reader_init(&reader, wants[i].value);
        uint64_t more;
        if (cbor_read_array(&reader, wants[i].value.len, &more) != OK) {
            return DICE_FAILED;
        }
        *count += (size_t)more;
        buf_add(names, reader.input);
    }
    return status;
}

/* Value: [paths of packages], sorted. Nested workspaces are not ours. */
enum dice_status packages_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    (void)diags;
    struct engine *engine = dice_task_context(task);
    atomic_store(&engine->packages_read, true);
    struct str value;
    enum dice_status status = dice_need(task, KEY_FOLDER, arg, &value);
    if (status != DICE_OK) {
        return status;
    }
    struct arena arena = {0};
    struct folder folder = folder_decode(value, &arena);
    AUTO_BUF names = {0};
    size_t count = 0;
    if (arg.len == 0 || !folder.has_workspace) {
        if (folder.has_package) {
            cbor_text_add(&names, arg);
            count++;
        }
        status = packages_join(task, arg, folder.below, &arena, &names, &count);
    }
    cbor_head_add(ret_value, CBOR_ARRAY, count);
    buf_add(ret_value, buf_str(&names));
    arena_release(&arena);
    return status;
}

enum dice_status packages_need(
    struct dice_task *task, struct str folder, struct arena *arena, struct strs *ret_packages)
{
    struct str value;
    enum dice_status status = dice_need(task, KEY_PACKAGES, folder, &value);
    if (status != DICE_OK) {
        return status;
    }
    struct cbor_reader reader;
    cbor_reader_init(&reader, value);
    uint64_t count = 0;
    enum err err = cbor_read_array(&reader, value.len, &count);
    struct str *at = ARENA_NEW(arena, struct str, (size_t)count);
    for (uint64_t i = 0; i < count && err == OK; i++) {
        err = cbor_read_text(&reader, &at[i]);
    }
    *ret_packages = (struct strs){.at = at, .count = (size_t)count};
    return err == OK ? DICE_OK : DICE_FAILED;
}

/* Targets. */

static const struct package_entry *entry_find(
    const struct package_entry *entries, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(entries[i].name, name)) {
            return &entries[i];
        }
    }
    return NULL;
}

/* Where `from` names it; nowhere if the user did. */
static struct span place_of(
    struct engine *engine, const struct target *from, struct label label, struct arena *arena)
{
    if (from == NULL) {
        return SPAN_NONE;
    }
    struct str package = from->label.package, name = from->label.name;
    struct str shown = label_show(engine, label, arena);
    struct span span = engine_place(engine, package, name, shown, arena);
    if (span.source != 0 && span.end - span.begin == shown.len + 2) {
        return span;
    }
    struct str relative = arena_printf(arena, ":%.*s", STR_ARG(label.name));
    struct str bare = arena_printf(arena, "//%.*s", STR_ARG(label.package));
    return engine_place(
        engine, package, name, str_eq(package, label.package) ? relative : bare, arena);
}

struct span build_key_place(void *context, unsigned kind, struct str arg, struct str dep_arg)
{
    struct arena arena = {0};
    struct span span = SPAN_NONE;
    if (kind == KEY_TARGET || kind == KEY_SET || kind == KEY_ACTION) {
        struct target from = {.label = label_of_key(str_sub(arg, 0, str_find(arg, '#')))};
        struct label to = label_of_key(str_sub(dep_arg, 0, str_find(dep_arg, '#')));
        span = place_of(context, &from, to, &arena);
    }
    arena_release(&arena);
    return span;
}

static enum dice_status unknown_package(struct dice_task *task, struct label label,
    const struct target *from, struct arena *arena, struct diags *diags)
{
    struct engine *engine = dice_task_context(task);
    struct strs packages;
    enum dice_status status = packages_need(task, STR(""), arena, &packages);
    if (status != DICE_OK) {
        return status;
    }
    struct str word = arena_printf(arena, "//%.*s", STR_ARG(label.package));
    struct str *names = ARENA_NEW(arena, struct str, packages.count);
    for (size_t i = 0; i < packages.count; i++) {
        names[i] = arena_printf(arena, "//%.*s", STR_ARG(packages.at[i]));
    }
    struct str file = path_join(label.package, STR(PACKAGE_FILE), arena);
    enum err err = diag_add(diags, ERR_INVALID, place_of(engine, from, label, arena),
        "there is no package %.*s: %.*s does not exist", STR_ARG(word), STR_ARG(file));
    near_help(diags, word, names, packages.count);
    return err == OK ? DICE_OK : DICE_FAILED;
}

static enum dice_status unknown_target(struct dice_task *task, struct label label,
    const struct target *from, const struct package_entry *entries, size_t count,
    struct arena *arena, struct diags *diags)
{
    struct engine *engine = dice_task_context(task);
    struct str shown = label_show(engine, label, arena);
    struct str *names = ARENA_NEW(arena, struct str, count);
    for (size_t i = 0; i < count; i++) {
        struct label other = {
            .package = label.package, .name = entries[i].name, .config = label.config};
        names[i] = label_show(engine, other, arena);
    }
    enum err err = diag_add(diags, ERR_INVALID, place_of(engine, from, label, arena),
        "there is no target %.*s", STR_ARG(shown));
    near_help(diags, shown, names, count);
    if (diags->newest->help.len == 0 && count > 0) {
        AUTO_BUF all = {0};
        for (size_t i = 0; i < count && i < 10; i++) {
            buf_printf(&all, "%s%.*s", i == 0 ? "" : " ", STR_ARG(names[i]));
        }
        diag_help(
            diags, "the package has %.*s%s", STR_ARG(buf_str(&all)), count > 10 ? " ..." : "");
    }
    return err == OK ? DICE_OK : DICE_FAILED;
}

static enum dice_status unknown_config(struct dice_task *task, struct label label,
    const struct target *from, const struct settings *settings, struct arena *arena,
    struct diags *diags)
{
    struct engine *engine = dice_task_context(task);
    enum err err = diag_add(diags, ERR_INVALID, place_of(engine, from, label, arena),
        "there is no configuration \"%.*s\"", STR_ARG(label.config));
    near_help(diags, label.config, settings->configs.at, settings->configs.count);
    if (diags->newest->help.len == 0) {
        diag_help(diags, "configurations stand in %s", WORKSPACE_FILE);
    }
    return err == OK ? DICE_OK : DICE_FAILED;
}

static bool config_known(const struct settings *settings, struct str config)
{
    bool known = str_eq(config, settings->exec_config);
    for (size_t i = 0; i < settings->configs.count; i++) {
        known = known || str_eq(config, settings->configs.at[i]);
    }
    return known;
}

/* The target's bytes, and whether `from` names something that is there. */
static enum dice_status entry_need(struct dice_task *task, struct label label,
    const struct target *from, struct arena *arena, struct str *ret_bytes, struct diags *diags)
{
    struct settings settings;
    enum dice_status status = settings_need(task, arena, &settings);
    if (status != DICE_OK) {
        return status;
    }
    if (!config_known(&settings, label.config)) {
        return unknown_config(task, label, from, &settings, arena, diags);
    }
    struct str value;
    status = dice_need(task, KEY_FILE, path_join(label.package, STR(PACKAGE_FILE), arena), &value);
    if (status != DICE_OK) {
        return status;
    }
    if (file_decode(value).kind == FILE_ABSENT) {
        return unknown_package(task, label, from, arena, diags);
    }
    status = dice_need(task, KEY_PACKAGE, package_key(label, arena), &value);
    if (status != DICE_OK) {
        return status;
    }
    struct package_entry *entries;
    size_t count;
    if (package_decode(value, arena, &entries, &count) != OK) {
        return DICE_FAILED;
    }
    const struct package_entry *entry = entry_find(entries, count, label.name);
    if (entry == NULL) {
        return unknown_target(task, label, from, entries, count, arena, diags);
    }
    *ret_bytes = entry->bytes;
    return DICE_OK;
}

struct str warning_text(
    struct engine *engine, const struct target *target, size_t number, struct arena *arena)
{
    struct str shown = label_show(engine, target->label, arena);
    return arena_printf(
        arena, "warning: %.*s: %.*s\n", STR_ARG(shown), STR_ARG(target->warnings.at[number]));
}

void warning_tell(struct engine *engine, struct str text)
{
    bool is_new = false;
    if (pthread_mutex_lock(&engine->lock) == 0) {
        uint32_t before = engine->warned.len;
        is_new = table_add(&engine->warned, &engine->lock_arena, text) == before;
        (void)pthread_mutex_unlock(&engine->lock);
    }
    if (is_new) {
        progress_text(engine, text);
    }
}

/* Value: target_encode; a part of the package's value. */
enum dice_status target_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    (void)ret_value;
    struct engine *engine = dice_task_context(task);
    struct arena arena = {0};
    struct label label = label_of_key(arg);
    struct str bytes;
    enum dice_status status = entry_need(task, label, NULL, &arena, &bytes, diags);
    struct target target;
    if (status == DICE_OK && target_decode(bytes, &arena, &target) != OK) {
        status = DICE_FAILED;
    }
    if (status == DICE_OK) {
        struct str shown = label_show(engine, label, &arena);
        for (size_t i = 0; i < target.errors.count; i++) {
            struct span span = engine_place(engine, label.package, label.name, STR(""), &arena);
            if (diag_add(diags, ERR_INVALID, span, "%.*s: %.*s", STR_ARG(shown),
                    STR_ARG(target.errors.at[i])) != OK) {
                status = DICE_FAILED;
            }
            diags_end_chain(diags);
        }
        for (size_t i = 0; i < target.warnings.count; i++) {
            warning_tell(engine, warning_text(engine, &target, i, &arena));
        }
        dice_task_part(task, KEY_PACKAGE, package_key(label, &arena), bytes);
    }
    arena_release(&arena);
    return status;
}

static bool visible_to(const struct target *target, struct label from, struct arena *arena)
{
    if (str_eq(target->label.package, from.package)) {
        return true;
    }
    struct diags ignored;
    diags_init(&ignored, arena, NULL);
    for (size_t i = 0; i < target->visibility.count; i++) {
        struct pattern pattern;
        if (pattern_parse(target->visibility.at[i], target->label.package, SPAN_NONE, arena,
                &pattern, &ignored) == OK &&
            pattern_matches(&pattern, from)) {
            return true;
        }
    }
    return false;
}

static enum dice_status invisible(struct engine *engine, const struct target *target,
    const struct target *from, struct arena *arena, struct diags *diags)
{
    struct str shown = label_show(engine, target->label, arena);
    struct str from_shown = label_show(engine, from->label, arena);
    struct str file = path_join(target->label.package, STR(PACKAGE_FILE), arena);
    enum err err = diag_add(diags, ERR_INVALID, place_of(engine, from, target->label, arena),
        "%.*s is not visible to %.*s", STR_ARG(shown), STR_ARG(from_shown));
    diag_help(diags, "add \"//%.*s:*\" to the visibility of %.*s in %.*s",
        STR_ARG(from->label.package), STR_ARG(target->label.name), STR_ARG(file));
    return err == OK ? DICE_OK : DICE_FAILED;
}

enum dice_status target_exists(
    struct dice_task *task, struct label label, const struct target *from, struct diags *diags)
{
    struct engine *engine = dice_task_context(task);
    struct arena arena = {0};
    struct str bytes;
    enum dice_status status = entry_need(task, label, from, &arena, &bytes, diags);
    if (status == DICE_OK) {
        status = dice_need(task, KEY_TARGET, label_key(label, &arena), &bytes);
    }
    struct target target;
    if (status == DICE_OK && target_decode(bytes, &arena, &target) != OK) {
        status = DICE_FAILED;
    }
    if (status == DICE_OK && from != NULL && !visible_to(&target, from->label, &arena)) {
        status = invisible(engine, &target, from, &arena, diags);
    }
    arena_release(&arena);
    return status;
}

/* Worst of two: a failure is told, but what is pending must be waited for first. */
static enum dice_status worse(enum dice_status a, enum dice_status b)
{
    if (a == DICE_PENDING || b == DICE_PENDING) {
        return DICE_PENDING;
    }
    return a == DICE_FAILED || b == DICE_FAILED ? DICE_FAILED : DICE_OK;
}

static enum dice_status deps_need(struct dice_task *task, const struct target *target,
    struct arena *arena, struct dice_want *wants, struct diags *diags)
{
    struct engine *engine = dice_task_context(task);
    for (size_t i = 0; i < target->dep_count;
         i++) { /* all at once, so that they load in parallel */
        wants[i].kind = KEY_TARGET;
        wants[i].arg = label_key(target->deps[i].label, arena);
        needed_by_add(engine, target->deps[i].label, target->label);
    }
    enum dice_status status = DICE_OK;
    for (size_t i = 0; i < target->dep_count; i++) {
        status = worse(status, target_exists(task, target->deps[i].label, target, diags));
    }
    if (status != DICE_OK) {
        return status;
    }
    for (size_t i = 0; i < target->dep_count; i++) {
        wants[i].kind = KEY_SET;
    }
    return dice_need_all(task, wants, target->dep_count);
}

/* Value: [exports_encode's bytes, digests of the dependencies' values]: so it differs as soon as
 * anything below it does. */
enum dice_status set_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    struct str bytes;
    enum dice_status status = dice_need(task, KEY_TARGET, arg, &bytes);
    if (status != DICE_OK) {
        return status;
    }
    struct arena arena = {0};
    struct target target;
    if (target_decode(bytes, &arena, &target) != OK) {
        arena_release(&arena);
        return DICE_FAILED;
    }
    struct dice_want *wants = ARENA_NEW(&arena, struct dice_want, target.dep_count);
    status = deps_need(task, &target, &arena, wants, diags);
    if (status == DICE_OK) {
        AUTO_BUF exports = {0};
        exports_encode(&target, &exports);
        cbor_bytes_add(ret_value, buf_str(&exports));
        for (size_t i = 0; i < target.dep_count; i++) {
            struct digest digest = digest_of(wants[i].value);
            cbor_bytes_add(ret_value,
                (struct str){.ptr = (const char *)digest.hash, .len = sizeof digest.hash});
        }
    }
    arena_release(&arena);
    return status;
}

/* Analyses: the sets of this transaction as one graph, shared by all targets. */

/* Adds the node of root and all below it; whole or not at all, so that a node that is there has
 * all below it there too. The sets are computed: that of the dependent was made from them. */
static enum dice_status nodes_add(struct dice_task *task, struct label root)
{
    struct engine *engine = dice_task_context(task);
    struct arena *arena = &engine->graph_arena;
    struct table seen = {0};
    struct buf stack = {0}, found = {0};
    buf_add(&stack, (struct str){.ptr = (const char *)&root, .len = sizeof root});
    enum dice_status status = DICE_OK;
    while (stack.len > 0 && status == DICE_OK) {
        struct label label;
        stack.len -= sizeof label;
        memcpy(&label, stack.ptr + stack.len, sizeof label);
        uint32_t before = seen.len;
        struct str key = label_key(label, arena);
        if (tset_has(&engine->graph, label, arena) || table_add(&seen, NULL, key) < before) {
            continue;
        }
        struct str value, bytes = {0};
        status = dice_need(task, KEY_SET, key, &value);
        struct target *target = ARENA_NEW(arena, struct target, 1);
        struct cbor_reader reader;
        cbor_reader_init(&reader, status == DICE_OK ? value : STR(""));
        if (status == DICE_OK && (cbor_read_bytes(&reader, &bytes) != OK ||
                                     exports_decode(bytes, arena, target) != OK)) {
            status = DICE_FAILED;
        }
        buf_add(&found, (struct str){.ptr = (const char *)&target, .len = sizeof target});
        for (size_t i = 0; status == DICE_OK && i < target->dep_count; i++) {
            struct label dep = target->deps[i].label;
            buf_add(&stack, (struct str){.ptr = (const char *)&dep, .len = sizeof dep});
        }
    }
    for (size_t i = 0; status == DICE_OK && i < found.len; i += sizeof(struct target *)) {
        struct target *target;
        memcpy(&target, found.ptr + i, sizeof target);
        tset_add(&engine->graph, target, arena);
    }
    buf_release(&stack);
    buf_release(&found);
    table_release(&seen);
    return status;
}

/* Under graph_lock. */
static enum dice_status analysis_make(
    struct dice_task *task, struct str key, struct str bytes, struct analysis **ret_analysis)
{
    struct engine *engine = dice_task_context(task);
    uint32_t row = table_get(&engine->analyses, key);
    if (row != TABLE_NONE) {
        *ret_analysis = engine->analysis_at[row];
        return DICE_OK;
    }
    struct analysis *analysis = ARENA_NEW(&engine->graph_arena, struct analysis, 1);
    if (target_decode(bytes, &engine->graph_arena, &analysis->target) != OK) {
        return DICE_FAILED;
    }
    for (size_t i = 0; i < analysis->target.dep_count; i++) {
        enum dice_status status = nodes_add(task, analysis->target.deps[i].label);
        if (status != DICE_OK) {
            return status;
        }
    }
    expander_init(&analysis->expander, &engine->graph, &analysis->target, &engine->graph_arena);
    row = table_add(&engine->analyses, &engine->graph_arena, key);
    if (row >= engine->analysis_cap) {
        engine->analysis_cap = row == 0 ? 64 : row * 2;
        engine->analysis_at =
            memory_realloc(engine->analysis_at, engine->analysis_cap * sizeof(struct analysis *));
    }
    engine->analysis_at[row] = analysis;
    *ret_analysis = analysis;
    return DICE_OK;
}

enum dice_status analysis_need(
    struct dice_task *task, struct label label, struct analysis **ret_analysis)
{
    struct engine *engine = dice_task_context(task);
    struct arena arena = {0};
    struct str key = label_key(label, &arena);
    struct dice_want wants[2] = {{.kind = KEY_TARGET, .arg = key}, {.kind = KEY_SET, .arg = key}};
    enum dice_status status = dice_need_all(task, wants, 2);
    if (status == DICE_OK && pthread_mutex_lock(&engine->graph_lock) == 0) {
        status = analysis_make(task, key, wants[0].value, ret_analysis);
        (void)pthread_mutex_unlock(&engine->graph_lock);
    }
    arena_release(&arena);
    return status;
}
