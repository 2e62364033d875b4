/* src/cli/main.c: finds the command, parses its options, runs it, prints its diags. */
#include "base/env.h"
#include "base/file.h"
#include "base/near.h"
#include "cli/command.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define COMMAND_ROW(name) &command_##name,
static const struct command *const commands[] = {COMMAND_LIST(COMMAND_ROW)};
#undef COMMAND_ROW
enum {
    COMMAND_COUNT = sizeof commands / sizeof commands[0],
};

const struct command *const *commands_all(size_t *ret_count)
{
    *ret_count = COMMAND_COUNT;
    return commands;
}

void cli_print(struct str text)
{
    (void)fwrite(text.ptr, 1, text.len, stdout); /* main looks at ferror(stdout) */
}

struct str cli_duration(struct arena *arena, uint64_t us)
{
    if (us < 10 * 1000) {
        return arena_printf(arena, "%.1f ms", (double)us / 1000);
    }
    return us < 10 * 1000 * 1000
               ? arena_printf(arena, "%llu ms", (unsigned long long)((us + 500) / 1000))
               : arena_printf(arena, "%.1f s", (double)us / (1000 * 1000));
}

void cli_tell(struct str text)
{
    (void)fflush(stdout);
    if (fd_write_all(STDERR_FILENO, text) != OK) {
        errno = 0; /* stderr is closed: there is nobody to tell */
    }
}

void cli_report(struct cli *cli)
{
    AUTO_BUF text = {0};
    diags_format(&cli->diags, cli->colour, &text);
    cli_tell(buf_str(&text));
    diags_init(&cli->diags, &cli->arena, cli->sources);
}

enum cli_status cli_status_of(enum err err)
{
    switch (err) {
    case OK:
        return CLI_DONE;
    case ERR_ABSENT:
    case ERR_INVALID:
    case ERR_CORRUPT:
    case ERR_LIMIT:
        return CLI_FAILED;
    case ERR_IO:
    case ERR_RETRY:
        return CLI_BROKEN;
    }
    return CLI_BROKEN;
}

enum err cli_store_root(struct cli *cli, const char **ret_root)
{
    static const struct {
        const char *variable, *below;
    } places[] = {{"STRAYLIGHT_STORE", ""}, {"XDG_CACHE_HOME", "/straylight"},
        {"HOME", "/.cache/straylight"}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const char *value = env_get(places[i].variable);
        if (value == NULL) {
            continue;
        }
        if (value[0] != '/') {
            return diag_add(&cli->diags, ERR_IO, SPAN_NONE,
                "%s is \"%s\", which is not an absolute path", places[i].variable, value);
        }
        *ret_root = arena_printf(&cli->arena, "%s%s", value, places[i].below).ptr;
        return OK;
    }
    enum err err = diag_add(&cli->diags, ERR_IO, SPAN_NONE, "there is no place for the store");
    diag_help(&cli->diags, "set STRAYLIGHT_STORE to a folder of your own, or HOME");
    return err;
}

enum err cli_store_open(struct cli *cli, struct store **ret_store)
{
    const char *root = NULL;
    enum err err = cli_store_root(cli, &root);
    return err != OK ? err : store_open(&io_real, root, ret_store, &cli->diags);
}

/* auto|always|never: is it wanted on fd? */
static bool switched_on(struct option_value value, int fd)
{
    if (value.given && !str_eq(value.text, STR("auto"))) {
        return str_eq(value.text, STR("always"));
    }
    const char *term = env_get("TERM");
    return isatty(fd) == 1 && (term == NULL || strcmp(term, "dumb") != 0);
}

static void terminal_look(struct cli *cli)
{
    struct option_value color = cli->args.common[OPTION_COMMON_COLOR];
    bool is_auto = !color.given || str_eq(color.text, STR("auto"));
    bool refused = is_auto && env_get("NO_COLOR") != NULL;
    cli->colour = !refused && switched_on(color, STDERR_FILENO);
    cli->colour_out = !refused && switched_on(color, STDOUT_FILENO);
    cli->progress = switched_on(cli->args.common[OPTION_COMMON_PROGRESS], STDERR_FILENO);
}

/* How many of words are the command's name; 0: they are not. */
static size_t name_match(const struct command *command, const char *const *words, size_t count)
{
    struct str name = str_of(command->spec.name);
    size_t matched = 0;
    while (name.len > 0 || matched == 0) {
        size_t blank = str_find(name, ' ');
        if (matched == count || !str_eq(str_sub(name, 0, blank), str_of(words[matched]))) {
            return 0;
        }
        matched++;
        name = str_sub(name, blank + 1, name.len);
    }
    return matched;
}

/* Is word the first one of a group's commands ("store" of "store add")? */
static bool is_group(const char *word)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        struct str name = str_of(commands[i]->spec.name);
        size_t blank = str_find(name, ' ');
        if (blank < name.len && str_eq(str_sub(name, 0, blank), str_of(word))) {
            return true;
        }
    }
    return false;
}

static enum cli_status unknown_command(struct cli *cli, const char *const *words, size_t count)
{
    struct str word = str_of(words[0]);
    if (is_group(words[0]) && count > 1 && words[1][0] != '-') {
        word = arena_printf(&cli->arena, "%s %s", words[0], words[1]);
    }
    struct str names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        names[i] = commands[i]->spec.hidden ? (struct str){0} : str_of(commands[i]->spec.name);
    }
    size_t near = near_find(word, names, COMMAND_COUNT);
    enum err err = diag_add(
        &cli->diags, ERR_INVALID, SPAN_NONE, "there is no command \"%.*s\"", STR_ARG(word));
    if (err != OK && near < COMMAND_COUNT) {
        diag_help(&cli->diags, "did you mean \"straylight %.*s\"?", STR_ARG(names[near]));
    }
    diag_help(&cli->diags, "see \"straylight --help\"");
    return CLI_MISUSE;
}

