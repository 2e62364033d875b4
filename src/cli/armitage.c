/* src/cli/armitage.c: main of armitage, the only program that talks to a network.
 *
 * People use it through straylight, which starts `armitage link` over a socket pair. */
#include "armitage/server.h"
#include "base/file.h"
#include "base/option.h"
#include "cli/version.h"
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LINK_FD = 3, /* where straylight put its socket (link/client.h) */
    STATUS_MISUSE = 2,
    STATUS_BROKEN = 3,
};

static const struct command_spec spec = {
    .name = "link",
    .operands = "",
    .summary = "serve straylight over the socket that it gave as descriptor 3",
    .about = "armitage fetches, verifies and stores what straylight asks it for. It is\n"
             "started by straylight and ends with it; there is no need to run it by hand.",
};

static bool is_packet_socket(int fd)
{
    int type = 0;
    socklen_t len = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET;
}

static int link_serve(void)
{
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    enum err err;
    if (is_packet_socket(LINK_FD)) {
        err = server_run(LINK_FD, &diags);
    } else {
        err = diag_add(&diags, ERR_INVALID, SPAN_NONE, "descriptor 3 is not a link");
        diag_help(&diags, "armitage is started by straylight: see \"straylight fetch --help\"");
    }
    AUTO_BUF text = {0};
    diags_format(&diags, false, &text);
    if (fd_write_all(STDERR_FILENO, buf_str(&text)) != OK) {
        err = ERR_IO;
    }
    arena_release(&arena);
    if (err == ERR_INVALID) {
        return STATUS_MISUSE;
    }
    return err == OK ? 0 : STATUS_BROKEN;
}

int main(int argc, char **argv)
{
    struct str word = argc == 2 ? str_of(argv[1]) : STR("");
    if (str_eq(word, STR("link"))) {
        return link_serve();
    }
    AUTO_BUF text = {0};
    if (str_eq(word, STR("--version"))) {
        buf_printf(&text, "armitage %s\n", STRAYLIGHT_VERSION);
    } else {
        option_help("armitage", &spec, &text);
    }
    bool asked = str_eq(word, STR("--version")) || str_eq(word, STR("--help"));
    enum err err = fd_write_all(asked ? STDOUT_FILENO : STDERR_FILENO, buf_str(&text));
    if (err != OK) {
        return STATUS_BROKEN;
    }
    return asked ? 0 : STATUS_MISUSE;
}
