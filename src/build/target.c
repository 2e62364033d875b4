/* src/build/target.c */
#include "build/target.h"
#include "base/table.h"
#include "codec/cbor.h"

/* Encoding: first which action makes what, for those who want no more; then each struct as its
 * members in the order of the header. Arguments are a table, each different one once (the actions
 * of a target are much alike), and named by their rows. */

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

static void arg_encode(const struct arg *arg, struct buf *buf)
{
    cbor_bool_add(buf, arg->each);
    pieces_encode(arg->before, buf);
    if (arg->each) {
        pieces_encode(arg->after, buf);
        cbor_text_add(buf, arg->set);
        cbor_bool_add(buf, arg->joined);
        cbor_head_add(buf, CBOR_UNSIGNED, (uint64_t)arg->order);
    }
}

struct encoder {
    struct buf *buf;    /* what stands behind the table */
    struct table known; /* bytes of arguments */
    struct arena arena;
};

static void arg_row_encode(struct encoder *encoder, const struct arg *arg)
{
    AUTO_BUF bytes = {0};
    arg_encode(arg, &bytes);
    uint32_t row = table_add(&encoder->known, &encoder->arena, buf_str(&bytes));
    cbor_head_add(encoder->buf, CBOR_UNSIGNED, row);
}

static void args_encode(struct encoder *encoder, struct args args)
{
    count_add(encoder->buf, args.count);
    for (size_t i = 0; i < args.count; i++) {
        arg_row_encode(encoder, &args.at[i]);
    }
}

