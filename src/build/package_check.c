/* src/build/package_check.c: what must hold between the actions of one package. */
#include "base/table.h"
#include "build/package.h"
#include <assert.h>
#include <stdlib.h>

static size_t text_find(struct str text, struct str needle, size_t from)
{
    for (size_t i = from; needle.len > 0 && i + needle.len <= text.len; i++) {
        const char *at = memchr(text.ptr + i, needle.ptr[0], text.len - needle.len + 1 - i);
        if (at == NULL) {
            break;
        }
        i = (size_t)(at - text.ptr);
        if (memcmp(at, needle.ptr, needle.len) == 0) {
            return i;
        }
    }
    return text.len;
}

/* Index of the text in quotes, from `from` on; text.len if it is not there. */
static size_t quoted_find(struct str text, struct str needle, size_t from)
{
    AUTO_BUF quoted = {0};
    buf_printf(&quoted, "\"%.*s\"", STR_ARG(needle));
    return text_find(text, buf_str(&quoted), from);
}

struct span places_find(struct places *places, struct str target, struct str needle)
{
    if (places == NULL || places->sources == NULL) {
        return SPAN_NONE;
    }
    struct str text = places->text;
    size_t begin = target.len == 0 ? text.len : quoted_find(text, target, 0);
    size_t at = needle.len == 0 ? text.len : quoted_find(text, needle, begin);
    if (at == text.len && needle.len > 0) {
        at = quoted_find(text, needle, 0);
    }
    size_t len = needle.len + 2;
    if (at == text.len) {
        at = begin;
        len = target.len + 2;
    }
    if (at == text.len) {
        return SPAN_NONE;
    }
    if (places->source == 0) {
        places->source = sources_add(places->sources, places->name, text);
    }
    return (struct span){
        .source = places->source, .begin = (uint32_t)at, .end = (uint32_t)(at + len)};
}

enum {
    PATH_SHOWN_BYTES = 300,
};
struct check {
    const struct package_context *context;
    struct diags *diags;
    struct arena arena;
    struct table outputs; /* path -> row of makers */
    struct maker {
        const struct target *target;
        const struct action *action;
    } * makers;
    size_t maker_cap;
};

static struct span span_of(const struct check *check, const struct target *target, struct str text)
{
    return places_find(check->context->places, target->label.name, text);
}

static enum err clash(struct check *check, struct maker a, struct maker b, struct str path)
{
    struct str first = action_describe(a.action, &check->arena);
    struct str second = action_describe(b.action, &check->arena);
    return diag_add(check->diags, ERR_INVALID, span_of(check, b.target, b.action->identifier),
        "two actions make the output \"%.*s\": %.*s of //%.*s:%.*s and %.*s of //%.*s:%.*s",
        STR_ARG(path), STR_ARG(first), STR_ARG(a.target->label.package),
        STR_ARG(a.target->label.name), STR_ARG(second), STR_ARG(b.target->label.package),
        STR_ARG(b.target->label.name));
}

static enum err output_check(struct check *check, struct maker maker, struct str path)
{
    const char *why = path_fault(path);
    if (why == NULL && maker.target->label.package.len + 1 + path.len > PATH_BYTES_MAX) {
        why = "is longer than 4000 bytes with its package";
    }
    if (why != NULL) {
        bool cut = path.len > PATH_SHOWN_BYTES;
        struct str shown = str_sub(path, 0, cut ? PATH_SHOWN_BYTES : path.len);
        enum err err = diag_add(check->diags, ERR_INVALID, span_of(check, maker.target, path),
            "target \"%.*s\": output \"%.*s%s\" %s", STR_ARG(maker.target->label.name),
            STR_ARG(shown), cut ? "..." : "", why);
        bool outside = path.len > 0 && path.ptr[0] == '/';
        if (outside || text_find(path, STR(".."), 0) < path.len) {
            diag_help(check->diags, "outputs are relative to the package and stay inside it");
        }
        return err;
    }
    uint32_t before = check->outputs.len;
    uint32_t row = table_add(&check->outputs, NULL, path);
    if (row < before) {
        return clash(check, check->makers[row], maker, path);
    }
    if (row >= check->maker_cap) {
        check->maker_cap = check->maker_cap == 0 ? 64 : check->maker_cap * 2;
        check->makers = memory_realloc(check->makers, check->maker_cap * sizeof *check->makers);
    }
    check->makers[row] = maker;
    return OK;
}

/* A file cannot be where another output has a folder. */
static enum err prefixes_check(struct check *check)
{
    for (uint32_t row = 0; row < check->outputs.len; row++) {
        struct str path = check->outputs.keys[row];
        for (size_t i = 1; i < path.len; i++) {
            uint32_t other =
                path.ptr[i] != '/' ? TABLE_NONE : table_get(&check->outputs, str_sub(path, 0, i));
            if (other != TABLE_NONE) {
                return clash(check, check->makers[other], check->makers[row], str_sub(path, 0, i));
            }
        }
    }
    return OK;
}

/* Everything that one action makes. */
static enum err maker_check(struct check *check, struct maker maker)
{
    struct strs outputs = action_outputs(maker.action, &check->arena);
    enum err err = OK;
    for (size_t i = 0; i < outputs.count && err == OK; i++) {
        err = output_check(check, maker, outputs.at[i]);
    }
    return err == OK && maker.action->depfile.len > 0
               ? output_check(check, maker, maker.action->depfile)
               : err;
}

