/* src/build/events.c */
#include "build/events.h"
#include "base/file.h"
#include "build/record.h"
#include "codec/json.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>

enum err events_open(struct engine *engine, struct diags *diags)
{
    const char *path = engine->options.events_path;
    if (engine->options.events_fd != NULL) {
        engine->events_fd = fcntl(*engine->options.events_fd, F_DUPFD_CLOEXEC, 3);
        return engine->events_fd >= 0 ? OK : diag_add_errno(diags, errno, "no events");
    }
    if (path == NULL) {
        return OK;
    }
    engine->events_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return engine->events_fd >= 0 ? OK : diag_add_errno(diags, errno, "cannot open %s", path);
}

static void event_begin(struct json *json, struct str name)
{
    json_begin(json, '{');
    json_key_str(json, STR("event"), name);
}

/* The signal of a pipe that nobody reads stays in this thread and is taken back: neither the build
 * ends by it, nor do actions inherit that it is ignored. */
static enum err line_write(int fd, struct str line)
{
    sigset_t pipe_set, old;
    (void)sigemptyset(&pipe_set);
    (void)sigaddset(&pipe_set, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe_set, &old);
    enum err err = fd_write_all(fd, line);
    if (err != OK && errno == EPIPE) {
        struct timespec none = {0};
        (void)sigtimedwait(&pipe_set, NULL, &none);
    }
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return err;
}

/* Whole lines, one after the other. If who reads them goes away, the build goes on. */
static void event_end(struct engine *engine, struct json *json)
{
    json_end(json, '}');
    buf_add_byte(json->text, '\n');
    if (pthread_mutex_lock(&engine->lock) == 0) {
        if (engine->events_fd >= 0 && line_write(engine->events_fd, buf_str(json->text)) != OK) {
            fd_close(&engine->events_fd);
            engine->events_fd = -1;
        }
        (void)pthread_mutex_unlock(&engine->lock);
    }
}

void events_begin(struct engine *engine, struct strs patterns)
{
    if (engine->events_fd < 0) {
        return;
    }
    AUTO_BUF text = {0};
    struct json json = {.text = &text};
    event_begin(&json, STR("begin"));
    json_key_bool(&json, STR("test"), engine->options.mode == BUILD_TESTS);
    json_key_strs(&json, STR("patterns"), patterns.at, patterns.count);
    if (engine->options.changed.count > 0) {
        json_key_strs(
            &json, STR("changed"), engine->options.changed.at, engine->options.changed.count);
    }
    event_end(engine, &json);
}

void events_package(struct engine *engine, struct label label, struct str cause)
{
    if (engine->events_fd < 0) {
        return;
    }
    AUTO_BUF text = {0};
    struct arena arena = {0};
    struct json json = {.text = &text};
    event_begin(&json, STR("package"));
    json_key_str(&json, STR("package"), arena_printf(&arena, "//%.*s", STR_ARG(label.package)));
    json_key_str(&json, STR("configuration"), label.config);
    json_key_str(&json, STR("cause"), cause);
    event_end(engine, &json);
    arena_release(&arena);
}

void events_start(struct job *job, struct str label, struct str what)
{
    if (job->engine->events_fd < 0) {
        return;
    }
    AUTO_BUF text = {0};
    struct json json = {.text = &text};
    event_begin(&json, STR("start"));
    json_key_str(&json, STR("label"), label);
    json_key_str(&json, STR("action"), job->action->identifier);
    json_key_str(&json, STR("what"), what);
    json_key_str(&json, STR("cause"), record_cause(job));
    json_key_number(&json, STR("time_us"), job->start_us);
    event_end(job->engine, &json);
}

void events_end(struct engine *engine, const struct log_action *action)
{
    static const struct str ends[LOG_END_COUNT] = {
        [LOG_CACHED] = {"cached", 6}, [LOG_RAN] = {"ran", 3}, [LOG_FAILED] = {"failed", 6}};
    if (engine->events_fd < 0) {
        return;
    }
    AUTO_BUF text = {0};
    struct json json = {.text = &text};
    event_begin(&json, STR("end"));
    json_key_str(&json, STR("label"), action->label);
    json_key_str(&json, STR("action"), action->identifier);
    json_key_str(&json, STR("what"), action->what);
    json_key_str(&json, STR("end"), ends[action->end]);
    json_key_str(&json, STR("digest"), action->digest);
    json_key_number(&json, STR("time_us"), action->start_us + action->wall_us);
    json_key_number(&json, STR("wall_us"), action->wall_us);
    json_key_number(&json, STR("user_us"), action->user_us);
    json_key_number(&json, STR("system_us"), action->system_us);
    json_key_number(&json, STR("rss_max_bytes"), action->rss_max_bytes);
    if (action->check != LOG_UNCHECKED) {
        json_key_bool(&json, STR("reproducible"), action->check == LOG_REPRODUCIBLE);
    }
    event_end(engine, &json);
}

void events_done(struct engine *engine, bool ok)
{
    if (engine->events_fd < 0) {
        return;
    }
    AUTO_BUF text = {0};
    struct json json = {.text = &text};
    event_begin(&json, STR("done"));
    json_key_bool(&json, STR("ok"), ok);
    json_key_bool(&json, STR("interrupted"), atomic_load(&engine->interrupted));
    json_key_number(&json, STR("run"), engine->run_count);
    json_key_number(&json, STR("cached"), engine->hit_count);
    if (engine->options.check) {
        json_key_number(&json, STR("checked"), engine->checked_count);
        json_key_number(&json, STR("differing"), engine->differing_count);
    }
    event_end(engine, &json);
}
