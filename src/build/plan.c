/* src/build/plan.c */
#include "build/plan.h"
#include "build/record.h"
#include <stdlib.h>

static int action_cmp(const void *a, const void *b)
{
    const struct log_action *left = a, *right = b;
    int cmp = str_cmp(left->label, right->label);
    return cmp != 0 ? cmp : str_cmp(left->what, right->what);
}

enum err build_plan(struct engine *engine, const char *const *patterns, size_t count,
    struct arena *arena, struct log_build *ret_plan, struct diags *diags)
{
    struct goal goal = {0};
    enum err err = build_patterns_read(engine, patterns, count, arena, &goal.patterns, diags);
    if (err != OK) {
        return err;
    }
    engine->options.keep_going = true;
    struct dice_want want = {
        .kind = KEY_GOAL, .arg = goal_key(&engine->options, goal.patterns, arena)};
    struct dice_request request = {
        .wants = &want, .count = 1, .keep_going = true, .describe = build_key_describe};
    const struct diag *before = diags->newest;
    err = dice_run(engine->dice, &request, diags);
    progress_clear(engine);
    if (before != diags->newest) { /* what only would run fails without a story */
        return err == OK ? ERR_INVALID : err;
    }
    AUTO_BUF record = {0};
    record_bytes(engine, &goal, true, &record);
    if (log_build_decode(arena_str(arena, buf_str(&record)), arena, ret_plan) != OK) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE, "the plan is damaged");
    }
    if (ret_plan->action_count > 0) {
        qsort(ret_plan->actions, ret_plan->action_count, sizeof *ret_plan->actions, action_cmp);
    }
    return OK;
}
