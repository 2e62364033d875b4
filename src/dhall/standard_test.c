/* src/dhall/standard_test.c: the acceptance tests of the Dhall standard, one TAP line a case.
 *
 * They are data that this repository does not hold: $STRAYLIGHT_SUITES/dhall-standard, where the
 * default is ../shared beside the repository. The table at the end says which folders are judged
 * and how; a folder is a new row. No case is treated by its name. */
#include "dhall/standard_test.h"
#include "base/env.h"
#include "base/file.h"
#include "base/test.h"
#include "dhall/encode.h"
#include "dhall/parse.h"
#include "dhall/print.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

bool case_read(struct suite_case *test, const char *suffix, struct str *ret_bytes)
{
    struct str path = arena_printf(&test->arena, "%.*s%s", STR_ARG(test->stem), suffix);
    return file_read(AT_FDCWD, path.ptr, FILE_BYTES_MAX, &test->arena, ret_bytes, &test->diags) ==
           OK;
}

static enum err case_parse(struct suite_case *test, struct str text, dhall_term *ret_term)
{
    uint32_t source = sources_add(test->sources, test->stem, text);
    return dhall_parse(&test->terms, source, text, ret_term, &test->diags);
}

static void case_explain(struct suite_case *test)
{
    AUTO_BUF text = {0};
    diags_format(&test->diags, false, &text);
    struct str rest = buf_str(&text);
    while (rest.len > 0) {
        size_t newline = str_find(rest, '\n');
        (void)printf("# %.*s\n", STR_ARG(str_sub(rest, 0, newline)));
        rest = str_sub(rest, newline + 1, rest.len);
    }
}

static bool parser_success(struct suite_case *test)
{
    struct str text;
    struct str want;
    dhall_term term;
    bool pair = case_read(test, "A.dhall", &text); /* or one name with both endings */
    if (!(pair || case_read(test, ".dhall", &text)) ||
        !case_read(test, pair ? "B.dhallb" : ".dhallb", &want) ||
        case_parse(test, text, &term) != OK) {
        return false;
    }
    AUTO_BUF got = {0};
    dhall_encode(&test->terms, term, &got);
    return str_eq(buf_str(&got), want);
}

/* What parses prints, on one line or several, and the text parses to the same. */
static bool print_law(struct suite_case *test)
{
    static const struct dhall_print_options options[] = {
        {.layout = DHALL_PRINT_LINES},
        {.layout = DHALL_PRINT_LINES, .ascii = true, .columns = 20},
        {.layout = DHALL_PRINT_ONE_LINE},
    };
    struct str text;
    dhall_term term;
    if (!(case_read(test, "A.dhall", &text) || case_read(test, ".dhall", &text)) ||
        case_parse(test, text, &term) != OK) {
        return false;
    }
    AUTO_BUF want = {0};
    dhall_encode(&test->terms, term, &want);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        AUTO_BUF printed = {0};
        AUTO_BUF got = {0};
        dhall_term again;
        dhall_print(&test->terms, term, &options[i], &printed);
        if (case_parse(test, buf_str(&printed), &again) != OK) {
            return false;
        }
        dhall_encode(&test->terms, again, &got);
        if (!str_eq(buf_str(&got), buf_str(&want))) {
            (void)printf("# option %zu:\n# %.*s\n", i, STR_ARG(buf_str(&printed)));
            return false;
        }
    }
    return true;
}

static bool parser_failure(struct suite_case *test)
{
    struct str text;
    dhall_term term;
    return case_read(test, ".dhall", &text) && case_parse(test, text, &term) == ERR_INVALID;
}

static bool decode_success(struct suite_case *test)
{
    struct str bytes;
    struct str text;
    dhall_term decoded;
    dhall_term parsed;
    if (!case_read(test, "A.dhallb", &bytes) || !case_read(test, "B.dhall", &text) ||
        dhall_decode(&test->terms, bytes, &decoded, &test->diags) != OK ||
        case_parse(test, text, &parsed) != OK) {
        return false;
    }
    AUTO_BUF got = {0};
    AUTO_BUF want = {0};
    dhall_encode(&test->terms, decoded, &got);
    dhall_encode(&test->terms, parsed, &want);
    return str_eq(buf_str(&got), buf_str(&want));
}

static bool decode_failure(struct suite_case *test)
{
    struct str bytes;
    dhall_term term;
    return case_read(test, ".dhallb", &bytes) &&
           dhall_decode(&test->terms, bytes, &term, &test->diags) == ERR_INVALID;
}

struct suite {
    const char *folder; /* below dhall-standard/tests */
    const char *suffix; /* of the file that makes a case; an A before it is not part of the stem */
    bool (*judge)(struct suite_case *test);
};
static const struct suite suites[] = {
    {"parser/success", ".dhall", parser_success},
    {"parser/success", ".dhall", print_law},
    {"normalization/success", ".dhall", print_law},
    {"parser/failure", ".dhall", parser_failure},
    {"binary-decode/success", ".dhallb", decode_success},
    {"binary-decode/failure", ".dhallb", decode_failure},
    {"normalization/success", ".dhall", normalization_success},
    {"alpha-normalization/success", ".dhall", alpha_success},
    {"type-inference/success", ".dhall", inference_success},
    {"type-inference/failure", ".dhall", inference_failure},
    {"semantic-hash/success", ".dhall", hash_success},
    {"import/success", ".dhall", import_success},
    {"import/failure", ".dhall", import_failure},
};

