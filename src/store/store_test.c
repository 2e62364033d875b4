/* src/store/store_test.c: what the store says and keeps, one process. */
#include "base/file.h"
#include "store/test_store.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *blob_file(const char *area, const struct digest *digest)
{
    char hex[DIGEST_HEX_BYTES];
    (void)digest_hex(digest, hex);
    return arena_printf(&arena, "%s/%s/%.2s/%.64s", root, area, hex, hex).ptr;
}

/* Changes the first byte and, if asked, hides it from mtime. */
static void alter(const char *path, bool hide)
{
    struct stat st;
    CHECK(stat(path, &st) == 0);
    CHECK(chmod(path, 0644) == 0);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0);
    CHECK(pwrite(fd, "\xFF", 1, 0) == 1);
    if (hide) {
        struct timespec times[2] = {st.st_atim, st.st_mtim};
        CHECK(futimens(fd, times) == 0);
    }
    CHECK(close(fd) == 0);
    CHECK(chmod(path, st.st_mode & 07777) == 0);
}

static void blobs_round_trip(void)
{
    begin("round");
    static const char *const texts[] = {"a", "text", "a longer text\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct digest digest, want = digest_of(str_of(texts[i]));
        CHECK(store_has(store, &want) == ERR_ABSENT);
        struct str bytes;
        CHECK(store_get(store, &want, 100, &arena, &bytes, &diags) == ERR_ABSENT);
        CHECK(store_put(store, str_of(texts[i]), &digest, &diags) == OK);
        CHECK(digest_eq(&digest, &want));
        CHECK(store_has(store, &want) == OK);
        CHECK(store_get(store, &want, 100, &arena, &bytes, &diags) == OK);
        CHECK_STR(bytes, str_of(texts[i]));
        struct stat st;
        CHECK(stat(blob_file("cas", &want), &st) == 0);
        CHECK((st.st_mode & 07777) == 0444 && st.st_mtime == 1);
    }
    /* The blob of no bytes is there without being put. */
    struct str none;
    CHECK(store_has(store, &digest_empty) == OK);
    CHECK(store_get(store, &digest_empty, 0, &arena, &none, &diags) == OK && none.len == 0);
    CHECK(store_blob_link(store, &digest_empty, false, store_root_fd(store), "n", &diags) == OK);
    CHECK(store_blob_link(store, &digest_empty, true, store_root_fd(store), "m", &diags) == OK);
    struct digest other = digest_of(STR("text"));
    other.size_bytes = 5; /* the right hash with a wrong size is another name */
    CHECK(store_has(store, &other) == ERR_ABSENT);
    CHECK(diags.newest == NULL);
    end();
}

static void a_present_blob_is_not_written_again(void)
{
    begin("present");
    struct digest digest;
    struct stat before, after;
    CHECK(store_put(store, STR("text"), &digest, &diags) == OK);
    CHECK(stat(blob_file("cas", &digest), &before) == 0);
    CHECK(store_put(store, STR("text"), &digest, &diags) == OK);
    reopen();
    CHECK(store_put(store, STR("text"), &digest, &diags) == OK);
    CHECK(stat(blob_file("cas", &digest), &after) == 0);
    CHECK(before.st_ino == after.st_ino && before.st_ctim.tv_nsec == after.st_ctim.tv_nsec);
    end();
}

