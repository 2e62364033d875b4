/* src/cli/dhall_repl.c: `straylight dhall repl`.
 *
 *   names:  x -> import env:"REPL 1" (its text: what was bound)   it -> env:"REPL 2"
 *   input:  let x = env:"REPL 1" let it = env:"REPL 2" in
 *           <what was typed>
 *
 * So a name is read, checked and evaluated once, as every import of a session is. */
#include "base/env.h"
#include "base/file.h"
#include "cli/dhalling.h"
#include "cli/line_edit.h"
#include "dhall/parse.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct option_spec options[] = {DHALLING_OPTIONS};

struct name {
    struct str label;    /* as it is written: in backticks where it must be */
    struct str variable; /* "REPL 1" */
    bool saved;          /* by :let: `it` is not */
};
struct repl {
    struct cli *cli;
    struct dhalling dhalling;
    struct line_editor *editor;
    struct dhalling_text *texts; /* owned */
    size_t text_count, text_cap;
    struct name *names; /* owned; the last of equal ones counts */
    size_t name_count, name_cap;
    bool silent, over;
};

static void name_add(struct repl *repl, struct str label, struct str text, bool saved)
{
    struct arena *arena = &repl->cli->arena;
    if (repl->text_count == repl->text_cap) {
        repl->text_cap = repl->text_cap == 0 ? 16 : 2 * repl->text_cap;
        repl->texts = memory_realloc(repl->texts, repl->text_cap * sizeof repl->texts[0]);
    }
    if (repl->name_count == repl->name_cap) {
        repl->name_cap = repl->name_cap == 0 ? 16 : 2 * repl->name_cap;
        repl->names = memory_realloc(repl->names, repl->name_cap * sizeof repl->names[0]);
    }
    struct str variable = arena_printf(arena, "REPL %zu", repl->text_count + 1);
    repl->texts[repl->text_count++] =
        (struct dhalling_text){.name = variable, .text = arena_str(arena, text)};
    repl->names[repl->name_count++] =
        (struct name){.label = arena_str(arena, label), .variable = variable, .saved = saved};
    repl->dhalling.texts = repl->texts;
    repl->dhalling.text_count = repl->text_count;
}

/* The text with all names around it. `it`, if there is one, comes last. */
static void wrapped(const struct repl *repl, struct str text, struct buf *ret_text)
{
    for (size_t i = 0; i < repl->name_count; i++) {
        buf_printf(ret_text, "let %.*s = env:\"%.*s\" ", STR_ARG(repl->names[i].label),
            STR_ARG(repl->names[i].variable));
    }
    buf_printf(ret_text, "%s%.*s\n", repl->name_count == 0 ? "" : "in\n", STR_ARG(text));
}

static enum err load(struct repl *repl, struct str text, struct dhall_loaded *ret_loaded)
{
    AUTO_BUF whole = {0};
    wrapped(repl, text, &whole);
    struct sources *sources = repl->cli->sources;
    uint32_t source = sources_last(sources) + 1;
    enum err err = dhall_load_text(repl->dhalling.dhall, STR("(input)"), STR("."), buf_str(&whole),
        ret_loaded, &repl->cli->diags);
    sources_begin_set(sources, source, (uint32_t)(whole.len - 1 - text.len));
    return err;
}

static void say(const struct repl *repl, struct str text)
{
    if (!repl->silent) {
        cli_print(text);
    }
}

static enum err value_say(struct repl *repl, const struct dhall_value *value)
{
    AUTO_BUF text = {0};
    enum err err = dhalling_value_show(&repl->dhalling, value, false, &text);
    if (err == OK) {
        say(repl, STR("\n"));
        if (!repl->silent) {
            dhalling_print(repl->cli, buf_str(&text));
        }
        say(repl, STR("\n"));
    }
    return err;
}

static struct str trimmed(struct str text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.ptr[0]) != NULL) {
        text = str_sub(text, 1, text.len);
    }
    while (text.len > 0 && strchr(" \t\r\n", text.ptr[text.len - 1]) != NULL) {
        text.len--;
    }
    return text;
}

/* The text of a binding whose own text may mention all names: they are closed over. */
static struct str closed(const struct repl *repl, struct str text)
{
    AUTO_BUF whole = {0};
    wrapped(repl, text, &whole);
    return arena_str(&repl->cli->arena, buf_str(&whole));
}

