/* src/build/packages.h: the Dhall packages that the program carries: dhall/ of this repository.
 *
 *   https://straylight.cx/rules/c/v1.dhall  ->  "rules/c/v1.dhall"  ->  its bytes
 *
 * The bytes are an array in src/build/packages_data.c, which build/embed.c makes out of the files:
 * an .incbin would leave them out of the compiler's list of what it read, and the engine prunes by
 * that list. */
#ifndef BUILD_PACKAGES_H
#define BUILD_PACKAGES_H
#include "base/view.h"

#define PACKAGES_URL "https://straylight.cx/"

struct package_file {
    const char *path; /* "rules/c/v1.dhall" */
    const unsigned char *bytes;
    size_t len;
};
extern const struct package_file package_files[];
extern const size_t package_file_count;
/* The file that an import's canonical name ("https://straylight.cx/...") stands for; false if
 * there is none. Such a name never goes to the network. */
bool package_find(struct str name, struct str *ret_bytes);
/* Is it a name that only this table answers? */
bool package_is_ours(struct str name);

/* A released package and its semantic hash, which never change again. */
struct package_release {
    const char *path;
    const char *hash; /* 64 lower-case hex digits */
};
extern const struct package_release package_releases[];
extern const size_t package_release_count;
/* NULL if there is none. */
const struct package_release *package_release_find(struct str path);
#endif
