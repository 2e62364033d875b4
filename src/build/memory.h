/* src/build/memory.h: actions share the machine's memory; private to build/.
 *
 *   budget  8000 MiB = what is free, for this process's cgroup
 *   taken   a 3000, b 4000      c wants 2000: waits; d wants 500: passes it
 *
 * An action begins if what it is thought to take fits beside those that run, or if none runs. One
 * that was passed too often is passed no more. What it is thought to take: what it declares, else
 * what it took when it ran last (build/peaks.h). No key knows of this. */
#ifndef BUILD_MEMORY_H
#define BUILD_MEMORY_H
#include "base/view.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    MEMORY_PASSES_MAX = 64, /* before an action is passed no more */
};
struct memory;
/* One that wants to run; the caller's, until it has left. */
struct memory_turn {
    uint64_t bytes;
    uint64_t passed;          /* by those that came later */
    struct memory_turn *next; /* who waits behind it */
};
struct memory *memory_new(uint64_t budget_bytes);
void memory_free(struct memory *memory); /* or NULL; nobody has a turn */
/* Takes turn->bytes if it need not wait. */
bool memory_try(struct memory *memory, struct memory_turn *turn);
/* Waits until it can; false: gives_up(context), asked whenever anything ends, said so. */
bool memory_wait(struct memory *memory, struct memory_turn *turn, bool (*gives_up)(void *context),
    void *context);
/* Gives back what a turn took. */
void memory_leave(struct memory *memory, const struct memory_turn *turn);
/* Those who wait are asked whether they give up. */
void memory_wake(struct memory *memory);

/* What this process and its children may still take, in bytes: what the kernel calls available,
 * and no more than any cgroup above us has left (v2 memory.max, v1 memory.limit_in_bytes; page
 * cache that is not in use counts as left). UINT64_MAX if nothing says. */
uint64_t memory_free_bytes(void);
/* The same, out of files below root instead of /: for tests. */
uint64_t memory_free_bytes_at(const char *root);
#endif
