/* src/dhall/dhall_infer_fuzz.c */
#include "dhall/encode.h"
#include "dhall/print.h"
#include "dhall/tool.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct session {
    struct arena arena;
    struct diags diags;
    struct dhall *dhall;
};

/* The encoding of a value's normal form; false if a bound was passed. text may be NULL. */
static bool normal_form(struct session *session, const struct dhall_value *value, bool alpha,
    struct buf *ret_bytes, struct buf *ret_text)
{
    struct dhall_terms terms;
    dhall_terms_init(&terms, dhall_tool_labels(session->dhall), 1 << 20);
    dhall_term term;
    enum err err =
        dhall_tool_read_back(session->dhall, value, alpha, &terms, &term, &session->diags);
    assert(err == OK || err == ERR_LIMIT);
    if (err == OK) {
        static const struct dhall_print_options options = {.layout = DHALL_PRINT_ONE_LINE};
        dhall_encode(&terms, term, ret_bytes);
        if (ret_text != NULL) {
            dhall_print(&terms, term, &options, ret_text);
        }
    }
    dhall_terms_release(&terms);
    return err == OK;
}

static enum err load(struct session *session, struct str text, struct dhall_loaded *ret_loaded)
{
    return dhall_load_text(session->dhall, STR("x"), STR("/"), text, ret_loaded, &session->diags);
}

/* The normal form of what checks: checks too, has the same type, and is its own normal form. */
static void check_normal_form(struct session *session, const struct dhall_loaded *loaded)
{
    AUTO_BUF bytes = {0};
    AUTO_BUF text = {0};
    AUTO_BUF type = {0};
    AUTO_BUF bytes_again = {0};
    AUTO_BUF type_again = {0};
    if (!normal_form(session, loaded->value, false, &bytes, &text) ||
        !normal_form(session, loaded->type, true, &type, NULL)) {
        return;
    }
    struct dhall_loaded again;
    enum err err = load(session, buf_str(&text), &again);
    if (err == ERR_LIMIT) {
        return;
    }
    assert(err == OK);
    if (!normal_form(session, again.value, false, &bytes_again, NULL) ||
        !normal_form(session, again.type, true, &type_again, NULL)) {
        return;
    }
    assert(str_eq(buf_str(&type), buf_str(&type_again)));
    assert(str_eq(buf_str(&bytes), buf_str(&bytes_again)));
}

/* Laws: what does not load says why; what does, see check_normal_form. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct session session = {.diags = {0}};
    diags_init(&session.diags, &session.arena, NULL);
    struct dhall_reader reader = {.read = NULL};
    static const struct dhall_limits limits = {
        .terms_max = 1 << 20, .steps_max = 300000, .memory_bytes_max = 64 << 20};
    session.dhall = dhall_new(&reader, &limits, NULL);
    struct dhall_loaded loaded;
    enum err err = load(&session, (struct str){.ptr = (const char *)data, .len = size}, &loaded);
    assert((err == OK) == (session.diags.newest == NULL));
    if (err == OK) {
        check_normal_form(&session, &loaded);
    }
    dhall_free(session.dhall);
    arena_release(&session.arena);
    return 0;
}
