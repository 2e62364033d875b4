/* src/build/expand.c */
#include "build/expand.h"
#include <stdlib.h>

/* One action being expanded. Inputs are collected first, because the text of a Dir depends on
 * them; then the texts. */
struct work {
    struct expander *expander;
    struct arena *arena; /* of the result */
    struct diags *diags;
    struct table inputs; /* path -> row of input_at */
    struct input *input_at;
    uint32_t input_cap;
    struct table trees; /* bytes of the piece -> row of tree_at */
    struct piece *tree_at;
    uint32_t tree_cap;
    struct table made_folders; /* every folder that a made input lies below */
    struct str *argv;
    size_t argv_count, argv_cap, argv_bytes;
};

void expander_init(struct expander *expander, const struct tset_graph *graph,
    const struct target *target, struct arena *arena)
{
    *expander = (struct expander){.graph = graph, .target = target, .arena = arena};
}

void expander_release(struct expander *expander)
{
    table_release(&expander->sets);
    free(expander->found);
    expander->found = NULL;
}

static const struct expanded_set *set_expanded(struct expander *expander, const struct arg *arg)
{
    struct str key = arena_printf(expander->arena, "%d %.*s", (int)arg->order, STR_ARG(arg->set));
    uint32_t before = expander->sets.len;
    uint32_t row = table_add(&expander->sets, NULL, key);
    if (row == before) {
        if (row >= expander->cap) {
            expander->cap = expander->cap == 0 ? 8 : expander->cap * 2;
            expander->found =
                memory_realloc(expander->found, expander->cap * sizeof *expander->found);
        }
        struct expanded_set *set = &expander->found[row];
        tset_expand(expander->graph, expander->target, arg->set, arg->order, expander->arena,
            &set->at, &set->count);
    }
    return &expander->found[row];
}

struct str sandbox_path(
    const char *folder, struct str package, struct str output, struct arena *arena)
{
    return arena_printf(arena, "%s%s%.*s%s%.*s", folder, package.len > 0 ? "/" : "",
        STR_ARG(package), output.len > 0 ? "/" : "", STR_ARG(output));
}

/* Text of a piece; twin: of a Dir's generated twin. */
static struct str piece_text(const struct work *work, const struct piece *piece, bool twin)
{
    struct arena *arena = work->arena;
    switch (piece->kind) {
    case PIECE_TEXT:
    case PIECE_SOURCE:
        return piece->text;
    case PIECE_MADE:
        return sandbox_path("gen", piece->label.package, piece->text, arena);
    case PIECE_PROGRAM:
        return sandbox_path("exec", piece->label.package, piece->text, arena);
    case PIECE_OUT:
        return sandbox_path("out", work->expander->target->label.package, piece->text, arena);
    case PIECE_TOOL:
        return arena_printf(arena, "/%.*s", STR_ARG(piece->text));
    case PIECE_DIR:
        if (twin) {
            return sandbox_path("gen", piece->text, STR(""), arena);
        }
        return piece->text.len == 0 ? STR(".") : piece->text;
    case PIECE_TREE:
    case PIECE_KIND_COUNT:
        break;
    }
    return STR("");
}

static enum err input_clash(
    struct work *work, struct str path, const struct piece *a, const struct piece *b)
{
    struct arena *arena = work->arena;
    struct str first = label_format(a->label, arena), second = label_format(b->label, arena);
    return diag_add(work->diags, ERR_INVALID, SPAN_NONE,
        "%.*s would be two files: an output of %.*s and one of %.*s", STR_ARG(path), STR_ARG(first),
        STR_ARG(second));
}

