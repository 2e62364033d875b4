/* src/exec/exec.h: run one action, behind one interface.
 *
 *   exec -> slot, slot, ...      one for each action that runs at a time
 *             \-> runner         a process (exec/namespace/runner.h), started before any thread
 *                   \-> action   in namespaces of its own
 *
 * What an action sees (exec/namespace; docs/security.md says what that is worth):
 *   /            tmpfs, read-only; the merged toolchain tree's entries (usr, lib64, bin -> usr/bin)
 *   /build       cwd; declared inputs, read-only, at workspace-relative paths; generated inputs
 *                under gen/<package>/...
 *   /build/out   empty but for the folders of outputs, writable; outputs are at out/<package>/...
 *   /tmp         private, empty, writable
 *   /dev         null zero full random urandom
 *   /proc        its own processes and nothing else; empty where the kernel refuses one
 * uid 1000, gid 1000, host name "straylight", umask 022, TZ=UTC, LC_ALL=C, SOURCE_DATE_EPOCH=1,
 * HOME=/nonexistent, PATH as the action says (else /usr/bin:/bin); no network but a down loopback;
 * stdin is /dev/null. */
#ifndef EXEC_EXEC_H
#define EXEC_EXEC_H
#include "base/diag.h"
#include "digest/digest.h"
#include "store/store.h"
#include "store/tree.h"

struct exec_env {
    struct str name, value;
};
/* All that an action's environment holds: the fixed variables, PATH, and the action's own. It is
 * part of the action's key, and the same wherever the action runs. In arena. ERR_INVALID: the
 * action sets a fixed one, or what is no variable. */
enum err exec_env_whole(const struct exec_env *env, size_t count, struct arena *arena,
    const struct exec_env **ret_env, size_t *ret_count, struct diags *diags);
struct exec_action {
    struct digest root; /* merged toolchain tree, seen at / (REAPI Directory in the store) */
    const struct tree_entry *inputs; /* below /build, sorted by path, unique */
    size_t input_count;
    const struct str *argv; /* argv[0] absolute, or relative to /build when it holds a slash */
    size_t argv_count;
    const struct exec_env *env; /* beside the fixed ones, which it may not set but for PATH */
    size_t env_count;
    const struct str *outputs; /* files relative to /build, each under out/, sorted, unique */
    size_t output_count;
    const struct str *folders; /* the same, for outputs that are folders */
    size_t folder_count;
    bool shares_tokens;  /* it has those of exec_new_tokens; not part of the key */
    uint64_t timeout_ms; /* 0: none; neither this nor the next is part of the key */
    /* Of all its processes and files; 0: seven eighths of the machine's. */
    uint64_t memory_max_bytes;
    /* Under other conditions, none of which may show in what it makes: one CPU, the last that may
     * be used; process numbers that begin later; inputs made in the opposite order, each for
     * itself, so that folders list them in another. Not part of the key. */
    bool varied;
};
enum {
    EXEC_PROCESSES_MAX = 2048,
};
enum exec_end {
    EXEC_EXITED,    /* code: exit status */
    EXEC_SIGNALLED, /* code: signal */
    EXEC_TIMED_OUT,
    EXEC_CANCELLED,
    EXEC_MEMORY,    /* it needed more than result.memory_max_bytes */
    EXEC_PROCESSES, /* it had more than EXEC_PROCESSES_MAX at a time */
    EXEC_FLOODED,   /* it printed more than 64 MiB and was ended; the beginning is kept */
};
struct exec_output {
    struct str path;
    enum tree_entry_kind kind; /* TREE_FILE, TREE_EXECUTABLE or TREE_DIRECTORY */
    struct digest digest;
};
struct exec_result {
    bool ran; /* its program was started; set even where exec_run fails later */
    enum exec_end end;
    int code;
    struct digest stdout_digest, stderr_digest; /* whole outputs, in the store */
    struct exec_output *outputs;                /* one for each output, then each folder, in order;
                                                   only when it exited 0 */
    size_t output_count;
    struct str
        missing; /* an output that the action did not make: the first; then outputs are none */
    uint64_t wall_us, user_us, system_us, rss_max_bytes, memory_max_bytes;
    struct str level; /* sandbox level reached, for attestations: "namespace: user mount pid net ipc
                         uts cgroup; seccomp; landlock 7; proc; pids cgroup; memory cgroup v2" */
};

/* Runners: one process for each slot, started while this process has one thread (fork is safe
 * then). */
struct exec;
enum err exec_new(
    struct store *store, unsigned slot_count, struct exec **ret_exec, struct diags *diags);
/* The same with both ends of a jobserver's pipe, which stay the caller's. An action that shares
 * them has them as descriptors 3 and 4, and a MAKEFLAGS that says so (GNU make's manual, "POSIX
 * jobserver"): it may take a token for each further process that it wants to run at once. Actions
 * that share a pipe can speak to each other by it: only those that declare it have it. */
enum err exec_new_tokens(struct store *store, unsigned slot_count, const int token_fds[2],
    struct exec **ret_exec, struct diags *diags);
/* The same with one slot, whose actions have a terminal as their standard streams, in the place of
 * what exec_run keeps of them: a shell for a person. Never a terminal that somebody else uses, too:
 * what it may do to it is not bounded. terminal_fd stays the caller's. */
enum err exec_new_terminal(
    struct store *store, int terminal_fd, struct exec **ret_exec, struct diags *diags);
/* Kills what runs, waits for it, frees. */
void exec_free(struct exec *exec);
/* Blocks until the action is over, every process of it; any number of threads, at most slot_count
 * run at once. OK: the action ran (look at end and code). ERR_INVALID: its program does not start,
 * or an output is no plain file or folder; the diag names it.
 * ERR_ABSENT, ERR_CORRUPT: an input, from the store. ERR_IO: the sandbox could not be made (fails
 * closed). The result is in arena. */
enum err exec_run(struct exec *exec, const struct exec_action *action, struct arena *arena,
    struct exec_result *ret_result, struct diags *diags);
/* Ends every running action (they return EXEC_CANCELLED) and all that come. Async-signal-safe. */
void exec_cancel(struct exec *exec);

/* What this machine's kernel allows; for `doctor`. */
struct exec_check {
    struct str name; /* "user namespace", "seccomp", "landlock", ... */
    bool works;
    bool needed;       /* without it no action runs */
    struct str detail; /* errno's text or the version */
    struct str help;   /* what to do about it */
};
enum err exec_doctor(
    struct arena *arena, struct exec_check **ret_checks, size_t *ret_count, struct diags *diags);
#endif
