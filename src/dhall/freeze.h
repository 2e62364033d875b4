/* src/dhall/freeze.h: puts the semantic hash of what they hold behind imports, as edits of the
 * text: all else stays.
 *
 *   https://example.com/a.dhall       ->  https://example.com/a.dhall sha256:<64 hex>
 *   ... sha256:<old> as Text          ->  ... sha256:<new> as Text
 *   with `cache`: ./a.dhall           ->  missing sha256:<64 hex> ? ./a.dhall
 *   without it:   missing sha256:<64 hex> ? ./a.dhall  ->  ./a.dhall sha256:<64 hex>
 *
 * Each import is loaded by itself, without the hash that it has; with `cache` its entry is written.
 * `missing` and `as Location` have nothing to hash. */
#ifndef DHALL_FREEZE_H
#define DHALL_FREEZE_H
#include "dhall/dhall.h"
#include "dhall/edit.h"

struct dhall_freeze {
    bool all;   /* local files and environment variables too, not only remote imports */
    bool cache; /* the hash only names a cache entry: without it the import is taken as it is */
    bool missing_only; /* leave the hashes that are there */
};
struct dhall_freeze_edit {
    struct span span; /* of the import */
    struct dhall_edit edit;
};
/* name and dir as for dhall_load_text; source: text's number in diags->sources. Edits are sorted,
 * in arena. An import that cannot be loaded is an error with its place, but below a `?`: such a one
 * stays as it is. */
enum err dhall_freeze_text(struct dhall *dhall, struct str name, struct str dir, struct str text,
    uint32_t source, const struct dhall_freeze *options, struct arena *arena,
    struct dhall_freeze_edit **ret_edits, size_t *ret_count, struct diags *diags);
#endif
