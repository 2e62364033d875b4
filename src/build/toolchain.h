/* src/build/toolchain.h: the machine's compiler and libraries as artifacts.
 *
 *   the compiler  "where is cc1, crt1.o, ...?"   \
 *   the loader    "what does cc1 need?"           > host.h: a tree in the store -> its digest
 *   dpkg          "what else has libc6-dev?"     /
 *     -> one entry of toolchains.dhall            (toolchain_file_add), all that a build ever reads
 *
 * toolchains.dhall is a file of entries, each a `let` between lines "-- entry: KIND NAME" and the
 * next one; adding replaces the entry of that kind and name and leaves the others' text alone, so
 * that what somebody changed there (flags, comments) stays. */
#ifndef BUILD_TOOLCHAIN_H
#define BUILD_TOOLCHAIN_H
#include "build/probe.h"
#include "digest/digest.h"
#include "store/store.h"

enum toolchain_compiler {
    TOOLCHAIN_GCC,
    TOOLCHAIN_CLANG,
};
/* A compiler that was found, and its tree. */
struct toolchain {
    enum toolchain_compiler compiler;
    struct str version; /* "12.2.0" */
    struct digest tree;
    struct str host, target; /* functions of targets/v1.dhall: "x86_64-linux" */
    struct str packages;     /* that it was made from: "NAME VERSION\n", sorted */
    bool has_linker;
    struct str linker_version;
    struct digest linker_tree;
    uint64_t file_count, total_bytes; /* of both trees */
};
struct toolchain_wanted {
    struct str compiler; /* "gcc", "clang" (along probe's PATH), an absolute path; empty: gcc, or
                            clang where there is no gcc for the target */
    struct str target; /* as targets/v1.dhall calls it: "aarch64-linux"; empty: the compiler's own;
                          else the cross compiler and the C library of Debian's packages for it */
    bool with_lld;
};
/* ERR_ABSENT without a diag: there is no such compiler. */
enum err toolchain_find(const struct probe *probe, struct store *store,
    const struct toolchain_wanted *wanted, struct toolchain *ret_toolchain);
/* The Debian packages that have a compiler for target (as above). */
const char *toolchain_debian(struct str target);

/* One library of the machine. */
struct toolchain_library {
    struct str name, version;
    struct digest tree;
    struct str *include, *shared, *archives, *system; /* as toolchains/v1.dhall's Library */
    size_t include_count, shared_count, archive_count, system_count;
    uint64_t file_count, total_bytes;
};
/* name: what pkg-config, or the linker after -l, calls it: "gmp", "libcurl", "zstd". */
enum err toolchain_library_find(const struct probe *probe, struct store *store, struct str name,
    struct toolchain_library *ret_library);

/* Where the packages are imported from: a path relative to the workspace ("./dhall"), or empty for
 * https://straylight.cx with hashes. */
struct toolchain_file {
    int root_fd; /* of the workspace */
    struct str packages;
    struct arena *arena;
    struct diags *diags;
};
/* What `packages` of straylight.dhall in the folder root (absolute) says, as struct
 * toolchain_file has it; in arena. */
enum err toolchain_packages(
    const char *root, struct arena *arena, struct str *ret_packages, struct diags *diags);
#define TOOLCHAIN_FILE "toolchains.dhall"
/* Text of an entry, in arena; name is a Dhall label. */
struct str toolchain_entry(const struct toolchain *toolchain, struct str name, struct arena *arena);
struct str toolchain_library_entry(const struct toolchain_library *library, struct arena *arena);
enum toolchain_entry_kind {
    TOOLCHAIN_ENTRY_COMPILER, /* a field of the file's record */
    TOOLCHAIN_ENTRY_LIBRARY,  /* a field of its field `libs` */
};
/* An entry as it stands in the file; texts are views of the file's text, in arena. */
struct toolchain_known {
    enum toolchain_entry_kind kind;
    struct str name, text;
    struct digest *trees; /* those that its text names, in order */
    size_t tree_count;
};
/* All of them, in order. ERR_ABSENT without a diag: there is no toolchains.dhall. */
enum err toolchain_file_read(
    const struct toolchain_file *file, struct toolchain_known **ret_known, size_t *ret_count);
/* The quoted text behind `field = ` in an entry, the first one; empty if there is none. */
struct str toolchain_known_text(const struct toolchain_known *known, const char *field);
/* What pins the same again: "straylight toolchain add cc --name orin --target aarch64-linux". In
 * arena. */
struct str toolchain_add_command(const struct toolchain_known *known, struct arena *arena);

/* Puts the entry into toolchains.dhall (made if absent), atomically. ERR_INVALID: the file is not
 * of this form; name is no label. */
enum err toolchain_file_add(const struct toolchain_file *file, enum toolchain_entry_kind kind,
    struct str name, struct str entry);
/* The same on texts: old (may be empty) -> new, in the arena. */
enum err toolchain_text_add(const struct toolchain_file *file, struct str old,
    enum toolchain_entry_kind kind, struct str name, struct str entry, struct str *ret_text);
/* May it stand as it is where Dhall wants a label? */
bool toolchain_name_valid(struct str name);
#endif
