/* src/build/tset.c */
#include "build/tset.h"
#include <assert.h>
#include <stdlib.h>

void tset_release(struct tset_graph *graph)
{
    for (uint32_t i = 0; i < graph->rows.len; i++) {
        free(graph->nodes[i].edges);
    }
    free(graph->nodes);
    table_release(&graph->rows);
    *graph = (struct tset_graph){0};
}

static uint32_t row_of(struct tset_graph *graph, struct label label, struct arena *arena)
{
    uint32_t row = table_add(&graph->rows, NULL, label_format(label, arena));
    if (row >= graph->cap) {
        uint32_t cap = graph->cap == 0 ? 16 : graph->cap * 2;
        graph->nodes = memory_realloc(graph->nodes, cap * sizeof *graph->nodes);
        memset(graph->nodes + graph->cap, 0, (cap - graph->cap) * sizeof *graph->nodes);
        graph->cap = cap;
    }
    return row;
}

void tset_add(struct tset_graph *graph, const struct target *target, struct arena *arena)
{
    uint32_t row = row_of(graph, target->label, arena);
    assert(graph->nodes[row].target == NULL);
    uint32_t *edges = memory_calloc(target->dep_count + 1, sizeof *edges);
    for (size_t i = 0; i < target->dep_count; i++) {
        edges[i] = row_of(graph, target->deps[i].label, arena);
    }
    graph->nodes[row].target = target;
    graph->nodes[row].edges = edges;
}

bool tset_has(const struct tset_graph *graph, struct label label, struct arena *arena)
{
    uint32_t row = table_get(&graph->rows, label_format(label, arena));
    return row != TABLE_NONE && graph->nodes[row].target != NULL;
}

static bool hides(const struct dep *dep, struct str set)
{
    for (size_t i = 0; i < dep->hide.count; i++) {
        if (str_eq(dep->hide.at[i], set)) {
            return true;
        }
    }
    return false;
}

/* One walk, depth first. A node is seen once. Preorder emits on the way down; Topological walks
 * edges from the last to the first and lists nodes when they are left: that list, read backwards,
 * has dependents before dependencies and, where the graph leaves it open, declaration's order. */
struct walk {
    const struct tset_graph *graph;
    struct str set;
    enum order order;
    bool *seen;
    struct frame {
        uint32_t row;
        size_t next; /* edges done */
    } * stack;
    uint32_t depth;
    uint32_t *found; /* in the order of emission */
    uint32_t found_count;
};

static void walk_enter(struct walk *walk, uint32_t row)
{
    if (walk->seen[row]) {
        return;
    }
    walk->seen[row] = true;
    if (walk->order == ORDER_PREORDER) {
        walk->found[walk->found_count++] = row;
    }
    walk->stack[walk->depth++] = (struct frame){.row = row};
}

static void walk_down(struct walk *walk, uint32_t root)
{
    walk_enter(walk, root);
    while (walk->depth > 0) {
        struct frame *frame = &walk->stack[walk->depth - 1];
        const struct tset_node *node = &walk->graph->nodes[frame->row];
        assert(node->target != NULL);
        size_t count = node->target->dep_count;
        if (frame->next == count) {
            if (walk->order == ORDER_TOPOLOGICAL) {
                walk->found[walk->found_count++] = frame->row;
            }
            walk->depth--;
            continue;
        }
        size_t i = walk->order == ORDER_PREORDER ? frame->next : count - 1 - frame->next;
        frame->next++;
        if (walk->graph->steps != NULL) {
            ++*walk->graph->steps;
        }
        if (!hides(&node->target->deps[i], walk->set)) {
            walk_enter(walk, node->edges[i]);
        }
    }
}

/* Elements of the nodes in walk->found, in order, equal ones once. */
static size_t elements_collect(
    const struct walk *walk, struct arena *arena, const struct pieces **ret_at)
{
    size_t cap = 0;
    for (uint32_t i = 0; i < walk->found_count; i++) {
        cap += walk->graph->nodes[walk->found[i]].target->export_count;
    }
    struct pieces *at = ARENA_NEW(arena, struct pieces, cap);
    struct table values = {0};
    AUTO_BUF bytes = {0};
    struct arena keys = {0};
    size_t count = 0;
    /* Topological is built from its end, so that in both orders the first one met counts. */
    bool backwards = walk->order == ORDER_TOPOLOGICAL;
    for (uint32_t i = 0; i < walk->found_count; i++) {
        const struct target *target = walk->graph->nodes[walk->found[i]].target;
        for (size_t j = 0; j < target->export_count; j++) {
            const struct export *export =
                &target->exports[backwards ? target->export_count - 1 - j : j];
            if (!str_eq(export->set, walk->set)) {
                continue;
            }
            bytes.len = 0;
            pieces_encode(export->pieces, &bytes);
            if (table_add(&values, &keys, buf_str(&bytes)) == count) {
                at[backwards ? cap - 1 - count : count] = export->pieces;
                count++;
            }
        }
    }
    table_release(&values);
    arena_release(&keys);
    *ret_at = backwards ? at + (cap - count) : at;
    return count;
}

void tset_expand(const struct tset_graph *graph, const struct target *from, struct str set,
    enum order order, struct arena *arena, const struct pieces **ret_at, size_t *ret_count)
{
    struct arena scratch = {0};
    uint32_t len = graph->rows.len;
    struct walk walk = {.graph = graph, .set = set, .order = order};
    walk.seen = ARENA_NEW(&scratch, bool, len);
    walk.stack = ARENA_NEW(&scratch, struct frame, len);
    walk.found = ARENA_NEW(&scratch, uint32_t, len);
    for (size_t i = 0; i < from->dep_count; i++) {
        size_t at = order == ORDER_PREORDER ? i : from->dep_count - 1 - i;
        uint32_t row = table_get(&graph->rows, label_format(from->deps[at].label, &scratch));
        assert(row != TABLE_NONE);
        walk_down(&walk, row);
    }
    *ret_count = elements_collect(&walk, arena, ret_at);
    arena_release(&scratch);
}
