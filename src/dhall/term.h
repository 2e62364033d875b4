/* src/dhall/term.h: Dhall expressions as a table (dhall-lang standard 23.1.0, "Abstract syntax").
 *
 *   rows:   | kind flag count | a | b | c |     16 bytes each; row 0 is "no term"
 *   lists:  uint32_t pool; a row that has many children holds an offset and a count in it
 *   spans:  spans[i] is where row i was written (all zero when decoded or made)
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

enum dhall_kind {
    DHALL_NONE = 0,
    DHALL_VAR,      /* a: label; b: index among the binders of that name (x@b) */
    DHALL_LAMBDA,   /* a: label; b: domain; c: body */
    DHALL_PI,       /* a: label; b: domain; c: codomain */
    DHALL_APP,      /* b: function; c: argument */
    DHALL_LET,      /* a: label; list of 3: annotation or 0, value, body */
    DHALL_ANNOT,    /* b: term; c: type */
    DHALL_OPERATOR, /* flag: enum dhall_operator; b: left; c: right */
    DHALL_IF,       /* list of 3: condition, then, else */
    DHALL_BUILTIN,  /* flag: enum dhall_builtin (Type, Kind, Sort, Natural, Natural/fold, ...) */
    DHALL_BOOL,     /* a: 0 or 1 */
    DHALL_NATURAL,  /* count 0: a is the low, b the high half; count 1: a is a row of bigs */
    DHALL_INTEGER,  /* as NATURAL, of the magnitude; flag 1: negative */
    DHALL_DOUBLE,   /* a: low, b: high half of the bits; NaN is one pattern */
    DHALL_TEXT,     /* list of 2n+1: literal, term, literal, ... literal; literals: rows of texts */
    DHALL_BYTES,    /* a: row of texts (raw bytes) */
    DHALL_DATE,     /* a: year; b: month << 8 | day */
    DHALL_TIME,     /* a: seconds of the day; b: fraction's digits as a number: row of bigs;
                       count: number of the digits */
    DHALL_TIME_ZONE,  /* a: minutes; flag 1: negative */
    DHALL_LIST,       /* list of n > 0 elements; b: 0 */
    DHALL_LIST_EMPTY, /* b: the annotation as written, which should be List T (CBOR 28 or 4) */
    DHALL_SOME,       /* b: term */
    DHALL_RECORD, /* list of 2n: label, value, ...; sorted by label text, unless DHALL_UNSORTED */
    DHALL_RECORD_TYPE,      /* list of 2n: label, type, ... */
    DHALL_UNION,            /* list of 2n: label, type or 0, ... */
    DHALL_FIELD,            /* a: label; b: term */
    DHALL_PROJECT,          /* b: term; list of n labels, as written */
    DHALL_PROJECT_TYPE,     /* b: term; c: type */
    DHALL_MERGE,            /* list of 3: handlers, union, annotation or 0 */
    DHALL_TO_MAP,           /* b: term; c: annotation or 0 */
    DHALL_SHOW_CONSTRUCTOR, /* b: term */
    DHALL_ASSERT,           /* b: type */
    DHALL_WITH, /* list of 2 + n: term, value, then the path: labels, DHALL_PATH_OPTIONAL is `?` */
    DHALL_IMPORT, /* a: row of imports */
};
#define DHALL_PATH_OPTIONAL UINT32_MAX

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
    uint16_t unused;
    uint32_t a, b, c; /* of rows with a list: b (or c) is as said above, `a`.. see dhall_list_get */
};

/* Names of a session. Not for two threads at a time. */
struct dhall_labels {
    struct table table; /* row == label; row 0 is "_" */
    struct arena arena;
};
void dhall_labels_init(struct dhall_labels *labels);
void dhall_labels_release(struct dhall_labels *labels);
dhall_label dhall_label_of(struct dhall_labels *labels, struct str name);
/* Borrowed for the life of labels. */
struct str dhall_label_name(const struct dhall_labels *labels, dhall_label label);

struct dhall_terms {
    struct dhall_labels *labels; /* borrowed; shared by the tables of a session */
    struct arena arena;          /* texts, imports, bigs */
    struct dhall_row *rows;      /* owned */
    struct span *spans;          /* owned, as long as rows */
    uint32_t len, cap;
    uint32_t len_max; /* passing it is ERR_LIMIT: a small Dhall file can ask for any amount */
    uint32_t *lists;  /* owned */
    uint32_t lists_len, lists_cap;
    struct str *texts; /* owned array */
    uint32_t texts_len, texts_cap;
    mpz_t *bigs; /* owned array; each is cleared by dhall_terms_release */
    uint32_t bigs_len, bigs_cap;
    struct dhall_import *imports; /* owned array */
    uint32_t imports_len, imports_cap;
};
#endif
