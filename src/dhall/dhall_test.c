/* src/dhall/dhall_test.c: loading, reading values, and what people are told. Files are in memory.
 */
#include "base/test.h"
#include "dhall/dhall.h"

struct file {
    const char *name, *text;
};
struct world {
    struct arena arena;
    struct sources *sources;
    struct diags diags;
    const struct file *files;
    unsigned reads;
    struct dhall_reader reader;
    struct dhall *dhall;
    uint8_t cached_hash[32]; /* the semantic cache: one entry */
    struct str cached;
};

static enum err world_read(void *context, const struct dhall_import *import, struct str name,
    struct arena *arena, struct str *ret_bytes, struct diags *diags)
{
    (void)import, (void)arena, (void)diags;
    struct world *world = context;
    world->reads++;
    for (const struct file *file = world->files; file->name != NULL; file++) {
        if (str_eq(name, str_of(file->name))) {
            *ret_bytes = str_of(file->text);
            return OK;
        }
    }
    return ERR_ABSENT;
}

static bool world_embedded(void *context, struct str url, struct str *ret_bytes)
{
    (void)context;
    static const struct file packages[] = {
        {"https://straylight.cx/a/v1.dhall", "{ x = ./b/v1.dhall, y = 1 }"},
        {"https://straylight.cx/a/b/v1.dhall", "\"deep\""},
        {"https://straylight.cx/bad/v1.dhall", "/etc/passwd as Text"},
    };
    for (size_t i = 0; i < sizeof packages / sizeof packages[0]; i++) {
        if (str_eq(url, str_of(packages[i].name))) {
            *ret_bytes = str_of(packages[i].text);
            return true;
        }
    }
    return false;
}

static enum err world_cache_get(
    void *context, const uint8_t hash[static 32], struct arena *arena, struct str *ret_bytes)
{
    const struct world *world = context;
    if (world->cached.len == 0 || memcmp(hash, world->cached_hash, 32) != 0) {
        return ERR_ABSENT;
    }
    *ret_bytes = arena_str(arena, world->cached);
    return OK;
}

static void world_cache_put(void *context, const uint8_t hash[static 32], struct str bytes)
{
    struct world *world = context;
    memcpy(world->cached_hash, hash, 32);
    world->cached = arena_str(&world->arena, bytes);
}

static void world_init(
    struct world *world, const struct file *files, const struct dhall_limits *limits)
{
    *world = (struct world){.sources = sources_new(), .files = files};
    diags_init(&world->diags, &world->arena, world->sources);
    world->reader = (struct dhall_reader){.context = world,
        .read = world_read,
        .embedded = world_embedded,
        .cache_get = world_cache_get,
        .cache_put = world_cache_put,
        .refuse_unfrozen = true,
        .refuse_env = true};
    world->dhall = dhall_new(&world->reader, limits, world->sources);
}

static void world_release(struct world *world)
{
    dhall_free(world->dhall);
    sources_free(world->sources);
    arena_release(&world->arena);
}

static enum err load_text(struct world *world, const char *text, struct dhall_loaded *ret_loaded)
{
    return dhall_load_text(
        world->dhall, STR("x.dhall"), STR("/w"), str_of(text), ret_loaded, &world->diags);
}

static const struct file no_files[] = {{NULL, NULL}};

