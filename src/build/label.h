/* src/build/label.h: names of targets, and patterns of them.
 *
 *   //a/b:name@config
 *     ^^^ package: folder below the workspace's root ("" is the root)
 *         ^^^^ name: field of the package's BUILD.dhall; "//a/b" is "//a/b:b"
 *              ^^^^^^ configuration of straylight.dhall; left out: the default (on the command
 * line) or that of the dependent (in a dependency)
 *
 * Short forms (":name") are relative to a package; everything kept or shown is absolute. */
#ifndef BUILD_LABEL_H
#define BUILD_LABEL_H
#include "base/arena.h"
#include "base/diag.h"

enum {
    LABEL_BYTES_MAX = 1024, /* a whole label */
    PATH_BYTES_MAX = 4000,  /* with its package; below PATH_MAX by what a sandbox puts before it */
};
struct label {
    struct str package; /* "", "a", "a/b" */
    struct str name;
    struct str config; /* empty: not said */
};
/* text as written in package. Views of text, of package or copies in arena. ERR_INVALID with a diag
 * that says what is wrong with it. */
/* What a user typed in the folder `here` of the workspace, as a pattern that says the same
 * anywhere:
 * ":n", "...", "sub", "sub/..." and "sub:n" are seen from there ("sub/", as shells complete it, is
 * "sub"). Checks nothing. In arena. */
struct str pattern_absolute(struct str text, struct str here, struct arena *arena);
enum err label_parse(struct str text, struct str package, struct span span, struct arena *arena,
    struct label *ret_label, struct diags *diags);
/* "//a/b:name", and "@config" unless that is empty. With a NUL behind it, in arena. */
struct str label_format(struct label label, struct arena *arena);
bool label_eq(struct label a, struct label b);

enum pattern_kind {
    PATTERN_TARGET,  /* one label */
    PATTERN_PACKAGE, /* "//a:*": all targets of one package */
    PATTERN_TREE,    /* "//a/...": of that package and all below it */
};
struct pattern {
    enum pattern_kind kind;
    struct label label;  /* name is empty but in PATTERN_TARGET */
    struct str selector; /* behind '#': one action of the target; empty: all */
};
/* As label_parse; ":*" and "..." are relative too. */
enum err pattern_parse(struct str text, struct str package, struct span span, struct arena *arena,
    struct pattern *ret_pattern, struct diags *diags);
/* Is label one of those that pattern names? Configurations are not looked at. */
bool pattern_matches(const struct pattern *pattern, struct label label);

/* A path that a BUILD.dhall names: relative to its package, components joined by one '/', no "."
 * or "..", no control bytes, no component that a file system refuses. Returns what is wrong with
 * it, or NULL. */
const char *path_fault(struct str path);
/* package "a/b" and path "x" make "a/b/x"; an empty part adds no '/'. */
struct str path_join(struct str package, struct str path, struct arena *arena);
/* "did you mean //a:b or //a:c?" as the newest diag's help: the nearest candidates, at most three;
 * nothing if none is near. */
void near_help(struct diags *diags, struct str word, const struct str *candidates, size_t count);
#endif
