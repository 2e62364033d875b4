/* src/store/store.c: open, close, temporary files, sync.
 *
 * Rules of durability (docs/format/store.md):
 * 1. A file's bytes, mode and times are synced before the rename that gives it its name.
 * 2. An action result is written after the blobs it names, so rule 1 holds for them already. Names
 *    (folders) are fsync'd by store_sync only: after a power cut a result may outlive the name of
 *    a blob, never its bytes; readers of results look for the blobs.
 * 3. Nothing with a name is ever written to. It may be linked, moved to damaged/, or removed.
 * 4. The index is a cache of stat data: it may lag, be lost or be deleted at any time.
 * 5. tmp/<x>/ belongs to whoever holds its flock; without a holder it is rubbish. */
#include "base/file.h"
#include "store/private.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    VERSION_BYTES_MAX = 64
};
static const char version_text[] = "straylight store 1\n";
static const char *const area_names[AREA_COUNT] = {"cas", "exec", "trees", "actions"};
static const char *const folders[] = {
    "cas", "exec", "trees", "actions", "damaged", "workspaces", "tmp"};

void store_path(
    enum store_area area, const struct digest *digest, char ret_path[static STORE_PATH_MAX])
{
    char hex[DIGEST_HEX_BYTES];
    (void)digest_hex(digest, hex);
    (void)snprintf(
        ret_path, STORE_PATH_MAX, "%s/%.2s/%.*s", area_names[area], hex, DIGEST_HEX_BYTES, hex);
}

void store_fanout_path(enum store_area area, unsigned fanout, char ret_path[static STORE_PATH_MAX])
{
    (void)snprintf(ret_path, STORE_PATH_MAX, "%s/%02x", area_names[area], fanout & 0xFF);
}

enum err store_diag_errno(
    const struct store *store, struct diags *diags, int error_number, const char *what)
{
    enum err err = diag_add_errno(diags, error_number, "%s in the store at %s", what, store->root);
    if (error_number == ENOSPC || error_number == EDQUOT) {
        diag_help(diags, "the disk is full: free some space there, or set STRAYLIGHT_STORE to a "
                         "folder on another disk; nothing that was stored before is lost");
    } else if (error_number == EROFS || error_number == EACCES) {
        diag_help(diags, "set STRAYLIGHT_STORE to a folder that you may write to");
    }
    return err;
}

/* Opening. */

static enum err root_make(struct store *store, struct diags *diags)
{
    char *slash = strrchr(store->root, '/');
    if (slash != NULL && slash != store->root) {
        *slash = '\0';
        enum err err = dirs_make(AT_FDCWD, store->root, diags);
        *slash = '/';
        if (err != OK) {
            return err;
        }
    }
    if (io_mkdir(store->io, AT_FDCWD, store->root, 0700) != 0 && errno != EEXIST) {
        return diag_add_errno(diags, errno, "cannot make the store at %s", store->root);
    }
    return OK;
}

/* The folder is ours alone. */
static enum err root_check(const struct store *store, struct diags *diags)
{
    struct stat st;
    if (io_stat(store->io, store->root_fd, "", &st, AT_EMPTY_PATH) != 0) {
        return diag_add_errno(diags, errno, "cannot stat the store at %s", store->root);
    }
    if (st.st_uid != geteuid()) {
        enum err err = diag_add(diags, ERR_INVALID, SPAN_NONE,
            "the store at %s belongs to uid %u, and this is uid %u", store->root,
            (unsigned)st.st_uid, (unsigned)geteuid());
        diag_help(diags, "a store is one user's: set STRAYLIGHT_STORE to a folder of your own; "
                         "users share by a tier, never by a folder");
        return err;
    }
    if ((st.st_mode & 077) != 0) {
        enum err err =
            diag_add(diags, ERR_INVALID, SPAN_NONE, "others may enter the store at %s (mode %04o)",
                store->root, (unsigned)st.st_mode & 07777U);
        diag_help(diags, "if nobody else has written there: chmod 0700 %s", store->root);
        return err;
    }
    return OK;
}

/* A folder without a version may be a store whose making was interrupted; anything else in it says
 * that it is none, unless the version is there by now: then another process has just made it. */
