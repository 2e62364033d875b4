/* src/dhall/hard_test.c: inputs that are made to hurt. Each ends with its value or with an error
 * that has a place, within 192 MiB and 20 million steps: none may crash, recurse without end or go
 * exponential. */
#include "base/test.h"
#include "dhall/dhall.h"

enum {
    DEEP = 100000,
    WIDE = 100000,
    CHAIN = 10000,
};
static const struct dhall_limits limits = {
    .steps_max = 20000000, .memory_bytes_max = (size_t)192 << 20};

struct world {
    struct arena arena;
    struct sources *sources;
    struct diags diags;
    struct dhall *dhall;
};

/* /w/0 imports ./1, and so on; the last is 1. */
static enum err world_read(void *context, const struct dhall_import *import, struct str name,
    struct arena *arena, struct str *ret_bytes, struct diags *diags)
{
    (void)context, (void)import, (void)diags;
    if (!str_starts(name, STR("/w/"))) {
        return ERR_ABSENT;
    }
    unsigned number = 0;
    for (size_t i = 3; i < name.len; i++) {
        number = number * 10 + (unsigned)(name.ptr[i] - '0');
    }
    *ret_bytes = number >= CHAIN ? STR("1") : arena_printf(arena, "./%u", number + 1);
    return OK;
}

static void world_init(struct world *world)
{
    *world = (struct world){.sources = sources_new()};
    diags_init(&world->diags, &world->arena, world->sources);
    struct dhall_reader reader = {.read = world_read};
    world->dhall = dhall_new(&reader, &limits, world->sources);
}

static void world_release(struct world *world)
{
    dhall_free(world->dhall);
    sources_free(world->sources);
    arena_release(&world->arena);
}

/* What text comes to: its value, cut to 60 bytes, or the message; has_place: that points to text.
 */
static struct str outcome(struct world *world, struct str text, bool *ret_has_place)
{
    struct dhall_loaded loaded;
    uint8_t hash[32];
    enum err err =
        dhall_load_text(world->dhall, STR("x.dhall"), STR("/w"), text, &loaded, &world->diags);
    if (err == OK) {
        err = dhall_value_hash(world->dhall, loaded.value, hash, &world->diags);
    }
    if (err == OK) {
        err = dhall_value_hash(world->dhall, loaded.type, hash, &world->diags);
    }
    *ret_has_place = err == OK || world->diags.newest->span.source != 0;
    return err == OK ? dhall_value_show(world->dhall, loaded.value, 60, &world->arena)
                     : world->diags.newest->text;
}

static void outcome_is(const char *what, struct str text, const char *want)
{
    struct world world;
    bool has_place;
    world_init(&world);
    struct str got = outcome(&world, text, &has_place);
    CHECK_STR(arena_printf(&world.arena, "%s: %.*s", what, (int)strlen(want), got.ptr),
        arena_printf(&world.arena, "%s: %s", what, want));
    CHECK(has_place);
    world_release(&world);
}

struct nest {
    const char *open, *inside, *close, *want;
};

#define TOO_DEEP "nested deeper than"
static const struct nest nests[] = {
    {"(", "1", ")", TOO_DEEP},
    {"[", "1", "]", TOO_DEEP},
    {"{a=", "1", "}", TOO_DEEP},
    {"{a : ", "Natural", "}", TOO_DEEP},
    {"<A : ", "Natural", ">", TOO_DEEP},
    {"\\(x : Natural) -> ", "1", "", "Dhall expression or its value is nested too deeply"},
    {"forall (x : Natural) -> ", "Natural", "",
        "Dhall expression or its value is nested too deeply"},
    {"Natural -> ", "Natural", "", "Dhall expression or its value is nested too deeply"},
    {"let x = 1 in ", "x", "", "1"},
    {"let x = ", "1", " in x", TOO_DEEP},
    {"if True then ", "1", " else 1", TOO_DEEP},
    {"if ", "True", " then True else True", TOO_DEEP},
    {"Some (", "1", ")", TOO_DEEP},
    {"(", "1", " : Natural)", TOO_DEEP},
    {"\"${", "\"a\"", "}\"", TOO_DEEP},
    {"''\n${", "\"a\"", "}''", TOO_DEEP},
    {"1 + (", "1", ")", TOO_DEEP},
    {"1 + ", "1", "", "100001"},
    {"True && ", "True", "", "True"},
    {"missing ? ", "1", "", "1"},
    {"{a=", "1", "}.a", TOO_DEEP},
    {"toMap {a=", "1", "}", TOO_DEEP},
    {"merge {Some=\\(x : Natural) -> x, None=1} (Some (", "1", "))", TOO_DEEP},
    {"showConstructor (", "1", ")", TOO_DEEP},
    {"assert : (", "1 === 1", ")", TOO_DEEP},
    {"List (", "Natural", ")", TOO_DEEP},
    {"https://a.b using (", "1", ")", TOO_DEEP},
    {"({a=", "1", "} with a = 1).a", TOO_DEEP},
};

