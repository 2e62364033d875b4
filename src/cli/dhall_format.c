/* src/cli/dhall_format.c: `straylight dhall format`. */
#include "cli/rewriting.h"

static const struct option_spec options[] = {REWRITING_OPTIONS, REWRITING_INPLACE_FLAG};

static enum err format_change(
    void *context, struct cli *cli, const struct rewriting_file *file, struct buf *ret_text)
{
    (void)context;
    return dhall_format(file->text, file->source, rewriting_charset(cli), ret_text, &cli->diags);
}

static enum cli_status format_run(struct cli *cli)
{
    struct rewriting rewriting = {
        .cli = cli, .change = format_change, .command = "format", .fault = "is not formatted"};
    return rewriting_run(&rewriting);
}

const struct command command_dhall_format = {
    .spec = {.name = "dhall format",
        .operands = "[FILE...]",
        .summary = "lay out Dhall files",
        .about = "Files are rewritten in place; without one, standard input goes to standard\n"
                 "output. Every comment stays; so does the order of fields, and every literal\n"
                 "as it is written. A file that has one of the symbols keeps them, another\n"
                 "stays ASCII. To format again changes nothing.",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .operand_kind = OPERAND_FILE,
        .operand_max = OPERANDS_MANY},
    .run = format_run,
};
