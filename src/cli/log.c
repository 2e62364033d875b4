/* src/cli/log.c: `straylight log`: what builds of this workspace did. */
#include "build/log.h"
#include "base/file.h"
#include "build/build.h"
#include "build/rerun.h"
#include "build/workspace.h"
#include "cli/command.h"
#include "codec/json.h"
#include <fcntl.h>
#include <time.h>

enum {
    LOG_LIST,
    LOG_BUILD,
    LOG_COMMAND,
    LOG_ACTION,
    LOG_TRACE,
    LOG_JSON,
};
static const struct option_spec options[] = {
    [LOG_LIST] = {.name = "list", .kind = OPTION_FLAG, .help = "list the builds that are known"},
    [LOG_BUILD] = {.name = "build",
        .kind = OPTION_NUMBER,
        .value = "N",
        .help = "build N instead of the last one",
        .number_max = LOG_NUMBER_MAX},
    [LOG_COMMAND] = {.name = "command",
        .kind = OPTION_TEXT,
        .value = "LABEL#ACTION",
        .help = "print the exact command of an action, as a shell takes it"},
    [LOG_ACTION] = {.name = "action",
        .kind = OPTION_TEXT,
        .value = "LABEL#ACTION|DIGEST",
        .help = "print all that is known of an action: command, inputs, outputs"},
    [LOG_TRACE] = {.name = "trace",
        .kind = OPTION_TEXT,
        .value = "FILE",
        .help = "write the build as a trace for Perfetto or chrome://tracing"},
    [LOG_JSON] = {.name = "json", .kind = OPTION_FLAG, .help = "print the result as JSON"},
};
static const char *const end_words[LOG_END_COUNT] = {[LOG_CACHED] = "cached",
    [LOG_RAN] = "ran",
    [LOG_FAILED] = "failed",
    [LOG_WOULD] = "would run",
    [LOG_WAITS] = "waits"};

static const char *const check_words[LOG_CHECK_COUNT] = {
    [LOG_UNCHECKED] = "", [LOG_REPRODUCIBLE] = "reproducible", [LOG_DIFFERS] = "not reproducible"};

/* Of all records that can be read: ret_builds rises by number. */
static enum err builds_read(struct cli *cli, struct workspace *ret_workspace,
    struct log_build **ret_builds, size_t *ret_count)
{
    const char *root = NULL;
    uint64_t *numbers = NULL;
    size_t count = 0;
    enum err err = cli_store_root(cli, &root);
    err = err == OK ? workspace_find(root, &cli->arena, ret_workspace, &cli->diags) : err;
    err = err == OK ? log_numbers(ret_workspace->state, &cli->arena, &numbers, &count, &cli->diags)
                    : err;
    *ret_builds = ARENA_NEW(&cli->arena, struct log_build, count);
    *ret_count = 0;
    bool all = cli->args.values[LOG_LIST].given || cli->args.values[LOG_COMMAND].given ||
               cli->args.values[LOG_ACTION].given;
    struct option_value only = cli->args.values[LOG_BUILD];
    for (size_t i = 0; i < count && err == OK; i++) {
        if (only.given ? only.number != numbers[i] : !all && i + 1 < count) {
            continue;
        }
        err = log_read(
            ret_workspace->state, numbers[i], &cli->arena, &(*ret_builds)[*ret_count], &cli->diags);
        *ret_count += err == OK;
        err = err == ERR_ABSENT ? OK : err; /* damaged, or removed meanwhile */
    }
    if (err != OK || *ret_count > 0) {
        return err;
    }
    if (only.given) {
        err = diag_add(&cli->diags, ERR_INVALID, SPAN_NONE, "the log has no build %llu",
            (unsigned long long)only.number);
        diag_help(&cli->diags, "\"straylight log --list\" lists those that it has");
        return err;
    }
    err = diag_add(&cli->diags, ERR_INVALID, SPAN_NONE,
        "the log has no build yet: nothing was run or looked up in this workspace");
    return err;
}