static void reads_every_kind(void)
{
    struct world world;
    struct dhall_loaded loaded;
    world_init(&world, no_files, NULL);
    CHECK(load_text(&world,
              "{ b = True, n = 2 + 3, t = \"a${Natural/show 7}\", l = [ 1, 2 ] # [ 3 ]"
              ", e = [] : List Text, o = Some \"x\", z = None Text"
              ", u = < A | B : Natural >.B 4, v = < A | B : Natural >.A"
              ", f = \\(x : Natural) -> x + 1, y = Natural, d = 2020-01-01 }",
              &loaded) == OK);
    struct dhall *dhall = world.dhall;
    const struct dhall_field *fields = NULL;
    size_t count = 0;
    CHECK(dhall_value_record(dhall, loaded.value, &fields, &count) == OK && count == 12);
    CHECK_STR(fields[0].name, STR("b"));
    const struct dhall_value *field = NULL, *inner = NULL;
    const struct dhall_value *const *elements = NULL;
    bool truth = false;
    uint64_t natural = 0;
    struct str text;
    CHECK(dhall_value_field(dhall, loaded.value, STR("b"), &field) == OK &&
          dhall_value_bool(dhall, field, &truth) == OK && truth);
    CHECK(dhall_value_text(dhall, field, &text) == ERR_INVALID);
    CHECK(dhall_value_field(dhall, loaded.value, STR("n"), &field) == OK &&
          dhall_value_natural(dhall, field, &natural) == OK && natural == 5);
    CHECK(dhall_value_field(dhall, loaded.value, STR("t"), &field) == OK &&
          dhall_value_text(dhall, field, &text) == OK);
    CHECK_STR(text, STR("a7"));
    CHECK(dhall_value_field(dhall, loaded.value, STR("l"), &field) == OK &&
          dhall_value_list(dhall, field, &elements, &count) == OK && count == 3);
    CHECK(dhall_value_natural(dhall, elements[2], &natural) == OK && natural == 3);
    CHECK(dhall_value_field(dhall, loaded.value, STR("e"), &field) == OK &&
          dhall_value_list(dhall, field, &elements, &count) == OK && count == 0);
    CHECK(dhall_value_field(dhall, loaded.value, STR("o"), &field) == OK &&
          dhall_value_optional(dhall, field, &inner) == OK && inner != NULL);
    CHECK(dhall_value_field(dhall, loaded.value, STR("z"), &field) == OK &&
          dhall_value_optional(dhall, field, &inner) == OK && inner == NULL);
    CHECK(dhall_value_field(dhall, loaded.value, STR("u"), &field) == OK &&
          dhall_value_union(dhall, field, &text, &inner) == OK && inner != NULL);
    CHECK_STR(text, STR("B"));
    CHECK(dhall_value_field(dhall, loaded.value, STR("v"), &field) == OK &&
          dhall_value_union(dhall, field, &text, &inner) == OK && inner == NULL);
    CHECK(dhall_value_field(dhall, loaded.value, STR("absent"), &field) == ERR_ABSENT);
    static const struct {
        const char *name;
        enum dhall_value_kind kind;
    } kinds[] = {
        {"b", DHALL_VALUE_BOOL},
        {"n", DHALL_VALUE_NATURAL},
        {"t", DHALL_VALUE_TEXT},
        {"l", DHALL_VALUE_LIST},
        {"e", DHALL_VALUE_LIST},
        {"o", DHALL_VALUE_OPTIONAL},
        {"z", DHALL_VALUE_OPTIONAL},
        {"u", DHALL_VALUE_UNION},
        {"v", DHALL_VALUE_UNION},
        {"f", DHALL_VALUE_FUNCTION},
        {"y", DHALL_VALUE_TYPE},
        {"d", DHALL_VALUE_OTHER},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        CHECK(dhall_value_field(dhall, loaded.value, str_of(kinds[i].name), &field) == OK &&
              dhall_value_kind_of(dhall, field) == kinds[i].kind);
    }
    world_release(&world);
}

static void applies_functions(void)
{
    struct world world;
    struct dhall_loaded function, argument, other;
    const struct dhall_value *value = NULL;
    world_init(&world, no_files, NULL);
    CHECK(load_text(&world, "\\(c : { opt : Natural }) -> { twice = c.opt * 2 }", &function) == OK);
    CHECK(load_text(&world, "{ opt = 21 }", &argument) == OK);
    CHECK(load_text(&world, "{ opt = -21 }", &other) == OK);
    CHECK(dhall_type_accepts(world.dhall, function.type, argument.type));
    CHECK(!dhall_type_accepts(world.dhall, function.type, other.type));
    CHECK(!dhall_type_accepts(world.dhall, argument.type, other.type));
    CHECK(dhall_apply(world.dhall, function.value, argument.value, &value, &world.diags) == OK);
    CHECK_STR(dhall_value_show(world.dhall, value, 100, &world.arena), STR("{ twice = 42 }"));
    CHECK_STR(dhall_value_show(world.dhall, value, 7, &world.arena), STR("{ twice..."));
    world_release(&world);
}

