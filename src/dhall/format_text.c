/* src/dhall/format_text.c: Text literals: their bytes stay, what is in ${} is formatted; the lines
 * of a multi-line literal move to where it stands. */
#include "dhall/format_scan.h"

/* At the `$` of `${`; `at` is behind `}` afterwards. */
static void interpolation_push(struct formatter *formatter)
{
    size_t base = formatter->stack_len;
    enum form form;
    formatter_push(formatter, formatter_token(formatter, formatter->at + 2));
    const struct doc *inside = format_expression(formatter, &form);
    formatter_push(formatter, format_around(formatter, DOC_ALIGN, 0, inside));
    formatter_push(formatter, formatter_leading_take(formatter));
    formatter_push(formatter, format_text(formatter, "}"));
    formatter_push(
        formatter, format_around(formatter, DOC_FLAT, 0, formatter_pop(formatter, base)));
}

static void piece_push(struct formatter *formatter, const char *from, const char *to)
{
    if (to > from) {
        struct str text = {.ptr = from, .len = (size_t)(to - from)};
        formatter_push(formatter, doc_text(formatter->arena, text));
    }
}

/* `at` is behind the opening quote; returns behind the closing one. */
static const char *quoted_push(struct formatter *formatter, const char *at)
{
    const char *from = at;
    for (;;) {
        if (*at == '"' || formatter->err != OK) {
            piece_push(formatter, from, at);
            return at + 1;
        }
        if (at[0] == '$' && at[1] == '{') {
            piece_push(formatter, from, at);
            formatter->at = at;
            interpolation_push(formatter);
            at = formatter->at + 1;
            from = at;
        } else {
            at += *at == '\\' ? 2 : 1;
        }
    }
}

/* --- multi-line literals --- */

struct lines {
    const char *indent; /* what all lines begin with */
    size_t indent_len;
    bool known;
};

/* A line of the literal begins at `at`: how much white space it shares with those before. */
static void indent_meet(struct lines *lines, const char *at)
{
    if (*at == '\n' || (at[0] == '\r' && at[1] == '\n')) {
        return; /* an empty line */
    }
    size_t len = 0;
    while ((at[len] == ' ' || at[len] == '\t') &&
           (!lines->known || (len < lines->indent_len && at[len] == lines->indent[len]))) {
        len++;
    }
    *lines = (struct lines){.indent = at, .indent_len = len, .known = true};
}

/* Length of what begins with two quotes, in the literal; 0: its end. */
static size_t quotes_len(const char *at)
{
    return at[2] == '\'' ? 3 : at[2] == '$' && at[3] == '{' ? 4 : 0;
}

enum event {
    EVENT_BYTES, /* len of them */
    EVENT_LINE,  /* a newline of len bytes */
    EVENT_INTERPOLATION,
    EVENT_END,
};
static enum event event_at(const char *at, size_t *ret_len)
{
    *ret_len = 1;
    if (*at == '\n') {
        return EVENT_LINE;
    }
    if (at[0] == '\r' && at[1] == '\n') {
        *ret_len = 2;
        return EVENT_LINE;
    }
    if (at[0] == '$' && at[1] == '{') {
        return EVENT_INTERPOLATION;
    }
    if (at[0] == '\'' && at[1] == '\'') {
        *ret_len = quotes_len(at);
        return *ret_len == 0 ? EVENT_END : EVENT_BYTES;
    }
    return EVENT_BYTES;
}

/* The lines' white space in common, off every line that was pushed since base. A line that has no
 * more than that is still no empty line, which would not count: it must keep an indent. Is there
 * such a one? */
static bool lines_shift(struct formatter *formatter, const struct lines *lines, size_t base)
{
    bool bare = false;
    for (size_t i = base; i + 1 < formatter->stack_len; i++) {
        const struct doc *line = formatter->stack[i + 1];
        if (formatter->stack[i]->kind == DOC_RAW_LINE && line->kind == DOC_TEXT) {
            struct str text = {.ptr = line->text, .len = line->len};
            text = str_sub(text, lines->indent_len, text.len);
            bool ends =
                i + 2 < formatter->stack_len && formatter->stack[i + 2]->kind == DOC_RAW_LINE;
            bare = bare || (text.len == 0 && ends);
            formatter->stack[i + 1] = text.len == 0 ? doc_leaf(formatter->arena, DOC_PAD, 0)
                                                    : doc_text(formatter->arena, text);
        }
    }
    return bare;
}

/* `at` is at the first line; returns behind the closing quotes. */
static const char *lines_push(struct formatter *formatter, const char *at)
{
    struct lines lines = {0};
    size_t base = formatter->stack_len;
    size_t len;
    const char *from = at;
    push_leaf(formatter, DOC_RAW_LINE, 0);
    indent_meet(&lines, at);
    for (;;) {
        enum event event = event_at(at, &len);
        if (event != EVENT_BYTES) {
            piece_push(formatter, from, at);
            from = at + len;
        }
        if (event == EVENT_END || formatter->err != OK) {
            break;
        }
        if (event == EVENT_INTERPOLATION) {
            formatter->at = at;
            interpolation_push(formatter);
            len = (size_t)(formatter->at + 1 - at);
            from = at + len;
        } else if (event == EVENT_LINE) {
            push_leaf(formatter, DOC_RAW_LINE, 0);
            indent_meet(&lines, at + len);
        }
        at += len;
    }
    bool bare = lines_shift(formatter, &lines, base);
    formatter_push(formatter, format_text(formatter, "''"));
    if (bare) {
        const struct doc *all = formatter_pop(formatter, base);
        formatter_push(formatter, format_around(formatter, DOC_NEST, 2, all));
    }
    return at + 2;
}

const struct doc *format_text_literal(struct formatter *formatter)
{
    size_t base = formatter->stack_len;
    const char *at = formatter->at;
    const char *end = NULL;
    formatter_push(formatter, formatter_leading_take(formatter));
    if (*at == '"') {
        formatter_push(formatter, format_text(formatter, "\""));
        end = quoted_push(formatter, at + 1);
        formatter_push(formatter, format_text(formatter, "\""));
    } else {
        formatter_push(formatter, format_text(formatter, "''"));
        end = lines_push(formatter, at + (at[2] == '\r' ? 4 : 3));
    }
    if (formatter->err == OK) {
        formatter->leading = NULL;
        (void)formatter_skip(formatter, end);
        formatter_push(formatter, formatter->trailing);
    }
    return formatter_pop(formatter, base);
}
