/* src/base/io.c */
#include "base/io.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int real_open(void *context, int dir_fd, const char *path, int flags, mode_t mode)
{
    (void)context;
    return openat(dir_fd, path, flags, mode);
}

static ssize_t real_read(void *context, int fd, void *ptr, size_t len)
{
    (void)context;
    return read(fd, ptr, len);
}

static ssize_t real_write(void *context, int fd, const void *ptr, size_t len)
{
    (void)context;
    return write(fd, ptr, len);
}

static int real_fsync(void *context, int fd)
{
    (void)context;
    return fsync(fd);
}

static int real_syncfs(void *context, int fd)
{
    (void)context;
    return syncfs(fd);
}

static int real_rename(void *context, int old_dir_fd, const char *old_path, int new_dir_fd,
    const char *new_path, unsigned flags)
{
    (void)context;
    return renameat2(old_dir_fd, old_path, new_dir_fd, new_path, flags);
}

static int real_link(void *context, int old_dir_fd, const char *old_path, int new_dir_fd,
    const char *new_path, int flags)
{
    (void)context;
    return linkat(old_dir_fd, old_path, new_dir_fd, new_path, flags);
}

static int real_symlink(void *context, const char *target, int dir_fd, const char *path)
{
    (void)context;
    return symlinkat(target, dir_fd, path);
}

static int real_unlink(void *context, int dir_fd, const char *path, int flags)
{
    (void)context;
    return unlinkat(dir_fd, path, flags);
}

static int real_mkdir(void *context, int dir_fd, const char *path, mode_t mode)
{
    (void)context;
    return mkdirat(dir_fd, path, mode);
}

static int real_stat(void *context, int dir_fd, const char *path, struct stat *ret_stat, int flags)
{
    (void)context;
    return fstatat(dir_fd, path, ret_stat, flags);
}

static int real_chmod(void *context, int fd, mode_t mode)
{
    (void)context;
    return fchmod(fd, mode);
}

static int real_utimens(
    void *context, int dir_fd, const char *path, const struct timespec times[2], int flags)
{
    (void)context;
    return path == NULL ? futimens(dir_fd, times) : utimensat(dir_fd, path, times, flags);
}

const struct io io_real = {
    .open = real_open,
    .read = real_read,
    .write = real_write,
    .fsync = real_fsync,
    .syncfs = real_syncfs,
    .rename = real_rename,
    .link = real_link,
    .symlink = real_symlink,
    .unlink = real_unlink,
    .mkdir = real_mkdir,
    .stat = real_stat,
    .chmod = real_chmod,
    .utimens = real_utimens,
};

int io_write_all(const struct io *io, int fd, const void *ptr, size_t len)
{
    const char *next = ptr;
    while (len > 0) {
        ssize_t n = io_write(io, fd, next, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -1;
        }
        next += n;
        len -= (size_t)n;
    }
    return 0;
}

ssize_t io_read_full(const struct io *io, int fd, void *ptr, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = io_read(io, fd, (char *)ptr + done, len - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -1;
        }
        if (n == 0) {
            break;
        }
        done += (size_t)n;
    }
    return (ssize_t)done;
}
