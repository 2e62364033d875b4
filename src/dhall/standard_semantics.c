/* src/dhall/standard_semantics.c: judges for what needs evaluation, inference or imports.
 *
 * A case is named "./dhall-lang/tests/<folder>/<case>", as the standard's tests expect; the reader
 * finds dhall-lang/tests in the suite and dhall-lang/Prelude in $STRAYLIGHT_PRELUDE. */
#include "base/env.h"
#include "base/file.h"
#include "dhall/encode.h"
#include "dhall/parse.h"
#include "dhall/standard_test.h"
#include "dhall/tool.h"
#include <fcntl.h>

struct variable {
    struct str name, value;
};
struct world {
    struct suite_case *test;
    struct dhall *dhall;
    struct variable *variables;
    size_t variable_count;
    bool has_cache;
};

static enum err path_read(struct suite_case *test, struct arena *arena, struct str folder,
    struct str rest, struct str *ret_bytes)
{
    struct str path = arena_printf(&test->arena, "%.*s/%.*s", STR_ARG(folder), STR_ARG(rest));
    return file_read(AT_FDCWD, path.ptr, FILE_BYTES_MAX, arena, ret_bytes, &test->diags);
}

static enum err world_read(void *context, const struct dhall_import *import, struct str name,
    struct arena *arena, struct str *ret_bytes, struct diags *diags)
{
    (void)diags;
    const struct world *world = context;
    struct suite_case *test = world->test;
    static const char tests[] = "./dhall-lang/tests/", prelude[] = "./dhall-lang/Prelude/";
    if (import->scheme == DHALL_ENV) {
        for (size_t i = 0; i < world->variable_count; i++) {
            if (str_eq(world->variables[i].name, import->authority)) {
                *ret_bytes = world->variables[i].value;
                return OK;
            }
        }
        return ERR_ABSENT;
    }
    if (str_starts(name, str_of(tests))) {
        return path_read(
            test, arena, test->root, str_sub(name, sizeof tests - 1, name.len), ret_bytes);
    }
    if (str_starts(name, STR("~/"))) {
        struct str home = arena_printf(&test->arena, "%.*s/import/home", STR_ARG(test->root));
        return path_read(test, arena, home, str_sub(name, 2, name.len), ret_bytes);
    }
    const char *folder = env_get("STRAYLIGHT_PRELUDE");
    if (folder != NULL && str_starts(name, str_of(prelude))) {
        return path_read(
            test, arena, str_of(folder), str_sub(name, sizeof prelude - 1, name.len), ret_bytes);
    }
    return ERR_ABSENT;
}

static enum err world_fetch(void *context, const struct dhall_request *request, struct arena *arena,
    struct dhall_response *ret_response, struct diags *diags)
{
    (void)arena, (void)diags;
    const struct world *world = context;
    return suite_fetch(world->test, request, ret_response);
}

static enum err world_cache_get(
    void *context, const uint8_t hash[static 32], struct arena *arena, struct str *ret_bytes)
{
    const struct world *world = context;
    if (!world->has_cache) {
        return ERR_ABSENT;
    }
    AUTO_BUF path = {0};
    buf_printf(&path, "%.*s/import/cache/dhall/1220", STR_ARG(world->test->root));
    for (size_t i = 0; i < 32; i++) {
        buf_printf(&path, "%02x", hash[i]);
    }
    buf_add_byte(&path, 0);
    return file_read(AT_FDCWD, path.ptr, FILE_BYTES_MAX, arena, ret_bytes, &world->test->diags);
}

static void world_init(struct world *world, struct suite_case *test)
{
    *world = (struct world){.test = test};
    struct dhall_reader reader = {
        .context = world,
        .read = world_read,
        .fetch = world_fetch,
        .cache_get = world_cache_get,
    };
    static const struct dhall_limits limits = {.steps_max = 300000000};
    world->dhall = dhall_new(&reader, &limits, test->sources);
}

static struct str case_name(struct suite_case *test, const char *suffix)
{
    return arena_printf(&test->arena, "./dhall-lang/tests%.*s%s",
        STR_ARG(str_sub(test->stem, test->root.len, test->stem.len)), suffix);
}

static enum err case_load(struct world *world, const char *suffix, struct dhall_loaded *ret_loaded)
{
    struct suite_case *test = world->test;
    return dhall_load(world->dhall, case_name(test, suffix), ret_loaded, &test->diags);
}

/* The encoding of a value's normal form. */
static bool value_encode(
    struct world *world, const struct dhall_value *value, struct buf *ret_bytes)
{
    struct dhall_terms terms;
    dhall_terms_init(&terms, dhall_tool_labels(world->dhall), 0);
    dhall_term term = {0};
    enum err err =
        dhall_tool_read_back(world->dhall, value, false, &terms, &term, &world->test->diags);
    if (err == OK) {
        dhall_encode(&terms, term, ret_bytes);
    }
    dhall_terms_release(&terms);
    return err == OK;
}

/* The encoding of the file stem + suffix as it is written. */
static bool file_encode(struct world *world, const char *suffix, struct buf *ret_bytes)
{
    struct str text;
    if (!case_read(world->test, suffix, &text)) {
        return false;
    }
    struct dhall_terms terms;
    dhall_terms_init(&terms, dhall_tool_labels(world->dhall), 0);
    dhall_term term = {0};
    enum err err = dhall_parse(&terms, 0, text, &term, &world->test->diags);
    if (err == OK) {
        dhall_encode(&terms, term, ret_bytes);
    }
    dhall_terms_release(&terms);
    return err == OK;
}

