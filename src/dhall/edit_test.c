/* src/dhall/edit_test.c */
#include "base/test.h"
#include "dhall/edit.h"
#include "dhall/parse.h"

struct edit_case {
    const char *name, *text, *element, *want; /* want: the text after, or the message */
};

/* The target is "t", the field "srcs". */
static enum err edit_run(
    const struct edit_case *row, struct arena *arena, struct diags *diags, struct str *ret_text)
{
    struct dhall_edit_place place = {.target = STR("t"), .field = STR("srcs")};
    struct dhall_edit edit;
    struct str text = str_of(row->text);
    uint32_t source = sources_add(diags->sources, STR("BUILD.dhall"), text);
    enum err err = dhall_edit_add(text, source, &place, str_of(row->element), arena, &edit, diags);
    if (err == OK) {
        *ret_text = dhall_edit_apply(text, &edit, arena);
    }
    return err;
}

/* Adding again changes nothing: so what was added is in the list. */
static void check_edit(const struct edit_case *row, bool good)
{
    struct arena arena = {0};
    struct diags diags;
    struct sources *sources = sources_new();
    diags_init(&diags, &arena, sources);
    struct str got = STR("");
    test_failed = false;
    enum err err = edit_run(row, &arena, &diags, &got);
    CHECK((err == OK) == good);
    CHECK_STR(err == OK ? got : diags.newest->text, str_of(row->want));
    if (err == OK) {
        struct edit_case again = *row;
        struct str twice = STR("");
        again.text = arena_cstr(&arena, got);
        CHECK(edit_run(&again, &arena, &diags, &twice) == OK);
        CHECK_STR(twice, got);
    }
    test_result(row->name);
    sources_free(sources);
    arena_release(&arena);
}

