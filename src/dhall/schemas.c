/* src/dhall/schemas.c
 *
 *   infer tells of each record literal and its type (dhall->watch) -> equal to a schema's Type?
 *     -> which fields are equal to its default's -> edits, innermost included; those within a field
 *        that goes are dropped */
#include "dhall/schemas.h"
#include "dhall/assist.h"
#include "dhall/edit.h"
#include "dhall/gap.h"
#include "dhall/infer_context.h"
#include "dhall/inspect.h"
#include "dhall/parse.h"
#include "dhall/print.h"
#include <stdlib.h>

struct schema {
    struct str name;
    struct dhall_value *type, *values; /* `Type`, `default` */
};
/* A record literal that becomes a completion. */
struct match {
    uint32_t begin, end; /* of the literal */
    struct str schema;
    struct str *fields; /* that are as in the default */
    size_t field_count;
};
struct rewriter {
    struct dhall_watch watch;
    struct str name;
    struct arena *arena;
    const struct schema *schemas;
    size_t schema_count;
    struct match *matches; /* owned */
    size_t len, cap;
};

/* --- schemas --- */

struct schemas_task {
    const struct dhall_value *record;
    struct schema *schemas;
    size_t count;
};

/* Fields that are no schema are not looked at. */
static void schemas_run(struct dhall *dhall, void *argument)
{
    struct schemas_task *task = argument;
    struct dhall_value *record = dhall_force(dhall, (struct dhall_value *)(uintptr_t)task->record);
    for (uint32_t i = 0; record->kind == V_RECORD && i < record->shape->count; i++) {
        struct dhall_value *schema = dhall_force(dhall, record->items[i]);
        uint32_t type = schema->kind != V_RECORD
                            ? UINT32_MAX
                            : dhall_shape_find(schema->shape, dhall->label_type);
        uint32_t values = schema->kind != V_RECORD
                              ? UINT32_MAX
                              : dhall_shape_find(schema->shape, dhall->label_default);
        if (type == UINT32_MAX || values == UINT32_MAX) {
            continue;
        }
        struct schema *row = &task->schemas[task->count];
        row->type = dhall_force(dhall, schema->items[type]);
        row->values = dhall_force(dhall, schema->items[values]);
        row->name = dhall_label_name(&dhall->labels, record->shape->labels[i]);
        task->count += row->type->kind == V_RECORD_TYPE && row->values->kind == V_RECORD ? 1 : 0;
    }
}

static enum err schemas_load(struct dhall *dhall, struct str dir, struct str text,
    struct arena *arena, struct rewriter *rewriter, struct diags *diags)
{
    struct dhall_loaded loaded;
    const struct dhall_field *fields = NULL;
    size_t count = 0;
    enum err err = dhall_load_text(dhall, STR("(schemas)"), dir, text, &loaded, diags);
    if (err != OK) {
        return err;
    }
    if (dhall_value_record(dhall, loaded.value, &fields, &count) != OK) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE,
            "the schemas are no record of { Type = ..., default = ... }");
    }
    struct schemas_task task = {
        .record = loaded.value, .schemas = ARENA_NEW(arena, struct schema, count)};
    err = dhall_run(dhall, schemas_run, &task, diags);
    rewriter->schemas = task.schemas;
    rewriter->schema_count = task.count;
    return err;
}

/* --- matches --- */

static void match_add(struct rewriter *rewriter, struct context *context, dhall_term term,
    const struct schema *schema)
{
    struct dhall *dhall = context->dhall;
    struct span span = dhall_span_of(&context->code->terms, term);
    const struct dhall_value *record = dhall_force(dhall, context_eval(context, term));
    struct match match = {.begin = span.begin, .end = span.end, .schema = schema->name};
    const struct dhall_shape *shape = schema->values->shape;
    match.fields = ARENA_NEW(rewriter->arena, struct str, shape->count);
    for (uint32_t i = 0; record->kind == V_RECORD && i < shape->count; i++) {
        uint32_t at = dhall_shape_find(record->shape, shape->labels[i]);
        if (at != UINT32_MAX &&
            context_conv(context, record->items[at], schema->values->items[i])) {
            struct str name = dhall_label_name(&dhall->labels, shape->labels[i]);
            match.fields[match.field_count++] = arena_str(rewriter->arena, name);
        }
    }
    if (rewriter->len == rewriter->cap) {
        rewriter->cap = rewriter->cap == 0 ? 64 : rewriter->cap * 2;
        rewriter->matches =
            memory_realloc(rewriter->matches, rewriter->cap * sizeof *rewriter->matches);
    }
    rewriter->matches[rewriter->len++] = match;
}

