/* src/dhall/hash.c: the encoding of a value's alpha-beta-normal form, and its hash.
 *
 *   record, list, Some, constructor, literal -> CBOR at once, as encode.c would write it
 *   all else (types, functions)              -> read back, encode.c
 *   a closed type seen before                -> its bytes again
 *
 * So a package's value of a million parts needs neither a term table nor its whole encoding. */
#include "codec/cbor.h"
#include "dhall/encode.h"
#include "dhall/eval.h"
#include "dhall/import.h"
#include "digest/sha256.h"

enum {
    FLUSH_BYTES = 64 * 1024,
    SLOTS = 1024, /* of types written before; a power of two */
};
/* What numbers CBOR gives to expressions (binary.md). */
enum {
    CODE_APPLICATION = 0,
    CODE_LIST = 4,
    CODE_SOME = 5,
    CODE_RECORD = 8,
    CODE_FIELD = 9,
    CODE_NATURAL = 15,
    CODE_TEXT = 18,
};
struct writer {
    struct dhall *dhall;
    struct buf *bytes;
    struct sha256 *sha;        /* NULL: all stays in bytes */
    uint64_t left;             /* bytes that may still come */
    struct dhall_terms *terms; /* what was read back; of a dhall_code */
    struct dhall_quote quote;
};

static void writer_flush(struct writer *writer, size_t least)
{
    if (writer->sha != NULL && writer->bytes->len >= least) {
        sha256_add(writer->sha, buf_str(writer->bytes));
        writer->left -= writer->bytes->len < writer->left ? writer->bytes->len : writer->left;
        writer->bytes->len = 0;
    }
}

static void read_back_write(struct writer *writer, struct dhall_value *value)
{
    struct dhall *dhall = writer->dhall;
    if (dhall->written == NULL) {
        dhall->written = ARENA_NEW(&dhall->arena, struct dhall_written, SLOTS);
    }
    struct dhall_written *seen = &dhall->written[((uintptr_t)value >> 5) % SLOTS];
    if (seen->value == value) {
        buf_add(writer->bytes, seen->bytes);
        return;
    }
    dhall_term term = dhall_quote_bounded(&writer->quote, value);
    size_t begin = writer->bytes->len;
    dhall_encode(writer->terms, term, writer->bytes);
    if (value->kind == V_UNION || value->kind == V_RECORD_TYPE) {
        struct str bytes = str_sub(buf_str(writer->bytes), begin, writer->bytes->len);
        *seen = (struct dhall_written){.value = value, .bytes = arena_str(&dhall->arena, bytes)};
    }
}

static void write_head(struct writer *writer, uint64_t count, uint64_t code)
{
    cbor_head_add(writer->bytes, CBOR_ARRAY, count);
    cbor_head_add(writer->bytes, CBOR_UNSIGNED, code);
}

static void write_label(struct writer *writer, dhall_label label)
{
    cbor_text_add(writer->bytes, dhall_label_name(&writer->dhall->labels, label));
}

static void write_value(struct writer *writer, struct dhall_value *value);

static void write_record(struct writer *writer, const struct dhall_value *value)
{
    write_head(writer, 2, CODE_RECORD);
    cbor_head_add(writer->bytes, CBOR_MAP, value->shape->count);
    for (uint32_t i = 0; i < value->shape->count; i++) {
        write_label(writer, value->shape->labels[i]);
        write_value(writer, value->items[i]);
    }
}

static void write_list(struct writer *writer, const struct dhall_value *value)
{
    write_head(writer, 2 + (uint64_t)value->a, CODE_LIST);
    cbor_null_add(writer->bytes);
    for (uint32_t i = 0; i < value->a; i++) {
        write_value(writer, value->items[i]);
    }
}

static void write_constructor(struct writer *writer, const struct dhall_value *value)
{
    bool full = value->flag == CONSTRUCTOR_FULL;
    if (full) {
        write_head(writer, 3, CODE_APPLICATION);
    }
    write_head(writer, 3, CODE_FIELD);
    write_value(writer, value->left);
    write_label(writer, value->a);
    if (full) {
        write_value(writer, value->right);
    }
}

/* [] : List T is written with T, unless its type is no List (it need not be well-typed). */
static bool write_list_empty(struct writer *writer, const struct dhall_value *value)
{
    struct dhall_value *type = dhall_force(writer->dhall, value->one);
    struct dhall_value *element = dhall_builtin_argument(type, DHALL_BUILTIN_LIST_TYPE);
    if (element != NULL) {
        write_head(writer, 2, CODE_LIST);
        write_value(writer, element);
    }
    return element != NULL;
}

static void write_value(struct writer *writer, struct dhall_value *value)
{
    struct dhall *dhall = writer->dhall;
    dhall_step(dhall);
    value = dhall_force(dhall, value);
    value = dhall_text_flatten(dhall, value);
    value = dhall_list_flatten(dhall, value);
    writer_flush(writer, FLUSH_BYTES);
    if (writer->bytes->len > writer->left) {
        dhall_stop(dhall, STOP_MEMORY);
    }
    if (value->kind == V_RECORD) {
        write_record(writer, value);
    } else if (value->kind == V_LIST) {
        write_list(writer, value);
    } else if (value->kind == V_CONSTRUCTOR) {
        write_constructor(writer, value);
    } else if (value->kind == V_SOME) {
        write_head(writer, 3, CODE_SOME);
        cbor_null_add(writer->bytes);
        write_value(writer, value->one);
    } else if (value->kind == V_TEXT) {
        write_head(writer, 2, CODE_TEXT);
        cbor_text_add(writer->bytes, value->text);
    } else if (value->kind == V_BOOL) {
        cbor_bool_add(writer->bytes, value->a != 0);
    } else if (value->kind == V_NATURAL && value->big == NULL) {
        write_head(writer, 2, CODE_NATURAL);
        cbor_head_add(writer->bytes, CBOR_UNSIGNED, value->small);
    } else if (value->kind != V_LIST_EMPTY || !write_list_empty(writer, value)) {
        read_back_write(writer, value);
    }
}

static void value_write(struct dhall *dhall, struct dhall_value *value, uint64_t bytes_max,
    struct buf *bytes, struct sha256 *sha)
{
    struct writer writer = {.dhall = dhall, .bytes = bytes, .sha = sha, .left = bytes_max};
    writer.terms = &dhall_code_new(dhall)->terms;
    dhall_quote_init(&writer.quote, dhall, writer.terms, true);
    write_value(&writer, value);
    writer_flush(&writer, 0);
    dhall_quote_end(&writer.quote);
    dhall_terms_release(writer.terms); /* the session's end does it again, for those that stop */
}

void dhall_encode_value(struct dhall *dhall, struct dhall_value *value, struct buf *ret_bytes)
{
    value_write(dhall, value, dhall->limits.memory_bytes_max / 2, ret_bytes, NULL);
}

void dhall_hash_value_within(struct dhall *dhall, struct dhall_value *value, uint64_t bytes_max,
    struct buf *scratch, uint8_t ret_hash[static 32])
{
    struct sha256 sha;
    sha256_init(&sha);
    scratch->len = 0;
    value_write(dhall, value, bytes_max, scratch, &sha);
    sha256_final(&sha, ret_hash);
}

void dhall_hash_value(struct dhall *dhall, struct dhall_value *value, uint8_t ret_hash[static 32])
{
    AUTO_BUF bytes = {0};
    dhall_hash_value_within(dhall, value, UINT64_MAX, &bytes, ret_hash);
}
