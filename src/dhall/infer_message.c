/* src/dhall/infer_message.c: what people read when types differ. */
#include "dhall/import.h"
#include "dhall/infer_context.h"
#include "dhall/print.h"

enum {
    SHOWN_BYTES = 100, /* of a type within a message */
    NAME_BYTES_MAX = 64,
    HINTS_MAX = 3,
};

struct dhall_value *fail(struct context *context, dhall_term term, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct str text = arena_vprintf(&context->dhall->arena, fmt, args);
    va_end(args);
    (void)!diag_add(context->diags, ERR_INVALID, dhall_span_of(&context->code->terms, term), "%.*s",
        STR_ARG(text));
    return NULL;
}

struct str context_show(const struct context *context, struct dhall_value *value, size_t bytes_max)
{
    struct dhall *dhall = context->dhall;
    struct dhall_code *code = dhall_code_new(dhall);
    struct dhall_quote quote;
    dhall_quote_init(&quote, dhall, &code->terms, false);
    for (uint32_t i = 0; i < context->levels_len; i++) {
        dhall_quote_push(&quote, context->levels[i].label);
    }
    dhall_term term = dhall_quote(&quote, value);
    return dhall_print_cut(dhall, &code->terms, term, bytes_max);
}

/* Edit distance, with exchanged neighbours as one edit; names are short. */
static unsigned distance(struct str a, struct str b)
{
    if (a.len > NAME_BYTES_MAX || b.len > NAME_BYTES_MAX) {
        return UINT32_MAX;
    }
    unsigned rows[3][NAME_BYTES_MAX + 1];
    for (size_t j = 0; j <= b.len; j++) {
        rows[0][j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            unsigned least = above[j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);
            least = above[j] + 1 < least ? above[j] + 1 : least;
            least = row[j - 1] + 1 < least ? row[j - 1] + 1 : least;
            bool swapped =
                i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1];
            if (swapped && two_above[j - 2] + 1 < least) {
                least = two_above[j - 2] + 1;
            }
            row[j] = least;
        }
    }
    return rows[a.len % 3][b.len];
}

/* The best guesses for a name, nearest first. */
struct hints {
    struct str wanted;
    struct str names[HINTS_MAX];
    unsigned distances[HINTS_MAX];
    unsigned count;
};

static void hint_offer(struct hints *hints, struct str name)
{
    unsigned away = distance(hints->wanted, name);
    size_t shorter = name.len < hints->wanted.len ? name.len : hints->wanted.len;
    /* "src" for "srcs" and "hdr" for "headers" are what people write. */
    bool prefix = shorter >= 3 && memcmp(name.ptr, hints->wanted.ptr, shorter) == 0;
    size_t allowed = hints->wanted.len <= 2 ? 0 : (hints->wanted.len + 1) / 3;
    if (away > allowed && !prefix) {
        return;
    }
    unsigned at = hints->count;
    for (unsigned i = 0; i < hints->count; i++) {
        if (str_eq(hints->names[i], name)) {
            return;
        }
    }
    while (at > 0 && hints->distances[at - 1] > away) {
        at--;
    }
    for (unsigned i = hints->count < HINTS_MAX ? hints->count : HINTS_MAX - 1; i > at; i--) {
        hints->names[i] = hints->names[i - 1];
        hints->distances[i] = hints->distances[i - 1];
    }
    if (at < HINTS_MAX) {
        hints->names[at] = name;
        hints->distances[at] = away;
        hints->count += hints->count < HINTS_MAX;
    }
}

/* "did you mean `a` or `b`?" */
static void hints_tell(const struct hints *hints, struct diags *diags)
{
    if (hints->count == 0) {
        return;
    }
    AUTO_BUF text = {0};
    for (unsigned i = 0; i < hints->count; i++) {
        buf_printf(&text, "%s`%.*s`",
            i == 0                  ? ""
            : i + 1 == hints->count ? " or "
                                    : ", ",
            STR_ARG(hints->names[i]));
    }
    diag_help(diags, "did you mean %.*s?", (int)text.len, text.ptr);
}

