/* src/dhall/infer.c: the type of a term, from the leaves up. */
#include "dhall/infer.h"
#include "dhall/import.h"
#include "dhall/infer_context.h"
#include <assert.h>

/* type-inference.md; names of bound variables are part of what `type` prints. */
static const char *const builtin_types[DHALL_BUILTIN_COUNT] = {
    [DHALL_BUILTIN_BOOL_TYPE] = "Type",
    [DHALL_BUILTIN_BYTES_TYPE] = "Type",
    [DHALL_BUILTIN_DATE_TYPE] = "Type",
    [DHALL_BUILTIN_DATE_SHOW] = "Date -> Text",
    [DHALL_BUILTIN_DOUBLE_TYPE] = "Type",
    [DHALL_BUILTIN_DOUBLE_SHOW] = "Double -> Text",
    [DHALL_BUILTIN_INTEGER_TYPE] = "Type",
    [DHALL_BUILTIN_INTEGER_CLAMP] = "Integer -> Natural",
    [DHALL_BUILTIN_INTEGER_NEGATE] = "Integer -> Integer",
    [DHALL_BUILTIN_INTEGER_SHOW] = "Integer -> Text",
    [DHALL_BUILTIN_INTEGER_TO_DOUBLE] = "Integer -> Double",
    [DHALL_BUILTIN_KIND] = "Sort",
    [DHALL_BUILTIN_LIST_TYPE] = "Type -> Type",
    [DHALL_BUILTIN_LIST_BUILD] =
        "forall (a : Type) -> (forall (list : Type) -> forall (cons : a -> "
        "list -> list) -> forall (nil : list) -> list) -> List a",
    [DHALL_BUILTIN_LIST_FOLD] = "forall (a : Type) -> List a -> forall (list : Type) -> forall "
                                "(cons : a -> list -> list) -> forall (nil : list) -> list",
    [DHALL_BUILTIN_LIST_HEAD] = "forall (a : Type) -> List a -> Optional a",
    [DHALL_BUILTIN_LIST_INDEXED] =
        "forall (a : Type) -> List a -> List { index : Natural, value : a }",
    [DHALL_BUILTIN_LIST_LAST] = "forall (a : Type) -> List a -> Optional a",
    [DHALL_BUILTIN_LIST_LENGTH] = "forall (a : Type) -> List a -> Natural",
    [DHALL_BUILTIN_LIST_REVERSE] = "forall (a : Type) -> List a -> List a",
    [DHALL_BUILTIN_NATURAL_TYPE] = "Type",
    [DHALL_BUILTIN_NATURAL_BUILD] =
        "(forall (natural : Type) -> forall (succ : natural -> natural) "
        "-> forall (zero : natural) -> natural) -> Natural",
    [DHALL_BUILTIN_NATURAL_EVEN] = "Natural -> Bool",
    [DHALL_BUILTIN_NATURAL_FOLD] = "Natural -> forall (natural : Type) -> forall (succ : natural "
                                   "-> natural) -> forall (zero : natural) -> natural",
    [DHALL_BUILTIN_NATURAL_IS_ZERO] = "Natural -> Bool",
    [DHALL_BUILTIN_NATURAL_ODD] = "Natural -> Bool",
    [DHALL_BUILTIN_NATURAL_SHOW] = "Natural -> Text",
    [DHALL_BUILTIN_NATURAL_SUBTRACT] = "Natural -> Natural -> Natural",
    [DHALL_BUILTIN_NATURAL_TO_INTEGER] = "Natural -> Integer",
    [DHALL_BUILTIN_NONE] = "forall (A : Type) -> Optional A",
    [DHALL_BUILTIN_OPTIONAL_TYPE] = "Type -> Type",
    [DHALL_BUILTIN_TEXT_TYPE] = "Type",
    [DHALL_BUILTIN_TEXT_REPLACE] =
        "forall (needle : Text) -> forall (replacement : Text) -> forall (haystack : Text) -> Text",
    [DHALL_BUILTIN_TEXT_SHOW] = "Text -> Text",
    [DHALL_BUILTIN_TIME_TYPE] = "Type",
    [DHALL_BUILTIN_TIME_SHOW] = "Time -> Text",
    [DHALL_BUILTIN_TIME_ZONE_TYPE] = "Type",
    [DHALL_BUILTIN_TIME_ZONE_SHOW] = "TimeZone -> Text",
    [DHALL_BUILTIN_TYPE] = "Kind",
};

