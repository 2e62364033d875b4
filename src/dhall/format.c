/* src/dhall/format.c: expressions, from the outside in, down to operators. */
#include "dhall/format.h"
#include "dhall/format_scan.h"
#include "dhall/parse.h"
#include <assert.h>
#include <stdlib.h>

enum {
    PASSES_MAX = 8, /* two were enough for all that was ever seen */
};

/* Pushes the next token if it is one of the two spellings of a symbol. */
static bool symbol_push(struct formatter *formatter, struct str ascii, struct str unicode)
{
    bool is_unicode = formatter_is(formatter, unicode);
    if (!is_unicode && !formatter_is(formatter, ascii)) {
        return false;
    }
    formatter->unicode_seen =
        formatter->unicode_seen || (is_unicode && (unsigned char)unicode.ptr[0] >= 0x80);
    formatter_push(formatter,
        formatter_token_as(formatter, formatter->at + (is_unicode ? unicode.len : ascii.len),
            formatter->ascii ? ascii : unicode));
    return true;
}

static void word_push(struct formatter *formatter)
{
    formatter_push(formatter, formatter_token(formatter, formatter_word_end(formatter)));
}

static void byte_push(struct formatter *formatter)
{
    formatter_push(formatter, formatter_token(formatter, formatter->at + 1));
}

/* Blanks before an operand: none if flat; else as many as the operators below it take. */
static void pad_push(struct formatter *formatter, int32_t broken)
{
    struct arena *arena = formatter->arena;
    formatter_push(formatter,
        doc_choice(arena, doc_leaf(arena, DOC_EMPTY, 0), doc_leaf(arena, DOC_PAD, broken)));
}

/* Blanks behind a word: one if flat. */
static void space_push(struct formatter *formatter, int32_t broken)
{
    struct arena *arena = formatter->arena;
    formatter_push(formatter,
        doc_choice(arena, doc_leaf(arena, DOC_SPACE, 1), doc_leaf(arena, DOC_SPACE, broken)));
}

static void nest_push(struct formatter *formatter, int32_t columns, const struct doc *doc)
{
    formatter_push(formatter, format_around(formatter, DOC_NEST, columns, doc));
}

static const struct doc *expression(struct formatter *formatter)
{
    enum form form;
    return format_expression(formatter, &form);
}

/* --- binders --- */

static bool lambda_here(const struct formatter *formatter)
{
    return *formatter->at == '\\' || formatter_is(formatter, STR("\xCE\xBB"));
}

static bool forall_here(const struct formatter *formatter)
{
    return formatter_is(formatter, STR("\xE2\x88\x80")) ||
           formatter_is_word(formatter, STR("forall"));
}

static bool arrow_here(const struct formatter *formatter)
{
    return formatter_is(formatter, STR("->")) || formatter_is(formatter, STR("\xE2\x86\x92"));
}

static void arrow_push(struct formatter *formatter)
{
    push_leaf(formatter, DOC_SPACE, 0);
    bool is = symbol_push(formatter, STR("->"), STR("\xE2\x86\x92"));
    assert(is);
}

/* `(x : a)` */
static void parameter_push(struct formatter *formatter)
{
    byte_push(formatter);
    word_push(formatter);
    push_leaf(formatter, DOC_SPACE, 0);
    byte_push(formatter);
    push_leaf(formatter, DOC_SPACE, 0);
    formatter_push(formatter, format_around(formatter, DOC_ALIGN, 0, expression(formatter)));
    if (formatter->err == OK) {
        byte_push(formatter);
    }
}

/* \(x : a) -> \(y : b) -> body */
static const struct doc *lambdas(struct formatter *formatter)
{
    size_t base = formatter->stack_len;
    while (lambda_here(formatter) && formatter->err == OK) {
        if (formatter->stack_len > base) {
            push_leaf(formatter, DOC_LINE, 1);
        }
        bool is = symbol_push(formatter, STR("\\"), STR("\xCE\xBB"));
        assert(is);
        parameter_push(formatter);
        if (formatter->err == OK) {
            arrow_push(formatter);
        }
    }
    size_t body = formatter->stack_len;
    push_leaf(formatter, DOC_LINE, 1);
    formatter_push(formatter, expression(formatter));
    nest_push(formatter, 2, formatter_pop(formatter, body));
    return format_group(formatter, base);
}

