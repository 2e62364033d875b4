/* src/build/load.c: BUILD.dhall and straylight.dhall through the Dhall session.
 *
 *   PACKAGE -> lock -> dhall_load -> package_read -> CBOR, kept -> unlock
 *           -> SYNTAX of BUILD.dhall, IMPORT of what it imports (build/import.c) */
#include "base/file.h"
#include "build/events.h"
#include "build/loader.h"
#include "build/toolchain.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static struct loaded *result_slot(struct loader *loader, struct str key)
{
    uint32_t before = loader->results.len;
    uint32_t row = table_add(&loader->results, &loader->arena, key);
    if (row >= loader->result_cap) {
        loader->result_cap = loader->result_cap == 0 ? 16 : loader->result_cap * 2;
        loader->result_at =
            memory_realloc(loader->result_at, loader->result_cap * sizeof *loader->result_at);
    }
    if (row == before) {
        loader->result_at[row] = (struct loaded){.generation = loader->generation};
    }
    return &loader->result_at[row];
}

/* What it was made of is needed. *ret_stale: the session is another by now. */
static enum dice_status loaded_need(struct dice_task *task, struct str file,
    const struct loaded *result, struct arena *arena, bool *ret_stale)
{
    const struct engine *engine = dice_task_context(task);
    enum dice_status status =
        imports_need(task, file, result->uses, result->use_count, arena, NULL);
    *ret_stale = status == DICE_OK && !loader_is(engine->loader, result->generation);
    return status;
}

/* An interrupt is no failure. */
static enum dice_status failed(struct dice_task *task)
{
    return dice_task_cancelled(task) ? DICE_PENDING : DICE_FAILED;
}

/* straylight.dhall. */

/* What the engine wants of it, as types: a fault in it is a type error with its place. */
static const char workspace_text[] =
    "let Configuration = { mode : < Debug | Release >, name : Text }\n"
    "let Resource = < Auth : Text | Filesystem : Text | Network | Sandbox : Text >\n"
    "let workspace = ./" WORKSPACE_FILE "\n"
    "in  { configurations = workspace.configurations : List Configuration\n"
    "    , tools = workspace.tools : Configuration\n"
    "    , toolchains = workspace.toolchains : List { mapKey : Text, mapValue : Text }\n"
    "    , grants = workspace.grants : List Resource\n"
    "    }\n";

/* The whole word in a file of the workspace; else the file's beginning. */
static struct span word_place(
    struct engine *engine, struct str path, struct str word, struct arena *arena)
{
    struct str text;
    struct diags ignored;
    diags_init(&ignored, arena, NULL);
    if (file_read(engine->root_fd, arena_cstr(arena, path), FILE_BYTES_MAX, arena, &text,
            &ignored) != OK) {
        return SPAN_NONE;
    }
    uint32_t source = sources_add(engine->sources, path, text);
    for (size_t i = 0; i + word.len <= text.len; i++) {
        bool begins = i == 0 || strchr(" \n\t,{(", text.ptr[i - 1]) != NULL;
        bool ends = i + word.len == text.len || strchr(" \n\t=:(", text.ptr[i + word.len]) != NULL;
        if (begins && ends && memcmp(text.ptr + i, word.ptr, word.len) == 0) {
            return (struct span){source, (uint32_t)i, (uint32_t)(i + word.len)};
        }
    }
    return (struct span){source, 0, text.len > 0 ? 1 : 0};
}

