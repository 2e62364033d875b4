/* src/dhall/parse.c: expressions.
 *
 * `\(x : a) -> \(y : b) -> if c then d else e` is not parsed by recursion on its right side: what
 * is read up to there waits on the pending stack, and the loop goes on with the right side.
 * Operators are all left-associative: a stack with one place for each precedence is enough. So only
 * brackets of any kind, and what stands between keywords, cost C stack; their nesting is bounded.
 */
#include "dhall/parse.h"
#include "dhall/scan.h"
#include <assert.h>

/* --- operators --- */

struct operator_info {
    enum dhall_operator operator_;
    unsigned precedence; /* tightest is highest */
    unsigned len;
    bool space; /* must have white space behind it */
};

static struct operator_info slash_operator(const char *at)
{
    if (at[1] == '\\') {
        return (struct operator_info){DHALL_COMBINE, 8, 2, false};
    }
    if (at[1] != '/') {
        return (struct operator_info){0};
    }
    if (at[2] == '\\' && at[3] == '\\') {
        return (struct operator_info){DHALL_COMBINE_TYPES, 10, 4, false};
    }
    return (struct operator_info){DHALL_PREFER, 9, 2, false};
}

static struct operator_info unicode_operator(const char *at)
{
    static const struct {
        const char *text;
        struct operator_info info;
    } rows[] = {
        {"\xE2\x88\xA7", {DHALL_COMBINE, 8, 3, false}},
        {"\xE2\xAB\xBD", {DHALL_PREFER, 9, 3, false}},
        {"\xE2\xA9\x93", {DHALL_COMBINE_TYPES, 10, 3, false}},
        {"\xE2\x89\xA1", {DHALL_EQUIVALENT, 1, 3, false}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strncmp(at, rows[i].text, 3) == 0) {
            return rows[i].info;
        }
    }
    return (struct operator_info){0};
}

/* len is 0 if there is none here. */
static struct operator_info operator_here(const char *at)
{
    switch (at[0]) {
    case '=':
        if (at[1] != '=') {
            break;
        }
        return at[2] == '=' ? (struct operator_info){DHALL_EQUIVALENT, 1, 3, false}
                            : (struct operator_info){DHALL_EQUAL, 12, 2, false};
    case '?':
        return (struct operator_info){DHALL_ALTERNATIVE, 2, 1, true};
    case '|':
        return (struct operator_info){DHALL_OR, 3, at[1] == '|' ? 2 : 0, false};
    case '+':
        return at[1] == '+' ? (struct operator_info){DHALL_TEXT_APPEND, 5, 2, false}
                            : (struct operator_info){DHALL_PLUS, 4, 1, true};
    case '#':
        return (struct operator_info){DHALL_LIST_APPEND, 6, 1, false};
    case '&':
        return (struct operator_info){DHALL_AND, 7, at[1] == '&' ? 2 : 0, false};
    case '/':
        return slash_operator(at);
    case '*':
        return (struct operator_info){DHALL_TIMES, 11, 1, false};
    case '!':
        return (struct operator_info){DHALL_NOT_EQUAL, 13, at[1] == '=' ? 2 : 0, false};
    case '\xE2':
        return unicode_operator(at);
    default:
        break;
    }
    return (struct operator_info){0};
}

enum {
    OPERATOR_LEVELS = 13,
};
struct operator_stack {
    struct {
        struct operator_info info;
        dhall_term left;
        const char *from; /* where left begins */
    } rows[OPERATOR_LEVELS];
    unsigned len;
};

/* Closes what binds at least as tight as precedence; term is the right side, begins at *from. */
static dhall_term operators_close(struct parser *parser, struct operator_stack *stack,
    unsigned precedence, dhall_term term, const char *end, const char **from)
{
    while (stack->len > 0 && stack->rows[stack->len - 1].info.precedence >= precedence) {
        stack->len--;
        *from = stack->rows[stack->len].from;
        term = dhall_operator_add(parser->terms, stack->rows[stack->len].info.operator_,
            stack->rows[stack->len].left, term, parser_span(parser, *from, end));
    }
    return term;
}

