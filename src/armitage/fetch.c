/* src/armitage/fetch.c */
#include "armitage/fetch.h"
#include "base/file.h"
#include "digest/sha256.h"
#include "link/message.h"
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <unistd.h>

enum {
    REDIRECTS_MAX = 10,
    CONNECT_TIMEOUT_S = 30,
    STALL_TIMEOUT_S = 60, /* this long below one byte a second ends the transfer */
    STATUS_REDIRECT = 300,
    STATUS_ABSENT = 404, /* RFC 9110, 15.5.5 */
    STATUS_GONE = 410,
    STATUS_TOO_MANY = 429, /* RFC 6585, 4 */
    STATUS_SERVER_ERROR = 500,
};

struct transfer {
    const struct fetch_request *request;
    struct arena *arena;
    struct fetch_answer *answer;
    struct curl_slist *headers; /* owned; those of the request */
    CURL *curl;                 /* borrowed while it runs */
    int fd;
    struct sha256 sha;
    uint64_t done_bytes;
    enum err err; /* why the body was refused */
    int error_number;
};

enum err fetch_start(struct diags *diags)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK) {
        return diag_add(
            diags, ERR_IO, SPAN_NONE, "cannot start libcurl: %s", curl_easy_strerror(code));
    }
    return OK;
}

void fetch_stop(void)
{
    curl_global_cleanup();
}

static bool is_redirect(long status)
{
    return status > STATUS_REDIRECT && status < STATUS_REDIRECT + 100;
}

static size_t on_header(char *ptr, size_t size, size_t count, void *context)
{
    static const struct str name = {.ptr = "access-control-allow-origin:", .len = 28};
    struct transfer *transfer = context;
    struct str line = {.ptr = ptr, .len = size * count};
    if (str_starts(line, STR("HTTP/"))) { /* of each answer: 1xx and redirects have their own */
        transfer->answer->allow_origin_count = 0;
        transfer->answer->allow_origin = (struct str){0};
    }
    if (line.len <= name.len || strncasecmp(line.ptr, name.ptr, name.len) != 0) {
        return line.len;
    }
    struct str value = str_sub(line, name.len, line.len);
    while (value.len > 0 && strchr(" \t\r\n", value.ptr[value.len - 1]) != NULL) {
        value.len--;
    }
    while (value.len > 0 && (value.ptr[0] == ' ' || value.ptr[0] == '\t')) {
        value = str_sub(value, 1, value.len);
    }
    if (transfer->answer->allow_origin_count++ == 0) {
        transfer->answer->allow_origin = arena_str(transfer->arena, value);
    }
    return line.len;
}

static size_t on_body(char *ptr, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    struct str bytes = {.ptr = ptr, .len = size * count};
    long status = 0;
    if (curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK &&
        is_redirect(status)) {
        return bytes.len;
    }
    if (bytes.len > transfer->request->bytes_max - transfer->done_bytes) {
        transfer->err = ERR_LIMIT;
        return 0;
    }
    if (fd_write_all(transfer->fd, bytes) != OK) {
        transfer->err = ERR_IO;
        transfer->error_number = errno;
        return 0;
    }
    sha256_add(&transfer->sha, bytes);
    transfer->done_bytes += bytes.len;
    return bytes.len;
}

static int on_progress(void *context, curl_off_t total, curl_off_t done, curl_off_t upload_total,
    curl_off_t upload_done)
{
    (void)upload_total;
    (void)upload_done;
    struct transfer *transfer = context;
    if (transfer->request->progress != NULL && done > 0) {
        transfer->request->progress(
            transfer->request->context, (uint64_t)done, total > 0 ? (uint64_t)total : 0);
    }
    return 0;
}

