/* src/build/package.c */
#include "build/package.h"
#include "codec/cbor.h"

/* One target being read. The first fault sticks and makes the rest empty. */
struct reading {
    struct dhall *dhall;
    const struct package_context *context;
    struct arena *arena;
    struct diags *diags;
    struct str target; /* field of the record */
    enum err err;
};

static void fault(struct reading *reading, struct str needle, const char *what, struct str detail)
{
    if (reading->err == OK) {
        struct span span = places_find(reading->context->places, reading->target, needle);
        reading->err = diag_add(reading->diags, ERR_INVALID, span, "target \"%.*s\": %s%.*s",
            STR_ARG(reading->target), what, STR_ARG(detail));
    }
}

/* The value has not the shape of dice/v1.dhall: rules of a foreign version, or no target at all. */
static void misshaped(struct reading *reading, const char *field)
{
    if (reading->err == OK) {
        fault(reading, STR(""), "is not a target of dice/v1.dhall, see its field ", str_of(field));
        diag_help(
            reading->diags, "each field of BUILD.dhall is what a rule returns, as C.library does");
    }
}

static const struct dhall_value *field_get(
    struct reading *reading, const struct dhall_value *record, const char *name)
{
    const struct dhall_value *field = NULL;
    if (reading->err == OK &&
        dhall_value_field(reading->dhall, record, str_of(name), &field) != OK) {
        misshaped(reading, name);
    }
    return reading->err == OK ? field : NULL;
}

static struct str text_of(
    struct reading *reading, const struct dhall_value *value, const char *field)
{
    struct str text = {0};
    if (reading->err == OK && dhall_value_text(reading->dhall, value, &text) != OK) {
        misshaped(reading, field);
    }
    return reading->err == OK ? text : (struct str){0};
}

static struct str text_read(
    struct reading *reading, const struct dhall_value *record, const char *name)
{
    return text_of(reading, field_get(reading, record, name), name);
}

static uint64_t natural_of(
    struct reading *reading, const struct dhall_value *value, const char *name)
{
    uint64_t natural = 0;
    if (reading->err == OK && dhall_value_natural(reading->dhall, value, &natural) != OK) {
        misshaped(reading, name);
    }
    return natural;
}

static uint64_t natural_read(
    struct reading *reading, const struct dhall_value *record, const char *name)
{
    return natural_of(reading, field_get(reading, record, name), name);
}

static bool bool_read(struct reading *reading, const struct dhall_value *record, const char *name)
{
    bool value = false;
    const struct dhall_value *field = field_get(reading, record, name);
    if (reading->err == OK && dhall_value_bool(reading->dhall, field, &value) != OK) {
        misshaped(reading, name);
    }
    return value;
}

static const struct dhall_value *optional_read(
    struct reading *reading, const struct dhall_value *record, const char *name)
{
    const struct dhall_value *inner = NULL;
    const struct dhall_value *field = field_get(reading, record, name);
    if (reading->err == OK && dhall_value_optional(reading->dhall, field, &inner) != OK) {
        misshaped(reading, name);
    }
    return reading->err == OK ? inner : NULL;
}

static const struct dhall_value *const *list_read(
    struct reading *reading, const struct dhall_value *record, const char *name, size_t *ret_count)
{
    const struct dhall_value *const *elements = NULL;
    *ret_count = 0;
    const struct dhall_value *field = field_get(reading, record, name);
    if (reading->err == OK && dhall_value_list(reading->dhall, field, &elements, ret_count) != OK) {
        misshaped(reading, name);
        *ret_count = 0;
    }
    return elements;
}

static struct str union_read(struct reading *reading, const struct dhall_value *value,
    const char *field, const struct dhall_value **ret_payload)
{
    struct str name = {0};
    *ret_payload = NULL;
    if (reading->err == OK && dhall_value_union(reading->dhall, value, &name, ret_payload) != OK) {
        misshaped(reading, field);
    }
    return reading->err == OK ? name : (struct str){0};
}

