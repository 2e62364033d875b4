/* src/dhall/eval.c: from terms to weak-head normal forms. */
#include "dhall/eval.h"
#include <assert.h>

static struct dhall_value *closure_new(struct dhall *dhall, enum dhall_v kind,
    const struct dhall_code *code, dhall_term term, const struct dhall_env *env)
{
    struct dhall_value *value = dhall_value_new(dhall, kind, env == NULL ? 0 : env->bound);
    value->a = term.row;
    value->code = code;
    value->env = env;
    return value;
}

static struct dhall_value *eval_variable(
    struct dhall *dhall, const struct dhall_row *row, const struct dhall_env *env, uint32_t mark)
{
    if ((mark & MARK_FREE) == 0) {
        return dhall_env_get(env, mark);
    }
    struct dhall_value *value = dhall_value_new(dhall, V_FREE, 0);
    value->a = row->a;
    value->b = mark & (MARK_FREE - 1U);
    return value;
}

static struct dhall_value *eval_number(
    struct dhall *dhall, const struct dhall_code *code, const struct dhall_row *row)
{
    enum dhall_v kind = row->kind == DHALL_NATURAL ? V_NATURAL : V_INTEGER;
    if ((row->flag & DHALL_BIG) != 0) {
        mpz_t z;
        mpz_init(z);
        dhall_number_get(&code->terms, row, z);
        struct dhall_value *value = dhall_big_value(dhall, kind, z);
        mpz_clear(z);
        return value;
    }
    struct dhall_value *value = dhall_value_new(dhall, kind, 0);
    value->small = dhall_row_u64(row);
    value->flag = (row->flag & DHALL_NEGATIVE) != 0;
    return value;
}

static struct dhall_value *eval_pi(struct dhall *dhall, const struct dhall_code *code,
    dhall_term term, const struct dhall_row *row, const struct dhall_env *env)
{
    struct dhall_codomain *codomain = arena_alloc(&dhall->arena, sizeof *codomain);
    bool is_used = code->marks[term.row] != 0;
    *codomain = (struct dhall_codomain){
        .kind = is_used ? CODOMAIN_TERM : CODOMAIN_CONSTANT,
        .code = code,
        .row = row->c,
        .env = env,
    };
    if (!is_used) {
        codomain->value =
            dhall_delay(dhall, code, (dhall_term){row->c}, dhall_env_push(dhall, env, NULL));
    }
    return dhall_pi_value(dhall, row->a, dhall_delay(dhall, code, (dhall_term){row->b}, env),
        codomain, env == NULL ? 0 : env->bound);
}

/* Fields of a record, record type or union, in the order of the shape that resolve made. */
static struct dhall_value *eval_fields(struct dhall *dhall, const struct dhall_code *code,
    dhall_term term, const struct dhall_row *row, const struct dhall_env *env)
{
    enum dhall_v kind = row->kind == DHALL_RECORD  ? V_RECORD
                        : row->kind == DHALL_UNION ? V_UNION
                                                   : V_RECORD_TYPE;
    const struct dhall_shape *shape = code->shapes[code->marks[term.row]];
    const uint32_t *pairs = dhall_list_of(&code->terms, row);
    struct dhall_value **items = arena_alloc(&dhall->arena, shape->count * sizeof(void *));
    for (uint32_t i = 0; i < shape->count; i++) {
        dhall_term child = {pairs[2 * i + 1]};
        items[i] = child.row == 0 ? NULL : dhall_delay(dhall, code, child, env);
    }
    return dhall_fields_value(dhall, kind, shape, items);
}

static struct dhall_value *eval_list(struct dhall *dhall, const struct dhall_code *code,
    const struct dhall_row *row, const struct dhall_env *env)
{
    const uint32_t *children = dhall_list_of(&code->terms, row);
    struct dhall_value **items = arena_alloc(&dhall->arena, row->c * sizeof(void *));
    for (uint32_t i = 0; i < row->c; i++) {
        items[i] = dhall_delay(dhall, code, (dhall_term){children[i]}, env);
    }
    return dhall_list_value(dhall, items, row->c);
}

