/* src/cli/shell.c: `straylight shell --action LABEL#ACTION|DIGEST`.
 *
 *   engine: what the action sees now      \
 *   log: what it saw, by digest            > struct log_action -> rerun_run -> its exit status
 *
 * The engine is closed before the sandbox is made: a process with threads must not fork. */
#include "base/env.h"
#include "base/file.h"
#include "build/query.h"
#include "build/rerun.h"
#include "build/workspace.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "codec/reapi.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum {
    SHELL_ACTION,
    SHELL_COMMAND,
    SHELL_RUN,
    SHELL_TOOLS,
    SCRIPT_BYTES_MAX = 1024 * 1024,
    OUTPUT_BYTES_MAX = 64 * 1024 * 1024,
};
static const struct option_spec options[] = {
    [SHELL_ACTION] = {.name = "action",
        .kind = OPTION_TEXT,
        .value = "LABEL#ACTION|DIGEST",
        .help = "which action: as it would run now, or as a build of the log did it"},
    [SHELL_COMMAND] = {.name = "command",
        .letter = 'c',
        .kind = OPTION_TEXT,
        .value = "TEXT",
        .help = "run this by the shell instead of asking what to do"},
    [SHELL_RUN] = {.name = "run",
        .kind = OPTION_FLAG,
        .help = "run the action's own command, in its sandbox as it is, without a shell"},
    [SHELL_TOOLS] = {.name = "tools",
        .kind = OPTION_TEXT,
        .value = "DIGEST",
        .help = "a tree of the store with a shell, instead of this machine's"},
};

struct session {
    struct cli *cli;
    struct store *store;
    struct log_action action;
    struct rerun_tools tools;
    struct exec *exec;
    struct terminal *terminal;
};

static enum err by_digest(struct session *session, const char *store_root, struct str text)
{
    struct cli *cli = session->cli;
    struct workspace workspace;
    uint64_t *numbers = NULL;
    size_t count = 0, read_count = 0;
    enum err err = workspace_find(store_root, &cli->arena, &workspace, &cli->diags);
    err =
        err == OK ? log_numbers(workspace.state, &cli->arena, &numbers, &count, &cli->diags) : err;
    struct log_build *builds = ARENA_NEW(&cli->arena, struct log_build, count);
    for (size_t i = 0; i < count && err == OK; i++) {
        err = log_read(workspace.state, numbers[i], &cli->arena, &builds[read_count], &cli->diags);
        read_count += err == OK;
        err = err == ERR_ABSENT ? OK : err;
    }
    const struct log_action *found = NULL;
    err = err == OK ? rerun_find_digest(builds, read_count, text, &found) : err;
    if (err == ERR_ABSENT) {
        err = diag_add(&cli->diags, ERR_INVALID, SPAN_NONE,
            "no build that the log knows ran or looked up an action %.*s", STR_ARG(text));
        diag_help(&cli->diags, "\"straylight log --json\" has the digests of actions");
    }
    if (err == OK) {
        session->action = *found;
    }
    return err;
}

static enum err by_label(struct session *session, const char *store_root, struct str text)
{
    struct cli *cli = session->cli;
    struct build_options build_options = {
        .store_root = store_root, .progress = cli->progress, .colour = cli->colour};
    struct engine *engine = NULL;
    enum err err = build_open(&build_options, cli->sources, &engine, &cli->diags);
    if (err != OK) {
        return err;
    }
    err = rerun_find(
        engine, arena_cstr(&cli->arena, text), &cli->arena, &session->action, &cli->diags);
    build_close(engine);
    return err;
}

static enum err action_find(struct session *session)
{
    struct cli *cli = session->cli;
    struct str text = cli->args.values[SHELL_ACTION].text;
    const char *store_root = NULL;
    enum err err = cli_store_root(cli, &store_root);
    if (err == OK) {
        err = rerun_is_digest(text) ? by_digest(session, store_root, text)
                                    : by_label(session, store_root, text);
    }
    return err;
}

static enum err tools_find(struct session *session)
{
    struct cli *cli = session->cli;
    struct option_value text = cli->args.values[SHELL_TOOLS];
    const char *path = env_get("PATH");
    struct probe probe = {
        .arena = &cli->arena, .diags = &cli->diags, .path = path == NULL ? "/usr/bin:/bin" : path};
    struct digest digest;
    if (text.given && digest_parse(text.text, &digest) != OK) {
        return diag_add(&cli->diags, ERR_INVALID, SPAN_NONE,
            "--tools %.*s: the digest of a tree is wanted", STR_ARG(text.text));
    }
    enum err err = rerun_tools_find(
        session->store, &session->action, &probe, text.given ? &digest : NULL, &session->tools);
    if (err == OK && session->tools.shell == NULL) {
        err = diag_add(&cli->diags, ERR_INVALID, SPAN_NONE,
            "there is no shell, neither in the action's trees nor %s",
            text.given ? "in that tree" : "on this machine");
        diag_help(&cli->diags, "--run runs the action's own command without one");
    }
    return err;
}

