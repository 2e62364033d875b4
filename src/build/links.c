/* src/build/links.c: out/<package>/<output> in the workspace: links into the store.
 *
 *   state/links   [ path below out/, text of the link, label, inode, stamp, size of the blob ]
 *                   stamp: a file's ctime; of a folder, a sum over what all in it looks like
 *
 * It says which links are ours (those of targets that are gone are removed; nothing else ever is),
 * and what the blobs looked like when they were last verified: a run with nothing to do compares,
 * and does not open the store. Links are never followed when writing. */
#include "base/file.h"
#include "build/engine.h"
#include "build/stamp.h"
#include "digest/sha256.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LINKS_FILE_MAX = 256 * 1024 * 1024,
    FOLDER_DEPTH_MAX = 128,
};
struct link {
    struct str path;  /* "a/x": below out/; "@config/a/x" of another configuration */
    struct str text;  /* what it says */
    struct str label; /* as a key */
    uint64_t inode, stamp, size_bytes;
    const struct goal_output *output; /* of this run; NULL in what was remembered */
};
struct links {
    struct engine *engine;
    struct arena *arena;
    struct diags *diags;
    struct table paths; /* row == index of at */
    struct link *at;    /* owned */
    uint32_t cap;
    struct table old_paths;
    struct link *old_at; /* in arena */
    bool changed;
    bool damaged;
    bool whole; /* all that was asked for was finished: what is not in it is gone */
};

static const char *state_file(struct links *links)
{
    return arena_printf(links->arena, "%s/links", links->engine->workspace.state).ptr;
}

static void old_read(struct links *links)
{
    struct str bytes;
    struct diags ignored;
    diags_init(&ignored, links->arena, NULL);
    if (file_read(AT_FDCWD, state_file(links), LINKS_FILE_MAX, links->arena, &bytes, &ignored) !=
        OK) {
        return;
    }
    struct cbor_reader reader;
    cbor_reader_init(&reader, bytes);
    uint64_t count;
    if (cbor_read_array(&reader, bytes.len, &count) != OK) {
        return;
    }
    links->old_at = ARENA_NEW(links->arena, struct link, (size_t)count);
    for (uint64_t i = 0; i < count; i++) {
        struct link link = {0};
        if (cbor_read_text(&reader, &link.path) != OK ||
            cbor_read_text(&reader, &link.text) != OK ||
            cbor_read_text(&reader, &link.label) != OK ||
            cbor_read_unsigned(&reader, &link.inode) != OK ||
            cbor_read_unsigned(&reader, &link.stamp) != OK ||
            cbor_read_unsigned(&reader, &link.size_bytes) != OK) {
            return;
        }
        links->old_at[table_add(&links->old_paths, NULL, link.path)] = link;
    }
}

static enum err new_write(struct links *links)
{
    AUTO_BUF bytes = {0};
    cbor_head_add(&bytes, CBOR_ARRAY, links->paths.len);
    for (uint32_t i = 0; i < links->paths.len; i++) {
        const struct link *link = &links->at[i];
        cbor_text_add(&bytes, link->path);
        cbor_text_add(&bytes, link->text);
        cbor_text_add(&bytes, link->label);
        cbor_head_add(&bytes, CBOR_UNSIGNED, link->inode);
        cbor_head_add(&bytes, CBOR_UNSIGNED, link->stamp);
        cbor_head_add(&bytes, CBOR_UNSIGNED, link->size_bytes);
    }
    enum err err = dirs_make(AT_FDCWD, links->engine->workspace.state, links->diags);
    return err == OK ? file_write_atomic(AT_FDCWD, state_file(links), buf_str(&bytes), links->diags)
                     : err;
}

static void link_add(struct links *links, const struct link *link)
{
    uint32_t row = table_add(&links->paths, NULL, link->path);
    if (row >= links->cap) {
        links->cap = links->cap == 0 ? 64 : links->cap * 2;
        links->at = memory_realloc(links->at, links->cap * sizeof *links->at);
    }
    links->at[row] = *link;
}

