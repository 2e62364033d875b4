/* src/dhall/print_literal.c: names, numbers, texts and imports as Dhall writes them. */
#include "dhall/print_literal.h"
#include "dhall/parse.h"
#include "dhall/print.h"
#include <math.h>
#include <stdlib.h>

static const char hex_digits[] = "0123456789abcdef";

static bool is_builtin(struct str name)
{
    for (unsigned i = 0; i < DHALL_BUILTIN_COUNT; i++) {
        if (str_eq(dhall_builtin_name((enum dhall_builtin)i), name)) {
            return true;
        }
    }
    return false;
}

void dhall_print_label(struct str label, bool bound, struct buf *ret_text)
{
    bool plain = dhall_is_simple_label(label) && !(bound && is_builtin(label));
    if (!plain) {
        buf_add_byte(ret_text, '`');
    }
    buf_add(ret_text, label);
    if (!plain) {
        buf_add_byte(ret_text, '`');
    }
}

void dhall_print_text_escaped(struct str text, struct buf *ret_text)
{
    static const char letters[] = "\"\\\b\f\n\r\t";
    static const char names[] = "\"\\bfnrt";
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        const char *letter = c == '\0' ? NULL : strchr(letters, c);
        bool dollar = c == '$' && i + 1 < text.len && text.ptr[i + 1] == '{';
        bool control = (unsigned char)c < 0x20;
        if (letter == NULL && !dollar && !control) {
            continue;
        }
        buf_add(ret_text, str_sub(text, from, i));
        from = i + 1;
        if (letter != NULL) {
            buf_add_byte(ret_text, '\\');
            buf_add_byte(ret_text, (uint8_t)names[letter - letters]);
        } else if (dollar) {
            buf_add(ret_text, STR("\\$"));
        } else {
            buf_printf(ret_text, "\\u%04X", (unsigned)(unsigned char)c);
        }
    }
    buf_add(ret_text, str_sub(text, from, text.len));
}

/* The state of the digits' generation, as in Haskell's floatToDigits: value = r / s * 10^k, and all
 * decimals strictly between value - down and value + up (over s) are read back as value. */
struct digits {
    mpz_t r, s, up, down, part;
    int power_least; /* at most floor(log10(value)) - 1 */
};

static void digits_begin(struct digits *digits, double value)
{
    int exponent;
    uint64_t fraction = (uint64_t)ldexp(frexp(value, &exponent), 53);
    /* 2^(exponent - 1) <= value; log10(2) is 0.30103 less 4e-9; the division rounds up below 0 */
    digits->power_least = (exponent - 1) * 30103 / 100000 - 2;
    exponent -= 53;
    if (exponent < -1074) { /* subnormal */
        fraction >>= (unsigned)(-1074 - exponent);
        exponent = -1074;
    }
    /* At a power of two the double below is only half as far away. */
    bool uneven = fraction == UINT64_C(1) << 52 && exponent > -1074;
    mpz_inits(digits->r, digits->s, digits->up, digits->down, digits->part, NULL);
    mpz_set_ui(digits->r, fraction);
    mpz_set_ui(digits->s, 1);
    mpz_set_ui(digits->down, 1);
    mpz_t *scaled = exponent >= 0 ? &digits->r : &digits->s;
    mpz_mul_2exp(*scaled, *scaled, (mp_bitcnt_t)abs(exponent));
    if (exponent >= 0) {
        mpz_mul_2exp(digits->down, digits->down, (mp_bitcnt_t)exponent);
    }
    mpz_mul_2exp(digits->up, digits->down, uneven ? 1 : 0);
    mpz_mul_2exp(digits->r, digits->r, uneven ? 2 : 1);
    mpz_mul_2exp(digits->s, digits->s, uneven ? 2 : 1);
}

/* Scales by the least power of ten that makes the value, and all that reads back as it, at most 1.
 */
static int digits_scale(struct digits *digits)
{
    int power = digits->power_least;
    mpz_ui_pow_ui(digits->part, 10, (unsigned long)abs(power));
    if (power >= 0) {
        mpz_mul(digits->s, digits->s, digits->part);
    } else {
        mpz_mul(digits->r, digits->r, digits->part);
        mpz_mul(digits->up, digits->up, digits->part);
        mpz_mul(digits->down, digits->down, digits->part);
    }
    for (;;) {
        mpz_add(digits->part, digits->r, digits->up);
        if (mpz_cmp(digits->part, digits->s) <= 0) {
            return power;
        }
        mpz_mul_ui(digits->s, digits->s, 10);
        power++;
    }
}

/* The fewest digits that give value (finite, above 0) back, without a point; value is 0.digits *
 * 10^exponent. The digits are those of Haskell's `show`: 1e23 is 9.999999999999999e22 there. */
