/* src/store/store_crash_test.c: what is left when any system call fails, when the process dies at
 * any of them, when the power goes there, and when several processes work at once. */
#include "base/file.h"
#include "base/io_fail.h"
#include "base/test.h"
#include "store/tree.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char top[64];
static struct arena arena;
static struct diags diags;

enum {
    BLOB_COUNT = 3
};
static const char *const texts[BLOB_COUNT] = {"one", "two two", "three three three"};
static const char before_text[] = "was there before";

/* The real thing, but for waiting for the disk: what it does is seen by all at once anyway. */
static struct io io_quick;

static int quick_fsync(void *context, int fd)
{
    (void)context;
    (void)fd;
    return 0;
}

static int quick_syncfs(void *context, int fd)
{
    return quick_fsync(context, fd);
}

static const char *store_path_new(const char *name, size_t n, int k)
{
    return arena_printf(&arena, "%s/%s-%zu-%d", top, name, n, k).ptr;
}

enum {
    DEFERS_NOT,
    DEFERS_FEW,  /* each is waited for, at the end */
    DEFERS_MANY, /* one wait for all */
    DEFERS_COUNT,
};
static int defers; /* how work() does its own */

static enum err work_defer(struct store *store, struct diags *list)
{
    enum err err = OK;
    if (defers != DEFERS_NOT) {
        store_defer(store);
    }
    for (uint32_t i = 0; i < 20 && err == OK && defers == DEFERS_MANY; i++) {
        struct digest digest;
        err = store_put(store, arena_printf(&arena, "one of many: %u", i), &digest, list);
    }
    return err;
}

/* Blobs, an executable twin, a tree laid out, a result that names them: what a build does. */
static enum err work(struct store *store, struct diags *list)
{
    struct tree_entry entries[BLOB_COUNT];
    struct digest root, key = digest_of(STR("key"));
    struct str path;
    if (work_defer(store, list) != OK) {
        return ERR_IO;
    }
    for (size_t i = 0; i < BLOB_COUNT; i++) {
        static const char *const paths[BLOB_COUNT] = {"a", "b/c", "b/d"};
        entries[i] = (struct tree_entry){
            .path = str_of(paths[i]), .kind = i == 1 ? TREE_EXECUTABLE : TREE_FILE};
        enum err err = store_put(store, str_of(texts[i]), &entries[i].digest, list);
        if (err != OK) {
            return err;
        }
    }
    enum err err = tree_build(store, entries, BLOB_COUNT, true, &root, list);
    err = err != OK ? err : tree_stage(store, &root, &arena, &path, list);
    err = err != OK ? err : action_cache_put(store, &key, STR("result"), list);
    return err != OK ? err : store_sync(store, list);
}

static void result_check(struct store *store)
{
    struct digest key = digest_of(STR("key"));
    struct str result, bytes;
    enum err err = action_cache_get(store, &key, &arena, &result, &diags);
    CHECK(err == OK || err == ERR_ABSENT);
    if (err == OK) {
        CHECK_STR(result, STR("result"));
        /* The result came after the blobs it names. */
        for (size_t i = 0; i < BLOB_COUNT; i++) {
            struct digest digest = digest_of(str_of(texts[i]));
            CHECK(store_get(store, &digest, 100, &arena, &bytes, &diags) == OK);
        }
    }
}

/* Nothing is lost that was there, nothing is there that is not whole, and all can be done again. */
static void sound(const char *root)
{
    struct store *store = NULL;
    struct str bytes;
    struct store_verified verified;
    struct digest before = digest_of(str_of(before_text));
    CHECK(store_open(&io_quick, root, &store, &diags) == OK);
    if (store == NULL) {
        return;
    }
    result_check(store);
    CHECK(store_verify(store, &verified, &diags) == OK && verified.damaged_count == 0);
    CHECK(store_get(store, &before, 100, &arena, &bytes, &diags) == OK);
    CHECK_STR(bytes, str_of(before_text));
    CHECK(work(store, &diags) == OK);
    result_check(store);
    CHECK(store_verify(store, &verified, &diags) == OK && verified.damaged_count == 0);
    CHECK(verified.tree_count >= 1 && verified.action_count >= 1 && verified.blob_count >= 6);
    CHECK(diags.newest == NULL);
    store_close(store);
}

