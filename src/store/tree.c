/* src/store/tree.c: trees as REAPI v2 Directory messages: build, list, merge, import.
 *
 *   entries, sorted with '/' before all else:   a  a/b  a/c/d  a-b
 *   a run with the same first component is one child: a file, or the entries of a subfolder
 *
 * Recursion is bounded by TREE_DEPTH_MAX. */
#include "base/file.h"
#include "base/utf8.h"
#include "store/private.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    ENTRY_COUNT_MAX = 4194304,
    PATH_BYTES_MAX = 4096,
    DIRECTORY_BYTES_MAX = 64 * 1024 * 1024,
};

enum err directory_get(struct store *store, const struct digest *digest, struct arena *arena,
    struct reapi_directory *ret_directory, struct diags *diags)
{
    struct str bytes = {0};
    if (digest->size_bytes == 0 && !digest_eq(digest, &digest_empty)) {
        return ERR_ABSENT;
    }
    if (digest->size_bytes > 0) {
        enum err err = store_get(store, digest, DIRECTORY_BYTES_MAX, arena, &bytes, diags);
        if (err != OK) {
            return err;
        }
    }
    enum err err = reapi_directory_decode(bytes, arena, ret_directory);
    if (err != OK) {
        char text[DIGEST_TEXT_MAX];
        return diag_add(diags, err, SPAN_NONE, "%.*s is not a folder's description",
            STR_ARG(digest_format(digest, text)));
    }
    return OK;
}

/* Encodes it, and writes it by the batch unless that is NULL. */
static enum err directory_put(struct store_batch *batch, const struct reapi_directory *directory,
    struct digest *ret_digest, struct diags *diags)
{
    AUTO_BUF bytes = {0};
    reapi_directory_encode(directory, &bytes);
    if (batch != NULL) {
        return store_batch_put(batch, buf_str(&bytes), ret_digest, diags);
    }
    *ret_digest = digest_of(buf_str(&bytes));
    return OK;
}

static enum err depth_check(unsigned depth, struct str path, struct diags *diags)
{
    if (depth > TREE_DEPTH_MAX) {
        return diag_add(diags, ERR_LIMIT, SPAN_NONE, "more than %d folders in each other: %.60s...",
            TREE_DEPTH_MAX, path.len == 0 ? "" : path.ptr);
    }
    return OK;
}

/* Build. */

static int entry_compare(const void *a, const void *b)
{
    struct str x = ((const struct tree_entry *)a)->path;
    struct str y = ((const struct tree_entry *)b)->path;
    size_t len = x.len < y.len ? x.len : y.len;
    size_t i = 0;
    while (i < len && x.ptr[i] == y.ptr[i]) {
        i++;
    }
    if (i == len) {
        return (x.len > y.len) - (x.len < y.len);
    }
    unsigned char p = x.ptr[i] == '/' ? 0 : (unsigned char)x.ptr[i];
    unsigned char q = y.ptr[i] == '/' ? 0 : (unsigned char)y.ptr[i];
    return p < q ? -1 : 1;
}

struct builder {
    struct store_batch *batch; /* NULL: digests only */
    struct arena arena;        /* of the messages' lists */
    struct diags *diags;
};

/* The first component behind `from` of an entry's path; `ret_leaf`: nothing comes after it. */
static struct str component(const struct tree_entry *entry, size_t from, bool *ret_leaf)
{
    struct str rest = str_sub(entry->path, from, entry->path.len);
    struct str name = str_sub(rest, 0, str_find(rest, '/'));
    *ret_leaf = name.len == rest.len;
    return name;
}

/* How many of entries, from the first, share its component. */
static size_t run_len(const struct tree_entry *entries, size_t count, size_t from)
{
    bool leaf;
    struct str name = component(&entries[0], from, &leaf);
    size_t len = 1;
    while (len < count && str_eq(component(&entries[len], from, &leaf), name)) {
        len++;
    }
    return len;
}

