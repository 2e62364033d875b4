/* src/build/host.c */
#include "build/host.h"
#include "base/file.h"
#include "build/elf.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct host host_new(const struct probe *probe, struct store *store)
{
    return (struct host){.probe = probe, .store = store};
}

void host_release(struct host *host)
{
    if (host->batch != NULL) { /* never built: its files are not kept, which is no error here */
        enum err err = store_batch_finish(host->batch, ERR_ABSENT, host->probe->diags);
        host->batch = err == OK ? host->batch : NULL;
    }
    table_release(&host->paths);
    free(host->entries);
    *host = (struct host){0};
}

bool host_has(const struct host *host, struct str path)
{
    return table_get(&host->paths, path) != TABLE_NONE;
}

/* The entry of path, new and zeroed if there was none (*ret_new then). */
static struct tree_entry *entry_get(struct host *host, struct str path, bool *ret_new)
{
    uint32_t before = host->paths.len;
    uint32_t row = table_add(&host->paths, host->probe->arena, path);
    *ret_new = row == before;
    if (row >= host->cap) {
        host->cap = host->cap == 0 ? 1024 : 2 * host->cap;
        host->entries = memory_realloc(host->entries, host->cap * sizeof *host->entries);
    }
    struct tree_entry *entry = &host->entries[row];
    if (*ret_new) {
        *entry = (struct tree_entry){.path = host->paths.keys[row]};
    }
    return entry;
}

void host_link(struct host *host, struct str path, struct str target)
{
    bool is_new = false;
    struct tree_entry *entry = entry_get(host, path, &is_new);
    if (is_new) {
        entry->kind = TREE_SYMLINK;
        entry->target = arena_str(host->probe->arena, target);
    }
}

/* A walk along one path: `done` has no links in it, `rest` is still to be walked. */
struct walk {
    struct buf done; /* "/usr/lib": no slash at its end; empty is the root */
    struct buf rest; /* "x/../y/crt1.o" */
    unsigned link_count;
    bool is_folder; /* what done names */
};

static void walk_release(struct walk *walk)
{
    buf_release(&walk->done);
    buf_release(&walk->rest);
}
#define AUTO_WALK __attribute__((cleanup(walk_release))) struct walk

static void walk_start(struct walk *walk, struct str path)
{
    walk->is_folder = true;
    buf_add(&walk->rest, path);
}

/* The text of the link at `path`, in the arena. */
static enum err link_text(const struct probe *probe, const char *path, struct str *ret_text)
{
    char text[PATH_MAX];
    ssize_t len = readlink(path, text, sizeof text);
    if (len < 0 || len == (ssize_t)sizeof text) {
        return diag_add_errno(probe->diags, errno, "cannot read the link %s", path);
    }
    *ret_text = arena_str(probe->arena, (struct str){.ptr = text, .len = (size_t)len});
    return OK;
}

/* Link text as it must read in a tree that is seen at "/" of a sandbox, and may be looked at
 * elsewhere: relative to the link's own folder. */
static struct str link_relative(struct arena *arena, struct str link, struct str text)
{
    if (text.len == 0 || text.ptr[0] != '/') {
        return text;
    }
    AUTO_BUF out = {0};
    for (size_t i = 1; i < link.len; i++) {
        if (link.ptr[i] == '/') {
            buf_add(&out, STR("../"));
        }
    }
    buf_add(&out, str_sub(text, 1, text.len));
    return arena_str(arena, buf_str(&out));
}

/* One component further. host: where links are noted, or NULL. */
static enum err walk_step(
    struct walk *walk, struct str name, const struct probe *probe, struct host *host)
{
    if (name.len == 0 || str_eq(name, STR("."))) {
        return OK;
    }
    if (str_eq(name, STR(".."))) {
        walk->done.len = walk->done.len == 0 ? 0 : str_find_last(buf_str(&walk->done), '/');
        return OK;
    }
    size_t len_before = walk->done.len;
    buf_add_byte(&walk->done, '/');
    buf_add(&walk->done, name);
    const char *path = arena_cstr(probe->arena, buf_str(&walk->done));
    struct stat st;
    if (lstat(path, &st) != 0) {
        return errno == ENOENT || errno == ENOTDIR
                   ? ERR_ABSENT
                   : diag_add_errno(probe->diags, errno, "cannot look at %s", path);
    }
    walk->is_folder = S_ISDIR(st.st_mode);
    if (!S_ISLNK(st.st_mode)) {
        return OK;
    }
    if (++walk->link_count > HOST_LINKS_MAX) {
        return diag_add(probe->diags, ERR_INVALID, SPAN_NONE, "%s: too many links", path);
    }
    struct str text = {0};
    enum err err = link_text(probe, path, &text);
    if (err != OK) {
        return err;
    }
    if (host != NULL) {
        struct str at = buf_str(&walk->done);
        host_link(host, str_sub(at, 1, at.len), link_relative(probe->arena, at, text));
    }
    walk->done.len = text.len > 0 && text.ptr[0] == '/' ? 0 : len_before;
    struct str rest =
        arena_printf(probe->arena, "%.*s/%.*s", STR_ARG(text), STR_ARG(buf_str(&walk->rest)));
    walk->rest.len = 0;
    buf_add(&walk->rest, rest);
    walk->is_folder = true;
    return OK;
}