static enum err evaluate(struct repl *repl, struct str text)
{
    struct dhall_loaded loaded;
    enum err err = load(repl, text, &loaded);
    if (err == OK) {
        err = value_say(repl, loaded.value);
    }
    if (err == OK) {
        name_add(repl, STR("it"), closed(repl, text), false);
    }
    return err;
}

static enum err do_type(struct repl *repl, struct str text)
{
    struct dhall_loaded loaded;
    enum err err = load(repl, text, &loaded);
    return err == OK ? value_say(repl, loaded.type) : err;
}

static enum err do_hash(struct repl *repl, struct str text)
{
    struct dhall_loaded loaded;
    uint8_t hash[32];
    enum err err = load(repl, text, &loaded);
    if (err == OK) {
        err = dhall_value_hash(repl->dhalling.dhall, loaded.value, hash, &repl->cli->diags);
    }
    if (err == OK) {
        say(repl, dhalling_hash_show(repl->cli, hash));
        say(repl, STR("\n"));
    }
    return err;
}

static enum err misuse(struct repl *repl, const char *what)
{
    return diag_add(&repl->cli->diags, ERR_INVALID, SPAN_NONE, "%s", what);
}

/* "x = e" or "x : T = e": what parses behind `let` with `in x` after it. */
static enum err do_let(struct repl *repl, struct str text)
{
    struct dhall_terms terms;
    struct dhall_loaded loaded;
    struct diags diags;
    dhall_term root = {0};
    AUTO_BUF whole = {0};
    AUTO_BUF label = {0};
    buf_printf(&whole, "let %.*s in 1", STR_ARG(text));
    dhall_terms_init(&terms, dhall_tool_labels(repl->dhalling.dhall), 0);
    diags_init(&diags, &repl->cli->arena, NULL);
    bool good = dhall_parse(&terms, 0, buf_str(&whole), &root, &diags) == OK &&
                dhall_kind_of(&terms, root) == DHALL_LET;
    if (good) {
        dhall_print_label(
            dhall_label_name(terms.labels, dhall_row_of(&terms, root)->a), true, &label);
    }
    dhall_terms_release(&terms);
    if (!good) {
        return misuse(repl, ":let should be of the form `:let x = y` or `:let x : T = y`");
    }
    whole.len = 0;
    buf_printf(&whole, "let %.*s in %.*s", STR_ARG(text), STR_ARG(buf_str(&label)));
    enum err err = load(repl, buf_str(&whole), &loaded);
    if (err != OK) {
        return err;
    }
    struct str type = dhall_value_show(repl->dhalling.dhall, loaded.type, 4096, &repl->cli->arena);
    name_add(repl, buf_str(&label), closed(repl, buf_str(&whole)), true);
    say(repl, arena_printf(
                  &repl->cli->arena, "\n%.*s : %.*s\n\n", STR_ARG(buf_str(&label)), STR_ARG(type)));
    return OK;
}

static enum err do_clear(struct repl *repl, struct str text)
{
    (void)text;
    repl->name_count = 0; /* the texts stay: what is loaded may mention them */
    return OK;
}

