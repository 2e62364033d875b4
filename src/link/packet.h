/* src/link/packet.h: messages over a SOCK_SEQPACKET socket. */
#ifndef LINK_PACKET_H
#define LINK_PACKET_H
#include "link/message.h"

/* One packet. ERR_RETRY without a diag: the other side is gone. */
enum err link_send(int fd, const struct link_message *message, struct diags *diags);
/* Waits for one packet; views of ret_message live in arena. ERR_RETRY without a diag: the other
 * side is gone. ERR_INVALID: what came is no message. */
enum err link_receive(
    int fd, struct arena *arena, struct link_message *ret_message, struct diags *diags);
#endif
