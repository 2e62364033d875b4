/* src/build/picture.c */
#include "build/picture.h"
#include <stdlib.h>

enum {
    SWEEPS = 24,       /* over all layers, down and up by turns */
    PLACE_SWEEPS = 16, /* the same, for places */
    CHAR_WIDTH = 7,    /* of the font in `style` */
    BOX_PAD = 24,      /* both sides of a text together */
    BOX_HEIGHT = 40,
    BOX_GAP = 20, /* between neighbours */
    LAYER_GAP = 56,
    DUMMY_WIDTH = 2,
    DUMMY_GAP = 10,
    MARGIN = 20,
    STRAIGHT = 8, /* how much dearer a bend of a long edge is than that of a box */
    NONE = -1,
};

/* A node, or where a long edge passes a layer. */
struct point {
    int32_t node;                                        /* or NONE */
    uint32_t layer, place;                               /* from the left */
    int64_t width, x;                                    /* x: of its middle */
    uint32_t first_up, up_count, first_down, down_count; /* in `ups` and `downs` */
};
struct link { /* between neighbouring layers */
    uint32_t upper, lower;
};
struct layout {
    const struct picture *picture;
    struct arena arena;
    struct picture_edge *edges; /* sorted, each once; those that close a circle turned round */
    bool *turned;
    uint32_t *first_link; /* of each edge; link_count: it is straight */
    size_t edge_count;
    struct point *points;
    size_t point_count;
    struct link *links;
    size_t link_count;
    uint32_t *ups, *downs; /* neighbours above and below, of all points */
    uint32_t layer_count;
    uint32_t **layers; /* points, from the left */
    uint32_t *layer_len;
};

/* Layers. */

static int edge_order(const void *a, const void *b)
{
    const struct picture_edge *left = a, *right = b;
    if (left->from != right->from) {
        return left->from < right->from ? -1 : 1;
    }
    return (left->to > right->to) - (left->to < right->to);
}

static void edges_take(struct layout *layout)
{
    const struct picture *picture = layout->picture;
    layout->edges = ARENA_NEW(&layout->arena, struct picture_edge, picture->edge_count + 1);
    size_t count = 0;
    for (size_t i = 0; i < picture->edge_count; i++) {
        if (picture->edges[i].from != picture->edges[i].to) {
            layout->edges[count++] = picture->edges[i];
        }
    }
    if (count > 0) {
        qsort(layout->edges, count, sizeof *layout->edges, edge_order);
    }
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || edge_order(&layout->edges[i - 1], &layout->edges[i]) != 0) {
            layout->edges[layout->edge_count++] = layout->edges[i];
        }
    }
    layout->turned = ARENA_NEW(&layout->arena, bool, layout->edge_count + 1);
}

/* Depth first; an edge to a node that is still open closes a circle. Nodes in `order` by the end of
 * their visit. */
static void circles_break(struct layout *layout, uint32_t *order)
{
    size_t count = layout->picture->node_count, done = 0;
    uint32_t *first = ARENA_NEW(&layout->arena, uint32_t, count + 1);
    uint32_t *next = ARENA_NEW(&layout->arena, uint32_t, count + 1);
    uint32_t *stack = ARENA_NEW(&layout->arena, uint32_t, count + 1);
    uint8_t *state = ARENA_NEW(&layout->arena, uint8_t, count + 1); /* 1 open, 2 done */
    for (size_t i = layout->edge_count; i > 0; i--) {
        first[layout->edges[i - 1].from] = (uint32_t)(i - 1);
    }
    for (uint32_t root = 0; root < count; root++) {
        size_t depth = 0;
        if (state[root] == 0) {
            state[root] = 1;
            next[root] = first[root];
            stack[depth++] = root;
        }
        while (depth > 0) {
            uint32_t node = stack[depth - 1], i = next[node];
            if (i >= layout->edge_count || layout->edges[i].from != node) {
                state[node] = 2;
                order[done++] = node;
                depth--;
                continue;
            }
            uint32_t to = layout->edges[i].to;
            next[node]++;
            layout->turned[i] = state[to] == 1;
            if (state[to] == 0) {
                state[to] = 1;
                next[to] = first[to];
                stack[depth++] = to;
            }
        }
    }
}