static struct dhall_value *eval_text(struct dhall *dhall, const struct dhall_code *code,
    dhall_term term, const struct dhall_row *row, const struct dhall_env *env)
{
    const uint32_t *parts = dhall_list_of(&code->terms, row);
    struct dhall_value **pieces = arena_alloc(&dhall->arena, row->c * sizeof(void *));
    struct dhall_value **constants = &code->constants[code->marks[term.row]];
    uint32_t count = 0;
    for (uint32_t i = 0; i < row->c; i++) {
        if (i % 2 == 1) {
            pieces[count++] = dhall_delay(dhall, code, (dhall_term){parts[i]}, env);
        } else if (code->terms.texts[parts[i]].len > 0) {
            if (constants[i / 2] == NULL) {
                constants[i / 2] = dhall_text_value(dhall, code->terms.texts[parts[i]]);
            }
            pieces[count++] = constants[i / 2];
        }
    }
    return dhall_text_append(dhall, pieces, count);
}

static struct dhall_value *constant_new(
    struct dhall *dhall, const struct dhall_code *code, const struct dhall_row *row)
{
    struct dhall_value *value;
    switch ((enum dhall_kind)row->kind) {
    case DHALL_DOUBLE:
        value = dhall_value_new(dhall, V_DOUBLE, 0);
        value->number = dhall_row_double(row);
        return value;
    case DHALL_BYTES:
        value = dhall_text_value(dhall, code->terms.texts[row->a]);
        value->kind = V_BYTES;
        return value;
    case DHALL_DATE:
        value = dhall_value_new(dhall, V_DATE, 0);
        value->a = row->a;
        value->b = row->b << 8 | row->c;
        return value;
    case DHALL_TIME:
        return dhall_time_value(dhall, row->a, code->terms.bigs[row->b], row->c);
    case DHALL_TIME_ZONE:
        value = dhall_value_new(dhall, V_TIME_ZONE, 0);
        value->a = row->a;
        value->flag = row->flag;
        return value;
    case DHALL_TEXT:
        return dhall_text_value(dhall, code->terms.texts[dhall_list_of(&code->terms, row)[0]]);
    default: /* NATURAL, INTEGER */
        return eval_number(dhall, code, row);
    }
}

/* A literal without children: one value for all evaluations of its row. */
static struct dhall_value *eval_constant(struct dhall *dhall, const struct dhall_code *code,
    dhall_term term, const struct dhall_row *row)
{
    struct dhall_value **constant = &code->constants[code->marks[term.row]];
    if (*constant == NULL) {
        *constant = constant_new(dhall, code, row);
        dhall->exposed_end = *constant + 1;
    }
    return *constant;
}

struct dhall_value *dhall_peek(struct dhall *dhall, const struct dhall_code *code, dhall_term term,
    const struct dhall_env *env)
{
    const struct dhall_row *row = dhall_row_of(&code->terms, term);
    if (row->kind == DHALL_VAR) {
        uint32_t mark = code->marks[term.row];
        return (mark & MARK_FREE) != 0 ? NULL : dhall_env_get(env, mark);
    }
    if (row->kind == DHALL_IMPORT) {
        return code->imports[row->a]->value;
    }
    if (row->kind != DHALL_FIELD) {
        return NULL;
    }
    dhall_step(dhall);
    struct dhall_value *record = dhall_known(dhall_peek(dhall, code, (dhall_term){row->a}, env));
    if (record != NULL && record->kind == V_RECORD) {
        uint32_t at = dhall_shape_find(record->shape, row->b);
        return at == UINT32_MAX ? NULL : record->items[at];
    }
    return record != NULL && record->kind == V_UNION
               ? dhall_union_constructor(dhall, record, row->b)
               : NULL;
}

static struct dhall_value *constructor_full(
    struct dhall *dhall, struct dhall_value *constructor, struct dhall_value *payload)
{
    struct dhall_value *full =
        dhall_pair_value(dhall, V_CONSTRUCTOR, CONSTRUCTOR_FULL, constructor->left, payload);
    full->a = constructor->a;
    return full;
}

/* A constructor's application, where the constructor is known: as good as a literal. */
static inline struct dhall_value *eval_constructed(struct dhall *dhall,
    const struct dhall_code *code, const struct dhall_row *row, const struct dhall_env *env)
{
    if (dhall_kind_of(&code->terms, (dhall_term){row->a}) != DHALL_FIELD) {
        return NULL;
    }
    struct dhall_value *function = dhall_known(dhall_peek(dhall, code, (dhall_term){row->a}, env));
    if (function == NULL || function->kind != V_CONSTRUCTOR ||
        function->flag != CONSTRUCTOR_FUNCTION) {
        return NULL;
    }
    return constructor_full(dhall, function, dhall_delay(dhall, code, (dhall_term){row->b}, env));
}

