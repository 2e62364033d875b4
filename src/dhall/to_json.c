/* src/dhall/to_json.c */
#include "dhall/to_json.h"
#include "codec/json_print.h"
#include "dhall/eval.h"
#include "dhall/import.h"
#include "dhall/print.h"
#include <math.h>
#include <stdlib.h>

struct place { /* where in the value: for messages */
    const struct place *outer;
    struct str name; /* of a field; empty: an element */
    size_t index;
    unsigned depth;
};
struct converter {
    struct dhall *dhall;
    struct arena *arena;
    struct diags *diags;
    struct dhall_json_options options;
};

/* One step of converting. What is shared becomes JSON each time, in memory that counts. */
static void step(const struct converter *converter)
{
    struct dhall *dhall = converter->dhall;
    dhall_step(dhall);
    dhall_room(dhall, converter->arena->total_bytes);
}

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

static enum err refuse(
    const struct converter *converter, const struct place *place, const char *why)
{
    AUTO_BUF text = {0};
    place_show(place, &text);
    bool outermost = text.len == 0;
    return diag_add(converter->diags, ERR_INVALID, SPAN_NONE, "%s%.*s%s", outermost ? "" : "at `",
        STR_ARG(buf_str(&text)),
        outermost ? why : arena_printf(converter->arena, "`: %s", why).ptr);
}

static struct json_value json_of_text(enum json_kind kind, struct str text)
{
    return (struct json_value){.kind = kind, .text = text};
}

/* Digits of a show'n Double: "1.25e3" -> "1250"; what is not whole stays as it is. */
static struct str double_show(const struct converter *converter, double number)
{
    AUTO_BUF shown = {0};
    dhall_print_double(number, &shown);
    struct str text = buf_str(&shown);
    double magnitude = fabs(number); /* from 2^53 on all are whole */
    if (isnan(number) || (magnitude < 0x1p53 && (double)(uint64_t)magnitude != magnitude)) {
        return arena_str(converter->arena, text);
    }
    size_t e = str_find(text, 'e');
    size_t exponent = 0;
    for (size_t i = e + 1; i < text.len; i++) {
        exponent = exponent * 10 + (size_t)(text.ptr[i] - '0');
    }
    size_t dot = str_find(text, '.');
    AUTO_BUF digits = {0};
    buf_add(&digits, str_sub(text, 0, dot));
    struct str fraction = str_sub(text, dot + 1, e);
    for (size_t i = 0; i < exponent; i++) {
        buf_add_byte(&digits, i < fraction.len ? (uint8_t)fraction.ptr[i] : '0');
    }
    return arena_str(converter->arena, buf_str(&digits));
}

static enum err convert_double(const struct converter *converter, double number,
    const struct place *place, struct json_value *ret_json)
{
    bool finite = isfinite(number) != 0;
    enum dhall_json_doubles how = converter->options.doubles;
    if (!finite && how == DHALL_JSON_DOUBLES_REFUSE) {
        return refuse(
            converter, place, "NaN and Infinity have no JSON (see --approximate-special-doubles)");
    }
    struct str text;
    if (finite) {
        text = double_show(converter, number);
    } else if (how == DHALL_JSON_DOUBLES_YAML) {
        text = isnan(number) ? STR(".nan") : number > 0 ? STR(".inf") : STR("-.inf");
    } else {
        text = isnan(number) ? STR("null")
               : number > 0  ? STR("1.7976931348623157e308")
                             : STR("-1.7976931348623157e308");
    }
    *ret_json = json_of_text(JSON_NUMBER, text);
    if (!finite && isnan(number) && how == DHALL_JSON_DOUBLES_APPROXIMATE) {
        ret_json->kind = JSON_NULL;
    }
    return OK;
}

static struct json_value convert_number(
    const struct converter *converter, const struct dhall_value *value)
{
    mpz_t z;
    mpz_init(z);
    dhall_value_mpz(value, z);
    char *digits = mpz_get_str(NULL, 10, z);
    struct str text = arena_str(converter->arena, str_of(digits));
    void (*release)(void *, size_t);
    mp_get_memory_functions(NULL, NULL, &release);
    release(digits, strlen(digits) + 1);
    mpz_clear(z);
    return json_of_text(JSON_NUMBER, text);
}