static bool left_in_tmp(const char *root)
{
    return rmdir(arena_printf(&arena, "%s/tmp", root).ptr) != 0;
}

static void store_prepare(const char *root)
{
    struct store *store = NULL;
    struct digest digest;
    CHECK(store_open(&io_quick, root, &store, &diags) == OK);
    CHECK(store_put(store, str_of(before_text), &digest, &diags) == OK);
    store_close(store);
}

/* One run with the n-th call failing. Returns false when there were fewer calls. */
static bool run_failing(size_t n, int error_number, enum io_fail_how how, int k)
{
    const char *root = store_path_new("fail", n, k);
    store_prepare(root);
    struct io_fail *fail = memory_calloc(1, sizeof *fail);
    struct arena lost_arena = {0};
    struct diags lost;
    struct store *store = NULL;
    diags_init(&lost, &lost_arena, NULL);
    io_fail_init(fail, n, error_number, how);
    enum err err = store_open(&fail->io, root, &store, &lost);
    err = err != OK ? err : work(store, &lost);
    bool failed = fail->call_count >= n;
    /* What failed is told, unless it could be done without. */
    CHECK(err == OK || lost.newest != NULL);
    CHECK(failed || err == OK);
    store_close(err == OK || store != NULL ? store : NULL);
    io_fail_release(fail);
    arena_release(&lost_arena);
    free(fail);
    sound(root);
    CHECK(!left_in_tmp(root));
    CHECK(tree_remove(AT_FDCWD, root, &diags) == OK);
    return failed;
}

static void enumerate(int error_number, enum io_fail_how how, int k)
{
    for (defers = DEFERS_NOT; defers < DEFERS_COUNT; defers++) {
        size_t n = 1;
        while (run_failing(n, error_number, how, 10 * k + defers)) {
            n++;
            arena_release(&arena);
            diags_init(&diags, &arena, NULL);
        }
        (void)printf("# %zu calls\n", n - 1);
        CHECK(n > 60);
    }
    defers = DEFERS_NOT;
}

static void a_full_disk_at_any_call_loses_nothing(void)
{
    enumerate(ENOSPC, IO_FAIL_ONCE, 0);
}

static void an_io_error_at_any_call_loses_nothing(void)
{
    enumerate(EIO, IO_FAIL_ONCE, 1);
}

static void a_death_at_any_call_loses_nothing(void)
{
    enumerate(EIO, IO_FAIL_FOREVER, 2);
}

static void a_power_cut_at_any_call_loses_nothing(void)
{
    enumerate(EIO, IO_FAIL_POWER, 3);
}

/* Making the store itself. */
static void a_store_can_be_made_after_any_failure(void)
{
    size_t n = 1;
    for (bool failed = true; failed; n++) {
        const char *root = store_path_new("make", n, 0);
        struct io_fail *fail = memory_calloc(1, sizeof *fail);
        struct store *store = NULL;
        struct arena lost_arena = {0};
        struct diags lost;
        diags_init(&lost, &lost_arena, NULL);
        io_fail_init(fail, n, EIO, IO_FAIL_FOREVER);
        enum err err = store_open(&fail->io, root, &store, &lost);
        failed = fail->call_count >= n;
        CHECK(failed == (err != OK));
        store_close(store);
        io_fail_release(fail);
        free(fail);
        arena_release(&lost_arena);
        store_prepare(root);
        sound(root);
    }
    CHECK(n > 10);
}

/* Several processes. */

static uint32_t random_next(uint32_t *x)
{
    *x = *x * 1664525 + 1013904223;
    return *x >> 16;
}

/* Puts, links, stages and reads blobs of a small set, so that all meet. Returns 0 if all is well.
 */
