/* src/base/fuzz_replay.c: a fuzz target's main when there is no libFuzzer: runs it over the files
 * of the folders that are its arguments, in order of name, one TAP line each. A law that does not
 * hold ends the process by its assert, which the test harness sees. */
#include "base/file.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(int dir_fd, const char *name)
{
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    struct str bytes = {0};
    if (file_read(dir_fd, name, FILE_BYTES_MAX, &arena, &bytes, &diags) != OK) {
        (void)printf("# cannot read %s\n", name);
        arena_release(&arena);
        return 1;
    }
    /* A block of exactly this size: reading past its end is seen by AddressSanitizer. */
    uint8_t *data = memory_alloc(bytes.len);
    if (bytes.len > 0) {
        memcpy(data, bytes.ptr, bytes.len);
    }
    int result = LLVMFuzzerTestOneInput(data, bytes.len);
    free(data);
    arena_release(&arena);
    return result;
}

static int replay_folder(const char *path, unsigned *number)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    AUTO_CLOSE int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = 0, seen = 0;
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            seen++;
            (void)printf("# %s\n", entries[i]->d_name);
            (void)fflush(stdout); /* so that the last line names the input of a crash */
            int result = replay_file(dir_fd, entries[i]->d_name);
            failed += result != 0;
            (void)printf(
                "%s %u - %s\n", result == 0 ? "ok" : "not ok", ++*number, entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
    if (seen == 0) {
        (void)printf("not ok %u - no corpus in %s\n", ++*number, path);
    }
    return failed != 0 || seen == 0;
}

int main(int argc, char **argv)
{
    unsigned number = 0;
    int failed = argc < 2;
    for (int i = 1; i < argc; i++) {
        failed |= replay_folder(argv[i], &number);
    }
    (void)printf("1..%u\n", number);
    return failed;
}
