/* src/dice/test_world.h: a small world for tests of dice, and its model without dice. */
#ifndef DICE_TEST_WORLD_H
#define DICE_TEST_WORLD_H
#include "dice/dice.h"
#include <stdatomic.h>

/* A world of numbered cells (leaves) and nodes. Node n first needs its switch cell n; an even value
 * lets it need the nodes and cells of list 0, an odd one those of list 1; all have smaller numbers.
 * Its value is a small number, so that changes often stop on their way. */
enum {
    WORLD_MAX = 400,
    DEPS_MAX = 6,
    KIND_CELL = 0,
    KIND_NODE = 1,
    KIND_FLAKY = 2,
    KIND_WHOLE = 3, /* the value of a cell, again and again, up to WHOLE_BYTES (cell 3: only 40) */
    KIND_PART = 4,  /* the fourth of these */
    WHOLE_BYTES = 4000,
    FLAKY_GLANCE = 5,  /* needs cell 0, is the value of cell 1, at which it only glances */
    FLAKY_UNNEED = 10, /* + n: needs cells 0 to 2, but unneeds all of them but n */
};
struct world {
    uint32_t cells[WORLD_MAX];
    uint32_t stamps[WORLD_MAX]; /* changes when a cell is touched */
    uint32_t deps[WORLD_MAX][2][DEPS_MAX];
    uint32_t dep_counts[WORLD_MAX][2];
    uint32_t count;
    uint32_t modulus;
    uint32_t fail; /* the cell value at which a node fails; 0: none */
    _Atomic uint32_t computed, cells_read;
    _Atomic uint32_t runs_of[WORLD_MAX];
    _Atomic bool overlap; /* a node was computed by two at a time */
    _Atomic bool running[WORLD_MAX];
    const char *path; /* of the graph file, or NULL */
    const struct io *io;
    uint8_t schema; /* first byte of it */
    bool always_whole;
    char cause[64];
    uint32_t cause_of;
    struct dice *dice_to_cancel;
    uint32_t before_count; /* calls of before_compute */
    bool before_fails;
};

/* What one run came to; text is of its diags. */
struct outcome {
    enum err err;
    uint32_t value;
    enum dice_status status;
    char text[8192];
};

uint32_t world_random(uint64_t *state);
struct str world_number_str(const uint32_t *number);
/* UINT32_MAX if bytes are not 4. */
uint32_t world_str_number(struct str bytes);
struct world *world_new(uint32_t count, uint32_t modulus);
/* Node i needs node i - 1; node 0 needs nothing but its switch. */
struct world *world_chain_new(uint32_t count, uint32_t modulus);
void world_randomize(struct world *world, uint64_t *random);
void world_cell_set(struct world *world, uint32_t cell, uint32_t value);
/* What node is worth. memo: world->count words, UINT32_MAX before the first call. */
uint32_t world_model(const struct world *world, uint32_t node, uint32_t *memo);
/* Ends the process if it cannot. */
struct dice *world_open(struct world *world, unsigned workers);
struct str world_describe(void *context, unsigned kind, struct str arg, struct arena *arena);
struct outcome world_run(struct dice *dice, unsigned kind, uint32_t number, bool keep_going);
struct outcome world_node_run(struct dice *dice, uint32_t node);
#endif
