/* src/dhall/dhall.h: the language for those who embed it: load a file, read its value.
 *
 *   bytes -> parse (dhall/parse.h) -> resolve (dhall/import.h) -> infer (dhall/infer.h) -> evaluate
 *   (dhall/eval.h) -> value, read here directly, never through the text or CBOR of its normal form
 *
 * A session shares labels, imports (each file is parsed, checked and evaluated once) and values.
 * Not for two threads at a time. Everything lives until dhall_free. */
#ifndef DHALL_DHALL_H
#define DHALL_DHALL_H
#include "base/diag.h"
#include "dhall/term.h"

struct dhall;
struct dhall_header {
    struct str name, value;
};
/* A remote import, and what came. The language itself sees to CORS (imports.md). */
struct dhall_request {
    struct str url;
    const struct dhall_header *headers; /* to be sent: no name twice */
    size_t header_count;
};
struct dhall_response {
    struct str bytes;
    struct str url;          /* that answered in the end, after redirects; empty: the request's */
    bool has_allow_origin;   /* exactly one Access-Control-Allow-Origin came */
    struct str allow_origin; /* its value */
};
/* Where imports come from; all I/O of the language. `name` is the canonical text of the import:
 * "/abs/path", "./path" (from the working directory), "~/path", "env:X". Bytes are put in arena, or
 * live as long as the session. ERR_ABSENT (with or without a diag): there is none, so that `?` may
 * take the other side; any other error is final and has a diag. A diag that has no place gets that
 * of the import. Called on the session's own stack. */
struct dhall_reader {
    void *context;
    /* NULL: no file and no variable is there. */
    enum err (*read)(void *context, const struct dhall_import *import, struct str name,
        struct arena *arena, struct str *ret_bytes, struct diags *diags);
    /* NULL: there is no network; remote imports that are not embedded are errors. ERR_ABSENT (with
     * or without a diag): the URL cannot be had now, so `?` may take the other side. */
    enum err (*fetch)(void *context, const struct dhall_request *request, struct arena *arena,
        struct dhall_response *ret_response, struct diags *diags);
    /* Packages that are part of the program, by URL; they are asked first. Bytes live as long as
     * the session. Their relative imports are embedded too, or absent. May be NULL. */
    bool (*embedded)(void *context, struct str url, struct str *ret_bytes);
    /* The semantic cache, by SHA-256: CBOR bytes. Either may be NULL. */
    enum err (*cache_get)(
        void *context, const uint8_t hash[static 32], struct arena *arena, struct str *ret_bytes);
    void (*cache_put)(void *context, const uint8_t hash[static 32], struct str bytes);
    /* What cache_get gave is not what the hash names: it is not used. May be NULL. */
    void (*cache_bad)(void *context, const uint8_t hash[static 32]);
    bool refuse_unfrozen; /* in a build: a remote import without sha256: is an error that names the
                             fix */
    bool refuse_env;      /* in a build: nothing ambient: no env:, no ~/, no place of a file */
    struct str root;      /* in a build, "/abs/dir": only files below it, and none by an absolute
                             path; empty: any file */
};
/* Of a session; 0: what is behind the dash. To pass one is ERR_LIMIT, with where it happened. */
struct dhall_limits {
    uint32_t terms_max;      /* nodes of a file, and of a normal form as written out - 64 million */
    uint64_t steps_max;      /* of evaluation, inference, conversion, in all - 4 billion */
    size_t memory_bytes_max; /* for values, in all - 4 GiB */
    size_t stack_bytes_max;  /* address space of the stack: how deep values may nest - 1 GiB */
    uint32_t nesting_max;    /* of brackets in a file - 1,000 */
    bool is_option;          /* messages name the option --limit, which sets these */
};
enum {
    DHALL_STACK_BYTES_MIN = 1024 * 1024, /* less is taken for this */
};
struct dhall *dhall_new(
    const struct dhall_reader *reader, const struct dhall_limits *limits, struct sources *sources);
void dhall_free(struct dhall *dhall);

/* A value in weak-head normal form or not yet; forced when looked at. Borrowed from the session. */
struct dhall_value;
struct dhall_loaded {
    const struct dhall_value *value;
    const struct dhall_value *type;
    struct str
        *imports; /* canonical names of all files read, transitively, each once; in the session */
    size_t import_count;
};
/* Loads what `name` ("/abs/path") names: parse, resolve, infer, evaluate. ERR_INVALID with span. */
enum err dhall_load(
    struct dhall *dhall, struct str name, struct dhall_loaded *ret_loaded, struct diags *diags);
/* The same for text that is at hand; name is for messages, dir ("/abs/dir") is what imports are
 * relative to. */
enum err dhall_load_text(struct dhall *dhall, struct str name, struct str dir, struct str text,
    struct dhall_loaded *ret_loaded, struct diags *diags);

/* As dhall_load, for a file that others import; but ERR_ABSENT, with a diag, if it or an import
 * that it needs is not there: then who imports it may take the other side of a `?`. */
enum err dhall_load_import(struct dhall *dhall, struct str name, struct diags *diags);

/* For those who keep what they made of a file until it, or what it imports, is another
 * (identity.c). */
