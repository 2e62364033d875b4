/* src/dhall/format_part.c: what stands between operators: applications, brackets, selectors,
 * imports. */
#include "dhall/format_scan.h"

static void byte_push(struct formatter *formatter)
{
    formatter_push(formatter, formatter_token(formatter, formatter->at + 1));
}

static void word_push(struct formatter *formatter)
{
    formatter_push(formatter, formatter_token(formatter, formatter_word_end(formatter)));
}

static void nest_push(struct formatter *formatter, int32_t columns, const struct doc *doc)
{
    formatter_push(formatter, format_around(formatter, DOC_NEST, columns, doc));
}

/* --- brackets --- */

/* The first parts of a bracket, up to its first element. named: T::{, whose first field has a comma
 * before it when it is broken. */
static void opening_push(struct formatter *formatter, bool named, char separator)
{
    struct arena *arena = formatter->arena;
    byte_push(formatter);
    const struct doc *before = NULL;
    if (*formatter->at == separator) {
        const struct doc *parts[2] = {formatter_skip(formatter, formatter->at + 1)};
        parts[1] = formatter_own_of(formatter, formatter->trailing);
        before = parts[0] == NULL && parts[1] == NULL ? NULL : doc_concat(arena, parts, 2);
    }
    if (!named) {
        push_leaf(formatter, DOC_SPACE, 0);
        if (before != NULL) {
            nest_push(formatter, 2, before);
        }
        return;
    }
    bool hoist = formatter->leading != NULL && !formatter->leading_inline;
    const struct doc *own = hoist ? formatter_leading_take(formatter) : NULL;
    const struct doc *flat[3] = {before, own, doc_leaf(arena, DOC_SPACE, 0)};
    const struct doc *broken[5] = {doc_leaf(arena, DOC_LINE, 1), before, own,
        format_text(formatter, ","), doc_leaf(arena, DOC_SPACE, 0)};
    formatter_push(
        formatter, doc_choice(arena, doc_concat(arena, flat, 3), doc_concat(arena, broken, 5)));
}

/* The separator here, and what is due before the next element. Comments behind one that ends a line
 * are the last element's, which is on top of the stack; others before the next one's. */
static void separator_push(struct formatter *formatter, char close)
{
    struct arena *arena = formatter->arena;
    bool comma_first = formatter->line_ended;
    const char *text = *formatter->at == ',' ? "," : "|";
    const struct doc *before = formatter_skip(formatter, formatter->at + 1);
    const struct doc *trailing = formatter->trailing;
    if (trailing != NULL && !comma_first) {
        const struct doc *parts[2] = {formatter->stack[formatter->stack_len - 1], trailing};
        formatter->stack[formatter->stack_len - 1] = doc_concat(arena, parts, 2);
        trailing = NULL;
    }
    if (*formatter->at == close) { /* it ends the list: it is not written */
        const struct doc *parts[3] = {
            before, formatter_own_of(formatter, trailing), formatter_leading_take(formatter)};
        bool any = parts[0] != NULL || parts[1] != NULL || parts[2] != NULL;
        formatter->leading = any ? doc_concat(arena, parts, 3) : NULL;
        return;
    }
    push_leaf(formatter, DOC_LINE, text[0] == '|' ? 1 : 0);
    formatter_push(formatter, before);
    if (trailing == NULL && !formatter->leading_inline) {
        formatter_push(formatter, formatter_leading_take(formatter));
    }
    formatter_push(formatter, format_text(formatter, text));
    formatter_push(formatter, trailing);
    push_leaf(formatter, DOC_SPACE, 0);
}

