/* src/dhall/layout.c: P. Wadler, "A prettier printer", with an explicit stack, and comments. */
#include "dhall/layout.h"
#include <stdlib.h>

enum {
    INDENT_MAX = 120, /* deeper terms are not moved further right: size would be quadratic */
};

static struct doc *doc_new(struct arena *arena, enum doc_kind kind, int32_t n)
{
    struct doc *doc = ARENA_NEW(arena, struct doc, 1);
    doc->kind = (uint8_t)kind;
    doc->n = n;
    return doc;
}

static int32_t columns_of(struct str text)
{
    int32_t columns = 0;
    for (size_t i = 0; i < text.len; i++) {
        columns += ((unsigned char)text.ptr[i] & 0xC0U) == 0x80U ? 0 : 1;
    }
    return columns;
}

const struct doc *doc_text(struct arena *arena, struct str text)
{
    struct doc *doc = doc_new(arena, DOC_TEXT, columns_of(text));
    doc->text = text.ptr;
    doc->len = (uint32_t)text.len;
    return doc;
}

/* Most leaves are one of these: a file has millions of them. */
enum {
    SHARED_MAX = 4, /* n below it */
};
#define SHARED(k)                                                                                  \
    {                                                                                              \
        {.kind = (k)}, {.kind = (k), .n = 1}, {.kind = (k), .n = 2},                               \
        {                                                                                          \
            .kind = (k), .n = 3                                                                    \
        }                                                                                          \
    }
static const struct doc shared_leaves[][SHARED_MAX] = {
    [DOC_EMPTY] = SHARED(DOC_EMPTY),
    [DOC_SPACE] = SHARED(DOC_SPACE),
    [DOC_PAD] = SHARED(DOC_PAD),
    [DOC_LINE] = SHARED(DOC_LINE),
    [DOC_BLANK] = SHARED(DOC_BLANK),
};
#undef SHARED

const struct doc *doc_leaf(struct arena *arena, enum doc_kind kind, int32_t n)
{
    bool is_forced = kind == DOC_BREAK || kind == DOC_RAW_LINE;
    if (!is_forced && n >= 0 && n < SHARED_MAX) {
        return &shared_leaves[kind][n];
    }
    struct doc *doc = doc_new(arena, kind, n);
    doc->inside = is_forced;
    return doc;
}

const struct doc *doc_around(
    struct arena *arena, enum doc_kind kind, int32_t n, const struct doc *child)
{
    struct doc *doc = doc_new(arena, kind, n);
    doc->child = child;
    doc->inside = child->inside;
    doc->tail = child->tail;
    return doc;
}

const struct doc *doc_concat(struct arena *arena, const struct doc *const *parts, size_t count)
{
    struct doc *doc = doc_new(arena, DOC_CONCAT, 0);
    const struct doc **copy = ARENA_NEW(arena, const struct doc *, count);
    for (size_t i = 0; i < count; i++) {
        const struct doc *part = parts[i];
        if (part == NULL || part->kind == DOC_EMPTY ||
            (part->kind == DOC_CONCAT && part->len == 0)) {
            continue;
        }
        bool silent = part->kind == DOC_BREAK;
        doc->inside = doc->inside || part->inside || (doc->tail && !silent);
        doc->tail = part->tail || (silent && doc->tail);
        copy[doc->len++] = part;
    }
    doc->parts = copy;
    return doc;
}

const struct doc *doc_choice(struct arena *arena, const struct doc *flat, const struct doc *broken)
{
    struct doc *doc = doc_new(arena, DOC_CHOICE, 0);
    const struct doc **copy = ARENA_NEW(arena, const struct doc *, 2);
    copy[0] = flat;
    copy[1] = broken;
    doc->parts = copy;
    doc->len = 2;
    doc->inside = flat->inside;
    doc->tail = flat->tail;
    return doc;
}

