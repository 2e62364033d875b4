/* src/dhall/format_scan.h: the state of one formatting. Only for format*.c and gap.c.
 *
 *   text:  begin ... [prev_end comments at) ... end NUL
 *   stack: parts of docs that are not yet put together */
#ifndef DHALL_FORMAT_SCAN_H
#define DHALL_FORMAT_SCAN_H
#include "dhall/format.h"
#include "dhall/layout.h"

/* What an expression looks like, for those who place it. */
enum form {
    FORMED_OTHER,
    FORMED_SIMPLE,      /* needs no parentheses anywhere */
    FORMED_RECORD,      /* a record literal: simple too */
    FORMED_LIST,        /* so is a list that is not empty */
    FORMED_COMPLETION,  /* T::{ a = b } */
    FORMED_PREFIX_HANG, /* Some, toMap with one of them */
};
struct literal_end {
    uint32_t begin, end;
};
struct formatter {
    struct arena *arena;
    struct diags *diags;
    uint32_t source;
    const char *begin, *end;    /* *end is NUL */
    const char *at;             /* the next token, or end */
    const char *prev_end;       /* behind the last token; begin before the first */
    const struct doc *leading;  /* comments before the next token; NULL: none */
    const struct doc *trailing; /* of a separator (formatter_skip) */
    bool leading_inline;        /* some of them are on its line */
    bool line_ended;            /* the next token is on another line than the last */
    bool ascii, unicode_seen;
    enum err err; /* OK until it failed */
    unsigned depth;
    const struct literal_end *literals; /* of the parsed terms, sorted */
    size_t literal_count;
    const struct doc **stack;
    size_t stack_len, stack_cap;
};

/* --- format_scan.c --- */
/* The first token. */
void formatter_open(struct formatter *formatter);
/* Is there white space before the next token? */
static inline bool formatter_spaced(const struct formatter *formatter)
{
    return formatter->at > formatter->prev_end;
}
/* Takes the token up to `end`, with its comments. */
const struct doc *formatter_token(struct formatter *formatter, const char *end);
/* The same, written otherwise. */
const struct doc *formatter_token_as(struct formatter *formatter, const char *end, struct str as);
/* Takes the next len bytes and their comments, without writing them: leading and trailing are its
 * owner's. */
const struct doc *formatter_skip(struct formatter *formatter, const char *end);
/* Leading comments of the next token, which are the caller's then. */
const struct doc *formatter_leading_take(struct formatter *formatter);
/* trailing comments as comments on lines of their own. */
const struct doc *formatter_own_of(struct formatter *formatter, const struct doc *trailing);
/* The word (label characters) at `at` ends here. */
const char *formatter_word_end(const struct formatter *formatter);
bool formatter_is_word(const struct formatter *formatter, struct str word);
bool formatter_is(const struct formatter *formatter, struct str text);
/* Behind the number, date, time or import (with its hash and mode) that begins here, or NULL. */
const char *formatter_literal_end(const struct formatter *formatter);
/* Behind the path, URL, environment variable or `missing` that begins here, or NULL. */
const char *formatter_import_end(const struct formatter *formatter);

void formatter_push(struct formatter *formatter, const struct doc *doc);
/* Concatenates what was pushed since base. */
const struct doc *formatter_pop(struct formatter *formatter, size_t base);
/* One level deeper; false (told) beyond the bound. */
bool formatter_deeper(struct formatter *formatter);

static inline const struct doc *format_text(struct formatter *formatter, const char *text)
{
    return doc_text(formatter->arena, str_of(text));
}
static inline void push_leaf(struct formatter *formatter, enum doc_kind kind, int32_t n)
{
    formatter_push(formatter, doc_leaf(formatter->arena, kind, n));
}
static inline const struct doc *format_around(
    struct formatter *formatter, enum doc_kind kind, int32_t n, const struct doc *child)
{
    return doc_around(formatter->arena, kind, n, child);
}
static inline const struct doc *format_group(struct formatter *formatter, size_t base)
{
    return doc_around(formatter->arena, DOC_GROUP, 0, formatter_pop(formatter, base));
}
/* What is behind comments before it: they break no group of it. */
static inline const struct doc *format_behind(
    struct formatter *formatter, const struct doc *before, const struct doc *doc)
{
    const struct doc *parts[2] = {before, doc};
    return before == NULL ? doc : doc_concat(formatter->arena, parts, 2);
}

/* --- the grammar --- */
const struct doc *format_expression(struct formatter *formatter, enum form *ret_form);
/* operator-expression, from a precedence on. */
const struct doc *format_operators(
    struct formatter *formatter, unsigned precedence, enum form *ret_form);
/* format_part.c */
const struct doc *format_application(struct formatter *formatter, enum form *ret_form);
/* Text literals (format_text.c). */
const struct doc *format_text_literal(struct formatter *formatter);
#endif