static void imports_each_file_once(void)
{
    static const struct file files[] = {
        {"/w/a.dhall", "./lib/b.dhall + ./lib/c.dhall"},
        {"/w/lib/b.dhall", "(../d.dhall).x"},
        {"/w/lib/c.dhall", "(./../d.dhall).y + (missing ? ../d.dhall).x"},
        {"/w/d.dhall", "{ x = 1, y = 40 }"},
        {NULL, NULL},
    };
    struct world world;
    struct dhall_loaded loaded;
    world_init(&world, files, NULL);
    CHECK(dhall_load(world.dhall, STR("/w/a.dhall"), &loaded, &world.diags) == OK);
    CHECK_STR(dhall_value_show(world.dhall, loaded.value, 100, &world.arena), STR("42"));
    CHECK(world.reads == 4 && loaded.import_count == 4);
    CHECK_STR(loaded.imports[0], STR("/w/a.dhall"));
    CHECK(dhall_load(world.dhall, STR("/w/../w/d.dhall"), &loaded, &world.diags) == OK);
    CHECK(world.reads == 4 && loaded.import_count == 1);
    world_release(&world);
}

/* What is told is what people see; the first line is enough where the rest is the source line. */
static void tells(const char *text, const char *want)
{
    static const struct file files[] = {
        {"/w/loop.dhall", "./pool.dhall"},
        {"/w/pool.dhall", "./loop.dhall"},
        {"/w/wrong.dhall", "1 + \"a\""},
        {"/w/one.dhall", "1"},
        {NULL, NULL},
    };
    struct world world;
    struct dhall_loaded loaded;
    world_init(&world, files, NULL);
    enum err err = load_text(&world, text, &loaded);
    CHECK(err == ERR_INVALID);
    AUTO_BUF told = {0};
    diags_format(&world.diags, false, &told);
    buf_add_byte(&told, 0);
    if (strstr(told.ptr, want) == NULL) {
        CHECK_STR(buf_str(&told), str_of(want));
    }
    world_release(&world);
}

static void tells_what_is_wrong(void)
{
    tells("let srcs = 1 in scrs", "x.dhall:1:17: error: unknown variable `scrs`\n");
    tells("let srcs = 1 in scrs", "  help: did you mean `srcs`?\n");
    tells("\\(x : Natural) -> x@1", "x@1 is beyond the variables named `x`: there is 1");
    tells("\\(x : Natural) -> \\(x : Natural) -> x@2", "named `x`: there are 2");
    tells("{ srcs = 1, hdrs = 2 }.src", "error: the record has no field `src`\n"
                                        "    1 | { srcs = 1, hdrs = 2 }.src\n"
                                        "      |                        ^~~\n"
                                        "  help: did you mean `srcs`?\n");
    tells("{ a = 1 }.zzz", "  help: its fields are: a\n");
    tells("< Static | Shared >.Sttaic", "the union has no alternative `Sttaic`");
    tells("let T = { Type = { name : Text, srcs : List Text }, default.srcs = [] : List Text }\n"
          "in  T::{ name = \"x\", src = [ \"a.c\" ] }",
        "x.dhall:2:28: error: not a complete record: there is no field `src` in T.Type\n");
    tells("{ Type = { name : Text }, default = {=} }::{=}",
        "error: not a complete record: field `name` is missing\n");
    tells("{ a = 1, b.c = [ { d = 1 } ] } : { a : Natural, b : { c : List { d : Text } } }",
        "x.dhall:1:24: error: not of the annotated type, at `.b.c[].d`: expected Text, found "
        "Natural");
    tells("{ a = 1, a = 2 }", "x.dhall:1:14: error: this field was given before");
    tells("{ a.x = 1, a.x = 2 }", "error: field `x` was given before");
    tells("{ x = 1 } /\\ { x = 2 }", "error: both sides of `/\\` have a field `x`");
    tells(
        "(\\(x : Natural) -> x) \"a\"", "wrong type of argument `x`: expected Natural, found Text");
    tells("1 2", "what is applied must be a function, but its type is Natural");
    tells("merge { A = 1 } < A | B >.A", "there is no handler for the alternative `B`");
    tells("merge { A = 1, C = 2 } < A >.A", "what is merged has no alternative `C`");
    tells("assert : 1 + 1 === 3", "assertion failed: 2 is not 3");
    tells("[ 1, \"a\" ]", "x.dhall:1:6: error: an element is of another type than the ones before");
    tells("if True then 1 else \"a\"", "the branches of `if` have different types: expected");
    tells("./none.dhall", "x.dhall:1:1: error: /w/none.dhall does not exist");
    tells(
        "./loop.dhall", "imports form a cycle: /w/loop.dhall -> /w/pool.dhall -> /w/loop.dhall\n");
    tells("./wrong.dhall", "/w/wrong.dhall:1:5: error: an operand of `+` must be a Natural, but");
    tells("./wrong.dhall", "x.dhall:1:1: note: /w/wrong.dhall is imported here");
    tells("env:HOME as Text", "a build may not depend on env:HOME");
    tells("https://example.com/x", "remote import https://example.com/x has no sha256:");
    tells("https://straylight.cx/a/v1.dhall",
        "  help: write https://straylight.cx/a/v1.dhall sha256:");
    tells("https://example.com/x using (toMap { A = \"b\" })", "has no sha256:");
    tells("https://example.com/x using 1", "headers must be a List { mapKey : Text");
    tells("https://straylight.cx/bad/v1.dhall",
        "error: a remote file may not import /etc/passwd of this machine");
    tells("./one.dhall sha256:0000000000000000000000000000000000000000000000000000000000000000",
        "help: it is sha256:");
}