static bool operator_take(struct parser *parser, struct operator_info info)
{
    const char *at = parser->at;
    parser->at += info.len;
    if (!parser_space(parser) && info.space) {
        (void)parser_fail(
            parser, at, at + info.len, "a space is missing after the operator `%c`", *at);
        if (*at == '+') {
            parser_help(parser, "`x + 1` adds; `f +1` gives f the Integer +1");
        }
    }
    return parser->err == OK;
}

/* operator-expression. */
static dhall_term operators(struct parser *parser, enum operand_form *ret_form)
{
    struct operator_stack stack = {.len = 0};
    const char *from = parser->at;
    dhall_term term = parser_application(parser, ret_form);
    while (term.row != 0) {
        const char *end = parser->at;
        (void)parser_space(parser);
        struct operator_info info = operator_here(parser->at);
        if (info.len == 0) {
            parser->at = parser->err == OK ? end : parser->at;
            return operators_close(parser, &stack, 0, term, end, &from);
        }
        if (!operator_take(parser, info)) {
            break;
        }
        term = operators_close(parser, &stack, info.precedence, term, end, &from);
        stack.rows[stack.len].info = info;
        stack.rows[stack.len].left = term;
        stack.rows[stack.len].from = from;
        stack.len++;
        from = parser->at;
        enum operand_form form;
        term = parser_application(parser, &form);
        *ret_form = FORM_OTHER;
    }
    return (dhall_term){0};
}

/* --- with --- */

/* `a.b.?.c`: pushed on the scratch stack. */
static bool with_path(struct parser *parser)
{
    do {
        (void)parser_space(parser);
        dhall_label label = DHALL_PATH_OPTIONAL;
        if (!parser_take(parser, '?') && !parser_label(parser, LABEL_ANY_OR_SOME, &label)) {
            return false;
        }
        parser_push(parser, label);
        (void)parser_space(parser);
    } while (parser_take(parser, '.'));
    if (!parser_take(parser, '=')) {
        return parser_expected(parser, "`.` or `=` in `with`");
    }
    (void)parser_space(parser);
    return true;
}

/* `with` is taken, and white space; term is what stands before it. */
static dhall_term with_clause(struct parser *parser, dhall_term term, const char *from)
{
    size_t base = parser->scratch_len;
    parser_push(parser, 0); /* the value's place */
    dhall_term value = {0};
    if (with_path(parser)) {
        enum operand_form form;
        value = operators(parser, &form);
    }
    if (value.row != 0) {
        parser->scratch[base] = value.row;
        value = dhall_list_row_add(parser->terms, DHALL_WITH, term.row, parser->scratch + base,
            parser->scratch_len - base, parser_span(parser, from, parser->at));
    }
    parser->scratch_len = base;
    return value;
}

/* 1*(whsp1 "with" whsp1 with-clause), if there is any. */
static dhall_term with_clauses(
    struct parser *parser, dhall_term term, const char *from, enum operand_form *form)
{
    while (term.row != 0) {
        const char *end = parser->at;
        if (!parser_space(parser) || parser_keyword(parser) != DHALL_KEYWORD_WITH) {
            parser->at = parser->err == OK ? end : parser->at;
            return term;
        }
        parser_word_take(parser);
        if (!parser_space1(parser, "`with`")) {
            break;
        }
        *form = FORM_WITH;
        term = with_clause(parser, term, from);
    }
    return (dhall_term){0};
}

/* --- what waits for its right side --- */

static void pending_push(struct parser *parser, struct pending row)
{
    if (parser->pending_len == parser->pending_cap) {
        parser->pending_cap = parser->pending_cap == 0 ? 64 : parser->pending_cap * 2;
        parser->pending = memory_realloc(parser->pending, parser->pending_cap * sizeof row);
    }
    parser->pending[parser->pending_len++] = row;
}

