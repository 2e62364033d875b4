/* src/codec/reapi_fuzz.c */
#include "codec/reapi.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says which message. False: refused. */
static bool form(uint8_t kind, struct str bytes, struct arena *arena, struct buf *ret)
{
    struct reapi_action action;
    struct reapi_command command;
    struct reapi_directory directory;
    struct reapi_tree tree;
    struct reapi_action_result result;
    bool good = false;
    if (kind == 0 && reapi_action_decode(bytes, arena, &action) == OK) {
        reapi_action_encode(&action, ret);
        good = true;
    } else if (kind == 1 && reapi_command_decode(bytes, arena, &command) == OK) {
        reapi_command_encode(&command, ret);
        good = true;
    } else if (kind == 2 && reapi_directory_decode(bytes, arena, &directory) == OK) {
        reapi_directory_encode(&directory, ret);
        good = true;
    } else if (kind == 3 && reapi_tree_decode(bytes, arena, &tree) == OK) {
        reapi_tree_encode(&tree, ret);
        good = true;
    } else if (kind == 4 && reapi_action_result_decode(bytes, arena, &result) == OK) {
        reapi_action_result_encode(&result, ret);
        good = true;
    }
    return good;
}

/* Laws: what decodes has a canonical form, and that form is its own; memory is bounded by size. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct arena arena = {0};
    AUTO_BUF once = {0};
    AUTO_BUF twice = {0};
    struct str bytes = {.ptr = (const char *)data + 1, .len = size - 1};
    if (form(data[0], bytes, &arena, &once)) {
        bool good = form(data[0], buf_str(&once), &arena, &twice);
        assert(good && str_eq(buf_str(&once), buf_str(&twice)));
    }
    assert(arena.total_bytes <= 64 * size + (1 << 20));
    arena_release(&arena);
    return 0;
}
