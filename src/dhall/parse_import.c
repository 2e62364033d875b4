/* src/dhall/parse_import.c: paths, URLs (RFC 3986 as dhall.abnf restricts it), environment
 * variables. */
#include "dhall/scan.h"
#include <stdlib.h>

/* "Printable characters other than " ()[]{}<>/\,". */
static bool is_path(char c)
{
    return c > 0x20 && c < 0x7F && strchr("\"#(),/<>?[\\]{}", c) == NULL;
}

static bool is_sub_delim(char c)
{
    return c != '\0' && strchr("!$&'*+;=", c) != NULL;
}

static bool is_unreserved(char c)
{
    return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static bool is_escape(const char *at)
{
    return at[0] == '%' && is_hex(at[1]) && is_hex(at[2]);
}

static bool absolute_path_starts(const char *at)
{
    return at[0] == '/' && (is_path(at[1]) || at[1] == '"');
}

static bool path_starts(const char *at)
{
    if (at[0] == '/') {
        return absolute_path_starts(at);
    }
    return (at[0] == '.' && (at[1] == '/' || (at[1] == '.' && at[2] == '/'))) ||
           (at[0] == '~' && at[1] == '/');
}

static bool url_starts(struct str word, const char *behind)
{
    return (str_eq(word, STR("http")) || str_eq(word, STR("https"))) &&
           strncmp(behind, "://", 3) == 0;
}

bool parser_import_starts(struct parser *parser)
{
    dhall_label label;
    if (!parser_word(parser, &label)) {
        return path_starts(parser->at);
    }
    if (dhall_label_keyword(label) == DHALL_KEYWORD_MISSING) {
        return true;
    }
    if (*parser->word_end != ':') {
        return false;
    }
    struct str word = dhall_label_name(parser->terms->labels, label);
    if (str_eq(word, STR("env"))) {
        const char *name = parser->word_end + 1;
        return is_label_first(*name) || *name == '"';
    }
    return url_starts(word, parser->word_end);
}

/* --- components: begin, end offsets on the scratch stack, made one array at the end --- */

static void component_push(struct parser *parser, const char *from, const char *to)
{
    parser_push(parser, (uint32_t)(from - parser->begin));
    parser_push(parser, (uint32_t)(to - parser->begin));
}

static void components_take(struct parser *parser, size_t base, struct dhall_import *import)
{
    size_t count = (parser->scratch_len - base) / 2;
    import->path = ARENA_NEW(&parser->terms->arena, struct str, count);
    import->path_len = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        uint32_t from = parser->scratch[base + 2 * i];
        uint32_t to = parser->scratch[base + 2 * i + 1];
        import->path[i] = (struct str){.ptr = parser->begin + from, .len = to - from};
    }
    parser->scratch_len = base;
}

static bool quoted_component(struct parser *parser)
{
    const char *from = parser->at + 2;
    const char *at = from;
    while ((unsigned char)*at >= 0x20 && *at != '"' && *at != '/') {
        at++;
    }
    if (*at != '"') {
        (void)parser_fail(parser, parser->at + 1, at + 1,
            *at == '/' ? "a slash in a quoted part of a path"
                       : "a quoted part of a path that is not closed");
        parser_help(parser, "each part has quotes of its own: ./\"a b\"/\"c d\"");
        return false;
    }
    if (at == from) {
        return parser_fail(parser, parser->at, at + 1, "an empty part of a path");
    }
    component_push(parser, from, at);
    parser->at = at + 1;
    return true;
}

/* At the first slash. */
static bool path(struct parser *parser, struct dhall_import *import)
{
    size_t base = parser->scratch_len;
    while (absolute_path_starts(parser->at)) {
        if (parser->at[1] == '"') {
            if (!quoted_component(parser)) {
                return false;
            }
            continue;
        }
        const char *from = parser->at + 1;
        const char *at = from;
        while (is_path(*at)) {
            at++;
        }
        component_push(parser, from, at);
        parser->at = at;
    }
    if (parser->scratch_len == base) {
        parser->at++;
        return parser_expected(parser, "a file name");
    }
    components_take(parser, base, import);
    return true;
}