static void leaf_add(
    struct reapi_directory *directory, struct str name, const struct tree_entry *entry)
{
    switch (entry->kind) {
    case TREE_FILE:
    case TREE_EXECUTABLE:
        directory->files[directory->file_count++] = (struct reapi_file_node){
            .name = name, .digest = entry->digest, .is_executable = entry->kind == TREE_EXECUTABLE};
        break;
    case TREE_SYMLINK:
        directory->symlinks[directory->symlink_count++] =
            (struct reapi_symlink){.name = name, .target = entry->target};
        break;
    case TREE_DIRECTORY:
        directory->directories[directory->directory_count++] =
            (struct reapi_directory_node){.name = name, .digest = entry->digest};
        break;
    }
}

static enum err entry_check(const struct tree_entry *entry, struct str name, struct diags *diags)
{
    if (!reapi_name_is_valid(name) || entry->path.len > PATH_BYTES_MAX) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE, "\"%.*s\" cannot be a path in a tree%s",
            STR_ARG(entry->path), utf8_is(entry->path) ? "" : " (it is not UTF-8)");
    }
    if (entry->kind == TREE_SYMLINK &&
        (entry->target.len == 0 || entry->target.len > PATH_BYTES_MAX || !utf8_is(entry->target) ||
            memchr(entry->target.ptr, '\0', entry->target.len) != NULL)) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE,
            "the link %.*s has no target that can be kept", STR_ARG(entry->path));
    }
    return OK;
}

static enum err folder_build(struct builder *builder, const struct tree_entry *entries,
    size_t count, size_t from, unsigned depth, struct digest *ret_digest);

/* The run of entries that share their component behind `from` becomes one child. */
static enum err child_build(struct builder *builder, const struct tree_entry *entries, size_t count,
    size_t from, unsigned depth, struct reapi_directory *directory)
{
    bool leaf;
    struct str name = component(&entries[0], from, &leaf);
    enum err err = entry_check(&entries[0], name, builder->diags);
    if (err != OK) {
        return err;
    }
    if (leaf && count > 1 && entries[1].path.len == entries[0].path.len) {
        return diag_add(builder->diags, ERR_INVALID, SPAN_NONE, "%.*s is there twice",
            STR_ARG(entries[0].path));
    }
    if (leaf && count > 1) {
        return diag_add(builder->diags, ERR_INVALID, SPAN_NONE,
            "%.*s cannot be a file, and the folder of %.*s", STR_ARG(entries[0].path),
            STR_ARG(entries[1].path));
    }
    if (leaf) {
        leaf_add(directory, name, &entries[0]);
        return OK;
    }
    struct reapi_directory_node *node = &directory->directories[directory->directory_count++];
    node->name = name;
    return folder_build(builder, entries, count, from + name.len + 1, depth + 1, &node->digest);
}

static enum err folder_build(struct builder *builder, const struct tree_entry *entries,
    size_t count, size_t from, unsigned depth, struct digest *ret_digest)
{
    struct reapi_directory directory = {0};
    enum err err = depth_check(depth, count > 0 ? entries[0].path : STR(""), builder->diags);
    size_t child_count = 0;
    for (size_t i = 0; i < count; child_count++) {
        i += run_len(entries + i, count - i, from);
    }
    directory.files = ARENA_NEW(&builder->arena, struct reapi_file_node, child_count);
    directory.directories = ARENA_NEW(&builder->arena, struct reapi_directory_node, child_count);
    directory.symlinks = ARENA_NEW(&builder->arena, struct reapi_symlink, child_count);
    for (size_t i = 0; i < count && err == OK;) {
        size_t len = run_len(entries + i, count - i, from);
        err = child_build(builder, entries + i, len, from, depth, &directory);
        i += len;
    }
    return err != OK ? err : directory_put(builder->batch, &directory, ret_digest, builder->diags);
}

