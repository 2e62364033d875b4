/* src/build/depfile_test.c */
#include "base/test.h"
#include "build/depfile.h"

static const struct {
    const char *text, *want; /* want: paths with a '|' behind each; NULL: refused */
} cases[] = {
    {"x.o: x.c", "x.c|"},
    {"x.o : x.c\n", "x.c|"},
    {"x.o: x.c a/b.h \\\n  c.h\n", "x.c|a/b.h|c.h|"},
    {"x.o: \\\r\n x.c\r\n", "x.c|"},
    {"x.o: \\\n  x.c \\\n", "x.c|"},
    {"x.o:\\\n  x.c", "x.c|"},
    {"x.o y.o: x.c", "x.c|"},
    {"x.o: x.c a.h\n\na.h:\n", "x.c|a.h|"},
    {"x.o: x.c\ny.o: y.c\n", "x.c|y.c|"},
    {"x.o: ./x.c a//b.h a/./c.h a/../d.h a/b/../../e.h", "x.c|a/b.h|a/c.h|d.h|e.h|"},
    {"x.o: /build/x.c /build/./a.h /usr/include/stdio.h", "x.c|a.h|"},
    {"x.o: a\\ b.h c\\#d.h e$$f.h g\\h.h i:j.h", "a b.h|c#d.h|e$f.h|g\\h.h|i:j.h|"},
    {"x.o:", ""},
    {"", ""},
    {"only words\n", ""},
    {"x.o: ../x.c", NULL},
    {"x.o: a/../../x.c", NULL},
    {"x.o: /usr/../build/x.c", NULL},
    {"x.o: .", NULL},
    {"x.o: $(wildcard x)", NULL},
    {"x.o: x.c # a comment", NULL},
    {"x.o: x.c : y.c", NULL},
};

static void read_check(struct str text, const char *want)
{
    struct arena arena = {0};
    struct strs paths;
    enum err err = depfile_read(text, &arena, &paths);
    CHECK((err == OK) == (want != NULL));
    if (err == OK && want != NULL) {
        struct str all = STR("");
        for (size_t i = 0; i < paths.count; i++) {
            all = arena_printf(&arena, "%.*s%.*s|", STR_ARG(all), STR_ARG(paths.at[i]));
        }
        CHECK_STR(all, str_of(want));
    }
    arena_release(&arena);
}

static void reads(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        read_check(str_of(cases[i].text), cases[i].want);
    }
    read_check(STR("x.o: a\0b"), NULL);
}

static void hides(void)
{
    CHECK(depfile_text_hides(STR("asm(\".incbin \\\"x\\\"\");")));
    CHECK(depfile_text_hides(STR("__asm__(\".inc\" \"lude \\\"x\\\"\");")));
    CHECK(depfile_text_hides(STR("\t.include \"x.inc\"\n")));
    CHECK(!depfile_text_hides(STR("#include \"x.h\"\nint incubi;")));
    CHECK(!depfile_text_hides(STR("")));
}

int main(void)
{
    TEST(reads);
    TEST(hides);
    return test_done();
}