static struct strs strs_read(
    struct reading *reading, const struct dhall_value *record, const char *name)
{
    size_t count;
    const struct dhall_value *const *elements = list_read(reading, record, name, &count);
    struct str *at = ARENA_NEW(reading->arena, struct str, count);
    for (size_t i = 0; i < count; i++) {
        at[i] = text_of(reading, elements[i], name);
    }
    return (struct strs){.at = at, .count = count};
}

static void path_check(struct reading *reading, struct str path, const char *what)
{
    const char *why = path_fault(path);
    if (why != NULL && reading->err == OK) {
        struct str detail = arena_printf(reading->arena, " \"%.*s\" %s", STR_ARG(path), why);
        fault(reading, path, what, detail);
        if (why[0] == 'h' || why[0] == 'i') {
            diag_help(reading->diags, "paths are relative to the package and stay inside it");
        }
    }
}

/* A path of this package, as the workspace's. */
static struct str source_path(struct reading *reading, struct str path)
{
    path_check(reading, path, "source");
    struct str joined = path_join(reading->context->package, path, reading->arena);
    static const struct str reserved[] = {{"out/", 4}, {"gen/", 4}, {"exec/", 5}};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        if (reading->err == OK && str_starts(joined, reserved[i])) {
            fault(
                reading, path, "sources cannot lie in the workspace's out/, gen/ or exec/: ", path);
        }
    }
    return joined;
}

/* "." is the package's folder, "//a/b" one of the workspace. */
static struct str folder_path(struct reading *reading, struct str path)
{
    if (str_eq(path, STR("."))) {
        return reading->context->package;
    }
    if (str_starts(path, STR("//"))) {
        struct str rest = str_sub(path, 2, path.len);
        if (rest.len > 0) {
            path_check(reading, rest, "folder");
        }
        return rest;
    }
    path_check(reading, path, "folder");
    return path_join(reading->context->package, path, reading->arena);
}

/* Places cost a search of the file: only a faulty label has one. */
static struct label label_read(struct reading *reading, struct str text, struct str config)
{
    struct label label = {0};
    if (reading->err != OK) {
        return label;
    }
    struct str package = reading->context->package;
    struct diags ignored;
    diags_init(&ignored, reading->arena, NULL);
    if (label_parse(text, package, SPAN_NONE, reading->arena, &label, &ignored) != OK) {
        struct span span = places_find(reading->context->places, reading->target, text);
        reading->err = label_parse(text, package, span, reading->arena, &label, reading->diags);
    }
    if (label.config.len == 0) {
        label.config = config;
    }
    return label;
}

static struct label self_label(const struct reading *reading)
{
    return (struct label){.package = reading->context->package,
        .name = reading->target,
        .config = reading->context->config};
}

static void output_of_read(struct reading *reading, const struct dhall_value *value,
    struct str config, struct piece *piece)
{
    piece->label = label_read(reading, text_read(reading, value, "target"), config);
    piece->text = text_read(reading, value, "output");
    path_check(reading, piece->text, "output");
}

static void tree_read(struct reading *reading, const struct dhall_value *value, struct piece *piece)
{
    piece->kind = PIECE_TREE;
    struct str at = text_read(reading, value, "at");
    struct str digest = text_read(reading, value, "digest");
    if (reading->err == OK && (at.len == 0 || at.ptr[0] != '/')) {
        fault(reading, at, "a tree is seen at an absolute path, not at ", at);
    }
    piece->text = str_sub(at, 1, at.len);
    if (piece->text.len > 0) {
        path_check(reading, piece->text, "tree");
    }
    if (reading->err == OK && digest_parse(digest, &piece->digest) != OK) {
        fault(reading, digest, "a tree's digest is \"<64 hex>/<size>\", not ", digest);
    }
}

