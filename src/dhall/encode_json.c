/* src/dhall/encode_json.c */
#include "dhall/encode_json.h"
#include "codec/cbor.h"
#include "codec/json.h"
#include "codec/json_read.h"
#include "dhall/print.h"
#include <gmp.h>
#include <math.h>
#include <stdlib.h>

enum { /* RFC 8949, 3.4; binary.md */
    TAG_BIGNUM = 2,
    TAG_BIGNUM_NEGATIVE = 3,
    TAG_DECIMAL = 4,
    LABEL_IMPORT = 24,
    LABEL_TIME = 31,
    LABEL_BYTES = 33,
};
static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void base64_add(struct buf *text, struct str bytes)
{
    for (size_t i = 0; i < bytes.len; i += 3) {
        uint32_t group = 0;
        size_t left = bytes.len - i < 3 ? bytes.len - i : 3;
        for (size_t j = 0; j < 3; j++) {
            group = group << 8 | (j < left ? (unsigned char)bytes.ptr[i + j] : 0U);
        }
        for (size_t j = 0; j <= left; j++) {
            buf_add_byte(text, (uint8_t)base64url[group >> (18 - 6 * j) & 63U]);
        }
    }
}

static enum err base64_get(struct str text, struct buf *bytes)
{
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *at = text.ptr[i] == 0 ? NULL : strchr(base64url, text.ptr[i]);
        if (at == NULL) {
            return ERR_INVALID;
        }
        bits = bits << 6 | (uint32_t)(at - base64url);
        count += 6;
        if (count >= 8) {
            count -= 8;
            buf_add_byte(bytes, (uint8_t)(bits >> count));
            bits &= (1U << count) - 1;
        }
    }
    return bits == 0 && count < 6 ? OK : ERR_INVALID;
}

/* -1 - magnitude if negative. */
static void bignum_show(struct str bytes, bool negative, struct buf *text)
{
    mpz_t z;
    mpz_init(z);
    mpz_import(z, bytes.len, 1, 1, 1, 0, bytes.len == 0 ? "" : bytes.ptr);
    if (negative) {
        mpz_com(z, z);
    }
    char *digits = mpz_get_str(NULL, 10, z);
    buf_add(text, str_of(digits));
    void (*release)(void *, size_t);
    mp_get_memory_functions(NULL, NULL, &release);
    release(digits, strlen(digits) + 1);
    mpz_clear(z);
}

static enum err item_to_json(
    struct cbor_reader *reader, unsigned depth, struct buf *text, struct diags *diags);

static enum err children_to_json(struct cbor_reader *reader, const struct cbor_item *item,
    unsigned depth, struct buf *text, struct diags *diags)
{
    bool is_map = item->major == CBOR_MAP;
    if (depth >= DHALL_JSON_DEPTH_MAX) {
        return diag_add(diags, ERR_LIMIT, SPAN_NONE, "its JSON would be nested deeper than %d",
            DHALL_JSON_DEPTH_MAX);
    }
    buf_add_byte(text, is_map ? '{' : '[');
    enum err err = OK;
    for (uint64_t i = 0; err == OK && i < item->argument; i++) {
        buf_add(text, i == 0 ? STR("") : STR(", "));
        if (is_map) {
            err = item_to_json(reader, depth + 1, text, diags);
            buf_add(text, STR(": "));
        }
        err = err == OK ? item_to_json(reader, depth + 1, text, diags) : err;
    }
    buf_add_byte(text, is_map ? '}' : ']');
    return err;
}

static enum err tagged_to_json(
    struct cbor_reader *reader, uint64_t tag, unsigned depth, struct buf *text, struct diags *diags)
{
    if (tag != TAG_BIGNUM && tag != TAG_BIGNUM_NEGATIVE) {
        return item_to_json(reader, depth + 1, text, diags);
    }
    struct str bytes;
    enum err err = cbor_read_bytes(reader, &bytes);
    if (err == OK) {
        bignum_show(bytes, tag == TAG_BIGNUM_NEGATIVE, text);
    }
    return err;
}

static enum err simple_to_json(const struct cbor_item *item, struct buf *text, struct diags *diags)
{
    if (!item->is_float) {
        buf_add(text, item->argument == 20   ? STR("false")
                      : item->argument == 21 ? STR("true")
                                             : STR("null"));
        return OK;
    }
    if (!isfinite(item->number)) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE, "NaN and Infinity have no JSON");
    }
    dhall_print_double(item->number, text);
    return OK;
}

static enum err item_to_json(
    struct cbor_reader *reader, unsigned depth, struct buf *text, struct diags *diags)
{
    struct cbor_item item;
    struct json json = {.text = text};
    if (cbor_read(reader, &item) != OK) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE, "not CBOR");
    }
    switch (item.major) {
    case CBOR_UNSIGNED:
        json_number(&json, item.argument);
        return OK;
    case CBOR_NEGATIVE:
        if (item.argument == UINT64_MAX) {
            buf_add(text, STR("-18446744073709551616"));
        } else {
            buf_printf(text, "-%ju", (uintmax_t)item.argument + 1);
        }
        return OK;
    case CBOR_BYTES:
        buf_add_byte(text, '"');
        base64_add(text, item.bytes);
        buf_add_byte(text, '"');
        return OK;
    case CBOR_TEXT:
        json_str(&json, item.bytes);
        return OK;
    case CBOR_ARRAY:
    case CBOR_MAP:
        return children_to_json(reader, &item, depth, text, diags);
    case CBOR_TAG:
        return tagged_to_json(reader, item.argument, depth, text, diags);
    case CBOR_SIMPLE:
        return simple_to_json(&item, text, diags);
    }
    return OK;
}

