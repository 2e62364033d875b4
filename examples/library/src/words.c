#include "words.h"
#include <ctype.h>

const char *word_first(const char *text, size_t *ret_len)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    size_t len = 0;
    while (text[len] != '\0' && !isspace((unsigned char)text[len])) {
        len++;
    }
    *ret_len = len;
    return text;
}
