/* src/dhall/print.c: terms as text.
 *
 * A stack of tasks instead of recursion. A term that may be broken over lines is first tried on the
 * rest of the line; the try ends where the line does, so that it costs no more than a line. What
 * does not fit is taken apart: its parts, between newlines, become tasks, first on top. */
#include "dhall/print.h"
#include "dhall/print_literal.h"
#include <assert.h>
#include <stdlib.h>

/* How tight a term binds, which is what its place may ask for; the grammar's rules in order. */
enum level {
    LEVEL_EXPRESSION = 0,
    LEVEL_OPERATOR = 1, /* + 0 .. 12: precedence, loosest first */
    LEVEL_APPLICATION = 14,
    LEVEL_IMPORT = 15, /* import-expression */
    LEVEL_SELECTOR = 16,
    LEVEL_PRIMITIVE = 17,
};
enum task_kind {
    TASK_TERM,
    TASK_HANG,    /* a space and the term if that fits on the line, else the term on a line below */
    TASK_STRING,  /* pointer, and number: its length */
    TASK_LABEL,   /* number: of a field */
    TASK_BOUND,   /* number: of a binder */
    TASK_LITERAL, /* number: a row of texts, inside of double quotes */
    TASK_LINES,   /* number: a row of texts, inside of '' */
    TASK_NEWLINE, /* to column indent */
    TASK_CLOSE,   /* number: a row of imports, what stands behind `using` */
};
struct task {
    enum task_kind kind;
    uint8_t level;
    bool flat;
    uint32_t indent;
    uint32_t number;
    const char *string;
};
struct printer {
    const struct dhall_terms *terms;
    struct dhall_print_options options;
    struct buf *text;
    struct task *tasks;
    size_t len, cap;
    size_t line_begin; /* in text */
    bool trying;
    bool too_long;        /* the try does not fit */
    size_t try_end;       /* text may be no longer */
    size_t try_tasks_max; /* nor may there be more tasks: each writes something */
};
enum {
    INDENT_MAX = 120,        /* deeper terms are not moved further right: size would be quadratic */
    GIVEN_BYTES = 64 * 1024, /* of lines, before they are given away */
};

static void task_push(struct printer *printer, struct task task)
{
    if (printer->trying && printer->len >= printer->try_tasks_max) {
        printer->too_long = true;
        return;
    }
    if (printer->len == printer->cap) {
        printer->cap = printer->cap == 0 ? 256 : printer->cap * 2;
        printer->tasks = memory_realloc(printer->tasks, printer->cap * sizeof task);
    }
    printer->tasks[printer->len++] = task;
}

/* What is pushed in order of writing since base is turned, so that the first comes first. */
static void tasks_turn(struct printer *printer, size_t base)
{
    for (size_t i = base, j = printer->len; i + 1 < j; i++, j--) {
        struct task task = printer->tasks[i];
        printer->tasks[i] = printer->tasks[j - 1];
        printer->tasks[j - 1] = task;
    }
}

/* What one term's tasks have in common. */
struct frame {
    struct printer *printer;
    uint32_t indent; /* of the term: where its first column is */
    bool flat;
};

/* Inline: most strings are literals. */
static inline void add_string(const struct frame *frame, const char *string)
{
    task_push(frame->printer,
        (struct task){.kind = TASK_STRING, .number = (uint32_t)strlen(string), .string = string});
}

static void add_term_in(const struct frame *frame, uint32_t row, unsigned level, uint32_t indent)
{
    task_push(frame->printer, (struct task){.kind = TASK_TERM,
                                  .level = (uint8_t)level,
                                  .flat = frame->flat,
                                  .indent = frame->indent + indent,
                                  .number = row});
}

static void add_hang(const struct frame *frame, uint32_t row, unsigned level, uint32_t indent)
{
    if (frame->flat) {
        add_string(frame, " ");
        add_term_in(frame, row, level, indent);
        return;
    }
    task_push(frame->printer, (struct task){.kind = TASK_HANG,
                                  .level = (uint8_t)level,
                                  .indent = frame->indent + indent,
                                  .number = row});
}

static void add_number(const struct frame *frame, enum task_kind kind, uint32_t number)
{
    task_push(frame->printer, (struct task){.kind = kind, .number = number});
}

