/* src/exec/namespace/init.c */
#include "exec/namespace/init.h"
#include "base/file.h"
#include "exec/namespace/landlock.h"
#include "exec/namespace/mount.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    BINDS_AT_ONCE = 256, /* descriptors that are open at a time */
    VARIED_PIDS = 41,
};

/* A /proc of this pid namespace, if the kernel lets us: it does not where the host's own /proc is
 * partly covered (in some containers). Then the folder stays empty, and the level says so. */
static int proc_new(const struct ns_init *init)
{
    static const struct mount_option options[] = {{"subset", "pid"}, {"hidepid", "ptraceable"}};
    struct diags unheard;
    diags_init(&unheard, init->arena, NULL);
    int fd = -1;
    unsigned attributes =
        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    return mount_new(init->slot->key, "proc", options, 2, attributes, &fd, &unheard) == OK ? fd
                                                                                           : -1;
}

/* Copies of the mounts that the next binds show, made at home, where the store is. */
struct pieces {
    int fds[BINDS_AT_ONCE];
    size_t first, count;
};

static enum err piece_open(
    const struct ns_init *init, const struct ns_bind *bind, int *ret_fd, struct diags *diags)
{
    uint64_t key = init->slot->key;
    if (bind->waits[0] != '\0') {
        struct diags unheard; /* it may be in its place by now */
        diags_init(&unheard, init->arena, NULL);
        const char *waits = arena_printf(init->arena, "/store/%s", bind->waits).ptr;
        if (mount_copy(key, AT_FDCWD, waits, ret_fd, &unheard) == OK) {
            return OK;
        }
    }
    const char *from = arena_printf(init->arena, "/store/%s", bind->from).ptr;
    return mount_copy(key, AT_FDCWD, from, ret_fd, diags);
}

static enum err pieces_open(const struct ns_init *init, struct pieces *pieces, struct diags *diags)
{
    const struct ns_stage *stage = init->stage;
    enum err err = OK;
    pieces->count = 0;
    while (err == OK && pieces->count < BINDS_AT_ONCE &&
           pieces->first + pieces->count < stage->bind_count) {
        const struct ns_bind *bind = &stage->binds[pieces->first + pieces->count];
        err = piece_open(init, bind, &pieces->fds[pieces->count], diags);
        pieces->count += err == OK ? 1 : 0;
    }
    return err;
}

static enum err pieces_attach(
    const struct ns_init *init, struct pieces *pieces, struct diags *diags)
{
    enum err err = OK;
    for (size_t i = 0; i < pieces->count; i++) {
        const char *to =
            arena_printf(init->arena, "/%s", init->stage->binds[pieces->first + i].to).ptr;
        err = err != OK ? err : mount_attach(init->slot->key, pieces->fds[i], AT_FDCWD, to, diags);
        fd_close(&pieces->fds[i]);
    }
    pieces->first += pieces->count;
    return err;
}

/* The room's /build and /tmp are the action's own. from: below /tmp, where its file system lies
 * until its own /tmp covers it. */
static enum err part_show(const struct ns_init *init, const char *from, const char *to,
    unsigned attributes, struct diags *diags)
{
    return mount_bind(init->slot->key, from, AT_FDCWD, to, attributes, diags);
}

