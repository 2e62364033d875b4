/* src/dhall/add.c: functions on Naturals that only add a constant, such as a Church numeral's of a
 * successor, a counter, or many of them composed.
 *
 * Of a lambda over Natural that is applied the second time it is asked, with a variable for the
 * argument, whether its body is
 *
 *   the variable | body + constant | f body, where f adds
 *
 * If so, the constants' sum is kept in the closure: it is applied in one step from then on, and so
 * is what was composed of it. No more is evaluated than the application itself would: f stands at
 * the head of what is asked for. */
#include "dhall/eval.h"

enum {
    NEST_MAX = 48, /* of lambdas within lambdas, and of a body: more adds nothing that is known */
    SUM_NEST_MAX = 12, /* of a sum that may be known */
    HEAD_MAX = 32,     /* terms in f */
};

struct adder {
    struct dhall *dhall;
    const struct dhall_code *code;
    const struct dhall_env *env; /* with the argument, which has no value */
    bool evaluates; /* what stands at the head is evaluated; else only what is known counts */
    unsigned nest;
    uint64_t sum;
};

static bool sum_add(uint64_t *sum, uint64_t more)
{
    return !__builtin_add_overflow(*sum, more, sum);
}

static bool lambda_adds(
    struct dhall *dhall, struct dhall_value *lambda, bool evaluates, unsigned nest);

/* Is term a variable, or an application of such, that does not mention the argument? */
static bool is_head(const struct adder *adder, uint32_t term, unsigned *left)
{
    const struct dhall_row *row = &adder->code->terms.rows[term];
    if (*left == 0) {
        return false;
    }
    --*left;
    if (row->kind == DHALL_APP) {
        return is_head(adder, row->a, left) && is_head(adder, row->b, left);
    }
    uint32_t mark = adder->code->marks[term];
    return row->kind == DHALL_BUILTIN ||
           (row->kind == DHALL_VAR && mark != 0 && (mark & MARK_FREE) == 0);
}

static bool constant_known(const struct adder *adder, uint32_t term, uint64_t *ret_constant)
{
    const struct dhall_row *row = &adder->code->terms.rows[term];
    *ret_constant = dhall_row_u64(row);
    return row->kind == DHALL_NATURAL && (row->flag & DHALL_BIG) == 0;
}

/* Adds to the sum what f of `f body` adds. */
static bool head_adds(struct adder *adder, uint32_t head)
{
    struct dhall *dhall = adder->dhall;
    unsigned left = HEAD_MAX;
    if (!is_head(adder, head, &left)) {
        return false;
    }
    struct dhall_value *f =
        adder->evaluates
            ? dhall_eval(dhall, adder->code, (dhall_term){head}, adder->env)
            : dhall_known(dhall_peek(dhall, adder->code, (dhall_term){head}, adder->env));
    return f != NULL && f->kind == V_LAMBDA &&
           lambda_adds(dhall, f, adder->evaluates, adder->nest + 1) &&
           sum_add(&adder->sum, f->added);
}

/* Is the body at term the argument, plus adder->sum? From the outside in. */
static bool body_adds(struct adder *adder, uint32_t term)
{
    for (; adder->nest < NEST_MAX; adder->nest++) {
        dhall_step(adder->dhall);
        const struct dhall_row *row = &adder->code->terms.rows[term];
        uint64_t constant;
        if (row->kind == DHALL_VAR) {
            return adder->code->marks[term] == 0;
        }
        if (row->kind == DHALL_OPERATOR && row->flag == DHALL_PLUS) {
            bool is_left = constant_known(adder, row->a, &constant);
            if ((!is_left && !constant_known(adder, row->b, &constant)) ||
                !sum_add(&adder->sum, constant)) {
                return false;
            }
            term = is_left ? row->b : row->a;
        } else if (row->kind == DHALL_APP && head_adds(adder, row->a)) {
            term = row->b;
        } else {
            return false;
        }
    }
    return false;
}

