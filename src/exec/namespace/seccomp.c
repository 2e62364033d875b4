/* src/exec/namespace/seccomp.c
 *
 * The filter is a search tree over the call's number: some eight comparisons for each call, and
 * the kernel's own cache of always-allowed numbers sees through it. */
#include "exec/namespace/seccomp.h"
#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OUR_MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_MACHINE AUDIT_ARCH_AARCH64
#else
#error "no list of system calls for this machine"
#endif

/* A verdict is a return value of the filter, or one of these: look at the arguments. */
enum look {
    LOOK_CLONE = 1, /* not into namespaces */
    LOOK_IOCTL,     /* not typing into a terminal */
    LOOK_SOCKET,    /* only families that a network namespace divides */
    LOOK_FCNTL,     /* no leases, no notices: they reach over to readers of the same file */
    LOOK_PERSONALITY,
    LOOK_KEY,     /* a runner's own: allowed with its key */
    LOOK_UNSHARE, /* the same, but for user namespaces: it has its own before the filter */
    LOOK_COUNT,
};
enum {
    KEY_ARGUMENT = 5, /* none of those calls has as many */
};
enum {
    FILTER_LEN_MAX = 768,
};
struct filter {
    struct sock_filter code[FILTER_LEN_MAX];
    unsigned short len;
};
#define DENY(error_number) (SECCOMP_RET_ERRNO | (error_number))