static void piece_read(
    struct reading *reading, const struct dhall_value *value, struct piece *piece)
{
    const struct dhall_value *payload;
    struct str kind = union_read(reading, value, "Piece", &payload);
    if (reading->err != OK) {
        return;
    }
    const struct package_context *context = reading->context;
    if (str_eq(kind, STR("Text"))) {
        piece->kind = PIECE_TEXT;
        piece->text = text_of(reading, payload, "Piece.Text");
        if (memchr(piece->text.ptr, 0, piece->text.len) != NULL) {
            fault(reading, STR(""), "an argument holds a NUL", STR(""));
        }
    } else if (str_eq(kind, STR("Source"))) {
        piece->kind = PIECE_SOURCE;
        piece->text = source_path(reading, text_of(reading, payload, "Piece.Source"));
    } else if (str_eq(kind, STR("Made"))) {
        piece->kind = PIECE_MADE;
        piece->label = self_label(reading);
        piece->text = text_of(reading, payload, "Piece.Made");
    } else if (str_eq(kind, STR("Out"))) {
        piece->kind = PIECE_OUT;
        piece->text = text_of(reading, payload, "Piece.Out");
        path_check(reading, piece->text, "output");
    } else if (str_eq(kind, STR("Output"))) {
        piece->kind = PIECE_MADE;
        output_of_read(reading, payload, context->config, piece);
    } else if (str_eq(kind, STR("Program"))) {
        piece->kind = PIECE_PROGRAM;
        output_of_read(reading, payload, context->exec_config, piece);
    } else if (str_eq(kind, STR("Tool"))) {
        piece->kind = PIECE_TOOL;
        piece->text = text_of(reading, payload, "Piece.Tool");
        path_check(reading, piece->text, "tool");
    } else if (str_eq(kind, STR("Dir"))) {
        piece->kind = PIECE_DIR;
        piece->text = folder_path(reading, text_of(reading, payload, "Piece.Dir"));
    } else if (str_eq(kind, STR("Tree"))) {
        tree_read(reading, payload, piece);
    } else {
        misshaped(reading, "Piece");
    }
}

static struct pieces pieces_read(
    struct reading *reading, const struct dhall_value *record, const char *name)
{
    size_t count;
    const struct dhall_value *const *elements = list_read(reading, record, name, &count);
    struct piece *at = ARENA_NEW(reading->arena, struct piece, count);
    for (size_t i = 0; i < count; i++) {
        piece_read(reading, elements[i], &at[i]);
    }
    return (struct pieces){.at = at, .count = count};
}

static struct pieces pieces_of(struct reading *reading, const struct dhall_value *list)
{
    size_t count = 0;
    const struct dhall_value *const *elements = NULL;
    if (reading->err == OK && dhall_value_list(reading->dhall, list, &elements, &count) != OK) {
        misshaped(reading, "Arg.One");
        count = 0;
    }
    struct piece *at = ARENA_NEW(reading->arena, struct piece, count);
    for (size_t i = 0; i < count; i++) {
        piece_read(reading, elements[i], &at[i]);
    }
    return (struct pieces){.at = at, .count = count};
}

static void arg_read(struct reading *reading, const struct dhall_value *value, struct arg *arg)
{
    const struct dhall_value *payload;
    struct str kind = union_read(reading, value, "Arg", &payload);
    if (str_eq(kind, STR("One"))) {
        arg->before = pieces_of(reading, payload);
        return;
    }
    arg->each = true;
    arg->set = text_read(reading, payload, "set");
    arg->before = pieces_read(reading, payload, "before");
    arg->after = pieces_read(reading, payload, "after");
    arg->joined = bool_read(reading, payload, "joined");
    const struct dhall_value *nothing;
    struct str order = union_read(reading, field_get(reading, payload, "order"), "order", &nothing);
    arg->order = str_eq(order, STR("Topological")) ? ORDER_TOPOLOGICAL : ORDER_PREORDER;
}