static CURLcode set_options(CURL *curl, struct transfer *transfer, char *reason)
{
    const struct fetch_request *request = transfer->request;
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_FOLLOWLOCATION, 0}, /* by hand: headers stay with their origin */
        {CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S},
        {CURLOPT_LOW_SPEED_LIMIT, 1},
        {CURLOPT_LOW_SPEED_TIME, STALL_TIMEOUT_S},
        {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
        {CURLOPT_SSL_VERIFYPEER, 1},
        {CURLOPT_SSL_VERIFYHOST, 2},
        {CURLOPT_NOPROGRESS, 0},
        {CURLOPT_NOSIGNAL, 1},
    };
    CURLcode code = CURLE_OK;
    for (size_t i = 0; code == CURLE_OK && i < sizeof numbers / sizeof numbers[0]; i++) {
        code = curl_easy_setopt(curl, numbers[i].option, numbers[i].value);
    }
    const struct {
        CURLoption option;
        const char *value;
    } texts[] = {
        {CURLOPT_URL, request->url},
        {CURLOPT_PROTOCOLS_STR, request->allow_http ? "http,https" : "https"},
        {CURLOPT_USERAGENT, "straylight"},
        {CURLOPT_PROXY, ""}, /* "" also turns the proxy variables off */
        {CURLOPT_CAINFO, request->ca_file},
    };
    size_t text_count = sizeof texts / sizeof texts[0] - (request->ca_file == NULL ? 1 : 0);
    for (size_t i = 0; code == CURLE_OK && i < text_count; i++) {
        code = curl_easy_setopt(curl, texts[i].option, texts[i].value);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    }
    if (code == CURLE_OK && transfer->headers != NULL) {
        code = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, transfer->headers);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    }
    return code == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer) : code;
}

/* What a failed transfer means to the caller. */
static enum err transfer_err(CURLcode code)
{
    switch ((int)code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
        return ERR_INVALID;
    case CURLE_COULDNT_RESOLVE_HOST:
        return ERR_ABSENT;
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
        return ERR_RETRY;
    default:
        return ERR_IO;
    }
}

static enum err transfer_tell(
    const struct transfer *transfer, CURLcode code, const char *reason, struct diags *diags)
{
    if (transfer->err == ERR_LIMIT) {
        return diag_add(diags, ERR_LIMIT, SPAN_NONE, "it has more than %ju bytes",
            (uintmax_t)transfer->request->bytes_max);
    }
    if (transfer->err == ERR_IO) {
        return diag_add_errno(diags, transfer->error_number, "cannot write into the store");
    }
    enum err err = transfer_err(code);
    const char *text = reason[0] == '\0' ? curl_easy_strerror(code) : reason;
    /* curl takes what begins like no HTTP for HTTP/0.9 */
    if (code == CURLE_UNSUPPORTED_PROTOCOL && strstr(text, "HTTP/0.9") != NULL) {
        return diag_add(diags, ERR_IO, SPAN_NONE, "what answers there does not speak HTTP");
    }
    err = diag_add(diags, err, SPAN_NONE, "%s", text);
    if (code == CURLE_UNSUPPORTED_PROTOCOL) {
        diag_help(diags, transfer->request->allow_http ? "only https:// and http:// are fetched"
                                                       : "only https:// is fetched");
    } else if (code == CURLE_PEER_FAILED_VERIFICATION) {
        diag_help(diags, "for a server with certificates of its own, name them with --ca-file");
    }
    return err;
}

static enum err status_check(long status, struct diags *diags)
{
    if (status >= 200 && status < 300) {
        return OK;
    }
    enum err err = ERR_IO;
    if (status == STATUS_ABSENT || status == STATUS_GONE) {
        err = ERR_ABSENT;
    } else if (status == STATUS_TOO_MANY || status >= STATUS_SERVER_ERROR) {
        err = ERR_RETRY;
    }
    return diag_add(diags, err, SPAN_NONE, "the server answered with status %ld", status);
}

static enum err hash_check(struct transfer *transfer, struct diags *diags)
{
    struct digest got = {.size_bytes = transfer->done_bytes};
    sha256_final(&transfer->sha, got.hash);
    if (transfer->request->hash == NULL ||
        memcmp(got.hash, transfer->request->hash, DIGEST_HASH_BYTES) == 0) {
        return OK;
    }
    struct digest want = {0};
    memcpy(want.hash, transfer->request->hash, DIGEST_HASH_BYTES);
    char got_hex[DIGEST_HEX_BYTES];
    char want_hex[DIGEST_HEX_BYTES];
    enum err err = diag_add(diags, ERR_CORRUPT, SPAN_NONE, "its SHA-256 is %.*s, not %.*s",
        STR_ARG(digest_hex(&got, got_hex)), STR_ARG(digest_hex(&want, want_hex)));
    diag_help(diags, "the file at this address changed, or the digest is of another file");
    return err;
}

