/* src/build/packages.c */
#include "build/packages.h"

/* build/packages_test.c says what these must be. */
const struct package_release package_releases[] = {
    {"config/v1.dhall", "e94611900d3fbf2ab6d167173a1376c56ab00b1069c97c14637b8711b8ba89be"},
    {"dice/v1.dhall", "90818b905c98fc43b003d7a9db30ba0608dd06ce3bff8626fc9f8ad7453791e4"},
    {"rules/action/v1.dhall", "e78639fb52861b807e5b85e26b440edbd85696f42f2e03d62a3fbb17a6ae20a4"},
    {"rules/c/v1.dhall", "c61efcbc28c653900f224f59cbdc84133cb08ae1eba218268f7c9b9206384258"},
    {"targets/v1.dhall", "76e5780de8d2a191783b0976454ebdfd2ba4835d4fc74cc226c5f5e5f85d2d21"},
    {"toolchains/v1.dhall", "928e67d0141961bf9083a353b00283780965d4808ff797ad2b56f3f159bb415a"},
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