static bool local_import(struct parser *parser, struct dhall_import *import)
{
    if (*parser->at == '/') {
        import->scheme = DHALL_ABSOLUTE;
    } else if (*parser->at == '~') {
        import->scheme = DHALL_HOME;
        parser->at++;
    } else if (parser->at[1] == '.') {
        import->scheme = DHALL_PARENT;
        parser->at += 2;
    } else {
        import->scheme = DHALL_HERE;
        parser->at++;
    }
    return path(parser, import);
}

/* --- authority --- */

static const char *userinfo_end(const char *at)
{
    while (is_unreserved(*at) || is_sub_delim(*at) || *at == ':' || is_escape(at)) {
        at += *at == '%' ? 3 : 1;
    }
    return at;
}

/* The end of a domain: labels of letters, digits and inner hyphens; an IPv4 address is one too. */
static const char *domain_end(const char *at)
{
    const char *end = at;
    for (;;) {
        const char *label = at;
        while (is_alpha(*at) || is_digit(*at) || (*at == '-' && at > label)) {
            at++;
        }
        while (at > label && at[-1] == '-') {
            at--;
        }
        if (at == label) {
            return end; /* the dot before stands at the end: "example.com." */
        }
        end = at;
        if (*at != '.') {
            return end;
        }
        end = ++at;
    }
}

/* dec-octet "." dec-octet "." dec-octet "." dec-octet is all of text. */
static bool is_ipv4(struct str text)
{
    unsigned octets = 0;
    while (octets < 4) {
        size_t len = 0;
        unsigned value = 0;
        while (len < text.len && len < 3 && is_digit(text.ptr[len])) {
            value = value * 10 + (unsigned)(text.ptr[len++] - '0');
        }
        if (len == 0 || value > 255 || (len > 1 && text.ptr[0] == '0')) {
            return false;
        }
        octets++;
        text = str_sub(text, len, text.len);
        if (octets < 4) {
            if (text.len == 0 || text.ptr[0] != '.') {
                return false;
            }
            text = str_sub(text, 1, text.len);
        }
    }
    return text.len == 0;
}

/* Eight groups of up to four digits; "::" stands for one or more of zeros, once; the last two may
 * be an IPv4 address. */
static bool is_ipv6(struct str text)
{
    unsigned groups = 0;
    bool gap = str_starts(text, STR("::"));
    text = str_sub(text, gap ? 2 : 0, text.len);
    while (text.len > 0) {
        size_t len = 0;
        while (len < text.len && is_hex(text.ptr[len])) {
            len++;
        }
        if (len < text.len && text.ptr[len] == '.') {
            return is_ipv4(text) && (gap ? groups + 2 <= 7 : groups + 2 == 8);
        }
        if (len == 0 || len > 4) {
            return false;
        }
        groups++;
        text = str_sub(text, len, text.len);
        if (text.len == 0) {
            break;
        }
        bool second_gap = str_starts(text, STR("::"));
        if (text.ptr[0] != ':' || (second_gap && gap) || text.len == 1) {
            return false;
        }
        gap = gap || second_gap;
        text = str_sub(text, second_gap ? 2 : 1, text.len);
    }
    return gap ? groups <= 7 : groups == 8;
}

/* "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ) */
static bool is_ip_future(struct str text)
{
    if (text.len < 4 || (text.ptr[0] | 32) != 'v') {
        return false;
    }
    size_t dot = str_find(text, '.');
    for (size_t i = 1; i < dot; i++) {
        if (!is_hex(text.ptr[i])) {
            return false;
        }
    }
    for (size_t i = dot + 1; i < text.len; i++) {
        char c = text.ptr[i];
        if (!is_unreserved(c) && !is_sub_delim(c) && c != ':') {
            return false;
        }
    }
    return dot > 1 && dot + 1 < text.len;
}

