/* src/build/build.c: a build from its patterns to its links. Start reading here. */
#include "build/build.h"
#include "base/env.h"
#include "base/file.h"
#include "build/engine.h"
#include "build/events.h"
#include "build/memory.h"
#include "build/peaks.h"
#include "build/recall.h"
#include "build/record.h"
#include "build/tokens.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    ROUNDS_MAX = 4, /* each repairs what the one before found damaged */
};
static const struct dice_kind kinds[KEY_COUNT] = {
    [KEY_FILE] = {"file", DICE_LEAF, file_compute, file_unchanged},
    [KEY_FOLDER] = {"folder", DICE_LEAF, folder_compute, folder_unchanged},
    [KEY_PACKAGES] = {"packages", 0, packages_compute, NULL},
    [KEY_WORKSPACE] = {"workspace", 0, workspace_compute, NULL},
    [KEY_PACKAGE] = {"package", 0, package_compute, NULL},
    [KEY_TARGET] = {"target", 0, target_compute, NULL},
    [KEY_SET] = {"set", 0, set_compute, NULL},
    [KEY_ACTION] = {"action", 0, action_compute, NULL},
    [KEY_GOAL] = {"goal", 0, goal_compute, NULL},
    [KEY_DAMAGE] = {"damage", DICE_LEAF, damage_compute, damage_unchanged},
    [KEY_QUERY] = {"query", 0, query_compute, NULL},
    [KEY_TRIAL] = {"trial", DICE_TRANSIENT, trial_compute, NULL},
    [KEY_COMMANDS] = {"commands", 0, commands_compute, NULL},
    [KEY_READS] = {"reads", DICE_TRANSIENT, reads_compute, NULL},
    [KEY_RERUN] = {"rerun", DICE_TRANSIENT, rerun_compute, NULL},
    [KEY_CHECK] = {"check", DICE_TRANSIENT, check_compute, NULL},
    [KEY_CHECKS] = {"checks", DICE_TRANSIENT, checks_compute, NULL},
    [KEY_PASS] = {"pass", DICE_LEAF, pass_compute, pass_unchanged},
    [KEY_PRESENT] = {"present", 0, present_compute, NULL},
    [KEY_SYNTAX] = {"syntax", 0, syntax_compute, NULL},
    [KEY_IMPORT] = {"import", 0, import_compute, NULL},
};

struct str build_key_describe(void *context, unsigned kind, struct str arg, struct arena *arena)
{
    switch ((enum key_kind)kind) {
    case KEY_FILE:
    case KEY_SYNTAX:
    case KEY_IMPORT:
        return arg;
    case KEY_FOLDER:
    case KEY_PACKAGES:
        return arena_printf(arena, "folder %.*s", STR_ARG(arg));
    case KEY_WORKSPACE:
        return STR(WORKSPACE_FILE);
    case KEY_PACKAGE:
        return arena_printf(arena, "package %.*s", (int)str_find(arg, ':'), arg.ptr);
    case KEY_TARGET:
    case KEY_SET:
    case KEY_ACTION:
    case KEY_CHECK:
    case KEY_PRESENT: {
        size_t hash = str_find(arg, '#');
        struct str label = label_show(context, label_of_key(str_sub(arg, 0, hash)), arena);
        struct str number = str_sub(arg, hash, arg.len);
        return arena_printf(arena, "%.*s%.*s", STR_ARG(label), STR_ARG(number));
    }
    case KEY_COMMANDS:
    case KEY_TRIAL:
    case KEY_RERUN:
    case KEY_READS:
        return arena_str(arena, arg);
    case KEY_GOAL:
    case KEY_CHECKS:
    case KEY_QUERY:
        return STR("what was asked for");
    case KEY_DAMAGE:
        return arena_printf(arena, "damaged %.*s", STR_ARG(arg));
    case KEY_PASS:
        return STR("a run that failed");
    case KEY_COUNT:
        break;
    }
    return STR("");
}

