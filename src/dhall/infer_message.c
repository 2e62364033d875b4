/* src/dhall/infer_message.c: what people read when types differ. */
#include "base/near.h"
#include "dhall/import.h"
#include "dhall/infer_context.h"
#include "dhall/print.h"

enum {
    SHOWN_BYTES = 100, /* of a type within a message */
    NAMES_SHOWN = 5,
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
    return dhall_quote_within(&quote, term, DHALL_SHOWN_TERMS_MAX)
               ? dhall_print_cut(dhall, &code->terms, term, bytes_max)
               : STR("(too big to show)");
}

/* A type as a reader can take it in: whole if it is short, else the names of its fields. */
static struct str show_brief(const struct context *context, struct dhall_value *type)
{
    struct dhall *dhall = context->dhall;
    struct str whole = context_show(context, type, SHOWN_BYTES);
    if (whole.len <= SHOWN_BYTES) {
        return whole;
    }
    type = dhall_force(dhall, type);
    if (type->kind == V_BUILTIN && type->a == 1) {
        struct str inner = show_brief(context, dhall_force(dhall, type->items[0]));
        return arena_printf(&dhall->arena, "%.*s %.*s",
            STR_ARG(dhall_builtin_name((enum dhall_builtin)type->flag)), STR_ARG(inner));
    }
    if (type->kind != V_RECORD_TYPE && type->kind != V_UNION) {
        return whole;
    }
    bool is_union = type->kind == V_UNION;
    AUTO_BUF text = {0};
    uint32_t count = type->shape->count;
    for (uint32_t i = 0; i < count && i < NAMES_SHOWN; i++) {
        buf_printf(&text, "%s%.*s",
            i == 0     ? ""
            : is_union ? " | "
                       : ", ",
            LABEL_ARG(context, type->shape->labels[i]));
    }
    const char *more = count <= NAMES_SHOWN ? "" : is_union ? " | ..." : ", ...";
    return arena_printf(
        &dhall->arena, is_union ? "< %.*s%s >" : "{ %.*s%s }", (int)text.len, text.ptr, more);
}

/* The best guesses for a name, nearest first. */
struct hints {
    struct str wanted;
    struct str names[HINTS_MAX];
    size_t distances[HINTS_MAX];
    unsigned count;
};

static void hint_offer(struct hints *hints, struct str name)
{
    size_t away = near_distance(hints->wanted, name);
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
        return fail(context, term, "%.*s@%u is beyond the variables named `%.*s`: there %s %u",
            LABEL_ARG(context, label), index, LABEL_ARG(context, label), bound == 1 ? "is" : "are",
            bound);
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
    struct str shown = show_brief(context, actual);
    return fail(context, term, "%s must be %s, but its type is %.*s", what, wanted, STR_ARG(shown));
}

/* Where two types differ first, and how. */
struct difference {
    struct buf path; /* ".deps[].label" */
    dhall_term term; /* the part of the term that is to blame, as far as it is written there */
    bool is_inside;  /* term is still where the types are */
    struct dhall_value *expected, *actual;
    const struct dhall_value *fields; /* a field too many or too few, of this record or union */
    dhall_label missing, extra;
    bool has_missing, has_extra;
};

static void difference_find(struct context *context, struct difference *difference,
    struct dhall_value *expected, struct dhall_value *actual);

/* The value that is written for label in a record literal, or no term. */
static dhall_term term_of_field(const struct context *context, dhall_term record, dhall_label label)
{
    const struct dhall_terms *terms = &context->code->terms;
    const struct dhall_row *row = dhall_row_of(terms, record);
    for (uint32_t i = 0; row->kind == DHALL_RECORD && i < row->c; i += 2) {
        const uint32_t *list = dhall_list_of(terms, row);
        if (list[i] == label && dhall_span_of(terms, (dhall_term){list[i + 1]}).source != 0) {
            return (dhall_term){list[i + 1]};
        }
    }
    return (dhall_term){0};
}

/* What is written as the (first) element of a list, or in a Some. */
static dhall_term term_of_element(const struct context *context, dhall_term list)
{
    const struct dhall_row *row = dhall_row_of(&context->code->terms, list);
    if (row->kind == DHALL_LIST) {
        return (dhall_term){dhall_list_of(&context->code->terms, row)[0]};
    }
    return (dhall_term){row->kind == DHALL_SOME ? row->a : 0};
}

