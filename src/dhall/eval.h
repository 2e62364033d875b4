/* src/dhall/eval.h: evaluation to weak-head normal form, read-back, judgmental equality.
 *
 *   term --eval--> value --quote--> term in beta-normal form     conv(value, value): are both
 * equal?
 *
 * All of these run on the session's big stack (dhall_run) and leave it by dhall_stop when a bound
 * is passed; so they have no error to return. Terms need not be well-typed, but then may not end.
 */
#ifndef DHALL_EVAL_H
#define DHALL_EVAL_H
#include "dhall/value.h"
#include <assert.h>

/* The weak-head normal form of a term. */
struct dhall_value *dhall_eval(struct dhall *dhall, const struct dhall_code *code, dhall_term term,
    const struct dhall_env *env);
/* The same, later: a thunk, or at once where that is as cheap. */
struct dhall_value *dhall_delay(struct dhall *dhall, const struct dhall_code *code, dhall_term term,
    const struct dhall_env *env);
struct dhall_value *dhall_force_thunk(struct dhall *dhall, struct dhall_value *value);
static inline struct dhall_value *dhall_force(struct dhall *dhall, struct dhall_value *value)
{
    assert(value != NULL);
    while (value->kind <= V_LINK) {
        value = value->kind == V_LINK ? value->one : dhall_force_thunk(dhall, value);
    }
    return value;
}
struct dhall_value *dhall_apply_value(
    struct dhall *dhall, struct dhall_value *function, struct dhall_value *argument);
/* function a b c ...; what may be given to a partial builtin is given at once. */
struct dhall_value *dhall_apply_values(struct dhall *dhall, struct dhall_value *function,
    struct dhall_value **arguments, uint32_t count);
/* The codomain of a V_PI for an argument; not forced. */
struct dhall_value *dhall_pi_apply(
    struct dhall *dhall, const struct dhall_value *pi, struct dhall_value *argument);
/* True if the codomain is known not to mention the argument (decides CODOMAIN_LEVEL). */
bool dhall_pi_is_constant(struct dhall *dhall, const struct dhall_value *pi);

/* add.c: functions on Naturals that only add, and sums that are known. */
/* Lambda is applied again: what is known of it now. */
enum dhall_lambda dhall_lambda_again(struct dhall *dhall, struct dhall_value *lambda);
/* argument + lambda->added, if lambda is LAMBDA_ADDS and argument a known small Natural; else NULL.
 */
static inline struct dhall_value *dhall_lambda_sum(
    struct dhall *dhall, const struct dhall_value *lambda, const struct dhall_value *argument)
{
    while (argument->kind == V_LINK) {
        argument = argument->one;
    }
    uint64_t sum;
    return argument->kind != V_NATURAL || argument->big != NULL ||
                   __builtin_add_overflow(argument->small, lambda->added, &sum)
               ? NULL
               : dhall_natural_value(dhall, sum);
}
/* The value of a sum or product (an application of what adds, an operator), if all in it is known;
 * false: it is not, nothing was evaluated. */
bool dhall_sum_known(struct dhall *dhall, const struct dhall_code *code, dhall_term term,
    const struct dhall_env *env, uint64_t *ret_sum);
/* The value of x, x.a, x.a.b ... if it is known without any evaluation (it may be a thunk, but what
 * it is selected from is not); else NULL. */
struct dhall_value *dhall_peek(struct dhall *dhall, const struct dhall_code *code, dhall_term term,
    const struct dhall_env *env);
/* What value became; NULL if it is a thunk. */
static inline struct dhall_value *dhall_known(struct dhall_value *value)
{
    while (value != NULL && value->kind == V_LINK) {
        value = value->one;
    }
    return value == NULL || value->kind < V_LINK ? NULL : value;
}

/* operate.c: each takes values forced or not, and gives a weak-head normal form. */
struct dhall_value *dhall_operate(struct dhall *dhall, enum dhall_operator operator_,
    struct dhall_value *left, struct dhall_value *right);
/* ((first OP second) OP third) ... of two operands or more, for `/\` and `//`: record literals are
 * joined in pairs, so that n of them take n log n instead of n squared. Uses operands up. */
struct dhall_value *dhall_operate_chain(struct dhall *dhall, enum dhall_operator operator_,
    struct dhall_value **operands, uint32_t count);
/* list.c: [ first ] # list */
struct dhall_value *dhall_cons(
    struct dhall *dhall, struct dhall_value *first, struct dhall_value *list);
struct dhall_value *dhall_if(struct dhall *dhall, struct dhall_value *condition,
    struct dhall_value *then, struct dhall_value *otherwise);
struct dhall_value *dhall_select(
    struct dhall *dhall, struct dhall_value *record, dhall_label label);
/* < ... | label ... >.label of a V_UNION, one value each; NULL if there is no such alternative. */
struct dhall_value *dhall_union_constructor(
    struct dhall *dhall, struct dhall_value *type, dhall_label label);
/* shape is sorted and without duplicates. */
struct dhall_value *dhall_project(
    struct dhall *dhall, struct dhall_value *record, const struct dhall_shape *shape);
struct dhall_value *dhall_project_type(
    struct dhall *dhall, struct dhall_value *record, struct dhall_value *type);