static void action_encode(struct encoder *encoder, const struct action *action)
{
    struct buf *buf = encoder->buf;
    cbor_text_add(buf, action->category);
    cbor_text_add(buf, action->identifier);
    arg_row_encode(encoder, &(struct arg){.before = action->trees});
    args_encode(encoder, action->argv);
    args_encode(encoder, action->inputs);
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
    cbor_bool_add(buf, action->jobserver);
    cbor_head_add(buf, CBOR_UNSIGNED, action->memory_bytes);
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

static void makers_encode(const struct target *target, struct buf *buf)
{
    struct arena arena = {0};
    size_t count = 0;
    for (size_t i = 0; i < target->action_count; i++) {
        count += action_outputs(&target->actions[i], &arena).count;
    }
    count_add(buf, count);
    for (size_t i = 0; i < target->action_count; i++) {
        struct strs outputs = action_outputs(&target->actions[i], &arena);
        for (size_t j = 0; j < outputs.count; j++) {
            cbor_text_add(buf, outputs.at[j]);
            cbor_head_add(buf, CBOR_UNSIGNED, i);
        }
    }
    arena_release(&arena);
}

void target_encode(const struct target *target, struct buf *ret_bytes)
{
    AUTO_BUF rest = {0};
    struct encoder encoder = {.buf = &rest};
    makers_encode(target, ret_bytes);
    exports_encode(target, ret_bytes);
    cbor_text_add(ret_bytes, target->kind);
    cbor_text_add(ret_bytes, target->doc);
    strs_encode(target->visibility, ret_bytes);
    strs_encode(target->srcs, ret_bytes);
    strs_encode(target->outputs, ret_bytes);
    strs_encode(target->errors, ret_bytes);
    strs_encode(target->warnings, ret_bytes);
    cbor_bool_add(&rest, target->has_run);
    if (target->has_run) {
        cbor_text_add(&rest, target->run.program);
        strs_encode(target->run.args, &rest);
        args_encode(&encoder, target->run.data);
    }
    count_add(&rest, target->test_count);
    if (target->test_count > 0) {
        cbor_head_add(&rest, CBOR_UNSIGNED, target->test_timeout_ms);
        cbor_head_add(&rest, CBOR_UNSIGNED, target->test_runs);
        cbor_bool_add(&rest, target->test_flaky);
    }
    count_add(&rest, target->action_count);
    for (size_t i = 0; i < target->action_count; i++) {
        action_encode(&encoder, &target->actions[i]);
    }
    count_add(ret_bytes, encoder.known.len);
    for (uint32_t row = 0; row < encoder.known.len; row++) {
        buf_add(ret_bytes, encoder.known.keys[row]);
    }
    buf_add(ret_bytes, buf_str(&rest));
    table_release(&encoder.known);
    arena_release(&encoder.arena);
}

/* Decoding. The first fault sticks: what is read after it is empty, so that one check at the end
 * is enough and loops end (a count is at most the bytes that are left). */
struct decoder {
    struct cbor_reader reader;
    struct arena *arena;
    struct args known; /* the table of arguments */
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

static void arg_decode(struct decoder *decoder, struct arg *arg)
{
    arg->each = bool_decode(decoder);
    arg->before = pieces_decode(decoder);
    if (arg->each) {
        arg->after = pieces_decode(decoder);
        arg->set = text_decode(decoder);
        arg->joined = bool_decode(decoder);
        arg->order = (enum order)unsigned_decode(decoder, ORDER_COUNT - 1);
    }
}

static void known_decode(struct decoder *decoder)
{
    size_t count = count_decode(decoder);
    struct arg *at = ARENA_NEW(decoder->arena, struct arg, count);
    for (size_t i = 0; i < count; i++) {
        arg_decode(decoder, &at[i]);
    }
    decoder->known = (struct args){.at = at, .count = count};
}

static struct arg arg_row_decode(struct decoder *decoder)
{
    uint64_t row = unsigned_decode(decoder, UINT32_MAX);
    if (decoder->failed || row >= decoder->known.count) {
        decoder->failed = true;
        return (struct arg){0};
    }
    return decoder->known.at[row];
}

static struct args args_decode(struct decoder *decoder)
{
    struct args args = {.count = count_decode(decoder)};
    struct arg *at = ARENA_NEW(decoder->arena, struct arg, args.count);
    for (size_t i = 0; i < args.count; i++) {
        at[i] = arg_row_decode(decoder);
    }
    args.at = at;
    return args;
}

static void makers_pass(struct decoder *decoder)
{
    size_t count = count_decode(decoder);
    for (size_t i = 0; i < count && !decoder->failed; i++) {
        (void)text_decode(decoder);
        (void)unsigned_decode(decoder, UINT32_MAX);
    }
}

static void action_decode(struct decoder *decoder, struct action *action)
{
    action->category = text_decode(decoder);
    action->identifier = text_decode(decoder);
    action->trees = arg_row_decode(decoder).before;
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
    action->jobserver = bool_decode(decoder);
    action->memory_bytes = unsigned_decode(decoder, UINT64_MAX);
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

static void head_decode_into(struct decoder *decoder, struct target *target)
{
    makers_pass(decoder);
    exports_decode_into(decoder, target);
    target->kind = text_decode(decoder);
    target->doc = text_decode(decoder);
    target->visibility = strs_decode(decoder);
    target->srcs = strs_decode(decoder);
    target->outputs = strs_decode(decoder);
    target->errors = strs_decode(decoder);
    target->warnings = strs_decode(decoder);
}

enum err target_head_decode(struct str bytes, struct arena *arena, struct target *ret_target)
{
    struct decoder decoder = {.arena = arena};
    cbor_reader_init(&decoder.reader, bytes);
    *ret_target = (struct target){0};
    head_decode_into(&decoder, ret_target);
    return decoder.failed ? ERR_INVALID : OK;
}

enum err target_decode(struct str bytes, struct arena *arena, struct target *ret_target)
{
    struct decoder decoder = {.arena = arena};
    cbor_reader_init(&decoder.reader, bytes);
    struct target target = {0};
    head_decode_into(&decoder, &target);
    known_decode(&decoder);
    target.has_run = bool_decode(&decoder);
    if (target.has_run) {
        target.run.program = text_decode(&decoder);
        target.run.args = strs_decode(&decoder);
        target.run.data = args_decode(&decoder);
    }
    target.test_count = count_decode(&decoder);
    if (target.test_count > 0) {
        target.test_timeout_ms = unsigned_decode(&decoder, UINT64_MAX);
        target.test_runs = unsigned_decode(&decoder, UINT64_MAX);
        target.test_flaky = bool_decode(&decoder);
    }
    target.action_count = count_decode(&decoder);
    struct action *actions = ARENA_NEW(arena, struct action, target.action_count);
    for (size_t i = 0; i < target.action_count; i++) {
        action_decode(&decoder, &actions[i]);
    }
    target.actions = actions;
    *ret_target = target;
    return decoder.failed || decoder.reader.input.len > 0 || target.test_count > target.action_count
               ? ERR_INVALID
               : OK;
}

bool target_maker_find(struct str bytes, struct str output, size_t *ret_number)
{
    struct decoder decoder = {0};
    cbor_reader_init(&decoder.reader, bytes);
    size_t count = count_decode(&decoder);
    for (size_t i = 0; i < count && !decoder.failed; i++) {
        struct str made = text_decode(&decoder);
        size_t number = (size_t)unsigned_decode(&decoder, UINT32_MAX);
        if (!decoder.failed && str_eq(made, output)) {
            *ret_number = number;
            return true;
        }
    }
    return false;
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

bool target_action_is_test(const struct target *target, size_t number)
{
    return number < target->action_count && target->action_count - number <= target->test_count;
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
