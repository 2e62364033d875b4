/* src/cli/dhall_lint.c: `straylight dhall lint`. */
#include "cli/rewriting.h"
#include "dhall/lint.h"

static const struct option_spec options[] = {REWRITING_OPTIONS, REWRITING_INPLACE_FLAG};

static enum err lint_change(
    void *context, struct cli *cli, const struct rewriting_file *file, struct buf *ret_text)
{
    (void)context;
    AUTO_BUF better = {0};
    enum err err = dhall_lint_apply(file->text, file->source, &better, &cli->diags);
    return err != OK
               ? err
               : dhall_format(buf_str(&better), 0, rewriting_charset(cli), ret_text, &cli->diags);
}

static enum cli_status lint_run(struct cli *cli)
{
    struct rewriting rewriting = {
        .cli = cli, .change = lint_change, .command = "lint", .fault = "has lint"};
    return rewriting_run(&rewriting);
}

const struct command command_dhall_lint = {
    .spec = {.name = "dhall lint",
        .operands = "[FILE...]",
        .summary = "remove what is not used, and write the rest as one does now",
        .about = "A let that nobody uses goes, with what only it used, unless it asserts; a let\n"
                 "within a let joins its chain; a claim (a === b) that nobody checks becomes an\n"
                 "assert; ./../x becomes ../x; old names in the Prelude get their .dhall. Then\n"
                 "the file is formatted. All other comments stay.",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .operand_kind = OPERAND_FILE,
        .operand_max = OPERANDS_MANY},
    .run = lint_run,
};
