/* src/cli/dhall_evaluate.c: `straylight dhall` alone, type, normalize, hash, text, encode, decode:
 * what a Dhall expression comes to, in each of its forms. */
#include "cli/dhalling.h"
#include "dhall/encode.h"
#include "dhall/parse.h"
#include "digest/sha256.h"

enum {
    EVALUATE_OUTPUT = DHALLING_OPTION_COUNT,
    EVALUATE_ANNOTATE,
    EVALUATE_ALPHA,
    EVALUATE_VERSION,
};
static const struct option_spec evaluate_options[] = {
    DHALLING_OPTIONS,
    [EVALUATE_OUTPUT] = {.name = "output",
        .kind = OPTION_TEXT,
        .value = "FILE",
        .help = "write the result to FILE, not standard output"},
    [EVALUATE_ANNOTATE] = {.name = "annotate",
        .kind = OPTION_FLAG,
        .help = "print the type behind the value"},
    [EVALUATE_ALPHA] = {.name = "alpha",
        .kind = OPTION_FLAG,
        .help = "print the alpha-normal form: every bound name is _"},
    DHALLING_VERSION_OPTION(EVALUATE_VERSION),
};

/* The normal form of value, annotated by its type. */
static enum err annotated_show(
    struct dhalling *dhalling, const struct dhall_loaded *loaded, bool alpha, struct buf *ret_text)
{
    struct diags *diags = &dhalling->cli->diags;
    struct dhall_terms terms;
    dhall_terms_init(&terms, dhall_tool_labels(dhalling->dhall), 0);
    dhall_term value = {0};
    dhall_term type = {0};
    enum err err =
        dhall_tool_read_back(dhalling->dhall, loaded->value, alpha, &terms, &value, diags);
    if (err == OK) {
        err = dhall_tool_read_back(dhalling->dhall, loaded->type, false, &terms, &type, diags);
    }
    if (err == OK) {
        struct dhall_print_options options = {
            .ascii = dhalling->ascii, .write = dhalling->streams ? cli_print : NULL};
        dhall_term annotated =
            dhall_node_add(&terms, DHALL_ANNOT, value, type, (dhall_term){0}, SPAN_NONE);
        dhall_print(&terms, annotated, &options, ret_text);
        buf_add_byte(ret_text, '\n');
    }
    dhall_terms_release(&terms);
    return err;
}

static enum cli_status evaluate_run(struct cli *cli)
{
    const struct option_value *values = cli->args.values;
    if (values[EVALUATE_VERSION].given) {
        return dhalling_version_print();
    }
    struct dhalling dhalling;
    struct dhall_loaded loaded;
    AUTO_BUF text = {0};
    dhalling_open(cli, &dhalling);
    enum err err = dhalling_load(&dhalling, &loaded);
    if (err == OK) {
        bool alpha = values[EVALUATE_ALPHA].given;
        dhalling.streams = !values[EVALUATE_OUTPUT].given && !dhalling_paints(cli);
        err = values[EVALUATE_ANNOTATE].given
                  ? annotated_show(&dhalling, &loaded, alpha, &text)
                  : dhalling_value_show(&dhalling, loaded.value, alpha, &text);
    }
    if (err == OK) {
        if (values[EVALUATE_OUTPUT].given) {
            err = dhalling_output(&dhalling, values[EVALUATE_OUTPUT], buf_str(&text));
        } else {
            dhalling_print(cli, buf_str(&text));
        }
    }
    return dhalling_end(&dhalling, err);
}

const struct command command_dhall = {
    .spec = {.name = "dhall",
        .operands = "[FILE]",
        .summary = "evaluate a Dhall expression and print its normal form",
        .about = "Reads FILE, --file's file or standard input, resolves its imports, checks its\n"
                 "type, evaluates it and prints the normal form. The other commands of the group\n"
                 "(straylight help dhall) act like the dhall program's of the same name.",
        .options = evaluate_options,
        .option_count = sizeof evaluate_options / sizeof evaluate_options[0],
        .operand_kind = OPERAND_FILE,
        .operand_max = 1},
    .run = evaluate_run,
};

