/* src/dice/internal.h: what the files of dice share.
 *
 *   keys:  hash slots -> row numbers             (keys.c)
 *   rows:  row -> up to date in which transaction, number of its value -> body
 *   body:  argument, value, digest, edges: what persists, made in this process
 *          a row of the graph file has none until it is computed: it is read in place (graph.c)
 *   job:   what one transaction does with a row (run.c); jobs end with it
 *
 *   dice_run -> walk.c: one thread goes through what is remembered, checks the leaves, keeps values
 *            -> run.c:  the rest, on all workers: validate in order of need, or compute
 *   dice_save -> save.c
 *
 * A value is compared by number: each row counts its values (1, 2, ...) and knows the digests of
 * the current one and the one before, so that a value that comes back gets its old number. An edge
 * is a row and the number of the value that was seen there.
 *
 * Invariants:
 *  I1 A row's value and edges change only under the lock, before `verified` becomes the version of
 *     the transaction (release); they are read under the lock or after it was seen there (acquire).
 *  I2 The largest value number a row ever had is its current or its previous one: so max + 1 is
 * new. I3 Rows never move, and key bytes live as long as the graph. */
#ifndef DICE_INTERNAL_H
#define DICE_INTERNAL_H
#include "dice/dice.h"
#include <pthread.h>
#include <stdatomic.h>

#define ROW_NONE UINT32_MAX
#define EDGE_GROUP (UINT32_C(1) << 31) /* in edge.dep: the first of its group */
#define VALUE_ID_MAX (UINT32_MAX / 2)  /* in a file: leaves as many for one run */
enum {
    VALUE_HASH_BYTES = 16, /* of SHA-256 */
    CHUNK_ROWS = 1024,     /* in chunk 0, at least */
    CHUNK_COUNT = 23,
};

struct edge {
    uint32_t dep;      /* row, and EDGE_GROUP */
    uint32_t value_id; /* number of the value seen; 0: none, never equal */
};

/* Bytes of a value that parts of it share. */
struct shared {
    _Atomic uint32_t count; /* of its owners */
    char bytes[];
};
struct shared *shared_new(struct str value, struct str stamp);
void shared_release(struct shared *shared);

struct body {
    const char *arg;
    uint32_t arg_len, hash;
    const char *value;    /* in owned, or in the graph file; the stamp stands behind it */
    struct shared *owned; /* or NULL */
    uint32_t value_len, stamp_len;
    const struct edge *edges;
    struct edge *edges_owned; /* heap, or NULL: edges are the graph file's */
    struct job *job;          /* of this transaction, or NULL */
    struct body *older;       /* all bodies, newest first */
    uint32_t edge_count;
    uint32_t previous_id; /* number of the value before the current one; 0: none */
    uint8_t digest[VALUE_HASH_BYTES], previous[VALUE_HASH_BYTES];
    uint32_t part_of; /* row + 1 in whose value the value stood when it was made, or 0 */
    uint16_t kind;
    uint8_t age;    /* times the file was written whole since the row was up to date */
    bool has_value; /* value and edges may be kept if validation says so */
    bool dirty;     /* it is in dice.dirty */
};

struct row {
    _Atomic uint32_t verified; /* the transaction in which it is up to date */
    _Atomic uint32_t seen;     /* the task that recorded it last; only saves edges */
    uint32_t mark;             /* the transaction whose walk has met it */
    uint32_t value_id;         /* number of its value; 0: it never had one */
    _Atomic(struct body *) body;
};

/* Open addressing: hash in the upper half, row + 1 in the lower, 0 is free. An old array stays
 * readable after growth, until the graph is freed: readers take no lock. */
struct slots {
    struct slots *older;
    uint32_t mask;
    _Atomic uint64_t slot[];
};

struct keys {
    struct row *rows;       /* chunk 0, 1 << shift of them: all rows of the graph file, or a few */
    struct row *rows_owned; /* the same, if it is not the graph's row_space */
    unsigned shift;
    _Atomic(struct row *) chunks[CHUNK_COUNT]; /* the others; each as large as all before it */
    _Atomic(struct slots *) slots;
    uint32_t row_count, slot_count; /* rows; used slots (rows of the graph file have none) */
    struct body *newest;
    struct arena arena; /* bodies and their arguments */
};