static const struct doc *ending(
    struct formatter *formatter, const struct doc *left, enum form *ret_form);

/* Behind an operand, or at `forall`: a -> forall (x : b) -> c */
static const struct doc *arrows(struct formatter *formatter, const struct doc *operand)
{
    size_t base = formatter->stack_len;
    if (operand != NULL) {
        formatter_push(formatter, operand);
    }
    for (;;) {
        if (operand == NULL) {
            bool is = symbol_push(formatter, STR("forall"), STR("\xE2\x88\x80"));
            assert(is);
            if (formatter->ascii) {
                push_leaf(formatter, DOC_SPACE, 0);
            }
            parameter_push(formatter);
        }
        if (formatter->err != OK) {
            break;
        }
        arrow_push(formatter);
        size_t part = formatter->stack_len;
        push_leaf(formatter, DOC_LINE, 1);
        if (forall_here(formatter)) {
            operand = NULL;
            continue;
        }
        enum form form = FORMED_OTHER;
        bool begins = lambda_here(formatter) || formatter_is_word(formatter, STR("let")) ||
                      formatter_is_word(formatter, STR("if")) ||
                      formatter_is_word(formatter, STR("assert"));
        operand = begins ? expression(formatter) : format_operators(formatter, 0, &form);
        if (!begins && formatter->err == OK && arrow_here(formatter)) {
            formatter_push(formatter, operand);
            continue;
        }
        operand = begins ? operand : ending(formatter, operand, &form);
        formatter_push(formatter, operand);
        nest_push(formatter, 2, formatter_pop(formatter, part));
        break;
    }
    return format_group(formatter, base);
}

/* --- if --- */

/* `word` in a column of six, and what stands behind it. */
static void branch_push(struct formatter *formatter, int32_t pad)
{
    word_push(formatter);
    space_push(formatter, pad);
    nest_push(formatter, 6, expression(formatter));
}

static const struct doc *conditions(struct formatter *formatter)
{
    size_t base = formatter->stack_len;
    branch_push(formatter, 4);
    while (formatter->err == OK) {
        push_leaf(formatter, DOC_LINE, 1);
        branch_push(formatter, 2);
        if (formatter->err != OK) {
            break;
        }
        push_leaf(formatter, DOC_LINE, 1);
        word_push(formatter);
        space_push(formatter, 2);
        if (!formatter_is_word(formatter, STR("if"))) {
            nest_push(formatter, 6, expression(formatter));
            break;
        }
        word_push(formatter);
        push_leaf(formatter, DOC_SPACE, 0);
        formatter_push(formatter, format_around(formatter, DOC_ALIGN, 0, expression(formatter)));
    }
    return format_group(formatter, base);
}

/* --- let --- */

/* `let x : a = b` */
static const struct doc *binding(struct formatter *formatter)
{
    const struct doc *before = formatter_leading_take(formatter);
    size_t base = formatter->stack_len;
    word_push(formatter);
    push_leaf(formatter, DOC_SPACE, 0);
    word_push(formatter);
    bool typed = *formatter->at == ':';
    size_t rest = formatter->stack_len;
    push_leaf(formatter, typed ? DOC_LINE : DOC_SPACE, 1);
    byte_push(formatter);
    if (typed) {
        push_leaf(formatter, DOC_SPACE, 0);
        nest_push(formatter, 2, format_around(formatter, DOC_ALIGN, 0, expression(formatter)));
        if (formatter->err == OK) {
            push_leaf(formatter, DOC_LINE, 1);
            byte_push(formatter);
            push_leaf(formatter, DOC_SPACE, 0);
            nest_push(formatter, 2, format_around(formatter, DOC_ALIGN, 0, expression(formatter)));
        }
        nest_push(formatter, 4, formatter_pop(formatter, rest));
    } else {
        push_leaf(formatter, DOC_LINE, 1);
        formatter_push(formatter, expression(formatter));
        nest_push(formatter, 6, formatter_pop(formatter, rest));
    }
    return format_behind(formatter, before, format_group(formatter, base));
}

