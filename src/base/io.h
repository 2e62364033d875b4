/* src/base/io.h: the kernel's door for all that must survive a crash, as a table of functions.
 *
 *   store -> struct io -> io_real               the system calls themselves
 *                      -> struct io_fail        the n-th call fails (tests; base/io_fail.h)
 *                           -> io_real
 *
 * Each function is its system call: same arguments, same result, errno. What only reads what was
 * opened through it (mmap, readdir) or cannot lose anything (close) stays outside. */
#ifndef BASE_IO_H
#define BASE_IO_H
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

struct io {
    void *context; /* first argument of every function; NULL for io_real */
    int (*open)(void *context, int dir_fd, const char *path, int flags, mode_t mode);
    ssize_t (*read)(void *context, int fd, void *ptr, size_t len);
    ssize_t (*write)(void *context, int fd, const void *ptr, size_t len);
    int (*fsync)(void *context, int fd);
    int (*syncfs)(void *context, int fd);
    int (*rename)(void *context, int old_dir_fd, const char *old_path, int new_dir_fd,
        const char *new_path, unsigned flags);
    int (*link)(void *context, int old_dir_fd, const char *old_path, int new_dir_fd,
        const char *new_path, int flags);
    int (*symlink)(void *context, const char *target, int dir_fd, const char *path);
    int (*unlink)(void *context, int dir_fd, const char *path, int flags);
    int (*mkdir)(void *context, int dir_fd, const char *path, mode_t mode);
    int (*stat)(void *context, int dir_fd, const char *path, struct stat *ret_stat, int flags);
    int (*chmod)(void *context, int fd, mode_t mode);
    int (*utimens)(
        void *context, int dir_fd, const char *path, const struct timespec times[2], int flags);
};
extern const struct io io_real;

/* openat */
static inline int io_open(const struct io *io, int dir_fd, const char *path, int flags, mode_t mode)
{
    return io->open(io->context, dir_fd, path, flags, mode);
}
static inline ssize_t io_read(const struct io *io, int fd, void *ptr, size_t len)
{
    return io->read(io->context, fd, ptr, len);
}
static inline ssize_t io_write(const struct io *io, int fd, const void *ptr, size_t len)
{
    return io->write(io->context, fd, ptr, len);
}
static inline int io_fsync(const struct io *io, int fd)
{
    return io->fsync(io->context, fd);
}
/* All of the file system that fd lies in. */
static inline int io_syncfs(const struct io *io, int fd)
{
    return io->syncfs(io->context, fd);
}
/* renameat2 */
static inline int io_rename(const struct io *io, int old_dir_fd, const char *old_path,
    int new_dir_fd, const char *new_path, unsigned flags)
{
    return io->rename(io->context, old_dir_fd, old_path, new_dir_fd, new_path, flags);
}
/* linkat */
static inline int io_link(const struct io *io, int old_dir_fd, const char *old_path, int new_dir_fd,
    const char *new_path, int flags)
{
    return io->link(io->context, old_dir_fd, old_path, new_dir_fd, new_path, flags);
}
/* symlinkat */
static inline int io_symlink(const struct io *io, const char *target, int dir_fd, const char *path)
{
    return io->symlink(io->context, target, dir_fd, path);
}
/* unlinkat */
static inline int io_unlink(const struct io *io, int dir_fd, const char *path, int flags)
{
    return io->unlink(io->context, dir_fd, path, flags);
}
/* mkdirat */
static inline int io_mkdir(const struct io *io, int dir_fd, const char *path, mode_t mode)
{
    return io->mkdir(io->context, dir_fd, path, mode);
}
/* fstatat; AT_EMPTY_PATH with "" for an open descriptor */
static inline int io_stat(
    const struct io *io, int dir_fd, const char *path, struct stat *ret_stat, int flags)
{
    return io->stat(io->context, dir_fd, path, ret_stat, flags);
}
/* fchmod */
static inline int io_chmod(const struct io *io, int fd, mode_t mode)
{
    return io->chmod(io->context, fd, mode);
}
/* utimensat; path NULL for an open descriptor */
static inline int io_utimens(
    const struct io *io, int dir_fd, const char *path, const struct timespec times[2], int flags)
{
    return io->utimens(io->context, dir_fd, path, times, flags);
}

/* All of the bytes: 0, or -1 with errno. EINTR and short writes are dealt with. */
int io_write_all(const struct io *io, int fd, const void *ptr, size_t len);
/* len bytes, or fewer at the end of the file: the count, or -1 with errno. */
ssize_t io_read_full(const struct io *io, int fd, void *ptr, size_t len);
#endif
