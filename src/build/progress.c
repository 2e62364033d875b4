/* src/build/progress.c: what a build says while it runs, on stderr.
 *
 *   workers --lines_start, lines_end, texts--> struct lines (build/lines.h) <--10 times a second--
 * ticker
 *                                                                               '-> terminal
 *
 * On a terminal some lines say what is running and are drawn anew; texts (warnings, what actions
 * printed) go above them. Elsewhere there are only the texts, and no ticker. */
#include "base/file.h"
#include "build/engine.h"
#include "build/lines.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    TICK_NS = 100000000,
};
struct progress {
    struct lines lines;
    struct table asked;    /* keys of actions that had to be looked at */
    uint64_t *expected_us; /* owned; of each row of asked; 0: not known */
    bool *done;            /* owned; the same */
    uint32_t cap;
    uint64_t known_us, known_left_us; /* sums; of those that are not done */
    uint32_t known_count, unknown_left;
    struct arena arena;
    unsigned drawn; /* lines that stand on the terminal */
    pthread_t ticker;
    pthread_cond_t tick;
    bool ends;
};

static struct timespec clock_now(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now;
}

static uint64_t now_us(void)
{
    struct timespec now = clock_now();
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Under lock: what stands there goes, text comes in its place. */
static void lines_replace(struct progress *progress, struct str text, unsigned count)
{
    AUTO_BUF out = {0};
    if (progress->drawn > 0) {
        buf_printf(&out, "\r\033[%uA\033[J", progress->drawn);
    }
    buf_add(&out, text);
    progress->drawn = count;
    if (out.len > 0) {
        (void)fd_write_all(STDERR_FILENO, buf_str(&out));
    }
}

/* What is still to be done, shared by all jobs; an action that never ran is like the others. */
static uint64_t left_of(const struct engine *engine)
{
    const struct progress *progress = engine->progress;
    if (progress->known_count == 0) {
        return 0;
    }
    uint64_t left_us = progress->known_left_us +
                       progress->unknown_left * (progress->known_us / progress->known_count);
    for (size_t i = 0; i < progress->lines.running_count; i++) {
        uint64_t gone_us = now_us() - progress->lines.running[i].start_us;
        left_us -= gone_us < left_us ? gone_us : left_us;
    }
    return left_us / engine->options.jobs;
}

static void lines_draw(struct engine *engine)
{
    struct progress *progress = engine->progress;
    struct lines *lines = &progress->lines;
    struct winsize size = {0};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
        size = (struct winsize){.ws_col = 80, .ws_row = 24};
    }
    lines->run = engine->run_count;
    lines->cached = engine->hit_count;
    lines->done = engine->run_count + engine->hit_count;
    lines->asked = progress->asked.len;
    lines->left_us = left_of(engine);
    AUTO_BUF text = {0};
    unsigned count = lines_format(lines, now_us(), size.ws_col, size.ws_row, &text);
    lines_replace(progress, buf_str(&text), count);
}

static void *ticker_main(void *argument)
{
    struct engine *engine = argument;
    struct progress *progress = engine->progress;
    if (pthread_mutex_lock(&engine->lock) != 0) {
        return NULL;
    }
    while (!progress->ends) {
        struct timespec until = clock_now();
        until.tv_nsec += TICK_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        (void)pthread_cond_clockwait(&progress->tick, &engine->lock, CLOCK_MONOTONIC, &until);
        if (!progress->ends && progress->lines.running_count > 0) {
            lines_draw(engine);
        }
    }
    (void)pthread_mutex_unlock(&engine->lock);
    return NULL;
}

/* Under lock; NULL where nothing is shown. */
static struct progress *progress_get(struct engine *engine)
{
    if (engine->progress != NULL || !engine->options.progress) {
        return engine->progress;
    }
    struct progress *progress = memory_calloc(1, sizeof *progress);
    progress->lines.start_us = now_us();
    engine->progress = progress;
    if (pthread_cond_init(&progress->tick, NULL) != 0 ||
        pthread_create(&progress->ticker, NULL, ticker_main, engine) != 0) {
        engine->options.progress = false;
        engine->progress = NULL;
        free(progress);
    }
    return engine->progress;
}

