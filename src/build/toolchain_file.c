/* src/build/toolchain_file.c: toolchains.dhall, entry by entry. */
#include "base/file.h"
#include "build/packages.h"
#include "build/toolchain.h"
#include "build/workspace.h"
#include "dhall/dhall.h"
#include <fcntl.h>

enum {
    FILE_TEXT_MAX = 4 * 1024 * 1024,
    ENTRIES_MAX = 4096,
};
#define ENTRY_LINE "-- entry: "
#define END_LINE "-- end"

bool toolchain_name_valid(struct str name)
{
    bool valid = name.len > 0 && name.len <= 64;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool later = (c >= '0' && c <= '9') || c == '-';
        valid = valid && (letter || (i > 0 && later));
    }
    return valid;
}

static void tree_text(struct buf *out, const struct digest *digest)
{
    char text[DIGEST_TEXT_MAX];
    buf_printf(out, "{ at = \"/\", digest = \"%.*s\" }", STR_ARG(digest_format(digest, text)));
}

static void machine_text(struct buf *out, struct str machine)
{
    struct str arch = str_sub(machine, 0, str_find(machine, '-'));
    const char *cpu = str_eq(arch, STR("x86_64"))    ? "X86_64"
                      : str_eq(arch, STR("aarch64")) ? "Aarch64"
                                                     : "Riscv64";
    if (str_eq(arch, STR("wasm32"))) { /* has one processor */
        buf_printf(out, "T.%.*s", STR_ARG(machine));
        return;
    }
    buf_printf(out, "T.%.*s { cpu = T.%s.generic }", STR_ARG(machine), cpu);
}

struct str toolchain_entry(const struct toolchain *toolchain, struct str name, struct arena *arena)
{
    AUTO_BUF out = {0};
    struct str packages = toolchain->packages;
    struct str package;
    while (line_next(&packages, &package)) {
        buf_printf(&out, "-- from %.*s\n", STR_ARG(package));
    }
    buf_printf(&out,
        "let %.*s =\n      { compiler =\n          Tc.Compiler.%s\n"
        "            { version = \"%.*s\"\n            , tree = ",
        STR_ARG(name), toolchain->compiler == TOOLCHAIN_CLANG ? "Clang" : "Gcc",
        STR_ARG(toolchain->version));
    tree_text(&out, &toolchain->tree);
    buf_printf(&out, "\n            }\n      , host = ");
    machine_text(&out, toolchain->host);
    buf_printf(&out, "\n      , target = ");
    machine_text(&out, toolchain->target);
    buf_printf(&out, "\n      , flags = [ Tc.Flag.OptLevel Tc.OptLevel.O2, Tc.Flag.Debug "
                     "Tc.Debug.Lines ]\n      , linker =");
    if (toolchain->has_linker) {
        buf_printf(&out,
            "\n          Some\n            ( Tc.Linker.Lld\n                { version = \"%.*s\"\n"
            "                , tree = ",
            STR_ARG(toolchain->linker_version));
        tree_text(&out, &toolchain->linker_tree);
        buf_printf(&out, "\n                }\n            )");
    } else {
        buf_printf(&out, " None Tc.Linker");
    }
    buf_printf(&out,
        "\n      , sysroot = None Tc.Artifact\n      }\n\n"
        "let %.*s-holds = assert : Tc.problems %.*s === ([] : List Text)\n",
        STR_ARG(name), STR_ARG(name));
    return arena_str(arena, buf_str(&out));
}

static void list_text(struct buf *out, const char *field, const struct str *texts, size_t count)
{
    buf_printf(out, "\n      , %s =", field);
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "%s\"%.*s\"", i == 0 ? " [ " : ", ", STR_ARG(texts[i]));
    }
    buf_printf(out, count == 0 ? " [] : List Text" : " ]");
}

struct str toolchain_library_entry(const struct toolchain_library *library, struct arena *arena)
{
    AUTO_BUF out = {0};
    buf_printf(&out,
        "let lib-%.*s\n    : Tc.Library\n    = { name = \"%.*s\"\n"
        "      , version = \"%.*s\"\n      , tree = ",
        STR_ARG(library->name), STR_ARG(library->name), STR_ARG(library->version));
    tree_text(&out, &library->tree);
    list_text(&out, "include", library->include, library->include_count);
    list_text(&out, "shared", library->shared, library->shared_count);
    list_text(&out, "archives", library->archives, library->archive_count);
    list_text(&out, "system", library->system, library->system_count);
    buf_printf(&out, "\n      }\n");
    return arena_str(arena, buf_str(&out));
}

