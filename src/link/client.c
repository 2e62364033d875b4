/* src/link/client.c */
#include "link/client.h"
#include "base/file.h"
#include "link/packet.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct link_client {
    pthread_mutex_t mutex;
    int fd;
    pid_t pid;
    uint64_t last_id;
};

/* The file `name` in the folder of the file `self`. */
static const char *beside(struct str self, const char *name, struct arena *arena)
{
    size_t slash = str_find_last(self, '/');
    struct str folder = slash == self.len ? STR(".") : str_sub(self, 0, slash);
    return arena_printf(arena, "%.*s/%s", STR_ARG(folder), name).ptr;
}

enum err link_sibling_path(
    const char *name, struct arena *arena, const char **ret_path, struct diags *diags)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path);
    if (len < 0 || (size_t)len == sizeof path) {
        return diag_add_errno(diags, errno, "cannot read /proc/self/exe");
    }
    *ret_path = beside((struct str){.ptr = path, .len = (size_t)len}, name, arena);
    if (access(*ret_path, X_OK) == 0) {
        return OK;
    }
    /* Run through a link, as those in out/ are: beside that link, then. */
    const char *started = (const char *)getauxval(AT_EXECFN);
    const char *other = started == NULL ? *ret_path : beside(str_of(started), name, arena);
    if (access(other, X_OK) == 0) {
        *ret_path = other;
    }
    return OK;
}

/* The child has the socket as descriptor 3 and the terminal's standard descriptors, nothing else.
 */
static enum err spawn_with_socket(
    const char *path, int socket_fd, pid_t *ret_pid, struct diags *diags)
{
    char arg_path[] = "armitage";
    char arg_link[] = "link";
    char *argv[] = {arg_path, arg_link, NULL};
    posix_spawn_file_actions_t actions;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, socket_fd, 3);
    (void)posix_spawn_file_actions_addclosefrom_np(&actions, 4);
    posix_spawnattr_t attributes;
    (void)posix_spawnattr_init(&attributes);
    /* An interrupt at the terminal is straylight's to handle: armitage ends when its socket does.
     */
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    int error_number = posix_spawn(ret_pid, path, &actions, &attributes, argv, environ);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (error_number != 0) {
        (void)diag_add_errno(diags, error_number, "cannot start %s", path);
        diag_help(diags, "armitage belongs beside straylight: install both from one build");
        return ERR_IO;
    }
    return OK;
}

static enum err client_gone(struct diags *diags)
{
    return diag_add(diags, ERR_IO, SPAN_NONE, "armitage ended without an answer");
}

static enum err client_hello(
    struct link_client *client, const char *store_root, struct diags *diags)
{
    struct arena arena = {0};
    struct link_message message = {
        .kind = LINK_HELLO, .version = LINK_VERSION, .text = str_of(store_root)};
    enum err err = link_send(client->fd, &message, diags);
    if (err == OK) {
        err = link_receive(client->fd, &arena, &message, diags);
    }
    if (err == ERR_RETRY) {
        err = client_gone(diags);
    } else if (err == OK && message.kind == LINK_FAILED) {
        err = diag_add(diags, link_failure_err((enum link_failure)message.count), SPAN_NONE,
            "armitage: %.*s", STR_ARG(message.text));
    } else if (err == OK && (message.kind != LINK_HELLO || message.version != LINK_VERSION)) {
        err = diag_add(diags, ERR_INVALID, SPAN_NONE,
            "armitage speaks another version of the link than straylight's %d", LINK_VERSION);
        diag_help(diags, "install both programs from one build");
    }
    arena_release(&arena);
    return err;
}

enum err link_client_start(const char *armitage_path, const char *store_root,
    struct link_client **ret_client, struct diags *diags)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) {
        return diag_add_errno(diags, errno, "cannot make a socket pair");
    }
    struct link_client *client = memory_calloc(1, sizeof *client);
    (void)pthread_mutex_init(&client->mutex, NULL);
    client->fd = fds[0];
    enum err err = spawn_with_socket(armitage_path, fds[1], &client->pid, diags);
    (void)close(fds[1]);
    if (err == OK) {
        err = client_hello(client, store_root, diags);
    }
    if (err != OK) {
        link_client_stop(client);
        return err;
    }
    *ret_client = client;
    return OK;
}

void link_client_stop(struct link_client *client)
{
    if (client == NULL) {
        return;
    }
    (void)close(client->fd);
    if (client->pid > 0) {
        while (waitpid(client->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    (void)pthread_mutex_destroy(&client->mutex);
    free(client);
}

static enum err failed_tell(const struct link_message *message, struct str url, struct diags *diags)
{
    enum err err = diag_add(diags, link_failure_err((enum link_failure)message->count), SPAN_NONE,
        "cannot fetch %.*s: %.*s", STR_ARG(url), STR_ARG(message->text));
    if (message->file.len > 0) {
        diag_help(diags, "%.*s", STR_ARG(message->file));
    }
    return err;
}

/* Packets of request id until its answer. */
static enum err fetch_wait(struct link_client *client, const struct link_fetch *fetch,
    struct arena *packets, struct arena *arena, struct link_fetched *ret_fetched,
    struct diags *diags)
{
    for (;;) {
        struct link_message message;
        enum err err = link_receive(client->fd, packets, &message, diags);
        if (err != OK) {
            return err == ERR_RETRY ? client_gone(diags) : err;
        }
        if (message.id != client->last_id) {
            return diag_add(diags, ERR_INVALID, SPAN_NONE, "armitage answered what was not asked");
        }
        if (message.kind == LINK_FETCHED) {
            *ret_fetched = (struct link_fetched){.digest = message.digest,
                .url = arena_str(arena, message.text),
                .allow_origin_count = message.count,
                .allow_origin = arena_str(arena, message.headers)};
            return OK;
        }
        if (message.kind == LINK_FAILED) {
            return failed_tell(&message, fetch->url, diags);
        }
        if (message.kind == LINK_PROGRESS && fetch->progress != NULL) {
            fetch->progress(fetch->context, message.count, message.total);
        }
        arena_release(packets);
    }
}

enum err link_client_fetch(struct link_client *client, const struct link_fetch *fetch,
    struct arena *arena, struct link_fetched *ret_fetched, struct diags *diags)
{
    if (fetch->url.len > LINK_URL_MAX) {
        return diag_add(diags, ERR_LIMIT, SPAN_NONE, "a URL of %zu bytes is longer than %d",
            fetch->url.len, LINK_URL_MAX);
    }
    (void)pthread_mutex_lock(&client->mutex);
    struct arena packets = {0};
    struct link_message message = {
        .kind = LINK_FETCH,
        .id = ++client->last_id,
        .text = fetch->url,
        .hash = {.ptr = (const char *)fetch->hash,
            .len = fetch->hash == NULL ? 0 : DIGEST_HASH_BYTES},
        .count = fetch->bytes_max,
        .file = fetch->ca_file,
        .allow_http = fetch->allow_http,
        .headers = fetch->headers,
    };
    enum err err = link_send(client->fd, &message, diags);
    if (err == OK) {
        err = fetch_wait(client, fetch, &packets, arena, ret_fetched, diags);
    } else if (err == ERR_RETRY) {
        err = client_gone(diags);
    }
    arena_release(&packets);
    (void)pthread_mutex_unlock(&client->mutex);
    return err;
}
