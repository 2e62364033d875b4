/* src/cli/line_edit.c */
#include "cli/line_edit.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum {
    HISTORY_BYTES_MAX = 4 * 1024 * 1024,
    COLUMNS_DEFAULT = 80,
    /* Keys that are no byte. */
    KEY_END_OF_INPUT = 0x1000,
    KEY_UP,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_HOME,
    KEY_END,
    KEY_DELETE,
    KEY_WORD_LEFT,
    KEY_WORD_RIGHT,
    KEY_UNKNOWN,
};
#define CONTROL(letter) ((letter)&31)

struct line_editor {
    struct arena arena; /* of the history */
    struct str *history;
    size_t history_len, history_cap;
    const char *history_path;
    line_complete *complete;
    void *context;
    bool terminal;
    bool closed;      /* the input is at its end */
    struct buf input; /* read and not used yet */
    size_t input_at;
    /* Of the line being edited. */
    const char *prompt;
    struct buf line;
    size_t cursor;
    size_t history_at; /* history_len: the line itself */
    struct buf kept;   /* the line while the history is looked at */
    struct buf killed; /* what Ctrl-Y puts back */
};

static void history_push(struct line_editor *editor, struct str line)
{
    if (line.len == 0 ||
        (editor->history_len > 0 && str_eq(editor->history[editor->history_len - 1], line))) {
        return;
    }
    if (editor->history_len == editor->history_cap) {
        editor->history_cap = editor->history_cap == 0 ? 64 : 2 * editor->history_cap;
        editor->history =
            memory_realloc(editor->history, editor->history_cap * sizeof editor->history[0]);
    }
    editor->history[editor->history_len++] = arena_str(&editor->arena, line);
}

/* A history that cannot be read or written is none. */
static void history_load(struct line_editor *editor)
{
    struct diags diags;
    struct str text;
    diags_init(&diags, &editor->arena, NULL);
    if (editor->history_path == NULL || file_read(AT_FDCWD, editor->history_path, HISTORY_BYTES_MAX,
                                            &editor->arena, &text, &diags) != OK) {
        return;
    }
    while (text.len > 0) {
        size_t end = str_find(text, '\n');
        history_push(editor, str_sub(text, 0, end));
        text = str_sub(text, end + 1, text.len);
    }
}

static void history_append(const struct line_editor *editor, struct str line)
{
    if (editor->history_path == NULL || line.len == 0) {
        return;
    }
    AUTO_CLOSE int fd = open(editor->history_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    AUTO_BUF text = {0};
    buf_add(&text, line);
    buf_add_byte(&text, '\n');
    if (fd >= 0 && fd_write_all(fd, buf_str(&text)) != OK) {
        errno = 0;
    }
}

struct line_editor *line_editor_new(
    const char *history_path, line_complete *complete, void *context)
{
    struct line_editor *editor = memory_calloc(1, sizeof *editor);
    editor->complete = complete;
    editor->context = context;
    editor->terminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
    if (history_path != NULL) {
        editor->history_path = arena_cstr(&editor->arena, str_of(history_path));
    }
    if (editor->terminal) {
        history_load(editor);
    }
    return editor;
}

void line_editor_free(struct line_editor *editor)
{
    buf_release(&editor->input);
    buf_release(&editor->line);
    buf_release(&editor->kept);
    buf_release(&editor->killed);
    free(editor->history);
    arena_release(&editor->arena);
    free(editor);
}

static void show(struct str text)
{
    if (fd_write_all(STDOUT_FILENO, text) != OK) {
        errno = 0; /* the terminal is gone: the next read says so */
    }
}

static bool input_more(struct line_editor *editor)
{
    if (editor->input_at == editor->input.len) {
        editor->input.len = editor->input_at = 0;
    }
    ssize_t n;
    do {
        n = read(STDIN_FILENO, buf_reserve(&editor->input, 4096), 4096);
    } while (n < 0 && errno == EINTR);
    editor->closed = n <= 0;
    editor->input.len += n > 0 ? (size_t)n : 0;
    return n > 0;
}

static int byte_read(struct line_editor *editor)
{
    if (editor->input_at == editor->input.len && !input_more(editor)) {
        return KEY_END_OF_INPUT;
    }
    return (unsigned char)editor->input.ptr[editor->input_at++];
}

/* Behind ESC: "[A", "OH", "[1;5C", "[3~", "b". */
static int escape_read(struct line_editor *editor)
{
    static const struct {
        const char *text;
        int key;
    } keys[] = {{"[A", KEY_UP}, {"[B", KEY_DOWN}, {"[C", KEY_RIGHT}, {"[D", KEY_LEFT},
        {"[H", KEY_HOME}, {"[F", KEY_END}, {"OA", KEY_UP}, {"OB", KEY_DOWN}, {"OC", KEY_RIGHT},
        {"OD", KEY_LEFT}, {"OH", KEY_HOME}, {"OF", KEY_END}, {"[1~", KEY_HOME}, {"[7~", KEY_HOME},
        {"[4~", KEY_END}, {"[8~", KEY_END}, {"[3~", KEY_DELETE}, {"[1;5C", KEY_WORD_RIGHT},
        {"[1;5D", KEY_WORD_LEFT}, {"[1;3C", KEY_WORD_RIGHT}, {"[1;3D", KEY_WORD_LEFT},
        {"b", KEY_WORD_LEFT}, {"f", KEY_WORD_RIGHT}};
    char text[16];
    size_t len = 0;
    int c = byte_read(editor);
    bool more = c == '[' || c == 'O';
    while (c < 256 && len + 1 < sizeof text) {
        text[len++] = (char)c;
        bool final = len > 1 && c >= '@' && c <= '~';
        if (!more || final) {
            break;
        }
        c = byte_read(editor);
    }
    text[len] = 0;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(text, keys[i].text) == 0) {
            return keys[i].key;
        }
    }
    return KEY_UNKNOWN;
}

