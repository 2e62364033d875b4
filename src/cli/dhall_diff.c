/* src/cli/dhall_diff.c: `straylight dhall diff`: how two expressions differ, normalised. */
#include "cli/dhalling.h"
#include "dhall/diff.h"

static const struct option_spec options[] = {DHALLING_OPTIONS};

static enum cli_status diff_run(struct cli *cli)
{
    struct dhalling dhalling;
    struct dhall_loaded loaded[2];
    AUTO_BUF text = {0};
    bool symbols = false;
    dhalling_open(cli, &dhalling);
    enum err err = OK;
    if (cli->args.values[DHALLING_FILE].given) {
        err =
            diag_add(&cli->diags, ERR_INVALID, SPAN_NONE, "diff takes two expressions, no --file");
        diag_help(
            &cli->diags, "a path is an expression: straylight dhall diff ./a.dhall ./b.dhall");
    }
    for (size_t i = 0; err == OK && i < 2; i++) {
        struct str expression = str_of(cli->args.operands[i]);
        symbols = symbols || dhalling_has_symbols(expression);
        err = dhall_load_text(dhalling.dhall, i == 0 ? STR("(first)") : STR("(second)"), STR("."),
            expression, &loaded[i], &cli->diags);
    }
    bool ascii = cli->args.values[DHALLING_ASCII].given ||
                 (!symbols && !cli->args.values[DHALLING_UNICODE].given);
    if (err == OK) {
        err =
            dhall_diff(dhalling.dhall, loaded[0].value, loaded[1].value, ascii, &text, &cli->diags);
    }
    if (err == OK) {
        cli_print(buf_str(&text));
    }
    enum cli_status status = dhalling_end(&dhalling, err);
    return status == CLI_DONE && text.len > 0 ? CLI_FAILED : status;
}

const struct command command_dhall_diff = {
    .spec = {.name = "dhall diff",
        .operands = "EXPRESSION EXPRESSION",
        .summary = "print how the normal forms of two Dhall expressions differ",
        .about =
            "Both are Dhall text; a path is one (./a.dhall). \"-\" stands before what only the\n"
            "first has, \"+\" before what only the second has. Exit status 1 if they differ.",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .operand_kind = OPERAND_FILE,
        .operand_min = 2,
        .operand_max = 2},
    .run = diff_run,
};
