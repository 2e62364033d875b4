/* src/base/near.c: optimal string alignment distance, three rows of its matrix at a time. */
#include "base/near.h"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t near_distance(struct str a, struct str b)
{
    if (a.len > NEAR_BYTES_MAX || b.len > NEAR_BYTES_MAX) {
        return SIZE_MAX;
    }
    size_t rows[3][NEAR_BYTES_MAX + 1];
    for (size_t j = 0; j <= b.len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *above_two = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t replaced = above[j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);
            row[j] = least(replaced, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1]) {
                row[j] = least(row[j], above_two[j - 2] + 1);
            }
        }
    }
    return rows[a.len % 3][b.len];
}

size_t near_find(struct str word, const struct str *candidates, size_t count)
{
    size_t best = count;
    size_t best_distance = word.len / 3 > 1 ? word.len / 3 + 1 : 2;
    best_distance = least(best_distance, word.len);
    for (size_t i = 0; i < count; i++) {
        size_t distance = near_distance(word, candidates[i]);
        if (distance < best_distance) {
            best = i;
            best_distance = distance;
        }
    }
    return best;
}
