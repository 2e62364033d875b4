/* src/build/query_expr.c: read by recursive descent, and answered while it is read. */
#include "build/query_expr.h"
#include <fnmatch.h>
#include <stdlib.h>

/* The graph. */

static struct str plain_label(struct label label, struct arena *arena)
{
    label.config = STR("");
    return label_format(label, arena);
}

static void edge_push(struct query_edges *edges, uint32_t to, struct arena *arena)
{
    if ((edges->count & (edges->count - 1)) == 0) { /* full at each power of two */
        uint32_t *grown = ARENA_NEW(arena, uint32_t, edges->count == 0 ? 1 : edges->count * 2);
        if (edges->count > 0) {
            memcpy(grown, edges->at, edges->count * sizeof *grown);
        }
        edges->at = grown;
    }
    edges->at[edges->count++] = to;
}

static void edge_add(struct query_edges *edges, uint32_t to, struct arena *arena)
{
    for (size_t i = 0; i < edges->count; i++) {
        if (edges->at[i] == to) {
            return;
        }
    }
    edge_push(edges, to, arena);
}

static void label_need(
    struct query_graph *graph, uint32_t from, struct label label, struct arena *arena)
{
    uint32_t to = table_get(&graph->rows, plain_label(label, arena));
    if (to != TABLE_NONE && to != from) {
        edge_add(&graph->edges[from], to, arena);
    }
}

static void pieces_need(
    struct query_graph *graph, uint32_t from, struct pieces pieces, struct arena *arena)
{
    for (size_t i = 0; i < pieces.count; i++) {
        if (pieces.at[i].kind == PIECE_MADE || pieces.at[i].kind == PIECE_PROGRAM) {
            label_need(graph, from, pieces.at[i].label, arena);
        }
    }
}

static void args_need(
    struct query_graph *graph, uint32_t from, struct args args, struct arena *arena)
{
    for (size_t i = 0; i < args.count; i++) {
        pieces_need(graph, from, args.at[i].before, arena);
        pieces_need(graph, from, args.at[i].after, arena);
    }
}

void query_graph_init(
    struct query_graph *graph, const struct target *targets, size_t count, struct arena *arena)
{
    *graph = (struct query_graph){.targets = targets, .count = count};
    graph->edges = ARENA_NEW(arena, struct query_edges, count);
    graph->back = ARENA_NEW(arena, struct query_edges, count);
    for (size_t i = 0; i < count; i++) {
        (void)table_add(&graph->rows, NULL, plain_label(targets[i].label, arena));
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct target *target = &targets[i];
        for (size_t j = 0; j < target->dep_count; j++) {
            label_need(graph, i, target->deps[j].label, arena);
        }
        for (size_t j = 0; j < target->action_count; j++) {
            args_need(graph, i, target->actions[j].argv, arena);
            args_need(graph, i, target->actions[j].inputs, arena);
        }
        args_need(graph, i, target->run.data, arena);
        for (size_t j = 0; j < graph->edges[i].count; j++) {
            edge_push(&graph->back[graph->edges[i].at[j]], i, arena);
        }
    }
}

void query_graph_release(struct query_graph *graph)
{
    table_release(&graph->rows);
}

/* Sets. */

struct set {
    bool *has;                /* one for each target */
    struct query_result path; /* of a somepath that nothing was done to yet */
};
struct query {
    const struct query_graph *graph;
    struct str text, here;
    uint32_t source;
    size_t at; /* bytes of text that are read */
    unsigned depth;
    struct arena *arena;
    struct diags *diags;
};

static struct set set_new(const struct query *query)
{
    return (struct set){.has = ARENA_NEW(query->arena, bool, query->graph->count)};
}

/* All that is reached from set over edges, in at most steps steps; the rest of `within` (or NULL)
 * is not entered. */
