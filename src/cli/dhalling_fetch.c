/* src/cli/dhalling_fetch.c: imports over a network, by way of armitage. */
#include "build/packages.h"
#include "cli/dhalling.h"
#include "link/client.h"

enum {
    IMPORT_BYTES_MAX = 256 * 1024 * 1024,
};

static enum err client_ready(struct dhalling *dhalling)
{
    struct cli *cli = dhalling->cli;
    const char *armitage = NULL;
    if (dhalling->client != NULL) {
        return OK;
    }
    enum err err = dhalling->store == NULL ? cli_store_open(cli, &dhalling->store) : OK;
    if (err == OK) {
        err = link_sibling_path("armitage", &cli->arena, &armitage, &cli->diags);
    }
    return err == OK ? link_client_start(
                           armitage, store_root(dhalling->store), &dhalling->client, &cli->diags)
                     : err;
}

static enum err absent_package(struct str url, struct diags *diags)
{
    enum err err = diag_add(diags, ERR_INVALID, SPAN_NONE,
        "%.*s is not one of the packages that straylight holds", STR_ARG(url));
    diag_help(diags, "they are never fetched: a newer straylight may have it");
    return err;
}

/* A server that is away, refuses, cannot be trusted or speaks no HTTP is one that has nothing: `?`
 * may go on. What is too large is there. */
static enum err fetch_meaning(enum err err)
{
    return err == ERR_LIMIT ? err : ERR_ABSENT;
}

enum err dhalling_fetch(void *context, const struct dhall_request *request, struct arena *arena,
    struct dhall_response *ret_response, struct diags *diags)
{
    struct dhalling *dhalling = context;
    if (package_is_ours(request->url)) {
        return absent_package(request->url, diags);
    }
    enum err err = client_ready(dhalling);
    if (err != OK) {
        return err == ERR_ABSENT ? ERR_IO : err;
    }
    AUTO_BUF headers = {0};
    for (size_t i = 0; i < request->header_count; i++) {
        buf_printf(&headers, "%.*s: %.*s\n", STR_ARG(request->headers[i].name),
            STR_ARG(request->headers[i].value));
    }
    struct link_fetch fetch = {
        .url = request->url,
        .allow_http = true,
        .headers = buf_str(&headers),
        .bytes_max = IMPORT_BYTES_MAX,
        .ca_file = dhalling->cli->args.values[DHALLING_CA_FILE].text,
    };
    struct link_fetched fetched;
    err = link_client_fetch(dhalling->client, &fetch, arena, &fetched, diags);
    if (err != OK) {
        return fetch_meaning(err);
    }
    *ret_response = (struct dhall_response){.url = fetched.url,
        .has_allow_origin = fetched.allow_origin_count == 1,
        .allow_origin = fetched.allow_origin};
    return store_get(
        dhalling->store, &fetched.digest, IMPORT_BYTES_MAX, arena, &ret_response->bytes, diags);
}
