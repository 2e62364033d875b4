/* src/dhall/scan.h: the state of one parse, and what its files share. Only for parse*.c and scan.c.
 *
 *   text:    begin ... [space_from white space space_to) ... at ... end NUL
 *   pending: what waits for the expression to its right: \(x : a) -> _, let x = a in _, a -> _
 *   scratch: numbers of lists, entries and chunks not yet in a row; a stack
 *
 * How failure travels: the first mistake is told (parser_fail), `failed` is set and `at` moves to
 * the end, where nothing matches; a function that gives a term gives "no term" then. */
#ifndef DHALL_SCAN_H
#define DHALL_SCAN_H
#include "base/buf.h"
#include "dhall/parse.h"
#include "dhall/term.h"

struct pending {
    enum dhall_kind kind;
    dhall_label label;
    dhall_term a, b; /* children that are known */
    const char *begin;
};
struct parser {
    struct dhall_terms *terms;
    struct diags *diags;
    const char *begin, *end,
        *at; /* a copy in terms->arena; *end is NUL, and no byte before it is */
    const char *space_from, *space_to; /* the white space skipped last: it is skipped often */
    const char *word_at, *word_end;    /* the name looked at last */
    dhall_label word_label;
    uint32_t source;
    const struct dhall_parse_limits *limits;
    unsigned depth; /* of nesting */
    enum err err;   /* OK until it failed */
    bool first;     /* the last parser_fail told the first mistake */
    struct pending *pending;
    size_t pending_len, pending_cap;
    uint32_t *scratch;
    size_t scratch_len, scratch_cap;
    struct buf bytes; /* of the literal being read */
};

/* How the operand of an operator was written: what may follow it depends on that. */
enum operand_form {
    FORM_IMPORT_EXPRESSION, /* may be the left side of `with` */
    FORM_MERGE,             /* merge a b, toMap a: may take a type annotation of their own */
    FORM_TO_MAP,
    FORM_WITH, /* nothing may follow */
    FORM_OTHER,
};

/* --- scan.c --- */
/* Copies text, checks that every byte may stand in a Dhall file at all. */
bool parser_open(struct parser *parser, struct str text);
void parser_close(struct parser *parser);
/* Tells the first mistake; [from, to) is where. Always false. */
bool parser_fail(struct parser *parser, const char *from, const char *to, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* What to do about the mistake, if it was the first. */
void parser_help(struct parser *parser, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "expected `what`, found ..." at `at`. Always false. */
bool parser_expected(struct parser *parser, const char *what);
/* The same for a function that gives a term. */
dhall_term parser_expected_term(struct parser *parser, const char *what);
/* The grammar's whsp; was there any? */
bool parser_space(struct parser *parser);
/* The grammar's whsp1 behind `after`, which is a symbol or a word for the message. */
bool parser_space1(struct parser *parser, const char *after);
/* A byte, or a text of bytes, here? Then `at` is behind it. */
bool parser_take(struct parser *parser, char c);
bool parser_take_text(struct parser *parser, struct str text);
/* The simple label here, which may be a reserved word; nothing is taken. */
bool parser_word(struct parser *parser, dhall_label *ret_label);
/* The reserved word here, or DHALL_KEYWORD_COUNT. */
enum dhall_keyword parser_keyword(struct parser *parser);
/* Takes the word that parser_word saw. */
void parser_word_take(struct parser *parser);
/* The grammar's any-label; `some`: any-label-or-some; `bound`: nonreserved-label. */
enum label_class {
    LABEL_ANY,
    LABEL_ANY_OR_SOME,
    LABEL_BOUND
};
bool parser_label(struct parser *parser, enum label_class class, dhall_label *ret_label);
/* Could a label begin here? */
bool parser_label_starts(struct parser *parser);
struct span parser_span(const struct parser *parser, const char *from, const char *to);
/* Pushes a number on the scratch stack. */
void parser_push(struct parser *parser, uint32_t number);
bool parser_deeper(struct parser *parser);

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool is_hex(char c)
{
    return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f');
}
static inline bool is_alpha(char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}
static inline bool is_label_first(char c)
{
    return is_alpha(c) || c == '_';
}
static inline bool is_label_next(char c)
{
    return is_label_first(c) || (c >= '-' && c <= '9' && c != '.');
}
static inline unsigned hex_value(char c)
{
    return is_digit(c) ? (unsigned)(c - '0') : (unsigned)((c | 32) - 'a') + 10;
}

/* --- the grammar, from the outside in --- */
/* Any expression; `at` is at its first byte, and behind its last one afterwards. */
dhall_term parser_expression(struct parser *parser);
/* What stands between operators, with its arguments. */
dhall_term parser_application(struct parser *parser, enum operand_form *ret_form);
dhall_term parser_import_expression(struct parser *parser);
/* Could an import-expression begin here (as an argument, say)? */
bool parser_operand_starts(struct parser *parser);
dhall_term parser_primitive(struct parser *parser);
/* At a digit or a sign. */
dhall_term parser_number(struct parser *parser);
bool parser_number_starts(const struct parser *parser);
/* At a quote; at the two quotes of a multi-line literal; at 0x" */
dhall_term parser_text(struct parser *parser);
dhall_term parser_multi_line(struct parser *parser);
dhall_term parser_bytes(struct parser *parser);
bool parser_import_starts(struct parser *parser);
dhall_term parser_import(struct parser *parser);
/* natural-literal without a row: for x@1. */
bool parser_index(struct parser *parser, uint32_t *ret_index);
#endif
