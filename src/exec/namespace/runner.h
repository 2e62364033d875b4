/* src/exec/namespace/runner.h: the process behind one slot; runs one action at a time. */
#ifndef EXEC_NAMESPACE_RUNNER_H
#define EXEC_NAMESPACE_RUNNER_H
#include "base/diag.h"

struct ns_fds {
    int socket;    /* requests in, replies out (wire.h); its other end's closing ends the runner */
    int cancel;    /* a pipe that nobody reads: once readable, what runs is killed */
    int terminal;  /* the standard streams of actions, or -1: they are read to the end */
    int tokens[2]; /* both ends of a jobserver's pipe, for actions that share them; or -1 */
};
/* In a fresh fork of a process with one thread. First sends a reply: NS_READY (text: the cgroups'
 * paths, for ns_groups_release) or NS_BROKEN. */
_Noreturn void ns_runner_main(const struct ns_fds *fds, const char *store_root);
#endif
