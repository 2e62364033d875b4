/* src/exec/namespace/wire.c */
#include "exec/namespace/wire.h"
#include "base/file.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static void put_u32(struct buf *out, uint32_t value)
{
    buf_add(out, (struct str){.ptr = (const char *)&value, .len = sizeof value});
}

static void put_u64(struct buf *out, uint64_t value)
{
    buf_add(out, (struct str){.ptr = (const char *)&value, .len = sizeof value});
}

static void put_text(struct buf *out, const char *text)
{
    size_t len = strlen(text);
    put_u32(out, (uint32_t)len);
    buf_add(out, (struct str){.ptr = text, .len = len + 1});
}

static void put_texts(struct buf *out, const char *const *texts)
{
    uint32_t count = 0;
    while (texts[count] != NULL) {
        count++;
    }
    put_u32(out, count);
    for (uint32_t i = 0; i < count; i++) {
        put_text(out, texts[i]);
    }
}

void ns_request_encode(struct buf *out, const struct ns_request *request)
{
    size_t start = out->len;
    put_u32(out, 0);
    put_u64(out, request->timeout_ms);
    put_u32(out, request->tokens);
    put_u64(out, request->memory_max_bytes);
    put_u32(out, request->varied ? 1 : 0);
    put_text(out, request->root);
    put_u32(out, (uint32_t)request->input_count);
    for (size_t i = 0; i < request->input_count; i++) {
        put_u32(out, (uint32_t)request->inputs[i].kind);
        put_u64(out, request->inputs[i].size_bytes);
        put_text(out, request->inputs[i].path);
        put_text(out, request->inputs[i].source);
        put_text(out, request->inputs[i].waits);
    }
    put_texts(out, request->argv);
    put_texts(out, request->env);
    put_texts(out, request->dirs);
    uint32_t len = (uint32_t)(out->len - start - sizeof len);
    memcpy(out->ptr + start, &len, sizeof len);
}

/* What is left of a request; bad once something did not fit. */
struct reader {
    struct str rest;
    bool bad;
};

static void take(struct reader *reader, void *ptr, size_t len)
{
    if (reader->rest.len < len) {
        reader->bad = true;
        memset(ptr, 0, len);
        return;
    }
    memcpy(ptr, reader->rest.ptr, len);
    reader->rest = str_sub(reader->rest, len, reader->rest.len);
}

static uint32_t take_u32(struct reader *reader)
{
    uint32_t value;
    take(reader, &value, sizeof value);
    return value;
}

static uint64_t take_u64(struct reader *reader)
{
    uint64_t value;
    take(reader, &value, sizeof value);
    return value;
}

static const char *take_text(struct reader *reader)
{
    size_t len = take_u32(reader);
    if (reader->rest.len <= len || reader->rest.ptr[len] != '\0') {
        reader->bad = true;
        return "";
    }
    const char *text = reader->rest.ptr;
    reader->rest = str_sub(reader->rest, len + 1, reader->rest.len);
    return text;
}

/* Each element takes at least 5 bytes of the rest. */
static uint32_t take_count(struct reader *reader)
{
    uint32_t count = take_u32(reader);
    if (count > reader->rest.len / 5) {
        reader->bad = true;
        return 0;
    }
    return count;
}

static const char *const *take_texts(struct reader *reader, struct arena *arena)
{
    uint32_t count = take_count(reader);
    const char **texts = ARENA_NEW(arena, const char *, (size_t)count + 1);
    for (uint32_t i = 0; i < count; i++) {
        texts[i] = take_text(reader);
    }
    return texts;
}

enum err ns_request_decode(
    struct str bytes, struct arena *arena, struct ns_request *ret_request, struct diags *diags)
{
    struct reader reader = {.rest = bytes};
    struct ns_request request = {.timeout_ms = take_u64(&reader)};
    request.tokens = take_u32(&reader);
    request.memory_max_bytes = take_u64(&reader);
    request.varied = take_u32(&reader) != 0;
    request.root = take_text(&reader);
    request.input_count = take_count(&reader);
    struct ns_input *inputs = ARENA_NEW(arena, struct ns_input, request.input_count + 1);
    for (size_t i = 0; i < request.input_count; i++) {
        inputs[i].kind = (enum tree_entry_kind)take_u32(&reader);
        inputs[i].size_bytes = take_u64(&reader);
        inputs[i].path = take_text(&reader);
        inputs[i].source = take_text(&reader);
        inputs[i].waits = take_text(&reader);
    }
    request.inputs = inputs;
    request.argv = take_texts(&reader, arena);
    request.env = take_texts(&reader, arena);
    request.dirs = take_texts(&reader, arena);
    if (reader.bad || reader.rest.len != 0) {
        return diag_add(diags, ERR_CORRUPT, SPAN_NONE, "a request to a sandbox is damaged");
    }
    *ret_request = request;
    return OK;
}

/* The kernel's shape for one descriptor that travels with bytes. */
union fd_message {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

enum err ns_reply_send(
    int socket_fd, const struct ns_reply *reply, const struct str texts[3], int folder_fd)
{
    struct ns_reply copy = *reply;
    struct iovec iov = {.iov_base = &copy, .iov_len = sizeof copy};
    union fd_message control = {0};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    if (folder_fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof folder_fd);
        memcpy(CMSG_DATA(header), &folder_fd, sizeof folder_fd);
    }
    ssize_t sent;
    do {
        sent = sendmsg(socket_fd, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent != (ssize_t)sizeof copy) {
        return ERR_IO;
    }
    for (size_t i = 0; i < 3; i++) {
        enum err err = fd_write_all(socket_fd, texts[i]);
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

static int folder_of(struct msghdr *message)
{
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    int fd = -1;
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
    }
    return fd;
}

enum err ns_reply_receive(int socket_fd, struct arena *arena, struct ns_reply *ret_reply,
    struct str ret_texts[3], int *ret_folder_fd)
{
    *ret_folder_fd = -1;
    struct iovec iov = {.iov_base = ret_reply, .iov_len = sizeof *ret_reply};
    union fd_message control;
    struct msghdr message = {.msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control};
    ssize_t got;
    do {
        got = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL);
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof *ret_reply) {
        return ERR_ABSENT;
    }
    int folder_fd = folder_of(&message);
    uint64_t lens[3] = {ret_reply->text_len, ret_reply->stdout_len, ret_reply->stderr_len};
    for (size_t i = 0; i < 3; i++) {
        char *ptr = arena_alloc(arena, lens[i] + 1);
        if (fd_read_full(socket_fd, ptr, lens[i]) != (ssize_t)lens[i]) {
            fd_close(&folder_fd);
            return ERR_ABSENT;
        }
        ptr[lens[i]] = '\0';
        ret_texts[i] = (struct str){.ptr = ptr, .len = lens[i]};
    }
    *ret_folder_fd = folder_fd;
    return OK;
}
