/* src/dhall/dhall_format_fuzz.c */
#include "dhall/encode.h"
#include "dhall/format.h"
#include "dhall/parse.h"
#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where the bytes are: in code, in a comment, or in a literal; interpolations make it a stack. */
struct walk {
    struct str text;
    size_t at;
    struct buf modes; /* of what is around: '"', '\'', '{' for each brace */
};

static bool here(const struct walk *walk, struct str text)
{
    return str_starts(str_sub(walk->text, walk->at, walk->text.len), text);
}

static size_t comment_len(const struct walk *walk)
{
    struct str rest = str_sub(walk->text, walk->at, walk->text.len);
    if (!str_starts(rest, STR("{-"))) {
        return str_find(rest, '\n');
    }
    size_t at = 0;
    unsigned open = 0;
    do {
        struct str from = str_sub(rest, at, rest.len);
        bool opens = str_starts(from, STR("{-"));
        bool closes = str_starts(from, STR("-}"));
        open = opens ? open + 1 : closes ? open - 1 : open;
        at += opens || closes ? 2 : 1;
    } while (open > 0);
    return at;
}

/* One step within a literal. */
static void literal_step(struct walk *walk, char mode)
{
    char c = walk->text.ptr[walk->at];
    if (here(walk, STR("${"))) {
        buf_add_byte(&walk->modes, '{');
        walk->at += 2;
    } else if (mode == '"' && c == '\\') {
        walk->at += 2;
    } else if (mode == '"' && c == '"') {
        walk->modes.len--;
        walk->at++;
    } else if (mode == '\'' && (here(walk, STR("'''")) || here(walk, STR("''${")))) {
        walk->at += here(walk, STR("'''")) ? 3 : 4;
    } else if (mode == '\'' && here(walk, STR("''"))) {
        walk->modes.len--;
        walk->at += 2;
    } else {
        walk->at++;
    }
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '/';
}

/* Length of the label or path here, which may hold what looks like a comment; 0: none. */
static size_t word_len(const struct walk *walk)
{
    struct str rest = str_sub(walk->text, walk->at, walk->text.len);
    char c = rest.ptr[0];
    char next = ' ';
    if (rest.len > 1) {
        next = rest.ptr[1];
    }
    size_t len = 0;
    bool label = c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    bool path = (c == '/' && next != '/' && next != '\\') || str_starts(rest, STR("./")) ||
                str_starts(rest, STR("../")) || str_starts(rest, STR("~/"));
    char behind = ' ';
    if (rest.len > 4) {
        behind = rest.ptr[4];
    }
    bool env = str_starts(rest, STR("env:")) && /* else a variable and its type */
               (behind == '"' || behind == '_' || (behind >= 'a' && behind <= 'z') ||
                   (behind >= 'A' && behind <= 'Z'));
    while (env && (len < 4 || (len < rest.len && is_word(rest.ptr[len]) && rest.ptr[len] != '-' &&
                                  rest.ptr[len] != '/'))) {
        len++;
    }
    while (path && len < rest.len && rest.ptr[len] > 0x20 &&
           strchr("\"#(),<>?[\\]{}", rest.ptr[len]) == NULL) {
        len++;
    }
    bool number = c >= '0' && c <= '9'; /* 0xFF--: a comment may touch it */
    while (number && len < rest.len && is_word(rest.ptr[len]) && rest.ptr[len] != '-' &&
           rest.ptr[len] != '/') {
        len++;
    }
    bool infinity = walk->at > 0 && str_starts(rest, STR("Infinity")) &&
                    strchr("+-", walk->text.ptr[walk->at - 1]) != NULL; /* a literal, no label */
    len = infinity ? 8 : len;
    while (label && !env && !infinity && len < rest.len && is_word(rest.ptr[len])) {
        len++;
    }
    return len;
}

