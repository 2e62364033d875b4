/* src/dhall/scan.c */
#include "dhall/scan.h"
#include "base/utf8.h"
#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>

struct span parser_span(const struct parser *parser, const char *from, const char *to)
{
    return (struct span){.source = parser->source,
        .begin = (uint32_t)(from - parser->begin),
        .end = (uint32_t)(to - parser->begin)};
}

bool parser_fail(struct parser *parser, const char *from, const char *to, const char *fmt, ...)
{
    parser->first = parser->err == OK;
    if (parser->first) {
        va_list args;
        va_start(args, fmt);
        struct str text = arena_vprintf(parser->diags->arena, fmt, args);
        va_end(args);
        parser->err = diag_add(
            parser->diags, ERR_INVALID, parser_span(parser, from, to), "%.*s", STR_ARG(text));
    }
    parser->at = parser->end;
    return false;
}

/* Length of the UTF-8 sequence here; the text is well-formed. */
static size_t sequence_len(const char *at)
{
    unsigned char c = (unsigned char)*at;
    return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

static void help_for_found(struct parser *parser, enum dhall_keyword keyword)
{
    switch (keyword) {
    case DHALL_KEYWORD_SOME:
    case DHALL_KEYWORD_MERGE:
    case DHALL_KEYWORD_TO_MAP:
    case DHALL_KEYWORD_SHOW_CONSTRUCTOR:
    case DHALL_KEYWORD_IF:
    case DHALL_KEYWORD_LET:
    case DHALL_KEYWORD_ASSERT:
    case DHALL_KEYWORD_FORALL:
        diag_help(parser->diags, "as an argument or operand it needs parentheses around it");
        break;
    case DHALL_KEYWORD_WITH:
        diag_help(parser->diags, "`with` binds tighter than operators and arguments: put what it "
                                 "changes in parentheses");
        break;
    case DHALL_KEYWORD_THEN:
    case DHALL_KEYWORD_ELSE:
    case DHALL_KEYWORD_IN:
    case DHALL_KEYWORD_USING:
    case DHALL_KEYWORD_MISSING:
    case DHALL_KEYWORD_AS:
    case DHALL_KEYWORD_INFINITY:
    case DHALL_KEYWORD_NAN:
    case DHALL_KEYWORD_COUNT:
        break;
    }
}

/* Of a sign that is an operator or a beginning elsewhere. */
static void help_for_sign(struct parser *parser, const char *at)
{
    static const struct {
        const char *sign, *help;
    } signs[] = {
        {"\\", "as an argument or operand a function needs parentheses around it"},
        {"\xCE\xBB", "as an argument or operand a function needs parentheses around it"},
        {"\xE2\x88\x80", "as an argument or operand it needs parentheses around it"},
        {"- ",
            "there is no operator `-`: Natural/subtract y x is x less y, or 0; of Integers add the "
            "Integer/negate"},
        {"/ ", "Dhall does not divide"},
        {"> ", "Dhall does not compare by operators: see Natural/isZero, Natural/subtract and the "
               "Prelude"},
        {"< ", "Dhall does not compare by operators: see Natural/isZero, Natural/subtract and the "
               "Prelude"},
        {";", "nothing ends with `;` in Dhall: behind a `let` stands `in` or the next `let`"},
    };
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        struct str sign = str_of(signs[i].sign);
        if (strncmp(at, sign.ptr, sign.len) == 0) {
            parser_help(parser, "%s", signs[i].help);
            return;
        }
    }
}

bool parser_expected(struct parser *parser, const char *what)
{
    if (parser->err != OK) {
        parser->first = false;
        return false;
    }
    const char *at = parser->at;
    if (at == parser->end) {
        while (at > parser->begin && (at[-1] == ' ' || at[-1] == '\n' || at[-1] == '\r')) {
            at--; /* where something is missing is behind the last word, not on a line of its own */
        }
        return parser_fail(parser, at, at, "expected %s, found the end of the file", what);
    }
    enum dhall_keyword keyword = parser_keyword(parser);
    const char *to = at + sequence_len(at);
    while (is_label_first(*at) && is_label_next(*to)) {
        to++;
    }
    (void)parser_fail(parser, at, to, "expected %s, found `%.*s`", what, (int)(to - at), at);
    help_for_found(parser, keyword);
    help_for_sign(parser, at);
    return false;
}

dhall_term parser_expected_term(struct parser *parser, const char *what)
{
    (void)parser_expected(parser, what);
    return (dhall_term){0};
}

void parser_help(struct parser *parser, const char *fmt, ...)
{
    if (!parser->first || parser->diags->newest->help.len > 0) {
        return;
    }
    va_list args;
    va_start(args, fmt);
    struct str text = arena_vprintf(parser->diags->arena, fmt, args);
    va_end(args);
    diag_help(parser->diags, "%.*s", STR_ARG(text));
}

