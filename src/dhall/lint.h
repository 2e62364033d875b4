/* src/dhall/lint.h: what can be written better, as edits of the text: comments stay.
 *
 *   let x = 1 in y                  x is never used               y
 *   let a = 1 in let b = 2 in c     a let chain needs no `in`     let a = 1 let b = 2 in c
 *   let t = 1 + 1 === 2 in c        checks nothing                let t = assert : 1 + 1 === 2 in c
 *   ./../a.dhall                    is the parent's               ../a.dhall
 *   https://prelude.dhall-lang.org/List/map    the old name       .../List/map.dhall
 *
 * A let that asserts is used. What is only used by what goes, goes too. */
#ifndef DHALL_LINT_H
#define DHALL_LINT_H
#include "dhall/edit.h"

struct dhall_finding {
    struct span span; /* what to point at */
    struct str text;  /* one line, no dot */
    bool unused;      /* the span does nothing */
    struct dhall_edit edit;
};
/* The findings of a text, sorted; their edits do not overlap. All in arena. ERR_INVALID, ERR_LIMIT
 * with a diag if it does not parse. */
enum err dhall_lint(struct str text, uint32_t source, struct arena *arena,
    struct dhall_finding **ret_findings, size_t *ret_count, struct diags *diags);
/* The text with all that is to be found corrected, what corrections bring up too. */
enum err dhall_lint_apply(
    struct str text, uint32_t source, struct buf *ret_text, struct diags *diags);
#endif
