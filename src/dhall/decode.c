/* src/dhall/decode.c: CBOR to terms, in one pass.
 *
 *   nodes: a stack of the items that are open, and of those below them that are no terms yet;
 * parents before children: a child is found by `child`, the next of the same parent by `next`
 *
 * An array becomes a term when its last child has been read; its children leave the stack, so that
 * it is as high as the expression is deep, and no recursion is needed. What makes no term by itself
 * (a path, a map) stays there with its children for its parent. An item that should have been a
 * term and is none is told at the end, the outermost first.
 *
 * Normal forms repeat themselves: what is closed and of the same content (builtins; applications,
 * records, record types and unions of such) is one row, see `is_shared` in dhall/term.h. */
#include "base/utf8.h"
#include "dhall/decode_part.h"
#include "dhall/encode.h"
#include "dhall/parse.h"
#include <assert.h>
#include <stdlib.h>

/* --- the items, and when they end --- */

struct open_item {
    uint32_t node, last_child;
    uint64_t left; /* children to come */
    bool indefinite;
};
struct open_stack {
    struct open_item *rows;
    size_t len, cap;
};

static inline uint32_t node_add(struct decoder *decoder, struct open_stack *stack, size_t at)
{
    if (decoder->len == decoder->cap) {
        decoder->cap = decoder->cap == 0 ? 256 : decoder->cap * 2;
        decoder->nodes = memory_realloc(decoder->nodes, decoder->cap * sizeof *decoder->nodes);
    }
    uint32_t index = decoder->len++;
    decoder->nodes[index] = (struct node){.at = (uint32_t)at};
    if (stack->len > 0) {
        struct open_item *parent = &stack->rows[stack->len - 1];
        uint32_t *link = parent->last_child == 0 ? &decoder->nodes[parent->node].child
                                                 : &decoder->nodes[parent->last_child].next;
        *link = index;
        parent->last_child = index;
        parent->left -= parent->indefinite ? 0 : 1;
        decoder->nodes[parent->node].count++;
    }
    return index;
}

static void open_push(struct open_stack *stack, struct open_item item)
{
    if (stack->len == stack->cap) {
        stack->cap = stack->cap == 0 ? 64 : stack->cap * 2;
        stack->rows = memory_realloc(stack->rows, stack->cap * sizeof item);
    }
    stack->rows[stack->len++] = item;
}

/* The chunks of an indefinite string, joined. */
static enum err chunks_read(
    struct decoder *decoder, struct cbor_reader *reader, enum cbor_major major, struct str *ret)
{
    AUTO_BUF joined = {0};
    for (;;) {
        struct cbor_item chunk;
        enum err err = cbor_read(reader, &chunk);
        if (err != OK) {
            return err;
        }
        if (chunk.is_break) {
            *ret = arena_str(&decoder->terms->arena, buf_str(&joined));
            return OK;
        }
        if (chunk.major != major || chunk.is_indefinite) {
            return ERR_INVALID;
        }
        buf_add(&joined, chunk.bytes);
    }
}

/* A node without its links. */
static enum err node_of(struct decoder *decoder, struct cbor_reader *reader,
    const struct cbor_item *item, struct node *ret_node)
{
    struct node *node = ret_node;
    node->major = (uint8_t)item->major;
    bool string = item->major == CBOR_TEXT || item->major == CBOR_BYTES;
    if (string) {
        node->bytes = item->bytes;
    } else {
        node->argument = item->argument;
    }
    if (string && item->is_indefinite) {
        enum err err = chunks_read(decoder, reader, item->major, &node->bytes);
        if (err != OK) {
            return err;
        }
    }
    if (item->major == CBOR_TEXT && !utf8_is(node->bytes)) {
        return ERR_INVALID;
    }
    if (item->major == CBOR_SIMPLE) {
        node->is_float = item->is_float;
        if (item->is_float) {
            node->number = item->number;
        }
        node->is_null = !item->is_float && item->argument == 22;
        node->is_bool = !item->is_float && (item->argument | 1U) == 21;
    }
    return OK;
}

static void node_finish(struct decoder *decoder, struct node *node);