/* A newline where the term is broken, else flat_string. */
static void add_break(const struct frame *frame, uint32_t indent, const char *flat_string)
{
    if (frame->flat) {
        add_string(frame, flat_string);
        return;
    }
    task_push(
        frame->printer, (struct task){.kind = TASK_NEWLINE, .indent = frame->indent + indent});
}

static const char *symbol(const struct frame *frame, const char *unicode, const char *ascii)
{
    return frame->printer->options.ascii ? ascii : unicode;
}

/* --- operators --- */

static const struct {
    uint8_t level;
    const char *unicode, *ascii;
    uint8_t width;
} operator_rows[] = {
    [DHALL_OR] = {3, " || ", " || ", 2},
    [DHALL_AND] = {7, " && ", " && ", 2},
    [DHALL_EQUAL] = {12, " == ", " == ", 2},
    [DHALL_NOT_EQUAL] = {13, " != ", " != ", 2},
    [DHALL_PLUS] = {4, " + ", " + ", 1},
    [DHALL_TIMES] = {11, " * ", " * ", 1},
    [DHALL_TEXT_APPEND] = {5, " ++ ", " ++ ", 2},
    [DHALL_LIST_APPEND] = {6, " # ", " # ", 1},
    [DHALL_COMBINE] = {8, " \xE2\x88\xA7 ", " /\\ ", 1},
    [DHALL_PREFER] = {9, " \xE2\xAB\xBD ", " // ", 1},
    [DHALL_COMBINE_TYPES] = {10, " \xE2\xA9\x93 ", " //\\\\ ", 1},
    [DHALL_ALTERNATIVE] = {2, " ? ", " ? ", 1},
    [DHALL_EQUIVALENT] = {1, " \xE2\x89\xA1 ", " === ", 1},
    [DHALL_COMPLETE] = {LEVEL_IMPORT, "::", "::", 2},
};

/* a + b + c: the whole chain at once, pushed from the right. */
static void operator_print(const struct frame *frame, const struct dhall_row *row)
{
    static const char blanks[] = "     ";
    struct printer *printer = frame->printer;
    uint8_t flag = row->flag;
    unsigned level = operator_rows[flag].level;
    const char *text = symbol(frame, operator_rows[flag].unicode, operator_rows[flag].ascii);
    uint32_t width =
        (uint32_t)(printer->options.ascii ? strlen(text) - 2 : operator_rows[flag].width) + 1;
    const struct dhall_row *at = row;
    for (;;) {
        add_term_in(frame, at->b, level + 1, frame->flat ? 0 : width);
        add_string(frame, frame->flat ? text : text + 1);
        if (!frame->flat) {
            add_break(frame, 0, "");
        }
        const struct dhall_row *left = &printer->terms->rows[at->a];
        if (left->kind != DHALL_OPERATOR || left->flag != flag || printer->too_long) {
            break;
        }
        at = left;
    }
    add_term_in(frame, at->a, level, frame->flat ? 0 : width);
    if (!frame->flat) {
        add_string(frame, blanks + sizeof blanks - 1 - width);
    }
}

/* --- binders --- */

static void lambda_print(const struct frame *frame, const struct dhall_row *row)
{
    bool lambda = row->kind == DHALL_LAMBDA;
    const struct dhall_row *body = &frame->printer->terms->rows[row->c];
    bool named = lambda || row->a != 0;
    if (named) {
        add_string(frame, lambda ? symbol(frame, "\xCE\xBB(", "\\(")
                                 : symbol(frame, "\xE2\x88\x80(", "forall ("));
        add_number(frame, TASK_BOUND, row->a);
        add_string(frame, " : ");
        add_term_in(frame, row->b, LEVEL_EXPRESSION, 4);
        add_string(frame, ")");
    } else {
        add_term_in(frame, row->b, LEVEL_OPERATOR, 0);
    }
    add_string(frame, symbol(frame, " \xE2\x86\x92", " ->"));
    add_break(frame, lambda && body->kind != DHALL_LAMBDA ? 2 : 0, " ");
    add_term_in(frame, row->c, LEVEL_EXPRESSION, lambda && body->kind != DHALL_LAMBDA ? 2 : 0);
}

