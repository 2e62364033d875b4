/* src/dhall/import.c: one import, from its place in a file to its type and value. */
#include "dhall/import.h"
#include "dhall/encode.h"
#include "dhall/eval.h"
#include "dhall/infer.h"
#include "dhall/infer_context.h"
#include "digest/sha256.h"
#include <stdlib.h>

struct dhall_import_entry *dhall_import_entry_of(struct dhall *dhall, struct str key)
{
    uint32_t row = table_add(&dhall->import_table, &dhall->arena, key);
    if (row == dhall->imports_cap) {
        dhall->imports_cap = row == 0 ? 32 : row * 2;
        dhall->imports = memory_realloc(dhall->imports, dhall->imports_cap * sizeof(void *));
    }
    if (row == dhall->imports_len) {
        dhall->imports[row] = ARENA_NEW(&dhall->arena, struct dhall_import_entry, 1);
        dhall->imports[row]->key = dhall->import_table.keys[row];
        dhall->imports_len++;
    }
    return dhall->imports[row];
}

static void entry_reads(struct dhall_import_entry *entry, struct dhall_import_entry *child)
{
    for (uint32_t i = 0; i < entry->reads_len; i++) {
        if (entry->reads[i] == child) {
            return;
        }
    }
    if (entry->reads_len == entry->reads_cap) {
        entry->reads_cap = entry->reads_cap == 0 ? 8 : entry->reads_cap * 2;
        entry->reads = memory_realloc(entry->reads, entry->reads_cap * sizeof(void *));
    }
    entry->reads[entry->reads_len++] = child;
}

static void opened_push(struct dhall *dhall, struct dhall_import_entry *entry)
{
    if (dhall->opened_len == dhall->opened_cap) {
        dhall->opened_cap = dhall->opened_cap == 0 ? 16 : dhall->opened_cap * 2;
        dhall->opened = memory_realloc(dhall->opened, dhall->opened_cap * sizeof(void *));
    }
    dhall->opened[dhall->opened_len++] = entry;
    entry->state = IMPORT_OPEN;
}

enum {
    CYCLE_SHOWN_MAX = 12, /* files of a cycle that are named, the first and the last ones */
};

/* "a -> b -> a" */
static enum err cycle_report(struct dhall *dhall, const struct dhall_import_entry *entry,
    struct span span, struct diags *diags)
{
    AUTO_BUF chain = {0};
    uint32_t from = 0;
    while (from < dhall->opened_len && dhall->opened[from] != entry) {
        from++;
    }
    for (uint32_t i = from; i < dhall->opened_len; i++) {
        if (dhall->opened_len - from > CYCLE_SHOWN_MAX && i == from + CYCLE_SHOWN_MAX / 2) {
            uint32_t left = dhall->opened_len - from - CYCLE_SHOWN_MAX;
            buf_printf(&chain, "... %u more ... -> ", left);
            i += left;
        }
        buf_printf(&chain, "%.*s -> ", STR_ARG(dhall->opened[i]->name));
    }
    buf_add(&chain, entry->name);
    return diag_add(
        diags, ERR_INVALID, span, "imports form a cycle: %.*s", (int)chain.len, chain.ptr);
}

/* Makes entry's code, which was parsed, its type and value. */
static enum err entry_make(
    struct dhall *dhall, struct dhall_import_entry *entry, struct diags *diags)
{
    struct dhall_code *code = entry->code;
    enum err err = dhall_code_resolve(dhall, code, entry, 0, diags);
    if (err == OK) {
        err = dhall_infer(dhall, code, &entry->type, diags);
    }
    if (err == OK) {
        entry->value = dhall_delay(dhall, code, code->root, NULL);
    }
    return err;
}

static enum err entry_parse(struct dhall *dhall, struct dhall_import_entry *entry, uint32_t source,
    struct str text, struct diags *diags)
{
    struct dhall_code *code = dhall_code_new(dhall);
    struct dhall_parse_limits limits = dhall_parse_limits_of(dhall);
    enum err err = dhall_parse_within(&limits, &code->terms, source, text, &code->root, diags);
    if (err == OK) {
        dhall_terms_trim(&code->terms);
        entry->code = code;
    }
    return err;
}

enum err dhall_import_text(struct dhall *dhall, struct dhall_import_entry *entry, uint32_t source,
    struct str text, struct diags *diags)
{
    enum err err = entry_parse(dhall, entry, source, text, diags);
    if (err == OK && dhall->watch != NULL && dhall->watch->code == NULL) {
        dhall->watch->code = entry->code;
    }
    return err == OK ? entry_make(dhall, entry, diags) : err;
}

