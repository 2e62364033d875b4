/* src/exec/namespace/stage.c */
#include "exec/namespace/stage.h"
#include "base/file.h"
#include "exec/namespace/mount.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct timespec fixed_times[2] = {
    {.tv_sec = NS_FIXED_TIME}, {.tv_sec = NS_FIXED_TIME}};

struct stager {
    int store_fd;
    struct arena *arena;
    struct diags *diags;
    struct ns_stage *stage;
    size_t bind_cap;
    const char **folders; /* all that were made, for their times at the end */
    size_t folder_count, folder_cap;
    struct str open_path; /* the folder that open_fd is; inputs come sorted, so often the next's */
    int open_fd;
    char *copy; /* NS_COPY_BYTES_MAX bytes */
};

static void bind_add(struct stager *stager, const struct ns_input *input, const char *to)
{
    struct ns_stage *stage = stager->stage;
    if (stage->bind_count == stager->bind_cap) {
        stager->bind_cap = stager->bind_cap == 0 ? 16 : 2 * stager->bind_cap;
        struct ns_bind *binds = ARENA_NEW(stager->arena, struct ns_bind, stager->bind_cap);
        if (stage->bind_count > 0) {
            memcpy(binds, stage->binds, stage->bind_count * sizeof *binds);
        }
        stage->binds = binds;
    }
    stage->binds[stage->bind_count++] =
        (struct ns_bind){.from = input->source, .waits = input->waits, .to = to};
}

static void folder_remember(struct stager *stager, const char *path)
{
    if (stager->folder_count == stager->folder_cap) {
        stager->folder_cap = stager->folder_cap == 0 ? 64 : 2 * stager->folder_cap;
        const char **folders = ARENA_NEW(stager->arena, const char *, stager->folder_cap);
        if (stager->folder_count > 0) {
            memcpy(folders, stager->folders, stager->folder_count * sizeof *folders);
        }
        stager->folders = folders;
    }
    stager->folders[stager->folder_count++] = path;
}

/* The folder at path (below the sandbox's root), made with its parents where it is absent. Borrowed
 * until the next call. */
static enum err folder_open(struct stager *stager, struct str path, mode_t mode, int *ret_fd)
{
    if (stager->open_fd >= 0 && str_eq(stager->open_path, path)) {
        *ret_fd = stager->open_fd;
        return OK;
    }
    fd_close(&stager->open_fd);
    stager->open_fd = -1;
    int fd = dup(stager->stage->root_fd);
    for (size_t from = 0; fd >= 0 && from < path.len;) {
        struct str rest = str_sub(path, from, path.len);
        size_t len = str_find(rest, '/');
        const char *name = arena_cstr(stager->arena, str_sub(rest, 0, len));
        if (mkdirat(fd, name, mode) == 0) {
            folder_remember(stager, arena_cstr(stager->arena, str_sub(path, 0, from + len)));
        } else if (errno != EEXIST) {
            break;
        }
        int next = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        fd_close(&fd);
        fd = next;
        from += len + 1;
        if (fd >= 0 && from >= path.len) {
            stager->open_fd = fd;
            stager->open_path = path;
            *ret_fd = fd;
            return OK;
        }
    }
    int error_number = errno;
    fd_close(&fd);
    return diag_add_errno(
        stager->diags, error_number, "cannot make folder /%.*s in the sandbox", STR_ARG(path));
}

static enum err folder_make(struct stager *stager, const char *path, mode_t mode)
{
    int fd;
    return folder_open(stager, str_of(path), mode, &fd);
}

/* First where it may be for a while yet. */
static int source_open(const struct stager *stager, const struct ns_input *input)
{
    static const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC;
    int fd = input->waits[0] == '\0' ? -1 : openat(stager->store_fd, input->waits, flags);
    return fd >= 0 ? fd : openat(stager->store_fd, input->source, flags);
}

/* The first size_bytes bytes of from_fd, which has just these: the store looked. */
static bool copy_bytes(struct stager *stager, int from_fd, int to_fd, uint64_t size_bytes)
{
    ssize_t len = fd_read_full(from_fd, stager->copy, (size_t)size_bytes);
    if (len < 0 || (uint64_t)len != size_bytes) {
        errno = len < 0 ? errno : EIO;
        return false;
    }
    return fd_write_all(to_fd, (struct str){.ptr = stager->copy, .len = (size_t)len}) == OK;
}