/* let x : T = a let y = b in c: the whole chain at once. */
static void let_print(const struct frame *frame, const struct dhall_row *row)
{
    const struct dhall_terms *terms = frame->printer->terms;
    uint32_t body = 0;
    for (const struct dhall_row *at = row; at->kind == DHALL_LET && !frame->printer->too_long;
         at = &terms->rows[body]) {
        const uint32_t *parts = dhall_list_of(terms, at);
        add_string(frame, "let ");
        add_number(frame, TASK_BOUND, at->a);
        if (parts[0] != 0) {
            add_string(frame, " :");
            add_hang(frame, parts[0], LEVEL_EXPRESSION, 6);
        }
        add_string(frame, " =");
        add_hang(frame, parts[1], LEVEL_EXPRESSION, 6);
        if (!frame->flat) {
            add_string(frame, "\n");
        }
        add_break(frame, 0, " ");
        body = parts[2];
    }
    add_string(frame, frame->flat ? "in " : "in  ");
    add_term_in(frame, body, LEVEL_EXPRESSION, 4);
}

static void if_print(const struct frame *frame, const struct dhall_row *row)
{
    add_string(frame, frame->flat ? "if " : "if    ");
    add_term_in(frame, row->a, LEVEL_EXPRESSION, 6);
    add_break(frame, 0, " ");
    add_string(frame, frame->flat ? "then " : "then  ");
    add_term_in(frame, row->b, LEVEL_EXPRESSION, 6);
    add_break(frame, 0, " ");
    add_string(frame, frame->flat ? "else " : "else  ");
    /* else-if chains do not move to the right */
    bool chain = frame->printer->terms->rows[row->c].kind == DHALL_IF;
    add_term_in(frame, row->c, LEVEL_EXPRESSION, chain ? 0 : 6);
}

/* --- applications --- */

/* f a b c: pushed from the right. */
static void application_print(const struct frame *frame, const struct dhall_row *row)
{
    struct printer *printer = frame->printer;
    const struct dhall_row *at = row;
    for (;;) {
        add_term_in(frame, at->b, LEVEL_IMPORT, 2);
        add_break(frame, 2, " ");
        const struct dhall_row *function = &printer->terms->rows[at->a];
        if (function->kind != DHALL_APP || printer->too_long) {
            break;
        }
        at = function;
    }
    add_term_in(frame, at->a, LEVEL_APPLICATION, 0);
}

/* word a b : type */
static void prefixed_print(
    const struct frame *frame, const char *word, uint32_t a, uint32_t b, uint32_t type)
{
    add_string(frame, word);
    add_break(frame, 2, " ");
    add_term_in(frame, a, LEVEL_IMPORT, 2);
    if (b != 0) {
        add_break(frame, 2, " ");
        add_term_in(frame, b, LEVEL_IMPORT, 2);
    }
    if (type != 0) {
        add_break(frame, 2, " ");
        add_string(frame, ": ");
        add_term_in(frame, type, LEVEL_EXPRESSION, 4);
    }
}

static void annotation_print(const struct frame *frame, const struct dhall_row *row)
{
    const struct dhall_row *term = &frame->printer->terms->rows[row->a];
    /* Without parentheses the annotation would be the merge's own. */
    bool own =
        (term->kind == DHALL_MERGE && term->c == 0) || (term->kind == DHALL_TO_MAP && term->b == 0);
    add_term_in(frame, row->a, own ? LEVEL_PRIMITIVE : LEVEL_OPERATOR, 2);
    add_break(frame, 0, " ");
    add_string(frame, ": ");
    add_term_in(frame, row->b, LEVEL_EXPRESSION, 2);
}

/* --- brackets --- */

/* `open` a, b, c `close`; kind: of the row. */
static void list_print(const struct frame *frame, const struct dhall_row *row)
{
    const uint32_t *items = dhall_list_of(frame->printer->terms, row);
    add_string(frame, "[ ");
    for (uint32_t i = 0; i < row->c && !frame->printer->too_long; i++) {
        if (i > 0) {
            add_break(frame, 0, "");
            add_string(frame, ", ");
        }
        add_term_in(frame, items[i], LEVEL_EXPRESSION, 2);
    }
    add_break(frame, 0, " ");
    add_string(frame, "]");
}

