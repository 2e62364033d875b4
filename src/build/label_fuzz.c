/* src/build/label_fuzz.c */
#include "build/label.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes: the package, a line end, the text. Law: what parses has one absolute form, which means the
 * same in every package. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {.ptr = (const char *)data, .len = size};
    size_t end = str_find(bytes, '\n');
    struct str package = str_sub(bytes, 0, end), text = str_sub(bytes, end + 1, size);
    if (package.len > 0 && path_fault(package) != NULL) {
        return 0;
    }
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    struct label label, again;
    if (label_parse(text, package, SPAN_NONE, &arena, &label, &diags) == OK) {
        struct str form = label_format(label, &arena);
        enum err err = label_parse(form, STR("other/package"), SPAN_NONE, &arena, &again, &diags);
        assert(err == OK && label_eq(label, again));
        assert(str_eq(form, label_format(again, &arena)));
        assert(label.package.len == 0 || path_fault(label.package) == NULL);
    } else {
        assert(diags.newest != NULL);
    }
    arena_release(&arena);
    return 0;
}
