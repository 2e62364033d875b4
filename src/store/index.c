/* src/store/index.c: what was verified, in LMDB.
 *
 *   pending   added since the last flush: table of keys -> records      (memory)
 *   index.mdb key: area (1 byte), hash (32 bytes) -> struct index_record (disk, mapped)
 *
 * LMDB syncs its pages in order (no MDB_NOSYNC), so that a crash leaves a valid file; the commit's
 * own meta page may be lost (MDB_NOMETASYNC): then some blobs are hashed again. One write
 * transaction for each flush. Whatever is wrong with the file, it is removed and begun anew. */
#include "store/private.h"
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    KEY_BYTES = 1 + DIGEST_HASH_BYTES,
    PENDING_MAX = 16384, /* then a flush */
};
/* Address space, not disk: some five million blobs. */
static const size_t map_bytes_max = (size_t)1 << 30;

struct index {
    char *path;      /* owned */
    MDB_env *env;    /* NULL until opened */
    MDB_txn *reader; /* reset between look-ups */
    MDB_dbi dbi;
    int pid;   /* whose env is; LMDB's are not for a forked child */
    bool dead; /* cannot be opened: the store works without it */
    struct arena arena;
    struct table pending;
    struct index_record *records; /* owned; one for each row of pending */
    size_t record_cap;
};

struct index *index_new(const struct store *store)
{
    struct index *index = memory_calloc(1, sizeof *index);
    size_t len = strlen(store->root) + sizeof "/index.mdb";
    index->path = memory_alloc(len);
    (void)snprintf(index->path, len, "%s/index.mdb", store->root);
    return index;
}

static void pending_clear(struct index *index)
{
    table_release(&index->pending);
    arena_release(&index->arena);
}

static void env_close(struct index *index)
{
    if (index->env != NULL) {
        if (index->reader != NULL) {
            mdb_txn_abort(index->reader);
        }
        mdb_env_close(index->env);
    }
    index->env = NULL;
    index->reader = NULL;
}

void index_free(struct index *index)
{
    if (index->pid == getpid()) {
        env_close(index);
    }
    pending_clear(index);
    free(index->records);
    free(index->path);
    free(index);
}

/* The file holds all pages that its meta page speaks of: a shorter one would be SIGBUS later. */
static bool env_is_whole(MDB_env *env, const char *path)
{
    MDB_envinfo info;
    MDB_stat stat_env;
    struct stat st;
    return mdb_env_info(env, &info) == 0 && mdb_env_stat(env, &stat_env) == 0 &&
           stat(path, &st) == 0 &&
           (uintmax_t)st.st_size / stat_env.ms_psize > (uintmax_t)info.me_last_pgno;
}

static int env_try(struct index *index)
{
    int error = mdb_env_create(&index->env);
    if (error != 0) {
        index->env = NULL;
        return error;
    }
    MDB_txn *txn = NULL;
    int dead_readers;
    error = mdb_env_set_mapsize(index->env, map_bytes_max);
    error = error != 0 ? error
                       : mdb_env_open(index->env, index->path,
                             MDB_NOSUBDIR | MDB_NOMETASYNC | MDB_NOTLS, 0600);
    if (error == 0 && !env_is_whole(index->env, index->path)) {
        /* A new file has no pages at all until its first transaction. */
        MDB_envinfo info;
        error = mdb_env_info(index->env, &info) == 0 && info.me_last_txnid == 0 ? 0 : MDB_CORRUPTED;
    }
    error = error != 0 ? error : mdb_reader_check(index->env, &dead_readers);
    error = error != 0 ? error : mdb_txn_begin(index->env, NULL, 0, &txn);
    if (error == 0) {
        error = mdb_dbi_open(txn, NULL, MDB_CREATE, &index->dbi);
        if (error == 0) {
            error = mdb_txn_commit(txn);
        } else {
            mdb_txn_abort(txn);
        }
    }
    if (error != 0) {
        env_close(index);
    }
    return error;
}

static void file_remove(const struct index *index)
{
    size_t len = strlen(index->path) + sizeof "-lock";
    char *lock = memory_alloc(len);
    (void)snprintf(lock, len, "%s-lock", index->path);
    (void)unlink(index->path);
    (void)unlink(lock);
    free(lock);
}

