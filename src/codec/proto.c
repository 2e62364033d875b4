/* src/codec/proto.c: the wire format of Protocol Buffers: a field is a varint number << 3 | type.
 */
#include "codec/proto.h"
#include "base/utf8.h"

enum wire_type {
    WIRE_VARINT = 0,
    WIRE_FIXED64 = 1,
    WIRE_BYTES = 2,
    WIRE_FIXED32 = 5,
};
enum {
    VARINT_BYTES_MAX = 10,
    FIELD_NUMBER_MAX = (1 << 29) - 1,
    ARENA_FACTOR = 24, /* a FileNode of 2 bytes is a struct of some 90: hostile, so refused */
    ARENA_SLACK = 4096,
};

/* Encoding. */

static size_t varint_size(uint64_t value)
{
    return ((size_t)(64 - __builtin_clzll(value | 1)) + 6) / 7;
}

static void varint_add(struct buf *buf, uint64_t value)
{
    while (value >= 0x80) {
        buf_add_byte(buf, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    buf_add_byte(buf, (uint8_t)value);
}

static void tag_add(struct buf *buf, uint32_t number, enum wire_type type)
{
    varint_add(buf, (uint64_t)number << 3 | (uint64_t)type);
}

static void bytes_field_add(struct buf *buf, uint32_t number, struct str bytes)
{
    tag_add(buf, number, WIRE_BYTES);
    varint_add(buf, bytes.len);
    buf_add(buf, bytes);
}

static bool digest_is_none(const struct digest *digest)
{
    static const uint8_t zeros[DIGEST_HASH_BYTES];
    return memcmp(digest->hash, zeros, sizeof zeros) == 0;
}

static void digest_field_add(struct buf *buf, uint32_t number, const struct digest *digest)
{
    char hex[DIGEST_HEX_BYTES];
    size_t len = 2 + DIGEST_HEX_BYTES;
    len += digest->size_bytes > 0 ? 1 + varint_size(digest->size_bytes) : 0;
    tag_add(buf, number, WIRE_BYTES);
    varint_add(buf, len);
    bytes_field_add(buf, 1, digest_hex(digest, hex));
    if (digest->size_bytes > 0) {
        tag_add(buf, 2, WIRE_VARINT);
        varint_add(buf, digest->size_bytes);
    }
}

/* The length stands before the bytes and is not known yet: one byte is left for it, which nearly
 * always does; else what follows moves. */
static void message_field_add(
    struct buf *buf, uint32_t number, const struct proto_message *message, const void *value)
{
    tag_add(buf, number, WIRE_BYTES);
    size_t at = buf->len;
    buf_add_byte(buf, 0);
    proto_encode(message, value, buf);
    size_t len = buf->len - at - 1;
    size_t extra = varint_size(len) - 1;
    if (extra > 0) {
        (void)buf_reserve(buf, extra);
        memmove(buf->ptr + at + 1 + extra, buf->ptr + at + 1, len);
        buf->len += extra;
    }
    for (size_t left = len; at < buf->len; left >>= 7) {
        buf->ptr[at++] = (char)((left & 0x7F) | (left >= 0x80 ? 0x80 : 0));
        if (left < 0x80) {
            break;
        }
    }
}

static void number_add(struct buf *buf, uint32_t number, uint64_t value)
{
    if (value != 0) {
        tag_add(buf, number, WIRE_VARINT);
        varint_add(buf, value);
    }
}

/* ptr: the value itself, whether it stands in a struct or in an array. */
static void element_add(struct buf *buf, const struct proto_field *field, const void *ptr)
{
    switch (field->kind) {
    case PROTO_STRING:
    case PROTO_BYTES:
        bytes_field_add(buf, field->number, *(const struct str *)ptr);
        break;
    case PROTO_DIGEST:
        digest_field_add(buf, field->number, ptr);
        break;
    case PROTO_MESSAGE:
        message_field_add(buf, field->number, field->message, ptr);
        break;
    case PROTO_BOOL:
        number_add(buf, field->number, *(const bool *)ptr ? 1 : 0);
        break;
    case PROTO_INT32: /* negative ones take ten bytes, as if they were int64 */
        number_add(buf, field->number, (uint64_t)(int64_t) * (const int32_t *)ptr);
        break;
    case PROTO_INT64:
        number_add(buf, field->number, (uint64_t) * (const int64_t *)ptr);
        break;
    case PROTO_UINT32:
        number_add(buf, field->number, *(const uint32_t *)ptr);
        break;
    }
}

static size_t element_size(const struct proto_field *field)
{
    switch (field->kind) {
    case PROTO_STRING:
    case PROTO_BYTES:
        return sizeof(struct str);
    case PROTO_DIGEST:
        return sizeof(struct digest);
    case PROTO_MESSAGE:
        return field->message->size_bytes;
    case PROTO_BOOL:
        return sizeof(bool);
    case PROTO_INT32:
    case PROTO_UINT32:
        return sizeof(int32_t);
    case PROTO_INT64:
        return sizeof(int64_t);
    }
    return 0;
}

static void repeated_add(struct buf *buf, const struct proto_field *field, const char *at)
{
    const char *elements;
    size_t count;
    memcpy(&elements, at, sizeof elements);
    memcpy(&count, at + PROTO_COUNT_OFFSET, sizeof count);
    size_t size = element_size(field);
    for (size_t i = 0; i < count; i++) {
        element_add(buf, field, elements + i * size);
    }
}

/* A single text, digest or message that is at its default is left out. */
static bool is_default(const struct proto_field *field, const void *at)
{
    switch (field->kind) {
    case PROTO_STRING:
    case PROTO_BYTES:
        return ((const struct str *)at)->len == 0;
    case PROTO_DIGEST:
        return digest_is_none(at);
    case PROTO_MESSAGE:
        return *(const void *const *)at == NULL;
    case PROTO_BOOL:
    case PROTO_INT32:
    case PROTO_INT64:
    case PROTO_UINT32:
        break;
    }
    return false; /* number_add sees to it */
}

void proto_encode(const struct proto_message *message, const void *value, struct buf *ret_bytes)
{
    for (size_t i = 0; i < message->field_count; i++) {
        const struct proto_field *field = &message->fields[i];
        const char *at = (const char *)value + field->offset;
        if (field->repeated) {
            repeated_add(ret_bytes, field, at);
        } else if (!is_default(field, at)) {
            element_add(ret_bytes, field,
                field->kind == PROTO_MESSAGE ? *(const void *const *)(const void *)at : at);
        }
    }
}

/* Decoding. */

struct decoder {
    struct arena *arena;
    size_t arena_left; /* bytes that this message may still take */
};
struct wire_field {
    uint32_t number;
    enum wire_type type;
    uint64_t value;   /* of a varint */
    struct str bytes; /* of WIRE_BYTES */
};

static bool varint_take(struct str *input, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (size_t i = 0; i < input->len && i < VARINT_BYTES_MAX; i++) {
        uint8_t byte = (uint8_t)input->ptr[i];
        if (i == VARINT_BYTES_MAX - 1 && byte > 1) {
            return false; /* more than 64 bits */
        }
        value |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte < 0x80) {
            *input = str_sub(*input, i + 1, input->len);
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static bool wire_take(struct str *input, struct wire_field *ret_field)
{
    uint64_t tag, len;
    if (!varint_take(input, &tag) || tag >> 3 == 0 || tag >> 3 > FIELD_NUMBER_MAX) {
        return false;
    }
    *ret_field = (struct wire_field){.number = (uint32_t)(tag >> 3), .type = WIRE_BYTES};
    switch (tag & 7) {
    case WIRE_VARINT:
        ret_field->type = WIRE_VARINT;
        return varint_take(input, &ret_field->value);
    case WIRE_FIXED64:
        ret_field->type = WIRE_FIXED64;
        len = 8;
        break;
    case WIRE_FIXED32:
        ret_field->type = WIRE_FIXED32;
        len = 4;
        break;
    case WIRE_BYTES:
        if (!varint_take(input, &len)) {
            return false;
        }
        break;
    default: /* groups, which proto3 has not, and numbers without meaning */
        return false;
    }
    if (len > input->len) {
        return false;
    }
    ret_field->bytes = str_sub(*input, 0, (size_t)len);
    *input = str_sub(*input, (size_t)len, input->len);
    return true;
}

static const struct proto_field *field_find(const struct proto_message *message, uint32_t number)
{
    for (size_t i = 0; i < message->field_count; i++) {
        if (message->fields[i].number == number) {
            return &message->fields[i];
        }
    }
    return NULL;
}

static bool kind_is_varint(enum proto_kind kind)
{
    return kind == PROTO_BOOL || kind == PROTO_INT32 || kind == PROTO_INT64 || kind == PROTO_UINT32;
}

static enum err memory_take(struct decoder *decoder, size_t count, size_t size, void **ret_ptr)
{
    size_t len;
    if (__builtin_mul_overflow(count, size, &len) || len > decoder->arena_left) {
        return ERR_LIMIT;
    }
    decoder->arena_left -= len;
    *ret_ptr = arena_calloc(decoder->arena, count, size);
    return OK;
}

static enum err digest_decode(struct str bytes, struct digest *ret_digest)
{
    struct str hash = {0};
    uint64_t size_bytes = 0;
    while (bytes.len > 0) {
        struct wire_field wire;
        if (!wire_take(&bytes, &wire)) {
            return ERR_INVALID;
        }
        if (wire.number == 1 && wire.type == WIRE_BYTES) {
            hash = wire.bytes;
        } else if (wire.number == 2 && wire.type == WIRE_VARINT) {
            size_bytes = wire.value;
        } else if (wire.number <= 2) {
            return ERR_INVALID;
        }
    }
    ret_digest->size_bytes = size_bytes;
    if (size_bytes > INT64_MAX || digest_hex_parse(hash, ret_digest->hash) != OK ||
        digest_is_none(ret_digest)) {
        return ERR_INVALID;
    }
    return OK;
}

static enum err message_decode(struct decoder *decoder, const struct proto_message *message,
    struct str bytes, void *ret_value);

static enum err element_decode(struct decoder *decoder, const struct proto_field *field,
    const struct wire_field *wire, void *at)
{
    switch (field->kind) {
    case PROTO_STRING:
        if (!utf8_is(wire->bytes)) {
            return ERR_INVALID;
        }
        memcpy(at, &wire->bytes, sizeof wire->bytes);
        break;
    case PROTO_BYTES:
        memcpy(at, &wire->bytes, sizeof wire->bytes);
        break;
    case PROTO_DIGEST:
        return digest_decode(wire->bytes, at);
    case PROTO_MESSAGE:
        return message_decode(decoder, field->message, wire->bytes, at);
    case PROTO_BOOL:
        *(bool *)at = wire->value != 0;
        break;
    case PROTO_INT32: /* the upper bits of a longer number are cut off, as the format says */
        *(int32_t *)at = (int32_t)(uint32_t)wire->value;
        break;
    case PROTO_INT64:
        *(int64_t *)at = (int64_t)wire->value;
        break;
    case PROTO_UINT32:
        *(uint32_t *)at = (uint32_t)wire->value;
        break;
    }
    return OK;
}

static enum err field_decode(struct decoder *decoder, const struct proto_field *field,
    const struct wire_field *wire, char *at)
{
    bool is_varint = kind_is_varint(field->kind);
    if (wire->type != (is_varint ? WIRE_VARINT : WIRE_BYTES)) {
        return ERR_INVALID;
    }
    if (field->repeated) {
        char *elements;
        size_t count;
        memcpy(&elements, at, sizeof elements);
        memcpy(&count, at + PROTO_COUNT_OFFSET, sizeof count);
        char *element = elements + count * element_size(field);
        count++;
        memcpy(at + PROTO_COUNT_OFFSET, &count, sizeof count);
        return element_decode(decoder, field, wire, element);
    }
    if (field->kind == PROTO_DIGEST && !digest_is_none((struct digest *)(void *)at)) {
        return ERR_INVALID; /* twice: merging is not what anybody meant */
    }
    if (field->kind == PROTO_MESSAGE) {
        void *value;
        if (*(void **)(void *)at != NULL) {
            return ERR_INVALID;
        }
        enum err err = memory_take(decoder, 1, field->message->size_bytes, &value);
        if (err != OK) {
            return err;
        }
        memcpy(at, &value, sizeof value);
        at = value;
    }
    return element_decode(decoder, field, wire, at);
}

/* Makes room for the elements of all repeated fields: a first pass counts them. */
static enum err arrays_make(
    struct decoder *decoder, const struct proto_message *message, struct str bytes, char *value)
{
    while (bytes.len > 0) {
        struct wire_field wire;
        if (!wire_take(&bytes, &wire)) {
            return ERR_INVALID;
        }
        const struct proto_field *field = field_find(message, wire.number);
        if (field != NULL && field->repeated) {
            size_t count;
            char *at = value + field->offset + PROTO_COUNT_OFFSET;
            memcpy(&count, at, sizeof count);
            count++;
            memcpy(at, &count, sizeof count);
        }
    }
    for (size_t i = 0; i < message->field_count; i++) {
        const struct proto_field *field = &message->fields[i];
        size_t count = 0;
        char *at = value + field->offset;
        if (field->repeated) {
            memcpy(&count, at + PROTO_COUNT_OFFSET, sizeof count);
        }
        if (count > 0) {
            void *elements;
            enum err err = memory_take(decoder, count, element_size(field), &elements);
            if (err != OK) {
                return err;
            }
            memcpy(at, &elements, sizeof elements);
            memset(at + PROTO_COUNT_OFFSET, 0, sizeof count);
        }
    }
    return OK;
}

/* Messages nest as deep as the tables do, and no table contains itself. */
static enum err message_decode(
    struct decoder *decoder, const struct proto_message *message, struct str bytes, void *ret_value)
{
    memset(ret_value, 0, message->size_bytes);
    enum err err = arrays_make(decoder, message, bytes, ret_value);
    while (err == OK && bytes.len > 0) {
        struct wire_field wire;
        if (!wire_take(&bytes, &wire)) {
            return ERR_INVALID;
        }
        const struct proto_field *field = field_find(message, wire.number);
        if (field != NULL) {
            err = field_decode(decoder, field, &wire, (char *)ret_value + field->offset);
        }
    }
    return err;
}

enum err proto_decode(
    const struct proto_message *message, struct str bytes, struct arena *arena, void *ret_value)
{
    struct decoder decoder = {.arena = arena};
    if (__builtin_mul_overflow(bytes.len, (size_t)ARENA_FACTOR, &decoder.arena_left) ||
        __builtin_add_overflow(decoder.arena_left, (size_t)ARENA_SLACK, &decoder.arena_left)) {
        return ERR_LIMIT;
    }
    return message_decode(&decoder, message, bytes, ret_value);
}
