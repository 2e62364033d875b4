/* src/cli/build.c: `straylight build LABEL...`. */
#include "build/plan.h"
#include "cli/building.h"
#include "cli/compile_commands.h"

enum {
    BUILD_OUTPUTS_LISTED = BUILDING_OPTION_COUNT,
    BUILD_DRY_RUN,
    BUILD_CHECK,
    BUILD_COMPILE_COMMANDS,
    BUILD_JSON,
};
static const struct option_spec options[] = {
    BUILDING_OPTIONS,
    [BUILD_OUTPUTS_LISTED] = {.name = "outputs",
        .kind = OPTION_FLAG,
        .help = "list what was built: path, digest, label"},
    [BUILD_DRY_RUN] = {.name = "dry-run",
        .letter = 'n',
        .kind = OPTION_FLAG,
        .help = "say what would run, and do nothing"},
    [BUILD_CHECK] = {.name = "check",
        .kind = OPTION_FLAG,
        .help = "run each action twice, under other conditions: outputs must be equal"},
    [BUILD_COMPILE_COMMANDS] = {.name = "compile-commands",
        .kind = OPTION_FLAG,
        .help = "write " COMPILE_COMMANDS_FILE " for editors, kept up to date from then on"},
    [BUILD_JSON] = {.name = "json", .kind = OPTION_FLAG, .help = "print the result as JSON"},
};

static void outputs_print(const struct building *building)
{
    struct cli *cli = building->cli;
    AUTO_BUF text = {0};
    for (size_t i = 0; i < building->goal.target_count; i++) {
        const struct goal_target *target = &building->goal.targets[i];
        struct str label = build_label_show(building->engine, target->label, &cli->arena);
        for (size_t j = 0; j < target->output_count; j++) {
            char digest[DIGEST_TEXT_MAX];
            struct str path = building_link(building, target, &target->outputs[j]);
            struct str shown = digest_format(&target->outputs[j].digest, digest);
            buf_printf(&text, "%.*s\t%.*s\t%.*s\n", STR_ARG(path), STR_ARG(shown), STR_ARG(label));
        }
    }
    cli_print(buf_str(&text));
}

static void output_json(const struct building *building, const struct goal_target *target,
    const struct goal_output *output, struct json *json)
{
    static const char *const kinds[] = {[TREE_FILE] = "file",
        [TREE_EXECUTABLE] = "executable",
        [TREE_SYMLINK] = "symlink",
        [TREE_DIRECTORY] = "directory"};
    char digest[DIGEST_TEXT_MAX];
    json_begin(json, '{');
    json_key_str(json, STR("path"), building_link(building, target, output));
    json_key_str(json, STR("kind"), str_of(kinds[output->kind]));
    json_key_str(json, STR("digest"), digest_format(&output->digest, digest));
    json_end(json, '}');
}

static void result_json(const struct building *building)
{
    struct cli *cli = building->cli;
    AUTO_BUF text = {0};
    struct json json = {.text = &text};
    json_begin(&json, '{');
    building_json(building, &json);
    json_key(&json, STR("targets"));
    json_begin(&json, '[');
    for (size_t i = 0; i < building->goal.target_count; i++) {
        const struct goal_target *target = &building->goal.targets[i];
        json_begin(&json, '{');
        json_key_str(
            &json, STR("label"), build_label_show(building->engine, target->label, &cli->arena));
        json_key(&json, STR("outputs"));
        json_begin(&json, '[');
        for (size_t j = 0; j < target->output_count; j++) {
            output_json(building, target, &target->outputs[j], &json);
        }
        json_end(&json, ']');
        json_end(&json, '}');
    }
    json_end(&json, ']');
    json_end(&json, '}');
    buf_add_byte(&text, '\n');
    cli_print(buf_str(&text));
}

static const char *const plan_words[LOG_END_COUNT] = {
    [LOG_WOULD] = "would run", [LOG_WAITS] = "waits", [LOG_CACHED] = "is cached"};

