/* src/build/tokens_test.c: a jobserver's tokens, taken and given back. */
#include "base/arena.h"
#include "base/file.h"
#include "base/test.h"
#include "build/tokens.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void places(void)
{
    static const struct {
        const char *flags, *path;
        int read_fd, write_fd;
    } cases[] = {
        {"", "", -1, -1},
        {"k", "", -1, -1},
        {" -j4 --jobserver-auth=3,4", "", 3, 4},
        {" -j --jobserver-fds=12,13", "", 12, 13},
        {"w -j4 --jobserver-auth=fifo:/tmp/GMfifo1 -- A=b", "/tmp/GMfifo1", -1, -1},
        {" --jobserver-auth=3,4 --jobserver-auth=5,6", "", 5, 6},
        {" --jobserver-auth=-2,-2", "", -1, -1},
        {" --jobserver-auth=3", "", -1, -1},
        {" --jobserver-auth=3,4x", "", -1, -1},
        {" --jobserver-auth=99999999999,4", "", -1, -1},
        {" -- X=--jobserver-auth=3,4 --jobserver-auth=3,4", "", -1, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tokens_place place = tokens_place_find(str_of(cases[i].flags));
        CHECK_STR(place.path, str_of(cases[i].path));
        CHECK(place.read_fd == cases[i].read_fd && place.write_fd == cases[i].write_fd);
    }
}

static bool at_once(void *context)
{
    (void)context;
    return true;
}

static void own(void)
{
    enum tokens_source source;
    struct tokens *tokens = tokens_new(STR(""), 3, &source);
    char token[4];
    CHECK(source == TOKENS_OWN);
    CHECK(tokens_try(tokens, &token[0]) && tokens_try(tokens, &token[1]));
    CHECK(tokens_try(tokens, &token[2]));
    CHECK(!tokens_try(tokens, &token[3]));
    tokens_wake(tokens);
    CHECK(!tokens_wait(tokens, at_once, NULL, &token[3]));
    tokens_give(tokens, token[0]);
    CHECK(tokens_try(tokens, &token[3]));
    tokens_free(tokens);
}

/* How many bytes a jobserver's pipe holds; they are put back. */
static size_t count_of(int read_fd, int write_fd)
{
    char bytes[64];
    ssize_t count = read(read_fd, bytes, sizeof bytes);
    return count <= 0 || write(write_fd, bytes, (size_t)count) != count ? 0 : (size_t)count;
}

static void shared(struct str makeflags, int read_fd, int write_fd)
{
    enum tokens_source source;
    char token[3];
    CHECK(write(write_fd, "ab", 2) == 2);
    struct tokens *tokens = tokens_new(makeflags, 8, &source);
    CHECK(source == TOKENS_MAKE);
    CHECK(tokens_try(tokens, &token[0]));
    CHECK(count_of(read_fd, write_fd) == 2); /* the first is for nothing */
    CHECK(tokens_try(tokens, &token[1]) && token[1] == 'a');
    CHECK(tokens_try(tokens, &token[2]) && token[2] == 'b');
    CHECK(!tokens_try(tokens, &token[0]));
    tokens_give(tokens, token[2]);
    CHECK(count_of(read_fd, write_fd) == 1);
    tokens_return(tokens);
    CHECK(count_of(read_fd, write_fd) == 2);
    tokens_give(tokens, token[1]); /* it was given back already */
    CHECK(count_of(read_fd, write_fd) == 2);
    tokens_free(tokens);
    CHECK(count_of(read_fd, write_fd) == 2);
}

static void of_make(void)
{
    int ends[2];
    struct arena arena = {0};
    CHECK(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    shared(arena_printf(&arena, " -j3 --jobserver-auth=%d,%d", ends[0], ends[1]), ends[0], ends[1]);
    fd_close(&ends[0]);
    fd_close(&ends[1]);
    char folder[] = "/tmp/straylight-fifo.XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    const char *path = arena_printf(&arena, "%s/fifo", folder).ptr;
    CHECK(mkfifo(path, 0600) == 0);
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    shared(arena_printf(&arena, " -j3 --jobserver-auth=fifo:%s", path), fd, fd);
    fd_close(&fd);
    CHECK(unlink(path) == 0 && rmdir(folder) == 0);
    arena_release(&arena);
}

static void lost(void)
{
    enum tokens_source source;
    char token;
    struct tokens *tokens = tokens_new(STR(" -j3 --jobserver-auth=998,999"), 8, &source);
    CHECK(source == TOKENS_LOST);
    CHECK(tokens_try(tokens, &token) && !tokens_try(tokens, &token)); /* one job */
    tokens_free(tokens);
    tokens = tokens_new(STR(" -j3 --jobserver-auth=fifo:/dev/null"), 8, &source);
    CHECK(source == TOKENS_LOST);
    tokens_free(tokens);
}

int main(void)
{
    TEST(places);
    TEST(own);
    TEST(of_make);
    TEST(lost);
    return test_done();
}
