/* src/dhall/term.h: Dhall expressions as a table (dhall-lang standard 23.1.0, "Abstract syntax").
 *
 *   rows:   | kind flag | a | b | c |     16 bytes each; row 0 is "no term"
 *   lists:  uint32_t pool; a row that has a list keeps its offset in b and its length in c
 *   spans:  spans[i] is where row i was written (all zero when decoded or made); parentheses around
 *           it are not part of it
 *   labels: interned names, shared by every table of a session; equal names are equal numbers
 *
 * Invariant: a row's children have smaller numbers, so a loop can replace recursion. */
#ifndef DHALL_TERM_H
#define DHALL_TERM_H
#include "base/diag.h"
#include "base/table.h"
#include <gmp.h>

/* A row of one struct dhall_terms; 0 is "no term". Stays valid when that table grows. */
typedef struct {
    uint32_t row;
} dhall_term;
/* An interned name; 0 is "_", so that alpha-normal forms need no look-up. */
typedef uint32_t dhall_label;

/* "list" is the row's list: offset b, length c. */
enum dhall_kind {
    DHALL_NONE = 0,
    DHALL_VAR,          /* a: label; b: index among the binders of that name (x@b) */
    DHALL_LAMBDA,       /* a: label; b: domain; c: body */
    DHALL_PI,           /* a: label; b: domain; c: codomain */
    DHALL_APP,          /* a: function; b: argument */
    DHALL_LET,          /* a: label; list of 3: annotation or 0, value, body */
    DHALL_ANNOT,        /* a: term; b: type */
    DHALL_OPERATOR,     /* flag: enum dhall_operator; a: left; b: right */
    DHALL_IF,           /* a: condition; b: then; c: else */
    DHALL_BUILTIN,      /* flag: enum dhall_builtin (Type, Kind, Sort, Natural, ...); never
                           True or False */
    DHALL_BOOL,         /* a: 0 or 1 */
    DHALL_NATURAL,      /* a: low, b: high half; with flag DHALL_BIG a: row of bigs, >= 2^64 */
    DHALL_INTEGER,      /* as NATURAL, of the magnitude; flag DHALL_NEGATIVE (never of 0) */
    DHALL_DOUBLE,       /* a: low, b: high half of the bits; NaN is one pattern */
    DHALL_TEXT,         /* list of 2n+1: literal, term, literal, ... literal; literals: rows of
                           texts */
    DHALL_BYTES,        /* a: row of texts (raw bytes) */
    DHALL_DATE,         /* a: year; b: month; c: day */
    DHALL_TIME,         /* a: seconds of the day; b: fraction's digits as a number: row of bigs;
                           c: number of the digits (trailing zeros count) */
    DHALL_TIME_ZONE,    /* a: minutes; flag DHALL_NEGATIVE (never of 0) */
    DHALL_LIST,         /* list of n > 0 elements */
    DHALL_LIST_EMPTY,   /* a: the annotation as written, which should be List T */
    DHALL_SOME,         /* a: term */
    DHALL_RECORD,       /* list of 2n: label, value, ...; sorted by the labels' text;
 duplicates only if decoded (a type error) */
    DHALL_RECORD_TYPE,  /* list of 2n: label, type, ...; sorted; duplicates stay (a type error) */
    DHALL_UNION,        /* list of 2n: label, type or 0, ...; sorted; duplicates stay */
    DHALL_FIELD,        /* a: term; b: label */
    DHALL_PROJECT,      /* a: term; list of n labels, as written */
    DHALL_PROJECT_TYPE, /* a: term; b: type */
    DHALL_MERGE,        /* a: handlers; b: union; c: annotation or 0 */
    DHALL_TO_MAP,       /* a: term; b: annotation or 0 */
    DHALL_SHOW_CONSTRUCTOR, /* a: term */
    DHALL_ASSERT,           /* a: type */
    DHALL_WITH, /* a: term; list of 1 + n: value, then the path: labels, DHALL_PATH_OPTIONAL is `?`
                 */
    DHALL_IMPORT, /* a: row of imports */
};
#define DHALL_PATH_OPTIONAL UINT32_MAX
enum {
    DHALL_NEGATIVE = 1, /* flags of numbers */
    DHALL_BIG = 2,
};

/* In the order of the CBOR encoding's numbers ("Operators", binary.md). */
enum dhall_operator {
    DHALL_OR = 0,
    DHALL_AND,
    DHALL_EQUAL,
    DHALL_NOT_EQUAL,
    DHALL_PLUS,
    DHALL_TIMES,
    DHALL_TEXT_APPEND,
    DHALL_LIST_APPEND,
    DHALL_COMBINE,       /* /\ */
    DHALL_PREFER,        /* // */
    DHALL_COMBINE_TYPES, /* //\\ */
    DHALL_ALTERNATIVE,   /* ? */
    DHALL_EQUIVALENT,    /* === */
    DHALL_COMPLETE,      /* :: */
};