static void wanted_add(
    struct links *links, const struct goal_target *target, const struct goal_output *output)
{
    static const char *const folders[] = {[TREE_FILE] = "cas",
        [TREE_EXECUTABLE] = "exec",
        [TREE_SYMLINK] = "cas",
        [TREE_DIRECTORY] = "trees"};
    char hex_bytes[DIGEST_HEX_BYTES];
    struct str hex = digest_hex(&output->digest, hex_bytes);
    struct str path = path_join(target->label.package, output->path, links->arena);
    struct link link = {.path = path, .output = output};
    if (!target->is_default_config) {
        link.path =
            arena_printf(links->arena, "@%.*s/%.*s", STR_ARG(target->label.config), STR_ARG(path));
    }
    link.text = arena_printf(links->arena, "%s/%s/%.*s/%.*s", links->engine->options.store_root,
        folders[output->kind], 2, hex.ptr, STR_ARG(hex));
    link.label = label_key(target->label, links->arena);
    link_add(links, &link);
}

/* What one entry of a folder looks like. A sum of these does not hang on their order. */
static uint64_t entry_stamp(struct str name, uint64_t parent, const struct stat *st)
{
    struct {
        uint64_t parent, inode, mode, size_bytes;
        int64_t mtime_ns, ctime_ns;
    } look = {parent, st->st_ino, st->st_mode, (uint64_t)st->st_size, stamp_time_ns(st->st_mtim),
        stamp_time_ns(st->st_ctim)};
    struct sha256 sha;
    uint8_t hash[DIGEST_HASH_BYTES];
    uint64_t stamp;
    sha256_init(&sha);
    sha256_add(&sha, (struct str){.ptr = (const char *)&look, .len = sizeof look});
    sha256_add(&sha, name);
    sha256_final(&sha, hash);
    memcpy(&stamp, hash, sizeof stamp);
    return stamp;
}

/* Adds all below the folder, whose fd it takes, to *sum. False: it cannot be read whole. */
static bool folder_look(int fd, uint64_t parent, unsigned depth, uint64_t *sum)
{
    DIR *dir = fd < 0 || depth > FOLDER_DEPTH_MAX ? NULL : fdopendir(fd);
    if (dir == NULL) {
        fd_close(&fd);
        return false;
    }
    bool good = true;
    const struct dirent *entry;
    while (good && (entry = readdir(dir)) != NULL) {
        struct str name = str_of(entry->d_name);
        struct stat st;
        if (str_eq(name, STR(".")) || str_eq(name, STR(".."))) {
            continue;
        }
        good = fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0;
        *sum += good ? entry_stamp(name, parent, &st) : 0;
        if (good && S_ISDIR(st.st_mode)) {
            static const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
            good = folder_look(openat(fd, entry->d_name, flags), st.st_ino, depth + 1, sum);
        }
    }
    (void)closedir(dir);
    return good;
}

/* Fills in what the blob looks like; false if there is none. */
static bool blob_look(struct link *link)
{
    struct stat st;
    if (stat(link->text.ptr, &st) != 0) {
        return false;
    }
    link->inode = st.st_ino;
    link->stamp = (uint64_t)stamp_time_ns(st.st_ctim);
    link->size_bytes = (uint64_t)st.st_size;
    return !S_ISDIR(st.st_mode) ||
           folder_look(open(link->text.ptr, O_RDONLY | O_DIRECTORY | O_CLOEXEC), st.st_ino, 0,
               &link->stamp);
}

/* Does out/ say so already, and is the blob the one that was verified? */
static bool link_holds(struct links *links, struct link *link)
{
    char text[4096];
    struct str path = arena_printf(links->arena, "out/%.*s", STR_ARG(link->path));
    ssize_t len = readlinkat(links->engine->root_fd, path.ptr, text, sizeof text);
    struct str got = {.ptr = text, .len = len < 0 ? 0 : (size_t)len};
    uint32_t row = table_get(&links->old_paths, link->path);
    if (!str_eq(got, link->text) || row == TABLE_NONE || !blob_look(link)) {
        return false;
    }
    const struct link *old = &links->old_at[row];
    return str_eq(old->text, link->text) && str_eq(old->label, link->label) &&
           old->inode == link->inode && old->stamp == link->stamp &&
           old->size_bytes == link->size_bytes;
}

