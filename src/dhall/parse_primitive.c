/* src/dhall/parse_primitive.c: what operators and arguments are made of. */
#include "dhall/scan.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>

static dhall_term finish(struct parser *parser, size_t base, dhall_term term)
{
    parser->scratch_len = base;
    return parser->err == OK ? term : (dhall_term){0};
}

/* --- identifiers --- */

static dhall_term variable(struct parser *parser)
{
    const char *from = parser->at;
    bool quoted = *from == '`';
    dhall_label label;
    enum dhall_keyword keyword = parser_keyword(parser);
    if (keyword == DHALL_KEYWORD_INFINITY || keyword == DHALL_KEYWORD_NAN) {
        parser_word_take(parser);
        double value = keyword == DHALL_KEYWORD_NAN ? (double)NAN : (double)INFINITY;
        return dhall_double_add(parser->terms, value, parser_span(parser, from, parser->at));
    }
    if (keyword != DHALL_KEYWORD_COUNT) {
        return parser_expected_term(parser, "an expression");
    }
    if (!parser_label(parser, LABEL_ANY, &label)) {
        return (dhall_term){0};
    }
    const char *end = parser->at;
    enum dhall_builtin builtin = dhall_label_builtin(label);
    (void)parser_space(parser);
    bool indexed = parser_take(parser, '@');
    if (builtin != DHALL_BUILTIN_COUNT && !quoted) {
        if (indexed) {
            (void)parser_fail(parser, end, parser->at, "a builtin takes no index");
            return (dhall_term){0};
        }
        parser->at = parser->err == OK ? end : parser->at;
        return dhall_builtin_add(parser->terms, builtin, parser_span(parser, from, end));
    }
    uint32_t index = 0;
    if (indexed) {
        (void)parser_space(parser);
        if (!parser_index(parser, &index)) {
            return (dhall_term){0};
        }
    } else if (parser->err == OK) {
        parser->at = end;
    }
    return dhall_var_add(parser->terms, label, index, parser_span(parser, from, parser->at));
}

/* --- lists --- */

static dhall_term list(struct parser *parser)
{
    const char *from = parser->at;
    size_t base = parser->scratch_len;
    parser->at++;
    (void)parser_space(parser);
    if (parser_take(parser, ',')) {
        (void)parser_space(parser);
    }
    if (*parser->at == ']') {
        (void)parser_fail(parser, from, parser->at + 1, "an empty list without its type");
        parser_help(parser, "write `([] : List T)`, with parentheses");
        return (dhall_term){0};
    }
    for (;;) {
        dhall_term element = parser_expression(parser);
        if (element.row == 0) {
            return finish(parser, base, element);
        }
        parser_push(parser, element.row);
        (void)parser_space(parser);
        bool comma = parser_take(parser, ',');
        (void)parser_space(parser);
        if (parser_take(parser, ']')) {
            break;
        }
        if (!comma) {
            return finish(parser, base, parser_expected_term(parser, "`,` or `]`"));
        }
    }
    dhall_term term = dhall_list_row_add(parser->terms, DHALL_LIST, 0, parser->scratch + base,
        parser->scratch_len - base, parser_span(parser, from, parser->at));
    return finish(parser, base, term);
}

/* --- records --- */

/* The value of `a.b.c = value` under a: { b = { c = value } }. The labels are on the scratch stack
 * from base; the first stays there. */
static dhall_term dotted_value(
    struct parser *parser, size_t base, dhall_term value, struct span span)
{
    while (parser->scratch_len > base + 1) {
        uint32_t pair[2] = {parser->scratch[--parser->scratch_len], value.row};
        value = dhall_fields_add(parser->terms, DHALL_RECORD, pair, 1, span);
    }
    return value;
}

/* any-label *( "." any-label ) "=" expression, or any-label alone; the first label is pushed, then
 * the value. */