static void files_and_pipes_can_be_put(void)
{
    begin("fd");
    size_t len = 9 * 1024 * 1024 + 5;
    char *bytes = memory_alloc(len);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (char)(i * 31 + i / 251);
    }
    static const size_t sizes[] = {0, 1, 4096, 4194303, 4194304, 4194305, 9 * 1024 * 1024 + 5};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct str want = {.ptr = bytes, .len = sizes[i]};
        char path[] = "/tmp/straylight-fd-XXXXXX";
        AUTO_CLOSE int fd = mkstemp(path);
        CHECK(fd >= 0 && unlink(path) == 0);
        CHECK(fd_write_all(fd, want) == OK && lseek(fd, 0, SEEK_SET) == 0);
        struct digest digest = {0}, whole = digest_of(want);
        CHECK(store_put_fd(store, fd, &digest, &diags) == OK);
        CHECK(digest_eq(&digest, &whole));
        struct str have = {0};
        CHECK(store_get(store, &whole, len, &arena, &have, &diags) == OK);
        CHECK(str_eq(have, want));
        CHECK(lseek(fd, 0, SEEK_SET) == 0);
        CHECK(store_put_fd(store, fd, &digest, &diags) == OK); /* again */
    }
    struct str few = {0};
    struct digest whole = digest_of((struct str){.ptr = bytes, .len = 4096});
    CHECK(store_get(store, &whole, 4095, &arena, &few, &diags) == ERR_LIMIT);
    int pipe_fds[2];
    CHECK(pipe(pipe_fds) == 0);
    CHECK(fd_write_all(pipe_fds[1], STR("through a pipe")) == OK && close(pipe_fds[1]) == 0);
    struct digest digest;
    CHECK(store_put_fd(store, pipe_fds[0], &digest, &diags) == OK);
    whole = digest_of(STR("through a pipe"));
    CHECK(digest_eq(&digest, &whole) && close(pipe_fds[0]) == 0);
    free(bytes);
    end();
}

static void an_altered_blob_is_named_and_never_used(void)
{
    for (int hide = 0; hide < 2; hide++) {
        for (int how = 0; how < 4; how++) {
            begin(arena_printf(&arena, "altered-%d-%d", hide, how).ptr);
            struct digest digest, again;
            struct str bytes, path;
            CHECK(store_put(store, STR("some text"), &digest, &diags) == OK);
            reopen(); /* so that the index is on disk */
            const char *file = blob_file("cas", &digest);
            alter(file, hide != 0);
            enum err err = OK;
            int fd = -1;
            if (how == 0) {
                err = store_get(store, &digest, 100, &arena, &bytes, &diags);
            } else if (how == 1) {
                err = store_blob_open(store, &digest, &fd, &diags);
            } else if (how == 2) {
                err = store_blob_path(store, &digest, false, &arena, &path, &diags);
            } else {
                err =
                    store_blob_link(store, &digest, false, store_root_fd(store), "linked", &diags);
            }
            CHECK(err == ERR_CORRUPT && fd == -1);
            CHECK(told("stored file"));
            CHECK(told(file));
            CHECK(told("was altered or damaged"));
            CHECK(told("damaged/"));
            CHECK(store_has(store, &digest) == ERR_ABSENT);
            CHECK(store_put(store, STR("some text"), &again, &diags) == OK);
            CHECK(store_get(store, &digest, 100, &arena, &bytes, &diags) == OK);
            CHECK_STR(bytes, STR("some text"));
            end();
        }
    }
}

static void put_repairs_an_altered_blob(void)
{
    begin("repair");
    struct digest digest;
    struct str bytes;
    CHECK(store_put(store, STR("some text"), &digest, &diags) == OK);
    alter(blob_file("cas", &digest), false);
    CHECK(store_put(store, STR("some text"), &digest, &diags) == OK);
    CHECK(store_get(store, &digest, 100, &arena, &bytes, &diags) == OK);
    CHECK_STR(bytes, STR("some text"));
    CHECK(truncate(blob_file("cas", &digest), 3) == 0 || errno == EACCES);
    CHECK(store_put(store, STR("some text"), &digest, &diags) == OK);
    CHECK(store_get(store, &digest, 100, &arena, &bytes, &diags) == OK);
    end();
}

static void links_are_verified_and_stay_known(void)
{
    begin("links");
    struct digest digest;
    struct str path;
    struct stat st, program;
    CHECK(store_put(store, STR("#!/bin/sh\n"), &digest, &diags) == OK);
    int root_fd = store_root_fd(store);
    CHECK(store_blob_link(store, &digest, false, root_fd, "plain", &diags) == OK);
    CHECK(store_blob_link(store, &digest, true, root_fd, "program", &diags) == OK);
    CHECK(fstatat(root_fd, "plain", &st, 0) == 0 && (st.st_mode & 07777) == 0444);
    CHECK(fstatat(root_fd, "program", &program, 0) == 0 && (program.st_mode & 07777) == 0555);
    CHECK(st.st_ino != program.st_ino && program.st_mtime == 1);
    CHECK(store_blob_path(store, &digest, true, &arena, &path, &diags) == OK);
    CHECK(str_starts(path, STR("exec/")));
    CHECK(store_blob_link(store, &digest, false, root_fd, "plain", &diags) == ERR_IO); /* taken */
    struct digest absent = digest_of(STR("absent"));
    CHECK(store_blob_link(store, &absent, false, root_fd, "x", &diags) == ERR_ABSENT);
    CHECK(store_blob_link(store, &absent, true, root_fd, "x", &diags) == ERR_ABSENT);
    alter(blob_file("exec", &digest), false);
    /* The twin is made anew from the blob, which is whole. */
    CHECK(store_blob_path(store, &digest, true, &arena, &path, &diags) == OK);
    CHECK(store_blob_link(store, &digest, true, root_fd, "again", &diags) == OK);
    end();
}

