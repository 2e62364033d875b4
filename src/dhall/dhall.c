/* src/dhall/dhall.c: what those who embed the language call: loading, and reading values. */
#include "dhall/dhall.h"
#include "dhall/encode.h"
#include "dhall/eval.h"
#include "dhall/import.h"
#include "dhall/infer.h"
#include "dhall/print.h"
#include <assert.h>
#include <stdlib.h>

/* The API gives values out as const; the session still forces them behind it. */
static struct dhall_value *value_of(const struct dhall_value *value)
{
    return (struct dhall_value *)(uintptr_t)value;
}

struct load_task {
    struct dhall_import_entry *entry;
    bool is_text;
    struct str text;
    uint32_t source;
    struct diags *diags;
    enum err err;
};

static void load_run(struct dhall *dhall, void *argument)
{
    struct load_task *task = argument;
    if (!task->is_text) {
        task->err = dhall_import_load(dhall, task->entry, SPAN_NONE, task->diags);
        return;
    }
    task->err = dhall_import_text(dhall, task->entry, task->source, task->text, task->diags);
    if (task->err == OK) {
        task->entry->state = IMPORT_DONE;
    }
}

/* Names of all that entry reads, transitively; the first is entry itself. */
static void reads_gather(
    struct dhall *dhall, struct dhall_import_entry *entry, struct dhall_loaded *ret_loaded)
{
    struct dhall_import_entry **list =
        ARENA_NEW(&dhall->arena, struct dhall_import_entry *, (size_t)dhall->imports_len + 1);
    size_t count = 1;
    list[0] = entry;
    entry->is_listed = true;
    for (size_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < list[i]->reads_len; j++) {
            struct dhall_import_entry *child = list[i]->reads[j];
            if (!child->is_listed && !child->is_cached) {
                child->is_listed = true;
                list[count++] = child;
            }
        }
    }
    struct str *names = ARENA_NEW(&dhall->arena, struct str, count);
    for (size_t i = 0; i < count; i++) {
        list[i]->is_listed = false;
        names[i] = list[i]->name;
    }
    ret_loaded->imports = names;
    ret_loaded->import_count = count;
}

/* ERR_ABSENT as it is. */
static enum err load(struct dhall *dhall, struct load_task *task)
{
    if (task->entry->state == IMPORT_DONE) {
        return OK;
    }
    enum err err = dhall_run(dhall, load_run, task, task->diags);
    err = err != OK ? err : task->err;
    dhall_stack_trim(dhall);
    for (uint32_t i = 0; i < dhall->imports_len && err != OK; i++) {
        if (dhall->imports[i]->state == IMPORT_OPEN) {
            dhall->imports[i]->state = IMPORT_NEW; /* a bound was passed: to be tried again */
        }
    }
    return err;
}

static enum err load_tell(
    struct dhall *dhall, struct load_task *task, struct dhall_loaded *ret_loaded)
{
    enum err err = load(dhall, task);
    if (err == OK) {
        ret_loaded->value = task->entry->value;
        ret_loaded->type = task->entry->type;
        reads_gather(dhall, task->entry, ret_loaded);
    }
    return err == ERR_ABSENT ? ERR_INVALID : err;
}

struct dhall_import_entry *dhall_import_file(struct dhall *dhall, struct str name)
{
    struct dhall_import self = dhall_import_of_name(dhall, name);
    struct str canonical = dhall_import_name(dhall, &self);
    AUTO_BUF key = {0};
    buf_add_byte(&key, '0' + (uint8_t)DHALL_AS_CODE);
    buf_add(&key, canonical);
    struct dhall_import_entry *entry = dhall_import_entry_of(dhall, buf_str(&key));
    if (entry->state == IMPORT_NEW) {
        entry->self = self;
        entry->name = canonical;
    }
    return entry;
}

enum err dhall_load_import(struct dhall *dhall, struct str name, struct diags *diags)
{
    struct load_task task = {.entry = dhall_import_file(dhall, name), .diags = diags};
    return load(dhall, &task);
}

enum err dhall_load(
    struct dhall *dhall, struct str name, struct dhall_loaded *ret_loaded, struct diags *diags)
{
    struct load_task task = {.entry = dhall_import_file(dhall, name), .diags = diags};
    return load_tell(dhall, &task, ret_loaded);
}

