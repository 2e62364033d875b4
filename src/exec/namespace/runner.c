/* src/exec/namespace/runner.c */
#include "exec/namespace/runner.h"
#include "base/file.h"
#include "exec/exec.h"
#include "exec/namespace/group.h"
#include "exec/namespace/init.h"
#include "exec/namespace/seccomp.h"
#include "exec/namespace/slot.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    READ_BYTES = 64 * 1024, /* a pipe's size */
};
struct runner {
    struct ns_fds fds;
    struct ns_groups groups;
    bool orphan;   /* the program is gone */
    unsigned used; /* enum ns_used: what no other action may be in */
    struct ns_slot slot;
    char *stacks; /* init's, then the action's */
};
/* One running action, seen from outside. */
struct child {
    pid_t pid;
    int fds[3]; /* read ends: started, stdout, stderr; -1 at their end */
    struct buf printed[3];
    struct ns_report report;        /* init writes it */
    uint64_t start_us, deadline_us; /* 0: none */
    uint64_t look_us;               /* when its processes are looked at next; 0: never */
    enum exec_end end;              /* EXEC_EXITED until we kill it */
    bool printed_too_much;
};

static uint64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Reads what is there; closes at the end. More than the bound is dropped, and told. */
static void child_read(struct child *child, size_t i)
{
    struct buf *printed = &child->printed[i];
    for (;;) {
        char *ptr = buf_reserve(printed, READ_BYTES);
        ssize_t n = read(child->fds[i], ptr, READ_BYTES);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            return;
        }
        if (n <= 0) {
            fd_close(&child->fds[i]);
            child->fds[i] = -1;
            return;
        }
        printed->len += (size_t)n;
        if (printed->len > NS_PRINTED_BYTES_MAX) {
            printed->len = NS_PRINTED_BYTES_MAX;
            child->printed_too_much = true;
            return;
        }
    }
}

static void child_kill(struct child *child, enum exec_end end)
{
    if (child->end == EXEC_EXITED) {
        child->end = end;
    }
    /* Process 1 takes all others of its namespace along; it is not reaped yet, so pid is it. */
    (void)kill(child->pid, SIGKILL);
}

static int child_wait_ms(const struct child *child)
{
    uint64_t until_us = child->deadline_us;
    if (child->look_us != 0 && (until_us == 0 || child->look_us < until_us)) {
        until_us = child->look_us;
    }
    if (until_us == 0 || child->end != EXEC_EXITED) {
        return -1;
    }
    uint64_t now = now_us();
    uint64_t left_ms = now >= until_us ? 0 : (until_us - now) / 1000 + 1;
    return left_ms > 60000 ? 60000 : (int)left_ms;
}

static enum exec_end end_of(enum ns_excess excess)
{
    return excess == NS_EXCESS_PROCESSES ? EXEC_PROCESSES
           : excess == NS_EXCESS_MEMORY  ? EXEC_MEMORY
                                         : EXEC_EXITED;
}

/* Ends the action if it is late, or takes more than it may. asked: a cgroup has something to tell.
 */
static void child_bound(struct runner *runner, struct child *child, bool asked)
{
    uint64_t now = child->deadline_us == 0 && child->look_us == 0 ? 0 : now_us();
    bool looks = child->look_us != 0 && now >= child->look_us;
    enum ns_excess excess = asked || looks ? ns_groups_ask(&runner->groups) : NS_EXCESS_NONE;
    if (excess == NS_EXCESS_NONE && looks) {
        excess = ns_groups_look(&runner->groups, runner->slot.proc_fd, child->pid);
        child->look_us = now_us() + (uint64_t)1000 * NS_LOOK_MS;
    }
    if (excess != NS_EXCESS_NONE) {
        child_kill(child, end_of(excess));
    } else if (child->deadline_us != 0 && now >= child->deadline_us) {
        child_kill(child, EXEC_TIMED_OUT);
    }
}

