/* src/build/engine.h: what the keys of one build share; private to build/.
 *
 *   GOAL patterns                        leaves: read from the world
 *    |-> PACKAGES folder -> FOLDER         FOLDER  sub-folders, has it a BUILD.dhall
 *    |-> PACKAGE (path, configuration)     FILE    kind and digest
 *    |     |-> WORKSPACE                   DAMAGE  was one of these blobs found altered
 *    |     |-> SYNTAX file -> FILE         of BUILD.dhall: what stands in it but for comments
 *    |     '-> IMPORT file -> SYNTAX, IMPORTs, FILE    what a file is to who imports it
 *    '-> ACTION (label, number)
 *          |-> TARGET label -> PACKAGE     one target cut out: others in its file do not matter
 *          |-> SET label -> TARGET, SETs   what dependents see; digests of those below it, so that
 *          |                               the sets of the direct dependencies stand for all
 *          |-> FILE, ACTION                inputs
 *          |-> PRESENT label               which sources of its target are there: all that counts
 *          |    '-> PRESENT label#exports  ... of those below it: that of each is made of its own
 *          |-> PRESENT label#number        of those that a compiler did not read (build/prune.c)
 *          '-> DAMAGE                      of its outputs; of a test PASS, too
 *
 * Arguments are texts: paths, "//a:b@c", "//a:b@c#3". Values are CBOR (each function says what). */
#ifndef BUILD_ENGINE_H
#define BUILD_ENGINE_H
#include "build/build.h"
#include "build/expand.h"
#include "build/package.h"
#include "build/workspace.h"
#include "codec/cbor.h"
#include "dice/dice.h"
#include "exec/exec.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum key_kind {
    KEY_FILE,
    KEY_FOLDER,
    KEY_PACKAGES,
    KEY_WORKSPACE,
    KEY_PACKAGE,
    KEY_TARGET,
    KEY_SET,
    KEY_ACTION,
    KEY_GOAL,
    KEY_DAMAGE,
    KEY_QUERY,
    KEY_PRESENT,
    KEY_COMMANDS,
    KEY_TRIAL,
    KEY_PASS,
    KEY_SYNTAX,
    KEY_IMPORT,
    KEY_RERUN,
    KEY_READS,
    KEY_CHECK,
    KEY_CHECKS,
    KEY_COUNT,
};

/* A target that takes part in this build: decoded, with the expander that its actions share. */
struct analysis {
    struct target target;
    struct expander expander;
};

struct recall;   /* build/recall.h */
struct peaks;    /* build/peaks.h */
struct memory;   /* build/memory.h */
struct tokens;   /* build/tokens.h */
struct progress; /* build/progress.c */
struct loader;   /* build/loader.h: the Dhall session */
struct record;   /* build/record.c: what the log will say of this build */
struct engine {
    struct build_options options;
    struct workspace workspace;
    int root_fd;
    struct arena arena; /* of the thread that opened it */
    struct sources *sources;
    struct dice *dice;
    /* Nothing can be written to the store: what needs nothing written is done all the same, and
     * what a run found out is not kept. */
    bool store_is_read_only;
    bool store_failed;   /* what was built could not be kept: no graph may say that it is there */
    struct store *store; /* NULL until something must be computed */
    struct exec *exec;   /* the same */
    pthread_t signal_thread;
    bool signal_thread_runs;
    bool signals_blocked;
    sigset_t signals_before; /* the mask to go back to */
    atomic_bool interrupted;
    atomic_bool packages_read; /* one at least was evaluated, or their list was made anew */

    struct loader *loader;
    struct recall *recall;
    struct peaks *peaks;
    struct memory *memory; /* NULL until something may run */
    struct tokens *tokens;
    struct record *record;
    struct peaks *durations; /* of actions by label and what they do, in microseconds */
    int events_fd;           /* or -1 */

    pthread_mutex_t graph_lock; /* of what follows, up to the next lock */
    struct arena graph_arena;
    struct tset_graph graph;
    struct table analyses;         /* label -> row of analysis_at */
    struct analysis **analysis_at; /* owned array; each in graph_arena */
    uint32_t analysis_cap;
    struct table merged;      /* bytes of trees -> row of merged_at */
    struct merged *merged_at; /* owned (build/action.h) */
    uint32_t merged_cap;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t finished;
    struct arena lock_arena;
    struct str default_config; /* of straylight.dhall; empty until it is read */
    struct table running;      /* keys of actions being run: hex -> row of running_at */
    bool *running_at;          /* owned */
    uint32_t running_cap;
    struct table needed_by;   /* label -> row of needed_by_at: who asked for it first */
    struct str *needed_by_at; /* owned */
    uint32_t needed_by_cap;
    struct table ready;   /* hashes of blobs that were found whole in this process */
    struct table damaged; /* hex of blobs found altered or gone -> row of damaged_open */
    bool *damaged_open;   /* owned: not made again yet */
    uint32_t damaged_cap;
    atomic_uint damaged_count; /* of the open ones */
    struct table warned;       /* warnings of targets that were told in this process */
    struct table tests_ran;    /* labels, as keys, of tests that ran in this process */
    uint64_t run_count, hit_count;
    uint64_t checked_count, differing_count;
    struct progress *progress; /* NULL until something runs, and where nothing is shown */
};

