/* src/base/view.h: borrowed text and bytes. */
#ifndef BASE_VIEW_H
#define BASE_VIEW_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* UTF-8 or plain bytes, no NUL at its end, never freed through this; ptr may be NULL if len is 0.
 */
struct str {
    const char *ptr;
    size_t len; /* bytes */
};
#define STR(lit) ((struct str){.ptr = "" lit, .len = sizeof(lit) - 1})
/* For printf's "%.*s". */
#define STR_ARG(s) (int)(s).len, (s).len == 0 ? "" : (s).ptr

/* A view of a NUL-terminated string, which must outlive it. */
static inline struct str str_of(const char *text)
{
    return (struct str){.ptr = text, .len = strlen(text)};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Order of the bytes (for UTF-8 this is the order of the code points); a prefix comes first. */
static inline int str_cmp(struct str a, struct str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int cmp = len == 0 ? 0 : memcmp(a.ptr, b.ptr, len);
    return cmp != 0 ? cmp : (a.len > b.len) - (a.len < b.len);
}

static inline bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len &&
           (suffix.len == 0 || memcmp(s.ptr + (s.len - suffix.len), suffix.ptr, suffix.len) == 0);
}

/* Bytes [from, to), clamped to s. */
static inline struct str str_sub(struct str s, size_t from, size_t to)
{
    to = to > s.len ? s.len : to;
    from = from > to ? to : from;
    return (struct str){.ptr = s.len == 0 ? s.ptr : s.ptr + from, .len = to - from};
}

/* Index of the first (last) byte c, or s.len. */
static inline size_t str_find(struct str s, char c)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == c) {
            return i;
        }
    }
    return s.len;
}

static inline size_t str_find_last(struct str s, char c)
{
    for (size_t i = s.len; i > 0; i--) {
        if (s.ptr[i - 1] == c) {
            return i - 1;
        }
    }
    return s.len;
}

/* Cuts the next line (without its end) off *text; false at the end. */
static inline bool line_next(struct str *text, struct str *ret_line)
{
    if (text->len == 0) {
        return false;
    }
    size_t end = str_find(*text, '\n');
    *ret_line = str_sub(*text, 0, end);
    *text = str_sub(*text, end + 1, text->len);
    return true;
}
#endif
