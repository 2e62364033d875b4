/* src/cli/dhalling.c */
#include "cli/dhalling.h"
#include "base/env.h"
#include "base/file.h"
#include "base/near.h"
#include "build/packages.h"
#include "cli/dhall_paint.h"
#include "link/client.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files and environment variables. */

static enum err home_path(struct str rest, struct arena *arena, const char **ret_path)
{
    const char *home = env_get("HOME");
    if (home == NULL) {
        return ERR_ABSENT;
    }
    *ret_path = arena_printf(arena, "%s/%.*s", home, STR_ARG(rest)).ptr;
    return OK;
}

/* Is there a file beside path whose name is nearly the same? Then that is told. */
static enum err near_miss(const char *path, struct diags *diags)
{
    enum {
        NAMES_MAX =
            256, /* in a large folder the first ones only: behind `?` files are often absent */
    };
    struct str whole = str_of(path);
    size_t slash = str_find_last(whole, '/');
    if (slash == whole.len) {
        return ERR_ABSENT;
    }
    struct str word = str_sub(whole, slash + 1, whole.len);
    struct str suffix = str_ends(word, STR(".dhall")) ? STR(".dhall") : STR("");
    struct str names[NAMES_MAX];
    size_t count = 0;
    DIR *dir = opendir(arena_printf(diags->arena, "%.*s/", STR_ARG(str_sub(whole, 0, slash))).ptr);
    const struct dirent *entry = dir == NULL ? NULL : readdir(dir);
    for (; entry != NULL && count < NAMES_MAX; entry = readdir(dir)) {
        struct str name = str_of(entry->d_name);
        if (name.ptr[0] != '.' && str_ends(name, suffix)) {
            names[count++] = arena_str(diags->arena, str_sub(name, 0, name.len - suffix.len));
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    size_t near = near_find(str_sub(word, 0, word.len - suffix.len), names, count);
    if (near == count) {
        return ERR_ABSENT;
    }
    enum err err = diag_add(diags, ERR_ABSENT, SPAN_NONE, "%s does not exist", path);
    diag_help(diags, "did you mean %.*s/%.*s%.*s?", STR_ARG(str_sub(whole, 0, slash)),
        STR_ARG(names[near]), STR_ARG(suffix));
    return err;
}

/* Of what stat cannot see, why: a name too long, a loop of links. It is absent like any other. */
static enum err path_absent(const char *path, int error_number, struct diags *diags)
{
    char reason[128];
    return error_number == ENOENT || error_number == ENOTDIR
               ? near_miss(path, diags)
               : diag_add(diags, ERR_ABSENT, SPAN_NONE, "cannot open %s: %s", path,
                     strerror_r(error_number, reason, sizeof reason));
}

static enum err reader_read(void *context, const struct dhall_import *import, struct str name,
    struct arena *arena, struct str *ret_bytes, struct diags *diags)
{
    const struct dhalling *dhalling = context;
    if (import->scheme == DHALL_ENV) {
        for (size_t i = 0; i < dhalling->text_count; i++) {
            if (str_eq(dhalling->texts[i].name, import->authority)) {
                *ret_bytes = dhalling->texts[i].text;
                return OK;
            }
        }
        const char *value = env_find(arena_cstr(arena, import->authority));
        if (value == NULL) {
            return ERR_ABSENT;
        }
        *ret_bytes = str_of(value);
        return OK;
    }
    if (memchr(name.ptr, 0, name.len) != NULL) {
        return ERR_ABSENT; /* no file has such a name */
    }
    if (dhalling->overlay != NULL &&
        dhalling->overlay(dhalling->overlay_context, name, ret_bytes)) {
        return OK;
    }
    const char *path = arena_cstr(arena, name);
    if (import->scheme == DHALL_HOME && home_path(str_sub(name, 2, name.len), arena, &path) != OK) {
        return ERR_ABSENT;
    }
    struct stat st;
    if (stat(path, &st) != 0) {
        return path_absent(path, errno, diags);
    }
    if (S_ISDIR(st.st_mode)) {
        return diag_add(
            diags, ERR_ABSENT, SPAN_NONE, "%.*s is a folder, not a file", STR_ARG(name));
    }
    return file_read(AT_FDCWD, path, FILE_BYTES_MAX, arena, ret_bytes, diags);
}

static bool reader_embedded(void *context, struct str url, struct str *ret_bytes)
{
    (void)context;
    return package_find(url, ret_bytes);
}

/* The semantic cache. */

static const char *cache_path(
    const struct dhalling *dhalling, const uint8_t hash[static 32], struct arena *arena)
{
    AUTO_BUF path = {0};
    buf_printf(&path, "%.*s/1220", STR_ARG(dhalling->cache_root));
    for (size_t i = 0; i < 32; i++) {
        buf_printf(&path, "%02x", hash[i]);
    }
    return arena_cstr(arena, buf_str(&path));
}

static enum err reader_cache_get(
    void *context, const uint8_t hash[static 32], struct arena *arena, struct str *ret_bytes)
{
    const struct dhalling *dhalling = context;
    struct diags diags; /* a cache that cannot be read is one that has nothing */
    diags_init(&diags, arena, NULL);
    const char *path = cache_path(dhalling, hash, arena);
    return file_read(AT_FDCWD, path, FILE_BYTES_MAX, arena, ret_bytes, &diags) == OK ? OK
                                                                                     : ERR_ABSENT;
}

static void reader_cache_bad(void *context, const uint8_t hash[static 32])
{
    const struct dhalling *dhalling = context;
    struct arena arena = {0};
    AUTO_BUF text = {0};
    buf_printf(&text, "warning: %s is not what its name says; it is ignored\n",
        cache_path(dhalling, hash, &arena));
    cli_tell(buf_str(&text));
    arena_release(&arena);
}

/* No fsync: an entry that a crash cut is found by its hash and fetched again. A cache that cannot
 * be written is no reason to fail. */
void dhalling_cache_put(struct dhalling *dhalling, const uint8_t hash[static 32], struct str bytes)
{
    if (dhalling->cache_root.len == 0) {
        return;
    }
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    const char *path = cache_path(dhalling, hash, &arena);
    const char *temporary = arena_printf(&arena, "%s.%ju.tmp", path, (uintmax_t)getpid()).ptr;
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    AUTO_CLOSE int fd = open(temporary, flags, 0644);
    if (fd < 0 && errno == ENOENT &&
        dirs_make(AT_FDCWD, arena_cstr(&arena, dhalling->cache_root), &diags) == OK) {
        fd = open(temporary, flags, 0644);
    }
    if (fd >= 0 && (fd_write_all(fd, bytes) != OK || rename(temporary, path) != 0)) {
        (void)unlink(temporary);
    }
    arena_release(&arena);
}

static void reader_cache_put(void *context, const uint8_t hash[static 32], struct str bytes)
{
    dhalling_cache_put(context, hash, bytes);
}

/* Other implementations look there too (imports.md): first $XDG_CACHE_HOME, then $HOME/.cache. */
static struct str cache_root_find(struct arena *arena)
{
    const char *cache = env_get("XDG_CACHE_HOME");
    const char *home = env_get("HOME");
    if (cache != NULL && cache[0] == '/') {
        return arena_printf(arena, "%s/dhall", cache);
    }
    return home != NULL && home[0] == '/' ? arena_printf(arena, "%s/.cache/dhall", home) : STR("");
}

/* Where the user bounds the address space of processes (ulimit -v), the language's own bounds are
 * passed before that one: it has an error to tell. An arena takes twice its bytes of it. */
static void limits_fit(struct dhall_limits *limits)
{
    enum {
        PARTS = 4, /* stack; values, twice; tables and text */
        TERM_BYTES = 128,
    };
    struct rlimit space;
    if (getrlimit(RLIMIT_AS, &space) != 0 || space.rlim_cur >= (rlim_t)16 << 30) {
        return;
    }
    size_t part = (size_t)space.rlim_cur / PARTS;
    if (limits->stack_bytes_max == 0 && part < (size_t)1 << 30) {
        limits->stack_bytes_max = part;
    }
    limits->memory_bytes_max = limits->memory_bytes_max == 0 ? part : limits->memory_bytes_max;
    if (limits->terms_max == 0 && part / TERM_BYTES < 64 * 1024 * 1024) {
        limits->terms_max = (uint32_t)(part / TERM_BYTES) + 1;
    }
}

/* What --limit says. The last one of a name counts; 0 is the default. */
static struct dhall_limits limits_of(const struct cli *cli)
{
    struct dhall_limits limits = {.is_option = true};
    const struct option_value *value = &cli->args.values[DHALLING_LIMIT];
    for (; value != NULL && value->given; value = value->earlier) {
        uint64_t n = value->number;
        uint32_t n32 = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
        size_t bytes = n > SIZE_MAX >> 21 ? SIZE_MAX >> 1 : (size_t)n << 20;
        if (str_eq(value->text, STR("steps"))) {
            limits.steps_max = limits.steps_max == 0 ? n : limits.steps_max;
        } else if (str_eq(value->text, STR("memory"))) {
            limits.memory_bytes_max =
                limits.memory_bytes_max == 0 ? bytes : limits.memory_bytes_max;
        } else if (str_eq(value->text, STR("stack"))) {
            limits.stack_bytes_max = limits.stack_bytes_max == 0 ? bytes : limits.stack_bytes_max;
        } else if (str_eq(value->text, STR("terms"))) {
            limits.terms_max = limits.terms_max == 0 ? n32 : limits.terms_max;
        } else {
            limits.nesting_max = limits.nesting_max == 0 ? n32 : limits.nesting_max;
        }
    }
    limits_fit(&limits);
    return limits;
}

void dhalling_open(struct cli *cli, struct dhalling *ret_dhalling)
{
    const struct option_value *values = cli->args.values;
    *ret_dhalling = (struct dhalling){.cli = cli};
    ret_dhalling->cache_root = cache_root_find(&cli->arena);
    ret_dhalling->sources = cli->sources;
    if (values[DHALLING_CENSOR].given) {
        sources_censor(cli->sources);
    }
    bool cached = !values[DHALLING_NO_CACHE].given && ret_dhalling->cache_root.len > 0;
    struct dhall_reader reader = {
        .context = ret_dhalling,
        .read = reader_read,
        .fetch = dhalling_fetch,
        .embedded = reader_embedded,
        .cache_get = cached ? reader_cache_get : NULL,
        .cache_bad = cached ? reader_cache_bad : NULL,
        .cache_put = cached ? reader_cache_put : NULL,
    };
    struct dhall_limits limits = limits_of(cli);
    ret_dhalling->dhall = dhall_new(&reader, &limits, ret_dhalling->sources);
    dhall_tool_explain(ret_dhalling->dhall, values[DHALLING_EXPLAIN].given);
}

void dhalling_close(struct dhalling *dhalling)
{
    dhall_free(dhalling->dhall);
    link_client_stop(dhalling->client);
    store_close(dhalling->store);
}

enum err dhalling_exclude(struct cli *cli, const unsigned *rows, size_t count)
{
    const struct option_spec *specs = cli->command->spec.options;
    const char *before = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!cli->args.values[rows[i]].given) {
            continue;
        }
        if (before != NULL) {
            return diag_add(&cli->diags, ERR_INVALID, SPAN_NONE, "--%s and --%s exclude each other",
                before, specs[rows[i]].name);
        }
        before = specs[rows[i]].name;
    }
    return OK;
}