static void a_lost_index_only_means_hashing(void)
{
    static const char *const damages[] = {"gone", "empty", "text", "cut"};
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        begin(arena_printf(&arena, "index-%s", damages[i]).ptr);
        struct digest digest;
        struct str path, bytes;
        CHECK(store_put(store, STR("some text"), &digest, &diags) == OK);
        store_close(store);
        const char *file = arena_printf(&arena, "%s/index", root).ptr;
        CHECK(access(file, F_OK) == 0);
        if (i == 0) {
            CHECK(unlink(file) == 0);
        } else if (i == 2) {
            AUTO_CLOSE int fd = open(file, O_WRONLY | O_TRUNC | O_CLOEXEC);
            CHECK(fd_write_all(fd, STR("this is no index\n")) == OK);
        } else {
            CHECK(truncate(file, i == 1 ? 0 : 8192) == 0);
        }
        CHECK(store_open(&io_real, root, &store, &diags) == OK);
        CHECK(store_blob_path(store, &digest, false, &arena, &path, &diags) == OK);
        CHECK(store_get(store, &digest, 100, &arena, &bytes, &diags) == OK);
        CHECK(diags.newest == NULL);
        end();
    }
}

/* Bytes of the index changed, moved or torn at many places: nothing crashes, and a blob that was
 * altered in the meantime is never taken for whole. */
static void a_damaged_index_makes_nothing_pass(void)
{
    begin("index-flips");
    enum {
        BLOBS = 24,
        ROUNDS = 600
    };
    struct digest digests[BLOBS];
    uint32_t seed = 1;
    for (size_t i = 0; i < BLOBS; i++) {
        CHECK(store_put(store, arena_printf(&arena, "blob %zu", i), &digests[i], &diags) == OK);
    }
    reopen();
    AUTO_CLOSE int fd =
        open(arena_printf(&arena, "%s/index", root).ptr, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    CHECK(fd >= 0);
    size_t bad = 0, altered = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        const struct digest *digest = &digests[round % BLOBS];
        off_t bucket = (off_t)(digest->hash[0] << 6 | digest->hash[1] >> 2) * 4096;
        uint8_t bytes[96];
        seed = seed * 1103515245 + 12345;
        CHECK(pread(fd, bytes, sizeof bytes, bucket) == (ssize_t)sizeof bytes);
        bytes[seed >> 16 & 63] ^= (uint8_t)(1U << (seed >> 24 & 7));
        bytes[32 + (seed >> 10 & 63)] = (uint8_t)(seed >> 20);
        off_t at = bucket + (round % 3 == 0 ? 0 : (off_t)(seed >> 20 & 4095));
        CHECK(pwrite(fd, bytes, sizeof bytes, at) == (ssize_t)sizeof bytes);
        struct str path, text = arena_printf(&arena, "blob %zu", round % BLOBS);
        if (round % 4 == 0) {
            alter(blob_file("cas", digest), true);
            enum err err = store_blob_path(store, digest, false, &arena, &path, &diags);
            altered++;
            bad += err == ERR_CORRUPT ? 1 : 0;
            struct digest again;
            CHECK(store_put(store, text, &again, &diags) == OK);
            reopen();
        } else {
            CHECK(store_blob_path(store, digest, false, &arena, &path, &diags) == OK);
        }
    }
    CHECK(altered > 0 && bad == altered);
    end();
}