static bool record_entry(struct parser *parser, dhall_label label, const char *from)
{
    size_t base = parser->scratch_len;
    const char *label_end = parser->at;
    parser_push(parser, label);
    (void)parser_space(parser);
    while (parser_take(parser, '.')) {
        (void)parser_space(parser);
        dhall_label next;
        if (!parser_label(parser, LABEL_ANY_OR_SOME, &next)) {
            return false;
        }
        parser_push(parser, next);
        (void)parser_space(parser);
    }
    bool single = parser->scratch_len == base + 1;
    if (single && (*parser->at == ',' || *parser->at == '}')) {
        struct span span = parser_span(parser, from, label_end);
        parser_push(parser, dhall_var_add(parser->terms, label, 0, span).row);
        return true;
    }
    if (!parser_take(parser, '=')) {
        return parser_expected(parser,
            single ? "`=`, `:`, `.`, `,` or `}` after a field's name" : "`=` after a field's name");
    }
    if (*parser->at == '=') {
        return parser_fail(
            parser, parser->at - 1, parser->at + 1, "a field is given with a single `=`");
    }
    (void)parser_space(parser);
    dhall_term value = parser_expression(parser);
    if (value.row == 0) {
        return false;
    }
    struct span span = parser_span(parser, from, parser->at);
    parser_push(parser, dotted_value(parser, base, value, span).row);
    return true;
}

static bool record_type_entry(struct parser *parser, dhall_label label)
{
    parser_push(parser, label);
    (void)parser_space(parser);
    if (!parser_take(parser, ':')) {
        return parser_expected(parser, "`:` and the field's type");
    }
    if (!parser_space1(parser, "`:`")) {
        return false;
    }
    dhall_term type = parser_expression(parser);
    parser_push(parser, type.row);
    return type.row != 0;
}

/* Equal labels are joined: { x = a, x = b } is { x = a /\ b }. Sorts; returns the pairs left. */
static size_t duplicates_join(struct parser *parser, uint32_t *pairs, size_t count)
{
    dhall_fields_sort(parser->terms->labels, pairs, count);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && pairs[2 * kept - 2] == pairs[2 * i]) {
            dhall_term left = {pairs[2 * kept - 1]};
            dhall_term right = {pairs[2 * i + 1]};
            struct span span = dhall_span_of(parser->terms, left);
            span.end = dhall_span_of(parser->terms, right).end;
            pairs[2 * kept - 1] =
                dhall_operator_add(parser->terms, DHALL_COMBINE, left, right, span).row;
        } else {
            pairs[2 * kept] = pairs[2 * i];
            pairs[2 * kept + 1] = pairs[2 * i + 1];
            kept++;
        }
    }
    return kept;
}

/* `{` is taken, and white space and a leading comma: {}, {=}, {=,}? */
static bool empty_record(struct parser *parser, const char *from, dhall_term *ret_term)
{
    enum dhall_kind kind = DHALL_RECORD_TYPE;
    if (*parser->at == '=') {
        kind = DHALL_RECORD;
        parser->at++;
        (void)parser_space(parser);
        if (parser_take(parser, ',')) {
            (void)parser_space(parser);
        }
        if (*parser->at != '}') {
            *ret_term = parser_expected_term(parser, "`}`: `{=}` is the empty record");
            return true;
        }
    }
    if (*parser->at != '}') {
        return false;
    }
    parser->at++;
    *ret_term =
        dhall_fields_add(parser->terms, kind, NULL, 0, parser_span(parser, from, parser->at));
    return true;
}

/* Which kind the first entry makes the whole: looks behind its label. */
static enum dhall_kind record_kind(struct parser *parser)
{
    const char *behind = parser->at;
    (void)parser_space(parser);
    bool type = *parser->at == ':';
    parser->at = parser->err == OK ? behind : parser->at;
    return type ? DHALL_RECORD_TYPE : DHALL_RECORD;
}

