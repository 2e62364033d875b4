/* src/cli/junit.h: results of tests as JUnit XML, as CI servers read it. */
#ifndef CLI_JUNIT_H
#define CLI_JUNIT_H
#include "cli/building.h"

/* One testsuite for all; one testcase a test: classname is the package, name the target. A test
 * that could not be built is an <error>. One that passed at
 * another attempt has a <flakyFailure>, as Maven's Surefire writes it. What a failed test printed
 * goes with it; bytes that XML cannot hold become U+FFFD. */
enum err junit_write(const struct building *building, struct str path);
#endif
