/* bench/exec.c: what a sandbox costs, beside others' on this machine: bench_exec [--json]
 *
 * One static program that does nothing, started again and again: bare (posix_spawn), in a sandbox,
 * and in a sandbox with fifty inputs. Wall time is the median of one action; CPU is all of the
 * program's, its runners' and their actions' (what the kernel tidies up later is not seen). Last,
 * what a job slot keeps from one action to the next, made again and again. */
#include "exec/exec.h"
#include "base/file.h"
#include "exec/namespace/seccomp.h"
#include "exec/namespace/slot.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    RUNS = 300,
    INPUTS = 50,
    ARGV_MAX = 24,
    LAYER_RUNS = 50,
    SLOTS_MAX = 8,
};
struct world {
    char top[64];
    const char *program; /* on the host */
    struct store *store;
    struct digest root;
    struct tree_entry inputs[INPUTS];
    struct arena arena;
    struct diags diags;
};
struct row {
    const char *name;
    unsigned slot_count; /* 0: bare */
    size_t input_count;
    const char *const *argv;         /* another sandbox's, before the program; NULL: none */
    bool skipped;                    /* that is not on this machine */
    double wall_us, each_us, cpu_us; /* median; elapsed time by actions; */
};
struct lane { /* one thread's part of a row */
    const struct world *world;
    const struct row *row;
    struct exec *exec;
    uint64_t walls_us[RUNS];
    bool failed;
};

