/* src/exec/namespace/stage.h: file systems laid out before an action's namespaces exist.
 *
 *   room: tmpfs, one for a slot as long as its actions have the same toolchain, read-only
 *     usr/ lib64/ ...     empty folders, over which the toolchain's are bound (stage.binds)
 *     bin -> usr/bin      the tree's own links
 *     build/ tmp/ proc/   empty: where the action's own go        dev/  where the devices go
 *   action: tmpfs, one for each action, nobody else's, with a bound
 *     build/a.c           small inputs: copies, so that no two actions share an inode
 *     build/gen/big.o     large inputs and whole folders: bound from the store (stage.binds)
 *     build/out/pkg/      writable      tmp/ writable
 *
 * All times are FIXED_TIME, folders 0555, files 0444 or 0555, one owner. */
#ifndef EXEC_NAMESPACE_STAGE_H
#define EXEC_NAMESPACE_STAGE_H
#include "exec/namespace/wire.h"

enum {
    NS_COPY_BYTES_MAX = 64 * 1024, /* above this a bind is cheaper than a copy */
    NS_FIXED_TIME = 1,             /* as SOURCE_DATE_EPOCH and as the store's files */
};
struct ns_bind {
    const char *from;  /* below the store's root */
    const char *waits; /* where that is until it is there, or empty */
    const char *to;    /* below the file system's root; is there */
};
struct ns_stage {
    int root_fd; /* the tmpfs, mounted nowhere yet; the caller closes */
    struct ns_bind *binds;
    size_t bind_count;
};
/* key: as in mount.h. store_fd: the store's root. ret_stage is in arena; root_fd is set (or -1) on
 * failure too. root: a staged toolchain tree, below the store's root. */
enum err ns_stage_room(uint64_t key, int store_fd, const char *root, struct arena *arena,
    struct ns_stage *ret_stage, struct diags *diags);
/* size_bytes: what the file system may hold. */
enum err ns_stage_action(uint64_t key, int store_fd, const struct ns_request *request,
    uint64_t size_bytes, struct arena *arena, struct ns_stage *ret_stage, struct diags *diags);
#endif