struct doc *doc_own(struct arena *arena, struct str text, int32_t column)
{
    struct doc *doc = doc_new(arena, DOC_OWN, column);
    doc->text = text.ptr;
    doc->len = (uint32_t)text.len;
    doc->inside = true;
    doc->tail = true;
    return doc;
}

const struct doc *doc_trailing(
    struct arena *arena, const struct doc *const *parts, size_t count, bool blank_after)
{
    struct doc *doc = doc_new(arena, DOC_TRAILING, 0);
    const struct doc **copy = ARENA_NEW(arena, const struct doc *, count);
    memcpy(copy, parts, count * sizeof *copy);
    doc->parts = copy;
    doc->len = (uint32_t)count;
    doc->tail = true;
    doc->blank_after = blank_after;
    return doc;
}

/* --- writing --- */

struct frame {
    const struct doc *doc;
    int32_t indent;
    bool flat;
};
struct frames {
    struct frame *rows;
    size_t len, cap;
};
struct writer {
    struct buf *text;
    struct frames frames;
    struct frames trial; /* of fits */
    int32_t columns;
    int32_t column;
    unsigned newlines;   /* due before the next text: 1, or 2 for an empty line */
    bool indent_due;     /* a raw line has begun */
    bool after_comment;  /* the line is due for a comment: what follows knows its indent */
    int32_t line_indent; /* of the line that is due */
};

static void frame_push(struct frames *frames, const struct doc *doc, int32_t indent, bool flat)
{
    if (frames->len == frames->cap) {
        frames->cap = frames->cap == 0 ? 256 : frames->cap * 2;
        frames->rows = memory_realloc(frames->rows, frames->cap * sizeof *frames->rows);
    }
    frames->rows[frames->len++] = (struct frame){.doc = doc, .indent = indent, .flat = flat};
}

static int32_t indent_of(int32_t indent)
{
    return indent < 0 ? 0 : indent > INDENT_MAX ? INDENT_MAX : indent;
}

static void blanks_add(struct writer *writer, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        buf_add_byte(writer->text, ' ');
    }
}

static void blanks_trim(struct writer *writer)
{
    while (writer->text->len > 0 && writer->text->ptr[writer->text->len - 1] == ' ') {
        writer->text->len--;
    }
}

/* The column where the next text of a frame with this indent will stand. */
static int32_t column_next(const struct writer *writer, int32_t indent)
{
    if (writer->newlines == 0 && !writer->indent_due) {
        return writer->column;
    }
    return writer->after_comment ? indent : writer->line_indent;
}

/* Begins the line that is due, if there is one. */
static void line_begin(struct writer *writer, int32_t indent)
{
    if (writer->newlines == 0 && !writer->indent_due) {
        return;
    }
    int32_t column = column_next(writer, indent);
    if (!writer->indent_due) {
        blanks_trim(writer);
        for (unsigned i = 0; i < writer->newlines && writer->text->len > 0; i++) {
            buf_add_byte(writer->text, '\n');
        }
    }
    blanks_add(writer, column);
    writer->column = column;
    writer->newlines = 0;
    writer->indent_due = false;
    writer->after_comment = false;
}

static void line_end(struct writer *writer, unsigned newlines, int32_t indent)
{
    writer->newlines = newlines > writer->newlines ? newlines : writer->newlines;
    writer->line_indent = indent;
    writer->after_comment = false;
}

static struct str line_trim(struct str line)
{
    while (line.len > 0 && (line.ptr[line.len - 1] == ' ' || line.ptr[line.len - 1] == '\r')) {
        line.len--;
    }
    return line;
}

/* The lines of a comment keep their place below its first. */
static void comment_write(struct writer *writer, const struct doc *comment)
{
    struct str text = {.ptr = comment->text, .len = comment->len};
    int32_t shift = writer->column - comment->n;
    for (bool first = true;; first = false) {
        size_t newline = str_find(text, '\n');
        struct str line = line_trim(str_sub(text, 0, newline));
        for (int32_t i = shift; !first && i < 0 && line.len > 0 && line.ptr[0] == ' '; i++) {
            line = str_sub(line, 1, line.len);
        }
        blanks_add(writer, first || line.len == 0 ? 0 : shift);
        buf_add(writer->text, line);
        if (newline == text.len) {
            return;
        }
        buf_add_byte(writer->text, '\n');
        text = str_sub(text, newline + 1, text.len);
    }
}

