/* src/build/host.h: files of this machine, gathered into a tree of the store.
 *
 *   host_add("/usr/lib/x/../y/crt1.o")     walks it as the kernel does, link by link
 *     -> entries  lib -> usr/lib          (a link on the way: kept, made relative)
 *                 usr/lib/y/crt1.o        (the file: its bytes go to the store)
 *   host_close_over                        asks the loader what the programs among them need
 *   host_build -> digest of the tree
 *
 * Paths in the tree are those of the machine, so that a program finds its parts where it looks for
 * them. Nothing of the machine but names, bytes and the executable bit is in it. */
#ifndef BUILD_HOST_H
#define BUILD_HOST_H
#include "base/table.h"
#include "build/probe.h"
#include "store/tree.h"

enum {
    HOST_ENTRIES_MAX = 200000,
    HOST_LINKS_MAX = 40,           /* followed for one path, as the kernel's limit */
    HOST_FILE_BYTES_MAX = 1 << 30, /* one file */
};
struct host {
    const struct probe *probe;
    struct store *store;
    struct store_batch *batch;  /* files that are not yet visible; NULL: none */
    struct table paths;         /* row == index of entries; paths without the first '/' */
    struct tree_entry *entries; /* owned */
    size_t cap;
    uint32_t closed_count; /* entries whose needs were looked at */
    const char *loader;    /* the machine's: PT_INTERP of the last program that named one */
    uint16_t machine;      /* ELF machine of that program */
    uint64_t total_bytes;
};
/* A tree without entries. */
struct host host_new(const struct probe *probe, struct store *store);
void host_release(struct host *host);
/* The file at the absolute path and the links on the way to it. A folder adds only the links.
 * ERR_ABSENT without a diag; ERR_INVALID: a loop of links, a device. ret_real (may be NULL): where
 * it led to, absolute, in the arena. */
enum err host_add(struct host *host, struct str path, const char **ret_real);
/* All files below the folder at the absolute path. */
enum err host_add_folder(struct host *host, struct str path);
/* A link of the tree's own: path and target as in the tree, without the first '/'. No effect if
 * the tree has that path already. */
void host_link(struct host *host, struct str path, struct str target);
bool host_has(const struct host *host, struct str path);
/* Adds the shared objects that the ELF files of the tree need, and theirs. `skip` (may be NULL):
 * real paths that stay out of it. */
enum err host_close_over(struct host *host, const struct table *skip);
/* Writes the tree into the store. */
enum err host_build(struct host *host, struct digest *ret_digest);
/* Where the absolute path leads to, without links, in the arena. ERR_ABSENT without a diag. */
enum err host_real(const struct probe *probe, struct str path, const char **ret_real);
#endif
