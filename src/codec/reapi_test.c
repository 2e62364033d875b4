/* src/codec/reapi_test.c */
#include "base/test.h"
#include "codec/proto.h"
#include "codec/reapi.h"

/* Made by protoc; tests/reapi.sh has the texts. For ever: digests of all that is stored rest on
 * these bytes. */
static const struct {
    const char *name;
    const char *hex;
} golden[] = {
    {"action",
        "0a440a4062613738313662663866303163666561343134313430646535646165323232336230303336316133"
        "393631373761396362343130666636316632303031356164100312420a406533623063343432393866633163"
        "3134396166626634633839393666623932343237616534316534363439623933346361343935393931623738"
        "3532623835353204083c100538014a0200ff520f0a0d0a056772616465120450757265"},
    {"command",
        "0a0263630a000a02c3a912060a014112013112030a01421a01662201642a0f0a0d0a05677261646512045075"
        "726532056275696c643a056f75742f6142056d74696d654801"},
    {"directory",
        "0a4b0a016112440a406261373831366266386630316366656134313431343064653564616532323233623030"
        "3336316133393631373761396362343130666636316632303031356164100320010a5a0a016312420a406533"
        "6230633434323938666331633134396166626634633839393666623932343237616534316534363439623933"
        "34636134393539393162373835326238353532110a060a0178120179120208011a0308ed0312470a01621242"
        "0a40653362306334343239386663316331343961666266346338393936666239323432376165343165343634"
        "396239333463613439353939316237383532623835351a090a016412042e2e2f782a021a00"},
    {"tree",
        "0a4912470a016212420a40653362306334343239386663316331343961666266346338393936666239323432"
        "376165343165343634396239333463613439353939316237383532623835351200"},
    {"action_result",
        "12550a056f75742f6112450a4062613738313662663866303163666561343134313430646535646165323232"
        "33623030333631613339363137376139636234313066663631663230303135616410ac0220012a036162631a"
        "96010a056f75742f641a440a4062613738313662663866303163666561343134313430646535646165323232"
        "336230303336316133393631373761396362343130666636316632303031356164100120012a450a40626137"
        "3831366266386630316366656134313431343064653564616532323233623030333631613339363137376139"
        "636234313066663631663230303135616410800120ffffffffffffffffff012a016f32420a40653362306334"
        "3432393866633163313439616662663463383939366662393234323761653431653436343962393334636134"
        "39353939316237383532623835353a016542420a406533623063343432393866633163313439616662663463"
        "38393936666239323432376165343165343634396239333463613439353939316237383532623835354a300a"
        "0177120c0880e2cfaa0610ff93ebdc031a00420b08ffffffffffffffffff01520208025a060a017412017662"
        "02100152060a016c1201615a060a016d12016462060a016e12016f"}};
enum {
    GOLDEN_ACTION,
    GOLDEN_COMMAND,
    GOLDEN_DIRECTORY,
    GOLDEN_TREE,
    GOLDEN_ACTION_RESULT,
    GOLDEN_COUNT,
};

static struct arena arena;

static unsigned hex_value(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static struct str golden_bytes(size_t i)
{
    size_t len = strlen(golden[i].hex) / 2;
    char *bytes = arena_alloc(&arena, len + 1);
    for (size_t at = 0; at < len; at++) {
        bytes[at] =
            (char)(hex_value(golden[i].hex[2 * at]) << 4 | hex_value(golden[i].hex[2 * at + 1]));
    }
    return (struct str){.ptr = bytes, .len = len};
}

/* Decodes bytes as golden[kind] is, and encodes again: OK, and the bytes in ret. */
static enum err round_trip(size_t kind, struct str bytes, struct buf *ret)
{
    struct reapi_action action;
    struct reapi_command command;
    struct reapi_directory directory;
    struct reapi_tree tree;
    struct reapi_action_result result;
    enum err err = ERR_INVALID;
    ret->len = 0;
    if (kind == GOLDEN_ACTION && (err = reapi_action_decode(bytes, &arena, &action)) == OK) {
        reapi_action_encode(&action, ret);
    } else if (kind == GOLDEN_COMMAND &&
               (err = reapi_command_decode(bytes, &arena, &command)) == OK) {
        reapi_command_encode(&command, ret);
    } else if (kind == GOLDEN_DIRECTORY &&
               (err = reapi_directory_decode(bytes, &arena, &directory)) == OK) {
        reapi_directory_encode(&directory, ret);
    } else if (kind == GOLDEN_TREE && (err = reapi_tree_decode(bytes, &arena, &tree)) == OK) {
        reapi_tree_encode(&tree, ret);
    } else if (kind == GOLDEN_ACTION_RESULT &&
               (err = reapi_action_result_decode(bytes, &arena, &result)) == OK) {
        reapi_action_result_encode(&result, ret);
    }
    return err;
}

static void golden_messages_round_trip(void)
{
    AUTO_BUF buf = {0};
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        struct str bytes = golden_bytes(i);
        CHECK(round_trip(i, bytes, &buf) == OK);
        CHECK_STR(buf_str(&buf), bytes);
    }
    arena_release(&arena);
}

