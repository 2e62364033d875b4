/* src/build/stale.c: what nothing refers to any more.
 *
 *   workspaces/<hex>/ graph, links, newest record of the log -> all hashes that stand there as text
 *
 * Whatever looks like a hash keeps what it names: a graph of another version of this program is
 * read like one of this. */
#include "base/file.h"
#include "build/engine.h"
#include "build/log.h"
#include "build/query.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
    HEX_DIGITS = 2 * DIGEST_HASH_BYTES,
    STATE_BYTES_MAX = 1 << 30,
};
struct live {
    struct table hashes;
    struct arena arena;
};

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* sized: only what has its size behind it, as a digest's text does. In a graph a hash alone is what
 * was once looked at. */
static void hashes_add(struct live *live, struct str bytes, bool sized)
{
    size_t run = 0;
    for (size_t i = 0; i <= bytes.len; i++) {
        if (i < bytes.len && is_hex(bytes.ptr[i])) {
            run++;
            continue;
        }
        struct digest digest = {0};
        if (run >= HEX_DIGITS && (!sized || (i < bytes.len && bytes.ptr[i] == '/')) &&
            digest_hex_parse(str_sub(bytes, i - HEX_DIGITS, i), digest.hash) == OK) {
            (void)table_add(&live->hashes, &live->arena,
                (struct str){.ptr = (const char *)digest.hash, .len = sizeof digest.hash});
        }
        run = 0;
    }
}

static bool live_has(void *context, const struct digest *digest)
{
    const struct live *live = context;
    struct str hash = {.ptr = (const char *)digest->hash, .len = sizeof digest->hash};
    return table_get(&live->hashes, hash) != TABLE_NONE;
}

/* Absent is fine; what cannot be read keeps all from being removed. */
static enum err file_add(struct live *live, const char *path, bool sized, struct diags *diags)
{
    struct arena arena = {0};
    struct str bytes;
    struct diags own;
    diags_init(&own, &arena, NULL);
    enum err err = file_read(AT_FDCWD, path, STATE_BYTES_MAX, &arena, &bytes, &own);
    if (err == OK) {
        hashes_add(live, bytes, sized);
    } else if (err != ERR_ABSENT) {
        diags_append(diags, &own);
    }
    arena_release(&arena);
    return err == ERR_ABSENT ? OK : err;
}

/* Its own file says which folder it is of; one from before there was such a file stays. */
static bool workspace_is_gone(const char *state)
{
    struct arena arena = {0};
    struct str root;
    struct diags ignored;
    diags_init(&ignored, &arena, NULL);
    const char *path = arena_printf(&arena, "%s/path", state).ptr;
    bool gone =
        file_read(AT_FDCWD, path, PATH_BYTES_MAX, &arena, &root, &ignored) == OK &&
        access(arena_printf(&arena, "%.*s/" WORKSPACE_FILE, STR_ARG(root)).ptr, F_OK) != 0 &&
        (errno == ENOENT || errno == ENOTDIR);
    arena_release(&arena);
    return gone;
}

static enum err state_add(
    struct live *live, const char *state, struct arena *arena, struct diags *diags)
{
    uint64_t *numbers = NULL;
    size_t count = 0;
    enum err err = file_add(live, arena_printf(arena, "%s/graph", state).ptr, true, diags);
    err =
        err == OK ? file_add(live, arena_printf(arena, "%s/links", state).ptr, false, diags) : err;
    err = err == OK ? log_numbers(state, arena, &numbers, &count, diags) : err;
    if (err == OK && count > 0) {
        unsigned long long newest = numbers[count - 1];
        err = file_add(live, arena_printf(arena, "%s/log/%08llu", state, newest).ptr, true, diags);
    }
    return err;
}

static enum err states_add(struct engine *engine, struct live *live, bool dry,
    struct build_stale *stale, struct diags *diags)
{
    struct arena arena = {0};
    const char *folder = arena_printf(&arena, "%s/workspaces", engine->options.store_root).ptr;
    DIR *dir = opendir(folder);
    enum err err = dir != NULL || errno == ENOENT
                       ? OK
                       : diag_add_errno(diags, errno, "cannot read the folder %s", folder);
    const struct dirent *entry;
    while (dir != NULL && err == OK && (entry = readdir(dir)) != NULL) {
        const char *state = arena_printf(&arena, "%s/%s", folder, entry->d_name).ptr;
        if (entry->d_name[0] == '.') {
            continue;
        }
        if (!workspace_is_gone(state)) {
            err = state_add(live, state, &arena, diags);
            continue;
        }
        stale->workspace_count++;
        err = dry ? OK : tree_remove(AT_FDCWD, state, diags);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    arena_release(&arena);
    return err;
}

static enum err links_look(
    struct engine *engine, bool dry, struct build_stale *stale, struct diags *diags)
{
    struct arena arena = {0};
    struct target *targets;
    struct table labels = {0};
    size_t count = 0;
    const struct diag *before = diags->newest;
    enum err err = build_targets(engine, STR(""), true, &arena, &targets, &count, diags);
    stale->packages_broken = err != OK || diags->newest != before;
    if (stale->packages_broken) { /* told, and no reason not to look at the store */
        err = err == ERR_INVALID ? OK : err;
    } else {
        for (size_t i = 0; i < count; i++) {
            struct label label = targets[i].label;
            label.config = STR("");
            (void)table_add(&labels, &arena, label_format(label, &arena));
        }
        err = links_stale_remove(engine, &labels, dry, &stale->link_count, diags);
    }
    table_release(&labels);
    arena_release(&arena);
    return err;
}

enum err build_stale_remove(
    struct engine *engine, bool dry, struct build_stale *ret_stale, struct diags *diags)
{
    struct live live = {0};
    *ret_stale = (struct build_stale){0};
    enum err err = links_look(engine, dry, ret_stale, diags);
    err = err == OK ? engine_store(engine, diags) : err;
    if (err == OK && !engine->store_is_read_only) {
        err = dice_save_whole(engine->dice, diags);
    }
    err = err == OK ? states_add(engine, &live, dry, ret_stale, diags) : err;
    if (err == OK) {
        err = store_stale_remove(engine->store, live_has, &live, dry, &ret_stale->store, diags);
    }
    table_release(&live.hashes);
    arena_release(&live.arena);
    return err;
}