/* A graph of another program, or of another version of this one, is not used: what a key means
 * is what the program does. */
static struct digest schema(void)
{
    AUTO_BUF text = {0};
    struct stat st;
    buf_printf(&text, "straylight graph 1\n");
    if (stat("/proc/self/exe", &st) == 0) {
        buf_printf(&text, "%llu %llu %lld %ld %lld %ld\n", (unsigned long long)st.st_dev,
            (unsigned long long)st.st_ino, (long long)st.st_size, st.st_mtim.tv_nsec,
            (long long)st.st_mtim.tv_sec, st.st_ctim.tv_nsec);
    } else { /* which program this is cannot be told: no graph is that of it */
        struct timespec now = {0};
        (void)clock_gettime(CLOCK_REALTIME, &now);
        buf_printf(&text, "%ld %lld %ld\n", (long)getpid(), (long long)now.tv_sec, now.tv_nsec);
    }
    return digest_of(buf_str(&text));
}

static unsigned cpu_count(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

/* Interrupts. SIGINT and SIGTERM are blocked in all threads; one thread waits for them. */

static void signals_of(sigset_t *ret_set)
{
    (void)sigemptyset(ret_set);
    (void)sigaddset(ret_set, SIGINT);
    (void)sigaddset(ret_set, SIGTERM);
    (void)sigaddset(ret_set, SIGHUP);
    (void)sigaddset(ret_set, SIGUSR2); /* build_close ends the thread with it */
}

static void *signal_main(void *argument)
{
    struct engine *engine = argument;
    sigset_t set;
    signals_of(&set);
    int number = 0;
    while (sigwait(&set, &number) == 0 && number != SIGUSR2) {
        if (atomic_exchange(&engine->interrupted, true)) {
            tokens_return(engine->tokens);
            (void)signal(number, SIG_DFL); /* a second one means it */
            sigset_t one;
            (void)sigemptyset(&one);
            (void)sigaddset(&one, number);
            (void)pthread_sigmask(SIG_UNBLOCK, &one, NULL);
            (void)raise(number);
        }
        dice_cancel(engine->dice);
        exec_cancel(engine->exec);
        memory_wake(engine->memory);
        tokens_wake(engine->tokens);
    }
    return NULL;
}

enum err engine_store(struct engine *engine, struct diags *diags)
{
    if (engine->store != NULL) {
        return OK;
    }
    enum err err = store_open(&io_real, engine->options.store_root, &engine->store, diags);
    if (err == OK) {
        store_defer(engine->store);
    }
    return err;
}

/* Those of a make before this process opens much: a descriptor that it did not pass on would be
 * another's. Our own when something may run. */
static void tokens_open(struct engine *engine)
{
    enum tokens_source source;
    engine->tokens = tokens_new(engine->options.makeflags, engine->options.jobs, &source);
    if (source == TOKENS_LOST) {
        engine->options.jobs = 1; /* as make does */
        progress_text(engine,
            STR("straylight: make's jobserver is not passed on, so one action runs at a time: the "
                "rule's command needs a \"+\" in front\n"));
    }
}

/* Before the first computation, while there is one thread: store, runners, then the thread that
 * waits for signals. A run with nothing to do never comes here. */
static enum err before_compute(void *context, struct diags *diags)
{
    struct engine *engine = context;
    enum err err = engine_store(engine, diags);
    if (err != OK || engine->options.dry_run) {
        return err; /* nothing will run */
    }
    if (engine->tokens == NULL) {
        tokens_open(engine);
    }
    if (engine->exec == NULL) {
        sigset_t set;
        signals_of(&set);
        engine->signals_blocked = pthread_sigmask(SIG_BLOCK, &set, &engine->signals_before) == 0;
        err = exec_new_tokens(
            engine->store, engine->options.jobs, tokens_fds(engine->tokens), &engine->exec, diags);
        uint64_t budget = engine->options.memory_bytes;
        engine->memory = memory_new(budget > 0 ? budget : memory_free_bytes());
    }
    if (err == OK && !engine->signal_thread_runs) {
        engine->signal_thread_runs =
            pthread_create(&engine->signal_thread, NULL, signal_main, engine) == 0;
    }
    return err;
}

static enum err graph_open(struct engine *engine, struct diags *diags)
{
    struct str path = arena_printf(&engine->arena, "%s/graph", engine->workspace.state);
    struct dice_options options = {.kinds = kinds,
        .kind_count = KEY_COUNT,
        .worker_count = engine->options.jobs,
        .path = path.ptr,
        .schema = schema(),
        .context = engine,
        .sources = engine->sources,
        .before_compute = before_compute,
        .place = build_key_place};
    return dice_open(&options, &engine->dice, diags);
}

/* A store that is not ours is refused even where nothing of it but the graph would be read. */
static enum err store_look(struct engine *engine, struct diags *diags)
{
    struct stat st;
    if (stat(engine->options.store_root, &st) == 0 && st.st_uid == geteuid() &&
        (st.st_mode & 077) == 0) {
        engine->store_is_read_only =
            access(engine->options.store_root, W_OK) != 0 && (errno == EROFS || errno == EACCES);
        return OK;
    }
    enum err err = engine_store(engine, diags);
    return err == OK ? OK : diag_add(diags, ERR_IO, SPAN_NONE, "cannot build without a store");
}

enum err build_open(const struct build_options *options, struct sources *sources,
    struct engine **ret_engine, struct diags *diags)
{
    struct engine *engine = memory_calloc(1, sizeof *engine);
    engine->options = *options;
    engine->sources = sources;
    engine->root_fd = -1;
    engine->events_fd = -1;
    if (engine->options.jobs == 0) {
        engine->options.jobs = cpu_count();
    }
    if (engine->options.makeflags.len > 0) {
        tokens_open(engine);
    }
    bool locks = pthread_mutex_init(&engine->graph_lock, NULL) == 0 &&
                 pthread_mutex_init(&engine->lock, NULL) == 0 &&
                 pthread_cond_init(&engine->finished, NULL) == 0;
    engine->loader = loader_new(engine);
    engine->record = record_new();
    enum err err = locks ? OK : diag_add(diags, ERR_IO, SPAN_NONE, "cannot make a lock");
    if (err == OK) {
        err = workspace_find(options->store_root, &engine->arena, &engine->workspace, diags);
    }
    if (err == OK) {
        engine->root_fd = open(engine->workspace.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (engine->root_fd < 0) {
            err = diag_add_errno(diags, errno, "cannot open %s", engine->workspace.root);
        }
    }
    if (err == OK) {
        sources_root_set(sources, str_of(engine->workspace.root));
        err = store_look(engine, diags);
    }
    if (err == OK) {
        engine->recall =
            recall_new(arena_printf(&engine->arena, "%s/recall", engine->workspace.state).ptr);
        engine->peaks =
            peaks_new(arena_printf(&engine->arena, "%s/peaks", engine->workspace.state).ptr);
        engine->durations =
            peaks_new(arena_printf(&engine->arena, "%s/durations", engine->workspace.state).ptr);
    }
    err = err == OK ? events_open(engine, diags) : err;
    err = err == OK ? graph_open(engine, diags) : err;
    if (err != OK) {
        build_close(engine);
        return err;
    }
    *ret_engine = engine;
    return OK;
}

void build_analyses_forget(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->analyses.len; i++) {
        expander_release(&engine->analysis_at[i]->expander);
    }
    tset_release(&engine->graph);
    table_release(&engine->analyses);
    table_release(&engine->merged);
    arena_release(&engine->graph_arena);
}

void build_close(struct engine *engine)
{
    if (engine->signal_thread_runs) {
        (void)pthread_kill(engine->signal_thread, SIGUSR2);
        (void)pthread_join(engine->signal_thread, NULL);
    }
    if (engine->signals_blocked) { /* `run` becomes another program */
        (void)pthread_sigmask(SIG_SETMASK, &engine->signals_before, NULL);
    }
    progress_close(engine);
    if (engine->exec != NULL) {
        exec_free(engine->exec);
    }
    if (engine->dice != NULL) {
        dice_close(engine->dice);
    }
    if (engine->store != NULL) {
        store_close(engine->store);
    }
    loader_free(engine->loader);
    if (engine->recall != NULL) {
        recall_free(engine->recall);
    }
    peaks_free(engine->peaks);
    peaks_free(engine->durations);
    memory_free(engine->memory);
    tokens_free(engine->tokens);
    record_free(engine->record);
    build_analyses_forget(engine);
    table_release(&engine->running);
    table_release(&engine->needed_by);
    table_release(&engine->ready);
    table_release(&engine->damaged);
    table_release(&engine->tests_ran);
    table_release(&engine->warned);
    free(engine->analysis_at);
    free(engine->merged_at);
    free(engine->running_at);
    free(engine->needed_by_at);
    free(engine->damaged_open);
    fd_close(&engine->root_fd);
    fd_close(&engine->events_fd);
    arena_release(&engine->lock_arena);
    arena_release(&engine->arena);
    (void)pthread_mutex_destroy(&engine->graph_lock);
    (void)pthread_mutex_destroy(&engine->lock);
    (void)pthread_cond_destroy(&engine->finished);
    free(engine);
}

enum err build_patterns_read(struct engine *engine, const char *const *patterns, size_t count,
    struct arena *arena, struct strs *ret_patterns, struct diags *diags)
{
    struct str *at = ARENA_NEW(arena, struct str, count);
    for (size_t i = 0; i < count; i++) {
        struct pattern pattern;
        at[i] = pattern_absolute(str_of(patterns[i]), engine->workspace.here, arena);
        enum err err = pattern_parse(at[i], STR(""), SPAN_NONE, arena, &pattern, diags);
        if (err != OK) {
            return err;
        }
    }
    *ret_patterns = (struct strs){.at = at, .count = count};
    return OK;
}

static bool links_wanted(const struct engine *engine, const struct goal *goal)
{
    bool selects = false;
    for (size_t i = 0; i < goal->patterns.count; i++) {
        selects =
            selects || memchr(goal->patterns.at[i].ptr, '#', goal->patterns.at[i].len) != NULL;
    }
    return engine->options.mode == BUILD_OUTPUTS && !selects;
}

/* One transaction. ERR_CORRUPT: something in the store was found damaged, and the next round will
 * make it again. */
static enum err round_run(struct engine *engine, struct strs patterns, struct arena *arena,
    struct goal *ret_goal, struct diags *diags)
{
    struct dice_want want = {.kind = KEY_GOAL, .arg = goal_key(&engine->options, patterns, arena)};
    struct dice_request request = {.wants = &want,
        .count = 1,
        .keep_going = engine->options.keep_going,
        .describe = build_key_describe};
    *ret_goal = (struct goal){0};
    enum err err = dice_run(engine->dice, &request, diags);
    /* Before anything, a link or the graph, counts on it. */
    enum err kept = engine->store == NULL ? OK : store_flush(engine->store, diags);
    if (kept != OK) {
        engine->store_failed = true;
        return kept;
    }
    bool has_goal = want.status == DICE_OK && (err == OK || engine->options.keep_going);
    if (has_goal && goal_decode(arena_str(arena, want.value), arena, ret_goal) != OK) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE, "the graph is damaged");
    }
    ret_goal->patterns = patterns;
    for (size_t i = 0; i < ret_goal->warnings.count; i++) { /* of what was not computed anew, too */
        warning_tell(engine, ret_goal->warnings.at[i]);
    }
    for (size_t i = 0; i < ret_goal->target_count && engine->default_config.len == 0; i++) {
        if (ret_goal->targets[i].is_default_config) { /* where nothing had to be read */
            engine->default_config =
                arena_str(&engine->lock_arena, ret_goal->targets[i].label.config);
        }
    }
    if (atomic_load(&engine->damaged_count) > 0) {
        return ERR_CORRUPT;
    }
    if (has_goal && links_wanted(engine, ret_goal)) {
        enum err links_err = links_update(engine, ret_goal, err == OK, diags);
        err = err == OK ? links_err : err;
    }
    return err;
}

