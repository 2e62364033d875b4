/* src/dhall/format_scan.c: tokens and comments. */
#include "dhall/format_scan.h"
#include <stdlib.h>

static bool is_label_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '/';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* --- comments --- */

/* The text is known to parse: a block comment is closed. */
static const char *comment_end(const char *at, const char *end)
{
    if (at[0] == '-' || at[0] == '#') {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        return newline == NULL ? end : newline;
    }
    unsigned open = 0;
    do {
        bool opens = at[0] == '{' && at[1] == '-';
        bool closes = at[0] == '-' && at[1] == '}';
        open = opens ? open + 1 : closes ? open - 1 : open;
        at += opens || closes ? 2 : 1;
    } while (open > 0);
    return at;
}

static bool comment_starts(const char *at)
{
    return (at[0] == '-' && at[1] == '-') || (at[0] == '{' && at[1] == '-');
}

/* The column where a byte stands; tabs are one, as in every measure here. */
static int32_t column_of(const struct formatter *formatter, const char *at)
{
    int32_t column = 0;
    for (; at > formatter->begin && at[-1] != '\n'; at--) {
        column += ((unsigned char)at[-1] & 0xC0U) == 0x80U ? 0 : 1;
    }
    return column;
}

static struct str comment_text(const char *from, const char *to)
{
    while (to > from && is_blank(to[-1])) {
        to--;
    }
    return (struct str){.ptr = from, .len = (size_t)(to - from)};
}

/* The state of one gap between tokens. */
struct gap {
    size_t base;     /* of the leading comments on the stack */
    struct doc *own; /* the last comment, if it has lines of its own */
    const struct doc **trailing;
    size_t trailing_len, trailing_cap;
    int32_t trailing_column;
    unsigned newlines; /* since the last comment or token */
    bool first_line;   /* no newline yet */
    bool follows;      /* what token_follows said up to known_to */
    const char *known_to;
};

/* Is there a token behind a block comment, on its line? Between them only such comments. */
static bool token_follows(const struct formatter *formatter, struct gap *gap, const char *at)
{
    if (gap->known_to != NULL && at <= gap->known_to) {
        return gap->follows;
    }
    bool block = true;
    while (block) {
        while (*at == ' ' || *at == '\t') {
            at++;
        }
        block = at[0] == '{' && at[1] == '-';
        const char *end = block ? comment_end(at, formatter->end) : at;
        block = block && memchr(at, '\n', (size_t)(end - at)) == NULL;
        at = block ? end : at;
    }
    gap->known_to = at;
    gap->follows = at < formatter->end && *at != '\n' && *at != '\r' && !comment_starts(at);
    return gap->follows;
}

static void trailing_add(
    struct formatter *formatter, struct gap *gap, struct str text, int32_t column)
{
    if (gap->trailing_len == gap->trailing_cap) {
        gap->trailing_cap = gap->trailing_cap == 0 ? 2 : gap->trailing_cap * 2;
        const struct doc **grown =
            ARENA_NEW(formatter->arena, const struct doc *, gap->trailing_cap);
        if (gap->trailing_len > 0) {
            memcpy(grown, gap->trailing, gap->trailing_len * sizeof *grown);
        }
        gap->trailing = grown;
    }
    gap->trailing[gap->trailing_len++] = doc_own(formatter->arena, text, column);
    gap->trailing_column = column;
}

/* {- a -} -- b: two comments on one line are one. */
static void trailing_join(struct formatter *formatter, struct gap *gap, struct str text)
{
    const struct doc *last = gap->trailing[gap->trailing_len - 1];
    struct str all = {.ptr = last->text, .len = (size_t)(text.ptr + text.len - last->text)};
    gap->trailing[gap->trailing_len - 1] = doc_own(formatter->arena, all, last->n);
}

