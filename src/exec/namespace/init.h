/* src/exec/namespace/init.h: process 1 of an action's namespaces.
 *
 *   runner --clone--> init (1): maps ids, mounts, locks itself up
 *                       \--> the action (2): filter and landlock on, then execve
 *                     init reaps until 2 is dead, reports, and ends; the kernel kills the rest */
#ifndef EXEC_NAMESPACE_INIT_H
#define EXEC_NAMESPACE_INIT_H
#include "exec/namespace/seccomp.h"
#include "exec/namespace/stage.h"

enum {
    NS_UID = 1000, /* and gid, inside of every sandbox */
};
struct ns_report {
    enum ns_status status; /* NS_RAN, NS_REFUSED, NS_BROKEN */
    int wait_status;       /* as waitpid gives it */
    uint32_t proc_mounted;
    char text[512];
};
struct ns_init {
    const struct ns_request *request;
    const struct ns_stage *stage;
    const struct ns_filter *filter;
    unsigned landlock_abi;
    int stdout_fd, stderr_fd, report_fd;
};
/* uid_map and gid_map of this process's user namespace: inner NS_UID is outer_uid. */
enum err ns_ids_map(unsigned outer_uid, unsigned outer_gid, struct diags *diags);
/* In the new namespaces, as their first process. */
_Noreturn void ns_init_main(const struct ns_init *init);
#endif