static struct set closure(const struct query *query, struct set set,
    const struct query_edges *edges, const bool *within, uint64_t steps)
{
    size_t count = query->graph->count, len = 0;
    struct set found = set_new(query);
    uint32_t *queue = ARENA_NEW(query->arena, uint32_t, count);
    for (uint32_t i = 0; i < count; i++) {
        if (set.has[i] && (within == NULL || within[i])) {
            found.has[i] = true;
            queue[len++] = i;
        }
    }
    size_t next = 0, step_end = len;
    while (steps > 0 && next < len) {
        const struct query_edges *row = &edges[queue[next++]];
        for (size_t j = 0; j < row->count; j++) {
            uint32_t to = row->at[j];
            if (!found.has[to] && (within == NULL || within[to])) {
                found.has[to] = true;
                queue[len++] = to;
            }
        }
        if (next == step_end) {
            step_end = len;
            steps--;
        }
    }
    return found;
}

/* The way back from row by `before`, where a start is its own; first the start, last row. */
static struct set path_back(const struct query *query, const uint32_t *before, uint32_t row)
{
    struct set found = set_new(query);
    size_t steps = 1;
    for (uint32_t i = row; before[i] != i; i = before[i]) {
        steps++;
    }
    found.path.rows = ARENA_NEW(query->arena, uint32_t, steps);
    found.path.count = steps;
    for (uint32_t i = row; steps > 0; i = before[i]) {
        found.has[i] = true;
        found.path.rows[--steps] = i;
    }
    return found;
}

/* A shortest path from one of `from` to one of `to`; nothing if there is none. */
static struct set path_find(const struct query *query, struct set from, struct set to)
{
    size_t count = query->graph->count, len = 0;
    bool *seen = ARENA_NEW(query->arena, bool, count);
    uint32_t *queue = ARENA_NEW(query->arena, uint32_t, count);
    uint32_t *before = ARENA_NEW(query->arena, uint32_t, count);
    for (uint32_t i = 0; i < count; i++) {
        before[i] = i;
        seen[i] = from.has[i];
        if (seen[i]) {
            queue[len++] = i;
        }
    }
    for (size_t next = 0; next < len; next++) {
        uint32_t row = queue[next];
        if (to.has[row]) {
            return path_back(query, before, row);
        }
        for (size_t j = 0; j < query->graph->edges[row].count; j++) {
            uint32_t below = query->graph->edges[row].at[j];
            if (!seen[below]) {
                seen[below] = true;
                before[below] = row;
                queue[len++] = below;
            }
        }
    }
    return set_new(query);
}

/* Words. */

static struct span span_of(const struct query *query, size_t begin, size_t end)
{
    return (struct span){query->source, (uint32_t)begin, (uint32_t)end};
}

static void blanks_skip(struct query *query)
{
    while (query->at < query->text.len && strchr(" \t\n", query->text.ptr[query->at]) != NULL) {
        query->at++;
    }
}

static char peek(struct query *query)
{
    blanks_skip(query);
    if (query->at < query->text.len) {
        return query->text.ptr[query->at];
    }
    return '\0';
}

static enum err expect_char(struct query *query, char c)
{
    if (peek(query) != c) {
        return diag_add(query->diags, ERR_INVALID, span_of(query, query->at, query->at + 1),
            "a \"%c\" is wanted here", c);
    }
    query->at++;
    return OK;
}

static enum err word_read(struct query *query, struct str *ret_word)
{
    char first = peek(query);
    size_t begin = query->at;
    if (first == '"') {
        size_t len = str_find(str_sub(query->text, begin + 1, query->text.len), '"');
        if (begin + 1 + len == query->text.len) {
            return diag_add(query->diags, ERR_INVALID, span_of(query, begin, begin + 1),
                "the quoted word does not end");
        }
        *ret_word = str_sub(query->text, begin + 1, begin + 1 + len);
        query->at = begin + len + 2;
        return OK;
    }
    while (
        query->at < query->text.len && strchr(" \t\n(),\"", query->text.ptr[query->at]) == NULL) {
        query->at++;
    }
    *ret_word = str_sub(query->text, begin, query->at);
    if (ret_word->len == 0) {
        return diag_add(query->diags, ERR_INVALID, span_of(query, begin, begin + 1),
            "a label, a function or \"(\" is wanted here");
    }
    return OK;
}

