/* src/build/target.c */
#include "build/target.h"
#include "codec/cbor.h"

/* Encoding: each struct is an array of its members in the order of the header. */

static void count_add(struct buf *buf, size_t count)
{
    cbor_head_add(buf, CBOR_ARRAY, count);
}

static void label_encode(struct label label, struct buf *buf)
{
    cbor_text_add(buf, label.package);
    cbor_text_add(buf, label.name);
    cbor_text_add(buf, label.config);
}

static void strs_encode(struct strs strs, struct buf *buf)
{
    count_add(buf, strs.count);
    for (size_t i = 0; i < strs.count; i++) {
        cbor_text_add(buf, strs.at[i]);
    }
}

void pieces_encode(struct pieces pieces, struct buf *ret_bytes)
{
    count_add(ret_bytes, pieces.count);
    for (size_t i = 0; i < pieces.count; i++) {
        const struct piece *piece = &pieces.at[i];
        cbor_head_add(ret_bytes, CBOR_UNSIGNED, (uint64_t)piece->kind);
        cbor_text_add(ret_bytes, piece->text);
        if (piece->kind == PIECE_MADE || piece->kind == PIECE_PROGRAM) {
            label_encode(piece->label, ret_bytes);
        } else if (piece->kind == PIECE_TREE) {
            char text[DIGEST_TEXT_MAX];
            cbor_text_add(ret_bytes, digest_format(&piece->digest, text));
        }
    }
}

static void args_encode(struct args args, struct buf *buf)
{
    count_add(buf, args.count);
    for (size_t i = 0; i < args.count; i++) {
        const struct arg *arg = &args.at[i];
        cbor_bool_add(buf, arg->each);
        pieces_encode(arg->before, buf);
        if (arg->each) {
            pieces_encode(arg->after, buf);
            cbor_text_add(buf, arg->set);
            cbor_bool_add(buf, arg->joined);
            cbor_head_add(buf, CBOR_UNSIGNED, (uint64_t)arg->order);
        }
    }
}

static void action_encode(const struct action *action, struct buf *buf)
{
    cbor_text_add(buf, action->category);
    cbor_text_add(buf, action->identifier);
    pieces_encode(action->trees, buf);
    args_encode(action->argv, buf);
    args_encode(action->inputs, buf);
    count_add(buf, action->env_count);
    for (size_t i = 0; i < action->env_count; i++) {
        cbor_text_add(buf, action->env[i].name);
        cbor_text_add(buf, action->env[i].value);
    }
    strs_encode(action->outputs, buf);
    strs_encode(action->folders, buf);
    cbor_text_add(buf, action->stdout_path);
    cbor_text_add(buf, action->depfile);
    count_add(buf, action->require_count);
    for (size_t i = 0; i < action->require_count; i++) {
        cbor_head_add(buf, CBOR_UNSIGNED, (uint64_t)action->requires[i].kind);
        cbor_text_add(buf, action->requires[i].name);
    }
}

void exports_encode(const struct target *target, struct buf *ret_bytes)
{
    label_encode(target->label, ret_bytes);
    count_add(ret_bytes, target->dep_count);
    for (size_t i = 0; i < target->dep_count; i++) {
        label_encode(target->deps[i].label, ret_bytes);
        strs_encode(target->deps[i].hide, ret_bytes);
    }
    count_add(ret_bytes, target->export_count);
    for (size_t i = 0; i < target->export_count; i++) {
        cbor_text_add(ret_bytes, target->exports[i].set);
        pieces_encode(target->exports[i].pieces, ret_bytes);
    }
}

void target_encode(const struct target *target, struct buf *ret_bytes)
{
    exports_encode(target, ret_bytes);
    cbor_text_add(ret_bytes, target->kind);
    cbor_text_add(ret_bytes, target->doc);
    strs_encode(target->visibility, ret_bytes);
    strs_encode(target->srcs, ret_bytes);
    strs_encode(target->outputs, ret_bytes);
    strs_encode(target->errors, ret_bytes);
    strs_encode(target->warnings, ret_bytes);
    cbor_bool_add(ret_bytes, target->has_run);
    if (target->has_run) {
        cbor_text_add(ret_bytes, target->run.program);
        strs_encode(target->run.args, ret_bytes);
        args_encode(target->run.data, ret_bytes);
    }
    cbor_bool_add(ret_bytes, target->has_test);
    if (target->has_test) {
        cbor_head_add(ret_bytes, CBOR_UNSIGNED, target->test_timeout_ms);
        cbor_head_add(ret_bytes, CBOR_UNSIGNED, target->test_runs);
    }
    count_add(ret_bytes, target->action_count);
    for (size_t i = 0; i < target->action_count; i++) {
        action_encode(&target->actions[i], ret_bytes);
    }
}