/* A record, record type or union; one value for all evaluations of a row that is shared. */
static struct dhall_value *eval_fields_once(struct dhall *dhall, const struct dhall_code *code,
    dhall_term term, const struct dhall_row *row, const struct dhall_env *env)
{
    if (!row->is_shared) {
        return eval_fields(dhall, code, term, row, env);
    }
    struct dhall_value **value = &code->shared[term.row].value;
    if (*value == NULL) {
        *value = eval_fields(dhall, code, term, row, NULL);
        dhall->exposed_end = *value + 1;
    }
    return *value;
}

/* Kinds whose value is there at once: no thunk is made for them. NULL for the others. */
static struct dhall_value *eval_atom(struct dhall *dhall, const struct dhall_code *code,
    dhall_term term, const struct dhall_row *row, const struct dhall_env *env)
{
    switch ((enum dhall_kind)row->kind) {
    case DHALL_VAR:
        return eval_variable(dhall, row, env, code->marks[term.row]);
    case DHALL_LAMBDA:
        return closure_new(dhall, V_LAMBDA, code, term, env);
    case DHALL_PI:
        return eval_pi(dhall, code, term, row, env);
    case DHALL_BUILTIN:
        return dhall_builtin_value(dhall, (enum dhall_builtin)row->flag);
    case DHALL_BOOL:
        return dhall_bool_value(dhall, row->a != 0);
    case DHALL_NATURAL:
    case DHALL_INTEGER:
    case DHALL_DOUBLE:
    case DHALL_BYTES:
    case DHALL_DATE:
    case DHALL_TIME:
    case DHALL_TIME_ZONE:
        return eval_constant(dhall, code, term, row);
    case DHALL_IMPORT:
        return code->imports[row->a]->value;
    case DHALL_TEXT:
        return row->c == 1 ? eval_constant(dhall, code, term, row) : NULL;
    case DHALL_LIST:
        return eval_list(dhall, code, row, env);
    case DHALL_LIST_EMPTY:
        return dhall_one_value(
            dhall, V_LIST_EMPTY, 0, dhall_delay(dhall, code, (dhall_term){row->a}, env));
    case DHALL_SOME:
        return dhall_one_value(
            dhall, V_SOME, 0, dhall_delay(dhall, code, (dhall_term){row->a}, env));
    case DHALL_RECORD:
    case DHALL_RECORD_TYPE:
    case DHALL_UNION:
        return eval_fields_once(dhall, code, term, row, env);
    case DHALL_FIELD:
        return dhall_peek(dhall, code, term, env);
    case DHALL_APP:
        return eval_constructed(dhall, code, row, env);
    case DHALL_NONE:
    case DHALL_LET:
    case DHALL_ANNOT:
    case DHALL_OPERATOR:
    case DHALL_IF:
    case DHALL_PROJECT:
    case DHALL_PROJECT_TYPE:
    case DHALL_MERGE:
    case DHALL_TO_MAP:
    case DHALL_SHOW_CONSTRUCTOR:
    case DHALL_ASSERT:
    case DHALL_WITH:
        break;
    }
    return NULL;
}

struct dhall_value *dhall_delay(struct dhall *dhall, const struct dhall_code *code, dhall_term term,
    const struct dhall_env *env)
{
    dhall_step(dhall);
    const struct dhall_row *row = dhall_row_of(&code->terms, term);
    if (row->is_shared && row->kind == DHALL_APP) {
        struct dhall_value **value = &code->shared[term.row].value;
        *value = *value != NULL ? *value : closure_new(dhall, V_THUNK, code, term, NULL);
        return *value;
    }
    struct dhall_value *value = eval_atom(dhall, code, term, row, env);
    if (value != NULL) {
        return value;
    }
    uint64_t sum;
    if ((row->kind == DHALL_APP || row->kind == DHALL_OPERATOR) &&
        dhall_sum_known(dhall, code, term, env, &sum)) {
        return dhall_natural_value(dhall, sum);
    }
    return closure_new(dhall, V_THUNK, code, term, env);
}

/* The same; most often it is a variable. */
static inline struct dhall_value *delay_near(
    struct dhall *dhall, const struct dhall_code *code, uint32_t row, const struct dhall_env *env)
{
    uint32_t mark = code->marks[row];
    return code->terms.rows[row].kind == DHALL_VAR && (mark & MARK_FREE) == 0
               ? dhall_env_get(env, mark)
               : dhall_delay(dhall, code, (dhall_term){row}, env);
}