static bool authority(struct parser *parser, struct dhall_import *import)
{
    const char *from = parser->at;
    const char *at = userinfo_end(from);
    at = *at == '@' ? at + 1 : from;
    const char *host = at;
    if (*host == '[') {
        while (*at > 0x20 && *at != ']') {
            at++;
        }
        struct str literal = {.ptr = host + 1, .len = (size_t)(at - host - (at > host ? 1 : 0))};
        if (*at != ']' || !(is_ipv6(literal) || is_ip_future(literal))) {
            return parser_fail(parser, host, at, "this is no IP address");
        }
        at++;
    } else {
        at = domain_end(host);
        if (at == host) {
            parser->at = host;
            return parser_expected(parser, "a host's name");
        }
    }
    if (*at == ':') {
        do {
            at++;
        } while (is_digit(*at));
    }
    import->authority = (struct str){.ptr = from, .len = (size_t)(at - from)};
    parser->at = at;
    return true;
}

static const char *pchars_end(const char *at, bool in_query)
{
    while (is_unreserved(*at) || is_sub_delim(*at) || *at == ':' || *at == '@' || is_escape(at) ||
           (in_query && (*at == '/' || *at == '?'))) {
        at += *at == '%' ? 3 : 1;
    }
    return at;
}

static bool headers(struct parser *parser, struct dhall_import *import)
{
    const char *before = parser->at;
    if (!parser_space(parser) || parser_keyword(parser) != DHALL_KEYWORD_USING) {
        parser->at = parser->err == OK ? before : parser->at;
        return parser->err == OK;
    }
    parser_word_take(parser);
    if (!parser_space1(parser, "`using`") || !parser_deeper(parser)) {
        return false;
    }
    import->headers = parser_import_expression(parser);
    parser->depth--;
    return import->headers.row != 0;
}

static bool remote_import(struct parser *parser, struct dhall_import *import)
{
    import->scheme = parser->at[4] == 's' ? DHALL_HTTPS : DHALL_HTTP;
    parser->at += import->scheme == DHALL_HTTPS ? 8 : 7;
    if (!authority(parser, import)) {
        return false;
    }
    size_t base = parser->scratch_len;
    while (*parser->at == '/') {
        const char *from = parser->at + 1;
        parser->at = pchars_end(from, false);
        component_push(parser, from, parser->at);
    }
    if (parser->scratch_len == base) {
        component_push(parser, parser->at, parser->at); /* RFC 7230, 2.7.3: an empty path is "/" */
    }
    components_take(parser, base, import);
    if (*parser->at == '?') {
        const char *from = parser->at + 1;
        parser->at = pchars_end(from, true);
        import->has_query = true;
        import->query = (struct str){.ptr = from, .len = (size_t)(parser->at - from)};
    }
    return headers(parser, import);
}

/* --- env: --- */

static bool quoted_variable(struct parser *parser, struct dhall_import *import)
{
    static const char letters[] = "\"\\abfnrtv";
    static const char meanings[] = "\"\\\a\b\f\n\r\t\v";
    const char *from = parser->at++;
    size_t base = parser->bytes.len;
    while (*parser->at >= 0x20 && *parser->at < 0x7F && *parser->at != '"' && *parser->at != '=') {
        char c = *parser->at++;
        if (c == '\\') {
            const char *letter = *parser->at == '\0' ? NULL : strchr(letters, *parser->at);
            if (letter == NULL) {
                return parser_fail(parser, parser->at - 1, parser->at,
                    "unknown escape in the name of an "
                    "environment variable");
            }
            c = meanings[letter - letters];
            parser->at++;
        }
        buf_add_byte(&parser->bytes, (uint8_t)c);
    }
    if (*parser->at != '"' || parser->bytes.len == base) {
        return parser_fail(parser, from, parser->at, "this is no name of an environment variable");
    }
    parser->at++;
    import->authority =
        arena_str(&parser->terms->arena, str_sub(buf_str(&parser->bytes), base, parser->bytes.len));
    parser->bytes.len = base;
    return true;
}

