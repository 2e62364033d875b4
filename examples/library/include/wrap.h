/* Wraps text: no line longer than width, unless it is one word. Lines of the text stay apart. */
#ifndef WRAP_H
#define WRAP_H
#include <stddef.h>

/* Calls put for each line of text, without its end. */
void wrap(const char *text, size_t width, void (*put)(void *context, const char *line, size_t len),
    void *context);
#endif