enum err dhall_load_text(struct dhall *dhall, struct str name, struct str dir, struct str text,
    struct dhall_loaded *ret_loaded, struct diags *diags)
{
    struct dhall_import_entry *entry = ARENA_NEW(&dhall->arena, struct dhall_import_entry, 1);
    entry->self = dhall_import_of_file(dhall, name, dir);
    entry->name = arena_str(&dhall->arena, name);
    struct load_task task = {.entry = entry, .is_text = true, .text = text, .diags = diags};
    task.source = dhall->sources == NULL ? 0 : sources_add(dhall->sources, name, text);
    enum err err = load_tell(dhall, &task, ret_loaded);
    free(entry->reads);
    entry->reads = NULL;
    return err;
}

struct value_task {
    struct dhall_value *value, *other;
    struct dhall_value *result;
    struct str text;
    uint8_t *hash;
    bool answer;
    size_t bytes_max;
};

static void force_run(struct dhall *dhall, void *argument)
{
    struct value_task *task = argument;
    struct dhall_value *value = dhall_force(dhall, task->value);
    value = dhall_text_flatten(dhall, value);
    task->result = dhall_list_flatten(dhall, value);
}

/* The forced value, or NULL if a bound was passed (dhall_error tells). */
static struct dhall_value *forced(struct dhall *dhall, const struct dhall_value *value)
{
    while (value->kind == V_LINK) {
        value = value->one;
    }
    if (value->kind > V_LINK && value->kind != V_TEXT_APPEND && value->kind != V_LIST_APPEND) {
        return value_of(value);
    }
    struct value_task task = {.value = value_of(value)};
    struct diags diags;
    diags_init(&diags, &dhall->arena, dhall->sources);
    enum err err = dhall_run_light(dhall, force_run, &task)
                       ? dhall_stop_report(dhall, &diags)
                       : dhall_run(dhall, force_run, &task, &diags);
    if (err != OK) {
        dhall->error = diags;
        return NULL;
    }
    return task.result;
}

const struct diags *dhall_error(const struct dhall *dhall)
{
    return &dhall->error;
}

enum dhall_value_kind dhall_value_kind_of(struct dhall *dhall, const struct dhall_value *value)
{
    value = forced(dhall, value);
    if (value == NULL) {
        return DHALL_VALUE_OTHER;
    }
    switch ((enum dhall_v)value->kind) {
    case V_BOOL:
        return DHALL_VALUE_BOOL;
    case V_NATURAL:
        return DHALL_VALUE_NATURAL;
    case V_INTEGER:
        return DHALL_VALUE_INTEGER;
    case V_DOUBLE:
        return DHALL_VALUE_DOUBLE;
    case V_TEXT:
        return DHALL_VALUE_TEXT;
    case V_LIST:
    case V_LIST_EMPTY:
        return DHALL_VALUE_LIST;
    case V_SOME:
        return DHALL_VALUE_OPTIONAL;
    case V_RECORD:
        return DHALL_VALUE_RECORD;
    case V_CONSTRUCTOR:
        return value->flag == CONSTRUCTOR_FUNCTION ? DHALL_VALUE_FUNCTION : DHALL_VALUE_UNION;
    case V_LAMBDA:
        return DHALL_VALUE_FUNCTION;
    case V_PI:
    case V_RECORD_TYPE:
    case V_UNION:
        return DHALL_VALUE_TYPE;
    default:
        break;
    }
    if (value->kind != V_BUILTIN) {
        return DHALL_VALUE_OTHER;
    }
    if (dhall_builtin_argument(value, DHALL_BUILTIN_NONE) != NULL) {
        return DHALL_VALUE_OPTIONAL;
    }
    struct str name = dhall_builtin_name((enum dhall_builtin)value->flag);
    bool is_function = str_find(name, '/') != name.len || value->flag == DHALL_BUILTIN_NONE ||
                       (value->a == 0 && (value->flag == DHALL_BUILTIN_LIST_TYPE ||
                                             value->flag == DHALL_BUILTIN_OPTIONAL_TYPE));
    return is_function ? DHALL_VALUE_FUNCTION : DHALL_VALUE_TYPE;
}

