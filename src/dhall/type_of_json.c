/* src/dhall/type_of_json.c: the type that fits a JSON value best, as json-to-dhall infers it.
 *
 *   schemas form a lattice: < > (of nothing), Bool, Text, Natural < Integer < Double, unions of
 *   these, List, Optional, records; on top the Prelude's JSON type, which takes everything */
#include "dhall/from_json.h"
#include "dhall/print.h"
#include <stdlib.h>

enum schema_kind {
    SCHEMA_UNION, /* of has_bool, number, has_text: one of them is that type itself, none is < > */
    SCHEMA_LIST,
    SCHEMA_OPTIONAL,
    SCHEMA_RECORD,
    SCHEMA_ANY,
};
enum number {
    NUMBER_NONE,
    NUMBER_NATURAL,
    NUMBER_INTEGER,
    NUMBER_DOUBLE,
};
struct schema {
    enum schema_kind kind;
    bool has_bool, has_text;
    enum number number;
    const struct schema *inner;  /* of LIST and OPTIONAL */
    const struct schema *fields; /* of RECORD, sorted by name */
    size_t count;
    struct str name; /* as a field */
};

static struct schema unify(struct arena *arena, const struct schema *a, const struct schema *b);

static struct schema wrapped(struct arena *arena, enum schema_kind kind, struct schema inner)
{
    struct schema *copy = ARENA_NEW(arena, struct schema, 1);
    *copy = inner;
    return (struct schema){.kind = kind, .inner = copy};
}

static bool is_nothing(const struct schema *schema)
{
    return schema->kind == SCHEMA_UNION && !schema->has_bool && !schema->has_text &&
           schema->number == NUMBER_NONE;
}

/* A field that only one of two records has is Optional. */
static struct schema unify_records(
    struct arena *arena, const struct schema *a, const struct schema *b)
{
    static const struct schema nothing = {.kind = SCHEMA_UNION};
    const struct schema absent = {.kind = SCHEMA_OPTIONAL, .inner = &nothing};
    struct schema *fields = ARENA_NEW(arena, struct schema, a->count + b->count);
    size_t count = 0;
    size_t i = 0;
    size_t j = 0;
    while (i < a->count || j < b->count) {
        int cmp = i == a->count   ? 1
                  : j == b->count ? -1
                                  : str_cmp(a->fields[i].name, b->fields[j].name);
        const struct schema *left = cmp <= 0 ? &a->fields[i++] : &absent;
        const struct schema *right = cmp >= 0 ? &b->fields[j++] : &absent;
        fields[count] = unify(arena, left, right);
        fields[count++].name = cmp <= 0 ? left->name : right->name;
    }
    return (struct schema){.kind = SCHEMA_RECORD, .fields = fields, .count = count};
}

static struct schema unify(struct arena *arena, const struct schema *a, const struct schema *b)
{
    if (a->kind == SCHEMA_ANY || b->kind == SCHEMA_ANY) {
        return (struct schema){.kind = SCHEMA_ANY};
    }
    if (is_nothing(a) || is_nothing(b)) {
        return is_nothing(a) ? *b : *a;
    }
    if (a->kind == SCHEMA_OPTIONAL || b->kind == SCHEMA_OPTIONAL) {
        const struct schema *left = a->kind == SCHEMA_OPTIONAL ? a->inner : a;
        const struct schema *right = b->kind == SCHEMA_OPTIONAL ? b->inner : b;
        return wrapped(arena, SCHEMA_OPTIONAL, unify(arena, left, right));
    }
    if (a->kind != b->kind) {
        return (struct schema){.kind = SCHEMA_ANY};
    }
    if (a->kind == SCHEMA_LIST) {
        return wrapped(arena, SCHEMA_LIST, unify(arena, a->inner, b->inner));
    }
    if (a->kind == SCHEMA_RECORD) {
        return unify_records(arena, a, b);
    }
    return (struct schema){.kind = SCHEMA_UNION,
        .has_bool = a->has_bool || b->has_bool,
        .has_text = a->has_text || b->has_text,
        .number = a->number > b->number ? a->number : b->number};
}

