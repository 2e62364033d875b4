/* src/base/near.h: near misses, for "did you mean". */
#ifndef BASE_NEAR_H
#define BASE_NEAR_H
#include "base/view.h"

enum {
    NEAR_BYTES_MAX = 256, /* longer words are near to nothing */
};
/* Edits (a byte put in, taken out, replaced, or two neighbours swapped) that make b of a;
 * SIZE_MAX if either is longer than NEAR_BYTES_MAX. */
size_t near_distance(struct str a, struct str b);
/* Index of the candidate nearest to word (the first of equals), or count if none is near: a third
 * of the word's length in edits, but at least one and less than the whole word. */
size_t near_find(struct str word, const struct str *candidates, size_t count);
#endif