/* Until process 1 ends. */
static void child_watch(struct runner *runner, struct child *child)
{
    bool alive = true;
    while (alive) {
        bool killed = child->end != EXEC_EXITED || child->printed_too_much;
        struct pollfd polls[7] = {{.fd = child->fds[0]}, /* POLLHUP needs no asking */
            {.fd = child->fds[1], .events = POLLIN}, {.fd = child->fds[2], .events = POLLIN},
            {.fd = killed ? -1 : runner->fds.cancel, .events = POLLIN},
            {.fd = killed ? -1 : runner->fds.socket, .events = POLLRDHUP},
            {.fd = runner->slot.listener_fd, .events = POLLIN},
            {.fd = killed ? -1 : runner->groups.pids_events_fd, .events = POLLPRI}};
        if (poll(polls, 7, child_wait_ms(child)) < 0) {
            continue;
        }
        for (size_t i = 1; i < 3; i++) {
            if (polls[i].revents != 0) {
                child_read(child, i);
            }
        }
        if ((polls[5].revents & POLLIN) != 0) {
            runner->used |= ns_filter_answer(runner->slot.listener_fd);
        }
        alive = polls[0].revents == 0;
        runner->orphan = runner->orphan || polls[4].revents != 0;
        if (alive && !killed) {
            if (polls[3].revents != 0 || polls[4].revents != 0) {
                child_kill(child, EXEC_CANCELLED);
            } else if (child->printed_too_much) {
                child_kill(child, EXEC_FLOODED);
            } else {
                child_bound(runner, child, polls[6].revents != 0);
            }
        }
    }
}

/* Read ends in child->fds, write ends in ret_write_fds. */
static bool pipes_make(struct child *child, int ret_write_fds[3])
{
    for (size_t i = 0; i < 3; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) {
            return false;
        }
        child->fds[i] = ends[0];
        ret_write_fds[i] = ends[1];
        if (i > 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
            return false;
        }
    }
    return true;
}

/* Init shares our memory: nothing is done here until it has said that the action runs, or why not.
 */
static enum err init_start(struct runner *runner, struct ns_init *init, struct child *child,
    const int write_fds[3], struct diags *diags)
{
    init->slot = &runner->slot;
    init->stack = runner->stacks + NS_STACK_BYTES;
    init->report = &child->report;
    init->started_fd = write_fds[0];
    init->stdout_fd = write_fds[1];
    init->stderr_fd = write_fds[2];
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* the action writes to its own /proc; see init.c */
    child->pid = clone(
        ns_init_main, runner->stacks + NS_STACK_BYTES, CLONE_VM | CLONE_NEWPID | SIGCHLD, init);
    return child->pid < 0 ? diag_add_errno(diags, errno, "the kernel refuses a pid namespace") : OK;
}

static enum err child_start(
    struct runner *runner, struct ns_init *init, struct child *child, struct diags *diags)
{
    int write_fds[3] = {-1, -1, -1};
    enum err err = OK;
    if (!pipes_make(child, write_fds)) {
        err = diag_add_errno(diags, errno, "cannot make a pipe to the action");
    }
    uint64_t timeout_ms = init->request->timeout_ms;
    child->start_us = now_us();
    child->deadline_us = timeout_ms == 0 ? 0 : child->start_us + 1000 * timeout_ms;
    /* The kernel tells at once of v2's counters only. */
    bool bounded = runner->groups.pids_events_fd >= 0 && runner->groups.memory_version == 2;
    child->look_us = bounded ? 0 : child->start_us + (uint64_t)1000 * NS_LOOK_MS;
    /* Where nobody says what is used, all is. */
    runner->used = runner->slot.listener_fd < 0 ? NS_USED_NETWORK | NS_USED_IPC : 0;
    err = err != OK ? err : init_start(runner, init, child, write_fds, diags);
    for (size_t i = 0; i < 3; i++) {
        fd_close(&write_fds[i]);
    }
    char byte;
    while (err == OK && read(child->fds[0], &byte, 1) < 0) {
        assert(errno == EINTR);
    }
    return err;
}

static void child_release(struct child *child)
{
    for (size_t i = 0; i < 3; i++) {
        fd_close(&child->fds[i]);
        buf_release(&child->printed[i]);
    }
}

