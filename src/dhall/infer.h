/* src/dhall/infer.h: type inference (dhall-lang standard 23.1.0, type-inference.md). */
#ifndef DHALL_INFER_H
#define DHALL_INFER_H
#include "dhall/value.h"

/* The type of code->root in the empty context, as a value: its names are those that the source gave
 * to bound variables. ERR_INVALID with a diag. Runs on the session's big stack. */
enum err dhall_infer(struct dhall *dhall, const struct dhall_code *code,
    struct dhall_value **ret_type, struct diags *diags);
#endif
