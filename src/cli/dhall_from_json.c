/* src/cli/dhall_from_json.c: `straylight dhall from-json` and `from-yaml`. */
#include "cli/dhalling.h"
#include "codec/yaml_read.h"
#include "dhall/from_json.h"

enum {
    FROM_OUTPUT = DHALLING_OPTION_COUNT,
    FROM_RECORDS_STRICT,
    FROM_RECORDS_LOOSE,
    FROM_NO_KEYVAL_ARRAYS,
    FROM_NO_KEYVAL_MAPS,
    FROM_OMISSIBLE_LISTS,
    FROM_UNIONS_FIRST,
    FROM_UNIONS_NONE,
    FROM_UNIONS_STRICT,
    FROM_VERSION,
    FROM_DEPTH_MAX = 1000,
};
static const struct option_spec options[] = {
    DHALLING_OPTIONS,
    [FROM_OUTPUT] = {.name = "output",
        .kind = OPTION_TEXT,
        .value = "FILE",
        .help = "write to FILE, not standard output"},
    [FROM_RECORDS_STRICT] = {.name = "records-strict",
        .kind = OPTION_FLAG,
        .help = "refuse fields that the type does not have, which is the default"},
    [FROM_RECORDS_LOOSE] = {.name = "records-loose",
        .kind = OPTION_FLAG,
        .help = "leave out fields that the type does not have"},
    [FROM_NO_KEYVAL_ARRAYS] = {.name = "no-keyval-arrays",
        .kind = OPTION_FLAG,
        .help = "make no records of arrays of { \"key\": ..., \"value\": ... }"},
    [FROM_NO_KEYVAL_MAPS] = {.name = "no-keyval-maps",
        .kind = OPTION_FLAG,
        .help = "make no lists of { mapKey, mapValue } of objects"},
    [FROM_OMISSIBLE_LISTS] = {.name = "omissible-lists",
        .kind = OPTION_FLAG,
        .help = "take a list that is not there for an empty one"},
    [FROM_UNIONS_FIRST] = {.name = "unions-first",
        .kind = OPTION_FLAG,
        .help = "take the first alternative of a union that fits, which is the default"},
    [FROM_UNIONS_NONE] = {.name = "unions-none", .kind = OPTION_FLAG, .help = "allow no unions"},
    [FROM_UNIONS_STRICT] = {.name = "unions-strict",
        .kind = OPTION_FLAG,
        .help = "refuse what several alternatives of a union fit"},
    DHALLING_VERSION_OPTION(FROM_VERSION),
};

/* What is wrong with the JSON at byte `at`, as far as what stands before and there tells. */
static const char *json_why(struct str text, size_t at, struct arena *arena)
{
    struct json_value value;
    size_t first = 0;
    while (first < text.len && memchr(" \t\r\n", text.ptr[first], 4) != NULL) {
        first++;
    }
    if (first == text.len) {
        return "there is no JSON: the input is empty";
    }
    if (json_parse_within(str_sub(text, 0, at), FROM_DEPTH_MAX, SIZE_MAX, arena, &value, NULL) ==
        OK) {
        return "not JSON: something stands behind the value";
    }
    return at >= text.len ? "not JSON: it ends before the value does" : "not JSON";
}

static enum err input_parse(struct dhalling *dhalling, bool is_yaml, struct json_value *ret_value)
{
    struct cli *cli = dhalling->cli;
    size_t at = 0;
    const char *why = "not JSON";
    uint32_t source = sources_add(cli->sources, dhalling->name, dhalling->text);
    enum err err =
        is_yaml ? yaml_parse(dhalling->text, FROM_DEPTH_MAX, &cli->arena, ret_value, &at, &why)
                : json_parse_within(
                      dhalling->text, FROM_DEPTH_MAX, SIZE_MAX, &cli->arena, ret_value, &at);
    if (err == OK) {
        return OK;
    }
    if (!is_yaml && err == ERR_INVALID) {
        why = json_why(dhalling->text, at, &cli->arena);
    }
    struct span span = {.source = source, .begin = (uint32_t)at, .end = (uint32_t)at + 1};
    return err == ERR_LIMIT && !is_yaml
               ? diag_add(&cli->diags, err, span, "it is nested deeper than %d", FROM_DEPTH_MAX)
               : diag_add(&cli->diags, err, span, "%s", why);
}

/* The value of the type that is given, or inferred where text is empty. */
static enum err type_load(struct dhalling *dhalling, struct str text, const struct json_value *json,
    const struct dhall_value **ret_type)
{
    struct cli *cli = dhalling->cli;
    struct dhall_loaded loaded;
    if (text.len == 0) {
        text = dhall_type_of_json(json, &cli->arena);
    }
    enum err err =
        dhall_load_text(dhalling->dhall, STR("(type)"), STR("."), text, &loaded, &cli->diags);
    if (err != OK) {
        return err;
    }
    struct str kind = dhall_value_show(dhalling->dhall, loaded.type, 100, &cli->arena);
    if (!str_eq(kind, STR("Type"))) {
        return diag_add(&cli->diags, ERR_INVALID, SPAN_NONE, "%.*s is no type: it is a %.*s",
            STR_ARG(text), STR_ARG(kind));
    }
    *ret_type = loaded.value;
    return OK;
}

