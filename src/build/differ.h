/* src/build/differ.h: what differs between two versions of an output, said in lines for people.
 *
 *   ar archive (ar(5), System V and BSD names)    the member, then inside of it
 *   ELF (System V ABI; 64-bit, little-endian)     the section, the symbol that holds the byte
 *   text                                          the lines
 *   anything else                                 the first byte, and 16 around it
 *
 * Sans I/O and bounded: both versions are anybody's bytes, and what is said of them is printable
 * ASCII, at most DIFFER_BYTES_MAX of it. */
#ifndef BUILD_DIFFER_H
#define BUILD_DIFFER_H
#include "base/buf.h"

enum {
    DIFFER_PARTS_MAX = 4, /* members, sections, lines that are shown */
    DIFFER_DEPTH_MAX = 2, /* an archive in an archive, and no further */
    DIFFER_BYTES_MAX = 64 * 1024,
};
/* Nothing if they are equal, else one line at least, each indented by two blanks or more. */
void differ_add(struct str first, struct str again, struct buf *out);
#endif
