/* src/cli/help.c: help, version, complete: what the tables of the commands say of themselves. */
#include "build/query.h"
#include "build/workspace.h"
#include "cli/command.h"
#include "cli/version.h"
#include <stdlib.h>

static void help_line(const struct command_spec *spec, struct buf *ret_text)
{
    AUTO_BUF left = {0};
    buf_printf(&left, "%s%s%s", spec->name, spec->operands[0] == '\0' ? "" : " ", spec->operands);
    if (left.len > 32) {
        buf_printf(ret_text, "  %.*s\n  %34s%s\n", STR_ARG(buf_str(&left)), "", spec->summary);
    } else {
        buf_printf(ret_text, "  %-34.*s%s\n", STR_ARG(buf_str(&left)), spec->summary);
    }
}

/* group: "store" for the commands of that group only; empty for all. */
static void help_list(struct str group, struct buf *ret_text)
{
    size_t count = 0;
    const struct command *const *commands = commands_all(&count);
    for (size_t i = 0; i < count; i++) {
        struct str name = str_of(commands[i]->spec.name);
        bool in_group = group.len == 0 || (str_starts(name, group) && name.len > group.len &&
                                              name.ptr[group.len] == ' ');
        if (!commands[i]->spec.hidden && in_group) {
            help_line(&commands[i]->spec, ret_text);
        }
    }
}

static const struct command *command_by_name(struct str name)
{
    size_t count = 0;
    const struct command *const *commands = commands_all(&count);
    for (size_t i = 0; i < count; i++) {
        if (str_eq(str_of(commands[i]->spec.name), name)) {
            return commands[i];
        }
    }
    return NULL;
}

static enum cli_status help_run(struct cli *cli)
{
    AUTO_BUF name = {0};
    for (size_t i = 0; i < cli->args.operand_count; i++) {
        buf_printf(&name, "%s%s", i == 0 ? "" : " ", cli->args.operands[i]);
    }
    AUTO_BUF text = {0};
    const struct command *command = command_by_name(buf_str(&name));
    if (command != NULL) {
        option_help("straylight", &command->spec, &text);
        cli_print(buf_str(&text));
        return CLI_DONE;
    }
    AUTO_BUF list = {0};
    help_list(buf_str(&name), &list);
    if (list.len == 0) {
        enum err err = diag_add(&cli->diags, ERR_INVALID, SPAN_NONE, "there is no command \"%.*s\"",
            STR_ARG(buf_str(&name)));
        diag_help(&cli->diags, "see \"straylight --help\"");
        return err == OK ? CLI_DONE : CLI_MISUSE;
    }
    buf_printf(&text,
        "straylight: builds software, keeps what it built, and can prove what it did\n\n"
        "usage: straylight %s%sCOMMAND [OPTION...] [OPERAND...]\n\n%.*s\n"
        "Every command has --help. Exit status: 0 done, 1 the build or check failed,\n"
        "2 wrong use, 3 the environment failed.\n",
        name.len == 0 ? "" : cli->args.operands[0], name.len == 0 ? "" : " ",
        STR_ARG(buf_str(&list)));
    cli_print(buf_str(&text));
    return CLI_DONE;
}

const struct command command_help = {
    .spec = {.name = "help",
        .operands = "[COMMAND]",
        .summary = "print the list of commands, or the help of one",
        .operand_kind = OPERAND_COMMAND,
        .operand_max = 2},
    .run = help_run,
};

static enum cli_status version_run(struct cli *cli)
{
    (void)cli;
    cli_print(STR("straylight " STRAYLIGHT_VERSION "\n"));
    return CLI_DONE;
}

const struct command command_version = {
    .spec = {.name = "version", .operands = "", .summary = "print the version"},
    .run = version_run,
};

static enum cli_status complete_script(enum option_shell shell)
{
    size_t count = 0;
    const struct command *const *commands = commands_all(&count);
    const struct command_spec **specs = memory_calloc(count, sizeof *specs);
    for (size_t i = 0; i < count; i++) {
        specs[i] = &commands[i]->spec;
    }
    AUTO_BUF text = {0};
    option_complete("straylight", specs, count, shell, &text);
    cli_print(buf_str(&text));
    free(specs);
    return CLI_DONE;
}

