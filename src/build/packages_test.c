/* src/build/packages_test.c: the packages inside the program, and the hashes they are known by. */
#include "base/test.h"
#include "build/packages.h"
#include "dhall/dhall.h"

static bool embedded(void *context, struct str url, struct str *ret_bytes)
{
    (void)context;
    return package_find(url, ret_bytes);
}

static void finds(void)
{
    struct str bytes = {0};
    CHECK(package_find(STR("https://straylight.cx/rules/c/v1.dhall"), &bytes));
    CHECK(bytes.len > 1000);
    CHECK(!package_find(STR("https://straylight.cx/rules/none/v1.dhall"), &bytes));
    CHECK(!package_find(STR("https://example.org/rules/c/v1.dhall"), &bytes));
    CHECK(package_is_ours(STR("https://straylight.cx/rules/none/v1.dhall")));
    CHECK(!package_is_ours(STR("https://straylight.cx.example.org/x")));
    CHECK(package_release_count == package_file_count);
    for (size_t i = 0; i < package_file_count; i++) {
        CHECK(package_release_find(str_of(package_files[i].path)) != NULL);
    }
}

/* Each package loads with nothing but the others, and has the semantic hash of the table. Says
 * what the table should have where it has not. */
static void hashes(void)
{
    struct arena arena = {0};
    struct sources *sources = sources_new();
    struct diags diags;
    diags_init(&diags, &arena, sources);
    struct dhall_reader reader = {.embedded = embedded, .refuse_unfrozen = false};
    struct dhall *dhall = dhall_new(&reader, NULL, sources);
    for (size_t i = 0; i < package_file_count; i++) {
        const char *path = package_files[i].path;
        struct str text = arena_printf(&arena, PACKAGES_URL "%s", path);
        struct dhall_loaded loaded;
        uint8_t hash[32] = {0};
        bool loads = dhall_load_text(dhall, str_of(path), STR("/"), text, &loaded, &diags) == OK &&
                     dhall_value_hash(dhall, loaded.value, hash, &diags) == OK;
        CHECK(loads);
        AUTO_BUF hex = {0};
        for (size_t j = 0; j < sizeof hash; j++) {
            buf_printf(&hex, "%02x", hash[j]);
        }
        const struct package_release *release = package_release_find(str_of(path));
        CHECK_STR(buf_str(&hex), str_of(release == NULL ? "" : release->hash));
    }
    AUTO_BUF story = {0};
    diags_format(&diags, false, &story);
    CHECK_STR(buf_str(&story), STR(""));
    dhall_free(dhall);
    sources_free(sources);
    arena_release(&arena);
}

int main(void)
{
    TEST(finds);
    TEST(hashes);
    return test_done();
}
