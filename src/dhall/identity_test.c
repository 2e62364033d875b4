/* src/dhall/identity_test.c: what a file is to who imports it, and that nothing is evaluated which
 * nobody looks at. Files are in memory. Linked once more with stack_plain.c. */
#include "base/arena.h"
#include "base/test.h"
#include "dhall/dhall.h"

enum {
    FILES_MAX = 8,
    FIELDS = 5000,
};
struct file {
    const char *name;
    struct str text;
};
struct world {
    struct arena arena;
    struct sources *sources;
    struct diags diags;
    struct file files[FILES_MAX];
    struct dhall *dhall;
};

static enum err world_read(void *context, const struct dhall_import *import, struct str name,
    struct arena *arena, struct str *ret_bytes, struct diags *diags)
{
    const struct world *world = context;
    (void)import, (void)arena, (void)diags;
    for (const struct file *file = world->files; file->name != NULL; file++) {
        if (str_eq(name, str_of(file->name))) {
            *ret_bytes = file->text;
            return OK;
        }
    }
    return ERR_ABSENT;
}

static void world_init(struct world *world)
{
    *world = (struct world){.sources = sources_new()};
    diags_init(&world->diags, &world->arena, world->sources);
    struct dhall_reader reader = {.context = world, .read = world_read};
    world->dhall = dhall_new(&reader, NULL, world->sources);
}

static void world_release(struct world *world)
{
    dhall_free(world->dhall);
    sources_free(world->sources);
    arena_release(&world->arena);
}

/* The hash of a file of that text, by itself; zeros: it has none. */
static struct str hash_of(struct world *outer, const char *text, bool syntax)
{
    struct world world;
    uint8_t hash[32] = {0};
    struct dhall_loaded loaded;
    world_init(&world);
    world.files[0] = (struct file){.name = "/w/x", .text = str_of(text)};
    world.files[1] = (struct file){.name = "/w/n", .text = STR("{ n = 1 }")};
    if (syntax) {
        CHECK(dhall_file_syntax(world.dhall, STR("/w/x"), hash, &world.diags) == OK);
    } else {
        CHECK(dhall_load(world.dhall, STR("/w/x"), &loaded, &world.diags) == OK);
        if (dhall_file_identity(world.dhall, STR("/w/x"), hash) == OK) {
            uint8_t whole[32];
            CHECK(dhall_value_hash(world.dhall, loaded.value, whole, &world.diags) == OK);
            CHECK(memcmp(hash, whole, sizeof hash) == 0);
        }
    }
    world_release(&world);
    return arena_str(&outer->arena, (struct str){.ptr = (const char *)hash, .len = sizeof hash});
}

static void syntax_is_what_is_written_but_for_layout(void)
{
    static const struct {
        const char *left, *right;
        bool same;
    } cases[] = {
        {"{ a = 1, b = \"x\" }", "-- c\n{ , b = \"\\u0078\" {- d -}\n, a = 0x1 }", true},
        {"\\(x : Natural) -> x", "λ(x : Natural) → x", true},
        {"./n ? 1", "( ./n ) ? 1", true},
        {"./n", "./m", false},
        {"./n", "./n as Text", false},
        {"{ a = 1 }", "{ a = 2 }", false},
        {"let x = 1 in x", "let y = 1 in y", false},
        {"1 + 1", "2", false},
    };
    struct world world;
    world_init(&world);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool same =
            str_eq(hash_of(&world, cases[i].left, true), hash_of(&world, cases[i].right, true));
        CHECK(same == cases[i].same);
    }
    uint8_t hash[32];
    CHECK(dhall_file_syntax(world.dhall, STR("/w/none"), hash, &world.diags) == ERR_ABSENT);
    world.files[0] = (struct file){.name = "/w/bad", .text = STR("{ a = }")};
    CHECK(dhall_file_syntax(world.dhall, STR("/w/bad"), hash, &world.diags) == ERR_INVALID);
    world_release(&world);
}

static void identity_is_what_is_meant(void)
{
    struct world world;
    world_init(&world);
    struct str one = hash_of(&world, "{ a = 1, b = \"x\" }", false);
    CHECK(str_eq(one, hash_of(&world, "let a = (./n).n in { b = \"${\"x\"}\", a }", false)));
    CHECK(!str_eq(one, hash_of(&world, "{ a = 2, b = \"x\" }", false)));
    CHECK(!str_eq(one, hash_of(&world, "{ a = +1, b = \"x\" }", false)));
    CHECK(str_eq(hash_of(&world, "\\(x : Natural) -> x", false),
        hash_of(&world, "\\(y : Natural) -> y + 0", false)));
    static const uint8_t none[32];
    struct str costly = hash_of(&world,
        "{ a = 1, b = Natural/fold 10000000000 Bool (\\(b : Bool) -> b == False) True }", false);
    CHECK_STR(costly, ((struct str){.ptr = (const char *)none, .len = sizeof none}));
    world_release(&world);
}

