/* src/build/memory.c */
#include "build/memory.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>

struct memory {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint64_t budget_bytes, taken_bytes;
    uint64_t running;
    struct memory_turn *first; /* who waits, in order of arrival */
};

struct memory *memory_new(uint64_t budget_bytes)
{
    struct memory *memory = memory_calloc(1, sizeof *memory);
    memory->budget_bytes = budget_bytes;
    if (pthread_mutex_init(&memory->mutex, NULL) != 0 ||
        pthread_cond_init(&memory->changed, NULL) != 0) {
        memory_exhausted();
    }
    return memory;
}

void memory_free(struct memory *memory)
{
    if (memory != NULL) {
        (void)pthread_mutex_destroy(&memory->mutex);
        (void)pthread_cond_destroy(&memory->changed);
        free(memory);
    }
}

/* Under the lock. */
static bool fits(const struct memory *memory, const struct memory_turn *turn)
{
    for (const struct memory_turn *other = memory->first; other != NULL && other != turn;
         other = other->next) {
        if (other->passed >= MEMORY_PASSES_MAX || memory->running == 0) {
            return false; /* it is the other's turn */
        }
    }
    return memory->running == 0 || (memory->taken_bytes <= memory->budget_bytes &&
                                       turn->bytes <= memory->budget_bytes - memory->taken_bytes);
}

static void take(struct memory *memory, const struct memory_turn *turn)
{
    for (struct memory_turn *other = memory->first; other != NULL && other != turn;
         other = other->next) {
        other->passed++;
    }
    memory->running++;
    memory->taken_bytes = turn->bytes > UINT64_MAX - memory->taken_bytes
                              ? UINT64_MAX
                              : memory->taken_bytes + turn->bytes;
}

bool memory_try(struct memory *memory, struct memory_turn *turn)
{
    (void)pthread_mutex_lock(&memory->mutex);
    bool taken = fits(memory, turn);
    if (taken) {
        take(memory, turn);
    }
    (void)pthread_mutex_unlock(&memory->mutex);
    return taken;
}

bool memory_wait(
    struct memory *memory, struct memory_turn *turn, bool (*gives_up)(void *context), void *context)
{
    (void)pthread_mutex_lock(&memory->mutex);
    struct memory_turn **last = &memory->first;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    turn->next = NULL;
    *last = turn;
    bool taken = false, given_up = false;
    while (!taken && !given_up) {
        given_up = gives_up(context);
        taken = !given_up && fits(memory, turn);
        if (!taken && !given_up) {
            (void)pthread_cond_wait(&memory->changed, &memory->mutex);
        }
    }
    if (taken) {
        take(memory, turn);
    }
    struct memory_turn **at = &memory->first;
    while (*at != NULL && *at != turn) {
        at = &(*at)->next;
    }
    *at = turn->next;
    (void)pthread_cond_broadcast(&memory->changed); /* another may be the first now */
    (void)pthread_mutex_unlock(&memory->mutex);
    return taken;
}

void memory_leave(struct memory *memory, const struct memory_turn *turn)
{
    (void)pthread_mutex_lock(&memory->mutex);
    memory->running--;
    memory->taken_bytes -= turn->bytes < memory->taken_bytes ? turn->bytes : memory->taken_bytes;
    (void)pthread_cond_broadcast(&memory->changed);
    (void)pthread_mutex_unlock(&memory->mutex);
}

void memory_wake(struct memory *memory)
{
    (void)pthread_mutex_lock(&memory->mutex);
    (void)pthread_cond_broadcast(&memory->changed);
    (void)pthread_mutex_unlock(&memory->mutex);
}

/* What is free. Files of the kernel have no size, and are small. */

enum {
    KERNEL_FILE_BYTES_MAX = 64 * 1024,
    CGROUP_DEPTH_MAX = 64,
};

static struct str kernel_file(struct arena *arena, const char *path)
{
    char *ptr = arena_alloc(arena, KERNEL_FILE_BYTES_MAX);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : fd_read_full(fd, ptr, KERNEL_FILE_BYTES_MAX);
    return (struct str){.ptr = ptr, .len = len < 0 ? 0 : (size_t)len};
}