static struct args args_read(
    struct reading *reading, const struct dhall_value *record, const char *name)
{
    size_t count;
    const struct dhall_value *const *elements = list_read(reading, record, name, &count);
    struct arg *at = ARENA_NEW(reading->arena, struct arg, count);
    for (size_t i = 0; i < count && reading->err == OK; i++) {
        arg_read(reading, elements[i], &at[i]);
    }
    return (struct args){.at = at, .count = count};
}

static void requires_read(
    struct reading *reading, const struct dhall_value *record, struct action *action)
{
    size_t count;
    const struct dhall_value *const *elements = list_read(reading, record, "requires", &count);
    struct resource *requires = ARENA_NEW(reading->arena, struct resource, count);
    for (size_t i = 0; i < count; i++) {
        const struct dhall_value *payload;
        struct str kind = union_read(reading, elements[i], "requires", &payload);
        unsigned j = 0;
        while (j < RESOURCE_KIND_COUNT &&
               !str_eq(kind, str_of(resource_kind_name((enum resource_kind)j)))) {
            j++;
        }
        if (j == RESOURCE_KIND_COUNT) {
            misshaped(reading, "requires");
            break;
        }
        requires[i].kind = (enum resource_kind)j;
        requires[i].name = payload == NULL ? STR("") : text_of(reading, payload, "requires");
    }
    action->requires = requires;
    action->require_count = count;
}

static void env_read(
    struct reading *reading, const struct dhall_value *record, struct action *action)
{
    const struct dhall_value *const *elements =
        list_read(reading, record, "env", &action->env_count);
    struct variable *env = ARENA_NEW(reading->arena, struct variable, action->env_count);
    for (size_t i = 0; i < action->env_count; i++) {
        env[i].name = text_read(reading, elements[i], "mapKey");
        env[i].value = text_read(reading, elements[i], "mapValue");
        bool bad = env[i].name.len == 0 || memchr(env[i].name.ptr, '=', env[i].name.len) != NULL ||
                   memchr(env[i].name.ptr, 0, env[i].name.len) != NULL ||
                   (env[i].value.len > 0 && memchr(env[i].value.ptr, 0, env[i].value.len) != NULL);
        if (bad) {
            fault(reading, env[i].name, "is no environment variable: ", env[i].name);
        }
    }
    action->env = env;
}

static void action_read(
    struct reading *reading, const struct dhall_value *value, struct action *action)
{
    action->category = text_read(reading, value, "category");
    action->identifier = text_read(reading, value, "identifier");
    size_t count;
    const struct dhall_value *const *trees = list_read(reading, value, "trees", &count);
    struct piece *pieces = ARENA_NEW(reading->arena, struct piece, count);
    for (size_t i = 0; i < count; i++) {
        tree_read(reading, trees[i], &pieces[i]);
    }
    action->trees = (struct pieces){.at = pieces, .count = count};
    action->argv = args_read(reading, value, "argv");
    action->inputs = args_read(reading, value, "inputs");
    env_read(reading, value, action);
    action->outputs = strs_read(reading, value, "outputs");
    action->folders = strs_read(reading, value, "folders");
    const struct dhall_value *out = optional_read(reading, value, "stdout");
    action->stdout_path = out == NULL ? STR("") : text_of(reading, out, "stdout");
    const struct dhall_value *depfile = optional_read(reading, value, "depfile");
    action->depfile = depfile == NULL ? STR("") : text_of(reading, depfile, "depfile");
    requires_read(reading, value, action);
    action->jobserver = bool_read(reading, value, "jobserver");
    const struct dhall_value *memory = optional_read(reading, value, "memory_mib");
    uint64_t mib = memory == NULL ? 0 : natural_of(reading, memory, "memory_mib");
    action->memory_bytes = mib > UINT32_MAX ? (uint64_t)UINT32_MAX << 20 : mib << 20;
    if (reading->err == OK && action->argv.count == 0) {
        fault(reading, action->identifier, "an action has no command: ", action->identifier);
    }
}

