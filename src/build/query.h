/* src/build/query.h: what a workspace describes, without building any of it. For `srcs`, and for
 * the completion of labels. */
#ifndef BUILD_QUERY_H
#define BUILD_QUERY_H
#include "build/build.h"

/* The folders that form the workspace; the paths live as long as the engine. */
const struct workspace *build_workspace(const struct engine *engine);
/* Targets in the default configuration, by package and name, decoded, in arena: of the package
 * `folder` alone; or (below) of all packages in it and below it, without those that cannot be read.
 * ERR_INVALID with the story of what is wrong. */
enum err build_targets(struct engine *engine, struct str folder, bool below, struct arena *arena,
    struct target **ret_targets, size_t *ret_count, struct diags *diags);
#endif