/* A path of `with` may look like a term: [0, "Natural"]. */
static bool is_path(const struct decoder *decoder, const struct open_stack *stack)
{
    const struct node *parent =
        stack->len == 0 ? NULL : &decoder->nodes[stack->rows[stack->len - 1].node];
    const struct node *code = parent == NULL ? NULL : &decoder->nodes[parent->child];
    return parent != NULL && parent->major == CBOR_ARRAY && parent->count == 3 &&
           code->major == CBOR_UNSIGNED && code->argument == 29;
}

static void opened_pop(struct open_stack *stack, struct decoder *decoder)
{
    struct node *node = &decoder->nodes[stack->rows[--stack->len].node];
    if (is_path(decoder, stack)) {
        return;
    }
    node_finish(decoder, node);
    if (node->term.row != 0 || node->is_big) {
        decoder->len = (uint32_t)(node - decoder->nodes) + 1;
        node->child = 0;
        node->count = 0;
    }
}

/* Ends what has all its children, or is ended by a break. */
static enum err opened_close(struct open_stack *stack, struct decoder *decoder, bool is_break)
{
    if (is_break) {
        if (stack->len == 0 || !stack->rows[stack->len - 1].indefinite) {
            return ERR_INVALID;
        }
        const struct node *node = &decoder->nodes[stack->rows[stack->len - 1].node];
        if (node->major == CBOR_MAP && node->count % 2 != 0) {
            return ERR_INVALID;
        }
        opened_pop(stack, decoder);
    }
    while (stack->len > 0 && !stack->rows[stack->len - 1].indefinite &&
           stack->rows[stack->len - 1].left == 0) {
        opened_pop(stack, decoder);
    }
    return OK;
}

static enum err item_read(
    struct decoder *decoder, struct cbor_reader *reader, struct open_stack *stack)
{
    size_t at = (size_t)(reader->input.ptr - reader->begin);
    struct cbor_item item;
    enum err err = cbor_read(reader, &item);
    if (err != OK) {
        return err;
    }
    if (item.is_break) {
        return opened_close(stack, decoder, true);
    }
    if (item.major == CBOR_TAG && item.argument == 55799) {
        return reader->input.len == 0 ? ERR_INVALID : OK; /* says only "this is CBOR" */
    }
    uint32_t index = node_add(decoder, stack, at);
    err = node_of(decoder, reader, &item, &decoder->nodes[index]);
    if (err != OK) {
        return err;
    }
    if (item.major == CBOR_ARRAY) {
        decoder->nodes[index].bad = (struct bad){0};
    }
    if (item.major == CBOR_ARRAY || item.major == CBOR_MAP || item.major == CBOR_TAG) {
        uint64_t left = item.major == CBOR_TAG ? 1 : item.argument;
        if (left > reader->input.len) {
            return ERR_INVALID;
        }
        left *= item.major == CBOR_MAP ? 2 : 1;
        open_push(stack,
            (struct open_item){.node = index, .left = left, .indefinite = item.is_indefinite});
    }
    const struct open_item *parent = stack->len == 0 ? NULL : &stack->rows[stack->len - 1];
    bool closes = parent != NULL && parent->left == 0 && !parent->indefinite;
    return closes ? opened_close(stack, decoder, false) : OK;
}

static enum err items_read(struct decoder *decoder)
{
    struct cbor_reader reader;
    struct open_stack stack = {0};
    cbor_reader_init(&reader, decoder->input);
    (void)node_add(decoder, &stack, 0);
    enum err err;
    do {
        err = item_read(decoder, &reader, &stack);
    } while (err == OK && (stack.len > 0 || decoder->len == 1));
    free(stack.rows);
    size_t at = (size_t)(reader.input.ptr - reader.begin);
    if (err != OK) {
        return diag_add(
            decoder->diags, ERR_INVALID, SPAN_NONE, "byte %zu: not well-formed CBOR", at);
    }
    if (reader.input.len > 0) {
        return diag_add(
            decoder->diags, ERR_INVALID, SPAN_NONE, "byte %zu: more bytes than the expression", at);
    }
    return OK;
}