/* The environment of one shard: as Bazel's test encyclopedia has it, so that test libraries which
 * know shards need no change. */
static void shard_env(
    struct reading *reading, struct action *action, struct str file, size_t index, size_t count)
{
    struct variable *env = ARENA_NEW(reading->arena, struct variable, action->env_count + 3);
    for (size_t i = 0; i < action->env_count; i++) {
        env[i] = action->env[i];
    }
    struct str package = reading->context->package;
    struct variable *more = env + action->env_count;
    more[0] = (struct variable){
        .name = STR("TEST_SHARD_INDEX"), .value = arena_printf(reading->arena, "%zu", index)};
    more[1] = (struct variable){.name = STR("TEST_SHARD_STATUS_FILE"),
        .value = arena_printf(reading->arena, "/build/out/%.*s%s%.*s", STR_ARG(package),
            package.len > 0 ? "/" : "", STR_ARG(file))};
    more[2] = (struct variable){
        .name = STR("TEST_TOTAL_SHARDS"), .value = arena_printf(reading->arena, "%zu", count)};
    action->env = env;
    action->env_count += 3;
}

/* One action becomes `count`, each with its share. A test that knows of shards says so by making
 * the status file, which is an output here. */
static void shards_make(struct reading *reading, struct action *actions, size_t count)
{
    const struct action whole = actions[0];
    for (size_t i = 0; i < count; i++) {
        struct str *file = ARENA_NEW(reading->arena, struct str, 1);
        *file = arena_printf(
            reading->arena, "%.*s.shards/%zu_of_%zu", STR_ARG(reading->target), i + 1, count);
        actions[i] = whole;
        actions[i].identifier = arena_printf(
            reading->arena, "%.*s.shard_%zu_of_%zu", STR_ARG(whole.identifier), i + 1, count);
        actions[i].outputs = (struct strs){.at = file, .count = 1};
        shard_env(reading, &actions[i], *file, i, count);
    }
}

static size_t shard_count_read(struct reading *reading, const struct dhall_value *test)
{
    uint64_t count = natural_read(reading, test, "shard_count");
    if (count > TEST_SHARDS_MAX) {
        fault(reading, STR("shard_count"), "a test has at most 1000 shards: ", reading->target);
    }
    return count > 1 && reading->err == OK ? (size_t)count : 1;
}

/* actions has room for all shards. */
static void test_read(struct reading *reading, const struct dhall_value *test,
    struct target *target, struct action *actions)
{
    action_read(reading, field_get(reading, test, "action"), &actions[0]);
    uint64_t seconds = natural_read(reading, test, "timeout_seconds");
    target->test_timeout_ms = seconds > UINT32_MAX ? (uint64_t)UINT32_MAX * 1000 : seconds * 1000;
    target->test_runs = natural_read(reading, test, "runs");
    target->test_flaky = bool_read(reading, test, "flaky");
    if (target->test_count == 1) {
        return;
    }
    bool makes = actions[0].outputs.count + actions[0].folders.count + actions[0].stdout_path.len +
                     actions[0].depfile.len >
                 0;
    if (makes) {
        fault(reading, STR("shard_count"),
            "a test of several shards makes no outputs: ", reading->target);
    }
    shards_make(reading, actions, target->test_count);
}

static void actions_read(
    struct reading *reading, const struct dhall_value *value, struct target *target)
{
    size_t count;
    const struct dhall_value *const *elements = list_read(reading, value, "actions", &count);
    const struct dhall_value *test = optional_read(reading, value, "test");
    target->test_count = test == NULL ? 0 : shard_count_read(reading, test);
    struct action *actions =
        ARENA_NEW(reading->arena, struct action, count + target->test_count + 1);
    for (size_t i = 0; i < count && reading->err == OK; i++) {
        action_read(reading, elements[i], &actions[i]);
    }
    if (test != NULL) {
        test_read(reading, test, target, actions + count);
    }
    target->actions = actions;
    target->action_count = count + target->test_count;
}

