/* src/build/peaks.h: how much memory each action took when it ran last; private to build/. Another
 * file of this form, $state/durations, has how many microseconds it took.
 *
 *   $state/peaks   [ hash of "//a:b c.compile x.c" -> bytes ], [ hash of "c.compile" -> bytes ],
 * ...
 *
 * One file in the workspace's state, appended to, the last entry of a hash counts; to lose it costs
 * nothing but a worse guess. */
#ifndef BUILD_PEAKS_H
#define BUILD_PEAKS_H
#include "base/view.h"
#include <stdint.h>

enum {
    PEAKS_BYTES_MAX = 8 * 1024 * 1024, /* a file that is larger is written anew, or dropped */
    PEAK_UNKNOWN_MIB = 64,             /* of an action unlike any that ran */
};
struct peaks;
/* Reads nothing yet. path is copied. */
struct peaks *peaks_new(const char *path);
void peaks_free(struct peaks *peaks); /* or NULL */
/* What an action will take, in bytes: as when it ran last, else as the largest of its category.
 * From any thread, as peaks_add. */
uint64_t peaks_get(struct peaks *peaks, struct str action, struct str category);
/* What was added last of this name; 0: nothing. */
uint64_t peaks_find(struct peaks *peaks, struct str name);
/* The category's is the largest ever; "": none is kept. */
void peaks_add(struct peaks *peaks, struct str action, struct str category, uint64_t bytes);
/* Writes what was added. A failure is none of the build's. */
void peaks_save(struct peaks *peaks);
#endif
