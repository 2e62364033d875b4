/* src/dhall/remote.c: an import over a network: what is sent, what is made of the answer. */
#include "dhall/import.h"

/* A header is a name and a line: what could end the line would be another header. */
static enum err headers_check(
    const struct dhall_header *headers, size_t count, struct span span, struct diags *diags)
{
    for (size_t i = 0; i < count; i++) {
        struct str name = headers[i].name;
        struct str value = headers[i].value;
        bool good = name.len > 0;
        for (size_t j = 0; j < name.len; j++) {
            unsigned char c = (unsigned char)name.ptr[j];
            good = good && c > ' ' && c < 0x7F && c != ':';
        }
        for (size_t j = 0; j < value.len; j++) {
            unsigned char c = (unsigned char)value.ptr[j];
            good = good && (c >= ' ' || c == '\t') && c != 0x7F;
        }
        if (!good) {
            return diag_add(diags, ERR_INVALID, span, "\"%.*s\" cannot be a header of a request",
                STR_ARG(name));
        }
    }
    return OK;
}

enum err dhall_remote_fetch(struct dhall *dhall, struct dhall_import_entry *entry, struct span span,
    struct str *ret_bytes, struct diags *diags)
{
    struct dhall_request request = {
        .url = entry->name, .headers = entry->headers.rows, .header_count = entry->headers.count};
    enum err err = headers_check(request.headers, request.header_count, span, diags);
    if (err != OK) {
        return err;
    }
    struct dhall_response response = {0};
    err = dhall->reader.fetch(dhall->reader.context, &request, &dhall->arena, &response, diags);
    if (err == OK) {
        *ret_bytes = response.bytes;
        entry->response = response;
        entry->response.bytes = (struct str){0};
        if (response.url.len == 0) {
            entry->response.url = entry->name;
        }
    }
    return err;
}

/* CORS (imports.md). */

/* Scheme and authority of a URL: "https://host:port". */
static struct str origin_of(struct str url)
{
    size_t scheme = str_find(url, ':') + 3; /* "://" */
    size_t slash = str_find(str_sub(url, scheme, url.len), '/');
    return str_sub(url, 0, scheme + slash);
}

enum err dhall_cors_check(const struct dhall_import_entry *parent,
    const struct dhall_import_entry *child, struct span span, struct diags *diags)
{
    if (child->response.url.len == 0) {
        return OK; /* it was not fetched: part of the program */
    }
    struct str wanted = origin_of(parent->name);
    if (str_eq(wanted, origin_of(child->response.url))) {
        return OK;
    }
    struct str allowed = child->response.allow_origin;
    if (child->response.has_allow_origin &&
        (str_eq(allowed, STR("*")) || str_eq(allowed, wanted))) {
        return OK;
    }
    enum err err = diag_add(diags, ERR_INVALID, span, "%.*s does not let files of %.*s import it",
        STR_ARG(child->name), STR_ARG(wanted));
    diag_help(diags, "its server sends no Access-Control-Allow-Origin that says so; import it from "
                     "a local file, or have the server send \"*\"");
    return err;
}
