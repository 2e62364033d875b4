/* src/cli/lsp_position.c: lines and code units on one side, bytes on the other. */
#include "base/utf8.h"
#include "cli/lsp.h"

static const struct {
    const char *name;
} encodings[] = {
    [LSP_UTF_16] = {"utf-16"},
    [LSP_UTF_8] = {"utf-8"},
    [LSP_UTF_32] = {"utf-32"},
};

struct str lsp_encoding_name(enum lsp_encoding encoding)
{
    return str_of(encodings[encoding].name);
}

enum lsp_encoding lsp_encoding_choose(const struct json_value *initialize_params)
{
    const struct json_value *general =
        json_get(json_get(initialize_params, "capabilities"), "general");
    const struct json_value *offered = json_get(general, "positionEncodings");
    size_t count = offered != NULL && offered->kind == JSON_ARRAY ? offered->count : 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < sizeof encodings / sizeof encodings[0]; j++) {
            if (offered->items[i].kind == JSON_STRING &&
                str_eq(offered->items[i].text, str_of(encodings[j].name))) {
                return (enum lsp_encoding)j;
            }
        }
    }
    return LSP_UTF_16;
}

/* Code units of the character here, whose bytes are *ret_len. */
static uint32_t units_at(const struct lsp *lsp, struct str text, size_t at, size_t *ret_len)
{
    size_t len = utf8_len(str_sub(text, at, text.len));
    *ret_len = len == 0 ? 1 : len;
    switch (lsp->encoding) {
    case LSP_UTF_8:
        return (uint32_t)*ret_len;
    case LSP_UTF_16:
        return len == 4 ? 2 : 1;
    case LSP_UTF_32:
        break;
    }
    return 1;
}

static uint64_t member_uint(const struct json_value *value, const char *key)
{
    uint64_t number = 0;
    const struct json_value *member = json_get(value, key);
    return member != NULL && json_uint(member, &number) == OK ? number : 0;
}

uint32_t lsp_offset(const struct lsp *lsp, struct str text, const struct json_value *position)
{
    uint64_t line = member_uint(position, "line");
    uint64_t character = member_uint(position, "character");
    size_t at = 0;
    while (line > 0 && at < text.len) {
        at += str_find(str_sub(text, at, text.len), '\n') + 1;
        line--;
    }
    at = at > text.len ? text.len : at;
    for (uint64_t units = 0; units < character && at < text.len && text.ptr[at] != '\n';) {
        size_t len;
        units += units_at(lsp, text, at, &len);
        at += len;
    }
    return (uint32_t)at;
}

static void position_write(
    const struct lsp *lsp, struct json *json, struct str key, struct str text, uint32_t offset)
{
    size_t line_begin = 0;
    uint64_t line = 0;
    uint64_t units = 0;
    for (size_t i = 0; i < offset && i < text.len; i++) {
        if (text.ptr[i] == '\n') {
            line++;
            line_begin = i + 1;
        }
    }
    for (size_t at = line_begin; at < offset && at < text.len;) {
        size_t len;
        units += units_at(lsp, text, at, &len);
        at += len;
    }
    json_key(json, key);
    json_begin(json, '{');
    json_key_number(json, STR("line"), line);
    json_key_number(json, STR("character"), units);
    json_end(json, '}');
}

void lsp_range_write(const struct lsp *lsp, struct json *json, struct str key, struct str text,
    uint32_t begin, uint32_t end)
{
    json_key(json, key);
    json_begin(json, '{');
    position_write(lsp, json, STR("start"), text, begin);
    position_write(lsp, json, STR("end"), text, end);
    json_end(json, '}');
}

/* --- changes --- */

static void change_apply(
    const struct lsp *lsp, const struct json_value *change, struct buf *text, struct arena *arena)
{
    const struct json_value *range = json_get(change, "range");
    const struct json_value *given = json_get(change, "text");
    if (given == NULL || given->kind != JSON_STRING) {
        return;
    }
    struct str now = arena_str(arena, buf_str(text));
    uint32_t begin = 0;
    uint32_t end = (uint32_t)now.len;
    if (range != NULL && range->kind == JSON_OBJECT) {
        begin = lsp_offset(lsp, now, json_get(range, "start"));
        end = lsp_offset(lsp, now, json_get(range, "end"));
        end = end < begin ? begin : end;
    }
    text->len = 0;
    buf_add(text, str_sub(now, 0, begin));
    buf_add(text, given->text);
    buf_add(text, str_sub(now, end, now.len));
}

enum err lsp_document_change(
    struct lsp *lsp, const struct lsp_document *document, const struct json_value *changes)
{
    AUTO_BUF text = {0};
    size_t count = changes != NULL && changes->kind == JSON_ARRAY ? changes->count : 0;
    if (count == 0) {
        return OK;
    }
    buf_add(&text, document->text);
    for (size_t i = 0; i < count; i++) {
        struct arena arena = {0}; /* of one change: a thousand of them keep no thousand texts */
        change_apply(lsp, &changes->items[i], &text, &arena);
        arena_release(&arena);
        if (text.len > LSP_MESSAGE_BYTES_MAX) {
            return ERR_LIMIT;
        }
    }
    return lsp_document_set(lsp, document->uri, buf_str(&text));
}