static enum cli_status command_start(struct cli *cli, const char *const *words, size_t word_count)
{
    const struct command_spec *spec = &cli->command->spec;
    enum err err = option_parse(spec, words, word_count, &cli->arena, &cli->args, &cli->diags);
    terminal_look(cli);
    if (err != OK) {
        diag_help(&cli->diags, "see \"straylight %s --help\"", spec->name);
        return CLI_MISUSE;
    }
    if (cli->args.common[OPTION_COMMON_HELP].given) {
        AUTO_BUF text = {0};
        option_help("straylight", spec, &text);
        cli_print(buf_str(&text));
        return CLI_DONE;
    }
    return cli->command->run(cli);
}

/* `straylight`, `straylight --help` and `straylight store`: the list of commands. */
static enum cli_status without_command(struct cli *cli, const char *const *words, size_t count)
{
    bool version = count > 0 && strcmp(words[0], "--version") == 0;
    bool help = count > 0 && (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0);
    cli->command = version ? &command_version : &command_help;
    if (version || help) {
        return command_start(cli, words + 1, count - 1);
    }
    bool group = count > 0 && is_group(words[0]);
    bool group_help =
        group && count > 1 && (strcmp(words[1], "--help") == 0 || strcmp(words[1], "-h") == 0);
    if (group_help || (group && count == 1)) {
        enum cli_status status = command_start(cli, words, 1);
        return group_help || status != CLI_DONE ? status : CLI_MISUSE;
    }
    if (count == 0) {
        enum cli_status status = command_start(cli, words, 0);
        return status == CLI_DONE ? CLI_MISUSE : status;
    }
    return unknown_command(cli, words, count);
}

/* How many words are the options that may stand before a sub-command of dhall, as in dhall's own
 * program: flags, and what bounds evaluation. */
static size_t dhall_options_count(const char *const *words, size_t count)
{
    static const char *const flags[] = {
        "--ascii", "--unicode", "--plain", "--explain", "--censor", "--no-cache"};
    size_t at = 0;
    while (at < count) {
        bool known = strncmp(words[at], "--limit=", strlen("--limit=")) == 0;
        for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
            known = known || strcmp(words[at], flags[i]) == 0;
        }
        size_t taken = known ? 1 : strcmp(words[at], "--limit") == 0 ? 2 : 0;
        if (taken == 0 || at + taken > count) {
            break;
        }
        at += taken;
    }
    return at;
}

/* "dhall --ascii type FILE" is "dhall type --ascii FILE". */
static const char *const *dhall_words_order(struct cli *cli, const char *const *words, size_t count)
{
    size_t options = 0;
    if (count > 0 && strcmp(words[0], "dhall") == 0) {
        options = dhall_options_count(words + 1, count - 1);
    }
    if (options == 0 || options + 1 == count) {
        return words;
    }
    const char **ordered = ARENA_NEW(&cli->arena, const char *, count);
    memcpy(ordered, words, count * sizeof *ordered);
    ordered[1] = words[options + 1];
    memcpy(ordered + 2, words + 1, options * sizeof *ordered);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (name_match(commands[i], ordered, count) == 2) {
            return ordered;
        }
    }
    return words;
}

static enum cli_status dispatch(struct cli *cli, const char *const *words, size_t count)
{
    words = dhall_words_order(cli, words, count);
    size_t matched_most = 0;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        size_t matched = name_match(commands[i], words, count);
        if (matched > matched_most) {
            matched_most = matched;
            cli->command = commands[i];
        }
    }
    return matched_most == 0 ? without_command(cli, words, count)
                             : command_start(cli, words + matched_most, count - matched_most);
}

/* A closed 0, 1 or 2 would become the next file that is opened, and messages would go there. Each
 * is opened the wrong way round, so that to read or to write there still fails. */
static bool standard_fds_open(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) {
            return false;
        }
    }
    return true;
}

/* The commands of `straylight dhall` end as dhall's do: with 1, whatever went wrong. */
static bool is_dhall(const struct command *command)
{
    struct str name = command == NULL ? STR("") : str_of(command->spec.name);
    return str_eq(name, STR("dhall")) || str_starts(name, STR("dhall "));
}

int main(int argc, char **argv)
{
    if (!standard_fds_open()) {
        return CLI_BROKEN;
    }
    struct cli cli = {.sources = sources_new()};
    arena_init(&cli.arena);
    diags_init(&cli.diags, &cli.arena, cli.sources);
    size_t count = argc > 1 ? (size_t)argc - 1 : 0;
    enum cli_status status = dispatch(&cli, (const char *const *)argv + (argc > 0), count);
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        enum err err = diag_add_errno(&cli.diags, errno, "cannot write to standard output");
        status = status == CLI_DONE ? cli_status_of(err) : status;
    }
    if (cli.diags.newest != NULL) {
        cli_report(&cli);
    }
    if (status != CLI_DONE && is_dhall(cli.command)) {
        status = CLI_FAILED;
    }
    sources_free(cli.sources);
    arena_release(&cli.arena);
    return (int)status;
}
