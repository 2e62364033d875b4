/* src/dhall/decode_import.c: imports, dates and times of the CBOR decoder. */
#include "dhall/decode_part.h"

static bool import_head(struct decoder *decoder, const struct node *array,
    struct dhall_import *import, const struct node **ret_rest)
{
    if (array->count < 4) {
        (void)decode_wrong_length(decoder, array);
        return false;
    }
    const struct node *hash = decode_child(decoder, array, 1);
    const struct node *mode = node_at(decoder, hash->next);
    const struct node *scheme = node_at(decoder, mode->next);
    if (!hash->is_null) {
        if (hash->major != CBOR_BYTES || hash->bytes.len != 34 ||
            !str_starts(hash->bytes, STR("\x12\x20"))) {
            (void)decode_bad(decoder, hash, "a hash is 0x12 0x20 and 32 bytes");
            return false;
        }
        import->has_hash = true;
        memcpy(import->hash, hash->bytes.ptr + 2, 32);
    }
    if (!is_unsigned(mode, DHALL_AS_BYTES) || !is_unsigned(scheme, DHALL_MISSING)) {
        (void)decode_bad(decoder, mode, "no import is of this mode and scheme");
        return false;
    }
    import->mode = (enum dhall_import_mode)mode->argument;
    import->scheme = (enum dhall_import_scheme)scheme->argument;
    *ret_rest = node_at(decoder, scheme->next);
    return true;
}

/* count texts from node on; returns the node behind them, or NULL. */
static const struct node *import_path(
    struct decoder *decoder, const struct node *node, uint32_t count, struct dhall_import *import)
{
    struct arena *arena = &decoder->terms->arena;
    import->path = ARENA_NEW(arena, struct str, count);
    import->path_len = count;
    for (uint32_t i = 0; i < count; i++) {
        if (node->major != CBOR_TEXT) {
            (void)decode_bad(decoder, node, "a part of a path is expected here");
            return NULL;
        }
        import->path[i] = arena_str(arena, node->bytes);
        node = node_at(decoder, node->next);
    }
    return node;
}

/* headers, authority, path..., query: count items. */
static bool import_remote(struct decoder *decoder, const struct node *array,
    const struct node *node, uint32_t count, struct dhall_import *import)
{
    if (count < 4) {
        (void)decode_wrong_length(decoder, array);
        return false;
    }
    if (!node->is_null) {
        import->headers = decode_term(decoder, node);
        if (import->headers.row == 0) {
            return false;
        }
    }
    const struct node *authority = node_at(decoder, node->next);
    if (authority->major != CBOR_TEXT) {
        (void)decode_bad(decoder, authority, "the name of a host is expected here");
        return false;
    }
    struct arena *arena = &decoder->terms->arena;
    import->authority = arena_str(arena, authority->bytes);
    const struct node *query =
        import_path(decoder, node_at(decoder, authority->next), count - 3, import);
    if (query == NULL || (!query->is_null && query->major != CBOR_TEXT)) {
        return query == NULL ? false : decode_bad(decoder, query, "no query of a URL").row != 0;
    }
    import->has_query = !query->is_null;
    import->query = import->has_query ? arena_str(arena, query->bytes) : STR("");
    return true;
}

dhall_term decode_import(struct decoder *decoder, const struct node *array)
{
    struct dhall_import row = {.mode = DHALL_AS_CODE};
    const struct node *rest;
    if (!import_head(decoder, array, &row, &rest)) {
        return (dhall_term){0};
    }
    uint32_t count = array->count - 4;
    bool good;
    if (row.scheme <= DHALL_HTTPS) {
        good = import_remote(decoder, array, rest, count, &row);
    } else if (row.scheme == DHALL_MISSING || row.scheme == DHALL_ENV) {
        bool env = row.scheme == DHALL_ENV;
        good = count == (env ? 1U : 0U) && (!env || rest->major == CBOR_TEXT);
        row.authority = good && env ? arena_str(&decoder->terms->arena, rest->bytes) : STR("");
    } else {
        good = count > 0 && import_path(decoder, rest, count, &row) != NULL;
    }
    if (!good) {
        return decoder->bad.why != NULL ? (dhall_term){0} : decode_wrong_length(decoder, array);
    }
    return dhall_import_add(decoder->terms, &row, SPAN_NONE);
}

/* --- dates and times --- */