static void an_index_of_another_kind_is_left_alone(void)
{
    begin("index-folder");
    struct digest digest;
    struct str path;
    store_close(store);
    CHECK(mkdir(arena_printf(&arena, "%s/index", root).ptr, 0700) == 0);
    CHECK(store_open(&io_real, root, &store, &diags) == OK);
    CHECK(store_put(store, STR("some text"), &digest, &diags) == OK);
    reopen();
    CHECK(store_blob_path(store, &digest, false, &arena, &path, &diags) == OK);
    CHECK(diags.newest == NULL);
    end();
}

static size_t read_count;

static ssize_t read_counted(void *context, int fd, void *ptr, size_t len)
{
    read_count++;
    return io_real.read(context, fd, ptr, len);
}

static void what_was_hashed_is_not_read_again(void)
{
    begin("remembered");
    enum {
        BLOBS = 100
    };
    struct digest digests[BLOBS];
    struct io io = io_real;
    io.read = read_counted;
    struct str path;
    for (size_t i = 0; i < BLOBS; i++) {
        CHECK(store_put(store, arena_printf(&arena, "blob %zu", i), &digests[i], &diags) == OK);
        CHECK(store_blob_path(store, &digests[i], true, &arena, &path, &diags) == OK);
    }
    store_close(store);
    CHECK(store_open(&io, root, &store, &diags) == OK);
    read_count = 0;
    for (size_t i = 0; i < BLOBS; i++) {
        CHECK(store_blob_path(store, &digests[i], i % 2 == 0, &arena, &path, &diags) == OK);
    }
    CHECK(read_count == 0);
    end();
}

static void action_results_are_bound_to_their_key(void)
{
    begin("actions");
    struct digest key = digest_of(STR("key")), other = digest_of(STR("other"));
    struct str result;
    CHECK(action_cache_get(store, &key, &arena, &result, &diags) == ERR_ABSENT);
    CHECK(action_cache_put(store, &key, STR("result 1"), &diags) == OK);
    CHECK(action_cache_put(store, &key, STR("result 2"), &diags) == OK);
    CHECK(action_cache_get(store, &key, &arena, &result, &diags) == OK);
    CHECK_STR(result, STR("result 2"));
    CHECK(diags.newest == NULL);
    alter(blob_file("actions", &key), false);
    CHECK(action_cache_get(store, &key, &arena, &result, &diags) == ERR_CORRUPT);
    CHECK(told("action's result"));
    CHECK(action_cache_get(store, &key, &arena, &result, &diags) == ERR_ABSENT);
    /* A result under another key's name. */
    CHECK(action_cache_put(store, &key, STR("result"), &diags) == OK);
    CHECK(action_cache_put(store, &other, STR("result"), &diags) == OK);
    CHECK(rename(blob_file("actions", &key), blob_file("actions", &other)) == 0);
    CHECK(action_cache_get(store, &other, &arena, &result, &diags) == ERR_CORRUPT);
    CHECK(action_cache_put(store, &key, STR(""), &diags) == OK);
    CHECK(action_cache_remove(store, &key, &diags) == OK);
    CHECK(action_cache_remove(store, &key, &diags) == OK);
    CHECK(action_cache_get(store, &key, &arena, &result, &diags) == ERR_ABSENT);
    end();
}

static void a_store_that_is_not_ours_is_refused(void)
{
    begin("refused");
    store_close(store);
    store = NULL;
    CHECK(chmod(root, 0755) == 0);
    CHECK(store_open(&io_real, root, &store, &diags) == ERR_INVALID);
    CHECK(told("others may enter the store at"));
    CHECK(told("mode 0755"));
    CHECK(told("chmod 0700"));
    CHECK(chmod(root, 0700) == 0);
    const char *version = arena_printf(&arena, "%s/version", root).ptr;
    CHECK(file_write_atomic(AT_FDCWD, version, STR("straylight store 2\n"), &diags) == OK);
    CHECK(store_open(&io_real, root, &store, &diags) == ERR_INVALID);
    CHECK(told("has another format"));
    CHECK(unlink(version) == 0); /* the making was interrupted */
    CHECK(store_open(&io_real, root, &store, &diags) == OK);
    store_close(store);
    store = NULL;
    CHECK(unlink(version) == 0);
    const char *diary = arena_printf(&arena, "%s/diary.txt", root).ptr;
    CHECK(file_write_atomic(AT_FDCWD, diary, STR("x"), &diags) == OK);
    CHECK(store_open(&io_real, root, &store, &diags) == ERR_INVALID);
    CHECK(told("is not a store: it holds diary.txt"));
    CHECK(store_open(&io_real, "relative", &store, &diags) == ERR_INVALID);
    CHECK(told("not absolute"));
    if (geteuid() == 0) {
        CHECK(unlink(diary) == 0);
        CHECK(chown(root, 65534, 65534) == 0);
        CHECK(store_open(&io_real, root, &store, &diags) == ERR_INVALID);
        CHECK(told("belongs to uid 65534, and this is uid 0"));
        CHECK(told("STRAYLIGHT_STORE"));
    }
    end();
}

