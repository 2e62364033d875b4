/* src/cli/dhall_lsp.c: `straylight dhall lsp`: messages in, messages out. */
#include "base/file.h"
#include "cli/lsp.h"
#include "cli/version.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

enum {
    READ_BYTES = 64 * 1024,
    AHEAD_BYTES = 1024 * 1024, /* read before a request is answered, to see if it is cancelled */
    DEPTH_MAX = 128,
    /* JSON-RPC 2.0 and the protocol's own */
    ERROR_PARSE = 32700,
    ERROR_REQUEST = 32600,
    ERROR_METHOD = 32601,
    ERROR_PARAMS = 32602,
    ERROR_NOT_INITIALIZED = 32002,
    ERROR_CANCELLED = 32800,
};
static const struct option_spec options[] = {DHALLING_OPTIONS};

/* --- messages --- */

static enum err message_write(struct lsp *lsp, struct str body)
{
    AUTO_BUF message = {0};
    buf_printf(&message, "Content-Length: %zu\r\n\r\n", body.len);
    buf_add(&message, body);
    enum err err = fd_write_all(STDOUT_FILENO, buf_str(&message));
    return err == OK ? OK : diag_add_errno(&lsp->cli->diags, errno, "cannot answer the editor");
}

static void answer_begin(struct json *json, const struct json_value *id)
{
    json_begin(json, '{');
    json_key_str(json, STR("jsonrpc"), STR("2.0"));
    json_key(json, STR("id"));
    if (id == NULL || id->kind == JSON_NULL) {
        json_null(json);
    } else if (id->kind == JSON_STRING) {
        json_str(json, id->text);
    } else {
        buf_add(json->text, id->text); /* a number, as it was written */
        json->comma = true;
    }
}

static enum err error_answer(
    struct lsp *lsp, const struct json_value *id, unsigned code, struct str message)
{
    AUTO_BUF text = {0};
    struct json json = {.text = &text};
    answer_begin(&json, id);
    json_key(&json, STR("error"));
    json_begin(&json, '{');
    json_key(&json, STR("code"));
    buf_printf(&text, "-%u", code);
    json.comma = true;
    json_key_str(&json, STR("message"), message);
    json_end(&json, '}');
    json_end(&json, '}');
    return message_write(lsp, buf_str(&text));
}

static struct str text_of(const struct json_value *value, const char *key)
{
    const struct json_value *member = json_get(value, key);
    return member != NULL && member->kind == JSON_STRING ? member->text : STR("");
}

/* What is in the buffer of standard input. */
struct input {
    struct buf bytes;
    size_t at; /* before it all is done with */
};

/* More bytes; ERR_ABSENT: there are none. */
static enum err input_read(struct lsp *lsp, struct input *input)
{
    if (input->at > 0) {
        memmove(input->bytes.ptr, input->bytes.ptr + input->at, input->bytes.len - input->at);
        input->bytes.len -= input->at;
        input->at = 0;
    }
    char *space = buf_reserve(&input->bytes, READ_BYTES);
    ssize_t n;
    do {
        n = read(STDIN_FILENO, space, READ_BYTES);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return diag_add_errno(&lsp->cli->diags, errno, "cannot read standard input");
    }
    input->bytes.len += (size_t)n;
    return n == 0 ? ERR_ABSENT : OK;
}

static struct str input_rest(const struct input *input)
{
    return str_sub(buf_str(&input->bytes), input->at, input->bytes.len);
}

