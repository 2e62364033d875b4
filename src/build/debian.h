/* src/build/debian.h: which package of this machine owns a file, and which files a package has
 * (dpkg-query, Debian and its derivatives). */
#ifndef BUILD_DEBIAN_H
#define BUILD_DEBIAN_H
#include "base/table.h"
#include "build/probe.h"

struct debian {
    const struct probe *probe;
    const char *query; /* dpkg-query's path */
};
/* ERR_INVALID with a diag that says what to do: there is no dpkg here. */
enum err debian_open(const struct probe *probe, struct debian *ret_debian);
/* Adds the packages ("libc6-dev:amd64") that own any of the count absolute paths; a path that
 * nobody owns is passed over. The database knows files by the name they were installed under:
 * where /lib leads to /usr/lib both names are tried. */
enum err debian_owners_add(
    const struct debian *debian, const char *const *paths, size_t count, struct table *packages);
/* The packages that have a file of this pattern (dpkg-query's own: '*' stands for anything). */
enum err debian_search(
    const struct debian *debian, const char *pattern, struct table *packages, struct str *ret_path);
/* All paths of a package, one a line: folders too. */
enum err debian_files(const struct debian *debian, struct str package, struct str *ret_lines);
enum err debian_version(const struct debian *debian, struct str package, struct str *ret_version);
#endif
