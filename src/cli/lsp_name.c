/* src/cli/lsp_name.c: the names that a document binds. */
#include "cli/lsp.h"
#include "dhall/print.h"

enum {
    SYMBOL_VARIABLE = 13, /* SymbolKind */
};

void lsp_symbols(struct lsp_question *question, const struct lsp_document *document,
    const struct json_value *params, struct json *json)
{
    (void)params;
    struct dhall_assist assist = lsp_assist_of(question, document);
    struct dhall_symbol *symbols = NULL;
    size_t count = 0;
    enum err err = dhall_assist_symbols(&assist, &symbols, &count);
    json_begin(json, '[');
    for (size_t i = 0; err == OK && i < count; i++) {
        json_begin(json, '{');
        json_key_str(json, STR("name"), symbols[i].text.len > 0 ? symbols[i].text : STR("``"));
        if (symbols[i].type.len > 0) {
            json_key_str(json, STR("detail"), symbols[i].type);
        }
        json_key_number(json, STR("kind"), SYMBOL_VARIABLE);
        lsp_range_write(question->lsp, json, STR("range"), document->text, symbols[i].span.begin,
            symbols[i].span.end);
        lsp_range_write(question->lsp, json, STR("selectionRange"), document->text,
            symbols[i].name.begin, symbols[i].name.end);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static uint32_t asked_offset(const struct lsp_question *question,
    const struct lsp_document *document, const struct json_value *params)
{
    return lsp_offset(question->lsp, document->text, json_get(params, "position"));
}

void lsp_references(struct lsp_question *question, const struct lsp_document *document,
    const struct json_value *params, struct json *json)
{
    struct dhall_assist assist = lsp_assist_of(question, document);
    struct dhall_reference *references = NULL;
    size_t count = 0;
    const struct json_value *declares = json_get(json_get(params, "context"), "includeDeclaration");
    bool without = declares != NULL && declares->kind == JSON_FALSE;
    uint32_t offset = asked_offset(question, document, params);
    if (dhall_assist_references(&assist, offset, &references, &count) != OK) {
        json_null(json);
        return;
    }
    json_begin(json, '[');
    for (size_t i = without ? 1 : 0; i < count; i++) {
        json_begin(json, '{');
        json_key_str(json, STR("uri"), document->uri);
        lsp_range_write(question->lsp, json, STR("range"), document->text, references[i].span.begin,
            references[i].span.end);
        json_end(json, '}');
    }
    json_end(json, ']');
}

void lsp_prepare_rename(struct lsp_question *question, const struct lsp_document *document,
    const struct json_value *params, struct json *json)
{
    struct dhall_assist assist = lsp_assist_of(question, document);
    struct dhall_reference *references = NULL;
    size_t count = 0;
    uint32_t offset = asked_offset(question, document, params);
    enum err err = dhall_assist_references(&assist, offset, &references, &count);
    for (size_t i = 0; err == OK && i < count; i++) {
        struct span span = references[i].span;
        if (span.begin <= offset && offset <= span.end) {
            json_begin(json, '{');
            lsp_range_write(
                question->lsp, json, STR("range"), document->text, span.begin, span.end);
            json_key_str(json, STR("placeholder"), str_sub(document->text, span.begin, span.end));
            json_end(json, '}');
            return;
        }
    }
    json_null(json);
}

/* Quoted labels are printable ASCII without backticks (dhall.abnf, quoted-label). */
static bool is_label(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] < ' ' || name.ptr[i] > '~' || name.ptr[i] == '`') {
            return false;
        }
    }
    return true;
}

void lsp_rename(struct lsp_question *question, const struct lsp_document *document,
    const struct json_value *params, struct json *json)
{
    struct dhall_assist assist = lsp_assist_of(question, document);
    struct dhall_reference *references = NULL;
    size_t count = 0;
    const struct json_value *given = json_get(params, "newName");
    struct str name = given != NULL && given->kind == JSON_STRING ? given->text : STR("");
    if (name.len >= 2 && name.ptr[0] == '`' && name.ptr[name.len - 1] == '`') {
        name = str_sub(name, 1, name.len - 1);
    }
    if (name.len == 0 || !is_label(name)) {
        question->refused = STR("this cannot be a name");
        return;
    }
    AUTO_BUF label = {0};
    dhall_print_label(name, true, &label);
    uint32_t offset = asked_offset(question, document, params);
    enum err err = dhall_assist_rename(&assist, offset, buf_str(&label), &references, &count);
    if (err != OK) {
        question->refused = err == ERR_ABSENT
                                ? STR("nothing is bound here that has a name")
                                : STR("with this name something would mean something else, or "
                                      "the text does not parse");
        return;
    }
    json_begin(json, '{');
    json_key(json, STR("changes"));
    json_begin(json, '{');
    json_key(json, document->uri);
    json_begin(json, '[');
    for (size_t i = 0; i < count; i++) {
        struct span span = references[i].span;
        struct str old = str_sub(document->text, span.begin, span.end);
        struct str text = references[i].is_pun ? arena_printf(&question->arena, "%.*s = %.*s",
                                                     STR_ARG(old), (int)label.len, label.ptr)
                                               : buf_str(&label);
        json_begin(json, '{');
        lsp_range_write(question->lsp, json, STR("range"), document->text, span.begin, span.end);
        json_key_str(json, STR("newText"), text);
        json_end(json, '}');
    }
    json_end(json, ']');
    json_end(json, '}');
    json_end(json, '}');
}
