/* src/dice/walk.c: what is as it was.
 *
 *   1. from the roots along remembered edges: `order` (dependencies first) and `leaves`
 *   2. each leaf: unchanged? (several threads if there are many)
 *   3. in order: all edges lead to kept rows with the value that was seen -> kept too
 *
 * Leaves may be checked here that a changed row would no longer ask for: that costs a stat and
 * decides nothing. Whatever is not kept here is left to run.c, which goes in order of need. */
#include "dice/internal.h"

enum {
    LEAVES_PER_THREAD = 4096, /* a thread costs what some hundred stats cost; caches need more */
    LEAVES_PER_TURN = 64,
    THREADS_MAX = 8, /* beyond, stats wait for the kernel's locks */
};

struct frame {
    uint32_t row, next; /* edge to follow next */
    const struct edge *edges;
    uint32_t edge_count;
};
/* Elements of dice->order and dice->leaves: what a second look at the row would find again. */
struct kept_row {
    const struct edge *edges;
    uint32_t row, edge_count;
};
struct kept_leaf {
    uint32_t row, kind;
};

/* Meets a row for the first time in this transaction: a frame if it has edges to follow. */
static bool row_meet(struct dice *dice, struct row *r, uint32_t row)
{
    struct past past;
    r->mark = dice->version;
    if (!row_past(dice, r, row, &past)) {
        return false;
    }
    if (!past.has_value) {
        return true;
    }
    if ((dice->options.kinds[past.kind].flags & DICE_LEAF) != 0) {
        *(struct kept_leaf *)vector_add(&dice->leaves, sizeof(struct kept_leaf)) =
            (struct kept_leaf){.row = row, .kind = past.kind};
        return true;
    }
    *(struct frame *)vector_add(&dice->stack, sizeof(struct frame)) =
        (struct frame){.row = row, .edges = past.edges, .edge_count = past.edge_count};
    return true;
}

/* Follows the edges of the newest frame up to one that puts another frame on top; with none left it
 * is done. */
static bool frame_follow(struct dice *dice)
{
    const struct keys *keys = &dice->keys;
    uint32_t depth = dice->stack.len;
    struct frame *frame = (struct frame *)dice->stack.ptr + (depth - 1);
    while (frame->next < frame->edge_count) {
        uint32_t dep = frame->edges[frame->next++].dep & ~EDGE_GROUP;
        if (dep >= keys->row_count) {
            return false;
        }
        struct row *r = row_at(keys, dep);
        if (r->mark == dice->version) {
            continue;
        }
        if (!row_meet(dice, r, dep)) {
            return false;
        }
        if (dice->stack.len != depth) {
            return true;
        }
    }
    *(struct kept_row *)vector_add(&dice->order, sizeof(struct kept_row)) = (struct kept_row){
        .edges = frame->edges, .row = frame->row, .edge_count = frame->edge_count};
    dice->stack.len--;
    return true;
}

static bool rows_collect(struct dice *dice, uint32_t root)
{
    struct row *r = row_at(&dice->keys, root);
    bool sound = r->mark == dice->version || row_meet(dice, r, root);
    while (sound && dice->stack.len > 0) {
        sound = frame_follow(dice);
    }
    return sound;
}

/* A leaf that may be kept is. */
static void leaf_check(struct dice *dice, const struct kept_leaf *leaf, uint64_t *kept_count)
{
    struct str arg;
    struct str value;
    struct str stamp;
    if (!row_leaf(dice, leaf->row, &arg, &value, &stamp)) {
        atomic_store(&dice->damaged, true);
        return;
    }
    const struct dice_kind *kind = &dice->options.kinds[leaf->kind];
    if (kind->unchanged != NULL && kind->unchanged(dice->options.context, arg, value, stamp)) {
        atomic_store_explicit(
            &row_at(&dice->keys, leaf->row)->verified, dice->version, memory_order_release);
        ++*kept_count;
    }
}

struct leaf_pass {
    struct dice *dice;
    _Atomic uint32_t next;
    _Atomic uint64_t kept_count;
};

static void *leaves_check(void *argument)
{
    struct leaf_pass *pass = argument;
    struct dice *dice = pass->dice;
    uint64_t kept_count = 0;
    for (;;) {
        uint32_t begin = atomic_fetch_add(&pass->next, LEAVES_PER_TURN);
        for (uint32_t i = begin; i < dice->leaves.len && i < begin + LEAVES_PER_TURN; i++) {
            leaf_check(dice, (const struct kept_leaf *)dice->leaves.ptr + i, &kept_count);
        }
        if (begin >= dice->leaves.len || atomic_load(&dice->damaged)) {
            atomic_fetch_add(&pass->kept_count, kept_count);
            return NULL;
        }
    }
}

/* Threads end here, before anything may be forked. */
static void leaves_pass(struct dice *dice)
{
    dice->statistics.leaf_count += dice->leaves.len;
    if (dice->leaves.len < 2 * LEAVES_PER_THREAD) {
        for (uint32_t i = 0; i < dice->leaves.len; i++) {
            leaf_check(dice, (const struct kept_leaf *)dice->leaves.ptr + i,
                &dice->statistics.validated_count);
        }
        return;
    }
    struct leaf_pass pass = {.dice = dice};
    pthread_t threads[THREADS_MAX];
    unsigned count = 0;
    unsigned count_max = dice->leaves.len / LEAVES_PER_THREAD;
    count_max = count_max < dice->worker_count ? count_max : dice->worker_count;
    while (count + 1 < count_max && count < THREADS_MAX &&
           thread_start(&threads[count], leaves_check, &pass)) {
        count++;
    }
    (void)leaves_check(&pass);
    for (unsigned i = 0; i < count; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    dice->statistics.validated_count += atomic_load(&pass.kept_count);
}

/* All rows that it needs come before it in order. */
static void row_keep(struct dice *dice, const struct kept_row *kept)
{
    for (uint32_t i = 0; i < kept->edge_count; i++) {
        const struct row *dep = row_at(&dice->keys, kept->edges[i].dep & ~EDGE_GROUP);
        if (atomic_load_explicit(&dep->verified, memory_order_relaxed) != dice->version ||
            dep->value_id != kept->edges[i].value_id) {
            return;
        }
    }
    struct row *r = row_at(&dice->keys, kept->row);
    atomic_store_explicit(&r->verified, dice->version, memory_order_release);
    dice->statistics.validated_count++;
}

bool walk(struct dice *dice, const uint32_t *roots, size_t count)
{
    dice->order.len = dice->leaves.len = dice->stack.len = 0;
    bool sound = true;
    for (size_t i = 0; sound && i < count; i++) {
        sound = rows_collect(dice, roots[i]);
    }
    if (sound && dice->leaves.len > 0) {
        leaves_pass(dice);
    }
    for (uint32_t i = 0; sound && i < dice->order.len; i++) {
        row_keep(dice, (const struct kept_row *)dice->order.ptr + i);
    }
    if (!sound) {
        atomic_store(&dice->damaged, true);
    }
    bool kept = !atomic_load(&dice->damaged);
    for (size_t i = 0; kept && i < count; i++) {
        kept = row_verified(dice, row_at(&dice->keys, roots[i]));
    }
    return kept;
}