static void plan_print(struct cli *cli, const struct log_build *plan)
{
    AUTO_BUF text = {0};
    uint64_t counts[LOG_END_COUNT] = {0};
    for (size_t i = 0; i < plan->action_count; i++) {
        const struct log_action *action = &plan->actions[i];
        counts[action->end]++;
        buf_printf(&text, "%-9s  %.*s: %.*s\n", plan_words[action->end], STR_ARG(action->label),
            STR_ARG(action->what));
        for (size_t j = 0; j < action->argv.count && cli->args.values[BUILDING_VERBOSE].given;
             j++) {
            buf_add(&text, j == 0 ? STR("  ") : STR(" "));
            shell_word_add(&text, action->argv.at[j]);
            buf_add(&text, j + 1 == action->argv.count ? STR("\n") : STR(""));
        }
    }
    buf_printf(&text, "%llu would run, %llu wait for what those make, %llu are cached\n",
        (unsigned long long)counts[LOG_WOULD], (unsigned long long)counts[LOG_WAITS],
        (unsigned long long)counts[LOG_CACHED]);
    cli_print(buf_str(&text));
}

static void plan_json(const struct log_build *plan)
{
    AUTO_BUF text = {0};
    struct json json = {.text = &text};
    json_begin(&json, '[');
    for (size_t i = 0; i < plan->action_count; i++) {
        const struct log_action *action = &plan->actions[i];
        json_begin(&json, '{');
        json_key_str(&json, STR("label"), action->label);
        json_key_str(&json, STR("action"), action->identifier);
        json_key_str(&json, STR("what"), action->what);
        json_key_str(&json, STR("state"), str_of(plan_words[action->end]));
        json_key_strs(&json, STR("argv"), action->argv.at, action->argv.count);
        json_end(&json, '}');
    }
    json_end(&json, ']');
    buf_add_byte(&text, '\n');
    cli_print(buf_str(&text));
}

/* build -n */
static enum cli_status plan_command(struct cli *cli)
{
    static const char *const everything[] = {"...", NULL};
    bool all = cli->args.operand_count == 0;
    struct engine *engine = NULL;
    struct log_build plan;
    struct build_options build_options = {
        .jobs = (unsigned)cli->args.values[BUILDING_JOBS].number, .dry_run = true};
    enum err err = cli_store_root(cli, &build_options.store_root);
    err = err == OK ? build_open(&build_options, cli->sources, &engine, &cli->diags) : err;
    if (err != OK) {
        return cli_status_of(err);
    }
    err = build_plan(engine, all ? everything : (const char *const *)cli->args.operands,
        all ? 1 : cli->args.operand_count, &cli->arena, &plan, &cli->diags);
    if (err == OK && cli->args.values[BUILD_JSON].given) {
        plan_json(&plan);
    } else if (err == OK) {
        plan_print(cli, &plan);
    }
    build_close(engine);
    return cli_status_of(err);
}

static enum cli_status build_command(struct cli *cli)
{
    if (cli->args.values[BUILD_DRY_RUN].given) {
        return plan_command(cli);
    }
    struct building building = {.options.check = cli->args.values[BUILD_CHECK].given};
    building_run(&building, cli, BUILD_OUTPUTS, (const char *const *)cli->args.operands,
        cli->args.operand_count);
    enum cli_status status = building_status(&building);
    if (building.engine != NULL && cli->args.values[BUILD_COMPILE_COMMANDS].given) {
        enum err err = compile_commands_write(cli, building.engine);
        status = status == CLI_DONE ? cli_status_of(err) : status;
    }
    enum err updated = building_commands_update(&building);
    status = status == CLI_DONE ? cli_status_of(updated) : status;
    cli_report(cli);
    if (building.engine != NULL && cli->args.values[BUILD_JSON].given) {
        result_json(&building);
    } else if (building.engine != NULL) {
        if (cli->args.values[BUILD_OUTPUTS_LISTED].given) {
            outputs_print(&building);
        }
        building_tell(&building, status);
    }
    building_end(&building);
    return status;
}

const struct command command_build = {
    .spec = {.name = "build",
        .operands = "[LABEL...]",
        .summary = "build targets",
        .about = "Builds the targets that are named, in sandboxes, and links what they are\n"
                 "made of into out/ at the workspace's root. Labels are //package:name,\n"
                 "//package, :name or sub/package, the last two seen from the working folder;\n"
                 "//... and //package/... are all targets below a package; without any it is\n"
                 "all below the working folder. //package:name#x.c is the\n"
                 "one action of a target that is called x.c.\n"
                 "\n"
                 "Exit status: 0 done, 1 the build failed or a label names nothing (2 is for\n"
                 "options), 3 the environment failed (no store, no disk space, no sandbox),\n"
                 "130 interrupted.",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .operand_kind = OPERAND_LABEL,
        .operand_max = OPERANDS_MANY},
    .run = build_command,
};