static const int allowed_numbers[] = {
    SYS_read,
    SYS_write,
    SYS_close,
    SYS_fstat,
    SYS_lseek,
    SYS_mmap,
    SYS_mprotect,
    SYS_munmap,
    SYS_brk,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_pread64,
    SYS_pwrite64,
    SYS_readv,
    SYS_writev,
    SYS_sched_yield,
    SYS_mremap,
    SYS_msync,
    SYS_mincore,
    SYS_madvise,
    SYS_shmat,
    SYS_shmctl,
    SYS_dup,
    SYS_nanosleep,
    SYS_getitimer,
    SYS_setitimer,
    SYS_getpid,
    SYS_sendfile,
    SYS_connect,
    SYS_accept,
    SYS_sendto,
    SYS_recvfrom,
    SYS_sendmsg,
    SYS_recvmsg,
    SYS_shutdown,
    SYS_bind,
    SYS_listen,
    SYS_getsockname,
    SYS_getpeername,
    SYS_setsockopt,
    SYS_getsockopt,
    SYS_execve,
    SYS_exit,
    SYS_wait4,
    SYS_kill,
    SYS_uname,
    SYS_semop,
    SYS_semctl,
    SYS_shmdt,
    SYS_msgsnd,
    SYS_msgrcv,
    SYS_msgctl,
    SYS_flock,
    SYS_fsync,
    SYS_fdatasync,
    SYS_truncate,
    SYS_ftruncate,
    SYS_getcwd,
    SYS_chdir,
    SYS_fchdir,
    SYS_fchmod,
    SYS_fchown,
    SYS_umask,
    SYS_gettimeofday,
    SYS_getrusage,
    SYS_sysinfo,
    SYS_times,
    SYS_getuid,
    SYS_getgid,
    SYS_setuid,
    SYS_setgid,
    SYS_geteuid,
    SYS_getegid,
    SYS_setpgid,
    SYS_getppid,
    SYS_setsid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setgroups,
    SYS_setresuid,
    SYS_getresuid,
    SYS_setresgid,
    SYS_getresgid,
    SYS_getpgid,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_getsid,
    SYS_capget,
    SYS_capset,
    SYS_rt_sigpending,
    SYS_rt_sigtimedwait,
    SYS_rt_sigqueueinfo,
    SYS_rt_sigsuspend,
    SYS_sigaltstack,
    SYS_statfs,
    SYS_fstatfs,
    SYS_getpriority,
    SYS_setpriority,
    SYS_sched_setparam,
    SYS_sched_getparam,
    SYS_sched_setscheduler,
    SYS_sched_getscheduler,
    SYS_sched_get_priority_max,
    SYS_sched_get_priority_min,
    SYS_sched_rr_get_interval,
    SYS_mlock,
    SYS_munlock,
    SYS_mlockall,
    SYS_munlockall,
    SYS_prctl,
    SYS_gettid,
    SYS_readahead,
    SYS_getxattr,
    SYS_lgetxattr,
    SYS_fgetxattr,
    SYS_listxattr,
    SYS_llistxattr,
    SYS_flistxattr,
    SYS_tkill,
    SYS_futex,
    SYS_sched_setaffinity,
    SYS_sched_getaffinity,
    SYS_getdents64,
    SYS_set_tid_address,
    SYS_restart_syscall,
    SYS_semtimedop,
    SYS_fadvise64,
    SYS_timer_create,
    SYS_timer_settime,
    SYS_timer_gettime,
    SYS_timer_getoverrun,
    SYS_timer_delete,
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    SYS_exit_group,
    SYS_epoll_ctl,
    SYS_tgkill,
    SYS_mbind,
    SYS_set_mempolicy,
    SYS_get_mempolicy,
    SYS_mq_unlink,
    SYS_mq_timedsend,
    SYS_mq_timedreceive,
    SYS_mq_notify,
    SYS_mq_getsetattr,
    SYS_waitid,
    SYS_ioprio_set,
    SYS_ioprio_get,
    SYS_openat,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_fchownat,
    SYS_newfstatat,
    SYS_unlinkat,
    SYS_linkat,
    SYS_symlinkat,
    SYS_readlinkat,
    SYS_fchmodat,
    SYS_faccessat,
    SYS_pselect6,
    SYS_ppoll,
    SYS_set_robust_list,
    SYS_get_robust_list,
    SYS_splice,
    SYS_tee,
    SYS_sync_file_range,
    SYS_utimensat,
    SYS_epoll_pwait,
    SYS_timerfd_create,
    SYS_fallocate,
    SYS_timerfd_settime,
    SYS_timerfd_gettime,
    SYS_accept4,
    SYS_signalfd4,
    SYS_eventfd2,
    SYS_epoll_create1,
    SYS_dup3,
    SYS_pipe2,
    SYS_preadv,
    SYS_pwritev,
    SYS_rt_tgsigqueueinfo,
    SYS_recvmmsg,
    SYS_prlimit64,
    SYS_sendmmsg,
    SYS_getcpu,
    SYS_sched_setattr,
    SYS_sched_getattr,
    SYS_renameat2,
    SYS_seccomp,
    SYS_getrandom,
    SYS_memfd_create,
    SYS_execveat,
    SYS_membarrier,
    SYS_mlock2,
    SYS_copy_file_range,
    SYS_preadv2,
    SYS_pwritev2,
    SYS_pkey_mprotect,
    SYS_pkey_alloc,
    SYS_pkey_free,
    SYS_statx,
    SYS_rseq,
    SYS_pidfd_send_signal,
    SYS_pidfd_open,
    SYS_close_range,
    SYS_openat2,
    SYS_faccessat2,
    SYS_epoll_pwait2,
    SYS_landlock_create_ruleset,
    SYS_landlock_add_rule,
    SYS_landlock_restrict_self,
    /* Own children only, as process 1 is hidden: LeakSanitizer at a test's end, and debuggers. */
    SYS_ptrace,
#ifdef __x86_64__
    SYS_open,
    SYS_stat,
    SYS_lstat,
    SYS_poll,
    SYS_access,
    SYS_pipe,
    SYS_select,
    SYS_dup2,
    SYS_pause,
    SYS_alarm,
    SYS_fork,
    SYS_vfork,
    SYS_getdents,
    SYS_rename,
    SYS_mkdir,
    SYS_rmdir,
    SYS_creat,
    SYS_link,
    SYS_unlink,
    SYS_symlink,
    SYS_readlink,
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_getrlimit,
    SYS_getpgrp,
    SYS_utime,
    SYS_mknod,
    SYS_arch_prctl,
    SYS_setrlimit,
    SYS_time,
    SYS_epoll_create,
    SYS_epoll_wait,
    SYS_utimes,
    SYS_futimesat,
    SYS_renameat,
    SYS_signalfd,
    SYS_eventfd,
#endif
};
/* What exists and is refused: an honest EPERM reads better than "no such call". */
static const int denied_numbers[] = {SYS_mount, SYS_chroot, SYS_process_vm_readv,
    SYS_process_vm_writev, SYS_kcmp, SYS_keyctl, SYS_add_key, SYS_request_key, SYS_bpf,
    SYS_perf_event_open, SYS_userfaultfd, SYS_syslog, SYS_open_by_handle_at, SYS_name_to_handle_at,
    SYS_fspick, SYS_pidfd_getfd, SYS_sethostname, SYS_setdomainname, SYS_clock_settime,
    SYS_settimeofday, SYS_reboot, SYS_quotactl};
