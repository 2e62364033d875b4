/* src/store/blob.c: put, get, verify, link. */
#include "base/file.h"
#include "digest/sha256.h"
#include "store/private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    MODE_CAS = 0444,
    MODE_EXEC = 0555,
    COPY_BYTES = 256 * 1024,
    /* A file put by descriptor is read whole up to here, and never written if it is there. */
    WHOLE_BYTES_MAX = 4 * 1024 * 1024,
    /* Changes closer together than this may carry the same time (the kernel's tick). */
    TICK_NS = 20 * 1000 * 1000,
};

static const struct timespec times_fixed[2] = {{.tv_sec = TIME_FIXED}, {.tv_sec = TIME_FIXED}};

static mode_t area_mode(enum store_area area)
{
    return area == AREA_EXEC ? MODE_EXEC : MODE_CAS;
}

static const char *area_what(enum store_area area)
{
    return area == AREA_EXEC ? "stored program" : "stored file";
}

/* Verification. */

static bool index_knows(
    struct store *store, enum store_area area, const struct digest *digest, const struct stat *st)
{
    (void)pthread_mutex_lock(&store->mutex);
    bool has = index_has(store->index, area, digest, st);
    (void)pthread_mutex_unlock(&store->mutex);
    return has;
}

static void index_learn(
    struct store *store, enum store_area area, const struct digest *digest, const struct stat *st)
{
    (void)pthread_mutex_lock(&store->mutex);
    index_add(store->index, area, digest, st);
    (void)pthread_mutex_unlock(&store->mutex);
}

/* Reads fd from its offset to the end. */
static int fd_hash(const struct store *store, int fd, struct digest *ret_digest)
{
    char *bytes = memory_alloc(COPY_BYTES);
    struct sha256 sha;
    sha256_init(&sha);
    uint64_t size_bytes = 0;
    ssize_t n;
    while ((n = io_read_full(store->io, fd, bytes, COPY_BYTES)) > 0) {
        sha256_add(&sha, (struct str){.ptr = bytes, .len = (size_t)n});
        size_bytes += (uint64_t)n;
    }
    int error_number = errno;
    free(bytes);
    errno = error_number;
    sha256_final(&sha, ret_digest->hash);
    ret_digest->size_bytes = size_bytes;
    return n < 0 ? -1 : 0;
}

static bool stat_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Was the last change long enough before `now` that a later one must show? */
static bool stat_is_settled(const struct stat *st, const struct timespec *now)
{
    int64_t age_s = now->tv_sec - st->st_ctim.tv_sec;
    int64_t age_ns = now->tv_nsec - st->st_ctim.tv_nsec;
    return age_s > 1 || (age_s >= 0 && age_s * 1000000000 + age_ns > TICK_NS);
}

/* Its place has the right mode and mtime again, whoever changed them: the bytes are right. */
static void attributes_restore(const struct store *store, int fd, mode_t mode)
{
    struct stat st;
    if (fstat(fd, &st) == 0 &&
        ((st.st_mode & 07777) != mode || st.st_mtim.tv_sec != TIME_FIXED || st.st_mtim.tv_nsec)) {
        (void)io_chmod(store->io, fd, mode);
        (void)io_utimens(store->io, fd, NULL, times_fixed, 0);
    }
}

static enum err blob_write(struct store *store, struct str bytes, enum store_area area,
    const struct digest *digest, struct diags *diags);

/* The blob of no bytes is always there (REAPI v2): made when it is missed. */
static enum err absent_make(
    struct store *store, enum store_area area, const struct digest *digest, struct diags *diags)
{
    if (!digest_eq(digest, &digest_empty)) {
        return ERR_ABSENT;
    }
    return blob_write(store, STR(""), area, digest, diags);
}

static int blob_fd_try(const struct store *store, enum store_area area, const char *path)
{
    static const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    int fd = io_open(store->io, store->root_fd, path, flags, 0);
    if (fd < 0 && errno == EACCES && fchmodat(store->root_fd, path, area_mode(area), 0) == 0) {
        fd = io_open(store->io, store->root_fd, path, flags, 0); /* somebody changed its mode */
    }
    return fd;
}