/* type */

enum {
    TYPE_QUIET = DHALLING_OPTION_COUNT,
};
static const struct option_spec type_options[] = {
    DHALLING_OPTIONS,
    [TYPE_QUIET] = {.name = "quiet",
        .kind = OPTION_FLAG,
        .help = "print nothing: the exit status says if there is a type"},
};

static enum cli_status type_run(struct cli *cli)
{
    struct dhalling dhalling;
    struct dhall_loaded loaded;
    AUTO_BUF text = {0};
    dhalling_open(cli, &dhalling);
    enum err err = dhalling_load(&dhalling, &loaded);
    if (err == OK && !cli->args.values[TYPE_QUIET].given) {
        dhalling.streams = !dhalling_paints(cli);
        err = dhalling_value_show(&dhalling, loaded.type, false, &text);
        dhalling_print(cli, buf_str(&text));
    }
    return dhalling_end(&dhalling, err);
}

const struct command command_dhall_type = {
    .spec = {.name = "dhall type",
        .operands = "[FILE]",
        .summary = "print the type of a Dhall expression",
        .options = type_options,
        .option_count = sizeof type_options / sizeof type_options[0],
        .operand_kind = OPERAND_FILE,
        .operand_max = 1},
    .run = type_run,
};

/* normalize */

enum {
    NORMALIZE_ALPHA = DHALLING_OPTION_COUNT,
};
static const struct option_spec normalize_options[] = {
    DHALLING_OPTIONS,
    [NORMALIZE_ALPHA] = {.name = "alpha",
        .kind = OPTION_FLAG,
        .help = "print the alpha-normal form: every bound name is _"},
};

/* The first import of the input, or OK. As dhall's own, this command resolves none. */
static enum err imports_refuse(struct dhalling *dhalling)
{
    struct diags *diags = &dhalling->cli->diags;
    struct dhall_terms terms;
    dhall_terms_init(&terms, dhall_tool_labels(dhalling->dhall), 0);
    dhall_term root = {0};
    uint32_t source = sources_add(dhalling->cli->sources, dhalling->name, dhalling->text);
    enum err err = dhall_tool_parse(dhalling->dhall, &terms, source, dhalling->text, &root, diags);
    for (uint32_t row = 1; err == OK && row < terms.len; row++) {
        if (terms.rows[row].kind == DHALL_IMPORT) {
            err = diag_add(diags, ERR_INVALID, terms.spans[row], "an import is not resolved here");
            diag_help(diags, "resolve first: straylight dhall resolve FILE | straylight dhall "
                             "normalize; or evaluate: straylight dhall FILE");
        }
    }
    dhall_terms_release(&terms);
    return err;
}

static enum cli_status normalize_run(struct cli *cli)
{
    struct dhalling dhalling;
    struct dhall_loaded loaded;
    AUTO_BUF text = {0};
    dhalling_open(cli, &dhalling);
    enum err err = dhalling_input(&dhalling);
    if (err == OK) {
        err = imports_refuse(&dhalling);
    }
    if (err == OK) {
        err = dhall_load_text(
            dhalling.dhall, dhalling.name, dhalling.dir, dhalling.text, &loaded, &cli->diags);
    }
    if (err == OK) {
        dhalling.streams = !dhalling_paints(cli);
        err = dhalling_value_show(
            &dhalling, loaded.value, cli->args.values[NORMALIZE_ALPHA].given, &text);
        dhalling_print(cli, buf_str(&text));
    }
    return dhalling_end(&dhalling, err);
}

const struct command command_dhall_normalize = {
    .spec = {.name = "dhall normalize",
        .operands = "[FILE]",
        .summary = "normalise a Dhall expression that has no imports",
        .options = normalize_options,
        .option_count = sizeof normalize_options / sizeof normalize_options[0],
        .operand_kind = OPERAND_FILE,
        .operand_max = 1},
    .run = normalize_run,
};