/* --- terms --- */

dhall_term decode_bad(struct decoder *decoder, const struct node *node, const char *why)
{
    decoder->bad = (struct bad){.at = node->at, .why = why};
    return (dhall_term){0};
}

const struct node *decode_child(
    const struct decoder *decoder, const struct node *parent, uint32_t place)
{
    uint32_t index = parent->child;
    while (place-- > 0) {
        index = node_at(decoder, index)->next;
    }
    return node_at(decoder, index);
}

static void big_get(const struct node *node, mpz_t ret)
{
    mpz_import(ret, node->bytes.len, 1, 1, 1, 0, node->bytes.ptr);
}

bool decode_integer(const struct node *node, mpz_t ret)
{
    bool negative = node->major == CBOR_NEGATIVE || (node->is_big && node->is_negative);
    if (node->is_big) {
        big_get(node, ret);
    } else if (node->major == CBOR_UNSIGNED || node->major == CBOR_NEGATIVE) {
        mpz_set_ui(ret, node->argument);
    } else {
        return false;
    }
    if (negative) {
        mpz_add_ui(ret, ret, 1);
        mpz_neg(ret, ret);
    }
    return true;
}

static bool index_get(const struct node *node, uint32_t *ret_index)
{
    mpz_t value;
    mpz_init(value);
    bool fits =
        decode_integer(node, value) && mpz_sgn(value) >= 0 && mpz_sizeinbase(value, 2) <= 32;
    *ret_index = fits ? (uint32_t)mpz_get_ui(value) : 0;
    mpz_clear(value);
    return fits;
}

/* --- rows of the same content --- */

static uint32_t row_hash(const struct dhall_terms *terms, const struct dhall_row *row)
{
    uint64_t hash = (uint64_t)row->kind << 32 | row->c;
    if (row->kind == DHALL_APP) {
        return (uint32_t)((hash ^ row->a ^ (uint64_t)row->b << 20) * UINT64_C(0x9E3779B97F4A7C15) >>
                          32);
    }
    const uint32_t *list = dhall_list_of(terms, row);
    for (uint32_t i = 0; i < row->c; i++) {
        hash = (hash ^ list[i]) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 29;
    }
    return (uint32_t)(hash >> 16);
}

static bool rows_equal(
    const struct dhall_terms *terms, const struct dhall_row *left, const struct dhall_row *right)
{
    if (left->kind != right->kind || left->c != right->c) {
        return false;
    }
    return left->kind == DHALL_APP
               ? left->a == right->a && left->b == right->b
               : left->c == 0 || memcmp(dhall_list_of(terms, left), dhall_list_of(terms, right),
                                     left->c * sizeof(uint32_t)) == 0;
}

/* The place of row, or of the row of the same content. */
static uint32_t *interned_slot(const struct decoder *decoder, const struct dhall_row *row)
{
    const struct dhall_terms *terms = decoder->terms;
    for (uint32_t i = row_hash(terms, row);; i++) {
        uint32_t *slot = &decoder->interned[i & decoder->interned_mask];
        if (*slot == 0 || rows_equal(terms, &terms->rows[*slot], row)) {
            return slot;
        }
    }
}

static void interned_grow(struct decoder *decoder)
{
    uint32_t *old = decoder->interned;
    uint32_t old_mask = decoder->interned_mask;
    uint32_t mask = old == NULL ? 255 : old_mask * 2 + 1;
    decoder->interned = memory_calloc((size_t)mask + 1, sizeof *old);
    decoder->interned_mask = mask;
    for (uint32_t i = 0; old != NULL && i <= old_mask; i++) {
        if (old[i] != 0) {
            *interned_slot(decoder, &decoder->terms->rows[old[i]]) = old[i];
        }
    }
    free(old);
}

static bool is_closed_part(const struct dhall_terms *terms, uint32_t row)
{
    return terms->rows[row].is_shared || terms->rows[row].kind == DHALL_BUILTIN;
}

