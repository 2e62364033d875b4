/* src/cli/lsp.h: the language server (Language Server Protocol 3.17, over standard input and
 * output).
 *
 *   dhall_lsp.c     messages: framing, what is asked, answers
 *   lsp_document.c  the open documents, diagnostics
 *   lsp_position.c  positions, changes of a document
 *   lsp_answer.c    hover, definition, completion, formatting, actions
 *   lsp_name.c      symbols, references, rename
 *
 *   documents: uri -> path, text         a session of the language for each question: what is
 *                                        imported may have changed on disk or in another document
 *
 * A position in the protocol is a line and a number of code units, of UTF-16 unless the editor asks
 * for UTF-8 or UTF-32; here it is a byte. */
#ifndef CLI_LSP_H
#define CLI_LSP_H
#include "cli/dhalling.h"
#include "codec/json.h"
#include "codec/json_read.h"
#include "dhall/assist.h"

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
enum lsp_encoding {
    LSP_UTF_16, /* what is spoken if nothing is said */
    LSP_UTF_8,
    LSP_UTF_32,
};
struct lsp {
    struct cli *cli;
    enum lsp_encoding encoding;     /* of positions */
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
    bool is_open;       /* dhalling is */
    struct str refused; /* why there is no answer; empty: there is one */
};

/* lsp_document.c */
/* The document of a uri, or NULL. */
struct lsp_document *lsp_document_find(struct lsp *lsp, struct str uri);
/* Opens it, or gives it new text. ERR_LIMIT: too many, or the uri is no file's. */
enum err lsp_document_set(struct lsp *lsp, struct str uri, struct str text);
void lsp_document_close(struct lsp *lsp, struct str uri);
void lsp_documents_free(struct lsp *lsp);
/* lsp_position.c */
/* A byte of text for a position (clamped to its line), and back. */
uint32_t lsp_offset(const struct lsp *lsp, struct str text, const struct json_value *position);
void lsp_range_write(const struct lsp *lsp, struct json *json, struct str key, struct str text,
    uint32_t begin, uint32_t end);
/* didChange: the changes one after the other; each is of a range, or a whole text. ERR_LIMIT: the
 * text would be longer than a message may be. */
enum err lsp_document_change(
    struct lsp *lsp, const struct lsp_document *document, const struct json_value *changes);
/* The first of capabilities.general.positionEncodings that is spoken here. */
enum lsp_encoding lsp_encoding_choose(const struct json_value *initialize_params);
struct str lsp_encoding_name(enum lsp_encoding encoding);

/* lsp_document.c */
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

/* lsp_name.c, as lsp_answer.c */
void lsp_symbols(struct lsp_question *question, const struct lsp_document *document,
    const struct json_value *params, struct json *json);
void lsp_references(struct lsp_question *question, const struct lsp_document *document,
    const struct json_value *params, struct json *json);
void lsp_prepare_rename(struct lsp_question *question, const struct lsp_document *document,
    const struct json_value *params, struct json *json);
/* What is wrong with the new name is told in question->refused. */
void lsp_rename(struct lsp_question *question, const struct lsp_document *document,
    const struct json_value *params, struct json *json);
struct dhall_assist lsp_assist_of(
    struct lsp_question *question, const struct lsp_document *document);
#endif