static dhall_term record(struct parser *parser)
{
    const char *from = parser->at;
    size_t base = parser->scratch_len;
    dhall_term term = {0};
    parser->at++;
    (void)parser_space(parser);
    if (parser_take(parser, ',')) {
        (void)parser_space(parser);
    }
    if (empty_record(parser, from, &term)) {
        return finish(parser, base, term);
    }
    enum dhall_kind kind = DHALL_NONE;
    for (;;) {
        const char *entry = parser->at;
        dhall_label label;
        if (!parser_label(parser, LABEL_ANY_OR_SOME, &label)) {
            if (*entry == '"') {
                parser_help(
                    parser, "a field's name has no quotes: `{ a = 1 }`; an odd one has backticks");
            }
            return finish(parser, base, term);
        }
        kind = kind == DHALL_NONE ? record_kind(parser) : kind;
        if (kind == DHALL_RECORD_TYPE ? !record_type_entry(parser, label)
                                      : !record_entry(parser, label, entry)) {
            return finish(parser, base, term);
        }
        (void)parser_space(parser);
        bool comma = parser_take(parser, ',');
        (void)parser_space(parser);
        if (parser_take(parser, '}')) {
            break;
        }
        if (!comma) {
            bool field = *parser->at == (kind == DHALL_RECORD ? '=' : ':');
            bool given = kind == DHALL_RECORD_TYPE && *parser->at == '=';
            (void)parser_expected(parser, "`,` or `}`");
            if (given) {
                parser_help(parser, "a field with a type and a value is `{ a = 1 : Natural }`");
            } else if (field) {
                parser_help(parser, "is a comma missing before this field?");
            }
            return finish(parser, base, (dhall_term){0});
        }
    }
    size_t count = (parser->scratch_len - base) / 2;
    uint32_t *pairs = parser->scratch + base;
    if (kind == DHALL_RECORD) {
        count = duplicates_join(parser, pairs, count);
    }
    term =
        dhall_fields_add(parser->terms, kind, pairs, count, parser_span(parser, from, parser->at));
    return finish(parser, base, term);
}

/* --- unions --- */

static bool union_entry(struct parser *parser)
{
    dhall_label label;
    dhall_term type = {0};
    if (!parser_label(parser, LABEL_ANY_OR_SOME, &label)) {
        return false;
    }
    parser_push(parser, label);
    const char *end = parser->at;
    (void)parser_space(parser);
    if (parser_take(parser, ':')) {
        if (!parser_space1(parser, "`:`")) {
            return false;
        }
        type = parser_expression(parser);
        if (type.row == 0) {
            return false;
        }
    } else if (parser->err == OK) {
        parser->at = end;
    }
    parser_push(parser, type.row);
    return true;
}

static dhall_term union_type(struct parser *parser)
{
    const char *from = parser->at;
    size_t base = parser->scratch_len;
    parser->at++;
    (void)parser_space(parser);
    if (parser_take(parser, '|')) {
        (void)parser_space(parser);
    }
    bool bar = true;
    while (!parser_take(parser, '>')) {
        if (!bar) {
            const char *what = *parser->at == '=' ? "`:`, `|` or `>`" : "`|` or `>`";
            return finish(parser, base, parser_expected_term(parser, what));
        }
        if (!union_entry(parser)) {
            return finish(parser, base, (dhall_term){0});
        }
        (void)parser_space(parser);
        bar = parser_take(parser, '|');
        (void)parser_space(parser);
    }
    dhall_term term = dhall_fields_add(parser->terms, DHALL_UNION, parser->scratch + base,
        (parser->scratch_len - base) / 2, parser_span(parser, from, parser->at));
    return finish(parser, base, term);
}

/* --- the rest --- */

static dhall_term parenthesised(struct parser *parser)
{
    const char *from = parser->at++;
    (void)parser_space(parser);
    dhall_term term = parser_expression(parser);
    if (term.row == 0) {
        return term;
    }
    (void)parser_space(parser);
    if (!parser_take(parser, ')')) {
        bool at_end = parser->at == parser->end;
        term = parser_expected_term(parser, "`)`");
        if (at_end) {
            struct position at = sources_position(
                parser->diags->sources, parser->source, (uint32_t)(from - parser->begin));
            parser_help(
                parser, "the parenthesis was opened at line %u, column %u", at.line, at.column);
        }
    }
    return term;
}

