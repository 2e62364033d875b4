/* src/build/tokens.c */
#include "build/tokens.h"
#include "base/arena.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKEN_FREE '\0' /* that which a jobserver's client has without a byte of the pipe */
struct tokens {
    pthread_mutex_t mutex; /* of what follows */
    bool own;
    bool free_taken;
    unsigned job_count; /* of our own jobserver */
    char held[TOKENS_MAX];
    unsigned held_count;
    int read_fd; /* a description of ours, which does not block: make's own may */
    int write_fd;
    int child_fds[2]; /* for those that share our jobs */
    int wake_fd;      /* eventfd: readable when the free token may be had, or for good */
};

/* "3,4": two numbers. */
static bool numbers_read(struct str text, int ret_numbers[2])
{
    size_t at = 0;
    for (unsigned i = 0; i < 2; i++) {
        size_t begin = at;
        ret_numbers[i] = 0;
        for (; at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9'; at++) {
            if (ret_numbers[i] > INT_MAX / 10 - 1) {
                return false;
            }
            ret_numbers[i] = ret_numbers[i] * 10 + (text.ptr[at] - '0');
        }
        if (at == begin || (i == 0 && (at == text.len || text.ptr[at++] != ','))) {
            return false;
        }
    }
    return at == text.len;
}

struct tokens_place tokens_place_find(struct str makeflags)
{
    static const struct str names[] = {
        {"--jobserver-auth=", 17}, {"--jobserver-fds=", 16}, {"fifo:", 5}};
    struct tokens_place place = {.read_fd = -1, .write_fd = -1};
    while (makeflags.len > 0) {
        size_t end = str_find(makeflags, ' ');
        struct str word = str_sub(makeflags, 0, end);
        makeflags = str_sub(makeflags, end < makeflags.len ? end + 1 : end, makeflags.len);
        if (str_eq(word, STR("--"))) {
            break; /* variables of the command line follow */
        }
        for (unsigned i = 0; i < 2; i++) {
            int numbers[2];
            struct str value = str_sub(word, names[i].len, word.len);
            if (!str_starts(word, names[i])) {
                continue;
            }
            place = (struct tokens_place){.read_fd = -1, .write_fd = -1};
            if (str_starts(value, names[2])) {
                place.path = str_sub(value, names[2].len, value.len);
            } else if (numbers_read(value, numbers)) {
                place.read_fd = numbers[0];
                place.write_fd = numbers[1];
            }
        }
    }
    return place;
}

static bool is_fifo(int fd)
{
    struct stat st;
    return fd >= 0 && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* Another description of the pipe that fd is one of: whether it blocks is for us to say. */
static int reopen(int fd)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

static void fds_close(const struct tokens *tokens)
{
    fd_close(&tokens->read_fd);
    fd_close(&tokens->write_fd);
    fd_close(&tokens->child_fds[0]);
    fd_close(&tokens->child_fds[1]);
}

static bool make_join(struct tokens *tokens, const struct tokens_place *place)
{
    if (place->path.len > 0) {
        struct arena arena = {0};
        const char *path = arena_cstr(&arena, place->path);
        tokens->read_fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        tokens->write_fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        tokens->child_fds[0] = tokens->read_fd < 0 ? -1 : open(path, O_RDWR | O_CLOEXEC);
        tokens->child_fds[1] = fcntl(tokens->child_fds[0], F_DUPFD_CLOEXEC, 0);
        arena_release(&arena);
    } else if (is_fifo(place->read_fd) && is_fifo(place->write_fd)) {
        tokens->read_fd = reopen(place->read_fd);
        tokens->write_fd = fcntl(place->write_fd, F_DUPFD_CLOEXEC, 0);
        tokens->child_fds[0] = fcntl(place->read_fd, F_DUPFD_CLOEXEC, 0);
        tokens->child_fds[1] = fcntl(place->write_fd, F_DUPFD_CLOEXEC, 0);
    }
    if (is_fifo(tokens->read_fd) && is_fifo(tokens->write_fd)) {
        return true;
    }
    fds_close(tokens);
    return false;
}

static void own_fill(struct tokens *tokens)
{
    char bytes[TOKENS_MAX];
    while (read(tokens->read_fd, bytes, sizeof bytes) > 0) {
    }
    memset(bytes, '+', sizeof bytes);
    (void)!fd_write_all(tokens->write_fd, (struct str){bytes, tokens->job_count - 1});
}

static bool own_make(struct tokens *tokens, unsigned jobs)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    tokens->own = true;
    tokens->job_count = jobs;
    tokens->child_fds[0] = ends[0];
    tokens->child_fds[1] = ends[1];
    tokens->read_fd = reopen(ends[0]);
    tokens->write_fd = fcntl(ends[1], F_DUPFD_CLOEXEC, 0);
    return tokens->read_fd >= 0 && tokens->write_fd >= 0;
}

