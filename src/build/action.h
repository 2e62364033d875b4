/* src/build/action.h: one ACTION key being computed; private to build/.
 *
 *   action_compute (action.c)     inputs: FILEs and other ACTIONs -> tree entries
 *     -> action_key_make (key.c)  merged trees, input root, command -> digest
 *     -> action_do (perform.c)    action cache, or sources into the store -> exec -> action cache
 */
#ifndef BUILD_ACTION_H
#define BUILD_ACTION_H
#include "build/engine.h"
#include "build/log.h"
#include "build/memory.h"

/* The trees of an action, merged; shared by all actions that have the same ones. */
struct merged {
    struct digest root;
    const struct tree_entry *children; /* of the root */
    size_t child_count;
};
struct job {
    struct engine *engine;
    struct dice_task *task;
    struct diags *diags;
    struct arena *arena; /* until the end of the call */
    struct label label;
    size_t number;
    struct analysis *analysis;
    const struct action *action;
    bool is_test;
    bool is_trial;  /* KEY_TRIAL */
    bool is_forced; /* it runs so often as the options say, known or not */
    struct settings settings;
    struct expansion expansion;
    struct tree_entry *entries; /* one for each input, in their order */
    struct dice_want *wants;    /* the same: what each was made of */
    bool has_depfile;           /* the action was done, and left one: */
    struct digest depfile;
    struct merged merged;
    struct digest key;
    bool ran; /* its program was started */
    struct outcome outcome;
    struct exec_result failure; /* the last one of a test */
    uint64_t start_us, lane;    /* for the log (build/record.c), as what follows */
    uint64_t user_us, system_us, rss_max_bytes;
    struct memory_turn turn;
    char token;
    bool entered;          /* it has both */
    uint64_t memory_bytes; /* that was kept free for it */
    uint64_t waited_us;    /* for that */
    enum log_check check;  /* of KEY_CHECK: what was found */
};
/* Of label and number: the action, its expansion, entries, trees and key; what it reads is made. */
enum dice_status action_prepare(struct job *job);
/* All that it reads is in the store, and whole. */
enum err action_inputs_ready(struct job *job);
/* Label and what it does, for people and for what is remembered of it. In the job's arena. */
struct str action_name(struct job *job);
/* The variables that the action sets itself. In arena. */
const struct exec_env *action_env(const struct action *action, struct arena *arena);
/* job->merged and job->key, out of all that is before them. */
enum err action_key_make(struct job *job);
/* err (ERR_ABSENT, ERR_CORRUPT) came of the job's trees: says which is not whole, and what to do.
 */
enum err trees_missing(struct job *job, enum err err);
/* job->outcome, from the cache or by running it. DICE_PENDING: cancelled. */
enum dice_status action_do(struct job *job);
/* Waits until there is room for it. False: the build ends. */
bool action_enter(struct job *job);
/* All of it is over; nothing if it did not enter. */
void action_leave(struct job *job);
/* It ran: what it took. */
void action_measure(struct job *job, const struct exec_result *result);
/* Runs it: once, or as a test is to be run. job->outcome's counts and job->failure are set. The
 * result is that of the last failure, unless another attempt was good. */
enum err action_run(struct job *job, struct exec_result *ret_result);
/* Once more, under other conditions (struct exec_action, varied). */
enum err action_run_varied(struct job *job, struct exec_result *ret_result);
/* It ended with 0 and made all it promised. */
bool result_is_good(const struct exec_result *result);
/* Inputs that may turn out to be unread: their presence is asked for too, since it still counts.
 * Adds to wants, which has room for as many again and one. */
size_t prune_wants_add(struct job *job, struct dice_want *wants, size_t count);
/* A result of the action cache into job->outcome; false if it is not there, or not whole. */
bool action_cached(struct job *job, const struct digest *key);
/* The same, of an action that read what is there now. */
bool prune_recall(struct job *job);
/* Of a prepared action that was done: marks the inputs that it read, as its depfile says. False: it
 * has none, was not done with these inputs, or may have read more. */
bool action_reads(struct job *job, bool *read);
/* The action is done: the contents of what it did not read do not matter to dice. */
void prune(struct job *job);
void outcome_encode(const struct outcome *outcome, bool is_test, struct buf *ret_value);
#endif
