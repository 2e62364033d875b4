/* src/dhall/decode.c: CBOR to terms.
 *
 *   nodes: one for each CBOR item, parents before children: a child is found by `child`, the next
 * of the same parent by `next`
 *
 * First all nodes are read; then terms are made from the last node to the first, so that children
 * are there when their parent is made, and no recursion is needed. What makes no term by itself (a
 * path, a map) is left to its parent; an item that should have been a term and is none is told at
 * the end, the outermost first. */
#include "base/utf8.h"
#include "codec/cbor.h"
#include "dhall/encode.h"
#include "dhall/parse.h"
#include <assert.h>
#include <stdlib.h>

/* There are many: 48 bytes each. */
struct node {
    uint8_t major;                           /* enum cbor_major */
    bool is_float, is_null, is_bool, is_big; /* is_big: tag 2 or 3 (is_negative) with bytes */
    bool is_negative;
    uint32_t child, next; /* 0: none */
    uint32_t count;       /* children; of a map two for each pair */
    uint32_t at;          /* where in the input */
    dhall_term term;
    union {
        uint64_t argument;
        double number;    /* is_float */
        struct str bytes; /* of strings, and is_big */
    };
};
struct decoder {
    struct dhall_terms *terms;
    struct diags *diags;
    struct str input;
    struct node *nodes; /* [0] is none */
    uint32_t len, cap;
    uint32_t *scratch;
    size_t scratch_len, scratch_cap;
    size_t bad_at;       /* the outermost item that is no term */
    const char *bad_why; /* NULL: none */
};

/* --- first pass: items --- */

struct open_item {
    uint32_t node, last_child;
    uint64_t left; /* children to come */
    bool indefinite;
};
struct open_stack {
    struct open_item *rows;
    size_t len, cap;
};

static uint32_t node_add(struct decoder *decoder, struct open_stack *stack, struct node node)
{
    if (decoder->len == decoder->cap) {
        decoder->cap = decoder->cap == 0 ? 256 : decoder->cap * 2;
        decoder->nodes = memory_realloc(decoder->nodes, decoder->cap * sizeof node);
    }
    uint32_t index = decoder->len++;
    decoder->nodes[index] = node;
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

/* Ends what has all its children, or is ended by a break. */
static enum err opened_close(struct open_stack *stack, const struct decoder *decoder, bool is_break)
{
    if (is_break) {
        if (stack->len == 0 || !stack->rows[stack->len - 1].indefinite) {
            return ERR_INVALID;
        }
        const struct node *node = &decoder->nodes[stack->rows[stack->len - 1].node];
        if (node->major == CBOR_MAP && node->count % 2 != 0) {
            return ERR_INVALID;
        }
        stack->len--;
    }
    while (stack->len > 0 && !stack->rows[stack->len - 1].indefinite &&
           stack->rows[stack->len - 1].left == 0) {
        stack->len--;
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
    struct node node = {.at = (uint32_t)at};
    err = node_of(decoder, reader, &item, &node);
    if (err != OK) {
        return err;
    }
    uint32_t index = node_add(decoder, stack, node);
    if (item.major == CBOR_ARRAY || item.major == CBOR_MAP || item.major == CBOR_TAG) {
        uint64_t left = item.major == CBOR_TAG ? 1 : item.argument;
        if (left > reader->input.len) {
            return ERR_INVALID;
        }
        left *= item.major == CBOR_MAP ? 2 : 1;
        open_push(stack,
            (struct open_item){.node = index, .left = left, .indefinite = item.is_indefinite});
    }
    return opened_close(stack, decoder, false);
}

static enum err items_read(struct decoder *decoder)
{
    struct cbor_reader reader;
    struct open_stack stack = {0};
    cbor_reader_init(&reader, decoder->input);
    (void)node_add(decoder, &stack, (struct node){0});
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

/* --- second pass: terms --- */

static dhall_term bad(struct decoder *decoder, const struct node *node, const char *why)
{
    decoder->bad_at = node->at;
    decoder->bad_why = why;
    return (dhall_term){0};
}

static const struct node *node_at(const struct decoder *decoder, uint32_t index)
{
    return &decoder->nodes[index];
}

static const struct node *child_of(
    const struct decoder *decoder, const struct node *parent, uint32_t place)
{
    uint32_t index = parent->child;
    while (place-- > 0) {
        index = node_at(decoder, index)->next;
    }
    return node_at(decoder, index);
}

static bool is_unsigned(const struct node *node, uint64_t most)
{
    return node->major == CBOR_UNSIGNED && node->argument <= most;
}

static void big_get(const struct node *node, mpz_t ret)
{
    mpz_import(ret, node->bytes.len, 1, 1, 1, 0, node->bytes.ptr);
}

/* An integer of any width; false if the node is none. ret is initialised. */
static bool integer_get(const struct node *node, mpz_t ret)
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
    bool fits = integer_get(node, value) && mpz_sgn(value) >= 0 && mpz_sizeinbase(value, 2) <= 32;
    *ret_index = fits ? (uint32_t)mpz_get_ui(value) : 0;
    mpz_clear(value);
    return fits;
}

/* The term that an item is, where one must be. */
static dhall_term term_of(struct decoder *decoder, const struct node *node)
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
            return dhall_builtin_add(decoder->terms, builtin, SPAN_NONE);
        }
        return bad(decoder, node, "no builtin of this name");
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
    bool array = node->major == CBOR_ARRAY && decoder->bad_why != NULL;
    return array ? (dhall_term){0} : bad(decoder, node, "not the encoding of an expression");
}

