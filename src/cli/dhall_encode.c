/* src/cli/dhall_encode.c: `straylight dhall encode` and `decode`: an expression as it is written,
 * imports unresolved, to its CBOR (or that as JSON) and back. */
#include "cli/dhalling.h"
#include "dhall/encode.h"
#include "dhall/encode_json.h"
#include "dhall/parse.h"

enum {
    CODE_JSON = DHALLING_OPTION_COUNT,
    DECODE_QUIET,
};
static const struct option_spec encode_options[] = {
    DHALLING_OPTIONS,
    [CODE_JSON] = {.name = "json", .kind = OPTION_FLAG, .help = "print the CBOR as JSON"},
};
static const struct option_spec decode_options[] = {
    DHALLING_OPTIONS,
    [CODE_JSON] = {.name = "json", .kind = OPTION_FLAG, .help = "read the CBOR as JSON"},
    [DECODE_QUIET] = {.name = "quiet",
        .kind = OPTION_FLAG,
        .help = "print nothing: the exit status says if it decodes"},
};

static enum err input_encode(struct dhalling *dhalling, struct buf *ret_bytes)
{
    struct cli *cli = dhalling->cli;
    struct dhall_terms terms;
    dhall_terms_init(&terms, dhall_tool_labels(dhalling->dhall), 0);
    dhall_term term = {0};
    uint32_t source = sources_add(cli->sources, dhalling->name, dhalling->text);
    enum err err =
        dhall_tool_parse(dhalling->dhall, &terms, source, dhalling->text, &term, &cli->diags);
    if (err == OK) {
        dhall_encode(&terms, term, ret_bytes);
    }
    dhall_terms_release(&terms);
    return err;
}

static enum cli_status encode_run(struct cli *cli)
{
    struct dhalling dhalling;
    AUTO_BUF bytes = {0};
    AUTO_BUF text = {0};
    dhalling_open(cli, &dhalling);
    enum err err = dhalling_input(&dhalling);
    if (err == OK) {
        err = input_encode(&dhalling, &bytes);
    }
    if (err == OK && cli->args.values[CODE_JSON].given) {
        err = dhall_cbor_to_json(buf_str(&bytes), &text, &cli->diags);
        buf_add_byte(&text, '\n');
        cli_print(err == OK ? buf_str(&text) : STR(""));
    } else if (err == OK) {
        cli_print(buf_str(&bytes));
    }
    return dhalling_end(&dhalling, err);
}

const struct command command_dhall_encode = {
    .spec = {.name = "dhall encode",
        .operands = "[FILE]",
        .summary = "encode a Dhall expression as CBOR, imports unresolved",
        .about = "With --json the CBOR is printed as JSON: byte strings (hashes, Bytes literals)\n"
                 "in base64url, decimal fractions (of a Time) as [exponent, mantissa]. What has\n"
                 "no JSON (NaN, Infinity) is an error.",
        .options = encode_options,
        .option_count = sizeof encode_options / sizeof encode_options[0],
        .operand_kind = OPERAND_FILE,
        .operand_max = 1},
    .run = encode_run,
};

/* CBOR can name what text cannot: a label that is not printable ASCII, a part of a path with a
 * quote in it. Then there is no text, rather than one that is another expression or none. */
static enum err text_check(
    struct dhalling *dhalling, const struct dhall_terms *terms, dhall_term term, struct str text)
{
    struct diags *diags = &dhalling->cli->diags;
    struct dhall_terms read;
    AUTO_BUF want = {0};
    AUTO_BUF got = {0};
    dhall_terms_init(&read, dhall_tool_labels(dhalling->dhall), 0);
    dhall_term again = {0};
    uint32_t source = sources_add(dhalling->cli->sources, STR("(decoded)"), text);
    enum err err = dhall_tool_parse(dhalling->dhall, &read, source, text, &again, diags);
    bool same = false;
    if (err == OK) {
        dhall_encode(terms, term, &want);
        dhall_encode(&read, again, &got);
        same = str_eq(buf_str(&want), buf_str(&got));
    }
    dhall_terms_release(&read);
    if ((err == OK && !same) || err == ERR_INVALID) {
        err = diag_add(diags, ERR_INVALID, SPAN_NONE,
            "%.*s is an expression that cannot be written as text", STR_ARG(dhalling->name));
        diag_help(diags, "decode --quiet takes it, and so does the semantic cache");
    }
    return err;
}

static enum cli_status decode_run(struct cli *cli)
{
    struct dhalling dhalling;
    AUTO_BUF bytes = {0};
    AUTO_BUF text = {0};
    dhalling_open(cli, &dhalling);
    struct dhall_terms terms;
    dhall_terms_init(&terms, dhall_tool_labels(dhalling.dhall), 0);
    dhall_term term = {0};
    enum err err = dhalling_input(&dhalling);
    struct str input = dhalling.text;
    if (err == OK && cli->args.values[CODE_JSON].given) {
        err = dhall_cbor_of_json(
            input, sources_add(cli->sources, dhalling.name, input), &bytes, &cli->diags);
        input = buf_str(&bytes);
    }
    if (err == OK) {
        err = dhall_decode(&terms, input, &term, &cli->diags);
        if (err != OK) {
            err = diag_add(&cli->diags, err, SPAN_NONE, "%.*s is no Dhall expression in CBOR",
                STR_ARG(dhalling.name));
        }
    }
    if (err == OK && !cli->args.values[DECODE_QUIET].given) {
        struct dhall_print_options options = {.ascii = cli->args.values[DHALLING_ASCII].given};
        dhall_print(&terms, term, &options, &text);
        buf_add_byte(&text, '\n');
        err = text_check(&dhalling, &terms, term, buf_str(&text));
        dhalling_print(cli, err == OK ? buf_str(&text) : STR(""));
    }
    dhall_terms_release(&terms);
    return dhalling_end(&dhalling, err);
}

const struct command command_dhall_decode = {
    .spec = {.name = "dhall decode",
        .operands = "[FILE]",
        .summary = "print the Dhall expression that CBOR encodes",
        .options = decode_options,
        .option_count = sizeof decode_options / sizeof decode_options[0],
        .operand_kind = OPERAND_FILE,
        .operand_max = 1},
    .run = decode_run,
};
