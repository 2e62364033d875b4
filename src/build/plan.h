/* src/build/plan.h: what a build would do now, without doing it. */
#ifndef BUILD_PLAN_H
#define BUILD_PLAN_H
#include "build/build.h"
#include "build/log.h"

/* For an engine that was opened with dry_run, once. The plan's actions are those that would run
 * (LOG_WOULD), that would be found in the action cache (LOG_CACHED), and that read what one of the
 * first would make (LOG_WAITS), by label and number; all others are up to date. Nothing is written
 * but trees of toolchains into the store. ERR_INVALID with the story of what is wrong. */
enum err build_plan(struct engine *engine, const char *const *patterns, size_t count,
    struct arena *arena, struct log_build *ret_plan, struct diags *diags);
/* All actions of the targets (labels with their configurations), expanded: what log_action has but
 * for how it ended, digests of inputs, and producers. */
enum err build_actions(struct engine *engine, const struct label *labels, size_t count,
    struct arena *arena, struct log_action **ret_actions, size_t *ret_count, struct diags *diags);
/* The targets of the default configuration that the patterns name, decoded, in arena.
 * ERR_INVALID with the story: a pattern is wrong, or names nothing. */
enum err build_targets_named(struct engine *engine, const char *const *patterns, size_t count,
    struct arena *arena, struct target **ret_targets, size_t *ret_count, struct diags *diags);
#endif
