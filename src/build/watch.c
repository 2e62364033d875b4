/* src/build/watch.c */
#include "build/watch.h"
#include "base/file.h"
#include "build/engine.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    FOLDER_MASK = IN_ATTRIB | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MODIFY |
                  IN_MOVED_FROM | IN_MOVED_TO | IN_MOVE_SELF | IN_EXCL_UNLINK | IN_ONLYDIR,
    NAMES_MASK = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO,
    GONE_MASK = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT,
    EVENTS_BYTES = 16 * 1024,
    WD_NONE = -1, /* there is no such folder, or it cannot be watched */
};
struct leaf {
    enum key_kind kind;
    struct str arg, value, stamp;
};
/* What is watched; made anew when folders come or go. */
struct watched {
    struct arena arena;
    struct table folders; /* path -> row of wd_at */
    int *wd_at;           /* in arena */
    size_t wd_cap;
    struct table wds;    /* of those folders, as bytes */
    struct table wanted; /* wd and name; wd alone: any folder or package in it */
};
struct watch {
    int root_fd, inotify_fd;
    bool polls;
    struct str trouble;
    struct arena arena; /* of the leaves */
    struct str root;    /* in it */
    struct leaf *leaves;
    size_t leaf_count, leaf_cap;
    struct watched watched;
};

static struct str bytes_of(const int *wd)
{
    return (struct str){.ptr = (const char *)wd, .len = sizeof *wd};
}

struct watch *watch_new(bool polls)
{
    struct watch *watch = memory_calloc(1, sizeof *watch);
    watch->root_fd = watch->inotify_fd = -1;
    watch->polls = polls;
    return watch;
}

static void watched_release(struct watched *watched)
{
    table_release(&watched->folders);
    table_release(&watched->wds);
    table_release(&watched->wanted);
    arena_release(&watched->arena);
}

void watch_free(struct watch *watch)
{
    if (watch != NULL) {
        fd_close(&watch->root_fd);
        fd_close(&watch->inotify_fd);
        watched_release(&watch->watched);
        free(watch->leaves);
        arena_release(&watch->arena);
        free(watch);
    }
}

/* Leaves. */

static void leaf_visit(
    void *context, unsigned kind, struct str arg, struct str value, struct str stamp)
{
    struct watch *watch = context;
    if (kind != KEY_FILE && kind != KEY_FOLDER) {
        return; /* what is damaged in the store is the next build's business */
    }
    if (watch->leaf_count == watch->leaf_cap) {
        watch->leaf_cap = watch->leaf_cap == 0 ? 256 : watch->leaf_cap * 2;
        watch->leaves = memory_realloc(watch->leaves, watch->leaf_cap * sizeof *watch->leaves);
    }
    watch->leaves[watch->leaf_count++] = (struct leaf){.kind = (enum key_kind)kind,
        .arg = arena_str(&watch->arena, arg),
        .value = arena_str(&watch->arena, value),
        .stamp = arena_str(&watch->arena, stamp)};
}

