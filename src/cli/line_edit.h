/* src/cli/line_edit.h: one line from a terminal, edited as Emacs and readline users expect.
 *
 *   prompt> text before the cursor | text behind it        one row; a longer line scrolls sideways
 *
 * Arrows, Home, End, Delete, Ctrl-A E B F D H K U W Y L P N, Ctrl-R (search backwards), Alt-B F,
 * Tab. Where standard input is no terminal, lines are read as they come and nothing is shown. */
#ifndef CLI_LINE_EDIT_H
#define CLI_LINE_EDIT_H
#include "base/buf.h"
#include "base/diag.h"

/* What Tab offers for the text before the cursor: words that replace its bytes from `from` on, in
 * arena. */
struct line_choices {
    size_t from;
    struct str *words;
    size_t count;
};
typedef void line_complete(
    void *context, struct str before, struct arena *arena, struct line_choices *ret_choices);

struct line_editor;
/* history_path: read now, and each line is added to it; NULL: nothing is kept. Copied. */
struct line_editor *line_editor_new(
    const char *history_path, line_complete *complete, void *context);
void line_editor_free(struct line_editor *editor);
enum line_end {
    LINE_READ,      /* ret_line has it, without the newline */
    LINE_CANCELLED, /* Ctrl-C */
    LINE_CLOSED,    /* Ctrl-D on an empty line, or the end of the input */
};
enum line_end line_editor_read(
    struct line_editor *editor, const char *prompt, struct buf *ret_line);
#endif