static enum err outputs_check(struct check *check, const struct target *targets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < targets[i].action_count; j++) {
            struct maker maker = {.target = &targets[i], .action = &targets[i].actions[j]};
            enum err err = maker_check(check, maker);
            if (err != OK) {
                return err;
            }
        }
    }
    return prefixes_check(check);
}

static enum err unknown_output(
    struct check *check, const struct target *target, struct str path, const char *what)
{
    enum err err = diag_add(check->diags, ERR_INVALID, span_of(check, target, path),
        "target \"%.*s\": no action of it makes %s \"%.*s\"", STR_ARG(target->label.name), what,
        STR_ARG(path));
    size_t count = 0;
    struct str *known = ARENA_NEW(&check->arena, struct str, check->outputs.len);
    for (uint32_t row = 0; row < check->outputs.len; row++) {
        if (check->makers[row].target == target) {
            known[count++] = check->outputs.keys[row];
        }
    }
    near_help(check->diags, path, known, count);
    return err;
}

static bool made_here(const struct check *check, const struct target *target, struct str path)
{
    uint32_t row = table_get(&check->outputs, path);
    assert(row == TABLE_NONE || check->makers != NULL);
    return row != TABLE_NONE && check->makers[row].target == target &&
           !str_eq(path, check->makers[row].action->depfile);
}

/* action: where Out may stand for its own outputs; NULL in exports. */
static enum err pieces_check(struct check *check, const struct target *target,
    const struct action *action, struct pieces pieces)
{
    for (size_t i = 0; i < pieces.count; i++) {
        const struct piece *piece = &pieces.at[i];
        if (piece->kind == PIECE_MADE && label_eq(piece->label, target->label) &&
            !made_here(check, target, piece->text)) {
            return unknown_output(check, target, piece->text, "what Made names,");
        }
        if (piece->kind == PIECE_OUT && action != NULL) {
            uint32_t row = table_get(&check->outputs, piece->text);
            if (row == TABLE_NONE || check->makers[row].action != action) {
                return unknown_output(check, target, piece->text,
                    "(by its outputs, stdout or depfile) what its argument Out names,");
            }
        }
    }
    return OK;
}

static enum err args_check(
    struct check *check, const struct target *target, const struct action *action, struct args args)
{
    for (size_t i = 0; i < args.count; i++) {
        enum err err = pieces_check(check, target, action, args.at[i].before);
        if (err == OK) {
            err = pieces_check(check, target, action, args.at[i].after);
        }
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

static enum err target_check(struct check *check, const struct target *target)
{
    enum err err = OK;
    for (size_t i = 0; i < target->action_count && err == OK; i++) {
        const struct action *action = &target->actions[i];
        err = args_check(check, target, action, action->argv);
        if (err == OK) {
            err = args_check(check, target, action, action->inputs);
        }
    }
    for (size_t i = 0; i < target->export_count && err == OK; i++) {
        err = pieces_check(check, target, NULL, target->exports[i].pieces);
    }
    for (size_t i = 0; i < target->outputs.count && err == OK; i++) {
        if (!made_here(check, target, target->outputs.at[i])) {
            err = unknown_output(check, target, target->outputs.at[i], "its output");
        }
    }
    if (err == OK && target->has_run && !made_here(check, target, target->run.program)) {
        err = unknown_output(check, target, target->run.program, "its program");
    }
    return err;
}

enum err package_check(const struct target *targets, size_t count,
    const struct package_context *context, struct diags *diags)
{
    struct check check = {.context = context, .diags = diags};
    enum err err = outputs_check(&check, targets, count);
    for (size_t i = 0; i < count && err == OK; i++) {
        err = target_check(&check, &targets[i]);
    }
    free(check.makers);
    table_release(&check.outputs);
    arena_release(&check.arena);
    return err;
}

static void folders_add(
    struct table *folders, struct arena *arena, struct str path, struct str package)
{
    for (size_t i = package.len + 1; i < path.len; i++) {
        if (path.ptr[i] == '/') {
            (void)table_add(folders, arena, str_sub(path, 0, i));
        }
    }
}

static void pieces_folders_add(
    struct table *folders, struct arena *arena, struct pieces pieces, struct str package)
{
    for (size_t i = 0; i < pieces.count; i++) {
        if (pieces.at[i].kind == PIECE_SOURCE) {
            folders_add(folders, arena, pieces.at[i].text, package);
        }
    }
}

struct strs package_source_folders(
    const struct target *targets, size_t count, struct str package, struct arena *arena)
{
    struct table folders = {0};
    for (size_t i = 0; i < count; i++) {
        const struct target *target = &targets[i];
        for (size_t j = 0; j < target->srcs.count; j++) {
            folders_add(&folders, arena, target->srcs.at[j], package);
        }
        for (size_t j = 0; j < target->action_count; j++) {
            const struct action *action = &target->actions[j];
            for (size_t k = 0; k < action->argv.count; k++) {
                pieces_folders_add(&folders, arena, action->argv.at[k].before, package);
            }
            for (size_t k = 0; k < action->inputs.count; k++) {
                pieces_folders_add(&folders, arena, action->inputs.at[k].before, package);
            }
        }
    }
    struct str *at = ARENA_NEW(arena, struct str, folders.len);
    for (uint32_t row = 0; row < folders.len; row++) {
        at[row] = folders.keys[row];
    }
    struct strs result = {.at = at, .count = folders.len};
    table_release(&folders);
    return result;
}
