/* src/exec/namespace/group.h: the bounds of all processes of an action together.
 *
 *   cgroup v2     <parent of ours>/straylight-<pid>/    pids.max memory.max, one for both
 *   cgroup v1     <ours>/straylight-<pid>/              in each of the two hierarchies
 *   neither       the runner looks at the action's /proc ten times a second (ns_groups_look)
 *
 * A runner and its actions are in it. Whoever goes beyond is told of by the kernel's counters, and
 * the action is ended. Where the runner looks, a bound is passed for a moment before it is seen. */
#ifndef EXEC_NAMESPACE_GROUP_H
#define EXEC_NAMESPACE_GROUP_H
#include "exec/exec.h"

enum {
    NS_PIDS_MAX = EXEC_PROCESSES_MAX,
    NS_LOOK_MS = 100,
    NS_GROUP_COUNT = 2,
    NS_GROUP_PATH_MAX = 256,
};
struct ns_groups {
    char paths[NS_GROUP_COUNT][NS_GROUP_PATH_MAX]; /* to remove; the second may be empty */
    int pids_events_fd;                            /* -1: not bounded by a cgroup */
    int memory_events_fd, memory_max_fd;           /* the same */
    int memory_version;                            /* of the cgroup: 0, 1, 2 */
    uint64_t pids_hits, memory_kills;              /* what the counters said last */
    uint64_t memory_max_bytes;                     /* what memory_max_fd was told last */
};
enum ns_excess {
    NS_EXCESS_NONE,
    NS_EXCESS_PROCESSES,
    NS_EXCESS_MEMORY,
};
/* Before the namespaces are entered. Never fails: what cannot be had is not there. */
void ns_groups_join(struct ns_groups *ret_groups);
/* text: paths, each with a newline behind it. */
void ns_groups_release(struct str text);
/* The next action's bound. 0: seven eighths of the machine. Gives it. */
uint64_t ns_groups_memory_set(struct ns_groups *groups, uint64_t bytes_max);
/* Has the action, since this was last asked, been refused a process, or lost one for memory? */
enum ns_excess ns_groups_ask(struct ns_groups *groups);
/* Counts the processes, and their memory (proportional set size, without files of a disk), that
 * init's /proc shows; only what no cgroup bounds. proc_fd: the host's /proc. */
enum ns_excess ns_groups_look(const struct ns_groups *groups, int proc_fd, int init_pid);
#endif
