/* src/build/loader.h: the Dhall session of a build, and what it read.
 *
 *   FILE --same digest?--> bytes -> session -> values, for packages (build/load.c)
 *                                        '-> SYNTAX, IMPORT (build/import.c)
 *
 * The session reads files itself, because it cannot stop in the middle to wait for a key. Each is
 * compared with its leaf when it is read, so that what was parsed is what dice knows. A session
 * keeps what it read; when that is another by now, a new one begins (its generation counts). All of
 * it under the lock, but where it says so. */
#ifndef BUILD_LOADER_H
#define BUILD_LOADER_H
#include "build/engine.h"

enum {
    LOADER_TRIES_MAX = 3, /* of files that change meanwhile */
};
struct loaded { /* one package in one configuration, or straylight.dhall */
    bool done;
    uint64_t generation;     /* of the session that made it */
    struct str value;        /* CBOR */
    struct dhall_used *uses; /* what the file imports directly */
    size_t use_count;
    struct strs folders; /* none may be a package of its own */
};
struct loader {
    struct engine *engine;
    pthread_mutex_t lock;
    struct arena arena; /* results, and the texts of files */
    struct dhall *dhall;
    struct retired *retired; /* sessions whose values somebody may still hold */
    uint64_t generation;
    struct dice_task *task;  /* on whose behalf files are read; NULL: nobody's */
    struct table files;      /* canonical name -> row of contents */
    struct digest *contents; /* owned: of what was parsed */
    uint32_t file_cap;
    struct table results;     /* key of the package -> row of result_at */
    struct loaded *result_at; /* owned */
    uint32_t result_cap;
    struct table causes;  /* key of an import that was made anew -> row of cause_at */
    struct str *cause_at; /* owned; the key of what had changed */
    uint32_t cause_cap;
};

/* False: give up. task: may be NULL; then files are read without dice. */
bool loader_enter(struct loader *loader, struct dice_task *task);
void loader_leave(struct loader *loader);
struct dhall *loader_session(struct loader *loader);
/* Drops what was read, unless somebody did so since that generation. */
void loader_renew(struct loader *loader, uint64_t generation);
/* Not under the lock: is it still that generation? */
bool loader_is(struct loader *loader, uint64_t generation);
/* A file as dice names it: below the workspace's root, or absolute; and back, in arena. */
struct str loader_key(const struct engine *engine, struct str name);
struct str loader_name(const struct engine *engine, struct str key, struct arena *arena);
/* What the session read under a name; false: nothing, or it is not there. */
bool loader_content(const struct loader *loader, struct str name, struct digest *ret_digest);

void loader_cause_add(struct loader *loader, struct str key, struct str cause);
/* Not under the lock. "a.dhall -> b.dhall -> c.dhall": what of the task's needs changed, and what
 * had changed below that; "" if it is new. In arena. */
struct str loader_cause(struct loader *loader, struct dice_task *task, struct arena *arena);
/* The cause that was added for key, or "". In arena. */
struct str loader_cause_get(struct loader *loader, struct str key, struct arena *arena);
/* "key changed while it was being read" */
enum err loader_changed(struct str key, struct diags *diags);

/* build/import.c; not under the lock. What was made of the file holds as long as its syntax does,
 * and all that it uses. sha, if it is not NULL, is given the values of all these. */
struct sha256;
enum dice_status imports_need(struct dice_task *task, struct str key, const struct dhall_used *uses,
    size_t use_count, struct arena *arena, struct sha256 *sha);
#endif
