/* src/base/option_test.c */
#include "base/near.h"
#include "base/option.h"
#include "base/test.h"

enum {
    ROW_JSON,
    ROW_JOBS,
    ROW_NAME,
    ROW_MODE,
    ROW_LIMIT,
    ROW_COUNT
};
static const struct option_spec rows[ROW_COUNT] = {
    [ROW_JSON] = {.name = "json", .letter = 'J', .kind = OPTION_FLAG, .help = "print JSON"},
    [ROW_JOBS] = {.name = "jobs",
        .letter = 'j',
        .kind = OPTION_NUMBER,
        .value = "N",
        .number_max = 512,
        .help = "run N actions at once"},
    [ROW_NAME] = {.name = "name", .kind = OPTION_TEXT, .value = "TEXT", .help = "a name"},
    [ROW_LIMIT] = {.name = "limit",
        .kind = OPTION_ASSIGN,
        .value = "steps|depth",
        .number_max = 99,
        .help = "bounds"},
    [ROW_MODE] = {.name = "mode", .kind = OPTION_CHOICE, .value = "fast|slow", .help = "how"},
};
static const struct command_spec spec = {
    .name = "probe",
    .operands = "FILE...",
    .summary = "try things",
    .options = rows,
    .option_count = ROW_COUNT,
    .operand_kind = OPERAND_FILE,
    .operand_min = 1,
    .operand_max = 3,
    .takes_rest = true,
};

enum {
    WORDS_MAX = 8
};
static const struct {
    const char *title;
    const char *words[WORDS_MAX]; /* NULL behind the last */
    enum err err;
    const char *message; /* of the first diag */
    const char *help;
} bad_cases[] = {
    {"unknown", {"--jons", "3", "f"}, ERR_INVALID, "there is no option --jons",
        "did you mean --jobs?"},
    {"unknown and far", {"--zzzz", "f"}, ERR_INVALID, "there is no option --zzzz", ""},
    {"unknown letter", {"-x", "f"}, ERR_INVALID, "there is no option -x", ""},
    {"no value", {"f", "--jobs"}, ERR_INVALID, "--jobs wants N", ""},
    {"not a number", {"f", "-j", "two"}, ERR_INVALID,
        "--jobs wants a number from 0 to 512, not \"two\"", ""},
    {"empty number", {"f", "--jobs="}, ERR_INVALID, "--jobs wants a number from 0 to 512, not \"\"",
        ""},
    {"number too large", {"f", "--jobs=513"}, ERR_INVALID,
        "--jobs wants a number from 0 to 512, not \"513\"", ""},
    {"number past 64 bits", {"f", "--jobs=99999999999999999999"}, ERR_INVALID,
        "--jobs wants a number from 0 to 512, not \"99999999999999999999\"", ""},
    {"value for a flag", {"f", "--json=1"}, ERR_INVALID, "--json takes no value", ""},
    {"no assignment", {"f", "--limit", "steps"}, ERR_INVALID,
        "--limit steps= wants a number from 0 to 99, not \"\"", ""},
    {"no such name", {"f", "--limit=width=3"}, ERR_INVALID,
        "--limit wants NAME=N, NAME one of steps|depth, not \"width=3\"", ""},
    {"assigned too much", {"f", "--limit=depth=100"}, ERR_INVALID,
        "--limit depth= wants a number from 0 to 99, not \"100\"", ""},
    {"no assignment at all", {"f", "--limit"}, ERR_INVALID, "--limit wants NAME=N", ""},
    {"bad choice", {"f", "--mode", "medium"}, ERR_INVALID,
        "--mode is one of fast|slow, not \"medium\"", ""},
    {"empty text", {"f", "--name="}, ERR_INVALID, "--name wants TEXT", ""},
    {"bad colour", {"f", "--color=blue"}, ERR_INVALID,
        "--color is one of auto|always|never, not \"blue\"", ""},
    {"too few", {"--json"}, ERR_INVALID, "probe wants FILE...", ""},
    {"too many", {"a", "b", "c", "d"}, ERR_INVALID,
        "probe takes no \"d\": there are too many operands", ""},
};