/* Why straylight.dhall, which is well typed by itself, is not what the engine wants. */
static enum err workspace_misfit(
    struct loader *loader, const struct dhall_value *value, struct str dir, struct diags *diags)
{
    static const struct {
        const char *name, *type;
    } fields[] = {{"configurations", "List { mode : < Debug | Release >, name : Text }"},
        {"tools", "{ mode : < Debug | Release >, name : Text }"},
        {"toolchains", "List { mapKey : Text, mapValue : Text }"},
        {"grants", "List < Auth : Text | Filesystem : Text | Network | Sandbox : Text >"}};
    enum err err = OK;
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0] && err == OK; i++) {
        struct diags ignored;
        struct dhall_loaded loaded;
        const struct dhall_value *field;
        diags_init(&ignored, &arena, NULL);
        struct str text = arena_printf(
            &loader->arena, "(./" WORKSPACE_FILE ").%s : %s", fields[i].name, fields[i].type);
        if (dhall_load_text(loader->dhall, STR("a field"), dir, text, &loaded, &ignored) == OK) {
            continue;
        }
        bool there = dhall_value_field(loader->dhall, value, str_of(fields[i].name), &field) == OK;
        struct span span =
            word_place(loader->engine, STR(WORKSPACE_FILE), str_of(fields[i].name), &arena);
        err = there ? diag_add(diags, ERR_INVALID, span, "%s of " WORKSPACE_FILE " is not a %s",
                          fields[i].name, fields[i].type)
                    : diag_add(diags, ERR_INVALID, span, WORKSPACE_FILE " has no field %s",
                          fields[i].name);
    }
    if (err == OK) {
        err = diag_add(diags, ERR_INVALID, SPAN_NONE, WORKSPACE_FILE " is not a workspace");
    }
    diag_help(diags, "it ends with W.Workspace::{ name = \"...\" }, where W is config/v1.dhall");
    arena_release(&arena);
    return err;
}

/* The entry of toolchains.dhall for a configuration; map: field `toolchains` of the workspace. */
static enum err toolchain_of(struct loader *loader, const struct dhall_value *map,
    struct str config, struct str *ret_toolchain, struct diags *diags)
{
    const struct dhall_value *const *rows;
    size_t count = 0;
    *ret_toolchain = STR("native");
    enum err err = dhall_value_list(loader->dhall, map, &rows, &count);
    for (size_t i = 0; i < count && err == OK; i++) {
        const struct dhall_value *key, *value;
        struct str name = {0}, toolchain = {0};
        err = dhall_value_field(loader->dhall, rows[i], STR("mapKey"), &key);
        err = err == OK ? dhall_value_field(loader->dhall, rows[i], STR("mapValue"), &value) : err;
        err = err == OK ? dhall_value_text(loader->dhall, key, &name) : err;
        err = err == OK ? dhall_value_text(loader->dhall, value, &toolchain) : err;
        if (err == OK && str_eq(name, config)) {
            *ret_toolchain = toolchain;
        }
    }
    if (err != OK || !toolchain_name_valid(*ret_toolchain)) {
        err = diag_add(diags, ERR_INVALID,
            word_place(loader->engine, STR(WORKSPACE_FILE), STR("toolchains"), &loader->arena),
            "the toolchain of configuration \"%.*s\" is no name of an entry of toolchains.dhall",
            STR_ARG(config));
    }
    return err;
}

/* Adds the configuration's name, its Dhall text and its toolchain to value. */
static enum err configuration_add(struct loader *loader, const struct dhall_value *value,
    const struct dhall_value *toolchains, bool exec, struct buf *ret_value, struct diags *diags)
{
    const struct dhall_value *name_value, *mode_value, *nothing;
    struct str name, mode;
    if (dhall_value_field(loader->dhall, value, STR("name"), &name_value) != OK ||
        dhall_value_text(loader->dhall, name_value, &name) != OK ||
        dhall_value_field(loader->dhall, value, STR("mode"), &mode_value) != OK ||
        dhall_value_union(loader->dhall, mode_value, &mode, &nothing) != OK) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE, "%s: a configuration is not { name, mode }",
            WORKSPACE_FILE);
    }
    struct arena arena = {0};
    struct label label;
    struct str text = arena_printf(&arena, ":x@%.*s", STR_ARG(name));
    enum err err = label_parse(text, STR(""), SPAN_NONE, &arena, &label, diags);
    arena_release(&arena);
    if (err != OK) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE,
            "%s: \"%.*s\" cannot be a configuration's name", WORKSPACE_FILE, STR_ARG(name));
    }
    AUTO_BUF dhall = {0};
    buf_printf(&dhall, "name = \"%.*s\", mode = < Debug | Release >.%.*s, exec = %s", STR_ARG(name),
        STR_ARG(mode), exec ? "True" : "False");
    struct str toolchain;
    err = toolchain_of(loader, toolchains, name, &toolchain, diags);
    cbor_text_add(ret_value, name);
    cbor_text_add(ret_value, buf_str(&dhall));
    cbor_text_add(ret_value, toolchain);
    return err;
}

