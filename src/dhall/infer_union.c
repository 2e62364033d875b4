/* src/dhall/infer_union.c: types of what takes unions, Optionals and records apart. */
#include "dhall/infer_context.h"
#include <stdio.h>

enum {
    UNHANDLED_SHOWN = 5,
};

/* What a handler gives for an alternative, or NULL after a diag. payload: NULL if it holds nothing
 */
static struct dhall_value *handler_result(struct context *context, dhall_term term,
    dhall_label label, struct dhall_value *handler, struct dhall_value *payload)
{
    struct dhall *dhall = context->dhall;
    handler = dhall_force(dhall, handler);
    if (payload == NULL) {
        return handler;
    }
    char what[160];
    if (handler->kind != V_PI) {
        (void)snprintf(what, sizeof what, "the handler of `%.*s`", LABEL_ARG(context, label));
        (void)fail_kind(context, term, what, "a function", handler);
        diag_help(context->diags, "`%.*s` holds a value of type %.*s, which the handler takes",
            LABEL_ARG(context, label), STR_ARG(context_brief(context, payload)));
        return NULL;
    }
    if (!context_conv(context, payload, handler->domain)) {
        (void)snprintf(what, sizeof what, "the handler of `%.*s` takes the wrong type",
            LABEL_ARG(context, label));
        return fail_mismatch(context, term, what, payload, handler->domain);
    }
    uint32_t level = context->levels_len;
    struct dhall_value *result =
        dhall_force(dhall, dhall_pi_apply(dhall, handler, dhall_var_value(dhall, level)));
    if (dhall_mentions(dhall, result, level)) {
        return fail(context, term, "the type of the handler of `%.*s` depends on its argument",
            LABEL_ARG(context, label));
    }
    return result;
}

/* The union to merge as a shape and payload types; Optional T is < None | Some : T >. */
static bool merge_alternatives(struct context *context, struct dhall_value *scrutinee,
    const struct dhall_shape **ret_shape, struct dhall_value *const **ret_payloads)
{
    struct dhall *dhall = context->dhall;
    struct dhall_value *inner = dhall_builtin_argument(scrutinee, DHALL_BUILTIN_OPTIONAL_TYPE);
    if (scrutinee->kind == V_UNION) {
        *ret_shape = scrutinee->shape;
        *ret_payloads = scrutinee->items;
        return true;
    }
    if (inner == NULL) {
        return false;
    }
    dhall_label labels[2] = {dhall->label_none, dhall->label_some};
    struct dhall_value **payloads = ARENA_NEW(&dhall->arena, struct dhall_value *, 2);
    payloads[1] = inner;
    *ret_shape = dhall_shape_new(dhall, labels, 2);
    *ret_payloads = payloads;
    return true;
}

/* What is written for a field of a record, or all of the record. */
static dhall_term part_term(const struct context *context, dhall_term record, dhall_label label)
{
    dhall_term part = context_field_term(context, record, label);
    return part.row != 0 ? part : record;
}

/* All alternatives that have no handler. */
static struct dhall_value *fail_unhandled(struct context *context, dhall_term handlers_term,
    const struct dhall_value *handlers, const struct dhall_shape *shape)
{
    AUTO_BUF text = {0};
    unsigned count = 0;
    for (uint32_t i = 0; i < shape->count; i++) {
        if (dhall_shape_find(handlers->shape, shape->labels[i]) != UINT32_MAX) {
            continue;
        }
        if (count < UNHANDLED_SHOWN) {
            buf_printf(
                &text, "%s`%.*s`", count == 0 ? "" : ", ", LABEL_ARG(context, shape->labels[i]));
        }
        count++;
    }
    if (count > UNHANDLED_SHOWN) {
        buf_printf(&text, " and %u more", count - UNHANDLED_SHOWN);
    }
    return fail(context, handlers_term, "there is no handler for the alternative%s %.*s",
        count == 1 ? "" : "s", (int)text.len, text.ptr);
}

/* The results of handlers differ; annotated: wanted is an annotation's; is_empty: the alternative
 * holds nothing. */
static struct dhall_value *fail_result(struct context *context, dhall_term term, dhall_label label,
    bool annotated, bool is_empty, struct dhall_value *wanted, struct dhall_value *result)
{
    char what[200];
    (void)snprintf(what, sizeof what, "the handler of `%.*s` gives another type than %s",
        LABEL_ARG(context, label), annotated ? "the annotation" : "the ones before it");
    (void)fail_mismatch(context, term, what, wanted, result);
    if (is_empty && dhall_force(context->dhall, result)->kind == V_PI) {
        diag_help(context->diags, "`%.*s` holds nothing, so its handler is no function",
            LABEL_ARG(context, label));
    }
    return NULL;
}

