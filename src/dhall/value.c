/* src/dhall/value.c: making values. */
#include "dhall/value.h"
#include <assert.h>

struct dhall_value *dhall_builtin_value(struct dhall *dhall, enum dhall_builtin builtin)
{
    if (dhall->builtin_values[builtin] == NULL) {
        struct dhall_value *value = dhall_value_new(dhall, V_BUILTIN, 0);
        value->flag = (uint8_t)builtin;
        dhall->builtin_values[builtin] = value;
    }
    return dhall->builtin_values[builtin];
}

struct dhall_value *dhall_builtin_apply1(
    struct dhall *dhall, enum dhall_builtin builtin, struct dhall_value *argument)
{
    struct dhall_value *value = dhall_value_new(dhall, V_BUILTIN, argument->bound);
    value->flag = (uint8_t)builtin;
    value->a = 1;
    value->argument = argument;
    value->items = &value->argument; /* it is never moved */
    return value;
}

struct dhall_value *dhall_bool_value(struct dhall *dhall, bool value)
{
    enum dhall_builtin builtin = value ? DHALL_BUILTIN_TRUE_ : DHALL_BUILTIN_FALSE_;
    if (dhall->builtin_values[builtin] == NULL) {
        dhall->builtin_values[builtin] = dhall_value_new(dhall, V_BOOL, 0);
        dhall->builtin_values[builtin]->a = value;
    }
    return dhall->builtin_values[builtin];
}

struct dhall_value *dhall_natural_value(struct dhall *dhall, uint64_t natural)
{
    struct dhall_value *value = dhall_value_new(dhall, V_NATURAL, 0);
    value->small = natural;
    return value;
}

static const struct dhall_big *big_new(struct dhall *dhall, const mpz_t z)
{
    struct dhall_big *big = arena_alloc(&dhall->arena, sizeof *big);
    mpz_init_set(big->z, z);
    big->older = dhall->bigs;
    dhall->bigs = big;
    /* GMP's memory is not in the arena, but it counts against the session's bound. */
    dhall->big_bytes += mpz_size(z) * sizeof(mp_limb_t);
    return big;
}

struct dhall_value *dhall_big_value(struct dhall *dhall, enum dhall_v kind, const mpz_t z)
{
    struct dhall_value *value = dhall_value_new(dhall, kind, 0);
    value->flag = mpz_sgn(z) < 0;
    mpz_t magnitude;
    mpz_init(magnitude);
    mpz_abs(magnitude, z);
    if (mpz_sizeinbase(magnitude, 2) <= 64) {
        value->small = mpz_get_ui(magnitude);
    } else {
        value->big = big_new(dhall, magnitude);
    }
    mpz_clear(magnitude);
    return value;
}

struct dhall_value *dhall_time_value(
    struct dhall *dhall, uint32_t seconds, const mpz_t fraction, uint32_t digits)
{
    struct dhall_value *value = dhall_value_new(dhall, V_TIME, 0);
    value->a = seconds;
    value->b = digits;
    value->big = big_new(dhall, fraction);
    return value;
}

void dhall_value_mpz(const struct dhall_value *value, mpz_t ret_z)
{
    assert(value->kind == V_NATURAL || value->kind == V_INTEGER);
    static_assert(sizeof(unsigned long) == sizeof(uint64_t), "GMP's ui holds a small number");
    if (value->big != NULL) {
        mpz_set(ret_z, value->big->z);
    } else {
        mpz_set_ui(ret_z, value->small);
    }
    if (value->kind == V_INTEGER && value->flag != 0) {
        mpz_neg(ret_z, ret_z);
    }
}

struct dhall_value *dhall_text_value(struct dhall *dhall, struct str text)
{
    struct dhall_value *value = dhall_value_new(dhall, V_TEXT, 0);
    value->text = text;
    return value;
}

struct dhall_value *dhall_var_value(struct dhall *dhall, uint32_t level)
{
    if (level < DHALL_NEAR_LEVELS && dhall->variables[level] != NULL) {
        return dhall->variables[level];
    }
    struct dhall_value *value = dhall_value_new(dhall, V_VAR, level + 1);
    value->a = level;
    if (level < DHALL_NEAR_LEVELS) {
        dhall->variables[level] = value;
    }
    return value;
}

static uint16_t items_bound(struct dhall_value *const *items, size_t count)
{
    uint16_t bound = 0;
    for (size_t i = 0; i < count; i++) {
        if (items[i] != NULL) {
            bound = dhall_bound_max(bound, items[i]->bound);
        }
    }
    return bound;
}

struct dhall_value *dhall_list_value(struct dhall *dhall, struct dhall_value **items, size_t count)
{
    assert(count > 0 && count <= UINT32_MAX);
    struct dhall_value *value = dhall_value_new(dhall, V_LIST, items_bound(items, count));
    value->a = (uint32_t)count;
    value->items = items;
    return value;
}

struct dhall_value *dhall_fields_value(struct dhall *dhall, enum dhall_v kind,
    const struct dhall_shape *shape, struct dhall_value **items)
{
    struct dhall_value *value = dhall_value_new(dhall, kind, items_bound(items, shape->count));
    value->shape = shape;
    value->items = items;
    return value;
}

