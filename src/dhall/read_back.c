/* src/dhall/read_back.c: from values to terms in beta-normal form, with the names of the source. */
#include "dhall/eval.h"
#include <assert.h>

/* A closed value's term does not depend on the scope: read it once, share the row. */
struct quote_slot {
    const struct dhall_value *value;
    dhall_term term;
};

void dhall_quote_init(
    struct dhall_quote *quote, struct dhall *dhall, struct dhall_terms *terms, bool alpha)
{
    *quote = (struct dhall_quote){
        .dhall = dhall,
        .terms = terms,
        .alpha = alpha,
        .label_counts = dhall->label_counts,
        .label_counts_cap = dhall->label_counts_cap,
    };
    dhall->label_counts = NULL;
    dhall->label_counts_cap = 0;
}

/* An array of the session's arena with room for more: nothing is lost when dhall_stop leaves. */
static uint32_t *grown(struct dhall *dhall, const uint32_t *array, uint32_t len, uint32_t cap)
{
    uint32_t *more = ARENA_NEW(&dhall->arena, uint32_t, cap);
    if (len > 0) {
        memcpy(more, array, len * sizeof *more);
    }
    return more;
}

void dhall_quote_push(struct dhall_quote *quote, dhall_label label)
{
    label = quote->alpha ? 0 : label;
    uint32_t len = quote->names_len;
    if (len == quote->names_cap) {
        quote->names_cap = len == 0 ? 8 : len * 2;
        quote->names = grown(quote->dhall, quote->names, len, quote->names_cap);
        quote->counts = grown(quote->dhall, quote->counts, len, quote->names_cap);
    }
    if (label >= quote->label_counts_cap) {
        uint32_t cap = label < 8 ? 16 : label * 2;
        quote->label_counts =
            grown(quote->dhall, quote->label_counts, quote->label_counts_cap, cap);
        quote->label_counts_cap = cap;
    }
    quote->names[len] = label;
    quote->counts[len] = quote->label_counts[label]++;
    quote->names_len++;
}

void dhall_quote_pop(struct dhall_quote *quote)
{
    quote->label_counts[quote->names[--quote->names_len]]--;
}

void dhall_quote_end(struct dhall_quote *quote)
{
    while (quote->names_len > 0) {
        dhall_quote_pop(quote);
    }
    quote->dhall->label_counts = quote->label_counts;
    quote->dhall->label_counts_cap = quote->label_counts_cap;
}