/* The text of a Date, Time or TimeZone, with `before` in front. */
static void temporal_add(const struct converter *converter, struct dhall_value *value,
    const char *before, struct buf *text)
{
    struct dhall_code *code = dhall_code_new(converter->dhall);
    struct dhall_quote quote;
    struct dhall_print_options line = {.layout = DHALL_PRINT_ONE_LINE, .ascii = true};
    dhall_quote_init(&quote, converter->dhall, &code->terms, false);
    buf_add(text, str_of(before));
    dhall_print(&code->terms, dhall_quote(&quote, value), &line, text);
}

static struct str label_text(const struct converter *converter, dhall_label label)
{
    return dhall_label_name(&converter->dhall->labels, label);
}

/* The field of a forced record, forced, or NULL. */
static struct dhall_value *field(
    const struct converter *converter, const struct dhall_value *record, const char *name)
{
    struct dhall *dhall = converter->dhall;
    uint32_t at = dhall_shape_find(record->shape, dhall_label_of(&dhall->labels, str_of(name)));
    return at == UINT32_MAX ? NULL
                            : dhall_text_flatten(dhall, dhall_force(dhall, record->items[at]));
}

/* { date, time, timeZone }, or two of them. */
static bool temporal_record(const struct converter *converter, const struct dhall_value *record,
    struct json_value *ret_json)
{
    struct dhall_value *date = field(converter, record, "date");
    struct dhall_value *time = field(converter, record, "time");
    struct dhall_value *zone = field(converter, record, "timeZone");
    uint32_t have = (date != NULL ? 1U : 0U) + (time != NULL ? 1U : 0U) + (zone != NULL ? 1U : 0U);
    bool good = time != NULL && have >= 2 && have == record->shape->count && time->kind == V_TIME &&
                (date == NULL || date->kind == V_DATE) &&
                (zone == NULL || zone->kind == V_TIME_ZONE);
    if (!good) {
        return false;
    }
    AUTO_BUF text = {0};
    if (date != NULL) {
        temporal_add(converter, date, "", &text);
    }
    temporal_add(converter, time, date != NULL ? "T" : "", &text);
    if (zone != NULL) {
        temporal_add(converter, zone, "", &text);
    }
    *ret_json = json_of_text(JSON_STRING, arena_str(converter->arena, buf_str(&text)));
    return true;
}

static enum err convert(const struct converter *converter, struct dhall_value *value,
    const struct place *outer, struct json_value *ret_json);

struct member { /* of an object that is being put in order */
    struct json_value value;
    size_t place;
};

static int member_cmp(const void *a, const void *b)
{
    const struct member *left = a;
    const struct member *right = b;
    int cmp = str_cmp(left->value.key, right->value.key);
    return cmp != 0 ? cmp : (left->place > right->place) - (left->place < right->place);
}

/* By their names, each once: the last of equals counts. */
static void members_order(struct json_value *items, size_t *count)
{
    struct member *members = memory_calloc(*count, sizeof *members);
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        members[i] = (struct member){.value = items[i], .place = i};
    }
    qsort(members, *count, sizeof *members, member_cmp);
    for (size_t i = 0; i < *count; i++) {
        if (kept > 0 && str_eq(items[kept - 1].key, members[i].value.key)) {
            kept--;
        }
        items[kept++] = members[i].value;
    }
    free(members);
    *count = kept;
}

static enum err convert_fields(const struct converter *converter, const struct dhall_value *record,
    const struct place *outer, struct json_value *ret_json)
{
    uint32_t count = record->shape->count;
    /* One more, for a union's name. */
    struct json_value *items = ARENA_NEW(converter->arena, struct json_value, (size_t)count + 1);
    enum err err = OK;
    for (uint32_t i = 0; err == OK && i < count; i++) {
        struct place place = {.outer = outer,
            .name = label_text(converter, record->shape->labels[i]),
            .depth = outer == NULL ? 1 : outer->depth + 1};
        err = convert(converter, record->items[i], &place, &items[i]);
        items[i].key = place.name;
    }
    *ret_json = (struct json_value){.kind = JSON_OBJECT, .items = items, .count = count};
    return err;
}

