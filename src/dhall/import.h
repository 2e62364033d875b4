/* src/dhall/import.h: names and imports (dhall-lang standard 23.1.0, imports.md).
 *
 *   resolve.c    walks a parsed file: variables get their index, imports their entry, `?` its side
 *   import.c     one import: chaining, checks, reading, hashes, the semantic cache
 *   headers.c    what a remote import is fetched with
 *   remote.c     fetching, CORS
 *   canonical.c  paths and URLs as names
 *
 * Each canonical name is read, type-checked and evaluated once in a session. */
#ifndef DHALL_IMPORT_H
#define DHALL_IMPORT_H
#include "dhall/parse.h"
#include "dhall/value.h"

struct dhall_code *dhall_code_new(struct dhall *dhall);
/* Makes a parsed table ready for evaluation. parent: the file it is (relative imports are relative
 * to it); NULL: it has no imports. outer: count of bindings around the root, all named "_".
 * ERR_ABSENT, with a diag, if an import is absent and no `?` is there to catch it. On the big
 * stack. */
enum err dhall_code_resolve(struct dhall *dhall, struct dhall_code *code,
    struct dhall_import_entry *parent, uint32_t outer, struct diags *diags);
/* One import of the file parent. */
enum err dhall_import_resolve(struct dhall *dhall, const struct dhall_code *code,
    const struct dhall_import *import, struct dhall_import_entry *parent, struct span span,
    struct dhall_import_entry **ret_entry, struct diags *diags);
/* Makes sure that the entry's hash is known and that the semantic cache has it. */
void dhall_import_cache(struct dhall *dhall, struct dhall_import_entry *entry);
/* Parses, resolves, infers: fills entry->value and entry->type. On the big stack. */
enum err dhall_import_text(struct dhall *dhall, struct dhall_import_entry *entry, uint32_t source,
    struct str text, struct diags *diags);
/* Reads and parses the Dhall file that entry->self names, if that was not done yet; a later load
 * goes on from there. ERR_ABSENT with a diag. On the big stack. */
enum err dhall_import_parse(
    struct dhall *dhall, struct dhall_import_entry *entry, struct span span, struct diags *diags);
/* Reads and loads what entry->self names, if that was not done yet. On the big stack. */
enum err dhall_import_load(
    struct dhall *dhall, struct dhall_import_entry *entry, struct span span, struct diags *diags);
/* The entry of the Dhall file of that name. */
struct dhall_import_entry *dhall_import_file(struct dhall *dhall, struct str name);
/* The entry of a key, a new one if there is none. */
struct dhall_import_entry *dhall_import_entry_of(struct dhall *dhall, struct str key);

/* headers.c: what child, an import of parent written as import, is fetched with. */
enum err dhall_headers_of(struct dhall *dhall, const struct dhall_code *code,
    const struct dhall_import *import, const struct dhall_import *child,
    const struct dhall_import_entry *parent, struct span span, struct dhall_headers *ret_headers,
    struct diags *diags);

/* canonical.c. Everything is in the session's arena. */
/* child as seen from parent: chained, then canonical. */
struct dhall_import dhall_import_chain(
    struct dhall *dhall, const struct dhall_import *parent, const struct dhall_import *child);
/* "/a/b", "./b", "~/b", "https://host/b?q", "env:X", "missing". */
struct str dhall_import_name(struct dhall *dhall, const struct dhall_import *import);
/* The import that a canonical name of a file or URL names. */
struct dhall_import dhall_import_of_name(struct dhall *dhall, struct str name);
/* The import that names the file `name`, less its folders, in dir. */
struct dhall_import dhall_import_of_file(struct dhall *dhall, struct str name, struct str dir);
static inline bool dhall_import_is_remote(const struct dhall_import *import)
{
    return import->scheme == DHALL_HTTP || import->scheme == DHALL_HTTPS;
}

/* remote.c: what the network adds. */
/* Fetches entry. ERR_ABSENT: it cannot be had. */
enum err dhall_remote_fetch(struct dhall *dhall, struct dhall_import_entry *entry, struct span span,
    struct str *ret_bytes, struct diags *diags);
/* May parent, a remote file, import child, which was fetched? (imports.md, "CORS") */
enum err dhall_cors_check(const struct dhall_import_entry *parent,
    const struct dhall_import_entry *child, struct span span, struct diags *diags);

/* session.c */
enum {
    DHALL_SHOWN_TERMS_MAX = 1024 * 1024, /* of what is printed only to be cut */
};
/* One line, cut with "..." after bytes_max; in the session's arena. */
struct str dhall_print_cut(
    struct dhall *dhall, const struct dhall_terms *terms, dhall_term term, size_t bytes_max);
struct dhall_value *dhall_value_of_text(struct dhall *dhall, struct str text);
/* hash.c: the encoding of a closed value's alpha-beta-normal form, and its SHA-256: the semantic
 * hash. On the big stack. */
void dhall_encode_value(struct dhall *dhall, struct dhall_value *value, struct buf *ret_bytes);
void dhall_hash_value(struct dhall *dhall, struct dhall_value *value, uint8_t ret_hash[static 32]);
/* The same, but leaves by dhall_stop when the encoding has more than bytes_max; scratch is the
 * caller's, who releases it then. */
void dhall_hash_value_within(struct dhall *dhall, struct dhall_value *value, uint64_t bytes_max,
    struct buf *scratch, uint8_t ret_hash[static 32]);
#endif