struct dhall_value *dhall_pair_value(struct dhall *dhall, enum dhall_v kind, unsigned flag,
    struct dhall_value *left, struct dhall_value *right)
{
    uint16_t bound = dhall_bound_max(left->bound, right == NULL ? 0 : right->bound);
    struct dhall_value *value = dhall_value_new(dhall, kind, bound);
    value->flag = (uint8_t)flag;
    value->left = left;
    value->right = right;
    return value;
}

struct dhall_value *dhall_one_value(
    struct dhall *dhall, enum dhall_v kind, uint32_t a, struct dhall_value *one)
{
    struct dhall_value *value = dhall_value_new(dhall, kind, one->bound);
    value->a = a;
    value->one = one;
    return value;
}

struct dhall_value *dhall_three_value(struct dhall *dhall, enum dhall_v kind,
    struct dhall_value *first, struct dhall_value *second, struct dhall_value *third)
{
    uint16_t bound = dhall_bound_max(first->bound, second->bound);
    bound = dhall_bound_max(bound, third == NULL ? 0 : third->bound);
    struct dhall_value *value = dhall_value_new(dhall, kind, bound);
    value->three[0] = first;
    value->three[1] = second;
    value->three[2] = third;
    return value;
}

struct dhall_value *dhall_pi_value(struct dhall *dhall, dhall_label label,
    struct dhall_value *domain, struct dhall_codomain *codomain, uint16_t codomain_bound)
{
    struct dhall_value *value =
        dhall_value_new(dhall, V_PI, dhall_bound_max(domain->bound, codomain_bound));
    value->a = label;
    value->domain = domain;
    value->codomain = codomain;
    return value;
}

const struct dhall_shape *dhall_shape_new(
    struct dhall *dhall, const dhall_label *labels, uint32_t count)
{
    struct dhall_shape *shape = arena_alloc(&dhall->arena, sizeof *shape);
    dhall_label *copy = arena_alloc(&dhall->arena, count * sizeof *copy);
    if (count > 0) {
        memcpy(copy, labels, count * sizeof *copy);
    }
    *shape = (struct dhall_shape){.count = count, .labels = copy, .names = &dhall->labels};
    return shape;
}

int dhall_label_cmp(const struct dhall *dhall, dhall_label a, dhall_label b)
{
    return a == b
               ? 0
               : str_cmp(dhall_label_name(&dhall->labels, a), dhall_label_name(&dhall->labels, b));
}

static int shape_cmp(const struct dhall_shape *shape, uint32_t at, dhall_label label)
{
    dhall_label own = shape->labels[at];
    return own == label ? 0
                        : str_cmp(dhall_label_name(shape->names, own),
                              dhall_label_name(shape->names, label));
}

uint32_t dhall_shape_place(const struct dhall_shape *shape, uint32_t from, dhall_label label)
{
    /* Most often it is near: twice as far each time, then by halves. All before low are less. */
    uint32_t low = from, high = from, stride = 1;
    while (high < shape->count && shape_cmp(shape, high, label) < 0) {
        low = high + 1;
        high = shape->count - high > stride ? high + stride : shape->count;
        stride *= 2;
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (shape_cmp(shape, middle, label) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t dhall_shape_find(const struct dhall_shape *shape, dhall_label label)
{
    enum {
        NEAR_MAX = 16 /* numbers are compared faster than names */
    };
    for (uint32_t i = 0; i < shape->count && i < NEAR_MAX; i++) {
        if (shape->labels[i] == label) {
            return i;
        }
    }
    if (shape->count <= NEAR_MAX) {
        return UINT32_MAX;
    }
    uint32_t at = dhall_shape_place(shape, NEAR_MAX, label);
    return at < shape->count && shape->labels[at] == label ? at : UINT32_MAX;
}

static struct dhall_pair *pair_slot(
    struct dhall_pair *slots, uint32_t mask, const void *left, uintptr_t right)
{
    uint64_t hash =
        ((uintptr_t)left * UINT64_C(0x9E3779B97F4A7C15)) ^ (right * UINT64_C(0xC2B2AE3D27D4EB4F));
    for (uint32_t i = (uint32_t)(hash >> 32);; i++) {
        struct dhall_pair *slot = &slots[i & mask];
        if (slot->left == NULL || (slot->left == left && slot->right == right)) {
            return slot;
        }
    }
}

bool dhall_pairs_has(const struct dhall_pairs *pairs, const void *left, uintptr_t right)
{
    return pairs->slots != NULL && pair_slot(pairs->slots, pairs->mask, left, right)->left != NULL;
}

void dhall_pairs_add(
    struct dhall *dhall, struct dhall_pairs *pairs, const void *left, uintptr_t right)
{
    if (pairs->slots == NULL || pairs->len > pairs->mask / 2) {
        uint32_t mask = pairs->slots == NULL ? 255 : pairs->mask * 2 + 1;
        struct dhall_pair *slots = ARENA_NEW(&dhall->arena, struct dhall_pair, (size_t)mask + 1);
        for (uint32_t i = 0; pairs->slots != NULL && i <= pairs->mask; i++) {
            struct dhall_pair pair = pairs->slots[i];
            if (pair.left != NULL) {
                *pair_slot(slots, mask, pair.left, pair.right) = pair;
            }
        }
        pairs->slots = slots;
        pairs->mask = mask;
    }
    *pair_slot(pairs->slots, pairs->mask, left, right) = (struct dhall_pair){left, right};
    pairs->len++;
}
