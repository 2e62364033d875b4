/* src/dhall/edit.c */
#include "dhall/edit.h"
#include "dhall/gap.h"
#include "dhall/parse.h"
#include "dhall/print.h"
#include <assert.h>

struct editor {
    struct str text;
    struct arena *arena;
    struct diags *diags;
    const struct dhall_edit_place *place;
    struct dhall_labels labels;
    struct dhall_terms terms;
};

/* --- which list --- */

/* The value of a record's field, or "no term". */
static dhall_term field_of(const struct editor *editor, dhall_term record, struct str name)
{
    const struct dhall_row *row = dhall_row_of(&editor->terms, record);
    const uint32_t *items = dhall_list_of(&editor->terms, row);
    for (uint32_t i = 0; row->kind == DHALL_RECORD && i < row->c; i += 2) {
        if (str_eq(dhall_label_name(&editor->labels, items[i]), name)) {
            return (dhall_term){items[i + 1]};
        }
    }
    return (dhall_term){0};
}

/* Is the term a Text literal without interpolation? Then *ret_text is what it says. */
static bool plain_text(const struct editor *editor, dhall_term term, struct str *ret_text)
{
    const struct dhall_row *row = dhall_row_of(&editor->terms, term);
    if (row->kind != DHALL_TEXT || row->c != 1) {
        return false;
    }
    *ret_text = editor->terms.texts[dhall_list_of(&editor->terms, row)[0]];
    return true;
}

/* Written with braces: not what the parser made of `a.name = "t"`. */
static bool is_target(const struct editor *editor, dhall_term record)
{
    struct str name;
    uint32_t begin = dhall_span_of(&editor->terms, record).begin;
    return editor->text.ptr[begin] == '{' &&
           plain_text(editor, field_of(editor, record, STR("name")), &name) &&
           str_eq(name, editor->place->target);
}

/* A record with the field before T::{ ... } before any other; how many of the best are there? */
static size_t target_find(const struct editor *editor, dhall_term *ret_record)
{
    unsigned best = 0;
    size_t count = 0;
    for (uint32_t i = 1; i < editor->terms.len; i++) {
        const struct dhall_row *row = &editor->terms.rows[i];
        bool completion = row->kind == DHALL_OPERATOR && row->flag == DHALL_COMPLETE;
        dhall_term record = {completion ? row->b : i};
        if (!is_target(editor, record)) {
            continue;
        }
        bool has = field_of(editor, record, editor->place->field).row != 0;
        unsigned rank = (has ? 4U : 0U) + (completion ? 2U : 0U) + 1U;
        bool same = count > 0 && ret_record->row == record.row;
        count = rank > best ? 1 : rank == best && !same ? count + 1 : count;
        if (rank > best) {
            best = rank;
            *ret_record = record;
        }
    }
    return count;
}

static dhall_term literal_of(const struct editor *editor, dhall_term value, bool follow);

/* The value that a `let` of the file binds to the label, if only one does. */
static dhall_term bound_list(const struct editor *editor, dhall_label label)
{
    dhall_term found = {0};
    for (uint32_t i = 1; i < editor->terms.len; i++) {
        const struct dhall_row *row = &editor->terms.rows[i];
        if (row->kind != DHALL_LET || row->a != label) {
            continue;
        }
        if (found.row != 0) {
            return (dhall_term){0};
        }
        found.row = dhall_list_of(&editor->terms, row)[1];
    }
    return found.row == 0 ? found : literal_of(editor, found, false);
}

/* The list literal that a value is, or begins with; follow: through a name. */
static dhall_term literal_of(const struct editor *editor, dhall_term value, bool follow)
{
    dhall_term found = {0};
    for (;;) {
        const struct dhall_row *row = dhall_row_of(&editor->terms, value);
        if (row->kind == DHALL_LIST || row->kind == DHALL_LIST_EMPTY) {
            return value;
        }
        if (row->kind == DHALL_VAR && row->b == 0 && follow) {
            dhall_term list = bound_list(editor, row->a);
            return list.row != 0 ? list : found;
        }
        if (row->kind == DHALL_ANNOT) {
            value.row = row->a;
        } else if (row->kind == DHALL_OPERATOR && row->flag == DHALL_LIST_APPEND) {
            /* a # [ "b" ]: the left comes first, but a literal on the right will do */
            const struct dhall_row *right = &editor->terms.rows[row->b];
            found.row = right->kind == DHALL_LIST ? row->b : found.row;
            value.row = row->a;
        } else {
            return found;
        }
    }
}