/* let x = a let y = b in c. On one line only if its author wrote it so. */
static const struct doc *lets(struct formatter *formatter)
{
    struct arena *arena = formatter->arena;
    size_t base = formatter->stack_len;
    const struct doc *between =
        doc_choice(arena, doc_leaf(arena, DOC_SPACE, 0), doc_leaf(arena, DOC_BLANK, 0));
    bool on_lines = false;
    while (formatter_is_word(formatter, STR("let")) && formatter->err == OK) {
        formatter_push(formatter, binding(formatter));
        formatter_push(formatter, between);
        on_lines = on_lines || formatter->line_ended;
    }
    if (formatter->err == OK) {
        word_push(formatter);
        space_push(formatter, 2);
        on_lines = on_lines || formatter->line_ended;
        nest_push(formatter, 4, expression(formatter));
    }
    if (on_lines) {
        push_leaf(formatter, DOC_BREAK, 0);
    }
    return format_group(formatter, base);
}

/* --- operators --- */

struct operator_row {
    const char *ascii, *unicode;
    unsigned precedence;
};
/* Longer ones before those that they begin with. */
static const struct operator_row operator_rows[] = {
    {"===", "\xE2\x89\xA1", 1},
    {"==", "==", 12},
    {"!=", "!=", 13},
    {"?", "?", 2},
    {"||", "||", 3},
    {"++", "++", 5},
    {"+", "+", 4},
    {"#", "#", 6},
    {"&&", "&&", 7},
    {"//\\\\", "\xE2\xA9\x93", 10},
    {"//", "\xE2\xAB\xBD", 9},
    {"/\\", "\xE2\x88\xA7", 8},
    {"*", "*", 11},
};

static const struct operator_row *operator_here(const struct formatter *formatter)
{
    for (size_t i = 0; i < sizeof operator_rows / sizeof operator_rows[0]; i++) {
        if (formatter_is(formatter, str_of(operator_rows[i].ascii)) ||
            formatter_is(formatter, str_of(operator_rows[i].unicode))) {
            return &operator_rows[i];
        }
    }
    return NULL;
}

/* left and all that is joined to it by the operator here. */
static const struct doc *operator_chain(
    struct formatter *formatter, const struct doc *left, const struct operator_row *row)
{
    size_t base = formatter->stack_len;
    const char *text = formatter->ascii ? row->ascii : row->unicode;
    struct str name = str_of(text);
    int32_t width = ((unsigned char)text[0] >= 0x80 ? 1 : (int32_t)name.len);
    int32_t pad = width == 1 ? 1 : 2;
    pad_push(formatter, width + pad);
    nest_push(formatter, width + pad, left);
    while (formatter->err == OK && operator_here(formatter) == row) {
        enum form form;
        push_leaf(formatter, DOC_LINE, 1);
        bool is = symbol_push(formatter, str_of(row->ascii), str_of(row->unicode));
        assert(is);
        space_push(formatter, pad);
        nest_push(formatter, width + pad, format_operators(formatter, row->precedence + 1, &form));
    }
    return format_group(formatter, base);
}

const struct doc *format_operators(
    struct formatter *formatter, unsigned precedence, enum form *ret_form)
{
    const struct doc *before = formatter_leading_take(formatter);
    const struct doc *left = format_application(formatter, ret_form);
    while (formatter->err == OK) {
        const struct operator_row *row = operator_here(formatter);
        if (row == NULL || row->precedence < precedence) {
            break;
        }
        left = operator_chain(formatter, left, row);
        *ret_form = FORMED_OTHER;
    }
    return format_behind(formatter, before, left);
}

