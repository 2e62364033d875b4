/* src/base/buf.h: bytes that grow. */
#ifndef BASE_BUF_H
#define BASE_BUF_H
#include "base/view.h"

struct buf {
    char *ptr; /* owned, from the heap; NULL while cap is 0 */
    size_t len, cap;
};

/* (struct buf){0} is an empty buffer. Frees; the buffer is empty then and may be used again. */
void buf_release(struct buf *buf);
/* Room for extra_bytes more behind len; returns where they start. len does not change. */
char *buf_reserve(struct buf *buf, size_t extra_bytes);
void buf_add(struct buf *buf, struct str bytes);
void buf_add_byte(struct buf *buf, uint8_t byte);
void buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Borrowed until the next change of buf. */
static inline struct str buf_str(const struct buf *buf)
{
    return (struct str){.ptr = buf->ptr, .len = buf->len};
}
#define AUTO_BUF __attribute__((cleanup(buf_release))) struct buf
#endif
