/* src/dhall/from_json.h: JSON as a term of a given type, as json-to-dhall converts it.
 *
 *   Bool, Text                true, "text"
 *   Date, Time, TimeZone      "2026-08-01", "12:30:00.5", "+02:00"
 *   Natural, Integer, Double  numbers; whole ones for the first two, in any form (2, 2.0, 2e0)
 *   Optional a                null, or what a takes; a field that is not there
 *   List a                    arrays; objects, if a is { mapKey : Text, mapValue : b }
 *   record                    objects; arrays of { "key": ..., "value": ... }
 *   < A : a | B >             what a takes (the first that does), or "B"
 *   forall (JSON : Type) ...  anything: the Prelude's JSON/Type */
#ifndef DHALL_FROM_JSON_H
#define DHALL_FROM_JSON_H
#include "codec/json_read.h"
#include "dhall/dhall.h"

struct dhall_from_json_options {
    bool records_loose; /* fields that the type does not have are left out */
    bool no_keyval_arrays, no_keyval_maps;
    bool omissible_lists; /* a list that is not there is empty */
    enum dhall_from_json_unions {
        DHALL_UNIONS_FIRST,
        DHALL_UNIONS_STRICT, /* it is an error if several alternatives fit */
        DHALL_UNIONS_NONE,
    } unions;
};
/* terms has the session's labels. ERR_INVALID with the path to what does not fit. */
enum err dhall_from_json(struct dhall *dhall, const struct dhall_value *type,
    const struct json_value *json, const struct dhall_from_json_options *options,
    struct dhall_terms *terms, dhall_term *ret_term, struct diags *diags);
/* The type that fits json best, as Dhall text in arena: what differs among the elements of an array
 * becomes Optional, a union, or the Prelude's JSON type. */
struct str dhall_type_of_json(const struct json_value *json, struct arena *arena);
#endif