static void difference_enter(struct difference *difference, dhall_term inner)
{
    difference->is_inside = difference->is_inside && inner.row != 0;
    if (difference->is_inside) {
        difference->term = inner;
    }
}

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
            dhall_label label = expected->shape->labels[i];
            buf_printf(&difference->path, ".%.*s", LABEL_ARG(context, label));
            difference_enter(difference, term_of_field(context, difference->term, label));
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
        difference_enter(difference, term_of_element(context, difference->term));
        difference_find(context, difference, expected->items[0], actual->items[0]);
    } else if (expected->kind == V_PI && !context_conv(context, expected->domain, actual->domain)) {
        buf_add(&difference->path, STR(".<input>"));
        difference->is_inside = false;
        difference_find(context, difference, expected->domain, actual->domain);
    }
}

/* "fields `a`, `b` and 3 more are missing" */
static struct str missing_tell(
    struct context *context, const struct difference *difference, const char *kind, struct str at)
{
    AUTO_BUF text = {0};
    unsigned count = 0;
    const struct dhall_shape *shape = difference->expected->shape;
    for (uint32_t i = 0; i < shape->count; i++) {
        bool missing = dhall_shape_find(difference->actual->shape, shape->labels[i]) == UINT32_MAX;
        if (missing && count < NAMES_SHOWN) {
            buf_printf(
                &text, "%s`%.*s`", count == 0 ? "" : ", ", LABEL_ARG(context, shape->labels[i]));
        }
        count += missing;
    }
    if (count > NAMES_SHOWN) {
        buf_printf(&text, " and %u more", count - NAMES_SHOWN);
    }
    return arena_printf(&context->dhall->arena, "%s%s %.*s %s missing%.*s", kind,
        count == 1 ? "" : "s", (int)text.len, text.ptr, count == 1 ? "is" : "are", STR_ARG(at));
}

/* "field `a` is missing" and "there is no field `b`", with a guess. */
static void fields_tell(struct context *context, const char *what,
    const struct difference *difference, struct str where)
{
    const char *kind = difference->fields->kind == V_UNION ? "alternative" : "field";
    struct str at = where.len == 0
                        ? STR("")
                        : arena_printf(&context->dhall->arena, " in `%.*s`", STR_ARG(where));
    struct str missing =
        difference->has_missing ? missing_tell(context, difference, kind, at) : STR("");
    if (!difference->has_extra) {
        (void)fail(context, difference->term, "%s: %.*s", what, STR_ARG(missing));
        return;
    }
    dhall_term extra = term_of_field(context, difference->term, difference->extra);
    extra = difference->is_inside && extra.row != 0 ? extra : difference->term;
    (void)fail(context, extra, "%s: there is no %s `%.*s`%.*s%s%.*s", what, kind,
        LABEL_ARG(context, difference->extra), STR_ARG(at), missing.len == 0 ? "" : ", and ",
        STR_ARG(missing));
    shape_hints(context, kind, difference->extra, difference->fields->shape);
}

/* A type on as many lines as it needs. */
static void show_whole(
    const struct context *context, const char *title, struct dhall_value *type, struct buf *text)
{
    struct dhall_code *code = dhall_code_new(context->dhall);
    struct dhall_print_options options = {.ascii = true};
    struct dhall_quote quote;
    dhall_quote_init(&quote, context->dhall, &code->terms, false);
    for (uint32_t i = 0; i < context->levels_len; i++) {
        dhall_quote_push(&quote, context->levels[i].label);
    }
    buf_printf(text, "%s\n", title);
    dhall_print(&code->terms, dhall_quote(&quote, type), &options, text);
    buf_add_byte(text, '\n');
}

/* What --explain adds to the newest message. */
static struct dhall_value *explain(
    const struct context *context, struct dhall_value *expected, struct dhall_value *actual)
{
    AUTO_BUF text = {0};
    if (context->dhall->explains) {
        show_whole(context, "the whole type that was expected:", expected, &text);
        show_whole(context, "the whole type that was found:", actual, &text);
        diag_extra(context->diags, buf_str(&text));
    }
    return NULL;
}

struct dhall_value *fail_mismatch(struct context *context, dhall_term term, const char *what,
    struct dhall_value *expected, struct dhall_value *actual)
{
    struct difference difference = {.term = term, .is_inside = true};
    difference_find(context, &difference, expected, actual);
    struct str where = arena_str(&context->dhall->arena, buf_str(&difference.path));
    buf_release(&difference.path);
    where = str_starts(where, STR(".")) ? str_sub(where, 1, where.len) : where;
    if (difference.fields != NULL) {
        fields_tell(context, what, &difference, where);
        return explain(context, expected, actual);
    }
    struct str wanted = show_brief(context, difference.expected);
    struct str got = show_brief(context, difference.actual);
    struct str at = where.len == 0
                        ? STR("")
                        : arena_printf(&context->dhall->arena, ", at `%.*s`", STR_ARG(where));
    (void)fail(context, difference.term, "%s%.*s: expected %.*s, got %.*s", what, STR_ARG(at),
        STR_ARG(wanted), STR_ARG(got));
    return explain(context, expected, actual);
}
