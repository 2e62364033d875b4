/* src/armitage/fetch.c */
#include "armitage/fetch.h"
#include "base/file.h"
#include "digest/sha256.h"
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
    REDIRECTS_MAX = 10,
    CONNECT_TIMEOUT_S = 30,
    STALL_TIMEOUT_S = 60, /* this long below one byte a second ends the transfer */
    STATUS_ABSENT = 404,  /* RFC 9110, 15.5.5 */
    STATUS_GONE = 410,
    STATUS_TOO_MANY = 429, /* RFC 6585, 4 */
    STATUS_SERVER_ERROR = 500,
};

struct transfer {
    const struct fetch_request *request;
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

static size_t on_body(char *ptr, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    struct str bytes = {.ptr = ptr, .len = size * count};
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
        {CURLOPT_FOLLOWLOCATION, 1},
        {CURLOPT_MAXREDIRS, REDIRECTS_MAX},
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
        {CURLOPT_PROTOCOLS_STR, "https"},
        {CURLOPT_REDIR_PROTOCOLS_STR, "https"},
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
    err = diag_add(diags, err, SPAN_NONE, "%s", text);
    if (code == CURLE_UNSUPPORTED_PROTOCOL) {
        diag_help(diags, "only https:// is fetched");
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

static enum err transfer_run(struct transfer *transfer, struct diags *diags)
{
    CURL *curl = curl_easy_init();
    if (curl == NULL) {
        memory_exhausted();
    }
    char reason[CURL_ERROR_SIZE] = "";
    CURLcode code = set_options(curl, transfer, reason);
    if (code == CURLE_OK) {
        code = curl_easy_perform(curl);
    }
    long status = 0;
    enum err err = OK;
    if (code != CURLE_OK) {
        err = transfer_tell(transfer, code, reason, diags);
    } else if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK) {
        err = status_check(status, diags);
    }
    curl_easy_cleanup(curl);
    return err;
}

enum err fetch_https(struct store *store, const struct fetch_request *request,
    struct digest *ret_digest, struct diags *diags)
{
    AUTO_CLOSE int fd = openat(store_root_fd(store), "tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        return diag_add_errno(diags, errno, "cannot make a file in %s/tmp", store_root(store));
    }
    struct transfer transfer = {.request = request, .fd = fd};
    sha256_init(&transfer.sha);
    enum err err = transfer_run(&transfer, diags);
    if (err == OK) {
        err = hash_check(&transfer, diags);
    }
    if (err == OK && lseek(fd, 0, SEEK_SET) != 0) {
        err = diag_add_errno(diags, errno, "cannot read back what was fetched");
    }
    return err == OK ? store_put_fd(store, fd, ret_digest, diags) : err;
}
