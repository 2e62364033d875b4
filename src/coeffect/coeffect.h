/* src/coeffect/coeffect.h: what an action may touch beside its inputs: the grades of the algebra.
 *
 *   Pure = {}     Network = {network}     Auth "npm" (x) Network = {auth npm, network}
 *
 * A grade is a set of resources; the tensor is union: associative, commutative, idempotent, with
 * unit Pure. A requirement is discharged if it is within (<=) what is granted. Sorted by kind, then
 * name, each once: one grade has one form. */
#ifndef COEFFECT_COEFFECT_H
#define COEFFECT_COEFFECT_H
#include "base/diag.h"

enum resource_kind {
    RESOURCE_AUTH,
    RESOURCE_FILESYSTEM,
    RESOURCE_NETWORK,
    RESOURCE_SANDBOX,
    RESOURCE_KIND_COUNT,
};
struct resource {
    enum resource_kind kind;
    struct str name; /* empty for the network */
};
struct grade {
    const struct resource *at; /* sorted, unique */
    size_t count;
};
#define GRADE_PURE ((struct grade){0})

/* The grade of resources in any order, with repetitions. In arena. */
struct grade grade_of(const struct resource *resources, size_t count, struct arena *arena);
/* a (x) b. In arena. */
struct grade grade_tensor(struct grade a, struct grade b, struct arena *arena);
bool grade_eq(struct grade a, struct grade b);
/* Is all of `required` in `granted`? ret_missing: the first that is not; may be NULL. */
bool grade_within(struct grade required, struct grade granted, struct resource *ret_missing);
/* "Network", "Auth \"npm\"". In arena. */
struct str resource_format(struct resource resource, struct arena *arena);
/* The name of a kind as dice/v1.dhall spells it. */
const char *resource_kind_name(enum resource_kind kind);

/* Platform properties (REAPI v2 `Platform`): one a resource, in the order of the grade:
 * "straylight-auth" = "npm", "straylight-network" = "". Names and values in arena. */
struct grade_property {
    struct str name, value;
};
struct grade_property *grade_properties(struct grade grade, struct arena *arena);
#endif
