/* src/dhall/schemas.h: writes records as completions of schemas, as edits of the text.
 *
 *   schemas:  { Person = { Type = { name : Text, age : Natural }, default.age = 30 } }
 *   text:     [ { name = "A", age = 30 } ]
 *   becomes:  let schemas = ... in [ schemas.Person::{ name = "A" } ]
 *
 * A record literal whose type is the Type of a schema becomes one, without the fields that are as
 * in its default. What is not written as a record literal stays as it is. */
#ifndef DHALL_SCHEMAS_H
#define DHALL_SCHEMAS_H
#include "dhall/dhall.h"

/* name and dir as for dhall_load_text; schemas: the text of an expression, its imports relative to
 * dir too. Adds the new text; what matches no schema leaves it as it was. ERR_INVALID if either is
 * wrong, or if the text binds the name `schemas` itself. */
enum err dhall_schemas_apply(struct dhall *dhall, struct str name, struct str dir, struct str text,
    struct str schemas, struct buf *ret_text, struct diags *diags);
#endif
