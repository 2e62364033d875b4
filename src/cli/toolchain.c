/* src/cli/toolchain.c: `straylight toolchain add|list|show|verify`: the machine's compiler and
 * libraries as artifacts, and toolchains.dhall. */
#include "build/toolchain.h"
#include "base/env.h"
#include "base/file.h"
#include "build/workspace.h"
#include "cli/command.h"
#include "codec/json.h"
#include "store/tree.h"
#include <fcntl.h>
#include <unistd.h>

enum {
    ADD_COMPILER,
    ADD_LINKER,
    ADD_NAME,
    ADD_TARGET,
    ADD_OPTION_COUNT,
    LIST_JSON = 0,
    MIB = 1024 * 1024,
};
static const struct option_spec add_options[ADD_OPTION_COUNT] = {
    [ADD_COMPILER] = {.name = "compiler",
        .kind = OPTION_TEXT,
        .value = "gcc|clang|PATH",
        .help = "which compiler (gcc; for wasm32-wasi clang)"},
    [ADD_LINKER] = {.name = "linker",
        .kind = OPTION_CHOICE,
        .value = "default|lld",
        .help = "what links: the compiler's own linker, or lld"},
    [ADD_NAME] = {.name = "name",
        .kind = OPTION_TEXT,
        .value = "NAME",
        .help = "the field of toolchains.dhall (native, or the target)"},
    [ADD_TARGET] = {.name = "target",
        .kind = OPTION_TEXT,
        .value = "aarch64-linux|riscv64-linux|wasm32-wasi|x86_64-linux",
        .help = "what it compiles for (this machine): a cross compiler and C library"},
};
static const struct option_spec list_options[] = {
    [LIST_JSON] = {.name = "json", .kind = OPTION_FLAG, .help = "print the result as JSON"},
};

/* What all four need: the workspace, its file, the store. */
struct session {
    struct cli *cli;
    struct workspace workspace;
    struct store *store;
    struct toolchain_file file;
    struct probe probe;
};

static void session_close(struct session *session)
{
    store_close(session->store);
    fd_close(&session->file.root_fd);
}
#define AUTO_SESSION __attribute__((cleanup(session_close))) struct session