/* One step in code. Labels in backticks and quoted paths end on their line. */
static void code_step(struct walk *walk, struct buf *ret_comments)
{
    char c = walk->text.ptr[walk->at];
    struct str rest = str_sub(walk->text, walk->at + 1, walk->text.len);
    size_t word = word_len(walk);
    if (word > 0) {
        walk->at += word;
    } else if (here(walk, STR("//"))) { /* no path begins at the second slash */
        walk->at += 2;
    } else if (here(walk, STR("--")) || here(walk, STR("{-")) || (here(walk, STR("#!")))) {
        size_t len = comment_len(walk);
        buf_add(ret_comments, str_sub(walk->text, walk->at, walk->at + len));
        walk->at += len;
    } else if (c == '`' || (c == '"' && walk->at > 0 && walk->text.ptr[walk->at - 1] == '/')) {
        walk->at += 2 + str_find(rest, c);
    } else if (c == '"' && walk->at > 0 && walk->text.ptr[walk->at - 1] == ':') { /* env:"a\"b" */
        do {
            walk->at += walk->text.ptr[walk->at] == '\\' ? 2 : 1;
        } while (walk->text.ptr[walk->at] != '"');
        walk->at++;
    } else if (c == '"' || here(walk, STR("''"))) {
        buf_add_byte(&walk->modes, (uint8_t)c);
        walk->at += c == '"' ? 1 : 2;
    } else {
        if (c == '{') {
            buf_add_byte(&walk->modes, '{');
        } else if (c == '}' && walk->modes.len > 0) {
            walk->modes.len--;
        }
        walk->at++;
    }
}

/* What the walk is in: '{' is code. */
static char mode_of(const struct walk *walk)
{
    if (walk->modes.ptr == NULL || walk->modes.len == 0) {
        return '{';
    }
    return (char)walk->modes.ptr[walk->modes.len - 1];
}

static void step(struct walk *walk, struct buf *ret_comments)
{
    char mode = mode_of(walk);
    if (mode == '{') {
        code_step(walk, ret_comments);
    } else {
        literal_step(walk, mode);
    }
}

/* All comments of a text that parses, without white space: layout may change that. */
static void comments_of(struct str text, struct buf *ret_comments)
{
    struct walk walk = {.text = text};
    AUTO_BUF all = {0};
    while (walk.at < text.len) {
        step(&walk, &all);
    }
    for (size_t i = 0; i < all.len; i++) {
        if ((unsigned char)all.ptr[i] > ' ') {
            buf_add_byte(ret_comments, (uint8_t)all.ptr[i]);
        }
    }
    buf_release(&walk.modes);
}

struct session {
    struct arena arena;
    struct diags diags;
    struct dhall_labels labels;
    struct dhall_terms terms;
};

static void cbor_of(struct session *session, struct str text, struct buf *ret_bytes)
{
    dhall_term term;
    enum err err = dhall_parse(&session->terms, 0, text, &term, &session->diags);
    assert(err == OK);
    dhall_encode(&session->terms, term, ret_bytes);
}

static void check(struct session *session, struct str text, enum dhall_charset charset)
{
    AUTO_BUF once = {0};
    AUTO_BUF twice = {0};
    AUTO_BUF want = {0};
    AUTO_BUF got = {0};
    if (dhall_format(text, 0, charset, &once, &session->diags) == ERR_LIMIT) {
        return;
    }
    cbor_of(session, text, &want);
    cbor_of(session, buf_str(&once), &got);
    assert(str_eq(buf_str(&want), buf_str(&got)));
    enum err err = dhall_format(buf_str(&once), 0, charset, &twice, &session->diags);
    assert(err == OK);
    assert(str_eq(buf_str(&once), buf_str(&twice)));
    if (memmem(text.ptr, text.len, "://", 3) != NULL) {
        return; /* where a URL ends, and a comment may begin, is not for this walk to know */
    }
    want.len = 0;
    got.len = 0;
    comments_of(text, &want);
    comments_of(buf_str(&once), &got);
    assert(str_eq(buf_str(&want), buf_str(&got)));
}

