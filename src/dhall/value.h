/* src/dhall/value.h: what terms evaluate to (normalisation by evaluation), inside dhall/ only.
 *
 *   code:   a term table + marks (de Bruijn indices, shapes, chosen alternatives) + its imports
 *   env:    value <- value <- value        a persistent list with skip pointers: look-up is O(log
 * n) value:  | kind flag bound | a | payload 24 bytes |   in the session's arena, never freed alone
 *   thunk:  (code, row, env), overwritten by an indirection to its result when forced
 *
 * Variables in terms are indices (marks); in values they are levels, counted from the outermost
 * lambda, so that a value means the same in every scope. `bound` is greater than every level that
 * is free in the value (0: closed); it may be too great for a thunk, never too small. */
#ifndef DHALL_VALUE_H
#define DHALL_VALUE_H
#include "dhall/dhall.h"
#include "dhall/stack.h"
#include "dhall/term.h"
#include <assert.h>
#include <setjmp.h>

struct dhall_code;
struct dhall_env {
    const struct dhall_env *parent, *jump; /* jump: an ancestor, Myers' skip pointers */
    struct dhall_value *value;
    uint32_t depth; /* the first binding has 1 */
    uint16_t bound;
};

/* The labels of a record literal, record type or union, by their text; shared by all its values. */
struct dhall_shape {
    uint32_t count;
    const dhall_label *labels;
    const struct dhall_labels *names;
};

enum dhall_v {
    V_THUNK,     /* code, a: row, env */
    V_THUNK_APP, /* three: function, argument, one more argument */
    V_THUNK_OP,  /* flag: operator; pair */
    V_LINK,      /* one: what a thunk became */
    /* weak-head normal forms from here on */
    V_LAMBDA,      /* code, a: row of the lambda, env; flag: enum dhall_lambda */
    V_PI,          /* a: label; pi.domain, pi.codomain */
    V_BUILTIN,     /* flag: builtin; args, a: how many; constant, partial, or stuck */
    V_CONSTRUCTOR, /* a: label; pair: union type, payload or NULL; flag: enum dhall_constructor */
    V_BOOL,        /* a */
    V_NATURAL,     /* big, or small if big is NULL */
    V_INTEGER,     /* the same, of the magnitude; flag 1: negative */
    V_DOUBLE,      /* number */
    V_TEXT,        /* text: no interpolation */
    V_TEXT_APPEND, /* pieces: not flattened yet; only dhall_text_flatten's callers may look */
    V_TEXT_CHUNKS, /* pieces, a: count; at least one is neutral, no two texts stand together */
    V_BYTES,       /* text */
    V_DATE,        /* a: year; b: month << 8 | day */
    V_TIME,        /* a: seconds; big: the fraction's digits as a number; b: how many digits */
    V_TIME_ZONE,   /* a; flag 1: negative */
    V_LIST,        /* items, a: count > 0 */
    V_LIST_APPEND, /* pair of lists, a: count; see dhall_list_flatten */
    V_LIST_EMPTY,  /* one: the type List T */
    V_SOME,        /* one */
    V_RECORD,      /* shape, items */
    V_RECORD_TYPE, /* shape, items; flag: enum universe once known, of a closed one */
    V_UNION,       /* shape, items (NULL: no payload), constructors; flag: as RECORD_TYPE */
    /* neutral: stuck on a variable */
    V_VAR,          /* a: level */
    V_FREE,         /* a: label, b: index beyond all binders (only in terms that do not check) */
    V_APP,          /* pair */
    V_OP,           /* flag: operator; pair */
    V_IF,           /* three */
    V_FIELD,        /* a: label; one */
    V_PROJECT,      /* shape; one */
    V_PROJECT_TYPE, /* pair */
    V_MERGE,        /* three: handlers, union, annotation or NULL */
    V_TO_MAP,       /* pair: record, annotation or NULL */
    V_SHOW_CONSTRUCTOR, /* one */
    V_ASSERT,           /* one */
    V_WITH,             /* pair: record, new value; path, a: its length */
};
enum dhall_constructor {
    CONSTRUCTOR_EMPTY = 0, /* < A | ... >.A */
    CONSTRUCTOR_FUNCTION,  /* < A : T | ... >.A */
    CONSTRUCTOR_FULL,      /* < A : T | ... >.A x */
};

