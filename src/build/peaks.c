/* src/build/peaks.c
 *
 * The file: entries of 24 bytes: the first 16 of a SHA-256, memory (u64, little-endian). */
#include "build/peaks.h"
#include "base/arena.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/table.h"
#include "digest/digest.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    NAME_BYTES = 16,
    ENTRY_BYTES = NAME_BYTES + 8,
};
struct peaks {
    pthread_mutex_t mutex;
    struct arena arena;
    const char *path;
    bool loaded;
    struct table names;
    uint64_t *bytes; /* owned; of each row of names */
    bool *changed;   /* owned; since the file was read */
    uint32_t cap;
    bool has_changes;
};

struct peaks *peaks_new(const char *path)
{
    struct peaks *peaks = memory_calloc(1, sizeof *peaks);
    peaks->path = arena_cstr(&peaks->arena, str_of(path));
    if (pthread_mutex_init(&peaks->mutex, NULL) != 0) {
        memory_exhausted();
    }
    return peaks;
}

void peaks_free(struct peaks *peaks)
{
    if (peaks != NULL) {
        table_release(&peaks->names);
        free(peaks->bytes);
        free(peaks->changed);
        (void)pthread_mutex_destroy(&peaks->mutex);
        arena_release(&peaks->arena);
        free(peaks);
    }
}

static void name_of(struct str text, char ret_name[static NAME_BYTES])
{
    struct digest digest = digest_of(text);
    memcpy(ret_name, digest.hash, NAME_BYTES);
}

static void entry_set(struct peaks *peaks, const char *name, uint64_t bytes, bool changed)
{
    struct str key = {.ptr = name, .len = NAME_BYTES};
    uint32_t row = table_add(&peaks->names, &peaks->arena, key);
    if (row >= peaks->cap) {
        peaks->cap = row == 0 ? 256 : row * 2;
        peaks->bytes = memory_realloc(peaks->bytes, peaks->cap * sizeof *peaks->bytes);
        peaks->changed = memory_realloc(peaks->changed, peaks->cap * sizeof *peaks->changed);
    }
    peaks->bytes[row] = bytes;
    peaks->changed[row] = changed;
    peaks->has_changes = peaks->has_changes || changed;
}

static void file_load(struct peaks *peaks)
{
    struct arena arena = {0};
    struct diags ignored;
    struct str file = {0};
    diags_init(&ignored, &arena, NULL);
    if (file_read(AT_FDCWD, peaks->path, PEAKS_BYTES_MAX, &arena, &file, &ignored) != OK) {
        file.len = 0; /* absent, or too large: begun anew */
    }
    for (size_t at = 0; at + ENTRY_BYTES <= file.len; at += ENTRY_BYTES) {
        uint64_t bytes;
        memcpy(&bytes, file.ptr + at + NAME_BYTES, sizeof bytes);
        entry_set(peaks, file.ptr + at, bytes, false);
    }
    peaks->loaded = true;
    arena_release(&arena);
}

/* 0: nothing is known. Under the lock. */
static uint64_t entry_get(struct peaks *peaks, struct str text)
{
    char name[NAME_BYTES];
    name_of(text, name);
    uint32_t row = table_get(&peaks->names, (struct str){.ptr = name, .len = sizeof name});
    return row == TABLE_NONE ? 0 : peaks->bytes[row];
}

static bool peaks_lock(struct peaks *peaks)
{
    if (pthread_mutex_lock(&peaks->mutex) != 0) {
        return false;
    }
    if (!peaks->loaded) {
        file_load(peaks);
    }
    return true;
}

uint64_t peaks_get(struct peaks *peaks, struct str action, struct str category)
{
    uint64_t bytes = 0;
    if (peaks_lock(peaks)) {
        bytes = entry_get(peaks, action);
        bytes = bytes == 0 ? entry_get(peaks, category) : bytes;
        (void)pthread_mutex_unlock(&peaks->mutex);
    }
    return bytes == 0 ? (uint64_t)PEAK_UNKNOWN_MIB << 20 : bytes;
}

uint64_t peaks_find(struct peaks *peaks, struct str name)
{
    uint64_t bytes = 0;
    if (peaks_lock(peaks)) {
        bytes = entry_get(peaks, name);
        (void)pthread_mutex_unlock(&peaks->mutex);
    }
    return bytes;
}

/* What differs by less than an eighth is not worth writing. */
static bool is_near(uint64_t a, uint64_t b)
{
    uint64_t low = a < b ? a : b, high = a < b ? b : a;
    return high - low <= high / 8;
}

void peaks_add(struct peaks *peaks, struct str action, struct str category, uint64_t bytes)
{
    char name[NAME_BYTES];
    if (bytes == 0 || !peaks_lock(peaks)) {
        return;
    }
    if (!is_near(entry_get(peaks, action), bytes)) {
        name_of(action, name);
        entry_set(peaks, name, bytes, true);
    }
    if (category.len > 0 && entry_get(peaks, category) < bytes) {
        name_of(category, name);
        entry_set(peaks, name, bytes, true);
    }
    (void)pthread_mutex_unlock(&peaks->mutex);
}

void peaks_save(struct peaks *peaks)
{
    if (!peaks->has_changes) {
        return;
    }
    AUTO_CLOSE int fd = open(peaks->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        return;
    }
    bool anew = st.st_size % ENTRY_BYTES != 0 || st.st_size > PEAKS_BYTES_MAX / 2;
    AUTO_BUF file = {0};
    for (uint32_t row = 0; row < peaks->names.len; row++) {
        if (anew || peaks->changed[row]) {
            buf_add(&file, peaks->names.keys[row]);
            buf_add(&file, (struct str){.ptr = (const char *)&peaks->bytes[row], .len = 8});
        }
        peaks->changed[row] = false;
    }
    if (file.len > PEAKS_BYTES_MAX || (anew && ftruncate(fd, 0) != 0)) {
        return;
    }
    (void)fd_write_all(fd, buf_str(&file));
    peaks->has_changes = false;
}
