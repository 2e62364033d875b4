/* bench/measure.c: runs a command some times and says what one run costs.
 *
 *   bench_measure RUNS COMMAND ARGUMENT...
 *   bench_measure --steps COMMAND ARGUMENT...
 *
 * One line: medians of wall, user and system time in microseconds, of instructions in user space
 * (0 where this machine's kernel or hypervisor does not count them), and the most memory in KiB.
 * With --steps: instructions of one run in user space, counted one by one (ptrace): the same on
 * every machine with the same programs, but of the first process and its first thread alone, and
 * slow. The command's output is thrown away; if it fails, so does this. */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    RUNS_MAX = 10000,
};
enum column {
    WALL_US,
    USER_US,
    SYSTEM_US,
    INSTRUCTIONS,
    RSS_KIB,
    COLUMN_COUNT
};

static uint64_t now_us(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000 + (uint64_t)at.tv_nsec / 1000;
}

/* Counts from the child's exec on, its own children too. -1: not here. */
static int counter_open(pid_t pid)
{
    struct perf_event_attr attr = {
        .type = PERF_TYPE_HARDWARE,
        .size = sizeof attr,
        .config = PERF_COUNT_HW_INSTRUCTIONS,
        .disabled = 1,
        .enable_on_exec = 1,
        .inherit = 1,
        .exclude_kernel = 1,
        .exclude_hv = 1,
    };
    return (int)syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static _Noreturn void child_run(int go, char **argv)
{
    char byte;
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
        read(go, &byte, 1) != 1) {
        _exit(126);
    }
    (void)execvp(argv[0], argv);
    _exit(127);
}

static bool run_once(char **argv, uint64_t ret_row[static COLUMN_COUNT])
{
    int go[2];
    if (pipe2(go, O_CLOEXEC) != 0) {
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        child_run(go[0], argv);
    }
    int counter = pid > 0 ? counter_open(pid) : -1;
    uint64_t begin = now_us();
    bool fine = pid > 0 && write(go[1], "x", 1) == 1;
    int status = 0;
    struct rusage usage = {0};
    fine = fine && wait4(pid, &status, 0, &usage) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
    ret_row[WALL_US] = now_us() - begin;
    ret_row[USER_US] = (uint64_t)usage.ru_utime.tv_sec * 1000000 + (uint64_t)usage.ru_utime.tv_usec;
    ret_row[SYSTEM_US] =
        (uint64_t)usage.ru_stime.tv_sec * 1000000 + (uint64_t)usage.ru_stime.tv_usec;
    ret_row[RSS_KIB] = (uint64_t)usage.ru_maxrss;
    ret_row[INSTRUCTIONS] = 0;
    if (counter >= 0) {
        if (read(counter, &ret_row[INSTRUCTIONS], sizeof(uint64_t)) != sizeof(uint64_t)) {
            ret_row[INSTRUCTIONS] = 0;
        }
        (void)close(counter);
    }
    (void)close(go[0]);
    (void)close(go[1]);
    return fine;
}

/* Steps through one run; 0: it failed or may not be traced. */
static uint64_t steps_count(char **argv)
{
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        if (null >= 0 && dup2(null, 0) >= 0 && dup2(null, 1) >= 0 && dup2(null, 2) >= 0 &&
            ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0) {
            (void)execvp(argv[0], argv);
        }
        _exit(127);
    }
    uint64_t count = 0;
    int status = 0;
    while (pid > 0 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
        /* A signal that is not ours goes on to the program. */
        long number = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
        if (ptrace(PTRACE_SINGLESTEP, pid, NULL, number) != 0) {
            return 0;
        }
        count++;
    }
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? count : 0;
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "--steps") == 0) {
        uint64_t steps = steps_count(argv + 2);
        (void)printf("%llu\n", (unsigned long long)steps);
        return steps > 0 ? 0 : 1;
    }
    char *end = NULL;
    unsigned long runs = argc < 3 ? 0 : strtoul(argv[1], &end, 10);
    if (runs == 0 || runs > RUNS_MAX || *end != '\0') {
        (void)fprintf(stderr, "usage: bench_measure RUNS COMMAND ARGUMENT...\n");
        return 2;
    }
    uint64_t *columns[COLUMN_COUNT];
    for (int c = 0; c < COLUMN_COUNT; c++) {
        columns[c] = calloc(runs, sizeof(uint64_t));
        if (columns[c] == NULL) {
            return 3;
        }
    }
    for (unsigned long i = 0; i < runs; i++) {
        uint64_t row[COLUMN_COUNT];
        if (!run_once(argv + 2, row)) {
            (void)fprintf(stderr, "bench_measure: %s failed\n", argv[2]);
            return 1;
        }
        for (int c = 0; c < COLUMN_COUNT; c++) {
            columns[c][i] = row[c];
        }
    }
    static const char *const names[COLUMN_COUNT] = {
        "wall_us", "user_us", "system_us", "instructions", "rss_kib"};
    for (int c = 0; c < COLUMN_COUNT; c++) {
        qsort(columns[c], runs, sizeof(uint64_t), compare);
        (void)printf(
            "%s%s %llu", c == 0 ? "" : " ", names[c], (unsigned long long)columns[c][runs / 2]);
        free(columns[c]);
    }
    (void)printf("\n");
    return 0;
}