static struct dhall_value *builtin(const struct context *context, enum dhall_builtin which)
{
    return dhall_builtin_value(context->dhall, which);
}

static void bindings_grow(
    struct context *context, struct binding **bindings, uint32_t len, uint32_t *cap)
{
    if (len == *cap) {
        uint32_t more = len == 0 ? 8 : len * 2;
        struct binding *copy = ARENA_NEW(&context->dhall->arena, struct binding, more);
        if (len > 0) {
            memcpy(copy, *bindings, len * sizeof *copy);
        }
        *bindings = copy;
        *cap = more;
    }
}

void level_push(struct context *context, dhall_label label, struct dhall_value *type)
{
    bindings_grow(context, &context->levels, context->levels_len, &context->levels_cap);
    context->levels[context->levels_len++] = (struct binding){label, type};
}

static void binding_push(
    struct context *context, dhall_label label, struct dhall_value *type, struct dhall_value *value)
{
    bindings_grow(context, &context->bindings, context->bindings_len, &context->bindings_cap);
    context->bindings[context->bindings_len++] = (struct binding){label, type};
    context->env = dhall_env_push(context->dhall, context->env, value);
}

/* A lambda's variable. */
static void variable_push(struct context *context, dhall_label label, struct dhall_value *type)
{
    struct dhall_value *value = dhall_var_value(context->dhall, context->levels_len);
    binding_push(context, label, type, value);
    level_push(context, label, type);
}

static void binding_pop(struct context *context)
{
    context->bindings_len--;
    context->env = context->env->parent;
}

bool context_conv(
    const struct context *context, struct dhall_value *left, struct dhall_value *right)
{
    return dhall_conv(context->dhall, context->levels_len, left, right);
}

struct dhall_value *context_eval(const struct context *context, dhall_term term)
{
    return dhall_delay(context->dhall, context->code, term, context->env);
}

enum universe universe_is(const struct dhall_value *value)
{
    return dhall_is_builtin(value, DHALL_BUILTIN_TYPE)   ? UNIVERSE_TYPE
           : dhall_is_builtin(value, DHALL_BUILTIN_KIND) ? UNIVERSE_KIND
           : dhall_is_builtin(value, DHALL_BUILTIN_SORT) ? UNIVERSE_SORT
                                                         : UNIVERSE_NONE;
}

static struct dhall_value *universe_value(const struct context *context, enum universe universe)
{
    return builtin(context, universe == UNIVERSE_TYPE   ? DHALL_BUILTIN_TYPE
                            : universe == UNIVERSE_KIND ? DHALL_BUILTIN_KIND
                                                        : DHALL_BUILTIN_SORT);
}

/* function-check.md */
static enum universe function_universe(enum universe input, enum universe output)
{
    if (output == UNIVERSE_TYPE || output == UNIVERSE_NONE) {
        return output;
    }
    return input > output ? input : output;
}

/* The type of any value in scope: read it back and infer. What is common goes by faster ways. */
static struct dhall_value *type_of_value(struct context *context, struct dhall_value *value)
{
    struct dhall *dhall = context->dhall;
    struct diags diags;
    diags_init(&diags, &dhall->arena, NULL);
    struct context inner = {.dhall = dhall, .diags = &diags};
    inner.code = dhall_code_of_value(dhall, value, context->levels_len);
    for (uint32_t i = 0; i < context->levels_len; i++) {
        variable_push(&inner, 0, context->levels[i].type);
    }
    return infer(&inner, inner.code->root);
}