/* No variable is in it: it consists of builtins. */
static bool is_closed(const struct dhall_terms *terms, const struct dhall_row *row)
{
    if (row->kind == DHALL_APP) {
        return is_closed_part(terms, row->a) && is_closed_part(terms, row->b);
    }
    const uint32_t *list = dhall_list_of(terms, row);
    for (uint32_t i = 1; i < row->c; i += 2) {
        if (list[i] != 0 && !is_closed_part(terms, list[i])) {
            return false;
        }
    }
    return true;
}

/* The row of the same content, if term, the newest row, is closed and there is one; else term.
 * lists_len: how long the pool was before it. */
static dhall_term row_intern(struct decoder *decoder, dhall_term term, uint32_t lists_len)
{
    struct dhall_terms *terms = decoder->terms;
    struct dhall_row *row = &terms->rows[term.row];
    if (term.row == 0 || !is_closed(terms, row)) {
        return term;
    }
    if (decoder->interned_len >= decoder->interned_mask / 2) {
        interned_grow(decoder);
    }
    uint32_t *slot = interned_slot(decoder, row);
    if (*slot != 0) {
        terms->len--;
        terms->lists_len = lists_len;
        return (dhall_term){*slot};
    }
    *slot = term.row;
    decoder->interned_len++;
    row->is_shared = true;
    terms->has_shared = true;
    return term;
}

static dhall_term builtin_of(struct decoder *decoder, enum dhall_builtin builtin)
{
    dhall_term *known = &decoder->builtins[builtin];
    if (known->row == 0) {
        *known = dhall_builtin_add(decoder->terms, builtin, SPAN_NONE);
    }
    return *known;
}

static dhall_term app_of(struct decoder *decoder, dhall_term function, dhall_term argument)
{
    dhall_term term = dhall_app_add(decoder->terms, function, argument, SPAN_NONE);
    return row_intern(decoder, term, decoder->terms->lists_len);
}

dhall_term decode_term(struct decoder *decoder, const struct node *node)
{
    if (node->term.row != 0) {
        return node->term;
    }
    uint32_t index;
    if (node->major == CBOR_TEXT) {
        uint32_t row = table_get(&decoder->terms->labels->table, node->bytes);
        enum dhall_builtin builtin =
            row == TABLE_NONE ? DHALL_BUILTIN_COUNT : dhall_label_builtin(row);
        bool is_bool = builtin == DHALL_BUILTIN_TRUE_ || builtin == DHALL_BUILTIN_FALSE_;
        if (builtin != DHALL_BUILTIN_COUNT && !is_bool) {
            return builtin_of(decoder, builtin);
        }
        return decode_bad(decoder, node, "no builtin of this name");
    }
    if (node->is_bool) {
        return dhall_bool_add(decoder->terms, node->argument == 21, SPAN_NONE);
    }
    if (node->is_float) {
        return dhall_double_add(decoder->terms, node->number, SPAN_NONE);
    }
    if (index_get(node, &index)) {
        return dhall_var_add(decoder->terms, 0, index, SPAN_NONE);
    }
    if (node->major == CBOR_ARRAY && node->bad.why != NULL) {
        decoder->bad = node->bad;
        return (dhall_term){0};
    }
    return decode_bad(decoder, node, "not the encoding of an expression");
}

static bool label_get(struct decoder *decoder, const struct node *node, uint32_t *ret_label)
{
    if (node->major != CBOR_TEXT) {
        (void)decode_bad(decoder, node, "a name is expected here");
        return false;
    }
    *ret_label = dhall_label_of(decoder->terms->labels, node->bytes);
    return true;
}

static void push(struct decoder *decoder, uint32_t number)
{
    if (decoder->scratch_len == decoder->scratch_cap) {
        decoder->scratch_cap = decoder->scratch_cap == 0 ? 256 : decoder->scratch_cap * 2;
        decoder->scratch =
            memory_realloc(decoder->scratch, decoder->scratch_cap * sizeof *decoder->scratch);
    }
    decoder->scratch[decoder->scratch_len++] = number;
}

