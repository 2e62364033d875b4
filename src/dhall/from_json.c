/* src/dhall/from_json.c */
#include "dhall/from_json.h"
#include "base/near.h"
#include "dhall/eval.h"
#include "dhall/import.h"
#include "dhall/parse.h"
#include "dhall/print.h"
#include <math.h>
#include <stdlib.h>

struct place { /* where in the JSON: for messages */
    const struct place *outer;
    struct str name; /* of a member; empty: an element */
    size_t index;
};
struct converter {
    struct dhall *dhall;
    struct dhall_terms *terms;
    struct diags *diags;
    struct dhall_from_json_options options;
    struct dhall_value *any[2]; /* the Prelude's JSON/Type, since version 13 and before */
};

static void place_show(const struct place *place, struct buf *text)
{
    if (place == NULL) {
        return;
    }
    place_show(place->outer, text);
    if (place->name.len > 0) {
        buf_add_byte(text, '.');
        dhall_print_label(place->name, false, text);
    } else {
        buf_printf(text, "[%zu]", place->index);
    }
}

static const char *kind_name(enum json_kind kind)
{
    static const char *const names[] = {[JSON_NULL] = "null",
        [JSON_FALSE] = "false",
        [JSON_TRUE] = "true",
        [JSON_NUMBER] = "a number",
        [JSON_STRING] = "a string",
        [JSON_ARRAY] = "an array",
        [JSON_OBJECT] = "an object"};
    return names[kind];
}

static struct str type_show(const struct converter *converter, struct dhall_value *type)
{
    return dhall_value_show(converter->dhall, type, 80, &converter->dhall->arena);
}