static int key_read(struct line_editor *editor)
{
    int c = byte_read(editor);
    return c == 27 ? escape_read(editor) : c;
}

/* Characters, not bytes. */
static size_t before(const struct line_editor *editor, size_t at)
{
    while (at > 0) {
        at--;
        if (((unsigned char)editor->line.ptr[at] & 0xC0U) != 0x80U) {
            break;
        }
    }
    return at;
}

static size_t behind(const struct line_editor *editor, size_t at)
{
    while (at < editor->line.len) {
        at++;
        if (at == editor->line.len || ((unsigned char)editor->line.ptr[at] & 0xC0U) != 0x80U) {
            break;
        }
    }
    return at;
}

static size_t characters(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += ((unsigned char)text.ptr[i] & 0xC0U) != 0x80U;
    }
    return count;
}

static size_t columns(void)
{
    struct winsize size = {0};
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : COLUMNS_DEFAULT;
}

/* The row anew: as much of the line as fits, with the cursor in sight. */
static void redraw(const struct line_editor *editor)
{
    struct str line = buf_str(&editor->line);
    size_t prompt = characters(str_of(editor->prompt));
    size_t width = columns();
    size_t room = width > prompt + 2 ? width - prompt - 1 : 1;
    size_t from = 0;
    while (characters(str_sub(line, from, editor->cursor)) >= room) {
        from = behind(editor, from);
    }
    size_t to = line.len;
    while (characters(str_sub(line, from, to)) > room) {
        to = before(editor, to);
    }
    AUTO_BUF text = {0};
    buf_printf(&text, "\r%s%.*s\033[K\r\033[%zuC", editor->prompt, STR_ARG(str_sub(line, from, to)),
        prompt + characters(str_sub(line, from, editor->cursor)));
    show(buf_str(&text));
}

static void insert(struct line_editor *editor, struct str text)
{
    (void)buf_reserve(&editor->line, text.len);
    char *at = editor->line.ptr + editor->cursor;
    memmove(at + text.len, at, editor->line.len - editor->cursor);
    if (text.len > 0) {
        memcpy(at, text.ptr, text.len);
    }
    editor->line.len += text.len;
    editor->cursor += text.len;
}

static void cut(struct line_editor *editor, size_t from, size_t to, bool keep)
{
    if (keep && to > from) {
        editor->killed.len = 0;
        buf_add(&editor->killed, str_sub(buf_str(&editor->line), from, to));
    }
    if (to > from) {
        memmove(editor->line.ptr + from, editor->line.ptr + to, editor->line.len - to);
    }
    editor->line.len -= to - from;
    editor->cursor = from;
}