/* What is known of a function on Naturals; see add.c. */
enum dhall_lambda {
    LAMBDA_NEW = 0,
    LAMBDA_APPLIED, /* once */
    LAMBDA_PLAIN,   /* nothing */
    LAMBDA_ADDS,    /* it adds a constant to its argument */
};

struct dhall_codomain {
    enum dhall_codomain_kind {
        CODOMAIN_TERM,     /* code, row, env: evaluated with the argument bound */
        CODOMAIN_CONSTANT, /* value does not mention the argument */
        CODOMAIN_LEVEL,    /* value mentions the argument as the variable `level`, or not */
    } kind;
    uint32_t row, level;
    const struct dhall_code *code;
    const struct dhall_env *env;
    struct dhall_value *value;
};

/* Where lists that end alike grow at their front: begin | free | first, used. The list whose items
 * begin at `first` may take one more place; what is behind it stays as it is. */
struct dhall_room {
    struct dhall_value **begin, **first; /* first: NULL once it has moved to a bigger one */
};
struct dhall_big {
    struct dhall_big *older; /* all of a session, to be cleared */
    mpz_t z;
};

struct dhall_value {
    uint8_t kind, flag;
    uint16_t bound;
    uint32_t a;
    union {
        struct {
            const struct dhall_code *code;
            const struct dhall_env *env;
            uint64_t added; /* of V_LAMBDA with LAMBDA_ADDS */
        };
        struct dhall_value *one;
        struct {
            struct dhall_value *left, *right;
            const uint32_t *path;
        };
        struct dhall_value *three[3];
        struct {
            struct dhall_value *domain;
            struct dhall_codomain *codomain;
        };
        struct {
            union {
                struct dhall_value *subject;       /* of V_PROJECT, at the place of `one` */
                struct dhall_value **constructors; /* of V_UNION, by field, made when asked for */
            };
            struct dhall_value **items;
            union {
                const struct dhall_shape *shape;
                struct dhall_value *argument; /* items of a V_BUILTIN that has one */
                struct dhall_room *room;      /* of a V_LIST, in front of items; or NULL */
            };
        };
        struct {
            const struct dhall_big *big;
            uint64_t small;
            uint32_t b;
        };
        double number;
        struct str text;
    };
};

enum {
    DHALL_NEAR_LEVELS = 64,
    DHALL_BOUND_MAX = UINT16_MAX - 1, /* binders within each other; more is ERR_LIMIT */
    MARK_FREE = 1U << 30,             /* of a variable's mark: free, the rest is its index */
    MARK_LEFT = 1,                    /* of a `?`: which side was taken */
    MARK_RIGHT = 2,
};
struct dhall_import_entry;
/* A term table, ready for evaluation. marks[row]: the index of a variable counted in binders, or
 * MARK_FREE; 1 for a lambda, pi or let whose variable is used; a `?`'s side; row of shapes, or of
 * constants. */
struct dhall_code {
    struct dhall_terms terms;
    dhall_term root;
    uint32_t *marks;                   /* owned, as long as terms.rows */
    const struct dhall_shape **shapes; /* owned array */
    uint32_t shapes_len, shapes_cap;
    struct dhall_value **constants; /* owned; literals, at their marks; made when asked for */
    uint32_t constants_len;
    struct dhall_import_entry **imports; /* owned, as long as terms.imports */
    struct dhall_shared {
        struct dhall_value *value, *type; /* NULL: not yet */
    } * shared; /* owned, by row, of those that are shared; NULL if none is */
    struct dhall_code *older;
};

