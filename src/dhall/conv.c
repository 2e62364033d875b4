/* src/dhall/conv.c: judgmental equality of values, without reading them back. */
#include "dhall/eval.h"
#include <assert.h>

static bool shapes_equal(const struct dhall_shape *left, const struct dhall_shape *right)
{
    return left == right || (left->count == right->count &&
                                (left->count == 0 || memcmp(left->labels, right->labels,
                                                         left->count * sizeof *left->labels) == 0));
}

static bool items_conv(struct dhall *dhall, uint32_t level, struct dhall_value *const *left,
    struct dhall_value *const *right, uint32_t count)
{
    if (left == right) {
        return true;
    }
    for (uint32_t i = 0; i < count; i++) {
        bool same = left[i] == NULL || right[i] == NULL
                        ? left[i] == right[i]
                        : dhall_conv(dhall, level, left[i], right[i]);
        if (!same) {
            return false;
        }
    }
    return true;
}

static bool optional_conv(
    struct dhall *dhall, uint32_t level, struct dhall_value *left, struct dhall_value *right)
{
    return items_conv(dhall, level, &left, &right, 1);
}

static bool lambdas_conv(
    struct dhall *dhall, uint32_t level, struct dhall_value *left, struct dhall_value *right)
{
    if (left->code == right->code && left->a == right->a && left->env == right->env) {
        return true;
    }
    const struct dhall_row *l = &left->code->terms.rows[left->a];
    const struct dhall_row *r = &right->code->terms.rows[right->a];
    if (!dhall_conv(dhall, level, dhall_delay(dhall, left->code, (dhall_term){l->b}, left->env),
            dhall_delay(dhall, right->code, (dhall_term){r->b}, right->env))) {
        return false;
    }
    struct dhall_value *var = dhall_var_value(dhall, level);
    return dhall_conv(dhall, level + 1, dhall_apply_value(dhall, left, var),
        dhall_apply_value(dhall, right, var));
}

static bool pis_conv(
    struct dhall *dhall, uint32_t level, struct dhall_value *left, struct dhall_value *right)
{
    if (!dhall_conv(dhall, level, left->domain, right->domain)) {
        return false;
    }
    if (left->codomain == right->codomain) {
        return true;
    }
    bool constant = dhall_pi_is_constant(dhall, left) && dhall_pi_is_constant(dhall, right);
    struct dhall_value *var = constant ? NULL : dhall_var_value(dhall, level);
    return dhall_conv(
        dhall, level + 1, dhall_pi_apply(dhall, left, var), dhall_pi_apply(dhall, right, var));
}

static bool numbers_equal(const struct dhall_value *left, const struct dhall_value *right)
{
    if (left->flag != right->flag || (left->big == NULL) != (right->big == NULL)) {
        return false;
    }
    return left->big == NULL ? left->small == right->small
                             : mpz_cmp(left->big->z, right->big->z) == 0;
}

static bool times_equal(const struct dhall_value *left, const struct dhall_value *right)
{
    return left->a == right->a && left->b == right->b && mpz_cmp(left->big->z, right->big->z) == 0;
}

/* Both are of the same kind, and a literal without children. */
static bool atoms_equal(const struct dhall_value *left, const struct dhall_value *right)
{
    switch ((enum dhall_v)left->kind) {
    case V_NATURAL:
    case V_INTEGER:
        return numbers_equal(left, right);
    case V_DOUBLE: /* by the encoding: NaN is NaN, and 0.0 is not -0.0 */
        return memcmp(&left->number, &right->number, sizeof left->number) == 0 ||
               (left->number != left->number && right->number != right->number);
    case V_TEXT:
    case V_BYTES:
        return str_eq(left->text, right->text);
    case V_DATE:
    case V_FREE:
        return left->a == right->a && left->b == right->b;
    case V_TIME:
        return times_equal(left, right);
    case V_TIME_ZONE:
        return left->a == right->a && left->flag == right->flag;
    default: /* V_BOOL, V_VAR */
        return left->a == right->a;
    }
}

static bool with_conv(
    struct dhall *dhall, uint32_t level, struct dhall_value *left, struct dhall_value *right)
{
    return left->a == right->a &&
           memcmp(left->path, right->path, left->a * sizeof *left->path) == 0 &&
           dhall_conv(dhall, level, left->left, right->left) &&
           dhall_conv(dhall, level, left->right, right->right);
}

/* Both are forced, flat and of the same kind. */
static bool same_kind_conv(
    struct dhall *dhall, uint32_t level, struct dhall_value *left, struct dhall_value *right)
{
    switch ((enum dhall_v)left->kind) {
    case V_LAMBDA:
        return lambdas_conv(dhall, level, left, right);
    case V_PI:
        return pis_conv(dhall, level, left, right);
    case V_BUILTIN:
        return left->flag == right->flag && left->a == right->a &&
               items_conv(dhall, level, left->items, right->items, left->a);
    case V_CONSTRUCTOR:
        return left->a == right->a && left->flag == right->flag &&
               dhall_conv(dhall, level, left->left, right->left) &&
               optional_conv(dhall, level, left->right, right->right);
    case V_TEXT_CHUNKS:
    case V_LIST:
        return left->a == right->a && items_conv(dhall, level, left->items, right->items, left->a);
    case V_LIST_EMPTY:
    case V_SOME:
    case V_FIELD:
    case V_SHOW_CONSTRUCTOR:
    case V_ASSERT:
        return left->a == right->a && dhall_conv(dhall, level, left->one, right->one);
    case V_PROJECT:
        return shapes_equal(left->shape, right->shape) &&
               dhall_conv(dhall, level, left->one, right->one);
    case V_RECORD:
    case V_RECORD_TYPE:
    case V_UNION:
        return shapes_equal(left->shape, right->shape) &&
               items_conv(dhall, level, left->items, right->items, left->shape->count);
    case V_APP:
    case V_OP:
    case V_PROJECT_TYPE:
    case V_TO_MAP:
        return left->flag == right->flag && dhall_conv(dhall, level, left->left, right->left) &&
               optional_conv(dhall, level, left->right, right->right);
    case V_IF:
    case V_MERGE:
        return items_conv(dhall, level, left->three, right->three, 2) &&
               optional_conv(dhall, level, left->three[2], right->three[2]);
    case V_WITH:
        return with_conv(dhall, level, left, right);
    default:
        return atoms_equal(left, right);
    }
}

