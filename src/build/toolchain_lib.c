/* src/build/toolchain_lib.c: what one library consists of, by asking pkg-config, the loader and
 * dpkg. */
#include "build/debian.h"
#include "build/host.h"
#include "build/toolchain.h"

enum {
    LIBRARY_REQUIRES_MAX = 64, /* modules of pkg-config that one library requires */
};
struct search {
    const struct probe *probe;
    struct debian debian;
    struct host host;
    struct str name;
    const char *pkg_config; /* NULL: there is none, or it does not know the library */
    const char *module;     /* what pkg-config calls it */
    struct table packages;  /* those for developers; the library's own is the first */
    struct table files;     /* all their files, by path */
    struct table libc;      /* real paths of the files of the loader's package: never in the tree */
};

static enum err pkg_config_ask(struct search *search, const char *option, const char *second,
    const char *module, struct str *ret_answer)
{
    const char *argv[] = {search->pkg_config, option, second, module, NULL};
    return probe_run(search->probe, argv, PROBE_STRICT, ret_answer);
}

/* Adds the package of the module's .pc file. */
static enum err module_note(struct search *search, const char *module)
{
    struct str folder = {0};
    enum err err = pkg_config_ask(search, "--variable=pcfiledir", module, NULL, &folder);
    folder = str_sub(folder, 0, str_find(folder, '\n'));
    const char *path =
        arena_printf(search->probe->arena, "%.*s/%s.pc", STR_ARG(folder), module).ptr;
    return err != OK ? err : debian_owners_add(&search->debian, &path, 1, &search->packages);
}

static enum err requires_note(struct search *search)
{
    struct table modules = {0};
    (void)table_add(&modules, search->probe->arena, str_of(search->module));
    enum err err = OK;
    for (uint32_t i = 0; err == OK && i < modules.len && i < LIBRARY_REQUIRES_MAX; i++) {
        const char *module = arena_cstr(search->probe->arena, modules.keys[i]);
        err = module_note(search, module);
        struct str lines = {0};
        err = err != OK ? err : pkg_config_ask(search, "--print-requires", module, NULL, &lines);
        struct str line;
        struct str name;
        while (err == OK && line_next(&lines, &line)) { /* "libssl >= 1.0" */
            if (word_next(&line, &name)) {
                (void)table_add(&modules, search->probe->arena, name);
            }
        }
    }
    table_release(&modules);
    return err;
}

/* Does pkg-config know NAME, or libNAME? */
static enum err module_find(struct search *search)
{
    const char *path = NULL;
    if (probe_find(search->probe, STR("pkg-config"), &path) != OK) {
        return OK;
    }
    static const char *const prefixes[] = {"", "lib"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        const char *module =
            arena_printf(search->probe->arena, "%s%.*s", prefixes[i], STR_ARG(search->name)).ptr;
        const char *argv[] = {path, "--modversion", module, NULL};
        struct str answer = {0};
        enum err err = probe_run(search->probe, argv, PROBE_LENIENT, &answer);
        if (err != OK) {
            return err;
        }
        if (answer.len > 0) {
            search->pkg_config = path;
            search->module = module;
            return OK;
        }
    }
    return OK;
}

/* The development package by the file that the linker would take. */
static enum err file_note(struct search *search)
{
    struct str path = {0};
    const char *pattern =
        arena_printf(search->probe->arena, "*/lib%.*s.so", STR_ARG(search->name)).ptr;
    enum err err = debian_search(&search->debian, pattern, &search->packages, &path);
    if (err != OK || search->packages.len == 1) {
        return err;
    }
    if (search->packages.len > 1) {
        err = diag_add(search->probe->diags, ERR_INVALID, SPAN_NONE,
            "more than one package has a library \"%.*s\": %.*s and %.*s", STR_ARG(search->name),
            STR_ARG(search->packages.keys[0]), STR_ARG(search->packages.keys[1]));
        return err;
    }
    err = diag_add(search->probe->diags, ERR_INVALID, SPAN_NONE,
        "there is no library \"%.*s\" for development on this machine", STR_ARG(search->name));
    diag_help(search->probe->diags,
        "install its -dev package (apt-cache search lib%.*s), and pkg-config if it is not there",
        STR_ARG(search->name));
    return err;
}

static enum err files_note(struct search *search)
{
    enum err err = OK;
    for (uint32_t i = 0; err == OK && i < search->packages.len; i++) {
        struct str lines = {0};
        struct str path;
        err = debian_files(&search->debian, search->packages.keys[i], &lines);
        while (err == OK && line_next(&lines, &path)) {
            (void)table_add(&search->files, search->probe->arena, path);
        }
    }
    return err;
}