static uint32_t upper_of(const struct layout *layout, size_t edge)
{
    return layout->turned[edge] ? layout->edges[edge].to : layout->edges[edge].from;
}

static uint32_t lower_of(const struct layout *layout, size_t edge)
{
    return layout->turned[edge] ? layout->edges[edge].from : layout->edges[edge].to;
}

/* Longest path from above: an edge leads at least one layer down. */
static void layers_find(struct layout *layout)
{
    size_t count = layout->picture->node_count;
    uint32_t *order = ARENA_NEW(&layout->arena, uint32_t, count + 1);
    circles_break(layout, order);
    uint32_t *rank = ARENA_NEW(&layout->arena, uint32_t, count + 1); /* a node's place in order */
    uint32_t *first = ARENA_NEW(&layout->arena, uint32_t, count + 2);
    uint32_t *by_upper = ARENA_NEW(&layout->arena, uint32_t, layout->edge_count + 1);
    for (size_t i = 0; i < count; i++) {
        rank[order[i]] = (uint32_t)i;
    }
    for (size_t i = 0; i < layout->edge_count; i++) {
        first[rank[upper_of(layout, i)] + 1]++;
    }
    for (size_t i = 0; i < count; i++) {
        first[i + 1] += first[i];
    }
    uint32_t *fill = ARENA_NEW(&layout->arena, uint32_t, count + 1);
    for (size_t i = 0; i < layout->edge_count; i++) {
        uint32_t at = rank[upper_of(layout, i)];
        by_upper[first[at] + fill[at]++] = (uint32_t)i;
    }
    for (size_t i = count; i > 0; i--) { /* who is above comes first */
        const struct point *upper = &layout->points[order[i - 1]];
        for (uint32_t j = first[i - 1]; j < first[i]; j++) {
            struct point *lower = &layout->points[lower_of(layout, by_upper[j])];
            lower->layer = lower->layer > upper->layer ? lower->layer : upper->layer + 1;
        }
        layout->layer_count =
            layout->layer_count > upper->layer ? layout->layer_count : upper->layer + 1;
    }
}

/* A node that nothing is above of comes down to just above the nearest that it leads to. */
static void roots_lower(struct layout *layout)
{
    size_t count = layout->picture->node_count;
    bool *has_upper = ARENA_NEW(&layout->arena, bool, count + 1);
    uint32_t *nearest = ARENA_NEW(&layout->arena, uint32_t, count + 1);
    for (size_t i = 0; i < layout->edge_count; i++) {
        uint32_t upper = upper_of(layout, i), lower = lower_of(layout, i);
        has_upper[lower] = true;
        if (nearest[upper] == 0 || layout->points[lower].layer < nearest[upper]) {
            nearest[upper] = layout->points[lower].layer;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!has_upper[i] && nearest[i] > 0) {
            layout->points[i].layer = nearest[i] - 1;
        }
    }
}

/* Dummies and links. */

static void links_make(struct layout *layout)
{
    size_t node_count = layout->picture->node_count, long_sum = 0;
    for (size_t i = 0; i < layout->edge_count; i++) {
        long_sum += layout->points[lower_of(layout, i)].layer -
                    layout->points[upper_of(layout, i)].layer - 1;
    }
    bool bends = node_count + long_sum <= PICTURE_POINTS_MAX;
    struct point *points =
        ARENA_NEW(&layout->arena, struct point, node_count + (bends ? long_sum : 0) + 1);
    if (node_count > 0) {
        memcpy(points, layout->points, node_count * sizeof *points);
    }
    layout->points = points;
    layout->point_count = node_count;
    layout->links = ARENA_NEW(&layout->arena, struct link, layout->edge_count + long_sum + 1);
    layout->first_link = ARENA_NEW(&layout->arena, uint32_t, layout->edge_count + 1);
    for (size_t i = 0; i < layout->edge_count; i++) {
        uint32_t at = upper_of(layout, i), end = lower_of(layout, i);
        bool is_short = points[end].layer == points[at].layer + 1;
        layout->first_link[i] = bends || is_short ? (uint32_t)layout->link_count : UINT32_MAX;
        while (bends && points[at].layer + 1 < points[end].layer) {
            uint32_t dummy = (uint32_t)layout->point_count++;
            points[dummy] =
                (struct point){.node = NONE, .layer = points[at].layer + 1, .width = DUMMY_WIDTH};
            layout->links[layout->link_count++] = (struct link){.upper = at, .lower = dummy};
            at = dummy;
        }
        if (bends || is_short) {
            layout->links[layout->link_count++] = (struct link){.upper = at, .lower = end};
        }
    }
}

