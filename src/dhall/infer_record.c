/* src/dhall/infer_record.c: types of records and of what is done with them. */
#include "dhall/infer_context.h"
#include <stdio.h>

static const struct dhall_row *row_of(const struct context *context, dhall_term term)
{
    return dhall_row_of(&context->code->terms, term);
}

static const struct dhall_shape *shape_of(const struct context *context, dhall_term term)
{
    return context->code->shapes[context->code->marks[term.row]];
}

static dhall_term pair_term(const struct context *context, dhall_term term, uint32_t i)
{
    return (dhall_term){dhall_list_of(&context->code->terms, row_of(context, term))[2 * i + 1]};
}

/* The type of operand, which must be a record. */
static struct dhall_value *infer_record_operand(
    struct context *context, dhall_term operand, const char *what)
{
    struct dhall_value *type = infer(context, operand);
    if (type != NULL && type->kind != V_RECORD_TYPE) {
        return fail_kind(context, operand, what, "a record", type);
    }
    return type;
}

struct dhall_value *infer_record(struct context *context, dhall_term term)
{
    struct dhall *dhall = context->dhall;
    const struct dhall_shape *shape = shape_of(context, term);
    struct dhall_value **types = arena_alloc(&dhall->arena, shape->count * sizeof(void *));
    for (uint32_t i = 0; i < shape->count; i++) {
        dhall_term child = pair_term(context, term, i);
        types[i] = infer(context, child);
        if (types[i] == NULL) {
            return NULL;
        }
        if (universe_is(types[i]) == UNIVERSE_SORT) {
            return fail(context, child, "a field may not hold a kind");
        }
    }
    return dhall_fields_value(dhall, V_RECORD_TYPE, shape, types);
}

/* The greatest universe of the types of a record type or union, NONE after a diag. */
static enum universe infer_fields(struct context *context, dhall_term term, const char *what)
{
    const struct dhall_shape *shape = shape_of(context, term);
    enum universe most = UNIVERSE_TYPE;
    for (uint32_t i = 0; i < shape->count; i++) {
        dhall_term child = pair_term(context, term, i);
        if (i > 0 && shape->labels[i] == shape->labels[i - 1]) {
            (void)fail(context, term, "%s `%.*s` is there twice", what,
                LABEL_ARG(context, shape->labels[i]));
            return UNIVERSE_NONE;
        }
        if (child.row == 0) {
            continue;
        }
        struct dhall_value *type = infer(context, child);
        enum universe universe = type == NULL ? UNIVERSE_NONE : universe_is(type);
        if (type != NULL && universe == UNIVERSE_NONE) {
            char text[128];
            (void)snprintf(
                text, sizeof text, "%s `%.*s`", what, LABEL_ARG(context, shape->labels[i]));
            (void)fail_kind(context, child, text, "a type", type);
        }
        if (universe == UNIVERSE_NONE) {
            return UNIVERSE_NONE;
        }
        most = universe > most ? universe : most;
    }
    return most;
}

static struct dhall_value *universe_result(struct context *context, enum universe universe)
{
    return universe == UNIVERSE_NONE   ? NULL
           : universe == UNIVERSE_TYPE ? dhall_builtin_value(context->dhall, DHALL_BUILTIN_TYPE)
           : universe == UNIVERSE_KIND ? dhall_builtin_value(context->dhall, DHALL_BUILTIN_KIND)
                                       : dhall_builtin_value(context->dhall, DHALL_BUILTIN_SORT);
}

struct dhall_value *infer_record_type(struct context *context, dhall_term term)
{
    return universe_result(context, infer_fields(context, term, "field"));
}

struct dhall_value *infer_union(struct context *context, dhall_term term)
{
    return universe_result(context, infer_fields(context, term, "alternative"));
}

/* The type of a union's constructor: forall (A : T) -> U, or U. */
static struct dhall_value *constructor_type(
    struct context *context, struct dhall_value *type, dhall_label label, uint32_t at)
{
    struct dhall *dhall = context->dhall;
    if (type->items[at] == NULL) {
        return type;
    }
    struct dhall_codomain *codomain = ARENA_NEW(&dhall->arena, struct dhall_codomain, 1);
    codomain->kind = CODOMAIN_CONSTANT;
    codomain->value = type;
    return dhall_pi_value(dhall, label, type->items[at], codomain, type->bound);
}

