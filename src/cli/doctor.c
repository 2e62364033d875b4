/* src/cli/doctor.c: says what this machine allows, and what to do about what it does not. */
#include "base/env.h"
#include "base/file.h"
#include "cli/command.h"
#include "codec/json.h"
#include "exec/exec.h"
#include "link/client.h"
#include "store/store.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

enum {
    CHECKS_MAX = 64,
    SPACE_WANTED_MIB = 2048, /* a compiler's tree and a small project's outputs */
};

struct report {
    struct cli *cli;
    struct exec_check rows[CHECKS_MAX];
    size_t count;
};

static void report_add(struct report *report, struct exec_check check)
{
    if (report->count < CHECKS_MAX) {
        report->rows[report->count++] = check;
    }
}

static void check_kernel(struct report *report)
{
    struct utsname name;
    if (uname(&name) == 0) {
        report_add(report, (struct exec_check){.name = STR("kernel"),
                               .works = true,
                               .detail = arena_printf(&report->cli->arena, "%s %s %s", name.sysname,
                                   name.release, name.machine)});
    }
}

static void check_sandbox(struct report *report)
{
    struct cli *cli = report->cli;
    struct exec_check *checks = NULL;
    size_t count = 0;
    if (exec_doctor(&cli->arena, &checks, &count, &cli->diags) != OK) {
        report_add(report, (struct exec_check){.name = STR("sandbox"),
                               .needed = true,
                               .detail = cli->diags.newest == NULL ? STR("cannot be tried")
                                                                   : cli->diags.newest->text});
        diags_init(&cli->diags, &cli->arena, cli->sources);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        report_add(report, checks[i]);
    }
}

static void check_space(struct report *report, const char *root)
{
    struct arena *arena = &report->cli->arena;
    struct statvfs fs;
    if (statvfs(root, &fs) != 0) {
        return;
    }
    uint64_t free_mib = (uint64_t)fs.f_bavail * fs.f_frsize >> 20;
    report_add(
        report, (struct exec_check){.name = STR("disk space"),
                    .works = free_mib >= SPACE_WANTED_MIB,
                    .detail = arena_printf(arena, "%llu MiB free", (unsigned long long)free_mib),
                    .help = arena_printf(arena,
                        "free some, or set STRAYLIGHT_STORE to a larger disk (%d "
                        "MiB is enough to begin with)",
                        SPACE_WANTED_MIB)});
}

static void check_store(struct report *report)
{
    struct cli *cli = report->cli;
    struct store *store = NULL;
    if (cli_store_open(cli, &store) != OK) {
        const struct diag *diag = cli->diags.newest;
        while (diag->cause != NULL) {
            diag = diag->cause;
        }
        report_add(report,
            (struct exec_check){
                .name = STR("store"), .needed = true, .detail = diag->text, .help = diag->help});
        diags_init(&cli->diags, &cli->arena, cli->sources);
        return;
    }
    report_add(report, (struct exec_check){.name = STR("store"),
                           .works = true,
                           .needed = true,
                           .detail = arena_str(&cli->arena, str_of(store_root(store)))});
    check_space(report, store_root(store));
    store_close(store);
}

static void check_armitage(struct report *report)
{
    struct cli *cli = report->cli;
    const char *path = "";
    enum err err = link_sibling_path("armitage", &cli->arena, &path, &cli->diags);
    report_add(
        report, (struct exec_check){.name = STR("armitage"),
                    .works = err == OK && access(path, X_OK) == 0,
                    .detail = str_of(path),
                    .help = STR("without it nothing is fetched; it belongs beside straylight")});
}

/* `toolchain add` asks the compiler and Debian's package database. */
static void check_program(struct report *report, const char *name, const char *help)
{
    struct str path = str_of(env_get("PATH") == NULL ? "/usr/bin:/bin" : env_get("PATH"));
    struct exec_check check = {
        .name = str_of(name), .detail = STR("not in PATH"), .help = str_of(help)};
    while (path.len > 0 && !check.works) {
        size_t colon = str_find(path, ':');
        struct str file =
            arena_printf(&report->cli->arena, "%.*s/%s", STR_ARG(str_sub(path, 0, colon)), name);
        if (access(file.ptr, X_OK) == 0) {
            check.works = true;
            check.detail = file;
        }
        path = str_sub(path, colon + 1, path.len);
    }
    report_add(report, check);
}

static void print_text(const struct report *report)
{
    const char *green = report->cli->colour_out ? "\033[32m" : "";
    const char *red = report->cli->colour_out ? "\033[1;31m" : "";
    const char *off = report->cli->colour_out ? "\033[0m" : "";
    AUTO_BUF text = {0};
    for (size_t i = 0; i < report->count; i++) {
        const struct exec_check *check = &report->rows[i];
        const char *mark = check->works ? "ok" : check->needed ? "FAILED" : "lacks";
        buf_printf(&text, "%s%-7s%s %-32.*s %.*s\n", check->works ? green : red, mark, off,
            STR_ARG(check->name), STR_ARG(check->detail));
        if (!check->works && check->help.len > 0) {
            buf_printf(&text, "        help: %.*s\n", STR_ARG(check->help));
        }
    }
    cli_print(buf_str(&text));
}

static void print_json(const struct report *report)
{
    AUTO_BUF text = {0};
    struct json json = {.text = &text};
    json_begin(&json, '[');
    for (size_t i = 0; i < report->count; i++) {
        const struct exec_check *check = &report->rows[i];
        json_begin(&json, '{');
        json_key_str(&json, STR("name"), check->name);
        json_key_bool(&json, STR("works"), check->works);
        json_key_bool(&json, STR("needed"), check->needed);
        json_key_str(&json, STR("detail"), check->detail);
        json_key_str(&json, STR("help"), check->help);
        json_end(&json, '}');
    }
    json_end(&json, ']');
    buf_add_byte(&text, '\n');
    cli_print(buf_str(&text));
}

enum {
    DOCTOR_JSON,
    DOCTOR_COUNT
};

static enum cli_status doctor_run(struct cli *cli)
{
    struct report report = {.cli = cli};
    check_kernel(&report);
    check_sandbox(&report);
    check_store(&report);
    check_armitage(&report);
    check_program(&report, "gcc", "\"toolchain add cc\" has nothing to pin; apt-get install gcc");
    check_program(&report, "dpkg-query",
        "\"toolchain add\" asks Debian's package database; it needs a Debian system");
    if (cli->args.values[DOCTOR_JSON].given) {
        print_json(&report);
    } else {
        print_text(&report);
    }
    for (size_t i = 0; i < report.count; i++) {
        if (report.rows[i].needed && !report.rows[i].works) {
            return CLI_BROKEN;
        }
    }
    return CLI_DONE;
}

const struct command command_doctor = {
    .spec = {.name = "doctor",
        .operands = "",
        .summary = "say what this machine allows, and what to do about what it does not",
        .about = "Tries what a build needs: namespaces and the other parts of the sandbox, the\n"
                 "store, disk space. The exit status is 3 if something fails that builds need.",
        .options = (const struct option_spec[DOCTOR_COUNT]){[DOCTOR_JSON] = {.name = "json",
                                                                .kind = OPTION_FLAG,
                                                                .help = "print a JSON array"}},
        .option_count = DOCTOR_COUNT},
    .run = doctor_run,
};
