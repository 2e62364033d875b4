/* src/exec/namespace/mount.h: the kernel's mount calls with descriptors (fsopen(2) and friends),
 * each with its story when it fails. */
#ifndef EXEC_NAMESPACE_MOUNT_H
#define EXEC_NAMESPACE_MOUNT_H
#include "base/diag.h"

/* name=value; a value of NULL is a flag. */
struct mount_option {
    const char *name, *value;
};
/* A new file system, not yet to be seen anywhere; attributes: MOUNT_ATTR_*. The caller closes. */
enum err mount_new(const char *type, const struct mount_option *options, size_t option_count,
    unsigned attributes, int *ret_fd, struct diags *diags);
/* A copy of what is seen at path and below. */
enum err mount_copy(int dir_fd, const char *path, int *ret_fd, struct diags *diags);
/* Adds attributes to it and to all below. */
enum err mount_restrict(int mount_fd, unsigned attributes, struct diags *diags);
/* Shows it at path. */
enum err mount_attach(int mount_fd, int dir_fd, const char *path, struct diags *diags);
/* mount_copy, mount_restrict, mount_attach. */
enum err mount_bind(
    const char *from, int dir_fd, const char *to, unsigned attributes, struct diags *diags);
/* The working directory becomes /, and what was / is gone. */
enum err mount_enter(struct diags *diags);
#endif