/* --- what stands between elements --- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The first `c` in [from, to) that is not in a comment, or `to`. */
static size_t gap_find(struct str text, size_t from, size_t to, char c)
{
    while (from < to && text.ptr[from] != c) {
        size_t end = dhall_comment_end(text, from);
        from = end > from ? end : from + 1;
    }
    return from < to ? from : to;
}

/* Where the line ends that `from` is on: at its newline (before its carriage return) if only blanks
 * and comments come first, else `to`. */
static size_t line_end(struct str text, size_t from, size_t to)
{
    size_t at = from;
    while (at < to && text.ptr[at] != '\n') {
        size_t end = dhall_comment_end(text, at);
        if (end == at && !is_blank(text.ptr[at])) {
            return to;
        }
        at = end > at ? end : at + 1;
    }
    return at < to && at > from && text.ptr[at - 1] == '\r' ? at - 1 : at;
}

/* What to write before something that is to stand in the column of `at`: the line up to it, all but
 * tabs made blank. */
static struct str indent_to(const struct editor *editor, size_t at)
{
    struct str head = str_sub(editor->text, 0, at);
    size_t newline = str_find_last(head, '\n');
    size_t begin = newline == head.len ? 0 : newline + 1;
    struct str indent = arena_str(editor->arena, str_sub(head, begin, head.len));
    char *copy = arena_alloc(editor->arena, indent.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < indent.len; i++) {
        bool part = ((unsigned char)indent.ptr[i] & 0xC0U) == 0x80U; /* of a code point */
        copy[len] = indent.ptr[i] == '\t' ? '\t' : ' ';
        len += part ? 0 : 1;
    }
    return (struct str){.ptr = copy, .len = len};
}

static const char *newline_of(struct str text)
{
    size_t newline = str_find(text, '\n');
    return newline > 0 && newline < text.len && text.ptr[newline - 1] == '\r' ? "\r\n" : "\n";
}

/* --- the list --- */

struct list_form {
    struct span *spans; /* of the elements, parentheses around one included */
    size_t count;
    size_t open, close; /* of the brackets */
    bool multi_line, comma_last;
    size_t comma; /* leading: one that begins a line; SIZE_MAX: none */
    size_t place; /* the new element's */
};

/* The spans of elements lack their parentheses. */
static void span_widen(struct str text, struct span *span, size_t from, size_t to)
{
    size_t close = gap_find(text, span->end, to, ')');
    size_t comma = gap_find(text, span->end, to, ',');
    size_t open = gap_find(text, from, span->begin, '(');
    if (open < span->begin && close < to && close < comma) {
        span->begin = (uint32_t)open;
        span->end = (uint32_t)close + 1;
    }
}

static void form_spans(struct editor *editor, const struct dhall_row *row, struct list_form *form)
{
    const uint32_t *items = dhall_list_of(&editor->terms, row);
    form->count = row->c;
    form->spans = ARENA_NEW(editor->arena, struct span, form->count);
    for (size_t i = 0; i < form->count; i++) {
        form->spans[i] = editor->terms.spans[items[i]];
        size_t from = i == 0 ? form->open + 1 : form->spans[i - 1].end;
        size_t to = i + 1 < form->count ? editor->terms.spans[items[i + 1]].begin : form->close;
        span_widen(editor->text, &form->spans[i], from, to);
    }
}

/* Commas first or last? The first gap with a newline tells. */
static void form_style(const struct editor *editor, struct list_form *form)
{
    struct str text = editor->text;
    size_t first_line = line_end(text, form->open + 1, form->spans[0].begin);
    form->comma = SIZE_MAX;
    form->comma_last = first_line < form->spans[0].begin;
    form->multi_line = form->comma_last;
    for (size_t i = 0; i < form->count; i++) {
        size_t from = form->spans[i].end;
        size_t to = i + 1 < form->count ? form->spans[i + 1].begin : form->close;
        size_t comma = gap_find(text, from, to, ',');
        size_t newline = gap_find(text, from, to, '\n');
        form->multi_line = form->multi_line || newline < to;
        if (newline < comma && comma < to) {
            form->comma_last = false;
            form->comma = form->comma == SIZE_MAX ? comma : form->comma;
        } else if (comma < newline && newline < to && i + 1 < form->count &&
                   form->comma == SIZE_MAX) {
            form->comma_last = true;
        }
    }
}