static struct dhall_value *eval_with(struct dhall *dhall, const struct dhall_code *code,
    const struct dhall_row *row, const struct dhall_env *env)
{
    const uint32_t *list = dhall_list_of(&code->terms, row);
    struct dhall_value *new = dhall_delay(dhall, code, (dhall_term){list[0]}, env);
    struct dhall_value *record = dhall_delay(dhall, code, (dhall_term){row->a}, env);
    return dhall_with(dhall, record, list + 1, row->c - 1, new);
}

/* What is neither an atom nor in tail position. */
static struct dhall_value *eval_compound(struct dhall *dhall, const struct dhall_code *code,
    dhall_term term, const struct dhall_row *row, const struct dhall_env *env)
{
    struct dhall_value *a = NULL, *b = NULL, *c = NULL;
    if (row->a != 0 && row->kind != DHALL_TEXT) {
        a = dhall_delay(dhall, code, (dhall_term){row->a}, env);
    }
    switch ((enum dhall_kind)row->kind) {
    case DHALL_TEXT:
        return eval_text(dhall, code, term, row, env);
    case DHALL_WITH:
        return eval_with(dhall, code, row, env);
    case DHALL_FIELD:
        return dhall_select(dhall, a, row->b);
    case DHALL_PROJECT:
        return dhall_project(dhall, a, code->shapes[code->marks[term.row]]);
    case DHALL_SHOW_CONSTRUCTOR:
        return dhall_show_constructor(dhall, a);
    case DHALL_ASSERT:
        return dhall_one_value(dhall, V_ASSERT, 0, a);
    case DHALL_OPERATOR:
        b = dhall_delay(dhall, code, (dhall_term){row->b}, env);
        return dhall_operate(dhall, (enum dhall_operator)row->flag, a, b);
    case DHALL_PROJECT_TYPE:
        b = dhall_delay(dhall, code, (dhall_term){row->b}, env);
        return dhall_project_type(dhall, a, b);
    case DHALL_MERGE:
        b = dhall_delay(dhall, code, (dhall_term){row->b}, env);
        c = row->c == 0 ? NULL : dhall_delay(dhall, code, (dhall_term){row->c}, env);
        return dhall_merge(dhall, a, b, c);
    case DHALL_TO_MAP:
        b = row->b == 0 ? NULL : dhall_delay(dhall, code, (dhall_term){row->b}, env);
        return dhall_to_map(dhall, a, b);
    case DHALL_NONE:
    case DHALL_VAR:
    case DHALL_LAMBDA:
    case DHALL_PI:
    case DHALL_APP:
    case DHALL_LET:
    case DHALL_ANNOT:
    case DHALL_IF:
    case DHALL_BUILTIN:
    case DHALL_BOOL:
    case DHALL_NATURAL:
    case DHALL_INTEGER:
    case DHALL_DOUBLE:
    case DHALL_BYTES:
    case DHALL_DATE:
    case DHALL_TIME:
    case DHALL_TIME_ZONE:
    case DHALL_LIST:
    case DHALL_LIST_EMPTY:
    case DHALL_SOME:
    case DHALL_RECORD:
    case DHALL_RECORD_TYPE:
    case DHALL_UNION:
    case DHALL_IMPORT:
        break;
    }
    assert(false && "a term of an unknown kind");
    return NULL;
}

/* Where evaluation goes on without a new frame: what is to be evaluated next. */
struct tail {
    const struct dhall_code *code;
    dhall_term term;
    const struct dhall_env *env;
};

/* Gives arguments to a lambda and to the lambdas that are its body; returns how many, and where
 * evaluation goes on. No closure is made for those in between. */
static uint32_t lambda_enter(struct dhall *dhall, const struct dhall_value *lambda,
    struct dhall_value **arguments, uint32_t count, struct tail *ret_next)
{
    const struct dhall_row *rows = lambda->code->terms.rows;
    const struct dhall_row *row = &rows[lambda->a];
    const struct dhall_env *env = dhall_env_push(dhall, lambda->env, arguments[0]);
    uint32_t used = 1;
    while (used < count && rows[row->c].kind == DHALL_LAMBDA) {
        row = &rows[row->c];
        env = dhall_env_push(dhall, env, arguments[used++]);
    }
    *ret_next = (struct tail){lambda->code, {row->c}, env};
    return used;
}

/* What waits for the value that evaluation is at: a thunk to be updated, and perhaps an operator.
 * Chains of these are as long as the user's data is deep: they do not lie on the stack. */