/* `a = b, c = d`, or with another separator and sign; the first follows `open`. */
static void fields_print(const struct frame *frame, const struct dhall_row *row, const char *open,
    const char *separator, const char *sign)
{
    const struct dhall_terms *terms = frame->printer->terms;
    const uint32_t *items = dhall_list_of(terms, row);
    add_string(frame, open);
    for (uint32_t i = 0; i < row->c && !frame->printer->too_long; i += 2) {
        if (i > 0) {
            add_break(frame, 0, separator[0] == '|' ? " " : "");
            add_string(frame, separator);
        }
        const struct dhall_row *value = &terms->rows[items[i + 1]];
        add_number(frame, TASK_LABEL, items[i]);
        bool pun = row->kind == DHALL_RECORD && value->kind == DHALL_VAR && value->b == 0 &&
                   value->a == items[i];
        if (items[i + 1] != 0 && !pun) {
            add_string(frame, sign);
            add_hang(frame, items[i + 1], LEVEL_EXPRESSION, 4);
        }
    }
}

static void record_print(const struct frame *frame, const struct dhall_row *row)
{
    if (row->c == 0) {
        add_string(frame, row->kind == DHALL_RECORD        ? "{=}"
                          : row->kind == DHALL_RECORD_TYPE ? "{}"
                                                           : "<>");
        return;
    }
    if (row->kind == DHALL_UNION) {
        fields_print(frame, row, "< ", "| ", " :");
    } else {
        fields_print(frame, row, "{ ", ", ", row->kind == DHALL_RECORD ? " =" : " :");
    }
    add_break(frame, 0, " ");
    add_string(frame, row->kind == DHALL_UNION ? ">" : "}");
}

/* T::{ a = b }: the record's fields stand below T. */
static void completion_print(const struct frame *frame, const struct dhall_row *row)
{
    const struct dhall_row *right = &frame->printer->terms->rows[row->b];
    add_term_in(frame, row->a, LEVEL_SELECTOR, 0);
    if (frame->flat || right->kind != DHALL_RECORD || right->c == 0) {
        add_string(frame, "::");
        add_term_in(frame, row->b, LEVEL_SELECTOR, 0);
        return;
    }
    add_string(frame, "::{");
    add_break(frame, 0, "");
    fields_print(frame, right, ", ", ", ", " =");
    add_break(frame, 0, " ");
    add_string(frame, "}");
}

static void selector_print(const struct frame *frame, const struct dhall_row *row)
{
    add_term_in(frame, row->a, LEVEL_SELECTOR, 0);
    if (row->kind == DHALL_FIELD) {
        add_string(frame, ".");
        add_number(frame, TASK_LABEL, row->b);
        return;
    }
    if (row->kind == DHALL_PROJECT_TYPE) {
        add_string(frame, ".(");
        add_term_in(frame, row->b, LEVEL_EXPRESSION, 2);
        add_string(frame, ")");
        return;
    }
    const uint32_t *items = dhall_list_of(frame->printer->terms, row);
    add_string(frame, row->c == 0 ? ".{" : ".{ ");
    for (uint32_t i = 0; i < row->c && !frame->printer->too_long; i++) {
        add_string(frame, i == 0 ? "" : ", ");
        add_number(frame, TASK_LABEL, items[i]);
    }
    add_string(frame, row->c == 0 ? "}" : " }");
}

static void with_print(const struct frame *frame, const struct dhall_row *row)
{
    const uint32_t *items = dhall_list_of(frame->printer->terms, row);
    const struct dhall_row *left = &frame->printer->terms->rows[row->a];
    add_term_in(frame, row->a, left->kind == DHALL_WITH ? LEVEL_EXPRESSION : LEVEL_IMPORT, 0);
    add_break(frame, 2, " ");
    add_string(frame, "with ");
    for (uint32_t i = 1; i < row->c && !frame->printer->too_long; i++) {
        add_string(frame, i == 1 ? "" : ".");
        if (items[i] == DHALL_PATH_OPTIONAL) {
            add_string(frame, "?");
        } else {
            add_number(frame, TASK_LABEL, items[i]);
        }
    }
    add_string(frame, " =");
    add_hang(frame, items[0], LEVEL_OPERATOR, 6);
}

/* --- texts and imports --- */

