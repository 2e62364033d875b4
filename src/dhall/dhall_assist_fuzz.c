/* src/dhall/dhall_assist_fuzz.c */
#include "dhall/assist.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_hover(const struct dhall_assist *assist, uint32_t offset)
{
    struct dhall_hover hover;
    if (dhall_assist_hover(assist, offset, &hover) == OK) {
        assert(hover.span.begin <= offset && offset <= hover.span.end);
        assert(hover.span.end <= assist->text.len && hover.type.len > 0);
    }
    struct dhall_definition definition;
    if (dhall_assist_definition(assist, offset, &definition) == OK && definition.import == NULL) {
        assert(definition.span.begin < definition.span.end);
        assert(definition.span.end <= assist->text.len);
    }
}

static void check_completion(const struct dhall_assist *assist, uint32_t offset)
{
    struct dhall_completion completion;
    if (dhall_assist_complete(assist, offset, &completion) != OK) {
        return;
    }
    assert(completion.begin <= offset);
    for (size_t i = 0; i < completion.count; i++) {
        for (size_t j = 0; j < i && completion.count < 100; j++) {
            assert(!str_eq(completion.proposals[i].text, completion.proposals[j].text));
        }
    }
}

/* What is mended is as long as it was, and the same at the cursor. */
static void check_names(const struct dhall_assist *assist, uint32_t offset)
{
    struct dhall_reference *references = NULL;
    size_t count = 0;
    if (dhall_assist_references(assist, offset, &references, &count) == OK) {
        assert(count > 0);
        for (size_t i = 0; i < count; i++) {
            assert(references[i].span.begin < references[i].span.end);
            assert(references[i].span.end <= assist->text.len + 64);
        }
    }
    struct dhall_symbol *symbols = NULL;
    if (dhall_assist_symbols(assist, &symbols, &count) == OK) {
        for (size_t i = 1; i < count; i++) {
            assert(symbols[i - 1].span.begin <= symbols[i].span.begin);
        }
    }
    (void)!dhall_assist_rename(assist, offset, STR("name-that-nobody-has"), &references, &count);
    struct str mended;
    if (dhall_mend(assist->text, offset, assist->arena, &mended)) {
        assert(mended.len == assist->text.len);
        assert(offset >= mended.len || mended.ptr[offset] == assist->text.ptr[offset]);
    }
}

/* The first byte of the input is where the cursor is. Laws: whatever is being written, answers lie
 * within the text and around the cursor, and nothing is proposed twice. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct dhall_reader reader = {.read = NULL};
    static const struct dhall_limits limits = {
        .terms_max = 100000, .steps_max = 100000, .memory_bytes_max = 64 * 1024 * 1024};
    struct arena arena = {0};
    struct diags diags;
    if (size == 0 || size > 10000) {
        return 0;
    }
    struct sources *sources = sources_new();
    diags_init(&diags, &arena, sources);
    struct dhall_assist assist = {.dhall = dhall_new(&reader, &limits, sources),
        .name = STR("/input"),
        .dir = STR("/"),
        .text = {.ptr = (const char *)data + 1, .len = size - 1},
        .arena = &arena,
        .diags = &diags};
    uint32_t offset = (uint32_t)(data[0] < assist.text.len ? data[0] : assist.text.len);
    check_hover(&assist, offset);
    check_completion(&assist, offset);
    check_names(&assist, offset);
    dhall_free(assist.dhall);
    sources_free(sources);
    arena_release(&arena);
    return 0;
}
