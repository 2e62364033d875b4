/* src/link/message_fuzz.c */
#include "link/message.h"
#include <assert.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Law: bytes that decode are the one encoding of their message. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {.ptr = (const char *)data, .len = size};
    struct link_message message;
    if (link_message_decode(bytes, &message) == OK) {
        AUTO_BUF again = {0};
        link_message_encode(&message, &again);
        assert(str_eq(buf_str(&again), bytes));
    }
    return 0;
}
