/* src/build/stamp.h: may a file's stat data stand for its content?
 *
 *   c: the clock before the file is read    m: the newer of its mtime and ctime
 *
 *   m <  c - tick    whoever writes after the reading gives it a time > m
 *   m >= c - tick    a write in the same tick would leave m as it is
 *
 * (git's "racily clean" entries.) A stamp of the second sort is kept, but never holds: the file is
 * read again in the next run, which makes a stamp of the first sort if it is still the same. */
#ifndef BUILD_STAMP_H
#define BUILD_STAMP_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum {
    STAMP_TICK_NS = 20 * 1000 * 1000,          /* two ticks of the slowest kernel clock, 100 Hz */
    STAMP_COARSE_TICK_NS = 2 * 1000 * 1000000, /* times in whole seconds, or FAT's two */
};
struct stamp {
    int64_t mtime_ns, ctime_ns;
    uint64_t size_bytes, inode, device;
    uint32_t mode, usable;
};
int64_t stamp_time_ns(struct timespec time);
/* clock_ns, of CLOCK_REALTIME, was read before the stat and before the content. */
struct stamp stamp_make(const struct stat *st, int64_t clock_ns);
/* The file that looks like st now has the content that it had when the stamp was made. */
bool stamp_unchanged(const struct stamp *stamp, const struct stat *st);
#endif