enum err tree_build(struct store *store, struct tree_entry *entries, size_t count, bool put,
    struct digest *ret_root, struct diags *diags)
{
    if (count > ENTRY_COUNT_MAX) {
        return diag_add(diags, ERR_LIMIT, SPAN_NONE, "a tree of %zu entries is too large", count);
    }
    if (count > 1) {
        qsort(entries, count, sizeof entries[0], entry_compare);
    }
    struct builder builder = {.batch = put ? store_batch_new(store) : NULL, .diags = diags};
    enum err err = folder_build(&builder, entries, count, 0, 0, ret_root);
    arena_release(&builder.arena);
    return store_batch_finish(builder.batch, err, diags);
}

/* List. */

struct lister {
    struct store *store;
    struct arena *arena; /* of the result */
    struct diags *diags;
    struct tree_entry *entries; /* owned, from the heap, while it grows */
    size_t count, cap;
    size_t folder_count;
    bool deep;
};

static struct tree_entry *entry_new(struct lister *lister, struct str prefix, struct str name)
{
    if (lister->count == lister->cap) {
        lister->cap = lister->cap == 0 ? 64 : 2 * lister->cap;
        lister->entries = memory_realloc(lister->entries, lister->cap * sizeof lister->entries[0]);
    }
    struct tree_entry *entry = &lister->entries[lister->count++];
    *entry = (struct tree_entry){.path = prefix.len == 0 ? arena_str(lister->arena, name)
                                                         : arena_printf(lister->arena, "%.*s/%.*s",
                                                               STR_ARG(prefix), STR_ARG(name))};
    return entry;
}

static enum err folder_list(
    struct lister *lister, const struct digest *digest, struct str prefix, unsigned depth);

static enum err folders_list(struct lister *lister, const struct reapi_directory *directory,
    struct str prefix, unsigned depth)
{
    enum err err = OK;
    for (size_t i = 0; i < directory->directory_count && err == OK; i++) {
        const struct reapi_directory_node *node = &directory->directories[i];
        struct tree_entry *entry = entry_new(lister, prefix, node->name);
        entry->kind = TREE_DIRECTORY;
        entry->digest = node->digest;
        if (lister->deep && node->digest.size_bytes > 0) {
            struct str path = entry->path;
            lister->count--; /* its entries stand for it */
            err = folder_list(lister, &node->digest, path, depth + 1);
        }
    }
    return err;
}

static enum err folder_list(
    struct lister *lister, const struct digest *digest, struct str prefix, unsigned depth)
{
    struct arena arena = {0};
    struct reapi_directory directory;
    enum err err = depth_check(depth, prefix, lister->diags);
    if (err == OK && prefix.len > PATH_BYTES_MAX) {
        err = diag_add(lister->diags, ERR_LIMIT, SPAN_NONE, "a path of %zu bytes", prefix.len);
    }
    err = err != OK ? err : directory_get(lister->store, digest, &arena, &directory, lister->diags);
    /* A few messages can describe a huge tree: folders count as well. */
    if (err == OK && (++lister->folder_count > ENTRY_COUNT_MAX ||
                         lister->count + directory.file_count + directory.symlink_count +
                                 directory.directory_count >
                             ENTRY_COUNT_MAX)) {
        err = diag_add(lister->diags, ERR_LIMIT, SPAN_NONE, "a tree is too large to list");
    }
    for (size_t i = 0; err == OK && i < directory.file_count; i++) {
        struct tree_entry *entry = entry_new(lister, prefix, directory.files[i].name);
        entry->kind = directory.files[i].is_executable ? TREE_EXECUTABLE : TREE_FILE;
        entry->digest = directory.files[i].digest;
    }
    for (size_t i = 0; err == OK && i < directory.symlink_count; i++) {
        struct tree_entry *entry = entry_new(lister, prefix, directory.symlinks[i].name);
        entry->kind = TREE_SYMLINK;
        entry->target = arena_str(lister->arena, directory.symlinks[i].target);
    }
    if (err == OK) {
        err = folders_list(lister, &directory, prefix, depth);
    }
    arena_release(&arena);
    return err;
}