static void line_set(struct line_editor *editor, struct str text)
{
    editor->line.len = 0;
    buf_add(&editor->line, text);
    editor->cursor = text.len;
}

static bool is_word(char c)
{
    return c != ' ' && strchr("()[]{}<>,=:", c) == NULL;
}

static size_t word_left(const struct line_editor *editor)
{
    size_t at = editor->cursor;
    while (at > 0 && !is_word(editor->line.ptr[at - 1])) {
        at--;
    }
    while (at > 0 && is_word(editor->line.ptr[at - 1])) {
        at--;
    }
    return at;
}

static size_t word_right(const struct line_editor *editor)
{
    size_t at = editor->cursor;
    while (at < editor->line.len && !is_word(editor->line.ptr[at])) {
        at++;
    }
    while (at < editor->line.len && is_word(editor->line.ptr[at])) {
        at++;
    }
    return at;
}

static void history_go(struct line_editor *editor, bool up)
{
    if (up ? editor->history_at == 0 : editor->history_at == editor->history_len) {
        return;
    }
    if (editor->history_at == editor->history_len) {
        editor->kept.len = 0;
        buf_add(&editor->kept, buf_str(&editor->line));
    }
    editor->history_at += up ? (size_t)-1 : 1;
    line_set(editor, editor->history_at == editor->history_len
                         ? buf_str(&editor->kept)
                         : editor->history[editor->history_at]);
}

/* The newest line before `from` that holds text, or history_len. */
static size_t history_find(const struct line_editor *editor, struct str text, size_t from)
{
    while (from > 0) {
        from--;
        struct str line = editor->history[from];
        if (text.len == 0 || memmem(line.ptr, line.len, text.ptr, text.len) != NULL) {
            return from;
        }
    }
    return editor->history_len;
}

/* Ctrl-R; gives the key that ended it. */
static int search(struct line_editor *editor)
{
    AUTO_BUF wanted = {0};
    AUTO_BUF prompt = {0};
    const char *saved = editor->prompt;
    size_t found = editor->history_len;
    int key;
    for (;;) {
        prompt.len = 0;
        buf_printf(&prompt, "(search \"%.*s\") ", STR_ARG(buf_str(&wanted)));
        buf_add_byte(&prompt, 0);
        editor->prompt = prompt.ptr;
        redraw(editor);
        key = key_read(editor);
        size_t from = editor->history_len;
        if (key == CONTROL('R')) {
            from = found;
        } else if (key == 127 || key == CONTROL('H')) {
            wanted.len -= wanted.len > 0 ? 1 : 0;
        } else if (key >= ' ' && key < 256) {
            buf_add_byte(&wanted, (uint8_t)key);
        } else {
            break;
        }
        size_t next = history_find(editor, buf_str(&wanted), from);
        if (next < editor->history_len) {
            found = next;
            editor->history_at = next;
            line_set(editor, editor->history[next]);
        }
    }
    editor->prompt = saved;
    return key;
}

static size_t common_len(const struct line_choices *choices)
{
    size_t len = choices->words[0].len;
    for (size_t i = 1; i < choices->count; i++) {
        size_t same = 0;
        while (same < len && same < choices->words[i].len &&
               choices->words[0].ptr[same] == choices->words[i].ptr[same]) {
            same++;
        }
        len = same;
    }
    return len;
}

/* As much as all choices have in common; if that is nothing new, they are shown. */
static void complete(struct line_editor *editor)
{
    struct arena arena = {0};
    struct line_choices choices = {0};
    struct str text = str_sub(buf_str(&editor->line), 0, editor->cursor);
    editor->complete(editor->context, text, &arena, &choices);
    if (choices.count > 0) {
        size_t len = common_len(&choices);
        size_t had = editor->cursor - choices.from;
        cut(editor, choices.from, editor->cursor, false);
        insert(editor, str_sub(choices.words[0], 0, len));
        if (choices.count > 1 && len <= had) {
            AUTO_BUF list = {0};
            buf_add(&list, STR("\r\n"));
            for (size_t i = 0; i < choices.count && i < 100; i++) {
                buf_printf(&list, "%s%.*s", i == 0 ? "" : "  ", STR_ARG(choices.words[i]));
            }
            buf_add(&list, STR("\r\n"));
            show(buf_str(&list));
        }
    }
    arena_release(&arena);
}

