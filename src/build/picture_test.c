/* src/build/picture_test.c: boxes that do not overlap, edges that lead down, the same bytes again.
 */
#include "base/test.h"
#include "build/picture.h"
#include <stdlib.h>

enum {
    NODES_MAX = 64,
};
struct box {
    long long x, y, width, height;
};

static long long number_behind(struct str text, size_t at, const char *name)
{
    struct str rest = str_sub(text, at, text.len);
    const char *found = strstr(rest.ptr, name);
    return found == NULL ? -1 : strtoll(found + strlen(name), NULL, 10);
}

static size_t boxes_read(struct str text, struct box *boxes, size_t max)
{
    size_t count = 0;
    for (const char *at = text.ptr; (at = strstr(at, "<rect ")) != NULL && count < max; at++) {
        size_t offset = (size_t)(at - text.ptr);
        boxes[count++] = (struct box){.x = number_behind(text, offset, "x=\""),
            .y = number_behind(text, offset, " y=\""),
            .width = number_behind(text, offset, "width=\""),
            .height = number_behind(text, offset, "height=\"")};
    }
    return count;
}

static bool apart(const struct box *a, const struct box *b)
{
    return a->x + a->width <= b->x || b->x + b->width <= a->x || a->y + a->height <= b->y ||
           b->y + b->height <= a->y;
}

static struct str drawn(const struct picture *picture, struct arena *arena)
{
    struct diags diags;
    AUTO_BUF text = {0};
    diags_init(&diags, arena, NULL);
    CHECK(picture_svg(picture, &text, &diags) == OK);
    return arena_str(arena, buf_str(&text));
}

/* Random graphs without circles: each edge leads to a box further down, none overlaps. */
static void laws(void)
{
    unsigned state = 1;
    for (size_t round = 0; round < 60; round++) {
        struct arena arena = {0};
        struct picture_node nodes[NODES_MAX];
        struct picture_edge edges[NODES_MAX * 3];
        struct box boxes[NODES_MAX];
        size_t node_count = round % NODES_MAX + 1, edge_count = 0;
        for (size_t i = 0; i < node_count; i++) {
            nodes[i] = (struct picture_node){
                .name = arena_printf(&arena, "//p%zu:%.*s", i, (int)(i % 9), "abcdefghi"),
                .kind = STR("c.library")};
        }
        for (size_t i = 0; i < node_count * round / 20; i++) {
            state = state * 1103515245U + 12345U;
            uint32_t from = (state >> 16) % (uint32_t)node_count;
            uint32_t to = (state >> 8) % (uint32_t)node_count;
            if (from < to && edge_count < sizeof edges / sizeof edges[0]) {
                edges[edge_count++] = (struct picture_edge){.from = from, .to = to};
            }
        }
        struct picture picture = {.title = STR("t"),
            .nodes = nodes,
            .node_count = node_count,
            .edges = edges,
            .edge_count = edge_count};
        struct str text = drawn(&picture, &arena);
        CHECK_STR(drawn(&picture, &arena), text);
        CHECK(boxes_read(text, boxes, NODES_MAX) == node_count);
        bool all_apart = true, all_down = true;
        for (size_t i = 0; i < node_count; i++) {
            for (size_t j = 0; j < i; j++) {
                all_apart = all_apart && apart(&boxes[i], &boxes[j]);
            }
        }
        for (size_t i = 0; i < edge_count; i++) {
            all_down = all_down && boxes[edges[i].from].y < boxes[edges[i].to].y;
        }
        CHECK(all_apart);
        CHECK(all_down);
        arena_release(&arena);
    }
}

