/* src/build/debian.c */
#include "build/debian.h"

enum err debian_open(const struct probe *probe, struct debian *ret_debian)
{
    ret_debian->probe = probe;
    if (probe_find(probe, STR("dpkg-query"), &ret_debian->query) == OK) {
        return OK;
    }
    enum err err = diag_add(probe->diags, ERR_INVALID, SPAN_NONE,
        "there is no package database to ask: dpkg-query is not on the PATH");
    diag_help(probe->diags,
        "`straylight toolchain add` works on Debian and what derives from it; elsewhere copy a "
        "toolchains.dhall and its trees from such a machine (straylight store add)");
    return err;
}

/* "a:amd64, b: /path": adds a and b. "diversion by ..." names no owner. */
static void owners_line(struct arena *arena, struct str line, struct table *packages)
{
    size_t end = 0;
    while (end + 1 < line.len && !(line.ptr[end] == ':' && line.ptr[end + 1] == ' ')) {
        end++;
    }
    struct str names = str_sub(line, 0, end);
    if (end + 1 >= line.len || str_starts(line, STR("diversion by "))) {
        return;
    }
    while (names.len > 0) {
        size_t comma = str_find(names, ',');
        struct str name = str_sub(names, 0, comma);
        if (table_add(packages, arena, name) == TABLE_NONE) {
            return;
        }
        names = str_sub(names, comma + 2, names.len);
    }
}

enum err debian_owners_add(
    const struct debian *debian, const char *const *paths, size_t count, struct table *packages)
{
    struct arena *arena = debian->probe->arena;
    const char **argv = ARENA_NEW(arena, const char *, 2 * count + 3);
    size_t argc = 0;
    argv[argc++] = debian->query;
    argv[argc++] = "--search";
    for (size_t i = 0; i < count; i++) {
        argv[argc++] = paths[i];
        struct str path = str_of(paths[i]);
        argv[argc++] = str_starts(path, STR("/usr/")) ? paths[i] + strlen("/usr")
                                                      : arena_printf(arena, "/usr%s", paths[i]).ptr;
    }
    if (count == 0) {
        return OK;
    }
    struct str output = {0};
    enum err err = probe_run(debian->probe, argv, PROBE_LENIENT, &output);
    struct str line;
    while (err == OK && line_next(&output, &line)) {
        owners_line(arena, line, packages);
    }
    return err;
}

enum err debian_search(
    const struct debian *debian, const char *pattern, struct table *packages, struct str *ret_path)
{
    const char *argv[] = {debian->query, "--search", pattern, NULL};
    struct str output = {0};
    enum err err = probe_run(debian->probe, argv, PROBE_LENIENT, &output);
    struct str line;
    while (err == OK && line_next(&output, &line)) {
        size_t slash = str_find(line, '/');
        if (slash < line.len && !str_starts(line, STR("diversion by "))) {
            *ret_path = str_sub(line, slash, line.len);
        }
        owners_line(debian->probe->arena, line, packages);
    }
    return err;
}

enum err debian_files(const struct debian *debian, struct str package, struct str *ret_lines)
{
    const char *argv[] = {
        debian->query, "--listfiles", arena_cstr(debian->probe->arena, package), NULL};
    return probe_run(debian->probe, argv, PROBE_STRICT, ret_lines);
}

enum err debian_version(const struct debian *debian, struct str package, struct str *ret_version)
{
    const char *argv[] = {debian->query, "--show", "--showformat=${Version}",
        arena_cstr(debian->probe->arena, package), NULL};
    return probe_run(debian->probe, argv, PROBE_STRICT, ret_version);
}
