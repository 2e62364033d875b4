/* src/exec/exec_probe.c: each probe tries what must not work. */
#include "exec/exec_probe.h"
#include "base/view.h"
#include "exec/exec.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/vm_sockets.h>
#include <mqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Says what should have failed, or should have held. */
static int broken_count;
#define FAILS(expression)                                                                          \
    do {                                                                                           \
        if ((long)(expression) >= 0) {                                                             \
            broken_count++;                                                                        \
            (void)printf("succeeded: %s\n", #expression);                                          \
        }                                                                                          \
    } while (0)
#define HOLDS(expression)                                                                          \
    do {                                                                                           \
        if (!(expression)) {                                                                       \
            broken_count++;                                                                        \
            (void)printf("does not hold: %s (errno %d)\n", #expression, errno);                    \
        }                                                                                          \
    } while (0)

static void host_files(char **argv)
{
    FAILS(open(argv[0], O_RDONLY)); /* a file that the test made on the host */
    FAILS(open("/etc/passwd", O_RDONLY));
    FAILS(open("/etc/hostname", O_RDONLY));
    FAILS(open("/root", O_RDONLY));
    FAILS(open("/home", O_RDONLY));
    FAILS(open("/var", O_RDONLY));
    FAILS(open("/run", O_RDONLY));
    FAILS(open("/sys", O_RDONLY));
}

static int entries_count(const char *path, bool numbers)
{
    DIR *dir = opendir(path);
    int count = 0;
    for (struct dirent *entry = dir == NULL ? NULL : readdir(dir); entry != NULL;
         entry = readdir(dir)) {
        bool number = entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
        count += entry->d_name[0] != '.' && (!numbers || number);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return count;
}

/* Process 1 has the runner's memory, in which the filter's key is. While it starts, and while the
 * runner looks at /proc, it is dumpable: its capabilities must keep us out by themselves. */
static void runner_memory(void)
{
    for (int i = 0; i < 20000 && broken_count == 0; i++) {
        FAILS(ptrace(PTRACE_SEIZE, 1, NULL, NULL));
        HOLDS(errno == EPERM);
    }
    static const char *const names[] = {
        "mem", "maps", "syscall", "auxv", "fd", "map_files", "task/1/mem", "root", "cwd", "exe"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "/proc/1/%s", names[i]);
        FAILS(open(path, O_RDONLY));
    }
    char byte;
    struct iovec here = {.iov_base = &byte, .iov_len = 1};
    FAILS(process_vm_readv(1, &here, 1, &here, 1, 0));
    HOLDS(errno == EPERM); /* not that there is nothing at this address */
    FAILS(process_vm_writev(1, &here, 1, &here, 1, 0));
    HOLDS(errno == EPERM);
}

static void host_pids(char **argv)
{
    runner_memory();
    HOLDS(entries_count("/proc", true) <= 2);
    HOLDS(getpid() == 2);
    HOLDS(getsid(0) == getpid());
    char *end;
    pid_t host = (pid_t)strtoul(argv[0], &end, 10); /* the test itself */
    HOLDS(host > 10);
    FAILS(kill(host, 0));
    FAILS(ptrace(PTRACE_ATTACH, 1, NULL, NULL));
    FAILS(open("/proc/1/root/etc", O_RDONLY));
    FAILS(open("/proc/1/environ", O_RDONLY));
}

static void read_only(char **argv)
{
    const char *input = argv[0];
    FAILS(open("/x", O_WRONLY | O_CREAT, 0600));
    FAILS(open("/lib64/x", O_WRONLY | O_CREAT, 0600));
    FAILS(open("/build/x", O_WRONLY | O_CREAT, 0600));
    FAILS(open("/dev/x", O_WRONLY | O_CREAT, 0600));
    FAILS(open("/proc/x", O_WRONLY | O_CREAT, 0600));
    FAILS(mkdir("/build/d", 0700));
    FAILS(open("/probe", O_WRONLY));
    FAILS(chmod("/", 0777));
    FAILS(chmod("/build", 0777));
    HOLDS(access(input, R_OK) == 0);
    FAILS(open(input, O_WRONLY));
    FAILS(open(input, O_RDWR | O_TRUNC));
    FAILS(truncate(input, 0));
    FAILS(unlink(input));
    FAILS(chmod(input, 0777));
    FAILS(rename(input, "out/y"));
    FAILS(link(input, "out/y"));
    FAILS(utimensat(AT_FDCWD, input, NULL, 0));
    FAILS(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL));
    FAILS(mount(NULL, "/build", NULL, MS_REMOUNT | MS_BIND, NULL));
    HOLDS(open("out/fine", O_WRONLY | O_CREAT, 0600) >= 0);
    HOLDS(open("/tmp/fine", O_WRONLY | O_CREAT, 0600) >= 0);
}

static int connect_to(int family, const void *address, socklen_t len, int type)
{
    int fd = socket(family, type, 0);
    return fd < 0 ? -1 : connect(fd, address, len);
}

static void network(char **argv)
{
    char *end;
    uint16_t port = htons((uint16_t)strtoul(argv[0], &end, 10));
    struct sockaddr_in loopback = {
        .sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in outside = {
        .sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(0x08080808)};
    struct sockaddr_in6 loopback6 = {
        .sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    FAILS(connect_to(AF_INET, &loopback, sizeof loopback, SOCK_STREAM));
    FAILS(connect_to(AF_INET, &outside, sizeof outside, SOCK_STREAM));
    FAILS(connect_to(AF_INET, &outside, sizeof outside, SOCK_DGRAM));
    FAILS(connect_to(AF_INET6, &loopback6, sizeof loopback6, SOCK_STREAM));
    FAILS(socket(AF_VSOCK, SOCK_STREAM, 0));
    FAILS(socket(AF_PACKET, SOCK_RAW, 0));
    FAILS(socket(38 /* AF_ALG */, SOCK_SEQPACKET, 0));
    struct if_nameindex *names = if_nameindex();
    size_t count = 0;
    while (names != NULL && names[count].if_index != 0) {
        count++;
    }
    HOLDS(count <= 1);
    if (names != NULL) {
        if_freenameindex(names);
    }
}

static socklen_t abstract(struct sockaddr_un *address, const char *name)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t len = strlen(name);
    memcpy(address->sun_path + 1, name, len);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len);
}

static void unix_sockets(char **argv)
{
    struct sockaddr_un address;
    socklen_t len = abstract(&address, argv[0]);
    FAILS(connect_to(AF_UNIX, &address, len, SOCK_STREAM));
    address = (struct sockaddr_un){.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[1]);
    FAILS(connect_to(AF_UNIX, &address, sizeof address, SOCK_STREAM));
}

/* Two actions run "meet" at a time: each offers what the other looks for. */
static void meet(char **argv)
{
    struct sockaddr_un mine;
    struct sockaddr_un other;
    socklen_t mine_len = abstract(&mine, argv[0]);
    socklen_t other_len = abstract(&other, argv[1]);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    HOLDS(bind(fd, (struct sockaddr *)&mine, mine_len) == 0 && listen(fd, 1) == 0);
    HOLDS(shmget(0x57ab, 4096, IPC_CREAT | IPC_EXCL | 0666) >= 0); /* the other has one as well */
    HOLDS(msgget(0x57ab, IPC_CREAT | IPC_EXCL | 0666) >= 0);
    HOLDS(open("/tmp/meet", O_WRONLY | O_CREAT | O_EXCL, 0666) >= 0);
    for (int i = 0; i < 30; i++) {
        FAILS(connect_to(AF_UNIX, &other, other_len, SOCK_STREAM));
        (void)usleep(10000);
    }
    HOLDS(entries_count("/tmp", false) == 1);
}

static void empty(char **argv)
{
    (void)argv;
    HOLDS(entries_count("/tmp", false) == 0);
    HOLDS(entries_count("/build/out", false) == 0);
    FAILS(open("/var/tmp", O_RDONLY));
    FAILS(open("/dev/shm", O_RDONLY));
    HOLDS(open("/tmp/left", O_WRONLY | O_CREAT, 0600) >= 0);
    HOLDS(shmget(0x57ab, 4096, IPC_CREAT | IPC_EXCL | 0600) >= 0); /* nobody's before */
    struct sockaddr_un mine;
    socklen_t len = abstract(&mine, "left");
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    HOLDS(bind(fd, (struct sockaddr *)&mine, len) == 0);
}

/* Leaves a process that writes into an output and never ends. Its argv keeps argv[0] in it. */
static void leave_daemon(char **argv)
{
    (void)argv;
    int fd = open("out/late", O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (fork() == 0) {
        (void)setsid();
        if (fork() == 0) {
            (void)signal(SIGHUP, SIG_IGN);
            (void)signal(SIGTERM, SIG_IGN);
            for (;;) {
                (void)!write(fd, "late\n", 5);
                (void)usleep(1000);
            }
        }
        _exit(0);
    }
    (void)wait(NULL);
    (void)usleep(20000);
}

static void namespaces(char **argv)
{
    (void)argv;
    static const int flags[] = {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET,
        CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        FAILS(unshare(flags[i]));
        long pid = syscall(SYS_clone, flags[i] | SIGCHLD, NULL, NULL, NULL, NULL);
        if (pid == 0) {
            _exit(0);
        }
        FAILS(pid);
    }
    struct {
        uint64_t flags, rest[10];
    } args = {.flags = CLONE_NEWUSER};
    FAILS(syscall(SYS_clone3, &args, sizeof args));
    HOLDS(errno == ENOSYS);
    FAILS(mount("x", "/tmp", "tmpfs", 0, NULL));
    FAILS(umount2("/tmp", MNT_DETACH));
    FAILS(umount2("/build/out", MNT_DETACH));
    FAILS(syscall(SYS_pivot_root, "/", "/tmp"));
    FAILS(fsopen("tmpfs", 0));
    FAILS(open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE));
    HOLDS(mkdir("/tmp/root", 0700) == 0);
    FAILS(chroot("/tmp/root"));
    FAILS(setns(open("/proc/self/ns/user", O_RDONLY), 0));
    FAILS(sethostname("x", 1));
}

static void devices(char **argv)
{
    (void)argv;
    static const char *const absent[] = {"/dev/kvm", "/dev/mem", "/dev/kmsg", "/dev/vda",
        "/dev/sda", "/dev/fuse", "/dev/tty", "/dev/ptmx", "/dev/shm", "/dev/mqueue", "/dev/fd"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        FAILS(open(absent[i], O_RDONLY));
    }
    FAILS(mknod("out/d", S_IFBLK | 0600, makedev(254, 0)));
    FAILS(mknod("/tmp/d", S_IFCHR | 0600, makedev(1, 3)));
    FAILS(ioctl(0, TIOCSTI, "x"));
    HOLDS(errno == EPERM);
    char byte = 1;
    HOLDS(read(0, &byte, 1) == 0); /* stdin is empty */
    int null_fd = open("/dev/null", O_RDWR);
    HOLDS(write(null_fd, "x", 1) == 1 && read(null_fd, &byte, 1) == 0);
    HOLDS(read(open("/dev/zero", O_RDONLY), &byte, 1) == 1 && byte == 0);
    HOLDS(write(open("/dev/full", O_WRONLY), "x", 1) < 0 && errno == ENOSPC);
    HOLDS(read(open("/dev/urandom", O_RDONLY), &byte, 1) == 1);
    HOLDS(read(open("/dev/random", O_RDONLY), &byte, 1) == 1);
}

static void descriptors(char **argv)
{
    (void)argv;
    for (int fd = 0; fd < 1024; fd++) {
        bool is_open = fcntl(fd, F_GETFD) >= 0;
        HOLDS(is_open == (fd < 3));
    }
}

static void kernel_files(char **argv)
{
    (void)argv;
    static const char *const absent[] = {"/proc/sys/kernel/hostname", "/proc/sysrq-trigger",
        "/proc/sys/kernel/core_pattern", "/proc/cmdline", "/proc/kallsyms", "/proc/meminfo",
        "/proc/sys/kernel/random/boot_id", "/proc/cpuinfo", "/proc/version", "/proc/net/tcp",
        "/proc/keys", "/proc/kcore", "/proc/modules", "/etc/machine-id", "/sys/kernel"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        FAILS(open(absent[i], O_RDONLY));
        FAILS(open(absent[i], O_WRONLY));
    }
    FAILS(open("/proc/self/oom_score_adj", O_WRONLY));
}

static void system_calls(char **argv)
{
    (void)argv;
    static const int denied[] = {SYS_bpf, SYS_perf_event_open, SYS_io_uring_setup, SYS_userfaultfd,
        SYS_keyctl, SYS_add_key, SYS_request_key, SYS_kcmp, SYS_syslog, SYS_setns,
        SYS_open_by_handle_at, SYS_pidfd_getfd, SYS_fanotify_init, SYS_inotify_init1,
        SYS_memfd_secret, SYS_init_module, SYS_kexec_load, SYS_reboot, SYS_swapon, SYS_quotactl,
        SYS_acct, SYS_process_madvise, 467 /* open_tree_attr, of Linux 6.15 */, 5000};
    for (size_t i = 0; i < sizeof denied / sizeof denied[0]; i++) {
        errno = 0;
        long got = syscall(denied[i], 0, 0, 0, 0, 0, 0);
        if (got != -1 || (errno != EPERM && errno != ENOSYS)) {
            broken_count++;
            (void)printf("system call %d gave %ld, errno %d\n", denied[i], got, errno);
        }
    }
    FAILS(fcntl(0, 1024 /* F_SETLEASE */, F_RDLCK));
    HOLDS(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    HOLDS(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2);
    for (unsigned long i = 0; i < 41; i++) {
        HOLDS(prctl(PR_CAPBSET_READ, i, 0, 0, 0) <= 0);
    }
    FAILS(setuid(0));
    FAILS(setgid(0));
    FAILS(syscall(SYS_setgroups, 0, NULL));
}

static void identity(char **argv)
{
    (void)argv;
    char text[256];
    gid_t groups[8];
    HOLDS(getuid() == 1000 && geteuid() == 1000 && getgid() == 1000 && getegid() == 1000);
    HOLDS(getgroups(8, groups) == 0);
    HOLDS(gethostname(text, sizeof text) == 0 && strcmp(text, "straylight") == 0);
    HOLDS(getcwd(text, sizeof text) != NULL && strcmp(text, "/build") == 0);
    HOLDS(umask(0) == 022);
    struct rlimit limit;
    HOLDS(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0);
    HOLDS(signal(SIGPIPE, SIG_DFL) == SIG_DFL);
    struct statvfs fs;
    HOLDS(statvfs("/tmp", &fs) == 0 && fs.f_files <= 400000);
    long pages = sysconf(_SC_PHYS_PAGES);
    HOLDS((fs.f_blocks * fs.f_frsize) / (unsigned long)sysconf(_SC_PAGESIZE) <=
          (unsigned long)pages / 2 + 1);
}

/* One page more than there is: the kernel says no before it takes any. */
static void fill(char **argv)
{
    static const char *const paths[] = {"/tmp/fill", "/build/out/fill"};
    (void)argv;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct statvfs fs;
        HOLDS(statvfs(paths[i][1] == 't' ? "/tmp" : "/build/out", &fs) == 0);
        int fd = open(paths[i], O_WRONLY | O_CREAT, 0600);
        HOLDS(fd >= 0);
        FAILS(fallocate(fd, 0, 0, (off_t)((fs.f_blocks + 1) * fs.f_frsize)));
        HOLDS(errno == ENOSPC);
    }
}

static void environment(char **argv)
{
    (void)argv;
    for (char **variable = environ; *variable != NULL; variable++) {
        (void)printf("%s\n", *variable);
    }
}

static int name_compare(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* As `ls -lnR`: all that an action can tell apart without reading. */
static void list_below(const char *path)
{
    struct dirent **entries;
    int count = scandir(*path == '\0' ? "/" : path, &entries, NULL, name_compare);
    for (int i = 0; i < count; i++) {
        char below[4096];
        (void)snprintf(below, sizeof below, "%s/%s", path, entries[i]->d_name);
        struct stat st;
        bool dots = strcmp(entries[i]->d_name, ".") == 0 || strcmp(entries[i]->d_name, "..") == 0;
        bool same = strcmp(below, "/proc") != 0; /* its time is now */
        if (!dots && same && lstat(below, &st) == 0) {
            (void)printf("%s %o %lu %u %u %lld %jd.%09ld\n", below, st.st_mode,
                (unsigned long)st.st_nlink, st.st_uid, st.st_gid,
                S_ISCHR(st.st_mode) ? (long long)st.st_rdev : (long long)st.st_size,
                (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
            if (S_ISDIR(st.st_mode)) {
                list_below(below);
            }
        }
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
}

static void list(char **argv)
{
    (void)argv;
    list_below("");
}

/* Looks into a child, as debuggers and LeakSanitizer do; but not at its filter, which has the
 * runner's key. */
static void trace_child(char **argv)
{
    (void)argv;
    pid_t pid = fork();
    if (pid == 0) {
        (void)pause();
        _exit(1);
    }
    int status;
    HOLDS(ptrace(PTRACE_ATTACH, pid, NULL, NULL) == 0);
    HOLDS(broken_count == 0 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
    static struct sock_filter filter[4096];
    for (unsigned long i = 0; i < 4; i++) {
        FAILS(ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *)i, NULL));
        FAILS(ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *)i, filter));
        HOLDS(errno == EACCES);
    }
    (void)kill(pid, SIGKILL);
}

/* Forks far beyond the bound; what it has forked waits. Not without end: where the bound does not
 * hold, the machine that tests it must. */
static void many_processes(char **argv)
{
    (void)argv;
    for (int i = 0; i < 2 * EXEC_PROCESSES_MAX; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            (void)pause();
        }
        if (pid < 0) {
            (void)usleep(10000);
        }
    }
}

/* Takes 2 GiB, far beyond the bound, in a child: its parent sees that it dies, and says so.
 * argv[0]: "private", or "shared". */
static void much_memory(char **argv)
{
    int sharing = strcmp(argv[0], "shared") == 0 ? MAP_SHARED : MAP_PRIVATE;
    pid_t pid = fork();
    for (int i = 0; pid == 0 && i < 2048; i++) {
        (void)mmap(
            NULL, 1 << 20, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        (void)usleep(1000); /* where it is only looked at, let it be seen */
    }
    int status = 0;
    HOLDS(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
}

/* The same with files. */
static void much_in_files(char **argv)
{
    (void)argv;
    static char block[1 << 20];
    int fd = open("/tmp/much", O_WRONLY | O_CREAT, 0600);
    while (write(fd, block, sizeof block) > 0) {
    }
    HOLDS(errno == ENOSPC);
}

/* What one action leaves wherever it can, and the next one looks for: "trace leave", "trace look".
 */
static void trace_sockets(const char *what)
{
    struct sockaddr_un address;
    socklen_t len = abstract(&address, "trace");
    bool leaves = strcmp(what, "leave") == 0;
    int fds[2];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (!leaves) {
        FAILS(connect_to(AF_UNIX, &address, len, SOCK_STREAM));
        HOLDS(bind(fd, (struct sockaddr *)&address, len) == 0);
        struct sockaddr_in port = {.sin_family = AF_INET, .sin_port = htons(4242)};
        HOLDS(bind(socket(AF_INET, SOCK_DGRAM, 0), (struct sockaddr *)&port, sizeof port) == 0);
        return;
    }
    HOLDS(bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, 1) == 0);
    /* Two sockets, each on its way in the other: they live on when no process has them. */
    HOLDS(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    int sent[2] = {fd, fds[0]};
    char control[CMSG_SPACE(sizeof sent)] = {0};
    char byte = 'x';
    struct iovec iov = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof sent);
    memcpy(CMSG_DATA(header), sent, sizeof sent);
    HOLDS(sendmsg(fds[1], &message, 0) == 1);
    struct sockaddr_in port = {.sin_family = AF_INET, .sin_port = htons(4242)};
    HOLDS(bind(socket(AF_INET, SOCK_DGRAM, 0), (struct sockaddr *)&port, sizeof port) == 0);
}

static void trace_ipc(const char *what)
{
    bool leaves = strcmp(what, "leave") == 0;
    for (int i = 0; i < (leaves ? 3 : 1); i++) { /* their numbers say how many there were */
        int shm = shmget(0x7ace + i, 4096, IPC_CREAT | IPC_EXCL | 0600);
        int msg = msgget(0x7ace + i, IPC_CREAT | IPC_EXCL | 0600);
        int sem = semget(0x7ace + i, 1, IPC_CREAT | IPC_EXCL | 0600);
        HOLDS(shm >= 0 && msg >= 0 && sem >= 0);
        HOLDS(leaves || (shm == 0 && msg == 0 && sem == 0));
    }
    struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 1};
    /* Landlock, where there is one, refuses it. */
    long queue = syscall(SYS_mq_open, "trace", O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
    HOLDS(queue >= 0 || errno == EACCES);
}

/* Flags and locks of what is shared: the standard streams' descriptions, files of the toolchain. */
static void trace_files(const char *what)
{
    bool leaves = strcmp(what, "leave") == 0;
    int fd = open("/probe", O_RDONLY);
    HOLDS(flock(fd, LOCK_EX | LOCK_NB) == 0);
    for (int i = 0; i < 3; i++) {
        int flags = fcntl(i, F_GETFL);
        HOLDS(leaves || (flags & (O_NONBLOCK | O_APPEND | O_ASYNC)) == 0);
        HOLDS(fcntl(i, F_SETFL, flags | O_NONBLOCK | (i > 0 ? O_APPEND : 0)) == 0);
    }
    HOLDS(lseek(0, 0, SEEK_CUR) <= 0);
}

static void leave_many(const char *folder)
{
    for (int n = 0; n < 100; n++) {
        char path[64];
        (void)snprintf(path, sizeof path, "%s/left%d", folder, n);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
        HOLDS(fd >= 0);
    }
}

static void trace_folders(const char *what)
{
    bool leaves = strcmp(what, "leave") == 0;
    for (size_t i = 0; i < 2; i++) {
        static const char *const folders[] = {"/tmp", "/build/out"};
        struct stat st;
        HOLDS(stat(folders[i], &st) == 0 && (st.st_mode & 07777) == (i == 0 ? 01777 : 0755));
        HOLDS(entries_count(folders[i], false) == 0);
        char path[64];
        (void)snprintf(path, sizeof path, "%s/left", folders[i]);
        int left = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
        struct stat made;
        HOLDS(fstat(left, &made) == 0);
        (void)printf("%s %ju\n", folders[i], (uintmax_t)made.st_ino); /* the same each time */
        if (leaves) {
            leave_many(folders[i]);
        }
        HOLDS(!leaves || chmod(folders[i], 0700) == 0);
    }
}

static void trace_process(const char *what)
{
    bool leaves = strcmp(what, "leave") == 0;
    char name[64];
    HOLDS(gethostname(name, sizeof name) == 0 && strcmp(name, "straylight") == 0);
    HOLDS(umask(0) == 022);
    HOLDS(getpid() == 2 && getsid(0) == 2 && getpgid(0) == 2);
    struct rlimit limit = {1, 1};
    struct rlimit core;
    HOLDS(getrlimit(RLIMIT_NOFILE, &core) == 0 && core.rlim_cur > 100);
    HOLDS(getpriority(PRIO_PROCESS, 0) == 0);
    cpu_set_t cpus;
    HOLDS(sched_getaffinity(0, sizeof cpus, &cpus) == 0);
    (void)printf("%d cpus\n", CPU_COUNT(&cpus));
    sigset_t blocked;
    HOLDS(sigprocmask(SIG_SETMASK, NULL, &blocked) == 0 && sigismember(&blocked, SIGUSR1) == 0);
    HOLDS(signal(SIGUSR1, SIG_IGN) == SIG_DFL);
    HOLDS(entries_count("/proc", true) <= 1);
    if (leaves) {
        /* Process 1 is of the same user: its limits and order can be changed, and end with it. */
        (void)prlimit(1, RLIMIT_NOFILE, &limit, NULL);
        (void)setpriority(PRIO_PROCESS, 1, 10);
        (void)setpriority(PRIO_PROCESS, 0, 10);
        CPU_ZERO(&cpus);
        CPU_SET(0, &cpus);
        (void)sched_setaffinity(1, sizeof cpus, &cpus);
        (void)sched_setaffinity(0, sizeof cpus, &cpus);
        (void)alarm(1);
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        (void)prctl(PR_SET_NAME, "trace");
        if (fork() == 0) {
            (void)setsid();
            (void)signal(SIGALRM, SIG_IGN);
            for (;;) {
                (void)pause();
            }
        }
    }
}

static void trace(char **argv)
{
    const char *what = argv[0];
    trace_sockets(what);
    trace_ipc(what);
    trace_files(what);
    trace_folders(what);
    trace_process(what);
    static const long denied[][4] = {{SYS_keyctl, 0, -3, 1}, {SYS_add_key, 0, 0, 0},
        {SYS_setdomainname, 0, 0, 0}, {SYS_unshare, CLONE_NEWNET, 0, 0},
        {SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0}, {SYS_setns, 0, 0, 0}};
    for (size_t i = 0; i < sizeof denied / sizeof denied[0]; i++) {
        FAILS(syscall((int)denied[i][0], denied[i][1], denied[i][2], denied[i][3], 0, 0, 0));
    }
}

static void make_symlink(char **argv)
{
    HOLDS(symlink(argv[0], argv[1]) == 0);
}

/* The folder that was there becomes a link. */
static void make_detour(char **argv)
{
    HOLDS(rename(argv[0], "out/elsewhere") == 0 && symlink(argv[1], argv[0]) == 0);
}

static void make_fifo(char **argv)
{
    HOLDS(mkfifo(argv[0], 0600) == 0);
}

static void make_socket(char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[0]);
    HOLDS(bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address) == 0);
}

