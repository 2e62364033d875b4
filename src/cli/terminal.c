/* src/cli/terminal.c */
#include "cli/terminal.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

enum {
    CHUNK_BYTES = 4096,
};
struct terminal {
    int master_fd, inner_fd, signal_fd, end_fds[2];
    struct termios before; /* of the user's */
    bool is_raw, runs;
    sigset_t signals_before;
    pthread_t relay;
    void (*cancel)(void *context);
    void *context;
};

static void signals_of(sigset_t *ret_set)
{
    (void)sigemptyset(ret_set);
    (void)sigaddset(ret_set, SIGWINCH);
    (void)sigaddset(ret_set, SIGINT);
    (void)sigaddset(ret_set, SIGTERM);
    (void)sigaddset(ret_set, SIGHUP);
}

static void size_copy(const struct terminal *terminal)
{
    struct winsize size;
    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
        (void)ioctl(terminal->master_fd, TIOCSWINSZ, &size);
    }
}

/* Of the system call's three steps none can be left out. */
static bool pty_open(struct terminal *terminal)
{
    char name[128];
    terminal->master_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal->master_fd < 0 || grantpt(terminal->master_fd) != 0 ||
        unlockpt(terminal->master_fd) != 0 ||
        ptsname_r(terminal->master_fd, name, sizeof name) != 0) {
        return false;
    }
    terminal->inner_fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return terminal->inner_fd >= 0;
}

enum err terminal_open(struct terminal **ret_terminal, int *ret_fd, struct diags *diags)
{
    struct terminal *terminal = memory_calloc(1, sizeof *terminal);
    terminal->master_fd = terminal->inner_fd = terminal->signal_fd = -1;
    terminal->end_fds[0] = terminal->end_fds[1] = -1;
    sigset_t set;
    signals_of(&set);
    (void)pthread_sigmask(SIG_BLOCK, &set, &terminal->signals_before);
    bool good = pty_open(terminal) && pipe2(terminal->end_fds, O_CLOEXEC) == 0 &&
                tcgetattr(STDIN_FILENO, &terminal->before) == 0 &&
                tcsetattr(terminal->inner_fd, TCSANOW, &terminal->before) == 0;
    if (good) {
        terminal->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    }
    if (!good || terminal->signal_fd < 0) {
        enum err err = diag_add_errno(diags, errno, "cannot make a terminal");
        terminal_close(terminal);
        return err;
    }
    size_copy(terminal);
    *ret_terminal = terminal;
    *ret_fd = terminal->inner_fd;
    return OK;
}

/* False: there is nothing more to come. */
static bool chunk_pass(int from_fd, int to_fd)
{
    char chunk[CHUNK_BYTES];
    ssize_t len = read(from_fd, chunk, sizeof chunk);
    if (len < 0 && (errno == EINTR || errno == EAGAIN)) {
        return true;
    }
    return len > 0 && fd_write_all(to_fd, (struct str){.ptr = chunk, .len = (size_t)len}) == OK;
}

static void signals_take(struct terminal *terminal)
{
    struct signalfd_siginfo info;
    while (read(terminal->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGWINCH) {
            size_copy(terminal);
        } else {
            terminal->cancel(terminal->context);
        }
    }
}

static void *relay_main(void *argument)
{
    struct terminal *terminal = argument;
    struct pollfd fds[] = {{.fd = terminal->master_fd, .events = POLLIN},
        {.fd = STDIN_FILENO, .events = POLLIN}, {.fd = terminal->signal_fd, .events = POLLIN},
        {.fd = terminal->end_fds[0], .events = POLLIN}};
    bool ends = false;
    for (;;) {
        int ready = poll(fds, sizeof fds / sizeof fds[0], ends ? 0 : -1);
        if (ready < 0 && errno != EINTR) {
            return NULL;
        }
        if (ready <= 0 && ends) {
            return NULL; /* all that was printed has been read */
        }
        if (fds[0].revents != 0 && !chunk_pass(terminal->master_fd, STDOUT_FILENO)) {
            return NULL;
        }
        if (fds[1].revents != 0 && !chunk_pass(STDIN_FILENO, terminal->master_fd)) {
            fds[1].fd = -1;
        }
        if (fds[2].revents != 0) {
            signals_take(terminal);
        }
        if (fds[3].revents != 0) {
            ends = true;
            fds[1].fd = fds[2].fd = fds[3].fd = -1;
            fds[1].revents = fds[2].revents = fds[3].revents = 0;
        }
    }
}

enum err terminal_start(
    struct terminal *terminal, void (*cancel)(void *context), void *context, struct diags *diags)
{
    struct termios raw = terminal->before;
    terminal->cancel = cancel;
    terminal->context = context;
    cfmakeraw(&raw);
    terminal->is_raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
    int error_number = pthread_create(&terminal->relay, NULL, relay_main, terminal);
    terminal->runs = error_number == 0;
    return terminal->runs ? OK : diag_add_errno(diags, error_number, "cannot start a thread");
}

void terminal_close(struct terminal *terminal)
{
    if (terminal == NULL) {
        return;
    }
    if (terminal->runs) {
        (void)!write(terminal->end_fds[1], "", 1); /* an empty pipe: it fits */
        (void)pthread_join(terminal->relay, NULL);
    }
    if (terminal->is_raw) {
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->before);
    }
    fd_close(&terminal->master_fd);
    fd_close(&terminal->inner_fd);
    fd_close(&terminal->signal_fd);
    fd_close(&terminal->end_fds[0]);
    fd_close(&terminal->end_fds[1]);
    (void)pthread_sigmask(SIG_SETMASK, &terminal->signals_before, NULL);
    free(terminal);
}
