/* src/dhall/operate.c: operators, selection, merge, with: what they do with literals, and the rules
 * for what is partly neutral (dhall-lang, beta-normalization.md). These are visible in hashes. */
#include "dhall/eval.h"
#include <assert.h>

static bool is_bool(const struct dhall_value *value, bool what)
{
    return value->kind == V_BOOL && (value->a != 0) == what;
}

/* Judgmental equality of two values whose scope is not known here. */
static bool equal(struct dhall *dhall, struct dhall_value *left, struct dhall_value *right)
{
    return dhall_conv(dhall, dhall_bound_max(left->bound, right->bound), left, right);
}

static struct dhall_value *operate_bool(struct dhall *dhall, enum dhall_operator operator_,
    struct dhall_value *left, struct dhall_value *right)
{
    /* || and != leave the other side alone when one is False; && and == when one is True. */
    bool unit = operator_ == DHALL_AND || operator_ == DHALL_EQUAL;
    left = dhall_force(dhall, left);
    if (is_bool(left, unit)) {
        return dhall_force(dhall, right);
    }
    bool absorbs = operator_ == DHALL_AND || operator_ == DHALL_OR;
    if (absorbs && left->kind == V_BOOL) {
        return left;
    }
    right = dhall_force(dhall, right);
    if (is_bool(right, unit)) {
        return left;
    }
    if (absorbs && right->kind == V_BOOL) {
        return right;
    }
    if (equal(dhall, left, right)) {
        return absorbs ? left : dhall_bool_value(dhall, operator_ == DHALL_EQUAL);
    }
    if (left->kind == V_BOOL && right->kind == V_BOOL) { /* differ, and are both no unit: never */
        return dhall_bool_value(dhall, operator_ == DHALL_NOT_EQUAL);
    }
    return dhall_pair_value(dhall, V_OP, operator_, left, right);
}

static struct dhall_value *numbers_operate(struct dhall *dhall, enum dhall_operator operator_,
    const struct dhall_value *left, const struct dhall_value *right)
{
    uint64_t small;
    if (left->big == NULL && right->big == NULL &&
        !(operator_ == DHALL_PLUS ? __builtin_add_overflow(left->small, right->small, &small)
                                  : __builtin_mul_overflow(left->small, right->small, &small))) {
        return dhall_natural_value(dhall, small);
    }
    mpz_t a, b;
    mpz_inits(a, b, NULL);
    dhall_value_mpz(left, a);
    dhall_value_mpz(right, b);
    size_t bits = mpz_sizeinbase(a, 2) + mpz_sizeinbase(b, 2);
    /* A number of a 64th of the memory takes seconds to multiply, and to print. */
    if (bits / 8 > dhall->limits.memory_bytes_max / 64) {
        mpz_clears(a, b, NULL);
        dhall_stop(dhall, STOP_MEMORY);
    }
    if (operator_ == DHALL_PLUS) {
        mpz_add(a, a, b);
    } else {
        mpz_mul(a, a, b);
    }
    struct dhall_value *value = dhall_big_value(dhall, V_NATURAL, a);
    mpz_clears(a, b, NULL);
    return value;
}

static struct dhall_value *operate_natural(struct dhall *dhall, enum dhall_operator operator_,
    struct dhall_value *left, struct dhall_value *right)
{
    left = dhall_force(dhall, left);
    right = dhall_force(dhall, right);
    if (left->kind == V_NATURAL && right->kind == V_NATURAL) {
        return numbers_operate(dhall, operator_, left, right);
    }
    uint64_t unit = operator_ == DHALL_PLUS ? 0 : 1;
    if (dhall_is_natural(left, unit)) {
        return right;
    }
    if (dhall_is_natural(right, unit)) {
        return left;
    }
    if (operator_ == DHALL_TIMES && dhall_is_natural(left, 0)) {
        return left;
    }
    if (operator_ == DHALL_TIMES && dhall_is_natural(right, 0)) {
        return right;
    }
    return dhall_pair_value(dhall, V_OP, operator_, left, right);
}

static struct dhall_value *operate_text(
    struct dhall *dhall, struct dhall_value *left, struct dhall_value *right)
{
    struct dhall_value **both = arena_alloc(&dhall->arena, 2 * sizeof *both);
    both[0] = left;
    both[1] = right;
    return dhall_text_append(dhall, both, 2);
}

static bool is_list(const struct dhall_value *value)
{
    return value->kind == V_LIST || value->kind == V_LIST_APPEND;
}