static size_t words_count(const char *const *words)
{
    size_t count = 0;
    while (count < WORDS_MAX && words[count] != NULL) {
        count++;
    }
    return count;
}

static void wrong_use_is_told(void)
{
    for (size_t i = 0; i < sizeof bad_cases / sizeof bad_cases[0]; i++) {
        struct arena arena = {0};
        struct diags diags;
        diags_init(&diags, &arena, NULL);
        struct option_args args;
        enum err err = option_parse(
            &spec, bad_cases[i].words, words_count(bad_cases[i].words), &arena, &args, &diags);
        if (err != bad_cases[i].err) {
            (void)printf("# %s\n", bad_cases[i].title);
        }
        CHECK(err == bad_cases[i].err);
        if (diags.newest != NULL) {
            CHECK_STR(diags.newest->text, str_of(bad_cases[i].message));
            CHECK_STR(diags.newest->help, str_of(bad_cases[i].help));
        }
        arena_release(&arena);
    }
}

static void forms_are_understood(void)
{
    static const char *const words[] = {"a", "-Jj7", "--name=x=y", "--mode", "slow", "-", "-j", "9",
        "--color", "never", "--", "--json", "-j"};
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    struct option_args args;
    CHECK(option_parse(&spec, words, sizeof words / sizeof words[0], &arena, &args, &diags) == OK);
    CHECK(args.values[ROW_JSON].given);
    CHECK(args.values[ROW_JOBS].number == 9);
    CHECK_STR(args.values[ROW_NAME].text, STR("x=y"));
    CHECK_STR(args.values[ROW_MODE].text, STR("slow"));
    CHECK_STR(args.common[OPTION_COMMON_COLOR].text, STR("never"));
    CHECK(!args.common[OPTION_COMMON_PROGRESS].given);
    CHECK(args.operand_count == 2 && strcmp(args.operands[1], "-") == 0);
    CHECK(args.operands[2] == NULL);
    CHECK(args.rest_count == 2 && strcmp(args.rest[0], "--json") == 0);
    arena_release(&arena);
}

static void help_wins(void)
{
    static const char *const words[] = {"--nonsense", "--help"};
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    struct option_args args;
    CHECK(option_parse(&spec, words, 2, &arena, &args, &diags) == OK);
    CHECK(args.common[OPTION_COMMON_HELP].given);
    arena_release(&arena);
}

static void help_shows_every_row(void)
{
    AUTO_BUF text = {0};
    option_help("prog", &spec, &text);
    struct str head = STR("prog probe: try things\n\n"
                          "usage: prog probe [OPTION...] FILE... [-- ARGUMENT...]\n\n"
                          "options:\n"
                          "  -J, --json                  print JSON\n"
                          "  -j, --jobs N                run N actions at once\n"
                          "      --name TEXT             a name\n"
                          "      --mode fast|slow        how\n"
                          "      --limit NAME=N          bounds\n"
                          "      --color auto|always|never\n");
    CHECK_STR(str_sub(buf_str(&text), 0, head.len), head);
}

static void near_misses(void)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"build", "biuld", 1},
        {"build", "build", 0}, {"kitten", "sitting", 3}, {"ca", "abc", 3}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK(near_distance(str_of(cases[i].a), str_of(cases[i].b)) == cases[i].distance);
    }
    const struct str words[] = {STR("build"), STR("clean"), STR("run"), STR("store add")};
    CHECK(near_find(STR("biuld"), words, 4) == 0);
    CHECK(near_find(STR("rum"), words, 4) == 2);
    CHECK(near_find(STR("stor add"), words, 4) == 3);
    CHECK(near_find(STR("x"), words, 4) == 4);
    CHECK(near_find(STR("frobnicate"), words, 4) == 4);
}

int main(void)
{
    TEST(wrong_use_is_told);
    TEST(forms_are_understood);
    TEST(help_wins);
    TEST(help_shows_every_row);
    TEST(near_misses);
    return test_done();
}
