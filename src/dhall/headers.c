/* src/dhall/headers.c: what a remote import is fetched with (imports.md, `using headers` and the
 * origin header configuration).
 *
 *   inline:  using toMap { ... }, or those of the parent for a relative import
 *   user's:  env:DHALL_HEADERS ? $XDG_CONFIG_HOME/dhall/headers.dhall ?
 * ~/.config/dhall/headers.dhall by "host:port"; they win over inline ones of the same name */
#include "dhall/eval.h"
#include "dhall/import.h"
#include "dhall/infer.h"
#include <strings.h>

/* A field of a record literal as Text, or empty. */
static struct str text_field(struct dhall *dhall, const struct dhall_value *record, uint32_t at)
{
    struct dhall_value *text = dhall_text_flatten(dhall, dhall_force(dhall, record->items[at]));
    return text->kind == V_TEXT ? text->text : STR("");
}

/* The rows of a list of { mapKey, mapValue } or { header, value }; the name is the first field. */
static void rows_read(
    struct dhall *dhall, struct dhall_value *value, struct dhall_headers *ret_headers)
{
    struct dhall_value *list = dhall_list_flatten(dhall, dhall_force(dhall, value));
    if (list->kind != V_LIST) {
        return;
    }
    struct dhall_header *rows = ARENA_NEW(&dhall->arena, struct dhall_header, list->a);
    uint32_t count = 0;
    for (uint32_t i = 0; i < list->a; i++) {
        struct dhall_value *record = dhall_force(dhall, list->items[i]);
        if (record->kind == V_RECORD && record->shape->count == 2) {
            rows[count].name = text_field(dhall, record, 0);
            rows[count++].value = text_field(dhall, record, 1);
        }
    }
    *ret_headers = (struct dhall_headers){.rows = rows, .count = count};
}

static bool is_of_type(struct dhall *dhall, struct dhall_value *type, const char *wanted)
{
    return dhall_conv(dhall, 0, type, dhall_value_of_text(dhall, str_of(wanted)));
}

static enum err inline_read(struct dhall *dhall, const struct dhall_code *code, dhall_term term,
    struct span span, struct dhall_headers *ret_headers, struct diags *diags)
{
    struct dhall_code part = *code;
    part.root = term;
    struct dhall_value *type = NULL;
    enum err err = dhall_infer(dhall, &part, &type, diags);
    if (err != OK) {
        return err;
    }
    if (!is_of_type(dhall, type, "List { mapKey : Text, mapValue : Text }") &&
        !is_of_type(dhall, type, "List { header : Text, value : Text }")) {
        return diag_add(
            diags, ERR_INVALID, span, "headers must be a List { mapKey : Text, mapValue : Text }");
    }
    rows_read(dhall, dhall_eval(dhall, code, term, NULL), ret_headers);
    return OK;
}

/* Loads the configuration that name names, if it is there. */
static enum err config_load(struct dhall *dhall, struct dhall_import self, struct span span,
    struct dhall_import_entry **ret_entry, struct diags *diags)
{
    struct str name = dhall_import_name(dhall, &self);
    struct str key = arena_printf(&dhall->arena, "%c%.*s", '0' + DHALL_AS_CODE, STR_ARG(name));
    struct dhall_import_entry *entry = dhall_import_entry_of(dhall, key);
    if (entry->state == IMPORT_NEW) {
        entry->self = self;
        entry->name = name;
    }
    struct diags saved = *diags;
    enum err err = dhall_import_load(dhall, entry, span, diags);
    if (err == ERR_ABSENT) {
        *diags = saved;
    }
    *ret_entry = entry;
    return err;
}

static struct dhall_import import_of_variable(const char *variable)
{
    return (struct dhall_import){.scheme = DHALL_ENV, .authority = str_of(variable)};
}

