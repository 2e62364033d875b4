/* src/dhall/parse_text.c: Text and Bytes literals. */
#include "dhall/scan.h"
#include <assert.h>

/* A literal between two interpolations: [from, at) of the source as long as nothing in it had to be
 * rewritten, else what was added to parser->bytes since base and then [from, at). */
struct chunk {
    const char *from;
    size_t base;
    bool rewritten;
};

static struct chunk chunk_begin(const struct parser *parser)
{
    return (struct chunk){.from = parser->at, .base = parser->bytes.len};
}

/* [from, upto) is done with; what is written instead of the source up to `next` is added by the
 * caller. */
static void chunk_cut(
    struct parser *parser, struct chunk *chunk, const char *upto, const char *next)
{
    buf_add(&parser->bytes, (struct str){.ptr = chunk->from, .len = (size_t)(upto - chunk->from)});
    chunk->from = next;
    chunk->rewritten = true;
}

static void chunk_end(struct parser *parser, struct chunk *chunk, const char *upto)
{
    if (!chunk->rewritten) {
        struct str text = {.ptr = chunk->from, .len = (size_t)(upto - chunk->from)};
        parser_push(parser, dhall_text_literal_borrowed(parser->terms, text));
        return;
    }
    chunk_cut(parser, chunk, upto, upto);
    struct str text = str_sub(buf_str(&parser->bytes), chunk->base, parser->bytes.len);
    parser_push(parser, dhall_text_literal(parser->terms, text));
    parser->bytes.len = chunk->base;
}

static void utf8_add(struct buf *buf, uint32_t code)
{
    if (code < 0x80) {
        buf_add_byte(buf, (uint8_t)code);
        return;
    }
    if (code < 0x800) {
        buf_add_byte(buf, (uint8_t)(0xC0 | code >> 6));
    } else {
        if (code < 0x10000) {
            buf_add_byte(buf, (uint8_t)(0xE0 | code >> 12));
        } else {
            buf_add_byte(buf, (uint8_t)(0xF0 | code >> 18));
            buf_add_byte(buf, (uint8_t)(0x80 | (code >> 12 & 0x3F)));
        }
        buf_add_byte(buf, (uint8_t)(0x80 | (code >> 6 & 0x3F)));
    }
    buf_add_byte(buf, (uint8_t)(0x80 | (code & 0x3F)));
}

/* \uXXXX or \u{X...}; `at` is behind the u. */
static bool unicode_escape(struct parser *parser, const char *from)
{
    bool braced = parser_take(parser, '{');
    const char *digits = parser->at;
    uint32_t code = 0;
    while (is_hex(*parser->at) && (braced || parser->at - digits < 4)) {
        code = code > 0x10FFFF ? code : code << 4 | hex_value(*parser->at);
        parser->at++;
    }
    size_t len = (size_t)(parser->at - digits);
    if (braced ? len == 0 || !parser_take(parser, '}') : len != 4) {
        return parser_fail(parser, from, parser->at,
            "an escape is `\\u` with four hexadecimal digits, or `\\u{...}`");
    }
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF) || (code & 0xFFFEU) == 0xFFFEU) {
        return parser_fail(parser, from, parser->at, "this escape is no Unicode character");
    }
    utf8_add(&parser->bytes, code);
    return true;
}

/* `at` is at the backslash. */
static bool escape(struct parser *parser, struct chunk *chunk)
{
    static const char letters[] = "\"$\\/bfnrt";
    static const char meanings[] = "\"$\\/\b\f\n\r\t";
    const char *from = parser->at;
    chunk_cut(parser, chunk, from, from);
    char c = from[1];
    const char *letter = c == '\0' ? NULL : strchr(letters, c);
    if (letter != NULL) {
        buf_add_byte(&parser->bytes, (uint8_t)meanings[letter - letters]);
        parser->at = from + 2;
    } else if (c == 'u') {
        parser->at = from + 2;
        if (!unicode_escape(parser, from)) {
            return false;
        }
    } else {
        (void)parser_fail(parser, from, from + 1, "unknown escape");
        parser_help(parser, "a backslash itself is written `\\\\`; there are \\\" \\$ \\\\ \\/ \\b "
                            "\\f \\n \\r \\t \\uXXXX \\u{X}");
        return false;
    }
    chunk->from = parser->at;
    return true;
}

