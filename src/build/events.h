/* src/build/events.h: what happens in a build, told to a machine as it does; private to build/.
 *
 * One JSON object a line into the file that the options name; docs/format/events.md says which.
 * Without such a file these do nothing. */
#ifndef BUILD_EVENTS_H
#define BUILD_EVENTS_H
#include "build/action.h"
#include "build/log.h"

enum err events_open(struct engine *engine, struct diags *diags);
void events_begin(struct engine *engine, struct strs patterns);
/* A package was evaluated; cause: loader_cause. */
void events_package(struct engine *engine, struct label label, struct str cause);
void events_start(struct job *job, struct str label, struct str what);
/* The action ran, failed, or was found. */
void events_end(struct engine *engine, const struct log_action *action);
void events_done(struct engine *engine, bool ok);
#endif
