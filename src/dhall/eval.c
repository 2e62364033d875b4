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
    const struct dhall_row *row, const struct dhall_env *env)
{
    const uint32_t *parts = dhall_list_of(&code->terms, row);
    if (row->c == 1) {
        return dhall_text_value(dhall, code->terms.texts[parts[0]]);
    }
    struct dhall_value **pieces = arena_alloc(&dhall->arena, row->c * sizeof(void *));
    for (uint32_t i = 0; i < row->c; i++) {
        pieces[i] = i % 2 == 0 ? dhall_text_value(dhall, code->terms.texts[parts[i]])
                               : dhall_delay(dhall, code, (dhall_term){parts[i]}, env);
    }
    return dhall_text_append(dhall, pieces, row->c);
}

/* Kinds whose value is there at once: no thunk is made for them. NULL for the others. */
static struct dhall_value *eval_atom(struct dhall *dhall, const struct dhall_code *code,
    dhall_term term, const struct dhall_row *row, const struct dhall_env *env)
{
    struct dhall_value *value;
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
        return eval_number(dhall, code, row);
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
    case DHALL_IMPORT:
        return code->imports[row->a]->value;
    case DHALL_TEXT:
        return row->c == 1 ? eval_text(dhall, code, row, env) : NULL;
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
        return eval_fields(dhall, code, term, row, env);
    case DHALL_NONE:
    case DHALL_APP:
    case DHALL_LET:
    case DHALL_ANNOT:
    case DHALL_OPERATOR:
    case DHALL_IF:
    case DHALL_FIELD:
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
    struct dhall_value *value = eval_atom(dhall, code, term, dhall_row_of(&code->terms, term), env);
    return value != NULL ? value : closure_new(dhall, V_THUNK, code, term, env);
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
        return eval_text(dhall, code, row, env);
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
    case DHALL_IF:
        b = dhall_delay(dhall, code, (dhall_term){row->b}, env);
        c = dhall_delay(dhall, code, (dhall_term){row->c}, env);
        return dhall_if(dhall, a, b, c);
    case DHALL_NONE:
    case DHALL_VAR:
    case DHALL_LAMBDA:
    case DHALL_PI:
    case DHALL_APP:
    case DHALL_LET:
    case DHALL_ANNOT:
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

/* True if `next` was set; else *ret_value is the result. */
static bool eval_tail(struct dhall *dhall, struct tail *next, const struct dhall_row *row,
    struct dhall_value **ret_value)
{
    const struct dhall_code *code = next->code;
    const struct dhall_env *env = next->env;
    struct dhall_value *function, *argument;
    const uint32_t *list;
    switch ((enum dhall_kind)row->kind) {
    case DHALL_ANNOT:
        next->term.row = row->a;
        return true;
    case DHALL_LET:
        list = dhall_list_of(&code->terms, row);
        argument = dhall_delay(dhall, code, (dhall_term){list[1]}, env);
        next->env = dhall_env_push(dhall, env, argument);
        next->term.row = list[2];
        return true;
    case DHALL_APP:
        argument = dhall_delay(dhall, code, (dhall_term){row->b}, env);
        function = dhall_eval(dhall, code, (dhall_term){row->a}, env);
        if (function->kind != V_LAMBDA) {
            *ret_value = dhall_apply_value(dhall, function, argument);
            return false;
        }
        next->code = function->code;
        next->term.row = function->code->terms.rows[function->a].c;
        next->env = dhall_env_push(dhall, function->env, argument);
        return true;
    default:
        break;
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
    *ret_value = eval_compound(dhall, code, next->term, row, env);
    return false;
}

struct dhall_value *dhall_eval(struct dhall *dhall, const struct dhall_code *code, dhall_term term,
    const struct dhall_env *env)
{
    struct tail next = {code, term, env};
    for (;;) {
        dhall_step(dhall);
        const struct dhall_row *row = dhall_row_of(&next.code->terms, next.term);
        struct dhall_value *value = eval_atom(dhall, next.code, next.term, row, next.env);
        if (value != NULL || !eval_tail(dhall, &next, row, &value)) {
            return dhall_force(dhall, value);
        }
    }
}

struct dhall_value *dhall_force_thunk(struct dhall *dhall, struct dhall_value *value)
{
    dhall_step(dhall);
    struct dhall_value *result = NULL;
    switch ((enum dhall_v)value->kind) {
    case V_THUNK:
        result = dhall_eval(dhall, value->code, (dhall_term){value->a}, value->env);
        break;
    case V_THUNK_APP:
        result = dhall_apply_value(dhall, value->left, value->right);
        break;
    case V_THUNK_OP:
        result = dhall_operate(dhall, (enum dhall_operator)value->flag, value->left, value->right);
        break;
    case V_THUNK_FIELD:
        result = dhall_select(dhall, value->one, value->a);
        break;
    default:
        assert(false && "not a thunk");
        return value;
    }
    value->kind = V_LINK;
    value->one = result;
    return result;
}

struct dhall_value *dhall_apply_value(
    struct dhall *dhall, struct dhall_value *function, struct dhall_value *argument)
{
    dhall_step(dhall);
    function = dhall_force(dhall, function);
    if (function->kind == V_LAMBDA) {
        return dhall_eval(dhall, function->code,
            (dhall_term){function->code->terms.rows[function->a].c},
            dhall_env_push(dhall, function->env, argument));
    }
    if (function->kind == V_BUILTIN) {
        return dhall_builtin_apply(dhall, function, argument);
    }
    if (function->kind == V_CONSTRUCTOR && function->flag == CONSTRUCTOR_FUNCTION) {
        struct dhall_value *full =
            dhall_pair_value(dhall, V_CONSTRUCTOR, CONSTRUCTOR_FULL, function->left, argument);
        full->a = function->a;
        return full;
    }
    return dhall_pair_value(dhall, V_APP, 0, function, argument);
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
