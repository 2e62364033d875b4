/* src/build/log_compare.c: two records of one action, side by side. */
#include "build/log.h"

struct reasons {
    struct arena *arena;
    struct str *at;
    size_t count, cap;
};

static void reason_add(struct reasons *reasons, struct str text)
{
    if (reasons->count == reasons->cap) {
        size_t cap = reasons->cap == 0 ? 16 : reasons->cap * 2;
        struct str *grown = ARENA_NEW(reasons->arena, struct str, cap);
        if (reasons->count > 0) {
            memcpy(grown, reasons->at, reasons->count * sizeof *grown);
        }
        reasons->at = grown;
        reasons->cap = cap;
    }
    reasons->at[reasons->count++] = text;
}

/* Both are sorted by path. */
static void inputs_compare(
    struct reasons *reasons, const struct log_action *then, const struct log_action *now)
{
    size_t i = 0, j = 0;
    while (i < then->input_count || j < now->input_count) {
        int cmp = i == then->input_count  ? 1
                  : j == now->input_count ? -1
                                          : str_cmp(then->inputs[i].path, now->inputs[j].path);
        if (cmp < 0) {
            reason_add(reasons, arena_printf(reasons->arena, "%.*s is not an input any more",
                                    STR_ARG(then->inputs[i].path)));
        } else if (cmp > 0) {
            reason_add(reasons,
                arena_printf(reasons->arena, "%.*s is a new input", STR_ARG(now->inputs[j].path)));
        } else if (!str_eq(then->inputs[i].digest, now->inputs[j].digest)) {
            reason_add(reasons,
                arena_printf(reasons->arena, "%.*s changed", STR_ARG(now->inputs[j].path)));
        } else if (then->inputs[i].kind != now->inputs[j].kind) {
            reason_add(
                reasons, arena_printf(reasons->arena, "%.*s %s", STR_ARG(now->inputs[j].path),
                             now->inputs[j].kind == TREE_EXECUTABLE ? "became executable"
                             : now->inputs[j].kind == TREE_FILE     ? "is not executable any more"
                                                                    : "is of another kind"));
        }
        i += cmp <= 0;
        j += cmp >= 0;
    }
}

/* Which words of one list are not in the other? */
static size_t words_missing(struct reasons *reasons, struct strs words, struct strs others,
    const char *what, const char *verb)
{
    struct table counts = {0};
    size_t before = reasons->count;
    for (size_t i = 0; i < others.count; i++) {
        (void)table_add(&counts, NULL, others.at[i]);
    }
    for (size_t i = 0; i < words.count; i++) {
        if (table_get(&counts, words.at[i]) == TABLE_NONE) {
            reason_add(reasons,
                arena_printf(reasons->arena, "%s %.*s %s", what, STR_ARG(words.at[i]), verb));
        }
    }
    table_release(&counts);
    return reasons->count - before;
}

static void words_compare(
    struct reasons *reasons, struct strs then, struct strs now, const char *what)
{
    size_t differ = words_missing(reasons, now, then, what, "is new");
    differ += words_missing(reasons, then, now, what, "is gone");
    bool same = then.count == now.count;
    for (size_t i = 0; same && i < now.count; i++) {
        same = str_eq(then.at[i], now.at[i]);
    }
    if (differ == 0 && !same) {
        reason_add(
            reasons, arena_printf(reasons->arena, "each %s is there, in another order", what));
    }
}

/* "/place digest" */
static void trees_compare(struct reasons *reasons, struct strs then, struct strs now)
{
    for (size_t i = 0; i < now.count || i < then.count; i++) {
        struct str old = i < then.count ? then.at[i] : STR("");
        struct str new = i < now.count ? now.at[i] : STR("");
        if (str_eq(old, new)) {
            continue;
        }
        struct str place = new.len > 0 ? new : old;
        place = str_sub(place, 0, str_find(place, ' '));
        old = str_sub(old, str_find(old, ' ') + 1, old.len);
        new = str_sub(new, str_find(new, ' ') + 1, new.len);
        reason_add(reasons,
            arena_printf(reasons->arena, "the toolchain or library tree at %.*s is %.*s, was %.*s",
                STR_ARG(place), STR_ARG(new.len > 0 ? new : STR("none")),
                STR_ARG(old.len > 0 ? old : STR("none"))));
    }
}

struct strs log_action_compare(
    const struct log_action *then, const struct log_action *now, struct arena *arena)
{
    struct reasons reasons = {.arena = arena};
    inputs_compare(&reasons, then, now);
    words_compare(&reasons, then->argv, now->argv, "argument");
    words_compare(&reasons, then->env, now->env, "environment variable");
    words_compare(&reasons, then->outputs, now->outputs, "output");
    trees_compare(&reasons, then->trees, now->trees);
    if (reasons.count == 0 && !str_eq(then->digest, now->digest)) {
        reason_add(&reasons, STR("what it requires of the machine changed"));
    }
    return (struct strs){.at = reasons.at, .count = reasons.count};
}