#define COMMANDS_NOTE "compile_commands"
#define COMMANDS_OLD "compile_commands.old"

static const char *state_file(struct engine *engine, const char *name)
{
    return arena_printf(&engine->arena, "%s/%s", engine->workspace.state, name).ptr;
}

/* What was written for editors may not be what the packages say any more. */
static enum err commands_age(struct engine *engine, struct diags *diags)
{
    const char *old = state_file(engine, COMMANDS_OLD);
    return access(state_file(engine, COMMANDS_NOTE), F_OK) != 0 || access(old, F_OK) == 0
               ? OK
               : file_write_atomic(AT_FDCWD, old, STR(""), diags);
}

enum err build_commands_note(
    struct engine *engine, const struct digest *written, struct diags *diags)
{
    char hex[DIGEST_HEX_BYTES];
    const char *note = state_file(engine, COMMANDS_NOTE);
    (void)unlink(state_file(engine, COMMANDS_OLD));
    if (written == NULL) {
        (void)unlink(note);
        return OK;
    }
    return file_write_atomic(AT_FDCWD, note, digest_hex(written, hex), diags);
}

bool build_commands_old(struct engine *engine, struct digest *ret_written)
{
    struct arena arena = {0};
    struct diags ignored;
    struct str hex;
    diags_init(&ignored, &arena, NULL);
    bool old = access(state_file(engine, COMMANDS_OLD), F_OK) == 0 &&
               file_read(AT_FDCWD, state_file(engine, COMMANDS_NOTE), DIGEST_HEX_BYTES, &arena,
                   &hex, &ignored) == OK &&
               digest_hex_parse(hex, ret_written->hash) == OK;
    arena_release(&arena);
    return old;
}

