/* src/dhall/encode.c: terms to CBOR.
 *
 * A stack of tasks instead of recursion: a term's head is written when its task is taken, and its
 * parts become tasks, first on top. */
#include "dhall/encode.h"
#include "codec/cbor.h"
#include <assert.h>
#include <stdlib.h>

enum task_kind {
    TASK_TERM, /* row 0: null */
    TASK_LABEL,
    TASK_LITERAL,     /* a row of texts */
    TASK_PATH,        /* a step of `with`: a label, or DHALL_PATH_OPTIONAL */
    TASK_ARRAY,       /* a head: the number is its length */
    TASK_IMPORT_REST, /* what follows the headers of a URL */
};
struct task {
    enum task_kind kind;
    uint32_t number;
};
struct encoder {
    const struct dhall_terms *terms;
    struct buf *bytes;
    struct task *tasks;
    size_t len, cap;
};

static void task_push(struct encoder *encoder, enum task_kind kind, uint32_t number)
{
    if (encoder->len == encoder->cap) {
        encoder->cap = encoder->cap == 0 ? 256 : encoder->cap * 2;
        encoder->tasks = memory_realloc(encoder->tasks, encoder->cap * sizeof *encoder->tasks);
    }
    encoder->tasks[encoder->len++] = (struct task){.kind = kind, .number = number};
}

/* Tasks were pushed first to last since base: the first is to be on top. */
static void tasks_turn(struct encoder *encoder, size_t base)
{
    for (size_t i = base, j = encoder->len; i + 1 < j; i++, j--) {
        struct task task = encoder->tasks[i];
        encoder->tasks[i] = encoder->tasks[j - 1];
        encoder->tasks[j - 1] = task;
    }
}

static void head(struct encoder *encoder, uint64_t parts, uint64_t number)
{
    cbor_head_add(encoder->bytes, CBOR_ARRAY, parts + 1);
    cbor_head_add(encoder->bytes, CBOR_UNSIGNED, number);
}

/* head and up to three terms; those of row 0 at the end are left out. */
static void node(struct encoder *encoder, uint64_t number, uint32_t a, uint32_t b, uint32_t c)
{
    head(encoder, c != 0 ? 3 : b != 0 ? 2 : 1, number);
    if (c != 0) {
        task_push(encoder, TASK_TERM, c);
    }
    if (b != 0) {
        task_push(encoder, TASK_TERM, b);
    }
    task_push(encoder, TASK_TERM, a);
}

static void mpz_bytes_add(struct buf *bytes, unsigned tag, const mpz_t magnitude)
{
    size_t len = (mpz_sizeinbase(magnitude, 2) + 7) / 8;
    cbor_head_add(bytes, CBOR_TAG, tag);
    cbor_head_add(bytes, CBOR_BYTES, len);
    size_t count = 0;
    (void)mpz_export(buf_reserve(bytes, len), &count, 1, 1, 1, 0, magnitude);
    assert(count == len);
    bytes->len += len;
}

/* RFC 8949, 3.4.3: a bignum only where 64 bits are too few. */
static void mpz_add_shortest(struct buf *bytes, const mpz_t value)
{
    mpz_t rest;
    mpz_init_set(rest, value);
    bool negative = mpz_sgn(value) < 0;
    if (negative) {
        mpz_add_ui(rest, rest, 1);
        mpz_neg(rest, rest);
    }
    if (mpz_sizeinbase(rest, 2) <= 64) {
        cbor_head_add(bytes, negative ? CBOR_NEGATIVE : CBOR_UNSIGNED, mpz_get_ui(rest));
    } else {
        mpz_bytes_add(bytes, negative ? 3 : 2, rest);
    }
    mpz_clear(rest);
}

static void number(struct encoder *encoder, const struct dhall_row *row)
{
    head(encoder, 1, row->kind == DHALL_NATURAL ? 15 : 16);
    if (row->flag == 0) {
        cbor_head_add(encoder->bytes, CBOR_UNSIGNED, dhall_row_u64(row));
        return;
    }
    mpz_t value;
    mpz_init(value);
    dhall_number_get(encoder->terms, row, value);
    mpz_add_shortest(encoder->bytes, value);
    mpz_clear(value);
}