/* Each cut and each changed byte decodes to something that has one form, or is refused. */
static void damaged_messages_are_refused_or_have_one_form(void)
{
    AUTO_BUF first = {0};
    AUTO_BUF second = {0};
    size_t refused = 0;
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        struct str bytes = golden_bytes(i);
        for (size_t at = 0; at < bytes.len; at++) {
            struct str copy = arena_str(&arena, bytes);
            memset((char *)(uintptr_t)copy.ptr + at, (int)(at * 37 & 0xFF), 1);
            struct str inputs[] = {str_sub(bytes, 0, at), copy};
            for (size_t k = 0; k < 2; k++) {
                bool taken = round_trip(i, inputs[k], &first) == OK;
                refused += !taken;
                struct str once = arena_str(&arena, buf_str(&first));
                CHECK(!taken || round_trip(i, once, &second) == OK);
                CHECK(!taken || str_eq(buf_str(&second), once));
            }
        }
        arena_release(&arena);
    }
    CHECK(refused > 1000);
}

static void action_has_its_fields(void)
{
    struct reapi_action action;
    CHECK(reapi_action_decode(golden_bytes(GOLDEN_ACTION), &arena, &action) == OK);
    CHECK(action.command_digest.size_bytes == 3);
    CHECK(digest_eq(&action.input_root_digest, &digest_empty));
    CHECK(action.timeout != NULL && action.timeout->seconds == 60 && action.timeout->nanos == 5);
    CHECK(action.do_not_cache);
    CHECK_STR(action.salt, ((struct str){.ptr = "\0\377", .len = 2}));
    CHECK(action.platform != NULL && action.platform->property_count == 1);
    CHECK_STR(action.platform->properties[0].name, STR("grade"));
    CHECK(reapi_action_decode(STR(""), &arena, &action) == ERR_INVALID);
    arena_release(&arena);
}

static void result_has_its_fields(void)
{
    struct reapi_action_result result;
    CHECK(reapi_action_result_decode(golden_bytes(GOLDEN_ACTION_RESULT), &arena, &result) == OK);
    CHECK(result.exit_code == -1);
    CHECK(result.output_file_count == 1 && result.output_directory_count == 1);
    CHECK_STR(result.output_files[0].path, STR("out/a"));
    CHECK(result.output_files[0].digest.size_bytes == 300 && result.output_files[0].is_executable);
    CHECK_STR(result.output_files[0].contents, STR("abc"));
    CHECK(result.output_directories[0].is_topologically_sorted);
    CHECK(result.metadata != NULL && result.metadata->queued->nanos == 999999999);
    CHECK(result.metadata->worker_start != NULL && result.metadata->worker_completed == NULL);
    CHECK(result.metadata->execution_completed->seconds == -1);
    CHECK_STR(result.output_symlinks[0].target, STR("o"));
    /* What an older or newer server adds is passed over; of two exit codes the last counts. */
    struct str odd = STR("\x20\x01\x20\x07\xF8\x3F\x01\xFA\x3F\x01x");
    CHECK(reapi_action_result_decode(odd, &arena, &result) == OK && result.exit_code == 7);
    arena_release(&arena);
}