static void nests_as_deep_as_you_like(void)
{
    for (size_t i = 0; i < sizeof nests / sizeof nests[0]; i++) {
        AUTO_BUF text = {0};
        for (unsigned j = 0; j < DEEP; j++) {
            buf_add(&text, str_of(nests[i].open));
        }
        buf_add(&text, str_of(nests[i].inside));
        for (unsigned j = 0; j < DEEP; j++) {
            buf_add(&text, str_of(nests[i].close));
        }
        outcome_is(nests[i].open, buf_str(&text), nests[i].want);
    }
}

/* let x0 = first let x1 = step(x0) ... in tail(x60); `@` in step and tail is the one before. */
struct shared {
    const char *first, *step, *tail, *want;
};

#define TOO_BIG "normal form has more than 67108864 terms"
static const struct shared shareds[] = {
    {"Natural", "{ a : @, b : @ }", "\\(x : @) -> x : @", TOO_BIG},
    {"1", "{ a = @, b = @ }", "(\\(x : Natural) -> x) 1", "1"},
    {"1", "{ a = @, b = @ }", "@.a.b.a.a", "evaluating Dhall took more than"},
    {"Natural", "< A : @ | B : @ >", "@", TOO_BIG},
    {"Natural", "@ -> @", "\\(x : @) -> x", TOO_BIG},
    {"[ 1 ]", "@ # @", "List/length Natural @", "evaluating Dhall took more than"},
    {"\"a\"", "@ ++ @", "@", "evaluating Dhall took more than"},
    {"\"a\"", "\"${@}${@}\"", "@", "evaluating Dhall took more than"},
    {"3", "@ * @", "Natural/isZero @", "evaluating Dhall took more than"},
    {"{ a = { b = 1 } }", "{ l = @ } /\\ { r = @ }", "@.l.r", "evaluating Dhall took more than"},
    {"\\(x : Natural) -> x", "\\(n : Natural) -> @ (@ n)", "1", "1"},
};

static void shared_add(struct buf *text, const char *pattern, char variable, unsigned number)
{
    for (const char *c = pattern; *c != '\0'; c++) {
        if (*c == '@') {
            buf_printf(text, "%c%u", variable, number);
        } else {
            buf_add_byte(text, (uint8_t)*c);
        }
    }
}

static void lets_add(struct buf *text, const struct shared *shared, char variable, unsigned count)
{
    buf_printf(text, "let %c0 = %s\n", variable, shared->first);
    for (unsigned i = 0; i < count; i++) {
        buf_printf(text, "let %c%u = ", variable, i + 1);
        shared_add(text, shared->step, variable, i);
        buf_add_byte(text, '\n');
    }
}

static void sharing_is_kept(void)
{
    for (size_t i = 0; i < sizeof shareds / sizeof shareds[0]; i++) {
        AUTO_BUF text = {0};
        lets_add(&text, &shareds[i], 'x', 60);
        buf_add(&text, STR("in "));
        shared_add(&text, shareds[i].tail, 'x', 60);
        outcome_is(shareds[i].step, buf_str(&text), shareds[i].want);
    }
    /* Equal, but never the same value: compared in as many steps as there are lines. */
    static const struct shared types = {"Natural", "{ a : @, b : @ }", NULL, NULL};
    static const struct shared values = {"1", "{ a = @, b = @ }", NULL, NULL};
    AUTO_BUF text = {0};
    lets_add(&text, &types, 'x', 60);
    lets_add(&text, &types, 'y', 60);
    lets_add(&text, &values, 'v', 60);
    buf_add(&text, STR("let f = \\(v : x60) -> 7 let same = \\(v : y60) -> f v in same v60"));
    outcome_is("conversion", buf_str(&text), "7");
    text.len = 0;
    lets_add(&text, &values, 'x', 60);
    lets_add(&text, &values, 'y', 60);
    buf_add(&text, STR("let proof = assert : x60 === y60 in 8"));
    outcome_is("assert", buf_str(&text), "8");
}