static int shortest_digits(double value, char text[static 32])
{
    struct digits digits;
    digits_begin(&digits, value);
    int exponent = digits_scale(&digits);
    size_t len = 0;
    bool low;
    bool high;
    do {
        mpz_mul_ui(digits.r, digits.r, 10);
        mpz_mul_ui(digits.up, digits.up, 10);
        mpz_mul_ui(digits.down, digits.down, 10);
        mpz_tdiv_qr(digits.part, digits.r, digits.r, digits.s);
        text[len++] = (char)('0' + mpz_get_ui(digits.part));
        low = mpz_cmp(digits.r, digits.down) < 0;
        mpz_add(digits.part, digits.r, digits.up);
        high = mpz_cmp(digits.part, digits.s) > 0;
    } while (!low && !high);
    mpz_mul_2exp(digits.r, digits.r, 1);
    if (high && (!low || mpz_cmp(digits.r, digits.s) >= 0)) {
        text[len - 1]++;
    }
    text[len] = '\0';
    mpz_clears(digits.r, digits.s, digits.up, digits.down, digits.part, NULL);
    return exponent;
}

void dhall_print_double(double value, struct buf *ret_text)
{
    if (isnan(value)) {
        buf_add(ret_text, STR("NaN"));
        return;
    }
    if (signbit(value) != 0) {
        buf_add_byte(ret_text, '-');
        value = -value;
    }
    if (isinf(value)) {
        buf_add(ret_text, STR("Infinity"));
        return;
    }
    if (fpclassify(value) == FP_ZERO) {
        buf_add(ret_text, STR("0.0"));
        return;
    }
    char digits[32] = "";
    int point = shortest_digits(value, digits);
    int len = (int)strlen(digits);
    if (value < 0.1 || value >= 1e7) {
        buf_printf(ret_text, "%c.%se%d", digits[0], len > 1 ? digits + 1 : "0", point - 1);
        return;
    }
    if (point == 0) {
        buf_add_byte(ret_text, '0');
    }
    for (int i = 0; i < point; i++) {
        buf_add_byte(ret_text, i < len ? (uint8_t)digits[i] : '0');
    }
    buf_printf(ret_text, ".%s", len > point ? digits + point : "0");
}

/* --- rows without children --- */

static void mpz_print(const mpz_t value, struct buf *ret_text)
{
    size_t room = mpz_sizeinbase(value, 10) + 2;
    char *at = buf_reserve(ret_text, room);
    (void)mpz_get_str(at, 10, value);
    ret_text->len += strlen(at);
}

static void number_print(
    const struct dhall_terms *terms, const struct dhall_row *row, struct buf *ret_text)
{
    if (row->kind == DHALL_INTEGER) {
        buf_add_byte(ret_text, (row->flag & DHALL_NEGATIVE) != 0 ? '-' : '+');
    }
    if ((row->flag & DHALL_BIG) != 0) {
        mpz_print(terms->bigs[row->a], ret_text);
    } else {
        buf_printf(ret_text, "%llu", (unsigned long long)dhall_row_u64(row));
    }
}

static void time_print(
    const struct dhall_terms *terms, const struct dhall_row *row, struct buf *ret_text)
{
    buf_printf(ret_text, "%02u:%02u:%02u", row->a / 3600, row->a / 60 % 60, row->a % 60);
    if (row->c == 0) {
        return;
    }
    AUTO_BUF fraction = {0};
    mpz_print(terms->bigs[row->b], &fraction);
    buf_add_byte(ret_text, '.');
    for (size_t i = fraction.len; i < row->c; i++) {
        buf_add_byte(ret_text, '0');
    }
    buf_add(ret_text, buf_str(&fraction));
}

static void bytes_print(struct str bytes, struct buf *ret_text)
{
    buf_add(ret_text, STR("0x\""));
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned byte = (unsigned char)bytes.ptr[i];
        buf_add_byte(ret_text, (uint8_t)hex_digits[byte >> 4]);
        buf_add_byte(ret_text, (uint8_t)hex_digits[byte & 15U]);
    }
    buf_add_byte(ret_text, '"');
}

void dhall_print_leaf(
    const struct dhall_terms *terms, const struct dhall_row *row, struct buf *ret_text)
{
    switch ((enum dhall_kind)row->kind) {
    case DHALL_VAR:
        dhall_print_label(dhall_label_name(terms->labels, row->a), true, ret_text);
        if (row->b != 0) {
            buf_printf(ret_text, "@%u", row->b);
        }
        break;
    case DHALL_BUILTIN:
        buf_add(ret_text, dhall_builtin_name((enum dhall_builtin)row->flag));
        break;
    case DHALL_BOOL:
        buf_add(ret_text, row->a != 0 ? STR("True") : STR("False"));
        break;
    case DHALL_NATURAL:
    case DHALL_INTEGER:
        number_print(terms, row, ret_text);
        break;
    case DHALL_DOUBLE:
        dhall_print_double(dhall_row_double(row), ret_text);
        break;
    case DHALL_BYTES:
        bytes_print(terms->texts[row->a], ret_text);
        break;
    case DHALL_DATE:
        buf_printf(ret_text, "%04u-%02u-%02u", row->a, row->b, row->c);
        break;
    case DHALL_TIME:
        time_print(terms, row, ret_text);
        break;
    case DHALL_TIME_ZONE:
        buf_printf(ret_text, "%c%02u:%02u", (row->flag & DHALL_NEGATIVE) != 0 ? '-' : '+',
            row->a / 60, row->a % 60);
        break;
    default:
        break; /* has children */
    }
}