/* `a with b.c = d with e = f` */
static const struct doc *with_clauses(struct formatter *formatter, const struct doc *left)
{
    size_t base = formatter->stack_len;
    formatter_push(formatter, left);
    while (formatter->err == OK && formatter_is_word(formatter, STR("with"))) {
        push_leaf(formatter, DOC_LINE, 1);
        size_t clause = formatter->stack_len;
        word_push(formatter);
        push_leaf(formatter, DOC_SPACE, 0);
        while (*formatter->at != '=') {
            if (*formatter->at == '.' || *formatter->at == '?') {
                byte_push(formatter);
            } else {
                word_push(formatter);
            }
        }
        push_leaf(formatter, DOC_SPACE, 0);
        byte_push(formatter);
        size_t value = formatter->stack_len;
        enum form form;
        push_leaf(formatter, DOC_LINE, 1);
        formatter_push(formatter, format_operators(formatter, 0, &form));
        nest_push(formatter, 6, formatter_pop(formatter, value));
        formatter_push(formatter, format_group(formatter, clause));
    }
    return format_group(formatter, base);
}

/* --- expressions --- */

/* `left : type` */
static const struct doc *annotation(struct formatter *formatter, const struct doc *left)
{
    size_t base = formatter->stack_len;
    pad_push(formatter, 2);
    nest_push(formatter, 2, left);
    push_leaf(formatter, DOC_LINE, 1);
    byte_push(formatter);
    push_leaf(formatter, DOC_SPACE, 0);
    nest_push(formatter, 2, format_around(formatter, DOC_ALIGN, 0, expression(formatter)));
    return format_group(formatter, base);
}

/* What may follow an operator-expression, but for an arrow. */
static const struct doc *ending(
    struct formatter *formatter, const struct doc *left, enum form *ret_form)
{
    if (formatter->err == OK && formatter_is_word(formatter, STR("with"))) {
        *ret_form = FORMED_OTHER;
        return with_clauses(formatter, left);
    }
    if (formatter->err == OK && *formatter->at == ':') {
        *ret_form = FORMED_OTHER;
        return annotation(formatter, left);
    }
    return left;
}

static const struct doc *expression_at(struct formatter *formatter, enum form *ret_form)
{
    *ret_form = FORMED_OTHER;
    if (lambda_here(formatter)) {
        return lambdas(formatter);
    }
    if (forall_here(formatter)) {
        return arrows(formatter, NULL);
    }
    if (formatter_is_word(formatter, STR("let"))) {
        return lets(formatter);
    }
    if (formatter_is_word(formatter, STR("if"))) {
        return conditions(formatter);
    }
    if (formatter_is_word(formatter, STR("assert"))) {
        const struct doc *word = formatter_token(formatter, formatter->at + 6);
        return annotation(formatter, word);
    }
    const struct doc *doc = format_operators(formatter, 0, ret_form);
    if (formatter->err == OK && arrow_here(formatter)) {
        *ret_form = FORMED_OTHER;
        return arrows(formatter, doc);
    }
    return ending(formatter, doc, ret_form);
}

const struct doc *format_expression(struct formatter *formatter, enum form *ret_form)
{
    *ret_form = FORMED_OTHER;
    if (!formatter_deeper(formatter)) {
        return doc_leaf(formatter->arena, DOC_EMPTY, 0);
    }
    const struct doc *before = formatter_leading_take(formatter);
    const struct doc *doc = expression_at(formatter, ret_form);
    formatter->depth--;
    return format_behind(formatter, before, doc);
}

/* --- a file --- */

static int by_begin(const void *a, const void *b)
{
    const struct literal_end *left = a;
    const struct literal_end *right = b;
    return (left->begin > right->begin) - (left->begin < right->begin);
}

static bool is_literal(
    const struct formatter *formatter, const struct dhall_terms *terms, uint32_t row)
{
    struct span span = dhall_span_of(terms, (dhall_term){row});
    switch ((enum dhall_kind)terms->rows[row].kind) {
    case DHALL_NATURAL:
    case DHALL_INTEGER:
    case DHALL_DOUBLE:
    case DHALL_DATE:
    case DHALL_TIME:
    case DHALL_TIME_ZONE:
    case DHALL_IMPORT:
        return true;
    case DHALL_RECORD: /* a date with a time */
        return span.end > span.begin && formatter->begin[span.begin] != '{';
    default:
        return false;
    }
}

