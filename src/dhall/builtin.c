/* src/dhall/builtin.c: the built-in functions (dhall-lang, beta-normalization.md). */
#include "dhall/eval.h"
#include "dhall/parse.h"
#include "dhall/print.h"
#include <assert.h>
#include <math.h>

enum {
    ARITY_MAX = 5,
    /* List/fold makes its accumulators from the right; every so many it forces one, so that the
     * stack stays flat for long lists, while List/head of a fold over a short one costs nothing. */
    FOLD_FORCE_EVERY = 256,
};

/* How many arguments it takes to reduce; 0: never does. */
static unsigned arity(enum dhall_builtin builtin)
{
    static const uint8_t arities[DHALL_BUILTIN_COUNT] = {
        [DHALL_BUILTIN_DATE_SHOW] = 1,
        [DHALL_BUILTIN_DOUBLE_SHOW] = 1,
        [DHALL_BUILTIN_INTEGER_CLAMP] = 1,
        [DHALL_BUILTIN_INTEGER_NEGATE] = 1,
        [DHALL_BUILTIN_INTEGER_SHOW] = 1,
        [DHALL_BUILTIN_INTEGER_TO_DOUBLE] = 1,
        [DHALL_BUILTIN_LIST_BUILD] = 2,
        [DHALL_BUILTIN_LIST_FOLD] = 5,
        [DHALL_BUILTIN_LIST_HEAD] = 2,
        [DHALL_BUILTIN_LIST_INDEXED] = 2,
        [DHALL_BUILTIN_LIST_LAST] = 2,
        [DHALL_BUILTIN_LIST_LENGTH] = 2,
        [DHALL_BUILTIN_LIST_REVERSE] = 2,
        [DHALL_BUILTIN_NATURAL_BUILD] = 1,
        [DHALL_BUILTIN_NATURAL_EVEN] = 1,
        [DHALL_BUILTIN_NATURAL_FOLD] = 4,
        [DHALL_BUILTIN_NATURAL_IS_ZERO] = 1,
        [DHALL_BUILTIN_NATURAL_ODD] = 1,
        [DHALL_BUILTIN_NATURAL_SHOW] = 1,
        [DHALL_BUILTIN_NATURAL_SUBTRACT] = 2,
        [DHALL_BUILTIN_NATURAL_TO_INTEGER] = 1,
        [DHALL_BUILTIN_TEXT_REPLACE] = 3,
        [DHALL_BUILTIN_TEXT_SHOW] = 1,
        [DHALL_BUILTIN_TIME_SHOW] = 1,
        [DHALL_BUILTIN_TIME_ZONE_SHOW] = 1,
    };
    return arities[builtin];
}

static struct dhall_value *text_of_number(struct dhall *dhall, const struct dhall_value *number)
{
    return dhall_text_value(dhall, dhall_number_show(dhall, number));
}

/* Correctly rounded, ties to even; mpz_get_d would truncate. */
static double integer_to_double(const struct dhall_value *integer)
{
    double magnitude;
    if (integer->big == NULL) {
        magnitude = (double)integer->small;
    } else {
        size_t bits = mpz_sizeinbase(integer->big->z, 2);
        if (bits > 1024) {
            magnitude = HUGE_VAL;
        } else {
            /* 64 leading bits, the last of them sticky: more than enough to round once. */
            size_t shift = bits - 64;
            mpz_t top;
            mpz_init(top);
            mpz_tdiv_q_2exp(top, integer->big->z, shift);
            uint64_t lead = mpz_get_ui(top);
            lead |= mpz_scan1(integer->big->z, 0) < shift;
            mpz_clear(top);
            magnitude = ldexp((double)lead, (int)shift);
        }
    }
    return integer->flag != 0 ? -magnitude : magnitude;
}

static struct dhall_value *double_value(struct dhall *dhall, double number)
{
    struct dhall_value *value = dhall_value_new(dhall, V_DOUBLE, 0);
    value->number = number;
    return value;
}

/* What prints as its literal does. */
static struct dhall_value *show_literal(struct dhall *dhall, struct dhall_value *literal)
{
    struct dhall_terms terms;
    dhall_terms_init(&terms, &dhall->labels, 0);
    struct dhall_quote quote;
    dhall_quote_init(&quote, dhall, &terms, false);
    dhall_term term = dhall_quote(&quote, literal);
    AUTO_BUF text = {0};
    static const struct dhall_print_options options = {.layout = DHALL_PRINT_ONE_LINE};
    dhall_print(&terms, term, &options, &text);
    dhall_terms_release(&terms);
    return dhall_text_value(dhall, arena_str(&dhall->arena, buf_str(&text)));
}

