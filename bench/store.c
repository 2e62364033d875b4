/* bench/store.c: SHA-256, and what the store costs.
 *
 *   bench_store [--json]
 *
 * Medians, on a store in a temporary folder ($TMPDIR, else /tmp). Ratios: of SHA-256 to
 * libsodium's; of what the store does to the bare system calls for the same files. */
#include "base/env.h"
#include "base/file.h"
#include "digest/sha256.h"
#include "store/tree.h"
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    FILE_COUNT = 1000,
    FILE_BYTES = 8192,
    RUNS = 5,
};

struct row {
    const char *name;
    double value;
    const char *unit;
    double ratio; /* 0: none */
    const char *against;
};
struct bench {
    struct row rows[32];
    size_t row_count;
    struct arena arena;
    struct diags diags;
    const char *top;
    struct store *store;
    struct digest digests[FILE_COUNT];
    char bytes[FILE_BYTES];
};

static double now_us(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

static void row_add(struct bench *bench, const char *name, double value, const char *unit,
    double ratio, const char *against)
{
    bench->rows[bench->row_count++] = (struct row){name, value, unit, ratio, against};
}

static int double_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Microseconds for one call of `work`, the median of RUNS; a step that failed ends the benchmark.
 */
static double median_us(struct bench *bench, bool (*work)(struct bench *bench, unsigned run))
{
    double times[RUNS];
    for (unsigned run = 0; run < RUNS; run++) {
        double begin = now_us();
        if (!work(bench, run)) {
            AUTO_BUF text = {0};
            diags_format(&bench->diags, false, &text);
            (void)fprintf(stderr, "bench_store: a step failed\n%.*s", STR_ARG(buf_str(&text)));
            abort();
        }
        times[run] = now_us() - begin;
    }
    qsort(times, RUNS, sizeof times[0], double_compare);
    return times[RUNS / 2];
}

/* SHA-256. */

static char *hash_bytes;
static size_t hash_len, hash_count;

static bool hash_ours(struct bench *bench, unsigned run)
{
    (void)run;
    for (size_t i = 0; i < hash_count; i++) {
        bench->digests[0] = digest_of((struct str){.ptr = hash_bytes, .len = hash_len});
    }
    return true;
}

static bool hash_portable(struct bench *bench, unsigned run)
{
    uint32_t state[8] = {0};
    (void)run;
    for (size_t i = 0; i < hash_count; i++) {
        sha256_blocks_portable(state, (const uint8_t *)hash_bytes, hash_len / 64 + 1);
    }
    memcpy(bench->digests[0].hash, state, sizeof state);
    return true;
}

static bool hash_sodium(struct bench *bench, unsigned run)
{
    (void)run;
    for (size_t i = 0; i < hash_count; i++) {
        (void)crypto_hash_sha256(
            bench->digests[0].hash, (const unsigned char *)hash_bytes, hash_len);
    }
    return true;
}

static void bench_hash(struct bench *bench)
{
    static const struct {
        size_t len;
        const char *names[3];
    } sizes[] = {
        {64, {"SHA-256, 64 B", "  portable", "  libsodium"}},
        {4096, {"SHA-256, 4 KiB", "  portable", "  libsodium"}},
        {1 << 20, {"SHA-256, 1 MiB", "  portable", "  libsodium"}},
    };
    hash_bytes = memory_calloc(1, (1 << 20) + 64);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        hash_len = sizes[i].len;
        hash_count = (16 << 20) / hash_len;
        double total =
            (double)(hash_len * hash_count); /* bytes in a microsecond are MB in a second */
        double ours = total / median_us(bench, hash_ours);
        double portable = total / median_us(bench, hash_portable);
        double sodium = total / median_us(bench, hash_sodium);
        row_add(bench, sizes[i].names[0], ours, "MB/s", ours / sodium, "libsodium");
        row_add(bench, sizes[i].names[1], portable, "MB/s", portable / sodium, "libsodium");
        row_add(bench, sizes[i].names[2], sodium, "MB/s", 0, "");
    }
    free(hash_bytes);
}

/* The store. */

static struct str content(struct bench *bench, unsigned run, size_t i)
{
    (void)snprintf(bench->bytes, sizeof bench->bytes, "%u %zu", run, i);
    return (struct str){.ptr = bench->bytes, .len = sizeof bench->bytes};
}

static bool bare_write(struct bench *bench, unsigned run)
{
    for (size_t i = 0; i < FILE_COUNT; i++) {
        const char *name = arena_printf(&bench->arena, "%s/bare-%zu", bench->top, i).ptr;
        AUTO_CLOSE int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || fd_write_all(fd, content(bench, run, i)) != OK) {
            return false;
        }
    }
    return true;
}

static bool put_new(struct bench *bench, unsigned run)
{
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (store_put(bench->store, content(bench, run, i), &bench->digests[i], &bench->diags) !=
            OK) {
            return false;
        }
    }
    return store_sync(bench->store, &bench->diags) == OK;
}

static bool put_again(struct bench *bench, unsigned run)
{
    (void)run;
    for (size_t i = 0; i < FILE_COUNT; i++) {
        struct digest digest;
        if (store_put(bench->store, content(bench, RUNS - 1, i), &digest, &bench->diags) != OK) {
            return false;
        }
    }
    return true;
}

static bool bare_read(struct bench *bench, unsigned run)
{
    (void)run;
    for (size_t i = 0; i < FILE_COUNT; i++) {
        const char *name = arena_printf(&bench->arena, "%s/bare-%zu", bench->top, i).ptr;
        AUTO_CLOSE int fd = open(name, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fd_read_full(fd, bench->bytes, FILE_BYTES) != FILE_BYTES) {
            return false;
        }
    }
    return true;
}