/* One X(name, "spelling") a builtin; the enum, the parser's table and the encoder's come from it.
 */
#define DHALL_BUILTINS(X)                                                                          \
    X(BOOL_TYPE, "Bool")                                                                           \
    X(BYTES_TYPE, "Bytes")                                                                         \
    X(DATE_TYPE, "Date")                                                                           \
    X(DATE_SHOW, "Date/show")                                                                      \
    X(DOUBLE_TYPE, "Double")                                                                       \
    X(DOUBLE_SHOW, "Double/show")                                                                  \
    X(FALSE_, "False")                                                                             \
    X(INTEGER_TYPE, "Integer")                                                                     \
    X(INTEGER_CLAMP, "Integer/clamp")                                                              \
    X(INTEGER_NEGATE, "Integer/negate")                                                            \
    X(INTEGER_SHOW, "Integer/show")                                                                \
    X(INTEGER_TO_DOUBLE, "Integer/toDouble")                                                       \
    X(KIND, "Kind")                                                                                \
    X(LIST_TYPE, "List")                                                                           \
    X(LIST_BUILD, "List/build")                                                                    \
    X(LIST_FOLD, "List/fold")                                                                      \
    X(LIST_HEAD, "List/head")                                                                      \
    X(LIST_INDEXED, "List/indexed")                                                                \
    X(LIST_LAST, "List/last")                                                                      \
    X(LIST_LENGTH, "List/length")                                                                  \
    X(LIST_REVERSE, "List/reverse")                                                                \
    X(NATURAL_TYPE, "Natural")                                                                     \
    X(NATURAL_BUILD, "Natural/build")                                                              \
    X(NATURAL_EVEN, "Natural/even")                                                                \
    X(NATURAL_FOLD, "Natural/fold")                                                                \
    X(NATURAL_IS_ZERO, "Natural/isZero")                                                           \
    X(NATURAL_ODD, "Natural/odd")                                                                  \
    X(NATURAL_SHOW, "Natural/show")                                                                \
    X(NATURAL_SUBTRACT, "Natural/subtract")                                                        \
    X(NATURAL_TO_INTEGER, "Natural/toInteger")                                                     \
    X(NONE, "None")                                                                                \
    X(OPTIONAL_TYPE, "Optional")                                                                   \
    X(SORT, "Sort")                                                                                \
    X(TEXT_TYPE, "Text")                                                                           \
    X(TEXT_REPLACE, "Text/replace")                                                                \
    X(TEXT_SHOW, "Text/show")                                                                      \
    X(TIME_TYPE, "Time")                                                                           \
    X(TIME_SHOW, "Time/show")                                                                      \
    X(TIME_ZONE_TYPE, "TimeZone")                                                                  \
    X(TIME_ZONE_SHOW, "TimeZone/show")                                                             \
    X(TRUE_, "True")                                                                               \
    X(TYPE, "Type")
#define DHALL_BUILTIN_ROW(name, text) DHALL_BUILTIN_##name,
enum dhall_builtin {
    DHALL_BUILTINS(DHALL_BUILTIN_ROW) DHALL_BUILTIN_COUNT
};
#undef DHALL_BUILTIN_ROW

/* The grammar's `keyword`. */
#define DHALL_KEYWORDS(X)                                                                          \
    X(IF, "if")                                                                                    \
    X(THEN, "then")                                                                                \
    X(ELSE, "else")                                                                                \
    X(LET, "let")                                                                                  \
    X(IN, "in")                                                                                    \
    X(USING, "using")                                                                              \
    X(MISSING, "missing")                                                                          \
    X(ASSERT, "assert")                                                                            \
    X(AS, "as")                                                                                    \
    X(INFINITY, "Infinity")                                                                        \
    X(NAN, "NaN")                                                                                  \
    X(MERGE, "merge")                                                                              \
    X(SOME, "Some")                                                                                \
    X(TO_MAP, "toMap")                                                                             \
    X(FORALL, "forall")                                                                            \
    X(WITH, "with")                                                                                \
    X(SHOW_CONSTRUCTOR, "showConstructor")
#define DHALL_KEYWORD_ROW(name, text) DHALL_KEYWORD_##name,
enum dhall_keyword {
    DHALL_KEYWORDS(DHALL_KEYWORD_ROW) DHALL_KEYWORD_COUNT
};
#undef DHALL_KEYWORD_ROW