static struct dhall_value *operate_list(
    struct dhall *dhall, struct dhall_value *left, struct dhall_value *right)
{
    left = dhall_force(dhall, left);
    right = dhall_force(dhall, right);
    if (left->kind == V_LIST_EMPTY) {
        return right;
    }
    if (right->kind == V_LIST_EMPTY) {
        return left;
    }
    if (!is_list(left) || !is_list(right)) {
        return dhall_pair_value(dhall, V_OP, DHALL_LIST_APPEND, left, right);
    }
    if (left->a == 1 && left->kind == V_LIST && right->kind == V_LIST) {
        struct dhall_value *longer = dhall_list_grow(dhall, left->items[0], right);
        if (longer != NULL) {
            return longer;
        }
    }
    uint32_t count;
    if (__builtin_add_overflow(left->a, right->a, &count)) {
        dhall_stop(dhall, STOP_MEMORY);
    }
    struct dhall_value *list = dhall_pair_value(dhall, V_LIST_APPEND, 0, left, right);
    list->a = count;
    return list;
}

/* The literal kind that a record operator works on, and the empty one. */
static bool is_empty_fields(const struct dhall_value *value, enum dhall_v kind)
{
    return value->kind == kind && value->shape->count == 0;
}

static void fields_copy(const struct dhall_value *from, uint32_t begin, uint32_t end,
    dhall_label *ret_labels, struct dhall_value **ret_items)
{
    if (begin < end) {
        memcpy(ret_labels, from->shape->labels + begin, (end - begin) * sizeof *ret_labels);
        memcpy(ret_items, from->items + begin, (end - begin) * sizeof *ret_items);
    }
}

struct dhall_value *dhall_fields_join(struct dhall *dhall, enum dhall_operator operator_,
    const struct dhall_value *left, const struct dhall_value *right)
{
    const struct dhall_shape *l = left->shape, *r = right->shape;
    size_t most = (size_t)l->count + r->count;
    dhall_label *labels = arena_alloc(&dhall->arena, most * sizeof *labels);
    struct dhall_value **items = arena_alloc(&dhall->arena, most * sizeof(void *));
    uint32_t i = 0, count = 0;
    for (uint32_t j = 0; j < r->count; j++) {
        uint32_t place = dhall_shape_place(l, i, r->labels[j]);
        fields_copy(left, i, place, labels + count, items + count);
        count += place - i;
        bool both = place < l->count && l->labels[place] == r->labels[j];
        i = place + both;
        labels[count] = r->labels[j];
        items[count++] = both && operator_ != DHALL_PREFER
                             ? dhall_pair_value(dhall, V_THUNK_OP, operator_, left->items[place],
                                   right->items[j])
                             : right->items[j];
    }
    fields_copy(left, i, l->count, labels + count, items + count);
    count += l->count - i;
    /* Where nothing was added, values go on sharing the shape. */
    const struct dhall_shape *shape =
        count == l->count && memcmp(labels, l->labels, count * sizeof *labels) == 0
            ? l
            : dhall_shape_new(dhall, labels, count);
    return dhall_fields_value(dhall, (enum dhall_v)left->kind, shape, items);
}

static struct dhall_value *operate_fields(struct dhall *dhall, enum dhall_operator operator_,
    struct dhall_value *left, struct dhall_value *right)
{
    enum dhall_v kind = operator_ == DHALL_COMBINE_TYPES ? V_RECORD_TYPE : V_RECORD;
    left = dhall_force(dhall, left);
    right = dhall_force(dhall, right);
    if (is_empty_fields(left, kind)) {
        return right;
    }
    if (is_empty_fields(right, kind)) {
        return left;
    }
    if (left->kind == kind && right->kind == kind) {
        return dhall_fields_join(dhall, operator_, left, right);
    }
    if (operator_ == DHALL_PREFER && equal(dhall, left, right)) {
        return left;
    }
    return dhall_pair_value(dhall, V_OP, operator_, left, right);
}

struct dhall_value *dhall_operate(struct dhall *dhall, enum dhall_operator operator_,
    struct dhall_value *left, struct dhall_value *right)
{
    dhall_step(dhall);
    switch (operator_) {
    case DHALL_OR:
    case DHALL_AND:
    case DHALL_EQUAL:
    case DHALL_NOT_EQUAL:
        return operate_bool(dhall, operator_, left, right);
    case DHALL_PLUS:
    case DHALL_TIMES:
        return operate_natural(dhall, operator_, left, right);
    case DHALL_TEXT_APPEND:
        return operate_text(dhall, left, right);
    case DHALL_LIST_APPEND:
        return operate_list(dhall, left, right);
    case DHALL_COMBINE:
    case DHALL_PREFER:
    case DHALL_COMBINE_TYPES:
        return operate_fields(dhall, operator_, left, right);
    case DHALL_EQUIVALENT:
        return dhall_pair_value(dhall, V_OP, operator_, left, right);
    case DHALL_COMPLETE:
        return operate_fields(
            dhall, DHALL_PREFER, dhall_select(dhall, left, dhall->label_default), right);
    case DHALL_ALTERNATIVE: /* dhall_eval takes the side that was chosen */
        break;
    }
    assert(false && "an operator that evaluation never sees");
    return left;
}

