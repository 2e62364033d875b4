/* src/base/base_test.c */
#include "base/arena.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/table.h"
#include "base/test.h"
#include "base/utf8.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void views_compare(void)
{
    CHECK(str_cmp(STR("a"), STR("ab")) < 0);
    CHECK(str_cmp(STR("b"), STR("ab")) > 0);
    CHECK(str_eq(str_sub(STR("abc"), 1, 9), STR("bc")));
    CHECK(str_sub(STR("abc"), 5, 9).len == 0);
    CHECK(str_find_last(STR("a/b/c"), '/') == 3);
    CHECK(str_find(STR("abc"), '/') == 3);
}

static void arena_gives_aligned_bytes(void)
{
    struct arena arena = {0};
    for (size_t i = 0; i < 2000; i++) {
        char *ptr = arena_alloc(&arena, i * 17 % 40000);
        CHECK((uintptr_t)ptr % 16 == 0);
        memset(ptr, 0x5A, i * 17 % 40000);
    }
    CHECK_STR(arena_printf(&arena, "%d-%s", 12, "x"), STR("12-x"));
    arena_release(&arena);
}

static void table_keeps_rows(void)
{
    struct arena arena = {0};
    struct table table = {0};
    for (uint32_t i = 0; i < 5000; i++) {
        CHECK(table_add(&table, &arena, arena_printf(&arena, "key-%u", i)) == i);
    }
    for (uint32_t i = 0; i < 5000; i++) {
        CHECK(table_get(&table, arena_printf(&arena, "key-%u", i)) == i);
        CHECK(table_add(&table, &arena, arena_printf(&arena, "key-%u", i)) == i);
    }
    CHECK(table_get(&table, STR("absent")) == TABLE_NONE);
    table_release(&table);
    arena_release(&arena);
}

static void diags_show_source(void)
{
    struct arena arena = {0};
    struct sources *sources = sources_new();
    uint32_t source = sources_add(sources, STR("BUILD.dhall"), STR("let x = 1\nin  \xC3\xA9 yz\n"));
    struct diags diags;
    diags_init(&diags, &arena, sources);
    CHECK(diag_add(&diags, ERR_INVALID, (struct span){source, 17, 19}, "unbound %s", "yz") ==
          ERR_INVALID);
    diag_help(&diags, "bind it");
    CHECK(diag_add(&diags, ERR_INVALID, SPAN_NONE, "cannot load //x") == ERR_INVALID);
    AUTO_BUF text = {0};
    diags_format(&diags, false, &text);
    CHECK_STR(buf_str(&text), STR("BUILD.dhall:2:7: error: unbound yz\n"
                                  "    2 | in  \xC3\xA9 yz\n"
                                  "      |       ^~\n"
                                  "  help: bind it\n"
                                  "note: cannot load //x\n"));
    struct diags all; /* what was told once is passed over, also where it went */
    diags_init(&all, &arena, sources);
    diags_told(&diags);
    diags_append(&all, &diags);
    diags_end_chain(&all);
    CHECK(diag_add(&all, ERR_IO, SPAN_NONE, "new") == ERR_IO);
    text.len = 0;
    diags_format(&all, false, &text);
    CHECK_STR(buf_str(&text), STR("error: new\n"));
    sources_free(sources);
    arena_release(&arena);
}

static void files_round_trip(void)
{
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    char dir[] = "/tmp/straylight-test-XXXXXX";
    CHECK(mkdtemp(dir) != NULL);
    AUTO_CLOSE int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(dirs_make(dir_fd, "a/b/c", &diags) == OK);
    CHECK(file_write_atomic(dir_fd, "a/b/c/f", STR("text"), &diags) == OK);
    struct str bytes = {0};
    CHECK(file_read(dir_fd, "a/b/c/f", 100, &arena, &bytes, &diags) == OK);
    CHECK_STR(bytes, STR("text"));
    CHECK(file_read(dir_fd, "a/b/c/f", 3, &arena, &bytes, &diags) == ERR_LIMIT);
    CHECK(file_read(dir_fd, "a/x", 3, &arena, &bytes, &diags) == ERR_ABSENT);
    CHECK(tree_remove(AT_FDCWD, dir, &diags) == OK);
    CHECK(access(dir, F_OK) != 0);
    arena_release(&arena);
}

static void utf8_is_strict(void)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {{"", true}, {"plain ASCII, longer than a word", true}, {"\xC3\xA9", true},
        {"\xE2\x82\xAC", true}, {"\xF0\x9F\x98\x80", true}, {"\xF4\x8F\xBF\xBF", true},
        {"\xF4\x90\x80\x80", false}, {"\xED\xA0\x80", false}, {"\xC0\x80", false},
        {"\xE0\x80\xAF", false}, {"\xF8\x88\x80\x80\x80", false}, {"\x80", false},
        {"12345678\xC3", false}, {"1234567\xC3\xA9", true}, {"\xFF", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK(utf8_is(str_of(cases[i].text)) == cases[i].good);
    }
}

static void arena_takes_back_only_the_newest(void)
{
    struct arena arena = {0};
    char *first = arena_alloc(&arena, 8);
    char *second = arena_alloc(&arena, 24);
    CHECK(!arena_take_back(&arena, first, 8));
    CHECK(arena_take_back(&arena, second, 24));
    CHECK(arena_take_back(&arena, first, 8));
    CHECK(arena_alloc(&arena, 8) == first);
    arena_release(&arena);
}

int main(void)
{
    TEST(views_compare);
    TEST(arena_gives_aligned_bytes);
    TEST(table_keeps_rows);
    TEST(diags_show_source);
    TEST(files_round_trip);
    TEST(utf8_is_strict);
    TEST(arena_takes_back_only_the_newest);
    return test_done();
}
