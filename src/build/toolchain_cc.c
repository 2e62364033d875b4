/* src/build/toolchain_cc.c: what a C compiler needs, by asking it, the loader and dpkg. */
#include "build/debian.h"
#include "build/host.h"
#include "build/toolchain.h"
#include <elf.h>
#include <stdlib.h>

/* What can be compiled for, and what Debian calls it. */
struct machine {
    const char *name;   /* field of targets/v1.dhall */
    const char *triple; /* what cross compilers begin with */
    const char *arch;   /* what the compilers' own triples begin with */
    uint16_t elf;       /* EM_NONE: its programs are no ELF files */
    const char *cross_packages;
};
static const struct machine machines[] = {
    {"x86_64-linux", "x86_64-linux-gnu", "x86_64-", EM_X86_64,
        "gcc-x86-64-linux-gnu libc6-dev-amd64-cross"},
    {"aarch64-linux", "aarch64-linux-gnu", "aarch64-", EM_AARCH64,
        "gcc-aarch64-linux-gnu libc6-dev-arm64-cross"},
    {"riscv64-linux", "riscv64-linux-gnu", "riscv64-", EM_RISCV,
        "gcc-riscv64-linux-gnu libc6-dev-riscv64-cross"},
    {"wasm32-wasi", "wasm32-wasi", "wasm32-", EM_NONE,
        "clang lld llvm wasi-libc libclang-rt-14-dev-wasm32"},
};
enum {
    MACHINE_COUNT = sizeof machines / sizeof machines[0],
    DRIVER_ARGS_MAX = 16,
    PROGRAMS_MAX = 16,
};

/* One search for one compiler. */
struct search {
    const struct probe *probe;
    struct debian debian;
    struct host host;
    const char *driver; /* as it was found along PATH */
    bool is_clang;
    const struct machine *target;       /* that was asked for; NULL: the compiler's own */
    const char *target_option;          /* by which clang compiles for it; NULL: it needs none */
    const char *programs[PROGRAMS_MAX]; /* that were put into the tree, the driver first */
    size_t program_count;
    struct table dev_packages;     /* all their files for developers are wanted */
    struct table runtime_packages; /* "PACKAGE FOLDER": their shared objects in that folder */
};

static bool is_wasm(const struct search *search)
{
    return search->target != NULL && search->target->elf == EM_NONE;
}

/* What the driver prints when it is given args (NULL at their end), for the target. */
static enum err driver_run(struct search *search, const char *const *args, struct str *ret_output)
{
    const char *argv[DRIVER_ARGS_MAX + 3] = {search->driver};
    size_t argc = 1;
    if (search->target_option != NULL) {
        argv[argc++] = search->target_option;
    }
    for (size_t i = 0; args[i] != NULL && i < DRIVER_ARGS_MAX; i++) {
        argv[argc++] = args[i];
    }
    return probe_run(search->probe, argv, PROBE_STRICT, ret_output);
}

static enum err ask(
    struct search *search, const char *option, const char *operand, struct str *ret_answer)
{
    const char *question = arena_printf(search->probe->arena, "%s%s", option, operand).ptr;
    const char *args[] = {question, NULL};
    struct str output = {0};
    enum err err = driver_run(search, args, &output);
    *ret_answer = str_sub(output, 0, str_find(output, '\n'));
    return err;
}

/* The program `name` that the compiler would start; ERR_ABSENT if there is none. */
static enum err program_find(struct search *search, const char *name, const char **ret_path)
{
    struct str answer;
    enum err err = ask(search, "-print-prog-name=", name, &answer);
    return err != OK ? err : probe_find(search->probe, answer, ret_path);
}

/* The file `name` that the linker would find; ERR_ABSENT if there is none. */
static enum err file_find(struct search *search, const char *name, struct str *ret_path)
{
    enum err err = ask(search, "-print-file-name=", name, ret_path);
    bool found = err == OK && ret_path->len > 0 && ret_path->ptr[0] == '/';
    return err != OK ? err : found ? OK : ERR_ABSENT;
}