/* An alternative's name and content; false if value is not one. */
static bool alternative_of(const struct converter *converter, const struct dhall_value *value,
    struct str *ret_name, struct dhall_value **ret_content)
{
    if (value == NULL || value->kind != V_CONSTRUCTOR || value->flag == CONSTRUCTOR_FUNCTION) {
        return false;
    }
    *ret_name = label_text(converter, value->a);
    *ret_content = value->right == NULL ? NULL : dhall_force(converter->dhall, value->right);
    return true;
}

/* { contents = U.A x, field = "name", nesting = Nesting.Inline | Nesting.Nested "value" } */
static bool is_nesting(const struct converter *converter, const struct dhall_value *record)
{
    if (record->shape->count != 3) {
        return false;
    }
    const struct dhall_value *name = field(converter, record, "field");
    const struct dhall_value *nesting = field(converter, record, "nesting");
    struct dhall_value *content;
    struct str text;
    return name != NULL && name->kind == V_TEXT &&
           alternative_of(converter, field(converter, record, "contents"), &text, &content) &&
           alternative_of(converter, nesting, &text, &content) &&
           (str_eq(text, STR("Inline")) || (str_eq(text, STR("Nested")) && content != NULL));
}

static enum err convert_nesting(const struct converter *converter, const struct dhall_value *record,
    const struct place *place, struct json_value *ret_json)
{
    struct str tag = {0}; /* is_nesting has looked: both are unions, whose names are there */
    struct str how = {0};
    struct dhall_value *content = NULL;
    struct dhall_value *below = NULL;
    (void)alternative_of(converter, field(converter, record, "contents"), &tag, &content);
    (void)alternative_of(converter, field(converter, record, "nesting"), &how, &below);
    struct json_value name = json_of_text(JSON_STRING, tag);
    name.key = field(converter, record, "field")->text;
    struct json_value *items;
    size_t count;
    enum err err = OK;
    if (str_eq(how, STR("Nested"))) {
        struct dhall_value *nested = dhall_text_flatten(converter->dhall, below);
        items = ARENA_NEW(converter->arena, struct json_value, 2);
        if (content != NULL) {
            err = convert(converter, content, place, &items[0]);
        }
        items[0].key = nested->kind == V_TEXT ? nested->text : STR("");
        count = 1;
    } else if (content == NULL) {
        items = ARENA_NEW(converter->arena, struct json_value, 1);
        count = 0;
    } else if (content->kind == V_RECORD) {
        struct json_value object;
        err = convert_fields(converter, content, place, &object);
        items = ARENA_NEW(converter->arena, struct json_value, object.count + 1);
        count = object.count;
        if (err == OK && count > 0) {
            memcpy(items, object.items, count * sizeof items[0]);
        }
    } else {
        return refuse(converter, place, "only a record may be nested `Inline`");
    }
    items[count++] = name;
    members_order(items, &count);
    *ret_json = (struct json_value){.kind = JSON_OBJECT, .items = items, .count = count};
    return err;
}

static struct str map_name(struct str given, const char *usual)
{
    return given.len > 0 ? given : str_of(usual);
}

/* The places of key and value in a shape of two; false if it is of others. */
static bool is_map_shape(const struct converter *converter, const struct dhall_shape *shape,
    uint32_t *ret_key, uint32_t *ret_value)
{
    struct str key = map_name(converter->options.map_key, "mapKey");
    for (uint32_t i = 0; shape->count == 2 && i < 2; i++) {
        bool fits = str_eq(label_text(converter, shape->labels[i]), key) &&
                    str_eq(label_text(converter, shape->labels[1 - i]),
                        map_name(converter->options.map_value, "mapValue"));
        if (fits) {
            *ret_key = i;
            *ret_value = 1 - i;
            return true;
        }
    }
    return false;
}

/* A Text, or an alternative without content. */
static bool map_key_of(
    const struct converter *converter, struct dhall_value *value, struct str *ret_key)
{
    struct dhall_value *content = NULL;
    value = dhall_text_flatten(converter->dhall, dhall_force(converter->dhall, value));
    if (value->kind == V_TEXT) {
        *ret_key = value->text;
        return true;
    }
    return alternative_of(converter, value, ret_key, &content) && content == NULL;
}

