/* src/store/private.h: what the files of store/ share; not for others.
 *
 *   store.c   open, close, temporary files, sync         blob.c    put, get, verify, link
 *   index.c   what was verified                          action.c  the action cache
 *   batch.c   many puts, one wait                        pending.c the same for a whole build
 *   tree.c    Directory messages                         stage.c   trees laid out as folders
 *   walk.c    each, verify                               stale.c   what nobody refers to
 */
#ifndef STORE_PRIVATE_H
#define STORE_PRIVATE_H
#include "base/table.h"
#include "codec/reapi.h"
#include "store/store.h"
#include "store/tree.h"
#include <pthread.h>
#include <stdatomic.h>

enum store_area {
    AREA_CAS,
    AREA_EXEC,
    AREA_TREES,
    AREA_ACTIONS,
    AREA_COUNT,
};
enum {
    STORE_NAME_MAX = 64,                 /* of temporary and damaged files, with the NUL */
    STORE_PATH_MAX = 2 * STORE_NAME_MAX, /* below the root: one of those in tmp/, or cas/ab/<hex> */
    FANOUT = 256,                        /* folders of an area, by the first byte of the hash */
    TREE_DEPTH_MAX = 128,
    TIME_FIXED = 1, /* seconds: mtime of all content; a later write shows */
};

/* Stat data of a file that hashed to its name. */
struct index_record {
    uint64_t size_bytes, inode;
    int64_t mtime_s, mtime_ns, ctime_s, ctime_ns;
};
struct index;

/* A process's folder under tmp/, locked (flock) while it lives. */
struct store_tmp {
    int dir_fd; /* -1 until it is needed */
    int pid;    /* whose it is: a forked child makes its own */
    char name[STORE_NAME_MAX];
};

enum stage {
    STAGE_NONE,
    STAGE_BUSY, /* a thread lays it out or checks it */
    STAGE_DONE,
};

/* Files under tmp/ that wait for the disk (pending.c). */
struct pending_item {
    enum store_area area;
    int dir_fd;
    int fd;                    /* owned; -1: published */
    char name[STORE_NAME_MAX]; /* in dir_fd; empty: dropped */
    struct digest digest;
};
struct pending_set {
    struct table keys; /* area and hash -> row of items */
    struct arena arena;
    struct pending_item *items; /* owned */
    uint32_t count, cap;
    int64_t first_s; /* when the first came, monotonic */
};
struct pending {
    pthread_mutex_t flush_mutex; /* one flush at a time; taken before the store's */
    struct pending_set sets[2];
    unsigned current;
    bool failed; /* something that was put is lost: every flush says so */
    int pid; /* whose they are: a forked child has none; 0: nothing waits, each file is synced */
};

struct store {
    const struct io *io;
    char *root;
    int root_fd;
    pthread_mutex_t mutex; /* of all below */
    struct index *index;
    struct store_tmp tmp;
    atomic_uint_least64_t name_count;  /* makes temporary names unique in a process */
    bool unsynced[AREA_COUNT][FANOUT]; /* folders with new names since store_sync */
    /* Trees by their path: what this process knows of them. */
    struct table staged;
    struct arena staged_arena;
    uint8_t *stages; /* owned; enum stage of each row of staged */
    uint32_t stage_cap;
    pthread_cond_t stage_done;
    struct pending pending;
};

/* "cas/ab/<hex>" with a NUL. */
void store_path(
    enum store_area area, const struct digest *digest, char ret_path[static STORE_PATH_MAX]);
/* "cas/ab" with a NUL. */
void store_fanout_path(enum store_area area, unsigned fanout, char ret_path[static STORE_PATH_MAX]);
/* diag_add_errno with what to do about a full disk. */
enum err store_diag_errno(
    const struct store *store, struct diags *diags, int error_number, const char *what);
/* A new, empty file of mode 0600 in this process's folder; its name there. */
enum err store_tmp_create(struct store *store, int *ret_dir_fd, int *ret_fd,
    char ret_name[static STORE_NAME_MAX], struct diags *diags);
/* A name that nothing in this process's folder has. */
void store_tmp_name(struct store *store, char ret_name[static STORE_NAME_MAX]);
/* Moves a whole, synced temporary file to its place; the temporary name is gone in any case.
 * replace: an older file there gives way; else it stays and ret_existed says so. */