/* What process 1 had to say, or that it died before it could. */
static struct str reply_judge(
    const struct child *child, struct arena *arena, struct ns_reply *reply)
{
    const struct ns_report *report = &child->report;
    reply->status = NS_RAN;
    reply->proc_mounted = report->proc_mounted;
    if (child->end != EXEC_EXITED || child->printed_too_much) {
        reply->end = child->end == EXEC_EXITED ? EXEC_FLOODED : (int)child->end;
        return (struct str){0};
    }
    if (report->status == NS_REFUSED || report->status == NS_BROKEN) {
        reply->status = report->status;
        return report->text[0] == '\0' ? STR("process 1 of the sandbox died at its start")
                                       : arena_str(arena, str_of(report->text));
    }
    int status = report->status == NS_RAN ? report->wait_status : SIGKILL;
    bool exited = WIFEXITED(status);
    reply->end = exited ? EXEC_EXITED : EXEC_SIGNALLED;
    reply->code = exited ? WEXITSTATUS(status) : WTERMSIG(status);
    return (struct str){0};
}

static uint64_t time_us(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

/* Waits until every process of the action is dead, which they are when process 1 is; then what is
 * left in the pipes is all. */
static void child_reap(struct child *child, struct ns_reply *reply)
{
    struct rusage usage;
    int status;
    while (wait4(child->pid, &status, 0, &usage) < 0) {
        assert(errno == EINTR);
    }
    for (size_t i = 1; i < 3; i++) {
        while (child->fds[i] >= 0 && !child->printed_too_much) {
            child_read(child, i);
        }
    }
    reply->wall_us = now_us() - child->start_us;
    reply->user_us = time_us(usage.ru_utime);
    reply->system_us = time_us(usage.ru_stime);
    reply->rss_max_bytes = child->report.rss_max_bytes;
}

static bool child_is_well(const struct child *child)
{
    const struct ns_report *report = &child->report;
    return report->status == NS_RAN && WIFEXITED(report->wait_status) &&
           WEXITSTATUS(report->wait_status) == 0;
}

static enum err namespaces_renew(struct runner *runner, struct diags *diags)
{
    enum err err = ns_slot_renew(&runner->slot, runner->used, diags);
    runner->used = err == OK ? 0 : runner->used;
    return err;
}

static enum err action_run(struct runner *runner, struct str bytes, struct arena *arena)
{
    struct diags diags;
    diags_init(&diags, arena, NULL);
    struct ns_slot *slot = &runner->slot;
    struct ns_reply reply = {.landlock_abi = slot->landlock_abi};
    struct child child = {.fds = {-1, -1, -1}, .end = EXEC_EXITED};
    struct ns_stage stage = {.root_fd = -1};
    struct ns_request request;
    struct ns_init init = {.request = &request,
        .stage = &stage,
        .arena = arena,
        .terminal_fd = runner->fds.terminal,
        .token_fds = {runner->fds.tokens[0], runner->fds.tokens[1]}};
    struct str texts[3] = {0};
    enum err err = ns_request_decode(bytes, arena, &request, &diags);
    err = err != OK ? err : ns_slot_room(slot, request.root, arena, &diags);
    if (err == OK) {
        reply.memory_max_bytes = ns_groups_memory_set(&runner->groups, request.memory_max_bytes);
        /* Files are memory. Half of it: something must be left to end the action in order. */
        err = ns_stage_action(
            slot->key, slot->store_fd, &request, reply.memory_max_bytes / 2, arena, &stage, &diags);
    }
    err = err != OK ? err : namespaces_renew(runner, &diags);
    err = err != OK ? err : child_start(runner, &init, &child, &diags);
    if (err == OK) {
        child_watch(runner, &child);
        child_reap(&child, &reply);
        reply.pids_bounded = runner->groups.pids_events_fd >= 0 ? 1 : 0;
        reply.memory_version = (uint32_t)runner->groups.memory_version;
        enum ns_excess excess = ns_groups_ask(&runner->groups); /* forgets it for the next */
        if (child.end == EXEC_EXITED && !child_is_well(&child)) {
            child.end = end_of(excess);
        }
        texts[0] = reply_judge(&child, arena, &reply);
        texts[1] = buf_str(&child.printed[1]);
        texts[2] = buf_str(&child.printed[2]);
    } else {
        reply.status = err == ERR_INVALID ? NS_REFUSED : NS_BROKEN;
        texts[0] = diags.newest->text;
    }
    bool whole = reply.status == NS_RAN && reply.end == EXEC_EXITED && reply.code == 0;
    reply.has_folder = whole ? 1 : 0;
    reply.text_len = texts[0].len;
    reply.stdout_len = texts[1].len;
    reply.stderr_len = texts[2].len;
    if (!runner->orphan) {
        err = ns_reply_send(runner->fds.socket, &reply, texts, whole ? stage.root_fd : -1);
    }
    fd_close(&stage.root_fd);
    child_release(&child);
    /* For the next action, which fails if this does. */
    (void)!namespaces_renew(runner, &diags);
    return err;
}

/* Requests until the other end closes. */
static void serve(struct runner *runner)
{
    struct arena arena = {0};
    while (!runner->orphan) {
        uint32_t len;
        if (fd_read_full(runner->fds.socket, &len, sizeof len) != sizeof len ||
            len > NS_REQUEST_BYTES_MAX) {
            return;
        }
        char *bytes = arena_alloc(&arena, len);
        if (fd_read_full(runner->fds.socket, bytes, len) != (ssize_t)len) {
            return;
        }
        /* An error was told in the reply; one in sending it shows when we read again. */
        (void)!action_run(runner, (struct str){.ptr = bytes, .len = len}, &arena);
        arena_release(&arena);
    }
}

/* The descriptor in its new place; -1 stays. */
static bool fd_place(int *fd, int from, int to)
{
    *fd = from < 0 ? -1 : dup3(from, to, O_CLOEXEC);
    return *fd >= 0 || (from < 0 && (close(to) == 0 || errno == EBADF));
}

/* Nothing of the program's is left but the descriptors, which become 3 to 7, those that there are.
 */
static bool process_clean(struct ns_fds *fds)
{
    int *const all[] = {
        &fds->socket, &fds->cancel, &fds->terminal, &fds->tokens[0], &fds->tokens[1]};
    enum {
        COUNT = sizeof all / sizeof all[0],
    };
    int above[COUNT];
    int null_fd = open("/dev/null", O_RDWR);
    bool good = null_fd >= 0;
    for (int i = 0; i < COUNT; i++) {
        above[i] = *all[i] < 0 ? -1 : fcntl(*all[i], F_DUPFD_CLOEXEC, 64);
        good = good && (above[i] >= 0 || *all[i] < 0);
    }
    for (int fd = 0; fd < 3 && good; fd++) {
        good = dup2(null_fd, fd) >= 0;
    }
    for (int i = 0; i < COUNT && good; i++) {
        good = fd_place(all[i], above[i], 3 + i);
    }
    if (!good) {
        return false;
    }
    /* A process that has changed its user does not own its own /proc files; id maps are such. */
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    (void)setsid(); /* the terminal's interrupt is the program's to deal with */
    for (int number = 1; number < NSIG; number++) {
        (void)signal(number, SIG_DFL); /* 9 and 19 cannot be, and need not */
    }
    (void)signal(SIGPIPE, SIG_IGN);
    sigset_t none;
    (void)sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL) == 0 && close_range(3 + COUNT, ~0U, 0) == 0;
}