/* Content-Length of a header's lines; false: there is none that is a number. */
static bool header_length(struct str header, uint64_t *ret_length)
{
    static const char name[] = "Content-Length:";
    bool found = false;
    while (header.len > 0) {
        struct str line = str_sub(header, 0, str_find(header, '\n'));
        header = str_sub(header, line.len + 1, header.len);
        if (line.len < sizeof name - 1 || strncasecmp(line.ptr, name, sizeof name - 1) != 0) {
            continue;
        }
        line = str_sub(line, sizeof name - 1, line.len);
        *ret_length = 0;
        for (size_t i = 0; i < line.len; i++) {
            char c = line.ptr[i];
            found = found || (c >= '0' && c <= '9');
            if (c >= '0' && c <= '9' && *ret_length <= LSP_MESSAGE_BYTES_MAX) {
                *ret_length = *ret_length * 10 + (uint64_t)(c - '0');
            } else if (c != ' ' && c != '\r') {
                return false;
            }
        }
    }
    return found;
}

static size_t header_end(struct str text)
{
    for (size_t i = 3; i < text.len; i++) {
        if (memcmp(text.ptr + i - 3, "\r\n\r\n", 4) == 0) {
            return i + 1;
        }
    }
    return 0;
}

/* The next message's body, borrowed until the next call. ERR_ABSENT: the end. */
static enum err message_read(struct lsp *lsp, struct input *input, struct str *ret_body)
{
    for (;;) {
        struct str rest = input_rest(input);
        size_t head = header_end(rest);
        uint64_t length = 0;
        if (head == 0 && rest.len > LSP_HEADER_BYTES_MAX) {
            return diag_add(&lsp->cli->diags, ERR_INVALID, SPAN_NONE,
                "a message's header has more than %d bytes", (int)LSP_HEADER_BYTES_MAX);
        }
        if (head > 0 && !header_length(str_sub(rest, 0, head), &length)) {
            return diag_add(
                &lsp->cli->diags, ERR_INVALID, SPAN_NONE, "a message without a Content-Length");
        }
        if (length > LSP_MESSAGE_BYTES_MAX) {
            return diag_add(&lsp->cli->diags, ERR_LIMIT, SPAN_NONE,
                "a message of more than %d bytes", (int)LSP_MESSAGE_BYTES_MAX);
        }
        if (head > 0 && rest.len - head >= length) {
            *ret_body = str_sub(rest, head, head + length);
            input->at += head + length;
            return OK;
        }
        enum err err = input_read(lsp, input);
        if (err != OK) {
            return err;
        }
    }
}

/* Has the editor said more already? Then what is shown can wait. */
static bool input_waits(const struct input *input)
{
    struct pollfd poll_fd = {.fd = STDIN_FILENO, .events = POLLIN};
    return input_rest(input).len > 0 || (poll(&poll_fd, 1, 0) == 1 && poll_fd.revents == POLLIN);
}

/* Takes what has come already, so that a request can be seen to be cancelled by what stands behind
 * it. *body stays the message that was read last, although the buffer moves. */
static enum err input_fill(struct lsp *lsp, struct input *input, struct str *body)
{
    struct pollfd poll_fd = {.fd = STDIN_FILENO, .events = POLLIN};
    size_t begin = (size_t)(body->ptr - input->bytes.ptr);
    while (input->bytes.len - input->at < AHEAD_BYTES && poll(&poll_fd, 1, 0) == 1 &&
           (poll_fd.revents & POLLIN) != 0) {
        char *space = buf_reserve(&input->bytes, READ_BYTES);
        ssize_t n = read(STDIN_FILENO, space, READ_BYTES);
        if (n < 0 && errno != EINTR) {
            return diag_add_errno(&lsp->cli->diags, errno, "cannot read standard input");
        }
        if (n == 0) {
            break;
        }
        input->bytes.len += n > 0 ? (size_t)n : 0;
    }
    body->ptr = input->bytes.ptr + begin;
    return OK;
}

static bool is_same_id(const struct json_value *a, const struct json_value *b)
{
    return a != NULL && a->kind == b->kind && str_eq(a->text, b->text);
}

