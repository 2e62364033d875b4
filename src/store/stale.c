/* src/store/stale.c: results of actions that nothing refers to.
 *
 *   1. each result: live? then all that it names is kept
 *   2. each other one: it goes first, so that nobody who reads it now finds it; then what it names
 *      and nobody keeps: cas/, exec/, and of a folder trees/, its messages and all in it */
#include "base/file.h"
#include "store/private.h"
#include <errno.h>
#include <fcntl.h>

struct sweep {
    struct store *store;
    bool (*is_live)(void *context, const struct digest *digest);
    void *context;
    bool dry, removes; /* removes: the second pass */
    struct arena arena;
    struct table kept, gone; /* hashes */
    struct store_stale *stale;
};

static struct str hash_of(const struct digest *digest)
{
    return (struct str){.ptr = (const char *)digest->hash, .len = sizeof digest->hash};
}

static bool result_is_live(
    const struct sweep *sweep, const struct digest *key, const struct reapi_action_result *result)
{
    bool live = sweep->is_live(sweep->context, key);
    for (size_t i = 0; i < result->output_file_count && !live; i++) {
        live = sweep->is_live(sweep->context, &result->output_files[i].digest);
    }
    for (size_t i = 0; i < result->output_directory_count && !live; i++) {
        live = sweep->is_live(sweep->context, &result->output_directories[i].root_directory_digest);
    }
    return live;
}

/* One file, or laid out tree, of an area. */
static enum err area_remove(
    struct sweep *sweep, enum store_area area, const struct digest *digest, struct diags *diags)
{
    struct store *store = sweep->store;
    char path[STORE_PATH_MAX];
    struct stat st;
    store_path(area, digest, path);
    if (io_stat(store->io, store->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return OK;
    }
    if (area != AREA_TREES) { /* what a tree holds are links */
        sweep->stale->file_count++;
        sweep->stale->bytes += (uint64_t)st.st_size;
    }
    if (sweep->dry) {
        return OK;
    }
    if (area == AREA_TREES) {
        return tree_remove(store->root_fd, path, diags);
    }
    return io_unlink(store->io, store->root_fd, path, 0) == 0 || errno == ENOENT
               ? OK
               : store_diag_errno(store, diags, errno, "cannot remove a file");
}

/* First pass: it is kept. Second: it goes, unless it is kept. */
static enum err blob_sweep(struct sweep *sweep, const struct digest *digest, struct diags *diags)
{
    if (!sweep->removes) {
        (void)table_add(&sweep->kept, &sweep->arena, hash_of(digest));
        return OK;
    }
    uint32_t before = sweep->gone.len;
    if (digest->size_bytes == 0 || table_get(&sweep->kept, hash_of(digest)) != TABLE_NONE ||
        sweep->is_live(sweep->context, digest) ||
        table_add(&sweep->gone, &sweep->arena, hash_of(digest)) < before) {
        return OK;
    }
    enum err err = area_remove(sweep, AREA_TREES, digest, diags);
    err = err == OK ? area_remove(sweep, AREA_EXEC, digest, diags) : err;
    return err == OK ? area_remove(sweep, AREA_CAS, digest, diags) : err;
}

static enum err folder_sweep(struct sweep *sweep, const struct digest *root, struct diags *diags)
{
    struct arena arena = {0};
    struct diags unheard; /* what is not whole any more has nothing more to keep */
    diags_init(&unheard, &arena, NULL);
    struct digest *todo = ARENA_NEW(&arena, struct digest, 1);
    size_t count = 1, cap = 1;
    enum err err = OK;
    todo[0] = *root;
    for (size_t i = 0; i < count && err == OK; i++) {
        struct reapi_directory folder = {0};
        bool known = sweep->removes ? table_get(&sweep->gone, hash_of(&todo[i])) != TABLE_NONE
                                    : table_get(&sweep->kept, hash_of(&todo[i])) != TABLE_NONE;
        if (known || directory_get(sweep->store, &todo[i], &arena, &folder, &unheard) != OK) {
            continue;
        }
        for (size_t j = 0; j < folder.file_count && err == OK; j++) {
            err = blob_sweep(sweep, &folder.files[j].digest, diags);
        }
        if (count + folder.directory_count > cap) {
            cap = (count + folder.directory_count) * 2;
            struct digest *grown = ARENA_NEW(&arena, struct digest, cap);
            memcpy(grown, todo, count * sizeof *grown);
            todo = grown;
        }
        for (size_t j = 0; j < folder.directory_count; j++) {
            todo[count++] = folder.directories[j].digest;
        }
        err = err == OK ? blob_sweep(sweep, &todo[i], diags) : err;
    }
    arena_release(&arena);
    return err;
}

static enum err result_sweep(
    struct sweep *sweep, const struct reapi_action_result *result, struct diags *diags)
{
    enum err err = blob_sweep(sweep, &result->stdout_digest, diags);
    err = err == OK ? blob_sweep(sweep, &result->stderr_digest, diags) : err;
    for (size_t i = 0; i < result->output_file_count && err == OK; i++) {
        err = blob_sweep(sweep, &result->output_files[i].digest, diags);
    }
    for (size_t i = 0; i < result->output_directory_count && err == OK; i++) {
        err = folder_sweep(sweep, &result->output_directories[i].root_directory_digest, diags);
    }
    return err;
}

static enum err action_visit(void *context, const struct digest *key, struct diags *diags)
{
    struct sweep *sweep = context;
    struct arena arena = {0};
    struct diags unheard; /* a damaged one is moved away, and names nothing */
    diags_init(&unheard, &arena, NULL);
    struct str bytes;
    struct reapi_action_result result;
    enum err err = OK;
    if (action_cache_get(sweep->store, key, &arena, &bytes, &unheard) == OK &&
        reapi_action_result_decode(bytes, &arena, &result) == OK &&
        result_is_live(sweep, key, &result) != sweep->removes) {
        if (sweep->removes) {
            sweep->stale->action_count++;
            err = sweep->dry ? OK : action_cache_remove(sweep->store, key, diags);
        }
        err = err == OK ? result_sweep(sweep, &result, diags) : err;
    }
    arena_release(&arena);
    return err;
}

enum err store_stale_remove(struct store *store,
    bool (*is_live)(void *context, const struct digest *digest), void *context, bool dry,
    struct store_stale *ret_stale, struct diags *diags)
{
    struct sweep sweep = {
        .store = store, .is_live = is_live, .context = context, .dry = dry, .stale = ret_stale};
    *ret_stale = (struct store_stale){0};
    if (store_tmp_shared(store)) {
        enum err err =
            diag_add(diags, ERR_RETRY, SPAN_NONE, "another process works with the store just now");
        diag_help(diags, "try again when its build is over");
        return err;
    }
    enum err err = store_area_each(store, AREA_ACTIONS, action_visit, &sweep, diags);
    sweep.removes = true;
    err = err == OK ? store_area_each(store, AREA_ACTIONS, action_visit, &sweep, diags) : err;
    table_release(&sweep.kept);
    table_release(&sweep.gone);
    arena_release(&sweep.arena);
    return err;
}
