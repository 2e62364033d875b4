/* src/exec/namespace/slot.c */
#include "exec/namespace/slot.h"
#include "base/file.h"
#include "exec/namespace/landlock.h"
#include "exec/namespace/mount.h"
#include "exec/namespace/seccomp.h"
#include "exec/namespace/stage.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char *const device_names[] = {"null", "zero", "full", "random", "urandom"};
enum {
    DEVICE_COUNT = sizeof device_names / sizeof device_names[0],
    UID_UNMAPPED = 65534,
};
static const struct timespec fixed_times[2] = {
    {.tv_sec = NS_FIXED_TIME}, {.tv_sec = NS_FIXED_TIME}};

/* Generous, and the same on every machine whose own limits are not lower. */
static void limits_set(void)
{
    static const struct {
        __rlimit_resource_t resource;
        rlim_t soft, hard;
    } limits[] = {
        {RLIMIT_CORE, 0, 0},
        {RLIMIT_NPROC, NS_PIDS_HARD_MAX, NS_PIDS_HARD_MAX},
        {RLIMIT_NOFILE, 1024, NS_FILES_MAX},
        {RLIMIT_STACK, (rlim_t)8 << 20, RLIM_INFINITY},
        {RLIMIT_FSIZE, (rlim_t)64 << 30, (rlim_t)64 << 30},
        {RLIMIT_MEMLOCK, 65536, 65536},
        {RLIMIT_MSGQUEUE, 819200, 819200},
        {RLIMIT_SIGPENDING, 4096, 4096},
        {RLIMIT_RTPRIO, 0, 0},
        {RLIMIT_NICE, 0, 0},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct rlimit now;
        if (getrlimit(limits[i].resource, &now) != 0) {
            continue;
        }
        rlim_t hard = limits[i].hard < now.rlim_max ? limits[i].hard : now.rlim_max;
        rlim_t soft = limits[i].soft < hard ? limits[i].soft : hard;
        struct rlimit new = {.rlim_cur = soft, .rlim_max = hard};
        (void)setrlimit(limits[i].resource, &new);
    }
}

/* Root's own device nodes, so that they are nobody's inside, as they are for an ordinary user.
 * Times are the host's for the same reason. *ret_fd stays -1 where nodes cannot be made. */
static void nodes_make(int *ret_fd)
{
    struct arena arena = {0};
    struct diags unheard;
    diags_init(&unheard, &arena, NULL);
    static const struct mount_option mode = {"mode", "0755"};
    int fd = -1;
    enum err err =
        mount_new(0, "tmpfs", &mode, 1, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, &fd, &unheard);
    for (size_t i = 0; err == OK && i < DEVICE_COUNT; i++) {
        struct str path = arena_printf(&arena, "/dev/%s", device_names[i]);
        struct stat st;
        if (stat(path.ptr, &st) != 0 || !S_ISCHR(st.st_mode) ||
            mknodat(fd, device_names[i], S_IFCHR | 0600, st.st_rdev) != 0 ||
            fchmodat(fd, device_names[i], st.st_mode & 0777, 0) != 0 ||
            fchownat(fd, device_names[i], UID_UNMAPPED, UID_UNMAPPED, 0) != 0 ||
            utimensat(fd, device_names[i], (struct timespec[2]){st.st_mtim, st.st_mtim}, 0) != 0) {
            err = ERR_IO;
        }
    }
    arena_release(&arena);
    if (err != OK || utimensat(fd, ".", fixed_times, 0) != 0) {
        fd_close(&fd);
        return;
    }
    *ret_fd = fd;
}

