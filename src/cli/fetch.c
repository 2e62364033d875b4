/* src/cli/fetch.c: `straylight fetch URL`: one file into the store, by way of armitage. */
#include "cli/command.h"
#include "codec/json.h"
#include "link/client.h"
#include "store/store.h"
#include <stdio.h>

enum {
    FETCH_SHA256,
    FETCH_MAX_MIB,
    FETCH_CA_FILE,
    FETCH_JSON,
    MIB = 1024 * 1024,
    FETCH_MIB_DEFAULT = 4096,
};
static const struct option_spec options[] = {
    [FETCH_SHA256] = {.name = "sha256",
        .kind = OPTION_TEXT,
        .value = "HEX",
        .help = "refuse any other content than the one with this SHA-256"},
    [FETCH_MAX_MIB] = {.name = "max-mib",
        .kind = OPTION_NUMBER,
        .value = "N",
        .help = "give up beyond N MiB (4096)",
        .number_max = UINT64_C(1024) * 1024},
    [FETCH_CA_FILE] = {.name = "ca-file",
        .kind = OPTION_TEXT,
        .value = "FILE",
        .help = "trust these PEM certificates instead of the system's"},
    [FETCH_JSON] = {.name = "json", .kind = OPTION_FLAG, .help = "print the result as JSON"},
};

static void progress_show(void *context, uint64_t done_bytes, uint64_t total_bytes)
{
    const struct cli *cli = context;
    if (cli->progress && total_bytes > 0) {
        (void)fprintf(stderr, "\r%ju of %ju MiB", (uintmax_t)(done_bytes / MIB),
            (uintmax_t)(total_bytes / MIB));
    }
}

/* 64 hex digits; a "sha256:" before them is welcome. */
static enum err hash_parse(struct str text, struct digest *ret_digest, struct diags *diags)
{
    if (str_starts(text, STR("sha256:"))) {
        text = str_sub(text, 7, text.len);
    }
    AUTO_BUF full = {0};
    buf_printf(&full, "%.*s/0", STR_ARG(text));
    if (digest_parse(buf_str(&full), ret_digest) != OK) {
        return diag_add(diags, ERR_INVALID, SPAN_NONE,
            "\"%.*s\" is not a SHA-256: 64 lower-case hex digits are", STR_ARG(text));
    }
    return OK;
}

static enum err fetch_into_store(struct cli *cli, const struct link_fetch *fetch,
    struct digest *ret_digest, struct str *ret_path)
{
    const char *root = NULL;
    const char *armitage = NULL;
    struct store *store = NULL;
    struct link_client *client = NULL;
    enum err err = cli_store_root(cli, &root);
    if (err == OK) {
        err = store_open(&io_real, root, &store, &cli->diags);
    }
    if (err == OK) {
        err = link_sibling_path("armitage", &cli->arena, &armitage, &cli->diags);
    }
    if (err == OK) {
        err = link_client_start(armitage, store_root(store), &client, &cli->diags);
    }
    if (err == OK) {
        struct link_fetched fetched;
        err = link_client_fetch(client, fetch, &cli->arena, &fetched, &cli->diags);
        if (err == OK) {
            *ret_digest = fetched.digest;
        }
    }
    if (cli->progress) {
        (void)fputs("\r\033[K", stderr);
    }
    if (err == OK) {
        struct str path;
        err = store_blob_path(store, ret_digest, false, &cli->arena, &path, &cli->diags);
        if (err == OK) {
            *ret_path = arena_printf(&cli->arena, "%s/%.*s", store_root(store), STR_ARG(path));
        }
    }
    link_client_stop(client);
    store_close(store);
    return err;
}

static enum cli_status fetch_run(struct cli *cli)
{
    const struct option_value *values = cli->args.values;
    struct digest want;
    if (values[FETCH_SHA256].given &&
        hash_parse(values[FETCH_SHA256].text, &want, &cli->diags) != OK) {
        return CLI_MISUSE;
    }
    uint64_t max_mib =
        values[FETCH_MAX_MIB].given ? values[FETCH_MAX_MIB].number : FETCH_MIB_DEFAULT;
    struct link_fetch fetch = {
        .url = str_of(cli->args.operands[0]),
        .hash = values[FETCH_SHA256].given ? want.hash : NULL,
        .bytes_max = max_mib * MIB,
        .ca_file = values[FETCH_CA_FILE].text,
        .progress = progress_show,
        .context = cli,
    };
    struct digest got;
    struct str path;
    enum err err = fetch_into_store(cli, &fetch, &got, &path);
    if (err != OK) {
        return cli_status_of(err);
    }
    char hex[DIGEST_HEX_BYTES];
    AUTO_BUF text = {0};
    if (values[FETCH_JSON].given) {
        struct json json = {.text = &text};
        json_begin(&json, '{');
        json_key_str(&json, STR("sha256"), digest_hex(&got, hex));
        json_key_number(&json, STR("size_bytes"), got.size_bytes);
        json_key_bool(&json, STR("verified"), fetch.hash != NULL);
        json_key_str(&json, STR("path"), path);
        json_end(&json, '}');
        buf_add_byte(&text, '\n');
    } else {
        buf_printf(&text, "%.*s/%ju\n%.*s\n", STR_ARG(digest_hex(&got, hex)),
            (uintmax_t)got.size_bytes, STR_ARG(path));
    }
    cli_print(buf_str(&text));
    return CLI_DONE;
}

const struct command command_fetch = {
    .spec = {.name = "fetch",
        .operands = "URL",
        .summary = "fetch one https URL into the store and print its digest",
        .about = "armitage fetches the URL over TLS, with the server's certificate verified, and\n"
                 "stores what came under its SHA-256. With --sha256 any other content is\n"
                 "refused and nothing is stored; without it TLS alone vouches for the content:\n"
                 "pin the digest that is printed.",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .operand_kind = OPERAND_TEXT,
        .operand_min = 1,
        .operand_max = 1},
    .run = fetch_run,
};
