/* src/build/leaf.c: files and folders of the workspace, as leaves of dice.
 *
 * The value is content; the stamp is stat data, which only saves hashing (build/stamp.h). */
#include "base/file.h"
#include "build/depfile.h"
#include "build/engine.h"
#include "build/stamp.h"
#include "digest/sha256.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    CHUNK_BYTES = 128 * 1024,
};

/* clock_ns was read before the stat and before what the value is made of. */
static void stamp_give(struct dice_task *task, const struct stat *st, int64_t clock_ns)
{
    struct stamp stamp = stamp_make(st, clock_ns);
    dice_task_stamp(task, (struct str){.ptr = (const char *)&stamp, .len = sizeof stamp});
}

static int64_t clock_now_ns(void)
{
    struct timespec now;
    return clock_gettime(CLOCK_REALTIME, &now) == 0 ? stamp_time_ns(now) : 0;
}

/* Paths of keys have no NUL behind them. Returns fstatat's result; ENAMETOOLONG is its answer too.
 */
static int stat_at(int dir_fd, struct str path, struct stat *ret_stat)
{
    char name[4097];
    if (path.len >= sizeof name) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(name, path.ptr, path.len);
    name[path.len] = 0;
    return fstatat(dir_fd, path.len == 0 ? "." : name, ret_stat, 0);
}

static bool stamp_holds(int dir_fd, struct str path, struct str stamp)
{
    struct stat st;
    struct stamp old;
    if (stamp.len != sizeof old || stat_at(dir_fd, path, &st) != 0) {
        return false;
    }
    memcpy(&old, stamp.ptr, sizeof old);
    return stamp_unchanged(&old, &st);
}

/* Digest and `hides` of what fd has. */
static enum err fd_look(int fd, uint64_t size_hint, struct file *file)
{
    enum {
        CARRY_BYTES = 8, /* what stands on both sides of a chunk's border is seen, too */
    };
    struct sha256 sha;
    sha256_init(&sha);
    size_t cap = size_hint < CHUNK_BYTES ? (size_t)size_hint + 1 : CHUNK_BYTES;
    char *chunk = memory_calloc(1, CARRY_BYTES + cap);
    ssize_t got;
    while ((got = fd_read_full(fd, chunk + CARRY_BYTES, cap)) > 0) {
        size_t len = (size_t)got;
        sha256_add(&sha, (struct str){.ptr = chunk + CARRY_BYTES, .len = len});
        file->digest.size_bytes += len;
        file->hides = file->hides || depfile_text_hides((struct str){chunk, CARRY_BYTES + len});
        memcpy(chunk, chunk + len, CARRY_BYTES);
    }
    free(chunk);
    sha256_final(&sha, file->digest.hash);
    return got == 0 ? OK : ERR_IO;
}

static struct file file_look(int fd, const struct stat *st)
{
    struct file file = {.kind = FILE_OTHER};
    if (S_ISDIR(st->st_mode)) {
        file.kind = FILE_FOLDER;
    } else if (S_ISREG(st->st_mode) && fd_look(fd, (uint64_t)st->st_size, &file) == OK) {
        file.kind = (st->st_mode & S_IXUSR) != 0 ? FILE_EXECUTABLE : FILE_REGULAR;
    }
    return file;
}

/* Value: the kind as a digit, '!' if it hides what it reads, then the digest's text. True: there is
 * a file, and st is what it looked like before it was read. */
static bool file_value(int root_fd, struct str arg, struct buf *ret_value, struct stat *st)
{
    struct file file = {.kind = FILE_ABSENT};
    AUTO_BUF path = {0};
    buf_add(&path, arg);
    buf_add_byte(&path, 0);
    /* O_NONBLOCK: a FIFO must not hang us. */
    AUTO_CLOSE int fd = openat(root_fd, path.ptr, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    bool there = fd >= 0 && fstat(fd, st) == 0;
    if (there) {
        file = file_look(fd, st);
    } else if (errno != ENOENT && errno != ENOTDIR) {
        file.kind = FILE_OTHER;
    }
    buf_add_byte(ret_value, (uint8_t)('0' + (int)file.kind));
    if (file.kind == FILE_REGULAR || file.kind == FILE_EXECUTABLE) {
        char text[DIGEST_TEXT_MAX];
        if (file.hides) {
            buf_add_byte(ret_value, '!');
        }
        buf_add(ret_value, digest_format(&file.digest, text));
    }
    return there;
}

enum dice_status file_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    (void)diags;
    const struct engine *engine = dice_task_context(task);
    int64_t clock_ns = clock_now_ns();
    struct stat st;
    if (file_value(engine->root_fd, arg, ret_value, &st)) {
        stamp_give(task, &st, clock_ns);
    }
    return DICE_OK;
}

