/* src/dhall/parse_number.c: Natural, Integer, Double, Date, Time, TimeZone. */
#include "dhall/scan.h"
#include <math.h>
#include <stdlib.h>

static size_t digits_len(const char *at)
{
    size_t len = 0;
    while (is_digit(at[len])) {
        len++;
    }
    return len;
}

bool parser_number_starts(const struct parser *parser)
{
    const char *at = parser->at;
    if (*at == '+' || *at == '-') {
        return is_digit(at[1]) || strncmp(at, "-Infinity", 9) == 0;
    }
    return is_digit(*at);
}

/* --- dates and times --- */

static unsigned number_at(const char *at, size_t digits)
{
    unsigned value = 0;
    for (size_t i = 0; i < digits; i++) {
        value = value * 10 + (unsigned)(at[i] - '0');
    }
    return value;
}

/* Does text look like pattern, where `0` stands for any digit? */
static bool looks_like(const char *text, const char *pattern)
{
    for (; *pattern != '\0'; text++, pattern++) {
        if (*pattern == '0' ? !is_digit(*text) : *text != *pattern) {
            return false;
        }
    }
    return true;
}

static bool in_range(
    struct parser *parser, const char *at, unsigned value, unsigned least, unsigned most)
{
    if (value >= least && value <= most) {
        return true;
    }
    return parser_fail(parser, at, at + 2, "%02u is not between %02u and %02u", value, least, most);
}