enum err build_save(struct engine *engine, struct diags *diags)
{
    if (engine->store_is_read_only || engine->store_failed || engine->options.dry_run) {
        return OK; /* dry: who asks why something would be done may ask again */
    }
    enum err err = OK;
    const char *path = state_file(engine, "path");
    if (access(path, F_OK) != 0) { /* whose state this is; where it stands, the folder does */
        err = dirs_make(AT_FDCWD, engine->workspace.state, diags);
        err = err == OK ? file_write_atomic(AT_FDCWD, path, str_of(engine->workspace.root), diags)
                        : err;
    }
    if (err == OK && atomic_load(&engine->packages_read)) {
        err = commands_age(engine, diags);
    }
    if (err == OK) {
        recall_save(engine->recall);
        peaks_save(engine->peaks);
        peaks_save(engine->durations);
    }
    return err == OK ? dice_save(engine->dice, diags) : err;
}

/* The clock cannot be another one in a namespace: what says the time in seconds is seen by starting
 * in another second. time() is up to a tick behind, at most 10 ms. */
static void second_pass(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) == 0) {
        struct timespec rest = {.tv_nsec = 1000000000 - now.tv_nsec + 20000000};
        rest.tv_sec = rest.tv_nsec / 1000000000;
        rest.tv_nsec %= 1000000000;
        (void)nanosleep(&rest, NULL);
    }
}

