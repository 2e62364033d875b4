/* src/dhall/assist_names.c: all lets of a text; where a name is used; another name for it. */
#include "dhall/assist.h"
#include "dhall/parse.h"
#include <stdlib.h>

static int symbol_cmp(const void *a, const void *b)
{
    uint32_t x = ((const struct dhall_symbol *)a)->span.begin;
    uint32_t y = ((const struct dhall_symbol *)b)->span.begin;
    return (x > y) - (x < y);
}

enum err dhall_assist_symbols(
    const struct dhall_assist *assist, struct dhall_symbol **ret_symbols, size_t *ret_count)
{
    struct dhall_assist read = dhall_assist_readable(assist, (uint32_t)assist->text.len);
    struct dhall_tree tree;
    enum err err = dhall_tree_open(&tree, read.text, assist->arena, assist->diags);
    size_t count = 0;
    struct dhall_symbol *symbols =
        ARENA_NEW(assist->arena, struct dhall_symbol, (size_t)tree.terms.len + 1);
    for (uint32_t i = 1; err == OK && i < tree.terms.len; i++) {
        const struct dhall_row *row = &tree.terms.rows[i];
        struct span span = dhall_span_of(&tree.terms, (dhall_term){i});
        if (row->kind != DHALL_LET || (i != tree.root.row && tree.parents[i] == 0)) {
            continue;
        }
        const uint32_t *list = dhall_list_of(&tree.terms, row);
        struct span annotation = dhall_span_of(&tree.terms, (dhall_term){list[0]});
        span.end = dhall_span_of(&tree.terms, (dhall_term){list[1]}).end;
        symbols[count++] = (struct dhall_symbol){.span = span,
            .name = dhall_tree_binder_span(&tree, i),
            .text = arena_str(assist->arena, dhall_label_name(&tree.labels, row->a)),
            .type = list[0] == 0 ? STR("") : str_sub(tree.text, annotation.begin, annotation.end)};
    }
    qsort(symbols, count, sizeof *symbols, symbol_cmp);
    *ret_symbols = symbols;
    *ret_count = count;
    dhall_tree_close(&tree);
    return err;
}

/* x of x@1 */
static struct span name_only(const struct dhall_tree *tree, struct span span)
{
    struct str text = str_sub(tree->text, span.begin, span.end);
    bool quoted = text.len > 0 && text.ptr[0] == '`';
    size_t end = quoted ? 2 + str_find(str_sub(text, 1, text.len), '`') : str_find(text, '@');
    while (!quoted && end > 0 && strchr(" \t\r\n", text.ptr[end - 1]) != NULL) {
        end--;
    }
    span.end = span.begin + (uint32_t)(end < text.len ? end : text.len);
    return span;
}

/* Is a variable the { x } of a record, where no `=` stands before it? */
static bool is_pun(const struct dhall_tree *tree, uint32_t row)
{
    size_t at = dhall_span_of(&tree->terms, (dhall_term){row}).begin;
    if (tree->terms.rows[tree->parents[row]].kind != DHALL_RECORD) {
        return false;
    }
    while (at > 0 && strchr(" \t\r\n", tree->text.ptr[at - 1]) != NULL) {
        at--;
    }
    return at > 0 && (tree->text.ptr[at - 1] == '{' || tree->text.ptr[at - 1] == ',');
}

static enum err references_find(const struct dhall_tree *tree, uint32_t offset, struct arena *arena,
    struct dhall_reference **ret_references, size_t *ret_count)
{
    uint32_t row = dhall_tree_at(tree, offset);
    uint32_t binder = 0;
    if (row != 0 && tree->terms.rows[row].kind == DHALL_VAR) {
        binder = dhall_tree_binder(tree, row);
    } else if (row != 0 && dhall_tree_is_binder(tree, row)) {
        struct span name = dhall_tree_binder_span(tree, row);
        binder = name.begin <= offset && offset <= name.end ? row : 0;
    }
    if (binder == 0) {
        return ERR_ABSENT;
    }
    size_t count = 1;
    struct dhall_reference *references =
        ARENA_NEW(arena, struct dhall_reference, (size_t)tree->terms.len + 1);
    references[0].span = dhall_tree_binder_span(tree, binder);
    references[0].is_pun = false;
    for (uint32_t i = 1; i < tree->terms.len; i++) {
        struct span span = dhall_span_of(&tree->terms, (dhall_term){i});
        if (tree->terms.rows[i].kind == DHALL_VAR && span.end > span.begin &&
            dhall_tree_binder(tree, i) == binder) {
            references[count].span = name_only(tree, span);
            references[count++].is_pun = is_pun(tree, i);
        }
    }
    *ret_references = references;
    *ret_count = count;
    return OK;
}

enum err dhall_assist_references(const struct dhall_assist *assist, uint32_t offset,
    struct dhall_reference **ret_references, size_t *ret_count)
{
    struct dhall_assist read = dhall_assist_readable(assist, offset);
    struct dhall_tree tree;
    enum err err = dhall_tree_open(&tree, read.text, assist->arena, assist->diags);
    if (err == OK) {
        err = references_find(&tree, offset, assist->arena, ret_references, ret_count);
    }
    dhall_tree_close(&tree);
    return err;
}

static int reference_cmp(const void *a, const void *b)
{
    uint32_t x = ((const struct dhall_reference *)a)->span.begin;
    uint32_t y = ((const struct dhall_reference *)b)->span.begin;
    return (x > y) - (x < y);
}

static struct str renamed(const struct dhall_assist *assist,
    const struct dhall_reference *references, size_t count, struct str name)
{
    AUTO_BUF text = {0};
    size_t from = 0;
    struct dhall_reference *sorted = ARENA_NEW(assist->arena, struct dhall_reference, count);
    memcpy(sorted, references, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, reference_cmp);
    for (size_t i = 0; i < count; i++) {
        struct span span = sorted[i].span;
        buf_add(&text, str_sub(assist->text, from, span.begin));
        if (sorted[i].is_pun) {
            buf_printf(&text, "%.*s = ", STR_ARG(str_sub(assist->text, span.begin, span.end)));
        }
        buf_add(&text, name);
        from = span.end;
    }
    buf_add(&text, str_sub(assist->text, from, assist->text.len));
    return arena_str(assist->arena, buf_str(&text));
}

/* Is every variable bound where it was? The rows of both are the same then. */
static bool same_bindings(const struct dhall_tree *before, const struct dhall_tree *after)
{
    bool same = before->terms.len == after->terms.len;
    for (uint32_t i = 1; same && i < before->terms.len; i++) {
        enum dhall_kind kind = (enum dhall_kind)before->terms.rows[i].kind;
        same = kind == (enum dhall_kind)after->terms.rows[i].kind &&
               (kind != DHALL_VAR || dhall_tree_binder(before, i) == dhall_tree_binder(after, i));
    }
    return same;
}

enum err dhall_assist_rename(const struct dhall_assist *assist, uint32_t offset, struct str name,
    struct dhall_reference **ret_references, size_t *ret_count)
{
    struct dhall_tree before, after;
    enum err err = dhall_tree_open(&before, assist->text, assist->arena, assist->diags);
    if (err == OK) {
        err = references_find(&before, offset, assist->arena, ret_references, ret_count);
    }
    if (err == OK) {
        struct str text = renamed(assist, *ret_references, *ret_count, name);
        err = dhall_tree_open(&after, text, assist->arena, assist->diags);
        err = err == OK && same_bindings(&before, &after) ? OK : ERR_INVALID;
        dhall_tree_close(&after);
    }
    dhall_tree_close(&before);
    return err;
}