/* Does one of the messages that wait say $/cancelRequest of id? */
static bool is_cancelled(const struct input *input, const struct json_value *id)
{
    struct str rest = input_rest(input);
    bool cancelled = false;
    for (size_t head; !cancelled && (head = header_end(rest)) > 0;) {
        uint64_t length = 0;
        if (!header_length(str_sub(rest, 0, head), &length) || rest.len - head < length) {
            break;
        }
        struct str body = str_sub(rest, head, head + length);
        rest = str_sub(rest, head + length, rest.len);
        struct arena arena = {0};
        struct json_value message;
        if (memmem(body.ptr, body.len, "$/cancelRequest", strlen("$/cancelRequest")) != NULL &&
            json_parse_within(body, DEPTH_MAX, LSP_MESSAGE_BYTES_MAX, &arena, &message, NULL) ==
                OK &&
            str_eq(text_of(&message, "method"), STR("$/cancelRequest"))) {
            cancelled = is_same_id(json_get(json_get(&message, "params"), "id"), id);
        }
        arena_release(&arena);
    }
    return cancelled;
}

/* --- the life of documents --- */

static enum err diagnostics_tell(struct lsp *lsp, const struct lsp_document *document)
{
    AUTO_BUF text = {0};
    struct json json = {.text = &text};
    struct lsp_question question;
    lsp_question_begin(lsp, &question);
    json_begin(&json, '{');
    json_key_str(&json, STR("jsonrpc"), STR("2.0"));
    json_key_str(&json, STR("method"), STR("textDocument/publishDiagnostics"));
    json_key(&json, STR("params"));
    lsp_diagnostics(&question, document, &json);
    json_end(&json, '}');
    lsp_question_end(&question);
    return message_write(lsp, buf_str(&text));
}

static enum err changes_tell(struct lsp *lsp)
{
    enum err err = OK;
    for (struct lsp_document *at = lsp->documents; at != NULL && err == OK; at = at->next) {
        if (at->changed) {
            at->changed = false;
            err = diagnostics_tell(lsp, at);
        }
    }
    return err;
}

static enum err document_closed(struct lsp *lsp, struct str uri)
{
    AUTO_BUF text = {0};
    struct json json = {.text = &text};
    if (lsp_document_find(lsp, uri) == NULL) {
        return OK;
    }
    lsp_document_close(lsp, uri);
    json_begin(&json, '{');
    json_key_str(&json, STR("jsonrpc"), STR("2.0"));
    json_key_str(&json, STR("method"), STR("textDocument/publishDiagnostics"));
    json_key(&json, STR("params"));
    json_begin(&json, '{');
    json_key_str(&json, STR("uri"), uri);
    json_key(&json, STR("diagnostics"));
    json_begin(&json, '[');
    json_end(&json, ']');
    json_end(&json, '}');
    json_end(&json, '}');
    return message_write(lsp, buf_str(&text));
}

/* What is no request: nothing is answered, whatever it is. */
static enum err notification(struct lsp *lsp, struct str method, const struct json_value *params)
{
    const struct json_value *document = json_get(params, "textDocument");
    struct str uri = text_of(document, "uri");
    enum err err = OK;
    if (str_eq(method, STR("textDocument/didOpen"))) {
        err = lsp_document_set(lsp, uri, text_of(document, "text"));
    } else if (str_eq(method, STR("textDocument/didChange"))) {
        const struct lsp_document *changed = lsp_document_find(lsp, uri);
        if (changed != NULL) {
            err = lsp_document_change(lsp, changed, json_get(params, "contentChanges"));
        }
    } else if (str_eq(method, STR("textDocument/didSave")) ||
               str_eq(method, STR("workspace/didChangeWatchedFiles"))) {
        for (struct lsp_document *at = lsp->documents; at != NULL; at = at->next) {
            at->changed = true; /* others may import it */
        }
    } else if (str_eq(method, STR("textDocument/didClose"))) {
        return document_closed(lsp, uri);
    }
    return err == OK || err == ERR_LIMIT ? OK : err; /* a document that we do not serve */
}

/* --- requests --- */

