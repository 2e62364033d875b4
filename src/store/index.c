/* src/store/index.c: what was verified, in one file of fixed places.
 *
 *   index   16,384 buckets of 4 KiB, by the first 14 bits of the hash; sparse: an empty one costs
 *           no disk
 *   bucket  42 slots of 96 bytes; the last 64 bytes are not used
 *   slot    hash, area + 1 (0: empty), size, inode, mtime, ctime, checksum of all that
 *   pending added since the last flush: table of keys -> records          (memory)
 *
 * Read and written in place, by pread and pwrite. There is no lock and no order of writes: a slot
 * that was torn, damaged, or written by two at once fails its checksum and is as good as empty, and
 * what is lost is hashed again. A full bucket loses one of its slots. No state of the file can make
 * an altered blob pass: a record must have its hash, its checksum, and the stat data of the file
 * that is there. */
#include "base/file.h"
#include "digest/sha256.h"
#include "store/private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    KEY_BYTES = 1 + DIGEST_HASH_BYTES,
    PENDING_MAX = 16384, /* then a flush */
    BUCKET_BYTES = 4096,
    CHECKSUM_BYTES = 8,
};
/* Of this machine's byte order; no padding. */
struct slot {
    uint8_t hash[DIGEST_HASH_BYTES];
    uint64_t area; /* plus one */
    struct index_record record;
    uint8_t checksum[CHECKSUM_BYTES];
};
enum {
    SLOT_COUNT = BUCKET_BYTES / sizeof(struct slot),
};
_Static_assert(sizeof(struct slot) == 96, "a slot has no padding");

struct index {
    const struct store *store; /* borrowed */
    int fd;                    /* -1 until opened; a forked child may use its parent's */
    bool is_writable;
    bool dead; /* cannot be opened or written: the store works without it */
    struct arena arena;
    struct table pending;
    struct index_record *records; /* owned; one for each row of pending */
    size_t record_cap;
};

struct index *index_new(const struct store *store)
{
    struct index *index = memory_calloc(1, sizeof *index);
    index->store = store;
    index->fd = -1;
    return index;
}

static void pending_clear(struct index *index)
{
    table_release(&index->pending);
    arena_release(&index->arena);
}

void index_free(struct index *index)
{
    fd_close(&index->fd);
    pending_clear(index);
    free(index->records);
    free(index);
}

/* A store of before had another index: it goes when this one is made. */
static int file_make(const struct index *index, int flags)
{
    int fd = openat(index->store->root_fd, "index", flags | O_RDWR | O_CREAT, 0600);
    if (fd >= 0) {
        (void)unlinkat(index->store->root_fd, "index.mdb", 0);
        (void)unlinkat(index->store->root_fd, "index.mdb-lock", 0);
    }
    return fd;
}

