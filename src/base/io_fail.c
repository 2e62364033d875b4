/* src/base/io_fail.c */
#include "base/io_fail.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool fails(struct io_fail *fail)
{
    fail->call_count++;
    bool now = fail->call_count == fail->fail_at;
    bool dead = fail->how != IO_FAIL_ONCE && fail->fail_at > 0 && fail->call_count > fail->fail_at;
    if (now || dead) {
        errno = fail->error_number;
    }
    return now || dead;
}

/* The inode, not the descriptor: the caller may close it, open it again, rename it. */
static size_t unsynced_find(const struct io_fail *fail, int fd)
{
    struct stat want, have;
    if (fstat(fd, &want) != 0) {
        return fail->unsynced_count;
    }
    for (size_t i = 0; i < fail->unsynced_count; i++) {
        if (fstat(fail->unsynced_fds[i], &have) == 0 && have.st_ino == want.st_ino &&
            have.st_dev == want.st_dev) {
            return i;
        }
    }
    return fail->unsynced_count;
}

static int fail_open(void *context, int dir_fd, const char *path, int flags, mode_t mode)
{
    return fails(context) ? -1 : io_open(&io_real, dir_fd, path, flags, mode);
}

static ssize_t fail_read(void *context, int fd, void *ptr, size_t len)
{
    return fails(context) ? -1 : io_read(&io_real, fd, ptr, len);
}

static ssize_t fail_write(void *context, int fd, const void *ptr, size_t len)
{
    struct io_fail *fail = context;
    if (fails(fail)) {
        return -1;
    }
    if (fail->how == IO_FAIL_POWER && unsynced_find(fail, fd) == fail->unsynced_count) {
        assert(fail->unsynced_count < IO_FAIL_UNSYNCED_MAX);
        fail->unsynced_fds[fail->unsynced_count++] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    }
    return io_write(&io_real, fd, ptr, len);
}

static int fail_fsync(void *context, int fd)
{
    struct io_fail *fail = context;
    if (fails(fail)) {
        return -1;
    }
    size_t i = unsynced_find(fail, fd);
    if (i < fail->unsynced_count) {
        (void)close(fail->unsynced_fds[i]);
        fail->unsynced_fds[i] = fail->unsynced_fds[--fail->unsynced_count];
    }
    return 0; /* the test's machine stays up */
}

static int fail_syncfs(void *context, int fd)
{
    struct io_fail *fail = context;
    (void)fd;
    if (fails(fail)) {
        return -1;
    }
    while (fail->unsynced_count > 0) {
        (void)close(fail->unsynced_fds[--fail->unsynced_count]);
    }
    return 0;
}

static int fail_rename(void *context, int old_dir_fd, const char *old_path, int new_dir_fd,
    const char *new_path, unsigned flags)
{
    return fails(context) ? -1
                          : io_rename(&io_real, old_dir_fd, old_path, new_dir_fd, new_path, flags);
}

static int fail_link(void *context, int old_dir_fd, const char *old_path, int new_dir_fd,
    const char *new_path, int flags)
{
    return fails(context) ? -1
                          : io_link(&io_real, old_dir_fd, old_path, new_dir_fd, new_path, flags);
}

static int fail_symlink(void *context, const char *target, int dir_fd, const char *path)
{
    return fails(context) ? -1 : io_symlink(&io_real, target, dir_fd, path);
}

static int fail_unlink(void *context, int dir_fd, const char *path, int flags)
{
    return fails(context) ? -1 : io_unlink(&io_real, dir_fd, path, flags);
}

static int fail_mkdir(void *context, int dir_fd, const char *path, mode_t mode)
{
    return fails(context) ? -1 : io_mkdir(&io_real, dir_fd, path, mode);
}

static int fail_stat(void *context, int dir_fd, const char *path, struct stat *ret_stat, int flags)
{
    return fails(context) ? -1 : io_stat(&io_real, dir_fd, path, ret_stat, flags);
}

static int fail_chmod(void *context, int fd, mode_t mode)
{
    return fails(context) ? -1 : io_chmod(&io_real, fd, mode);
}

static int fail_utimens(
    void *context, int dir_fd, const char *path, const struct timespec times[2], int flags)
{
    return fails(context) ? -1 : io_utimens(&io_real, dir_fd, path, times, flags);
}

void io_fail_init(struct io_fail *fail, size_t fail_at, int error_number, enum io_fail_how how)
{
    fail->io = (struct io){
        .context = fail,
        .open = fail_open,
        .read = fail_read,
        .write = fail_write,
        .fsync = fail_fsync,
        .syncfs = fail_syncfs,
        .rename = fail_rename,
        .link = fail_link,
        .symlink = fail_symlink,
        .unlink = fail_unlink,
        .mkdir = fail_mkdir,
        .stat = fail_stat,
        .chmod = fail_chmod,
        .utimens = fail_utimens,
    };
    fail->how = how;
    fail->call_count = 0;
    fail->fail_at = fail_at;
    fail->error_number = error_number;
    fail->unsynced_count = 0;
}

void io_fail_release(struct io_fail *fail)
{
    for (size_t i = 0; i < fail->unsynced_count; i++) {
        if (fail->fail_at > 0 && fail->call_count >= fail->fail_at) {
            int error = ftruncate(fail->unsynced_fds[i], 0);
            assert(error == 0);
        }
        (void)close(fail->unsynced_fds[i]);
    }
    fail->unsynced_count = 0;
}
