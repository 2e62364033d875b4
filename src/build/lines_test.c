/* src/build/lines_test.c: what stands on the terminal. */
#include "base/test.h"
#include "build/lines.h"

static struct str shown(
    const struct lines *lines, unsigned columns, unsigned rows, struct buf *text)
{
    text->len = 0;
    unsigned count = lines_format(lines, 5300000, columns, rows, text), feeds = 0;
    for (size_t i = 0; i < text->len; i++) {
        feeds += text->ptr[i] == '\n';
    }
    CHECK(count == feeds); /* else the wrong number of lines is erased */
    return buf_str(text);
}

static void running(void)
{
    AUTO_BUF text = {0};
    struct lines lines = {.start_us = 1000000, .done = 12, .run = 10, .cached = 2, .asked = 40};
    CHECK_STR(shown(&lines, 80, 24, &text), STR("[12/40] 0 running, 10 run, 2 cached, 4.3 s\n"));
    lines.left_us = 6600000;
    CHECK_STR(shown(&lines, 80, 24, &text),
        STR("[12/40] 0 running, 10 run, 2 cached, 4.3 s, about 7 s left\n"));
    lines.left_us = 151000000;
    CHECK_STR(shown(&lines, 80, 24, &text),
        STR("[12/40] 0 running, 10 run, 2 cached, 4.3 s, about 3 min left\n"));
    lines.left_us = 400000;
    lines_start(&lines, 7, STR("//a:a: c.compile x.c"), 4000000);
    lines_start(&lines, 8, STR("//a:a: c.compile y\033[J.c"), 5200000);
    CHECK_STR(shown(&lines, 80, 24, &text), STR("[12/40] 2 running, 10 run, 2 cached, 4.3 s\n"
                                                "    1.3 s  //a:a: c.compile x.c\n"
                                                "    0.1 s  //a:a: c.compile y?[J.c\n"));
    lines_end(&lines, 7);
    lines_end(&lines, 99);
    CHECK_STR(shown(&lines, 80, 24, &text), STR("[12/40] 1 running, 10 run, 2 cached, 4.3 s\n"
                                                "    0.1 s  //a:a: c.compile y?[J.c\n"));
    lines_release(&lines);
}

static void bounds(void)
{
    AUTO_BUF text = {0};
    struct lines lines = {.done = 3};
    CHECK_STR(shown(&lines, 8, 24, &text), STR("[3/3] 0\n"));
    for (uint64_t i = 0; i < LINES_RUNNING_MAX + 5; i++) {
        lines_start(&lines, i, STR("x"), 0);
    }
    CHECK(lines.running_count == LINES_RUNNING_MAX);
    struct str all = shown(&lines, 80, 24, &text);
    CHECK(str_ends(all, STR("    5.3 s  x\n    and 1016 more\n")));
    CHECK_STR(shown(&lines, 80, 2, &text), STR("[3/3] 1024 running, 0 run, 0 cached, 5.3 s\n"));
    lines.running_count = 0;
    lines_start(&lines, 1, STR("a\xc3\xa4"), 5300000); /* is not cut within the letter */
    CHECK(str_ends(shown(&lines, 14, 24, &text), STR("  a\n")));
    lines_release(&lines);
}

int main(void)
{
    TEST(running);
    TEST(bounds);
    return test_done();
}