struct dhall_value *dhall_operate_chain(struct dhall *dhall, enum dhall_operator operator_,
    struct dhall_value **operands, uint32_t count)
{
    bool literals = true; /* then the operator is associative */
    for (uint32_t i = 0; i < count; i++) {
        operands[i] = dhall_force(dhall, operands[i]);
        literals = literals && operands[i]->kind == V_RECORD;
    }
    for (uint32_t i = 1; !literals && i < count; i++) {
        operands[0] = dhall_operate(dhall, operator_, operands[0], operands[i]);
    }
    while (literals && count > 1) {
        for (uint32_t i = 0; i < count / 2; i++) {
            operands[i] = dhall_operate(dhall, operator_, operands[2 * i], operands[2 * i + 1]);
        }
        operands[count / 2] = operands[count - 1]; /* of an odd count the last one waits */
        count = count / 2 + count % 2;
    }
    return operands[0];
}

struct dhall_value *dhall_if(struct dhall *dhall, struct dhall_value *condition,
    struct dhall_value *then, struct dhall_value *otherwise)
{
    condition = dhall_force(dhall, condition);
    if (condition->kind == V_BOOL) {
        return dhall_force(dhall, condition->a != 0 ? then : otherwise);
    }
    then = dhall_force(dhall, then);
    otherwise = dhall_force(dhall, otherwise);
    if (is_bool(then, true) && is_bool(otherwise, false)) {
        return condition;
    }
    if (equal(dhall, then, otherwise)) {
        return then;
    }
    return dhall_three_value(dhall, V_IF, condition, then, otherwise);
}

static struct dhall_value *select_neutral(
    struct dhall *dhall, struct dhall_value *record, dhall_label label);

/* A record literal of one field. */
static struct dhall_value *record_single(
    struct dhall *dhall, dhall_label label, struct dhall_value *value)
{
    struct dhall_value **items = arena_alloc(&dhall->arena, sizeof *items);
    items[0] = value;
    return dhall_fields_value(dhall, V_RECORD, dhall_shape_new(dhall, &label, 1), items);
}

/* (left OP right).label where OP is // or /\ and one of both is a literal. */
static struct dhall_value *select_joined(
    struct dhall *dhall, const struct dhall_value *joined, dhall_label label)
{
    struct dhall_value *left = dhall_force(dhall, joined->left);
    struct dhall_value *right = dhall_force(dhall, joined->right);
    bool left_literal = left->kind == V_RECORD;
    const struct dhall_value *literal = left_literal ? left : right;
    struct dhall_value *other = left_literal ? right : left;
    uint32_t at = dhall_shape_find(literal->shape, label);
    if (at == UINT32_MAX) {
        return dhall_select(dhall, other, label);
    }
    if (!left_literal && joined->flag == DHALL_PREFER) {
        return dhall_force(dhall, literal->items[at]);
    }
    struct dhall_value *single = record_single(dhall, label, literal->items[at]);
    struct dhall_value *smaller = dhall_pair_value(
        dhall, V_OP, joined->flag, left_literal ? single : other, left_literal ? other : single);
    return dhall_one_value(dhall, V_FIELD, label, smaller);
}

static struct dhall_value *select_neutral(
    struct dhall *dhall, struct dhall_value *record, dhall_label label)
{
    if (record->kind == V_PROJECT) {
        return dhall_select(dhall, record->one, label);
    }
    if (record->kind == V_OP && (record->flag == DHALL_PREFER || record->flag == DHALL_COMBINE) &&
        (dhall_force(dhall, record->left)->kind == V_RECORD ||
            dhall_force(dhall, record->right)->kind == V_RECORD)) {
        return select_joined(dhall, record, label);
    }
    return dhall_one_value(dhall, V_FIELD, label, record);
}