static void pending_grow(struct dhall *dhall)
{
    uint32_t cap = dhall->pending_cap == 0 ? 64 : dhall->pending_cap * 2;
    size_t bytes = cap * sizeof *dhall->pending;
    if (cap > UINT32_MAX / 2 || bytes > dhall->limits.memory_bytes_max) {
        dhall_stop(dhall, STOP_MEMORY);
    }
    dhall->pending = memory_realloc(dhall->pending, bytes);
    dhall->big_bytes += bytes - dhall->pending_cap * sizeof *dhall->pending;
    dhall->pending_cap = cap;
}

static inline void pending_push(struct dhall *dhall, struct dhall_pending pending)
{
    if (dhall->pending_len == dhall->pending_cap) {
        pending_grow(dhall);
    }
    dhall->pending[dhall->pending_len++] = pending;
}

static bool thunk_enter(struct dhall *dhall, struct dhall_value *thunk, struct tail *next,
    struct dhall_value **ret_value);

/* A function that only adds, applied: true if nothing is left to do but to evaluate (*ret_goes_on:
 * at `next`; else *ret_value is the result, when what waits for it is done). */
static bool apply_adder(struct dhall *dhall, struct dhall_value *lambda,
    struct dhall_value *argument, struct tail *next, bool *ret_goes_on,
    struct dhall_value **ret_value)
{
    if (dhall_lambda_again(dhall, lambda) != LAMBDA_ADDS) {
        return false;
    }
    while (argument->kind == V_LINK) {
        argument = argument->one;
    }
    *ret_goes_on = false;
    if (argument->kind > V_LINK) {
        *ret_value = dhall_lambda_sum(dhall, lambda, argument);
        return *ret_value != NULL;
    }
    pending_push(
        dhall, (struct dhall_pending){.thunk = argument, .other = lambda, .waits = WAITS_ADD});
    *ret_goes_on = thunk_enter(dhall, argument, next, ret_value);
    return true;
}

/* The last one or two arguments of \(a : A) -> \(as : List A) -> [ a ] # as. */
static bool apply_cons(struct dhall *dhall, struct dhall_value *first, struct dhall_value *list,
    struct tail *next, struct dhall_value **ret_value)
{
    while (list->kind == V_LINK) {
        list = list->one;
    }
    if (list->kind > V_LINK) {
        *ret_value = dhall_cons(dhall, first, list);
        return false;
    }
    pending_push(dhall, (struct dhall_pending){.thunk = list, .other = first, .waits = WAITS_CONS});
    return thunk_enter(dhall, list, next, ret_value);
}

/* True if the rest is to be evaluated at `next`; else *ret_value is the result, not forced. */
static bool apply_tail(struct dhall *dhall, struct dhall_value *function,
    struct dhall_value **arguments, uint32_t count, struct tail *next,
    struct dhall_value **ret_value)
{
    uint32_t used = 0;
    for (;;) {
        function = dhall_force(dhall, function);
        if (used == count) {
            *ret_value = function;
            return false;
        }
        if (function->kind == V_LAMBDA && function->code == dhall->cons_code) {
            if (function->a == dhall->cons_row && count - used == 2) {
                return apply_cons(dhall, arguments[used], arguments[used + 1], next, ret_value);
            }
            if (function->a == dhall->cons_last_row && count - used == 1) {
                return apply_cons(dhall, function->env->value, arguments[used], next, ret_value);
            }
        }
        bool goes_on;
        if (function->kind == V_LAMBDA && count - used == 1 && function->flag != LAMBDA_PLAIN &&
            apply_adder(dhall, function, arguments[used], next, &goes_on, ret_value)) {
            return goes_on;
        }
        if (function->kind == V_LAMBDA) {
            used += lambda_enter(dhall, function, arguments + used, count - used, next);
            if (used == count) {
                return true;
            }
            function = dhall_eval(dhall, next->code, next->term, next->env);
            continue;
        }
        uint32_t missing = function->kind == V_BUILTIN ? dhall_builtin_missing(function) : 0;
        if (missing > 0) {
            uint32_t given = missing < count - used ? missing : count - used;
            function = dhall_builtin_apply(dhall, function, arguments + used, given);
            used += given;
            continue;
        }
        struct dhall_value *argument = arguments[used++];
        function = function->kind == V_CONSTRUCTOR && function->flag == CONSTRUCTOR_FUNCTION
                       ? constructor_full(dhall, function, argument)
                       : dhall_pair_value(dhall, V_APP, 0, function, argument);
    }
}