/* The decimal number at the beginning, behind spaces; false if there is none ("max"). */
static bool number_read(struct str text, uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t i = 0;
    while (i < text.len && text.ptr[i] == ' ') {
        i++;
    }
    size_t begin = i;
    for (; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++) {
        uint64_t digit = (uint64_t)(text.ptr[i] - '0');
        number = number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : number * 10 + digit;
    }
    *ret_number = number;
    return i > begin;
}

/* The number behind a name at the beginning of a line: "MemAvailable:", "inactive_file ". */
static bool field_read(struct str text, struct str name, uint64_t *ret_number)
{
    struct str line;
    while (line_next(&text, &line)) {
        if (str_starts(line, name)) {
            return number_read(str_sub(line, name.len, line.len), ret_number);
        }
    }
    return false;
}

/* The names of one version's files. */
struct cgroup_files {
    const char *limit, *usage, *inactive;
};

static uint64_t cgroup_left(
    struct arena *arena, const char *folder, const struct cgroup_files *files)
{
    uint64_t limit, usage = 0, inactive = 0;
    if (!number_read(
            kernel_file(arena, arena_printf(arena, "%s/%s", folder, files->limit).ptr), &limit)) {
        return UINT64_MAX;
    }
    struct str usage_text =
        kernel_file(arena, arena_printf(arena, "%s/%s", folder, files->usage).ptr);
    (void)number_read(usage_text, &usage);
    struct str stat = kernel_file(arena, arena_printf(arena, "%s/memory.stat", folder).ptr);
    (void)field_read(stat, str_of(files->inactive), &inactive);
    usage -= inactive < usage ? inactive : usage;
    return limit > usage ? limit - usage : 0;
}

/* The least that this cgroup and those above it have left. */
static uint64_t cgroups_left(
    struct arena *arena, struct str mount, struct str path, const struct cgroup_files *files)
{
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < CGROUP_DEPTH_MAX; i++) {
        struct str folder = arena_printf(arena, "%.*s%.*s", STR_ARG(mount), STR_ARG(path));
        uint64_t left = cgroup_left(arena, folder.ptr, files);
        least = left < least ? left : least;
        size_t slash = str_find_last(path, '/');
        if (path.len == 0 || slash == path.len) {
            break;
        }
        path = str_sub(path, 0, slash);
    }
    return least;
}

/* /proc/self/cgroup: "0::/a/b" of version 2, "4:memory:/a/b" of version 1. */
static uint64_t cgroup_line_left(struct arena *arena, const char *root, struct str line)
{
    static const struct cgroup_files v1 = {
        "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "};
    static const struct cgroup_files v2 = {"memory.max", "memory.current", "inactive_file "};
    size_t first = str_find(line, ':');
    struct str rest = str_sub(line, first < line.len ? first + 1 : first, line.len);
    size_t second = str_find(rest, ':');
    struct str names = str_sub(rest, 0, second);
    struct str path = str_sub(rest, second < rest.len ? second + 1 : second, rest.len);
    path = str_eq(path, STR("/")) ? STR("") : path;
    if (str_starts(line, STR("0::"))) {
        return cgroups_left(arena, arena_printf(arena, "%s/sys/fs/cgroup", root), path, &v2);
    }
    if (!str_eq(names, STR("memory"))) {
        return UINT64_MAX;
    }
    return cgroups_left(arena, arena_printf(arena, "%s/sys/fs/cgroup/memory", root), path, &v1);
}

uint64_t memory_free_bytes_at(const char *root)
{
    struct arena arena = {0};
    uint64_t kib = 0, least = UINT64_MAX;
    struct str meminfo = kernel_file(&arena, arena_printf(&arena, "%s/proc/meminfo", root).ptr);
    if (field_read(meminfo, STR("MemAvailable:"), &kib) && kib < UINT64_MAX / 1024) {
        least = kib * 1024;
    }
    struct str cgroups = kernel_file(&arena, arena_printf(&arena, "%s/proc/self/cgroup", root).ptr);
    struct str line;
    while (line_next(&cgroups, &line)) {
        uint64_t left = cgroup_line_left(&arena, root, line);
        least = left < least ? left : least;
    }
    arena_release(&arena);
    return least;
}

uint64_t memory_free_bytes(void)
{
    return memory_free_bytes_at("");
}