/* The first look for a version finds none: just then, another process was making the store. */
static int late_open(void *context, int dir_fd, const char *path, int flags, mode_t mode)
{
    static bool came;
    if (!came && strcmp(path, "version") == 0) {
        came = true;
        errno = ENOENT;
        return -1;
    }
    return io_real.open(context, dir_fd, path, flags, mode);
}

static void two_may_make_a_store_at_once(void)
{
    begin("twins");
    struct digest digest;
    CHECK(store_put(store, STR("text"), &digest, &diags) == OK);
    store_close(store);
    store = NULL;
    struct io io = io_real;
    io.open = late_open;
    CHECK(store_open(&io, root, &store, &diags) == OK);
    CHECK(store_has(store, &digest) == OK);
    end();
}

/* At once: also where it waits for the disk. A file that is open for writing cannot be run. */
static void a_program_may_be_run(void)
{
    begin("program");
    store_defer(store);
    struct str bytes, paths[2];
    struct digest digest;
    CHECK(file_read(AT_FDCWD, "/proc/self/exe", 1U << 30, &arena, &bytes, &diags) == OK);
    CHECK(store_put(store, bytes, &digest, &diags) == OK);
    CHECK(store_blob_paths(store, &digest, true, &arena, paths, &diags) == OK);
    CHECK(paths[0].len > 0);
    char path[256];
    char option[] = "--run";
    (void)snprintf(path, sizeof path, "%s/%.*s", root, STR_ARG(paths[0]));
    char *argv[] = {path, option, NULL};
    char *env[] = {NULL};
    pid_t pid;
    int status = -1;
    CHECK(posix_spawn(&pid, path, NULL, NULL, argv, env) == 0);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    end();
}

static ssize_t full_write(void *context, int fd, const void *ptr, size_t len)
{
    (void)context;
    (void)fd;
    (void)ptr;
    (void)len;
    errno = ENOSPC;
    return -1;
}

static void a_full_disk_says_what_to_do(void)
{
    begin("full");
    store_close(store);
    struct io io = io_real;
    io.write = full_write;
    CHECK(store_open(&io, root, &store, &diags) == OK);
    struct digest digest, want = digest_of(STR("text"));
    CHECK(store_put(store, STR("text"), &digest, &diags) == ERR_IO);
    CHECK(told("No space left on device"));
    CHECK(told("the disk is full: free some space there, or set STRAYLIGHT_STORE"));
    CHECK(store_has(store, &want) == ERR_ABSENT);
    end();
}

static enum err visit(void *context, const struct digest *digest, struct diags *list)
{
    struct digest *last = context;
    CHECK(list == &diags && memcmp(last->hash, digest->hash, sizeof last->hash) < 0);
    last->size_bytes += digest->size_bytes;
    memcpy(last->hash, digest->hash, sizeof last->hash);
    return OK;
}

static enum err visit_stop(void *context, const struct digest *digest, struct diags *list)
{
    CHECK(digest->size_bytes > 0);
    *(int *)context += 1;
    return diag_add(list, ERR_LIMIT, SPAN_NONE, "enough");
}

