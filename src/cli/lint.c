/* src/cli/lint.c: `straylight lint [LABEL...]`: what is declared, and of no use. */
#include "build/unread.h"
#include "cli/command.h"
#include "codec/json.h"

enum {
    LINT_JSON,
};
static const struct option_spec options[] = {
    [LINT_JSON] = {.name = "json", .kind = OPTION_FLAG, .help = "print the result as JSON"},
};

static void finding_json(
    struct cli *cli, struct engine *engine, const struct unread_finding *finding, struct json *json)
{
    struct position at = {0};
    if (finding->span.source != 0) {
        at = sources_position(cli->sources, finding->span.source, finding->span.begin);
    }
    json_begin(json, '{');
    json_key_str(json, STR("label"), build_label_show(engine, finding->label, &cli->arena));
    json_key_str(json, STR("path"), finding->path);
    json_key_str(json, STR("rule"), STR("never-read"));
    json_key_str(json, STR("file"), sources_name(cli->sources, finding->span.source));
    json_key_number(json, STR("line"), at.line);
    json_key_number(json, STR("column"), at.column);
    json_end(json, '}');
}

static void unread_json(struct cli *cli, struct engine *engine, const struct unread *unread)
{
    AUTO_BUF text = {0};
    struct json json = {.text = &text};
    json_begin(&json, '{');
    json_key(&json, STR("findings"));
    json_begin(&json, '[');
    for (size_t i = 0; i < unread->finding_count; i++) {
        finding_json(cli, engine, &unread->findings[i], &json);
    }
    json_end(&json, ']');
    json_key_number(&json, STR("silent_actions"), unread->silent_count);
    json_end(&json, '}');
    buf_add_byte(&text, '\n');
    cli_print(buf_str(&text));
}

static void unread_print(struct cli *cli, struct engine *engine, const struct unread *unread)
{
    AUTO_BUF text = {0};
    for (size_t i = 0; i < unread->finding_count; i++) {
        const struct unread_finding *finding = &unread->findings[i];
        struct str label = build_label_show(engine, finding->label, &cli->arena);
        if (finding->span.source != 0) {
            struct str name = sources_name(cli->sources, finding->span.source);
            struct position at =
                sources_position(cli->sources, finding->span.source, finding->span.begin);
            buf_printf(&text, "%.*s:%u:%u: ", STR_ARG(name), at.line, at.column);
        }
        buf_printf(&text, "%.*s declares %.*s, and no compilation reads it\n", STR_ARG(label),
            STR_ARG(finding->path));
    }
    if (unread->silent_count > 0) {
        buf_printf(&text,
            "%llu compilations say nothing: they have not run as things are now (\"straylight "
            "build\"), or may read more than they tell\n",
            (unsigned long long)unread->silent_count);
    }
    buf_printf(&text, "%zu never read\n", unread->finding_count);
    cli_print(buf_str(&text));
}

static enum cli_status lint_command(struct cli *cli)
{
    static const char *const everything[] = {"...", NULL};
    bool all = cli->args.operand_count == 0;
    struct build_options build_options = {.jobs = 1, .dry_run = true};
    struct engine *engine = NULL;
    struct unread unread;
    enum err err = cli_store_root(cli, &build_options.store_root);
    err = err == OK ? build_open(&build_options, cli->sources, &engine, &cli->diags) : err;
    if (err != OK) {
        return cli_status_of(err);
    }
    err = build_unread(engine, all ? everything : (const char *const *)cli->args.operands,
        all ? 1 : cli->args.operand_count, &cli->arena, &unread, &cli->diags);
    if (err == OK && cli->args.values[LINT_JSON].given) {
        unread_json(cli, engine, &unread);
    } else if (err == OK) {
        unread_print(cli, engine, &unread);
    }
    build_close(engine);
    bool broken = cli->diags.newest != NULL; /* a package that cannot be read: told, not whole */
    return err != OK                            ? cli_status_of(err)
           : unread.finding_count > 0 || broken ? CLI_FAILED
                                                : CLI_DONE;
}

const struct command command_lint = {
    .spec = {.name = "lint",
        .operands = "[LABEL...]",
        .summary = "find headers that are declared and never read",
        .about = "Compares the files that targets declare with what compilers said they read\n"
                 "when the workspace was built: a header that no compilation reads, though one\n"
                 "could, makes targets run again for nothing when its name changes, and readers\n"
                 "wonder. Nothing is built. Without a label it is all below the working folder.\n"
                 "\n"
                 "Exit status: 0 there is none, 1 there are some, or a package cannot be read,\n"
                 "2 wrong use, 3 the environment failed.",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .operand_kind = OPERAND_LABEL,
        .operand_max = OPERANDS_MANY},
    .run = lint_command,
};