static void time_of_day(struct encoder *encoder, const struct dhall_row *row)
{
    head(encoder, 3, 31);
    cbor_head_add(encoder->bytes, CBOR_UNSIGNED, row->a / 3600);
    cbor_head_add(encoder->bytes, CBOR_UNSIGNED, row->a / 60 % 60);
    cbor_head_add(encoder->bytes, CBOR_TAG, 4);
    cbor_head_add(encoder->bytes, CBOR_ARRAY, 2);
    cbor_head_add(
        encoder->bytes, row->c == 0 ? CBOR_UNSIGNED : CBOR_NEGATIVE, row->c == 0 ? 0 : row->c - 1);
    mpz_t mantissa;
    mpz_init(mantissa);
    mpz_ui_pow_ui(mantissa, 10, row->c);
    mpz_mul_ui(mantissa, mantissa, row->a % 60);
    mpz_add(mantissa, mantissa, encoder->terms->bigs[row->b]);
    mpz_add_shortest(encoder->bytes, mantissa);
    mpz_clear(mantissa);
}

static void binder(struct encoder *encoder, const struct dhall_row *row)
{
    uint64_t number = row->kind == DHALL_LAMBDA ? 1 : 2;
    head(encoder, row->a == 0 ? 2 : 3, number);
    task_push(encoder, TASK_TERM, row->c);
    task_push(encoder, TASK_TERM, row->b);
    if (row->a != 0) {
        task_push(encoder, TASK_LABEL, row->a);
    }
}

static void variable(struct encoder *encoder, const struct dhall_row *row)
{
    if (row->a != 0) {
        cbor_head_add(encoder->bytes, CBOR_ARRAY, 2);
        cbor_text_add(encoder->bytes, dhall_label_name(encoder->terms->labels, row->a));
    }
    cbor_head_add(encoder->bytes, CBOR_UNSIGNED, row->b);
}

/* f a b c: one array, however long. */
static void application(struct encoder *encoder, const struct dhall_row *row)
{
    uint64_t count = 0;
    const struct dhall_row *at = row;
    for (;;) {
        task_push(encoder, TASK_TERM, at->b);
        count++;
        const struct dhall_row *function = &encoder->terms->rows[at->a];
        if (function->kind != DHALL_APP) {
            break;
        }
        at = function;
    }
    task_push(encoder, TASK_TERM, at->a);
    head(encoder, count + 1, 0);
}

static void let(struct encoder *encoder, const struct dhall_row *row)
{
    size_t base = encoder->len;
    uint64_t count = 0;
    uint32_t body = 0;
    for (const struct dhall_row *at = row; at->kind == DHALL_LET;
         at = &encoder->terms->rows[body]) {
        const uint32_t *parts = dhall_list_of(encoder->terms, at);
        task_push(encoder, TASK_LABEL, at->a);
        task_push(encoder, TASK_TERM, parts[0]);
        task_push(encoder, TASK_TERM, parts[1]);
        body = parts[2];
        count++;
    }
    task_push(encoder, TASK_TERM, body);
    tasks_turn(encoder, base);
    head(encoder, 3 * count + 1, 25);
}

static void list_empty(struct encoder *encoder, const struct dhall_row *row)
{
    const struct dhall_row *type = &encoder->terms->rows[row->a];
    const struct dhall_row *function = &encoder->terms->rows[type->kind == DHALL_APP ? type->a : 0];
    bool of_list = function->kind == DHALL_BUILTIN && function->flag == DHALL_BUILTIN_LIST_TYPE;
    head(encoder, 1, of_list ? 4 : 28);
    task_push(encoder, TASK_TERM, of_list ? type->b : row->a);
}

/* Tasks for a row's list: kinds[i % 2] for number i. */
static void list_push(
    struct encoder *encoder, const struct dhall_row *row, enum task_kind even, enum task_kind odd)
{
    const uint32_t *items = dhall_list_of(encoder->terms, row);
    for (uint32_t i = row->c; i > 0; i--) {
        task_push(encoder, (i - 1) % 2 == 0 ? even : odd, items[i - 1]);
    }
}

static void fields(struct encoder *encoder, const struct dhall_row *row)
{
    head(encoder, 1, row->kind == DHALL_RECORD_TYPE ? 7 : row->kind == DHALL_RECORD ? 8 : 11);
    cbor_head_add(encoder->bytes, CBOR_MAP, row->c / 2);
    list_push(encoder, row, TASK_LABEL, TASK_TERM);
}