static bool get(struct bench *bench, unsigned run)
{
    (void)run;
    for (size_t i = 0; i < FILE_COUNT; i++) {
        struct str bytes;
        if (store_get(bench->store, &bench->digests[i], FILE_BYTES, &bench->arena, &bytes,
                &bench->diags) != OK) {
            return false;
        }
    }
    return true;
}

/* A tree of the files in ten folders; each run has one more file, so that it is another tree. */
static bool tree_make(struct bench *bench, unsigned run, struct digest *ret_root)
{
    struct tree_entry *entries = ARENA_NEW(&bench->arena, struct tree_entry, FILE_COUNT + 1);
    for (size_t i = 0; i < FILE_COUNT; i++) {
        entries[i] = (struct tree_entry){.kind = TREE_FILE,
            .digest = bench->digests[i],
            .path = arena_printf(&bench->arena, "d%zu/f%zu", i % 10, i)};
    }
    entries[FILE_COUNT] = entries[0];
    entries[FILE_COUNT].path = arena_printf(&bench->arena, "run-%u", run);
    return tree_build(bench->store, entries, FILE_COUNT + 1, true, ret_root, &bench->diags) == OK;
}

static bool stage_new(struct bench *bench, unsigned run)
{
    struct digest root;
    struct str path;
    return tree_make(bench, run, &root) &&
           tree_stage(bench->store, &root, &bench->arena, &path, &bench->diags) == OK;
}

static bool bare_link(struct bench *bench, unsigned run)
{
    const char *folder = arena_printf(&bench->arena, "%s/links-%u", bench->top, run).ptr;
    if (mkdir(folder, 0700) != 0) {
        return false;
    }
    for (size_t i = 0; i < FILE_COUNT; i++) {
        const char *from = arena_printf(&bench->arena, "%s/bare-%zu", bench->top, i).ptr;
        const char *to = arena_printf(&bench->arena, "%s/%zu", folder, i).ptr;
        if (link(from, to) != 0) {
            return false;
        }
    }
    return true;
}

static bool store_reopen(struct bench *bench)
{
    const char *root = arena_printf(&bench->arena, "%s/store", bench->top).ptr;
    store_close(bench->store);
    bench->store = NULL;
    return store_open(&io_real, root, &bench->store, &bench->diags) == OK;
}

/* What the first use of a laid out tree costs each process. */
static bool stage_check(struct bench *bench, unsigned run)
{
    struct digest root;
    struct str path;
    (void)run;
    return store_reopen(bench) && tree_make(bench, 0, &root) &&
           tree_stage(bench->store, &root, &bench->arena, &path, &bench->diags) == OK;
}

static bool open_close(struct bench *bench, unsigned run)
{
    (void)run;
    return store_reopen(bench);
}

static void bench_store(struct bench *bench)
{
    double count = FILE_COUNT;
    double write_us = median_us(bench, bare_write) / count;
    double put_us = median_us(bench, put_new) / count;
    double again_us = median_us(bench, put_again) / count;
    double read_us = median_us(bench, bare_read) / count;
    double get_us = median_us(bench, get) / count;
    double link_us = median_us(bench, bare_link) / count;
    double stage_us = median_us(bench, stage_new) / count;
    double check_us = median_us(bench, stage_check) / count;
    double open_us = median_us(bench, open_close);
    row_add(bench, "open the store", open_us, "us", 0, "");
    row_add(bench, "put a new 8 KiB file", put_us, "us", put_us / write_us, "write without fsync");
    row_add(bench, "put it again", again_us, "us", again_us / write_us, "write without fsync");
    row_add(bench, "get it", get_us, "us", get_us / read_us, "open, read, close");
    row_add(bench, "lay out, a file", stage_us, "us", stage_us / link_us, "link");
    row_add(bench, "check what is laid out, a file", check_us, "us", check_us / link_us, "link");
}

static void print(const struct bench *bench, bool json)
{
    for (size_t i = 0; i < bench->row_count; i++) {
        const struct row *row = &bench->rows[i];
        if (json) {
            (void)printf("%s{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\",\"ratio\":%.3f}",
                i == 0 ? "[" : ",", row->name, row->value, row->unit, row->ratio);
        } else if (row->ratio > 0) {
            (void)printf("%-32s %10.1f %-5s %6.2f x %s\n", row->name, row->value, row->unit,
                row->ratio, row->against);
        } else {
            (void)printf("%-32s %10.1f %s\n", row->name, row->value, row->unit);
        }
    }
    if (json) {
        (void)printf("]\n");
    }
}

int main(int argc, char **argv)
{
    struct bench *bench = memory_calloc(1, sizeof *bench);
    const char *temporary = env_get("TMPDIR");
    diags_init(&bench->diags, &bench->arena, NULL);
    char *top = (char *)(uintptr_t)arena_printf(
        &bench->arena, "%s/straylight-bench-XXXXXX", temporary == NULL ? "/tmp" : temporary)
                    .ptr;
    if (sodium_init() < 0 || mkdtemp(top) == NULL) {
        return 3;
    }
    bench->top = top;
    if (!store_reopen(bench)) {
        return 3;
    }
    bench_hash(bench);
    bench_store(bench);
    print(bench, argc > 1 && strcmp(argv[1], "--json") == 0);
    store_close(bench->store);
    enum err err = tree_remove(AT_FDCWD, top, &bench->diags);
    arena_release(&bench->arena);
    free(bench);
    return err == OK ? 0 : 3;
}
