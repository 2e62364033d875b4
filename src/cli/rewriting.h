/* src/cli/rewriting.h: commands that rewrite Dhall files in place: format, lint, freeze.
 *
 *   operands (and, with --transitive, the files that they import) -> change -> written if it
 * differs no operand, or "-": standard input -> change -> standard output
 *   --check: nothing is written; CLI_FAILED if a file would change */
#ifndef CLI_REWRITING_H
#define CLI_REWRITING_H
#include "cli/dhalling.h"
#include "dhall/format.h"

/* Rows behind those of cli/dhalling.h. */
enum rewriting_option {
    REWRITING_CHECK = DHALLING_OPTION_COUNT,
    REWRITING_TRANSITIVE,
    REWRITING_INPLACE,
    REWRITING_OPTION_COUNT,
};
#define REWRITING_OPTIONS                                                                          \
    DHALLING_OPTIONS,                                                                              \
        [REWRITING_CHECK] = {.name = "check",                                                      \
            .kind = OPTION_FLAG,                                                                   \
            .help = "write nothing; fail if a file would change"},                                 \
        [REWRITING_TRANSITIVE] = {.name = "transitive",                                            \
            .kind = OPTION_FLAG,                                                                   \
            .help = "also the files that they import by a relative path"}
/* As dhall has it: a flag that says what is done anyway, but a file to rewrite-with-schemas. */
#define REWRITING_INPLACE_FLAG                                                                     \
    [REWRITING_INPLACE] = {.name = "inplace",                                                      \
        .kind = OPTION_FLAG,                                                                       \
        .help = "changes nothing: files are written in place"}

struct rewriting_file {
    struct str name; /* "(input)" for standard input */
    struct str dir;  /* "." or what its imports are relative to */
    struct str text;
    uint32_t source; /* in cli->sources */
};
struct rewriting {
    struct cli *cli;
    void *context;
    /* What the file should be. Diags are the cli's; those that it adds with OK are warnings. */
    enum err (*change)(
        void *context, struct cli *cli, const struct rewriting_file *file, struct buf *ret_text);
    const char *command; /* "format" */
    const char *fault;   /* of a file that would change: "is not formatted" */
};
enum cli_status rewriting_run(const struct rewriting *rewriting);
enum dhall_charset rewriting_charset(const struct cli *cli);
#endif
