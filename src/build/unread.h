/* src/build/unread.h: declared, and never read.
 *
 *   depfiles of all compilations of the workspace -> what was read
 *   sources of the targets that were given to one  - what was read = findings
 *
 * A file that an action without a word about it may have read is no finding: one that has not run
 * with its present inputs, or that an assembler may have read more for. */
#ifndef BUILD_UNREAD_H
#define BUILD_UNREAD_H
#include "build/build.h"

struct unread_finding {
    struct label label;
    struct str path;  /* the workspace's */
    struct span span; /* where its BUILD.dhall says so, or none */
};
struct unread {
    struct unread_finding *findings; /* by label, then as declared; in arena */
    size_t finding_count;
    uint64_t silent_count; /* actions that say nothing */
};
/* For an engine that was opened with dry_run: nothing is run. ERR_INVALID with the story of what is
 * wrong with the packages or patterns. */
enum err build_unread(struct engine *engine, const char *const *patterns, size_t count,
    struct arena *arena, struct unread *ret_unread, struct diags *diags);
#endif