enum job_state {
    JOB_IDLE,
    JOB_VALIDATING, /* goes through its edges from `position`; waits for `pending` rows */
    JOB_QUEUED,     /* to be computed */
    JOB_RUNNING,
    JOB_WAITING, /* its compute said DICE_PENDING; waits for `pending` rows */
    JOB_DONE,
    JOB_FAILED,
};
struct job {
    struct job *next; /* in the queue, or in the list of ready ones */
    struct body *body;
    uint32_t row;
    enum job_state state;
    uint32_t serial;   /* waiters that name another one are of an earlier wait */
    uint32_t pending;  /* rows it waits for */
    uint32_t position; /* edge that validation has come to */
    uint32_t cause;    /* the row that changed, or ROW_NONE */
    uint32_t waiters;  /* first of those that wait for it; index in run.waiters, 0 is none */
    uint32_t wait_begin, wait_count; /* JOB_WAITING: for whom, in run.waits */
    uint32_t search;                 /* the last one that came by */
    uint32_t path;                   /* place on the path that is searched for a cycle, or 0 */
};
struct waiter {
    struct job *job; /* NULL: the request itself */
    uint32_t serial, next;
};

/* A growing array of the transaction; kept from one to the next. */
struct vector {
    void *ptr;
    uint32_t len, cap; /* elements */
};
void vector_grow(struct vector *vector, size_t element_bytes);
/* Room for one more element; returns it, not initialised. */
static inline void *vector_add(struct vector *vector, size_t element_bytes)
{
    if (vector->len == vector->cap) {
        vector_grow(vector, element_bytes);
    }
    return (char *)vector->ptr + vector->len++ * element_bytes;
}

struct dice_task {
    struct dice *dice;
    struct job *job;
    uint32_t serial;
    bool group_start, pending, leaf, transient;
    bool glancing;       /* what is asked for now is not recorded */
    struct vector edges; /* struct edge */
    struct vector waits; /* uint32_t: rows that were not there */
    struct buf stamp;
    uint32_t part_of; /* ROW_NONE, or the row of whose value `part` is a part */
    struct str part;
};

enum {
    JOBS_PER_CHUNK = 256
};
/* All of it under dice.lock. */
struct run {
    const struct dice_request *request;
    struct arena arena; /* of diags */
    struct diags diags;
    struct vector chunks; /* struct job *: arrays of jobs; kept from one transaction to the next */
    uint32_t job_count;
    struct job *queue_first, *queue_last;
    uint32_t queue_len;
    struct job *ready;     /* to be advanced */
    struct vector waiters; /* struct waiter; element 0 is unused */
    struct vector waits;   /* uint32_t */
    uint32_t search;       /* number of the last search for a cycle */
    uint32_t root_pending, running, sleeping, leaf_waiting;
    uint32_t called; /* of those that sleep: they will wake up */
    bool active, failed, caller_sleeping;
    bool opened; /* before_compute was called in this transaction: threads may help */
    enum err hook_err;
};

/* What the file at options.path has, as far as this process knows. */
struct disk {
    bool known; /* else it is written whole */
    int fd;     /* of that file, so that its inode stays its own; or -1 */
    uint64_t base_bytes, bytes_len, end;
    uint64_t chain;
    uint32_t row_count;
    uint32_t *numbers; /* owned: of rows, + 1; 0: it has none; those beyond the end have none */
    uint32_t number_count;
};

struct dice {
    struct dice_options options;
    struct keys keys;
    struct graph *graph; /* the mapped file, or NULL */
    uint32_t version;    /* of the transaction */
    _Atomic bool cancelled, stopped, damaged;
    bool changed;        /* since the graph was loaded or saved */
    struct vector dirty; /* uint32_t: rows that changed since then */
    struct disk disk;
    _Atomic uint32_t task_serial;
    struct dice_statistics statistics;
    struct vector roots, order, leaves, stack; /* of the walk */
    pthread_mutex_t lock;
    pthread_cond_t work, caller, leaf_done;
    struct run run;
    pthread_t *threads;
    unsigned worker_count, thread_count;
    unsigned blocked; /* workers that wait for something else than a key */
    bool closing;
};

/* keys.c */
uint32_t key_hash(unsigned kind, struct str arg);
struct row *row_at_far(const struct keys *keys, uint32_t row);
static inline struct row *row_at(const struct keys *keys, uint32_t row)
{
    return row >> keys->shift == 0 ? keys->rows + row : row_at_far(keys, row);
}
/* The row of a key, or ROW_NONE; takes no lock. A key that another thread adds just now may be
 * missed: ask again under the lock. */
uint32_t keys_get(struct dice *dice, uint32_t hash, unsigned kind, struct str arg);
/* Under the lock. */
uint32_t keys_add(struct dice *dice, uint32_t hash, unsigned kind, struct str arg);
/* Rows of the graph file, without bodies; none if graph is NULL. */
void keys_init(struct keys *keys, struct graph *graph);
void keys_release(struct keys *keys);
/* A new last row; its body has a key that no row has. */
uint32_t keys_append(struct keys *keys, struct body *body);
struct body *body_new(struct keys *keys);
struct graph_row;
struct graph_text;
struct graph_past;
/* All but the edges; false: damaged. */
bool body_decode(struct dice *dice, const struct graph_row *r, const struct graph_text *text,
    const struct graph_past *past, struct body *body);
