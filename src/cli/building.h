/* src/cli/building.h: what build, test and run have in common. */
#ifndef CLI_BUILDING_H
#define CLI_BUILDING_H
#include "build/build.h"
#include "cli/command.h"
#include "codec/json.h"

/* Rows that stand first in the option table of each of them. */
enum building_option {
    BUILDING_JOBS,
    BUILDING_KEEP_GOING,
    BUILDING_VERBOSE,
    BUILDING_EVENTS,
    BUILDING_MEMORY,
    BUILDING_OPTION_COUNT,
};
#define BUILDING_OPTIONS                                                                           \
    [BUILDING_JOBS] = {.name = "jobs",                                                             \
        .letter = 'j',                                                                             \
        .kind = OPTION_NUMBER,                                                                     \
        .value = "N",                                                                              \
        .help = "run at most N actions at once (one for each CPU)",                                \
        .number_max = 1024},                                                                       \
    [BUILDING_KEEP_GOING] = {.name = "keep-going",                                                 \
        .letter = 'k',                                                                             \
        .kind = OPTION_FLAG,                                                                       \
        .help = "build what does not depend on a failure"},                                        \
    [BUILDING_VERBOSE] = {.name = "verbose",                                                       \
        .letter = 'v',                                                                             \
        .kind = OPTION_FLAG,                                                                       \
        .help = "say what runs, why, and the whole command"},                                      \
    [BUILDING_EVENTS] = {.name = "events",                                                         \
        .kind = OPTION_TEXT,                                                                       \
        .value = "FILE",                                                                           \
        .help = "write what happens into FILE, as it does: one JSON object a line"},               \
    [BUILDING_MEMORY] = {.name = "memory",                                                         \
        .kind = OPTION_NUMBER,                                                                     \
        .value = "MIB",                                                                            \
        .help = "let actions that run at once take MIB MiB together (what is free)",               \
        .number_max = UINT32_MAX}

struct building {
    struct cli *cli;
    struct engine *engine;
    struct goal goal;
    struct build_counts counts;
    struct build_options options; /* tests, events_fd, changed: the caller's, before building_run */
    uint64_t start_us, wall_us;
    enum err err;
};
/* Opens the engine and brings the targets up to date. patterns: none is "...". What went wrong is
 * in cli->diags; goal may hold what was finished all the same. Call building_end in any case. */
void building_run(struct building *building, struct cli *cli, enum build_mode mode,
    const char *const *patterns, size_t count);
/* compile_commands.json, if it was asked for once, after a build that went well. */
enum err building_commands_update(struct building *building);
void building_end(struct building *building);
/* Of what building->err and the diags say: 0, 1, 3, or 130 after an interrupt. */
enum cli_status building_status(const struct building *building);
/* What `build` and `test` say at the end: the diags, outcomes of tests, the summary. */
void building_tell(const struct building *building, enum cli_status status);
enum cli_status testing_tell(
    const struct building *building, enum cli_status status, bool all_output);
/* "12 actions: 3 run, 9 cached; 45 ms". In the command's arena. */
struct str building_summary(const struct building *building);
/* The same as fields of an open object. */
void building_json(const struct building *building, struct json *json);
/* Where an output is linked to, below the workspace's root: "out/a/x". In the command's arena. */
struct str building_link(const struct building *building, const struct goal_target *target,
    const struct goal_output *output);
#endif