static enum err root_is_bare(const struct store *store, bool *ret_made, struct diags *diags)
{
    *ret_made = false;
    int fd = openat(store->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        int error_number = errno;
        fd_close(&fd);
        return diag_add_errno(diags, error_number, "cannot read the folder %s", store->root);
    }
    enum err err = OK;
    struct dirent *entry;
    while (err == OK && !*ret_made && (entry = readdir(dir)) != NULL) {
        bool known = entry->d_name[0] == '.' || strncmp(entry->d_name, "version.tmp.", 12) == 0;
        for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
            known = known || strcmp(entry->d_name, folders[i]) == 0;
        }
        struct stat st;
        if (!known &&
            io_stat(store->io, store->root_fd, "version", &st, AT_SYMLINK_NOFOLLOW) == 0) {
            *ret_made = true;
        } else if (!known) {
            err = diag_add(diags, ERR_INVALID, SPAN_NONE,
                "%s is not a store: it holds %s and no version", store->root, entry->d_name);
            diag_help(diags, "set STRAYLIGHT_STORE to an empty or new folder");
        }
    }
    (void)closedir(dir);
    return err;
}

static enum err root_fill(struct store *store, struct diags *diags)
{
    bool made;
    enum err err = root_is_bare(store, &made, diags);
    if (err != OK || made) {
        return err;
    }
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (io_mkdir(store->io, store->root_fd, folders[i], 0700) != 0 && errno != EEXIST) {
            return store_diag_errno(store, diags, errno, "cannot make a folder");
        }
    }
    /* Last: a store with a version is whole. Two that make it at once write the same. */
    char name[STORE_NAME_MAX];
    (void)snprintf(name, sizeof name, "version.tmp.%ld", (long)getpid());
    AUTO_CLOSE int fd =
        io_open(store->io, store->root_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || io_write_all(store->io, fd, version_text, sizeof version_text - 1) != 0 ||
        io_fsync(store->io, fd) != 0 ||
        io_rename(store->io, store->root_fd, name, store->root_fd, "version", 0) != 0 ||
        io_fsync(store->io, store->root_fd) != 0) {
        int error_number = errno;
        (void)io_unlink(store->io, store->root_fd, name, 0);
        return store_diag_errno(store, diags, error_number, "cannot write the version");
    }
    return OK;
}

static enum err version_check(struct store *store, struct diags *diags)
{
    static const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW;
    AUTO_CLOSE int fd = io_open(store->io, store->root_fd, "version", flags, 0);
    if (fd < 0 && errno == ENOENT) {
        enum err err = root_fill(store, diags);
        if (err != OK) {
            return err;
        }
        fd = io_open(store->io, store->root_fd, "version", flags, 0);
    }
    if (fd < 0) {
        return store_diag_errno(store, diags, errno, "cannot open the version");
    }
    char text[VERSION_BYTES_MAX];
    ssize_t len = io_read_full(store->io, fd, text, sizeof text);
    if (len < 0) {
        return store_diag_errno(store, diags, errno, "cannot read the version");
    }
    if (!str_eq((struct str){.ptr = text, .len = (size_t)len}, str_of(version_text))) {
        enum err err = diag_add(diags, ERR_INVALID, SPAN_NONE,
            "the store at %s has another format than this program's (\"%.18s\")", store->root,
            version_text);
        diag_help(diags, "use the release that made it, or set STRAYLIGHT_STORE to a new folder");
        return err;
    }
    return OK;
}

static enum err root_open(struct store *store, struct diags *diags)
{
    static const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    store->root_fd = io_open(store->io, AT_FDCWD, store->root, flags, 0);
    if (store->root_fd < 0 && errno == ENOENT) {
        enum err err = root_make(store, diags);
        if (err != OK) {
            return err;
        }
        store->root_fd = io_open(store->io, AT_FDCWD, store->root, flags, 0);
    }
    if (store->root_fd < 0) {
        return diag_add_errno(diags, errno, "cannot open the store at %s", store->root);
    }
    enum err err = root_check(store, diags);
    return err != OK ? err : version_check(store, diags);
}