dhall_term parser_primitive(struct parser *parser)
{
    const char *at = parser->at;
    switch (*at) {
    case '"':
        return parser_text(parser);
    case '\'':
        if (at[1] == '\'') {
            return parser_multi_line(parser);
        }
        break;
    case '(':
        return parenthesised(parser);
    case '[':
        return list(parser);
    case '{':
        return record(parser);
    case '<':
        return union_type(parser);
    case '0':
        if (at[1] == 'x' && at[2] == '"') {
            return parser_bytes(parser);
        }
        return parser_number(parser);
    default:
        break;
    }
    if (parser_number_starts(parser)) {
        return parser_number(parser);
    }
    if (parser_label_starts(parser)) {
        return variable(parser);
    }
    (void)parser_expected(parser, "an expression");
    if (*at == '\'') {
        parser_help(parser, "Text stands in double quotes");
    } else if (*at == '#' || (at[0] == '/' && (at[1] == '/' || at[1] == '*'))) {
        parser_help(parser, "a comment begins with `--`");
    }
    return (dhall_term){0};
}

/* --- selectors, arguments --- */

/* { a, b }: the labels are pushed. */
static bool projection_labels(struct parser *parser)
{
    parser->at++;
    (void)parser_space(parser);
    if (parser_take(parser, ',')) {
        (void)parser_space(parser);
    }
    bool comma = true;
    while (!parser_take(parser, '}')) {
        dhall_label label;
        if (!comma) {
            bool type = *parser->at == ':';
            (void)parser_expected(parser, "`,` or `}`");
            if (type) {
                parser_help(parser, "to project by a type write `.(T)`");
            }
            return false;
        }
        if (!parser_label(parser, LABEL_ANY_OR_SOME, &label)) {
            return false;
        }
        parser_push(parser, label);
        (void)parser_space(parser);
        comma = parser_take(parser, ',');
        (void)parser_space(parser);
    }
    return true;
}

static dhall_term selector(struct parser *parser, dhall_term record, const char *from)
{
    struct dhall_terms *terms = parser->terms;
    size_t base = parser->scratch_len;
    if (*parser->at == '{') {
        if (!projection_labels(parser)) {
            return finish(parser, base, (dhall_term){0});
        }
        dhall_term term =
            dhall_list_row_add(terms, DHALL_PROJECT, record.row, parser->scratch + base,
                parser->scratch_len - base, parser_span(parser, from, parser->at));
        return finish(parser, base, term);
    }
    if (*parser->at == '(') {
        dhall_term type = parenthesised(parser);
        if (type.row == 0) {
            return type;
        }
        return dhall_node_add(terms, DHALL_PROJECT_TYPE, record, type, (dhall_term){0},
            parser_span(parser, from, parser->at));
    }
    dhall_label label;
    if (!parser_label(parser, LABEL_ANY, &label)) {
        return (dhall_term){0};
    }
    return dhall_field_add(terms, record, label, parser_span(parser, from, parser->at));
}

static dhall_term selector_expression(struct parser *parser)
{
    const char *from = parser->at;
    dhall_term term = parser_primitive(parser);
    while (term.row != 0) {
        const char *end = parser->at;
        (void)parser_space(parser);
        bool dot = parser_take(parser, '.');
        if (dot) {
            (void)parser_space(parser);
        }
        if (!dot || !(parser_label_starts(parser) || *parser->at == '{' || *parser->at == '(')) {
            parser->at = parser->err == OK ? end : parser->at;
            break;
        }
        term = selector(parser, term, from);
    }
    return parser->err == OK ? term : (dhall_term){0};
}

dhall_term parser_import_expression(struct parser *parser)
{
    if (parser_import_starts(parser)) {
        return parser_import(parser);
    }
    const char *from = parser->at;
    dhall_term left = selector_expression(parser);
    if (left.row == 0) {
        return left;
    }
    const char *end = parser->at;
    (void)parser_space(parser);
    if (!parser_take_text(parser, STR("::"))) {
        parser->at = parser->err == OK ? end : parser->at;
        return parser->err == OK ? left : (dhall_term){0};
    }
    (void)parser_space(parser);
    dhall_term right = selector_expression(parser);
    if (right.row == 0) {
        return right;
    }
    return dhall_operator_add(
        parser->terms, DHALL_COMPLETE, left, right, parser_span(parser, from, parser->at));
}

