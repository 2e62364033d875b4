/* src/base/diag.c */
#include "base/diag.h"
#include <assert.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>

#undef diag_add /* the analyzer's view of them, base/diag.h */
#undef diag_add_errno

enum {
    SOURCE_LINE_MAX = 400, /* bytes of a source line that are shown */
    CHAIN_SHOWN_MAX = 16,  /* steps of a story that are shown, the first and the last ones */
};

struct source {
    struct str name, text;
    uint32_t begin; /* byte that the first line begins with */
};
struct sources {
    struct str root; /* see sources_root_set */
    pthread_mutex_t mutex;
    struct arena arena;
    struct source *rows; /* row i is source number i + 1 */
    uint32_t len, cap;
    bool censored;
};

struct sources *sources_new(void)
{
    struct sources *sources = memory_calloc(1, sizeof *sources);
    (void)pthread_mutex_init(&sources->mutex, NULL);
    return sources;
}

void sources_free(struct sources *sources)
{
    if (sources != NULL) {
        arena_release(&sources->arena);
        free(sources->rows);
        (void)pthread_mutex_destroy(&sources->mutex);
        free(sources);
    }
}

void sources_root_set(struct sources *sources, struct str root)
{
    (void)pthread_mutex_lock(&sources->mutex);
    sources->root = arena_str(&sources->arena, root);
    (void)pthread_mutex_unlock(&sources->mutex);
}

uint32_t sources_add(struct sources *sources, struct str name, struct str text)
{
    (void)pthread_mutex_lock(&sources->mutex);
    size_t root_len = sources->root.len;
    if (root_len > 0 && name.len > root_len + 1 && str_starts(name, sources->root) &&
        name.ptr[root_len] == '/') {
        name = str_sub(name, root_len + 1, name.len);
    }
    if (sources->len == sources->cap) {
        sources->cap = sources->cap == 0 ? 16 : sources->cap * 2;
        sources->rows = memory_realloc(sources->rows, sources->cap * sizeof *sources->rows);
    }
    sources->rows[sources->len++] = (struct source){
        .name = arena_str(&sources->arena, name),
        .text = arena_str(&sources->arena, text),
    };
    uint32_t source = sources->len;
    (void)pthread_mutex_unlock(&sources->mutex);
    return source;
}

static struct source source_get(struct sources *sources, uint32_t source)
{
    struct source row = {0};
    if (sources == NULL) {
        return row;
    }
    (void)pthread_mutex_lock(&sources->mutex);
    if (source >= 1 && source <= sources->len) {
        row = sources->rows[source - 1];
    }
    (void)pthread_mutex_unlock(&sources->mutex);
    return row;
}

struct str sources_name(struct sources *sources, uint32_t source)
{
    return source_get(sources, source).name;
}

struct str sources_text(struct sources *sources, uint32_t source)
{
    return sources != NULL && sources->censored ? STR("") : source_get(sources, source).text;
}

void sources_censor(struct sources *sources)
{
    sources->censored = true;
}

uint32_t sources_last(const struct sources *sources)
{
    return sources->len;
}

void sources_begin_set(struct sources *sources, uint32_t source, uint32_t begin)
{
    if (source >= 1 && source <= sources->len) {
        sources->rows[source - 1].begin = begin;
    }
}

static uint32_t code_points(struct str text)
{
    uint32_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += ((unsigned char)text.ptr[i] & 0xC0U) != 0x80U;
    }
    return count;
}

static struct str line_before(struct str text, uint32_t byte)
{
    struct str head = str_sub(text, 0, byte);
    size_t newline = str_find_last(head, '\n');
    return newline == head.len ? head : str_sub(head, newline + 1, head.len);
}

struct position sources_position(struct sources *sources, uint32_t source, uint32_t byte)
{
    struct source row = source_get(sources, source);
    struct str text = row.text;
    struct str head = str_sub(text, 0, byte);
    uint32_t line = 1;
    for (size_t i = row.begin; i < head.len; i++) {
        line += head.ptr[i] == '\n';
    }
    return (struct position){.line = line, .column = code_points(line_before(text, byte)) + 1};
}

