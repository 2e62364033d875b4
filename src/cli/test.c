/* src/cli/test.c: `straylight test LABEL...`. */
#include "cli/building.h"
#include "cli/junit.h"

enum {
    TEST_OUTPUT_ALL = BUILDING_OPTION_COUNT,
    TEST_RUNS,
    TEST_ATTEMPTS,
    TEST_FILTER,
    TEST_CHECK,
    TEST_JUNIT,
    TEST_JSON,
};
static const struct option_spec options[] = {
    BUILDING_OPTIONS,
    [TEST_OUTPUT_ALL] = {.name = "all-output",
        .kind = OPTION_FLAG,
        .help = "show what tests printed that passed, too"},
    [TEST_RUNS] = {.name = "runs-per-test",
        .kind = OPTION_NUMBER,
        .value = "N",
        .help = "run each test N times, whether it is known to pass or not",
        .number_max = 1000000},
    [TEST_ATTEMPTS] = {.name = "flaky-test-attempts",
        .kind = OPTION_NUMBER,
        .value = "N",
        .help = "let each test try up to N times (flaky ones 3, others 1)",
        .number_max = 1000},
    [TEST_FILTER] = {.name = "test-filter",
        .kind = OPTION_TEXT,
        .value = "TEXT",
        .help = "let tests run only this of themselves (TESTBRIDGE_TEST_ONLY)"},
    [TEST_CHECK] = {.name = "check",
        .kind = OPTION_FLAG,
        .help = "run what builds the tests once more; it must make the same"},
    [TEST_JUNIT] = {.name = "junit",
        .kind = OPTION_TEXT,
        .value = "FILE",
        .help = "write the results as JUnit XML"},
    [TEST_JSON] = {.name = "json", .kind = OPTION_FLAG, .help = "print the result as JSON"},
};

static void blob_print(const struct building *building, const struct digest *digest)
{
    struct cli *cli = building->cli;
    struct str bytes;
    if (digest->size_bytes == 0 ||
        build_blob_get(building->engine, digest, &cli->arena, &bytes, &cli->diags) != OK) {
        return;
    }
    cli_print(bytes);
    if (!str_ends(bytes, STR("\n"))) {
        cli_print(STR("\n"));
    }
}

static void outputs_print(
    const struct building *building, const struct goal_target *target, bool all_output)
{
    struct cli *cli = building->cli;
    for (size_t i = 0; i < target->shard_count; i++) {
        const struct goal_test *shard = &target->shards[i];
        if (shard->passed && !shard->flaky && !all_output) {
            continue;
        }
        if (target->shard_count > 1) {
            cli_print(arena_printf(&cli->arena, "shard %zu of %zu:\n", i + 1, target->shard_count));
        }
        blob_print(building, &shard->stdout_digest);
        blob_print(building, &shard->stderr_digest);
    }
}

static void test_print(
    const struct building *building, const struct goal_target *target, bool all_output)
{
    struct cli *cli = building->cli;
    struct str label = build_label_show(building->engine, target->label, &cli->arena);
    bool ran = build_test_ran(building->engine, target->label);
    bool flaky = target->test.flaky;
    const char *colour = !target->test.passed ? "\033[31m" : flaky ? "\033[33m" : "\033[32m";
    struct str how = target->test.passed && !flaky
                         ? STR("")
                         : arena_printf(&cli->arena, ": %.*s", STR_ARG(target->test.why));
    if (target->test.run_count > target->shard_count && (ran || flaky)) {
        how = arena_printf(&cli->arena, "%.*s, %llu of %llu runs failed", STR_ARG(how),
            (unsigned long long)target->test.failed_count,
            (unsigned long long)target->test.run_count);
    }
    struct str took = cli_duration(&cli->arena, target->test.wall_us);
    struct str line =
        arena_printf(&cli->arena, "%s%s%s %.*s%.*s (%.*s%s)\n", cli->colour_out ? colour : "",
            flaky                 ? "FLAKY"
            : target->test.passed ? "PASS"
                                  : "FAIL",
            cli->colour_out ? "\033[0m" : "", STR_ARG(label), STR_ARG(how), STR_ARG(took),
            ran ? "" : ", cached");
    cli_print(line);
    outputs_print(building, target, all_output);
}