/* The number behind the newest .dhall-repl-N here, or -1. */
static long save_newest(void)
{
    long newest = -1;
    DIR *folder = opendir(".");
    for (const struct dirent *row = folder == NULL ? NULL : readdir(folder); row != NULL;
         row = readdir(folder)) {
        struct str name = str_of(row->d_name);
        long number = 0;
        bool ours = str_starts(name, STR(".dhall-repl-")) && name.len > 12 && name.len < 20;
        for (size_t i = 12; ours && i < name.len; i++) {
            ours = name.ptr[i] >= '0' && name.ptr[i] <= '9';
            number = number * 10 + (name.ptr[i] - '0');
        }
        newest = ours && number > newest ? number : newest;
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return newest;
}

static enum err line_run(struct repl *repl, struct str line);

/* A command begins with ":"; lines below it that do not belong to it. */
static enum err do_load(struct repl *repl, struct str text)
{
    struct cli *cli = repl->cli;
    long newest = text.len == 0 ? save_newest() : 0;
    if (newest < 0) {
        return misuse(repl, ":load found no .dhall-repl-* file here");
    }
    const char *path = text.len > 0 ? arena_cstr(&cli->arena, text)
                                    : arena_printf(&cli->arena, ".dhall-repl-%ld", newest).ptr;
    struct str rest = {0};
    enum err err = file_read(AT_FDCWD, path, FILE_BYTES_MAX, &cli->arena, &rest, &cli->diags);
    if (err == ERR_ABSENT) {
        return diag_add(&cli->diags, ERR_INVALID, SPAN_NONE, "%s does not exist", path);
    }
    bool silent = repl->silent;
    repl->silent = true;
    while (err == OK && rest.len > 0) {
        size_t end = str_find(rest, '\n') + 1;
        while (end < rest.len && rest.ptr[end] != ':') {
            end += str_find(str_sub(rest, end, rest.len), '\n') + 1;
        }
        struct str one = trimmed(str_sub(rest, 0, end));
        if (one.len > 0 && one.ptr[0] != ':') {
            err = misuse(repl, ":load expects a file of commands, which begin with `:`");
        } else if (one.len > 0) {
            err = line_run(repl, one);
        }
        rest = str_sub(rest, end, rest.len);
    }
    repl->silent = silent;
    if (err == OK) {
        say(repl, arena_printf(&cli->arena, "Loaded `%s`\n", path));
    }
    return err;
}

static enum err names_save(struct repl *repl, struct buf *ret_text)
{
    for (size_t i = 0; i < repl->name_count; i++) {
        struct dhall_loaded loaded;
        bool shadowed = !repl->names[i].saved;
        for (size_t j = i + 1; j < repl->name_count; j++) {
            shadowed = shadowed || str_eq(repl->names[i].label, repl->names[j].label);
        }
        if (shadowed) {
            continue;
        }
        enum err err = load(repl, repl->names[i].label, &loaded);
        buf_printf(ret_text, ":let %.*s = ", STR_ARG(repl->names[i].label));
        if (err == OK) {
            err = dhalling_value_show(&repl->dhalling, loaded.value, false, ret_text);
        }
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

static enum err do_save(struct repl *repl, struct str text)
{
    struct cli *cli = repl->cli;
    size_t equals = str_find(text, '=');
    struct str file = trimmed(str_sub(text, 0, equals));
    const char *path = file.len > 0
                           ? arena_cstr(&cli->arena, file)
                           : arena_printf(&cli->arena, ".dhall-repl-%ld", save_newest() + 1).ptr;
    struct dhall_loaded loaded;
    AUTO_BUF saved = {0};
    enum err err;
    if (equals < text.len) {
        err = load(repl, str_sub(text, equals + 1, text.len), &loaded);
        err = err == OK ? dhalling_value_show(&repl->dhalling, loaded.value, false, &saved) : err;
    } else {
        err = names_save(repl, &saved);
    }
    if (err == OK) {
        err = file_write_atomic(AT_FDCWD, path, buf_str(&saved), &cli->diags);
    }
    if (err == OK) {
        say(repl, arena_printf(&cli->arena, "%s saved to `%s`\n",
                      equals < text.len ? "Expression" : "Context", path));
    }
    return err;
}

static enum err do_set(struct repl *repl, struct str text)
{
    if (!str_eq(text, STR("--explain"))) {
        return misuse(repl, ":set and :unset take the option --explain");
    }
    dhall_tool_explain(repl->dhalling.dhall, true);
    return OK;
}

static enum err do_unset(struct repl *repl, struct str text)
{
    if (!str_eq(text, STR("--explain"))) {
        return misuse(repl, ":set and :unset take the option --explain");
    }
    dhall_tool_explain(repl->dhalling.dhall, false);
    return OK;
}

static enum err do_paste(struct repl *repl, struct str text)
{
    AUTO_BUF whole = {0};
    AUTO_BUF line = {0};
    buf_add(&whole, text);
    while (line_editor_read(repl->editor, "| ", &line) == LINE_READ) {
        buf_add_byte(&whole, '\n');
        buf_add(&whole, buf_str(&line));
    }
    return trimmed(buf_str(&whole)).len == 0 ? OK : evaluate(repl, buf_str(&whole));
}

static enum err do_quit(struct repl *repl, struct str text)
{
    (void)text;
    repl->over = true;
    return OK;
}

static enum err do_help(struct repl *repl, struct str text);

static const struct repl_command {
    const char *name, *operand, *help;
    enum err (*run)(struct repl *repl, struct str text);
} repl_commands[] = {
    {"help", "", "list the commands", do_help},
    {"paste", "", "read lines until Ctrl-D as one expression", do_paste},
    {"type", " EXPRESSION", "print its type", do_type},
    {"hash", " EXPRESSION", "print the hash of its normal form", do_hash},
    {"let", " NAME = EXPRESSION", "bind a name", do_let},
    {"clear", "", "forget all names", do_clear},
    {"load", " [FILE]", "run the commands of a file", do_load},
    {"save", " [FILE | FILE = EXPRESSION]", "save all names, or an expression, to a file", do_save},
    {"set", " --explain", "show whole types in messages", do_set},
    {"unset", " --explain", "do not", do_unset},
    {"quit", "", "end", do_quit},
};
enum {
    REPL_COMMAND_COUNT = sizeof repl_commands / sizeof repl_commands[0],
};

static enum err do_help(struct repl *repl, struct str text)
{
    (void)text;
    say(repl, STR("Type an expression to see its normal form, or one of these:\n"));
    for (size_t i = 0; i < REPL_COMMAND_COUNT; i++) {
        say(repl, arena_printf(&repl->cli->arena, ":%s%s\n    %s\n", repl_commands[i].name,
                      repl_commands[i].operand, repl_commands[i].help));
    }
    return OK;
}

static enum err line_run(struct repl *repl, struct str line)
{
    size_t end = 1;
    while (end < line.len && strchr(" \t\n", line.ptr[end]) == NULL) {
        end++;
    }
    struct str name = str_sub(line, 1, end);
    for (size_t i = 0; i < REPL_COMMAND_COUNT; i++) {
        if (str_eq(name, str_of(repl_commands[i].name))) {
            return repl_commands[i].run(repl, trimmed(str_sub(line, end, line.len)));
        }
    }
    enum err err = diag_add(
        &repl->cli->diags, ERR_INVALID, SPAN_NONE, "there is no command :%.*s", STR_ARG(name));
    diag_help(&repl->cli->diags, "see :help");
    return err;
}

/* Completion. */

struct choices {
    struct arena *arena;
    struct line_choices *choices;
    struct str begin; /* what each must begin with */
    size_t cap;
};

static void choice_add(struct choices *choices, struct str word, const char *suffix)
{
    struct line_choices *list = choices->choices;
    if (!str_starts(word, choices->begin)) {
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (str_eq(list->words[i], word)) {
            return;
        }
    }
    if (list->count == choices->cap) {
        size_t cap = choices->cap == 0 ? 16 : 2 * choices->cap;
        struct str *words = ARENA_NEW(choices->arena, struct str, cap);
        if (list->count > 0) {
            memcpy(words, list->words, list->count * sizeof words[0]);
        }
        list->words = words;
        choices->cap = cap;
    }
    list->words[list->count++] = arena_printf(choices->arena, "%.*s%s", STR_ARG(word), suffix);
}

static void complete_files(struct choices *choices)
{
    size_t slash = str_find_last(choices->begin, '/');
    struct str folder =
        slash == choices->begin.len ? STR("") : str_sub(choices->begin, 0, slash + 1);
    const char *home = env_get("HOME");
    struct str path = folder;
    if (str_starts(folder, STR("~/")) && home != NULL) {
        path =
            arena_printf(choices->arena, "%s/%.*s", home, STR_ARG(str_sub(folder, 2, folder.len)));
    }
    DIR *handle = opendir(path.len == 0 ? "." : arena_cstr(choices->arena, path));
    for (const struct dirent *row = handle == NULL ? NULL : readdir(handle); row != NULL;
         row = readdir(handle)) {
        if (row->d_name[0] != '.') {
            choice_add(choices,
                arena_printf(choices->arena, "%.*s%s", STR_ARG(folder), row->d_name),
                row->d_type == DT_DIR ? "/" : "");
        }
    }
    if (handle != NULL) {
        (void)closedir(handle);
    }
}

static void complete_variables(struct choices *choices)
{
    for (char **row = environ; *row != NULL; row++) {
        struct str text = str_of(*row);
        choice_add(choices,
            arena_printf(
                choices->arena, "env:%.*s", STR_ARG(str_sub(text, 0, str_find(text, '=')))),
            "");
    }
}

/* Fields of what stands before the last dot, if that is a value. */
static void complete_fields(struct repl *repl, struct choices *choices)
{
    size_t dot = str_find_last(choices->begin, '.');
    struct str record = str_sub(choices->begin, 0, dot);
    struct dhall_loaded loaded;
    struct diags saved = repl->cli->diags;
    const struct str *names = NULL;
    size_t count = 0;
    if (load(repl, record, &loaded) == OK) {
        dhall_tool_names(repl->dhalling.dhall, loaded.value, &names, &count);
    }
    repl->cli->diags = saved;
    for (size_t i = 0; i < count; i++) {
        AUTO_BUF word = {0};
        buf_printf(&word, "%.*s.", STR_ARG(record));
        dhall_print_label(names[i], false, &word);
        choice_add(choices, buf_str(&word), "");
    }
}

static void complete_names(const struct repl *repl, struct choices *choices)
{
    for (size_t i = 0; i < repl->name_count; i++) {
        choice_add(choices, repl->names[i].label, "");
    }
    for (unsigned i = 0; i < DHALL_BUILTIN_COUNT; i++) {
        choice_add(choices, dhall_builtin_name((enum dhall_builtin)i), "");
    }
    const struct dhall_labels *labels = dhall_tool_labels(repl->dhalling.dhall);
    for (dhall_label i = 1 + DHALL_BUILTIN_COUNT; i < 1 + DHALL_BUILTIN_COUNT + DHALL_KEYWORD_COUNT;
         i++) {
        choice_add(choices, dhall_label_name(labels, i), "");
    }
}

static void complete(
    void *context, struct str before, struct arena *arena, struct line_choices *ret_choices)
{
    struct repl *repl = context;
    size_t from = before.len;
    while (from > 0 && strchr(" \t[(,=+*&|}#?>", before.ptr[from - 1]) == NULL) {
        from--;
    }
    struct choices choices = {
        .arena = arena, .choices = ret_choices, .begin = str_sub(before, from, before.len)};
    ret_choices->from = from;
    bool path = str_starts(choices.begin, STR("./")) || str_starts(choices.begin, STR("../")) ||
                str_starts(choices.begin, STR("~/")) || str_starts(choices.begin, STR("/")) ||
                str_starts(before, STR(":load ")) || str_starts(before, STR(":save "));
    if (from == 0 && str_starts(choices.begin, STR(":"))) {
        for (size_t i = 0; i < REPL_COMMAND_COUNT; i++) {
            choice_add(&choices, arena_printf(arena, ":%s", repl_commands[i].name), "");
        }
    } else if (path) {
        complete_files(&choices);
    } else if (str_starts(choices.begin, STR("env:"))) {
        complete_variables(&choices);
    } else if (str_find(choices.begin, '.') < choices.begin.len) {
        complete_fields(repl, &choices);
    } else {
        complete_names(repl, &choices);
    }
}

/* Where the lines of earlier sessions are; NULL if there is no place. */
static const char *history_path(struct cli *cli)
{
    const char *state = env_get("XDG_STATE_HOME");
    const char *home = env_get("HOME");
    bool known = state != NULL && state[0] == '/';
    if (!known && home == NULL) {
        return NULL;
    }
    const char *folder = arena_printf(
        &cli->arena, "%s%s/straylight", known ? state : home, known ? "" : "/.local/state")
                             .ptr;
    struct diags diags; /* no history is no mistake */
    diags_init(&diags, &cli->arena, NULL);
    return dirs_make(AT_FDCWD, folder, &diags) == OK
               ? arena_printf(&cli->arena, "%s/dhall-history", folder).ptr
               : NULL;
}

static enum cli_status repl_run(struct cli *cli)
{
    struct repl repl = {.cli = cli};
    AUTO_BUF line = {0};
    bool terminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
    dhalling_open(cli, &repl.dhalling);
    repl.dhalling.ascii = cli->args.values[DHALLING_ASCII].given;
    repl.editor = line_editor_new(terminal ? history_path(cli) : NULL, complete, &repl);
    say(&repl, STR("Welcome to straylight's Dhall 23.1.0. Type :help for the commands.\n"));
    while (!repl.over) {
        (void)fflush(stdout);
        enum line_end end =
            line_editor_read(repl.editor, repl.dhalling.ascii ? "|- " : "⊢ ", &line);
        struct str text = trimmed(buf_str(&line));
        enum err err = OK;
        if (end == LINE_CLOSED) {
            break;
        }
        if (end == LINE_READ && text.len > 0) {
            err = text.ptr[0] == ':' ? line_run(&repl, text) : evaluate(&repl, text);
        }
        if (err != OK || cli->diags.newest != NULL) {
            cli_report(cli);
        }
    }
    say(&repl, STR("Goodbye.\n"));
    line_editor_free(repl.editor);
    free(repl.texts);
    free(repl.names);
    return dhalling_end(&repl.dhalling, OK);
}

const struct command command_dhall_repl = {
    .spec = {.name = "dhall repl",
        .operands = "",
        .summary = "evaluate Dhall expressions as they are typed",
        .about = "Reads an expression a line and prints its normal form; `it` is the last one.\n"
                 ":help lists the commands, :quit ends.",
        .options = options,
        .option_count = sizeof options / sizeof options[0]},
    .run = repl_run,
};