/* Input and output. */

enum err dhalling_stdin_read(struct cli *cli, struct str *ret_text)
{
    return fd_read_all(
        STDIN_FILENO, "standard input", FILE_BYTES_MAX, &cli->arena, ret_text, &cli->diags);
}

/* What the user names may be a pipe (<(...) of a shell), a terminal or a device. */
static enum err input_read(struct cli *cli, const char *path, struct str *ret_text)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return ERR_ABSENT;
    }
    return fd < 0 ? diag_add_errno(&cli->diags, errno, "cannot open %s", path)
                  : fd_read_all(fd, path, FILE_BYTES_MAX, &cli->arena, ret_text, &cli->diags);
}

/* A file that is not there may be a sub-command with a slip, or behind an option. */
static void sub_command_hint(struct cli *cli, struct str word)
{
    size_t count = 0;
    const struct command *const *commands = commands_all(&count);
    struct str *names = ARENA_NEW(&cli->arena, struct str, count);
    for (size_t i = 0; i < count; i++) {
        struct str name = str_of(commands[i]->spec.name);
        names[i] = str_starts(name, STR("dhall ")) ? str_sub(name, 6, name.len) : STR("");
    }
    size_t near = near_find(word, names, count);
    for (size_t i = 0; i < count; i++) {
        near = str_eq(names[i], word) ? i : near;
    }
    if (near < count && str_find(word, '/') == word.len) {
        diag_help(&cli->diags, "for the command, write \"straylight dhall %.*s ...\"",
            STR_ARG(names[near]));
    }
}