/* The length of the UTF-8 character at the beginning of text, or 0. */
static size_t utf8_char_len(struct str text)
{
    const unsigned char *p = (const unsigned char *)text.ptr;
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] < 0x80       ? 1
                 : p[0] >> 5 == 6  ? 2
                 : p[0] >> 4 == 14 ? 3
                 : p[0] >> 3 == 30 ? 4
                                   : 0;
    if (len == 0 || len > text.len) {
        return 0;
    }
    uint32_t c = len == 1 ? p[0] : p[0] & (0x7FU >> len);
    for (size_t i = 1; i < len; i++) {
        if (p[i] >> 6 != 2) {
            return 0;
        }
        c = c << 6 | (p[i] & 0x3FU);
    }
    return c < least[len] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF) ? 0 : len;
}

static bool is_utf8(struct str text)
{
    while (text.len > 0) {
        size_t len = utf8_char_len(text);
        if (len == 0) {
            return false;
        }
        text = str_sub(text, len, text.len);
    }
    return true;
}

/* Text or Bytes literal of a file. */
static enum err entry_literal(struct dhall *dhall, struct dhall_import_entry *entry,
    struct str bytes, struct span span, struct diags *diags)
{
    bool is_text = entry->self.mode == DHALL_AS_TEXT;
    if (is_text && !is_utf8(bytes)) {
        return diag_add(diags, ERR_INVALID, span, "%.*s is not UTF-8, so it cannot be a Text",
            STR_ARG(entry->name));
    }
    entry->value = dhall_text_value(dhall, bytes);
    entry->value->kind = is_text ? V_TEXT : V_BYTES;
    entry->type =
        dhall_builtin_value(dhall, is_text ? DHALL_BUILTIN_TEXT_TYPE : DHALL_BUILTIN_BYTES_TYPE);
    return OK;
}

static enum err absent_report(
    const struct dhall_import_entry *entry, struct span span, struct diags *diags)
{
    if (entry->self.scheme == DHALL_ENV) {
        return diag_add(diags, ERR_ABSENT, span, "environment variable %.*s is not set",
            STR_ARG(entry->self.authority));
    }
    bool remote = dhall_import_is_remote(&entry->self);
    return diag_add(diags, ERR_ABSENT, span, "%.*s %s", STR_ARG(entry->name),
        remote ? "cannot be imported" : "does not exist");
}

/* What the reader says about a file is said about the place that imports it. */
static enum err read_report(const struct dhall_import_entry *entry, enum err err,
    const struct diag *before, struct span span, struct diags *diags)
{
    if (err != OK && diags->newest != before) {
        diag_place(diags, span);
        return err;
    }
    return err == ERR_ABSENT ? absent_report(entry, span, diags) : err;
}

static enum err entry_read(struct dhall *dhall, struct dhall_import_entry *entry, struct span span,
    struct str *ret_bytes, struct diags *diags)
{
    const struct dhall_reader *reader = &dhall->reader;
    const struct diag *before = diags->newest;
    if (!dhall_import_is_remote(&entry->self)) {
        enum err err = reader->read(
            reader->context, &entry->self, entry->name, &dhall->arena, ret_bytes, diags);
        return read_report(entry, err, before, span, diags);
    }
    if (reader->embedded != NULL && reader->embedded(reader->context, entry->name, ret_bytes)) {
        entry->is_embedded = true;
        return OK;
    }
    if (reader->fetch == NULL) {
        enum err err = diag_add(diags, ERR_INVALID, span,
            "%.*s is not one of the packages that straylight holds", STR_ARG(entry->name));
        diag_help(diags, "no network is read here; put the file into the workspace and import it "
                         "by path");
        return err;
    }
    enum err err = dhall_remote_fetch(dhall, entry, span, ret_bytes, diags);
    return read_report(entry, err, before, span, diags);
}

/* Of what is wrong with a file that was read: who wanted it. Gives err. */
static enum err blame_importer(
    const struct dhall_import_entry *entry, enum err err, struct span span, struct diags *diags)
{
    return span.source == 0
               ? err
               : diag_add(diags, err, span, "%.*s is imported here", STR_ARG(entry->name));
}

/* Was it parsed, and nothing more than that? */
static bool is_fresh(const struct dhall_import_entry *entry)
{
    return entry->code != NULL && entry->code->marks == NULL;
}