static dhall_term pending_close(
    struct parser *parser, const struct pending *row, dhall_term right, const char *end)
{
    struct dhall_terms *terms = parser->terms;
    struct span span = parser_span(parser, row->begin, end);
    dhall_term none = {0};
    switch (row->kind) {
    case DHALL_LAMBDA:
        return dhall_lambda_add(terms, row->label, row->a, right, span);
    case DHALL_PI:
        return dhall_pi_add(terms, row->label, row->a, right, span);
    case DHALL_LET:
        return dhall_let_add(terms, row->label, row->a, row->b, right, span);
    case DHALL_ANNOT:
    case DHALL_TO_MAP:
        return dhall_node_add(terms, row->kind, row->a, right, none, span);
    case DHALL_IF:
    case DHALL_MERGE:
        return dhall_node_add(terms, row->kind, row->a, row->b, right, span);
    default: /* DHALL_LIST_EMPTY, DHALL_ASSERT; no other kind is pushed */
        return dhall_node_add(terms, row->kind, right, none, none, span);
    }
}

/* `(x : a) ->` behind a lambda or forall. */
static bool binder(struct parser *parser, enum dhall_kind kind, const char *from)
{
    struct pending row = {.kind = kind, .begin = from};
    (void)parser_space(parser);
    if (!parser_take(parser, '(')) {
        return parser_expected(parser, "`(`: a parameter is written `(x : T)`");
    }
    (void)parser_space(parser);
    if (!parser_label(parser, LABEL_BOUND, &row.label)) {
        return false;
    }
    (void)parser_space(parser);
    if (!parser_take(parser, ':')) {
        return parser_expected(parser, "`:` and the parameter's type");
    }
    if (!parser_space1(parser, "`:`")) {
        return false;
    }
    row.a = parser_expression(parser);
    if (row.a.row == 0) {
        return false;
    }
    (void)parser_space(parser);
    if (!parser_take(parser, ')')) {
        return parser_expected(parser, "`)` after the parameter's type");
    }
    (void)parser_space(parser);
    if (!parser_take_text(parser, STR("->")) && !parser_take_text(parser, STR("\xE2\x86\x92"))) {
        return parser_expected(parser, "`->`");
    }
    (void)parser_space(parser);
    pending_push(parser, row);
    return true;
}

/* At `if`. */
static bool condition(struct parser *parser)
{
    struct pending row = {.kind = DHALL_IF, .begin = parser->at};
    parser_word_take(parser);
    if (!parser_space1(parser, "`if`")) {
        return false;
    }
    row.a = parser_expression(parser);
    if (row.a.row == 0) {
        return false;
    }
    (void)parser_space(parser);
    if (parser_keyword(parser) != DHALL_KEYWORD_THEN) {
        return parser_expected(parser, "`then`");
    }
    parser_word_take(parser);
    if (!parser_space1(parser, "`then`")) {
        return false;
    }
    row.b = parser_expression(parser);
    if (row.b.row == 0) {
        return false;
    }
    (void)parser_space(parser);
    if (parser_keyword(parser) != DHALL_KEYWORD_ELSE) {
        return parser_expected(parser, "`else`: an `if` has both branches");
    }
    parser_word_take(parser);
    pending_push(parser, row);
    return parser_space1(parser, "`else`");
}

static bool let_value(struct parser *parser, struct pending *row)
{
    (void)parser_space(parser);
    if (parser_take(parser, ':')) {
        if (!parser_space1(parser, "`:`")) {
            return false;
        }
        row->a = parser_expression(parser);
        if (row->a.row == 0) {
            return false;
        }
        (void)parser_space(parser);
    }
    if (*parser->at == '=' && parser->at[1] == '=') {
        return parser_fail(
            parser, parser->at, parser->at + 2, "a `let` is written with a single `=`");
    }
    if (!parser_take(parser, '=')) {
        return parser_expected(parser, row->a.row == 0 ? "`=` or `:` in `let`" : "`=` in `let`");
    }
    (void)parser_space(parser);
    row->b = parser_expression(parser);
    return row->b.row != 0;
}