static enum err file_make(
    struct stager *stager, int dir_fd, const char *name, const struct ns_input *input)
{
    bool bound = input->size_bytes > NS_COPY_BYTES_MAX;
    mode_t mode = input->kind == TREE_EXECUTABLE ? 0555 : 0444;
    AUTO_CLOSE int from_fd = bound ? -1 : source_open(stager, input);
    if (!bound && from_fd < 0) {
        return diag_add_errno(
            stager->diags, errno, "cannot open input %s in the store", input->path);
    }
    AUTO_CLOSE int to_fd =
        openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (to_fd < 0) {
        return diag_add_errno(stager->diags, errno, "cannot make input %s", input->path);
    }
    if (bound) {
        return OK;
    }
    if (!copy_bytes(stager, from_fd, to_fd, input->size_bytes) ||
        futimens(to_fd, fixed_times) != 0) {
        return diag_add_errno(stager->diags, errno, "cannot copy input %s", input->path);
    }
    return OK;
}

static enum err symlink_make(
    struct stager *stager, int dir_fd, const char *name, const char *target)
{
    if (symlinkat(target, dir_fd, name) != 0 ||
        utimensat(dir_fd, name, fixed_times, AT_SYMLINK_NOFOLLOW) != 0) {
        return diag_add_errno(stager->diags, errno, "cannot make the link %s -> %s", name, target);
    }
    return OK;
}

/* path: where it is seen, below the sandbox's root. */
static enum err input_make(struct stager *stager, const char *path, const struct ns_input *input)
{
    struct str whole = str_of(path);
    size_t slash = str_find_last(whole, '/');
    const char *name = path + (slash < whole.len ? slash + 1 : 0);
    if (input->kind == TREE_DIRECTORY) {
        bind_add(stager, input, path);
        return folder_make(stager, path, 0555);
    }
    int dir_fd = stager->stage->root_fd;
    enum err err =
        slash < whole.len ? folder_open(stager, str_sub(whole, 0, slash), 0755, &dir_fd) : OK;
    if (err != OK) {
        return err;
    }
    if (input->kind == TREE_SYMLINK) {
        return symlink_make(stager, dir_fd, name, input->source);
    }
    if (input->size_bytes > NS_COPY_BYTES_MAX) {
        bind_add(stager, input, path);
    }
    return file_make(stager, dir_fd, name, input);
}

static const char *const ours[] = {"build", "dev", "proc", "tmp"};
enum {
    OURS_COUNT = sizeof ours / sizeof ours[0],
};