static size_t memo_hash(const struct dhall_value *value)
{
    return (size_t)(((uintptr_t)value >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 32);
}

static struct quote_slot *memo_find(struct quote_slot *slots, uint32_t mask, const void *value)
{
    for (size_t i = memo_hash(value);; i++) {
        if (slots[i & mask].value == value || slots[i & mask].value == NULL) {
            return &slots[i & mask];
        }
    }
}

static void memo_add(struct dhall_quote *quote, const struct dhall_value *value, dhall_term term)
{
    if (quote->memo == NULL || quote->memo_len * 2 > quote->memo_mask) {
        uint32_t mask = quote->memo == NULL ? 31 : quote->memo_mask * 2 + 1;
        struct quote_slot *slots =
            ARENA_NEW(&quote->dhall->arena, struct quote_slot, (size_t)mask + 1);
        for (uint32_t i = 0; quote->memo != NULL && i <= quote->memo_mask; i++) {
            if (quote->memo[i].value != NULL) {
                *memo_find(slots, mask, quote->memo[i].value) = quote->memo[i];
            }
        }
        quote->memo = slots;
        quote->memo_mask = mask;
    }
    *memo_find(quote->memo, quote->memo_mask, value) = (struct quote_slot){value, term};
    quote->memo_len++;
}

static dhall_term quote_node(
    struct dhall_quote *quote, enum dhall_kind kind, dhall_term a, dhall_term b, dhall_term c)
{
    return dhall_node_add(quote->terms, kind, a, b, c, SPAN_NONE);
}

static dhall_term quote_optional(struct dhall_quote *quote, struct dhall_value *value)
{
    return value == NULL ? (dhall_term){0} : dhall_quote(quote, value);
}

static dhall_term quote_variable(struct dhall_quote *quote, const struct dhall_value *value)
{
    if (value->kind == V_FREE) {
        uint32_t bound = value->a < quote->label_counts_cap ? quote->label_counts[value->a] : 0;
        return dhall_var_add(quote->terms, value->a, value->b + bound, SPAN_NONE);
    }
    assert(value->a < quote->names_len);
    dhall_label label = quote->names[value->a];
    return dhall_var_add(
        quote->terms, label, quote->label_counts[label] - 1 - quote->counts[value->a], SPAN_NONE);
}

static dhall_term quote_lambda(struct dhall_quote *quote, struct dhall_value *value)
{
    struct dhall *dhall = quote->dhall;
    const struct dhall_row *row = &value->code->terms.rows[value->a];
    dhall_label label = quote->alpha ? 0 : row->a;
    dhall_term domain =
        dhall_quote(quote, dhall_delay(dhall, value->code, (dhall_term){row->b}, value->env));
    struct dhall_value *var = dhall_var_value(dhall, quote->names_len);
    dhall_quote_push(quote, label);
    dhall_term body = dhall_quote(quote, dhall_apply_value(dhall, value, var));
    dhall_quote_pop(quote);
    return dhall_lambda_add(quote->terms, label, domain, body, SPAN_NONE);
}

static dhall_term quote_pi(struct dhall_quote *quote, struct dhall_value *value)
{
    struct dhall *dhall = quote->dhall;
    dhall_label label = quote->alpha ? 0 : value->a;
    dhall_term domain = dhall_quote(quote, value->domain);
    struct dhall_value *var = dhall_var_value(dhall, quote->names_len);
    dhall_quote_push(quote, label);
    dhall_term codomain = dhall_quote(quote, dhall_pi_apply(dhall, value, var));
    dhall_quote_pop(quote);
    return dhall_pi_add(quote->terms, label, domain, codomain, SPAN_NONE);
}

static dhall_term quote_fields(
    struct dhall_quote *quote, enum dhall_kind kind, const struct dhall_value *value)
{
    uint32_t count = value->shape->count;
    uint32_t *pairs = arena_alloc(&quote->dhall->arena, 2 * (size_t)count * sizeof *pairs);
    for (uint32_t i = 0; i < count; i++) {
        pairs[2 * i] = value->shape->labels[i];
        pairs[2 * i + 1] = quote_optional(quote, value->items[i]).row;
    }
    return dhall_fields_add(quote->terms, kind, pairs, count, SPAN_NONE);
}

static dhall_term quote_list(struct dhall_quote *quote, const struct dhall_value *value)
{
    uint32_t *items = arena_alloc(&quote->dhall->arena, value->a * sizeof *items);
    for (uint32_t i = 0; i < value->a; i++) {
        items[i] = dhall_quote(quote, value->items[i]).row;
    }
    return dhall_list_row_add(quote->terms, DHALL_LIST, 0, items, value->a, SPAN_NONE);
}

static dhall_term quote_text_chunks(struct dhall_quote *quote, const struct dhall_value *value)
{
    uint32_t *parts = arena_alloc(&quote->dhall->arena, (2 * (size_t)value->a + 1) * sizeof *parts);
    uint32_t count = 0;
    for (uint32_t i = 0; i < value->a; i++) {
        struct dhall_value *piece = dhall_force(quote->dhall, value->items[i]);
        if (piece->kind == V_TEXT) {
            parts[count++] = dhall_text_literal(quote->terms, piece->text);
            continue;
        }
        if (count % 2 == 0) {
            parts[count++] = dhall_text_literal(quote->terms, STR(""));
        }
        parts[count++] = dhall_quote(quote, piece).row;
    }
    if (count % 2 == 0) {
        parts[count++] = dhall_text_literal(quote->terms, STR(""));
    }
    return dhall_list_row_add(quote->terms, DHALL_TEXT, 0, parts, count, SPAN_NONE);
}

static dhall_term quote_number(struct dhall_quote *quote, const struct dhall_value *value)
{
    enum dhall_kind kind = value->kind == V_NATURAL ? DHALL_NATURAL : DHALL_INTEGER;
    if (kind == DHALL_NATURAL && value->big == NULL) {
        return dhall_natural_add(quote->terms, value->small, SPAN_NONE);
    }
    mpz_t z;
    mpz_init(z);
    dhall_value_mpz(value, z);
    dhall_term term = dhall_number_add(quote->terms, kind, z, SPAN_NONE);
    mpz_clear(z);
    return term;
}

static dhall_term quote_constructor(struct dhall_quote *quote, const struct dhall_value *value)
{
    dhall_term term =
        dhall_field_add(quote->terms, dhall_quote(quote, value->left), value->a, SPAN_NONE);
    if (value->flag == CONSTRUCTOR_FULL) {
        dhall_term payload = dhall_quote(quote, value->right);
        return dhall_app_add(quote->terms, term, payload, SPAN_NONE);
    }
    return term;
}

static dhall_term quote_builtin(struct dhall_quote *quote, const struct dhall_value *value)
{
    dhall_term term = dhall_builtin_add(quote->terms, (enum dhall_builtin)value->flag, SPAN_NONE);
    for (uint32_t i = 0; i < value->a; i++) {
        dhall_term argument = dhall_quote(quote, value->items[i]);
        term = dhall_app_add(quote->terms, term, argument, SPAN_NONE);
    }
    return term;
}

static dhall_term quote_with(struct dhall_quote *quote, const struct dhall_value *value)
{
    uint32_t *list = arena_alloc(&quote->dhall->arena, ((size_t)value->a + 1) * sizeof *list);
    dhall_term record = dhall_quote(quote, value->left);
    list[0] = dhall_quote(quote, value->right).row;
    memcpy(list + 1, value->path, value->a * sizeof *list);
    return dhall_list_row_add(
        quote->terms, DHALL_WITH, record.row, list, (size_t)value->a + 1, SPAN_NONE);
}

static dhall_term quote_pair(
    struct dhall_quote *quote, enum dhall_kind kind, const struct dhall_value *value)
{
    dhall_term left = dhall_quote(quote, value->left);
    dhall_term right = quote_optional(quote, value->right);
    if (kind == DHALL_APP) {
        return dhall_app_add(quote->terms, left, right, SPAN_NONE);
    }
    if (kind == DHALL_OPERATOR) {
        return dhall_operator_add(
            quote->terms, (enum dhall_operator)value->flag, left, right, SPAN_NONE);
    }
    return quote_node(quote, kind, left, right, (dhall_term){0});
}

static dhall_term quote_one(
    struct dhall_quote *quote, enum dhall_kind kind, const struct dhall_value *value)
{
    dhall_term one = dhall_quote(quote, value->one);
    return quote_node(quote, kind, one, (dhall_term){0}, (dhall_term){0});
}

static dhall_term quote_three(
    struct dhall_quote *quote, enum dhall_kind kind, const struct dhall_value *value)
{
    dhall_term first = dhall_quote(quote, value->three[0]);
    dhall_term second = dhall_quote(quote, value->three[1]);
    return quote_node(quote, kind, first, second, quote_optional(quote, value->three[2]));
}

/* Literals without children, and variables. */
static dhall_term quote_atom(struct dhall_quote *quote, const struct dhall_value *value)
{
    struct dhall_terms *terms = quote->terms;
    switch ((enum dhall_v)value->kind) {
    case V_BOOL:
        return dhall_bool_add(terms, value->a != 0, SPAN_NONE);
    case V_NATURAL:
    case V_INTEGER:
        return quote_number(quote, value);
    case V_DOUBLE:
        return dhall_double_add(terms, value->number, SPAN_NONE);
    case V_TEXT:
        return dhall_text_add(terms, value->text, SPAN_NONE);
    case V_BYTES:
        return dhall_bytes_add(terms, value->text, SPAN_NONE);
    case V_DATE:
        return dhall_row_add(terms,
            (struct dhall_row){
                .kind = DHALL_DATE, .a = value->a, .b = value->b >> 8, .c = value->b & 0xFF},
            SPAN_NONE);
    case V_TIME:
        return dhall_time_add(terms, value->a, value->big->z, value->b, SPAN_NONE);
    case V_TIME_ZONE:
        return dhall_row_add(terms,
            (struct dhall_row){.kind = DHALL_TIME_ZONE, .flag = value->flag, .a = value->a},
            SPAN_NONE);
    case V_VAR:
    case V_FREE:
        return quote_variable(quote, value);
    default:
        assert(false && "not an atom");
        return (dhall_term){0};
    }
}

static dhall_term quote_forced(struct dhall_quote *quote, struct dhall_value *value)
{
    switch ((enum dhall_v)value->kind) {
    case V_LAMBDA:
        return quote_lambda(quote, value);
    case V_PI:
        return quote_pi(quote, value);
    case V_BUILTIN:
        return quote_builtin(quote, value);
    case V_CONSTRUCTOR:
        return quote_constructor(quote, value);
    case V_TEXT_CHUNKS:
        return quote_text_chunks(quote, value);
    case V_LIST:
        return quote_list(quote, value);
    case V_LIST_EMPTY:
        return quote_one(quote, DHALL_LIST_EMPTY, value);
    case V_SOME:
        return quote_one(quote, DHALL_SOME, value);
    case V_RECORD:
        return quote_fields(quote, DHALL_RECORD, value);
    case V_RECORD_TYPE:
        return quote_fields(quote, DHALL_RECORD_TYPE, value);
    case V_UNION:
        return quote_fields(quote, DHALL_UNION, value);
    case V_APP:
        return quote_pair(quote, DHALL_APP, value);
    case V_OP:
        return quote_pair(quote, DHALL_OPERATOR, value);
    case V_IF:
        return quote_three(quote, DHALL_IF, value);
    case V_FIELD:
        return dhall_field_add(quote->terms, dhall_quote(quote, value->one), value->a, SPAN_NONE);
    case V_PROJECT:
        return dhall_list_row_add(quote->terms, DHALL_PROJECT, dhall_quote(quote, value->one).row,
            value->shape->labels, value->shape->count, SPAN_NONE);
    case V_PROJECT_TYPE:
        return quote_pair(quote, DHALL_PROJECT_TYPE, value);
    case V_MERGE:
        return quote_three(quote, DHALL_MERGE, value);
    case V_TO_MAP:
        return quote_pair(quote, DHALL_TO_MAP, value);
    case V_SHOW_CONSTRUCTOR:
        return quote_one(quote, DHALL_SHOW_CONSTRUCTOR, value);
    case V_ASSERT:
        return quote_one(quote, DHALL_ASSERT, value);
    case V_WITH:
        return quote_with(quote, value);
    default:
        return quote_atom(quote, value);
    }
}

/* Not worth a place in the memo; or, of a free variable, not closed. */
static bool is_small(const struct dhall_value *value)
{
    return (value->kind >= V_BOOL && value->kind <= V_TIME_ZONE && value->kind != V_TEXT_CHUNKS) ||
           (value->kind == V_BUILTIN && value->a == 0) || value->kind == V_FREE;
}

dhall_term dhall_quote(struct dhall_quote *quote, struct dhall_value *value)
{
    struct dhall *dhall = quote->dhall;
    dhall_step(dhall);
    value = dhall_force(dhall, value);
    value = dhall_text_flatten(dhall, value);
    value = dhall_list_flatten(dhall, value);
    if (value->bound > 0 || is_small(value)) {
        return quote_forced(quote, value);
    }
    if (quote->memo != NULL) {
        const struct quote_slot *slot = memo_find(quote->memo, quote->memo_mask, value);
        if (slot->value == value) {
            return slot->term;
        }
    }
    dhall_term term = quote_forced(quote, value);
    if (quote->terms->full) {
        dhall_stop(dhall, STOP_TERMS);
    }
    memo_add(quote, value, term);
    return term;
}

static void size_add(void *context, dhall_term child)
{
    struct dhall_quote *quote = context;
    uint32_t *size = &quote->sizes[quote->sizes_len];
    *size = __builtin_add_overflow(*size, quote->sizes[child.row], size) ? UINT32_MAX : *size;
}

/* Children have smaller rows than their parents. */
static void sizes_extend(struct dhall_quote *quote, uint32_t len)
{
    const struct dhall_terms *terms = quote->terms;
    if (len > quote->sizes_cap) {
        quote->sizes_cap = len > quote->sizes_cap * 2 ? len : quote->sizes_cap * 2;
        quote->sizes = grown(quote->dhall, quote->sizes, quote->sizes_len, quote->sizes_cap);
    }
    for (; quote->sizes_len < len; quote->sizes_len++) {
        const struct dhall_row *row = &terms->rows[quote->sizes_len];
        uint64_t own = quote->sizes_len == 0 ? 0 : 1;
        for (uint32_t i = 0; row->kind == DHALL_TEXT && i < row->c; i += 2) {
            own += terms->texts[dhall_list_of(terms, row)[i]].len / 16;
        }
        quote->sizes[quote->sizes_len] = own > UINT32_MAX ? UINT32_MAX : (uint32_t)own;
        dhall_children_visit(terms, (dhall_term){quote->sizes_len}, size_add, quote);
    }
}

bool dhall_quote_within(struct dhall_quote *quote, dhall_term term, uint32_t terms_max)
{
    sizes_extend(quote, term.row + 1);
    return quote->sizes[term.row] <= terms_max;
}

void dhall_quote_check(struct dhall_quote *quote, dhall_term term)
{
    if (quote->terms->full || !dhall_quote_within(quote, term, quote->dhall->limits.terms_max)) {
        dhall_stop(quote->dhall, STOP_TERMS);
    }
}

dhall_term dhall_quote_bounded(struct dhall_quote *quote, struct dhall_value *value)
{
    dhall_term term = dhall_quote(quote, value);
    dhall_quote_check(quote, term);
    return term;
}