struct dhall_value *infer_field(struct context *context, dhall_term term)
{
    dhall_term record_term = {row_of(context, term)->a};
    dhall_label label = row_of(context, term)->b;
    struct dhall_value *type = infer(context, record_term);
    if (type == NULL) {
        return NULL;
    }
    if (type->kind == V_RECORD_TYPE) {
        uint32_t at = dhall_shape_find(type->shape, label);
        return at != UINT32_MAX
                   ? type->items[at]
                   : fail_absent(context, term, "the record", "field", label, type->shape);
    }
    if (universe_is(type) != UNIVERSE_NONE) {
        struct dhall_value *value = dhall_force(context->dhall, context_eval(context, record_term));
        if (value->kind == V_UNION) {
            uint32_t at = dhall_shape_find(value->shape, label);
            return at != UINT32_MAX ? constructor_type(context, value, label, at)
                                    : fail_absent(context, term, "the union", "alternative", label,
                                          value->shape);
        }
    }
    char what[128];
    (void)snprintf(what, sizeof what, "what `.%.*s` is taken of", LABEL_ARG(context, label));
    return fail_kind(context, record_term, what, "a record or a union type", type);
}

/* A projection names a field twice. */
static struct dhall_value *fail_twice(struct context *context, dhall_term term)
{
    const struct dhall_row *row = row_of(context, term);
    const uint32_t *labels = dhall_list_of(&context->code->terms, row);
    for (uint32_t i = 0; i < row->c; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (labels[i] == labels[j]) {
                return fail(
                    context, term, "field `%.*s` is named twice", LABEL_ARG(context, labels[i]));
            }
        }
    }
    return fail(context, term, "a field is named twice");
}

struct dhall_value *infer_project(struct context *context, dhall_term term)
{
    struct dhall *dhall = context->dhall;
    dhall_term record_term = {row_of(context, term)->a};
    struct dhall_value *type =
        infer_record_operand(context, record_term, "what fields are taken of");
    if (type == NULL) {
        return NULL;
    }
    const struct dhall_shape *shape = shape_of(context, term);
    if (shape->count != row_of(context, term)->c) {
        return fail_twice(context, term);
    }
    struct dhall_value **types = arena_alloc(&dhall->arena, shape->count * sizeof(void *));
    for (uint32_t i = 0; i < shape->count; i++) {
        uint32_t at = dhall_shape_find(type->shape, shape->labels[i]);
        if (at == UINT32_MAX) {
            return fail_absent(context, term, "the record", "field", shape->labels[i], type->shape);
        }
        types[i] = type->items[at];
    }
    return dhall_fields_value(dhall, V_RECORD_TYPE, shape, types);
}

struct dhall_value *infer_project_type(struct context *context, dhall_term term)
{
    dhall_term record_term = {row_of(context, term)->a}, selector = {row_of(context, term)->b};
    struct dhall_value *type =
        infer_record_operand(context, record_term, "what fields are taken of");
    if (type == NULL || infer(context, selector) == NULL) {
        return NULL;
    }
    struct dhall_value *wanted = dhall_force(context->dhall, context_eval(context, selector));
    if (wanted->kind != V_RECORD_TYPE) {
        return fail(context, selector, "the type to project to must be a record type, not %.*s",
            STR_ARG(context_brief(context, wanted)));
    }
    for (uint32_t i = 0; i < wanted->shape->count; i++) {
        dhall_label label = wanted->shape->labels[i];
        uint32_t at = dhall_shape_find(type->shape, label);
        if (at == UINT32_MAX) {
            return fail_absent(context, term, "the record", "field", label, type->shape);
        }
        if (!context_conv(context, wanted->items[i], type->items[at])) {
            return fail_mismatch(context, term, "the projection changes a type", wanted, type);
        }
    }
    return wanted;
}

/* a OP b OP c ...: the types of the operands, and the operators that join each to those before. */
struct chain {
    struct dhall_value **types;
    dhall_term *operators; /* the first one is none */
    uint32_t count;
};

/* term is the last operator. Nothing is inferred yet. */
static struct chain chain_of(struct context *context, dhall_term term)
{
    struct arena *arena = &context->dhall->arena;
    const struct dhall_row *row = row_of(context, term);
    struct chain chain = {.count = 1};
    const struct dhall_row *at = row;
    for (; at->kind == DHALL_OPERATOR && at->flag == row->flag;
         at = row_of(context, (dhall_term){at->a})) {
        chain.count++;
    }
    chain.types = ARENA_NEW(arena, struct dhall_value *, chain.count);
    chain.operators = ARENA_NEW(arena, dhall_term, chain.count);
    for (uint32_t i = chain.count - 1; i > 0; i--) {
        chain.operators[i] = term;
        term.row = row_of(context, term)->a;
    }
    return chain;
}