/* Below the new root, which is the working directory. nodes_fd: from nodes_make, or -1. */
static enum err dev_attach(int nodes_fd, struct diags *diags)
{
    if (nodes_fd >= 0) {
        return mount_attach(0, nodes_fd, AT_FDCWD, "dev", diags);
    }
    for (size_t i = 0; i < DEVICE_COUNT; i++) {
        const char *from = arena_printf(diags->arena, "/dev/%s", device_names[i]).ptr;
        AUTO_CLOSE int fd = open(from + 1, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
        if (fd < 0) {
            return diag_add_errno(diags, errno, "cannot make %s for the sandbox", from);
        }
        enum err err = mount_bind(0, from, AT_FDCWD, from + 1,
            MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, diags);
        if (err != OK) {
            return err;
        }
    }
    if (utimensat(AT_FDCWD, "dev", fixed_times, 0) != 0) {
        return diag_add_errno(diags, errno, "cannot set the time of the sandbox's /dev");
    }
    return OK;
}

static enum err home_make(const char *store_root, int nodes_fd, struct diags *diags)
{
    static const struct mount_option mode = {"mode", "0755"};
    AUTO_CLOSE int store_fd = -1;
    AUTO_CLOSE int root_fd = -1;
    enum err err = mount_copy(0, AT_FDCWD, store_root, &store_fd, diags);
    err = err != OK ? err
                    : mount_restrict(0, store_fd,
                          MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, diags);
    err = err != OK ? err : mount_new(0, "tmpfs", &mode, 1, MOUNT_ATTR_NOSUID, &root_fd, diags);
    /* Over the store itself: a folder that is there, is ours, and is in nobody's way. */
    err = err != OK ? err : mount_attach(0, root_fd, AT_FDCWD, store_root, diags);
    if (err != OK) {
        return err;
    }
    static const char *const folders[] = {"store", "proc", "dev", "new"};
    bool made = chdir(store_root) == 0;
    for (size_t i = 0; made && i < sizeof folders / sizeof folders[0]; i++) {
        made = mkdir(folders[i], 0755) == 0;
    }
    if (!made) {
        return diag_add_errno(diags, errno, "cannot make the folders of a runner");
    }
    err = mount_attach(0, store_fd, AT_FDCWD, "store", diags);
    err = err != OK ? err : mount_bind(0, "/proc", AT_FDCWD, "proc", 0, diags);
    err = err != OK ? err : dev_attach(nodes_fd, diags);
    return err != OK ? err : mount_enter(0, diags);
}

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

enum err ns_slot_renew(const struct ns_slot *slot, unsigned used, struct diags *diags)
{
    enum err err = OK;
    if ((used & NS_USED_NETWORK) != 0) {
        err = namespace_new(slot->key, CLONE_NEWNET, "a network namespace", diags);
    }
    if (err == OK && (used & NS_USED_IPC) != 0) {
        err = namespace_new(slot->key, CLONE_NEWIPC, "an ipc namespace", diags);
    }
    return err;
}

static enum err namespaces_enter(const char *store_root, struct diags *diags)
{
    unsigned uid = geteuid();
    unsigned gid = getegid();
    AUTO_CLOSE int nodes_fd = -1;
    (void)umask(0);
    if (uid == 0) {
        (void)setgroups(0, NULL);
        nodes_make(&nodes_fd);
    }
    enum err err = namespace_new(0, CLONE_NEWUSER, "a user namespace", diags);
    err = err != OK ? err : ns_ids_map(uid, gid, diags);
    err = err != OK ? err
                    : namespace_new(0, CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWCGROUP,
                          "a mount, a uts and a cgroup namespace", diags);
    if (err != OK) {
        return err;
    }
    static const char host_name[] = "straylight";
    static const char domain_name[] = "(none)";
    if (sethostname(host_name, sizeof host_name - 1) != 0 ||
        setdomainname(domain_name, sizeof domain_name - 1) != 0) {
        return diag_add_errno(diags, errno, "cannot set the sandbox's host name");
    }
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return diag_add_errno(diags, errno, "cannot part from the host's mounts");
    }
    return home_make(store_root, nodes_fd, diags);
}

