/* src/exec/namespace/runner.c */
#include "exec/namespace/runner.h"
#include "base/file.h"
#include "exec/exec.h"
#include "exec/namespace/init.h"
#include "exec/namespace/landlock.h"
#include "exec/namespace/slot.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    READ_BYTES = 64 * 1024, /* a pipe's size */
};
struct runner {
    int socket_fd, cancel_fd, store_fd;
    unsigned landlock_abi;
    bool pids_bounded;
    bool orphan;        /* the program is gone */
    bool network_fresh; /* no action was in our network namespace yet */
    struct ns_filter filter;
};
/* One running action, seen from outside. */
struct child {
    pid_t pid;
    int pid_fd;
    int fds[3]; /* read ends: report, stdout, stderr; -1 at their end */
    struct buf printed[3];
    uint64_t start_us, deadline_us; /* 0: none */
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
    if (child->deadline_us == 0 || child->end != EXEC_EXITED) {
        return -1;
    }
    uint64_t now = now_us();
    uint64_t left_ms = now >= child->deadline_us ? 0 : (child->deadline_us - now) / 1000 + 1;
    return left_ms > 60000 ? 60000 : (int)left_ms;
}

/* Until process 1, and so every process of the action, is dead. */
static void child_watch(struct runner *runner, struct child *child)
{
    bool alive = true;
    while (alive) {
        bool killed = child->end != EXEC_EXITED || child->printed_too_much;
        struct pollfd polls[6] = {{.fd = child->pid_fd, .events = POLLIN},
            {.fd = killed ? -1 : runner->cancel_fd, .events = POLLIN},
            {.fd = killed ? -1 : runner->socket_fd, .events = POLLRDHUP}};
        for (size_t i = 0; i < 3; i++) {
            polls[3 + i] = (struct pollfd){.fd = child->fds[i], .events = POLLIN};
        }
        if (poll(polls, 6, child_wait_ms(child)) < 0) {
            continue;
        }
        for (size_t i = 0; i < 3; i++) {
            if (polls[3 + i].revents != 0) {
                child_read(child, i);
            }
        }
        alive = polls[0].revents == 0;
        runner->orphan = runner->orphan || polls[2].revents != 0;
        if (alive && !killed) {
            bool late = child->deadline_us != 0 && now_us() >= child->deadline_us;
            if (polls[1].revents != 0 || polls[2].revents != 0) {
                child_kill(child, EXEC_CANCELLED);
            } else if (child->printed_too_much) {
                child_kill(child, EXEC_FLOODED);
            } else if (late) {
                child_kill(child, EXEC_TIMED_OUT);
            }
        }
    }
    for (size_t i = 0; i < 3; i++) {
        while (child->fds[i] >= 0 && !child->printed_too_much) {
            child_read(child, i); /* all writers are dead: this ends */
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
        if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
            return false;
        }
    }
    return true;
}

static enum err child_start(struct runner *runner, const struct ns_request *request,
    const struct ns_stage *stage, struct child *child, struct diags *diags)
{
    int write_fds[3] = {-1, -1, -1};
    enum err err = OK;
    if (!pipes_make(child, write_fds)) {
        err = diag_add_errno(diags, errno, "cannot make a pipe to the action");
    }
    child->start_us = now_us();
    child->deadline_us =
        request->timeout_ms == 0 ? 0 : child->start_us + 1000 * request->timeout_ms;
    if (err == OK) {
        unsigned long flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |
                              CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_PIDFD | SIGCHLD;
        child->pid = (pid_t)syscall(SYS_clone, flags, NULL, &child->pid_fd, NULL, NULL);
    }
    runner->network_fresh = false;
    if (err == OK && child->pid == 0) {
        const struct ns_init init = {.request = request,
            .stage = stage,
            .filter = &runner->filter,
            .landlock_abi = runner->landlock_abi,
            .report_fd = write_fds[0],
            .stdout_fd = write_fds[1],
            .stderr_fd = write_fds[2]};
        ns_init_main(&init);
    }
    if (err == OK && child->pid < 0) {
        err = diag_add_errno(diags, errno,
            "the kernel refuses the action's user, mount, pid, ipc, uts and cgroup namespaces");
    }
    for (size_t i = 0; i < 3; i++) {
        fd_close(&write_fds[i]);
    }
    return err;
}

static void child_release(struct child *child)
{
    for (size_t i = 0; i < 3; i++) {
        fd_close(&child->fds[i]);
        buf_release(&child->printed[i]);
    }
    fd_close(&child->pid_fd);
}

/* What process 1 had to say, or that it died before it could. */
static struct str reply_judge(
    const struct child *child, struct arena *arena, struct ns_reply *reply)
{
    struct ns_report report = {.status = NS_RAN, .wait_status = SIGKILL};
    if (child->printed[0].len == sizeof report) {
        memcpy(&report, child->printed[0].ptr, sizeof report);
    }
    reply->status = report.status;
    reply->proc_mounted = report.proc_mounted;
    if (child->end != EXEC_EXITED || child->printed_too_much) {
        reply->status = NS_RAN;
        reply->end = child->end == EXEC_EXITED ? EXEC_FLOODED : (int)child->end;
        return (struct str){0};
    }
    if (report.status != NS_RAN) {
        return arena_str(arena, str_of(report.text));
    }
    bool exited = WIFEXITED(report.wait_status);
    reply->end = exited ? EXEC_EXITED : EXEC_SIGNALLED;
    reply->code = exited ? WEXITSTATUS(report.wait_status) : WTERMSIG(report.wait_status);
    return (struct str){0};
}

