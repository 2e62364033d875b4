/* src/store/stage.c: trees laid out as folders.
 *
 *   tmp/<process>/store-7/  made of links, times fixed  --rename-->  trees/ab/<64 hex>/
 *
 * A laid out tree is derived: it may be removed at any time that nobody uses it. It is trusted as a
 * blob is: once in each process, every folder's mode, mtime and names, every link's target, and
 * every file's stat data against the index (else it is hashed). Where something does not match, the
 * tree is laid out again from the blobs, and the old one moves to damaged/; where that cannot be,
 * the old one stays, to be told of again until it can. */
#include "base/file.h"
#include "store/private.h"
#include "store/tree.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
    MODE_FOLDER = 0555,
    /* While it is filled; the top one until it is in place (moving a folder writes its ".."). */
    MODE_FOLDER_OPEN = 0755,
};
static const struct timespec times_fixed[2] = {{.tv_sec = TIME_FIXED}, {.tv_sec = TIME_FIXED}};

/* Laying out. */

static enum err folder_fill(struct store *store, const struct digest *digest, int dir_fd,
    unsigned depth, struct diags *diags);

static enum err folder_make(struct store *store, const struct reapi_directory_node *node,
    int dir_fd, unsigned depth, struct arena *arena, struct diags *diags)
{
    const char *name = arena_cstr(arena, node->name);
    if (io_mkdir(store->io, dir_fd, name, MODE_FOLDER_OPEN) != 0) {
        return store_diag_errno(store, diags, errno, "cannot make a folder");
    }
    AUTO_CLOSE int fd =
        io_open(store->io, dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (fd < 0) {
        return store_diag_errno(store, diags, errno, "cannot open a folder");
    }
    enum err err = folder_fill(store, &node->digest, fd, depth + 1, diags);
    if (err == OK && io_chmod(store->io, fd, MODE_FOLDER) != 0) {
        err = store_diag_errno(store, diags, errno, "cannot make a folder read-only");
    }
    return err;
}

static enum err file_make(struct store *store, const struct reapi_file_node *node, int dir_fd,
    struct arena *arena, struct diags *diags)
{
    enum err err = store_blob_link(
        store, &node->digest, node->is_executable, dir_fd, arena_cstr(arena, node->name), diags);
    if (err == ERR_ABSENT) {
        char text[DIGEST_TEXT_MAX];
        err = diag_add(diags, ERR_ABSENT, SPAN_NONE, "%.*s (%.*s) is not in the store",
            STR_ARG(node->name), STR_ARG(digest_format(&node->digest, text)));
    }
    return err;
}

static enum err link_make(struct store *store, const struct reapi_symlink *node, int dir_fd,
    struct arena *arena, struct diags *diags)
{
    const char *name = arena_cstr(arena, node->name);
    if (io_symlink(store->io, arena_cstr(arena, node->target), dir_fd, name) != 0 ||
        io_utimens(store->io, dir_fd, name, times_fixed, AT_SYMLINK_NOFOLLOW) != 0) {
        return store_diag_errno(store, diags, errno, "cannot make a link");
    }
    return OK;
}

static enum err children_make(struct store *store, const struct reapi_directory *directory,
    int dir_fd, unsigned depth, struct arena *arena, struct diags *diags)
{
    enum err err = OK;
    for (size_t i = 0; i < directory->file_count && err == OK; i++) {
        err = file_make(store, &directory->files[i], dir_fd, arena, diags);
    }
    for (size_t i = 0; i < directory->symlink_count && err == OK; i++) {
        err = link_make(store, &directory->symlinks[i], dir_fd, arena, diags);
    }
    for (size_t i = 0; i < directory->directory_count && err == OK; i++) {
        err = folder_make(store, &directory->directories[i], dir_fd, depth, arena, diags);
    }
    return err;
}

static enum err folder_fill(struct store *store, const struct digest *digest, int dir_fd,
    unsigned depth, struct diags *diags)
{
    if (depth > TREE_DEPTH_MAX) {
        return diag_add(diags, ERR_LIMIT, SPAN_NONE, "a tree is deeper than %d", TREE_DEPTH_MAX);
    }
    struct arena arena = {0};
    struct reapi_directory directory;
    enum err err = store_waits(store, digest) ? store_flush(store, diags) : OK;
    err = err != OK ? err : directory_get(store, digest, &arena, &directory, diags);
    if (err == ERR_ABSENT) {
        char text[DIGEST_TEXT_MAX];
        err = diag_add(diags, ERR_ABSENT, SPAN_NONE, "the folder %.*s is not in the store",
            STR_ARG(digest_format(digest, text)));
    }
    err = err != OK ? err : children_make(store, &directory, dir_fd, depth, &arena, diags);
    /* Last, since every new name changed it. */
    if (err == OK && io_utimens(store->io, dir_fd, NULL, times_fixed, 0) != 0) {
        err = store_diag_errno(store, diags, errno, "cannot set a folder's times");
    }
    arena_release(&arena);
    return err;
}

/* What stands in its place goes to damaged/, now that there is another. */
static enum err old_remove(struct store *store, const struct digest *root, struct diags *diags)
{
    struct arena arena = {0};
    struct diags told;
    diags_init(&told, &arena, NULL);
    enum err err = store_damaged(store, AREA_TREES, root, "laid out tree", &told);
    if (err != ERR_CORRUPT) {
        diags_append(diags, &told);
    }
    arena_release(&arena);
    return err == ERR_CORRUPT ? OK : err;
}

static enum err tree_make(
    struct store *store, const struct digest *root, bool replace, struct diags *diags)
{
    int tmp_fd;
    char name[STORE_NAME_MAX];
    enum err err = store_tmp_fd(store, &tmp_fd, diags);
    if (err != OK) {
        return err;
    }
    store_tmp_name(store, name);
    if (io_mkdir(store->io, tmp_fd, name, MODE_FOLDER_OPEN) != 0) {
        return store_diag_errno(store, diags, errno, "cannot make a folder");
    }
    AUTO_CLOSE int fd =
        io_open(store->io, tmp_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (fd < 0) {
        err = store_diag_errno(store, diags, errno, "cannot open a folder");
    }
    err = err != OK ? err : folder_fill(store, root, fd, 0, diags);
    /* Whatever the umask: this is the one other mode that a process may see. */
    if (err == OK && io_chmod(store->io, fd, MODE_FOLDER_OPEN) != 0) {
        err = store_diag_errno(store, diags, errno, "cannot make a folder");
    }
    err = err == OK && replace ? old_remove(store, root, diags) : err;
    if (err == OK && store_place(store, tmp_fd, name, AREA_TREES, root, RENAME_NOREPLACE) == 0) {
        /* A process that dies before this leaves one whose mode tree_check repairs. */
        (void)io_chmod(store->io, fd, MODE_FOLDER);
        return OK;
    }
    bool existed = err == OK && (errno == EEXIST || errno == ENOTEMPTY);
    if (err == OK && !existed) {
        err = store_diag_errno(store, diags, errno, "cannot move a tree into place");
    }
    struct arena arena = {0};
    struct diags removal;
    diags_init(&removal, &arena, NULL);
    if (tree_remove(tmp_fd, name, &removal) != OK) {
        diags_end_chain(&removal); /* what is left goes with tmp/<process> */
    }
    arena_release(&arena);
    return err;
}

/* Checking: ERR_CORRUPT without a diag where the folder is not what the messages say. */

static enum err folder_check(
    struct store *store, const struct digest *digest, int fd, unsigned depth, struct diags *diags);

static enum err file_check(struct store *store, const struct reapi_file_node *node, int dir_fd,
    struct arena *arena, struct diags *diags)
{
    enum store_area area = node->is_executable ? AREA_EXEC : AREA_CAS;
    const char *name = arena_cstr(arena, node->name);
    struct stat st;
    if (io_stat(store->io, dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? ERR_CORRUPT
                               : store_diag_errno(store, diags, errno, "cannot stat a file");
    }
    return blob_linked_check(store, area, &node->digest, dir_fd, name, &st, diags);
}

static bool link_is(const struct reapi_symlink *node, int dir_fd, struct arena *arena)
{
    size_t cap = node->target.len + 1;
    char *target = arena_alloc(arena, cap);
    ssize_t len = readlinkat(dir_fd, arena_cstr(arena, node->name), target, cap);
    return len >= 0 && str_eq(node->target, (struct str){.ptr = target, .len = (size_t)len});
}

static enum err subfolder_check(struct store *store, const struct reapi_directory_node *node,
    int dir_fd, unsigned depth, struct arena *arena, struct diags *diags)
{
    AUTO_CLOSE int fd = io_open(store->io, dir_fd, arena_cstr(arena, node->name),
        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EACCES
                   ? ERR_CORRUPT
                   : store_diag_errno(store, diags, errno, "cannot open a folder");
    }
    return folder_check(store, &node->digest, fd, depth + 1, diags);
}

static enum err children_check(struct store *store, const struct reapi_directory *directory,
    int dir_fd, unsigned depth, struct arena *arena, struct diags *diags)
{
    enum err err = OK;
    for (size_t i = 0; i < directory->file_count && err == OK; i++) {
        err = file_check(store, &directory->files[i], dir_fd, arena, diags);
    }
    for (size_t i = 0; i < directory->symlink_count && err == OK; i++) {
        err = link_is(&directory->symlinks[i], dir_fd, arena) ? OK : ERR_CORRUPT;
    }
    for (size_t i = 0; i < directory->directory_count && err == OK; i++) {
        err = subfolder_check(store, &directory->directories[i], dir_fd, depth, arena, diags);
    }
    return err;
}

/* Nothing but the names that the message has: all of those are there, so the count says it. (mtime
 * is anybody's to set.) */
static enum err names_count_check(
    struct store *store, const struct reapi_directory *directory, int dir_fd, struct diags *diags)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        int error_number = errno;
        fd_close(&fd);
        return store_diag_errno(store, diags, error_number, "cannot read a folder");
    }
    size_t count = 0;
    const struct dirent *entry;
    errno = 0; /* readdir tells an error from the end by it */
    while ((entry = readdir(dir)) != NULL) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 ? 1 : 0;
    }
    int error_number = errno;
    (void)closedir(dir);
    if (error_number != 0) {
        return store_diag_errno(store, diags, error_number, "cannot read a folder");
    }
    return count == directory->file_count + directory->symlink_count + directory->directory_count
               ? OK
               : ERR_CORRUPT;
}

