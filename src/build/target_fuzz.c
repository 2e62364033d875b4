/* src/build/target_fuzz.c */
#include "build/target.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Laws: what decodes has a canonical form, and that form is its own; memory is bounded by size. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct str bytes = {.ptr = (const char *)data, .len = size};
    struct target target, again;
    AUTO_BUF once = {0}, twice = {0};
    if (target_decode(bytes, &arena, &target) == OK) {
        target_encode(&target, &once);
        enum err err = target_decode(buf_str(&once), &arena, &again);
        assert(err == OK);
        target_encode(&again, &twice);
        assert(str_eq(buf_str(&once), buf_str(&twice)));
        assert(target_action_of(&target, STR("x")) <= target.action_count);
    }
    assert(arena.total_bytes <= 1024 * size + (1 << 20));
    arena_release(&arena);
    return 0;
}
