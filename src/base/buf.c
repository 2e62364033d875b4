/* src/base/buf.c */
#include "base/buf.h"
#include "base/arena.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_release(struct buf *buf)
{
    free(buf->ptr);
    *buf = (struct buf){0};
}

char *buf_reserve(struct buf *buf, size_t extra_bytes)
{
    size_t need;
    if (__builtin_add_overflow(buf->len, extra_bytes, &need)) {
        memory_exhausted();
    }
    if (need > buf->cap || buf->ptr == NULL) {
        size_t cap = buf->cap < 64 ? 64 : buf->cap;
        while (cap < need) {
            if (__builtin_mul_overflow(cap, (size_t)2, &cap)) {
                memory_exhausted();
            }
        }
        buf->ptr = memory_realloc(buf->ptr, cap);
        buf->cap = cap;
    }
    return buf->ptr + buf->len;
}

void buf_add(struct buf *buf, struct str bytes)
{
    if (bytes.len > 0) {
        memcpy(buf_reserve(buf, bytes.len), bytes.ptr, bytes.len);
        buf->len += bytes.len;
    }
}

void buf_add_byte(struct buf *buf, uint8_t byte)
{
    *buf_reserve(buf, 1) = (char)byte;
    buf->len++;
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list args;
    va_list again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(len >= 0);
    (void)vsnprintf(buf_reserve(buf, (size_t)len + 1), (size_t)len + 1, fmt, again);
    va_end(again);
    buf->len += (size_t)len;
}