/* Operand i of a chain. */
static dhall_term chain_term(struct context *context, const struct chain *chain, uint32_t i)
{
    const struct dhall_row *row = row_of(context, chain->operators[i == 0 ? 1 : i]);
    return (dhall_term){i == 0 ? row->a : row->b};
}

struct dhall_value *infer_prefer(struct context *context, dhall_term term)
{
    struct chain chain = chain_of(context, term);
    for (uint32_t i = 0; i < chain.count; i++) {
        chain.types[i] = infer_record_operand(context, chain_term(context, &chain, i),
            i == 0 ? "the left side of `//`" : "the right side of `//`");
        if (chain.types[i] == NULL) {
            return NULL;
        }
    }
    while (chain.count > 1) { /* in pairs: n log n */
        for (uint32_t i = 0; i < chain.count / 2; i++) {
            chain.types[i] = dhall_fields_join(
                context->dhall, DHALL_PREFER, chain.types[2 * i], chain.types[2 * i + 1]);
        }
        chain.types[chain.count / 2] = chain.types[chain.count - 1];
        chain.count = chain.count / 2 + chain.count % 2;
    }
    return chain.types[0];
}

static struct dhall_value *fail_collision(
    struct context *context, dhall_term term, const char *operator_, dhall_label label)
{
    (void)fail(context, term, "both sides of `%s` have a field `%.*s`", operator_,
        LABEL_ARG(context, label));
    if (strcmp(operator_, "/\\") == 0) {
        diag_help(context->diags, "to have the right side's instead, write `//`");
    }
    return NULL;
}

/* What two record types have together; a field of both must be a record type in both. operator_:
 * as it is written; NULL: a record literal in whose parts a field is met twice. term: the operator;
 * none: a mistake is not told. */
static struct dhall_value *types_combine(struct context *context, dhall_term term,
    const char *operator_, struct dhall_value *left, struct dhall_value *right)
{
    struct dhall *dhall = context->dhall;
    dhall_step(dhall);
    struct dhall_value *joined = dhall_fields_join(dhall, DHALL_PREFER, left, right);
    for (uint32_t r = 0; r < right->shape->count; r++) {
        dhall_label label = right->shape->labels[r];
        uint32_t l = dhall_shape_find(left->shape, label);
        if (l == UINT32_MAX) {
            continue;
        }
        uint32_t i = dhall_shape_find(joined->shape, label);
        struct dhall_value *a = dhall_force(dhall, left->items[l]);
        struct dhall_value *b = dhall_force(dhall, right->items[r]);
        if ((a->kind != V_RECORD_TYPE || b->kind != V_RECORD_TYPE) && term.row == 0) {
            return NULL;
        }
        if (a->kind != V_RECORD_TYPE || b->kind != V_RECORD_TYPE) {
            return operator_ == NULL
                       ? fail(context, (dhall_term){row_of(context, term)->b},
                             "field `%.*s` was given before", LABEL_ARG(context, label))
                       : fail_collision(context, term, operator_, label);
        }
        joined->items[i] = types_combine(context, term, operator_, a, b);
        if (joined->items[i] == NULL) {
            return NULL;
        }
        joined->bound = dhall_bound_max(joined->bound, joined->items[i]->bound);
    }
    return joined;
}

/* { a = x, a = y } is { a = x /\ y } after parsing: is there an operator in the text? */
static bool is_written(const struct context *context, const struct dhall_row *row)
{
    const struct dhall_terms *terms = &context->code->terms;
    struct span left = dhall_span_of(terms, (dhall_term){row->a}),
                right = dhall_span_of(terms, (dhall_term){row->b});
    if (context->dhall->sources == NULL || left.source == 0 || right.begin < left.end) {
        return true;
    }
    struct str between =
        str_sub(sources_text(context->dhall->sources, left.source), left.end, right.begin);
    return between.len == 0 || memmem(between.ptr, between.len, "/\\", 2) != NULL ||
           memmem(between.ptr, between.len, "\u2227", strlen("\u2227")) != NULL;
}