/* The terms of the children from place on, pushed on the empty scratch stack. */
static bool terms_push(struct decoder *decoder, const struct node *array, uint32_t place)
{
    decoder->scratch_len = 0;
    const struct node *node = decode_child(decoder, array, place);
    for (uint32_t i = place; i < array->count; i++) {
        dhall_term term = decode_term(decoder, node);
        if (term.row == 0) {
            return false;
        }
        push(decoder, term.row);
        node = node_at(decoder, node->next);
    }
    return true;
}

dhall_term decode_wrong_length(struct decoder *decoder, const struct node *array)
{
    return decode_bad(decoder, array, "an array of the wrong length");
}

static dhall_term application(struct decoder *decoder, const struct node *array)
{
    if (array->count < 3) {
        return decode_wrong_length(decoder, array);
    }
    if (!terms_push(decoder, array, 1)) {
        return (dhall_term){0};
    }
    dhall_term term = {decoder->scratch[0]};
    for (size_t i = 1; i < decoder->scratch_len; i++) {
        term = app_of(decoder, term, (dhall_term){decoder->scratch[i]});
    }
    return term;
}

static dhall_term binder(struct decoder *decoder, const struct node *array, enum dhall_kind kind)
{
    uint32_t label = 0;
    if (array->count != 3 && array->count != 4) {
        return decode_wrong_length(decoder, array);
    }
    if (array->count == 4) {
        const struct node *name = decode_child(decoder, array, 1);
        if (!label_get(decoder, name, &label)) {
            return (dhall_term){0};
        }
        if (label == 0) {
            return decode_bad(decoder, name, "the name _ is not written");
        }
    }
    if (!terms_push(decoder, array, array->count - 2)) {
        return (dhall_term){0};
    }
    dhall_term domain = {decoder->scratch[0]};
    dhall_term body = {decoder->scratch[1]};
    return kind == DHALL_LAMBDA ? dhall_lambda_add(decoder->terms, label, domain, body, SPAN_NONE)
                                : dhall_pi_add(decoder->terms, label, domain, body, SPAN_NONE);
}

static dhall_term operator_(struct decoder *decoder, const struct node *array)
{
    if (array->count != 4) {
        return decode_wrong_length(decoder, array);
    }
    const struct node *code = decode_child(decoder, array, 1);
    if (!is_unsigned(code, DHALL_COMPLETE)) {
        return decode_bad(decoder, code, "no operator has this number");
    }
    if (!terms_push(decoder, array, 2)) {
        return (dhall_term){0};
    }
    return dhall_operator_add(decoder->terms, (enum dhall_operator)code->argument,
        (dhall_term){decoder->scratch[0]}, (dhall_term){decoder->scratch[1]}, SPAN_NONE);
}

/* Kinds with terms in a, b, c: between least and most children. */
static dhall_term plain(struct decoder *decoder, const struct node *array, enum dhall_kind kind,
    uint32_t least, uint32_t most)
{
    if (array->count - 1 < least || array->count - 1 > most) {
        return decode_wrong_length(decoder, array);
    }
    if (!terms_push(decoder, array, 1)) {
        return (dhall_term){0};
    }
    dhall_term parts[3] = {{0}, {0}, {0}};
    for (size_t i = 0; i < decoder->scratch_len; i++) {
        parts[i].row = decoder->scratch[i];
    }
    return dhall_node_add(decoder->terms, kind, parts[0], parts[1], parts[2], SPAN_NONE);
}

static dhall_term list(struct decoder *decoder, const struct node *array)
{
    if (array->count < 2) {
        return decode_wrong_length(decoder, array);
    }
    const struct node *type = decode_child(decoder, array, 1);
    if (array->count == 2) {
        dhall_term element = decode_term(decoder, type);
        if (element.row == 0) {
            return element;
        }
        dhall_term of = builtin_of(decoder, DHALL_BUILTIN_LIST_TYPE);
        dhall_term annotation = app_of(decoder, of, element);
        return dhall_node_add(decoder->terms, DHALL_LIST_EMPTY, annotation, (dhall_term){0},
            (dhall_term){0}, SPAN_NONE);
    }
    if (!type->is_null) {
        return decode_bad(decoder, type, "a list with elements has no type here");
    }
    if (!terms_push(decoder, array, 2)) {
        return (dhall_term){0};
    }
    return dhall_list_row_add(
        decoder->terms, DHALL_LIST, 0, decoder->scratch, decoder->scratch_len, SPAN_NONE);
}

