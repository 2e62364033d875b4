/* src/cli/dhall_to_json.c: `straylight dhall to-json` and `to-yaml`. */
#include "cli/dhalling.h"
#include "codec/json_print.h"
#include "dhall/to_json.h"

enum {
    TO_OUTPUT = DHALLING_OPTION_COUNT,
    TO_PRESERVE_NULL,
    TO_OMIT_EMPTY,
    TO_KEY,
    TO_VALUE,
    TO_NO_MAPS,
    TO_VERSION,
    TO_COMMON_COUNT,
};
#define TO_OPTIONS                                                                                 \
    DHALLING_OPTIONS,                                                                              \
        [TO_OUTPUT] = {.name = "output",                                                           \
            .kind = OPTION_TEXT,                                                                   \
            .value = "FILE",                                                                       \
            .help = "write to FILE, not standard output"},                                         \
        [TO_PRESERVE_NULL] = {.name = "preserve-null",                                             \
            .kind = OPTION_FLAG,                                                                   \
            .help = "keep fields that are null"},                                                  \
        [TO_OMIT_EMPTY] = {.name = "omit-empty",                                                   \
            .kind = OPTION_FLAG,                                                                   \
            .help = "leave out fields that are null, or have nothing but such fields"},            \
        [TO_KEY] = {.name = "key",                                                                 \
            .kind = OPTION_TEXT,                                                                   \
            .value = "NAME",                                                                       \
            .help = "field that is the key in lists that become objects (mapKey)"},                \
        [TO_VALUE] = {.name = "value",                                                             \
            .kind = OPTION_TEXT,                                                                   \
            .value = "NAME",                                                                       \
            .help = "field that is the value there (mapValue)"},                                   \
        [TO_NO_MAPS] = {.name = "no-maps",                                                         \
            .kind = OPTION_FLAG,                                                                   \
            .help = "make no objects of lists of { mapKey, mapValue }"},                           \
        DHALLING_VERSION_OPTION(TO_VERSION)

static enum err convert(
    struct dhalling *dhalling, enum dhall_json_doubles doubles, struct json_value *ret_json)
{
    struct cli *cli = dhalling->cli;
    const struct option_value *values = cli->args.values;
    struct dhall_json_options options = {
        .no_maps = values[TO_NO_MAPS].given,
        .map_key = values[TO_KEY].text,
        .map_value = values[TO_VALUE].text,
        .doubles = doubles,
        .omit = values[TO_OMIT_EMPTY].given      ? DHALL_JSON_OMIT_EMPTY
                : values[TO_PRESERVE_NULL].given ? DHALL_JSON_OMIT_NONE
                                                 : DHALL_JSON_OMIT_NULL,
    };
    static const unsigned omissions[] = {TO_OMIT_EMPTY, TO_PRESERVE_NULL};
    static const unsigned maps[][2] = {{TO_NO_MAPS, TO_KEY}, {TO_NO_MAPS, TO_VALUE}};
    struct dhall_loaded loaded;
    enum err err = dhalling_exclude(cli, omissions, 2);
    err = err == OK ? dhalling_exclude(cli, maps[0], 2) : err;
    err = err == OK ? dhalling_exclude(cli, maps[1], 2) : err;
    err = err == OK ? dhalling_load(dhalling, &loaded) : err;
    return err != OK ? err
                     : dhall_to_json(dhalling->dhall, loaded.value, &options, &cli->arena, ret_json,
                           &cli->diags);
}

enum {
    JSON_PRETTY = TO_COMMON_COUNT,
    JSON_COMPACT,
    JSON_APPROXIMATE,
};
static const struct option_spec json_options[] = {
    TO_OPTIONS,
    [JSON_PRETTY] = {.name = "pretty",
        .kind = OPTION_FLAG,
        .help = "print on several lines, which is the default"},
    [JSON_COMPACT] = {.name = "compact", .kind = OPTION_FLAG, .help = "print on one line"},
    [JSON_APPROXIMATE] = {.name = "approximate-special-doubles",
        .kind = OPTION_FLAG,
        .help = "make null of NaN, and the greatest Double of Infinity"},
};

