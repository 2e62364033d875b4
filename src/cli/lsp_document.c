/* src/cli/lsp_document.c */
#include "cli/lsp.h"
#include "dhall/inspect.h"
#include "dhall/lint.h"
#include <stdlib.h>

/* --- documents --- */

struct lsp_document *lsp_document_find(struct lsp *lsp, struct str uri)
{
    for (struct lsp_document *at = lsp->documents; at != NULL; at = at->next) {
        if (str_eq(at->uri, uri)) {
            return at;
        }
    }
    return NULL;
}

static struct str heap_copy(struct str text)
{
    char *copy = memory_alloc(text.len + 1);
    if (text.len > 0) {
        memcpy(copy, text.ptr, text.len);
    }
    copy[text.len] = '\0';
    return (struct str){.ptr = copy, .len = text.len};
}

static void heap_free(struct str text)
{
    free((void *)(uintptr_t)text.ptr);
}

enum err lsp_document_set(struct lsp *lsp, struct str uri, struct str text)
{
    struct lsp_document *document = lsp_document_find(lsp, uri);
    if (document == NULL) {
        struct arena arena = {0};
        struct str path;
        if (lsp->document_count == LSP_DOCUMENTS_MAX || lsp_path_of(uri, &arena, &path) != OK) {
            arena_release(&arena);
            return ERR_LIMIT;
        }
        document = memory_calloc(1, sizeof *document);
        document->uri = heap_copy(uri);
        document->path = heap_copy(path);
        document->next = lsp->documents;
        lsp->documents = document;
        lsp->document_count++;
        arena_release(&arena);
    }
    heap_free(document->text);
    document->text = heap_copy(text);
    document->changed = true;
    return OK;
}

static void document_free(struct lsp_document *document)
{
    heap_free(document->uri);
    heap_free(document->path);
    heap_free(document->text);
    free(document);
}

void lsp_document_close(struct lsp *lsp, struct str uri)
{
    for (struct lsp_document **at = &lsp->documents; *at != NULL; at = &(*at)->next) {
        if (str_eq((*at)->uri, uri)) {
            struct lsp_document *document = *at;
            *at = document->next;
            lsp->document_count--;
            document_free(document);
            return;
        }
    }
}

void lsp_documents_free(struct lsp *lsp)
{
    while (lsp->documents != NULL) {
        struct lsp_document *next = lsp->documents->next;
        document_free(lsp->documents);
        lsp->documents = next;
    }
}

/* --- uris --- */

