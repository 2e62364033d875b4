/* src/dhall/parse_test.c: what the standard's own cases do not say: messages, spans, bounds,
 * layout. */
#include "base/test.h"
#include "dhall/encode.h"
#include "dhall/parse.h"
#include "dhall/print.h"
#include <stdlib.h>

struct session {
    struct arena arena;
    struct sources *sources;
    struct diags diags;
    struct dhall_labels labels;
    struct dhall_terms terms;
};

static void session_init(struct session *session)
{
    *session = (struct session){.sources = sources_new()};
    diags_init(&session->diags, &session->arena, session->sources);
    dhall_labels_init(&session->labels);
    dhall_terms_init(&session->terms, &session->labels, 0);
}

static void session_release(struct session *session)
{
    dhall_terms_release(&session->terms);
    dhall_labels_release(&session->labels);
    sources_free(session->sources);
    arena_release(&session->arena);
}

static enum err parse(struct session *session, struct str text, dhall_term *ret_term)
{
    uint32_t source = sources_add(session->sources, STR("x.dhall"), text);
    return dhall_parse(&session->terms, source, text, ret_term, &session->diags);
}

static void mistakes_are_told(void)
{
    static const struct {
        const char *text, *message; /* "line:column: text", or with "; help" */
    } cases[] = {
        {"", "1:1: expected an expression, found the end of the file"},
        {"[ 1, 2", "1:7: expected `,` or `]`, found the end of the file"},
        {"[ 1 2 }", "1:7: expected `,` or `]`, found `}`"},
        {"[]", "1:3: expected `:` and the type of the empty list, as in `[] : List T`, found the "
               "end of the file"},
        {"f []", "1:3: an empty list without its type; write `([] : List T)`, with parentheses"},
        {"{ a = 1 b = 2 }",
            "1:11: expected `,` or `}`, found `=`; is a comma missing before this field?"},
        {"{ a == 1 }", "1:5: a field is given with a single `=`"},
        {"{ if = 1 }", "1:3: `if` is a reserved word; to use it as a label, write it in backticks: "
                       "`if`"},
        {"let x == 1 in x", "1:7: a `let` is written with a single `=`"},
        {"let x = 1\n", "1:10: expected `in` or another `let`, found the end of the file"},
        {"let Natural = 1 in 2", "1:5: `Natural` is built in and cannot be bound; take another "
                                 "name, or write it in backticks"},
        {"x :T", "1:4: a space is missing after `:`"},
        {"x +y", "1:3: a space is missing after the operator `+`; `x + 1` adds; `f +1` gives f the "
                 "Integer +1"},
        {"f(x)", "1:2: a space is missing before this argument"},
        {"f Some x", "1:3: expected the end of the expression, found `Some`; as an argument or "
                     "operand it needs parentheses around it"},
        {"a // b with x = 1", "1:8: expected the end of the expression, found `with`; `with` binds "
                              "tighter than operators and arguments: put what it changes in "
                              "parentheses"},
        {"\n\n  (1 + 2", "3:9: expected `)`, found the end of the file; the parenthesis was opened "
                         "at line 3, column 3"},
        {"\"abc",
            "1:1: a Text literal that is not closed: `\"` is missing; a text of several lines "
            "stands between '' and ''"},
        {"\"a\\qb\"", "1:3: unknown escape; a backslash itself is written `\\\\`; there are \\\" "
                      "\\$ \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX \\u{X}"},
        {"\"a\tb\"", "1:3: a tab in a Text literal is written `\\t`"},
        {"'a'", "1:1: expected an expression, found `'`; Text stands in double quotes"},
        {"# a\n1", "1:1: expected an expression, found `#`; a comment begins with `--`"},
        {"''\nabc", "1:1: a Text literal that is not closed: `''` is missing"},
        {"{- a {- b -}", "1:1: a comment that is not closed: `-}` is missing"},
        {"2021-02-29", "1:9: 29 is not between 01 and 28"},
        {"1e400", "1:1: this number is too big for a Double"},
        {"012", "1:1: a number may not begin with 0"},
        {"0xg", "1:1: expected hexadecimal digits after `0x`"},
        {"x@99999999999", "1:3: this index is too big"},
        {"./a sha256:00", "1:5: a hash is `sha256:` and 64 hexadecimal digits"},
        {"./a as Foo", "1:8: expected `Text`, `Bytes` or `Location` after `as`, found `Foo`"},
        {"./\"a/b\"", "1:3: a slash in a quoted part of a path; each part has quotes of its own: "
                      "./\"a b\"/\"c d\""},
        {"https://", "1:9: expected a host's name, found the end of the file"},
        {"r.{ x : T }", "1:7: expected `,` or `}`, found `:`; to project by a type write `.(T)`"},
        {"\\x -> x", "1:2: expected `(`: a parameter is written `(x : T)`, found `x`"},
        {"if a then b", "1:12: expected `else`: an `if` has both branches, found the end of the "
                        "file"},
        {"1 \xC3\xA9", "1:3: expected the end of the expression, found `\xC3\xA9`"},
        {"\xFF", "1:1: byte 0xFF: the file is not UTF-8"},
        {"\xEF\xBB\xBF"
         "1",
            "1:1: a byte order mark: Dhall files have none"},
        {"1 \x01", "1:3: the control character U+0001 may not stand in a Dhall file"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct session session;
        dhall_term term;
        session_init(&session);
        CHECK(parse(&session, str_of(cases[i].text), &term) == ERR_INVALID);
        const struct diag *diag = session.diags.newest;
        CHECK(diag != NULL && diag->older == NULL);
        struct position at = sources_position(session.sources, 1, diag->span.begin);
        struct str help = diag->help;
        struct str got = arena_printf(&session.arena, "%u:%u: %.*s%s%.*s", at.line, at.column,
            STR_ARG(diag->text), help.len > 0 ? "; " : "", STR_ARG(help));
        CHECK_STR(got, str_of(cases[i].message));
        session_release(&session);
    }
}

static void spans_are_exact(void)
{
    static const struct {
        const char *text;
        enum dhall_kind kind;
        const char *covered; /* by the last row of that kind */
    } cases[] = {
        {" ( f x ) -- c", DHALL_APP, "f x"},
        {"1 + (2 * 3)  ", DHALL_OPERATOR, "1 + (2 * 3)"},
        {"let x = 1 in [ x, x ] {- -}", DHALL_LET, "let x = 1 in [ x, x ]"},
        {"let x = 1 in [ x, x ] # y", DHALL_LIST, "[ x, x ]"},
        {"C.library C.Library::{ name = \"x\" }", DHALL_RECORD, "{ name = \"x\" }"},
        {"(a).b.c .{ d }", DHALL_PROJECT, "(a).b.c .{ d }"},
        {"\\(x : T) -> x", DHALL_LAMBDA, "\\(x : T) -> x"},
        {"f ./a sha256:0000000000000000000000000000000000000000000000000000000000000000 x",
            DHALL_IMPORT,
            "./a sha256:0000000000000000000000000000000000000000000000000000000000000000"},
        {"x with a.b = 1 ", DHALL_WITH, "x with a.b = 1"},
        {"[ ''\n  a''\n]", DHALL_TEXT, "''\n  a''"},
        {"a -> (b : c)", DHALL_PI, "a -> (b : c)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct session session;
        dhall_term term;
        session_init(&session);
        struct str text = str_of(cases[i].text);
        CHECK(parse(&session, text, &term) == OK);
        uint32_t row = session.terms.len - 1;
        while (row > 0 && session.terms.rows[row].kind != cases[i].kind) {
            row--;
        }
        struct span span = session.terms.spans[row];
        CHECK(span.source == 1);
        CHECK_STR(str_sub(text, span.begin, span.end), str_of(cases[i].covered));
        session_release(&session);
    }
}

/* head, unit many times, middle, close many times, tail. */
static void repeat(struct buf *text, const char *head, const char *unit, const char *middle,
    const char *close, unsigned times)
{
    buf_add(text, str_of(head));
    for (unsigned i = 0; i < times; i++) {
        buf_add(text, str_of(unit));
    }
    buf_add(text, str_of(middle));
    for (unsigned i = 0; i < times; i++) {
        buf_add(text, str_of(close));
    }
}

/* Parses, encodes, decodes, prints, parses again: none of it by recursion on the chain. */
static void chains_cost_no_stack(void)
{
    static const struct {
        const char *head, *unit, *tail;
    } cases[] = {
        {"f", " x", ""},
        {"1", " + 1", ""},
        {"", "let x = 1 ", "in x"},
        {"", "A -> ", "A"},
        {"", "\\(x : A) -> ", "A"},
        {"", "forall (x : A) -> ", "A"},
        {"", "if a then b else ", "c"},
        {"", "x : ", "A"},
        {"x", " with a = 1", ""},
        {"x", ".a", ""},
        {"missing", " ? ./a", ""},
        {"{ x", ".a", " = 1 }"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct session session;
        dhall_term term;
        AUTO_BUF text = {0};
        AUTO_BUF bytes = {0};
        AUTO_BUF printed = {0};
        AUTO_BUF again = {0};
        session_init(&session);
        repeat(&text, cases[i].head, cases[i].unit, cases[i].tail, "", 100000);
        CHECK(parse(&session, buf_str(&text), &term) == OK);
        dhall_encode(&session.terms, term, &bytes);
        CHECK(dhall_decode(&session.terms, buf_str(&bytes), &term, &session.diags) == OK);
        bool dots =
            cases[i].head[0] == '{'; /* is printed as nested records, deeper than the bound */
        struct dhall_print_options options = {.layout = DHALL_PRINT_ONE_LINE};
        dhall_print(&session.terms, term, &options, &printed);
        CHECK(parse(&session, buf_str(&printed), &term) == (dots ? ERR_LIMIT : OK));
        if (!dots) {
            dhall_encode(&session.terms, term, &again);
            CHECK(str_eq(buf_str(&bytes), buf_str(&again)));
        }
        session_release(&session);
    }
}

/* What is no term by itself may look like one, and what repeats itself is one row. */
static void encodings_come_back(void)
{
    static const char *const texts[] = {
        "x with ?.Natural.Bool = 1",
        "x with ?.Natural.Bool.? = (y with ?.List.List = z)",
        "x.( List Natural )",
        "10:20:30.5",
        "{ a : List Natural, b : List Natural, c : { a : List Natural, b : List Natural } }",
        "< A : Optional Text | B | C : < A : Optional Text | B > >",
        "[ None (List Text), None (List Text), x, None (List Text) ]",
        "\\(`Natural` : Type) -> \\(x : List Natural) -> [ x, x, [] : List `Natural` ]",
        "99999999999999999999999999999 + -99999999999999999999999999999",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct session session;
        dhall_term term;
        AUTO_BUF bytes = {0};
        AUTO_BUF again = {0};
        session_init(&session);
        CHECK(parse(&session, str_of(texts[i]), &term) == OK);
        dhall_encode(&session.terms, term, &bytes);
        CHECK(dhall_decode(&session.terms, buf_str(&bytes), &term, &session.diags) == OK);
        dhall_encode(&session.terms, term, &again);
        CHECK(str_eq(buf_str(&bytes), buf_str(&again)));
        session_release(&session);
    }
}

static void nesting_is_bounded(void)
{
    static const char *const brackets[][2] = {{"(", ")"}, {"[", "]"}, {"{ a = ", "}"},
        {"< a : ", ">"}, {"\"${", "}\""}, {"x.(", ")"}, {"if (", ") then 1 else 1"},
        {"https://a using (", ")"}, {"let x = ", " in 1"}};
    for (size_t i = 0; i < sizeof brackets / sizeof brackets[0]; i++) {
        for (unsigned times = 400; times <= 100000; times = times * 250) {
            struct session session;
            dhall_term term;
            AUTO_BUF text = {0};
            session_init(&session);
            repeat(&text, "", brackets[i][0], "1", brackets[i][1], times);
            CHECK(parse(&session, buf_str(&text), &term) == (times == 400 ? OK : ERR_LIMIT));
            session_release(&session);
        }
    }
}

static void comments_nest_without_bound(void)
{
    struct session session;
    dhall_term term;
    AUTO_BUF text = {0};
    session_init(&session);
    repeat(&text, "1 ", "{-", "", "-}", 100000);
    CHECK(parse(&session, buf_str(&text), &term) == OK);
    session_release(&session);
}

static void terms_are_bounded(void)
{
    struct session session;
    dhall_term term;
    session_init(&session);
    dhall_terms_release(&session.terms);
    dhall_terms_init(&session.terms, &session.labels, 10);
    CHECK(parse(&session, STR("[ 1, 2, 3 ]"), &term) == OK);
    CHECK(parse(&session, STR("[ 1, 2, 3, 4, 5, 6, 7 ]"), &term) == ERR_LIMIT);
    CHECK_STR(session.diags.newest->text, STR("more than 10 terms"));
    session_release(&session);
}

static void layout_is_that_of_format(void)
{
    static const struct {
        const char *text;
        unsigned columns;
        const char *lines, *one_line;
    } cases[] = {
        {"{ b = 1, a = 2 }", 80, "{ a = 2, b = 1 }", "{ a = 2, b = 1 }"},
        {"{ b = 1, a = 2 }", 10, "{ a = 2\n, b = 1\n}", "{ a = 2, b = 1 }"},
        {"let x = 1 let y = x in [ x, y ]", 80, "let x = 1\n\nlet y = x\n\nin  [ x, y ]",
            "let x = 1 let y = x in [ x, y ]"},
        {"C.library C.Library::{ name = \"greet\", srcs = [ \"a.c\" ] }", 40,
            "C.library\n  C.Library::{\n  , name = \"greet\"\n  , srcs = [ \"a.c\" ]\n  }",
            "C.library C.Library::{ name = \"greet\", srcs = [ \"a.c\" ] }"},
        {"\\(x : A) -> \\(y : B) -> f x y", 10, "\\(x : A) ->\n\\(y : B) ->\n  f x y",
            "\\(x : A) -> \\(y : B) -> f x y"},
        {"\"a\\nb\\n\"", 80, "''\na\nb\n''", "\"a\\nb\\n\""},
        {"\" a\\n b\"", 80, "\" a\\n b\"", "\" a\\n b\""},
        {"aaaa + bbbb + cccc", 10, "  aaaa\n+ bbbb\n+ cccc", "aaaa + bbbb + cccc"},
        {"(merge a b) : T", 80, "(merge a b) : T", "(merge a b) : T"},
        {"(a + b) * (c * d)", 80, "(a + b) * (c * d)", "(a + b) * (c * d)"},
        {"`let` + `Natural` + Natural + `a b`.`if`.Natural", 80,
            "`let` + `Natural` + Natural + `a b`.`if`.Natural",
            "`let` + `Natural` + Natural + `a b`.`if`.Natural"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct session session;
        dhall_term term;
        AUTO_BUF lines = {0};
        AUTO_BUF one_line = {0};
        session_init(&session);
        CHECK(parse(&session, str_of(cases[i].text), &term) == OK);
        struct dhall_print_options options = {.columns = cases[i].columns, .ascii = true};
        dhall_print(&session.terms, term, &options, &lines);
        CHECK_STR(buf_str(&lines), str_of(cases[i].lines));
        options.layout = DHALL_PRINT_ONE_LINE;
        dhall_print(&session.terms, term, &options, &one_line);
        CHECK_STR(buf_str(&one_line), str_of(cases[i].one_line));
        session_release(&session);
    }
}

static void doubles_print_as_haskell_does(void)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {-2.5, "-2.5"},
        {0.1, "0.1"},
        {0.09, "9.0e-2"},
        {9999999.0, "9999999.0"},
        {12345678.5, "1.23456785e7"},
        {1e7, "1.0e7"},
        {1e22, "1.0e22"},
        {1.7976931348623157e308, "1.7976931348623157e308"},
        {5e-324, "5.0e-324"},
        {0.30000000000000004, "0.30000000000000004"},
        {100.25, "100.25"},
        {1e23, "9.999999999999999e22"},
        {5.684341886080802e-14, "5.684341886080802e-14"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {2.225073858507201e-308, "2.225073858507201e-308"},
        {9007199254740993.0, "9.007199254740992e15"},
        {4503599627370496.5, "4.503599627370496e15"},
        {0.1 + 0.7, "0.7999999999999999"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        AUTO_BUF text = {0};
        dhall_print_double(cases[i].value, &text);
        CHECK_STR(buf_str(&text), str_of(cases[i].text));
    }
}

int main(void)
{
    TEST(mistakes_are_told);
    TEST(spans_are_exact);
    TEST(chains_cost_no_stack);
    TEST(encodings_come_back);
    TEST(nesting_is_bounded);
    TEST(comments_nest_without_bound);
    TEST(terms_are_bounded);
    TEST(layout_is_that_of_format);
    TEST(doubles_print_as_haskell_does);
    return test_done();
}
