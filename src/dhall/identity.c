/* src/dhall/identity.c: when is a file, or its value, still the same? */
#include "dhall/encode.h"
#include "dhall/eval.h"
#include "dhall/import.h"
#include "digest/sha256.h"

enum {
    /* What an identity may take: a few steps for each term of the file. */
    STEPS_PER_TERM = 8,
    STEPS_LEAST = 256,
    BYTES_PER_STEP = 64,    /* of the encoding */
    MEMORY_PER_STEP = 1024, /* of values: a step makes some of 32 bytes, and texts */
};

struct syntax_task {
    struct dhall_import_entry *entry;
    struct diags *diags;
    enum err err;
};

static void syntax_run(struct dhall *dhall, void *argument)
{
    struct syntax_task *task = argument;
    task->err = dhall_import_parse(dhall, task->entry, SPAN_NONE, task->diags);
}

enum err dhall_file_syntax(
    struct dhall *dhall, struct str name, uint8_t ret_hash[static 32], struct diags *diags)
{
    struct syntax_task task = {.entry = dhall_import_file(dhall, name), .diags = diags};
    enum err err = dhall_run(dhall, syntax_run, &task, diags);
    err = err == OK ? task.err : err;
    if (err != OK) {
        return err;
    }
    AUTO_BUF bytes = {0};
    struct sha256 sha;
    dhall_encode(&task.entry->code->terms, task.entry->code->root, &bytes);
    sha256_init(&sha);
    sha256_add(&sha, buf_str(&bytes));
    sha256_final(&sha, ret_hash);
    return OK;
}

void dhall_file_uses(
    struct dhall *dhall, struct str name, struct dhall_used **ret_uses, size_t *ret_count)
{
    const struct dhall_import_entry *entry = dhall_import_file(dhall, name);
    struct dhall_used *uses = ARENA_NEW(&dhall->arena, struct dhall_used, entry->reads_len);
    size_t count = 0;
    for (uint32_t i = 0; i < entry->reads_len; i++) {
        const struct dhall_import_entry *read = entry->reads[i];
        if (!read->is_embedded) {
            uses[count++] = (struct dhall_used){
                .name = read->name, .is_code = read->self.mode == DHALL_AS_CODE};
        }
    }
    *ret_uses = uses;
    *ret_count = count;
}

struct identity_task {
    struct dhall_value *value;
    uint64_t bytes_max;
    struct buf bytes;
    uint8_t *hash;
};

static void identity_run(struct dhall *dhall, void *argument)
{
    struct identity_task *task = argument;
    dhall_hash_value_within(dhall, task->value, task->bytes_max, &task->bytes, task->hash);
}

static enum dhall_identity identity_make(struct dhall *dhall, struct dhall_import_entry *entry)
{
    struct dhall_limits *limits = &dhall->limits;
    uint64_t steps_max = STEPS_LEAST + (uint64_t)STEPS_PER_TERM * entry->code->terms.len;
    const struct dhall_limits before = *limits;
    size_t used = dhall->arena.total_bytes + dhall->big_bytes;
    struct identity_task task = {.value = entry->value,
        .bytes_max = steps_max * BYTES_PER_STEP,
        .hash = entry->identity_hash};
    struct arena arena = {0};
    struct diags ignored;
    diags_init(&ignored, &arena, NULL);
    if (before.steps_max - dhall->steps > steps_max) {
        limits->steps_max = dhall->steps + steps_max;
    }
    if (before.terms_max > steps_max) {
        limits->terms_max = (uint32_t)steps_max;
    }
    if (before.memory_bytes_max > used + steps_max * MEMORY_PER_STEP) {
        limits->memory_bytes_max = used + (size_t)steps_max * MEMORY_PER_STEP;
    }
    enum err err = dhall_run(dhall, identity_run, &task, &ignored);
    *limits = before;
    buf_release(&task.bytes);
    arena_release(&arena);
    return err == OK ? IDENTITY_KNOWN : IDENTITY_COSTLY;
}

enum err dhall_file_identity(struct dhall *dhall, struct str name, uint8_t ret_hash[static 32])
{
    struct dhall_import_entry *entry = dhall_import_file(dhall, name);
    if (entry->state == IMPORT_DONE && entry->identity == IDENTITY_UNASKED) {
        entry->identity = identity_make(dhall, entry);
    }
    if (entry->state != IMPORT_DONE || entry->identity != IDENTITY_KNOWN) {
        return ERR_LIMIT;
    }
    memcpy(ret_hash, entry->identity_hash, sizeof entry->identity_hash);
    return OK;
}

uint64_t dhall_steps(const struct dhall *dhall)
{
    return dhall->steps;
}
