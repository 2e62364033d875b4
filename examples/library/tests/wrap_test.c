#include "wrap.h"
#include <stdio.h>
#include <string.h>

static int line_count;
static int bad_count;

static void check(void *context, const char *line, size_t len)
{
    const char *const *want = context;
    if (strlen(want[line_count]) != len || memcmp(want[line_count], line, len) != 0) {
        printf("line %d is \"%.*s\", not \"%s\"\n", line_count, (int)len, line, want[line_count]);
        bad_count++;
    }
    line_count++;
}

int main(void)
{
    const char *want[] = {"a bc", "def", "longer-than-that", "g", "", ""};
    wrap("  a bc def longer-than-that g", 5, check, want);
    return bad_count == 0 && line_count == 4 ? 0 : 1;
}
