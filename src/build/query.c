/* src/build/query.c: the QUERY key: packages' values as they are, side by side. */
#include "build/query.h"
#include "build/engine.h"
#include <fcntl.h>

const struct workspace *build_workspace(const struct engine *engine)
{
    return &engine->workspace;
}

/* Argument: a folder; with "/..." behind it, all below it too. */
#define BELOW "/..."

static enum dice_status folders_need(
    struct dice_task *task, struct str arg, struct arena *arena, struct strs *ret_folders)
{
    if (str_ends(arg, STR(BELOW))) {
        return packages_need(task, str_sub(arg, 0, arg.len - strlen(BELOW)), arena, ret_folders);
    }
    struct str *one = ARENA_NEW(arena, struct str, 1);
    *one = arg;
    *ret_folders = (struct strs){.at = one, .count = 1};
    return DICE_OK;
}

static void targets_add(const struct dice_want *wants, size_t count, struct buf *ret_value)
{
    size_t there = 0;
    for (size_t i = 0; i < count; i++) {
        there += wants[i].status == DICE_OK;
    }
    cbor_head_add(ret_value, CBOR_ARRAY, there);
    for (size_t i = 0; i < count; i++) {
        if (wants[i].status == DICE_OK) {
            cbor_bytes_add(ret_value, wants[i].value);
        }
    }
}

/* Value: [bytes of a PACKAGE's value]. */
enum dice_status query_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    (void)diags;
    struct arena arena = {0};
    struct settings settings;
    struct strs folders = {0};
    enum dice_status status = settings_need(task, &arena, &settings);
    if (status == DICE_OK) {
        status = folders_need(task, arg, &arena, &folders);
    }
    if (status == DICE_OK) {
        struct dice_want *wants = ARENA_NEW(&arena, struct dice_want, folders.count);
        for (size_t i = 0; i < folders.count; i++) {
            wants[i].kind = KEY_PACKAGE;
            wants[i].arg = arena_printf(
                &arena, "//%.*s:@%.*s", STR_ARG(folders.at[i]), STR_ARG(settings.configs.at[0]));
        }
        status = dice_need_all(task, wants, folders.count);
        if (status == DICE_FAILED && str_ends(arg, STR(BELOW))) {
            status = DICE_OK; /* one package's mistake must not hide the others */
        }
        if (status == DICE_OK) {
            targets_add(wants, folders.count, ret_value);
        }
    }
    arena_release(&arena);
    return status;
}

static enum err package_targets(
    struct str bytes, struct arena *arena, struct target **rows, size_t *count, size_t *cap)
{
    struct package_entry *entries;
    size_t entry_count;
    enum err err = package_decode(bytes, arena, &entries, &entry_count);
    if (err != OK) {
        return err;
    }
    if (*count + entry_count > *cap) {
        *cap = (*count + entry_count) * 2;
        struct target *grown = ARENA_NEW(arena, struct target, *cap);
        if (*count > 0) {
            memcpy(grown, *rows, *count * sizeof *grown);
        }
        *rows = grown;
    }
    for (size_t i = 0; i < entry_count && err == OK; i++) {
        err = target_decode(entries[i].bytes, arena, &(*rows)[*count]);
        *count += err == OK;
    }
    return err;
}

enum err build_targets(struct engine *engine, struct str folder, bool below, struct arena *arena,
    struct target **ret_targets, size_t *ret_count, struct diags *diags)
{
    struct dice_want want = {.kind = KEY_QUERY,
        .arg = arena_printf(arena, "%.*s%s", STR_ARG(folder), below ? BELOW : "")};
    struct dice_request request = {
        .wants = &want, .count = 1, .keep_going = below, .describe = build_key_describe};
    enum err err = dice_run(engine->dice, &request, diags);
    if (want.status != DICE_OK) {
        return err == OK ? ERR_INVALID : err;
    }
    struct cbor_reader reader;
    cbor_reader_init(&reader, arena_str(arena, want.value));
    uint64_t package_count = 0;
    struct target *rows = NULL;
    size_t count = 0, cap = 0;
    err = cbor_read_array(&reader, want.value.len, &package_count);
    for (uint64_t i = 0; i < package_count && err == OK; i++) {
        struct str bytes;
        err = cbor_read_bytes(&reader, &bytes);
        err = err == OK ? package_targets(bytes, arena, &rows, &count, &cap) : err;
    }
    if (err != OK) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE, "the graph is damaged");
    }
    if (count > 0 && engine->default_config.len == 0) { /* where nothing had to be read */
        engine->default_config = arena_str(&engine->lock_arena, rows[0].label.config);
    }
    *ret_targets = rows;
    *ret_count = count;
    return build_save(engine, diags);
}