struct dhall_value *dhall_union_constructor(
    struct dhall *dhall, struct dhall_value *type, dhall_label label)
{
    uint32_t at = dhall_shape_find(type->shape, label);
    if (at == UINT32_MAX) {
        return NULL;
    }
    if (type->constructors == NULL) {
        type->constructors = ARENA_NEW(&dhall->arena, struct dhall_value *, type->shape->count);
    }
    if (type->constructors[at] == NULL) {
        struct dhall_value *constructor = dhall_pair_value(dhall, V_CONSTRUCTOR,
            type->items[at] == NULL ? CONSTRUCTOR_EMPTY : CONSTRUCTOR_FUNCTION, type, NULL);
        constructor->a = label;
        type->constructors[at] = constructor;
    }
    return type->constructors[at];
}

struct dhall_value *dhall_select(struct dhall *dhall, struct dhall_value *record, dhall_label label)
{
    dhall_step(dhall);
    record = dhall_force(dhall, record);
    if (record->kind == V_RECORD) {
        uint32_t at = dhall_shape_find(record->shape, label);
        if (at != UINT32_MAX) {
            return dhall_force(dhall, record->items[at]);
        }
    } else if (record->kind == V_UNION) {
        struct dhall_value *constructor = dhall_union_constructor(dhall, record, label);
        if (constructor != NULL) {
            return constructor;
        }
    }
    return select_neutral(dhall, record, label);
}

/* A record's fields that are in shape, in shape's order. */
static struct dhall_value *record_filter(
    struct dhall *dhall, const struct dhall_value *record, const struct dhall_shape *shape)
{
    struct dhall_value **items = arena_alloc(&dhall->arena, shape->count * sizeof(void *));
    dhall_label *labels = arena_alloc(&dhall->arena, shape->count * sizeof *labels);
    uint32_t count = 0;
    for (uint32_t i = 0; i < shape->count; i++) {
        uint32_t at = dhall_shape_find(record->shape, shape->labels[i]);
        if (at != UINT32_MAX) {
            labels[count] = shape->labels[i];
            items[count++] = record->items[at];
        }
    }
    return dhall_fields_value(dhall, V_RECORD,
        count == shape->count ? shape : dhall_shape_new(dhall, labels, count), items);
}

/* The labels of shape that are in other (or are not). */
static const struct dhall_shape *shape_filter(struct dhall *dhall, const struct dhall_shape *shape,
    const struct dhall_shape *other, bool wanted)
{
    dhall_label *labels = arena_alloc(&dhall->arena, shape->count * sizeof *labels);
    uint32_t count = 0;
    for (uint32_t i = 0; i < shape->count; i++) {
        if ((dhall_shape_find(other, shape->labels[i]) != UINT32_MAX) == wanted) {
            labels[count++] = shape->labels[i];
        }
    }
    return dhall_shape_new(dhall, labels, count);
}

struct dhall_value *dhall_project(
    struct dhall *dhall, struct dhall_value *record, const struct dhall_shape *shape)
{
    dhall_step(dhall);
    if (shape->count == 0) {
        return dhall_fields_value(dhall, V_RECORD, shape, NULL);
    }
    record = dhall_force(dhall, record);
    if (record->kind == V_RECORD) {
        return record_filter(dhall, record, shape);
    }
    if (record->kind == V_PROJECT) {
        return dhall_project(dhall, record->one, shape);
    }
    if (record->kind == V_OP && record->flag == DHALL_PREFER) {
        struct dhall_value *right = dhall_force(dhall, record->right);
        if (right->kind == V_RECORD) {
            const struct dhall_shape *rest = shape_filter(dhall, shape, right->shape, false);
            return operate_fields(dhall, DHALL_PREFER, dhall_project(dhall, record->left, rest),
                record_filter(dhall, right, shape));
        }
    }
    struct dhall_value *value = dhall_one_value(dhall, V_PROJECT, 0, record);
    value->shape = shape;
    return value;
}

struct dhall_value *dhall_project_type(
    struct dhall *dhall, struct dhall_value *record, struct dhall_value *type)
{
    type = dhall_force(dhall, type);
    if (type->kind == V_RECORD_TYPE) {
        return dhall_project(dhall, record, type->shape);
    }
    return dhall_pair_value(dhall, V_PROJECT_TYPE, 0, dhall_force(dhall, record), type);
}

