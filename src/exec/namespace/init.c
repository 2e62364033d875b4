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
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static enum err text_write(const char *path, struct str text, struct diags *diags)
{
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || fd_write_all(fd, text) != OK) {
        return diag_add_errno(diags, errno, "cannot write %s", path);
    }
    return OK;
}

enum err ns_ids_map(unsigned outer_uid, unsigned outer_gid, struct diags *diags)
{
    struct str uids = arena_printf(diags->arena, "%d %u 1\n", NS_UID, outer_uid);
    struct str gids = arena_printf(diags->arena, "%d %u 1\n", NS_UID, outer_gid);
    enum err err = text_write("/proc/self/uid_map", uids, diags);
    err = err != OK ? err : text_write("/proc/self/setgroups", STR("deny"), diags);
    return err != OK ? err : text_write("/proc/self/gid_map", gids, diags);
}

/* A /proc of this pid namespace, if the kernel lets us: it does not where the host's own /proc is
 * partly covered (in some containers). Then the folder stays empty, and the level says so. */
static bool proc_mount(void)
{
    static const struct mount_option options[] = {{"subset", "pid"}, {"hidepid", "ptraceable"}};
    struct arena arena = {0};
    struct diags unheard;
    diags_init(&unheard, &arena, NULL);
    AUTO_CLOSE int fd = -1;
    unsigned attributes =
        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    enum err err = mount_new("proc", options, 2, attributes, &fd, &unheard);
    err = err != OK ? err : mount_attach(fd, AT_FDCWD, "proc", &unheard);
    arena_release(&arena);
    return err == OK;
}

static enum err mounts_make(
    const struct ns_init *init, uint32_t *ret_proc_mounted, struct diags *diags)
{
    const struct ns_stage *stage = init->stage;
    /* Twice: the action's / becomes read-only, the runner's view of the same files stays as it is.
     */
    enum err err = mount_attach(stage->root_fd, AT_FDCWD, "/new", diags);
    err = err != OK ? err : mount_bind("/new", AT_FDCWD, "/new", 0, diags);
    if (err == OK && chdir("/new") != 0) {
        err = diag_add_errno(diags, errno, "cannot enter the sandbox");
    }
    for (size_t i = 0; err == OK && i < stage->bind_count; i++) {
        const char *from = arena_printf(diags->arena, "/store/%s", stage->binds[i].from).ptr;
        err = mount_bind(from, AT_FDCWD, stage->binds[i].to, 0, diags); /* /store is read-only */
    }
    err = err != OK ? err : mount_bind("/dev", AT_FDCWD, "dev", 0, diags);
    err = err != OK ? err : mount_bind("tmp", AT_FDCWD, "tmp", 0, diags);
    err = err != OK ? err : mount_bind("build/out", AT_FDCWD, "build/out", 0, diags);
    if (err != OK) {
        return err;
    }
    *ret_proc_mounted = proc_mount() ? 1 : 0;
    /* Only now, and not below: the two writable folders are mounts of their own. */
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    if (mount_setattr(AT_FDCWD, ".", 0, &attr, sizeof attr) != 0) {
        return diag_add_errno(diags, errno, "cannot make the sandbox's root read-only");
    }
    return mount_enter(diags);
}

static enum err capabilities_drop(struct diags *diags)
{
    unsigned long capability = 0;
    while (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) {
        capability++;
    }
    if (errno != EINVAL || capability <= CAP_CHECKPOINT_RESTORE) { /* EINVAL: behind the last */
        return diag_add_errno(diags, errno, "cannot drop capability %lu", capability);
    }
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {0};
    if (syscall(SYS_capset, &header, none) != 0) {
        return diag_add_errno(diags, errno, "cannot drop capabilities");
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return diag_add_errno(diags, errno, "cannot set no_new_privs");
    }
    return OK;
}

/* Process 2 until it becomes the action's program; memory is shared with process 1, which waits. */
struct payload {
    const struct ns_init *init;
    struct diags *diags;
    enum ns_status failed; /* NS_REFUSED or NS_BROKEN, if it comes back */
};

