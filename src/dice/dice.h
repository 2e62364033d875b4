/* src/dice/dice.h: incremental computation.
 *
 * A key is (kind, argument bytes). Its value is bytes, a function of the values of the keys it
 * needed. Leaves are read from the world (a file's stat data and digest); everything else is
 * computed. Values, and what each key read in which order, persist in one immutable file that the
 * next run maps.
 *
 *   request -> validate(key): a remembered key whose dependencies, in the order first read, still
 * have the digests it saw keeps its value (early cutoff: an equal value stops there)
 *           -> else compute(key), in parallel on all workers
 *
 * A compute function that needs a key which is not there yet returns at once and is called again
 * when it is (the "restart" scheme of Bazel's Skyframe): so no thread ever waits for a key, there
 * are no deep stacks, and a cycle is found by walking who waits for whom. A function asks for all
 * it can at once (dice_need_all): such a group is validated and computed in parallel
 * (series-parallel order). */
#ifndef DICE_DICE_H
#define DICE_DICE_H
#include "base/diag.h"
#include "digest/digest.h"

struct dice;
struct dice_task; /* one call of a compute function */

enum dice_status {
    DICE_OK,      /* the value is there */
    DICE_PENDING, /* return DICE_PENDING from compute now; it will be called again */
    DICE_FAILED,  /* a needed key failed (its story is told once), or this one did */
};
enum dice_flag {
    DICE_LEAF =
        1, /* read from the world: checked in every transaction by `stamp`, has no dependencies */
    DICE_TRANSIENT =
        2, /* the value holds only for this transaction (flaky errors); never persisted */
};
struct dice_kind {
    const char *name;
    unsigned flags;
    /* Computes the value of arg into ret_value. On DICE_FAILED the story is in diags; failures are
     * remembered for the transaction only. Called from any worker; for one key by one at a time. */
    enum dice_status (*compute)(
        struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
    /* Leaves only: has the world changed since the remembered value? Cheap (a stat). May be NULL:
     * always compute. */
    bool (*unchanged)(void *context, struct str arg, struct str value);
};

struct dice_options {
    const struct dice_kind *kinds;
    unsigned kind_count;
    unsigned worker_count;   /* threads; 0: one for each CPU this process may use */
    const char *path;        /* the graph file; NULL: nothing persists */
    struct digest schema;    /* of what the kinds mean: a graph with another is not used */
    void *context;           /* for compute (dice_task_context) and unchanged */
    struct sources *sources; /* for diags */
    /* May be NULL. Called at most once in a transaction, before anything but a leaf is computed and
     * before dice has started any thread: validation that finds all as it was needs one thread, so
     * a run with nothing to do never comes here. This is where runner processes are forked. An err
     * fails the transaction. */
    enum err (*before_compute)(void *context, struct diags *diags);
};
/* A missing, damaged, truncated or older graph file is no error: nothing is remembered then. */
enum err dice_open(const struct dice_options *options, struct dice **ret_dice, struct diags *diags);
void dice_close(struct dice *dice);

/* Inside compute. The value is borrowed for the call. arg is copied. */
void *dice_task_context(struct dice_task *task);
enum dice_status dice_need(
    struct dice_task *task, unsigned kind, struct str arg, struct str *ret_value);
struct dice_want {
    unsigned kind;
    struct str arg;
    struct str value;        /* set when status is DICE_OK */
    enum dice_status status; /* of this key */
};
/* DICE_OK if all are there; DICE_FAILED if one failed and none is pending; else DICE_PENDING. */
enum dice_status dice_need_all(struct dice_task *task, struct dice_want *wants, size_t count);
/* Why this key is being computed: the dependency whose value changed ("" if it is new). In arena.
 */
struct str dice_task_cause(struct dice_task *task, struct arena *arena);

/* One transaction: leaves are read once; all wants are brought up to date, in parallel. Values stay
 * valid until the next transaction. keep_going: go on with what does not depend on a failure.
 * ERR_INVALID when one failed: diags has each failure's story once; a cycle is printed as the path
 * of its keys by describe. */
struct dice_request {
    struct dice_want *wants;
    size_t count;
    bool keep_going;
    /* Text of a key for cycles: "//a:b". */
    struct str (*describe)(unsigned kind, struct str arg, struct arena *arena);
};
enum err dice_run(struct dice *dice, const struct dice_request *request, struct diags *diags);
/* Ends the transaction early: running computes end by themselves, no new one starts.
 * Async-signal-safe. */
void dice_cancel(struct dice *dice);
/* Writes the graph file if anything changed: temporary file, fsync, rename. */
enum err dice_save(struct dice *dice, struct diags *diags);

struct dice_statistics {
    uint64_t key_count, leaf_count, validated_count, computed_count, cut_off_count;
};
void dice_statistics_get(const struct dice *dice, struct dice_statistics *ret_statistics);
#endif