/* Decoding. The first fault sticks: what is read after it is empty, so that one check at the end
 * is enough and loops end (a count is at most the bytes that are left). */
struct decoder {
    struct cbor_reader reader;
    struct arena *arena;
    bool failed;
};

static struct str text_decode(struct decoder *decoder)
{
    struct str text = {0};
    if (decoder->failed || cbor_read_text(&decoder->reader, &text) != OK) {
        decoder->failed = true;
        return (struct str){0};
    }
    return text;
}

static uint64_t unsigned_decode(struct decoder *decoder, uint64_t limit)
{
    uint64_t value = 0;
    if (decoder->failed || cbor_read_unsigned(&decoder->reader, &value) != OK || value > limit) {
        decoder->failed = true;
        return 0;
    }
    return value;
}

static bool bool_decode(struct decoder *decoder)
{
    bool value = false;
    if (decoder->failed || cbor_read_bool(&decoder->reader, &value) != OK) {
        decoder->failed = true;
        return false;
    }
    return value;
}

static size_t count_decode(struct decoder *decoder)
{
    uint64_t count = 0;
    if (decoder->failed ||
        cbor_read_array(&decoder->reader, decoder->reader.input.len, &count) != OK) {
        decoder->failed = true;
        return 0;
    }
    return (size_t)count;
}

static struct label label_decode(struct decoder *decoder)
{
    struct label label;
    label.package = text_decode(decoder);
    label.name = text_decode(decoder);
    label.config = text_decode(decoder);
    return label;
}

static struct strs strs_decode(struct decoder *decoder)
{
    struct strs strs = {.count = count_decode(decoder)};
    struct str *at = ARENA_NEW(decoder->arena, struct str, strs.count);
    for (size_t i = 0; i < strs.count; i++) {
        at[i] = text_decode(decoder);
    }
    strs.at = at;
    return strs;
}

static struct pieces pieces_decode(struct decoder *decoder)
{
    struct pieces pieces = {.count = count_decode(decoder)};
    struct piece *at = ARENA_NEW(decoder->arena, struct piece, pieces.count);
    for (size_t i = 0; i < pieces.count; i++) {
        at[i].kind = (enum piece_kind)unsigned_decode(decoder, PIECE_KIND_COUNT - 1);
        at[i].text = text_decode(decoder);
        if (at[i].kind == PIECE_MADE || at[i].kind == PIECE_PROGRAM) {
            at[i].label = label_decode(decoder);
        } else if (at[i].kind == PIECE_TREE &&
                   digest_parse(text_decode(decoder), &at[i].digest) != OK) {
            decoder->failed = true;
        }
    }
    pieces.at = at;
    return pieces;
}

static struct args args_decode(struct decoder *decoder)
{
    struct args args = {.count = count_decode(decoder)};
    struct arg *at = ARENA_NEW(decoder->arena, struct arg, args.count);
    for (size_t i = 0; i < args.count; i++) {
        at[i].each = bool_decode(decoder);
        at[i].before = pieces_decode(decoder);
        if (at[i].each) {
            at[i].after = pieces_decode(decoder);
            at[i].set = text_decode(decoder);
            at[i].joined = bool_decode(decoder);
            at[i].order = (enum order)unsigned_decode(decoder, ORDER_COUNT - 1);
        }
    }
    args.at = at;
    return args;
}

static void action_decode(struct decoder *decoder, struct action *action)
{
    action->category = text_decode(decoder);
    action->identifier = text_decode(decoder);
    action->trees = pieces_decode(decoder);
    action->argv = args_decode(decoder);
    action->inputs = args_decode(decoder);
    action->env_count = count_decode(decoder);
    struct variable *env = ARENA_NEW(decoder->arena, struct variable, action->env_count);
    for (size_t i = 0; i < action->env_count; i++) {
        env[i].name = text_decode(decoder);
        env[i].value = text_decode(decoder);
    }
    action->env = env;
    action->outputs = strs_decode(decoder);
    action->folders = strs_decode(decoder);
    action->stdout_path = text_decode(decoder);
    action->depfile = text_decode(decoder);
    action->require_count = count_decode(decoder);
    struct resource *requires = ARENA_NEW(decoder->arena, struct resource, action->require_count);
    for (size_t i = 0; i < action->require_count; i++) {
        requires[i].kind = (enum resource_kind)unsigned_decode(decoder, RESOURCE_KIND_COUNT - 1);
        requires[i].name = text_decode(decoder);
    }
    action->requires = requires;
}