static enum err folder_check(
    struct store *store, const struct digest *digest, int fd, unsigned depth, struct diags *diags)
{
    struct stat st;
    if (io_stat(store->io, fd, "", &st, AT_EMPTY_PATH) != 0) {
        return store_diag_errno(store, diags, errno, "cannot stat a folder");
    }
    mode_t mode = st.st_mode & 07777;
    if (st.st_mtim.tv_sec != TIME_FIXED || st.st_mtim.tv_nsec != 0 || depth > TREE_DEPTH_MAX ||
        (mode != MODE_FOLDER && !(depth == 0 && mode == MODE_FOLDER_OPEN))) {
        return ERR_CORRUPT;
    }
    if (mode != MODE_FOLDER && io_chmod(store->io, fd, MODE_FOLDER) != 0) {
        return store_diag_errno(store, diags, errno, "cannot make a folder read-only");
    }
    struct arena arena = {0};
    struct reapi_directory directory;
    enum err err = directory_get(store, digest, &arena, &directory, diags);
    err = err == ERR_ABSENT ? ERR_CORRUPT : err; /* nothing says what it should be */
    err = err != OK ? err : children_check(store, &directory, fd, depth, &arena, diags);
    err = err != OK ? err : names_count_check(store, &directory, fd, diags);
    arena_release(&arena);
    return err;
}