/* The forced value if it is of that kind; *ret_err says why it is NULL. */
static struct dhall_value *forced_as(
    struct dhall *dhall, const struct dhall_value *value, enum dhall_v kind, enum err *ret_err)
{
    struct dhall_value *result = forced(dhall, value);
    *ret_err = result == NULL ? ERR_LIMIT : result->kind == kind ? OK : ERR_INVALID;
    return *ret_err == OK ? result : NULL;
}

enum err dhall_value_bool(struct dhall *dhall, const struct dhall_value *value, bool *ret_bool)
{
    enum err err;
    const struct dhall_value *b = forced_as(dhall, value, V_BOOL, &err);
    if (err == OK) {
        *ret_bool = b->a != 0;
    }
    return err;
}

enum err dhall_value_natural(
    struct dhall *dhall, const struct dhall_value *value, uint64_t *ret_natural)
{
    enum err err;
    const struct dhall_value *natural = forced_as(dhall, value, V_NATURAL, &err);
    if (err == OK && natural->big != NULL) {
        return ERR_INVALID;
    }
    if (err == OK) {
        *ret_natural = natural->small;
    }
    return err;
}

enum err dhall_value_text(
    struct dhall *dhall, const struct dhall_value *value, struct str *ret_text)
{
    enum err err;
    const struct dhall_value *text = forced_as(dhall, value, V_TEXT, &err);
    if (err == OK) {
        *ret_text = text->text;
    }
    return err;
}

enum err dhall_value_bytes(
    struct dhall *dhall, const struct dhall_value *value, struct str *ret_bytes)
{
    enum err err;
    const struct dhall_value *bytes = forced_as(dhall, value, V_BYTES, &err);
    if (err == OK) {
        *ret_bytes = bytes->text;
    }
    return err;
}

enum err dhall_value_optional(
    struct dhall *dhall, const struct dhall_value *value, const struct dhall_value **ret_value)
{
    const struct dhall_value *optional = forced(dhall, value);
    if (optional == NULL) {
        return ERR_LIMIT;
    }
    if (optional->kind == V_SOME) {
        *ret_value = optional->one;
        return OK;
    }
    if (dhall_builtin_argument(optional, DHALL_BUILTIN_NONE) != NULL) {
        *ret_value = NULL;
        return OK;
    }
    return ERR_INVALID;
}

enum err dhall_value_list(struct dhall *dhall, const struct dhall_value *value,
    const struct dhall_value *const **ret_elements, size_t *ret_count)
{
    const struct dhall_value *list = forced(dhall, value);
    if (list == NULL) {
        return ERR_LIMIT;
    }
    if (list->kind == V_LIST) {
        *ret_elements = (const struct dhall_value *const *)list->items;
        *ret_count = list->a;
        return OK;
    }
    *ret_elements = NULL;
    *ret_count = 0;
    return list->kind == V_LIST_EMPTY ? OK : ERR_INVALID;
}

enum err dhall_value_field(struct dhall *dhall, const struct dhall_value *value, struct str name,
    const struct dhall_value **ret_field)
{
    enum err err;
    const struct dhall_value *record = forced_as(dhall, value, V_RECORD, &err);
    if (err != OK) {
        return err;
    }
    uint32_t label = table_get(&dhall->labels.table, name);
    uint32_t at = label == TABLE_NONE ? UINT32_MAX : dhall_shape_find(record->shape, label);
    if (at == UINT32_MAX) {
        return ERR_ABSENT;
    }
    *ret_field = record->items[at];
    return OK;
}

enum err dhall_value_record(struct dhall *dhall, const struct dhall_value *value,
    const struct dhall_field **ret_fields, size_t *ret_count)
{
    enum err err;
    const struct dhall_value *record = forced_as(dhall, value, V_RECORD, &err);
    if (err != OK) {
        return err;
    }
    struct dhall_field *fields = ARENA_NEW(&dhall->arena, struct dhall_field, record->shape->count);
    for (uint32_t i = 0; i < record->shape->count; i++) {
        fields[i].name = dhall_label_name(&dhall->labels, record->shape->labels[i]);
        fields[i].value = record->items[i];
    }
    *ret_fields = fields;
    *ret_count = record->shape->count;
    return OK;
}

enum err dhall_value_record_at(struct dhall *dhall, const struct dhall_value *value, size_t at,
    struct str *ret_name, const struct dhall_value **ret_field)
{
    enum err err;
    const struct dhall_value *record = forced_as(dhall, value, V_RECORD, &err);
    if (err == OK && at >= record->shape->count) {
        return ERR_ABSENT;
    }
    if (err == OK) {
        *ret_name = dhall_label_name(&dhall->labels, record->shape->labels[at]);
        *ret_field = record->items[at];
    }
    return err;
}