/* ", N" before the ")", or as many as there are. */
static enum err steps_read(struct query *query, uint64_t *ret_steps)
{
    *ret_steps = query->graph->count;
    if (peek(query) != ',') {
        return OK;
    }
    query->at++;
    struct str word;
    enum err err = word_read(query, &word);
    uint64_t steps = 0;
    for (size_t i = 0; i < word.len && err == OK; i++) {
        if (word.ptr[i] < '0' || word.ptr[i] > '9' || steps > UINT32_MAX) {
            err =
                diag_add(query->diags, ERR_INVALID, span_of(query, query->at - word.len, query->at),
                    "a number of steps is wanted here");
        }
        steps = steps * 10 + (uint64_t)(word.ptr[i] - '0');
    }
    *ret_steps = steps;
    return err;
}

/* Terms. */

static enum err expr_read(struct query *query, struct set *ret_set);

static enum err pattern_set(struct query *query, struct str word, size_t begin, struct set *ret_set)
{
    const struct query_graph *graph = query->graph;
    struct pattern pattern;
    struct span span = span_of(query, begin, query->at);
    enum err err = pattern_parse(word, query->here, span, query->arena, &pattern, query->diags);
    bool found = false;
    *ret_set = set_new(query);
    for (size_t i = 0; i < graph->count && err == OK; i++) {
        ret_set->has[i] = pattern_matches(&pattern, graph->targets[i].label);
        found = found || ret_set->has[i];
    }
    if (err == OK && !found) {
        err = diag_add(query->diags, ERR_INVALID, span, "%.*s names no target", STR_ARG(word));
        near_help(query->diags, word, graph->rows.keys, graph->rows.len);
    }
    return err;
}

static bool glob_matches(const struct query *query, struct str glob, struct str text)
{
    return fnmatch(arena_cstr(query->arena, glob), arena_cstr(query->arena, text), 0) == 0;
}

static bool strs_match(const struct query *query, struct str glob, struct strs list)
{
    for (size_t i = 0; i < list.count; i++) {
        if (glob_matches(query, glob, list.at[i])) {
            return true;
        }
    }
    return false;
}

enum attribute {
    ATTR_NAME,
    ATTR_PACKAGE,
    ATTR_KIND,
    ATTR_DOC,
    ATTR_SRCS,
    ATTR_OUTPUTS,
    ATTR_VISIBILITY,
    ATTR_TEST,
    ATTR_COUNT,
};
static const struct str attributes[ATTR_COUNT] = {[ATTR_NAME] = {"name", 4},
    [ATTR_PACKAGE] = {"package", 7},
    [ATTR_KIND] = {"kind", 4},
    [ATTR_DOC] = {"doc", 3},
    [ATTR_SRCS] = {"srcs", 4},
    [ATTR_OUTPUTS] = {"outputs", 7},
    [ATTR_VISIBILITY] = {"visibility", 10},
    [ATTR_TEST] = {"test", 4}};

static bool attribute_matches(const struct query *query, const struct target *target,
    enum attribute attribute, struct str glob)
{
    switch (attribute) {
    case ATTR_NAME:
        return glob_matches(query, glob, target->label.name);
    case ATTR_PACKAGE:
        return glob_matches(query, glob, target->label.package);
    case ATTR_KIND:
        return glob_matches(query, glob, target->kind);
    case ATTR_DOC:
        return glob_matches(query, glob, target->doc);
    case ATTR_SRCS:
        return strs_match(query, glob, target->srcs);
    case ATTR_OUTPUTS:
        return strs_match(query, glob, target->outputs);
    case ATTR_VISIBILITY:
        return strs_match(query, glob, target->visibility);
    case ATTR_TEST:
        return glob_matches(query, glob, target->test_count > 0 ? STR("true") : STR("false"));
    case ATTR_COUNT:
        break;
    }
    return false;
}

