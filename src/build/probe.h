/* src/build/probe.h: ask another program of this machine a question. Only `toolchain add` does: a
 * build never looks at the host.
 *
 * argv is executed directly, never through a shell; its environment is PATH and LC_ALL=C, so that
 * LIBRARY_PATH and the like of the caller cannot change the answer; standard input is empty. */
#ifndef BUILD_PROBE_H
#define BUILD_PROBE_H
#include "base/diag.h"

enum {
    PROBE_OUTPUT_MAX = 64 * 1024 * 1024,
};
struct probe {
    struct arena *arena;
    struct diags *diags;
    const char *path; /* the caller's PATH */
};
/* How a program that ended with another status than 0 is taken. */
enum probe_strictness {
    PROBE_STRICT,  /* ERR_INVALID, with its standard error shown */
    PROBE_LENIENT, /* what it printed counts all the same */
};
/* What argv (NULL at its end; argv[0] absolute) prints, in the arena. ERR_ABSENT without a diag: no
 * such program. ERR_IO; ERR_LIMIT. */
enum err probe_run(const struct probe *probe, const char *const *argv,
    enum probe_strictness strictness, struct str *ret_output);
/* The file that `name` is found as along PATH (itself if it holds a slash), absolute, in the arena.
 * ERR_ABSENT without a diag. */
enum err probe_find(const struct probe *probe, struct str name, const char **ret_path);

/* Cuts the next word (what stands between blanks and line ends) off *text; false at the end. */
bool word_next(struct str *text, struct str *ret_word);
#endif
