/* src/build/tset.h: transitive sets, shared, expanded in a stated order.
 *
 *   node app -> [greet, core]      a node is a target: its own elements of each set, and edges
 *   node greet -> [core]           (some hidden for some sets); nothing is copied to dependents
 *
 *   from app's dependencies: Preorder      greet's, core's: depth first, as declared, first counts
 *                            Topological   dependents before dependencies, ties as declared, last
 *                                          counts
 *
 * Equal elements (by value) are one. */
#ifndef BUILD_TSET_H
#define BUILD_TSET_H
#include "base/table.h"
#include "build/target.h"

/* The nodes that an expansion may reach; nodes are rows, by the text of their labels. */
struct tset_graph {
    struct table rows;       /* label_format's text */
    struct tset_node *nodes; /* owned; as many as rows */
    uint32_t cap;
    uint64_t *steps; /* NULL, or counts the edges that expansions follow (tests) */
};
struct tset_node {
    const struct target *target; /* deps and exports; borrowed */
    uint32_t *edges;             /* rows of target->deps; owned */
};
void tset_release(struct tset_graph *graph);
/* Adds a node for target, whose label must be new; edges may lead to nodes that come later. */
void tset_add(struct tset_graph *graph, const struct target *target, struct arena *arena);
bool tset_has(const struct tset_graph *graph, struct label label, struct arena *arena);

/* The elements of `set` below the dependencies of `from` (hidden edges are hidden from those who
 * depend on it, not from itself), in order. All nodes that it reaches are there (asserted). ret_at
 * is in arena. */
void tset_expand(const struct tset_graph *graph, const struct target *from, struct str set,
    enum order order, struct arena *arena, const struct pieces **ret_at, size_t *ret_count);
#endif