bool parser_operand_starts(struct parser *parser)
{
    const char *at = parser->at;
    dhall_label label;
    if (parser_word(parser, &label)) {
        enum dhall_keyword keyword = dhall_label_keyword(label);
        return keyword == DHALL_KEYWORD_COUNT || keyword == DHALL_KEYWORD_MISSING ||
               keyword == DHALL_KEYWORD_INFINITY || keyword == DHALL_KEYWORD_NAN;
    }
    switch (*at) {
    case '"':
    case '(':
    case '[':
    case '{':
    case '<':
    case '`':
        return true;
    case '\'':
        return at[1] == '\'';
    default:
        return parser_number_starts(parser) || parser_import_starts(parser);
    }
}

/* `keyword` with its arguments; FORM says which. */
static dhall_term prefixed(
    struct parser *parser, enum dhall_keyword keyword, enum operand_form *ret_form)
{
    const char *from = parser->at;
    bool merge = keyword == DHALL_KEYWORD_MERGE;
    const char *name = merge                             ? "`merge`"
                       : keyword == DHALL_KEYWORD_SOME   ? "`Some`"
                       : keyword == DHALL_KEYWORD_TO_MAP ? "`toMap`"
                                                         : "`showConstructor`";
    dhall_term second = {0};
    parser_word_take(parser);
    const char *end = parser->at;
    bool space = parser_space(parser);
    if (parser->at == parser->end || strchr(")]},|:=", *parser->at) != NULL) {
        char what[48];
        (void)snprintf(what, sizeof what, "what %s is applied to", name);
        (void)parser_expected(parser, what);
        if (keyword == DHALL_KEYWORD_SOME) {
            parser_help(parser, "alone it is no function, but this is: \\(x : T) -> Some x");
        }
        return (dhall_term){0};
    }
    if (!space) {
        (void)parser_fail(parser, end, end, "a space is missing after %s", name);
        return (dhall_term){0};
    }
    dhall_term first = parser_import_expression(parser);
    if (first.row == 0) {
        return first;
    }
    if (merge) {
        if (!parser_space(parser) || !parser_operand_starts(parser)) {
            return parser_expected_term(parser, "the second argument of `merge`");
        }
        second = parser_import_expression(parser);
        if (second.row == 0) {
            return second;
        }
    }
    *ret_form = merge ? FORM_MERGE : keyword == DHALL_KEYWORD_TO_MAP ? FORM_TO_MAP : FORM_OTHER;
    enum dhall_kind kind = merge                             ? DHALL_MERGE
                           : keyword == DHALL_KEYWORD_SOME   ? DHALL_SOME
                           : keyword == DHALL_KEYWORD_TO_MAP ? DHALL_TO_MAP
                                                             : DHALL_SHOW_CONSTRUCTOR;
    return dhall_node_add(
        parser->terms, kind, first, second, (dhall_term){0}, parser_span(parser, from, parser->at));
}

static bool is_prefix(enum dhall_keyword keyword)
{
    return keyword == DHALL_KEYWORD_MERGE || keyword == DHALL_KEYWORD_SOME ||
           keyword == DHALL_KEYWORD_TO_MAP || keyword == DHALL_KEYWORD_SHOW_CONSTRUCTOR;
}

dhall_term parser_application(struct parser *parser, enum operand_form *ret_form)
{
    const char *from = parser->at;
    enum dhall_keyword keyword = parser_keyword(parser);
    *ret_form = FORM_IMPORT_EXPRESSION;
    dhall_term term =
        is_prefix(keyword) ? prefixed(parser, keyword, ret_form) : parser_import_expression(parser);
    while (term.row != 0) {
        const char *end = parser->at;
        if (!parser_space(parser) || !parser_operand_starts(parser)) {
            parser->at = parser->err == OK ? end : parser->at;
            break;
        }
        dhall_term argument = parser_import_expression(parser);
        if (argument.row == 0) {
            return argument;
        }
        term = dhall_app_add(parser->terms, term, argument, parser_span(parser, from, parser->at));
        *ret_form = FORM_OTHER;
    }
    return parser->err == OK ? term : (dhall_term){0};
}
