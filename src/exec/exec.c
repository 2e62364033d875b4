/* src/exec/exec.c: slots, and the way of one action through one of them.
 *
 *   exec_run: check -> stage trees in the store -> slot_take -> request -> runner -> reply
 *             -> slot_give -> outputs and what was printed into the store */
#include "exec/exec.h"
#include "base/file.h"
#include "exec/collect.h"
#include "exec/namespace/group.h"
#include "exec/namespace/runner.h"
#include "exec/namespace/wire.h"
#include "exec/share.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SLOTS_MAX = 1024,
    FLOOD_KEPT_BYTES = 64 * 1024, /* of what an action printed that printed too much */
};
struct slot {
    pid_t pid;
    int socket_fd; /* -1: its runner is lost */
    bool busy;
    char groups[2 * NS_GROUP_PATH_MAX + 8]; /* paths, for ns_groups_release */
};
struct exec {
    struct store *store;
    struct shares *shares;
    pthread_mutex_t mutex; /* of busy and socket_fd of the slots */
    pthread_cond_t freed;
    int terminal_fd;   /* of exec_new_terminal, or -1; borrowed */
    int token_fds[2];  /* of exec_new_tokens, or -1; borrowed */
    int cancel_fds[2]; /* runners watch [0]; a byte into [1] cancels, and stays */
    atomic_bool cancelled;
    unsigned slot_count;
    struct slot slots[];
};

static const char doctor_help[] = "`straylight doctor` says what this machine's kernel allows, and "
                                  "what to do about the rest";

static const int no_tokens[2] = {-1, -1};
static const char tokens_makeflags[] = "MAKEFLAGS= -j --jobserver-auth=3,4"; /* NS_TOKENS_FD */

static enum err slot_start(struct exec *exec, struct slot *slot, struct diags *diags)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return diag_add_errno(diags, errno, "cannot make a socket pair");
    }
    pid_t pid = fork();
    if (pid == 0) {
        struct ns_fds fds = {.socket = ends[1],
            .cancel = exec->cancel_fds[0],
            .terminal = exec->terminal_fd,
            .tokens = {exec->token_fds[0], exec->token_fds[1]}};
        ns_runner_main(&fds, store_root(exec->store));
    }
    int error_number = errno;
    fd_close(&ends[1]);
    if (pid < 0) {
        fd_close(&ends[0]);
        return diag_add_errno(diags, error_number, "cannot start a runner");
    }
    slot->pid = pid;
    slot->socket_fd = ends[0];
    return OK;
}

/* What the runner says once it is set up, or why it is not. */
static enum err slot_greet(struct slot *slot, struct diags *diags)
{
    struct ns_reply reply;
    struct str texts[3];
    int folder_fd = -1;
    enum err err = ns_reply_receive(slot->socket_fd, diags->arena, &reply, texts, &folder_fd);
    fd_close(&folder_fd);
    if (err != OK || reply.status != NS_READY) {
        err = err != OK ? diag_add(diags, ERR_IO, SPAN_NONE, "a runner died at its start")
                        : diag_add(diags, ERR_IO, SPAN_NONE, "%.*s", STR_ARG(texts[0]));
        diag_help(diags, "%s", doctor_help);
        return diag_add(diags, err, SPAN_NONE, "cannot make a sandbox");
    }
    struct str groups = str_sub(texts[0], 0, sizeof slot->groups - 1);
    memcpy(slot->groups, groups.ptr, groups.len);
    return OK;
}

static enum err exec_make(struct store *store, unsigned slot_count, int terminal_fd,
    const int token_fds[2], struct exec **ret_exec, struct diags *diags)
{
    if (slot_count == 0 || slot_count > SLOTS_MAX) {
        return diag_add(
            diags, ERR_LIMIT, SPAN_NONE, "%u slots, not 1 to %d", slot_count, SLOTS_MAX);
    }
    struct exec *exec = memory_calloc(1, sizeof *exec + slot_count * sizeof exec->slots[0]);
    exec->store = store;
    exec->terminal_fd = terminal_fd;
    exec->token_fds[0] = token_fds[0];
    exec->token_fds[1] = token_fds[1];
    exec->shares = shares_new();
    (void)pthread_mutex_init(&exec->mutex, NULL);
    (void)pthread_cond_init(&exec->freed, NULL);
    for (unsigned i = 0; i < slot_count; i++) {
        exec->slots[i].socket_fd = -1;
    }
    exec->slot_count = slot_count;
    enum err err = OK;
    if (pipe2(exec->cancel_fds, O_CLOEXEC) != 0) {
        exec->cancel_fds[0] = exec->cancel_fds[1] = -1;
        err = diag_add_errno(diags, errno, "cannot make a pipe");
    }
    for (unsigned i = 0; err == OK && i < slot_count; i++) {
        err = slot_start(exec, &exec->slots[i], diags);
    }
    for (unsigned i = 0; err == OK && i < slot_count; i++) {
        err = slot_greet(&exec->slots[i], diags);
    }
    if (err != OK) {
        exec_free(exec);
        return err;
    }
    *ret_exec = exec;
    return OK;
}

