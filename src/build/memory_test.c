/* src/build/memory_test.c: turns, what is free, what actions took. */
#include "base/arena.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/test.h"
#include "build/memory.h"
#include "build/peaks.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void turns(void)
{
    struct memory *memory = memory_new(100);
    struct memory_turn a = {.bytes = 60}, b = {.bytes = 50}, c = {.bytes = 40}, d = {.bytes = 1};
    CHECK(memory_try(memory, &a));
    CHECK(!memory_try(memory, &b));
    CHECK(memory_try(memory, &c));
    CHECK(!memory_try(memory, &d));
    memory_leave(memory, &a);
    CHECK(memory_try(memory, &b));
    memory_leave(memory, &b);
    memory_leave(memory, &c);
    memory_free(memory);
}

static void alone(void)
{
    struct memory *memory = memory_new(100);
    struct memory_turn huge = {.bytes = UINT64_MAX}, small = {.bytes = 1}, none = {.bytes = 0};
    CHECK(memory_try(memory, &huge));
    CHECK(!memory_try(memory, &small));
    CHECK(!memory_try(memory, &none));
    memory_leave(memory, &huge);
    CHECK(memory_try(memory, &small));
    CHECK(!memory_try(memory, &huge));
    memory_leave(memory, &small);
    memory_free(memory);
}

/* One that waits in a thread of its own. */
struct waiting {
    struct memory *memory;
    struct memory_turn turn;
    pthread_t thread;
    atomic_uint asked; /* how often: it waits as soon as it was */
    atomic_bool gives_up;
    bool entered;
};

static bool gives_up(void *context)
{
    struct waiting *waiting = context;
    bool value = atomic_load(&waiting->gives_up);
    (void)atomic_fetch_add(&waiting->asked, 1);
    return value;
}

static void *waiting_main(void *argument)
{
    struct waiting *waiting = argument;
    waiting->entered = memory_wait(waiting->memory, &waiting->turn, gives_up, waiting);
    return NULL;
}

static void waiting_start(struct waiting *waiting)
{
    CHECK(pthread_create(&waiting->thread, NULL, waiting_main, waiting) == 0);
    while (atomic_load(&waiting->asked) == 0) {
        (void)usleep(1000);
    }
}

static void patience(void)
{
    struct waiting large = {.memory = memory_new(100), .turn = {.bytes = 100}};
    struct memory_turn first = {.bytes = 10}, small = {.bytes = 10};
    CHECK(memory_try(large.memory, &first));
    waiting_start(&large);
    for (unsigned i = 0; i < MEMORY_PASSES_MAX; i++) { /* it is passed so often, and no more */
        CHECK(memory_try(large.memory, &small));
        memory_leave(large.memory, &small);
    }
    CHECK(!memory_try(large.memory, &small));
    memory_leave(large.memory, &first);
    CHECK(pthread_join(large.thread, NULL) == 0);
    CHECK(large.entered);
    CHECK(!memory_try(large.memory, &small));
    memory_leave(large.memory, &large.turn);
    CHECK(memory_try(large.memory, &small));
    memory_leave(large.memory, &small);
    memory_free(large.memory);
}

static void giving_up(void)
{
    struct waiting large = {.memory = memory_new(100), .turn = {.bytes = 100}};
    struct memory_turn first = {.bytes = 10}, other = {.bytes = 90};
    CHECK(memory_try(large.memory, &first));
    waiting_start(&large);
    atomic_store(&large.gives_up, true);
    memory_wake(large.memory);
    CHECK(pthread_join(large.thread, NULL) == 0);
    CHECK(!large.entered);
    CHECK(memory_try(large.memory, &other)); /* it took nothing, and nobody waits for it */
    memory_leave(large.memory, &first);
    memory_leave(large.memory, &other);
    memory_free(large.memory);
}

/* A folder that stands for /. */
struct root {
    struct arena arena;
    struct diags diags;
    char path[32];
};

static void root_make(struct root *root)
{
    *root = (struct root){.path = "/tmp/straylight-root.XXXXXX"};
    diags_init(&root->diags, &root->arena, NULL);
    CHECK(mkdtemp(root->path) != NULL);
}

static void root_put(struct root *root, const char *name, const char *text)
{
    const char *path = arena_printf(&root->arena, "%s/%s", root->path, name).ptr;
    struct str folder = str_sub(str_of(path), 0, str_find_last(str_of(path), '/'));
    CHECK(dirs_make(AT_FDCWD, arena_cstr(&root->arena, folder), &root->diags) == OK);
    CHECK(file_write_atomic(AT_FDCWD, path, str_of(text), &root->diags) == OK);
}

static void root_remove(struct root *root)
{
    CHECK(tree_remove(AT_FDCWD, root->path, &root->diags) == OK);
    arena_release(&root->arena);
}

