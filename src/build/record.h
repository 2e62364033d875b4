/* src/build/record.h: gathers the build's record for the log; private to build/.
 *
 * Where several rounds are needed (what was damaged is made again) an action may stand there twice;
 * its last row counts. */
#ifndef BUILD_RECORD_H
#define BUILD_RECORD_H
#include "build/action.h"
#include "build/events.h"
#include "build/log.h"

enum {
    RECORD_LANES_MAX = 1024, /* as many as --jobs may be */
};
struct record *record_new(void);
/* A clock that only goes forward. */
uint64_t record_clock_us(void);
void record_free(struct record *record); /* or NULL */
/* An action is looked up, or runs, from now on. */
void record_begin(struct job *job);
/* What of an action does not depend on a run: its expansion is there; its entries or NULL, then the
 * inputs have no digests. */
void record_describe(struct job *job, struct log_action *ret_action);
/* Why it is being looked at: what changed, and what had changed below that ("a -> b"). */
struct str record_cause(struct job *job);
/* It ended; its expansion and, but for LOG_WAITS, its entries and key are there. */
void record_end(struct job *job, enum log_end end);
/* It was begun, and nothing is to be said of it. */
void record_cancel(struct job *job);
/* The record so far, as log_build_decode takes it. */
void record_bytes(struct engine *engine, const struct goal *goal, bool ok, struct buf *ret_record);
/* Into the log, if there is anything to tell. Trouble is told on stderr and harms nothing. */
void record_write(struct engine *engine, const struct goal *goal, bool ok);
#endif
