/* src/dhall/diff.c */
#include "dhall/diff.h"
#include "dhall/eval.h"
#include "dhall/import.h"
#include "dhall/print.h"

struct diff {
    struct dhall *dhall;
    struct dhall_terms *terms;
    struct buf path, *text;
    bool ascii;
};

static const struct dhall_row *row_of(const struct diff *diff, uint32_t term)
{
    return &diff->terms->rows[term];
}

static bool same(const struct diff *diff, uint32_t a, uint32_t b);

/* Which numbers of a list row are terms: every one from `first` on, by `step`. */
static void list_terms(const struct dhall_row *row, uint32_t *ret_first, uint32_t *ret_step)
{
    bool pairs = row->kind == DHALL_RECORD || row->kind == DHALL_RECORD_TYPE ||
                 row->kind == DHALL_UNION || row->kind == DHALL_TEXT;
    *ret_first = pairs ? 1 : 0;
    *ret_step = pairs ? 2 : 1;
}

static bool same_list(const struct diff *diff, const struct dhall_row *a, const struct dhall_row *b)
{
    uint32_t first, step;
    list_terms(a, &first, &step);
    if (a->c != b->c) {
        return false;
    }
    for (uint32_t i = 0; i < a->c; i++) {
        uint32_t x = dhall_list_of(diff->terms, a)[i];
        uint32_t y = dhall_list_of(diff->terms, b)[i];
        bool is_term = i >= first && (i - first) % step == 0;
        bool equal = x == y;
        if (a->kind == DHALL_PROJECT || (a->kind == DHALL_WITH && i > 0)) {
            equal = x == y; /* labels */
        } else if (is_term) {
            equal = same(diff, x, y);
        } else if (a->kind == DHALL_TEXT) {
            equal = str_eq(diff->terms->texts[x], diff->terms->texts[y]);
        }
        if (!equal) {
            return false;
        }
    }
    return true;
}

static bool same_atom(const struct diff *diff, const struct dhall_row *a, const struct dhall_row *b)
{
    const struct dhall_terms *terms = diff->terms;
    if (a->kind == DHALL_BYTES) {
        return str_eq(terms->texts[a->a], terms->texts[b->a]);
    }
    if ((a->kind == DHALL_NATURAL || a->kind == DHALL_INTEGER) && (a->flag & DHALL_BIG) != 0) {
        return mpz_cmp(terms->bigs[a->a], terms->bigs[b->a]) == 0;
    }
    if (a->kind == DHALL_TIME) {
        return a->a == b->a && a->c == b->c && mpz_cmp(terms->bigs[a->b], terms->bigs[b->b]) == 0;
    }
    return a->a == b->a && a->b == b->b && a->c == b->c;
}

static bool same(const struct diff *diff, uint32_t a, uint32_t b)
{
    dhall_step(diff->dhall);
    if (a == b) {
        return true;
    }
    const struct dhall_row *left = row_of(diff, a);
    const struct dhall_row *right = row_of(diff, b);
    if (left->kind != right->kind || left->flag != right->flag) {
        return false;
    }
    switch ((enum dhall_kind)left->kind) {
    case DHALL_LIST:
    case DHALL_TEXT:
    case DHALL_RECORD:
    case DHALL_RECORD_TYPE:
    case DHALL_UNION:
        return same_list(diff, left, right);
    case DHALL_PROJECT:
    case DHALL_WITH:
        return same(diff, left->a, right->a) && same_list(diff, left, right);
    case DHALL_LAMBDA:
    case DHALL_PI:
        return same(diff, left->b, right->b) && same(diff, left->c, right->c);
    case DHALL_APP:
    case DHALL_ANNOT:
    case DHALL_OPERATOR:
    case DHALL_PROJECT_TYPE:
    case DHALL_TO_MAP:
        return same(diff, left->a, right->a) && same(diff, left->b, right->b);
    case DHALL_IF:
    case DHALL_MERGE:
        return same(diff, left->a, right->a) && same(diff, left->b, right->b) &&
               same(diff, left->c, right->c);
    case DHALL_FIELD:
        return left->b == right->b && same(diff, left->a, right->a);
    case DHALL_LIST_EMPTY:
    case DHALL_SOME:
    case DHALL_SHOW_CONSTRUCTOR:
    case DHALL_ASSERT:
        return same(diff, left->a, right->a);
    default:
        return same_atom(diff, left, right);
    }
}

/* "- .path = value" */
static void tell(struct diff *diff, char sign, const char *relation, uint32_t term)
{
    struct dhall_print_options line = {.layout = DHALL_PRINT_ONE_LINE, .ascii = diff->ascii};
    AUTO_BUF shown = {0};
    buf_printf(diff->text, "%c ", sign);
    buf_add(diff->text, buf_str(&diff->path));
    if (diff->path.len > 0 && term != 0) {
        buf_add(diff->text, str_of(relation));
    }
    if (term != 0) {
        dhall_print(diff->terms, (dhall_term){term}, &line, &shown);
    }
    size_t len = shown.len;
    if (len > DHALL_DIFF_SHOWN_BYTES) {
        len = DHALL_DIFF_SHOWN_BYTES;
        while (((unsigned char)shown.ptr[len] & 0xC0U) == 0x80U) {
            len--; /* not within a character */
        }
    }
    buf_add(diff->text, str_sub(buf_str(&shown), 0, len));
    buf_add(diff->text, len < shown.len ? STR("...\n") : STR("\n"));
}