static struct dhall_value *type_of_neutral(struct context *context, struct dhall_value *value)
{
    struct dhall *dhall = context->dhall;
    value = dhall_force(dhall, value);
    if (value->kind == V_VAR) {
        return dhall_force(dhall, context->levels[value->a].type);
    }
    if (value->kind == V_APP) {
        struct dhall_value *function = type_of_neutral(context, value->left);
        return function == NULL || function->kind != V_PI
                   ? NULL
                   : dhall_force(dhall, dhall_pi_apply(dhall, function, value->right));
    }
    if (value->kind == V_FIELD) {
        struct dhall_value *record = type_of_neutral(context, value->one);
        if (record != NULL && record->kind == V_RECORD_TYPE) {
            uint32_t at = dhall_shape_find(record->shape, value->a);
            return at == UINT32_MAX ? NULL : dhall_force(dhall, record->items[at]);
        }
        return NULL;
    }
    return type_of_value(context, value);
}

static enum universe universe_of_items(struct context *context, const struct dhall_value *type)
{
    enum universe most = UNIVERSE_TYPE;
    for (uint32_t i = 0; i < type->shape->count; i++) {
        if (type->items[i] != NULL) {
            enum universe universe = universe_of(context, type->items[i]);
            if (universe == UNIVERSE_NONE) {
                return UNIVERSE_NONE;
            }
            most = universe > most ? universe : most;
        }
    }
    return most;
}

static enum universe universe_of_builtin(const struct dhall_value *type)
{
    if (type->a == 1) {
        return type->flag == DHALL_BUILTIN_LIST_TYPE || type->flag == DHALL_BUILTIN_OPTIONAL_TYPE
                   ? UNIVERSE_TYPE
                   : UNIVERSE_NONE;
    }
    const char *text = type->a == 0 ? builtin_types[type->flag] : NULL;
    return text == NULL                ? UNIVERSE_NONE
           : strcmp(text, "Type") == 0 ? UNIVERSE_TYPE
           : strcmp(text, "Kind") == 0 ? UNIVERSE_KIND
           : strcmp(text, "Sort") == 0 ? UNIVERSE_SORT
                                       : UNIVERSE_NONE;
}

enum universe universe_of(struct context *context, struct dhall_value *type)
{
    struct dhall *dhall = context->dhall;
    dhall_step(dhall);
    type = dhall_force(dhall, type);
    if (type->kind == V_BUILTIN && type->a <= 1) {
        return universe_of_builtin(type);
    }
    if (type->kind == V_RECORD_TYPE || type->kind == V_UNION) {
        if (type->flag == UNIVERSE_NONE && type->bound == 0) {
            type->flag = (uint8_t)universe_of_items(context, type);
        }
        return type->flag != UNIVERSE_NONE ? (enum universe)type->flag
                                           : universe_of_items(context, type);
    }
    if (type->kind == V_OP && type->flag == DHALL_EQUIVALENT) {
        return UNIVERSE_TYPE;
    }
    if (type->kind == V_PI) {
        enum universe input = universe_of(context, type->domain);
        struct dhall_value *variable = dhall_var_value(dhall, context->levels_len);
        level_push(context, type->a, type->domain);
        enum universe output = universe_of(context, dhall_pi_apply(dhall, type, variable));
        context->levels_len--;
        return function_universe(input, output);
    }
    struct dhall_value *of = type_of_neutral(context, type);
    return of == NULL ? UNIVERSE_NONE : universe_is(of);
}

enum universe infer_universe(struct context *context, dhall_term term, const char *what)
{
    struct dhall_value *type = infer(context, term);
    if (type == NULL) {
        return UNIVERSE_NONE;
    }
    enum universe universe = universe_is(type);
    if (universe == UNIVERSE_NONE) {
        (void)fail_kind(context, term, what, "a type", type);
    }
    return universe;
}

static struct dhall_value *infer_variable(
    struct context *context, dhall_term term, const struct dhall_row *row)
{
    uint32_t mark = context->code->marks[term.row];
    if ((mark & MARK_FREE) != 0) {
        return fail_unbound(context, term, row->a, row->b);
    }
    assert(context->bindings != NULL && mark < context->bindings_len);
    return context->bindings[context->bindings_len - 1 - mark].type;
}

/* Where inference goes on behind a mistake: looks at what is below a binder whose variable has this
 * type (NULL: none) and no value. */
static struct dhall_value *infer_below(
    struct context *context, dhall_label label, struct dhall_value *type, dhall_term body)
{
    if (context->seen != NULL) {
        variable_push(context, label, type);
        (void)infer(context, body);
        binding_pop(context);
        context->levels_len--;
    }
    return NULL;
}