/* What is there instead, for people who cannot guess. */
static void shape_tell(struct context *context, const char *kind, const struct dhall_shape *shape)
{
    AUTO_BUF text = {0};
    for (uint32_t i = 0; i < shape->count && text.len < SHOWN_BYTES; i++) {
        buf_printf(&text, "%s%.*s", i == 0 ? "" : ", ", LABEL_ARG(context, shape->labels[i]));
    }
    if (text.len > 0) {
        diag_help(context->diags, "its %ss are: %.*s%s", kind, (int)text.len, text.ptr,
            text.len < SHOWN_BYTES ? "" : ", ...");
    }
}

static void shape_hints(
    struct context *context, const char *kind, dhall_label label, const struct dhall_shape *shape)
{
    struct hints hints = {.wanted = dhall_label_name(&context->dhall->labels, label)};
    for (uint32_t i = 0; i < shape->count; i++) {
        hint_offer(&hints, dhall_label_name(&context->dhall->labels, shape->labels[i]));
    }
    hints_tell(&hints, context->diags);
    if (hints.count == 0) {
        shape_tell(context, kind, shape);
    }
}

struct dhall_value *fail_unbound(
    struct context *context, dhall_term term, dhall_label label, uint32_t index)
{
    uint32_t bound = 0;
    struct hints hints = {.wanted = dhall_label_name(&context->dhall->labels, label)};
    for (uint32_t i = context->bindings_len; i > 0; i--) {
        bound += context->bindings[i - 1].label == label;
        hint_offer(
            &hints, dhall_label_name(&context->dhall->labels, context->bindings[i - 1].label));
    }
    for (unsigned i = 0; i < DHALL_BUILTIN_COUNT; i++) {
        hint_offer(&hints, dhall_builtin_name((enum dhall_builtin)i));
    }
    if (bound > 0) {
        (void)fail(context, term, "there are only %u variables `%.*s` here, and this is number %u",
            bound, LABEL_ARG(context, label), index + 1);
        return NULL;
    }
    (void)fail(context, term, "unknown variable `%.*s`", LABEL_ARG(context, label));
    hints_tell(&hints, context->diags);
    return NULL;
}

struct dhall_value *fail_absent(struct context *context, dhall_term term, const char *what,
    const char *kind, dhall_label label, const struct dhall_shape *shape)
{
    (void)fail(context, term, "%s has no %s `%.*s`", what, kind, LABEL_ARG(context, label));
    shape_hints(context, kind, label, shape);
    return NULL;
}

struct dhall_value *fail_kind(struct context *context, dhall_term term, const char *what,
    const char *wanted, struct dhall_value *actual)
{
    struct str shown = context_show(context, actual, SHOWN_BYTES);
    return fail(context, term, "%s must be %s, but its type is %.*s", what, wanted, STR_ARG(shown));
}

/* Where two types differ first, and how. */
struct difference {
    struct buf path; /* ".deps[].label" */
    struct dhall_value *expected, *actual;
    const struct dhall_value *fields; /* a field too many or too few, of this record or union */
    dhall_label missing, extra;
    bool has_missing, has_extra;
};

static void difference_find(struct context *context, struct difference *difference,
    struct dhall_value *expected, struct dhall_value *actual);

/* True if the labels differ. */
static bool labels_differ(struct difference *difference, const struct dhall_value *expected,
    const struct dhall_value *actual)
{
    for (uint32_t i = 0; i < expected->shape->count && !difference->has_missing; i++) {
        difference->missing = expected->shape->labels[i];
        difference->has_missing =
            dhall_shape_find(actual->shape, difference->missing) == UINT32_MAX;
    }
    for (uint32_t i = 0; i < actual->shape->count && !difference->has_extra; i++) {
        difference->extra = actual->shape->labels[i];
        difference->has_extra = dhall_shape_find(expected->shape, difference->extra) == UINT32_MAX;
    }
    return difference->has_missing || difference->has_extra;
}

