/* src/exec/doctor.c: what a sandbox needs, tried one by one, each in a process of its own. */
#include "base/file.h"
#include "exec/exec.h"
#include "exec/namespace/group.h"
#include "exec/namespace/init.h"
#include "exec/namespace/landlock.h"
#include "exec/namespace/mount.h"
#include "exec/namespace/seccomp.h"
#include "exec/namespace/slot.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each is run in a fresh child; gives 0, or errno. */
static int user_try(void)
{
    unsigned uid = geteuid();
    unsigned gid = getegid();
    struct arena arena = {0};
    struct diags unheard;
    diags_init(&unheard, &arena, NULL);
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    if (unshare(CLONE_NEWUSER) != 0) {
        return errno;
    }
    errno = 0;
    return ns_ids_map(uid, gid, &unheard) == OK ? 0 : errno == 0 ? EPERM : errno;
}

static int with_user(int flags)
{
    int error_number = user_try();
    if (error_number != 0) {
        return error_number;
    }
    return unshare(flags) == 0 ? 0 : errno;
}

static int mount_namespace_try(void)
{
    return with_user(CLONE_NEWNS);
}
static int pid_try(void)
{
    return with_user(CLONE_NEWPID);
}
static int net_try(void)
{
    return with_user(CLONE_NEWNET);
}
static int ipc_try(void)
{
    return with_user(CLONE_NEWIPC);
}
static int uts_try(void)
{
    return with_user(CLONE_NEWUTS);
}
static int cgroup_namespace_try(void)
{
    return with_user(CLONE_NEWCGROUP);
}

static int file_system_try(const char *type)
{
    struct arena arena = {0};
    struct diags unheard;
    diags_init(&unheard, &arena, NULL);
    static const struct mount_option proc_options[] = {
        {"subset", "pid"}, {"hidepid", "ptraceable"}};
    size_t option_count = strcmp(type, "proc") == 0 ? 2 : 0;
    int fd = -1;
    errno = 0;
    enum err err = mount_new(0, type, proc_options, option_count,
        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, &fd,
        &unheard);
    err = err != OK ? err : mount_restrict(0, fd, MOUNT_ATTR_NOSUID, &unheard);
    return err == OK ? 0 : errno == 0 ? EPERM : errno;
}

static int mount_calls_try(void)
{
    int error_number = with_user(CLONE_NEWNS);
    return error_number != 0 ? error_number : file_system_try("tmpfs");
}

/* A /proc is that of a pid namespace, which only a child is in. */
static int proc_try(void)
{
    int error_number = with_user(CLONE_NEWNS | CLONE_NEWPID);
    if (error_number != 0) {
        return error_number;
    }
    pid_t pid = fork();
    if (pid == 0) {
        _exit(file_system_try("proc"));
    }
    int status;
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status)
                                                                           : EIO;
}

static int openat2_try(void)
{
    struct open_how how = {
        .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    return syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof how) >= 0 ? 0 : errno;
}

static int personality_try(void)
{
    return personality(ADDR_NO_RANDOMIZE) >= 0 ? 0 : errno;
}

static int seccomp_try(void)
{
    struct arena arena = {0};
    struct diags unheard;
    diags_init(&unheard, &arena, NULL);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return errno;
    }
    errno = 0;
    int listener_fd;
    return ns_filter_install(1, &listener_fd, &unheard) == OK ? 0 : errno == 0 ? EPERM : errno;
}

static int landlock_try(void)
{
    return ns_landlock_abi() > 0 ? 0 : ENOSYS;
}

/* Another child joins the cgroups, so that they are empty again, and can go, when that has ended.
 */
static int group_try(bool memory)
{
    struct ns_groups groups;
    int ends[2];
    pid_t pid = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;
    if (pid < 0) {
        return errno;
    }
    if (pid == 0) {
        ns_groups_join(&groups);
        _exit(write(ends[1], &groups, sizeof groups) == sizeof groups ? 0 : 1);
    }
    (void)waitpid(pid, NULL, 0);
    if (read(ends[0], &groups, sizeof groups) != sizeof groups) {
        return ENOENT;
    }
    for (size_t i = 0; i < NS_GROUP_COUNT; i++) {
        ns_groups_release(str_of(groups.paths[i]));
    }
    return (memory ? groups.memory_version > 0 : groups.pids_events_fd >= 0) ? 0 : ENOENT;
}