static int path_compare(const void *a, const void *b)
{
    return str_cmp(((const struct tree_entry *)a)->path, ((const struct tree_entry *)b)->path);
}

static enum err list(struct lister *lister, const struct digest *root,
    struct tree_entry **ret_entries, size_t *ret_count)
{
    enum err err = folder_list(lister, root, STR(""), 0);
    if (err == OK) {
        *ret_entries = ARENA_NEW(lister->arena, struct tree_entry, lister->count);
        *ret_count = lister->count;
        if (lister->count > 0) {
            qsort(lister->entries, lister->count, sizeof lister->entries[0], path_compare);
            memcpy(*ret_entries, lister->entries, lister->count * sizeof lister->entries[0]);
        }
    }
    free(lister->entries);
    return err;
}

enum err tree_list(struct store *store, const struct digest *root, struct arena *arena,
    struct tree_entry **ret_entries, size_t *ret_count, struct diags *diags)
{
    struct lister lister = {.store = store, .arena = arena, .diags = diags, .deep = true};
    return list(&lister, root, ret_entries, ret_count);
}

enum err tree_children(struct store *store, const struct digest *root, struct arena *arena,
    struct tree_entry **ret_entries, size_t *ret_count, struct diags *diags)
{
    struct lister lister = {.store = store, .arena = arena, .diags = diags};
    return list(&lister, root, ret_entries, ret_count);
}

/* Merge. */

struct merger {
    struct store *store;
    struct store_batch *batch;
    struct arena arena;
    struct diags *diags;
};
/* A child of one of the folders that are merged. */
struct merged {
    struct tree_entry entry; /* path is the name */
    size_t from;             /* which folder: ties keep the order of the roots */
};

static int merged_compare(const void *a, const void *b)
{
    const struct merged *x = a, *y = b;
    int cmp = str_cmp(x->entry.path, y->entry.path);
    return cmp != 0 ? cmp : (x->from > y->from) - (x->from < y->from);
}

static bool entry_same(const struct tree_entry *a, const struct tree_entry *b)
{
    return a->kind == b->kind && (a->kind == TREE_SYMLINK ? str_eq(a->target, b->target)
                                                          : digest_eq(&a->digest, &b->digest));
}

static enum err folder_merge(struct merger *merger, const struct digest *digests, size_t count,
    struct str path, unsigned depth, struct digest *ret_digest);

/* children[0..count) have one name. */
static enum err run_merge(struct merger *merger, const struct merged *children, size_t count,
    struct str path, unsigned depth, struct reapi_directory *directory)
{
    struct tree_entry entry = children[0].entry;
    bool same = true, folders = entry.kind == TREE_DIRECTORY;
    for (size_t i = 1; i < count; i++) {
        same = same && entry_same(&entry, &children[i].entry);
        folders = folders && children[i].entry.kind == TREE_DIRECTORY;
    }
    struct str name = entry.path;
    struct str child_path =
        path.len == 0 ? name
                      : arena_printf(&merger->arena, "%.*s/%.*s", STR_ARG(path), STR_ARG(name));
    if (!same && !folders) {
        return diag_add(merger->diags, ERR_INVALID, SPAN_NONE,
            "two of the trees that are merged differ at %.*s", STR_ARG(child_path));
    }
    if (!same) {
        struct digest *digests = ARENA_NEW(&merger->arena, struct digest, count);
        for (size_t i = 0; i < count; i++) {
            digests[i] = children[i].entry.digest;
        }
        enum err err = folder_merge(merger, digests, count, child_path, depth + 1, &entry.digest);
        if (err != OK) {
            return err;
        }
    }
    leaf_add(directory, name, &entry);
    return OK;
}