static const struct edit_case good_cases[] = {
    {"one line, first", "T::{ name = \"t\", srcs = [ \"b\", \"d\" ] }", "a",
        "T::{ name = \"t\", srcs = [ \"a\", \"b\", \"d\" ] }"},
    {"one line, middle", "T::{ name = \"t\", srcs = [ \"b\", \"d\" ] }", "c",
        "T::{ name = \"t\", srcs = [ \"b\", \"c\", \"d\" ] }"},
    {"one line, last", "T::{ name = \"t\", srcs = [ \"b\", \"d\" ] }", "e",
        "T::{ name = \"t\", srcs = [ \"b\", \"d\", \"e\" ] }"},
    {"one line, comma at the end", "{ name = \"t\", srcs = [\"b\",] }", "c",
        "{ name = \"t\", srcs = [\"b\", \"c\",] }"},
    {"there already", "{ name = \"t\", srcs = [ \"b\" ] }", "b",
        "{ name = \"t\", srcs = [ \"b\" ] }"},
    {"not sorted: at the end", "{ name = \"t\", srcs = [ \"m\", \"b\" ] }", "c",
        "{ name = \"t\", srcs = [ \"m\", \"b\", \"c\" ] }"},
    {"empty", "{ name = \"t\", srcs = [] : List Text }", "a", "{ name = \"t\", srcs = [ \"a\" ] }"},
    {"escaped", "{ name = \"t\", srcs = [ \"b\" ] }", "a\"${x}",
        "{ name = \"t\", srcs = [ \"a\\\"\\${x}\", \"b\" ] }"},
    {"commas first, first", "{ name = \"t\", srcs =\n  [ \"b\" -- of b\n  , \"d\"\n  ]\n}", "a",
        "{ name = \"t\", srcs =\n  [ \"a\"\n  , \"b\" -- of b\n  , \"d\"\n  ]\n}"},
    {"commas first, middle", "{ name = \"t\", srcs =\n  [ \"b\" -- of b\n  , \"d\" -- of d\n  ]\n}",
        "c", "{ name = \"t\", srcs =\n  [ \"b\" -- of b\n  , \"c\"\n  , \"d\" -- of d\n  ]\n}"},
    {"commas first, a line for the next",
        "{ name = \"t\", srcs =\n  [ \"b\"\n  -- of d\n  , \"d\"\n  ]\n}", "c",
        "{ name = \"t\", srcs =\n  [ \"b\"\n  , \"c\"\n  -- of d\n  , \"d\"\n  ]\n}"},
    {"commas first, last", "{ name = \"t\", srcs =\n  [ \"b\"\n  , \"d\" -- of d, [ too\n  ]\n}",
        "e", "{ name = \"t\", srcs =\n  [ \"b\"\n  , \"d\" -- of d, [ too\n  , \"e\"\n  ]\n}"},
    {"commas first, bracket on the line", "{ name = \"t\"\n, srcs = [ \"b\"\n         , \"d\" ]\n}",
        "e", "{ name = \"t\"\n, srcs = [ \"b\"\n         , \"d\"\n         , \"e\" ]\n}"},
    {"commas first, of one", "{ name = \"t\", srcs = [ \"b\"\n] }", "c",
        "{ name = \"t\", srcs = [ \"b\"\n                     , \"c\"\n] }"},
    {"commas first, a comment of lines",
        "{ name = \"t\", srcs =\n  [ \"b\" {- one,\n two -}\n  , \"d\"\n  ]\n}", "c",
        "{ name = \"t\", srcs =\n  [ \"b\" {- one,\n two -}\n  , \"c\"\n  , \"d\"\n  ]\n}"},
    {"commas last, first", "{ name = \"t\", srcs = [\n    -- of b\n    \"b\",\n    \"d\"\n  ] }",
        "a", "{ name = \"t\", srcs = [\n    \"a\",\n    -- of b\n    \"b\",\n    \"d\"\n  ] }"},
    {"commas last, middle", "{ name = \"t\", srcs = [\n    \"b\", -- of b\n    \"d\",\n  ] }", "c",
        "{ name = \"t\", srcs = [\n    \"b\", -- of b\n    \"c\",\n    \"d\",\n  ] }"},
    {"commas last, last", "{ name = \"t\", srcs = [\n    \"b\",\n    \"d\", -- of d\n  ] }", "e",
        "{ name = \"t\", srcs = [\n    \"b\",\n    \"d\", -- of d\n    \"e\",\n  ] }"},
    {"commas last, last without", "{ name = \"t\", srcs = [\n    \"b\",\n    \"d\" -- of d\n  ] }",
        "e", "{ name = \"t\", srcs = [\n    \"b\",\n    \"d\", -- of d\n    \"e\"\n  ] }"},
    {"commas last, bracket on the line", "{ name = \"t\", srcs = [ \"b\",\n    \"d\" ] }", "e",
        "{ name = \"t\", srcs = [ \"b\",\n    \"d\",\n                       \"e\" ] }"},
    {"tabs and carriage returns", "{ name = \"t\", srcs =\r\n\t[ \"b\"\r\n\t, \"d\"\r\n\t]\r\n}",
        "c", "{ name = \"t\", srcs =\r\n\t[ \"b\"\r\n\t, \"c\"\r\n\t, \"d\"\r\n\t]\r\n}"},
    {"several on a line", "{ name = \"t\", srcs =\n  [ \"a\", \"c\"\n  , \"d\" ] }", "b",
        "{ name = \"t\", srcs =\n  [ \"a\", \"b\", \"c\"\n  , \"d\" ] }"},
    {"a sum", "T::{ name = \"t\", srcs = [ \"a\" ] # more }", "b",
        "T::{ name = \"t\", srcs = [ \"a\", \"b\" ] # more }"},
    {"a sum that begins with a name", "T::{ name = \"t\", srcs = more # [ \"a\" ] }", "b",
        "T::{ name = \"t\", srcs = more # [ \"a\", \"b\" ] }"},
    {"bound by let", "let files = [ \"a\" ] in T::{ name = \"t\", srcs = files }", "b",
        "let files = [ \"a\", \"b\" ] in T::{ name = \"t\", srcs = files }"},
    {"among others",
        "let x = C.l T::{ name = \"u\", srcs = [ \"a\" ] }\n"
        "let t = C.l T::{ name = \"t\", srcs = [ \"a\" ] }\nin { x, t }",
        "b",
        "let x = C.l T::{ name = \"u\", srcs = [ \"a\" ] }\n"
        "let t = C.l T::{ name = \"t\", srcs = [ \"a\", \"b\" ] }\nin { x, t }"},
    {"the completion before another record",
        "{ a = { name = \"t\" }, b = T::{ name = \"t\", srcs = [ \"a\" ] } }", "b",
        "{ a = { name = \"t\" }, b = T::{ name = \"t\", srcs = [ \"a\", \"b\" ] } }"},
    {"field is new, one line", "T::{ name = \"t\", deps = d }", "a",
        "T::{ name = \"t\", srcs = [ \"a\" ], deps = d }"},
    {"field is new, lines", "  T::{\n  , name = \"t\" -- it\n  , deps = d\n  }", "a",
        "  T::{\n  , name = \"t\" -- it\n  , srcs = [ \"a\" ]\n  , deps = d\n  }"},
    {"field is new, name first", "T::{ name = \"t\"\n   , deps = d\n   }", "a",
        "T::{ name = \"t\", srcs = [ \"a\" ]\n   , deps = d\n   }"},
    {"in parentheses", "{ name = \"t\", srcs = ([ (\"a\"), (\"c\") ]) }", "b",
        "{ name = \"t\", srcs = ([ (\"a\"), \"b\", (\"c\") ]) }"},
    {"with interpolation", "{ name = \"t\", srcs = [ \"${d}/a\", \"c\" ] }", "b",
        "{ name = \"t\", srcs = [ \"${d}/a\", \"b\", \"c\" ] }"},
};

static const struct edit_case bad_cases[] = {
    {"no record", "{ name = \"u\" }", "a",
        "srcs of target t: no record with its name is written in this file"},
    {"a record that dots made", "{ a.name = \"t\", srcs = [ \"a\" ] }", "b",
        "srcs of target t: no record with its name is written in this file"},
    {"two records", "[ { name = \"t\", srcs = a }, { name = \"t\", srcs = b } ]", "a",
        "srcs of target t: several records of its name are written in this file"},
    {"no literal", "{ name = \"t\", srcs = f x }", "a",
        "srcs of target t: this is no list literal"},
    {"does not parse", "{ name = \"t\"", "a", "expected `,` or `}`, found the end of the file"},
};

int main(void)
{
    for (size_t i = 0; i < sizeof good_cases / sizeof good_cases[0]; i++) {
        check_edit(&good_cases[i], true);
    }
    for (size_t i = 0; i < sizeof bad_cases / sizeof bad_cases[0]; i++) {
        check_edit(&bad_cases[i], false);
    }
    return test_done();
}