static struct str time_show(struct cli *cli, uint64_t us)
{
    time_t seconds = (time_t)(us / 1000000);
    struct tm tm;
    char text[32];
    bool known = gmtime_r(&seconds, &tm) != NULL &&
                 strftime(text, sizeof text, "%Y-%m-%d %H:%M:%SZ", &tm) > 0;
    return known ? arena_str(&cli->arena, str_of(text)) : STR("?");
}

static uint64_t count_of(const struct log_build *build, enum log_end end)
{
    uint64_t count = 0;
    for (size_t i = 0; i < build->action_count; i++) {
        count += build->actions[i].end == end;
    }
    return count;
}

static unsigned long long ms(uint64_t us)
{
    return (unsigned long long)((us + 500) / 1000);
}

static void head_add(struct cli *cli, const struct log_build *build, struct buf *text)
{
    struct str when = time_show(cli, build->started_us);
    buf_printf(text, "build %llu  %.*s  %s", (unsigned long long)build->number, STR_ARG(when),
        build->tests ? "test" : "build");
    for (size_t i = 0; i < build->patterns.count; i++) {
        buf_printf(text, " %.*s", STR_ARG(build->patterns.at[i]));
    }
    buf_printf(text, "  %s  %llu ms: %llu ran, %llu failed, %llu cached\n",
        build->interrupted ? "interrupted"
        : build->ok        ? "done"
                           : "failed",
        ms(build->wall_us), (unsigned long long)count_of(build, LOG_RAN),
        (unsigned long long)count_of(build, LOG_FAILED),
        (unsigned long long)count_of(build, LOG_CACHED));
}

static void build_print(struct cli *cli, const struct log_build *build)
{
    AUTO_BUF text = {0};
    head_add(cli, build, &text);
    for (size_t i = 0; i < build->action_count; i++) {
        const struct log_action *action = &build->actions[i];
        buf_printf(&text, "%7llu ms  %-6s  %.*s: %.*s  (%s%.*s", ms(action->wall_us),
            end_words[action->end], STR_ARG(action->label), STR_ARG(action->what),
            action->cause.len > 0 ? "because of " : "new", STR_ARG(action->cause));
        if (action->waited_us > 0) {
            buf_printf(&text, "; waited %llu ms for %llu MiB of memory", ms(action->waited_us),
                (unsigned long long)(action->memory_bytes >> 20));
        }
        buf_printf(&text, "%s%s)\n", action->check == 0 ? "" : "; ", check_words[action->check]);
    }
    size_t *rows, count;
    uint64_t wall_us;
    log_critical_path(build, &cli->arena, &rows, &count, &wall_us);
    buf_printf(&text, "critical path: %llu ms of %llu ms\n", ms(wall_us), ms(build->wall_us));
    for (size_t i = 0; i < count; i++) {
        const struct log_action *action = &build->actions[rows[i]];
        buf_printf(&text, "%7llu ms  %.*s: %.*s\n", ms(action->wall_us), STR_ARG(action->label),
            STR_ARG(action->what));
    }
    cli_print(buf_str(&text));
}

