/* src/base/env.h: the one door to the environment. Only cli/ asks; a build never does. */
#ifndef BASE_ENV_H
#define BASE_ENV_H

/* The value of name, or NULL where it is unset or empty (XDG and NO_COLOR count both alike).
 * Borrowed from the process; nothing here ever changes the environment. */
const char *env_get(const char *name);
/* The same where it is empty, too: NULL only where it is unset. */
const char *env_find(const char *name);
#endif
