/* src/digest/digest_fuzz.c */
#include "digest/digest.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Law: a text that parses is the one text of its digest. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct digest digest;
    if (digest_parse((struct str){.ptr = (const char *)data, .len = size}, &digest) == OK) {
        char buf[DIGEST_TEXT_MAX];
        struct str text = digest_format(&digest, buf);
        assert(text.len == size && memcmp(text.ptr, data, size) == 0);
    }
    return 0;
}