static enum err grants_add(struct loader *loader, const struct dhall_value *list,
    struct buf *ret_value, struct diags *diags)
{
    const struct dhall_value *const *elements;
    size_t count;
    enum err err = dhall_value_list(loader->dhall, list, &elements, &count);
    cbor_head_add(ret_value, CBOR_ARRAY, err == OK ? count : 0);
    for (size_t i = 0; err == OK && i < count; i++) {
        struct str kind, name = STR("");
        const struct dhall_value *payload;
        err = dhall_value_union(loader->dhall, elements[i], &kind, &payload);
        if (err == OK && payload != NULL) {
            err = dhall_value_text(loader->dhall, payload, &name);
        }
        cbor_text_add(ret_value, err == OK ? kind : STR(""));
        cbor_text_add(ret_value, name);
    }
    return err == OK ? OK
                     : diag_add(diags, ERR_INVALID, SPAN_NONE,
                           "%s: its grants are not a list of resources", WORKSPACE_FILE);
}

/* Value: [name, text, toolchain, ...], the same three of the tools', [kind, name, ...]. */
static enum err workspace_load(
    struct loader *loader, struct loaded *result, struct buf *value, struct diags *diags)
{
    struct dhall_loaded loaded;
    struct str dir = str_of(loader->engine->workspace.root);
    struct str file = arena_printf(&loader->arena, "%.*s/" WORKSPACE_FILE, STR_ARG(dir));
    enum err err = dhall_load(loader_session(loader), file, &loaded, diags);
    if (err == OK) { /* by itself first, so that what is wrong with it has its place in it */
        struct diags found;
        const struct dhall_value *itself = loaded.value;
        diags_init(&found, &loader->arena, loader->engine->sources);
        err = dhall_load_text(loader->dhall, STR(WORKSPACE_FILE " as a workspace"), dir,
            str_of(workspace_text), &loaded, &found);
        if (err == ERR_INVALID) {
            err = workspace_misfit(loader, itself, dir, diags);
        } else {
            diags_append(diags, &found);
        }
    }
    if (err != OK) {
        return diag_add(diags, err, SPAN_NONE, "cannot read %s", WORKSPACE_FILE);
    }
    dhall_file_uses(loader->dhall, file, &result->uses, &result->use_count);
    const struct dhall_value *field, *toolchains;
    const struct dhall_value *const *elements;
    size_t count = 0;
    if (dhall_value_field(loader->dhall, loaded.value, STR("configurations"), &field) != OK ||
        dhall_value_field(loader->dhall, loaded.value, STR("toolchains"), &toolchains) != OK ||
        dhall_value_list(loader->dhall, field, &elements, &count) != OK || count == 0) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE, "%s has no configuration", WORKSPACE_FILE);
    }
    cbor_head_add(value, CBOR_ARRAY, count * 3);
    for (size_t i = 0; i < count && err == OK; i++) {
        err = configuration_add(loader, elements[i], toolchains, false, value, diags);
    }
    if (err == OK) {
        err = dhall_value_field(loader->dhall, loaded.value, STR("tools"), &field);
    }
    if (err == OK) {
        err = configuration_add(loader, field, toolchains, true, value, diags);
    }
    if (err == OK) {
        err = dhall_value_field(loader->dhall, loaded.value, STR("grants"), &field);
    }
    return err == OK ? grants_add(loader, field, value, diags) : err;
}

static enum err workspace_once(
    struct loader *loader, struct dice_task *task, struct loaded *ret_result, struct diags *diags)
{
    if (!loader_enter(loader, task)) {
        return ERR_IO;
    }
    struct loaded result = *result_slot(loader, STR(""));
    enum err err = OK;
    if (!result.done) {
        AUTO_BUF value = {0};
        err = workspace_load(loader, &result, &value, diags);
        result.value = arena_str(&loader->arena, buf_str(&value));
        result.done = err == OK;
        *result_slot(loader, STR("")) = result;
    }
    loader_leave(loader);
    *ret_result = result;
    return err;
}

enum dice_status workspace_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    struct engine *engine = dice_task_context(task);
    struct arena arena = {0};
    struct loaded result;
    enum dice_status status = DICE_OK;
    bool stale = true;
    (void)arg;
    for (unsigned tries = 0; tries < LOADER_TRIES_MAX && stale && status == DICE_OK; tries++) {
        enum err err = workspace_once(engine->loader, task, &result, diags);
        status = err == OK ? loaded_need(task, STR(WORKSPACE_FILE), &result, &arena, &stale)
                           : failed(task);
    }
    if (stale && status == DICE_OK) {
        status = loader_changed(STR(WORKSPACE_FILE), diags) == OK ? DICE_OK : DICE_FAILED;
    }
    if (status == DICE_OK) {
        buf_add(ret_value, result.value);
    }
    arena_release(&arena);
    return status;
}