static void text_print(const struct frame *frame, const struct dhall_row *row)
{
    const struct dhall_terms *terms = frame->printer->terms;
    const uint32_t *items = dhall_list_of(terms, row);
    struct frame inside = *frame;
    bool lines = !frame->flat && dhall_print_is_multi_line(terms, row);
    inside.flat = true;
    add_string(frame, lines ? "''" : "\"");
    if (lines) {
        add_break(frame, 0, "");
    }
    for (uint32_t i = 0; i < row->c && !frame->printer->too_long; i++) {
        if (i % 2 != 0) {
            add_string(frame, "${");
            add_term_in(&inside, items[i], LEVEL_EXPRESSION, 0);
            add_string(frame, "}");
        } else {
            task_push(frame->printer, (struct task){.kind = lines ? TASK_LINES : TASK_LITERAL,
                                          .indent = frame->indent,
                                          .number = items[i]});
        }
    }
    add_string(frame, lines ? "''" : "\"");
}

static void import_print(const struct frame *frame, const struct dhall_row *row)
{
    const struct dhall_import *import = &frame->printer->terms->imports[row->a];
    dhall_print_location(import, frame->printer->text);
    if (import->headers.row != 0) {
        struct frame inside = *frame;
        inside.flat = true;
        /* In parentheses: a hash behind would be the inner import's. */
        bool import_too = frame->printer->terms->rows[import->headers.row].kind == DHALL_IMPORT;
        add_string(frame, " using ");
        add_term_in(&inside, import->headers.row, import_too ? LEVEL_SELECTOR : LEVEL_IMPORT, 0);
    }
    add_number(frame, TASK_CLOSE, row->a);
}

/* --- one term --- */

static unsigned level_of(const struct dhall_row *row)
{
    switch ((enum dhall_kind)row->kind) {
    case DHALL_LAMBDA:
    case DHALL_PI:
    case DHALL_LET:
    case DHALL_ANNOT:
    case DHALL_IF:
    case DHALL_LIST_EMPTY:
    case DHALL_ASSERT:
    case DHALL_WITH:
        return LEVEL_EXPRESSION;
    case DHALL_MERGE:
        return row->c != 0 ? LEVEL_EXPRESSION : LEVEL_APPLICATION;
    case DHALL_TO_MAP:
        return row->b != 0 ? LEVEL_EXPRESSION : LEVEL_APPLICATION;
    case DHALL_OPERATOR:
        return operator_rows[row->flag].level;
    case DHALL_APP:
    case DHALL_SOME:
    case DHALL_SHOW_CONSTRUCTOR:
        return LEVEL_APPLICATION;
    case DHALL_IMPORT:
        return LEVEL_IMPORT;
    case DHALL_FIELD:
    case DHALL_PROJECT:
    case DHALL_PROJECT_TYPE:
        return LEVEL_SELECTOR;
    case DHALL_NONE:
    case DHALL_VAR:
    case DHALL_BUILTIN:
    case DHALL_BOOL:
    case DHALL_NATURAL:
    case DHALL_INTEGER:
    case DHALL_DOUBLE:
    case DHALL_TEXT:
    case DHALL_BYTES:
    case DHALL_DATE:
    case DHALL_TIME:
    case DHALL_TIME_ZONE:
    case DHALL_LIST:
    case DHALL_RECORD:
    case DHALL_RECORD_TYPE:
    case DHALL_UNION:
        break;
    }
    return LEVEL_PRIMITIVE;
}

static void list_empty_print(const struct frame *frame, const struct dhall_row *row)
{
    add_string(frame, "[] : ");
    add_term_in(frame, row->a, LEVEL_EXPRESSION, 5);
}

static void assert_print(const struct frame *frame, const struct dhall_row *row)
{
    add_string(frame, "assert");
    add_break(frame, 0, " ");
    add_string(frame, frame->flat ? ": " : ":   ");
    add_term_in(frame, row->a, LEVEL_EXPRESSION, 4);
}

static void word_print(const struct frame *frame, const struct dhall_row *row)
{
    if (row->kind == DHALL_MERGE) {
        prefixed_print(frame, "merge", row->a, row->b, row->c);
    } else if (row->kind == DHALL_TO_MAP) {
        prefixed_print(frame, "toMap", row->a, 0, row->b);
    } else {
        const char *word = row->kind == DHALL_SOME ? "Some" : "showConstructor";
        prefixed_print(frame, word, row->a, 0, 0);
    }
}