/* The code point of a well-formed sequence of more than one byte. */
static uint32_t code_point(const char *at, size_t len)
{
    uint32_t code = (unsigned char)*at & (0x7FU >> len);
    for (size_t i = 1; i < len; i++) {
        code = code << 6 | ((unsigned char)at[i] & 0x3FU);
    }
    return code;
}

static bool check_character(struct parser *parser, const char **at)
{
    size_t len = 1;
    unsigned char c = (unsigned char)**at;
    if (c >= 0x80) {
        len = utf8_len((struct str){.ptr = *at, .len = (size_t)(parser->end - *at)});
        if (len == 0) {
            return parser_fail(parser, *at, *at + 1, "byte 0x%02X: the file is not UTF-8", c);
        }
        uint32_t code = code_point(*at, len);
        if ((code & 0xFFFEU) == 0xFFFEU) {
            return parser_fail(
                parser, *at, *at + len, "U+%04X may not stand in a Dhall file", code);
        }
    } else if (c == '\r' && (*at)[1] != '\n') {
        return parser_fail(parser, *at, *at + 1, "a carriage return without a line feed");
    } else if (c < 0x20 && c != '\n' && c != '\t' && c != '\r') {
        return parser_fail(parser, *at, *at + 1,
            "the control character U+%04X may not stand in a "
            "Dhall file",
            c);
    }
    *at += len;
    return true;
}

/* Eight bytes at once while all are printable ASCII. */
static bool check_bytes(struct parser *parser)
{
    const char *at = parser->begin;
    while (at < parser->end) {
        while (parser->end - at >= 8) {
            uint64_t word;
            memcpy(&word, at, sizeof word);
            /* A byte below 0x20 borrows from its high bit; one above 0x7F has it. */
            uint64_t low = (word - 0x2020202020202020U) & ~word;
            if (((low | word) & 0x8080808080808080U) != 0) {
                break;
            }
            at += 8;
        }
        if (at < parser->end && !check_character(parser, &at)) {
            return false;
        }
    }
    return true;
}

bool parser_open(struct parser *parser, struct str text)
{
    struct str copy = arena_str(&parser->terms->arena, text);
    parser->scratch_cap = 256;
    parser->scratch = memory_calloc(parser->scratch_cap, sizeof *parser->scratch);
    parser->begin = copy.ptr;
    parser->end = copy.ptr + copy.len;
    parser->at = copy.ptr;
    if (str_starts(copy, STR("\xEF\xBB\xBF"))) {
        return parser_fail(parser, parser->at, parser->at + 3,
            "a byte order mark: Dhall files have "
            "none");
    }
    return check_bytes(parser);
}

void parser_close(struct parser *parser)
{
    free(parser->pending);
    free(parser->scratch);
    buf_release(&parser->bytes);
}

/* Block comments nest. */
static bool block_comment(struct parser *parser)
{
    const char *from = parser->at;
    unsigned open = 0;
    const char *at = from;
    do {
        if (at[0] == '{' && at[1] == '-') {
            open++;
            at += 2;
        } else if (at[0] == '-' && at[1] == '}') {
            open--;
            at += 2;
        } else if (at == parser->end) {
            return parser_fail(parser, from, from + 2,
                "a comment that is not closed: `-}` is "
                "missing");
        } else {
            at++;
        }
    } while (open > 0);
    parser->at = at;
    return true;
}

bool parser_space(struct parser *parser)
{
    if (parser->at == parser->space_from) {
        parser->at = parser->space_to;
        return parser->space_to != parser->space_from;
    }
    const char *from = parser->at;
    for (;;) {
        char c = *parser->at;
        if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
            parser->at++;
        } else if (c == '-' && parser->at[1] == '-') {
            const char *end = memchr(parser->at, '\n', (size_t)(parser->end - parser->at));
            parser->at = end == NULL ? parser->end : end + 1;
        } else if (c == '{' && parser->at[1] == '-') {
            if (!block_comment(parser)) {
                return false;
            }
        } else {
            break;
        }
    }
    parser->space_from = from;
    parser->space_to = parser->at;
    return parser->at != from;
}

bool parser_space1(struct parser *parser, const char *after)
{
    if (parser_space(parser)) {
        return true;
    }
    return parser_fail(parser, parser->at, parser->at, "a space is missing after %s", after);
}

bool parser_take(struct parser *parser, char c)
{
    if (*parser->at != c || parser->at == parser->end) {
        return false;
    }
    parser->at++;
    return true;
}

bool parser_take_text(struct parser *parser, struct str text)
{
    if ((size_t)(parser->end - parser->at) < text.len ||
        memcmp(parser->at, text.ptr, text.len) != 0) {
        return false;
    }
    parser->at += text.len;
    return true;
}