/* Who is above and below of whom, and the layers in the order of rows. */
static void neighbours_find(struct layout *layout)
{
    struct point *points = layout->points;
    uint32_t up = 0, down = 0;
    for (size_t i = 0; i < layout->link_count; i++) {
        points[layout->links[i].upper].down_count++;
        points[layout->links[i].lower].up_count++;
    }
    layout->layers = ARENA_NEW(&layout->arena, uint32_t *, layout->layer_count + 1);
    layout->layer_len = ARENA_NEW(&layout->arena, uint32_t, layout->layer_count + 1);
    for (size_t i = 0; i < layout->point_count; i++) {
        points[i].first_up = up;
        points[i].first_down = down;
        up += points[i].up_count;
        down += points[i].down_count;
        points[i].up_count = points[i].down_count = 0;
        layout->layer_len[points[i].layer]++;
    }
    layout->ups = ARENA_NEW(&layout->arena, uint32_t, layout->link_count + 1);
    layout->downs = ARENA_NEW(&layout->arena, uint32_t, layout->link_count + 1);
    for (size_t i = 0; i < layout->link_count; i++) {
        struct point *upper = &points[layout->links[i].upper];
        struct point *lower = &points[layout->links[i].lower];
        layout->downs[upper->first_down + upper->down_count++] = layout->links[i].lower;
        layout->ups[lower->first_up + lower->up_count++] = layout->links[i].upper;
    }
    for (uint32_t i = 0; i < layout->layer_count; i++) {
        layout->layers[i] = ARENA_NEW(&layout->arena, uint32_t, layout->layer_len[i] + 1);
        layout->layer_len[i] = 0;
    }
    for (uint32_t i = 0; i < layout->point_count; i++) {
        uint32_t layer = points[i].layer;
        points[i].place = layout->layer_len[layer];
        layout->layers[layer][layout->layer_len[layer]++] = i;
    }
}

/* Order. */

struct sort_row {
    int64_t median; /* NONE: no neighbours, stays where it is */
    uint32_t point, place;
};

static int median_order(const void *a, const void *b)
{
    const struct sort_row *left = a, *right = b;
    if (left->median != right->median) {
        return left->median < right->median ? -1 : 1;
    }
    return (left->place > right->place) - (left->place < right->place);
}