/* SYNOPSIS and OPTIONS of one command's manual page; man/update puts them there. */
static enum cli_status complete_mdoc(struct cli *cli)
{
    AUTO_BUF name = {0};
    for (size_t i = 1; i < cli->args.operand_count; i++) {
        buf_printf(&name, "%s%s", i == 1 ? "" : " ", cli->args.operands[i]);
    }
    const struct command *command = command_by_name(buf_str(&name));
    if (command == NULL) {
        enum err err = diag_add(&cli->diags, ERR_INVALID, SPAN_NONE, "there is no command \"%.*s\"",
            STR_ARG(buf_str(&name)));
        return err == OK ? CLI_DONE : CLI_MISUSE;
    }
    AUTO_BUF text = {0};
    option_mdoc("straylight", &command->spec, &text);
    cli_print(buf_str(&text));
    return CLI_DONE;
}

/* Names of all commands, one a line: for tests and for man/update. */
static enum cli_status complete_commands(void)
{
    size_t count = 0;
    const struct command *const *commands = commands_all(&count);
    for (size_t i = 0; i < count; i++) {
        if (!commands[i]->spec.hidden) {
            cli_print(str_of(commands[i]->spec.name));
            cli_print(STR("\n"));
        }
    }
    return CLI_DONE;
}

/* Labels that begin with the operand, one a line: what a shell asks while somebody types. Silent
 * where there is no workspace or a package is wrong: this is no place for messages. */
static enum cli_status complete_labels(struct cli *cli)
{
    struct str prefix = str_of(cli->args.operand_count > 1 ? cli->args.operands[1] : "");
    struct build_options options = {.jobs = 0};
    struct engine *engine = NULL;
    struct target *targets = NULL;
    size_t count = 0;
    enum err err = cli_store_root(cli, &options.store_root);
    err = err == OK ? build_open(&options, cli->sources, &engine, &cli->diags) : err;
    if (err != OK) {
        diags_init(&cli->diags, &cli->arena, cli->sources);
        return CLI_DONE;
    }
    bool here = str_starts(prefix, STR(":"));
    struct str folder = here ? build_workspace(engine)->here : STR("");
    err = build_targets(engine, folder, !here, &cli->arena, &targets, &count, &cli->diags);
    for (size_t i = 0; err == OK && i < count; i++) {
        struct str label = build_label_show(engine, targets[i].label, &cli->arena);
        label = here ? str_sub(label, str_find(label, ':'), label.len) : label;
        if (str_starts(label, prefix)) {
            cli_print(label);
            cli_print(STR("\n"));
        }
    }
    if (str_starts(STR("//..."), prefix)) {
        cli_print(STR("//...\n"));
    }
    build_close(engine);
    diags_init(&cli->diags, &cli->arena, cli->sources);
    return CLI_DONE;
}

static enum cli_status complete_run(struct cli *cli)
{
    struct str what = str_of(cli->args.operands[0]);
    if (str_eq(what, STR("labels"))) {
        return complete_labels(cli);
    }
    if (str_eq(what, STR("bash"))) {
        return complete_script(OPTION_BASH);
    }
    if (str_eq(what, STR("zsh"))) {
        return complete_script(OPTION_ZSH);
    }
    if (str_eq(what, STR("fish"))) {
        return complete_script(OPTION_FISH);
    }
    return str_eq(what, STR("mdoc")) ? complete_mdoc(cli) : complete_commands();
}

const struct command command_complete = {
    .spec = {.name = "complete",
        .operands = "bash|zsh|fish",
        .summary = "print the completion script of a shell",
        .about = "For bash:  source <(straylight complete bash)\n"
                 "For zsh:   source <(straylight complete zsh)\n"
                 "For fish:  straylight complete fish | source",
        .operand_kind = OPERAND_WORD,
        .operand_words = "bash|zsh|fish|labels|commands|mdoc",
        .operand_min = 1,
        .operand_max = 3},
    .run = complete_run,
};