struct file file_decode(struct str value)
{
    struct file file = {.kind = FILE_OTHER};
    if (value.len > 0 && value.ptr[0] >= '0' && value.ptr[0] <= '0' + (int)FILE_OTHER) {
        file.kind = (enum file_kind)(value.ptr[0] - '0');
    }
    file.hides = value.len > 1 && value.ptr[1] == '!';
    if ((file.kind == FILE_REGULAR || file.kind == FILE_EXECUTABLE) &&
        digest_parse(str_sub(value, file.hides ? 2 : 1, value.len), &file.digest) != OK) {
        file.kind = FILE_OTHER;
    }
    return file;
}

static bool file_same(int root_fd, struct str arg, struct str value, struct str stamp)
{
    if (value.len == 1 && value.ptr[0] == '0' + (int)FILE_ABSENT) {
        struct stat st;
        return stat_at(root_fd, arg, &st) != 0 && (errno == ENOENT || errno == ENOTDIR);
    }
    return stamp_holds(root_fd, arg, stamp);
}

bool file_unchanged(void *context, struct str arg, struct str value, struct str stamp)
{
    const struct engine *engine = context;
    return file_same(engine->root_fd, arg, value, stamp);
}

static int name_order(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Folders that may hold packages: not hidden ones, no links, not out/ at the root. */
static bool is_below(int dir_fd, const struct dirent *entry, bool at_root)
{
    if (entry->d_name[0] == '.' || (at_root && workspace_reserved(str_of(entry->d_name)))) {
        return false;
    }
    if (entry->d_type != DT_UNKNOWN) {
        return entry->d_type == DT_DIR;
    }
    struct stat st;
    return fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Value: [has a package, is a workspace, [names of sub-folders]]. */
static void folder_list(DIR *dir, bool at_root, struct buf *ret_value)
{
    struct arena arena = {0};
    struct buf names = {0};
    bool has_package = false, has_workspace = false;
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        has_package = has_package || strcmp(entry->d_name, PACKAGE_FILE) == 0;
        has_workspace = has_workspace || strcmp(entry->d_name, WORKSPACE_FILE) == 0;
        if (is_below(dirfd(dir), entry, at_root)) {
            struct str name = arena_str(&arena, str_of(entry->d_name));
            buf_add(&names, (struct str){.ptr = (const char *)&name, .len = sizeof name});
        }
    }
    struct str *at = (struct str *)(void *)names.ptr;
    size_t count = names.len / sizeof *at;
    if (count > 0) {
        qsort(at, count, sizeof *at, name_order);
    }
    cbor_bool_add(ret_value, has_package);
    cbor_bool_add(ret_value, has_workspace);
    cbor_head_add(ret_value, CBOR_ARRAY, count);
    for (size_t i = 0; i < count; i++) {
        cbor_text_add(ret_value, at[i]);
    }
    buf_release(&names);
    arena_release(&arena);
}

/* 0 or errno; *there: it is a folder, and st is what it looked like before it was read. */
static int folder_value(
    int root_fd, struct str arg, struct buf *ret_value, struct stat *st, bool *there)
{
    AUTO_BUF path = {0};
    buf_add(&path, arg.len == 0 ? STR(".") : arg);
    buf_add_byte(&path, 0);
    int fd = openat(root_fd, path.ptr, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 && fstat(fd, st) == 0 ? fdopendir(fd) : NULL;
    *there = dir != NULL;
    if (dir == NULL) {
        int error_number = errno;
        fd_close(&fd);
        if (error_number == ENOENT || error_number == ENOTDIR || error_number == ELOOP) {
            cbor_bool_add(ret_value, false);
            cbor_bool_add(ret_value, false);
            cbor_head_add(ret_value, CBOR_ARRAY, 0);
            return 0;
        }
        return error_number;
    }
    folder_list(dir, arg.len == 0, ret_value);
    return closedir(dir) == 0 ? 0 : errno;
}

enum dice_status folder_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    const struct engine *engine = dice_task_context(task);
    int64_t clock_ns = clock_now_ns();
    struct stat st;
    bool there = false;
    int error_number = folder_value(engine->root_fd, arg, ret_value, &st, &there);
    if (error_number != 0) {
        return diag_add_errno(diags, error_number, "cannot read the folder %.*s",
                   STR_ARG(arg.len == 0 ? STR(".") : arg)) == OK
                   ? DICE_OK
                   : DICE_FAILED;
    }
    if (there) {
        stamp_give(task, &st, clock_ns);
    }
    return DICE_OK;
}

bool folder_unchanged(void *context, struct str arg, struct str value, struct str stamp)
{
    const struct engine *engine = context;
    (void)value;
    return stamp_holds(engine->root_fd, arg, stamp);
}

bool leaf_holds(int root_fd, enum key_kind kind, struct str arg, struct str value, struct str stamp,
    struct buf *ret_value)
{
    struct stat st;
    bool there;
    ret_value->len = 0;
    if (kind == KEY_FILE) {
        if (file_same(root_fd, arg, value, stamp)) {
            return true;
        }
        (void)file_value(root_fd, arg, ret_value, &st);
    } else {
        if (stamp_holds(root_fd, arg, stamp)) {
            return true;
        }
        if (folder_value(root_fd, arg, ret_value, &st, &there) != 0) {
            ret_value->len = 0;
        }
    }
    return str_eq(buf_str(ret_value), value);
}

struct folder folder_decode(struct str value, struct arena *arena)
{
    struct folder folder = {0};
    struct cbor_reader reader;
    cbor_reader_init(&reader, value);
    uint64_t count = 0;
    bool good = cbor_read_bool(&reader, &folder.has_package) == OK &&
                cbor_read_bool(&reader, &folder.has_workspace) == OK &&
                cbor_read_array(&reader, reader.input.len, &count) == OK;
    struct str *at = ARENA_NEW(arena, struct str, (size_t)count);
    for (uint64_t i = 0; i < count && good; i++) {
        good = cbor_read_text(&reader, &at[i]) == OK;
    }
    folder.below = (struct strs){.at = at, .count = good ? (size_t)count : 0};
    return folder;
}

static bool damage_open(struct engine *engine, struct str hex)
{
    if (atomic_load(&engine->damaged_count) == 0 || pthread_mutex_lock(&engine->lock) != 0) {
        return false;
    }
    uint32_t row = table_get(&engine->damaged, hex);
    bool open = row != TABLE_NONE && engine->damaged_open[row];
    (void)pthread_mutex_unlock(&engine->lock);
    return open;
}

static void damage_set(struct engine *engine, const struct digest *digest, bool open)
{
    char hex[DIGEST_HEX_BYTES];
    if (pthread_mutex_lock(&engine->lock) != 0) {
        return;
    }
    uint32_t before = engine->damaged.len;
    uint32_t row = table_add(&engine->damaged, &engine->lock_arena, digest_hex(digest, hex));
    if (row >= engine->damaged_cap) {
        engine->damaged_cap = engine->damaged_cap == 0 ? 16 : engine->damaged_cap * 2;
        engine->damaged_open =
            memory_realloc(engine->damaged_open, engine->damaged_cap * sizeof(bool));
    }
    bool was_open = row < before && engine->damaged_open[row];
    engine->damaged_open[row] = open;
    if (open != was_open) {
        (void)atomic_fetch_add(&engine->damaged_count, open ? 1U : -1U);
    }
    (void)pthread_mutex_unlock(&engine->lock);
}

void damage_add(struct engine *engine, const struct digest *digest)
{
    damage_set(engine, digest, true);
}

void damage_repaired(struct engine *engine, const struct digest *digest)
{
    if (atomic_load(&engine->damaged_count) > 0) {
        damage_set(engine, digest, false);
    }
}

bool damage_is(struct engine *engine, const struct digest *digest)
{
    char hex[DIGEST_HEX_BYTES];
    return damage_open(engine, digest_hex(digest, hex));
}

struct str damage_key(const struct digest *digest, char bytes[static DIGEST_HEX_BYTES])
{
    return str_sub(digest_hex(digest, bytes), 0, DAMAGE_KEY_BYTES);
}

/* Is a blob open whose digest begins so? */
static bool damage_open_below(struct engine *engine, struct str key)
{
    bool open = false;
    if (atomic_load(&engine->damaged_count) == 0 || pthread_mutex_lock(&engine->lock) != 0) {
        return false;
    }
    for (uint32_t row = 0; row < engine->damaged.len && !open; row++) {
        open = engine->damaged_open[row] && str_starts(engine->damaged.keys[row], key);
    }
    (void)pthread_mutex_unlock(&engine->lock);
    return open;
}

/* Value: empty, or the time at which one of these blobs was found damaged: then what makes them is
 * looked at again. One runs, the others find their results. */
enum dice_status damage_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    (void)diags;
    if (damage_open_below(dice_task_context(task), arg)) {
        buf_printf(ret_value, "%lld", (long long)clock_now_ns());
    }
    return DICE_OK;
}

bool damage_unchanged(void *context, struct str arg, struct str value, struct str stamp)
{
    (void)value;
    (void)stamp;
    return !damage_open_below(context, arg);
}

bool pass_unchanged(void *context, struct str arg, struct str value, struct str stamp)
{
    const struct engine *engine = context;
    struct digest key;
    (void)value;
    (void)stamp;
    return digest_parse(arg, &key) == OK && action_cache_has(engine->options.store_root, &key);
}

enum dice_status pass_compute(
    struct dice_task *task, struct str arg, struct buf *ret_value, struct diags *diags)
{
    (void)diags;
    if (!pass_unchanged(dice_task_context(task), arg, STR(""), STR(""))) {
        buf_printf(ret_value, "%lld", (long long)clock_now_ns());
    }
    return DICE_OK;
}
