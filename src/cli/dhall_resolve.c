/* src/cli/dhall_resolve.c: `straylight dhall resolve`: what an expression imports. */
#include "cli/dhalling.h"
#include "dhall/parse.h"

enum {
    RESOLVE_DOT = DHALLING_OPTION_COUNT,
    RESOLVE_IMMEDIATE,
    RESOLVE_TRANSITIVE,
};
static const struct option_spec options[] = {
    DHALLING_OPTIONS,
    [RESOLVE_DOT] = {.name = "dot",
        .kind = OPTION_FLAG,
        .help = "print the graph of imports for Graphviz"},
    [RESOLVE_IMMEDIATE] = {.name = "immediate-dependencies",
        .kind = OPTION_FLAG,
        .help = "list the imports that the expression names itself"},
    [RESOLVE_TRANSITIVE] = {.name = "transitive-dependencies",
        .kind = OPTION_FLAG,
        .help = "list all imports, what is imported before what imports it"},
};

static void import_print(
    struct dhall_terms *terms, const struct dhall_import *import, struct buf *ret_text)
{
    struct dhall_print_options options_line = {.layout = DHALL_PRINT_ONE_LINE, .ascii = true};
    struct dhall_import plain = *import;
    plain.headers = (dhall_term){0};
    dhall_print(terms, dhall_import_add(terms, &plain, SPAN_NONE), &options_line, ret_text);
}

/* In the order in which they stand in the text. Nothing is read but that. */
static enum err immediate_print(struct dhalling *dhalling, struct buf *ret_text)
{
    struct cli *cli = dhalling->cli;
    struct dhall_terms terms;
    dhall_terms_init(&terms, dhall_tool_labels(dhalling->dhall), 0);
    dhall_term root = {0};
    uint32_t source = sources_add(cli->sources, dhalling->name, dhalling->text);
    enum err err =
        dhall_tool_parse(dhalling->dhall, &terms, source, dhalling->text, &root, &cli->diags);
    uint32_t len = terms.len;
    for (uint32_t row = 1; err == OK && row < len; row++) {
        if (terms.rows[row].kind == DHALL_IMPORT) {
            struct dhall_import import = terms.imports[terms.rows[row].a];
            import_print(&terms, &import, ret_text);
            buf_add_byte(ret_text, '\n');
        }
    }
    dhall_terms_release(&terms);
    return err;
}

static void dot_quote(struct str text, struct buf *ret_text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\') {
            buf_add_byte(ret_text, '\\');
        }
        buf_add_byte(ret_text, (uint8_t)text.ptr[i]);
    }
}

static void dot_print(struct dhall_terms *terms, struct str name,
    const struct dhall_tool_import *imports, size_t count, struct buf *ret_text)
{
    buf_printf(ret_text, "strict digraph G {\nrankdir=\"LR\";\n");
    for (size_t i = 0; i < count; i++) {
        AUTO_BUF label = {0};
        if (i + 1 == count) {
            buf_add(&label, name);
        } else {
            import_print(terms, &imports[i].self, &label);
        }
        buf_printf(ret_text, "u%zu [label=\"", i);
        dot_quote(buf_str(&label), ret_text);
        buf_printf(ret_text, "\",shape=\"box\",style=\"rounded\"];\n");
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < imports[i].read_count; j++) {
            buf_printf(ret_text, "u%zu -> u%u;\n", i, imports[i].reads[j]);
        }
    }
    buf_printf(ret_text, "}\n");
}

static enum err graph_print(struct dhalling *dhalling, bool dot, struct buf *ret_text)
{
    const struct dhall_tool_import *imports = NULL;
    size_t count = 0;
    enum err err = dhall_tool_graph(dhalling->dhall, dhalling->name, dhalling->dir, dhalling->text,
        &imports, &count, &dhalling->cli->diags);
    struct dhall_terms terms;
    dhall_terms_init(&terms, dhall_tool_labels(dhalling->dhall), 0);
    if (err == OK && dot) {
        dot_print(&terms, dhalling->name, imports, count, ret_text);
    }
    for (size_t i = 0; err == OK && !dot && i + 1 < count; i++) {
        import_print(&terms, &imports[i].self, ret_text);
        buf_add_byte(ret_text, '\n');
    }
    dhall_terms_release(&terms);
    return err;
}

static enum err resolved_print(struct dhalling *dhalling, struct buf *ret_text)
{
    struct dhall_terms terms;
    dhall_terms_init(&terms, dhall_tool_labels(dhalling->dhall), 0);
    dhall_term term = {0};
    enum err err = dhall_tool_resolve(dhalling->dhall, dhalling->name, dhalling->dir,
        dhalling->text, &terms, &term, &dhalling->cli->diags);
    if (err == OK) {
        struct dhall_print_options options_lines = {.ascii = dhalling->ascii};
        dhall_print(&terms, term, &options_lines, ret_text);
        buf_add_byte(ret_text, '\n');
    }
    dhall_terms_release(&terms);
    return err;
}

static enum cli_status resolve_run(struct cli *cli)
{
    const struct option_value *values = cli->args.values;
    static const unsigned forms[] = {RESOLVE_DOT, RESOLVE_IMMEDIATE, RESOLVE_TRANSITIVE};
    if (dhalling_exclude(cli, forms, 3) != OK) {
        return CLI_MISUSE;
    }
    struct dhalling dhalling;
    AUTO_BUF text = {0};
    dhalling_open(cli, &dhalling);
    enum err err = dhalling_input(&dhalling);
    if (err == OK && values[RESOLVE_IMMEDIATE].given) {
        err = immediate_print(&dhalling, &text);
    } else if (err == OK && (values[RESOLVE_DOT].given || values[RESOLVE_TRANSITIVE].given)) {
        err = graph_print(&dhalling, values[RESOLVE_DOT].given, &text);
    } else if (err == OK) {
        err = resolved_print(&dhalling, &text);
    }
    if (err == OK && !values[RESOLVE_DOT].given) {
        dhalling_print(cli, buf_str(&text));
    } else if (err == OK) {
        cli_print(buf_str(&text));
    }
    return dhalling_end(&dhalling, err);
}

const struct command command_dhall_resolve = {
    .spec = {.name = "dhall resolve",
        .operands = "[FILE]",
        .summary = "replace the imports of a Dhall expression by what they hold",
        .about = "The expression stays as it is written; each import becomes its normal form, of\n"
                 "each ? the side that was taken stays.",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .operand_kind = OPERAND_FILE,
        .operand_max = 1},
    .run = resolve_run,
};
