/* src/exec/exec_world.h: where the tests of sandboxes take place: a store, two slots, and a
 * toolchain that is the test's own program with the libraries that it runs with. Included by one
 * file. */
#ifndef EXEC_EXEC_WORLD_H
#define EXEC_EXEC_WORLD_H
#include "base/file.h"
#include "base/test.h"
#include "exec/exec.h"
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    UID_USER = 65534,
    TIMEOUT_MS = 60000, /* nothing here takes long; what hangs shall be told */
};
static char top[64]; /* of all tests; the store and toolchains are below */
static struct store *store;
static struct exec *exec;
static struct digest toolchain;
static struct arena arena; /* of this test */
static struct diags diags;
static struct exec_result result;
static bool bounded; /* the number of processes */

static void begin(void)
{
    arena_release(&arena);
    diags_init(&diags, &arena, NULL);
    memset(&result, 0, sizeof result);
}

static struct str told(void)
{
    static struct buf text;
    text.len = 0;
    diags_format(&diags, false, &text);
    return buf_str(&text);
}

static bool contains(struct str text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* A CHECK that shows what there was. */
#define CHECK_TOLD(part)                                                                           \
    do {                                                                                           \
        bool found = contains(told(), part);                                                       \
        CHECK(found);                                                                              \
        if (!found) {                                                                              \
            (void)printf("# told: %.*s\n", STR_ARG(told()));                                       \
        }                                                                                          \
    } while (0)

static struct str blob(const struct digest *digest)
{
    struct str bytes = {0};
    CHECK(store_get(store, digest, FILE_BYTES_MAX, &arena, &bytes, &diags) == OK);
    return bytes;
}

/* The action "probe NAME ARG ARG": arguments up to a NULL. */
static struct exec_action probe_action(const char *name, const char *first, const char *second)
{
    struct str *argv = ARENA_NEW(&arena, struct str, 5);
    size_t count = 0;
    argv[count++] = STR("/probe");
    argv[count++] = STR("probe");
    argv[count++] = str_of(name);
    if (first != NULL) {
        argv[count++] = str_of(first);
    }
    if (second != NULL) {
        argv[count++] = str_of(second);
    }
    return (struct exec_action){
        .root = toolchain, .argv = argv, .argv_count = count, .timeout_ms = TIMEOUT_MS};
}

/* Shows what the action said, if it did not exit with 0. */
static bool ran_well(enum err err, const struct exec_result *got)
{
    bool well = err == OK && got->end == EXEC_EXITED && got->code == 0;
    if (!well) {
        (void)printf(
            "# err %d end %d code %d: %.*s\n", (int)err, (int)got->end, got->code, STR_ARG(told()));
    }
    if (!well && err == OK) {
        (void)printf("# %.*s\n# %.*s\n", STR_ARG(blob(&got->stdout_digest)),
            STR_ARG(blob(&got->stderr_digest)));
    }
    return well;
}

static enum err run(const struct exec_action *action)
{
    return exec_run(exec, action, &arena, &result, &diags);
}

static void probe_holds(const char *name, const char *first, const char *second)
{
    struct exec_action action = probe_action(name, first, second);
    enum err err = run(&action);
    CHECK(ran_well(err, &result));
}

static enum err import(const char *path, struct digest *ret_root)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return tree_import(store, fd, ret_root, &diags);
}

/* The tests' own program as a toolchain: itself as /probe, its libraries, its loader */

static bool keep_file(const char *folder, const char *from, const char *to)
{
    struct str bytes;
    const char *path = arena_printf(&arena, "%s%s", folder, to).ptr;
    const char *parent =
        arena_cstr(&arena, str_sub(str_of(path), 0, str_find_last(str_of(path), '/')));
    if (file_read(AT_FDCWD, from, FILE_BYTES_MAX, &arena, &bytes, &diags) != OK ||
        dirs_make(AT_FDCWD, parent, &diags) != OK) {
        return false;
    }
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    return fd >= 0 && fd_write_all(fd, bytes) == OK;
}

static int keep_library(struct dl_phdr_info *info, size_t size, void *folder)
{
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_INTERP) {
            const char *loader =
                (const char *)(uintptr_t)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
            CHECK(keep_file(folder, loader, loader));
        }
    }
    if (info->dlpi_name[0] == '/') {
        CHECK(keep_file(folder, info->dlpi_name, info->dlpi_name));
    }
    return 0;
}

static void a_toolchain_is_made(void)
{
    begin();
    char folder[128];
    (void)snprintf(folder, sizeof folder, "%s/own", top);
    CHECK(keep_file(folder, "/proc/self/exe", "/probe"));
    (void)dl_iterate_phdr(keep_library, folder);
    CHECK(import(folder, &toolchain) == OK);
    if (test_failed) {
        (void)printf("# %.*s\n", STR_ARG(told()));
    }
}

static bool world_make(void)
{
    (void)snprintf(top, sizeof top, "/tmp/straylight-exec-XXXXXX");
    if (mkdtemp(top) == NULL) {
        return false;
    }
    begin();
    const char *root = arena_printf(&arena, "%s/store", top).ptr;
    if (store_open(&io_real, root, &store, &diags) != OK) {
        (void)printf("# %.*s\n", STR_ARG(told()));
        return false;
    }
    return true;
}

static void world_remove(void)
{
    store_close(store);
    begin();
    (void)!tree_remove(AT_FDCWD, top, &diags);
}
#endif