static void with(struct encoder *encoder, const struct dhall_row *row)
{
    const uint32_t *items = dhall_list_of(encoder->terms, row);
    head(encoder, 3, 29);
    task_push(encoder, TASK_TERM, items[0]);
    for (uint32_t i = row->c; i > 1; i--) {
        task_push(encoder, TASK_PATH, items[i - 1]);
    }
    task_push(encoder, TASK_ARRAY, row->c - 1);
    task_push(encoder, TASK_TERM, row->a);
}

static void import_rest(struct encoder *encoder, const struct dhall_import *import)
{
    if (import->scheme <= DHALL_HTTPS || import->scheme == DHALL_ENV) {
        cbor_text_add(encoder->bytes, import->authority);
    }
    for (uint32_t i = 0; i < import->path_len; i++) {
        cbor_text_add(encoder->bytes, import->path[i]);
    }
    if (import->scheme <= DHALL_HTTPS) {
        if (import->has_query) {
            cbor_text_add(encoder->bytes, import->query);
        } else {
            cbor_null_add(encoder->bytes);
        }
    }
}

static void import(struct encoder *encoder, const struct dhall_row *row)
{
    const struct dhall_import *import = &encoder->terms->imports[row->a];
    bool remote = import->scheme <= DHALL_HTTPS;
    uint64_t parts = 3 + (remote ? 3U : import->scheme == DHALL_ENV ? 1U : 0U) + import->path_len;
    head(encoder, parts, 24);
    if (import->has_hash) {
        cbor_head_add(encoder->bytes, CBOR_BYTES, 34);
        buf_add(encoder->bytes, STR("\x12\x20"));
        buf_add(encoder->bytes, (struct str){.ptr = (const char *)import->hash, .len = 32});
    } else {
        cbor_null_add(encoder->bytes);
    }
    cbor_head_add(encoder->bytes, CBOR_UNSIGNED, (uint64_t)import->mode);
    cbor_head_add(encoder->bytes, CBOR_UNSIGNED, (uint64_t)import->scheme);
    task_push(encoder, TASK_IMPORT_REST, row->a);
    if (remote) {
        task_push(encoder, TASK_TERM, import->headers.row);
    }
}

static void project(struct encoder *encoder, const struct dhall_row *row)
{
    head(encoder, 1 + (uint64_t)row->c, 10);
    list_push(encoder, row, TASK_LABEL, TASK_LABEL);
    task_push(encoder, TASK_TERM, row->a);
}

static void leaf(struct encoder *encoder, const struct dhall_row *row)
{
    struct buf *bytes = encoder->bytes;
    if (row->kind == DHALL_BUILTIN) {
        cbor_text_add(bytes, dhall_builtin_name((enum dhall_builtin)row->flag));
    } else if (row->kind == DHALL_BOOL) {
        cbor_bool_add(bytes, row->a != 0);
    } else {
        cbor_double_add(bytes, dhall_row_double(row));
    }
}

static void bytes_literal(struct encoder *encoder, const struct dhall_row *row)
{
    head(encoder, 1, 33);
    cbor_bytes_add(encoder->bytes, encoder->terms->texts[row->a]);
}

static void date(struct encoder *encoder, const struct dhall_row *row)
{
    head(encoder, 3, 30);
    cbor_head_add(encoder->bytes, CBOR_UNSIGNED, row->a);
    cbor_head_add(encoder->bytes, CBOR_UNSIGNED, row->b);
    cbor_head_add(encoder->bytes, CBOR_UNSIGNED, row->c);
}

static void time_zone(struct encoder *encoder, const struct dhall_row *row)
{
    head(encoder, 3, 32);
    cbor_bool_add(encoder->bytes, (row->flag & DHALL_NEGATIVE) == 0);
    cbor_head_add(encoder->bytes, CBOR_UNSIGNED, row->a / 60);
    cbor_head_add(encoder->bytes, CBOR_UNSIGNED, row->a % 60);
}

static void operator_(struct encoder *encoder, const struct dhall_row *row)
{
    head(encoder, 3, 3);
    cbor_head_add(encoder->bytes, CBOR_UNSIGNED, row->flag);
    task_push(encoder, TASK_TERM, row->b);
    task_push(encoder, TASK_TERM, row->a);
}

static void text(struct encoder *encoder, const struct dhall_row *row)
{
    head(encoder, row->c, 18);
    list_push(encoder, row, TASK_LITERAL, TASK_TERM);
}

static void list(struct encoder *encoder, const struct dhall_row *row)
{
    head(encoder, 1 + (uint64_t)row->c, 4);
    cbor_null_add(encoder->bytes);
    list_push(encoder, row, TASK_TERM, TASK_TERM);
}

