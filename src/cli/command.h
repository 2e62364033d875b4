/* src/cli/command.h: what a command is, and the one list of them.
 *
 *   main -> finds the command by its words -> option_parse -> command->run(cli) -> exit status
 *
 * A new command: its file with `const struct command command_x`, and one line in COMMAND_LIST. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H
#include "base/option.h"
#include "store/store.h"

/* The exit status of straylight. */
enum cli_status {
    CLI_DONE = 0,
    CLI_FAILED = 1,        /* the build or check failed */
    CLI_MISUSE = 2,        /* wrong use */
    CLI_BROKEN = 3,        /* the environment failed: no store, no disk space, no sandbox */
    CLI_INTERRUPTED = 130, /* by SIGINT, SIGTERM or SIGHUP; all is consistent */
};

/* One run of the program. */
struct cli {
    struct arena arena;
    struct sources *sources;
    struct diags diags; /* main prints them when the command returns */
    const struct command *command;
    struct option_args args;
    bool colour;     /* stderr takes ANSI sequences */
    bool colour_out; /* so does stdout */
    bool progress;   /* stderr may be redrawn */
};

struct command {
    struct command_spec spec;
    enum cli_status (*run)(struct cli *cli);
};

/* In the order of the help text. */
#define COMMAND_LIST(X)                                                                            \
    X(build)                                                                                       \
    X(clean)                                                                                       \
    X(complete)                                                                                    \
    X(dhall)                                                                                       \
    X(dhall_decode)                                                                                \
    X(dhall_diff)                                                                                  \
    X(dhall_encode)                                                                                \
    X(dhall_format)                                                                                \
    X(dhall_from_json)                                                                             \
    X(dhall_from_yaml)                                                                             \
    X(dhall_freeze)                                                                                \
    X(dhall_hash)                                                                                  \
    X(dhall_lint)                                                                                  \
    X(dhall_lsp)                                                                                   \
    X(dhall_normalize)                                                                             \
    X(dhall_repl)                                                                                  \
    X(dhall_resolve)                                                                               \
    X(dhall_rewrite_with_schemas)                                                                  \
    X(dhall_tags)                                                                                  \
    X(dhall_text)                                                                                  \
    X(dhall_to_directory_tree)                                                                     \
    X(dhall_to_json)                                                                               \
    X(dhall_to_yaml)                                                                               \
    X(dhall_type)                                                                                  \
    X(doctor)                                                                                      \
    X(explain)                                                                                     \
    X(fetch)                                                                                       \
    X(graph)                                                                                       \
    X(help)                                                                                        \
    X(init)                                                                                        \
    X(lint)                                                                                        \
    X(log)                                                                                         \
    X(query)                                                                                       \
    X(run)                                                                                         \
    X(shell)                                                                                       \
    X(srcs)                                                                                        \
    X(store_add)                                                                                   \
    X(store_get)                                                                                   \
    X(store_has)                                                                                   \
    X(store_ls)                                                                                    \
    X(store_verify)                                                                                \
    X(toolchain_add)                                                                               \
    X(toolchain_list)                                                                              \
    X(toolchain_show)                                                                              \
    X(toolchain_verify)                                                                            \
    X(test)                                                                                        \
    X(version)                                                                                     \
    X(watch)

#define COMMAND_DECLARE(name) extern const struct command command_##name;
COMMAND_LIST(COMMAND_DECLARE)
#undef COMMAND_DECLARE

/* All of them, in that order. */
const struct command *const *commands_all(size_t *ret_count);
/* Writes text to stdout (buffered). */
void cli_print(struct str text);
/* Writes text to stderr at once, behind what was printed. */
void cli_tell(struct str text);

/* "0.4 ms" below ten milliseconds, "12 ms" below ten seconds, else "12.3 s". Lives in arena. */
struct str cli_duration(struct arena *arena, uint64_t us);
/* Prints the diags so far to stderr and forgets them: for commands that go on for long. */
void cli_report(struct cli *cli);
/* The exit status that err means where a command knows no better. */
enum cli_status cli_status_of(enum err err);
/* Where the store is: $STRAYLIGHT_STORE, $XDG_CACHE_HOME/straylight, $HOME/.cache/straylight; in
 * arena. ERR_IO, since it is the environment's fault, if none of them is set to an absolute path.
 */
enum err cli_store_root(struct cli *cli, const char **ret_root);
/* Opens the store that is there. Whatever the reason, not to have one is CLI_BROKEN. */
enum err cli_store_open(struct cli *cli, struct store **ret_store);
#endif
