/* src/build/package.h: the value of a BUILD.dhall, read and checked: a list of targets.
 *
 *   record (or function of the configuration, applied) -> each field a target -> struct target
 *
 * What is checked here concerns one package alone: field and name agree, paths stay inside, no two
 * actions make one output, what is named as made is made. Knows nothing of files on disk. */
#ifndef BUILD_PACKAGE_H
#define BUILD_PACKAGE_H
#include "build/target.h"
#include "dhall/dhall.h"

enum {
    PACKAGE_TARGETS_MAX = 1000000,
};
/* Finds where BUILD.dhall says something: values carry no spans, but what is wrong with one is
 * nearly always a text that stands in the file as it is. */
struct places {
    struct sources *sources;
    struct str name, text; /* of BUILD.dhall, as messages name it */
    uint32_t source;       /* 0: not added yet */
};
/* "needle" in quotes, behind `name = "target"` if that is found; else that; else the first one;
 * else nowhere. */
struct span places_find(struct places *places, struct str target, struct str needle);

struct package_context {
    struct str package, config, exec_config;
    struct places *places;
};
/* Targets sorted by name, in arena; texts are borrowed from the session. ERR_INVALID with a diag
 * for the first fault. */
enum err package_read(struct dhall *dhall, const struct dhall_value *value,
    const struct package_context *context, struct arena *arena, struct target **ret_targets,
    size_t *ret_count, struct diags *diags);
/* The second half of it, on what was read: outputs and paths. */
enum err package_check(const struct target *targets, size_t count,
    const struct package_context *context, struct diags *diags);

/* dice's value: names and the targets' bytes, so that one is cut out without the others. */
void package_encode(const struct target *targets, size_t count, struct buf *ret_bytes);
struct package_entry {
    struct str name, bytes; /* bytes: for target_decode */
};
/* Views of bytes, entries in arena. ERR_INVALID: not what package_encode makes (no diag). */
enum err package_decode(
    struct str bytes, struct arena *arena, struct package_entry **ret_entries, size_t *ret_count);
/* Folders below the package that its sources lie in: none may be a package of its own. Workspace
 * paths, each once, in arena. */
struct strs package_source_folders(
    const struct target *targets, size_t count, struct str package, struct arena *arena);
#endif
