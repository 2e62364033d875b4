/* src/exec/namespace/mount.h: the kernel's mount calls with descriptors (fsopen(2) and friends),
 * each with its story when it fails. key: what the filter lets them pass by (seccomp.h); 0 where
 * there is none yet. */
#ifndef EXEC_NAMESPACE_MOUNT_H
#define EXEC_NAMESPACE_MOUNT_H
#include "base/diag.h"

/* name=value; a value of NULL is a flag. */
struct mount_option {
    const char *name, *value;
};
/* A new file system, not yet to be seen anywhere; attributes: MOUNT_ATTR_*. The caller closes. */
enum err mount_new(uint64_t key, const char *type, const struct mount_option *options,
    size_t option_count, unsigned attributes, int *ret_fd, struct diags *diags);
/* A copy of what is seen at path and below. */
enum err mount_copy(uint64_t key, int dir_fd, const char *path, int *ret_fd, struct diags *diags);
/* Adds attributes to it and to all below. */
enum err mount_restrict(uint64_t key, int mount_fd, unsigned attributes, struct diags *diags);
/* Shows it at path. */
enum err mount_attach(
    uint64_t key, int mount_fd, int dir_fd, const char *path, struct diags *diags);
/* mount_copy, mount_restrict, mount_attach. */
enum err mount_bind(uint64_t key, const char *from, int dir_fd, const char *to, unsigned attributes,
    struct diags *diags);
/* The working directory becomes /, and what was / is gone. */
enum err mount_enter(uint64_t key, struct diags *diags);
/* unshare(2) and setns(2); what: for the message, "a network namespace". */
enum err namespace_new(uint64_t key, int flags, const char *what, struct diags *diags);
enum err namespace_enter(uint64_t key, int fd, int flags, const char *what, struct diags *diags);
#endif