/* At `let`; takes `in`, if it is there. */
static bool let(struct parser *parser)
{
    struct pending row = {.kind = DHALL_LET, .begin = parser->at};
    parser_word_take(parser);
    if (!parser_space1(parser, "`let`") || !parser_label(parser, LABEL_BOUND, &row.label) ||
        !let_value(parser, &row)) {
        return false;
    }
    const char *end = parser->at;
    bool space = parser_space(parser);
    enum dhall_keyword keyword = parser_keyword(parser);
    if (keyword != DHALL_KEYWORD_IN && keyword != DHALL_KEYWORD_LET) {
        (void)parser_expected(parser, "`in` or another `let`");
        return false;
    }
    if (!space) {
        return parser_fail(parser, end, end, "a space is missing before `%s`",
            keyword == DHALL_KEYWORD_IN ? "in" : "let");
    }
    pending_push(parser, row);
    if (keyword == DHALL_KEYWORD_LET) {
        return true;
    }
    parser_word_take(parser);
    return parser_space1(parser, "`in`");
}

/* `: type` behind something that waits for it. */
static bool annotation(struct parser *parser, struct pending row, const char *what)
{
    (void)parser_space(parser);
    if (!parser_take(parser, ':')) {
        return parser_expected(parser, what);
    }
    pending_push(parser, row);
    return parser_space1(parser, "`:`");
}

/* `[` `]`, here only. */
static bool empty_list_here(struct parser *parser)
{
    const char *from = parser->at;
    parser->at++;
    (void)parser_space(parser);
    if (parser_take(parser, ',')) {
        (void)parser_space(parser);
    }
    if (parser_take(parser, ']')) {
        return true;
    }
    parser->at = parser->err == OK ? from : parser->at;
    return false;
}

enum step {
    STEP_NONE,  /* no such beginning here */
    STEP_AGAIN, /* something was pushed: go on with its right side */
    STEP_FAILED,
};

/* What begins with a word or symbol of its own. */
static enum step beginning(struct parser *parser)
{
    const char *from = parser->at;
    bool going = false;
    switch (parser_keyword(parser)) {
    case DHALL_KEYWORD_LET:
        going = let(parser);
        break;
    case DHALL_KEYWORD_IF:
        going = condition(parser);
        break;
    case DHALL_KEYWORD_FORALL:
        parser_word_take(parser);
        going = binder(parser, DHALL_PI, from);
        break;
    case DHALL_KEYWORD_ASSERT:
        parser_word_take(parser);
        going = annotation(parser, (struct pending){.kind = DHALL_ASSERT, .begin = from},
            "`:` and what is asserted");
        break;
    default:
        if (parser_take(parser, '\\') || parser_take_text(parser, STR("\xCE\xBB"))) {
            going = binder(parser, DHALL_LAMBDA, from);
        } else if (parser_take_text(parser, STR("\xE2\x88\x80"))) {
            going = binder(parser, DHALL_PI, from);
        } else if (*from == '[' && empty_list_here(parser)) {
            going = annotation(parser, (struct pending){.kind = DHALL_LIST_EMPTY, .begin = from},
                "`:` and the type of the empty list, as in `[] : List T`");
        } else {
            return parser->err == OK ? STEP_NONE : STEP_FAILED;
        }
        break;
    }
    return going ? STEP_AGAIN : STEP_FAILED;
}

/* `-> b`, `: t` behind an operator-expression. */
static enum step ending(
    struct parser *parser, dhall_term term, enum operand_form form, const char *from)
{
    const char *end = parser->at;
    (void)parser_space(parser);
    bool with = form == FORM_WITH; /* the grammar lets nothing follow it */
    if (!with &&
        (parser_take_text(parser, STR("->")) || parser_take_text(parser, STR("\xE2\x86\x92")))) {
        (void)parser_space(parser);
        pending_push(parser, (struct pending){.kind = DHALL_PI, .a = term, .begin = from});
        return STEP_AGAIN;
    }
    if (*parser->at != ':' || with) {
        parser->at = parser->err == OK ? end : parser->at;
        return parser->err == OK ? STEP_NONE : STEP_FAILED;
    }
    struct pending row = {.kind = DHALL_ANNOT, .a = term, .begin = from};
    if (form == FORM_MERGE || form == FORM_TO_MAP) {
        const struct dhall_row *prefixed = dhall_row_of(parser->terms, term);
        row.kind = (enum dhall_kind)prefixed->kind;
        row.a = (dhall_term){prefixed->a};
        row.b = (dhall_term){prefixed->b};
    }
    return annotation(parser, row, "`:`") ? STEP_AGAIN : STEP_FAILED;
}