/* f a b c: all arguments are delayed and given at once. */
static inline bool eval_app(struct dhall *dhall, struct tail *next, const struct dhall_row *row,
    struct dhall_value **ret_value)
{
    enum {
        NEAR_MAX = 8,
    };
    const struct dhall_code *code = next->code;
    uint32_t count = 1;
    const struct dhall_row *head = &code->terms.rows[row->a];
    while (head->kind == DHALL_APP) {
        head = &code->terms.rows[head->a];
        count++;
    }
    struct dhall_value *near[NEAR_MAX];
    struct dhall_value **arguments =
        count <= NEAR_MAX ? near : arena_alloc(&dhall->arena, count * sizeof *arguments);
    uint32_t function = 0;
    for (uint32_t i = count; i > 0; i--) {
        arguments[i - 1] = delay_near(dhall, code, row->b, next->env);
        function = row->a;
        row = &code->terms.rows[function];
    }
    struct dhall_value *value = NULL;
    if (row->kind == DHALL_VAR) {
        value = delay_near(dhall, code, function, next->env);
    } else if (row->kind == DHALL_FIELD) {
        value = dhall_peek(dhall, code, (dhall_term){function}, next->env);
    }
    if (value == NULL) {
        value = dhall_eval(dhall, code, (dhall_term){function}, next->env);
    }
    return apply_tail(dhall, value, arguments, count, next, ret_value);
}

static bool is_join(const struct dhall_row *row, uint8_t operator_)
{
    return row->kind == DHALL_OPERATOR && row->flag == operator_ &&
           (operator_ == DHALL_COMBINE || operator_ == DHALL_PREFER);
}

/* a /\ b /\ c, as { x.a = 1, x.b = 2, x.c = 3 } has; row is the last one. */
static struct dhall_value *eval_join(struct dhall *dhall, const struct dhall_code *code,
    const struct dhall_row *row, const struct dhall_env *env)
{
    uint32_t count = 1;
    const struct dhall_row *at = row;
    for (; is_join(at, row->flag); at = &code->terms.rows[at->a]) {
        count++;
    }
    struct dhall_value **operands = arena_alloc(&dhall->arena, count * sizeof(void *));
    at = row;
    for (uint32_t i = count - 1; i > 0; i--) {
        operands[i] = dhall_delay(dhall, code, (dhall_term){at->b}, env);
        operands[0] = i == 1 ? dhall_delay(dhall, code, (dhall_term){at->a}, env) : NULL;
        at = &code->terms.rows[at->a];
    }
    return dhall_operate_chain(dhall, (enum dhall_operator)row->flag, operands, count);
}

/* True if `next` was set; else *ret_value is the result. */
static bool eval_tail(struct dhall *dhall, struct tail *next, const struct dhall_row *row,
    struct dhall_value **ret_value)
{
    const struct dhall_code *code = next->code;
    const struct dhall_env *env = next->env;
    if (row->kind == DHALL_ANNOT) {
        next->term.row = row->a;
        return true;
    }
    if (row->kind == DHALL_LET) {
        const uint32_t *list = dhall_list_of(&code->terms, row);
        next->env =
            dhall_env_push(dhall, env, dhall_delay(dhall, code, (dhall_term){list[1]}, env));
        next->term.row = list[2];
        return true;
    }
    if (row->kind == DHALL_APP) {
        return eval_app(dhall, next, row, ret_value);
    }
    if (row->kind == DHALL_OPERATOR && row->flag == DHALL_ALTERNATIVE) {
        next->term.row = code->marks[next->term.row] == MARK_LEFT ? row->a : row->b;
        return true;
    }
    if (row->kind == DHALL_IF) {
        struct dhall_value *condition = dhall_eval(dhall, code, (dhall_term){row->a}, env);
        if (condition->kind == V_BOOL) {
            next->term.row = condition->a != 0 ? row->b : row->c;
            return true;
        }
        *ret_value = dhall_if(dhall, condition, dhall_delay(dhall, code, (dhall_term){row->b}, env),
            dhall_delay(dhall, code, (dhall_term){row->c}, env));
        return false;
    }
    bool joins = is_join(row, row->flag) && is_join(&code->terms.rows[row->a], row->flag);
    *ret_value =
        joins ? eval_join(dhall, code, row, env) : eval_compound(dhall, code, next->term, row, env);
    return false;
}

/* Kinds that are never kept in a cache by whoever makes them (for numbers see eval_constant). */
static bool is_private(const struct dhall_value *value)
{
    return value->kind == V_LIST || value->kind == V_LIST_APPEND || value->kind == V_RECORD ||
           value->kind == V_TEXT_APPEND || value->kind == V_SOME || value->kind == V_NATURAL ||
           (value->kind == V_CONSTRUCTOR && value->flag == CONSTRUCTOR_FULL);
}