static int number_order(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

/* Twice the median of the neighbours' places; of an even number, weighted to the denser side. */
static int64_t median_of(
    const struct layout *layout, const uint32_t *at, uint32_t count, uint32_t *scratch)
{
    if (count == 0) {
        return NONE;
    }
    for (uint32_t i = 0; i < count; i++) {
        scratch[i] = layout->points[at[i]].place;
    }
    qsort(scratch, count, sizeof *scratch, number_order);
    uint32_t middle = count / 2;
    if (count % 2 == 1) {
        return 2 * (int64_t)scratch[middle];
    }
    int64_t left = (int64_t)scratch[middle - 1] - scratch[0];
    int64_t right = (int64_t)scratch[count - 1] - scratch[middle];
    int64_t low = scratch[middle - 1], high = scratch[middle];
    return left + right == 0 ? low + high : 2 * (low * right + high * left) / (left + right);
}

static void layer_sort(
    struct layout *layout, uint32_t layer, bool by_upper, uint32_t *scratch, struct sort_row *rows)
{
    uint32_t len = layout->layer_len[layer], *at = layout->layers[layer], movable = 0;
    for (uint32_t i = 0; i < len; i++) {
        const struct point *point = &layout->points[at[i]];
        int64_t median =
            by_upper
                ? median_of(layout, layout->ups + point->first_up, point->up_count, scratch)
                : median_of(layout, layout->downs + point->first_down, point->down_count, scratch);
        if (median != NONE) {
            rows[movable++] = (struct sort_row){.median = median, .point = at[i], .place = i};
        }
    }
    if (movable > 0) {
        qsort(rows, movable, sizeof *rows, median_order);
    }
    uint32_t next = 0;
    for (uint32_t i = 0; i < len; i++) { /* those without neighbours keep their places */
        const struct point *point = &layout->points[at[i]];
        if ((by_upper ? point->up_count : point->down_count) > 0) {
            at[i] = rows[next++].point;
        }
    }
    for (uint32_t i = 0; i < len; i++) {
        layout->points[at[i]].place = i;
    }
}

/* Crossings of the links between two layers: pairs that change sides, by a tree of counts. */
static uint64_t crossings_of(
    const struct layout *layout, uint32_t layer, uint32_t *tree, uint32_t *scratch)
{
    uint32_t len = layout->layer_len[layer + 1];
    uint64_t crossings = 0, seen = 0;
    memset(tree, 0, ((size_t)len + 1) * sizeof *tree);
    for (uint32_t i = 0; i < layout->layer_len[layer]; i++) {
        const struct point *point = &layout->points[layout->layers[layer][i]];
        for (uint32_t j = 0; j < point->down_count; j++) {
            scratch[j] = layout->points[layout->downs[point->first_down + j]].place;
        }
        if (point->down_count > 1) {
            qsort(scratch, point->down_count, sizeof *scratch, number_order);
        }
        for (uint32_t j = 0; j < point->down_count; j++) {
            uint64_t left = 0; /* links so far that end at or left of it */
            for (uint32_t k = scratch[j] + 1; k > 0; k -= k & -k) {
                left += tree[k];
            }
            crossings += seen - left;
        }
        for (uint32_t j = 0; j < point->down_count; j++, seen++) {
            for (uint32_t k = scratch[j] + 1; k <= len; k += k & -k) {
                tree[k]++;
            }
        }
    }
    return crossings;
}

static uint64_t crossings_all(const struct layout *layout, uint32_t *tree, uint32_t *scratch)
{
    uint64_t crossings = 0;
    for (uint32_t i = 0; i + 1 < layout->layer_count; i++) {
        crossings += crossings_of(layout, i, tree, scratch);
    }
    return crossings;
}

static void order_find(struct layout *layout)
{
    size_t count = layout->point_count;
    uint32_t *scratch = ARENA_NEW(&layout->arena, uint32_t, layout->link_count + 1);
    uint32_t *tree = ARENA_NEW(&layout->arena, uint32_t, count + 2);
    uint32_t *best_places = ARENA_NEW(&layout->arena, uint32_t, count + 1);
    struct sort_row *rows = ARENA_NEW(&layout->arena, struct sort_row, count + 1);
    uint64_t best = UINT64_MAX;
    for (unsigned sweep = 0; sweep <= SWEEPS && best > 0; sweep++) {
        uint64_t crossings = crossings_all(layout, tree, scratch);
        if (crossings < best) {
            best = crossings;
            for (size_t i = 0; i < count; i++) {
                best_places[i] = layout->points[i].place;
            }
        }
        for (uint32_t i = 1; i < layout->layer_count; i++) {
            bool down = sweep % 2 == 0;
            layer_sort(layout, down ? i : layout->layer_count - 1 - i, down, scratch, rows);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        struct point *point = &layout->points[i];
        point->place = best_places[i];
        layout->layers[point->layer][point->place] = i;
    }
}

/* Places. */

static int64_t gap_between(const struct point *left, const struct point *right)
{
    bool boxes = left->node != NONE && right->node != NONE;
    return (left->width + right->width) / 2 + (boxes ? BOX_GAP : DUMMY_GAP);
}

/* Where its neighbours would like it, and how much. */
static int64_t wish_of(const struct layout *layout, const struct point *point, bool ups, bool downs,
    int64_t *ret_weight)
{
    int64_t sum = 0, weight = 0;
    for (uint32_t i = 0; ups && i < point->up_count; i++) {
        const struct point *other = &layout->points[layout->ups[point->first_up + i]];
        int64_t own = point->node == NONE && other->node == NONE ? STRAIGHT : 1;
        sum += own * other->x;
        weight += own;
    }
    for (uint32_t i = 0; downs && i < point->down_count; i++) {
        const struct point *other = &layout->points[layout->downs[point->first_down + i]];
        int64_t own = point->node == NONE && other->node == NONE ? STRAIGHT : 1;
        sum += own * other->x;
        weight += own;
    }
    *ret_weight = weight == 0 ? 1 : weight;
    return weight == 0 ? point->x : sum / weight;
}

/* A run of neighbours that touch. */
struct block {
    int64_t sum, weight;
    uint32_t end; /* behind its last one */
};

/* Each as near to its wish as the order and the gaps allow: least squares, by pooling neighbours
 * that push each other (isotonic regression). */
static void layer_place(
    struct layout *layout, uint32_t layer, bool ups, bool downs, struct block *blocks)
{
    uint32_t len = layout->layer_len[layer], block_count = 0;
    const uint32_t *at = layout->layers[layer];
    int64_t offset = 0;
    for (uint32_t i = 0; i < len; i++) {
        const struct point *point = &layout->points[at[i]];
        offset += i > 0 ? gap_between(&layout->points[at[i - 1]], point) : 0;
        int64_t weight, wish = wish_of(layout, point, ups, downs, &weight) - offset;
        blocks[block_count++] =
            (struct block){.sum = wish * weight, .weight = weight, .end = i + 1};
        while (block_count > 1) {
            struct block *last = &blocks[block_count - 1], *before = last - 1;
            if (before->sum / before->weight <= last->sum / last->weight) {
                break;
            }
            before->sum += last->sum;
            before->weight += last->weight;
            before->end = last->end;
            block_count--;
        }
    }
    offset = 0;
    for (uint32_t i = 0, block = 0; i < len; i++) {
        struct point *point = &layout->points[at[i]];
        block += i == blocks[block].end ? 1 : 0;
        offset += i > 0 ? gap_between(&layout->points[at[i - 1]], point) : 0;
        point->x = blocks[block].sum / blocks[block].weight + offset;
    }
}

static void places_find(struct layout *layout)
{
    struct block *blocks = ARENA_NEW(&layout->arena, struct block, layout->point_count + 1);
    for (uint32_t i = 0; i < layout->layer_count; i++) { /* at first, side by side */
        int64_t x = 0;
        for (uint32_t j = 0; j < layout->layer_len[i]; j++) {
            struct point *point = &layout->points[layout->layers[i][j]];
            x += j > 0 ? gap_between(&layout->points[layout->layers[i][j - 1]], point) : 0;
            point->x = x;
        }
        for (uint32_t j = 0; j < layout->layer_len[i]; j++) {
            layout->points[layout->layers[i][j]].x -= x / 2;
        }
    }
    for (unsigned sweep = 0; sweep < PLACE_SWEEPS; sweep++) {
        bool both = sweep + 2 >= PLACE_SWEEPS, down = sweep % 2 == 0;
        for (uint32_t i = 0; i < layout->layer_count; i++) {
            uint32_t layer = down ? i : layout->layer_count - 1 - i;
            layer_place(layout, layer, both || down, both || !down, blocks);
        }
    }
}

/* SVG. */

static void escaped_add(struct buf *text, struct str plain)
{
    for (size_t i = 0; i < plain.len; i++) {
        unsigned char c = (unsigned char)plain.ptr[i];
        if (c == '<' || c == '>' || c == '&' || c == '"') {
            buf_printf(text, "&#%u;", c);
        } else if (c < 0x20 || c == 0x7f) {
            buf_add_byte(text, '?'); /* XML 1.0 has no word for it */
        } else {
            buf_add_byte(text, c);
        }
    }
}

static size_t characters_of(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    }
    return count;
}

/* The end of what is too long: names differ there. */
static struct str shortened(struct str text, bool *ret_cut)
{
    size_t count = characters_of(text);
    *ret_cut = count > PICTURE_TEXT_MAX;
    while (count > PICTURE_TEXT_MAX - (*ret_cut ? 3 : 0)) {
        size_t next = 1;
        while (next < text.len && ((unsigned char)text.ptr[next] & 0xc0) == 0x80) {
            next++;
        }
        text = str_sub(text, next, text.len);
        count--;
    }
    return text;
}

static void line_add(struct buf *text, struct str line, int64_t x, int64_t y, const char *class)
{
    bool cut;
    struct str shown = shortened(line, &cut);
    buf_printf(text, "<text class=\"%s\" x=\"%lld\" y=\"%lld\">%s", class, (long long)x,
        (long long)y, cut ? "..." : "");
    escaped_add(text, shown);
    buf_add(text, STR("</text>"));
}

/* Colours go by what a kind ends with: of all rules' kinds. */
static const char *class_of(struct str kind)
{
    static const struct {
        struct str end;
        const char *class;
    } classes[] = {{{"binary", 6}, "binary"}, {{"link", 4}, "binary"}, {{"library", 7}, "library"},
        {{"archive", 7}, "library"}, {{"test", 4}, "test"}};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (str_ends(kind, classes[i].end)) {
            return classes[i].class;
        }
    }
    return "other";
}