/* Refused too, but for the runner, which lays out the next action's namespaces under the same
 * filter. */
static const int key_numbers[] = {SYS_setns, SYS_pivot_root, SYS_umount2, SYS_open_tree,
    SYS_move_mount, SYS_fsopen, SYS_fsmount, SYS_fsconfig, SYS_mount_setattr};
/* Allowed, and told: SysV objects outlive their processes, and so may a socket that travels in
 * another; and counters go on. LOOK_SOCKET is of this kind. */
static const int told_numbers[] = {SYS_socketpair, SYS_shmget, SYS_semget, SYS_msgget, SYS_mq_open};
/* Neither attributes nor access lists can become part of an output. */
static const int attribute_numbers[] = {SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, SYS_removexattr,
    SYS_lremovexattr, SYS_fremovexattr};

struct rule {
    uint32_t number, verdict;
};
struct rules {
    struct rule rows[512];
    size_t len;
};

static void rules_add(struct rules *rules, uint32_t number, uint32_t verdict)
{
    assert(rules->len < sizeof rules->rows / sizeof rules->rows[0]);
    rules->rows[rules->len++] = (struct rule){.number = number, .verdict = verdict};
}

static void rules_add_all(struct rules *rules, const int *numbers, size_t count, uint32_t verdict)
{
    for (size_t i = 0; i < count; i++) {
        rules_add(rules, (uint32_t)numbers[i], verdict);
    }
}