/* All that was built is made once more, and compared. */
static enum err check_run(
    struct engine *engine, struct strs patterns, struct arena *arena, struct diags *diags)
{
    struct dice_want want = {
        .kind = KEY_CHECKS, .arg = goal_key(&engine->options, patterns, arena)};
    struct dice_request request = {.wants = &want,
        .count = 1,
        .keep_going = engine->options.keep_going,
        .describe = build_key_describe};
    build_analyses_forget(engine);
    second_pass();
    enum err err = dice_run(engine->dice, &request, diags);
    return err == OK && want.status != DICE_OK ? ERR_INVALID : err;
}

enum err build_run(struct engine *engine, const char *const *patterns, size_t count,
    struct arena *arena, struct goal *ret_goal, struct diags *diags)
{
    struct strs absolute;
    enum err err = build_patterns_read(engine, patterns, count, arena, &absolute, diags);
    if (err != OK) {
        return err;
    }
    events_begin(engine, absolute);
    for (unsigned round = 0; round < ROUNDS_MAX; round++) {
        struct diags found;
        diags_init(&found, arena, engine->sources);
        err = round_run(engine, absolute, arena, ret_goal, &found);
        if (err != ERR_CORRUPT || round + 1 == ROUNDS_MAX) {
            diags_append(diags, &found);
            break;
        }
        progress_diags(engine, &found);
        progress_text(engine, STR("straylight: what was damaged is made again\n"));
        build_analyses_forget(engine);
        table_release(&engine->ready);
    }
    if (engine->options.check && (err == OK || engine->options.keep_going) &&
        !atomic_load(&engine->interrupted)) {
        enum err checked = check_run(engine, absolute, arena, diags);
        err = err == OK ? checked : err;
    }
    progress_clear(engine);
    if (err == OK || engine->exec != NULL) { /* what succeeded is remembered, whatever failed */
        enum err saved = build_save(engine, diags);
        err = err == OK ? saved : err;
        if (engine->store_is_read_only && engine->exec != NULL) {
            progress_text(engine, STR("straylight: the store cannot be written to: what this build "
                                      "found out is not kept for the next\n"));
        }
    }
    events_done(engine, err == OK);
    record_write(engine, ret_goal, err == OK);
    return err;
}