/* What can never be had again, here and in all that is started from here. */
static enum err privileges_bound(struct ns_slot *slot, struct diags *diags)
{
    unsigned long capability = 0;
    while (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) {
        capability++;
    }
    if (errno != EINVAL || capability <= CAP_CHECKPOINT_RESTORE) { /* EINVAL: behind the last */
        return diag_add_errno(diags, errno, "cannot drop capability %lu", capability);
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return diag_add_errno(diags, errno, "cannot set no_new_privs");
    }
    limits_set();
    if (personality(ADDR_NO_RANDOMIZE) < 0) {
        return diag_add_errno(diags, errno, "cannot fix the layout of addresses");
    }
    if (getrandom(&slot->key, sizeof slot->key, 0) != sizeof slot->key || slot->key == 0) {
        return diag_add_errno(diags, errno, "cannot have random bytes");
    }
    return ns_filter_install(slot->key, &slot->listener_fd, diags);
}

enum err ns_slot_enter(const char *store_root, struct ns_slot *ret_slot, struct diags *diags)
{
    struct ns_slot slot = {.room_fd = -1, .landlock_abi = ns_landlock_abi()};
    enum err err = namespaces_enter(store_root, diags);
    err = err != OK ? err : ns_slot_renew(&slot, NS_USED_NETWORK | NS_USED_IPC, diags);
    if (err != OK) {
        return err;
    }
    slot.store_fd = open("/store", O_PATH | O_DIRECTORY | O_CLOEXEC);
    slot.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    slot.home_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (slot.store_fd < 0 || slot.proc_fd < 0 || slot.home_fd < 0) {
        return diag_add_errno(diags, errno, "cannot open what a runner works with");
    }
    err = privileges_bound(&slot, diags);
    if (err == OK) {
        *ret_slot = slot;
    }
    return err;
}

/* In a copy of home: the room's mounts, then the way out. */
static enum err room_mount(const struct ns_slot *slot, const struct ns_stage *stage,
    struct arena *arena, struct diags *diags)
{
    uint64_t key = slot->key;
    enum err err = mount_attach(key, stage->root_fd, AT_FDCWD, "/new", diags);
    if (err == OK && chdir("/new") != 0) {
        err = diag_add_errno(diags, errno, "cannot enter the sandbox");
    }
    for (size_t i = 0; err == OK && i < stage->bind_count; i++) {
        const char *from = arena_printf(arena, "/store/%s", stage->binds[i].from).ptr;
        err = mount_bind(key, from, AT_FDCWD, stage->binds[i].to, 0, diags); /* is read-only */
    }
    err = err != OK ? err : mount_bind(key, "/dev", AT_FDCWD, "dev", 0, diags);
    /* Not below: the devices can be written to. */
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    if (err == OK && syscall(SYS_mount_setattr, AT_FDCWD, ".", 0, &attr, sizeof attr, key) != 0) {
        err = diag_add_errno(diags, errno, "cannot make the sandbox's root read-only");
    }
    return err != OK ? err : mount_enter(key, diags);
}

enum err ns_slot_room(
    struct ns_slot *slot, const char *root, struct arena *arena, struct diags *diags)
{
    if (slot->room_fd >= 0 && strcmp(slot->room_root, root) == 0) {
        return OK;
    }
    fd_close(&slot->room_fd);
    slot->room_fd = -1;
    struct ns_stage stage;
    enum err err = ns_stage_room(slot->key, slot->store_fd, root, arena, &stage, diags);
    err = err != OK ? err : namespace_new(slot->key, CLONE_NEWNS, "a mount namespace", diags);
    if (err == OK) {
        err = room_mount(slot, &stage, arena, diags);
        int fd = err != OK ? -1 : openat(slot->proc_fd, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
        if (err == OK && fd < 0) {
            err = diag_add_errno(diags, errno, "cannot keep the sandbox's mounts");
        }
        enum err back = namespace_enter(slot->key, slot->home_fd, CLONE_NEWNS, "home", diags);
        err = err != OK ? err : back;
        slot->room_fd = err == OK ? fd : -1;
        fd = err == OK ? -1 : fd;
        fd_close(&fd);
    }
    fd_close(&stage.root_fd);
    if (err == OK) {
        size_t size = strlen(root) + 1;
        slot->room_root = memcpy(memory_realloc(slot->room_root, size), root, size);
    }
    return err;
}