static void exports_read(
    struct reading *reading, const struct dhall_value *value, struct target *target)
{
    const struct dhall_value *const *elements =
        list_read(reading, value, "exports", &target->export_count);
    struct export *exports = ARENA_NEW(reading->arena, struct export, target->export_count);
    for (size_t i = 0; i < target->export_count; i++) {
        exports[i].set = text_read(reading, elements[i], "set");
        exports[i].pieces = pieces_read(reading, elements[i], "value");
        for (size_t j = 0; j < exports[i].pieces.count && reading->err == OK; j++) {
            if (exports[i].pieces.at[j].kind == PIECE_OUT) {
                fault(reading, exports[i].pieces.at[j].text,
                    "an export names an output with Out, where Made is meant: ",
                    exports[i].pieces.at[j].text);
            }
        }
    }
    target->exports = exports;
}

static void deps_read(
    struct reading *reading, const struct dhall_value *value, struct target *target)
{
    const struct dhall_value *const *elements =
        list_read(reading, value, "deps", &target->dep_count);
    struct dep *deps = ARENA_NEW(reading->arena, struct dep, target->dep_count);
    for (size_t i = 0; i < target->dep_count; i++) {
        struct str text = text_read(reading, elements[i], "label");
        deps[i].label = label_read(reading, text, reading->context->config);
        deps[i].hide = strs_read(reading, elements[i], "hide");
    }
    target->deps = deps;
}

static void visibility_read(
    struct reading *reading, const struct dhall_value *value, struct target *target)
{
    struct strs patterns = strs_read(reading, value, "visibility");
    struct str *at = ARENA_NEW(reading->arena, struct str, patterns.count);
    for (size_t i = 0; i < patterns.count && reading->err == OK; i++) {
        struct pattern pattern;
        struct diags ignored;
        diags_init(&ignored, reading->arena, NULL);
        if (pattern_parse(patterns.at[i], reading->context->package, SPAN_NONE, reading->arena,
                &pattern, &ignored) != OK) {
            struct span span =
                places_find(reading->context->places, reading->target, patterns.at[i]);
            reading->err = pattern_parse(patterns.at[i], reading->context->package, span,
                reading->arena, &pattern, reading->diags);
            break;
        }
        bool absolute = str_starts(patterns.at[i], STR("//"));
        at[i] =
            absolute
                ? patterns.at[i]
                : arena_printf(reading->arena, "//%.*s%s%.*s", STR_ARG(reading->context->package),
                      pattern.kind == PATTERN_TREE && reading->context->package.len > 0 ? "/" : "",
                      STR_ARG(patterns.at[i]));
    }
    target->visibility = (struct strs){.at = at, .count = patterns.count};
}

static void target_read(
    struct reading *reading, const struct dhall_value *value, struct target *target)
{
    struct str written = text_read(reading, value, "label");
    target->label = label_read(reading, written, reading->context->config);
    if (reading->err == OK && !label_eq(target->label, self_label(reading))) {
        fault(reading, str_sub(written, 1, written.len), "field and name differ: its name is ",
            target->label.name);
        diag_help(reading->diags, "call the field %.*s, or set name = \"%.*s\"",
            STR_ARG(target->label.name), STR_ARG(reading->target));
    }
    target->kind = text_read(reading, value, "kind");
    target->doc = text_read(reading, value, "doc");
    visibility_read(reading, value, target);
    struct strs srcs = strs_read(reading, value, "srcs");
    struct str *at = ARENA_NEW(reading->arena, struct str, srcs.count);
    for (size_t i = 0; i < srcs.count; i++) {
        at[i] = source_path(reading, srcs.at[i]);
    }
    target->srcs = (struct strs){.at = at, .count = srcs.count};
    deps_read(reading, value, target);
    actions_read(reading, value, target);
    exports_read(reading, value, target);
    target->outputs = strs_read(reading, value, "outputs");
    target->errors = strs_read(reading, value, "errors");
    target->warnings = strs_read(reading, value, "warnings");
    const struct dhall_value *run = optional_read(reading, value, "run");
    if (run != NULL) {
        target->has_run = true;
        target->run.program = text_read(reading, run, "program");
        target->run.args = strs_read(reading, run, "args");
        target->run.data = args_read(reading, run, "data");
    }
}

