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

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            test_failed = true;                                                                    \
            (void)printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition);                         \
        }                                                                                          \
    } while (0)

#define CHECK_STR(got, want)                                                                       \
    do {                                                                                           \
        struct str test_got = (got);                                                               \
        struct str test_want = (want);                                                             \
        if (!str_eq(test_got, test_want)) {                                                        \
            test_failed = true;                                                                    \
            (void)printf("# %s:%d: %s is \"%.*s\", not \"%.*s\"\n", __FILE__, __LINE__, #got,      \
                STR_ARG(test_got), STR_ARG(test_want));                                            \
        }                                                                                          \
    } while (0)

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
