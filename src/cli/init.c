/* src/cli/init.c: `straylight init`: a first workspace that builds, with its compiler pinned. */
#include "base/env.h"
#include "base/file.h"
#include "build/packages.h"
#include "build/toolchain.h"
#include "build/workspace.h"
#include "cli/command.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const char main_c[] = "#include <stdio.h>\n"
                             "\n"
                             "int main(void)\n"
                             "{\n"
                             "    (void)puts(\"Hello, straylight\");\n"
                             "    return 0;\n"
                             "}\n";

/* toolchains.dhall names trees of this user's store; who shares a store takes the line out. */
static const char gitignore[] =
    "# Links to what was built.\n"
    "/out\n"
    "# The compiler of this machine, pinned: straylight toolchain add cc\n"
    "/toolchains.dhall\n";

/* "https://straylight.cx/<path> sha256:<hash>": what the program itself answers. */
static enum err import_add(struct cli *cli, const char *path, const char *indent, struct buf *text)
{
    const struct package_release *release = package_release_find(str_of(path));
    if (release == NULL) {
        return diag_add(&cli->diags, ERR_INVALID, SPAN_NONE, "there is no package %s", path);
    }
    buf_printf(text, "%s%s\n%s  sha256:%s\n", PACKAGES_URL, path, indent, release->hash);
    return OK;
}

/* The folder's name, if it may stand in a Dhall text as it is; else "workspace". */
static struct str workspace_name(struct cli *cli, int dir_fd)
{
    char path[4096];
    struct str link = arena_printf(&cli->arena, "/proc/self/fd/%d", dir_fd);
    ssize_t len = readlink(link.ptr, path, sizeof path);
    struct str name = {path, len > 0 && (size_t)len < sizeof path ? (size_t)len : 0};
    size_t slash = str_find_last(name, '/');
    name = slash < name.len ? str_sub(name, slash + 1, name.len) : name;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (c < ' ' || c > '~' || c == '"' || c == '\\' || c == '$') {
            return STR("workspace");
        }
    }
    return name.len == 0 ? STR("workspace") : arena_str(&cli->arena, name);
}

static enum err texts_make(
    struct cli *cli, int dir_fd, struct str *ret_workspace, struct str *ret_package)
{
    AUTO_BUF workspace = {0};
    buf_printf(&workspace, "-- The root of a workspace, and what is true of the whole of it.\n"
                           "let W =\n      ");
    enum err err = import_add(cli, "config/v1.dhall", "      ", &workspace);
    if (err != OK) {
        return err;
    }
    buf_printf(&workspace, "\nin  W.Workspace::{ name = \"%.*s\" }\n",
        STR_ARG(workspace_name(cli, dir_fd)));
    AUTO_BUF package = {0};
    buf_printf(&package, "-- The targets of this folder: //:hello, or :hello while one is here.\n"
                         "let C =\n      ( ");
    err = import_add(cli, "rules/c/v1.dhall", "        ", &package);
    if (err != OK) {
        return err;
    }
    buf_printf(&package,
        "      ).with-toolchain\n"
        "        (./toolchains.dhall).native\n"
        "\n"
        "let hello = C.binary C.Binary::{ name = \"hello\", srcs = [ \"main.c\" ] }\n"
        "\n"
        "in  { hello }\n");
    *ret_workspace = arena_str(&cli->arena, buf_str(&workspace));
    *ret_package = arena_str(&cli->arena, buf_str(&package));
    return OK;
}

/* Nobody's file is written over. */
static enum err nothing_there(struct cli *cli, int dir_fd)
{
    static const char *const names[] = {WORKSPACE_FILE, PACKAGE_FILE, "main.c", TOOLCHAIN_FILE};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct stat st;
        if (fstatat(dir_fd, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0) {
            enum err err = diag_add(
                &cli->diags, ERR_INVALID, SPAN_NONE, "there is a file %s already", names[i]);
            diag_help(&cli->diags, "init wants a folder without one; nothing was changed");
            return err;
        }
    }
    return OK;
}

