/* src/build/recall.h: which action was done for what was read.
 *
 *   names   what an action sees and does but for the contents of its inputs   \
 *   read    the contents of those inputs that its depfile named                > entry, newest
 * first key     the action that was done then: its result is in the action cache  /
 *
 * Dice keeps a value while what was not read changes (build/prune.c), so no cache has an action of
 * the inputs that were there in the end. When such a file is changed and restored, or a branch
 * switched back, this leads to the result that holds. One file in the workspace's state, appended
 * to; to lose it costs actions that run again. Knows nothing of depfiles. */
#ifndef BUILD_RECALL_H
#define BUILD_RECALL_H
#include "base/diag.h"
#include "digest/digest.h"

enum {
    RECALL_HASH_BYTES = 16,
    RECALL_MAX = 8,                      /* entries of the same names that are looked at */
    RECALL_BYTES_MAX = 32 * 1024 * 1024, /* a file that is larger is begun anew */
};
struct recall_entry {
    uint8_t names[RECALL_HASH_BYTES], read[RECALL_HASH_BYTES]; /* of SHA-256 */
    struct digest key;
};
struct recall;
/* Reads nothing yet. path is copied. */
struct recall *recall_new(const char *path);
void recall_free(struct recall *recall);
/* Up to RECALL_MAX entries, newest first. From any thread, as recall_add. */
size_t recall_get(struct recall *recall, const uint8_t names[static RECALL_HASH_BYTES],
    struct recall_entry *ret_entries);
/* Nothing if names and contents are known; unless it ran, so that what is known led nowhere. */
void recall_add(struct recall *recall, const struct recall_entry *entry, bool ran);
/* Appends what was added. A failure costs actions later, and is none of the build's. */
void recall_save(struct recall *recall);
#endif