/* ERR_ABSENT without a diag. */
static enum err blob_fd(struct store *store, enum store_area area, const struct digest *digest,
    int *ret_fd, struct diags *diags)
{
    char path[STORE_PATH_MAX];
    int fd = -1;
    if (pending_find(store, area, digest, path)) {
        fd = blob_fd_try(store, area, path);
    }
    store_path(area, digest, path);
    fd = fd >= 0 ? fd : blob_fd_try(store, area, path);
    if (fd < 0 && errno == ENOENT) {
        enum err err = absent_make(store, area, digest, diags);
        if (err != OK) {
            return err;
        }
        fd = blob_fd_try(store, area, path);
    }
    if (fd < 0 && (errno == ELOOP || errno == ENXIO)) {
        return store_damaged(store, area, digest, area_what(area), diags);
    }
    if (fd < 0) {
        return store_diag_errno(store, diags, errno, "cannot open a file");
    }
    *ret_fd = fd;
    return OK;
}

static enum err hash_check_fd(struct store *store, enum store_area area,
    const struct digest *digest, int fd, struct stat *ret_stat, struct diags *diags)
{
    struct timespec now;
    struct stat before;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (io_stat(store->io, fd, "", &before, AT_EMPTY_PATH) != 0) {
        return store_diag_errno(store, diags, errno, "cannot stat a file");
    }
    struct digest have = {0};
    if (!S_ISREG(before.st_mode) || (uint64_t)before.st_size != digest->size_bytes) {
        return store_damaged(store, area, digest, area_what(area), diags);
    }
    if (fd_hash(store, fd, &have) != 0) {
        return store_diag_errno(store, diags, errno, "cannot read a file");
    }
    if (!digest_eq(&have, digest)) {
        return store_damaged(store, area, digest, area_what(area), diags);
    }
    attributes_restore(store, fd, area_mode(area));
    if (io_stat(store->io, fd, "", ret_stat, AT_EMPTY_PATH) != 0) {
        return store_diag_errno(store, diags, errno, "cannot stat a file");
    }
    if (stat_same(&before, ret_stat) && stat_is_settled(ret_stat, &now)) {
        index_learn(store, area, digest, ret_stat);
    }
    return OK;
}

enum err blob_hash_check(struct store *store, enum store_area area, const struct digest *digest,
    struct stat *ret_stat, struct diags *diags)
{
    AUTO_CLOSE int fd = -1;
    enum err err = blob_fd(store, area, digest, &fd, diags);
    return err != OK ? err : hash_check_fd(store, area, digest, fd, ret_stat, diags);
}

enum err blob_check(struct store *store, enum store_area area, const struct digest *digest,
    struct stat *ret_stat, struct diags *diags)
{
    char path[STORE_PATH_MAX];
    if (pending_find(store, area, digest, path) &&
        io_stat(store->io, store->root_fd, path, ret_stat, AT_SYMLINK_NOFOLLOW) == 0) {
        return OK; /* we have just written it, where nobody else does */
    }
    store_path(area, digest, path);
    if (io_stat(store->io, store->root_fd, path, ret_stat, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno != ENOENT) {
            return store_diag_errno(store, diags, errno, "cannot stat a file");
        }
        enum err err = absent_make(store, area, digest, diags);
        return err != OK ? err : blob_hash_check(store, area, digest, ret_stat, diags);
    }
    if (S_ISREG(ret_stat->st_mode) && (uint64_t)ret_stat->st_size == digest->size_bytes &&
        (ret_stat->st_mode & 07777) == area_mode(area) &&
        index_knows(store, area, digest, ret_stat)) {
        return OK;
    }
    return blob_hash_check(store, area, digest, ret_stat, diags);
}