enum err dhalling_read(struct dhalling *dhalling, const char *path)
{
    struct cli *cli = dhalling->cli;
    enum err err;
    if (path == NULL || strcmp(path, "-") == 0) {
        dhalling->name = STR("(input)");
        dhalling->dir = STR(".");
        err = dhalling_stdin_read(cli, &dhalling->text);
    } else {
        struct str name = str_of(path);
        size_t slash = str_find_last(name, '/');
        dhalling->name = name;
        dhalling->dir = slash == name.len ? STR(".") : str_sub(name, 0, slash == 0 ? 1 : slash);
        err = input_read(cli, path, &dhalling->text);
        if (err == ERR_ABSENT) {
            err = diag_add(&cli->diags, ERR_ABSENT, SPAN_NONE, "%s does not exist", path);
            sub_command_hint(cli, name);
        }
    }
    static const unsigned charsets[] = {DHALLING_ASCII, DHALLING_UNICODE};
    err = err == OK ? dhalling_exclude(cli, charsets, 2) : err;
    bool asked = cli->args.values[DHALLING_UNICODE].given;
    dhalling->ascii =
        cli->args.values[DHALLING_ASCII].given || (!asked && !dhalling_has_symbols(dhalling->text));
    return err;
}

enum err dhalling_input(struct dhalling *dhalling)
{
    struct cli *cli = dhalling->cli;
    const char *path = cli->args.operand_count > 0 ? cli->args.operands[0] : NULL;
    struct option_value file = cli->args.values[DHALLING_FILE];
    if (file.given && path != NULL) {
        return diag_add(&cli->diags, ERR_INVALID, SPAN_NONE, "--file and a file are given");
    }
    return dhalling_read(dhalling, file.given ? arena_cstr(&cli->arena, file.text) : path);
}

