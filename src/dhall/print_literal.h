/* src/dhall/print_literal.h: what print.c has for terms without children. Only for print*.c. */
#ifndef DHALL_PRINT_LITERAL_H
#define DHALL_PRINT_LITERAL_H
#include "dhall/term.h"

/* A row of a kind without children. */
void dhall_print_leaf(
    const struct dhall_terms *terms, const struct dhall_row *row, struct buf *ret_text);
/* An import without `using`: what stands before it, and what behind. */
void dhall_print_location(const struct dhall_import *import, struct buf *ret_text);
void dhall_print_hash_and_mode(const struct dhall_import *import, struct buf *ret_text);
/* May this DHALL_TEXT be written as lines between '' and '', and has it several? */
bool dhall_print_is_multi_line(const struct dhall_terms *terms, const struct dhall_row *row);
/* A part of such a text, without a newline in it. */
void dhall_print_text_line(struct str text, struct buf *ret_text);
#endif