/* Is the lambda's domain known to be Natural? */
static bool is_of_natural(struct dhall *dhall, const struct dhall_value *lambda)
{
    const struct dhall_row *rows = lambda->code->terms.rows;
    dhall_term domain = {rows[lambda->a].b};
    if (rows[domain.row].kind == DHALL_BUILTIN) {
        return rows[domain.row].flag == DHALL_BUILTIN_NATURAL_TYPE;
    }
    struct dhall_value *type = dhall_known(dhall_peek(dhall, lambda->code, domain, lambda->env));
    return type != NULL && dhall_is_builtin(type, DHALL_BUILTIN_NATURAL_TYPE);
}

static bool lambda_adds(
    struct dhall *dhall, struct dhall_value *lambda, bool evaluates, unsigned nest)
{
    if (lambda->flag == LAMBDA_PLAIN || lambda->flag == LAMBDA_ADDS) {
        return lambda->flag == LAMBDA_ADDS;
    }
    lambda->flag = evaluates ? LAMBDA_PLAIN : LAMBDA_APPLIED;
    uint32_t body = lambda->code->terms.rows[lambda->a].c;
    uint8_t kind = lambda->code->terms.rows[body].kind;
    if ((kind != DHALL_APP && kind != DHALL_OPERATOR && kind != DHALL_VAR) ||
        !is_of_natural(dhall, lambda)) {
        return false;
    }
    struct adder adder = {
        .dhall = dhall,
        .code = lambda->code,
        .env = dhall_env_push(dhall, lambda->env, NULL),
        .evaluates = evaluates,
        .nest = nest,
    };
    if (!body_adds(&adder, body)) {
        return false;
    }
    lambda->added = adder.sum;
    lambda->flag = LAMBDA_ADDS;
    return true;
}

enum dhall_lambda dhall_lambda_again(struct dhall *dhall, struct dhall_value *lambda)
{
    if (lambda->flag == LAMBDA_NEW) {
        lambda->flag = LAMBDA_APPLIED;
    } else if (lambda->flag == LAMBDA_APPLIED) {
        (void)lambda_adds(dhall, lambda, true, 0);
    }
    return (enum dhall_lambda)lambda->flag;
}

/* A function that would be applied later: does it add? Without evaluation, and tried once. */
static bool adds_known(struct dhall *dhall, struct dhall_value *function)
{
    return function != NULL && function->kind == V_LAMBDA &&
           (function->flag == LAMBDA_ADDS ||
               (function->flag == LAMBDA_NEW && lambda_adds(dhall, function, false, 0)));
}

static bool sum_known(struct dhall *dhall, const struct dhall_code *code, dhall_term term,
    const struct dhall_env *env, unsigned nest, uint64_t *ret_sum)
{
    const struct dhall_row *row = dhall_row_of(&code->terms, term);
    struct dhall_value *value = NULL;
    uint64_t right;
    if (nest == 0) {
        return false;
    }
    switch ((enum dhall_kind)row->kind) {
    case DHALL_NATURAL:
        *ret_sum = dhall_row_u64(row);
        return (row->flag & DHALL_BIG) == 0;
    case DHALL_VAR:
    case DHALL_FIELD:
        value = dhall_known(dhall_peek(dhall, code, term, env));
        *ret_sum = value == NULL ? 0 : value->small;
        return value != NULL && value->kind == V_NATURAL && value->big == NULL;
    case DHALL_OPERATOR:
        if ((row->flag != DHALL_PLUS && row->flag != DHALL_TIMES) ||
            !sum_known(dhall, code, (dhall_term){row->a}, env, nest - 1, ret_sum) ||
            !sum_known(dhall, code, (dhall_term){row->b}, env, nest - 1, &right)) {
            return false;
        }
        return row->flag == DHALL_PLUS ? sum_add(ret_sum, right)
                                       : !__builtin_mul_overflow(*ret_sum, right, ret_sum);
    case DHALL_APP:
        value = dhall_known(dhall_peek(dhall, code, (dhall_term){row->a}, env));
        return adds_known(dhall, value) &&
               sum_known(dhall, code, (dhall_term){row->b}, env, nest - 1, ret_sum) &&
               sum_add(ret_sum, value->added);
    default:
        return false;
    }
}

bool dhall_sum_known(struct dhall *dhall, const struct dhall_code *code, dhall_term term,
    const struct dhall_env *env, uint64_t *ret_sum)
{
    return sum_known(dhall, code, term, env, SUM_NEST_MAX, ret_sum);
}