static enum err mounts_make(const struct ns_init *init, struct diags *diags)
{
    const struct ns_slot *slot = init->slot;
    struct pieces pieces = {0};
    AUTO_CLOSE int proc_fd = proc_new(init);
    init->report->proc_mounted = proc_fd >= 0 ? 1 : 0;
    enum err err = pieces_open(init, &pieces, diags);
    err = err != OK ? err : namespace_enter(slot->key, slot->room_fd, CLONE_NEWNS, "a room", diags);
    err = err != OK ? err : namespace_new(slot->key, CLONE_NEWNS, "a mount namespace", diags);
    if (err == OK && proc_fd >= 0) {
        err = mount_attach(slot->key, proc_fd, AT_FDCWD, "/proc", diags);
    }
    err = err != OK ? err : mount_attach(slot->key, init->stage->root_fd, AT_FDCWD, "/tmp", diags);
    err = err != OK ? err : part_show(init, "/tmp/build", "/build", MOUNT_ATTR_RDONLY, diags);
    err = err != OK ? err : part_show(init, "/tmp/build/out", "/build/out", 0, diags);
    err = err != OK ? err : part_show(init, "/tmp/tmp", "/tmp", 0, diags);
    err = err != OK ? err : pieces_attach(init, &pieces, diags);
    if (err != OK || pieces.first == init->stage->bind_count) {
        return err;
    }
    AUTO_CLOSE int own_fd = openat(slot->proc_fd, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
    while (err == OK && pieces.first < init->stage->bind_count) {
        err = namespace_enter(slot->key, slot->home_fd, CLONE_NEWNS, "home", diags);
        err = err != OK ? err : pieces_open(init, &pieces, diags);
        err =
            err != OK ? err : namespace_enter(slot->key, own_fd, CLONE_NEWNS, "the sandbox", diags);
        err = err != OK ? err : pieces_attach(init, &pieces, diags);
    }
    return err;
}

/* Process 2 until it becomes the action's program; memory is shared with process 1, which waits. */
struct payload {
    const struct ns_init *init;
    struct diags *diags;
    enum ns_status failed; /* NS_REFUSED or NS_BROKEN, if it comes back */
};

/* Of all processes, the kernel shall take an action's first when memory runs out. Here, as it would
 * be the runner's, too, if init said so. */
static enum err memory_last(const struct ns_slot *slot, struct diags *diags)
{
    AUTO_CLOSE int fd = openat(slot->proc_fd, "self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || fd_write_all(fd, STR("1000")) != OK) {
        return diag_add_errno(diags, errno, "cannot set the action's oom_score_adj");
    }
    return OK;
}

/* One CPU, the last of those that may be used; no harm where it cannot be had. */
static void cpus_fewer(void)
{
    cpu_set_t set, one;
    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        return;
    }
    int last = CPU_SETSIZE - 1;
    while (last > 0 && !CPU_ISSET((size_t)last, &set)) {
        last--;
    }
    CPU_ZERO(&one);
    CPU_SET((size_t)last, &one);
    (void)sched_setaffinity(0, sizeof one, &one);
}

static enum err payload_prepare(const struct ns_init *init, struct diags *diags)
{
    enum err err = memory_last(init->slot, diags);
    if (err != OK) {
        return err;
    }
    AUTO_CLOSE int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd < 0 || dup2(null_fd, 0) < 0 || dup2(init->stdout_fd, 1) < 0 ||
        dup2(init->stderr_fd, 2) < 0) {
        return diag_add_errno(diags, errno, "cannot set up the action's standard streams");
    }
    (void)signal(SIGPIPE, SIG_DFL); /* the runner's is to ignore it */
    (void)setsid();
    if (init->terminal_fd >= 0 &&
        (dup2(init->terminal_fd, 0) < 0 || dup2(init->terminal_fd, 1) < 0 ||
            dup2(init->terminal_fd, 2) < 0 || ioctl(0, TIOCSCTTY, 0) != 0)) {
        return diag_add_errno(diags, errno, "cannot give the action its terminal");
    }
    (void)umask(022);
    if (init->request->varied) {
        cpus_fewer();
    }
    if (chdir("/build") != 0) {
        return diag_add_errno(diags, errno, "cannot enter /build");
    }
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {0};
    if (syscall(SYS_capset, &header, none) != 0) {
        return diag_add_errno(diags, errno, "cannot drop capabilities");
    }
    unsigned abi = init->slot->landlock_abi;
    return abi > 0 ? ns_landlock_restrict(abi, diags) : OK;
}

/* Nothing of the runner's but the standard streams, and a jobserver's ends if it shares them. The
 * runner keeps those above the places where an action has them. */