static dhall_term some(struct decoder *decoder, const struct node *array)
{
    if (array->count != 3 || !decode_child(decoder, array, 1)->is_null) {
        return decode_wrong_length(decoder, array);
    }
    dhall_term term = decode_term(decoder, decode_child(decoder, array, 2));
    if (term.row == 0) {
        return term;
    }
    return dhall_node_add(
        decoder->terms, DHALL_SOME, term, (dhall_term){0}, (dhall_term){0}, SPAN_NONE);
}

static dhall_term fields(struct decoder *decoder, const struct node *array, enum dhall_kind kind)
{
    const struct node *map = decode_child(decoder, array, 1);
    if (array->count != 2 || map->major != CBOR_MAP) {
        return decode_wrong_length(decoder, array);
    }
    decoder->scratch_len = 0;
    for (uint32_t index = map->child; index != 0; index = node_at(decoder, index)->next) {
        const struct node *key = node_at(decoder, index);
        uint32_t label;
        if (!label_get(decoder, key, &label)) {
            return (dhall_term){0};
        }
        index = key->next;
        const struct node *value = node_at(decoder, index);
        dhall_term term = {0};
        if (kind != DHALL_UNION || !value->is_null) {
            term = decode_term(decoder, value);
            if (term.row == 0) {
                return term;
            }
        }
        push(decoder, label);
        push(decoder, term.row);
    }
    uint32_t lists_len = decoder->terms->lists_len;
    dhall_term term = dhall_fields_add(
        decoder->terms, kind, decoder->scratch, decoder->scratch_len / 2, SPAN_NONE);
    return row_intern(decoder, term, lists_len);
}

static dhall_term field(struct decoder *decoder, const struct node *array)
{
    uint32_t label;
    if (array->count != 3) {
        return decode_wrong_length(decoder, array);
    }
    if (!label_get(decoder, decode_child(decoder, array, 2), &label)) {
        return (dhall_term){0};
    }
    dhall_term record = decode_term(decoder, decode_child(decoder, array, 1));
    return record.row == 0 ? record : dhall_field_add(decoder->terms, record, label, SPAN_NONE);
}

static dhall_term project(struct decoder *decoder, const struct node *array)
{
    if (array->count < 2) {
        return decode_wrong_length(decoder, array);
    }
    dhall_term record = decode_term(decoder, decode_child(decoder, array, 1));
    if (record.row == 0) {
        return record;
    }
    const struct node *node = decode_child(decoder, array, 2);
    if (array->count == 3 && node->major == CBOR_ARRAY && node->count == 1) {
        dhall_term type = decode_term(decoder, node_at(decoder, node->child));
        return type.row == 0 ? type
                             : dhall_node_add(decoder->terms, DHALL_PROJECT_TYPE, record, type,
                                   (dhall_term){0}, SPAN_NONE);
    }
    decoder->scratch_len = 0;
    for (uint32_t i = 2; i < array->count; i++) {
        uint32_t label;
        if (!label_get(decoder, node, &label)) {
            return (dhall_term){0};
        }
        push(decoder, label);
        node = node_at(decoder, node->next);
    }
    return dhall_list_row_add(decoder->terms, DHALL_PROJECT, record.row, decoder->scratch,
        decoder->scratch_len, SPAN_NONE);
}

static dhall_term number(struct decoder *decoder, const struct node *array, enum dhall_kind kind)
{
    if (array->count != 2) {
        return decode_wrong_length(decoder, array);
    }
    const struct node *node = decode_child(decoder, array, 1);
    mpz_t value;
    mpz_init(value);
    dhall_term term = {0};
    if (decode_integer(node, value) && (kind == DHALL_INTEGER || mpz_sgn(value) >= 0)) {
        term = dhall_number_add(decoder->terms, kind, value, SPAN_NONE);
    } else {
        (void)decode_bad(decoder, node, "not such a number");
    }
    mpz_clear(value);
    return term;
}

