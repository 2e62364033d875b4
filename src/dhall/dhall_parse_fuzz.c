/* src/dhall/dhall_parse_fuzz.c */
#include "dhall/encode.h"
#include "dhall/parse.h"
#include "dhall/print.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct session {
    struct arena arena;
    struct diags diags;
    struct dhall_labels labels;
    struct dhall_terms terms;
};

/* Every row lies within the text, and within what it is a part of. */
static void check_spans(const struct dhall_terms *terms, size_t size)
{
    for (uint32_t i = 1; i < terms->len; i++) {
        assert(terms->spans[i].begin <= terms->spans[i].end && terms->spans[i].end <= size);
    }
}

static void check_print(
    struct session *session, dhall_term term, const struct dhall_print_options *options)
{
    AUTO_BUF text = {0};
    AUTO_BUF want = {0};
    AUTO_BUF got = {0};
    dhall_term again;
    dhall_print(&session->terms, term, options, &text);
    enum err err = dhall_parse(&session->terms, 0, buf_str(&text), &again, &session->diags);
    if (err == ERR_LIMIT) {
        return; /* parentheses may have been added */
    }
    assert(err == OK);
    dhall_encode(&session->terms, term, &want);
    dhall_encode(&session->terms, again, &got);
    assert(str_eq(buf_str(&want), buf_str(&got)));
    dhall_term decoded;
    err = dhall_decode(&session->terms, buf_str(&got), &decoded, &session->diags);
    assert(err == OK);
    got.len = 0;
    dhall_encode(&session->terms, decoded, &got);
    assert(str_eq(buf_str(&want), buf_str(&got)));
}

/* Laws: what parses prints, in each layout, and the text parses to the same CBOR, which decodes and
 * encodes to itself; what does not parse says why. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct session session = {.diags = {0}};
    diags_init(&session.diags, &session.arena, NULL);
    dhall_labels_init(&session.labels);
    dhall_terms_init(&session.terms, &session.labels, 0);
    struct str text = {.ptr = (const char *)data, .len = size};
    dhall_term term;
    enum err err = dhall_parse(&session.terms, 0, text, &term, &session.diags);
    assert((err == OK) == (session.diags.newest == NULL));
    if (err == OK) {
        check_spans(&session.terms, size);
        check_print(&session, term, &(struct dhall_print_options){.columns = 30});
        check_print(&session, term,
            &(struct dhall_print_options){.layout = DHALL_PRINT_ONE_LINE, .ascii = true});
    }
    dhall_terms_release(&session.terms);
    dhall_labels_release(&session.labels);
    arena_release(&session.arena);
    return 0;
}