static void record_look(
    struct dhall_watch *watch, struct context *context, dhall_term term, struct dhall_value *type)
{
    struct rewriter *rewriter = (struct rewriter *)watch;
    struct span span = dhall_span_of(&context->code->terms, term);
    if (dhall_kind_of(&context->code->terms, term) != DHALL_RECORD || span.end == span.begin ||
        !str_eq(sources_name(context->dhall->sources, span.source), rewriter->name)) {
        return;
    }
    for (size_t i = rewriter->schema_count; i > 0; i--) { /* of equal types the last */
        if (context_conv(context, rewriter->schemas[i - 1].type, type)) {
            match_add(rewriter, context, term, &rewriter->schemas[i - 1]);
            return;
        }
    }
}

/* --- edits --- */

struct edits {
    struct dhall_edit *rows; /* owned */
    size_t len, cap;
};

static void edit_add(struct edits *edits, size_t begin, size_t end, struct str text)
{
    if (edits->len == edits->cap) {
        edits->cap = edits->cap == 0 ? 64 : edits->cap * 2;
        edits->rows = memory_realloc(edits->rows, edits->cap * sizeof *edits->rows);
    }
    edits->rows[edits->len++] =
        (struct dhall_edit){.begin = (uint32_t)begin, .end = (uint32_t)end, .text = text};
}

/* The row of the record literal that has the span; 0: its braces are not there (a dotted field). */
static uint32_t literal_row(const struct dhall_tree *tree, const struct match *match)
{
    for (uint32_t i = 1; i < tree->terms.len && tree->text.ptr[match->begin] == '{'; i++) {
        struct span span = dhall_span_of(&tree->terms, (dhall_term){i});
        if (tree->terms.rows[i].kind == DHALL_RECORD && span.begin == match->begin &&
            span.end == match->end) {
            return i;
        }
    }
    return 0;
}

/* The label that begins at `at`, with its backticks; where it ends. */
static size_t label_end(struct str text, size_t at)
{
    if (text.ptr[at] == '`') {
        return at + 2 + str_find(str_sub(text, at + 1, text.len), '`');
    }
    while (dhall_is_label_byte(text.ptr[at])) {
        at++;
    }
    return at;
}

/* Where the entry of a field begins, looking back from its value: `name = `; 0: it is written
 * otherwise (name.other = 1, or several times). */
static size_t entry_begin(struct str text, size_t from, size_t value, struct str name)
{
    size_t at = dhall_gap_end(text, from);
    if (at < value && text.ptr[at] == ',') {
        at = dhall_gap_end(text, at + 1);
    }
    size_t end = label_end(text, at);
    bool quoted = text.ptr[at] == '`';
    struct str label = str_sub(text, at + (quoted ? 1 : 0), end - (quoted ? 1 : 0));
    size_t next = dhall_gap_end(text, end);
    bool is = str_eq(label, name) && (text.ptr[next] == '=' || at == value);
    return is ? at : 0;
}

struct entry {
    size_t value_begin, value_end;
    struct str name;
};

static int by_value(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;
    return (left->value_begin > right->value_begin) - (left->value_begin < right->value_begin);
}

static bool is_default(const struct match *match, struct str name)
{
    for (size_t i = 0; i < match->field_count; i++) {
        if (str_eq(match->fields[i], name)) {
            return true;
        }
    }
    return false;
}

/* Takes out the entries of the default's fields; commas that are left over may stand first or
 * last. */
static void fields_remove(struct edits *edits, const struct dhall_tree *tree, uint32_t row,
    const struct match *match, struct arena *arena)
{
    const uint32_t *pairs = dhall_list_of(&tree->terms, &tree->terms.rows[row]);
    size_t count = tree->terms.rows[row].c / 2;
    struct entry *entries = ARENA_NEW(arena, struct entry, count);
    for (size_t i = 0; i < count; i++) {
        struct span span = dhall_span_of(&tree->terms, (dhall_term){pairs[2 * i + 1]});
        entries[i] = (struct entry){.value_begin = span.begin,
            .value_end = span.end,
            .name = dhall_label_name(&tree->labels, pairs[2 * i])};
    }
    if (count > 0) {
        qsort(entries, count, sizeof *entries, by_value);
    }
    size_t from = match->begin + 1;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        size_t begin = entry_begin(tree->text, from, entries[i].value_begin, entries[i].name);
        size_t closed = entries[i].value_end;
        size_t next = dhall_gap_end(tree->text, closed);
        while (tree->text.ptr[next] == ')') {
            closed = next + 1;
            next = dhall_gap_end(tree->text, closed);
        }
        bool comma = tree->text.ptr[next] == ',';
        bool goes = begin != 0 && is_default(match, entries[i].name) && tree->text.ptr[next] != '@';
        from = goes && comma ? next + 1 : next;
        kept += goes ? 0 : 1;
        if (goes) {
            edit_add(edits, begin, closed, STR(""));
        }
        if (goes && comma) {
            edit_add(edits, next, next + 1, STR("")); /* comments before and behind it stay */
        }
    }
    if (count > 0 && kept == 0) { /* an empty record has its `=` */
        edit_add(edits, match->end - 1, match->end - 1, STR("="));
    }
}