static uint64_t time_us(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

static void child_reap(struct child *child, struct ns_reply *reply)
{
    struct rusage usage;
    int status;
    while (wait4(child->pid, &status, 0, &usage) < 0) {
        assert(errno == EINTR);
    }
    reply->wall_us = now_us() - child->start_us;
    reply->user_us = time_us(usage.ru_utime);
    reply->system_us = time_us(usage.ru_stime);
    reply->rss_max_bytes = (uint64_t)usage.ru_maxrss * 1024;
}

static enum err network_renew(struct runner *runner, struct diags *diags)
{
    enum err err = runner->network_fresh ? OK : ns_network_renew(diags);
    runner->network_fresh = err == OK;
    return err;
}

static enum err action_run(struct runner *runner, struct str bytes, struct arena *arena)
{
    struct diags diags;
    diags_init(&diags, arena, NULL);
    struct ns_reply reply = {
        .landlock_abi = runner->landlock_abi, .pids_bounded = runner->pids_bounded ? 1 : 0};
    struct child child = {.pid_fd = -1, .fds = {-1, -1, -1}, .end = EXEC_EXITED};
    struct ns_stage stage = {.root_fd = -1};
    struct ns_request request;
    struct str texts[3] = {0};
    enum err err = ns_request_decode(bytes, arena, &request, &diags);
    err = err != OK ? err : ns_stage_make(runner->store_fd, &request, arena, &stage, &diags);
    err = err != OK ? err : network_renew(runner, &diags);
    err = err != OK ? err : child_start(runner, &request, &stage, &child, &diags);
    if (err == OK) {
        child_watch(runner, &child);
        child_reap(&child, &reply);
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
        err = ns_reply_send(runner->socket_fd, &reply, texts, whole ? stage.root_fd : -1);
    }
    fd_close(&stage.root_fd);
    child_release(&child);
    /* For the next action, which fails if this does. */
    (void)!network_renew(runner, &diags);
    return err;
}

/* Requests until the other end closes. */
static void serve(struct runner *runner)
{
    struct arena arena = {0};
    while (!runner->orphan) {
        uint32_t len;
        if (fd_read_full(runner->socket_fd, &len, sizeof len) != sizeof len ||
            len > NS_REQUEST_BYTES_MAX) {
            return;
        }
        char *bytes = arena_alloc(&arena, len);
        if (fd_read_full(runner->socket_fd, bytes, len) != (ssize_t)len) {
            return;
        }
        /* An error was told in the reply; one in sending it shows when we read again. */
        (void)!action_run(runner, (struct str){.ptr = bytes, .len = len}, &arena);
        arena_release(&arena);
    }
}

/* Nothing of the program's is left but the two descriptors, which become 3 and 4. */
static bool process_clean(int *socket_fd, int *cancel_fd)
{
    int sockets[2] = {
        fcntl(*socket_fd, F_DUPFD_CLOEXEC, 64), fcntl(*cancel_fd, F_DUPFD_CLOEXEC, 64)};
    int null_fd = open("/dev/null", O_RDWR);
    if (sockets[0] < 0 || sockets[1] < 0 || null_fd < 0) {
        return false;
    }
    for (int fd = 0; fd < 3; fd++) {
        if (dup2(null_fd, fd) < 0) {
            return false;
        }
    }
    *socket_fd = dup3(sockets[0], 3, O_CLOEXEC);
    *cancel_fd = dup3(sockets[1], 4, O_CLOEXEC);
    /* A process that has changed its user does not own its own /proc files; id maps are such. */
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    (void)setsid(); /* the terminal's interrupt is the program's to deal with */
    for (int number = 1; number < NSIG; number++) {
        (void)signal(number, SIG_DFL); /* 9 and 19 cannot be, and need not */
    }
    (void)signal(SIGPIPE, SIG_IGN);
    sigset_t none;
    (void)sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL) == 0 && close_range(5, ~0U, 0) == 0;
}

_Noreturn void ns_runner_main(int socket_fd, int cancel_fd, const char *store_root)
{
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    char cgroup[256] = "";
    struct runner runner = {.store_fd = -1};
    struct ns_reply reply = {.status = NS_READY};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (!process_clean(&socket_fd, &cancel_fd)) {
        _exit(1);
    }
    runner.socket_fd = socket_fd;
    runner.cancel_fd = cancel_fd;
    ns_pids_bound(cgroup, sizeof cgroup);
    enum err err = ns_slot_enter(store_root, &diags);
    if (err == OK) {
        runner.store_fd = open("/store", O_PATH | O_DIRECTORY | O_CLOEXEC);
        runner.network_fresh = true;
        runner.landlock_abi = ns_landlock_abi();
        runner.pids_bounded = cgroup[0] != '\0';
        ns_filter_build(&runner.filter);
    }
    struct str texts[3] = {err == OK ? str_of(cgroup) : diags.newest->text, {0}, {0}};
    reply.status = err == OK ? NS_READY : NS_BROKEN;
    reply.text_len = texts[0].len;
    if (ns_reply_send(socket_fd, &reply, texts, -1) == OK && err == OK) {
        serve(&runner);
    }
    arena_release(&arena);
    _exit(0);
}