static void embedded_packages_are_verified(void)
{
    struct world world;
    struct dhall_loaded loaded;
    uint8_t hash[32];
    world_init(&world, no_files, NULL);
    CHECK(load_text(&world, "{ x = \"deep\", y = 1 }", &loaded) == OK);
    CHECK(dhall_value_hash(world.dhall, loaded.value, hash, &world.diags) == OK);
    AUTO_BUF text = {0};
    buf_printf(&text, "https://straylight.cx/a/v1.dhall sha256:");
    for (size_t i = 0; i < sizeof hash; i++) {
        buf_printf(&text, "%02x", hash[i]);
    }
    buf_add_byte(&text, 0);
    CHECK(load_text(&world, text.ptr, &loaded) == OK && world.reads == 0);
    CHECK_STR(dhall_value_show(world.dhall, loaded.value, 100, &world.arena),
        STR("{ x = \"deep\", y = 1 }"));
    text.ptr[text.len - 2] = text.ptr[text.len - 2] == '0' ? '1' : '0';
    CHECK(load_text(&world, text.ptr, &loaded) == ERR_INVALID);
    world_release(&world);
}

static void session_renew(struct world *world)
{
    dhall_free(world->dhall);
    world->dhall = dhall_new(&world->reader, NULL, world->sources);
    world->reads = 0;
}

/* missing sha256:H ? ./p.dhall fills the cache; from then on nothing is read, unless the entry is
 * not what its name says. */
static void the_cache_is_filled_and_distrusted(void)
{
    static const struct file files[] = {
        {"/w/p.dhall", "\\(x : Natural) -> [ x, 1 + 1 ]"}, {NULL, NULL}};
    struct world world;
    struct dhall_loaded loaded;
    uint8_t hash[32];
    world_init(&world, files, NULL);
    CHECK(load_text(&world, "./p.dhall", &loaded) == OK);
    CHECK(dhall_value_hash(world.dhall, loaded.value, hash, &world.diags) == OK);
    AUTO_BUF text = {0};
    buf_printf(&text, "(missing sha256:");
    for (size_t i = 0; i < sizeof hash; i++) {
        buf_printf(&text, "%02x", hash[i]);
    }
    buf_printf(&text, " ? ./p.dhall) 7%c", 0);
    for (unsigned round = 0; round < 3; round++) {
        session_renew(&world);
        CHECK(load_text(&world, text.ptr, &loaded) == OK);
        CHECK_STR(dhall_value_show(world.dhall, loaded.value, 100, &world.arena), STR("[ 7, 2 ]"));
        CHECK(world.cached.len > 0 && memcmp(world.cached_hash, hash, sizeof hash) == 0);
        CHECK(world.reads == (round == 1 ? 0 : 1));
        if (round == 1) {
            world.cached = STR("\xF5");
        }
    }
    world_release(&world);
}

static void value_is(struct world *world, const char *text, const char *want)
{
    struct dhall_loaded loaded = {0};
    enum err err = load_text(world, text, &loaded);
    CHECK(err == OK);
    if (err == OK) {
        CHECK_STR(dhall_value_show(world->dhall, loaded.value, 200, &world->arena), str_of(want));
    }
}