static enum err grants_decode(
    struct cbor_reader *reader, struct arena *arena, struct grade *ret_grants)
{
    uint64_t count;
    enum err err = cbor_read_array(reader, reader->input.len, &count);
    struct resource *at = err == OK ? ARENA_NEW(arena, struct resource, (size_t)count) : NULL;
    for (uint64_t i = 0; err == OK && i < count; i++) {
        struct str kind;
        err = cbor_read_text(reader, &kind);
        unsigned j = 0;
        while (err == OK && j < RESOURCE_KIND_COUNT &&
               !str_eq(kind, str_of(resource_kind_name((enum resource_kind)j)))) {
            j++;
        }
        if (j == RESOURCE_KIND_COUNT) {
            err = ERR_INVALID;
        }
        at[i].kind = (enum resource_kind)j;
        err = err == OK ? cbor_read_text(reader, &at[i].name) : err;
    }
    *ret_grants = err == OK ? grade_of(at, (size_t)count, arena) : GRADE_PURE;
    return err;
}

enum dice_status settings_need(
    struct dice_task *task, struct arena *arena, struct settings *ret_settings)
{
    struct str value;
    enum dice_status status = dice_need(task, KEY_WORKSPACE, STR(""), &value);
    if (status != DICE_OK) {
        return status;
    }
    struct cbor_reader reader;
    cbor_reader_init(&reader, value);
    uint64_t count = 0;
    enum err err = cbor_read_array(&reader, value.len, &count);
    size_t config_count = (size_t)count / 3;
    struct str *names = ARENA_NEW(arena, struct str, config_count);
    struct str *texts = ARENA_NEW(arena, struct str, config_count);
    struct str *toolchains = ARENA_NEW(arena, struct str, config_count);
    for (size_t i = 0; i < config_count && err == OK; i++) {
        err = cbor_read_text(&reader, &names[i]);
        err = err == OK ? cbor_read_text(&reader, &texts[i]) : err;
        err = err == OK ? cbor_read_text(&reader, &toolchains[i]) : err;
    }
    *ret_settings = (struct settings){.configs = {.at = names, .count = config_count},
        .config_texts = {.at = texts, .count = config_count},
        .toolchains = {.at = toolchains, .count = config_count}};
    err = err == OK ? cbor_read_text(&reader, &ret_settings->exec_config) : err;
    err = err == OK ? cbor_read_text(&reader, &ret_settings->exec_config_text) : err;
    err = err == OK ? cbor_read_text(&reader, &ret_settings->exec_toolchain) : err;
    err = err == OK ? grants_decode(&reader, arena, &ret_settings->grants) : err;
    if (err != OK || config_count == 0) {
        return DICE_FAILED;
    }
    struct engine *engine = dice_task_context(task);
    if (pthread_mutex_lock(&engine->lock) == 0) {
        if (engine->default_config.len == 0) {
            engine->default_config = arena_str(&engine->lock_arena, names[0]);
        }
        (void)pthread_mutex_unlock(&engine->lock);
    }
    return DICE_OK;
}

/* BUILD.dhall. */

struct span engine_place(struct engine *engine, struct str package, struct str target,
    struct str needle, struct arena *arena)
{
    struct places places = {.sources = engine->sources};
    places.name = path_join(package, STR(PACKAGE_FILE), arena);
    struct diags ignored;
    diags_init(&ignored, arena, NULL);
    if (file_read(engine->root_fd, arena_cstr(arena, places.name), FILE_BYTES_MAX, arena,
            &places.text, &ignored) != OK) {
        return SPAN_NONE;
    }
    return places_find(&places, target, needle);
}

/* What to do about a file that every package imports and that the machine's owner makes. */
static void toolchains_help(struct diags *diags)
{
    struct diag *first = diags->newest;
    while (first != NULL && first->cause != NULL) {
        first = first->cause;
    }
    if (first != NULL && first->code == ERR_ABSENT && first->help.len == 0 &&
        str_ends(first->text, STR("/toolchains.dhall does not exist"))) {
        first->help =
            STR("\"straylight toolchain add cc\" writes it: the compiler of this machine, "
                "pinned by its content");
    }
}

