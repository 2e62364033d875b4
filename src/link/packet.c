/* src/link/packet.c */
#include "link/packet.h"
#include <errno.h>
#include <sys/socket.h>

enum err link_send(int fd, const struct link_message *message, struct diags *diags)
{
    AUTO_BUF bytes = {0};
    link_message_encode(message, &bytes);
    if (bytes.len > LINK_MESSAGE_MAX) {
        return diag_add(
            diags, ERR_LIMIT, SPAN_NONE, "a message of %zu bytes is too long", bytes.len);
    }
    for (;;) {
        ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (n >= 0) {
            return OK;
        }
        if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) {
            return ERR_RETRY;
        }
        if (errno != EINTR) {
            return diag_add_errno(diags, errno, "cannot send to the other program");
        }
    }
}

enum err link_receive(
    int fd, struct arena *arena, struct link_message *ret_message, struct diags *diags)
{
    char *packet = arena_alloc(arena, LINK_MESSAGE_MAX);
    ssize_t n;
    do {
        n = recv(fd, packet, LINK_MESSAGE_MAX, MSG_TRUNC);
    } while (n < 0 && errno == EINTR);
    if (n == 0 || (n < 0 && errno == ECONNRESET)) {
        return ERR_RETRY;
    }
    if (n < 0) {
        return diag_add_errno(diags, errno, "cannot receive from the other program");
    }
    struct str bytes = {.ptr = packet, .len = (size_t)n};
    if (n > LINK_MESSAGE_MAX || link_message_decode(bytes, ret_message) != OK) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE,
            "the other program sent what is no message (are both of one release?)");
    }
    return OK;
}