static void big_values(void)
{
    struct world world;
    world_init(&world, no_files, NULL);
    /* Stops where a step changes nothing. */
    value_is(&world,
        "Natural/fold 100000000000 Natural (\\(x : Natural) -> Natural/subtract 1 x) 9", "0");
    /* A million conses, read from the left; forcing all at once would need a million frames. */
    value_is(&world,
        "let l = Natural/fold 17 (List Natural) (\\(l : List Natural) -> l # l) [ 1 ] in\n"
        "Natural/show (List/length Natural (List/fold Natural l (List Natural)"
        " (\\(x : Natural) -> \\(r : List Natural) -> [ x + 1 ] # r) ([] : List Natural)))",
        "\"131072\"");
    value_is(&world,
        "let l = Natural/fold 16 (List Natural) (\\(l : List Natural) -> l # l) [ 1 ] in\n"
        "List/fold Natural l Natural (\\(x : Natural) -> \\(r : Natural) -> x + r) 0",
        "65536");
    /* A rope of a hundred thousand pieces. */
    value_is(&world,
        "let t = Natural/fold 100000 Text (\\(t : Text) -> t ++ \"a\") \"\" in\n"
        "Text/replace \"aaaaaaaaaa\" \"\" t",
        "\"\"");
    world_release(&world);
}

/* What is known of functions that add (add.c) changes no value. */
static void functions_that_add(void)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"let f = \\(y : Natural) -> y + 1 let g = \\(y : Natural) -> f (f y) "
         "in \\(x : Natural) -> [ g 1, g 2, g 3, g (g (g 4)), g x, f (g x), g (f (g (x * 2))) ]",
            "\\(x : Natural) -> [ 3, 4, 5, 10, x + 1 + 1, x + 1 + 1 + 1, x * 2 + 1 + 1 + 1 + 1 + 1 "
            "]"},
        {"let f = \\(y : Natural) -> 3 + y in \\(x : Natural) -> [ f 1, f 2, f 3, f x, f (f x) ]",
            "\\(x : Natural) -> [ 4, 5, 6, 3 + x, 3 + (3 + x) ]"},
        {"let f = \\(y : Natural) -> y + 1 in [ f 1, f 2, f 18446744073709551615, "
         "f (f 18446744073709551615), f 18446744073709551614 ]",
            "[ 2, 3, 18446744073709551616, 18446744073709551617, 18446744073709551615 ]"},
        {"let f = \\(y : Natural) -> y + 18446744073709551615 in Natural/fold 3 Natural f 1",
            "55340232221128654846"},
        {"let f = \\(y : Natural) -> 18446744073709551615 + (y + 1) in [ f 0, f 1, f 2 ]",
            "[ 18446744073709551616, 18446744073709551617, 18446744073709551618 ]"},
        {"let k = \\(y : Natural) -> \\(z : Natural) -> y + z + 1 in \\(x : Natural) -> "
         "let g = k x in [ g 1, g 2, g 3, k 1 2, k 1 3, k 1 4 ]",
            "\\(x : Natural) -> [ x + 1 + 1, x + 2 + 1, x + 3 + 1, 4, 5, 6 ]"},
        {"\\(n : Natural) -> Natural/fold n Natural (\\(x : Natural) -> x + 1) 0",
            "\\(n : Natural) -> Natural/fold n Natural (\\(x : Natural) -> x + 1) 0"},
        {"\\(z : Natural) -> Natural/fold 4 Natural (\\(x : Natural) -> x + 1) z",
            "\\(z : Natural) -> z + 1 + 1 + 1 + 1"},
        {"\\(s : Natural -> Natural) -> let t = \\(x : Natural) -> s (x + 1) in [ t 1, t 2, t 3 ]",
            "\\(s : Natural -> Natural) -> [ s 2, s 3, s 4 ]"},
    };
    struct world world;
    world_init(&world, no_files, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        value_is(&world, cases[i].text, cases[i].want);
    }
    world_release(&world);
}

