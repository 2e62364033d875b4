/* src/codec/yaml_fuzz.c */
#include "codec/json_print.h"
#include "codec/yaml_read.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const struct json_value *a, const struct json_value *b)
{
    bool equal = a->kind == b->kind && a->count == b->count && str_eq(a->text, b->text);
    for (size_t i = 0; equal && i < a->count; i++) {
        equal = str_eq(a->items[i].key, b->items[i].key) && same(&a->items[i], &b->items[i]);
    }
    return equal;
}

/* Law: what is read prints, as YAML and as JSON on one line, and reads to the same again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum {
        DEPTH_MAX = 100
    };
    struct str text = {.ptr = (const char *)data, .len = size};
    struct arena arena = {0};
    struct json_value value, again;
    size_t at;
    const char *why;
    if (yaml_parse(text, DEPTH_MAX, &arena, &value, &at, &why) == OK) {
        AUTO_BUF yaml = {0};
        AUTO_BUF quoted = {0};
        AUTO_BUF json = {0};
        yaml_print(&value, false, &yaml);
        yaml_print(&value, true, &quoted);
        json_print(&value, 0, &json);
        assert(yaml_parse(buf_str(&yaml), DEPTH_MAX + 1, &arena, &again, &at, &why) == OK);
        assert(same(&value, &again));
        assert(yaml_parse(buf_str(&quoted), DEPTH_MAX + 1, &arena, &again, &at, &why) == OK);
        assert(same(&value, &again));
        assert(yaml_parse(buf_str(&json), DEPTH_MAX + 1, &arena, &again, &at, &why) == OK);
        assert(same(&value, &again));
    }
    arena_release(&arena);
    return 0;
}
