/* src/exec/share.c */
#include "exec/share.h"
#include "base/table.h"
#include <pthread.h>
#include <stdlib.h>

struct shares {
    pthread_mutex_t mutex;
    struct table seen; /* hashes of Directory messages */
    struct arena arena;
};

struct shares *shares_new(void)
{
    struct shares *shares = memory_calloc(1, sizeof *shares);
    (void)pthread_mutex_init(&shares->mutex, NULL);
    return shares;
}

void shares_free(struct shares *shares)
{
    if (shares != NULL) {
        (void)pthread_mutex_destroy(&shares->mutex);
        table_release(&shares->seen);
        arena_release(&shares->arena);
        free(shares);
    }
}

/* Remembers digest; whether it was known. */
static bool seen_before(struct shares *shares, const struct digest *digest)
{
    struct str key = {.ptr = (const char *)digest->hash, .len = sizeof digest->hash};
    (void)pthread_mutex_lock(&shares->mutex);
    uint32_t len = shares->seen.len;
    bool seen = table_add(&shares->seen, &shares->arena, key) < len;
    (void)pthread_mutex_unlock(&shares->mutex);
    return seen;
}

static struct str parent_of(struct str path)
{
    size_t slash = str_find_last(path, '/');
    return str_sub(path, 0, slash == path.len ? 0 : slash);
}

/* How many inputs from the first on are all that is below its folder; 0: something lies deeper, or
 * it lies in none. Sorted input has what is below a folder in one piece, but not always beginning
 * with its own files: what came before is asked too. */
static size_t run_length(const struct tree_entry *inputs, size_t first, size_t count)
{
    struct str parent = parent_of(inputs[first].path);
    if (parent.len == 0) {
        return 0;
    }
    struct str prefix = {.ptr = parent.ptr, .len = parent.len + 1}; /* with its slash */
    if (first > 0 && str_starts(inputs[first - 1].path, prefix)) {
        return 0;
    }
    size_t end = first;
    while (end < count && str_starts(inputs[end].path, prefix)) {
        if (!str_eq(parent_of(inputs[end].path), parent) || inputs[end].kind == TREE_DIRECTORY) {
            return 0;
        }
        end++;
    }
    return end - first;
}

/* The folder that a run of inputs makes; one that was seen before is in the store then. */
static enum err run_fold(struct shares *shares, struct store *store, const struct tree_entry *run,
    size_t len, struct arena *arena, bool *ret_seen, struct tree_entry *ret_folder,
    struct diags *diags)
{
    struct str parent = parent_of(run[0].path);
    struct tree_entry *entries = ARENA_NEW(arena, struct tree_entry, len);
    for (size_t i = 0; i < len; i++) {
        entries[i] = run[i];
        entries[i].path = str_sub(run[i].path, parent.len + 1, run[i].path.len);
    }
    *ret_folder = (struct tree_entry){.path = parent, .kind = TREE_DIRECTORY};
    enum err err = tree_build(NULL, entries, len, false, &ret_folder->digest, diags);
    *ret_seen = err == OK && seen_before(shares, &ret_folder->digest);
    if (*ret_seen && store_has(store, &ret_folder->digest) != OK) {
        err = tree_build(store, entries, len, true, &ret_folder->digest, diags);
    }
    /* To lay it out would have to wait for the disk: it is copied once more instead. */
    for (size_t i = 0; i < len && *ret_seen; i++) {
        *ret_seen = !store_waits(store, &entries[i].digest);
    }
    *ret_seen = *ret_seen && !store_waits(store, &ret_folder->digest);
    return err;
}

enum err shares_fold(struct shares *shares, struct store *store, const struct tree_entry *inputs,
    size_t count, struct arena *arena, struct tree_entry **ret_inputs, size_t *ret_count,
    struct diags *diags)
{
    struct tree_entry *folded = ARENA_NEW(arena, struct tree_entry, count + 1);
    size_t folded_count = 0;
    for (size_t i = 0; i < count;) {
        size_t run = run_length(inputs, i, count);
        bool seen = false;
        struct tree_entry folder = {0};
        if (run >= SHARE_FILES_MIN) {
            enum err err = run_fold(shares, store, &inputs[i], run, arena, &seen, &folder, diags);
            if (err != OK) {
                return err;
            }
        }
        if (seen) {
            folded[folded_count++] = folder;
            i += run;
        } else {
            size_t step = run == 0 ? 1 : run;
            memcpy(&folded[folded_count], &inputs[i], step * sizeof *inputs);
            folded_count += step;
            i += step;
        }
    }
    *ret_inputs = folded;
    *ret_count = folded_count;
    return OK;
}