/* Lists that end alike share an array, and none sees what others put in front of it. */
static void lists_grow_apart(void)
{
    struct world world;
    world_init(&world, no_files, NULL);
    value_is(&world,
        "let t = [ 7 ] # ([ 8 ] # [ 9 ]) let a = [ 1 ] # t let b = [ 2 ] # t let c = [ 3 ] # a\n"
        "let d = [ 4 ] # a let e = [ 5 ] # ([ 6 ] # t) in { c, d, b, e, a, t }",
        "{ a = [ 1, 7, 8, 9 ], b = [ 2, 7, 8, 9 ], c = [ 3, 1, 7, 8, 9 ], "
        "d = [ 4, 1, 7, 8, 9 ], e = [ 5, 6, 7, 8, 9 ], t = [ 7, 8, 9 ] }");
    value_is(&world,
        "let s = { l : List Natural, m : List Natural } let p = Natural/fold 100 s\n"
        "(\\(p : s) -> { l = [ List/length Natural p.m ] # p.l, m = [ 1 ] # p.l })\n"
        "{ l = [] : List Natural, m = [] : List Natural }\n"
        "in List/fold Natural p.l Natural (\\(x : Natural) -> \\(y : Natural) -> x + y) 0",
        "4950");
    value_is(&world,
        "\\(x : List Natural) -> List/build Natural (\\(list : Type) -> \\(cons : Natural -> list "
        "-> list) -> \\(nil : list) -> cons 1 (cons 2 (List/fold Natural x list cons nil)))",
        "\\(x : List Natural) -> [ 1 ] # ([ 2 ] # List/fold Natural x (List Natural) (\\(a : "
        "Natural) -> \\(`as` : List Natural) -> [ a ] # `as`) ([] : List Natural))");
    world_release(&world);
}

/* A forced value moves into its thunk; what it refers to must stay where it is. */
static void values_stay_where_they_are(void)
{
    struct world world;
    world_init(&world, no_files, NULL);
    value_is(&world,
        "let f = \\(y : Natural) -> { a = y, b = { c = { d = y, e = [ y ] } } }\n"
        "let r = f 1 let p = r.b.c let q = r.b\n"
        "in { p, e = p.e, q, n = r.a + 1, s = (f 2).b.c, t = r.b.c.e # [ 1 ] }",
        "{ e = [ 1 ], n = 2, p = { d = 1, e = [ 1 ] }, q = { c = { d = 1, e = [ 1 ] } }"
        ", s = { d = 2, e = [ 2 ] }, t = [ 1, 1 ] }");
    world_release(&world);
}

static void limits_stop_and_the_session_goes_on(void)
{
    struct world world;
    struct dhall_loaded loaded;
    static const struct dhall_limits limits = {.steps_max = 1000000};
    world_init(&world, no_files, &limits);
    static const char slow[] = "let f = \\(n : Natural) -> Natural/fold n (List Natural)"
                               " (\\(l : List Natural) -> l # [ 1 ]) ([] : List Natural)"
                               " in assert : f 1000000000 === f 1000000001";
    CHECK(load_text(&world, slow, &loaded) == ERR_LIMIT);
    CHECK(world.diags.newest != NULL &&
          str_starts(world.diags.newest->text, STR("evaluating Dhall took more than")));
    world_release(&world);
    /* Nesting that no stack could hold. */
    static const struct dhall_limits small = {.memory_bytes_max = 64 << 20};
    world_init(&world, no_files, &small);
    CHECK(load_text(&world,
              "let f = Natural/fold 100000000 (List Natural)"
              " (\\(l : List Natural) -> [ 1 ] # l) ([] : List Natural)"
              " in assert : List/length Natural f === 1",
              &loaded) == ERR_LIMIT);
    world_release(&world);
    /* More binders within each other than a level can count; and a value as deep. */
    world_init(&world, no_files, NULL);
    AUTO_BUF deep = {0};
    for (unsigned i = 0; i < 70000; i++) {
        buf_printf(&deep, "\\(x : Natural) -> ");
    }
    buf_add(&deep, STR("x\0"));
    CHECK(load_text(&world, deep.ptr, &loaded) == ERR_LIMIT);
    CHECK(world.diags.newest != NULL &&
          str_ends(world.diags.newest->text, STR("more than 65534 functions around each other")));
    value_is(&world, "1 + 1", "2");
    world_release(&world);
}

int main(void)
{
    TEST(reads_every_kind);
    TEST(applies_functions);
    TEST(imports_each_file_once);
    TEST(tells_what_is_wrong);
    TEST(embedded_packages_are_verified);
    TEST(the_cache_is_filled_and_distrusted);
    TEST(big_values);
    TEST(functions_that_add);
    TEST(lists_grow_apart);
    TEST(values_stay_where_they_are);
    TEST(limits_stop_and_the_session_goes_on);
    return test_done();
}
