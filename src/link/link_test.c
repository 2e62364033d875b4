/* src/link/link_test.c */
#include "base/test.h"
#include "link/packet.h"
#include <sys/socket.h>
#include <unistd.h>

static const uint8_t some_hash[DIGEST_HASH_BYTES] = {1, 2, 3, 0xFF};

static void messages_round_trip(void)
{
    const struct link_message messages[] = {
        {.kind = LINK_HELLO, .id = 0, .version = 1, .text = STR("/a/store")},
        {.kind = LINK_FETCH,
            .id = 7,
            .text = STR("https://example.org/x"),
            .hash = {.ptr = (const char *)some_hash, .len = DIGEST_HASH_BYTES},
            .count = UINT64_MAX,
            .file = STR("/ca.pem"),
            .allow_http = true,
            .headers = STR("Test: 1\nUser-Agent: a: b\n")},
        {.kind = LINK_FETCHED,
            .id = 1U << 20,
            .text = STR("https://example.org/y"),
            .count = 1,
            .headers = STR("*"),
            .digest = {.hash = {9}, .size_bytes = 300}},
        {.kind = LINK_PROGRESS, .id = 1, .count = 5, .total = 10},
        {.kind = LINK_FAILED, .id = 1, .count = LINK_FAILURE_CORRUPT, .text = STR("t")},
    };
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        AUTO_BUF bytes = {0};
        link_message_encode(&messages[i], &bytes);
        struct link_message back = {0};
        CHECK(link_message_decode(buf_str(&bytes), &back) == OK);
        CHECK(back.kind == messages[i].kind && back.id == messages[i].id);
        CHECK(back.count == messages[i].count && back.total == messages[i].total);
        CHECK(back.version == messages[i].version);
        CHECK(digest_eq(&back.digest, &messages[i].digest));
        CHECK_STR(back.text, messages[i].text);
        CHECK_STR(back.file, messages[i].file);
        CHECK_STR(back.hash, messages[i].hash);
        CHECK_STR(back.headers, messages[i].headers);
        CHECK(back.allow_http == messages[i].allow_http);
        /* Every shorter packet, and a longer one, is refused. */
        for (size_t len = 0; len < bytes.len; len++) {
            CHECK(link_message_decode(str_sub(buf_str(&bytes), 0, len), &back) == ERR_INVALID);
        }
        buf_add_byte(&bytes, 0);
        CHECK(link_message_decode(buf_str(&bytes), &back) == ERR_INVALID);
    }
}

static void headers_are_lines(void)
{
    static const char *const wrong[] = {"Test: 1", ": 1\n", "Test\n", "A: 1\r\n", "A: 1\n\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct link_message message = {
            .kind = LINK_FETCH, .text = STR("https://x/"), .headers = str_of(wrong[i])};
        AUTO_BUF bytes = {0};
        link_message_encode(&message, &bytes);
        CHECK(link_message_decode(buf_str(&bytes), &message) == ERR_INVALID);
    }
    struct str headers = STR("A: 1\nB:\n");
    struct str line;
    CHECK(link_header_next(&headers, &line) == OK);
    CHECK_STR(line, STR("A: 1"));
    CHECK(link_header_next(&headers, &line) == OK);
    CHECK_STR(line, STR("B:"));
    CHECK(link_header_next(&headers, &line) == ERR_ABSENT);
}

static void packets_cross_a_socket(void)
{
    int fds[2];
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
    struct arena arena = {0};
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    struct link_message message = {.kind = LINK_PROGRESS, .id = 3, .count = 4, .total = 5};
    CHECK(link_send(fds[0], &message, &diags) == OK);
    CHECK(send(fds[0], "\xFF", 1, 0) == 1);
    struct link_message got = {0};
    CHECK(link_receive(fds[1], &arena, &got, &diags) == OK);
    CHECK(got.kind == LINK_PROGRESS && got.id == 3 && got.count == 4);
    CHECK(link_receive(fds[1], &arena, &got, &diags) == ERR_INVALID);
    (void)close(fds[0]);
    CHECK(link_receive(fds[1], &arena, &got, &diags) == ERR_RETRY);
    CHECK(link_send(fds[1], &message, &diags) == ERR_RETRY);
    (void)close(fds[1]);
    arena_release(&arena);
}

int main(void)
{
    TEST(messages_round_trip);
    TEST(headers_are_lines);
    TEST(packets_cross_a_socket);
    return test_done();
}
