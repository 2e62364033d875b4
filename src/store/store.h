/* src/store/store.h: the local content-addressed store and action cache (one user, many processes).
 *
 *   $STRAYLIGHT_STORE/           mode 0700, owned by the caller's uid, else refused
 *     version                    format number; another is refused
 *     cas/ab/<64 hex>            blobs, 0444, mtime 1; written as tmp/.., fsync, rename
 *     exec/ab/<64 hex>           the same bytes, 0555 (one inode has one mode), made on demand
 *     trees/ab/<64 hex>/         a REAPI Directory laid out as a folder, whole and read-only
 *     actions/ab/<64 hex>        action cache: SHA-256 of key and result, then the canonical REAPI
 *                                ActionResult; by the hash of the action
 *     traces/ attestations/ ...  later, in the bucket layout of design.md
 *     index                      what was verified: name -> size, inode, mtime, ctime
 *     damaged/<64 hex>-<n>       what did not hash to its name, moved out of the way
 *     workspaces/<hex>/          what a workspace keeps between runs (the graph), not content
 *     tmp/<pid>-<n>/             a live process's own, locked by it; removed when the lock is free
 *
 * Crash-only: a blob is visible only whole; an action result only after the blobs it names. Two
 * processes may do anything at once. A blob is trusted while its file's stat data are those
 * recorded when it was last hashed; else it is hashed again, and on a mismatch moved away and
 * ERR_CORRUPT. docs/format/store.md has the layout to the byte. */
#ifndef STORE_STORE_H
#define STORE_STORE_H
#include "base/diag.h"
#include "base/io.h"
#include "digest/digest.h"

struct store;
/* root: absolute; made if absent, with what is above it. Thread-safe after this, and in a child
 * after fork. ERR_INVALID: not ours (another uid, others may enter, another format, not a store);
 * ERR_IO. io: &io_real, or a failing one in tests; borrowed. */
enum err store_open(
    const struct io *io, const char *root, struct store **ret_store, struct diags *diags);
/* store_sync, and frees. What could not be synced is only slower next time. */
void store_close(struct store *store);
/* Borrowed; absolute, as it was given. */
const char *store_root(const struct store *store);
int store_root_fd(const struct store *store);
/* This process's own folder under tmp/ (same file system): for what will be put or thrown away.
 * Each process, also after fork, has its own; gone some time after its end. Borrowed. */
enum err store_tmp_fd(struct store *store, int *ret_dir_fd, struct diags *diags);
/* The names of all that this process put are durable, and what it verified is remembered. Once for
 * each command is enough: a crash before it forgets whole blobs, never parts. */
enum err store_sync(struct store *store, struct diags *diags);

/* From now on what this process puts waits, some hundred files together, for the disk: none of it
 * has its name, for other processes, before a flush. What was put can be had here at once. A
 * process that is killed loses what was not flushed. */
void store_defer(struct store *store);
/* Now. Part of store_sync. On an error what waited is lost, and all later ones fail, too: results
 * that this process has may name what is not there. */
enum err store_flush(struct store *store, struct diags *diags);

/* Blobs. put: the bytes are on disk (fsync'd) before they are visible. What is there already is
 * not written again. ERR_IO (a full disk says so, and what to do). */
enum err store_put(
    struct store *store, struct str bytes, struct digest *ret_digest, struct diags *diags);
/* From the current offset to the end of fd (a file, a pipe); what is hashed is what is written. */
enum err store_put_fd(struct store *store, int fd, struct digest *ret_digest, struct diags *diags);
/* Many blobs at once: as store_put, but none is visible before a finish (or a later put, when there
 * are many), and the disk is waited for once for some hundred of them. One thread. */
struct store_batch;
struct store_batch *store_batch_new(struct store *store);
enum err store_batch_put(
    struct store_batch *batch, struct str bytes, struct digest *ret_digest, struct diags *diags);
/* A regular file, from the current offset. */
enum err store_batch_put_fd(
    struct store_batch *batch, int fd, struct digest *ret_digest, struct diags *diags);
