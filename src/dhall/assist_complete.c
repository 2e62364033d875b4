/* src/dhall/assist_complete.c: what may be written at a place.
 *
 * The text, with a name of ours at the cursor, is parsed; if it does not parse, only what stands
 * before the cursor, with what is open closed. Then the name is looked for among the terms: it is a
 * variable or a field of something. In a path or a text that is not needed. */
#include "dhall/assist.h"
#include "dhall/parse.h"
#include <assert.h>
#include <stdlib.h>

/* Long enough to be nobody's. */
#define PLACE "straylight-completes-here"
enum {
    OPEN_MAX = 4096, /* brackets and words that wait, at the cursor */
};

/* --- the text before the cursor --- */

struct scan {
    struct str text; /* up to the cursor */
    size_t at;
    char open[OPEN_MAX]; /* ( [ { < " ' $ for ${, l for let, i for if, t for then */
    size_t open_len;
};

static void open_push(struct scan *scan, char c)
{
    if (scan->open_len < OPEN_MAX) {
        scan->open[scan->open_len++] = c;
    }
}

static char open_top(const struct scan *scan)
{
    static const char none = '\0';
    return *(scan->open_len == 0 ? &none : &scan->open[scan->open_len - 1]);
}

static bool scan_is(const struct scan *scan, struct str text)
{
    return str_starts(str_sub(scan->text, scan->at, scan->text.len), text);
}

static void open_pop(struct scan *scan, char opening)
{
    while (scan->open_len > 0 && open_top(scan) != opening) {
        scan->open_len--; /* words that wait within it: it does not parse anyway */
    }
    scan->open_len -= scan->open_len > 0 ? 1 : 0;
}

static void word_scan(struct scan *scan, struct str word)
{
    if (str_eq(word, STR("let"))) {
        open_push(scan, 'l');
    } else if (str_eq(word, STR("in"))) {
        while (open_top(scan) == 'l') {
            scan->open_len--;
        }
    } else if (str_eq(word, STR("if"))) {
        open_push(scan, 'i');
    } else if (str_eq(word, STR("then")) && open_top(scan) == 'i') {
        scan->open[scan->open_len - 1] = 't';
    } else if (str_eq(word, STR("else")) && open_top(scan) == 't') {
        scan->open_len--;
    }
}

static void literal_scan(struct scan *scan, char mode)
{
    if (scan_is(scan, STR("${"))) {
        open_push(scan, '$');
        scan->at += 2;
    } else if (mode == '"' && scan->text.ptr[scan->at] == '\\') {
        scan->at += 2;
    } else if (mode == '"' && scan->text.ptr[scan->at] == '"') {
        scan->open_len--;
        scan->at++;
    } else if (mode == '\'' && (scan_is(scan, STR("'''")) || scan_is(scan, STR("''${")))) {
        scan->at += scan_is(scan, STR("'''")) ? 3 : 4;
    } else if (mode == '\'' && scan_is(scan, STR("''"))) {
        scan->open_len--;
        scan->at += 2;
    } else {
        scan->at++;
    }
}

static void symbol_scan(struct scan *scan)
{
    char c = scan->text.ptr[scan->at];
    switch (c) {
    case '(':
    case '[':
    case '{':
    case '<':
    case '"':
        open_push(scan, c);
        break;
    case ')':
        open_pop(scan, '(');
        break;
    case ']':
        open_pop(scan, '[');
        break;
    case '}':
        open_pop(scan, open_top(scan) == '$' ? '$' : '{');
        break;
    case '>':
        if (open_top(scan) == '<') { /* else it is part of an arrow */
            scan->open_len--;
        }
        break;
    default:
        break;
    }
    scan->at++;
}

/* A comment that the cursor is in has no end: false. */
static bool comment_scan(struct scan *scan)
{
    unsigned open = 0;
    if (scan_is(scan, STR("--"))) {
        struct str rest = str_sub(scan->text, scan->at, scan->text.len);
        scan->at += str_find(rest, '\n');
        return scan->at < scan->text.len;
    }
    do {
        bool opens = scan_is(scan, STR("{-"));
        bool closes = scan_is(scan, STR("-}"));
        open = opens ? open + 1 : closes ? open - 1 : open;
        scan->at += opens || closes ? 2 : 1;
    } while (open > 0 && scan->at < scan->text.len);
    return open == 0;
}

/* Up to the cursor; false: it is in a comment. */
static bool scan_run(struct scan *scan)
{
    while (scan->at < scan->text.len) {
        char mode = open_top(scan);
        size_t begin = scan->at;
        if (mode == '"' || mode == '\'') {
            literal_scan(scan, mode);
        } else if (scan_is(scan, STR("--")) || scan_is(scan, STR("{-"))) {
            if (!comment_scan(scan)) {
                return false;
            }
        } else if (scan_is(scan, STR("''"))) {
            open_push(scan, '\'');
            scan->at += 2;
        } else if (scan_is(scan, STR("->"))) {
            scan->at += 2;
        } else if (dhall_is_label_byte(scan->text.ptr[begin]) && scan->text.ptr[begin] != '-') {
            while (scan->at < scan->text.len && dhall_is_label_byte(scan->text.ptr[scan->at])) {
                scan->at++;
            }
            word_scan(scan, str_sub(scan->text, begin, scan->at));
        } else {
            symbol_scan(scan);
        }
    }
    return true;
}