/* Is trees/../<root> what root says? ERR_ABSENT: it is not laid out. */
static enum err stage_check(struct store *store, const struct digest *root, struct diags *diags)
{
    char path[STORE_PATH_MAX];
    store_path(AREA_TREES, root, path);
    AUTO_CLOSE int fd = io_open(
        store->io, store->root_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (fd < 0) {
        if (errno == ENOENT) {
            return ERR_ABSENT;
        }
        return errno == ENOTDIR || errno == ELOOP || errno == EACCES
                   ? ERR_CORRUPT
                   : store_diag_errno(store, diags, errno, "cannot open a laid out tree");
    }
    return folder_check(store, root, fd, 0, diags);
}

/* There and whole, or laid out now. ret_altered: it was there, and was not whole. */
static enum err stage_once(
    struct store *store, const struct digest *root, bool *ret_altered, struct diags *diags)
{
    enum err found = stage_check(store, root, diags);
    *ret_altered = found == ERR_CORRUPT;
    if (found != ERR_CORRUPT && found != ERR_ABSENT) {
        return found;
    }
    enum err err = tree_make(store, root, *ret_altered, diags);
    if (*ret_altered && (err == ERR_ABSENT || err == ERR_CORRUPT)) {
        char path[STORE_PATH_MAX];
        store_path(AREA_TREES, root, path);
        err = diag_add(diags, ERR_CORRUPT, SPAN_NONE,
            "the laid out tree %s/%s was altered or damaged, and cannot be laid out again",
            store->root, path);
    }
    return err;
}

enum err tree_staged_verify(struct store *store, const struct digest *root, struct diags *diags)
{
    char path[STORE_PATH_MAX];
    struct stat st;
    store_path(AREA_TREES, root, path);
    if (io_stat(store->io, store->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT
                   ? OK
                   : store_diag_errno(store, diags, errno, "cannot stat a laid out tree");
    }
    bool altered;
    enum err err = stage_once(store, root, &altered, diags);
    if (err == OK && altered) {
        err = diag_add(diags, ERR_CORRUPT, SPAN_NONE,
            "the laid out tree %s/%s was altered or damaged", store->root, path);
        diag_help(diags, "it was laid out again, and what was there is in %s/damaged", store->root);
    } else if (err != OK) {
        diag_help(diags, "what made it (a build, store add, toolchain add) makes it anew; if "
                         "nothing needs it any more, remove it");
    }
    return err;
}

/* One thread lays a tree out, others that want it wait. True: it is there (checked before). */
static bool stage_begin(struct store *store, struct str key)
{
    (void)pthread_mutex_lock(&store->mutex);
    uint32_t row = table_add(&store->staged, &store->staged_arena, key);
    if (row >= store->stage_cap) {
        uint32_t cap = store->stage_cap == 0 ? 64 : 2 * store->stage_cap;
        store->stages = memory_realloc(store->stages, cap * sizeof store->stages[0]);
        memset(store->stages + store->stage_cap, 0,
            (cap - store->stage_cap) * sizeof store->stages[0]);
        store->stage_cap = cap;
    }
    while (store->stages[row] == STAGE_BUSY) {
        (void)pthread_cond_wait(&store->stage_done, &store->mutex);
    }
    bool done = store->stages[row] == STAGE_DONE;
    if (!done) {
        store->stages[row] = STAGE_BUSY;
    }
    (void)pthread_mutex_unlock(&store->mutex);
    return done;
}

static void stage_end(struct store *store, struct str key, bool done)
{
    (void)pthread_mutex_lock(&store->mutex);
    store->stages[table_get(&store->staged, key)] = done ? STAGE_DONE : STAGE_NONE;
    (void)pthread_cond_broadcast(&store->stage_done);
    (void)pthread_mutex_unlock(&store->mutex);
}

enum err tree_stage(struct store *store, const struct digest *root, struct arena *arena,
    struct str *ret_path, struct diags *diags)
{
    char path[STORE_PATH_MAX];
    store_path(AREA_TREES, root, path);
    struct str key = str_of(path);
    if (!stage_begin(store, key)) {
        bool altered;
        enum err err = stage_once(store, root, &altered, diags);
        stage_end(store, key, err == OK);
        if (err != OK) {
            return err;
        }
    }
    *ret_path = arena_str(arena, key);
    return OK;
}