enum err blob_linked_check(struct store *store, enum store_area area, const struct digest *digest,
    int dir_fd, const char *name, const struct stat *st, struct diags *diags)
{
    if (!S_ISREG(st->st_mode) || (uint64_t)st->st_size != digest->size_bytes ||
        (st->st_mode & 07777) != area_mode(area) || st->st_mtim.tv_sec != TIME_FIXED ||
        st->st_mtim.tv_nsec != 0) {
        return ERR_CORRUPT;
    }
    if (index_knows(store, area, digest, st)) {
        return OK;
    }
    AUTO_CLOSE int fd =
        io_open(store->io, dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);
    struct timespec now;
    struct stat before, after;
    struct digest have;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (fd < 0 || io_stat(store->io, fd, "", &before, AT_EMPTY_PATH) != 0 ||
        fd_hash(store, fd, &have) != 0 || io_stat(store->io, fd, "", &after, AT_EMPTY_PATH) != 0) {
        return store_diag_errno(store, diags, errno, "cannot read a file");
    }
    if (!digest_eq(&have, digest)) {
        return ERR_CORRUPT;
    }
    /* A copy (nlink 1) has its own inode: the index keeps the blob's. */
    if (after.st_nlink > 1 && stat_same(&before, &after) && stat_is_settled(&after, &now)) {
        index_learn(store, area, digest, &after);
    }
    return OK;
}

enum err blob_present(struct store *store, enum store_area area, const struct digest *digest,
    struct stat *ret_stat, bool *ret_present, struct diags *diags)
{
    struct arena arena = {0};
    struct diags damaged;
    diags_init(&damaged, &arena, NULL);
    enum err err = blob_check(store, area, digest, ret_stat, &damaged);
    *ret_present = err == OK;
    if (err == ERR_ABSENT || err == ERR_CORRUPT) {
        err = OK;
    } else if (err != OK) {
        diags_append(diags, &damaged);
    }
    arena_release(&arena);
    return err;
}

/* Put. */

int blob_attributes_set(const struct store *store, int fd, enum store_area area)
{
    return io_chmod(store->io, fd, area_mode(area)) == 0
               ? io_utimens(store->io, fd, NULL, times_fixed, 0)
               : -1;
}

enum err blob_place(struct store *store, int dir_fd, int fd, const char *name, enum store_area area,
    const struct digest *digest, struct diags *diags)
{
    bool existed;
    enum err err = store_tmp_publish(store, dir_fd, name, area, digest, false, &existed, diags);
    struct stat st;
    if (err == OK && !existed && io_stat(store->io, fd, "", &st, AT_EMPTY_PATH) == 0) {
        index_learn(store, area, digest, &st);
    }
    return err;
}

/* A written temporary file becomes the blob. Closes nothing. */
static enum err blob_publish(struct store *store, int dir_fd, int fd, const char *name,
    enum store_area area, const struct digest *digest, struct diags *diags)
{
    bool waits = pending_is_on(store);
    if (blob_attributes_set(store, fd, area) != 0 || (!waits && io_fsync(store->io, fd) != 0)) {
        int error_number = errno;
        (void)io_unlink(store->io, dir_fd, name, 0);
        return store_diag_errno(store, diags, error_number, "cannot write a file");
    }
    if (waits) {
        return pending_add(store, area, digest, dir_fd, fd, name, diags);
    }
    return blob_place(store, dir_fd, fd, name, area, digest, diags);
}

static enum err blob_write(struct store *store, struct str bytes, enum store_area area,
    const struct digest *digest, struct diags *diags)
{
    AUTO_CLOSE int fd = -1;
    int dir_fd;
    char name[STORE_NAME_MAX];
    enum err err = store_tmp_create(store, &dir_fd, &fd, name, diags);
    if (err != OK) {
        return err;
    }
    if (io_write_all(store->io, fd, bytes.ptr, bytes.len) != 0) {
        int error_number = errno;
        (void)io_unlink(store->io, dir_fd, name, 0);
        return store_diag_errno(store, diags, error_number, "cannot write a file");
    }
    return blob_publish(store, dir_fd, fd, name, area, digest, diags);
}

enum err store_put(
    struct store *store, struct str bytes, struct digest *ret_digest, struct diags *diags)
{
    struct digest digest = digest_of(bytes);
    struct stat st;
    bool present;
    enum err err = blob_present(store, AREA_CAS, &digest, &st, &present, diags);
    if (err == OK && !present) {
        err = blob_write(store, bytes, AREA_CAS, &digest, diags);
    }
    if (err == OK) {
        *ret_digest = digest;
    }
    return err;
}

