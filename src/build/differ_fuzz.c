/* src/build/differ_fuzz.c */
#include "build/differ.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t lines_of(const struct buf *text)
{
    size_t count = 0;
    for (size_t i = 0; i < text->len; i++) {
        char c = text->ptr[i];
        assert((c >= ' ' && c <= '~') || c == '\n');
        count += c == '\n' ? 1 : 0;
    }
    return count;
}

/* Bytes: how long the first version is (two, little-endian), the first version, the second. Law:
 * nothing is said exactly if they are equal; what is said is printable lines, and bounded; the
 * other way round as many lines are said unless a part is cut off. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct str rest = {.ptr = (const char *)data + 2, .len = size - 2};
    size_t len = data[0] | (size_t)data[1] << 8;
    struct str first = str_sub(rest, 0, len), again = str_sub(rest, first.len, rest.len);
    AUTO_BUF there = {0}, back = {0}, same = {0};
    differ_add(first, again, &there);
    differ_add(again, first, &back);
    differ_add(first, first, &same);
    assert(same.len == 0);
    assert((there.len == 0) == str_eq(first, again));
    assert((lines_of(&there) == 0) == (lines_of(&back) == 0));
    assert(there.len <= DIFFER_BYTES_MAX && back.len <= DIFFER_BYTES_MAX);
    assert(there.len == 0 ||
           (str_starts(buf_str(&there), STR("  ")) && there.ptr[there.len - 1] == '\n'));
    return 0;
}
