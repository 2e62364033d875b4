/* src/dhall/infer_message.c: what people read when types differ. */
#include "base/near.h"
#include "dhall/gap.h"
#include "dhall/import.h"
#include "dhall/infer_context.h"

enum {
    SHOWN_BYTES = 100,    /* of a type within a message */
    NAMED_BYTES = 60,     /* of one whose name is told, too */
    NAME_BYTES = 80,      /* of a term that is quoted in the middle of a message */
    FUNCTION_BYTES = 300, /* of a function's type whose parts are told in brief */
    ARGUMENTS_MAX = 16,
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

/* What stands behind `record` in term, its last part: the name in record.name. */
static struct span name_span(const struct context *context, dhall_term term, dhall_term record)
{
    const struct dhall_terms *terms = &context->code->terms;
    struct span span = dhall_span_of(terms, term);
    struct span inner = dhall_span_of(terms, record);
    if (context->dhall->sources == NULL || span.source == 0 || inner.source != span.source ||
        inner.end >= span.end) {
        return span;
    }
    struct str text = str_sub(sources_text(context->dhall->sources, span.source), 0, span.end);
    size_t at = dhall_closing_end(text, inner.end);
    if (at < text.len && text.ptr[at] == '.') {
        at = dhall_gap_end(text, at + 1);
    }
    span.begin = at < span.end ? (uint32_t)at : span.begin;
    return span;
}

/* The text of a term, if it is a name, a field of one, or an import, on one line. */
struct str context_term_text(const struct context *context, dhall_term term)
{
    const struct dhall_terms *terms = &context->code->terms;
    struct span span = dhall_span_of(terms, term);
    dhall_term root = term;
    while (dhall_kind_of(terms, root) == DHALL_FIELD) {
        root = (dhall_term){dhall_row_of(terms, root)->a};
    }
    enum dhall_kind kind = dhall_kind_of(terms, root);
    if (context->dhall->sources == NULL || span.source == 0 || span.end - span.begin > NAME_BYTES ||
        (kind != DHALL_VAR && kind != DHALL_IMPORT && kind != DHALL_BUILTIN)) {
        return STR("");
    }
    struct str text = sources_text(context->dhall->sources, span.source);
    text = str_sub(text, span.begin, span.end);
    return str_find(text, '\n') < text.len ? STR("") : text;
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

/* The names of a record type's fields or a union's alternatives, the first few. */
static struct str show_names(const struct context *context, const struct dhall_value *type)
{
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
    return arena_printf(&context->dhall->arena, is_union ? "< %.*s%s >" : "{ %.*s%s }",
        (int)text.len, text.ptr, more);
}

static struct str name_or_brief(struct context *context, struct dhall_value *type)
{
    struct str name = context_type_name(context, type);
    return name.len > 0 ? name : context_brief(context, type);
}

/* "forall (config : Config) -> Target" */
static struct str show_function(struct context *context, struct dhall_value *type)
{
    struct dhall *dhall = context->dhall;
    uint32_t levels_len = context->levels_len;
    AUTO_BUF text = {0};
    for (unsigned i = 0; type->kind == V_PI && i < ARGUMENTS_MAX; i++) {
        struct str domain = name_or_brief(context, dhall_force(dhall, type->domain));
        struct str label = dhall_label_name(&dhall->labels, type->a);
        bool bare = str_eq(label, STR("_")) && str_find(domain, ' ') == domain.len;
        buf_printf(&text, bare ? "%.*s%.*s -> " : "forall (%.*s : %.*s) -> ",
            STR_ARG(bare ? STR("") : label), STR_ARG(domain));
        struct dhall_value *variable = dhall_var_value(dhall, context->levels_len);
        level_push(context, type->a, type->domain);
        type = dhall_force(dhall, dhall_pi_apply(dhall, type, variable));
    }
    struct str result = name_or_brief(context, type);
    context->levels_len = levels_len;
    buf_add(&text, result);
    return text.len <= FUNCTION_BYTES
               ? arena_str(&dhall->arena, buf_str(&text))
               : arena_printf(&dhall->arena, "%.*s...", FUNCTION_BYTES, text.ptr);
}

struct str context_brief(struct context *context, struct dhall_value *type)
{
    struct dhall *dhall = context->dhall;
    dhall_step(dhall);
    type = dhall_force(dhall, type);
    struct str whole = context_show(context, type, SHOWN_BYTES);
    struct str name = context_type_name(context, type);
    if (name.len > 0) {
        return whole.len > NAMED_BYTES
                   ? name
                   : arena_printf(&dhall->arena, "%.*s (%.*s)", STR_ARG(name), STR_ARG(whole));
    }
    if (type->kind == V_BUILTIN && type->a == 1) {
        struct dhall_value *inner = dhall_force(dhall, type->items[0]);
        name = context_type_name(context, inner);
        if (whole.len > SHOWN_BYTES || name.len > 0) {
            return arena_printf(&dhall->arena, "%.*s %.*s",
                STR_ARG(dhall_builtin_name((enum dhall_builtin)type->flag)),
                STR_ARG(name.len > 0 ? name : context_brief(context, inner)));
        }
    }
    if (type->kind == V_PI && whole.len > SHOWN_BYTES) {
        return show_function(context, type);
    }
    if (whole.len <= SHOWN_BYTES || (type->kind != V_RECORD_TYPE && type->kind != V_UNION)) {
        return whole;
    }
    return show_names(context, type);
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

void context_hints(
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

/* What was once a builtin, or is one in other languages. */
static bool absent_tell(struct context *context, struct str name)
{
    static const struct {
        const char *name, *help;
    } removed[] = {
        {"Optional/fold", "it was removed from Dhall: write merge { None = ..., Some = ... } x"},
        {"Optional/build", "it was removed from Dhall: write Some x, or None T"},
        {"constructors", "it was removed from Dhall: an alternative of T is T.Name"},
        {"Text/length", "Dhall has no length of a Text"},
        {"true", "it is written True"},
        {"false", "it is written False"},
        {"String", "the type of texts is Text"},
        {"Int", "the types of whole numbers are Natural and, with a sign, Integer"},
        {"null", "what may be absent is an Optional: Some x, or None T"},
    };
    for (size_t i = 0; i < sizeof removed / sizeof removed[0]; i++) {
        if (str_eq(name, str_of(removed[i].name))) {
            diag_help(context->diags, "%s", removed[i].help);
            return true;
        }
    }
    return false;
}

static void prelude_tell(struct context *context, struct str name)
{
    static const char *const of_prelude[] = {
        "Bool/", "Double/", "Integer/", "List/", "Map/", "JSON/", "Natural/", "Optional/", "Text/"};
    for (size_t i = 0; i < sizeof of_prelude / sizeof of_prelude[0]; i++) {
        if (str_starts(name, str_of(of_prelude[i]))) {
            diag_help(context->diags,
                "it is no builtin; if it is a function of the Prelude, import that");
            return;
        }
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
    if (!absent_tell(context, hints.wanted)) {
        prelude_tell(context, hints.wanted);
        hints_tell(&hints, context->diags);
    }
    return NULL;
}

struct dhall_value *fail_absent(struct context *context, dhall_term term, const char *what,
    const char *kind, dhall_label label, const struct dhall_shape *shape)
{
    const struct dhall_terms *terms = &context->code->terms;
    const struct dhall_row *row = dhall_row_of(terms, term);
    bool selects = row->kind == DHALL_FIELD || row->kind == DHALL_PROJECT;
    struct span span =
        selects ? name_span(context, term, (dhall_term){row->a}) : dhall_span_of(terms, term);
    (void)!diag_add(context->diags, ERR_INVALID, span, "%s has no %s `%.*s`", what, kind,
        LABEL_ARG(context, label));
    context_hints(context, kind, label, shape);
    return NULL;
}

unsigned context_arguments(struct context *context, struct dhall_value *type)
{
    struct dhall *dhall = context->dhall;
    unsigned count = 0;
    uint32_t level = context->levels_len;
    for (type = dhall_force(dhall, type); type->kind == V_PI && count < ARGUMENTS_MAX; count++) {
        struct dhall_value *variable = dhall_var_value(dhall, level + count);
        type = dhall_force(dhall, dhall_pi_apply(dhall, type, variable));
    }
    return count;
}

/* A function was given more than it takes: says how much that is. */
static void arguments_tell(struct context *context, dhall_term function)
{
    const struct dhall_terms *terms = &context->code->terms;
    unsigned count = 0;
    for (; dhall_kind_of(terms, function) == DHALL_APP; count++) {
        function = (dhall_term){dhall_row_of(terms, function)->a};
    }
    struct str name = context_term_text(context, function);
    if (count > 0) {
        diag_help(context->diags, "%.*s takes %u argument%s; what follows is one too many",
            STR_ARG(name.len > 0 ? name : STR("the function")), count, count == 1 ? "" : "s");
    }
}

struct dhall_value *fail_kind(struct context *context, dhall_term term, const char *what,
    const char *wanted, struct dhall_value *actual)
{
    static const char *const universes[] = {"value", "type", "kind", "sort"};
    struct str shown = context_brief(context, actual);
    enum universe universe = universe_is(actual);
    bool wants_type = strcmp(wanted, "a type") == 0;
    if (wants_type && universe_of(context, actual) == UNIVERSE_TYPE && actual->kind != V_PI) {
        return fail(context, term, "%s must be %s, but it is a value of type %.*s", what, wanted,
            STR_ARG(shown));
    }
    if (universe != UNIVERSE_NONE) {
        (void)fail(
            context, term, "%s must be %s, but it is a %s", what, wanted, universes[universe]);
        if (str_starts(str_of(wanted), STR("a union or an"))) {
            diag_help(context->diags, "a value of a union type T is T.Name, or T.Name x");
        }
        return NULL;
    }
    (void)fail(context, term, "%s must be %s, but its type is %.*s", what, wanted, STR_ARG(shown));
    unsigned arguments = context_arguments(context, actual);
    if (strncmp(wanted, "a function", strlen("a function")) == 0) {
        arguments_tell(context, term);
    } else if (arguments > 0) {
        diag_help(context->diags, "it is a function: it needs %u argument%s more", arguments,
            arguments == 1 ? "" : "s");
    } else if (strcmp(wanted, "a value") == 0) {
        diag_help(context->diags, "what holds types is not a value");
    }
    return NULL;
}