static enum err payload_prepare(const struct ns_init *init, struct diags *diags)
{
    AUTO_CLOSE int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd < 0 || dup2(null_fd, 0) < 0 || dup2(init->stdout_fd, 1) < 0 ||
        dup2(init->stderr_fd, 2) < 0) {
        return diag_add_errno(diags, errno, "cannot set up the action's standard streams");
    }
    (void)signal(SIGPIPE, SIG_DFL); /* the runner's is to ignore it */
    (void)setsid();
    (void)umask(022);
    if (chdir("/build") != 0) {
        return diag_add_errno(diags, errno, "cannot enter /build");
    }
    return init->landlock_abi > 0 ? ns_landlock_restrict(init->landlock_abi, diags) : OK;
}

static int payload_main(void *context)
{
    struct payload *payload = context;
    const struct ns_init *init = payload->init;
    payload->failed = NS_BROKEN;
    if (payload_prepare(init, payload->diags) != OK) {
        return 1;
    }
    if (close_range(3, ~0U, 0) != 0) {
        (void)!diag_add_errno(payload->diags, errno, "cannot close the runner's descriptors");
        return 1;
    }
    if (ns_filter_install(init->filter, payload->diags) != OK) {
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

/* OK: it runs, *ret_pid. */
static enum err payload_start(
    const struct ns_init *init, pid_t *ret_pid, enum ns_status *ret_failed, struct diags *diags)
{
    enum {
        STACK_BYTES = 256 * 1024,
    };
    struct payload payload = {.init = init, .diags = diags, .failed = NS_RAN};
    char *stack = arena_alloc(diags->arena, STACK_BYTES);
    const struct diag *before = diags->newest;
    pid_t pid =
        clone(payload_main, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, &payload);
    if (pid < 0) {
        return diag_add_errno(diags, errno, "cannot start a process in the sandbox");
    }
    if (diags->newest != before) {
        *ret_failed = payload.failed;
        return ERR_IO;
    }
    *ret_pid = pid;
    return OK;
}

static int reap_until(pid_t pid)
{
    for (;;) {
        int status;
        pid_t dead = waitpid(-1, &status, 0);
        if (dead == pid) {
            return status;
        }
    }
}

static enum err init_prepare(
    const struct ns_init *init, struct ns_report *report, struct diags *diags)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    struct pollfd runner = {.fd = init->report_fd};
    if (poll(&runner, 1, 0) > 0) {
        _exit(1); /* nobody reads: the runner died before it could take us along */
    }
    enum err err = ns_ids_map(NS_UID, NS_UID, diags);
    /* Of all processes, the kernel shall take an action's first when memory runs out. */
    err = err != OK ? err : text_write("/proc/self/oom_score_adj", STR("1000"), diags);
    err = err != OK ? err : mounts_make(init, &report->proc_mounted, diags);
    err = err != OK ? err : capabilities_drop(diags);
    if (err == OK && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        err = diag_add_errno(diags, errno, "cannot hide process 1");
    }
    return err;
}

_Noreturn void ns_init_main(const struct ns_init *init)
{
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    struct ns_report report = {.status = NS_BROKEN};
    pid_t pid = -1;
    enum err err = init_prepare(init, &report, &diags);
    if (err == OK) {
        err = payload_start(init, &pid, &report.status, &diags);
    }
    if (err == OK) {
        int report_fd = init->report_fd;
        report.status = NS_RAN;
        (void)close_range(0, (unsigned)report_fd - 1, 0);
        (void)close_range((unsigned)report_fd + 1, ~0U, 0);
        report.wait_status = reap_until(pid);
    } else {
        struct str text = str_sub(diags.newest->text, 0, sizeof report.text - 1);
        memcpy(report.text, text.ptr, text.len);
    }
    (void)!fd_write_all(
        init->report_fd, (struct str){.ptr = (const char *)&report, .len = sizeof report});
    _exit(0);
}