static int churn(const char *root, uint32_t seed, size_t rounds)
{
    struct arena own = {0};
    struct diags list;
    struct store *store = NULL;
    diags_init(&list, &own, NULL);
    enum err err = store_open(&io_real, root, &store, &list);
    for (size_t i = 0; i < rounds && err == OK; i++) {
        struct digest digest, root_digest = {0}, key;
        struct str path, bytes = {0};
        struct str text = arena_printf(&own, "blob number %u", random_next(&seed) % 8);
        err = store_put(store, text, &digest, &list);
        struct tree_entry entries[2] = {{.path = STR("x/f"), .kind = TREE_FILE, .digest = digest},
            {.path = STR("x/p"), .kind = TREE_EXECUTABLE, .digest = digest}};
        err = err != OK ? err : tree_build(store, entries, 2, true, &root_digest, &list);
        err = err != OK ? err : tree_stage(store, &root_digest, &own, &path, &list);
        key = root_digest;
        err = err != OK ? err : action_cache_put(store, &key, text, &list);
        err = err != OK ? err : action_cache_get(store, &key, &own, &bytes, &list);
        if (err == OK && !str_eq(bytes, text)) {
            err = ERR_CORRUPT;
        }
        err = err != OK ? err : store_get(store, &digest, 100, &own, &bytes, &list);
    }
    if (err != OK) {
        AUTO_BUF text = {0};
        diags_format(&list, false, &text);
        (void)printf("# churn: %.*s\n", STR_ARG(buf_str(&text)));
        (void)fflush(stdout);
    }
    store_close(store);
    arena_release(&own);
    return err == OK ? 0 : 1;
}

static void processes_share_a_store(void)
{
    enum {
        PROCESS_COUNT = 6
    };
    const char *root = store_path_new("share", 0, 0);
    pid_t pids[PROCESS_COUNT];
    (void)fflush(stdout);
    for (uint32_t i = 0; i < PROCESS_COUNT; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            _exit(churn(root, i, 60)); /* they make the store, too, all at once */
        }
    }
    for (size_t i = 0; i < PROCESS_COUNT; i++) {
        int status = -1;
        CHECK(waitpid(pids[i], &status, 0) == pids[i] && status == 0);
    }
    struct store *store = NULL;
    struct store_verified verified;
    CHECK(store_open(&io_real, root, &store, &diags) == OK);
    CHECK(store_verify(store, &verified, &diags) == OK);
    CHECK(verified.damaged_count == 0 && verified.tree_count == 8 && verified.action_count == 8);
    CHECK(verified.removed_count == 0); /* each tidied up */
    store_close(store);
}

/* Killed in the midst of things, at many different moments. */
static void a_killed_process_leaves_a_whole_store(void)
{
    const char *root = store_path_new("kill", 0, 0);
    store_prepare(root);
    (void)fflush(stdout);
    for (uint32_t i = 0; i < 40; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            _exit(churn(root, i, 1000000));
        }
        (void)usleep(500 + i * 331);
        int status = 0;
        CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
        CHECK(WIFSIGNALED(status));
    }
    struct store *store = NULL;
    struct store_verified verified;
    CHECK(store_open(&io_real, root, &store, &diags) == OK);
    CHECK(store_verify(store, &verified, &diags) == OK);
    CHECK(verified.damaged_count == 0);
    store_close(store);
    CHECK(!left_in_tmp(root)); /* what the dead left is gone */
    CHECK(mkdir(arena_printf(&arena, "%s/tmp", root).ptr, 0700) == 0);
    sound(root);
}

struct thread_work {
    struct store *store;
    struct digest root;
    bool good;
};

/* What was put can be opened, whoever else puts the same or flushes meanwhile. */
static bool can_be_opened(
    struct store *store, const struct digest *digest, struct arena *own, struct diags *list)
{
    struct str paths[2];
    if (store_blob_paths(store, digest, false, own, paths, list) != OK) {
        return false;
    }
    (void)sched_yield();
    for (size_t i = 0; i < 2; i++) {
        AUTO_CLOSE int fd =
            paths[i].len == 0
                ? -1
                : openat(store_root_fd(store), arena_cstr(own, paths[i]), O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            return true;
        }
    }
    return false;
}

static void *thread_stage(void *context)
{
    struct thread_work *thread = context;
    struct arena own = {0};
    struct diags list;
    struct str path;
    diags_init(&list, &own, NULL);
    thread->good = true;
    for (uint32_t i = 0; i < 50; i++) {
        struct digest digest;
        struct str text = arena_printf(&own, "%u", i);
        thread->good = thread->good && store_put(thread->store, text, &digest, &list) == OK &&
                       can_be_opened(thread->store, &digest, &own, &list) &&
                       (i % 8 != 0 || store_flush(thread->store, &list) == OK) &&
                       tree_stage(thread->store, &thread->root, &own, &path, &list) == OK;
    }
    arena_release(&own);
    return NULL;
}