static enum err toolchain_pin(struct cli *cli, int dir_fd, struct toolchain *ret_toolchain)
{
    struct store *store = NULL;
    enum err err = cli_store_open(cli, &store);
    if (err != OK) {
        return ERR_IO; /* the environment's failure, whatever the reason */
    }
    const char *path = env_get("PATH");
    struct probe probe = {
        .arena = &cli->arena, .diags = &cli->diags, .path = path == NULL ? "/usr/bin:/bin" : path};
    err = toolchain_find(
        &probe, store, &(struct toolchain_wanted){.compiler = STR("gcc")}, ret_toolchain);
    if (err == ERR_ABSENT) {
        err = toolchain_find(
            &probe, store, &(struct toolchain_wanted){.compiler = STR("clang")}, ret_toolchain);
    }
    if (err == ERR_ABSENT) {
        err = diag_add(&cli->diags, ERR_IO, SPAN_NONE, "there is neither gcc nor clang to pin");
        diag_help(&cli->diags, "apt-get install gcc libc6-dev, and try again");
    }
    if (err == OK) {
        struct toolchain_file file = {
            .root_fd = dir_fd, .arena = &cli->arena, .diags = &cli->diags};
        err = toolchain_file_add(&file, TOOLCHAIN_ENTRY_COMPILER, STR("native"),
            toolchain_entry(ret_toolchain, STR("native"), &cli->arena));
    }
    store_close(store);
    return err;
}

static enum err files_write(struct cli *cli, int dir_fd, struct str workspace, struct str package)
{
    const struct {
        const char *name;
        struct str text;
    } files[] = {
        {"main.c", str_of(main_c)}, {PACKAGE_FILE, package},
        {WORKSPACE_FILE, workspace}, /* last: until then it is no workspace */
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        enum err err = file_write_atomic(dir_fd, files[i].name, files[i].text, &cli->diags);
        if (err != OK) {
            return err;
        }
    }
    struct stat st;
    return fstatat(dir_fd, ".gitignore", &st, AT_SYMLINK_NOFOLLOW) == 0
               ? OK
               : file_write_atomic(dir_fd, ".gitignore", str_of(gitignore), &cli->diags);
}

static enum cli_status init_run(struct cli *cli)
{
    const char *folder = cli->args.operand_count > 0 ? cli->args.operands[0] : ".";
    enum err err = dirs_make(AT_FDCWD, folder, &cli->diags);
    if (err != OK) {
        return cli_status_of(err);
    }
    AUTO_CLOSE int dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0) {
        return cli_status_of(diag_add_errno(&cli->diags, errno, "cannot open folder %s", folder));
    }
    struct str workspace = {0}, package = {0};
    struct toolchain toolchain = {0};
    err = nothing_there(cli, dir_fd);
    if (err == OK) {
        err = texts_make(cli, dir_fd, &workspace, &package);
    }
    if (err == OK) {
        err = toolchain_pin(cli, dir_fd, &toolchain);
    }
    if (err == OK) {
        err = files_write(cli, dir_fd, workspace, package);
    }
    if (err != OK) {
        return cli_status_of(err);
    }
    AUTO_BUF text = {0};
    buf_printf(&text,
        "wrote " WORKSPACE_FILE ", " PACKAGE_FILE ", main.c, " TOOLCHAIN_FILE " (%s %.*s)\n"
        "next: %s%s%sstraylight build //...\n",
        toolchain.compiler == TOOLCHAIN_CLANG ? "clang" : "gcc", STR_ARG(toolchain.version),
        strcmp(folder, ".") == 0 ? "" : "cd ", strcmp(folder, ".") == 0 ? "" : folder,
        strcmp(folder, ".") == 0 ? "" : " && ");
    cli_print(buf_str(&text));
    return CLI_DONE;
}

const struct command command_init = {
    .spec = {.name = "init",
        .operands = "[FOLDER]",
        .summary = "make a first workspace that builds",
        .about =
            "Writes straylight.dhall (the root of the workspace), BUILD.dhall (its targets), a\n"
            "program in C, .gitignore, and toolchains.dhall: this machine's compiler, pinned as\n"
            "\"straylight toolchain add cc\" does. Nothing that is there is written over.",
        .operand_kind = OPERAND_FOLDER,
        .operand_max = 1},
    .run = init_run,
};