/* What a run knows beside the case; prelude_cases lists those that need more than the suite holds.
 */
struct run {
    struct arena arena;
    struct str root, prelude_cases;
    bool has_prelude;
    unsigned prelude_skipped;
};

static struct str list_read(struct run *run, const char *name)
{
    struct str text = {0};
    struct diags diags;
    diags_init(&diags, &run->arena, NULL);
    struct str path = arena_printf(&run->arena, "%.*s/../%s", STR_ARG(run->root), name);
    enum err err = file_read(AT_FDCWD, path.ptr, FILE_BYTES_MAX, &run->arena, &text, &diags);
    return err == OK ? text : STR("");
}

/* Is tests/<name> a line of list? */
static bool is_listed(struct str list, const char *name)
{
    while (list.len > 0) {
        size_t newline = str_find(list, '\n');
        struct str line = str_sub(list, 0, newline);
        if (str_starts(line, STR("tests/")) && str_eq(str_sub(line, 6, line.len), str_of(name))) {
            return true;
        }
        list = str_sub(list, newline + 1, list.len);
    }
    return false;
}

static void case_run(struct run *run, const struct suite *suite, const char *path, const char *name)
{
    bool parse_only = strstr(name, "parser/") == name || strstr(name, "binary") == name;
    if (!parse_only && !run->has_prelude && is_listed(run->prelude_cases, name)) {
        run->prelude_skipped++;
        return;
    }
    struct suite_case test = {.sources = sources_new(), .root = run->root};
    diags_init(&test.diags, &test.arena, test.sources);
    dhall_labels_init(&test.labels);
    dhall_terms_init(&test.terms, &test.labels, 0);
    test.stem = str_of(path);
    test.stem.len -= strlen(suite->suffix);
    if (str_ends(test.stem, STR("A")) && strstr(suite->folder, "success") != NULL) {
        test.stem.len--;
    }
    test_failed = !suite->judge(&test);
    if (test_failed) {
        case_explain(&test);
    }
    test_result(name);
    dhall_terms_release(&test.terms);
    dhall_labels_release(&test.labels);
    sources_free(test.sources);
    arena_release(&test.arena);
}

/* All cases below folder, in the order of their names; name_at is where a case's name begins. */
static void folder_run(
    struct run *run, const struct suite *suite, const char *folder, size_t name_at)
{
    struct dirent **rows = NULL;
    int count = scandir(folder, &rows, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char path[4096];
        (void)snprintf(path, sizeof path, "%s/%s", folder, rows[i]->d_name);
        struct stat info;
        bool hidden = rows[i]->d_name[0] == '.';
        if (!hidden && stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
            folder_run(run, suite, path, name_at);
        } else if (!hidden && str_ends(str_of(path), str_of(suite->suffix)) &&
                   !str_ends(str_of(path), STR("ENV.dhall")) &&
                   !str_ends(str_of(path), STR("B.dhall"))) {
            case_run(run, suite, path, path + name_at);
        }
        free(rows[i]);
    }
    free(rows);
}

/* The default is beside the repository; the test runs in its build folder, or above. */
static bool suites_find(char path[static 4096])
{
    const char *tried[] = {
        env_get("STRAYLIGHT_SUITES"), "../shared", "../../shared", "../../../shared"};
    size_t count = tried[0] != NULL ? 1 : sizeof tried / sizeof tried[0];
    for (size_t i = tried[0] != NULL ? 0 : 1; i < count; i++) {
        struct stat info;
        (void)snprintf(path, 4096, "%s/dhall-standard/tests", tried[i]);
        if (stat(path, &info) == 0) {
            return true;
        }
    }
    return false;
}

int main(void)
{
    char root[4096];
    bool found = suites_find(root);
    struct run run = {.root = str_of(root), .has_prelude = env_get("STRAYLIGHT_PRELUDE") != NULL};
    if (found) {
        run.prelude_cases = list_read(&run, "prelude-cases.txt");
    }
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        if (!found) {
            test_skip(suites[i].folder, "the suite dhall-standard is not here (STRAYLIGHT_SUITES)");
            continue;
        }
        char folder[4200];
        (void)snprintf(folder, sizeof folder, "%s/%s", root, suites[i].folder);
        folder_run(&run, &suites[i], folder, strlen(root) + 1);
    }
    if (run.prelude_skipped > 0) {
        char name[64];
        (void)snprintf(name, sizeof name, "%u cases with the Prelude", run.prelude_skipped);
        test_skip(name, "no Prelude (STRAYLIGHT_PRELUDE names its folder)");
    }
    arena_release(&run.arena);
    return test_done();
}