static enum cli_status json_run(struct cli *cli)
{
    const struct option_value *values = cli->args.values;
    struct dhalling dhalling;
    struct json_value json;
    AUTO_BUF text = {0};
    if (values[TO_VERSION].given) {
        return dhalling_version_print();
    }
    static const unsigned layouts[] = {JSON_PRETTY, JSON_COMPACT};
    if (dhalling_exclude(cli, layouts, 2) != OK) {
        return CLI_MISUSE;
    }
    dhalling_open(cli, &dhalling);
    enum err err = convert(&dhalling,
        values[JSON_APPROXIMATE].given ? DHALL_JSON_DOUBLES_APPROXIMATE : DHALL_JSON_DOUBLES_REFUSE,
        &json);
    if (err == OK) {
        json_print(&json, values[JSON_COMPACT].given ? 0 : 2, &text);
        buf_add_byte(&text, '\n');
        err = dhalling_output(&dhalling, values[TO_OUTPUT], buf_str(&text));
    }
    return dhalling_end(&dhalling, err);
}

const struct command command_dhall_to_json = {
    .spec = {.name = "dhall to-json",
        .operands = "[FILE]",
        .summary = "convert a Dhall expression to JSON",
        .options = json_options,
        .option_count = sizeof json_options / sizeof json_options[0],
        .operand_kind = OPERAND_FILE,
        .operand_max = 1},
    .run = json_run,
};

enum {
    YAML_DOCUMENTS = TO_COMMON_COUNT,
    YAML_QUOTED,
    YAML_COMMENT,
    YAML_HEADER,
};
static const struct option_spec yaml_options[] = {
    TO_OPTIONS,
    [YAML_DOCUMENTS] = {.name = "documents",
        .kind = OPTION_FLAG,
        .help = "print a document for each element of a list, each behind ---"},
    [YAML_QUOTED] = {.name = "quoted", .kind = OPTION_FLAG, .help = "print no plain strings"},
    [YAML_COMMENT] = {.name = "generated-comment",
        .kind = OPTION_FLAG,
        .help = "begin with a comment that says not to edit the file"},
    [YAML_HEADER] = {.name = "preserve-header",
        .kind = OPTION_FLAG,
        .help = "begin with the comment lines that the Dhall file begins with"},
};

/* The -- lines at the beginning, as # lines. */
static void header_print(struct str text, struct buf *ret_text)
{
    while (str_starts(text, STR("--"))) {
        size_t end = str_find(text, '\n');
        buf_add_byte(ret_text, '#');
        buf_add(ret_text, str_sub(text, 2, end));
        buf_add_byte(ret_text, '\n');
        text = str_sub(text, end + 1, text.len);
    }
}

static enum cli_status yaml_run(struct cli *cli)
{
    const struct option_value *values = cli->args.values;
    bool quoted = values[YAML_QUOTED].given;
    struct dhalling dhalling;
    struct json_value json;
    AUTO_BUF text = {0};
    if (values[TO_VERSION].given) {
        return dhalling_version_print();
    }
    dhalling_open(cli, &dhalling);
    enum err err = convert(&dhalling, DHALL_JSON_DOUBLES_YAML, &json);
    if (err == OK && values[YAML_COMMENT].given) {
        buf_add(&text, STR("# Code generated by straylight dhall to-yaml.  DO NOT EDIT.\n"));
    }
    if (err == OK && values[YAML_HEADER].given) {
        header_print(dhalling.text, &text);
    }
    bool many = err == OK && values[YAML_DOCUMENTS].given && json.kind == JSON_ARRAY;
    for (size_t i = 0; many && i < json.count; i++) {
        buf_add(&text, STR("---\n"));
        yaml_print(&json.items[i], quoted, &text);
    }
    if (err == OK && !many) {
        buf_add(&text, values[YAML_DOCUMENTS].given ? STR("---\n") : STR(""));
        yaml_print(&json, quoted, &text);
    }
    if (err == OK) {
        err = dhalling_output(&dhalling, values[TO_OUTPUT], buf_str(&text));
    }
    return dhalling_end(&dhalling, err);
}

const struct command command_dhall_to_yaml = {
    .spec = {.name = "dhall to-yaml",
        .operands = "[FILE]",
        .summary = "convert a Dhall expression to YAML",
        .options = yaml_options,
        .option_count = sizeof yaml_options / sizeof yaml_options[0],
        .operand_kind = OPERAND_FILE,
        .operand_max = 1},
    .run = yaml_run,
};