static void own_write(struct writer *writer, const struct frame *frame)
{
    const struct doc *doc = frame->doc;
    bool line_due = writer->newlines > 0 || writer->indent_due;
    bool behind = !line_due && writer->column == frame->indent && writer->text->len > 0;
    if (behind) {
        size_t len = writer->text->len; /* behind `{` or the like, where it may stand as well */
        blanks_trim(writer);
        buf_add_byte(writer->text, ' ');
        writer->column -= (int32_t)(len - writer->text->len);
    } else {
        if (!line_due) {
            line_end(writer, 1, frame->indent);
        }
        writer->newlines = doc->blank_before && writer->newlines == 1 ? 2 : writer->newlines;
        line_begin(writer, frame->indent);
    }
    comment_write(writer, doc);
    /* It will be read as a trailing one where it stands behind a word. */
    writer->newlines = doc->blank_after && !behind ? 2 : 1;
    writer->after_comment = true;
}

static void trailing_write(struct writer *writer, const struct frame *frame)
{
    const struct doc *doc = frame->doc;
    line_begin(writer, frame->indent);
    blanks_trim(writer);
    buf_add_byte(writer->text, ' ');
    size_t at = writer->text->len;
    while (at > 0 && writer->text->ptr[at - 1] != '\n') {
        at--;
    }
    int32_t column = columns_of(str_sub(buf_str(writer->text), at, writer->text->len));
    for (uint32_t i = 0; i < doc->len; i++) {
        if (i > 0) {
            buf_add_byte(writer->text, '\n');
            blanks_add(writer, column);
        }
        writer->column = column;
        comment_write(writer, doc->parts[i]);
    }
    writer->newlines = doc->blank_after ? 2 : 1;
    writer->after_comment = true;
}

/* One step of a trial; false: its end, and *ret_fits says how. */
static bool trial_step(struct writer *writer, int32_t *left, bool *ret_fits)
{
    struct frame frame = writer->trial.rows[--writer->trial.len];
    const struct doc *doc = frame.doc;
    switch ((enum doc_kind)doc->kind) {
    case DOC_EMPTY:
    case DOC_BREAK:
        return true;
    case DOC_TEXT:
    case DOC_PAD:
        *left -= doc->n;
        return true;
    case DOC_SPACE:
        *left -= doc->n > 1 ? doc->n : 1;
        return true;
    case DOC_LINE:
        *left -= frame.flat ? doc->n : 0;
        *ret_fits = true;
        return frame.flat;
    case DOC_BLANK:
    case DOC_RAW_LINE:
    case DOC_OWN:
    case DOC_TRAILING:
        *ret_fits = true;
        return false;
    case DOC_CONCAT:
        for (uint32_t i = doc->len; i > 0; i--) {
            frame_push(&writer->trial, doc->parts[i - 1], 0, frame.flat);
        }
        return true;
    case DOC_FLAT:
        frame_push(&writer->trial, doc->child, 0, !doc->inside);
        return true;
    case DOC_GROUP:
    case DOC_NEST:
    case DOC_ALIGN:
        frame_push(&writer->trial, doc->child, 0, frame.flat);
        return true;
    case DOC_CHOICE:
        frame_push(&writer->trial, doc->parts[frame.flat ? 0 : 1], 0, frame.flat);
        return true;
    }
    return true;
}