static bool is_file(struct world *world, const struct dhall_value *value, const char *suffix)
{
    AUTO_BUF got = {0};
    AUTO_BUF want = {0};
    return value_encode(world, value, &got) && file_encode(world, suffix, &want) &&
           str_eq(buf_str(&got), buf_str(&want));
}

bool normalization_success(struct suite_case *test)
{
    struct world world;
    struct str text;
    struct dhall_loaded loaded;
    world_init(&world, test);
    bool passed = case_read(test, "A.dhall", &text) &&
                  dhall_tool_evaluate(
                      world.dhall, case_name(test, "A.dhall"), text, &loaded, &test->diags) == OK &&
                  is_file(&world, loaded.value, "B.dhall");
    dhall_free(world.dhall);
    return passed;
}

bool alpha_success(struct suite_case *test)
{
    struct world world;
    struct str text;
    world_init(&world, test);
    AUTO_BUF got = {0};
    AUTO_BUF want = {0};
    struct dhall_terms terms;
    dhall_terms_init(&terms, dhall_tool_labels(world.dhall), 0);
    dhall_term term = {0};
    bool passed = case_read(test, "A.dhall", &text) &&
                  dhall_tool_alpha(world.dhall, text, &terms, &term, &test->diags) == OK &&
                  file_encode(&world, "B.dhall", &want);
    if (passed) {
        dhall_encode(&terms, term, &got);
        passed = str_eq(buf_str(&got), buf_str(&want));
    }
    dhall_terms_release(&terms);
    dhall_free(world.dhall);
    return passed;
}

bool inference_success(struct suite_case *test)
{
    struct world world;
    struct dhall_loaded loaded;
    world_init(&world, test);
    bool passed =
        case_load(&world, "A.dhall", &loaded) == OK && is_file(&world, loaded.type, "B.dhall");
    dhall_free(world.dhall);
    return passed;
}

bool inference_failure(struct suite_case *test)
{
    struct world world;
    struct dhall_loaded loaded;
    world_init(&world, test);
    AUTO_BUF parses = {0};
    bool passed = file_encode(&world, ".dhall", &parses) &&
                  case_load(&world, ".dhall", &loaded) == ERR_INVALID;
    dhall_free(world.dhall);
    return passed;
}

bool hash_success(struct suite_case *test)
{
    struct world world;
    struct dhall_loaded loaded;
    struct str want;
    uint8_t hash[32];
    world_init(&world, test);
    bool passed = case_read(test, "B.hash", &want) && case_load(&world, "A.dhall", &loaded) == OK &&
                  dhall_value_hash(world.dhall, loaded.value, hash, &test->diags) == OK;
    AUTO_BUF got = {0};
    buf_printf(&got, "sha256:");
    for (size_t i = 0; passed && i < 32; i++) {
        buf_printf(&got, "%02x", hash[i]);
    }
    buf_add_byte(&got, '\n');
    dhall_free(world.dhall);
    return passed && str_eq(buf_str(&got), want);
}

static void variable_add(struct world *world, struct str name, struct str value)
{
    world->variables[world->variable_count++] = (struct variable){name, value};
}

/* The variables of <case>ENV.dhall, which is a List { mapKey : Text, mapValue : Text }. */
static bool world_set_variables(struct world *world, const char *suffix)
{
    struct dhall_loaded loaded;
    struct suite_case *test = world->test;
    const struct dhall_value *const *elements = NULL;
    size_t count = 0;
    struct str text;
    struct diags saved = test->diags;
    bool given = case_read(test, suffix, &text);
    test->diags = saved;
    if (given && (case_load(world, suffix, &loaded) != OK ||
                     dhall_value_list(world->dhall, loaded.value, &elements, &count) != OK)) {
        return false;
    }
    world->variables = ARENA_NEW(&test->arena, struct variable, count + 1);
    variable_add(world, STR("DHALL_TEST_VAR"), STR("6 * 7"));
    for (size_t i = 0; i < count; i++) {
        const struct dhall_value *name, *value;
        struct str texts[2];
        if (dhall_value_field(world->dhall, elements[i], STR("mapKey"), &name) != OK ||
            dhall_value_field(world->dhall, elements[i], STR("mapValue"), &value) != OK ||
            dhall_value_text(world->dhall, name, &texts[0]) != OK ||
            dhall_value_text(world->dhall, value, &texts[1]) != OK) {
            return false;
        }
        variable_add(world, texts[0], texts[1]);
    }
    return true;
}

bool import_success(struct suite_case *test)
{
    struct world world;
    struct dhall_loaded a, b;
    world_init(&world, test);
    world.has_cache = true;
    AUTO_BUF got = {0};
    AUTO_BUF want = {0};
    bool passed = world_set_variables(&world, "ENV.dhall") &&
                  case_load(&world, "A.dhall", &a) == OK &&
                  case_load(&world, "B.dhall", &b) == OK && value_encode(&world, a.value, &got) &&
                  value_encode(&world, b.value, &want) && str_eq(buf_str(&got), buf_str(&want));
    dhall_free(world.dhall);
    return passed;
}

bool import_failure(struct suite_case *test)
{
    struct world world;
    struct dhall_loaded loaded;
    world_init(&world, test);
    world.has_cache = true;
    AUTO_BUF parses = {0};
    bool passed = world_set_variables(&world, "ENV.dhall") &&
                  file_encode(&world, ".dhall", &parses) &&
                  case_load(&world, ".dhall", &loaded) == ERR_INVALID;
    dhall_free(world.dhall);
    return passed;
}