static bool label_get(struct decoder *decoder, const struct node *node, uint32_t *ret_label)
{
    if (node->major != CBOR_TEXT) {
        (void)bad(decoder, node, "a name is expected here");
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
    const struct node *node = child_of(decoder, array, place);
    for (uint32_t i = place; i < array->count; i++) {
        dhall_term term = term_of(decoder, node);
        if (term.row == 0) {
            return false;
        }
        push(decoder, term.row);
        node = node_at(decoder, node->next);
    }
    return true;
}

static dhall_term wrong_length(struct decoder *decoder, const struct node *array)
{
    return bad(decoder, array, "an array of the wrong length");
}

static dhall_term application(struct decoder *decoder, const struct node *array)
{
    if (array->count < 3) {
        return wrong_length(decoder, array);
    }
    if (!terms_push(decoder, array, 1)) {
        return (dhall_term){0};
    }
    dhall_term term = {decoder->scratch[0]};
    for (size_t i = 1; i < decoder->scratch_len; i++) {
        term = dhall_app_add(decoder->terms, term, (dhall_term){decoder->scratch[i]}, SPAN_NONE);
    }
    return term;
}

static dhall_term binder(struct decoder *decoder, const struct node *array, enum dhall_kind kind)
{
    uint32_t label = 0;
    if (array->count != 3 && array->count != 4) {
        return wrong_length(decoder, array);
    }
    if (array->count == 4) {
        const struct node *name = child_of(decoder, array, 1);
        if (!label_get(decoder, name, &label)) {
            return (dhall_term){0};
        }
        if (label == 0) {
            return bad(decoder, name, "the name _ is not written");
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
        return wrong_length(decoder, array);
    }
    const struct node *code = child_of(decoder, array, 1);
    if (!is_unsigned(code, DHALL_COMPLETE)) {
        return bad(decoder, code, "no operator has this number");
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
        return wrong_length(decoder, array);
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
        return wrong_length(decoder, array);
    }
    const struct node *type = child_of(decoder, array, 1);
    if (array->count == 2) {
        dhall_term element = term_of(decoder, type);
        if (element.row == 0) {
            return element;
        }
        dhall_term of = dhall_builtin_add(decoder->terms, DHALL_BUILTIN_LIST_TYPE, SPAN_NONE);
        dhall_term annotation = dhall_app_add(decoder->terms, of, element, SPAN_NONE);
        return dhall_node_add(decoder->terms, DHALL_LIST_EMPTY, annotation, (dhall_term){0},
            (dhall_term){0}, SPAN_NONE);
    }
    if (!type->is_null) {
        return bad(decoder, type, "a list with elements has no type here");
    }
    if (!terms_push(decoder, array, 2)) {
        return (dhall_term){0};
    }
    return dhall_list_row_add(
        decoder->terms, DHALL_LIST, 0, decoder->scratch, decoder->scratch_len, SPAN_NONE);
}

static dhall_term some(struct decoder *decoder, const struct node *array)
{
    if (array->count != 3 || !child_of(decoder, array, 1)->is_null) {
        return wrong_length(decoder, array);
    }
    dhall_term term = term_of(decoder, child_of(decoder, array, 2));
    if (term.row == 0) {
        return term;
    }
    return dhall_node_add(
        decoder->terms, DHALL_SOME, term, (dhall_term){0}, (dhall_term){0}, SPAN_NONE);
}

static dhall_term fields(struct decoder *decoder, const struct node *array, enum dhall_kind kind)
{
    const struct node *map = child_of(decoder, array, 1);
    if (array->count != 2 || map->major != CBOR_MAP) {
        return wrong_length(decoder, array);
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
            term = term_of(decoder, value);
            if (term.row == 0) {
                return term;
            }
        }
        push(decoder, label);
        push(decoder, term.row);
    }
    return dhall_fields_add(
        decoder->terms, kind, decoder->scratch, decoder->scratch_len / 2, SPAN_NONE);
}

static dhall_term field(struct decoder *decoder, const struct node *array)
{
    uint32_t label;
    if (array->count != 3) {
        return wrong_length(decoder, array);
    }
    if (!label_get(decoder, child_of(decoder, array, 2), &label)) {
        return (dhall_term){0};
    }
    dhall_term record = term_of(decoder, child_of(decoder, array, 1));
    return record.row == 0 ? record : dhall_field_add(decoder->terms, record, label, SPAN_NONE);
}

static dhall_term project(struct decoder *decoder, const struct node *array)
{
    if (array->count < 2) {
        return wrong_length(decoder, array);
    }
    dhall_term record = term_of(decoder, child_of(decoder, array, 1));
    if (record.row == 0) {
        return record;
    }
    const struct node *node = child_of(decoder, array, 2);
    if (array->count == 3 && node->major == CBOR_ARRAY && node->count == 1) {
        dhall_term type = term_of(decoder, node_at(decoder, node->child));
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
        return wrong_length(decoder, array);
    }
    const struct node *node = child_of(decoder, array, 1);
    mpz_t value;
    mpz_init(value);
    dhall_term term = {0};
    if (integer_get(node, value) && (kind == DHALL_INTEGER || mpz_sgn(value) >= 0)) {
        term = dhall_number_add(decoder->terms, kind, value, SPAN_NONE);
    } else {
        (void)bad(decoder, node, "not such a number");
    }
    mpz_clear(value);
    return term;
}

static dhall_term text(struct decoder *decoder, const struct node *array)
{
    if (array->count % 2 != 0) {
        return wrong_length(decoder, array);
    }
    decoder->scratch_len = 0;
    const struct node *node = child_of(decoder, array, 1);
    for (uint32_t i = 1; i < array->count; i++) {
        uint32_t part;
        if (i % 2 != 0) {
            if (node->major != CBOR_TEXT) {
                return bad(decoder, node, "a text is expected here");
            }
            part = dhall_text_literal(decoder->terms, node->bytes);
        } else {
            part = term_of(decoder, node).row;
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
    const struct node *node = child_of(decoder, array, 1);
    if (array->count != 2 || node->major != CBOR_BYTES) {
        return wrong_length(decoder, array);
    }
    return dhall_bytes_add(decoder->terms, node->bytes, SPAN_NONE);
}

static dhall_term with(struct decoder *decoder, const struct node *array)
{
    const struct node *path = child_of(decoder, array, 2);
    if (array->count != 4 || path->major != CBOR_ARRAY || path->count == 0) {
        return wrong_length(decoder, array);
    }
    dhall_term record = term_of(decoder, child_of(decoder, array, 1));
    dhall_term value = term_of(decoder, child_of(decoder, array, 3));
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
        return wrong_length(decoder, array);
    }
    decoder->scratch_len = 0;
    const struct node *node = child_of(decoder, array, 1);
    for (uint32_t i = 1; i < array->count; i++) {
        uint32_t part = 0;
        bool name = i % 3 == 1 && i + 1 < array->count;
        bool no_annotation = i % 3 == 2 && node->is_null;
        if (name && !label_get(decoder, node, &part)) {
            return (dhall_term){0};
        }
        if (!name && !no_annotation) {
            part = term_of(decoder, node).row;
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

/* --- imports --- */

static bool import_head(struct decoder *decoder, const struct node *array,
    struct dhall_import *import, const struct node **ret_rest)
{
    if (array->count < 4) {
        (void)wrong_length(decoder, array);
        return false;
    }
    const struct node *hash = child_of(decoder, array, 1);
    const struct node *mode = node_at(decoder, hash->next);
    const struct node *scheme = node_at(decoder, mode->next);
    if (!hash->is_null) {
        if (hash->major != CBOR_BYTES || hash->bytes.len != 34 ||
            !str_starts(hash->bytes, STR("\x12\x20"))) {
            (void)bad(decoder, hash, "a hash is 0x12 0x20 and 32 bytes");
            return false;
        }
        import->has_hash = true;
        memcpy(import->hash, hash->bytes.ptr + 2, 32);
    }
    if (!is_unsigned(mode, DHALL_AS_BYTES) || !is_unsigned(scheme, DHALL_MISSING)) {
        (void)bad(decoder, mode, "no import is of this mode and scheme");
        return false;
    }
    import->mode = (enum dhall_import_mode)mode->argument;
    import->scheme = (enum dhall_import_scheme)scheme->argument;
    *ret_rest = node_at(decoder, scheme->next);
    return true;
}

/* count texts from node on; returns the node behind them, or NULL. */
static const struct node *import_path(
    struct decoder *decoder, const struct node *node, uint32_t count, struct dhall_import *import)
{
    struct arena *arena = &decoder->terms->arena;
    import->path = ARENA_NEW(arena, struct str, count);
    import->path_len = count;
    for (uint32_t i = 0; i < count; i++) {
        if (node->major != CBOR_TEXT) {
            (void)bad(decoder, node, "a part of a path is expected here");
            return NULL;
        }
        import->path[i] = arena_str(arena, node->bytes);
        node = node_at(decoder, node->next);
    }
    return node;
}

/* headers, authority, path..., query: count items. */
static bool import_remote(struct decoder *decoder, const struct node *array,
    const struct node *node, uint32_t count, struct dhall_import *import)
{
    if (count < 4) {
        (void)wrong_length(decoder, array);
        return false;
    }
    if (!node->is_null) {
        import->headers = term_of(decoder, node);
        if (import->headers.row == 0) {
            return false;
        }
    }
    const struct node *authority = node_at(decoder, node->next);
    if (authority->major != CBOR_TEXT) {
        (void)bad(decoder, authority, "the name of a host is expected here");
        return false;
    }
    struct arena *arena = &decoder->terms->arena;
    import->authority = arena_str(arena, authority->bytes);
    const struct node *query =
        import_path(decoder, node_at(decoder, authority->next), count - 3, import);
    if (query == NULL || (!query->is_null && query->major != CBOR_TEXT)) {
        return query == NULL ? false : bad(decoder, query, "no query of a URL").row != 0;
    }
    import->has_query = !query->is_null;
    import->query = import->has_query ? arena_str(arena, query->bytes) : STR("");
    return true;
}

static dhall_term import(struct decoder *decoder, const struct node *array)
{
    struct dhall_import row = {.mode = DHALL_AS_CODE};
    const struct node *rest;
    if (!import_head(decoder, array, &row, &rest)) {
        return (dhall_term){0};
    }
    uint32_t count = array->count - 4;
    bool good;
    if (row.scheme <= DHALL_HTTPS) {
        good = import_remote(decoder, array, rest, count, &row);
    } else if (row.scheme == DHALL_MISSING || row.scheme == DHALL_ENV) {
        bool env = row.scheme == DHALL_ENV;
        good = count == (env ? 1U : 0U) && (!env || rest->major == CBOR_TEXT);
        row.authority = good && env ? arena_str(&decoder->terms->arena, rest->bytes) : STR("");
    } else {
        good = count > 0 && import_path(decoder, rest, count, &row) != NULL;
    }
    if (!good) {
        return decoder->bad_why != NULL ? (dhall_term){0} : wrong_length(decoder, array);
    }
    return dhall_import_add(decoder->terms, &row, SPAN_NONE);
}

/* --- dates and times --- */

static dhall_term date(struct decoder *decoder, const struct node *array)
{
    static const uint8_t days[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (array->count != 4) {
        return wrong_length(decoder, array);
    }
    const struct node *year = child_of(decoder, array, 1);
    const struct node *month = child_of(decoder, array, 2);
    const struct node *day = child_of(decoder, array, 3);
    if (!is_unsigned(year, 9999) || !is_unsigned(month, 12) || !is_unsigned(day, 31)) {
        return bad(decoder, array, "no date");
    }
    uint64_t y = year->argument;
    bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    uint64_t last = days[month->argument] + (leap && month->argument == 2 ? 1U : 0U);
    if (day->argument == 0 || day->argument > last) {
        return bad(decoder, array, "no date");
    }
    struct dhall_row row = {.kind = DHALL_DATE,
        .a = (uint32_t)y,
        .b = (uint32_t)month->argument,
        .c = (uint32_t)day->argument};
    return dhall_row_add(decoder->terms, row, SPAN_NONE);
}

enum {
    TIME_DIGITS_MAX = 100000, /* of a fraction; the standard asks for 9 */
};

/* A decimal fraction (RFC 8949, 3.4.4): mantissa * 10^exponent seconds. */
static dhall_term seconds(struct decoder *decoder, const struct node *tag, uint32_t minutes)
{
    const struct node *pair = node_at(decoder, tag->child);
    if (tag->major != CBOR_TAG || tag->argument != 4 || pair->major != CBOR_ARRAY ||
        pair->count != 2) {
        return bad(decoder, tag, "seconds are a decimal fraction");
    }
    const struct node *exponent = node_at(decoder, pair->child);
    bool negative = exponent->major == CBOR_NEGATIVE && exponent->argument < TIME_DIGITS_MAX;
    if (!negative && !is_unsigned(exponent, 1)) {
        return bad(decoder, exponent, "an exponent of seconds out of bounds");
    }
    uint32_t digits = negative ? (uint32_t)exponent->argument + 1 : 0;
    mpz_t whole;
    mpz_t fraction;
    mpz_t scale;
    mpz_inits(whole, fraction, scale, NULL);
    mpz_ui_pow_ui(scale, 10, digits);
    bool good = integer_get(node_at(decoder, exponent->next), whole) && mpz_sgn(whole) >= 0;
    if (!negative && exponent->argument == 1) {
        mpz_mul_ui(whole, whole, 10);
    }
    mpz_tdiv_qr(whole, fraction, whole, scale);
    good = good && mpz_cmp_ui(whole, 60) < 0;
    dhall_term term = {0};
    if (good) {
        term = dhall_time_add(decoder->terms, minutes * 60 + (uint32_t)mpz_get_ui(whole), fraction,
            digits, SPAN_NONE);
    } else {
        (void)bad(decoder, tag, "no seconds of a time");
    }
    mpz_clears(whole, fraction, scale, NULL);
    return term;
}

static dhall_term time_of_day(struct decoder *decoder, const struct node *array)
{
    if (array->count != 4) {
        return wrong_length(decoder, array);
    }
    const struct node *hour = child_of(decoder, array, 1);
    const struct node *minute = child_of(decoder, array, 2);
    if (!is_unsigned(hour, 23) || !is_unsigned(minute, 59)) {
        return bad(decoder, array, "no time");
    }
    uint32_t minutes = (uint32_t)(hour->argument * 60 + minute->argument);
    return seconds(decoder, child_of(decoder, array, 3), minutes);
}

static dhall_term time_zone(struct decoder *decoder, const struct node *array)
{
    if (array->count != 4) {
        return wrong_length(decoder, array);
    }
    const struct node *sign = child_of(decoder, array, 1);
    const struct node *hour = child_of(decoder, array, 2);
    const struct node *minute = child_of(decoder, array, 3);
    if (!sign->is_bool || !is_unsigned(hour, 23) || !is_unsigned(minute, 59)) {
        return bad(decoder, array, "no time zone");
    }
    uint32_t minutes = (uint32_t)(hour->argument * 60 + minute->argument);
    bool negative = sign->argument == 20 && minutes > 0;
    struct dhall_row row = {
        .kind = DHALL_TIME_ZONE, .flag = negative ? DHALL_NEGATIVE : 0, .a = minutes};
    return dhall_row_add(decoder->terms, row, SPAN_NONE);
}

/* --- all of it --- */

static dhall_term variable(struct decoder *decoder, const struct node *array)
{
    const struct node *name = node_at(decoder, array->child);
    uint32_t label;
    uint32_t index;
    if (array->count != 2 || !index_get(node_at(decoder, name->next), &index) ||
        !label_get(decoder, name, &label)) {
        return bad(decoder, array, "a variable is a name and an index");
    }
    if (label == 0) {
        return bad(decoder, name, "the name _ is not written");
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
        return import(decoder, array);
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
        return date(decoder, array);
    case 31:
        return time_of_day(decoder, array);
    case 32:
        return time_zone(decoder, array);
    case 33:
        return bytes(decoder, array);
    case 34:
        return plain(decoder, array, DHALL_SHOW_CONSTRUCTOR, 1, 1);
    default:
        return bad(decoder, array, "no expression begins with this number");
    }
}

/* Makes the node's term if it is an array that is one; joins a bignum with its bytes. */
static void node_finish(struct decoder *decoder, struct node *node)
{
    const struct node *first = node_at(decoder, node->child);
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
}

static dhall_term terms_make(struct decoder *decoder)
{
    for (uint32_t i = decoder->len; i > 1; i--) {
        node_finish(decoder, &decoder->nodes[i - 1]);
    }
    return term_of(decoder, &decoder->nodes[1]);
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
        dhall_term term = terms_make(&decoder);
        if (terms->full) {
            err = diag_add(diags, ERR_LIMIT, SPAN_NONE, "more than %u terms", terms->len_max);
        } else if (term.row == 0) {
            err = diag_add(
                diags, ERR_INVALID, SPAN_NONE, "byte %zu: %s", decoder.bad_at, decoder.bad_why);
        } else {
            dhall_terms_trim(terms);
            *ret_term = term;
        }
    }
    free(decoder.nodes);
    free(decoder.scratch);
    return err;
}
