/* src/codec/cbor.c */
#include "codec/cbor.h"
#include <math.h>

void cbor_head_add(struct buf *buf, enum cbor_major major, uint64_t argument)
{
    uint8_t top = (uint8_t)((unsigned)major << 5);
    if (argument < 24) {
        buf_add_byte(buf, (uint8_t)(top | argument));
        return;
    }
    unsigned width_log2 = argument <= UINT8_MAX    ? 0
                          : argument <= UINT16_MAX ? 1
                          : argument <= UINT32_MAX ? 2
                                                   : 3;
    buf_add_byte(buf, (uint8_t)(top | (24 + width_log2)));
    for (unsigned shift = 8U << width_log2; shift > 0; shift -= 8) {
        buf_add_byte(buf, (uint8_t)(argument >> (shift - 8)));
    }
}

void cbor_text_add(struct buf *buf, struct str text)
{
    cbor_head_add(buf, CBOR_TEXT, text.len);
    buf_add(buf, text);
}

void cbor_bytes_add(struct buf *buf, struct str bytes)
{
    cbor_head_add(buf, CBOR_BYTES, bytes.len);
    buf_add(buf, bytes);
}

void cbor_bool_add(struct buf *buf, bool value)
{
    cbor_head_add(buf, CBOR_SIMPLE, value ? 21 : 20);
}

void cbor_null_add(struct buf *buf)
{
    cbor_head_add(buf, CBOR_SIMPLE, 22);
}

/* IEEE 754 binary16. The value of a half whose exponent and fraction are these 15 bits. */
static double half_value(uint64_t bits)
{
    unsigned exponent = (unsigned)(bits >> 10) & 31U;
    double fraction = (double)(bits & 1023U);
    double value =
        exponent == 0 ? ldexp(fraction, -24) : ldexp(fraction + 1024, (int)exponent - 25);
    if (exponent == 31) {
        value = (bits & 1023U) == 0 ? (double)INFINITY : (double)NAN;
    }
    return (bits & 0x8000U) != 0 ? -value : value;
}

/* The half that has the value of this single, if there is one. */
static bool half_of(float value, uint16_t *ret_bits)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    unsigned sign = bits >> 16 & 0x8000U;
    int exponent = (int)(bits >> 23 & 255U) - 127;
    uint32_t fraction = bits & 0x7FFFFFU;
    if (exponent == 128 || (exponent == -127 && fraction == 0)) { /* infinity, zero */
        *ret_bits = (uint16_t)(sign | (exponent == 128 ? 0x7C00U : 0U));
        return fraction == 0;
    }
    if (exponent >= -14 && exponent <= 15) {
        *ret_bits = (uint16_t)(sign | (unsigned)(exponent + 15) << 10 | fraction >> 13);
        return (fraction & 0x1FFFU) == 0;
    }
    if (exponent < -24 || exponent > 15) {
        return false;
    }
    unsigned drop = (unsigned)(-1 - exponent); /* subnormal: value is whole * 2^-24 */
    uint32_t whole = (fraction | 0x800000U) >> drop;
    *ret_bits = (uint16_t)(sign | whole);
    return whole << drop == (fraction | 0x800000U);
}

static void raw_add(struct buf *buf, uint8_t head, uint64_t bits, unsigned bytes)
{
    buf_add_byte(buf, head);
    for (unsigned i = bytes; i > 0; i--) {
        buf_add_byte(buf, (uint8_t)(bits >> (8 * (i - 1))));
    }
}

void cbor_double_add(struct buf *buf, double value)
{
    if (isnan(value)) {
        raw_add(buf, 0xF9, 0x7E00, 2);
        return;
    }
    bool fits = isinf(value) || fabs(value) <= (double)3.40282346638528859812e+38F;
    float single = fits ? (float)value : 0;
    uint16_t half;
    if (fits && (double)single >= value && (double)single <= value) {
        if (half_of(single, &half)) {
            raw_add(buf, 0xF9, half, 2);
            return;
        }
        uint32_t bits32;
        memcpy(&bits32, &single, sizeof bits32);
        raw_add(buf, 0xFA, bits32, 4);
        return;
    }
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    raw_add(buf, 0xFB, bits, 8);
}

void cbor_reader_init(struct cbor_reader *reader, struct str input)
{
    *reader = (struct cbor_reader){.input = input, .begin = input.ptr};
}

static void reader_advance(struct cbor_reader *reader, size_t count)
{
    reader->input.ptr += count;
    reader->input.len -= count;
}