/* The folder of path below root_fd, made as needed, no link followed. -1 with a diag. */
static int folder_open(struct links *links, struct str path)
{
    int fd = dup(links->engine->root_fd);
    size_t begin = 0;
    for (size_t i = 0; i < path.len && fd >= 0; i++) {
        if (path.ptr[i] != '/') {
            continue;
        }
        const char *name = arena_cstr(links->arena, str_sub(path, begin, i));
        int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        int next = openat(fd, name, flags);
        if (next < 0 && errno == ENOENT && (mkdirat(fd, name, 0777) == 0 || errno == EEXIST)) {
            next = openat(fd, name, flags);
        }
        int error_number = errno;
        fd_close(&fd);
        fd = next;
        errno = error_number;
        begin = i + 1;
    }
    if (fd < 0) {
        struct str folder = str_sub(path, 0, begin > 0 ? begin - 1 : 0);
        if (diag_add_errno(links->diags, errno, "%.*s is not a folder of links", STR_ARG(folder)) !=
            OK) {
            diag_help(links->diags, "out/ belongs to straylight: remove what is in its place");
        }
    }
    return fd;
}

static enum err link_write(struct links *links, const struct link *link)
{
    struct str path = arena_printf(links->arena, "out/%.*s", STR_ARG(link->path));
    AUTO_CLOSE int fd = folder_open(links, path);
    if (fd < 0) {
        return ERR_IO;
    }
    const char *name =
        arena_cstr(links->arena, str_sub(path, str_find_last(path, '/') + 1, path.len));
    const char *temporary = arena_printf(links->arena, ".straylight-%ld", (long)getpid()).ptr;
    if ((unlinkat(fd, temporary, 0) != 0 && errno != ENOENT) ||
        symlinkat(link->text.ptr, fd, temporary) != 0 || renameat(fd, temporary, fd, name) != 0) {
        int error_number = errno;
        (void)unlinkat(fd, temporary, 0);
        return diag_add_errno(
            links->diags, error_number, "cannot make the link %.*s", STR_ARG(path));
    }
    return OK;
}

/* Verifies the blob, or finds it damaged: then what makes it will run again. What was found on the
 * way is said: the store may have mended it by itself. */
static enum err link_renew(struct links *links, struct link *link)
{
    struct engine *engine = links->engine;
    enum err err = engine_store(engine, links->diags);
    if (err != OK) {
        return err;
    }
    struct str path;
    struct diags found;
    diags_init(&found, links->arena, engine->sources);
    if (link->output->kind == TREE_DIRECTORY) {
        err = tree_stage(engine->store, &link->output->digest, links->arena, &path, &found);
    } else {
        err = store_blob_path(engine->store, &link->output->digest,
            link->output->kind == TREE_EXECUTABLE, links->arena, &path, &found);
    }
    if (err == ERR_ABSENT || err == ERR_CORRUPT) {
        progress_diags(engine, &found);
        damage_add(engine, &link->output->digest);
        links->damaged = true;
        return OK;
    }
    if (err != OK) {
        diags_append(links->diags, &found);
        return err;
    }
    progress_diags(engine, &found);
    if (!blob_look(link)) {
        return diag_add(links->diags, ERR_IO, SPAN_NONE, "there is no %.*s", STR_ARG(link->text));
    }
    links->changed = true;
    return link_write(links, link);
}

/* Was the link's target asked for, and is it no more? */
static bool is_stale(const struct links *links, const struct goal *goal, const struct link *link)
{
    if (!links->whole) {
        return false;
    }
    struct diags ignored;
    diags_init(&ignored, links->arena, NULL);
    for (size_t i = 0; i < goal->patterns.count; i++) {
        struct pattern pattern;
        if (pattern_parse(
                goal->patterns.at[i], STR(""), SPAN_NONE, links->arena, &pattern, &ignored) != OK) {
            continue;
        }
        struct str config = pattern.label.config;
        struct str prefix = arena_printf(links->arena, "@%.*s/", STR_ARG(config));
        bool same =
            config.len == 0 ? !str_starts(link->path, STR("@")) : str_starts(link->path, prefix);
        if (same && pattern_matches(&pattern, label_of_key(link->label))) {
            return true;
        }
    }
    return false;
}

