/* src/dhall/dhall_assist_fuzz.c */
#include "dhall/assist.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err read_nothing(void *context, const struct dhall_import *import, struct str name,
    struct arena *arena, struct str *ret_bytes, struct diags *diags)
{
    (void)context;
    (void)import;
    (void)name;
    (void)arena;
    (void)ret_bytes;
    (void)diags;
    return ERR_ABSENT;
}

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

/* The first byte of the input is where the cursor is. Laws: whatever is being written, answers lie
 * within the text and around the cursor, and nothing is proposed twice. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct dhall_reader reader = {.read = read_nothing};
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
    dhall_free(assist.dhall);
    sources_free(sources);
    arena_release(&arena);
    return 0;
}
