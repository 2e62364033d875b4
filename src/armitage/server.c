/* src/armitage/server.c */
#include "armitage/server.h"
#include "armitage/fetch.h"
#include "link/packet.h"
#include "store/store.h"

struct server {
    int fd;
    struct store *store;
    uint64_t id;         /* of the request being served */
    uint64_t told_bytes; /* progress was last sent at this count */
    struct arena arena;  /* of the request being served */
    struct diags diags;
};

enum {
    PROGRESS_BYTES = 1024 * 1024, /* a message for each */
};

/* The newest diag and what to do about it, as one message. */
static enum err answer_failed(struct server *server, enum err err, struct diags *diags)
{
    const struct diag *diag = server->diags.newest;
    struct link_message message = {
        .kind = LINK_FAILED,
        .id = server->id,
        .count = (uint64_t)link_failure_of(err),
        .text = diag == NULL ? STR("no reason was given") : diag->text,
        .file = diag == NULL ? STR("") : diag->help,
    };
    return link_send(server->fd, &message, diags);
}

static void send_progress(void *context, uint64_t done_bytes, uint64_t total_bytes)
{
    struct server *server = context;
    if (done_bytes - server->told_bytes < PROGRESS_BYTES) {
        return;
    }
    server->told_bytes = done_bytes;
    struct link_message message = {
        .kind = LINK_PROGRESS, .id = server->id, .count = done_bytes, .total = total_bytes};
    enum err err = link_send(server->fd, &message, &server->diags);
    if (err != OK) {
        server->told_bytes = UINT64_MAX; /* the other side is gone: the next receive says so */
    }
}

static enum err serve_fetch(
    struct server *server, const struct link_message *message, struct diags *diags)
{
    bool has_nul =
        memchr(message->text.ptr, 0, message->text.len) != NULL ||
        (message->file.len > 0 && memchr(message->file.ptr, 0, message->file.len) != NULL);
    struct link_message answer = {.kind = LINK_FETCHED, .id = server->id};
    enum err err;
    if (message->text.len == 0 || has_nul) {
        err = diag_add(&server->diags, ERR_INVALID, SPAN_NONE, "not a URL");
    } else {
        struct fetch_request request = {
            .url = arena_cstr(&server->arena, message->text),
            .hash = message->hash.len == 0 ? NULL : (const uint8_t *)message->hash.ptr,
            .allow_http = message->allow_http,
            .headers = message->headers,
            .bytes_max = message->count,
            .ca_file = message->file.len == 0 ? NULL : arena_cstr(&server->arena, message->file),
            .progress = send_progress,
            .context = server,
        };
        struct fetch_answer fetched = {0};
        err = fetch_url(server->store, &request, &server->arena, &fetched, &server->diags);
        answer.digest = fetched.digest;
        answer.text = fetched.url;
        answer.count = fetched.allow_origin_count;
        answer.headers = fetched.allow_origin;
    }
    return err == OK ? link_send(server->fd, &answer, diags) : answer_failed(server, err, diags);
}

static enum err serve_hello(
    struct server *server, const struct link_message *message, struct diags *diags)
{
    if (message->version != LINK_VERSION || server->store != NULL || message->text.len == 0 ||
        memchr(message->text.ptr, 0, message->text.len) != NULL) {
        enum err err =
            diag_add(&server->diags, ERR_INVALID, SPAN_NONE, "a hello of another release");
        return answer_failed(server, err, diags);
    }
    enum err err = store_open(
        &io_real, arena_cstr(&server->arena, message->text), &server->store, &server->diags);
    if (err != OK) {
        return answer_failed(server, err, diags);
    }
    struct link_message answer = {
        .kind = LINK_HELLO, .id = server->id, .version = LINK_VERSION, .text = message->text};
    return link_send(server->fd, &answer, diags);
}

static enum err serve_one(struct server *server, struct diags *diags)
{
    struct link_message message;
    enum err err = link_receive(server->fd, &server->arena, &message, diags);
    if (err != OK) {
        return err;
    }
    server->id = message.id;
    server->told_bytes = 0;
    diags_init(&server->diags, &server->arena, NULL);
    if (message.kind == LINK_HELLO) {
        return serve_hello(server, &message, diags);
    }
    if (message.kind == LINK_FETCH && server->store != NULL) {
        return serve_fetch(server, &message, diags);
    }
    return diag_add(diags, ERR_INVALID, SPAN_NONE, "a message that is out of order");
}

enum err server_run(int fd, struct diags *diags)
{
    struct server server = {.fd = fd};
    enum err err = fetch_start(diags);
    while (err == OK) {
        err = serve_one(&server, diags);
        arena_release(&server.arena);
    }
    store_close(server.store);
    fetch_stop();
    return err == ERR_RETRY ? OK : err; /* the other side is gone: the end of the work */
}
