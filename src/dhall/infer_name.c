/* src/dhall/infer_name.c: what a type is called where a message is: a variable, or a field of one.
 *
 * First what is this very type is looked for, then what is equal to it; the shortest name first, of
 * those the innermost variable. Only what may be a type is looked at: a variable's type says what
 * it holds. */
#include "dhall/import.h"
#include "dhall/infer_context.h"
#include "dhall/print.h"

enum {
    NAME_DEPTH_MAX = 4,    /* C.Library.Type has 3 */
    NAME_LOOKS_MAX = 4096, /* types that are looked at for one name */
};

struct search {
    struct context *context;
    struct dhall_value *wanted;
    bool exact;
    unsigned looks, depth_max;
    struct buf path;
};

static bool same_parts(const struct dhall_value *a, const struct dhall_value *b)
{
    return a == b || (a->kind == V_PI ? a->domain == b->domain && a->codomain == b->codomain
                                      : a->shape == b->shape && a->items == b->items);
}

static bool is_wanted(const struct search *search, struct dhall_value *type)
{
    struct context *context = search->context;
    type = dhall_force(context->dhall, type);
    if (type->kind != search->wanted->kind) {
        return false;
    }
    if (same_parts(type, search->wanted)) {
        return true;
    }
    return !search->exact && type->kind != V_PI &&
           type->shape->count == search->wanted->shape->count &&
           context_conv(context, type, search->wanted);
}

/* Does value, which has this type, hold what is wanted? Then its path is behind search->path. */
static bool search_value(
    struct search *search, struct dhall_value *value, struct dhall_value *type, unsigned depth)
{
    struct dhall *dhall = search->context->dhall;
    type = dhall_force(dhall, type);
    if (search->looks++ > NAME_LOOKS_MAX || depth > search->depth_max) {
        return false;
    }
    if (universe_is(type) != UNIVERSE_NONE) {
        return is_wanted(search, value);
    }
    if (type->kind != V_RECORD_TYPE) {
        return false;
    }
    size_t len = search->path.len;
    for (uint32_t i = 0; i < type->shape->count; i++) {
        struct dhall_value *inner = dhall_force(dhall, type->items[i]);
        if (universe_is(inner) == UNIVERSE_NONE && inner->kind != V_RECORD_TYPE) {
            continue;
        }
        dhall_label label = type->shape->labels[i];
        buf_add_byte(&search->path, '.');
        dhall_print_label(dhall_label_name(&dhall->labels, label), false, &search->path);
        if (search_value(search, dhall_select(dhall, value, label), inner, depth + 1)) {
            return true;
        }
        search->path.len = len;
    }
    return false;
}

static bool is_shadowed(const struct context *context, uint32_t at)
{
    for (uint32_t i = at + 1; i < context->bindings_len; i++) {
        if (context->bindings[i].label == context->bindings[at].label) {
            return true;
        }
    }
    return false;
}

static bool search_bindings(struct search *search)
{
    struct context *context = search->context;
    const struct dhall_env *env = context->env;
    for (uint32_t i = context->bindings_len; i > 0; i--, env = env->parent) {
        const struct binding *binding = &context->bindings[i - 1];
        if (binding->type == NULL || is_shadowed(context, i - 1)) {
            continue;
        }
        search->path.len = 0;
        dhall_print_label(
            dhall_label_name(&context->dhall->labels, binding->label), true, &search->path);
        if (search_value(search, env->value, binding->type, 1)) {
            return true;
        }
    }
    return false;
}

struct str context_type_name(struct context *context, struct dhall_value *type)
{
    struct search search = {.context = context, .wanted = dhall_force(context->dhall, type)};
    uint8_t kind = search.wanted->kind;
    struct str name = STR("");
    if (kind != V_PI && (kind != V_RECORD_TYPE || search.wanted->shape->count == 0) &&
        (kind != V_UNION || search.wanted->shape->count == 0)) {
        return name; /* Natural needs none */
    }
    bool found = false;
    for (unsigned i = 0; i < 2 * NAME_DEPTH_MAX && !found; i++) { /* the shortest name first */
        search.exact = i < NAME_DEPTH_MAX;
        search.depth_max = i % NAME_DEPTH_MAX + 1;
        search.looks = 0;
        found = search_bindings(&search);
    }
    if (found) {
        name = arena_str(&context->dhall->arena, buf_str(&search.path));
    }
    buf_release(&search.path);
    return name;
}
