/* src/build/lines.c */
#include "build/lines.h"
#include "base/arena.h"
#include <stdlib.h>

void lines_release(struct lines *lines)
{
    free(lines->running);
    *lines = (struct lines){0};
}

void lines_start(struct lines *lines, uint64_t id, struct str text, uint64_t now_us)
{
    if (lines->running_count == LINES_RUNNING_MAX) {
        return;
    }
    if (lines->running_count == lines->running_cap) {
        lines->running_cap = lines->running_cap == 0 ? 16 : lines->running_cap * 2;
        lines->running =
            memory_realloc(lines->running, lines->running_cap * sizeof *lines->running);
    }
    struct lines_running *running = &lines->running[lines->running_count++];
    running->id = id;
    running->start_us = now_us;
    running->len = text.len > LINES_TEXT_MAX ? LINES_TEXT_MAX : text.len;
    for (size_t i = 0; i < running->len; i++) { /* a name must not move the cursor */
        running->text[i] = text.ptr[i];
        if ((unsigned char)text.ptr[i] < 0x20) {
            running->text[i] = '?';
        }
    }
}

void lines_end(struct lines *lines, uint64_t id)
{
    for (size_t i = 0; i < lines->running_count; i++) {
        if (lines->running[i].id == id) {
            lines->running_count--;
            memmove(&lines->running[i], &lines->running[i + 1],
                (lines->running_count - i) * sizeof *lines->running);
            return;
        }
    }
}

/* Cuts the line that starts at begin to columns - 1 bytes, at the start of a UTF-8 sequence. */
static void line_end(struct buf *text, size_t begin, unsigned columns)
{
    size_t max = begin + (columns > 1 ? columns - 1 : 1);
    if (text->len > max) {
        while (max > begin && ((unsigned char)text->ptr[max] & 0xc0) == 0x80) {
            max--;
        }
        text->len = max;
    }
    buf_add_byte(text, '\n');
}

/* width: at least so many characters. */
static void seconds_add(struct buf *text, unsigned width, uint64_t us)
{
    unsigned long long tenths = us / 100000;
    buf_printf(text, "%*llu.%llu s", (int)width, tenths / 10, tenths % 10);
}

static void left_add(struct buf *text, uint64_t us)
{
    unsigned long long seconds = (us + 500000) / 1000000;
    if (seconds >= 120) {
        buf_printf(text, ", about %llu min left", (seconds + 30) / 60);
    } else if (seconds > 0) {
        buf_printf(text, ", about %llu s left", seconds);
    }
}

unsigned lines_format(const struct lines *lines, uint64_t now_us, unsigned columns, unsigned rows,
    struct buf *ret_text)
{
    unsigned room = rows < 3 ? 0 : rows - 3; /* the head, "and N more", the cursor's own */
    size_t shown = lines->running_count < LINES_SHOWN_MAX ? lines->running_count : LINES_SHOWN_MAX;
    shown = shown > room ? room : shown;
    size_t begin = ret_text->len;
    unsigned count = 1;
    uint64_t asked = lines->asked > lines->done ? lines->asked : lines->done;
    buf_printf(ret_text, "[%llu/%llu] %zu running, %llu run, %llu cached, ",
        (unsigned long long)lines->done, (unsigned long long)asked, lines->running_count,
        (unsigned long long)lines->run, (unsigned long long)lines->cached);
    seconds_add(ret_text, 0, now_us - lines->start_us);
    left_add(ret_text, lines->left_us);
    line_end(ret_text, begin, columns);
    for (size_t i = 0; i < shown; i++, count++) {
        const struct lines_running *running = &lines->running[i];
        begin = ret_text->len;
        seconds_add(ret_text, 5, now_us - running->start_us);
        buf_add(ret_text, STR("  "));
        buf_add(ret_text, (struct str){.ptr = running->text, .len = running->len});
        line_end(ret_text, begin, columns);
    }
    if (lines->running_count > shown && room > 0) {
        begin = ret_text->len;
        buf_printf(ret_text, "    and %zu more", lines->running_count - shown);
        line_end(ret_text, begin, columns);
        count++;
    }
    return count;
}
