/* src/base/utf8.h: UTF-8 (RFC 3629): no overlong forms, no surrogates, at most U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H
#include "base/view.h"

/* Bytes of the sequence at the start of text, 1 to 4; 0 if there is none. */
size_t utf8_len(struct str text);
/* All of text is UTF-8 (no bytes are). */
bool utf8_is(struct str text);
#endif