/* What is read is hashed and written, in one pass, after `head`, which was read before. */
static int fd_copy_hash(
    const struct store *store, int from_fd, struct str head, int to_fd, struct digest *ret_digest)
{
    char *bytes = memory_alloc(COPY_BYTES);
    struct sha256 sha;
    sha256_init(&sha);
    uint64_t size_bytes = 0;
    ssize_t n = 0;
    struct str piece = head;
    do {
        sha256_add(&sha, piece);
        size_bytes += piece.len;
        n = io_write_all(store->io, to_fd, piece.ptr, piece.len);
        if (n == 0) {
            n = io_read_full(store->io, from_fd, bytes, COPY_BYTES);
            piece = (struct str){.ptr = bytes, .len = n > 0 ? (size_t)n : 0};
        }
    } while (n > 0);
    int error_number = errno;
    free(bytes);
    errno = error_number;
    sha256_final(&sha, ret_digest->hash);
    ret_digest->size_bytes = size_bytes;
    return n < 0 ? -1 : 0;
}

static enum err put_large(
    struct store *store, struct str head, int fd, struct digest *ret_digest, struct diags *diags)
{
    AUTO_CLOSE int to_fd = -1;
    int dir_fd;
    char name[STORE_NAME_MAX];
    struct digest digest;
    bool present = false;
    enum err err = store_tmp_create(store, &dir_fd, &to_fd, name, diags);
    if (err != OK) {
        return err;
    }
    if (fd_copy_hash(store, fd, head, to_fd, &digest) != 0) {
        err = store_diag_errno(store, diags, errno, "cannot write a file");
    } else {
        struct stat st;
        err = blob_present(store, AREA_CAS, &digest, &st, &present, diags);
    }
    if (err != OK || present) {
        (void)io_unlink(store->io, dir_fd, name, 0);
    } else {
        err = blob_publish(store, dir_fd, to_fd, name, AREA_CAS, &digest, diags);
    }
    if (err == OK) {
        *ret_digest = digest;
    }
    return err;
}

enum err store_put_fd(struct store *store, int fd, struct digest *ret_digest, struct diags *diags)
{
    struct stat st;
    if (io_stat(store->io, fd, "", &st, AT_EMPTY_PATH) != 0) {
        return diag_add_errno(diags, errno, "cannot stat what is to be stored");
    }
    size_t cap = WHOLE_BYTES_MAX; /* a pipe's size is not known */
    if (S_ISREG(st.st_mode) && st.st_size < WHOLE_BYTES_MAX) {
        cap = (size_t)st.st_size + 1; /* one more, to see the end */
    }
    char *bytes = memory_alloc(cap);
    ssize_t len = io_read_full(store->io, fd, bytes, cap);
    enum err err;
    if (len < 0) {
        err = diag_add_errno(diags, errno, "cannot read what is to be stored");
    } else {
        struct str head = {.ptr = bytes, .len = (size_t)len};
        err = head.len < cap ? store_put(store, head, ret_digest, diags)
                             : put_large(store, head, fd, ret_digest, diags);
    }
    free(bytes);
    return err;
}

/* Get. */

