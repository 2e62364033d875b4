/* src/build/recall.c
 *
 * The file: entries of 72 bytes: names, read, hash and size (u64, little-endian) of the key. One
 * that is torn at the end is passed over, and what is appended begins at a whole one again. */
#include "build/recall.h"
#include "base/file.h"
#include "base/table.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ENTRY_BYTES = 2 * RECALL_HASH_BYTES + DIGEST_HASH_BYTES + 8,
};
struct recall {
    pthread_mutex_t mutex;
    struct arena arena;
    const char *path;
    bool loaded;
    struct table names; /* -> row of newest */
    uint32_t *newest;   /* owned: entry + 1 */
    uint32_t newest_cap;
    struct recall_entry *entries; /* owned */
    uint32_t *older;              /* owned: entry + 1 of the same names, or 0 */
    uint32_t count, cap, saved_count;
};

struct recall *recall_new(const char *path)
{
    struct recall *recall = memory_calloc(1, sizeof *recall);
    recall->path = arena_cstr(&recall->arena, str_of(path));
    if (pthread_mutex_init(&recall->mutex, NULL) != 0) {
        memory_exhausted();
    }
    return recall;
}

void recall_free(struct recall *recall)
{
    table_release(&recall->names);
    free(recall->newest);
    free(recall->entries);
    free(recall->older);
    (void)pthread_mutex_destroy(&recall->mutex);
    arena_release(&recall->arena);
    free(recall);
}

static void entry_add(struct recall *recall, const struct recall_entry *entry)
{
    if (recall->count == recall->cap) {
        recall->cap = recall->cap == 0 ? 256 : recall->cap * 2;
        recall->entries = memory_realloc(recall->entries, recall->cap * sizeof *recall->entries);
        recall->older = memory_realloc(recall->older, recall->cap * sizeof *recall->older);
    }
    struct str key = {.ptr = (const char *)entry->names, .len = RECALL_HASH_BYTES};
    uint32_t before = recall->names.len;
    uint32_t row = table_add(&recall->names, &recall->arena, key);
    if (row >= recall->newest_cap) {
        recall->newest_cap = row == 0 ? 256 : row * 2;
        recall->newest =
            memory_realloc(recall->newest, recall->newest_cap * sizeof *recall->newest);
    }
    recall->entries[recall->count] = *entry;
    recall->older[recall->count] = row < before ? recall->newest[row] : 0;
    recall->newest[row] = ++recall->count;
}

static void file_load(struct recall *recall)
{
    struct arena arena = {0};
    struct diags ignored;
    diags_init(&ignored, &arena, NULL);
    struct str bytes = {0};
    if (file_read(AT_FDCWD, recall->path, RECALL_BYTES_MAX, &arena, &bytes, &ignored) != OK) {
        bytes.len = 0; /* absent, or too large: begun anew */
    }
    for (size_t at = 0; at + ENTRY_BYTES <= bytes.len; at += ENTRY_BYTES) {
        struct recall_entry entry;
        const char *from = bytes.ptr + at;
        memcpy(entry.names, from, RECALL_HASH_BYTES);
        memcpy(entry.read, from + RECALL_HASH_BYTES, RECALL_HASH_BYTES);
        from += sizeof entry.names + sizeof entry.read;
        memcpy(entry.key.hash, from, DIGEST_HASH_BYTES);
        memcpy(&entry.key.size_bytes, from + DIGEST_HASH_BYTES, 8);
        entry_add(recall, &entry);
    }
    recall->saved_count = recall->count;
    recall->loaded = true;
    arena_release(&arena);
}

/* With what the file has. */
static bool recall_lock(struct recall *recall)
{
    if (pthread_mutex_lock(&recall->mutex) != 0) {
        return false;
    }
    if (!recall->loaded) {
        file_load(recall);
    }
    return true;
}

static size_t entries_find(
    const struct recall *recall, const uint8_t *names, struct recall_entry *ret_entries)
{
    struct str key = {.ptr = (const char *)names, .len = RECALL_HASH_BYTES};
    uint32_t row = table_get(&recall->names, key);
    uint32_t next = row == TABLE_NONE ? 0 : recall->newest[row];
    size_t count = 0;
    for (; next != 0 && count < RECALL_MAX; next = recall->older[next - 1]) {
        ret_entries[count++] = recall->entries[next - 1];
    }
    return count;
}

size_t recall_get(struct recall *recall, const uint8_t names[static RECALL_HASH_BYTES],
    struct recall_entry *ret_entries)
{
    size_t count = 0;
    if (recall_lock(recall)) {
        count = entries_find(recall, names, ret_entries);
        (void)pthread_mutex_unlock(&recall->mutex);
    }
    return count;
}

void recall_add(struct recall *recall, const struct recall_entry *entry, bool ran)
{
    struct recall_entry known[RECALL_MAX];
    if (!recall_lock(recall)) {
        return;
    }
    size_t count = entries_find(recall, entry->names, known);
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        found = found || (memcmp(known[i].read, entry->read, sizeof entry->read) == 0 &&
                             (!ran || digest_eq(&known[i].key, &entry->key)));
    }
    if (!found) {
        entry_add(recall, entry);
    }
    (void)pthread_mutex_unlock(&recall->mutex);
}

void recall_save(struct recall *recall)
{
    if (!recall->loaded || recall->saved_count == recall->count) {
        return;
    }
    AUTO_BUF bytes = {0};
    for (uint32_t i = recall->saved_count; i < recall->count; i++) {
        const struct recall_entry *entry = &recall->entries[i];
        char *to = buf_reserve(&bytes, ENTRY_BYTES);
        memcpy(to, entry->names, RECALL_HASH_BYTES);
        memcpy(to + RECALL_HASH_BYTES, entry->read, RECALL_HASH_BYTES);
        to += sizeof entry->names + sizeof entry->read;
        memcpy(to, entry->key.hash, DIGEST_HASH_BYTES);
        memcpy(to + DIGEST_HASH_BYTES, &entry->key.size_bytes, 8);
        bytes.len += ENTRY_BYTES;
    }
    AUTO_CLOSE int fd = open(recall->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        return;
    }
    if ((size_t)st.st_size + bytes.len > RECALL_BYTES_MAX || st.st_size % ENTRY_BYTES != 0) {
        off_t keep = (size_t)st.st_size + bytes.len > RECALL_BYTES_MAX
                         ? 0
                         : st.st_size - st.st_size % ENTRY_BYTES;
        if (ftruncate(fd, keep) != 0) {
            return;
        }
    }
    if (fd_write_all(fd, buf_str(&bytes)) == OK) {
        recall->saved_count = recall->count;
    }
}
