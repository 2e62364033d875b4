/* fold: standard input, wrapped at 40 columns. */
#include "wrap.h"
#include <stdio.h>

static void print(void *context, const char *line, size_t len)
{
    (void)context;
    printf("%.*s\n", (int)len, line);
}

int main(void)
{
    static char text[65536];
    size_t len = fread(text, 1, sizeof text - 1, stdin);
    text[len] = '\0';
    wrap(text, 40, print, NULL);
    return 0;
}