/* The file is a function, but not of a configuration. */
static enum err function_misfit(
    struct loader *loader, struct str file, const struct dhall_loaded *loaded, struct diags *diags)
{
    struct engine *engine = loader->engine;
    struct arena arena = {0};
    struct str path = loader_key(engine, file);
    struct str type = dhall_value_show(loader->dhall, loaded->type, 200, &arena);
    enum err err = diag_add(diags, ERR_INVALID, word_place(engine, path, STR("\\"), &arena),
        "%.*s is a function, but not one of the configuration: its type is %.*s", STR_ARG(path),
        STR_ARG(type));
    diag_help(diags,
        "let it begin with \\(config : { name : Text, mode : < Debug | Release >, exec "
        ": Bool }) ->, or with \\(config : C.Config) -> where C is rules/c/v1.dhall");
    arena_release(&arena);
    return err;
}

/* A configuration as a package's file is applied to it. */
struct applied {
    struct str name, text;
    struct str toolchain;      /* its entry */
    struct str toolchain_file; /* as imported from the package: "../toolchains.dhall" */
    bool uses_toolchain;       /* the file asks for it */
};

/* There is no such toolchain, or toolchains.dhall is not there or is wrong by itself: then that is
 * told, and returned. */
static enum err toolchain_check(
    struct loader *loader, struct str dir, const struct applied *applied, struct diags *diags)
{
    struct dhall *dhall = loader->dhall;
    struct dhall_loaded loaded;
    const struct dhall_value *field;
    struct str name = STR(TOOLCHAIN_FILE " of a configuration");
    enum err err = dhall_load_text(dhall, name, dir, applied->toolchain_file, &loaded, diags);
    if (err != OK) {
        toolchains_help(diags);
        return err;
    }
    if (dhall_value_field(dhall, loaded.value, applied->toolchain, &field) == OK) {
        return OK;
    }
    struct arena arena = {0};
    struct str quoted = arena_printf(&arena, "\"%.*s\"", STR_ARG(applied->toolchain));
    err = diag_add(diags, ERR_INVALID,
        word_place(loader->engine, STR(WORKSPACE_FILE), quoted, &arena),
        "configuration \"%.*s\" builds with the toolchain \"%.*s\", which " TOOLCHAIN_FILE
        " does not have",
        STR_ARG(applied->name), STR_ARG(applied->toolchain));
    diag_help(diags, "pin it: straylight toolchain add cc --target TARGET --name %.*s",
        STR_ARG(applied->toolchain));
    arena_release(&arena);
    return err;
}

/* The file applied to the configuration; with its toolchain only if it is a function of that too,
 * since then the package depends on toolchains.dhall. */
static enum err package_apply(struct loader *loader, struct str file, struct str dir,
    struct applied *applied, struct dhall_loaded *ret_loaded, struct diags *diags)
{
    struct dhall *dhall = loader_session(loader);
    struct str name =
        arena_printf(&loader->arena, "%.*s applied to a configuration", STR_ARG(file));
    struct diags found;
    diags_init(&found, &loader->arena, loader->engine->sources);
    struct str text =
        arena_printf(&loader->arena, "./" PACKAGE_FILE " { %.*s }", STR_ARG(applied->text));
    enum err err = dhall_load_text(dhall, name, dir, text, ret_loaded, &found);
    if (err == ERR_INVALID) {
        diags_init(&found, &loader->arena, loader->engine->sources);
        text = arena_printf(&loader->arena,
            "./" PACKAGE_FILE " { %.*s, toolchain = (%.*s).`%.*s` }", STR_ARG(applied->text),
            STR_ARG(applied->toolchain_file), STR_ARG(applied->toolchain));
        err = dhall_load_text(dhall, name, dir, text, ret_loaded, &found);
        applied->uses_toolchain = err == OK;
    }
    if (err != ERR_INVALID) {
        diags_append(diags, &found);
    }
    return err;
}

