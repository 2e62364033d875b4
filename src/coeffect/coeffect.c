/* src/coeffect/coeffect.c */
#include "coeffect/coeffect.h"
#include <stdlib.h>

static int resource_cmp(const struct resource *a, const struct resource *b)
{
    return a->kind != b->kind ? (a->kind > b->kind) - (a->kind < b->kind)
                              : str_cmp(a->name, b->name);
}

static int resource_order(const void *a, const void *b)
{
    return resource_cmp(a, b);
}

struct grade grade_of(const struct resource *resources, size_t count, struct arena *arena)
{
    struct resource *at = ARENA_NEW(arena, struct resource, count);
    if (count > 0) {
        memcpy(at, resources, count * sizeof *at);
        qsort(at, count, sizeof *at, resource_order);
    }
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        if (len == 0 || resource_cmp(&at[len - 1], &at[i]) != 0) {
            at[len++] = at[i];
        }
    }
    return (struct grade){.at = at, .count = len};
}

struct grade grade_tensor(struct grade a, struct grade b, struct arena *arena)
{
    struct resource *at = ARENA_NEW(arena, struct resource, a.count + b.count);
    size_t i = 0, j = 0, len = 0;
    while (i < a.count || j < b.count) {
        int cmp = 0;
        if (i == a.count || j == b.count) {
            cmp = i == a.count ? 1 : -1;
        } else {
            cmp = resource_cmp(&a.at[i], &b.at[j]);
        }
        at[len++] = cmp <= 0 ? a.at[i] : b.at[j];
        i += cmp <= 0 ? 1 : 0;
        j += cmp >= 0 ? 1 : 0;
    }
    return (struct grade){.at = at, .count = len};
}

bool grade_eq(struct grade a, struct grade b)
{
    return a.count == b.count && grade_within(a, b, NULL);
}

bool grade_within(struct grade required, struct grade granted, struct resource *ret_missing)
{
    size_t j = 0;
    for (size_t i = 0; i < required.count; i++) {
        while (j < granted.count && resource_cmp(&granted.at[j], &required.at[i]) < 0) {
            j++;
        }
        if (j == granted.count || resource_cmp(&granted.at[j], &required.at[i]) != 0) {
            if (ret_missing != NULL) {
                *ret_missing = required.at[i];
            }
            return false;
        }
    }
    return true;
}

const char *resource_kind_name(enum resource_kind kind)
{
    static const char *const names[RESOURCE_KIND_COUNT] = {
        "Auth", "Filesystem", "Network", "Sandbox"};
    return names[kind];
}

struct str resource_format(struct resource resource, struct arena *arena)
{
    if (resource.kind == RESOURCE_NETWORK) {
        return STR("Network");
    }
    return arena_printf(
        arena, "%s \"%.*s\"", resource_kind_name(resource.kind), STR_ARG(resource.name));
}

struct grade_property *grade_properties(struct grade grade, struct arena *arena)
{
    static const char *const names[RESOURCE_KIND_COUNT] = {
        "straylight-auth", "straylight-filesystem", "straylight-network", "straylight-sandbox"};
    struct grade_property *at = ARENA_NEW(arena, struct grade_property, grade.count);
    for (size_t i = 0; i < grade.count; i++) {
        at[i].name = str_of(names[grade.at[i].kind]);
        at[i].value = grade.at[i].name;
    }
    return at;
}