/* hash */

enum {
    HASH_CACHE = DHALLING_OPTION_COUNT,
};
static const struct option_spec hash_options[] = {
    DHALLING_OPTIONS,
    [HASH_CACHE] = {.name = "cache",
        .kind = OPTION_FLAG,
        .help = "put the normal form into the semantic cache"},
};

static enum err hash_and_cache(struct dhalling *dhalling, const struct dhall_value *value)
{
    struct dhall_terms terms;
    dhall_terms_init(&terms, dhall_tool_labels(dhalling->dhall), 0);
    dhall_term term = {0};
    AUTO_BUF bytes = {0};
    enum err err =
        dhall_tool_read_back(dhalling->dhall, value, true, &terms, &term, &dhalling->cli->diags);
    if (err == OK) {
        dhall_encode(&terms, term, &bytes);
        uint8_t hash[32];
        struct sha256 sha;
        sha256_init(&sha);
        sha256_add(&sha, buf_str(&bytes));
        sha256_final(&sha, hash);
        dhalling_cache_put(dhalling, hash, buf_str(&bytes));
    }
    dhall_terms_release(&terms);
    return err;
}

static enum cli_status hash_run(struct cli *cli)
{
    struct dhalling dhalling;
    struct dhall_loaded loaded;
    uint8_t hash[32];
    dhalling_open(cli, &dhalling);
    enum err err = dhalling_load(&dhalling, &loaded);
    if (err == OK) {
        err = dhall_value_hash(dhalling.dhall, loaded.value, hash, &cli->diags);
    }
    if (err == OK && cli->args.values[HASH_CACHE].given) {
        err = hash_and_cache(&dhalling, loaded.value);
    }
    if (err == OK) {
        cli_print(dhalling_hash_show(cli, hash));
        cli_print(STR("\n"));
    }
    return dhalling_end(&dhalling, err);
}

const struct command command_dhall_hash = {
    .spec = {.name = "dhall hash",
        .operands = "[FILE]",
        .summary = "print the semantic hash of a Dhall expression",
        .options = hash_options,
        .option_count = sizeof hash_options / sizeof hash_options[0],
        .operand_kind = OPERAND_FILE,
        .operand_max = 1},
    .run = hash_run,
};

/* text */

enum {
    TEXT_OUTPUT = DHALLING_OPTION_COUNT,
};
static const struct option_spec text_options[] = {
    DHALLING_OPTIONS,
    [TEXT_OUTPUT] = {.name = "output",
        .kind = OPTION_TEXT,
        .value = "FILE",
        .help = "write the text to FILE, not standard output"},
};

static enum cli_status text_run(struct cli *cli)
{
    struct dhalling dhalling;
    struct dhall_loaded loaded;
    struct str text = {0};
    dhalling_open(cli, &dhalling);
    enum err err = dhalling_load(&dhalling, &loaded);
    if (err == OK && dhall_value_text(dhalling.dhall, loaded.value, &text) != OK) {
        struct str type = dhall_value_show(dhalling.dhall, loaded.type, 200, &cli->arena);
        err = diag_add(&cli->diags, ERR_INVALID, SPAN_NONE,
            "%.*s: expected a value of type Text, got one of type %.*s", STR_ARG(dhalling.name),
            STR_ARG(type));
    }
    if (err == OK) {
        err = dhalling_output(&dhalling, cli->args.values[TEXT_OUTPUT], text);
    }
    return dhalling_end(&dhalling, err);
}

const struct command command_dhall_text = {
    .spec = {.name = "dhall text",
        .operands = "[FILE]",
        .summary = "print the Text that a Dhall expression evaluates to, as it is",
        .options = text_options,
        .option_count = sizeof text_options / sizeof text_options[0],
        .operand_kind = OPERAND_FILE,
        .operand_max = 1},
    .run = text_run,
};