/* The thunk becomes its result. If that is what was allocated last, then nobody can know it yet
 * (whatever refers to it would have been allocated after it), and it moves into the thunk. What
 * then lies at the arena's end was not allocated last, though: the moved value may refer to it. */
static struct dhall_value *thunk_update(
    struct dhall *dhall, struct dhall_value *thunk, struct dhall_value *result)
{
    if (is_private(result) && result + 1 != dhall->exposed_end &&
        arena_take_back(&dhall->arena, result, sizeof *result)) {
        *thunk = *result;
        dhall->exposed_end = result;
        return thunk;
    }
    thunk->kind = V_LINK;
    thunk->one = result;
    return result;
}

/* left OP right, of an operator that is strict: the side that is not known yet is evaluated here,
 * the operator waits. True if that is at `next`; else *ret_value is the result. */
static bool operator_enter(struct dhall *dhall, struct tail *next, uint8_t operator_,
    struct dhall_value *left, struct dhall_value *right, struct dhall_value **ret_value)
{
    bool is_left = left->kind < V_LINK;
    if (!is_left && right->kind >= V_LINK) {
        *ret_value = dhall_operate(dhall, (enum dhall_operator)operator_, left, right);
        return false;
    }
    struct dhall_value *thunk = is_left ? left : right;
    pending_push(dhall, (struct dhall_pending){.thunk = thunk,
                            .other = is_left ? right : left,
                            .waits = is_left ? WAITS_LEFT : WAITS_RIGHT,
                            .operator_ = operator_});
    return thunk_enter(dhall, thunk, next, ret_value);
}

/* Operators that are strict in both sides, and chained as deep as the data is. */
static bool is_strict(uint8_t operator_)
{
    return operator_ == DHALL_PLUS || operator_ == DHALL_TIMES || operator_ == DHALL_LIST_APPEND;
}

/* True if the thunk's value is that of `next`; else *ret_value is it, not forced. */
static bool thunk_enter(struct dhall *dhall, struct dhall_value *thunk, struct tail *next,
    struct dhall_value **ret_value)
{
    if (thunk->kind == V_THUNK) {
        *next = (struct tail){thunk->code, {thunk->a}, thunk->env};
        return true;
    }
    if (thunk->kind == V_THUNK_APP) {
        return apply_tail(dhall, thunk->three[0], &thunk->three[1], 2, next, ret_value);
    }
    assert(thunk->kind == V_THUNK_OP);
    if (is_strict(thunk->flag)) {
        return operator_enter(dhall, next, thunk->flag, thunk->left, thunk->right, ret_value);
    }
    *ret_value = dhall_operate(dhall, (enum dhall_operator)thunk->flag, thunk->left, thunk->right);
    return false;
}

static bool operator_tail(struct dhall *dhall, struct tail *next, const struct dhall_row *row,
    struct dhall_value **ret_value)
{
    struct dhall_value *left = delay_near(dhall, next->code, row->a, next->env);
    struct dhall_value *right = delay_near(dhall, next->code, row->b, next->env);
    return operator_enter(dhall, next, row->flag, left, right, ret_value);
}

/* What waited for a value, with it. True if evaluation goes on at `next`; else *value is the next
 * one. */
static bool pending_resume(struct dhall *dhall, const struct dhall_pending *pending,
    struct tail *next, struct dhall_value **value)
{
    *value = thunk_update(dhall, pending->thunk, *value);
    if (pending->waits == WAITS_UPDATE) {
        return false;
    }
    if (pending->waits == WAITS_CONS) {
        *value = dhall_cons(dhall, pending->other, *value);
        return false;
    }
    if (pending->waits != WAITS_ADD) {
        bool is_left = pending->waits == WAITS_LEFT;
        *value = dhall_operate(dhall, (enum dhall_operator)pending->operator_,
            is_left ? *value : pending->other, is_left ? pending->other : *value);
        return false;
    }
    struct dhall_value *sum = dhall_lambda_sum(dhall, pending->other, *value);
    if (sum == NULL) { /* the argument is neutral, or big */
        (void)lambda_enter(dhall, pending->other, value, 1, next);
        return true;
    }
    *value = sum;
    return false;
}

/* True if evaluation goes on at `next`; else *value, with all that waited for it, is the result. */
static bool value_settle(
    struct dhall *dhall, uint32_t pending_base, struct tail *next, struct dhall_value **value)
{
    for (;;) {
        while ((*value)->kind == V_LINK) {
            *value = (*value)->one;
        }
        if ((*value)->kind < V_LINK) {
            pending_push(dhall, (struct dhall_pending){.thunk = *value});
            if (thunk_enter(dhall, *value, next, value)) {
                return true;
            }
            continue;
        }
        if (dhall->pending_len == pending_base) {
            return false;
        }
        struct dhall_pending pending = dhall->pending[--dhall->pending_len];
        if (pending_resume(dhall, &pending, next, value)) {
            return true;
        }
    }
}

