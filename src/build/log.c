/* src/build/log.c: records of builds as bytes, and the folder that they lie in. */
#include "build/log.h"
#include "base/file.h"
#include "codec/cbor.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_MAGIC "straylight log 4"
enum {
    LOG_RECORD_BYTES_MAX = LOG_BYTES_MAX,
    NAME_DIGITS = 8,
    TRIES_MAX = 1000,
};

/* Writing. */

static void number_add(struct buf *buf, uint64_t number)
{
    cbor_head_add(buf, CBOR_UNSIGNED, number);
}

static void row_add(struct buf *buf, struct table *texts, struct arena *arena, struct str text)
{
    number_add(buf, table_add(texts, arena, text));
}

static void rows_add(struct buf *buf, struct table *texts, struct arena *arena, struct strs list)
{
    cbor_head_add(buf, CBOR_ARRAY, list.count);
    for (size_t i = 0; i < list.count; i++) {
        row_add(buf, texts, arena, list.at[i]);
    }
}

void log_action_encode(
    const struct log_action *action, struct table *texts, struct arena *arena, struct buf *actions)
{
    const struct str names[] = {action->key, action->label, action->what, action->identifier,
        action->cause, action->digest};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        row_add(actions, texts, arena, names[i]);
    }
    const uint64_t numbers[] = {(uint64_t)action->end, action->start_us, action->wall_us,
        action->user_us, action->system_us, action->rss_max_bytes, action->memory_bytes,
        action->waited_us, action->lane, (uint64_t)action->check};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        number_add(actions, numbers[i]);
    }
    rows_add(actions, texts, arena, action->argv);
    rows_add(actions, texts, arena, action->env);
    rows_add(actions, texts, arena, action->trees);
    rows_add(actions, texts, arena, action->outputs);
    number_add(actions, action->folder_count);
    rows_add(actions, texts, arena, action->producers);
    cbor_head_add(actions, CBOR_ARRAY, action->input_count * 3);
    for (size_t i = 0; i < action->input_count; i++) {
        row_add(actions, texts, arena, action->inputs[i].path);
        row_add(actions, texts, arena, action->inputs[i].digest);
        number_add(actions, (uint64_t)action->inputs[i].kind);
    }
}

void log_build_encode(const struct log_build *build, const struct table *texts, struct str actions,
    struct buf *ret_record)
{
    cbor_text_add(ret_record, STR(LOG_MAGIC));
    number_add(ret_record, build->started_us);
    number_add(ret_record, build->wall_us);
    cbor_bool_add(ret_record, build->tests);
    cbor_bool_add(ret_record, build->ok);
    cbor_bool_add(ret_record, build->interrupted);
    number_add(ret_record, build->total);
    cbor_head_add(ret_record, CBOR_ARRAY, build->patterns.count);
    for (size_t i = 0; i < build->patterns.count; i++) {
        cbor_bytes_add(ret_record, build->patterns.at[i]);
    }
    cbor_head_add(ret_record, CBOR_ARRAY, texts->len);
    for (uint32_t i = 0; i < texts->len; i++) {
        cbor_bytes_add(ret_record, texts->keys[i]); /* an argument may be any bytes */
    }
    number_add(ret_record, build->action_count);
    buf_add(ret_record, actions);
}

/* Reading: after the first fault all is zero, and err says so. */

struct decoder {
    struct cbor_reader reader;
    struct arena *arena;
    struct strs texts;
    enum err err;
};

static uint64_t number_read(struct decoder *decoder)
{
    uint64_t number = 0;
    if (decoder->err == OK) {
        decoder->err = cbor_read_unsigned(&decoder->reader, &number);
    }
    return number;
}

static bool bool_read(struct decoder *decoder)
{
    bool value = false;
    if (decoder->err == OK) {
        decoder->err = cbor_read_bool(&decoder->reader, &value);
    }
    return value;
}

/* Each child takes a byte at least, so that a count is bounded by what is left. */
static size_t count_read(struct decoder *decoder)
{
    uint64_t count = 0;
    if (decoder->err == OK) {
        decoder->err = cbor_read_array(&decoder->reader, decoder->reader.input.len, &count);
    }
    return decoder->err == OK ? (size_t)count : 0;
}

static struct strs texts_read(struct decoder *decoder)
{
    size_t count = count_read(decoder);
    struct str *at = ARENA_NEW(decoder->arena, struct str, count);
    for (size_t i = 0; i < count && decoder->err == OK; i++) {
        decoder->err = cbor_read_bytes(&decoder->reader, &at[i]);
    }
    return (struct strs){.at = at, .count = count};
}

static struct str row_read(struct decoder *decoder)
{
    uint64_t row = number_read(decoder);
    if (decoder->err == OK && row >= decoder->texts.count) {
        decoder->err = ERR_INVALID;
    }
    return decoder->err == OK ? decoder->texts.at[row] : STR("");
}