/* a.b = value, a : type, a; ret_type: it is of a record type */
static const struct doc *entry(struct formatter *formatter, bool *ret_type)
{
    const struct doc *before = formatter_leading_take(formatter);
    size_t base = formatter->stack_len;
    word_push(formatter);
    while (*formatter->at == '.') {
        byte_push(formatter);
        word_push(formatter);
    }
    char sign = *formatter->at;
    if (sign != '=' && sign != ':') {
        return format_behind(formatter, before, formatter_pop(formatter, base));
    }
    *ret_type = sign == ':';
    push_leaf(formatter, DOC_SPACE, 0);
    const struct doc *equals = formatter_token(formatter, formatter->at + 1);
    formatter_push(formatter, equals);
    bool commented = equals->tail || formatter->leading != NULL;
    size_t rest = formatter->stack_len;
    enum form form;
    const struct doc *value = format_expression(formatter, &form);
    bool hang = (form == FORMED_COMPLETION || form == FORMED_PREFIX_HANG) && !commented;
    bool close =
        sign == '=' && (form == FORMED_RECORD || form == FORMED_LIST || form == FORMED_COMPLETION);
    push_leaf(formatter, hang ? DOC_SPACE : DOC_LINE, 1);
    formatter_push(formatter, value);
    nest_push(formatter,
        form == FORMED_PREFIX_HANG && hang ? -2
        : close                            ? 0
                                           : 2,
        formatter_pop(formatter, rest));
    return format_behind(formatter, before, format_group(formatter, base));
}

/* `open` a, b, c `close` */
static const struct doc *bracket(
    struct formatter *formatter, char close, bool named, bool *ret_type)
{
    size_t base = formatter->stack_len;
    char separator = close == '>' ? '|' : ',';
    opening_push(formatter, named, separator);
    while (formatter->err == OK) {
        const struct doc *element = NULL;
        if (close == ']') {
            enum form form;
            element = format_expression(formatter, &form);
        } else {
            element = entry(formatter, ret_type);
        }
        nest_push(formatter, 2, element);
        if (formatter->err != OK || *formatter->at == close) {
            break;
        }
        separator_push(formatter, close);
        if (*formatter->at == close) {
            break;
        }
    }
    push_leaf(formatter, DOC_LINE, 1);
    if (formatter->err == OK) {
        byte_push(formatter);
    }
    return format_group(formatter, base);
}

/* Is the bracket here empty: {}, {=}, [], <> and the same with a separator? Then it is pushed. */
static bool empty_bracket_push(struct formatter *formatter, char close)
{
    struct formatter saved = *formatter;
    size_t base = formatter->stack_len;
    byte_push(formatter);
    while (*formatter->at == '=' || *formatter->at == ',' || *formatter->at == '|') {
        if (*formatter->at == '=') {
            byte_push(formatter);
            continue;
        }
        const struct doc *parts[3] = {formatter_skip(formatter, formatter->at + 1)};
        parts[1] = formatter_own_of(formatter, formatter->trailing);
        parts[2] = formatter_leading_take(formatter);
        formatter->leading = doc_concat(formatter->arena, parts, 3);
    }
    if (*formatter->at == close) {
        byte_push(formatter);
        return true;
    }
    saved.stack = formatter->stack;
    saved.stack_cap = formatter->stack_cap;
    *formatter = saved;
    formatter->stack_len = base;
    return false;
}

/* At {, [ or < */
static const struct doc *bracketed(struct formatter *formatter, bool named, enum form *ret_form)
{
    char close = '>';
    if (*formatter->at == '{') {
        close = '}';
    } else if (*formatter->at == '[') {
        close = ']';
    }
    size_t base = formatter->stack_len;
    bool list = close == ']';
    if (empty_bracket_push(formatter, close)) {
        *ret_form = list ? FORMED_OTHER : FORMED_SIMPLE;
        return formatter_pop(formatter, base);
    }
    bool type = close == '>';
    const struct doc *doc = bracket(formatter, close, named, &type);
    *ret_form = list ? FORMED_LIST : type ? FORMED_SIMPLE : FORMED_RECORD;
    return doc;
}

/* (a); the parentheses go if a needs none. bare: then they may. */
static const struct doc *parenthesised(struct formatter *formatter, bool bare, enum form *ret_form)
{
    struct arena *arena = formatter->arena;
    size_t base = formatter->stack_len;
    const struct doc *before = formatter->leading;
    byte_push(formatter);
    bool commented = before != NULL || formatter->stack[base]->tail;
    const struct doc *inside = format_expression(formatter, ret_form);
    commented = commented || formatter->leading != NULL || inside->tail;
    bool simple =
        *ret_form == FORMED_SIMPLE || *ret_form == FORMED_RECORD || *ret_form == FORMED_LIST;
    if (formatter->err != OK) {
        formatter->stack_len = base;
        return inside;
    }
    const struct doc *closing = formatter_token(formatter, formatter->at + 1);
    if (bare && simple && !commented) {
        const struct doc *parts[2] = {inside, closing->tail ? formatter->trailing : NULL};
        formatter->stack_len = base;
        return parts[1] == NULL ? inside : doc_concat(arena, parts, 2);
    }
    formatter_push(
        formatter, doc_choice(arena, doc_leaf(arena, DOC_EMPTY, 0), doc_leaf(arena, DOC_SPACE, 1)));
    nest_push(formatter, 2, inside);
    push_leaf(formatter, DOC_LINE, 0);
    formatter_push(formatter, closing);
    *ret_form = FORMED_OTHER;
    return format_group(formatter, base);
}