/* All of the reading, on the session's stack. */
struct read_task {
    const struct dhall_value *value;
    const struct package_context *context;
    struct arena *arena;
    struct diags *diags;
    struct target *targets;
    size_t count;
    enum err err;
};

static void read_run(struct dhall *dhall, void *argument)
{
    struct read_task *task = argument;
    const struct dhall_field *fields;
    if (dhall_value_record(dhall, task->value, &fields, &task->count) != OK) {
        task->err = diag_add(task->diags, ERR_INVALID, SPAN_NONE, "%.*s is not a record of targets",
            STR_ARG(task->context->places->name));
        diag_help(task->diags,
            "it ends with { name = target, ... } or with a function of the configuration to that");
        return;
    }
    if (task->count > PACKAGE_TARGETS_MAX) {
        task->err = diag_add(task->diags, ERR_LIMIT, SPAN_NONE,
            "a package has more than %d targets", PACKAGE_TARGETS_MAX);
        return;
    }
    task->targets = ARENA_NEW(task->arena, struct target, task->count);
    for (size_t i = 0; i < task->count && task->err == OK; i++) {
        struct reading reading = {.dhall = dhall,
            .context = task->context,
            .arena = task->arena,
            .diags = task->diags,
            .target = fields[i].name};
        target_read(&reading, fields[i].value, &task->targets[i]);
        task->err = reading.err;
    }
}

enum err package_read(struct dhall *dhall, const struct dhall_value *value,
    const struct package_context *context, struct arena *arena, struct target **ret_targets,
    size_t *ret_count, struct diags *diags)
{
    struct read_task task = {.value = value, .context = context, .arena = arena, .diags = diags};
    enum err err = dhall_run(dhall, read_run, &task, diags);
    err = err == OK ? task.err : err;
    if (err != OK) {
        return err;
    }
    *ret_targets = task.targets;
    *ret_count = task.count;
    return package_check(task.targets, task.count, context, diags);
}

void package_encode(const struct target *targets, size_t count, struct buf *ret_bytes)
{
    AUTO_BUF target = {0};
    cbor_head_add(ret_bytes, CBOR_ARRAY, count);
    for (size_t i = 0; i < count; i++) {
        target.len = 0;
        target_encode(&targets[i], &target);
        cbor_text_add(ret_bytes, targets[i].label.name);
        cbor_bytes_add(ret_bytes, buf_str(&target));
    }
}

enum err package_decode(
    struct str bytes, struct arena *arena, struct package_entry **ret_entries, size_t *ret_count)
{
    struct cbor_reader reader;
    cbor_reader_init(&reader, bytes);
    uint64_t count;
    enum err err = cbor_read_array(&reader, PACKAGE_TARGETS_MAX, &count);
    if (err != OK || count > reader.input.len) {
        return ERR_INVALID;
    }
    struct package_entry *entries = ARENA_NEW(arena, struct package_entry, (size_t)count);
    for (size_t i = 0; i < count && err == OK; i++) {
        err = cbor_read_text(&reader, &entries[i].name);
        if (err == OK) {
            err = cbor_read_bytes(&reader, &entries[i].bytes);
        }
    }
    *ret_entries = entries;
    *ret_count = (size_t)count;
    return err == OK && reader.input.len == 0 ? OK : ERR_INVALID;
}