/* "Name: value" as libcurl wants it: a header without a value ends in ";". */
static void headers_make(struct transfer *transfer)
{
    struct str rest = transfer->request->headers;
    struct str line;
    while (link_header_next(&rest, &line) == OK) {
        size_t colon = str_find(line, ':');
        struct str value = str_sub(line, colon + 1, line.len);
        while (value.len > 0 && value.ptr[0] == ' ') {
            value = str_sub(value, 1, value.len);
        }
        struct str name = str_sub(line, 0, colon);
        struct str text = value.len == 0 ? arena_printf(transfer->arena, "%.*s;", STR_ARG(name))
                                         : arena_printf(transfer->arena, "%.*s: %.*s",
                                               STR_ARG(name), STR_ARG(value));
        struct curl_slist *more = curl_slist_append(transfer->headers, text.ptr);
        if (more == NULL) {
            memory_exhausted();
        }
        transfer->headers = more;
    }
}

/* Scheme, host and port of a URL that libcurl took. */
static struct str origin_of(struct str url)
{
    size_t host = str_find(url, ':') + 3;
    struct str rest = str_sub(url, host, url.len);
    size_t end = 0;
    while (end < rest.len && strchr("/?#", rest.ptr[end]) == NULL) {
        end++;
    }
    return str_sub(url, 0, host + end);
}

/* Goes on to where a redirect points. */
static enum err redirect_follow(struct transfer *transfer, CURL *curl, struct diags *diags)
{
    const char *to = NULL;
    struct str from = transfer->answer->url;
    if (curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &to) != CURLE_OK || to == NULL) {
        return diag_add(diags, ERR_IO, SPAN_NONE, "the server redirects to nowhere");
    }
    struct str url = arena_str(transfer->arena, str_of(to));
    bool http = transfer->request->allow_http && str_starts(from, STR("http:"));
    if (!str_starts(url, STR("https:")) && !(http && str_starts(url, STR("http:")))) {
        return diag_add(
            diags, ERR_IO, SPAN_NONE, "the server redirects to %.*s", STR_ARG(origin_of(url)));
    }
    CURLcode code = CURLE_OK;
    if (!str_eq(origin_of(from), origin_of(url))) {
        code = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_URL, url.ptr);
    }
    transfer->answer->url = url;
    return code == CURLE_OK ? OK
                            : diag_add(diags, ERR_IO, SPAN_NONE, "%s", curl_easy_strerror(code));
}

static enum err transfer_perform(
    struct transfer *transfer, CURL *curl, const char *reason, struct diags *diags)
{
    transfer->answer->url = arena_str(transfer->arena, str_of(transfer->request->url));
    for (int redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
        CURLcode code = curl_easy_perform(curl);
        long status = 0;
        if (code == CURLE_OK) {
            code = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        }
        if (code != CURLE_OK) {
            return transfer_tell(transfer, code, reason, diags);
        }
        if (!is_redirect(status)) {
            return status_check(status, diags);
        }
        enum err err = redirect_follow(transfer, curl, diags);
        if (err != OK) {
            return err;
        }
    }
    return diag_add(
        diags, ERR_IO, SPAN_NONE, "the server redirects more than %d times", REDIRECTS_MAX);
}

static enum err transfer_run(struct transfer *transfer, struct diags *diags)
{
    CURL *curl = curl_easy_init();
    if (curl == NULL) {
        memory_exhausted();
    }
    char reason[CURL_ERROR_SIZE] = "";
    transfer->curl = curl;
    headers_make(transfer);
    CURLcode code = set_options(curl, transfer, reason);
    enum err err = code == CURLE_OK ? transfer_perform(transfer, curl, reason, diags)
                                    : transfer_tell(transfer, code, reason, diags);
    curl_easy_cleanup(curl);
    curl_slist_free_all(transfer->headers);
    return err;
}

enum err fetch_url(struct store *store, const struct fetch_request *request, struct arena *arena,
    struct fetch_answer *ret_answer, struct diags *diags)
{
    AUTO_CLOSE int fd = openat(store_root_fd(store), "tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        return diag_add_errno(diags, errno, "cannot make a file in %s/tmp", store_root(store));
    }
    struct transfer transfer = {.request = request, .fd = fd, .arena = arena, .answer = ret_answer};
    sha256_init(&transfer.sha);
    enum err err = transfer_run(&transfer, diags);
    if (err == OK) {
        err = hash_check(&transfer, diags);
    }
    if (err == OK && lseek(fd, 0, SEEK_SET) != 0) {
        err = diag_add_errno(diags, errno, "cannot read back what was fetched");
    }
    return err == OK ? store_put_fd(store, fd, &ret_answer->digest, diags) : err;
}