static void free_machine(void)
{
    struct root root;
    root_make(&root);
    CHECK(memory_free_bytes_at(root.path) == UINT64_MAX);
    root_put(&root, "proc/meminfo", "MemTotal:  9 kB\nMemAvailable:    2048 kB\nBuffers: 1 kB\n");
    CHECK(memory_free_bytes_at(root.path) == 2048 * 1024);
    root_put(&root, "proc/self/cgroup", "0::/\n");
    CHECK(memory_free_bytes_at(root.path) == 2048 * 1024);
    root_put(&root, "proc/meminfo", "MemAvailable: 99999999999999999999999 kB\n");
    CHECK(memory_free_bytes_at(root.path) == UINT64_MAX);
    root_remove(&root);
    CHECK(memory_free_bytes() > 0);
}

static void free_cgroup_2(void)
{
    struct root root;
    root_make(&root);
    root_put(&root, "proc/meminfo", "MemAvailable: 4096 kB\n");
    root_put(&root, "proc/self/cgroup", "0::/a/b\n");
    root_put(&root, "sys/fs/cgroup/a/b/memory.max", "max\n");
    root_put(&root, "sys/fs/cgroup/a/memory.max", "1000000\n");
    root_put(&root, "sys/fs/cgroup/a/memory.current", "700000\n");
    CHECK(memory_free_bytes_at(root.path) == 300000);
    root_put(&root, "sys/fs/cgroup/a/memory.stat", "anon 5\ninactive_file 200000\n");
    CHECK(memory_free_bytes_at(root.path) == 500000);
    root_put(&root, "sys/fs/cgroup/a/b/memory.max", "100000\n");
    root_put(&root, "sys/fs/cgroup/a/b/memory.current", "40000\n");
    CHECK(memory_free_bytes_at(root.path) == 60000);
    root_put(&root, "sys/fs/cgroup/a/b/memory.current", "140000\n");
    CHECK(memory_free_bytes_at(root.path) == 0);
    root_remove(&root);
}

static void free_cgroup_1(void)
{
    struct root root;
    root_make(&root);
    root_put(&root, "proc/meminfo", "MemAvailable: 4096 kB\n");
    root_put(&root, "proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/c\n");
    root_put(&root, "sys/fs/cgroup/memory/c/memory.limit_in_bytes", "9223372036854771712\n");
    CHECK(memory_free_bytes_at(root.path) == 4096 * 1024);
    root_put(&root, "sys/fs/cgroup/memory/memory.limit_in_bytes", "1000\n");
    root_put(&root, "sys/fs/cgroup/memory/memory.usage_in_bytes", "600\n");
    root_put(&root, "sys/fs/cgroup/memory/memory.stat", "total_inactive_file 100\n");
    CHECK(memory_free_bytes_at(root.path) == 500);
    root_remove(&root);
}

static void peaks(void)
{
    const uint64_t unknown = (uint64_t)PEAK_UNKNOWN_MIB << 20;
    struct root root;
    root_make(&root);
    const char *path = arena_printf(&root.arena, "%s/peaks", root.path).ptr;
    struct peaks *peaks = peaks_new(path);
    CHECK(peaks_get(peaks, STR("a"), STR("link")) == unknown);
    peaks_add(peaks, STR("a"), STR("link"), 5000);
    peaks_add(peaks, STR("b"), STR("link"), 9000);
    peaks_add(peaks, STR("a"), STR("link"), 5100); /* near enough */
    CHECK(peaks_get(peaks, STR("a"), STR("link")) == 5000);
    CHECK(peaks_get(peaks, STR("c"), STR("link")) == 9000);
    peaks_save(peaks);
    peaks_add(peaks, STR("b"), STR("link"), 100);
    peaks_save(peaks);
    peaks_free(peaks);
    peaks = peaks_new(path);
    CHECK(peaks_get(peaks, STR("b"), STR("link")) == 100);
    CHECK(peaks_get(peaks, STR("c"), STR("link")) == 9000);
    CHECK(peaks_get(peaks, STR("c"), STR("compile")) == unknown);
    peaks_free(peaks);
    CHECK(truncate(path, 50) == 0); /* two entries and a torn one: written anew */
    peaks = peaks_new(path);
    CHECK(peaks_get(peaks, STR("a"), STR("x")) == 5000);
    peaks_add(peaks, STR("d"), STR("x"), 7000);
    peaks_save(peaks);
    peaks_free(peaks);
    struct stat st;
    CHECK(stat(path, &st) == 0 && st.st_size == 4 * 24);
    peaks = peaks_new(path);
    peaks_add(peaks, STR("d"), STR(""), 7100); /* near enough, and no category has a largest */
    peaks_save(peaks);
    CHECK(peaks_find(peaks, STR("d")) == 7000);
    CHECK(peaks_find(peaks, STR("")) == 0);
    peaks_free(peaks);
    CHECK(stat(path, &st) == 0 && st.st_size == 4 * 24);
    root_remove(&root);
}

int main(void)
{
    TEST(turns);
    TEST(alone);
    TEST(patience);
    TEST(giving_up);
    TEST(free_machine);
    TEST(free_cgroup_2);
    TEST(free_cgroup_1);
    TEST(peaks);
    return test_done();
}