static bool packages_embedded(void *context, struct str url, struct str *ret_bytes)
{
    (void)context;
    return package_find(url, ret_bytes);
}

static enum err packages_read(void *context, const struct dhall_import *import, struct str name,
    struct arena *arena, struct str *ret_bytes, struct diags *diags)
{
    (void)context;
    (void)import;
    return file_read(AT_FDCWD, arena_cstr(arena, name), FILE_TEXT_MAX, arena, ret_bytes, diags);
}

enum err toolchain_packages(
    const char *root, struct arena *arena, struct str *ret_packages, struct diags *diags)
{
    struct dhall_reader reader = {.read = packages_read,
        .embedded = packages_embedded,
        .refuse_unfrozen = true,
        .refuse_env = true};
    struct dhall *dhall = dhall_new(&reader, NULL, diags->sources);
    struct str name = arena_printf(arena, "%s/" WORKSPACE_FILE, root);
    struct dhall_loaded loaded;
    const struct dhall_value *field = NULL;
    const struct dhall_value *path = NULL;
    struct str alternative = {0};
    *ret_packages = (struct str){0};
    enum err err = dhall_load(dhall, name, &loaded, diags);
    if (err == OK && (dhall_value_field(dhall, loaded.value, STR("packages"), &field) != OK ||
                         dhall_value_union(dhall, field, &alternative, &path) != OK)) {
        err = diag_add(diags, ERR_INVALID, SPAN_NONE,
            "%s is not a workspace of config/v1.dhall: it has no field `packages`", name.ptr);
    }
    if (err == OK && path != NULL) {
        err = dhall_value_text(dhall, path, ret_packages);
        *ret_packages = arena_str(arena, *ret_packages);
    }
    dhall_free(dhall);
    return err;
}

/* An entry of a file: its kind and name, and its text from behind its line to the next one. */
struct entry {
    enum toolchain_entry_kind kind;
    struct str name, text;
};
static const char *const kind_names[] = {
    [TOOLCHAIN_ENTRY_COMPILER] = "toolchain",
    [TOOLCHAIN_ENTRY_LIBRARY] = "library",
};

/* "-- entry: KIND NAME" */
static bool entry_line(struct str line, struct entry *ret_entry)
{
    struct str rest = str_sub(line, strlen(ENTRY_LINE), line.len);
    struct str kind;
    struct str name;
    if (!str_starts(line, STR(ENTRY_LINE)) || !word_next(&rest, &kind) ||
        !word_next(&rest, &name)) {
        return false;
    }
    for (size_t i = 0; i < sizeof kind_names / sizeof kind_names[0]; i++) {
        if (str_eq(kind, str_of(kind_names[i]))) {
            *ret_entry = (struct entry){.kind = (enum toolchain_entry_kind)i, .name = name};
            return toolchain_name_valid(name);
        }
    }
    return false;
}

static enum err text_strange(const struct toolchain_file *file, const char *what)
{
    enum err err = diag_add(file->diags, ERR_INVALID, SPAN_NONE,
        TOOLCHAIN_FILE " is not of the form that `straylight "
                       "toolchain add` writes: %s",
        what);
    diag_help(file->diags,
        "keep its lines \"-- entry: ...\" and \"-- end\", or move the file away and add again");
    return err;
}

static enum err entries_read(
    const struct toolchain_file *file, struct str text, struct entry *entries, size_t *ret_count)
{
    struct str line;
    const char *begin = NULL; /* of the open entry's text */
    size_t count = 0;
    bool ended = text.len == 0;
    while (!ended && line_next(&text, &line)) {
        struct entry entry;
        bool starts = entry_line(line, &entry);
        ended = str_eq(line, STR(END_LINE));
        if ((starts || ended) && begin != NULL) {
            entries[count - 1].text = (struct str){.ptr = begin, .len = (size_t)(line.ptr - begin)};
        }
        if (!starts && str_starts(line, STR(ENTRY_LINE))) {
            return text_strange(file, "there is an entry of no known kind");
        }
        if (starts && count == ENTRIES_MAX) {
            return text_strange(file, "there are too many entries");
        }
        if (starts) {
            entries[count++] = entry;
            begin = line.ptr + line.len + 1;
        }
    }
    if (!ended) {
        return text_strange(file, "it has no line \"" END_LINE "\"");
    }
    *ret_count = count;
    return OK;
}

