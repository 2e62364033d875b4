/* src/store/pending.c: files that wait together for the disk.
 *
 *   put, put, result, put ...   whole, under tmp/; this process sees them by their digests
 *   flush                       one wait for the disk, then rename each: blobs, then results
 *
 *   sets[current]     what is put now            \  while one is flushed, the other is filled, and
 *   sets[1 - current] what is being flushed      /  both are looked into
 *
 * So rules 1 and 2 of docs/format/store.md hold as they are: nothing has a name before its bytes
 * are on disk, no result before its blobs. A file leaves tmp/ at any moment: who finds none there
 * looks in its place. */
#include "base/file.h"
#include "store/private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    PENDING_MAX = 256, /* open files */
    PENDING_S_MAX = 2, /* what a kill loses is not older, if anything is put afterwards */
    KEY_BYTES = 1 + DIGEST_HASH_BYTES,
    SYNCFS_MIN = 16, /* files: a wait for each takes longer than one for the whole file system */
};

int store_files_sync(const struct store *store, const int *fds, size_t count)
{
    if (count >= SYNCFS_MIN) {
        return io_syncfs(store->io, store->root_fd);
    }
    for (size_t i = 0; i < count; i++) {
        if (io_fsync(store->io, fds[i]) != 0) {
            return -1;
        }
    }
    return 0;
}

void pending_init(struct pending *pending)
{
    *pending = (struct pending){0};
    (void)pthread_mutex_init(&pending->flush_mutex, NULL);
}

void pending_release(struct pending *pending)
{
    for (size_t i = 0; i < 2; i++) {
        table_release(&pending->sets[i].keys);
        arena_release(&pending->sets[i].arena);
        free(pending->sets[i].items);
    }
    (void)pthread_mutex_destroy(&pending->flush_mutex);
}

void store_defer(struct store *store)
{
    store->pending.pid = getpid();
}

bool pending_is_on(const struct store *store)
{
    return store->pending.pid != 0 && store->pending.pid == getpid();
}

static struct str key_make(
    enum store_area area, const struct digest *digest, char bytes[static KEY_BYTES])
{
    bytes[0] = (char)area;
    memcpy(bytes + 1, digest->hash, DIGEST_HASH_BYTES);
    return (struct str){.ptr = bytes, .len = KEY_BYTES};
}

/* NULL: none. With the store's mutex. */
static struct pending_item *item_find(
    const struct store *store, enum store_area area, const struct digest *digest)
{
    char bytes[KEY_BYTES];
    struct str key = key_make(area, digest, bytes);
    for (unsigned i = 0; i < 2; i++) {
        const struct pending_set *set = &store->pending.sets[i ^ store->pending.current];
        uint32_t row = table_get(&set->keys, key);
        if (row != TABLE_NONE && set->items[row].name[0] != '\0') {
            return &set->items[row];
        }
    }
    return NULL;
}

bool pending_find(struct store *store, enum store_area area, const struct digest *digest,
    char ret_path[static STORE_PATH_MAX])
{
    if (!pending_is_on(store)) {
        return false;
    }
    (void)pthread_mutex_lock(&store->mutex);
    const struct pending_item *item = item_find(store, area, digest);
    if (item != NULL) {
        (void)snprintf(ret_path, STORE_PATH_MAX, "%s/%s", store->tmp.name, item->name);
    }
    (void)pthread_mutex_unlock(&store->mutex);
    return item != NULL;
}

static void item_drop(const struct store *store, struct pending_item *item)
{
    if (item->name[0] != '\0') {
        (void)io_unlink(store->io, item->dir_fd, item->name, 0);
        fd_close(&item->fd);
        item->name[0] = '\0';
    }
}

void pending_drop(struct store *store, enum store_area area, const struct digest *digest)
{
    if (pending_is_on(store)) {
        (void)pthread_mutex_lock(&store->mutex);
        struct pending_item *item = item_find(store, area, digest);
        if (item != NULL) {
            item_drop(store, item);
        }
        (void)pthread_mutex_unlock(&store->mutex);
    }
}

/* With the store's mutex. A result takes the place of an older one. Of two same blobs the first
 * stays: somebody may be about to open it by its name. */
