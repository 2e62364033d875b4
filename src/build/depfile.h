/* src/build/depfile.h: what a compiler says that it read (gcc -MD: Makefile syntax).
 *
 *   "out/a/x.o: src/a/x.c src/a/x.h \        -> src/a/x.c  src/a/x.h  gen/b/y.h
 *     ./gen/b/y.h /usr/include/stdio.h"         (below the action's /build; normal form)
 *
 * Bytes are an action's, so anybody's. What cannot be understood is an error, and then nothing is
 * pruned: a file too many in the list costs an action, one too few a wrong result. */
#ifndef BUILD_DEPFILE_H
#define BUILD_DEPFILE_H
#include "base/arena.h"
#include "build/target.h"

enum {
    DEPFILE_BYTES_MAX = 16 * 1024 * 1024,
};
/* Prerequisites of all rules, relative to /build, as often as they are named; what lies elsewhere
 * (the toolchain's own) is left out. In arena. ERR_INVALID without a diag. */
enum err depfile_read(struct str text, struct arena *arena, struct strs *ret_paths);
/* May a compiler that reads this text also read files that it does not tell of? Assemblers do:
 * .incbin and .include are no part of -MD. So any word with "asm" in it counts. */
bool depfile_text_hides(struct str text);
#endif