static void directories_keep_their_order(void)
{
    static const struct {
        const char *files[2], *directories[2], *symlinks[1];
        bool good;
    } cases[] = {
        {{"a", "b"}, {"c", "d"}, {"e"}, true},
        {{"b", "d"}, {"a", "c"}, {"bb"}, true},
        {{"b", "a"}, {"c", "d"}, {"e"}, false},
        {{"a", "a"}, {"c", "d"}, {"e"}, false},
        {{"a", "b"}, {"b", "d"}, {"e"}, false},
        {{"a", "b"}, {"c", "d"}, {"a"}, false},
        {{"a", "b"}, {"c", "d"}, {"d"}, false},
        {{"", "b"}, {"c", "d"}, {"e"}, false},
        {{".", "b"}, {"c", "d"}, {"e"}, false},
        {{"a", "b"}, {"..", "d"}, {"e"}, false},
        {{"a", "b/x"}, {"c", "d"}, {"e"}, false},
        {{"a", "\xFF"}, {"c", "d"}, {"e"}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reapi_file_node files[2] = {
            {.name = str_of(cases[i].files[0]), .digest = digest_empty},
            {.name = str_of(cases[i].files[1]), .digest = digest_empty}};
        struct reapi_directory_node directories[2] = {
            {.name = str_of(cases[i].directories[0]), .digest = digest_empty},
            {.name = str_of(cases[i].directories[1]), .digest = digest_empty}};
        struct reapi_symlink symlink = {.name = str_of(cases[i].symlinks[0]), .target = STR("t")};
        struct reapi_directory directory = {.files = files,
            .file_count = 2,
            .directories = directories,
            .directory_count = 2,
            .symlinks = &symlink,
            .symlink_count = 1};
        AUTO_BUF buf = {0};
        reapi_directory_encode(&directory, &buf);
        struct reapi_directory decoded;
        CHECK((reapi_directory_decode(buf_str(&buf), &arena, &decoded) == OK) == cases[i].good);
        if (i == 2) {
            CHECK(reapi_directory_sort(&directory) == OK);
            CHECK_STR(files[0].name, STR("a"));
        }
    }
    struct reapi_file_node nameless = {.name = STR("a")};
    struct reapi_directory directory = {.files = &nameless, .file_count = 1};
    AUTO_BUF buf = {0};
    reapi_directory_encode(&directory, &buf);
    CHECK(reapi_directory_decode(buf_str(&buf), &arena, &directory) == ERR_INVALID);
    arena_release(&arena);
}

static void hostile_bytes_are_bounded(void)
{
    char files[8192];
    for (size_t i = 0; i < sizeof files; i += 2) {
        files[i] = 0x0A; /* a FileNode of no bytes: 2 bytes for some 80 of memory */
        files[i + 1] = 0;
    }
    struct reapi_directory directory;
    struct str input = {.ptr = files, .len = sizeof files};
    CHECK(reapi_directory_decode(input, &arena, &directory) == ERR_LIMIT);
    struct reapi_action action;
    static const char *const bad[] = {
        "\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", /* a length of 2^64 - 1 */
        ("\x0A\x05"
         "ab"),                                         /* behind the end */
        "\x0B\x0C",                                     /* a group */
        "\x07",                                         /* no such wire type */
        "\x48\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02", /* 65 bits */
        "\x38",                                         /* ends in a field */
        "\x3A\x01x",                                    /* a bool of another type */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(reapi_action_decode(str_of(bad[i]), &arena, &action) == ERR_INVALID);
    }
    arena_release(&arena);
}

static void an_action_is_named_by_what_it_says(void)
{
    struct str arguments[] = {STR("cc"), STR("-c")};
    struct reapi_property environment[] = {{STR("B"), STR("2")}, {STR("A"), STR("1")}};
    struct str outputs[] = {STR("out/b"), STR("out/a")};
    struct reapi_property properties[] = {{STR("grade"), STR("Pure")}};
    struct reapi_platform platform = {.properties = properties, .property_count = 1};
    struct reapi_command command = {.arguments = arguments,
        .argument_count = 2,
        .environment = environment,
        .environment_count = 2,
        .working_directory = STR("build"),
        .output_paths = outputs,
        .output_path_count = 2};
    struct reapi_action_messages made, again;
    CHECK(reapi_action_make(&command, &digest_empty, &platform, &arena, &made) == OK);
    CHECK_STR(environment[0].name, STR("A"));
    struct digest digest = digest_of(made.action);
    CHECK(digest_eq(&digest, &made.action_digest));
    struct reapi_action action;
    CHECK(reapi_action_decode(made.action, &arena, &action) == OK);
    CHECK(digest_eq(&action.command_digest, &made.command_digest));
    char text[DIGEST_TEXT_MAX];
    CHECK_STR(digest_format(&made.action_digest, text),
        STR("48960734a275f5c71a8862371c406f55a3b709d44527def6c7936219235b56c5/155"));
    struct reapi_platform none = {0};
    CHECK(reapi_action_make(&command, &digest_empty, &none, &arena, &made) == OK);
    CHECK(reapi_action_make(&command, &digest_empty, NULL, &arena, &again) == OK);
    CHECK(digest_eq(&made.action_digest, &again.action_digest));
    outputs[1] = outputs[0];
    CHECK(reapi_action_make(&command, &digest_empty, NULL, &arena, &again) == ERR_INVALID);
    command.output_path_count = 1;
    environment[1] = environment[0];
    CHECK(reapi_action_make(&command, &digest_empty, NULL, &arena, &again) == ERR_INVALID);
    arena_release(&arena);
}

int main(void)
{
    TEST(golden_messages_round_trip);
    TEST(damaged_messages_are_refused_or_have_one_form);
    TEST(action_has_its_fields);
    TEST(result_has_its_fields);
    TEST(directories_keep_their_order);
    TEST(hostile_bytes_are_bounded);
    TEST(an_action_is_named_by_what_it_says);
    return test_done();
}