static int pids_try(void)
{
    return group_try(false);
}

static int memory_try(void)
{
    return group_try(true);
}

static const char help_user[] =
    "as root: sysctl user.max_user_namespaces=100000; where they exist also "
    "kernel.unprivileged_userns_clone=1 and kernel.apparmor_restrict_unprivileged_userns=0\n"
    "in a container: allow unshare and mount (docker: --security-opt seccomp=unconfined)";
static const char help_namespaces[] =
    "as root: raise the sysctls user.max_*_namespaces; in a container: allow unshare and mount";
static const char help_kernel[] = "needs Linux 5.12 or newer; in a container: allow the call";
static const char help_proc[] =
    "without it /proc is empty for actions, and rustc, among others, does "
    "not work\nin a container: do not mask /proc (docker: "
    "--security-opt systempaths=unconfined)";
static const char help_landlock[] =
    "a second lock, not needed; Linux 5.13 or newer, and landlock in the kernel's lsm= list";
static const char help_pids[] = "without it an action's processes and memory are looked at ten "
                                "times a second: what grows faster "
                                "is seen late; as root: mount cgroup2; else run below a cgroup "
                                "that is yours (systemd-run --user)";

static const struct {
    const char *name;
    bool needed;
    int (*attempt)(void);
    const char *help;
} attempts[] = {
    {"user namespace", true, user_try, help_user},
    {"mount namespace", true, mount_namespace_try, help_namespaces},
    {"pid namespace", true, pid_try, help_namespaces},
    {"network namespace", true, net_try, help_namespaces},
    {"ipc namespace", true, ipc_try, help_namespaces},
    {"uts namespace", true, uts_try, help_namespaces},
    {"cgroup namespace", true, cgroup_namespace_try, help_namespaces},
    {"mounts by descriptor", true, mount_calls_try, help_kernel},
    {"own /proc", false, proc_try, help_proc},
    {"openat2", true, openat2_try, help_kernel},
    {"fixed addresses", true, personality_try, help_kernel},
    {"seccomp", true, seccomp_try, "the kernel needs CONFIG_SECCOMP_FILTER"},
    {"landlock", false, landlock_try, help_landlock},
    {"cgroup that bounds processes", false, pids_try, help_pids},
    {"cgroup that bounds memory", false, memory_try, help_pids},
};
enum {
    ATTEMPT_COUNT = sizeof attempts / sizeof attempts[0],
};

/* 0, errno, or -1: the child did not come back. */
static int attempt_run(int (*attempt)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        _exit(attempt());
    }
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
        return -1;
    }
    return WEXITSTATUS(status);
}

enum err exec_doctor(
    struct arena *arena, struct exec_check **ret_checks, size_t *ret_count, struct diags *diags)
{
    struct exec_check *checks = ARENA_NEW(arena, struct exec_check, ATTEMPT_COUNT);
    size_t count = 0;
    for (size_t i = 0; i < ATTEMPT_COUNT; i++) {
        int error_number = attempt_run(attempts[i].attempt);
        if (error_number < 0) {
            return diag_add(diags, ERR_IO, SPAN_NONE, "cannot try \"%s\"", attempts[i].name);
        }
        struct exec_check *check = &checks[count++];
        check->name = str_of(attempts[i].name);
        check->works = error_number == 0;
        check->needed = attempts[i].needed;
        check->help = check->works ? (struct str){0} : str_of(attempts[i].help);
        char reason[128];
        check->detail = error_number != 0 ? arena_printf(arena, "%s",
                                                strerror_r(error_number, reason, sizeof reason))
                        : attempts[i].attempt == landlock_try
                            ? arena_printf(arena, "version %u", ns_landlock_abi())
                            : STR("works");
    }
    *ret_checks = checks;
    *ret_count = count;
    return OK;
}