enum err store_has(struct store *store, const struct digest *digest)
{
    if (digest_eq(digest, &digest_empty)) {
        return OK;
    }
    char path[STORE_PATH_MAX];
    struct stat st;
    if (pending_find(store, AREA_CAS, digest, path)) {
        return OK;
    }
    store_path(AREA_CAS, digest, path);
    return io_stat(store->io, store->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                   S_ISREG(st.st_mode) && (uint64_t)st.st_size == digest->size_bytes
               ? OK
               : ERR_ABSENT;
}

bool store_waits(struct store *store, const struct digest *digest)
{
    char path[STORE_PATH_MAX];
    return pending_find(store, AREA_CAS, digest, path);
}

enum err store_get(struct store *store, const struct digest *digest, size_t bytes_max,
    struct arena *arena, struct str *ret_bytes, struct diags *diags)
{
    AUTO_CLOSE int fd = -1;
    enum err err = blob_fd(store, AREA_CAS, digest, &fd, diags);
    if (err != OK) {
        return err;
    }
    struct stat st;
    if (io_stat(store->io, fd, "", &st, AT_EMPTY_PATH) != 0) {
        return store_diag_errno(store, diags, errno, "cannot stat a file");
    }
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != digest->size_bytes) {
        return store_damaged(store, AREA_CAS, digest, area_what(AREA_CAS), diags);
    }
    if (digest->size_bytes > bytes_max) {
        return diag_add(diags, ERR_LIMIT, SPAN_NONE, "a stored file has %ju bytes, more than %zu",
            (uintmax_t)digest->size_bytes, bytes_max);
    }
    char *ptr = arena_alloc(arena, (size_t)st.st_size + 1);
    ssize_t len = io_read_full(store->io, fd, ptr, (size_t)st.st_size);
    if (len < 0) {
        return store_diag_errno(store, diags, errno, "cannot read a file");
    }
    struct str bytes = {.ptr = ptr, .len = (size_t)len};
    struct digest have = digest_of(bytes);
    if (!digest_eq(&have, digest)) {
        return store_damaged(store, AREA_CAS, digest, area_what(AREA_CAS), diags);
    }
    ptr[len] = '\0';
    *ret_bytes = bytes;
    return OK;
}

enum err store_blob_open(
    struct store *store, const struct digest *digest, int *ret_fd, struct diags *diags)
{
    int fd = -1;
    struct stat st;
    enum err err = blob_fd(store, AREA_CAS, digest, &fd, diags);
    if (err != OK) {
        return err;
    }
    if (io_stat(store->io, fd, "", &st, AT_EMPTY_PATH) != 0) {
        err = store_diag_errno(store, diags, errno, "cannot stat a file");
    } else if ((uint64_t)st.st_size != digest->size_bytes ||
               !index_knows(store, AREA_CAS, digest, &st)) {
        err = hash_check_fd(store, AREA_CAS, digest, fd, &st, diags);
        if (err == OK && lseek(fd, 0, SEEK_SET) != 0) {
            err = store_diag_errno(store, diags, errno, "cannot seek in a file");
        }
    }
    if (err != OK) {
        fd_close(&fd);
        return err;
    }
    *ret_fd = fd;
    return OK;
}