static struct dhall_value *infer_lambda(
    struct context *context, dhall_term term, const struct dhall_row *row)
{
    struct dhall *dhall = context->dhall;
    if (infer_universe(context, (dhall_term){row->b}, "what follows `:`") == UNIVERSE_NONE) {
        return infer_below(context, row->a, NULL, (dhall_term){row->c});
    }
    struct dhall_value *domain = context_eval(context, (dhall_term){row->b});
    uint32_t level = context->levels_len;
    variable_push(context, row->a, domain);
    struct dhall_value *body = infer(context, (dhall_term){row->c});
    binding_pop(context);
    context->levels_len--;
    if (body == NULL) {
        return NULL;
    }
    if (universe_is(body) == UNIVERSE_SORT) {
        return fail(context, term, "a function may not return a kind");
    }
    struct dhall_codomain *codomain = ARENA_NEW(&dhall->arena, struct dhall_codomain, 1);
    codomain->kind = body->bound <= level ? CODOMAIN_CONSTANT : CODOMAIN_LEVEL;
    codomain->value = body;
    codomain->level = level;
    return dhall_pi_value(
        dhall, row->a, domain, codomain, body->bound <= level ? body->bound : (uint16_t)level);
}

static struct dhall_value *infer_pi(struct context *context, const struct dhall_row *row)
{
    enum universe input =
        infer_universe(context, (dhall_term){row->b}, "the input of a function type");
    if (input == UNIVERSE_NONE) {
        return NULL;
    }
    variable_push(context, row->a, context_eval(context, (dhall_term){row->b}));
    enum universe output =
        infer_universe(context, (dhall_term){row->c}, "the output of a function type");
    binding_pop(context);
    context->levels_len--;
    return output == UNIVERSE_NONE ? NULL
                                   : universe_value(context, function_universe(input, output));
}

static struct dhall_value *infer_app(struct context *context, const struct dhall_row *row)
{
    struct dhall *dhall = context->dhall;
    dhall_term function_term = {row->a}, argument_term = {row->b};
    struct dhall_value *function = infer(context, function_term);
    if (function == NULL) {
        return NULL;
    }
    if (function->kind != V_PI) {
        return fail_kind(context, function_term, "what is applied", "a function", function);
    }
    struct dhall_value *argument = infer(context, argument_term);
    if (argument == NULL) {
        return NULL;
    }
    if (!context_conv(context, function->domain, argument)) {
        struct str label = dhall_label_name(&dhall->labels, function->a);
        struct str what =
            arena_printf(&dhall->arena, "wrong type of argument `%.*s`", STR_ARG(label));
        return fail_mismatch(context, argument_term,
            str_eq(label, STR("_")) ? "wrong type of argument" : what.ptr, function->domain,
            argument);
    }
    return dhall_force(
        dhall, dhall_pi_apply(dhall, function, context_eval(context, argument_term)));
}

static struct dhall_value *infer_let(struct context *context, const struct dhall_row *row)
{
    const uint32_t *list = dhall_list_of(&context->code->terms, row);
    dhall_term annotation = {list[0]}, value = {list[1]}, body = {list[2]};
    struct dhall_value *wanted = NULL;
    if (annotation.row != 0) {
        if (infer(context, annotation) == NULL) {
            return infer_below(context, row->a, NULL, body);
        }
        wanted = context_eval(context, annotation);
    }
    struct dhall_value *type = infer(context, value);
    if (type == NULL) {
        return infer_below(context, row->a, wanted, body);
    }
    if (wanted != NULL && !context_conv(context, wanted, type)) {
        (void)fail_annotation(context, value, annotation, wanted, type);
        diags_end_chain(context->diags);
        return infer_below(context, row->a, wanted, body);
    }
    binding_push(context, row->a, type, context_eval(context, value));
    struct dhall_value *result = infer(context, body);
    binding_pop(context);
    return result;
}