static void all_is_walked_and_verified(void)
{
    begin("walk");
    struct digest digests[40], key = digest_of(STR("key")), sum = {0};
    uint64_t bytes = 0;
    for (size_t i = 0; i < 40; i++) {
        struct str text = arena_printf(&arena, "blob %zu", i);
        CHECK(store_put(store, text, &digests[i], &diags) == OK);
        bytes += text.len;
    }
    CHECK(store_blob_link(store, &digests[0], true, store_root_fd(store), "p", &diags) == OK);
    CHECK(action_cache_put(store, &key, STR("result"), &diags) == OK);
    CHECK(store_each(store, visit, &sum, &diags) == OK && sum.size_bytes == bytes);
    int count = 0;
    CHECK(store_each(store, visit_stop, &count, &diags) == ERR_LIMIT && count == 1);
    struct store_verified verified;
    CHECK(store_verify(store, &verified, &diags) == OK);
    CHECK(verified.blob_count == 40 && verified.blob_bytes == bytes);
    CHECK(verified.action_count == 1 && verified.damaged_count == 0);
    alter(blob_file("cas", &digests[7]), true);
    alter(blob_file("exec", &digests[0]), true);
    alter(blob_file("actions", &key), true);
    reopen();
    CHECK(store_verify(store, &verified, &diags) == OK);
    CHECK(verified.blob_count == 39 && verified.damaged_count == 3 && verified.action_count == 0);
    CHECK(told(blob_file("cas", &digests[7])));
    CHECK(told(blob_file("exec", &digests[0])));
    CHECK(told(blob_file("actions", &key)));
    CHECK(store_verify(store, &verified, &diags) == OK && verified.damaged_count == 0);
    end();
}

static void the_umask_does_not_matter(void)
{
    mode_t old = umask(077);
    begin("umask");
    struct digest digest;
    struct stat st;
    CHECK(store_put(store, STR("text"), &digest, &diags) == OK);
    CHECK(stat(blob_file("cas", &digest), &st) == 0 && (st.st_mode & 07777) == 0444);
    end();
    (void)umask(old);
}

static bool nothing_is_live(void *context, const struct digest *digest)
{
    (void)context;
    (void)digest;
    return false;
}

/* Its folder's name may be the end of ours: process 23 beside process 123. */
static void nothing_goes_beside_another_process(void)
{
    begin("beside");
    struct digest digest;
    struct store_stale stale;
    CHECK(store_put(store, STR("x"), &digest, &diags) == OK);
    const char *own = arena_printf(&arena, "%ld-0", (long)getpid()).ptr;
    const char *other = arena_printf(&arena, "tmp/%s", own + 1).ptr;
    CHECK(mkdirat(store_root_fd(store), other, 0700) == 0);
    AUTO_CLOSE int fd = openat(store_root_fd(store), other, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(store_stale_remove(store, nothing_is_live, NULL, true, &stale, &diags) == OK);
    CHECK(flock(fd, LOCK_EX) == 0);
    CHECK(store_stale_remove(store, nothing_is_live, NULL, true, &stale, &diags) == ERR_RETRY);
    CHECK(told("another process works with the store"));
    end();
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        return 0; /* run by a_program_may_be_run */
    }
    static const char pattern[] = "/tmp/straylight-store-XXXXXX";
    memcpy(top, pattern, sizeof pattern);
    if (mkdtemp(top) == NULL) {
        return 1;
    }
    TEST(blobs_round_trip);
    TEST(a_present_blob_is_not_written_again);
    TEST(files_and_pipes_can_be_put);
    TEST(an_altered_blob_is_named_and_never_used);
    TEST(put_repairs_an_altered_blob);
    TEST(links_are_verified_and_stay_known);
    TEST(a_lost_index_only_means_hashing);
    TEST(what_was_hashed_is_not_read_again);
    TEST(a_damaged_index_makes_nothing_pass);
    TEST(an_index_of_another_kind_is_left_alone);
    TEST(action_results_are_bound_to_their_key);
    TEST(a_store_that_is_not_ours_is_refused);
    TEST(two_may_make_a_store_at_once);
    TEST(a_program_may_be_run);
    TEST(a_full_disk_says_what_to_do);
    TEST(all_is_walked_and_verified);
    TEST(nothing_goes_beside_another_process);
    TEST(the_umask_does_not_matter);
    diags_init(&diags, &arena, NULL);
    CHECK(tree_remove(AT_FDCWD, top, &diags) == OK);
    arena_release(&arena);
    return test_done();
}
