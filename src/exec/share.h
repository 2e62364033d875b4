/* src/exec/share.h: folders of inputs that several actions have in common.
 *
 *   a/x.h a/y.h ... (8 or more, nothing deeper)    seen for the first time: copied, as any input
 *                                                  seen again: laid out once in the store, bound,
 *                                                  once its files are on disk
 *
 * So staging costs by distinct folders, not by files; and a folder that only one action ever has
 * (its own source among the headers) leaves nothing in the store. */
#ifndef EXEC_SHARE_H
#define EXEC_SHARE_H
#include "store/tree.h"

enum {
    SHARE_FILES_MIN = 8, /* fewer are copied in less time than a bind and its look-ups take */
};
struct shares; /* the digests of folders that were seen; thread-safe */
struct shares *shares_new(void);
void shares_free(struct shares *shares);
/* inputs, sorted by path, with each folder that was seen before in place of its files, in arena. */
enum err shares_fold(struct shares *shares, struct store *store, const struct tree_entry *inputs,
    size_t count, struct arena *arena, struct tree_entry **ret_inputs, size_t *ret_count,
    struct diags *diags);
#endif
