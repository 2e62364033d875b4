/* bench/floor.c: what nobody who looks at every file can be faster than.
 *
 *   bench_floor stat|hash PATHS       one statx for each line of a file; or open, read, SHA-256
 *
 * bench/engine measures it in the same run as the engines. */
#include "digest/sha256.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CHUNK_BYTES = 128 * 1024,
};

static bool file_hash(const char *path, char *chunk)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    struct sha256 sha;
    sha256_init(&sha);
    ssize_t got;
    while ((got = read(fd, chunk, CHUNK_BYTES)) > 0) {
        sha256_add(&sha, (struct str){.ptr = chunk, .len = (size_t)got});
    }
    uint8_t hash[32];
    sha256_final(&sha, hash);
    return close(fd) == 0 && got == 0;
}

int main(int argc, char **argv)
{
    bool hash = argc == 3 && strcmp(argv[1], "hash") == 0;
    if (argc != 3 || (!hash && strcmp(argv[1], "stat") != 0)) {
        (void)fprintf(stderr, "usage: bench_floor stat|hash PATHS\n");
        return 2;
    }
    char *chunk = malloc(CHUNK_BYTES);
    char path[4096];
    FILE *paths = fopen(argv[2], "re");
    bool good = chunk != NULL && paths != NULL;
    while (good && fgets(path, sizeof path, paths) != NULL) {
        path[strcspn(path, "\n")] = '\0';
        struct statx stx;
        good =
            hash ? file_hash(path, chunk) : statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &stx) == 0;
        if (!good) {
            (void)fprintf(stderr, "bench_floor: cannot look at %s\n", path);
        }
    }
    free(chunk);
    good = paths != NULL && fclose(paths) == 0 && good;
    return good ? 0 : 1;
}