/* Where the number-th blank of the code is, or the number of blanks if there are not as many. */
static bool blank_find(struct str text, size_t number, size_t *ret_at)
{
    struct walk walk = {.text = text};
    AUTO_BUF comments = {0};
    size_t seen = 0;
    bool found = false;
    while (walk.at < text.len && !found) {
        bool blank = mode_of(&walk) == '{' && strchr(" \t\r\n", text.ptr[walk.at]) != NULL;
        found = blank && seen++ == number;
        *ret_at = found ? walk.at : seen;
        step(&walk, &comments);
    }
    buf_release(&walk.modes);
    return found;
}

/* Comments that stand in every way that is treated otherwise. */
static const char *const inserted[] = {" {- a -} ", "\n-- b\n", " -- c\n", " {- d\n  e -} ",
    "\n\n-- f\n\n\n", "{-g {- h -} -}", "\t-- i\n", "{-j-}", "\r\n-- k\r\n", "\n{-\nl\n-}\n",
    "\r\n\r\n{- m\r\nn -}\r\n\r\n"};

/* A comment at a random blank of text that parses, if what follows has the same CBOR. */
static void comment_insert(struct session *session, struct buf *text, uint64_t random)
{
    size_t at = 0;
    if (!blank_find(buf_str(text), SIZE_MAX, &at) && at == 0) {
        return;
    }
    size_t count = at;
    bool found = blank_find(buf_str(text), (random >> 16U) % count, &at);
    assert(found);
    AUTO_BUF with = {0};
    AUTO_BUF want = {0};
    AUTO_BUF got = {0};
    buf_add(&with, str_sub(buf_str(text), 0, at));
    buf_add(&with, str_of(inserted[random % (sizeof inserted / sizeof inserted[0])]));
    buf_add(&with, str_sub(buf_str(text), at, text->len));
    dhall_term term;
    if (dhall_parse(&session->terms, 0, buf_str(&with), &term, &session->diags) != OK) {
        return; /* between 1 and +2 */
    }
    dhall_encode(&session->terms, term, &got);
    cbor_of(session, buf_str(text), &want);
    if (str_eq(buf_str(&want), buf_str(&got))) {
        struct buf swap = *text;
        *text = with;
        with = swap;
    }
}

enum {
    COMMENTED_BYTES_MAX = 1 << 14, /* of a text that gets more comments */
    ROUNDS = 8,
    INSERTED_MAX = 4,
};

/* The same laws with comments at places that the text chooses: its bytes seed the choice. */
static void check_commented(struct session *session, struct str text)
{
    uint64_t random = 0xCBF29CE484222325U;
    for (size_t i = 0; i < text.len; i++) {
        random = (random ^ (unsigned char)text.ptr[i]) * 0x100000001B3U; /* FNV-1a */
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        AUTO_BUF commented = {0};
        buf_add(&commented, text);
        for (unsigned i = 0; i <= round % INSERTED_MAX; i++) {
            random = random * 6364136223846793005U + 1442695040888963407U;
            comment_insert(session, &commented, random >> 16U);
        }
        check(session, buf_str(&commented), DHALL_CHARSET_AS_WRITTEN);
    }
}

/* Laws: what parses is formatted, in each charset, to a text with the same CBOR and the same
 * comments; to format that changes nothing. So it is with comments wherever blanks are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct session session = {.diags = {0}};
    diags_init(&session.diags, &session.arena, NULL);
    dhall_labels_init(&session.labels);
    dhall_terms_init(&session.terms, &session.labels, 0);
    struct str text = {.ptr = (const char *)data, .len = size};
    dhall_term term;
    if (dhall_parse(&session.terms, 0, text, &term, &session.diags) == OK) {
        check(&session, text, DHALL_CHARSET_AS_WRITTEN);
        check(&session, text, DHALL_CHARSET_UNICODE);
        if (memmem(data, size, "://", 3) == NULL && size <= COMMENTED_BYTES_MAX) {
            check_commented(&session, text);
        }
    }
    dhall_terms_release(&session.terms);
    dhall_labels_release(&session.labels);
    arena_release(&session.arena);
    return 0;
}