static void compare(struct diff *diff, uint32_t a, uint32_t b, const char *relation);

static void compare_fields(
    struct diff *diff, const struct dhall_row *left, const struct dhall_row *right)
{
    const char *relation = left->kind == DHALL_RECORD ? " = " : " : ";
    size_t path_len = diff->path.len;
    uint32_t i = 0;
    uint32_t j = 0;
    while (i < left->c || j < right->c) {
        const uint32_t *x = dhall_list_of(diff->terms, left) + i;
        const uint32_t *y = dhall_list_of(diff->terms, right) + j;
        int cmp = i == left->c ? 1 : j == right->c ? -1 : dhall_label_cmp(diff->dhall, x[0], y[0]);
        dhall_label label = cmp <= 0 ? x[0] : y[0];
        buf_add_byte(&diff->path, '.');
        dhall_print_label(dhall_label_name(&diff->dhall->labels, label), false, &diff->path);
        if (cmp < 0) {
            tell(diff, '-', relation, x[1]);
        } else if (cmp > 0) {
            tell(diff, '+', relation, y[1]);
        } else if (x[1] == 0 || y[1] == 0) {
            if (x[1] != y[1]) {
                tell(diff, '-', relation, x[1]);
                tell(diff, '+', relation, y[1]);
            }
        } else {
            compare(diff, x[1], y[1], relation);
        }
        i += cmp <= 0 ? 2 : 0;
        j += cmp >= 0 ? 2 : 0;
        diff->path.len = path_len;
    }
}

static void compare_lists(
    struct diff *diff, const struct dhall_row *left, const struct dhall_row *right)
{
    const uint32_t *x = dhall_list_of(diff->terms, left);
    const uint32_t *y = dhall_list_of(diff->terms, right);
    uint32_t from = 0;
    uint32_t x_end = left->c;
    uint32_t y_end = right->c;
    while (from < x_end && from < y_end && same(diff, x[from], y[from])) {
        from++;
    }
    while (x_end > from && y_end > from && same(diff, x[x_end - 1], y[y_end - 1])) {
        x_end--;
        y_end--;
    }
    size_t path_len = diff->path.len;
    bool pairs = x_end == y_end;
    for (uint32_t i = from; i < x_end; i++) {
        buf_printf(&diff->path, "[%u]", i);
        if (pairs) {
            compare(diff, x[i], y[i], " = ");
        } else {
            tell(diff, '-', " = ", x[i]);
        }
        diff->path.len = path_len;
    }
    for (uint32_t i = from; i < y_end && !pairs; i++) {
        buf_printf(&diff->path, "[%u]", i);
        tell(diff, '+', " = ", y[i]);
        diff->path.len = path_len;
    }
}

/* A part of both, under a step of the path that says which. */
static void compare_part(struct diff *diff, const char *step, uint32_t a, uint32_t b)
{
    size_t path_len = diff->path.len;
    buf_add(&diff->path, str_of(step));
    compare(diff, a, b, " = ");
    diff->path.len = path_len;
}

static void compare(struct diff *diff, uint32_t a, uint32_t b, const char *relation)
{
    const struct dhall_row *left = row_of(diff, a);
    const struct dhall_row *right = row_of(diff, b);
    dhall_step(diff->dhall);
    if (same(diff, a, b)) {
        return;
    }
    if (left->kind == right->kind &&
        (left->kind == DHALL_RECORD || left->kind == DHALL_RECORD_TYPE ||
            left->kind == DHALL_UNION)) {
        compare_fields(diff, left, right);
    } else if (left->kind == DHALL_LIST && right->kind == DHALL_LIST) {
        compare_lists(diff, left, right);
    } else if (left->kind == DHALL_SOME && right->kind == DHALL_SOME) {
        compare_part(diff, ".Some", left->a, right->a);
    } else if (left->kind == DHALL_LAMBDA && right->kind == DHALL_LAMBDA) {
        compare_part(diff, ".(argument's type)", left->b, right->b);
        compare_part(diff, ".(body)", left->c, right->c);
    } else {
        tell(diff, '-', relation, a);
        tell(diff, '+', relation, b);
    }
}

struct diff_task {
    struct diff diff;
    struct dhall_value *left, *right;
};

static void diff_run(struct dhall *dhall, void *argument)
{
    struct diff_task *task = argument;
    struct dhall_code *code = dhall_code_new(dhall);
    struct dhall_quote quote;
    task->diff.terms = &code->terms;
    dhall_quote_init(&quote, dhall, &code->terms, true);
    uint32_t left = dhall_quote_bounded(&quote, task->left).row;
    uint32_t right = dhall_quote_bounded(&quote, task->right).row;
    compare(&task->diff, left, right, " = ");
}

enum err dhall_diff(struct dhall *dhall, const struct dhall_value *left,
    const struct dhall_value *right, bool ascii, struct buf *ret_text, struct diags *diags)
{
    struct diff_task task = {.diff = {.dhall = dhall, .text = ret_text, .ascii = ascii},
        .left = (struct dhall_value *)(uintptr_t)left,
        .right = (struct dhall_value *)(uintptr_t)right};
    enum err err = dhall_run(dhall, diff_run, &task, diags);
    buf_release(&task.diff.path);
    return err;
}
