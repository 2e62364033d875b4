/* src/cli/building.c */
#include "cli/building.h"
#include "base/env.h"
#include "cli/compile_commands.h"
#include <time.h>

static uint64_t clock_us(void)
{
    struct timespec now;
    return clock_gettime(CLOCK_MONOTONIC, &now) == 0
               ? (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000
               : 0;
}

void building_run(struct building *building, struct cli *cli, enum build_mode mode,
    const char *const *patterns, size_t count)
{
    static const char *const everything[] = {"...", NULL};
    const struct option_value *values = cli->args.values;
    *building = (struct building){.cli = cli, .options = building->options, .start_us = clock_us()};
    struct build_options *options = &building->options;
    options->mode = mode;
    options->jobs = (unsigned)values[BUILDING_JOBS].number;
    options->events_path = values[BUILDING_EVENTS].given
                               ? arena_cstr(&cli->arena, values[BUILDING_EVENTS].text)
                               : NULL;
    const char *makeflags = env_get("MAKEFLAGS");
    if (makeflags != NULL && !values[BUILDING_JOBS].given) { /* as make: -j is one's own */
        options->makeflags = str_of(makeflags);
    }
    options->memory_bytes = values[BUILDING_MEMORY].number << 20;
    options->keep_going = values[BUILDING_KEEP_GOING].given;
    options->verbose = values[BUILDING_VERBOSE].given;
    options->progress = cli->progress;
    options->colour = cli->colour;
    building->err = cli_store_root(cli, &options->store_root);
    if (building->err == OK) {
        building->err = build_open(options, cli->sources, &building->engine, &cli->diags);
    }
    if (building->err == OK) {
        building->err = build_run(building->engine, count > 0 ? patterns : everything,
            count > 0 ? count : 1, &cli->arena, &building->goal, &cli->diags);
        build_counts_get(building->engine, &building->counts);
    }
    building->wall_us = clock_us() - building->start_us;
}

enum err building_commands_update(struct building *building)
{
    return building->engine == NULL || building->err != OK || building->counts.interrupted
               ? OK
               : compile_commands_update(building->cli, building->engine);
}

void building_end(struct building *building)
{
    if (building->engine != NULL) {
        build_close(building->engine);
        building->engine = NULL;
    }
}

enum cli_status building_status(const struct building *building)
{
    if (building->counts.interrupted) {
        return CLI_INTERRUPTED;
    }
    if (building->err == OK) {
        return CLI_DONE;
    }
    for (const struct diag *diag = building->cli->diags.newest; diag != NULL; diag = diag->older) {
        if (diag->code == ERR_IO) {
            return CLI_BROKEN;
        }
    }
    return building->engine == NULL && building->err == ERR_IO ? CLI_BROKEN : CLI_FAILED;
}

/* Of a failed build only what was looked at is known. */
static uint64_t action_count(const struct building *building)
{
    uint64_t seen = building->counts.run + building->counts.cached;
    return building->goal.action_count > seen ? building->goal.action_count : seen;
}

/* ", 3 checked, all reproducible" of --check. */
static struct str checks_summary(const struct building *building)
{
    const struct build_counts *counts = &building->counts;
    struct arena *arena = &building->cli->arena;
    if (!building->options.check) {
        return STR("");
    }
    if (counts->differing == 0) {
        return arena_printf(arena, ", %llu checked%s", (unsigned long long)counts->checked,
            counts->checked > 0 ? ", all reproducible" : "");
    }
    return arena_printf(arena, ", %llu checked, %llu not reproducible",
        (unsigned long long)counts->checked, (unsigned long long)counts->differing);
}

struct str building_summary(const struct building *building)
{
    uint64_t total = action_count(building);
    struct arena *arena = &building->cli->arena;
    struct str took = cli_duration(arena, building->wall_us);
    struct str checked = checks_summary(building);
    return arena_printf(arena, "%llu action%s: %llu run, %llu cached%.*s; %.*s",
        (unsigned long long)total, total == 1 ? "" : "s", (unsigned long long)building->counts.run,
        (unsigned long long)(total - building->counts.run), STR_ARG(checked), STR_ARG(took));
}

struct str building_link(const struct building *building, const struct goal_target *target,
    const struct goal_output *output)
{
    struct str package = target->label.package;
    bool is_default = target->is_default_config;
    return arena_printf(&building->cli->arena, "out/%s%.*s%s%.*s%s%.*s", is_default ? "" : "@",
        STR_ARG(is_default ? STR("") : target->label.config), is_default ? "" : "/",
        STR_ARG(package), package.len > 0 ? "/" : "", STR_ARG(output->path));
}

void building_tell(const struct building *building, enum cli_status status)
{
    struct cli *cli = building->cli;
    struct str summary = building_summary(building);
    cli_print(arena_printf(&cli->arena, "%s%.*s\n",
        status == CLI_INTERRUPTED ? "interrupted; "
        : status == CLI_DONE      ? ""
                                  : "failed; ",
        STR_ARG(summary)));
}

void building_json(const struct building *building, struct json *json)
{
    uint64_t total = action_count(building);
    json_key_bool(json, STR("ok"), building->err == OK);
    json_key_bool(json, STR("interrupted"), building->counts.interrupted);
    json_key_number(json, STR("actions"), total);
    json_key_number(json, STR("run"), building->counts.run);
    json_key_number(json, STR("cached"), total - building->counts.run);
    if (building->options.check) {
        json_key_number(json, STR("checked"), building->counts.checked);
        json_key_number(json, STR("differing"), building->counts.differing);
    }
    json_key_number(json, STR("wall_us"), building->wall_us);
    json_key_strs(json, STR("failed"), building->goal.failed.at, building->goal.failed.count);
}