void diags_init(struct diags *diags, struct arena *arena, struct sources *sources)
{
    *diags = (struct diags){.arena = arena, .sources = sources};
}

static struct diag *diag_push(struct diags *diags, enum err code, struct span span)
{
    struct diag *diag = ARENA_NEW(diags->arena, struct diag, 1);
    diag->code = code;
    diag->span = span;
    diag->older = diags->newest;
    diag->cause = diags->chain_open ? diags->newest : NULL;
    diags->newest = diag;
    diags->chain_open = true;
    return diag;
}

enum err diag_add(struct diags *diags, enum err code, struct span span, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct diag *diag = diag_push(diags, code, span);
    diag->text = arena_vprintf(diags->arena, fmt, args);
    va_end(args);
    return code;
}

enum err diag_add_errno(struct diags *diags, int error_number, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct diag *diag = diag_push(diags, ERR_IO, SPAN_NONE);
    struct str text = arena_vprintf(diags->arena, fmt, args);
    va_end(args);
    char reason[128];
    diag->text = arena_printf(
        diags->arena, "%.*s: %s", STR_ARG(text), strerror_r(error_number, reason, sizeof reason));
    return ERR_IO;
}

void diag_help(struct diags *diags, const char *fmt, ...)
{
    assert(diags->newest != NULL);
    va_list args;
    va_start(args, fmt);
    struct str line = arena_vprintf(diags->arena, fmt, args);
    va_end(args);
    struct diag *diag = diags->newest;
    diag->help = diag->help.len == 0
                     ? line
                     : arena_printf(diags->arena, "%.*s\n%.*s", STR_ARG(diag->help), STR_ARG(line));
}

void diag_place(struct diags *diags, struct span span)
{
    assert(diags->newest != NULL);
    if (diags->newest->span.source == 0) {
        diags->newest->span = span;
    }
}

void diag_extra(struct diags *diags, struct str output)
{
    assert(diags->newest != NULL);
    diags->newest->extra = arena_str(diags->arena, output);
}

void diags_end_chain(struct diags *diags)
{
    diags->chain_open = false;
}

/* Rows of the list, oldest first; returns how many. The array is the caller's to free. */
static size_t diags_oldest_first(const struct diags *diags, const struct diag ***ret_rows)
{
    size_t count = 0;
    for (const struct diag *diag = diags->newest; diag != NULL; diag = diag->older) {
        count++;
    }
    const struct diag **rows = memory_calloc(count, sizeof *rows);
    size_t i = count;
    for (const struct diag *diag = diags->newest; diag != NULL; diag = diag->older) {
        rows[--i] = diag;
    }
    *ret_rows = rows;
    return count;
}

void diags_append(struct diags *diags, const struct diags *from)
{
    const struct diag **rows = NULL;
    size_t count = diags_oldest_first(from, &rows);
    for (size_t i = 0; i < count; i++) {
        diags->chain_open = rows[i]->cause != NULL;
        struct diag *diag = diag_push(diags, rows[i]->code, rows[i]->span);
        diag->text = arena_str(diags->arena, rows[i]->text);
        diag->help = arena_str(diags->arena, rows[i]->help);
        diag->extra = arena_str(diags->arena, rows[i]->extra);
        diag->told = rows[i]->told;
    }
    diags->chain_open = from->chain_open && count > 0;
    free(rows);
}

void diags_told(struct diags *diags)
{
    for (struct diag *diag = diags->newest; diag != NULL; diag = diag->older) {
        diag->told = true;
    }
}

struct paint {
    const char *error, *note, *bold, *off;
};

static void format_location(const struct diags *diags, struct span span, struct buf *ret_text)
{
    struct str name = sources_name(diags->sources, span.source);
    struct position at = sources_position(diags->sources, span.source, span.begin);
    buf_printf(ret_text, "%.*s:%u:%u: ", STR_ARG(name), at.line, at.column);
}

