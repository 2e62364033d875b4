/* src/dhall/edit.h: changes a BUILD.dhall in place, as its author would.
 *
 * The text around the change stays as it is, byte for byte: comments, blank lines, the order and
 * the form of everything else. */
#ifndef DHALL_EDIT_H
#define DHALL_EDIT_H
#include "base/buf.h"
#include "dhall/term.h"

/* What to do: bytes [begin, end) of the text become `text`. Nothing is to be done if begin == end
 * and text is empty. */
struct dhall_edit {
    uint32_t begin, end;
    struct str text;
};
/* Where a file is added. */
struct dhall_edit_place {
    struct str target; /* the value of the record's field `name` */
    struct str field;  /* "srcs", "hdrs", ...: a list of Text; made if the record has none */
};
/* Finds the record { name = "<target>", ... } that text writes, usually T::{ ... }, and the list
 * literal of its field: there, in a sum of lists (the first literal), or bound by a `let` of this
 * file. Then puts element where the list's order wants it: a sorted list stays sorted, another gets
 * it at its end. A list on one line stays on one line; one on several lines keeps its style, commas
 * first or last. An element that is there already is no edit.
 * source: the number of text in diags->sources. ERR_INVALID with a span and what to do by hand if
 * there is no such record or list, or several. Texts of the edit are in arena. */
enum err dhall_edit_add(struct str text, uint32_t source, const struct dhall_edit_place *place,
    struct str element, struct arena *arena, struct dhall_edit *ret_edit, struct diags *diags);
/* The text after the edit, in arena. */
struct str dhall_edit_apply(struct str text, const struct dhall_edit *edit, struct arena *arena);
/* One of several, sorted by where they begin: adds the text from *at up to it, and its own; *at is
 * behind it then. The text behind the last is the caller's to add. */
void dhall_edit_next(
    struct str text, const struct dhall_edit *edit, size_t *at, struct buf *ret_text);
#endif
