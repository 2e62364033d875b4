/* src/dhall/canonical.c: chaining and canonical names of imports (imports.md, "Canonicalization").
 */
#include "dhall/import.h"

static bool is_dots(struct str component)
{
    return str_eq(component, STR(".."));
}

/* Adds directory components to out, taking "." away and ".." with what is before it. */
static uint32_t components_add(
    struct str *out, uint32_t len, const struct str *components, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (str_eq(components[i], STR("."))) {
            continue;
        }
        if (is_dots(components[i]) && len > 0 && !is_dots(out[len - 1])) {
            len--;
        } else {
            out[len++] = components[i];
        }
    }
    return len;
}

static bool is_relative(const struct dhall_import *import)
{
    return import->scheme == DHALL_HERE || import->scheme == DHALL_PARENT;
}

struct dhall_import dhall_import_chain(
    struct dhall *dhall, const struct dhall_import *parent, const struct dhall_import *child)
{
    struct dhall_import result = *child;
    if (child->scheme == DHALL_ENV || child->scheme == DHALL_MISSING || child->path_len == 0) {
        return result;
    }
    bool chained =
        is_relative(child) && parent->scheme != DHALL_ENV && parent->scheme != DHALL_MISSING;
    uint32_t parent_dirs = chained && parent->path_len > 0 ? parent->path_len - 1 : 0;
    struct str *path =
        arena_alloc(&dhall->arena, ((size_t)parent_dirs + child->path_len + 2) * sizeof *path);
    uint32_t len = 0;
    if (chained) {
        result.scheme = parent->scheme;
        result.authority = parent->authority;
        len = components_add(path, len, parent->path, parent_dirs);
        if (child->scheme == DHALL_PARENT) {
            struct str dots = STR("..");
            len = components_add(path, len, &dots, 1);
        }
    }
    len = components_add(path, len, child->path, child->path_len - 1);
    path[len++] = child->path[child->path_len - 1];
    result.path = path;
    result.path_len = len;
    return result;
}

/* What may stand in a URL's path (RFC 3986, pchar); "%" stays, since paths of URLs are written
 * encoded. */
static bool is_path_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("-._~!$&'()*+,;=:@%", c) != NULL);
}

static void component_add(struct buf *name, struct str component, bool encode)
{
    for (size_t i = 0; i < component.len; i++) {
        unsigned char c = (unsigned char)component.ptr[i];
        if (encode && !is_path_char(c)) {
            buf_printf(name, "%%%02X", c);
        } else {
            buf_add_byte(name, c);
        }
    }
}

struct str dhall_import_name(struct dhall *dhall, const struct dhall_import *import)
{
    static const char *const prefixes[] = {
        [DHALL_HTTP] = "http://",
        [DHALL_HTTPS] = "https://",
        [DHALL_ABSOLUTE] = "",
        [DHALL_HERE] = ".",
        [DHALL_PARENT] = "..",
        [DHALL_HOME] = "~",
        [DHALL_ENV] = "env:",
        [DHALL_MISSING] = "missing",
    };
    AUTO_BUF name = {0};
    buf_add(&name, str_of(prefixes[import->scheme]));
    if (dhall_import_is_remote(import) || import->scheme == DHALL_ENV) {
        buf_add(&name, import->authority);
    }
    for (uint32_t i = 0; i < import->path_len; i++) {
        buf_add_byte(&name, '/');
        component_add(&name, import->path[i], dhall_import_is_remote(import));
    }
    if (import->has_query) {
        buf_add_byte(&name, '?');
        buf_add(&name, import->query);
    }
    return arena_str(&dhall->arena, buf_str(&name));
}

struct dhall_import dhall_import_of_name(struct dhall *dhall, struct str name)
{
    const struct {
        struct str prefix;
        enum dhall_import_scheme scheme;
    } schemes[] = {
        {STR("https://"), DHALL_HTTPS},
        {STR("http://"), DHALL_HTTP},
        {STR("../"), DHALL_PARENT},
        {STR("./"), DHALL_HERE},
        {STR("~/"), DHALL_HOME},
        {STR("/"), DHALL_ABSOLUTE},
    };
    struct dhall_import import = {.scheme = DHALL_HERE};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (str_starts(name, schemes[i].prefix)) {
            import.scheme = schemes[i].scheme;
            name = str_sub(name, schemes[i].prefix.len, name.len);
            break;
        }
    }
    if (dhall_import_is_remote(&import)) {
        size_t slash = str_find(name, '/');
        import.authority = arena_str(&dhall->arena, str_sub(name, 0, slash));
        name = str_sub(name, slash + 1, name.len);
    }
    name = arena_str(&dhall->arena, name);
    uint32_t count = 1;
    for (size_t i = 0; i < name.len; i++) {
        count += name.ptr[i] == '/';
    }
    import.path = ARENA_NEW(&dhall->arena, struct str, count);
    import.path_len = count;
    for (uint32_t i = 0; i < count; i++) {
        size_t slash = str_find(name, '/');
        import.path[i] = str_sub(name, 0, slash);
        name = str_sub(name, slash + 1, name.len);
    }
    struct dhall_import nowhere = {.scheme = DHALL_MISSING};
    return dhall_import_chain(dhall, &nowhere, &import);
}

struct dhall_import dhall_import_of_file(struct dhall *dhall, struct str name, struct str dir)
{
    size_t slash = str_find_last(name, '/');
    struct str file = slash == name.len ? name : str_sub(name, slash + 1, name.len);
    return dhall_import_of_name(
        dhall, arena_printf(&dhall->arena, "%.*s/%.*s", STR_ARG(dir), STR_ARG(file)));
}
