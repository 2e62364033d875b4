/* src/base/file.h: whole files and descriptors. What must survive a crash goes through base/io.h.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H
#include "base/diag.h"
#include <stdio.h>

/* Closes *fd if it is one; for AUTO_CLOSE. */
void fd_close(const int *fd);
#define AUTO_CLOSE __attribute__((cleanup(fd_close)))

enum {
    FILE_BYTES_MAX = 256 * 1024 * 1024, /* what a text that is read whole may hold */
};
/* The whole regular file, in arena. dir_fd as openat's (AT_FDCWD for the working directory).
 * ERR_ABSENT without a diag if there is none; ERR_LIMIT beyond bytes_max; ERR_IO. */
enum err file_read(int dir_fd, const char *path, size_t bytes_max, struct arena *arena,
    struct str *ret_bytes, struct diags *diags);
/* The same of what fd gives up to its end, be it a pipe or a terminal; name is for messages. */
enum err fd_read_all(int fd, const char *name, size_t bytes_max, struct arena *arena,
    struct str *ret_bytes, struct diags *diags);
/* All of bytes, or ERR_IO (errno is kept). EINTR and short writes are dealt with. No diag. */
enum err fd_write_all(int fd, struct str bytes);
/* Reads len bytes or up to the end; returns the count, or -1 with errno. */
ssize_t fd_read_full(int fd, void *ptr, size_t len);
/* path and what is above it, mode 0777 less the umask; there already is OK. */
enum err dirs_make(int dir_fd, const char *path, struct diags *diags);
/* Writes path anew: temporary file beside it, fsync, rename. */
enum err file_write_atomic(int dir_fd, const char *path, struct str bytes, struct diags *diags);
/* Removes path and all below it, without following links; absent is OK. */
enum err tree_remove(int dir_fd, const char *path, struct diags *diags);
#endif
