/* src/exec/namespace/mount.c
 *
 * By number and not by glibc's wrappers: the key goes where they have no argument. */
#include "exec/namespace/mount.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

enum err mount_new(uint64_t key, const char *type, const struct mount_option *options,
    size_t option_count, unsigned attributes, int *ret_fd, struct diags *diags)
{
    AUTO_CLOSE int context_fd = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC, 0, 0, 0, key);
    if (context_fd < 0) {
        return diag_add_errno(diags, errno, "cannot make a file system of type %s", type);
    }
    for (size_t i = 0; i < option_count; i++) {
        unsigned command = options[i].value == NULL ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
        if (syscall(SYS_fsconfig, context_fd, command, options[i].name, options[i].value, 0, key) !=
            0) {
            return diag_add_errno(diags, errno, "%s refuses the option %s", type, options[i].name);
        }
    }
    if (syscall(SYS_fsconfig, context_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0, key) != 0) {
        return diag_add_errno(diags, errno, "cannot make a file system of type %s", type);
    }
    int fd = (int)syscall(SYS_fsmount, context_fd, FSMOUNT_CLOEXEC, attributes, 0, 0, key);
    if (fd < 0) {
        return diag_add_errno(diags, errno, "cannot mount a file system of type %s", type);
    }
    *ret_fd = fd;
    return OK;
}

enum err mount_copy(uint64_t key, int dir_fd, const char *path, int *ret_fd, struct diags *diags)
{
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW;
    int fd = (int)syscall(SYS_open_tree, dir_fd, path, flags, 0, 0, key);
    if (fd < 0) {
        return diag_add_errno(diags, errno, "cannot bind %s", path);
    }
    *ret_fd = fd;
    return OK;
}

enum err mount_restrict(uint64_t key, int mount_fd, unsigned attributes, struct diags *diags)
{
    struct mount_attr attr = {.attr_set = attributes};
    unsigned flags = AT_EMPTY_PATH | AT_RECURSIVE;
    if (syscall(SYS_mount_setattr, mount_fd, "", flags, &attr, sizeof attr, key) != 0) {
        return diag_add_errno(diags, errno, "cannot make a mount read-only");
    }
    return OK;
}

enum err mount_attach(uint64_t key, int mount_fd, int dir_fd, const char *path, struct diags *diags)
{
    if (syscall(SYS_move_mount, mount_fd, "", dir_fd, path, MOVE_MOUNT_F_EMPTY_PATH, key) != 0) {
        return diag_add_errno(diags, errno, "cannot mount at %s", path);
    }
    return OK;
}

enum err mount_bind(uint64_t key, const char *from, int dir_fd, const char *to, unsigned attributes,
    struct diags *diags)
{
    AUTO_CLOSE int fd = -1;
    enum err err = mount_copy(key, AT_FDCWD, from, &fd, diags);
    err = err != OK || attributes == 0 ? err : mount_restrict(key, fd, attributes, diags);
    return err != OK ? err : mount_attach(key, fd, dir_fd, to, diags);
}

enum err mount_enter(uint64_t key, struct diags *diags)
{
    /* "." twice: the old root is put on top of the new one and taken off at once. */
    if (syscall(SYS_pivot_root, ".", ".", 0, 0, 0, key) != 0) {
        return diag_add_errno(diags, errno, "cannot change the root folder");
    }
    if (syscall(SYS_umount2, ".", MNT_DETACH, 0, 0, 0, key) != 0 || chdir("/") != 0) {
        return diag_add_errno(diags, errno, "cannot leave the old root folder");
    }
    return OK;
}

enum err namespace_new(uint64_t key, int flags, const char *what, struct diags *diags)
{
    if (syscall(SYS_unshare, flags, 0, 0, 0, 0, key) != 0) {
        return diag_add_errno(diags, errno, "the kernel refuses %s", what);
    }
    return OK;
}

enum err namespace_enter(uint64_t key, int fd, int flags, const char *what, struct diags *diags)
{
    if (syscall(SYS_setns, fd, flags, 0, 0, 0, key) != 0) {
        return diag_add_errno(diags, errno, "cannot enter %s", what);
    }
    return OK;
}
