/* src/dhall/infer_context.h: what the files of type inference share.
 *
 *   infer.c          functions, lets, operators, lists, Text
 *   infer_record.c   records, unions, merge, toMap, with, completion
 *   infer_message.c  what is said when a name is not there, or a term is of the wrong kind
 *   infer_difference.c  what is said when types differ
 *   infer_name.c     what a type is called
 *
 *   bindings: every binder around, lambda or let, outermost first; env holds their values
 *   levels:   the lambdas (and foralls) among them, which are variables in values
 *
 * A function that gives a type gives NULL after it has added a diag. */
#ifndef DHALL_INFER_CONTEXT_H
#define DHALL_INFER_CONTEXT_H
#include "dhall/eval.h"

struct binding {
    dhall_label label;
    struct dhall_value *type; /* NULL: of what is wrong; said already */
};
struct context {
    struct dhall *dhall;
    const struct dhall_code *code;
    struct diags *diags;
    const struct dhall_env *env;
    struct binding *bindings; /* all arrays: in the session's arena */
    uint32_t bindings_len, bindings_cap;
    struct binding *levels;
    uint32_t levels_len, levels_cap;
    uint8_t *seen; /* NULL, or where inference goes on behind a mistake: by row, 1: was looked at */
};
/* dhall->watch: is told of every term that has a type. The first member of who looks. goes_on: what
 * is wrong in the text that is loaded, an import too, is told and passed by: terms that do not need
 * it have types all the same. Each mistake is a chain of diags of its own. */
struct dhall_watch {
    void (*look)(struct dhall_watch *watch, struct context *context, dhall_term term,
        struct dhall_value *type);
    bool goes_on;
    const struct dhall_code *code; /* of that text, once it is parsed */
};
static inline bool dhall_goes_on(const struct dhall *dhall, const struct dhall_code *code)
{
    return dhall->watch != NULL && dhall->watch->goes_on && dhall->watch->code == code;
}
enum universe {
    UNIVERSE_NONE = 0, /* not a type */
    UNIVERSE_TYPE,
    UNIVERSE_KIND,
    UNIVERSE_SORT,
};

/* infer.c; all types that are given back are forced. */
struct dhall_value *infer(struct context *context, dhall_term term);
/* The universe that a type lives in: Type for Natural, Kind for Type. */
enum universe universe_of(struct context *context, struct dhall_value *type);
/* The universe that a value is itself, or NONE. */
enum universe universe_is(const struct dhall_value *value);
bool context_conv(
    const struct context *context, struct dhall_value *left, struct dhall_value *right);
struct dhall_value *context_eval(const struct context *context, dhall_term term);
void level_push(struct context *context, dhall_label label, struct dhall_value *type);
/* The type of term must be a universe, that is: term must be a type. */
enum universe infer_universe(struct context *context, dhall_term term, const char *what);

/* infer_record.c */
struct dhall_value *infer_record(struct context *context, dhall_term term);
struct dhall_value *infer_record_type(struct context *context, dhall_term term);
struct dhall_value *infer_union(struct context *context, dhall_term term);
struct dhall_value *infer_field(struct context *context, dhall_term term);
struct dhall_value *infer_project(struct context *context, dhall_term term);
struct dhall_value *infer_project_type(struct context *context, dhall_term term);
struct dhall_value *infer_prefer(struct context *context, dhall_term term);
struct dhall_value *infer_combine(struct context *context, dhall_term term);
struct dhall_value *infer_combine_types(struct context *context, dhall_term term);
struct dhall_value *infer_complete(struct context *context, dhall_term term);
struct dhall_value *infer_with(struct context *context, dhall_term term);
/* infer_union.c */
struct dhall_value *infer_merge(struct context *context, dhall_term term);
struct dhall_value *infer_to_map(struct context *context, dhall_term term);
struct dhall_value *infer_show_constructor(struct context *context, dhall_term term);

/* infer_message.c: each adds a diag at term and gives NULL. */
struct dhall_value *fail(struct context *context, dhall_term term, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* infer_difference.c: "what: expected X, found Y", or where inside they differ. */
struct dhall_value *fail_mismatch(struct context *context, dhall_term term, const char *what,
    struct dhall_value *expected, struct dhall_value *actual);
/* The same for what an annotation says. */
struct dhall_value *fail_annotation(struct context *context, dhall_term term, dhall_term annotation,
    struct dhall_value *expected, struct dhall_value *actual);
struct dhall_value *fail_assertion(
    struct context *context, dhall_term term, struct dhall_value *left, struct dhall_value *right);
/* What to do about a type that is not the one that is wanted; for the newest diag. */
void context_advise(
    struct context *context, struct dhall_value *expected, struct dhall_value *actual);
/* The value that is written for label in a record literal, or no term. */
dhall_term context_field_term(const struct context *context, dhall_term record, dhall_label label);
/* "what must be wanted, but its type is T"; wanted: "a record". */
struct dhall_value *fail_kind(struct context *context, dhall_term term, const char *what,
    const char *wanted, struct dhall_value *actual);
struct dhall_value *fail_unbound(
    struct context *context, dhall_term term, dhall_label label, uint32_t index);
/* "what has no kind `label`"; near misses of shape are offered. */
struct dhall_value *fail_absent(struct context *context, dhall_term term, const char *what,
    const char *kind, dhall_label label, const struct dhall_shape *shape);
/* One line of Dhall, cut to bytes_max; in the session's arena. */
struct str context_show(const struct context *context, struct dhall_value *value, size_t bytes_max);
/* A type as a reader can take it in: whole if it is short, else its name or those of its fields. */
struct str context_brief(struct context *context, struct dhall_value *type);
/* How many arguments something of this type takes. */
unsigned context_arguments(struct context *context, struct dhall_value *type);
/* A name, a field of one, or an import, as it is written; else nothing. */
struct str context_term_text(const struct context *context, dhall_term term);
/* For the newest diag: names of shape that are near to label, or all. */
void context_hints(
    struct context *context, const char *kind, dhall_label label, const struct dhall_shape *shape);
/* infer_name.c: "Config", "C.Library.Type": what a record type, union or function type is called
 * where the message is; nothing if it has no name. */
struct str context_type_name(struct context *context, struct dhall_value *type);
#define LABEL_ARG(context, label) STR_ARG(dhall_label_name(&(context)->dhall->labels, (label)))
#endif
