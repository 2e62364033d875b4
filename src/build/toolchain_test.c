/* src/build/toolchain_test.c */
#include "base/test.h"
#include "build/elf.h"
#include "build/toolchain.h"

static void names(void)
{
    CHECK(toolchain_name_valid(STR("gmp")));
    CHECK(toolchain_name_valid(STR("protobuf-c")));
    CHECK(!toolchain_name_valid(STR("")));
    CHECK(!toolchain_name_valid(STR("-x")));
    CHECK(!toolchain_name_valid(STR("a/b")));
    CHECK(!toolchain_name_valid(STR("a b")));
}

struct fixture {
    struct arena arena;
    struct diags diags;
    struct toolchain_file file;
};

static void fixture_init(struct fixture *fixture)
{
    arena_init(&fixture->arena);
    diags_init(&fixture->diags, &fixture->arena, NULL);
    fixture->file = (struct toolchain_file){.root_fd = -1,
        .packages = STR("./dhall"),
        .arena = &fixture->arena,
        .diags = &fixture->diags};
}

static bool contains(struct str text, const char *needle)
{
    return memmem(text.ptr, text.len, needle, strlen(needle)) != NULL;
}

/* What pins an entry again, and the packages that it is of. */
static void commands(void)
{
    struct fixture fixture;
    fixture_init(&fixture);
    struct toolchain toolchain = {.compiler = TOOLCHAIN_CLANG,
        .version = STR("14.0.6"),
        .host = STR("x86_64-linux"),
        .target = STR("wasm32-wasi"),
        .packages = STR("clang-14 1:14\nwasi-libc 0.0\n")};
    struct arena *arena = &fixture.arena;
    struct toolchain_known known = {.kind = TOOLCHAIN_ENTRY_COMPILER,
        .name = STR("web"),
        .text = toolchain_entry(&toolchain, STR("web"), arena)};
    CHECK(contains(known.text, "-- from clang-14 1:14\n-- from wasi-libc 0.0\nlet web =\n"));
    CHECK(str_eq(toolchain_add_command(&known, arena),
        STR("straylight toolchain add cc --name web --compiler clang --target wasm32-wasi")));
    toolchain.compiler = TOOLCHAIN_GCC;
    toolchain.target = toolchain.host;
    known.text = toolchain_entry(&toolchain, STR("web"), arena);
    CHECK(str_eq(
        toolchain_add_command(&known, arena), STR("straylight toolchain add cc --name web")));
    known.text = STR("let web = 1, host = T");
    CHECK(str_eq(
        toolchain_add_command(&known, arena), STR("straylight toolchain add cc --name web")));
    known = (struct toolchain_known){.kind = TOOLCHAIN_ENTRY_LIBRARY, .name = STR("gmp")};
    CHECK(str_eq(toolchain_add_command(&known, arena), STR("straylight toolchain add lib gmp")));
    arena_release(arena);
}

/* An entry replaces that of its kind and name alone; the others' text stays, to the byte. */
static void entries(void)
{
    struct fixture fixture;
    fixture_init(&fixture);
    struct str text = {0};
    CHECK(toolchain_text_add(&fixture.file, (struct str){0}, TOOLCHAIN_ENTRY_COMPILER,
              STR("native"), STR("let native = 1 -- by hand\n"), &text) == OK);
    CHECK(contains(text, "let Tc = ./dhall/toolchains/v1.dhall\n"));
    CHECK(contains(text, "in  { native\n    , libs = {=}\n    }\n"));
    CHECK(toolchain_text_add(&fixture.file, text, TOOLCHAIN_ENTRY_LIBRARY, STR("gmp"),
              STR("let lib-gmp = 2\n"), &text) == OK);
    CHECK(toolchain_text_add(&fixture.file, text, TOOLCHAIN_ENTRY_LIBRARY, STR("zstd"),
              STR("let lib-zstd = 3\n"), &text) == OK);
    struct str before = text;
    CHECK(toolchain_text_add(&fixture.file, text, TOOLCHAIN_ENTRY_LIBRARY, STR("gmp"),
              STR("let lib-gmp = 4\n"), &text) == OK);
    CHECK(contains(text, "let native = 1 -- by hand\n"));
    CHECK(contains(text, "let lib-gmp = 4\n"));
    CHECK(!contains(text, "let lib-gmp = 2\n"));
    CHECK(contains(text, "in  { native\n    , libs = { gmp = lib-gmp, zstd = lib-zstd }\n    }\n"));
    CHECK(text.len == before.len);
    arena_release(&fixture.arena);
}

/* A file that somebody else wrote is left alone. */
static void strange(void)
{
    struct fixture fixture;
    fixture_init(&fixture);
    struct str text = {0};
    CHECK(toolchain_text_add(&fixture.file, STR("{ native = 1 }\n"), TOOLCHAIN_ENTRY_COMPILER,
              STR("native"), STR("x\n"), &text) == ERR_INVALID);
    CHECK(toolchain_text_add(&fixture.file, STR("-- entry: what x\n-- end\n"),
              TOOLCHAIN_ENTRY_COMPILER, STR("native"), STR("x\n"), &text) == ERR_INVALID);
    CHECK(toolchain_text_add(&fixture.file, (struct str){0}, TOOLCHAIN_ENTRY_COMPILER,
              STR("not a name"), STR("x\n"), &text) == ERR_INVALID);
    arena_release(&fixture.arena);
}

/* Bytes of anybody: cut anywhere, or changed anywhere, they are at most ELF_OTHER. */
static void elf_bounds(void)
{
    static const unsigned char head[] = {0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3,
        0, 62, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 64, 0, 0, 0, 0, 0,
        /* PT_INTERP, offset 120, 4 bytes */
        3, 0, 0, 0, 4, 0, 0, 0, 120, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, '/', 'l', 'd',
        0};
    struct str whole = {.ptr = (const char *)head, .len = sizeof head};
    struct elf elf = elf_read(whole);
    CHECK(elf.kind == ELF_STATIC);
    CHECK(elf.machine == 62);
    CHECK_STR(elf.interp, STR("/ld"));
    for (size_t len = 0; len < whole.len; len++) {
        elf = elf_read(str_sub(whole, 0, len));
        CHECK(len < 4 ? elf.kind == ELF_NONE : elf.kind != ELF_DYNAMIC);
    }
    char changed[sizeof head];
    for (size_t i = 4; i < whole.len; i++) {
        memcpy(changed, head, sizeof head);
        changed[i] = (char)0xff;
        elf = elf_read((struct str){.ptr = changed, .len = sizeof changed});
        CHECK(elf.interp.len <= sizeof changed);
    }
}

int main(void)
{
    TEST(names);
    TEST(commands);
    TEST(entries);
    TEST(strange);
    TEST(elf_bounds);
    return test_done();
}
