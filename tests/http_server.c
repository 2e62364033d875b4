/* tests/http_server.c: a web server for tests: HTTP/1.1 on loopback, one connection at a time.
 *
 *   http_server FOLDER     prints its port, serves FOLDER until it is killed
 *
 *   /a/b   FOLDER/a/b.http if it is there: a whole answer, sent as it is
 *          FOLDER/a/b      200 with its bytes
 *          else            404
 *
 * Each request, as it came, is added to FOLDER/requests. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    REQUEST_BYTES_MAX = 16 * 1024,
    PATH_BYTES_MAX = 2048,
};

static void send_all(int fd, const char *ptr, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, ptr, len, MSG_NOSIGNAL);
        if (n <= 0) {
            return;
        }
        ptr += n;
        len -= (size_t)n;
    }
}

static void send_file(int fd, int file)
{
    char bytes[4096];
    ssize_t n;
    while ((n = read(file, bytes, sizeof bytes)) > 0) {
        send_all(fd, bytes, (size_t)n);
    }
}

/* Up to the empty line behind the headers; the length, or 0. */
static size_t request_read(int fd, char request[static REQUEST_BYTES_MAX])
{
    size_t len = 0;
    while (len < REQUEST_BYTES_MAX - 1) {
        ssize_t n = recv(fd, request + len, REQUEST_BYTES_MAX - 1 - len, 0);
        if (n <= 0) {
            return 0;
        }
        len += (size_t)n;
        request[len] = 0;
        if (strstr(request, "\r\n\r\n") != NULL) {
            return len;
        }
    }
    return 0;
}

/* "GET /a/b?c HTTP/1.1" -> "./a/b"; no ".." leaves the folder. */
static int path_of(const char *request, char path[static PATH_BYTES_MAX])
{
    if (strncmp(request, "GET /", 5) != 0) {
        return 0;
    }
    size_t len = strcspn(request + 4, " ?");
    if (len + 16 > PATH_BYTES_MAX) {
        return 0;
    }
    (void)snprintf(path, PATH_BYTES_MAX, ".%.*s", (int)len, request + 4);
    return strstr(path, "..") == NULL;
}

static void answer(int fd, const char *request)
{
    static const char absent[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n"
                                 "Connection: close\r\n\r\n";
    char path[PATH_BYTES_MAX];
    char whole[PATH_BYTES_MAX + 8];
    if (!path_of(request, path)) {
        send_all(fd, absent, sizeof absent - 1);
        return;
    }
    (void)snprintf(whole, sizeof whole, "%s.http", path);
    int file = open(whole, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        struct stat info;
        file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0 || fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
            send_all(fd, absent, sizeof absent - 1);
        } else {
            char head[128];
            int len = snprintf(head, sizeof head,
                "HTTP/1.1 200 OK\r\nContent-Length: %jd\r\nConnection: close\r\n\r\n",
                (intmax_t)info.st_size);
            send_all(fd, head, (size_t)len);
        }
    }
    if (file >= 0) {
        send_file(fd, file);
        (void)close(file);
    }
}

static int serve(int listener, int log)
{
    for (;;) {
        static char request[REQUEST_BYTES_MAX];
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            return 1;
        }
        size_t len = request_read(fd, request);
        if (len > 0 && write(log, request, len) == (ssize_t)len) {
            answer(fd, request);
        }
        (void)close(fd);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (argc != 2 || chdir(argv[1]) != 0 || listener < 0 ||
        bind(listener, (const struct sockaddr *)&address, len) != 0 || listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) != 0) {
        (void)fprintf(stderr, "usage: http_server FOLDER\n");
        return 2;
    }
    int log = open("requests", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    (void)printf("%u\n", (unsigned)ntohs(address.sin_port));
    return log < 0 || fflush(stdout) != 0 ? 2 : serve(listener, log);
}
