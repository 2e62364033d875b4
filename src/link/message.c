/* src/link/message.c */
#include "link/message.h"
#include "codec/cbor.h"

static uint64_t field_count(enum link_kind kind)
{
    switch (kind) {
    case LINK_HELLO:
    case LINK_PROGRESS:
        return 2;
    case LINK_FAILED:
        return 3;
    case LINK_FETCHED:
        return 5;
    case LINK_FETCH:
        return 6;
    }
    return 0;
}

void link_message_encode(const struct link_message *message, struct buf *ret_bytes)
{
    cbor_head_add(ret_bytes, CBOR_ARRAY, 2 + field_count(message->kind));
    cbor_head_add(ret_bytes, CBOR_UNSIGNED, (uint64_t)message->kind);
    cbor_head_add(ret_bytes, CBOR_UNSIGNED, message->id);
    switch (message->kind) {
    case LINK_HELLO:
        cbor_head_add(ret_bytes, CBOR_UNSIGNED, message->version);
        cbor_text_add(ret_bytes, message->text);
        break;
    case LINK_FETCH:
        cbor_text_add(ret_bytes, message->text);
        cbor_bytes_add(ret_bytes, message->hash);
        cbor_head_add(ret_bytes, CBOR_UNSIGNED, message->count);
        cbor_text_add(ret_bytes, message->file);
        cbor_bool_add(ret_bytes, message->allow_http);
        cbor_text_add(ret_bytes, message->headers);
        break;
    case LINK_FETCHED:
        cbor_bytes_add(ret_bytes,
            (struct str){.ptr = (const char *)message->digest.hash, .len = DIGEST_HASH_BYTES});
        cbor_head_add(ret_bytes, CBOR_UNSIGNED, message->digest.size_bytes);
        cbor_text_add(ret_bytes, message->text);
        cbor_head_add(ret_bytes, CBOR_UNSIGNED, message->count);
        cbor_text_add(ret_bytes, message->headers);
        break;
    case LINK_PROGRESS:
        cbor_head_add(ret_bytes, CBOR_UNSIGNED, message->count);
        cbor_head_add(ret_bytes, CBOR_UNSIGNED, message->total);
        break;
    case LINK_FAILED:
        cbor_head_add(ret_bytes, CBOR_UNSIGNED, message->count);
        cbor_text_add(ret_bytes, message->text);
        cbor_text_add(ret_bytes, message->file);
        break;
    }
}

enum err link_header_next(struct str *headers, struct str *ret_line)
{
    if (headers->len == 0) {
        return ERR_ABSENT;
    }
    size_t newline = str_find(*headers, '\n');
    struct str line = str_sub(*headers, 0, newline);
    size_t colon = str_find(line, ':');
    if (newline == headers->len || colon == 0 || colon == line.len ||
        str_find(line, '\0') != line.len || str_find(line, '\r') != line.len) {
        return ERR_INVALID;
    }
    *headers = str_sub(*headers, newline + 1, headers->len);
    *ret_line = line;
    return OK;
}

static bool headers_fit(struct str headers)
{
    struct str line;
    enum err err;
    do {
        err = link_header_next(&headers, &line);
    } while (err == OK);
    return err == ERR_ABSENT;
}

static enum err decode_fetch(struct cbor_reader *reader, struct link_message *message)
{
    if (cbor_read_text(reader, &message->text) != OK ||
        cbor_read_bytes(reader, &message->hash) != OK ||
        cbor_read_unsigned(reader, &message->count) != OK ||
        cbor_read_text(reader, &message->file) != OK ||
        cbor_read_bool(reader, &message->allow_http) != OK ||
        cbor_read_text(reader, &message->headers) != OK) {
        return ERR_INVALID;
    }
    bool hash_fits = message->hash.len == 0 || message->hash.len == DIGEST_HASH_BYTES;
    return hash_fits && message->text.len <= LINK_URL_MAX && headers_fit(message->headers)
               ? OK
               : ERR_INVALID;
}