enum err dhall_import_parse(
    struct dhall *dhall, struct dhall_import_entry *entry, struct span span, struct diags *diags)
{
    if (is_fresh(entry) || (entry->code != NULL && entry->state == IMPORT_DONE)) {
        return OK;
    }
    struct str bytes;
    entry->code = NULL;
    enum err err = entry_read(dhall, entry, span, &bytes, diags);
    if (err != OK) {
        return err;
    }
    uint32_t source = dhall->sources == NULL ? 0 : sources_add(dhall->sources, entry->name, bytes);
    err = entry_parse(dhall, entry, source, bytes, diags);
    return err == OK ? OK : blame_importer(entry, err, span, diags);
}

/* Reads and loads; entry is open meanwhile. */
static enum err entry_fill(
    struct dhall *dhall, struct dhall_import_entry *entry, struct span span, struct diags *diags)
{
    if (entry->self.mode != DHALL_AS_CODE) {
        struct str bytes;
        enum err err = entry_read(dhall, entry, span, &bytes, diags);
        return err == OK ? entry_literal(dhall, entry, bytes, span, diags) : err;
    }
    enum err err = dhall_import_parse(dhall, entry, span, diags);
    if (err != OK) {
        return err;
    }
    err = entry_make(dhall, entry, diags);
    return err == OK ? OK : blame_importer(entry, err, span, diags);
}

enum err dhall_import_load(
    struct dhall *dhall, struct dhall_import_entry *entry, struct span span, struct diags *diags)
{
    if (entry->state == IMPORT_DONE) {
        return OK;
    }
    if (entry->state == IMPORT_OPEN) {
        return cycle_report(dhall, entry, span, diags);
    }
    uint32_t opened_len = dhall->opened_len;
    opened_push(dhall, entry);
    entry->reads_len = 0;
    enum err err = entry_fill(dhall, entry, span, diags);
    dhall->opened_len = opened_len;
    entry->state = err == OK ? IMPORT_DONE : IMPORT_NEW;
    return err;
}

/* < Environment : Text | Local : Text | Missing | Remote : Text >.X "..." */
static enum err location_make(
    struct dhall *dhall, const struct dhall_import *import, struct dhall_import_entry *entry)
{
    const char *alternative = "Local";
    struct str name = dhall_import_name(dhall, import);
    if (import->scheme == DHALL_ENV) {
        alternative = "Environment";
        name = import->authority;
    } else if (import->scheme == DHALL_MISSING) {
        alternative = "Missing";
    } else if (dhall_import_is_remote(import)) {
        alternative = "Remote";
    }
    entry->type = dhall_value_of_text(
        dhall, STR("< Environment : Text | Local : Text | Missing | Remote : Text >"));
    entry->value =
        dhall_select(dhall, entry->type, dhall_label_of(&dhall->labels, str_of(alternative)));
    if (import->scheme != DHALL_MISSING) {
        entry->value = dhall_apply_value(dhall, entry->value, dhall_text_value(dhall, name));
    }
    entry->state = IMPORT_DONE;
    return OK;
}

static void hex_add(struct buf *text, const uint8_t hash[static 32])
{
    for (size_t i = 0; i < 32; i++) {
        buf_printf(text, "%02x", hash[i]);
    }
}

static void bytes_hash(struct str bytes, uint8_t ret_hash[static 32])
{
    struct sha256 sha;
    sha256_init(&sha);
    sha256_add(&sha, bytes);
    sha256_final(&sha, ret_hash);
}

/* The semantic cache's answer to a hash. ERR_ABSENT: it has none, or one that is not what its name
 * says (that is the cache's fault, not the user's, and the import itself may still be had). */
static enum err cache_ask(
    struct dhall *dhall, const uint8_t hash[static 32], struct dhall_import_entry **ret_entry)
{
    AUTO_BUF key = {0};
    buf_add(&key, STR("sha256:"));
    hex_add(&key, hash);
    struct dhall_import_entry *entry = dhall_import_entry_of(dhall, buf_str(&key));
    *ret_entry = entry;
    if (entry->state == IMPORT_DONE) {
        return OK;
    }
    struct str bytes;
    if (dhall->reader.cache_get == NULL ||
        dhall->reader.cache_get(dhall->reader.context, hash, &dhall->arena, &bytes) != OK) {
        return ERR_ABSENT;
    }
    uint8_t got[32];
    bytes_hash(bytes, got);
    if (memcmp(got, hash, sizeof got) != 0) {
        if (dhall->reader.cache_bad != NULL) {
            dhall->reader.cache_bad(dhall->reader.context, hash);
        }
        return ERR_ABSENT;
    }
    struct diags diags; /* what is wrong with a cached entry is nothing to tell the user */
    diags_init(&diags, &dhall->arena, NULL);
    struct dhall_code *code = dhall_code_new(dhall);
    if (dhall_decode(&code->terms, bytes, &code->root, &diags) != OK ||
        code->terms.imports_len > 0 || dhall_code_resolve(dhall, code, NULL, 0, &diags) != OK ||
        dhall_infer(dhall, code, &entry->type, &diags) != OK) {
        return ERR_ABSENT;
    }
    entry->name = entry->key;
    entry->value = dhall_delay(dhall, code, code->root, NULL);
    entry->state = IMPORT_DONE;
    return OK;
}