static bool is_map(const struct converter *converter, const struct dhall_value *list)
{
    struct dhall *dhall = converter->dhall;
    uint32_t key, value;
    struct str name;
    if (converter->options.no_maps) {
        return false;
    }
    if (list->kind == V_LIST_EMPTY) {
        const struct dhall_value *type = dhall_force(dhall, list->one);
        struct dhall_value *element = dhall_builtin_argument(type, DHALL_BUILTIN_LIST_TYPE);
        element = element == NULL ? NULL : dhall_force(dhall, element);
        return element != NULL && element->kind == V_RECORD_TYPE &&
               is_map_shape(converter, element->shape, &key, &value);
    }
    for (uint32_t i = 0; i < list->a; i++) {
        const struct dhall_value *record = dhall_force(dhall, list->items[i]);
        if (record->kind != V_RECORD || !is_map_shape(converter, record->shape, &key, &value) ||
            !map_key_of(converter, record->items[key], &name)) {
            return false;
        }
    }
    return true;
}

static enum err convert_list(const struct converter *converter, const struct dhall_value *list,
    const struct place *outer, struct json_value *ret_json)
{
    bool map = is_map(converter, list);
    size_t count = list->kind == V_LIST ? list->a : 0;
    struct json_value *items = ARENA_NEW(converter->arena, struct json_value, count);
    enum err err = OK;
    for (size_t i = 0; err == OK && i < count; i++) {
        struct place place = {
            .outer = outer, .index = i, .depth = outer == NULL ? 1 : outer->depth + 1};
        struct dhall_value *element = dhall_force(converter->dhall, list->items[i]);
        uint32_t key = 0, value = 0;
        if (map && is_map_shape(converter, element->shape, &key, &value)) {
            (void)map_key_of(converter, element->items[key], &place.name);
            element = element->items[value];
        }
        err = convert(converter, element, &place, &items[i]);
        items[i].key = place.name;
    }
    if (map && err == OK) {
        members_order(items, &count);
    }
    *ret_json =
        (struct json_value){.kind = map ? JSON_OBJECT : JSON_ARRAY, .items = items, .count = count};
    return err;
}

/* The Prelude's JSON/Type: \(JSON : Type) -> \(json : { array : ... }) -> body. */
struct weak {
    const struct converter *converter;
    const struct dhall_terms *terms;
    dhall_label json; /* the name of the inner binder */
    const struct place *place;
};

static const struct dhall_row *weak_row(const struct weak *weak, uint32_t row)
{
    return &weak->terms->rows[row];
}

/* `json.label`; its label's text, or empty. */
static struct str weak_label(const struct weak *weak, uint32_t row)
{
    const struct dhall_row *selection = weak_row(weak, row);
    if (selection->kind != DHALL_FIELD) {
        return STR("");
    }
    const struct dhall_row *variable = weak_row(weak, selection->a);
    bool ours = variable->kind == DHALL_VAR && variable->a == weak->json && variable->b == 0;
    return ours ? label_text(weak->converter, selection->b) : STR("");
}

static struct str weak_text(const struct weak *weak, uint32_t row)
{
    const struct dhall_row *text = weak_row(weak, row);
    return text->kind == DHALL_TEXT && text->c == 1
               ? weak->terms->texts[dhall_list_of(weak->terms, text)[0]]
               : STR("");
}

static enum err weak_convert(
    const struct weak *weak, uint32_t row, unsigned depth, struct json_value *ret_json);

static enum err weak_list(const struct weak *weak, uint32_t row, bool is_object, unsigned depth,
    struct json_value *ret_json)
{
    const struct dhall_row *list = weak_row(weak, row);
    size_t count = list->kind == DHALL_LIST ? list->c : 0;
    struct json_value *items = ARENA_NEW(weak->converter->arena, struct json_value, count);
    enum err err = OK;
    for (size_t i = 0; err == OK && i < count; i++) {
        uint32_t element = dhall_list_of(weak->terms, list)[i];
        struct str key = {0};
        if (is_object) { /* { mapKey = "...", mapValue = ... }, as its type says */
            const struct dhall_row *record = weak_row(weak, element);
            if (record->kind != DHALL_RECORD || record->c != 4) {
                return refuse(weak->converter, weak->place, "a function has no JSON");
            }
            const uint32_t *pairs = dhall_list_of(weak->terms, record);
            key = weak_text(weak, pairs[1]);
            element = pairs[3];
        }
        err = weak_convert(weak, element, depth + 1, &items[i]);
        items[i].key = key;
    }
    if (is_object && err == OK) {
        members_order(items, &count);
    }
    *ret_json = (struct json_value){
        .kind = is_object ? JSON_OBJECT : JSON_ARRAY, .items = items, .count = count};
    return err;
}

