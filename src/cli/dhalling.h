/* src/cli/dhalling.h: what the commands of `straylight dhall` have in common: options, input,
 * output, and the reader that gives the language files, variables, the network and the cache.
 *
 *   command -> dhalling_open -> dhalling_load (operand, --file or standard input) -> value, type
 *                                    |
 *              dhall_reader:  files and env:   here
 *                             https, http      armitage, started at the first one (its bytes come
 *                                              through the store)
 *                             sha256:...       $XDG_CACHE_HOME/dhall/1220<hex>, as other
 *                                              implementations keep it */
#ifndef CLI_DHALLING_H
#define CLI_DHALLING_H
#include "cli/command.h"
#include "dhall/dhall.h"
#include "dhall/print.h"
#include "dhall/tool.h"

/* Rows that stand first in the option table of each of them. */
enum dhalling_option {
    DHALLING_FILE,
    DHALLING_NO_CACHE,
    DHALLING_ASCII,
    DHALLING_UNICODE,
    DHALLING_PLAIN,
    DHALLING_EXPLAIN,
    DHALLING_CENSOR,
    DHALLING_CA_FILE,
    DHALLING_LIMIT,
    DHALLING_OPTION_COUNT,
};
#define DHALLING_OPTIONS                                                                           \
    [DHALLING_FILE] = {.name = "file",                                                             \
        .kind = OPTION_TEXT,                                                                       \
        .value = "FILE",                                                                           \
        .help = "read FILE, not standard input (as the operand does)"},                            \
    [DHALLING_NO_CACHE] = {.name = "no-cache",                                                     \
        .kind = OPTION_FLAG,                                                                       \
        .help = "act as if the semantic cache were empty"},                                        \
    [DHALLING_ASCII] = {.name = "ascii",                                                           \
        .kind = OPTION_FLAG,                                                                       \
        .help = "print ASCII, none of the symbols"},                                               \
    [DHALLING_UNICODE] = {.name = "unicode", .kind = OPTION_FLAG, .help = "print the symbols"},    \
    [DHALLING_PLAIN] = {.name = "plain", .kind = OPTION_FLAG, .help = "print without colours"},    \
    [DHALLING_EXPLAIN] = {.name = "explain",                                                       \
        .kind = OPTION_FLAG,                                                                       \
        .help = "show whole types in the messages about them"},                                    \
    [DHALLING_CENSOR] = {.name = "censor",                                                         \
        .kind = OPTION_FLAG,                                                                       \
        .help = "quote no source lines in messages"},                                              \
    [DHALLING_CA_FILE] = {.name = "ca-file",                                                       \
        .kind = OPTION_TEXT,                                                                       \
        .value = "PEM",                                                                            \
        .help = "trust these certificates instead of the system's"},                               \
    [DHALLING_LIMIT] = {.name = "limit",                                                           \
        .kind = OPTION_ASSIGN,                                                                     \
        .value = "steps|memory|stack|terms|nesting",                                               \
        .help = "allow N steps, MiB of memory or stack, terms, nested brackets",                   \
        .number_max = INT64_MAX}

#define DHALLING_VERSION_OPTION(row)                                                               \
    [row] = {.name = "version",                                                                    \
        .letter = 'V',                                                                             \
        .kind = OPTION_FLAG,                                                                       \
        .help = "print the version of the Dhall standard"}

struct dhalling_text {
    struct str name, text;
};
struct link_client;
struct dhalling {
    struct cli *cli;
    struct dhall *dhall;
    struct sources *sources; /* the command's */
    struct str cache_root;   /* folder of the semantic cache; empty: there is none */
    struct store *store;     /* opened for the first import over a network, as is client */
    struct link_client *client;
    struct str name, dir, text; /* of the input; dir: "." or what its imports are relative to */
    /* Texts that imports of env:NAME find before the environment: what the repl has bound. */
    const struct dhalling_text *texts;
    size_t text_count;
    /* Files that are not what the disk has (path: absolute); NULL: none. */
    bool (*overlay)(void *context, struct str path, struct str *ret_text);
    void *overlay_context;
    bool ascii;   /* print ASCII: asked for, or the input has no symbols */
    bool streams; /* what is shown goes to standard output as it grows */
};
/* ERR_INVALID where more than one of these rows of the command's options is given. */
enum err dhalling_exclude(struct cli *cli, const unsigned *rows, size_t count);
/* A session for the command's options. Nothing is read yet. */
void dhalling_open(struct cli *cli, struct dhalling *ret_dhalling);
void dhalling_close(struct dhalling *dhalling);
/* All of standard input, in the command's arena. */
enum err dhalling_stdin_read(struct cli *cli, struct str *ret_text);
/* Reads the file path ("-" or NULL: standard input). */
enum err dhalling_read(struct dhalling *dhalling, const char *path);
/* Reads the operand, --file's file ("-" is standard input), or standard input. */
enum err dhalling_input(struct dhalling *dhalling);
/* The same, then loads it: parsed, resolved, checked; the value is lazy. */
enum err dhalling_load(struct dhalling *dhalling, struct dhall_loaded *ret_loaded);
/* The normal form of a value as text, with a newline at its end. alpha: bound names become _. If
 * dhalling->streams, the text begins on standard output, and ret_text has the rest. */
enum err dhalling_value_show(
    struct dhalling *dhalling, const struct dhall_value *value, bool alpha, struct buf *ret_text);
/* Writes to the file that option says, atomically, or to standard output where it is not given. */
enum err dhalling_output(struct dhalling *dhalling, struct option_value option, struct str text);
/* Does Dhall that goes to standard output have colours: on a terminal, and not with --plain? Then
 * nothing streams. */
bool dhalling_paints(const struct cli *cli);
/* Prints Dhall to standard output, in colours where it has them. */
void dhalling_print(const struct cli *cli, struct str text);
/* What --version says. */
enum cli_status dhalling_version_print(void);
/* 0, 1, 3. */
enum cli_status dhalling_end(struct dhalling *dhalling, enum err err);
/* Does text hold one of the symbols that have an ASCII form? */
bool dhalling_has_symbols(struct str text);
/* "sha256:<hex>", in the command's arena. */
struct str dhalling_hash_show(struct cli *cli, const uint8_t hash[static 32]);
/* Puts an encoded normal form into the cache under its hash; without one, nothing happens. */
void dhalling_cache_put(struct dhalling *dhalling, const uint8_t hash[static 32], struct str bytes);
/* dhalling_fetch.c: the reader's fetch. */
enum err dhalling_fetch(void *context, const struct dhall_request *request, struct arena *arena,
    struct dhall_response *ret_response, struct diags *diags);
#endif