enum err store_tmp_publish(struct store *store, int dir_fd, const char *name, enum store_area area,
    const struct digest *digest, bool replace, bool *ret_existed, struct diags *diags);
/* Moves the temporary folder or file `name` to the digest's place in area, making the fan-out
 * folder if needed: 0 or -1 with errno. */
int store_place(struct store *store, int dir_fd, const char *name, enum store_area area,
    const struct digest *digest, unsigned flags);
/* Removes what dead processes left in tmp/; counts it. */
enum err store_tmp_clean(struct store *store, uint64_t *ret_count, struct diags *diags);
/* Moves what is damaged out of the way and tells so: returns ERR_CORRUPT, or ERR_IO where it cannot
 * even be moved. what: "stored file", ... */
enum err store_damaged(struct store *store, enum store_area area, const struct digest *digest,
    const char *what, struct diags *diags);

/* Blob's file is whole (stat data, or hashed): ret_stat is of it. ERR_ABSENT, ERR_CORRUPT. */
enum err blob_check(struct store *store, enum store_area area, const struct digest *digest,
    struct stat *ret_stat, struct diags *diags);
/* Hashes it, whatever the index says. */
enum err blob_hash_check(struct store *store, enum store_area area, const struct digest *digest,
    struct stat *ret_stat, struct diags *diags);
/* The same for the executable twin, which is made if it is not there. */
enum err blob_executable_check(
    struct store *store, const struct digest *digest, struct stat *ret_stat, struct diags *diags);

/* Is `name` in dir_fd, with the stat data st, a whole link (or copy) of the blob? ERR_CORRUPT
 * without a diag if not. */
enum err blob_linked_check(struct store *store, enum store_area area, const struct digest *digest,
    int dir_fd, const char *name, const struct stat *st, struct diags *diags);

/* Is the blob there and whole? What was damaged is moved away: it is about to be written anew. */
enum err blob_present(struct store *store, enum store_area area, const struct digest *digest,
    struct stat *ret_stat, bool *ret_present, struct diags *diags);
/* 0 or -1 with errno. */
int blob_attributes_set(const struct store *store, int fd, enum store_area area);
/* A whole, synced temporary file becomes the blob; its temporary name is gone in any case. */
enum err blob_place(struct store *store, int dir_fd, int fd, const char *name, enum store_area area,
    const struct digest *digest, struct diags *diags);

void pending_init(struct pending *pending);
void pending_release(struct pending *pending);
bool pending_is_on(const struct store *store);
/* A whole temporary file with its mode and times waits for the next flush, or causes it. Its name
 * is gone on failure. fd stays the caller's. */
enum err pending_add(struct store *store, enum store_area area, const struct digest *digest,
    int dir_fd, int fd, const char *name, struct diags *diags);
/* Where it is, below the store's root, until it is in its place. */
bool pending_find(struct store *store, enum store_area area, const struct digest *digest,
    char ret_path[static STORE_PATH_MAX]);
void pending_drop(struct store *store, enum store_area area, const struct digest *digest);
/* The bytes of all these are on disk: 0, or -1 with errno. */
int store_files_sync(const struct store *store, const int *fds, size_t count);

/* Calls visit for each name of the area, in order of the hashes; size_bytes is 0. A folder is read
 * before the first of its names is visited, which may go then. */
enum err store_area_each(struct store *store, enum store_area area,
    enum err (*visit)(void *context, const struct digest *digest, struct diags *diags),
    void *context, struct diags *diags);
/* Has another process a folder under tmp/ and lives? */
bool store_tmp_shared(struct store *store);
/* A stored Directory message, in arena. ERR_ABSENT without a diag, ERR_CORRUPT, ERR_INVALID. */
enum err directory_get(struct store *store, const struct digest *digest, struct arena *arena,
    struct reapi_directory *ret_directory, struct diags *diags);

/* What was verified. A cache: every failure of it only means hashing again, so none is reported.
 * Opened when first asked. Called with the store's mutex held. */
struct index *index_new(const struct store *store);
void index_free(struct index *index);
bool index_has(
    struct index *index, enum store_area area, const struct digest *digest, const struct stat *st);
void index_add(
    struct index *index, enum store_area area, const struct digest *digest, const struct stat *st);
/* Writes what was added to disk. */
void index_flush(struct index *index);
#endif