/* --- selectors --- */

static const struct doc *primitive(struct formatter *formatter, bool bare, enum form *ret_form)
{
    char c = *formatter->at;
    *ret_form = FORMED_SIMPLE;
    if (c == '(') {
        return parenthesised(formatter, bare, ret_form);
    }
    if (c == '{' || c == '[' || c == '<') {
        return bracketed(formatter, false, ret_form);
    }
    if (c == '"' || c == '\'') {
        return format_text_literal(formatter);
    }
    if (formatter_is(formatter, STR("0x\""))) {
        const char *end = formatter->at + 3;
        while (*end != '"') {
            end++;
        }
        return formatter_token(formatter, end + 1);
    }
    const char *word_end = formatter_word_end(formatter);
    if (word_end == formatter->at) {
        *ret_form = FORMED_OTHER;
        return formatter_token(formatter, formatter_literal_end(formatter));
    }
    size_t base = formatter->stack_len;
    formatter_push(formatter, formatter_token(formatter, word_end));
    if (*formatter->at == '@') {
        byte_push(formatter);
        const char *end = formatter->at;
        while ((*end >= '0' && *end <= '9') ||
               ((*end | 32) >= 'a' && (*end | 32) <= 'x' && formatter->at[0] == '0')) {
            end++;
        }
        formatter_push(formatter, formatter_token(formatter, end));
    }
    return formatter_pop(formatter, base);
}

/* Behind the dot: { a, b } of a projection. */
static void projection_push(struct formatter *formatter)
{
    bool type = false;
    if (!empty_bracket_push(formatter, '}')) {
        formatter_push(formatter, bracket(formatter, '}', false, &type));
    }
}

static const struct doc *selectors(struct formatter *formatter, bool bare, enum form *ret_form)
{
    size_t base = formatter->stack_len;
    formatter_push(formatter, primitive(formatter, bare, ret_form));
    while (
        formatter->err == OK && *formatter->at == '.' && formatter_import_end(formatter) == NULL) {
        *ret_form = *ret_form == FORMED_OTHER ? FORMED_OTHER : FORMED_SIMPLE;
        byte_push(formatter);
        if (*formatter->at == '{') {
            projection_push(formatter);
        } else if (*formatter->at == '(') {
            enum form form;
            formatter_push(formatter, parenthesised(formatter, false, &form));
        } else {
            word_push(formatter);
        }
    }
    return formatter_pop(formatter, base);
}

/* --- imports --- */

static const struct doc *import_expression(struct formatter *formatter, enum form *ret_form);

static const struct doc *import(struct formatter *formatter, const char *end)
{
    size_t base = formatter->stack_len;
    formatter_push(formatter, formatter_token(formatter, end));
    size_t rest = formatter->stack_len;
    if (formatter_is_word(formatter, STR("using"))) {
        enum form form;
        push_leaf(formatter, DOC_LINE, 1);
        word_push(formatter);
        push_leaf(formatter, DOC_SPACE, 0);
        const struct doc *headers = import_expression(formatter, &form);
        formatter_push(formatter, format_around(formatter, DOC_ALIGN, 0, headers));
    }
    if (formatter_is(formatter, STR("sha256:")) && formatter->err == OK) {
        push_leaf(formatter, DOC_LINE, 1);
        formatter_push(formatter, formatter_token(formatter, formatter->at + 7 + 64));
    }
    if (formatter_is_word(formatter, STR("as")) && formatter->err == OK) {
        push_leaf(formatter, DOC_LINE, 1);
        word_push(formatter);
        push_leaf(formatter, DOC_SPACE, 0);
        word_push(formatter);
    }
    if (formatter->stack_len == rest) {
        return formatter_pop(formatter, base); /* nothing behind it: its comment breaks no line */
    }
    nest_push(formatter, 2, formatter_pop(formatter, rest));
    return format_group(formatter, base);
}