/* `let T = ./dhall/targets/v1.dhall`, or the frozen URL. */
static enum err import_text(
    const struct toolchain_file *file, const char *label, struct str package, struct buf *out)
{
    if (file->packages.len > 0) {
        buf_printf(out, "let %s = %.*s/%.*s\n\n", label, STR_ARG(file->packages), STR_ARG(package));
        return OK;
    }
    const struct package_release *release = package_release_find(package);
    if (release == NULL) {
        return diag_add(
            file->diags, ERR_INVALID, SPAN_NONE, "no released package %.*s", STR_ARG(package));
    }
    buf_printf(out, "let %s =\n      " PACKAGES_URL "%.*s\n        sha256:%s\n\n", label,
        STR_ARG(package), release->hash);
    return OK;
}

/* "{ native, libs = { gmp = lib-gmp } }" */
static void record_text(const struct entry *entries, size_t count, struct buf *out)
{
    const char *separator = "in  { ";
    for (size_t i = 0; i < count; i++) {
        if (entries[i].kind == TOOLCHAIN_ENTRY_COMPILER) {
            buf_printf(out, "%s%.*s", separator, STR_ARG(entries[i].name));
            separator = "\n    , ";
        }
    }
    buf_printf(out, "%slibs =", separator);
    bool none = true;
    for (size_t i = 0; i < count; i++) {
        if (entries[i].kind == TOOLCHAIN_ENTRY_LIBRARY) {
            buf_printf(out, "%s %.*s = lib-%.*s", none ? " {" : ",", STR_ARG(entries[i].name),
                STR_ARG(entries[i].name));
            none = false;
        }
    }
    buf_printf(out, none ? " {=}\n    }\n" : " }\n    }\n");
}

enum err toolchain_text_add(const struct toolchain_file *file, struct str old,
    enum toolchain_entry_kind kind, struct str name, struct str entry, struct str *ret_text)
{
    struct entry *entries = ARENA_NEW(file->arena, struct entry, ENTRIES_MAX + 1);
    size_t count = 0;
    if (!toolchain_name_valid(name)) {
        return diag_add(file->diags, ERR_INVALID, SPAN_NONE,
            "\"%.*s\" is no name: a letter, then letters, digits, - and _", STR_ARG(name));
    }
    enum err err = entries_read(file, old, entries, &count);
    if (err != OK) {
        return err;
    }
    size_t at = 0;
    while (at < count && !(entries[at].kind == kind && str_eq(entries[at].name, name))) {
        at++;
    }
    entries[at] = (struct entry){.kind = kind, .name = name, .text = entry};
    count = at == count ? count + 1 : count;
    AUTO_BUF out = {0};
    buf_printf(&out, "-- Written by `straylight toolchain add`: what a build knows of the machine, "
                     "and all of it.\n-- Entries may be changed by hand; adding one again replaces "
                     "it and leaves the others alone.\n");
    err = import_text(file, "T", STR("targets/v1.dhall"), &out);
    err = err != OK ? err : import_text(file, "Tc", STR("toolchains/v1.dhall"), &out);
    for (size_t i = 0; err == OK && i < count; i++) {
        buf_printf(
            &out, ENTRY_LINE "%s %.*s\n", kind_names[entries[i].kind], STR_ARG(entries[i].name));
        buf_add(&out, entries[i].text);
        if (!str_ends(entries[i].text, STR("\n\n"))) {
            buf_add_byte(&out, '\n');
        }
    }
    buf_printf(&out, END_LINE "\n");
    record_text(entries, count, &out);
    *ret_text = arena_str(file->arena, buf_str(&out));
    return err;
}

struct str toolchain_known_text(const struct toolchain_known *known, const char *field)
{
    struct str want = str_of(field);
    for (size_t i = 0; i + want.len + 4 < known->text.len; i++) {
        struct str at = str_sub(known->text, i, known->text.len);
        bool starts = i > 0 && (known->text.ptr[i - 1] == ' ' || known->text.ptr[i - 1] == '\n');
        if (starts && str_starts(at, want) &&
            str_starts(str_sub(at, want.len, at.len), STR(" = \""))) {
            struct str value = str_sub(at, want.len + 4, at.len);
            return str_sub(value, 0, str_find(value, '"'));
        }
    }
    return (struct str){0};
}