static enum err leaves_take(struct watch *watch, struct engine *engine, struct diags *diags)
{
    arena_release(&watch->arena);
    watch->leaf_count = 0;
    watch->root = arena_str(&watch->arena, str_of(engine->workspace.root));
    (void)dice_leaves(engine->dice, leaf_visit, watch); /* false: the next build reads all again */
    fd_close(&watch->root_fd);
    watch->root_fd = open(watch->root.ptr, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return watch->root_fd >= 0 ? OK
                               : diag_add_errno(diags, errno, "cannot open %s", watch->root.ptr);
}

/* There was no build: they are taken as they are now. */
static void leaves_renew(struct watch *watch)
{
    AUTO_BUF value = {0};
    for (size_t i = 0; i < watch->leaf_count; i++) {
        struct leaf *leaf = &watch->leaves[i];
        if (!leaf_holds(watch->root_fd, leaf->kind, leaf->arg, leaf->value, leaf->stamp, &value)) {
            leaf->value = arena_str(&watch->arena, buf_str(&value));
            leaf->stamp = (struct str){0};
        }
    }
}

static int path_order(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Those that hold no more: a folder has a slash at its end. */
static struct strs changed_find(const struct watch *watch, struct arena *arena)
{
    AUTO_BUF value = {0};
    AUTO_BUF list = {0};
    for (size_t i = 0; i < watch->leaf_count; i++) {
        const struct leaf *leaf = &watch->leaves[i];
        if (!leaf_holds(watch->root_fd, leaf->kind, leaf->arg, leaf->value, leaf->stamp, &value)) {
            struct str path = leaf->kind == KEY_FILE ? arena_str(arena, leaf->arg)
                              : leaf->arg.len == 0
                                  ? STR("./")
                                  : arena_printf(arena, "%.*s/", STR_ARG(leaf->arg));
            buf_add(&list, (struct str){.ptr = (const char *)&path, .len = sizeof path});
        }
    }
    size_t count = list.len / sizeof(struct str);
    struct str *at = ARENA_NEW(arena, struct str, count);
    if (count > 0) {
        memcpy(at, list.ptr, list.len);
        qsort(at, count, sizeof *at, path_order);
    }
    return (struct strs){.at = at, .count = count};
}

/* Watches. */

static struct str parent_of(struct str path)
{
    size_t slash = str_find_last(path, '/');
    return slash == 0 ? STR("/") : str_sub(path, 0, slash);
}

static struct str name_of(struct str path)
{
    return str_sub(path, str_find_last(path, '/') + 1, path.len);
}

static void polls_begin(struct watch *watch, int error_number)
{
    fd_close(&watch->inotify_fd);
    watch->inotify_fd = -1;
    watch->polls = true;
    watch->trouble =
        error_number == ENOSPC
            ? STR("the kernel grants no more inotify watches (fs.inotify.max_user_watches): files "
                  "are looked at once a second instead")
        : error_number == EMFILE
            ? STR("the kernel grants no more users of inotify (fs.inotify.max_user_instances): "
                  "files are looked at once a second instead")
            : STR("inotify cannot be had: files are looked at once a second instead");
}

static int folder_watch(struct watch *watch, struct str path)
{
    struct watched *watched = &watch->watched;
    uint32_t before = watched->folders.len;
    uint32_t row = table_add(&watched->folders, &watched->arena, path);
    if (row < before) {
        return watched->wd_at[row];
    }
    if (row >= watched->wd_cap) {
        size_t cap = watched->wd_cap == 0 ? 256 : watched->wd_cap * 2;
        int *grown = ARENA_NEW(&watched->arena, int, cap);
        if (watched->wd_cap > 0) {
            memcpy(grown, watched->wd_at, watched->wd_cap * sizeof *grown);
        }
        watched->wd_at = grown;
        watched->wd_cap = cap;
    }
    int wd = WD_NONE;
    if (!watch->polls) {
        wd = inotify_add_watch(
            watch->inotify_fd, watched->folders.keys[row].ptr, (uint32_t)FOLDER_MASK);
    }
    if (wd < 0 && (errno == ENOSPC || errno == ENOMEM) && !watch->polls) {
        polls_begin(watch, errno);
    }
    if (wd >= 0) {
        (void)table_add(&watched->wds, &watched->arena, bytes_of(&wd));
    }
    watched->wd_at[row] = wd < 0 ? WD_NONE : wd;
    return watched->wd_at[row];
}

/* Into key: what `wanted` has of a name. */
static struct str wanted_key(struct buf *key, int wd, struct str name)
{
    key->len = 0;
    buf_add(key, bytes_of(&wd));
    buf_add(key, name);
    return buf_str(key);
}

static void name_want(struct watch *watch, int wd, struct str name)
{
    AUTO_BUF key = {0};
    if (wd != WD_NONE) {
        (void)table_add(&watch->watched.wanted, &watch->watched.arena, wanted_key(&key, wd, name));
    }
}

/* The folder, and those above it up to the root: one that is renamed, or comes to be, says so to
 * the one that it is in and to nobody else. */
static int folder_chain(struct watch *watch, struct str path)
{
    struct watched *watched = &watch->watched;
    bool known = table_get(&watched->folders, path) != TABLE_NONE;
    int wd = folder_watch(watch, path);
    while (!known && path.len > watch->root.len && str_starts(path, watch->root)) {
        struct str above = parent_of(path);
        known = table_get(&watched->folders, above) != TABLE_NONE;
        name_want(watch, folder_watch(watch, above), name_of(path));
        path = above;
    }
    return wd;
}

static void leaf_watch(struct watch *watch, const struct leaf *leaf)
{
    struct arena arena = {0};
    bool absolute = str_starts(leaf->arg, STR("/"));
    struct str path = absolute             ? arena_str(&arena, leaf->arg)
                      : leaf->arg.len == 0 ? arena_str(&arena, watch->root)
                                           : arena_printf(&arena, "%.*s/%.*s", STR_ARG(watch->root),
                                                 STR_ARG(leaf->arg));
    if (leaf->kind == KEY_FOLDER) {
        name_want(watch, folder_chain(watch, path), STR(""));
    }
    for (unsigned hop = 0; leaf->kind == KEY_FILE && hop <= WATCH_LINKS_MAX; hop++) {
        char text[PATH_MAX];
        name_want(watch, folder_chain(watch, parent_of(path)), name_of(path));
        ssize_t len = readlink(path.ptr, text, sizeof text);
        if (len <= 0) {
            break;
        }
        struct str target = {.ptr = text, .len = (size_t)len};
        path = text[0] == '/'
                   ? arena_str(&arena, target)
                   : arena_printf(&arena, "%.*s/%.*s", STR_ARG(parent_of(path)), STR_ARG(target));
    }
    arena_release(&arena);
}

static void watches_make(struct watch *watch)
{
    struct watched old = watch->watched;
    watch->watched = (struct watched){0};
    if (!watch->polls && watch->inotify_fd < 0) {
        watch->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (watch->inotify_fd < 0) {
            polls_begin(watch, errno);
        }
    }
    for (size_t i = 0; i < watch->leaf_count; i++) {
        leaf_watch(watch, &watch->leaves[i]);
    }
    for (uint32_t i = 0; i < old.wds.len && !watch->polls; i++) {
        if (table_get(&watch->watched.wds, old.wds.keys[i]) == TABLE_NONE) {
            int wd;
            memcpy(&wd, old.wds.keys[i].ptr, sizeof wd);
            (void)inotify_rm_watch(watch->inotify_fd, wd); /* it may be gone with its folder */
        }
    }
    watched_release(&old);
}

enum err watch_begin(
    struct watch *watch, struct engine *engine, struct watch_state *ret_state, struct diags *diags)
{
    watch->trouble = (struct str){0};
    if (engine == NULL) {
        leaves_renew(watch);
    } else {
        enum err err = leaves_take(watch, engine, diags);
        if (err != OK) {
            return err;
        }
    }
    watches_make(watch);
    *ret_state =
        (struct watch_state){.folder_count = watch->watched.folders.len, .trouble = watch->trouble};
    for (size_t i = 0; i < watch->leaf_count; i++) {
        ret_state->file_count += watch->leaves[i].kind == KEY_FILE ? 1 : 0;
    }
    return OK;
}

/* Events. */

/* *rewatch: other folders may have to be watched now. */
static bool event_matters(
    const struct watch *watch, const struct inotify_event *event, bool *rewatch)
{
    const struct watched *watched = &watch->watched;
    if ((event->mask & IN_Q_OVERFLOW) != 0) {
        *rewatch = true;
        return true;
    }
    if (table_get(&watched->wds, bytes_of(&event->wd)) == TABLE_NONE) {
        return false; /* of a folder that was watched before */
    }
    bool names = (event->mask & (uint32_t)NAMES_MASK) != 0;
    struct str name = event->len > 0 ? str_of(event->name) : STR("");
    bool is_listed = (event->mask & IN_ISDIR) != 0 || str_eq(name, STR(PACKAGE_FILE)) ||
                     str_eq(name, STR(WORKSPACE_FILE));
    AUTO_BUF key = {0};
    bool matters =
        (event->mask & (uint32_t)GONE_MASK) != 0 ||
        (name.len > 0 &&
            table_get(&watched->wanted, wanted_key(&key, event->wd, name)) != TABLE_NONE) ||
        (names && is_listed &&
            table_get(&watched->wanted, wanted_key(&key, event->wd, STR(""))) != TABLE_NONE);
    *rewatch = *rewatch || (matters && (names || (event->mask & (uint32_t)GONE_MASK) != 0));
    return matters;
}

/* All that is there. */
static bool events_read(const struct watch *watch, bool *rewatch)
{
    _Alignas(struct inotify_event) char bytes[EVENTS_BYTES];
    bool matters = false;
    ssize_t len;
    while (watch->inotify_fd >= 0 && (len = read(watch->inotify_fd, bytes, sizeof bytes)) > 0) {
        for (size_t at = 0; at < (size_t)len;) {
            const struct inotify_event *event = (const void *)(bytes + at);
            matters = event_matters(watch, event, rewatch) || matters;
            at += sizeof *event + event->len;
        }
    }
    return matters;
}

static int64_t clock_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* False: a signal came. *matters: an event that does. */
static bool events_wait(
    const struct watch *watch, int signal_fd, int timeout_ms, bool *matters, bool *rewatch)
{
    struct pollfd fds[] = {
        {.fd = signal_fd, .events = POLLIN}, {.fd = watch->inotify_fd, .events = POLLIN}};
    int ready = poll(fds, 2, timeout_ms);
    *matters = ready > 0 && fds[1].revents != 0 && events_read(watch, rewatch);
    return ready <= 0 || fds[0].revents == 0;
}

/* Something begins: waits until it is over. */
static bool quiet_wait(const struct watch *watch, int signal_fd, bool *rewatch)
{
    bool matters = true;
    int64_t end_ms = clock_ms() + WATCH_BUSY_MS, quiet_ms = clock_ms() + WATCH_QUIET_MS;
    for (;;) {
        int64_t now_ms = clock_ms();
        int64_t left_ms = (quiet_ms < end_ms ? quiet_ms : end_ms) - now_ms;
        if (left_ms <= 0) {
            return true;
        }
        if (!events_wait(watch, signal_fd, (int)left_ms, &matters, rewatch)) {
            return false;
        }
        quiet_ms = matters ? clock_ms() + WATCH_QUIET_MS : quiet_ms;
    }
}

bool watch_wait(struct watch *watch, int signal_fd, struct arena *arena, struct strs *ret_changed)
{
    for (bool rewatch = false;;) {
        *ret_changed = changed_find(watch, arena);
        if (ret_changed->count == 0 && rewatch) { /* watch first, then look */
            watches_make(watch);
            *ret_changed = changed_find(watch, arena);
        }
        if (ret_changed->count > 0) {
            return true;
        }
        rewatch = false;
        for (bool matters = false; !matters;) {
            if (!events_wait(
                    watch, signal_fd, watch->polls ? WATCH_POLL_MS : -1, &matters, &rewatch)) {
                return false;
            }
            matters = matters || watch->polls;
        }
        if (!watch->polls && !quiet_wait(watch, signal_fd, &rewatch)) {
            return false;
        }
    }
}
