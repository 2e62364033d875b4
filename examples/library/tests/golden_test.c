/* golden_test TEXT WANT: the text, wrapped at 24 columns, is what WANT holds. */
#include "wrap.h"
#include <stdio.h>
#include <string.h>

static char text[65536], want[65536], got[65536];

static int file_read(const char *path, char *into, size_t size)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    into[fread(into, 1, size - 1, file)] = '\0';
    return fclose(file);
}

static void add(void *context, const char *line, size_t len)
{
    char *end = (char *)context + strlen(context);
    memcpy(end, line, len);
    strcpy(end + len, "\n");
}

int main(int argc, char **argv)
{
    if (argc != 3 || file_read(argv[1], text, sizeof text) || file_read(argv[2], want, sizeof want)) {
        return 1;
    }
    wrap(text, 24, add, got);
    if (strcmp(got, want) != 0) {
        printf("got:\n%swant:\n%s", got, want);
        return 1;
    }
    return 0;
}
