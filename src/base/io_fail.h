/* src/base/io_fail.h: a struct io whose n-th call fails, for tests of what is left behind.
 *
 *   for (n = 1; ; n++) {
 *       io_fail_init(&fail, n, ENOSPC, IO_FAIL_ONCE);
 *       operate(&fail.io);
 *       if (fail.call_count < n) break;      every call has had its turn
 *       io_fail_release(&fail); reopen with &io_real; check that nothing is lost or invented
 *   }
 */
#ifndef BASE_IO_FAIL_H
#define BASE_IO_FAIL_H
#include "base/io.h"
#include <stddef.h>

enum io_fail_how {
    IO_FAIL_ONCE,    /* that call alone: the operation must report it and clean up */
    IO_FAIL_FOREVER, /* that one and all after it: what a process killed there leaves */
    /* The same, and then the power goes: files with writes that no fsync followed are cut to no
     * bytes (io_fail_release does it). */
    IO_FAIL_POWER,
};
enum {
    IO_FAIL_UNSYNCED_MAX = 4096
};
struct io_fail {
    struct io io;
    enum io_fail_how how;
    size_t call_count; /* so far */
    size_t fail_at;    /* counted from 1; 0: never */
    int error_number;
    int unsynced_fds[IO_FAIL_UNSYNCED_MAX]; /* owned duplicates of what was written */
    size_t unsynced_count;
};
/* fail must not move while it is used. One thread. */
void io_fail_init(struct io_fail *fail, size_t fail_at, int error_number, enum io_fail_how how);
void io_fail_release(struct io_fail *fail);
#endif
