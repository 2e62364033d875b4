/* src/dhall/list.c: lists as arrays: flattened when they are looked into, built from the right. */
#include "dhall/eval.h"
#include <assert.h>

enum {
    PLACES_LEAST = 2, /* of a room */
};

/* Copies the items of a list literal to out; goes down the longer side without recursion. */
static void list_copy(struct dhall *dhall, struct dhall_value *list, struct dhall_value **out)
{
    dhall_step(dhall);
    struct dhall_value **end = out + list->a;
    while (list->kind == V_LIST_APPEND) {
        struct dhall_value *left = list->left, *right = list->right;
        if (left->a >= right->a) {
            end -= right->a;
            list_copy(dhall, right, end);
            list = left;
        } else {
            list_copy(dhall, left, out);
            out += left->a;
            list = right;
        }
    }
    memcpy(out, list->items, list->a * sizeof(void *));
}

struct dhall_value *dhall_list_flatten(struct dhall *dhall, struct dhall_value *list)
{
    if (list->kind != V_LIST_APPEND) {
        return list;
    }
    dhall_room(dhall, list->a * sizeof(void *));
    struct dhall_value **items = arena_alloc(&dhall->arena, list->a * sizeof(void *));
    list_copy(dhall, list, items);
    list->kind = V_LIST;
    list->items = items;
    return list;
}

/* A room with count items at its end, and as many places or more in front of them. */
static struct dhall_room *room_new(
    struct dhall *dhall, struct dhall_value *const *items, size_t count)
{
    size_t free = count < PLACES_LEAST ? PLACES_LEAST : count;
    dhall_room(dhall, (free + count) * sizeof *items);
    struct dhall_value **begin = arena_alloc(&dhall->arena, (free + count) * sizeof *items);
    if (count > 0) {
        memcpy(begin + free, items, count * sizeof *items);
    }
    struct dhall_room *room = arena_alloc(&dhall->arena, sizeof *room);
    *room = (struct dhall_room){.begin = begin, .first = begin + free};
    return room;
}

/* The room of list with a free place in front of its items, or NULL. Each is copied to a bigger one
 * once, by the list that has all of it: so a list of n items costs what its items cost, and one
 * list that many others begin before costs no more. */
static struct dhall_room *room_of(struct dhall *dhall, const struct dhall_value *list)
{
    if (list->kind == V_LIST_EMPTY) {
        return room_new(dhall, NULL, 0);
    }
    struct dhall_room *room = list->kind == V_LIST ? list->room : NULL;
    if (room == NULL) {
        return list->kind == V_LIST && list->a == 1 ? room_new(dhall, list->items, 1) : NULL;
    }
    if (room->first != list->items || room->first != room->begin) {
        return room->first == list->items ? room : NULL;
    }
    room->first = NULL;
    return room_new(dhall, list->items, list->a);
}

struct dhall_value *dhall_list_grow(
    struct dhall *dhall, struct dhall_value *first, const struct dhall_value *list)
{
    uint32_t count = list->kind == V_LIST ? list->a : 0;
    struct dhall_room *room = count == UINT32_MAX ? NULL : room_of(dhall, list);
    if (room == NULL) {
        return NULL;
    }
    *--room->first = first;
    uint16_t bound = list->kind == V_LIST ? list->bound : 0;
    struct dhall_value *longer =
        dhall_value_new(dhall, V_LIST, dhall_bound_max(first->bound, bound));
    longer->a = count + 1;
    longer->items = room->first;
    longer->room = room;
    return longer;
}

struct dhall_value *dhall_cons(
    struct dhall *dhall, struct dhall_value *first, struct dhall_value *list)
{
    list = dhall_force(dhall, list);
    struct dhall_value *longer = dhall_list_grow(dhall, first, list);
    if (longer != NULL) {
        return longer;
    }
    struct dhall_value **items = arena_alloc(&dhall->arena, sizeof *items);
    items[0] = first;
    return dhall_operate(dhall, DHALL_LIST_APPEND, dhall_list_value(dhall, items, 1), list);
}