/* May a completion not stand here, or not without parentheses? */
static bool is_completed(const struct dhall_tree *tree, uint32_t row)
{
    const struct dhall_row *parent = &tree->terms.rows[tree->parents[row]];
    return parent->kind == DHALL_OPERATOR && parent->flag == DHALL_COMPLETE && parent->b == row;
}

static bool needs_parentheses(const struct dhall_tree *tree, uint32_t row)
{
    const struct dhall_row *parent = &tree->terms.rows[tree->parents[row]];
    return parent->kind == DHALL_FIELD || parent->kind == DHALL_PROJECT ||
           (parent->kind == DHALL_PROJECT_TYPE && parent->a == row) ||
           (parent->kind == DHALL_OPERATOR && parent->flag == DHALL_COMPLETE);
}

static void match_edit(struct edits *edits, const struct dhall_tree *tree,
    const struct match *match, struct arena *arena)
{
    uint32_t row = literal_row(tree, match);
    if (row == 0 || is_completed(tree, row)) {
        return;
    }
    bool parentheses = needs_parentheses(tree, row);
    AUTO_BUF head = {0};
    buf_printf(&head, "%sschemas.", parentheses ? "(" : "");
    dhall_print_label(match->schema, false, &head);
    buf_add(&head, STR("::"));
    edit_add(edits, match->begin, match->begin, arena_str(arena, buf_str(&head)));
    fields_remove(edits, tree, row, match, arena);
    if (parentheses) {
        edit_add(edits, match->end, match->end, STR(")"));
    }
}

static int by_begin(const void *a, const void *b)
{
    const struct dhall_edit *left = a;
    const struct dhall_edit *right = b;
    if (left->begin != right->begin) {
        return left->begin > right->begin ? 1 : -1;
    }
    return (left->end > right->end) - (left->end < right->end); /* insertions first */
}

/* The text from `at` on. */
static void edits_apply(struct edits *edits, struct str text, size_t at, struct buf *ret_text)
{
    qsort(edits->rows, edits->len, sizeof *edits->rows, by_begin);
    for (size_t i = 0; i < edits->len; i++) {
        if (edits->rows[i].begin >= at) { /* else it is within what is gone */
            dhall_edit_next(text, &edits->rows[i], &at, ret_text);
        }
    }
    buf_add(ret_text, str_sub(text, at, text.len));
}

/* Where the first token is. */
static size_t text_begin(struct str text)
{
    size_t at = 0;
    while (str_starts(str_sub(text, at, text.len), STR("#!"))) {
        at += str_find(str_sub(text, at, text.len), '\n') + 1;
    }
    return dhall_gap_end(text, at);
}

static enum err text_rewrite(const struct rewriter *rewriter, const struct dhall_tree *tree,
    struct str schemas, struct buf *ret_text, struct diags *diags)
{
    for (uint32_t i = 1; i < tree->terms.len; i++) {
        if (dhall_tree_is_binder(tree, i) &&
            str_eq(dhall_label_name(&tree->labels, tree->terms.rows[i].a), STR("schemas"))) {
            return diag_add(diags, ERR_INVALID, SPAN_NONE, "%.*s binds the name `schemas` itself",
                STR_ARG(rewriter->name));
        }
    }
    struct edits edits = {.len = 0};
    for (size_t i = 0; i < rewriter->len; i++) {
        match_edit(&edits, tree, &rewriter->matches[i], rewriter->arena);
    }
    if (edits.len == 0) {
        buf_add(ret_text, tree->text);
        return OK;
    }
    size_t first = text_begin(tree->text);
    bool chain = tree->terms.rows[tree->root.row].kind == DHALL_LET &&
                 dhall_span_of(&tree->terms, tree->root).begin == first;
    buf_add(ret_text, str_sub(tree->text, 0, first));
    buf_printf(ret_text, "let schemas = %.*s\n\n%s", STR_ARG(schemas), chain ? "" : "in  ");
    edits_apply(&edits, tree->text, first, ret_text);
    free(edits.rows);
    return OK;
}

enum err dhall_schemas_apply(struct dhall *dhall, struct str name, struct str dir, struct str text,
    struct str schemas, struct buf *ret_text, struct diags *diags)
{
    struct arena arena = {0};
    struct rewriter rewriter = {.watch = {.look = record_look}, .name = name, .arena = &arena};
    struct dhall_loaded loaded;
    struct dhall_tree tree;
    enum err err = schemas_load(dhall, dir, schemas, &arena, &rewriter, diags);
    if (err == OK) {
        dhall->watch = &rewriter.watch;
        err = dhall_load_text(dhall, name, dir, text, &loaded, diags);
        dhall->watch = NULL;
    }
    if (err == OK) {
        err = dhall_tree_open(&tree, text, &arena, diags);
        err = err == OK ? text_rewrite(&rewriter, &tree, schemas, ret_text, diags) : err;
        dhall_tree_close(&tree);
    }
    free(rewriter.matches);
    arena_release(&arena);
    return err;
}
