/* src/build/key.c: the digest of a logical Remote Execution API Action (design.md, "Keys").
 *
 *   trees, merged     -> usr/ lib64 ...  \
 *   inputs            -> build/...        > Directory -> input_root_digest \
 *   argv, env, outputs -> Command ------------------------------------------> Action -> key
 *   grade             -> platform properties, sorted ----------------------/
 *
 * No host fact, time-out, runner or place is in it. */
#include "build/action.h"
#include "build/toolchain.h"
#include "codec/reapi.h"
#include <stdlib.h>

/* Where the tree can be had from: the entry of toolchains.dhall that names it knows how it was
 * made. */
static void tree_help(struct job *job, const struct digest *digest)
{
    struct diags ignored;
    diags_init(&ignored, job->arena, NULL);
    const struct toolchain_file file = {
        .root_fd = job->engine->root_fd, .arena = job->arena, .diags = &ignored};
    struct toolchain_known *known = NULL;
    size_t count = 0;
    if (toolchain_file_read(&file, &known, &count) != OK) {
        count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < known[i].tree_count; j++) {
            if (digest_eq(&known[i].trees[j], digest)) {
                diag_help(job->diags,
                    "it is \"%.*s\" of " TOOLCHAIN_FILE ": \"%.*s\" puts it there again, from the "
                    "packages that the entry names",
                    STR_ARG(known[i].name), STR_ARG(toolchain_add_command(&known[i], job->arena)));
                return;
            }
        }
    }
    diag_help(job->diags, "\"straylight toolchain add cc\" (or: add lib NAME) puts it there again");
}

static enum err tree_missing(struct job *job, const struct digest *digest, enum err err)
{
    struct str label = label_show(job->engine, job->label, job->arena);
    char text[DIGEST_TEXT_MAX];
    struct str shown = digest_format(digest, text);
    struct span span =
        engine_place(job->engine, job->label.package, job->label.name, shown, job->arena);
    err = diag_add(job->diags, err == ERR_ABSENT || err == ERR_CORRUPT ? ERR_INVALID : err, span,
        "the tree %.*s, which %.*s uses, is not whole in the store", STR_ARG(shown),
        STR_ARG(label));
    tree_help(job, digest);
    return err;
}

/* Is all that the tree names there? ERR_ABSENT, ERR_CORRUPT; what was found is not told. */
static enum err tree_look(struct job *job, const struct digest *tree)
{
    struct store *store = job->engine->store;
    struct arena arena = {0};
    struct diags ignored;
    diags_init(&ignored, &arena, NULL);
    struct tree_entry *entries;
    size_t count = 0;
    enum err err = tree_list(store, tree, &arena, &entries, &count, &ignored);
    for (size_t i = 0; i < count && err == OK; i++) {
        bool is_file = entries[i].kind == TREE_FILE || entries[i].kind == TREE_EXECUTABLE;
        err = is_file ? store_has(store, &entries[i].digest) : OK;
    }
    arena_release(&arena);
    return err;
}

enum err trees_missing(struct job *job, enum err err)
{
    for (size_t i = 0; i < job->expansion.tree_count; i++) {
        const struct digest *tree = &job->expansion.trees[i].digest;
        if (tree_look(job, tree) != OK) {
            return tree_missing(job, tree, err);
        }
    }
    return err;
}