static void item_add(struct store *store, struct pending_item *item, const struct digest *key)
{
    struct pending_set *set = &store->pending.sets[store->pending.current];
    char bytes[KEY_BYTES];
    uint32_t row = table_add(&set->keys, &set->arena, key_make(item->area, key, bytes));
    if (row == set->count) {
        if (set->count == set->cap) {
            set->cap = set->cap == 0 ? 64 : 2 * set->cap;
            set->items = memory_realloc(set->items, set->cap * sizeof *set->items);
        }
        set->count++;
    } else if (item->area != AREA_ACTIONS && set->items[row].name[0] != '\0') {
        item_drop(store, item);
        return;
    } else {
        item_drop(store, &set->items[row]);
    }
    set->items[row] = *item;
}

enum err pending_add(struct store *store, enum store_area area, const struct digest *digest,
    int dir_fd, int fd, const char *name, struct diags *diags)
{
    struct pending_item item = {.area = area, .dir_fd = dir_fd, .digest = *digest};
    item.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (item.fd < 0) {
        int error_number = errno;
        (void)io_unlink(store->io, dir_fd, name, 0);
        return store_diag_errno(store, diags, error_number, "cannot keep a file open");
    }
    (void)snprintf(item.name, sizeof item.name, "%s", name);
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    (void)pthread_mutex_lock(&store->mutex);
    struct pending_set *set = &store->pending.sets[store->pending.current];
    set->first_s = set->count == 0 ? now.tv_sec : set->first_s;
    item_add(store, &item, digest);
    bool full = set->count >= PENDING_MAX || now.tv_sec - set->first_s > PENDING_S_MAX;
    (void)pthread_mutex_unlock(&store->mutex);
    return full ? store_flush(store, diags) : OK;
}

static enum err set_sync(
    const struct store *store, const struct pending_set *set, struct diags *diags)
{
    int fds[SYNCFS_MIN];
    size_t count = 0;
    for (size_t i = 0; i < set->count && count < SYNCFS_MIN; i++) {
        if (set->items[i].name[0] != '\0') {
            fds[count++] = set->items[i].fd;
        }
    }
    return store_files_sync(store, fds, count) == 0
               ? OK
               : store_diag_errno(store, diags, errno, "cannot write a file");
}

static enum err item_publish(struct store *store, struct pending_item *item, struct diags *diags)
{
    bool existed;
    enum err err = item->area == AREA_ACTIONS
                       ? store_tmp_publish(store, item->dir_fd, item->name, AREA_ACTIONS,
                             &item->digest, true, &existed, diags)
                       : blob_place(store, item->dir_fd, item->fd, item->name, item->area,
                             &item->digest, diags);
    fd_close(&item->fd); /* the temporary name is gone in any case */
    item->fd = -1;
    return err;
}

/* Results last, and only if every blob has its name. */
static enum err set_publish(struct store *store, struct pending_set *set, struct diags *diags)
{
    enum err err = set_sync(store, set, diags);
    for (unsigned pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < set->count && err == OK; i++) {
            struct pending_item *item = &set->items[i];
            bool last = item->area == AREA_ACTIONS;
            if (item->name[0] != '\0' && item->fd >= 0 && last == (pass == 1)) {
                err = item_publish(store, item, diags);
            }
        }
    }
    return err;
}

enum err store_flush(struct store *store, struct diags *diags)
{
    if (!pending_is_on(store)) {
        return OK;
    }
    struct pending *pending = &store->pending;
    (void)pthread_mutex_lock(&pending->flush_mutex);
    (void)pthread_mutex_lock(&store->mutex);
    struct pending_set *set = &pending->sets[pending->current];
    pending->current = 1 - pending->current; /* the other was emptied by the flush before */
    (void)pthread_mutex_unlock(&store->mutex);
    enum err err = OK;
    if (pending->failed) {
        err = diag_add(diags, ERR_IO, SPAN_NONE,
            "what was made could not be kept in the store at %s: see above", store->root);
    } else if (set->count > 0) {
        err = set_publish(store, set, diags);
    }
    pending->failed = err != OK;
    (void)pthread_mutex_lock(&store->mutex);
    for (size_t i = 0; i < set->count; i++) {
        if (set->items[i].fd >= 0) {
            item_drop(store, &set->items[i]); /* after an error: none of these was promised */
        }
    }
    table_release(&set->keys);
    arena_release(&set->arena);
    set->count = 0;
    (void)pthread_mutex_unlock(&store->mutex);
    (void)pthread_mutex_unlock(&pending->flush_mutex);
    return err;
}
