/* src/base/env.c */
#include "base/env.h"
#include <stdlib.h>

const char *env_find(const char *name)
{
    return getenv(name); /* the one call of it (tools/lint calls) */
}

const char *env_get(const char *name)
{
    const char *value = env_find(name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}
