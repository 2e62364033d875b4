/* src/build/label_test.c */
#include "base/test.h"
#include "build/label.h"

static const struct {
    const char *text, *package, *want; /* want: kind and label; NULL: refused */
} cases[] = {
    {"//a/b:c", "", "target //a/b:c"},
    {"//a/b", "", "target //a/b:b"},
    {"//a", "x", "target //a:a"},
    {":c", "a/b", "target //a/b:c"},
    {":c", "", "target //:c"},
    {"//:c", "x", "target //:c"},
    {"//a:c@orin", "", "target //a:c@orin"},
    {"//a@orin", "", "target //a:a@orin"},
    {":c@orin", "x", "target //x:c@orin"},
    {"//a:c#x.c", "", "target //a:c x.c"},
    {"//...", "x", "tree //:"},
    {"//a/...", "", "tree //a:"},
    {"...", "a/b", "tree //a/b:"},
    {"//...@orin", "", "tree //:@orin"},
    {"//a:*", "", "package //a:"},
    {":*", "a", "package //a:"},
    {"//a-b_c+d.e=f,g/h:i~j!k", "", "target //a-b_c+d.e=f,g/h:i~j!k"},
    {"//", "", NULL},
    {"", "a", NULL},
    {":", "a", NULL},
    {"a", "a", NULL},
    {"a:b", "a", NULL},
    {"//a:", "", NULL},
    {"//a:b:c", "", NULL},
    {"//a/../b:c", "", NULL},
    {"//a//b:c", "", NULL},
    {"//a/:c", "", NULL},
    {"///a:c", "", NULL},
    {"//a:b/c", "", NULL},
    {"//a:b@", "", NULL},
    {"//a:b@c@d", "", NULL},
    {"//a b:c", "", NULL},
    {"//a:b\n", "", NULL},
    {"//...:x", "", NULL},
    {"//a:b#", "", NULL},
    {"//a/...#x", "", NULL},
};

static void parses(void)
{
    static const char *const kinds[] = {"target", "package", "tree"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = {0};
        struct diags diags;
        diags_init(&diags, &arena, NULL);
        struct pattern pattern;
        enum err err = pattern_parse(
            str_of(cases[i].text), str_of(cases[i].package), SPAN_NONE, &arena, &pattern, &diags);
        CHECK((err == OK) == (cases[i].want != NULL));
        if (err == OK && cases[i].want != NULL) {
            struct str label = label_format(pattern.label, &arena);
            struct str got = arena_printf(&arena, "%s %.*s%s%.*s", kinds[pattern.kind],
                STR_ARG(label), pattern.selector.len > 0 ? " " : "", STR_ARG(pattern.selector));
            CHECK_STR(got, str_of(cases[i].want));
        } else {
            CHECK(diags.newest != NULL);
        }
        arena_release(&arena);
    }
}

static void matches(void)
{
    static const struct {
        const char *pattern, *label;
        bool want;
    } rows[] = {
        {"//...", "//a:b", true},
        {"//...", "//:b", true},
        {"//a/...", "//a:b", true},
        {"//a/...", "//a/c:b", true},
        {"//a/...", "//ab:b", false},
        {"//a/...", "//:a", false},
        {"//a:*", "//a:b", true},
        {"//a:*", "//a/c:b", false},
        {"//a:b", "//a:b", true},
        {"//a:b", "//a:c", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena = {0};
        struct diags diags;
        diags_init(&diags, &arena, NULL);
        struct pattern pattern;
        struct label label;
        CHECK(pattern_parse(
                  str_of(rows[i].pattern), STR(""), SPAN_NONE, &arena, &pattern, &diags) == OK);
        CHECK(label_parse(str_of(rows[i].label), STR(""), SPAN_NONE, &arena, &label, &diags) == OK);
        CHECK(pattern_matches(&pattern, label) == rows[i].want);
        arena_release(&arena);
    }
}

static void pattern_is_no_label(void)
{
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    struct label label;
    CHECK(label_parse(STR("//a/..."), STR(""), SPAN_NONE, &arena, &label, &diags) == ERR_INVALID);
    CHECK_STR(diags.newest->text, STR("label \"//a/...\" is a pattern where one target is needed"));
    arena_release(&arena);
}

static void near_misses(void)
{
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    static const struct str known[] = {{"//a:sha512", 10}, {"//a:greet", 9}, {"//a:sha256", 10},
        {"//a:sha25", 9}, {"//a:sha2567", 11}};
    CHECK(diag_add(&diags, ERR_INVALID, SPAN_NONE, "x") == ERR_INVALID);
    near_help(&diags, STR("//a:sha256x"), known, 5);
    CHECK_STR(diags.newest->help, STR("did you mean //a:sha256 or //a:sha2567 or //a:sha25?"));
    CHECK(diag_add(&diags, ERR_INVALID, SPAN_NONE, "y") == ERR_INVALID);
    near_help(&diags, STR("//elsewhere:else"), known, 5);
    CHECK_STR(diags.newest->help, STR(""));
    arena_release(&arena);
}

static void paths(void)
{
    CHECK(path_fault(STR("a/b.c")) == NULL);
    CHECK(path_fault(STR("..a/b..")) == NULL);
    CHECK(path_fault(STR("")) != NULL);
    CHECK(path_fault(STR("/a")) != NULL);
    char text[PATH_BYTES_MAX + 1];
    memset(text, 'n', sizeof text);
    CHECK(path_fault((struct str){text, 255}) == NULL);
    CHECK(path_fault((struct str){text, 256}) != NULL);
    for (size_t i = 1; i < sizeof text; i += 2) {
        text[i] = '/';
    }
    CHECK(path_fault((struct str){text, PATH_BYTES_MAX - 1}) == NULL);
    CHECK(path_fault((struct str){text, PATH_BYTES_MAX + 1}) != NULL);
    CHECK(path_fault(STR("a/../b")) != NULL);
    CHECK(path_fault(STR("./a")) != NULL);
    CHECK(path_fault(STR("a//b")) != NULL);
    CHECK(path_fault(STR("a/")) != NULL);
    CHECK(path_fault(STR("a\0b")) != NULL);
}

static void what_a_user_types(void)
{
    static const struct {
        const char *text, *here, *want;
    } typed[] = {{"//a:b", "c", "//a:b"}, {":b", "", "//:b"}, {":b", "a/c", "//a/c:b"},
        {"...", "", "//..."}, {"...", "a", "//a/..."}, {"b/...", "a", "//a/b/..."},
        {"b", "", "//b"}, {"b", "a", "//a/b"}, {"b/c/", "a", "//a/b/c"}, {"b:c", "", "//b:c"},
        {"//b/", "a", "//b"}, {"b#x.c", "a", "//a/b#x.c"}, {"//", "a", "//"}};
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        CHECK_STR(pattern_absolute(str_of(typed[i].text), str_of(typed[i].here), &arena),
            str_of(typed[i].want));
    }
    arena_release(&arena);
}

int main(void)
{
    TEST(what_a_user_types);
    TEST(parses);
    TEST(matches);
    TEST(pattern_is_no_label);
    TEST(near_misses);
    TEST(paths);
    return test_done();
}
