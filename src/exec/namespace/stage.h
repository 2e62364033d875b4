/* src/exec/namespace/stage.h: the sandbox's file system, laid out before the action's namespaces
 * exist.
 *
 *   tmpfs, one for each action, nobody else's, with a bound
 *     usr/ lib64/ ...     empty folders, over which the toolchain's are bound (stage.binds)
 *     bin -> usr/bin      the tree's own links
 *     build/a.c           small inputs: copies, so that no two actions share an inode
 *     build/gen/big.o     large inputs and whole folders: bound from the store
 *     build/out/pkg/      writable      tmp/ writable      dev/ proc/ for init.c
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
    const char *from; /* below the store's root */
    const char *to;   /* below the sandbox's root; is there */
};
struct ns_stage {
    int root_fd; /* the tmpfs, mounted nowhere yet; the caller closes */
    struct ns_bind *binds;
    size_t bind_count;
};
/* store_fd: the store's root. ret_stage is in arena; root_fd is set (or -1) on failure too. */
enum err ns_stage_make(int store_fd, const struct ns_request *request, struct arena *arena,
    struct ns_stage *ret_stage, struct diags *diags);
#endif
