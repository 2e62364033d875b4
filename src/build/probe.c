/* src/build/probe.c */
#include "build/probe.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool word_next(struct str *text, struct str *ret_word)
{
    size_t begin = 0;
    while (begin < text->len && is_blank(text->ptr[begin])) {
        begin++;
    }
    size_t end = begin;
    while (end < text->len && !is_blank(text->ptr[end])) {
        end++;
    }
    *ret_word = str_sub(*text, begin, end);
    *text = str_sub(*text, end, text->len);
    return ret_word->len > 0;
}

enum err probe_find(const struct probe *probe, struct str name, const char **ret_path)
{
    if (name.len == 0 || memchr(name.ptr, '\0', name.len) != NULL) {
        return ERR_ABSENT;
    }
    if (str_find(name, '/') < name.len) {
        *ret_path = arena_cstr(probe->arena, name);
        return name.ptr[0] == '/' && access(*ret_path, F_OK) == 0 ? OK : ERR_ABSENT;
    }
    struct str rest = str_of(probe->path);
    while (rest.len > 0) {
        size_t end = str_find(rest, ':');
        struct str folder = str_sub(rest, 0, end);
        rest = str_sub(rest, end + 1, rest.len);
        if (folder.len == 0 || folder.ptr[0] != '/') {
            continue; /* what it names depends on where one stands */
        }
        const char *path =
            arena_printf(probe->arena, "%.*s/%.*s", STR_ARG(folder), STR_ARG(name)).ptr;
        if (access(path, X_OK) == 0) {
            *ret_path = path;
            return OK;
        }
    }
    return ERR_ABSENT;
}

/* Reads both pipes to their ends. */
static enum err pipes_drain(int out_fd, int err_fd, struct buf *out, struct buf *err)
{
    struct pollfd fds[2] = {{.fd = out_fd, .events = POLLIN}, {.fd = err_fd, .events = POLLIN}};
    struct buf *bufs[2] = {out, err};
    unsigned open_count = 2;
    while (open_count > 0) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR) {
            return ERR_IO;
        }
        for (size_t i = 0; i < 2; i++) {
            if (fds[i].fd < 0 || fds[i].revents == 0) {
                continue;
            }
            char *ptr = buf_reserve(bufs[i], 65536);
            ssize_t n = read(fds[i].fd, ptr, 65536);
            if (n < 0 && errno == EINTR) {
                continue;
            }
            if (n <= 0) {
                fds[i].fd = -1;
                open_count--;
                continue;
            }
            bufs[i]->len += (size_t)n;
            if (bufs[i]->len > PROBE_OUTPUT_MAX) {
                return ERR_LIMIT;
            }
        }
    }
    return OK;
}

/* posix_spawn takes arrays of char * that it does not change. */
static char **spawn_array(struct arena *arena, const char *const *texts)
{
    size_t count = 0;
    while (texts[count] != NULL) {
        count++;
    }
    char **array = ARENA_NEW(arena, char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(texts[i]) + 1;
        array[i] = arena_alloc(arena, size);
        memcpy(array[i], texts[i], size);
    }
    return array;
}

static int child_start(
    const struct probe *probe, const char *const *argv, int out_fd, int err_fd, pid_t *ret_pid)
{
    const char *env[] = {arena_printf(probe->arena, "PATH=%s", probe->path).ptr, "LC_ALL=C", NULL};
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) {
        return error;
    }
    error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
    }
    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO);
    }
    if (error == 0) {
        error = posix_spawn(ret_pid, argv[0], &actions, NULL, spawn_array(probe->arena, argv),
            spawn_array(probe->arena, env));
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

static int child_wait(pid_t pid)
{
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        continue;
    }
    return status;
}

enum err probe_run(const struct probe *probe, const char *const *argv,
    enum probe_strictness strictness, struct str *ret_output)
{
    int out[2];
    int errors[2];
    if (pipe2(out, O_CLOEXEC) != 0) {
        return diag_add_errno(probe->diags, errno, "cannot make a pipe");
    }
    AUTO_CLOSE int out_fd = out[0];
    if (pipe2(errors, O_CLOEXEC) != 0) {
        (void)close(out[1]);
        return diag_add_errno(probe->diags, errno, "cannot make a pipe");
    }
    AUTO_CLOSE int err_fd = errors[0];
    pid_t pid = 0;
    int error = child_start(probe, argv, out[1], errors[1], &pid);
    (void)close(out[1]);
    (void)close(errors[1]);
    if (error == ENOENT) {
        return ERR_ABSENT;
    }
    if (error != 0) {
        return diag_add_errno(probe->diags, error, "cannot run %s", argv[0]);
    }
    AUTO_BUF out_text = {0};
    AUTO_BUF err_text = {0};
    enum err err = pipes_drain(out_fd, err_fd, &out_text, &err_text);
    int status = child_wait(pid);
    if (err != OK) {
        return diag_add(probe->diags, err, SPAN_NONE, "cannot read what %s prints", argv[0]);
    }
    if (strictness == PROBE_STRICT && !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        err = diag_add(probe->diags, ERR_INVALID, SPAN_NONE, "%s %s failed", argv[0],
            argv[1] == NULL ? "" : argv[1]);
        diag_extra(probe->diags, buf_str(&err_text));
        return err;
    }
    *ret_output = arena_str(probe->arena, buf_str(&out_text));
    return OK;
}