/* The loader, and the files of its package: libc is the compiler's, never a library's. */
static enum err libc_note(struct search *search)
{
    struct host programs = host_new(search->probe, search->host.store);
    enum err err = host_add(&programs, str_of(search->debian.query), NULL);
    err = err != OK ? err : host_close_over(&programs, NULL);
    search->host.loader = programs.loader;
    search->host.machine = programs.machine;
    host_release(&programs);
    if (err != OK || search->host.loader == NULL) {
        return err;
    }
    const char *real = NULL;
    struct table owners = {0};
    err = host_real(search->probe, str_of(search->host.loader), &real);
    err = err != OK ? err : debian_owners_add(&search->debian, &real, 1, &owners);
    for (uint32_t i = 0; err == OK && i < owners.len; i++) {
        struct str lines = {0};
        struct str path;
        err = debian_files(&search->debian, owners.keys[i], &lines);
        while (err == OK && line_next(&lines, &path)) {
            if (host_real(search->probe, path, &real) == OK) {
                (void)table_add(&search->libc, search->probe->arena, str_of(real));
            }
        }
    }
    table_release(&owners);
    return err;
}

/* The file of the noted packages whose last component is "lib" name suffix; empty if there is
 * none. */
static struct str file_named(const struct search *search, struct str name, const char *suffix)
{
    struct str want = arena_printf(search->probe->arena, "/lib%.*s%s", STR_ARG(name), suffix);
    for (uint32_t i = 0; i < search->files.len; i++) {
        if (str_ends(search->files.keys[i], want)) {
            return search->files.keys[i];
        }
    }
    return (struct str){0};
}

/* The file's path in the tree, to a list that has room. */
static void piece_note(struct search *search, struct str path, struct str *list, size_t *count)
{
    list[(*count)++] = arena_str(search->probe->arena, str_sub(path, 1, path.len));
}

static enum err pieces_add(struct search *search, const struct str *list, size_t count)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < count; i++) {
        struct str path = arena_printf(search->probe->arena, "/%.*s", STR_ARG(list[i]));
        err = host_add(&search->host, path, NULL);
        if (err == ERR_ABSENT) {
            err = diag_add(search->probe->diags, ERR_INVALID, SPAN_NONE, "%.*s leads to nothing",
                STR_ARG(path));
        }
    }
    return err;
}

/* Words "-lNAME" of text: those of the packages to shared objects (or archives), the rest are
 * parts of libc. *ret_complete: each one was found. */
static enum err names_add(struct search *search, struct str text, bool archives,
    struct toolchain_library *library, bool *ret_complete)
{
    struct str word;
    enum err err = OK;
    *ret_complete = true;
    while (err == OK && word_next(&text, &word)) {
        struct str name = str_sub(word, 2, word.len);
        struct str path = file_named(search, name, archives ? ".a" : ".so");
        if (path.len > 0 && archives) {
            piece_note(search, path, library->archives, &library->archive_count);
        } else if (path.len > 0) {
            piece_note(search, path, library->shared, &library->shared_count);
        }
        if (path.len > 0) {
            continue;
        }
        struct table owners = {0};
        struct str found = {0};
        const char *pattern = arena_printf(search->probe->arena, "*/lib%.*s.a", STR_ARG(name)).ptr;
        err = debian_search(&search->debian, pattern, &owners, &found);
        bool is_libc = false;
        for (uint32_t i = 0; i < owners.len; i++) {
            is_libc = is_libc || str_starts(owners.keys[i], STR("libc6-dev:"));
        }
        if (err == OK && is_libc) {
            library->system[library->system_count++] = arena_str(search->probe->arena, name);
        } else if (err == OK && archives && owners.len == 1) {
            piece_note(search, found, library->archives, &library->archive_count);
        } else {
            *ret_complete = false;
        }
        table_release(&owners);
    }
    return err;
}

static size_t word_count(struct str text)
{
    size_t count = 0;
    struct str word;
    while (word_next(&text, &word)) {
        count++;
    }
    return count;
}

static bool system_has(const struct toolchain_library *library, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(library->system[i], name)) {
            return true;
        }
    }
    return false;
}

static void system_dedupe(struct toolchain_library *library)
{
    size_t kept = 0;
    for (size_t i = 0; i < library->system_count; i++) {
        if (!system_has(library, kept, library->system[i])) {
            library->system[kept++] = library->system[i];
        }
    }
    library->system_count = kept;
}

/* Is it a folder that compilers search by themselves: /usr/include, or its part for the machine,
 * which is called as the folder that the library lies in? */
static bool is_searched(struct str folder, const struct toolchain_library *library)
{
    struct str file = library->shared_count > 0    ? library->shared[0]
                      : library->archive_count > 0 ? library->archives[0]
                                                   : (struct str){0};
    struct str place = str_sub(file, 0, str_find_last(file, '/'));
    struct str machine = str_sub(place, strlen("usr/lib/"), place.len);
    struct str prefix = STR("/usr/include");
    return str_eq(folder, prefix) ||
           (str_starts(folder, prefix) && str_starts(place, STR("usr/lib/")) &&
               str_eq(str_sub(folder, prefix.len + 1, folder.len), machine));
}

