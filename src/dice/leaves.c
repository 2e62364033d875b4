/* src/dice/leaves.c: what the last transaction read of the world. */
#include "dice/internal.h"

bool dice_leaves(struct dice *dice, dice_leaf_visit *visit, void *context)
{
    for (uint32_t row = 0; row < dice->keys.row_count; row++) {
        if (dice->version == 0 || !row_verified(dice, row_at(&dice->keys, row))) {
            continue;
        }
        struct past past;
        struct str arg;
        struct str value;
        struct str stamp;
        if (!row_past(dice, row_at(&dice->keys, row), row, &past)) {
            return false;
        }
        if (!past.has_value || (dice->options.kinds[past.kind].flags & DICE_LEAF) == 0) {
            continue;
        }
        if (!row_leaf(dice, row, &arg, &value, &stamp)) {
            return false;
        }
        visit(context, past.kind, arg, value, stamp);
    }
    return true;
}
