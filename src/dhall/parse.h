/* src/dhall/parse.h: from text to terms (dhall-lang standard 23.1.0, dhall.abnf).
 *
 *   parse.c            binders, let, operators, with; a stack of what waits for its right side
 *   parse_primitive.c  what operators stand between: records, unions, lists, selectors, arguments
 *   parse_number.c     numbers, dates and times
 *   parse_text.c       Text and Bytes literals
 *   parse_import.c     paths, URLs, environment variables, hashes
 *   scan.c             characters, white space, names, what went wrong
 *
 * Nothing is resolved: sugar of records (puns, dots, duplicates) and of multi-line strings is gone
 * after parsing (the standard defines it so), all else is a row of its own. */
#ifndef DHALL_PARSE_H
#define DHALL_PARSE_H
#include "dhall/term.h"

enum {
    DHALL_SOURCE_BYTES_MAX = 256 * 1024 * 1024,
    /* Of nested brackets, braces, parentheses and interpolations, where nobody says otherwise. What
     * needs none of them has no bound of its own: a million arguments, operators, binders or let
     * may follow each other. */
    DHALL_NESTING_MAX = 1000,
};
/* How deep a parse may go. */
struct dhall_parse_limits {
    uint32_t nesting_max;
    const char *stack_low; /* where the stack's room ends; NULL: nobody looks */
    bool is_option;        /* as in struct dhall_limits */
};
/* Parses a whole file. source is the number of text in diags->sources (0: none), for the spans.
 * text need not outlive the call. ERR_INVALID with a span, or ERR_LIMIT. */
enum err dhall_parse(struct dhall_terms *terms, uint32_t source, struct str text,
    dhall_term *ret_term, struct diags *diags);
enum err dhall_parse_within(const struct dhall_parse_limits *limits, struct dhall_terms *terms,
    uint32_t source, struct str text, dhall_term *ret_term, struct diags *diags);
/* Could text be written as a label without backticks? (A builtin's name could, where it is not
 * bound.) */
bool dhall_is_simple_label(struct str text);
/* May c stand in a label without backticks, behind its first byte? */
bool dhall_is_label_byte(char c);
#endif