/* How the text behind an import is taken (CBOR import, field 3). */
enum dhall_import_mode {
    DHALL_AS_CODE = 0,
    DHALL_AS_TEXT,
    DHALL_AS_LOCATION,
    DHALL_AS_BYTES,
};
/* CBOR import, field 4. */
enum dhall_import_scheme {
    DHALL_HTTP = 0,
    DHALL_HTTPS,
    DHALL_ABSOLUTE, /* /path */
    DHALL_HERE,     /* ./path */
    DHALL_PARENT,   /* ../path */
    DHALL_HOME,     /* ~/path */
    DHALL_ENV,
    DHALL_MISSING,
};
struct dhall_import {
    enum dhall_import_mode mode;
    enum dhall_import_scheme scheme;
    bool has_hash;
    bool has_query;
    uint8_t hash[32];     /* SHA-256 of the semantic hash, without the 0x12 0x20 */
    dhall_term headers;   /* `using`; 0 if none */
    struct str authority; /* of a URL; the variable's name of an env import */
    struct str *path;     /* components, the file last; unquoted, not percent-decoded */
    uint32_t path_len;
    struct str query;
};

struct dhall_row {
    uint8_t kind; /* enum dhall_kind */
    uint8_t flag;
    bool is_shared; /* decoded, closed: every place of this content is this row, and its value and
                       type are made once */
    uint8_t unused;
    uint32_t a, b, c;
};

/* Names of a session. Not for two threads at a time. */
struct dhall_labels {
    struct table table; /* row == label */
    struct arena arena;
};
void dhall_labels_init(struct dhall_labels *labels);
void dhall_labels_release(struct dhall_labels *labels);
dhall_label dhall_label_of(struct dhall_labels *labels, struct str name);
/* Borrowed for the life of labels. */
static inline struct str dhall_label_name(const struct dhall_labels *labels, dhall_label label)
{
    return labels->table.keys[label];
}
/* The spelling of a builtin. */
struct str dhall_builtin_name(enum dhall_builtin builtin);
/* Every table of labels begins with "_", the builtins and the reserved words, in this order. */
static inline dhall_label dhall_label_of_builtin(enum dhall_builtin builtin)
{
    return 1 + (dhall_label)builtin;
}
/* The builtin of that name (True and False too), or DHALL_BUILTIN_COUNT. */
static inline enum dhall_builtin dhall_label_builtin(dhall_label label)
{
    return label - 1 < DHALL_BUILTIN_COUNT ? (enum dhall_builtin)(label - 1) : DHALL_BUILTIN_COUNT;
}
/* The reserved word of that name, which is a label only in backticks; or DHALL_KEYWORD_COUNT. */
static inline enum dhall_keyword dhall_label_keyword(dhall_label label)
{
    uint32_t keyword = label - 1 - DHALL_BUILTIN_COUNT;
    return keyword < DHALL_KEYWORD_COUNT ? (enum dhall_keyword)keyword : DHALL_KEYWORD_COUNT;
}

struct dhall_terms {
    struct dhall_labels *labels; /* borrowed; shared by the tables of a session */
    struct arena arena;          /* texts, imports */
    struct dhall_row *rows;      /* owned */
    struct span *spans;          /* owned, as long as rows; NULL: no row has one */
    uint32_t len, cap;
    uint32_t len_max; /* of rows and of lists: a small Dhall file can ask for any amount */
    bool has_shared;  /* a row is_shared */
    bool full;        /* len_max was passed: all _add since then gave "no term". Whoever adds looks
                         here before it gives away a result, and says ERR_LIMIT */
    uint32_t *lists;  /* owned */
    uint32_t lists_len, lists_cap;
    struct str *texts; /* owned array, bytes in the arena */
    uint32_t texts_len, texts_cap;
    mpz_t *bigs; /* owned array; each is cleared by dhall_terms_release */
    uint32_t bigs_len, bigs_cap;
    struct dhall_import *imports; /* owned array */
    uint32_t imports_len, imports_cap;
};
enum {
    DHALL_TERMS_MAX = 64 * 1024 * 1024, /* rows, where nobody says less */
};
/* len_max 0: DHALL_TERMS_MAX. */
void dhall_terms_init(struct dhall_terms *terms, struct dhall_labels *labels, uint32_t len_max);
void dhall_terms_release(struct dhall_terms *terms);
/* Gives back what the arrays have too much, once all is added. */
void dhall_terms_trim(struct dhall_terms *terms);

/* Borrowed until the next _add. */
static inline const struct dhall_row *dhall_row_of(const struct dhall_terms *terms, dhall_term term)
{
    return &terms->rows[term.row];
}
static inline enum dhall_kind dhall_kind_of(const struct dhall_terms *terms, dhall_term term)
{
    return (enum dhall_kind)terms->rows[term.row].kind;
}
static inline struct span dhall_span_of(const struct dhall_terms *terms, dhall_term term)
{
    return terms->spans == NULL ? SPAN_NONE : terms->spans[term.row];
}
/* The list of a row of a kind that has one: row->c numbers. Borrowed until the next _add. */
static inline const uint32_t *dhall_list_of(
    const struct dhall_terms *terms, const struct dhall_row *row)
{
    return terms->lists == NULL ? NULL : terms->lists + row->b; /* no list at all yet */
}
/* A row as is (of a kind without list; or a copy of one whose list is in the pool already). */
dhall_term dhall_row_add(struct dhall_terms *terms, struct dhall_row row, struct span span);
/* A row with a list; items are copied (they may lie in the pool itself). */
dhall_term dhall_list_row_add(struct dhall_terms *terms, enum dhall_kind kind, uint32_t a,
    const uint32_t *items, size_t count, struct span span);