static enum err value_show(struct dhalling *dhalling, const struct dhall_value *type,
    const struct json_value *json, struct buf *ret_text)
{
    const struct option_value *values = dhalling->cli->args.values;
    struct dhall_from_json_options from = {
        .records_loose = values[FROM_RECORDS_LOOSE].given && !values[FROM_RECORDS_STRICT].given,
        .no_keyval_arrays = values[FROM_NO_KEYVAL_ARRAYS].given,
        .no_keyval_maps = values[FROM_NO_KEYVAL_MAPS].given,
        .omissible_lists = values[FROM_OMISSIBLE_LISTS].given,
        .unions = values[FROM_UNIONS_NONE].given     ? DHALL_UNIONS_NONE
                  : values[FROM_UNIONS_STRICT].given ? DHALL_UNIONS_STRICT
                                                     : DHALL_UNIONS_FIRST,
    };
    struct dhall_terms terms;
    dhall_terms_init(&terms, dhall_tool_labels(dhalling->dhall), 0);
    dhall_term term = {0};
    enum err err =
        dhall_from_json(dhalling->dhall, type, json, &from, &terms, &term, &dhalling->cli->diags);
    if (err == OK) {
        struct dhall_print_options print = {.ascii = dhalling->ascii};
        dhall_print(&terms, term, &print, ret_text);
        buf_add_byte(ret_text, '\n');
    }
    dhall_terms_release(&terms);
    return err;
}

static enum cli_status from_run(struct cli *cli, bool is_yaml)
{
    struct option_value file = cli->args.values[DHALLING_FILE];
    struct str type_text = str_of(cli->args.operand_count > 0 ? cli->args.operands[0] : "");
    bool type_only = str_eq(type_text, STR("type"));
    struct dhalling dhalling;
    struct json_value json;
    const struct dhall_value *type = NULL;
    AUTO_BUF text = {0};
    static const unsigned records[] = {FROM_RECORDS_STRICT, FROM_RECORDS_LOOSE};
    static const unsigned unions[] = {FROM_UNIONS_FIRST, FROM_UNIONS_NONE, FROM_UNIONS_STRICT};
    if (cli->args.values[FROM_VERSION].given) {
        return dhalling_version_print();
    }
    if (dhalling_exclude(cli, records, 2) != OK || dhalling_exclude(cli, unions, 3) != OK) {
        return CLI_MISUSE;
    }
    dhalling_open(cli, &dhalling);
    enum err err = dhalling_read(&dhalling, file.given ? arena_cstr(&cli->arena, file.text) : NULL);
    dhalling.ascii = cli->args.values[DHALLING_ASCII].given;
    if (err == OK) {
        err = input_parse(&dhalling, is_yaml, &json);
    }
    if (err == OK) {
        err = type_load(&dhalling, type_only ? STR("") : type_text, &json, &type);
    }
    if (err == OK) {
        err = type_only ? dhalling_value_show(&dhalling, type, false, &text)
                        : value_show(&dhalling, type, &json, &text);
    }
    if (err == OK) {
        if (cli->args.values[FROM_OUTPUT].given) {
            err = dhalling_output(&dhalling, cli->args.values[FROM_OUTPUT], buf_str(&text));
        } else {
            dhalling_print(cli, buf_str(&text));
        }
    }
    return dhalling_end(&dhalling, err);
}

static enum cli_status json_run(struct cli *cli)
{
    return from_run(cli, false);
}

static enum cli_status yaml_run(struct cli *cli)
{
    return from_run(cli, true);
}

#define FROM_ABOUT                                                                                 \
    "TYPE is Dhall text; without it the type is inferred. \"type\" as TYPE prints the\n"           \
    "inferred type itself. The input is --file's file or standard input."

const struct command command_dhall_from_json = {
    .spec = {.name = "dhall from-json",
        .operands = "[TYPE]",
        .summary = "convert JSON to a Dhall expression",
        .about = FROM_ABOUT,
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .operand_kind = OPERAND_TEXT,
        .operand_max = 1},
    .run = json_run,
};

const struct command command_dhall_from_yaml = {
    .spec = {.name = "dhall from-yaml",
        .operands = "[TYPE]",
        .summary = "convert YAML to a Dhall expression",
        .about = FROM_ABOUT
        "\n"
        "Read is one document, with anchors, aliases, merges (<<) and the tags of the core\n"
        "schema, which says what plain scalars are: true and 0o17, but not yes and 017.",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .operand_kind = OPERAND_TEXT,
        .operand_max = 1},
    .run = yaml_run,
};