static struct dhall_value *reduce_natural1(
    struct dhall *dhall, enum dhall_builtin builtin, struct dhall_value *x)
{
    if (x->kind != V_NATURAL) {
        return NULL;
    }
    bool odd = x->big != NULL ? mpz_odd_p(x->big->z) != 0 : x->small % 2 == 1;
    if (builtin == DHALL_BUILTIN_NATURAL_IS_ZERO) {
        return dhall_bool_value(dhall, dhall_is_natural(x, 0));
    }
    if (builtin == DHALL_BUILTIN_NATURAL_TO_INTEGER) {
        struct dhall_value *integer = dhall_value_new(dhall, V_INTEGER, 0);
        integer->big = x->big;
        integer->small = x->small;
        return integer;
    }
    if (builtin == DHALL_BUILTIN_NATURAL_SHOW) {
        return text_of_number(dhall, x);
    }
    return dhall_bool_value(dhall, odd == (builtin == DHALL_BUILTIN_NATURAL_ODD));
}

static struct dhall_value *reduce_integer1(
    struct dhall *dhall, enum dhall_builtin builtin, struct dhall_value *x)
{
    if (x->kind != V_INTEGER) {
        return NULL;
    }
    bool zero = x->big == NULL && x->small == 0;
    if (builtin == DHALL_BUILTIN_INTEGER_SHOW) {
        return text_of_number(dhall, x);
    }
    if (builtin == DHALL_BUILTIN_INTEGER_TO_DOUBLE) {
        return double_value(dhall, integer_to_double(x));
    }
    struct dhall_value *value = dhall_value_new(dhall, V_INTEGER, 0);
    value->big = x->big;
    value->small = x->small;
    if (builtin == DHALL_BUILTIN_INTEGER_NEGATE) {
        value->flag = x->flag == 0 && !zero;
        return value;
    }
    if (x->flag != 0) {
        return dhall_natural_value(dhall, 0);
    }
    value->kind = V_NATURAL;
    return value;
}

static struct dhall_value *natural_subtract(
    struct dhall *dhall, struct dhall_value *x, struct dhall_value *y)
{
    if (x->kind == V_NATURAL && y->kind == V_NATURAL) {
        if (x->big == NULL && y->big == NULL) {
            return dhall_natural_value(dhall, x->small <= y->small ? y->small - x->small : 0);
        }
        mpz_t a, b;
        mpz_inits(a, b, NULL);
        dhall_value_mpz(x, a);
        dhall_value_mpz(y, b);
        mpz_sub(b, b, a);
        if (mpz_sgn(b) < 0) {
            mpz_set_ui(b, 0);
        }
        struct dhall_value *value = dhall_big_value(dhall, V_NATURAL, b);
        mpz_clears(a, b, NULL);
        return value;
    }
    if (dhall_is_natural(x, 0)) {
        return y;
    }
    if (dhall_is_natural(y, 0) || dhall_conv(dhall, dhall_bound_max(x->bound, y->bound), x, y)) {
        return dhall_natural_value(dhall, 0);
    }
    return NULL;
}

/* Does a step that gives `after` for `before` change nothing? Only asked where it is cheap. */
static bool is_fixed_point(
    struct dhall *dhall, struct dhall_value *before, struct dhall_value *after)
{
    if (before == after) {
        return true;
    }
    bool cheap = after->kind == V_BOOL || after->kind == V_NATURAL || after->kind == V_INTEGER ||
                 after->kind == V_DOUBLE;
    return cheap && before->kind == after->kind && dhall_conv(dhall, 0, before, after);
}

static struct dhall_value *natural_fold(struct dhall *dhall, const struct dhall_value *count,
    struct dhall_value *step, struct dhall_value *zero)
{
    /* More than 2^64 steps that all change something would pass the session's bound first. */
    uint64_t steps = count->big == NULL ? count->small : UINT64_MAX;
    struct dhall_value *value = dhall_force(dhall, zero);
    step = dhall_force(dhall, step);
    for (uint64_t i = 0; i < steps; i++) {
        struct dhall_value *next = dhall_apply_value(dhall, step, value);
        if (is_fixed_point(dhall, value, next)) {
            break;
        }
        value = next;
        uint64_t rest;
        if (step->kind == V_LAMBDA && step->flag == LAMBDA_ADDS && value->kind == V_NATURAL &&
            value->big == NULL && !__builtin_mul_overflow(steps - i - 1, step->added, &rest) &&
            !__builtin_add_overflow(rest, value->small, &rest)) {
            return dhall_natural_value(dhall, rest);
        }
    }
    return value;
}

static struct dhall_value *natural_build(struct dhall *dhall, struct dhall_value *build)
{
    build = dhall_apply_value(dhall, build, dhall_builtin_value(dhall, DHALL_BUILTIN_NATURAL_TYPE));
    build = dhall_apply_value(dhall, build, dhall_natural_successor(dhall));
    return dhall_apply_value(dhall, build, dhall_natural_value(dhall, 0));
}