static void comment_add(
    struct formatter *formatter, struct gap *gap, const char *from, const char *to)
{
    struct str text = comment_text(from, to);
    bool block = from[0] == '{';
    bool one_line = memchr(from, '\n', (size_t)(to - from)) == NULL;
    if (block && one_line && token_follows(formatter, gap, to)) {
        formatter_push(formatter, doc_text(formatter->arena, text));
        push_leaf(formatter, DOC_SPACE, 0);
        formatter->leading_inline = true;
        gap->own = NULL;
    } else if (gap->first_line && gap->trailing_len > 0) {
        trailing_join(formatter, gap, text);
    } else if (gap->first_line && formatter->stack_len == gap->base) {
        trailing_add(formatter, gap, text, column_of(formatter, from));
    } else if (!block && gap->trailing_len > 0 && formatter->stack_len == gap->base &&
               gap->newlines == 1 && column_of(formatter, from) == gap->trailing_column) {
        trailing_add(formatter, gap, text, gap->trailing_column); /* goes on below the first */
    } else {
        gap->own = doc_own(formatter->arena, text, column_of(formatter, from));
        gap->own->blank_before = gap->newlines > 1;
        formatter_push(formatter, gap->own);
    }
    gap->newlines = 0;
    gap->first_line = gap->first_line && one_line;
}

/* White space and comments from prev_end to the next token. Returns the trailing ones. */
static const struct doc *gap_take(struct formatter *formatter, bool file_begins)
{
    struct gap gap = {.base = formatter->stack_len, .first_line = !file_begins};
    const char *at = formatter->prev_end;
    formatter->leading_inline = false;
    for (;;) {
        bool shebang = file_begins && at[0] == '#' && at[1] == '!';
        if (is_blank(*at)) {
            gap.newlines += *at == '\n' ? 1 : 0;
            gap.first_line = gap.first_line && *at != '\n';
            at++;
        } else if (at < formatter->end && (comment_starts(at) || shebang)) {
            const char *end = comment_end(at, formatter->end);
            comment_add(formatter, &gap, at, end);
            at = end;
        } else {
            break;
        }
    }
    if (gap.own != NULL) {
        gap.own->blank_after = gap.newlines > 1;
    }
    formatter->at = at;
    formatter->line_ended =
        memchr(formatter->prev_end, '\n', (size_t)(at - formatter->prev_end)) != NULL;
    formatter->leading = NULL;
    if (formatter->stack_len > gap.base) {
        formatter->leading = formatter_pop(formatter, gap.base);
    }
    /* An empty line stays behind several: the last might be of the next token as well. */
    bool blank = gap.own == NULL && gap.trailing_len > 1 && gap.newlines > 1;
    return gap.trailing_len == 0
               ? NULL
               : doc_trailing(formatter->arena, gap.trailing, gap.trailing_len, blank);
}

void formatter_open(struct formatter *formatter)
{
    formatter->prev_end = formatter->begin;
    (void)gap_take(formatter, true);
}

const struct doc *formatter_leading_take(struct formatter *formatter)
{
    const struct doc *leading = formatter->leading;
    formatter->leading = NULL;
    return leading;
}

const struct doc *formatter_skip(struct formatter *formatter, const char *end)
{
    const struct doc *leading = formatter_leading_take(formatter);
    formatter->prev_end = end;
    formatter->trailing = gap_take(formatter, false);
    return leading;
}

const struct doc *formatter_token_as(struct formatter *formatter, const char *end, struct str as)
{
    const struct doc *parts[3] = {
        formatter_skip(formatter, end), doc_text(formatter->arena, as), formatter->trailing};
    return parts[0] == NULL && parts[2] == NULL ? parts[1] : doc_concat(formatter->arena, parts, 3);
}

const struct doc *formatter_token(struct formatter *formatter, const char *end)
{
    struct str text = {.ptr = formatter->at, .len = (size_t)(end - formatter->at)};
    return formatter_token_as(formatter, end, text);
}

const struct doc *formatter_own_of(struct formatter *formatter, const struct doc *trailing)
{
    return trailing == NULL ? NULL : doc_concat(formatter->arena, trailing->parts, trailing->len);
}

/* --- tokens --- */

const char *formatter_word_end(const struct formatter *formatter)
{
    const char *at = formatter->at;
    if (*at == '`') {
        at++;
        while (*at != '`') {
            at++;
        }
        return at + 1;
    }
    if (!is_label_byte(*at) || *at == '-' || *at == '/' || (*at >= '0' && *at <= '9')) {
        return at;
    }
    while (is_label_byte(*at)) {
        at++;
    }
    return at;
}

bool formatter_is_word(const struct formatter *formatter, struct str word)
{
    size_t len = (size_t)(formatter_word_end(formatter) - formatter->at);
    return str_eq((struct str){.ptr = formatter->at, .len = len}, word);
}

bool formatter_is(const struct formatter *formatter, struct str text)
{
    return (size_t)(formatter->end - formatter->at) >= text.len &&
           memcmp(formatter->at, text.ptr, text.len) == 0;
}

