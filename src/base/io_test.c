/* src/base/io_test.c */
#include "base/diag.h"
#include "base/file.h"
#include "base/io_fail.h"
#include "base/test.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[64];
static int dir_fd;

/* open, write, fsync, rename: four calls. */
static int put(const struct io *io, bool sync)
{
    AUTO_CLOSE int fd = io_open(io, dir_fd, "tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || io_write_all(io, fd, "text", 4) != 0 || (sync && io_fsync(io, fd) != 0)) {
        return -1;
    }
    return io_rename(io, dir_fd, "tmp", dir_fd, "file", 0);
}

static off_t file_size(const char *name)
{
    struct stat st;
    return io_stat(&io_real, dir_fd, name, &st, 0) == 0 ? st.st_size : -1;
}

static void each_call_fails_in_its_turn(void)
{
    static const off_t tmp_size[] = {-1, 0, 4, 4};
    for (size_t n = 1; n <= 4; n++) {
        struct io_fail fail;
        io_fail_init(&fail, n, ENOSPC, IO_FAIL_ONCE);
        errno = 0;
        CHECK(put(&fail.io, true) == -1 && errno == ENOSPC);
        io_fail_release(&fail);
        CHECK(file_size("tmp") == tmp_size[n - 1]);
        CHECK(file_size("file") == -1);
        (void)unlinkat(dir_fd, "tmp", 0);
    }
    struct io_fail fail;
    io_fail_init(&fail, 5, ENOSPC, IO_FAIL_ONCE);
    CHECK(put(&fail.io, true) == 0);
    CHECK(fail.call_count == 4);
    io_fail_release(&fail);
    CHECK(file_size("file") == 4);
}

static void a_dead_process_calls_no_more(void)
{
    struct io_fail fail;
    io_fail_init(&fail, 2, EIO, IO_FAIL_FOREVER);
    CHECK(io_mkdir(&fail.io, dir_fd, "a", 0700) == 0);
    CHECK(io_mkdir(&fail.io, dir_fd, "b", 0700) == -1 && errno == EIO);
    CHECK(io_mkdir(&fail.io, dir_fd, "c", 0700) == -1 && errno == EIO);
    io_fail_release(&fail);
}

static void power_takes_what_was_not_synced(void)
{
    for (int sync = 0; sync < 2; sync++) {
        struct io_fail fail;
        io_fail_init(&fail, 5, EIO, IO_FAIL_POWER);
        CHECK(put(&fail.io, sync != 0) == 0);
        while (fail.call_count < 5) {
            (void)io_fsync(&fail.io, -1);
        }
        io_fail_release(&fail);
        CHECK(file_size("file") == (sync != 0 ? 4 : 0));
    }
}

int main(void)
{
    static const char pattern[] = "/tmp/straylight-io-XXXXXX";
    memcpy(dir, pattern, sizeof pattern);
    dir_fd = mkdtemp(dir) == NULL ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0) {
        return 1;
    }
    TEST(each_call_fails_in_its_turn);
    TEST(a_dead_process_calls_no_more);
    TEST(power_takes_what_was_not_synced);
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    CHECK(tree_remove(AT_FDCWD, dir, &diags) == OK);
    arena_release(&arena);
    return test_done();
}
