/* src/dhall/inspect.h: what a term of a file is: its type, and what may be selected from it. */
#ifndef DHALL_INSPECT_H
#define DHALL_INSPECT_H
#include "dhall/dhall.h"

enum dhall_member_kind {
    DHALL_MEMBER_FIELD,       /* of a record: detail is its type */
    DHALL_MEMBER_ALTERNATIVE, /* of a union type: detail is what it holds, or empty */
};
struct dhall_member {
    enum dhall_member_kind kind;
    struct str name, detail;
};
struct dhall_inspection {
    bool seen;        /* the term has a type */
    struct str type;  /* one line of ASCII, cut with "..." if it is long */
    struct str brief; /* the same in a few words: names of types, or of fields */
    struct dhall_member *members;
    size_t member_count;
    /* Of a record { Type, default }: the fields of Type. */
    struct dhall_member *fields;
    size_t field_count;
};
/* Loads text as dhall_load_text does, and tells about the term of it that has the span
 * [begin, end), if that does not need what is wrong with the text. Texts are in arena. */
enum err dhall_inspect(struct dhall *dhall, struct str name, struct str dir, struct str text,
    uint32_t begin, uint32_t end, struct arena *arena, struct dhall_inspection *ret_inspection,
    struct diags *diags);
/* All mistakes of text and of what it imports, each a chain of diags; OK: there is none. */
enum err dhall_check(
    struct dhall *dhall, struct str name, struct str dir, struct str text, struct diags *diags);
#endif