struct dhall_value *dhall_merge(struct dhall *dhall, struct dhall_value *handlers,
    struct dhall_value *scrutinee, struct dhall_value *annotation)
{
    handlers = dhall_force(dhall, handlers);
    scrutinee = dhall_force(dhall, scrutinee);
    dhall_label label = 0;
    struct dhall_value *payload = NULL;
    bool known = true;
    if (scrutinee->kind == V_CONSTRUCTOR && scrutinee->flag != CONSTRUCTOR_FUNCTION) {
        label = scrutinee->a;
        payload = scrutinee->right;
    } else if (scrutinee->kind == V_SOME) {
        label = dhall->label_some;
        payload = scrutinee->one;
    } else if (dhall_builtin_argument(scrutinee, DHALL_BUILTIN_NONE) != NULL) {
        label = dhall->label_none;
    } else {
        known = false;
    }
    uint32_t at =
        known && handlers->kind == V_RECORD ? dhall_shape_find(handlers->shape, label) : UINT32_MAX;
    if (at == UINT32_MAX) {
        return dhall_three_value(dhall, V_MERGE, handlers, scrutinee, annotation);
    }
    return payload == NULL ? dhall_force(dhall, handlers->items[at])
                           : dhall_apply_value(dhall, handlers->items[at], payload);
}

struct dhall_value *dhall_to_map(
    struct dhall *dhall, struct dhall_value *record, struct dhall_value *annotation)
{
    record = dhall_force(dhall, record);
    if (record->kind != V_RECORD || (record->shape->count == 0 && annotation == NULL)) {
        return dhall_pair_value(dhall, V_TO_MAP, 0, record, annotation);
    }
    uint32_t count = record->shape->count;
    if (count == 0) {
        return dhall_one_value(dhall, V_LIST_EMPTY, 0, annotation);
    }
    struct dhall_value **entries = arena_alloc(&dhall->arena, count * sizeof *entries);
    for (uint32_t i = 0; i < count; i++) {
        struct dhall_value **items = arena_alloc(&dhall->arena, 2 * sizeof *items);
        items[0] =
            dhall_text_value(dhall, dhall_label_name(&dhall->labels, record->shape->labels[i]));
        items[1] = record->items[i];
        entries[i] = dhall_fields_value(dhall, V_RECORD, dhall->shape_map, items);
    }
    return dhall_list_value(dhall, entries, count);
}

struct dhall_value *dhall_show_constructor(struct dhall *dhall, struct dhall_value *scrutinee)
{
    scrutinee = dhall_force(dhall, scrutinee);
    if (scrutinee->kind == V_CONSTRUCTOR && scrutinee->flag != CONSTRUCTOR_FUNCTION) {
        return dhall_text_value(dhall, dhall_label_name(&dhall->labels, scrutinee->a));
    }
    if (scrutinee->kind == V_SOME) {
        return dhall_text_value(dhall, STR("Some"));
    }
    if (dhall_builtin_argument(scrutinee, DHALL_BUILTIN_NONE) != NULL) {
        return dhall_text_value(dhall, STR("None"));
    }
    return dhall_one_value(dhall, V_SHOW_CONSTRUCTOR, 0, scrutinee);
}

/* The record with label at a new value. */
static struct dhall_value *record_set(struct dhall *dhall, const struct dhall_value *record,
    dhall_label label, struct dhall_value *value)
{
    return dhall_fields_join(dhall, DHALL_PREFER, record, record_single(dhall, label, value));
}

struct dhall_value *dhall_with(struct dhall *dhall, struct dhall_value *record,
    const uint32_t *path, uint32_t path_len, struct dhall_value *new)
{
    dhall_step(dhall);
    if (path_len == 0) {
        return dhall_force(dhall, new);
    }
    record = dhall_force(dhall, record);
    if (path[0] == DHALL_PATH_OPTIONAL) {
        if (dhall_builtin_argument(record, DHALL_BUILTIN_NONE) != NULL) {
            return record;
        }
        if (record->kind == V_SOME) {
            struct dhall_value *inner =
                path_len == 1 ? new : dhall_with(dhall, record->one, path + 1, path_len - 1, new);
            return dhall_one_value(dhall, V_SOME, 0, inner);
        }
    } else if (record->kind == V_RECORD) {
        if (path_len == 1) {
            return record_set(dhall, record, path[0], new);
        }
        uint32_t at = dhall_shape_find(record->shape, path[0]);
        struct dhall_value *inner = at != UINT32_MAX ? record->items[at]
                                                     : dhall_fields_value(dhall, V_RECORD,
                                                           dhall_shape_new(dhall, NULL, 0), NULL);
        inner = dhall_with(dhall, inner, path + 1, path_len - 1, new);
        return record_set(dhall, record, path[0], inner);
    }
    struct dhall_value *value = dhall_pair_value(dhall, V_WITH, 0, record, new);
    value->path = path;
    value->a = path_len;
    return value;
}
