/* src/cli/lsp_answer.c */
#include "base/env.h"
#include "base/file.h"
#include "build/workspace.h"
#include "cli/lsp.h"
#include "dhall/format.h"
#include "dhall/freeze.h"
#include "dhall/lint.h"
#include "dhall/parse.h"
#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    LABELS_BYTES_MAX = 4 * 1024 * 1024,
    ENTRIES_MAX = 10000, /* of a folder, in one completion */
    /* CompletionItemKind */
    ITEM_FIELD = 5,
    ITEM_VARIABLE = 6,
    ITEM_KEYWORD = 14,
    ITEM_FILE = 17,
    ITEM_REFERENCE = 18,
    ITEM_FOLDER = 19,
    ITEM_ALTERNATIVE = 20,
    ITEM_CONSTANT = 21,
};

struct dhall_assist lsp_assist_of(
    struct lsp_question *question, const struct lsp_document *document)
{
    return (struct dhall_assist){.dhall = lsp_session(question),
        .name = document->path,
        .dir = lsp_dir_of(document->path),
        .text = document->text,
        .arena = &question->arena,
        .diags = &question->diags};
}

void lsp_hover(struct lsp_question *question, const struct lsp_document *document,
    const struct json_value *params, struct json *json)
{
    struct dhall_assist assist = lsp_assist_of(question, document);
    struct dhall_hover hover;
    uint32_t offset = lsp_offset(question->lsp, document->text, json_get(params, "position"));
    if (dhall_assist_hover(&assist, offset, &hover) != OK) {
        json_null(json);
        return;
    }
    AUTO_BUF value = {0};
    if (hover.brief.len > 0) {
        buf_printf(&value, "```dhall\n%.*s\n```\n\n", STR_ARG(hover.brief));
    }
    buf_printf(&value, "```dhall\n%.*s\n```", STR_ARG(hover.type));
    json_begin(json, '{');
    json_key(json, STR("contents"));
    json_begin(json, '{');
    json_key_str(json, STR("kind"), STR("markdown"));
    json_key_str(json, STR("value"), buf_str(&value));
    json_end(json, '}');
    lsp_range_write(
        question->lsp, json, STR("range"), document->text, hover.span.begin, hover.span.end);
    json_end(json, '}');
}

/* --- definition --- */

/* The path of a local import, with its dots; empty: it is none. */
static struct str import_path(
    const struct dhall_import *import, struct str dir, struct arena *arena)
{
    AUTO_BUF path = {0};
    const char *home = env_get("HOME");
    switch (import->scheme) {
    case DHALL_ABSOLUTE:
        break;
    case DHALL_HERE:
        buf_add(&path, dir);
        break;
    case DHALL_PARENT:
        buf_printf(&path, "%.*s/..", STR_ARG(dir));
        break;
    case DHALL_HOME:
        buf_add(&path, str_of(home == NULL ? "" : home));
        break;
    default:
        return STR("");
    }
    for (uint32_t i = 0; i < import->path_len; i++) {
        buf_printf(&path, "/%.*s", STR_ARG(import->path[i]));
    }
    return arena_str(arena, buf_str(&path));
}

/* Without "." and ".." (as the language does it: textually). */
static struct str path_clean(struct str path, struct arena *arena)
{
    AUTO_BUF clean = {0};
    while (path.len > 0) {
        size_t slash = str_find(path, '/');
        struct str part = str_sub(path, 0, slash);
        path = str_sub(path, slash + 1, path.len);
        if (str_eq(part, STR(".."))) {
            size_t last = str_find_last(buf_str(&clean), '/');
            clean.len = last < clean.len ? last : 0;
        } else if (part.len > 0 && !str_eq(part, STR("."))) {
            buf_printf(&clean, "/%.*s", STR_ARG(part));
        }
    }
    return arena_str(arena, buf_str(&clean));
}

void lsp_definition(struct lsp_question *question, const struct lsp_document *document,
    const struct json_value *params, struct json *json)
{
    struct dhall_assist assist = lsp_assist_of(question, document);
    struct dhall_definition definition;
    uint32_t offset = lsp_offset(question->lsp, document->text, json_get(params, "position"));
    struct str path = STR("");
    bool found = dhall_assist_definition(&assist, offset, &definition) == OK;
    if (found && definition.import != NULL) {
        path = import_path(definition.import, assist.dir, &question->arena);
        path = path_clean(path, &question->arena);
        found = path.len > 0;
    }
    if (!found) {
        json_null(json);
        return;
    }
    struct str uri = path.len > 0 ? lsp_uri_of(path, &question->arena) : document->uri;
    struct span span = path.len > 0 ? SPAN_NONE : definition.span;
    json_begin(json, '{');
    json_key_str(json, STR("uri"), uri);
    lsp_range_write(question->lsp, json, STR("range"), document->text, span.begin, span.end);
    json_end(json, '}');
}

