/* src/cli/dhall_rewrite_with_schemas.c: `straylight dhall rewrite-with-schemas`. */
#include "cli/rewriting.h"
#include "dhall/schemas.h"

enum {
    SCHEMAS_SCHEMAS = REWRITING_OPTION_COUNT,
};
static const struct option_spec options[] = {
    REWRITING_OPTIONS,
    [REWRITING_INPLACE] = {.name = "inplace",
        .kind = OPTION_TEXT,
        .value = "FILE",
        .help = "rewrite FILE, as an operand"},
    [SCHEMAS_SCHEMAS] = {.name = "schemas",
        .kind = OPTION_TEXT,
        .value = "EXPR",
        .help = "a record of schemas, { Type, default } each"},
};

static enum err schemas_change(
    void *context, struct cli *cli, const struct rewriting_file *file, struct buf *ret_text)
{
    const struct dhalling *dhalling = context;
    AUTO_BUF text = {0};
    enum err err = dhall_schemas_apply(dhalling->dhall, file->name, file->dir, file->text,
        cli->args.values[SCHEMAS_SCHEMAS].text, &text, &cli->diags);
    return err != OK
               ? err
               : dhall_format(buf_str(&text), 0, rewriting_charset(cli), ret_text, &cli->diags);
}

static enum cli_status schemas_run(struct cli *cli)
{
    if (!cli->args.values[SCHEMAS_SCHEMAS].given) {
        enum err err = diag_add(&cli->diags, ERR_INVALID, SPAN_NONE, "--schemas is missing");
        return err == OK ? CLI_DONE : CLI_MISUSE;
    }
    struct dhalling dhalling;
    dhalling_open(cli, &dhalling);
    struct rewriting rewriting = {.cli = cli,
        .context = &dhalling,
        .change = schemas_change,
        .command = "rewrite-with-schemas --schemas EXPR",
        .fault = "could be written with schemas"};
    enum cli_status status = rewriting_run(&rewriting);
    dhalling_close(&dhalling);
    return status;
}

const struct command command_dhall_rewrite_with_schemas = {
    .spec = {.name = "dhall rewrite-with-schemas",
        .operands = "[FILE...]",
        .summary = "write records as completions of schemas",
        .about =
            "A record literal that has the Type of one of the schemas becomes\n"
            "schemas.Name::{ ... } without the fields that are as in its default, and the\n"
            "file gets \"let schemas = EXPR\". All else stays, comments too; then the file is\n"
            "formatted. Imports in EXPR are relative to the file.",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .operand_kind = OPERAND_FILE,
        .operand_max = OPERANDS_MANY},
    .run = schemas_run,
};