static struct dhall_value *infer_annotation(struct context *context, const struct dhall_row *row)
{
    dhall_term term = {row->a}, annotation = {row->b};
    struct dhall_value *wanted = dhall_force(context->dhall, context_eval(context, annotation));
    /* Sort has no type, yet it may be an annotation. */
    if (!dhall_is_builtin(wanted, DHALL_BUILTIN_SORT) && infer(context, annotation) == NULL) {
        return NULL;
    }
    struct dhall_value *type = infer(context, term);
    if (type == NULL) {
        return NULL;
    }
    if (!context_conv(context, wanted, type)) {
        return fail_annotation(context, term, annotation, wanted, type);
    }
    return type;
}

/* What people try an operator on that takes something else. */
static const struct mistaken {
    const char *what;
    enum dhall_builtin type;
    const char *help;
} mistakes[] = {
    {"an operand of `==`", DHALL_BUILTIN_NATURAL_TYPE,
        "only Bools are compared so; the Prelude has Natural/equal"},
    {"an operand of `!=`", DHALL_BUILTIN_NATURAL_TYPE,
        "only Bools are compared so; the Prelude has Natural/equal"},
    {"an operand of `==`", DHALL_BUILTIN_TEXT_TYPE, "Dhall has no comparison of Texts"},
    {"an operand of `!=`", DHALL_BUILTIN_TEXT_TYPE, "Dhall has no comparison of Texts"},
    {"an operand of `+`", DHALL_BUILTIN_TEXT_TYPE, "`++` joins Texts"},
    {"an operand of `+`", DHALL_BUILTIN_LIST_TYPE, "`#` joins Lists"},
    {"an operand of `++`", DHALL_BUILTIN_LIST_TYPE, "`#` joins Lists"},
    {"an operand of `#`", DHALL_BUILTIN_TEXT_TYPE, "`++` joins Texts"},
};

static void mistake_tell(struct context *context, const char *what, const struct dhall_value *type)
{
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        if (strcmp(mistakes[i].what, what) == 0 && type->kind == V_BUILTIN &&
            type->flag == mistakes[i].type) {
            diag_help(context->diags, "%s", mistakes[i].help);
        }
    }
}

static bool infer_operand(
    struct context *context, dhall_term operand, const char *what, enum dhall_builtin wanted)
{
    struct dhall_value *type = infer(context, operand);
    if (type == NULL) {
        return false;
    }
    if (!dhall_is_builtin(type, wanted)) {
        struct str name = dhall_builtin_name(wanted);
        struct str text = arena_printf(&context->dhall->arena, "a %.*s", STR_ARG(name));
        (void)fail_kind(context, operand, what, text.ptr, type);
        if (type->kind != V_PI) {
            context_advise(context, builtin(context, wanted), type);
        }
        mistake_tell(context, what, type);
        return false;
    }
    return true;
}

static struct dhall_value *infer_list_append(struct context *context, const struct dhall_row *row)
{
    dhall_term terms[2] = {{row->a}, {row->b}};
    struct dhall_value *types[2];
    for (unsigned i = 0; i < 2; i++) {
        types[i] = infer(context, terms[i]);
        if (types[i] == NULL) {
            return NULL;
        }
        if (dhall_builtin_argument(types[i], DHALL_BUILTIN_LIST_TYPE) == NULL) {
            (void)fail_kind(context, terms[i], "an operand of `#`", "a List", types[i]);
            mistake_tell(context, "an operand of `#`", types[i]);
            return NULL;
        }
    }
    if (!context_conv(context, types[0], types[1])) {
        return fail_mismatch(
            context, terms[1], "the lists of `#` have different types", types[0], types[1]);
    }
    return types[0];
}

static struct dhall_value *infer_equivalent(struct context *context, const struct dhall_row *row)
{
    dhall_term terms[2] = {{row->a}, {row->b}};
    struct dhall_value *types[2];
    for (unsigned i = 0; i < 2; i++) {
        types[i] = infer(context, terms[i]);
        if (types[i] == NULL) {
            return NULL;
        }
        if (universe_of(context, types[i]) != UNIVERSE_TYPE) {
            return fail_kind(context, terms[i], "a side of `===`", "a value", types[i]);
        }
    }
    if (!context_conv(context, types[0], types[1])) {
        return fail_mismatch(
            context, terms[1], "the sides of `===` have different types", types[0], types[1]);
    }
    return builtin(context, DHALL_BUILTIN_TYPE);
}