static enum err runner_prepare(struct runner *runner, const char *store_root, struct diags *diags)
{
    enum err err = ns_slot_enter(store_root, &runner->slot, diags);
    runner->stacks = mmap(NULL, (size_t)2 * NS_STACK_BYTES, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (err == OK && runner->stacks == MAP_FAILED) {
        err = diag_add_errno(diags, errno, "cannot have memory for a runner's stacks");
    }
    return err;
}

_Noreturn void ns_runner_main(const struct ns_fds *fds, const char *store_root)
{
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    struct runner runner = {.fds = *fds};
    struct ns_reply reply = {.status = NS_READY};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (!process_clean(&runner.fds)) {
        _exit(1);
    }
    ns_groups_join(&runner.groups);
    enum err err = runner_prepare(&runner, store_root, &diags);
    struct str groups =
        arena_printf(&arena, "%s\n%s\n", runner.groups.paths[0], runner.groups.paths[1]);
    struct str texts[3] = {err == OK ? groups : diags.newest->text, {0}, {0}};
    reply.status = err == OK ? NS_READY : NS_BROKEN;
    reply.text_len = texts[0].len;
    if (ns_reply_send(runner.fds.socket, &reply, texts, -1) == OK && err == OK) {
        serve(&runner);
    }
    arena_release(&arena);
    _exit(0);
}
