/* src/cli/terminal.h: a terminal inside of the user's, for a program that must not have that one.
 *
 *   user's terminal --keys, size--> relay (a thread) --> pty master | pty slave --> program
 *                   <-----------------------------------
 *
 * The user's terminal is raw meanwhile, so that Ctrl-C and the like are the inner one's to deal
 * with. Bytes pass through in both directions; nothing that the program does to its own terminal
 * (settings, size, keys put in) reaches the user's. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H
#include "base/diag.h"

struct terminal;
/* Between stdin and stdout, which must be terminals. *ret_fd: the program's side, closed by
 * terminal_close. */
enum err terminal_open(struct terminal **ret_terminal, int *ret_fd, struct diags *diags);
/* From now on bytes pass; cancel is called, in another thread, when this process is to end by a
 * signal. */
enum err terminal_start(
    struct terminal *terminal, void (*cancel)(void *context), void *context, struct diags *diags);
/* What was printed is passed on to the end; the user's terminal is as before. NULL is fine. */
void terminal_close(struct terminal *terminal);
#endif
