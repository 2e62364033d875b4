/* src/dhall/diff.h: where two normal forms differ, one line a difference.
 *
 *   - .a.b = 1        only the first has it, or this there
 *   + .a.b = 2        only the second
 *
 * Bound names do not count. Lists are compared without what both begin and end with. */
#ifndef DHALL_DIFF_H
#define DHALL_DIFF_H
#include "dhall/dhall.h"

enum {
    DHALL_DIFF_SHOWN_BYTES = 200, /* of a value; the rest is "..." */
};
/* Adds nothing if both are the same. */
enum err dhall_diff(struct dhall *dhall, const struct dhall_value *left,
    const struct dhall_value *right, bool ascii, struct buf *ret_text, struct diags *diags);
#endif
