/* src/build/progress.c: what a build says while it runs, on stderr.
 *
 * On a terminal one line says what is being done and is drawn anew; texts (warnings, what actions
 * printed) go above it. Elsewhere there are only the texts. */
#include "base/file.h"
#include "build/engine.h"
#include <stdio.h>
#include <unistd.h>

/* Under lock. */
static void line_erase(struct engine *engine)
{
    if (engine->line[0] != 0) {
        engine->line[0] = 0;
        (void)fd_write_all(STDERR_FILENO, STR("\r\033[K"));
    }
}

static void line_draw(struct engine *engine, struct str what)
{
    if (!engine->options.progress) {
        return;
    }
    size_t shown = what.len > 60 ? 60 : what.len;
    int len = snprintf(engine->line, sizeof engine->line, "\r\033[K[%llu run, %llu cached] %.*s",
        (unsigned long long)engine->run_count, (unsigned long long)engine->hit_count, (int)shown,
        what.ptr);
    if (len > 0) {
        (void)fd_write_all(
            STDERR_FILENO, (struct str){.ptr = engine->line, .len = strlen(engine->line)});
    }
}

void progress_start(struct engine *engine, struct str what)
{
    if (pthread_mutex_lock(&engine->lock) == 0) {
        engine->started_count++;
        line_draw(engine, what);
        (void)pthread_mutex_unlock(&engine->lock);
    }
}

void progress_end(struct engine *engine)
{
    (void)engine; /* the next start draws the line anew */
}

void progress_clear(struct engine *engine)
{
    if (pthread_mutex_lock(&engine->lock) == 0) {
        line_erase(engine);
        (void)pthread_mutex_unlock(&engine->lock);
    }
}

void progress_text(struct engine *engine, struct str text)
{
    if (pthread_mutex_lock(&engine->lock) == 0) {
        line_erase(engine);
        (void)fd_write_all(STDERR_FILENO, text);
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
