/* src/build/build.h: what the commands want of the engine.
 *
 *   build_open -> build_run(patterns) -> struct goal: what was built, and where it lies
 *                                     -> out/<package>/<output> -> the store
 *   `test` reads the tests' outcomes out of it, `run` the program's path. */
#ifndef BUILD_BUILD_H
#define BUILD_BUILD_H
#include "build/target.h"
#include "store/store.h"
#include "store/tree.h"

enum build_mode {
    BUILD_OUTPUTS,
    BUILD_TESTS, /* builds and runs the tests among the targets, and nothing else */
};
struct build_options {
    const char *store_root;
    enum build_mode mode;
    unsigned jobs;           /* 0: one for each CPU */
    struct str makeflags;    /* of a make that may share its jobs with us; empty: none */
    uint64_t memory_bytes;   /* that running actions may take together; 0: what is free */
    uint64_t test_runs;      /* each test runs so often now, known or not; 0: as its target says */
    uint64_t test_attempts;  /* a test may try so often; 0: one that is flaky three times, else 1 */
    struct strs test_args;   /* each test gets these behind its own */
    struct str test_filter;  /* what it should run of itself; empty: all */
    const char *events_path; /* NULL, or a file for events (docs/format/events.md) */
    const int *events_fd;    /* NULL, or one that is open for them, and stays so */
    struct strs changed;     /* for the events: what the caller saw change before this build */
    bool keep_going;
    bool check;    /* each action runs once more, under other conditions, and must make the same */
    bool dry_run;  /* for build_plan: nothing runs, nothing is remembered */
    bool verbose;  /* say what runs and why */
    bool progress; /* stderr is a terminal */
    bool colour;
};
struct goal_output {
    struct str path; /* relative to its package */
    enum tree_entry_kind kind;
    struct digest digest;
};
struct goal_test {
    bool passed, flaky; /* flaky: the same files, another outcome: some executions failed */
    struct str why;     /* it failed, at least once: "failed with status 1" */
    uint64_t wall_us;
    uint64_t run_count, failed_count; /* executions when it ran; both 0: from the cache */
    struct digest stdout_digest, stderr_digest;
};
struct goal_target {
    struct label label;
    bool is_default_config;
    struct goal_output *outputs;
    size_t output_count;
    bool has_run;
    struct run run;        /* program and args only */
    struct goal_test test; /* as a whole */
    struct goal_test *shards;
    size_t shard_count; /* 1 if it is not sharded; 0: no test */
};
struct goal {
    struct goal_target *targets; /* that were finished, by label */
    size_t target_count;
    struct strs failed;    /* labels of those that were not (keep_going) */
    struct strs patterns;  /* as asked, absolute */
    struct strs warnings;  /* of the targets that make those actions, as they are told */
    uint64_t action_count; /* all that the targets need */
};
struct build_counts {
    uint64_t run, cached;        /* actions that ran; that were found in the action cache */
    uint64_t checked, differing; /* that ran once more; that made something else then */
    bool interrupted;
};
struct engine;
/* Finds the workspace above the working folder. The caller gives `sources` to its diags too. */
enum err build_open(const struct build_options *options, struct sources *sources,
    struct engine **ret_engine, struct diags *diags);
void build_close(struct engine *engine);
/* Patterns as on the command line. ret_goal is in arena and meaningful on OK, or where
 * keep_going is set and ret_goal->target_count > 0. Links are up to date then. */
enum err build_run(struct engine *engine, const char *const *patterns, size_t count,
    struct arena *arena, struct goal *ret_goal, struct diags *diags);
void build_counts_get(const struct engine *engine, struct build_counts *ret_counts);
/* The whole blob of what an action printed, in arena. */
enum err build_blob_get(struct engine *engine, const struct digest *digest, struct arena *arena,
    struct str *ret_bytes, struct diags *diags);
/* The absolute path of an output in the store, verified, in arena. */
enum err build_output_path(struct engine *engine, const struct goal_output *output,
    struct arena *arena, struct str *ret_path, struct diags *diags);
/* Removes our links and what the workspace keeps between runs; the store keeps its content. */
enum err build_clean(struct engine *engine, uint64_t *ret_count, struct diags *diags);
/* compile_commands.json of this workspace: its content, once it was written; NULL: it is nobody's
 * business any more. */
enum err build_commands_note(
    struct engine *engine, const struct digest *written, struct diags *diags);
/* Was it written, and has a package been read since? Its hash then, as it was written. */
bool build_commands_old(struct engine *engine, struct digest *ret_written);
/* What nothing in any workspace of this store refers to: links of this one's targets that are no
 * more, states of workspaces whose folder is gone, and results of actions (store_stale_remove).
 * Nothing is removed where dry. packages_broken: some could not be read, so no link was looked at.
 */
struct build_stale {
    uint64_t link_count, workspace_count;
    struct store_stale store;
    bool packages_broken;
};
enum err build_stale_remove(
    struct engine *engine, bool dry, struct build_stale *ret_stale, struct diags *diags);
/* Did the test run just now, or was its result known? */
bool build_test_ran(struct engine *engine, struct label label);
/* As people write it. */
struct str build_label_show(struct engine *engine, struct label label, struct arena *arena);
/* A word as a shell would take it back. */
void shell_word_add(struct buf *text, struct str word);
#endif
