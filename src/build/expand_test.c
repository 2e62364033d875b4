/* src/build/expand_test.c: transitive sets, expansion, and what a package's check says. */
#include "base/test.h"
#include "build/expand.h"
#include "build/package.h"

/* A small world: targets of package "p", by name. */
struct world {
    struct arena arena;
    struct diags diags;
    struct tset_graph graph;
};

static void world_init(struct world *world)
{
    *world = (struct world){0};
    diags_init(&world->diags, &world->arena, NULL);
}

static void world_release(struct world *world)
{
    tset_release(&world->graph);
    arena_release(&world->arena);
}

static struct label label_of(const char *name)
{
    return (struct label){.package = STR("p"), .name = str_of(name), .config = STR("default")};
}

/* deps: "a b -c": names; one with - hides set "set". values: "x y": text elements of "set". */
static struct target *target_of(
    struct world *world, const char *name, const char *deps, const char *values)
{
    struct target *target = ARENA_NEW(&world->arena, struct target, 1);
    struct dep *dep = ARENA_NEW(&world->arena, struct dep, 16);
    struct export *export = ARENA_NEW(&world->arena, struct export, 16);
    static const struct str set = {"set", 3};
    target->label = label_of(name);
    target->deps = dep;
    target->exports = export;
    struct str rest = str_of(deps);
    while (rest.len > 0) {
        size_t end = str_find(rest, ' ');
        struct str word = str_sub(rest, 0, end);
        if (word.ptr[0] == '-') {
            dep->hide = (struct strs){.at = &set, .count = 1};
            word = str_sub(word, 1, word.len);
        }
        dep->label = label_of(arena_cstr(&world->arena, word));
        dep++;
        target->dep_count++;
        rest = str_sub(rest, end + 1, rest.len);
    }
    rest = str_of(values);
    while (rest.len > 0) {
        size_t end = str_find(rest, ' ');
        struct piece *piece = ARENA_NEW(&world->arena, struct piece, 1);
        piece->text = str_sub(rest, 0, end);
        export->set = set;
        export->pieces = (struct pieces){.at = piece, .count = 1};
        export ++;
        target->export_count++;
        rest = str_sub(rest, end + 1, rest.len);
    }
    return target;
}

static void add(struct world *world, const char *name, const char *deps, const char *values)
{
    tset_add(&world->graph, target_of(world, name, deps, values), &world->arena);
}

static struct str expanded(struct world *world, const char *deps, enum order order)
{
    const struct target *from = target_of(world, "from", deps, "own");
    const struct pieces *at;
    size_t count;
    tset_expand(&world->graph, from, STR("set"), order, &world->arena, &at, &count);
    struct str text = STR("");
    for (size_t i = 0; i < count; i++) {
        text = arena_printf(&world->arena, "%.*s%s%.*s", STR_ARG(text), i > 0 ? " " : "",
            STR_ARG(at[i].at[0].text));
    }
    return text;
}

static void diamond(void)
{
    struct world world;
    world_init(&world);
    add(&world, "base", "", "base");
    add(&world, "left", "base", "left");
    add(&world, "right", "base", "right");
    CHECK_STR(expanded(&world, "left right", ORDER_PREORDER), STR("left base right"));
    CHECK_STR(expanded(&world, "left right", ORDER_TOPOLOGICAL), STR("left right base"));
    CHECK_STR(expanded(&world, "base right left", ORDER_TOPOLOGICAL), STR("right left base"));
    CHECK_STR(expanded(&world, "right right", ORDER_PREORDER), STR("right base"));
    world_release(&world);
}

static void ties_by_declaration(void)
{
    struct world world;
    world_init(&world);
    add(&world, "a", "", "a1 a2");
    add(&world, "b", "", "b1 b2");
    add(&world, "c", "", "");
    CHECK_STR(expanded(&world, "a b c", ORDER_TOPOLOGICAL), STR("a1 a2 b1 b2"));
    CHECK_STR(expanded(&world, "c b a", ORDER_TOPOLOGICAL), STR("b1 b2 a1 a2"));
    CHECK_STR(expanded(&world, "b a", ORDER_PREORDER), STR("b1 b2 a1 a2"));
    CHECK_STR(expanded(&world, "", ORDER_PREORDER), STR(""));
    world_release(&world);
}

