/* src/cli/junit.c */
#include "cli/junit.h"
#include "base/file.h"
#include "base/utf8.h"
#include <fcntl.h>

/* XML 1.0, 2.2: of what is below U+0020 only tab, line feed and carriage return are characters; nor
 * are U+FFFE and U+FFFF. */
static bool is_character(struct str sequence)
{
    unsigned char first = (unsigned char)sequence.ptr[0];
    return sequence.len > 1
               ? !str_eq(sequence, STR("\xef\xbf\xbe")) && !str_eq(sequence, STR("\xef\xbf\xbf"))
               : first >= 0x20 || first == '\t' || first == '\n' || first == '\r';
}

static void xml_add(struct buf *text, struct str bytes)
{
    for (size_t i = 0; i < bytes.len;) {
        size_t len = utf8_len(str_sub(bytes, i, bytes.len));
        struct str one = str_sub(bytes, i, i + (len == 0 ? 1 : len));
        i += one.len;
        if (len == 0 || !is_character(one)) {
            buf_add(text, STR("\xef\xbf\xbd"));
        } else if (one.ptr[0] == '<') {
            buf_add(text, STR("&lt;"));
        } else if (one.ptr[0] == '>') {
            buf_add(text, STR("&gt;"));
        } else if (one.ptr[0] == '&') {
            buf_add(text, STR("&amp;"));
        } else if (one.ptr[0] == '"') {
            buf_add(text, STR("&quot;"));
        } else {
            buf_add(text, one);
        }
    }
}

static void attribute_add(struct buf *text, const char *name, struct str value)
{
    buf_printf(text, " %s=\"", name);
    xml_add(text, value);
    buf_add_byte(text, '"');
}

static void blob_add(const struct building *building, const char *element,
    const struct digest *digest, struct buf *text)
{
    struct str bytes;
    if (digest->size_bytes > 0 && build_blob_get(building->engine, digest, &building->cli->arena,
                                      &bytes, &building->cli->diags) == OK) {
        buf_printf(text, "<%s>", element);
        xml_add(text, bytes);
        buf_printf(text, "</%s>\n", element);
    }
}

static void case_begin(struct buf *text, struct str label, uint64_t wall_us)
{
    size_t colon = str_find_last(label, ':');
    buf_add(text, STR("<testcase"));
    attribute_add(text, "classname", str_sub(label, 0, colon));
    attribute_add(text, "name", str_sub(label, colon + 1, label.len));
    buf_printf(text, " time=\"%llu.%06llu\">\n", (unsigned long long)(wall_us / 1000000),
        (unsigned long long)(wall_us % 1000000));
}

static void test_add(
    const struct building *building, const struct goal_target *target, struct buf *text)
{
    const struct goal_test *test = &target->test;
    struct arena *arena = &building->cli->arena;
    case_begin(text, build_label_show(building->engine, target->label, arena), test->wall_us);
    bool flaky = test->passed && test->flaky;
    if (!test->passed || flaky) {
        struct str why = test->why;
        if (test->run_count > target->shard_count) {
            why = arena_printf(arena, "%.*s, %llu of %llu runs failed", STR_ARG(test->why),
                (unsigned long long)test->failed_count, (unsigned long long)test->run_count);
        }
        buf_add(text, flaky ? STR("<flakyFailure") : STR("<failure"));
        attribute_add(text, "message", why);
        buf_add(text, STR("/>\n"));
        for (size_t i = 0; i < target->shard_count; i++) {
            const struct goal_test *shard = &target->shards[i];
            if (!shard->passed || shard->flaky) {
                blob_add(building, "system-out", &shard->stdout_digest, text);
                blob_add(building, "system-err", &shard->stderr_digest, text);
            }
        }
    }
    buf_add(text, STR("</testcase>\n"));
}

enum err junit_write(const struct building *building, struct str path)
{
    const struct goal *goal = &building->goal;
    struct cli *cli = building->cli;
    AUTO_BUF text = {0};
    uint64_t failures = 0;
    for (size_t i = 0; i < goal->target_count; i++) {
        failures += goal->targets[i].test.passed ? 0 : 1;
    }
    buf_printf(&text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites>\n<testsuite name=\"straylight\" tests=\"%zu\" failures=\"%llu\""
        " errors=\"%zu\" time=\"%llu.%06llu\">\n",
        goal->target_count + goal->failed.count, (unsigned long long)failures, goal->failed.count,
        (unsigned long long)(building->wall_us / 1000000),
        (unsigned long long)(building->wall_us % 1000000));
    for (size_t i = 0; i < goal->target_count; i++) {
        test_add(building, &goal->targets[i], &text);
    }
    for (size_t i = 0; i < goal->failed.count; i++) {
        case_begin(&text, goal->failed.at[i], 0);
        buf_add(&text, STR("<error message=\"it could not be built\"/>\n</testcase>\n"));
    }
    buf_add(&text, STR("</testsuite>\n</testsuites>\n"));
    return file_write_atomic(AT_FDCWD, arena_cstr(&cli->arena, path), buf_str(&text), &cli->diags);
}