dhall_term dhall_var_add(
    struct dhall_terms *terms, dhall_label label, uint32_t index, struct span span);
dhall_term dhall_lambda_add(struct dhall_terms *terms, dhall_label label, dhall_term domain,
    dhall_term body, struct span span);
dhall_term dhall_pi_add(struct dhall_terms *terms, dhall_label label, dhall_term domain,
    dhall_term codomain, struct span span);
dhall_term dhall_app_add(
    struct dhall_terms *terms, dhall_term function, dhall_term argument, struct span span);
dhall_term dhall_let_add(struct dhall_terms *terms, dhall_label label, dhall_term annotation,
    dhall_term value, dhall_term body, struct span span);
dhall_term dhall_operator_add(struct dhall_terms *terms, enum dhall_operator operator_,
    dhall_term left, dhall_term right, struct span span);
/* True and False become DHALL_BOOL. */
dhall_term dhall_builtin_add(
    struct dhall_terms *terms, enum dhall_builtin builtin, struct span span);
/* A kind that has only children in a, b, c (0 where there is none): ANNOT, IF, LIST_EMPTY, SOME,
 * PROJECT_TYPE, MERGE, TO_MAP, SHOW_CONSTRUCTOR, ASSERT. */
dhall_term dhall_node_add(struct dhall_terms *terms, enum dhall_kind kind, dhall_term a,
    dhall_term b, dhall_term c, struct span span);
dhall_term dhall_field_add(
    struct dhall_terms *terms, dhall_term record, dhall_label label, struct span span);
dhall_term dhall_bool_add(struct dhall_terms *terms, bool value, struct span span);
dhall_term dhall_natural_add(struct dhall_terms *terms, uint64_t value, struct span span);
/* kind NATURAL (value >= 0) or INTEGER; value is copied. */
dhall_term dhall_number_add(
    struct dhall_terms *terms, enum dhall_kind kind, const mpz_t value, struct span span);
dhall_term dhall_double_add(struct dhall_terms *terms, double value, struct span span);
/* A literal for DHALL_TEXT's list: a copy in the arena. */
uint32_t dhall_text_literal(struct dhall_terms *terms, struct str bytes);
/* The same without a copy: the bytes live as long as terms. */
uint32_t dhall_text_literal_borrowed(struct dhall_terms *terms, struct str bytes);
/* A DHALL_TEXT without interpolation; bytes are copied. */
dhall_term dhall_text_add(struct dhall_terms *terms, struct str bytes, struct span span);
dhall_term dhall_bytes_add(struct dhall_terms *terms, struct str bytes, struct span span);
dhall_term dhall_time_add(struct dhall_terms *terms, uint32_t seconds, const mpz_t fraction,
    uint32_t digits, struct span span);
/* kind RECORD, RECORD_TYPE or UNION; label, term, ... are sorted in place (stable) and copied. */
dhall_term dhall_fields_add(struct dhall_terms *terms, enum dhall_kind kind, uint32_t *pairs,
    size_t pair_count, struct span span);
/* label, term, ... by the labels' text; equal labels stay in order. */
void dhall_fields_sort(const struct dhall_labels *labels, uint32_t *pairs, size_t pair_count);
/* The import is copied; its texts and path must live as long as terms (terms->arena). */
dhall_term dhall_import_add(
    struct dhall_terms *terms, const struct dhall_import *import, struct span span);

/* The magnitude of a NATURAL or INTEGER (negative for the latter if so), in initialised ret. */
void dhall_number_get(const struct dhall_terms *terms, const struct dhall_row *row, mpz_t ret);
/* A NATURAL or INTEGER without DHALL_BIG: the magnitude. */
static inline uint64_t dhall_row_u64(const struct dhall_row *row)
{
    return (uint64_t)row->b << 32 | row->a;
}
double dhall_row_double(const struct dhall_row *row);
/* The children of a term that are terms, in order; calls visit for each that is there. For walks
 * that treat all kinds alike (an import's headers are a child too). */
void dhall_children_visit(const struct dhall_terms *terms, dhall_term term,
    void (*visit)(void *context, dhall_term child), void *context);
/* By row, the row that it is a child of; 0: of none. On the heap, the caller's. */
uint32_t *dhall_parents_new(const struct dhall_terms *terms);
#endif
