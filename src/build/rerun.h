/* src/build/rerun.h: one action again, alone in its sandbox.
 *
 *   //a:b#x.c   as it would run now (rerun_find)   \
 *   a digest    as a build of the log did it       / struct log_action
 *     -> its trees, with a shell of this machine beside (rerun_tools), are /
 *     -> its inputs are below /build, its environment is what it was, to the byte
 *     -> rerun_run: its own argv, or another one */
#ifndef BUILD_RERUN_H
#define BUILD_RERUN_H
#include "build/build.h"
#include "build/log.h"
#include "build/probe.h"
#include "exec/exec.h"

#define RERUN_FOLDER ".straylight" /* below /: what the action does not see when it is built */
enum {
    RERUN_DIGEST_DIGITS_MIN = 8, /* of a digest that is cut off */
};
/* Builds what the action reads, and says what it would see now, in arena. text: a pattern that
 * names one action. ERR_INVALID with the story. */
enum err rerun_find(struct engine *engine, const char *text, struct arena *arena,
    struct log_action *ret_action, struct diags *diags);
/* Is it a digest (cut off, perhaps), and no label? */
bool rerun_is_digest(struct str text);
/* The newest one in builds whose digest (of its REAPI Action) begins with these hexadecimal digits.
 * ERR_ABSENT without a diag. */
enum err rerun_find_digest(const struct log_build *builds, size_t count, struct str digits,
    const struct log_action **ret_action);

/* What comes beside the action's own trees. */
struct rerun_tools {
    struct digest tree;
    const char *shell;    /* absolute, in the sandbox; NULL: there is none */
    const char *terminal; /* the same, for a person; shell if there is no better one */
    bool is_busybox;      /* it wants "sh" as its first argument */
    size_t added_count;   /* files that the action does not see */
};
/* A shell and the small programs that go with it, those of this machine that can be found; where
 * the action's trees have a file of that name, that one is there. And RERUN_FOLDER/action, a script
 * that runs the action's command. tools: a tree to take them from instead, or NULL. */
enum err rerun_tools_find(struct store *store, const struct log_action *action,
    const struct probe *probe, const struct digest *tools, struct rerun_tools *ret_tools);

struct rerun {
    const struct log_action *action;
    const struct digest *tools; /* NULL: the action's own trees and nothing else */
    struct strs argv;           /* count 0: the action's */
};
/* As exec_run. */
enum err rerun_run(struct exec *exec, struct store *store, const struct rerun *rerun,
    struct arena *arena, struct exec_result *ret_result, struct diags *diags);
#endif