/* Types [from, to) together, by halves; NULL, and nothing told, if a field hinders it. */
static struct dhall_value *range_combine(
    struct context *context, const struct chain *chain, uint32_t from, uint32_t to)
{
    if (to - from == 1) {
        return chain->types[from];
    }
    uint32_t middle = from + (to - from) / 2;
    struct dhall_value *left = range_combine(context, chain, from, middle);
    struct dhall_value *right = left == NULL ? NULL : range_combine(context, chain, middle, to);
    return right == NULL ? NULL : types_combine(context, (dhall_term){0}, NULL, left, right);
}

/* Tells which operand is the first that does not go together with those before. */
static struct dhall_value *chain_fail(struct context *context, const struct chain *chain)
{
    uint32_t good = 1;
    uint32_t bad = chain->count;
    while (bad - good > 1) {
        uint32_t middle = good + (bad - good) / 2;
        bool fits = range_combine(context, chain, 0, middle) != NULL;
        good = fits ? middle : good;
        bad = fits ? bad : middle;
    }
    dhall_term operator_ = chain->operators[good];
    return types_combine(context, operator_,
        is_written(context, row_of(context, operator_)) ? "/\\" : NULL,
        range_combine(context, chain, 0, good), chain->types[good]);
}

struct dhall_value *infer_combine(struct context *context, dhall_term term)
{
    struct chain chain = chain_of(context, term);
    for (uint32_t i = 0; i < chain.count; i++) {
        dhall_term operand = chain_term(context, &chain, i);
        struct dhall_value *type = chain.types[i] = infer(context, operand);
        const struct dhall_row *row = row_of(context, chain.operators[i == 0 ? 1 : i]);
        if (type == NULL) {
            return NULL;
        }
        if (type->kind != V_RECORD_TYPE) {
            return is_written(context, row)
                       ? fail_kind(context, operand, "an operand of `/\\`", "a record", type)
                       : fail(context, (dhall_term){row->b}, "this field was given before");
        }
    }
    struct dhall_value *joined = range_combine(context, &chain, 0, chain.count);
    return joined != NULL ? joined : chain_fail(context, &chain);
}

struct dhall_value *infer_combine_types(struct context *context, dhall_term term)
{
    const struct dhall_row *row = row_of(context, term);
    dhall_term terms[2] = {{row->a}, {row->b}};
    struct dhall_value *values[2];
    enum universe most = UNIVERSE_TYPE;
    for (unsigned i = 0; i < 2; i++) {
        enum universe universe = infer_universe(context, terms[i], "an operand of `//\\\\`");
        if (universe == UNIVERSE_NONE) {
            return NULL;
        }
        most = universe > most ? universe : most;
        values[i] = dhall_force(context->dhall, context_eval(context, terms[i]));
        if (values[i]->kind != V_RECORD_TYPE) {
            return fail(context, terms[i], "an operand of `//\\\\` must be a record type, not %.*s",
                STR_ARG(context_brief(context, values[i])));
        }
    }
    return types_combine(context, term, "//\\\\", values[0], values[1]) == NULL
               ? NULL
               : universe_result(context, most);
}

/* T::r is (T.default // r) : T.Type. */
struct dhall_value *infer_complete(struct context *context, dhall_term term)
{
    struct dhall *dhall = context->dhall;
    const struct dhall_row *row = row_of(context, term);
    dhall_term schema_term = {row->a}, record_term = {row->b};
    struct dhall_value *schema =
        infer_record_operand(context, schema_term, "the left side of `::`");
    if (schema == NULL) {
        return NULL;
    }
    uint32_t at = dhall_shape_find(schema->shape, dhall->label_default);
    uint32_t type_at = dhall_shape_find(schema->shape, dhall->label_type);
    if (at == UINT32_MAX || type_at == UINT32_MAX) {
        (void)fail(context, schema_term, "the left side of `::` needs the fields Type and default");
        context_hints(context, "field", at == UINT32_MAX ? dhall->label_default : dhall->label_type,
            schema->shape);
        return NULL;
    }
    struct dhall_value *defaults = dhall_force(dhall, schema->items[at]);
    if (defaults->kind != V_RECORD_TYPE) {
        return fail_kind(
            context, schema_term, "default on the left side of `::`", "a record", defaults);
    }
    struct dhall_value *given =
        infer_record_operand(context, record_term, "the right side of `::`");
    if (given == NULL) {
        return NULL;
    }
    if (universe_is(dhall_force(dhall, schema->items[type_at])) == UNIVERSE_NONE) {
        return fail(context, schema_term, "Type on the left side of `::` is not a type");
    }
    struct dhall_value *wanted =
        dhall_select(dhall, context_eval(context, schema_term), dhall->label_type);
    struct dhall_value *got = dhall_fields_join(dhall, DHALL_PREFER, defaults, given);
    if (!context_conv(context, wanted, got)) {
        return fail_mismatch(context, record_term, "not a complete record", wanted, got);
    }
    return wanted;
}

