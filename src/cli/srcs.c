/* src/cli/srcs.c: `straylight srcs LABEL`: proposes files that BUILD.dhall does not list.
 *
 *   files of the package's folder - files that some target of it owns -> those that suit the target
 *     -> "add them? [y/n/edit]" -> the list in BUILD.dhall, edited in place
 *
 * There are no globs: a list says what is built, and this command keeps the list. */
#include "base/env.h"
#include "base/file.h"
#include "base/table.h"
#include "build/query.h"
#include "build/workspace.h"
#include "cli/command.h"
#include "codec/json.h"
#include "dhall/edit.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    FILES_MAX = 100000, /* of one package's folder */
    DEPTH_MAX = 32,
    ANSWER_MAX = 64,
    EDITED_BYTES_MAX = 16 * 1024 * 1024,
};

enum {
    SRCS_YES,
    SRCS_JSON,
    SRCS_COUNT
};
struct proposal {
    const char *field; /* of the target's record */
    struct str path;   /* relative to the package */
};
struct srcs {
    struct cli *cli;
    struct table owned; /* workspace paths that some target of the package owns */
    struct target *target;
    struct proposal *rows; /* owned */
    size_t count, cap;
    size_t seen; /* files and folders, against FILES_MAX */
};

/* What stands behind the last '_' or '.' of a file's stem and its extension: of "json_test.c"
 * ".c" and "test". */
static struct str extension(struct str path)
{
    size_t dot = str_find_last(path, '.');
    size_t slash = str_find_last(path, '/');
    bool hidden = slash < path.len && dot < slash;
    return dot == path.len || hidden ? (struct str){0} : str_sub(path, dot, path.len);
}

static struct str flavour(struct str path)
{
    struct str stem = str_sub(path, 0, path.len - extension(path).len);
    size_t line = str_find_last(stem, '_');
    struct str word = line == stem.len ? (struct str){0} : str_sub(stem, line + 1, stem.len);
    return str_eq(word, STR("test")) || str_eq(word, STR("fuzz")) ? word : (struct str){0};
}

/* Has the target such files already: the same extension and flavour? */
static bool has_such(const struct target *target, struct str path)
{
    for (size_t i = 0; i < target->srcs.count; i++) {
        struct str own = target->srcs.at[i];
        if (str_eq(extension(own), extension(path)) && str_eq(flavour(own), flavour(path))) {
            return true;
        }
    }
    return false;
}

/* The list that the file belongs to; NULL: it does not look like one of this target. */
static const char *field_for(const struct target *target, struct str path)
{
    bool c_rule = str_starts(target->kind, STR("c."));
    if (c_rule && str_eq(extension(path), STR(".h"))) {
        bool library = str_eq(target->kind, STR("c.library"));
        bool suits = !str_eq(target->kind, STR("c.test")) || has_such(target, path);
        return library ? "hdrs" : suits ? "private_hdrs" : NULL;
    }
    if (c_rule && str_eq(extension(path), STR(".c"))) {
        bool plain = flavour(path).len == 0;
        bool is_test = str_eq(target->kind, STR("c.test"));
        return has_such(target, path) || (plain ? !is_test : is_test) ? "srcs" : NULL;
    }
    return has_such(target, path) ? "srcs" : NULL;
}

/* No list can name it: it is told, with its control characters as '?'. */
static void left_out(struct srcs *srcs, struct str path, const char *why)
{
    AUTO_BUF text = {0};
    buf_printf(&text, "left out, since its name %s: ", why);
    for (size_t i = 0; i < path.len; i++) {
        unsigned char byte = (unsigned char)path.ptr[i];
        buf_add_byte(&text, byte < 0x20 || byte == 0x7f ? '?' : byte);
    }
    buf_add_byte(&text, '\n');
    if (!srcs->cli->args.values[SRCS_JSON].given) {
        cli_print(buf_str(&text));
    }
}

static void file_look(struct srcs *srcs, struct str path)
{
    struct arena *arena = &srcs->cli->arena;
    struct str whole = path_join(srcs->target->label.package, path, arena);
    const char *field = field_for(srcs->target, path);
    if (field == NULL || table_get(&srcs->owned, whole) != TABLE_NONE) {
        return;
    }
    const char *why = path_fault(path);
    if (why != NULL) {
        left_out(srcs, path, why);
        return;
    }
    if (srcs->count == srcs->cap) {
        srcs->cap = srcs->cap == 0 ? 64 : srcs->cap * 2;
        srcs->rows = memory_realloc(srcs->rows, srcs->cap * sizeof *srcs->rows);
    }
    srcs->rows[srcs->count++] = (struct proposal){field, path};
}