static dhall_term text(struct decoder *decoder, const struct node *array)
{
    if (array->count % 2 != 0) {
        return decode_wrong_length(decoder, array);
    }
    decoder->scratch_len = 0;
    const struct node *node = decode_child(decoder, array, 1);
    for (uint32_t i = 1; i < array->count; i++) {
        uint32_t part;
        if (i % 2 != 0) {
            if (node->major != CBOR_TEXT) {
                return decode_bad(decoder, node, "a text is expected here");
            }
            part = dhall_text_literal(decoder->terms, node->bytes);
        } else {
            part = decode_term(decoder, node).row;
            if (part == 0) {
                return (dhall_term){0};
            }
        }
        push(decoder, part);
        node = node_at(decoder, node->next);
    }
    return dhall_list_row_add(
        decoder->terms, DHALL_TEXT, 0, decoder->scratch, decoder->scratch_len, SPAN_NONE);
}

static dhall_term bytes(struct decoder *decoder, const struct node *array)
{
    const struct node *node = decode_child(decoder, array, 1);
    if (array->count != 2 || node->major != CBOR_BYTES) {
        return decode_wrong_length(decoder, array);
    }
    return dhall_bytes_add(decoder->terms, node->bytes, SPAN_NONE);
}

static dhall_term with(struct decoder *decoder, const struct node *array)
{
    const struct node *path = decode_child(decoder, array, 2);
    if (array->count != 4 || path->major != CBOR_ARRAY || path->count == 0) {
        return decode_wrong_length(decoder, array);
    }
    dhall_term record = decode_term(decoder, decode_child(decoder, array, 1));
    dhall_term value = decode_term(decoder, decode_child(decoder, array, 3));
    if (record.row == 0 || value.row == 0) {
        return (dhall_term){0};
    }
    decoder->scratch_len = 0;
    push(decoder, value.row);
    for (uint32_t index = path->child; index != 0; index = node_at(decoder, index)->next) {
        const struct node *step = node_at(decoder, index);
        uint32_t label = DHALL_PATH_OPTIONAL;
        if (!is_unsigned(step, 0) && !label_get(decoder, step, &label)) {
            return (dhall_term){0};
        }
        push(decoder, label);
    }
    return dhall_list_row_add(
        decoder->terms, DHALL_WITH, record.row, decoder->scratch, decoder->scratch_len, SPAN_NONE);
}

static dhall_term let(struct decoder *decoder, const struct node *array)
{
    if (array->count < 5 || array->count % 3 != 2) {
        return decode_wrong_length(decoder, array);
    }
    decoder->scratch_len = 0;
    const struct node *node = decode_child(decoder, array, 1);
    for (uint32_t i = 1; i < array->count; i++) {
        uint32_t part = 0;
        bool name = i % 3 == 1 && i + 1 < array->count;
        bool no_annotation = i % 3 == 2 && node->is_null;
        if (name && !label_get(decoder, node, &part)) {
            return (dhall_term){0};
        }
        if (!name && !no_annotation) {
            part = decode_term(decoder, node).row;
            if (part == 0) {
                return (dhall_term){0};
            }
        }
        push(decoder, part);
        node = node_at(decoder, node->next);
    }
    const uint32_t *parts = decoder->scratch;
    dhall_term term = {parts[decoder->scratch_len - 1]};
    for (size_t i = decoder->scratch_len - 1; i > 0; i -= 3) {
        term = dhall_let_add(decoder->terms, parts[i - 3], (dhall_term){parts[i - 2]},
            (dhall_term){parts[i - 1]}, term, SPAN_NONE);
    }
    return term;
}

/* --- all of it --- */

static dhall_term variable(struct decoder *decoder, const struct node *array)
{
    const struct node *name = node_at(decoder, array->child);
    uint32_t label;
    uint32_t index;
    if (array->count != 2 || !index_get(node_at(decoder, name->next), &index) ||
        !label_get(decoder, name, &label)) {
        return decode_bad(decoder, array, "a variable is a name and an index");
    }
    if (label == 0) {
        return decode_bad(decoder, name, "the name _ is not written");
    }
    return dhall_var_add(decoder->terms, label, index, SPAN_NONE);
}

