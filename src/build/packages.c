/* src/build/packages.c */
#include "build/packages.h"

/* build/packages_test.c says what these must be. */
const struct package_release package_releases[] = {
    {"config/v1.dhall", "0000000000000000000000000000000000000000000000000000000000000000"},
    {"dice/v1.dhall", "0000000000000000000000000000000000000000000000000000000000000000"},
    {"rules/action/v1.dhall", "0000000000000000000000000000000000000000000000000000000000000000"},
    {"rules/c/v1.dhall", "0000000000000000000000000000000000000000000000000000000000000000"},
    {"targets/v1.dhall", "0000000000000000000000000000000000000000000000000000000000000000"},
    {"toolchains/v1.dhall", "0000000000000000000000000000000000000000000000000000000000000000"},
};
const size_t package_release_count = sizeof package_releases / sizeof package_releases[0];

bool package_is_ours(struct str name)
{
    return str_starts(name, STR(PACKAGES_URL));
}

bool package_find(struct str name, struct str *ret_bytes)
{
    if (!package_is_ours(name)) {
        return false;
    }
    struct str path = str_sub(name, strlen(PACKAGES_URL), name.len);
    for (size_t i = 0; i < package_file_count; i++) {
        if (str_eq(path, str_of(package_files[i].path))) {
            *ret_bytes = (struct str){
                .ptr = (const char *)package_files[i].bytes, .len = package_files[i].len};
            return true;
        }
    }
    return false;
}

const struct package_release *package_release_find(struct str path)
{
    for (size_t i = 0; i < package_release_count; i++) {
        if (str_eq(path, str_of(package_releases[i].path))) {
            return &package_releases[i];
        }
    }
    return NULL;
}
