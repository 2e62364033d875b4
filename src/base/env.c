/* src/base/env.c */
#include "base/env.h"
#include <stdlib.h>

const char *env_get(const char *name)
{
    const char *value = getenv(name); /* the one call of it (tools/check-source) */
    return value == NULL || value[0] == '\0' ? NULL : value;
}