/* Of an operator that takes two of what it gives. */
static struct dhall_value *infer_operation(struct context *context, const struct dhall_row *row,
    const char *what, enum dhall_builtin operand)
{
    dhall_term terms[2] = {{row->a}, {row->b}};
    for (unsigned i = 0; i < 2; i++) {
        if (!infer_operand(context, terms[i], what, operand)) {
            return NULL;
        }
    }
    return builtin(context, operand);
}

static struct dhall_value *infer_operator(
    struct context *context, dhall_term term, const struct dhall_row *row)
{
    switch ((enum dhall_operator)row->flag) {
    case DHALL_OR:
        return infer_operation(context, row, "an operand of `||`", DHALL_BUILTIN_BOOL_TYPE);
    case DHALL_AND:
        return infer_operation(context, row, "an operand of `&&`", DHALL_BUILTIN_BOOL_TYPE);
    case DHALL_EQUAL:
        return infer_operation(context, row, "an operand of `==`", DHALL_BUILTIN_BOOL_TYPE);
    case DHALL_NOT_EQUAL:
        return infer_operation(context, row, "an operand of `!=`", DHALL_BUILTIN_BOOL_TYPE);
    case DHALL_PLUS:
        return infer_operation(context, row, "an operand of `+`", DHALL_BUILTIN_NATURAL_TYPE);
    case DHALL_TIMES:
        return infer_operation(context, row, "an operand of `*`", DHALL_BUILTIN_NATURAL_TYPE);
    case DHALL_TEXT_APPEND:
        return infer_operation(context, row, "an operand of `++`", DHALL_BUILTIN_TEXT_TYPE);
    case DHALL_LIST_APPEND:
        return infer_list_append(context, row);
    case DHALL_COMBINE:
        return infer_combine(context, term);
    case DHALL_PREFER:
        return infer_prefer(context, term);
    case DHALL_COMBINE_TYPES:
        return infer_combine_types(context, term);
    case DHALL_ALTERNATIVE:
        if (context->code->marks[term.row] == 0) {
            return NULL; /* neither side can be had; said already */
        }
        return infer(
            context, (dhall_term){context->code->marks[term.row] == MARK_LEFT ? row->a : row->b});
    case DHALL_EQUIVALENT:
        return infer_equivalent(context, row);
    case DHALL_COMPLETE:
        return infer_complete(context, term);
    }
    assert(false && "an operator of an unknown kind");
    return NULL;
}

static struct dhall_value *infer_if(struct context *context, const struct dhall_row *row)
{
    dhall_term then = {row->b}, otherwise = {row->c};
    if (!infer_operand(
            context, (dhall_term){row->a}, "the condition of `if`", DHALL_BUILTIN_BOOL_TYPE)) {
        return NULL;
    }
    struct dhall_value *type = infer(context, then);
    struct dhall_value *other = type == NULL ? NULL : infer(context, otherwise);
    if (other == NULL) {
        return NULL;
    }
    if (universe_is(type) == UNIVERSE_SORT) {
        return fail(context, then, "a branch of `if` may not be a kind");
    }
    if (!context_conv(context, type, other)) {
        return fail_mismatch(
            context, otherwise, "the branches of `if` have different types", type, other);
    }
    return type;
}

static struct dhall_value *infer_text(struct context *context, const struct dhall_row *row)
{
    for (uint32_t i = 1; i < row->c; i += 2) {
        dhall_term part = {dhall_list_of(&context->code->terms, row)[i]};
        if (!infer_operand(context, part, "what `${...}` holds", DHALL_BUILTIN_TEXT_TYPE)) {
            return NULL;
        }
    }
    return builtin(context, DHALL_BUILTIN_TEXT_TYPE);
}

static struct dhall_value *infer_list(struct context *context, const struct dhall_row *row)
{
    const uint32_t *children = dhall_list_of(&context->code->terms, row);
    struct dhall_value *type = infer(context, (dhall_term){children[0]});
    if (type == NULL) {
        return NULL;
    }
    if (universe_of(context, type) != UNIVERSE_TYPE) {
        return fail_kind(
            context, (dhall_term){children[0]}, "an element of a list", "a value", type);
    }
    for (uint32_t i = 1; i < row->c; i++) {
        dhall_term child = {children[i]};
        struct dhall_value *other = infer(context, child);
        if (other == NULL) {
            return NULL;
        }
        if (!context_conv(context, type, other)) {
            return fail_mismatch(context, child,
                "an element is of another type than the ones before it", type, other);
        }
    }
    return dhall_builtin_apply1(context->dhall, DHALL_BUILTIN_LIST_TYPE, type);
}