/* The file's syntax, as a SHA-256: layout, comments and the way in which a literal is written are
 * no part of it. Reads and parses, no more; a later load goes on from there. ERR_ABSENT, with a
 * diag, if there is no such file. */
enum err dhall_file_syntax(
    struct dhall *dhall, struct str name, uint8_t ret_hash[static 32], struct diags *diags);
struct dhall_used {
    struct str name; /* canonical */
    bool is_code;    /* not as Text or as Bytes */
};
/* What the file's last load asked for directly, in that order, each once, whether it was there or
 * not; if the load failed, up to what failed. Without what is embedded. In the session. */
void dhall_file_uses(
    struct dhall *dhall, struct str name, struct dhall_used **ret_uses, size_t *ret_count);
/* The semantic hash of a loaded file, if the normal form is not much more than the file itself: so
 * that asking for it costs little beside parsing. ERR_LIMIT, no diag: it is more; the value is none
 * the worse. */
enum err dhall_file_identity(struct dhall *dhall, struct str name, uint8_t ret_hash[static 32]);
/* Steps of work since dhall_new. */
uint64_t dhall_steps(const struct dhall *dhall);

enum dhall_value_kind {
    DHALL_VALUE_BOOL,
    DHALL_VALUE_NATURAL,
    DHALL_VALUE_INTEGER,
    DHALL_VALUE_DOUBLE,
    DHALL_VALUE_TEXT,
    DHALL_VALUE_LIST,
    DHALL_VALUE_OPTIONAL,
    DHALL_VALUE_RECORD,
    DHALL_VALUE_UNION,
    DHALL_VALUE_FUNCTION,
    DHALL_VALUE_TYPE,  /* a type, kind or sort */
    DHALL_VALUE_OTHER, /* dates, bytes, ... */
};
/* Runs task on the session's big stack (or here, if it is that already): forcing many values in it
 * costs no switch of stacks. ERR_LIMIT with a diag if a bound was passed: then the task ended in
 * the middle, so what it holds must lie in arenas. Not re-entrant from a reader's callback. */
enum err dhall_run(struct dhall *dhall, void (*task)(struct dhall *dhall, void *argument),
    void *argument, struct diags *diags);
/* Each getter: OK, or ERR_INVALID without a diag if the value is of another kind (ERR_LIMIT with
 * one in the session's diags when a bound of the session is passed while forcing: see dhall_error).
 */
const struct diags *dhall_error(const struct dhall *dhall);
enum dhall_value_kind dhall_value_kind_of(struct dhall *dhall, const struct dhall_value *value);
enum err dhall_value_bool(struct dhall *dhall, const struct dhall_value *value, bool *ret_bool);
enum err dhall_value_natural(
    struct dhall *dhall, const struct dhall_value *value, uint64_t *ret_natural);
enum err dhall_value_text(
    struct dhall *dhall, const struct dhall_value *value, struct str *ret_text);
/* What a Bytes holds. */
enum err dhall_value_bytes(
    struct dhall *dhall, const struct dhall_value *value, struct str *ret_bytes);
/* Optional: *ret_value is NULL for None. */
enum err dhall_value_optional(
    struct dhall *dhall, const struct dhall_value *value, const struct dhall_value **ret_value);
/* Elements in an array that lives in the session. */
enum err dhall_value_list(struct dhall *dhall, const struct dhall_value *value,
    const struct dhall_value *const **ret_elements, size_t *ret_count);
/* A field of a record, or ERR_ABSENT. */
enum err dhall_value_field(struct dhall *dhall, const struct dhall_value *value, struct str name,
    const struct dhall_value **ret_field);
struct dhall_field {
    struct str name;
    const struct dhall_value *value;
};
/* Fields sorted by name, in an array that lives in the session. */
enum err dhall_value_record(struct dhall *dhall, const struct dhall_value *value,
    const struct dhall_field **ret_fields, size_t *ret_count);
/* Field number `at` of a record in that order; ERR_ABSENT beyond the last. Allocates nothing. */
enum err dhall_value_record_at(struct dhall *dhall, const struct dhall_value *value, size_t at,
    struct str *ret_name, const struct dhall_value **ret_field);
/* An alternative's name, and what it holds (NULL if nothing). */
enum err dhall_value_union(struct dhall *dhall, const struct dhall_value *value,
    struct str *ret_name, const struct dhall_value **ret_payload);
/* Applies a function value that load has type-checked; the caller vouches for the argument's type
 * (see dhall_value_has_type). */
enum err dhall_apply(struct dhall *dhall, const struct dhall_value *function,
    const struct dhall_value *argument, const struct dhall_value **ret_value, struct diags *diags);
/* For a function's type: is its domain judgmentally equal to type? */
bool dhall_type_accepts(struct dhall *dhall, const struct dhall_value *function_type,
    const struct dhall_value *argument_type);
/* Text of a value's normal form, for messages; cut after bytes_max with "...". In arena. */
struct str dhall_value_show(
    struct dhall *dhall, const struct dhall_value *value, size_t bytes_max, struct arena *arena);
/* The semantic hash (dhall-lang, "Semantic integrity checks"). */
enum err dhall_value_hash(struct dhall *dhall, const struct dhall_value *value,
    uint8_t ret_hash[static 32], struct diags *diags);
#endif
