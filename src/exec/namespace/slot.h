/* src/exec/namespace/slot.h: what a runner makes once, for all its actions.
 *
 *   a user, a mount, a uts and a network namespace of its own, in which / is
 *     store/   the store, read-only          proc/  the host's, to write id maps through
 *     dev/     null zero full random urandom new/   where an action's root is put together
 *   and nothing else: each action's mount namespace starts as a copy of this, so it is small. */
#ifndef EXEC_NAMESPACE_SLOT_H
#define EXEC_NAMESPACE_SLOT_H
#include "base/diag.h"

enum {
    NS_PIDS_MAX = 4096,
    NS_FILES_MAX = 4096,
};
/* Joins a cgroup that bounds the number of processes, if there is one that we may make (a limit
 * for each user binds no process of root's). *ret_path: its folder, for ns_pids_release; empty:
 * none. */
void ns_pids_bound(char *ret_path, size_t path_size);
void ns_pids_release(const char *path);
/* Enters the namespaces. ERR_IO: says which one the kernel refuses. */
enum err ns_slot_enter(const char *store_root, struct diags *diags);
/* Another network namespace, which nobody was in; the action inherits it. A runner makes it while
 * it has nothing else to do: it is the dearest of them all. */
enum err ns_network_renew(struct diags *diags);
#endif
