/* src/store/walk.c: all that is there: each, verify. */
#include "base/file.h"
#include "store/private.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

/* The hashes of one fan-out folder. */
struct names {
    struct digest *digests; /* owned; size_bytes is 0 */
    size_t count, cap;
};

static int digest_compare(const void *a, const void *b)
{
    return memcmp(
        ((const struct digest *)a)->hash, ((const struct digest *)b)->hash, DIGEST_HASH_BYTES);
}

/* A name that is no hash of this folder is none of ours. */
static void name_add(struct names *names, const char *name, unsigned fanout)
{
    struct digest digest = {0};
    if (digest_hex_parse(str_of(name), digest.hash) != OK || digest.hash[0] != fanout) {
        return;
    }
    if (names->count == names->cap) {
        names->cap = names->cap == 0 ? 64 : 2 * names->cap;
        names->digests = memory_realloc(names->digests, names->cap * sizeof names->digests[0]);
    }
    names->digests[names->count++] = digest;
}

static enum err names_read(struct store *store, enum store_area area, unsigned fanout,
    struct names *names, struct diags *diags)
{
    char path[STORE_PATH_MAX];
    store_fanout_path(area, fanout, path);
    int fd = openat(store->root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        return OK;
    }
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        int error_number = errno;
        fd_close(&fd);
        return store_diag_errno(store, diags, error_number, "cannot read a folder");
    }
    struct dirent *entry;
    errno = 0; /* readdir tells an error from the end by it */
    while ((entry = readdir(dir)) != NULL) {
        name_add(names, entry->d_name, fanout);
    }
    int error_number = errno;
    (void)closedir(dir);
    if (error_number != 0) {
        return store_diag_errno(store, diags, error_number, "cannot read a folder");
    }
    if (names->count > 1) {
        qsort(names->digests, names->count, sizeof names->digests[0], digest_compare);
    }
    return OK;
}

enum err store_area_each(struct store *store, enum store_area area,
    enum err (*visit)(void *context, const struct digest *digest, struct diags *diags),
    void *context, struct diags *diags)
{
    enum err err = OK;
    for (unsigned fanout = 0; fanout < FANOUT && err == OK; fanout++) {
        struct names names = {0};
        err = names_read(store, area, fanout, &names, diags);
        for (size_t i = 0; i < names.count && err == OK; i++) {
            err = visit(context, &names.digests[i], diags);
        }
        free(names.digests);
    }
    return err;
}

/* The size is the file's: ERR_ABSENT without a diag if it went meanwhile. */
static enum err size_get(
    struct store *store, enum store_area area, struct digest *digest, struct diags *diags)
{
    char path[STORE_PATH_MAX];
    struct stat st;
    store_path(area, digest, path);
    if (io_stat(store->io, store->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? ERR_ABSENT
                               : store_diag_errno(store, diags, errno, "cannot stat a file");
    }
    digest->size_bytes = (uint64_t)st.st_size;
    return OK;
}

struct each {
    struct store *store;
    enum err (*visit)(void *context, const struct digest *digest, struct diags *diags);
    void *context;
};

static enum err each_visit(void *context, const struct digest *digest, struct diags *diags)
{
    struct each *each = context;
    struct digest whole = *digest;
    enum err err = size_get(each->store, AREA_CAS, &whole, diags);
    if (err != OK) {
        return err == ERR_ABSENT ? OK : err;
    }
    return each->visit(each->context, &whole, diags);
}

enum err store_each(struct store *store,
    enum err (*visit)(void *context, const struct digest *digest, struct diags *diags),
    void *context, struct diags *diags)
{
    struct each each = {.store = store, .visit = visit, .context = context};
    return store_area_each(store, AREA_CAS, each_visit, &each, diags);
}

/* Verify. */

struct verifier {
    struct store *store;
    enum store_area area;
    struct store_verified *verified;
};

/* Damage is counted, its story ends; what is gone by now is nobody's fault. */
static enum err tally(struct verifier *verifier, enum err err, struct diags *diags)
{
    if (err == ERR_CORRUPT) {
        verifier->verified->damaged_count++;
        diags_end_chain(diags);
        return OK;
    }
    return err == ERR_ABSENT ? OK : err;
}

static enum err blob_visit(void *context, const struct digest *digest, struct diags *diags)
{
    struct verifier *verifier = context;
    struct digest whole = *digest;
    struct stat st;
    enum err err = size_get(verifier->store, verifier->area, &whole, diags);
    err = err != OK ? err : blob_hash_check(verifier->store, verifier->area, &whole, &st, diags);
    if (err == OK && verifier->area == AREA_CAS) {
        verifier->verified->blob_count++;
        verifier->verified->blob_bytes += whole.size_bytes;
    }
    return tally(verifier, err, diags);
}

/* Its blobs were hashed just now: their stat data say of its links that they are whole. */
static enum err tree_visit(void *context, const struct digest *digest, struct diags *diags)
{
    struct verifier *verifier = context;
    struct store *store = verifier->store;
    struct digest root = *digest;
    bool empty = memcmp(root.hash, digest_empty.hash, sizeof root.hash) == 0;
    enum err err = empty ? OK : size_get(store, AREA_CAS, &root, diags);
    if (err == OK ||
        err == ERR_ABSENT) { /* absent: nothing says what it should be, and it says so */
        err = tree_staged_verify(store, &root, diags);
    }
    verifier->verified->tree_count += err == OK ? 1 : 0;
    return tally(verifier, err, diags);
}

static enum err action_visit(void *context, const struct digest *digest, struct diags *diags)
{
    struct verifier *verifier = context;
    struct arena arena = {0};
    struct str result;
    enum err err = action_cache_get(verifier->store, digest, &arena, &result, diags);
    arena_release(&arena);
    verifier->verified->action_count += err == OK ? 1 : 0;
    return tally(verifier, err, diags);
}

enum err store_verify(struct store *store, struct store_verified *ret_verified, struct diags *diags)
{
    static const struct {
        enum store_area area;
        enum err (*visit)(void *context, const struct digest *digest, struct diags *diags);
    } passes[] = {{AREA_CAS, blob_visit}, {AREA_EXEC, blob_visit}, {AREA_TREES, tree_visit},
        {AREA_ACTIONS, action_visit}};
    struct store_verified verified = {0};
    enum err err = store_tmp_clean(store, &verified.removed_count, diags);
    for (size_t i = 0; i < sizeof passes / sizeof passes[0] && err == OK; i++) {
        struct verifier verifier = {.store = store, .area = passes[i].area, .verified = &verified};
        err = store_area_each(store, passes[i].area, passes[i].visit, &verifier, diags);
    }
    if (err == OK) {
        *ret_verified = verified;
        err = store_sync(store, diags);
    }
    return err;
}