/* `${ expression }`; pushes the term. */
static bool interpolation(struct parser *parser)
{
    parser->at += 2;
    (void)parser_space(parser);
    dhall_term term = parser_expression(parser);
    if (term.row == 0) {
        return false;
    }
    (void)parser_space(parser);
    if (!parser_take(parser, '}')) {
        return parser_expected(parser, "`}` after the interpolated expression");
    }
    parser_push(parser, term.row);
    return true;
}

static dhall_term text_row(struct parser *parser, size_t base, const char *from)
{
    dhall_term term = {0};
    if (parser->err == OK) {
        term = dhall_list_row_add(parser->terms, DHALL_TEXT, 0, parser->scratch + base,
            parser->scratch_len - base, parser_span(parser, from, parser->at));
    }
    parser->scratch_len = base;
    return term;
}

static bool unclosed_text(struct parser *parser, const char *from)
{
    if (*parser->at == '\t') {
        return parser_fail(
            parser, parser->at, parser->at + 1, "a tab in a Text literal is written `\\t`");
    }
    const char *to = parser->at;
    (void)parser_fail(parser, from, to, "a Text literal that is not closed: `\"` is missing");
    parser_help(parser, "a text of several lines stands between '' and ''");
    return false;
}

dhall_term parser_text(struct parser *parser)
{
    const char *from = parser->at;
    size_t base = parser->scratch_len;
    parser->at++;
    struct chunk chunk = chunk_begin(parser);
    for (;;) {
        const char *at = parser->at;
        while (*at != '"' && *at != '\\' && *at != '$' && (unsigned char)*at >= 0x20) {
            at++;
        }
        parser->at = at;
        if (*at == '"') {
            chunk_end(parser, &chunk, at);
            parser->at++;
            return text_row(parser, base, from);
        }
        bool going = true;
        if (*at == '\\') {
            going = escape(parser, &chunk);
        } else if (*at == '$' && at[1] == '{') {
            chunk_end(parser, &chunk, at);
            going = interpolation(parser);
            chunk = chunk_begin(parser);
        } else if (*at == '$') {
            parser->at++;
        } else {
            going = unclosed_text(parser, from);
        }
        if (!going) {
            parser->scratch_len = base;
            return (dhall_term){0};
        }
    }
}

/* --- multi-line literals (dhall-lang, multiline.md) ---
 *
 * First pass: scratch gets begin, end (offsets in the source), term, begin, end, term, ... begin,
 * end. Second: the common indent of all lines. Third: chunks without it. */

/* Up to the closing '' (taken); the segments are on the scratch stack then. */
static bool segments_read(struct parser *parser, const char *from)
{
    parser_push(parser, (uint32_t)(parser->at - parser->begin));
    for (;;) {
        const char *at = parser->at;
        while (*at != '\'' && *at != '$' && *at != '\0') {
            at++;
        }
        parser->at = at + 1;
        if (*at == '\0') {
            return parser_fail(
                parser, from, from + 2, "a Text literal that is not closed: `''` is missing");
        }
        if (*at == '\'' && at[1] == '\'') {
            if (at[2] != '\'' && (at[2] != '$' || at[3] != '{')) {
                parser_push(parser, (uint32_t)(at - parser->begin));
                parser->at = at + 2;
                return true;
            }
            parser->at = at + (at[2] == '\'' ? 3 : 4);
        } else if (*at == '$' && at[1] == '{') {
            parser->at = at;
            parser_push(parser, (uint32_t)(at - parser->begin));
            if (!interpolation(parser)) {
                return false;
            }
            parser_push(parser, (uint32_t)(parser->at - parser->begin));
        }
    }
}

struct indent {
    const char *ptr;
    size_t len;
    bool known;
};

static void indent_meet(struct indent *indent, const char *line, const char *end)
{
    size_t len = 0;
    while (line + len < end && (line[len] == ' ' || line[len] == '\t') &&
           (!indent->known || (len < indent->len && line[len] == indent->ptr[len]))) {
        len++;
    }
    *indent = (struct indent){.ptr = line, .len = len, .known = true};
}