static int64_t y_of(const struct point *point)
{
    return MARGIN + (int64_t)point->layer * (BOX_HEIGHT + LAYER_GAP) + BOX_HEIGHT / 2;
}

static void box_add(struct buf *text, const struct picture_node *node, const struct point *point)
{
    int64_t y = y_of(point);
    buf_printf(text, "<g class=\"%s\"><title>", class_of(node->kind));
    escaped_add(text, node->name);
    buf_printf(text, "</title><rect x=\"%lld\" y=\"%lld\" width=\"%lld\" height=\"%d\" rx=\"6\"/>",
        (long long)(point->x - point->width / 2), (long long)(y - BOX_HEIGHT / 2),
        (long long)point->width, BOX_HEIGHT);
    bool two = node->kind.len > 0;
    line_add(text, node->name, point->x, two ? y - 3 : y + 4, "name");
    if (two) {
        line_add(text, node->kind, point->x, y + 13, "kind");
    }
    buf_add(text, STR("</g>\n"));
}

static void curve_add(struct buf *text, int64_t from_y, int64_t x, int64_t y, int64_t from_x)
{
    long long middle = (long long)((from_y + y) / 2);
    buf_printf(text, " C%lld,%lld %lld,%lld %lld,%lld", (long long)from_x, middle, (long long)x,
        middle, (long long)x, (long long)y);
}

