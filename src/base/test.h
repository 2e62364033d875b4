/* src/base/test.h: unit tests that speak TAP (Test Anything Protocol 13).
 *
 *   static void adds(void) { CHECK(1 + 1 == 2); CHECK_STR(x, STR("y")); }
 *   int main(void) { TEST(adds); return test_done(); }
 *
 * One line a test; a CHECK that fails says file, line and expression, and the test goes on. */
#ifndef BASE_TEST_H
#define BASE_TEST_H
#include "base/view.h"
#include <stdio.h>

static int test_count, test_failed_count;
static bool test_failed;

/* Functions, not blocks: the tables' loops stay within the nesting that the gate allows. The
 * analyzer takes what is checked for true behind it: a failed test has said all there is to say. */
#ifdef __clang_analyzer__
#define CHECK(condition) ((condition) ? (void)0 : __builtin_trap())
#else
#define CHECK(condition) test_check((condition), #condition, __FILE__, __LINE__)
#endif
#define CHECK_STR(got, want) test_check_str((got), (want), #got, __FILE__, __LINE__)

static inline void test_check(bool condition, const char *text, const char *file, int line)
{
    if (!condition) {
        test_failed = true;
        (void)printf("# %s:%d: %s\n", file, line, text);
    }
}

static inline void test_check_str(
    struct str got, struct str want, const char *text, const char *file, int line)
{
    if (!str_eq(got, want)) {
        test_failed = true;
        (void)printf("# %s:%d: %s is \"%.*s\", not \"%.*s\"\n", file, line, text, STR_ARG(got),
            STR_ARG(want));
    }
}

#define TEST(name) test_run(#name, name)

static inline void test_result(const char *name)
{
    test_count++;
    test_failed_count += test_failed ? 1 : 0;
    (void)printf("%s %d - %s\n", test_failed ? "not ok" : "ok", test_count, name);
    test_failed = false;
}

static inline void test_run(const char *name, void (*test)(void))
{
    test_failed = false;
    test();
    test_result(name);
}

/* Says that a test cannot run on this machine, and why. */
static inline void test_skip(const char *name, const char *reason)
{
    test_count++;
    (void)printf("ok %d - %s # SKIP %s\n", test_count, name, reason);
}

static inline int test_done(void)
{
    (void)printf("1..%d\n", test_count);
    return test_failed_count == 0 ? 0 : 1;
}
#endif
