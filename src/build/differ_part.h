/* src/build/differ_part.h: how the parts of differ.h speak to each other; private to build/. */
#ifndef BUILD_DIFFER_PART_H
#define BUILD_DIFFER_PART_H
#include "build/differ.h"

enum {
    DIFFER_NAME_MAX = 80, /* bytes of a name that are shown */
};
/* Two versions of something, and how deep it lies. */
struct differ_pair {
    struct str first, again;
    unsigned depth; /* of indentation */
};
/* Text with what cannot be printed as a dot, at most len_max bytes of it. */
void differ_text_add(struct buf *out, struct str text, size_t len_max);
void differ_indent(struct buf *out, unsigned depth);
/* The first byte in which they differ, or where the shorter one ends. */
size_t differ_offset(struct str first, struct str again);
/* Where it is, and the bytes around it. */
void differ_hex_add(const struct differ_pair *pair, struct buf *out);
/* Whatever it is. */
void differ_any_add(const struct differ_pair *pair, struct buf *out);
/* False, and nothing was said: they are no two such files, or damaged, or what differs is in no
 * part of them. */
bool differ_elf_add(const struct differ_pair *pair, struct buf *out);
bool differ_ar_add(const struct differ_pair *pair, struct buf *out);
#endif