/* Pushes the parts of a term in order of writing; but of the two kinds that make long chains to the
 * left in the opposite order. A kind that is not here has no parts. */
static void (*const part_printers[])(const struct frame *frame, const struct dhall_row *row) = {
    [DHALL_LAMBDA] = lambda_print,
    [DHALL_PI] = lambda_print,
    [DHALL_APP] = application_print,
    [DHALL_LET] = let_print,
    [DHALL_ANNOT] = annotation_print,
    [DHALL_OPERATOR] = operator_print,
    [DHALL_IF] = if_print,
    [DHALL_TEXT] = text_print,
    [DHALL_LIST] = list_print,
    [DHALL_LIST_EMPTY] = list_empty_print,
    [DHALL_SOME] = word_print,
    [DHALL_RECORD] = record_print,
    [DHALL_RECORD_TYPE] = record_print,
    [DHALL_UNION] = record_print,
    [DHALL_FIELD] = selector_print,
    [DHALL_PROJECT] = selector_print,
    [DHALL_PROJECT_TYPE] = selector_print,
    [DHALL_MERGE] = word_print,
    [DHALL_TO_MAP] = word_print,
    [DHALL_SHOW_CONSTRUCTOR] = word_print,
    [DHALL_ASSERT] = assert_print,
    [DHALL_WITH] = with_print,
    [DHALL_IMPORT] = import_print,
};

static void parts_push(const struct frame *frame, const struct dhall_row *row)
{
    struct printer *printer = frame->printer;
    size_t base = printer->len;
    bool completion = row->kind == DHALL_OPERATOR && row->flag == DHALL_COMPLETE;
    if (completion) {
        completion_print(frame, row);
    } else if (part_printers[row->kind] != NULL) {
        part_printers[row->kind](frame, row);
    } else {
        dhall_print_leaf(printer->terms, row, printer->text);
    }
    if (row->kind != DHALL_APP && (row->kind != DHALL_OPERATOR || completion)) {
        tasks_turn(printer, base);
    }
}

/* What a flat try must not hide: it would be a line that nobody writes. */
static bool wants_lines(const struct printer *printer, const struct dhall_row *row)
{
    if (row->kind == DHALL_LET) {
        return printer->terms->rows[dhall_list_of(printer->terms, row)[2]].kind == DHALL_LET;
    }
    return row->kind == DHALL_TEXT && dhall_print_is_multi_line(printer->terms, row);
}

static void term_push(struct printer *printer, const struct task *task)
{
    const struct dhall_row *row = &printer->terms->rows[task->number];
    struct frame frame = {.printer = printer, .indent = task->indent, .flat = task->flat};
    size_t base = printer->len;
    if (level_of(row) < task->level) {
        add_string(&frame, frame.flat ? "(" : "( ");
        add_term_in(&frame, task->number, LEVEL_EXPRESSION, frame.flat ? 0 : 2);
        add_break(&frame, 0, "");
        add_string(&frame, ")");
        tasks_turn(printer, base);
        return;
    }
    if (printer->trying && wants_lines(printer, row)) {
        printer->too_long = true;
        return;
    }
    parts_push(&frame, row);
}

static void newline(struct printer *printer, uint32_t indent)
{
    struct buf *text = printer->text;
    while (text->len > printer->line_begin && text->ptr[text->len - 1] == ' ') {
        text->len--;
    }
    buf_add_byte(text, '\n');
    printer->line_begin = text->len;
    uint32_t columns = indent > INDENT_MAX ? INDENT_MAX : indent;
    memset(buf_reserve(text, columns), ' ', columns);
    text->len += columns;
}

/* A literal inside of '': each line but the first begins at indent, empty ones stay so. */
static void lines_write(struct printer *printer, struct str literal, uint32_t indent)
{
    struct buf *text = printer->text;
    for (;;) {
        size_t end = str_find(literal, '\n');
        dhall_print_text_line(str_sub(literal, 0, end), text);
        if (end == literal.len) {
            return;
        }
        size_t columns = indent > INDENT_MAX ? INDENT_MAX : indent;
        bool blank = text->len == printer->line_begin + columns;
        text->len = blank ? printer->line_begin : text->len;
        buf_add_byte(text, '\n');
        printer->line_begin = text->len;
        memset(buf_reserve(text, columns), ' ', columns);
        text->len += columns;
        literal = str_sub(literal, end + 1, literal.len);
    }
}