static void bombs_end(void)
{
    static const struct {
        const char *text, *want;
    } bombs[] = {
        {"Natural/fold 1000000000000 Natural (\\(x : Natural) -> x + 1) 0", "1000000000000"},
        {"Natural/fold 1000000000000 Natural (\\(x : Natural) -> Natural/subtract 1 (x + 2)) 0",
            "evaluating Dhall took more than"},
        {"Natural/fold 1000000 Natural (\\(x : Natural) -> x * x + 1) 2",
            "evaluating Dhall took more than"},
        {"Natural/fold 1000000000 Text (\\(x : Text) -> x ++ x) \"a\"",
            "evaluating Dhall took more than"},
        {"Natural/fold 40 Text (\\(t : Text) -> Text/show (t ++ t)) \"\\\"\"",
            "evaluating Dhall took more than"},
        {"let r = Text/replace \"a\" \"aaaaaaaaaaaaaaaa\" in r (r (r (r (r (r (r (r \"a\")))))))",
            "evaluating Dhall took more than"},
        {"Natural/fold 1000000000 (List Natural) (\\(x : List Natural) -> x # x) [ 1 ]",
            "evaluating Dhall took more than"},
        {"List/indexed Natural (Natural/fold 26 (List Natural) (\\(x : List Natural) -> x # x) "
         "[ 1 ])",
            "evaluating Dhall took more than"},
        {"let ack = \\(m : Natural) -> Natural/fold m (Natural -> Natural)"
         " (\\(f : Natural -> Natural) -> \\(n : Natural) -> Natural/fold (n + 1) Natural f 1)"
         " (\\(n : Natural) -> n + 1) in ack 4 3",
            "evaluating Dhall took more than"},
        /* Deep, but not too much: no recursion for a chain of sums or of thunks. */
        {"(Natural/fold 500000 (Natural -> Natural) (\\(f : Natural -> Natural) -> "
         "\\(x : Natural) -> f (x + 1)) (\\(x : Natural) -> x)) 1",
            "500001"},
        {"(Natural/fold 500000 { a : Natural } (\\(r : { a : Natural }) -> { a = r.a + 1 }) "
         "{ a = 1 }).a",
            "500001"},
    };
    for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++) {
        outcome_is(bombs[i].text, str_of(bombs[i].text), bombs[i].want);
    }
}

/* open item0, item1, ... close; `@` in item is its number. */
static void wide_is(
    const char *open, const char *item, const char *separator, const char *close, const char *want)
{
    AUTO_BUF text = {0};
    buf_add(&text, str_of(open));
    for (unsigned i = 0; i < WIDE; i++) {
        buf_add(&text, str_of(i == 0 ? "" : separator));
        shared_add(&text, item, 'f', i);
    }
    buf_add(&text, str_of(close));
    outcome_is(open, buf_str(&text), want);
}

static void as_wide_as_you_like(void)
{
    wide_is("let r = { x = 1, ", "@ = 1", ", ", " } in r.f99999", "1");
    wide_is("let r = { x = 1, ", "@ = 1", ", ", " } in (r // r // { x = 2 }).x", "2");
    wide_is("< A | ", "@", " | ", ">", "< A | f0 | f1 |");
    wide_is("\\(r : { x : Natural, ", "@ : Natural", ", ", " }) -> r.f77", "\\(r : {");
    wide_is("let r = toMap { x = 1, ", "@ = 1", ", ",
        " } in List/length { mapKey : Text, mapValue "
        ": Natural } r",
        "100001");
    AUTO_BUF digits = {0};
    for (unsigned i = 0; i < 3000000; i++) {
        buf_add_byte(&digits, i == 0 ? '1' : '0');
    }
    AUTO_BUF text = {0};
    buf_printf(&text, "Natural/isZero %.*s", (int)digits.len, digits.ptr);
    outcome_is("a decimal literal", buf_str(&text), "False");
    text.len = 0;
    buf_printf(&text, "Natural/isZero 0x%.*s", (int)digits.len, digits.ptr);
    outcome_is("a hex literal", buf_str(&text), "False");
}

static void a_chain_of_imports(void)
{
    outcome_is("a chain", STR("./0"), "1");
    outcome_is("a chain that ends in the air", STR("./0 + /other"), "/other does not exist");
}

int main(void)
{
    TEST(nests_as_deep_as_you_like);
    TEST(sharing_is_kept);
    TEST(bombs_end);
    TEST(as_wide_as_you_like);
    TEST(a_chain_of_imports);
    return test_done();
}
