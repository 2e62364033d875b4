/* src/build/log_test.c: records of builds: there and back, damage, the critical path. */
#include "base/file.h"
#include "base/test.h"
#include "build/log.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const struct str argv[] = {{"/usr/bin/cc", 11}, {"-c", 2}, {"\xff", 1}};
static const struct str made_by_first[] = {{"//a:a@host#0", 12}};
static const struct log_input inputs[] = {
    {{"a/x.c", 5}, {"0/1", 3}, TREE_FILE}, {{"a/x.h", 5}, {"1/2", 3}, TREE_EXECUTABLE}};

static void record_make(struct buf *ret_record)
{
    struct arena arena = {0};
    struct table texts = {0};
    AUTO_BUF actions = {0};
    struct log_action action = {.key = STR("//a:a@host#0"),
        .label = STR("//a:a"),
        .what = STR("c.compile x.c"),
        .identifier = STR("x.c"),
        .end = LOG_RAN,
        .cause = STR("a/x.c"),
        .wall_us = 30,
        .lane = 2,
        .digest = STR("ab/3"),
        .argv = {.at = argv, .count = 3},
        .outputs = {.at = argv, .count = 2},
        .folder_count = 1,
        .inputs = inputs,
        .input_count = 2};
    log_action_encode(&action, &texts, &arena, &actions);
    action.key = STR("//a:b@host#0");
    action.wall_us = 50;
    log_action_encode(&action, &texts, &arena, &actions);
    action.key = STR("//a:c@host#0");
    action.wall_us = 25;
    action.producers = (struct strs){.at = made_by_first, .count = 1};
    log_action_encode(&action, &texts, &arena, &actions);
    struct log_build build = {
        .started_us = 7, .wall_us = 80, .ok = true, .total = 9, .action_count = 3};
    log_build_encode(&build, &texts, buf_str(&actions), ret_record);
    table_release(&texts);
    arena_release(&arena);
}

static void there_and_back(void)
{
    struct arena arena = {0};
    AUTO_BUF record = {0};
    struct log_build build = {0};
    record_make(&record);
    CHECK(log_build_decode(buf_str(&record), &arena, &build) == OK);
    CHECK(build.action_count == 3 && build.total == 9 && build.started_us == 7 && build.ok);
    const struct log_action *action = &build.actions[0];
    CHECK_STR(action->key, STR("//a:a@host#0"));
    CHECK_STR(action->what, STR("c.compile x.c"));
    CHECK(action->end == LOG_RAN && action->lane == 2 && action->wall_us == 30);
    CHECK(action->argv.count == 3 && action->input_count == 2);
    CHECK_STR(action->argv.at[2], STR("\xff"));
    CHECK_STR(action->inputs[1].path, STR("a/x.h"));
    CHECK_STR(action->inputs[1].digest, STR("1/2"));
    CHECK(action->inputs[0].kind == TREE_FILE && action->inputs[1].kind == TREE_EXECUTABLE);
    CHECK(action->outputs.count == 2 && action->folder_count == 1);
    arena_release(&arena);
}

/* No prefix of a record is one, nor a record with a byte more; changed bytes never crash. */
static void damage(void)
{
    struct arena arena = {0};
    AUTO_BUF record = {0};
    struct log_build build;
    record_make(&record);
    for (size_t len = 0; len < record.len; len++) {
        CHECK(log_build_decode(str_sub(buf_str(&record), 0, len), &arena, &build) == ERR_INVALID);
    }
    size_t taken = 0;
    for (size_t i = 0; i < record.len * 8; i++) {
        record.ptr[i / 8] = (char)(record.ptr[i / 8] ^ (1 << (i % 8)));
        taken += log_build_decode(buf_str(&record), &arena, &build) == OK;
        record.ptr[i / 8] = (char)(record.ptr[i / 8] ^ (1 << (i % 8)));
    }
    CHECK(taken < record.len * 8);
    buf_add_byte(&record, 0);
    CHECK(log_build_decode(buf_str(&record), &arena, &build) == ERR_INVALID);
    arena_release(&arena);
}

static void critical_path(void)
{
    struct arena arena = {0};
    AUTO_BUF record = {0};
    struct log_build build = {0};
    record_make(&record);
    CHECK(log_build_decode(buf_str(&record), &arena, &build) == OK);
    size_t *rows, count;
    uint64_t wall_us;
    log_critical_path(&build, &arena, &rows, &count, &wall_us);
    CHECK(count == 2 && wall_us == 55); /* 30 + 25, not the 50 of the other */
    CHECK(count == 2 && rows[0] == 0 && rows[1] == 2);
    build.action_count = 0;
    log_critical_path(&build, &arena, &rows, &count, &wall_us);
    CHECK(count == 0 && wall_us == 0);
    arena_release(&arena);
}