static enum err decode_fetched(struct cbor_reader *reader, struct link_message *message)
{
    struct str hash;
    if (cbor_read_bytes(reader, &hash) != OK || hash.len != DIGEST_HASH_BYTES) {
        return ERR_INVALID;
    }
    memcpy(message->digest.hash, hash.ptr, DIGEST_HASH_BYTES);
    bool fits = cbor_read_unsigned(reader, &message->digest.size_bytes) == OK &&
                cbor_read_text(reader, &message->text) == OK &&
                cbor_read_unsigned(reader, &message->count) == OK &&
                cbor_read_text(reader, &message->headers) == OK;
    return fits ? OK : ERR_INVALID;
}

static enum err decode_failed(struct cbor_reader *reader, struct link_message *message)
{
    if (cbor_read_unsigned(reader, &message->count) != OK ||
        cbor_read_text(reader, &message->text) != OK ||
        cbor_read_text(reader, &message->file) != OK) {
        return ERR_INVALID;
    }
    bool known = message->count >= LINK_FAILURE_INVALID && message->count <= LINK_FAILURE_RETRY;
    return known ? OK : ERR_INVALID;
}

static enum err decode_fields(struct cbor_reader *reader, struct link_message *message)
{
    switch (message->kind) {
    case LINK_HELLO:
        return cbor_read_unsigned(reader, &message->version) == OK
                   ? cbor_read_text(reader, &message->text)
                   : ERR_INVALID;
    case LINK_FETCH:
        return decode_fetch(reader, message);
    case LINK_FETCHED:
        return decode_fetched(reader, message);
    case LINK_PROGRESS:
        return cbor_read_unsigned(reader, &message->count) == OK
                   ? cbor_read_unsigned(reader, &message->total)
                   : ERR_INVALID;
    case LINK_FAILED:
        return decode_failed(reader, message);
    }
    return ERR_INVALID;
}

/* CBOR has longer forms of the same message, which nobody here sends. */
static bool is_canonical(const struct link_message *message, struct str bytes)
{
    AUTO_BUF again = {0};
    link_message_encode(message, &again);
    return str_eq(buf_str(&again), bytes);
}

enum err link_message_decode(struct str bytes, struct link_message *ret_message)
{
    struct cbor_reader reader;
    cbor_reader_init(&reader, bytes);
    uint64_t count;
    uint64_t kind;
    struct link_message message = {0};
    if (bytes.len > LINK_MESSAGE_MAX || cbor_read_array(&reader, 8, &count) != OK ||
        cbor_read_unsigned(&reader, &kind) != OK || kind < LINK_HELLO || kind > LINK_FAILED ||
        cbor_read_unsigned(&reader, &message.id) != OK) {
        return ERR_INVALID;
    }
    message.kind = (enum link_kind)kind;
    if (count != 2 + field_count(message.kind) || decode_fields(&reader, &message) != OK ||
        reader.input.len != 0 || !is_canonical(&message, bytes)) {
        return ERR_INVALID;
    }
    *ret_message = message;
    return OK;
}

static const struct {
    enum link_failure failure;
    enum err err;
} failures[] = {
    {LINK_FAILURE_INVALID, ERR_INVALID},
    {LINK_FAILURE_ABSENT, ERR_ABSENT},
    {LINK_FAILURE_CORRUPT, ERR_CORRUPT},
    {LINK_FAILURE_LIMIT, ERR_LIMIT},
    {LINK_FAILURE_IO, ERR_IO},
    {LINK_FAILURE_RETRY, ERR_RETRY},
};

enum err link_failure_err(enum link_failure failure)
{
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        if (failures[i].failure == failure) {
            return failures[i].err;
        }
    }
    return ERR_IO;
}

enum link_failure link_failure_of(enum err err)
{
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        if (failures[i].err == err) {
            return failures[i].failure;
        }
    }
    return LINK_FAILURE_IO;
}