enum err store_open(
    const struct io *io, const char *root, struct store **ret_store, struct diags *diags)
{
    if (root[0] != '/') {
        return diag_add(
            diags, ERR_INVALID, SPAN_NONE, "the store's path is not absolute: %s", root);
    }
    struct store *store = memory_calloc(1, sizeof *store);
    size_t len = strlen(root);
    store->io = io;
    store->root = memory_alloc(len + 1);
    memcpy(store->root, root, len + 1);
    while (len > 1 && store->root[len - 1] == '/') {
        store->root[--len] = '\0';
    }
    store->root_fd = -1;
    store->tmp.dir_fd = -1;
    (void)pthread_mutex_init(&store->mutex, NULL);
    (void)pthread_cond_init(&store->stage_done, NULL);
    store->index = index_new(store);
    pending_init(&store->pending);
    enum err err = root_open(store, diags);
    if (err != OK) {
        store_close(store);
        return err;
    }
    *ret_store = store;
    return OK;
}

static void tmp_close(struct store *store)
{
    if (store->tmp.dir_fd >= 0 && store->tmp.pid == getpid()) {
        /* Fails where a caller left something: then the next cleaning has it. */
        (void)io_unlink(store->io, store->root_fd, store->tmp.name, AT_REMOVEDIR);
    }
    fd_close(&store->tmp.dir_fd);
    store->tmp.dir_fd = -1;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    if (store->root_fd >= 0) {
        struct arena arena = {0};
        struct diags diags;
        diags_init(&diags, &arena, NULL);
        if (store_sync(store, &diags) != OK) {
            diags_end_chain(&diags); /* names that may be lost are made again */
        }
        arena_release(&arena);
    }
    tmp_close(store);
    pending_release(&store->pending);
    index_free(store->index);
    table_release(&store->staged);
    free(store->stages);
    (void)pthread_cond_destroy(&store->stage_done);
    arena_release(&store->staged_arena);
    fd_close(&store->root_fd);
    (void)pthread_mutex_destroy(&store->mutex);
    free(store->root);
    free(store);
}

const char *store_root(const struct store *store)
{
    return store->root;
}

int store_root_fd(const struct store *store)
{
    return store->root_fd;
}

/* Sync. */

enum {
    FOLDERS_MAX = 16, /* more are not waited for one by one */
};