/* --- completion --- */

struct items {
    const struct lsp *lsp;
    struct json *json;
    struct str text; /* of the document */
    uint32_t begin, offset;
};

static void item_write(
    const struct items *items, unsigned kind, struct str label, struct str detail, struct str text)
{
    struct json *json = items->json;
    json_begin(json, '{');
    json_key_str(json, STR("label"), label);
    json_key_number(json, STR("kind"), kind);
    if (detail.len > 0) {
        json_key_str(json, STR("detail"), detail);
    }
    json_key(json, STR("textEdit"));
    json_begin(json, '{');
    lsp_range_write(items->lsp, json, STR("range"), items->text, items->begin, items->offset);
    json_key_str(json, STR("newText"), text);
    json_end(json, '}');
    json_end(json, '}');
}

static void proposals_write(const struct items *items, const struct dhall_completion *completion)
{
    static const unsigned kinds[] = {
        [DHALL_PROPOSE_FIELD] = ITEM_FIELD,
        [DHALL_PROPOSE_ALTERNATIVE] = ITEM_ALTERNATIVE,
        [DHALL_PROPOSE_VARIABLE] = ITEM_VARIABLE,
        [DHALL_PROPOSE_BUILTIN] = ITEM_CONSTANT,
        [DHALL_PROPOSE_KEYWORD] = ITEM_KEYWORD,
    };
    for (size_t i = 0; i < completion->count; i++) {
        const struct dhall_proposal *proposal = &completion->proposals[i];
        AUTO_BUF written = {0};
        if (proposal->kind == DHALL_PROPOSE_KEYWORD || proposal->kind == DHALL_PROPOSE_BUILTIN ||
            dhall_is_simple_label(proposal->text)) {
            buf_add(&written, proposal->text);
        } else {
            buf_printf(&written, "`%.*s`", STR_ARG(proposal->text));
        }
        item_write(
            items, kinds[proposal->kind], proposal->text, proposal->detail, buf_str(&written));
    }
}

/* Is the entry of dir the file that is edited, whatever its name is? */
static bool is_itself(
    DIR *dir, const char *name, const struct lsp_document *document, struct arena *arena)
{
    struct stat entry, own;
    return fstatat(dirfd(dir), name, &entry, 0) == 0 &&
           stat(arena_cstr(arena, document->path), &own) == 0 && entry.st_dev == own.st_dev &&
           entry.st_ino == own.st_ino;
}

/* Entries of the folder that what was typed ends in: folders, and files that may be imported. */
static void paths_write(
    struct lsp_question *question, const struct items *items, const struct lsp_document *document)
{
    struct str typed = str_sub(items->text, items->begin, items->offset);
    size_t slash = str_find_last(typed, '/');
    struct str folder = str_sub(typed, 0, slash + 1);
    AUTO_BUF path = {0};
    if (str_starts(typed, STR("~/"))) {
        const char *home = env_get("HOME");
        buf_printf(
            &path, "%s%.*s", home == NULL ? "" : home, STR_ARG(str_sub(folder, 1, folder.len)));
    } else if (str_starts(typed, STR("/"))) {
        buf_add(&path, folder);
    } else if (str_starts(typed, STR("."))) {
        buf_printf(&path, "%.*s/%.*s", STR_ARG(lsp_dir_of(document->path)), STR_ARG(folder));
    } else {
        return; /* a URL */
    }
    DIR *dir = opendir(arena_cstr(&question->arena, buf_str(&path)));
    const struct dirent *entry;
    for (size_t i = 0; dir != NULL && i < ENTRIES_MAX && (entry = readdir(dir)) != NULL; i++) {
        struct str name = str_of(entry->d_name);
        bool is_folder = entry->d_type == DT_DIR;
        if (name.ptr[0] == '.' || !(is_folder || str_ends(name, STR(".dhall"))) ||
            is_itself(dir, entry->d_name, document, &question->arena)) {
            continue;
        }
        struct str text = arena_printf(
            &question->arena, "%.*s%.*s%s", STR_ARG(folder), STR_ARG(name), is_folder ? "/" : "");
        item_write(items, is_folder ? ITEM_FOLDER : ITEM_FILE, text, STR(""), text);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

/* What `straylight complete labels PREFIX` prints in a folder. A process of its own: it locks and
 * reads the graph of the workspace, which may be at work. */
static struct str labels_ask(struct str folder, struct str prefix, struct arena *arena)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return STR("");
    }
    char program[] = "straylight", complete[] = "complete", labels[] = "labels";
    struct str word = arena_str(arena, prefix);
    char *copy = arena_alloc(arena, word.len + 1);
    memcpy(copy, word.ptr, word.len + 1);
    char *const argv[] = {program, complete, labels, copy, NULL};
    posix_spawn_file_actions_t actions;
    pid_t child = -1;
    (void)posix_spawn_file_actions_init(&actions);
    bool ready = posix_spawn_file_actions_addchdir_np(&actions, arena_cstr(arena, folder)) == 0 &&
                 posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) == 0 &&
                 posix_spawn_file_actions_adddup2(&actions, fds[1], 1) == 0 &&
                 posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) == 0 &&
                 posix_spawn(&child, "/proc/self/exe", &actions, NULL, argv, environ) == 0;
    (void)posix_spawn_file_actions_destroy(&actions);
    fd_close(&fds[1]);
    char *text = arena_alloc(arena, LABELS_BYTES_MAX);
    ssize_t len = ready ? fd_read_full(fds[0], text, LABELS_BYTES_MAX) : 0;
    fd_close(&fds[0]);
    if (ready) {
        (void)waitpid(child, NULL, 0);
    }
    return (struct str){.ptr = text, .len = len < 0 ? 0 : (size_t)len};
}

