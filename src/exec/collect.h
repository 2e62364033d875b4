/* src/exec/collect.h: an action's outputs into the store, once nothing of it is alive. */
#ifndef EXEC_COLLECT_H
#define EXEC_COLLECT_H
#include "exec/exec.h"

/* root_fd: the sandbox's file system. Sets ret_result's outputs, or its missing. ERR_INVALID: an
 * output is no plain file (or folder); the diag names it. */
enum err exec_collect(struct store *store, int root_fd, const struct exec_action *action,
    struct arena *arena, struct exec_result *ret_result, struct diags *diags);
#endif
