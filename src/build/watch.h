/* src/build/watch.h: waits until something that a build read has another content.
 *
 *   leaves of the last transaction (path, value, stamp)        what was read, and what it was
 *     |-> folders they lie in, and those above  -> inotify     says only "look again"
 *     |-> (folder, name) that matter                           other names wake nobody
 *     '-> all of them looked at, by stat, then by content      says "build again"
 *
 * A file that is saved with the same content, or a branch that is switched there and back, is no
 * change. Where inotify has no room left the files are looked at once a second. */
#ifndef BUILD_WATCH_H
#define BUILD_WATCH_H
#include "build/build.h"

enum {
    WATCH_QUIET_MS = 40,  /* what comes in such short order is one change */
    WATCH_BUSY_MS = 1000, /* but no longer than this */
    WATCH_POLL_MS = 1000, /* between two looks where inotify has no room */
    WATCH_LINKS_MAX = 16, /* symbolic links that lead to one source */
};
struct watch;
/* polls: never use inotify. */
struct watch *watch_new(bool polls);
void watch_free(struct watch *watch); /* or NULL */
struct watch_state {
    size_t file_count, folder_count;
    struct str trouble; /* why inotify is not used from now on; empty: it is, or that was told */
};
/* From now on: what the last build of engine read, as it read it. engine NULL, where there was no
 * build: what was watched before, as it is now. ret_state lives until the next call. */
enum err watch_begin(
    struct watch *watch, struct engine *engine, struct watch_state *ret_state, struct diags *diags);
/* Waits until a content is another one, also since before watch_begin. True: paths of what changed
 * are in arena, at least one. False: signal_fd (of signalfd) has something to read. */
bool watch_wait(struct watch *watch, int signal_fd, struct arena *arena, struct strs *ret_changed);
#endif