static enum err input_add(struct work *work, const struct piece *piece)
{
    struct str path = piece_text(work, piece, false);
    uint32_t before = work->inputs.len;
    uint32_t row = table_add(&work->inputs, NULL, path);
    if (row < before) {
        const struct piece *known = &work->input_at[row].piece;
        return piece->kind == PIECE_SOURCE || label_eq(piece->label, known->label)
                   ? OK
                   : input_clash(work, path, known, piece);
    }
    if (row >= EXPAND_INPUTS_MAX) {
        return diag_add(work->diags, ERR_LIMIT, SPAN_NONE, "an action has more than %d inputs",
            EXPAND_INPUTS_MAX);
    }
    if (row >= work->input_cap) {
        work->input_cap = work->input_cap == 0 ? 64 : work->input_cap * 2;
        work->input_at = memory_realloc(work->input_at, work->input_cap * sizeof *work->input_at);
    }
    work->input_at[row] = (struct input){.path = path, .piece = *piece};
    for (size_t i = path.len; piece->kind == PIECE_MADE && i > 0; i--) {
        if (path.ptr[i - 1] == '/') {
            (void)table_add(&work->made_folders, NULL, str_sub(path, 0, i - 1));
        }
    }
    return OK;
}

static void tree_add(struct work *work, const struct piece *piece)
{
    AUTO_BUF bytes = {0};
    pieces_encode((struct pieces){.at = piece, .count = 1}, &bytes);
    uint32_t before = work->trees.len;
    uint32_t row = table_add(&work->trees, work->arena, buf_str(&bytes));
    if (row < before) {
        return;
    }
    if (row >= work->tree_cap) {
        work->tree_cap = work->tree_cap == 0 ? 8 : work->tree_cap * 2;
        work->tree_at = memory_realloc(work->tree_at, work->tree_cap * sizeof *work->tree_at);
    }
    work->tree_at[row] = *piece;
}

static enum err pieces_collect(struct work *work, struct pieces pieces)
{
    enum err err = OK;
    for (size_t i = 0; i < pieces.count && err == OK; i++) {
        const struct piece *piece = &pieces.at[i];
        if (piece->kind == PIECE_TREE) {
            tree_add(work, piece);
        } else if (piece->kind == PIECE_SOURCE || piece->kind == PIECE_MADE ||
                   piece->kind == PIECE_PROGRAM) {
            err = input_add(work, piece);
        }
    }
    return err;
}

static enum err args_collect(struct work *work, struct args args)
{
    enum err err = OK;
    for (size_t i = 0; i < args.count && err == OK; i++) {
        const struct arg *arg = &args.at[i];
        if (!arg->each) {
            err = pieces_collect(work, arg->before);
            continue;
        }
        const struct expanded_set *set = set_expanded(work->expander, arg);
        if (set->count > 0) {
            err = pieces_collect(work, arg->before);
        }
        for (size_t j = 0; j < set->count && err == OK; j++) {
            err = pieces_collect(work, set->at[j]);
        }
        if (set->count > 0 && err == OK) {
            err = pieces_collect(work, arg->after);
        }
    }
    return err;
}

/* The text of one argument so far, and of its twin. */
struct text {
    struct buf plain, twin;
    bool has_text, has_twin;
};

static void text_add(struct work *work, struct text *text, struct pieces pieces)
{
    for (size_t i = 0; i < pieces.count; i++) {
        const struct piece *piece = &pieces.at[i];
        if (piece->kind == PIECE_TREE) {
            continue;
        }
        text->has_text = true;
        struct str plain = piece_text(work, piece, false);
        buf_add(&text->plain, plain);
        if (piece->kind == PIECE_DIR) {
            struct str twin = piece_text(work, piece, true);
            text->has_twin = text->has_twin || table_get(&work->made_folders, twin) != TABLE_NONE;
            plain = twin;
        }
        buf_add(&text->twin, plain);
    }
}

static enum err argument_add(struct work *work, const struct buf *bytes)
{
    work->argv_bytes += bytes->len + 1;
    if (work->argv_bytes > EXPAND_ARGV_BYTES_MAX) {
        return diag_add(work->diags, ERR_LIMIT, SPAN_NONE, "a command is longer than %d bytes",
            EXPAND_ARGV_BYTES_MAX);
    }
    if (work->argv_count == work->argv_cap) {
        work->argv_cap = work->argv_cap == 0 ? 32 : work->argv_cap * 2;
        work->argv = memory_realloc(work->argv, work->argv_cap * sizeof *work->argv);
    }
    work->argv[work->argv_count++] = arena_str(work->arena, buf_str(bytes));
    return OK;
}