/* What stands between the parentheses of kind and attr. */
static enum err filter_read(struct query *query, bool is_kind, struct set *ret_set)
{
    struct str name = attributes[ATTR_KIND], glob = STR("");
    enum err err = is_kind ? OK : word_read(query, &name);
    size_t attribute = 0;
    while (attribute < ATTR_COUNT && !str_eq(attributes[attribute], name)) {
        attribute++;
    }
    if (err == OK && attribute == ATTR_COUNT) {
        err = diag_add(query->diags, ERR_INVALID, span_of(query, query->at - name.len, query->at),
            "a target has no attribute \"%.*s\"", STR_ARG(name));
        near_help(query->diags, name, attributes, ATTR_COUNT);
        diag_help(query->diags,
            "attributes are name, package, kind, doc, srcs, outputs, visibility, test");
    }
    err = err == OK && !is_kind ? expect_char(query, ',') : err;
    err = err == OK ? word_read(query, &glob) : err;
    err = err == OK ? expect_char(query, ',') : err;
    err = err == OK ? expr_read(query, ret_set) : err;
    for (size_t i = 0; i < query->graph->count && err == OK; i++) {
        ret_set->has[i] = ret_set->has[i] && attribute_matches(query, &query->graph->targets[i],
                                                 (enum attribute)attribute, glob);
    }
    ret_set->path.count = 0;
    return err;
}

enum function {
    FUNCTION_DEPS,
    FUNCTION_RDEPS,
    FUNCTION_SOMEPATH,
    FUNCTION_ALLPATHS,
    FUNCTION_KIND,
    FUNCTION_ATTR,
    FUNCTION_COUNT,
};
static const struct str functions[FUNCTION_COUNT] = {[FUNCTION_DEPS] = {"deps", 4},
    [FUNCTION_RDEPS] = {"rdeps", 5},
    [FUNCTION_SOMEPATH] = {"somepath", 8},
    [FUNCTION_ALLPATHS] = {"allpaths", 8},
    [FUNCTION_KIND] = {"kind", 4},
    [FUNCTION_ATTR] = {"attr", 4}};

/* Behind "NAME(", up to the ")". */
static enum err arguments_read(struct query *query, enum function function, struct set *ret_set)
{
    const struct query_graph *graph = query->graph;
    struct set first = {0}, second = {0};
    uint64_t steps = 0;
    if (function == FUNCTION_KIND || function == FUNCTION_ATTR) {
        return filter_read(query, function == FUNCTION_KIND, ret_set);
    }
    enum err err = expr_read(query, &first);
    if (function != FUNCTION_DEPS) {
        err = err == OK ? expect_char(query, ',') : err;
        err = err == OK ? expr_read(query, &second) : err;
    }
    if (function == FUNCTION_DEPS || function == FUNCTION_RDEPS) {
        err = err == OK ? steps_read(query, &steps) : err;
    }
    if (err != OK) {
        return err;
    }
    if (function == FUNCTION_DEPS) {
        *ret_set = closure(query, first, graph->edges, NULL, steps);
    } else if (function == FUNCTION_SOMEPATH) {
        *ret_set = path_find(query, first, second);
    } else { /* allpaths are the dependents of the second below the first */
        struct set below = closure(query, first, graph->edges, NULL, graph->count);
        *ret_set = closure(query, second, graph->back, below.has,
            function == FUNCTION_RDEPS ? steps : graph->count);
    }
    return OK;
}

