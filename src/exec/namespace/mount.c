/* src/exec/namespace/mount.c */
#include "exec/namespace/mount.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

enum err mount_new(const char *type, const struct mount_option *options, size_t option_count,
    unsigned attributes, int *ret_fd, struct diags *diags)
{
    AUTO_CLOSE int context_fd = fsopen(type, FSOPEN_CLOEXEC);
    if (context_fd < 0) {
        return diag_add_errno(diags, errno, "cannot make a file system of type %s", type);
    }
    for (size_t i = 0; i < option_count; i++) {
        unsigned command = options[i].value == NULL ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
        if (fsconfig(context_fd, command, options[i].name, options[i].value, 0) != 0) {
            return diag_add_errno(diags, errno, "%s refuses the option %s", type, options[i].name);
        }
    }
    if (fsconfig(context_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0) {
        return diag_add_errno(diags, errno, "cannot make a file system of type %s", type);
    }
    int fd = fsmount(context_fd, FSMOUNT_CLOEXEC, attributes);
    if (fd < 0) {
        return diag_add_errno(diags, errno, "cannot mount a file system of type %s", type);
    }
    *ret_fd = fd;
    return OK;
}

enum err mount_copy(int dir_fd, const char *path, int *ret_fd, struct diags *diags)
{
    int fd = open_tree(
        dir_fd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW);
    if (fd < 0) {
        return diag_add_errno(diags, errno, "cannot bind %s", path);
    }
    *ret_fd = fd;
    return OK;
}

enum err mount_restrict(int mount_fd, unsigned attributes, struct diags *diags)
{
    struct mount_attr attr = {.attr_set = attributes};
    if (mount_setattr(mount_fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) != 0) {
        return diag_add_errno(diags, errno, "cannot make a mount read-only");
    }
    return OK;
}

enum err mount_attach(int mount_fd, int dir_fd, const char *path, struct diags *diags)
{
    if (move_mount(mount_fd, "", dir_fd, path, MOVE_MOUNT_F_EMPTY_PATH) != 0) {
        return diag_add_errno(diags, errno, "cannot mount at %s", path);
    }
    return OK;
}

enum err mount_bind(
    const char *from, int dir_fd, const char *to, unsigned attributes, struct diags *diags)
{
    AUTO_CLOSE int fd = -1;
    enum err err = mount_copy(AT_FDCWD, from, &fd, diags);
    err = err != OK || attributes == 0 ? err : mount_restrict(fd, attributes, diags);
    return err != OK ? err : mount_attach(fd, dir_fd, to, diags);
}

enum err mount_enter(struct diags *diags)
{
    /* "." twice: the old root is put on top of the new one and taken off at once. */
    if (syscall(SYS_pivot_root, ".", ".") != 0) {
        return diag_add_errno(diags, errno, "cannot change the root folder");
    }
    if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) {
        return diag_add_errno(diags, errno, "cannot leave the old root folder");
    }
    return OK;
}
