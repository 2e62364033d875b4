/* src/exec/namespace/group.c */
#include "exec/namespace/group.h"
#include "base/file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

static const char prefix[] = "straylight-";

static bool text_write(const char *folder, const char *name, const char *text)
{
    char path[2 * NS_GROUP_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && fd_write_all(fd, str_of(text)) == OK;
}

static int file_open(const char *folder, const char *name, int flags)
{
    char path[2 * NS_GROUP_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return open(path, flags | O_CLOEXEC);
}

/* Removes what runners left whose program was killed. One that is in use cannot be removed. */
static void groups_tidy(const char *parent)
{
    DIR *dir = opendir(parent);
    for (struct dirent *entry = dir == NULL ? NULL : readdir(dir); entry != NULL;
         entry = readdir(dir)) {
        if (strncmp(entry->d_name, prefix, sizeof prefix - 1) != 0) {
            continue;
        }
        pid_t pid = (pid_t)strtoul(entry->d_name + sizeof prefix - 1, NULL, 10);
        if (kill(pid, 0) != 0 && errno == ESRCH) {
            (void)unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

/* Makes <parent>/straylight-<pid>. */
static bool group_make(const char *parent, char path[static NS_GROUP_PATH_MAX])
{
    groups_tidy(parent);
    int len = snprintf(path, NS_GROUP_PATH_MAX, "%s/%s%ld", parent, prefix, (long)getpid());
    if (len >= NS_GROUP_PATH_MAX || (mkdir(path, 0755) != 0 && errno != EEXIST)) {
        path[0] = '\0';
        return false;
    }
    return true;
}

static void group_remove(char path[static NS_GROUP_PATH_MAX])
{
    (void)rmdir(path);
    path[0] = '\0';
}

static bool group_enter(const char *path)
{
    return text_write(path, "cgroup.procs", "0");
}

static void pids_forget(struct ns_groups *groups)
{
    fd_close(&groups->pids_events_fd);
    groups->pids_events_fd = -1;
}

static void memory_forget(struct ns_groups *groups)
{
    fd_close(&groups->memory_max_fd);
    fd_close(&groups->memory_events_fd);
    groups->memory_max_fd = groups->memory_events_fd = -1;
    groups->memory_version = 0;
}

static bool pids_bound(struct ns_groups *groups, const char *path)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%d", NS_PIDS_MAX);
    groups->pids_events_fd =
        text_write(path, "pids.max", text) ? file_open(path, "pids.events", O_RDONLY) : -1;
    return groups->pids_events_fd >= 0;
}

static bool memory_bound(struct ns_groups *groups, const char *path, int version)
{
    bool unified = version == 2;
    groups->memory_max_fd =
        file_open(path, unified ? "memory.max" : "memory.limit_in_bytes", O_WRONLY);
    groups->memory_events_fd =
        file_open(path, unified ? "memory.events" : "memory.oom_control", O_RDONLY);
    if (groups->memory_max_fd < 0 || groups->memory_events_fd < 0) {
        memory_forget(groups);
        return false;
    }
    groups->memory_version = version;
    if (unified) { /* v1 has no bound of swap alone */
        (void)text_write(path, "memory.swap.max", "0");
    }
    return true;
}

/* Our cgroup in the hierarchy whose line of /proc/self/cgroup has `controller` ("": v2). So what
 * bounds us bounds our actions, too. */
static bool own_group(struct str lines, const char *controller, struct str *ret_path)
{
    while (lines.len > 0) {
        struct str line = str_sub(lines, 0, str_find(lines, '\n'));
        lines = str_sub(lines, line.len + 1, lines.len);
        struct str rest = str_sub(line, str_find(line, ':') + 1, line.len);
        struct str names = str_sub(rest, 0, str_find(rest, ':'));
        *ret_path = str_sub(rest, names.len + 1, rest.len);
        if (str_eq(names, str_of(controller))) {
            return true;
        }
    }
    return false;
}

static void unified_try(struct ns_groups *groups, const char *mount, struct str lines)
{
    struct str own;
    char parent[NS_GROUP_PATH_MAX];
    if (!own_group(lines, "", &own)) {
        return;
    }
    /* Beside us: a v2 group that has processes has no groups with bounds below it. */
    struct str above = str_sub(own, 0, str_find_last(own, '/'));
    (void)snprintf(parent, sizeof parent, "%s%.*s", mount, STR_ARG(above));
    char *path = groups->paths[0];
    if (!group_make(parent, path)) {
        return;
    }
    bool pids = pids_bound(groups, path);
    bool memory = memory_bound(groups, path, 2);
    if ((!pids && !memory) || !group_enter(path)) { /* it may have neither controller */
        pids_forget(groups);
        memory_forget(groups);
        group_remove(path);
    }
}

/* Makes a group below ours in v1's hierarchy of that controller; NULL: there is none. */
static char *split_make(struct ns_groups *groups, struct str lines, const char *controller)
{
    struct str own;
    char parent[NS_GROUP_PATH_MAX];
    if (!own_group(lines, controller, &own)) {
        return NULL;
    }
    (void)snprintf(parent, sizeof parent, "/sys/fs/cgroup/%s%.*s", controller, STR_ARG(own));
    char *path = groups->paths[0][0] == '\0' ? groups->paths[0] : groups->paths[1];
    return group_make(parent, path) ? path : NULL;
}

static void pids_try(struct ns_groups *groups, struct str lines)
{
    char *path = groups->pids_events_fd >= 0 ? NULL : split_make(groups, lines, "pids");
    if (path != NULL && (!pids_bound(groups, path) || !group_enter(path))) {
        pids_forget(groups);
        group_remove(path);
    }
}

static void memory_try(struct ns_groups *groups, struct str lines)
{
    char *path = groups->memory_events_fd >= 0 ? NULL : split_make(groups, lines, "memory");
    if (path != NULL && (!memory_bound(groups, path, 1) || !group_enter(path))) {
        memory_forget(groups);
        group_remove(path);
    }
}

/* The number behind `name ` in a file of lines; 0: none. */
static uint64_t counter_read(int fd, const char *name)
{
    char text[1024];
    ssize_t len = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
    if (len <= 0) {
        return 0;
    }
    text[len] = '\0';
    size_t name_len = strlen(name);
    for (char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n' ? 1 : 0;
        if (strncmp(line, name, name_len) == 0 && line[name_len] == ' ') {
            return strtoull(line + name_len, NULL, 10);
        }
    }
    return 0;
}

void ns_groups_join(struct ns_groups *ret_groups)
{
    *ret_groups =
        (struct ns_groups){.pids_events_fd = -1, .memory_events_fd = -1, .memory_max_fd = -1};
    char text[4096];
    AUTO_CLOSE int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : fd_read_full(fd, text, sizeof text);
    struct str lines = {.ptr = text, .len = len > 0 ? (size_t)len : 0};
    unified_try(ret_groups, "/sys/fs/cgroup", lines);
    if (ret_groups->paths[0][0] == '\0') {
        unified_try(ret_groups, "/sys/fs/cgroup/unified", lines);
    }
    pids_try(ret_groups, lines);
    memory_try(ret_groups, lines);
    (void)ns_groups_ask(ret_groups);
}

void ns_groups_release(struct str text)
{
    while (text.len > 0) {
        struct str path = str_sub(text, 0, str_find(text, '\n'));
        char copy[NS_GROUP_PATH_MAX];
        (void)snprintf(copy, sizeof copy, "%.*s", STR_ARG(path));
        (void)rmdir(copy);
        text = str_sub(text, path.len + 1, text.len);
    }
}

/* Seven eighths of the machine's. */
static uint64_t memory_default(void)
{
    struct sysinfo info;
    return sysinfo(&info) == 0 ? (uint64_t)info.totalram * info.mem_unit / 8 * 7 : UINT64_MAX / 2;
}

uint64_t ns_groups_memory_set(struct ns_groups *groups, uint64_t bytes_max)
{
    uint64_t bytes = bytes_max == 0 ? memory_default() : bytes_max;
    if (bytes != groups->memory_max_bytes) {
        char text[32];
        int len = snprintf(text, sizeof text, "%llu", (unsigned long long)bytes);
        if (groups->memory_max_fd >= 0 && pwrite(groups->memory_max_fd, text, (size_t)len, 0) < 0) {
            groups->memory_version = 0; /* then we look */
        }
        groups->memory_max_bytes = bytes;
    }
    return bytes;
}

enum ns_excess ns_groups_ask(struct ns_groups *groups)
{
    uint64_t hits = counter_read(groups->pids_events_fd, "max");
    uint64_t kills = counter_read(groups->memory_events_fd, "oom_kill");
    bool too_many = hits != groups->pids_hits;
    bool too_much = kills != groups->memory_kills;
    groups->pids_hits = hits;
    groups->memory_kills = kills;
    return too_many ? NS_EXCESS_PROCESSES : too_much ? NS_EXCESS_MEMORY : NS_EXCESS_NONE;
}

/* Looking. */

/* Resident bytes of /proc/<name>/statm: never less than the next, and cheaper. */
static uint64_t resident_bytes(int proc_fd, const char *name)
{
    char path[300];
    char text[128];
    (void)snprintf(path, sizeof path, "%s/statm", name);
    AUTO_CLOSE int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[len > 0 ? len : 0] = '\0';
    char *resident = text;
    (void)strtoull(text, &resident, 10); /* the first is the size of the address space */
    return strtoull(resident, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t kib_field(const char *text, const char *name)
{
    const char *field = strstr(text, name);
    return field == NULL ? 0 : strtoull(field + strlen(name), NULL, 10) * 1024;
}

/* What statm counts several times, where processes have forked or share, this counts once; not
 * what files on a disk can give back. */
static uint64_t proportional_bytes(int proc_fd, const char *name)
{
    char path[300];
    char text[4096];
    (void)snprintf(path, sizeof path, "%s/smaps_rollup", name);
    AUTO_CLOSE int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[len > 0 ? len : 0] = '\0';
    uint64_t bytes = kib_field(text, "\nPss:");
    uint64_t file_bytes = kib_field(text, "\nPss_File:");
    return bytes - (file_bytes < bytes ? file_bytes : bytes);
}

static uint64_t processes_look(
    int proc_fd, uint64_t (*measure)(int proc_fd, const char *name), unsigned *ret_count)
{
    int fd = openat(proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    uint64_t bytes = 0;
    *ret_count = 0;
    for (struct dirent *entry = dir == NULL ? NULL : readdir(dir); entry != NULL;
         entry = readdir(dir)) {
        bool process = entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
        if (process && strcmp(entry->d_name, "1") != 0) { /* init has the runner's memory */
            bytes += measure(fd, entry->d_name);
            *ret_count += 1;
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return bytes;
}

enum ns_excess ns_groups_look(const struct ns_groups *groups, int proc_fd, int init_pid)
{
    if (groups->pids_events_fd >= 0 && groups->memory_version > 0) {
        return NS_EXCESS_NONE;
    }
    char path[64];
    (void)snprintf(path, sizeof path, "%d/root/proc", init_pid);
    /* Init has our memory, and is hidden for as long as this is not dumpable; from the action its
     * capabilities hide it now as well. */
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    AUTO_CLOSE int fd = openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (fd < 0) {
        return NS_EXCESS_NONE;
    }
    unsigned count;
    uint64_t bytes = processes_look(fd, resident_bytes, &count);
    if (groups->pids_events_fd < 0 && count > NS_PIDS_MAX) {
        return NS_EXCESS_PROCESSES;
    }
    bool much = groups->memory_version == 0 && bytes > groups->memory_max_bytes;
    if (much && processes_look(fd, proportional_bytes, &count) > groups->memory_max_bytes) {
        return NS_EXCESS_MEMORY;
    }
    return NS_EXCESS_NONE;
}
