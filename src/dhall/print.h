/* src/dhall/print.h: terms as text.
 *
 * Law: what is printed parses to the same term (the same CBOR), as long as its nesting is within
 * the parser's bound. */
#ifndef DHALL_PRINT_H
#define DHALL_PRINT_H
#include "dhall/term.h"

enum dhall_print_layout {
    DHALL_PRINT_LINES = 0, /* as `dhall format`: what is short on one line, else one part a line */
    DHALL_PRINT_ONE_LINE,
};
struct dhall_print_options {
    enum dhall_print_layout layout;
    bool ascii;       /* \, ->, forall, /\ instead of the symbols */
    unsigned columns; /* 0: 80 */
    /* Takes lines that are done, in order, as they come: only what is left is in ret_text then.
     * NULL: nothing is taken. */
    void (*write)(struct str text);
};
/* Adds the text, without a newline at its end. Needs no C stack for deep terms. */
void dhall_print(const struct dhall_terms *terms, dhall_term term,
    const struct dhall_print_options *options, struct buf *ret_text);
/* A label as it is written: in backticks where it must be. bound: it is to be bound (a builtin's
 * name needs backticks then). */
void dhall_print_label(struct str label, bool bound, struct buf *ret_text);
/* A double-quoted literal's inside: escapes what must be. */
void dhall_print_text_escaped(struct str text, struct buf *ret_text);
/* As Haskell's show: 0.1 <= |x| < 10^7 plain, else with an exponent. It enters hashes
 * (Double/show). NaN, Infinity and -Infinity by name. */
void dhall_print_double(double value, struct buf *ret_text);
#endif