static struct dhall_value *infer_list_empty(struct context *context, const struct dhall_row *row)
{
    dhall_term annotation = {row->a};
    if (infer(context, annotation) == NULL) {
        return NULL;
    }
    struct dhall_value *type = dhall_force(context->dhall, context_eval(context, annotation));
    if (dhall_builtin_argument(type, DHALL_BUILTIN_LIST_TYPE) == NULL) {
        return fail(context, annotation, "the type of an empty list must be a List, not %.*s",
            STR_ARG(context_brief(context, type)));
    }
    return type;
}

static struct dhall_value *infer_some(struct context *context, const struct dhall_row *row)
{
    struct dhall_value *type = infer(context, (dhall_term){row->a});
    if (type == NULL) {
        return NULL;
    }
    if (universe_of(context, type) != UNIVERSE_TYPE) {
        return fail_kind(context, (dhall_term){row->a}, "what `Some` holds", "a value", type);
    }
    return dhall_builtin_apply1(context->dhall, DHALL_BUILTIN_OPTIONAL_TYPE, type);
}

static struct dhall_value *infer_assert(struct context *context, const struct dhall_row *row)
{
    struct dhall *dhall = context->dhall;
    dhall_term annotation = {row->a};
    struct dhall_value *type = infer(context, annotation);
    if (type == NULL) {
        return NULL;
    }
    struct dhall_value *claim = dhall_force(dhall, context_eval(context, annotation));
    if (claim->kind != V_OP || claim->flag != DHALL_EQUIVALENT) {
        return fail(context, annotation, "assert needs an equivalence (a === b), not %.*s",
            STR_ARG(context_show(context, claim, 80)));
    }
    if (!context_conv(context, claim->left, claim->right)) {
        return fail_assertion(context, annotation, claim->left, claim->right);
    }
    return claim;
}

static struct dhall_value *infer_builtin(
    struct context *context, dhall_term term, enum dhall_builtin which)
{
    struct dhall *dhall = context->dhall;
    if (builtin_types[which] == NULL) {
        (void)fail(context, term, "%.*s has no type", STR_ARG(dhall_builtin_name(which)));
        diag_help(context->diags, "Type is in Kind, Kind in Sort, and Sort in nothing: it may only "
                                  "stand behind a `:`");
        return NULL;
    }
    if (dhall->builtin_types[which] == NULL) {
        dhall->builtin_types[which] = dhall_value_of_text(dhall, str_of(builtin_types[which]));
    }
    return dhall->builtin_types[which];
}

static struct dhall_value *infer_import(const struct context *context, const struct dhall_row *row)
{
    const struct dhall_import_entry *entry = context->code->imports[row->a];
    assert(entry != NULL || context->seen != NULL); /* else it was resolved */
    return entry == NULL ? NULL : entry->type;
}

