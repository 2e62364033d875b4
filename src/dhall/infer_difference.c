/* src/dhall/infer_difference.c: where two types, or two values that are asserted to be equal,
 * differ first. */
#include "dhall/import.h"
#include "dhall/infer_context.h"
#include "dhall/print.h"

enum {
    NAMES_SHOWN = 5,
    NAMED_BYTES = 60,  /* of a type whose name is told, too */
    VALUE_BYTES = 200, /* of a value within a message */
};

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
dhall_term context_field_term(const struct context *context, dhall_term record, dhall_label label)
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

static void path_add(const struct context *context, struct buf *path, dhall_label label)
{
    buf_add_byte(path, '.');
    dhall_print_label(dhall_label_name(&context->dhall->labels, label), false, path);
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
            path_add(context, &difference->path, label);
            difference_enter(difference, context_field_term(context, difference->term, label));
            difference_find(context, difference, left, right);
        }
        return;
    }
}

static void functions_difference(struct context *context, struct difference *difference,
    const struct dhall_value *expected, const struct dhall_value *actual)
{
    struct dhall *dhall = context->dhall;
    const struct dhall_row *row = dhall_row_of(&context->code->terms, difference->term);
    bool same_domains = context_conv(context, expected->domain, actual->domain);
    difference_enter(
        difference, (dhall_term){same_domains && row->kind == DHALL_LAMBDA ? row->c : 0});
    if (!same_domains) {
        buf_add(&difference->path, STR(".<input>"));
        difference_find(context, difference, expected->domain, actual->domain);
        return;
    }
    struct dhall_value *variable = dhall_var_value(dhall, context->levels_len);
    level_push(context, expected->a, expected->domain); /* fail_mismatch takes it off again */
    buf_add(&difference->path, STR(".<output>"));
    difference_find(context, difference, dhall_pi_apply(dhall, expected, variable),
        dhall_pi_apply(dhall, actual, variable));
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
    } else if (expected->kind == V_PI) {
        functions_difference(context, difference, expected, actual);
    }
}

/* "fields `a`, `b` and 3 more of T are missing", "field `a` is missing in `.b` of T". */
static struct str missing_tell(struct context *context, const struct difference *difference,
    const char *kind, struct str of, struct str at)
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
    return arena_printf(&context->dhall->arena, "%s%s %.*s%.*s %s missing%.*s", kind,
        count == 1 ? "" : "s", (int)text.len, text.ptr, STR_ARG(of), count == 1 ? "is" : "are",
        STR_ARG(at));
}

