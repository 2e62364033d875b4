/* src/exec/namespace/seccomp.h: which system calls an action may make (seccomp(2), classic BPF).
 *
 *   not our machine's own call numbers     the process is killed
 *   in the list                            allowed, some only with harmless arguments
 *   denied on purpose                      EPERM: unshare setns mount bpf keyctl ...
 *   any other number, known or not         ENOSYS, as on a kernel that does not have it
 */
#ifndef EXEC_NAMESPACE_SECCOMP_H
#define EXEC_NAMESPACE_SECCOMP_H
#include "base/diag.h"
#include <linux/filter.h>

enum {
    NS_FILTER_LEN_MAX = 768,
};
struct ns_filter {
    struct sock_filter code[NS_FILTER_LEN_MAX];
    unsigned short len;
};
/* Once for a runner. */
void ns_filter_build(struct ns_filter *ret_filter);
/* For this process and all that it starts. Needs no_new_privs. */
enum err ns_filter_install(const struct ns_filter *filter, struct diags *diags);
#endif
