/* src/build/import.c: what a Dhall file is to those who import it.
 *
 *   PACKAGE, WORKSPACE, IMPORT
 *     |-> SYNTAX file -> FILE        digest of its syntax: a comment changes nothing
 *     |-> IMPORT file, for each file that it imports as code
 *     |     |-> SYNTAX, IMPORTs, FILEs: the same for that file
 *     '-> FILE, for each that it imports as Text or as Bytes
 *
 * The value of an IMPORT is the semantic hash of the file's value where that is soon had: then what
 * means the same changes nothing for who imports it. A package of functions can have a normal form
 * of any size; there it is the digest of its syntax and of the values of what it imports.
 *
 * What is wrong with an import is told by the PACKAGE that needs it, with the chain that led there:
 * here it is a value like others. Which imports there are, and which side of a `?` was taken, is
 * what the session did (dhall_file_uses). */
#include "build/loader.h"
#include "digest/sha256.h"
#include <stdlib.h>

/* The first byte of a value of SYNTAX or IMPORT; a SHA-256 follows the first three. */
enum {
    MADE_SYNTAX = 's',
    MADE_VALUE = 'v', /* semantic hash */
    MADE_OF = 'm',    /* digest of what it is made of */
    MADE_ABSENT = '-',
    MADE_BROKEN = '!',
};

static void made_add(struct buf *ret_value, uint8_t made, const uint8_t hash[static 32])
{
    buf_add_byte(ret_value, made);
    buf_add(ret_value, (struct str){.ptr = (const char *)hash, .len = 32});
}

/* Is what the session read under that name, with that end, another than what dice knows? */
static bool content_differs(
    const struct loader *loader, struct str name, enum err err, const struct file *file)
{
    struct digest digest;
    bool is_file = file->kind == FILE_REGULAR || file->kind == FILE_EXECUTABLE;
    return loader_content(loader, name, &digest) ? !is_file || !digest_eq(&digest, &file->digest)
                                                 : is_file && err == ERR_ABSENT;
}

/* Adds the value, or ERR_RETRY: the session had read another file. */
static enum err syntax_add(
    struct loader *loader, struct str name, struct str file_value, struct buf *ret_value)
{
    struct file file = file_decode(file_value);
    struct arena arena = {0};
    struct diags ignored;
    uint8_t hash[32];
    diags_init(&ignored, &arena, NULL);
    enum err err = dhall_file_syntax(loader_session(loader), name, hash, &ignored);
    arena_release(&arena);
    if (content_differs(loader, name, err, &file)) {
        loader_renew(loader, loader->generation);
        return ERR_RETRY;
    }
    if (err == OK) {
        made_add(ret_value, MADE_SYNTAX, hash);
        return OK;
    }
    buf_add_byte(ret_value, file.kind == FILE_ABSENT ? MADE_ABSENT : MADE_BROKEN);
    buf_add(ret_value, file.kind == FILE_ABSENT ? STR("") : file_value);
    return OK;
}

/* Value: made_add; of what is no Dhall '!' and its FILE. arg: as of FILE. */
enum dice_status syntax_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    struct engine *engine = dice_task_context(task);
    struct loader *loader = engine->loader;
    struct str value;
    enum dice_status status = dice_need(task, KEY_FILE, arg, &value);
    if (status != DICE_OK) {
        return status;
    }
    struct arena arena = {0};
    struct str name = loader_name(engine, arg, &arena);
    enum err err = ERR_RETRY;
    for (unsigned tries = 0; tries < LOADER_TRIES_MAX && err == ERR_RETRY; tries++) {
        if (loader_enter(loader, NULL)) { /* NULL: it is FILE that is compared with */
            err = syntax_add(loader, name, value, ret_value);
            loader_leave(loader);
        }
    }
    arena_release(&arena);
    if (err == OK) {
        return DICE_OK;
    }
    return loader_changed(arg, diags) == OK ? DICE_OK : DICE_FAILED;
}

