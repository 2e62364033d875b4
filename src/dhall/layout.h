/* src/dhall/layout.h: where lines are broken.
 *
 *   doc:  a tree of texts and of places where a line may end; parts may be shared
 *   mode: flat (all on one line) or broken; a group is flat if that fits, else its own lines break
 *         and the groups in it choose for themselves
 *
 * Comments are part of a doc. What follows one begins a new line, whatever the mode: so no layout
 * can put code into a comment. */
#ifndef DHALL_LAYOUT_H
#define DHALL_LAYOUT_H
#include "base/arena.h"
#include "base/buf.h"

enum doc_kind {
    DOC_EMPTY,
    DOC_TEXT,
    DOC_SPACE,    /* n blanks (0 is 1 too); nothing where a line begins */
    DOC_PAD,      /* n blanks, there too */
    DOC_LINE,     /* flat: n blanks (0 or 1); broken: a new line */
    DOC_BLANK,    /* a new line after an empty one; only where it is broken */
    DOC_RAW_LINE, /* a new line in a literal: indented if something stands on it */
    DOC_BREAK,    /* nothing, but what holds it is broken */
    DOC_CONCAT,
    DOC_GROUP,
    DOC_FLAT,     /* flat if it can be, though it does not fit */
    DOC_NEST,     /* lines in it begin n columns further right (left, if negative) */
    DOC_ALIGN,    /* lines in it begin in the column where it begins */
    DOC_CHOICE,   /* two parts: if flat, if broken */
    DOC_OWN,      /* a comment on lines of its own */
    DOC_TRAILING, /* parts: comments behind what stands before; all but the first on new lines */
};
struct doc {
    uint8_t kind;
    bool inside;       /* a new line is forced in it, something behind that: it cannot be flat */
    bool tail;         /* ends with a comment: something behind it begins a new line */
    bool blank_before; /* DOC_OWN: an empty line stands before it */
    bool blank_after;  /* of comments: an empty line stands behind them */
    int32_t n;         /* texts: columns; comments: the column where they stood */
    uint32_t len;      /* bytes, parts */
    union {
        const char *text;
        const struct doc *child;
        const struct doc *const *parts;
    };
};

const struct doc *doc_text(struct arena *arena, struct str text);
/* DOC_SPACE, DOC_PAD, DOC_LINE, DOC_BLANK, DOC_RAW_LINE, DOC_BREAK, DOC_EMPTY */
const struct doc *doc_leaf(struct arena *arena, enum doc_kind kind, int32_t n);
/* DOC_GROUP, DOC_FLAT, DOC_NEST, DOC_ALIGN */
const struct doc *doc_around(
    struct arena *arena, enum doc_kind kind, int32_t n, const struct doc *child);
/* A copy of the parts, one behind the other; NULL is nothing. */
const struct doc *doc_concat(struct arena *arena, const struct doc *const *parts, size_t count);
const struct doc *doc_choice(struct arena *arena, const struct doc *flat, const struct doc *broken);
/* column: where it stood; lines of the text keep their place below it. */
struct doc *doc_own(struct arena *arena, struct str text, int32_t column);
const struct doc *doc_trailing(
    struct arena *arena, const struct doc *const *parts, size_t count, bool blank_after);
/* Writes doc, without a newline at its end. Needs no C stack for deep docs. */
void doc_write(const struct doc *doc, unsigned columns, struct buf *ret_text);
#endif
