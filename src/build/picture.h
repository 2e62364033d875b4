/* src/build/picture.h: a picture of a graph, as SVG 1.1.
 *
 *   layers   a node stands below all that it is reached from (longest path)
 *   dummies  an edge over several layers bends where it passes one
 *   order    within each layer by the median of the neighbours, up and down, the best kept
 *   places   as near to the neighbours' middle as the order lets them (least squares)
 *
 * Sugiyama, Tagawa, Toda: "Methods for Visual Understanding of Hierarchical System Structures"
 * (1981); medians as Gansner et al., "A Technique for Drawing Directed Graphs" (1993). Whole
 * numbers only: the same graph is the same bytes everywhere. An edge that closes a circle is drawn,
 * but does not count. No I/O. */
#ifndef BUILD_PICTURE_H
#define BUILD_PICTURE_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"

enum {
    PICTURE_NODES_MAX = 4000,
    PICTURE_POINTS_MAX = 200000, /* nodes and dummies; beyond, long edges are straight */
    PICTURE_TEXT_MAX = 44,       /* characters of a line; a longer one loses its beginning */
};
struct picture_node {
    struct str name, kind; /* two lines; kind may be empty */
};
struct picture_edge {
    uint32_t from, to; /* rows of nodes; twice is once */
};
struct picture {
    struct str title;
    const struct picture_node *nodes;
    size_t node_count;
    const struct picture_edge *edges;
    size_t edge_count;
};
/* The whole file. ERR_LIMIT with a diag: too many nodes. */
enum err picture_svg(const struct picture *picture, struct buf *ret_text, struct diags *diags);
#endif