dhall_term parser_expression(struct parser *parser)
{
    if (!parser_deeper(parser)) {
        return (dhall_term){0};
    }
    size_t base = parser->pending_len;
    dhall_term term = {0};
    enum step step;
    do {
        const char *from = parser->at;
        step = beginning(parser);
        if (step == STEP_NONE) {
            enum operand_form form = FORM_OTHER;
            term = operators(parser, &form);
            if (form == FORM_IMPORT_EXPRESSION) {
                term = with_clauses(parser, term, from, &form);
            }
            step = term.row == 0 ? STEP_FAILED : ending(parser, term, form, from);
        }
    } while (step == STEP_AGAIN);
    if (step == STEP_FAILED) {
        term = (dhall_term){0};
    }
    while (parser->pending_len > base && term.row != 0) {
        parser->pending_len--;
        term = pending_close(parser, &parser->pending[parser->pending_len], term, parser->at);
    }
    parser->pending_len = base;
    parser->depth--;
    return term;
}

/* complete-dhall-file. */
static dhall_term whole_file(struct parser *parser)
{
    while (parser->at[0] == '#' && parser->at[1] == '!') {
        const char *end = memchr(parser->at, '\n', (size_t)(parser->end - parser->at));
        parser->at = end == NULL ? parser->end : end + 1;
    }
    (void)parser_space(parser);
    dhall_term term = parser_expression(parser);
    if (term.row == 0) {
        return term;
    }
    const char *behind = parser->at;
    (void)parser_space(parser);
    if (parser->err != OK || parser->at == parser->end) {
        return parser->err == OK ? term : (dhall_term){0};
    }
    if (parser->at == behind && (parser_operand_starts(parser) || *parser->at == '(')) {
        (void)parser_fail(parser, behind, behind, "a space is missing before this argument");
        return (dhall_term){0};
    }
    bool binds = *parser->at == '=';
    (void)parser_expected(parser, "the end of the expression");
    if (binds) {
        parser_help(parser, "a name is bound by `let x = ... in ...`; a record is `{ x = ... }`");
    }
    return (dhall_term){0};
}

enum err dhall_parse(struct dhall_terms *terms, uint32_t source, struct str text,
    dhall_term *ret_term, struct diags *diags)
{
    static const struct dhall_parse_limits limits = {.nesting_max = DHALL_NESTING_MAX};
    return dhall_parse_within(&limits, terms, source, text, ret_term, diags);
}

enum err dhall_parse_within(const struct dhall_parse_limits *limits, struct dhall_terms *terms,
    uint32_t source, struct str text, dhall_term *ret_term, struct diags *diags)
{
    if (text.len > DHALL_SOURCE_BYTES_MAX) {
        return diag_add(diags, ERR_LIMIT, (struct span){.source = source},
            "a Dhall file of more than %d bytes", (int)DHALL_SOURCE_BYTES_MAX);
    }
    struct parser parser = {.terms = terms, .diags = diags, .source = source, .limits = limits};
    dhall_term term = {0};
    if (parser_open(&parser, text)) {
        term = whole_file(&parser);
    }
    enum err err = parser.err;
    parser_close(&parser);
    if (err == OK && (terms->full || term.row == 0)) {
        err = diag_add(diags, ERR_LIMIT, (struct span){.source = source}, "more than %u terms",
            terms->len_max);
        if (limits->is_option) {
            diag_help(diags, "to allow more, say --limit terms=N");
        }
    }
    if (err == OK) {
        *ret_term = term;
    }
    return err;
}