static int rule_compare(const void *a, const void *b)
{
    uint32_t x = ((const struct rule *)a)->number;
    uint32_t y = ((const struct rule *)b)->number;
    return (x > y) - (x < y);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void rules_collect(struct rules *rules, uint32_t told)
{
    rules->len = 0;
    rules_add_all(rules, allowed_numbers, COUNT(allowed_numbers), SECCOMP_RET_ALLOW);
    rules_add_all(rules, denied_numbers, COUNT(denied_numbers), DENY(EPERM));
    rules_add_all(rules, told_numbers, COUNT(told_numbers), told);
    rules_add_all(rules, key_numbers, COUNT(key_numbers), LOOK_KEY);
    rules_add_all(rules, attribute_numbers, COUNT(attribute_numbers), DENY(EOPNOTSUPP));
    /* "No supplementary groups", whoever runs us: those of an ordinary user cannot be dropped. */
    rules_add(rules, SYS_getgroups, DENY(0));
    rules_add(rules, SYS_unshare, LOOK_UNSHARE);
    rules_add(rules, SYS_clone, LOOK_CLONE);
    rules_add(rules, SYS_ioctl, LOOK_IOCTL);
    rules_add(rules, SYS_socket, LOOK_SOCKET);
    rules_add(rules, SYS_fcntl, LOOK_FCNTL);
    rules_add(rules, SYS_personality, LOOK_PERSONALITY);
    qsort(rules->rows, rules->len, sizeof rules->rows[0], rule_compare);
}

/* Rows become ranges: row i holds from its number to that of row i + 1. */
static void ranges_make(const struct rules *rules, struct rules *ranges)
{
    ranges->len = 0;
    uint32_t next = 0;
    for (size_t i = 0; i < rules->len; i++) {
        struct rule rule = rules->rows[i];
        assert(i == 0 || rule.number > rules->rows[i - 1].number);
        if (rule.number > next) {
            rules_add(ranges, next, DENY(ENOSYS));
        }
        bool same = ranges->len > 0 && ranges->rows[ranges->len - 1].verdict == rule.verdict;
        if (!same) {
            rules_add(ranges, rule.number, rule.verdict);
        }
        next = rule.number + 1;
    }
    rules_add(ranges, next, DENY(ENOSYS));
}

static unsigned emit(struct filter *filter, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
    assert(filter->len < FILTER_LEN_MAX);
    filter->code[filter->len] = (struct sock_filter){.code = code, .jt = jt, .jf = jf, .k = k};
    return filter->len++;
}

/* Balanced: the recursion is as deep as the logarithm of the ranges. A leaf that must look at
 * arguments jumps to a place that is not known yet: jumps[] remembers which. */
static void tree_emit(
    struct filter *filter, const struct rule *ranges, size_t count, uint8_t looks[FILTER_LEN_MAX])
{
    if (count == 1) {
        bool look = ranges[0].verdict < LOOK_COUNT;
        unsigned at =
            emit(filter, look ? BPF_JMP | BPF_JA : BPF_RET | BPF_K, ranges[0].verdict, 0, 0);
        looks[at] = look ? (uint8_t)ranges[0].verdict : 0;
        return;
    }
    size_t half = count / 2;
    (void)emit(filter, BPF_JMP | BPF_JGE | BPF_K, ranges[half].number, 0, 1);
    unsigned to_right = emit(filter, BPF_JMP | BPF_JA, 0, 0, 0);
    tree_emit(filter, ranges, half, looks);
    filter->code[to_right].k = filter->len - to_right - 1;
    tree_emit(filter, ranges + half, count - half, looks);
}

static void load_half(struct filter *filter, uint32_t argument, uint32_t half)
{
    uint32_t offset = (uint32_t)offsetof(struct seccomp_data, args) + 8 * argument + 4 * half;
    (void)emit(filter, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0); /* little-endian: low is 0 */
}

static void load_argument(struct filter *filter, uint32_t argument)
{
    load_half(filter, argument, 0);
}

/* If the loaded argument is value: verdict. */
static void if_equal(struct filter *filter, uint32_t value, uint32_t verdict)
{
    (void)emit(filter, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    (void)emit(filter, BPF_RET | BPF_K, verdict, 0, 0);
}

/* Both halves together, without a branch between: the time of a wrong guess must not tell that half
 * of it is right. */
static void key_emit(struct filter *filter, uint64_t key)
{
    load_half(filter, KEY_ARGUMENT, 0);
    (void)emit(filter, BPF_ALU | BPF_XOR | BPF_K, (uint32_t)key, 0, 0);
    (void)emit(filter, BPF_MISC | BPF_TAX, 0, 0, 0);
    load_half(filter, KEY_ARGUMENT, 1);
    (void)emit(filter, BPF_ALU | BPF_XOR | BPF_K, (uint32_t)(key >> 32), 0, 0);
    (void)emit(filter, BPF_ALU | BPF_OR | BPF_X, 0, 0, 0);
    if_equal(filter, 0, SECCOMP_RET_ALLOW);
}

/* If a flag of these is in the loaded argument: EPERM. */
static void if_flagged(struct filter *filter, uint32_t flags)
{
    (void)emit(filter, BPF_JMP | BPF_JSET | BPF_K, flags, 0, 1);
    (void)emit(filter, BPF_RET | BPF_K, DENY(EPERM), 0, 0);
}

static void look_emit(struct filter *filter, enum look look, uint64_t key, uint32_t told)
{
    /* Not CLONE_NEWPID, which the runner needs (and clone's sixth argument cannot be reached from
     * C): an action has no capability to make one, and no way to a namespace in which it would. */
    static const uint32_t namespaces =
        CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWNET;
    uint32_t rest = SECCOMP_RET_ALLOW;
    switch (look) {
    case LOOK_CLONE:
        load_argument(filter, 0);
        if_flagged(filter, namespaces);
        break;
    case LOOK_IOCTL:
        load_argument(filter, 1);
        if_equal(filter, TIOCSTI, DENY(EPERM));
        if_equal(filter, TIOCLINUX, DENY(EPERM));
        break;
    case LOOK_SOCKET:
        load_argument(filter, 0);
        if_equal(filter, AF_UNIX, told);
        if_equal(filter, AF_INET, told);
        if_equal(filter, AF_INET6, told);
        if_equal(filter, AF_NETLINK, told);
        rest = DENY(EAFNOSUPPORT);
        break;
    case LOOK_FCNTL:
        load_argument(filter, 1);
        if_equal(filter, 1024, DENY(EPERM)); /* F_SETLEASE */
        if_equal(filter, 1026, DENY(EPERM)); /* F_NOTIFY */
        break;
    case LOOK_PERSONALITY:
        load_argument(filter, 0);
        if_equal(filter, UINT32_MAX, SECCOMP_RET_ALLOW); /* the question what it is */
        rest = DENY(EPERM);
        break;
    case LOOK_UNSHARE:
        load_argument(filter, 0);
        if_flagged(filter, CLONE_NEWUSER);
        key_emit(filter, key);
        rest = DENY(EPERM);
        break;
    case LOOK_KEY:
        key_emit(filter, key);
        rest = DENY(EPERM);
        break;
    case LOOK_COUNT:
        break;
    }
    (void)emit(filter, BPF_RET | BPF_K, rest, 0, 0);
}

static void filter_build(uint64_t key, bool asks, struct filter *ret_filter)
{
    uint32_t told = asks ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW;
    struct rules rules;
    struct rules ranges;
    uint8_t looks[FILTER_LEN_MAX] = {0};
    rules_collect(&rules, told);
    ranges_make(&rules, &ranges);
    struct filter *filter = ret_filter;
    filter->len = 0;
    (void)emit(filter, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
    (void)emit(filter, BPF_JMP | BPF_JEQ | BPF_K, OUR_MACHINE, 1, 0);
    (void)emit(filter, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    (void)emit(filter, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
#ifdef __x86_64__
    /* x32: the same machine with other numbers. */
    (void)emit(filter, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
    (void)emit(filter, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
#endif
    tree_emit(filter, ranges.rows, ranges.len, looks);
    unsigned tree_end = filter->len;
    for (int look = LOOK_CLONE; look < LOOK_COUNT; look++) {
        for (unsigned i = 0; i < tree_end; i++) {
            if (looks[i] == look) {
                filter->code[i].k = filter->len - i - 1;
            }
        }
        look_emit(filter, (enum look)look, key, told);
    }
}

/* The listener's descriptor or 0; -1 with errno. */
static int filter_load(uint64_t key, bool asks)
{
    struct filter filter;
    filter_build(key, asks, &filter);
    struct sock_fprog program = {.len = filter.len, .filter = filter.code};
    unsigned flags = asks ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

enum err ns_filter_install(uint64_t key, int *ret_listener_fd, struct diags *diags)
{
    int listener_fd = filter_load(key, true);
    if (listener_fd < 0 && filter_load(key, false) != 0) {
        return diag_add_errno(diags, errno, "cannot load the filter of system calls");
    }
    *ret_listener_fd = listener_fd;
    return OK;
}

unsigned ns_filter_answer(int listener_fd)
{
    struct seccomp_notif question = {0}; /* the kernel wants it so */
    if (ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_RECV, &question) != 0) {
        return 0; /* whoever asked is dead */
    }
    struct seccomp_notif_resp answer = {
        .id = question.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    (void)ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_SEND, &answer); /* dead by now, or answered */
    bool network = question.data.nr == SYS_socket || question.data.nr == SYS_socketpair;
    return network ? NS_USED_NETWORK : NS_USED_IPC;
}