static bool index_open(struct index *index)
{
    static const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    if (index->fd >= 0 || index->dead) {
        return index->fd >= 0 && !index->dead;
    }
    struct stat st;
    index->is_writable = true;
    index->fd = openat(index->store->root_fd, "index", flags | O_RDWR);
    if (index->fd < 0 && errno == ENOENT) {
        index->fd = file_make(index, flags);
    } else if (index->fd < 0) {
        index->is_writable = false;
        index->fd = openat(index->store->root_fd, "index", flags | O_RDONLY);
    }
    index->dead = index->fd < 0 || fstat(index->fd, &st) != 0 || !S_ISREG(st.st_mode);
    return !index->dead;
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

static void slot_checksum(const struct slot *slot, uint8_t ret_checksum[static CHECKSUM_BYTES])
{
    uint8_t hash[DIGEST_HASH_BYTES];
    struct sha256 sha;
    sha256_init(&sha);
    sha256_add(
        &sha, (struct str){.ptr = (const char *)slot, .len = offsetof(struct slot, checksum)});
    sha256_final(&sha, hash);
    memcpy(ret_checksum, hash, CHECKSUM_BYTES);
}

static bool slot_is(const struct slot *slot, enum store_area area, const uint8_t *hash)
{
    return slot->area == (uint64_t)area + 1 && memcmp(slot->hash, hash, DIGEST_HASH_BYTES) == 0;
}

static off_t bucket_offset(const uint8_t *hash)
{
    return (off_t)((unsigned)hash[0] << 6 | (unsigned)hash[1] >> 2) * BUCKET_BYTES;
}

/* What the file does not have is empty. */
static bool bucket_read(
    const struct index *index, const uint8_t *hash, struct slot ret_slots[static SLOT_COUNT])
{
    ssize_t len = pread(index->fd, ret_slots, SLOT_COUNT * sizeof *ret_slots, bucket_offset(hash));
    if (len >= 0) {
        memset((char *)ret_slots + len, 0, SLOT_COUNT * sizeof *ret_slots - (size_t)len);
    }
    return len >= 0;
}

bool index_has(
    struct index *index, enum store_area area, const struct digest *digest, const struct stat *st)
{
    char key[KEY_BYTES];
    key[0] = (char)area;
    memcpy(key + 1, digest->hash, DIGEST_HASH_BYTES);
    struct index_record want = record_of(st);
    uint32_t row = table_get(&index->pending, (struct str){.ptr = key, .len = KEY_BYTES});
    if (row != TABLE_NONE) {
        return memcmp(&index->records[row], &want, sizeof want) == 0;
    }
    struct slot slots[SLOT_COUNT];
    if (!index_open(index) || !bucket_read(index, digest->hash, slots)) {
        return false;
    }
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        uint8_t checksum[CHECKSUM_BYTES];
        if (!slot_is(&slots[i], area, digest->hash) ||
            memcmp(&slots[i].record, &want, sizeof want) != 0) {
            continue;
        }
        slot_checksum(&slots[i], checksum);
        if (memcmp(slots[i].checksum, checksum, CHECKSUM_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

void index_add(
    struct index *index, enum store_area area, const struct digest *digest, const struct stat *st)
{
    if (index->pending.len >= PENDING_MAX) {
        index_flush(index);
    }
    char key[KEY_BYTES];
    key[0] = (char)area;
    memcpy(key + 1, digest->hash, DIGEST_HASH_BYTES);
    uint32_t row =
        table_add(&index->pending, &index->arena, (struct str){.ptr = key, .len = KEY_BYTES});
    if (row >= index->record_cap) {
        index->record_cap = index->record_cap == 0 ? 64 : 2 * index->record_cap;
        index->records =
            memory_realloc(index->records, index->record_cap * sizeof index->records[0]);
    }
    index->records[row] = record_of(st);
}

/* The slot of the same key, else an empty one, else one that chance takes. */
static size_t slot_choose(
    const struct slot slots[static SLOT_COUNT], enum store_area area, const uint8_t *hash)
{
    size_t chosen = SLOT_COUNT;
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        if (slot_is(&slots[i], area, hash)) {
            return i;
        }
        bool empty = slots[i].area == 0 || slots[i].area > AREA_COUNT;
        chosen = empty && chosen == SLOT_COUNT ? i : chosen;
    }
    return chosen < SLOT_COUNT ? chosen : hash[DIGEST_HASH_BYTES - 1] % SLOT_COUNT;
}

static bool record_write(
    const struct index *index, struct str key, const struct index_record *record)
{
    struct slot slots[SLOT_COUNT];
    enum store_area area = (enum store_area)key.ptr[0];
    struct slot slot = {.area = (uint64_t)area + 1, .record = *record};
    memcpy(slot.hash, key.ptr + 1, DIGEST_HASH_BYTES);
    slot_checksum(&slot, slot.checksum);
    if (!bucket_read(index, slot.hash, slots)) {
        return false;
    }
    size_t i = slot_choose(slots, area, slot.hash);
    off_t offset = bucket_offset(slot.hash) + (off_t)(i * sizeof slot);
    return pwrite(index->fd, &slot, sizeof slot, offset) == (ssize_t)sizeof slot;
}

void index_flush(struct index *index)
{
    bool good = index->pending.len > 0 && index_open(index) && index->is_writable;
    for (uint32_t row = 0; row < index->pending.len && good; row++) {
        good = record_write(index, index->pending.keys[row], &index->records[row]);
        index->is_writable = good; /* a full disk, say: no more tries in this process */
    }
    pending_clear(index);
}
