/* src/dhall/tool.h: for commands that show what the language makes of a file, and for tests. */
#ifndef DHALL_TOOL_H
#define DHALL_TOOL_H
#include "dhall/dhall.h"

/* The beta-normal form of a value (of a type too), as a term in terms, whose labels are the
 * session's (dhall_tool_labels). alpha: all bound names become _. */
enum err dhall_tool_read_back(struct dhall *dhall, const struct dhall_value *value, bool alpha,
    struct dhall_terms *terms, dhall_term *ret_term, struct diags *diags);
struct dhall_labels *dhall_tool_labels(struct dhall *dhall);
/* Like dhall_load_text, but without type inference: evaluates what may be ill-typed, or not closed;
 * then it may not end, short of the session's bounds. *ret_loaded has no type. */
enum err dhall_tool_evaluate(struct dhall *dhall, struct str name, struct str text,
    struct dhall_loaded *ret_loaded, struct diags *diags);
/* Alpha-normalises text (alpha-normalization.md) without evaluating it; it has no imports. */
enum err dhall_tool_alpha(struct dhall *dhall, struct str text, struct dhall_terms *terms,
    dhall_term *ret_term, struct diags *diags);
/* dhall_parse within the session's bounds. terms is to have its labels. */
enum err dhall_tool_parse(struct dhall *dhall, struct dhall_terms *terms, uint32_t source,
    struct str text, dhall_term *ret_term, struct diags *diags);
/* Parses text and resolves its imports: the term as it is written, with the normal forms of what it
 * imports in their places, and of each `?` the side that was taken. Imports are checked, text is
 * not. name and dir as for dhall_load_text. */
enum err dhall_tool_resolve(struct dhall *dhall, struct str name, struct str dir, struct str text,
    struct dhall_terms *terms, dhall_term *ret_term, struct diags *diags);
/* Messages about types that differ show both whole, too (--explain). */
void dhall_tool_explain(struct dhall *dhall, bool explains);
/* The names of a record's fields, a record type's or a union's alternatives, in the session; none
 * of other values. */
void dhall_tool_names(struct dhall *dhall, const struct dhall_value *value,
    const struct str **ret_names, size_t *ret_count);
/* A file that was imported, or found in the semantic cache by its hash. */
struct dhall_tool_import {
    struct dhall_import self; /* chained and canonical, without headers */
    struct str name;
    uint32_t *reads; /* rows of what it imports directly */
    size_t read_count;
};
/* All that text imports, transitively, each once, what is imported before what imports it; text
 * itself is the last row. In the session. */
enum err dhall_tool_graph(struct dhall *dhall, struct str name, struct str dir, struct str text,
    const struct dhall_tool_import **ret_imports, size_t *ret_count, struct diags *diags);
#endif