enum err exec_new(
    struct store *store, unsigned slot_count, struct exec **ret_exec, struct diags *diags)
{
    return exec_make(store, slot_count, -1, no_tokens, ret_exec, diags);
}

enum err exec_new_tokens(struct store *store, unsigned slot_count, const int token_fds[2],
    struct exec **ret_exec, struct diags *diags)
{
    return exec_make(store, slot_count, -1, token_fds, ret_exec, diags);
}

enum err exec_new_terminal(
    struct store *store, int terminal_fd, struct exec **ret_exec, struct diags *diags)
{
    return exec_make(store, 1, terminal_fd, no_tokens, ret_exec, diags);
}

void exec_free(struct exec *exec)
{
    if (exec == NULL) {
        return;
    }
    exec_cancel(exec);
    for (unsigned i = 0; i < exec->slot_count; i++) {
        fd_close(&exec->slots[i].socket_fd);
    }
    for (unsigned i = 0; i < exec->slot_count; i++) {
        while (
            exec->slots[i].pid > 0 && waitpid(exec->slots[i].pid, NULL, 0) < 0 && errno == EINTR) {
        }
        ns_groups_release(str_of(exec->slots[i].groups));
    }
    fd_close(&exec->cancel_fds[0]);
    fd_close(&exec->cancel_fds[1]);
    shares_free(exec->shares);
    (void)pthread_mutex_destroy(&exec->mutex);
    (void)pthread_cond_destroy(&exec->freed);
    free(exec);
}

void exec_cancel(struct exec *exec)
{
    int error_number = errno; /* a signal handler leaves no trace */
    if (!atomic_exchange(&exec->cancelled, true)) {
        ssize_t written = write(exec->cancel_fds[1], "", 1);
        (void)written; /* one byte into an empty pipe: it fits */
    }
    errno = error_number;
}

/* NULL: all runners are lost. */
static struct slot *slot_take(struct exec *exec)
{
    struct slot *slot = NULL;
    unsigned lost_count = 0;
    (void)pthread_mutex_lock(&exec->mutex);
    while (slot == NULL && lost_count < exec->slot_count) {
        lost_count = 0;
        for (unsigned i = 0; slot == NULL && i < exec->slot_count; i++) {
            bool lost = exec->slots[i].socket_fd < 0;
            lost_count += lost ? 1 : 0;
            slot = lost || exec->slots[i].busy ? NULL : &exec->slots[i];
        }
        if (slot == NULL && lost_count < exec->slot_count) {
            (void)pthread_cond_wait(&exec->freed, &exec->mutex);
        }
    }
    if (slot != NULL) {
        slot->busy = true;
    }
    (void)pthread_mutex_unlock(&exec->mutex);
    return slot;
}

static void slot_give(struct exec *exec, struct slot *slot, bool lost)
{
    (void)pthread_mutex_lock(&exec->mutex);
    slot->busy = false;
    if (lost) {
        fd_close(&slot->socket_fd);
        slot->socket_fd = -1;
    }
    (void)pthread_cond_broadcast(&exec->freed);
    (void)pthread_mutex_unlock(&exec->mutex);
}

/* Relative, no empty, "." or ".." component, no NUL. */
static bool path_is_plain(struct str path)
{
    for (size_t from = 0; from <= path.len;) {
        struct str rest = str_sub(path, from, path.len);
        struct str name = str_sub(rest, 0, str_find(rest, '/'));
        if (name.len == 0 || str_eq(name, STR(".")) || str_eq(name, STR(".."))) {
            return false;
        }
        from += name.len + 1;
    }
    return memchr(path.ptr, '\0', path.len) == NULL;
}

static bool text_is_plain(struct str text)
{
    return text.len == 0 || memchr(text.ptr, '\0', text.len) == NULL;
}