static void make_file(char **argv)
{
    char *end;
    int fd = open(argv[0], O_WRONLY | O_CREAT, 0600);
    HOLDS(fd >= 0 && write(fd, "made\n", 5) == 5);
    HOLDS(fchmod(fd, (mode_t)strtoul(argv[1], &end, 8)) == 0);
    FAILS(fsetxattr(fd, "user.x", "y", 1, 0));
    HOLDS(errno == EOPNOTSUPP);
}

static void make_folder(char **argv)
{
    HOLDS(mkdir(argv[0], 0700) == 0);
}

static void say(char **argv)
{
    (void)fputs(argv[0], stdout);
    (void)fputs(argv[1], stderr);
}

static void say_much(char **argv)
{
    char *end;
    static char block[1 << 20];
    for (unsigned long i = strtoul(argv[0], &end, 10); i > 0; i--) {
        (void)!write(1, block, sizeof block);
    }
}

static void leave(char **argv)
{
    char *end;
    _exit((int)strtoul(argv[0], &end, 10));
}

static void die(char **argv)
{
    char *end;
    (void)raise((int)strtoul(argv[0], &end, 10));
}

static void sleep_long(char **argv)
{
    (void)argv;
    for (;;) {
        (void)pause();
    }
}

static const struct {
    const char *name;
    void (*probe)(char **argv);
} probes[] = {
    {"host_files", host_files},
    {"host_pids", host_pids},
    {"read_only", read_only},
    {"network", network},
    {"unix_sockets", unix_sockets},
    {"meet", meet},
    {"empty", empty},
    {"leave_daemon", leave_daemon},
    {"namespaces", namespaces},
    {"devices", devices},
    {"descriptors", descriptors},
    {"kernel_files", kernel_files},
    {"system_calls", system_calls},
    {"identity", identity},
    {"fill", fill},
    {"environment", environment},
    {"list", list},
    {"trace_child", trace_child},
    {"many_processes", many_processes},
    {"much_memory", much_memory},
    {"much_in_files", much_in_files},
    {"trace", trace},
    {"make_symlink", make_symlink},
    {"make_detour", make_detour},
    {"make_fifo", make_fifo},
    {"make_socket", make_socket},
    {"make_file", make_file},
    {"make_folder", make_folder},
    {"say", say},
    {"say_much", say_much},
    {"leave", leave},
    {"die", die},
    {"sleep_long", sleep_long},
};

int exec_probe_main(int argc, char **argv)
{
    for (size_t i = 0; argc >= 3 && i < sizeof probes / sizeof probes[0]; i++) {
        if (strcmp(probes[i].name, argv[2]) == 0) {
            probes[i].probe(argv + 3);
            (void)fflush(stdout);
            /* Not by main's end: LeakSanitizer would look there, and must not be able to, inside.
             */
            _exit(broken_count == 0 ? 0 : 1);
        }
    }
    (void)printf("no such probe\n");
    return 2;
}