/* One segment; first: a line begins where it begins; last: it ends the literal. */
static void indent_of_segment(struct indent *indent, const char *at, const char *end, bool first)
{
    const char *line = first ? at : NULL;
    for (;;) {
        const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        bool empty = line != NULL && newline != NULL &&
                     (newline == line || (newline == line + 1 && *line == '\r'));
        if (line != NULL && !empty) {
            indent_meet(indent, line, newline == NULL ? end : newline);
        }
        if (newline == NULL) {
            return;
        }
        line = newline + 1;
        at = line;
    }
}

static const char *line_strip(const char *line, const char *end, size_t indent_len)
{
    size_t len = 0;
    while (line + len < end && len < indent_len && (line[len] == ' ' || line[len] == '\t')) {
        len++;
    }
    return line + len;
}

/* Pushes the literal of a segment. */
static void segment_literal(
    struct parser *parser, const char *at, const char *end, bool first, size_t indent_len)
{
    parser->at = first ? line_strip(at, end, indent_len) : at;
    struct chunk chunk = chunk_begin(parser);
    at = parser->at;
    while (at < end) {
        char c = *at++;
        if (c == '\n' && indent_len > 0) {
            const char *next = line_strip(at, end, indent_len);
            if (next != at) {
                chunk_cut(parser, &chunk, at, next);
            }
            at = next;
        } else if (c == '\r' && at < end && *at == '\n') {
            chunk_cut(parser, &chunk, at - 1, at);
        } else if (c == '\'' && at + 1 < end && *at == '\'') {
            bool quotes = at[1] == '\''; /* ''' is '' and ''${ is ${ */
            if (quotes) {
                chunk_cut(parser, &chunk, at - 1, at);
                at += 2;
            } else {
                chunk_cut(parser, &chunk, at - 1, at + 1);
                at += 3;
            }
        }
    }
    chunk_end(parser, &chunk, end);
}

dhall_term parser_multi_line(struct parser *parser)
{
    const char *from = parser->at;
    size_t base = parser->scratch_len;
    parser->at += 2;
    (void)parser_take(parser, '\r');
    if (!parser_take(parser, '\n')) {
        (void)parser_fail(parser, from, from + 2, "a line must end after the opening `''`");
        parser_help(parser, "a text of one line stands between double quotes");
        return (dhall_term){0};
    }
    if (!segments_read(parser, from)) {
        parser->scratch_len = base;
        return (dhall_term){0};
    }
    const char *after = parser->at;
    size_t end = parser->scratch_len;
    struct indent indent = {0};
    for (size_t i = base; i < end; i += 3) {
        indent_of_segment(&indent, parser->begin + parser->scratch[i],
            parser->begin + parser->scratch[i + 1], i == base);
    }
    assert(indent.known);
    for (size_t i = base; i < end; i += 3) {
        segment_literal(parser, parser->begin + parser->scratch[i],
            parser->begin + parser->scratch[i + 1], i == base, indent.len);
        if (i + 2 < end) {
            parser_push(parser, parser->scratch[i + 2]);
        }
    }
    parser->at = after;
    dhall_term term = text_row(parser, end, from);
    parser->scratch_len = base;
    return term;
}

dhall_term parser_bytes(struct parser *parser)
{
    const char *from = parser->at;
    const char *digits = from + 3;
    const char *at = digits;
    while (is_hex(*at)) {
        at++;
    }
    parser->at = at;
    if (*at != '"' || (at - digits) % 2 != 0) {
        (void)parser_fail(parser, from, at,
            *at == '"' ? "a Bytes literal holds pairs of digits"
                       : "a Bytes literal is 0x\"...\" with "
                         "hexadecimal digits");
        return (dhall_term){0};
    }
    size_t base = parser->bytes.len;
    for (; digits < at; digits += 2) {
        buf_add_byte(&parser->bytes, (uint8_t)(hex_value(digits[0]) << 4 | hex_value(digits[1])));
    }
    parser->at++;
    struct str bytes = str_sub(buf_str(&parser->bytes), base, parser->bytes.len);
    dhall_term term = dhall_bytes_add(parser->terms, bytes, parser_span(parser, from, parser->at));
    parser->bytes.len = base;
    return term;
}