/* The value of the file, applied to the configuration if it is a function. */
static enum err package_value(struct loader *loader, struct str file, struct str dir,
    struct applied *applied, struct dhall_loaded *ret_loaded, struct diags *diags)
{
    struct dhall *dhall = loader_session(loader);
    enum err err = dhall_load(dhall, file, ret_loaded, diags);
    if (err != OK) {
        toolchains_help(diags);
    }
    if (err != OK || dhall_value_kind_of(dhall, ret_loaded->value) != DHALL_VALUE_FUNCTION) {
        return err;
    }
    struct dhall_loaded loaded;
    err = package_apply(loader, file, dir, applied, &loaded, diags);
    if (err == ERR_INVALID) {
        struct arena arena = {0};
        struct str type = dhall_value_show(loader->dhall, ret_loaded->type, 200, &arena);
        bool wants_toolchain = memmem(type.ptr, type.len, "toolchain : ", 12) != NULL;
        arena_release(&arena);
        err = wants_toolchain ? toolchain_check(loader, dir, applied, diags) : OK;
        return err == OK ? function_misfit(loader, file, ret_loaded, diags) : err;
    }
    if (err == OK) {
        ret_loaded->value = loaded.value;
        ret_loaded->type = loaded.type;
    }
    return err;
}

static struct applied applied_to(
    struct loader *loader, struct str package, struct str config, const struct settings *settings)
{
    struct applied applied = {
        .name = config, .text = settings->exec_config_text, .toolchain = settings->exec_toolchain};
    for (size_t i = 0; i < settings->configs.count; i++) {
        if (str_eq(settings->configs.at[i], config)) {
            applied.text = settings->config_texts.at[i];
            applied.toolchain = settings->toolchains.at[i];
        }
    }
    AUTO_BUF path = {0};
    buf_add(&path, package.len > 0 ? STR("..") : STR("."));
    for (size_t i = 0; i < package.len; i++) {
        if (package.ptr[i] == '/') {
            buf_add(&path, STR("/.."));
        }
    }
    buf_add(&path, STR("/" TOOLCHAIN_FILE));
    applied.toolchain_file = arena_str(&loader->arena, buf_str(&path));
    return applied;
}

/* What the value came from: what the file imports, and toolchains.dhall if it was given that. */
static void package_uses(
    struct loader *loader, struct str file, const struct applied *applied, struct loaded *result)
{
    struct dhall_used *uses;
    size_t count;
    dhall_file_uses(loader->dhall, file, &uses, &count);
    result->uses = uses;
    result->use_count = count;
    if (!applied->uses_toolchain) {
        return;
    }
    struct dhall_used *more = ARENA_NEW(&loader->arena, struct dhall_used, count + 1);
    for (size_t i = 0; i < count; i++) {
        more[i] = uses[i];
    }
    more[count] = (struct dhall_used){
        .name = arena_printf(&loader->arena, "%s/" TOOLCHAIN_FILE, loader->engine->workspace.root),
        .is_code = true};
    result->uses = more;
    result->use_count = count + 1;
}

static enum err package_load(struct loader *loader, struct str package, struct str config,
    const struct settings *settings, struct loaded *result, struct diags *diags)
{
    struct engine *engine = loader->engine;
    struct applied applied = applied_to(loader, package, config, settings);
    struct str root = str_of(engine->workspace.root);
    struct str dir = arena_printf(
        &loader->arena, "%.*s%s%.*s", STR_ARG(root), package.len > 0 ? "/" : "", STR_ARG(package));
    struct str file = arena_printf(&loader->arena, "%.*s/" PACKAGE_FILE, STR_ARG(dir));
    struct dhall_loaded loaded;
    enum err err = package_value(loader, file, dir, &applied, &loaded, diags);
    if (err != OK) {
        return err;
    }
    package_uses(loader, file, &applied, result);
    struct arena arena = {0};
    struct places places = {.sources = engine->sources};
    places.name = path_join(package, STR(PACKAGE_FILE), &arena);
    err = file_read(engine->root_fd, arena_cstr(&arena, places.name), FILE_BYTES_MAX, &arena,
        &places.text, diags);
    struct package_context context = {.package = package,
        .config = config,
        .exec_config = settings->exec_config,
        .places = &places};
    struct target *targets;
    size_t count = 0;
    if (err == OK) {
        err = package_read(loader->dhall, loaded.value, &context, &arena, &targets, &count, diags);
    }
    if (err == OK) {
        AUTO_BUF value = {0};
        package_encode(targets, count, &value);
        result->value = arena_str(&loader->arena, buf_str(&value));
        struct strs folders = package_source_folders(targets, count, package, &loader->arena);
        result->folders = folders;
    }
    arena_release(&arena);
    return err;
}

