/* src/build/loader.c */
#include "build/loader.h"
#include "base/file.h"
#include "build/packages.h"
#include <fcntl.h>
#include <stdlib.h>

struct retired {
    struct dhall *dhall;
    struct retired *next;
};

static bool loader_embedded(void *context, struct str url, struct str *ret_bytes)
{
    (void)context;
    return package_find(url, ret_bytes);
}

enum err loader_changed(struct str key, struct diags *diags)
{
    enum err err =
        diag_add(diags, ERR_RETRY, SPAN_NONE, "%.*s changed while it was being read", STR_ARG(key));
    diag_help(diags, "run the command again");
    return err;
}

/* The file as dice knows it. The task does not come to depend on its content: on that of what it
 * imports, it may. */
static enum err leaf_look(
    struct loader *loader, struct str name, struct file *ret_file, struct diags *diags)
{
    struct str value, key = loader_key(loader->engine, name);
    enum dice_status status = dice_need(loader->task, KEY_FILE, key, &value);
    if (status != DICE_OK) {
        return diag_add(diags, ERR_RETRY, SPAN_NONE, "interrupted");
    }
    *ret_file = file_decode(value);
    dice_unneed(loader->task, KEY_FILE, key);
    return OK;
}

static enum err loader_read(void *context, const struct dhall_import *import, struct str name,
    struct arena *arena, struct str *ret_bytes, struct diags *diags)
{
    struct loader *loader = context;
    struct file file = {.kind = FILE_OTHER};
    (void)import;
    if (name.len == 0 || name.ptr[0] != '/') {
        return ERR_ABSENT; /* the session loads absolute paths only */
    }
    enum err err = loader->task == NULL ? OK : leaf_look(loader, name, &file, diags);
    if (err == OK && file.kind == FILE_ABSENT) {
        err = ERR_ABSENT;
    }
    if (err == OK) {
        err = file_read(AT_FDCWD, arena_cstr(arena, name), FILE_BYTES_MAX, arena, ret_bytes, diags);
    }
    if (err != OK) {
        return err;
    }
    uint32_t row = table_add(&loader->files, &loader->arena, name);
    if (row >= loader->file_cap) {
        loader->file_cap = loader->file_cap == 0 ? 64 : loader->file_cap * 2;
        loader->contents =
            memory_realloc(loader->contents, loader->file_cap * sizeof *loader->contents);
    }
    loader->contents[row] = digest_of(*ret_bytes);
    bool is_file = file.kind == FILE_REGULAR || file.kind == FILE_EXECUTABLE;
    bool same =
        loader->task == NULL || (is_file && digest_eq(&loader->contents[row], &file.digest));
    return same ? OK : loader_changed(loader_key(loader->engine, name), diags);
}

struct loader *loader_new(struct engine *engine)
{
    struct loader *loader = memory_calloc(1, sizeof *loader);
    loader->engine = engine;
    if (pthread_mutex_init(&loader->lock, NULL) != 0) {
        memory_exhausted();
    }
    return loader;
}

void loader_free(struct loader *loader)
{
    loader_renew(loader, loader->generation);
    while (loader->retired != NULL) {
        struct retired *next = loader->retired->next;
        dhall_free(loader->retired->dhall);
        free(loader->retired);
        loader->retired = next;
    }
    table_release(&loader->causes);
    free(loader->contents);
    free(loader->result_at);
    free(loader->cause_at);
    arena_release(&loader->arena);
    (void)pthread_mutex_destroy(&loader->lock);
    free(loader);
}

bool loader_enter(struct loader *loader, struct dice_task *task)
{
    if (pthread_mutex_lock(&loader->lock) != 0) {
        return false;
    }
    loader->task = task;
    return true;
}

void loader_leave(struct loader *loader)
{
    loader->task = NULL;
    (void)pthread_mutex_unlock(&loader->lock);
}

struct dhall *loader_session(struct loader *loader)
{
    if (loader->dhall == NULL) {
        struct dhall_reader reader = {
            .context = loader,
            .read = loader_read,
            .embedded = loader_embedded,
            .refuse_unfrozen = true,
            .refuse_env = true,
            .root = str_of(loader->engine->workspace.root),
        };
        struct dhall_limits limits = {0};
        loader->dhall = dhall_new(&reader, &limits, loader->engine->sources);
    }
    return loader->dhall;
}

void loader_renew(struct loader *loader, uint64_t generation)
{
    if (loader->generation != generation) {
        return;
    }
    loader->generation++;
    if (loader->dhall != NULL) {
        struct retired *retired = memory_calloc(1, sizeof *retired);
        *retired = (struct retired){.dhall = loader->dhall, .next = loader->retired};
        loader->retired = retired;
        loader->dhall = NULL;
    }
    table_release(&loader->files);
    table_release(&loader->results);
}

bool loader_is(struct loader *loader, uint64_t generation)
{
    bool is = false;
    if (pthread_mutex_lock(&loader->lock) == 0) {
        is = loader->generation == generation;
        (void)pthread_mutex_unlock(&loader->lock);
    }
    return is;
}

struct str loader_key(const struct engine *engine, struct str name)
{
    struct str root = str_of(engine->workspace.root);
    if (str_starts(name, root) && name.len > root.len && name.ptr[root.len] == '/') {
        return str_sub(name, root.len + 1, name.len);
    }
    return name;
}

struct str loader_name(const struct engine *engine, struct str key, struct arena *arena)
{
    return key.len > 0 && key.ptr[0] == '/'
               ? key
               : arena_printf(arena, "%s/%.*s", engine->workspace.root, STR_ARG(key));
}

bool loader_content(const struct loader *loader, struct str name, struct digest *ret_digest)
{
    uint32_t row = table_get(&loader->files, name);
    if (row != TABLE_NONE) {
        *ret_digest = loader->contents[row];
    }
    return row != TABLE_NONE;
}

void loader_cause_add(struct loader *loader, struct str key, struct str cause)
{
    uint32_t row = table_add(&loader->causes, &loader->arena, key);
    if (row >= loader->cause_cap) {
        loader->cause_cap = loader->cause_cap == 0 ? 64 : loader->cause_cap * 2;
        loader->cause_at =
            memory_realloc(loader->cause_at, loader->cause_cap * sizeof *loader->cause_at);
    }
    loader->cause_at[row] = arena_str(&loader->arena, cause);
}

struct str loader_cause_get(struct loader *loader, struct str key, struct arena *arena)
{
    struct str cause = STR("");
    if (pthread_mutex_lock(&loader->lock) == 0) {
        uint32_t row = table_get(&loader->causes, key);
        cause = row == TABLE_NONE ? cause : arena_str(arena, loader->cause_at[row]);
        (void)pthread_mutex_unlock(&loader->lock);
    }
    return cause;
}

struct str loader_cause(struct loader *loader, struct dice_task *task, struct arena *arena)
{
    struct str cause = dice_task_cause(task, arena);
    AUTO_BUF chain = {0};
    buf_add(&chain, cause);
    if (pthread_mutex_lock(&loader->lock) != 0) {
        return cause;
    }
    for (uint32_t i = 0; i < loader->causes.len; i++) { /* at most: there are no cycles */
        uint32_t row = table_get(&loader->causes, cause);
        if (row == TABLE_NONE) {
            break;
        }
        cause = loader->cause_at[row];
        buf_printf(&chain, " -> %.*s", STR_ARG(cause));
    }
    (void)pthread_mutex_unlock(&loader->lock);
    return arena_str(arena, buf_str(&chain));
}