static void strings_write(struct json *json, struct str key, const char *const *texts, size_t count)
{
    json_key(json, key);
    json_begin(json, '[');
    for (size_t i = 0; i < count; i++) {
        json_str(json, str_of(texts[i]));
    }
    json_end(json, ']');
}

static void initialize(const struct lsp *lsp, struct json *json)
{
    static const char *const triggers[] = {".", "/", ":", "\""};
    static const char *const actions[] = {"quickfix", "source.fixAll", "source.format"};
    json_begin(json, '{');
    json_key(json, STR("capabilities"));
    json_begin(json, '{');
    json_key_str(json, STR("positionEncoding"), lsp_encoding_name(lsp->encoding));
    json_key(json, STR("textDocumentSync"));
    json_begin(json, '{');
    json_key_bool(json, STR("openClose"), true);
    json_key_number(json, STR("change"), 2); /* ranges */
    json_key_bool(json, STR("save"), true);
    json_end(json, '}');
    json_key_bool(json, STR("hoverProvider"), true);
    json_key_bool(json, STR("definitionProvider"), true);
    json_key_bool(json, STR("documentFormattingProvider"), true);
    json_key_bool(json, STR("documentSymbolProvider"), true);
    json_key_bool(json, STR("referencesProvider"), true);
    json_key(json, STR("renameProvider"));
    json_begin(json, '{');
    json_key_bool(json, STR("prepareProvider"), true);
    json_end(json, '}');
    json_key(json, STR("completionProvider"));
    json_begin(json, '{');
    strings_write(json, STR("triggerCharacters"), triggers, sizeof triggers / sizeof triggers[0]);
    json_end(json, '}');
    json_key(json, STR("codeActionProvider"));
    json_begin(json, '{');
    strings_write(json, STR("codeActionKinds"), actions, sizeof actions / sizeof actions[0]);
    json_end(json, '}');
    json_end(json, '}');
    json_key(json, STR("serverInfo"));
    json_begin(json, '{');
    json_key_str(json, STR("name"), STR("straylight"));
    json_key_str(json, STR("version"), STR(STRAYLIGHT_VERSION));
    json_end(json, '}');
    json_end(json, '}');
}

static const struct {
    const char *method;
    void (*answer)(struct lsp_question *question, const struct lsp_document *document,
        const struct json_value *params, struct json *json);
} answers[] = {
    {"textDocument/hover", lsp_hover},
    {"textDocument/definition", lsp_definition},
    {"textDocument/completion", lsp_completion},
    {"textDocument/formatting", lsp_formatting},
    {"textDocument/codeAction", lsp_code_action},
    {"textDocument/documentSymbol", lsp_symbols},
    {"textDocument/references", lsp_references},
    {"textDocument/prepareRename", lsp_prepare_rename},
    {"textDocument/rename", lsp_rename},
};

/* The result of a request; false: nobody knows the method. */
static bool result_write(struct lsp *lsp, struct str method, const struct json_value *params,
    struct json *json, struct buf *refused)
{
    if (str_eq(method, STR("initialize"))) {
        lsp->initialized = true;
        lsp->encoding = lsp_encoding_choose(params);
        initialize(lsp, json);
        return true;
    }
    if (str_eq(method, STR("shutdown"))) {
        lsp->shut_down = true;
        json_null(json);
        return true;
    }
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        if (!str_eq(method, str_of(answers[i].method))) {
            continue;
        }
        struct str uri = text_of(json_get(params, "textDocument"), "uri");
        const struct lsp_document *document = lsp_document_find(lsp, uri);
        struct lsp_question question;
        lsp_question_begin(lsp, &question);
        if (document == NULL) {
            json_null(json);
        } else {
            answers[i].answer(&question, document, params, json);
        }
        buf_add(refused, question.refused);
        lsp_question_end(&question);
        return true;
    }
    return false;
}