static bool is_package(int dir_fd)
{
    return faccessat(dir_fd, PACKAGE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
           faccessat(dir_fd, WORKSPACE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* One folder; what lies in packages below it is theirs. Links are not followed. Takes dir_fd. */
static enum err folder_walk(struct srcs *srcs, int dir_fd, struct str prefix, unsigned depth)
{
    struct arena *arena = &srcs->cli->arena;
    DIR *dir = fdopendir(dir_fd);
    if (dir == NULL) {
        fd_close(&dir_fd);
        return diag_add_errno(&srcs->cli->diags, errno, "cannot list a folder");
    }
    enum err err = OK;
    struct dirent *entry;
    while (err == OK && (entry = readdir(dir)) != NULL) {
        struct str name = str_of(entry->d_name);
        struct str path = path_join(prefix, arena_str(arena, name), arena);
        bool at_root = srcs->target->label.package.len == 0 && prefix.len == 0;
        struct stat st;
        if (name.ptr[0] == '.' || (at_root && workspace_reserved(name)) ||
            fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        if (++srcs->seen > FILES_MAX || depth > DEPTH_MAX) {
            err = diag_add(&srcs->cli->diags, ERR_LIMIT, SPAN_NONE,
                "there are more than %d files, or folders deeper than %d", FILES_MAX, DEPTH_MAX);
        } else if (S_ISREG(st.st_mode)) {
            file_look(srcs, path);
        } else if (S_ISDIR(st.st_mode)) {
            int below =
                openat(dir_fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
            if (below >= 0 && is_package(below)) {
                fd_close(&below);
            } else if (below >= 0) {
                err = folder_walk(srcs, below, path, depth + 1);
            }
        }
    }
    (void)closedir(dir);
    return err;
}

static int proposal_cmp(const void *a, const void *b)
{
    const struct proposal *left = a, *right = b;
    int cmp = strcmp(right->field, left->field); /* "srcs" before "hdrs" */
    return cmp != 0 ? cmp : str_cmp(left->path, right->path);
}

static enum err files_look(struct srcs *srcs, const char *root)
{
    struct arena *arena = &srcs->cli->arena;
    struct str folder = srcs->target->label.package;
    const char *path =
        folder.len == 0 ? root : arena_printf(arena, "%s/%.*s", root, STR_ARG(folder)).ptr;
    int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0) {
        return diag_add_errno(&srcs->cli->diags, errno, "cannot open folder %s", path);
    }
    enum err err = folder_walk(srcs, dir_fd, (struct str){0}, 0);
    if (srcs->count > 0) {
        qsort(srcs->rows, srcs->count, sizeof *srcs->rows, proposal_cmp);
    }
    return err;
}

static void proposals_add(const struct srcs *srcs, const char *lead, struct buf *text)
{
    for (size_t i = 0; i < srcs->count; i++) {
        buf_printf(text, "%s%s %.*s\n", lead, srcs->rows[i].field, STR_ARG(srcs->rows[i].path));
    }
}

static void print_json(const struct srcs *srcs)
{
    AUTO_BUF text = {0};
    struct json json = {.text = &text};
    json_begin(&json, '[');
    for (size_t i = 0; i < srcs->count; i++) {
        json_begin(&json, '{');
        json_key_str(&json, STR("list"), str_of(srcs->rows[i].field));
        json_key_str(&json, STR("path"), srcs->rows[i].path);
        json_end(&json, '}');
    }
    json_end(&json, ']');
    buf_add_byte(&text, '\n');
    cli_print(buf_str(&text));
}

enum answer {
    ANSWER_NO,
    ANSWER_YES,
    ANSWER_EDIT
};

static enum answer ask(void)
{
    char line[ANSWER_MAX];
    for (;;) {
        cli_print(STR("add them? [y/n/edit] "));
        (void)fflush(stdout);
        if (fgets(line, sizeof line, stdin) == NULL) {
            cli_print(STR("\n"));
            return ANSWER_NO;
        }
        struct str word = str_sub(str_of(line), 0, str_find(str_of(line), '\n'));
        if (str_eq(word, STR("y")) || str_eq(word, STR("yes"))) {
            return ANSWER_YES;
        }
        if (str_eq(word, STR("n")) || str_eq(word, STR("no"))) {
            return ANSWER_NO;
        }
        if (str_eq(word, STR("e")) || str_eq(word, STR("edit"))) {
            return ANSWER_EDIT;
        }
    }
}

/* Runs $VISUAL or $EDITOR on the file: a command line of the user's own, so a shell reads it, as
 * with git. */
static enum err editor_run(struct cli *cli, const char *path)
{
    const char *editor = env_get("VISUAL");
    editor = editor == NULL ? env_get("EDITOR") : editor;
    editor = editor == NULL ? "vi" : editor;
    struct str command = arena_printf(&cli->arena, "%s \"$1\"", editor);
    char *const argv[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
        (char *)(uintptr_t)command.ptr, (char *)(uintptr_t) "sh", (char *)(uintptr_t)path, NULL};
    pid_t pid = -1;
    int status = -1;
    int error_number = posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ);
    if (error_number != 0) {
        return diag_add_errno(&cli->diags, error_number, "cannot start %s", editor);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0
               ? OK
               : diag_add(
                     &cli->diags, ERR_INVALID, SPAN_NONE, "%s failed; nothing was changed", editor);
}

/* One line of the edited file: "FIELD PATH", a comment, or nothing. Only what was proposed, moved
 * between lists at will, may stand there: the point of editing is to leave lines out. */
static enum err edited_line(struct srcs *srcs, struct str line, struct srcs *kept)
{
    size_t blank = str_find(line, ' ');
    struct str field = str_sub(line, 0, blank);
    struct str path = str_sub(line, blank + 1, line.len);
    if (line.len == 0 || line.ptr[0] == '#') {
        return OK;
    }
    static const char *const fields[] = {"srcs", "hdrs", "private_hdrs"};
    for (size_t f = 0; f < sizeof fields / sizeof fields[0]; f++) {
        for (size_t i = 0; str_eq(field, str_of(fields[f])) && i < srcs->count; i++) {
            if (str_eq(path, srcs->rows[i].path) && kept->count < srcs->count) {
                kept->rows[kept->count++] = (struct proposal){fields[f], srcs->rows[i].path};
                return OK;
            }
        }
    }
    return diag_add(&srcs->cli->diags, ERR_INVALID, SPAN_NONE,
        "\"%.*s\" is no line that was proposed; nothing was changed", STR_ARG(line));
}

/* Has the user's editor change the proposals. */
static enum err edit(struct srcs *srcs)
{
    struct cli *cli = srcs->cli;
    char path[] = "/tmp/straylight-srcs-XXXXXX";
    AUTO_CLOSE int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        return diag_add_errno(&cli->diags, errno, "cannot make a temporary file");
    }
    AUTO_BUF text = {0};
    buf_printf(&text,
        "# Files to add to %.*s: LIST PATH. Take out the lines that you do not want.\n"
        "# A list is srcs, hdrs or private_hdrs.\n",
        STR_ARG(label_format(srcs->target->label, &cli->arena)));
    proposals_add(srcs, "", &text);
    enum err err = fd_write_all(fd, buf_str(&text)) == OK
                       ? editor_run(cli, path)
                       : diag_add_errno(&cli->diags, errno, "cannot write %s", path);
    struct str edited = {0};
    if (err == OK) {
        err = file_read(AT_FDCWD, path, EDITED_BYTES_MAX, &cli->arena, &edited, &cli->diags);
    }
    (void)unlink(path);
    struct srcs kept = {.rows = ARENA_NEW(&cli->arena, struct proposal, srcs->count)};
    while (err == OK && edited.len > 0) {
        size_t newline = str_find(edited, '\n');
        err = edited_line(srcs, str_sub(edited, 0, newline), &kept);
        edited = str_sub(edited, newline + 1, edited.len);
    }
    if (err == OK && kept.count > 0) {
        memcpy(srcs->rows, kept.rows, kept.count * sizeof *kept.rows);
    }
    srcs->count = err == OK ? kept.count : srcs->count;
    return err;
}

/* Adds every proposal to its list. All of them, or none: the file is written once. */
static enum err lists_edit(struct srcs *srcs, const char *root)
{
    struct cli *cli = srcs->cli;
    struct str name = path_join(srcs->target->label.package, STR(PACKAGE_FILE), &cli->arena);
    const char *path = arena_printf(&cli->arena, "%s/%.*s", root, STR_ARG(name)).ptr;
    struct str text;
    enum err err = file_read(AT_FDCWD, path, FILE_BYTES_MAX, &cli->arena, &text, &cli->diags);
    if (err != OK) {
        return err;
    }
    for (size_t i = 0; i < srcs->count; i++) {
        struct dhall_edit_place place = {
            .target = srcs->target->label.name, .field = str_of(srcs->rows[i].field)};
        struct dhall_edit change;
        uint32_t source = sources_add(cli->sources, name, text);
        err = dhall_edit_add(
            text, source, &place, srcs->rows[i].path, &cli->arena, &change, &cli->diags);
        if (err != OK) {
            return err;
        }
        text = dhall_edit_apply(text, &change, &cli->arena);
    }
    return file_write_atomic(AT_FDCWD, path, text, &cli->diags);
}

/* Says what is missing, asks, and does it. */
static enum err propose(struct srcs *srcs, const char *root)
{
    struct cli *cli = srcs->cli;
    struct str label = label_format(srcs->target->label, &cli->arena);
    if (cli->args.values[SRCS_JSON].given) {
        print_json(srcs);
        return OK;
    }
    AUTO_BUF text = {0};
    if (srcs->count == 0) {
        buf_printf(&text, "every file that suits %.*s is listed\n", STR_ARG(label));
        cli_print(buf_str(&text));
        return OK;
    }
    buf_printf(&text, "not listed, and suit %.*s:\n", STR_ARG(label));
    proposals_add(srcs, "  ", &text);
    cli_print(buf_str(&text));
    enum answer answer = cli->args.values[SRCS_YES].given ? ANSWER_YES : ask();
    enum err err = answer == ANSWER_EDIT ? edit(srcs) : OK;
    if (err == OK && answer != ANSWER_NO && srcs->count > 0) {
        err = lists_edit(srcs, root);
        text.len = 0;
        buf_printf(&text, "%zu added\n", srcs->count);
        cli_print(err == OK ? buf_str(&text) : (struct str){0});
    }
    return err;
}

/* The target, and what all targets of its package own. */
static enum err target_find(
    struct srcs *srcs, struct engine *engine, const struct label *label, struct arena *arena)
{
    struct diags *diags = &srcs->cli->diags;
    struct target *targets = NULL;
    size_t count = 0;
    enum err err = build_targets(engine, label->package, false, arena, &targets, &count, diags);
    if (err != OK) {
        return err;
    }
    struct str *names = ARENA_NEW(arena, struct str, count);
    for (size_t i = 0; i < count; i++) {
        names[i] = label_format(
            (struct label){.package = label->package, .name = targets[i].label.name}, arena);
        if (str_eq(targets[i].label.name, label->name)) {
            srcs->target = &targets[i];
        }
        for (size_t j = 0; j < targets[i].srcs.count; j++) {
            (void)table_add(&srcs->owned, NULL, targets[i].srcs.at[j]);
        }
    }
    if (srcs->target == NULL) {
        struct str shown = label_format(*label, arena);
        err = diag_add(diags, ERR_INVALID, SPAN_NONE, "there is no target %.*s", STR_ARG(shown));
        near_help(diags, shown, names, count);
        return err;
    }
    srcs->target->label.config = (struct str){0}; /* a list is the same in each */
    return OK;
}

static enum cli_status srcs_run(struct cli *cli)
{
    struct build_options options = {.jobs = 1};
    struct engine *engine = NULL;
    enum err err = cli_store_root(cli, &options.store_root);
    if (err != OK) {
        return CLI_BROKEN;
    }
    err = build_open(&options, cli->sources, &engine, &cli->diags);
    if (err != OK) {
        return cli_status_of(err);
    }
    struct srcs srcs = {.cli = cli};
    struct label label;
    const struct workspace *workspace = build_workspace(engine);
    bool parsed = label_parse(str_of(cli->args.operands[0]), workspace->here, SPAN_NONE,
                      &cli->arena, &label, &cli->diags) == OK;
    err = parsed ? target_find(&srcs, engine, &label, &cli->arena) : ERR_INVALID;
    if (err == OK) {
        err = files_look(&srcs, workspace->root);
    }
    if (err == OK) {
        err = propose(&srcs, workspace->root);
    }
    build_close(engine);
    table_release(&srcs.owned);
    free(srcs.rows);
    return cli_status_of(err);
}

const struct command command_srcs = {
    .spec = {.name = "srcs",
        .operands = "LABEL",
        .summary = "propose files that BUILD.dhall does not list",
        .about =
            "Looks for files of the target's package that no target of it lists and that look\n"
            "like this target's: sources, headers; for tests, *_test.c. Shows them and asks:\n"
            "y adds them, n does nothing, edit opens $VISUAL or $EDITOR on the proposal first.\n"
            "The lists are edited in place: comments and form of BUILD.dhall stay.",
        .options = (const struct option_spec[SRCS_COUNT]){[SRCS_YES] = {.name = "yes",
                                                              .letter = 'y',
                                                              .kind = OPTION_FLAG,
                                                              .help = "add them without asking"},
            [SRCS_JSON] = {.name = "json",
                .kind = OPTION_FLAG,
                .help = "print the proposal as JSON and change nothing"}},
        .option_count = SRCS_COUNT,
        .operand_kind = OPERAND_LABEL,
        .operand_min = 1,
        .operand_max = 1},
    .run = srcs_run,
};
