/* src/dhall/resolve.c: one walk over a parsed file that makes it ready for evaluation.
 *
 *   scope:  names[i] binder i, outermost first; latest[label] + 1 of its newest, previous[i] the
 * one that binder i shadows: x@n is n steps along previous */
#include "dhall/eval.h"
#include "dhall/import.h"
#include "dhall/infer_context.h"
#include <assert.h>
#include <stdlib.h>

struct resolver {
    struct dhall *dhall;
    struct dhall_code *code;
    struct dhall_import_entry *parent; /* NULL: a value that was read back; it has no imports, and
                                          its closed rows may be shared */
    struct diags *diags;
    struct dhall_scope *scope;
    uint8_t *seen; /* by row, where rows may be shared */
    /* Left sides of `?` that this is within: what is wrong there is for them to judge. */
    unsigned alternatives;
};
/* All arrays: in the session's arena. Used again for the next file: when it is empty, latest is all
 * zero. */
struct dhall_scope {
    struct dhall_scope *next; /* of those that are free */
    dhall_label *names;
    uint32_t *rows;     /* of the binder, to mark it used; 0: outside of the code */
    uint32_t *previous; /* binder + 1, 0: none */
    uint32_t len, cap;
    uint32_t *latest; /* by label: binder + 1 */
    uint32_t latest_cap;
};

static uint32_t *grown(struct dhall *dhall, const uint32_t *array, uint32_t len, uint32_t cap)
{
    uint32_t *more = ARENA_NEW(&dhall->arena, uint32_t, cap);
    if (len > 0) {
        memcpy(more, array, len * sizeof *more);
    }
    return more;
}

static void scope_push(struct resolver *resolver, dhall_label label, uint32_t row)
{
    struct dhall *dhall = resolver->dhall;
    struct dhall_scope *scope = resolver->scope;
    uint32_t len = scope->len;
    if (len == scope->cap) {
        scope->cap = len == 0 ? 16 : len * 2;
        scope->names = grown(dhall, scope->names, len, scope->cap);
        scope->rows = grown(dhall, scope->rows, len, scope->cap);
        scope->previous = grown(dhall, scope->previous, len, scope->cap);
    }
    if (label >= scope->latest_cap) {
        uint32_t cap = label < 128 ? 256 : label * 2;
        scope->latest = grown(dhall, scope->latest, scope->latest_cap, cap);
        scope->latest_cap = cap;
    }
    scope->names[len] = label;
    scope->rows[len] = row;
    scope->previous[len] = scope->latest[label];
    scope->latest[label] = len + 1;
    scope->len++;
}

static void scope_pop(struct resolver *resolver)
{
    struct dhall_scope *scope = resolver->scope;
    uint32_t last = --scope->len;
    scope->latest[scope->names[last]] = scope->previous[last];
}

static void resolve_variable(
    struct resolver *resolver, const struct dhall_row *row, uint32_t *ret_mark)
{
    const struct dhall_scope *scope = resolver->scope;
    uint32_t binder = row->a < scope->latest_cap ? scope->latest[row->a] : 0;
    uint32_t left = row->b;
    while (binder != 0 && left > 0) {
        binder = scope->previous[binder - 1];
        left--;
    }
    if (binder == 0) {
        *ret_mark = MARK_FREE | (left & (MARK_FREE - 1));
        return;
    }
    *ret_mark = scope->len - binder;
    if (scope->rows[binder - 1] != 0) {
        resolver->code->marks[scope->rows[binder - 1]] = 1;
    }
}

static struct dhall_scope *scope_take(struct dhall *dhall)
{
    struct dhall_scope *scope = dhall->scopes;
    if (scope == NULL) {
        return ARENA_NEW(&dhall->arena, struct dhall_scope, 1);
    }
    dhall->scopes = scope->next;
    return scope;
}

static void scope_give_back(struct resolver *resolver)
{
    while (resolver->scope->len > 0) {
        scope_pop(resolver);
    }
    resolver->scope->next = resolver->dhall->scopes;
    resolver->dhall->scopes = resolver->scope;
}