static void result_json(const struct building *building, uint64_t passed, uint64_t failed)
{
    struct cli *cli = building->cli;
    AUTO_BUF text = {0};
    struct json json = {.text = &text};
    json_begin(&json, '{');
    building_json(building, &json);
    json_key_number(&json, STR("passed_count"), passed);
    json_key_number(&json, STR("failed_count"), failed);
    json_key(&json, STR("tests"));
    json_begin(&json, '[');
    for (size_t i = 0; i < building->goal.target_count; i++) {
        const struct goal_target *target = &building->goal.targets[i];
        char digest[DIGEST_TEXT_MAX];
        json_begin(&json, '{');
        json_key_str(
            &json, STR("label"), build_label_show(building->engine, target->label, &cli->arena));
        json_key_bool(&json, STR("passed"), target->test.passed);
        json_key_str(&json, STR("why"), target->test.why);
        json_key_bool(&json, STR("cached"), !build_test_ran(building->engine, target->label));
        json_key_bool(&json, STR("flaky"), target->test.flaky);
        json_key_number(&json, STR("runs"), target->test.run_count);
        json_key_number(&json, STR("shards"), target->shard_count);
        json_key_number(&json, STR("failed_runs"), target->test.failed_count);
        json_key_number(&json, STR("wall_us"), target->test.wall_us);
        json_key_str(&json, STR("stdout"), digest_format(&target->test.stdout_digest, digest));
        json_key_str(&json, STR("stderr"), digest_format(&target->test.stderr_digest, digest));
        json_end(&json, '}');
    }
    json_end(&json, ']');
    json_end(&json, '}');
    buf_add_byte(&text, '\n');
    cli_print(buf_str(&text));
}

static void tests_count(const struct building *building, uint64_t *ret_passed, uint64_t *ret_failed,
    uint64_t *ret_flaky)
{
    *ret_passed = *ret_failed = *ret_flaky = 0;
    for (size_t i = 0; i < building->goal.target_count; i++) {
        const struct goal_test *test = &building->goal.targets[i].test;
        *ret_flaky += test->passed && test->flaky ? 1 : 0;
        *ret_passed += test->passed ? 1 : 0;
        *ret_failed += test->passed ? 0 : 1;
    }
}

enum cli_status testing_tell(
    const struct building *building, enum cli_status status, bool all_output)
{
    struct cli *cli = building->cli;
    uint64_t passed, failed, flaky;
    tests_count(building, &passed, &failed, &flaky);
    for (size_t i = 0; i < building->goal.target_count; i++) {
        test_print(building, &building->goal.targets[i], all_output);
    }
    struct str summary = building_summary(building);
    struct str tries = flaky == 0
                           ? STR("")
                           : arena_printf(&cli->arena, " (%llu flaky)", (unsigned long long)flaky);
    cli_print(arena_printf(&cli->arena, "%s%llu passed%.*s, %llu failed; %.*s\n",
        status == CLI_INTERRUPTED ? "interrupted; "
        : status == CLI_DONE      ? ""
                                  : "not all were run; ",
        (unsigned long long)passed, STR_ARG(tries), (unsigned long long)failed, STR_ARG(summary)));
    return status == CLI_DONE && failed > 0 ? CLI_FAILED : status;
}

static void options_read(struct cli *cli, struct build_options *ret_options)
{
    const struct option_value *values = cli->args.values;
    struct str *args = ARENA_NEW(&cli->arena, struct str, cli->args.rest_count);
    for (size_t i = 0; i < cli->args.rest_count; i++) {
        args[i] = str_of(cli->args.rest[i]);
    }
    ret_options->check = values[TEST_CHECK].given;
    ret_options->test_runs = values[TEST_RUNS].number;
    ret_options->test_attempts = values[TEST_ATTEMPTS].number;
    ret_options->test_filter = values[TEST_FILTER].text;
    ret_options->test_args = (struct strs){.at = args, .count = cli->args.rest_count};
}

static enum cli_status test_command(struct cli *cli)
{
    struct building building = {0};
    options_read(cli, &building.options);
    building_run(&building, cli, BUILD_TESTS, (const char *const *)cli->args.operands,
        cli->args.operand_count);
    enum cli_status status = building_status(&building);
    if (building.engine != NULL && cli->args.values[TEST_JUNIT].given) {
        enum err err = junit_write(&building, cli->args.values[TEST_JUNIT].text);
        status = status == CLI_DONE ? cli_status_of(err) : status;
    }
    enum err updated = building_commands_update(&building);
    status = status == CLI_DONE ? cli_status_of(updated) : status;
    cli_report(cli);
    uint64_t passed, failed, flaky;
    tests_count(&building, &passed, &failed, &flaky);
    if (building.engine != NULL && cli->args.values[TEST_JSON].given) {
        result_json(&building, passed, failed);
    } else if (building.engine != NULL) {
        (void)testing_tell(&building, status, cli->args.values[TEST_OUTPUT_ALL].given);
    }
    building_end(&building);
    return status == CLI_DONE && failed > 0 ? CLI_FAILED : status;
}

const struct command command_test = {
    .spec = {.name = "test",
        .operands = "[LABEL...]",
        .summary = "build and run tests",
        .about = "Runs the tests among the targets that are named (all below the working\n"
                 "folder if none is), each in a sandbox, like any other action: a test that\n"
                 "passed is not run again until something that it can see has changed.\n"
                 "What stands behind \"--\" is given to each of them behind its own arguments.\n"
                 "\n"
                 "Exit status: 0 all passed, 1 a test or the build failed, 2 wrong use, 3 the\n"
                 "environment failed, 130 interrupted.",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .operand_kind = OPERAND_LABEL,
        .operand_max = OPERANDS_MANY,
        .takes_rest = true},
    .run = test_command,
};
