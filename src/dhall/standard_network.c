/* src/dhall/standard_network.c: the servers that the standard's tests fetch from, as a function.
 * What they answer is said in the suite's README. */
#include "base/env.h"
#include "base/file.h"
#include "dhall/standard_test.h"
#include <fcntl.h>

/* What a server says. */
struct answer {
    bool found;
    struct str body;
    const char *allow_origin; /* NULL: no such header */
};

static struct str header_of(const struct dhall_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (str_eq(request->headers[i].name, str_of(name))) {
            return request->headers[i].value;
        }
    }
    return STR("");
}

static bool file_answer(
    struct suite_case *test, struct str folder, struct str path, struct answer *ret_answer)
{
    struct str name = arena_printf(&test->arena, "%.*s/%.*s", STR_ARG(folder), STR_ARG(path));
    ret_answer->allow_origin = "*";
    ret_answer->found = file_read(AT_FDCWD, name.ptr, FILE_BYTES_MAX, &test->arena,
                            &ret_answer->body, &test->diags) == OK;
    return ret_answer->found;
}

/* If url is prefix, something up to a slash, and then middle: what is behind it. */
static bool url_takes_apart(
    struct str url, const char *prefix, const char *middle, struct str *ret_rest)
{
    if (!str_starts(url, str_of(prefix))) {
        return false;
    }
    struct str rest = str_sub(url, strlen(prefix), url.len);
    rest = str_sub(rest, str_find(rest, '/'), rest.len);
    if (!str_starts(rest, str_of(middle))) {
        return false;
    }
    *ret_rest = str_sub(rest, strlen(middle), rest.len);
    return true;
}

struct page {
    const char *url, *allow_origin, *body;
};
static const struct page pages[] = {
    {"https://raw.githubusercontent.com/N/Canonicalize3A.dhall", "*",
        "./../bar/import.dhall as Location"},
    {"https://raw.githubusercontent.com/N/Canonicalize5A.dhall", "*",
        "./foo/../../bar/import.dhall as Location"},
    {"https://raw.githubusercontent.com/N/EnvA.dhall", "*", "env:HOME as Location"},
    {"https://raw.githubusercontent.com/N/MissingA.dhall", "*", "missing as Location"},
    {"https://test.dhall-lang.org/cors/AllowedAll.dhall", "*", "42"},
    {"https://test.dhall-lang.org/cors/OnlyGithub.dhall", "https://raw.githubusercontent.com",
        "42"},
    {"https://test.dhall-lang.org/cors/OnlySelf.dhall", "https://test.dhall-lang.org", "42"},
    {"https://test.dhall-lang.org/cors/OnlyOther.dhall", "https://example.com", "42"},
    {"https://test.dhall-lang.org/cors/Empty.dhall", "", "42"},
    {"https://test.dhall-lang.org/cors/NoCORS.dhall", NULL, "42"},
    {"https://test.dhall-lang.org/cors/Null.dhall", "null", "42"},
    {"https://test.dhall-lang.org/cors/SelfImportAbsolute.dhall", "*",
        "https://test.dhall-lang.org/cors/NoCORS.dhall"},
    {"https://test.dhall-lang.org/cors/SelfImportRelative.dhall", "*", "./NoCORS.dhall"},
    {"https://test.dhall-lang.org/cors/TwoHopsFail.dhall", "*",
        "https://raw.githubusercontent.com/dhall-lang/dhall-lang/master/tests/import/data/cors/"
        "OnlySelf.dhall"},
    {"https://test.dhall-lang.org/cors/TwoHopsSuccess.dhall", "*",
        "https://raw.githubusercontent.com/dhall-lang/dhall-lang/master/tests/import/data/cors/"
        "OnlyGithub.dhall"},
};

static struct answer page_answer(struct str url)
{
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (str_eq(url, str_of(pages[i].url))) {
            return (struct answer){.found = true,
                .body = str_of(pages[i].body),
                .allow_origin = pages[i].allow_origin};
        }
    }
    return (struct answer){0};
}

/* Pages that look at the request, or differ each time. */
static struct answer live_answer(struct suite_case *test, const struct dhall_request *request)
{
    struct answer answer = {.found = true};
    struct str url = request->url;
    bool has_test = header_of(request, "Test").len > 0;
    if (str_eq(url, STR("https://httpbin.org/user-agent"))) {
        answer.body = arena_printf(&test->arena, "{\n  \"user-agent\": \"%.*s\"\n}\n",
            STR_ARG(header_of(request, "User-Agent")));
        answer.allow_origin = "*";
    } else if (str_eq(url, STR("https://httpbin.org/headers"))) {
        answer.body = STR("{}");
        answer.allow_origin = "*";
    } else if (str_eq(url, STR("https://test.dhall-lang.org/foo")) && has_test) {
        answer.body = STR("./bar");
    } else if (str_eq(url, STR("https://test.dhall-lang.org/bar")) && has_test) {
        answer.body = STR("True");
    } else if (str_eq(url, STR("https://test.dhall-lang.org/random-string"))) {
        answer.body = arena_printf(&test->arena, "%u", test->fetches);
    } else {
        answer.found = false;
    }
    return answer;
}

static struct answer server_answer(struct suite_case *test, const struct dhall_request *request)
{
    struct answer answer = {0};
    struct str rest;
    struct str url = request->url;
    const char *prelude = env_get("STRAYLIGHT_PRELUDE");
    if (url_takes_apart(
            url, "https://raw.githubusercontent.com/dhall-lang/dhall-lang/", "/tests/", &rest)) {
        (void)file_answer(test, test->root, rest, &answer);
        return answer;
    }
    if (url_takes_apart(url, "https://raw.githubusercontent.com/Nadrieril/dhall-rust/",
            "/dhall/tests/import/success/unit/asLocation/", &rest)) {
        return page_answer(
            arena_printf(&test->arena, "https://raw.githubusercontent.com/N/%.*s", STR_ARG(rest)));
    }
    if (prelude != NULL && url_takes_apart(url, "https://prelude.dhall-lang.org", "/", &rest)) {
        (void)file_answer(test, str_of(prelude), rest, &answer);
        return answer;
    }
    answer = page_answer(url);
    return answer.found ? answer : live_answer(test, request);
}

enum err suite_fetch(struct suite_case *test, const struct dhall_request *request,
    struct dhall_response *ret_response)
{
    test->fetches++;
    struct answer answer = server_answer(test, request);
    if (!answer.found) {
        return ERR_ABSENT;
    }
    *ret_response = (struct dhall_response){.bytes = answer.body,
        .has_allow_origin = answer.allow_origin != NULL,
        .allow_origin = str_of(answer.allow_origin != NULL ? answer.allow_origin : "")};
    return OK;
}