static void task_run(struct printer *printer, const struct task *task);

/* Gives away the lines that are done. */
static void lines_give(struct printer *printer)
{
    struct buf *text = printer->text;
    size_t done = printer->line_begin;
    printer->options.write(str_sub(buf_str(text), 0, done));
    memmove(text->ptr, text->ptr + done, text->len - done);
    text->len -= done;
    printer->line_begin = 0;
}

/* Runs tasks until the stack is as high as base, or the try is over. */
static void tasks_run(struct printer *printer, size_t base)
{
    while (printer->len > base && !printer->too_long) {
        struct task task = printer->tasks[--printer->len];
        task_run(printer, &task);
        if (printer->trying) {
            printer->too_long = printer->too_long || printer->text->len > printer->try_end;
        } else if (printer->options.write != NULL && printer->line_begin >= GIVEN_BYTES) {
            lines_give(printer);
        }
    }
}

/* Columns of the line so far: code points. */
static size_t columns_used(const struct printer *printer)
{
    size_t columns = 0;
    for (size_t i = printer->line_begin; i < printer->text->len; i++) {
        columns += ((unsigned char)printer->text->ptr[i] & 0xC0U) != 0x80U;
    }
    return columns;
}

/* Writes lead and the term on this line; false, with nothing written, if there is no room. */
static bool try_flat(struct printer *printer, const struct task *task, const char *lead)
{
    size_t base = printer->len;
    size_t begin = printer->text->len;
    size_t used = columns_used(printer);
    size_t room = used < printer->options.columns ? printer->options.columns - used : 0;
    printer->trying = true;
    printer->too_long = room == 0;
    printer->try_end = begin + room;
    printer->try_tasks_max = base + 4 * room + 16;
    buf_add(printer->text, str_of(lead));
    struct task flat = *task;
    flat.kind = TASK_TERM;
    flat.flat = true;
    task_push(printer, flat);
    tasks_run(printer, base);
    bool fits = !printer->too_long;
    printer->trying = false;
    printer->too_long = false;
    if (!fits) {
        printer->len = base;
        printer->text->len = begin;
    }
    return fits;
}

static void task_run(struct printer *printer, const struct task *task)
{
    const struct dhall_terms *terms = printer->terms;
    switch (task->kind) {
    case TASK_HANG:
        if (!try_flat(printer, task, " ")) {
            newline(printer, task->indent);
            struct task term = *task;
            term.kind = TASK_TERM;
            task_push(printer, term);
        }
        break;
    case TASK_TERM:
        if (task->flat || !try_flat(printer, task, "")) {
            term_push(printer, task);
        }
        break;
    case TASK_STRING:
        if (task->string[0] == '\n') {
            newline(printer, 0);
        } else {
            buf_add(printer->text, (struct str){task->string, task->number});
        }
        break;
    case TASK_LABEL:
        dhall_print_label(dhall_label_name(terms->labels, task->number), false, printer->text);
        break;
    case TASK_BOUND:
        dhall_print_label(dhall_label_name(terms->labels, task->number), true, printer->text);
        break;
    case TASK_LITERAL:
        dhall_print_text_escaped(terms->texts[task->number], printer->text);
        break;
    case TASK_LINES:
        lines_write(printer, terms->texts[task->number], task->indent);
        break;
    case TASK_NEWLINE:
        newline(printer, task->indent);
        break;
    case TASK_CLOSE:
        dhall_print_hash_and_mode(&terms->imports[task->number], printer->text);
        break;
    }
}

void dhall_print(const struct dhall_terms *terms, dhall_term term,
    const struct dhall_print_options *options, struct buf *ret_text)
{
    struct printer printer = {.terms = terms, .options = *options, .text = ret_text};
    printer.line_begin = ret_text->len;
    if (printer.options.columns == 0) {
        printer.options.columns = 80;
    }
    task_push(&printer, (struct task){.kind = TASK_TERM,
                            .flat = options->layout == DHALL_PRINT_ONE_LINE,
                            .number = term.row});
    tasks_run(&printer, 0);
    free(printer.tasks);
}