static bool outputs_are_plain(const struct str *paths, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!str_starts(paths[i], STR("out/")) || !path_is_plain(paths[i])) {
            return false;
        }
    }
    return true;
}

static const struct exec_env fixed_env[] = {
    {{"HOME", 4}, {"/nonexistent", 12}},
    {{"LC_ALL", 6}, {"C", 1}},
    {{"SOURCE_DATE_EPOCH", 17}, {"1", 1}},
    {{"TZ", 2}, {"UTC", 3}},
};
static const struct exec_env default_path = {{"PATH", 4}, {"/usr/bin:/bin", 13}};
enum {
    FIXED_ENV_COUNT = sizeof fixed_env / sizeof fixed_env[0],
};

static bool env_is_plain(const struct exec_env *env)
{
    for (size_t i = 0; i < FIXED_ENV_COUNT; i++) {
        if (str_eq(env->name, fixed_env[i].name)) {
            return false;
        }
    }
    return env->name.len > 0 && str_find(env->name, '=') == env->name.len &&
           text_is_plain(env->name) && text_is_plain(env->value);
}

enum err exec_env_whole(const struct exec_env *env, size_t count, struct arena *arena,
    const struct exec_env **ret_env, size_t *ret_count, struct diags *diags)
{
    struct exec_env *whole = ARENA_NEW(arena, struct exec_env, FIXED_ENV_COUNT + count + 1);
    bool has_path = false;
    memcpy(whole, fixed_env, sizeof fixed_env);
    for (size_t i = 0; i < count; i++) {
        if (!env_is_plain(&env[i])) {
            return diag_add(diags, ERR_INVALID, SPAN_NONE, "an action cannot set the variable %.*s",
                STR_ARG(env[i].name));
        }
        has_path = has_path || str_eq(env[i].name, default_path.name);
        whole[FIXED_ENV_COUNT + i] = env[i];
    }
    whole[FIXED_ENV_COUNT + count] = default_path;
    *ret_env = whole;
    *ret_count = FIXED_ENV_COUNT + count + (has_path ? 0 : 1);
    return OK;
}

/* The engine makes these; a mistake of its must not become a hole. */
static enum err action_check(const struct exec_action *action, struct diags *diags)
{
    for (size_t i = 0; i < action->input_count; i++) {
        struct str path = action->inputs[i].path;
        bool in_out = str_eq(path, STR("out")) || str_starts(path, STR("out/"));
        if (!path_is_plain(path) || in_out || !text_is_plain(action->inputs[i].target)) {
            return diag_add(
                diags, ERR_INVALID, SPAN_NONE, "%.*s cannot be an input's path", STR_ARG(path));
        }
    }
    if (!outputs_are_plain(action->outputs, action->output_count) ||
        !outputs_are_plain(action->folders, action->folder_count)) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE, "an output's path is not below out/");
    }
    for (size_t i = 0; i < action->argv_count; i++) {
        if (!text_is_plain(action->argv[i])) {
            return diag_add(diags, ERR_INVALID, SPAN_NONE, "an argument holds a NUL");
        }
    }
    if (action->argv_count == 0 || str_find(action->argv[0], '/') == action->argv[0].len) {
        return diag_add(
            diags, ERR_INVALID, SPAN_NONE, "an action's program needs a path, not just a name");
    }
    return OK;
}

static enum err input_stage(struct store *store, const struct tree_entry *entry,
    struct arena *arena, struct ns_input *ret_input, struct diags *diags)
{
    struct str source = entry->target;
    struct str paths[2] = {0};
    enum err err = OK;
    switch (entry->kind) {
    case TREE_FILE:
    case TREE_EXECUTABLE:
        err = store_blob_paths(
            store, &entry->digest, entry->kind == TREE_EXECUTABLE, arena, paths, diags);
        source = paths[1];
        break;
    case TREE_DIRECTORY:
        err = tree_stage(store, &entry->digest, arena, &source, diags);
        break;
    case TREE_SYMLINK:
        break;
    }
    if (err == ERR_ABSENT) {
        err = diag_add(diags, ERR_ABSENT, SPAN_NONE, "it is not in the store");
    }
    if (err != OK) {
        return diag_add(diags, err, SPAN_NONE, "cannot stage input %.*s", STR_ARG(entry->path));
    }
    *ret_input = (struct ns_input){.kind = entry->kind,
        .size_bytes = entry->digest.size_bytes,
        .path = arena_cstr(arena, entry->path),
        .source = arena_cstr(arena, source),
        .waits = arena_cstr(arena, paths[0])};
    return OK;
}