static void link_remove(struct links *links, const struct link *link)
{
    int root_fd = links->engine->root_fd;
    char text[4096];
    struct str path = arena_printf(links->arena, "out/%.*s", STR_ARG(link->path));
    ssize_t len = readlinkat(root_fd, path.ptr, text, sizeof text);
    struct str got = {.ptr = text, .len = len < 0 ? 0 : (size_t)len};
    if (!str_eq(got, link->text) || unlinkat(root_fd, path.ptr, 0) != 0) {
        return; /* not ours any more */
    }
    for (size_t i = path.len; i > 3; i--) { /* folders that are empty now */
        if (path.ptr[i - 1] == '/' &&
            unlinkat(root_fd, arena_cstr(links->arena, str_sub(path, 0, i - 1)), AT_REMOVEDIR) !=
                0) {
            break;
        }
    }
}

static void old_keep(struct links *links, const struct goal *goal)
{
    for (uint32_t i = 0; i < links->old_paths.len; i++) {
        const struct link *old = &links->old_at[i];
        if (table_get(&links->paths, old->path) != TABLE_NONE) {
            continue;
        }
        if (is_stale(links, goal, old)) {
            link_remove(links, old);
            links->changed = true;
        } else {
            link_add(links, old);
        }
    }
}

enum err links_update(
    struct engine *engine, const struct goal *goal, bool whole, struct diags *diags)
{
    struct arena arena = {0};
    struct links links = {.engine = engine, .arena = &arena, .diags = diags, .whole = whole};
    old_read(&links);
    for (size_t i = 0; i < goal->target_count; i++) {
        for (size_t j = 0; j < goal->targets[i].output_count; j++) {
            wanted_add(&links, &goal->targets[i], &goal->targets[i].outputs[j]);
        }
    }
    enum err err = OK;
    for (uint32_t i = 0; i < links.paths.len && err == OK; i++) {
        if (!link_holds(&links, &links.at[i])) {
            err = link_renew(&links, &links.at[i]);
        }
    }
    if (err == OK && links.damaged) {
        err = ERR_CORRUPT;
    }
    if (err == OK) {
        old_keep(&links, goal);
    }
    if (err == OK && links.changed && !engine->store_is_read_only) {
        err = new_write(&links);
    }
    table_release(&links.paths);
    table_release(&links.old_paths);
    free(links.at);
    arena_release(&arena);
    return err;
}

/* For `clean`: removes the links that are ours, and forgets them. */
enum err links_remove(struct engine *engine, uint64_t *ret_count, struct diags *diags)
{
    struct arena arena = {0};
    struct links links = {.engine = engine, .arena = &arena, .diags = diags};
    old_read(&links);
    for (uint32_t i = 0; i < links.old_paths.len; i++) {
        link_remove(&links, &links.old_at[i]);
    }
    *ret_count = links.old_paths.len;
    table_release(&links.old_paths);
    arena_release(&arena);
    return OK;
}

enum err links_stale_remove(struct engine *engine, const struct table *labels, bool dry,
    uint64_t *ret_count, struct diags *diags)
{
    struct arena arena = {0};
    struct links links = {.engine = engine, .arena = &arena, .diags = diags};
    *ret_count = 0;
    old_read(&links);
    for (uint32_t i = 0; i < links.old_paths.len; i++) {
        struct label label = label_of_key(links.old_at[i].label);
        label.config = STR("");
        if (table_get(labels, label_format(label, &arena)) != TABLE_NONE) {
            link_add(&links, &links.old_at[i]);
            continue;
        }
        ++*ret_count;
        if (!dry) {
            link_remove(&links, &links.old_at[i]);
        }
    }
    enum err err = *ret_count > 0 && !dry ? new_write(&links) : OK;
    table_release(&links.paths);
    table_release(&links.old_paths);
    free(links.at);
    arena_release(&arena);
    return err;
}