/* Evaluates `next`, or forces value if it is not NULL, until all that waits above pending_base is
 * done. */
static struct dhall_value *eval_go(
    struct dhall *dhall, uint32_t pending_base, struct tail next, struct dhall_value *value)
{
    for (;;) {
        if (value != NULL && !value_settle(dhall, pending_base, &next, &value)) {
            return value;
        }
        dhall_step(dhall);
        dhall->eval_at = (struct dhall_place){next.code, next.term};
        const struct dhall_row *row = dhall_row_of(&next.code->terms, next.term);
        bool is_app = row->kind == DHALL_APP;
        value = is_app ? eval_constructed(dhall, next.code, row, next.env)
                       : eval_atom(dhall, next.code, next.term, row, next.env);
        if (value == NULL) {
            bool goes_on = row->kind == DHALL_OPERATOR && is_strict(row->flag)
                               ? operator_tail(dhall, &next, row, &value)
                               : eval_tail(dhall, &next, row, &value);
            value = goes_on ? NULL : value;
        }
    }
}

struct dhall_value *dhall_eval(struct dhall *dhall, const struct dhall_code *code, dhall_term term,
    const struct dhall_env *env)
{
    return eval_go(dhall, dhall->pending_len, (struct tail){code, term, env}, NULL);
}

struct dhall_value *dhall_force_thunk(struct dhall *dhall, struct dhall_value *value)
{
    dhall_step(dhall);
    return eval_go(dhall, dhall->pending_len, (struct tail){0}, value);
}

struct dhall_value *dhall_apply_values(struct dhall *dhall, struct dhall_value *function,
    struct dhall_value **arguments, uint32_t count)
{
    dhall_step(dhall);
    struct tail next = {0};
    struct dhall_value *value = NULL;
    uint32_t pending_base = dhall->pending_len;
    bool goes_on = apply_tail(dhall, function, arguments, count, &next, &value);
    assert(goes_on ? next.code != NULL : value != NULL);
    return eval_go(dhall, pending_base, next, goes_on ? NULL : value);
}

struct dhall_value *dhall_apply_value(
    struct dhall *dhall, struct dhall_value *function, struct dhall_value *argument)
{
    return dhall_apply_values(dhall, function, &argument, 1);
}

/* A codomain that was inferred under a variable: find out whether it mentions it, once. */
static void codomain_decide(struct dhall *dhall, struct dhall_codomain *codomain)
{
    if (codomain->kind == CODOMAIN_LEVEL) {
        if (!dhall_mentions(dhall, codomain->value, codomain->level)) {
            codomain->kind = CODOMAIN_CONSTANT;
        }
    }
}

/* Turns a value that mentions variables up to `level` into a term over an environment of just
 * those variables, so that the last of them can be given a value. */
static void codomain_read_back(struct dhall *dhall, struct dhall_codomain *codomain)
{
    const struct dhall_env *env = NULL;
    for (uint32_t i = 0; i < codomain->level; i++) {
        env = dhall_env_push(dhall, env, dhall_var_value(dhall, i));
    }
    codomain->code = dhall_code_of_value(dhall, codomain->value, codomain->level + 1);
    codomain->row = codomain->code->root.row;
    codomain->env = env;
    codomain->kind = CODOMAIN_TERM;
}

bool dhall_pi_is_constant(struct dhall *dhall, const struct dhall_value *pi)
{
    codomain_decide(dhall, pi->codomain);
    return pi->codomain->kind == CODOMAIN_CONSTANT;
}

struct dhall_value *dhall_pi_apply(
    struct dhall *dhall, const struct dhall_value *pi, struct dhall_value *argument)
{
    struct dhall_codomain *codomain = pi->codomain;
    codomain_decide(dhall, codomain);
    if (codomain->kind == CODOMAIN_CONSTANT) {
        return codomain->value;
    }
    if (codomain->kind == CODOMAIN_LEVEL) {
        if (argument->kind == V_VAR && argument->a == codomain->level) {
            return codomain->value;
        }
        codomain_read_back(dhall, codomain);
    }
    return dhall_delay(dhall, codomain->code, (dhall_term){codomain->row},
        dhall_env_push(dhall, codomain->env, argument));
}
