/* src/build/packages.c */
#include "build/packages.h"

/* build/packages_test.c says what these must be. */
const struct package_release package_releases[] = {
    {"config/v1.dhall", "63c1713e78c59f487e33261883ec4ede57d687c6fb9b39288097f0bea53279a0"},
    {"dice/v1.dhall", "a21fef31ec1a4429f1bc88a519683c48d14e365694108d36a594d7d73b9e5e13"},
    {"rules/action/v1.dhall", "0e8cfaceaa9c2656f6fbff4e5fc919f4fe09addc81d1c4ae517c6cd6caefb879"},
    {"rules/c/v1.dhall", "137735793ddab5f5705d85db4fb59ab6b2ed2c7a1c53520bd3cbbbe61a37f109"},
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