void progress_asked(struct engine *engine, struct str key, uint64_t expected_us)
{
    if (!engine->options.progress || pthread_mutex_lock(&engine->lock) != 0) {
        return;
    }
    struct progress *progress = progress_get(engine);
    uint32_t before = progress == NULL ? 0 : progress->asked.len;
    if (progress != NULL && table_add(&progress->asked, &progress->arena, key) == before) {
        if (before >= progress->cap) {
            progress->cap = before == 0 ? 64 : before * 2;
            progress->expected_us = memory_realloc(
                progress->expected_us, progress->cap * sizeof *progress->expected_us);
            progress->done = memory_realloc(progress->done, progress->cap * sizeof *progress->done);
        }
        progress->expected_us[before] = expected_us;
        progress->done[before] = false;
        progress->known_us += expected_us;
        progress->known_left_us += expected_us;
        progress->known_count += expected_us > 0 ? 1 : 0;
        progress->unknown_left += expected_us > 0 ? 0 : 1;
    }
    (void)pthread_mutex_unlock(&engine->lock);
}

void progress_done(struct engine *engine, struct str key)
{
    if (!engine->options.progress || pthread_mutex_lock(&engine->lock) != 0) {
        return;
    }
    struct progress *progress = engine->progress;
    uint32_t row = progress == NULL ? TABLE_NONE : table_get(&progress->asked, key);
    if (row != TABLE_NONE && !progress->done[row]) {
        progress->done[row] = true;
        progress->known_left_us -= progress->expected_us[row];
        progress->unknown_left -= progress->expected_us[row] > 0 ? 0 : 1;
    }
    (void)pthread_mutex_unlock(&engine->lock);
}

void progress_start(struct engine *engine, uint64_t id, struct str what)
{
    if (engine->options.progress && pthread_mutex_lock(&engine->lock) == 0) {
        struct progress *progress = progress_get(engine);
        if (progress != NULL) {
            lines_start(&progress->lines, id, what, now_us());
        }
        (void)pthread_mutex_unlock(&engine->lock);
    }
}

void progress_end(struct engine *engine, uint64_t id)
{
    if (engine->options.progress && pthread_mutex_lock(&engine->lock) == 0) {
        if (engine->progress != NULL) {
            lines_end(&engine->progress->lines, id);
        }
        (void)pthread_mutex_unlock(&engine->lock);
    }
}

void progress_clear(struct engine *engine)
{
    if (engine->options.progress && pthread_mutex_lock(&engine->lock) == 0) {
        if (engine->progress != NULL) {
            lines_replace(engine->progress, STR(""), 0);
        }
        (void)pthread_mutex_unlock(&engine->lock);
    }
}

void progress_close(struct engine *engine)
{
    struct progress *progress = engine->progress;
    if (progress == NULL || pthread_mutex_lock(&engine->lock) != 0) {
        return;
    }
    progress->ends = true;
    lines_replace(progress, STR(""), 0);
    (void)pthread_cond_signal(&progress->tick);
    (void)pthread_mutex_unlock(&engine->lock);
    (void)pthread_join(progress->ticker, NULL);
    (void)pthread_cond_destroy(&progress->tick);
    lines_release(&progress->lines);
    table_release(&progress->asked);
    free(progress->expected_us);
    free(progress->done);
    arena_release(&progress->arena);
    free(progress);
    engine->progress = NULL;
}

void progress_text(struct engine *engine, struct str text)
{
    if (pthread_mutex_lock(&engine->lock) == 0) {
        if (engine->progress != NULL) {
            lines_replace(engine->progress, text, 0);
        } else {
            (void)fd_write_all(STDERR_FILENO, text);
        }
        (void)pthread_mutex_unlock(&engine->lock);
    }
}

void progress_diags(struct engine *engine, const struct diags *diags)
{
    if (diags->newest == NULL) {
        return;
    }
    AUTO_BUF text = {0};
    diags_format(diags, engine->options.colour, &text);
    progress_text(engine, buf_str(&text));
}

static bool is_plain(struct str word)
{
    for (size_t i = 0; i < word.len; i++) {
        char c = word.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c != 0 && strchr("_-./=+,:@%", c) != NULL) || (c == '#' && i > 0);
        if (!plain) {
            return false;
        }
    }
    return word.len > 0;
}

void shell_word_add(struct buf *text, struct str word)
{
    if (is_plain(word)) {
        buf_add(text, word);
        return;
    }
    buf_add_byte(text, '\'');
    for (size_t i = 0; i < word.len; i++) {
        if (word.ptr[i] == '\'') {
            buf_add(text, STR("'\\''"));
        } else {
            buf_add_byte(text, (uint8_t)word.ptr[i]);
        }
    }
    buf_add_byte(text, '\'');
}
