/* src/build/prune.c: what an action was given but did not read does not make it run again.
 *
 *   inputs_need:  FILE a.c, FILE a.h, FILE b.h, ACTION gen, PRESENT target, PRESENT gen
 *   the depfile:  a.c a.h
 *   kept:         FILE a.c, FILE a.h,                       PRESENT target, PRESENT gen
 *
 * So b.h may change and its dependents stay, but if it goes, comes, or is named otherwise, they
 * run: compilers look for names (-I in order, __has_include). This is a decision of dice alone: an
 * action's key, and so the cache, always has all inputs.
 *
 * Pruned is only what the compiler could have named: nothing at all if the depfile is not
 * understood, names what was not declared, or if a file that was read may have an assembler read
 * more. */
#include "build/action.h"
#include "build/depfile.h"
#include "build/recall.h"
#include "digest/sha256.h"
#include <stdlib.h>

/* PRESENT. */

#define EXPORTS_MARK "#exports"
static struct str exports_key(struct label label, struct arena *arena)
{
    return arena_printf(arena, "//%.*s:%.*s@%.*s" EXPORTS_MARK, STR_ARG(label.package),
        STR_ARG(label.name), STR_ARG(label.config));
}

static void shown_add(struct pieces pieces, struct table *paths)
{
    for (size_t i = 0; i < pieces.count; i++) {
        if (pieces.at[i].kind == PIECE_SOURCE) {
            (void)table_add(paths, NULL, pieces.at[i].text);
        }
    }
}

static void args_shown_add(struct args args, struct table *paths)
{
    for (size_t i = 0; i < args.count; i++) {
        shown_add(args.at[i].before, paths);
        shown_add(args.at[i].after, paths);
    }
}

/* What compilers of a target may look at, but for what its dependencies export. */
static void target_shown_add(const struct target *target, struct table *paths)
{
    for (size_t i = 0; i < target->action_count; i++) {
        if (target->actions[i].depfile.len > 0) {
            args_shown_add(target->actions[i].argv, paths);
            args_shown_add(target->actions[i].inputs, paths);
        }
    }
}

/* With -v: a source is another, and whoever did not read it stays as it is. */
static void pruned_tell(
    struct dice_task *task, struct label label, const struct buf *value, struct arena *arena)
{
    struct engine *engine = dice_task_context(task);
    struct str previous;
    struct str cause = engine->options.verbose ? dice_task_cause(task, arena) : STR("");
    if (cause.len == 0 || str_starts(cause, STR("//")) || !dice_task_previous(task, &previous) ||
        !str_eq(previous, buf_str(value))) {
        return;
    }
    struct str shown = label_show(engine, label, arena);
    progress_text(
        engine, arena_printf(arena, "%.*s: %.*s changed: pruned by depfile where it was not read\n",
                    STR_ARG(shown), STR_ARG(cause)));
}

/* The target, or what it exports (exports_key); its sources. */
static enum dice_status seen_find(struct dice_task *task, struct str label_key, bool exports,
    struct table *paths, struct arena *arena, struct target *target)
{
    struct str bytes;
    enum dice_status status = dice_need(task, exports ? KEY_SET : KEY_TARGET, label_key, &bytes);
    if (status != DICE_OK) {
        return status;
    }
    if (!exports) {
        enum err err = target_decode(bytes, arena, target);
        target_shown_add(target, paths);
        return err == OK ? DICE_OK : DICE_FAILED;
    }
    struct cbor_reader reader;
    cbor_reader_init(&reader, bytes);
    if (cbor_read_bytes(&reader, &bytes) != OK || exports_decode(bytes, arena, target) != OK) {
        return DICE_FAILED;
    }
    for (size_t i = 0; i < target->export_count; i++) {
        shown_add(target->exports[i].pieces, paths);
    }
    return DICE_OK;
}

/* Paths and kinds of the sources, what the dependencies say of theirs. */
static void seen_hash(
    const struct table *paths, const struct dice_want *wants, size_t count, struct buf *ret_value)
{
    AUTO_BUF text = {0};
    for (size_t i = 0; i < count; i++) {
        if (i < paths->len) {
            buf_add(&text, paths->keys[i]);
            buf_add_byte(&text, '\0');
            buf_add_byte(&text, (uint8_t)('0' + (int)file_decode(wants[i].value).kind));
        } else {
            buf_add(&text, wants[i].value);
        }
    }
    struct digest digest = digest_of(buf_str(&text));
    buf_add(ret_value, (struct str){.ptr = (const char *)digest.hash, .len = sizeof digest.hash});
}

/* Value: hash of the paths and kinds of all sources that compilers of the target may look at, or
 * (exports) that it and what is below it show to dependents: one more than a compiler may see is
 * here, one less is not. Each target adds its own to what those that it depends on say, so that a
 * change is looked at where it is and goes no further. */
