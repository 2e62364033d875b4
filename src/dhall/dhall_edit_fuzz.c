/* src/dhall/dhall_edit_fuzz.c */
#include "dhall/edit.h"
#include "dhall/parse.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Is the text a comment-free word away from what it was? All old bytes are there, in order. */
static bool keeps(struct str old, struct str new)
{
    size_t at = 0;
    for (size_t i = 0; i < new.len &&at < old.len; i++) {
        at += old.ptr[at] == new.ptr[i] ? 1 : 0;
    }
    return at == old.len;
}

/* Laws: what an edit makes of a text that parses also parses; the same edit then finds nothing to
 * do; and no byte of the text is lost (but where an empty list gets its first element). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct diags diags;
    struct dhall_edit_place place = {.target = STR("t"), .field = STR("srcs")};
    struct dhall_edit edit;
    struct str text = {.ptr = (const char *)data, .len = size};
    diags_init(&diags, &arena, NULL);
    if (size <= 100000 &&
        dhall_edit_add(text, 0, &place, STR("m.c"), &arena, &edit, &diags) == OK) {
        struct str after = dhall_edit_apply(text, &edit, &arena);
        bool empty_list = size > edit.begin && edit.end > edit.begin && text.ptr[edit.begin] == '[';
        assert(empty_list || keeps(text, after));
        struct dhall_edit again;
        enum err err = dhall_edit_add(after, 0, &place, STR("m.c"), &arena, &again, &diags);
        assert(err == OK);
        assert(again.begin == again.end && again.text.len == 0);
    }
    arena_release(&arena);
    return 0;
}
