/* src/build/tokens.h: tokens of a jobserver, one for each action that runs; private to build/.
 *
 *   make -j8 ---- a pipe or fifo with 7 bytes ---- straylight: 1 action needs none, each other one
 *            \--- other jobs of make               a byte, which it gives back when it ends
 *
 * GNU make manual, "Sharing Job Slots with GNU make (POSIX jobserver)": MAKEFLAGS says
 * --jobserver-auth=R,W or --jobserver-auth=fifo:PATH (before make 4.2: --jobserver-fds=R,W). Where
 * no make is above us the pipe is our own, with a token for each job but one. No key knows of this.
 */
#ifndef BUILD_TOKENS_H
#define BUILD_TOKENS_H
#include "base/view.h"
#include <stdbool.h>

enum {
    TOKENS_MAX = 1024, /* as many as --jobs may be */
};
struct tokens;
enum tokens_source {
    TOKENS_OWN,  /* makeflags names no jobserver */
    TOKENS_MAKE, /* it is shared */
    TOKENS_LOST, /* make has one, but its descriptors are closed: "+" is missing in its rule */
};
/* Where makeflags says that the jobserver is: the last one counts. */
struct tokens_place {
    struct str path;       /* of a fifo; empty: */
    int read_fd, write_fd; /* or -1, -1: none */
};
struct tokens_place tokens_place_find(struct str makeflags);

/* jobs: how many tokens there are, with that which nobody needs to take, if it is our own. A
 * descriptor that cannot be had ends the process. */
struct tokens *tokens_new(struct str makeflags, unsigned jobs, enum tokens_source *ret_source);
/* Both ends as a child takes them, blocking; borrowed. */
const int *tokens_fds(const struct tokens *tokens);
/* Gives back what is held; or NULL. */
void tokens_free(struct tokens *tokens);
/* Takes one if it need not wait. */
bool tokens_try(struct tokens *tokens, char *ret_token);
/* Waits for one. False: gives_up(context), asked whenever the pipe or a wake stirs, said so. */
bool tokens_wait(
    struct tokens *tokens, bool (*gives_up)(void *context), void *context, char *ret_token);
void tokens_give(struct tokens *tokens, char token);
/* Gives all back that is held: the process is about to end. */
void tokens_return(struct tokens *tokens);
/* From now on those who wait are asked whether they give up. */
void tokens_wake(struct tokens *tokens);
#endif