/* From the box above to the box below, by its dummies. */
static void edge_add(const struct layout *layout, size_t edge, struct buf *text)
{
    const struct point *upper = &layout->points[upper_of(layout, edge)];
    const struct point *lower = &layout->points[lower_of(layout, edge)];
    int64_t x = upper->x, y = y_of(upper) + BOX_HEIGHT / 2, end_y = y_of(lower) - BOX_HEIGHT / 2;
    buf_printf(text, "<path marker-%s=\"url(#arrow)\" d=\"M%lld,%lld",
        layout->turned[edge] ? "start" : "end", (long long)x, (long long)y);
    for (uint32_t i = layout->first_link[edge]; i != UINT32_MAX; i++) {
        const struct point *dummy = &layout->points[layout->links[i].lower];
        if (dummy->node != NONE) {
            break;
        }
        int64_t top = y_of(dummy) - BOX_HEIGHT / 2;
        curve_add(text, y, dummy->x, top, x);
        x = dummy->x;
        y = top + BOX_HEIGHT;
        buf_printf(text, " V%lld", (long long)y);
    }
    curve_add(text, y, lower->x, end_y, x);
    buf_add(text, STR("\"/>\n"));
}

static const char style[] =
    "<style>\n"
    "text{font-family:ui-monospace,Menlo,Consolas,monospace;text-anchor:middle;fill:#1c2530}\n"
    ".name{font-size:12px}.kind{font-size:10px;fill:#5b6675}\n"
    "rect{stroke:#8593a5;fill:#f3f5f8}.binary rect{fill:#dce9fb;stroke:#4f7fc4}\n"
    ".library rect{fill:#e3f4e4;stroke:#559a5c}.test rect{fill:#fdf0d8;stroke:#c08f35}\n"
    "path{fill:none;stroke:#8593a5}marker path{fill:#8593a5;stroke:none}\n"
    "@media (prefers-color-scheme:dark){svg{background:#14181e}text{fill:#dfe6ee}"
    ".kind{fill:#97a3b3}rect{fill:#222a34}.binary rect{fill:#1f3557}.library rect{fill:#1f3d24}"
    ".test rect{fill:#463717}}\n"
    "</style>\n"
    "<defs><marker id=\"arrow\" markerWidth=\"8\" markerHeight=\"8\" refX=\"7\" refY=\"4\" "
    "orient=\"auto-start-reverse\"><path d=\"M0,1 L8,4 L0,7 z\"/></marker></defs>\n";

