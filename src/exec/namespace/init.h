/* src/exec/namespace/init.h: process 1 of an action's pid namespace.
 *
 *   runner --clone--> init (1): mounts; it has the runner's memory, which waits at started_fd
 *                       \--> the action (2): locks itself up, then execve
 *                     init says "started", reaps until 2 is dead, reports, and ends; the kernel
 *                     kills the rest
 *
 * Init is a process of its own in all but memory: to copy that would cost more than a sandbox's
 * mounts. So it must not touch the heap or errno once the runner goes on. */
#ifndef EXEC_NAMESPACE_INIT_H
#define EXEC_NAMESPACE_INIT_H
#include "exec/namespace/slot.h"
#include "exec/namespace/stage.h"

enum {
    NS_STACK_BYTES = 256 * 1024,
};
enum {
    NS_TOKENS_FD = 3, /* where an action that shares the jobserver has it; and the next one */
};
struct ns_report {
    enum ns_status status; /* NS_READY: it runs; NS_RAN, NS_REFUSED, NS_BROKEN */
    int wait_status;       /* as waitpid gives it */
    uint64_t rss_max_bytes;
    uint32_t proc_mounted;
    char text[512];
};
struct ns_init {
    const struct ns_request *request;
    const struct ns_stage *stage;
    const struct ns_slot *slot;
    struct arena *arena;      /* the runner's, for this action */
    char *stack;              /* NS_STACK_BYTES, for the action until it is a program */
    struct ns_report *report; /* the runner reads it when init is dead, or status is not NS_READY */
    int stdout_fd, stderr_fd;
    int terminal_fd;  /* in their place, and stdin's; or -1 */
    int token_fds[2]; /* of a jobserver, or -1 */
    int started_fd;   /* a pipe: one byte once report says something; its end is init's death */
};
/* In the new pid namespace, as its first process; context: struct ns_init. For clone(2). */
int ns_init_main(void *context);
#endif
