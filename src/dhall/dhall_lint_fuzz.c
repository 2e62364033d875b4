/* src/dhall/dhall_lint_fuzz.c */
#include "dhall/dhall.h"
#include "dhall/lint.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The hash of what text evaluates to; false: it does not, or not within small bounds. */
static bool hash_of(struct str text, struct arena *arena, uint8_t ret_hash[static 32])
{
    static const struct dhall_reader reader = {.read = NULL};
    static const struct dhall_limits limits = {
        .terms_max = 100000, .steps_max = 100000, .memory_bytes_max = 64 * 1024 * 1024};
    struct diags diags;
    struct dhall_loaded loaded;
    diags_init(&diags, arena, NULL);
    struct dhall *dhall = dhall_new(&reader, &limits, NULL);
    enum err err = dhall_load_text(dhall, STR("input"), STR("/"), text, &loaded, &diags);
    err = err == OK ? dhall_value_hash(dhall, loaded.value, ret_hash, &diags) : err;
    dhall_free(dhall);
    return err == OK;
}

/* Laws: what has been corrected parses, has nothing more to correct, and means the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct diags diags;
    struct str text = {.ptr = (const char *)data, .len = size};
    AUTO_BUF after = {0};
    diags_init(&diags, &arena, NULL);
    if (size <= 100000 && dhall_lint_apply(text, 0, &after, &diags) == OK) {
        struct dhall_finding *findings = NULL;
        size_t count = 0;
        enum err err = dhall_lint(buf_str(&after), 0, &arena, &findings, &count, &diags);
        assert(err == OK && count == 0);
        uint8_t want[32], got[32];
        if (after.len != size && hash_of(text, &arena, want)) {
            bool claims = memmem(text.ptr, size, "===", 3) != NULL || /* they may be false */
                          memmem(text.ptr, size, "\xE2\x89\xA1", 3) != NULL;
            bool holds = hash_of(buf_str(&after), &arena, got);
            assert(holds || claims);
            assert(!holds || memcmp(want, got, 32) == 0);
        }
    }
    arena_release(&arena);
    return 0;
}
