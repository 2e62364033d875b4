/* src/dhall/assist.c: terms at a place, hover, definition. */
#include "dhall/assist.h"
#include "dhall/format.h"
#include "dhall/gap.h"
#include "dhall/parse.h"
#include <stdlib.h>

enum {
    BRIEF_FROM_BYTES = 160, /* a longer type is told in brief, too */
};

/* --- the tree --- */

enum err dhall_tree_open(
    struct dhall_tree *tree, struct str text, struct arena *arena, struct diags *diags)
{
    *tree = (struct dhall_tree){.text = arena_str(arena, text)};
    dhall_labels_init(&tree->labels);
    dhall_terms_init(&tree->terms, &tree->labels, 0);
    enum err err = dhall_parse(&tree->terms, 0, text, &tree->root, diags);
    if (err != OK) {
        return err;
    }
    tree->parents = dhall_parents_new(&tree->terms);
    return OK;
}

void dhall_tree_close(struct dhall_tree *tree)
{
    free(tree->parents);
    dhall_terms_release(&tree->terms);
    dhall_labels_release(&tree->labels);
}

bool dhall_tree_binds(const struct dhall_tree *tree, uint32_t parent, uint32_t row)
{
    const struct dhall_row *binder = &tree->terms.rows[parent];
    if (binder->kind == DHALL_LET) {
        return dhall_list_of(&tree->terms, binder)[2] == row;
    }
    bool binds = binder->kind == DHALL_LAMBDA || binder->kind == DHALL_PI;
    return binds && binder->c == row && binder->b != row;
}

/* The smallest term whose text holds or touches offset; 0: none. */
uint32_t dhall_tree_at(const struct dhall_tree *tree, uint32_t offset)
{
    uint32_t best = 0;
    uint32_t best_len = UINT32_MAX;
    for (uint32_t i = 1; i < tree->terms.len; i++) {
        struct span span = dhall_span_of(&tree->terms, (dhall_term){i});
        uint32_t len = span.end - span.begin;
        if (span.begin <= offset && offset <= span.end && len > 0 && len < best_len &&
            (i == tree->root.row || tree->parents[i] != 0)) {
            best = i;
            best_len = len;
        }
    }
    return best;
}

/* The name that a let, lambda or forall binds. */
struct span dhall_tree_binder_span(const struct dhall_tree *tree, uint32_t row)
{
    struct str text = tree->text;
    size_t at = dhall_span_of(&tree->terms, (dhall_term){row}).begin;
    if (tree->terms.rows[row].kind == DHALL_LET) {
        at += 3;
    } else {
        at += str_find(str_sub(text, at, text.len), '(') + 1;
    }
    at = dhall_gap_end(text, at);
    size_t end = at;
    if (end < text.len && text.ptr[end] == '`') {
        end += 2 + str_find(str_sub(text, end + 1, text.len), '`');
    }
    while (end < text.len && dhall_is_label_byte(text.ptr[end])) {
        end++;
    }
    return (struct span){.begin = (uint32_t)at, .end = (uint32_t)end};
}

static bool holds(struct span span, uint32_t offset)
{
    return span.begin <= offset && offset <= span.end;
}

bool dhall_tree_is_binder(const struct dhall_tree *tree, uint32_t at)
{
    const struct dhall_row *row = &tree->terms.rows[at];
    return row->kind == DHALL_LET || row->kind == DHALL_LAMBDA ||
           (row->kind == DHALL_PI && row->a != 0);
}

struct dhall_assist dhall_assist_readable(const struct dhall_assist *assist, uint32_t offset)
{
    struct dhall_assist mended = *assist;
    if (dhall_mend(assist->text, offset, assist->arena, &mended.text)) {
        return mended;
    }
    uint32_t end = offset;
    while (end < assist->text.len && dhall_is_label_byte(assist->text.ptr[end])) {
        end++;
    }
    if (!dhall_close(assist->text, end, assist->arena, &mended.text) ||
        !dhall_mend(mended.text, offset, assist->arena, &mended.text)) {
        mended.text = assist->text;
    }
    return mended;
}

/* --- hover --- */

/* A type as it would be written in a file of its own. */
static struct str type_layout(struct str type, struct arena *arena)
{
    AUTO_BUF text = {0};
    struct diags diags;
    diags_init(&diags, arena, NULL);
    if (dhall_format(type, 0, DHALL_CHARSET_AS_WRITTEN, &text, &diags) != OK) {
        return type; /* it is cut */
    }
    return arena_str(arena, str_sub(buf_str(&text), 0, text.len - 1));
}