/* Two edges that cross in the order of their rows need not. */
static void uncrossed(void)
{
    struct arena arena = {0};
    static const struct picture_node nodes[] = {
        {{"a", 1}, {"", 0}}, {{"b", 1}, {"", 0}}, {{"c", 1}, {"", 0}}, {{"d", 1}, {"", 0}}};
    static const struct picture_edge edges[] = {{0, 3}, {1, 2}};
    struct picture picture = {.nodes = nodes, .node_count = 4, .edges = edges, .edge_count = 2};
    struct box boxes[4];
    CHECK(boxes_read(drawn(&picture, &arena), boxes, 4) == 4);
    CHECK((boxes[0].x < boxes[1].x) == (boxes[3].x < boxes[2].x));
    CHECK(boxes[0].x == boxes[3].x && boxes[1].x == boxes[2].x);
    arena_release(&arena);
}

/* A circle is drawn and ends, an edge twice is one, a box on itself has none. */
static void circle(void)
{
    struct arena arena = {0};
    static const struct picture_node nodes[] = {
        {{"a", 1}, {"", 0}}, {{"b", 1}, {"", 0}}, {{"<&\">", 4}, {"\x01k", 2}}};
    static const struct picture_edge edges[] = {{0, 1}, {1, 2}, {2, 0}, {0, 1}, {1, 1}};
    struct picture picture = {
        .title = STR("a<b"), .nodes = nodes, .node_count = 3, .edges = edges, .edge_count = 5};
    struct str text = drawn(&picture, &arena);
    size_t count = 0;
    for (const char *at = text.ptr; (at = strstr(at, "<path marker-")) != NULL; at++) {
        count++;
    }
    CHECK(count == 3);
    CHECK(strstr(text.ptr, "marker-start") != NULL);
    CHECK(strstr(text.ptr, "<title>a&#60;b</title>") != NULL);
    CHECK(strstr(text.ptr, "&#60;&#38;&#34;&#62;") != NULL);
    CHECK(strstr(text.ptr, ">?k<") != NULL);
    arena_release(&arena);
}

static void bounds(void)
{
    struct arena arena = {0};
    struct diags diags;
    AUTO_BUF text = {0};
    diags_init(&diags, &arena, NULL);
    struct picture picture = {.node_count = PICTURE_NODES_MAX + 1};
    CHECK(picture_svg(&picture, &text, &diags) == ERR_LIMIT);
    CHECK(text.len == 0);
    picture.node_count = 0;
    CHECK(strstr(drawn(&picture, &arena).ptr, "</svg>") != NULL);
    struct str name = arena_printf(&arena, "%060d-\xc3\xa4nd", 7);
    struct picture_node node = {.name = name};
    picture.nodes = &node;
    picture.node_count = 1;
    struct str drawn_text = drawn(&picture, &arena);
    CHECK(strstr(drawn_text.ptr, ">...000") != NULL);
    CHECK(strstr(drawn_text.ptr, name.ptr) != NULL); /* in the box's title */
    arena_release(&arena);
}

/* A dense graph of the most boxes, with edges over all layers, stays within its bounds. */
static void large(void)
{
    struct arena arena = {0};
    struct picture_node *nodes = ARENA_NEW(&arena, struct picture_node, PICTURE_NODES_MAX);
    struct picture_edge *edges = ARENA_NEW(&arena, struct picture_edge, 2 * PICTURE_NODES_MAX);
    for (uint32_t i = 0; i + 1 < PICTURE_NODES_MAX; i++) { /* a chain, and the first to all */
        edges[2 * i] = (struct picture_edge){.from = i, .to = i + 1};
        edges[2 * i + 1] = (struct picture_edge){.from = 0, .to = i + 1};
    }
    struct picture picture = {.nodes = nodes,
        .node_count = PICTURE_NODES_MAX,
        .edges = edges,
        .edge_count = (size_t)2 * (PICTURE_NODES_MAX - 1)};
    CHECK(drawn(&picture, &arena).len > 0);
    arena_release(&arena);
}

int main(void)
{
    TEST(laws);
    TEST(uncrossed);
    TEST(circle);
    TEST(bounds);
    TEST(large);
    return test_done();
}