/* Ends the argument: one, or one and its twin. */
static enum err text_end(struct work *work, struct text *text)
{
    enum err err = text->has_text ? argument_add(work, &text->plain) : OK;
    if (err == OK && text->has_twin) {
        err = argument_add(work, &text->twin);
    }
    buf_release(&text->plain);
    buf_release(&text->twin);
    *text = (struct text){0};
    return err;
}

static enum err arg_text(struct work *work, const struct arg *arg)
{
    struct text text = {0};
    if (!arg->each) {
        text_add(work, &text, arg->before);
        return text_end(work, &text);
    }
    const struct expanded_set *set = set_expanded(work->expander, arg);
    enum err err = OK;
    for (size_t i = 0; i < set->count && err == OK; i++) {
        text_add(work, &text, arg->before);
        text_add(work, &text, set->at[i]);
        text_add(work, &text, arg->after);
        if (!arg->joined || i + 1 == set->count) {
            err = text_end(work, &text);
        }
    }
    return err;
}

static int input_order(const void *a, const void *b)
{
    return str_cmp(((const struct input *)a)->path, ((const struct input *)b)->path);
}

static int str_order(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* more: one more of them; empty: none. */
static struct strs outputs_of(const struct work *work, struct strs outputs, struct str more)
{
    struct arena *arena = work->arena;
    struct str *at = ARENA_NEW(arena, struct str, outputs.count + 1);
    for (size_t i = 0; i < outputs.count; i++) {
        at[i] = sandbox_path("out", work->expander->target->label.package, outputs.at[i], arena);
    }
    size_t count = outputs.count;
    if (more.len > 0) {
        at[count++] = sandbox_path("out", work->expander->target->label.package, more, arena);
    }
    qsort(at, count, sizeof *at, str_order);
    return (struct strs){.at = at, .count = count};
}

/* Moves what was collected into the arena and frees the rest. */
static void work_end(struct work *work, struct expansion *ret_expansion)
{
    struct arena *arena = work->arena;
    size_t input_count = work->inputs.len, tree_count = work->trees.len;
    struct input *inputs = ARENA_NEW(arena, struct input, input_count);
    struct piece *trees = ARENA_NEW(arena, struct piece, tree_count);
    struct str *argv = ARENA_NEW(arena, struct str, work->argv_count);
    if (input_count > 0) {
        memcpy(inputs, work->input_at, input_count * sizeof *inputs);
        qsort(inputs, input_count, sizeof *inputs, input_order);
    }
    if (tree_count > 0) {
        memcpy(trees, work->tree_at, tree_count * sizeof *trees);
    }
    if (work->argv_count > 0) {
        memcpy(argv, work->argv, work->argv_count * sizeof *argv);
    }
    *ret_expansion = (struct expansion){.argv = argv,
        .argv_count = work->argv_count,
        .inputs = inputs,
        .input_count = input_count,
        .trees = trees,
        .tree_count = tree_count};
    table_release(&work->inputs);
    table_release(&work->trees);
    table_release(&work->made_folders);
    free(work->input_at);
    free(work->tree_at);
    free(work->argv);
}

enum err expand_action(struct expander *expander, const struct action *action, struct arena *arena,
    struct expansion *ret_expansion, struct diags *diags)
{
    struct work work = {.expander = expander, .arena = arena, .diags = diags};
    enum err err = pieces_collect(&work, action->trees);
    if (err == OK) {
        err = args_collect(&work, action->argv);
    }
    if (err == OK) {
        err = args_collect(&work, action->inputs);
    }
    for (size_t i = 0; i < action->argv.count && err == OK; i++) {
        err = arg_text(&work, &action->argv.at[i]);
    }
    work_end(&work, ret_expansion);
    ret_expansion->outputs = outputs_of(&work, action->outputs, action->depfile);
    ret_expansion->folders = outputs_of(&work, action->folders, STR(""));
    return err;
}

enum err expand_inputs(struct expander *expander, struct args args, struct arena *arena,
    struct expansion *ret_expansion, struct diags *diags)
{
    struct work work = {.expander = expander, .arena = arena, .diags = diags};
    enum err err = args_collect(&work, args);
    work_end(&work, ret_expansion);
    return err;
}
