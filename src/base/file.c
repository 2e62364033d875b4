/* src/base/file.c */
#include "base/file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void fd_close(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

ssize_t fd_read_full(int fd, void *ptr, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = read(fd, (char *)ptr + done, len - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -1;
        }
        if (n == 0) {
            break;
        }
        done += (size_t)n;
    }
    return (ssize_t)done;
}

enum err fd_write_all(int fd, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return ERR_IO;
        }
        bytes = str_sub(bytes, (size_t)n, bytes.len);
    }
    return OK;
}

enum err file_read(int dir_fd, const char *path, size_t bytes_max, struct arena *arena,
    struct str *ret_bytes, struct diags *diags)
{
    AUTO_CLOSE int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            return ERR_ABSENT;
        }
        return diag_add_errno(diags, errno, "cannot open %s", path);
    }
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return diag_add_errno(diags, errno, "cannot stat %s", path);
    }
    if (!S_ISREG(st.st_mode)) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE, "%s is not a regular file", path);
    }
    if ((uintmax_t)st.st_size > bytes_max) {
        return diag_add(diags, ERR_LIMIT, SPAN_NONE, "%s has %jd bytes, more than %zu", path,
            (intmax_t)st.st_size, bytes_max);
    }
    char *ptr = arena_alloc(arena, (size_t)st.st_size + 1);
    ssize_t len = fd_read_full(fd, ptr, (size_t)st.st_size);
    if (len < 0) {
        return diag_add_errno(diags, errno, "cannot read %s", path);
    }
    ptr[len] = '\0';
    *ret_bytes = (struct str){.ptr = ptr, .len = (size_t)len};
    return OK;
}

enum err fd_read_all(int fd, const char *name, size_t bytes_max, struct arena *arena,
    struct str *ret_bytes, struct diags *diags)
{
    enum {
        CHUNK_BYTES = 64 * 1024
    };
    AUTO_BUF text = {0};
    for (;;) {
        ssize_t n = fd_read_full(fd, buf_reserve(&text, CHUNK_BYTES), CHUNK_BYTES);
        if (n < 0) {
            return diag_add_errno(diags, errno, "cannot read %s", name);
        }
        text.len += (size_t)n;
        if (text.len > bytes_max) {
            return diag_add(
                diags, ERR_LIMIT, SPAN_NONE, "%s has more than %zu bytes", name, bytes_max);
        }
        if (n < CHUNK_BYTES) {
            break;
        }
    }
    *ret_bytes = arena_str(arena, buf_str(&text));
    return OK;
}

enum err dirs_make(int dir_fd, const char *path, struct diags *diags)
{
    AUTO_BUF prefix = {0};
    size_t len = strlen(path);
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        prefix.len = 0;
        buf_add(&prefix, (struct str){.ptr = path, .len = i});
        buf_add_byte(&prefix, 0);
        if (mkdirat(dir_fd, prefix.ptr, 0777) != 0 && errno != EEXIST) {
            return diag_add_errno(diags, errno, "cannot make folder %s", prefix.ptr);
        }
    }
    return OK;
}

enum err file_write_atomic(int dir_fd, const char *path, struct str bytes, struct diags *diags)
{
    AUTO_BUF temporary = {0};
    buf_printf(&temporary, "%s.tmp.%ld%c", path, (long)getpid(), 0);
    AUTO_CLOSE int fd =
        openat(dir_fd, temporary.ptr, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0) {
        return diag_add_errno(diags, errno, "cannot write %s", path);
    }
    if (fd_write_all(fd, bytes) != OK || fsync(fd) != 0 ||
        renameat(dir_fd, temporary.ptr, dir_fd, path) != 0) {
        int error_number = errno;
        (void)unlinkat(dir_fd, temporary.ptr, 0);
        return diag_add_errno(diags, error_number, "cannot write %s", path);
    }
    return OK;
}

static enum err dir_empty(int dir_fd, const char *path, struct diags *diags)
{
    int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        fd_close(&fd);
        return diag_add_errno(diags, errno, "cannot open folder %s", path);
    }
    (void)fchmod(fd, 0700);
    enum err err = OK;
    struct dirent *entry;
    while (err == OK && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            err = tree_remove(fd, entry->d_name, diags);
        }
    }
    (void)closedir(dir);
    return err;
}

enum err tree_remove(int dir_fd, const char *path, struct diags *diags)
{
    if (unlinkat(dir_fd, path, 0) == 0 || errno == ENOENT) {
        return OK;
    }
    if (errno != EISDIR && errno != EPERM) {
        return diag_add_errno(diags, errno, "cannot remove %s", path);
    }
    enum err err = dir_empty(dir_fd, path, diags);
    if (err == OK && unlinkat(dir_fd, path, AT_REMOVEDIR) != 0 && errno != ENOENT) {
        return diag_add_errno(diags, errno, "cannot remove folder %s", path);
    }
    return err;
}