static enum err weak_convert(
    const struct weak *weak, uint32_t row, unsigned depth, struct json_value *ret_json)
{
    const struct converter *converter = weak->converter;
    const struct dhall_row *term = weak_row(weak, row);
    step(converter);
    if (depth > JSON_PRINT_DEPTH_MAX) {
        return diag_add(converter->diags, ERR_LIMIT, SPAN_NONE, "JSON nested deeper than %d",
            JSON_PRINT_DEPTH_MAX);
    }
    if (str_eq(weak_label(weak, row), STR("null"))) {
        *ret_json = (struct json_value){.kind = JSON_NULL};
        return OK;
    }
    struct str label = term->kind == DHALL_APP ? weak_label(weak, term->a) : STR("");
    const struct dhall_row *argument = term->kind == DHALL_APP ? weak_row(weak, term->b) : term;
    if (str_eq(label, STR("array")) || str_eq(label, STR("object"))) {
        return weak_list(weak, term->b, str_eq(label, STR("object")), depth, ret_json);
    }
    if (str_eq(label, STR("bool")) && argument->kind == DHALL_BOOL) {
        *ret_json = (struct json_value){.kind = argument->a != 0 ? JSON_TRUE : JSON_FALSE};
        return OK;
    }
    if (str_eq(label, STR("string")) && argument->kind == DHALL_TEXT && argument->c == 1) {
        *ret_json = json_of_text(JSON_STRING, weak_text(weak, term->b));
        return OK;
    }
    if (argument->kind == DHALL_DOUBLE) {
        return convert_double(converter, dhall_row_double(argument), weak->place, ret_json);
    }
    if (str_eq(label, STR("integer")) && argument->kind == DHALL_INTEGER) {
        AUTO_BUF text = {0};
        struct dhall_print_options line = {.layout = DHALL_PRINT_ONE_LINE};
        dhall_print(weak->terms, (dhall_term){term->b}, &line, &text);
        size_t plus = text.ptr[0] == '+' ? 1 : 0;
        *ret_json = json_of_text(
            JSON_NUMBER, arena_str(converter->arena, str_sub(buf_str(&text), plus, text.len)));
        return OK;
    }
    return refuse(converter, weak->place, "a function has no JSON");
}

static enum err convert_function(const struct converter *converter, struct dhall_value *value,
    const struct place *place, struct json_value *ret_json)
{
    struct dhall *dhall = converter->dhall;
    struct dhall_code *code = dhall_code_new(dhall);
    struct dhall_quote quote;
    dhall_quote_init(&quote, dhall, &code->terms, false);
    dhall_term root = dhall_quote(&quote, value);
    struct weak weak = {.converter = converter, .terms = &code->terms, .place = place};
    const struct dhall_row *outer = weak_row(&weak, root.row);
    const struct dhall_row *inner = outer->kind == DHALL_LAMBDA ? weak_row(&weak, outer->c) : outer;
    if (outer->kind != DHALL_LAMBDA || inner->kind != DHALL_LAMBDA ||
        weak_row(&weak, inner->b)->kind != DHALL_RECORD_TYPE) {
        return refuse(converter, place, "a function has no JSON");
    }
    weak.json = inner->a;
    struct json_value json = {0};
    enum err err = weak_convert(&weak, inner->c, place == NULL ? 0 : place->depth, &json);
    *ret_json = json;
    return err;
}

static enum err convert_other(const struct converter *converter, struct dhall_value *value,
    const struct place *place, struct json_value *ret_json)
{
    if (value->kind == V_DATE || value->kind == V_TIME || value->kind == V_TIME_ZONE) {
        AUTO_BUF text = {0};
        temporal_add(converter, value, "", &text);
        *ret_json = json_of_text(JSON_STRING, arena_str(converter->arena, buf_str(&text)));
        return OK;
    }
    if (dhall_builtin_argument(value, DHALL_BUILTIN_NONE) != NULL) {
        *ret_json = (struct json_value){.kind = JSON_NULL};
        return OK;
    }
    if (dhall_is_builtin(value, DHALL_BUILTIN_NONE)) {
        return refuse(converter, place, "`None` without a type is a function, which has no JSON");
    }
    return refuse(converter, place,
        value->kind == V_BYTES ? "Bytes have no JSON" : "a type or function has no JSON");
}