static bool variable_import(struct parser *parser, struct dhall_import *import)
{
    import->scheme = DHALL_ENV;
    parser->at += 4;
    if (*parser->at == '"') {
        return quoted_variable(parser, import);
    }
    const char *from = parser->at;
    while (is_label_first(*parser->at) || is_digit(*parser->at)) {
        parser->at++;
    }
    import->authority = (struct str){.ptr = from, .len = (size_t)(parser->at - from)};
    return true;
}

/* --- what may follow: a hash, a mode --- */

static bool hash(struct parser *parser, struct dhall_import *import)
{
    const char *before = parser->at;
    if (!parser_space(parser) || !parser_take_text(parser, STR("sha256:"))) {
        parser->at = parser->err == OK ? before : parser->at;
        return parser->err == OK;
    }
    const char *digits = parser->at;
    size_t len = 0;
    while (is_hex(digits[len])) {
        len++;
    }
    if (len != 64 || is_label_next(digits[len])) {
        return parser_fail(
            parser, digits - 7, digits + len, "a hash is `sha256:` and 64 hexadecimal digits");
    }
    for (size_t i = 0; i < 32; i++) {
        import->hash[i] = (uint8_t)(hex_value(digits[2 * i]) << 4 | hex_value(digits[2 * i + 1]));
    }
    import->has_hash = true;
    parser->at = digits + 64;
    return true;
}

/* Does a hash stand behind the mode? That is a mistake. */
static bool hash_follows(struct parser *parser)
{
    const char *before = parser->at;
    bool space = parser_space(parser);
    const char *at = parser->at;
    if (space && parser_take_text(parser, STR("sha256:"))) {
        (void)parser_fail(
            parser, at, parser->at, "the hash stands before `as`: ./x sha256:... as Text");
        return true;
    }
    parser->at = parser->err == OK ? before : parser->at;
    return parser->err != OK;
}

static bool mode(struct parser *parser, struct dhall_import *import)
{
    const char *before = parser->at;
    if (!parser_space(parser) || parser_keyword(parser) != DHALL_KEYWORD_AS) {
        parser->at = parser->err == OK ? before : parser->at;
        return parser->err == OK;
    }
    parser_word_take(parser);
    if (!parser_space1(parser, "`as`")) {
        return false;
    }
    dhall_label label;
    struct str word = STR("");
    if (parser_word(parser, &label)) {
        word = dhall_label_name(parser->terms->labels, label);
    }
    if (str_eq(word, STR("Text"))) {
        import->mode = DHALL_AS_TEXT;
    } else if (str_eq(word, STR("Bytes"))) {
        import->mode = DHALL_AS_BYTES;
    } else if (str_eq(word, STR("Location"))) {
        import->mode = DHALL_AS_LOCATION;
    } else {
        return parser_expected(parser, "`Text`, `Bytes` or `Location` after `as`");
    }
    parser_word_take(parser);
    return import->has_hash || !hash_follows(parser);
}

dhall_term parser_import(struct parser *parser)
{
    const char *from = parser->at;
    struct dhall_import import = {.mode = DHALL_AS_CODE};
    bool going;
    dhall_label label;
    if (!parser_word(parser, &label)) {
        going = local_import(parser, &import);
    } else if (dhall_label_keyword(label) == DHALL_KEYWORD_MISSING) {
        import.scheme = DHALL_MISSING;
        parser_word_take(parser);
        going = true;
    } else if (*from == 'e') {
        going = variable_import(parser, &import);
    } else {
        going = remote_import(parser, &import);
    }
    if (!going || !hash(parser, &import) || !mode(parser, &import)) {
        return (dhall_term){0};
    }
    return dhall_import_add(parser->terms, &import, parser_span(parser, from, parser->at));
}
