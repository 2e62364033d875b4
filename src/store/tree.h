/* src/store/tree.h: folders as content: REAPI v2 Directory messages in the store. */
#ifndef STORE_TREE_H
#define STORE_TREE_H
#include "store/store.h"

enum tree_entry_kind {
    TREE_FILE,
    TREE_EXECUTABLE,
    TREE_SYMLINK,   /* target is kept as text, never followed */
    TREE_DIRECTORY, /* digest of a Directory message: a whole subtree (may be the empty one) */
};
struct tree_entry {
    struct str path; /* relative, components joined by '/', no "." or ".."; unique in a tree */
    enum tree_entry_kind kind;
    struct digest digest; /* of the blob, or of the Directory */
    struct str target;    /* of a symlink */
};
/* Canonical Directory messages for entries (sorted by the function); ret_root is the root's digest.
 * put: also writes the messages into store (else store may be NULL and only digests are computed).
 * ERR_INVALID with a diag: a path twice, or a file where a folder is needed. Bounds: 4,194,304
 * entries, 4,096 bytes a path, 128 levels. Paths and targets are UTF-8. */
enum err tree_build(struct store *store, struct tree_entry *entries, size_t count, bool put,
    struct digest *ret_root, struct diags *diags);
/* All files, symlinks and empty folders below root, sorted by path (str_cmp), in arena. ERR_ABSENT
 * without a diag if root or a folder below it is not in the store. */
enum err tree_list(struct store *store, const struct digest *root, struct arena *arena,
    struct tree_entry **ret_entries, size_t *ret_count, struct diags *diags);
/* The union of trees; a path with two contents is ERR_INVALID and named. Written into store. */
enum err tree_merge(struct store *store, const struct digest *roots, size_t count,
    struct digest *ret_root, struct diags *diags);
/* The direct children of root, sorted by name, in arena. */
enum err tree_children(struct store *store, const struct digest *root, struct arena *arena,
    struct tree_entry **ret_entries, size_t *ret_count, struct diags *diags);
/* A folder from disk into the store, by directory descriptors, links not followed; devices,
 * sockets, fifos, setuid bits are ERR_INVALID. */
enum err tree_import(struct store *store, int dir_fd, struct digest *ret_root, struct diags *diags);
/* Lays root out as trees/ab/<hex>/ (hard links to blobs), and gives the path relative to the
 * store's root. Two processes may do it at once; a half-made one is never seen. Folders 0555, files
 * 0444 or 0555, all mtimes 1. One that is there is checked once in each process, as blobs are: stat
 * data of every file and folder; if it was altered it is moved away and laid out again.
 * ERR_ABSENT, with a diag: something that root names is not in the store. ERR_CORRUPT: a blob in it
 * was damaged. */
enum err tree_stage(struct store *store, const struct digest *root, struct arena *arena,
    struct str *ret_path, struct diags *diags);
/* If root is laid out: checks it, whatever this process knows. ERR_CORRUPT, with a diag: it was
 * altered; it is laid out again, unless something that it names is not whole in the store (then it
 * stays as it is, and the next call says so again). */
enum err tree_staged_verify(struct store *store, const struct digest *root, struct diags *diags);
#endif