/* false: the element is there already. */
static bool form_place(const struct editor *editor, const struct dhall_row *row, struct str element,
    struct list_form *form)
{
    const uint32_t *items = dhall_list_of(&editor->terms, row);
    struct str before = STR("");
    bool sorted = true;
    form->place = row->c;
    for (uint32_t i = 0; i < row->c; i++) {
        struct str text;
        if (!plain_text(editor, (dhall_term){items[i]}, &text)) {
            continue;
        }
        if (str_eq(text, element)) {
            return false;
        }
        sorted = sorted && str_cmp(before, text) <= 0;
        before = text;
        if (form->place == row->c && str_cmp(element, text) < 0) {
            form->place = i;
        }
    }
    form->place = sorted ? form->place : row->c;
    return true;
}

static struct dhall_edit insertion(const struct editor *editor, size_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static struct dhall_edit insertion(const struct editor *editor, size_t at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct str text = arena_vprintf(editor->arena, fmt, args);
    va_end(args);
    return (struct dhall_edit){.begin = (uint32_t)at, .end = (uint32_t)at, .text = text};
}

static struct dhall_edit insert_one_line(
    const struct editor *editor, const struct list_form *form, struct str literal)
{
    if (form->place < form->count) {
        return insertion(editor, form->spans[form->place].begin, "%.*s, ", STR_ARG(literal));
    }
    return insertion(editor, form->spans[form->count - 1].end, ", %.*s", STR_ARG(literal));
}

/* [ "a"
 * , "b"
 * ] */
static struct dhall_edit insert_comma_first(
    const struct editor *editor, const struct list_form *form, struct str literal)
{
    const char *newline = newline_of(editor->text);
    struct str indent = indent_to(editor, form->comma == SIZE_MAX ? form->open : form->comma);
    if (form->place == 0) {
        return insertion(editor, form->spans[0].begin, "%.*s%s%.*s, ", STR_ARG(literal), newline,
            STR_ARG(indent));
    }
    size_t before = form->spans[form->place - 1].end;
    bool last = form->place == form->count;
    size_t to = last ? form->close : form->spans[form->place].begin;
    size_t end = line_end(editor->text, before, to);
    if (end == to && !last) {
        return insertion(editor, before, ", %.*s", STR_ARG(literal)); /* several on one line */
    }
    size_t at = end == to ? before : end;
    return insertion(editor, at, "%s%.*s, %.*s", newline, STR_ARG(indent), STR_ARG(literal));
}

/* [
 *   "a",
 *   "b",
 * ] */
static struct dhall_edit insert_comma_last(
    const struct editor *editor, const struct list_form *form, struct str literal)
{
    struct str text = editor->text;
    const char *newline = newline_of(text);
    struct str indent = indent_to(editor, form->spans[0].begin);
    bool last = form->place == form->count;
    size_t to = last ? form->close : form->spans[form->place].begin;
    if (form->place == 0) {
        size_t end = line_end(text, form->open + 1, to);
        if (end == to) {
            return insertion(editor, to, "%.*s,%s%.*s", STR_ARG(literal), newline, STR_ARG(indent));
        }
        return insertion(editor, end, "%s%.*s%.*s,", newline, STR_ARG(indent), STR_ARG(literal));
    }
    size_t before = form->spans[form->place - 1].end;
    size_t comma = gap_find(text, before, to, ',');
    size_t from = comma < to ? comma + 1 : before;
    size_t end = line_end(text, from, to);
    if (comma < to) {
        if (end == to) {
            return insertion(editor, from, " %.*s,", STR_ARG(literal));
        }
        return insertion(editor, end, "%s%.*s%.*s,", newline, STR_ARG(indent), STR_ARG(literal));
    }
    end = end == to ? before : end;
    struct str rest = str_sub(text, before, end);
    struct dhall_edit edit = insertion(editor, before, ",%.*s%s%.*s%.*s", STR_ARG(rest), newline,
        STR_ARG(indent), STR_ARG(literal));
    edit.end = (uint32_t)end;
    return edit;
}

static struct str literal_print(const struct editor *editor, struct str element)
{
    AUTO_BUF literal = {0};
    buf_add_byte(&literal, '"');
    dhall_print_text_escaped(element, &literal);
    buf_add_byte(&literal, '"');
    return arena_str(editor->arena, buf_str(&literal));
}

static struct dhall_edit list_add(struct editor *editor, dhall_term list, struct str element)
{
    const struct dhall_row *row = dhall_row_of(&editor->terms, list);
    struct span span = dhall_span_of(&editor->terms, list);
    struct str literal = literal_print(editor, element);
    if (row->kind == DHALL_LIST_EMPTY) {
        struct dhall_edit edit = insertion(editor, span.begin, "[ %.*s ]", STR_ARG(literal));
        edit.end = span.end;
        return edit;
    }
    struct list_form form = {.open = span.begin, .close = span.end - 1};
    if (!form_place(editor, row, element, &form)) {
        return (struct dhall_edit){.text = STR("")};
    }
    form_spans(editor, row, &form);
    form_style(editor, &form);
    if (!form.multi_line) {
        return insert_one_line(editor, &form, literal);
    }
    return form.comma_last ? insert_comma_last(editor, &form, literal)
                           : insert_comma_first(editor, &form, literal);
}

/* --- a record without the field --- */

/* `, srcs = [ "a" ]` behind the field `name`, on a line of its own if that is. */
static struct dhall_edit field_add(struct editor *editor, dhall_term record, struct str element)
{
    struct str text = editor->text;
    struct str literal = literal_print(editor, element);
    struct span name = dhall_span_of(&editor->terms, field_of(editor, record, STR("name")));
    size_t to = dhall_span_of(&editor->terms, record).end;
    struct str head = str_sub(text, 0, name.begin);
    size_t line = str_find_last(head, '\n');
    line = line == head.len ? 0 : line + 1;
    size_t first = line;
    while (text.ptr[first] == ' ' || text.ptr[first] == '\t') {
        first++;
    }
    size_t comma = gap_find(text, name.end, to, ',');
    size_t end = line_end(text, name.end, to);
    struct str field = editor->place->field;
    if (end < to && end < comma && (text.ptr[first] == ',' || text.ptr[first] == '{')) {
        return insertion(editor, end, "%s%.*s, %.*s = [ %.*s ]", newline_of(text),
            STR_ARG(indent_to(editor, first)), STR_ARG(field), STR_ARG(literal));
    }
    return insertion(editor, name.end, ", %.*s = [ %.*s ]", STR_ARG(field), STR_ARG(literal));
}

/* --- all of it --- */

static enum err by_hand(
    struct editor *editor, struct span span, struct str element, const char *why)
{
    const struct dhall_edit_place *place = editor->place;
    enum err err = diag_add(editor->diags, ERR_INVALID, span, "%.*s of target %.*s: %s",
        STR_ARG(place->field), STR_ARG(place->target), why);
    diag_help(editor->diags, "add %.*s by hand", STR_ARG(literal_print(editor, element)));
    return err;
}

static enum err edit_make(
    struct editor *editor, uint32_t source, struct str element, struct dhall_edit *ret_edit)
{
    dhall_term record = {0};
    size_t count = target_find(editor, &record);
    if (count != 1) {
        struct span span =
            count == 0 ? (struct span){.source = source} : dhall_span_of(&editor->terms, record);
        return by_hand(editor, span, element,
            count == 0 ? "no record with its name is written in this file"
                       : "several records of its name are written in this file");
    }
    dhall_term value = field_of(editor, record, editor->place->field);
    if (value.row == 0) {
        *ret_edit = field_add(editor, record, element);
        return OK;
    }
    dhall_term list = literal_of(editor, value, true);
    if (list.row == 0) {
        return by_hand(
            editor, dhall_span_of(&editor->terms, value), element, "this is no list literal");
    }
    *ret_edit = list_add(editor, list, element);
    return OK;
}

enum err dhall_edit_add(struct str text, uint32_t source, const struct dhall_edit_place *place,
    struct str element, struct arena *arena, struct dhall_edit *ret_edit, struct diags *diags)
{
    struct editor editor = {.text = text, .arena = arena, .diags = diags, .place = place};
    dhall_labels_init(&editor.labels);
    dhall_terms_init(&editor.terms, &editor.labels, 0);
    dhall_term root;
    enum err err = dhall_parse(&editor.terms, source, text, &root, diags);
    if (err == OK) {
        err = edit_make(&editor, source, element, ret_edit);
    }
    dhall_terms_release(&editor.terms);
    dhall_labels_release(&editor.labels);
    return err;
}

struct str dhall_edit_apply(struct str text, const struct dhall_edit *edit, struct arena *arena)
{
    assert(edit->begin <= edit->end && edit->end <= text.len);
    return arena_printf(arena, "%.*s%.*s%.*s", STR_ARG(str_sub(text, 0, edit->begin)),
        STR_ARG(edit->text), STR_ARG(str_sub(text, edit->end, text.len)));
}

void dhall_edit_next(
    struct str text, const struct dhall_edit *edit, size_t *at, struct buf *ret_text)
{
    assert(*at <= edit->begin && edit->end <= text.len);
    buf_add(ret_text, str_sub(text, *at, edit->begin));
    buf_add(ret_text, edit->text);
    *at = edit->end;
}