static void labels_write(
    struct lsp_question *question, const struct items *items, const struct lsp_document *document)
{
    struct str typed = str_sub(items->text, items->begin, items->offset);
    if (!str_ends(document->path, STR("/" PACKAGE_FILE)) ||
        !(str_starts(typed, STR(":")) || str_starts(typed, STR("/")))) {
        return;
    }
    struct str text = labels_ask(lsp_dir_of(document->path), typed, &question->arena);
    while (text.len > 0) {
        struct str label = str_sub(text, 0, str_find(text, '\n'));
        text = str_sub(text, label.len + 1, text.len);
        item_write(items, ITEM_REFERENCE, label, STR("target"), label);
    }
}

void lsp_completion(struct lsp_question *question, const struct lsp_document *document,
    const struct json_value *params, struct json *json)
{
    struct dhall_assist assist = lsp_assist_of(question, document);
    struct dhall_completion completion;
    uint32_t offset = lsp_offset(question->lsp, document->text, json_get(params, "position"));
    bool found = dhall_assist_complete(&assist, offset, &completion) == OK;
    struct items items = {.lsp = question->lsp,
        .json = json,
        .text = document->text,
        .begin = completion.begin,
        .offset = offset};
    json_begin(json, '[');
    if (found && completion.in_path) {
        paths_write(question, &items, document);
    } else if (found && completion.in_text) {
        labels_write(question, &items, document);
    } else if (found) {
        proposals_write(&items, &completion);
    }
    json_end(json, ']');
}

/* --- formatting --- */

static void edit_write(
    const struct lsp *lsp, struct json *json, struct str text, const struct dhall_edit *edit)
{
    json_begin(json, '{');
    lsp_range_write(lsp, json, STR("range"), text, edit->begin, edit->end);
    json_key_str(json, STR("newText"), edit->text);
    json_end(json, '}');
}

void lsp_formatting(struct lsp_question *question, const struct lsp_document *document,
    const struct json_value *params, struct json *json)
{
    (void)params;
    AUTO_BUF text = {0};
    if (dhall_format(document->text, 0, DHALL_CHARSET_AS_WRITTEN, &text, &question->diags) != OK) {
        json_null(json);
        return;
    }
    json_begin(json, '[');
    if (!str_eq(buf_str(&text), document->text)) {
        struct dhall_edit edit = {.end = (uint32_t)document->text.len, .text = buf_str(&text)};
        edit_write(question->lsp, json, document->text, &edit);
    }
    json_end(json, ']');
}

/* --- actions --- */

/* Up to the edits, which the caller writes; then action_end. */
static void action_begin(
    struct json *json, struct str title, struct str kind, const struct lsp_document *document)
{
    json_begin(json, '{');
    json_key_str(json, STR("title"), title);
    json_key_str(json, STR("kind"), kind);
    json_key(json, STR("edit"));
    json_begin(json, '{');
    json_key(json, STR("changes"));
    json_begin(json, '{');
    json_key(json, document->uri);
    json_begin(json, '[');
}

static void action_end(struct json *json)
{
    json_end(json, ']');
    json_end(json, '}');
    json_end(json, '}');
    json_end(json, '}');
}

static bool meets(struct span span, uint32_t begin, uint32_t end)
{
    return span.begin <= end && begin <= span.end;
}

