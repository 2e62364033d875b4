/* src/base/option.h: one table for each command makes its parsing, --help, completions and the
 * man page's OPTIONS.
 *
 *   command_spec "build" -> options: row 0 {"jobs", 'j', NUMBER, "N", ...}, row 1 ...
 *                        -> operands: LABEL..., from operand_min to operand_max of them
 *   parsed args          -> values[row] of the command's own options, common[row] of those that
 *                           every command has; operands; rest (what stands behind "--")
 *
 * Forms: --name VALUE, --name=VALUE, -n VALUE, -nVALUE, -abc for flags; options and operands may
 * be mixed; "--" ends options. Given twice, the last one counts, unless a command looks at the
 * earlier ones too. No abbreviations: a script that uses one would break when an option is added.
 */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H
#include "base/diag.h"

enum option_kind {
    OPTION_FLAG,   /* takes no value */
    OPTION_TEXT,   /* any text; not the empty one, unless empty_too */
    OPTION_NUMBER, /* decimal, from 0 to number_max */
    OPTION_CHOICE, /* one of the words of `value`, which are separated by '|' */
    OPTION_ASSIGN, /* NAME=N, NAME one of the words of `value`; N as of OPTION_NUMBER */
};
struct option_spec {
    const char *name; /* without the dashes */
    char letter;      /* short form, or 0 */
    enum option_kind kind;
    const char *value; /* what stands for the value in help: "FILE", "auto|always|never" */
    const char *help;  /* one line, no dot */
    uint64_t number_max;
    bool empty_too; /* OPTION_TEXT takes the empty text */
};

/* What an operand is: completions offer it. */
enum operand_kind {
    OPERAND_NONE,
    OPERAND_LABEL,
    OPERAND_FILE,
    OPERAND_FOLDER,
    OPERAND_COMMAND, /* a command of this program */
    OPERAND_TEXT,    /* nothing to offer */
    OPERAND_WORD,    /* one of the words of operand_words, which are separated by '|' */
};
struct command_spec {
    const char *name;     /* "build"; "store add" for a command of a group */
    const char *operands; /* in the usage line: "LABEL...", or "" */
    const char *summary;  /* one line, no dot */
    const char *about;    /* paragraphs, in lines of at most 80 columns; may be NULL */
    const struct option_spec *options;
    size_t option_count;
    enum operand_kind operand_kind;
    const char *operand_words;
    unsigned operand_min, operand_max; /* operand_max 0: takes none */
    bool takes_rest;                   /* "-- ARGUMENT..." is allowed */
    bool hidden;                       /* not in lists */
};
enum {
    OPERANDS_MANY = 1000000, /* as operand_max: as many as one likes */
};

/* Every command has these. */
enum option_common {
    OPTION_COMMON_COLOR,
    OPTION_COMMON_PROGRESS,
    OPTION_COMMON_HELP,
    OPTION_COMMON_COUNT,
};
extern const struct option_spec option_common[OPTION_COMMON_COUNT];

struct option_value {
    bool given;
    struct str text;                    /* as given; empty for a flag; NAME of OPTION_ASSIGN */
    uint64_t number;                    /* of OPTION_NUMBER, OPTION_ASSIGN */
    const struct option_value *earlier; /* what it was given as before; NULL: only once */
};
struct option_args {
    struct option_value *values; /* one for each row of the command's options */
    struct option_value common[OPTION_COMMON_COUNT];
    const char **operands; /* NULL behind the last */
    size_t operand_count;
    const char *const *rest; /* behind "--", NULL behind the last; none is count 0 */
    size_t rest_count;
};

/* words: argc of them, behind the command's name. All is in arena or borrowed from words. With
 * --help among the options nothing else is checked. ERR_INVALID: wrong use, told in diags. */
enum err option_parse(const struct command_spec *spec, const char *const *words, size_t word_count,
    struct arena *arena, struct option_args *ret_args, struct diags *diags);
/* The long help of one command. program: "straylight". */
void option_help(const char *program, const struct command_spec *spec, struct buf *ret_text);
/* "usage: straylight build [OPTION...] LABEL..." and a newline. */
void option_usage(const char *program, const struct command_spec *spec, struct buf *ret_text);
/* SYNOPSIS and OPTIONS of a manual page, mdoc(7). */
void option_mdoc(const char *program, const struct command_spec *spec, struct buf *ret_text);

/* Completion scripts over all commands; a label is asked of "PROGRAM complete labels WORD". */
enum option_shell {
    OPTION_BASH,
    OPTION_ZSH,
    OPTION_FISH,
};
void option_complete(const char *program, const struct command_spec *const *specs,
    size_t spec_count, enum option_shell shell, struct buf *ret_text);
#endif
