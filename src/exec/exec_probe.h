/* src/exec/exec_probe.h: what the tests run inside of a sandbox: the test's own program, started as
 * "exec_test probe NAME ARG...". */
#ifndef EXEC_EXEC_PROBE_H
#define EXEC_EXEC_PROBE_H

/* Exit status: 0, what the sandbox promises holds; 1, it does not, and standard output says what.
 */
int exec_probe_main(int argc, char **argv);
#endif
