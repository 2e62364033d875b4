/* src/dhall/inspect.c */
#include "dhall/inspect.h"
#include "dhall/infer_context.h"

enum {
    TYPE_BYTES_MAX = 16 * 1024,
    DETAIL_BYTES_MAX = 160,
};
struct inspector {
    struct dhall_watch watch;
    struct str name;
    uint32_t begin, end;
    struct arena *arena;
    struct dhall_inspection *inspection;
};

static void members_set(struct arena *arena, struct context *context,
    const struct dhall_value *value, enum dhall_member_kind kind, struct dhall_member **ret_members,
    size_t *ret_count)
{
    size_t count = value->shape->count;
    struct dhall_member *members = ARENA_NEW(arena, struct dhall_member, count);
    for (size_t i = 0; i < count; i++) {
        struct str name = dhall_label_name(&context->dhall->labels, value->shape->labels[i]);
        members[i].kind = kind;
        members[i].name = arena_str(arena, name);
        if (value->items[i] != NULL) {
            struct str detail = context_show(context, value->items[i], DETAIL_BYTES_MAX);
            members[i].detail = arena_str(arena, detail);
        }
    }
    *ret_members = members;
    *ret_count = count;
}

/* Has a record type a field `Type` that is a type? Then its record may be a schema. */
static bool may_be_schema(const struct context *context, const struct dhall_value *type)
{
    return type->kind == V_RECORD_TYPE &&
           dhall_shape_find(type->shape, context->dhall->label_type) != UINT32_MAX;
}

static void inspect_look(
    struct dhall_watch *watch, struct context *context, dhall_term term, struct dhall_value *type)
{
    struct dhall *dhall = context->dhall;
    const struct inspector *inspector = (const struct inspector *)watch;
    struct span span = dhall_span_of(&context->code->terms, term);
    if (span.begin != inspector->begin || span.end != inspector->end ||
        !str_eq(sources_name(dhall->sources, span.source), inspector->name)) {
        return;
    }
    struct dhall_inspection *inspection = inspector->inspection;
    inspection->seen = true;
    inspection->type = arena_str(inspector->arena, context_show(context, type, TYPE_BYTES_MAX));
    inspection->brief = arena_str(inspector->arena, context_brief(context, type));
    if (type->kind == V_RECORD_TYPE) {
        members_set(inspector->arena, context, type, DHALL_MEMBER_FIELD, &inspection->members,
            &inspection->member_count);
    }
    if (may_be_schema(context, type)) {
        struct dhall_value *record = dhall_force(dhall, context_eval(context, term));
        struct dhall_value *schema =
            dhall_force(dhall, dhall_select(dhall, record, dhall->label_type));
        if (schema->kind == V_RECORD_TYPE) {
            members_set(inspector->arena, context, schema, DHALL_MEMBER_FIELD, &inspection->fields,
                &inspection->field_count);
        }
    }
    if (universe_is(type) != UNIVERSE_NONE) {
        const struct dhall_value *value = dhall_force(dhall, context_eval(context, term));
        if (value->kind == V_UNION) {
            members_set(inspector->arena, context, value, DHALL_MEMBER_ALTERNATIVE,
                &inspection->members, &inspection->member_count);
        }
    }
}

enum err dhall_inspect(struct dhall *dhall, struct str name, struct str dir, struct str text,
    uint32_t begin, uint32_t end, struct arena *arena, struct dhall_inspection *ret_inspection,
    struct diags *diags)
{
    struct inspector inspector = {.watch = {.look = inspect_look, .goes_on = true},
        .name = name,
        .begin = begin,
        .end = end,
        .arena = arena,
        .inspection = ret_inspection};
    struct dhall_loaded loaded;
    *ret_inspection = (struct dhall_inspection){.seen = false};
    dhall->watch = &inspector.watch;
    enum err err = dhall_load_text(dhall, name, dir, text, &loaded, diags);
    dhall->watch = NULL;
    return err;
}

static void nothing_look(
    struct dhall_watch *watch, struct context *context, dhall_term term, struct dhall_value *type)
{
    (void)watch, (void)context, (void)term, (void)type;
}

enum err dhall_check(
    struct dhall *dhall, struct str name, struct str dir, struct str text, struct diags *diags)
{
    struct dhall_watch watch = {.look = nothing_look, .goes_on = true};
    struct dhall_loaded loaded;
    dhall->watch = &watch;
    enum err err = dhall_load_text(dhall, name, dir, text, &loaded, diags);
    dhall->watch = NULL;
    return err;
}