static enum err walk_all(struct walk *walk, const struct probe *probe, struct host *host)
{
    while (walk->rest.len > 0) {
        struct str rest = arena_str(probe->arena, buf_str(&walk->rest));
        size_t slash = str_find(rest, '/');
        walk->rest.len = 0;
        buf_add(&walk->rest, str_sub(rest, slash + 1, rest.len));
        enum err err = walk_step(walk, str_sub(rest, 0, slash), probe, host);
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

enum err host_real(const struct probe *probe, struct str path, const char **ret_real)
{
    AUTO_WALK walk = {0};
    walk_start(&walk, path);
    enum err err = walk_all(&walk, probe, NULL);
    if (err == OK) {
        *ret_real = arena_printf(probe->arena, "%.*s", STR_ARG(buf_str(&walk.done))).ptr;
    }
    return err;
}

/* The bytes of the regular file at `real` into the store, once. */
static enum err file_add(struct host *host, const char *real)
{
    bool is_new = false;
    struct tree_entry *entry = entry_get(host, str_of(real + 1), &is_new);
    if (!is_new) {
        return OK;
    }
    if (host->paths.len > HOST_ENTRIES_MAX) {
        return diag_add(host->probe->diags, ERR_LIMIT, SPAN_NONE, "more than %d files in one tree",
            HOST_ENTRIES_MAX);
    }
    AUTO_CLOSE int fd = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0) {
        return diag_add_errno(host->probe->diags, errno, "cannot open %s", real);
    }
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return diag_add_errno(host->probe->diags, errno, "cannot look at %s", real);
    }
    if (!S_ISREG(st.st_mode)) {
        return diag_add(
            host->probe->diags, ERR_INVALID, SPAN_NONE, "%s is neither a file nor a folder", real);
    }
    entry->kind = (st.st_mode & 0111) != 0 ? TREE_EXECUTABLE : TREE_FILE;
    host->total_bytes += (uint64_t)st.st_size;
    if (host->batch == NULL) {
        host->batch = store_batch_new(host->store);
    }
    return store_batch_put_fd(host->batch, fd, &entry->digest, host->probe->diags);
}

enum err host_add(struct host *host, struct str path, const char **ret_real)
{
    AUTO_WALK walk = {0};
    walk_start(&walk, path);
    enum err err = walk_all(&walk, host->probe, host);
    if (err != OK) {
        return err;
    }
    const char *real = arena_printf(host->probe->arena, "%.*s", STR_ARG(buf_str(&walk.done))).ptr;
    if (ret_real != NULL) {
        *ret_real = real;
    }
    return walk.is_folder ? OK : file_add(host, real);
}

enum err host_add_folder(struct host *host, struct str path)
{
    const char *real = NULL;
    enum err err = host_add(host, path, &real);
    if (err != OK) {
        return err;
    }
    DIR *folder = opendir(real);
    if (folder == NULL) {
        return diag_add_errno(host->probe->diags, errno, "cannot list %s", real);
    }
    const struct dirent *child = readdir(folder);
    while (err == OK && child != NULL) {
        struct str name = str_of(child->d_name);
        if (!str_eq(name, STR(".")) && !str_eq(name, STR(".."))) {
            struct str at = arena_printf(host->probe->arena, "%s/%s", real, child->d_name);
            struct stat st;
            bool is_folder = lstat(at.ptr, &st) == 0 && S_ISDIR(st.st_mode);
            err = is_folder ? host_add_folder(host, at) : host_add(host, at, NULL);
            err = err == ERR_ABSENT ? OK : err; /* a link that leads nowhere stays one */
        }
        child = readdir(folder);
    }
    (void)closedir(folder);
    return err;
}

/* What the ELF file is; mapped, since a compiler's library may have 100 MB. */
static struct elf elf_look(const struct probe *probe, const char *path)
{
    struct elf elf = {.kind = ELF_NONE};
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size <= 0 || st.st_size > HOST_FILE_BYTES_MAX) {
        return elf;
    }
    size_t len = (size_t)st.st_size;
    void *ptr = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (ptr == MAP_FAILED) {
        return elf;
    }
    elf = elf_read((struct str){.ptr = ptr, .len = len});
    elf.interp = arena_str(probe->arena, elf.interp);
    elf.soname = arena_str(probe->arena, elf.soname);
    (void)munmap(ptr, len);
    return elf;
}

