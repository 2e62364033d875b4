/* src/dhall/gap.h: where things end in a text that is known to parse: for edits by the spans of
 * terms, which leave out parentheses, comments and what is not a term. A NUL stands behind it. */
#ifndef DHALL_GAP_H
#define DHALL_GAP_H
#include "base/diag.h"

/* Behind the comment that begins at `at`, or `at`. A line comment ends before its newline. */
size_t dhall_comment_end(struct str text, size_t at);
/* Behind white space and comments. */
size_t dhall_gap_end(struct str text, size_t at);
/* Behind white space, comments and closing parentheses: the next token behind a term that ends at
 * `at`. */
size_t dhall_closing_end(struct str text, size_t at);
/* An import's span: behind its path, URL, variable or `missing`. */
size_t dhall_location_end(struct str text, struct span span);
#endif