/* What closes all that is open. */
static void closing_add(const struct scan *scan, struct buf *text)
{
    for (size_t i = scan->open_len; i > 0; i--) {
        char c = scan->open[i - 1];
        bool another_let = c == 'l' && i > 1 && scan->open[i - 2] == 'l';
        const char *closing = c == '('    ? ")"
                              : c == '['  ? "]"
                              : c == '<'  ? ">"
                              : c == '"'  ? "\""
                              : c == '\'' ? "''"
                              : c == 'l'  ? " in {=}"
                              : c == 'i'  ? " then {=} else {=}"
                              : c == 't'  ? " else {=}"
                                          : "}";
        buf_add(text, another_let ? STR("") : str_of(closing));
    }
}

bool dhall_close(struct str text, uint32_t offset, struct arena *arena, struct str *ret_text)
{
    struct scan *scan = ARENA_NEW(arena, struct scan, 1);
    scan->text = str_sub(text, 0, offset);
    AUTO_BUF closed = {0};
    bool code = scan_run(scan);
    buf_add(&closed, scan->text);
    closing_add(scan, &closed);
    *ret_text = arena_str(arena, buf_str(&closed));
    return code;
}

/* --- what is at the cursor --- */

struct completer {
    const struct dhall_assist *assist;
    struct dhall_assist repaired; /* the same, of the text that parses */
    struct dhall_tree tree;
    struct dhall_completion *completion;
    size_t cap;
};

static void propose(
    struct completer *completer, enum dhall_proposal_kind kind, struct str text, struct str detail)
{
    struct dhall_completion *completion = completer->completion;
    struct arena *arena = completer->assist->arena;
    for (size_t i = 0; i < completion->count; i++) {
        if (str_eq(completion->proposals[i].text, text)) {
            return; /* an outer one of that name */
        }
    }
    if (completion->count == completer->cap) {
        completer->cap = completer->cap == 0 ? 64 : completer->cap * 2;
        struct dhall_proposal *grown = ARENA_NEW(arena, struct dhall_proposal, completer->cap);
        if (completion->count > 0) {
            memcpy(grown, completion->proposals, completion->count * sizeof *grown);
        }
        completion->proposals = grown;
    }
    completion->proposals[completion->count++] =
        (struct dhall_proposal){.kind = kind, .text = arena_str(arena, text), .detail = detail};
}

static bool has_place(const struct dhall_tree *tree, dhall_label label)
{
    struct str name = dhall_label_name(&tree->labels, label);
    return name.len > 0 && memmem(name.ptr, name.len, PLACE, sizeof PLACE - 1) != NULL;
}

/* What may be selected from a term; or, of a schema, the fields of its Type. */
static void members_propose(struct completer *completer, uint32_t row, bool schema)
{
    struct span span = dhall_span_of(&completer->tree.terms, (dhall_term){row});
    const struct dhall_assist *repaired = &completer->repaired;
    struct dhall_inspection inspection;
    struct diags diags; /* the name of ours is no field: that is wrong, of course */
    diags_init(&diags, repaired->arena, repaired->diags->sources);
    enum err err = dhall_inspect(repaired->dhall, repaired->name, repaired->dir, repaired->text,
        span.begin, span.end, repaired->arena, &inspection, &diags);
    if (err == OK || inspection.seen) {
        const struct dhall_member *members = schema ? inspection.fields : inspection.members;
        size_t count = schema ? inspection.field_count : inspection.member_count;
        for (size_t i = 0; i < count; i++) {
            propose(completer,
                members[i].kind == DHALL_MEMBER_FIELD ? DHALL_PROPOSE_FIELD
                                                      : DHALL_PROPOSE_ALTERNATIVE,
                members[i].name, members[i].detail);
        }
    }
}

/* Names that row sees, innermost first. */
static void scope_propose(struct completer *completer, uint32_t row)
{
    const struct dhall_tree *tree = &completer->tree;
    for (uint32_t up = tree->parents[row]; up != 0; row = up, up = tree->parents[up]) {
        if (dhall_tree_binds(tree, up, row)) {
            struct str name = dhall_label_name(&tree->labels, tree->terms.rows[up].a);
            if (!str_eq(name, STR("_"))) {
                propose(completer, DHALL_PROPOSE_VARIABLE, name, STR(""));
            }
        }
    }
}