/* Words "-I/usr/include/x". */
static void includes_add(struct search *search, struct str words, struct toolchain_library *library)
{
    struct str word;
    while (word_next(&words, &word)) {
        struct str folder = str_sub(word, 2, word.len);
        if (!is_searched(folder, library)) {
            library->include[library->include_count++] = arena_str(search->probe->arena, folder);
        }
    }
}

static enum err link_record(struct search *search, struct toolchain_library *library)
{
    struct str shared = arena_printf(search->probe->arena, "-l%.*s", STR_ARG(search->name));
    struct str archives = shared;
    struct str folders = {0};
    enum err err = OK;
    if (search->pkg_config != NULL) {
        err = pkg_config_ask(search, "--libs-only-l", search->module, NULL, &shared);
        err = err != OK
                  ? err
                  : pkg_config_ask(search, "--static", "--libs-only-l", search->module, &archives);
        err = err != OK ? err
                        : pkg_config_ask(search, "--cflags-only-I", search->module, NULL, &folders);
    }
    size_t count = word_count(shared) + word_count(archives) + word_count(folders) + 1;
    library->include = ARENA_NEW(search->probe->arena, struct str, count);
    library->shared = ARENA_NEW(search->probe->arena, struct str, count);
    library->archives = ARENA_NEW(search->probe->arena, struct str, count);
    library->system = ARENA_NEW(search->probe->arena, struct str, count);
    bool complete = false;
    err = err != OK ? err : names_add(search, shared, false, library, &complete);
    size_t system_count = library->system_count;
    err = err != OK ? err : names_add(search, archives, true, library, &complete);
    if (!complete) { /* one of its own needs has no archive: it cannot be linked statically */
        library->archive_count = 0;
        library->system_count = system_count;
    }
    system_dedupe(library);
    err = err != OK ? err : pieces_add(search, library->shared, library->shared_count);
    err = err != OK ? err : pieces_add(search, library->archives, library->archive_count);
    includes_add(search, folders, library);
    if (err == OK && library->shared_count == 0 && library->archive_count == 0) {
        err = diag_add(search->probe->diags, ERR_INVALID, SPAN_NONE,
            "the packages of \"%.*s\" have nothing to link with", STR_ARG(search->name));
    }
    return err;
}

static enum err headers_add(struct search *search)
{
    enum err err = OK;
    for (uint32_t i = 0; err == OK && i < search->files.len; i++) {
        if (str_starts(search->files.keys[i], STR("/usr/include/"))) {
            err = host_add(&search->host, search->files.keys[i], NULL);
            err = err == ERR_ABSENT ? OK : err;
        }
    }
    return err;
}

static enum err library_find(struct search *search, struct toolchain_library *library)
{
    enum err err = module_find(search);
    if (err == OK) {
        err = search->pkg_config != NULL ? requires_note(search) : file_note(search);
    }
    if (err == OK && search->packages.len == 0) {
        err = diag_add(search->probe->diags, ERR_INVALID, SPAN_NONE,
            "no package owns the library \"%.*s\"", STR_ARG(search->name));
    }
    err = err != OK ? err : files_note(search);
    err = err != OK ? err : libc_note(search);
    err = err != OK ? err
                    : debian_version(&search->debian, search->packages.keys[0], &library->version);
    err = err != OK ? err : link_record(search, library);
    err = err != OK ? err : headers_add(search);
    err = err != OK ? err : host_close_over(&search->host, &search->libc);
    return err != OK ? err : host_build(&search->host, &library->tree);
}

enum err toolchain_library_find(const struct probe *probe, struct store *store, struct str name,
    struct toolchain_library *ret_library)
{
    *ret_library = (struct toolchain_library){.name = arena_str(probe->arena, name)};
    struct search search = {
        .probe = probe, .host = host_new(probe, store), .name = ret_library->name};
    enum err err = OK;
    if (!toolchain_name_valid(name)) {
        err = diag_add(probe->diags, ERR_INVALID, SPAN_NONE,
            "\"%.*s\" is no name of a library: letters, digits, - and _ only", STR_ARG(name));
    }
    err = err != OK ? err : debian_open(probe, &search.debian);
    err = err != OK ? err : library_find(&search, ret_library);
    ret_library->file_count = search.host.paths.len;
    ret_library->total_bytes = search.host.total_bytes;
    if (err != OK) {
        err = err == ERR_ABSENT ? ERR_INVALID : err;
        err = diag_add(
            probe->diags, err, SPAN_NONE, "cannot pin the library \"%.*s\"", STR_ARG(name));
    }
    host_release(&search.host);
    table_release(&search.packages);
    table_release(&search.files);
    table_release(&search.libc);
    return err;
}