static const struct doc *import_expression_at(struct formatter *formatter, enum form *ret_form)
{
    const char *end = formatter_import_end(formatter);
    if (end != NULL) {
        *ret_form = FORMED_OTHER;
        if (!formatter_deeper(formatter)) { /* headers nest */
            return doc_leaf(formatter->arena, DOC_EMPTY, 0);
        }
        const struct doc *doc = import(formatter, end);
        formatter->depth--;
        return doc;
    }
    const struct doc *left = selectors(formatter, true, ret_form);
    if (formatter->err != OK || !formatter_is(formatter, STR("::"))) {
        return left;
    }
    size_t base = formatter->stack_len;
    formatter_push(formatter, left);
    formatter_push(formatter, formatter_token(formatter, formatter->at + 2));
    enum form form;
    bool fields = *formatter->at == '{';
    if (fields) {
        formatter_push(formatter, bracketed(formatter, true, &form));
        while (formatter->err == OK && *formatter->at == '.') {
            byte_push(formatter);
            fields = false;
            if (*formatter->at == '{') {
                projection_push(formatter);
            } else if (*formatter->at == '(') {
                formatter_push(formatter, parenthesised(formatter, false, &form));
            } else {
                word_push(formatter);
            }
        }
    } else {
        formatter_push(formatter, selectors(formatter, false, &form));
    }
    *ret_form = fields && form == FORMED_RECORD ? FORMED_COMPLETION : FORMED_OTHER;
    return formatter_pop(formatter, base);
}

static const struct doc *import_expression(struct formatter *formatter, enum form *ret_form)
{
    const struct doc *before = formatter_leading_take(formatter);
    return format_behind(formatter, before, import_expression_at(formatter, ret_form));
}

/* --- applications --- */

static bool operand_starts(const struct formatter *formatter)
{
    const char *at = formatter->at;
    if (formatter_import_end(formatter) != NULL) {
        return true;
    }
    if (formatter_word_end(formatter) > at) {
        static const char *const keywords[] = {"if", "then", "else", "let", "in", "using", "assert",
            "as", "merge", "Some", "toMap", "forall", "with", "showConstructor"};
        for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
            if (formatter_is_word(formatter, str_of(keywords[i]))) {
                return false;
            }
        }
        return true;
    }
    return strchr("\"([{<", *at) != NULL
               ? *at != '\0'
               : formatter_is(formatter, STR("''")) || formatter_literal_end(formatter) != NULL ||
                     formatter_is(formatter, STR("0x\""));
}

/* How many operands belong to the word here. */
static unsigned prefix_operands(const struct formatter *formatter)
{
    if (formatter_is_word(formatter, STR("merge"))) {
        return 2;
    }
    return formatter_is_word(formatter, STR("Some")) ||
                   formatter_is_word(formatter, STR("toMap")) ||
                   formatter_is_word(formatter, STR("showConstructor"))
               ? 1
               : 0;
}

const struct doc *format_application(struct formatter *formatter, enum form *ret_form)
{
    size_t base = formatter->stack_len;
    unsigned operands = prefix_operands(formatter);
    bool hangs = operands == 1;
    enum form form = FORMED_OTHER;
    size_t count = 0;
    if (operands > 0) {
        word_push(formatter);
    } else {
        formatter_push(formatter, import_expression(formatter, ret_form));
    }
    size_t rest = formatter->stack_len;
    while (formatter->err == OK && formatter_spaced(formatter) && operand_starts(formatter)) {
        push_leaf(formatter, DOC_LINE, 1);
        formatter_push(formatter, import_expression(formatter, &form));
        count++;
    }
    if (count == 0 && operands == 0) {
        return formatter_pop(formatter, base);
    }
    hangs = hangs && count == 1 &&
            (form == FORMED_RECORD || form == FORMED_LIST || form == FORMED_COMPLETION);
    *ret_form = hangs ? FORMED_PREFIX_HANG : FORMED_OTHER;
    nest_push(formatter, 2, formatter_pop(formatter, rest));
    return format_group(formatter, base);
}