static int descriptors_leave(const struct ns_init *init)
{
    if (init->request->tokens == 0 || init->token_fds[0] < 0) {
        return close_range(NS_TOKENS_FD, ~0U, 0);
    }
    return dup2(init->token_fds[0], NS_TOKENS_FD) < 0 ||
                   dup2(init->token_fds[1], NS_TOKENS_FD + 1) < 0
               ? -1
               : close_range(NS_TOKENS_FD + 2, ~0U, 0);
}

static int payload_main(void *context)
{
    struct payload *payload = context;
    const struct ns_init *init = payload->init;
    payload->failed = NS_BROKEN;
    if (payload_prepare(init, payload->diags) != OK) {
        return 1;
    }
    if (descriptors_leave(init) != 0) {
        (void)!diag_add_errno(payload->diags, errno, "cannot close the runner's descriptors");
        return 1;
    }
    payload->failed = NS_REFUSED;
    const char *program = init->request->argv[0];
    /* execve takes its arrays as if it could change them; it does not. */
    (void)syscall(SYS_execve, program, init->request->argv, init->request->env);
    if (errno == ENOENT) {
        (void)!diag_add(payload->diags, ERR_INVALID, SPAN_NONE,
            "cannot start %s in the sandbox: it is not there, or the loader that it names is not",
            program);
    } else {
        (void)!diag_add_errno(payload->diags, errno, "cannot start %s in the sandbox", program);
    }
    return 1;
}

static int nothing_main(void *context)
{
    (void)context;
    return 0;
}

/* The action's number, and those of what it starts, are others than in a plain run. */
static void pids_pass(const struct ns_init *init)
{
    for (int i = 0; i < VARIED_PIDS; i++) {
        pid_t pid = clone(
            nothing_main, init->stack + NS_STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
        while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
}

/* OK: it runs, *ret_pid. */
static enum err payload_start(const struct ns_init *init, pid_t *ret_pid, struct diags *diags)
{
    struct payload payload = {.init = init, .diags = diags, .failed = NS_BROKEN};
    const struct diag *before = diags->newest;
    if (init->request->varied) {
        pids_pass(init);
    }
    pid_t pid = clone(
        payload_main, init->stack + NS_STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, &payload);
    if (pid < 0) {
        return diag_add_errno(diags, errno, "cannot start a process in the sandbox");
    }
    if (diags->newest != before) {
        init->report->status = payload.failed;
        return ERR_IO;
    }
    *ret_pid = pid;
    return OK;
}

static void reap_until(pid_t pid, struct ns_report *report)
{
    pid_t dead;
    do {
        int status;
        struct rusage usage;
        dead = wait4(-1, &status, 0, &usage);
        uint64_t rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
        if (dead > 0 && rss_bytes > report->rss_max_bytes) {
            report->rss_max_bytes = rss_bytes;
        }
        report->wait_status = dead == pid ? status : report->wait_status;
    } while (dead != pid);
}

int ns_init_main(void *context)
{
    const struct ns_init *init = context;
    struct ns_report *report = init->report;
    struct diags diags;
    diags_init(&diags, init->arena, NULL);
    report->status = NS_BROKEN;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    struct pollfd runner = {.fd = init->started_fd};
    if (poll(&runner, 1, 0) > 0) {
        _exit(1); /* nobody reads: the runner died before it could take us along */
    }
    pid_t pid = -1;
    enum err err = mounts_make(init, &diags);
    err = err != OK ? err : payload_start(init, &pid, &diags);
    if (err == OK) {
        /* The action cannot look into process 1 for its capabilities; now not for this, either. */
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        (void)close_range(0, (unsigned)init->started_fd - 1, 0);
        (void)close_range((unsigned)init->started_fd + 1, ~0U, 0);
        report->status = NS_READY;
    } else {
        struct str text = str_sub(diags.newest->text, 0, sizeof report->text - 1);
        memcpy(report->text, text.ptr, text.len);
    }
    if (write(init->started_fd, "", 1) == 1 && err == OK) {
        reap_until(pid, report); /* the runner goes on: nothing here fails, so nothing sets errno */
        report->status = NS_RAN;
    }
    _exit(0);
}