static enum dice_status sources_present(struct dice_task *task, struct str key, bool exports,
    struct arena *arena, struct buf *ret_value)
{
    struct table paths = {0};
    struct target target = {0};
    enum dice_status status = seen_find(task, key, exports, &paths, arena, &target);
    size_t count = paths.len + target.dep_count;
    struct dice_want *wants = ARENA_NEW(arena, struct dice_want, count);
    for (size_t i = 0; i < count; i++) {
        bool own = i < paths.len;
        wants[i].kind = own ? KEY_FILE : KEY_PRESENT;
        wants[i].arg = own ? paths.keys[i] : exports_key(target.deps[i - paths.len].label, arena);
    }
    status = status == DICE_OK ? dice_need_all(task, wants, count) : status;
    if (status == DICE_OK) {
        seen_hash(&paths, wants, count, ret_value);
        pruned_tell(task, label_of_key(key), ret_value, arena);
    }
    table_release(&paths);
    return status;
}

/* Value: paths and kinds of what the action makes. */
static enum dice_status outputs_present(
    struct dice_task *task, struct str key, struct arena *arena, struct buf *ret_value)
{
    struct str value;
    struct outcome outcome;
    enum dice_status status = dice_need(task, KEY_ACTION, key, &value);
    if (status == DICE_OK && outcome_decode(value, arena, &outcome) != OK) {
        status = DICE_FAILED;
    }
    for (size_t i = 0; status == DICE_OK && i < outcome.output_count; i++) {
        buf_add(ret_value, outcome.outputs[i].path);
        buf_add_byte(ret_value, '\0');
        buf_add_byte(ret_value, (uint8_t)('0' + (int)outcome.outputs[i].kind));
    }
    return status;
}

enum dice_status present_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    (void)diags;
    struct arena arena = {0};
    struct str key = str_sub(arg, 0, str_find(arg, '#'));
    bool exports = str_eq(str_sub(arg, key.len, arg.len), STR(EXPORTS_MARK));
    enum dice_status status = exports || key.len == arg.len
                                  ? sources_present(task, key, exports, &arena, ret_value)
                                  : outputs_present(task, arg, &arena, ret_value);
    arena_release(&arena);
    return status;
}

/* What was read. */

size_t prune_wants_add(struct job *job, struct dice_want *wants, size_t count)
{
    if (job->action->depfile.len == 0) {
        return count;
    }
    size_t all = count;
    for (size_t i = 0; i < count; i++) {
        if (wants[i].kind == KEY_ACTION) {
            wants[all++] = (struct dice_want){.kind = KEY_PRESENT, .arg = wants[i].arg};
        }
    }
    wants[all++] =
        (struct dice_want){.kind = KEY_PRESENT, .arg = label_key(job->label, job->arena)};
    return all;
}

static int input_order(const void *key, const void *element)
{
    return str_cmp(*(const struct str *)key, ((const struct input *)element)->path);
}

static bool text_get(struct job *job, const struct digest *digest, struct str *ret_text)
{
    struct diags ignored;
    diags_init(&ignored, job->arena, NULL);
    return store_get(
               job->engine->store, digest, DEPFILE_BYTES_MAX, job->arena, ret_text, &ignored) == OK;
}

/* Does the compiler tell all that it reads because of this input? */
static bool input_is_open(struct job *job, size_t i)
{
    struct str text;
    if (job->wants[i].kind == KEY_FILE) {
        return !file_decode(job->wants[i].value).hides;
    }
    return text_get(job, &job->entries[i].digest, &text) && !depfile_text_hides(text);
}

/* Marks what the depfile names. False: it is no ground to prune anything. */
static bool read_find(struct job *job, bool *read)
{
    struct str text;
    struct strs paths;
    const struct expansion *expansion = &job->expansion;
    if (!text_get(job, &job->depfile, &text) || depfile_read(text, job->arena, &paths) != OK ||
        paths.count == 0 || expansion->input_count == 0) {
        return false;
    }
    for (size_t i = 0; i < paths.count; i++) {
        const struct input *input = bsearch(
            &paths.at[i], expansion->inputs, expansion->input_count, sizeof *input, input_order);
        size_t at = input == NULL ? 0 : (size_t)(input - expansion->inputs);
        if (input == NULL || (!read[at] && !input_is_open(job, at))) {
            return false;
        }
        read[at] = true;
    }
    return true;
}

/* What the command line names by itself counts as read. */
static void named_mark(struct job *job, bool *read)
{
    const struct expansion *expansion = &job->expansion;
    for (size_t i = 0; i < job->action->argv.count; i++) {
        const struct arg *arg = &job->action->argv.at[i];
        for (size_t j = 0; j < arg->before.count; j++) {
            const struct piece *piece = &arg->before.at[j];
            for (size_t k = 0; piece->kind != PIECE_TEXT && k < expansion->input_count; k++) {
                const struct piece *input = &expansion->inputs[k].piece;
                read[k] =
                    read[k] || (input->kind == piece->kind && str_eq(input->text, piece->text));
            }
        }
    }
}

/* What must be as it is. False: all of it. */
static bool read_mark(struct job *job, bool *read)
{
    if (job->action->depfile.len == 0 || !job->has_depfile || !read_find(job, read)) {
        return false;
    }
    named_mark(job, read);
    for (size_t i = 0; i < job->expansion.input_count; i++) {
        read[i] = read[i] || job->entries[i].kind == TREE_DIRECTORY;
    }
    return true;
}