static struct strs rows_read(struct decoder *decoder)
{
    size_t count = count_read(decoder);
    struct str *at = ARENA_NEW(decoder->arena, struct str, count);
    for (size_t i = 0; i < count; i++) {
        at[i] = row_read(decoder);
    }
    return (struct strs){.at = at, .count = count};
}

static void inputs_read(struct decoder *decoder, struct log_action *action)
{
    size_t count = count_read(decoder) / 3;
    struct log_input *at = ARENA_NEW(decoder->arena, struct log_input, count);
    for (size_t i = 0; i < count; i++) {
        at[i].path = row_read(decoder);
        at[i].digest = row_read(decoder);
        uint64_t kind = number_read(decoder);
        if (kind > TREE_DIRECTORY) {
            decoder->err = ERR_INVALID;
            kind = TREE_FILE;
        }
        at[i].kind = (enum tree_entry_kind)kind;
    }
    action->inputs = at;
    action->input_count = count;
}

static void action_read(struct decoder *decoder, struct log_action *action)
{
    action->key = row_read(decoder);
    action->label = row_read(decoder);
    action->what = row_read(decoder);
    action->identifier = row_read(decoder);
    action->cause = row_read(decoder);
    action->digest = row_read(decoder);
    uint64_t end = number_read(decoder);
    if (end >= LOG_END_COUNT) {
        decoder->err = ERR_INVALID;
        end = LOG_CACHED;
    }
    action->end = (enum log_end)end;
    action->start_us = number_read(decoder);
    action->wall_us = number_read(decoder);
    action->user_us = number_read(decoder);
    action->system_us = number_read(decoder);
    action->rss_max_bytes = number_read(decoder);
    action->memory_bytes = number_read(decoder);
    action->waited_us = number_read(decoder);
    action->lane = number_read(decoder);
    uint64_t check = number_read(decoder);
    if (check >= LOG_CHECK_COUNT) {
        decoder->err = ERR_INVALID;
        check = LOG_UNCHECKED;
    }
    action->check = (enum log_check)check;
    action->argv = rows_read(decoder);
    action->env = rows_read(decoder);
    action->trees = rows_read(decoder);
    action->outputs = rows_read(decoder);
    uint64_t folder_count = number_read(decoder);
    if (folder_count > action->outputs.count) {
        decoder->err = ERR_INVALID;
        folder_count = 0;
    }
    action->folder_count = (size_t)folder_count;
    action->producers = rows_read(decoder);
    inputs_read(decoder, action);
}

enum err log_build_decode(struct str record, struct arena *arena, struct log_build *ret_build)
{
    struct decoder decoder = {.arena = arena};
    struct log_build build = {0};
    struct str magic;
    cbor_reader_init(&decoder.reader, record);
    if (cbor_read_text(&decoder.reader, &magic) != OK || !str_eq(magic, STR(LOG_MAGIC))) {
        return ERR_INVALID;
    }
    build.started_us = number_read(&decoder);
    build.wall_us = number_read(&decoder);
    build.tests = bool_read(&decoder);
    build.ok = bool_read(&decoder);
    build.interrupted = bool_read(&decoder);
    build.total = number_read(&decoder);
    build.patterns = texts_read(&decoder);
    decoder.texts = texts_read(&decoder);
    uint64_t count = number_read(&decoder);
    if (decoder.err != OK || count > decoder.reader.input.len) {
        return ERR_INVALID;
    }
    build.actions = ARENA_NEW(arena, struct log_action, (size_t)count);
    for (; build.action_count < count && decoder.err == OK; build.action_count++) {
        action_read(&decoder, &build.actions[build.action_count]);
    }
    *ret_build = build;
    return decoder.err == OK && decoder.reader.input.len == 0 ? OK : ERR_INVALID;
}

/* The folder. */

static bool number_of(struct str name, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] < '0' || name.ptr[i] > '9') {
            return false;
        }
        number = number * 10 + (uint64_t)(name.ptr[i] - '0');
    }
    *ret_number = number;
    return name.len == NAME_DIGITS;
}