/* Leaves (build/leaf.c). */
enum file_kind {
    FILE_ABSENT = 0,
    FILE_REGULAR,
    FILE_EXECUTABLE,
    FILE_FOLDER,
    FILE_OTHER, /* a device, a socket, unreadable */
};
struct file {
    enum file_kind kind;
    struct digest digest; /* of FILE_REGULAR and FILE_EXECUTABLE */
    bool hides;           /* depfile_text_hides */
};
enum dice_status file_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
bool file_unchanged(void *context, struct str arg, struct str value, struct str stamp);
struct file file_decode(struct str value);
enum dice_status folder_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
bool folder_unchanged(void *context, struct str arg, struct str value, struct str stamp);
/* Is the value of a leaf (KEY_FILE, KEY_FOLDER) still the world's? By its stamp, else by reading it
 * again; then *ret_value is what it is now, empty where that cannot be told. Needs no engine. */
bool leaf_holds(int root_fd, enum key_kind kind, struct str arg, struct str value, struct str stamp,
    struct buf *ret_value);
struct folder {
    bool has_package, has_workspace;
    struct strs below; /* names of sub-folders */
};
struct folder folder_decode(struct str value, struct arena *arena);
enum dice_status damage_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
bool damage_unchanged(void *context, struct str arg, struct str value, struct str stamp);
/* That a test passed holds as long as the action cache says so: one that is found to fail at times
 * is taken out of it. arg: digest of its action. Value: empty, or when it was missed. */
enum dice_status pass_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
bool pass_unchanged(void *context, struct str arg, struct str value, struct str stamp);
/* The key that speaks of a blob, and of all others whose digest begins with the same byte: with a
 * key for each blob, a third of the graph would be such keys. */
enum {
    DAMAGE_KEY_BYTES = 2, /* hexadecimal digits */
};
struct str damage_key(const struct digest *digest, char bytes[static DIGEST_HEX_BYTES]);
/* Says that a blob is not what it should be: the action that makes it runs again. */
void damage_add(struct engine *engine, const struct digest *digest);
void damage_repaired(struct engine *engine, const struct digest *digest);
bool damage_is(struct engine *engine, const struct digest *digest);

/* Dhall files (build/loader.c, build/import.c). */
struct loader *loader_new(struct engine *engine);
void loader_free(struct loader *loader);
enum dice_status syntax_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
enum dice_status import_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);

/* Packages (build/load.c). */
enum dice_status workspace_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
struct settings {
    struct strs configs;      /* the first is the default */
    struct strs config_texts; /* Dhall: name = .., mode = .., exec = .. */
    struct strs toolchains;   /* of each: an entry of toolchains.dhall */
    struct str exec_config, exec_config_text, exec_toolchain;
    struct grade grants;
};
enum dice_status settings_need(
    struct dice_task *task, struct arena *arena, struct settings *ret_settings);
enum dice_status package_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
/* A package out of turn, for an error's help: for a task that fails, so that nothing comes to
 * depend on it. */
enum err package_peek(struct dice_task *task, struct str package, struct str config,
    const struct settings *settings, struct arena *arena, struct package_entry **ret_entries,
    size_t *ret_count);
/* Why it was evaluated in this process: "a/b.dhall -> a/c.dhall", or "". In arena. */
struct str package_cause(struct engine *engine, struct label label, struct arena *arena);
/* Where the package's file says `needle` in `target`: reads the file again, for an error. */
struct span engine_place(struct engine *engine, struct str package, struct str target,
    struct str needle, struct arena *arena);

/* Targets and sets (build/graph.c). */
enum dice_status packages_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
enum dice_status packages_need(
    struct dice_task *task, struct str folder, struct arena *arena, struct strs *ret_packages);
enum dice_status target_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
enum dice_status set_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
/* The text that names a target as a key. In arena. */
struct str label_key(struct label label, struct arena *arena);
struct label label_of_key(struct str key);
/* Is there such a target, and may `from` (NULL: the user) depend on it? Its story is in diags. */
enum dice_status target_exists(
    struct dice_task *task, struct label label, const struct target *from, struct diags *diags);
/* The target, with what its sets need: borrowed for the transaction. */
enum dice_status analysis_need(
    struct dice_task *task, struct label label, struct analysis **ret_analysis);
/* As people write it: without the configuration if it is the default one. */
struct str label_show(struct engine *engine, struct label label, struct arena *arena);
/* ", needed by //b:c, needed by //d:e": who asked for it, up to what the user named. */
struct str needed_by_show(struct engine *engine, struct label label, struct arena *arena);
void needed_by_add(struct engine *engine, struct label label, struct label by);