static struct dhall_value *merge_check(struct context *context, dhall_term term,
    const struct dhall_value *handlers, const struct dhall_shape *shape,
    struct dhall_value *const *payloads, struct dhall_value *result)
{
    bool annotated = result != NULL;
    dhall_term handlers_term = {dhall_row_of(&context->code->terms, term)->a};
    for (uint32_t i = 0; i < handlers->shape->count; i++) {
        dhall_label label = handlers->shape->labels[i];
        if (dhall_shape_find(shape, label) == UINT32_MAX) {
            return fail_absent(context, part_term(context, handlers_term, label), "what is merged",
                "alternative", label, shape);
        }
    }
    if (handlers->shape->count != shape->count) {
        return fail_unhandled(context, handlers_term, handlers, shape);
    }
    for (uint32_t i = 0; i < shape->count; i++) {
        dhall_label label = shape->labels[i];
        uint32_t at = dhall_shape_find(handlers->shape, label);
        dhall_term part = part_term(context, handlers_term, label);
        struct dhall_value *one =
            handler_result(context, part, label, handlers->items[at], payloads[i]);
        if (one == NULL) {
            return NULL;
        }
        if (result == NULL) {
            result = one;
        } else if (!context_conv(context, result, one)) {
            return fail_result(context, part, label, annotated, payloads[i] == NULL, result, one);
        }
    }
    return result;
}

struct dhall_value *infer_merge(struct context *context, dhall_term term)
{
    const struct dhall_row *row = dhall_row_of(&context->code->terms, term);
    dhall_term scrutinee_term = {row->b}, annotation = {row->c};
    struct dhall_value *handlers = infer(context, (dhall_term){row->a});
    if (handlers == NULL) {
        return NULL;
    }
    if (handlers->kind != V_RECORD_TYPE) {
        return fail_kind(
            context, (dhall_term){row->a}, "the first argument of merge", "a record", handlers);
    }
    struct dhall_value *scrutinee = infer(context, scrutinee_term);
    if (scrutinee == NULL) {
        return NULL;
    }
    const struct dhall_shape *shape = NULL;
    struct dhall_value *const *payloads = NULL;
    if (!merge_alternatives(context, scrutinee, &shape, &payloads)) {
        return fail_kind(context, scrutinee_term, "the second argument of merge",
            "a union or an Optional", scrutinee);
    }
    struct dhall_value *wanted = NULL;
    if (annotation.row != 0) {
        if (infer_universe(context, annotation, "the annotation of merge") == UNIVERSE_NONE) {
            return NULL;
        }
        wanted = dhall_force(context->dhall, context_eval(context, annotation));
    } else if (shape->count == 0) {
        (void)fail(context, term, "merge of an empty union needs a type annotation");
        diag_help(context->diags, "write it behind merge, without parentheses: merge {=} x : T");
        return NULL;
    }
    return merge_check(context, term, handlers, shape, payloads, wanted);
}

/* List { mapKey : Text, mapValue : T } */
static struct dhall_value *map_type(struct context *context, struct dhall_value *type)
{
    struct dhall *dhall = context->dhall;
    struct dhall_value **types = arena_alloc(&dhall->arena, 2 * sizeof *types);
    types[0] = dhall_builtin_value(dhall, DHALL_BUILTIN_TEXT_TYPE);
    types[1] = type;
    return dhall_builtin_apply1(dhall, DHALL_BUILTIN_LIST_TYPE,
        dhall_fields_value(dhall, V_RECORD_TYPE, dhall->shape_map, types));
}

/* T of an annotation List { mapKey : Text, mapValue : T }, or NULL. */
static struct dhall_value *map_value_type(struct context *context, struct dhall_value *annotation)
{
    struct dhall *dhall = context->dhall;
    struct dhall_value *record = dhall_builtin_argument(annotation, DHALL_BUILTIN_LIST_TYPE);
    record = record == NULL ? NULL : dhall_force(dhall, record);
    if (record == NULL || record->kind != V_RECORD_TYPE || record->shape->count != 2) {
        return NULL;
    }
    uint32_t at = dhall_shape_find(record->shape, dhall->shape_map->labels[1]);
    return at != UINT32_MAX &&
                   context_conv(context, annotation, map_type(context, record->items[at]))
               ? record->items[at]
               : NULL;
}