/* A folder of the package that has a BUILD.dhall is another package: its files are not ours. */
static enum dice_status folders_check(struct dice_task *task, struct str package,
    struct strs folders, struct arena *arena, struct diags *diags)
{
    struct engine *engine = dice_task_context(task);
    for (size_t i = 0; i < folders.count; i++) {
        struct str value;
        struct str file = path_join(folders.at[i], STR(PACKAGE_FILE), arena);
        enum dice_status status = dice_need(task, KEY_FILE, file, &value);
        if (status != DICE_OK) {
            return status;
        }
        if (file_decode(value).kind == FILE_ABSENT) {
            continue;
        }
        struct str below =
            str_sub(folders.at[i], package.len + (package.len > 0), folders.at[i].len);
        struct str prefix = arena_printf(arena, "%.*s/", STR_ARG(below));
        struct span span = engine_place(engine, package, STR(""), prefix, arena);
        enum err err = diag_add(diags, ERR_INVALID, span,
            "//%.*s lists sources below %.*s, which is a package of its own (it has a %s)",
            STR_ARG(package), STR_ARG(folders.at[i]), PACKAGE_FILE);
        diag_help(diags, "list them in %.*s, and depend on its target //%.*s:...", STR_ARG(file),
            STR_ARG(folders.at[i]));
        return err == OK ? DICE_OK : DICE_FAILED;
    }
    return DICE_OK;
}

/* cause: why, or "". */
static enum err package_once(struct dice_task *task, struct str arg, struct str cause,
    const struct settings *settings, struct loaded *ret_result, struct diags *diags)
{
    struct engine *engine = dice_task_context(task);
    struct loader *loader = engine->loader;
    struct label label = label_of_key(arg);
    if (!loader_enter(loader, task)) {
        return ERR_IO;
    }
    enum err err = OK;
    struct loaded result = *result_slot(loader, arg);
    bool made = !result.done;
    if (made) {
        err = package_load(loader, label.package, label.config, settings, &result, diags);
        result.done = err == OK;
        *result_slot(loader, arg) = result;
        if (cause.len > 0) {
            loader_cause_add(loader, arg, cause);
        }
    }
    loader_leave(loader);
    if (made && err == OK) {
        events_package(engine, label, cause);
    }
    *ret_result = result;
    return err == OK ? OK
                     : diag_add(diags, err, SPAN_NONE, "cannot load the package //%.*s",
                           STR_ARG(label.package));
}

enum err package_peek(struct dice_task *task, struct str package, struct str config,
    const struct settings *settings, struct arena *arena, struct package_entry **ret_entries,
    size_t *ret_count)
{
    struct diags ignored;
    diags_init(&ignored, arena, NULL);
    struct loaded result;
    struct str key = arena_printf(arena, "//%.*s:@%.*s", STR_ARG(package), STR_ARG(config));
    enum err err = package_once(task, key, STR(""), settings, &result, &ignored);
    return err == OK ? package_decode(result.value, arena, ret_entries, ret_count) : err;
}

struct str package_cause(struct engine *engine, struct label label, struct arena *arena)
{
    struct str key =
        arena_printf(arena, "//%.*s:@%.*s", STR_ARG(label.package), STR_ARG(label.config));
    return loader_cause_get(engine->loader, key, arena);
}

/* arg: "//a/b:@config". Value: package_encode. */
enum dice_status package_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    struct engine *engine = dice_task_context(task);
    atomic_store(&engine->packages_read, true);
    struct arena arena = {0};
    struct label label = label_of_key(arg);
    struct str file = path_join(label.package, STR(PACKAGE_FILE), &arena);
    struct settings settings;
    struct loaded result;
    bool stale = true;
    enum dice_status status = settings_need(task, &arena, &settings);
    struct str cause = loader_cause(engine->loader, task, &arena);
    for (unsigned tries = 0; tries < LOADER_TRIES_MAX && stale && status == DICE_OK; tries++) {
        enum err err = package_once(task, arg, cause, &settings, &result, diags);
        status = err == OK ? loaded_need(task, file, &result, &arena, &stale) : failed(task);
    }
    if (stale && status == DICE_OK) {
        status = loader_changed(file, diags) == OK ? DICE_OK : DICE_FAILED;
    }
    if (status == DICE_OK) {
        status = folders_check(task, label.package, result.folders, &arena, diags);
    }
    if (status == DICE_OK) {
        buf_add(ret_value, result.value);
    }
    arena_release(&arena);
    return status;
}