static uint64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t cpu_us(void)
{
    uint64_t sum = 0;
    static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    for (size_t i = 0; i < 2; i++) {
        struct rusage usage;
        (void)getrusage(whose[i], &usage);
        sum += (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
               (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    }
    return sum;
}

static bool spawn_and_wait(const char *const *argv)
{
    pid_t pid;
    int status = 1;
    /* posix_spawn takes its arguments as if it could change them. */
    return posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environ) == 0 &&
           waitpid(pid, &status, 0) == pid && status == 0;
}

static bool world_make(struct world *world)
{
    static const char source[] = "int main(void) { return 0; }\n";
    diags_init(&world->diags, &world->arena, NULL);
    (void)snprintf(world->top, sizeof world->top, "/tmp/straylight-bench-XXXXXX");
    if (mkdtemp(world->top) == NULL) {
        return false;
    }
    struct arena *arena = &world->arena;
    const char *text = arena_printf(arena, "%s/true.c", world->top).ptr;
    const char *folder = arena_printf(arena, "%s/root", world->top).ptr;
    world->program = arena_printf(arena, "%s/true", folder).ptr;
    const char *const cc[] = {"cc", "-O2", "-static", "-o", world->program, text, NULL};
    if (dirs_make(AT_FDCWD, folder, &world->diags) != OK ||
        file_write_atomic(AT_FDCWD, text, str_of(source), &world->diags) != OK ||
        !spawn_and_wait(cc) ||
        store_open(&io_real, arena_printf(arena, "%s/store", world->top).ptr, &world->store,
            &world->diags) != OK) {
        return false;
    }
    AUTO_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err err = tree_import(world->store, fd, &world->root, &world->diags);
    for (size_t i = 0; err == OK && i < INPUTS; i++) {
        struct str body = arena_printf(arena, "%4096zu", i); /* 4 KiB, each its own */
        world->inputs[i].path = arena_printf(arena, "src/d%zu/f%02zu.h", i / 10, i);
        world->inputs[i].kind = TREE_FILE;
        err = store_put(world->store, body, &world->inputs[i].digest, &world->diags);
    }
    return err == OK;
}

static void *lane_run(void *context)
{
    struct lane *lane = context;
    const struct world *world = lane->world;
    const char *command[ARGV_MAX + 3] = {0};
    size_t word_count = 0;
    const char *const *before = lane->row->argv;
    for (; before != NULL && before[word_count] != NULL; word_count++) {
        bool self = strcmp(before[word_count], "PROGRAM") == 0;
        command[word_count] = self ? world->program : before[word_count];
    }
    command[word_count] = before == NULL ? world->program : NULL;
    struct str argv = STR("/true");
    struct exec_action action = {.root = world->root,
        .inputs = world->inputs,
        .input_count = lane->row->input_count,
        .argv = &argv,
        .argv_count = 1};
    for (size_t i = 0; i < RUNS && !lane->failed; i++) {
        struct arena arena = {0};
        struct diags diags;
        struct exec_result result;
        diags_init(&diags, &arena, NULL);
        uint64_t start_us = now_us();
        lane->failed = lane->row->slot_count == 0
                           ? !spawn_and_wait(command)
                           : exec_run(lane->exec, &action, &arena, &result, &diags) != OK ||
                                 result.end != EXEC_EXITED || result.code != 0;
        lane->walls_us[i] = now_us() - start_us;
        arena_release(&arena);
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool row_run(struct world *world, struct row *row)
{
    static struct lane lanes[SLOTS_MAX];
    pthread_t threads[SLOTS_MAX];
    struct exec *exec = NULL;
    unsigned lane_count = row->slot_count == 0 ? 1 : row->slot_count;
    if (row->slot_count > 0 &&
        exec_new(world->store, row->slot_count, &exec, &world->diags) != OK) {
        return false;
    }
    uint64_t cpu_start_us = cpu_us(); /* the start of the runners is the first row's */
    uint64_t start_us = now_us();
    bool failed = false;
    for (unsigned i = 0; i < lane_count; i++) {
        lanes[i] = (struct lane){.world = world, .row = row, .exec = exec};
        failed = pthread_create(&threads[i], NULL, lane_run, &lanes[i]) != 0 || failed;
    }
    for (unsigned i = 0; i < lane_count && !failed; i++) {
        failed = pthread_join(threads[i], NULL) != 0 || lanes[i].failed;
    }
    uint64_t count = (uint64_t)RUNS * lane_count;
    row->each_us = (double)(now_us() - start_us) / (double)count;
    exec_free(exec); /* now the runners' time is counted */
    row->cpu_us = (double)(cpu_us() - cpu_start_us) / (double)count;
    qsort(lanes[0].walls_us, RUNS, sizeof lanes[0].walls_us[0], compare);
    row->wall_us = (double)lanes[0].walls_us[RUNS / 2];
    return !failed;
}

static void rows_print(const struct row *rows, size_t count, bool json)
{
    if (!json) {
        (void)printf("a program that does nothing, %d times\n%-28s %8s %10s %8s %8s %8s\n", RUNS,
            "", "wall us", "actions/s", "ratio", "CPU us", "ratio");
    }
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        if (row->skipped) {
            (void)fprintf(stderr, "skipped: %s: not on this machine\n", row->name);
        } else if (json) {
            (void)printf(
                "%s{\"name\":\"%s\",\"wall_us\":%.0f,\"actions_per_s\":%.0f,\"cpu_us\":%.0f}",
                i == 0 ? "[" : ",", row->name, row->wall_us, 1e6 / row->each_us, row->cpu_us);
        } else {
            (void)printf("%-28s %8.0f %10.0f %8.2f %8.0f %8.2f\n", row->name, row->wall_us,
                1e6 / row->each_us, row->wall_us / rows[0].wall_us, row->cpu_us,
                row->cpu_us / rows[0].cpu_us);
        }
    }
    if (json) {
        (void)printf("]\n");
    }
}

static const char *const argv_sh[] = {"sh", "-c", "PROGRAM", NULL};
static const char *const argv_bwrap[] = {"bwrap", "--unshare-all", "--die-with-parent", "--ro-bind",
    "PROGRAM", "/true", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "/true", NULL};
static const char *const argv_bazel[] = {"linux-sandbox", "--", "PROGRAM", NULL};

static bool network_make(void)
{
    return unshare(CLONE_NEWNET) == 0;
}
static bool ipc_make(void)
{
    return unshare(CLONE_NEWIPC) == 0;
}
static bool mounts_make(void)
{
    return unshare(CLONE_NEWNS) == 0;
}
static bool filter_load(void)
{
    struct arena arena = {0};
    struct diags unheard;
    int fd = -1;
    diags_init(&unheard, &arena, NULL);
    bool good = ns_filter_install(1, &fd, &unheard) == OK;
    fd_close(&fd);
    arena_release(&arena);
    return good;
}

static const struct {
    const char *name;
    unsigned runs;
    bool (*make)(void);
} layers[] = {
    {"a network namespace", LAYER_RUNS, network_make}, {"an ipc namespace", LAYER_RUNS, ipc_make},
    {"a mount namespace", LAYER_RUNS, mounts_make},
    {"a filter", 1, filter_load}, /* the second would be the first's to allow */
};

/* In a child, which has a user namespace; its CPU time is told by its exit: microseconds each. */
static void layer_print(size_t i)
{
    int ends[2];
    uint64_t each_us = 0;
    pid_t pid = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;
    if (pid == 0) {
        bool good = unshare(CLONE_NEWUSER) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
        uint64_t start_us = cpu_us();
        for (unsigned n = 0; n < layers[i].runs && good; n++) {
            good = layers[i].make();
        }
        each_us = (cpu_us() - start_us) / layers[i].runs;
        _exit(good && write(ends[1], &each_us, sizeof each_us) == sizeof each_us ? 0 : 1);
    }
    int status = 1;
    bool good = pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 &&
                read(ends[0], &each_us, sizeof each_us) == sizeof each_us;
    if (pid >= 0) {
        fd_close(&ends[0]);
        fd_close(&ends[1]);
    }
    if (good) {
        (void)printf("%-28s %35llu\n", layers[i].name, (unsigned long long)each_us);
    }
}

static void layers_print(void)
{
    (void)printf("\nkept by a job slot; each time it would cost, CPU us:\n");
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        (void)fflush(stdout);
        layer_print(i);
    }
}

int main(int argc, char **argv)
{
    static struct world world;
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned slots = cpus < 1 ? 1 : cpus > SLOTS_MAX ? SLOTS_MAX : (unsigned)cpus;
    struct row rows[] = {{.name = "bare posix_spawn"}, {.name = "sandbox", .slot_count = 1},
        {.name = "sandbox, 50 inputs", .slot_count = 1, .input_count = INPUTS},
        {.name = "the same, all cores", .slot_count = slots, .input_count = INPUTS},
        {.name = "sh -c", .argv = argv_sh}, {.name = "bubblewrap", .argv = argv_bwrap},
        {.name = "Bazel's linux-sandbox", .argv = argv_bazel}};
    size_t count = sizeof rows / sizeof rows[0];
    bool good = world_make(&world);
    for (size_t i = 0; good && i < count; i++) {
        good = row_run(&world, &rows[i]);
        if (!good && rows[i].argv != NULL) {
            good = rows[i].skipped = true;
        }
    }
    if (good) {
        rows_print(rows, count, json);
        if (!json) {
            layers_print();
        }
    } else {
        AUTO_BUF text = {0};
        diags_format(&world.diags, false, &text);
        (void)fprintf(stderr, "bench_exec: cannot measure (it needs cc and a static libc)\n%.*s",
            STR_ARG(buf_str(&text)));
    }
    store_close(world.store);
    bool removed = tree_remove(AT_FDCWD, world.top, &world.diags) == OK;
    arena_release(&world.arena);
    return good && removed ? 0 : 1;
}