static void action_json(struct json *json, const struct log_action *action, bool with_inputs)
{
    json_begin(json, '{');
    json_key_str(json, STR("label"), action->label);
    json_key_str(json, STR("action"), action->identifier);
    json_key_str(json, STR("what"), action->what);
    json_key_str(json, STR("end"), str_of(end_words[action->end]));
    json_key_str(json, STR("cause"), action->cause);
    if (action->check != LOG_UNCHECKED) {
        json_key_bool(json, STR("reproducible"), action->check == LOG_REPRODUCIBLE);
    }
    json_key_str(json, STR("digest"), action->digest);
    json_key_number(json, STR("start_us"), action->start_us);
    json_key_number(json, STR("wall_us"), action->wall_us);
    json_key_number(json, STR("user_us"), action->user_us);
    json_key_number(json, STR("system_us"), action->system_us);
    json_key_number(json, STR("rss_max_bytes"), action->rss_max_bytes);
    json_key_number(json, STR("memory_bytes"), action->memory_bytes);
    json_key_number(json, STR("waited_us"), action->waited_us);
    json_key_number(json, STR("input_count"), action->input_count);
    if (with_inputs) {
        json_key(json, STR("inputs"));
        json_begin(json, '[');
        for (size_t i = 0; i < action->input_count; i++) {
            json_begin(json, '{');
            json_key_str(json, STR("path"), action->inputs[i].path);
            json_key_str(json, STR("digest"), action->inputs[i].digest);
            json_end(json, '}');
        }
        json_end(json, ']');
        json_key_strs(json, STR("trees"), action->trees.at, action->trees.count);
    }
    json_key_strs(json, STR("argv"), action->argv.at, action->argv.count);
    json_key_strs(json, STR("env"), action->env.at, action->env.count);
    json_key_strs(json, STR("outputs"), action->outputs.at, action->outputs.count);
    json_end(json, '}');
}

static void build_json(
    struct cli *cli, const struct log_build *build, bool with_actions, struct json *json)
{
    json_begin(json, '{');
    json_key_number(json, STR("number"), build->number);
    json_key_str(json, STR("started"), time_show(cli, build->started_us));
    json_key_str(json, STR("command"), build->tests ? STR("test") : STR("build"));
    json_key_strs(json, STR("patterns"), build->patterns.at, build->patterns.count);
    json_key_bool(json, STR("ok"), build->ok);
    json_key_bool(json, STR("interrupted"), build->interrupted);
    json_key_number(json, STR("wall_us"), build->wall_us);
    json_key_number(json, STR("ran"), count_of(build, LOG_RAN));
    json_key_number(json, STR("failed"), count_of(build, LOG_FAILED));
    json_key_number(json, STR("cached"), count_of(build, LOG_CACHED));
    if (with_actions) {
        json_key(json, STR("actions"));
        json_begin(json, '[');
        for (size_t i = 0; i < build->action_count; i++) {
            action_json(json, &build->actions[i], false);
        }
        json_end(json, ']');
        size_t *rows, count;
        uint64_t wall_us;
        log_critical_path(build, &cli->arena, &rows, &count, &wall_us);
        json_key_number(json, STR("critical_path_us"), wall_us);
        json_key(json, STR("critical_path"));
        json_begin(json, '[');
        for (size_t i = 0; i < count; i++) { /* indexes of "actions" */
            json_number(json, rows[i]);
        }
        json_end(json, ']');
    }
    json_end(json, '}');
}

/* Chrome's trace event format: complete events ("X"), one thread for each lane. */
static enum err trace_write(struct cli *cli, const struct log_build *build, const char *path)
{
    AUTO_BUF text = {0};
    struct json json = {.text = &text};
    json_begin(&json, '{');
    json_key_str(&json, STR("displayTimeUnit"), STR("ms"));
    json_key(&json, STR("traceEvents"));
    json_begin(&json, '[');
    for (size_t i = 0; i < build->action_count; i++) {
        const struct log_action *action = &build->actions[i];
        json_begin(&json, '{');
        json_key_str(&json, STR("name"), action->what);
        json_key_str(&json, STR("cat"), str_of(end_words[action->end]));
        json_key_str(&json, STR("ph"), STR("X"));
        json_key_number(&json, STR("ts"), action->start_us);
        json_key_number(&json, STR("dur"), action->wall_us);
        json_key_number(&json, STR("pid"), build->number);
        json_key_number(&json, STR("tid"), action->lane);
        json_key(&json, STR("args"));
        json_begin(&json, '{');
        json_key_str(&json, STR("label"), action->label);
        json_key_str(&json, STR("cause"), action->cause);
        json_key_str(&json, STR("digest"), action->digest);
        json_key_number(&json, STR("cpu_us"), action->user_us + action->system_us);
        json_key_number(&json, STR("rss_max_bytes"), action->rss_max_bytes);
        json_key_number(&json, STR("memory_bytes"), action->memory_bytes);
        json_key_number(&json, STR("waited_us"), action->waited_us);
        json_end(&json, '}');
        json_end(&json, '}');
    }
    json_end(&json, ']');
    json_end(&json, '}');
    buf_add_byte(&text, '\n');
    return file_write_atomic(AT_FDCWD, path, buf_str(&text), &cli->diags);
}