/* Does doc, flat, and what stands behind it up to where a line may end, fit on the line? */
static bool fits(struct writer *writer, const struct doc *doc, int32_t indent)
{
    int32_t left = writer->columns - column_next(writer, indent);
    size_t rest = writer->frames.len;
    bool result = true;
    writer->trial.len = 0;
    frame_push(&writer->trial, doc, 0, true);
    for (;;) {
        if (left < 0) {
            return false;
        }
        if (writer->trial.len == 0) {
            if (rest == 0) {
                return true;
            }
            rest--;
            frame_push(
                &writer->trial, writer->frames.rows[rest].doc, 0, writer->frames.rows[rest].flat);
        }
        if (!trial_step(writer, &left, &result)) {
            return result && left >= 0;
        }
    }
}

static void leaf_write(struct writer *writer, const struct frame *frame)
{
    const struct doc *doc = frame->doc;
    if (doc->kind == DOC_TEXT && doc->len > 0) {
        line_begin(writer, frame->indent);
        buf_add(writer->text, (struct str){.ptr = doc->text, .len = doc->len});
        writer->column += doc->n;
    } else if (doc->kind == DOC_SPACE || (doc->kind == DOC_LINE && frame->flat)) {
        int32_t count = doc->kind == DOC_SPACE && doc->n == 0 ? 1 : doc->n;
        if (writer->newlines == 0 && !writer->indent_due) {
            blanks_add(writer, count);
            writer->column += count;
        }
    } else if (doc->kind == DOC_PAD) {
        int32_t column = column_next(writer, frame->indent);
        if (writer->newlines > 0) {
            line_end(writer, 1, column + doc->n);
        } else {
            line_begin(writer, frame->indent);
            blanks_add(writer, doc->n);
            writer->column += doc->n;
        }
    } else if (doc->kind == DOC_RAW_LINE) {
        buf_add_byte(writer->text, '\n'); /* an empty line gets no indent */
        writer->line_indent = frame->indent;
        writer->indent_due = true;
        writer->after_comment = false;
    } else if (doc->kind == DOC_LINE || doc->kind == DOC_BLANK) {
        line_end(writer, doc->kind == DOC_LINE ? 1 : 2, frame->indent);
    }
}

static void doc_step(struct writer *writer)
{
    struct frame frame = writer->frames.rows[--writer->frames.len];
    const struct doc *doc = frame.doc;
    struct frames *frames = &writer->frames;
    switch ((enum doc_kind)doc->kind) {
    case DOC_CONCAT:
        for (uint32_t i = doc->len; i > 0; i--) {
            frame_push(frames, doc->parts[i - 1], frame.indent, frame.flat);
        }
        break;
    case DOC_GROUP:
        frame_push(frames, doc->child, frame.indent,
            frame.flat || (!doc->inside && fits(writer, doc->child, frame.indent)));
        break;
    case DOC_FLAT:
        frame_push(frames, doc->child, frame.indent, !doc->inside);
        break;
    case DOC_NEST:
        frame_push(frames, doc->child, indent_of(frame.indent + doc->n), frame.flat);
        break;
    case DOC_ALIGN:
        frame_push(frames, doc->child, indent_of(column_next(writer, frame.indent)), frame.flat);
        break;
    case DOC_CHOICE:
        frame_push(frames, doc->parts[frame.flat ? 0 : 1], frame.indent, frame.flat);
        break;
    case DOC_OWN:
        own_write(writer, &frame);
        break;
    case DOC_TRAILING:
        trailing_write(writer, &frame);
        break;
    case DOC_EMPTY:
    case DOC_TEXT:
    case DOC_SPACE:
    case DOC_PAD:
    case DOC_LINE:
    case DOC_BLANK:
    case DOC_RAW_LINE:
    case DOC_BREAK:
        leaf_write(writer, &frame);
        break;
    }
}

void doc_write(const struct doc *doc, unsigned columns, struct buf *ret_text)
{
    struct writer writer = {.text = ret_text, .columns = (int32_t)columns};
    frame_push(&writer.frames, doc, 0, false);
    while (writer.frames.len > 0) {
        doc_step(&writer);
    }
    blanks_trim(&writer);
    free(writer.frames.rows);
    free(writer.trial.rows);
}