static struct dhall_value *flatten(struct dhall *dhall, struct dhall_value *value)
{
    value = dhall_force(dhall, value);
    if (value->kind == V_TEXT_APPEND) {
        return dhall_text_flatten(dhall, value);
    }
    return value->kind == V_LIST_APPEND ? dhall_list_flatten(dhall, value) : value;
}

/* Has parts, so that comparing it again may cost much. */
static bool has_parts(const struct dhall_value *value)
{
    return value->kind <= V_PI || (value->kind >= V_LIST && value->kind != V_VAR);
}

enum {
    REMEMBER_AFTER = 4096 /* comparisons of a session: few are worth no memory */
};

bool dhall_conv(
    struct dhall *dhall, uint32_t level, struct dhall_value *left, struct dhall_value *right)
{
    dhall_step(dhall);
    left = flatten(dhall, left);
    right = flatten(dhall, right);
    if (left == right) {
        return true;
    }
    if (left->kind != right->kind) {
        return false;
    }
    if (!has_parts(left)) {
        return same_kind_conv(dhall, level, left, right);
    }
    if (dhall_pairs_has(&dhall->equal, left, (uintptr_t)right)) {
        return true;
    }
    if (!same_kind_conv(dhall, level, left, right)) {
        return false;
    }
    if (dhall->conv_count < REMEMBER_AFTER) {
        dhall->conv_count++;
    } else {
        dhall_pairs_add(dhall, &dhall->equal, left, (uintptr_t)right);
    }
    return true;
}

static bool items_mention(
    struct dhall *dhall, struct dhall_value *const *items, uint32_t count, uint32_t level)
{
    for (uint32_t i = 0; i < count; i++) {
        if (items[i] != NULL && dhall_mentions(dhall, items[i], level)) {
            return true;
        }
    }
    return false;
}

static bool lambda_mentions(struct dhall *dhall, struct dhall_value *value, uint32_t level)
{
    const struct dhall_row *row = &value->code->terms.rows[value->a];
    struct dhall_value *domain = dhall_delay(dhall, value->code, (dhall_term){row->b}, value->env);
    struct dhall_value *var =
        dhall_var_value(dhall, dhall_bound_max(value->bound, (uint16_t)(level + 1)));
    return dhall_mentions(dhall, domain, level) ||
           dhall_mentions(dhall, dhall_apply_value(dhall, value, var), level);
}

static bool pi_mentions(struct dhall *dhall, struct dhall_value *value, uint32_t level)
{
    struct dhall_value *var =
        dhall_pi_is_constant(dhall, value)
            ? NULL
            : dhall_var_value(dhall, dhall_bound_max(value->bound, (uint16_t)(level + 1)));
    return dhall_mentions(dhall, value->domain, level) ||
           dhall_mentions(dhall, dhall_pi_apply(dhall, value, var), level);
}

static bool parts_mention(struct dhall *dhall, struct dhall_value *value, uint32_t level)
{
    switch ((enum dhall_v)value->kind) {
    case V_VAR:
        return value->a == level;
    case V_LAMBDA:
        return lambda_mentions(dhall, value, level);
    case V_PI:
        return pi_mentions(dhall, value, level);
    case V_BUILTIN:
    case V_TEXT_CHUNKS:
    case V_LIST:
        return items_mention(dhall, value->items, value->a, level);
    case V_RECORD:
    case V_RECORD_TYPE:
    case V_UNION:
        return items_mention(dhall, value->items, value->shape->count, level);
    case V_LIST_EMPTY:
    case V_SOME:
    case V_FIELD:
    case V_SHOW_CONSTRUCTOR:
    case V_ASSERT:
    case V_PROJECT:
        return dhall_mentions(dhall, value->one, level);
    case V_CONSTRUCTOR:
    case V_APP:
    case V_OP:
    case V_PROJECT_TYPE:
    case V_TO_MAP:
    case V_WITH:
        return dhall_mentions(dhall, value->left, level) ||
               items_mention(dhall, &value->right, 1, level);
    case V_IF:
    case V_MERGE:
        return items_mention(dhall, value->three, 3, level);
    default:
        return false;
    }
}

bool dhall_mentions(struct dhall *dhall, struct dhall_value *value, uint32_t level)
{
    dhall_step(dhall);
    if (value->bound <= level) {
        return false;
    }
    value = flatten(dhall, value);
    if (value->bound <= level || dhall_pairs_has(&dhall->unmentions, value, level)) {
        return false;
    }
    bool mentions = parts_mention(dhall, value, level);
    if (!mentions && has_parts(value)) {
        dhall_pairs_add(dhall, &dhall->unmentions, value, level);
    }
    return mentions;
}