enum dice_status imports_need(struct dice_task *task, struct str key, const struct dhall_used *uses,
    size_t use_count, struct arena *arena, struct sha256 *sha)
{
    const struct engine *engine = dice_task_context(task);
    struct str value = STR("");
    struct dice_want *wants = ARENA_NEW(arena, struct dice_want, use_count);
    /* The syntax first: a file that is another may import others. */
    enum dice_status status = dice_need(task, KEY_SYNTAX, key, &value);
    for (size_t i = 0; i < use_count; i++) {
        wants[i].kind = uses[i].is_code ? KEY_IMPORT : KEY_FILE;
        wants[i].arg = loader_key(engine, uses[i].name);
    }
    enum dice_status all = dice_need_all(task, wants, use_count);
    status = status == DICE_OK ? all : status;
    for (size_t i = 0; sha != NULL && status == DICE_OK && i <= use_count; i++) {
        struct str part = i == 0 ? value : wants[i - 1].value;
        uint64_t len = part.len;
        sha256_add(sha, (struct str){.ptr = (const char *)&len, .len = sizeof len});
        sha256_add(sha, part);
    }
    return status;
}

/* What the session made of a file. */
struct import {
    enum err err;
    uint64_t generation;
    struct dhall_used *uses;
    size_t use_count;
    bool has_identity;
    uint8_t hash[32];
};

/* The cause is for those who ask why a package was read again. */
static void import_load(struct loader *loader, struct str key, struct str name, struct str cause,
    struct import *ret_import, struct diags *diags)
{
    struct dhall *dhall = loader_session(loader);
    *ret_import = (struct import){.generation = loader->generation};
    ret_import->err = dhall_load_import(dhall, name, diags);
    dhall_file_uses(dhall, name, &ret_import->uses, &ret_import->use_count);
    if (ret_import->err == OK) {
        ret_import->has_identity = dhall_file_identity(dhall, name, ret_import->hash) == OK;
    }
    if (cause.len > 0 && !str_eq(cause, key)) {
        loader_cause_add(loader, key, cause);
    }
}

/* The value of an import that is there, or absent for one of its own that is. */
static enum dice_status import_add(struct dice_task *task, struct str arg,
    const struct import *import, struct arena *arena, struct buf *ret_value)
{
    uint8_t hash[32];
    struct sha256 sha;
    sha256_init(&sha);
    enum dice_status status = imports_need(task, arg, import->uses, import->use_count, arena, &sha);
    if (status != DICE_OK) {
        return status;
    }
    sha256_final(&sha, hash);
    if (import->err == ERR_ABSENT) {
        buf_add_byte(ret_value, MADE_ABSENT);
    } else if (import->has_identity) {
        made_add(ret_value, MADE_VALUE, import->hash);
    } else {
        made_add(ret_value, MADE_OF, hash);
    }
    return DICE_OK;
}

/* Once; *ret_stale: with a session that is another by now. */
static enum dice_status import_try(struct dice_task *task, struct str arg, struct arena *arena,
    struct buf *ret_value, bool *ret_stale, struct diags *diags)
{
    struct engine *engine = dice_task_context(task);
    struct loader *loader = engine->loader;
    struct str name = loader_name(engine, arg, arena), value;
    struct str cause = dice_task_cause(task, arena);
    struct import import;
    struct diags found;
    diags_init(&found, arena, engine->sources);
    if (!loader_enter(loader, task)) {
        return DICE_FAILED;
    }
    import_load(loader, arg, name, cause, &import, &found);
    loader_leave(loader);
    if (dice_task_cancelled(task)) {
        return DICE_PENDING;
    }
    enum dice_status status;
    if (import.err == OK || import.err == ERR_ABSENT) {
        status = import_add(task, arg, &import, arena, ret_value);
    } else if (import.err == ERR_RETRY) {
        diags_append(diags, &found);
        return DICE_FAILED;
    } else {
        /* Whoever needs it tells why, in each run: what it uses may lead back here. */
        dice_task_transient(task);
        buf_add_byte(ret_value, MADE_BROKEN);
        status = dice_need(task, KEY_SYNTAX, arg, &value);
    }
    *ret_stale = status == DICE_OK && !loader_is(loader, import.generation);
    return status;
}

/* Value: see above. arg: as of FILE. */
enum dice_status import_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    struct arena arena = {0};
    enum dice_status status = DICE_OK;
    bool stale = true;
    for (unsigned tries = 0; tries < LOADER_TRIES_MAX && stale; tries++) {
        ret_value->len = 0;
        stale = false;
        status = import_try(task, arg, &arena, ret_value, &stale, diags);
    }
    if (stale) {
        status = loader_changed(arg, diags) == OK ? DICE_OK : DICE_FAILED;
    }
    arena_release(&arena);
    return status;
}