static void exports_decode_into(struct decoder *decoder, struct target *target)
{
    target->label = label_decode(decoder);
    target->dep_count = count_decode(decoder);
    struct dep *deps = ARENA_NEW(decoder->arena, struct dep, target->dep_count);
    for (size_t i = 0; i < target->dep_count; i++) {
        deps[i].label = label_decode(decoder);
        deps[i].hide = strs_decode(decoder);
    }
    target->deps = deps;
    target->export_count = count_decode(decoder);
    struct export *exports = ARENA_NEW(decoder->arena, struct export, target->export_count);
    for (size_t i = 0; i < target->export_count; i++) {
        exports[i].set = text_decode(decoder);
        exports[i].pieces = pieces_decode(decoder);
    }
    target->exports = exports;
}

enum err exports_decode(struct str bytes, struct arena *arena, struct target *ret_target)
{
    struct decoder decoder = {.arena = arena};
    cbor_reader_init(&decoder.reader, bytes);
    *ret_target = (struct target){0};
    exports_decode_into(&decoder, ret_target);
    return decoder.failed || decoder.reader.input.len > 0 ? ERR_INVALID : OK;
}

enum err target_decode(struct str bytes, struct arena *arena, struct target *ret_target)
{
    struct decoder decoder = {.arena = arena};
    cbor_reader_init(&decoder.reader, bytes);
    struct target target = {0};
    exports_decode_into(&decoder, &target);
    target.kind = text_decode(&decoder);
    target.doc = text_decode(&decoder);
    target.visibility = strs_decode(&decoder);
    target.srcs = strs_decode(&decoder);
    target.outputs = strs_decode(&decoder);
    target.errors = strs_decode(&decoder);
    target.warnings = strs_decode(&decoder);
    target.has_run = bool_decode(&decoder);
    if (target.has_run) {
        target.run.program = text_decode(&decoder);
        target.run.args = strs_decode(&decoder);
        target.run.data = args_decode(&decoder);
    }
    target.has_test = bool_decode(&decoder);
    if (target.has_test) {
        target.test_timeout_ms = unsigned_decode(&decoder, UINT64_MAX);
        target.test_runs = unsigned_decode(&decoder, UINT64_MAX);
    }
    target.action_count = count_decode(&decoder);
    struct action *actions = ARENA_NEW(arena, struct action, target.action_count);
    for (size_t i = 0; i < target.action_count; i++) {
        action_decode(&decoder, &actions[i]);
    }
    target.actions = actions;
    *ret_target = target;
    return decoder.failed || decoder.reader.input.len > 0 ||
                   (target.has_test && target.action_count == 0)
               ? ERR_INVALID
               : OK;
}

static bool strs_have(struct strs strs, struct str text)
{
    for (size_t i = 0; i < strs.count; i++) {
        if (str_eq(strs.at[i], text)) {
            return true;
        }
    }
    return false;
}

size_t target_action_of(const struct target *target, struct str output)
{
    size_t i = 0;
    while (i < target->action_count && !strs_have(target->actions[i].outputs, output) &&
           !strs_have(target->actions[i].folders, output) &&
           !(output.len > 0 && str_eq(target->actions[i].stdout_path, output))) {
        i++;
    }
    return i;
}

struct strs action_outputs(const struct action *action, struct arena *arena)
{
    size_t count = 0;
    struct str *at =
        ARENA_NEW(arena, struct str, action->outputs.count + action->folders.count + 1);
    for (size_t i = 0; i < action->outputs.count; i++) {
        at[count++] = action->outputs.at[i];
    }
    for (size_t i = 0; i < action->folders.count; i++) {
        at[count++] = action->folders.at[i];
    }
    if (action->stdout_path.len > 0) {
        at[count++] = action->stdout_path;
    }
    return (struct strs){.at = at, .count = count};
}

struct str action_describe(const struct action *action, struct arena *arena)
{
    return arena_printf(arena, "%.*s %.*s", STR_ARG(action->category), STR_ARG(action->identifier));
}