static enum err needed_add(
    struct host *host, struct str line, const char *of, const struct table *skip)
{
    struct str word;
    struct str name = {0};
    struct str path = {0};
    while (word_next(&line, &word)) {
        name = name.len == 0 ? word : name;
        if (word.ptr[0] == '/') {
            path = word;
        }
    }
    if (path.len == 0) {
        if (!str_starts(name, STR("linux-vdso")) && !str_starts(name, STR("statically"))) {
            enum err err = diag_add(host->probe->diags, ERR_INVALID, SPAN_NONE,
                "%s needs %.*s, which the loader does not find", of, STR_ARG(name));
            diag_help(host->probe->diags,
                "only the loader's own folders and the program's RUNPATH are searched, as in a "
                "sandbox: /etc/ld.so.conf is not");
            return err;
        }
        return OK;
    }
    const char *real = NULL;
    enum err err = host_real(host->probe, path, &real);
    if (err != OK || (skip != NULL && table_get(skip, str_of(real)) != TABLE_NONE)) {
        return err;
    }
    return host_add(host, path, NULL);
}

/* Asks the loader what the dynamic ELF file at `path` needs, all of it. */
static enum err closure_add(struct host *host, const char *path, const struct table *skip)
{
    const char *argv[] = {host->loader, "--inhibit-cache", "--list", path, NULL};
    struct str output = {0};
    enum err err = probe_run(host->probe, argv, PROBE_LENIENT, &output);
    if (err == ERR_ABSENT) {
        return diag_add(host->probe->diags, ERR_INVALID, SPAN_NONE,
            "the loader %s that %s names is not there", host->loader, path);
    }
    struct str line;
    while (err == OK && line_next(&output, &line)) {
        err = needed_add(host, line, path, skip);
        if (err == ERR_ABSENT) {
            err = diag_add(host->probe->diags, ERR_INVALID, SPAN_NONE,
                "%s needs a file that is gone: %.*s", path, STR_ARG(line));
        }
    }
    return err;
}

/* The name by which the loader looks for the shared object, beside it. */
static enum err soname_add(struct host *host, const char *path, struct str soname)
{
    if (soname.len == 0 || str_find(soname, '/') < soname.len) {
        return OK;
    }
    struct str folder = str_of(path);
    folder = str_sub(folder, 0, str_find_last(folder, '/') + 1);
    struct str link =
        arena_printf(host->probe->arena, "%.*s%.*s", STR_ARG(folder), STR_ARG(soname));
    enum err err = host_add(host, link, NULL);
    return err == ERR_ABSENT ? OK : err;
}

/* What the file at row `row` needs beside it. */
static enum err entry_close(struct host *host, uint32_t row, const struct table *skip)
{
    const struct tree_entry *entry = &host->entries[row];
    if (entry->kind != TREE_FILE && entry->kind != TREE_EXECUTABLE) {
        return OK;
    }
    const char *path = arena_printf(host->probe->arena, "/%.*s", STR_ARG(entry->path)).ptr;
    struct elf elf = elf_look(host->probe, path);
    if (elf.kind != ELF_DYNAMIC) {
        return OK;
    }
    if (elf.interp.len > 0 && host->loader == NULL) {
        host->loader = elf.interp.ptr;
        host->machine = elf.machine;
    }
    bool ours = host->loader != NULL && elf.machine == host->machine;
    enum err err = soname_add(host, path, elf.soname);
    if (err == OK && elf.interp.len > 0 && ours) { /* a cross compiler has another C library too */
        err = host_add(host, elf.interp, NULL);
    }
    return err == OK && elf.needed_count > 0 && ours ? closure_add(host, path, skip) : err;
}

enum err host_close_over(struct host *host, const struct table *skip)
{
    enum err err = OK;
    for (; err == OK && host->closed_count < host->paths.len; host->closed_count++) {
        err = entry_close(host, host->closed_count, skip);
    }
    return err;
}

enum err host_build(struct host *host, struct digest *ret_digest)
{
    /* tree_build sorts, and rows of host->paths must stay what they are. */
    struct tree_entry *copy = memory_alloc((host->paths.len + 1) * sizeof *copy);
    memcpy(copy, host->entries, host->paths.len * sizeof *copy);
    enum err err = store_batch_finish(host->batch, OK, host->probe->diags);
    host->batch = NULL;
    if (err == OK) {
        err = tree_build(host->store, copy, host->paths.len, true, ret_digest, host->probe->diags);
    }
    free(copy);
    return err;
}