static enum err refuse(const struct converter *converter, const struct place *place,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static enum err refuse(
    const struct converter *converter, const struct place *place, const char *fmt, ...)
{
    AUTO_BUF where = {0};
    place_show(place, &where);
    va_list args;
    va_start(args, fmt);
    struct str text = arena_vprintf(&converter->dhall->arena, fmt, args);
    va_end(args);
    return diag_add(converter->diags, ERR_INVALID, SPAN_NONE, "%s%.*s%s%.*s",
        where.len == 0 ? "" : "at `", STR_ARG(buf_str(&where)),
        where.len == 0 ? "" : "`: ", STR_ARG(text));
}

static enum err mismatch(const struct converter *converter, const struct place *place,
    struct dhall_value *type, const struct json_value *json)
{
    struct str shown =
        json->kind == JSON_NUMBER || json->kind == JSON_STRING ? json->text : STR("");
    return refuse(converter, place, "expected %.*s, found %s%s%.*s%s",
        STR_ARG(type_show(converter, type)), kind_name(json->kind), shown.len > 0 ? " (" : "",
        (int)(shown.len > 40 ? 40 : shown.len), shown.len > 0 ? shown.ptr : "",
        shown.len > 0 ? ")" : "");
}

static dhall_term type_term(const struct converter *converter, struct dhall_value *type)
{
    struct dhall_quote quote;
    dhall_quote_init(&quote, converter->dhall, converter->terms, false);
    return dhall_quote(&quote, type);
}

static enum err convert(struct converter *converter, struct dhall_value *type,
    const struct json_value *json, const struct place *place, dhall_term *ret_term);

/* A JSON number that is whole, whatever its form, in initialised ret_z. */
static bool number_whole(struct str text, mpz_t ret_z)
{
    enum {
        EXPONENT_MAX = 100000
    };
    AUTO_BUF digits = {0};
    size_t at = 0;
    long exponent = 0;
    bool fraction = false;
    for (; at < text.len && (text.ptr[at] | 32) != 'e'; at++) {
        if (text.ptr[at] == '.') {
            fraction = true;
        } else {
            buf_add_byte(&digits, (uint8_t)text.ptr[at]);
            exponent -= fraction ? 1 : 0;
        }
    }
    struct str power = str_sub(text, at + 1, text.len);
    bool negative = str_starts(power, STR("-"));
    power = str_sub(power, negative || str_starts(power, STR("+")) ? 1 : 0, power.len);
    long shift = 0;
    for (size_t i = 0; i < power.len && shift <= 10 * EXPONENT_MAX; i++) {
        shift = shift * 10 + (power.ptr[i] - '0');
    }
    exponent += negative ? -shift : shift;
    while (exponent < 0 && digits.len > 0 && digits.ptr[digits.len - 1] == '0') {
        exponent++;
        digits.len--;
    }
    bool zero = digits.len == 0 || (digits.len == 1 && digits.ptr[0] == '-');
    buf_add(&digits, zero ? STR("0") : STR(""));
    buf_add_byte(&digits, 0);
    if ((exponent < 0 && !zero) || exponent > EXPONENT_MAX ||
        mpz_set_str(ret_z, digits.ptr, 10) != 0) {
        return false;
    }
    if (exponent > 0) {
        mpz_t factor;
        mpz_init(factor);
        mpz_ui_pow_ui(factor, 10, (unsigned long)exponent);
        mpz_mul(ret_z, ret_z, factor);
        mpz_clear(factor);
    }
    return true;
}

static double number_double(struct str text)
{
    AUTO_BUF copy = {0};
    buf_add(&copy, text);
    buf_add_byte(&copy, 0);
    bool special = text.len > 4 || (text.len == 4 && text.ptr[0] == '.');
    if (special && str_ends(text, STR(".nan"))) { /* YAML's */
        return (double)NAN;
    }
    if (special && str_ends(text, STR(".inf"))) {
        return text.ptr[0] == '-' ? -(double)INFINITY : (double)INFINITY;
    }
    return strtod(copy.ptr, NULL);
}

static enum err convert_number(const struct converter *converter, struct dhall_value *type,
    const struct json_value *json, const struct place *place, dhall_term *ret_term)
{
    if (json->kind != JSON_NUMBER) {
        return mismatch(converter, place, type, json);
    }
    if (dhall_is_builtin(type, DHALL_BUILTIN_DOUBLE_TYPE)) {
        double number = number_double(json->text);
        if (isinf(number) && !str_ends(json->text, STR(".inf"))) {
            return refuse(converter, place, "%.*s is too big for a Double",
                (int)(json->text.len > 40 ? 40 : json->text.len), json->text.ptr);
        }
        *ret_term = dhall_double_add(converter->terms, number, SPAN_NONE);
        return OK;
    }
    bool natural = dhall_is_builtin(type, DHALL_BUILTIN_NATURAL_TYPE);
    mpz_t z;
    mpz_init(z);
    bool fits = number_whole(json->text, z) && !(natural && mpz_sgn(z) < 0);
    if (fits) {
        *ret_term = dhall_number_add(
            converter->terms, natural ? DHALL_NATURAL : DHALL_INTEGER, z, SPAN_NONE);
    }
    mpz_clear(z);
    return fits ? OK : mismatch(converter, place, type, json);
}

/* Date, Time and TimeZone are strings, as to-json prints them: "2026-08-01", "12:30:00", "+02:00".
 */
static bool is_temporal(const struct dhall_value *type)
{
    return dhall_is_builtin(type, DHALL_BUILTIN_DATE_TYPE) ||
           dhall_is_builtin(type, DHALL_BUILTIN_TIME_TYPE) ||
           dhall_is_builtin(type, DHALL_BUILTIN_TIME_ZONE_TYPE);
}

static enum err convert_temporal(const struct converter *converter, struct dhall_value *type,
    const struct json_value *json, const struct place *place, dhall_term *ret_term)
{
    enum {
        TEXT_BYTES_MAX = 64
    };
    enum dhall_kind wanted = dhall_is_builtin(type, DHALL_BUILTIN_DATE_TYPE)   ? DHALL_DATE
                             : dhall_is_builtin(type, DHALL_BUILTIN_TIME_TYPE) ? DHALL_TIME
                                                                               : DHALL_TIME_ZONE;
    bool plain = json->kind == JSON_STRING && json->text.len <= TEXT_BYTES_MAX;
    for (size_t i = 0; plain && i < json->text.len; i++) {
        plain = memchr("0123456789-+:.", json->text.ptr[i], 14) != NULL;
    }
    struct diags ignored; /* what is no literal of the kind is told as a mismatch */
    diags_init(&ignored, &converter->dhall->arena, NULL);
    dhall_term term = {0};
    if (!plain || dhall_parse(converter->terms, 0, json->text, &term, &ignored) != OK ||
        dhall_row_of(converter->terms, term)->kind != wanted) {
        return mismatch(converter, place, type, json);
    }
    *ret_term = term;
    return OK;
}

/* For each field of a record type its member of an object, the first of that name, or NULL. */
static const struct json_value **members_find(const struct converter *converter,
    const struct dhall_shape *shape, const struct json_value *object)
{
    struct dhall *dhall = converter->dhall;
    const struct json_value **members =
        ARENA_NEW(&dhall->arena, const struct json_value *, shape->count);
    for (size_t i = 0; i < object->count; i++) {
        dhall_label label = dhall_label_of(&dhall->labels, object->items[i].key);
        uint32_t at = dhall_shape_find(shape, label);
        if (at != UINT32_MAX && members[at] == NULL) {
            members[at] = &object->items[i];
        }
    }
    return members;
}

/* An array of { "key": "a", "value": x } as an object. */
static bool keyval_object(
    const struct converter *converter, const struct json_value *json, struct json_value *ret_object)
{
    struct json_value *items = ARENA_NEW(&converter->dhall->arena, struct json_value, json->count);
    for (size_t i = 0; i < json->count; i++) {
        const struct json_value *key = json_get(&json->items[i], "key");
        const struct json_value *value = json_get(&json->items[i], "value");
        if (key == NULL || value == NULL || key->kind != JSON_STRING) {
            return false;
        }
        items[i] = *value;
        items[i].key = key->text;
    }
    *ret_object = (struct json_value){.kind = JSON_OBJECT, .items = items, .count = json->count};
    return true;
}

static struct dhall_value *argument_of(
    const struct converter *converter, const struct dhall_value *type, enum dhall_builtin builtin)
{
    struct dhall_value *argument = dhall_builtin_argument(type, builtin);
    return argument == NULL ? NULL : dhall_force(converter->dhall, argument);
}

/* A field that the JSON does not have. */
static enum err field_absent(const struct converter *converter, struct dhall_value *type,
    const struct place *place, struct str name, dhall_term *ret_term)
{
    struct dhall_value *inner = argument_of(converter, type, DHALL_BUILTIN_OPTIONAL_TYPE);
    struct dhall_terms *terms = converter->terms;
    if (inner != NULL) {
        dhall_term none = dhall_builtin_add(terms, DHALL_BUILTIN_NONE, SPAN_NONE);
        *ret_term = dhall_app_add(terms, none, type_term(converter, inner), SPAN_NONE);
        return OK;
    }
    if (converter->options.omissible_lists &&
        argument_of(converter, type, DHALL_BUILTIN_LIST_TYPE) != NULL) {
        *ret_term = dhall_node_add(terms, DHALL_LIST_EMPTY, type_term(converter, type),
            (dhall_term){0}, (dhall_term){0}, SPAN_NONE);
        return OK;
    }
    return refuse(converter, place, "there is no \"%.*s\", which must be %.*s", STR_ARG(name),
        STR_ARG(type_show(converter, type)));
}

static enum err members_known(const struct converter *converter, const struct dhall_value *type,
    const struct json_value *json, const struct place *place)
{
    struct dhall *dhall = converter->dhall;
    for (size_t i = 0; i < json->count && !converter->options.records_loose; i++) {
        dhall_label label = dhall_label_of(&dhall->labels, json->items[i].key);
        if (dhall_shape_find(type->shape, label) != UINT32_MAX) {
            continue;
        }
        struct str *names = ARENA_NEW(&dhall->arena, struct str, type->shape->count);
        for (uint32_t j = 0; j < type->shape->count; j++) {
            names[j] = dhall_label_name(&dhall->labels, type->shape->labels[j]);
        }
        size_t near = near_find(json->items[i].key, names, type->shape->count);
        enum err err =
            refuse(converter, place, "the type has no field \"%.*s\"", STR_ARG(json->items[i].key));
        if (near < type->shape->count) {
            diag_help(converter->diags, "did you mean \"%.*s\"?", STR_ARG(names[near]));
        }
        diag_help(converter->diags, "--records-loose leaves out what the type does not have");
        return err;
    }
    return OK;
}

static enum err convert_record(struct converter *converter, struct dhall_value *type,
    const struct json_value *json, const struct place *outer, dhall_term *ret_term)
{
    struct dhall *dhall = converter->dhall;
    struct json_value object = *json;
    bool keyval = json->kind == JSON_ARRAY && !converter->options.no_keyval_arrays &&
                  keyval_object(converter, json, &object);
    if (json->kind != JSON_OBJECT && !keyval) {
        return mismatch(converter, outer, type, json);
    }
    enum err err = members_known(converter, type, &object, outer);
    uint32_t count = type->shape->count;
    uint32_t *pairs = arena_alloc(&dhall->arena, (2 * (size_t)count + 1) * sizeof *pairs);
    const struct json_value **members = members_find(converter, type->shape, &object);
    for (uint32_t i = 0; err == OK && i < count; i++) {
        struct place place = {
            .outer = outer, .name = dhall_label_name(&dhall->labels, type->shape->labels[i])};
        const struct json_value *member = members[i];
        struct dhall_value *field = dhall_force(dhall, type->items[i]);
        dhall_term term = {0};
        err = member == NULL ? field_absent(converter, field, outer, place.name, &term)
                             : convert(converter, field, member, &place, &term);
        pairs[2 * i] = type->shape->labels[i];
        pairs[2 * i + 1] = term.row;
    }
    if (err == OK) {
        *ret_term = dhall_fields_add(converter->terms, DHALL_RECORD, pairs, count, SPAN_NONE);
    }
    return err;
}

/* The types of key and value if element is { mapKey : k, mapValue : v }. */
static bool map_types(const struct converter *converter, const struct dhall_value *element,
    struct dhall_value **ret_key, struct dhall_value **ret_value)
{
    if (element->kind != V_RECORD_TYPE || element->shape->count != 2 ||
        memcmp(element->shape->labels, converter->dhall->shape_map->labels,
            2 * sizeof(dhall_label)) != 0) {
        return false;
    }
    *ret_key = dhall_force(converter->dhall, element->items[0]);
    *ret_value = dhall_force(converter->dhall, element->items[1]);
    return true;
}

static dhall_term list_empty(const struct converter *converter, struct dhall_value *type)
{
    return dhall_node_add(converter->terms, DHALL_LIST_EMPTY, type_term(converter, type),
        (dhall_term){0}, (dhall_term){0}, SPAN_NONE);
}

/* toMap { ... } of Text keys; a list of { mapKey, mapValue } of others. */
static enum err convert_map(struct converter *converter, struct dhall_value *type,
    struct dhall_value *element, const struct json_value *json, const struct place *outer,
    dhall_term *ret_term)
{
    struct dhall *dhall = converter->dhall;
    struct dhall_terms *terms = converter->terms;
    struct dhall_value *key_type = NULL;
    struct dhall_value *value_type = NULL;
    if (!map_types(converter, element, &key_type, &value_type)) {
        return mismatch(converter, outer, type, json);
    }
    bool text = dhall_is_builtin(key_type, DHALL_BUILTIN_TEXT_TYPE);
    if (!text && key_type->kind != V_UNION) {
        return mismatch(converter, outer, type, json);
    }
    uint32_t *pairs = arena_alloc(&dhall->arena, (2 * json->count + 1) * sizeof *pairs);
    enum err err = OK;
    for (size_t i = 0; err == OK && i < json->count; i++) {
        struct place place = {.outer = outer, .name = json->items[i].key};
        dhall_term value = {0};
        dhall_label key = dhall_label_of(&dhall->labels, place.name);
        err = convert(converter, value_type, &json->items[i], &place, &value);
        pairs[2 * i] = key;
        pairs[2 * i + 1] = value.row;
        if (text || err != OK) {
            continue;
        }
        if (dhall_shape_find(key_type->shape, key) == UINT32_MAX) {
            return refuse(converter, outer, "\"%.*s\" is no alternative of %.*s",
                STR_ARG(place.name), STR_ARG(type_show(converter, key_type)));
        }
        uint32_t row[4] = {converter->dhall->shape_map->labels[0],
            dhall_field_add(terms, type_term(converter, key_type), key, SPAN_NONE).row,
            converter->dhall->shape_map->labels[1], value.row};
        pairs[i] = dhall_fields_add(terms, DHALL_RECORD, row, 2, SPAN_NONE).row;
    }
    if (err != OK) {
        return err;
    }
    if (json->count == 0) {
        *ret_term = list_empty(converter, type);
    } else if (text) {
        dhall_term record = dhall_fields_add(terms, DHALL_RECORD, pairs, json->count, SPAN_NONE);
        *ret_term = dhall_node_add(
            terms, DHALL_TO_MAP, record, (dhall_term){0}, (dhall_term){0}, SPAN_NONE);
    } else {
        *ret_term = dhall_list_row_add(terms, DHALL_LIST, 0, pairs, json->count, SPAN_NONE);
    }
    return OK;
}

static enum err convert_list(struct converter *converter, struct dhall_value *type,
    struct dhall_value *element, const struct json_value *json, const struct place *outer,
    dhall_term *ret_term)
{
    struct dhall_value *key_type, *value_type;
    if (json->kind == JSON_OBJECT && !converter->options.no_keyval_maps &&
        map_types(converter, element, &key_type, &value_type)) {
        return convert_map(converter, type, element, json, outer, ret_term);
    }
    bool empty = json->kind == JSON_NULL && converter->options.omissible_lists;
    if (json->kind != JSON_ARRAY && !empty) {
        return mismatch(converter, outer, type, json);
    }
    uint32_t *rows = arena_alloc(&converter->dhall->arena, (json->count + 1) * sizeof *rows);
    enum err err = OK;
    for (size_t i = 0; err == OK && i < json->count; i++) {
        struct place place = {.outer = outer, .index = i};
        dhall_term term = {0};
        err = convert(converter, element, &json->items[i], &place, &term);
        rows[i] = term.row;
    }
    if (err == OK) {
        *ret_term = json->count == 0 ? list_empty(converter, type)
                                     : dhall_list_row_add(converter->terms, DHALL_LIST, 0, rows,
                                           json->count, SPAN_NONE);
    }
    return err;
}

/* One alternative; what it says of a misfit is nobody's business. */
static bool alternative_fits(struct converter *converter, struct dhall_value *type, uint32_t i,
    const struct json_value *json, const struct place *place, dhall_term *ret_term)
{
    struct dhall *dhall = converter->dhall;
    dhall_label label = type->shape->labels[i];
    if (type->items[i] == NULL) {
        bool fits = json->kind == JSON_STRING &&
                    str_eq(json->text, dhall_label_name(&dhall->labels, label));
        if (fits) {
            *ret_term =
                dhall_field_add(converter->terms, type_term(converter, type), label, SPAN_NONE);
        }
        return fits;
    }
    struct diags saved = *converter->diags;
    dhall_term content = {0};
    enum err err = convert(converter, dhall_force(dhall, type->items[i]), json, place, &content);
    if (err == ERR_INVALID) {
        *converter->diags = saved;
    }
    if (err == OK) {
        dhall_term constructor =
            dhall_field_add(converter->terms, type_term(converter, type), label, SPAN_NONE);
        *ret_term = dhall_app_add(converter->terms, constructor, content, SPAN_NONE);
    }
    return err == OK;
}

static enum err convert_union(struct converter *converter, struct dhall_value *type,
    const struct json_value *json, const struct place *place, dhall_term *ret_term)
{
    uint32_t found = UINT32_MAX;
    if (converter->options.unions == DHALL_UNIONS_NONE) {
        return refuse(converter, place, "the type is a union, which --unions-none forbids");
    }
    for (uint32_t i = 0; i < type->shape->count; i++) {
        dhall_term term = {0};
        if (!alternative_fits(converter, type, i, json, place, &term)) {
            continue;
        }
        if (found != UINT32_MAX) {
            const struct dhall_labels *labels = &converter->dhall->labels;
            return refuse(converter, place, "both %.*s and %.*s fit",
                STR_ARG(dhall_label_name(labels, type->shape->labels[found])),
                STR_ARG(dhall_label_name(labels, type->shape->labels[i])));
        }
        found = i;
        *ret_term = term;
        if (converter->options.unions == DHALL_UNIONS_FIRST) {
            return OK;
        }
    }
    return found == UINT32_MAX ? mismatch(converter, place, type, json) : OK;
}

/* Any JSON as the Prelude's JSON/Type: json.array [ ... ] under two lambdas. */
struct weak {
    struct converter *converter;
    dhall_label json_label;
    dhall_term json_type; /* the variable JSON */
    bool has_integer;
};

static dhall_term weak_apply(const struct weak *weak, const char *name, dhall_term argument)
{
    struct dhall_terms *terms = weak->converter->terms;
    struct dhall_labels *labels = &weak->converter->dhall->labels;
    dhall_term json = dhall_var_add(terms, weak->json_label, 0, SPAN_NONE);
    dhall_term selected =
        dhall_field_add(terms, json, dhall_label_of(labels, str_of(name)), SPAN_NONE);
    return argument.row == 0 ? selected : dhall_app_add(terms, selected, argument, SPAN_NONE);
}

static dhall_term weak_number(const struct weak *weak, struct str text)
{
    struct dhall_terms *terms = weak->converter->terms;
    dhall_term number = {0};
    mpz_t z;
    mpz_init(z);
    if (weak->has_integer && number_whole(text, z)) {
        number = weak_apply(weak, "integer", dhall_number_add(terms, DHALL_INTEGER, z, SPAN_NONE));
    }
    mpz_clear(z);
    return number.row != 0 ? number
                           : weak_apply(weak, weak->has_integer ? "double" : "number",
                                 dhall_double_add(terms, number_double(text), SPAN_NONE));
}

static dhall_term weak_list_type(const struct weak *weak, bool is_object)
{
    struct dhall_terms *terms = weak->converter->terms;
    dhall_term element = weak->json_type;
    if (is_object) {
        uint32_t pairs[4] = {weak->converter->dhall->shape_map->labels[0],
            dhall_builtin_add(terms, DHALL_BUILTIN_TEXT_TYPE, SPAN_NONE).row,
            weak->converter->dhall->shape_map->labels[1], element.row};
        element = dhall_fields_add(terms, DHALL_RECORD_TYPE, pairs, 2, SPAN_NONE);
    }
    return dhall_app_add(
        terms, dhall_builtin_add(terms, DHALL_BUILTIN_LIST_TYPE, SPAN_NONE), element, SPAN_NONE);
}

static dhall_term weak_convert(const struct weak *weak, const struct json_value *json);

static dhall_term weak_items(const struct weak *weak, const struct json_value *json)
{
    struct dhall *dhall = weak->converter->dhall;
    struct dhall_terms *terms = weak->converter->terms;
    bool is_object = json->kind == JSON_OBJECT;
    const dhall_term nothing = {0};
    if (json->count == 0) {
        return dhall_node_add(
            terms, DHALL_LIST_EMPTY, weak_list_type(weak, is_object), nothing, nothing, SPAN_NONE);
    }
    uint32_t *rows = arena_alloc(&dhall->arena, 2 * json->count * sizeof *rows);
    for (size_t i = 0; i < json->count; i++) {
        uint32_t value = weak_convert(weak, &json->items[i]).row;
        if (is_object) {
            rows[2 * i] = dhall_label_of(&dhall->labels, json->items[i].key);
            rows[2 * i + 1] = value;
        } else {
            rows[i] = value;
        }
    }
    if (!is_object) {
        return dhall_list_row_add(terms, DHALL_LIST, 0, rows, json->count, SPAN_NONE);
    }
    dhall_term record = dhall_fields_add(terms, DHALL_RECORD, rows, json->count, SPAN_NONE);
    return dhall_node_add(terms, DHALL_TO_MAP, record, nothing, nothing, SPAN_NONE);
}

static dhall_term weak_convert(const struct weak *weak, const struct json_value *json)
{
    struct dhall_terms *terms = weak->converter->terms;
    dhall_step(weak->converter->dhall);
    switch (json->kind) {
    case JSON_NULL:
        return weak_apply(weak, "null", (dhall_term){0});
    case JSON_FALSE:
    case JSON_TRUE:
        return weak_apply(weak, "bool", dhall_bool_add(terms, json->kind == JSON_TRUE, SPAN_NONE));
    case JSON_NUMBER:
        return weak_number(weak, json->text);
    case JSON_STRING:
        return weak_apply(weak, "string", dhall_text_add(terms, json->text, SPAN_NONE));
    case JSON_ARRAY:
        return weak_apply(weak, "array", weak_items(weak, json));
    case JSON_OBJECT:
        return weak_apply(weak, "object", weak_items(weak, json));
    }
    return (dhall_term){0};
}

static dhall_term convert_any(
    struct converter *converter, unsigned which, const struct json_value *json)
{
    struct dhall_terms *terms = converter->terms;
    struct dhall_row outer = *dhall_row_of(terms, type_term(converter, converter->any[which]));
    struct dhall_row inner = terms->rows[outer.c];
    struct weak weak = {.converter = converter,
        .json_label = inner.a,
        .json_type = dhall_var_add(terms, outer.a, 0, SPAN_NONE),
        .has_integer = which == 0};
    dhall_term body = weak_convert(&weak, json);
    dhall_term lambda = dhall_lambda_add(terms, inner.a, (dhall_term){inner.b}, body, SPAN_NONE);
    return dhall_lambda_add(terms, outer.a, (dhall_term){outer.b}, lambda, SPAN_NONE);
}

static enum err convert_other(struct converter *converter, struct dhall_value *type,
    const struct json_value *json, const struct place *place, dhall_term *ret_term)
{
    for (unsigned i = 0; type->kind == V_PI && i < 2; i++) {
        if (dhall_conv(converter->dhall, 0, type, converter->any[i])) {
            *ret_term = convert_any(converter, i, json);
            return OK;
        }
    }
    return refuse(converter, place, "no JSON is a value of the type %.*s",
        STR_ARG(type_show(converter, type)));
}

static enum err convert(struct converter *converter, struct dhall_value *type,
    const struct json_value *json, const struct place *place, dhall_term *ret_term)
{
    struct dhall_terms *terms = converter->terms;
    dhall_step(converter->dhall);
    struct dhall_value *inner = argument_of(converter, type, DHALL_BUILTIN_OPTIONAL_TYPE);
    if (inner != NULL && json->kind == JSON_NULL) {
        return field_absent(converter, type, place, STR(""), ret_term);
    }
    if (inner != NULL) {
        dhall_term content = {0};
        enum err err = convert(converter, inner, json, place, &content);
        const dhall_term nothing = {0};
        *ret_term = dhall_node_add(terms, DHALL_SOME, content, nothing, nothing, SPAN_NONE);
        return err;
    }
    inner = argument_of(converter, type, DHALL_BUILTIN_LIST_TYPE);
    if (inner != NULL) {
        return convert_list(converter, type, inner, json, place, ret_term);
    }
    if (type->kind == V_RECORD_TYPE) {
        return convert_record(converter, type, json, place, ret_term);
    }
    if (type->kind == V_UNION) {
        return convert_union(converter, type, json, place, ret_term);
    }
    if (dhall_is_builtin(type, DHALL_BUILTIN_NATURAL_TYPE) ||
        dhall_is_builtin(type, DHALL_BUILTIN_INTEGER_TYPE) ||
        dhall_is_builtin(type, DHALL_BUILTIN_DOUBLE_TYPE)) {
        return convert_number(converter, type, json, place, ret_term);
    }
    if (is_temporal(type)) {
        return convert_temporal(converter, type, json, place, ret_term);
    }
    bool is_bool = json->kind == JSON_TRUE || json->kind == JSON_FALSE;
    if (dhall_is_builtin(type, DHALL_BUILTIN_BOOL_TYPE) && is_bool) {
        *ret_term = dhall_bool_add(terms, json->kind == JSON_TRUE, SPAN_NONE);
        return OK;
    }
    if (dhall_is_builtin(type, DHALL_BUILTIN_TEXT_TYPE) && json->kind == JSON_STRING) {
        *ret_term = dhall_text_add(terms, json->text, SPAN_NONE);
        return OK;
    }
    return dhall_is_builtin(type, DHALL_BUILTIN_BOOL_TYPE) ||
                   dhall_is_builtin(type, DHALL_BUILTIN_TEXT_TYPE)
               ? mismatch(converter, place, type, json)
               : convert_other(converter, type, json, place, ret_term);
}

struct from_task {
    struct converter converter;
    struct dhall_value *type;
    const struct json_value *json;
    dhall_term term;
    enum err err;
};

#define ANY_OBJECT "List { mapKey : Text, mapValue : JSON } -> JSON"
static const char any_now[] =
    "forall (JSON : Type) -> forall (json : { array : List JSON -> JSON, bool : Bool -> JSON, "
    "double : Double -> JSON, integer : Integer -> JSON, null : JSON, object : " ANY_OBJECT
    ", string : Text -> JSON }) -> JSON";
static const char any_before[] =
    "forall (JSON : Type) -> forall (json : { array : List JSON -> JSON, bool : Bool -> JSON, "
    "null : JSON, number : Double -> JSON, object : " ANY_OBJECT ", string : Text -> JSON }) -> "
    "JSON";

static void from_run(struct dhall *dhall, void *argument)
{
    struct from_task *task = argument;
    task->converter.any[0] = dhall_value_of_text(dhall, str_of(any_now));
    task->converter.any[1] = dhall_value_of_text(dhall, str_of(any_before));
    task->err =
        convert(&task->converter, dhall_force(dhall, task->type), task->json, NULL, &task->term);
    if (task->err == OK) { /* types in it may be shared */
        struct dhall_quote quote;
        dhall_quote_init(&quote, dhall, task->converter.terms, false);
        dhall_quote_check(&quote, task->term);
    }
}

enum err dhall_from_json(struct dhall *dhall, const struct dhall_value *type,
    const struct json_value *json, const struct dhall_from_json_options *options,
    struct dhall_terms *terms, dhall_term *ret_term, struct diags *diags)
{
    struct from_task task = {
        .converter = {.dhall = dhall, .terms = terms, .diags = diags, .options = *options},
        .type = (struct dhall_value *)(uintptr_t)type,
        .json = json,
    };
    enum err err = dhall_run(dhall, from_run, &task, diags);
    err = err != OK ? err : task.err;
    *ret_term = task.term;
    return err;
}