static void intro_tell(const struct session *session)
{
    const struct log_action *action = &session->action;
    AUTO_BUF text = {0};
    buf_printf(&text,
        "straylight: %.*s: %.*s, in its sandbox, with its inputs and environment.\n"
        "  to run its command: /" RERUN_FOLDER "/action\n"
        "  its outputs go to:  ",
        STR_ARG(action->label), STR_ARG(action->what));
    for (size_t i = 0; i < action->outputs.count; i++) {
        buf_printf(&text, "%s%.*s", i > 0 ? " " : "", STR_ARG(action->outputs.at[i]));
    }
    buf_printf(&text,
        "\n  what it does not see when it is built: /" RERUN_FOLDER
        ", and %zu files around the shell.\n"
        "  All that is written here is gone at the end.\n",
        session->tools.added_count);
    cli_tell(buf_str(&text));
}

static struct strs argv_make(
    struct session *session, const char *shell, const char *option, struct str text)
{
    struct str *at = ARENA_NEW(&session->cli->arena, struct str, 4);
    size_t count = 0;
    at[count++] = str_of(shell);
    if (session->tools.is_busybox) {
        at[count++] = STR("sh");
    }
    at[count++] = str_of(option);
    if (text.len > 0) {
        at[count++] = text;
    }
    return (struct strs){.at = at, .count = count};
}

static enum err script_read(struct cli *cli, struct str *ret_text)
{
    char *bytes = arena_alloc(&cli->arena, SCRIPT_BYTES_MAX + 1);
    ssize_t len = fd_read_full(STDIN_FILENO, bytes, SCRIPT_BYTES_MAX + 1);
    if (len < 0) {
        return diag_add_errno(&cli->diags, errno, "cannot read standard input");
    }
    if (len > SCRIPT_BYTES_MAX) {
        return diag_add(
            &cli->diags, ERR_LIMIT, SPAN_NONE, "more than a MiB of commands on standard input");
    }
    bytes[len] = '\0';
    *ret_text = (struct str){.ptr = bytes, .len = (size_t)len};
    return OK;
}

static void cancel(void *context)
{
    exec_cancel(context);
}

/* The descriptor of a terminal decides on how the sandbox is made. */
static enum err sandbox_make(struct session *session, bool is_terminal)
{
    struct cli *cli = session->cli;
    int fd = -1;
    if (!is_terminal) {
        return exec_new(session->store, 1, &session->exec, &cli->diags);
    }
    enum err err = terminal_open(&session->terminal, &fd, &cli->diags);
    err = err == OK ? exec_new_terminal(session->store, fd, &session->exec, &cli->diags) : err;
    return err == OK ? terminal_start(session->terminal, cancel, session->exec, &cli->diags) : err;
}

static void blob_write(struct session *session, const struct digest *digest, int fd)
{
    struct cli *cli = session->cli;
    struct str bytes;
    if (digest->size_bytes > 0 && store_get(session->store, digest, OUTPUT_BYTES_MAX, &cli->arena,
                                      &bytes, &cli->diags) == OK) {
        (void)fflush(stdout);
        (void)!fd_write_all(fd, bytes);
    }
}

/* What the action cache has of an output; false: nothing. */
static bool recorded_find(struct session *session, struct str path, struct digest *ret_digest)
{
    struct cli *cli = session->cli;
    struct digest key;
    struct str bytes;
    struct reapi_action_result result;
    struct diags ignored;
    diags_init(&ignored, &cli->arena, NULL);
    if (digest_parse(session->action.digest, &key) != OK ||
        action_cache_get(session->store, &key, &cli->arena, &bytes, &ignored) != OK ||
        reapi_action_result_decode(bytes, &cli->arena, &result) != OK) {
        return false;
    }
    for (size_t i = 0; i < result.output_file_count; i++) {
        if (str_eq(result.output_files[i].path, path)) {
            *ret_digest = result.output_files[i].digest;
            return true;
        }
    }
    for (size_t i = 0; i < result.output_directory_count; i++) {
        if (str_eq(result.output_directories[i].path, path)) {
            *ret_digest = result.output_directories[i].root_directory_digest;
            return true;
        }
    }
    return false;
}

