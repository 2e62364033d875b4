/* src/dhall/text.c: Text values. Appending makes a rope; who looks inside flattens it, once. */
#include "dhall/eval.h"
#include <assert.h>
#include <stdlib.h>

struct dhall_value *dhall_text_append(
    struct dhall *dhall, struct dhall_value **pieces, size_t count)
{
    uint16_t bound = 0;
    for (size_t i = 0; i < count; i++) {
        bound = dhall_bound_max(bound, pieces[i]->bound);
    }
    struct dhall_value *value = dhall_value_new(dhall, V_TEXT_APPEND, bound);
    value->a = (uint32_t)count;
    value->items = pieces;
    return value;
}

/* What flattening builds: texts run together in `run`, until something neutral interrupts. */
struct flat {
    struct dhall *dhall;
    struct buf run;
    struct dhall_value **pieces; /* owned */
    size_t pieces_len, pieces_cap;
    struct dhall_value **todo; /* owned; rope nodes still to be read, next one last */
    size_t todo_len, todo_cap;
};

static void values_push(
    struct dhall_value ***values, size_t *len, size_t *cap, struct dhall_value *value)
{
    if (*len == *cap) {
        *cap = *cap == 0 ? 16 : *cap * 2;
        *values = memory_realloc(*values, *cap * sizeof **values);
    }
    (*values)[(*len)++] = value;
}

static void flat_end_run(struct flat *flat)
{
    if (flat->run.len > 0) {
        struct str text = arena_str(&flat->dhall->arena, buf_str(&flat->run));
        flat->run.len = 0;
        values_push(&flat->pieces, &flat->pieces_len, &flat->pieces_cap,
            dhall_text_value(flat->dhall, text));
    }
}

static void flat_add(struct flat *flat, struct dhall_value *value)
{
    if (value->kind == V_TEXT) {
        buf_add(&flat->run, value->text);
    } else if (value->kind == V_TEXT_APPEND || value->kind == V_TEXT_CHUNKS) {
        for (uint32_t i = value->a; i > 0; i--) {
            values_push(&flat->todo, &flat->todo_len, &flat->todo_cap, value->items[i - 1]);
        }
    } else {
        flat_end_run(flat);
        values_push(&flat->pieces, &flat->pieces_len, &flat->pieces_cap, value);
    }
}

/* Forcing may leave the big stack for good (dhall_stop), which would leak what is on the heap; so
 * all pieces are forced, and the bytes counted, before anything is allocated. */
static void text_force(struct dhall *dhall, struct dhall_value *text, size_t *bytes)
{
    for (uint32_t i = 0; i < text->a; i++) {
        dhall_step(dhall);
        struct dhall_value *piece = dhall_force(dhall, text->items[i]);
        if (piece->kind == V_TEXT) {
            *bytes += piece->text.len;
            dhall_room(dhall, 2 * *bytes);
        } else if (piece->kind == V_TEXT_APPEND) {
            if (i + 1 == text->a) { /* the common deep case, "a" ++ ("b" ++ ...), needs no stack */
                text = piece;
                i = UINT32_MAX;
                continue;
            }
            text_force(dhall, piece, bytes);
        }
    }
}

struct dhall_value *dhall_text_flatten(struct dhall *dhall, struct dhall_value *text)
{
    if (text->kind != V_TEXT_APPEND) {
        return text;
    }
    size_t bytes = 0;
    text_force(dhall, text, &bytes);
    struct flat flat = {.dhall = dhall};
    flat_add(&flat, text);
    while (flat.todo_len > 0) {
        flat_add(&flat, dhall_force(dhall, flat.todo[--flat.todo_len]));
    }
    flat_end_run(&flat);
    struct dhall_value *result = NULL;
    if (flat.pieces_len == 1) {
        result = flat.pieces[0];
    } else if (flat.pieces_len == 0) {
        result = dhall_text_value(dhall, STR(""));
    } else {
        text->kind = V_TEXT_CHUNKS;
        text->a = (uint32_t)flat.pieces_len;
        text->items = arena_alloc(&dhall->arena, flat.pieces_len * sizeof *text->items);
        memcpy(text->items, flat.pieces, flat.pieces_len * sizeof *text->items);
        result = text;
    }
    buf_release(&flat.run);
    free(flat.pieces);
    free(flat.todo);
    if (result != text) {
        text->kind = V_LINK;
        text->one = result;
    }
    return result;
}

struct str dhall_text_show(struct arena *arena, struct str text)
{
    AUTO_BUF shown = {0};
    static const char escapes[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    buf_add_byte(&shown, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        const char *escape = c == 0 ? NULL : strchr(escapes, c);
        if (escape != NULL) {
            buf_add_byte(&shown, '\\');
            buf_add_byte(&shown, (uint8_t)letters[escape - escapes]);
        } else if (c < 0x20 || c == '$') {
            buf_printf(&shown, "\\u%04x", c);
        } else {
            buf_add_byte(&shown, c);
        }
    }
    buf_add_byte(&shown, '"');
    return arena_str(arena, buf_str(&shown));
}

/* The first needle, or NULL. One byte is looked for directly: memmem prepares itself anew for each
 * call, which counts where there are a million of them. */
static const char *needle_find(struct str haystack, struct str needle)
{
    if (haystack.len < needle.len) {
        return NULL;
    }
    return needle.len == 1 ? memchr(haystack.ptr, needle.ptr[0], haystack.len)
                           : memmem(haystack.ptr, haystack.len, needle.ptr, needle.len);
}

struct dhall_value *dhall_text_replace(
    struct dhall *dhall, struct str needle, struct dhall_value *replacement, struct str haystack)
{
    size_t count = 0;
    struct str rest = haystack;
    for (const char *at; (at = needle_find(rest, needle)) != NULL; count++) {
        rest = str_sub(rest, (size_t)(at - rest.ptr) + needle.len, rest.len);
    }
    dhall_room(dhall, count * (2 * sizeof(void *) + sizeof(struct dhall_value)));
    struct dhall_value **pieces = arena_alloc(&dhall->arena, (2 * count + 1) * sizeof *pieces);
    rest = haystack;
    for (size_t i = 0; i < count; i++) {
        const char *at = needle_find(rest, needle);
        size_t before = (size_t)(at - rest.ptr);
        pieces[2 * i] = dhall_text_value(dhall, str_sub(rest, 0, before));
        pieces[2 * i + 1] = replacement;
        rest = str_sub(rest, before + needle.len, rest.len);
    }
    pieces[2 * count] = dhall_text_value(dhall, rest);
    return dhall_text_append(dhall, pieces, 2 * count + 1);
}

struct str dhall_number_show(struct dhall *dhall, const struct dhall_value *number)
{
    const char *sign = number->kind == V_NATURAL ? "" : number->flag != 0 ? "-" : "+";
    if (number->big == NULL) {
        return arena_printf(&dhall->arena, "%s%llu", sign, (unsigned long long)number->small);
    }
    size_t len = strlen(sign);
    char *text = arena_alloc(&dhall->arena, mpz_sizeinbase(number->big->z, 10) + len + 2);
    memcpy(text, sign, len);
    (void)mpz_get_str(text + len, 10, number->big->z);
    return str_of(text);
}
