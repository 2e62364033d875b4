/* src/exec/namespace/wire.h: what the program and its runners say to each other.
 *
 *   program -> runner   frame: u32 length, then a request (texts with length and NUL)
 *   runner  -> program  struct ns_reply (with the outputs' folder as SCM_RIGHTS), then its text,
 *                       then what the action printed: stdout, then stderr
 *
 * Both ends are one binary and one fork apart, so structs travel as they are. */
#ifndef EXEC_NAMESPACE_WIRE_H
#define EXEC_NAMESPACE_WIRE_H
#include "base/diag.h"
#include "store/tree.h"

enum {
    NS_REQUEST_BYTES_MAX = 512 * 1024 * 1024,
    NS_PRINTED_BYTES_MAX = 64 * 1024 * 1024, /* of stdout, and of stderr */
};
struct ns_input {
    enum tree_entry_kind kind;
    uint64_t size_bytes;
    const char *path;   /* below /build */
    const char *source; /* path below the store's root; of a symlink: its target */
    const char *waits;  /* where it is until it is there (store_blob_paths), or empty */
};
struct ns_request {
    uint64_t timeout_ms;       /* 0: none */
    uint32_t tokens;           /* 1: it has the jobserver's descriptors */
    uint64_t memory_max_bytes; /* 0: the default */
    bool varied;               /* exec.h */
    const char *root;          /* staged tree, path below the store's root */
    const struct ns_input *inputs;
    size_t input_count;
    const char *const *argv; /* NULL behind the last */
    const char *const *env;  /* the same */
    const char *const *dirs; /* folders to make below /build/out, the same; relative to /build */
};
enum ns_status {
    NS_READY,   /* the slot was set up (first reply) */
    NS_RAN,     /* end and code say how it ended */
    NS_REFUSED, /* the action's fault: its program does not start */
    NS_BROKEN,  /* the sandbox could not be made */
};
struct ns_reply {
    enum ns_status status;
    int end, code; /* enum exec_end */
    uint64_t wall_us, user_us, system_us, rss_max_bytes;
    uint32_t landlock_abi;   /* 0: none */
    uint32_t proc_mounted;   /* 1: a /proc of its own */
    uint32_t pids_bounded;   /* 1: by a cgroup */
    uint32_t memory_version; /* of the cgroup that bounds memory; 0: none */
    uint64_t memory_max_bytes;
    uint32_t has_folder; /* 1: the root of the sandbox's file system came with this */
    uint64_t text_len, stdout_len, stderr_len;
};

/* Bytes of request, as a frame. */
void ns_request_encode(struct buf *out, const struct ns_request *request);
/* Points into bytes and arena. ERR_CORRUPT with a diag. */
enum err ns_request_decode(
    struct str bytes, struct arena *arena, struct ns_request *ret_request, struct diags *diags);
/* ERR_IO without a diag; ERR_ABSENT: the other side is gone. */
enum err ns_reply_send(
    int socket_fd, const struct ns_reply *reply, const struct str texts[3], int folder_fd);
/* texts are in arena; *ret_folder_fd is the caller's, or -1. */
enum err ns_reply_receive(int socket_fd, struct arena *arena, struct ns_reply *ret_reply,
    struct str ret_texts[3], int *ret_folder_fd);
#endif