struct dhall_watch;
struct dhall_headers {
    const struct dhall_header *rows;
    size_t count;
};
/* An import that was resolved. */
struct dhall_import_entry {
    enum dhall_import_state {
        IMPORT_NEW,  /* not resolved, or that failed: it is tried again */
        IMPORT_OPEN, /* being resolved: meeting it again is a cycle */
        IMPORT_DONE,
    } state;
    struct str key;  /* mode and canonical name, or the hash */
    struct str name; /* canonical name: "/abs/path", "https://...", "env:X" */
    struct dhall_import self;
    bool is_embedded;               /* its bytes came from the reader's embedded packages */
    bool is_cached;                 /* the semantic cache had it: neither read nor loaded */
    uint32_t graph_row;             /* in dhall_tool_graph's table */
    bool is_frozen;                 /* it was reached through a hash, which covers all below it */
    struct dhall_headers headers;   /* it was fetched with; relative imports get them too */
    struct dhall_response response; /* of a remote one that was fetched: for CORS, without bytes */
    struct dhall_value *value, *type;
    struct dhall_code *code; /* of a file, once it was parsed */
    enum dhall_identity {
        IDENTITY_UNASKED,
        IDENTITY_COSTLY,
        IDENTITY_KNOWN,
    } identity; /* what dhall_file_identity said */
    uint8_t identity_hash[32];
    bool has_hash; /* of the normal form, once somebody asked for it */
    uint8_t hash[32];
    struct dhall_import_entry **reads; /* owned; what it imports directly */
    uint32_t reads_len, reads_cap;
    bool is_listed; /* while dhall_loaded.imports is gathered */
};

enum dhall_stop {
    STOP_NONE,
    STOP_STEPS,
    STOP_MEMORY,
    STOP_DEPTH,
    STOP_BINDERS,
    STOP_TERMS,
};

/* Pairs that a question was answered for, so that shared parts are asked about once. In the
 * session's arena. */
struct dhall_pairs {
    struct dhall_pair {
        const void *left;
        uintptr_t right;
    } * slots;
    uint32_t len, mask;
};
/* The encoding of a closed type. */
struct dhall_written {
    const struct dhall_value *value;
    struct str bytes; /* in the session's arena */
};
struct dhall_place {
    const struct dhall_code *code;
    dhall_term term;
};
/* Within dhall_eval: thunk gets the value that is being evaluated; then what waits for it goes on.
 */
struct dhall_pending {
    struct dhall_value *thunk, *other;
    enum dhall_waits {
        WAITS_UPDATE = 0, /* nothing more: other is NULL */
        WAITS_LEFT,       /* value OP other */
        WAITS_RIGHT,      /* other OP value */
        WAITS_ADD,        /* other value, where other is LAMBDA_ADDS */
        WAITS_CONS,       /* [ other ] # value */
    } waits;
    uint8_t operator_;
};

struct dhall {
    struct dhall_reader reader;
    struct dhall_limits limits;
    struct sources *sources;
    struct dhall_labels labels;
    struct arena arena;                    /* values, environments, what the value API returns */
    const struct dhall_value *exposed_end; /* what ends here does not move, see thunk_update */
    struct dhall_code *codes;
    struct dhall_big *bigs;
    size_t big_bytes;
    struct table import_table; /* key -> row of imports */
    struct dhall_import_entry **imports;
    uint32_t imports_len, imports_cap;
    struct dhall_import_entry **opened; /* the chain of imports being resolved; owned */
    uint32_t opened_len, opened_cap;
    struct dhall_written *written; /* hash.c's: types by address, a newer one for an older one */
    struct dhall_scope *scopes;    /* resolve.c's, that are free; in the arena */
    uint32_t *label_counts;        /* read_back.c's, that is free: all zero */
    uint32_t label_counts_cap;
    struct dhall_value *variables[DHALL_NEAR_LEVELS]; /* by level; made at first use */
    struct dhall_pairs equal;                         /* values that are judgmentally equal */
    struct dhall_pairs unmentions;                    /* value, level that it does not mention */
    uint32_t conv_count;                              /* of values with parts */
    struct dhall_pending *pending;                    /* owned; a stack */
    uint32_t pending_len, pending_cap;
    bool explains; /* messages about types show them whole, too */
    uint64_t steps;
    struct dhall_place eval_at, infer_at; /* what was looked at last, for messages */
    enum dhall_stop stopped;   /* a bound was passed: what was under way was left as it stood */
    struct diags error;        /* of the value reading API */
    struct dhall_watch *watch; /* inspect.c's, while it looks for a term; else NULL */
    /* The big stack that evaluation, inference and read-back run on. */
    struct dhall_stack *stack;
    char *stack_low;
    bool on_stack; /* of either kind */
    bool is_light; /* on the caller's stack, dhall_run_light */
    jmp_buf light;
    void (*task)(struct dhall *dhall, void *argument);
    void *task_argument;
    /* Made at first use from their Dhall text. */
    struct dhall_value *builtin_types[DHALL_BUILTIN_COUNT];
    struct dhall_value *builtin_values[DHALL_BUILTIN_COUNT];
    struct dhall_value *list_cons, *natural_successor;
    const struct dhall_code *cons_code; /* list_cons' */
    uint32_t cons_row, cons_last_row;   /* its second and third lambda */
    const struct dhall_shape *shape_map, *shape_indexed;
    dhall_label label_type, label_default, label_some, label_none;
};