static double float_value(unsigned bytes, uint64_t bits)
{
    if (bytes == 2) {
        return half_value(bits);
    }
    if (bytes == 4) {
        uint32_t bits32 = (uint32_t)bits;
        float single;
        memcpy(&single, &bits32, sizeof single);
        return (double)single;
    }
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* What the head's five low bits say, 24 or more; false if they are not well-formed (RFC 8949, 3).
 */
static bool argument_read(
    struct cbor_reader *reader, unsigned low, struct cbor_item *item, unsigned *ret_bytes)
{
    if (low == 31) {
        item->argument = 0;
        item->is_break = item->major == CBOR_SIMPLE;
        item->is_indefinite = item->major >= CBOR_BYTES && item->major <= CBOR_MAP;
        return item->is_break || item->is_indefinite;
    }
    unsigned bytes = 1U << (low - 24);
    if (low > 27 || reader->input.len < bytes) {
        return false;
    }
    item->argument = 0;
    for (unsigned i = 0; i < bytes; i++) {
        item->argument = item->argument << 8 | (unsigned char)reader->input.ptr[i];
    }
    reader_advance(reader, bytes);
    *ret_bytes = bytes;
    return true;
}

enum err cbor_read(struct cbor_reader *reader, struct cbor_item *ret_item)
{
    if (reader->input.len == 0) {
        return ERR_INVALID;
    }
    unsigned head = (unsigned char)reader->input.ptr[0], low = head & 31U, bytes = 0;
    reader_advance(reader, 1);
    struct cbor_item *item = ret_item;
    *item = (struct cbor_item){.major = (enum cbor_major)(head >> 5), .argument = low};
    if (low >= 24 && !argument_read(reader, low, item, &bytes)) {
        return ERR_INVALID;
    }
    if (item->major == CBOR_SIMPLE && bytes == 1 && item->argument < 32) {
        return ERR_INVALID; /* RFC 8949, 3.3: such a simple value has one byte */
    }
    if (item->major == CBOR_SIMPLE && bytes >= 2) {
        item->is_float = true;
        item->number = float_value(bytes, item->argument);
    }
    bool string = item->major == CBOR_BYTES || item->major == CBOR_TEXT;
    if (string && !item->is_indefinite) {
        if (item->argument > reader->input.len) {
            return ERR_INVALID;
        }
        item->bytes = (struct str){reader->input.ptr, (size_t)item->argument};
        reader_advance(reader, (size_t)item->argument);
    }
    return OK;
}

static enum err read_major(
    struct cbor_reader *reader, enum cbor_major major, struct cbor_item *ret_item)
{
    enum err err = cbor_read(reader, ret_item);
    if (err != OK) {
        return err;
    }
    return ret_item->major == major && !ret_item->is_indefinite ? OK : ERR_INVALID;
}

enum err cbor_read_unsigned(struct cbor_reader *reader, uint64_t *ret_value)
{
    struct cbor_item item;
    enum err err = read_major(reader, CBOR_UNSIGNED, &item);
    if (err == OK) {
        *ret_value = item.argument;
    }
    return err;
}

enum err cbor_read_text(struct cbor_reader *reader, struct str *ret_text)
{
    struct cbor_item item;
    enum err err = read_major(reader, CBOR_TEXT, &item);
    if (err == OK) {
        *ret_text = item.bytes;
    }
    return err;
}

enum err cbor_read_bytes(struct cbor_reader *reader, struct str *ret_bytes)
{
    struct cbor_item item;
    enum err err = read_major(reader, CBOR_BYTES, &item);
    if (err == OK) {
        *ret_bytes = item.bytes;
    }
    return err;
}

enum err cbor_read_bool(struct cbor_reader *reader, bool *ret_value)
{
    struct cbor_item item;
    enum err err = read_major(reader, CBOR_SIMPLE, &item);
    if (err == OK && (item.is_float || item.is_break || (item.argument | 1U) != 21)) {
        return ERR_INVALID;
    }
    if (err == OK) {
        *ret_value = item.argument == 21;
    }
    return err;
}

static enum err read_count(
    struct cbor_reader *reader, enum cbor_major major, uint64_t count_max, uint64_t *ret_count)
{
    struct cbor_item item;
    enum err err = read_major(reader, major, &item);
    if (err == OK && item.argument > count_max) {
        return ERR_INVALID;
    }
    if (err == OK) {
        *ret_count = item.argument;
    }
    return err;
}

enum err cbor_read_array(struct cbor_reader *reader, uint64_t count_max, uint64_t *ret_count)
{
    return read_count(reader, CBOR_ARRAY, count_max, ret_count);
}

enum err cbor_read_map(struct cbor_reader *reader, uint64_t count_max, uint64_t *ret_count)
{
    return read_count(reader, CBOR_MAP, count_max, ret_count);
}

/* Passes the chunks of an indefinite string, up to its break. */
static enum err skip_chunks(struct cbor_reader *reader, enum cbor_major major)
{
    for (;;) {
        struct cbor_item chunk;
        enum err err = cbor_read(reader, &chunk);
        if (err != OK || chunk.is_break) {
            return err;
        }
        if (chunk.major != major || chunk.is_indefinite) {
            return ERR_INVALID;
        }
    }
}

/* Children of an item; an indefinite array or map ends with a break, a map after whole pairs. */
static enum err skip_children(
    struct cbor_reader *reader, const struct cbor_item *parent, unsigned depth_max)
{
    uint64_t count = parent->major == CBOR_TAG ? 1 : parent->argument;
    if (parent->major == CBOR_MAP && __builtin_mul_overflow(count, (uint64_t)2, &count)) {
        return ERR_INVALID;
    }
    for (uint64_t i = 0; parent->is_indefinite || i < count; i++) {
        if (parent->is_indefinite && reader->input.len > 0 &&
            (unsigned char)reader->input.ptr[0] == 0xFF) {
            reader_advance(reader, 1);
            return parent->major == CBOR_MAP && i % 2 != 0 ? ERR_INVALID : OK;
        }
        enum err err = cbor_skip(reader, depth_max - 1);
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

enum err cbor_skip(struct cbor_reader *reader, unsigned depth_max)
{
    struct cbor_item item;
    enum err err = cbor_read(reader, &item);
    if (err != OK) {
        return err;
    }
    if (item.is_break) {
        return ERR_INVALID;
    }
    if (item.major == CBOR_BYTES || item.major == CBOR_TEXT) {
        return item.is_indefinite ? skip_chunks(reader, item.major) : OK;
    }
    if (item.major < CBOR_ARRAY || item.major == CBOR_SIMPLE) {
        return OK;
    }
    return depth_max == 0 ? ERR_LIMIT : skip_children(reader, &item, depth_max);
}