static void fields_difference(struct context *context, struct difference *difference,
    const struct dhall_value *expected, const struct dhall_value *actual)
{
    if (labels_differ(difference, expected, actual)) {
        difference->fields = expected;
        return;
    }
    for (uint32_t i = 0; i < expected->shape->count; i++) {
        struct dhall_value *left = expected->items[i], *right = actual->items[i];
        if (left == NULL || right == NULL ? left == right : context_conv(context, left, right)) {
            continue;
        }
        if (left != NULL && right != NULL) {
            buf_printf(&difference->path, ".%.*s", LABEL_ARG(context, expected->shape->labels[i]));
            difference_find(context, difference, left, right);
        }
        return;
    }
}

static void difference_find(struct context *context, struct difference *difference,
    struct dhall_value *expected, struct dhall_value *actual)
{
    struct dhall *dhall = context->dhall;
    dhall_step(dhall);
    expected = dhall_force(dhall, expected);
    actual = dhall_force(dhall, actual);
    difference->expected = expected;
    difference->actual = actual;
    if (expected->kind != actual->kind) {
        return;
    }
    if (expected->kind == V_RECORD_TYPE || expected->kind == V_UNION) {
        fields_difference(context, difference, expected, actual);
    } else if (expected->kind == V_BUILTIN && expected->flag == actual->flag && expected->a == 1 &&
               actual->a == 1) {
        buf_add(
            &difference->path, expected->flag == DHALL_BUILTIN_LIST_TYPE ? STR("[]") : STR(".?"));
        difference_find(context, difference, expected->items[0], actual->items[0]);
    } else if (expected->kind == V_PI && !context_conv(context, expected->domain, actual->domain)) {
        buf_add(&difference->path, STR(".<input>"));
        difference_find(context, difference, expected->domain, actual->domain);
    }
}

/* "field `a` is missing" and "there is no field `b`", with a guess. */
static void fields_tell(struct context *context, dhall_term term, const char *what,
    const struct difference *difference, struct str where)
{
    const char *kind = difference->fields->kind == V_UNION ? "alternative" : "field";
    struct str at = where.len == 0
                        ? STR("")
                        : arena_printf(&context->dhall->arena, " in `%.*s`", STR_ARG(where));
    if (!difference->has_missing) {
        (void)fail(context, term, "%s: there is no %s `%.*s`%.*s", what, kind,
            LABEL_ARG(context, difference->extra), STR_ARG(at));
        shape_hints(context, kind, difference->extra, difference->fields->shape);
        return;
    }
    if (!difference->has_extra) {
        (void)fail(context, term, "%s: %s `%.*s` is missing%.*s", what, kind,
            LABEL_ARG(context, difference->missing), STR_ARG(at));
        return;
    }
    (void)fail(context, term, "%s: %s `%.*s` is missing%.*s, and there is no %s `%.*s`", what, kind,
        LABEL_ARG(context, difference->missing), STR_ARG(at), kind,
        LABEL_ARG(context, difference->extra));
    shape_hints(context, kind, difference->extra, difference->fields->shape);
}

struct dhall_value *fail_mismatch(struct context *context, dhall_term term, const char *what,
    struct dhall_value *expected, struct dhall_value *actual)
{
    struct difference difference = {0};
    difference_find(context, &difference, expected, actual);
    struct str where = arena_str(&context->dhall->arena, buf_str(&difference.path));
    buf_release(&difference.path);
    where = str_starts(where, STR(".")) ? str_sub(where, 1, where.len) : where;
    if (difference.fields != NULL) {
        fields_tell(context, term, what, &difference, where);
        return NULL;
    }
    struct str wanted = context_show(context, difference.expected, SHOWN_BYTES);
    struct str got = context_show(context, difference.actual, SHOWN_BYTES);
    struct str at = where.len == 0
                        ? STR("")
                        : arena_printf(&context->dhall->arena, " at `%.*s`", STR_ARG(where));
    return fail(context, term, "%s%.*s: expected %.*s, got %.*s", what, STR_ARG(at),
        STR_ARG(wanted), STR_ARG(got));
}
