/* src/exec/namespace/seccomp.h: which system calls an action may make (seccomp(2), classic BPF).
 *
 *   not our machine's own call numbers     the process is killed
 *   in the list                            allowed, some only with harmless arguments
 *   denied on purpose                      EPERM: mount bpf keyctl ...
 *   a runner's own                         EPERM, unless the sixth argument, at which the kernel
 *                                          does not look, is its key: unshare setns fsopen ...
 *   what leaves a trace in a namespace     the runner is asked, notes it, and lets it pass: socket
 *                                          socketpair shmget semget msgget mq_open
 *   any other number, known or not         ENOSYS, as on a kernel that does not have it
 *
 * The runner loads it for itself, once: what it starts inherits it, and to load a filter costs more
 * than the rest of a sandbox. The key is 64 random bits that leave the runner's memory only for the
 * kernel, which shows a loaded filter to nobody who is under one; all of it is compared at once, so
 * that how long a call takes says nothing of it. Behind it stands that an action has no capability,
 * and that a user namespace, in which it would have some, is not to be had with the key either. */
#ifndef EXEC_NAMESPACE_SECCOMP_H
#define EXEC_NAMESPACE_SECCOMP_H
#include "base/diag.h"

/* Namespaces that an action has used, and that no other may be in after it. */
enum ns_used {
    NS_USED_NETWORK = 1,
    NS_USED_IPC = 2,
};
/* For this process and all that it starts. Needs no_new_privs. *ret_listener_fd: where the kernel
 * asks; -1: nobody can be asked here (another listener is above us), everything is allowed. */
enum err ns_filter_install(uint64_t key, int *ret_listener_fd, struct diags *diags);
/* Answers one question, when listener_fd is readable; gives what is used from now on, enum ns_used.
 */
unsigned ns_filter_answer(int listener_fd);
#endif