static void command_add(struct buf *text, const struct log_action *action)
{
    buf_add(text, STR("env -i"));
    for (size_t i = 0; i < action->env.count; i++) {
        buf_add_byte(text, ' ');
        shell_word_add(text, action->env.at[i]);
    }
    for (size_t i = 0; i < action->argv.count; i++) {
        buf_add_byte(text, ' ');
        shell_word_add(text, action->argv.at[i]);
    }
    buf_add_byte(text, '\n');
}

static void lines_add(struct buf *text, const char *head, struct strs lines)
{
    for (size_t i = 0; i < lines.count; i++) {
        buf_printf(text, "  %-9s%.*s\n", i == 0 ? head : "", STR_ARG(lines.at[i]));
    }
}

static void action_add(struct cli *cli, struct buf *text, const struct log_build *build,
    const struct log_action *action)
{
    struct str when = time_show(cli, build->started_us);
    struct str digest = str_sub(action->digest, 0, str_find(action->digest, '/'));
    buf_printf(text, "%.*s: %.*s\n  %-9s%.*s\n  %-9s%llu  %.*s  %s  %llu ms  (%s%.*s)\n  %-9s",
        STR_ARG(action->label), STR_ARG(action->what), "digest", STR_ARG(action->digest), "build",
        (unsigned long long)build->number, STR_ARG(when), end_words[action->end],
        ms(action->wall_us), action->cause.len > 0 ? "because of " : "new", STR_ARG(action->cause),
        "command");
    command_add(text, action);
    if (action->check != LOG_UNCHECKED) {
        buf_printf(text, "  %-9s%s\n", "check", check_words[action->check]);
    }
    lines_add(text, "trees", action->trees);
    struct str *inputs = ARENA_NEW(&cli->arena, struct str, action->input_count);
    for (size_t i = 0; i < action->input_count; i++) {
        inputs[i] = arena_printf(&cli->arena, "%.*s  %.*s", STR_ARG(action->inputs[i].path),
            STR_ARG(action->inputs[i].digest));
    }
    lines_add(text, "inputs", (struct strs){.at = inputs, .count = action->input_count});
    lines_add(text, "outputs", action->outputs);
    buf_printf(text, "  %-9sstraylight shell --action %.*s\n", "again", STR_ARG(digest));
}

static bool is_asked(
    const struct log_action *action, const struct pattern *pattern, struct str digits)
{
    return pattern == NULL ? str_starts(action->digest, digits)
                           : log_action_matches(action, pattern);
}

/* Those of the newest build that knows any; as JSON a list. */
static void actions_add(struct cli *cli, const struct log_build *builds, size_t count,
    const struct pattern *pattern, struct str digits, struct buf *out)
{
    const struct option_value *values = cli->args.values;
    struct json json = {.text = out};
    for (size_t i = count; i > 0 && out->len == 0; i--) {
        for (size_t j = 0; j < builds[i - 1].action_count; j++) {
            const struct log_action *action = &builds[i - 1].actions[j];
            if (!is_asked(action, pattern, digits)) {
                continue;
            }
            if (values[LOG_JSON].given && out->len == 0) {
                json_begin(&json, '[');
            }
            if (values[LOG_JSON].given) {
                action_json(&json, action, true);
            } else if (values[LOG_COMMAND].given) {
                command_add(out, action);
            } else {
                action_add(cli, out, &builds[i - 1], action);
            }
        }
    }
    if (values[LOG_JSON].given && out->len > 0) {
        json_end(&json, ']');
        buf_add_byte(out, '\n');
    }
}

