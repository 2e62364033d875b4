/* src/cli/dhall_paint.c: one pass over the bytes; a stack for the braces and texts around.
 *
 *   open:  '{' a brace   '"' the code of ${ } in a text   '\'' the same in a text of several lines
 */
#include "cli/dhall_paint.h"
#include "dhall/term.h"

enum paint {
    PAINT_NONE,
    PAINT_SYNTAX,
    PAINT_LITERAL,
    PAINT_BUILTIN,
};
struct painter {
    struct str text;
    size_t at;
    struct buf open;
    struct buf *painted;
    enum paint now;
    bool selects; /* a dot is before this */
};

/* The next count bytes, in that colour. */
static void take(struct painter *painter, size_t count, enum paint paint)
{
    static const char *const escapes[] = {"\033[0m", "\033[0;1;32m", "\033[0;35m", "\033[0;4m"};
    size_t left = painter->text.len - painter->at;
    count = count < left ? count : left;
    if (paint != painter->now && count > 0) {
        buf_add(painter->painted, str_of(escapes[paint]));
        painter->now = paint;
    }
    buf_add(painter->painted, str_sub(painter->text, painter->at, painter->at + count));
    painter->at += count;
}

static struct str rest_of(const struct painter *painter)
{
    return str_sub(painter->text, painter->at, painter->text.len);
}

static bool is_letter(char c)
{
    return ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Within a text, behind its beginning or behind a } of it, to its end or its next ${. */
static void text_take(struct painter *painter, char kind)
{
    while (painter->at < painter->text.len) {
        struct str rest = rest_of(painter);
        if (str_starts(rest, STR("${"))) {
            take(painter, 2, PAINT_SYNTAX);
            buf_add_byte(&painter->open, (uint8_t)kind);
            return;
        }
        if (kind == '"' && rest.ptr[0] == '"') {
            take(painter, 1, PAINT_LITERAL);
            return;
        }
        bool escaped = str_starts(rest, STR("'''")) || str_starts(rest, STR("''${"));
        if (kind == '\'' && !escaped && str_starts(rest, STR("''"))) {
            take(painter, 2, PAINT_LITERAL);
            return;
        }
        size_t taken = 1;
        if (kind == '"' && rest.ptr[0] == '\\') {
            taken = 2;
        } else if (kind == '\'' && escaped) {
            taken = rest.ptr[2] == '$' ? 4 : 3;
        }
        take(painter, taken, PAINT_LITERAL);
    }
}

static enum paint word_paint(struct str word)
{
    static const char *const keywords[] = {
#define KEYWORD_NAME(name, text) (text),
        DHALL_KEYWORDS(KEYWORD_NAME)
#undef KEYWORD_NAME
            "forall"};
    static const char *const builtins[] = {
#define BUILTIN_NAME(name, text) (text),
        DHALL_BUILTINS(BUILTIN_NAME)
#undef BUILTIN_NAME
    };
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (str_eq(word, str_of(keywords[i]))) {
            return PAINT_SYNTAX;
        }
    }
    for (size_t i = 0; i < sizeof builtins / sizeof builtins[0]; i++) {
        if (str_eq(word, str_of(builtins[i]))) {
            return PAINT_BUILTIN;
        }
    }
    return PAINT_NONE;
}

static void word_take(struct painter *painter)
{
    struct str rest = rest_of(painter);
    size_t len = 1;
    while (len < rest.len && (is_letter(rest.ptr[len]) || is_digit(rest.ptr[len]) ||
                                 rest.ptr[len] == '-' || rest.ptr[len] == '/')) {
        len++;
    }
    take(painter, len, painter->selects ? PAINT_NONE : word_paint(str_sub(rest, 0, len)));
}

/* A comment, a path or a URL: has no colour. 0: there is none here. */
static size_t plain_len(struct str rest)
{
    static const char *const paths[] = {"./", "../", "~/", "http://", "https://"};
    if (str_starts(rest, STR("--"))) {
        return str_find(rest, '\n');
    }
    if (str_starts(rest, STR("{-"))) {
        const char *end = memmem(rest.ptr, rest.len, "-}", 2);
        return end == NULL ? rest.len : (size_t)(end - rest.ptr) + 2;
    }
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        size_t len = strlen(paths[i]);
        if (str_starts(rest, str_of(paths[i]))) {
            while (len < rest.len && strchr(" \n,)]}", rest.ptr[len]) == NULL) {
                len++;
            }
            return len;
        }
    }
    return 0;
}

static void brace_close(struct painter *painter)
{
    char kind = '{';
    if (painter->open.len > 0) {
        kind = painter->open.ptr[--painter->open.len];
    }
    take(painter, 1, PAINT_SYNTAX);
    if (kind != '{') {
        text_take(painter, kind);
    }
}

static void token_take(struct painter *painter)
{
    struct str rest = rest_of(painter);
    size_t plain = plain_len(rest);
    char c = rest.ptr[0];
    if (plain > 0) {
        take(painter, plain, PAINT_NONE);
    } else if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
        take(painter, 1, PAINT_NONE);
    } else if (c == '"') {
        take(painter, 1, PAINT_LITERAL);
        text_take(painter, '"');
    } else if (str_starts(rest, STR("''"))) {
        take(painter, 2, PAINT_LITERAL);
        text_take(painter, '\'');
    } else if (c == '`') {
        take(painter, 2 + str_find(str_sub(rest, 1, rest.len), '`'), PAINT_NONE);
    } else if (is_letter(c)) {
        word_take(painter);
    } else if (is_digit(c)) {
        size_t len = 1;
        while (len < rest.len && (is_letter(rest.ptr[len]) || is_digit(rest.ptr[len]) ||
                                     strchr(".:", rest.ptr[len]) != NULL)) {
            len++;
        }
        take(painter, len, PAINT_LITERAL);
    } else if (c == '}') {
        brace_close(painter);
    } else {
        if (c == '{') {
            buf_add_byte(&painter->open, '{');
        }
        take(painter, 1, PAINT_SYNTAX);
    }
    painter->selects = c == '.';
}

void dhall_paint(struct str text, struct buf *ret_painted)
{
    struct painter painter = {.text = text, .painted = ret_painted};
    while (painter.at < text.len) {
        token_take(&painter);
    }
    if (painter.now != PAINT_NONE) {
        buf_add(ret_painted, STR("\033[0m"));
    }
    buf_release(&painter.open);
}