void dhall_import_cache(struct dhall *dhall, struct dhall_import_entry *entry)
{
    bool cached = dhall->reader.cache_put != NULL && !entry->is_embedded;
    if (entry->has_hash) {
        return;
    }
    if (cached) {
        AUTO_BUF bytes = {0};
        dhall_encode_value(dhall, entry->value, &bytes);
        bytes_hash(buf_str(&bytes), entry->hash);
        dhall->reader.cache_put(dhall->reader.context, entry->hash, buf_str(&bytes));
    } else {
        dhall_hash_value(dhall, entry->value, entry->hash);
    }
    entry->has_hash = true;
}

static enum err hash_check(struct dhall *dhall, struct dhall_import_entry *entry,
    const uint8_t hash[static 32], struct span span, struct diags *diags)
{
    dhall_import_cache(dhall, entry);
    if (memcmp(entry->hash, hash, sizeof entry->hash) == 0) {
        return OK;
    }
    AUTO_BUF got = {0};
    hex_add(&got, entry->hash);
    enum err err = diag_add(diags, ERR_INVALID, span,
        "%.*s has another hash than the one written here", STR_ARG(entry->name));
    diag_help(diags, "it is sha256:%.*s", (int)got.len, got.ptr);
    return err;
}

/* A build depends on nothing of the machine: no variable, no home, no place in its file system. */
static enum err ambient_check(struct dhall *dhall, const struct dhall_import *import,
    const struct dhall_import *child, struct str name, struct span span, struct diags *diags)
{
    const struct dhall_reader *reader = &dhall->reader;
    bool local = child->scheme == DHALL_ABSOLUTE || child->scheme == DHALL_HERE ||
                 child->scheme == DHALL_PARENT || child->scheme == DHALL_HOME;
    if (reader->refuse_env && local && child->mode == DHALL_AS_LOCATION) {
        enum err err = diag_add(diags, ERR_INVALID, span,
            "a build may not depend on where %.*s lies (as Location)", STR_ARG(name));
        diag_help(diags, "write the path as a Text, or take its content with `as Text`");
        return err;
    }
    if (reader->refuse_env && (child->scheme == DHALL_ENV || child->scheme == DHALL_HOME) &&
        child->mode != DHALL_AS_LOCATION) {
        enum err err =
            diag_add(diags, ERR_INVALID, span, "a build may not depend on %.*s", STR_ARG(name));
        diag_help(diags, "put it into a file of the workspace and import that");
        return err;
    }
    size_t root_len = reader->root.len;
    if (root_len == 0 || !local) {
        return OK;
    }
    bool inside =
        str_starts(name, reader->root) && name.len > root_len && name.ptr[root_len] == '/';
    if (inside && import->scheme != DHALL_ABSOLUTE) {
        return OK;
    }
    enum err err = diag_add(diags, ERR_INVALID, span,
        inside ? "a build may not import %.*s by an absolute path"
               : "a build may not import %.*s, which lies outside of the workspace",
        STR_ARG(name));
    diag_help(diags, inside ? "import it by its path from this file: ./... or ../..."
                            : "put it into a file of the workspace and import that");
    return err;
}

/* What may not be imported here at all. */
static enum err import_permitted(const struct dhall_import_entry *parent,
    const struct dhall_import *child, struct str name, struct span span, struct diags *diags)
{
    bool remote = dhall_import_is_remote(child);
    if (dhall_import_is_remote(&parent->self) && !remote && child->scheme != DHALL_MISSING) {
        return diag_add(diags, ERR_INVALID, span,
            "a remote file may not import %.*s of this machine", STR_ARG(name));
    }
    return OK;
}