static enum err actions_print(struct cli *cli, const struct workspace *workspace,
    const struct log_build *builds, size_t count, struct str text)
{
    bool by_digest = rerun_is_digest(text);
    struct pattern pattern = {0};
    struct str absolute = pattern_absolute(text, workspace->here, &cli->arena);
    enum err err =
        by_digest ? OK
                  : pattern_parse(absolute, STR(""), SPAN_NONE, &cli->arena, &pattern, &cli->diags);
    if (err != OK) {
        return err;
    }
    AUTO_BUF out = {0};
    actions_add(cli, builds, count, by_digest ? NULL : &pattern, text, &out);
    if (out.len == 0) {
        err = diag_add(&cli->diags, ERR_INVALID, SPAN_NONE,
            "no build that the log knows ran or looked up %.*s", STR_ARG(text));
        diag_help(&cli->diags, "\"straylight build -n -v %.*s\" prints commands that would run",
            STR_ARG(by_digest ? STR("...") : text));
    }
    cli_print(buf_str(&out));
    return err;
}

static void list_print(struct cli *cli, const struct log_build *builds, size_t count)
{
    AUTO_BUF text = {0};
    struct json json = {.text = &text};
    if (!cli->args.values[LOG_JSON].given) {
        for (size_t i = 0; i < count; i++) {
            head_add(cli, &builds[i], &text);
        }
    } else {
        json_begin(&json, '[');
        for (size_t i = 0; i < count; i++) {
            build_json(cli, &builds[i], false, &json);
        }
        json_end(&json, ']');
        buf_add_byte(&text, '\n');
    }
    cli_print(buf_str(&text));
}

static enum cli_status log_command(struct cli *cli)
{
    const struct option_value *values = cli->args.values;
    if (values[LOG_LIST].given + values[LOG_COMMAND].given + values[LOG_ACTION].given +
            values[LOG_TRACE].given >
        1) {
        enum err err = diag_add(&cli->diags, ERR_INVALID, SPAN_NONE,
            "--list, --command, --action and --trace exclude each other");
        return err == OK ? CLI_DONE : CLI_MISUSE;
    }
    struct workspace workspace;
    struct log_build *builds;
    size_t count;
    enum err err = builds_read(cli, &workspace, &builds, &count);
    if (err != OK) {
        return cli_status_of(err);
    }
    const struct log_build *last = &builds[count - 1];
    if (values[LOG_LIST].given) {
        list_print(cli, builds, count);
    } else if (values[LOG_COMMAND].given || values[LOG_ACTION].given) {
        err = actions_print(cli, &workspace, builds, count,
            values[LOG_COMMAND].given ? values[LOG_COMMAND].text : values[LOG_ACTION].text);
    } else if (values[LOG_TRACE].given) {
        err = trace_write(cli, last, arena_cstr(&cli->arena, values[LOG_TRACE].text));
    } else if (values[LOG_JSON].given) {
        AUTO_BUF text = {0};
        struct json json = {.text = &text};
        build_json(cli, last, true, &json);
        buf_add_byte(&text, '\n');
        cli_print(buf_str(&text));
    } else {
        build_print(cli, last);
    }
    return cli_status_of(err);
}

const struct command command_log = {
    .spec = {.name = "log",
        .operands = "",
        .summary = "what the last builds did, and how long it took",
        .about = "Says what ran in the last build that had something to do, why, how long it\n"
                 "took, what was found in the action cache, and which chain of actions the\n"
                 "build had to wait for (the critical path).",
        .options = options,
        .option_count = sizeof options / sizeof options[0]},
    .run = log_command,
};