/* The environment of this process, or NULL. */
static MDB_env *env_get(struct index *index)
{
    if (index->pid != getpid()) { /* also the first time */
        index->env = NULL;        /* a parent's: its memory goes with this process */
        index->reader = NULL;
        index->dead = false;
        index->pid = getpid();
    }
    if (index->env == NULL && !index->dead) {
        int error = env_try(index);
        if (error == MDB_INVALID || error == MDB_CORRUPTED || error == MDB_VERSION_MISMATCH ||
            error == MDB_PAGE_NOTFOUND || error == MDB_PANIC) {
            file_remove(index);
            error = env_try(index);
        }
        index->dead = error != 0;
    }
    return index->env;
}

static void key_make(
    enum store_area area, const struct digest *digest, char ret_key[static KEY_BYTES])
{
    ret_key[0] = (char)area;
    memcpy(ret_key + 1, digest->hash, DIGEST_HASH_BYTES);
}

static struct index_record record_of(const struct stat *st)
{
    return (struct index_record){
        .size_bytes = (uint64_t)st->st_size,
        .inode = (uint64_t)st->st_ino,
        .mtime_s = st->st_mtim.tv_sec,
        .mtime_ns = st->st_mtim.tv_nsec,
        .ctime_s = st->st_ctim.tv_sec,
        .ctime_ns = st->st_ctim.tv_nsec,
    };
}

bool index_has(
    struct index *index, enum store_area area, const struct digest *digest, const struct stat *st)
{
    char key[KEY_BYTES];
    key_make(area, digest, key);
    struct index_record want = record_of(st);
    uint32_t row = table_get(&index->pending, (struct str){.ptr = key, .len = KEY_BYTES});
    if (row != TABLE_NONE) {
        return memcmp(&index->records[row], &want, sizeof want) == 0;
    }
    if (env_get(index) == NULL) {
        return false;
    }
    int error = index->reader == NULL ? mdb_txn_begin(index->env, NULL, MDB_RDONLY, &index->reader)
                                      : mdb_txn_renew(index->reader);
    if (error != 0) {
        return false;
    }
    MDB_val mdb_key = {.mv_size = KEY_BYTES, .mv_data = key};
    MDB_val value;
    bool has = mdb_get(index->reader, index->dbi, &mdb_key, &value) == 0 &&
               value.mv_size == sizeof want && memcmp(value.mv_data, &want, sizeof want) == 0;
    mdb_txn_reset(index->reader);
    return has;
}

void index_add(
    struct index *index, enum store_area area, const struct digest *digest, const struct stat *st)
{
    if (index->pending.len >= PENDING_MAX) {
        index_flush(index);
    }
    char key[KEY_BYTES];
    key_make(area, digest, key);
    uint32_t row =
        table_add(&index->pending, &index->arena, (struct str){.ptr = key, .len = KEY_BYTES});
    if (row >= index->record_cap) {
        index->record_cap = index->record_cap == 0 ? 64 : 2 * index->record_cap;
        index->records =
            memory_realloc(index->records, index->record_cap * sizeof index->records[0]);
    }
    index->records[row] = record_of(st);
}

static int pending_write(struct index *index)
{
    MDB_txn *txn;
    int error = mdb_txn_begin(index->env, NULL, 0, &txn);
    if (error != 0) {
        return error;
    }
    for (uint32_t row = 0; row < index->pending.len && error == 0; row++) {
        char key[KEY_BYTES];
        memcpy(key, index->pending.keys[row].ptr, KEY_BYTES);
        MDB_val mdb_key = {.mv_size = KEY_BYTES, .mv_data = key};
        MDB_val value = {.mv_size = sizeof index->records[row], .mv_data = &index->records[row]};
        error = mdb_put(txn, index->dbi, &mdb_key, &value, 0);
    }
    if (error == MDB_MAP_FULL) {
        /* Full of blobs that are long gone, maybe: begin anew. */
        mdb_txn_abort(txn);
        error = mdb_txn_begin(index->env, NULL, 0, &txn);
        if (error != 0) {
            return error;
        }
        error = mdb_drop(txn, index->dbi, 0);
    }
    if (error != 0) {
        mdb_txn_abort(txn);
        return error;
    }
    return mdb_txn_commit(txn);
}

void index_flush(struct index *index)
{
    if (index->pending.len > 0 && env_get(index) != NULL) {
        if (pending_write(index) != 0) {
            index->dead = true; /* a full disk, say: no more tries in this process */
            env_close(index);
        }
    }
    pending_clear(index);
}
