/* src/build/label.c */
#include "build/label.h"
#include "base/near.h"
#include <limits.h>

_Static_assert(NAME_MAX == 255 && PATH_BYTES_MAX == 4000, "messages say so");

const char *path_fault(struct str path)
{
    if (path.len == 0) {
        return "is empty";
    }
    if (path.len > PATH_BYTES_MAX) {
        return "is longer than 4000 bytes";
    }
    if (path.ptr[0] == '/') {
        return "is absolute";
    }
    size_t begin = 0;
    for (size_t i = 0; i <= path.len; i++) {
        if (i < path.len && path.ptr[i] != '/') {
            if ((unsigned char)path.ptr[i] < 0x20 || path.ptr[i] == 0x7f) {
                return "has a control character";
            }
            continue;
        }
        struct str part = str_sub(path, begin, i);
        if (part.len == 0) {
            return "has an empty component";
        }
        if (str_eq(part, STR("..")) || str_eq(part, STR("."))) {
            return "has \".\" or \"..\" in it";
        }
        if (part.len > NAME_MAX) {
            return "contains a name of more than 255 bytes";
        }
        begin = i + 1;
    }
    return NULL;
}

struct str path_join(struct str package, struct str path, struct arena *arena)
{
    if (package.len == 0 || path.len == 0) {
        return package.len == 0 ? path : package;
    }
    return arena_printf(arena, "%.*s/%.*s", STR_ARG(package), STR_ARG(path));
}

/* What cannot stand in a package or a name: it means something in labels, or is not seen. */
static const char *part_fault(struct str part, bool slashes)
{
    for (size_t i = 0; i < part.len; i++) {
        unsigned char c = (unsigned char)part.ptr[i];
        if (c <= 0x20 || c == 0x7f) {
            return "has a blank or a control character";
        }
        if (c == ':' || c == '@' || c == '#' || c == '"' || c == '\\' || c == '*') {
            return "has one of : @ # * \" \\ in the wrong place";
        }
        if (c == '/' && !slashes) {
            return "has a / behind the :";
        }
    }
    return NULL;
}

static enum err bad(struct diags *diags, struct span span, struct str text, const char *why)
{
    enum err err = diag_add(diags, ERR_INVALID, span, "label \"%.*s\" %s", STR_ARG(text), why);
    diag_help(
        diags, "labels are //package:name, //package, :name; patterns //... and //package/...");
    return err;
}

/* Cuts off what stands behind the first c. */
static struct str cut(struct str *text, char c, bool *ret_found)
{
    size_t at = str_find(*text, c);
    *ret_found = at < text->len;
    struct str behind = str_sub(*text, at + 1, text->len);
    *text = str_sub(*text, 0, at);
    return behind;
}

static bool is_tree(struct str text)
{
    return str_eq(text, STR("...")) || str_ends(text, STR("/..."));
}

static enum err package_check(
    struct str package, struct str whole, struct span span, struct diags *diags)
{
    const char *why = package.len == 0 ? NULL : path_fault(package);
    if (is_tree(package)) {
        why = "has something behind the ...";
    }
    if (why == NULL) {
        why = part_fault(package, true);
    }
    return why == NULL ? OK : bad(diags, span, whole, why);
}

/* Splits "//p:n", "//p", ":n", "//p/...", "...". ret_name is empty for a tree. */
static enum err body_parse(struct str body, struct str whole, struct str package, struct span span,
    struct arena *arena, struct pattern *pattern, struct diags *diags)
{
    bool absolute = str_starts(body, STR("//"));
    bool has_name;
    struct str path = body;
    struct str name = cut(&path, ':', &has_name);
    if (absolute) {
        path = str_sub(path, 2, path.len);
    } else if (path.len > 0 && !(is_tree(path) && !has_name)) {
        return bad(diags, span, whole, "begins neither with // nor with :");
    }
    if (is_tree(path) && !has_name) {
        pattern->kind = PATTERN_TREE;
        path = path.len == 3 ? STR("") : str_sub(path, 0, path.len - 4);
    }
    struct label *label = &pattern->label;
    label->package = absolute ? path : path_join(package, path, arena);
    enum err err = package_check(label->package, whole, span, diags);
    if (err != OK || pattern->kind == PATTERN_TREE) {
        return err;
    }
    if (!has_name) {
        size_t slash = str_find_last(path, '/');
        name = slash == path.len ? path : str_sub(path, slash + 1, path.len);
    }
    if (name.len == 0) {
        return bad(diags, span, whole, "has no name");
    }
    if (str_eq(name, STR("*"))) {
        pattern->kind = PATTERN_PACKAGE;
        return OK;
    }
    const char *why = part_fault(name, false);
    if (why != NULL) {
        return bad(diags, span, whole, why);
    }
    label->name = name;
    return OK;
}