bool parser_word(struct parser *parser, dhall_label *ret_label)
{
    if (parser->at != parser->word_at) {
        const char *at = parser->at;
        if (!is_label_first(*at)) {
            return false;
        }
        while (is_label_next(*at)) {
            at++;
        }
        struct str name = {.ptr = parser->at, .len = (size_t)(at - parser->at)};
        parser->word_label = dhall_label_of(parser->terms->labels, name);
        parser->word_at = parser->at;
        parser->word_end = at;
    }
    *ret_label = parser->word_label;
    return true;
}

enum dhall_keyword parser_keyword(struct parser *parser)
{
    dhall_label label;
    return parser_word(parser, &label) ? dhall_label_keyword(label) : DHALL_KEYWORD_COUNT;
}

void parser_word_take(struct parser *parser)
{
    assert(parser->at == parser->word_at);
    parser->at = parser->word_end;
}

static bool quoted_label(struct parser *parser, dhall_label *ret_label)
{
    const char *from = parser->at + 1;
    const char *at = from;
    while (*at >= 0x20 && *at <= 0x7E && *at != '`') {
        at++;
    }
    if (*at != '`') {
        return parser_fail(parser, parser->at, at,
            *at == '\n' || *at == '\r' || at == parser->end
                ? "a label that is not closed: a backtick is missing"
                : "a label may hold printable ASCII only");
    }
    struct str name = {.ptr = from, .len = (size_t)(at - from)};
    *ret_label = dhall_label_of(parser->terms->labels, name);
    parser->at = at + 1;
    return true;
}

bool parser_label_starts(struct parser *parser)
{
    return *parser->at == '`' || is_label_first(*parser->at);
}

bool parser_label(struct parser *parser, enum label_class class, dhall_label *ret_label)
{
    if (*parser->at == '`') {
        return quoted_label(parser, ret_label);
    }
    if (!parser_word(parser, ret_label)) {
        return parser_expected(parser, "a label");
    }
    const char *from = parser->at;
    struct str name = dhall_label_name(parser->terms->labels, *ret_label);
    enum dhall_keyword keyword = dhall_label_keyword(*ret_label);
    bool some = keyword == DHALL_KEYWORD_SOME && class == LABEL_ANY_OR_SOME;
    if (keyword != DHALL_KEYWORD_COUNT && !some) {
        (void)parser_fail(
            parser, from, parser->word_end, "`%.*s` is a reserved word", STR_ARG(name));
        parser_help(parser, "to use it as a label, write it in backticks: `%.*s`", STR_ARG(name));
        return false;
    }
    if (class == LABEL_BOUND && dhall_label_builtin(*ret_label) != DHALL_BUILTIN_COUNT) {
        (void)parser_fail(parser, from, parser->word_end, "`%.*s` is built in and cannot be bound",
            STR_ARG(name));
        parser_help(parser, "take another name, or write it in backticks");
        return false;
    }
    parser_word_take(parser);
    return true;
}

void parser_push(struct parser *parser, uint32_t number)
{
    if (parser->scratch_len == parser->scratch_cap) {
        parser->scratch_cap *= 2;
        parser->scratch = memory_realloc(parser->scratch, parser->scratch_cap * sizeof(uint32_t));
    }
    parser->scratch[parser->scratch_len++] = number;
}

bool parser_deeper(struct parser *parser)
{
    const struct dhall_parse_limits *limits = parser->limits;
    bool full =
        limits->stack_low != NULL && (const char *)__builtin_frame_address(0) < limits->stack_low;
    if (full || parser->depth == limits->nesting_max) {
        (void)parser_fail(
            parser, parser->at, parser->at, "nested deeper than %u levels", parser->depth);
        if (limits->is_option) {
            parser_help(parser, "to allow more, say --limit %s", full ? "stack=MIB" : "nesting=N");
        }
        parser->err = ERR_LIMIT;
        return false;
    }
    parser->depth++;
    return true;
}

bool dhall_is_label_byte(char c)
{
    return is_label_next(c);
}

bool dhall_is_simple_label(struct str text)
{
    if (text.len == 0 || !is_label_first(text.ptr[0])) {
        return false;
    }
    for (size_t i = 1; i < text.len; i++) {
        if (!is_label_next(text.ptr[i])) {
            return false;
        }
    }
    static const char *const keywords[] = {
#define KEYWORD_NAME(name, text) (text),
        DHALL_KEYWORDS(KEYWORD_NAME)
#undef KEYWORD_NAME
    };
    for (size_t i = 0; i < DHALL_KEYWORD_COUNT; i++) {
        if (str_eq(str_of(keywords[i]), text)) {
            return false;
        }
    }
    return true;
}