/* "aarch64-linux" behind `field = T.`; empty if it is not there. */
static struct str known_machine(const struct toolchain_known *known, const char *field)
{
    const char *at = memmem(known->text.ptr, known->text.len, field, strlen(field));
    if (at == NULL) {
        return (struct str){0};
    }
    size_t begin = (size_t)(at - known->text.ptr) + strlen(field);
    size_t end = begin;
    while (end < known->text.len && memchr(" \n{", known->text.ptr[end], 3) == NULL) {
        end++;
    }
    return str_sub(known->text, begin, end);
}

static bool known_says(const struct toolchain_known *known, const char *what)
{
    return memmem(known->text.ptr, known->text.len, what, strlen(what)) != NULL;
}

struct str toolchain_add_command(const struct toolchain_known *known, struct arena *arena)
{
    if (known->kind == TOOLCHAIN_ENTRY_LIBRARY) {
        return arena_printf(arena, "straylight toolchain add lib %.*s", STR_ARG(known->name));
    }
    struct str host = known_machine(known, ", host = T.");
    struct str target = known_machine(known, ", target = T.");
    bool crosses = target.len > 0 && !str_eq(host, target);
    return arena_printf(arena, "straylight toolchain add cc --name %.*s%s%s%s%.*s",
        STR_ARG(known->name), known_says(known, "Compiler.Clang") ? " --compiler clang" : "",
        known_says(known, "Linker.Lld") ? " --linker lld" : "", crosses ? " --target " : "",
        STR_ARG(crosses ? target : STR("")));
}

/* Every `digest = "..."` of the entry. */
static enum err known_trees(const struct toolchain_file *file, struct toolchain_known *known)
{
    known->trees = ARENA_NEW(file->arena, struct digest, known->text.len / DIGEST_HEX_BYTES + 1);
    struct toolchain_known rest = *known;
    struct str text = toolchain_known_text(&rest, "digest");
    while (text.len > 0) {
        if (digest_parse(text, &known->trees[known->tree_count]) != OK) {
            return diag_add(file->diags, ERR_INVALID, SPAN_NONE,
                TOOLCHAIN_FILE ": \"%.*s\" is no digest", STR_ARG(text));
        }
        known->tree_count++;
        rest.text =
            str_sub(rest.text, (size_t)(text.ptr - rest.text.ptr) + text.len, rest.text.len);
        text = toolchain_known_text(&rest, "digest");
    }
    return OK;
}

enum err toolchain_file_read(
    const struct toolchain_file *file, struct toolchain_known **ret_known, size_t *ret_count)
{
    struct str text = {0};
    struct entry *entries = ARENA_NEW(file->arena, struct entry, ENTRIES_MAX + 1);
    enum err err =
        file_read(file->root_fd, TOOLCHAIN_FILE, FILE_TEXT_MAX, file->arena, &text, file->diags);
    err = err != OK ? err : entries_read(file, text, entries, ret_count);
    if (err != OK) {
        return err;
    }
    *ret_known = ARENA_NEW(file->arena, struct toolchain_known, *ret_count);
    for (size_t i = 0; err == OK && i < *ret_count; i++) {
        struct toolchain_known *known = &(*ret_known)[i];
        *known = (struct toolchain_known){
            .kind = entries[i].kind, .name = entries[i].name, .text = entries[i].text};
        err = known_trees(file, known);
    }
    return err;
}

enum err toolchain_file_add(const struct toolchain_file *file, enum toolchain_entry_kind kind,
    struct str name, struct str entry)
{
    struct str old = {0};
    struct str text = {0};
    enum err err =
        file_read(file->root_fd, TOOLCHAIN_FILE, FILE_TEXT_MAX, file->arena, &old, file->diags);
    if (err != OK && err != ERR_ABSENT) {
        return err;
    }
    err = toolchain_text_add(file, old, kind, name, entry, &text);
    return err != OK ? err : file_write_atomic(file->root_fd, TOOLCHAIN_FILE, text, file->diags);
}