static void hidden_edges(void)
{
    struct world world;
    world_init(&world);
    add(&world, "inner", "", "inner");
    add(&world, "middle", "-inner", "middle");
    CHECK_STR(expanded(&world, "middle", ORDER_PREORDER), STR("middle"));
    CHECK_STR(expanded(&world, "-inner", ORDER_PREORDER), STR("inner"));
    CHECK_STR(expanded(&world, "middle inner", ORDER_TOPOLOGICAL), STR("middle inner"));
    world_release(&world);
}

static void equal_values(void)
{
    struct world world;
    world_init(&world);
    add(&world, "low", "", "m pthread");
    add(&world, "high", "low", "h m");
    CHECK_STR(expanded(&world, "high", ORDER_PREORDER), STR("h m pthread"));
    CHECK_STR(expanded(&world, "high", ORDER_TOPOLOGICAL), STR("h m pthread"));
    add(&world, "other", "", "pthread");
    CHECK_STR(expanded(&world, "other low", ORDER_PREORDER), STR("pthread m"));
    CHECK_STR(expanded(&world, "other low", ORDER_TOPOLOGICAL), STR("m pthread"));
    world_release(&world);
}

/* A chain as deep as this must not use the stack. */
static void deep(void)
{
    struct world world;
    world_init(&world);
    enum {
        DEPTH = 20000,
    };
    add(&world, "n0", "", "end");
    for (int i = 1; i < DEPTH; i++) {
        struct str name = arena_printf(&world.arena, "n%d", i);
        struct str dep = arena_printf(&world.arena, "n%d", i - 1);
        add(&world, name.ptr, dep.ptr, "");
    }
    CHECK_STR(expanded(&world, "n19999", ORDER_TOPOLOGICAL), STR("end"));
    CHECK_STR(expanded(&world, "n19999", ORDER_PREORDER), STR("end"));
    world_release(&world);
}

#define PIECES(...)                                                                                \
    {                                                                                              \
        .at = (const struct piece[]){__VA_ARGS__},                                                 \
        .count = sizeof((const struct piece[]){__VA_ARGS__}) / sizeof(struct piece)                \
    }
#define TEXT(s)                                                                                    \
    {                                                                                              \
        .kind = PIECE_TEXT, .text = { "" s, sizeof s - 1 }                                         \
    }
#define PIECE(k, s)                                                                                \
    {                                                                                              \
        .kind = (k), .text = { "" s, sizeof s - 1 }                                                \
    }
#define MADE(s)                                                                                    \
    {                                                                                              \
        .kind = PIECE_MADE, .text = {"" s, sizeof s - 1}, .label = {                               \
            {"p", 1},                                                                              \
            {"t", 1},                                                                              \
            {"c", 1}                                                                               \
        }                                                                                          \
    }
#define ONE(...)                                                                                   \
    {                                                                                              \
        .before = PIECES(__VA_ARGS__)                                                              \
    }

static struct str joined(const struct expansion *expansion, struct arena *arena)
{
    struct str text = STR("");
    for (size_t i = 0; i < expansion->argv_count; i++) {
        text = arena_printf(
            arena, "%.*s%s%.*s", STR_ARG(text), i > 0 ? " " : "", STR_ARG(expansion->argv[i]));
    }
    return text;
}

static void texts_and_inputs(void)
{
    struct world world;
    world_init(&world);
    const struct arg argv[] = {
        ONE(PIECE(PIECE_TOOL, "usr/bin/cc")),
        ONE(TEXT("-I"), PIECE(PIECE_DIR, "p")),
        ONE(TEXT("-I"), PIECE(PIECE_DIR, "q")),
        ONE(TEXT("-I"), PIECE(PIECE_DIR, "")),
        ONE(TEXT("-c"), PIECE(PIECE_SOURCE, "p/x.c")),
        ONE(MADE("d/y.h")),
        ONE(MADE("d/y.h")),
        ONE(PIECE(PIECE_TREE, "opt")),
        ONE(TEXT("-o"), PIECE(PIECE_OUT, "x.o")),
    };
    static const struct str outputs[] = {{"x.o", 3}, {"b", 1}};
    const struct action action = {
        .argv = {.at = argv, .count = sizeof argv / sizeof *argv},
        .outputs = {.at = outputs, .count = 2},
    };
    const struct target *target = target_of(&world, "t", "", "");
    struct expander expander;
    expander_init(&expander, &world.graph, target, &world.arena);
    struct expansion expansion;
    CHECK(expand_action(&expander, &action, &world.arena, &expansion, &world.diags) == OK);
    CHECK_STR(joined(&expansion, &world.arena),
        STR("/usr/bin/cc -Ip -Igen/p -Iq -I. -Igen -cp/x.c gen/p/d/y.h gen/p/d/y.h -oout/p/x.o"));
    CHECK(expansion.input_count == 2 && expansion.tree_count == 1);
    CHECK_STR(expansion.inputs[0].path, STR("gen/p/d/y.h"));
    CHECK_STR(expansion.inputs[1].path, STR("p/x.c"));
    CHECK_STR(expansion.outputs.at[0], STR("out/p/b"));
    expander_release(&expander);
    world_release(&world);
}