static dhall_term date(struct parser *parser)
{
    static const unsigned char days[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const char *at = parser->at;
    unsigned year = number_at(at, 4);
    unsigned month = number_at(at + 5, 2);
    unsigned day = number_at(at + 8, 2);
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (!in_range(parser, at + 5, month, 1, 12)) {
        return (dhall_term){0};
    }
    if (!in_range(parser, at + 8, day, 1, days[month] + (leap && month == 2 ? 1U : 0U))) {
        return (dhall_term){0};
    }
    parser->at += 10;
    struct dhall_row row = {.kind = DHALL_DATE, .a = year, .b = month, .c = day};
    return dhall_row_add(parser->terms, row, parser_span(parser, at, parser->at));
}

static dhall_term time_of_day(struct parser *parser)
{
    const char *from = parser->at;
    unsigned hour = number_at(from, 2);
    unsigned minute = number_at(from + 3, 2);
    unsigned second = number_at(from + 6, 2);
    if (!in_range(parser, from, hour, 0, 23) || !in_range(parser, from + 3, minute, 0, 59) ||
        !in_range(parser, from + 6, second, 0, 59)) {
        return (dhall_term){0};
    }
    parser->at += 8;
    mpz_t fraction;
    mpz_init(fraction);
    size_t digits = *parser->at == '.' ? digits_len(parser->at + 1) : 0;
    if (digits > 0) {
        char *text = memory_calloc(digits + 1, 1);
        memcpy(text, parser->at + 1, digits);
        (void)mpz_set_str(fraction, text, 10);
        free(text);
        parser->at += 1 + digits;
    }
    uint32_t seconds = (hour * 60 + minute) * 60 + second;
    dhall_term term = dhall_time_add(
        parser->terms, seconds, fraction, (uint32_t)digits, parser_span(parser, from, parser->at));
    mpz_clear(fraction);
    return term;
}

static dhall_term time_zone(struct parser *parser)
{
    const char *from = parser->at;
    if (*from == 'Z' || *from == 'z') {
        parser->at++;
        struct dhall_row row = {.kind = DHALL_TIME_ZONE};
        return dhall_row_add(parser->terms, row, parser_span(parser, from, parser->at));
    }
    unsigned hour = number_at(from + 1, 2);
    unsigned minute = number_at(from + 4, 2);
    if (!in_range(parser, from + 1, hour, 0, 23) || !in_range(parser, from + 4, minute, 0, 59)) {
        return (dhall_term){0};
    }
    parser->at += 6;
    uint32_t minutes = hour * 60 + minute;
    struct dhall_row row = {.kind = DHALL_TIME_ZONE,
        .flag = *from == '-' && minutes > 0 ? DHALL_NEGATIVE : 0,
        .a = minutes};
    return dhall_row_add(parser->terms, row, parser_span(parser, from, parser->at));
}

static bool offset_starts(const char *at)
{
    return *at == 'Z' || *at == 'z' || looks_like(at, "+00:00") || looks_like(at, "-00:00");
}

/* Date, Time and TimeZone that touch make a record of them. */
static dhall_term temporal(struct parser *parser)
{
    const char *from = parser->at;
    uint32_t pairs[6];
    size_t count = 0;
    struct dhall_labels *labels = parser->terms->labels;
    dhall_term term = {0};
    bool has_date = looks_like(from, "0000-00-00");
    if (has_date) {
        term = date(parser);
        pairs[2 * count] = dhall_label_of(labels, STR("date"));
        pairs[2 * count++ + 1] = term.row;
    }
    bool joined = has_date && (*parser->at | 32) == 't' && looks_like(parser->at + 1, "00:00:00");
    parser->at += joined ? 1 : 0;
    if (joined || !has_date) {
        term = time_of_day(parser);
        pairs[2 * count] = dhall_label_of(labels, STR("time"));
        pairs[2 * count++ + 1] = term.row;
        if (offset_starts(parser->at)) {
            term = time_zone(parser);
            pairs[2 * count] = dhall_label_of(labels, STR("timeZone"));
            pairs[2 * count++ + 1] = term.row;
        }
    }
    if (count == 1 || parser->err != OK) {
        return parser->err == OK ? term : (dhall_term){0};
    }
    return dhall_fields_add(
        parser->terms, DHALL_RECORD, pairs, count, parser_span(parser, from, parser->at));
}

/* --- numbers --- */

static dhall_term float_literal(struct parser *parser)
{
    char *end = NULL;
    const char *from = parser->at;
    /* Our grammar's numbers are what strtod takes here: what is behind them ends both. No locale is
     * ever set. */
    double value = strtod(from, &end);
    parser->at = from + (end - from);
    if (isinf(value)) {
        (void)parser_fail(parser, from, parser->at, "this number is too big for a Double");
        return (dhall_term){0};
    }
    return dhall_double_add(parser->terms, value, parser_span(parser, from, parser->at));
}

static dhall_term integer_literal(struct parser *parser, const char *from, const char *digits,
    const char *end, int base, enum dhall_kind kind)
{
    size_t len = (size_t)(end - digits);
    struct span span = parser_span(parser, from, end);
    parser->at = end;
    if (kind == DHALL_NATURAL && base == 10 && len <= 19) {
        uint64_t value = 0;
        for (size_t i = 0; i < len; i++) {
            value = value * 10 + (uint64_t)(digits[i] - '0');
        }
        return dhall_natural_add(parser->terms, value, span);
    }
    char *text = memory_calloc(len + 1, 1);
    memcpy(text, digits, len);
    mpz_t value;
    mpz_init(value);
    (void)mpz_set_str(value, text, base);
    free(text);
    if (*from == '-') {
        mpz_neg(value, value);
    }
    dhall_term term = dhall_number_add(parser->terms, kind, value, span);
    mpz_clear(value);
    return term;
}

static const char *base_end(const char *at, int base)
{
    while (base == 16 ? is_hex(*at) : *at == '0' || *at == '1') {
        at++;
    }
    return at;
}

dhall_term parser_number(struct parser *parser)
{
    const char *from = parser->at;
    bool sign = *from == '+' || *from == '-';
    const char *digits = from + (sign ? 1 : 0);
    if (parser_take_text(parser, STR("-Infinity"))) {
        return dhall_double_add(
            parser->terms, -(double)INFINITY, parser_span(parser, from, parser->at));
    }
    size_t len = digits_len(digits);
    if (sign && len == 2 && looks_like(digits, "00:00")) {
        return time_zone(parser);
    }
    if (!sign && ((len == 4 && looks_like(from, "0000-00-00")) ||
                     (len == 2 && looks_like(from, "00:00:00")))) {
        return temporal(parser);
    }
    const char *end = digits + len;
    bool exponent = (*end | 32) == 'e' &&
                    (is_digit(end[1]) || ((end[1] == '+' || end[1] == '-') && is_digit(end[2])));
    if (exponent || (*end == '.' && is_digit(end[1]))) {
        return float_literal(parser);
    }
    enum dhall_kind kind = sign ? DHALL_INTEGER : DHALL_NATURAL;
    int base = len != 1 || *digits != '0' ? 10 : *end == 'x' ? 16 : *end == 'b' ? 2 : 10;
    if (base != 10) {
        const char *last = base_end(end + 1, base);
        if (last == end + 1) {
            (void)parser_fail(parser, from, last, "expected %s digits after `0%c`",
                base == 16 ? "hexadecimal" : "binary", *end);
            return (dhall_term){0};
        }
        return integer_literal(parser, from, end + 1, last, base, kind);
    }
    if (len > 1 && *digits == '0') {
        (void)parser_fail(parser, from, end, "a number may not begin with 0");
        return (dhall_term){0};
    }
    return integer_literal(parser, from, digits, end, 10, kind);
}

bool parser_index(struct parser *parser, uint32_t *ret_index)
{
    const char *from = parser->at;
    uint32_t first = parser->terms->len;
    if (!is_digit(*from)) {
        return parser_expected(parser, "a number after `@`");
    }
    dhall_term term = parser_number(parser);
    if (term.row == 0) {
        return false;
    }
    const struct dhall_row *row = dhall_row_of(parser->terms, term);
    if (row->kind != DHALL_NATURAL) {
        return parser_fail(parser, from, parser->at, "an index must be a Natural number");
    }
    if ((row->flag & DHALL_BIG) != 0 || row->b != 0) {
        return parser_fail(parser, from, parser->at, "this index is too big");
    }
    *ret_index = row->a;
    parser->terms->len = first; /* the number was no term */
    return true;
}
