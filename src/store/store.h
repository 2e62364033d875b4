/* src/store/store.h: the local content-addressed store and action cache (one user, many processes).
 *
 *   $STRAYLIGHT_STORE/           mode 0700, owned by the caller's uid, else refused
 *     version                    format number; another is refused
 *     cas/ab/<64 hex>            blobs, 0444, mtime 1; written as tmp/x, fsync, rename
 *     exec/ab/<64 hex>           the same bytes, 0555 (one inode has one mode), made on demand
 *     trees/ab/<64 hex>/         a REAPI Directory laid out as a folder, whole and read-only
 *     actions/ab/<64 hex>        action cache: canonical REAPI ActionResult, by the action's digest
 *     traces/ attestations/ ...  later, in the bucket layout of design.md
 *     index.mdb                  LMDB: what was verified: name -> size, inode, mtime, ctime
 *     workspaces/<hex>/          what a workspace keeps between runs (the graph), not content
 *     tmp/<pid>-<n>              being written; removed by a later run when its process is dead
 *
 * Crash-only: a blob is visible only whole; an action result only after the blobs it names. Two
 * processes may do anything at once. A blob is trusted while its file's stat data are those
 * recorded when it was last hashed; else it is hashed again, and on a mismatch moved away and
 * ERR_CORRUPT. */
#ifndef STORE_STORE_H
#define STORE_STORE_H
#include "base/diag.h"
#include "base/io.h"
#include "digest/digest.h"

struct store;
/* root: NULL for $STRAYLIGHT_STORE, $XDG_CACHE_HOME/straylight, $HOME/.cache/straylight (looked up
 * by cli through base/env.h and passed in). Makes it if absent. Thread-safe after this.
 * ERR_INVALID: not ours (another uid, another format); ERR_IO. io: &io_real, or a failing one in
 * tests. */
enum err store_open(
    const struct io *io, const char *root, struct store **ret_store, struct diags *diags);
void store_close(struct store *store);
/* Borrowed; absolute, without links. */
const char *store_root(const struct store *store);
int store_root_fd(const struct store *store);

/* Blobs. put: the bytes are durable (fsync'd, directory too) no later than store_sync or the next
 * action_cache_put. ERR_IO (a full disk says so, and what to do). */
enum err store_put(
    struct store *store, struct str bytes, struct digest *ret_digest, struct diags *diags);
/* From the current offset to the end of fd; copies first and hashes the copy. */
enum err store_put_fd(struct store *store, int fd, struct digest *ret_digest, struct diags *diags);
/* OK, or ERR_ABSENT without a diag. Looks at the file's presence and size only. */
enum err store_has(struct store *store, const struct digest *digest);
/* The whole blob, verified, in arena. ERR_ABSENT without a diag, ERR_CORRUPT with one. */
enum err store_get(struct store *store, const struct digest *digest, size_t bytes_max,
    struct arena *arena, struct str *ret_bytes, struct diags *diags);
/* Verified by stat data (or by hashing), then opened read-only. The caller closes. */
enum err store_blob_open(
    struct store *store, const struct digest *digest, int *ret_fd, struct diags *diags);
/* The verified file's path relative to the store's root, in arena: cas/.. or exec/.. */
enum err store_blob_path(struct store *store, const struct digest *digest, bool executable,
    struct arena *arena, struct str *ret_path, struct diags *diags);
/* Hard link of a verified blob at name in dir_fd (same file system). */
enum err store_blob_link(struct store *store, const struct digest *digest, bool executable,
    int dir_fd, const char *name, struct diags *diags);

/* Action cache (REAPI v2 ActionCache): bytes are a canonical ActionResult; key is an Action's
 * digest. get: ERR_ABSENT also when a blob that the caller's check needs is gone (store does not
 * look inside). */
enum err action_cache_get(struct store *store, const struct digest *key, struct arena *arena,
    struct str *ret_result, struct diags *diags);
enum err action_cache_put(
    struct store *store, const struct digest *key, struct str result, struct diags *diags);
/* Forgets one entry (its outputs were found damaged). */
enum err action_cache_remove(struct store *store, const struct digest *key, struct diags *diags);

/* Walks. Each blob (or action result) once, in order of its hash; the callback may stop with an
 * err. */
enum err store_each(struct store *store,
    enum err (*visit)(void *context, const struct digest *digest, struct diags *diags),
    void *context, struct diags *diags);
struct store_verified {
    uint64_t blob_count, blob_bytes, tree_count, action_count, damaged_count, removed_count;
};
/* Hashes everything again; damaged files are named in diags and moved out of the way. */
enum err store_verify(
    struct store *store, struct store_verified *ret_verified, struct diags *diags);
#endif