/* Roots of the trees, each at its place. */
static enum err roots_of(struct job *job, struct digest *roots)
{
    for (size_t i = 0; i < job->expansion.tree_count; i++) {
        const struct piece *tree = &job->expansion.trees[i];
        roots[i] = tree->digest;
        if (tree->text.len == 0) {
            continue;
        }
        struct tree_entry entry = {
            .path = tree->text, .kind = TREE_DIRECTORY, .digest = tree->digest};
        enum err err = tree_build(job->engine->store, &entry, 1, true, &roots[i], job->diags);
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

static enum err merged_make(struct job *job, struct merged *ret_merged)
{
    struct engine *engine = job->engine;
    size_t count = job->expansion.tree_count;
    struct digest *roots = ARENA_NEW(job->arena, struct digest, count);
    enum err err = roots_of(job, roots);
    for (size_t i = 0; i < count && err == OK; i++) {
        struct tree_entry *children;
        size_t child_count;
        err = tree_children(
            engine->store, &roots[i], job->arena, &children, &child_count, job->diags);
        if (err != OK) {
            return tree_missing(job, &job->expansion.trees[i].digest, err);
        }
    }
    if (err == OK && count == 1) {
        ret_merged->root = roots[0];
    } else if (err == OK) {
        err = tree_merge(engine->store, roots, count, &ret_merged->root, job->diags);
        err = err == ERR_ABSENT || err == ERR_CORRUPT ? trees_missing(job, err) : err;
    }
    struct tree_entry *children = NULL;
    if (err == OK) {
        err = tree_children(engine->store, &ret_merged->root, &engine->graph_arena, &children,
            &ret_merged->child_count, job->diags);
    }
    ret_merged->children = children;
    for (size_t i = 0; err == OK && i < ret_merged->child_count; i++) {
        if (str_eq(children[i].path, STR("build"))) {
            err = diag_add(job->diags, ERR_INVALID, SPAN_NONE,
                "a tree has /build, where the inputs of actions are");
        }
    }
    return err;
}

/* The same trees are merged once. */
static enum err merged_get(struct job *job)
{
    struct engine *engine = job->engine;
    AUTO_BUF key = {0};
    pieces_encode(
        (struct pieces){.at = job->expansion.trees, .count = job->expansion.tree_count}, &key);
    if (pthread_mutex_lock(&engine->graph_lock) != 0) {
        return ERR_IO;
    }
    enum err err = OK;
    uint32_t row = table_get(&engine->merged, buf_str(&key));
    if (row == TABLE_NONE) {
        struct merged merged = {0};
        err = merged_make(job, &merged);
        if (err == OK) {
            row = table_add(&engine->merged, &engine->graph_arena, buf_str(&key));
            if (row >= engine->merged_cap) {
                engine->merged_cap = row == 0 ? 8 : row * 2;
                engine->merged_at = memory_realloc(
                    engine->merged_at, engine->merged_cap * sizeof *engine->merged_at);
            }
            engine->merged_at[row] = merged;
        }
    }
    if (err == OK) {
        job->merged = engine->merged_at[row];
    }
    (void)pthread_mutex_unlock(&engine->graph_lock);
    return err;
}

static enum err input_root(struct job *job, struct digest *ret_root)
{
    size_t count = job->expansion.input_count;
    struct tree_entry *inputs = ARENA_NEW(job->arena, struct tree_entry, count);
    if (count > 0) {
        memcpy(inputs, job->entries, count * sizeof *inputs); /* tree_build may sort them anew */
    }
    size_t child_count = job->merged.child_count;
    struct tree_entry *children = ARENA_NEW(job->arena, struct tree_entry, child_count + 1);
    if (child_count > 0) {
        memcpy(children, job->merged.children, child_count * sizeof *children);
    }
    children[child_count] = (struct tree_entry){.path = STR("build"), .kind = TREE_DIRECTORY};
    enum err err =
        tree_build(NULL, inputs, count, false, &children[child_count].digest, job->diags);
    return err == OK ? tree_build(NULL, children, child_count + 1, false, ret_root, job->diags)
                     : err;
}

/* Sorted by reapi_action_make. */
static struct reapi_platform platform_of(struct job *job)
{
    struct grade grade = grade_of(job->action->requires, job->action->require_count, job->arena);
    const struct grade_property *from = grade_properties(grade, job->arena);
    struct reapi_property *to = ARENA_NEW(job->arena, struct reapi_property, grade.count);
    for (size_t i = 0; i < grade.count; i++) {
        to[i] = (struct reapi_property){.name = from[i].name, .value = from[i].value};
    }
    return (struct reapi_platform){.properties = to, .property_count = grade.count};
}

/* All of it: what every action gets is in the key, too. */
static enum err environment(struct job *job, struct reapi_property **ret_env, size_t *ret_count)
{
    const struct exec_env *env;
    size_t count;
    enum err err = exec_env_whole(action_env(job->action, job->arena), job->action->env_count,
        job->arena, &env, &count, job->diags);
    if (err != OK) {
        struct str label = label_show(job->engine, job->label, job->arena);
        struct str what = action_describe(job->action, job->arena);
        return diag_add(
            job->diags, err, SPAN_NONE, "%.*s: cannot run %.*s", STR_ARG(label), STR_ARG(what));
    }
    struct reapi_property *all = ARENA_NEW(job->arena, struct reapi_property, count);
    for (size_t i = 0; i < count; i++) {
        all[i] = (struct reapi_property){.name = env[i].name, .value = env[i].value};
    }
    *ret_env = all;
    *ret_count = count;
    return OK;
}

enum err action_key_make(struct job *job)
{
    const struct expansion *expansion = &job->expansion;
    struct digest root;
    enum err err = merged_get(job);
    err = err == OK ? input_root(job, &root) : err;
    if (err != OK) {
        return err;
    }
    struct str *argv = ARENA_NEW(job->arena, struct str, expansion->argv_count);
    memcpy(argv, expansion->argv, expansion->argv_count * sizeof *argv);
    struct reapi_property *env = NULL;
    size_t env_count = 0;
    err = environment(job, &env, &env_count);
    if (err != OK) {
        return err;
    }
    size_t file_count = expansion->outputs.count, folder_count = expansion->folders.count;
    struct str *paths = ARENA_NEW(job->arena, struct str, file_count + folder_count);
    for (size_t i = 0; i < file_count; i++) {
        paths[i] = expansion->outputs.at[i];
    }
    for (size_t i = 0; i < folder_count; i++) {
        paths[file_count + i] = expansion->folders.at[i];
    }
    struct reapi_command command = {.arguments = argv,
        .argument_count = expansion->argv_count,
        .environment = env,
        .environment_count = env_count,
        .working_directory = STR("build"),
        .output_paths = paths,
        .output_path_count = file_count + folder_count};
    struct reapi_platform platform = platform_of(job);
    struct reapi_action_messages messages;
    err = reapi_action_make(
        &command, &root, platform.property_count > 0 ? &platform : NULL, job->arena, &messages);
    if (err != OK) {
        return diag_add(
            job->diags, err, SPAN_NONE, "an environment variable or an output is named twice");
    }
    job->key = messages.action_digest;
    return OK;
}