static void lint_actions_write(struct lsp_question *question, const struct lsp_document *document,
    uint32_t begin, uint32_t end, bool fixes, bool all, struct json *json)
{
    struct dhall_finding *findings = NULL;
    size_t count = 0;
    enum err err =
        dhall_lint(document->text, 0, &question->arena, &findings, &count, &question->diags);
    if (err != OK || count == 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (fixes && meets(findings[i].span, begin, end)) {
            struct str title =
                arena_printf(&question->arena, "Correct: %.*s", STR_ARG(findings[i].text));
            action_begin(json, title, STR("quickfix"), document);
            edit_write(question->lsp, json, document->text, &findings[i].edit);
            action_end(json);
        }
    }
    if (!all) {
        return;
    }
    action_begin(json, STR("Lint the file"), STR("source.fixAll"), document);
    for (size_t i = 0; i < count; i++) {
        edit_write(question->lsp, json, document->text, &findings[i].edit);
    }
    action_end(json);
}

/* Is there a remote import without a hash? */
static bool is_unfrozen(
    struct lsp_question *question, struct str text, uint32_t begin, uint32_t end)
{
    struct dhall_labels labels;
    struct dhall_terms terms;
    dhall_term root;
    bool found = false;
    dhall_labels_init(&labels);
    dhall_terms_init(&terms, &labels, 0);
    if (dhall_parse(&terms, 0, text, &root, &question->diags) == OK) {
        for (uint32_t i = 1; i < terms.len; i++) {
            const struct dhall_row *row = &terms.rows[i];
            const struct dhall_import *import =
                row->kind == DHALL_IMPORT ? &terms.imports[row->a] : NULL;
            bool remote =
                import != NULL && (import->scheme == DHALL_HTTP || import->scheme == DHALL_HTTPS);
            found = found || (remote && !import->has_hash && import->mode != DHALL_AS_LOCATION &&
                                 meets(dhall_span_of(&terms, (dhall_term){i}), begin, end));
        }
    }
    dhall_terms_release(&terms);
    dhall_labels_release(&labels);
    return found;
}

static void freeze_action_write(struct lsp_question *question, const struct lsp_document *document,
    uint32_t begin, uint32_t end, struct json *json)
{
    if (!is_unfrozen(question, document->text, begin, end)) {
        return; /* nothing is fetched for a question that nobody asked */
    }
    struct dhall_freeze freeze = {.missing_only = true};
    struct dhall_freeze_edit *edits = NULL;
    size_t count = 0;
    enum err err =
        dhall_freeze_text(lsp_session(question), document->path, lsp_dir_of(document->path),
            document->text, 0, &freeze, &question->arena, &edits, &count, &question->diags);
    if (err != OK || count == 0) {
        return;
    }
    action_begin(json, STR("Freeze remote imports"), STR("quickfix"), document);
    for (size_t i = 0; i < count; i++) {
        edit_write(question->lsp, json, document->text, &edits[i].edit);
    }
    action_end(json);
}

/* Does the editor want actions of a kind? context.only: kinds, each with all below it. */
static bool wants(const struct json_value *params, struct str kind)
{
    const struct json_value *only = json_get(json_get(params, "context"), "only");
    if (only == NULL || only->kind != JSON_ARRAY) {
        return true;
    }
    for (size_t i = 0; i < only->count; i++) {
        struct str asked = only->items[i].text;
        if (only->items[i].kind == JSON_STRING && str_starts(kind, asked) &&
            (kind.len == asked.len || asked.len == 0 || kind.ptr[asked.len] == '.')) {
            return true;
        }
    }
    return false;
}

static void format_action_write(
    struct lsp_question *question, const struct lsp_document *document, struct json *json)
{
    AUTO_BUF text = {0};
    if (dhall_format(document->text, 0, DHALL_CHARSET_AS_WRITTEN, &text, &question->diags) != OK ||
        str_eq(buf_str(&text), document->text)) {
        return;
    }
    struct dhall_edit edit = {.end = (uint32_t)document->text.len, .text = buf_str(&text)};
    action_begin(json, STR("Format the file"), STR("source.format"), document);
    edit_write(question->lsp, json, document->text, &edit);
    action_end(json);
}

void lsp_code_action(struct lsp_question *question, const struct lsp_document *document,
    const struct json_value *params, struct json *json)
{
    const struct json_value *range = json_get(params, "range");
    uint32_t begin = lsp_offset(question->lsp, document->text, json_get(range, "start"));
    uint32_t end = lsp_offset(question->lsp, document->text, json_get(range, "end"));
    bool fixes = wants(params, STR("quickfix"));
    json_begin(json, '[');
    lint_actions_write(
        question, document, begin, end, fixes, wants(params, STR("source.fixAll")), json);
    if (fixes) {
        freeze_action_write(question, document, begin, end, json);
    }
    if (wants(params, STR("source.format"))) {
        format_action_write(question, document, json);
    }
    json_end(json, ']');
}
