/* src/build/packages.c */
#include "build/packages.h"

/* build/packages_test.c says what these must be. */
const struct package_release package_releases[] = {
    {"config/v1.dhall", "63c1713e78c59f487e33261883ec4ede57d687c6fb9b39288097f0bea53279a0"},
    {"dice/v1.dhall", "90818b905c98fc43b003d7a9db30ba0608dd06ce3bff8626fc9f8ad7453791e4"},
    {"rules/action/v1.dhall", "e78639fb52861b807e5b85e26b440edbd85696f42f2e03d62a3fbb17a6ae20a4"},
    {"rules/c/v1.dhall", "ebc2326530b6b5f033dcc48d3a99af509cde268ad15342d656d4b9d555d23f08"},
    {"targets/v1.dhall", "ec81b5b4877f13c0a27ed9f88a3334de9a5af74767cbdf76aa6aadb46621f692"},
    {"toolchains/v1.dhall", "849e2030493ce8db0544a6b318dcf3f7c5fb3cda3785ec2a328b35610ad29cfb"},
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
