/* src/exec/collect.c
 *
 * The action chose what is at each path, so every step goes from a descriptor, and no link of any
 * kind is followed (CVE-2026-39860 and its kin are what happens otherwise). */
#include "exec/collect.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

static int open_beneath(int root_fd, const char *path, uint64_t flags)
{
    struct open_how how = {.flags = flags | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, root_fd, path, &how, sizeof how);
}

static const char *kind_name(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return "a file";
    case S_IFDIR:
        return "a folder";
    case S_IFLNK:
        return "a symbolic link";
    case S_IFIFO:
        return "a named pipe";
    case S_IFSOCK:
        return "a socket";
    default:
        return "a device";
    }
}

/* Security modules put a label on every file; no action can. */
static bool has_attributes(int fd)
{
    char names[4096];
    ssize_t len = flistxattr(fd, names, sizeof names);
    for (ssize_t i = 0; i < len; i += (ssize_t)strlen(names + i) + 1) {
        if (strncmp(names + i, "security.", 9) != 0 ||
            strcmp(names + i, "security.capability") == 0) {
            return true;
        }
    }
    return len < 0 && errno != EOPNOTSUPP;
}

/* What is at path, not opened yet. ERR_ABSENT without a diag. */
static enum err output_look(
    int root_fd, const char *path, bool folder, struct stat *ret_st, struct diags *diags)
{
    AUTO_CLOSE int fd = open_beneath(root_fd, path, O_PATH | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) {
        return ERR_ABSENT;
    }
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR)) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE,
            "output %s goes through something that is no folder", path);
    }
    if (fd < 0 || fstat(fd, ret_st) != 0) {
        return diag_add_errno(diags, errno, "cannot look at output %s", path);
    }
    mode_t want = folder ? S_IFDIR : S_IFREG;
    if ((ret_st->st_mode & S_IFMT) != want) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE, "output %s is %s, not %s", path,
            kind_name(ret_st->st_mode), kind_name(want));
    }
    if ((ret_st->st_mode & (S_ISUID | S_ISGID)) != 0) {
        return diag_add(
            diags, ERR_INVALID, SPAN_NONE, "output %s has a set-user-id or set-group-id bit", path);
    }
    return OK;
}

/* An ordinary user cannot read what the action made unreadable to its owner, who we are. */
static int open_output(int root_fd, const char *path, bool folder, mode_t mode)
{
    mode_t need = folder ? 0500 : 0400;
    if ((mode & need) != need) {
        AUTO_CLOSE int fd = open_beneath(root_fd, path, O_PATH | O_NOFOLLOW);
        char link[64];
        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (fd < 0 || chmod(link, (mode & 0777) | need) != 0) {
            return -1;
        }
    }
    return open_beneath(
        root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | (folder ? O_DIRECTORY : 0));
}

static enum err output_collect(struct store *store, int root_fd, struct str path, bool folder,
    struct exec_output *ret_output, struct diags *diags)
{
    struct stat st;
    const char *below = arena_printf(diags->arena, "build/%.*s", STR_ARG(path)).ptr;
    const char *name = below + 6;
    AUTO_CLOSE int build_fd = open_beneath(root_fd, "build", O_PATH | O_DIRECTORY);
    enum err err = output_look(build_fd, name, folder, &st, diags);
    if (err != OK) {
        return err;
    }
    AUTO_CLOSE int fd = open_output(build_fd, name, folder, st.st_mode);
    if (fd < 0) {
        return diag_add_errno(diags, errno, "cannot open output %s", name);
    }
    if (has_attributes(fd)) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE,
            "output %s has extended attributes or an access list", name);
    }
    ret_output->path = path;
    ret_output->kind = folder                        ? TREE_DIRECTORY
                       : (st.st_mode & S_IXUSR) != 0 ? TREE_EXECUTABLE
                                                     : TREE_FILE;
    err = folder ? tree_import(store, fd, &ret_output->digest, diags)
                 : store_put_fd(store, fd, &ret_output->digest, diags);
    return err == OK ? OK : diag_add(diags, err, SPAN_NONE, "cannot keep output %s", name);
}

enum err exec_collect(struct store *store, int root_fd, const struct exec_action *action,
    struct arena *arena, struct exec_result *ret_result, struct diags *diags)
{
    size_t count = action->output_count + action->folder_count;
    struct exec_output *outputs = ARENA_NEW(arena, struct exec_output, count);
    for (size_t i = 0; i < count; i++) {
        bool folder = i >= action->output_count;
        struct str path = folder ? action->folders[i - action->output_count] : action->outputs[i];
        enum err err = output_collect(store, root_fd, path, folder, &outputs[i], diags);
        if (err == ERR_ABSENT) {
            ret_result->missing = arena_str(arena, path);
            return OK;
        }
        if (err != OK) {
            return err;
        }
        outputs[i].path = arena_str(arena, path);
    }
    ret_result->outputs = outputs;
    ret_result->output_count = count;
    return OK;
}
