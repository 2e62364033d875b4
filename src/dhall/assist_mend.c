/* src/dhall/assist_mend.c: a text that parses, of one that is being written.
 *
 * A let is as a rule a line of its own: what is wrong is looked for in the lets around the place
 * where the parser gave up, and in what stands behind `in`. Each is tried: with blanks in its place
 * the rest has all its places still. If no single one helps, the one that lets the parser come
 * furthest goes, and the rest is tried again. */
#include "dhall/assist.h"
#include "dhall/parse.h"

enum {
    PARTS_MAX = 24, /* tried, those nearest to the mistake */
    ROUNDS_MAX = 4, /* mistakes that are passed by */
    MEND_BYTES_MAX = 1024 * 1024,
    FILLER_BYTES = 4, /* " {=}" */
};

/* How far the parser comes; SIZE_MAX: to the end. */
static size_t parse_reach(struct str text)
{
    struct arena arena = {0};
    struct diags diags;
    struct dhall_labels labels;
    struct dhall_terms terms;
    dhall_term root;
    diags_init(&diags, &arena, NULL);
    dhall_labels_init(&labels);
    dhall_terms_init(&terms, &labels, 0);
    bool parses = dhall_parse(&terms, 0, text, &root, &diags) == OK;
    size_t reach = parses ? SIZE_MAX : diags.newest == NULL ? 0 : diags.newest->span.begin;
    dhall_terms_release(&terms);
    dhall_labels_release(&labels);
    arena_release(&arena);
    return reach;
}

static size_t line_end(struct str text, size_t at)
{
    return at + str_find(str_sub(text, at, text.len), '\n');
}

/* A line that begins with let or in. */
struct part {
    size_t begin, end; /* of the line's word; of what belongs to it */
    size_t indent;
    bool is_in;
};

static bool word_at(struct str text, size_t at, struct str word)
{
    struct str rest = str_sub(text, at, text.len);
    return str_starts(rest, word) &&
           (rest.len == word.len || strchr(" \n\r\t", rest.ptr[word.len]) != NULL);
}

/* The part that begins on the line at `at`; false: none does. */
static bool part_begin(struct str text, size_t at, struct part *ret_part)
{
    size_t begin = at;
    while (begin < text.len && text.ptr[begin] == ' ') {
        begin++;
    }
    bool is_in = word_at(text, begin, STR("in"));
    *ret_part = (struct part){.begin = begin, .indent = begin - at, .is_in = is_in};
    return is_in || word_at(text, begin, STR("let"));
}

/* All parts, each up to the next one that is not deeper; returns the number kept: the last ones
 * that begin at or before `until`, and one behind it. */
static size_t parts_find(struct str text, size_t until, struct part parts[static PARTS_MAX])
{
    size_t count = 0;
    for (size_t at = 0; at < text.len; at = line_end(text, at) + 1) {
        struct part part;
        if (!part_begin(text, at, &part)) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            if (parts[i].end == 0 && parts[i].indent >= part.indent) {
                parts[i].end = at;
            }
        }
        if (part.begin > until && count > 0 && parts[count - 1].begin > until) {
            continue; /* it only ends others */
        }
        if (count == PARTS_MAX) {
            memmove(parts, parts + 1, (PARTS_MAX - 1) * sizeof *parts);
            count--;
        }
        parts[count++] = part;
    }
    for (size_t i = 0; i < count; i++) {
        parts[i].end = parts[i].end == 0 ? text.len : parts[i].end;
    }
    return count;
}

static void blank(char *text, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        text[i] = text[i] == '\n' ? '\n' : ' ';
    }
}

/* text without a part; with_in: nor the `in` behind it. false: that cannot be. */
static bool part_take(const struct part *part, bool with_in, char *text, size_t len)
{
    struct str all = {.ptr = text, .len = len};
    if (part->is_in) {
        size_t body = part->begin + 2;
        if (with_in || part->end < body + FILLER_BYTES) {
            return false;
        }
        blank(text, body, part->end);
        memcpy(text + body, " {=}", FILLER_BYTES);
        return true;
    }
    blank(text, part->begin, part->end);
    if (!with_in) {
        return true;
    }
    size_t at = part->end;
    while (at < len && text[at] == ' ') {
        at++;
    }
    if (!word_at(all, at, STR("in"))) {
        return false;
    }
    blank(text, at, at + 2);
    return true;
}

/* One part less, the best; false: none helps. */
static bool mend_round(char *text, size_t len, char *tried, size_t keep, size_t *reach)
{
    struct part parts[PARTS_MAX];
    struct str all = {.ptr = text, .len = len};
    size_t count = parts_find(all, *reach, parts);
    size_t best = *reach;
    size_t best_at = 0;
    for (size_t i = 2 * count; i > 0 && best != SIZE_MAX; i--) {
        const struct part *part = &parts[(i - 1) / 2];
        memcpy(tried, text, len);
        if (!part_take(part, i % 2 == 0, tried, len) || (keep < len && tried[keep] != text[keep])) {
            continue;
        }
        size_t got = parse_reach((struct str){.ptr = tried, .len = len});
        if (got > best) {
            best = got;
            best_at = i;
        }
    }
    if (best_at == 0) {
        return false;
    }
    (void)part_take(&parts[(best_at - 1) / 2], best_at % 2 == 0, text, len);
    *reach = best;
    return true;
}

bool dhall_mend(struct str text, size_t keep, struct arena *arena, struct str *ret_text)
{
    size_t reach = text.len > MEND_BYTES_MAX ? 0 : parse_reach(text);
    *ret_text = text;
    if (text.len > MEND_BYTES_MAX || reach == SIZE_MAX) {
        return reach == SIZE_MAX;
    }
    char *mended = arena_alloc(arena, text.len + 1);
    char *tried = arena_alloc(arena, text.len + 1);
    memcpy(mended, text.ptr, text.len);
    mended[text.len] = tried[text.len] = '\0';
    for (int i = 0; i < ROUNDS_MAX && reach != SIZE_MAX; i++) {
        if (!mend_round(mended, text.len, tried, keep, &reach)) {
            return false;
        }
    }
    *ret_text = (struct str){.ptr = mended, .len = text.len};
    return reach == SIZE_MAX;
}
