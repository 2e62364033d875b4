/* tests/standard_server.c: the servers that the standard's tests fetch from, for real: HTTP and
 * HTTPS on loopback, port 80 and 443, in a network namespace of the test's own.
 *
 *   standard_server TESTS PRELUDE CERTIFICATE KEY LOG     serves until it is killed
 *
 * Who is asked is said by the Host header; what is answered, by the suite's README. LOG gets a line
 * "https host path" for each request. "ready" on standard output: it listens. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    REQUEST_BYTES_MAX = 16 * 1024,
    NAME_BYTES_MAX = 1024,
    BODY_BYTES_MAX = 1024 * 1024,
    STALL_S = 10,
    HTTP_PORT = 80,
    HTTPS_PORT = 443,
    STATUS_OK = 200,
    STATUS_FORBIDDEN = 403,
    STATUS_ABSENT = 404,
};

struct server {
    const char *tests, *prelude;
    SSL_CTX *tls;
    FILE *log;
    unsigned count; /* of requests */
};

struct request {
    char bytes[REQUEST_BYTES_MAX];
    char host[NAME_BYTES_MAX], path[NAME_BYTES_MAX];
};

struct answer {
    int status;
    bool has_allow_origin;
    const char *allow_origin;
    size_t len;
    char body[BODY_BYTES_MAX];
};

/* --- what is answered --- */

/* A header's value, up to the end of its line; false: there is none. */
static bool header_get(const struct request *request, const char *name, char value[NAME_BYTES_MAX])
{
    size_t len = strlen(name);
    const char *line = strstr(request->bytes, "\r\n");
    for (; line != NULL; line = strstr(line + 2, "\r\n")) {
        const char *at = line + 2;
        if (strncasecmp(at, name, len) == 0 && at[len] == ':') {
            at += len + 1;
            at += strspn(at, " \t");
            (void)snprintf(value, NAME_BYTES_MAX, "%.*s", (int)strcspn(at, "\r\n"), at);
            return true;
        }
    }
    return false;
}

static void answer_text(struct answer *answer, const char *allow_origin, const char *body)
{
    answer->status = STATUS_OK;
    answer->has_allow_origin = allow_origin != NULL;
    answer->allow_origin = allow_origin;
    answer->len = strlen(body);
    memcpy(answer->body, body, answer->len);
}

static void answer_file(struct answer *answer, const char *folder, const char *path)
{
    char name[2 * NAME_BYTES_MAX];
    (void)snprintf(name, sizeof name, "%s/%s", folder, path);
    int fd = strstr(path, "..") == NULL ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        return;
    }
    ssize_t len = read(fd, answer->body, BODY_BYTES_MAX);
    if (len >= 0) {
        answer->status = STATUS_OK;
        answer->has_allow_origin = true;
        answer->allow_origin = "*";
        answer->len = (size_t)len;
    }
    (void)close(fd);
}

/* If path is prefix, one name, and then middle: what is behind it; else NULL. */
static const char *path_behind(const char *path, const char *prefix, const char *middle)
{
    if (strncmp(path, prefix, strlen(prefix)) != 0) {
        return NULL;
    }
    path = strchr(path + strlen(prefix), '/');
    return path != NULL && strncmp(path, middle, strlen(middle)) == 0 ? path + strlen(middle)
                                                                      : NULL;
}

struct page {
    const char *path, *allow_origin, *body;
};

static void answer_page(
    struct answer *answer, const struct page *pages, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(pages[i].path, path) == 0) {
            answer_text(answer, pages[i].allow_origin, pages[i].body);
        }
    }
}

static void github_answer(
    const struct server *server, const struct request *request, struct answer *answer)
{
    static const struct page pages[] = {
        {"Canonicalize3A.dhall", "*", "./../bar/import.dhall as Location"},
        {"Canonicalize5A.dhall", "*", "./foo/../../bar/import.dhall as Location"},
        {"EnvA.dhall", "*", "env:HOME as Location"},
        {"MissingA.dhall", "*", "missing as Location"},
    };
    const char *rest = path_behind(request->path, "/dhall-lang/dhall-lang/", "/tests/");
    if (rest != NULL) {
        answer_file(answer, server->tests, rest);
        return;
    }
    rest = path_behind(
        request->path, "/Nadrieril/dhall-rust/", "/dhall/tests/import/success/unit/asLocation/");
    if (rest != NULL) {
        answer_page(answer, pages, sizeof pages / sizeof pages[0], rest);
    }
}