/* --- imports --- */

static bool is_plain_component(struct str component)
{
    for (size_t i = 0; i < component.len; i++) {
        char c = component.ptr[i];
        if (c <= 0x20 || c >= 0x7F || strchr("\"#(),/<>?[\\]{}", c) != NULL) {
            return false;
        }
    }
    return component.len > 0;
}

static void path_print(const struct dhall_import *import, struct buf *ret_text)
{
    bool remote = import->scheme <= DHALL_HTTPS;
    for (uint32_t i = 0; i < import->path_len; i++) {
        bool plain = remote || is_plain_component(import->path[i]);
        buf_add(ret_text, plain ? STR("/") : STR("/\""));
        buf_add(ret_text, import->path[i]);
        buf_add(ret_text, plain ? STR("") : STR("\""));
    }
}

static void variable_print(struct str name, struct buf *ret_text)
{
    static const char letters[] = "\"\\\a\b\f\n\r\t\v";
    static const char names[] = "\"\\abfnrtv";
    bool plain = name.len > 0 && !(name.ptr[0] >= '0' && name.ptr[0] <= '9');
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        plain =
            plain && ((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_');
    }
    buf_add(ret_text, STR("env:"));
    if (plain) {
        buf_add(ret_text, name);
        return;
    }
    buf_add_byte(ret_text, '"');
    for (size_t i = 0; i < name.len; i++) {
        const char *letter = name.ptr[i] == '\0' ? NULL : strchr(letters, name.ptr[i]);
        if (letter != NULL) {
            buf_add_byte(ret_text, '\\');
        }
        buf_add_byte(ret_text, (uint8_t)(letter != NULL ? names[letter - letters] : name.ptr[i]));
    }
    buf_add_byte(ret_text, '"');
}

void dhall_print_location(const struct dhall_import *import, struct buf *ret_text)
{
    static const char *const begins[] = {
        [DHALL_HTTP] = "http://",
        [DHALL_HTTPS] = "https://",
        [DHALL_ABSOLUTE] = "",
        [DHALL_HERE] = ".",
        [DHALL_PARENT] = "..",
        [DHALL_HOME] = "~",
        [DHALL_ENV] = "",
        [DHALL_MISSING] = "missing",
    };
    buf_add(ret_text, str_of(begins[import->scheme]));
    if (import->scheme == DHALL_ENV) {
        variable_print(import->authority, ret_text);
        return;
    }
    buf_add(ret_text, import->authority);
    path_print(import, ret_text);
    if (import->has_query) {
        buf_add_byte(ret_text, '?');
        buf_add(ret_text, import->query);
    }
}

void dhall_print_hash_and_mode(const struct dhall_import *import, struct buf *ret_text)
{
    static const char *const modes[] = {
        [DHALL_AS_CODE] = "",
        [DHALL_AS_TEXT] = " as Text",
        [DHALL_AS_LOCATION] = " as Location",
        [DHALL_AS_BYTES] = " as Bytes",
    };
    if (import->has_hash) {
        buf_add(ret_text, STR(" sha256:"));
        for (size_t i = 0; i < sizeof import->hash; i++) {
            buf_add_byte(ret_text, (uint8_t)hex_digits[import->hash[i] >> 4]);
            buf_add_byte(ret_text, (uint8_t)hex_digits[import->hash[i] & 15U]);
        }
    }
    buf_add(ret_text, str_of(modes[import->mode]));
}

/* --- multi-line texts --- */

/* Would the literals between '' and '' be read back as they are? There must be a line that does not
 * begin with a blank (else that would count as indent), and no quote that would join an escape. */
bool dhall_print_is_multi_line(const struct dhall_terms *terms, const struct dhall_row *row)
{
    const uint32_t *parts = dhall_list_of(terms, row);
    bool newline = false;
    bool anchored = false;
    char before = '\n';
    for (uint32_t i = 0; i < row->c; i += 2) {
        struct str text = terms->texts[parts[i]];
        for (size_t j = 0; j < text.len; j++) {
            char c = text.ptr[j];
            bool control = (unsigned char)c < 0x20 && c != '\n' && c != '\t';
            if (control || (c == '$' && before == '\'')) {
                return false;
            }
            anchored = anchored || (before == '\n' && c != ' ' && c != '\t' && c != '\n');
            newline = newline || c == '\n';
            before = c;
        }
        anchored = anchored || before == '\n'; /* the last line, or an interpolation begins it */
        if (i + 1 == row->c && before == '\'') {
            return false;
        }
        before = 'x';
    }
    return newline && anchored;
}

void dhall_print_text_line(struct str text, struct buf *ret_text)
{
    for (size_t i = 0; i < text.len; i++) {
        struct str rest = str_sub(text, i, text.len);
        if (str_starts(rest, STR("${"))) {
            buf_add(ret_text, STR("''${"));
            i++;
        } else if (str_starts(rest, STR("''"))) {
            buf_add(ret_text, STR("'''"));
            i++;
        } else {
            buf_add_byte(ret_text, (uint8_t)text.ptr[i]);
        }
    }
}
