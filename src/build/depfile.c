/* src/build/depfile.c */
#include "build/depfile.h"
#include "base/buf.h"

struct reading {
    struct str text;
    size_t at;
    struct arena *arena;
    struct buf paths; /* struct str */
};

enum token {
    TOKEN_WORD,
    TOKEN_COLON, /* ends the targets of a rule */
    TOKEN_LINE,  /* ends a rule */
    TOKEN_END,
    TOKEN_BAD,
};

static char char_at(const struct reading *reading, size_t at)
{
    if (at < reading->text.len) {
        return reading->text.ptr[at];
    }
    return '\0';
}

/* A backslash before the line's end; or 0. */
static size_t joint_len(const struct reading *reading, size_t at)
{
    if (char_at(reading, at) != '\\') {
        return 0;
    }
    size_t cr = char_at(reading, at + 1) == '\r' ? 1 : 0;
    return char_at(reading, at + 1 + cr) == '\n' ? 2 + cr : 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* A colon belongs to a word unless a blank or the line's end follows it. */
static bool is_rule_colon(const struct reading *reading, size_t at)
{
    char next = char_at(reading, at + 1);
    return reading->text.ptr[at] == ':' && (at + 1 >= reading->text.len || is_blank(next) ||
                                               next == '\n' || joint_len(reading, at + 1) > 0);
}

/* gcc escapes blanks and '#' with '\', '$' with '$'; a '\' before anything else is itself. */
static enum token word_read(struct reading *reading, struct buf *word)
{
    while (reading->at < reading->text.len) {
        char c = reading->text.ptr[reading->at];
        char next = char_at(reading, reading->at + 1);
        if (is_blank(c) || c == '\n' || joint_len(reading, reading->at) > 0 ||
            is_rule_colon(reading, reading->at)) {
            return TOKEN_WORD;
        }
        if (c == '\0' || c == '#' || (c == '$' && next != '$')) {
            return TOKEN_BAD;
        }
        bool escapes = c == '$' || (c == '\\' && (next == ' ' || next == '\t' || next == '#'));
        buf_add_byte(word, (uint8_t)(escapes ? next : c));
        reading->at += escapes ? 2 : 1;
    }
    return TOKEN_WORD;
}

static enum token token_read(struct reading *reading, struct buf *word)
{
    word->len = 0;
    while (reading->at < reading->text.len) {
        size_t joint = joint_len(reading, reading->at);
        if (joint == 0 && !is_blank(reading->text.ptr[reading->at])) {
            break;
        }
        reading->at += joint > 0 ? joint : 1;
    }
    if (reading->at >= reading->text.len) {
        return TOKEN_END;
    }
    if (reading->text.ptr[reading->at] == '\n') {
        reading->at++;
        return TOKEN_LINE;
    }
    if (is_rule_colon(reading, reading->at)) {
        reading->at++;
        return TOKEN_COLON;
    }
    return word_read(reading, word);
}

/* Removes "", "." and ".." of a path below /build. False: it leads out of it. */
static bool path_normal(struct str path, struct buf *ret_path)
{
    ret_path->len = 0;
    for (size_t from = 0; from <= path.len;) {
        struct str rest = str_sub(path, from, path.len);
        struct str name = str_sub(rest, 0, str_find(rest, '/'));
        from += name.len + 1;
        if (name.len == 0 || str_eq(name, STR("."))) {
            continue;
        }
        if (str_eq(name, STR(".."))) {
            if (ret_path->len == 0) {
                return false;
            }
            size_t slash = str_find_last(buf_str(ret_path), '/');
            ret_path->len = slash == ret_path->len ? 0 : slash;
            continue;
        }
        if (ret_path->len > 0) {
            buf_add_byte(ret_path, '/');
        }
        buf_add(ret_path, name);
    }
    return ret_path->len > 0;
}

static bool path_add(struct reading *reading, struct str word)
{
    struct str home = STR("/build/");
    if (str_starts(word, home)) {
        word = str_sub(word, home.len, word.len);
    } else if (word.len > 0 && word.ptr[0] == '/') {
        /* "/usr/../build/x.h" would be ours under another name. */
        AUTO_BUF normal = {0};
        return path_normal(word, &normal) && !str_starts(buf_str(&normal), STR("build/"));
    }
    AUTO_BUF normal = {0};
    if (!path_normal(word, &normal)) {
        return false;
    }
    struct str path = arena_str(reading->arena, buf_str(&normal));
    buf_add(&reading->paths, (struct str){.ptr = (const char *)&path, .len = sizeof path});
    return true;
}

enum err depfile_read(struct str text, struct arena *arena, struct strs *ret_paths)
{
    struct reading reading = {.text = text, .arena = arena};
    AUTO_BUF word = {0};
    bool targets = true, good = true;
    enum token token;
    do {
        token = token_read(&reading, &word);
        if (token == TOKEN_COLON) {
            good = targets;
            targets = false;
        } else if (token == TOKEN_WORD && !targets) {
            good = path_add(&reading, buf_str(&word));
        } else if (token != TOKEN_WORD) {
            good = token != TOKEN_BAD;
            targets = true;
        }
    } while (good && token != TOKEN_END && token != TOKEN_BAD);
    struct str *at = ARENA_NEW(arena, struct str, reading.paths.len / sizeof *at);
    if (reading.paths.len > 0) {
        memcpy(at, reading.paths.ptr, reading.paths.len);
    }
    *ret_paths = (struct strs){.at = at, .count = reading.paths.len / sizeof *at};
    buf_release(&reading.paths);
    return good ? OK : ERR_INVALID;
}

bool depfile_text_hides(struct str text)
{
    static const struct str words[] = {
        {"asm", sizeof "asm" - 1}, /* asm, __asm__: its strings may be in pieces */
        {"incbin", sizeof "incbin" - 1},
        {".include", sizeof ".include" - 1},
    };
    for (size_t i = 0; text.len > 0 && i < sizeof words / sizeof words[0]; i++) {
        if (memmem(text.ptr, text.len, words[i].ptr, words[i].len) != NULL) {
            return true;
        }
    }
    return false;
}
