/* src/armitage/server.h: armitage's end of the link. */
#ifndef ARMITAGE_SERVER_H
#define ARMITAGE_SERVER_H
#include "base/diag.h"

/* Serves the messages of link/message.h on fd until the other side is gone (OK). */
enum err server_run(int fd, struct diags *diags);
#endif
