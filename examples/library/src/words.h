/* The next word of a text. */
#ifndef WORDS_H
#define WORDS_H
#include <stddef.h>

/* Where the first word of text starts; *ret_len is its length, 0 at the end. */
const char *word_first(const char *text, size_t *ret_len);
#endif