/* The user's configuration; *ret_entry is NULL if there is none. */
static enum err config_find(struct dhall *dhall, struct span span,
    struct dhall_import_entry **ret_entry, struct diags *diags)
{
    enum err err = config_load(dhall, import_of_variable("DHALL_HEADERS"), span, ret_entry, diags);
    if (err != ERR_ABSENT) {
        return err;
    }
    struct dhall_import variable = import_of_variable("XDG_CONFIG_HOME");
    struct str folder = STR("~/.config");
    struct str found;
    if (dhall->reader.read(dhall->reader.context, &variable, STR("env:XDG_CONFIG_HOME"),
            &dhall->arena, &found, diags) == OK &&
        str_starts(found, STR("/"))) {
        folder = found;
    }
    struct str path = arena_printf(&dhall->arena, "%.*s/dhall/headers.dhall", STR_ARG(folder));
    err = config_load(dhall, dhall_import_of_name(dhall, path), span, ret_entry, diags);
    if (err == ERR_ABSENT) {
        *ret_entry = NULL;
        return OK;
    }
    return err;
}

/* "host:port" of a URL, without what may stand before the host. */
static struct str origin_of(struct dhall *dhall, const struct dhall_import *import)
{
    struct str host = import->authority;
    size_t user = str_find_last(host, '@');
    host = user == host.len ? host : str_sub(host, user + 1, host.len);
    size_t colon = str_find_last(host, ':');
    bool has_port =
        colon != host.len && str_find(str_sub(host, colon, host.len), ']') == host.len - colon;
    return has_port ? host
                    : arena_printf(&dhall->arena, "%.*s:%s", STR_ARG(host),
                          import->scheme == DHALL_HTTPS ? "443" : "80");
}

static enum err user_read(struct dhall *dhall, const struct dhall_import *import, struct span span,
    struct dhall_headers *ret_headers, struct diags *diags)
{
    struct dhall_import_entry *entry = NULL;
    enum err err = config_find(dhall, span, &entry, diags);
    if (err != OK || entry == NULL) {
        return err;
    }
    if (!is_of_type(dhall, entry->type,
            "List { mapKey : Text, mapValue : List { mapKey : Text, mapValue : Text } }")) {
        return diag_add(diags, ERR_INVALID, span,
            "%.*s must be a List { mapKey : Text, mapValue : List { mapKey : Text, mapValue : Text "
            "} }",
            STR_ARG(entry->name));
    }
    struct str origin = origin_of(dhall, import);
    struct dhall_value *list = dhall_list_flatten(dhall, dhall_force(dhall, entry->value));
    for (uint32_t i = 0; list->kind == V_LIST && i < list->a; i++) {
        struct dhall_value *record = dhall_force(dhall, list->items[i]);
        if (record->kind == V_RECORD && str_eq(text_field(dhall, record, 0), origin)) {
            rows_read(dhall, record->items[1], ret_headers);
            break;
        }
    }
    return OK;
}

static bool has_name(const struct dhall_headers *headers, struct str name)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (headers->rows[i].name.len == name.len &&
            strncasecmp(headers->rows[i].name.ptr, name.ptr, name.len) == 0) {
            return true;
        }
    }
    return false;
}

enum err dhall_headers_of(struct dhall *dhall, const struct dhall_code *code,
    const struct dhall_import *import, const struct dhall_import *child,
    const struct dhall_import_entry *parent, struct span span, struct dhall_headers *ret_headers,
    struct diags *diags)
{
    struct dhall_headers own = {0}, user = {0};
    enum err err = OK;
    if (import->headers.row != 0) {
        err = inline_read(dhall, code, import->headers, span, &own, diags);
    } else if (import->scheme == DHALL_HERE || import->scheme == DHALL_PARENT) {
        own = parent->headers;
    }
    if (err == OK && !dhall->reader.refuse_env) {
        err = user_read(dhall, child, span, &user, diags);
    }
    struct dhall_header *rows =
        ARENA_NEW(&dhall->arena, struct dhall_header, own.count + user.count);
    size_t count = 0;
    for (size_t i = 0; i < own.count; i++) {
        if (!has_name(&user, own.rows[i].name)) {
            rows[count++] = own.rows[i];
        }
    }
    for (size_t i = 0; i < user.count; i++) {
        rows[count++] = user.rows[i];
    }
    *ret_headers = (struct dhall_headers){.rows = rows, .count = count};
    return err;
}