enum err dhalling_load(struct dhalling *dhalling, struct dhall_loaded *ret_loaded)
{
    enum err err = dhalling_input(dhalling);
    return err != OK ? err
                     : dhall_load_text(dhalling->dhall, dhalling->name, dhalling->dir,
                           dhalling->text, ret_loaded, &dhalling->cli->diags);
}

bool dhalling_has_symbols(struct str text)
{
    static const char *const symbols[] = {"λ", "∀", "→", "∧", "⫽", "⩓", "≡"};
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        if (text.len > 0 && memmem(text.ptr, text.len, symbols[i], strlen(symbols[i])) != NULL) {
            return true;
        }
    }
    return false;
}

enum err dhalling_value_show(
    struct dhalling *dhalling, const struct dhall_value *value, bool alpha, struct buf *ret_text)
{
    struct dhall_terms terms;
    dhall_terms_init(&terms, dhall_tool_labels(dhalling->dhall), 0);
    dhall_term term = {0};
    enum err err =
        dhall_tool_read_back(dhalling->dhall, value, alpha, &terms, &term, &dhalling->cli->diags);
    if (err == OK) {
        struct dhall_print_options options = {
            .ascii = dhalling->ascii, .write = dhalling->streams ? cli_print : NULL};
        dhall_print(&terms, term, &options, ret_text);
        buf_add_byte(ret_text, '\n');
    }
    dhall_terms_release(&terms);
    return err;
}

bool dhalling_paints(const struct cli *cli)
{
    return cli->colour_out && !cli->args.values[DHALLING_PLAIN].given;
}

void dhalling_print(const struct cli *cli, struct str text)
{
    if (!dhalling_paints(cli)) {
        cli_print(text);
        return;
    }
    AUTO_BUF painted = {0};
    dhall_paint(text, &painted);
    cli_print(buf_str(&painted));
}

enum err dhalling_output(struct dhalling *dhalling, struct option_value option, struct str text)
{
    if (!option.given) {
        cli_print(text);
        return OK;
    }
    struct cli *cli = dhalling->cli;
    return file_write_atomic(AT_FDCWD, arena_cstr(&cli->arena, option.text), text, &cli->diags);
}

enum cli_status dhalling_version_print(void)
{
    cli_print(STR("Dhall 23.1.0\n"));
    return CLI_DONE;
}

enum cli_status dhalling_end(struct dhalling *dhalling, enum err err)
{
    struct diags *diags = &dhalling->cli->diags;
    if (err == ERR_LIMIT && diags->newest != NULL && sources_last(dhalling->sources) > 0) {
        diag_place(diags, (struct span){.source = 1}); /* the input is the first source */
    }
    dhalling_close(dhalling);
    return cli_status_of(err);
}

struct str dhalling_hash_show(struct cli *cli, const uint8_t hash[static 32])
{
    AUTO_BUF text = {0};
    buf_add(&text, STR("sha256:"));
    for (size_t i = 0; i < 32; i++) {
        buf_printf(&text, "%02x", hash[i]);
    }
    return arena_str(&cli->arena, buf_str(&text));
}
