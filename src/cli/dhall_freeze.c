/* src/cli/dhall_freeze.c: `straylight dhall freeze`. */
#include "cli/rewriting.h"
#include "dhall/freeze.h"

enum {
    FREEZE_ALL = REWRITING_OPTION_COUNT,
    FREEZE_CACHE,
};
static const struct option_spec options[] = {
    REWRITING_OPTIONS,
    REWRITING_INPLACE_FLAG,
    [FREEZE_ALL] = {.name = "all",
        .kind = OPTION_FLAG,
        .help = "local files and environment variables too"},
    [FREEZE_CACHE] = {.name = "cache",
        .kind = OPTION_FLAG,
        .help = "for the cache only: the import without its hash is the fallback"},
};

/* What was formatted stays so. */
static enum err formatted(struct cli *cli, const struct rewriting_file *file, struct buf *text)
{
    AUTO_BUF before = {0};
    AUTO_BUF after = {0};
    enum dhall_charset charset = rewriting_charset(cli);
    enum err err = dhall_format(file->text, file->source, charset, &before, &cli->diags);
    if (err != OK || !str_eq(buf_str(&before), file->text)) {
        return err;
    }
    err = dhall_format(buf_str(text), 0, charset, &after, &cli->diags);
    if (err == OK) {
        text->len = 0;
        buf_add(text, buf_str(&after));
    }
    return err;
}

static enum err freeze_change(
    void *context, struct cli *cli, const struct rewriting_file *file, struct buf *ret_text)
{
    const struct dhalling *dhalling = context;
    struct dhall_freeze freeze = {
        .all = cli->args.values[FREEZE_ALL].given, .cache = cli->args.values[FREEZE_CACHE].given};
    struct dhall_freeze_edit *edits = NULL;
    size_t count = 0;
    size_t at = 0;
    enum err err = dhall_freeze_text(dhalling->dhall, file->name, file->dir, file->text,
        file->source, &freeze, &cli->arena, &edits, &count, &cli->diags);
    if (err != OK) {
        return err;
    }
    for (size_t i = 0; i < count; i++) {
        dhall_edit_next(file->text, &edits[i].edit, &at, ret_text);
    }
    buf_add(ret_text, str_sub(file->text, at, file->text.len));
    return count > 0 ? formatted(cli, file, ret_text) : OK;
}

static enum cli_status freeze_run(struct cli *cli)
{
    struct dhalling dhalling;
    dhalling_open(cli, &dhalling);
    struct rewriting rewriting = {.cli = cli,
        .context = &dhalling,
        .change = freeze_change,
        .command = "freeze",
        .fault = "is not frozen"};
    enum cli_status status = rewriting_run(&rewriting);
    dhalling_close(&dhalling);
    return status;
}

const struct command command_dhall_freeze = {
    .spec = {.name = "dhall freeze",
        .operands = "[FILE...]",
        .summary = "write the hash of what they hold behind imports",
        .about = "Remote imports get the semantic hash of what they hold now, or have it brought\n"
                 "up to date; from then on they hold nothing else. All else in the file stays as\n"
                 "it is written. An import that cannot be had stays as it is below a ?.",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .operand_kind = OPERAND_FILE,
        .operand_max = OPERANDS_MANY},
    .run = freeze_run,
};
