/* src/build/query_expr.h: questions about the graph of targets.
 *
 *   EXPR  = TERM { (+ | ^ | -) TERM }           union, intersection, difference; from the left
 *   TERM  = PATTERN | ( EXPR ) | deps(EXPR[, N]) | rdeps(EXPR, EXPR[, N])
 *         | somepath(EXPR, EXPR) | allpaths(EXPR, EXPR) | kind(GLOB, EXPR) | attr(NAME, GLOB, EXPR)
 *
 *   targets  row 0: //a:a --> row 2          an edge: needs, as a dependency or by what its
 *            row 1: //a:b --> row 0, row 2             actions name; configurations are not told
 *            row 2: //b:b                              apart
 *   a set    [ true, false, true ]
 *
 * An operator stands between blanks, since labels may hold it; "..." quotes a word. */
#ifndef BUILD_QUERY_EXPR_H
#define BUILD_QUERY_EXPR_H
#include "base/table.h"
#include "build/target.h"

enum {
    QUERY_DEPTH_MAX = 64, /* of parentheses */
};
struct query_graph {
    const struct target *targets; /* borrowed */
    size_t count;
    struct table rows; /* owned: "//a:b" -> row of targets, then what is no target of them */
    struct query_edges {
        uint32_t *at;
        size_t count;
    } * edges, *back; /* one for each target; in the arena of query_graph_init */
};
void query_graph_init(
    struct query_graph *graph, const struct target *targets, size_t count, struct arena *arena);
void query_graph_release(struct query_graph *graph);

struct query_result {
    uint32_t *rows; /* by label; of a somepath alone in the order of the path */
    size_t count;
};
/* text as in the folder `here`, which is source number `source`. ERR_INVALID with the story. */
enum err query_run(const struct query_graph *graph, struct str text, uint32_t source,
    struct str here, struct arena *arena, struct query_result *ret_result, struct diags *diags);
#endif