static void a_costly_value_is_none_the_worse(void)
{
    struct world world;
    struct dhall_loaded loaded;
    const struct dhall_value *field = NULL;
    uint8_t hash[32];
    struct str text;
    world_init(&world);
    world.files[0] = (struct file){.name = "/w/x",
        .text = STR("let twice = \\(t : Text) -> t ++ t in "
                    "{ a = Natural/fold 12 Text twice \"abcdefgh\", b = \"y\" }")};
    CHECK(dhall_load(world.dhall, STR("/w/x"), &loaded, &world.diags) == OK);
    CHECK(dhall_file_identity(world.dhall, STR("/w/x"), hash) == ERR_LIMIT);
    CHECK(dhall_value_field(world.dhall, loaded.value, STR("a"), &field) == OK &&
          dhall_value_text(world.dhall, field, &text) == OK && text.len == 8 * 4096);
    CHECK(dhall_value_hash(world.dhall, loaded.value, hash, &world.diags) == OK);
    world_release(&world);
}

static void uses_are_what_was_asked_for(void)
{
    struct world world;
    struct dhall_loaded loaded;
    struct dhall_used *uses;
    size_t count = 0;
    world_init(&world);
    world.files[0] = (struct file){.name = "/w/x",
        .text = STR("{ a = missing ? ./no ? ./y, b = ./z as Text, c = ./y ? ./never }")};
    world.files[1] = (struct file){.name = "/w/y", .text = STR("./below")};
    world.files[2] = (struct file){.name = "/w/z", .text = STR("text")};
    world.files[3] = (struct file){.name = "/w/below", .text = STR("1")};
    CHECK(dhall_load(world.dhall, STR("/w/x"), &loaded, &world.diags) == OK);
    dhall_file_uses(world.dhall, STR("/w/x"), &uses, &count);
    CHECK(count == 3 && str_eq(uses[0].name, STR("/w/no")) && uses[0].is_code &&
          str_eq(uses[1].name, STR("/w/y")) && str_eq(uses[2].name, STR("/w/z")) &&
          !uses[2].is_code);
    dhall_file_uses(world.dhall, STR("/w/y"), &uses, &count);
    CHECK(count == 1 && str_eq(uses[0].name, STR("/w/below")));
    /* Of a load that failed, too; and absent is told from wrong. */
    world.files[4] = (struct file){.name = "/w/e", .text = STR("[ ./z as Text, ./no, ./y ]")};
    CHECK(dhall_load_import(world.dhall, STR("/w/e"), &world.diags) == ERR_ABSENT);
    dhall_file_uses(world.dhall, STR("/w/e"), &uses, &count);
    CHECK(count == 2 && str_eq(uses[1].name, STR("/w/no")));
    world.files[5] = (struct file){.name = "/w/f", .text = STR("./y && True")};
    CHECK(dhall_load_import(world.dhall, STR("/w/f"), &world.diags) == ERR_INVALID);
    world_release(&world);
}

/* A file that was only parsed is loaded from there, one that failed is read again. */
static void what_failed_is_read_again(void)
{
    struct world world;
    struct dhall_loaded loaded;
    uint8_t hash[32];
    uint64_t natural = 0;
    world_init(&world);
    world.files[0] = (struct file){.name = "/w/x", .text = STR("let a = assert : 1 === 2 in 3")};
    CHECK(dhall_file_syntax(world.dhall, STR("/w/x"), hash, &world.diags) == OK);
    CHECK(dhall_load(world.dhall, STR("/w/x"), &loaded, &world.diags) == ERR_INVALID);
    CHECK(dhall_load(world.dhall, STR("/w/x"), &loaded, &world.diags) == ERR_INVALID);
    world.files[0].text = STR("let a = assert : 2 === 2 in 4");
    CHECK(dhall_load(world.dhall, STR("/w/x"), &loaded, &world.diags) == OK &&
          dhall_value_natural(world.dhall, loaded.value, &natural) == OK && natural == 4);
    CHECK(dhall_file_syntax(world.dhall, STR("/w/x"), hash, &world.diags) == OK);
    world_release(&world);
}