/* The executable twin is a copy of the blob, hashed on the way. */
static enum err executable_make(
    struct store *store, const struct digest *digest, struct diags *diags)
{
    AUTO_CLOSE int from_fd = -1;
    AUTO_CLOSE int to_fd = -1;
    int dir_fd = -1;
    char name[STORE_NAME_MAX];
    enum err err = blob_fd(store, AREA_CAS, digest, &from_fd, diags);
    err = err != OK ? err : store_tmp_create(store, &dir_fd, &to_fd, name, diags);
    if (err != OK) {
        return err;
    }
    struct digest have;
    if (fd_copy_hash(store, from_fd, (struct str){0}, to_fd, &have) != 0) {
        err = store_diag_errno(store, diags, errno, "cannot write a file");
    } else if (!digest_eq(&have, digest)) {
        err = store_damaged(store, AREA_CAS, digest, area_what(AREA_CAS), diags);
    }
    if (err != OK) {
        (void)io_unlink(store->io, dir_fd, name, 0);
        return err;
    }
    /* Whoever finds it may run it: by then nobody may have it open for writing (ETXTBSY). */
    AUTO_CLOSE int read_fd = io_open(store->io, dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
    if (read_fd < 0) {
        err = store_diag_errno(store, diags, errno, "cannot open a file");
        (void)io_unlink(store->io, dir_fd, name, 0);
        return err;
    }
    fd_close(&to_fd);
    to_fd = -1;
    return blob_publish(store, dir_fd, read_fd, name, AREA_EXEC, digest, diags);
}

enum err blob_executable_check(
    struct store *store, const struct digest *digest, struct stat *ret_stat, struct diags *diags)
{
    bool present;
    enum err err = blob_present(store, AREA_EXEC, digest, ret_stat, &present, diags);
    if (err != OK || present) {
        return err;
    }
    err = executable_make(store, digest, diags);
    return err != OK ? err : blob_check(store, AREA_EXEC, digest, ret_stat, diags);
}

static enum err area_check(struct store *store, enum store_area area, const struct digest *digest,
    struct stat *ret_stat, struct diags *diags)
{
    return area == AREA_EXEC ? blob_executable_check(store, digest, ret_stat, diags)
                             : blob_check(store, area, digest, ret_stat, diags);
}

enum err store_blob_paths(struct store *store, const struct digest *digest, bool executable,
    struct arena *arena, struct str ret_paths[2], struct diags *diags)
{
    enum store_area area = executable ? AREA_EXEC : AREA_CAS;
    struct stat st;
    enum err err = area_check(store, area, digest, &st, diags);
    if (err == OK) {
        char path[STORE_PATH_MAX];
        bool waits = pending_find(store, area, digest, path);
        ret_paths[0] = waits ? arena_str(arena, str_of(path)) : (struct str){0};
        store_path(area, digest, path);
        ret_paths[1] = arena_str(arena, str_of(path));
    }
    return err;
}

enum err store_blob_path(struct store *store, const struct digest *digest, bool executable,
    struct arena *arena, struct str *ret_path, struct diags *diags)
{
    struct str paths[2];
    enum err err = store_blob_paths(store, digest, executable, arena, paths, diags);
    if (err == OK && paths[0].len > 0) {
        err = store_flush(store, diags);
    }
    if (err == OK) {
        *ret_path = paths[1];
    }
    return err;
}

/* A copy with the blob's mode and times, where no more links are allowed. */
static enum err blob_copy(struct store *store, enum store_area area, const struct digest *digest,
    int dir_fd, const char *name, struct diags *diags)
{
    AUTO_CLOSE int from_fd = -1;
    enum err err = blob_fd(store, area, digest, &from_fd, diags);
    if (err != OK) {
        return err;
    }
    AUTO_CLOSE int to_fd =
        io_open(store->io, dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct digest have;
    if (to_fd < 0 || fd_copy_hash(store, from_fd, (struct str){0}, to_fd, &have) != 0 ||
        blob_attributes_set(store, to_fd, area) != 0) {
        return store_diag_errno(store, diags, errno, "cannot copy a file");
    }
    return digest_eq(&have, digest) ? OK
                                    : store_damaged(store, area, digest, area_what(area), diags);
}

enum err store_blob_link(struct store *store, const struct digest *digest, bool executable,
    int dir_fd, const char *name, struct diags *diags)
{
    enum store_area area = executable ? AREA_EXEC : AREA_CAS;
    struct stat before, after;
    char path[STORE_PATH_MAX];
    enum err err = area_check(store, area, digest, &before, diags);
    if (err == OK && pending_find(store, area, digest, path)) {
        err = store_flush(store, diags); /* a link is a name, too */
        err = err != OK ? err : area_check(store, area, digest, &before, diags);
    }
    if (err != OK) {
        return err;
    }
    store_path(area, digest, path);
    if (io_link(store->io, store->root_fd, path, dir_fd, name, 0) != 0) {
        if (errno == EMLINK || errno == EXDEV) {
            return blob_copy(store, area, digest, dir_fd, name, diags);
        }
        return errno == ENOENT ? ERR_ABSENT
                               : store_diag_errno(store, diags, errno, "cannot link a file");
    }
    /* The new link changed ctime: nothing else may have changed. */
    if (io_stat(store->io, dir_fd, name, &after, AT_SYMLINK_NOFOLLOW) == 0 &&
        after.st_ino == before.st_ino && after.st_size == before.st_size &&
        after.st_mtim.tv_sec == before.st_mtim.tv_sec &&
        after.st_mtim.tv_nsec == before.st_mtim.tv_nsec) {
        index_learn(store, area, digest, &after);
    }
    return OK;
}