static void prelude_answer(
    const struct server *server, const struct request *request, struct answer *answer)
{
    answer_file(answer, server->prelude, request->path + 1);
}

static void httpbin_answer(
    const struct server *server, const struct request *request, struct answer *answer)
{
    char agent[NAME_BYTES_MAX] = "";
    char body[NAME_BYTES_MAX + 64];
    (void)server;
    (void)header_get(request, "User-Agent", agent);
    (void)snprintf(body, sizeof body, "{\n  \"user-agent\": \"%s\"\n}\n", agent);
    if (strcmp(request->path, "/user-agent") == 0) {
        answer_text(answer, "*", body);
    } else if (strcmp(request->path, "/headers") == 0) {
        answer_text(answer, "*", "{}\n");
    }
}

#define DATA_URL                                                                                   \
    "https://raw.githubusercontent.com/dhall-lang/dhall-lang/master/tests/import/data/cors/"

static void test_answer(
    const struct server *server, const struct request *request, struct answer *answer)
{
    static const struct page pages[] = {
        {"/cors/AllowedAll.dhall", "*", "42"},
        {"/cors/OnlyGithub.dhall", "https://raw.githubusercontent.com", "42"},
        {"/cors/OnlySelf.dhall", "https://test.dhall-lang.org", "42"},
        {"/cors/OnlyOther.dhall", "https://example.com", "42"},
        {"/cors/Empty.dhall", "", "42"},
        {"/cors/NoCORS.dhall", NULL, "42"},
        {"/cors/Null.dhall", "null", "42"},
        {"/cors/SelfImportAbsolute.dhall", "*", "https://test.dhall-lang.org/cors/NoCORS.dhall"},
        {"/cors/SelfImportRelative.dhall", "*", "./NoCORS.dhall"},
        {"/cors/TwoHopsFail.dhall", "*", DATA_URL "OnlySelf.dhall"},
        {"/cors/TwoHopsSuccess.dhall", "*", DATA_URL "OnlyGithub.dhall"},
    };
    static const struct page guarded[] = {{"/foo", NULL, "./bar"}, {"/bar", NULL, "True"}};
    char value[NAME_BYTES_MAX];
    answer_page(answer, pages, sizeof pages / sizeof pages[0], request->path);
    if (strcmp(request->path, "/random-string") == 0) {
        (void)snprintf(value, sizeof value, "%u", server->count);
        answer_text(answer, NULL, value);
    } else if (header_get(request, "Test", value)) {
        answer_page(answer, guarded, sizeof guarded / sizeof guarded[0], request->path);
    } else if (strcmp(request->path, "/foo") == 0 || strcmp(request->path, "/bar") == 0) {
        answer->status = STATUS_FORBIDDEN;
    }
}

static const struct {
    const char *host;
    void (*answer)(
        const struct server *server, const struct request *request, struct answer *answer);
} hosts[] = {
    {"raw.githubusercontent.com", github_answer},
    {"prelude.dhall-lang.org", prelude_answer},
    {"httpbin.org", httpbin_answer},
    {"test.dhall-lang.org", test_answer},
};

static void request_answer(
    const struct server *server, const struct request *request, struct answer *answer)
{
    answer->status = STATUS_ABSENT;
    answer->has_allow_origin = false;
    answer->len = 0;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        if (strcmp(hosts[i].host, request->host) == 0) {
            hosts[i].answer(server, request, answer);
        }
    }
}

/* --- connections --- */

struct connection {
    int fd;
    SSL *tls; /* NULL: it is plain */
};

static size_t connection_read(const struct connection *connection, char *bytes, size_t len)
{
    size_t n = 0;
    if (connection->tls != NULL) {
        return SSL_read_ex(connection->tls, bytes, len, &n) == 1 ? n : 0;
    }
    ssize_t got = recv(connection->fd, bytes, len, 0);
    return got > 0 ? (size_t)got : 0;
}

