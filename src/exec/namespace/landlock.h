/* src/exec/namespace/landlock.h: a second lock behind the read-only mounts and the namespaces. */
#ifndef EXEC_NAMESPACE_LANDLOCK_H
#define EXEC_NAMESPACE_LANDLOCK_H
#include "base/diag.h"

/* The kernel's version of it; 0: none. */
unsigned ns_landlock_abi(void);
/* Reading and running anywhere below /, writing only below /tmp and /build/out and to the devices;
 * no TCP, no signals and no abstract sockets to processes outside. Needs no_new_privs. */
enum err ns_landlock_restrict(unsigned abi, struct diags *diags);
#endif
