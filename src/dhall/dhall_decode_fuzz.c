/* src/dhall/dhall_decode_fuzz.c */
#include "dhall/encode.h"
#include "dhall/print.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Law: what decodes encodes to bytes that decode and encode to themselves; and it can be printed.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct diags diags;
    struct dhall_labels labels;
    struct dhall_terms terms;
    diags_init(&diags, &arena, NULL);
    dhall_labels_init(&labels);
    dhall_terms_init(&terms, &labels, 0);
    dhall_term term;
    struct str input = {.ptr = (const char *)data, .len = size};
    enum err err = dhall_decode(&terms, input, &term, &diags);
    assert((err == OK) == (diags.newest == NULL));
    if (err == OK) {
        AUTO_BUF once = {0};
        AUTO_BUF twice = {0};
        AUTO_BUF text = {0};
        dhall_encode(&terms, term, &once);
        enum err again = dhall_decode(&terms, buf_str(&once), &term, &diags);
        assert(again == OK);
        dhall_encode(&terms, term, &twice);
        assert(str_eq(buf_str(&once), buf_str(&twice)));
        dhall_print(&terms, term, &(struct dhall_print_options){.columns = 40}, &text);
        assert(text.len > 0);
    }
    dhall_terms_release(&terms);
    dhall_labels_release(&labels);
    arena_release(&arena);
    return 0;
}
