/* src/store/batch.c: many blobs at once.
 *
 *   put, put, put ...  written under tmp/, mode and times set, not synced
 *   flush              one wait for the disk, then rename each
 *
 * A tree of 1,700 files costs some 14 waits for the disk and not 1,700. */
#include "base/file.h"
#include "store/private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    BATCH_MAX = 128,                   /* open files */
    BATCH_BYTES_MAX = 4 * 1024 * 1024, /* larger files go by themselves */
};
struct batch_item {
    int dir_fd, fd; /* fd: owned, -1 when done */
    char name[STORE_NAME_MAX];
    struct digest digest;
};
struct store_batch {
    struct store *store;
    struct batch_item items[BATCH_MAX];
    size_t count;
};

struct store_batch *store_batch_new(struct store *store)
{
    struct store_batch *batch = memory_calloc(1, sizeof *batch);
    batch->store = store;
    return batch;
}

static void item_drop(struct store_batch *batch, struct batch_item *item)
{
    (void)io_unlink(batch->store->io, item->dir_fd, item->name, 0);
    fd_close(&item->fd);
    item->fd = -1;
}

static void batch_drop(struct store_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->items[i].fd >= 0) {
            item_drop(batch, &batch->items[i]);
        }
    }
    batch->count = 0;
}

static enum err batch_flush(struct store_batch *batch, struct diags *diags)
{
    struct store *store = batch->store;
    enum err err = OK;
    int fds[BATCH_MAX];
    for (size_t i = 0; i < batch->count; i++) {
        fds[i] = batch->items[i].fd;
    }
    if (store_files_sync(store, fds, batch->count) != 0) {
        err = store_diag_errno(store, diags, errno, "cannot write a file");
    }
    for (size_t i = 0; i < batch->count && err == OK; i++) {
        struct batch_item *item = &batch->items[i];
        err = blob_place(store, item->dir_fd, item->fd, item->name, AREA_CAS, &item->digest, diags);
        fd_close(&item->fd);
        item->fd = -1; /* its temporary name is gone in any case */
    }
    batch_drop(batch);
    return err;
}

enum err store_batch_put(
    struct store_batch *batch, struct str bytes, struct digest *ret_digest, struct diags *diags)
{
    struct store *store = batch->store;
    if (pending_is_on(store)) {
        return store_put(store, bytes, ret_digest, diags); /* waits with the others */
    }
    struct batch_item item = {.fd = -1, .digest = digest_of(bytes)};
    struct stat st;
    bool present;
    enum err err = blob_present(store, AREA_CAS, &item.digest, &st, &present, diags);
    if (err != OK || present) {
        *ret_digest = item.digest;
        return err;
    }
    if (batch->count == BATCH_MAX) {
        err = batch_flush(batch, diags);
    }
    err = err != OK ? err : store_tmp_create(store, &item.dir_fd, &item.fd, item.name, diags);
    if (err != OK) {
        return err;
    }
    if (io_write_all(store->io, item.fd, bytes.ptr, bytes.len) != 0 ||
        blob_attributes_set(store, item.fd, AREA_CAS) != 0) {
        err = store_diag_errno(store, diags, errno, "cannot write a file");
        item_drop(batch, &item);
        return err;
    }
    *ret_digest = item.digest;
    batch->items[batch->count++] = item;
    return OK;
}

enum err store_batch_put_fd(
    struct store_batch *batch, int fd, struct digest *ret_digest, struct diags *diags)
{
    struct stat st;
    if (io_stat(batch->store->io, fd, "", &st, AT_EMPTY_PATH) != 0) {
        return diag_add_errno(diags, errno, "cannot stat what is to be stored");
    }
    if (!S_ISREG(st.st_mode) || st.st_size > BATCH_BYTES_MAX) {
        return store_put_fd(batch->store, fd, ret_digest, diags);
    }
    size_t cap = (size_t)st.st_size + 1; /* one more, to see the end */
    char *bytes = memory_alloc(cap);
    ssize_t len = io_read_full(batch->store->io, fd, bytes, cap);
    enum err err;
    if (len < 0) {
        err = diag_add_errno(diags, errno, "cannot read what is to be stored");
    } else if ((size_t)len == cap) {
        err = diag_add(diags, ERR_INVALID, SPAN_NONE, "a file grew while it was being read");
    } else {
        struct str whole = {.ptr = bytes, .len = (size_t)len};
        err = store_batch_put(batch, whole, ret_digest, diags);
    }
    free(bytes);
    return err;
}

enum err store_batch_finish(struct store_batch *batch, enum err err, struct diags *diags)
{
    if (batch != NULL) {
        err = err != OK ? err : batch_flush(batch, diags);
        batch_drop(batch);
        free(batch);
    }
    return err;
}