/* Where a field of the record stands in the text, as far as it is written there. */
static uint32_t part_begin(const struct context *context, dhall_term record, dhall_label label)
{
    return dhall_span_of(&context->code->terms, part_term(context, record, label)).begin;
}

/* Blames the first field in the text that is not of the type of the one that is written first. */
static struct dhall_value *fail_homogeneous(
    struct context *context, dhall_term term, const struct dhall_value *record)
{
    const dhall_label *labels = record->shape->labels;
    uint32_t first = 0;
    uint32_t blamed = UINT32_MAX;
    for (uint32_t i = 1; i < record->shape->count; i++) {
        first = part_begin(context, term, labels[i]) < part_begin(context, term, labels[first])
                    ? i
                    : first;
    }
    for (uint32_t i = 0; i < record->shape->count; i++) {
        bool before = blamed == UINT32_MAX || part_begin(context, term, labels[i]) <
                                                  part_begin(context, term, labels[blamed]);
        if (before && !context_conv(context, record->items[first], record->items[i])) {
            blamed = i;
        }
    }
    assert(blamed != UINT32_MAX);
    char what[160];
    (void)snprintf(what, sizeof what, "toMap needs fields of one type, and `%.*s` has another",
        LABEL_ARG(context, labels[blamed]));
    return fail_mismatch(context, part_term(context, term, labels[blamed]), what,
        record->items[first], record->items[blamed]);
}

/* The one type of all fields, which must be that of terms; NULL after a diag. */
static struct dhall_value *homogeneous_type(
    struct context *context, dhall_term term, const struct dhall_value *record)
{
    struct dhall_value *type = record->items[0];
    if (universe_of(context, type) != UNIVERSE_TYPE) {
        return fail_kind(context, part_term(context, term, record->shape->labels[0]),
            "a field of what toMap takes", "a value", type);
    }
    for (uint32_t i = 1; i < record->shape->count; i++) {
        if (!context_conv(context, type, record->items[i])) {
            return fail_homogeneous(context, term, record);
        }
    }
    return type;
}

struct dhall_value *infer_to_map(struct context *context, dhall_term term)
{
    const struct dhall_row *row = dhall_row_of(&context->code->terms, term);
    dhall_term record_term = {row->a}, annotation = {row->b};
    struct dhall_value *record = infer(context, record_term);
    if (record == NULL) {
        return NULL;
    }
    if (record->kind != V_RECORD_TYPE) {
        return fail_kind(context, record_term, "what toMap takes", "a record", record);
    }
    struct dhall_value *wanted = NULL;
    if (annotation.row != 0) {
        if (infer_universe(context, annotation, "the annotation of toMap") == UNIVERSE_NONE) {
            return NULL;
        }
        wanted = dhall_force(context->dhall, context_eval(context, annotation));
        if (map_value_type(context, wanted) == NULL) {
            return fail(context, annotation,
                "toMap gives a List { mapKey : Text, mapValue : T }, not %.*s",
                STR_ARG(context_brief(context, wanted)));
        }
    }
    if (record->shape->count == 0) {
        if (wanted == NULL) {
            (void)fail(context, term, "toMap of an empty record needs a type annotation");
            diag_help(context->diags, "toMap {=} : List { mapKey : Text, mapValue : T }");
        }
        return wanted;
    }
    struct dhall_value *type = homogeneous_type(context, record_term, record);
    if (type == NULL) {
        return NULL;
    }
    struct dhall_value *result = map_type(context, type);
    if (wanted != NULL && !context_conv(context, wanted, result)) {
        return fail_mismatch(context, term, "not of the annotated type", wanted, result);
    }
    return result;
}

struct dhall_value *infer_show_constructor(struct context *context, dhall_term term)
{
    dhall_term scrutinee_term = {dhall_row_of(&context->code->terms, term)->a};
    struct dhall_value *type = infer(context, scrutinee_term);
    if (type == NULL) {
        return NULL;
    }
    if (type->kind != V_UNION &&
        dhall_builtin_argument(type, DHALL_BUILTIN_OPTIONAL_TYPE) == NULL) {
        return fail_kind(context, scrutinee_term, "the argument of showConstructor",
            "a union or an Optional", type);
    }
    return dhall_builtin_value(context->dhall, DHALL_BUILTIN_TEXT_TYPE);
}