void build_counts_get(const struct engine *engine, struct build_counts *ret_counts)
{
    *ret_counts = (struct build_counts){.run = engine->run_count,
        .cached = engine->hit_count,
        .checked = engine->checked_count,
        .differing = engine->differing_count,
        .interrupted = atomic_load(&engine->interrupted)};
}

enum err build_blob_get(struct engine *engine, const struct digest *digest, struct arena *arena,
    struct str *ret_bytes, struct diags *diags)
{
    enum err err = engine_store(engine, diags);
    return err == OK ? store_get(engine->store, digest, FILE_BYTES_MAX, arena, ret_bytes, diags)
                     : err;
}

enum err build_output_path(struct engine *engine, const struct goal_output *output,
    struct arena *arena, struct str *ret_path, struct diags *diags)
{
    struct str path;
    enum err err = engine_store(engine, diags);
    if (err == OK) {
        err = store_blob_path(
            engine->store, &output->digest, output->kind == TREE_EXECUTABLE, arena, &path, diags);
    }
    if (err == OK) {
        *ret_path = arena_printf(arena, "%s/%.*s", engine->options.store_root, STR_ARG(path));
    }
    return err;
}

bool build_test_ran(struct engine *engine, struct label label)
{
    struct arena arena = {0};
    bool ran = table_get(&engine->tests_ran, label_key(label, &arena)) != TABLE_NONE;
    arena_release(&arena);
    return ran;
}

struct str build_label_show(struct engine *engine, struct label label, struct arena *arena)
{
    return label_show(engine, label, arena);
}

enum err build_clean(struct engine *engine, uint64_t *ret_count, struct diags *diags)
{
    enum err err = links_remove(engine, ret_count, diags);
    return err == OK ? tree_remove(AT_FDCWD, engine->workspace.state, diags) : err;
}