static void shape_add(
    struct resolver *resolver, dhall_term term, const dhall_label *labels, uint32_t count)
{
    struct dhall_code *code = resolver->code;
    if (code->shapes_len == code->shapes_cap) {
        code->shapes_cap = code->shapes_cap == 0 ? 8 : code->shapes_cap * 2;
        code->shapes = memory_realloc(code->shapes, code->shapes_cap * sizeof(void *));
    }
    const struct dhall_shape *shape = NULL;
    for (uint32_t i = code->shapes_len; i > 0 && i + 8 > code->shapes_len && shape == NULL; i--) {
        const struct dhall_shape *old = code->shapes[i - 1];
        if (old->count == count &&
            (count == 0 || memcmp(old->labels, labels, count * sizeof *labels) == 0)) {
            shape = old; /* a list of like records: one shape */
        }
    }
    code->marks[term.row] = code->shapes_len;
    code->shapes[code->shapes_len++] =
        shape != NULL ? shape : dhall_shape_new(resolver->dhall, labels, count);
}

static enum err resolve_term(struct resolver *resolver, dhall_term term);

static enum err resolve_list(
    struct resolver *resolver, const struct dhall_row *row, uint32_t first, uint32_t step)
{
    for (uint32_t i = first; i < row->c; i += step) {
        uint32_t child = dhall_list_of(&resolver->code->terms, row)[i];
        enum err err = resolve_term(resolver, (dhall_term){child});
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

static enum err resolve_fields(
    struct resolver *resolver, dhall_term term, const struct dhall_row *row)
{
    struct arena *arena = &resolver->dhall->arena;
    uint32_t count = row->c / 2;
    const uint32_t *pairs = dhall_list_of(&resolver->code->terms, row);
    dhall_label *labels = arena_alloc(arena, count * sizeof *labels);
    for (uint32_t i = 0; i < count; i++) {
        labels[i] = pairs[2 * i];
    }
    shape_add(resolver, term, labels, count);
    return resolve_list(resolver, row, 1, 2);
}

/* The labels of a projection: sorted, each once. */
static enum err resolve_project(
    struct resolver *resolver, dhall_term term, const struct dhall_row *row)
{
    const uint32_t *list = dhall_list_of(&resolver->code->terms, row);
    dhall_label *labels = arena_alloc(&resolver->dhall->arena, row->c * sizeof *labels);
    uint32_t *pairs = arena_alloc(&resolver->dhall->arena, 2 * (size_t)row->c * sizeof *pairs);
    for (uint32_t i = 0; i < row->c; i++) {
        pairs[2 * i] = list[i];
        pairs[2 * i + 1] = 0;
    }
    dhall_fields_sort(&resolver->dhall->labels, pairs, row->c);
    uint32_t count = 0;
    for (uint32_t i = 0; i < row->c; i++) {
        if (count == 0 || labels[count - 1] != pairs[2 * i]) {
            labels[count++] = pairs[2 * i];
        }
    }
    shape_add(resolver, term, labels, count);
    return resolve_term(resolver, (dhall_term){row->a});
}

static enum err resolve_binder(
    struct resolver *resolver, dhall_term term, const struct dhall_row *row)
{
    uint32_t body = row->c;
    enum err err = OK;
    if (row->kind == DHALL_LET) {
        const uint32_t *list = dhall_list_of(&resolver->code->terms, row);
        body = list[2];
        err = resolve_term(resolver, (dhall_term){list[0]});
        if (err == OK) {
            err = resolve_term(resolver, (dhall_term){list[1]});
        }
    } else {
        err = resolve_term(resolver, (dhall_term){row->b});
    }
    if (err != OK) {
        return err;
    }
    if (resolver->scope->len >= UINT32_MAX / 4) {
        dhall_stop(resolver->dhall, STOP_DEPTH);
    }
    scope_push(resolver, row->a, term.row);
    err = resolve_term(resolver, (dhall_term){body});
    scope_pop(resolver);
    return err;
}

/* missing sha256:H ? ./p is how packages name their parts: where p is what H says, the cache gets
 * it, so that next time nothing below p is read. */
static void cache_fill(struct resolver *resolver, const struct dhall_row *alternative)
{
    const struct dhall_code *code = resolver->code;
    const struct dhall_row *left = &code->terms.rows[alternative->a];
    const struct dhall_row *right = &code->terms.rows[alternative->b];
    if (resolver->dhall->reader.cache_put != NULL && left->kind == DHALL_IMPORT &&
        right->kind == DHALL_IMPORT && code->terms.imports[left->a].has_hash &&
        code->imports[right->a] != NULL) {
        dhall_import_cache(resolver->dhall, code->imports[right->a]);
    }
}

/* Where inference goes on behind a mistake, an import that failed has no type, and that is all. */
static enum err pass_by(const struct resolver *resolver, enum err err)
{
    if (err != OK && resolver->alternatives == 0 &&
        dhall_goes_on(resolver->dhall, resolver->code)) {
        diags_end_chain(resolver->diags);
        return OK;
    }
    return err;
}

/* `?` takes the right side if an import of the left one is absent; any other error is final. */
static enum err resolve_alternative(
    struct resolver *resolver, dhall_term term, const struct dhall_row *row)
{
    struct diags saved = *resolver->diags;
    uint32_t len = resolver->scope->len;
    resolver->alternatives++;
    enum err err = resolve_term(resolver, (dhall_term){row->a});
    resolver->alternatives--;
    resolver->code->marks[term.row] = MARK_LEFT;
    if (err == ERR_ABSENT) {
        while (resolver->scope->len > len) {
            scope_pop(resolver);
        }
        *resolver->diags = saved;
        resolver->code->marks[term.row] = MARK_RIGHT;
        err = resolve_term(resolver, (dhall_term){row->b});
        if (err == OK) {
            cache_fill(resolver, row);
        }
    }
    if (err != OK) {
        while (resolver->scope->len > len) {
            scope_pop(resolver);
        }
        resolver->code->marks[term.row] = 0;
    }
    return pass_by(resolver, err);
}

static enum err resolve_import(
    struct resolver *resolver, dhall_term term, const struct dhall_row *row)
{
    struct dhall_code *code = resolver->code;
    const struct dhall_import *import = &code->terms.imports[row->a];
    struct span span = dhall_span_of(&code->terms, term);
    if (import->headers.row != 0) {
        /* Headers are closed: they see nothing of the scope. */
        struct resolver inner = *resolver;
        inner.scope = scope_take(inner.dhall);
        inner.alternatives = 1;
        enum err err = resolve_term(&inner, import->headers);
        scope_give_back(&inner);
        if (err != OK) {
            return pass_by(resolver, err);
        }
    }
    struct dhall_import_entry *entry = NULL;
    enum err err = dhall_import_resolve(
        resolver->dhall, code, import, resolver->parent, span, &entry, resolver->diags);
    code->imports[row->a] = entry;
    return pass_by(resolver, err);
}

/* Rows whose children are in a, b and c. */
static enum err resolve_children(struct resolver *resolver, const struct dhall_row *row)
{
    uint32_t children[3] = {row->a, 0, 0};
    switch ((enum dhall_kind)row->kind) {
    case DHALL_IF:
    case DHALL_MERGE:
        children[2] = row->c;
        children[1] = row->b;
        break;
    case DHALL_APP:
    case DHALL_ANNOT:
    case DHALL_OPERATOR:
    case DHALL_PROJECT_TYPE:
    case DHALL_TO_MAP:
        children[1] = row->b;
        break;
    default: /* LIST_EMPTY, SOME, FIELD, SHOW_CONSTRUCTOR, ASSERT: only a */
        break;
    }
    for (unsigned i = 0; i < 3; i++) {
        enum err err = resolve_term(resolver, (dhall_term){children[i]});
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

static enum err resolve_term(struct resolver *resolver, dhall_term term)
{
    if (term.row == 0) {
        return OK;
    }
    if (resolver->seen != NULL) {
        if (resolver->seen[term.row] != 0) {
            return OK;
        }
        resolver->seen[term.row] = 1;
    }
    dhall_step(resolver->dhall);
    const struct dhall_row *row = dhall_row_of(&resolver->code->terms, term);
    enum err err = OK;
    switch ((enum dhall_kind)row->kind) {
    case DHALL_VAR:
        resolve_variable(resolver, row, &resolver->code->marks[term.row]);
        return OK;
    case DHALL_LAMBDA:
    case DHALL_PI:
    case DHALL_LET:
        return resolve_binder(resolver, term, row);
    case DHALL_RECORD:
    case DHALL_RECORD_TYPE:
    case DHALL_UNION:
        return resolve_fields(resolver, term, row);
    case DHALL_PROJECT:
        return resolve_project(resolver, term, row);
    case DHALL_IMPORT:
        return resolve_import(resolver, term, row);
    case DHALL_LIST:
        return resolve_list(resolver, row, 0, 1);
    case DHALL_TEXT:
        resolver->code->marks[term.row] = resolver->code->constants_len;
        resolver->code->constants_len += row->c / 2 + 1;
        return resolve_list(resolver, row, 1, 2);
    case DHALL_WITH:
        err = resolve_term(resolver, (dhall_term){row->a});
        return err != OK ? err
                         : resolve_term(resolver,
                               (dhall_term){dhall_list_of(&resolver->code->terms, row)[0]});
    case DHALL_OPERATOR:
        return row->flag == DHALL_ALTERNATIVE ? resolve_alternative(resolver, term, row)
                                              : resolve_children(resolver, row);
    case DHALL_NONE:
    case DHALL_BUILTIN:
    case DHALL_BOOL:
        return OK;
    case DHALL_NATURAL:
    case DHALL_INTEGER:
    case DHALL_DOUBLE:
    case DHALL_BYTES:
    case DHALL_DATE:
    case DHALL_TIME:
    case DHALL_TIME_ZONE:
        resolver->code->marks[term.row] = resolver->code->constants_len++;
        return OK;
    case DHALL_APP:
    case DHALL_ANNOT:
    case DHALL_IF:
    case DHALL_LIST_EMPTY:
    case DHALL_SOME:
    case DHALL_FIELD:
    case DHALL_PROJECT_TYPE:
    case DHALL_MERGE:
    case DHALL_TO_MAP:
    case DHALL_SHOW_CONSTRUCTOR:
    case DHALL_ASSERT:
        return resolve_children(resolver, row);
    }
    return OK;
}

/* How many constants all rows together may have. */
static size_t constants_max(const struct dhall_terms *terms)
{
    size_t count = 0;
    for (uint32_t i = 1; i < terms->len; i++) {
        const struct dhall_row *row = &terms->rows[i];
        count += row->kind == DHALL_TEXT                                      ? row->c / 2 + 1
                 : row->kind >= DHALL_NATURAL && row->kind <= DHALL_TIME_ZONE ? 1
                                                                              : 0;
    }
    return count;
}

enum err dhall_code_resolve(struct dhall *dhall, struct dhall_code *code,
    struct dhall_import_entry *parent, uint32_t outer, struct diags *diags)
{
    struct resolver resolver = {.dhall = dhall, .code = code, .parent = parent, .diags = diags};
    code->marks = memory_calloc(code->terms.len, sizeof *code->marks);
    code->imports = memory_calloc(code->terms.imports_len, sizeof(void *));
    if (code->terms.has_shared) {
        code->shared = memory_calloc(code->terms.len, sizeof *code->shared);
    }
    if (parent == NULL) {
        resolver.seen = arena_calloc(&dhall->arena, code->terms.len, 1);
    }
    resolver.scope = scope_take(dhall);
    for (uint32_t i = 0; i < outer; i++) {
        scope_push(&resolver, 0, 0);
    }
    /* At once, since headers of an import are evaluated in the middle of the walk. */
    code->constants = memory_calloc(constants_max(&code->terms), sizeof(void *));
    enum err err = resolve_term(&resolver, code->root);
    scope_give_back(&resolver);
    return err;
}

struct dhall_code *dhall_code_of_value(
    struct dhall *dhall, struct dhall_value *value, uint32_t binders)
{
    struct dhall_code *code = dhall_code_new(dhall);
    struct dhall_quote quote;
    dhall_quote_init(&quote, dhall, &code->terms, false);
    for (uint32_t i = 0; i < binders; i++) {
        dhall_quote_push(&quote, 0);
    }
    code->root = dhall_quote(&quote, value);
    dhall_quote_end(&quote);
    dhall_terms_trim(&code->terms);
    struct diags diags;
    diags_init(&diags, &dhall->arena, NULL);
    enum err err = dhall_code_resolve(dhall, code, NULL, binders, &diags);
    assert(err == OK);
    return code;
}
