/* src/store/action.c: the action cache.
 *
 *   actions/ab/<64 hex of the key>:  32 bytes  SHA-256 over (the key's hash, result)
 *                                    result    to the end
 *
 * The checksum ties the result to its key, so that a damaged, a swapped or a torn file shows. */
#include "base/file.h"
#include "digest/sha256.h"
#include "store/private.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
    RESULT_BYTES_MAX = 64 * 1024 * 1024
};

static void checksum(
    const struct digest *key, struct str result, uint8_t ret_hash[static DIGEST_HASH_BYTES])
{
    struct sha256 sha;
    sha256_init(&sha);
    sha256_add(&sha, (struct str){.ptr = (const char *)key->hash, .len = sizeof key->hash});
    sha256_add(&sha, result);
    sha256_final(&sha, ret_hash);
}

static int result_open(struct store *store, const struct digest *key, const char *path)
{
    static const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    char waiting[STORE_PATH_MAX];
    int fd = -1;
    if (pending_find(store, AREA_ACTIONS, key, waiting)) {
        fd = io_open(store->io, store->root_fd, waiting, flags, 0);
    }
    return fd >= 0 ? fd : io_open(store->io, store->root_fd, path, flags, 0);
}

enum err action_cache_get(struct store *store, const struct digest *key, struct arena *arena,
    struct str *ret_result, struct diags *diags)
{
    char path[STORE_PATH_MAX];
    store_path(AREA_ACTIONS, key, path);
    AUTO_CLOSE int fd = result_open(store, key, path);
    struct stat st;
    if (fd < 0 && errno == ENOENT) {
        return ERR_ABSENT;
    }
    if (fd < 0 || io_stat(store->io, fd, "", &st, AT_EMPTY_PATH) != 0) {
        return store_diag_errno(store, diags, errno, "cannot open an action's result");
    }
    if (!S_ISREG(st.st_mode) || st.st_size < DIGEST_HASH_BYTES || st.st_size > RESULT_BYTES_MAX) {
        return store_damaged(store, AREA_ACTIONS, key, "action's result", diags);
    }
    char *ptr = arena_alloc(arena, (size_t)st.st_size + 1);
    ssize_t len = io_read_full(store->io, fd, ptr, (size_t)st.st_size);
    if (len < 0) {
        return store_diag_errno(store, diags, errno, "cannot read an action's result");
    }
    struct str result =
        str_sub((struct str){.ptr = ptr, .len = (size_t)len}, DIGEST_HASH_BYTES, (size_t)len);
    uint8_t hash[DIGEST_HASH_BYTES];
    checksum(key, result, hash);
    if (len < DIGEST_HASH_BYTES || memcmp(hash, ptr, sizeof hash) != 0) {
        return store_damaged(store, AREA_ACTIONS, key, "action's result", diags);
    }
    *ret_result = result;
    return OK;
}

enum err action_cache_put(
    struct store *store, const struct digest *key, struct str result, struct diags *diags)
{
    if (result.len > RESULT_BYTES_MAX - DIGEST_HASH_BYTES) {
        return diag_add(diags, ERR_LIMIT, SPAN_NONE,
            "an action's result has %zu bytes, too many for the cache", result.len);
    }
    AUTO_CLOSE int fd = -1;
    int dir_fd;
    char name[STORE_NAME_MAX];
    enum err err = store_tmp_create(store, &dir_fd, &fd, name, diags);
    if (err != OK) {
        return err;
    }
    uint8_t hash[DIGEST_HASH_BYTES];
    checksum(key, result, hash);
    if (io_write_all(store->io, fd, hash, sizeof hash) != 0 ||
        io_write_all(store->io, fd, result.ptr, result.len) != 0 ||
        io_chmod(store->io, fd, 0444) != 0 ||
        (!pending_is_on(store) && io_fsync(store->io, fd) != 0)) {
        int error_number = errno;
        (void)io_unlink(store->io, dir_fd, name, 0);
        return store_diag_errno(store, diags, error_number, "cannot write an action's result");
    }
    if (pending_is_on(store)) {
        return pending_add(store, AREA_ACTIONS, key, dir_fd, fd, name, diags);
    }
    bool existed;
    return store_tmp_publish(store, dir_fd, name, AREA_ACTIONS, key, true, &existed, diags);
}

bool action_cache_has(const char *root, const struct digest *key)
{
    char path[STORE_PATH_MAX];
    store_path(AREA_ACTIONS, key, path);
    AUTO_CLOSE int root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return root_fd >= 0 && faccessat(root_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

enum err action_cache_remove(struct store *store, const struct digest *key, struct diags *diags)
{
    char path[STORE_PATH_MAX];
    store_path(AREA_ACTIONS, key, path);
    pending_drop(store, AREA_ACTIONS, key);
    if (io_unlink(store->io, store->root_fd, path, 0) != 0 && errno != ENOENT) {
        return store_diag_errno(store, diags, errno, "cannot remove an action's result");
    }
    return OK;
}