static bool is_ours(const char *name)
{
    for (size_t i = 0; i < OURS_COUNT; i++) {
        if (strcmp(name, ours[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* One entry of the toolchain's root. */
static enum err entry_make(struct stager *stager, const char *root, int root_fd, const char *name)
{
    if (is_ours(name)) {
        return diag_add(stager->diags, ERR_INVALID, SPAN_NONE,
            "a toolchain tree has /%s, which the sandbox makes itself", name);
    }
    struct stat st;
    if (fstatat(root_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return diag_add_errno(stager->diags, errno, "cannot stat /%s of a toolchain", name);
    }
    struct ns_input input = {.path = name, .waits = "", .size_bytes = (uint64_t)st.st_size};
    char target[PATH_MAX];
    if (S_ISLNK(st.st_mode)) {
        ssize_t len = readlinkat(root_fd, name, target, sizeof target - 1);
        if (len < 0) {
            return diag_add_errno(stager->diags, errno, "cannot read /%s of a toolchain", name);
        }
        target[len] = '\0';
        input.kind = TREE_SYMLINK;
        input.source = target;
    } else {
        input.kind = S_ISDIR(st.st_mode)           ? TREE_DIRECTORY
                     : (st.st_mode & S_IXUSR) != 0 ? TREE_EXECUTABLE
                                                   : TREE_FILE;
        input.source = arena_printf(stager->arena, "%s/%s", root, name).ptr;
    }
    return input_make(stager, arena_cstr(stager->arena, str_of(name)), &input);
}

static enum err toolchain_make(struct stager *stager, const char *root)
{
    int fd = openat(stager->store_fd, root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        int error_number = errno;
        fd_close(&fd);
        return diag_add_errno(
            stager->diags, error_number, "cannot open the toolchain tree %s in the store", root);
    }
    enum err err = OK;
    for (struct dirent *entry = readdir(dir); err == OK && entry != NULL; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            err = entry_make(stager, root, fd, entry->d_name);
        }
    }
    (void)closedir(dir);
    return err;
}

/* Times and modes come last: what was made in a folder has changed them. */
static enum err folders_finish(struct stager *stager)
{
    int root_fd = stager->stage->root_fd;
    for (size_t i = 0; i < stager->folder_count; i++) {
        const char *path = stager->folders[i];
        struct str view = str_of(path);
        bool writable = str_eq(view, STR("tmp")) || str_eq(view, STR("build/out")) ||
                        str_starts(view, STR("build/out/"));
        if ((!writable && fchmodat(root_fd, path, 0555, 0) != 0) ||
            utimensat(root_fd, path, fixed_times, 0) != 0) {
            return diag_add_errno(stager->diags, errno, "cannot finish folder /%s", path);
        }
    }
    return OK;
}

static enum err room_fill(struct stager *stager, const char *root)
{
    enum err err = toolchain_make(stager, root);
    for (size_t i = 0; err == OK && i < OURS_COUNT; i++) {
        err = folder_make(stager, ours[i], 0755);
    }
    err = err != OK ? err : folders_finish(stager);
    /* A mount's own descriptor is O_PATH: by name. */
    int root_fd = stager->stage->root_fd;
    if (err == OK &&
        (fchmodat(root_fd, ".", 0555, 0) != 0 || utimensat(root_fd, ".", fixed_times, 0) != 0)) {
        err = diag_add_errno(stager->diags, errno, "cannot finish the sandbox's root");
    }
    return err;
}

static enum err action_fill(struct stager *stager, const struct ns_request *request)
{
    enum err err = folder_make(stager, "tmp", 01777);
    err = err != OK ? err : folder_make(stager, "build/out", 0755);
    for (size_t i = 0; err == OK && request->dirs[i] != NULL; i++) {
        const char *path = arena_printf(stager->arena, "build/%s", request->dirs[i]).ptr;
        err = folder_make(stager, path, 0755);
    }
    for (size_t i = 0; err == OK && i < request->input_count; i++) {
        const char *path = arena_printf(stager->arena, "build/%s", request->inputs[i].path).ptr;
        err = input_make(stager, path, &request->inputs[i]);
    }
    return err != OK ? err : folders_finish(stager);
}

static enum err stage_make(
    uint64_t key, struct stager *stager, const char *size, struct ns_stage *stage)
{
    const struct mount_option options[] = {
        {"mode", "0755"}, {"size", size}, {"nr_inodes", "400000"}};
    *stage = (struct ns_stage){.root_fd = -1};
    stager->stage = stage;
    stager->open_fd = -1;
    return mount_new(key, "tmpfs", options, sizeof options / sizeof options[0],
        MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, &stage->root_fd, stager->diags);
}

enum err ns_stage_room(uint64_t key, int store_fd, const char *root, struct arena *arena,
    struct ns_stage *ret_stage, struct diags *diags)
{
    char copy[NS_COPY_BYTES_MAX];
    struct stager stager = {.store_fd = store_fd, .arena = arena, .diags = diags, .copy = copy};
    enum err err = stage_make(key, &stager, "50%", ret_stage);
    err = err != OK ? err : room_fill(&stager, root);
    fd_close(&stager.open_fd);
    return err;
}

enum err ns_stage_action(uint64_t key, int store_fd, const struct ns_request *request,
    uint64_t size_bytes, struct arena *arena, struct ns_stage *ret_stage, struct diags *diags)
{
    char copy[NS_COPY_BYTES_MAX];
    struct stager stager = {.store_fd = store_fd, .arena = arena, .diags = diags, .copy = copy};
    const char *size = arena_printf(arena, "%llu", (unsigned long long)size_bytes).ptr;
    enum err err = stage_make(key, &stager, size, ret_stage);
    err = err != OK ? err : action_fill(&stager, request);
    fd_close(&stager.open_fd);
    return err;
}