static void each_and_joined(void)
{
    struct world world;
    world_init(&world);
    add(&world, "a", "", "1 2");
    static const struct piece dash = TEXT("-"), comma = TEXT(",");
    static const struct arg argv[] = {
        {.each = true, .set = {"set", 3}, .before = {&dash, 1}},
        {.each = true,
            .set = {"set", 3},
            .joined = true,
            .before = {&dash, 1},
            .after = {&comma, 1}},
        {.each = true, .set = {"empty", 5}, .joined = true, .before = {&dash, 1}},
    };
    static const struct action action = {.argv = {.at = argv, .count = 3}};
    const struct target *target = target_of(&world, "t", "a", "");
    struct expander expander;
    expander_init(&expander, &world.graph, target, &world.arena);
    struct expansion expansion;
    CHECK(expand_action(&expander, &action, &world.arena, &expansion, &world.diags) == OK);
    CHECK_STR(joined(&expansion, &world.arena), STR("-1 -2 -1,-2,"));
    expander_release(&expander);
    world_release(&world);
}

/* n0 .. : a chain, or a lattice of levels of two, with 2^(count / 2) ways through it. Returns the
 * number of its edges. */
static uint64_t many_add(struct world *world, int count, bool lattice)
{
    uint64_t edge_count = 0;
    for (int i = 0; i < count; i++) {
        int level = i - i % 2;
        struct str name = arena_printf(&world->arena, "n%d", i);
        struct str value = arena_printf(&world->arena, "v%d", i);
        struct str deps = lattice ? arena_printf(&world->arena, "n%d n%d", level - 1, level - 2)
                                  : arena_printf(&world->arena, "n%d", i - 1);
        bool has_deps = lattice ? level > 0 : i > 0;
        edge_count += !has_deps ? 0 : lattice ? 2 : 1;
        add(world, name.ptr, has_deps ? deps.ptr : "", value.ptr);
    }
    return edge_count;
}

/* An expansion follows each edge once, and what all actions of a target see is expanded once. */
static void linear(void)
{
    enum {
        COUNT = 10000,
    };
    static const struct piece dash = TEXT("-");
    static const struct arg argv = {
        .each = true, .set = {"set", 3}, .order = ORDER_TOPOLOGICAL, .before = {&dash, 1}};
    static const struct action action = {.argv = {.at = &argv, .count = 1}};
    for (unsigned lattice = 0; lattice < 2; lattice++) {
        struct world world;
        world_init(&world);
        uint64_t steps = 0;
        world.graph.steps = &steps;
        uint64_t edge_count = many_add(&world, COUNT, lattice == 1);
        const struct target *from = target_of(&world, "from", "n9999 n9998", "");
        struct expander expander;
        expander_init(&expander, &world.graph, from, &world.arena);
        for (unsigned again = 0; again < 3; again++) {
            struct expansion expansion;
            CHECK(expand_action(&expander, &action, &world.arena, &expansion, &world.diags) == OK);
            CHECK(expansion.argv_count == COUNT);
        }
        CHECK(steps == edge_count);
        expander_release(&expander);
        world_release(&world);
    }
}