static struct dhall_value *list_build(
    struct dhall *dhall, struct dhall_value *type, struct dhall_value *build)
{
    struct dhall_value *list = dhall_builtin_apply1(dhall, DHALL_BUILTIN_LIST_TYPE, type);
    struct dhall_value *cons = dhall_apply_value(dhall, dhall_list_cons(dhall), type);
    build = dhall_apply_value(dhall, build, list);
    build = dhall_apply_value(dhall, build, cons);
    return dhall_apply_value(dhall, build, dhall_one_value(dhall, V_LIST_EMPTY, 0, list));
}

static struct dhall_value *list_fold(struct dhall *dhall, const struct dhall_value *list,
    struct dhall_value *cons, struct dhall_value *nil)
{
    struct dhall_value *rest = nil;
    for (uint32_t i = list->a; i > 0; i--) {
        dhall_step(dhall);
        rest = dhall_three_value(dhall, V_THUNK_APP, cons, list->items[i - 1], rest);
        if ((list->a - i) % FOLD_FORCE_EVERY == FOLD_FORCE_EVERY - 1) {
            rest = dhall_force(dhall, rest);
        }
    }
    return dhall_force(dhall, rest);
}

static struct dhall_value *list_indexed(
    struct dhall *dhall, struct dhall_value *type, const struct dhall_value *list)
{
    if (list->kind == V_LIST_EMPTY) {
        struct dhall_value **types = arena_alloc(&dhall->arena, 2 * sizeof *types);
        types[0] = dhall_builtin_value(dhall, DHALL_BUILTIN_NATURAL_TYPE);
        types[1] = type;
        struct dhall_value *record =
            dhall_fields_value(dhall, V_RECORD_TYPE, dhall->shape_indexed, types);
        return dhall_one_value(
            dhall, V_LIST_EMPTY, 0, dhall_builtin_apply1(dhall, DHALL_BUILTIN_LIST_TYPE, record));
    }
    dhall_room(dhall, list->a * (3 * sizeof(void *) + 2 * sizeof(struct dhall_value)));
    struct dhall_value **records = arena_alloc(&dhall->arena, list->a * sizeof *records);
    for (uint32_t i = 0; i < list->a; i++) {
        struct dhall_value **items = arena_alloc(&dhall->arena, 2 * sizeof *items);
        items[0] = dhall_natural_value(dhall, i);
        items[1] = list->items[i];
        records[i] = dhall_fields_value(dhall, V_RECORD, dhall->shape_indexed, items);
    }
    return dhall_list_value(dhall, records, list->a);
}

static struct dhall_value *list_reverse(struct dhall *dhall, struct dhall_value *list)
{
    if (list->kind == V_LIST_EMPTY) {
        return list;
    }
    dhall_room(dhall, list->a * sizeof(void *));
    struct dhall_value **items = arena_alloc(&dhall->arena, list->a * sizeof *items);
    for (uint32_t i = 0; i < list->a; i++) {
        items[i] = list->items[list->a - 1 - i];
    }
    return dhall_list_value(dhall, items, list->a);
}

/* Functions of a type and a list. */
static struct dhall_value *reduce_list(struct dhall *dhall, enum dhall_builtin builtin,
    struct dhall_value *type, struct dhall_value *list)
{
    if (list->kind != V_LIST && list->kind != V_LIST_APPEND && list->kind != V_LIST_EMPTY) {
        return NULL;
    }
    bool empty = list->kind == V_LIST_EMPTY;
    if (builtin == DHALL_BUILTIN_LIST_LENGTH) {
        return dhall_natural_value(dhall, empty ? 0 : list->a);
    }
    list = dhall_list_flatten(dhall, list);
    if (builtin == DHALL_BUILTIN_LIST_INDEXED) {
        return list_indexed(dhall, type, list);
    }
    if (builtin == DHALL_BUILTIN_LIST_REVERSE) {
        return list_reverse(dhall, list);
    }
    if (empty) {
        return dhall_builtin_apply1(dhall, DHALL_BUILTIN_NONE, type);
    }
    return dhall_one_value(
        dhall, V_SOME, 0, list->items[builtin == DHALL_BUILTIN_LIST_HEAD ? 0 : list->a - 1]);
}

static struct dhall_value *text_replace(struct dhall *dhall, struct dhall_value **args)
{
    struct dhall_value *needle = dhall_text_flatten(dhall, dhall_force(dhall, args[0]));
    if (needle->kind != V_TEXT) {
        return NULL;
    }
    struct dhall_value *haystack = dhall_force(dhall, args[2]);
    if (needle->text.len == 0) {
        return haystack;
    }
    haystack = dhall_text_flatten(dhall, haystack);
    return haystack->kind == V_TEXT
               ? dhall_text_replace(dhall, needle->text, args[1], haystack->text)
               : NULL;
}