const char *formatter_literal_end(const struct formatter *formatter)
{
    uint32_t begin = (uint32_t)(formatter->at - formatter->begin);
    size_t low = 0;
    size_t high = formatter->literal_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (formatter->literals[middle].begin < begin) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const char *end = NULL;
    for (; low < formatter->literal_count && formatter->literals[low].begin == begin; low++) {
        const char *one = formatter->begin + formatter->literals[low].end;
        end = end == NULL || one > end ? one : end;
    }
    return end;
}

static bool path_starts(const char *at)
{
    if (at[0] == '/') {
        return at[1] > 0x20 && at[1] < 0x7F && strchr("#(),/<>?[\\]{}", at[1]) == NULL;
    }
    return (at[0] == '.' && (at[1] == '/' || (at[1] == '.' && at[2] == '/'))) ||
           (at[0] == '~' && at[1] == '/');
}

static const char *path_end(const char *at)
{
    while (*at == '/' && path_starts(at)) {
        if (at[1] == '"') {
            at += 2;
            while (*at != '"') {
                at++;
            }
            at++;
            continue;
        }
        at++;
        while (*at > 0x20 && *at < 0x7F && strchr("\"#(),/<>?[\\]{}", *at) == NULL) {
            at++;
        }
    }
    return at;
}

/* Everything a URL may hold; the parser may have found that it ends before. */
static const char *url_end(const char *at, const char *end)
{
    while (at<end && * at> 0x20 && *at < 0x7F && strchr("\"#(),<>\\]{}`^|", *at) == NULL) {
        while (*at == '[' && at < end) { /* an IPv6 address */
            const char *close = memchr(at, ']', (size_t)(end - at));
            at = close == NULL ? end : close;
        }
        at += at < end ? 1 : 0;
    }
    return at;
}

const char *formatter_import_end(const struct formatter *formatter)
{
    const char *at = formatter->at;
    if (path_starts(at)) {
        return path_end(strchr(at, '/'));
    }
    if (formatter_is_word(formatter, STR("missing"))) {
        return at + 7;
    }
    if (formatter_is(formatter, STR("http://")) || formatter_is(formatter, STR("https://"))) {
        const char *end = url_end(at, formatter->end);
        const char *parsed = formatter_literal_end(formatter);
        return parsed != NULL && parsed < end ? parsed : end;
    }
    if (!formatter_is_word(formatter, STR("env")) || at[3] != ':' ||
        !(at[4] == '"' || at[4] == '_' || ((at[4] | 32) >= 'a' && (at[4] | 32) <= 'z'))) {
        return NULL;
    }
    at += 4;
    if (*at == '"') {
        at++;
        while (*at != '"') {
            at += *at == '\\' ? 2 : 1;
        }
        return at + 1;
    }
    while (is_label_byte(*at) && *at != '-' && *at != '/') {
        at++;
    }
    return at;
}

/* --- the stack --- */

void formatter_push(struct formatter *formatter, const struct doc *doc)
{
    if (formatter->stack_len == formatter->stack_cap) {
        formatter->stack_cap = formatter->stack_cap == 0 ? 256 : formatter->stack_cap * 2;
        formatter->stack =
            memory_realloc(formatter->stack, formatter->stack_cap * sizeof *formatter->stack);
    }
    formatter->stack[formatter->stack_len++] = doc;
}

const struct doc *formatter_pop(struct formatter *formatter, size_t base)
{
    size_t count = formatter->stack_len - base;
    const struct doc *doc = count == 1 && formatter->stack[base] != NULL
                                ? formatter->stack[base]
                                : doc_concat(formatter->arena, formatter->stack + base, count);
    formatter->stack_len = base;
    return doc;
}

bool formatter_deeper(struct formatter *formatter)
{
    if (formatter->depth == DHALL_FORMAT_DEPTH_MAX && formatter->err == OK) {
        uint32_t at = (uint32_t)(formatter->at - formatter->begin);
        struct span span = {.source = formatter->source, .begin = at, .end = at};
        formatter->err = diag_add(formatter->diags, ERR_LIMIT, span,
            "cannot format what is nested deeper than %d levels", (int)DHALL_FORMAT_DEPTH_MAX);
    }
    formatter->depth += formatter->err == OK ? 1 : 0;
    return formatter->err == OK;
}
