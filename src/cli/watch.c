/* src/cli/watch.c: `straylight watch [build|test] [LABEL...]`.
 *
 *   build, tell -> watch_begin: what it read -> watch_wait: a content is another one -> build ...
 *
 * Each round has an engine, an arena and sources of its own: between two nothing is held but the
 * list of files. SIGINT, SIGTERM and SIGHUP are blocked all the time: a build takes them for an
 * interrupt, the wait between two for the end. */
#include "build/watch.h"
#include "base/file.h"
#include "cli/building.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    WATCH_CLEAR = BUILDING_OPTION_COUNT,
    WATCH_POLL,
    CHANGED_SHOWN_MAX = 3,
};
static const struct option_spec options[] = {
    BUILDING_OPTIONS,
    [WATCH_CLEAR] = {.name = "clear",
        .kind = OPTION_FLAG,
        .help = "clear the terminal before each build but the first"},
    [WATCH_POLL] = {.name = "poll",
        .kind = OPTION_FLAG,
        .help = "look at the files once a second: for file systems without inotify"},
};

struct watching {
    struct cli *cli;
    enum build_mode mode;
    const char *const *patterns;
    size_t pattern_count;
    struct watch *watch;
    int signal_fd;
    int events_fd;       /* or -1 */
    struct arena arena;  /* of changed */
    struct strs changed; /* since the last build */
    bool told;           /* that it waits */
};

static void tell(struct cli *cli, struct str text)
{
    cli_tell(arena_printf(&cli->arena, "straylight: %.*s\n", STR_ARG(text)));
}

static void state_tell(struct watching *watching, const struct watch_state *state, struct cli *cli)
{
    if (state->trouble.len > 0) {
        tell(cli, state->trouble);
    }
    if (!watching->told) {
        tell(cli, arena_printf(&cli->arena,
                      "waiting for %zu file%s in %zu folder%s to change; Ctrl-C ends this",
                      state->file_count, state->file_count == 1 ? "" : "s", state->folder_count,
                      state->folder_count == 1 ? "" : "s"));
        watching->told = true;
    }
}

/* One build, in a request of its own. *ret_opened: there was a workspace to build. */
static enum cli_status round_run(struct watching *watching, bool *ret_opened)
{
    struct cli cli = *watching->cli;
    cli.arena = (struct arena){0};
    cli.sources = sources_new();
    diags_init(&cli.diags, &cli.arena, cli.sources);
    struct building building = {
        .options = {.events_fd = watching->events_fd < 0 ? NULL : &watching->events_fd,
            .changed = watching->changed}};
    building_run(&building, &cli, watching->mode, watching->patterns, watching->pattern_count);
    enum cli_status status = building_status(&building);
    *ret_opened = building.engine != NULL;
    cli_report(&cli);
    if (building.engine != NULL && watching->mode == BUILD_TESTS) {
        status = testing_tell(&building, status, false);
    } else if (building.engine != NULL) {
        building_tell(&building, status);
    }
    (void)fflush(stdout);
    struct watch_state state;
    if (status == CLI_INTERRUPTED) {
        *ret_opened = true;
    } else if (watch_begin(watching->watch, building.engine, &state, &cli.diags) != OK) {
        cli_report(&cli);
    } else if (*ret_opened) {
        state_tell(watching, &state, &cli);
    }
    if (building_commands_update(&building) != OK) {
        cli_report(&cli);
    }
    building_end(&building);
    sources_free(cli.sources);
    arena_release(&cli.arena);
    return status;
}

static void changed_tell(const struct watching *watching)
{
    struct cli *cli = watching->cli;
    struct strs changed = watching->changed;
    AUTO_BUF text = {0};
    if (cli->args.values[WATCH_CLEAR].given && cli->colour_out) {
        cli_print(STR("\033[H\033[2J\033[3J"));
    }
    for (size_t i = 0; i < changed.count && i < CHANGED_SHOWN_MAX; i++) {
        buf_printf(&text, "%s%.*s", i > 0 ? ", " : "", STR_ARG(changed.at[i]));
    }
    if (changed.count > CHANGED_SHOWN_MAX) {
        buf_printf(&text, " and %zu more", changed.count - CHANGED_SHOWN_MAX);
    }
    buf_add(&text, STR(" changed"));
    tell(cli, buf_str(&text));
}

static enum cli_status rounds_run(struct watching *watching)
{
    bool opened = false;
    enum cli_status status = round_run(watching, &opened);
    if (!opened) {
        return status; /* there is nothing to wait for */
    }
    while (status != CLI_INTERRUPTED) {
        arena_release(&watching->arena);
        if (!watch_wait(
                watching->watch, watching->signal_fd, &watching->arena, &watching->changed)) {
            break;
        }
        changed_tell(watching);
        status = round_run(watching, &opened);
    }
    return status;
}

static enum err events_open(struct watching *watching)
{
    struct cli *cli = watching->cli;
    struct option_value events = cli->args.values[BUILDING_EVENTS];
    if (!events.given) {
        return OK;
    }
    const char *path = arena_cstr(&cli->arena, events.text);
    watching->events_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return watching->events_fd >= 0 ? OK
                                    : diag_add_errno(&cli->diags, errno, "cannot open %s", path);
}

static enum cli_status watch_command(struct cli *cli)
{
    struct watching watching = {.cli = cli,
        .patterns = (const char *const *)cli->args.operands,
        .pattern_count = cli->args.operand_count,
        .signal_fd = -1,
        .events_fd = -1};
    if (watching.pattern_count > 0) {
        struct str word = str_of(watching.patterns[0]);
        bool tests = str_eq(word, STR("test"));
        watching.mode = tests ? BUILD_TESTS : BUILD_OUTPUTS;
        if (tests || str_eq(word, STR("build"))) {
            watching.patterns++;
            watching.pattern_count--;
        }
    }
    enum cli_status status = CLI_BROKEN;
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    watching.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (watching.signal_fd < 0) {
        status = cli_status_of(diag_add_errno(&cli->diags, errno, "cannot wait for signals"));
    } else if (events_open(&watching) == OK) {
        watching.watch = watch_new(cli->args.values[WATCH_POLL].given);
        status = rounds_run(&watching);
        watch_free(watching.watch);
    }
    arena_release(&watching.arena);
    fd_close(&watching.events_fd);
    fd_close(&watching.signal_fd);
    return status;
}

const struct command command_watch = {
    .spec = {.name = "watch",
        .operands = "[build|test] [LABEL...]",
        .summary = "build or test again whenever a file changes",
        .about = "Builds the targets that are named (or runs the tests among them), then waits\n"
                 "until a file that this read has another content, and does so again. A file\n"
                 "that is saved as it was, or a branch that is switched there and back, is no\n"
                 "change. Ctrl-C ends it.\n"
                 "\n"
                 "Exit status: when it waits, that of the last build (0 or 1); 130 where a build\n"
                 "was interrupted.",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .operand_kind = OPERAND_LABEL,
        .operand_max = OPERANDS_MANY},
    .run = watch_command,
};