/* Actions (build/action.c). */
struct made {        /* an output of an action, as dice keeps it */
    struct str path; /* relative to its package */
    enum tree_entry_kind kind;
    struct digest digest;
};
struct outcome {
    const struct made *outputs;
    size_t output_count;
    struct strs producers; /* keys of the actions whose outputs it reads */
    struct digest stdout_digest, stderr_digest;
    bool passed;    /* of a test; others never end otherwise */
    struct str why; /* of a test that failed: "failed with status 1" */
    uint64_t wall_us;
    uint64_t run_count, failed_count; /* of a test: repetitions */
};
enum dice_status action_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
/* The action of a test as the options say: with more arguments, another environment, so often
 * whether its result is known or not. */
enum dice_status trial_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
/* One action as it would run now, all that it reads made and in the store (build/rerun.c). arg: an
 * absolute pattern that names it; value: for log_build_decode. */
enum dice_status rerun_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
/* What the compilers of a target read (build/unread.c). arg: label_key; value: [paths that were
 * read, or may have been], [paths that one was given], how many actions say nothing. */
enum dice_status reads_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
enum err outcome_decode(struct str value, struct arena *arena, struct outcome *ret_outcome);
/* Its producers alone: a build that counts its actions asks each. */
enum err outcome_producers(struct str value, struct arena *arena, struct strs *ret_producers);
/* "//a:b@c#3". */
struct str action_key(struct label label, size_t number, struct arena *arena);
enum err action_of_key(struct str key, struct label *ret_label, size_t *ret_number);

/* What is there, whatever is in it (build/prune.c). arg: a target's key (with #exports: what
 * dependents see of it) or an action's. */
enum dice_status present_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);

/* Goals (build/goal.c). arg: goal_key; value: for goal_decode. */
enum dice_status goal_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
/* Are tests run in another way than their targets say? */
bool build_is_trial(const struct build_options *options);
struct str goal_key(const struct build_options *options, struct strs patterns, struct arena *arena);
enum err goal_decode(struct str value, struct arena *arena, struct goal *ret_goal);

/* The actions of one target, expanded (build/commands.c). arg: label_key; value: for
 * log_build_decode. */
enum dice_status commands_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
/* Before another transaction: expansions point into the values of the last one (build/build.c). */
void build_analyses_forget(struct engine *engine);

/* Is what was made reproducible (build/check.c)? CHECK of an action: it runs once more, under other
 * conditions, and its outputs are compared with those it has; no value. CHECKS: of all actions of a
 * goal, whose key arg is (build/goal.c). */
enum dice_status check_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
enum dice_status checks_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);

/* Queries (build/query.c). */
enum dice_status query_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags);
/* A key as people know it, for cycles and causes (build/build.c). */
/* "warning: //a:b: ..."; tells it, once in a process. */
struct str warning_text(
    struct engine *engine, const struct target *target, size_t number, struct arena *arena);
void warning_tell(struct engine *engine, struct str text);
/* Where the target of a key names another: dice_options.place. */
struct span build_key_place(void *context, unsigned kind, struct str arg, struct str dep_arg);
struct str build_key_describe(void *context, unsigned kind, struct str arg, struct arena *arena);
/* What the user typed, made absolute. */
enum err build_patterns_read(struct engine *engine, const char *const *patterns, size_t count,
    struct arena *arena, struct strs *ret_patterns, struct diags *diags);
/* What was found out is remembered for the next run. */
enum err build_save(struct engine *engine, struct diags *diags);

/* Failures (build/failure.c): tells the story of an action that ended badly. */
struct job;
void failure_tell(struct job *job, const struct exec_result *result);
/* How it ended: "failed with status 1". In the job's arena. */
enum {
    ACTION_TIMEOUT_MS = 60 * 60 * 1000, /* of what is no test: longer is taken for hanging */
};
uint64_t action_timeout_ms(const struct job *job);
struct str failure_ending(struct job *job, const struct exec_result *result);

/* Progress (build/progress.c): some lines on a terminal, and texts above them. */
/* An action was found to need a look; its key, and how long it took when it ran last, or 0. */
void progress_asked(struct engine *engine, struct str key, uint64_t expected_us);
/* It was done, or found. */
void progress_done(struct engine *engine, struct str key);
void progress_start(struct engine *engine, uint64_t id, struct str what);
void progress_end(struct engine *engine, uint64_t id);
void progress_close(struct engine *engine);
void progress_clear(struct engine *engine);
void progress_text(struct engine *engine, struct str text);
void progress_diags(struct engine *engine, const struct diags *diags);

/* Links (build/links.c). */
/* whole: nothing failed, so that a target which was asked for and is not in goal is gone. */
enum err links_update(
    struct engine *engine, const struct goal *goal, bool whole, struct diags *diags);
/* Those whose label (//package:name) is not in labels; counted only where dry. */
enum err links_stale_remove(struct engine *engine, const struct table *labels, bool dry,
    uint64_t *ret_count, struct diags *diags);
enum err links_remove(struct engine *engine, uint64_t *ret_count, struct diags *diags);

/* Opens the store if that was not done yet (build/build.c). */
enum err engine_store(struct engine *engine, struct diags *diags);
#endif