static enum err convert(const struct converter *converter, struct dhall_value *value,
    const struct place *outer, struct json_value *ret_json)
{
    struct dhall *dhall = converter->dhall;
    struct dhall_value *content = NULL;
    struct str name;
    step(converter);
    if (outer != NULL && outer->depth > JSON_PRINT_DEPTH_MAX) {
        return diag_add(converter->diags, ERR_LIMIT, SPAN_NONE, "JSON nested deeper than %d",
            JSON_PRINT_DEPTH_MAX);
    }
    value = dhall_list_flatten(dhall, dhall_text_flatten(dhall, dhall_force(dhall, value)));
    switch ((enum dhall_v)value->kind) {
    case V_BOOL:
        *ret_json = (struct json_value){.kind = value->a != 0 ? JSON_TRUE : JSON_FALSE};
        return OK;
    case V_NATURAL:
    case V_INTEGER:
        *ret_json = convert_number(converter, value);
        return OK;
    case V_DOUBLE:
        return convert_double(converter, value->number, outer, ret_json);
    case V_TEXT:
        *ret_json = json_of_text(JSON_STRING, value->text);
        return OK;
    case V_LIST:
    case V_LIST_EMPTY:
        return convert_list(converter, value, outer, ret_json);
    case V_SOME:
        return convert(converter, value->one, outer, ret_json);
    case V_RECORD:
        if (temporal_record(converter, value, ret_json)) {
            return OK;
        }
        return is_nesting(converter, value) ? convert_nesting(converter, value, outer, ret_json)
                                            : convert_fields(converter, value, outer, ret_json);
    case V_LAMBDA:
        return convert_function(converter, value, outer, ret_json);
    default:
        break;
    }
    if (!alternative_of(converter, value, &name, &content)) {
        return convert_other(converter, value, outer, ret_json);
    }
    *ret_json = json_of_text(JSON_STRING, name);
    return content == NULL ? OK : convert(converter, content, outer, ret_json);
}

/* A copy without what is to be omitted; an array or object that is empty then may become null. */
static struct json_value omit(struct arena *arena, const struct json_value *value, bool empty_too)
{
    struct json_value result = *value;
    if (value->kind != JSON_ARRAY && value->kind != JSON_OBJECT) {
        return result;
    }
    struct json_value *items = ARENA_NEW(arena, struct json_value, value->count);
    result.count = 0;
    for (size_t i = 0; i < value->count; i++) {
        struct json_value item = omit(arena, &value->items[i], empty_too);
        item.key = value->items[i].key;
        if (item.kind != JSON_NULL || (value->kind == JSON_ARRAY && !empty_too)) {
            items[result.count++] = item;
        }
    }
    result.items = items;
    return result.count == 0 && empty_too ? (struct json_value){.kind = JSON_NULL} : result;
}

struct json_task {
    struct converter converter;
    struct dhall_value *value;
    struct json_value json;
    enum err err;
};

static void json_run(struct dhall *dhall, void *argument)
{
    (void)dhall;
    struct json_task *task = argument;
    task->err = convert(&task->converter, task->value, NULL, &task->json);
}

enum err dhall_to_json(struct dhall *dhall, const struct dhall_value *value,
    const struct dhall_json_options *options, struct arena *arena, struct json_value *ret_json,
    struct diags *diags)
{
    struct json_task task = {
        .converter = {.dhall = dhall, .arena = arena, .diags = diags, .options = *options},
        .value = (struct dhall_value *)(uintptr_t)value,
    };
    enum err err = dhall_run(dhall, json_run, &task, diags);
    err = err != OK ? err : task.err;
    if (err != OK) {
        return err;
    }
    *ret_json = options->omit == DHALL_JSON_OMIT_NONE
                    ? task.json
                    : omit(arena, &task.json, options->omit == DHALL_JSON_OMIT_EMPTY);
    return OK;
}
