/* src/link/client.h: straylight's end of the link: starts armitage, asks, stops it. */
#ifndef LINK_CLIENT_H
#define LINK_CLIENT_H
#include "link/message.h"

struct link_client;
/* Starts the program at armitage_path over a socket pair and exchanges hellos; it ends when the
 * client stops or this process dies. ERR_IO, ERR_INVALID (another release). Copies both texts. */
enum err link_client_start(const char *armitage_path, const char *store_root,
    struct link_client **ret_client, struct diags *diags);
/* Waits for the program's end. NULL is allowed. */
void link_client_stop(struct link_client *client);

struct link_fetch {
    struct str url;      /* https://... */
    bool allow_http;     /* http://... too, and redirects from there to http */
    struct str headers;  /* of the request: lines "Name: value\n"; may be empty */
    const uint8_t *hash; /* 32 bytes that the content must have, or NULL */
    uint64_t bytes_max;  /* more is ERR_LIMIT */
    struct str ca_file;  /* certificates to trust instead of the system's; may be empty */
    void (*progress)(void *context, uint64_t done_bytes, uint64_t total_bytes); /* may be NULL */
    void *context;
};
struct link_fetched {
    struct digest digest; /* of the bytes, which are in the store */
    /* In the arena. */
    struct str url;              /* that answered, after redirects */
    uint64_t allow_origin_count; /* Access-Control-Allow-Origin headers of the answer */
    struct str allow_origin;     /* the first of them */
};
/* Fetches url into the store. ERR_ABSENT (with a diag), ERR_CORRUPT, ERR_RETRY, ... as the diag
 * tells. Thread-safe; one at a time. */
enum err link_client_fetch(struct link_client *client, const struct link_fetch *fetch,
    struct arena *arena, struct link_fetched *ret_fetched, struct diags *diags);
/* The path of the program `name` beside this process's own (/proc/self/exe), or beside the link
 * that it was started through, in arena. */
enum err link_sibling_path(
    const char *name, struct arena *arena, const char **ret_path, struct diags *diags);
#endif