/* Of --run: does it make what it made before? */
static void outputs_tell(struct session *session, const struct exec_result *result)
{
    AUTO_BUF text = {0};
    for (size_t i = 0; i < result->output_count; i++) {
        const struct exec_output *output = &result->outputs[i];
        char digest[DIGEST_TEXT_MAX];
        struct digest recorded;
        struct str shown = digest_format(&output->digest, digest);
        bool known = recorded_find(session, output->path, &recorded);
        buf_printf(&text, "straylight: %.*s  %.*s  %s\n", STR_ARG(output->path), STR_ARG(shown),
            !known                                  ? "nothing is recorded of it"
            : digest_eq(&recorded, &output->digest) ? "as recorded"
                                                    : "not what is recorded");
    }
    if (result->missing.len > 0) {
        buf_printf(&text, "straylight: %.*s  was not made\n", STR_ARG(result->missing));
    }
    cli_tell(buf_str(&text));
}

static enum cli_status ending(const struct exec_result *result)
{
    switch (result->end) {
    case EXEC_EXITED:
        return (enum cli_status)result->code; /* the command's own */
    case EXEC_SIGNALLED:
        return (enum cli_status)(128 + result->code); /* as shells say it */
    case EXEC_CANCELLED:
        return CLI_INTERRUPTED;
    case EXEC_FLOODED:
        cli_tell(STR("straylight: it printed more than 64 MiB, and was ended\n"));
        break;
    case EXEC_MEMORY:
        cli_tell(STR("straylight: it needed more memory than it may have, and was ended\n"));
        break;
    case EXEC_PROCESSES:
        cli_tell(STR("straylight: it had too many processes, and was ended\n"));
        break;
    case EXEC_TIMED_OUT:
        break;
    }
    return CLI_FAILED;
}

static enum cli_status session_run(struct session *session)
{
    struct cli *cli = session->cli;
    const struct option_value *values = cli->args.values;
    struct rerun rerun = {.action = &session->action};
    struct str script = values[SHELL_COMMAND].text;
    bool is_terminal = !values[SHELL_RUN].given && !values[SHELL_COMMAND].given &&
                       isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
    enum err err = values[SHELL_RUN].given ? OK : tools_find(session);
    if (err == OK && !values[SHELL_RUN].given) {
        rerun.tools = &session->tools.tree;
        if (is_terminal) {
            bool is_bash = session->tools.terminal != session->tools.shell;
            rerun.argv = argv_make(session, session->tools.terminal, is_bash ? "--noprofile" : "-i",
                is_bash ? STR("--norc") : STR(""));
            intro_tell(session);
        } else {
            err = values[SHELL_COMMAND].given ? OK : script_read(cli, &script);
            rerun.argv =
                argv_make(session, session->tools.shell, "-c", script.len > 0 ? script : STR(":"));
        }
    }
    err = err == OK ? sandbox_make(session, is_terminal) : err;
    struct exec_result result;
    err = err == OK
              ? rerun_run(session->exec, session->store, &rerun, &cli->arena, &result, &cli->diags)
              : err;
    terminal_close(session->terminal);
    exec_free(session->exec);
    if (err != OK) {
        return cli_status_of(err);
    }
    blob_write(session, &result.stdout_digest, STDOUT_FILENO);
    blob_write(session, &result.stderr_digest, STDERR_FILENO);
    if (values[SHELL_RUN].given) {
        outputs_tell(session, &result);
    }
    return ending(&result);
}

static enum cli_status shell_command(struct cli *cli)
{
    struct session session = {.cli = cli};
    const struct option_value *values = cli->args.values;
    if (!values[SHELL_ACTION].given || (values[SHELL_COMMAND].given && values[SHELL_RUN].given)) {
        enum err err = diag_add(&cli->diags, ERR_INVALID, SPAN_NONE, "%s",
            values[SHELL_ACTION].given ? "--command and --run exclude each other"
                                       : "--action is needed: which action?");
        return err == OK ? CLI_DONE : CLI_MISUSE;
    }
    enum err err = action_find(&session);
    if (err != OK) {
        return cli_status_of(err);
    }
    err = cli_store_open(cli, &session.store);
    if (err != OK) {
        return CLI_BROKEN;
    }
    enum cli_status status = session_run(&session);
    store_close(session.store);
    return status;
}

const struct command command_shell = {
    .spec = {.name = "shell",
        .operands = "",
        .summary = "one action again, alone in its sandbox, with a shell",
        .about =
            "Opens a shell in the sandbox of an action: its toolchain, its inputs, its\n"
            "environment, and nothing else but the shell and what belongs to it.\n"
            "/" RERUN_FOLDER "/action runs the action's own command there. A label is the action\n"
            "as it would run now, and what it reads is built first; a digest (eight digits\n"
            "of it are enough) is an action of the log as it was.\n"
            "\n"
            "Exit status: the command's, 128 and the signal's number if one ended it;\n"
            "1 there is no such action or shell, 2 wrong use, 3 the environment failed.",
        .options = options,
        .option_count = sizeof options / sizeof options[0]},
    .run = shell_command,
};