/* In a build every remote import has a hash, or lies below one that has. */
static enum err frozen_check(
    struct dhall *dhall, struct dhall_import_entry *entry, struct span span, struct diags *diags)
{
    enum err err = diag_add(
        diags, ERR_INVALID, span, "remote import %.*s has no sha256:", STR_ARG(entry->name));
    if (entry->state == IMPORT_DONE && entry->is_embedded) {
        AUTO_BUF hash = {0};
        dhall_import_cache(dhall, entry);
        hex_add(&hash, entry->hash);
        diag_help(diags, "write %.*s sha256:%.*s", STR_ARG(entry->name), (int)hash.len, hash.ptr);
    } else {
        diag_help(diags, "freeze it: straylight dhall freeze FILE writes the hash behind it");
    }
    return err;
}

/* The session's one entry for what child names, with the headers it is fetched with. */
static enum err entry_of_import(struct dhall *dhall, const struct dhall_code *code,
    const struct dhall_import *import, const struct dhall_import *child,
    const struct dhall_import_entry *parent, struct span span,
    struct dhall_import_entry **ret_entry, struct diags *diags)
{
    struct dhall_headers headers = {0};
    struct str name = dhall_import_name(dhall, child), ignored;
    const struct dhall_reader *reader = &dhall->reader;
    bool fetched = dhall_import_is_remote(child) && child->mode != DHALL_AS_LOCATION &&
                   (reader->embedded == NULL || !reader->embedded(reader->context, name, &ignored));
    if (fetched) {
        enum err err = dhall_headers_of(dhall, code, import, child, parent, span, &headers, diags);
        if (err != OK) {
            return err;
        }
    }
    AUTO_BUF key = {0};
    buf_add_byte(&key, (uint8_t)('0' + (int)child->mode));
    buf_add(&key, name);
    for (size_t i = 0; i < headers.count; i++) {
        buf_printf(
            &key, "\n%.*s: %.*s", STR_ARG(headers.rows[i].name), STR_ARG(headers.rows[i].value));
    }
    struct dhall_import_entry *entry = dhall_import_entry_of(dhall, buf_str(&key));
    if (entry->state == IMPORT_NEW) {
        entry->name = name;
        entry->self = *child;
        entry->headers = headers;
    }
    *ret_entry = entry;
    return OK;
}

enum err dhall_import_resolve(struct dhall *dhall, const struct dhall_code *code,
    const struct dhall_import *import, struct dhall_import_entry *parent, struct span span,
    struct dhall_import_entry **ret_entry, struct diags *diags)
{
    struct dhall_import child = dhall_import_chain(dhall, &parent->self, import);
    struct dhall_import_entry *entry = NULL;
    enum err err = entry_of_import(dhall, code, import, &child, parent, span, &entry, diags);
    if (err == OK) {
        err = ambient_check(dhall, import, &child, entry->name, span, diags);
    }
    if (err != OK) {
        return err;
    }
    if (child.mode == DHALL_AS_LOCATION) {
        *ret_entry = entry;
        return location_make(dhall, &child, entry);
    }
    err = import_permitted(parent, &child, entry->name, span, diags);
    if (err != OK) {
        return err;
    }
    struct dhall_import_entry *cached = NULL;
    bool known = entry->has_hash && import->has_hash &&
                 memcmp(entry->hash, import->hash, sizeof entry->hash) == 0;
    if (import->has_hash && !known && cache_ask(dhall, import->hash, &cached) == OK) {
        if (child.scheme != DHALL_MISSING) {
            entry->is_cached = entry->state == IMPORT_NEW;
            entry_reads(parent, entry);
        }
        *ret_entry = cached;
        return OK;
    }
    if (child.scheme == DHALL_MISSING) {
        return diag_add(diags, ERR_ABSENT, span, "nothing to import: `missing` is always absent");
    }
    entry_reads(parent, entry);
    entry->is_cached = false;
    bool frozen = import->has_hash || parent->is_frozen || dhall_import_is_remote(&parent->self);
    if (entry->state == IMPORT_NEW) {
        entry->is_frozen = frozen;
    }
    bool refused = dhall->reader.refuse_unfrozen && dhall_import_is_remote(&child) && !frozen;
    if (refused && dhall->reader.embedded == NULL) {
        return frozen_check(dhall, entry, span, diags);
    }
    struct str ignored;
    if (refused && !dhall->reader.embedded(dhall->reader.context, entry->name, &ignored)) {
        return frozen_check(dhall, entry, span, diags);
    }
    err = dhall_import_load(dhall, entry, span, diags);
    if (err == OK && dhall_import_is_remote(&parent->self)) {
        err = dhall_cors_check(parent, entry, span, diags);
    }
    if (err == OK && refused) {
        err = frozen_check(dhall, entry, span, diags);
    }
    if (err == OK && import->has_hash) {
        err = hash_check(dhall, entry, import->hash, span, diags);
    }
    *ret_entry = entry;
    return err;
}
