/* src/cli/lsp.h: the language server (Language Server Protocol 3.17, over standard input and
 * output).
 *
 *   dhall_lsp.c     messages: framing, what is asked, answers
 *   lsp_document.c  the open documents, positions, diagnostics
 *   lsp_answer.c    hover, definition, completion, formatting, actions
 *
 *   documents: uri -> path, text         a session of the language for each question: what is
 *                                        imported may have changed on disk or in another document
 *
 * A position in the protocol is a line and a number of UTF-16 code units; here it is a byte. */
#ifndef CLI_LSP_H
#define CLI_LSP_H
#include "cli/dhalling.h"
#include "codec/json.h"
#include "codec/json_read.h"

enum {
    LSP_MESSAGE_BYTES_MAX = 64 * 1024 * 1024,
    LSP_HEADER_BYTES_MAX = 4096,
    LSP_DOCUMENTS_MAX = 1000,
};
struct lsp_document {
    struct lsp_document *next;
    struct str uri, path; /* owned, as is text; path is absolute */
    struct str text;
    bool changed; /* since its diagnostics were told */
};
struct lsp {
    struct cli *cli;
    struct lsp_document *documents; /* owned */
    size_t document_count;
    bool initialized, shut_down;
};
/* One question: everything of it lies in arena. */
struct lsp_question {
    struct lsp *lsp;
    struct arena arena;
    struct sources *sources;
    struct diags diags;
    struct cli
        cli; /* as the session's commands see it: same options, arena and sources of its own */
    struct dhalling dhalling;
    bool is_open; /* dhalling is */
};

/* lsp_document.c */
/* The document of a uri, or NULL. */
struct lsp_document *lsp_document_find(struct lsp *lsp, struct str uri);
/* Opens it, or gives it new text. ERR_LIMIT: too many, or the uri is no file's. */
enum err lsp_document_set(struct lsp *lsp, struct str uri, struct str text);
void lsp_document_close(struct lsp *lsp, struct str uri);
void lsp_documents_free(struct lsp *lsp);
/* A byte of text for a position (clamped to its line), and back. */
uint32_t lsp_offset(struct str text, const struct json_value *position);
void lsp_position_write(struct json *json, struct str key, struct str text, uint32_t offset);
void lsp_range_write(
    struct json *json, struct str key, struct str text, uint32_t begin, uint32_t end);
/* file:///a%20b <-> /a b; ERR_INVALID for other schemes. In arena. */
enum err lsp_path_of(struct str uri, struct arena *arena, struct str *ret_path);
struct str lsp_uri_of(struct str path, struct arena *arena);
void lsp_question_begin(struct lsp *lsp, struct lsp_question *ret_question);
void lsp_question_end(struct lsp_question *question);
/* The session, made at the first call. */
struct dhall *lsp_session(struct lsp_question *question);
/* The parameters of textDocument/publishDiagnostics. */
void lsp_diagnostics(
    struct lsp_question *question, const struct lsp_document *document, struct json *json);
/* Folder of a path. */
struct str lsp_dir_of(struct str path);

/* lsp_answer.c: each writes one JSON value, the result. */
void lsp_hover(struct lsp_question *question, const struct lsp_document *document,
    const struct json_value *params, struct json *json);
void lsp_definition(struct lsp_question *question, const struct lsp_document *document,
    const struct json_value *params, struct json *json);
void lsp_completion(struct lsp_question *question, const struct lsp_document *document,
    const struct json_value *params, struct json *json);
void lsp_formatting(struct lsp_question *question, const struct lsp_document *document,
    const struct json_value *params, struct json *json);
void lsp_code_action(struct lsp_question *question, const struct lsp_document *document,
    const struct json_value *params, struct json *json);
#endif
