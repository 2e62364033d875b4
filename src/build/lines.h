/* src/build/lines.h: what stands on a terminal while actions run.
 *
 *   [12/40] 3 running, 10 run, 2 cached, 4.2 s, about 7 s left     done of those known to be needed
 *      1.3 s  //app:app: c.compile main.c             the longest running first
 *      0.4 s  //app:app: c.compile two.c
 *     and 1 more
 *
 * No I/O, no clock: times are the caller's. */
#ifndef BUILD_LINES_H
#define BUILD_LINES_H
#include "base/buf.h"

enum {
    LINES_RUNNING_MAX = 1024, /* as many as --jobs may be */
    LINES_SHOWN_MAX = 8,
    LINES_TEXT_MAX = 160, /* bytes of an action's name that are kept */
};
struct lines {
    struct lines_running {
        uint64_t id, start_us;
        size_t len;
        char text[LINES_TEXT_MAX];
    } * running; /* owned; in the order of their starts */
    size_t running_count, running_cap;
    uint64_t start_us, done, run, cached, asked;
    uint64_t left_us; /* until the end, as far as can be told; 0: it cannot */
};
void lines_release(struct lines *lines);
/* id: any number that no running one has. More than LINES_RUNNING_MAX are not shown. */
void lines_start(struct lines *lines, uint64_t id, struct str text, uint64_t now_us);
void lines_end(struct lines *lines, uint64_t id);
/* Adds the lines, each at most columns - 1 bytes and a line feed, at most rows - 1 of them; returns
 * how many. */
unsigned lines_format(const struct lines *lines, uint64_t now_us, unsigned columns, unsigned rows,
    struct buf *ret_text);
#endif