/* What the term at offset is asked by: itself, or the value of the let whose name is there. */
static enum err hover_span(
    const struct dhall_assist *assist, uint32_t offset, struct span *ret_shown, struct span *ret_of)
{
    struct dhall_tree tree;
    enum err err = dhall_tree_open(&tree, assist->text, assist->arena, assist->diags);
    uint32_t row = err == OK ? dhall_tree_at(&tree, offset) : 0;
    if (err == OK && row == 0) {
        err = ERR_ABSENT;
    }
    if (err == OK) {
        const struct dhall_row *at = &tree.terms.rows[row];
        *ret_shown = *ret_of = dhall_span_of(&tree.terms, (dhall_term){row});
        if (dhall_tree_is_binder(&tree, row)) {
            *ret_shown = dhall_tree_binder_span(&tree, row);
            uint32_t of = at->kind == DHALL_LET ? dhall_list_of(&tree.terms, at)[1] : at->b;
            *ret_of = dhall_span_of(&tree.terms, (dhall_term){of});
            err = holds(*ret_shown, offset) ? OK : ERR_ABSENT;
        }
    }
    dhall_tree_close(&tree);
    return err;
}

enum err dhall_assist_hover(
    const struct dhall_assist *assist, uint32_t offset, struct dhall_hover *ret_hover)
{
    struct dhall_assist read = dhall_assist_readable(assist, offset);
    struct span shown = {0}, of = {0};
    const struct dhall_assist *whole = assist;
    assist = &read;
    enum err err = hover_span(assist, offset, &shown, &of);
    if (err != OK) {
        return ERR_ABSENT;
    }
    struct dhall_inspection inspection;
    err = dhall_inspect(assist->dhall, assist->name, assist->dir, assist->text, of.begin, of.end,
        assist->arena, &inspection, assist->diags);
    if (!inspection.seen) {
        return err == OK ? ERR_ABSENT : err;
    }
    uint32_t text_len = (uint32_t)whole->text.len; /* what was closed has more */
    shown.end = shown.end < text_len ? shown.end : text_len;
    *ret_hover = (struct dhall_hover){.span = shown,
        .brief = inspection.type.len > BRIEF_FROM_BYTES ? inspection.brief : STR(""),
        .type = type_layout(inspection.type, assist->arena)};
    return OK;
}

/* --- definition --- */

uint32_t dhall_tree_binder(const struct dhall_tree *tree, uint32_t row)
{
    const struct dhall_row *variable = &tree->terms.rows[row];
    uint32_t index = variable->b;
    for (uint32_t up = tree->parents[row]; up != 0; row = up, up = tree->parents[up]) {
        if (dhall_tree_binds(tree, up, row) && tree->terms.rows[up].a == variable->a) {
            if (index == 0) {
                return up;
            }
            index--;
        }
    }
    return 0;
}

static void import_copy(const struct dhall_tree *tree, uint32_t row, struct arena *arena,
    struct dhall_definition *ret_definition)
{
    const struct dhall_import *import = &tree->terms.imports[tree->terms.rows[row].a];
    struct dhall_import *copy = ARENA_NEW(arena, struct dhall_import, 1);
    *copy = *import;
    copy->headers = (dhall_term){0};
    copy->authority = arena_str(arena, import->authority);
    copy->query = arena_str(arena, import->query);
    copy->path = ARENA_NEW(arena, struct str, import->path_len);
    for (uint32_t i = 0; i < import->path_len; i++) {
        copy->path[i] = arena_str(arena, import->path[i]);
    }
    ret_definition->import = copy;
    ret_definition->span = dhall_span_of(&tree->terms, (dhall_term){row});
}

static enum err definition_find(const struct dhall_tree *tree, uint32_t offset, struct arena *arena,
    struct dhall_definition *ret_definition)
{
    uint32_t row = dhall_tree_at(tree, offset);
    while (tree->terms.rows[row].kind == DHALL_FIELD) { /* what it is a field of */
        row = tree->terms.rows[row].a;
    }
    *ret_definition = (struct dhall_definition){.import = NULL};
    if (tree->terms.rows[row].kind == DHALL_IMPORT) {
        import_copy(tree, row, arena, ret_definition);
        return OK;
    }
    uint32_t binder = tree->terms.rows[row].kind == DHALL_VAR ? dhall_tree_binder(tree, row) : 0;
    if (binder == 0) {
        return ERR_ABSENT;
    }
    ret_definition->span = dhall_tree_binder_span(tree, binder);
    return OK;
}

enum err dhall_assist_definition(
    const struct dhall_assist *assist, uint32_t offset, struct dhall_definition *ret_definition)
{
    struct dhall_assist read = dhall_assist_readable(assist, offset);
    struct dhall_tree tree;
    enum err err = dhall_tree_open(&tree, read.text, assist->arena, assist->diags);
    if (err == OK) {
        err = definition_find(&tree, offset, assist->arena, ret_definition);
    }
    dhall_tree_close(&tree);
    return err;
}
