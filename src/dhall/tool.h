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
#endif