/* The source line and a caret below it; "~" under the rest of the span on that line. */
static void format_source_line(
    const struct diags *diags, struct span span, const struct paint *paint, struct buf *ret_text)
{
    struct str text = sources_text(diags->sources, span.source);
    if (diags->sources->censored) {
        return;
    }
    struct str before = line_before(text, span.begin);
    size_t line_begin = (span.begin < text.len ? span.begin : text.len) - before.len;
    struct str rest = str_sub(text, line_begin, text.len);
    struct str line = str_sub(rest, 0, str_find(rest, '\n'));
    if (line.len > SOURCE_LINE_MAX || before.len > line.len) {
        return;
    }
    struct position at = sources_position(diags->sources, span.source, span.begin);
    buf_printf(ret_text, "%5u | %.*s\n      | ", at.line, STR_ARG(line));
    for (size_t i = 0; i < before.len; i++) {
        unsigned char c = (unsigned char)before.ptr[i];
        if (c == '\t') {
            buf_add_byte(ret_text, '\t');
        } else if ((c & 0xC0U) != 0x80U) {
            buf_add_byte(ret_text, ' ');
        }
    }
    buf_printf(ret_text, "%s^", paint->error);
    size_t end = span.end > line_begin + line.len ? line_begin + line.len : span.end;
    uint32_t width = code_points(str_sub(text, span.begin, end));
    for (uint32_t i = 1; i < width; i++) {
        buf_add_byte(ret_text, '~');
    }
    buf_printf(ret_text, "%s\n", paint->off);
}

static void format_lines(struct str lines, const char *lead, struct buf *ret_text)
{
    while (lines.len > 0) {
        size_t newline = str_find(lines, '\n');
        buf_printf(ret_text, "%s%.*s\n", lead, STR_ARG(str_sub(lines, 0, newline)));
        lines = str_sub(lines, newline + 1, lines.len);
    }
}

/* The last row of the chain that begins with rows[first]. */
static size_t chain_last(const struct diag **rows, size_t count, size_t first)
{
    size_t last = first;
    while (last + 1 < count && rows[last + 1]->cause != NULL) {
        last++;
    }
    return last;
}

void diags_format(const struct diags *diags, bool colour, struct buf *ret_text)
{
    static const struct paint plain = {"", "", "", ""};
    static const struct paint ansi = {"\033[1;31m", "\033[36m", "\033[1m", "\033[0m"};
    const struct paint *paint = colour ? &ansi : &plain;
    const struct diag **rows = NULL;
    size_t count = diags_oldest_first(diags, &rows);
    size_t first = 0;
    size_t last = 0;
    for (size_t i = 0; i < count; i++) {
        if (rows[i]->cause == NULL) {
            first = i;
            last = chain_last(rows, count, first);
        }
        if (last - first >= CHAIN_SHOWN_MAX && i == first + CHAIN_SHOWN_MAX / 2) {
            size_t left = last + 1 - first - CHAIN_SHOWN_MAX;
            buf_printf(ret_text, "... and %zu more of such notes\n", left);
            i += left;
        }
        const struct diag *diag = rows[i];
        if (diag->told) {
            continue;
        }
        bool has_span = diag->span.source != 0 && diags->sources != NULL;
        if (has_span) {
            format_location(diags, diag->span, ret_text);
        }
        if (diag->cause == NULL) {
            buf_printf(ret_text, "%serror:%s %s%.*s%s\n", paint->error, paint->off, paint->bold,
                STR_ARG(diag->text), paint->off);
        } else {
            buf_printf(ret_text, "%snote:%s %.*s\n", paint->note, paint->off, STR_ARG(diag->text));
        }
        if (has_span) {
            format_source_line(diags, diag->span, paint, ret_text);
        }
        buf_add(ret_text, diag->extra);
        if (diag->extra.len > 0 && !str_ends(diag->extra, STR("\n"))) {
            buf_add_byte(ret_text, '\n');
        }
        format_lines(diag->help, "  help: ", ret_text);
    }
    free(rows);
}
