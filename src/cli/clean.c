/* src/cli/clean.c: `straylight clean`: the workspace as if nothing had been built. */
#include "build/build.h"
#include "cli/command.h"

static enum cli_status clean_command(struct cli *cli)
{
    struct build_options options = {.jobs = 1};
    struct engine *engine = NULL;
    uint64_t count = 0;
    enum err err = cli_store_root(cli, &options.store_root);
    if (err == OK) {
        err = build_open(&options, cli->sources, &engine, &cli->diags);
    }
    if (err == OK) {
        err = build_clean(engine, &count, &cli->diags);
        build_close(engine);
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
            "needs to run again."},
    .run = clean_command,
};