static bool connection_write(const struct connection *connection, const char *bytes, size_t len)
{
    size_t n = 0;
    if (connection->tls != NULL) {
        return len == 0 || SSL_write_ex(connection->tls, bytes, len, &n) == 1;
    }
    while (n < len) {
        ssize_t sent = send(connection->fd, bytes + n, len - n, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        n += (size_t)sent;
    }
    return true;
}

static bool request_read(const struct connection *connection, struct request *request)
{
    size_t len = 0;
    request->bytes[0] = '\0';
    while (strstr(request->bytes, "\r\n\r\n") == NULL) {
        size_t n = len < REQUEST_BYTES_MAX - 1 ? connection_read(connection, request->bytes + len,
                                                     REQUEST_BYTES_MAX - 1 - len)
                                               : 0;
        if (n == 0) {
            return false;
        }
        len += n;
        request->bytes[len] = '\0';
    }
    if (strncmp(request->bytes, "GET /", 5) != 0 || !header_get(request, "Host", request->host)) {
        return false;
    }
    (void)snprintf(request->path, sizeof request->path, "%.*s",
        (int)strcspn(request->bytes + 4, " ?"), request->bytes + 4);
    return true;
}

static void answer_send(const struct connection *connection, const struct answer *answer)
{
    char head[512];
    int len = snprintf(head, sizeof head,
        "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\nConnection: close\r\n%s%s%s\r\n", answer->status,
        answer->status == STATUS_OK ? "OK" : "No", answer->len,
        answer->has_allow_origin ? "Access-Control-Allow-Origin: " : "",
        answer->has_allow_origin ? answer->allow_origin : "",
        answer->has_allow_origin ? "\r\n" : "");
    if (connection_write(connection, head, (size_t)len)) {
        (void)connection_write(connection, answer->body, answer->len);
    }
}

static void connection_serve(struct server *server, const struct connection *connection)
{
    static struct request request;
    static struct answer answer;
    if (!request_read(connection, &request)) {
        return;
    }
    server->count++;
    (void)fprintf(server->log, "%s %s %s\n", connection->tls != NULL ? "https" : "http",
        request.host, request.path);
    (void)fflush(server->log);
    request_answer(server, &request, &answer);
    answer_send(connection, &answer);
}

static void connection_accept(struct server *server, int listener, bool secure)
{
    struct timeval stall = {.tv_sec = STALL_S};
    struct connection connection = {.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)};
    if (connection.fd < 0) {
        return;
    }
    (void)setsockopt(connection.fd, SOL_SOCKET, SO_RCVTIMEO, &stall, sizeof stall);
    (void)setsockopt(connection.fd, SOL_SOCKET, SO_SNDTIMEO, &stall, sizeof stall);
    if (!secure) {
        connection_serve(server, &connection);
    } else {
        connection.tls = SSL_new(server->tls);
        if (connection.tls != NULL && SSL_set_fd(connection.tls, connection.fd) == 1 &&
            SSL_accept(connection.tls) == 1) {
            connection_serve(server, &connection);
            (void)SSL_shutdown(connection.tls);
        }
        SSL_free(connection.tls);
    }
    (void)close(connection.fd);
}

/* --- set-up --- */

/* In a new network namespace even the loopback interface is down. */
static bool loopback_up(void)
{
    struct ifreq interface = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool up = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &interface) == 0;
    interface.ifr_flags |= IFF_UP;
    up = up && ioctl(fd, SIOCSIFFLAGS, &interface) == 0;
    (void)close(fd);
    return up;
}

static int listener_open(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 16) != 0) {
        perror("standard_server");
        return -1;
    }
    return fd;
}

static bool tls_open(struct server *server, const char *certificate, const char *key)
{
    server->tls = SSL_CTX_new(TLS_server_method());
    return server->tls != NULL &&
           SSL_CTX_use_certificate_chain_file(server->tls, certificate) == 1 &&
           SSL_CTX_use_PrivateKey_file(server->tls, key, SSL_FILETYPE_PEM) == 1;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        (void)fprintf(stderr, "usage: standard_server TESTS PRELUDE CERTIFICATE KEY LOG\n");
        return 2;
    }
    struct server server = {.tests = argv[1], .prelude = argv[2], .log = fopen(argv[5], "ae")};
    if (server.log == NULL || !tls_open(&server, argv[3], argv[4]) || !loopback_up()) {
        (void)fprintf(stderr, "standard_server: cannot start: %s\n", strerror(errno));
        return 1;
    }
    struct pollfd listeners[] = {
        {.fd = listener_open(HTTP_PORT), .events = POLLIN},
        {.fd = listener_open(HTTPS_PORT), .events = POLLIN},
    };
    if (listeners[0].fd < 0 || listeners[1].fd < 0 || puts("ready") < 0 || fflush(stdout) != 0) {
        return 1;
    }
    while (poll(listeners, 2, -1) > 0) {
        for (int i = 0; i < 2; i++) {
            if ((listeners[i].revents & POLLIN) != 0) {
                connection_accept(&server, listeners[i].fd, i == 1);
            }
        }
    }
    return 1;
}
