/* src/dhall/format.h: lays out a file as `dhall format` would, and keeps every comment.
 *
 *   text -> parse (is it Dhall at all?) -> read again, token by token (format.c, format_part.c)
 *        -> doc with comments (layout.h) -> text -> all of it again, until nothing changes
 *
 * A token owns the comments before it, on lines of their own, and those behind it on its line.
 * Words, literals and labels stay as they are written, so does the order of fields.
 *
 * Laws: the result parses to the same term (the same CBOR); it has the same comments in the same
 * order; formatting it again changes nothing. */
#ifndef DHALL_FORMAT_H
#define DHALL_FORMAT_H
#include "base/diag.h"

enum dhall_charset {
    DHALL_CHARSET_AS_WRITTEN = 0, /* Unicode if any symbol of it is in the text, else ASCII */
    DHALL_CHARSET_ASCII,
    DHALL_CHARSET_UNICODE,
};
enum {
    DHALL_FORMAT_COLUMNS = 80,
    /* Of everything that nests, brackets or not, but for chains (let, if, arrows, operators). */
    DHALL_FORMAT_DEPTH_MAX = 1000,
};
/* source: the number of text in diags->sources, or 0. ERR_INVALID with a span if text does not
 * parse, ERR_LIMIT. ret_text gets the text, with a newline at its end. */
enum err dhall_format(struct str text, uint32_t source, enum dhall_charset charset,
    struct buf *ret_text, struct diags *diags);
#endif