static void matches(void)
{
    static const struct {
        const char *pattern;
        bool want;
    } cases[] = {{"//a:a", true}, {"//a", true}, {"//a:a#x.c", true}, {"//a:a#y.c", false},
        {"//...", true}, {"//a:a@host", true}, {"//a:a@orin", false}, {"//b:a", false}};
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    struct log_action action = {
        .key = STR("//a:a@host#0"), .label = STR("//a:a"), .identifier = STR("x.c")};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pattern pattern = {0};
        CHECK(pattern_parse(
                  str_of(cases[i].pattern), STR(""), SPAN_NONE, &arena, &pattern, &diags) == OK);
        CHECK(log_action_matches(&action, &pattern) == cases[i].want);
    }
    arena_release(&arena);
}

/* The folder keeps a bounded number of them; numbers are never used again. */
static void folder(void)
{
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    AUTO_BUF record = {0};
    record_make(&record);
    char state[] = "/tmp/straylight-log-test.XXXXXX";
    CHECK(mkdtemp(state) != NULL);
    uint64_t *numbers;
    size_t count;
    struct log_build build = {0};
    CHECK(log_numbers(state, &arena, &numbers, &count, &diags) == OK && count == 0);
    CHECK(log_read(state, 1, &arena, &build, &diags) == ERR_ABSENT);
    for (size_t i = 0; i < LOG_BUILDS_MAX + 5; i++) {
        CHECK(log_write(state, buf_str(&record), &arena, &diags) == OK);
    }
    CHECK(log_numbers(state, &arena, &numbers, &count, &diags) == OK && count == LOG_BUILDS_MAX);
    CHECK(count == LOG_BUILDS_MAX && numbers[0] == 6 && numbers[count - 1] == count + 5);
    CHECK(log_read(state, 6, &arena, &build, &diags) == OK && build.number == 6);
    CHECK(truncate(arena_printf(&arena, "%s/log/00000006", state).ptr, 20) == 0);
    CHECK(log_read(state, 6, &arena, &build, &diags) == ERR_ABSENT);
    CHECK(tree_remove(AT_FDCWD, state, &diags) == OK);
    arena_release(&arena);
}

/* Each way in which an action may differ from what it was, alone. */
static void comparison(void)
{
    static const struct str words[] = {{"cc", 2}, {"-a", 2}, {"-b", 2}};
    static const struct str turned[] = {{"cc", 2}, {"-b", 2}, {"-a", 2}};
    static const struct str old_tree[] = {{"/ 11/1", 6}}, new_tree[] = {{"/ 22/2", 6}};
    static const struct log_input old_inputs[] = {{{"a", 1}, {"1/1", 3}, TREE_FILE},
        {{"b", 1}, {"1/1", 3}, TREE_FILE}, {{"d", 1}, {"1/1", 3}, TREE_FILE}};
    static const struct log_input new_inputs[] = {{{"b", 1}, {"2/2", 3}, TREE_FILE},
        {{"c", 1}, {"1/1", 3}, TREE_FILE}, {{"d", 1}, {"1/1", 3}, TREE_EXECUTABLE}};
    static const struct {
        struct log_action then, now;
        const char *want;
    } cases[] = {
        {{.argv = {words, 3}}, {.argv = {words, 3}}, ""},
        {{.argv = {words, 2}}, {.argv = {words, 3}}, "argument -b is new|"},
        {{.argv = {words, 3}}, {.argv = {words, 2}}, "argument -b is gone|"},
        {{.argv = {words, 3}}, {.argv = {turned, 3}}, "each argument is there, in another order|"},
        {{.env = {words, 1}}, {.env = {words, 2}}, "environment variable -a is new|"},
        {{.outputs = {words, 2}}, {.outputs = {words, 1}}, "output -a is gone|"},
        {{.trees = {old_tree, 1}}, {.trees = {new_tree, 1}},
            "the toolchain or library tree at / is 22/2, was 11/1|"},
        {{.trees = {old_tree, 0}}, {.trees = {new_tree, 1}},
            "the toolchain or library tree at / is 22/2, was none|"},
        {{.inputs = old_inputs, .input_count = 3}, {.inputs = new_inputs, .input_count = 3},
            "a is not an input any more|b changed|c is a new input|d became executable|"},
        {{.digest = {"1", 1}}, {.digest = {"2", 1}}, "what it requires of the machine changed|"},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        AUTO_BUF got = {0};
        struct strs reasons = log_action_compare(&cases[i].then, &cases[i].now, &arena);
        for (size_t j = 0; j < reasons.count; j++) {
            buf_add(&got, reasons.at[j]);
            buf_add_byte(&got, '|');
        }
        CHECK_STR(buf_str(&got), str_of(cases[i].want));
    }
    arena_release(&arena);
}

int main(void)
{
    TEST(there_and_back);
    TEST(damage);
    TEST(critical_path);
    TEST(matches);
    TEST(comparison);
    TEST(folder);
    return test_done();
}
