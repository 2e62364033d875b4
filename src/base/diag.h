/* src/base/diag.h: what failed (enum err) and why (struct diag).
 *
 *   sources: 1 "BUILD.dhall" text    2 "dhall/dice/v1.dhall" text    ...    (one table for a
 * request) diags:   newest diag -> its cause -> ... -> first cause of this chain -> newest of the
 * chain before
 */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/view.h"

#ifdef __clang__ /* on the type, so on every function that returns it; gcc 12 cannot */
#define MUST_CHECK __attribute__((warn_unused_result))
#else
#define MUST_CHECK
#endif

/* A new code needs a caller that acts differently on it. */
enum MUST_CHECK err {
    OK = 0,
    ERR_ABSENT,  /* no such thing: a cache's normal answer, adds no diag */
    ERR_INVALID, /* the user's input is wrong; the diag has its span */
    ERR_CORRUPT, /* bytes do not hash to the digest that names them */
    ERR_LIMIT,   /* a stated bound was passed */
    ERR_IO,      /* the kernel said no; the diag has errno's text */
    ERR_RETRY,   /* the other side is away; the same call may work later */
};

/* Bytes [begin, end) of source number `source`; source 0 is "nowhere". */
struct span {
    uint32_t source, begin, end;
};
#define SPAN_NONE ((struct span){0})

/* Texts that spans point into; shared by the threads of one request. */
struct sources;
struct sources *sources_new(void);
void sources_free(struct sources *sources);
/* Files below root ("/abs", without a slash at its end) are named without it from now on, as the
 * compilers that a build runs name them. */
void sources_root_set(struct sources *sources, struct str root);
/* Copies both; returns the number of the source (1, 2, ...). Thread-safe. */
uint32_t sources_add(struct sources *sources, struct str name, struct str text);
/* Borrowed for the life of sources; empty for number 0 or an unknown one. */
struct str sources_name(struct sources *sources, uint32_t source);
struct str sources_text(struct sources *sources, uint32_t source);
/* sources_text is empty from now on and messages quote no lines; they keep their places. */
void sources_censor(struct sources *sources);
/* For one thread: the number given last (0: none), and where lines begin to count in a text that
 * has something in front of what the user wrote. */
uint32_t sources_last(const struct sources *sources);
void sources_begin_set(struct sources *sources, uint32_t source, uint32_t begin);
/* Line and column of a byte, both from 1; columns count code points (a tab is one). */
struct position {
    uint32_t line, column;
};
struct position sources_position(struct sources *sources, uint32_t source, uint32_t byte);

/* One step of a story. */
struct diag {
    struct diag *cause; /* what was added before it in the same chain, or NULL */
    struct diag *older; /* the diag before it in the list, of whatever chain */
    enum err code;
    struct span span;
    struct str text;  /* one line, no dot */
    struct str help;  /* what to do about it, one or more lines; may be empty */
    struct str extra; /* output to be shown whole, as it is (a compiler's stderr); may be empty */
    bool told;        /* people have read it: diags_format passes it over */
};
/* Not for two threads at a time: each task has its own, joined by diags_append. */
struct diags {
    struct arena *arena;     /* borrowed; all texts live there */
    struct sources *sources; /* borrowed; may be NULL where there are no spans */
    struct diag *newest;
    bool chain_open; /* the next diag_add is told by newest as its cause */
};
void diags_init(struct diags *diags, struct arena *arena, struct sources *sources);
/* Adds a diag and returns code, so that a failing path is one line. Text: one line, no dot. A diag
 * that is added on the way up tells what was being done: "cannot load package //x". */
enum err diag_add(struct diags *diags, enum err code, struct span span, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same with strerror(error_number) behind the text, and ERR_IO. */
enum err diag_add_errno(struct diags *diags, int error_number, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
#ifdef __clang_analyzer__ /* it cannot see that these return their code, so never OK */
#define diag_add(diags, code, ...) ((void)diag_add((diags), (code), __VA_ARGS__), (code))
#define diag_add_errno(diags, ...) ((void)diag_add_errno((diags), __VA_ARGS__), ERR_IO)
#endif
/* Says what to do about the newest diag; one call, one line. */
void diag_help(struct diags *diags, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Where newest is, if it has no place yet. */
void diag_place(struct diags *diags, struct span span);
/* Output to be shown whole below the newest diag. Copied. */
void diag_extra(struct diags *diags, struct str output);
/* The next diag starts a story of its own. */
void diags_end_chain(struct diags *diags);
/* Copies the chains of from behind those of diags; from may be released then. Same sources. */
void diags_append(struct diags *diags, const struct diags *from);
/* All of them have been read just now; the caller shows them as they happen. */
void diags_told(struct diags *diags);
/* All chains that were not told yet, oldest first, as people read them: the first cause with
 * file:line:column, the source line and a caret, its extra and help, then what was being done.
 * colour: ANSI sequences. */
void diags_format(const struct diags *diags, bool colour, struct buf *ret_text);
#endif
