/* src/exec/namespace/runner.h: the process behind one slot; runs one action at a time.
 *
 *   socket_fd:  requests in, replies out (wire.h); its other end's closing ends the runner
 *   cancel_fd:  a pipe that nobody reads: once readable, what runs is killed
 *   terminal_fd: the standard streams of actions, or -1: they are read to the end */
#ifndef EXEC_NAMESPACE_RUNNER_H
#define EXEC_NAMESPACE_RUNNER_H
#include "base/diag.h"

/* In a fresh fork of a process with one thread. First sends a reply: NS_READY (text: the cgroup's
 * folder or nothing) or NS_BROKEN. */
_Noreturn void ns_runner_main(
    int socket_fd, int cancel_fd, int terminal_fd, const char *store_root);
#endif