/* Where numbers and imports end: the parser knows. */
static void literals_find(struct formatter *formatter, const struct dhall_terms *terms)
{
    size_t count = 0;
    for (uint32_t i = 1; i < terms->len; i++) {
        count += is_literal(formatter, terms, i) ? 1 : 0;
    }
    struct literal_end *ends = ARENA_NEW(formatter->arena, struct literal_end, count);
    for (uint32_t i = 1; i < terms->len; i++) {
        if (is_literal(formatter, terms, i)) {
            struct span span = dhall_span_of(terms, (dhall_term){i});
            ends[formatter->literal_count++] =
                (struct literal_end){.begin = span.begin, .end = span.end};
        }
    }
    if (count > 0) {
        qsort(ends, count, sizeof *ends, by_begin);
    }
    formatter->literals = ends;
}

static enum err file_format(struct formatter *formatter, struct buf *ret_text)
{
    formatter->unicode_seen = false;
    formatter_open(formatter);
    size_t base = formatter->stack_len;
    formatter_push(formatter, expression(formatter));
    formatter_push(formatter, formatter_leading_take(formatter));
    const struct doc *doc = formatter_pop(formatter, base);
    if (formatter->err == OK) {
        assert(formatter->at == formatter->end);
        doc_write(doc, DHALL_FORMAT_COLUMNS, ret_text);
        buf_add_byte(ret_text, '\n');
    }
    return formatter->err;
}

/* Does text parse? Then where its literals end, in formatter's arena. The terms, which are larger
 * than the text, are gone afterwards. */
static enum err text_check(struct formatter *formatter, struct str text)
{
    struct dhall_labels labels;
    struct dhall_terms terms;
    dhall_labels_init(&labels);
    dhall_terms_init(&terms, &labels, 0);
    dhall_term root;
    enum err err = dhall_parse(&terms, formatter->source, text, &root, formatter->diags);
    if (err == OK) {
        literals_find(formatter, &terms);
    }
    dhall_terms_release(&terms);
    dhall_labels_release(&labels);
    return err;
}

/* One pass: its result may not be its own. A comment that moves behind a word becomes a trailing
 * one, and there other rules hold for the blank lines about it. */
static enum err text_format(struct str text, uint32_t source, enum dhall_charset charset,
    struct buf *ret_text, struct diags *diags)
{
    struct arena arena = {0};
    struct str copy = arena_str(&arena, text);
    struct formatter formatter = {.arena = &arena,
        .diags = diags,
        .source = source,
        .begin = copy.ptr,
        .end = copy.ptr + copy.len,
        .ascii = charset != DHALL_CHARSET_UNICODE};
    size_t len = ret_text->len;
    enum err err = text_check(&formatter, copy);
    if (err == OK) {
        err = file_format(&formatter, ret_text);
    }
    if (err == OK && charset == DHALL_CHARSET_AS_WRITTEN && formatter.unicode_seen) {
        formatter.ascii = false;
        ret_text->len = len;
        err = file_format(&formatter, ret_text);
    }
    free(formatter.stack);
    arena_release(&arena);
    return err;
}

enum err dhall_format(struct str text, uint32_t source, enum dhall_charset charset,
    struct buf *ret_text, struct diags *diags)
{
    AUTO_BUF last = {0};
    AUTO_BUF next = {0};
    enum err err = text_format(text, source, charset, &last, diags);
    bool stable = err != OK || str_eq(text, buf_str(&last));
    for (unsigned pass = 1; pass < PASSES_MAX && !stable; pass++) {
        next.len = 0;
        err = text_format(buf_str(&last), 0, charset, &next, diags);
        stable = err != OK || str_eq(buf_str(&last), buf_str(&next));
        struct buf swap = last;
        last = next;
        next = swap;
    }
    if (err == OK) {
        buf_add(ret_text, buf_str(&last));
    }
    return err;
}
