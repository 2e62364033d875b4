/* src/build/differ.c: what kind of file it is; text, and bytes. */
#include "build/differ.h"
#include "build/differ_part.h"

enum {
    HEX_BYTES = 16, /* a line */
    LINE_SHOWN_MAX = 120,
};

void differ_indent(struct buf *out, unsigned depth)
{
    for (unsigned i = 0; i <= depth; i++) {
        buf_add(out, STR("  "));
    }
}

static uint8_t seen_as(char c)
{
    return c >= ' ' && c <= '~' ? (uint8_t)c : (uint8_t)'.';
}

void differ_text_add(struct buf *out, struct str text, size_t len_max)
{
    for (size_t i = 0; i < text.len && i < len_max; i++) {
        buf_add_byte(out, seen_as(text.ptr[i]));
    }
    if (text.len > len_max) {
        buf_add(out, STR("..."));
    }
}

size_t differ_offset(struct str first, struct str again)
{
    size_t i = 0;
    while (i < first.len && i < again.len && first.ptr[i] == again.ptr[i]) {
        i++;
    }
    return i;
}

static void hex_line(struct buf *out, char sign, struct str bytes, size_t from, unsigned depth)
{
    struct str line = str_sub(bytes, from, from + HEX_BYTES);
    differ_indent(out, depth);
    buf_printf(out, "%c%08zx ", sign, from);
    for (size_t i = 0; i < HEX_BYTES; i++) {
        if (i < line.len) {
            buf_printf(out, " %02x", (unsigned)(unsigned char)line.ptr[i]);
        } else {
            buf_add(out, STR("   "));
        }
    }
    buf_add(out, STR("  "));
    differ_text_add(out, line, HEX_BYTES);
    buf_add_byte(out, '\n');
}

void differ_hex_add(const struct differ_pair *pair, struct buf *out)
{
    size_t at = differ_offset(pair->first, pair->again), from = at - at % HEX_BYTES;
    size_t both = pair->first.len < pair->again.len ? pair->first.len : pair->again.len;
    size_t count = 0;
    for (size_t i = at; i < both; i++) {
        count += pair->first.ptr[i] != pair->again.ptr[i] ? 1 : 0;
    }
    differ_indent(out, pair->depth);
    buf_printf(out, "byte 0x%zx is the first that differs", at);
    if (pair->first.len != pair->again.len) {
        buf_printf(out, "; there are %zu, then %zu", pair->first.len, pair->again.len);
    } else {
        buf_printf(out, ", of %zu that do", count);
    }
    buf_add_byte(out, '\n');
    hex_line(out, '-', pair->first, from, pair->depth);
    hex_line(out, '+', pair->again, from, pair->depth);
}

/* Text. */

static bool is_text(struct str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.ptr[i];
        if (c == 0x7f || (c < ' ' && c != '\n' && c != '\t' && c != '\r' && c != '\f')) {
            return false;
        }
    }
    return true;
}

/* The lines of `bytes` from `from` on but for `tail` bytes at its end. */
static void lines_add(
    struct buf *out, char sign, struct str bytes, size_t from, size_t tail, unsigned depth)
{
    struct str rest = str_sub(bytes, from, bytes.len - tail);
    struct str line;
    for (size_t i = 0; line_next(&rest, &line); i++) {
        differ_indent(out, depth);
        if (i == DIFFER_PARTS_MAX) {
            buf_printf(out, "%c...\n", sign);
            return;
        }
        buf_add_byte(out, (uint8_t)sign);
        differ_text_add(out, line, LINE_SHOWN_MAX);
        buf_add_byte(out, '\n');
    }
}

/* Bytes at the end of both that are whole lines and equal, not before `from`. */
static size_t tail_of(struct str first, struct str again, size_t from)
{
    size_t tail = 0, whole = 0;
    while (tail < first.len - from && tail < again.len - from &&
           first.ptr[first.len - 1 - tail] == again.ptr[again.len - 1 - tail]) {
        if (first.ptr[first.len - 1 - tail] == '\n') {
            whole = tail;
        }
        tail++;
    }
    return whole;
}

/* A difference that the lines as shown do not let see: a line's end, what is cut off. */
static bool shows(struct str first, struct str again, size_t from, size_t at)
{
    struct str one = str_sub(first, from, first.len), two = str_sub(again, from, again.len);
    size_t ends[2] = {str_find(one, '\n'), str_find(two, '\n')};
    size_t shorter = ends[0] < ends[1] ? ends[0] : ends[1];
    bool in_line = at - from < shorter;
    return at - from < LINE_SHOWN_MAX &&
           (in_line ? seen_as(first.ptr[at]) != seen_as(again.ptr[at]) : ends[0] != ends[1]);
}

static void text_add(const struct differ_pair *pair, struct buf *out)
{
    struct str first = pair->first, again = pair->again;
    size_t at = differ_offset(first, again), from = at, line = 1;
    while (from > 0 && first.ptr[from - 1] != '\n') {
        from--;
    }
    if (!shows(first, again, from, at)) {
        differ_hex_add(pair, out);
        return;
    }
    for (size_t i = 0; i < from; i++) {
        line += first.ptr[i] == '\n' ? 1 : 0;
    }
    size_t tail = tail_of(first, again, from);
    differ_indent(out, pair->depth);
    buf_printf(out, "line %zu:\n", line);
    lines_add(out, '-', first, from, tail, pair->depth);
    lines_add(out, '+', again, from, tail, pair->depth);
}

void differ_any_add(const struct differ_pair *pair, struct buf *out)
{
    if (str_eq(pair->first, pair->again) || differ_elf_add(pair, out) || differ_ar_add(pair, out)) {
        return;
    }
    if (is_text(pair->first) && is_text(pair->again)) {
        text_add(pair, out);
    } else {
        differ_hex_add(pair, out);
    }
}

void differ_add(struct str first, struct str again, struct buf *out)
{
    differ_any_add(&(struct differ_pair){.first = first, .again = again}, out);
}
