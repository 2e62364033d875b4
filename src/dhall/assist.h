/* src/dhall/assist.h: what an editor asks about a text that is being written.
 *
 *   offset -> the smallest term there -> its parents up to the root: what is in scope
 *          -> its type, by loading the text (inspect.h)
 *
 * A text that does not parse is mended first: a let that is wrong gives way to blanks; or only what
 * stands before the cursor is read, with what is open closed. Offsets are bytes of the text as it
 * is. All results are in arena. */
#ifndef DHALL_ASSIST_H
#define DHALL_ASSIST_H
#include "dhall/inspect.h"

/* A text, and where it lies: as for dhall_load_text. */
struct dhall_assist {
    struct dhall *dhall;
    struct str name, dir, text;
    struct arena *arena;
    struct diags *diags; /* what goes wrong is told here, and of no interest to most */
};

struct dhall_hover {
    struct span span;
    struct str type;  /* laid out, in lines */
    struct str brief; /* of a long type: its names; else empty */
};
/* ERR_ABSENT: there is nothing to say. */
enum err dhall_assist_hover(
    const struct dhall_assist *assist, uint32_t offset, struct dhall_hover *ret_hover);

struct dhall_definition {
    struct span span;                  /* where the name is bound */
    const struct dhall_import *import; /* or NULL; the import's file, then span is its own */
};
/* ERR_ABSENT: there is none. */
enum err dhall_assist_definition(
    const struct dhall_assist *assist, uint32_t offset, struct dhall_definition *ret_definition);

enum dhall_proposal_kind {
    DHALL_PROPOSE_FIELD,
    DHALL_PROPOSE_ALTERNATIVE,
    DHALL_PROPOSE_VARIABLE,
    DHALL_PROPOSE_BUILTIN,
    DHALL_PROPOSE_KEYWORD,
};
struct dhall_proposal {
    enum dhall_proposal_kind kind;
    struct str text, detail;
};
struct dhall_completion {
    uint32_t begin; /* [begin, offset) is what was typed of it */
    /* What is being written, if it is nothing that proposals are for: */
    bool in_path; /* a path or URL: the caller knows folders */
    bool in_text; /* a Text literal without interpolation before the cursor */
    struct dhall_proposal *proposals;
    size_t count;
};
enum err dhall_assist_complete(
    const struct dhall_assist *assist, uint32_t offset, struct dhall_completion *ret_completion);

/* All lets of the text, in its order. */
struct dhall_symbol {
    struct span span, name; /* of the binding, up to the end of its value; of its name */
    struct str text, type;  /* type: its annotation, as written; or empty */
};
enum err dhall_assist_symbols(
    const struct dhall_assist *assist, struct dhall_symbol **ret_symbols, size_t *ret_count);
/* Where a name is bound (the first) and used. */
struct dhall_reference {
    struct span span; /* without @1 */
    bool is_pun;      /* { x }, which is { x = x } */
};
/* Of the name at offset. ERR_ABSENT: it is bound nowhere. */
enum err dhall_assist_references(const struct dhall_assist *assist, uint32_t offset,
    struct dhall_reference **ret_references, size_t *ret_count);
/* The same, if all names mean what they meant with `name` (as it is written) in these places; else
 * ERR_INVALID. The text must parse. */
enum err dhall_assist_rename(const struct dhall_assist *assist, uint32_t offset, struct str name,
    struct dhall_reference **ret_references, size_t *ret_count);

/* assist_mend.c: text of the same length that parses, with blanks (at the end, also {=}) where it
 * was wrong; byte `keep` stays as it is. False: that was not to be had. */
bool dhall_mend(struct str text, size_t keep, struct arena *arena, struct str *ret_text);
/* assist_complete.c: text up to offset, with what is open closed; false: offset is in a comment. */
bool dhall_close(struct str text, uint32_t offset, struct arena *arena, struct str *ret_text);

/* assist.c, for the other files. assist, of a text that parses: of all of it, of what is left
 * without its mistakes, or of what stands before the end of the word at offset. */
struct dhall_assist dhall_assist_readable(const struct dhall_assist *assist, uint32_t offset);
/* A parsed text and the parents of its terms. */
struct dhall_tree {
    struct str text; /* with a NUL behind it */
    struct dhall_labels labels;
    struct dhall_terms terms;
    uint32_t *parents; /* by row; 0: none */
    dhall_term root;
};
enum err dhall_tree_open(
    struct dhall_tree *tree, struct str text, struct arena *arena, struct diags *diags);
void dhall_tree_close(struct dhall_tree *tree);
/* Does the parent bind a variable that row, its child, sees? */
bool dhall_tree_binds(const struct dhall_tree *tree, uint32_t parent, uint32_t row);
/* The smallest term whose text holds or touches offset; 0: none. */
uint32_t dhall_tree_at(const struct dhall_tree *tree, uint32_t offset);
/* Does a let, lambda or forall bind a name there? That name's place. */
bool dhall_tree_is_binder(const struct dhall_tree *tree, uint32_t row);
struct span dhall_tree_binder_span(const struct dhall_tree *tree, uint32_t row);
/* The row that binds a variable; 0: none. */
uint32_t dhall_tree_binder(const struct dhall_tree *tree, uint32_t row);
#endif