/* All children of all the folders, sorted by name. */
static enum err children_get(struct merger *merger, const struct digest *digests, size_t count,
    struct merged **ret_children, size_t *ret_count)
{
    struct tree_entry **lists = ARENA_NEW(&merger->arena, struct tree_entry *, count);
    size_t *counts = ARENA_NEW(&merger->arena, size_t, count);
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        enum err err = tree_children(
            merger->store, &digests[i], &merger->arena, &lists[i], &counts[i], merger->diags);
        if (err != OK) {
            return err;
        }
        total += counts[i];
    }
    struct merged *children = ARENA_NEW(&merger->arena, struct merged, total);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < counts[i]; k++) {
            children[at++] = (struct merged){.entry = lists[i][k], .from = i};
        }
    }
    if (total > 1) {
        qsort(children, total, sizeof children[0], merged_compare);
    }
    *ret_children = children;
    *ret_count = total;
    return OK;
}

static enum err folder_merge(struct merger *merger, const struct digest *digests, size_t count,
    struct str path, unsigned depth, struct digest *ret_digest)
{
    struct merged *children = NULL;
    size_t child_count = 0;
    enum err err = depth_check(depth, path, merger->diags);
    err = err != OK ? err : children_get(merger, digests, count, &children, &child_count);
    if (err != OK) {
        return err;
    }
    struct reapi_directory directory = {
        .files = ARENA_NEW(&merger->arena, struct reapi_file_node, child_count),
        .directories = ARENA_NEW(&merger->arena, struct reapi_directory_node, child_count),
        .symlinks = ARENA_NEW(&merger->arena, struct reapi_symlink, child_count)};
    for (size_t i = 0; i < child_count && err == OK;) {
        size_t len = 1;
        while (
            i + len < child_count && str_eq(children[i].entry.path, children[i + len].entry.path)) {
            len++;
        }
        err = run_merge(merger, children + i, len, path, depth, &directory);
        i += len;
    }
    return err != OK ? err : directory_put(merger->batch, &directory, ret_digest, merger->diags);
}

enum err tree_merge(struct store *store, const struct digest *roots, size_t count,
    struct digest *ret_root, struct diags *diags)
{
    struct merger merger = {.store = store, .batch = store_batch_new(store), .diags = diags};
    enum err err = folder_merge(&merger, roots, count, STR(""), 0, ret_root);
    arena_release(&merger.arena);
    return store_batch_finish(merger.batch, err, diags);
}

/* Import. */

static enum err folder_import(struct store_batch *batch, int dir_fd, struct str path,
    unsigned depth, struct arena *arena, struct digest *ret_digest, struct diags *diags);

static enum err file_import(struct store_batch *batch, int dir_fd, const char *name,
    struct tree_entry *entry, struct str path, struct diags *diags)
{
    AUTO_CLOSE int fd =
        openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        return diag_add_errno(diags, errno, "cannot open %.*s", STR_ARG(path));
    }
    if (!S_ISREG(st.st_mode)) {
        return diag_add(
            diags, ERR_INVALID, SPAN_NONE, "%.*s changed while it was being read", STR_ARG(path));
    }
    if ((st.st_mode & (S_ISUID | S_ISGID)) != 0) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE,
            "%.*s has a set-user-id or set-group-id bit, which a tree cannot keep", STR_ARG(path));
    }
    entry->kind = (st.st_mode & S_IXUSR) != 0 ? TREE_EXECUTABLE : TREE_FILE;
    return store_batch_put_fd(batch, fd, &entry->digest, diags);
}

static enum err link_import(int dir_fd, const char *name, struct arena *arena,
    struct tree_entry *entry, struct str path, struct diags *diags)
{
    char *target = arena_alloc(arena, PATH_BYTES_MAX + 1);
    ssize_t len = readlinkat(dir_fd, name, target, PATH_BYTES_MAX + 1);
    if (len < 0) {
        return diag_add_errno(diags, errno, "cannot read the link %.*s", STR_ARG(path));
    }
    entry->kind = TREE_SYMLINK;
    entry->target = (struct str){.ptr = target, .len = (size_t)len};
    return OK;
}