/* Leaves the big stack at once; the caller of dhall_run gets ERR_LIMIT. */
_Noreturn void dhall_stop(struct dhall *dhall, enum dhall_stop why);
/* The same on the caller's stack, of which it takes little: no system call for what is nearly done.
 * False if that was too little: run it again with dhall_run. Else dhall->stopped tells. For tasks
 * that may be left anywhere and begun again, as forcing may. */
bool dhall_run_light(
    struct dhall *dhall, void (*task)(struct dhall *dhall, void *argument), void *argument);
/* For a parse on the stack that the task runs on. */
struct dhall_parse_limits dhall_parse_limits_of(const struct dhall *dhall);
/* Says what dhall->stopped tells; OK if nothing. */
enum err dhall_stop_report(const struct dhall *dhall, struct diags *diags);
/* After what may have gone deep: gives the big stack's memory back. */
void dhall_stack_trim(struct dhall *dhall);
/* Leaves if a bound of the session is passed. */
static inline void dhall_bounds_check(struct dhall *dhall)
{
    if (dhall->steps > dhall->limits.steps_max) {
        dhall_stop(dhall, STOP_STEPS);
    }
    if (dhall->arena.total_bytes + dhall->big_bytes > dhall->limits.memory_bytes_max) {
        dhall_stop(dhall, STOP_MEMORY);
    }
}

enum {
    CHECK_EVERY_STEPS = 64, /* a power of two */
};
/* One step of work: every recursive function calls it. */
static inline void dhall_step(struct dhall *dhall)
{
    if (++dhall->steps % CHECK_EVERY_STEPS == 0) {
        dhall_bounds_check(dhall);
    }
    if ((char *)__builtin_frame_address(0) < dhall->stack_low) {
        dhall_stop(dhall, STOP_DEPTH);
    }
}

/* Leaves as dhall_step does if there is no room for so many bytes more. For what is as big as the
 * user's data says, before it is allocated. */
static inline void dhall_room(struct dhall *dhall, size_t bytes)
{
    size_t used = dhall->arena.total_bytes + dhall->big_bytes;
    size_t max = dhall->limits.memory_bytes_max;
    if (used > max || bytes > max - used) {
        dhall_stop(dhall, STOP_MEMORY);
    }
}

/* Values. */
static inline struct dhall_value *dhall_value_new(
    struct dhall *dhall, enum dhall_v kind, uint32_t bound)
{
    if (bound > DHALL_BOUND_MAX) {
        dhall_stop(dhall, STOP_BINDERS);
    }
    struct dhall_value *value = arena_alloc(&dhall->arena, sizeof *value);
    *value = (struct dhall_value){.kind = (uint8_t)kind, .bound = (uint16_t)bound};
    return value;
}
struct dhall_value *dhall_builtin_value(struct dhall *dhall, enum dhall_builtin builtin);
struct dhall_value *dhall_builtin_apply1(
    struct dhall *dhall, enum dhall_builtin builtin, struct dhall_value *argument);
struct dhall_value *dhall_bool_value(struct dhall *dhall, bool value);
struct dhall_value *dhall_natural_value(struct dhall *dhall, uint64_t natural);
struct dhall_value *dhall_big_value(struct dhall *dhall, enum dhall_v kind, const mpz_t z);
struct dhall_value *dhall_time_value(
    struct dhall *dhall, uint32_t seconds, const mpz_t fraction, uint32_t digits);