static const char *const *argv_make(const struct exec_action *action, struct arena *arena)
{
    const char **argv = ARENA_NEW(arena, const char *, action->argv_count + 1);
    for (size_t i = 0; i < action->argv_count; i++) {
        argv[i] = arena_cstr(arena, action->argv[i]);
    }
    return argv;
}

/* An action that has a MAKEFLAGS of its own does not want ours. */
static bool env_has(const struct exec_action *action, struct str name)
{
    bool has = false;
    for (size_t i = 0; i < action->env_count; i++) {
        has = has || str_eq(action->env[i].name, name);
    }
    return has;
}

static enum err env_make(const struct exec_action *action, bool tokens, struct arena *arena,
    const char *const **ret_env, struct diags *diags)
{
    const struct exec_env *whole;
    size_t count;
    enum err err = exec_env_whole(action->env, action->env_count, arena, &whole, &count, diags);
    if (err != OK) {
        return err;
    }
    const char **env = ARENA_NEW(arena, const char *, count + 2);
    for (size_t i = 0; i < count; i++) {
        env[i] =
            arena_printf(arena, "%.*s=%.*s", STR_ARG(whole[i].name), STR_ARG(whole[i].value)).ptr;
    }
    if (tokens) {
        env[count] = tokens_makeflags;
    }
    *ret_env = env;
    return OK;
}

/* Where outputs go is there before the action starts (REAPI v2, Command.output_paths). */
static const char *const *dirs_of(const struct exec_action *action, struct arena *arena)
{
    size_t total = action->output_count + action->folder_count;
    const char **dirs = ARENA_NEW(arena, const char *, total + 1);
    size_t count = 0;
    struct str last = STR("out");
    for (size_t i = 0; i < total; i++) {
        struct str path = i < action->output_count ? action->outputs[i]
                                                   : action->folders[i - action->output_count];
        struct str parent = str_sub(path, 0, str_find_last(path, '/'));
        if (!str_eq(parent, last)) {
            dirs[count++] = arena_cstr(arena, parent);
            last = parent;
        }
    }
    return dirs;
}

static enum err request_make(struct exec *exec, const struct exec_action *action,
    struct arena *arena, struct ns_request *ret_request, struct diags *diags)
{
    struct str root;
    const char *const *env;
    bool tokens =
        action->shares_tokens && exec->token_fds[0] >= 0 && !env_has(action, STR("MAKEFLAGS"));
    enum err err = env_make(action, tokens, arena, &env, diags);
    if (err != OK) {
        return err;
    }
    err = tree_stage(exec->store, &action->root, arena, &root, diags);
    if (err != OK) {
        return diag_add(diags, err, SPAN_NONE, "cannot stage the action's toolchain");
    }
    const struct tree_entry *entries = action->inputs;
    size_t count = action->input_count;
    if (!action->varied) {
        struct tree_entry *folded;
        err = shares_fold(
            exec->shares, exec->store, action->inputs, count, arena, &folded, &count, diags);
        entries = folded;
    }
    struct ns_input *inputs = ARENA_NEW(arena, struct ns_input, action->input_count + 1);
    for (size_t i = 0; err == OK && i < count; i++) {
        size_t to = action->varied ? count - 1 - i : i;
        err = input_stage(exec->store, &entries[i], arena, &inputs[to], diags);
    }
    if (err != OK) {
        return err;
    }
    *ret_request = (struct ns_request){.timeout_ms = action->timeout_ms,
        .tokens = tokens ? 1 : 0,
        .memory_max_bytes = action->memory_max_bytes,
        .varied = action->varied,
        .root = arena_cstr(arena, root),
        .inputs = inputs,
        .input_count = count,
        .argv = argv_make(action, arena),
        .env = env,
        .dirs = dirs_of(action, arena)};
    return OK;
}