/* "field `a` is missing" and "there is no field `b`", with a guess. where: "in `.a` of Config". */
static void fields_tell(struct context *context, const char *what,
    const struct difference *difference, struct str where)
{
    const char *kind = difference->fields->kind == V_UNION ? "alternative" : "field";
    struct str at =
        where.len == 0 ? where : arena_printf(&context->dhall->arena, " in %.*s", STR_ARG(where));
    bool is_path = where.len > 0 && where.ptr[0] == '`';
    struct str of = where.len == 0 || is_path
                        ? STR("")
                        : arena_printf(&context->dhall->arena, " of %.*s", STR_ARG(where));
    struct str missing = difference->has_missing
                             ? missing_tell(context, difference, kind, of, is_path ? at : STR(""))
                             : STR("");
    if (!difference->has_extra) {
        (void)fail(context, difference->term, "%s: %.*s", what, STR_ARG(missing));
        return;
    }
    dhall_term extra = context_field_term(context, difference->term, difference->extra);
    extra = difference->is_inside && extra.row != 0 ? extra : difference->term;
    (void)fail(context, extra, "%s: there is no %s `%.*s`%.*s%s%.*s", what, kind,
        LABEL_ARG(context, difference->extra), STR_ARG(at), missing.len == 0 ? "" : ", and ",
        STR_ARG(difference->has_missing ? missing_tell(context, difference, kind, STR(""), STR(""))
                                        : missing));
    context_hints(context, kind, difference->extra, difference->fields->shape);
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
    dhall_print(&code->terms, dhall_quote_bounded(&quote, type), &options, text);
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

/* --- what to do about it --- */

static bool is_of(struct context *context, struct dhall_value *list, enum dhall_builtin builtin,
    struct dhall_value *element)
{
    struct dhall_value *inner = dhall_builtin_argument(list, builtin);
    return inner != NULL && context_conv(context, inner, element);
}

/* Between types that people mix up. */
static const struct conversion {
    enum dhall_builtin wanted, given;
    const char *help;
} conversions[] = {
    {DHALL_BUILTIN_TEXT_TYPE, DHALL_BUILTIN_NATURAL_TYPE, "Natural/show makes a Text of it"},
    {DHALL_BUILTIN_TEXT_TYPE, DHALL_BUILTIN_INTEGER_TYPE, "Integer/show makes a Text of it"},
    {DHALL_BUILTIN_TEXT_TYPE, DHALL_BUILTIN_DOUBLE_TYPE, "Double/show makes a Text of it"},
    {DHALL_BUILTIN_TEXT_TYPE, DHALL_BUILTIN_DATE_TYPE, "Date/show makes a Text of it"},
    {DHALL_BUILTIN_TEXT_TYPE, DHALL_BUILTIN_TIME_TYPE, "Time/show makes a Text of it"},
    {DHALL_BUILTIN_TEXT_TYPE, DHALL_BUILTIN_TIME_ZONE_TYPE, "TimeZone/show makes a Text of it"},
    {DHALL_BUILTIN_TEXT_TYPE, DHALL_BUILTIN_BOOL_TYPE,
        "if x then \"...\" else \"...\" makes a Text of it"},
    {DHALL_BUILTIN_NATURAL_TYPE, DHALL_BUILTIN_INTEGER_TYPE,
        "a Natural is written without a sign; Integer/clamp makes one of an Integer"},
    {DHALL_BUILTIN_NATURAL_TYPE, DHALL_BUILTIN_DOUBLE_TYPE,
        "a Natural is written without a point; nothing makes one of a Double"},
    {DHALL_BUILTIN_INTEGER_TYPE, DHALL_BUILTIN_NATURAL_TYPE,
        "an Integer is written with its sign, as +1; Natural/toInteger makes one of a Natural"},
    {DHALL_BUILTIN_DOUBLE_TYPE, DHALL_BUILTIN_NATURAL_TYPE,
        "a Double is written with a point, as 1.0; Natural/toInteger and Integer/toDouble make "
        "one"},
    {DHALL_BUILTIN_DOUBLE_TYPE, DHALL_BUILTIN_INTEGER_TYPE,
        "Integer/toDouble makes a Double of it"},
};

static bool conversion_tell(
    struct context *context, const struct dhall_value *expected, const struct dhall_value *actual)
{
    for (size_t i = 0; i < sizeof conversions / sizeof conversions[0]; i++) {
        if (dhall_is_builtin(expected, conversions[i].wanted) &&
            dhall_is_builtin(actual, conversions[i].given)) {
            diag_help(context->diags, "%s", conversions[i].help);
            return true;
        }
    }
    return false;
}

void context_advise(
    struct context *context, struct dhall_value *expected, struct dhall_value *actual)
{
    struct dhall *dhall = context->dhall;
    expected = dhall_force(dhall, expected);
    actual = dhall_force(dhall, actual);
    if (conversion_tell(context, expected, actual)) {
        return;
    }
    if (is_of(context, expected, DHALL_BUILTIN_OPTIONAL_TYPE, actual)) {
        diag_help(context->diags, "write Some before it");
    } else if (is_of(context, actual, DHALL_BUILTIN_OPTIONAL_TYPE, expected)) {
        diag_help(context->diags,
            "it may be absent: merge { None = ..., Some = \\(x : T) -> x } takes it apart");
    } else if (is_of(context, expected, DHALL_BUILTIN_LIST_TYPE, actual)) {
        diag_help(context->diags, "a list of one element is written [ x ]");
    } else if (dhall_is_builtin(expected, DHALL_BUILTIN_TYPE)) {
        diag_help(context->diags, "a type is wanted here, such as Natural or { name : Text }");
    } else if (actual->kind == V_PI && expected->kind != V_PI) {
        unsigned count = context_arguments(context, actual);
        diag_help(context->diags, "it is a function: it needs %u argument%s more", count,
            count == 1 ? "" : "s");
    }
}

/* --- messages --- */

/* "`.a.b` of Config", or less. */
static struct str where_of(struct context *context, struct str path, struct str name)
{
    struct arena *arena = &context->dhall->arena;
    if (path.len == 0) {
        return name;
    }
    return name.len == 0 ? arena_printf(arena, "`%.*s`", STR_ARG(path))
                         : arena_printf(arena, "`%.*s` of %.*s", STR_ARG(path), STR_ARG(name));
}

/* name: of the expected type; empty: it is looked for. */
static struct dhall_value *mismatch(struct context *context, dhall_term term, const char *what,
    struct str name, struct dhall_value *expected, struct dhall_value *actual)
{
    struct arena *arena = &context->dhall->arena;
    struct difference difference = {.term = term, .is_inside = true};
    uint32_t levels_len = context->levels_len;
    difference_find(context, &difference, expected, actual);
    struct str path = arena_str(arena, buf_str(&difference.path));
    buf_release(&difference.path);
    name = name.len > 0 ? name : context_type_name(context, expected);
    struct str where = where_of(context, path, name);
    if (difference.fields != NULL) {
        fields_tell(context, what, &difference, where);
    } else {
        struct str at = path.len == 0 ? path : arena_printf(arena, ", at %.*s", STR_ARG(where));
        struct str wanted = context_brief(context, difference.expected);
        if (path.len == 0 && name.len > 0 && !str_starts(wanted, name)) {
            wanted = wanted.len > NAMED_BYTES
                         ? name
                         : arena_printf(arena, "%.*s (%.*s)", STR_ARG(name), STR_ARG(wanted));
        }
        struct str found = context_brief(context, difference.actual);
        (void)fail(context, difference.term, "%s%.*s: expected %.*s, found %.*s", what, STR_ARG(at),
            STR_ARG(wanted), STR_ARG(found));
        context_advise(context, difference.expected, difference.actual);
    }
    context->levels_len = levels_len;
    return explain(context, expected, actual);
}

struct dhall_value *fail_mismatch(struct context *context, dhall_term term, const char *what,
    struct dhall_value *expected, struct dhall_value *actual)
{
    return mismatch(context, term, what, STR(""), expected, actual);
}

struct dhall_value *fail_annotation(struct context *context, dhall_term term, dhall_term annotation,
    struct dhall_value *expected, struct dhall_value *actual)
{
    expected = dhall_force(context->dhall, expected);
    struct dhall_value *of =
        dhall_is_builtin(expected, DHALL_BUILTIN_SORT) ? NULL : infer(context, annotation);
    if (of != NULL && universe_is(of) == UNIVERSE_NONE) {
        return fail_kind(context, annotation, "what follows `:`", "a type", of);
    }
    struct str name = dhall_kind_of(&context->code->terms, annotation) == DHALL_BUILTIN
                          ? STR("")
                          : context_term_text(context, annotation);
    return mismatch(context, term, "not of the annotated type", name, expected, actual);
}

/* Where two values differ first: goes down while there is one such place. */
static void values_difference(struct context *context, struct buf *path, struct dhall_value **left,
    struct dhall_value **right)
{
    struct dhall *dhall = context->dhall;
    for (;;) {
        struct dhall_value *a = dhall_force(dhall, *left);
        struct dhall_value *b = dhall_force(dhall, *right);
        bool records =
            a->kind == V_RECORD && b->kind == V_RECORD && a->shape->count == b->shape->count;
        bool lists = a->kind == V_LIST && b->kind == V_LIST && a->a == b->a;
        uint32_t count = records ? a->shape->count : lists ? a->a : 0;
        uint32_t i = 0;
        while (i < count && context_conv(context, a->items[i], b->items[i]) &&
               (lists || a->shape->labels[i] == b->shape->labels[i])) {
            i++;
        }
        if (i == count || (records && a->shape->labels[i] != b->shape->labels[i])) {
            return;
        }
        if (records) {
            path_add(context, path, a->shape->labels[i]);
        } else {
            buf_printf(path, "[%u]", i);
        }
        *left = a->items[i];
        *right = b->items[i];
    }
}

struct dhall_value *fail_assertion(
    struct context *context, dhall_term term, struct dhall_value *left, struct dhall_value *right)
{
    AUTO_BUF path = {0};
    values_difference(context, &path, &left, &right);
    struct str a = context_show(context, left, VALUE_BYTES);
    struct str b = context_show(context, right, VALUE_BYTES);
    struct str at = path.len == 0 ? STR("")
                                  : arena_printf(&context->dhall->arena, ", at `%.*s`",
                                        (int)path.len, path.ptr);
    if (a.len + b.len < VALUE_BYTES / 2) {
        return fail(context, term, "assertion failed%.*s: %.*s is not %.*s", STR_ARG(at),
            STR_ARG(a), STR_ARG(b));
    }
    (void)fail(context, term, "assertion failed%.*s: the sides of === differ", STR_ARG(at));
    diag_help(context->diags, "left:  %.*s", STR_ARG(a));
    diag_help(context->diags, "right: %.*s", STR_ARG(b));
    return NULL;
}