/* err is OK: all that was put becomes visible; else it is dropped, and err returned. Frees; NULL is
 * an empty one. */
enum err store_batch_finish(struct store_batch *batch, enum err err, struct diags *diags);

/* OK, or ERR_ABSENT without a diag. Looks at the file's presence and size only. */
enum err store_has(struct store *store, const struct digest *digest);
/* Does it wait for a flush (store_defer)? To link it, or lay out a tree that holds it, causes one.
 */
bool store_waits(struct store *store, const struct digest *digest);
/* The whole blob, hashed, in arena. ERR_ABSENT without a diag, ERR_CORRUPT with one. */
enum err store_get(struct store *store, const struct digest *digest, size_t bytes_max,
    struct arena *arena, struct str *ret_bytes, struct diags *diags);
/* Verified by stat data (or by hashing), then opened read-only. The caller closes. */
enum err store_blob_open(
    struct store *store, const struct digest *digest, int *ret_fd, struct diags *diags);
/* The verified file's path relative to the store's root, in arena: cas/.. or exec/.. */
enum err store_blob_path(struct store *store, const struct digest *digest, bool executable,
    struct arena *arena, struct str *ret_path, struct diags *diags);
/* The same for a store that defers: [1] is its place, [0] where it is until then, or empty. Whoever
 * looks there first and finds nothing finds it in its place. */
enum err store_blob_paths(struct store *store, const struct digest *digest, bool executable,
    struct arena *arena, struct str ret_paths[2], struct diags *diags);
/* Hard link of a verified blob at name in dir_fd (same file system); a copy where the file system
 * allows no more links. ERR_ABSENT without a diag. */
enum err store_blob_link(struct store *store, const struct digest *digest, bool executable,
    int dir_fd, const char *name, struct diags *diags);

/* Action cache (REAPI v2 ActionCache): bytes are a canonical ActionResult; key is an Action's
 * digest. The caller must see that the blobs it names are there (store_has): after a crash or a
 * clean-up they may not be. ERR_ABSENT without a diag, ERR_CORRUPT with one (and it is moved
 * away). */
enum err action_cache_get(struct store *store, const struct digest *key, struct arena *arena,
    struct str *ret_result, struct diags *diags);
enum err action_cache_put(
    struct store *store, const struct digest *key, struct str result, struct diags *diags);
/* Is there an entry in the store at root, which need not be open? Says nothing of its being whole.
 */
bool action_cache_has(const char *root, const struct digest *key);
/* Forgets one entry (its outputs were found damaged, a test that it says passed fails). Absent is
 * OK. */
enum err action_cache_remove(struct store *store, const struct digest *key, struct diags *diags);

/* Each blob once, in order of its hash; the callback may stop with an err. */
enum err store_each(struct store *store,
    enum err (*visit)(void *context, const struct digest *digest, struct diags *diags),
    void *context, struct diags *diags);
/* Results of actions that nothing refers to any more, and what they alone name: a result stays if
 * is_live says so of its action or of one of its outputs, and what any that stays names stays, too.
 * Blobs that are no action's (trees of toolchains, what was added, sources) are never touched.
 * Nothing is removed where dry. ERR_RETRY, with a diag: another process works with the store. One
 * that begins meanwhile may find a blob gone that it was about to use, and makes it again. */
struct store_stale {
    uint64_t action_count, file_count, bytes;
};
enum err store_stale_remove(struct store *store,
    bool (*is_live)(void *context, const struct digest *digest), void *context, bool dry,
    struct store_stale *ret_stale, struct diags *diags);
struct store_verified {
    uint64_t blob_count, blob_bytes, tree_count, action_count;
    uint64_t damaged_count; /* found now, named in diags, moved to damaged/ */
    uint64_t removed_count; /* left in tmp/ by dead processes */
};
/* Hashes everything again: blobs, laid out trees, action results. Damage is not an error of this
 * function: see damaged_count, each with a chain of its own in diags. */
enum err store_verify(
    struct store *store, struct store_verified *ret_verified, struct diags *diags);
#endif