/* Recalling. */

static void text_part_add(struct buf *text, struct str part)
{
    buf_add(text, part);
    buf_add_byte(text, '\0');
}

static void strs_part_add(struct buf *text, struct strs parts)
{
    for (size_t i = 0; i < parts.count; i++) {
        text_part_add(text, parts.at[i]);
    }
    buf_add_byte(text, '\1');
}

static void hash_cut(const struct buf *text, uint8_t ret_hash[static RECALL_HASH_BYTES])
{
    struct digest digest = digest_of(buf_str(text));
    memcpy(ret_hash, digest.hash, RECALL_HASH_BYTES);
}

/* All that the key is made of, but for the contents of files. */
static void names_hash(struct job *job, uint8_t ret_hash[static RECALL_HASH_BYTES])
{
    AUTO_BUF text = {0};
    const struct expansion *expansion = &job->expansion;
    struct digest root = job->merged.root;
    buf_add(&text, (struct str){.ptr = (const char *)root.hash, .len = sizeof root.hash});
    strs_part_add(&text, (struct strs){.at = expansion->argv, .count = expansion->argv_count});
    strs_part_add(&text, expansion->outputs);
    strs_part_add(&text, expansion->folders);
    const struct exec_env *env = NULL;
    size_t env_count = 0;
    enum err err = exec_env_whole(action_env(job->action, job->arena), job->action->env_count,
        job->arena, &env, &env_count, job->diags);
    for (size_t i = 0; err == OK && i < env_count; i++) { /* one that is refused had no key */
        text_part_add(&text, env[i].name);
        text_part_add(&text, env[i].value);
    }
    buf_add_byte(&text, '\1');
    for (size_t i = 0; i < job->action->require_count; i++) {
        text_part_add(&text, resource_format(job->action->requires[i], job -> arena));
    }
    buf_add_byte(&text, '\1');
    for (size_t i = 0; i < expansion->input_count; i++) {
        text_part_add(&text, expansion->inputs[i].path);
        buf_add_byte(&text, (uint8_t)job->entries[i].kind);
    }
    hash_cut(&text, ret_hash);
}

static void read_hash(struct job *job, const bool *read, uint8_t ret_hash[static RECALL_HASH_BYTES])
{
    AUTO_BUF text = {0};
    for (size_t i = 0; i < job->expansion.input_count; i++) {
        if (read[i]) {
            const struct digest *digest = &job->entries[i].digest;
            text_part_add(&text, job->expansion.inputs[i].path);
            buf_add(
                &text, (struct str){.ptr = (const char *)digest->hash, .len = sizeof digest->hash});
        }
    }
    hash_cut(&text, ret_hash);
}

static void recalled_tell(struct job *job)
{
    if (job->engine->options.verbose) {
        struct str label = label_show(job->engine, job->label, job->arena);
        struct str what = action_describe(job->action, job->arena);
        progress_text(
            job->engine, arena_printf(job->arena,
                             "%.*s: %.*s: pruned by depfile: what it reads was built before\n",
                             STR_ARG(label), STR_ARG(what)));
    }
}

bool prune_recall(struct job *job)
{
    struct recall_entry entries[RECALL_MAX], now;
    if (job->action->depfile.len == 0) {
        return false;
    }
    names_hash(job, now.names);
    size_t count = recall_get(job->engine->recall, now.names, entries);
    for (size_t i = 0; i < count; i++) {
        bool *read = ARENA_NEW(job->arena, bool, job->expansion.input_count);
        if (!action_cached(job, &entries[i].key) || !read_mark(job, read)) {
            continue;
        }
        read_hash(job, read, now.read);
        if (memcmp(now.read, entries[i].read, sizeof now.read) == 0) {
            recalled_tell(job);
            return true;
        }
    }
    job->has_depfile = false;
    return false;
}

bool action_reads(struct job *job, bool *read)
{
    return job->action->depfile.len > 0 && (action_cached(job, &job->key) || prune_recall(job)) &&
           read_mark(job, read);
}

static void recall_note(struct job *job, const bool *read)
{
    struct recall_entry entry = {.key = job->key};
    names_hash(job, entry.names);
    read_hash(job, read, entry.read);
    recall_add(job->engine->recall, &entry, job->ran);
}

/* Pruning. */

void prune(struct job *job)
{
    size_t count = job->expansion.input_count;
    bool *read = ARENA_NEW(job->arena, bool, count);
    if (!read_mark(job, read)) {
        return;
    }
    recall_note(job, read);
    struct table producers = {0}; /* of what was read */
    for (size_t i = 0; i < count; i++) {
        if (read[i] && job->wants[i].kind == KEY_ACTION) {
            (void)table_add(&producers, NULL, job->wants[i].arg);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!read[i] && (job->wants[i].kind == KEY_FILE ||
                            table_get(&producers, job->wants[i].arg) == TABLE_NONE)) {
            dice_unneed(job->task, job->wants[i].kind, job->wants[i].arg);
        }
    }
    table_release(&producers);
}