/* To the runner and back. */
static enum err slot_run(struct exec *exec, const struct ns_request *request, struct arena *arena,
    struct ns_reply *ret_reply, struct str ret_texts[3], int *ret_folder_fd, struct diags *diags)
{
    AUTO_BUF frame = {0};
    ns_request_encode(&frame, request);
    if (frame.len > NS_REQUEST_BYTES_MAX) {
        return diag_add(diags, ERR_LIMIT, SPAN_NONE,
            "an action's inputs and arguments take %zu bytes", frame.len);
    }
    struct slot *slot = slot_take(exec);
    if (slot == NULL) {
        return diag_add(diags, ERR_IO, SPAN_NONE, "all runners have died");
    }
    enum err err = OK;
    if (atomic_load(&exec->cancelled)) {
        *ret_reply = (struct ns_reply){.status = NS_RAN, .end = EXEC_CANCELLED};
        memset(ret_texts, 0, 3 * sizeof *ret_texts);
        slot_give(exec, slot, false);
        return OK;
    }
    struct iovec iov = {.iov_base = frame.ptr, .iov_len = frame.len};
    while (err == OK && iov.iov_len > 0) {
        struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
        ssize_t sent = sendmsg(slot->socket_fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            err = ERR_IO;
        } else if (sent > 0) {
            iov.iov_base = (char *)iov.iov_base + sent;
            iov.iov_len -= (size_t)sent;
        }
    }
    if (err == OK) {
        err = ns_reply_receive(slot->socket_fd, arena, ret_reply, ret_texts, ret_folder_fd);
    }
    slot_give(exec, slot, err != OK);
    if (err != OK) {
        return diag_add(diags, ERR_IO, SPAN_NONE, "the action's runner died (out of memory?)");
    }
    return OK;
}

static struct str level_make(const struct ns_reply *reply, struct arena *arena)
{
    struct str landlock = reply->landlock_abi == 0
                              ? STR("no landlock")
                              : arena_printf(arena, "landlock %u", reply->landlock_abi);
    const char *unbounded = reply->proc_mounted != 0 ? "watched" : "unbounded";
    struct str memory = reply->memory_version == 0
                            ? str_of(unbounded)
                            : arena_printf(arena, "cgroup v%u", reply->memory_version);
    return arena_printf(arena,
        "namespace: user mount pid net ipc uts cgroup; seccomp; %.*s; %s; pids %s; memory %.*s",
        STR_ARG(landlock), reply->proc_mounted != 0 ? "proc" : "no proc",
        reply->pids_bounded != 0 ? "cgroup" : unbounded, STR_ARG(memory));
}

static enum err printed_keep(struct store *store, struct str text, enum exec_end end,
    struct digest *ret_digest, struct diags *diags)
{
    struct str kept = end == EXEC_FLOODED ? str_sub(text, 0, FLOOD_KEPT_BYTES) : text;
    return store_put(store, kept, ret_digest, diags);
}

enum err exec_run(struct exec *exec, const struct exec_action *action, struct arena *arena,
    struct exec_result *ret_result, struct diags *diags)
{
    struct ns_request request;
    struct ns_reply reply;
    struct str texts[3];
    AUTO_CLOSE int folder_fd = -1;
    struct exec_result result = {0};
    ret_result->ran = false;
    enum err err = action_check(action, diags);
    err = err != OK ? err : request_make(exec, action, arena, &request, diags);
    err = err != OK ? err : slot_run(exec, &request, arena, &reply, texts, &folder_fd, diags);
    if (err != OK) {
        return err;
    }
    if (reply.status != NS_RAN) {
        bool refused = reply.status == NS_REFUSED;
        err = diag_add(diags, refused ? ERR_INVALID : ERR_IO, SPAN_NONE, "%.*s", STR_ARG(texts[0]));
        if (!refused) {
            diag_help(diags, "%s", doctor_help);
        }
        diag_extra(diags, texts[2]);
        return err;
    }
    result.end = (enum exec_end)reply.end;
    result.ran = result.end != EXEC_CANCELLED;
    ret_result->ran = result.ran;
    err = printed_keep(exec->store, texts[1], result.end, &result.stdout_digest, diags);
    if (err == OK) {
        err = printed_keep(exec->store, texts[2], result.end, &result.stderr_digest, diags);
    }
    result.code = reply.code;
    result.wall_us = reply.wall_us;
    result.user_us = reply.user_us;
    result.system_us = reply.system_us;
    result.rss_max_bytes = reply.rss_max_bytes;
    result.memory_max_bytes = reply.memory_max_bytes;
    result.level = level_make(&reply, arena);
    if (err == OK && folder_fd >= 0) {
        err = exec_collect(exec->store, folder_fd, action, arena, &result, diags);
    }
    if (err == OK) {
        *ret_result = result;
    }
    return err;
}