/* Keys that move or cut; false if key is none of them. */
static bool key_edit(struct line_editor *editor, int key)
{
    size_t at = editor->cursor;
    switch (key) {
    case KEY_LEFT:
    case CONTROL('B'):
        editor->cursor = before(editor, at);
        return true;
    case KEY_RIGHT:
    case CONTROL('F'):
        editor->cursor = behind(editor, at);
        return true;
    case KEY_HOME:
    case CONTROL('A'):
        editor->cursor = 0;
        return true;
    case KEY_END:
    case CONTROL('E'):
        editor->cursor = editor->line.len;
        return true;
    case KEY_WORD_LEFT:
        editor->cursor = word_left(editor);
        return true;
    case KEY_WORD_RIGHT:
        editor->cursor = word_right(editor);
        return true;
    case KEY_DELETE:
    case CONTROL('D'):
        cut(editor, at, behind(editor, at), false);
        return true;
    case 127:
    case CONTROL('H'):
        cut(editor, before(editor, at), at, false);
        return true;
    case CONTROL('K'):
        cut(editor, at, editor->line.len, true);
        return true;
    case CONTROL('U'):
        cut(editor, 0, at, true);
        return true;
    case CONTROL('W'):
        cut(editor, word_left(editor), at, true);
        return true;
    case CONTROL('Y'):
        insert(editor, buf_str(&editor->killed));
        return true;
    default:
        return false;
    }
}

/* The rest; false if the line is over, *ret_end says how. */
static bool key_take(struct line_editor *editor, int key, enum line_end *ret_end)
{
    if (key == CONTROL('R')) {
        key = search(editor);
    }
    if (key == '\r' || key == '\n') {
        *ret_end = LINE_READ;
        return false;
    }
    if (key == CONTROL('C')) {
        *ret_end = LINE_CANCELLED;
        return false;
    }
    if (key == KEY_END_OF_INPUT || (key == CONTROL('D') && editor->line.len == 0)) {
        *ret_end = LINE_CLOSED;
        return false;
    }
    if (key_edit(editor, key)) {
        return true;
    }
    if (key == KEY_UP || key == KEY_DOWN || key == CONTROL('P') || key == CONTROL('N')) {
        history_go(editor, key == KEY_UP || key == CONTROL('P'));
    } else if (key == '\t') {
        complete(editor);
    } else if (key == CONTROL('L')) {
        show(STR("\033[H\033[2J"));
    } else if (key >= ' ' && key < 256) {
        char byte = (char)key;
        insert(editor, (struct str){.ptr = &byte, .len = 1});
    }
    return true;
}

static enum line_end terminal_read(struct line_editor *editor)
{
    struct termios saved;
    struct termios raw;
    enum line_end end = LINE_CLOSED;
    if (tcgetattr(STDIN_FILENO, &saved) != 0) {
        return LINE_CLOSED;
    }
    raw = saved;
    raw.c_iflag &= ~(tcflag_t)(ICRNL | IXON | BRKINT | INPCK | ISTRIP);
    raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    do {
        redraw(editor);
    } while (key_take(editor, key_read(editor), &end));
    editor->cursor = editor->line.len;
    redraw(editor);
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
    show(end == LINE_CANCELLED ? STR("^C\n") : STR("\n"));
    return end;
}

static enum line_end plain_read(struct line_editor *editor)
{
    int c = byte_read(editor);
    while (c != '\n' && c != KEY_END_OF_INPUT) {
        buf_add_byte(&editor->line, (uint8_t)c);
        c = byte_read(editor);
    }
    return c == KEY_END_OF_INPUT && editor->line.len == 0 ? LINE_CLOSED : LINE_READ;
}

enum line_end line_editor_read(struct line_editor *editor, const char *prompt, struct buf *ret_line)
{
    editor->prompt = prompt;
    editor->line.len = 0;
    editor->cursor = 0;
    editor->history_at = editor->history_len;
    enum line_end end = editor->terminal ? terminal_read(editor) : plain_read(editor);
    ret_line->len = 0;
    if (end == LINE_READ) {
        buf_add(ret_line, buf_str(&editor->line));
        if (editor->terminal) {
            history_push(editor, buf_str(&editor->line));
            history_append(editor, buf_str(&editor->line));
        }
    }
    return end;
}
