/* src/dhall/gap.c */
#include "dhall/gap.h"
#include "dhall/format_scan.h"

size_t dhall_comment_end(struct str text, size_t at)
{
    struct str rest = str_sub(text, at, text.len);
    if (str_starts(rest, STR("--"))) {
        return at + str_find(rest, '\n');
    }
    if (!str_starts(rest, STR("{-"))) {
        return at;
    }
    unsigned open = 0;
    do {
        rest = str_sub(text, at, text.len);
        bool opens = str_starts(rest, STR("{-"));
        bool closes = str_starts(rest, STR("-}"));
        open = opens ? open + 1 : closes ? open - 1 : open;
        at += opens || closes ? 2 : 1;
    } while (open > 0);
    return at;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

size_t dhall_gap_end(struct str text, size_t at)
{
    for (;;) {
        while (at < text.len && is_blank(text.ptr[at])) {
            at++;
        }
        size_t end = dhall_comment_end(text, at);
        if (end == at) {
            return at;
        }
        at = end;
    }
}

size_t dhall_closing_end(struct str text, size_t at)
{
    at = dhall_gap_end(text, at);
    while (at < text.len && text.ptr[at] == ')') {
        at = dhall_gap_end(text, at + 1);
    }
    return at;
}

size_t dhall_location_end(struct str text, struct span span)
{
    const struct formatter formatter = {
        .begin = text.ptr, .end = text.ptr + text.len, .at = text.ptr + span.begin};
    const char *end = formatter_import_end(&formatter);
    size_t at = end == NULL ? span.end : (size_t)(end - text.ptr);
    return at < span.end ? at : span.end;
}