struct dhall_value *dhall_text_value(struct dhall *dhall, struct str text);
struct dhall_value *dhall_var_value(struct dhall *dhall, uint32_t level);
struct dhall_value *dhall_list_value(struct dhall *dhall, struct dhall_value **items, size_t count);
struct dhall_value *dhall_fields_value(struct dhall *dhall, enum dhall_v kind,
    const struct dhall_shape *shape, struct dhall_value **items);
struct dhall_value *dhall_pair_value(struct dhall *dhall, enum dhall_v kind, unsigned flag,
    struct dhall_value *left, struct dhall_value *right);
struct dhall_value *dhall_one_value(
    struct dhall *dhall, enum dhall_v kind, uint32_t a, struct dhall_value *one);
struct dhall_value *dhall_three_value(struct dhall *dhall, enum dhall_v kind,
    struct dhall_value *first, struct dhall_value *second, struct dhall_value *third);
struct dhall_value *dhall_pi_value(struct dhall *dhall, dhall_label label,
    struct dhall_value *domain, struct dhall_codomain *codomain, uint16_t codomain_bound);
const struct dhall_shape *dhall_shape_new(
    struct dhall *dhall, const dhall_label *labels, uint32_t count);
/* The place of label in shape, or UINT32_MAX. */
uint32_t dhall_shape_find(const struct dhall_shape *shape, dhall_label label);
/* The first place at or behind `from` whose label is not less than label, or shape's count. */
uint32_t dhall_shape_place(const struct dhall_shape *shape, uint32_t from, dhall_label label);
int dhall_label_cmp(const struct dhall *dhall, dhall_label a, dhall_label b);

static inline bool dhall_is_builtin(const struct dhall_value *value, enum dhall_builtin builtin)
{
    return value->kind == V_BUILTIN && value->flag == builtin && value->a == 0;
}
/* The one argument of builtin (List T, Optional T, None T), or NULL. Value is forced. */
static inline struct dhall_value *dhall_builtin_argument(
    const struct dhall_value *value, enum dhall_builtin builtin)
{
    return value->kind == V_BUILTIN && value->flag == builtin && value->a == 1 ? value->items[0]
                                                                               : NULL;
}
/* A forced V_NATURAL or V_INTEGER with its sign, in an initialised mpz. */
void dhall_value_mpz(const struct dhall_value *value, mpz_t ret_z);
static inline bool dhall_is_natural(const struct dhall_value *value, uint64_t small)
{
    return value->kind == V_NATURAL && value->big == NULL && value->small == small;
}

static inline uint16_t dhall_bound_max(uint16_t a, uint16_t b)
{
    return a > b ? a : b;
}

bool dhall_pairs_has(const struct dhall_pairs *pairs, const void *left, uintptr_t right);
/* A pair that is not there yet. */
void dhall_pairs_add(
    struct dhall *dhall, struct dhall_pairs *pairs, const void *left, uintptr_t right);

/* Environments. */
static inline const struct dhall_env *dhall_env_push(
    struct dhall *dhall, const struct dhall_env *env, struct dhall_value *value)
{
    struct dhall_env *new = arena_alloc(&dhall->arena, sizeof *new);
    uint16_t bound = env == NULL ? 0 : env->bound;
    *new = (struct dhall_env){
        .parent = env,
        .jump = env,
        .value = value,
        .depth = env == NULL ? 1 : env->depth + 1,
        .bound = dhall_bound_max(bound, value == NULL ? 0 : value->bound),
    };
    /* Myers, "An applicative random-access stack": jump twice as far where two jumps are equal. */
    if (env != NULL && env->jump != NULL) {
        uint32_t far = env->jump->jump == NULL ? 0 : env->jump->jump->depth;
        if (env->depth - env->jump->depth == env->jump->depth - far) {
            new->jump = env->jump->jump;
        }
    }
    return new;
}
static inline struct dhall_value *dhall_env_get(const struct dhall_env *env, uint32_t index)
{
    assert(env != NULL && index < env->depth);
    if (index == 0) {
        return env->value;
    }
    if (index == 1) {
        return env->parent->value;
    }
    uint32_t depth = env->depth - index;
    while (env->depth != depth) {
        env = env->jump != NULL && env->jump->depth >= depth ? env->jump : env->parent;
    }
    return env->value;
}
#endif
