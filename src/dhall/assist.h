/* src/dhall/assist.h: what an editor asks about a text that is being written.
 *
 *   offset -> the smallest term there -> its parents up to the root: what is in scope
 *          -> its type, by loading the text (inspect.h)
 *
 * A text that does not parse is completed first: a name where the cursor is, then what is open is
 * closed. Offsets are bytes. All results are in arena. */
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
    struct str type; /* laid out, in lines */
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

/* assist.c, for assist_complete.c: a parsed text and the parents of its terms. */
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
#endif