static void some(struct encoder *encoder, const struct dhall_row *row)
{
    head(encoder, 2, 5);
    cbor_null_add(encoder->bytes);
    task_push(encoder, TASK_TERM, row->a);
}

static void field(struct encoder *encoder, const struct dhall_row *row)
{
    head(encoder, 2, 9);
    task_push(encoder, TASK_LABEL, row->b);
    task_push(encoder, TASK_TERM, row->a);
}

static void project_type(struct encoder *encoder, const struct dhall_row *row)
{
    head(encoder, 2, 10);
    task_push(encoder, TASK_TERM, row->b);
    task_push(encoder, TASK_ARRAY, 1);
    task_push(encoder, TASK_TERM, row->a);
}

/* Kinds that are a number and the terms in a, b, c. */
static void plain(struct encoder *encoder, const struct dhall_row *row)
{
    static const uint8_t numbers[] = {
        [DHALL_MERGE] = 6,
        [DHALL_IF] = 14,
        [DHALL_ASSERT] = 19,
        [DHALL_ANNOT] = 26,
        [DHALL_TO_MAP] = 27,
        [DHALL_SHOW_CONSTRUCTOR] = 34,
    };
    node(encoder, numbers[row->kind], row->a, row->b, row->c);
}

static void (*const encoders[])(struct encoder *encoder, const struct dhall_row *row) = {
    [DHALL_VAR] = variable,
    [DHALL_LAMBDA] = binder,
    [DHALL_PI] = binder,
    [DHALL_APP] = application,
    [DHALL_LET] = let,
    [DHALL_ANNOT] = plain,
    [DHALL_OPERATOR] = operator_,
    [DHALL_IF] = plain,
    [DHALL_BUILTIN] = leaf,
    [DHALL_BOOL] = leaf,
    [DHALL_NATURAL] = number,
    [DHALL_INTEGER] = number,
    [DHALL_DOUBLE] = leaf,
    [DHALL_TEXT] = text,
    [DHALL_BYTES] = bytes_literal,
    [DHALL_DATE] = date,
    [DHALL_TIME] = time_of_day,
    [DHALL_TIME_ZONE] = time_zone,
    [DHALL_LIST] = list,
    [DHALL_LIST_EMPTY] = list_empty,
    [DHALL_SOME] = some,
    [DHALL_RECORD] = fields,
    [DHALL_RECORD_TYPE] = fields,
    [DHALL_UNION] = fields,
    [DHALL_FIELD] = field,
    [DHALL_PROJECT] = project,
    [DHALL_PROJECT_TYPE] = project_type,
    [DHALL_MERGE] = plain,
    [DHALL_TO_MAP] = plain,
    [DHALL_SHOW_CONSTRUCTOR] = plain,
    [DHALL_ASSERT] = plain,
    [DHALL_WITH] = with,
    [DHALL_IMPORT] = import,
};

static void term(struct encoder *encoder, uint32_t index)
{
    if (index == 0) {
        cbor_null_add(encoder->bytes);
        return;
    }
    const struct dhall_row *row = &encoder->terms->rows[index];
    encoders[row->kind](encoder, row);
}

void dhall_encode(const struct dhall_terms *terms, dhall_term root, struct buf *ret_bytes)
{
    struct encoder encoder = {.terms = terms, .bytes = ret_bytes};
    task_push(&encoder, TASK_TERM, root.row);
    while (encoder.len > 0) {
        struct task task = encoder.tasks[--encoder.len];
        switch (task.kind) {
        case TASK_TERM:
            term(&encoder, task.number);
            break;
        case TASK_LABEL:
            cbor_text_add(ret_bytes, dhall_label_name(terms->labels, task.number));
            break;
        case TASK_LITERAL:
            cbor_text_add(ret_bytes, terms->texts[task.number]);
            break;
        case TASK_PATH:
            if (task.number == DHALL_PATH_OPTIONAL) {
                cbor_head_add(ret_bytes, CBOR_UNSIGNED, 0);
            } else {
                cbor_text_add(ret_bytes, dhall_label_name(terms->labels, task.number));
            }
            break;
        case TASK_ARRAY:
            cbor_head_add(ret_bytes, CBOR_ARRAY, task.number);
            break;
        case TASK_IMPORT_REST:
            import_rest(&encoder, &terms->imports[task.number]);
            break;
        }
    }
    free(encoder.tasks);
}