static enum err function_read(
    struct query *query, struct str name, size_t begin, struct set *ret_set)
{
    size_t function = 0;
    while (function < FUNCTION_COUNT && !str_eq(functions[function], name)) {
        function++;
    }
    if (function == FUNCTION_COUNT) {
        enum err err = diag_add(query->diags, ERR_INVALID, span_of(query, begin, begin + name.len),
            "there is no function \"%.*s\"", STR_ARG(name));
        near_help(query->diags, name, functions, FUNCTION_COUNT);
        return err;
    }
    query->at++; /* "(" */
    enum err err = arguments_read(query, (enum function)function, ret_set);
    return err == OK ? expect_char(query, ')') : err;
}

static enum err term_read(struct query *query, struct set *ret_set)
{
    enum err err = OK;
    if (++query->depth > QUERY_DEPTH_MAX) {
        return diag_add(query->diags, ERR_LIMIT, span_of(query, query->at, query->at + 1),
            "more than %d parentheses within each other", QUERY_DEPTH_MAX);
    }
    if (peek(query) == '(') {
        query->at++;
        err = expr_read(query, ret_set);
        err = err == OK ? expect_char(query, ')') : err;
    } else {
        size_t begin = query->at;
        struct str word;
        err = word_read(query, &word);
        if (err == OK && query->text.ptr[begin] != '"' && peek(query) == '(') {
            err = function_read(query, word, begin, ret_set);
        } else if (err == OK) {
            err = pattern_set(query, word, begin, ret_set);
        }
    }
    query->depth--;
    return err;
}

static enum err expr_read(struct query *query, struct set *ret_set)
{
    enum err err = term_read(query, ret_set);
    while (err == OK) {
        char sign = peek(query);
        bool blank = query->at + 1 < query->text.len &&
                     strchr(" \t\n(", query->text.ptr[query->at + 1]) != NULL;
        if ((sign != '+' && sign != '-' && sign != '^') || !blank) {
            return OK;
        }
        query->at++;
        struct set other;
        err = term_read(query, &other);
        for (size_t i = 0; i < query->graph->count && err == OK; i++) {
            bool left = ret_set->has[i], right = other.has[i];
            ret_set->has[i] = sign == '+'   ? left || right
                              : sign == '-' ? left && !right
                                            : left && right;
        }
        ret_set->path.count = 0;
    }
    return err;
}

struct named {
    struct str label;
    uint32_t row;
};

static int named_cmp(const void *a, const void *b)
{
    const struct named *left = a, *right = b;
    return str_cmp(left->label, right->label);
}

static void result_sort(
    const struct query_graph *graph, struct query_result *result, struct arena *arena)
{
    struct named *names = ARENA_NEW(arena, struct named, result->count);
    for (size_t i = 0; i < result->count; i++) {
        names[i] = (struct named){graph->rows.keys[result->rows[i]], result->rows[i]};
    }
    if (result->count > 0) {
        qsort(names, result->count, sizeof *names, named_cmp);
    }
    for (size_t i = 0; i < result->count; i++) {
        result->rows[i] = names[i].row;
    }
}

enum err query_run(const struct query_graph *graph, struct str text, uint32_t source,
    struct str here, struct arena *arena, struct query_result *ret_result, struct diags *diags)
{
    struct query query = {.graph = graph,
        .text = text,
        .here = here,
        .source = source,
        .arena = arena,
        .diags = diags};
    struct set set;
    enum err err = expr_read(&query, &set);
    if (err == OK && peek(&query) != '\0') {
        err = diag_add(diags, ERR_INVALID, span_of(&query, query.at, text.len),
            "nothing is wanted here any more");
        diag_help(diags, "the operators +, ^ and - stand between blanks");
    }
    if (err != OK) {
        return err;
    }
    *ret_result = set.path;
    if (set.path.count == 0) {
        ret_result->rows = ARENA_NEW(arena, uint32_t, graph->count);
        for (uint32_t i = 0; i < graph->count; i++) {
            if (set.has[i]) {
                ret_result->rows[ret_result->count++] = i;
            }
        }
        result_sort(graph, ret_result, arena);
    }
    return OK;
}