static int hex_value(char c)
{
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

enum err lsp_path_of(struct str uri, struct arena *arena, struct str *ret_path)
{
    if (!str_starts(uri, STR("file:///"))) {
        return ERR_INVALID;
    }
    AUTO_BUF path = {0};
    for (size_t i = 7; i < uri.len; i++) {
        int high = uri.ptr[i] == '%' && i + 2 < uri.len ? hex_value(uri.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex_value(uri.ptr[i + 2]) : -1;
        bool escape = low >= 0;
        int byte = escape ? high * 16 + low : (unsigned char)uri.ptr[i];
        if (byte == 0) {
            return ERR_INVALID;
        }
        buf_add_byte(&path, (uint8_t)byte);
        i += escape ? 2 : 0;
    }
    *ret_path = arena_str(arena, buf_str(&path));
    return OK;
}

struct str lsp_uri_of(struct str path, struct arena *arena)
{
    AUTO_BUF uri = {0};
    buf_add(&uri, STR("file://"));
    for (size_t i = 0; i < path.len; i++) {
        char c = path.ptr[i];
        bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
                     (c != '\0' && strchr("/-._~", c) != NULL);
        if (plain) {
            buf_add_byte(&uri, (uint8_t)c);
        } else {
            buf_printf(&uri, "%%%02X", (unsigned char)c);
        }
    }
    return arena_str(arena, buf_str(&uri));
}

struct str lsp_dir_of(struct str path)
{
    size_t slash = str_find_last(path, '/');
    return slash == 0 || slash == path.len ? STR("/") : str_sub(path, 0, slash);
}

/* --- questions --- */

void lsp_question_begin(struct lsp *lsp, struct lsp_question *ret_question)
{
    *ret_question = (struct lsp_question){.lsp = lsp, .sources = sources_new()};
    diags_init(&ret_question->diags, &ret_question->arena, ret_question->sources);
}

void lsp_question_end(struct lsp_question *question)
{
    if (question->is_open) {
        dhalling_close(&question->dhalling);
        arena_release(&question->cli.arena);
    }
    sources_free(question->sources);
    arena_release(&question->arena);
}

static bool document_overlay(void *context, struct str path, struct str *ret_text)
{
    const struct lsp *lsp = context;
    for (const struct lsp_document *at = lsp->documents; at != NULL; at = at->next) {
        if (str_eq(at->path, path)) {
            *ret_text = at->text;
            return true;
        }
    }
    return false;
}

struct dhall *lsp_session(struct lsp_question *question)
{
    if (!question->is_open) {
        question->cli = *question->lsp->cli;
        question->cli.arena = (struct arena){0};
        question->cli.sources = question->sources;
        diags_init(&question->cli.diags, &question->arena, question->sources);
        dhalling_open(&question->cli, &question->dhalling);
        question->dhalling.overlay = document_overlay;
        question->dhalling.overlay_context = question->lsp;
        question->is_open = true;
    }
    return question->dhalling.dhall;
}

/* --- diagnostics --- */

enum {
    SEVERITY_ERROR = 1,
    SEVERITY_HINT = 4,
    TAG_UNNECESSARY = 1,
};

static void diagnostic_write(const struct lsp *lsp, struct json *json, struct str text,
    struct span span, unsigned severity, struct str message, bool unnecessary)
{
    json_begin(json, '{');
    lsp_range_write(lsp, json, STR("range"), text, span.begin, span.end);
    json_key_number(json, STR("severity"), severity);
    json_key_str(json, STR("source"), STR("straylight"));
    json_key_str(json, STR("message"), message);
    if (unnecessary) {
        json_key(json, STR("tags"));
        json_begin(json, '[');
        json_number(json, TAG_UNNECESSARY);
        json_end(json, ']');
    }
    json_end(json, '}');
}

/* One story: it is told at its first cause, or where in the document that was imported. */
static void story_write(struct lsp_question *question, const struct lsp_document *document,
    const struct diag *head, struct json *json)
{
    const struct diag *first = head;
    const struct diag *at = NULL;
    for (const struct diag *diag = head; diag != NULL; diag = diag->cause) {
        bool here = str_eq(sources_name(question->sources, diag->span.source), document->path);
        at = here ? diag : at;
        first = diag;
    }
    AUTO_BUF message = {0};
    buf_add(&message, first->text);
    if (at != first && first->span.source != 0) {
        struct position position =
            sources_position(question->sources, first->span.source, first->span.begin);
        struct str name = sources_name(question->sources, first->span.source);
        buf_printf(&message, "\n%.*s:%u:%u", STR_ARG(name), position.line, position.column);
    }
    if (first->help.len > 0) {
        buf_printf(&message, "\n%.*s", STR_ARG(first->help));
    }
    if (str_ends(first->text, STR("/toolchains.dhall does not exist"))) {
        buf_add(&message, STR("\nit is written by: straylight toolchain add cc"));
    }
    diagnostic_write(question->lsp, json, document->text, at == NULL ? SPAN_NONE : at->span,
        SEVERITY_ERROR, buf_str(&message), false);
}

static void stories_write(
    struct lsp_question *question, const struct lsp_document *document, struct json *json)
{
    const struct diag *head = question->diags.newest;
    while (head != NULL) {
        story_write(question, document, head, json);
        while (head->cause != NULL) {
            head = head->cause;
        }
        head = head->older;
    }
}

static void findings_write(
    struct lsp_question *question, const struct lsp_document *document, struct json *json)
{
    struct dhall_finding *findings = NULL;
    size_t count = 0;
    struct diags diags; /* what does not parse has been told */
    diags_init(&diags, &question->arena, NULL);
    if (dhall_lint(document->text, 0, &question->arena, &findings, &count, &diags) == OK) {
        for (size_t i = 0; i < count; i++) {
            diagnostic_write(question->lsp, json, document->text, findings[i].span, SEVERITY_HINT,
                findings[i].text, findings[i].unused);
        }
    }
}

void lsp_diagnostics(
    struct lsp_question *question, const struct lsp_document *document, struct json *json)
{
    enum err err = dhall_check(lsp_session(question), document->path, lsp_dir_of(document->path),
        document->text, &question->diags);
    json_begin(json, '{');
    json_key_str(json, STR("uri"), document->uri);
    json_key(json, STR("diagnostics"));
    json_begin(json, '[');
    if (err != OK) {
        stories_write(question, document, json);
    }
    findings_write(question, document, json);
    json_end(json, ']');
    json_end(json, '}');
}