static struct dhall_value *infer_any(
    struct context *context, dhall_term term, const struct dhall_row *row)
{
    switch ((enum dhall_kind)row->kind) {
    case DHALL_NONE:
        break;
    case DHALL_VAR:
        return infer_variable(context, term, row);
    case DHALL_LAMBDA:
        return infer_lambda(context, term, row);
    case DHALL_PI:
        return infer_pi(context, row);
    case DHALL_APP:
        return infer_app(context, row);
    case DHALL_LET:
        return infer_let(context, row);
    case DHALL_ANNOT:
        return infer_annotation(context, row);
    case DHALL_OPERATOR:
        return infer_operator(context, term, row);
    case DHALL_IF:
        return infer_if(context, row);
    case DHALL_BUILTIN:
        return infer_builtin(context, term, (enum dhall_builtin)row->flag);
    case DHALL_BOOL:
        return builtin(context, DHALL_BUILTIN_BOOL_TYPE);
    case DHALL_NATURAL:
        return builtin(context, DHALL_BUILTIN_NATURAL_TYPE);
    case DHALL_INTEGER:
        return builtin(context, DHALL_BUILTIN_INTEGER_TYPE);
    case DHALL_DOUBLE:
        return builtin(context, DHALL_BUILTIN_DOUBLE_TYPE);
    case DHALL_TEXT:
        return infer_text(context, row);
    case DHALL_BYTES:
        return builtin(context, DHALL_BUILTIN_BYTES_TYPE);
    case DHALL_DATE:
        return builtin(context, DHALL_BUILTIN_DATE_TYPE);
    case DHALL_TIME:
        return builtin(context, DHALL_BUILTIN_TIME_TYPE);
    case DHALL_TIME_ZONE:
        return builtin(context, DHALL_BUILTIN_TIME_ZONE_TYPE);
    case DHALL_LIST:
        return infer_list(context, row);
    case DHALL_LIST_EMPTY:
        return infer_list_empty(context, row);
    case DHALL_SOME:
        return infer_some(context, row);
    case DHALL_RECORD:
        return infer_record(context, term);
    case DHALL_RECORD_TYPE:
        return infer_record_type(context, term);
    case DHALL_UNION:
        return infer_union(context, term);
    case DHALL_FIELD:
        return infer_field(context, term);
    case DHALL_PROJECT:
        return infer_project(context, term);
    case DHALL_PROJECT_TYPE:
        return infer_project_type(context, term);
    case DHALL_MERGE:
        return infer_merge(context, term);
    case DHALL_TO_MAP:
        return infer_to_map(context, term);
    case DHALL_SHOW_CONSTRUCTOR:
        return infer_show_constructor(context, term);
    case DHALL_ASSERT:
        return infer_assert(context, row);
    case DHALL_WITH:
        return infer_with(context, term);
    case DHALL_IMPORT:
        return infer_import(context, row);
    }
    assert(false && "a term of an unknown kind");
    return NULL;
}

static void rest_visit(void *argument, dhall_term child)
{
    struct context *context = argument;
    if (context->seen[child.row] == 0) {
        (void)infer(context, child);
    }
}

/* A term has no type, and inference goes on: what stands behind the mistake in it is looked at. */
static void infer_rest(struct context *context, dhall_term term, const struct dhall_row *row)
{
    bool binds = row->kind == DHALL_LET || row->kind == DHALL_LAMBDA || row->kind == DHALL_PI;
    bool chooses = row->kind == DHALL_OPERATOR && row->flag == DHALL_ALTERNATIVE;
    if (context->seen == NULL) {
        return;
    }
    diags_end_chain(context->diags);
    if (!binds && !chooses && row->kind != DHALL_IMPORT) {
        dhall_children_visit(&context->code->terms, term, rest_visit, context);
    }
}

struct dhall_value *infer(struct context *context, dhall_term term)
{
    dhall_step(context->dhall);
    context->dhall->infer_at = (struct dhall_place){context->code, term};
    const struct dhall_row *row = dhall_row_of(&context->code->terms, term);
    struct dhall_shared *shared = row->is_shared ? &context->code->shared[term.row] : NULL;
    if (shared != NULL && shared->type != NULL) {
        return shared->type;
    }
    if (context->seen != NULL) {
        context->seen[term.row] = 1;
    }
    struct dhall_value *type = infer_any(context, term, row);
    if (type == NULL) {
        infer_rest(context, term, row);
        return NULL;
    }
    type = dhall_force(context->dhall, type);
    if (shared != NULL) {
        shared->type = type;
    }
    if (context->dhall->watch != NULL) {
        context->dhall->watch->look(context->dhall->watch, context, term, type);
    }
    return type;
}

enum err dhall_infer(struct dhall *dhall, const struct dhall_code *code,
    struct dhall_value **ret_type, struct diags *diags)
{
    struct context context = {.dhall = dhall, .code = code, .diags = diags};
    if (dhall_goes_on(dhall, code)) {
        context.seen = arena_calloc(&dhall->arena, code->terms.len, 1);
    }
    struct dhall_value *type = infer(&context, code->root);
    if (type == NULL) {
        return ERR_INVALID;
    }
    *ret_type = type;
    return OK;
}