static dhall_term labelled(struct decoder *decoder, const struct node *array, uint64_t number_)
{
    switch (number_) {
    case 0:
        return application(decoder, array);
    case 1:
        return binder(decoder, array, DHALL_LAMBDA);
    case 2:
        return binder(decoder, array, DHALL_PI);
    case 3:
        return operator_(decoder, array);
    case 4:
        return list(decoder, array);
    case 5:
        return some(decoder, array);
    case 6:
        return plain(decoder, array, DHALL_MERGE, 2, 3);
    case 7:
        return fields(decoder, array, DHALL_RECORD_TYPE);
    case 8:
        return fields(decoder, array, DHALL_RECORD);
    case 9:
        return field(decoder, array);
    case 10:
        return project(decoder, array);
    case 11:
        return fields(decoder, array, DHALL_UNION);
    case 14:
        return plain(decoder, array, DHALL_IF, 3, 3);
    case 15:
        return number(decoder, array, DHALL_NATURAL);
    case 16:
        return number(decoder, array, DHALL_INTEGER);
    case 18:
        return text(decoder, array);
    case 19:
        return plain(decoder, array, DHALL_ASSERT, 1, 1);
    case 24:
        return decode_import(decoder, array);
    case 25:
        return let(decoder, array);
    case 26:
        return plain(decoder, array, DHALL_ANNOT, 2, 2);
    case 27:
        return plain(decoder, array, DHALL_TO_MAP, 1, 2);
    case 28:
        return plain(decoder, array, DHALL_LIST_EMPTY, 1, 1);
    case 29:
        return with(decoder, array);
    case 30:
        return decode_date(decoder, array);
    case 31:
        return decode_time(decoder, array);
    case 32:
        return decode_time_zone(decoder, array);
    case 33:
        return bytes(decoder, array);
    case 34:
        return plain(decoder, array, DHALL_SHOW_CONSTRUCTOR, 1, 1);
    default:
        return decode_bad(decoder, array, "no expression begins with this number");
    }
}

/* Makes the node's term if it is an array that is one; joins a bignum with its bytes. */
static void node_finish(struct decoder *decoder, struct node *node)
{
    const struct node *first = node_at(decoder, node->child);
    decoder->bad = (struct bad){0};
    if (node->major == CBOR_TAG && (node->argument == 2 || node->argument == 3)) {
        node->is_big = first->major == CBOR_BYTES;
        node->is_negative = node->argument == 3;
        if (node->is_big) {
            node->bytes = first->bytes; /* in the place of the argument */
        }
    }
    if (node->major != CBOR_ARRAY || node->count == 0) {
        return;
    }
    if (first->major == CBOR_TEXT) {
        node->term = variable(decoder, node);
    } else if (first->major == CBOR_UNSIGNED) {
        node->term = labelled(decoder, node, first->argument);
    }
    node->bad = decoder->bad; /* in the place of the argument */
}

enum err dhall_decode(
    struct dhall_terms *terms, struct str input, dhall_term *ret_term, struct diags *diags)
{
    if (input.len > DHALL_SOURCE_BYTES_MAX) {
        return diag_add(
            diags, ERR_LIMIT, SPAN_NONE, "more than %d bytes of CBOR", (int)DHALL_SOURCE_BYTES_MAX);
    }
    struct decoder decoder = {.terms = terms, .diags = diags, .input = input};
    enum err err = items_read(&decoder);
    if (err == OK) {
        dhall_term term = decode_term(&decoder, &decoder.nodes[1]);
        if (terms->full) {
            err = diag_add(diags, ERR_LIMIT, SPAN_NONE, "more than %u terms", terms->len_max);
        } else if (term.row == 0) {
            err = diag_add(
                diags, ERR_INVALID, SPAN_NONE, "byte %zu: %s", decoder.bad.at, decoder.bad.why);
        } else {
            dhall_terms_trim(terms);
            *ret_term = term;
        }
    }
    free(decoder.nodes);
    free(decoder.interned);
    free(decoder.scratch);
    return err;
}