static enum err request(struct lsp *lsp, const struct json_value *id, struct str method,
    const struct json_value *params)
{
    if (!lsp->initialized && !str_eq(method, STR("initialize"))) {
        return error_answer(lsp, id, ERROR_NOT_INITIALIZED, STR("initialize comes first"));
    }
    if (lsp->shut_down) {
        return error_answer(lsp, id, ERROR_REQUEST, STR("the server is shut down"));
    }
    if (lsp->initialized && str_eq(method, STR("initialize"))) {
        return error_answer(lsp, id, ERROR_REQUEST, STR("initialize comes once"));
    }
    AUTO_BUF text = {0};
    AUTO_BUF refused = {0};
    struct json json = {.text = &text};
    answer_begin(&json, id);
    json_key(&json, STR("result"));
    if (!result_write(lsp, method, params, &json, &refused)) {
        return error_answer(lsp, id, ERROR_METHOD, STR("this method is not known here"));
    }
    if (refused.len > 0) {
        return error_answer(lsp, id, ERROR_PARAMS, buf_str(&refused));
    }
    json_end(&json, '}');
    return message_write(lsp, buf_str(&text));
}

/* One message. *ret_exit: it was `exit`. */
static enum err message_handle(
    struct lsp *lsp, const struct input *input, struct str body, bool *ret_exit)
{
    struct arena arena = {0};
    struct json_value message = {.kind = JSON_NULL};
    enum err err =
        json_parse_within(body, DEPTH_MAX, LSP_MESSAGE_BYTES_MAX, &arena, &message, NULL);
    if (err != OK) {
        err = error_answer(lsp, NULL, ERROR_PARSE, STR("this is no JSON, or too much of it"));
    } else if (message.kind != JSON_OBJECT) {
        err = error_answer(lsp, NULL, ERROR_REQUEST, STR("a message is an object"));
    } else {
        const struct json_value *id = json_get(&message, "id");
        const struct json_value *params = json_get(&message, "params");
        struct str method = text_of(&message, "method");
        bool is_id = id != NULL && (id->kind == JSON_STRING || id->kind == JSON_NUMBER);
        *ret_exit = id == NULL && str_eq(method, STR("exit"));
        if (is_id && method.len > 0 && is_cancelled(input, id)) {
            err = error_answer(lsp, id, ERROR_CANCELLED, STR("it was cancelled"));
        } else if (id != NULL && method.len > 0) {
            err = is_id ? request(lsp, id, method, params)
                        : error_answer(lsp, NULL, ERROR_REQUEST, STR("no such id"));
        } else if (method.len > 0 && lsp->initialized) {
            err = notification(lsp, method, params);
        } /* else it is an answer; we ask nothing */
    }
    arena_release(&arena);
    return err;
}

static enum cli_status lsp_run(struct cli *cli)
{
    struct lsp lsp = {.cli = cli};
    struct input input = {.at = 0};
    bool exits = false;
    enum err err = OK;
    while (err == OK && !exits) {
        struct str body = STR("");
        if (!input_waits(&input)) {
            err = changes_tell(&lsp);
        }
        err = err == OK ? message_read(&lsp, &input, &body) : err;
        err = err == OK ? input_fill(&lsp, &input, &body) : err;
        err = err == OK ? message_handle(&lsp, &input, body, &exits) : err;
    }
    buf_release(&input.bytes);
    lsp_documents_free(&lsp);
    if (err != OK && err != ERR_ABSENT) {
        return cli_status_of(err);
    }
    return lsp.shut_down ? CLI_DONE : CLI_FAILED; /* as the protocol wants it */
}

const struct command command_dhall_lsp = {
    .spec = {.name = "dhall lsp",
        .operands = "",
        .summary = "serve an editor: the Language Server Protocol",
        .about = "An editor starts it and speaks to it over standard input and output. It knows\n"
                 "mistakes with their place, types on hover, where names are bound, what may be\n"
                 "written at the cursor (fields, names, paths, labels of targets in BUILD.dhall),\n"
                 "and how to format, lint and freeze.",
        .options = options,
        .option_count = sizeof options / sizeof options[0]},
    .run = lsp_run,
};
