/* src/exec/namespace/landlock.c
 *
 * The structs and bits are the kernel's (linux/landlock.h); the header of Debian 12 is older than
 * the kernels that we run on, so they are written down here. */
#include "exec/namespace/landlock.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct landlock_rules {
    uint64_t file_system, network, scoped; /* what is denied unless a rule allows it */
};
struct landlock_path {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));
enum {
    LANDLOCK_VERSION = 1, /* flag of landlock_create_ruleset: give the ABI */
    LANDLOCK_PATH = 1,    /* rule type */
};
static const uint64_t fs_execute = 1U << 0, fs_write_file = 1U << 1, fs_read_file = 1U << 2,
                      fs_read_dir = 1U << 3, fs_make_char = 1U << 6, fs_make_block = 1U << 11,
                      fs_truncate = 1U << 14;

unsigned ns_landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION);
    return abi > 0 ? (unsigned)abi : 0;
}

static uint64_t fs_all(unsigned abi)
{
    unsigned bit_count = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13;
    return (UINT64_C(1) << bit_count) - 1;
}

static enum err allow(int rules_fd, const char *path, uint64_t allowed, struct diags *diags)
{
    AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) {
        return diag_add_errno(diags, errno, "cannot open %s of the sandbox", path);
    }
    struct landlock_path rule = {.allowed = allowed, .parent_fd = fd};
    if (syscall(SYS_landlock_add_rule, rules_fd, LANDLOCK_PATH, &rule, 0) != 0) {
        return diag_add_errno(diags, errno, "landlock refuses the rule for %s", path);
    }
    return OK;
}

enum err ns_landlock_restrict(unsigned abi, struct diags *diags)
{
    uint64_t all = fs_all(abi);
    struct landlock_rules rules = {
        .file_system = all, .network = abi >= 4 ? 3 : 0, .scoped = abi >= 6 ? 3 : 0};
    size_t size = abi >= 6 ? sizeof rules : abi >= 4 ? 16 : 8;
    AUTO_CLOSE int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (fd < 0) {
        return diag_add_errno(diags, errno, "landlock refuses to start");
    }
    uint64_t writable = all & ~(fs_make_char | fs_make_block);
    enum err err = allow(fd, "/", fs_execute | fs_read_file | fs_read_dir, diags);
    err = err != OK ? err : allow(fd, "/tmp", writable, diags);
    err = err != OK ? err : allow(fd, "/build/out", writable, diags);
    err = err != OK ? err : allow(fd, "/dev", (fs_write_file | fs_truncate) & all, diags);
    if (err != OK) {
        return err;
    }
    if (syscall(SYS_landlock_restrict_self, fd, 0) != 0) {
        return diag_add_errno(diags, errno, "landlock refuses the action");
    }
    return OK;
}