enum err dhall_value_union(struct dhall *dhall, const struct dhall_value *value,
    struct str *ret_name, const struct dhall_value **ret_payload)
{
    enum err err;
    const struct dhall_value *constructor = forced_as(dhall, value, V_CONSTRUCTOR, &err);
    if (err == OK && constructor->flag == CONSTRUCTOR_FUNCTION) {
        return ERR_INVALID;
    }
    if (err == OK) {
        *ret_name = dhall_label_name(&dhall->labels, constructor->a);
        *ret_payload = constructor->right;
    }
    return err;
}

static void apply_run(struct dhall *dhall, void *argument)
{
    struct value_task *task = argument;
    task->result = dhall_apply_value(dhall, task->value, task->other);
}

enum err dhall_apply(struct dhall *dhall, const struct dhall_value *function,
    const struct dhall_value *argument, const struct dhall_value **ret_value, struct diags *diags)
{
    struct value_task task = {.value = value_of(function), .other = value_of(argument)};
    enum err err = dhall_run(dhall, apply_run, &task, diags);
    if (err == OK) {
        *ret_value = task.result;
    }
    return err;
}

static void accepts_run(struct dhall *dhall, void *argument)
{
    struct value_task *task = argument;
    struct dhall_value *function = dhall_force(dhall, task->value);
    task->answer = function->kind == V_PI && dhall_conv(dhall, 0, function->domain, task->other);
}

bool dhall_type_accepts(struct dhall *dhall, const struct dhall_value *function_type,
    const struct dhall_value *argument_type)
{
    struct value_task task = {.value = value_of(function_type), .other = value_of(argument_type)};
    struct diags diags;
    diags_init(&diags, &dhall->arena, dhall->sources);
    return dhall_run(dhall, accepts_run, &task, &diags) == OK && task.answer;
}

struct str dhall_print_cut(
    struct dhall *dhall, const struct dhall_terms *terms, dhall_term term, size_t bytes_max)
{
    static const struct dhall_print_options options = {
        .layout = DHALL_PRINT_ONE_LINE, .ascii = true};
    AUTO_BUF text = {0};
    dhall_print(terms, term, &options, &text);
    struct str shown = buf_str(&text);
    if (shown.len <= bytes_max) {
        return arena_str(&dhall->arena, shown);
    }
    size_t len = bytes_max;
    while (len > 0 && ((unsigned char)shown.ptr[len] & 0xC0U) == 0x80U) {
        len--; /* not within a character */
    }
    return arena_printf(&dhall->arena, "%.*s...", (int)len, shown.ptr);
}

static void show_run(struct dhall *dhall, void *argument)
{
    struct value_task *task = argument;
    struct dhall_code *code = dhall_code_new(dhall);
    struct dhall_quote quote;
    dhall_quote_init(&quote, dhall, &code->terms, false);
    dhall_term term = dhall_quote(&quote, task->value);
    task->text = dhall_quote_within(&quote, term, DHALL_SHOWN_TERMS_MAX)
                     ? dhall_print_cut(dhall, &code->terms, term, task->bytes_max)
                     : STR("(too big to show)");
}

struct str dhall_value_show(
    struct dhall *dhall, const struct dhall_value *value, size_t bytes_max, struct arena *arena)
{
    struct value_task task = {.value = value_of(value), .bytes_max = bytes_max};
    struct diags diags;
    diags_init(&diags, &dhall->arena, dhall->sources);
    enum err err = dhall_run(dhall, show_run, &task, &diags);
    return arena_str(arena, err == OK ? task.text : STR("(too big to show)"));
}

static void hash_run(struct dhall *dhall, void *argument)
{
    struct value_task *task = argument;
    dhall_hash_value(dhall, task->value, task->hash);
}

enum err dhall_value_hash(struct dhall *dhall, const struct dhall_value *value,
    uint8_t ret_hash[static 32], struct diags *diags)
{
    struct value_task task = {.value = value_of(value), .hash = ret_hash};
    enum err err = dhall_run(dhall, hash_run, &task, diags);
    dhall_stack_trim(dhall);
    return err;
}