struct dhall_value *dhall_merge(struct dhall *dhall, struct dhall_value *handlers,
    struct dhall_value *scrutinee, struct dhall_value *annotation);
struct dhall_value *dhall_to_map(
    struct dhall *dhall, struct dhall_value *record, struct dhall_value *annotation);
struct dhall_value *dhall_show_constructor(struct dhall *dhall, struct dhall_value *scrutinee);
struct dhall_value *dhall_with(struct dhall *dhall, struct dhall_value *record,
    const uint32_t *path, uint32_t path_len, struct dhall_value *new);
/* A record (type) with the fields of both; a field of both is made by both_kind V_THUNK_OP of
 * operator_ (COMBINE, COMBINE_TYPES), or is right's (PREFER). Both are forced and literal. */
struct dhall_value *dhall_fields_join(struct dhall *dhall, enum dhall_operator operator_,
    const struct dhall_value *left, const struct dhall_value *right);

/* builtin.c: a builtin applied to more arguments, at most dhall_builtin_missing of them; gives a
 * weak-head normal form. */
struct dhall_value *dhall_builtin_apply(struct dhall *dhall, struct dhall_value *function,
    struct dhall_value *const *arguments, uint32_t count);
/* How many arguments it takes until it reduces, or is a type. */
uint32_t dhall_builtin_missing(const struct dhall_value *function);
/* first in front of a V_LIST or V_LIST_EMPTY, in the place that its array has for it; NULL if it
 * has none. */
struct dhall_value *dhall_list_grow(
    struct dhall *dhall, struct dhall_value *first, const struct dhall_value *list);
/* A V_LIST or V_LIST_EMPTY for any list literal; neutral lists are given back as they are.
 */
struct dhall_value *dhall_list_flatten(struct dhall *dhall, struct dhall_value *list);

/* session.c: \(A : Type) -> \(a : A) -> \(as : List A) -> [ a ] # as, and \(x : Natural) -> x + 1
 */
struct dhall_value *dhall_list_cons(struct dhall *dhall);
struct dhall_value *dhall_natural_successor(struct dhall *dhall);

/* text.c */
/* V_TEXT, V_TEXT_CHUNKS or a neutral value for a forced text. */
struct dhall_value *dhall_text_flatten(struct dhall *dhall, struct dhall_value *text);
/* All pieces in one text, not looked at yet; the array, in the arena, is part of it then. */
struct dhall_value *dhall_text_append(
    struct dhall *dhall, struct dhall_value **pieces, size_t count);
struct str dhall_text_show(struct arena *arena, struct str text);
struct dhall_value *dhall_text_replace(
    struct dhall *dhall, struct str needle, struct dhall_value *replacement, struct str haystack);
struct str dhall_number_show(struct dhall *dhall, const struct dhall_value *number);

/* conv.c: are both the same up to alpha and beta? level: greater than all that is free in both. */
bool dhall_conv(
    struct dhall *dhall, uint32_t level, struct dhall_value *left, struct dhall_value *right);
bool dhall_mentions(struct dhall *dhall, struct dhall_value *value, uint32_t level);

/* resolve.c: a closed table for a value whose free variables are levels below `binders`; its marks
 * count those as the outermost bindings. */
struct dhall_code *dhall_code_of_value(
    struct dhall *dhall, struct dhall_value *value, uint32_t binders);

/* quote.c */
struct dhall_quote {
    struct dhall *dhall;
    struct dhall_terms *terms; /* where the result goes */
    bool alpha;                /* all names become _ */
    dhall_label *names;        /* of the lambdas around, by level (all arrays: in the arena) */
    uint32_t *counts;          /* binders of that name further out; as long as names */
    uint32_t names_len, names_cap;
    uint32_t *label_counts; /* by label: binders of that name in scope */
    uint32_t label_counts_cap;
    struct quote_slot *memo; /* closed values that were read back already */
    uint32_t memo_len, memo_mask;
    uint32_t *sizes; /* by row: how much it is when shared rows are written out each time */
    uint32_t sizes_len, sizes_cap;
};
void dhall_quote_init(
    struct dhall_quote *quote, struct dhall *dhall, struct dhall_terms *terms, bool alpha);
void dhall_quote_push(struct dhall_quote *quote, dhall_label label);
void dhall_quote_pop(struct dhall_quote *quote);
/* Ends it, in whatever scope it is: its memory is used by the next. It need not be called. */
void dhall_quote_end(struct dhall_quote *quote);
/* The beta-normal form. Shared values become shared rows. */
dhall_term dhall_quote(struct dhall_quote *quote, struct dhall_value *value);
/* The same for what writes terms out, where nothing is shared: sixty lines of Dhall can make a
 * normal form that no disk holds. Leaves by dhall_stop if it has more than limits.terms_max terms
 * (16 bytes of a text count as one). */
dhall_term dhall_quote_bounded(struct dhall_quote *quote, struct dhall_value *value);
/* Leaves as dhall_quote_bounded does, if a term of quote's table is more than that. */
void dhall_quote_check(struct dhall_quote *quote, dhall_term term);
/* Is a term that was read back at most that many terms, when it is written out? */
bool dhall_quote_within(struct dhall_quote *quote, dhall_term term, uint32_t terms_max);
#endif