static int number_cmp(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

enum err log_numbers(const char *state, struct arena *arena, uint64_t **ret_numbers,
    size_t *ret_count, struct diags *diags)
{
    *ret_count = 0;
    *ret_numbers = NULL;
    DIR *dir = opendir(arena_printf(arena, "%s/log", state).ptr);
    if (dir == NULL) {
        return errno == ENOENT ? OK : diag_add_errno(diags, errno, "cannot list the build log");
    }
    AUTO_BUF found = {0};
    const struct dirent *entry;
    uint64_t number;
    while ((entry = readdir(dir)) != NULL) {
        if (number_of(str_of(entry->d_name), &number)) {
            buf_add(&found, (struct str){.ptr = (const char *)&number, .len = sizeof number});
        }
    }
    (void)closedir(dir);
    *ret_count = found.len / sizeof number;
    *ret_numbers = ARENA_NEW(arena, uint64_t, *ret_count);
    if (*ret_count > 0) {
        memcpy(*ret_numbers, found.ptr, found.len);
        qsort(*ret_numbers, *ret_count, sizeof number, number_cmp);
    }
    return OK;
}

static const char *record_path(const char *state, uint64_t number, struct arena *arena)
{
    return arena_printf(arena, "%s/log/%08llu", state, (unsigned long long)number).ptr;
}

enum err log_read(const char *state, uint64_t number, struct arena *arena,
    struct log_build *ret_build, struct diags *diags)
{
    struct str bytes;
    enum err err = file_read(
        AT_FDCWD, record_path(state, number, arena), LOG_RECORD_BYTES_MAX, arena, &bytes, diags);
    if (err == OK && log_build_decode(bytes, arena, ret_build) != OK) {
        return ERR_ABSENT;
    }
    ret_build->number = number;
    return err;
}

/* What is too old goes; what cannot be removed stays. */
static void old_remove(const char *state, const uint64_t *numbers, size_t count, uint64_t new_bytes,
    struct arena *arena)
{
    uint64_t total_bytes = new_bytes;
    for (size_t i = count; i > 0; i--) {
        struct stat st;
        const char *path = record_path(state, numbers[i - 1], arena);
        total_bytes += stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
        if (count - i + 2 > LOG_BUILDS_MAX || total_bytes > LOG_BYTES_MAX) {
            (void)unlink(path);
        }
    }
}

enum err log_write(const char *state, struct str record, struct arena *arena, struct diags *diags)
{
    const char *folder = arena_printf(arena, "%s/log", state).ptr;
    enum err err = dirs_make(AT_FDCWD, folder, diags);
    uint64_t *numbers = NULL;
    size_t count = 0;
    err = err == OK ? log_numbers(state, arena, &numbers, &count, diags) : err;
    if (err != OK || record.len > LOG_RECORD_BYTES_MAX) {
        return err;
    }
    const char *temporary = arena_printf(arena, "%s/.%d", folder, (int)getpid()).ptr;
    AUTO_CLOSE int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || fd_write_all(fd, record) != OK) {
        err = diag_add_errno(diags, errno, "cannot write %s", temporary);
        (void)unlink(temporary);
        return err;
    }
    uint64_t number = count > 0 ? numbers[count - 1] : 0;
    int result = -1;
    errno = EEXIST;
    for (unsigned i = 0; i < TRIES_MAX && result != 0 && errno == EEXIST; i++) {
        number++; /* another build of this workspace may take it first */
        result = link(temporary, record_path(state, number, arena));
    }
    err = result == 0 ? OK : diag_add_errno(diags, errno, "cannot write the build log");
    (void)unlink(temporary);
    old_remove(state, numbers, count, record.len, arena);
    return err;
}

bool log_action_matches(const struct log_action *action, const struct pattern *pattern)
{
    struct arena arena = {0};
    struct diags ignored;
    struct label label;
    diags_init(&ignored, &arena, NULL);
    struct str key = str_sub(action->key, 0, str_find(action->key, '#'));
    bool matches =
        label_parse(key, STR(""), SPAN_NONE, &arena, &label, &ignored) == OK &&
        pattern_matches(pattern, label) &&
        (pattern->selector.len == 0 || str_eq(pattern->selector, action->identifier)) &&
        (pattern->label.config.len == 0 ? str_find(action->label, '@') == action->label.len
                                        : str_eq(pattern->label.config, label.config));
    arena_release(&arena);
    return matches;
}

void log_critical_path(const struct log_build *build, struct arena *arena, size_t **ret_rows,
    size_t *ret_count, uint64_t *ret_wall_us)
{
    size_t count = build->action_count, last = count, length = 0;
    struct table rows = {0};
    size_t *newest = ARENA_NEW(arena, size_t, count); /* of the rows with one key */
    uint64_t *total_us = ARENA_NEW(arena, uint64_t, count);
    size_t *before = ARENA_NEW(arena, size_t, count);
    *ret_wall_us = 0;
    for (size_t i = 0; i < count; i++) { /* who is read from has ended before */
        const struct log_action *action = &build->actions[i];
        before[i] = count;
        for (size_t j = 0; j < action->producers.count; j++) {
            uint32_t row = table_get(&rows, action->producers.at[j]);
            size_t other = row == TABLE_NONE ? count : newest[row];
            if (other != count && (before[i] == count || total_us[other] > total_us[before[i]])) {
                before[i] = other;
            }
        }
        total_us[i] = action->wall_us + (before[i] == count ? 0 : total_us[before[i]]);
        newest[table_add(&rows, NULL, action->key)] = i;
        if (last == count || total_us[i] > *ret_wall_us) {
            last = i;
            *ret_wall_us = total_us[i];
        }
    }
    table_release(&rows);
    for (size_t i = last; i != count; i = before[i]) {
        length++;
    }
    *ret_rows = ARENA_NEW(arena, size_t, length);
    *ret_count = length;
    for (size_t i = last; i != count; i = before[i]) {
        (*ret_rows)[--length] = i;
    }
}
