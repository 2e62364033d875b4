/* src/build/packages.c */
#include "build/packages.h"

/* build/packages_test.c says what these must be. */
const struct package_release package_releases[] = {
    {"config/v1.dhall", "63c1713e78c59f487e33261883ec4ede57d687c6fb9b39288097f0bea53279a0"},
    {"dice/v1.dhall", "6dfa6024f21b183b244e14f23f19b7ed6a49c713a43c72f2627dec46b160f3aa"},
    {"rules/action/v1.dhall", "84bc8faa9675ccf94e868945baaa63569c8ee91571ad44c4a8d2ccba2c9a1e3f"},
    {"rules/c/v1.dhall", "e4a82d3694568d80158eef10bc0b4f93e847137ce1647b80af82a9cf4b81ae12"},
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