static dhall_term new_term(const struct context *context, dhall_term with)
{
    return (dhall_term){dhall_list_of(&context->code->terms, row_of(context, with))[0]};
}

/* What lies at the end of a part of a path, up to `end`, is not what goes on from there. */
static struct dhall_value *fail_with(struct context *context, dhall_term term, const uint32_t *end,
    const char *wanted, struct dhall_value *actual)
{
    const struct dhall_row *row = row_of(context, term);
    const uint32_t *path = dhall_list_of(&context->code->terms, row) + 1;
    AUTO_BUF text = {0};
    for (const uint32_t *at = path; at < end; at++) {
        struct str name =
            *at == DHALL_PATH_OPTIONAL ? STR("?") : dhall_label_name(&context->dhall->labels, *at);
        buf_printf(&text, "%s%.*s", at == path ? "" : ".", STR_ARG(name));
    }
    if (text.len == 0) {
        return fail_kind(context, (dhall_term){row->a}, "what `with` changes", wanted, actual);
    }
    struct str what = arena_printf(
        &context->dhall->arena, "`%.*s` of what `with` changes", (int)text.len, text.ptr);
    return fail_kind(context, term, what.ptr, wanted, actual);
}

/* The type of `record with path = new`, given both types. */
static struct dhall_value *with_type(struct context *context, dhall_term term,
    struct dhall_value *record, const uint32_t *path, uint32_t path_len, struct dhall_value *new)
{
    struct dhall *dhall = context->dhall;
    dhall_step(dhall);
    if (path_len == 0) {
        return new;
    }
    record = dhall_force(dhall, record);
    if (path[0] == DHALL_PATH_OPTIONAL) {
        struct dhall_value *inner = dhall_builtin_argument(record, DHALL_BUILTIN_OPTIONAL_TYPE);
        if (inner == NULL) {
            return fail_with(context, term, path, "an Optional", record);
        }
        struct dhall_value *type = with_type(context, term, inner, path + 1, path_len - 1, new);
        if (type != NULL && !context_conv(context, inner, type)) {
            return fail_mismatch(context, new_term(context, term),
                "`with` may not change a type below `?`", inner, type);
        }
        return type == NULL ? NULL : record;
    }
    if (record->kind != V_RECORD_TYPE) {
        return fail_with(context, term, path, "a record", record);
    }
    uint32_t at = dhall_shape_find(record->shape, path[0]);
    struct dhall_value *inner = at != UINT32_MAX ? record->items[at]
                                                 : dhall_fields_value(dhall, V_RECORD_TYPE,
                                                       dhall_shape_new(dhall, NULL, 0), NULL);
    struct dhall_value *type = with_type(context, term, inner, path + 1, path_len - 1, new);
    if (type == NULL) {
        return NULL;
    }
    struct dhall_value **items = arena_alloc(&dhall->arena, sizeof *items);
    items[0] = type;
    struct dhall_value *single =
        dhall_fields_value(dhall, V_RECORD_TYPE, dhall_shape_new(dhall, path, 1), items);
    return dhall_fields_join(dhall, DHALL_PREFER, record, single);
}

struct dhall_value *infer_with(struct context *context, dhall_term term)
{
    const struct dhall_row *row = row_of(context, term);
    const uint32_t *list = dhall_list_of(&context->code->terms, row);
    struct dhall_value *record = infer(context, (dhall_term){row->a});
    struct dhall_value *new = record == NULL ? NULL : infer(context, (dhall_term){list[0]});
    if (new == NULL) {
        return NULL;
    }
    if (universe_is(new) == UNIVERSE_SORT) {
        return fail(context, (dhall_term){list[0]}, "a field may not hold a kind");
    }
    return with_type(context, term, record, list + 1, row->c - 1, new);
}