static void svg_add(struct layout *layout, struct buf *text)
{
    const struct picture *picture = layout->picture;
    int64_t left = 0, right = 0;
    for (size_t i = 0; i < layout->point_count; i++) {
        const struct point *point = &layout->points[i];
        int64_t from = point->x - point->width / 2, to = point->x + point->width / 2;
        left = i == 0 || from < left ? from : left;
        right = i == 0 || to > right ? to : right;
    }
    for (size_t i = 0; i < layout->point_count; i++) {
        layout->points[i].x += MARGIN - left;
    }
    int64_t rows = layout->layer_count;
    long long width = right - left + 2 * MARGIN;
    long long height = 2 * MARGIN + rows * (BOX_HEIGHT + LAYER_GAP) - (rows > 0 ? LAYER_GAP : 0);
    buf_printf(text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%lld\" height=\"%lld\" "
        "viewBox=\"0 0 %lld %lld\">\n<title>",
        width, height, width, height);
    escaped_add(text, picture->title);
    buf_printf(text, "</title>\n%s", style);
    for (size_t i = 0; i < layout->edge_count; i++) {
        edge_add(layout, i, text);
    }
    for (size_t i = 0; i < picture->node_count; i++) {
        box_add(text, &picture->nodes[i], &layout->points[i]);
    }
    buf_add(text, STR("</svg>\n"));
}

static void nodes_take(struct layout *layout)
{
    const struct picture *picture = layout->picture;
    layout->points = ARENA_NEW(&layout->arena, struct point, picture->node_count + 1);
    for (size_t i = 0; i < picture->node_count; i++) {
        size_t name = characters_of(picture->nodes[i].name);
        size_t kind = characters_of(picture->nodes[i].kind);
        size_t longest = name > kind ? name : kind;
        longest = longest > PICTURE_TEXT_MAX ? PICTURE_TEXT_MAX : longest;
        layout->points[i] = (struct point){
            .node = (int32_t)i, .width = (int64_t)longest * (CHAR_WIDTH + 1) + BOX_PAD};
    }
}

enum err picture_svg(const struct picture *picture, struct buf *ret_text, struct diags *diags)
{
    if (picture->node_count > PICTURE_NODES_MAX) {
        enum err err = diag_add(diags, ERR_LIMIT, SPAN_NONE,
            "a picture of %zu boxes cannot be read; %d is the most", picture->node_count,
            PICTURE_NODES_MAX);
        diag_help(diags, "ask for less, as \"straylight query --output svg 'deps(//a, 2)'\"");
        return err;
    }
    struct layout layout = {.picture = picture};
    nodes_take(&layout);
    edges_take(&layout);
    layers_find(&layout);
    roots_lower(&layout);
    links_make(&layout);
    neighbours_find(&layout);
    order_find(&layout);
    places_find(&layout);
    svg_add(&layout, ret_text);
    arena_release(&layout.arena);
    return OK;
}
