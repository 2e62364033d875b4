/* src/cli/clean.c: `straylight clean`: the workspace as if nothing had been built, or (--stale)
 * without what nothing refers to any more. */
#include "build/build.h"
#include "cli/command.h"
#include "codec/json.h"

enum {
    CLEAN_STALE,
    CLEAN_DRY,
    CLEAN_JSON,
};
static const struct option_spec options[] = {
    [CLEAN_STALE] = {.name = "stale",
        .kind = OPTION_FLAG,
        .help = "only what nothing refers to: links of gone targets, old results"},
    [CLEAN_DRY] = {.name = "dry-run",
        .letter = 'n',
        .kind = OPTION_FLAG,
        .help = "with --stale: say what would be removed, and remove nothing"},
    [CLEAN_JSON] = {.name = "json",
        .kind = OPTION_FLAG,
        .help = "with --stale: print the result as JSON"},
};

static void stale_print(struct cli *cli, const struct build_stale *stale)
{
    bool dry = cli->args.values[CLEAN_DRY].given;
    AUTO_BUF text = {0};
    if (cli->args.values[CLEAN_JSON].given) {
        struct json json = {.text = &text};
        json_begin(&json, '{');
        json_key_bool(&json, STR("removed"), !dry);
        json_key_number(&json, STR("links"), stale->link_count);
        json_key_number(&json, STR("workspaces"), stale->workspace_count);
        json_key_number(&json, STR("results"), stale->store.action_count);
        json_key_number(&json, STR("files"), stale->store.file_count);
        json_key_number(&json, STR("bytes"), stale->store.bytes);
        json_end(&json, '}');
        buf_add_byte(&text, '\n');
    } else {
        buf_printf(&text,
            "%s: %llu links of targets that are gone, states of %llu workspaces that are gone,\n"
            "%llu results of actions, %llu files, %llu bytes\n",
            dry ? "would be removed" : "removed", (unsigned long long)stale->link_count,
            (unsigned long long)stale->workspace_count,
            (unsigned long long)stale->store.action_count,
            (unsigned long long)stale->store.file_count, (unsigned long long)stale->store.bytes);
    }
    cli_print(buf_str(&text));
}

static enum cli_status clean_command(struct cli *cli)
{
    struct build_options build_options = {.jobs = 1};
    const struct option_value *values = cli->args.values;
    struct engine *engine = NULL;
    struct build_stale stale = {0};
    uint64_t count = 0;
    bool is_stale = values[CLEAN_STALE].given;
    if (!is_stale && (values[CLEAN_DRY].given || values[CLEAN_JSON].given)) {
        enum err misuse = diag_add(&cli->diags, ERR_INVALID, SPAN_NONE, "--%s is only for --stale",
            values[CLEAN_DRY].given ? "dry-run" : "json");
        return misuse == OK ? CLI_DONE : CLI_MISUSE;
    }
    enum err err = cli_store_root(cli, &build_options.store_root);
    if (err == OK) {
        err = build_open(&build_options, cli->sources, &engine, &cli->diags);
    }
    if (err == OK) {
        err = is_stale ? build_stale_remove(engine, values[CLEAN_DRY].given, &stale, &cli->diags)
                       : build_clean(engine, &count, &cli->diags);
        build_close(engine);
    }
    if (err == OK && is_stale) {
        stale_print(cli, &stale);
        return stale.packages_broken ? CLI_FAILED : CLI_DONE;
    }
    if (err == OK) {
        cli_print(arena_printf(&cli->arena, "%llu link%s removed from out/\n",
            (unsigned long long)count, count == 1 ? "" : "s"));
    }
    return cli_status_of(err);
}

const struct command command_clean = {
    .spec = {.name = "clean",
        .operands = "",
        .summary = "remove the links in out/ and what is remembered of the workspace",
        .about =
            "Removes the links that builds made in out/, the build log and the graph: the\n"
            "next build reads every file again. The store keeps what was built, so that nothing\n"
            "needs to run again. With --stale only what is of no use goes: links of targets that\n"
            "are no more, and from the store results of actions that no graph, link or last\n"
            "build of any workspace refers to.",
        .options = options,
        .option_count = sizeof options / sizeof options[0]},
    .run = clean_command,
};