static enum err session_open(struct session *session)
{
    struct cli *cli = session->cli;
    const char *store_path = NULL;
    enum err err = cli_store_root(cli, &store_path);
    err = err != OK ? err : store_open(&io_real, store_path, &session->store, &cli->diags);
    err =
        err != OK ? err : workspace_find(store_path, &cli->arena, &session->workspace, &cli->diags);
    if (err != OK) {
        return err;
    }
    const char *path = env_get("PATH");
    session->probe = (struct probe){
        .arena = &cli->arena, .diags = &cli->diags, .path = path == NULL ? "/usr/bin:/bin" : path};
    session->file.arena = &cli->arena;
    session->file.diags = &cli->diags;
    session->file.root_fd = open(session->workspace.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (session->file.root_fd < 0) {
        return diag_add(&cli->diags, ERR_IO, SPAN_NONE, "cannot open %s", session->workspace.root);
    }
    return toolchain_packages(
        session->workspace.root, &cli->arena, &session->file.packages, &cli->diags);
}

static void pinned_print(const struct cli *cli, struct str what, struct str version,
    const struct digest *tree, uint64_t file_count, uint64_t total_bytes)
{
    (void)cli;
    char text[DIGEST_TEXT_MAX];
    AUTO_BUF out = {0};
    buf_printf(&out, "%.*s %.*s: %.*s (%ju files, %ju MiB)\n", STR_ARG(what), STR_ARG(version),
        STR_ARG(digest_format(tree, text)), (uintmax_t)file_count, (uintmax_t)(total_bytes / MIB));
    cli_print(buf_str(&out));
}

/* Now, not by the first build: one that was damaged is whole again, and `store verify` knows it. */
static enum err tree_lay_out(struct session *session, const struct digest *tree)
{
    struct str path;
    return tree_stage(session->store, tree, &session->cli->arena, &path, &session->cli->diags);
}

static enum err add_compiler(struct session *session)
{
    struct cli *cli = session->cli;
    const struct option_value *values = cli->args.values;
    struct toolchain_wanted wanted = {.compiler = values[ADD_COMPILER].text,
        .target = values[ADD_TARGET].text,
        .with_lld = str_eq(values[ADD_LINKER].text, STR("lld"))};
    struct str name = values[ADD_NAME].given     ? values[ADD_NAME].text
                      : values[ADD_TARGET].given ? values[ADD_TARGET].text
                                                 : STR("native");
    struct toolchain toolchain;
    enum err err = toolchain_find(&session->probe, session->store, &wanted, &toolchain);
    if (err == ERR_ABSENT) {
        struct str usual = str_eq(wanted.target, STR("wasm32-wasi")) ? STR("clang") : STR("gcc");
        struct str compiler = values[ADD_COMPILER].given ? wanted.compiler : usual;
        err = diag_add(&cli->diags, ERR_INVALID, SPAN_NONE, "there is no compiler \"%.*s\"%s%.*s",
            STR_ARG(compiler), wanted.target.len > 0 ? " for " : "", STR_ARG(wanted.target));
        diag_help(&cli->diags,
            "install it (on Debian: apt-get install %s), or name another one: "
            "--compiler gcc|clang|/path",
            toolchain_debian(wanted.target));
    }
    if (err != OK) {
        return err;
    }
    err = tree_lay_out(session, &toolchain.tree);
    err = err != OK ? err
                    : toolchain_file_add(&session->file, TOOLCHAIN_ENTRY_COMPILER, name,
                          toolchain_entry(&toolchain, name, &cli->arena));
    if (err == OK) {
        pinned_print(cli, toolchain.compiler == TOOLCHAIN_CLANG ? STR("clang") : STR("gcc"),
            toolchain.version, &toolchain.tree, toolchain.file_count, toolchain.total_bytes);
    }
    return err;
}

static enum err add_library(struct session *session, struct str name)
{
    struct cli *cli = session->cli;
    struct toolchain_library library;
    enum err err = toolchain_library_find(&session->probe, session->store, name, &library);
    if (err != OK) {
        return err;
    }
    err = tree_lay_out(session, &library.tree);
    err = err != OK ? err
                    : toolchain_file_add(&session->file, TOOLCHAIN_ENTRY_LIBRARY, name,
                          toolchain_library_entry(&library, &cli->arena));
    if (err == OK) {
        pinned_print(
            cli, name, library.version, &library.tree, library.file_count, library.total_bytes);
    }
    return err;
}

static enum cli_status add_run(struct cli *cli)
{
    const struct option_args *args = &cli->args;
    bool is_cc = strcmp(args->operands[0], "cc") == 0;
    bool is_lib = strcmp(args->operands[0], "lib") == 0;
    bool has_options = args->values[ADD_COMPILER].given || args->values[ADD_LINKER].given ||
                       args->values[ADD_NAME].given || args->values[ADD_TARGET].given;
    if (is_cc ? args->operand_count != 1 : !is_lib || args->operand_count < 2 || has_options) {
        enum err err = diag_add(&cli->diags, ERR_INVALID, SPAN_NONE,
            "it is `toolchain add cc [OPTION...]` or `toolchain add lib NAME...`");
        return err == OK ? CLI_DONE : CLI_MISUSE;
    }
    AUTO_SESSION session = {.cli = cli, .file = {.root_fd = -1}};
    enum err err = session_open(&session);
    if (err == OK && is_cc) {
        err = add_compiler(&session);
    }
    for (size_t i = 1; err == OK && i < args->operand_count; i++) {
        err = add_library(&session, str_of(args->operands[i]));
    }
    return cli_status_of(err);
}

/* The entries, or the story that there are none. */
static enum err known_read(
    struct session *session, struct toolchain_known **ret_known, size_t *ret_count)
{
    enum err err = toolchain_file_read(&session->file, ret_known, ret_count);
    if (err != ERR_ABSENT) {
        return err;
    }
    struct diags *diags = &session->cli->diags;
    err = diag_add(
        diags, ERR_INVALID, SPAN_NONE, "there is no %s/" TOOLCHAIN_FILE, session->workspace.root);
    diag_help(diags, "pin the machine's compiler: straylight toolchain add cc");
    return err;
}

static const char *kind_of(const struct toolchain_known *known)
{
    return known->kind == TOOLCHAIN_ENTRY_LIBRARY ? "library" : "compiler";
}

static enum cli_status list_run(struct cli *cli)
{
    AUTO_SESSION session = {.cli = cli, .file = {.root_fd = -1}};
    struct toolchain_known *known = NULL;
    size_t count = 0;
    enum err err = session_open(&session);
    err = err != OK ? err : known_read(&session, &known, &count);
    if (err != OK) {
        return cli_status_of(err);
    }
    AUTO_BUF out = {0};
    struct json json = {.text = &out};
    bool as_json = cli->args.values[LIST_JSON].given;
    if (as_json) {
        json_begin(&json, '[');
    }
    for (size_t i = 0; i < count; i++) {
        char text[DIGEST_TEXT_MAX];
        struct str version = toolchain_known_text(&known[i], "version");
        struct str tree =
            known[i].tree_count == 0 ? STR("-") : digest_format(&known[i].trees[0], text);
        if (as_json) {
            json_begin(&json, '{');
            json_key_str(&json, STR("kind"), str_of(kind_of(&known[i])));
            json_key_str(&json, STR("name"), known[i].name);
            json_key_str(&json, STR("version"), version);
            json_key_str(&json, STR("tree"), tree);
            json_end(&json, '}');
        } else {
            buf_printf(&out, "%-8s  %-16.*s  %-24.*s  %.*s\n", kind_of(&known[i]),
                STR_ARG(known[i].name), STR_ARG(version), STR_ARG(tree));
        }
    }
    if (as_json) {
        json_end(&json, ']');
        buf_add_byte(&out, '\n');
    }
    cli_print(buf_str(&out));
    return CLI_DONE;
}

static enum err tree_print(struct session *session, const struct digest *tree, struct buf *out)
{
    struct cli *cli = session->cli;
    struct tree_entry *entries = NULL;
    size_t count = 0;
    char text[DIGEST_TEXT_MAX];
    enum err err = tree_list(session->store, tree, &cli->arena, &entries, &count, &cli->diags);
    uint64_t total_bytes = 0;
    for (size_t i = 0; err == OK && i < count; i++) {
        total_bytes += entries[i].digest.size_bytes;
    }
    if (err == OK) {
        buf_printf(out, "-- tree %.*s: %zu entries, %ju MiB\n", STR_ARG(digest_format(tree, text)),
            count, (uintmax_t)(total_bytes / MIB));
    }
    for (size_t i = 0; err == OK && cli->args.values[0].given && i < count; i++) {
        buf_printf(out, "--   %.*s%s%.*s\n", STR_ARG(entries[i].path),
            entries[i].kind == TREE_SYMLINK ? " -> " : "", STR_ARG(entries[i].target));
    }
    return err;
}

static enum cli_status show_run(struct cli *cli)
{
    AUTO_SESSION session = {.cli = cli, .file = {.root_fd = -1}};
    struct toolchain_known *known = NULL;
    size_t count = 0;
    struct str name = str_of(cli->args.operands[0]);
    enum err err = session_open(&session);
    err = err != OK ? err : known_read(&session, &known, &count);
    AUTO_BUF out = {0};
    bool found = false;
    for (size_t i = 0; err == OK && i < count; i++) {
        if (!str_eq(known[i].name, name)) {
            continue;
        }
        found = true;
        buf_add(&out, known[i].text);
        for (size_t j = 0; err == OK && j < known[i].tree_count; j++) {
            err = tree_print(&session, &known[i].trees[j], &out);
        }
    }
    if (err == OK && !found) {
        err = diag_add(&cli->diags, ERR_INVALID, SPAN_NONE,
            "toolchains.dhall has no entry \"%.*s\"", STR_ARG(name));
        diag_help(&cli->diags, "`straylight toolchain list` shows what it has");
    }
    cli_print(buf_str(&out));
    return cli_status_of(err);
}

/* Hashes every file of the tree; *ret_bad counts those that are gone or damaged. */
static enum err tree_check(struct session *session, const struct toolchain_known *known,
    const struct digest *tree, uint64_t *ret_bad)
{
    struct cli *cli = session->cli;
    struct tree_entry *entries = NULL;
    size_t count = 0;
    char text[DIGEST_TEXT_MAX];
    enum err err = tree_list(session->store, tree, &cli->arena, &entries, &count, &cli->diags);
    if (err == ERR_ABSENT || err == ERR_CORRUPT) {
        (*ret_bad)++;
        return diag_add(&cli->diags, err, SPAN_NONE, "the tree %.*s of %.*s is not whole",
            STR_ARG(digest_format(tree, text)), STR_ARG(known->name));
    }
    for (size_t i = 0; err == OK && i < count; i++) {
        if (entries[i].kind == TREE_SYMLINK || entries[i].kind == TREE_DIRECTORY) {
            continue;
        }
        int fd = -1;
        enum err opened = store_blob_open(session->store, &entries[i].digest, &fd, &cli->diags);
        fd_close(&fd);
        if (opened != OK) {
            (*ret_bad)++;
            if (diag_add(&cli->diags, ERR_CORRUPT, SPAN_NONE, "%.*s of %.*s is %s",
                    STR_ARG(entries[i].path), STR_ARG(known->name),
                    opened == ERR_ABSENT ? "not in the store" : "damaged") != OK) {
                diags_end_chain(&cli->diags);
            }
        }
    }
    if (err == OK && tree_staged_verify(session->store, tree, &cli->diags) != OK) {
        (*ret_bad)++; /* told */
    }
    return err;
}

static enum cli_status verify_run(struct cli *cli)
{
    AUTO_SESSION session = {.cli = cli, .file = {.root_fd = -1}};
    struct toolchain_known *known = NULL;
    size_t count = 0;
    uint64_t bad_count = 0;
    enum err err = session_open(&session);
    err = err != OK ? err : known_read(&session, &known, &count);
    if (err != OK) {
        return cli_status_of(err);
    }
    AUTO_BUF out = {0};
    for (size_t i = 0; i < count; i++) {
        uint64_t before = bad_count;
        for (size_t j = 0; err == OK && j < known[i].tree_count; j++) {
            err = tree_check(&session, &known[i], &known[i].trees[j], &bad_count);
        }
        if (bad_count > before) {
            diags_end_chain(&cli->diags);
            err = diag_add(&cli->diags, ERR_CORRUPT, SPAN_NONE, "%s %.*s is not whole",
                kind_of(&known[i]), STR_ARG(known[i].name));
            diag_help(&cli->diags, "pin it again: %.*s",
                STR_ARG(toolchain_add_command(&known[i], &cli->arena)));
            diags_end_chain(&cli->diags);
            err = err == ERR_CORRUPT ? OK : err; /* told; the next entry is looked at too */
        }
        if (err != OK) {
            return cli_status_of(err);
        }
        buf_printf(&out, "%s %.*s: %s\n", kind_of(&known[i]), STR_ARG(known[i].name),
            before == bad_count ? "whole" : "damaged");
    }
    cli_print(buf_str(&out));
    return bad_count == 0 ? CLI_DONE : CLI_FAILED;
}

static const struct option_spec show_options[] = {
    {.name = "files", .kind = OPTION_FLAG, .help = "list the files of its trees too"},
};

const struct command command_toolchain_add = {
    .spec = {.name = "toolchain add",
        .operands = "cc | lib NAME...",
        .summary = "pin the machine's compiler, or a library, as an artifact",
        .about = "Finds what the compiler (or the library) consists of by asking the compiler,\n"
                 "the loader and the package database, puts the files into the store as one\n"
                 "tree, and writes its digest into toolchains.dhall. A build reads nothing else\n"
                 "about the machine. The same files give the same digest.",
        .options = add_options,
        .option_count = ADD_OPTION_COUNT,
        .operand_kind = OPERAND_WORD,
        .operand_words = "cc|lib",
        .operand_min = 1,
        .operand_max = OPERANDS_MANY},
    .run = add_run,
};
const struct command command_toolchain_list = {
    .spec = {.name = "toolchain list",
        .operands = "",
        .summary = "the compilers and libraries of toolchains.dhall",
        .options = list_options,
        .option_count = sizeof list_options / sizeof list_options[0]},
    .run = list_run,
};
const struct command command_toolchain_show = {
    .spec = {.name = "toolchain show",
        .operands = "NAME",
        .summary = "one entry of toolchains.dhall and its trees",
        .options = show_options,
        .option_count = sizeof show_options / sizeof show_options[0],
        .operand_kind = OPERAND_TEXT,
        .operand_min = 1,
        .operand_max = 1},
    .run = show_run,
};
const struct command command_toolchain_verify = {
    .spec = {.name = "toolchain verify",
        .operands = "",
        .summary = "check that every file of the pinned trees is in the store, whole",
        .options = NULL,
        .option_count = 0},
    .run = verify_run,
};