enum err pattern_parse(struct str text, struct str package, struct span span, struct arena *arena,
    struct pattern *ret_pattern, struct diags *diags)
{
    if (text.len > LABEL_BYTES_MAX) {
        return diag_add(diags, ERR_LIMIT, span, "a label is longer than %d bytes", LABEL_BYTES_MAX);
    }
    struct pattern pattern = {.kind = PATTERN_TARGET};
    bool has_config, has_selector;
    struct str body = text;
    pattern.selector = cut(&body, '#', &has_selector);
    pattern.label.config = cut(&body, '@', &has_config);
    if (has_config &&
        (pattern.label.config.len == 0 || part_fault(pattern.label.config, false) != NULL)) {
        return bad(diags, span, text, "has no configuration behind the @");
    }
    enum err err = body_parse(body, text, package, span, arena, &pattern, diags);
    const struct label *label = &pattern.label;
    if (err == OK && label->package.len + label->name.len + label->config.len + 4 >
                         LABEL_BYTES_MAX) { /* "//a" is longer when it is whole */
        err = diag_add(diags, ERR_LIMIT, span, "a label is longer than %d bytes", LABEL_BYTES_MAX);
    }
    if (err == OK && has_selector &&
        (pattern.selector.len == 0 || pattern.kind != PATTERN_TARGET)) {
        err = bad(diags, span, text, "names no action of one target behind the #");
    }
    if (err == OK) {
        *ret_pattern = pattern;
    }
    return err;
}

struct str pattern_absolute(struct str text, struct str here, struct arena *arena)
{
    if (text.len > 2 && text.ptr[text.len - 1] == '/') {
        text.len--;
    }
    if (str_starts(text, STR("//"))) {
        return text;
    }
    bool joined = here.len > 0 && text.len > 0 && text.ptr[0] != ':';
    return arena_printf(arena, "//%.*s%s%.*s", STR_ARG(here), joined ? "/" : "", STR_ARG(text));
}

enum err label_parse(struct str text, struct str package, struct span span, struct arena *arena,
    struct label *ret_label, struct diags *diags)
{
    struct pattern pattern;
    enum err err = pattern_parse(text, package, span, arena, &pattern, diags);
    if (err != OK) {
        return err;
    }
    if (pattern.kind != PATTERN_TARGET || pattern.selector.len > 0) {
        return bad(diags, span, text, "is a pattern where one target is needed");
    }
    *ret_label = pattern.label;
    return OK;
}

struct str label_format(struct label label, struct arena *arena)
{
    return arena_printf(arena, "//%.*s:%.*s%s%.*s", STR_ARG(label.package), STR_ARG(label.name),
        label.config.len > 0 ? "@" : "", STR_ARG(label.config));
}

bool label_eq(struct label a, struct label b)
{
    return str_eq(a.package, b.package) && str_eq(a.name, b.name) && str_eq(a.config, b.config);
}

bool pattern_matches(const struct pattern *pattern, struct label label)
{
    struct str package = pattern->label.package;
    switch (pattern->kind) {
    case PATTERN_TARGET:
        return str_eq(package, label.package) && str_eq(pattern->label.name, label.name);
    case PATTERN_PACKAGE:
        return str_eq(package, label.package);
    case PATTERN_TREE:
        return package.len == 0 || str_eq(package, label.package) ||
               (str_starts(label.package, package) && label.package.ptr[package.len] == '/');
    }
    return false;
}

/* The candidate that follows (distance, index) in the order of nearness; count if none does. */
static size_t near_after(struct str word, const struct str *candidates, size_t count,
    size_t distance, size_t index, size_t *ret_distance)
{
    size_t limit = word.len / 3 > 1 ? word.len / 3 : 1;
    size_t best = count;
    for (size_t i = 0; i < count; i++) {
        size_t own = near_distance(word, candidates[i]);
        bool follows = index == count || own > distance || (own == distance && i > index);
        if (follows && own <= limit && own < word.len && (best == count || own < *ret_distance)) {
            best = i;
            *ret_distance = own;
        }
    }
    return best;
}

void near_help(struct diags *diags, struct str word, const struct str *candidates, size_t count)
{
    AUTO_BUF text = {0};
    size_t index = count, distance = 0;
    for (int shown = 0; shown < 3; shown++) {
        size_t next_distance = 0;
        index = near_after(word, candidates, count, distance, index, &next_distance);
        if (index == count) {
            break;
        }
        distance = next_distance;
        buf_printf(
            &text, "%s%.*s", shown == 0 ? "did you mean " : " or ", STR_ARG(candidates[index]));
    }
    if (text.len > 0) {
        diag_help(diags, "%.*s?", STR_ARG(buf_str(&text)));
    }
}
