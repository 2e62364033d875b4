/* src/build/workspace.h: where the workspace is, and where its state lies.
 *
 *   /home/u/proj/straylight.dhall         the nearest folder upwards that has one is the root
 *   /home/u/proj/src/base     here        "src/base": what short labels are relative to
 *   $store/workspaces/<hex>/  state       hex of the SHA-256 of the root's path: graph, links, path
 */
#ifndef BUILD_WORKSPACE_H
#define BUILD_WORKSPACE_H
#include "base/diag.h"

#define WORKSPACE_FILE "straylight.dhall"
#define PACKAGE_FILE "BUILD.dhall"

struct workspace {
    const char *root;  /* absolute, without links */
    struct str here;   /* below the root; "" is the root */
    const char *state; /* absolute; need not exist yet */
};
/* All in arena. ERR_INVALID with a diag that says what to do: there is none. */
enum err workspace_find(const char *store_root, struct arena *arena,
    struct workspace *ret_workspace, struct diags *diags);
/* Is this name, below the workspace's root, one that sources and packages cannot have? */
bool workspace_reserved(struct str name);
#endif