static enum err missing(struct search *search, const char *what, const char *package)
{
    enum err err = diag_add(
        search->probe->diags, ERR_INVALID, SPAN_NONE, "%s finds no %s", search->driver, what);
    bool crosses = search->target != NULL;
    diag_help(search->probe->diags, "install it (on Debian: apt-get install %s)",
        crosses ? search->target->cross_packages : package);
    return err;
}

static enum err program_add(struct search *search, const char *path)
{
    const char *real = NULL;
    enum err err = host_add(&search->host, str_of(path), &real);
    if (err == OK && search->program_count < PROGRAMS_MAX) {
        search->programs[search->program_count++] = real;
    }
    return err;
}

/* The programs that compiling, assembling, archiving and linking start; needed ones first. */
static enum err programs_add(struct search *search)
{
    static const struct {
        const char *name, *as;
        bool gcc, clang, wasm, needed;
        const char *package;
    } programs[] = {
        {"cc1", NULL, true, false, false, true, "gcc"},
        {"as", "as", true, false, false, true, "binutils"},
        {"ld", "ld", true, true, false, true, "binutils"},
        {"ar", "ar", true, true, false, true, "binutils"},
        {"wasm-ld", "wasm-ld", false, false, true, true, "lld"},
        {"llvm-ar", "ar", false, false, true, true, "llvm"},
        {"collect2", NULL, true, false, false, true, "gcc"},
        {"lto1", NULL, true, false, false, false, "gcc"},
        {"lto-wrapper", NULL, true, false, false, false, "gcc"},
    };
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        bool wanted = is_wasm(search)    ? programs[i].wasm
                      : search->is_clang ? programs[i].clang
                                         : programs[i].gcc;
        const char *path = NULL;
        enum err err = wanted ? program_find(search, programs[i].name, &path) : ERR_ABSENT;
        if (err == ERR_ABSENT) {
            if (wanted && programs[i].needed) {
                return missing(search, programs[i].name, programs[i].package);
            }
            continue;
        }
        err = err != OK ? err : program_add(search, path);
        if (err != OK) {
            return err;
        }
        if (programs[i].as != NULL) { /* found along PATH=/usr/bin */
            host_link(&search->host,
                arena_printf(search->probe->arena, "usr/bin/%s", programs[i].as),
                arena_printf(search->probe->arena, "../..%s", path));
        }
    }
    return OK;
}

/* Notes the package that owns what `path` leads to. */
static enum err owner_note(struct search *search, struct str path, bool runtime)
{
    const char *real = NULL;
    enum err err = host_real(search->probe, path, &real);
    struct table owners = {0};
    if (err == OK) {
        err = debian_owners_add(&search->debian, &real, 1, &owners);
    }
    struct str folder = err == OK ? str_of(real) : (struct str){0};
    folder = str_sub(folder, 0, str_find_last(folder, '/'));
    for (uint32_t i = 0; err == OK && i < owners.len; i++) {
        struct str key = arena_printf(
            search->probe->arena, "%.*s %.*s", STR_ARG(owners.keys[i]), STR_ARG(folder));
        (void)table_add(runtime ? &search->runtime_packages : &search->dev_packages,
            search->probe->arena, runtime ? key : owners.keys[i]);
    }
    if (err == OK && owners.len == 0) {
        err = host_add(&search->host, path, NULL); /* from no package: the file itself */
    }
    table_release(&owners);
    return err;
}