static void codec(void)
{
    struct world world;
    world_init(&world);
    const struct arg argv[] = {ONE(TEXT("x"), MADE("y")),
        {.each = true, .set = {"set", 3}, .joined = true, .order = ORDER_TOPOLOGICAL}};
    static const struct resource net = {.kind = RESOURCE_AUTH, .name = {"key", 3}};
    const struct action action = {
        .category = STR("c"), .argv = {argv, 2}, .requires = &net, .require_count = 1};
    struct action actions[3] = {action, action, action};
    struct target *target = target_of(&world, "t", "a -b", "v w");
    actions[1].jobserver = true;
    actions[2].memory_bytes = 4321;
    target->actions = actions;
    target->action_count = 3;
    target->test_count = 2;
    target->test_flaky = true;
    target->test_timeout_ms = 1234;
    AUTO_BUF bytes = {0}, again = {0};
    target_encode(target, &bytes);
    struct target decoded;
    CHECK(target_decode(buf_str(&bytes), &world.arena, &decoded) == OK);
    target_encode(&decoded, &again);
    CHECK_STR(buf_str(&again), buf_str(&bytes));
    CHECK(decoded.test_timeout_ms == 1234 && decoded.actions[0].argv.at[1].joined);
    CHECK(decoded.action_count == 3 && decoded.test_count == 2 && decoded.test_flaky);
    CHECK(!decoded.actions[0].jobserver && decoded.actions[1].jobserver);
    CHECK(decoded.actions[1].memory_bytes == 0 && decoded.actions[2].memory_bytes == 4321);
    CHECK(!target_action_is_test(&decoded, 0) && target_action_is_test(&decoded, 1));
    CHECK(target_action_is_test(&decoded, 2) && !target_action_is_test(&decoded, 3));
    for (size_t len = 0; len < bytes.len; len++) { /* a cut file is refused, never believed */
        CHECK(target_decode(str_sub(buf_str(&bytes), 0, len), &world.arena, &decoded) != OK);
    }
    world_release(&world);
}

/* What package_check says of targets "a" and "b" with one action each. */
static struct str checked(
    struct world *world, const char *output_a, const char *output_b, const struct piece *piece)
{
    struct target targets[2];
    struct action actions[2];
    struct str outputs[2] = {str_of(output_a), str_of(output_b)};
    struct arg arg = {.before = {.at = piece, .count = piece == NULL ? 0 : 1}};
    for (size_t i = 0; i < 2; i++) {
        actions[i] = (struct action){.category = STR("c.compile"),
            .identifier = i == 0 ? STR("one.c") : STR("two.c"),
            .argv = {.at = &arg, .count = i == 0 ? 1 : 0},
            .outputs = {.at = &outputs[i], .count = 1}};
        targets[i] = *target_of(world, i == 0 ? "a" : "b", "", "");
        targets[i].actions = &actions[i];
        targets[i].action_count = 1;
    }
    struct package_context context = {.package = STR("p"), .config = STR("default")};
    enum err err = package_check(targets, 2, &context, &world->diags);
    return err == OK ? STR("ok") : world->diags.newest->text;
}

static void package_faults(void)
{
    struct world world;
    world_init(&world);
    CHECK_STR(checked(&world, "x.o", "y.o", NULL), STR("ok"));
    CHECK_STR(checked(&world, "x.o", "x.o", NULL),
        STR("two actions make the output \"x.o\": c.compile one.c of //p:a and c.compile two.c of "
            "//p:b"));
    CHECK_STR(checked(&world, "x", "x/y", NULL),
        STR("two actions make the output \"x\": c.compile one.c of //p:a and c.compile two.c of "
            "//p:b"));
    CHECK_STR(checked(&world, "../x", "y", NULL),
        STR("target \"a\": output \"../x\" has \".\" or \"..\" in it"));
    CHECK_STR(checked(&world, "/x", "y", NULL), STR("target \"a\": output \"/x\" is absolute"));
    struct piece made = {.kind = PIECE_MADE, .text = STR("main.x"), .label = label_of("a")};
    CHECK_STR(checked(&world, "main.o", "y", &made),
        STR("target \"a\": no action of it makes what Made names, \"main.x\""));
    CHECK_STR(world.diags.newest->help, STR("did you mean main.o?"));
    world_release(&world);
}

int main(void)
{
    TEST(diamond);
    TEST(ties_by_declaration);
    TEST(hidden_edges);
    TEST(equal_values);
    TEST(deep);
    TEST(texts_and_inputs);
    TEST(each_and_joined);
    TEST(linear);
    TEST(codec);
    TEST(package_faults);
    return test_done();
}