const int *tokens_fds(const struct tokens *tokens)
{
    return tokens->child_fds;
}

struct tokens *tokens_new(struct str makeflags, unsigned jobs, enum tokens_source *ret_source)
{
    struct tokens *tokens = memory_calloc(1, sizeof *tokens);
    struct tokens_place place = tokens_place_find(makeflags);
    bool named = place.path.len > 0 || place.read_fd >= 0;
    tokens->read_fd = tokens->write_fd = tokens->child_fds[0] = tokens->child_fds[1] = -1;
    tokens->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool joined = named && make_join(tokens, &place);
    *ret_source = joined ? TOKENS_MAKE : named ? TOKENS_LOST : TOKENS_OWN;
    jobs = *ret_source == TOKENS_LOST ? 1 : jobs;
    bool good = tokens->wake_fd >= 0 && pthread_mutex_init(&tokens->mutex, NULL) == 0 &&
                (joined || own_make(tokens, jobs));
    if (!good) {
        memory_exhausted();
    }
    if (tokens->own) {
        own_fill(tokens);
    }
    return tokens;
}

void tokens_return(struct tokens *tokens)
{
    (void)pthread_mutex_lock(&tokens->mutex);
    (void)!fd_write_all(tokens->write_fd, (struct str){tokens->held, tokens->held_count});
    tokens->held_count = 0;
    (void)pthread_mutex_unlock(&tokens->mutex);
}

void tokens_free(struct tokens *tokens)
{
    if (tokens != NULL) {
        tokens_return(tokens);
        fds_close(tokens);
        fd_close(&tokens->wake_fd);
        (void)pthread_mutex_destroy(&tokens->mutex);
        free(tokens);
    }
}

bool tokens_try(struct tokens *tokens, char *ret_token)
{
    bool taken = false;
    (void)pthread_mutex_lock(&tokens->mutex);
    if (!tokens->free_taken) {
        tokens->free_taken = taken = true;
        *ret_token = TOKEN_FREE;
    } else if (tokens->held_count < TOKENS_MAX && read(tokens->read_fd, ret_token, 1) == 1) {
        tokens->held[tokens->held_count++] = *ret_token;
        taken = true;
    }
    (void)pthread_mutex_unlock(&tokens->mutex);
    return taken;
}

bool tokens_wait(
    struct tokens *tokens, bool (*gives_up)(void *context), void *context, char *ret_token)
{
    while (!gives_up(context)) {
        if (tokens_try(tokens, ret_token)) {
            return true;
        }
        struct pollfd polls[2] = {
            {.fd = tokens->read_fd, .events = POLLIN}, {.fd = tokens->wake_fd, .events = POLLIN}};
        (void)poll(polls, 2, -1);
        uint64_t count;
        if (polls[1].revents != 0 && !gives_up(context)) { /* else all shall see it */
            (void)!read(tokens->wake_fd, &count, sizeof count);
        }
    }
    return false;
}

void tokens_wake(struct tokens *tokens)
{
    const uint64_t one = 1;
    (void)!write(tokens->wake_fd, &one, sizeof one);
}

void tokens_give(struct tokens *tokens, char token)
{
    (void)pthread_mutex_lock(&tokens->mutex);
    bool was_free = token == TOKEN_FREE && tokens->free_taken;
    for (unsigned i = 0; !was_free && i < tokens->held_count; i++) {
        if (tokens->held[i] == token) {
            tokens->held[i] = tokens->held[--tokens->held_count];
            (void)!fd_write_all(tokens->write_fd, (struct str){&token, 1});
            break;
        }
    }
    tokens->free_taken = tokens->free_taken && !was_free;
    if (tokens->own && !tokens->free_taken && tokens->held_count == 0) {
        own_fill(tokens); /* what an action lost is there again */
    }
    (void)pthread_mutex_unlock(&tokens->mutex);
    if (was_free) {
        tokens_wake(tokens);
    }
}