static struct dhall_value *reduce_show(
    struct dhall *dhall, enum dhall_builtin builtin, struct dhall_value *x)
{
    if (builtin == DHALL_BUILTIN_TEXT_SHOW) {
        x = dhall_text_flatten(dhall, x);
        if (x->kind != V_TEXT) {
            return NULL;
        }
        dhall_room(dhall, 6 * x->text.len); /* \u0000 for each byte, at worst */
        return dhall_text_value(dhall, dhall_text_show(&dhall->arena, x->text));
    }
    enum dhall_v kind = builtin == DHALL_BUILTIN_DOUBLE_SHOW ? V_DOUBLE
                        : builtin == DHALL_BUILTIN_DATE_SHOW ? V_DATE
                        : builtin == DHALL_BUILTIN_TIME_SHOW ? V_TIME
                                                             : V_TIME_ZONE;
    return x->kind == kind ? show_literal(dhall, x) : NULL;
}

/* All arguments are there: the result, or NULL if it is stuck. */
static struct dhall_value *reduce(
    struct dhall *dhall, enum dhall_builtin builtin, struct dhall_value **args)
{
    struct dhall_value *list;
    unsigned count = arity(builtin);
    if (builtin == DHALL_BUILTIN_NATURAL_BUILD) {
        return natural_build(dhall, args[0]);
    }
    if (builtin == DHALL_BUILTIN_LIST_BUILD) {
        return list_build(dhall, args[0], args[1]);
    }
    if (builtin == DHALL_BUILTIN_TEXT_REPLACE) {
        return text_replace(dhall, args);
    }
    if (builtin == DHALL_BUILTIN_NATURAL_FOLD) {
        struct dhall_value *natural = dhall_force(dhall, args[0]);
        return natural->kind == V_NATURAL ? natural_fold(dhall, natural, args[2], args[3]) : NULL;
    }
    if (builtin == DHALL_BUILTIN_NATURAL_SUBTRACT) {
        return natural_subtract(dhall, dhall_force(dhall, args[0]), dhall_force(dhall, args[1]));
    }
    if (builtin == DHALL_BUILTIN_LIST_FOLD) {
        list = dhall_list_flatten(dhall, dhall_force(dhall, args[1]));
        return list->kind == V_LIST_EMPTY ? dhall_force(dhall, args[4])
               : list->kind == V_LIST     ? list_fold(dhall, list, args[3], args[4])
                                          : NULL;
    }
    if (count == 2) {
        return reduce_list(dhall, builtin, args[0], dhall_force(dhall, args[1]));
    }
    struct dhall_value *x = dhall_force(dhall, args[0]);
    if (builtin >= DHALL_BUILTIN_NATURAL_TYPE && builtin <= DHALL_BUILTIN_NATURAL_TO_INTEGER) {
        return reduce_natural1(dhall, builtin, x);
    }
    if (builtin >= DHALL_BUILTIN_INTEGER_TYPE && builtin <= DHALL_BUILTIN_INTEGER_TO_DOUBLE) {
        return reduce_integer1(dhall, builtin, x);
    }
    return reduce_show(dhall, builtin, x);
}

uint32_t dhall_builtin_missing(const struct dhall_value *function)
{
    enum dhall_builtin builtin = (enum dhall_builtin)function->flag;
    bool is_type = builtin == DHALL_BUILTIN_LIST_TYPE || builtin == DHALL_BUILTIN_OPTIONAL_TYPE ||
                   builtin == DHALL_BUILTIN_NONE;
    uint32_t most = is_type ? 1 : arity(builtin);
    return function->a < most ? most - function->a : 0;
}

struct dhall_value *dhall_builtin_apply(struct dhall *dhall, struct dhall_value *function,
    struct dhall_value *const *arguments, uint32_t count)
{
    enum dhall_builtin builtin = (enum dhall_builtin)function->flag;
    uint32_t total = function->a + count;
    assert(count > 0 && total <= ARITY_MAX);
    struct dhall_value *args[ARITY_MAX] = {0};
    uint16_t bound = function->bound;
    for (uint32_t i = 0; i < total; i++) {
        args[i] = i < function->a ? function->items[i] : arguments[i - function->a];
        bound = dhall_bound_max(bound, args[i]->bound);
    }
    if (total == arity(builtin)) {
        struct dhall_value *result = reduce(dhall, builtin, args);
        if (result != NULL) {
            return result;
        }
    }
    struct dhall_value *value = dhall_value_new(dhall, V_BUILTIN, bound);
    value->flag = (uint8_t)builtin;
    value->a = total;
    value->items = total == 1 ? &value->argument : arena_alloc(&dhall->arena, total * sizeof *args);
    memcpy(value->items, args, total * sizeof *args);
    return value;
}