static void threads_share(bool deferring)
{
    enum {
        THREAD_COUNT = 4
    };
    const char *root = store_path_new("threads", 0, deferring ? 1 : 0);
    struct store *store = NULL;
    struct thread_work works[THREAD_COUNT];
    pthread_t threads[THREAD_COUNT];
    struct tree_entry entry = {.path = STR("f"), .kind = TREE_FILE};
    struct digest tree;
    CHECK(store_open(&io_quick, root, &store, &diags) == OK);
    if (deferring) {
        store_defer(store);
    }
    CHECK(store_put(store, STR("text"), &entry.digest, &diags) == OK);
    CHECK(tree_build(store, &entry, 1, true, &tree, &diags) == OK);
    for (size_t i = 0; i < THREAD_COUNT; i++) {
        works[i] = (struct thread_work){.store = store, .root = tree};
        CHECK(pthread_create(&threads[i], NULL, thread_stage, &works[i]) == 0);
    }
    for (size_t i = 0; i < THREAD_COUNT; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0 && works[i].good);
    }
    struct store_verified verified;
    CHECK(store_flush(store, &diags) == OK);
    CHECK(store_verify(store, &verified, &diags) == OK && verified.blob_count == 52);
    store_close(store);
    CHECK(!left_in_tmp(root));
}

static void threads_share_a_store(void)
{
    threads_share(false);
    for (int i = 0; i < 20; i++) {
        threads_share(true);
        CHECK(tree_remove(AT_FDCWD, store_path_new("threads", 0, 1), &diags) == OK);
    }
}

/* A child after fork uses the same store: it has its own temporary folder and index. */
static void a_forked_child_may_use_the_store(void)
{
    const char *root = store_path_new("fork", 0, 0);
    struct store *store = NULL;
    struct digest digest;
    struct str bytes;
    CHECK(store_open(&io_real, root, &store, &diags) == OK);
    CHECK(store_put(store, STR("parent"), &digest, &diags) == OK);
    CHECK(store_sync(store, &diags) == OK);
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        bool good = store_put(store, STR("parent"), &digest, &diags) == OK &&
                    store_put(store, STR("child"), &digest, &diags) == OK;
        store_close(store);
        _exit(good ? 0 : 1);
    }
    CHECK(store_put(store, STR("meanwhile"), &digest, &diags) == OK);
    int status = -1;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    digest = digest_of(STR("child"));
    CHECK(store_get(store, &digest, 100, &arena, &bytes, &diags) == OK);
    CHECK(store_put(store, STR("after"), &digest, &diags) == OK);
    store_close(store);
    CHECK(!left_in_tmp(root));
}

static void run(const char *name, void (*test)(void))
{
    diags_init(&diags, &arena, NULL);
    test_run(name, test);
    arena_release(&arena);
}

int main(void)
{
    /* Thousands of syncs: in memory, where there is such a place. */
    bool memory = access("/dev/shm", W_OK) == 0;
    (void)snprintf(top, sizeof top, "%s/straylight-crash-XXXXXX", memory ? "/dev/shm" : "/tmp");
    if (mkdtemp(top) == NULL) {
        return 1;
    }
    io_quick = io_real;
    io_quick.fsync = quick_fsync;
    io_quick.syncfs = quick_syncfs;
    run("a_full_disk_at_any_call_loses_nothing", a_full_disk_at_any_call_loses_nothing);
    run("an_io_error_at_any_call_loses_nothing", an_io_error_at_any_call_loses_nothing);
    run("a_death_at_any_call_loses_nothing", a_death_at_any_call_loses_nothing);
    run("a_power_cut_at_any_call_loses_nothing", a_power_cut_at_any_call_loses_nothing);
    run("a_store_can_be_made_after_any_failure", a_store_can_be_made_after_any_failure);
    run("processes_share_a_store", processes_share_a_store);
    run("a_killed_process_leaves_a_whole_store", a_killed_process_leaves_a_whole_store);
    run("threads_share_a_store", threads_share_a_store);
    run("a_forked_child_may_use_the_store", a_forked_child_may_use_the_store);
    diags_init(&diags, &arena, NULL);
    CHECK(tree_remove(AT_FDCWD, top, &diags) == OK);
    arena_release(&arena);
    return test_done();
}