dhall_term decode_date(struct decoder *decoder, const struct node *array)
{
    static const uint8_t days[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (array->count != 4) {
        return decode_wrong_length(decoder, array);
    }
    const struct node *year = decode_child(decoder, array, 1);
    const struct node *month = decode_child(decoder, array, 2);
    const struct node *day = decode_child(decoder, array, 3);
    if (!is_unsigned(year, 9999) || !is_unsigned(month, 12) || !is_unsigned(day, 31)) {
        return decode_bad(decoder, array, "no date");
    }
    uint64_t y = year->argument;
    bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    uint64_t last = days[month->argument] + (leap && month->argument == 2 ? 1U : 0U);
    if (day->argument == 0 || day->argument > last) {
        return decode_bad(decoder, array, "no date");
    }
    struct dhall_row row = {.kind = DHALL_DATE,
        .a = (uint32_t)y,
        .b = (uint32_t)month->argument,
        .c = (uint32_t)day->argument};
    return dhall_row_add(decoder->terms, row, SPAN_NONE);
}

enum {
    TIME_DIGITS_MAX = 100000, /* of a fraction; the standard asks for 9 */
};

/* A decimal fraction (RFC 8949, 3.4.4): mantissa * 10^exponent seconds. */
static dhall_term seconds(struct decoder *decoder, const struct node *tag, uint32_t minutes)
{
    const struct node *pair = node_at(decoder, tag->child);
    if (tag->major != CBOR_TAG || tag->argument != 4 || pair->major != CBOR_ARRAY ||
        pair->count != 2) {
        return decode_bad(decoder, tag, "seconds are a decimal fraction");
    }
    const struct node *exponent = node_at(decoder, pair->child);
    bool negative = exponent->major == CBOR_NEGATIVE && exponent->argument < TIME_DIGITS_MAX;
    if (!negative && !is_unsigned(exponent, 1)) {
        return decode_bad(decoder, exponent, "an exponent of seconds out of bounds");
    }
    uint32_t digits = negative ? (uint32_t)exponent->argument + 1 : 0;
    mpz_t whole;
    mpz_t fraction;
    mpz_t scale;
    mpz_inits(whole, fraction, scale, NULL);
    mpz_ui_pow_ui(scale, 10, digits);
    bool good = decode_integer(node_at(decoder, exponent->next), whole) && mpz_sgn(whole) >= 0;
    if (!negative && exponent->argument == 1) {
        mpz_mul_ui(whole, whole, 10);
    }
    mpz_tdiv_qr(whole, fraction, whole, scale);
    good = good && mpz_cmp_ui(whole, 60) < 0;
    dhall_term term = {0};
    if (good) {
        term = dhall_time_add(decoder->terms, minutes * 60 + (uint32_t)mpz_get_ui(whole), fraction,
            digits, SPAN_NONE);
    } else {
        (void)decode_bad(decoder, tag, "no seconds of a time");
    }
    mpz_clears(whole, fraction, scale, NULL);
    return term;
}

dhall_term decode_time(struct decoder *decoder, const struct node *array)
{
    if (array->count != 4) {
        return decode_wrong_length(decoder, array);
    }
    const struct node *hour = decode_child(decoder, array, 1);
    const struct node *minute = decode_child(decoder, array, 2);
    if (!is_unsigned(hour, 23) || !is_unsigned(minute, 59)) {
        return decode_bad(decoder, array, "no time");
    }
    uint32_t minutes = (uint32_t)(hour->argument * 60 + minute->argument);
    return seconds(decoder, decode_child(decoder, array, 3), minutes);
}

dhall_term decode_time_zone(struct decoder *decoder, const struct node *array)
{
    if (array->count != 4) {
        return decode_wrong_length(decoder, array);
    }
    const struct node *sign = decode_child(decoder, array, 1);
    const struct node *hour = decode_child(decoder, array, 2);
    const struct node *minute = decode_child(decoder, array, 3);
    if (!sign->is_bool || !is_unsigned(hour, 23) || !is_unsigned(minute, 59)) {
        return decode_bad(decoder, array, "no time zone");
    }
    uint32_t minutes = (uint32_t)(hour->argument * 60 + minute->argument);
    bool negative = sign->argument == 20 && minutes > 0;
    struct dhall_row row = {
        .kind = DHALL_TIME_ZONE, .flag = negative ? DHALL_NEGATIVE : 0, .a = minutes};
    return dhall_row_add(decoder->terms, row, SPAN_NONE);
}