enum err dhall_cbor_to_json(struct str cbor, struct buf *ret_json, struct diags *diags)
{
    struct cbor_reader reader;
    cbor_reader_init(&reader, cbor);
    return item_to_json(&reader, 0, ret_json, diags);
}

/* Whole numbers of any size. */
static void integer_encode(struct str digits, struct buf *cbor)
{
    AUTO_BUF text = {0};
    buf_add(&text, digits);
    buf_add_byte(&text, 0);
    mpz_t z;
    mpz_init(z);
    (void)mpz_set_str(z, text.ptr, 10); /* json_parse saw that they are digits */
    bool negative = mpz_sgn(z) < 0;
    if (negative) {
        mpz_com(z, z);
    }
    if (mpz_sizeinbase(z, 2) <= 64) {
        uint64_t number = 0;
        (void)mpz_export(&number, NULL, -1, sizeof number, 0, 0, z);
        cbor_head_add(cbor, negative ? CBOR_NEGATIVE : CBOR_UNSIGNED, number);
    } else {
        size_t len = (mpz_sizeinbase(z, 2) + 7) / 8;
        cbor_head_add(cbor, CBOR_TAG, negative ? TAG_BIGNUM_NEGATIVE : TAG_BIGNUM);
        cbor_head_add(cbor, CBOR_BYTES, len);
        (void)mpz_export(buf_reserve(cbor, len), NULL, 1, 1, 1, 0, z);
        cbor->len += len;
    }
    mpz_clear(z);
}

static void number_encode(struct str text, struct buf *cbor)
{
    bool whole = true;
    for (size_t i = 0; i < text.len; i++) {
        whole = whole && text.ptr[i] != '.' && (text.ptr[i] | 32) != 'e';
    }
    if (whole) {
        integer_encode(text, cbor);
        return;
    }
    AUTO_BUF copy = {0};
    buf_add(&copy, text);
    buf_add_byte(&copy, 0);
    cbor_double_add(cbor, strtod(copy.ptr, NULL));
}

static bool is_label(const struct json_value *array, uint64_t label)
{
    uint64_t number;
    return array->kind == JSON_ARRAY && array->count > 1 &&
           json_uint(&array->items[0], &number) == OK && number == label;
}

static enum err value_encode(const struct json_value *value, struct buf *cbor);

/* An element of an array; some places say that it is not what it looks like. */
static enum err element_encode(const struct json_value *array, size_t i, struct buf *cbor)
{
    const struct json_value *item = &array->items[i];
    bool bytes_place =
        i == 1 && item->kind == JSON_STRING &&
        (is_label(array, LABEL_IMPORT) || (is_label(array, LABEL_BYTES) && array->count == 2));
    if (bytes_place) {
        AUTO_BUF bytes = {0};
        enum err err = base64_get(item->text, &bytes);
        cbor_bytes_add(cbor, buf_str(&bytes));
        return err;
    }
    if (i == 3 && array->count == 4 && is_label(array, LABEL_TIME) && item->kind == JSON_ARRAY) {
        cbor_head_add(cbor, CBOR_TAG, TAG_DECIMAL);
    }
    return value_encode(item, cbor);
}

static enum err value_encode(const struct json_value *value, struct buf *cbor)
{
    enum err err = OK;
    switch (value->kind) {
    case JSON_NULL:
        cbor_null_add(cbor);
        break;
    case JSON_FALSE:
    case JSON_TRUE:
        cbor_bool_add(cbor, value->kind == JSON_TRUE);
        break;
    case JSON_NUMBER:
        number_encode(value->text, cbor);
        break;
    case JSON_STRING:
        cbor_text_add(cbor, value->text);
        break;
    case JSON_ARRAY:
        cbor_head_add(cbor, CBOR_ARRAY, value->count);
        for (size_t i = 0; err == OK && i < value->count; i++) {
            err = element_encode(value, i, cbor);
        }
        break;
    case JSON_OBJECT:
        cbor_head_add(cbor, CBOR_MAP, value->count);
        for (size_t i = 0; err == OK && i < value->count; i++) {
            cbor_text_add(cbor, value->items[i].key);
            err = value_encode(&value->items[i], cbor);
        }
        break;
    }
    return err;
}

enum err dhall_cbor_of_json(
    struct str json, uint32_t source, struct buf *ret_cbor, struct diags *diags)
{
    struct arena arena = {0};
    struct json_value value;
    size_t at = 0;
    enum err err = json_parse_within(json, DHALL_JSON_DEPTH_MAX, SIZE_MAX, &arena, &value, &at);
    if (err != OK) {
        struct span span = {.source = source, .begin = (uint32_t)at, .end = (uint32_t)at + 1};
        err = err == ERR_LIMIT ? diag_add(diags, ERR_LIMIT, span, "JSON nested deeper than %d",
                                     DHALL_JSON_DEPTH_MAX)
                               : diag_add(diags, ERR_INVALID, span, "not JSON");
    } else if (value_encode(&value, ret_cbor) != OK) {
        err = diag_add(diags, ERR_INVALID, SPAN_NONE, "a byte string is not base64url");
    }
    arena_release(&arena);
    return err;
}
