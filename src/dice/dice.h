/* src/dice/dice.h: incremental computation.
 *
 * A key is (kind, argument bytes). Its value is bytes, a function of the values of the keys it
 * needed. Leaves are read from the world (a file's stat data and digest); everything else is
 * computed. Values, and what each key read in which order, persist in one file, of which the next
 * run reads what it touches and to which it appends what changed.
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
        1, /* read from the world: checked in every transaction by `unchanged`; needs nothing */
    DICE_TRANSIENT =
        2, /* the value holds only for this transaction (flaky errors); never persisted */
};
struct dice_kind {
    const char *name;
    unsigned flags;
    /* Computes the value of arg into ret_value. On DICE_FAILED the story is in diags; failures are
     * remembered for the transaction only. On DICE_OK diags are dropped: a warning that must be
     * told again belongs in the value. Called from any worker; for one key by one at a time. */
    enum dice_status (*compute)(
        struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
    /* Leaves only: is the world as it was when value was read? Cheap (a stat), from any thread, for
     * many keys at once. stamp is what compute gave to dice_task_stamp. NULL: always compute. */
    bool (*unchanged)(void *context, struct str arg, struct str value, struct str stamp);
};

struct io;
struct dice_options {
    const struct dice_kind *kinds;
    unsigned kind_count;
    unsigned worker_count; /* threads, the caller's too; 0: one for each CPU this process may use */
    const char *path;      /* the graph file; NULL: nothing persists */
    struct digest schema;  /* of what the kinds mean: a graph with another is not used */
    bool always_whole;     /* the graph file is written whole each time (for tests) */
    const struct io *io;   /* for writing that file; NULL: io_real */
    void *context;         /* for compute (dice_task_context) and unchanged */
    struct sources *sources; /* for diags */
    /* May be NULL. Called at most once in a transaction, in the thread of dice_run, before anything
     * but a leaf is computed and (in the first transaction) before dice has started any thread that
     * stays: a run with nothing to do never comes here, nor one that reads a few touched files
     * again and finds them equal. This is where runner processes are forked. An err fails the
     * transaction. */
    enum err (*before_compute)(void *context, struct diags *diags);
    /* Where key (kind, arg) says that it needs dep, a key of the same or another kind, for a
     * cycle's message. May be NULL. Called under dice's lock: must not ask dice for anything. */
    struct span (*place)(void *context, unsigned kind, struct str arg, struct str dep_arg);
};
/* A missing, damaged, truncated or older graph file is no error: nothing is remembered then. */
enum err dice_open(const struct dice_options *options, struct dice **ret_dice, struct diags *diags);
void dice_close(struct dice *dice);

/* Inside compute. The value is borrowed until the end of the transaction. arg is copied.
 *
 * A leaf is never DICE_PENDING (but after a cancellation): it is read there and then, so that a
 * function may read many one after the other without being called again. After DICE_PENDING a
 * function may go on to ask for what else it needs, but must end with DICE_PENDING. A function that
 * goes on after DICE_FAILED and ends with DICE_OK is computed again in each transaction. */
void *dice_task_context(struct dice_task *task);
enum dice_status dice_need(
    struct dice_task *task, unsigned kind, struct str arg, struct str *ret_value);
/* The same, but this key does not come to depend on that one: for what follows from keys that were
 * needed, so that their edges are enough. It may be that it is not called again when only that
 * value is another. */
enum dice_status dice_glance(
    struct dice_task *task, unsigned kind, struct str arg, struct str *ret_value);
struct dice_want {
    unsigned kind;
    struct str arg;
    struct str value;        /* set when status is DICE_OK */
    enum dice_status status; /* of this key */
};
/* DICE_OK if all are there; DICE_FAILED if one failed and none is pending; else DICE_PENDING. */
enum dice_status dice_need_all(struct dice_task *task, struct dice_want *wants, size_t count);
/* The value turned out not to depend on this key, which was needed in this call and was there (a
 * declared header that the compiler did not read): its changes will not matter. What names exist
 * must be needed by another key then. */
void dice_unneed(struct dice_task *task, unsigned kind, struct str arg);
/* The value is `part` of the value of this key, which was needed in this call and was there: it is
 * not copied, and takes no room of its own in the graph file (a projection). What ret_value has
 * does not count then. Not in a leaf. */
void dice_task_part(struct dice_task *task, unsigned kind, struct str arg, struct str part);
/* In a leaf: bytes for `unchanged` (stat data) that are remembered beside the value but are no part
 * of its digest: a touched file whose content is the same stops there. Copied. */
void dice_task_stamp(struct dice_task *task, struct str stamp);
/* The value holds for this transaction only, like that of a DICE_TRANSIENT kind (a flaky error). */
void dice_task_transient(struct dice_task *task);
/* The value this key had before, for functions that explain what differs; false if none. */
bool dice_task_previous(struct dice_task *task, struct str *ret_value);
/* begins: this call waits for something that is not a key (memory, a token), without using the CPU;
 * meanwhile another worker may take its place. Each beginning has its end, before compute returns.
 */
void dice_task_blocks(struct dice_task *task, bool begins);
/* For long computations: the transaction ends early, return DICE_PENDING when convenient. */
bool dice_task_cancelled(struct dice_task *task);
/* Why this key is being computed: the dependency whose value changed, as describe says it ("" if it
 * is new). In arena. */
struct str dice_task_cause(struct dice_task *task, struct arena *arena);

/* One transaction: leaves are read once; all wants are brought up to date, in parallel. Values stay
 * valid until the next transaction. keep_going: go on with what does not depend on a failure.
 * ERR_INVALID when one failed: diags has each failure's story once; a cycle is printed as the path
 * of its keys by describe. The status of each want says what became of it (DICE_PENDING: given up).
 * For one thread at a time. */
struct dice_request {
    struct dice_want *wants;
    size_t count;
    bool keep_going;
    /* Text of a key for cycles and causes: "//a:b". From any worker. NULL: "kind arg". */
    struct str (*describe)(void *context, unsigned kind, struct str arg, struct arena *arena);
};
enum err dice_run(struct dice *dice, const struct dice_request *request, struct diags *diags);
/* Ends the transaction early: running computes end by themselves, no new one starts, dice_run gives
 * ERR_RETRY unless something failed. Without a transaction it ends the next one. May be called from
 * a signal handler and from any thread. */
void dice_cancel(struct dice *dice);
/* Appends to the graph file what changed; if it has grown too much, or is not the one that was read
 * (another process wrote it), writes it whole: temporary file, rename. No fsync: what a power
 * failure leaves is checked like everything else in the file. The values of dice stay valid. */
enum err dice_save(struct dice *dice, struct diags *diags);
/* The same whether anything changed or not, and anew: no value that was replaced is left in the
 * file. */
enum err dice_save_whole(struct dice *dice, struct diags *diags);

/* Each leaf that the last transaction found or read, with the value that it has there, in no order
 * that means anything. Between transactions. False: the graph file is damaged, some are missing. */
typedef void dice_leaf_visit(
    void *context, unsigned kind, struct str arg, struct str value, struct str stamp);
bool dice_leaves(struct dice *dice, dice_leaf_visit *visit, void *context);

struct dice_statistics {
    uint64_t key_count;       /* known */
    uint64_t leaf_count;      /* leaves checked in the last transaction */
    uint64_t validated_count; /* values kept in the last transaction */
    uint64_t computed_count;  /* computed to the end in the last transaction, leaves too */
    uint64_t cut_off_count;   /* of these, those whose value was as before */
    unsigned thread_count;    /* started so far, beside the caller's */
};
void dice_statistics_get(const struct dice *dice, struct dice_statistics *ret_statistics);
#endif