static void words_propose(struct completer *completer)
{
    static const char *const keywords[] = {"let", "in", "if", "then", "else", "merge", "toMap",
        "Some", "assert", "with", "missing", "as", "using", "forall", "showConstructor"};
    for (int i = 0; i < DHALL_BUILTIN_COUNT; i++) {
        propose(completer, DHALL_PROPOSE_BUILTIN, dhall_builtin_name((enum dhall_builtin)i),
            STR("built in"));
    }
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        propose(completer, DHALL_PROPOSE_KEYWORD, str_of(keywords[i]), STR(""));
    }
}

/* T::{ here = 1 } or T::{ here }: a record with our name as a field, on the right of `::`. */
static bool schema_propose(struct completer *completer, uint32_t record)
{
    const struct dhall_tree *tree = &completer->tree;
    const struct dhall_row *row = &tree->terms.rows[record];
    const struct dhall_row *parent = &tree->terms.rows[tree->parents[record]];
    const uint32_t *pairs = dhall_list_of(&tree->terms, row);
    bool named = false;
    for (uint32_t i = 0; i < row->c; i += 2) {
        named = named || has_place(tree, pairs[i]);
    }
    if (!named || parent->kind != DHALL_OPERATOR || parent->flag != DHALL_COMPLETE ||
        parent->b != record) {
        return false;
    }
    members_propose(completer, parent->a, true);
    return true;
}

static void term_complete(struct completer *completer)
{
    const struct dhall_tree *tree = &completer->tree;
    for (uint32_t i = tree->terms.len - 1; i > 0; i--) { /* a record before its field's variable */
        const struct dhall_row *row = &tree->terms.rows[i];
        if (row->kind == DHALL_RECORD && schema_propose(completer, i)) {
            return;
        }
        if (row->kind == DHALL_FIELD && has_place(tree, row->b)) {
            members_propose(completer, row->a, false);
            return;
        }
        if (row->kind == DHALL_VAR && has_place(tree, row->a)) {
            scope_propose(completer, i);
            words_propose(completer);
            return;
        }
    }
}

/* Where what was typed begins: a label, or a path up to white space. */
static uint32_t typed_begin(struct str text, uint32_t offset, bool *ret_path)
{
    uint32_t word = offset;
    uint32_t path = offset;
    while (word > 0 && dhall_is_label_byte(text.ptr[word - 1])) {
        word--;
    }
    while (path > 0 && strchr(" \t\r\n()[]{}<>,\"", text.ptr[path - 1]) == NULL) {
        path--;
    }
    struct str typed = str_sub(text, path, offset);
    *ret_path = str_starts(typed, STR("./")) || str_starts(typed, STR("../")) ||
                str_starts(typed, STR("~/")) || str_starts(typed, STR("/")) ||
                str_starts(typed, STR("https://")) || str_starts(typed, STR("http://"));
    return *ret_path ? path : word;
}

static bool tree_try(struct completer *completer, struct arena *arena)
{
    struct diags diags;
    diags_init(&diags, arena, NULL);
    if (dhall_tree_open(&completer->tree, completer->repaired.text, arena, &diags) == OK) {
        return true;
    }
    dhall_tree_close(&completer->tree);
    return false;
}

static bool repair(
    struct completer *completer, const struct scan *scan, uint32_t offset, bool whole)
{
    AUTO_BUF text = {0};
    struct str before = str_sub(completer->assist->text, 0, offset);
    buf_add(&text, before);
    buf_add(&text, STR(PLACE));
    if (whole) {
        buf_add(&text, str_sub(completer->assist->text, offset, completer->assist->text.len));
    } else {
        closing_add(scan, &text);
    }
    struct arena *arena = completer->assist->arena;
    completer->repaired = *completer->assist;
    completer->repaired.text = arena_str(arena, buf_str(&text));
    return dhall_mend(completer->repaired.text, offset, arena, &completer->repaired.text) &&
           tree_try(completer, arena);
}

static size_t quote_begin(struct str text, size_t offset)
{
    return str_find_last(str_sub(text, 0, offset), '"') + 1;
}

enum err dhall_assist_complete(
    const struct dhall_assist *assist, uint32_t offset, struct dhall_completion *ret_completion)
{
    struct scan *scan = ARENA_NEW(assist->arena, struct scan, 1);
    scan->text = str_sub(assist->text, 0, offset);
    *ret_completion = (struct dhall_completion){.begin = offset};
    if (!scan_run(scan)) {
        return ERR_ABSENT;
    }
    char mode = open_top(scan);
    if (mode == '"' || mode == '\'') {
        ret_completion->in_text = mode == '"';
        ret_completion->begin =
            (uint32_t)(mode == '"' ? quote_begin(assist->text, offset) : offset);
        return OK;
    }
    bool path = false;
    ret_completion->begin = typed_begin(assist->text, offset, &path);
    ret_completion->in_path = path;
    if (path) {
        return OK;
    }
    struct completer completer = {.assist = assist, .completion = ret_completion};
    if (!repair(&completer, scan, offset, true) && !repair(&completer, scan, offset, false)) {
        return ERR_ABSENT;
    }
    term_complete(&completer);
    dhall_tree_close(&completer.tree);
    return OK;
}