static enum err child_import(struct store_batch *batch, int dir_fd, const char *name,
    struct tree_entry *entry, struct str path, unsigned depth, struct arena *arena,
    struct diags *diags)
{
    struct stat st;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return diag_add_errno(diags, errno, "cannot stat %.*s", STR_ARG(path));
    }
    if (S_ISREG(st.st_mode)) {
        return file_import(batch, dir_fd, name, entry, path, diags);
    }
    if (S_ISLNK(st.st_mode)) {
        return link_import(dir_fd, name, arena, entry, path, diags);
    }
    if (!S_ISDIR(st.st_mode)) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE,
            "%.*s is neither a file, a folder nor a link", STR_ARG(path));
    }
    AUTO_CLOSE int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return diag_add_errno(diags, errno, "cannot open the folder %.*s", STR_ARG(path));
    }
    entry->kind = TREE_DIRECTORY;
    return folder_import(batch, fd, path, depth + 1, arena, &entry->digest, diags);
}

/* The names in dir_fd, sorted, as entries with nothing but a path. */
static enum err names_read(int dir_fd, struct str path, struct arena *arena,
    struct tree_entry **ret_entries, size_t *ret_count, struct diags *diags)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        int error_number = errno;
        fd_close(&fd);
        return diag_add_errno(diags, error_number, "cannot read the folder %.*s", STR_ARG(path));
    }
    struct lister lister = {.arena = arena};
    struct dirent *entry;
    errno = 0; /* readdir tells an error from the end by it */
    while ((entry = readdir(dir)) != NULL && lister.count < ENTRY_COUNT_MAX) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            (void)entry_new(&lister, STR(""), str_of(entry->d_name));
        }
    }
    int error_number = errno;
    (void)closedir(dir);
    *ret_entries = ARENA_NEW(arena, struct tree_entry, lister.count);
    *ret_count = lister.count;
    if (lister.count > 0) {
        qsort(lister.entries, lister.count, sizeof lister.entries[0], path_compare);
        memcpy(*ret_entries, lister.entries, lister.count * sizeof lister.entries[0]);
    }
    free(lister.entries);
    return error_number == 0
               ? OK
               : diag_add_errno(diags, error_number, "cannot read the folder %.*s", STR_ARG(path));
}

static enum err folder_import(struct store_batch *batch, int dir_fd, struct str path,
    unsigned depth, struct arena *arena, struct digest *ret_digest, struct diags *diags)
{
    struct tree_entry *entries = NULL;
    size_t count = 0;
    enum err err = depth_check(depth, path, diags);
    err = err != OK ? err : names_read(dir_fd, path, arena, &entries, &count, diags);
    if (err != OK) {
        return err;
    }
    struct reapi_directory directory = {.files = ARENA_NEW(arena, struct reapi_file_node, count),
        .directories = ARENA_NEW(arena, struct reapi_directory_node, count),
        .symlinks = ARENA_NEW(arena, struct reapi_symlink, count)};
    for (size_t i = 0; i < count && err == OK; i++) {
        struct str name = entries[i].path;
        struct str child =
            path.len == 0 ? name : arena_printf(arena, "%.*s/%.*s", STR_ARG(path), STR_ARG(name));
        err = child_import(batch, dir_fd, name.ptr, &entries[i], child, depth, arena, diags);
        if (err == OK) {
            struct tree_entry whole = entries[i];
            whole.path = child;
            err = entry_check(&whole, name, diags);
        }
        if (err == OK) {
            leaf_add(&directory, name, &entries[i]);
        }
    }
    return err != OK ? err : directory_put(batch, &directory, ret_digest, diags);
}

enum err tree_import(struct store *store, int dir_fd, struct digest *ret_root, struct diags *diags)
{
    struct arena arena = {0};
    struct store_batch *batch = store_batch_new(store);
    enum err err = folder_import(batch, dir_fd, STR(""), 0, &arena, ret_root, diags);
    arena_release(&arena);
    return store_batch_finish(batch, err, diags);
}
