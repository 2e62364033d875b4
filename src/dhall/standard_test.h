/* src/dhall/standard_test.h: what the judges of the standard's acceptance tests share. */
#ifndef DHALL_STANDARD_TEST_H
#define DHALL_STANDARD_TEST_H
#include "base/arena.h"
#include "base/diag.h"
#include "dhall/dhall.h"

/* What a case works with; made anew for each. */
struct suite_case {
    struct arena arena;
    struct sources *sources;
    struct diags diags;
    struct dhall_labels labels;
    struct dhall_terms terms;
    unsigned fetches;
    struct str root; /* the suite's folder "tests" */
    struct str stem; /* path without A.dhall; of a failure case without .dhall */
};

/* The file stem + suffix, or a failed check. */
bool case_read(struct suite_case *test, const char *suffix, struct str *ret_bytes);

/* standard_network.c: what the world outside answers; CORS is checked. */
enum err suite_fetch(struct suite_case *test, const struct dhall_request *request,
    struct dhall_response *ret_response);

/* standard_semantics.c. The case's own labels and terms are not used. */
bool normalization_success(struct suite_case *test);
bool alpha_success(struct suite_case *test);
bool inference_success(struct suite_case *test);
bool inference_failure(struct suite_case *test);
bool hash_success(struct suite_case *test);
bool import_success(struct suite_case *test);
bool import_failure(struct suite_case *test);
#endif