static int folder_sync(const struct store *store, const char *path)
{
    AUTO_CLOSE int fd =
        io_open(store->io, store->root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    return fd < 0 ? -1 : io_fsync(store->io, fd);
}

static int area_sync(const struct store *store, enum store_area area, const bool *unsynced)
{
    bool any = false;
    int error_number = 0;
    for (unsigned i = 0; i < FANOUT; i++) {
        if (unsynced[i]) {
            char path[STORE_PATH_MAX];
            store_fanout_path(area, i, path);
            error_number = folder_sync(store, path) != 0 ? errno : error_number;
            any = true;
        }
    }
    if (any) {
        error_number = folder_sync(store, area_names[area]) != 0 ? errno : error_number;
    }
    return error_number;
}

static unsigned unsynced_count(bool unsynced[AREA_COUNT][FANOUT])
{
    unsigned count = 0;
    for (unsigned i = 0; i < AREA_COUNT * FANOUT; i++) {
        count += unsynced[i / FANOUT][i % FANOUT] ? 1 : 0;
    }
    return count;
}

enum err store_sync(struct store *store, struct diags *diags)
{
    bool unsynced[AREA_COUNT][FANOUT];
    enum err flushed = store_flush(store, diags);
    (void)pthread_mutex_lock(&store->mutex);
    memcpy(unsynced, store->unsynced, sizeof unsynced);
    memset(store->unsynced, 0, sizeof store->unsynced);
    (void)pthread_mutex_unlock(&store->mutex);
    int error_number = 0;
    if (unsynced_count(unsynced) > FOLDERS_MAX) {
        error_number = io_syncfs(store->io, store->root_fd) != 0 ? errno : 0;
    } else {
        for (unsigned area = 0; area < AREA_COUNT; area++) {
            int e = area_sync(store, (enum store_area)area, unsynced[area]);
            error_number = e != 0 ? e : error_number;
        }
    }
    (void)pthread_mutex_lock(&store->mutex);
    index_flush(store->index);
    (void)pthread_mutex_unlock(&store->mutex);
    return error_number == 0 ? flushed
                             : store_diag_errno(store, diags, error_number, "cannot sync a folder");
}

/* Temporary files. */

/* Takes the lock of a folder under tmp/ that it has just made. False if a cleaner was faster. */
static bool tmp_lock(const struct store *store, const char *name, int fd)
{
    struct stat mine, named;
    return flock(fd, LOCK_EX) == 0 && fstat(fd, &mine) == 0 &&
           io_stat(store->io, store->root_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           mine.st_ino == named.st_ino;
}

static enum err tmp_open(struct store *store, struct diags *diags)
{
    enum {
        TRIES_MAX = 100
    };
    fd_close(&store->tmp.dir_fd); /* a child closes its copy of the parent's */
    store->tmp.dir_fd = -1;
    store->tmp.pid = getpid();
    int error_number = EEXIST;
    for (unsigned n = 0; n < TRIES_MAX && error_number == EEXIST; n++) {
        (void)snprintf(store->tmp.name, sizeof store->tmp.name, "tmp/%d-%u", store->tmp.pid, n);
        if (io_mkdir(store->io, store->root_fd, store->tmp.name, 0700) != 0) {
            error_number = errno;
            continue;
        }
        int fd = io_open(store->io, store->root_fd, store->tmp.name,
            O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0);
        if (fd >= 0 && tmp_lock(store, store->tmp.name, fd)) {
            store->tmp.dir_fd = fd;
            return OK;
        }
        error_number = fd < 0 && errno != ENOENT ? errno : EEXIST;
        fd_close(&fd);
    }
    return store_diag_errno(store, diags, error_number, "cannot make a temporary folder");
}

enum err store_tmp_fd(struct store *store, int *ret_dir_fd, struct diags *diags)
{
    enum err err = OK;
    (void)pthread_mutex_lock(&store->mutex);
    bool first = store->tmp.dir_fd < 0 || store->tmp.pid != getpid();
    if (first) {
        err = tmp_open(store, diags);
    }
    *ret_dir_fd = store->tmp.dir_fd;
    (void)pthread_mutex_unlock(&store->mutex);
    if (err == OK && first) {
        uint64_t count;
        err = store_tmp_clean(store, &count, diags);
    }
    return err;
}

/* Does another hold the lock of a folder under tmp/? -1: no. */
static bool tmp_is_held(int fd)
{
    return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0;
}

/* Removes tmp/<name> if nobody holds its lock. */
static enum err tmp_remove_dead(
    const struct store *store, int tmp_fd, const char *name, uint64_t *count, struct diags *diags)
{
    AUTO_CLOSE int fd = openat(tmp_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (tmp_is_held(fd)) {
        return OK; /* it lives, or it is just being made */
    }
    if (fd < 0 && errno != ENOTDIR && errno != ELOOP) {
        return errno == ENOENT
                   ? OK
                   : store_diag_errno(store, diags, errno, "cannot open a temporary folder");
    }
    *count += 1;
    return tree_remove(tmp_fd, name, diags);
}

bool store_tmp_shared(struct store *store)
{
    int tmp_fd = openat(store->root_fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = tmp_fd < 0 ? NULL : fdopendir(tmp_fd);
    bool shared = false;
    if (dir == NULL) {
        fd_close(&tmp_fd);
        return false;
    }
    const char *own = store->tmp.name + sizeof "tmp/" - 1; /* empty: it has none yet */
    const struct dirent *entry;
    while (!shared && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, own) == 0) {
            continue;
        }
        AUTO_CLOSE int fd =
            openat(tmp_fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        shared = tmp_is_held(fd);
    }
    (void)closedir(dir);
    return shared;
}

enum err store_tmp_clean(struct store *store, uint64_t *ret_count, struct diags *diags)
{
    *ret_count = 0;
    int tmp_fd = openat(store->root_fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = tmp_fd < 0 ? NULL : fdopendir(tmp_fd);
    if (dir == NULL) {
        int error_number = errno;
        fd_close(&tmp_fd);
        return store_diag_errno(store, diags, error_number, "cannot read tmp");
    }
    enum err err = OK;
    struct dirent *entry;
    while (err == OK && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            err = tmp_remove_dead(store, tmp_fd, entry->d_name, ret_count, diags);
        }
    }
    (void)closedir(dir);
    return err;
}

void store_tmp_name(struct store *store, char ret_name[static STORE_NAME_MAX])
{
    uint64_t n = atomic_fetch_add(&store->name_count, 1);
    (void)snprintf(ret_name, STORE_NAME_MAX, "store-%ju", (uintmax_t)n);
}

enum err store_tmp_create(struct store *store, int *ret_dir_fd, int *ret_fd,
    char ret_name[static STORE_NAME_MAX], struct diags *diags)
{
    int dir_fd = -1;
    enum err err = store_tmp_fd(store, &dir_fd, diags);
    if (err != OK) {
        return err;
    }
    store_tmp_name(store, ret_name);
    int fd = io_open(store->io, dir_fd, ret_name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return store_diag_errno(store, diags, errno, "cannot make a file");
    }
    *ret_dir_fd = dir_fd;
    *ret_fd = fd;
    return OK;
}

static int rename_noreplace(
    const struct store *store, int dir_fd, const char *name, const char *path, unsigned flags)
{
    int error = io_rename(store->io, dir_fd, name, store->root_fd, path, flags);
    if (error != 0 && flags != 0 && (errno == EINVAL || errno == ENOSYS)) {
        /* A file system without the flag: the same bytes take the place of the same bytes. */
        error = io_rename(store->io, dir_fd, name, store->root_fd, path, 0);
    }
    return error;
}

int store_place(struct store *store, int dir_fd, const char *name, enum store_area area,
    const struct digest *digest, unsigned flags)
{
    char path[STORE_PATH_MAX];
    store_path(area, digest, path);
    int error = rename_noreplace(store, dir_fd, name, path, flags);
    if (error != 0 && errno == ENOENT) {
        char *slash = strrchr(path, '/');
        *slash = '\0';
        if (io_mkdir(store->io, store->root_fd, path, 0700) != 0 && errno != EEXIST) {
            return -1;
        }
        *slash = '/';
        error = rename_noreplace(store, dir_fd, name, path, flags);
    }
    if (error == 0) {
        (void)pthread_mutex_lock(&store->mutex);
        store->unsynced[area][digest->hash[0]] = true;
        (void)pthread_mutex_unlock(&store->mutex);
    }
    return error;
}

enum err store_tmp_publish(struct store *store, int dir_fd, const char *name, enum store_area area,
    const struct digest *digest, bool replace, bool *ret_existed, struct diags *diags)
{
    *ret_existed = false;
    if (store_place(store, dir_fd, name, area, digest, replace ? 0 : RENAME_NOREPLACE) == 0) {
        return OK;
    }
    int error_number = errno;
    (void)io_unlink(store->io, dir_fd, name, 0);
    if (error_number == EEXIST && !replace) {
        *ret_existed = true;
        return OK;
    }
    return store_diag_errno(store, diags, error_number, "cannot write a file");
}

enum err store_damaged(struct store *store, enum store_area area, const struct digest *digest,
    const char *what, struct diags *diags)
{
    char path[STORE_PATH_MAX];
    char hex[DIGEST_HEX_BYTES];
    char moved[sizeof "damaged/" + DIGEST_HEX_BYTES + 24];
    pending_drop(store, area, digest);
    store_path(area, digest, path);
    (void)digest_hex(digest, hex);
    int error = -1;
    for (unsigned n = 0; n < 1000 && error != 0; n++) {
        (void)snprintf(moved, sizeof moved, "damaged/%.*s-%u", DIGEST_HEX_BYTES, hex, n);
        error = io_rename(store->io, store->root_fd, path, store->root_fd, moved, RENAME_NOREPLACE);
        if (error != 0 && errno == EACCES && area == AREA_TREES &&
            fchmodat(store->root_fd, path, 0700, 0) == 0) {
            error = io_rename(/* moving a folder writes its ".." */
                store->io, store->root_fd, path, store->root_fd, moved, RENAME_NOREPLACE);
        }
        if (error != 0 && errno != EEXIST) {
            break;
        }
    }
    if (error != 0 && errno == ENOENT) {
        moved[0] = '\0'; /* another process was faster */
    } else if (error != 0) {
        enum err err = store_diag_errno(store, diags, errno, "cannot move a damaged file away");
        diag_help(diags, "remove %s/%s", store->root, path);
        return err;
    }
    enum err err = diag_add(diags, ERR_CORRUPT, SPAN_NONE, "the %s %s/%s was altered or damaged",
        what, store->root, path);
    diag_help(diags,
        "it was not used and is now %s/%s; what made it (a build, store add, toolchain add) makes "
        "it anew",
        store->root, moved[0] == '\0' ? "damaged/" : moved);
    return err;
}
