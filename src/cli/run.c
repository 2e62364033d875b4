/* src/cli/run.c: `straylight run LABEL -- ARGUMENT...`: builds a program and becomes it. */
#include "build/query.h"
#include "build/workspace.h"
#include "cli/building.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const struct option_spec options[] = {BUILDING_OPTIONS};

static const struct goal_output *program_of(const struct goal_target *target)
{
    for (size_t i = 0; i < target->output_count; i++) {
        if (str_eq(target->outputs[i].path, target->run.program)) {
            return &target->outputs[i];
        }
    }
    return NULL;
}

/* The one target that was named, if it is a program: where it lies, and the name that users know it
 * by, its link's. */
static enum err program_find(const struct building *building, const struct goal_target **ret_target,
    struct str *ret_path, struct str *ret_name)
{
    struct cli *cli = building->cli;
    if (building->goal.target_count != 1) {
        return diag_add(&cli->diags, ERR_INVALID, SPAN_NONE,
            "%zu targets were named, where one is run", building->goal.target_count);
    }
    const struct goal_target *target = &building->goal.targets[0];
    const struct goal_output *output = target->has_run ? program_of(target) : NULL;
    if (output == NULL) {
        struct str label = build_label_show(building->engine, target->label, &cli->arena);
        return diag_add(
            &cli->diags, ERR_INVALID, SPAN_NONE, "%.*s is nothing that can be run", STR_ARG(label));
    }
    *ret_target = target;
    struct str link = building_link(building, target, output);
    *ret_name = arena_printf(
        &cli->arena, "%s/%.*s", build_workspace(building->engine)->root, STR_ARG(link));
    return build_output_path(building->engine, output, &cli->arena, ret_path, &cli->diags);
}

static char **argv_of(struct cli *cli, const struct goal_target *target, struct str name)
{
    size_t count = 1 + target->run.args.count + cli->args.rest_count;
    char **argv = ARENA_NEW(&cli->arena, char *, count + 1);
    size_t at = 0;
    argv[at++] = ARENA_NEW(&cli->arena, char, name.len + 1);
    memcpy(argv[0], name.ptr, name.len);
    for (size_t i = 0; i < target->run.args.count + cli->args.rest_count; i++) {
        struct str word = i < target->run.args.count
                              ? target->run.args.at[i]
                              : str_of(cli->args.rest[i - target->run.args.count]);
        argv[at] = ARENA_NEW(&cli->arena, char, word.len + 1);
        memcpy(argv[at++], word.ptr, word.len);
    }
    return argv;
}

static enum cli_status run_command(struct cli *cli)
{
    struct building building = {0};
    const struct goal_target *target = NULL;
    struct str path = {0}, name = {0};
    building_run(&building, cli, BUILD_OUTPUTS, (const char *const *)cli->args.operands,
        cli->args.operand_count);
    enum cli_status status = building_status(&building);
    if (status == CLI_DONE && program_find(&building, &target, &path, &name) != OK) {
        status = CLI_FAILED;
    }
    if (building_commands_update(&building) != OK) {
        cli_report(cli); /* the program is none the worse */
    }
    building_end(&building);
    if (status != CLI_DONE) {
        return status;
    }
    cli_report(cli);
    char **argv = argv_of(cli, target, name);
    (void)execv(arena_cstr(&cli->arena, path), argv);
    return cli_status_of(diag_add_errno(&cli->diags, errno, "cannot run %.*s", STR_ARG(path)));
}

const struct command command_run = {
    .spec = {.name = "run",
        .operands = "LABEL",
        .summary = "build a program and run it",
        .about = "Builds the target and becomes its program, in the working folder, with the\n"
                 "target's own arguments and those behind --. Its first argument is its link in\n"
                 "out/. Nothing is laid out for it: of its data, sources are found below the\n"
                 "workspace's root, and what targets make below out/ once they are built;\n"
                 "a test sees its data in its sandbox.",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .operand_kind = OPERAND_LABEL,
        .operand_min = 1,
        .operand_max = 1,
        .takes_rest = true},
    .run = run_command,
};
