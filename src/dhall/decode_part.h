/* src/dhall/decode_part.h: what the files of the CBOR decoder share.
 *
 *   decode.c         items, terms
 *   decode_import.c  imports, dates and times
 *
 * A function that gives a term gives "no term" after decode_bad. */
#ifndef DHALL_DECODE_PART_H
#define DHALL_DECODE_PART_H
#include "codec/cbor.h"
#include "dhall/term.h"

/* There are many: 48 bytes each. */
struct node {
    uint8_t major;                           /* enum cbor_major */
    bool is_float, is_null, is_bool, is_big; /* is_big: tag 2 or 3 (is_negative) with bytes */
    bool is_negative;
    uint32_t child, next; /* 0: none */
    uint32_t count;       /* children; of a map two for each pair */
    uint32_t at;          /* where in the input */
    dhall_term term;
    union {
        uint64_t argument;
        double number;       /* is_float */
        struct str bytes;    /* of strings, and is_big */
        struct bad {         /* of an array that is no term */
            const char *why; /* NULL: it was not looked at */
            size_t at;
        } bad;
    };
};
struct decoder {
    struct dhall_terms *terms;
    struct diags *diags;
    struct str input;
    struct node *nodes; /* [0] is none */
    uint32_t len, cap;
    uint32_t *scratch;
    size_t scratch_len, scratch_cap;
    struct bad bad;     /* why the array that is being looked at is no term */
    uint32_t *interned; /* closed rows by content: open addressing, 0: none */
    uint32_t interned_len, interned_mask;
    dhall_term builtins[DHALL_BUILTIN_COUNT];
};

static inline const struct node *node_at(const struct decoder *decoder, uint32_t index)
{
    return &decoder->nodes[index];
}

static inline bool is_unsigned(const struct node *node, uint64_t most)
{
    return node->major == CBOR_UNSIGNED && node->argument <= most;
}

/* Remembers why node is no term; the last word counts. */
dhall_term decode_bad(struct decoder *decoder, const struct node *node, const char *why);
dhall_term decode_wrong_length(struct decoder *decoder, const struct node *array);
/* The child at place, counted from 0; node 0 if there are fewer. */
const struct node *decode_child(
    const struct decoder *decoder, const struct node *parent, uint32_t place);
/* An integer of any width; false if the node is none. ret is initialised. */
bool decode_integer(const struct node *node, mpz_t ret);
/* The term that an item is, where one must be. */
dhall_term decode_term(struct decoder *decoder, const struct node *node);

/* decode_import.c: the expression that an array is, by its first number. */
dhall_term decode_import(struct decoder *decoder, const struct node *array);
dhall_term decode_date(struct decoder *decoder, const struct node *array);
dhall_term decode_time(struct decoder *decoder, const struct node *array);
dhall_term decode_time_zone(struct decoder *decoder, const struct node *array);
#endif
