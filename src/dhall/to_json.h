/* src/dhall/to_json.h: a value as JSON, as dhall-to-json converts it.
 *
 *   Bool, Natural, Integer, Double, Text   the same; NaN and the infinities by `doubles`
 *   Date, Time, TimeZone and records of them   text
 *   List a                    array; of { mapKey, mapValue } an object, if maps are wanted
 *   Optional a                null or the value
 *   record                    object; of { contents, field, nesting } what the Prelude says
 *   < A : a | B >             the content of A; the name of B
 *   forall (JSON : Type) ...  what the Prelude's JSON/Type encodes */
#ifndef DHALL_TO_JSON_H
#define DHALL_TO_JSON_H
#include "codec/json_read.h"
#include "dhall/dhall.h"

struct dhall_json_options {
    bool no_maps;
    struct str map_key, map_value; /* empty: "mapKey" and "mapValue" */
    enum dhall_json_doubles {
        DHALL_JSON_DOUBLES_REFUSE,      /* NaN and Infinity are errors */
        DHALL_JSON_DOUBLES_APPROXIMATE, /* null and the greatest Double */
        DHALL_JSON_DOUBLES_YAML,        /* .nan, .inf, -.inf as numbers */
    } doubles;
    enum dhall_json_omit {
        DHALL_JSON_OMIT_NULL,  /* fields that are null are left out */
        DHALL_JSON_OMIT_EMPTY, /* and arrays and objects that have nothing then */
        DHALL_JSON_OMIT_NONE,
    } omit;
};
/* All is in arena. ERR_INVALID, with the path to what has no JSON; ERR_LIMIT: nested deeper than
 * JSON_PRINT_DEPTH_MAX. */
enum err dhall_to_json(struct dhall *dhall, const struct dhall_value *value,
    const struct dhall_json_options *options, struct arena *arena, struct json_value *ret_json,
    struct diags *diags);
#endif