/* As json-to-dhall has it: 2.0 is whole; what has an exponent is taken for a Double. */
static enum number number_of(struct str text)
{
    size_t dot = str_find(text, '.');
    size_t e = 0;
    bool whole = true;
    for (; e < text.len && (text.ptr[e] | 32) != 'e'; e++) {
        whole = whole && (e <= dot || text.ptr[e] == '0');
    }
    if (!whole || e < text.len) {
        return NUMBER_DOUBLE;
    }
    return text.ptr[0] == '-' ? NUMBER_INTEGER : NUMBER_NATURAL;
}

static int schema_cmp(const void *left, const void *right)
{
    const struct schema *a = left;
    const struct schema *b = right;
    return str_cmp(a->name, b->name);
}

static struct schema infer(const struct json_value *json, struct arena *arena)
{
    struct schema schema = {.kind = SCHEMA_UNION};
    struct schema *fields;
    switch (json->kind) {
    case JSON_NULL:
        return wrapped(arena, SCHEMA_OPTIONAL, schema);
    case JSON_FALSE:
    case JSON_TRUE:
        schema.has_bool = true;
        break;
    case JSON_NUMBER:
        schema.number = number_of(json->text);
        break;
    case JSON_STRING:
        schema.has_text = true;
        break;
    case JSON_ARRAY:
        for (size_t i = 0; i < json->count; i++) {
            struct schema element = infer(&json->items[i], arena);
            schema = unify(arena, &schema, &element);
        }
        return wrapped(arena, SCHEMA_LIST, schema);
    case JSON_OBJECT:
        fields = ARENA_NEW(arena, struct schema, json->count);
        for (size_t i = 0; i < json->count; i++) {
            struct schema field = infer(&json->items[i], arena);
            field.name = json->items[i].key;
            fields[i] = field;
        }
        if (json->count > 0) {
            qsort(fields, json->count, sizeof fields[0], schema_cmp);
        }
        return (struct schema){.kind = SCHEMA_RECORD, .fields = fields, .count = json->count};
    }
    return schema;
}

static void union_show(const struct schema *schema, struct buf *text)
{
    static const char *const numbers[] = {"", "Natural", "Integer", "Double"};
    const char *types[3];
    size_t count = 0;
    if (schema->has_bool) {
        types[count++] = "Bool";
    }
    if (schema->number != NUMBER_NONE) {
        types[count++] = numbers[schema->number];
    }
    if (schema->has_text) {
        types[count++] = "Text";
    }
    if (count == 1) {
        buf_add(text, str_of(types[0]));
        return;
    }
    buf_add_byte(text, '<');
    for (size_t i = 0; i < count; i++) {
        buf_printf(text, "%s %s : %s ", i == 0 ? "" : "|", types[i], types[i]);
    }
    buf_add_byte(text, '>');
}

static void schema_show(const struct schema *schema, struct buf *text)
{
    switch (schema->kind) {
    case SCHEMA_UNION:
        union_show(schema, text);
        break;
    case SCHEMA_LIST:
    case SCHEMA_OPTIONAL:
        buf_add(text, schema->kind == SCHEMA_LIST ? STR("List (") : STR("Optional ("));
        schema_show(schema->inner, text);
        buf_add_byte(text, ')');
        break;
    case SCHEMA_RECORD:
        buf_add_byte(text, '{');
        for (size_t i = 0; i < schema->count; i++) {
            buf_add(text, i == 0 ? STR(" ") : STR(", "));
            dhall_print_label(schema->fields[i].name, false, text);
            buf_add(text, STR(" : "));
            schema_show(&schema->fields[i], text);
        }
        buf_add(text, STR(" }"));
        break;
    case SCHEMA_ANY:
        buf_add(text,
            STR("forall (_ : Type) -> forall (_ : { array : List _ -> _@1, bool : Bool -> _@1, "
                "double : Double -> _@1, integer : Integer -> _@1, null : _, object : List { "
                "mapKey : Text, mapValue : _ } -> _@1, string : Text -> _@1 }) -> _@1"));
        break;
    }
}

struct str dhall_type_of_json(const struct json_value *json, struct arena *arena)
{
    AUTO_BUF text = {0};
    struct schema schema = infer(json, arena);
    schema_show(&schema, &text);
    return arena_str(arena, buf_str(&text));
}