#define COSTLY "Natural/fold 1000 Bool (\\(b : Bool) -> b == False) True"

/* Steps for the truth of field f7 of /w/x, once it is loaded; *ret_load: for loading it. */
static uint64_t field_steps(struct world *world, uint64_t *ret_load)
{
    struct dhall_loaded loaded;
    const struct dhall_value *field = NULL;
    bool truth = false;
    uint64_t before = dhall_steps(world->dhall);
    CHECK(dhall_load(world->dhall, STR("/w/x"), &loaded, &world->diags) == OK);
    uint64_t at = dhall_steps(world->dhall);
    CHECK(dhall_value_field(world->dhall, loaded.value, STR("f7"), &field) == OK &&
          dhall_value_bool(world->dhall, field, &truth) == OK && truth);
    *ret_load = at - before;
    return dhall_steps(world->dhall) - at;
}

static struct str record_of(struct arena *arena, unsigned count, const char *prefix)
{
    struct buf text = {0};
    buf_printf(&text, "%s{ f7 = " COSTLY, prefix);
    for (unsigned i = 0; i < count; i++) {
        buf_printf(&text, ", g%u = " COSTLY, i);
    }
    buf_add(&text, STR(" }"));
    struct str result = arena_str(arena, buf_str(&text));
    buf_release(&text);
    return result;
}

/* A field costs what it costs, whatever is beside it; loading costs what checking types does. */
static void a_field_costs_what_it_costs(void)
{
    struct world one, many, below, merged;
    uint64_t load_one, load_many, load_below, load_merged;
    world_init(&one);
    one.files[0] = (struct file){.name = "/w/x", .text = record_of(&one.arena, 0, "")};
    uint64_t alone = field_steps(&one, &load_one);
    CHECK(alone > 1000 && load_one < alone);

    world_init(&many);
    many.files[0] = (struct file){.name = "/w/x", .text = record_of(&many.arena, FIELDS, "")};
    CHECK(field_steps(&many, &load_many) < alone + 100);
    CHECK(load_many < 100 * FIELDS);

    /* Through imports: one that holds all of it, one in a field that nobody reads. */
    world_init(&below);
    below.files[0] = (struct file){
        .name = "/w/x", .text = STR("let p = ./p in { f7 = p.f7, never = ./q, nor = p }")};
    below.files[1] = (struct file){.name = "/w/p", .text = record_of(&below.arena, FIELDS, "")};
    below.files[2] = (struct file){.name = "/w/q", .text = record_of(&below.arena, FIELDS, "")};
    CHECK(field_steps(&below, &load_below) < alone + 100);
    CHECK(load_below < 2 * load_many + 100);

    /* What joins records looks at their labels, not at their fields. */
    world_init(&merged);
    merged.files[0] = (struct file){.name = "/w/x",
        .text = record_of(&merged.arena, FIELDS, "{ h = " COSTLY " } // { k = { = } } /\\ ")};
    CHECK(field_steps(&merged, &load_merged) < alone + 100 * FIELDS);
    world_release(&one);
    world_release(&many);
    world_release(&below);
    world_release(&merged);
}

/* On whatever stack: what is too deep is an error, and the session goes on. */
static void too_deep_is_an_error(void)
{
    struct world world;
    struct dhall_loaded loaded;
    uint64_t natural = 0;
    struct buf text = {0};
    world_init(&world);
    for (unsigned i = 0; i < 300000; i++) {
        buf_add(&text, STR("[ "));
    }
    world.files[0] = (struct file){.name = "/w/x", .text = buf_str(&text)};
    world.files[1] = (struct file){.name = "/w/y", .text = STR("1 + 1")};
    CHECK(dhall_load(world.dhall, STR("/w/x"), &loaded, &world.diags) == ERR_LIMIT);
    CHECK(dhall_load(world.dhall, STR("/w/y"), &loaded, &world.diags) == OK &&
          dhall_value_natural(world.dhall, loaded.value, &natural) == OK && natural == 2);
    buf_release(&text);
    world_release(&world);
}

int main(void)
{
    TEST(syntax_is_what_is_written_but_for_layout);
    TEST(identity_is_what_is_meant);
    TEST(a_costly_value_is_none_the_worse);
    TEST(uses_are_what_was_asked_for);
    TEST(what_failed_is_read_again);
    TEST(a_field_costs_what_it_costs);
    TEST(too_deep_is_an_error);
    return test_done();
}