/* True: all of them lead to rows. */
bool edges_bounded(const struct edge *edges, uint32_t count, uint32_t row_count);
/* The body of a row, made from the graph file if it has none yet; NULL: the file is damaged. Under
 * the lock. */
struct body *row_body(struct dice *dice, uint32_t row);
/* What the walk asks of a row that it may keep. False here and below: the file is damaged. */
struct past {
    unsigned kind;
    bool has_value; /* if not, it must be computed */
    const struct edge *edges;
    uint32_t edge_count;
};
bool row_past_far(struct dice *dice, uint32_t row, struct past *ret_past);
static inline bool row_past(
    struct dice *dice, const struct row *r, uint32_t row, struct past *ret_past)
{
    const struct body *body = atomic_load_explicit(&r->body, memory_order_acquire);
    if (body == NULL) {
        return row_past_far(dice, row, ret_past);
    }
    *ret_past = (struct past){.kind = body->kind,
        .has_value = body->has_value,
        .edges = body->edges,
        .edge_count = body->edge_count};
    return true;
}
/* Do the bytes of part's value stand in those of whole's? */
static inline bool body_holds(const struct body *whole, const struct body *part)
{
    uintptr_t begin = (uintptr_t)whole->value;
    uintptr_t at = (uintptr_t)part->value;
    return whole->has_value && part->stamp_len == 0 && at >= begin &&
           part->value_len <= whole->value_len && at - begin <= whole->value_len - part->value_len;
}
/* Of a verified row. */
bool row_value(struct dice *dice, uint32_t row, struct str *ret_value);
/* All that `unchanged` asks for. */
bool row_leaf(struct dice *dice, uint32_t row, struct str *ret_arg, struct str *ret_value,
    struct str *ret_stamp);
/* All of a row, without making a body: a copy, with the number of its value and its age as it is to
 * be written. */
bool row_read(struct dice *dice, uint32_t row, struct body *ret_body, uint32_t *ret_value_id,
    uint8_t *ret_age);
/* Forgets everything, also the file. */
void dice_forget(struct dice *dice);

/* segment.c: rows as the segments have them, and what is known of the file. */
void disk_load(struct dice *dice);
void disk_release(struct disk *disk);

/* walk.c: keeps all values whose whole history is as it was. True: those of all roots. */
bool walk(struct dice *dice, const uint32_t *roots, size_t count);

/* run.c: brings the roots up to date. OK also after failures and cancellations. */
enum err run_roots(struct dice *dice, const uint32_t *roots, size_t count, struct diags *diags);
void run_release(struct dice *dice);
/* The job of a row in this transaction, a new one if there is none; NULL: damaged. */
struct job *job_get(struct dice *dice, uint32_t row);
/* Asks for a row that is not verified and whose job is idle. */
void job_start(struct dice *dice, struct job *job);
/* Goes on with all that is ready. */
void jobs_advance(struct dice *dice);
void job_queue(struct dice *dice, struct job *job, bool first);
void job_fail(struct dice *dice, struct job *job, const struct diags *diags);
/* Counts one more row that job waits for. */
void job_wait(struct dice *dice, struct job *job, struct job *dep);
/* Computes a leaf here and now; the lock is released meanwhile. */
void leaf_read(struct dice *dice, struct job *leaf);

/* task.c */
struct str key_describe(struct dice *dice, const struct body *body, struct arena *arena);

/* cycle.c: all under the lock. True, and told: job waits for itself. If one
 * on the way only validates, it is computed instead, and this is false. */
bool cycle_close(struct dice *dice, struct job *job);
/* Nothing runs, nothing is queued, yet something waits: finds the cycle and breaks it. */
void cycle_break(struct dice *dice, struct job *start);

/* A thread that takes no signals; false if the system gives none. */
bool thread_start(pthread_t *ret_thread, void *(*start)(void *), void *argument);
static inline bool dice_stopping(struct dice *dice)
{
    return atomic_load_explicit(&dice->stopped, memory_order_relaxed) ||
           atomic_load_explicit(&dice->cancelled, memory_order_relaxed) ||
           atomic_load_explicit(&dice->damaged, memory_order_relaxed);
}
static inline bool row_verified(struct dice *dice, struct row *row)
{
    return atomic_load_explicit(&row->verified, memory_order_acquire) == dice->version;
}
#endif
