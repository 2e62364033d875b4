/* src/exec/namespace/slot.h: what a runner makes once, for all its actions.
 *
 *   home: a mount namespace in which / is
 *     store/   the store, read-only          proc/  the host's
 *     dev/     null zero full random urandom new/   where a room is put together
 *   room: another, in which / is what an action sees but for what is its own (stage.h). The store
 *     and the host's /proc were never in it. An action's mount namespace is a copy of it.
 *   user, uts, cgroup namespaces: kept, as nothing can be left in them. All that an action has its
 *     name in is its own: pid and mount namespaces, tmpfs, /proc.
 *   network, ipc namespaces: kept until an action has used them (seccomp.h says how that is known),
 *     then new ones, which nobody was in.
 *   the filter, the limits, the bounding set: inherited. */
#ifndef EXEC_NAMESPACE_SLOT_H
#define EXEC_NAMESPACE_SLOT_H
#include "base/diag.h"

enum {
    NS_PIDS_HARD_MAX = 4096, /* of a user, where nothing counts the action's own (group.h) */
    NS_FILES_MAX = 4096,
    NS_UID = 1000, /* and gid, inside of every sandbox */
};
struct ns_slot {
    uint64_t key;          /* seccomp.h */
    int home_fd, store_fd; /* the mount namespace; the store's root in it */
    int proc_fd;           /* the host's /proc */
    int room_fd;           /* -1: none yet */
    char *room_root;       /* the staged tree that it was made from */
    int listener_fd;       /* seccomp.h */
    unsigned landlock_abi;
};
/* uid_map and gid_map of this process's user namespace: inner NS_UID is outer_uid. */
enum err ns_ids_map(unsigned outer_uid, unsigned outer_gid, struct diags *diags);
/* Enters the namespaces and loads the filter. ERR_IO: says what the kernel refuses. */
enum err ns_slot_enter(const char *store_root, struct ns_slot *ret_slot, struct diags *diags);
/* The room is that of root, a staged tree below the store's root. */
enum err ns_slot_room(
    struct ns_slot *slot, const char *root, struct arena *arena, struct diags *diags);
/* Other namespaces in the place of those that were used, enum ns_used. A runner makes them while it
 * has nothing else to do: they are the dearest of all. */
enum err ns_slot_renew(const struct ns_slot *slot, unsigned used, struct diags *diags);
#endif