/* What is linked into every program, and the packages that it comes from. */
static enum err anchors_note(struct search *search)
{
    static const struct {
        const char *name;
        bool runtime, elf, wasm;
        const char *package;
    } anchors[] = {
        {"crt1.o", false, true, true, "libc6-dev"},
        {"libc.so", false, true, false, "libc6-dev"},
        {"libc.a", false, false, true, "wasi-libc"},
        {"crtbegin.o", false, true, false, "gcc"},
        {"libgcc.a", false, true, false, "gcc"},
        {"libc.so.6", true, true, false, "libc6"},
        {"libgcc_s.so.1", true, true, false, "libgcc-s1"},
    };
    for (size_t i = 0; i < sizeof anchors / sizeof anchors[0]; i++) {
        if (is_wasm(search) ? !anchors[i].wasm : !anchors[i].elf) {
            continue;
        }
        struct str path;
        enum err err = file_find(search, anchors[i].name, &path);
        if (err == ERR_ABSENT) {
            return missing(search, anchors[i].name, anchors[i].package);
        }
        err = err != OK ? err : owner_note(search, path, anchors[i].runtime);
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

/* What gcc gives to its linker, always: a file that Debian does not mark as executable. */
static enum err linker_plugin_add(struct search *search)
{
    struct str path = {0};
    enum err err = search->is_clang ? ERR_ABSENT : file_find(search, "liblto_plugin.so", &path);
    err = err != OK ? err : host_add(&search->host, path, NULL);
    return err == ERR_ABSENT ? OK : err;
}

/* The packages of the headers that a few standard ones include, from all over libc and the
 * kernel's interface. */
static enum err headers_note(struct search *search)
{
    static const char *const roots[] = {
        "errno.h", "limits.h", "stddef.h", "sys/ioctl.h", "sys/stat.h", "signal.h"};
    size_t count_all = sizeof roots / sizeof roots[0];
    for (size_t i = 0; i < (is_wasm(search) ? count_all - 1 : count_all); i++) { /* no signals */
        const char *args[] = {"-M", "-x", "c", "-include", roots[i], "/dev/null", NULL};
        struct str output = {0};
        enum err err = driver_run(search, args, &output);
        const char *paths[256];
        size_t count = 0;
        struct str word;
        while (err == OK && word_next(&output, &word) && count < sizeof paths / sizeof paths[0]) {
            if (word.ptr[0] == '/' && !str_eq(word, STR("/dev/null"))) {
                err = host_real(search->probe, word, &paths[count]);
                count += err == OK ? 1 : 0;
            }
        }
        if (err == OK) {
            err = debian_owners_add(&search->debian, paths, count, &search->dev_packages);
        }
        if (err != OK) {
            return err == ERR_ABSENT ? missing(search, roots[i], "libc6-dev") : err;
        }
    }
    return OK;
}

/* Is a file of a package something that compiling or linking reads? */
static bool is_development(struct str path)
{
    static const char *const places[] = {"/usr/include/", "/usr/lib", "/lib",
        "/usr/x86_64-linux-gnu/", "/usr/aarch64-linux-gnu/", "/usr/riscv64-linux-gnu/"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (str_starts(path, str_of(places[i]))) {
            return true;
        }
    }
    return false;
}

static enum err package_add(struct search *search, struct str package, struct str runtime_folder)
{
    struct str lines = {0};
    enum err err = debian_files(&search->debian, package, &lines);
    struct str path;
    while (err == OK && line_next(&lines, &path)) {
        const char *real = NULL;
        if (!is_development(path)) {
            continue;
        }
        if (runtime_folder.len > 0) {
            struct str folder = str_sub(path, 0, str_find_last(path, '/'));
            struct str name = str_sub(path, folder.len + 1, path.len);
            err = host_real(search->probe, folder, &real);
            if (err != OK || !str_eq(str_of(real), runtime_folder) ||
                memmem(name.ptr, name.len, ".so", 3) == NULL) {
                err = err == ERR_ABSENT ? OK : err;
                continue;
            }
        }
        err = host_add(&search->host, path, NULL);
        err = err == ERR_ABSENT ? OK : err; /* a link to what another package would bring */
    }
    return err;
}

static enum err packages_add(struct search *search)
{
    enum err err = OK;
    for (uint32_t i = 0; err == OK && i < search->dev_packages.len; i++) {
        err = package_add(search, search->dev_packages.keys[i], (struct str){0});
    }
    for (uint32_t i = 0; err == OK && i < search->runtime_packages.len; i++) {
        struct str key = search->runtime_packages.keys[i];
        size_t blank = str_find(key, ' ');
        err = package_add(search, str_sub(key, 0, blank), str_sub(key, blank + 1, key.len));
    }
    return err;
}

/* The links that a merged /usr has at the root: the loader's path goes through one. */
static enum err root_links_add(const struct probe *probe, struct host *host)
{
    static const char *const links[] = {"/bin", "/lib", "/lib64"};
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        const char *real = NULL;
        enum err err = host_real(probe, str_of(links[i]), &real);
        if (err == OK && strcmp(real, links[i]) != 0) {
            err = host_add(host, str_of(links[i]), NULL);
        }
        if (err != OK && err != ERR_ABSENT) {
            return err;
        }
    }
    return OK;
}

/* "usr/bin/gcc" leads to the driver, wherever it lies. */
static enum err driver_add(struct search *search)
{
    enum err err = program_add(search, search->driver);
    if (err == OK) {
        host_link(&search->host, search->is_clang ? STR("usr/bin/clang") : STR("usr/bin/gcc"),
            arena_printf(search->probe->arena, "../..%s", search->driver));
    }
    if (err != OK || search->is_clang) {
        return err;
    }
    /* What the packages of the driver hold beside: the link by which ar finds the LTO plugin, and
     * the specs of -fopenmp and -fsanitize. */
    const char *paths[2] = {search->driver, NULL};
    err = host_real(search->probe, str_of(search->driver), &paths[1]);
    struct table owners = {0};
    err = err != OK ? err : debian_owners_add(&search->debian, paths, 2, &owners);
    for (uint32_t i = 0; err == OK && i < owners.len; i++) {
        struct str lines = {0};
        err = debian_files(&search->debian, owners.keys[i], &lines);
        struct str line;
        while (err == OK && line_next(&lines, &line)) {
            if (str_starts(line, STR("/usr/lib/bfd-plugins/")) || str_ends(line, STR(".spec"))) {
                err = host_add(&search->host, line, NULL);
                err = err == ERR_ABSENT ? OK : err;
            }
        }
    }
    table_release(&owners);
    return err;
}

/* The value of a macro that the compiler defines by itself; empty if it does not. */
static struct str macro_get(struct str macros, const char *name)
{
    struct str line;
    struct str prefix = str_of(name);
    while (line_next(&macros, &line)) {
        struct str rest = str_sub(line, strlen("#define "), line.len);
        if (str_starts(rest, prefix) && rest.len > prefix.len && rest.ptr[prefix.len] == ' ') {
            return str_sub(rest, prefix.len + 1, rest.len);
        }
    }
    return (struct str){0};
}

static enum err compiler_know(struct search *search, struct toolchain *toolchain)
{
    const char *args[] = {"-dM", "-E", "-x", "c", "/dev/null", NULL};
    struct str macros = {0};
    enum err err = driver_run(search, args, &macros);
    if (err != OK) {
        return err;
    }
    static const char *const parts[2][3] = {
        {"__GNUC__", "__GNUC_MINOR__", "__GNUC_PATCHLEVEL__"},
        {"__clang_major__", "__clang_minor__", "__clang_patchlevel__"},
    };
    search->is_clang = macro_get(macros, "__clang__").len > 0;
    if (search->is_clang && search->target != NULL && search->target_option == NULL) {
        search->target_option =
            arena_printf(search->probe->arena, "--target=%s", search->target->triple).ptr;
    }
    toolchain->compiler = search->is_clang ? TOOLCHAIN_CLANG : TOOLCHAIN_GCC;
    struct str version[3];
    for (size_t i = 0; i < 3; i++) {
        version[i] = macro_get(macros, parts[search->is_clang ? 1 : 0][i]);
        if (version[i].len == 0) {
            return diag_add(search->probe->diags, ERR_INVALID, SPAN_NONE,
                "%s is neither gcc nor clang: it does not define %s", search->driver, parts[0][i]);
        }
    }
    toolchain->version = arena_printf(search->probe->arena, "%.*s.%.*s.%.*s", STR_ARG(version[0]),
        STR_ARG(version[1]), STR_ARG(version[2]));
    return OK;
}

/* The function of targets/v1.dhall for a triple of the compiler's, or for its own machine. */
static enum err machines_know(struct search *search, struct toolchain *toolchain)
{
    struct str triple;
    enum err err = ask(search, "-dumpmachine", "", &triple);
    if (err != OK) {
        return err;
    }
    for (size_t i = 0; i < MACHINE_COUNT; i++) {
        bool fits = str_ends(triple, machines[i].elf == EM_NONE ? STR("-wasi") : STR("-linux-gnu"));
        if (fits && str_starts(triple, str_of(machines[i].arch))) {
            toolchain->target = str_of(machines[i].name);
        }
        if (machines[i].elf != EM_NONE && search->host.machine == machines[i].elf) {
            toolchain->host = str_of(machines[i].name);
        }
    }
    if (toolchain->target.len == 0 || toolchain->host.len == 0) {
        return diag_add(search->probe->diags, ERR_INVALID, SPAN_NONE,
            "%s compiles for %.*s, which is no target that straylight knows", search->driver,
            STR_ARG(triple));
    }
    if (search->target != NULL && !str_eq(toolchain->target, str_of(search->target->name))) {
        return diag_add(search->probe->diags, ERR_INVALID, SPAN_NONE,
            "%s compiles for %.*s, not for %s", search->driver, STR_ARG(triple),
            search->target->name);
    }
    return OK;
}

static enum err clang_add(struct search *search)
{
    struct str folder;
    enum err err = ask(search, "-print-resource-dir", "", &folder);
    const char *const parts[] = {"include", is_wasm(search) ? "lib/wasi" : "lib"};
    for (size_t i = 0; err == OK && i < sizeof parts / sizeof parts[0]; i++) {
        struct str part = arena_printf(search->probe->arena, "%.*s/%s", STR_ARG(folder), parts[i]);
        err = host_add_folder(&search->host, part);
        err = err == ERR_ABSENT && i > 0 && !is_wasm(search) ? OK : err;
    }
    return err == ERR_ABSENT ? missing(search, "resource folder", "libclang-common-14-dev") : err;
}

static int package_order(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* "cpp-12 12.2.0-14\n...": the packages that the tree's programs, headers and libraries are of. */
static enum err packages_tell(struct search *search, struct str *ret_packages)
{
    struct arena *arena = search->probe->arena;
    struct table *all = &search->dev_packages; /* read by now */
    for (uint32_t i = 0; i < search->runtime_packages.len; i++) {
        struct str key = search->runtime_packages.keys[i];
        (void)table_add(all, arena, str_sub(key, 0, str_find(key, ' ')));
    }
    enum err err = debian_owners_add(&search->debian, search->programs, search->program_count, all);
    struct str *lines = ARENA_NEW(arena, struct str, all->len + 1);
    for (uint32_t i = 0; err == OK && i < all->len; i++) {
        struct str version = {0};
        err = debian_version(&search->debian, all->keys[i], &version);
        lines[i] = arena_printf(arena, "%.*s %.*s\n", STR_ARG(all->keys[i]), STR_ARG(version));
    }
    qsort(lines, err == OK ? all->len : 0, sizeof *lines, package_order);
    AUTO_BUF out = {0};
    for (uint32_t i = 0; err == OK && i < all->len; i++) {
        buf_add(&out, lines[i]);
    }
    *ret_packages = arena_str(arena, buf_str(&out));
    return err;
}

static enum err compiler_tree(struct search *search, struct toolchain *toolchain)
{
    enum err err = compiler_know(search, toolchain);
    err = err != OK ? err : driver_add(search);
    err = err != OK ? err : programs_add(search);
    err = err != OK ? err : linker_plugin_add(search);
    err = err != OK ? err : anchors_note(search);
    err = err != OK ? err : headers_note(search);
    err = err != OK ? err : packages_add(search);
    if (err == OK && search->is_clang) {
        err = clang_add(search);
    }
    err = err != OK ? err : root_links_add(search->probe, &search->host);
    err = err != OK ? err : host_close_over(&search->host, NULL);
    err = err != OK ? err : machines_know(search, toolchain);
    err = err != OK ? err : packages_tell(search, &toolchain->packages);
    return err != OK ? err : host_build(&search->host, &toolchain->tree);
}

/* lld and what it needs, as a tree of its own. */
static enum err linker_tree(struct search *search, struct store *store, struct toolchain *toolchain)
{
    const char *path = NULL;
    enum err err = program_find(search, "ld.lld", &path);
    if (err != OK) {
        return err == ERR_ABSENT ? missing(search, "ld.lld", "lld") : err;
    }
    const char *argv[] = {path, "--version", NULL};
    struct str output = {0};
    err = probe_run(search->probe, argv, PROBE_STRICT, &output);
    struct str word;
    while (err == OK && word_next(&output, &word)) { /* "Debian LLD 14.0.6 (compatible ...)" */
        if (toolchain->linker_version.len == 0 && word.ptr[0] >= '0' && word.ptr[0] <= '9') {
            toolchain->linker_version = word;
        }
    }
    struct host host = host_new(search->probe, store);
    err = err != OK ? err : host_add(&host, str_of(path), NULL);
    if (err == OK) {
        host_link(
            &host, STR("usr/bin/ld.lld"), arena_printf(search->probe->arena, "../..%s", path));
    }
    err = err != OK ? err : root_links_add(search->probe, &host);
    err = err != OK ? err : host_close_over(&host, NULL);
    err = err != OK ? err : host_build(&host, &toolchain->linker_tree);
    toolchain->has_linker = true;
    toolchain->file_count += host.paths.len;
    toolchain->total_bytes += host.total_bytes;
    host_release(&host);
    return err;
}

/* Which program to look for: Debian's cross compilers have the target's triple before their name;
 * clang compiles for all, and gcc has no WebAssembly. */
static enum err driver_find(struct search *search, struct str compiler, struct str target)
{
    for (size_t i = 0; i < MACHINE_COUNT && target.len > 0; i++) {
        if (str_eq(target, str_of(machines[i].name))) {
            search->target = &machines[i];
        }
    }
    if (target.len > 0 && search->target == NULL) {
        enum err err = diag_add(search->probe->diags, ERR_INVALID, SPAN_NONE,
            "\"%.*s\" is no target that straylight knows", STR_ARG(target));
        diag_help(search->probe->diags, "it is one of %s, %s, %s, %s", machines[0].name,
            machines[1].name, machines[2].name, machines[3].name);
        return err;
    }
    if (compiler.len == 0) {
        compiler = is_wasm(search) ? STR("clang") : STR("gcc");
    }
    bool is_gcc = str_eq(compiler, STR("gcc"));
    if (is_gcc && is_wasm(search)) {
        enum err err = diag_add(search->probe->diags, ERR_INVALID, SPAN_NONE,
            "gcc does not compile for %s", search->target->name);
        diag_help(search->probe->diags, "clang does: --compiler clang");
        return err;
    }
    if (is_gcc && search->target != NULL) {
        compiler = arena_printf(search->probe->arena, "%s-gcc", search->target->triple);
    }
    return probe_find(search->probe, compiler, &search->driver);
}

const char *toolchain_debian(struct str target)
{
    const char *packages = "gcc libc6-dev";
    for (size_t i = 0; i < MACHINE_COUNT; i++) {
        packages = str_eq(target, str_of(machines[i].name)) ? machines[i].cross_packages : packages;
    }
    return packages;
}

enum err toolchain_find(const struct probe *probe, struct store *store,
    const struct toolchain_wanted *wanted, struct toolchain *ret_toolchain)
{
    struct search search = {.probe = probe, .host = host_new(probe, store)};
    *ret_toolchain = (struct toolchain){0};
    enum err err = driver_find(&search, wanted->compiler, wanted->target);
    if (err != OK) {
        return err;
    }
    err = debian_open(probe, &search.debian);
    err = err != OK ? err : compiler_tree(&search, ret_toolchain);
    ret_toolchain->file_count = search.host.paths.len;
    ret_toolchain->total_bytes = search.host.total_bytes;
    if (err == OK && wanted->with_lld && !is_wasm(&search)) { /* where wasm-ld is the linker */
        err = linker_tree(&search, store, ret_toolchain);
    }
    if (err != OK) {
        err = err == ERR_ABSENT ? ERR_INVALID : err;
        err = diag_add(probe->diags, err, SPAN_NONE, "cannot pin the compiler %s", search.driver);
    }
    host_release(&search.host);
    table_release(&search.dev_packages);
    table_release(&search.runtime_packages);
    return err;
}
